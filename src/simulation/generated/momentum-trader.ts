/**
 * Momentum trader: buys what has risen, sells what has fallen.
 *
 * What must stay true: it looks at prices alone, at times of its own.
 */
import type { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import type { Agent, Floor } from "./floor.ts";
import type { MomentumProfile } from "./profile.ts";

const CROWD = 0;

export class MomentumTrader implements Agent {
  readonly #floor: Floor;
  readonly #crowd: Crowd;
  readonly #profile: MomentumProfile;
  readonly #draws: Draws;
  #event = 0;
  #average: number;
  #seenAt: number;
  nextAt: number;

  constructor(seed: number, floor: Floor, crowd: Crowd, profile: MomentumProfile) {
    this.#floor = floor;
    this.#crowd = crowd;
    this.#profile = profile;
    this.#draws = new Draws(seed, "momentum");
    this.#average = floor.mid;
    this.#seenAt = floor.now;
    this.nextAt = profile.wakesPerSecond > 0 ? floor.now : Infinity;
  }

  act(): void {
    const { wakesPerSecond, memory, threshold, lots } = this.#profile;
    const draws = this.#draws.at(this.#event++);
    this.nextAt += draws.exponential() / wakesPerSecond;
    const { now, mid } = this.#floor;
    this.#average += (1 - Math.exp((this.#seenAt - now) / memory)) * (mid - this.#average);
    this.#seenAt = now;
    // The distance from an exponential average wanders by σ·√(memory / 2).
    const trend = (mid - this.#average) / Math.sqrt(memory / 2);
    const size = lots * draws.exponential();
    if (Math.abs(trend) < threshold || this.#crowd.isThin(trend < 0)) return;
    this.#floor.take(CROWD, trend > 0, size);
  }
}
