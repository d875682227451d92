/**
 * Paper session: a live market traded in a simulated exchange that stands beside it.
 *
 * Rows drive the exchange, by the exchange's clock, as they come; commands arrive there after the
 * entry latency, and reports are told when they are due by ours. So a command that arrives between
 * two rows acts between them, and where no row comes it acts by the clock, a little late, as a
 * silent market may only be a slow one. What must stay true: nothing acts on a row that had not
 * been received when it acted, and no report comes before it could have.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../../core/domain/child-order.ts";
import { err, invariant, ok, type Result } from "../../core/domain/errors.ts";
import type { AmendTerms, RiskApproved } from "../../core/domain/messages.ts";
import type { FeeRates } from "../../core/execution/instrument-state.ts";
import type { MarketBlock, MarketColumns, MarketHeader } from "../../core/market/columns.ts";
import type { Timers } from "../../data/network/timers.ts";
import type {
  AccountSummary,
  AdoptedOrder,
  VenueFault,
  VenueSession,
  VenueSink,
} from "../venue.ts";
import { OpenOrders } from "./open-orders.ts";
import type { PublicFeed } from "./public-feed.ts";

/** One account at a simulated exchange. Nanoseconds since the market's epoch. */
export interface PaperAccount {
  readonly nextCommandAt: number;
  readonly nextReportAt: number;
  takeReport(): { readonly clientOrderId: ClientOrderId; readonly report: OrderReport };
  place(order: OrderTerms, sentAt: number): void;
  amend(amend: AmendTerms, sentAt: number): void;
  cancel(clientOrderId: ClientOrderId, sentAt: number): void;
}

/** A simulated exchange that follows rows: see `ReplayVenue`. */
export interface PaperExchange {
  readonly accounts: readonly PaperAccount[];
  advance(columns: MarketColumns, from: number, to: number, until: number): number;
  finish(until: number): void;
}

export interface PaperSessionOptions {
  readonly feed: PublicFeed;
  readonly exchange: PaperExchange;
  readonly fees: FeeRates;
  readonly account: AccountSummary;
  readonly timers: Timers;
}

/** A command waits this long for a later row before it acts on the book as it is known. */
const SILENCE_NANOS = 200e6;
const GONE = "the simulated exchange ended with the process that ran it";
/** What is not withdrawn after this will not be. */
const WITHDRAW_NANOS = 30e9;

export class PaperSession implements VenueSession {
  readonly header: MarketHeader;
  readonly fees: FeeRates;
  /** As it began; `refresh` tells how it is. */
  readonly account: AccountSummary;
  readonly #feed: PublicFeed;
  readonly #exchange: PaperExchange;
  readonly #wire: PaperAccount;
  readonly #timers: Timers;
  readonly #orders = new OpenOrders();
  #positionLots: number;
  #sink: VenueSink | undefined;
  /** Exchange time up to which something has acted. */
  #actedTo = 0;
  #times = new Float64Array(64);
  #isClosed = false;
  #takeBack: (() => void) | undefined;
  /** Of `cancelAll`, while it goes on: all who ask meanwhile are answered by it. */
  #withdrawal: Promise<Result<void, VenueFault>> | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  /** Orders whose exchange is gone. */
  readonly #gone = new Map<ClientOrderId, AdoptedOrder["child"]>();

  constructor({ feed, exchange, fees, account, timers }: PaperSessionOptions) {
    this.header = feed.header;
    this.fees = fees;
    this.#feed = feed;
    this.#exchange = exchange;
    this.#wire = exchange.accounts[0]!;
    this.account = account;
    this.#positionLots = account.positionLots;
    this.#timers = timers;
  }

  now(): number {
    return this.#feed.now();
  }

  adopt(orders: readonly AdoptedOrder[]): void {
    invariant(this.#sink === undefined, "orders are adopted before the session is started");
    for (const { child } of orders) this.#gone.set(child.terms.clientOrderId, child);
  }

  start(sink: VenueSink): void {
    this.#sink = sink;
    this.#timers.after(0, () => {
      if (!this.#isClosed) this.#tellGone(sink);
    });
    this.#feed.start(
      (block) => this.#rows(block),
      (notice) => {
        if (!this.#isClosed) sink.notice(notice);
      },
      (told) => {
        if (!this.#isClosed) sink.told?.(told);
      },
    );
  }

  place(order: RiskApproved<OrderTerms>): void {
    this.#orders.placed(order);
    this.#wire.place(order, this.now());
    this.#arm();
  }

  amend(amend: RiskApproved<AmendTerms>): void {
    this.#wire.amend(amend, this.now());
    this.#arm();
  }

  cancel(clientOrderId: ClientOrderId): void {
    // Its end is told anyway.
    if (this.#gone.has(clientOrderId)) return;
    this.#wire.cancel(clientOrderId, this.now());
    this.#arm();
  }

  refresh(): Promise<Result<AccountSummary, VenueFault>> {
    return Promise.resolve(ok({ ...this.account, positionLots: this.#positionLots }));
  }

  cancelAll(): Promise<Result<void, VenueFault>> {
    if (this.#orders.isEmpty || this.#isClosed) return Promise.resolve(ok(undefined));
    for (const id of this.#orders.ids) this.cancel(id);
    this.#withdrawal ??= this.#untilEmpty().finally(() => {
      this.#withdrawal = undefined;
    });
    return this.#withdrawal;
  }

  #untilEmpty(): Promise<Result<void, VenueFault>> {
    return new Promise((resolve) => {
      const giveUp = this.#timers.after(WITHDRAW_NANOS, () => {
        this.#orders.onEmpty = undefined;
        const text = `the simulated exchange did not answer for ${this.#orders.count} orders`;
        resolve(err({ code: "VENUE_UNREACHABLE", text }));
      });
      this.#orders.onEmpty = () => {
        giveUp();
        resolve(ok(undefined));
      };
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#takeBack?.();
    this.#feed.stop();
    return Promise.resolve();
  }

  #tellGone(sink: VenueSink): void {
    for (const [id, child] of this.#gone) {
      const { phase, cumulative, finalCumulative = cumulative } = child;
      if (phase !== "closed") sink.report(id, { kind: "canceled", text: GONE, cumulative });
      else if (finalCumulative > cumulative) {
        const lost = finalCumulative - cumulative;
        const text = `${lost} lots of ${id} were filled and never told one by one: ${GONE}`;
        sink.notice({ severity: "critical", code: "VENUE_EXECUTIONS_MISSING", text });
      }
    }
    this.#gone.clear();
  }

  /** The exchange first: what it does on a row is known here later than the row itself. */
  #rows(block: MarketBlock): void {
    if (this.#isClosed) return;
    const rows = this.#inOrder(block);
    for (let row = 0; row < block.length;) {
      row = this.#exchange.advance(rows, row, block.length, Number.POSITIVE_INFINITY);
    }
    this.#sink!.rows(block);
    this.#arm();
  }

  /** For the exchange what comes late happens late: its time never falls. */
  #inOrder(block: MarketBlock): MarketColumns {
    const { length } = block;
    if (this.#times.length < length) this.#times = new Float64Array(length * 2);
    for (let row = 0; row < length; row++) {
      this.#actedTo = Math.max(this.#actedTo, block.exchangeTime[row]!);
      this.#times[row] = this.#actedTo;
    }
    return { ...block, exchangeTime: this.#times };
  }

  /** Wakes for the next report, and for a command that no row has brought to act. */
  #arm(): void {
    const { nextReportAt, nextCommandAt } = this.#wire;
    const next = Math.min(nextReportAt, nextCommandAt + SILENCE_NANOS);
    if (next >= this.#armedFor || this.#isClosed) return;
    this.#takeBack?.();
    this.#armedFor = next;
    this.#takeBack = this.#timers.after(next - this.now(), () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.#due();
    });
  }

  #due(): void {
    const now = this.now();
    const settled = now - SILENCE_NANOS;
    if (this.#wire.nextCommandAt <= settled) {
      this.#actedTo = Math.max(this.#actedTo, settled);
      this.#exchange.finish(this.#actedTo);
    }
    while (this.#wire.nextReportAt <= now && !this.#isClosed) {
      const { clientOrderId, report } = this.#wire.takeReport();
      this.#note(clientOrderId, report);
    }
    this.#arm();
  }

  #note(clientOrderId: ClientOrderId, report: OrderReport): void {
    if (report.kind === "filled") {
      this.#positionLots += this.#orders.signedLots(clientOrderId, report.fill.quantity);
    }
    this.#sink!.report(clientOrderId, report);
    this.#orders.reported(clientOrderId, report);
  }
}
