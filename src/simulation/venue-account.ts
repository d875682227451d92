/**
 * Venue account: one account at a simulated venue: its orders, its debts, and what is under way
 * between it and the venue.
 *
 * Several accounts may look at one recorded market: each trades as if it were alone, so a run of
 * many gives what as many runs of one would give. Commands travel to the venue and reports travel
 * back (`Wire`, `LatencyModel`). What must stay true: a report never arrives before what it
 * reports, nor before an earlier report.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import { invariant } from "../core/domain/errors.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import { Kind, KIND_MASK, OFF_BOOK } from "../core/market/columns.ts";
import type { LatencyModel } from "./latency.ts";
import { Matching, type MatchingConfig } from "./matching.ts";
import type { RecordedMarket } from "./recorded-market.ts";
import type { RestingOrders } from "./resting-orders.ts";
import type { RowWatch } from "./row-watch.ts";
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

export class VenueAccount {
  /** Nanoseconds: a command sent at t arrives no sooner than t plus this … */
  readonly minEntryLatency: number;
  /** … and what happens at the venue at t is known here no sooner than t plus this. */
  readonly minResponseLatency: number;

  readonly #recorded: RecordedMarket;
  readonly #commands: Wire<Command>;
  readonly #reports: Wire<VenueReport>;
  readonly buys: RestingOrders;
  readonly sells: RestingOrders;
  readonly #redrawWatch: () => void;
  readonly #market: VenueMarket;
  readonly #matching: Matching;

  /** An ask came at or under our best buy, or a bid at or over our best sell, in this message. */
  #mayCross = false;
  /** Levels of ours that this message has set: asks by their tick, bids by minus theirs. */
  #touched = new Int32Array(64);
  #touchedCount = 0;

  /**
   * @param watch is kept told of every tick where something of this account stands …
   * @param redrawWatch … and is to be drawn anew when this is called.
   */
  constructor(
    config: VenueConfig,
    recorded: RecordedMarket,
    watch: RowWatch,
    redrawWatch: () => void,
  ) {
    const { latency } = config;
    this.minEntryLatency = latency.minEntry;
    this.minResponseLatency = latency.minResponse;
    this.#recorded = recorded;
    this.#commands = new Wire((k) => latency.entry(k));
    this.#reports = new Wire((k) => latency.response(k));
    this.#redrawWatch = redrawWatch;
    const market = new VenueMarket(recorded, watch.bidFilter, watch.askFilter);
    this.#market = market;
    this.#matching = new Matching(config, market, watch, (clientOrderId, report) => {
      this.#reports.send({ clientOrderId, report }, market.now);
    });
    this.buys = this.#matching.buys;
    this.sells = this.#matching.sells;
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
    const resting = this.buys.count + this.sells.count;
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

  // What follows is the venue's side.

  /** Reports ever made. */
  get reported(): number {
    return this.#reports.sent;
  }

  /** Exchange time at which the next command arrives; `Infinity` when none is under way. */
  get nextCommandAt(): number {
    return this.#commands.nextAt;
  }

  /** Whether rows may concern this account: it has resting orders or debts. */
  get isWatching(): boolean {
    return this.buys.count + this.sells.count > 0 || this.#market.inDebt;
  }

  /** Handles commands that arrive before the row at `next`, up to `until`. */
  handleCommands(next: number, until: number): void {
    for (;;) {
      const arrival = this.#commands.nextAt;
      if (arrival >= next || arrival > until) return;
      const command = this.#commands.take();
      if (command === undefined) return;
      this.#market.noteCommand(arrival);
      if (command.kind === "place") this.#matching.place(command.order);
      else if (command.kind === "amend") this.#matching.amend(command.amend);
      else this.#matching.cancel(command.id);
      this.#redrawWatch();
    }
  }

  /** A trade of others. */
  traded(flags: number, price: number, quantity: number): void {
    if ((flags & OFF_BOOK) !== 0) return;
    const isSell = (flags & KIND_MASK) === Kind.TRADE_SELL;
    const resting = isSell ? this.buys : this.sells;
    if (isSell ? price > resting.high : price < resting.low) return;
    if (this.#matching.traded(resting, price, quantity)) this.#redrawWatch();
  }

  /** A level has been set: perhaps one where we rest or are in debt, or that reaches our orders. */
  levelSet(what: number, tick: number): void {
    if (what === Kind.BID ? tick >= this.sells.low : tick <= this.buys.high) {
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
  endMessage(isRebuilt: boolean): void {
    const mayCross = (this.#mayCross || isRebuilt) && !this.#recorded.isGapped;
    if (isRebuilt && mayCross) {
      this.#market.settleAll();
      this.#matching.allMoved();
    } else this.#settleTouched();
    this.#touchedCount = 0;
    this.#mayCross = false;
    if (!mayCross) return;
    this.#matching.fillFromLevels("buy");
    this.#matching.fillFromLevels("sell");
    this.#redrawWatch();
  }

  #send(command: Command, sentAt: number): void {
    const arrival = this.#commands.send(command, sentAt);
    const { settledTo } = this.#recorded;
    if (arrival >= settledTo) return;
    invariant(false, `a command arrives at ${arrival}, but the venue is at ${settledTo}`);
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
}
