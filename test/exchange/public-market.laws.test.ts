/**
 * What a client can build from the public streams, whatever the market does: the market itself. The
 * book is rebuilt by this program's own reader of Bybit's frames.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ContractKind } from "../../src/core/domain/instrument.ts";
import { type Micros, micros } from "../../src/core/domain/units.ts";
import { Book } from "../../src/core/market/book.ts";
import { type BookSide, NO_TICK } from "../../src/core/market/book-side.ts";
import { Kind, KIND_MASK, OFF_BOOK, OFF_VOLUME } from "../../src/core/market/columns.ts";
import { BybitStream, type RawMessage } from "../../src/data/bybit-stream.ts";
import { type MarketSink, newCounts, TimeBase } from "../../src/data/capture.ts";
import { Directory } from "../../src/exchange/market/directory.ts";
import { OPENS, scriptedInstrument, ScriptedHost, type ScriptedRow } from "./scripted-host.ts";

const MID = 650_000;

/** Changes of a book around a mid that moves: bids stay under it, asks over it. */
const step = fc.record({
  wait: fc.integer({ min: 0, max: 90_000 }),
  move: fc.integer({ min: -4, max: 4 }),
  changes: fc.array(fc.record({ isBid: fc.boolean(), away: fc.nat(90), quantity: fc.nat(3_000) }), {
    maxLength: 12,
  }),
  trade: fc.option(
    fc.record({
      buys: fc.boolean(),
      away: fc.nat(3),
      quantity: fc.integer({ min: 1, max: 900 }),
      flag: fc.constantFrom(0, OFF_BOOK, OFF_BOOK | OFF_VOLUME),
    }),
  ),
  isRebuilt: fc.boolean().map((yes) => yes),
});

class Market {
  readonly host: ScriptedHost;
  readonly directory: Directory;
  readonly book = new Book();
  now: number = OPENS;
  #mid = MID;

  constructor(kind: ContractKind) {
    this.host = new ScriptedHost(scriptedInstrument(kind));
    this.directory = new Directory([this.host], OPENS);
    this.tell([
      [Kind.CLEAR, 0, 0],
      [Kind.BID, MID - 1, 10],
      [Kind.ASK, MID + 1, 10],
    ]);
    this.advance(0);
  }

  advance(span: number): void {
    this.now += span;
    this.directory.markets[0]!.advance(micros(this.now));
  }

  tell(rows: readonly ScriptedRow[]): void {
    for (const [kind, price, quantity] of rows) {
      const what = kind & KIND_MASK;
      if (what === Kind.CLEAR) this.book.clear();
      else if (what <= Kind.ASK) this.book.set(what, price, quantity);
    }
    this.host.tell(this.now as Micros, rows);
  }

  /** The mid moves, what it runs over goes, and levels change on either side of it. */
  live({ move, changes, trade, isRebuilt }: typeof step extends fc.Arbitrary<infer T> ? T : never) {
    const rows: ScriptedRow[] = [];
    this.#mid += move;
    if (trade !== null) {
      const { buys, away, quantity, flag } = trade;
      const kind = buys ? Kind.TRADE_BUY : Kind.TRADE_SELL;
      rows.push([kind | flag, buys ? this.#mid + 1 + away : this.#mid - 1 - away, quantity]);
    }
    if (isRebuilt && changes.length > 8) rows.push([Kind.CLEAR, 0, 0]);
    else for (const gone of crossed(this.book, this.#mid)) rows.push(gone);
    for (const { isBid, away, quantity } of changes) {
      const price = isBid ? this.#mid - 1 - away : this.#mid + 1 + away;
      rows.push([isBid ? Kind.BID : Kind.ASK, price, quantity]);
    }
    this.tell(rows);
  }
}

function crossed({ bids, asks }: Book, mid: number): ScriptedRow[] {
  const gone: ScriptedRow[] = [];
  for (let at = bids.best; at !== NO_TICK && at >= mid; at = bids.next(at)) {
    gone.push([Kind.BID, at, 0]);
  }
  for (let at = asks.best; at !== NO_TICK && at <= mid; at = asks.next(at)) {
    gone.push([Kind.ASK, at, 0]);
  }
  return gone;
}

/** A client: the frames of one book and of the trades, as the program's own reader takes them. */
class Follower {
  readonly book = new Book();
  readonly trades: string[] = [];
  readonly counts = newCounts();
  readonly #stream: BybitStream;
  readonly #depth: string;
  #kind = "";

  constructor(kind: ContractKind, depth: number) {
    this.#depth = String(depth);
    const instrument = scriptedInstrument(kind);
    const sink: MarketSink = {
      begin: (what) => (this.#kind = what),
      row: (flags, price, quantity) => this.#row(flags, price, quantity),
      end: () => undefined,
      quote: () => undefined,
    };
    const position = { file: "stream", line: 0 };
    const context = {
      options: { kind },
      position,
      file: {} as never,
      time: new TimeBase(),
      openSink: () => sink,
    };
    this.#stream = new BybitStream({ instrument, counts: this.counts, sink }, context);
  }

  take(text: string): void {
    const message = JSON.parse(text) as RawMessage & { readonly topic: string };
    if (message.topic.startsWith("orderbook.")) {
      this.#stream.book(this.#depth, message, Number.NaN, text);
    } else {
      this.#stream.trades(message, Number.NaN, text);
    }
  }

  #row(flags: number, price: number, quantity: number): void {
    const what = flags & KIND_MASK;
    if (this.#kind === "trade") this.trades.push(`${flags} ${price} ${quantity}`);
    else if (what === Kind.CLEAR) this.book.clear();
    else this.book.set(what, price, quantity);
  }
}

const best = (side: BookSide, depth: number): string[] => {
  const found: string[] = [];
  for (let tick = side.best; tick !== NO_TICK && found.length < depth; tick = side.next(tick)) {
    found.push(`${tick}:${side.get(tick)}`);
  }
  return found;
};

describe("the streams of a market", () => {
  it.each(["linear", "inverse", "spot"] as const)("rebuild its book and trades: %s", (kind) => {
    const { symbol } = scriptedInstrument(kind);
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom(1, 50, 200, 500, 1000),
        fc.nat(10),
        (steps, depth, joins) => {
          const market = new Market(kind);
          const follower = new Follower(kind, depth);
          const topics = [`orderbook.${depth}.${symbol}`, `publicTrade.${symbol}`];
          const sent: string[] = [];
          market.directory.onMessage = (category, topic, text) => {
            expect([category, topics.includes(topic)]).toEqual([kind, true]);
            follower.take(text);
            if (!topic.startsWith("orderbook.")) return;
            // At every message the follower has what the market has.
            expect(best(follower.book.bids, depth)).toEqual(best(market.book.bids, depth));
            expect(best(follower.book.asks, depth)).toEqual(best(market.book.asks, depth));
          };
          for (const [turn, each] of steps.entries()) {
            if (turn === Math.min(joins, steps.length - 1)) {
              for (const topic of topics) {
                market.directory.watch(kind, topic, true);
                const greeting = market.directory.greeting(kind, topic);
                if (greeting !== undefined) follower.take(greeting);
              }
            }
            market.live(each);
            if (turn >= joins && each.trade !== null) {
              const { buys, quantity, flag } = each.trade;
              sent.push(`${(buys ? Kind.TRADE_BUY : Kind.TRADE_SELL) | flag} ${quantity}`);
            }
            market.advance(each.wait);
          }
          market.advance(300_000);
          if (steps.length === 0) return;
          expect(best(follower.book.bids, depth)).toEqual(best(market.book.bids, depth));
          expect(best(follower.book.asks, depth)).toEqual(best(market.book.asks, depth));
          expect(follower.counts.gaps.count).toBe(0);
          expect(follower.counts.duplicates.trades).toBe(0);
          if (steps.length <= joins) return;
          const told = follower.trades.map((trade) => trade.replace(/ \d+ /, " "));
          expect(told).toEqual(sent);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("tell a second client the same story as the first, from where it joins", () => {
    const market = new Market("linear");
    const topic = "orderbook.50.BTCUSDT";
    const [first, second] = [new Follower("linear", 50), new Follower("linear", 50)];
    let listening = [first];
    market.directory.onMessage = (_category, _topic, text) => {
      for (const each of listening) each.take(text);
    };
    market.directory.watch("linear", topic, true);
    first.take(market.directory.greeting("linear", topic)!);
    for (let turn = 0; turn < 60; turn++) {
      market.tell([[Kind.BID, MID - 1 - (turn % 7), 20 + turn]]);
      if (turn === 30) {
        second.take(market.directory.greeting("linear", topic)!);
        listening = [first, second];
      }
      market.advance(7_000);
      if (turn < 30) continue;
      expect(best(second.book.bids, 50)).toEqual(best(first.book.bids, 50));
    }
    expect(second.counts.gaps.count).toBe(0);
    expect(best(second.book.bids, 50)).toEqual(best(market.book.bids, 50));
  });

  it("give the whole ticker when each message is laid over those before", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const market = new Market("linear");
        const topic = "tickers.BTCUSDT";
        market.directory.watch("linear", topic, true);
        const held = JSON.parse(market.directory.greeting("linear", topic)!).data;
        market.directory.onMessage = (_category, _topic, text) => {
          Object.assign(held, JSON.parse(text).data);
        };
        for (const each of steps) {
          market.live(each);
          market.advance(each.wait);
        }
        market.advance(200_000);
        market.directory.watch("linear", topic, false);
        const now = JSON.parse(market.directory.greeting("linear", topic)!).data;
        expect(held).toEqual(now);
      }),
      { numRuns: 60 },
    );
  });
});
