/**
 * Exchange account: one account at a market that matches every order, ours among the others'.
 *
 * Beside a recorded market our orders are guessed at (`Matching`); here they stand in the book
 * itself, so their place in the queue is true, others meet them, and what we take is gone. Door,
 * reports, fees and position are those of every simulated venue (`OwnOrders`).
 *
 * An order is cut short of the price where an own order stands, as beside a recorded market. A
 * reduce-only order stands in the book with no more than the position leaves to it once the own
 * orders before it are filled; what it has given up comes back at the end of the queue, when what
 * stands is filled.
 *
 * What must stay true: an open order stands in the book with its leaves, and nothing else of ours
 * does; no fill turns the position of a reduce-only order, not even one of several in a message.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import { crosses, type Side } from "../core/domain/side.ts";
import type { Ticks } from "../core/domain/units.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import { FloorView, type StandingOrder, type TradingFloor } from "./floor-view.ts";
import type { LatencyModel } from "./latency.ts";
import { NO_ORDER, type OrderSlot } from "./order-book/matching-engine.ts";
import { doorRefusal } from "./order-door.ts";
import { NOTHING_TO_REDUCE, OwnOrders, type OwnOrdersConfig, restRefusal } from "./own-orders.ts";
import type { OwnOrder } from "./resting-orders.ts";
import { WiredAccount } from "./wired-account.ts";

export interface ExchangeAccountConfig extends OwnOrdersConfig {
  readonly latency: LatencyModel;
}

export class ExchangeAccount extends WiredAccount {
  /** The venue has been here: no command may arrive before. Kept by the venue. */
  settledTo = 0;
  readonly #owner: number;
  readonly #floor: TradingFloor;
  readonly #view: FloorView;
  readonly #own: OwnOrders;
  /** Good-till-canceled orders that are open: those of a side in order of priority. */
  readonly #buys: StandingOrder[] = [];
  readonly #sells: StandingOrder[] = [];
  /** Reduce-only orders among them: what one may fill hangs on all others. */
  #reducing = 0;
  /** Orders whose lots in the book may not be theirs: without reduce-only ones, no others. */
  readonly #loose = new Set<OwnOrder>();
  /** Something of ours was filled since the orders were last looked through. */
  #mustSettle = false;

  /**
   * @param owner its number in the matching engine, above that of the crowd.
   * @param midWithout twice the mid at this instant of the market without us, if anyone knows.
   */
  constructor(
    config: ExchangeAccountConfig,
    floor: TradingFloor,
    owner: number,
    midWithout?: () => number,
  ) {
    super(config.latency);
    this.#owner = owner;
    this.#floor = floor;
    this.#view = new FloorView(floor, owner, this.#buys, this.#sells, midWithout);
    this.#own = new OwnOrders(config, this.#view, (clientOrderId, report) => {
      this.tell(clientOrderId, report, floor.now);
    });
  }

  /** No order is open, no command and no report is under way. */
  get isIdle(): boolean {
    return !this.hasOrders && this.isQuiet;
  }

  // What follows is the venue's side.

  /** Whether a message of others may fill one of ours. */
  get hasOrders(): boolean {
    return this.#buys.length + this.#sells.length > 0;
  }

  /** A message of others begins to act: what it finds is what our fills are measured against. */
  beginMessage(): void {
    if (this.hasOrders) this.#view.noteQuote();
  }

  /** The matching engine says that an order of ours was hit, and how much of it still stands. */
  filled(slot: OrderSlot, buys: boolean, price: number, quantity: number, left: number): void {
    const standing = (buys ? this.#buys : this.#sells).find((each) => each.slot === slot)!;
    if (left === 0) {
      standing.slot = NO_ORDER;
      this.#loose.add(standing.order);
    }
    this.#own.fill(standing.order, price, quantity, "maker");
    this.#mustSettle = true;
  }

  /** Whether `settle` is due: something was filled by the message that is now over. */
  get mustSettle(): boolean {
    return this.#mustSettle;
  }

  /** Whether `settle` may have to change the book: without reduce-only orders it only forgets. */
  get hasReduceOnly(): boolean {
    return this.#reducing > 0;
  }

  /** The message is over: filled orders are forgotten, reduce-only ones follow the position. */
  settle(): void {
    do {
      this.#mustSettle = false;
      const [first, ...others] = this.#loose;
      this.#loose.clear();
      if (this.hasReduceOnly || others.length > 0) {
        this.#settleSide(this.#buys);
        this.#settleSide(this.#sells);
      } else if (first !== undefined) this.#settleOne(first);
      // What came back to the book may have traded, and the position is another one.
    } while (this.#mustSettle);
    this.#loose.clear();
  }

  /** The next command acts, at `floor.now`. */
  handleCommand(): void {
    const command = this.takeCommand();
    if (command === undefined) return;
    this.#view.noteQuote();
    if (command.kind === "place") this.#place(command.order);
    else if (command.kind === "amend") this.#amend(command.amend);
    else this.#cancel(command.id);
    this.settle();
  }

  #place(terms: OrderTerms): void {
    const order = this.#own.open(terms);
    if (order !== undefined) this.#admit(order, { kind: "accepted" });
  }

  /** An amendment that only makes the order smaller keeps its place in the queue. */
  #amend(amend: AmendTerms): void {
    const order = this.#own.amendable(amend);
    if (order === undefined) return;
    const { limitPrice, quantity } = amend;
    const keepsPlace = limitPrice === order.price && quantity <= order.quantity;
    order.quantity = quantity;
    if (keepsPlace) {
      this.#loose.add(order);
      this.#own.tell(order, { kind: "amended", limitPrice, quantity });
      return;
    }
    this.#withdraw(order);
    order.price = limitPrice;
    this.#admit(order, { kind: "amended", limitPrice, quantity });
  }

  #cancel(id: ClientOrderId): void {
    const order = this.#own.cancelable(id);
    if (order === undefined) return;
    this.#withdraw(order);
    this.#own.end(order, "canceled on request");
  }

  /** Tells `welcome` and sets the order to work, unless it is one that must not begin. */
  #admit(order: OwnOrder, welcome: OrderReport | undefined): void {
    const reach = this.#reach(order);
    const refusal = doorRefusal(order, reach, this.#view);
    if (refusal !== undefined) {
      this.#own.end(order, refusal);
      return;
    }
    if (welcome !== undefined) this.#own.tell(order, welcome);
    this.#take(order, reach);
    if (!order.open) return;
    const cut = restRefusal(order, reach);
    if (cut === undefined) this.#stand(order);
    else this.#own.end(order, cut);
  }

  /** Takes level by level up to `reach`: one execution each, all against one mid. */
  #take(order: OwnOrder, reach: number): void {
    const { side } = order.terms;
    const buys = side === "buy";
    const { matching } = this.#floor;
    for (;;) {
      const best = buys ? matching.bestAsk : matching.bestBid;
      const wanted = this.#own.fillable(order);
      if (best === NO_TICK || wanted === 0) return;
      if (!crosses(side, reach as Ticks, best as Ticks)) return;
      const taken = matching.take(this.#owner, buys, best, wanted);
      this.#own.fill(order, best, taken, "taker");
    }
  }

  /** The worst price the order may take at: its own, short of where an own order stands. */
  #reach({ price, terms }: OwnOrder): number {
    if (terms.side === "buy") {
      const best = this.#sells[0]?.order.price;
      return best !== undefined && price >= best ? best - 1 : price;
    }
    const best = this.#buys[0]?.order.price;
    return best !== undefined && price <= best ? best + 1 : price;
  }

  /** To the end of its price among the own orders; settling gives it its lots in the book. */
  #stand(order: OwnOrder): StandingOrder {
    const { side } = order.terms;
    const standing = this.#sideOf(side);
    let at = standing.length;
    while (at > 0 && isWorse(side, standing[at - 1]!.order.price, order.price)) at--;
    const made = { order, slot: NO_ORDER };
    standing.splice(at, 0, made);
    if (order.terms.reduceOnly === true) this.#reducing++;
    this.#loose.add(order);
    return made;
  }

  #withdraw(order: OwnOrder): void {
    const standing = this.#sideOf(order.terms.side);
    const at = standing.findIndex((each) => each.order === order);
    const [{ slot }] = standing.splice(at, 1) as [StandingOrder];
    if (slot !== NO_ORDER) this.#floor.matching.cancel(slot);
    if (order.terms.reduceOnly === true) this.#reducing--;
  }

  #sideOf(side: Side): StandingOrder[] {
    return side === "buy" ? this.#buys : this.#sells;
  }

  /** As `settleSide` would, where no order hangs on another. */
  #settleOne(order: OwnOrder): void {
    let standing = this.#sideOf(order.terms.side).find((each) => each.order === order);
    if (standing === undefined) return;
    if (standing.slot === NO_ORDER) {
      this.#withdraw(order);
      if (!order.open) return;
      standing = this.#stand(order);
    }
    this.#size(standing, this.#own.fillable(order));
  }

  #settleSide(standing: StandingOrder[]): void {
    // Those without lots in the book will get theirs behind those that have: so they stand here.
    for (const { order, slot } of standing.slice()) {
      if (slot !== NO_ORDER) continue;
      this.#withdraw(order);
      if (order.open) this.#stand(order);
    }
    /** Lots of own orders before the one in hand: a message that fills it fills them first. */
    let before = 0;
    for (const each of standing.slice()) {
      const { order } = each;
      if (this.#own.fillable(order) === 0) {
        this.#withdraw(order);
        this.#own.end(order, NOTHING_TO_REDUCE);
      } else {
        this.#size(each, this.#own.fillable(order, before));
        if (each.slot !== NO_ORDER) before += this.#floor.matching.leavesOf(each.slot);
      }
    }
  }

  /** The order may have `wanted` lots in the book: it gives up what is more, or comes back. */
  #size(standing: StandingOrder, wanted: number): void {
    const { matching } = this.#floor;
    const { slot } = standing;
    if (slot === NO_ORDER) {
      if (wanted > 0) this.#enter(standing, wanted);
    } else if (wanted === 0) {
      matching.cancel(slot);
      standing.slot = NO_ORDER;
    } else if (wanted < matching.leavesOf(slot)) matching.reduce(slot, wanted);
  }

  /** Into the book, unless the market has come over its price meanwhile: then it acts anew. */
  #enter(standing: StandingOrder, wanted: number): void {
    const { order } = standing;
    const { side } = order.terms;
    const touch = this.#view.touchFor(side);
    const isFree = touch === NO_TICK || !crosses(side, order.price as Ticks, touch as Ticks);
    if (isFree && this.#reach(order) === order.price) {
      standing.slot = this.#floor.matching.limit(this.#owner, side === "buy", order.price, wanted);
      return;
    }
    this.#withdraw(order);
    this.#admit(order, undefined);
    this.#mustSettle = true;
  }
}

const isWorse = (side: Side, a: number, b: number): boolean => (side === "buy" ? a < b : a > b);
