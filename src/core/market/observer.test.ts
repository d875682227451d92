/**
 * What the engine sees of a market: health, windows and wake-ups, as tables by hand, and the running
 * totals against an independent fold.
 */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { MarketFold } from "../../testing/market-fold.ts";
import { EPOCH_MICROS, EPOCH_SECONDS, marketOf } from "../../testing/market.ts";
import { schedules } from "../../testing/draws.ts";
import { GROUNDS } from "../../testing/schedule.ts";
import { type Micros, micros, SECOND } from "../domain/units.ts";
import { ColumnsBuilder, Kind, OFF_BOOK, OFF_VOLUME, VENUE_ONLY } from "./columns.ts";
import { Observer, type TouchWake } from "./observer.ts";

const { instrument } = GROUNDS[0]!;
const header = {
  instrument,
  epochNanos: BigInt(EPOCH_SECONDS) * 1_000_000_000n,
  ownTradesPrinted: false,
};
const STALE_AFTER = micros(5 * SECOND);
const at = (seconds: number): Micros => micros(EPOCH_MICROS + Math.round(seconds * 1e6));

type Row = readonly [kind: number, price: number, quantity: number];

let observer: Observer;
let wake: TouchWake;
let builder: ColumnsBuilder;
let row: number;

beforeEach(() => {
  observer = new Observer(header);
  wake = observer.newWake();
  builder = new ColumnsBuilder(64);
  row = 0;
});

/** One message at a time; returns whether the observer woke up. */
function tell(seconds: number, ...rows: Row[]): boolean {
  for (const [kind, price, quantity] of rows) {
    builder.push(seconds * 1e9, seconds * 1e9, kind, price, quantity);
  }
  builder.endMessage();
  const block = builder.view();
  row = observer.observe(block, row, block.length, Number.POSITIVE_INFINITY);
  return observer.wokeUp;
}

const health = (seconds: number) => observer.health(at(seconds), STALE_AFTER);
const snapshotRows = (bid = 100, ask = 101): Row[] => [
  [Kind.CLEAR, 0, 0],
  [Kind.BID, bid, 5],
  [Kind.ASK, ask, 7],
];

describe("the health of the book", () => {
  it("follows what happens to it", () => {
    const seen: [string, string][] = [];
    const note = (what: string, seconds: number) => void seen.push([what, health(seconds)]);
    note("nothing yet", 0);
    tell(1, [Kind.BID, 100, 5], [Kind.ASK, 101, 5]);
    note("levels before any snapshot", 1);
    tell(2, ...snapshotRows());
    note("a snapshot", 2);
    tell(3, [Kind.ASK, 101, 0]);
    note("no asks", 3);
    tell(4, [Kind.ASK, 100, 3]);
    note("ask at the bid", 4);
    tell(5, [Kind.ASK, 100, 0], [Kind.ASK, 102, 3]);
    note("apart again", 5);
    tell(6, [Kind.GAP, 0, 0]);
    note("a gap", 6);
    tell(7, [Kind.BID, 99, 1]);
    note("levels after the gap", 7);
    tell(8, ...snapshotRows());
    note("a new snapshot", 8);
    note("five seconds of silence", 13);
    note("and a microsecond more", 13.000001);
    tell(14, [Kind.TRADE_BUY, 101, 1]);
    note("a trade, which tells nothing of it", 14);
    tell(14.5, [Kind.BID, 99, 2]);
    note("any level", 14.5);
    tell(15, [Kind.GAP, 0, 0], ...snapshotRows());
    note("a gap and a snapshot in one message", 15);
    tell(16, [Kind.CLEAR, 0, 0]);
    note("emptied", 16);
    expect(seen).toEqual([
      ["nothing yet", "no-data"],
      ["levels before any snapshot", "no-data"],
      ["a snapshot", "healthy"],
      ["no asks", "one-sided"],
      ["ask at the bid", "crossed"],
      ["apart again", "healthy"],
      ["a gap", "gapped"],
      ["levels after the gap", "gapped"],
      ["a new snapshot", "healthy"],
      ["five seconds of silence", "healthy"],
      ["and a microsecond more", "stale"],
      ["a trade, which tells nothing of it", "stale"],
      ["any level", "healthy"],
      ["a gap and a snapshot in one message", "healthy"],
      ["emptied", "one-sided"],
    ]);
  });

  it("remembers the last mid of a healthy book, and no other", () => {
    expect(observer.lastMid).toBeUndefined();
    tell(1, ...snapshotRows(100, 103));
    tell(2, [Kind.ASK, 103, 0]);
    expect(observer.lastMid).toBe(203);
    tell(3, [Kind.ASK, 99, 1]);
    expect(observer.lastMid).toBe(203);
    expect(observer.snapshot(at(3), STALE_AFTER)).toMatchObject({ health: "crossed", bid: 100 });
  });
});

describe("wake-ups", () => {
  it("come for a touch beyond the thresholds, and not at them", () => {
    tell(1, ...snapshotRows(100, 110));
    wake.bidAbove = 102;
    wake.askBelow = 108;
    expect(tell(2, [Kind.BID, 102, 1])).toBe(false);
    expect(tell(3, [Kind.BID, 103, 1])).toBe(true);
    wake.bidAbove = Number.POSITIVE_INFINITY;
    expect(tell(4, [Kind.ASK, 108, 1])).toBe(false);
    expect(tell(5, [Kind.ASK, 107, 1])).toBe(true);
    expect(tell(6, [Kind.ASK, 107, 2])).toBe(false); // the touch did not move
  });

  it.each<[string, Row[]]>([
    ["a gap", [[Kind.GAP, 0, 0]]],
    ["one side emptied", [[Kind.BID, 100, 0]]],
    ["a crossed book", [[Kind.BID, 105, 1]]],
  ])("come when %s makes a healthy book unhealthy, and when it heals", (_, rows) => {
    tell(1, ...snapshotRows());
    wake.onHealth = true;
    expect(tell(2, ...rows)).toBe(true);
    expect(tell(3, ...snapshotRows())).toBe(true);
    wake.onHealth = false;
    expect(tell(4, ...rows)).toBe(false);
  });

  it("stop the batch behind the message, so that the rest waits for the engine", () => {
    tell(1, ...snapshotRows());
    wake.bidAbove = 100;
    builder.push(2e9, 2e9, Kind.BID, 101, 1);
    builder.push(2e9, 2e9, Kind.ASK, 101, 0);
    builder.push(2e9, 2e9, Kind.ASK, 102, 1);
    builder.endMessage();
    builder.push(3e9, 3e9, Kind.BID, 90, 1);
    builder.endMessage();
    const block = builder.view();
    expect(observer.observe(block, 3, block.length, Number.POSITIVE_INFINITY)).toBe(6);
    expect([observer.bid, observer.position, observer.time]).toEqual([101, 6, 2e9]);
  });

  it("are not looked for past the time that was asked for", () => {
    tell(1, ...snapshotRows());
    builder.push(2e9, 2e9, Kind.BID, 99, 1);
    builder.endMessage();
    const block = builder.view();
    expect(observer.observe(block, 3, 4, 2e9 - 1)).toBe(3);
    expect(observer.observe(block, 3, 4, 2e9)).toBe(4);
  });
});

describe("the volume of the last minute", () => {
  it("is what traded in the newest sixty seconds, with the share that was observed", () => {
    tell(0.5, ...snapshotRows());
    tell(10, [Kind.TRADE_BUY, 101, 4]);
    tell(30.9, [Kind.TRADE_SELL, 100, 6]);
    const table = [10, 30.9, 69.9, 70, 89.9, 90].map((seconds) => {
      const { value, coverage } = observer.volumeMinute(at(seconds));
      return [seconds, value, Math.round(coverage * 100) / 100];
    });
    expect(table).toEqual([
      [10, 10, 0.16], // 9.5 of 60 seconds since the snapshot
      [30.9, 10, 0.51],
      [69.9, 10, 1],
      [70, 6, 1],
      [89.9, 6, 1],
      [90, 0, 1],
    ]);
  });

  it("leaves block trades out, counts trades that miss the visible queue, and not the venue's rows", () => {
    tell(0, ...snapshotRows());
    tell(1, [Kind.TRADE_BUY | OFF_VOLUME, 101, 1_000]);
    tell(2, [Kind.TRADE_BUY | OFF_BOOK, 101, 5]);
    tell(3, [Kind.TRADE_BUY | VENUE_ONLY, 101, 50], [Kind.TRADE_BUY, 101, 1]);
    expect(observer.volume).toBe(6);
    expect(observer.turnover).toBe(606);
    expect(observer.volumeMinute(at(3)).value).toBe(6);
  });

  it("is covered anew after a gap: what happened meanwhile is unknown", () => {
    tell(0, ...snapshotRows());
    tell(1, [Kind.TRADE_BUY, 101, 1]);
    tell(61, [Kind.TRADE_BUY, 101, 1]);
    expect(observer.volumeMinute(at(61)).coverage).toBe(1);
    tell(62, [Kind.GAP, 0, 0]);
    expect(observer.volumeMinute(at(62)).coverage).toBe(0);
    tell(70, ...snapshotRows());
    tell(71, [Kind.TRADE_BUY, 101, 1]);
    tell(86, [Kind.TRADE_BUY, 101, 1]);
    expect(observer.volumeMinute(at(86)).coverage).toBeCloseTo(0.25 + 1 / 60, 2);
  });

  it("has its own length for participation", () => {
    observer = new Observer(header, micros(2 * SECOND));
    tell(0, ...snapshotRows());
    tell(1, [Kind.TRADE_BUY, 101, 3]);
    tell(2, [Kind.TRADE_BUY, 101, 4]);
    const values = [2, 2.9, 3, 4].map((seconds) => observer.volumeParticipation(at(seconds)).value);
    expect(values).toEqual([7, 7, 4, 0]);
  });
});

describe("a session that goes on", () => {
  beforeEach(() => {
    tell(1, ...snapshotRows());
    tell(90, [Kind.TRADE_BUY, 101, 4]);
    tell(99, [Kind.TRADE_BUY, 101, 6]);
    observer.breakOff();
  });
  const volumes = (...seconds: number[]) =>
    seconds.map((each) => observer.volumeParticipation(at(each)).value);

  it("counts no volume twice where its clock was ahead: only what is seen since, as it is seen", () => {
    tell(20, ...snapshotRows());
    tell(20.5, [Kind.TRADE_BUY, 101, 1]);
    // The engine's time waits at 99 s.
    expect(volumes(99)).toEqual([0]);
    for (let second = 21; second <= 99; second++) tell(second, [Kind.TRADE_SELL, 100, 1]);
    expect(volumes(99, 100)).toEqual([60, 59]);
    expect(observer.volume).toBe(90);
    expect(observer.volumeParticipation(at(79)).coverage).toBeCloseTo(59 / 60, 12);
  });

  it("has all it had where time goes on, in the same second too", () => {
    tell(99.4, ...snapshotRows());
    tell(99.5, [Kind.TRADE_BUY, 101, 1]);
    tell(101, [Kind.TRADE_BUY, 101, 2]);
    expect(volumes(101, 149, 150, 159, 161)).toEqual([13, 13, 9, 2, 0]);
  });
});

describe("volatility", () => {
  it("is sampled each ten seconds on a healthy book, and says how little it has seen", () => {
    tell(0, ...snapshotRows(100, 102));
    for (const [seconds, bid] of [
      [10, 100],
      [20, 101],
      [30, 101],
    ] as const) {
      tell(seconds, [Kind.BID, 100, bid === 100 ? 5 : 0], [Kind.BID, bid, 5]);
    }
    const { value, coverage } = observer.volatilityHour;
    expect(coverage).toBeCloseTo(2 / 360, 12);
    expect(value).toBeCloseTo(Math.log(203 / 202) * Math.sqrt(180), 9);
  });
});

describe("the observer's totals", () => {
  it("equal an independent fold of the same rows, at any stop", () => {
    const stops = fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1, maxLength: 8 });
    let traded = 0;
    fc.assert(
      fc.property(
        schedules(fc.constant({ name: "any", parameters: {} })),
        stops,
        (schedule, times) => {
          const market = marketOf(schedule);
          const { header: generated, block } = market;
          const seen = new Observer(generated);
          const fold = new MarketFold(market);
          let next = 0;
          for (const ms of times.sort((a, b) => a - b)) {
            next = seen.observe(block, next, block.length, ms * 1e6);
            fold.advanceTo(next);
            const now = micros(EPOCH_MICROS + ms * 1_000);
            expect(seen.volume).toBe(fold.volume);
            expect([seen.bid, seen.ask]).toEqual([fold.bid, fold.ask]);
            expect(seen.volumeMinute(now).value).toBe(fold.volumeOver(now, 60));
            const isHealthy = seen.health(now, STALE_AFTER) === "healthy";
            expect(isHealthy).toBe(fold.isHealthy(now, STALE_AFTER));
            traded += fold.volume;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(traded).toBeGreaterThan(0);
  });
});
