/**
 * What a user loses if this fails: an advisor would take a fall for a rise, or be told of an hour,
 * a market or an order that it was not to know of.
 */
import { describe, expect, it } from "vitest";
import { EPOCH_SECONDS } from "../../testing/market.ts";
import { GROUNDS } from "../../testing/schedule.ts";
import type { PastExecution } from "../contracts/advice.ts";
import { type Micros, micros } from "../domain/units.ts";
import { ColumnsBuilder, Kind } from "../market/columns.ts";
import { Observer } from "../market/observer.ts";
import { executionsOf, hoursOf, othersOf, pathOf } from "./market-pattern.ts";

const header = {
  instrument: GROUNDS[0]!.instrument,
  epochNanos: BigInt(EPOCH_SECONDS) * 1_000_000_000n,
  ownTradesPrinted: false,
};
const at = (seconds: number): Micros => micros((EPOCH_SECONDS + seconds) * 1e6);

/** One that is told the mid of each second by a function, and trades by another. */
function seen(
  mid: (second: number) => number | undefined,
  seconds: number,
  volume?: (second: number) => number,
): Observer {
  const observer = new Observer(header);
  const rows = new ColumnsBuilder(1_024);
  let last: number | undefined;
  for (let second = 0; second < seconds; second++) {
    const now = mid(second);
    const push = (kind: number, price: number, quantity: number): void =>
      rows.push(second * 1e9, second * 1e9, kind, price, quantity);
    if (now === undefined) push(Kind.GAP, 0, 0);
    else if (now !== last) {
      push(Kind.CLEAR, 0, 0);
      push(Kind.BID, now - 1, 5);
      push(Kind.ASK, now + 1, 5);
    } else push(Kind.BID, now - 1, 5 + (second % 3));
    const traded = volume?.(second) ?? 0;
    if (traded > 0 && now !== undefined) push(Kind.TRADE_BUY, now + 1, traded);
    last = now;
    rows.endMessage();
  }
  const block = rows.view();
  for (let row = 0; row < block.length;) {
    row = observer.observe(block, row, block.length, Number.POSITIVE_INFINITY);
  }
  return observer;
}

describe("the time of day", () => {
  const quiet = seen(() => 10_000, 60);
  // 2026-01-05 is a Monday.
  const hour = (text: string) => hoursOf(micros(Date.parse(`2026-01-${text}:30Z`) * 1000), quiet);

  it.each([
    ["05T00:00", "asia", false],
    ["05T07:30", "europe", false],
    ["05T13:00", "us", false],
    ["05T21:00", "between", false],
    ["10T12:00", "europe", true],
    ["11T23:59", "between", true],
  ])("of %s is of %s", (text, session, isWeekend) => {
    expect(hour(text)).toEqual({ session, isWeekend });
  });

  it("knows what is usual at this time once a day was seen, and not before", () => {
    const start = EPOCH_SECONDS % 86_400;
    // One hour a day trades four times as much as the others.
    const busy = (second: number): number =>
      Math.floor(((start + second) % 86_400) / 3600) === 15 ? 40 : 10;
    const day = seen(() => 10_000, 86_400, busy);
    const until = (hours: number): number => (86_400 - start + hours * 3600) % 86_400;
    const usual = (second: number) => hoursOf(at(second), day).volumeAgainstDay;
    expect(usual(86_400 + until(15))).toBeCloseTo(40 / 11.25, 1);
    expect(usual(86_400 + until(10))).toBeCloseTo(10 / 11.25, 1);
    // What was seen here comes before what was learned elsewhere.
    const learned = Array.from({ length: 24 }, (_, k) => k / 10);
    expect(hoursOf(at(86_400 + until(15)), day, learned).volumeAgainstDay).toBeGreaterThan(3);
    expect(hoursOf(at(until(15)), quiet, learned).volumeAgainstDay).toBe(1.5);
    const hostile = Array.from({ length: 24 }, () => Number.NaN);
    expect(hoursOf(at(until(15)), quiet, hostile)).not.toHaveProperty("volumeAgainstDay");
    const less = seen(() => 10_000, 20_000, busy);
    expect(hoursOf(at(20_000), less)).not.toHaveProperty("volumeAgainstDay");
  });
});

describe("what the price has done", () => {
  const rising = (second: number): number => 10_000 + Math.floor(second / 10);

  it("is told in moves of the mid, its range and how moves hang together", () => {
    expect(pathOf(at(1_000), "buy", seen(rising, 1_000))).toEqual({
      minute1Bps: 5.94,
      minute5Bps: 29.79,
      minute15Bps: 89.92,
      seenSeconds: 980,
      underDearestBps: 0,
      overCheapestBps: 98.03,
      varianceRatio: expect.closeTo(6, 0) as number,
    });
    expect(pathOf(at(0), "buy", new Observer(header))).toBeUndefined();
  });

  it("tells a sale as its mirror image: a fall is dearer", () => {
    const up = pathOf(at(1_000), "buy", seen(rising, 1_000))!;
    const down = pathOf(
      at(1_000),
      "sell",
      seen((second) => 20_000 - rising(second), 1_000),
    )!;
    const same = pathOf(at(1_000), "sell", seen(rising, 1_000))!;
    expect(same.minute5Bps).toBe(-up.minute5Bps!);
    expect([same.underDearestBps, same.overCheapestBps]).toEqual([98.03, 0]);
    expect(down.minute5Bps! / up.minute5Bps!).toBeCloseTo(1, 1);
    expect(down.underDearestBps).toBe(0);
    expect(down.varianceRatio).toBe(up.varianceRatio);
  });

  it("tells nothing across a break, and a silence as the quiet that it is", () => {
    const broken = (second: number): number | undefined =>
      second >= 600 && second < 800 ? undefined : 10_000;
    const path = pathOf(at(1_000), "buy", seen(broken, 1_000))!;
    expect(path.minute1Bps).toBe(0);
    expect(path).not.toHaveProperty("minute5Bps");
    expect(path).toHaveProperty("minute15Bps");
  });
});

describe("other markets", () => {
  const wave = (second: number): number => 10_000 + Math.round(50 * Math.sin(second / 60));
  const own = seen(wave, 3_600);

  it("are told as ours is, those first that go with it most", () => {
    const others = [
      seen(() => 500, 3_600),
      seen((second) => wave(second) / 2, 3_600),
      seen((second) => 30_000 - wave(second), 3_600),
      new Observer(header),
    ];
    const bought = othersOf(at(3_600), "buy", own, others);
    expect(bought.map(({ correlation }) => correlation)).toEqual([1, -1, undefined]);
    const sold = othersOf(at(3_600), "sell", own, others);
    expect(sold.map(({ correlation }) => correlation)).toEqual([1, -1, undefined]);
    expect(sold[0]!.minute5Bps).toBe(-bought[0]!.minute5Bps!);
    expect(bought[0]!.minute5Bps).not.toBe(0);
    expect(othersOf(at(3_600), "buy", own, [])).toEqual([]);
  });
});

describe("orders before", () => {
  const order: PastExecution = { spanSeconds: 600, executed: 1, shortfallBps: 2.345 };

  it("are bounded and rounded, and what is no figure is left out", () => {
    const handed = [
      { ...order, forecastBps: -1e99, participation: 7 },
      { ...order, forecastBps: Number.NaN },
      { ...order, shortfallBps: Number.POSITIVE_INFINITY },
      { ...order, spanSeconds: -5, executed: 3 },
    ];
    expect(executionsOf(handed)).toEqual([
      { spanSeconds: 600, executed: 1, shortfallBps: 2.35, forecastBps: -1e5, participation: 1 },
      { spanSeconds: 600, executed: 1, shortfallBps: 2.35 },
      { spanSeconds: 0, executed: 1, shortfallBps: 2.35 },
    ]);
    expect(executionsOf(Array.from({ length: 50 }, () => order))).toHaveLength(5);
  });
});
