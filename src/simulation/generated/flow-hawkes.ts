/**
 * Hawkes flow: events that set off events, so that trading comes in bursts (Hawkes 1971; for order
 * books Bacry, Mastromatteo, Muzy 2015). Six kinds; each event adds to the rate of each kind, and
 * what it added decays as a sum of exponentials.
 *
 * Simulated exactly after Dassios and Zhao (2013): the next event is the earliest of what the base
 * rate and each decaying excitement would bring. Only the flow's own events excite it: it is the
 * same flow whoever else trades.
 */
import type { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import type { Agent, Floor } from "./floor.ts";
import type { HawkesProfile } from "./profile.ts";

/** Market buy, market sell, limit buy, limit sell, cancel bid, cancel ask. */
export const HAWKES_KINDS = 6;
const MARKET = 0;
const LIMIT = 1;

export class HawkesProcess {
  readonly #base: Float64Array;
  readonly #decays: Float64Array;
  /** What kind j adds to the rate of kind i under decay m: [(m × kinds + j) × kinds + i]. */
  readonly #added: Float64Array;
  /** Excitement of kind i under decay m at the latest event: [m × kinds + i]. */
  readonly #excited: Float64Array;
  readonly #kinds: number;
  readonly #baseTotal: number;
  /** Time of the next event, seconds, and its kind. */
  nextAt: number;
  nextKind = 0;

  constructor(profile: HawkesProfile, startAt: number) {
    const { base, branching, decays } = profile;
    const kinds = base.length;
    this.#kinds = kinds;
    this.#base = Float64Array.from(base);
    this.#baseTotal = base.reduce((sum, rate) => sum + rate, 0);
    this.#decays = Float64Array.from(decays, ({ perSecond }) => perSecond);
    this.#excited = new Float64Array(decays.length * kinds);
    this.#added = new Float64Array(decays.length * kinds * kinds);
    decays.forEach(({ perSecond, share }, m) => {
      for (let j = 0; j < kinds; j++) {
        for (let i = 0; i < kinds; i++) {
          this.#added[(m * kinds + j) * kinds + i] = branching[i]![j]! * share * perSecond;
        }
      }
    });
    this.nextAt = startAt;
  }

  /** The event at `nextAt` has happened: draws the next one. Two draws and one for each decay. */
  advance(draws: Draws): void {
    const excited = this.#excited;
    const kinds = this.#kinds;
    let wait = draws.exponential() / this.#baseTotal;
    for (let m = 0; m < this.#decays.length; m++) {
      const decay = this.#decays[m]!;
      let total = 0;
      for (let i = m * kinds; i < (m + 1) * kinds; i++) total += excited[i]!;
      const left = 1 - (decay * draws.exponential()) / total;
      if (left > 0) wait = Math.min(wait, -Math.log(left) / decay);
    }
    this.nextAt += wait;
    let rate = this.#baseTotal;
    for (let m = 0; m < this.#decays.length; m++) {
      const kept = Math.exp(-this.#decays[m]! * wait);
      for (let i = m * kinds; i < (m + 1) * kinds; i++) rate += excited[i]! *= kept;
    }
    this.nextKind = this.#kindAt(draws.uniform() * rate);
    this.#excite(this.nextKind);
  }

  /** The kind in whose part of the total rate a point lies. */
  #kindAt(point: number): number {
    let left = point;
    for (let i = 0; i < this.#kinds; i++) {
      left -= this.#base[i]!;
      for (let m = i; m < this.#excited.length; m += this.#kinds) left -= this.#excited[m]!;
      if (left < 0) return i;
    }
    return this.#kinds - 1;
  }

  #excite(kind: number): void {
    const kinds = this.#kinds;
    for (let m = 0; m < this.#decays.length; m++) {
      const from = (m * kinds + kind) * kinds;
      for (let i = 0; i < kinds; i++) this.#excited[m * kinds + i]! += this.#added[from + i]!;
    }
  }
}

/** Events of each kind per second in the long run: the solution of λ = base + branching · λ. */
export function hawkesRates({ base, branching }: HawkesProfile): number[] {
  // The series base + N·base + N²·base + … converges where there is a mean at all.
  let rates = [...base];
  for (let round = 0; round < 2_000; round++) {
    rates = base.map((own, i) =>
      branching[i]!.reduce((sum, each, j) => sum + each * rates[j]!, own),
    );
  }
  return rates;
}

export class HawkesFlow implements Agent {
  readonly #floor: Floor;
  readonly #crowd: Crowd;
  readonly #tilt: number;
  readonly #draws: Draws;
  readonly #times: Draws;
  readonly #hawkes: HawkesProcess;
  #event = 0;

  constructor(seed: number, floor: Floor, crowd: Crowd, profile: HawkesProfile, tilt: number) {
    this.#floor = floor;
    this.#crowd = crowd;
    this.#tilt = tilt;
    this.#draws = new Draws(seed, "hawkes");
    this.#times = new Draws(seed, "hawkes-times");
    this.#hawkes = new HawkesProcess(profile, floor.now);
    this.#hawkes.advance(this.#times.at(0));
  }

  get nextAt(): number {
    return this.#hawkes.nextAt;
  }

  act(): void {
    const { nextKind } = this.#hawkes;
    const kind = nextKind >> 1;
    const buys = (nextKind & 1) === 0;
    const draws = this.#draws.at(this.#event++);
    this.#hawkes.advance(this.#times.at(this.#event));
    if (kind === MARKET) this.#crowd.takeMarket(this.#leans(buys, draws.uniform()), draws);
    else if (kind === LIMIT) this.#crowd.place(buys, draws);
    else this.#crowd.cancelNear(buys);
  }

  /** Pressure turns some market orders around. */
  #leans(buys: boolean, chance: number): boolean {
    const pressure = this.#tilt * this.#floor.pressure;
    if (chance >= 2 * Math.abs(pressure)) return buys;
    return pressure > 0;
  }
}
