/**
 * Row watch: which market rows concern our orders and debts, for one look per row, however many
 * accounts there are.
 *
 * It may stop at a row that turns out not to concern us, never pass over one that does: what it
 * passes over is applied in bulk, and none of our orders hears of it.
 */
import { ENGINE_ONLY, Kind, KIND_MASK, type MarketColumns } from "../core/market/columns.ts";
import { NOWHERE, type RestingOrders } from "./resting-orders.ts";
import { firstRestart } from "./row-scan.ts";
import { TICK_SLOTS, TickFilter } from "./tick-filter.ts";

const WATCH_MASK = KIND_MASK | ENGINE_ONLY;
const BID_PAGE = 0;
const ASK_PAGE = TICK_SLOTS;
const NO_PAGE = 2 * TICK_SLOTS;

/** What an account has standing at the venue. */
export interface Watched {
  readonly buys: RestingOrders;
  readonly sells: RestingOrders;
  /** Whether it has resting orders or debts. */
  readonly isWatching: boolean;
}

export class RowWatch {
  /** Kept told of every bid level where we rest or are in debt … */
  readonly bidFilter: TickFilter;
  /** … and of every such ask level. */
  readonly askFilter: TickFilter;
  /** Both filters in one array, a page each, and an empty page for all other rows. */
  readonly #ticks = new Int32Array(3 * TICK_SLOTS);
  /** Whether anything of ours is about at all. */
  isWatching = false;
  /** The page of a row, by `kind & WATCH_MASK`. */
  readonly #pages = new Int32Array(WATCH_MASK + 1).fill(NO_PAGE);
  /**
   * Rows with a price in [low, high] concern us too: trades that reach our orders, and levels of
   * the other side that do. `CLEAR` and `GAP` always concern us, rows for the engine alone never.
   */
  readonly #lows = new Int32Array(WATCH_MASK + 1).fill(NOWHERE);
  readonly #highs = new Int32Array(WATCH_MASK + 1);

  constructor() {
    this.bidFilter = new TickFilter(this.#ticks.subarray(BID_PAGE, BID_PAGE + TICK_SLOTS));
    this.askFilter = new TickFilter(this.#ticks.subarray(ASK_PAGE, ASK_PAGE + TICK_SLOTS));
    this.#pages[Kind.BID] = BID_PAGE;
    this.#pages[Kind.ASK] = ASK_PAGE;
    for (const kind of [Kind.CLEAR, Kind.GAP]) {
      this.#lows[kind] = 0;
      this.#highs[kind] = NOWHERE;
    }
  }

  /** Draws anew which rows concern anyone, after orders or debts have come or gone. */
  redraw(accounts: readonly Watched[]): void {
    let [lowestSell, highestBuy] = [NOWHERE, 0];
    this.isWatching = false;
    for (const { isWatching, buys, sells } of accounts) {
      if (isWatching) this.isWatching = true;
      if (sells.low < lowestSell) lowestSell = sells.low;
      if (buys.high > highestBuy) highestBuy = buys.high;
    }
    const buysFrom = highestBuy > 0 ? 0 : NOWHERE;
    const sellsTo = lowestSell < NOWHERE ? NOWHERE : 0;
    this.#lows[Kind.BID] = lowestSell;
    this.#highs[Kind.BID] = sellsTo;
    this.#lows[Kind.ASK] = buysFrom;
    this.#highs[Kind.ASK] = highestBuy;
    this.#lows[Kind.TRADE_BUY] = lowestSell;
    this.#highs[Kind.TRADE_BUY] = sellsTo;
    this.#lows[Kind.TRADE_SELL] = buysFrom;
    this.#highs[Kind.TRADE_SELL] = highestBuy;
  }

  /** The first row in [from, to) that concerns us; `to` if none. */
  first(columns: MarketColumns, from: number, to: number): number {
    return this.isWatching ? this.#firstOfOurs(columns, from, to) : firstRestart(columns, from, to);
  }

  #firstOfOurs({ kind, price }: MarketColumns, from: number, to: number): number {
    const tickCounts = this.#ticks;
    const pages = this.#pages;
    const lows = this.#lows;
    const highs = this.#highs;
    // Locals: what is imported, or of the module, is looked up again for every row.
    const kindMask = WATCH_MASK;
    const slotMask = TICK_SLOTS - 1;
    let row = from;
    for (; row < to; row++) {
      const what = kind[row]! & kindMask;
      const tick = price[row]!;
      if (tickCounts[pages[what]! | (tick & slotMask)] !== 0) break;
      if (tick >= lows[what]! && tick <= highs[what]!) break;
    }
    return row;
  }
}
