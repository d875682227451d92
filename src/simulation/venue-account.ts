/**
 * Venue account: one account at a simulated venue: its orders, its debts, and what is under way
 * between it and the venue.
 *
 * Several accounts may look at one recorded market: each trades as if it were alone, so a run of
 * many gives what as many runs of one would give. Commands travel to the venue and reports travel
 * back (`Wire`, `LatencyModel`). What must stay true: a report never arrives before what it
 * reports, nor before an earlier report.
 */
import { invariant } from "../core/domain/errors.ts";
import { Kind, KIND_MASK, OFF_BOOK } from "../core/market/columns.ts";
import type { LatencyModel } from "./latency.ts";
import { Matching, type MatchingConfig } from "./matching.ts";
import type { Reaction } from "./reaction.ts";
import type { RecordedMarket } from "./recorded-market.ts";
import type { RestingOrders } from "./resting-orders.ts";
import type { RowWatch } from "./row-watch.ts";
import { VenueMarket } from "./venue-market.ts";
import { WiredAccount } from "./wired-account.ts";

export interface VenueConfig extends MatchingConfig {
  readonly latency: LatencyModel;
}

export class VenueAccount extends WiredAccount {
  readonly #recorded: RecordedMarket;
  readonly buys: RestingOrders;
  readonly sells: RestingOrders;
  readonly #redrawWatch: () => void;
  readonly #acted: () => void;
  readonly #market: VenueMarket;
  readonly #matching: Matching;

  /** An ask came at or under our best buy, or a bid at or over our best sell, in this message. */
  #mayCross = false;
  /** Levels of ours that this message has set: asks by their tick, bids by minus theirs. */
  #touched = new Int32Array(64);
  #touchedCount = 0;

  /**
   * @param reaction how the market answers this account; absent = not at all.
   * @param watch is kept told of every tick where something of this account stands …
   * @param redrawWatch … and is to be drawn anew when this is called.
   * @param acted is called after each command that has acted.
   */
  constructor(
    config: VenueConfig,
    recorded: RecordedMarket,
    watch: RowWatch,
    redrawWatch: () => void,
    acted: () => void,
    reaction?: Reaction,
  ) {
    super(config.latency);
    this.#recorded = recorded;
    this.#redrawWatch = redrawWatch;
    this.#acted = acted;
    const market = new VenueMarket(recorded, watch.bidFilter, watch.askFilter, reaction);
    this.#market = market;
    this.#matching = new Matching(config, market, watch, (clientOrderId, report) => {
      this.tell(clientOrderId, report, market.now);
    });
    this.buys = this.#matching.buys;
    this.sells = this.#matching.sells;
  }

  /** No order rests, no command and no report is under way: no report can come of market rows. */
  get isIdle(): boolean {
    const resting = this.buys.count + this.sells.count;
    return resting === 0 && this.isQuiet;
  }

  /** Nobody trades on it any more: it watches nothing. */
  close(): void {
    invariant(this.isIdle, "an account at work is not closed");
    this.#market.forgive();
  }

  // What follows is the venue's side.

  /** Lots of others that are shown at a level, without what we took, and with what we spared. */
  shown(isBid: boolean, tick: number): number {
    return this.#market.visibleBeside(isBid ? "buy" : "sell", tick);
  }

  /** Exchange time: the latest row, or command of this account. */
  get now(): number {
    return this.#market.now;
  }

  /** Whether any level is not as it was recorded. */
  get inDebt(): boolean {
    return this.#market.inDebt;
  }

  protected get settledTo(): number {
    return this.#recorded.settledTo;
  }

  /** Whether rows may concern this account: it has resting orders or debts. */
  get isWatching(): boolean {
    return this.buys.count + this.sells.count > 0 || this.#market.inDebt;
  }

  /** A message that concerns us begins to act. */
  beginMessage(): void {
    this.#market.noteQuote();
  }

  /** Handles commands that arrive before the row at `next`, up to `until`. */
  handleCommands(next: number, until: number): void {
    for (;;) {
      const arrival = this.nextCommandAt;
      if (arrival >= next || arrival > until) return;
      const command = this.takeCommand();
      if (command === undefined) return;
      this.#market.noteAct(arrival);
      if (command.kind === "place") this.#matching.place(command.order);
      else if (command.kind === "amend") this.#matching.amend(command.amend);
      else this.#matching.cancel(command.id);
      this.#settleShift();
      this.#redrawWatch();
      this.#acted();
    }
  }

  /** A trade of others. @returns lots of it that filled orders of ours. */
  traded(flags: number, price: number, quantity: number): number {
    if ((flags & OFF_BOOK) !== 0) return 0;
    const isSell = (flags & KIND_MASK) === Kind.TRADE_SELL;
    const resting = isSell ? this.buys : this.sells;
    if (isSell ? price > resting.high : price < resting.low) return 0;
    const ours = this.#matching.traded(resting, price, quantity);
    if (ours > 0) this.#redrawWatch();
    return ours;
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
    if (mayCross) {
      this.#matching.fillFromLevels("buy");
      this.#matching.fillFromLevels("sell");
      this.#redrawWatch();
    }
    if (this.#settleShift()) this.#redrawWatch();
  }

  /** One step of healing: levels that owed show more again, to our resting orders too. */
  heal(at: number): void {
    this.#market.noteAct(at);
    if (!this.#market.heal()) return;
    this.#allMoved();
    this.#settleShift();
    this.#redrawWatch();
  }

  /** The market goes where our fills have pushed it. @returns whether it has moved. */
  #settleShift(): boolean {
    this.#market.settleShift();
    const isMoved = this.#market.takeMoved();
    if (!isMoved) return false;
    do {
      this.#allMoved();
      this.#market.settleShift();
    } while (this.#market.takeMoved());
    return true;
  }

  /** Every level may show something else than it did. */
  #allMoved(): void {
    this.#matching.allMoved();
    this.#matching.fillFromLevels("buy");
    this.#matching.fillFromLevels("sell");
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
