/**
 * Reaction: how a recorded market answers what we do to it.
 *
 * Three answers. What we took from a level comes back by and by (resilience). The price moves with
 * what we trade: for good in proportion to our balance (permanent impact), and for a while by a
 * propagator that decays like the square root of time (transient impact). And others see what we
 * did: less where we took, more where a trade that filled us left a maker of the recording
 * unfilled.
 *
 * Both moves are linear in our own signed volume, makers' and takers' fills alike, because anything
 * else can be traded round in a circle at a gain (Huberman & Stanzl 2004; Gatheral 2010; a linear
 * propagator that falls and is convex admits none: Gatheral, Schied & Slynko 2012). What must stay
 * true: the shift is a function of our fills and of the time since alone.
 */
import { invariant } from "../core/domain/errors.ts";

export interface ReactionConfig {
  /** Nanoseconds in which half of what is missing from a level comes back; `Infinity` = never. */
  readonly halfLife: number;
  /** Ticks by which the price moves for good for each lot that we trade on balance, >= 0. */
  readonly permanentTicksPerLot: number;
  /** Ticks by which it moves at once for each lot, on top; they fade by `decayAt`. >= 0. */
  readonly transientTicksPerLot: number;
  /** Whether others see what we did: shown levels and prints are less what is ours. */
  readonly isSeen: boolean;
}

/** A market that does not know us. */
export const NO_REACTION: ReactionConfig = {
  halfLife: Number.POSITIVE_INFINITY,
  permanentTicksPerLot: 0,
  transientTicksPerLot: 0,
  isSeen: false,
};

/** Steps of healing in a half-life: few enough to cost nothing, many enough to look smooth. */
const STEPS_PER_HALF_LIFE = 16;
/** And never oftener than this, however short the half-life. */
const STEP_LEAST_NANOS = 50_000_000;
/** Where levels never come back, the price still does, this often. */
const STEP_MOST_NANOS = 500_000_000;

/**
 * Seconds after which a transient move begins to fade. The shorter, the more of an order's impact
 * comes at once, while it still takes; the longer, the less of it is seen in orders of a minute.
 */
export const DECAY_SECONDS = 60;

/** What is left of a transient move after `seconds`: (1 + t/60 s)^−½. */
export const decayAt = (seconds: number): number => (1 + seconds / DECAY_SECONDS) ** -0.5;

/** Terms a decade of times; seven decades from 15 s on, with the ends of the sum at 1 %. */
const TERMS_PER_DECADE = 3;
const TERMS = 21;

/**
 * The propagator as a sum of exponentials, each with its memory in seconds and its share: the
 * Laplace transform (1 + x)^−½ = ∫ e^(−s(1 + x)) s^(−½) ds / √π, on a logarithmic grid of s.
 */
export const PROPAGATOR: readonly { readonly seconds: number; readonly share: number }[] = (() => {
  const terms = Array.from({ length: TERMS }, (_, k) => {
    const s = 10 ** (0.6 - k / TERMS_PER_DECADE);
    return { seconds: DECAY_SECONDS / s, share: Math.exp(-s) * Math.sqrt(s) };
  });
  const sum = terms.reduce((total, { share }) => total + share, 0);
  return terms.map(({ seconds, share }) => ({ seconds, share: share / sum }));
})();

/** Of one account: two of them would move the price for each other. */
export class Reaction {
  readonly config: ReactionConfig;
  /** Whole nanoseconds between two steps of healing … */
  readonly healStep: number;
  /** … and what is left of a debt after one. */
  readonly healedTo: number;
  /** Lots that we have traded on balance, buys positive. */
  #flow = 0;
  /** Ticks of the transient move, by term of the propagator. */
  readonly #transient = new Float64Array(TERMS);
  readonly #fading: Float64Array;
  /** Ticks by which the price should have moved, before rounding. */
  #ticks = 0;
  /** Ticks by which the shown market stands above the recorded one … */
  shift = 0;
  /** … and by which it should. */
  due = 0;
  /** Levels that others see changed: asks by their tick, bids by minus theirs. */
  readonly touched = new Set<number>();

  constructor(config: ReactionConfig) {
    const { halfLife, permanentTicksPerLot, transientTicksPerLot } = config;
    const perLot = permanentTicksPerLot + transientTicksPerLot;
    invariant(halfLife > 0, `not a half-life: ${halfLife} ns`);
    invariant(permanentTicksPerLot >= 0 && transientTicksPerLot >= 0, "impact is never negative");
    // A lot that moves the price by more than the spread could be bought and sold again at a gain.
    invariant(perLot <= 1, `${perLot} ticks per lot: larger lots are needed to simulate that`);
    this.config = config;
    const step = Math.round(halfLife / STEPS_PER_HALF_LIFE);
    this.healStep = halfLife < Infinity ? Math.max(STEP_LEAST_NANOS, step) : STEP_MOST_NANOS;
    this.healedTo = 2 ** (-this.healStep / halfLife);
    this.#fading = Float64Array.from(PROPAGATOR, ({ seconds }) =>
      Math.exp(-this.healStep / 1e9 / seconds),
    );
  }

  /** Ticks of the shift that stay. */
  get permanent(): number {
    return Math.floor(this.config.permanentTicksPerLot * this.#flow + 0.5);
  }

  /** Whether time alone will still move the price. */
  get isFading(): boolean {
    return this.#transient.some((ticks) => Math.abs(ticks) > 0.01);
  }

  /** Lots that we may trade before the shift changes, at least 1. */
  lotsBeforeShift(isBuy: boolean): number {
    const { permanentTicksPerLot, transientTicksPerLot } = this.config;
    const perLot = permanentTicksPerLot + transientTicksPerLot;
    if (perLot === 0) return Number.POSITIVE_INFINITY;
    // The shift is ⌊ticks + ½⌋: it changes where `ticks` passes a half.
    const above = this.#ticks + 0.5 - this.due;
    const room = isBuy ? Math.ceil((1 - above) / perLot) : Math.floor(above / perLot) + 1;
    return Math.max(1, room);
  }

  /** We traded: the shift that is due changes with it. */
  traded(isBuy: boolean, lots: number): void {
    const signed = isBuy ? lots : -lots;
    this.#flow += signed;
    const moved = this.config.transientTicksPerLot * signed;
    if (moved !== 0) PROPAGATOR.forEach(({ share }, k) => (this.#transient[k]! += moved * share));
    this.#settle();
  }

  /** One step of time has passed. */
  fade(): void {
    if (this.config.transientTicksPerLot === 0) return;
    for (let k = 0; k < TERMS; k++) this.#transient[k]! *= this.#fading[k]!;
    this.#settle();
  }

  #settle(): void {
    let ticks = this.config.permanentTicksPerLot * this.#flow;
    for (const term of this.#transient) ticks += term;
    this.#ticks = ticks;
    this.due = Math.floor(ticks + 0.5);
  }
}
