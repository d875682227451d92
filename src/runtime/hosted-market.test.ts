/** Markets that the exchange drives: its clock, its accounts, and what each may see of the others. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import type { Side } from "../core/domain/side.ts";
import { lots, micros, SECOND, ticks } from "../core/domain/units.ts";
import { Book } from "../core/market/book.ts";
import { Kind, KIND_MASK, LAST, type MarketBlock } from "../core/market/columns.ts";
import type { HostedMarket } from "../exchange/hosted-market.ts";
import { GeneratedMarket } from "../simulation/generated/market.ts";
import { type HostedSource, openHosted, parseHostedSymbol } from "./hosted-source.ts";
import { composeHosted, type HostOptions } from "./local-exchange.ts";
import { generatedConfig, openGenerated } from "./market-source.ts";

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000 + 250_000);
const LATER = micros(Date.UTC(2026, 5, 1) * 1000 + 123);

async function made(text = "linear:BTCUSDT=generated:seed=5"): Promise<HostedSource> {
  const symbol = parseHostedSymbol(text);
  if (!symbol.ok) throw new Error(symbol.error.text);
  const opened = await openHosted(symbol.value, START);
  if (!opened.ok) throw new Error(opened.error.text);
  return opened.value;
}

/** The same market as a recording: what was generated, without anybody of ours in it. */
function recorded(source: HostedSource, seconds = 60): HostedSource {
  const { spec } = source.market;
  if (spec.kind !== "generated") throw new Error("not generated");
  const market = openGenerated({ ...spec, duration: micros(seconds * SECOND) });
  return { ...source, market: { ...market, spec: { kind: "files", paths: ["made"] } } };
}

interface Told {
  readonly account: number;
  readonly id: string;
  readonly report: OrderReport;
  readonly at: number;
}

class Host {
  readonly market: HostedMarket;
  readonly book = new Book();
  readonly told: Told[] = [];
  readonly trades: { price: number; quantity: number }[] = [];
  lastRowAt = 0;
  now: number = LATER;
  #orders = 0;

  constructor(source: HostedSource, options: Partial<HostOptions> = {}) {
    const all = { kind: "recorded", accounts: 2, startAt: LATER, speed: 1, ...options } as const;
    const composed = composeHosted(source, all);
    if (!composed.ok) throw new Error(composed.error.text);
    this.market = composed.value;
    this.market.onRows = (rows) => this.#see(rows);
    for (const [account, each] of this.market.accounts.entries()) {
      each.onReport = (id, report, at) => this.told.push({ account, id, report, at });
    }
  }

  pass(span: number): void {
    this.now += span;
    this.market.advance(micros(this.now));
  }

  place(
    account: number,
    side: Side,
    price: number,
    quantity: number,
    isIoc = false,
    reduceOnly = false,
  ): string {
    const clientOrderId = `o${this.#orders++}` as ClientOrderId;
    const order: OrderTerms = {
      clientOrderId,
      side,
      quantity: lots(quantity),
      limitPrice: ticks(price),
      timeInForce: isIoc
        ? { kind: "immediate-or-cancel" }
        : { kind: "good-till-canceled", postOnly: false },
      reduceOnly,
    };
    this.market.accounts[account]!.place(order, micros(this.now));
    return clientOrderId;
  }

  /** Reports of an order, in words. */
  of(id: string): string[] {
    return this.told
      .filter((each) => each.id === id)
      .map(({ account, report }) =>
        report.kind === "filled"
          ? `${account} filled ${report.fill.quantity} at ${report.fill.price}`
          : `${account} ${report.kind}`,
      );
  }

  #see({ length, exchangeTime, kind, price, quantity }: MarketBlock): void {
    const epoch = Number(this.market.epochNanos / 1000n);
    for (let row = 0; row < length; row++) {
      const what = kind[row]! & KIND_MASK;
      expect(exchangeTime[row]!).toBeGreaterThanOrEqual(this.lastRowAt);
      this.lastRowAt = exchangeTime[row]!;
      expect(epoch + this.lastRowAt / 1000).toBeLessThanOrEqual(this.now);
      if (what === Kind.CLEAR) this.book.clear();
      else if (what <= Kind.ASK) this.book.set(what, price[row]!, quantity[row]!);
      else if (what !== Kind.GAP) {
        this.trades.push({ price: price[row]!, quantity: quantity[row]! });
      }
      const { bestBid, bestAsk } = this.book;
      if ((kind[row]! & LAST) !== 0 && bestAsk > 0) expect(bestBid).toBeLessThan(bestAsk);
    }
  }
}

describe("a generated market that is hosted", () => {
  it("is the market alone, by the exchange's clock, while nobody trades", async () => {
    const source = await made();
    const host = new Host(source, { speed: 4 });
    host.pass(500_000);
    const { spec } = source.market;
    if (spec.kind !== "generated") throw new Error("not generated");
    const alone = new GeneratedMarket(generatedConfig(spec));
    while (alone.nextAt <= 250e6 + 2e9) alone.step();
    expect(host.book.bestBid).toBe(alone.matching.bestBid);
    expect(host.book.depth("sell", 50)).toBe(
      levels(alone, host.book.bestAsk)
        .slice(0, 50)
        .reduce((sum, quantity) => sum + quantity, 0),
    );
    // Two seconds of it passed in half a second of the exchange's.
    const rowAt = Number(host.market.epochNanos / 1000n) + host.lastRowAt / 1000;
    expect(rowAt - LATER).toBeCloseTo((alone.now - 250e6) / 4000, 0);
  });

  it("shows an order of an account to everybody, and lets another one take it", async () => {
    const host = new Host(await made());
    host.pass(1_000_000);
    const { bestBid, bestAsk } = host.book;
    // Two ticks through both sides, where nobody else is.
    const price = bestAsk - bestBid > 1 ? bestBid + 1 : bestAsk;
    const first = host.place(0, "buy", price, 5_000);
    expect(host.book.bids.get(price)).toBeGreaterThan(0);
    const before = host.trades.length;
    const second = host.place(1, "sell", price, 40, true);
    expect(host.of(second)).toContain(`1 filled 40 at ${price}`);
    expect(host.of(first)).toContain(`0 filled 40 at ${price}`);
    expect(host.trades.slice(before)).toEqual([{ price, quantity: 40 }]);
    expect(new Set(host.told.slice(-2).map(({ at }) => at))).toEqual(new Set([host.now]));
  });

  it("keeps a sound book and no lot twice, whatever three accounts do", async () => {
    const source = await made();
    const act = fc.record({
      account: fc.nat(2),
      buys: fc.boolean(),
      through: fc.integer({ min: -6, max: 6 }),
      quantity: fc.integer({ min: 10, max: 4_000 }),
      wait: fc.nat(40_000),
      isIoc: fc.boolean(),
      reduces: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(act, { minLength: 1, maxLength: 40 }), (acts) => {
        const host = new Host(source, { accounts: 3 });
        host.pass(100_000);
        const wanted = new Map<string, number>();
        for (const { account, buys, through, quantity, wait, isIoc, reduces } of acts) {
          const touch = buys ? host.book.bestAsk : host.book.bestBid;
          const price = buys ? touch + through : touch - through;
          const side = buys ? "buy" : "sell";
          const id = host.place(account, side, price, quantity, isIoc, reduces);
          wanted.set(id, quantity);
          host.pass(wait);
        }
        const filled = new Map<string, number>();
        let at = 0;
        for (const told of host.told) {
          expect(told.at).toBeGreaterThanOrEqual(at);
          at = told.at;
          if (told.report.kind !== "filled") continue;
          expect(told.report.fill.exchangeTime).toBe(told.at);
          filled.set(told.id, (filled.get(told.id) ?? 0) + told.report.fill.quantity);
        }
        for (const [id, sum] of filled) expect(sum).toBeLessThanOrEqual(wanted.get(id)!);
        const printed = host.trades.reduce((sum, { quantity }) => sum + quantity, 0);
        let taken = 0;
        for (const { report } of host.told) {
          if (report.kind === "filled" && report.fill.liquidity === "taker") {
            taken += report.fill.quantity;
          }
        }
        expect(printed).toBeGreaterThanOrEqual(taken);
      }),
      { numRuns: 10 },
    );
  });

  it("is worth the same on spot, linear and inverse, with traders of its own on each", async () => {
    const mids: number[] = [];
    const firsts: string[] = [];
    for (const text of ["linear:BTCUSDT", "spot:BTCUSDT", "inverse:BTCUSD"]) {
      const host = new Host(await made(`${text}=generated:seed=5`));
      host.pass(5_000_000);
      mids.push((host.book.bestBid + host.book.bestAsk) / 2);
      firsts.push(JSON.stringify(host.trades.slice(0, 8)));
    }
    for (const mid of mids) expect(Math.abs(mid / mids[0]! - 1)).toBeLessThan(0.001);
    expect(new Set(firsts).size).toBe(3);
  });
});

function levels(market: GeneratedMarket, from: number): number[] {
  const found: number[] = [];
  for (let at = from; at > 0; at = market.matching.nextLevel(false, at)) {
    found.push(market.matching.quantityAt(false, at));
  }
  return found;
}

describe("a recorded market that is hosted", () => {
  const trade = (host: Host, accounts: readonly number[]): Told[] => {
    host.pass(1_000_000);
    for (let turn = 0; turn < 30; turn++) {
      for (const account of accounts) {
        const buys = (turn + account) % 2 === 0;
        const { bestBid, bestAsk } = host.book;
        host.place(account, buys ? "buy" : "sell", buys ? bestBid : bestAsk, 500 + account);
      }
      host.pass(700_000);
    }
    return host.told;
  };

  it("gives each account what it would have alone, and shows none of them", async () => {
    const together = trade(new Host(recorded(await made())), [0, 1]);
    const alone = trade(new Host(recorded(await made())), [1]);
    const kinds = (told: readonly Told[]) =>
      told
        .filter(({ account }) => account === 1)
        .map(({ report, at }) => [report.kind === "filled" ? report.fill.price : report.kind, at]);
    expect(kinds(together)).toEqual(kinds(alone));
    expect(alone.some(({ report }) => report.kind === "filled")).toBe(true);
  });

  it("is over when its rows are, and takes orders still", async () => {
    const host = new Host(recorded(await made()));
    for (let second = 0; second < 61; second++) host.pass(1_000_000);
    expect(host.market.isOver).toBe(true);
    const id = host.place(0, "buy", host.book.bestAsk + 5, 10, true);
    expect(host.of(id)).toEqual([`0 accepted`, `0 filled 10 at ${host.book.bestAsk}`]);
  });
});

describe("any market that is hosted", () => {
  it("takes the smallest order: whether it may be so small is the exchange's to say", async () => {
    const generated = await made();
    const long = recorded(generated, 300);
    const hosts = [new Host(generated), new Host(long), new Host(long, { kind: "reactive" })];
    for (const host of hosts) {
      host.pass(100_000);
      // A lot at ten dollars is worth a cent.
      expect(host.market.instrument.minNotional.mantissa).toBeGreaterThan(0n);
      expect(host.of(host.place(0, "buy", 100, 1))).toEqual(["0 accepted"]);
    }
  });
});

describe("a reactive market that is hosted", () => {
  it("answers the sum of its accounts, and tells each of its own orders", async () => {
    const host = new Host(recorded(await made(), 300), { kind: "reactive" });
    host.pass(1_000_000);
    const { bestAsk } = host.book;
    const before = host.book.asks.get(bestAsk);
    const first = host.place(0, "buy", bestAsk, before - 1, true);
    expect(host.of(first)).toContain(`0 filled ${before - 1} at ${bestAsk}`);
    expect(host.book.asks.get(bestAsk)).toBeLessThan(before);
    // What the first has taken is not there for the second.
    const second = host.place(1, "buy", bestAsk, before, true);
    const got = host.told
      .filter(({ id }) => id === second)
      .map(({ report }) => (report.kind === "filled" ? report.fill.quantity : 0))
      .reduce<number>((sum, quantity) => sum + quantity, 0);
    expect(got).toBeLessThan(before);
    expect(host.told.filter(({ id }) => id === second).every(({ account }) => account === 1)).toBe(
      true,
    );
  });
});
