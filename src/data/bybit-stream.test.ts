/**
 * The book of a stream whose service starts anew, and counts from 1 again, while nobody looks.
 */
import { describe, expect, it } from "vitest";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { lots } from "../core/domain/units.ts";
import { Kind } from "../core/market/columns.ts";
import { BybitStream } from "./bybit-stream.ts";
import { type CaptureContext, type MarketSink, newCounts, TimeBase } from "./capture.ts";
import { FileCounts } from "./read-report.ts";

const INSTRUMENT: Instrument = {
  venue: "bybit",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1e6),
  maxMarketLots: lots(1e6),
  minNotional: decimal("5"),
};
const WORDS: Readonly<Record<number, string>> = {
  [Kind.GAP]: "gap",
  [Kind.CLEAR]: "clear",
  [Kind.BID]: "bid",
  [Kind.ASK]: "ask",
};

class Book {
  readonly told: string[] = [];
  readonly stream: BybitStream;

  constructor() {
    const sink: MarketSink = {
      begin: () => undefined,
      row: (kind, price) => void this.told.push(`${WORDS[kind]} ${price}`),
      end: () => undefined,
      quote: () => undefined,
    };
    const context: CaptureContext = {
      options: {},
      position: { file: "test", line: 0 },
      file: new FileCounts(),
      time: new TimeBase(),
      openSink: () => sink,
    };
    this.stream = new BybitStream({ instrument: INSTRUMENT, counts: newCounts(), sink }, context);
  }

  /** A message about one bid; `at`: when it was matched, ms. */
  take(type: "snapshot" | "delta", u: number, at: number, price: number): string[] {
    const data = { s: "BTCUSDT", b: [[(price / 10).toFixed(1), "1"]], a: [], u, seq: u };
    const message = { topic: "orderbook.50.BTCUSDT", type, ts: at + 1, cts: at, data };
    this.stream.book("50", message, at * 1e6, JSON.stringify(message));
    return this.told.splice(0);
  }
}

const AT = 1_767_621_600_000;

describe("a book whose service has started anew", () => {
  it("is begun anew by the connection that takes over, though its numbers are lower", () => {
    const book = new Book();
    book.take("snapshot", 5000, AT, 1000);
    book.stream.isTakenOver = true;
    expect(book.take("snapshot", 300, AT + 60_000, 1010)).toEqual(["gap 0", "clear 0", "bid 1010"]);
    expect(book.take("delta", 301, AT + 60_100, 1011)).toEqual(["bid 1011"]);
  });

  it("is lost where a delta with a lower number is newer than all that is known", () => {
    const book = new Book();
    book.take("snapshot", 5000, AT, 1000);
    expect(book.take("delta", 4000, AT + 100, 1001)).toEqual(["gap 0"]);
    expect(book.stream.isSynchronised).toBe(false);
    expect(book.take("snapshot", 4001, AT + 200, 1002)).toEqual(["clear 0", "bid 1002"]);
  });

  it("is as it was where what comes was known", () => {
    const book = new Book();
    book.take("snapshot", 5000, AT, 1000);
    book.take("delta", 5001, AT + 100, 1001);
    expect(book.take("delta", 5001, AT + 100, 1001)).toEqual([]);
    expect(book.take("delta", 5000, AT, 1000)).toEqual([]);
    book.stream.isTakenOver = true;
    expect(book.take("snapshot", 5001, AT + 100, 1001)).toEqual([]);
    expect(book.take("delta", 5002, AT + 200, 1002)).toEqual(["bid 1002"]);
  });
});
