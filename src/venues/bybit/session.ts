/**
 * Session: one Bybit account on one instrument, as the live loop knows it.
 *
 * It joins what brings news (the market's stream, the private stream, answers, questions) with the
 * tracker, which alone decides what is told. What must stay true: nothing is told from within a
 * call, before `start` or after `close`; and what the streams did not say while they were away is
 * asked for.
 */
import type { ClientOrderId, OrderTerms } from "../../core/domain/child-order.ts";
import { err, invariant, type Result } from "../../core/domain/errors.ts";
import type { AmendTerms, RiskApproved } from "../../core/domain/messages.ts";
import { type Micros, micros, type Ticks } from "../../core/domain/units.ts";
import type { FeeRates } from "../../core/execution/instrument-state.ts";
import { Kind, KIND_MASK, type MarketBlock, type MarketHeader } from "../../core/market/columns.ts";
import { every } from "../../data/network/repeating.ts";
import type {
  AccountSummary,
  AdoptedOrder,
  VenueFault,
  VenueNotice,
  VenueSession,
  VenueSink,
} from "../venue.ts";
import type { RequestAnswer, RequestKind, VenueMillis } from "./order-sighting.ts";
import type { SessionParts } from "./session-parts.ts";
import { StreamEar } from "./stream-ear.ts";
import { AccountLedger } from "./account-ledger.ts";
import { AccountSweep } from "./account-sweep.ts";
import { Withdrawal } from "./withdrawal.ts";
import {
  amendBody,
  cancelBody,
  type ExecutionRow,
  type OrderState,
  placeBody,
  type PositionState,
  type WireFault,
} from "./wire.ts";

/** Ids of orders: those of hours. */
const MOST_REMEMBERED = 10_000;
/** Notices that came before anybody listened. */
const MOST_EARLY_NOTICES = 100;

export class BybitSession implements VenueSession {
  readonly header: MarketHeader;
  readonly fees: FeeRates;
  readonly account: AccountSummary;
  readonly #parts: SessionParts;
  readonly #ledger: AccountLedger;
  readonly #sweep: AccountSweep;
  readonly #ear: StreamEar;
  readonly #orderIds = new Map<string, ClientOrderId>();
  #sink: VenueSink | undefined;
  #early: VenueNotice[] = [];
  #isClosed = false;
  #isTelling = false;
  #takeBackSoon: (() => void) | undefined;
  #endLooks: (() => void) | undefined;
  #lastPrice: Ticks | undefined;
  #strayExecutions = 0;
  /** Of the position: "Normal", or the venue is closing it. */
  #standing = "Normal";
  #unread = 0;
  #now = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.header = parts.header;
    this.fees = parts.fees;
    this.account = parts.account;
    const { knownTo, style, tracker, questions, prefix, pace, restartPrivate } = parts;
    this.#ledger = new AccountLedger(knownTo, style.positionIndex);
    this.#ear = new StreamEar(this.#venueNow(), pace.silentMs, restartPrivate);
    this.#sweep = new AccountSweep({
      tracker,
      questions,
      prefix,
      pace,
      since: knownTo,
      venueNowMs: () => this.#venueNow(),
      withdraw: (id) => this.#withdraw(id, true),
      notice: (severity, code, text) => this.notice(severity, code, text),
      listed: (until) => this.#ledger.listed(until),
      told: () => this.#tell(),
    });
  }

  get foreignLots(): number {
    return this.#ledger.foreignLots;
  }

  get executedTo(): Micros {
    return micros(Math.floor(this.#ledger.executedTo * 1000));
  }

  now(): number {
    this.#now = Math.max(this.#now, this.#parts.market.now());
    return this.#now;
  }

  adopt(orders: readonly AdoptedOrder[]): void {
    invariant(this.#sink === undefined, "orders are adopted before the session is started");
    for (const order of orders) this.#parts.tracker.adopt(order, this.#venueNow());
  }

  start(sink: VenueSink): void {
    this.#sink = sink;
    const { market, guard, rules, pace, questions, timers } = this.#parts;
    timers.after(0, () => {
      if (this.#isClosed) return;
      for (const notice of this.#early.splice(0)) sink.notice(notice);
      market.listen(
        (block) => this.#rows(block),
        (told) => this.#sink?.told?.(told),
      );
      guard.start();
      rules.start();
      const look = (): void => {
        questions.ask();
        this.#sweep.tick();
        this.#tell();
      };
      look();
      this.#endLooks = every(timers, pace.lookMs, look);
    });
  }

  place(order: RiskApproved<OrderTerms>): void {
    const { tracker, gate, grid, style, pace, rules } = this.#parts;
    const at = this.#venueNow();
    const number = tracker.place(order, at);
    this.#tellSoon();
    if (number === undefined) return;
    const price = order.limitPrice ?? this.#lastPrice;
    const broken = rules.broken ?? gate.place(price, order.quantity, at);
    const body = placeBody(grid.instrument, style, order);
    if (broken !== undefined) return this.#notSent(number, broken.code, broken.text);
    if (!body.ok) return this.#notSent(number, "VENUE_NOT_SENT", body.error.text);
    this.#submit("place", number, order.clientOrderId, body.value, at + pace.orderPatienceMs);
  }

  amend(amend: RiskApproved<AmendTerms>): void {
    const { tracker, gate, grid, pace, rules } = this.#parts;
    const at = this.#venueNow();
    const number = tracker.amend(amend, at);
    this.#tellSoon();
    if (number === undefined) return;
    const broken = rules.broken ?? gate.amend(amend.limitPrice, amend.quantity);
    if (broken !== undefined) return this.#notSent(number, broken.code, broken.text);
    const whole = amendBody(grid.instrument, amend);
    const { price, qty, ...rest } = whole;
    // What stays as it is is not named: a smaller order keeps its place in the queue.
    const was = tracker.order(amend.clientOrderId)?.child;
    const body = {
      ...rest,
      ...(was?.limitPrice === amend.limitPrice ? {} : { price }),
      ...(was?.quantity === amend.quantity ? {} : { qty }),
    };
    this.#submit("amend", number, amend.clientOrderId, body, at + pace.orderPatienceMs);
  }

  cancel(clientOrderId: ClientOrderId): void {
    const { tracker, grid, pace } = this.#parts;
    const at = this.#venueNow();
    const number = tracker.cancel(clientOrderId, at);
    this.#tellSoon();
    if (number === undefined) return;
    const body = cancelBody(grid.instrument, clientOrderId);
    this.#submit("cancel", number, clientOrderId, body, at + pace.cancelPatienceMs);
  }

  /** Executions are asked for behind the account: those that have moved it are told by then. */
  async refresh(): Promise<Result<AccountSummary, VenueFault>> {
    const account = await this.#parts.refresh();
    if (!account.ok || this.#sink === undefined) return account;
    if (await this.#sweep.look()) return account;
    const text = "the open orders and the executions could not be asked for";
    return err({ code: "VENUE_UNREACHABLE", text });
  }

  cancelAll(): Promise<Result<void, VenueFault>> {
    const { tracker, questions, entry, pace, prefix, timers } = this.#parts;
    if (this.#isClosed) {
      const text = "the session is closed: what rests at the venue stays there";
      return Promise.resolve(err({ code: "VENUE_UNREACHABLE", text }));
    }
    entry.withdraw("all orders are being withdrawn");
    const withdrawal = new Withdrawal({
      tracker,
      questions,
      prefix,
      pace,
      timers,
      venueNowMs: () => this.#venueNow(),
      cancel: (id, isAgain) => this.#withdraw(id, isAgain),
      isWaiting: (id) => entry.hasCancelWaiting(id),
      isOver: () => this.#isClosed,
    });
    return withdrawal.run();
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    this.#endLooks?.();
    this.#takeBackSoon?.();
    this.#sink = undefined;
    const { questions, entry, closeParts } = this.#parts;
    questions.close();
    entry.close();
    closeParts();
    return Promise.resolve();
  }

  // What comes.

  orders(rows: readonly OrderState[]): void {
    const now = this.#venueNow();
    for (const row of rows) {
      if (this.#parts.tracker.isOurs(row.clientOrderId)) {
        this.#orderIds.set(row.orderId, row.clientOrderId);
        if (this.#orderIds.size > MOST_REMEMBERED) {
          this.#orderIds.delete(this.#orderIds.keys().next().value!);
        }
      }
      this.#parts.tracker.sighted(this.#parts.questions.sighting(row), now);
    }
    this.#tell();
  }

  executions(rows: readonly ExecutionRow[]): void {
    for (const row of rows) this.execution(row);
    this.#tell();
  }

  /** The position itself is the engine's to count; what is told here is trouble. */
  positions(rows: readonly PositionState[]): void {
    for (const { status, positionIndex } of rows) {
      if (positionIndex !== this.#parts.style.positionIndex || status === this.#standing) continue;
      this.#standing = status;
      if (status !== "Liq" && status !== "Adl") continue;
      const text = `the venue is closing the position by force (${status})`;
      this.notice("critical", "VENUE_POSITION_MOVED", text);
    }
  }

  /** One execution, from the stream or asked for at `begunAt`. Told by whoever brings it. */
  execution(row: ExecutionRow, begunAt?: VenueMillis): void {
    const { tracker } = this.#parts;
    const at = row.time / 1000;
    const named = row.clientOrderId as ClientOrderId;
    const id = (named === "" ? this.#orderIds.get(row.orderId) : undefined) ?? named;
    const isNews =
      row.kind === "trade" && tracker.isOurs(id)
        ? tracker.executed({ clientOrderId: id, fill: row.fill }, this.#venueNow())
        : this.#ledger.isNews(row.executionId, at);
    if (!isNews) return;
    if (begunAt !== undefined) this.#ear.found(at, begunAt);
    if (row.kind === "other") this.#otherExecution(row);
    else if (!tracker.isOurs(id)) this.#strange(row);
  }

  /** Found by asking at `begunAt`: the stream had not told it. */
  found(at: VenueMillis, begunAt: VenueMillis): void {
    this.#ear.found(at, begunAt);
  }

  /** The private stream stands. What it would have said meanwhile is asked for. */
  streamReady(isAgain: boolean): void {
    this.#ear.stands(this.#venueNow());
    if (!isAgain) return;
    this.notice("info", "VENUE_RECONNECTED", "the private stream is back; orders are looked up");
    this.#parts.tracker.resync(this.#venueNow());
    this.#parts.questions.ask();
    this.#sweep.soon();
  }

  streamLost(reason: string): void {
    this.#ear.lost();
    this.notice("warning", "VENUE_PRIVATE_LOST", `the private stream is away: ${reason}`);
  }

  /** The stream said something that could not be read: as if it had not been heard. */
  missing(fault: WireFault): void {
    this.unread(fault);
    this.#parts.tracker.resync(this.#venueNow());
    this.#sweep.soon();
  }

  /** Told at the first time, and at each tenfold: one bad row may come again and again. */
  unread({ text }: WireFault): void {
    this.#unread += 1;
    if (!isTenfold(this.#unread)) return;
    const said = this.#parts.redact(`${this.#unread} messages could not be read so far: ${text}`);
    this.notice("critical", "VENUE_UNREAD", said);
  }

  /** Something was handed to the tracker. */
  told(): void {
    this.#tell();
  }

  notice(severity: VenueNotice["severity"], code: string, text: string): void {
    this.noticed({ severity, code, text });
  }

  noticed(notice: VenueNotice): void {
    if (this.#isClosed) return;
    if (this.#sink !== undefined) this.#sink.notice(notice);
    else if (this.#early.length < MOST_EARLY_NOTICES) this.#early.push(notice);
  }

  // What goes.

  #submit(
    kind: RequestKind,
    number: number,
    clientOrderId: ClientOrderId,
    body: object,
    notAfter: number,
  ): void {
    const answered = (answer: RequestAnswer): void => this.#answered(number, answer);
    this.#parts.entry.submit({ kind, number, clientOrderId, body, notAfter, answered });
  }

  #answered(number: number, answer: RequestAnswer): void {
    this.#parts.tracker.answered(number, answer, this.#venueNow());
    this.#tell();
  }

  #notSent(number: number, code: string, text: string): void {
    const { tracker } = this.#parts;
    tracker.answered(number, { kind: "not-sent", code, text }, this.#venueNow());
  }

  /** A cancel that the engine has not asked for: what becomes of it, the order's own news tell. */
  #withdraw(clientOrderId: ClientOrderId, isHttp: boolean): void {
    const { entry, grid, pace } = this.#parts;
    entry.submit({
      kind: "cancel",
      number: 0,
      clientOrderId,
      body: cancelBody(grid.instrument, clientOrderId),
      notAfter: this.#venueNow() + pace.cancelPatienceMs,
      isHttp,
      answered: () => undefined,
    });
  }

  // What is told.

  #rows(block: MarketBlock): void {
    if (this.#isClosed) return;
    const last = block.length - 1;
    this.#now = Math.max(this.#now, block.localTime[last]!);
    const kind = block.kind[last]! & KIND_MASK;
    if (kind === Kind.TRADE_BUY || kind === Kind.TRADE_SELL) {
      this.#lastPrice = block.price[last]! as Ticks;
    }
    this.#sink?.rows(block);
    this.#parts.guard.rows(block);
  }

  /** In a turn of its own: the caller is the engine's loop. */
  #tellSoon(): void {
    if (this.#takeBackSoon !== undefined || this.#isClosed) return;
    this.#takeBackSoon = this.#parts.timers.after(0, () => {
      this.#takeBackSoon = undefined;
      this.#tell();
    });
  }

  /** Never from within a call, nor from within the sink. */
  #tell(): void {
    if (this.#isTelling || this.#sink === undefined) return;
    this.#isTelling = true;
    try {
      while (this.#parts.tracker.hasOutputs) {
        for (const output of this.#parts.tracker.takeOutputs()) {
          if (output.kind === "report") this.#sink?.report(output.clientOrderId, output.report);
          else if (output.kind === "notice") this.noticed(output);
          else this.#withdraw(output.clientOrderId, true);
        }
      }
    } finally {
      this.#isTelling = false;
    }
  }

  #otherExecution(row: Extract<ExecutionRow, { kind: "other" }>): void {
    const { execType, quantity, price, fee } = row;
    const text = `${execType}: ${quantity} at ${price}, fee ${fee}`;
    if (execType === "Funding") return this.notice("info", "VENUE_FUNDING", text);
    const isForced = execType === "BustTrade" || execType === "AdlTrade";
    this.notice(isForced ? "critical" : "warning", "VENUE_POSITION_MOVED", text);
  }

  /** The position is not what the run makes it. The first is told at once, then each tenfold. */
  #strange(row: Extract<ExecutionRow, { kind: "trade" }>): void {
    const { prefix, wasSent } = this.#parts;
    const { clientOrderId, fill, side } = row;
    const what = `${side} ${fill.quantity} lots`;
    if (prefix !== "" && clientOrderId.startsWith(prefix)) {
      // What a run before knew of it, it was told.
      if (wasSent(clientOrderId)) return;
      const text = `the run does not know ${clientOrderId}, which is of its name: ${what}`;
      this.#strayExecutions += 1;
      if (isTenfold(this.#strayExecutions)) this.notice("critical", "VENUE_STRAY_EXECUTION", text);
      return;
    }
    if (!this.#ledger.addForeign(row) || !isTenfold(this.#ledger.foreign)) return;
    const text =
      `this account also trades by other orders: ${this.#ledger.foreign} executions so far, ` +
      `the last one ${what}`;
    this.notice("warning", "VENUE_FOREIGN_TRADE", text);
  }

  #venueNow(): number {
    return this.#parts.rest.venueNowMs();
  }
}

const isTenfold = (count: number): boolean => /^10*$/.test(String(count));
