/**
 * Window: the stretch of market that parents are worked in, and where each lies.
 *
 * Windows of a recording lie side by side; those of a generated market are markets of their own,
 * spread over the hours of a day. What must stay true: where a window lies follows from its number,
 * so that every arm has the same ones.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type HalfTicks, type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { blockOf, LAST, type MarketBlock, type MarketHeader } from "../core/market/columns.ts";
import { Observer } from "../core/market/observer.ts";
import type { BacktestFault } from "./backtest.ts";
import type { MarketSpec, OpenMarket } from "./market-source.ts";

export type GeneratedMarket = Extract<MarketSpec, { kind: "generated" }>;

/** One market per parent (generated), or one market with many windows (recorded). */
export type Windows =
  | { readonly kind: "generated"; open(window: number): OpenMarket }
  | { readonly kind: "recorded"; readonly market: OpenMarket };

const WARM_UP = MINUTE;
/** Market after the deadline, for the last answers of the venue. */
export const TAIL: Micros = micros(10 * SECOND);

/**
 * The market of one generated window: a prime number of minutes after the one before, round the
 * day.
 * @param knobs what all windows share; `startAt` is the first window's.
 * @param over the longest order that is worked in it.
 */
export function generatedWindow(
  knobs: Omit<GeneratedMarket, "kind" | "seed" | "duration">,
  over: Micros,
  seed: number,
  window: number,
): GeneratedMarket {
  return {
    kind: "generated",
    ...knobs,
    seed: (seed + window * 7919) >>> 0,
    startAt: micros(knobs.startAt + ((window * 431) % 1440) * MINUTE),
    duration: micros(MINUTE + over + TAIL + MINUTE),
  };
}

export interface Placed {
  readonly market: OpenMarket;
  readonly start: Micros;
  readonly cluster: number;
  readonly horizon: HalfTicks;
}

/** Where window number `window` lies, and the market up to a little after its end. */
export function place(
  request: { readonly windows: Windows; readonly over: Micros; readonly parents: number },
  window: number,
): Result<Placed, BacktestFault> {
  const { windows, over, parents } = request;
  const whole = windows.kind === "generated" ? windows.open(window) : windows.market;
  const room = whole.until - whole.from - WARM_UP - over;
  if (room < 0) {
    const text =
      `the market data covers ${seconds(whole.until - whole.from)}; a minute of warm-up and an ` +
      `order of ${seconds(over)} do not fit: shorten --over or give more data`;
    return err({ code: "BACKTEST_SPAN", text });
  }
  const isRecorded = windows.kind === "recorded";
  // Windows that overlap in part share luck across whatever clusters they are put in. So what does
  // not fit side by side is worked again from the same start, with another seed.
  const apart = Math.min(parents, 1 + Math.floor(room / over));
  const slot = window % apart;
  const offset = isRecorded && apart > 1 ? Math.floor((room * slot) / (apart - 1)) : 0;
  return placeAt(whole, micros(WARM_UP + offset), over, isRecorded ? slot : window);
}

/** A window that begins `start` into the market, up to a little after its end. */
export function placeAt(
  whole: OpenMarket,
  start: Micros,
  over: Micros,
  cluster: number,
): Result<Placed, BacktestFault> {
  const end = micros(whole.from + start + over + TAIL);
  const blocks = [...cut(whole.blocks, whole.header, end)];
  const horizon = midAt(blocks, whole.header, micros(whole.from + start + over));
  if (horizon === undefined) {
    return err({ code: "BACKTEST_SPAN", text: "no two-sided book before the end of a window" });
  }
  return ok({
    market: { ...whole, blocks, until: micros(Math.min(whole.until, end)) },
    start,
    cluster,
    horizon,
  });
}

/** Whole messages with a local time of at most `until`. */
function* cut(
  blocks: Iterable<MarketBlock>,
  header: MarketHeader,
  until: Micros,
): Generator<MarketBlock> {
  const limit = nanosAt(header, until);
  for (const block of blocks) {
    let length = block.length;
    while (length > 0 && block.localTime[length - 1]! > limit) length -= 1;
    while (length > 0 && (block.kind[length - 1]! & LAST) === 0) length -= 1;
    if (length > 0) yield blockOf(block, length);
    if (length < block.length) return;
  }
}

function midAt(
  blocks: readonly MarketBlock[],
  header: MarketHeader,
  at: Micros,
): HalfTicks | undefined {
  const observer = new Observer(header);
  const until = nanosAt(header, at);
  for (const block of blocks) observer.observe(block, 0, block.length, until);
  return observer.lastMid;
}

const nanosAt = (header: MarketHeader, at: Micros): number =>
  (at - Number(header.epochNanos / 1000n)) * 1000;

const seconds = (span: number): string => `${(span / 1e6).toFixed(0)} s`;
