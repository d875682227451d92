/** The public streams in detail: what is sent when, in the form that Bybit's clients expect. */
import { describe, expect, it } from "vitest";
import type { ContractKind } from "../../src/core/domain/instrument.ts";
import { lots, micros, ticks } from "../../src/core/domain/units.ts";
import { Kind, OFF_BOOK } from "../../src/core/market/columns.ts";
import type { HostedLiquidation, HostedWorld } from "../../src/exchange/hosted-market.ts";
import { Directory } from "../../src/exchange/market/directory.ts";
import type { Json } from "../clients/raw-client.ts";
import { OPENS, scriptedInstrument, ScriptedHost } from "./scripted-host.ts";

const MS = 1_000;

/** A market with a book, and somebody who has subscribed. */
function scene(kind: ContractKind, topic: string, world?: HostedWorld) {
  const host = new ScriptedHost(scriptedInstrument(kind), world);
  const directory = new Directory([host], OPENS);
  host.open(OPENS);
  let now = OPENS as number;
  const advance = (ms: number): void => {
    now += ms * MS;
    directory.markets[0]!.advance(micros(now));
  };
  advance(0);
  const heard: Json[] = [];
  directory.onMessage = (_category, _topic, text) => heard.push(JSON.parse(text));
  directory.watch(kind, topic, true);
  const greeting = directory.greeting(kind, topic);
  if (greeting !== undefined) heard.push(JSON.parse(greeting));
  const tell: (...rows: Parameters<ScriptedHost["tell"]>[1]) => void = (...rows) => {
    host.tell(micros(now), rows);
  };
  return { directory, heard, advance, tell, take: () => heard.splice(0) };
}

describe("orderbook.1", () => {
  it("is the touch whole, at most every ten milliseconds, and again after three seconds", () => {
    const { advance, tell, take } = scene("linear", "orderbook.1.BTCUSDT");
    const [first] = take();
    expect(first).toMatchObject({
      type: "snapshot",
      data: { s: "BTCUSDT", b: [["64999.90", "0.050"]], a: [["65000.10", "0.040"]] },
    });
    tell([Kind.BID, 649_999, 60]);
    advance(4);
    tell([Kind.BID, 649_999, 61]);
    advance(5);
    expect(take()).toEqual([]);
    advance(1);
    const [second] = take();
    expect(second.data).toMatchObject({ b: [["64999.90", "0.061"]], u: first.data.u + 1 });
    advance(2_900);
    expect(take()).toEqual([]);
    advance(110);
    const [again] = take();
    expect(again).toMatchObject({ type: "snapshot", data: second.data });
    expect(again.ts).toBe(second.ts + 3_010);
  });
});

describe("orderbook.50", () => {
  it("says what has changed every twenty milliseconds, and nothing where nothing has", () => {
    const { advance, tell, take } = scene("spot", "orderbook.50.BTCUSDT");
    const [snapshot] = take();
    expect(snapshot.data.b).toHaveLength(2);
    tell([Kind.ASK, 650_001, 0], [Kind.ASK, 650_005, 8], [Kind.BID, 649_999, 50]);
    advance(20);
    const [delta] = take();
    expect(delta).toMatchObject({
      topic: "orderbook.50.BTCUSDT",
      type: "delta",
      cts: OPENS / MS,
      data: {
        b: [],
        a: [
          ["65000.1", "0"],
          ["65000.5", "0.008"],
        ],
        u: snapshot.data.u + 1,
      },
    });
    expect(delta.data.seq).toBeGreaterThan(snapshot.data.seq);
    // There and back again within a stretch: nobody hears of it.
    tell([Kind.BID, 649_999, 70]);
    tell([Kind.BID, 649_999, 50]);
    advance(1_000);
    expect(take()).toEqual([]);
  });

  it("goes on with its numbers where everybody had left, and begins with a snapshot", () => {
    const { directory, advance, tell, take } = scene("linear", "orderbook.50.BTCUSDT");
    const [{ data }] = take();
    directory.watch("linear", "orderbook.50.BTCUSDT", false);
    tell([Kind.BID, 649_998, 5]);
    advance(1_000);
    expect(take()).toEqual([]);
    directory.watch("linear", "orderbook.50.BTCUSDT", true);
    const again = JSON.parse(directory.greeting("linear", "orderbook.50.BTCUSDT")!);
    expect(again.type).toBe("snapshot");
    expect(again.data.u).toBeGreaterThan(data.u);
    expect(again.data.b).toContainEqual(["64999.80", "0.005"]);
  });
});

describe("the book that is asked for", () => {
  const deepest = "orderbook.1000.BTCUSDT";
  const query = new URLSearchParams({ category: "linear", symbol: "BTCUSDT" });
  const updateOf = (directory: Directory): number => {
    const answer = directory.answer("/v5/market/orderbook", query);
    return answer.ok ? (answer.value as { u: number }).u : Number.NaN;
  };

  it("has a new number when it has changed, and only then, though nobody watches it", () => {
    const { directory, advance, tell } = scene("linear", "orderbook.50.BTCUSDT");
    const first = updateOf(directory);
    expect(updateOf(directory)).toBe(first);
    tell([Kind.BID, 649_998, 5]);
    advance(10);
    expect(updateOf(directory)).toBe(first + 1);
    expect(updateOf(directory)).toBe(first + 1);
    directory.watch("linear", deepest, true);
    const greeting = JSON.parse(directory.greeting("linear", deepest)!);
    expect(greeting.data.u).toBeGreaterThan(first + 1);
    expect(updateOf(directory)).toBe(greeting.data.u);
  });
});

describe("publicTrade", () => {
  it("tells each trade once, with its tick's direction on contracts and without on spot", () => {
    const linear = scene("linear", "publicTrade.BTCUSDT");
    linear.tell([Kind.TRADE_BUY, 650_001, 3], [Kind.TRADE_BUY, 650_002, 4]);
    linear.tell([Kind.TRADE_SELL | OFF_BOOK, 649_999, 5]);
    linear.advance(5);
    const [message, ...more] = linear.take();
    expect(more).toEqual([]);
    expect(message.data.map((each: Json) => [each.S, each.p, each.v, each.L, each.RPI])).toEqual([
      ["Buy", "65000.10", "0.003", "ZeroPlusTick", false],
      ["Buy", "65000.20", "0.004", "PlusTick", false],
      ["Sell", "64999.90", "0.005", "MinusTick", true],
    ]);
    expect(message.data[0].seq).toBe(message.data[1].seq);
    expect(message.data[2].seq).toBe(message.data[0].seq + 1);
    linear.advance(5);
    expect(linear.take()).toEqual([]);
    const spot = scene("spot", "publicTrade.BTCUSDT");
    spot.tell([Kind.TRADE_SELL, 649_999, 5]);
    spot.advance(1);
    const [{ data }] = spot.take();
    expect(data[0]).not.toHaveProperty("L");
    expect(data[0].i).toMatch(/^229\d{16}$/);
    expect(message.data[0].i).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it("has at most 1024 trades in a message", () => {
    const { tell, advance, take } = scene("linear", "publicTrade.BTCUSDT");
    tell(...Array.from({ length: 2_500 }, () => [Kind.TRADE_BUY, 650_001, 1] as const));
    advance(1);
    const messages = take();
    expect(messages.map(({ data }) => data.length)).toEqual([1024, 1024, 452]);
    const ids = messages.flatMap(({ data }) => data.map((each: Json) => each.i));
    expect(new Set(ids).size).toBe(2_500);
  });
});

describe("kline", () => {
  it("tells of the bar in hand, and says when one is closed", () => {
    const { tell, advance, take } = scene("linear", "kline.1.BTCUSDT");
    tell([Kind.TRADE_BUY, 650_010, 2]);
    advance(1_000);
    const bars = take();
    expect(bars.at(-1).data[0]).toMatchObject({
      start: OPENS / MS,
      end: OPENS / MS + 59_999,
      interval: "1",
      close: "65001",
      volume: "0.002",
      turnover: "130.002",
      confirm: false,
    });
    for (let second = 0; second < 60; second++) advance(1_000);
    const [closed, next] = take();
    expect(closed.data[0]).toMatchObject({ start: OPENS / MS, close: "65001", confirm: true });
    expect(next.data[0]).toMatchObject({
      start: OPENS / MS + 60_000,
      open: "65001",
      volume: "0",
      confirm: false,
    });
  });
});

describe("tickers", () => {
  it("names only what has changed on contracts, a price with its size, and all on spot", () => {
    const linear = scene("linear", "tickers.BTCUSDT");
    const [whole] = linear.take();
    expect(whole.data).toMatchObject({
      bid1Price: "64999.90",
      bid1Size: "0.050",
      fundingRate: "0.0001",
    });
    linear.tell([Kind.BID, 649_999, 77]);
    linear.advance(100);
    const [delta] = linear.take();
    expect(delta).toMatchObject({ type: "delta" });
    expect(delta.data).toEqual({ symbol: "BTCUSDT", bid1Price: "64999.90", bid1Size: "0.077" });
    linear.advance(1_000);
    expect(linear.take()).toEqual([]);
    const spot = scene("spot", "tickers.BTCUSDT");
    const [first] = spot.take();
    spot.tell([Kind.TRADE_BUY, 650_001, 9]);
    spot.advance(50);
    const [second] = spot.take();
    expect(second.type).toBe("snapshot");
    expect(Object.keys(second.data)).toEqual(Object.keys(first.data));
    expect(second.data).toMatchObject({ lastPrice: "65000.1", volume24h: "0.009" });
  });
});

describe("allLiquidation and priceLimit", () => {
  it("tell of positions that the market's world has closed by force", () => {
    const forced: HostedLiquidation[] = [];
    const world: HostedWorld = {
      fundingRate: 0,
      premium: 0,
      nextFundingAt: OPENS,
      openInterest: lots(1),
      takeFundings: () => [],
      takeLiquidations: () => forced.splice(0),
    };
    const { advance, take } = scene("linear", "allLiquidation.BTCUSDT", world);
    forced.push({ at: OPENS, side: "buy", quantity: lots(1_500), price: ticks(640_000) });
    advance(400);
    expect(take()).toEqual([]);
    advance(100);
    expect(take()).toEqual([
      {
        topic: "allLiquidation.BTCUSDT",
        type: "snapshot",
        ts: OPENS / MS + 500,
        data: [{ T: OPENS / MS, s: "BTCUSDT", S: "Buy", v: "1.500", p: "64000.00" }],
      },
    ]);
  });

  it("keeps the latest thousand for whoever may come to watch", () => {
    const one = { at: OPENS, side: "buy", quantity: lots(1), price: ticks(640_000) } as const;
    const world: HostedWorld = {
      fundingRate: 0,
      premium: 0,
      nextFundingAt: OPENS,
      openInterest: lots(1),
      takeFundings: () => [],
      takeLiquidations: () => Array.from({ length: 400 }, () => one),
    };
    const { directory, advance } = scene("linear", "tickers.BTCUSDT", world);
    for (let k = 0; k < 5; k++) advance(10);
    expect(directory.listed[0]!.market.takeLiquidations()).toHaveLength(1_000);
  });

  it("say what prices may be named, when that changes", () => {
    const { tell, advance, take } = scene("linear", "priceLimit.BTCUSDT");
    expect(take()[0].data).toEqual({ symbol: "BTCUSDT", buyLmt: "65650.00", sellLmt: "64350.00" });
    advance(300);
    expect(take()).toEqual([]);
    tell([Kind.BID, 649_999, 0], [Kind.BID, 649_997, 0], [Kind.BID, 649_000, 9]);
    advance(300);
    expect(Number(take()[0].data.sellLmt)).toBeLessThan(64_350);
  });
});

describe("topics", () => {
  it("are known or refused, by category", () => {
    const { directory } = scene("linear", "tickers.BTCUSDT");
    const known = (topic: string): boolean => directory.hasTopic("linear", topic);
    for (const topic of ["orderbook.1000.BTCUSDT", "kline.M.BTCUSDT", "allLiquidation.BTCUSDT"]) {
      expect([topic, known(topic)]).toEqual([topic, true]);
    }
    for (const topic of [
      "orderbook.51.BTCUSDT",
      "orderbook.constructor.BTCUSDT",
      "orderbook.50.ETHUSDT",
      "orderbook.50.BTCUSDT.x",
      "kline.2.BTCUSDT",
      "tickers",
      "",
      ".",
    ]) {
      expect([topic, known(topic)]).toEqual([topic, false]);
    }
    expect(directory.hasTopic("spot", "tickers.BTCUSDT")).toBe(false);
  });
});
