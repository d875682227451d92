/**
 * Clock: when a frame came, as nanoseconds since 1970 that never fall.
 *
 * The monotonic clock, anchored once to the wall: steps of the wall do not reach the stamps. A
 * machine that slept is the exception, because the monotonic clock slept too: where the wall is far
 * ahead the anchor follows, forwards only. What must stay true: no stamp is less than one before.
 */
export interface LocalClock {
  /** Nanoseconds since the Unix epoch. */
  nanos(): bigint;
}

/** What a clock is made of, so that a test can turn the hands. */
export interface ClockSource {
  /** Nanoseconds, from any start, that never fall. */
  readonly monotonicNanos: () => bigint;
  /** Nanoseconds since the Unix epoch. */
  readonly wallNanos: () => bigint;
}

const SYSTEM: ClockSource = {
  monotonicNanos: () => process.hrtime.bigint(),
  wallNanos: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n,
};

/** A wall that is further ahead than this was not slewed: the machine slept. */
const SLEPT_NANOS = 2_000_000_000n;

export class AnchoredClock implements LocalClock {
  readonly #source: ClockSource;
  /** Added to the monotonic clock. */
  #anchor: bigint;
  #leaps = 0;

  constructor(source: ClockSource = SYSTEM) {
    this.#source = source;
    this.#anchor = source.wallNanos() - source.monotonicNanos();
  }

  nanos(): bigint {
    return this.#source.monotonicNanos() + this.#anchor;
  }

  /** How often the anchor followed the wall. */
  get leaps(): number {
    return this.#leaps;
  }

  /** Looks whether the machine slept; to be called now and then. */
  check(): void {
    const ahead = this.#source.wallNanos() - this.nanos();
    if (ahead < SLEPT_NANOS) return;
    this.#anchor += ahead;
    this.#leaps += 1;
  }
}

/** What the venue's clock said, between two looks at ours. */
export interface ClockSample {
  readonly asked: bigint;
  readonly answered: bigint;
  readonly venue: bigint;
}

export interface ClockOffset {
  /** To be added to our clock to have the venue's. */
  readonly nanos: number;
  /** It is no further off than this: half the way there and back, and a millisecond. */
  readonly errorNanos: number;
}

/** By the sample that was answered soonest. What is within its error is taken for nothing. */
export function offsetOf(samples: readonly ClockSample[]): ClockOffset | undefined {
  let best: ClockSample | undefined;
  for (const sample of samples) {
    if (best === undefined || span(sample) < span(best)) best = sample;
  }
  if (best === undefined) return undefined;
  const middle = best.asked + span(best) / 2n;
  const nanos = Number(best.venue - middle);
  // The venue's time is told in whole milliseconds, or the way there was longer than the way back.
  const errorNanos = Number(span(best) / 2n) + RESOLUTION_NANOS;
  return { nanos: Math.abs(nanos) <= errorNanos ? 0 : nanos, errorNanos };
}

const RESOLUTION_NANOS = 1e6;

const span = ({ asked, answered }: ClockSample): bigint => answered - asked;
