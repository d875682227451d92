/**
 * Volume curve learning: how a market's volume spreads over a day or a session, from recordings.
 *
 * The curve is the mean of the days' own shares, not of their volumes: a day with ten times the
 * volume says as much about the shape as any other. Over a day, buckets are hours of the UTC clock
 * and a day is any 24 hours from the first row on, so that a recording across midnight is one day.
 * Over a session, each recording is one session and buckets are parts of its own length.
 *
 * What must stay true: only volume that was watched counts, against the time in which it was
 * watched; a bucket that no day has seen enough of is never silently given a weight.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { DAY, type Fraction, type Micros, micros, MINUTE, NEVER } from "../core/domain/units.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  type MarketBlock,
  type MarketHeader,
  OFF_VOLUME,
} from "../core/market/columns.ts";

/** The trades of one recording, and the time in which they were watched. In exchange time. */
export interface VolumeTape {
  readonly from: Micros;
  readonly until: Micros;
  /** Inside [from, until), in order, apart: the stream was broken or silent. */
  readonly blind: readonly Span[];
  /** In order of time. */
  readonly times: readonly Micros[];
  readonly quantities: readonly number[];
}

export interface Span {
  readonly from: Micros;
  readonly until: Micros;
}

/** `zero`: nobody trades then. `mean`: as much as in the mean of the buckets that are known. */
export type UncoveredBuckets = "zero" | "mean";

export interface CurveRequest {
  readonly over: "day" | "session";
  readonly buckets: number;
  /** What a bucket that was hardly recorded weighs; absent: it is a fault. */
  readonly uncovered?: UncoveredBuckets;
}

export interface CurveBucket {
  /** Begin and end as shares of the day or of the session. */
  readonly from: Fraction;
  readonly until: Fraction;
  /** Share of the volume; all sum to 1. */
  readonly share: Fraction;
  /** Of the share, over days; null where one day is all there is, or nothing was learned. */
  readonly standardError: Fraction | null;
  /** How much of the bucket was recorded, on average over the days. */
  readonly coverage: Fraction;
  /** Days that it was learned from; 0: the share is assumed. */
  readonly days: number;
}

export interface LearnedCurve {
  readonly over: CurveRequest["over"];
  readonly buckets: readonly CurveBucket[];
  /** Days, or sessions, whose shares were averaged. */
  readonly days: readonly Span[];
  /** Days that could not take part, and why. */
  readonly leftOut: readonly (Span & { readonly why: string })[];
}

export interface CurveFault {
  readonly code: "CURVE_COVERAGE" | "CURVE_NO_VOLUME" | "CURVE_OVERLAP";
  readonly text: string;
}

/** Under this much of a bucket, scaling its volume up would be a guess. */
export const LEAST_COVERAGE: Fraction = 0.9;
/** A recording without a single row for so long was not recording. */
export const LONGEST_SILENCE: Micros = micros(10 * MINUTE);

/** Block trades are no interval volume. What trades while the stream is broken is not counted. */
export function volumeTape(header: MarketHeader, blocks: Iterable<MarketBlock>): VolumeTape {
  const epoch = Number(header.epochNanos / 1000n);
  const blind: Span[] = [];
  const times: Micros[] = [];
  const quantities: number[] = [];
  let from: Micros | undefined;
  let last = micros(0);
  let brokenAt: Micros | undefined;
  for (const { length, kind, exchangeTime, quantity } of blocks) {
    for (let row = 0; row < length; row++) {
      const flags = kind[row]!;
      if ((flags & ENGINE_ONLY) !== 0) continue;
      const at = micros(epoch + Math.floor(exchangeTime[row]! / 1000));
      from ??= at;
      const what = flags & KIND_MASK;
      if (brokenAt === undefined && last > 0 && at - last > LONGEST_SILENCE) {
        blind.push({ from: last, until: at });
      }
      last = at;
      if (what === Kind.GAP) brokenAt ??= at;
      else if (what === Kind.CLEAR && brokenAt !== undefined) {
        if (at > brokenAt) blind.push({ from: brokenAt, until: at });
        brokenAt = undefined;
      } else if (what === Kind.TRADE_BUY || what === Kind.TRADE_SELL) {
        if (brokenAt !== undefined || (flags & OFF_VOLUME) !== 0) continue;
        times.push(at);
        quantities.push(quantity[row]!);
      }
    }
  }
  if (brokenAt !== undefined && last > brokenAt) blind.push({ from: brokenAt, until: last });
  return { from: from ?? last, until: last, blind, times, quantities };
}

/** Volume and watched time of one day, bucket by bucket. The span is what was watched of it. */
interface Day {
  from: Micros;
  until: Micros;
  readonly volume: number[];
  /** In µs, of `bucketMicros`. */
  readonly watched: number[];
  readonly bucketMicros: number;
}

/** The order in which the tapes are given makes no difference. */
export function learnVolumeCurve(
  tapes: readonly VolumeTape[],
  request: CurveRequest,
): Result<LearnedCurve, CurveFault> {
  const inOrder = tapes.toSorted((a, b) => a.from - b.from || a.until - b.until);
  for (const [index, tape] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before === undefined || tape.from >= before.until) continue;
    const both = `${textOf(before)} and ${textOf(tape)}`;
    const text = `two recordings cover the same time, ${both}: it would count twice; leave one out`;
    return err({ code: "CURVE_OVERLAP", text });
  }
  const days =
    request.over === "session"
      ? inOrder.map((tape) => sessionOf(tape, request.buckets))
      : daysOf(inOrder, request.buckets);
  return average(days, request);
}

function sessionOf(tape: VolumeTape, buckets: number): Day {
  const bucketMicros = Math.max(1, tape.until - tape.from) / buckets;
  const day = emptyDay(tape, buckets, bucketMicros);
  tape.times.forEach((at, i) => {
    const bucket = Math.min(buckets - 1, Math.floor((at - tape.from) / bucketMicros));
    day.volume[bucket]! += tape.quantities[i]!;
  });
  for (const span of watchedSpans(tape)) {
    for (let bucket = 0; bucket < buckets; bucket++) {
      const begin = tape.from + bucket * bucketMicros;
      day.watched[bucket]! += overlap(span, begin, begin + bucketMicros);
    }
  }
  return day;
}

/** Windows of 24 hours from the bucket in which the first tape begins; buckets by the clock. */
function daysOf(tapes: readonly VolumeTape[], buckets: number): Day[] {
  const bucketMicros = DAY / buckets;
  const first = tapes[0];
  if (first === undefined) return [];
  const midnight = first.from - (first.from % DAY);
  const startBucket = Math.floor((first.from - midnight) / bucketMicros);
  const days = new Map<number, Day>();
  const slotOf = (at: number): number => Math.floor((at - midnight) / bucketMicros) - startBucket;
  const dayOf = (slot: number): Day => {
    const index = Math.floor(slot / buckets);
    let day = days.get(index);
    if (day === undefined) {
      days.set(index, (day = emptyDay(undefined, buckets, bucketMicros)));
    }
    return day;
  };
  const bucketOf = (slot: number): number => (slot + startBucket) % buckets;
  for (const tape of tapes) {
    tape.times.forEach((at, i) => {
      const slot = slotOf(at);
      dayOf(slot).volume[bucketOf(slot)]! += tape.quantities[i]!;
    });
    for (const span of watchedSpans(tape)) {
      const last = slotOf(span.until);
      for (let slot = slotOf(span.from); slot <= last; slot++) {
        const begin = midnight + (slot + startBucket) * bucketMicros;
        const seen = overlap(span, begin, begin + bucketMicros);
        if (seen === 0) continue;
        const day = dayOf(slot);
        day.watched[bucketOf(slot)]! += seen;
        day.from = micros(Math.min(day.from, Math.max(span.from, Math.round(begin))));
        const end = Math.min(span.until, Math.round(begin + bucketMicros));
        day.until = micros(Math.max(day.until, end));
      }
    }
  }
  return [...days.values()];
}

/** Without a span it begins as the empty one, and grows. */
const emptyDay = (span: Span | undefined, buckets: number, bucketMicros: number): Day => ({
  from: span?.from ?? NEVER,
  until: span?.until ?? micros(0),
  volume: Array<number>(buckets).fill(0),
  watched: Array<number>(buckets).fill(0),
  bucketMicros,
});

/** What is left of [from, until) without the blind spans. */
function* watchedSpans(tape: VolumeTape): Generator<Span> {
  let { from } = tape;
  for (const span of tape.blind) {
    if (span.from > from) yield { from, until: span.from };
    if (span.until > from) from = span.until;
  }
  if (tape.until > from) yield { from, until: tape.until };
}

const overlap = (span: Span, from: number, until: number): number =>
  Math.max(0, Math.min(span.until, until) - Math.max(span.from, from));

/** Buckets of the day that was covered best; every day that covers them all takes part. */
function average(days: readonly Day[], request: CurveRequest): Result<LearnedCurve, CurveFault> {
  const { buckets } = request;
  const every = Array.from({ length: buckets }, (_, bucket) => bucket);
  const coveredBy = (day: Day): number[] => every.filter((k) => coverage(day, k) >= LEAST_COVERAGE);
  const known = days
    .map(coveredBy)
    .reduce((best, one) => (one.length > best.length ? one : best), []);
  const missing = every.filter((bucket) => !known.includes(bucket));
  if (known.length === 0 || (missing.length > 0 && request.uncovered === undefined)) {
    return err(coverageFault(days, request, missing));
  }
  const used: { readonly day: Day; readonly shares: readonly number[] }[] = [];
  const leftOut: (Span & { readonly why: string })[] = [];
  for (const day of days) {
    const { from, until } = day;
    const holes = known.filter((bucket) => coverage(day, bucket) < LEAST_COVERAGE).length;
    const rates = known.map((bucket) => day.volume[bucket]! / coverage(day, bucket));
    const total = rates.reduce((sum, rate) => sum + rate, 0);
    if (holes > 0) {
      leftOut.push({ from, until, why: `${holes} of ${known.length} buckets not covered` });
    } else if (total === 0) leftOut.push({ from, until, why: "nobody traded" });
    else used.push({ day, shares: rates.map((rate) => rate / total) });
  }
  if (used.length === 0) {
    const text =
      "there is no trade in these recordings to learn a curve from; " +
      "give recordings with trades (arrival data info counts them)";
    return err({ code: "CURVE_NO_VOLUME", text });
  }
  const assumed = request.uncovered === "mean" ? 1 / known.length : 0;
  const scale = 1 / (1 + assumed * missing.length);
  return ok({
    over: request.over,
    days: used.map(({ day: { from, until } }) => ({ from, until })),
    leftOut,
    buckets: every.map((bucket) => {
      const place = known.indexOf(bucket);
      const shares = place < 0 ? [] : used.map((one) => one.shares[place]!);
      const { mean, standardError } = place < 0 ? unknown(assumed) : meanOf(shares);
      return {
        from: bucket / buckets,
        until: (bucket + 1) / buckets,
        share: mean * scale,
        standardError: standardError === null ? null : standardError * scale,
        coverage: meanOf(days.map((day) => coverage(day, bucket))).mean,
        days: shares.length,
      };
    }),
  });
}

const unknown = (mean: number) => ({ mean, standardError: null });

const coverage = (day: Day, bucket: number): Fraction =>
  Math.min(1, day.watched[bucket]! / day.bucketMicros);

function meanOf(values: readonly number[]): { mean: number; standardError: number | null } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, standardError: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (count - 1) / count) };
}

function coverageFault(
  days: readonly Day[],
  { over, buckets }: CurveRequest,
  missing: readonly number[],
): CurveFault {
  const best = (bucket: number): number =>
    days.reduce((most, day) => Math.max(most, coverage(day, bucket)), 0);
  const label = over === "day" ? clock : hundredths;
  const ranges: { from: number; until: number; most: number }[] = [];
  for (const bucket of missing) {
    const last = ranges.at(-1);
    if (last?.until === bucket) {
      last.until = bucket + 1;
      last.most = Math.max(last.most, best(bucket));
    } else ranges.push({ from: bucket, until: bucket + 1, most: best(bucket) });
  }
  const where = ranges.map(
    ({ from, until, most }) =>
      `${label(from / buckets)}–${label(until / buckets)} ` +
      `(at most ${hundredths(most)} of a bucket)`,
  );
  const advice =
    over === "day"
      ? "give whole days, more buckets (--buckets) where a session begins inside of one, " +
        "or say what the rest weighs (--uncovered zero, outside of a session, or mean); " +
        "a recording that is one session: --over session"
      : "the stream broke for too long: use fewer buckets (--buckets) or another recording";
  return {
    code: "CURVE_COVERAGE",
    text:
      `${missing.length} of ${buckets} buckets were not recorded on any one day: ` +
      `${where.join(", ")}; ${advice}`,
  };
}

/** A share of the day as `13:30`, with seconds where there are some. */
export function clock(share: Fraction): string {
  const seconds = Math.round(share * 86_400);
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(twoDigits);
  return rest === "00" ? `${hours}:${minutes}` : `${hours}:${minutes}:${rest}`;
}

const twoDigits = (count: number): string => String(Math.floor(count)).padStart(2, "0");

const hundredths = (share: Fraction): string => `${(share * 100).toFixed(1)} %`;

const textOf = ({ from, until }: Span): string =>
  `${new Date(from / 1000).toISOString()} to ${new Date(until / 1000).toISOString()}`;
