/**
 * Recording time: a moment of a recording as people write it: ISO 8601 (UTC unless a zone is
 * said), or a span from the recording's start (`+5m`). Exact to the nanosecond.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { parseDuration } from "../runtime/duration.ts";

/** Nanoseconds since 1970, or since the start of the recording. */
export interface RecordingTime {
  readonly from: "epoch" | "start";
  readonly nanos: bigint;
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** What is wrong is said with the ways that are right. */
export function parseRecordingTime(text: string): Result<RecordingTime, string> {
  if (text.startsWith("+")) {
    const span = parseDuration(text.slice(1));
    if (span.ok) return ok({ from: "start", nanos: BigInt(span.value) * 1000n });
    return err(`${text}: write a span with its unit behind the plus, such as +90s or +1h30m`);
  }
  const match = ISO.exec(text);
  const nanos = match === null ? undefined : nanosOf(match);
  if (nanos !== undefined) return ok({ from: "epoch", nanos });
  return err(
    `${text}: not a time; write 2024-08-08T23:55:00 (UTC), with a zone (…+02:00), ` +
      "or +5m from the recording's start",
  );
}

/** Undefined where the calendar has no such day, or the clock no such hour. */
function nanosOf(match: RegExpExecArray): bigint | undefined {
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] =
    match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(y, mo - 1, d, h, mi, s));
  const isTrue =
    date.getUTCFullYear() === y &&
    date.getUTCMonth() === mo - 1 &&
    date.getUTCDate() === d &&
    h < 24 &&
    mi < 60 &&
    s < 60;
  if (!isTrue) return undefined;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  const minutesEast = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  const shift = BigInt(sign === "-" ? -minutesEast : minutesEast) * 60_000n;
  const millis = BigInt(date.getTime()) - shift;
  const nanos = millis * 1_000_000n + BigInt(fraction.padEnd(9, "0") || "0");
  return nanos < 0n ? undefined : nanos;
}
