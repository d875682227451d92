/**
 * Zero-intelligence flow: limit orders, cancellations and market orders as Poisson processes
 * (Smith, Farmer, Gillemot, Krishnamurthy 2003). Nobody looks at anything; book, spread and
 * volatility are what comes of it.
 *
 * What must stay true: the rates do not depend on the book, nor one event on another.
 */
import type { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import type { Agent, Floor } from "./floor.ts";
import type { ZeroIntelligenceProfile } from "./profile.ts";

export class ZeroIntelligenceFlow implements Agent {
  readonly #floor: Floor;
  readonly #crowd: Crowd;
  readonly #profile: ZeroIntelligenceProfile;
  readonly #tilt: number;
  readonly #draws: Draws;
  readonly #perSecond: number;
  #event = 0;
  nextAt: number;

  constructor(
    seed: number,
    floor: Floor,
    crowd: Crowd,
    profile: ZeroIntelligenceProfile,
    tilt: number,
  ) {
    this.#floor = floor;
    this.#crowd = crowd;
    this.#profile = profile;
    this.#tilt = tilt;
    this.#draws = new Draws(seed, "zero-intelligence");
    this.#perSecond = profile.limitsPerSecond + profile.cancelsPerSecond + profile.marketsPerSecond;
    this.nextAt = this.#perSecond > 0 ? floor.now : Infinity;
  }

  act(): void {
    const { limitsPerSecond, cancelsPerSecond } = this.#profile;
    const draws = this.#draws.at(this.#event++);
    this.nextAt += draws.exponential() / this.#perSecond;
    const kind = draws.uniform() * this.#perSecond;
    const side = draws.uniform();
    if (kind < limitsPerSecond) this.#crowd.place(side < 0.5, draws);
    else if (kind < limitsPerSecond + cancelsPerSecond) this.#crowd.cancelNear(side < 0.5);
    else this.#crowd.takeMarket(side < 0.5 + this.#tilt * this.#floor.pressure, draws);
  }
}
