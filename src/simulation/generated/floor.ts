/**
 * Floor: where the agents of a generated market meet: the book, the clock, and the tape they watch.
 *
 * Agents live in market time: seconds that pass faster than the clock's when the market is busy.
 * So an agent's luck and its rates know nothing of the hour of the day, and volume and variance
 * rise and fall together.
 *
 * What must stay true: an agent acts only when its turn has come, and an act is one message.
 */
import { MatchingEngine } from "../order-book/matching-engine.ts";
import { type FillListener, OWN, Tape, type TradeWatcher } from "./tape.ts";

/** Someone who acts at times of its own. */
export interface Agent {
  /** Market time of its next act, seconds; `Infinity` when it never acts again. */
  readonly nextAt: number;
  /** Acts once, and sets `nextAt` anew, not earlier than before. */
  act(): void;
}

/** No seller goes below this price, in ticks, and no value is less. */
export const LEAST_PRICE = 1_000;
const MAX_PRICE = 2_147_483_646;

export class Floor implements TradeWatcher {
  readonly tape: Tape;
  readonly engine: MatchingEngine;
  readonly owners: (FillListener | undefined)[] = [];
  /** Accounts of users beyond `OWN` have numbers from here on: behind those of the makers. */
  firstGuest = Number.POSITIVE_INFINITY;
  /** Market time, seconds. */
  now = 0;
  /** The fundamental value, in ticks. */
  value: number;
  /** How much faster than on average market time passes now. */
  activity = 1;
  /** −1 (selling) … 1 (buying), as the world leans. */
  pressure = 0;
  /**
   * Signed flow since the beginning: for each order that took, the square root of its lots, plus
   * if it bought and minus if it sold; makers' own takings are left out. A large print says more
   * than a small one, but not by its size (Bouchaud, Gefen, Potters, Wyart 2004).
   */
  signedFlow = 0;
  /** Lots traded since the beginning. */
  tradedLots = 0;
  readonly #collar: number;
  #mid: number;
  #orderLots = 0;

  /** A market order goes `collar` ticks through the touch at most. */
  constructor(startPrice: number, collar: number) {
    this.#collar = collar;
    this.tape = new Tape(this.owners, this);
    this.engine = new MatchingEngine(this.tape, 1 << 14);
    this.tape.attach(this.engine);
    this.value = startPrice - 0.5;
    this.#mid = this.value;
  }

  /** Between the best prices, in ticks; the last one known where a side is empty. */
  get mid(): number {
    const { bestBid, bestAsk } = this.engine;
    if (bestBid > 0 && bestAsk > 0) this.#mid = (bestBid + bestAsk) / 2;
    return this.#mid;
  }

  traded(takerOwner: number, buys: boolean, lots: number): void {
    const isMaker = takerOwner > OWN && takerOwner < this.firstGuest;
    if (!isMaker) this.#orderLots += buys ? lots : -lots;
    this.tradedLots += lots;
  }

  /** What the takers of a message did is on the tape. */
  endMessage(): void {
    const lots = this.#orderLots;
    this.#orderLots = 0;
    if (lots !== 0) this.signedFlow += Math.sign(lots) * Math.sqrt(Math.abs(lots));
    this.tape.endMessage();
  }

  /** A market order within the collar. @returns lots that traded. */
  take(owner: number, buys: boolean, lots: number): number {
    const best = buys ? this.engine.bestAsk : this.engine.bestBid;
    if (best === 0) return 0;
    return this.takeTo(owner, buys, buys ? best + this.#collar : best - this.#collar, lots);
  }

  /** Immediate or cancel, to a worst price. @returns lots that traded. */
  takeTo(owner: number, buys: boolean, worstPrice: number, lots: number): number {
    const worst = buys ? Math.min(worstPrice, MAX_PRICE) : Math.max(worstPrice, LEAST_PRICE);
    const whole = Math.round(lots);
    return whole < 1 ? 0 : this.engine.take(owner, buys, worst, whole);
  }
}
