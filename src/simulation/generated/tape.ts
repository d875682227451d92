/**
 * Tape: what everybody sees of a generated market, written as rows while orders match.
 *
 * It listens to the matching engine. The rows show the book of the others: lots of our account
 * (`OWN`) are left out of the level rows, trades with us are not printed, and a level that changed
 * by our lots alone has no row. With `showsOwn` they show everybody, as an exchange does. Trades of
 * one order at one price are printed as one.
 *
 * What must stay true: a trade's row stands right before the row of the level that it took from.
 */
import { blockOf, ColumnsBuilder, Kind, type MarketBlock } from "../../core/market/columns.ts";
import type { MatchingEngine, MatchListener, OrderSlot } from "../order-book/matching-engine.ts";
import { NO_ORDER } from "../order-book/matching-engine.ts";

/** The account of the user of the backtest. */
export const OWN = 1;

const BLOCK_ROWS = 1 << 16;

/** Told when resting orders of an owner were hit or removed. */
export interface FillListener {
  /** `left` is 0 when the order is done; its slot is free from then on. */
  filled(order: OrderSlot, buys: boolean, price: number, lots: number, left: number): void;
}

/** Told of all trades, ours too: what moves those who watch the tape. */
export interface TradeWatcher {
  traded(takerOwner: number, buys: boolean, lots: number): void;
}

export class Tape implements MatchListener {
  #engine: MatchingEngine | undefined;
  readonly #owners: (FillListener | undefined)[];
  readonly #watcher: TradeWatcher;
  #rows = new ColumnsBuilder(BLOCK_ROWS);
  /** Takes turns with `#rows` where rows are lent. */
  #lent = new ColumnsBuilder(1 << 10);
  /** Levels at which our orders rest: minus the tick if a bid. */
  readonly #ownLots = new Map<number, number>();
  #isOwn = false;
  #othersTraded = 0;
  #ownTraded = 0;
  #takerBuys = false;
  #messageStart = 0;
  isOn = false;
  /** Set before anybody but the crowd and the makers has traded. */
  showsOwn = false;
  exchangeTime = 0;
  localTime = 0;
  messages = 0;

  /** `owners[owner]` is told of its fills; the list may grow later. */
  constructor(owners: (FillListener | undefined)[], watcher: TradeWatcher) {
    this.#owners = owners;
    this.#watcher = watcher;
  }

  attach(engine: MatchingEngine): void {
    this.#engine = engine;
  }

  /** What follows, up to `endMessage`, is done by our account. */
  beginOwn(): void {
    this.#isOwn = true;
  }

  traded(
    maker: OrderSlot,
    makerOwner: number,
    takerOwner: number,
    takerBuys: boolean,
    price: number,
    quantity: number,
    makerLeft: number,
  ): void {
    this.#takerBuys = takerBuys;
    if (makerOwner === OWN && !this.showsOwn) this.#ownTraded += quantity;
    else this.#othersTraded += quantity;
    this.#watcher.traded(takerOwner, takerBuys, quantity);
    this.#owners[makerOwner]?.filled(maker, !takerBuys, price, quantity, makerLeft);
  }

  removed(order: OrderSlot, owner: number, quantity: number): void {
    const buys = !this.#takerBuys;
    if (owner === OWN) this.#ownTraded += quantity;
    else this.#owners[owner]?.filled(order, buys, 0, 0, 0);
  }

  levelChanged(isBid: boolean, price: number, quantity: number): void {
    const others = this.#othersTraded;
    const own = this.#ownTraded;
    this.#othersTraded = 0;
    this.#ownTraded = 0;
    if (this.showsOwn || (!this.#isOwn && this.#ownLots.size === 0)) {
      if (!this.isOn) return;
      if (others > 0) this.#trade(isBid, price, others);
      this.#row(isBid ? Kind.BID : Kind.ASK, price, quantity);
      return;
    }
    const shown = quantity - this.#countOwn(isBid, price);
    if (!this.isOn || (others === 0 && (this.#isOwn || own > 0))) return;
    if (others > 0 && !this.#isOwn) this.#trade(isBid, price, others);
    this.#row(isBid ? Kind.BID : Kind.ASK, price, shown);
  }

  /** Our lots at a level, counted and remembered. */
  #countOwn(isBid: boolean, price: number): number {
    const key = isBid ? -price : price;
    if (!this.#isOwn && !this.#ownLots.has(key)) return 0;
    const engine = this.#engine!;
    let lots = 0;
    for (let at = engine.firstAt(isBid, price); at !== NO_ORDER; at = engine.behind(at)) {
      if (engine.ownerOf(at) === OWN) lots += engine.leavesOf(at);
    }
    if (lots > 0) this.#ownLots.set(key, lots);
    else this.#ownLots.delete(key);
    return lots;
  }

  #trade(makerIsBid: boolean, price: number, lots: number): void {
    this.#row(makerIsBid ? Kind.TRADE_SELL : Kind.TRADE_BUY, price, lots);
  }

  #row(kind: number, price: number, quantity: number): void {
    this.#rows.push(this.exchangeTime, this.localTime, kind, price, quantity);
  }

  /** The whole book as rows, best levels first, after a `CLEAR`. */
  snapshot(): void {
    const engine = this.#engine!;
    this.#row(Kind.CLEAR, 0, 0);
    for (let price = engine.bestBid; price > 0; price = engine.nextLevel(true, price)) {
      this.#row(Kind.BID, price, engine.quantityAt(true, price));
    }
    for (let price = engine.bestAsk; price > 0; price = engine.nextLevel(false, price)) {
      this.#row(Kind.ASK, price, engine.quantityAt(false, price));
    }
    this.endMessage();
  }

  /** Ends the message in hand, if it has rows. */
  endMessage(): void {
    this.#isOwn = false;
    if (this.#rows.length === this.#messageStart) return;
    this.#rows.endMessage();
    this.#messageStart = this.#rows.length;
    this.messages += 1;
  }

  /** Rows not yet taken. */
  get length(): number {
    return this.#rows.length;
  }

  /** The whole messages so far; the arrays belong to the taker from then on. */
  take(): MarketBlock | undefined {
    const length = this.#messageStart;
    if (length === 0) return undefined;
    const block = this.#rows.view();
    this.#messageStart = 0;
    if (length > BLOCK_ROWS / 4) {
      this.#rows = new ColumnsBuilder(BLOCK_ROWS);
      return block;
    }
    // A few rows are copied: new arrays of full size would cost more than the rows did.
    this.#rows.length = 0;
    const copy = {
      exchangeTime: block.exchangeTime.slice(0, length),
      localTime: block.localTime.slice(0, length),
      kind: block.kind.slice(0, length),
      price: block.price.slice(0, length),
      quantity: block.quantity.slice(0, length),
    };
    return blockOf(copy, length);
  }

  /** The same without new arrays: good until the next but one is lent or taken. */
  lend(): MarketBlock | undefined {
    if (this.#messageStart === 0) return undefined;
    const block = this.#rows.view();
    [this.#rows, this.#lent] = [this.#lent, this.#rows];
    this.#rows.length = 0;
    this.#messageStart = 0;
    return block;
  }
}
