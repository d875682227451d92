/**
 * Liquidation engine: sells (or buys back) at the market what leveraged positions must give up.
 *
 * The world says which positions a mid closes. They are worked off one after another at a steady
 * pace, whatever the price: that is what drags the mid to the next position's price, a cascade.
 *
 * What must stay true: lots that fell due = lots traded + lots still to trade.
 */
import type { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import type { Agent, Floor } from "./floor.ts";
import type { LiquidationProfile } from "./profile.ts";

const CROWD = 0;

export class LiquidationEngine implements Agent {
  readonly #floor: Floor;
  readonly #crowd: Crowd;
  readonly #profile: LiquidationProfile;
  readonly #draws: Draws;
  #event = 0;
  /** Lots that must be bought back, and sold. */
  buyLots = 0;
  sellLots = 0;
  nextAt = Infinity;

  constructor(seed: number, floor: Floor, crowd: Crowd, profile: LiquidationProfile) {
    this.#floor = floor;
    this.#crowd = crowd;
    this.#profile = profile;
    this.#draws = new Draws(seed, "liquidations");
  }

  /** A position is closed by force. */
  add(buys: boolean, lots: number): void {
    if (buys) this.buyLots += lots;
    else this.sellLots += lots;
    if (this.nextAt === Infinity) this.nextAt = this.#floor.now;
  }

  act(): void {
    const draws = this.#draws.at(this.#event++);
    // The side with more to do; at a tie the sellers.
    const buys = this.buyLots > this.sellLots;
    const wanted = Math.ceil(this.#profile.orderLots * draws.exponential());
    const lots = Math.min(wanted, buys ? this.buyLots : this.sellLots);
    const traded = this.#crowd.isThin(!buys) ? 0 : this.#floor.take(CROWD, buys, lots);
    if (buys) this.buyLots -= traded;
    else this.sellLots -= traded;
    const isDone = this.buyLots + this.sellLots === 0;
    this.nextAt = isDone ? Infinity : this.nextAt + draws.exponential() / this.#profile.perSecond;
  }
}
