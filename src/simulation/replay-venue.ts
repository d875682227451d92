/**
 * Replay venue: a simulated exchange over a recorded market.
 *
 * The recording supplies everybody else: its levels are what we may take, its trades are what may
 * fill our resting orders. Our own orders are invisible to it, so what we do to it is kept beside
 * it, account by account (`VenueAccount`). Here rows and commands are brought into one order of
 * time.
 *
 * What must stay true: the result depends on rows and commands alone, never on how the rows were
 * cut into blocks, the calls into steps, or which other accounts are there; no recorded lot is used
 * twice by one account.
 */
import { invariant } from "../core/domain/errors.ts";
import type { Book } from "../core/market/book.ts";
import { ENGINE_ONLY, Kind, KIND_MASK, LAST, type MarketColumns } from "../core/market/columns.ts";
import { RecordedMarket } from "./recorded-market.ts";
import { firstAfter, lastOfVenue, messageEnd, unfinishedFrom } from "./row-scan.ts";
import type { Reaction } from "./reaction.ts";
import { RowWatch } from "./row-watch.ts";
import { VenueAccount, type VenueConfig } from "./venue-account.ts";

export type { VenueConfig } from "./venue-account.ts";
export type { VenueReport } from "./wired-account.ts";

/** A market that answers us, and whoever shows it to others. */
export interface Reacting {
  readonly reaction: Reaction;
  readonly tap: RowTap;
}

/** Is told of every row that the venue has passed, in order, once it has acted. */
export interface RowTap {
  /** Rows [from, to) concern none of our orders and debts, or are for the engine alone. */
  passed(columns: MarketColumns, from: number, to: number): void;
  /** Rows [from, to) are a message that concerns us. */
  concerned(columns: MarketColumns, from: number, to: number): void;
  /** The trade in `row`, of the message in hand, filled `quantity` of ours. */
  filled(row: number, quantity: number): void;
  /** A command of ours has acted, between two messages. */
  acted(): void;
}

/** Rows looked through before they are applied: small enough to be still in the cache. */
const BULK_ROWS = 1024;

export class ReplayVenue {
  /** At exchange time, as recorded: without our orders and without our debts. */
  readonly book: Book;
  readonly #accounts: VenueAccount[];
  readonly #market = new RecordedMarket();
  readonly #watch = new RowWatch();
  /** In the middle of a message that is taken row by row. */
  #isMidMessage = false;
  /** A `CLEAR` came in this message: levels count only once all of it is in. */
  #isRebuilding = false;
  readonly #reacting: Reacting | undefined;
  readonly #tap: RowTap | undefined;

  /**
   * @param configs one an account.
   * @param reacting of a market that answers: it has one account, for two would see each other.
   */
  constructor(configs: readonly VenueConfig[], reacting?: Reacting) {
    invariant(reacting === undefined || configs.length === 1, "a market answers one account");
    this.#reacting = reacting;
    this.#tap = reacting?.tap;
    this.book = this.#market.book;
    this.#accounts = configs.map((config) => this.#account(config));
  }

  /** They share the market and know nothing of each other. */
  get accounts(): readonly VenueAccount[] {
    return this.#accounts;
  }

  /** One more, of a market that does not answer. */
  open(config: VenueConfig): VenueAccount {
    invariant(this.#reacting === undefined, "a market answers one account");
    const account = this.#account(config);
    this.#accounts.push(account);
    return account;
  }

  /** One on which nothing rests and nothing is under way goes. */
  close(account: VenueAccount): void {
    account.close();
    this.#accounts.splice(this.#accounts.indexOf(account), 1);
    this.#watch.redraw(this.#accounts);
  }

  #account(config: VenueConfig): VenueAccount {
    const redraw = (): void => this.#watch.redraw(this.#accounts);
    const acted = (): void => this.#tap?.acted();
    const reaction = this.#reacting?.reaction;
    return new VenueAccount(config, this.#market, this.#watch, redraw, acted, reaction);
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
    const before = this.#reported();
    let row = from;
    for (;;) {
      row = this.#apply(columns, row, to, this.#nextCommandAt(until));
      const past = row;
      while (row < to && (columns.kind[row]! & ENGINE_ONLY) !== 0) row++;
      if (row > past) this.#tap?.passed(columns, past, row);
      this.#market.settledTo = Math.min(this.#market.now, until);
      if (row === to) return row;
      const next = columns.exchangeTime[row]!;
      for (const account of this.#accounts) account.handleCommands(next, until);
      if (next > until || this.#reported() !== before) return row;
    }
  }

  /** After the last row of the recording: handles commands that arrive up to `until`. */
  finish(until: number): void {
    for (const account of this.#accounts) account.handleCommands(Infinity, until);
  }

  /** Reports that were ever made, to whomever. */
  #reported(): number {
    let count = 0;
    for (const account of this.#accounts) count += account.reported;
    return count;
  }

  #nextCommandAt(until: number): number {
    let next = until;
    for (const { nextCommandAt } of this.#accounts) if (nextCommandAt < next) next = nextCommandAt;
    return next;
  }

  /**
   * Messages that concern none of our orders and debts (almost all) are looked for in one tight
   * loop and applied in bulk; one that does is taken row by row.
   *
   * @returns the first row not applied: `to`, one after `limit`, or the one after a report.
   */
  #apply(columns: MarketColumns, from: number, to: number, limit: number): number {
    const before = this.#reported();
    let row = this.#isMidMessage ? this.#applyMessage(columns, from, to) : from;
    while (row < to && this.#reported() === before) {
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
    this.#tap?.passed(columns, from, to);
  }

  /** To the end of the message, row by row where they concern us. @returns the row after it. */
  #applyMessage(columns: MarketColumns, from: number, to: number): number {
    const { exchangeTime, kind, price, quantity } = columns;
    const market = this.#market;
    if (!this.#isMidMessage) for (const account of this.#accounts) account.beginMessage();
    this.#isMidMessage = true;
    const end = messageEnd(columns, from, to);
    for (let row = from; row < end; row++) {
      const next = this.#watch.first(columns, row, end);
      if (next > row && !market.isGapped) market.book.apply(columns, row, next, ENGINE_ONLY);
      row = next;
      if (row === end) break;
      market.now = exchangeTime[row]!;
      const ours = this.#onRow(kind[row]!, price[row]!, quantity[row]!);
      if (ours > 0) this.#tap?.filled(row, ours);
    }
    const last = lastOfVenue(columns, from, end);
    if (last >= from) {
      market.now = exchangeTime[last]!;
      if ((kind[last]! & LAST) !== 0) this.#endMessage();
    }
    this.#tap?.concerned(columns, from, end);
    return end;
  }

  #endMessage(): void {
    this.#isMidMessage = false;
    for (const account of this.#accounts) account.endMessage(this.#isRebuilding);
    this.#isRebuilding = false;
  }

  /** @returns lots of a trade that filled orders of ours. */
  #onRow(flags: number, price: number, quantity: number): number {
    const what = flags & KIND_MASK;
    if (what >= Kind.CLEAR) {
      this.#restart(what);
    } else if (what > Kind.ASK) {
      let ours = 0;
      for (const account of this.#accounts) ours += account.traded(flags, price, quantity);
      return ours;
    } else if (!this.#market.isGapped) {
      this.book.set(what, price, quantity);
      if (this.#isRebuilding) return 0;
      for (const account of this.#accounts) {
        if (account.isWatching) account.levelSet(what, price);
      }
    }
    return 0;
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
}
