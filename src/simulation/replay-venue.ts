/**
 * Replay venue: a simulated exchange over a recorded market.
 *
 * The recording supplies everybody else: its levels are what we may take, its trades are what may
 * fill our resting orders. Our own orders are invisible to it, so what we do to it is kept beside
 * it: what we took is owed by the level (`LevelDebt`), where we wait is a place in the queue
 * (`RestingOrders`). Commands travel to the venue and reports travel back (`LatencyModel`).
 *
 * What must stay true: the result depends on rows and commands alone, never on how the rows were
 * cut into blocks or the calls into steps; no recorded lot is used twice; a report never arrives
 * before what it reports, nor before an earlier report.
 */
import type {
  ClientOrderId,
  Liquidity,
  OrderReport,
  OrderTerms,
} from "../core/domain/child-order.ts";
import { compareDecimal } from "../core/domain/decimal.ts";
import { invariant } from "../core/domain/errors.ts";
import { type Instrument, notional } from "../core/domain/instrument.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { crosses, type Side, sign } from "../core/domain/side.ts";
import {
  halfTicks,
  atTick,
  type Lots,
  lots,
  micros,
  type Ticks,
  ticks,
} from "../core/domain/units.ts";
import { Book } from "../core/market/book.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketColumns,
  OFF_BOOK,
} from "../core/market/columns.ts";
import { FeeCharger, type FeeSchedule } from "./fees.ts";
import type { LatencyModel } from "./latency.ts";
import { LevelDebt } from "./level-debt.ts";
import type { QueueModelName } from "./queue.ts";
import { type OwnOrder, RestingOrders } from "./resting-orders.ts";
import { TICK_SLOTS, TickFilter } from "./tick-filter.ts";

export interface VenueConfig {
  readonly instrument: Instrument;
  readonly fees: FeeSchedule;
  readonly latency: LatencyModel;
  readonly queue: QueueModelName;
  /** Decides where each order's rounding to whole lots begins. */
  readonly seed: number;
  /** Nanoseconds since the Unix epoch at time zero of the columns. */
  readonly epochNanos: bigint;
  /** Opening position, negative = short: what reduce-only orders may reduce. */
  readonly positionLots?: number;
}

/** Why the venue refused a request. Documented one by one in docs/errors.md. */
export type VenueRejectCode =
  | "VENUE_NO_BOOK"
  | "VENUE_DUPLICATE_ID"
  | "VENUE_MIN_QUANTITY"
  | "VENUE_MAX_QUANTITY"
  | "VENUE_PRICE"
  | "VENUE_MIN_NOTIONAL"
  | "VENUE_REDUCE_ONLY"
  | "VENUE_ORDER_NOT_FOUND"
  | "VENUE_AMEND_FILLED";

export interface VenueReport {
  readonly clientOrderId: ClientOrderId;
  readonly report: OrderReport;
}

type Command =
  | { readonly kind: "place"; readonly arrivesAt: number; readonly order: OrderTerms }
  | { readonly kind: "amend"; readonly arrivesAt: number; readonly amend: AmendTerms }
  | { readonly kind: "cancel"; readonly arrivesAt: number; readonly id: ClientOrderId };

interface Fault {
  readonly code: VenueRejectCode;
  readonly text: string;
}

/** Beyond every price. */
const NOWHERE = 0x7fffffff;
/** Rows looked through before they are applied: small enough to be still in the cache. */
const BULK_ROWS = 1024;
const WATCH_MASK = KIND_MASK | ENGINE_ONLY;
const BID_PAGE = 0;
const ASK_PAGE = TICK_SLOTS;
const NO_PAGE = 2 * TICK_SLOTS;
const LUCK = streamOf("queue-rounding");

export class ReplayVenue {
  /** At exchange time, as recorded: without our orders and without our debts. */
  readonly book = new Book();
  /** Nanoseconds: a command sent at t arrives no sooner than t plus this … */
  readonly minEntryLatency: number;
  /** … and what happens at the venue at t is known here no sooner than t plus this. */
  readonly minResponseLatency: number;

  readonly #instrument: Instrument;
  readonly #latency: LatencyModel;
  readonly #charger: FeeCharger;
  readonly #seed: number;
  readonly #epochMicros: number;

  readonly #buys: RestingOrders;
  readonly #sells: RestingOrders;
  readonly #bidDebt: LevelDebt;
  readonly #askDebt: LevelDebt;
  readonly #orders = new Map<ClientOrderId, OwnOrder>();
  #position: number;
  #inserted = 0;

  readonly #commands = new Fifo<Command>();
  readonly #reports = new Fifo<VenueReport & { readonly arrivesAt: number }>();
  #commandCount = 0;
  #reportCount = 0;
  #lastArrival = 0;
  #lastReportAt = 0;

  /** Exchange time of the latest row or command. */
  #now = 0;
  /** No command may arrive before this. Earlier than `#now` where a message runs past `until`. */
  #settledTo = 0;
  /** In the middle of a message that is taken row by row … */
  #isMidMessage = false;
  /** … and twice the mid before it. */
  #messageMid: number | undefined;
  /** The stream broke and no `CLEAR` has come yet. */
  #isGapped = false;
  /** A `CLEAR` came in this message: levels count only once all of it is in. */
  #isRebuilding = false;

  /**
   * Levels where we rest or are in debt, as two tick filters in one array: a page for bids, one for
   * asks, and an empty one for all other rows. `#pages` is indexed by `kind & WATCH_MASK`.
   */
  readonly #ticks = new Int32Array(3 * TICK_SLOTS);
  readonly #pages = new Int32Array(WATCH_MASK + 1).fill(NO_PAGE);
  /**
   * Rows with a price in [low, high] concern us too: trades that reach our orders, and levels of
   * the other side that do. `CLEAR` and `GAP` always concern us, rows for the engine alone never.
   */
  readonly #lows = new Int32Array(WATCH_MASK + 1).fill(NOWHERE);
  readonly #highs = new Int32Array(WATCH_MASK + 1);
  #isWatching = false;
  /** Levels of ours that this message has set: asks by their tick, bids by minus theirs. */
  #touched = new Int32Array(64);
  #touchedCount = 0;
  /** An ask came at or under our best buy, or a bid at or over our best sell, in this message. */
  #mayCross = false;

  constructor(config: VenueConfig) {
    this.#instrument = config.instrument;
    this.#latency = config.latency;
    this.#charger = new FeeCharger(config.instrument, config.fees);
    this.#seed = config.seed;
    this.#epochMicros = Number(config.epochNanos / 1000n);
    this.#position = config.positionLots ?? 0;
    const bidFilter = new TickFilter(this.#ticks.subarray(BID_PAGE, BID_PAGE + TICK_SLOTS));
    const askFilter = new TickFilter(this.#ticks.subarray(ASK_PAGE, ASK_PAGE + TICK_SLOTS));
    this.#buys = new RestingOrders("buy", config.queue, bidFilter);
    this.#sells = new RestingOrders("sell", config.queue, askFilter);
    this.#bidDebt = new LevelDebt(bidFilter);
    this.#askDebt = new LevelDebt(askFilter);
    this.#pages[Kind.BID] = BID_PAGE;
    this.#pages[Kind.ASK] = ASK_PAGE;
    this.minEntryLatency = config.latency.minEntry;
    this.minResponseLatency = config.latency.minResponse;
    for (const kind of [Kind.CLEAR, Kind.GAP]) {
      this.#lows[kind] = 0;
      this.#highs[kind] = NOWHERE;
    }
  }

  /** Sends an order at local time `sentAt`; commands arrive in the order in which they are sent. */
  place(order: OrderTerms, sentAt: number): void {
    this.#commands.push({ kind: "place", arrivesAt: this.#arrival(sentAt), order });
  }

  amend(amend: AmendTerms, sentAt: number): void {
    this.#commands.push({ kind: "amend", arrivesAt: this.#arrival(sentAt), amend });
  }

  cancel(id: ClientOrderId, sentAt: number): void {
    this.#commands.push({ kind: "cancel", arrivesAt: this.#arrival(sentAt), id });
  }

  /** No order rests, no command and no report is under way: no report can come of market rows. */
  get isIdle(): boolean {
    const resting = this.#buys.count + this.#sells.count;
    return resting === 0 && this.#commands.first === undefined && this.#reports.first === undefined;
  }

  /** Local time at which the next report arrives; `Infinity` when none is under way. */
  get nextReportAt(): number {
    return this.#reports.first?.arrivesAt ?? Infinity;
  }

  /** Removes the report that arrives at `nextReportAt`. @throws InvariantError without one. */
  takeReport(): VenueReport {
    const first = this.#reports.shift();
    invariant(first !== undefined, "no report is under way");
    return { clientOrderId: first.clientOrderId, report: first.report };
  }

  /**
   * Moves the venue forward over rows [from, to) with an exchange time of at most `until`, and over
   * the commands that arrive among them. At one instant the market comes first, then commands in
   * the order sent; a message is never torn. `ENGINE_ONLY` rows are passed over.
   *
   * A command that arrives after the last row given waits: the next block may hold earlier rows
   * (`finish` is for when there is no next block). So the result is the same however rows are cut.
   *
   * @returns the first row not yet processed. When it is `to`, give the next block. When its
   *   exchange time is after `until`, all is done up to `until`. Otherwise a report was produced
   *   and the venue stopped right there: look at `nextReportAt` and call again.
   */
  advance(columns: MarketColumns, from: number, to: number, until: number): number {
    const before = this.#reportCount;
    let row = from;
    for (;;) {
      const arrival = this.#commands.first?.arrivesAt ?? Infinity;
      const limit = arrival < until ? arrival : until;
      row = this.#apply(columns, row, to, limit);
      while (row < to && (columns.kind[row]! & ENGINE_ONLY) !== 0) row++;
      this.#settledTo = Math.min(this.#now, until);
      if (row === to) return row;
      const next = columns.exchangeTime[row]!;
      this.#handleCommands(next, until);
      if (next > until || this.#reportCount !== before) return row;
    }
  }

  /** After the last row of the recording: handles commands that arrive up to `until`. */
  finish(until: number): void {
    this.#handleCommands(Infinity, until);
  }

  /**
   * Messages that concern none of our orders and debts (almost all) are looked for in one tight
   * loop and applied in bulk; one that does is taken row by row.
   *
   * @returns the first row not applied: `to`, one after `limit`, or the one after a report.
   */
  #apply(columns: MarketColumns, from: number, to: number, limit: number): number {
    const before = this.#reportCount;
    let row = this.#isMidMessage ? this.#applyMessage(columns, from, to) : from;
    while (row < to && this.#reportCount === before) {
      const end = Math.min(to, row + BULK_ROWS);
      const due = firstAfter(columns, row, end, limit);
      const stop = this.#isWatching
        ? this.#firstOfOurs(columns, row, due)
        : firstRestart(columns, row, due);
      // A message is taken in bulk as a whole or not at all.
      const begin = unfinishedFrom(columns, row, stop);
      if (begin > row) this.#applyBulk(columns, row, begin);
      if (begin === due && due < end) return due;
      if (stop < end || begin === row) row = this.#applyMessage(columns, begin, to);
      else row = begin;
    }
    return row;
  }

  /** The first row in [from, to) that concerns us; `to` if none. */
  #firstOfOurs({ kind, price }: MarketColumns, from: number, to: number): number {
    const tickCounts = this.#ticks;
    const pages = this.#pages;
    const lows = this.#lows;
    const highs = this.#highs;
    let row = from;
    for (; row < to; row++) {
      const what = kind[row]! & WATCH_MASK;
      const tick = price[row]!;
      if (tickCounts[pages[what]! | (tick & (TICK_SLOTS - 1))] !== 0) break;
      if (tick >= lows[what]! && tick <= highs[what]!) break;
    }
    return row;
  }

  /** Whole messages that do not concern us. */
  #applyBulk(columns: MarketColumns, from: number, to: number): void {
    if (!this.#isGapped) this.book.apply(columns, from, to, ENGINE_ONLY);
    let last = to - 1;
    while (last > from && (columns.kind[last]! & ENGINE_ONLY) !== 0) last--;
    if ((columns.kind[last]! & ENGINE_ONLY) === 0) this.#now = columns.exchangeTime[last]!;
  }

  /** Row by row to the end of the message. @returns the row after it, or `to`. */
  #applyMessage(columns: MarketColumns, from: number, to: number): number {
    const { exchangeTime, kind, price, quantity } = columns;
    if (!this.#isMidMessage) this.#messageMid = this.#mid();
    this.#isMidMessage = true;
    for (let row = from; row < to; row++) {
      const flags = kind[row]!;
      if ((flags & ENGINE_ONLY) !== 0) continue;
      this.#now = exchangeTime[row]!;
      this.#onRow(flags, price[row]!, quantity[row]!);
      if ((flags & LAST) === 0) continue;
      this.#isMidMessage = false;
      this.#endMessage();
      return row + 1;
    }
    return to;
  }

  #onRow(flags: number, price: number, quantity: number): void {
    const what = flags & KIND_MASK;
    if (what >= Kind.CLEAR) {
      this.#restart(what);
    } else if (what > Kind.ASK) {
      if ((flags & OFF_BOOK) !== 0) return;
      if (what === Kind.TRADE_SELL) {
        if (price <= this.#buys.high) this.#traded(this.#buys, price, quantity);
      } else if (price >= this.#sells.low) this.#traded(this.#sells, price, quantity);
    } else if (!this.#isGapped) {
      this.book.set(what, price, quantity);
      if (!this.#isRebuilding) this.#levelSet(what, price);
    }
  }

  #restart(what: number): void {
    if (what === Kind.GAP) {
      this.#isGapped = true;
      return;
    }
    this.book.clear();
    this.#isGapped = false;
    this.#isRebuilding = true;
  }

  /** A level where we rest or are in debt, or that would reach our orders, has been set. */
  #levelSet(what: number, tick: number): void {
    if (what === Kind.BID ? tick >= this.#sells.low : tick <= this.#buys.high) {
      this.#mayCross = true;
    }
    if (this.#touchedCount === this.#touched.length) {
      const larger = new Int32Array(this.#touchedCount * 2);
      larger.set(this.#touched);
      this.#touched = larger;
    }
    this.#touched[this.#touchedCount++] = what === Kind.BID ? -tick : tick;
  }

  /** The book may be looked at: debts, queues, and levels that reach our orders. */
  #endMessage(): void {
    const mayCross = (this.#mayCross || this.#isRebuilding) && !this.#isGapped;
    if (this.#isRebuilding && mayCross) this.#settleAll();
    else this.#settleTouched();
    this.#touchedCount = 0;
    this.#isRebuilding = false;
    this.#mayCross = false;
    if (!mayCross) return;
    this.#fillFromLevels(this.#buys);
    this.#fillFromLevels(this.#sells);
    this.#watch();
  }

  /** What a level went through inside the message does not count: only what it shows at its end. */
  #settleTouched(): void {
    const { bids, asks } = this.book;
    for (let at = 0; at < this.#touchedCount; at++) {
      const isBid = this.#touched[at]! < 0;
      const tick = Math.abs(this.#touched[at]!);
      const debt = isBid ? this.#bidDebt : this.#askDebt;
      const recorded = (isBid ? bids : asks).get(tick);
      if (debt.settle(tick, recorded)) this.#watch();
      (isBid ? this.#buys : this.#sells).levelMoved(tick, debt.visible(tick, recorded));
    }
  }

  /** A snapshot has replaced the book. */
  #settleAll(): void {
    const { bids, asks } = this.book;
    this.#bidDebt.settleAll((tick) => bids.get(tick));
    this.#askDebt.settleAll((tick) => asks.get(tick));
    this.#buys.allMoved((tick) => this.#bidDebt.visible(tick, bids.get(tick)));
    this.#sells.allMoved((tick) => this.#askDebt.visible(tick, asks.get(tick)));
  }

  /** A recorded trade of `quantity` reached `price`, where or beyond which orders of ours rest. */
  #traded(resting: RestingOrders, price: number, quantity: number): void {
    let left = quantity;
    const mid = this.#messageMid;
    for (let at = 0; at < resting.count && resting.reaches(price, at); at++) {
      const order = resting.order(at);
      const wanted = this.#fillable(order);
      let filled: number;
      if (order.price === price) {
        filled = resting.serve(at, left, wanted);
        resting.noteTraded(at, quantity);
      } else {
        resting.frontGone(at);
        filled = left < wanted ? left : wanted;
      }
      if (filled === 0) continue;
      left -= filled;
      this.#fill(order, order.price, filled, "maker", mid);
    }
    if (left < quantity) this.#retire();
  }

  /** The recorded other side has come to our orders: they take what is visible, as makers. */
  #fillFromLevels(resting: RestingOrders): void {
    const isBuy = resting === this.#buys;
    const levels = isBuy ? this.book.asks : this.book.bids;
    const debt = isBuy ? this.#askDebt : this.#bidDebt;
    const mid = this.#messageMid;
    for (let at = 0; at < resting.count && levels.best !== NO_TICK; at++) {
      if (!resting.reaches(levels.best, at)) break;
      const order = resting.order(at);
      let left = this.#fillable(order);
      const wanted = left;
      for (let tick = levels.best; left > 0 && tick !== NO_TICK; tick = levels.next(tick)) {
        if (!resting.reaches(tick, at)) break;
        const taken = Math.min(left, debt.visible(tick, levels.get(tick)));
        if (taken === 0) continue;
        debt.add(tick, taken);
        left -= taken;
      }
      if (left < wanted) this.#fill(order, order.price, wanted - left, "maker", mid);
    }
    this.#retire();
  }

  /** Handles commands that arrive before the row at `next`, up to `until`. */
  #handleCommands(next: number, until: number): void {
    for (;;) {
      const { first } = this.#commands;
      if (first === undefined || first.arrivesAt >= next || first.arrivesAt > until) return;
      this.#commands.shift();
      if (first.arrivesAt > this.#now) this.#now = first.arrivesAt;
      if (first.kind === "place") this.#onPlace(first.order);
      else if (first.kind === "amend") this.#onAmend(first.amend);
      else this.#onCancel(first.id);
      this.#watch();
    }
  }

  #onPlace(terms: OrderTerms): void {
    const { clientOrderId, limitPrice, quantity } = terms;
    const fault = this.#orders.has(clientOrderId)
      ? fail("VENUE_DUPLICATE_ID", `${clientOrderId} has been used`)
      : (this.#termsFault(terms.side, limitPrice, quantity, terms.reduceOnly === true) ??
        this.#reduceOnlyFault(terms, quantity));
    if (fault !== undefined) {
      this.#report(clientOrderId, { kind: "rejected", ...fault });
      return;
    }
    const price = limitPrice ?? (terms.side === "buy" ? NOWHERE : 0);
    const order = { terms, price, quantity, cumulative: 0, executions: 0, open: true };
    this.#orders.set(clientOrderId, order);
    const refusal = this.#doorRefusal(order);
    if (refusal !== undefined) {
      this.#end(order, refusal);
      return;
    }
    this.#report(clientOrderId, { kind: "accepted" });
    this.#work(order);
  }

  #onAmend(amend: AmendTerms): void {
    const { clientOrderId, limitPrice, quantity } = amend;
    const order = this.#orders.get(clientOrderId);
    const fault = this.#amendFault(order, amend);
    if (order === undefined || fault !== undefined) {
      this.#report(clientOrderId, {
        kind: "amend-rejected",
        ...(fault ?? notFound(clientOrderId)),
      });
      return;
    }
    const keepsPlace = limitPrice === order.price && quantity <= order.quantity;
    order.quantity = quantity;
    if (keepsPlace) {
      this.#report(clientOrderId, { kind: "amended", limitPrice, quantity });
      return;
    }
    const resting = this.#restingOf(order);
    resting.removeAt(resting.indexOf(order));
    order.price = limitPrice;
    const refusal = this.#doorRefusal(order);
    if (refusal !== undefined) {
      this.#end(order, refusal);
      return;
    }
    this.#report(clientOrderId, { kind: "amended", limitPrice, quantity });
    this.#work(order);
  }

  #onCancel(id: ClientOrderId): void {
    const order = this.#orders.get(id);
    if (order === undefined || !order.open) {
      this.#report(id, { kind: "cancel-rejected", ...notFound(id) });
      return;
    }
    const resting = this.#restingOf(order);
    resting.removeAt(resting.indexOf(order));
    this.#end(order, "canceled on request");
  }

  #amendFault(order: OwnOrder | undefined, amend: AmendTerms): Fault | undefined {
    const { clientOrderId, limitPrice, quantity } = amend;
    if (order === undefined || !order.open) return notFound(clientOrderId);
    const { side, reduceOnly } = order.terms;
    const fault = this.#termsFault(side, limitPrice, quantity, reduceOnly === true);
    if (fault !== undefined) return fault;
    if (quantity <= order.cumulative) {
      return fail("VENUE_AMEND_FILLED", `${order.cumulative} lots have filled already`);
    }
    return this.#reduceOnlyFault(order.terms, quantity - order.cumulative);
  }

  /** The grid's limits, for new and amended terms alike. */
  #termsFault(
    side: Side,
    limitPrice: Ticks | undefined,
    quantity: Lots,
    isReducing: boolean,
  ): Fault | undefined {
    const { minLots, maxLimitLots, maxMarketLots, minNotional } = this.#instrument;
    if (!this.#hasBook) return fail("VENUE_NO_BOOK", "the recording has no book at this time");
    if (limitPrice !== undefined && (limitPrice <= 0 || limitPrice >= NOWHERE)) {
      return fail("VENUE_PRICE", `not a price: ${limitPrice} ticks`);
    }
    if (quantity < minLots || quantity <= 0) {
      return fail("VENUE_MIN_QUANTITY", `${quantity} lots, the minimum is ${minLots}`);
    }
    const maximum = limitPrice === undefined ? maxMarketLots : maxLimitLots;
    if (quantity > maximum) {
      return fail("VENUE_MAX_QUANTITY", `${quantity} lots, the maximum is ${maximum}`);
    }
    const touch = side === "buy" ? this.book.bestAsk : this.book.bestBid;
    const price = limitPrice ?? touch;
    // What only closes a position is spared the minimum, and so is what finds nobody to trade with.
    if (isReducing || price === NO_TICK) return undefined;
    if (
      compareDecimal(notional(this.#instrument, atTick(ticks(price)), quantity), minNotional) < 0
    ) {
      return fail("VENUE_MIN_NOTIONAL", `${quantity} lots at ${price} ticks are worth too little`);
    }
    return undefined;
  }

  #reduceOnlyFault(terms: OrderTerms, open: number): Fault | undefined {
    if (terms.reduceOnly !== true || open <= this.#closable(terms.side)) return undefined;
    return fail("VENUE_REDUCE_ONLY", `${open} lots against a position of ${this.#position}`);
  }

  /** Why an order ends before it does anything: a crossing post-only, a fill-or-kill too large. */
  #doorRefusal(order: OwnOrder): string | undefined {
    const { side, timeInForce } = order.terms;
    const reach = this.#reach(order);
    if (timeInForce.kind === "good-till-canceled" && timeInForce.postOnly) {
      const touch = this.#visibleTouch(side);
      if (touch !== NO_TICK && crosses(side, order.price as Ticks, touch as Ticks)) {
        return `post-only, and ${order.price} ticks would take from ${touch}`;
      }
      if (reach !== order.price) return "post-only, and would trade with an own order";
    }
    if (timeInForce.kind === "fill-or-kill") {
      const wanted = order.quantity - order.cumulative;
      const available = this.#visibleWithin(side, reach, wanted);
      if (available < wanted) return `fill-or-kill: ${available} of ${wanted} lots were there`;
    }
    return undefined;
  }

  /** Takes what the order may take, then rests it or ends it. */
  #work(order: OwnOrder): void {
    const { side, limitPrice, timeInForce } = order.terms;
    const reach = this.#reach(order);
    this.#take(order, reach);
    this.#retire();
    if (!order.open) return;
    if (reach !== order.price) {
      this.#end(order, "the rest would trade with an own order");
    } else if (limitPrice === undefined) {
      this.#end(order, "market order: no more depth");
    } else if (timeInForce.kind !== "good-till-canceled") {
      this.#end(order, "immediate-or-cancel: the rest was not there");
    } else {
      const isBuy = side === "buy";
      const recorded = (isBuy ? this.book.bids : this.book.asks).get(order.price);
      const level = (isBuy ? this.#bidDebt : this.#askDebt).visible(order.price, recorded);
      this.#restingOf(order).insert(order, level, uniformAt(this.#seed, LUCK, this.#inserted++));
    }
  }

  /** Walks the visible levels up to `reach`: one execution each, all against one mid. */
  #take(order: OwnOrder, reach: number): void {
    const { side } = order.terms;
    const levels = side === "buy" ? this.book.asks : this.book.bids;
    const debt = side === "buy" ? this.#askDebt : this.#bidDebt;
    const mid = this.#mid();
    for (let tick = levels.best; tick !== NO_TICK; tick = levels.next(tick)) {
      const wanted = this.#fillable(order);
      if (wanted === 0 || !crosses(side, reach as Ticks, tick as Ticks)) return;
      const taken = Math.min(wanted, debt.visible(tick, levels.get(tick)));
      if (taken === 0) continue;
      debt.add(tick, taken);
      this.#fill(order, tick, taken, "taker", mid);
    }
  }

  /** The worst price the order may take at: its own, short of where an own order stands. */
  #reach(order: OwnOrder): number {
    const { price } = order;
    if (order.terms.side === "buy") {
      return this.#sells.count > 0 && price >= this.#sells.best ? this.#sells.best - 1 : price;
    }
    return this.#buys.count > 0 && price <= this.#buys.best ? this.#buys.best + 1 : price;
  }

  /** The best level of the other side that has something left for us. */
  #visibleTouch(side: Side): number {
    const levels = side === "buy" ? this.book.asks : this.book.bids;
    const debt = side === "buy" ? this.#askDebt : this.#bidDebt;
    let tick = levels.best;
    while (tick !== NO_TICK && debt.visible(tick, levels.get(tick)) === 0) tick = levels.next(tick);
    return tick;
  }

  /** Lots that a taker could have at `reach` or better, counted up to `wanted`. */
  #visibleWithin(side: Side, reach: number, wanted: number): number {
    const levels = side === "buy" ? this.book.asks : this.book.bids;
    const debt = side === "buy" ? this.#askDebt : this.#bidDebt;
    let sum = 0;
    for (let tick = levels.best; tick !== NO_TICK; tick = levels.next(tick)) {
      if (sum >= wanted || !crosses(side, reach as Ticks, tick as Ticks)) break;
      sum += debt.visible(tick, levels.get(tick));
    }
    return sum < wanted ? sum : wanted;
  }

  #fill(
    order: OwnOrder,
    price: number,
    quantity: number,
    liquidity: Liquidity,
    mid: number | undefined,
  ): void {
    const { clientOrderId, side } = order.terms;
    order.cumulative += quantity;
    order.executions++;
    if (order.cumulative === order.quantity) order.open = false;
    this.#position += sign(side) * quantity;
    const fee = this.#charger.charge(side, liquidity, ticks(price), lots(quantity));
    this.#report(clientOrderId, {
      kind: "filled",
      fill: {
        executionId: `${clientOrderId}.${order.executions}`,
        price: ticks(price),
        quantity: lots(quantity),
        liquidity,
        fee: fee.amount,
        feeCoin: fee.coin,
        ...(mid === undefined ? {} : { midBefore: halfTicks(mid) }),
        exchangeTime: micros(this.#epochMicros + Math.floor(this.#now / 1000)),
      },
    });
  }

  /** Takes out of the queues what is filled, and reduce-only with nothing left to reduce. */
  #retire(): void {
    for (const resting of [this.#buys, this.#sells]) {
      for (let at = resting.count - 1; at >= 0; at--) {
        const order = resting.order(at);
        const isIdle = order.open && this.#fillable(order) === 0;
        if (order.open && !isIdle) continue;
        resting.removeAt(at);
        if (isIdle) this.#end(order, "reduce-only: nothing is left to reduce");
      }
    }
    this.#watch();
  }

  #end(order: OwnOrder, text: string): void {
    order.open = false;
    this.#report(order.terms.clientOrderId, { kind: "canceled", text });
  }

  #report(clientOrderId: ClientOrderId, report: OrderReport): void {
    const response = this.#now + this.#latency.response(this.#reportCount++);
    this.#lastReportAt = Math.max(this.#lastReportAt, response);
    this.#reports.push({ clientOrderId, report, arrivesAt: this.#lastReportAt });
  }

  #arrival(sentAt: number): number {
    const arrival = sentAt + this.#latency.entry(this.#commandCount++);
    this.#lastArrival = Math.max(this.#lastArrival, arrival);
    invariant(
      this.#lastArrival >= this.#settledTo,
      `a command arrives at ${this.#lastArrival}, but the venue is at ${this.#settledTo}`,
    );
    return this.#lastArrival;
  }

  /** Lots of the order that may fill now: a reduce-only order never turns the position. */
  #fillable(order: OwnOrder): number {
    const open = order.quantity - order.cumulative;
    return order.terms.reduceOnly === true
      ? Math.min(open, this.#closable(order.terms.side))
      : open;
  }

  #closable(side: Side): number {
    return Math.max(0, side === "sell" ? this.#position : -this.#position);
  }

  #restingOf(order: OwnOrder): RestingOrders {
    return order.terms.side === "buy" ? this.#buys : this.#sells;
  }

  get #hasBook(): boolean {
    return !this.#isGapped && (this.book.bestBid !== NO_TICK || this.book.bestAsk !== NO_TICK);
  }

  /** Twice the recorded mid, where there is one. */
  #mid(): number | undefined {
    const { bestBid, bestAsk } = this.book;
    const isKnown = bestBid !== NO_TICK && bestAsk !== NO_TICK && !this.#isGapped;
    return isKnown ? bestBid + bestAsk : undefined;
  }

  /** Draws anew which rows concern us, after orders or debts have come or gone. */
  #watch(): void {
    const buys = this.#buys;
    const sells = this.#sells;
    const buysFrom = buys.count > 0 ? 0 : NOWHERE;
    const sellsTo = sells.count > 0 ? NOWHERE : 0;
    this.#lows[Kind.BID] = sells.low;
    this.#highs[Kind.BID] = sellsTo;
    this.#lows[Kind.ASK] = buysFrom;
    this.#highs[Kind.ASK] = buys.high;
    this.#lows[Kind.TRADE_BUY] = sells.low;
    this.#highs[Kind.TRADE_BUY] = sellsTo;
    this.#lows[Kind.TRADE_SELL] = buysFrom;
    this.#highs[Kind.TRADE_SELL] = buys.high;
    this.#isWatching = buys.count + sells.count > 0 || this.#bidDebt.size + this.#askDebt.size > 0;
  }
}

/** The first of the venue's rows in [from, to) that is later than `limit`; `to` if none. */
function firstAfter(columns: MarketColumns, from: number, to: number, limit: number): number {
  const { exchangeTime, kind } = columns;
  let last = to - 1;
  while (last >= from && (kind[last]! & ENGINE_ONLY) !== 0) last--;
  // Time never falls, so the last row answers for all of them, nearly always.
  if (last < from || exchangeTime[last]! <= limit) return to;
  let row = from;
  while (exchangeTime[row]! <= limit || (kind[row]! & ENGINE_ONLY) !== 0) row++;
  return row;
}

/** The first `CLEAR` or `GAP` in [from, to), all that matters while nothing of ours is about. */
function firstRestart({ kind }: MarketColumns, from: number, to: number): number {
  let row = from;
  while (row < to && (kind[row]! & (Kind.CLEAR | ENGINE_ONLY)) !== Kind.CLEAR) row++;
  return row;
}

/** Where the message begins that is not at its end at `to`; `to` where none is. */
function unfinishedFrom({ kind }: MarketColumns, from: number, to: number): number {
  let begin = to;
  for (let row = to - 1; row >= from; row--) {
    const flags = kind[row]!;
    if ((flags & ENGINE_ONLY) !== 0) continue;
    if ((flags & LAST) !== 0) break;
    begin = row;
  }
  return begin;
}

const fail = (code: VenueRejectCode, text: string): Fault => ({ code, text });

const notFound = (id: ClientOrderId): Fault =>
  fail("VENUE_ORDER_NOT_FOUND", `${id} is not open: unknown, or too late`);

/** First in, first out. */
class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
