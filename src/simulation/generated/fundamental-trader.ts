/**
 * Fundamental trader: sells what is dear and buys what is cheap against the fundamental value, the
 * more surely the farther it is. It is what makes prices revert to the value in the long run.
 *
 * What must stay true: it knows the value and the price, and nothing of the book.
 */
import type { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import type { Agent, Floor } from "./floor.ts";
import type { FundamentalProfile } from "./profile.ts";

const CROWD = 0;

export class FundamentalTrader implements Agent {
  readonly #floor: Floor;
  readonly #crowd: Crowd;
  readonly #profile: FundamentalProfile;
  readonly #draws: Draws;
  #event = 0;
  nextAt: number;

  constructor(seed: number, floor: Floor, crowd: Crowd, profile: FundamentalProfile) {
    this.#floor = floor;
    this.#crowd = crowd;
    this.#profile = profile;
    this.#draws = new Draws(seed, "fundamental");
    this.nextAt = profile.wakesPerSecond > 0 ? floor.now : Infinity;
  }

  act(): void {
    const { wakesPerSecond, scale, lots } = this.#profile;
    const draws = this.#draws.at(this.#event++);
    this.nextAt += draws.exponential() / wakesPerSecond;
    const gap = this.#floor.value - this.#floor.mid;
    const acts = draws.uniform() * scale < Math.abs(gap);
    const size = lots * draws.exponential();
    if (!acts || this.#crowd.isThin(gap < 0)) return;
    this.#floor.take(CROWD, gap > 0, size);
  }
}
