import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros, SECOND, ticks } from "../core/domain/units.ts";
import { Book } from "../core/market/book.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  OFF_VOLUME,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { openGenerated } from "./market-source.ts";
import { type Look, lookAtMarket, type Sight } from "./market-looks.ts";

const MARKET = openGenerated({
  kind: "generated",
  seed: 11,
  startAt: micros(Date.UTC(2026, 0, 5, 14) * 1000),
  duration: micros(20 * SECOND),
});
const BLOCKS = [...MARKET.blocks].map(copied);
const { header } = MARKET;
const EPOCH = header.epochNanos;
const STALE = { staleAfter: micros(5 * SECOND) };

function copied(block: MarketBlock): MarketBlock {
  const { exchangeTime, localTime, kind, price, quantity, length } = block;
  return {
    exchangeTime: exchangeTime.slice(),
    localTime: localTime.slice(),
    kind: kind.slice(),
    price: price.slice(),
    quantity: quantity.slice(),
    length,
  };
}

/** The plainest way to the same: everything from the start, for each look anew. */
function oracle(blocks: readonly MarketBlock[], look: Look): { mid: number; lots: number } {
  const book = new Book();
  const until = Number(look.at - EPOCH);
  let lots = 0;
  for (const { exchangeTime, kind, price, quantity, length } of blocks) {
    for (let row = 0; row < length; row++) {
      const time = exchangeTime[row]!;
      if (time > until || (time === until && !look.includes)) continue;
      if ((kind[row]! & ENGINE_ONLY) !== 0) continue;
      book.set(kind[row]!, price[row]!, quantity[row]!);
      const what = kind[row]! & KIND_MASK;
      const isTrade = what === Kind.TRADE_BUY || what === Kind.TRADE_SELL;
      if (isTrade && (kind[row]! & OFF_VOLUME) === 0) lots += quantity[row]!;
    }
  }
  return { mid: book.bestBid + book.bestAsk, lots };
}

describe("looks at a market", () => {
  const times = BLOCKS.flatMap(({ exchangeTime, length }) =>
    Array.from(exchangeTime.subarray(0, length)),
  );

  it("see what a plain replay up to the instant sees, and nothing later", () => {
    expect(times.length).toBeGreaterThan(5_000);
    // At rows, a nanosecond beside them, and anywhere between.
    const instant = fc.oneof(
      fc.tuple(fc.nat(times.length - 1), fc.integer({ min: -1, max: 1 })).map(([row, beside]) => {
        return times[row]! + beside;
      }),
      fc.integer({ min: Math.ceil(times[0]!), max: Math.floor(times.at(-1)!) }),
    );
    const look = fc.record({ at: instant, includes: fc.boolean() }).map(({ at, includes }) => ({
      at: EPOCH + BigInt(Math.max(times[0]! + 1, Math.min(at, times.at(-1)!))),
      includes,
    }));
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 8 }), (looks) => {
        const { seen } = lookAtMarket({ header, blocks: BLOCKS }, looks, STALE);
        looks.forEach((each, i) => {
          const { mid, lots } = oracle(BLOCKS, each);
          expect([seen[i]!.quote.mid, seen[i]!.totals.lots]).toEqual([mid, lots]);
        });
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it("know the span of the recording, and nothing beyond it", () => {
    const span = [times[0]! - 1, times.at(-1)! + 1].map((at) => EPOCH + BigInt(at));
    const looks = span.map((at) => ({ at, includes: true }));
    const { seen, from, until, hasTrades } = lookAtMarket({ header, blocks: BLOCKS }, looks, STALE);
    expect(seen.map(({ quote }) => quote.why)).toEqual(["outside", "outside"]);
    expect([from - 1n, until + 1n]).toEqual(span);
    expect(hasTrades).toBe(true);
  });
});

type Row = readonly [time: number, kind: number, price: number, quantity: number];

function see(
  messages: readonly (readonly Row[])[],
  looks: readonly Omit<Look, "at">[],
  at: number,
) {
  const rows = new ColumnsBuilder();
  for (const message of messages) {
    for (const [time, ...rest] of message) rows.push(time, time, ...rest);
    rows.endMessage();
  }
  const blocks = [rows.view()];
  const wanted = looks.map((look) => ({ ...look, at: EPOCH + BigInt(at) }));
  return lookAtMarket({ header, blocks }, wanted, STALE).seen;
}

const SNAPSHOT: readonly Row[] = [
  [0, Kind.CLEAR, 0, 0],
  [0, Kind.BID, 100, 5],
  [0, Kind.ASK, 101, 5],
];
const mids = (seen: readonly Sight[]): readonly unknown[] =>
  seen.map(({ quote }) => quote.mid ?? quote.why);

describe("a resting order's fill", () => {
  const until = EPOCH + 2_000_000n;
  const buy = { includes: false, maker: { side: "buy", price: ticks(100), until } } as const;

  it("is seen just before the print that reached it, inside its millisecond", () => {
    // Within one millisecond the book moves, our bid is hit, and the book moves again.
    const messages: Row[][] = [
      [...SNAPSHOT],
      [
        [1_000_000, Kind.ASK, 101, 0],
        [1_000_000, Kind.ASK, 102, 5],
      ],
      [[1_300_000, Kind.TRADE_BUY, 102, 1]],
      [[1_500_000, Kind.TRADE_SELL, 100, 5]],
      [
        [1_500_000, Kind.BID, 100, 0],
        [1_500_000, Kind.BID, 98, 5],
      ],
      [[9_000_000, Kind.BID, 97, 5]],
    ];
    // A taker, and a seller whose price nobody reached, are seen before all of it.
    const sell = { includes: false, maker: { side: "sell", price: ticks(103), until } } as const;
    const seen = see(messages, [buy, { includes: false }, sell], 1_000_000);
    expect(mids(seen)).toEqual([202, 201, 201]);
    // The same print, but after the instant that the fill was told of.
    const late = { ...buy, maker: { ...buy.maker, until: EPOCH + 1_500_000n } };
    expect(mids(see(messages, [late], 1_000_000))).toEqual([201]);
  });
});

describe("where the recording does not know", () => {
  it.each([
    ["one-sided", [[[1, Kind.ASK, 101, 0]]], "no-book"],
    ["crossed", [[[1, Kind.BID, 102, 1]]], "no-book"],
    ["broken off", [[[1, Kind.GAP, 0, 0]], [[2, Kind.BID, 99, 1]]], "no-book"],
    ["silent", [[[1, Kind.BID, 99, 1]]], "stale"],
    ["for the engine alone", [[[1, Kind.BID | ENGINE_ONLY, 102, 1]]], "stale"],
    ["for the venue alone", [[[1, Kind.BID | VENUE_ONLY, 102, 1]]], "no-book"],
  ] satisfies readonly (readonly [string, readonly (readonly Row[])[], string])[])(
    "%s: says so",
    (_name, messages, why) => {
      const end: Row[] = [[20e9, Kind.TRADE_BUY | LAST, 101, 1]];
      const seen = see([SNAPSHOT, ...messages, end], [{ includes: true }], 9e9);
      expect(mids(seen)).toEqual([why]);
    },
  );

  it("counts how often it broke off, so that a window across a gap is not trusted", () => {
    const messages: Row[][] = [
      [...SNAPSHOT],
      [[1, Kind.GAP, 0, 0]],
      [[2, Kind.GAP, 0, 0]],
      [[9, Kind.CLEAR, 0, 0]],
    ];
    expect(see(messages, [{ includes: true }], 5)[0]!.totals.gaps).toBe(2);
  });
});
