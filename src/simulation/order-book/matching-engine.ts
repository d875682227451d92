/**
 * Matching engine: one instrument's book of single orders, matched by price, then time.
 *
 * It is the heart of every market that answers to us: the generated one, and any exchange run on
 * this machine. It knows no clock, no account and no rule beyond priority and self-match
 * prevention; whoever calls it keeps the time and tells the world. Orders stand in fixed slots of
 * typed arrays, a doubly linked queue per level, and nothing is allocated per event.
 *
 * What must stay true: the book is never crossed; no lot comes from nowhere or is lost; an order
 * trades only when all that stand before it, at better prices or earlier at its own, are gone.
 */
import { invariant } from "../../core/domain/errors.ts";
import { BookSide, NO_TICK } from "../../core/market/book-side.ts";
import { freeList, grownFloat, grownFreeList, grownInt } from "./slots.ts";

/** A resting order. Reused after the order's end: an owner forgets it when told that it is gone. */
export type OrderSlot = number;

export const NO_ORDER = -1;

/** Many anonymous traders: they may trade with each other. Every other owner is one trader. */
export const CROWD = 0;

/**
 * What happens when an order would trade with a resting one of its own owner: the rest of the
 * incoming one is dropped, or the resting one is, or both.
 */
export type SelfMatchRule = "cancel-taker" | "cancel-maker" | "cancel-both";

/**
 * Told of everything in the order in which it happens. It may read the engine and must not change
 * it; until `levelChanged`, a best price may stand at a level that has just been emptied.
 */
export interface MatchListener {
  /**
   * A maker was hit. `levelChanged` follows once the order in hand is done with the level. When
   * `makerLeft` is 0 the slot is free as soon as this returns.
   */
  traded(
    maker: OrderSlot,
    makerOwner: number,
    takerOwner: number,
    takerBuys: boolean,
    price: number,
    quantity: number,
    makerLeft: number,
  ): void;
  /** The level's total is now `quantity`, 0 when it is gone. */
  levelChanged(isBid: boolean, price: number, quantity: number): void;
  /** Self-match prevention has canceled a resting order of `quantity` lots; its slot is free. */
  removed(order: OrderSlot, owner: number, quantity: number): void;
}

/** No price is above it: the worst price of a buyer who pays any. */
const MAX_PRICE = 0x7fffffff;
const MAX_LOTS = Number.MAX_SAFE_INTEGER;

export class MatchingEngine {
  readonly #listener: MatchListener;
  readonly #dropsTaker: boolean;
  readonly #dropsMaker: boolean;

  /** Tick → 1 + the level's number: the core's book, used as the index of levels. */
  readonly #bids = new BookSide(-1);
  readonly #asks = new BookSide(1);

  // Levels, by number. A free one has its successor in the list of the free in `#levelHead`.
  /** Its tick if an ask, minus its tick if a bid. */
  #levelKey: Int32Array;
  #levelHead: Int32Array;
  #levelTail: Int32Array;
  #levelTotal: Float64Array;
  #freeLevel: number;

  // Orders, by slot. A free one has no lots, and its successor in the list in `#behind`.
  #ahead: Int32Array;
  #behind: Int32Array;
  #level: Int32Array;
  #owner: Int32Array;
  #leaves: Float64Array;
  #freeOrder: number;

  #filled = 0;
  /** The order in hand met one of its own owner, and its rest is to be dropped. */
  #isCut = false;
  #isTelling = false;

  /**
   * @param capacity orders that may rest before the arrays must grow, which they do by themselves.
   */
  constructor(
    listener: MatchListener,
    capacity = 1 << 14,
    selfMatch: SelfMatchRule = "cancel-taker",
  ) {
    invariant(capacity >= 1 && capacity <= 1 << 28, `not a capacity: ${capacity} orders`);
    this.#listener = listener;
    this.#dropsTaker = selfMatch !== "cancel-maker";
    this.#dropsMaker = selfMatch !== "cancel-taker";
    this.#ahead = new Int32Array(capacity);
    this.#behind = freeList(capacity);
    this.#level = new Int32Array(capacity);
    this.#owner = new Int32Array(capacity);
    this.#leaves = new Float64Array(capacity);
    this.#freeOrder = 0;
    const levels = Math.max(1, capacity >>> 2);
    this.#levelKey = new Int32Array(levels);
    this.#levelHead = freeList(levels);
    this.#levelTail = new Int32Array(levels);
    this.#levelTotal = new Float64Array(levels);
    this.#freeLevel = 0;
  }

  /** `NO_TICK` when there is none. */
  get bestBid(): number {
    return this.#bids.best;
  }

  get bestAsk(): number {
    return this.#asks.best;
  }

  /** Lots that the latest `limit` or `take` traded. */
  get filled(): number {
    return this.#filled;
  }

  /** Lots that rest at a price, 0 where there is no level. */
  quantityAt(isBid: boolean, price: number): number {
    const level = this.#levelAt(isBid, price);
    return level < 0 ? 0 : this.#levelTotal[level]!;
  }

  /** The next level away from the touch, seen from any price; `NO_TICK` after the last. */
  nextLevel(isBid: boolean, price: number): number {
    return (isBid ? this.#bids : this.#asks).next(price);
  }

  /**
   * Matches what crosses and rests what is left.
   *
   * @param owner `CROWD`, or a trader of its own, 1 to 2^31 − 1.
   * @param price in ticks, 1 to 2^31 − 2.
   * @param quantity in whole lots, at least 1.
   * @returns where the rest stands; `NO_ORDER` when nothing is left of it, or when self-match
   *   prevention dropped the rest: then `filled` is less than `quantity`.
   * @throws InvariantError when an argument is outside its range.
   */
  limit(owner: number, buys: boolean, price: number, quantity: number): OrderSlot {
    if (price < 1 || price >= MAX_PRICE) invariant(false, `not a price: ${price} ticks`);
    const left = this.#match(owner, buys, price, quantity);
    return left === 0 || this.#isCut ? NO_ORDER : this.#rest(owner, buys, price, left);
  }

  /**
   * Matches what crosses and drops the rest: immediate or cancel.
   *
   * @param worstPrice 0 for a seller at any price, 2^31 − 1 for a buyer at any.
   * @returns lots that traded.
   * @throws InvariantError when an argument is outside its range.
   */
  take(owner: number, buys: boolean, worstPrice: number, quantity: number): number {
    this.#match(owner, buys, worstPrice, quantity);
    return this.#filled;
  }

  /** What `take` would fill now, for fill-or-kill: the same walk, and nothing changes. */
  available(owner: number, buys: boolean, worstPrice: number, wanted: number): number {
    const levels = buys ? this.#asks : this.#bids;
    let sum = 0;
    for (let price = levels.best; price !== NO_TICK; price = levels.next(price)) {
      if (sum >= wanted || (buys ? price > worstPrice : price < worstPrice)) break;
      const level = levels.get(price) - 1;
      if (owner === CROWD) {
        sum += this.#levelTotal[level]!;
        continue;
      }
      for (let at = this.#levelHead[level]!; at !== NO_ORDER; at = this.#behind[at]!) {
        if (this.#owner[at] !== owner) sum += this.#leaves[at]!;
        else if (this.#dropsTaker) return Math.min(sum, wanted);
      }
    }
    return sum < wanted ? sum : wanted;
  }

  /** Takes a resting order out. @returns the lots it still had. */
  cancel(order: OrderSlot): number {
    this.#checkResting(order);
    const lots = this.#leaves[order]!;
    const level = this.#level[order]!;
    this.#levelTotal[level]! -= lots;
    this.#unlink(order, level);
    this.#leaveLevel(level);
    return lots;
  }

  /** A resting order has `leaves` lots left, fewer than before, 1 or more: it keeps its place. */
  reduce(order: OrderSlot, leaves: number): void {
    this.#checkResting(order);
    const before = this.#leaves[order]!;
    if (!Number.isInteger(leaves) || leaves < 1 || leaves >= before) {
      invariant(false, `an order of ${before} lots cannot be reduced to ${leaves}`);
    }
    const level = this.#level[order]!;
    this.#leaves[order] = leaves;
    this.#levelTotal[level]! -= before - leaves;
    this.#leaveLevel(level);
  }

  ownerOf(order: OrderSlot): number {
    this.#checkSlot(order);
    return this.#owner[order]!;
  }

  priceOf(order: OrderSlot): number {
    this.#checkSlot(order);
    return Math.abs(this.#levelKey[this.#level[order]!]!);
  }

  buysOf(order: OrderSlot): boolean {
    this.#checkSlot(order);
    return this.#levelKey[this.#level[order]!]! < 0;
  }

  /** Lots that still rest. */
  leavesOf(order: OrderSlot): number {
    this.#checkSlot(order);
    return this.#leaves[order]!;
  }

  /** Lots that stand before the order at its own price. Walks the queue: not for the hot path. */
  queueAhead(order: OrderSlot): number {
    this.#checkSlot(order);
    let lots = 0;
    for (let at = this.#ahead[order]!; at !== NO_ORDER; at = this.#ahead[at]!) {
      lots += this.#leaves[at]!;
    }
    return lots;
  }

  /** The order that trades first at a price; `NO_ORDER` where there is no level. */
  firstAt(isBid: boolean, price: number): OrderSlot {
    const level = this.#levelAt(isBid, price);
    return level < 0 ? NO_ORDER : this.#levelHead[level]!;
  }

  /** The order that trades after this one at the same price; `NO_ORDER` after the last. */
  behind(order: OrderSlot): OrderSlot {
    this.#checkSlot(order);
    return this.#behind[order]!;
  }

  /** −1 where there is no level. */
  #levelAt(isBid: boolean, price: number): number {
    return (isBid ? this.#bids : this.#asks).get(price) - 1;
  }

  /** @returns lots that are left. */
  #match(owner: number, buys: boolean, worst: number, quantity: number): number {
    this.#checkIncoming(owner, worst, quantity);
    this.#isCut = false;
    const levels = buys ? this.#asks : this.#bids;
    let left = quantity;
    for (let best = levels.best; best !== NO_TICK; best = levels.best) {
      if (buys ? best > worst : best < worst) break;
      left = this.#matchLevel(levels.get(best) - 1, owner, buys, best, left);
      if (left === 0 || this.#isCut) break;
    }
    this.#filled = quantity - left;
    return left;
  }

  /** Trades down the level's queue. @returns lots that are left. */
  #matchLevel(
    level: number,
    owner: number,
    buys: boolean,
    price: number,
    quantity: number,
  ): number {
    const owners = this.#owner;
    const leaves = this.#leaves;
    let left = quantity;
    let maker = this.#levelHead[level]!;
    let isChanged = false;
    this.#isTelling = true;
    while (left > 0 && maker !== NO_ORDER) {
      const makerOwner = owners[maker]!;
      const next = this.#behind[maker]!;
      if (makerOwner === owner && owner !== CROWD) {
        this.#isCut = this.#dropsTaker;
        if (this.#dropsMaker) {
          this.#drop(maker, level);
          isChanged = true;
        }
        if (this.#isCut) break;
        maker = next;
        continue;
      }
      const before = leaves[maker]!;
      const traded = before < left ? before : left;
      const makerLeft = before - traded;
      left -= traded;
      leaves[maker] = makerLeft;
      this.#levelTotal[level]! -= traded;
      isChanged = true;
      this.#listener.traded(maker, makerOwner, owner, buys, price, traded, makerLeft);
      if (makerLeft > 0) break;
      this.#unlink(maker, level);
      maker = next;
    }
    this.#isTelling = false;
    if (isChanged) this.#leaveLevel(level);
    return left;
  }

  /** Self-match prevention: the maker ends. */
  #drop(maker: OrderSlot, level: number): void {
    const lots = this.#leaves[maker]!;
    const owner = this.#owner[maker]!;
    this.#levelTotal[level]! -= lots;
    this.#unlink(maker, level);
    this.#listener.removed(maker, owner, lots);
  }

  /** Puts an order at the end of its level's queue. */
  #rest(owner: number, buys: boolean, price: number, quantity: number): OrderSlot {
    const found = this.#levelAt(buys, price);
    const level = found < 0 ? this.#openLevel(buys, price) : found;
    if (this.#freeOrder === NO_ORDER) this.#growOrders();
    const order = this.#freeOrder;
    this.#freeOrder = this.#behind[order]!;
    const tail = this.#levelTail[level]!;
    this.#ahead[order] = tail;
    this.#behind[order] = NO_ORDER;
    if (tail === NO_ORDER) this.#levelHead[level] = order;
    else this.#behind[tail] = order;
    this.#levelTail[level] = order;
    this.#level[order] = level;
    this.#owner[order] = owner;
    this.#leaves[order] = quantity;
    const total = this.#levelTotal[level]! + quantity;
    if (total > MAX_LOTS) invariant(false, `level ${price} holds more than 2^53 lots`);
    this.#levelTotal[level] = total;
    this.#tellLevel(buys, price, total);
    return order;
  }

  /** Takes an order out of its queue and frees its slot; its lots are off the total already. */
  #unlink(order: OrderSlot, level: number): void {
    const ahead = this.#ahead[order]!;
    const behind = this.#behind[order]!;
    if (ahead === NO_ORDER) this.#levelHead[level] = behind;
    else this.#behind[ahead] = behind;
    if (behind === NO_ORDER) this.#levelTail[level] = ahead;
    else this.#ahead[behind] = ahead;
    this.#leaves[order] = 0;
    this.#behind[order] = this.#freeOrder;
    this.#freeOrder = order;
  }

  /** A level has lost lots: it goes when they were its last. */
  #leaveLevel(level: number): void {
    const key = this.#levelKey[level]!;
    const isBid = key < 0;
    const price = isBid ? -key : key;
    const total = this.#levelTotal[level]!;
    if (total === 0) {
      (isBid ? this.#bids : this.#asks).set(price, 0);
      this.#levelHead[level] = this.#freeLevel;
      this.#freeLevel = level;
    }
    this.#tellLevel(isBid, price, total);
  }

  #openLevel(isBid: boolean, price: number): number {
    if (this.#freeLevel === NO_ORDER) this.#growLevels();
    const level = this.#freeLevel;
    this.#freeLevel = this.#levelHead[level]!;
    this.#levelKey[level] = isBid ? -price : price;
    this.#levelHead[level] = NO_ORDER;
    this.#levelTail[level] = NO_ORDER;
    this.#levelTotal[level] = 0;
    (isBid ? this.#bids : this.#asks).set(price, level + 1);
    return level;
  }

  #tellLevel(isBid: boolean, price: number, quantity: number): void {
    this.#isTelling = true;
    this.#listener.levelChanged(isBid, price, quantity);
    this.#isTelling = false;
  }

  #checkIncoming(owner: number, price: number, quantity: number): void {
    this.#checkQuiet();
    if (!Number.isSafeInteger(quantity) || quantity < 1) {
      invariant(false, `not a quantity: ${quantity} lots`);
    }
    if ((price | 0) !== price || price < 0) invariant(false, `not a price: ${price} ticks`);
    if ((owner | 0) !== owner || owner < 0) invariant(false, `not an owner: ${owner}`);
  }

  #checkResting(order: OrderSlot): void {
    this.#checkQuiet();
    if (!(this.#leaves[order]! > 0)) invariant(false, `no order rests in slot ${order}`);
  }

  #checkSlot(order: OrderSlot): void {
    if (this.#leaves[order] === undefined) invariant(false, `there is no slot ${order}`);
  }

  #checkQuiet(): void {
    if (this.#isTelling) invariant(false, "a listener called back into the matching engine");
  }

  #growOrders(): void {
    const capacity = this.#behind.length;
    this.#freeOrder = capacity;
    this.#ahead = grownInt(this.#ahead);
    this.#behind = grownFreeList(this.#behind);
    this.#level = grownInt(this.#level);
    this.#owner = grownInt(this.#owner);
    this.#leaves = grownFloat(this.#leaves);
  }

  #growLevels(): void {
    this.#freeLevel = this.#levelHead.length;
    this.#levelKey = grownInt(this.#levelKey);
    this.#levelHead = grownFreeList(this.#levelHead);
    this.#levelTail = grownInt(this.#levelTail);
    this.#levelTotal = grownFloat(this.#levelTotal);
  }
}
