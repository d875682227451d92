/**
 * Windows: rolling figures over market time, each with the share of its window that was observed.
 *
 * A window never guesses: after five minutes of data the volume of a day is known for five minutes,
 * and says so. All are fed once per second of market time, never per row.
 */
import type { Covered } from "../domain/decision.ts";
import { invariant } from "../domain/errors.ts";
import type { Fraction } from "../domain/units.ts";

const SECONDS_PER_DAY = 86_400;
const MINUTES_PER_DAY = 1_440;

/** Volume of the newest whole seconds, the current one included. */
export class SecondsWindow {
  /** Length of the window in seconds. */
  readonly seconds: number;
  readonly #buckets: Float64Array;
  readonly #mask: number;
  #second = -1;
  /** Of whole lots, so exact: what has been added is taken away again to the last lot. */
  #total = 0;

  /** @param seconds 1..3600. */
  constructor(seconds: number) {
    invariant(seconds >= 1 && seconds <= 3600, `a window of ${seconds} s`);
    this.seconds = Math.ceil(seconds);
    const size = 2 ** Math.ceil(Math.log2(this.seconds + 1));
    this.#buckets = new Float64Array(size);
    this.#mask = size - 1;
  }

  /** Adds to the bucket of `second` (seconds since the Unix epoch); what is too old is dropped. */
  add(second: number, lots: number): void {
    this.roll(second);
    if (second <= this.#second - this.seconds) return;
    this.#buckets[second & this.#mask]! += lots;
    this.#total += lots;
  }

  /** Moves the window's end to `second`: what falls out behind it no longer counts. */
  roll(second: number): void {
    if (second <= this.#second) return;
    const from = Math.max(this.#second + 1, second - this.#mask);
    for (let entered = from; entered <= second; entered++) {
      const left = (entered - this.seconds) & this.#mask;
      this.#total -= this.#buckets[left]!;
      this.#buckets[left] = 0;
    }
    this.#second = second;
  }

  /** Forgets all of it, its end too: what comes next may be of an earlier second. */
  clear(): void {
    this.#buckets.fill(0);
    this.#total = 0;
    this.#second = -1;
  }

  /** What lies in it, the oldest first, as `add` takes it. */
  get entries(): readonly (readonly [second: number, lots: number])[] {
    const found: [number, number][] = [];
    for (let second = this.#second - this.seconds + 1; second <= this.#second; second++) {
      const amount = this.#buckets[second & this.#mask]!;
      if (amount > 0) found.push([second, amount]);
    }
    return found;
  }

  /**
   * Sum over (second − seconds, second]: the newest bucket is partial, so never more than asked.
   */
  sum(second: number): number {
    this.roll(second);
    return this.#total;
  }
}

/**
 * Realised volatility of the mid from 10-second log returns over an hour.
 *
 * `perHour` is scaled up from what was seen, with its coverage; `assured` is what a limit may use.
 */
export class VolatilityWindow {
  static readonly SAMPLE_SECONDS = 10;
  static readonly #SAMPLES = 360;
  static readonly #ASSURED = 0.25;
  readonly #squares = new Float64Array(VolatilityWindow.#SAMPLES);
  #count = 0;
  #next = 0;
  #lastMid = 0;
  #sum = 0;

  sample(mid: number): void {
    if (this.#lastMid > 0) {
      const change = Math.log(mid / this.#lastMid);
      this.#squares[this.#next] = change * change;
      this.#next = (this.#next + 1) % VolatilityWindow.#SAMPLES;
      if (this.#count < VolatilityWindow.#SAMPLES) this.#count += 1;
      this.#sum = 0;
      for (let i = 0; i < this.#count; i++) this.#sum += this.#squares[i]!;
    }
    this.#lastMid = mid;
  }

  /** After a break the next return would span it: forget the last mid, keep the returns. */
  interrupt(): void {
    this.#lastMid = 0;
  }

  get perHour(): Covered {
    if (this.#count === 0) return { value: 0, coverage: 0 };
    const coverage = this.#count / VolatilityWindow.#SAMPLES;
    return { value: Math.sqrt(this.#sum / coverage), coverage };
  }

  /**
   * What may be relied on, per hour: scaled once a quarter of the hour is covered; before that only
   * what has really been realised, a lower bound, so that unknown neither stops nor passes for
   * small.
   */
  get assured(): Fraction {
    const covered = this.#count / VolatilityWindow.#SAMPLES;
    return Math.sqrt(covered >= VolatilityWindow.#ASSURED ? this.#sum / covered : this.#sum);
  }
}

/**
 * Volume by minute of the UTC day, as last seen and as seen the day before that, and the day's
 * volume (ADV), from what has been seen.
 */
export class VolumeProfile {
  #newest = new DayOfMinutes();
  #before = new DayOfMinutes();
  /** Minutes since the Unix epoch. */
  #minute = -1;

  /** One whole observed second of volume. */
  add(second: number, lots: number): void {
    const minute = Math.floor(second / 60);
    if (minute !== this.#minute) {
      this.#minute = minute;
      if (!this.#newest.has(minute)) this.#before.take(minute, this.#newest);
      this.#newest.clear(minute);
    }
    this.#newest.add(minute, lots);
  }

  /** Lots in minute `minute` (0..1439) of the day, as last seen. */
  minute(minute: number): Covered {
    return this.#newest.minute(minute);
  }

  /** The same on one UTC day, in days since the Unix epoch; of a minute, two days are kept. */
  minuteOn(day: number, minute: number): Covered {
    const since = day * MINUTES_PER_DAY + minute;
    const found = [this.#newest, this.#before].find((each) => each.has(since));
    return found?.minute(minute) ?? { value: 0, coverage: 0 };
  }

  /** Lots per day, scaled up from the covered share of the last 24 h. */
  get day(): Covered {
    const { volume, seconds } = this.#newest.sums();
    if (seconds === 0) return { value: 0, coverage: 0 };
    return { value: (volume * SECONDS_PER_DAY) / seconds, coverage: seconds / SECONDS_PER_DAY };
  }
}

/** For each minute of the day one that was seen, by its number since the epoch, and its volume. */
class DayOfMinutes {
  readonly #which = new Int32Array(MINUTES_PER_DAY).fill(-1);
  readonly #volume = new Float64Array(MINUTES_PER_DAY);
  readonly #seconds = new Uint8Array(MINUTES_PER_DAY);

  has(which: number): boolean {
    return this.#which[which % MINUTES_PER_DAY] === which;
  }

  clear(which: number): void {
    const at = which % MINUTES_PER_DAY;
    this.#which[at] = which;
    this.#volume[at] = 0;
    this.#seconds[at] = 0;
  }

  add(which: number, lots: number): void {
    const at = which % MINUTES_PER_DAY;
    this.#volume[at]! += lots;
    this.#seconds[at]! += 1;
  }

  /** Becomes what `other` holds at the place of `which`. */
  take(which: number, other: DayOfMinutes): void {
    const at = which % MINUTES_PER_DAY;
    this.#which[at] = other.#which[at]!;
    this.#volume[at] = other.#volume[at]!;
    this.#seconds[at] = other.#seconds[at]!;
  }

  minute(at: number): Covered {
    const seconds = this.#seconds[at] ?? 0;
    if (seconds === 0) return { value: 0, coverage: 0 };
    return { value: (this.#volume[at]! * 60) / seconds, coverage: seconds / 60 };
  }

  sums(): { readonly volume: number; readonly seconds: number } {
    let volume = 0;
    let seconds = 0;
    for (let at = 0; at < MINUTES_PER_DAY; at++) {
      volume += this.#volume[at]!;
      seconds += this.#seconds[at]!;
    }
    return { volume, seconds };
  }
}
