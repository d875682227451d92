/**
 * Market pattern: what time of day it is, what the price has done, and what other markets do, in
 * the canonical form that an advisor is shown.
 *
 * Pure function of what observers keep. What must stay true: a sale is told by the figures of its
 * mirror image; what was not seen is absent; and nothing here names a market, a price or a date.
 */
import type {
  PastExecution,
  SituationHours,
  SituationMoves,
  SituationOther,
  SituationPath,
  TradingSession,
} from "../contracts/advice.ts";
import { MOST_EXECUTIONS } from "../contracts/advice.ts";
import { type Side, sign } from "../domain/side.ts";
import type { Micros } from "../domain/units.ts";
import { type MidHistory, SLOT_SECONDS } from "../market/mid-history.ts";
import type { Observer } from "../market/observer.ts";
import { bps, rounded, seconds, share } from "./situation-figure.ts";

const MINUTES_PER_DAY = 1440;
const SECONDS_PER_DAY = 86_400;
/** What an hour may be of the mean at most: the whole day's. */
const HOURS_PER_DAY = 24;
/** The epoch began on a Thursday. */
const FIRST_WEEKDAY = 4;
/** Working hours in UTC; the last that is open counts. */
const SESSIONS: readonly (readonly [TradingSession, from: number, until: number])[] = [
  ["asia", 0, 8],
  ["europe", 7, 16],
  ["us", 13, 21],
];
/** Minutes ahead that are looked up as they were a day ago, and how many of them must be known. */
const AHEAD = 30;
const AHEAD_KNOWN = 24;
const MINUTE_COVERAGE_LEAST = 0.5;
/** Of a day, to say what its mean is. */
const DAY_COVERAGE_LEAST = 0.5;
const OTHERS = 3;
const LARGEST_BPS = 1e5;

/** @param hourly as the order's terms have it: what was seen here comes before what was learned. */
export function hoursOf(
  now: Micros,
  { profile }: Observer,
  hourly: readonly number[] = [],
): SituationHours {
  const second = Math.floor(now / 1e6);
  const hour = Math.floor((second % SECONDS_PER_DAY) / 3600);
  const weekday = (Math.floor(second / SECONDS_PER_DAY) + FIRST_WEEKDAY) % 7;
  const open = SESSIONS.findLast(([, from, until]) => hour >= from && hour < until);
  const volume = usualAhead(second, profile) ?? soundRatio(hourly[hour]);
  return {
    session: open?.[0] ?? "between",
    isWeekend: weekday === 0 || weekday === 6,
    ...(volume === undefined ? {} : { volumeAgainstDay: rounded(volume, 2) }),
  };
}

const soundRatio = (ratio: number | undefined): number | undefined =>
  isFigure(ratio) ? within(ratio, 0, HOURS_PER_DAY) : undefined;

/** Volume of the next half hour a day ago over the day's mean. */
function usualAhead(second: number, profile: Observer["profile"]): number | undefined {
  const day = profile.day;
  if (day.coverage < DAY_COVERAGE_LEAST || day.value <= 0) return undefined;
  const minute = Math.floor((second % SECONDS_PER_DAY) / 60);
  let [sum, known] = [0, 0];
  for (let k = 1; k <= AHEAD; k++) {
    const { value, coverage } = profile.minute((minute + k) % MINUTES_PER_DAY);
    if (coverage < MINUTE_COVERAGE_LEAST) continue;
    sum += value;
    known += 1;
  }
  return known < AHEAD_KNOWN ? undefined : sum / known / (day.value / MINUTES_PER_DAY);
}

/** Undefined: nothing was seen. */
export function pathOf(
  now: Micros,
  side: Side,
  { mids, lastMid: mid }: Observer,
): SituationPath | undefined {
  const range = mid === undefined ? undefined : mids.range(mid);
  if (mid === undefined || range === undefined) return undefined;
  const [over, under] = [mid - range.low, range.high - mid];
  const [dear, cheap] = side === "buy" ? [under, over] : [over, under];
  const { varianceRatio } = mids;
  return {
    ...movesOf(now, side, mid, mids),
    seenSeconds: range.seconds,
    underDearestBps: bps(dear / mid),
    overCheapestBps: bps(cheap / mid),
    ...(varianceRatio === undefined ? {} : { varianceRatio: rounded(varianceRatio, 2) }),
  };
}

function movesOf(now: Micros, side: Side, mid: number, mids: MidHistory): SituationMoves {
  const over = (minutes: number): number | undefined => {
    // The newest slot that had ended by then.
    const then = mids.at(Math.floor((now / 1e6 - 60 * minutes) / SLOT_SECONDS) - 1);
    return then === undefined ? undefined : bps(sign(side) * (mid / then - 1));
  };
  const [minute1Bps, minute5Bps, minute15Bps, minute60Bps] = [1, 5, 15, 60].map(over);
  return {
    ...(minute1Bps === undefined ? {} : { minute1Bps }),
    ...(minute5Bps === undefined ? {} : { minute5Bps }),
    ...(minute15Bps === undefined ? {} : { minute15Bps }),
    ...(minute60Bps === undefined ? {} : { minute60Bps }),
  };
}

/** Those that go with ours most come first; whose price is not known is left out. */
export function othersOf(
  now: Micros,
  side: Side,
  own: Observer,
  others: readonly Observer[],
): readonly SituationOther[] {
  return others
    .flatMap(({ mids, lastMid }): SituationOther[] => {
      if (lastMid === undefined || mids.last === 0) return [];
      const correlation = own.mids.correlation(mids);
      const known = correlation === undefined ? {} : { correlation: rounded(correlation, 2) };
      return [{ ...movesOf(now, side, lastMid, mids), ...known }];
    })
    .sort((a, b) => Math.abs(b.correlation ?? 0) - Math.abs(a.correlation ?? 0))
    .slice(0, OTHERS);
}

/** What was handed in may be anything: what is no figure is left out, and so is what has none. */
export function executionsOf(experience: readonly PastExecution[]): readonly PastExecution[] {
  return experience
    .slice(0, MOST_EXECUTIONS)
    .filter((one) =>
      [one.spanSeconds, one.executed, one.shortfallBps].every((each) => Number.isFinite(each)),
    )
    .map(soundExecution);
}

function soundExecution(one: PastExecution): PastExecution {
  const { forecastBps, participation } = one;
  return {
    spanSeconds: seconds(within(one.spanSeconds * 1e6, 0, 1e15)),
    executed: share(within(one.executed, 0, 1)),
    shortfallBps: costBps(one.shortfallBps),
    ...(isFigure(forecastBps) ? { forecastBps: costBps(forecastBps) } : {}),
    ...(isFigure(participation) ? { participation: share(within(participation, 0, 1)) } : {}),
  };
}

const isFigure = (value: number | undefined): value is number => Number.isFinite(value);
const within = (value: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, value));
const costBps = (value: number): number => rounded(within(value, -LARGEST_BPS, LARGEST_BPS), 2);
