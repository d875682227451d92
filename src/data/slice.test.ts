import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Book } from "../core/market/book.ts";
import type { BookSide } from "../core/market/book-side.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { micros } from "../core/domain/units.ts";
import { generateMarket } from "../simulation/generated/market.ts";
import { RowCheck } from "./event-file/row-check.ts";
import { sliceBlocks } from "./slice.ts";

function levels(side: BookSide): number[] {
  const all: number[] = [];
  for (let tick = side.best; tick !== NO_TICK; tick = side.next(tick))
    all.push(tick, side.get(tick));
  return all;
}

/** What one side sees after each of its messages: the message's time and rows, and the book. */
function seen(blocks: readonly MarketBlock[], except: number): string[] {
  const book = new Book();
  const messages: string[] = [];
  let rows = "";
  for (const { kind, price, quantity, exchangeTime, localTime, length } of blocks) {
    for (let row = 0; row < length; row++) {
      const flags = kind[row]!;
      if ((flags & except) !== 0) continue;
      const what = flags & KIND_MASK;
      if (what <= Kind.ASK || what === Kind.CLEAR) book.set(flags, price[row]!, quantity[row]!);
      rows += `${exchangeTime[row]!}/${localTime[row]!} ${flags} ${price[row]!} ${quantity[row]!};`;
      if ((flags & LAST) === 0) continue;
      messages.push(`${rows} → ${levels(book.bids).join()} | ${levels(book.asks).join()}`);
      rows = "";
    }
  }
  return messages;
}

interface Cut {
  readonly blocks: readonly MarketBlock[];
  readonly snapshot: MarketBlock | undefined;
}

function cut(blocks: Iterable<MarketBlock>, from: number, until: number): Cut {
  const parts = [...sliceBlocks(blocks, { from, until })].filter(({ block }) => block.length > 0);
  const snapshot = parts[0]?.isSnapshot === true ? parts[0].block : undefined;
  return { blocks: parts.map(({ block }) => block), snapshot };
}

/** Messages for both sides, and doubled ones whose copies stand in another order. */
const message = fc.record({
  step: fc.integer({ min: 0, max: 3 }),
  delay: fc.integer({ min: 0, max: 4 }),
  kind: fc.constantFrom("levels", "levels", "levels", "trade", "clear", "gap"),
  rows: fc.array(
    fc.tuple(
      fc.constantFrom(Kind.BID, Kind.ASK),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 3 }),
    ),
    { minLength: 1, maxLength: 4 },
  ),
});

type Drawn = typeof message extends fc.Arbitrary<infer Value> ? Value : never;

function marketOf(drawn: readonly Drawn[]): MarketBlock[] {
  // By exchange time for the venue, by local time for the engine: as a recording of two streams.
  let exchange = 0;
  const all = drawn.map((one) => {
    exchange += one.step;
    return { ...one, exchange, local: exchange + one.delay };
  });
  const heard = all.toSorted((a, b) => a.local - b.local);
  const blocks: MarketBlock[] = [];
  const push = (one: (typeof all)[number], flag: number): void => {
    const out = new ColumnsBuilder(8);
    const put = (kind: number, price: number, lots: number): void =>
      out.push(one.exchange, one.local, kind | flag, price, lots);
    if (one.kind === "clear") put(Kind.CLEAR, 0, 0);
    if (one.kind === "gap") put(Kind.GAP, 0, 0);
    else if (one.kind === "trade") put(Kind.TRADE_BUY, 5, 1);
    else for (const [kind, price, lots] of one.rows) put(kind, price, lots);
    out.endMessage();
    blocks.push(out.view());
  };
  for (const [at, one] of all.entries()) {
    if (heard[at] === one) push(one, 0);
    else {
      push(one, VENUE_ONLY);
      push(heard[at]!, ENGINE_ONLY);
    }
  }
  return blocks;
}

describe("a slice", () => {
  it("shows both books, at every message, as the whole does", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        (drawn, from, length) => {
          const whole = marketOf(drawn);
          checkRows(whole);
          const { blocks, snapshot } = cut(whole, from, from + length);
          checkRows(blocks);
          const rows = snapshot === undefined ? blocks : blocks.slice(1);
          for (const except of [VENUE_ONLY, ENGINE_ONLY]) {
            const own = seen(blocks, except);
            const made = snapshot === undefined ? 0 : seen([snapshot], except).length;
            const later = own.slice(made);
            const all = seen(whole, except);
            const count = seen(rows, except).length;
            expect(later.length).toBe(count);
            // A stretch of the whole, message by message, books included.
            const start = all.findIndex(
              (_, at) => later.every((one, i) => all[at + i] === one) && at + count <= all.length,
            );
            expect(count === 0 || start >= 0).toBe(true);
          }
          const engine = rows.flatMap((block) =>
            [...block.localTime.subarray(0, block.length)].filter(
              (_, row) => (block.kind[row]! & VENUE_ONLY) === 0,
            ),
          );
          expect(engine.every((time) => time >= from && time < from + length)).toBe(true);
          const expected = whole.flatMap((block) =>
            [...block.localTime.subarray(0, block.length)].filter(
              (time, row) =>
                (block.kind[row]! & VENUE_ONLY) === 0 && time >= from && time < from + length,
            ),
          );
          expect(engine).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("joins again with what is before it and behind it", () => {
    const config = {
      seed: 3,
      startAt: micros(Date.UTC(2026, 0, 5) * 1000),
      duration: micros(20e6),
    };
    const whole = [...generateMarket(config)];
    const last = whole.at(-1)!;
    const [first, end] = [whole[0]!.localTime[0]!, last.localTime[last.length - 1]! + 1];
    const middle = Math.round((first + end) / 2);
    const before = cut(whole, first, middle);
    const behind = cut(whole, middle, end);
    expect(before.snapshot).toBeUndefined();
    expect(behind.snapshot!.length).toBeGreaterThan(10);
    const own = seen(behind.blocks, VENUE_ONLY).slice(1);
    const all = seen(whole, VENUE_ONLY);
    const count = seen(before.blocks, VENUE_ONLY).length;
    expect(count + own.length).toBe(all.length);
    expect(own).toEqual(all.slice(count));
  });
});

/** What a writer would refuse is a fault of the slice. */
function checkRows(blocks: readonly MarketBlock[]): void {
  const check = new RowCheck();
  for (const block of blocks) check.take(block);
}
