import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClientOrderId } from "../core/domain/child-order.ts";
import { type Micros, lots, micros, ticks } from "../core/domain/units.ts";
import { Book } from "../core/market/book.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import { Kind, KIND_MASK, LAST, type MarketBlock } from "../core/market/columns.ts";
import { generateMarket, type GeneratedMarketConfig } from "./generated/market.ts";
import { GeneratedVenue } from "./generated-venue.ts";
import { NO_FEES } from "./fees.ts";
import { constantLatency, uniformLatency } from "./latency.ts";

const START = micros(1_764_000_000_000_000);
const SECOND_NANOS = 1e9;

const configOf = (seconds: number, seed = 3): GeneratedMarketConfig => ({
  seed,
  startAt: START,
  duration: (seconds * 1e6) as Micros,
});

const venueOf = (
  config: GeneratedMarketConfig,
  latency = constantLatency(1e6, 1e6),
  isShadowed = false,
) => new GeneratedVenue({ fees: NO_FEES, latency, isShadowed }, config);

/** Rows as lines: time here, time there, kind, price, quantity. */
function linesOf(blocks: Iterable<MarketBlock>): string[] {
  const lines: string[] = [];
  for (const { exchangeTime, localTime, kind, price, quantity, length } of blocks) {
    for (let row = 0; row < length; row++) {
      lines.push(
        `${exchangeTime[row]} ${localTime[row]} ${kind[row]} ${price[row]} ${quantity[row]}`,
      );
    }
  }
  return lines;
}

interface Sent {
  readonly at: number;
  readonly act: (venue: GeneratedVenue, at: number) => void;
}

/** What a run told and showed: commands are sent at their local time, whatever the steps. */
function play(
  config: GeneratedMarketConfig,
  commands: readonly Sent[],
  steps: readonly number[],
  isShadowed = false,
): { rows: string[]; reports: string[] } {
  const latency = uniformLatency({ from: 1e6, to: 5e6 }, { from: 1e6, to: 4e6 }, 9);
  const venue = venueOf(config, latency, isShadowed);
  const [account] = venue.accounts;
  const reports: string[] = [];
  const rows: string[] = [];
  const end = (config.duration as number) * 1e3 + SECOND_NANOS;
  const sent = [...commands].sort((a, b) => a.at - b.at);
  let now = 0;
  for (let k = 0; now < end; k++) {
    const stop = Math.min(end, now + steps[k % steps.length]!);
    const next = sent[0];
    const until = next !== undefined && next.at <= stop ? next.at : stop;
    while (!venue.advance(until)) collect();
    collect();
    now = until;
    if (next === undefined || next.at > until) continue;
    sent.shift();
    next.act(venue, next.at);
  }
  return { rows, reports };

  function collect(): void {
    const block = venue.takeRows();
    if (block !== undefined) for (const line of linesOf([block])) rows.push(line);
    while (account.nextReportAt < Infinity) {
      const at = account.nextReportAt;
      reports.push(`${at} ${JSON.stringify(account.takeReport())}`);
    }
  }
}

const id = (name: string): ClientOrderId => name as ClientOrderId;
const GTC = { kind: "good-till-canceled", postOnly: false } as const;

/** About where the market begins: orders around it rest or trade. */
const START_PRICE = 642_500;

const commands: fc.Arbitrary<Sent[]> = fc
  .array(
    fc.record({
      at: fc.integer({ min: 0, max: 3 * SECOND_NANOS }),
      kind: fc.constantFrom("place", "place", "place", "amend", "cancel"),
      which: fc.nat(5),
      side: fc.constantFrom("buy" as const, "sell" as const),
      distance: fc.integer({ min: -30, max: 30 }),
      quantity: fc.integer({ min: 5, max: 5_000 }),
      reduceOnly: fc.boolean(),
      isMarket: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(({ at, kind, which, side, distance, quantity, reduceOnly, isMarket }, k) => ({
      at,
      act: (venue: GeneratedVenue, sentAt: number): void => {
        const [account] = venue.accounts;
        const limitPrice = ticks(START_PRICE + distance);
        if (kind === "cancel") account.cancel(id(`o${which}`), sentAt);
        else if (kind === "amend") {
          account.amend(
            { clientOrderId: id(`o${which}`), limitPrice, quantity: lots(quantity) },
            sentAt,
          );
        } else {
          account.place(
            {
              clientOrderId: id(`o${k}`),
              side,
              quantity: lots(quantity),
              timeInForce: GTC,
              ...(isMarket ? {} : { limitPrice }),
              ...(reduceOnly ? { reduceOnly } : {}),
            },
            sentAt,
          );
        }
      },
    })),
  );

describe("generated venue", () => {
  it("shows the market alone, to the byte, as long as nobody sends a command", () => {
    const config = configOf(20);
    const alone = linesOf(generateMarket(config));
    expect(alone.length).toBeGreaterThan(1_000);
    expect(play(config, [], [0.3 * SECOND_NANOS]).rows).toEqual(alone);
    expect(play(config, [], [60 * SECOND_NANOS]).rows).toEqual(alone);
  });

  it("gives the same rows and reports however the calls are cut into steps", () => {
    const steps = fc.array(fc.integer({ min: 1e5, max: 2e9 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(commands, steps, fc.nat(5), (sent, cuts, seed) => {
        const whole = play(configOf(3, seed), sent, [10 * SECOND_NANOS], true);
        expect(play(configOf(3, seed), sent, cuts, true)).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });

  it("is the same market with a shadow beside it: only fills tell more", () => {
    fc.assert(
      fc.property(commands, fc.nat(5), (sent, seed) => {
        const { rows, reports } = play(configOf(3, seed), sent, [SECOND_NANOS]);
        const shadowed = play(configOf(3, seed), sent, [SECOND_NANOS], true);
        const told = shadowed.reports.map((each) => each.replace(/"displacement":-?\d+,/, ""));
        expect(shadowed.rows).toEqual(rows);
        expect(told).toEqual(reports);
        const fills = shadowed.reports.filter((each) => each.includes('"midBefore"'));
        expect(fills.every((each) => each.includes('"displacement"'))).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it("shows rows that keep the rules of a stream, whatever we do in the market", () => {
    fc.assert(
      fc.property(commands, fc.nat(5), (sent, seed) => {
        const { rows } = play(configOf(3, seed), sent, [SECOND_NANOS]);
        checkStream(rows);
      }),
      { numRuns: 12 },
    );
  });

  it("lets our order take what is there: it is gone for everybody", () => {
    const config = configOf(2);
    const venue = venueOf(config);
    const [account] = venue.accounts;
    const before = new Book();
    while (!venue.advance(SECOND_NANOS));
    applyAll(before, venue);
    const { bestAsk } = before;
    const quantity = before.asks.get(bestAsk);
    account.place(
      {
        clientOrderId: id("a"),
        side: "buy",
        quantity: lots(quantity),
        timeInForce: GTC,
        limitPrice: ticks(bestAsk),
      },
      SECOND_NANOS,
    );
    expect(venue.advance(SECOND_NANOS + 1e6)).toBe(false);
    const fills: unknown[] = [];
    while (account.nextReportAt < Infinity) {
      const { report } = account.takeReport();
      if (report.kind === "filled") fills.push([report.fill.price, report.fill.quantity]);
    }
    expect(fills).toEqual([[bestAsk, quantity]]);
    applyAll(before, venue);
    expect(before.asks.get(bestAsk)).toBe(0);
  });

  it("measures fills against the mid of the others that the rows show just before them", () => {
    const config = configOf(10);
    const venue = venueOf(config);
    const [account] = venue.accounts;
    const mids: [at: number, mid: number][] = [];
    const book = new Book();
    const fills: { at: number; liquidity: string; mid: number | undefined }[] = [];
    for (let at = 0; at < 10 * SECOND_NANOS; at += SECOND_NANOS / 20) {
      while (!venue.advance(at));
      noteMids(book, venue.takeRows(), mids);
      while (account.nextReportAt < Infinity) {
        const { report } = account.takeReport();
        if (report.kind !== "filled") continue;
        const { exchangeTime, liquidity, midBefore } = report.fill;
        fills.push({ at: (exchangeTime - START) * 1_000, liquidity, mid: midBefore });
      }
      const isBuy = (at / SECOND_NANOS) % 2 < 1;
      account.place(
        {
          clientOrderId: id(`o${at}`),
          side: isBuy ? "buy" : "sell",
          quantity: lots(40),
          limitPrice: ticks(isBuy ? book.bestBid + 1 : book.bestAsk - 1),
          timeInForce: GTC,
        },
        at,
      );
    }
    for (const { at, mid } of fills) {
      // A report's time is cut to the microsecond: the mid is one of those that stood in it.
      const from = mids.findLastIndex(([time]) => time < at);
      const standing = mids.slice(from).filter(([time]) => time < at + 1_000);
      expect(standing.map(([, each]) => each)).toContain(mid);
    }
    const makers = fills.filter(({ liquidity }) => liquidity === "maker").length;
    expect(makers).toBeGreaterThan(5);
    expect(fills.length - makers).toBeGreaterThan(5);
  });

  it("names a time before which no row will come, and no end before there is one", () => {
    const config = configOf(2);
    const venue = venueOf(config);
    let known = 0;
    let count = 0;
    while (venue.nextRowAt < Infinity) {
      const next = venue.nextRowAt;
      expect(next).toBeGreaterThanOrEqual(known);
      known = next;
      while (!venue.advance(next));
      const block = venue.takeRows();
      if (block === undefined) continue;
      const first = count === 0 ? 0 : block.localTime[0]!;
      if (count > 0) expect(first).toBeGreaterThanOrEqual(next);
      count += block.length;
    }
    expect(count).toBe(linesOf(generateMarket(config)).length);
  });

  it("answers after the market's end, from the book that was left, and shows no row of it", () => {
    const config = configOf(1);
    const venue = venueOf(config);
    const [account] = venue.accounts;
    while (!venue.advance(5 * SECOND_NANOS));
    account.place(
      { clientOrderId: id("a"), side: "sell", quantity: lots(50), timeInForce: GTC },
      5 * SECOND_NANOS,
    );
    while (!venue.advance(6 * SECOND_NANOS));
    expect(account.nextReportAt).toBe(5 * SECOND_NANOS + 2e6);
    const block = venue.takeRows()!;
    expect(linesOf([block])).toEqual(linesOf(generateMarket(config)));
    expect(venue.takeRows()).toBeUndefined();
    while (account.nextReportAt < Number.POSITIVE_INFINITY) account.takeReport();
    // Whoever hears of the end only now has not been waited for: nothing happens without us.
    account.cancel(id("a"), 5.5 * SECOND_NANOS);
    while (!venue.advance(6 * SECOND_NANOS));
    expect(account.nextReportAt).toBe(5.5 * SECOND_NANOS + 2e6);
    expect(account.takeReport().report.kind).toBe("cancel-rejected");
  });
});

/** Twice the mid after each message, with its exchange time. */
function noteMids(book: Book, block: MarketBlock | undefined, mids: [number, number][]): void {
  if (block === undefined) return;
  const { exchangeTime, kind, price, quantity, length } = block;
  for (let row = 0; row < length; row++) {
    const what = kind[row]! & KIND_MASK;
    if (what === Kind.CLEAR) book.clear();
    else if (what <= Kind.ASK) book.set(what, price[row]!, quantity[row]!);
    if ((kind[row]! & LAST) !== 0) mids.push([exchangeTime[row]!, book.bestBid + book.bestAsk]);
  }
}

function applyAll(book: Book, venue: GeneratedVenue): void {
  const block = venue.takeRows();
  if (block !== undefined) book.apply(block, 0, block.length);
}

/** Times never fall, no message leaves the book crossed, no trade is outside the book. */
function checkStream(rows: readonly string[]): void {
  const book = new Book();
  let [exchange, local] = [0, 0];
  for (const row of rows) {
    const [there, here, kind, price, quantity] = row.split(" ").map(Number) as Row;
    const what = kind & KIND_MASK;
    let isRight = there >= exchange && here >= local && here > there && quantity >= 0;
    [exchange, local] = [there, here];
    if (what === Kind.CLEAR) book.clear();
    else if (what <= Kind.ASK) book.set(what, price, quantity);
    else {
      const levels = what === Kind.TRADE_BUY ? book.asks : book.bids;
      isRight &&= levels.best === price && levels.get(price) >= quantity && quantity > 0;
    }
    const { bestBid, bestAsk } = book;
    const isCrossed = bestBid !== NO_TICK && bestAsk !== NO_TICK && bestBid >= bestAsk;
    // A comparison by an assertion for each row would take longer than the market.
    if (!isRight || ((kind & LAST) !== 0 && isCrossed)) expect(row).toBe("a row of a stream");
  }
}

type Row = [there: number, here: number, kind: number, price: number, quantity: number];
