import { describe, expect, it } from "vitest";
import type { ClientOrderId, Fill, OrderTerms, TimeInForce } from "../core/domain/child-order.ts";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { lots, ticks } from "../core/domain/units.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  type MarketBlock,
  OFF_BOOK,
} from "../core/market/columns.ts";
import { type FeeSchedule, NO_FEES } from "./fees.ts";
import { constantLatency, type LatencyModel } from "./latency.ts";
import type { QueueModelName } from "./queue.ts";
import { ReplayVenue, type VenueReport } from "./replay-venue.ts";

const INSTRUMENT: Instrument = {
  venue: "test",
  symbol: "XYZUSD",
  kind: "linear",
  base: "XYZ",
  quote: "USD",
  tickSize: decimal("1"),
  lotSize: decimal("1"),
  contractSize: decimal("1"),
  minLots: lots(2),
  maxLimitLots: lots(1000),
  maxMarketLots: lots(500),
  minNotional: decimal("250"),
};

const KINDS: Record<string, number> = {
  bid: Kind.BID,
  ask: Kind.ASK,
  buys: Kind.TRADE_BUY,
  sells: Kind.TRADE_SELL,
  clear: Kind.CLEAR,
  gap: Kind.GAP,
  "hidden-sells": Kind.TRADE_SELL | OFF_BOOK,
  "engine-bid": Kind.BID | ENGINE_ONLY,
};

/** One message a line: `time: kind price quantity, kind price quantity`. */
function market(...messages: string[]): MarketBlock {
  const builder = new ColumnsBuilder(64);
  for (const message of messages) {
    const [time, facts] = message.split(":") as [string, string];
    for (const fact of facts.split(",")) {
      const [kind, price, quantity] = fact.trim().split(" ");
      builder.push(+time, +time, KINDS[kind!]!, +(price ?? 0), +(quantity ?? 0));
    }
    builder.endMessage();
  }
  return builder.view();
}

/** Bids 100 × 10, 99 × 20; asks 102 × 10, 103 × 20. */
const BOOK = "0: clear, bid 100 10, bid 99 20, ask 102 10, ask 103 20";

const GTC: TimeInForce = { kind: "good-till-canceled", postOnly: false };
const POST: TimeInForce = { kind: "good-till-canceled", postOnly: true };
const IOC: TimeInForce = { kind: "immediate-or-cancel" };
const FOK: TimeInForce = { kind: "fill-or-kill" };

type Send = (venue: ReplayVenue) => void;
const id = (text: string): ClientOrderId => text as ClientOrderId;

const place =
  (
    at: number,
    name: string,
    side: Side,
    quantity: number,
    price?: number,
    tif: TimeInForce = GTC,
  ): Send =>
  (venue) =>
    venue.accounts[0]!.place(terms(name, side, quantity, price, tif), at);
const reduce =
  (at: number, name: string, side: Side, quantity: number, price?: number): Send =>
  (venue) =>
    venue.accounts[0]!.place({ ...terms(name, side, quantity, price, GTC), reduceOnly: true }, at);
const amend =
  (at: number, name: string, price: number, quantity: number): Send =>
  (venue) =>
    venue.accounts[0]!.amend(
      { clientOrderId: id(name), limitPrice: ticks(price), quantity: lots(quantity) },
      at,
    );
const cancel =
  (at: number, name: string): Send =>
  (venue) =>
    venue.accounts[0]!.cancel(id(name), at);

function terms(
  name: string,
  side: Side,
  quantity: number,
  price: number | undefined,
  timeInForce: TimeInForce,
): OrderTerms {
  const base = { clientOrderId: id(name), side, quantity: quantity as never, timeInForce };
  return price === undefined ? base : { ...base, limitPrice: price as never };
}

interface Options {
  readonly queue?: QueueModelName;
  readonly latency?: LatencyModel;
  readonly fees?: FeeSchedule;
  readonly position?: number;
  readonly instrument?: Instrument;
}

function venueOf(options: Options = {}): ReplayVenue {
  return new ReplayVenue([
    {
      instrument: options.instrument ?? INSTRUMENT,
      fees: options.fees ?? NO_FEES,
      latency: options.latency ?? constantLatency(0, 0),
      queue: options.queue ?? "risk-averse",
      seed: 1,
      epochNanos: 0n,
      ...(options.position === undefined ? {} : { positionLots: options.position }),
    },
  ]);
}

/** Sends everything, plays the whole market, returns the reports as lines. */
function play(block: MarketBlock, commands: readonly Send[], options: Options = {}): string[] {
  const venue = venueOf(options);
  for (const send of commands) send(venue);
  for (let row = 0; row < block.length;) row = venue.advance(block, row, block.length, Infinity);
  venue.finish(Infinity);
  return drain(venue);
}

function drain(venue: ReplayVenue): string[] {
  const lines: string[] = [];
  while (venue.accounts[0]!.nextReportAt < Infinity) {
    lines.push(`${venue.accounts[0]!.nextReportAt} ${line(venue.accounts[0]!.takeReport())}`);
  }
  return lines;
}

function line({ clientOrderId, report }: VenueReport): string {
  const head = `${clientOrderId} ${report.kind}`;
  if (report.kind === "filled") {
    const { quantity, price, liquidity } = report.fill;
    return `${head} ${quantity} @ ${price} ${liquidity}`;
  }
  if (report.kind === "amended") return `${head} to ${report.quantity} @ ${report.limitPrice}`;
  if ("code" in report) return `${head} ${report.code}`;
  return "text" in report ? `${head}: ${report.text}` : head;
}

describe("taking", () => {
  it("walks the levels in price order, one execution a level", () => {
    expect(play(market(BOOK), [place(1, "a", "buy", 15)])).toEqual([
      "1 a accepted",
      "1 a filled 10 @ 102 taker",
      "1 a filled 5 @ 103 taker",
    ]);
  });

  it("stops a market order at the end of the known depth", () => {
    expect(play(market(BOOK), [place(1, "a", "sell", 40)])).toEqual([
      "1 a accepted",
      "1 a filled 10 @ 100 taker",
      "1 a filled 20 @ 99 taker",
      "1 a canceled: market order: no more depth",
    ]);
  });

  it("rests what a limit order could not take, cancels what an IOC could not", () => {
    const after = "2: sells 102 3";
    expect(play(market(BOOK, after), [place(1, "a", "buy", 12, 102)])).toEqual([
      "1 a accepted",
      "1 a filled 10 @ 102 taker",
      "2 a filled 2 @ 102 maker",
    ]);
    expect(play(market(BOOK, after), [place(1, "a", "buy", 12, 102, IOC)])).toEqual([
      "1 a accepted",
      "1 a filled 10 @ 102 taker",
      "1 a canceled: immediate-or-cancel: the rest was not there",
    ]);
  });

  it("fills a fill-or-kill in full or not at all", () => {
    const commands = [
      place(1, "a", "buy", 31, undefined, FOK),
      place(1, "b", "buy", 11, 102, FOK),
      place(1, "c", "buy", 10, 102, FOK),
    ];
    expect(play(market(BOOK), commands)).toEqual([
      "1 a canceled: fill-or-kill: 30 of 31 lots were there",
      "1 b canceled: fill-or-kill: 10 of 11 lots were there",
      "1 c accepted",
      "1 c filled 10 @ 102 taker",
    ]);
  });

  it("cancels a crossing post-only and rests one that does not cross", () => {
    const commands = [
      place(1, "a", "buy", 5, 102, POST),
      place(1, "b", "buy", 5, 101, POST),
      place(1, "c", "sell", 5, 100, POST),
    ];
    expect(play(market(BOOK), commands)).toEqual([
      "1 a canceled: post-only, and 102 ticks would take from 102",
      "1 b accepted",
      "1 c canceled: post-only, and 100 ticks would take from 100",
    ]);
  });

  it("states mid and spread before the order acted, the same for all its levels", () => {
    const venue = venueOf();
    const block = market("7000: clear, bid 100 10, ask 103 10, ask 104 10", "9000: bid 1 1");
    place(7500, "a", "buy", 15)(venue);
    for (let row = 0; row < block.length;) row = venue.advance(block, row, block.length, Infinity);
    const fills = [];
    while (venue.accounts[0]!.nextReportAt < Infinity) {
      const { report } = venue.accounts[0]!.takeReport();
      if (report.kind === "filled") fills.push(report.fill);
    }
    expect(fills).toEqual([
      {
        executionId: "a.1",
        price: 103,
        quantity: 10,
        liquidity: "taker",
        fee: "0",
        feeCoin: "USD",
        midBefore: 203,
        spreadBefore: 3,
        exchangeTime: 7,
      },
      {
        executionId: "a.2",
        price: 104,
        quantity: 5,
        liquidity: "taker",
        fee: "0",
        feeCoin: "USD",
        midBefore: 203,
        spreadBefore: 3,
        exchangeTime: 7,
      },
    ]);
  });
});

describe("liquidity that we took is not there twice", () => {
  const takes = (at: number, name: string, quantity = 10): Send =>
    place(at, name, "buy", quantity, 102, IOC);
  const fillsOf = (messages: string[], ...commands: Send[]): string[] =>
    play(market(BOOK, ...messages), commands).filter((text) => text.includes("filled"));

  it("at one instant", () => {
    expect(fillsOf([], takes(1, "a", 6), takes(1, "b"), takes(1, "c"))).toEqual([
      "1 a filled 6 @ 102 taker",
      "1 b filled 4 @ 102 taker",
    ]);
  });

  it("while the recording keeps showing it; what is added is new", () => {
    expect(
      fillsOf(["2: ask 102 10", "4: ask 102 13"], takes(1, "a"), takes(3, "b"), takes(5, "c")),
    ).toEqual(["1 a filled 10 @ 102 taker", "5 c filled 3 @ 102 taker"]);
  });

  it("when the level shrinks the debt shrinks with it", () => {
    expect(fillsOf(["2: ask 102 4", "3: ask 102 10"], takes(1, "a"), takes(5, "b"))).toEqual([
      "1 a filled 10 @ 102 taker",
      "5 b filled 6 @ 102 taker",
    ]);
  });

  it("when the level was emptied, what comes back is new", () => {
    expect(fillsOf(["2: ask 102 0", "3: ask 102 8"], takes(1, "a"), takes(5, "b"))).toEqual([
      "1 a filled 10 @ 102 taker",
      "5 b filled 8 @ 102 taker",
    ]);
  });

  it("across a snapshot that restates it", () => {
    const snapshot = "2: clear, bid 100 10, ask 102 12, ask 103 20";
    expect(fillsOf([snapshot], takes(1, "a"), takes(5, "b"))).toEqual([
      "1 a filled 10 @ 102 taker",
      "5 b filled 2 @ 102 taker",
    ]);
  });

  it("a snapshot without the level clears it, one that shows less shrinks it", () => {
    const gone = "2: clear, bid 100 10, ask 103 20";
    expect(fillsOf([gone, "3: ask 102 10"], takes(1, "a"), takes(5, "b"))).toEqual([
      "1 a filled 10 @ 102 taker",
      "5 b filled 10 @ 102 taker",
    ]);
    const less = "2: clear, bid 100 10, ask 102 4, ask 103 20";
    expect(fillsOf([less, "3: ask 102 10"], takes(1, "a"), takes(5, "b"))).toEqual([
      "1 a filled 10 @ 102 taker",
      "5 b filled 6 @ 102 taker",
    ]);
  });

  it("what a level goes through inside a message does not count", () => {
    expect(fillsOf(["2: ask 102 0, ask 102 10"], takes(1, "a"), takes(5, "b"))).toEqual([
      "1 a filled 10 @ 102 taker",
    ]);
  });

  it("a market order then goes to the next level, a post-only may rest at the empty one", () => {
    const commands = [takes(1, "a"), place(2, "b", "buy", 4, 102, POST), place(3, "c", "buy", 5)];
    expect(play(market(BOOK), commands)).toEqual([
      "1 a accepted",
      "1 a filled 10 @ 102 taker",
      "2 b accepted",
      "3 c accepted",
      "3 c filled 5 @ 103 taker",
    ]);
  });
});

describe("the mid and the spread before a passive fill", () => {
  const fillOf = (...messages: string[]): Partial<Fill> => {
    const venue = venueOf();
    const block = market(BOOK, ...messages);
    place(1, "a", "buy", 5, 101)(venue);
    for (let row = 0; row < block.length;) row = venue.advance(block, row, block.length, Infinity);
    venue.accounts[0]!.takeReport();
    const { report } = venue.accounts[0]!.takeReport();
    return report.kind === "filled" ? report.fill : {};
  };
  const midOf = (...messages: string[]): unknown => fillOf(...messages).midBefore;
  const spreadOf = (...messages: string[]): unknown => fillOf(...messages).spreadBefore;

  it("is that of the book before the message that brought it", () => {
    expect(midOf("2: sells 101 5")).toBe(202);
    expect(midOf("2: bid 100 0, bid 98 5, ask 102 0, ask 101 9, sells 101 5")).toBe(202);
    expect(midOf("2: bid 100 0, bid 98 5, ask 102 0, ask 101 9")).toBe(202);
    expect(spreadOf("2: sells 101 5")).toBe(2);
    expect(spreadOf("2: bid 100 0, bid 98 5, ask 102 0, ask 101 9, sells 101 5")).toBe(2);
    expect(spreadOf("2: bid 100 0, bid 98 5, ask 102 0, ask 101 9")).toBe(2);
  });

  it("follows the book from message to message, one that concerns nobody included", () => {
    expect(spreadOf("2: ask 102 0", "3: sells 101 5")).toBe(3);
    expect(midOf("2: ask 102 0", "3: sells 101 5")).toBe(203);
  });

  it("is that before the message where the message comes in two blocks", () => {
    const venue = venueOf();
    const block = market(BOOK, "2: bid 100 0, bid 98 5, ask 102 0, ask 104 9, sells 101 5");
    place(1, "a", "buy", 5, 101)(venue);
    for (let cut = 0; cut <= block.length; cut++) {
      let row = Math.max(0, cut - 1);
      while (row < cut) row = venue.advance(block, row, cut, Infinity);
    }
    venue.accounts[0]!.takeReport();
    const { report } = venue.accounts[0]!.takeReport();
    expect(report).toMatchObject({ kind: "filled", fill: { midBefore: 202, spreadBefore: 2 } });
  });

  it("is the recorded one, though we had taken its best level", () => {
    const venue = venueOf();
    const block = market(BOOK, "9: bid 1 1");
    for (const send of [place(1, "a", "buy", 10, 102, IOC), place(2, "b", "buy", 5, 103, IOC)]) {
      send(venue);
    }
    for (let row = 0; row < block.length;) row = venue.advance(block, row, block.length, Infinity);
    const spreads = [];
    while (venue.accounts[0]!.nextReportAt < Infinity) {
      const { report } = venue.accounts[0]!.takeReport();
      if (report.kind === "filled") spreads.push([report.fill.price, report.fill.spreadBefore]);
    }
    expect(spreads).toEqual([
      [102, 2],
      [103, 2],
    ]);
  });

  it("is absent where nobody knew it", () => {
    expect(midOf("2: gap", "3: clear, bid 99 5, ask 101 5")).toBe(undefined);
    expect(midOf("2: ask 102 0, ask 103 0", "3: sells 101 9")).toBe(undefined);
    const { quantity, ...rest } = fillOf("2: ask 102 0, ask 103 0", "3: sells 101 9");
    expect(quantity).toBe(5);
    expect("midBefore" in rest || "spreadBefore" in rest).toBe(false);
  });
});

describe("resting orders and trades", () => {
  const bid = place(1, "a", "buy", 5, 100, POST);

  it("fill after the quantity ahead, in parts", () => {
    const block = market(BOOK, "2: sells 100 8", "3: sells 100 5", "4: sells 100 9");
    expect(play(block, [bid])).toEqual([
      "1 a accepted",
      "3 a filled 3 @ 100 maker",
      "4 a filled 2 @ 100 maker",
    ]);
  });

  it("fill without a queue when a trade goes through their price, up to its size", () => {
    expect(play(market(BOOK, "2: sells 99 3", "3: sells 98 50"), [bid])).toEqual([
      "1 a accepted",
      "2 a filled 3 @ 100 maker",
      "3 a filled 2 @ 100 maker",
    ]);
  });

  it("have nobody ahead once a trade went through their price", () => {
    expect(play(market(BOOK, "2: sells 99 3", "3: sells 100 1"), [bid])).toEqual([
      "1 a accepted",
      "2 a filled 3 @ 100 maker",
      "3 a filled 1 @ 100 maker",
    ]);
  });

  it("are left alone by hidden trades, by buyers, and by trades that did not reach them", () => {
    const block = market(BOOK, "2: hidden-sells 100 50", "3: buys 100 50", "4: sells 101 50");
    expect(play(block, [bid])).toEqual(["1 a accepted"]);
  });

  it("share one trade in price-time order: nothing is used twice", () => {
    const commands = [
      place(1, "back", "buy", 5, 100),
      place(1, "later", "buy", 5, 100),
      place(1, "better", "buy", 5, 101),
    ];
    expect(play(market(BOOK, "2: sells 100 18", "3: sells 100 20"), commands)).toEqual([
      "1 back accepted",
      "1 later accepted",
      "1 better accepted",
      "2 better filled 5 @ 101 maker",
      "2 back filled 3 @ 100 maker",
      "3 back filled 2 @ 100 maker",
      "3 later filled 5 @ 100 maker",
    ]);
  });

  it("a later order also waits for those who joined between", () => {
    const commands = [place(1, "a", "buy", 5, 100), place(3, "b", "buy", 5, 100)];
    expect(play(market(BOOK, "2: bid 100 14", "4: sells 100 20"), commands)).toEqual([
      "1 a accepted",
      "3 b accepted",
      "4 a filled 5 @ 100 maker",
      "4 b filled 1 @ 100 maker",
    ]);
  });

  it("mirror on the sell side", () => {
    const ask = place(1, "a", "sell", 5, 102, POST);
    expect(play(market(BOOK, "2: buys 102 12", "3: buys 104 50"), [ask])).toEqual([
      "1 a accepted",
      "2 a filled 2 @ 102 maker",
      "3 a filled 3 @ 102 maker",
    ]);
  });
});

describe("resting orders and levels", () => {
  it("fill as makers when the other side reaches them, at the end of the message", () => {
    const commands = [place(1, "a", "buy", 5, 101), place(1, "b", "buy", 5, 101)];
    const block = market(BOOK, "2: ask 101 7, bid 100 9", "3: ask 101 8", "4: ask 100 30");
    expect(play(block, commands)).toEqual([
      "1 a accepted",
      "1 b accepted",
      "2 a filled 5 @ 101 maker",
      "2 b filled 2 @ 101 maker",
      "3 b filled 1 @ 101 maker",
      "4 b filled 2 @ 101 maker",
    ]);
  });

  it("are not filled by a level that is gone before the message ends", () => {
    const block = market(BOOK, "2: ask 101 7, ask 101 0");
    expect(play(block, [place(1, "a", "buy", 5, 101)])).toEqual(["1 a accepted"]);
  });

  it("a snapshot moves the queue like any other change", () => {
    const commands = [place(1, "a", "buy", 5, 100)];
    const block = market(BOOK, "2: clear, bid 100 4, ask 102 9", "3: sells 100 6");
    expect(play(block, commands)).toEqual(["1 a accepted", "3 a filled 2 @ 100 maker"]);
  });

  it("risk-averse: a shrinking level helps only when less is left than stood ahead", () => {
    const commands = [place(1, "a", "buy", 5, 100)];
    const block = market(BOOK, "2: bid 100 30", "3: bid 100 12", "4: sells 100 10, sells 100 2");
    expect(play(block, commands)).toEqual(["1 a accepted", "4 a filled 2 @ 100 maker"]);
    const shrunk = market(BOOK, "2: bid 100 4", "3: sells 100 6");
    expect(play(shrunk, commands)).toEqual(["1 a accepted", "3 a filled 2 @ 100 maker"]);
  });

  it("probabilistic: cancellations come from ahead too, trades are not counted twice", () => {
    const commands = [place(1, "a", "buy", 5, 100)];
    // 10 ahead, 10 behind; 6 cancel: 3 of them ahead. Then 7 trade and one more serves us.
    const canceled = market(BOOK, "2: bid 100 20", "3: bid 100 14", "4: sells 100 8");
    const options: Options = { queue: "probabilistic" };
    expect(play(canceled, commands, options)).toEqual(["1 a accepted", "4 a filled 1 @ 100 maker"]);
    // 30 ahead, 10 behind; the whole decrease is explained by a trade: 20 are left ahead.
    const explained = market(
      "0: clear, bid 100 30, ask 102 10",
      "2: bid 100 40",
      "3: sells 100 10",
      "4: bid 100 30",
      "5: sells 100 22",
    );
    expect(play(explained, commands, options)).toEqual([
      "1 a accepted",
      "5 a filled 2 @ 100 maker",
    ]);
    // The same decrease, explained by a trade: all of it came from the front already.
    const traded = market(
      BOOK,
      "2: bid 100 20",
      "3: sells 100 6",
      "4: bid 100 14",
      "5: sells 100 5",
    );
    expect(play(traded, commands, options)).toEqual(["1 a accepted", "5 a filled 1 @ 100 maker"]);
  });
});

describe("rounding to whole lots", () => {
  it("is up for some orders and down for others, so that small cancellations count", () => {
    const messages = [BOOK];
    const commands: Send[] = [];
    for (let k = 1; k <= 60; k++) {
      const at = k * 10;
      commands.push(place(at, `o${k}`, "buy", 3, 100), cancel(at + 4, `o${k}`));
      // 10 ahead, 10 behind, one cancels: half a lot of it was ahead.
      messages.push(`${at + 1}: bid 100 20`, `${at + 2}: bid 100 19`, `${at + 3}: sells 100 10`);
      messages.push(`${at + 5}: bid 100 10`);
    }
    const lines = play(market(...messages), commands, { queue: "probabilistic" });
    const advanced = lines.filter((text) => text.includes("filled 1 @ 100")).length;
    expect(advanced).toBeGreaterThan(18);
    expect(advanced).toBeLessThan(42);
  });
});

describe("amending", () => {
  const first = place(1, "a", "buy", 6, 100);
  const trade = "5: sells 100 12";

  it("to a smaller quantity keeps the place", () => {
    const block = market(BOOK, "2: bid 100 40", trade);
    expect(play(block, [first, amend(3, "a", 100, 4)])).toEqual([
      "1 a accepted",
      "3 a amended to 4 @ 100",
      "5 a filled 2 @ 100 maker",
    ]);
  });

  it("to a larger quantity or another price loses it", () => {
    const block = market(BOOK, "2: bid 100 40", trade);
    expect(play(block, [first, amend(3, "a", 100, 7)])).toEqual([
      "1 a accepted",
      "3 a amended to 7 @ 100",
    ]);
    expect(play(block, [first, amend(3, "a", 99, 6), amend(4, "a", 100, 6)])).toEqual([
      "1 a accepted",
      "3 a amended to 6 @ 99",
      "4 a amended to 6 @ 100",
    ]);
  });

  it("across the touch takes; a post-only is canceled instead", () => {
    expect(play(market(BOOK), [first, amend(3, "a", 102, 6)])).toEqual([
      "1 a accepted",
      "3 a amended to 6 @ 102",
      "3 a filled 6 @ 102 taker",
    ]);
    expect(play(market(BOOK), [place(1, "a", "buy", 6, 100, POST), amend(3, "a", 102, 6)])).toEqual(
      ["1 a accepted", "3 a canceled: post-only, and 102 ticks would take from 102"],
    );
  });

  it("is refused when too late, too small, off limits or already filled so far", () => {
    const block = market(BOOK, "2: sells 100 13", "7: sells 100 90");
    const commands = [
      first,
      amend(3, "a", 100, 3),
      amend(4, "a", 100, 1),
      amend(5, "a", 0, 6),
      amend(6, "z", 100, 6),
      amend(8, "a", 100, 5),
    ];
    expect(play(block, commands)).toEqual([
      "1 a accepted",
      "2 a filled 3 @ 100 maker",
      "3 a amend-rejected VENUE_AMEND_FILLED",
      "4 a amend-rejected VENUE_MIN_QUANTITY",
      "5 a amend-rejected VENUE_PRICE",
      "6 z amend-rejected VENUE_ORDER_NOT_FOUND",
      "7 a filled 3 @ 100 maker",
      "8 a amend-rejected VENUE_ORDER_NOT_FOUND",
    ]);
  });
});

describe("canceling", () => {
  it("ends an open order; a closed or unknown one is a reject", () => {
    const block = market(BOOK, "4: sells 100 99");
    const commands = [place(1, "a", "buy", 5, 100), cancel(2, "a"), cancel(3, "a"), cancel(3, "b")];
    expect(play(block, commands)).toEqual([
      "1 a accepted",
      "2 a canceled: canceled on request",
      "3 a cancel-rejected VENUE_ORDER_NOT_FOUND",
      "3 b cancel-rejected VENUE_ORDER_NOT_FOUND",
    ]);
  });
});

describe("refusals", () => {
  const refused = (command: Send, options: Options = {}, block = market(BOOK)): string[] =>
    play(block, [command], options);

  it("keep orders on the grid's limits, limit and market apart", () => {
    expect(refused(place(1, "a", "buy", 1, 100))).toEqual(["1 a rejected VENUE_MIN_QUANTITY"]);
    expect(refused(place(1, "a", "buy", 1001, 90))).toEqual(["1 a rejected VENUE_MAX_QUANTITY"]);
    expect(refused(place(1, "a", "buy", 501))).toEqual(["1 a rejected VENUE_MAX_QUANTITY"]);
    expect(refused(place(1, "a", "buy", 501, 90))).toEqual(["1 a accepted"]);
    expect(refused(place(1, "a", "buy", 5, 0))).toEqual(["1 a rejected VENUE_PRICE"]);
    expect(refused(place(1, "a", "buy", 5, -3))).toEqual(["1 a rejected VENUE_PRICE"]);
    expect(refused(place(1, "a", "buy", 2, 100))).toEqual(["1 a rejected VENUE_MIN_NOTIONAL"]);
    expect(refused(place(1, "a", "buy", 2))).toEqual(["1 a rejected VENUE_MIN_NOTIONAL"]);
    expect(refused(place(1, "a", "buy", 3, 84))).toEqual(["1 a accepted"]);
  });

  it("an id is used once", () => {
    const twice = [place(1, "a", "buy", 5, 99), cancel(2, "a"), place(3, "a", "buy", 5, 99)];
    expect(play(market(BOOK), twice).at(-1)).toBe("3 a rejected VENUE_DUPLICATE_ID");
  });

  it("without a book: before the first level, and from a gap to the end of a snapshot", () => {
    const empty = market("0: buys 100 5");
    expect(refused(place(1, "a", "buy", 5, 100), {}, empty)).toEqual([
      "1 a rejected VENUE_NO_BOOK",
    ]);
    const block = market(BOOK, "2: gap", "4: bid 101 5", "6: clear, bid 90 5, ask 91 5");
    const commands = [
      place(1, "rests", "buy", 5, 100),
      place(3, "a", "buy", 5),
      place(5, "b", "buy", 5, 90),
      place(7, "c", "buy", 5),
      cancel(8, "rests"),
    ];
    expect(play(block, commands)).toEqual([
      "1 rests accepted",
      "3 a rejected VENUE_NO_BOOK",
      "5 b rejected VENUE_NO_BOOK",
      "6 rests filled 5 @ 100 maker",
      "7 c accepted",
      "7 c canceled: market order: no more depth",
      "8 rests cancel-rejected VENUE_ORDER_NOT_FOUND",
    ]);
  });
});

describe("reduce-only", () => {
  it("is refused where it would open or turn a position", () => {
    expect(play(market(BOOK), [reduce(1, "a", "sell", 5, 103)])).toEqual([
      "1 a rejected VENUE_REDUCE_ONLY",
    ]);
    expect(play(market(BOOK), [reduce(1, "a", "buy", 5, 99)], { position: 5 })).toEqual([
      "1 a rejected VENUE_REDUCE_ONLY",
    ]);
    expect(play(market(BOOK), [reduce(1, "a", "sell", 6, 103)], { position: 5 })).toEqual([
      "1 a rejected VENUE_REDUCE_ONLY",
    ]);
  });

  it("fills no more than there is to reduce, and ends when nothing is left", () => {
    const commands = [
      reduce(1, "a", "sell", 5, 102),
      place(1, "b", "sell", 3),
      reduce(3, "c", "sell", 2, 100),
    ];
    expect(play(market(BOOK, "2: buys 103 1"), commands, { position: 5 })).toEqual([
      "1 a accepted",
      "1 b accepted",
      "1 b filled 3 @ 100 taker",
      "2 a filled 1 @ 102 maker",
      "3 c rejected VENUE_REDUCE_ONLY",
    ]);
    expect(play(market(BOOK, "2: buys 103 9"), commands, { position: 5 }).slice(3, 5)).toEqual([
      "2 a filled 2 @ 102 maker",
      "2 a canceled: reduce-only: nothing is left to reduce",
    ]);
  });
});

describe("own orders on both sides", () => {
  it("never trade with each other: the newer one ends", () => {
    const commands = [
      place(1, "a", "sell", 5, 102),
      place(2, "b", "buy", 15, 103),
      place(3, "c", "buy", 5, 102, POST),
      place(4, "d", "buy", 5, 102, FOK),
      place(5, "e", "buy", 5, 101),
    ];
    expect(play(market(BOOK, "6: ask 102 0"), commands)).toEqual([
      "1 a accepted",
      "2 b accepted",
      "2 b canceled: the rest would trade with an own order",
      "3 c canceled: post-only, and 102 ticks would take from 102",
      "4 d canceled: fill-or-kill: 0 of 5 lots were there",
      "5 e accepted",
    ]);
  });
});

describe("the two clocks", () => {
  it("a command acts when it arrives, its report is known later", () => {
    const latency = constantLatency(5, 7);
    const block = market(BOOK, "3: ask 102 0", "6: ask 102 4", "20: ask 102 9");
    expect(play(block, [place(1, "a", "buy", 12)], { latency })).toEqual([
      "13 a accepted",
      "13 a filled 4 @ 102 taker",
      "13 a filled 8 @ 103 taker",
    ]);
    expect(venueOf({ latency }).accounts[0]!.minEntryLatency).toBe(5);
  });

  it("at one instant the market comes first, then commands in the order sent", () => {
    const block = market(BOOK, "5: ask 102 5");
    const commands = [place(5, "a", "buy", 4, 102, IOC), place(5, "b", "buy", 4, 102, IOC)];
    expect(play(block, commands).filter((text) => text.includes("filled"))).toEqual([
      "5 a filled 4 @ 102 taker",
      "5 b filled 1 @ 102 taker",
    ]);
  });

  it("a command waits for rows of its own instant, also behind an earlier command", () => {
    const commands = [place(4, "a", "buy", 3, 99), place(5, "b", "buy", 4, 102, IOC)];
    expect(play(market(BOOK, "5: ask 102 3"), commands)).toEqual([
      "4 a accepted",
      "5 b accepted",
      "5 b filled 3 @ 102 taker",
      "5 b canceled: immediate-or-cancel: the rest was not there",
    ]);
  });

  it("a message is never torn by a command, also where its rows bear several times", () => {
    const builder = new ColumnsBuilder(8);
    for (const [time, kind, price, quantity] of [
      [0, Kind.BID, 100, 10],
      [4, Kind.ASK, 102, 9],
      [8, Kind.ASK, 102, 4],
    ] as const) {
      builder.push(time, time, kind, price, quantity);
    }
    builder.endMessage();
    expect(play(builder.view(), [place(6, "a", "buy", 10, 102, IOC)])).toEqual([
      "8 a accepted",
      "8 a filled 4 @ 102 taker",
      "8 a canceled: immediate-or-cancel: the rest was not there",
    ]);
    // Asked to go to 6 it has seen the message to its end, and still takes a command for 7.
    const venue = venueOf();
    const block = builder.view();
    expect(venue.advance(block, 0, block.length, 6)).toBe(3);
    place(7, "a", "buy", 4, 102, IOC)(venue);
    venue.finish(Infinity);
    expect(drain(venue)[1]).toBe("8 a filled 4 @ 102 taker");
  });

  it("an order held up behind a slow one acts at the time at which it arrives", () => {
    const latency: LatencyModel = {
      entry: (k) => (k === 0 ? 9000 : 1000),
      response: () => 0,
      minEntry: 1000,
      minResponse: 0,
    };
    const venue = venueOf({ latency });
    place(0, "a", "buy", 5, 99)(venue);
    place(1000, "b", "buy", 5)(venue);
    const block = market(BOOK);
    venue.advance(block, 0, block.length, Infinity);
    venue.finish(Infinity);
    const reports = [
      venue.accounts[0]!.takeReport(),
      venue.accounts[0]!.takeReport(),
      venue.accounts[0]!.takeReport(),
    ];
    expect(reports.map(({ report }) => report.kind)).toEqual(["accepted", "accepted", "filled"]);
    const { report } = reports[2]!;
    expect(report.kind === "filled" && report.fill.exchangeTime).toBe(9);
  });

  it("commands and reports never overtake one another, whatever the latency draws", () => {
    const falling: LatencyModel = {
      entry: (k) => 100 - 40 * k,
      response: (k) => 50 - 10 * k,
      minEntry: 20,
      minResponse: 10,
    };
    const commands = [place(0, "a", "buy", 5, 100), cancel(1, "a"), place(2, "b", "buy", 5, 99)];
    expect(play(market(BOOK, "500: bid 1 1"), commands, { latency: falling })).toEqual([
      "150 a accepted",
      "150 a canceled: canceled on request",
      "150 b accepted",
    ]);
  });

  it("refuses to be told of a command from its own past", () => {
    const venue = venueOf();
    const block = market(BOOK, "9: bid 100 5");
    venue.advance(block, 0, block.length, Infinity);
    expect(() => place(8, "a", "buy", 5)(venue)).toThrow("the venue is at 9");
  });
});

describe("advance", () => {
  it("stops after the message that produced a report, and says where", () => {
    const venue = venueOf();
    const block = market(BOOK, "2: sells 100 12", "3: sells 100 12, bid 100 1", "4: bid 99 1");
    place(1, "a", "buy", 5, 100)(venue);
    expect(venue.advance(block, 0, block.length, 10)).toBe(5);
    expect(drain(venue)).toEqual(["1 a accepted"]);
    expect(venue.advance(block, 5, block.length, 10)).toBe(6);
    expect(drain(venue)).toEqual(["2 a filled 2 @ 100 maker"]);
    expect(venue.advance(block, 6, block.length, 10)).toBe(8);
    expect(drain(venue)).toEqual(["3 a filled 3 @ 100 maker"]);
    expect(venue.advance(block, 8, block.length, 10)).toBe(9);
    expect(venue.book.bids.get(99)).toBe(1);
  });

  it("does not look beyond `until`, and handles the commands due by then", () => {
    const venue = venueOf();
    const block = market(BOOK, "5: ask 102 1");
    place(3, "a", "buy", 5, 102, IOC)(venue);
    expect(venue.advance(block, 0, block.length, 2)).toBe(5);
    expect(venue.accounts[0]!.nextReportAt).toBe(Infinity);
    expect(venue.advance(block, 5, block.length, 4)).toBe(5);
    expect(drain(venue)).toEqual(["3 a accepted", "3 a filled 5 @ 102 taker"]);
  });

  it("keeps a command for the next block, which may hold earlier rows", () => {
    const venue = venueOf();
    const [one, two] = [market(BOOK), market("3: ask 102 4", "9: ask 102 10")];
    place(5, "a", "buy", 6, 102, IOC)(venue);
    expect(venue.advance(one, 0, one.length, 100)).toBe(one.length);
    expect(venue.accounts[0]!.nextReportAt).toBe(Infinity);
    expect(venue.advance(two, 0, two.length, 100)).toBe(1);
    expect(drain(venue)[1]).toBe("5 a filled 4 @ 102 taker");
  });

  it("passes over rows for the engine alone, whatever their time", () => {
    const block = market(BOOK, "1: engine-bid 101 5", "90: engine-bid 101 6", "4: bid 99 7");
    const venue = venueOf();
    expect(venue.advance(block, 0, block.length, 50)).toBe(block.length);
    expect(venue.book.bestBid).toBe(100);
    expect(venue.book.bids.get(99)).toBe(7);
  });

  it("is not misled by their times when it stops, or when a command is due", () => {
    const messages = ["90: engine-bid 101 5", "2: bid 99 7", "5: bid 99 8"];
    const block = market(BOOK, ...messages);
    const venue = venueOf();
    expect(venue.advance(block, 0, block.length, 3)).toBe(7);
    expect(venue.book.bids.get(99)).toBe(7);
    const later = market(
      BOOK,
      "2: sells 100 12",
      "90: engine-bid 101 5",
      "4: ask 102 3",
      "9: bid 1 1",
    );
    const commands = [place(1, "a", "buy", 5, 100), place(5, "b", "buy", 10, 102, IOC)];
    expect(play(later, commands).filter((text) => text.includes("filled"))).toEqual([
      "2 a filled 2 @ 100 maker",
      "5 b filled 3 @ 102 taker",
    ]);
  });

  it("is idle while nothing of ours rests or is under way", () => {
    const venue = venueOf();
    const block = market(BOOK, "5: ask 102 3");
    expect(venue.accounts[0]!.isIdle).toBe(true);
    place(1, "a", "buy", 5, 100)(venue);
    expect(venue.accounts[0]!.isIdle).toBe(false);
    venue.advance(block, 0, block.length, 3);
    expect(venue.accounts[0]!.isIdle).toBe(false);
    cancel(4, "a")(venue);
    venue.advance(block, 5, block.length, 4);
    expect(venue.accounts[0]!.isIdle).toBe(false);
    drain(venue);
    expect(venue.accounts[0]!.isIdle).toBe(true);
  });

  it("leaves the book as it was known while the stream is broken", () => {
    const block = market(BOOK, "2: gap", "3: bid 101 5", "4: clear, bid 90 5");
    const venue = venueOf();
    venue.advance(block, 0, block.length, 3);
    expect(venue.book.bestBid).toBe(100);
    venue.advance(block, 7, block.length, 9);
    expect(venue.book.bestBid).toBe(90);
  });
});
