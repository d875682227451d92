/**
 * Crowd: the limit orders of many anonymous traders, where they stand and how long they live.
 *
 * Two kinds. Near orders stand close to the touch and are soon gone: they close the spread. Patient
 * ones arrive evenly over a wide band and live for minutes. The price wanders and eats those that
 * it meets, so what is left is thin at the price and thickens away from it: the latent order book
 * of Tóth et al. (2011) and Mastromatteo, Tóth, Bouchaud (2014), in which the impact of a large
 * order is a square root.
 *
 * What must stay true: an order lives until the end drawn for it when it was placed, whatever
 * others do, unless it trades or a flow process cancels it first.
 */
import { NO_ORDER } from "../order-book/matching-engine.ts";
import { Draws } from "./draws.ts";
import { Expiries } from "./expiries.ts";
import type { Agent, Floor } from "./floor.ts";
import type { CrowdProfile, PowerLaw } from "./profile.ts";
import type { FillListener } from "./tape.ts";

const CROWD = 0;
/** Neither side is taken below this many orders. */
const LEAST_ORDERS = 30;
/** How many orders at the best price a cancellation looks through. */
const LOOKED_AT = 16;

export const drawLaw = (draws: Draws, law: PowerLaw): number =>
  Math.floor(draws.paretoWithin(law.least, law.most + 1, law.exponent));

export class Crowd implements Agent, FillListener {
  readonly #floor: Floor;
  readonly #profile: CrowdProfile;
  readonly #ends = new Expiries();
  /** By slot: number of the order that stands there, 0 when it is not the crowd's. */
  #serials = new Int32Array(1 << 14);
  #serial = 0;
  bidOrders = 0;
  askOrders = 0;

  constructor(floor: Floor, profile: CrowdProfile) {
    this.#floor = floor;
    this.#profile = profile;
    floor.owners[CROWD] = this;
  }

  get nextAt(): number {
    const ends = this.#ends;
    while (ends.nextAt < Infinity && this.#serials[ends.nextOrder] !== ends.nextSerial) ends.pop();
    return ends.nextAt;
  }

  /** The order whose life ends is canceled. */
  act(): void {
    const order = this.#ends.nextOrder;
    this.#ends.pop();
    this.cancel(order);
  }

  filled(order: number, buys: boolean, _price: number, _lots: number, left: number): void {
    if (left === 0) this.#forget(order, buys);
  }

  /** One limit order of either kind, from the draws of the event in hand. */
  place(buys: boolean, draws: Draws): void {
    if (draws.uniform() < this.#profile.nearShare) this.placeNear(buys, draws);
    else this.placePatient(buys, draws);
  }

  placeNear(buys: boolean, draws: Draws): void {
    const { nearDistance, nearLots, nearLifetime } = this.#profile;
    const distance = drawLaw(draws, nearDistance);
    const lots = drawLaw(draws, nearLots);
    this.#rest(buys, distance, lots, nearLifetime * draws.exponential());
  }

  placePatient(buys: boolean, draws: Draws): void {
    const { band, patientLots, patientLifetime } = this.#profile;
    const distance = 1 + draws.below(band);
    const lots = drawLaw(draws, patientLots);
    this.#rest(buys, distance, lots, patientLifetime * draws.exponential());
  }

  /** A near order `within` ticks behind a price of its own side. */
  placeAt(buys: boolean, edge: number, within: number, draws: Draws): void {
    const { engine } = this.#floor;
    const opposite = buys ? engine.bestAsk : engine.bestBid;
    const price = buys ? edge - within : edge + within;
    const distance = buys ? opposite - price : price - opposite;
    const lots = drawLaw(draws, this.#profile.nearLots);
    const life = this.#profile.patientLifetime * draws.exponential();
    if (opposite > 0 && distance >= 1) this.#rest(buys, distance, lots, life);
  }

  /** Cancels the crowd's youngest order within a few ticks behind a price, if any. */
  cancelWithin(bids: boolean, edge: number, ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      const order = this.#youngestAt(bids, bids ? edge - i : edge + i);
      if (order === NO_ORDER) continue;
      if (!this.isThin(bids)) this.cancel(order);
      return;
    }
  }

  /** A market order of the crowd. */
  takeMarket(buys: boolean, draws: Draws): void {
    const lots = drawLaw(draws, this.#profile.marketLots);
    if (this.isThin(!buys)) return;
    this.#floor.take(CROWD, buys, lots);
  }

  /** Too few orders stand on a side to take from it. */
  isThin(bids: boolean): boolean {
    return (bids ? this.bidOrders : this.askOrders) < LEAST_ORDERS;
  }

  /** Cancels the crowd's youngest order at or right behind the best price of a side, if any. */
  cancelNear(bids: boolean): boolean {
    const { engine } = this.#floor;
    let price = bids ? engine.bestBid : engine.bestAsk;
    for (let looked = 0; looked < LOOKED_AT && price > 0; looked++) {
      const order = this.#youngestAt(bids, price);
      if (order !== NO_ORDER && !this.isThin(bids)) {
        this.cancel(order);
        return true;
      }
      price = engine.nextLevel(bids, price);
    }
    return false;
  }

  /** Puts patient orders on a side that somebody has emptied. */
  rescue(buys: boolean, draws: Draws): void {
    for (let k = 0; k < LEAST_ORDERS; k++) this.placePatient(buys, draws);
  }

  cancel(order: number): void {
    this.#forget(order, this.#floor.engine.buysOf(order));
    this.#floor.engine.cancel(order);
  }

  #youngestAt(bids: boolean, price: number): number {
    const { engine } = this.#floor;
    let found = NO_ORDER;
    let at = engine.firstAt(bids, price);
    for (let looked = 0; looked < LOOKED_AT && at !== NO_ORDER; looked++) {
      if (engine.ownerOf(at) === CROWD) found = at;
      at = engine.behind(at);
    }
    return found;
  }

  /** An order at a distance from the other side's best price, never one that trades. */
  #rest(buys: boolean, distance: number, lots: number, life: number): void {
    const { engine } = this.#floor;
    const opposite = buys ? engine.bestAsk : engine.bestBid;
    const from = opposite > 0 ? opposite : Math.round(this.#floor.mid);
    const price = buys ? from - distance : from + distance;
    if (price < 1 || price > 2_147_483_646) return;
    const order = engine.limit(CROWD, buys, price, lots);
    if (order === NO_ORDER) return;
    if (order >= this.#serials.length) this.#grow(order);
    this.#serial = (this.#serial % 0x7fff_fffe) + 1;
    this.#serials[order] = this.#serial;
    if (buys) this.bidOrders += 1;
    else this.askOrders += 1;
    this.#ends.push(this.#floor.now + life, order, this.#serial);
  }

  /**
   * The book on the first day: as many patient orders as live at a time, thinned toward the price
   * as the price's wandering would have done within `reach` ticks.
   */
  open(count: number, reach: number, draws: Draws): void {
    for (let k = 0; k < count; k++) {
      for (const buys of [true, false]) {
        draws.at(2 * k + (buys ? 0 : 1));
        const distance = 1 + draws.below(this.#profile.band);
        const kept = draws.uniform() < distance / reach;
        const lots = drawLaw(draws, this.#profile.patientLots);
        const life = this.#profile.patientLifetime * draws.exponential();
        if (kept) this.#restAt(buys, distance, lots, life);
      }
    }
  }

  /** The opening order stands at a distance from the value: there is no market yet. */
  #restAt(buys: boolean, distance: number, lots: number, life: number): void {
    const { engine, value } = this.#floor;
    const price = buys ? Math.ceil(value) - distance : Math.floor(value) + distance;
    const opposite = buys ? engine.bestAsk : engine.bestBid;
    const from = opposite > 0 ? opposite : price + (buys ? distance : -distance);
    this.#rest(buys, buys ? from - price : price - from, lots, life);
  }

  #forget(order: number, buys: boolean): void {
    this.#serials[order] = 0;
    if (buys) this.bidOrders -= 1;
    else this.askOrders -= 1;
  }

  #grow(order: number): void {
    const larger = new Int32Array(Math.max(this.#serials.length * 2, order + 1));
    larger.set(this.#serials);
    this.#serials = larger;
  }
}
