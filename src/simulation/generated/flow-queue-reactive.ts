/**
 * Queue-reactive flow: the rate of limit orders, cancellations and market orders at a level
 * depends on the queue that stands there (Huang, Lehalle, Rosenbaum 2015). Short queues attract
 * orders, long ones lose them, and the best one is hit.
 *
 * Simulated exactly by thinning: candidates come at the greatest rate each function has, and each
 * is accepted with the share that holds at its queue; so two runs see the same candidates.
 *
 * What must stay true: no function exceeds the greatest rate it was given at the start.
 */
import type { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import type { Agent, Floor } from "./floor.ts";
import type { QueueReactiveProfile } from "./profile.ts";

const LIMIT = 0;
const CANCEL = 1;
const MARKET = 2;

/** One function of one level of both sides. */
interface Channel {
  readonly kind: number;
  readonly level: number;
  readonly rates: readonly number[];
  readonly most: number;
}

export class QueueReactiveFlow implements Agent {
  readonly #floor: Floor;
  readonly #crowd: Crowd;
  readonly #profile: QueueReactiveProfile;
  readonly #tilt: number;
  readonly #draws: Draws;
  readonly #channels: readonly Channel[];
  readonly #perSecond: number;
  #event = 0;
  nextAt: number;

  constructor(
    seed: number,
    floor: Floor,
    crowd: Crowd,
    profile: QueueReactiveProfile,
    tilt: number,
  ) {
    this.#floor = floor;
    this.#crowd = crowd;
    this.#profile = profile;
    this.#tilt = tilt;
    this.#draws = new Draws(seed, "queue-reactive");
    this.#channels = profile.levels.flatMap(({ limit, cancel, market }, level) =>
      [limit, cancel, market].map((rates, kind) => ({
        kind,
        level,
        rates,
        most: Math.max(...rates),
      })),
    );
    const most = this.#channels.reduce((sum, channel) => sum + channel.most, 0);
    this.#perSecond = 2 * most + profile.patientPerSecond;
    this.nextAt = floor.now;
  }

  act(): void {
    const draws = this.#draws.at(this.#event++);
    this.nextAt += draws.exponential() / this.#perSecond;
    let point = draws.uniform() * this.#perSecond;
    const side = draws.uniform();
    for (const channel of this.#channels) {
      // The channel of the bids and that of the asks at once.
      if (point < 2 * channel.most) return this.#accept(channel, point < channel.most, draws);
      point -= 2 * channel.most;
    }
    this.#crowd.placePatient(side < 0.5, draws);
  }

  #accept(channel: Channel, bids: boolean, draws: Draws): void {
    const rate = this.rateAt(channel.rates, this.#queue(bids, channel.level));
    const accepted = draws.uniform() * channel.most < rate;
    const place = draws.uniform();
    if (!accepted) return;
    if (channel.kind === LIMIT) {
      const { spacing } = this.#profile;
      const within = Math.floor(place * spacing);
      this.#crowd.placeAt(bids, this.#edge(bids, channel.level), within, draws);
    } else if (channel.kind === CANCEL) {
      const edge = this.#edge(bids, channel.level);
      this.#crowd.cancelWithin(bids, edge, this.#profile.spacing);
    } else if (channel.kind === MARKET) {
      // An order that hits the bids sells; pressure turns some around.
      const lean = this.#tilt * this.#floor.pressure;
      const buys = place < 2 * Math.abs(lean) ? lean > 0 : !bids;
      this.#crowd.takeMarket(buys, draws);
    }
  }

  /** Events per second that a function gives at a queue of so many lots. */
  rateAt(rates: readonly number[], lots: number): number {
    const units = Math.ceil(lots / this.#profile.unitLots);
    return rates[Math.min(units, rates.length - 1)]!;
  }

  /** The price of a level that is nearest to the reference price, the mid. */
  #edge(bids: boolean, level: number): number {
    const { mid } = this.#floor;
    const away = level * this.#profile.spacing;
    return bids ? Math.ceil(mid) - 1 - away : Math.floor(mid) + 1 + away;
  }

  /** Lots on the prices of a level. */
  #queue(bids: boolean, level: number): number {
    const edge = this.#edge(bids, level);
    let lots = 0;
    for (let i = 0; i < this.#profile.spacing; i++) {
      lots += this.#floor.engine.quantityAt(bids, bids ? edge - i : edge + i);
    }
    return lots;
  }
}
