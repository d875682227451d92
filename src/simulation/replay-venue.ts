/**
 * Replay venue: a simulated exchange over a recorded market.
 *
 * The recording supplies everybody else: its levels are what we may take, its trades are what may
 * fill our resting orders. Our own orders are invisible to it, so what we do to it is kept beside
 * it (`VenueMarket`, `Matching`). Here rows and commands are brought into one order of time.
 * Commands travel to the venue and reports travel back (`Wire`, `LatencyModel`).
 *
 * What must stay true: the result depends on rows and commands alone, never on how the rows were
 * cut into blocks or the calls into steps; no recorded lot is used twice; a report never arrives
 * before what it reports, nor before an earlier report.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import { invariant } from "../core/domain/errors.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import type { Book } from "../core/market/book.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketColumns,
  OFF_BOOK,
} from "../core/market/columns.ts";
import type { LatencyModel } from "./latency.ts";
import { Matching, type MatchingConfig } from "./matching.ts";
import type { RestingOrders } from "./resting-orders.ts";
import { firstAfter, lastOfVenue, unfinishedFrom } from "./row-scan.ts";
import { RowWatch } from "./row-watch.ts";
import { VenueMarket } from "./venue-market.ts";
import { Wire } from "./wire.ts";

export interface VenueConfig extends MatchingConfig {
  readonly latency: LatencyModel;
}

export interface VenueReport {
  readonly clientOrderId: ClientOrderId;
  readonly report: OrderReport;
}

type Command =
  | { readonly kind: "place"; readonly order: OrderTerms }
  | { readonly kind: "amend"; readonly amend: AmendTerms }
  | { readonly kind: "cancel"; readonly id: ClientOrderId };

/** Rows looked through before they are applied: small enough to be still in the cache. */
const BULK_ROWS = 1024;

export class ReplayVenue {
  /** At exchange time, as recorded: without our orders and without our debts. */
  readonly book: Book;
  /** Nanoseconds: a command sent at t arrives no sooner than t plus this … */
  readonly minEntryLatency: number;
  /** … and what happens at the venue at t is known here no sooner than t plus this. */
  readonly minResponseLatency: number;

  readonly #commands: Wire<Command>;
  readonly #reports: Wire<VenueReport>;
  readonly #watch = new RowWatch();
  readonly #market: VenueMarket;
  readonly #matching: Matching;
  readonly #buys: RestingOrders;
  readonly #sells: RestingOrders;

  /** No command may arrive before this. Less than the market's `now` where a message runs on. */
  #settledTo = 0;
  /** In the middle of a message that is taken row by row. */
  #isMidMessage = false;
  /** A `CLEAR` came in this message: levels count only once all of it is in. */
  #isRebuilding = false;
  /** An ask came at or under our best buy, or a bid at or over our best sell, in this message. */
  #mayCross = false;
  /** Levels of ours that this message has set: asks by their tick, bids by minus theirs. */
  #touched = new Int32Array(64);
  #touchedCount = 0;

  constructor(config: VenueConfig) {
    const { latency } = config;
    this.minEntryLatency = latency.minEntry;
    this.minResponseLatency = latency.minResponse;
    this.#commands = new Wire((k) => latency.entry(k));
    this.#reports = new Wire((k) => latency.response(k));
    const market = new VenueMarket(this.#watch.bidFilter, this.#watch.askFilter);
    this.#market = market;
    this.book = market.book;
    this.#matching = new Matching(config, market, this.#watch, (clientOrderId, report) => {
      this.#reports.send({ clientOrderId, report }, market.now);
    });
    this.#buys = this.#matching.buys;
    this.#sells = this.#matching.sells;
  }

  /** Sends an order at local time `sentAt`; commands arrive in the order in which they are sent. */
  place(order: OrderTerms, sentAt: number): void {
    this.#send({ kind: "place", order }, sentAt);
  }

  amend(amend: AmendTerms, sentAt: number): void {
    this.#send({ kind: "amend", amend }, sentAt);
  }

  cancel(id: ClientOrderId, sentAt: number): void {
    this.#send({ kind: "cancel", id }, sentAt);
  }

  /** No order rests, no command and no report is under way: no report can come of market rows. */
  get isIdle(): boolean {
    const resting = this.#buys.count + this.#sells.count;
    return resting === 0 && this.#commands.isEmpty && this.#reports.isEmpty;
  }

  /** Local time at which the next report arrives; `Infinity` when none is under way. */
  get nextReportAt(): number {
    return this.#reports.nextAt;
  }

  /** Removes the report that arrives at `nextReportAt`. @throws InvariantError without one. */
  takeReport(): VenueReport {
    const first = this.#reports.take();
    invariant(first !== undefined, "no report is under way");
    return first;
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
    const before = this.#reports.sent;
    let row = from;
    for (;;) {
      const arrival = this.#commands.nextAt;
      const limit = arrival < until ? arrival : until;
      row = this.#apply(columns, row, to, limit);
      while (row < to && (columns.kind[row]! & ENGINE_ONLY) !== 0) row++;
      this.#settledTo = Math.min(this.#market.now, until);
      if (row === to) return row;
      const next = columns.exchangeTime[row]!;
      this.#handleCommands(next, until);
      if (next > until || this.#reports.sent !== before) return row;
    }
  }

  /** After the last row of the recording: handles commands that arrive up to `until`. */
  finish(until: number): void {
    this.#handleCommands(Infinity, until);
  }

  #send(command: Command, sentAt: number): void {
    const arrival = this.#commands.send(command, sentAt);
    if (arrival >= this.#settledTo) return;
    invariant(false, `a command arrives at ${arrival}, but the venue is at ${this.#settledTo}`);
  }

  /** Handles commands that arrive before the row at `next`, up to `until`. */
  #handleCommands(next: number, until: number): void {
    for (;;) {
      const arrival = this.#commands.nextAt;
      if (arrival >= next || arrival > until) return;
      const command = this.#commands.take();
      if (command === undefined) return;
      if (arrival > this.#market.now) this.#market.now = arrival;
      this.#market.noteQuote();
      if (command.kind === "place") this.#matching.place(command.order);
      else if (command.kind === "amend") this.#matching.amend(command.amend);
      else this.#matching.cancel(command.id);
      this.#redrawWatch();
    }
  }

  /**
   * Messages that concern none of our orders and debts (almost all) are looked for in one tight
   * loop and applied in bulk; one that does is taken row by row.
   *
   * @returns the first row not applied: `to`, one after `limit`, or the one after a report.
   */
  #apply(columns: MarketColumns, from: number, to: number, limit: number): number {
    const before = this.#reports.sent;
    let row = this.#isMidMessage ? this.#applyMessage(columns, from, to) : from;
    while (row < to && this.#reports.sent === before) {
      const end = Math.min(to, row + BULK_ROWS);
      const due = firstAfter(columns, row, end, limit);
      const stop = this.#watch.first(columns, row, due);
      // A message is taken in bulk as a whole or not at all.
      const begin = unfinishedFrom(columns, row, stop);
      if (begin > row) this.#applyBulk(columns, row, begin);
      if (begin === due && due < end) return due;
      if (stop < end || begin === row) row = this.#applyMessage(columns, begin, to);
      else row = begin;
    }
    return row;
  }

  /** Whole messages that do not concern us. */
  #applyBulk(columns: MarketColumns, from: number, to: number): void {
    const market = this.#market;
    if (!market.isGapped) market.book.apply(columns, from, to, ENGINE_ONLY);
    const last = lastOfVenue(columns, from, to);
    if (last >= from) market.now = columns.exchangeTime[last]!;
  }

  /** Row by row to the end of the message. @returns the row after it, or `to`. */
  #applyMessage(columns: MarketColumns, from: number, to: number): number {
    const { exchangeTime, kind, price, quantity } = columns;
    if (!this.#isMidMessage) this.#market.noteQuote();
    this.#isMidMessage = true;
    for (let row = from; row < to; row++) {
      const flags = kind[row]!;
      if ((flags & ENGINE_ONLY) !== 0) continue;
      this.#market.now = exchangeTime[row]!;
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
    } else if (!this.#market.isGapped) {
      this.book.set(what, price, quantity);
      if (!this.#isRebuilding) this.#levelSet(what, price);
    }
  }

  #traded(resting: RestingOrders, price: number, quantity: number): void {
    if (this.#matching.traded(resting, price, quantity)) this.#redrawWatch();
  }

  #restart(what: number): void {
    if (what === Kind.GAP) {
      this.#market.isGapped = true;
      return;
    }
    this.book.clear();
    this.#market.isGapped = false;
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
    const mayCross = (this.#mayCross || this.#isRebuilding) && !this.#market.isGapped;
    if (this.#isRebuilding && mayCross) {
      this.#market.settleAll();
      this.#matching.allMoved();
    } else this.#settleTouched();
    this.#touchedCount = 0;
    this.#isRebuilding = false;
    this.#mayCross = false;
    if (!mayCross) return;
    this.#matching.fillFromLevels("buy");
    this.#matching.fillFromLevels("sell");
    this.#redrawWatch();
  }

  /** What a level went through inside the message does not count: only what it shows at its end. */
  #settleTouched(): void {
    for (let at = 0; at < this.#touchedCount; at++) {
      const touched = this.#touched[at]!;
      const isBid = touched < 0;
      const tick = Math.abs(touched);
      if (this.#market.settle(isBid, tick)) this.#redrawWatch();
      this.#matching.levelMoved(isBid ? "buy" : "sell", tick);
    }
  }

  #redrawWatch(): void {
    this.#watch.redraw(this.#buys, this.#sells, this.#market.inDebt);
  }
}
