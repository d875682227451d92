/**
 * Metaorder traders: large orders, sent in slices over time.
 *
 * Their sizes have a Pareto tail with an exponent of about 1.5, and each trades at a rate of its
 * own in proportion to the market's volume. So the signs of market orders remember one another for
 * as long as the largest orders last: the sign memory is not assumed, it comes of the sizes (Lillo,
 * Mike, Farmer 2005).
 *
 * What must stay true: each metaorder's luck hangs on its own number alone.
 */
import { type Crowd, drawLaw } from "./crowd.ts";
import { Draws } from "./draws.ts";
import type { Agent, Floor } from "./floor.ts";
import { meanOf, type MetaorderProfile } from "./profile.ts";

/** A metaorder as its trader knows it: times are the market's clock, in ns of the stream. */
export interface MetaorderRecord {
  readonly isBuy: boolean;
  readonly startAt: number;
  /** Of its last slice so far. */
  endAt: number;
  readonly lots: number;
  filledLots: number;
}

const CROWD = 0;

interface Working {
  readonly record: MetaorderRecord;
  readonly draws: Draws;
  readonly perSecond: number;
  slice: number;
  nextAt: number;
}

export class MetaorderTraders implements Agent {
  readonly #seed: number;
  readonly #floor: Floor;
  readonly #crowd: Crowd;
  readonly #profile: MetaorderProfile;
  readonly #volume: number;
  readonly #tilt: number;
  readonly #arrivals: Draws;
  readonly #clock: () => number;
  readonly #working: Working[] = [];
  #arrived = 0;
  #arrivesAt: number;
  #next: Working | undefined;
  nextAt: number;
  readonly records: MetaorderRecord[] = [];

  /** `clock` is the exchange time of the message in hand; `volume` in lots per second. */
  constructor(
    seed: number,
    floor: Floor,
    crowd: Crowd,
    options: { profile: MetaorderProfile; volume: number; tilt: number; clock: () => number },
  ) {
    this.#seed = seed;
    this.#floor = floor;
    this.#crowd = crowd;
    this.#profile = options.profile;
    this.#volume = options.volume;
    this.#tilt = options.tilt;
    this.#clock = options.clock;
    this.#arrivals = new Draws(seed, "metaorder-arrivals");
    const { perSecond } = this.#profile;
    this.#arrivesAt =
      perSecond > 0 ? floor.now + this.#arrivals.at(0).exponential() / perSecond : Infinity;
    this.nextAt = this.#arrivesAt;
  }

  act(): void {
    if (this.#next === undefined) this.#arrive();
    else this.#slice(this.#next);
    this.#schedule();
  }

  #schedule(): void {
    this.nextAt = this.#arrivesAt;
    this.#next = undefined;
    for (const working of this.#working) {
      if (working.nextAt >= this.nextAt) continue;
      this.nextAt = working.nextAt;
      this.#next = working;
    }
  }

  /** A new one: its side, size and pace; its first slice comes after a wait, like every other. */
  #arrive(): void {
    const { perSecond, lots, participation, sliceLots, most } = this.#profile;
    const number = ++this.#arrived;
    const wait = this.#arrivals.at(number).exponential();
    this.#arrivesAt += wait / perSecond;
    if (this.#working.length >= most) return;
    const draws = new Draws(this.#seed, `metaorder-${number}`);
    const isBuy = draws.uniform() < 0.5 + this.#tilt * this.#floor.pressure;
    const size = drawLaw(draws, lots);
    const [low, high] = participation;
    const share = low * (high / low) ** draws.uniform();
    const startAt = this.#clock();
    const record = { isBuy, startAt, endAt: startAt, lots: size, filledLots: 0 };
    this.records.push(record);
    const slices = (share * this.#volume) / meanOf(sliceLots);
    const nextAt = this.#floor.now + draws.exponential() / slices;
    this.#working.push({ record, draws, perSecond: slices, slice: 0, nextAt });
  }

  #slice(working: Working): void {
    const { record } = working;
    const draws = working.draws.at(++working.slice);
    working.nextAt += draws.exponential() / working.perSecond;
    const wanted = drawLaw(draws, this.#profile.sliceLots);
    const lots = Math.min(wanted, record.lots - record.filledLots);
    if (!this.#crowd.isThin(!record.isBuy)) {
      record.filledLots += this.#floor.take(CROWD, record.isBuy, lots);
    }
    record.endAt = this.#clock();
    if (record.filledLots >= record.lots) this.#working.splice(this.#working.indexOf(working), 1);
  }
}
