/**
 * Latency: how long an order travels to the venue, and its answer back.
 *
 * Without it a backtest trades on prices that are gone. Spans are whole nanoseconds. The k-th span
 * is a pure function of (model, k), so a replay sees the same delays; that messages of one
 * direction keep their order is the venue's duty, not the model's.
 */
import { invariant } from "../core/domain/errors.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";

export interface LatencyModel {
  /** Nanoseconds from our sending the `k`-th command (0, 1, 2 …) to its arrival at the venue. */
  entry(k: number): number;
  /** Nanoseconds from the `k`-th report at the venue (0, 1, 2 …) to its arrival here. */
  response(k: number): number;
  /** No entry is faster: how far the venue may run ahead of the local clock. */
  readonly minEntry: number;
  readonly minResponse: number;
}

/** The same span every time, in nanoseconds. */
export function constantLatency(entry: number, response: number): LatencyModel {
  const minEntry = span(entry);
  const minResponse = span(response);
  return { entry: () => minEntry, response: () => minResponse, minEntry, minResponse };
}

/** A span that is anywhere in [from, to] with equal chance. */
export interface SpanRange {
  readonly from: number;
  readonly to: number;
}

/** Nanoseconds, drawn by (seed, k). */
export function uniformLatency(entry: SpanRange, response: SpanRange, seed: number): LatencyModel {
  const draw = (range: SpanRange, stream: number): ((k: number) => number) => {
    const from = span(range.from);
    const width = span(range.to) - from;
    invariant(width >= 0, `a range of latency runs upwards: ${range.from}..${range.to}`);
    return (k) => from + Math.floor(uniformAt(seed, stream, k) * (width + 1));
  };
  return {
    entry: draw(entry, ENTRY),
    response: draw(response, RESPONSE),
    minEntry: entry.from,
    minResponse: response.from,
  };
}

/** A skewed span: never under `floor`, half of them under `median`, a long tail cut at `cap`. */
export interface SkewedSpan {
  readonly floor: number;
  readonly median: number;
  readonly cap: number;
}

/**
 * Nanoseconds with a long tail, as networks have it: floor + (median − floor) × √(u / (1 − u)).
 * That is log-logistic with shape 2: looks like a lognormal, and takes only √, which is exact on
 * every machine, where exp and log are not.
 */
export function skewedLatency(entry: SkewedSpan, response: SkewedSpan, seed: number): LatencyModel {
  const draw = (shape: SkewedSpan, stream: number): ((k: number) => number) => {
    const floor = span(shape.floor);
    const middle = span(shape.median) - floor;
    const cap = span(shape.cap);
    invariant(
      middle >= 0 && cap >= shape.median,
      `a latency has floor <= median <= cap: ${shape.floor}, ${shape.median}, ${shape.cap}`,
    );
    return (k) => {
      const u = uniformAt(seed, stream, k);
      return Math.min(cap, floor + Math.round(middle * Math.sqrt(u / (1 - u))));
    };
  };
  return {
    entry: draw(entry, ENTRY),
    response: draw(response, RESPONSE),
    minEntry: entry.floor,
    minResponse: response.floor,
  };
}

const ENTRY = streamOf("latency-entry");
const RESPONSE = streamOf("latency-response");

function span(nanos: number): number {
  invariant(
    Number.isSafeInteger(nanos) && nanos >= 0,
    `a latency is a whole number of nanoseconds, zero or more: ${nanos}`,
  );
  return nanos;
}
