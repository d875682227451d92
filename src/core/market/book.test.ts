/**
 * A wrong book misprices everything built on it: quotes, arrival prices, impact, simulated fills.
 * The laws here compare it with a plain sorted book after every operation, in the places where a
 * ring could go wrong: jumps of the price, deep levels, edges of the price range.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SortedSide } from "../../../test/oracles/sorted-book.ts";
import { Book } from "./book.ts";
import { BookSide, NO_TICK } from "./book-side.ts";
import { ColumnsBuilder, ENGINE_ONLY, Kind, LAST, VENUE_ONLY } from "./columns.ts";

const MAX_TICK = 2 ** 31 - 2;

/** Bids 99 × 5, 98 × 7; asks 101 × 4, 103 × 6. */
function small(): Book {
  const book = new Book();
  book.set(Kind.BID, 99, 5);
  book.set(Kind.BID, 98, 7);
  book.set(Kind.ASK, 101, 4);
  book.set(Kind.ASK, 103, 6);
  return book;
}

describe("Book", () => {
  it("shows the touch, the levels and the depth", () => {
    const book = small();
    expect([book.bestBid, book.bestAsk]).toEqual([99, 101]);
    expect([book.bids.next(99), book.bids.next(98)]).toEqual([98, NO_TICK]);
    expect([book.asks.next(101), book.asks.next(102)]).toEqual([103, 103]);
    expect([book.bids.get(98), book.bids.get(97)]).toEqual([7, 0]);
    expect([book.bids.levels, book.asks.levels]).toEqual([2, 2]);
    expect([book.depth("buy", 1), book.depth("buy", 9), book.depth("sell", 9)]).toEqual([
      5, 12, 10,
    ]);
  });

  it("follows the touch when a level is deleted, improved or emptied", () => {
    const book = small();
    book.set(Kind.ASK, 101, 0);
    expect(book.bestAsk).toBe(103);
    book.set(Kind.ASK, 100, 1);
    expect(book.bestAsk).toBe(100);
    book.set(Kind.BID, 99, 0);
    book.set(Kind.BID, 98, 0);
    expect([book.bestBid, book.bids.levels, book.depth("buy", 5)]).toEqual([NO_TICK, 0, 0]);
  });

  it("prices what taking would cost, and changes nothing", () => {
    const book = small();
    const all = { quantity: 10, notional: 4 * 101 + 6 * 103, worst: 103 };
    expect(book.takeCost("buy", 5)).toEqual({ quantity: 5, notional: 4 * 101 + 103, worst: 103 });
    expect(book.takeCost("buy", 99)).toEqual(all);
    expect(book.takeCost("sell", 6)).toEqual({ quantity: 6, notional: 5 * 99 + 98, worst: 98 });
    expect(book.takeCost("sell", 0)).toEqual({ quantity: 0, notional: 0, worst: NO_TICK });
    expect(book.takeCost("buy", 99)).toEqual(all);
  });

  it("applies levels and CLEAR, passes over trades and GAP, and rows of the other reader", () => {
    const rows = new ColumnsBuilder(4);
    rows.push(0, 0, Kind.BID, 7, 1);
    rows.push(0, 0, Kind.CLEAR | LAST, 0, 0);
    rows.push(0, 0, Kind.BID | LAST, 50, 3);
    rows.push(0, 0, Kind.TRADE_BUY | LAST, 60, 9);
    rows.push(0, 0, Kind.TRADE_SELL | LAST, 40, 9);
    rows.push(0, 0, Kind.GAP | LAST, 0, 0);
    rows.push(0, 0, Kind.ASK | LAST | ENGINE_ONLY, 55, 2);
    rows.push(0, 0, Kind.ASK | LAST | VENUE_ONLY, 54, 2);
    const apply = (except: number): number[] => {
      const book = new Book();
      book.apply(rows.view(), 0, rows.length, except);
      return [book.bestBid, book.bids.levels, book.bestAsk, book.asks.levels];
    };
    expect(apply(0)).toEqual([50, 1, 54, 2]);
    expect(apply(ENGINE_ONLY)).toEqual([50, 1, 54, 1]);
    expect(apply(VENUE_ONLY)).toEqual([50, 1, 55, 1]);
  });

  it("applies only the rows it is given", () => {
    const rows = new ColumnsBuilder();
    for (let tick = 1; tick <= 9; tick++) rows.push(0, 0, Kind.BID, tick, 1);
    const book = new Book();
    book.apply(rows.view(), 2, 5);
    expect([book.bestBid, book.bids.levels]).toEqual([5, 3]);
  });

  it("halts on a price that cannot be", () => {
    for (const side of [new BookSide(1), new BookSide(-1)]) {
      for (const near of [0, 1, MAX_TICK]) {
        if (near > 0) side.set(near, 1);
        for (const tick of [0, -1, MAX_TICK + 1, -MAX_TICK]) {
          expect(() => side.set(tick, 1)).toThrow(/not a price/);
        }
      }
    }
  });
});

/** One step of a random life of a side. Ticks are made from the touch as it is at that moment. */
type Step =
  | { readonly kind: "near"; readonly offset: number; readonly quantity: number }
  | { readonly kind: "jump"; readonly offset: number; readonly quantity: number }
  | { readonly kind: "at"; readonly tick: number; readonly quantity: number }
  | { readonly kind: "delete"; readonly rank: number }
  | { readonly kind: "delete-best"; readonly times: number }
  | { readonly kind: "snapshot"; readonly tick: number; readonly step: number }
  | { readonly kind: "clear" };

const quantities = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 40 }));
const jumps = fc
  .tuple(fc.constantFrom(31, 1_000, 20_000, 3_000_000, 2 ** 31), fc.double({ min: -1, max: 1 }))
  .map(([scale, share]) => Math.round(scale * (Number.isNaN(share) ? 0 : share)));
const edges = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: MAX_TICK - 40, max: MAX_TICK }),
  fc.integer({ min: 1, max: MAX_TICK }),
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("near" as const),
      offset: fc.integer({ min: -50, max: 50 }),
      quantity: quantities,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("jump" as const),
      offset: jumps,
      quantity: quantities,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("at" as const), tick: edges, quantity: quantities }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), rank: fc.nat(60) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("delete-best" as const),
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("snapshot" as const),
      tick: edges,
      step: fc.constantFrom(-1_700, -100, -1, 1, 100, 1_700),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
);

const legal = (tick: number): number => Math.min(Math.max(tick, 1), MAX_TICK);

/** Does the step on both, and returns the ticks it touched. */
function take(step: Step, fast: BookSide, plain: SortedSide): number[] {
  const touched: number[] = [];
  const set = (tick: number, quantity: number): void => {
    fast.set(tick, quantity);
    plain.set(tick, quantity);
    touched.push(tick);
  };
  const touch = plain.best === 0 ? 40_000 : plain.best;
  if (step.kind === "near" || step.kind === "jump") {
    set(legal(touch + step.offset), step.quantity);
  } else if (step.kind === "at") {
    set(step.tick, step.quantity);
  } else if (step.kind === "delete") {
    const ticks = plain.ticks();
    if (ticks.length > 0) set(ticks[step.rank % ticks.length]!, 0);
  } else if (step.kind === "delete-best") {
    for (let i = 0; i < step.times && plain.levels > 0; i++) set(plain.best, 0);
  } else {
    fast.clear();
    plain.clear();
    if (step.kind === "snapshot") {
      for (let i = 0; i < 25; i++) set(legal(step.tick + i * step.step), i + 1);
    }
  }
  return touched;
}

function expectEqual(fast: BookSide, plain: SortedSide, probes: readonly number[]): void {
  const ticks = plain.ticks();
  expect(fast.best).toBe(plain.best);
  expect(fast.levels).toBe(plain.levels);
  const chain: number[] = [];
  for (let tick = fast.best; tick !== NO_TICK && chain.length < 20; tick = fast.next(tick)) {
    chain.push(tick);
  }
  expect(chain).toEqual(ticks.slice(0, 20));
  for (const probe of probes) {
    for (const tick of [probe, legal(probe + 1), legal(probe - 1), legal(probe ^ 0x4000)]) {
      expect(fast.get(tick)).toBe(plain.get(tick));
      expect(fast.next(tick)).toBe(plain.next(tick));
    }
  }
}

/** Thousands of operations: on a busy machine the runner's five seconds would be too few. */
const timeout = 120_000;

describe("BookSide against the sorted book", { timeout }, () => {
  for (const direction of [1, -1] as const) {
    for (const logWindow of [5, 10, 14]) {
      const name = `${direction === 1 ? "asks" : "bids"}, window of 2^${logWindow} ticks`;
      it(`${name}: equal after every operation`, () => {
        const lives = fc.array(steps, { minLength: 1, maxLength: 150, size: "max" });
        fc.assert(
          fc.property(lives, fc.array(edges, { maxLength: 3 }), (life, probes) => {
            const fast = new BookSide(direction, logWindow);
            const plain = new SortedSide(direction);
            for (const step of life) {
              const touched = take(step, fast, plain);
              expectEqual(fast, plain, [...probes, ...touched.slice(-2)]);
            }
            for (const tick of plain.ticks()) expect(fast.get(tick)).toBe(plain.get(tick));
          }),
          { numRuns: 60 },
        );
      });
    }
  }

  it("keeps thousands of far levels in any order of arrival", () => {
    const arrival = fc.constantFrom("best first", "worst first", "shuffled");
    fc.assert(
      fc.property(arrival, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (order, odd) => {
        const fast = new BookSide(1, 10);
        const plain = new SortedSide(1);
        const count = 3_000;
        for (let i = 0; i < count; i++) {
          const mixed = (i * ((odd % 1_499) * 2 + 1)) % count;
          const rank = order === "shuffled" ? mixed : order === "best first" ? i : count - 1 - i;
          fast.set(1_000_000 + rank * 37, i + 1);
          plain.set(1_000_000 + rank * 37, i + 1);
        }
        expect(fast.levels).toBe(plain.levels);
        const ticks = plain.ticks();
        for (const [index, tick] of ticks.entries()) {
          expect(fast.best).toBe(tick);
          expect(fast.get(tick)).toBe(plain.get(tick));
          expect(fast.next(tick)).toBe(ticks[index + 1] ?? NO_TICK);
          fast.set(tick, 0);
        }
        expect([fast.best, fast.levels]).toEqual([NO_TICK, 0]);
      }),
      { numRuns: 8 },
    );
  });
});

describe("Book against two sorted books", { timeout }, () => {
  const rows = fc.array(
    fc.tuple(
      fc.constantFrom(Kind.BID, Kind.ASK, Kind.BID, Kind.ASK, Kind.TRADE_BUY, Kind.GAP, Kind.CLEAR),
      fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 30_000, max: 30_300 }) },
        { weight: 1, arbitrary: edges },
      ),
      fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 500 })),
    ),
    { maxLength: 200, size: "max" },
  );

  it("batches, single rows and walks agree", () => {
    fc.assert(
      fc.property(rows, fc.nat(200), fc.nat(2_000), (life, cut, quantity) => {
        const columns = new ColumnsBuilder(8);
        const batched = new Book();
        const single = new Book();
        const plain = { [Kind.BID]: new SortedSide(-1), [Kind.ASK]: new SortedSide(1) };
        for (const [kind, price, size] of life) {
          columns.push(0, 0, kind | LAST, price, size);
          single.set(kind | LAST, price, size);
          if (kind === Kind.BID || kind === Kind.ASK) plain[kind].set(price, size);
          if (kind === Kind.CLEAR) for (const side of Object.values(plain)) side.clear();
        }
        const middle = Math.min(cut, columns.length);
        batched.apply(columns.view(), 0, middle);
        batched.apply(columns.view(), middle, columns.length);
        for (const book of [batched, single]) {
          expectEqual(book.bids, plain[Kind.BID], []);
          expectEqual(book.asks, plain[Kind.ASK], []);
          expect(book.takeCost("buy", quantity)).toEqual(plain[Kind.ASK].takeCost(quantity));
          expect(book.takeCost("sell", quantity)).toEqual(plain[Kind.BID].takeCost(quantity));
          for (const levels of [0, 1, 5, 1_000]) {
            expect(book.depth("buy", levels)).toBe(plain[Kind.BID].depth(levels));
            expect(book.depth("sell", levels)).toBe(plain[Kind.ASK].depth(levels));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
