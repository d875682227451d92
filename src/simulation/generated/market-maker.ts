/**
 * Market maker: quotes both sides around a fair value that it learns, and leans against what it
 * holds.
 *
 * Its fair value is the public fundamental value, plus what the signed flow on the tape has moved
 * it by, plus a premium that neither explains. The first moves at once (news). The second decays
 * as a power of time: the propagator (Bouchaud, Gefen, Potters, Wyart 2004). The third follows the
 * market's price. Resting orders that its fair value has left behind, it takes: that is how the
 * crowd's stale orders meet the news.
 *
 * Assumed: that makers know the value's moves, and the shape of the decay; with it, most of how the
 * impact of a large order depends on its size. Emergent: what the book adds to it, the memory of
 * the signs that they learn from, spread, depth and volume.
 */
import { NO_ORDER } from "../order-book/matching-engine.ts";
import { Draws } from "./draws.ts";
import type { Agent, Floor } from "./floor.ts";
import type { MakerProfile } from "./profile.ts";
import type { FillListener } from "./tape.ts";

export class MarketMaker implements Agent, FillListener {
  readonly #floor: Floor;
  readonly #profile: MakerProfile;
  readonly #owner: number;
  readonly #draws: Draws;
  /** By level, bids first, then asks. */
  readonly #orders: Int32Array;
  readonly #prices: Int32Array;
  #event = 0;
  #premium = 0;
  #seenAt: number;
  #seenFlow: number;
  /** Flow remembered over each scale, and the ticks that a unit of it stands for. */
  readonly #flows: Float64Array;
  readonly #weights: Float64Array;
  nextAt: number;
  /** Lots held here, negative when short. */
  inventory = 0;
  /** Lots held and not yet hedged elsewhere. */
  #exposure = 0;

  constructor(seed: number, floor: Floor, owner: number, profile: MakerProfile) {
    this.#floor = floor;
    this.#profile = profile;
    this.#owner = owner;
    this.#draws = new Draws(seed, `market-maker-${owner}`);
    this.#orders = new Int32Array(2 * profile.levels).fill(NO_ORDER);
    this.#prices = new Int32Array(2 * profile.levels);
    this.#seenAt = floor.now;
    this.#seenFlow = floor.signedFlow;
    this.#flows = new Float64Array(profile.scales.length);
    this.#weights = kernelWeights(profile);
    this.nextAt = floor.now + this.#draws.at(0).exponential() / profile.wakesPerSecond;
    floor.owners[owner] = this;
  }

  filled(order: number, buys: boolean, _price: number, lots: number, left: number): void {
    this.#hold(buys ? lots : -lots);
    if (left === 0) this.#orders[this.#orders.indexOf(order)] = NO_ORDER;
  }

  #hold(lots: number): void {
    this.inventory += lots;
    this.#exposure += lots;
  }

  act(): void {
    this.#event += 1;
    const draws = this.#draws.at(this.#event);
    // A machine is no faster when the market is: in bursts its quotes are staler.
    const { wakesPerSecond, haste } = this.#profile;
    this.nextAt += (draws.exponential() / wakesPerSecond) * this.#floor.activity ** (1 - haste);
    const fair = this.#learn() + this.#profile.dissent * draws.normal();
    this.#withdraw(true, fair);
    this.#withdraw(false, fair);
    this.#snipe(fair);
    this.#quote(true, fair);
    this.#quote(false, fair);
  }

  /** What it thinks the asset trades at, leaning against its inventory. */
  #learn(): number {
    const floor = this.#floor;
    const { memory, reversion, scales, aversion, hedging } = this.#profile;
    const flow = floor.signedFlow - this.#seenFlow;
    const elapsed = floor.now - this.#seenAt;
    this.#seenFlow = floor.signedFlow;
    this.#seenAt = floor.now;
    let explained = floor.value;
    for (let k = 0; k < scales.length; k++) {
      const remembered = this.#flows[k]! * Math.exp(-elapsed / scales[k]!) + flow;
      this.#flows[k] = remembered;
      explained += this.#weights[k]! * remembered;
    }
    this.#premium *= Math.exp(-elapsed / reversion);
    this.#premium += (1 - Math.exp(-elapsed / memory)) * (floor.mid - explained - this.#premium);
    this.#exposure *= Math.exp(-elapsed / hedging);
    return explained + this.#premium - aversion * this.#exposure;
  }

  /** Takes what stands on the wrong side of its fair value. */
  #snipe(fair: number): void {
    const { snipeBeyond, snipeLots } = this.#profile;
    const { bestAsk, bestBid } = this.#floor.engine;
    if (bestAsk > 0 && bestAsk < fair - snipeBeyond)
      this.#take(true, fair - snipeBeyond, snipeLots);
    if (bestBid > fair + snipeBeyond) this.#take(false, fair + snipeBeyond, snipeLots);
  }

  #take(buys: boolean, price: number, lots: number): void {
    const worst = buys ? Math.floor(price) : Math.ceil(price);
    const traded = this.#floor.takeTo(this.#owner, buys, worst, lots);
    this.#hold(buys ? traded : -traded);
  }

  /** Cancels the quotes of a side that are not where they should be. */
  #withdraw(buys: boolean, fair: number): void {
    const { levels, spacing, tolerance, halfSpread } = this.#profile;
    const offset = buys ? 0 : levels;
    const wanted = buys ? Math.ceil(fair - halfSpread) - 1 : Math.floor(fair + halfSpread) + 1;
    for (let level = 0; level < levels; level++) {
      const order = this.#orders[offset + level]!;
      if (order === NO_ORDER) continue;
      const price = buys ? wanted - level * spacing : wanted + level * spacing;
      if (Math.abs(this.#prices[offset + level]! - price) <= tolerance) continue;
      this.#floor.engine.cancel(order);
      this.#orders[offset + level] = NO_ORDER;
    }
  }

  /** Quotes where it has no order on a side; never one that trades. */
  #quote(buys: boolean, fair: number): void {
    const { levels, spacing, growth, halfSpread } = this.#profile;
    const { engine } = this.#floor;
    const offset = buys ? 0 : levels;
    const opposite = buys ? engine.bestAsk : engine.bestBid;
    const wanted = buys ? Math.ceil(fair - halfSpread) - 1 : Math.floor(fair + halfSpread) + 1;
    const nearest = opposite === 0 ? wanted : buys ? opposite - 1 : opposite + 1;
    const first = buys ? Math.min(wanted, nearest) : Math.max(wanted, nearest);
    let size = this.#profile.lots;
    for (let level = 0; level < levels; level++, size *= growth) {
      if (this.#orders[offset + level] !== NO_ORDER) continue;
      const price = buys ? first - level * spacing : first + level * spacing;
      if (price < 1) continue;
      this.#prices[offset + level] = price;
      this.#orders[offset + level] = engine.limit(this.#owner, buys, price, Math.round(size));
    }
  }
}

/** Of exponentials whose sum is about `learning` × seconds^−`decay` within the scales. */
function kernelWeights({ scales, decay, learning }: MakerProfile): Float64Array {
  const raw = scales.map((scale) => scale ** -decay);
  const atOne = scales.reduce((sum, scale, k) => sum + raw[k]! * Math.exp(-1 / scale), 0);
  return Float64Array.from(raw, (weight) => (learning * weight) / atOne);
}
