/**
 * Recorded windows: all windows of one recording, placed in one pass over it.
 *
 * Each is what `place` says of it. What comes on top is needed where several are worked in one
 * pass: up to when what a run has done cannot have come of rows behind its own window.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type HalfTicks, type Micros, micros } from "../core/domain/units.ts";
import {
  ENGINE_ONLY,
  type MarketBlock,
  type MarketHeader,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { Observer } from "../core/market/observer.ts";
import type { BacktestFault } from "./backtest.ts";
import type { OpenMarket } from "./market-source.ts";
import { cut, lengthUntil, nanosAt, NO_BOOK, type Placed, startsIn, TAIL } from "./window.ts";

export interface RecordedWindow extends Placed {
  /**
   * An order that has ended by then has ended just so with the rows of the window alone: neither
   * had they ended before, nor had the venue come to a row behind them.
   */
  readonly settledBy: Micros;
}

/** In the order of their slots: window number w lies in slot w modulo their count. */
export function recordedWindows(
  whole: OpenMarket,
  over: Micros,
  parents: number,
): Result<readonly RecordedWindow[], BacktestFault> {
  const starts = startsIn(whole, over, parents);
  if (!starts.ok) return starts;
  const { header, from } = whole;
  const deadlines = starts.value.map((start) => micros(from + start + over));
  const ends = deadlines.map((deadline) => micros(deadline + TAIL));
  const inNanos = (times: readonly Micros[]): number[] =>
    times.map((time) => nanosAt(header, time));
  const mids = new MidsAt(header, inNanos(deadlines));
  const edges = new EdgesAt(inNanos(ends));
  for (const block of whole.blocks) {
    mids.take(block);
    edges.take(block);
  }
  const windows: RecordedWindow[] = [];
  for (const [slot, start] of starts.value.entries()) {
    const horizon = mids.at(slot);
    if (horizon === undefined) return err(NO_BOOK);
    const end = ends[slot]!;
    const blocks = { [Symbol.iterator]: () => cut(whole.blocks, header, end) };
    windows.push({
      market: { ...whole, blocks, until: micros(Math.min(whole.until, end)) },
      start,
      cluster: slot,
      horizon,
      settledBy: settledBy(header, edges.at(slot)),
    });
  }
  return ok(windows);
}

/** A microsecond before either, because times of events are cut to whole ones. */
const settledBy = ({ epochNanos }: MarketHeader, { lastLocal, nextExchange }: Edge): Micros =>
  micros(Number(epochNanos / 1000n) + Math.floor(Math.min(lastLocal, nextExchange) / 1000) - 1);

/** The mid at each of several times, which rise. Nanoseconds of the stream. */
class MidsAt {
  readonly #observer: Observer;
  readonly #times: readonly number[];
  readonly #mids: (HalfTicks | undefined)[] = [];

  constructor(header: MarketHeader, times: readonly number[]) {
    this.#observer = new Observer(header);
    this.#times = times;
  }

  take(block: MarketBlock): void {
    for (let row = 0; this.#mids.length < this.#times.length;) {
      const until = this.#times[this.#mids.length]!;
      row = this.#observer.observe(block, row, block.length, until);
      if (row === block.length) return;
      this.#mids.push(this.#observer.lastMid);
    }
  }

  /** A time behind the last row has the mid of that. */
  at(place: number): HalfTicks | undefined {
    return place < this.#mids.length ? this.#mids[place] : this.#observer.lastMid;
  }
}

/** What lies on both sides of a cut, nanoseconds of the stream. */
interface Edge {
  /** Local time of the last row before it that an engine sees. */
  readonly lastLocal: number;
  /** Exchange time of the first row behind it that the venue sees; infinite where there is none. */
  readonly nextExchange: number;
}

/** The edges of cuts at several times, which rise. */
class EdgesAt {
  readonly #ends: readonly number[];
  readonly #lastLocals: number[] = [];
  readonly #nextExchanges: number[] = [];
  /** Of all rows so far. */
  #lastLocal = 0;

  constructor(ends: readonly number[]) {
    this.#ends = ends;
  }

  take(block: MarketBlock): void {
    this.#findNext(block, 0);
    while (this.#lastLocals.length < this.#ends.length) {
      const length = lengthUntil(block, this.#ends[this.#lastLocals.length]!);
      if (length === block.length) break;
      this.#lastLocals.push(lastLocalOf(block, length) ?? this.#lastLocal);
      this.#findNext(block, length);
    }
    this.#lastLocal = lastLocalOf(block, block.length) ?? this.#lastLocal;
  }

  at(place: number): Edge {
    return {
      lastLocal: this.#lastLocals[place] ?? this.#lastLocal,
      nextExchange: this.#nextExchanges[place] ?? Number.POSITIVE_INFINITY,
    };
  }

  /** For cuts that have been made and whose other side was not seen yet. */
  #findNext({ kind, exchangeTime, length }: MarketBlock, from: number): void {
    if (this.#nextExchanges.length === this.#lastLocals.length) return;
    for (let row = from; row < length; row++) {
      if ((kind[row]! & ENGINE_ONLY) !== 0) continue;
      while (this.#nextExchanges.length < this.#lastLocals.length) {
        this.#nextExchanges.push(exchangeTime[row]!);
      }
      return;
    }
  }
}

function lastLocalOf({ kind, localTime }: MarketBlock, length: number): number | undefined {
  for (let row = length - 1; row >= 0; row--) {
    if ((kind[row]! & VENUE_ONLY) === 0) return localTime[row]!;
  }
  return undefined;
}
