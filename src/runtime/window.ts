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
  if (windows.kind === "recorded") {
    const starts = startsIn(windows.market, over, parents);
    if (!starts.ok) return starts;
    const slot = window % starts.value.length;
    return placeAt(windows.market, starts.value[slot]!, over, slot);
  }
  const whole = windows.open(window);
  const room = roomIn(whole, over);
  return room.ok ? placeAt(whole, WARM_UP, over, window) : room;
}

/**
 * Where windows begin in a recording. Those that overlap in part would share luck across whatever
 * clusters they are put in, so what does not fit side by side is worked again from the same start,
 * with another seed: window number w begins where number w modulo their count does.
 */
export function startsIn(
  whole: Pick<OpenMarket, "from" | "until">,
  over: Micros,
  parents: number,
): Result<readonly Micros[], BacktestFault> {
  const room = roomIn(whole, over);
  if (!room.ok) return room;
  const apart = Math.min(parents, 1 + Math.floor(room.value / over));
  const offsetOf = (slot: number): number =>
    apart > 1 ? Math.floor((room.value * slot) / (apart - 1)) : 0;
  return ok(Array.from({ length: apart }, (_, slot) => micros(WARM_UP + offsetOf(slot))));
}

/** What is left of a market beside the warm-up and an order. */
function roomIn(
  { from, until }: Pick<OpenMarket, "from" | "until">,
  over: Micros,
): Result<Micros, BacktestFault> {
  const room = until - from - WARM_UP - over;
  if (room >= 0) return ok(micros(room));
  const text =
    `the market data covers ${seconds(until - from)}; a minute of warm-up and an ` +
    `order of ${seconds(over)} do not fit: shorten --over or give more data`;
  return err({ code: "BACKTEST_SPAN", text });
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
  if (horizon === undefined) return err(NO_BOOK);
  return ok({
    market: { ...whole, blocks, until: micros(Math.min(whole.until, end)) },
    start,
    cluster,
    horizon,
  });
}

export const NO_BOOK: BacktestFault = {
  code: "BACKTEST_SPAN",
  text: "no two-sided book before the end of a window",
};

/** Whole messages with a local time of at most `until`. */
export function* cut(
  blocks: Iterable<MarketBlock>,
  header: MarketHeader,
  until: Micros,
): Generator<MarketBlock> {
  const limit = nanosAt(header, until);
  for (const block of blocks) {
    const length = lengthUntil(block, limit);
    if (length > 0) yield blockOf(block, length);
    if (length < block.length) return;
  }
}

/** Rows of the whole messages with a local time of at most `limit`, nanoseconds of the stream. */
export function lengthUntil({ localTime, kind, length }: MarketBlock, limit: number): number {
  let end = length;
  while (end > 0 && localTime[end - 1]! > limit) end -= 1;
  while (end > 0 && (kind[end - 1]! & LAST) === 0) end -= 1;
  return end;
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

export const nanosAt = (header: MarketHeader, at: Micros): number =>
  (at - Number(header.epochNanos / 1000n)) * 1000;

const seconds = (span: number): string => `${(span / 1e6).toFixed(0)} s`;
