/** A recorded market that answers: what it must keep, whatever is done to it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClientOrderId, OrderTerms } from "../core/domain/child-order.ts";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { type Side, sign } from "../core/domain/side.ts";
import { lots, ticks } from "../core/domain/units.ts";
import { Book } from "../core/market/book.ts";
import { ColumnsBuilder, Kind, type MarketBlock } from "../core/market/columns.ts";
import { constantLatency } from "./latency.ts";
import { decayAt, NO_REACTION, PROPAGATOR, Reaction, type ReactionConfig } from "./reaction.ts";
import { ReactiveVenue } from "./reactive-venue.ts";

const INSTRUMENT: Instrument = {
  venue: "test",
  symbol: "XUSD",
  kind: "linear",
  base: "X",
  quote: "USD",
  tickSize: decimal("1"),
  lotSize: decimal("1"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(1_000_000),
  minNotional: decimal("0"),
};

const SECOND = 1e9;
const MID = 100_000;
const LEVELS = 100;
const DEPTH = 50;

/** A book that nobody else touches: level after level, and a level far away that ticks on. */
function still(seconds: number): MarketBlock[] {
  const rows = new ColumnsBuilder();
  rows.push(0, 0, Kind.CLEAR, 0, 0);
  for (let k = 0; k < LEVELS; k++) {
    rows.push(0, 0, Kind.BID, MID - k, DEPTH);
    rows.push(0, 0, Kind.ASK, MID + 1 + k, DEPTH);
  }
  rows.endMessage();
  for (let tenth = 1; tenth <= seconds * 10; tenth++) {
    rows.push((tenth * SECOND) / 10, (tenth * SECOND) / 10, Kind.BID, 50_000, 1 + (tenth % 2));
    rows.endMessage();
  }
  return [rows.view()];
}

interface Trade {
  readonly at: number;
  readonly side: Side;
  readonly quantity: number;
  readonly price?: number;
}

interface Result {
  /** Ticks × lots: what was paid for the position in hand, less what was got. */
  readonly paid: number;
  readonly position: number;
  readonly fills: readonly { readonly price: number; readonly quantity: number }[];
  readonly shown: Book;
  readonly rows: readonly string[];
}

/** @param step how far the venue is moved on at a time. */
function work(
  blocks: readonly MarketBlock[],
  reaction: Partial<ReactionConfig>,
  trades: readonly Trade[],
  step = Number.POSITIVE_INFINITY,
): Result {
  const config = {
    instrument: INSTRUMENT,
    fees: { maker: "0", taker: "0", coin: "settle" as const },
    latency: constantLatency(0, 0),
    queue: "risk-averse" as const,
    seed: 1,
    epochNanos: 0n,
  };
  const venue = new ReactiveVenue(config, { ...NO_REACTION, isSeen: true, ...reaction }, blocks);
  const [account] = venue.accounts;
  trades.forEach(({ at, side, quantity, price }, k) => {
    const terms: OrderTerms = {
      clientOrderId: `o${k}` as ClientOrderId,
      side,
      quantity: lots(quantity),
      timeInForce:
        price === undefined
          ? { kind: "immediate-or-cancel" }
          : { kind: "good-till-canceled", postOnly: true },
      ...(price === undefined ? {} : { limitPrice: ticks(price) }),
    };
    account.place(terms, at);
  });
  const shown = new Book();
  const rows: string[] = [];
  const fills: { price: number; quantity: number }[] = [];
  let [paid, position, lastLocal, bound] = [0, 0, 0, 0];
  const take = (): void => {
    for (let block = venue.takeRows(); block !== undefined; block = venue.takeRows()) {
      shown.apply(block, 0, block.length);
      for (let row = 0; row < block.length; row++) {
        const local = block.localTime[row]!;
        expect(local).toBeGreaterThanOrEqual(lastLocal);
        expect(local).toBeGreaterThanOrEqual(bound);
        lastLocal = local;
        rows.push([local, block.kind[row], block.price[row], block.quantity[row]].join(" "));
      }
    }
  };
  for (let until = step; ; until += step) {
    bound = venue.nextRowAt;
    while (!venue.advance(until)) take();
    take();
    while (account.nextReportAt < Number.POSITIVE_INFINITY) {
      const { report, clientOrderId } = account.takeReport();
      if (report.kind !== "filled") continue;
      const { price, quantity } = report.fill;
      const { side } = trades[Number(clientOrderId.slice(1))]!;
      paid += sign(side) * price * quantity;
      position += sign(side) * quantity;
      fills.push({ price, quantity });
    }
    if (venue.nextRowAt === Number.POSITIVE_INFINITY) break;
  }
  return { paid, position, fills, shown, rows };
}

const sum = (book: Book, isBid: boolean): number =>
  book.depth(isBid ? "buy" : "sell", 10 * LEVELS) - (isBid ? book.bids.get(50_000) : 0);

const REACTIONS = fc.record({
  halfLife: fc.constantFrom(0.2 * SECOND, 5 * SECOND, Number.POSITIVE_INFINITY),
  permanentTicksPerLot: fc.constantFrom(0, 0.003, 0.05),
  transientTicksPerLot: fc.constantFrom(0, 0.004, 0.1),
});

const TRADES = fc.array(
  fc.record({
    at: fc.integer({ min: 1, max: 18 * SECOND }),
    side: fc.constantFrom<Side>("buy", "sell"),
    quantity: fc.integer({ min: 1, max: 400 }),
  }),
  { minLength: 1, maxLength: 8 },
);

const inOrder = (trades: readonly Trade[]): Trade[] => trades.toSorted((a, b) => a.at - b.at);

describe("the propagator", () => {
  it("is the inverse square root that it stands for, from a second to a day", () => {
    const at = (t: number): number =>
      PROPAGATOR.reduce((total, { seconds, share }) => total + share * Math.exp(-t / seconds), 0);
    for (const t of [0, 1, 10, 60, 600, 3600]) {
      expect(at(t) / decayAt(t)).toBeGreaterThan(0.98);
      expect(at(t) / decayAt(t)).toBeLessThan(1.02);
    }
  });

  it("goes back to nothing in whole ticks, and a balance of nothing has no permanent part", () => {
    const config = { ...NO_REACTION, permanentTicksPerLot: 0.1, transientTicksPerLot: 0.2 };
    const reaction = new Reaction(config);
    reaction.traded(true, 100);
    expect([reaction.due, reaction.permanent]).toEqual([30, 10]);
    reaction.traded(false, 100);
    expect([reaction.due, reaction.permanent, reaction.isFading]).toEqual([0, 0, false]);
    reaction.traded(true, 50);
    for (let step = 0; step < 20 * 3600; step++) reaction.fade();
    // Ten hours later a twenty-fifth of the ten ticks is left, and five for good.
    expect([reaction.due, reaction.permanent]).toEqual([5, 5]);
  });
});

describe("a still book that answers", () => {
  it("lets nobody go round in a circle at a gain", () => {
    fc.assert(
      fc.property(REACTIONS, TRADES, (reaction, drawn) => {
        const trades = inOrder(drawn);
        const balance = trades.reduce((b, { side, quantity }) => b + sign(side) * quantity, 0);
        const side = balance > 0 ? "sell" : "buy";
        const close = { at: 19 * SECOND, side, quantity: Math.abs(balance) } as const;
        const all = balance === 0 ? trades : [...trades, close];
        const { paid, position } = work(still(20), reaction, all);
        // Only what the book could not fill keeps it open.
        if (position === 0) expect(paid).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 60 },
    );
  });

  it("is dearer the more is bought, lot for lot", () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 800 }), fc.integer({ min: 1, max: 800 }));
    fc.assert(
      fc.property(REACTIONS, sizes, (reaction, [one, more]) => {
        const averages = [one, one + more].map((quantity) => {
          const { paid, position } = work(still(1), reaction, [{ at: 1, side: "buy", quantity }]);
          expect(position).toBe(quantity);
          return paid / position;
        });
        expect(averages[1]).toBeGreaterThanOrEqual(averages[0]!);
      }),
      { numRuns: 60 },
    );
  });

  it("shows what was taken as gone, not a lot more and not a lot less", () => {
    fc.assert(
      fc.property(TRADES, (drawn) => {
        const { fills, shown } = work(still(20), {}, inOrder(drawn));
        const filled = fills.reduce((total, { quantity }) => total + quantity, 0);
        const left = sum(shown, true) + sum(shown, false);
        expect(left + filled).toBe(2 * LEVELS * DEPTH);
      }),
      { numRuns: 60 },
    );
  });

  it("shows what each of two orders took when it took it, though nothing else happens between", () => {
    const trades: Trade[] = [
      { at: 1.01 * SECOND, side: "buy", quantity: 20 },
      { at: 1.04 * SECOND, side: "buy", quantity: 10 },
    ];
    const { rows } = work(still(3), { halfLife: Number.POSITIVE_INFINITY }, trades);
    const touched = rows.filter((row) => row.endsWith(` ${MID + 1} ${DEPTH - 20}`));
    expect(touched).toEqual([`${1.01 * SECOND} 9 ${MID + 1} ${DEPTH - 20}`]);
    expect(rows).toContain(`${1.04 * SECOND} 9 ${MID + 1} ${DEPTH - 30}`);
  });

  it("heals: long after, it shows what it showed before, and where the balance leaves it", () => {
    const reaction = { halfLife: 0.2 * SECOND, permanentTicksPerLot: 0.01 };
    const flat = [
      { at: SECOND, side: "buy", quantity: 420 },
      { at: 2 * SECOND, side: "sell", quantity: 420 },
    ] as const;
    const back = work(still(20), reaction, flat).shown;
    expect([back.bestBid, back.bestAsk, sum(back, true)]).toEqual([MID, MID + 1, LEVELS * DEPTH]);
    const { shown } = work(still(20), reaction, flat.slice(0, 1));
    expect([shown.bestBid, shown.bestAsk, sum(shown, false)]).toEqual([
      MID + 4,
      MID + 5,
      LEVELS * DEPTH,
    ]);
  });

  it("fills within an order at the price that the order itself has made", () => {
    const reaction = { permanentTicksPerLot: 0.1 };
    const { fills } = work(still(1), reaction, [{ at: 1, side: "buy", quantity: 30 }]);
    const at = MID + 1;
    expect(fills.map(({ price, quantity }) => [quantity, price - at])).toEqual([
      [5, 0],
      [10, 1],
      [10, 2],
      [5, 3],
    ]);
  });

  it("is the same however far it is moved on at a time, and known as far as it says", () => {
    fc.assert(
      fc.property(REACTIONS, TRADES, fc.integer({ min: 1, max: 300 }), (reaction, drawn, tens) => {
        const trades = inOrder(drawn);
        const whole = work(still(20), reaction, trades);
        const stepped = work(still(20), reaction, trades, tens * 1e7);
        expect(stepped.fills).toEqual(whole.fills);
        expect(stepped.rows.length).toBe(whole.rows.length);
        expect(stepped.rows.every((row, k) => row === whole.rows[k])).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});

describe("a book at the end of all prices", () => {
  /** Twenty bids down to the lowest price there is, with a stub of 777 on it that later goes. */
  function low(): MarketBlock[] {
    const rows = new ColumnsBuilder();
    rows.push(0, 0, Kind.CLEAR, 0, 0);
    rows.push(0, 0, Kind.BID, 1, 777);
    for (let k = 0; k < 19; k++) rows.push(0, 0, Kind.BID, 20 - k, 20);
    for (let k = 0; k < 20; k++) rows.push(0, 0, Kind.ASK, 21 + k, 20);
    rows.push(0, 0, Kind.ASK, 0x7ffffffe, 5);
    rows.endMessage();
    for (let second = 1; second < 20; second++) {
      rows.push(second * SECOND, second * SECOND, Kind.ASK, 400, 1 + (second % 2));
      if (second === 15) rows.push(second * SECOND, second * SECOND, Kind.BID, 1, 0);
      rows.endMessage();
    }
    return [rows.view()];
  }

  it("loses what is moved past it, and shows no ghost of it afterwards", () => {
    const there = { at: SECOND / 2, side: "sell", quantity: 60 } as const;
    const back = { at: 3.5 * SECOND, side: "buy", quantity: 60 } as const;
    const { shown, position } = work(low(), { permanentTicksPerLot: 0.1 }, [there, back]);
    expect(position).toBe(0);
    const bids: number[] = [];
    for (let at = shown.bids.best; at > 0; at = shown.bids.next(at)) bids.push(shown.bids.get(at));
    expect(bids.filter((lotsThere) => lotsThere > 20)).toEqual([]);
  });

  it("writes no price that is none, whatever is sold", () => {
    for (const quantity of [60, 200, 400]) {
      const sales = [1, 3, 5, 7].map((k) => ({ at: k * SECOND, side: "sell", quantity }) as const);
      const config = { permanentTicksPerLot: 0.3, transientTicksPerLot: 0.3, halfLife: SECOND };
      const { rows } = work(low(), config, sales);
      const prices = rows.map((row) => row.split(" ")).filter(([, kind]) => Number(kind) % 8 < 4);
      expect(prices.every(([, , price]) => Number(price) >= 1)).toBe(true);
    }
    expect(
      work(low(), { permanentTicksPerLot: 0.5 }, [{ at: 1, side: "buy", quantity: 9 }]).position,
    ).toBe(9);
  });
});

describe("a resting order in a book that answers", () => {
  /** A seller of 30 comes to the best bid at the second second, and the level shrinks with it. */
  function sold(): MarketBlock[] {
    const rows = new ColumnsBuilder();
    rows.push(0, 0, Kind.CLEAR, 0, 0);
    rows.push(0, 0, Kind.BID, MID, 20);
    rows.push(0, 0, Kind.BID, MID - 1, 100);
    rows.push(0, 0, Kind.ASK, MID + 1, 50);
    rows.endMessage();
    rows.push(SECOND, SECOND, Kind.BID, MID, 50);
    rows.endMessage();
    rows.push(2 * SECOND, 2 * SECOND, Kind.TRADE_SELL, MID, 30);
    rows.push(2 * SECOND, 2 * SECOND, Kind.BID, MID, 20);
    rows.endMessage();
    rows.push(3 * SECOND, 3 * SECOND, Kind.ASK, MID + 1, 51);
    rows.endMessage();
    return [rows.view()];
  }
  const order: Trade = { at: SECOND / 2, side: "buy", quantity: 8, price: MID };

  it("takes the place of makers, who stay, and of the print, which is less", () => {
    const { fills, rows, shown } = work(sold(), {}, [order]);
    expect(fills).toEqual([{ price: MID, quantity: 8 }]);
    const printed = rows.filter((row) => Number(row.split(" ")[1]) % 8 === Kind.TRADE_SELL);
    expect(printed).toEqual([`${2 * SECOND} ${Kind.TRADE_SELL} ${MID} 22`]);
    expect(shown.bids.get(MID)).toBe(28);
  });

  it("leaves everything as recorded where nobody sees us", () => {
    const { fills, rows, shown } = work(sold(), { isSeen: false }, [order]);
    expect(fills).toEqual([{ price: MID, quantity: 8 }]);
    expect(shown.bids.get(MID)).toBe(20);
    expect(rows).toHaveLength(8);
  });

  it("moves the price as a taker does: the rest of a print goes to others", () => {
    const reaction = { permanentTicksPerLot: 0.1 };
    const { fills, shown } = work(sold(), reaction, [{ ...order, quantity: 30 }]);
    // Of the ten that were left behind the queue, five: then the price is a tick higher.
    expect(fills).toEqual([{ price: MID, quantity: 5 }]);
    expect([shown.bestBid, shown.bestAsk]).toEqual([MID + 1, MID + 2]);
  });
});
