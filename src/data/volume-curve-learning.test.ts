import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { DAY, HOUR, lots, type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  LAST,
  type MarketHeader,
  OFF_BOOK,
  OFF_VOLUME,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { readRecording } from "./recording.ts";
import {
  clock,
  type CurveRequest,
  type LearnedCurve,
  learnVolumeCurve,
  type VolumeTape,
  volumeTape,
} from "./volume-curve-learning.ts";

/** A midnight, UTC. */
const MIDNIGHT = 19_675 * DAY;

const INSTRUMENT: Instrument = {
  venue: "test",
  symbol: "ACME",
  kind: "spot",
  base: "ACME",
  quote: "USD",
  tickSize: decimal("0.01"),
  lotSize: decimal("1"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(1_000_000),
  minNotional: decimal("0"),
};

/** A tape from `from` hours after midnight on; trades as [hours after midnight, quantity]. */
function tapeOf(
  fromHours: number,
  untilHours: number,
  trades: readonly (readonly [hours: number, quantity: number])[],
  more: Partial<VolumeTape> = {},
): VolumeTape {
  const at = (hours: number): Micros => micros(MIDNIGHT + Math.round(hours * HOUR));
  return {
    from: at(fromHours),
    until: at(untilHours),
    blind: [],
    times: trades.map(([hours]) => at(hours)),
    quantities: trades.map(([, quantity]) => quantity),
    ...more,
  };
}

function learned(tapes: readonly VolumeTape[], request: CurveRequest): LearnedCurve {
  const result = learnVolumeCurve(tapes, request);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

const sharesOf = (curve: LearnedCurve): number[] => curve.buckets.map(({ share }) => share);

function faultOf(tapes: readonly VolumeTape[], request: CurveRequest) {
  const result = learnVolumeCurve(tapes, request);
  if (result.ok) throw new Error("learned");
  return result.error;
}

/** A trade in each quarter of an hour, in proportion to its bucket's weight. */
const dayBy = (weights: readonly number[], day = 0, size = 1): VolumeTape =>
  tapeOf(
    24 * day,
    24 * (day + 1),
    Array.from({ length: 96 }, (_, k) => [
      24 * day + k / 4 + 1 / 8,
      size * weights[Math.floor((k * weights.length) / 96)]!,
    ]),
  );

describe("a curve learned over the day", () => {
  it("is the mean of the days' shares: a day with a hundred times the volume says as much", () => {
    const quiet = dayBy([1, 1, 1, 1]);
    const busy = dayBy([3, 1, 1, 3], 1, 100);
    const { buckets, days } = learned([quiet, busy], { over: "day", buckets: 4 });
    expect(buckets.map(({ share }) => share)).toEqual([0.3125, 0.1875, 0.1875, 0.3125]);
    // Two shares, 1/4 and 3/8: the error of their mean is half of what lies between them.
    expect(buckets[0]!.standardError).toBeCloseTo(0.0625, 12);
    expect(buckets.every(({ days: seen, coverage }) => seen === 2 && coverage === 1)).toBe(true);
    expect(days.map(({ from, until }) => until - from)).toEqual([DAY, DAY]);
  });

  it("counts a recording across midnight as one day, and one in several files as well", () => {
    const across = tapeOf(18, 42, [
      [20, 1],
      [30, 3],
    ]);
    const request: CurveRequest = { over: "day", buckets: 4 };
    expect(sharesOf(learned([across], request))).toEqual([0, 0.75, 0, 0.25]);
    const parts = [tapeOf(30, 42, [[30, 3]]), tapeOf(18, 30, [[20, 1]])];
    const { days, buckets } = learned(parts, request);
    expect(buckets.map(({ share }) => share)).toEqual([0, 0.75, 0, 0.25]);
    expect(days).toHaveLength(1);
    expect(buckets[0]!.standardError).toBeNull();
  });

  it("does not call a bucket quiet that was not recorded: a fault, or what the caller says", () => {
    const session = tapeOf(13.5, 20, [
      [14, 2],
      [16, 1],
      [19, 3],
    ]);
    const request: CurveRequest = { over: "day", buckets: 8 };
    const fault = faultOf([session], request);
    expect(fault.code).toBe("CURVE_COVERAGE");
    expect(fault.text).toContain("7 of 8 buckets");
    expect(fault.text).toContain("00:00–15:00 (at most 50.0 % of a bucket)");
    const fine: CurveRequest = { over: "day", buckets: 48, uncovered: "zero" };
    const zero = learned([session], fine).buckets;
    expect(zero.filter(({ days }) => days === 1)).toHaveLength(13);
    expect(zero[28]!.share).toBeCloseTo(1 / 3, 12);
    const guessed = learned([session], { ...fine, uncovered: "mean" }).buckets;
    expect(guessed[0]).toMatchObject({ days: 0, coverage: 0, standardError: null });
    expect(guessed[0]!.share).toBeCloseTo(1 / 48, 12);
    expect(guessed[28]!.share).toBeCloseTo((1 / 3) * (13 / 48), 12);
  });

  it("leaves out a day that does not cover what the others do, and says so", () => {
    const broken = { from: micros(MIDNIGHT + DAY), until: micros(MIDNIGHT + DAY + 8 * HOUR) };
    const holed = { ...dayBy([1, 9], 1), blind: [broken] };
    const request: CurveRequest = { over: "day", buckets: 2 };
    const { leftOut, days, buckets } = learned([dayBy([1, 1]), holed], request);
    expect(buckets.map(({ share }) => share)).toEqual([0.5, 0.5]);
    expect(days).toHaveLength(1);
    expect(leftOut).toMatchObject([{ why: "1 of 2 buckets not covered" }]);
    expect(buckets[0]!.coverage).toBeCloseTo((1 + 1 / 3) / 2, 12);
  });

  it("scales up what a short break has hidden", () => {
    const whole = dayBy([1, 1]);
    const hole = { from: whole.from, until: micros(whole.from + 1 * HOUR) };
    const first = whole.times.findIndex((at) => at >= hole.until);
    const seen = {
      ...whole,
      blind: [hole],
      times: whole.times.slice(first),
      quantities: whole.quantities.slice(first),
    };
    sharesOf(learned([seen], { over: "day", buckets: 2 })).forEach((share) => {
      expect(share).toBeCloseTo(0.5, 12);
    });
  });

  it("refuses the same time twice, and a market without a trade", () => {
    const request: CurveRequest = { over: "day", buckets: 2 };
    expect(faultOf([dayBy([1, 1]), dayBy([1, 1])], request).code).toBe("CURVE_OVERLAP");
    expect(faultOf([tapeOf(0, 24, [])], request).code).toBe("CURVE_NO_VOLUME");
    expect(faultOf([], request).code).toBe("CURVE_COVERAGE");
  });
});

describe("a curve learned over the session", () => {
  it("takes each recording as one session, whatever its length and hour", () => {
    const long = tapeOf(13.5, 20, [
      [13.5, 1],
      [20, 3],
    ]);
    const short = tapeOf(37.5, 41, [
      [38, 1],
      [40, 1],
    ]);
    const { buckets, days } = learned([long, short], { over: "session", buckets: 2 });
    expect(buckets.map(({ share }) => share)).toEqual([0.375, 0.625]);
    expect(days).toHaveLength(2);
  });
});

describe("laws of learning", () => {
  const days = fc.array(
    fc.array(fc.double({ min: 0.01, max: 1_000, noNaN: true }), { minLength: 6, maxLength: 6 }),
    { minLength: 1, maxLength: 5 },
  );
  const over = fc.constantFrom<CurveRequest["over"]>("day", "session");

  it("shares sum to 1, and neither scale nor the order of files makes a difference", () => {
    fc.assert(
      fc.property(days, over, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (all, span, by) => {
        const tapes = all.map((weights, day) => dayBy(weights, day));
        const request: CurveRequest = { over: span, buckets: 6 };
        const shares = sharesOf(learned(tapes, request));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
        expect(sharesOf(learned(tapes.toReversed(), request))).toEqual(shares);
        const scaled = all.map((weights, day) => dayBy(weights, day, day === 0 ? by : 1));
        sharesOf(learned(scaled, request)).forEach((share, k) => {
          expect(share).toBeCloseTo(shares[k]!, 12);
        });
      }),
      { numRuns: 50 },
    );
  });

  it("an even market has an even curve, in as many buckets as one likes", () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 6, 8, 24, 48, 96), over, (buckets, span) => {
        const shares = sharesOf(learned([dayBy([1]), dayBy([7], 1)], { over: span, buckets }));
        shares.forEach((share) => expect(share).toBeCloseTo(1 / buckets, 12));
      }),
    );
  });

  it("a curve is found again in a market that follows it, within sampling error", () => {
    const weights = [5, 3, 2, 1, 1, 2, 4, 6];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const draws = streamOf("volume-curve");
    const TRADES = 4_000;
    for (const seed of [1, 2, 3]) {
      const tapes = [0, 1, 2, 3, 4].map((day) => {
        const trades = Array.from({ length: TRADES }, (_, k) => {
          let point = uniformAt(seed, draws, (day * TRADES + k) * 2) * total;
          const bucket = weights.findIndex((weight) => (point -= weight) < 0);
          const hours =
            24 * day + 3 * (bucket + uniformAt(seed, draws, (day * TRADES + k) * 2 + 1));
          return [hours, 1] as const;
        });
        return tapeOf(
          24 * day,
          24 * (day + 1),
          trades.toSorted(([a], [b]) => a - b),
        );
      });
      learned(tapes, { over: "day", buckets: 8 }).buckets.forEach(({ share, standardError }, k) => {
        const truth = weights[k]! / total;
        const deviation = Math.sqrt((truth * (1 - truth)) / (5 * TRADES));
        expect(Math.abs(share - truth)).toBeLessThan(4 * deviation);
        expect(standardError!).toBeGreaterThan(deviation / 5);
        expect(standardError!).toBeLessThan(deviation * 3);
      });
    }
  });
});

describe("a tape", () => {
  const header: MarketHeader = {
    instrument: INSTRUMENT,
    epochNanos: BigInt(MIDNIGHT) * 1000n,
    ownTradesPrinted: false,
  };
  const tape = (rows: readonly (readonly [seconds: number, kind: number, quantity: number])[]) => {
    const builder = new ColumnsBuilder(8);
    for (const [seconds, kind, quantity] of rows) {
      builder.push(seconds * 1e9, seconds * 1e9, kind | LAST, 100, quantity);
    }
    return volumeTape(header, [builder.view()]);
  };
  const secondsOf = (at: number): number => (at - MIDNIGHT) / SECOND;

  it("has trades of both sides and hidden ones, no block trades, and none twice", () => {
    const { times, quantities, from, until, blind } = tape([
      [1, Kind.BID, 5],
      [2, Kind.TRADE_BUY, 7],
      [3, Kind.TRADE_SELL | OFF_BOOK, 11],
      [4, Kind.TRADE_BUY | OFF_BOOK | OFF_VOLUME, 1_000],
      [5, Kind.TRADE_BUY | VENUE_ONLY, 13],
      [6, Kind.TRADE_BUY | ENGINE_ONLY, 13],
      [9, Kind.ASK, 5],
    ]);
    expect(quantities).toEqual([7, 11, 13]);
    expect(times.map(secondsOf)).toEqual([2, 3, 5]);
    expect([from, until].map(secondsOf)).toEqual([1, 9]);
    expect(blind).toEqual([]);
  });

  it("is blind from a break to the next snapshot, and through a long silence", () => {
    const { quantities, blind } = tape([
      [1, Kind.TRADE_BUY, 1],
      [2, Kind.GAP, 0],
      [3, Kind.TRADE_BUY, 10],
      [4, Kind.CLEAR, 0],
      [5, Kind.TRADE_BUY, 2],
      [5 + 601, Kind.TRADE_BUY, 4],
      [700, Kind.GAP, 0],
      [710, Kind.TRADE_SELL, 10],
    ]);
    expect(quantities).toEqual([1, 2, 4]);
    expect(blind.map(({ from, until }) => [from, until].map(secondsOf))).toEqual([
      [2, 4],
      [5, 606],
      [700, 710],
    ]);
  });
});

it("times of the day are written as on a clock", () => {
  expect([0, 13.5 / 24, 1, 1 / 1_440, 1 / 86_400].map(clock)).toEqual([
    "00:00",
    "13:30",
    "24:00",
    "00:01",
    "00:00:01",
  ]);
});

/**
 * How far a schedule runs from the market, in shares of the order: the root mean square over the
 * session's minutes of what it has done less what the market has.
 */
function trackingError(market: readonly number[], curve: readonly number[]): number {
  const total = market.reduce((sum, volume) => sum + volume, 0);
  const weight = curve.reduce((sum, share) => sum + share, 0);
  let [traded, scheduled, squares] = [0, 0, 0];
  market.forEach((volume, minute) => {
    traded += volume / total;
    scheduled +=
      (curve[Math.floor((minute * curve.length) / market.length)]! * curve.length) /
      (market.length * weight);
    squares += (traded - scheduled) ** 2;
  });
  return Math.sqrt(squares / market.length);
}

const SHARED = fileURLToPath(new URL("../../../shared/data/", import.meta.url));
const AMZN = `${SHARED}lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip`;
const BARS = `${SHARED}lean/equity/usa/minute/`;
const whyNot = (path: string): string =>
  existsSync(path) ? "" : ` (skipped: ../shared/data/${path.slice(SHARED.length)} is not there)`;

describe.runIf(existsSync(AMZN))(`a session of AMZN${whyNot(AMZN)}`, () => {
  it("is U-shaped: its first and last half hour lie above the middle", async () => {
    const read = await readRecording([AMZN]);
    if (!read.ok) throw new Error(read.error.text);
    const tape = volumeTape(read.value.header, read.value.blocks);
    const session = learned([tape], { over: "session", buckets: 13 });
    const shares = sharesOf(session);
    const middle = shares.slice(3, 10);
    const mean = middle.reduce((sum, share) => sum + share, 0) / middle.length;
    expect(shares[0]!).toBeGreaterThan(1.3 * mean);
    expect(shares[12]!).toBeGreaterThan(3 * mean);
    // The same by the clock: 9:30 in New York was 13:30 UTC.
    const day = learned([tape], { over: "day", buckets: 48, uncovered: "zero" });
    sharesOf(day)
      .slice(27, 40)
      .forEach((share, k) => expect(share).toBeCloseTo(shares[k]!, 3));
    // In-sample, as nothing else is at hand for this stock: what is left is the shape inside of
    // half an hour.
    const market = Array<number>(390).fill(0);
    tape.times.forEach((at, i) => {
      market[Math.min(389, Math.floor((at - tape.from) / MINUTE))]! += tape.quantities[i]!;
    });
    const [byCurve, even] = [trackingError(market, shares), trackingError(market, [1])];
    expect(byCurve).toBeLessThan(even / 4);
  });
});

/** Volume by the minute of a New York session, 9:30 to 16:00. */
function minutesOf(symbol: string, day: string): number[] {
  const zipped = readFileSync(`${BARS}${symbol}/${day}_trade.zip`);
  const text = new TextDecoder().decode(Object.values(unzipSync(new Uint8Array(zipped)))[0]);
  const minutes = Array<number>(390).fill(0);
  for (const line of text.trim().split("\n")) {
    const [millis, , , , , volume] = line.split(",").map(Number);
    const minute = Math.floor(millis! / 60_000) - 570;
    if (minute >= 0 && minute < 390) minutes[minute]! += volume!;
  }
  return minutes;
}

/** Bars stand in for trades: one at the middle of each minute. */
const tapeOfMinutes = (minutes: readonly number[], day: number): VolumeTape => {
  const open = MIDNIGHT + day * DAY + 13.5 * HOUR;
  return {
    from: micros(open),
    until: micros(open + 6.5 * HOUR),
    blind: [],
    times: minutes.map((_, minute) => micros(open + (minute + 0.5) * MINUTE)),
    quantities: minutes,
  };
};

describe.runIf(existsSync(BARS))(`days that were not learned from${whyNot(BARS)}`, () => {
  it("follow a curve of the other days more closely than an even one", () => {
    const DAYS = ["20131004", "20131007", "20131008", "20131009"];
    const errors = ["spy", "ibm", "bac", "aig"].flatMap((symbol) => {
      const minutes = DAYS.map((day) => minutesOf(symbol, day));
      return minutes.map((market, out) => {
        const others = minutes.filter((_, day) => day !== out).map(tapeOfMinutes);
        const curve = sharesOf(learned(others, { over: "session", buckets: 13 }));
        return { byCurve: trackingError(market, curve), even: trackingError(market, [1]) };
      });
    });
    expect(errors).toHaveLength(16);
    expect(errors.filter(({ byCurve, even }) => byCurve >= even)).toEqual([]);
    const mean = (of: "byCurve" | "even"): number =>
      errors.reduce((sum, error) => sum + error[of], 0) / errors.length;
    expect(mean("byCurve")).toBeLessThan(0.7 * mean("even"));
  });
});
