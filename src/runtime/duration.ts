/**
 * Duration: a span of time as people write it (`250ms`, `5s`, `1h30m`), exact to the microsecond.
 *
 * A bare number is refused, because its unit would be a guess.
 */
import { parseDecimal, tenTo } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Micros, micros } from "../core/domain/units.ts";

/** Largest first: the order in which the parts of one duration must stand. */
const UNITS: readonly (readonly [unit: string, size: number])[] = [
  ["d", 86_400_000_000],
  ["h", 3_600_000_000],
  ["m", 60_000_000],
  ["s", 1_000_000],
  ["ms", 1_000],
  ["us", 1],
];

export interface DurationFault {
  readonly code: "DURATION_SYNTAX";
  readonly text: string;
}

const WHOLE = /^(?:\d{1,15}(?:\.\d{1,15})?(?:d|h|ms|m|us|s))+$/;
const PART = /(\d+(?:\.\d+)?)(d|h|ms|m|us|s)/g;

/** Parses `3m`, `0.5s`, `1h30m`: larger units first, each at most once, whole microseconds. */
export function parseDuration(text: string): Result<Micros, DurationFault> {
  const fault = err({ code: "DURATION_SYNTAX", text: text.slice(0, 60) } as const);
  if (!WHOLE.test(text)) return fault;
  let total = 0n;
  let smallest = -1;
  for (const [, digits, unit] of text.matchAll(PART)) {
    const rank = UNITS.findIndex(([name]) => name === unit);
    const amount = parseDecimal(digits ?? "");
    if (rank <= smallest || !amount.ok) return fault;
    smallest = rank;
    const scaled = amount.value.mantissa * BigInt(UNITS[rank]?.[1] ?? 0);
    const divisor = tenTo(amount.value.scale);
    if (scaled % divisor !== 0n) return fault;
    total += scaled / divisor;
  }
  if (total > BigInt(Number.MAX_SAFE_INTEGER)) return fault;
  return ok(micros(Number(total)));
}

/** The shortest text that `parseDuration` reads back the same: `90s` is `1m30s`. */
export function formatDuration(span: Micros): string {
  let rest: number = span;
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === "" ? "0s" : text;
}
