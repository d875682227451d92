/**
 * Session: one Bybit account on one instrument, as the live loop knows it.
 *
 * It joins what brings news (the market's stream, the private stream, answers, questions) with the
 * tracker, which alone decides what is told. What must stay true: nothing is told from within a
 * call, before `start` or after `close`; and what the streams did not say while they were away is
 * asked for.
 */
import type { ClientOrderId, OrderTerms } from "../../core/domain/child-order.ts";
import { err, type Result } from "../../core/domain/errors.ts";
import type { AmendTerms, RiskApproved } from "../../core/domain/messages.ts";
import type { Ticks } from "../../core/domain/units.ts";
import type { FeeRates } from "../../core/execution/instrument-state.ts";
import { Kind, KIND_MASK, type MarketBlock, type MarketHeader } from "../../core/market/columns.ts";
import type { AccountSummary, VenueFault, VenueNotice, VenueSession, VenueSink } from "../venue.ts";
import type { MarketGuard } from "./market-guard.ts";
import type { MarketStream } from "./market-stream.ts";
import type { OrderEntry } from "./order-entry.ts";
import type { OrderQuestions } from "./order-questions.ts";
import type { OrderGate } from "./order-rules.ts";
import type { RequestAnswer, RequestKind } from "./order-sighting.ts";
import type { OrderTracker } from "./order-tracker.ts";
import type { BybitRest } from "./rest-client.ts";
import { Withdrawal } from "./withdrawal.ts";
import {
  amendBody,
  cancelBody,
  type ExecutionRow,
  type Grid,
  type OrderState,
  type OrderStyle,
  placeBody,
  type PositionState,
  type WireFault,
} from "./wire.ts";

export interface SessionParts {
  readonly header: MarketHeader;
  readonly fees: FeeRates;
  readonly account: AccountSummary;
  readonly grid: Grid;
  readonly style: OrderStyle;
  readonly rest: BybitRest;
  readonly market: MarketStream;
  readonly guard: MarketGuard;
  readonly tracker: OrderTracker;
  readonly questions: OrderQuestions;
  readonly entry: OrderEntry;
  readonly gate: OrderGate;
  readonly pace: SessionPace;
  /** Begins the ids of all orders of this run. */
  readonly prefix: string;
  /** Takes what is secret out of a text. */
  readonly redact: (text: string) => string;
  readonly refresh: () => Promise<Result<AccountSummary, VenueFault>>;
  /** Ends the streams and whatever else was opened. */
  readonly closeParts: () => void;
}

export interface SessionPace {
  /** A new order or an amendment that has waited for so long is not sent. */
  readonly orderPatienceMs: number;
  readonly cancelPatienceMs: number;
  /** Between two looks at what is to be asked. */
  readonly lookMs: number;
  /** How long `cancelAll` goes on. */
  readonly withdrawMs: number;
  /** Between two lists of open orders while orders are withdrawn. */
  readonly withdrawLookMs: number;
  /** A cancel is sent again when the order is still there so long after it went. */
  readonly withdrawAgainMs: number;
}

export const SESSION_PACE: SessionPace = {
  orderPatienceMs: 2000,
  cancelPatienceMs: 10_000,
  lookMs: 50,
  withdrawMs: 60_000,
  withdrawLookMs: 500,
  withdrawAgainMs: 2000,
};

/** Notices that came before anybody listened. */
const MOST_EARLY_NOTICES = 100;

export class BybitSession implements VenueSession {
  readonly header: MarketHeader;
  readonly fees: FeeRates;
  readonly account: AccountSummary;
  readonly #parts: SessionParts;
  readonly #orderIds = new Map<string, ClientOrderId>();
  #sink: VenueSink | undefined;
  #early: VenueNotice[] = [];
  #isClosed = false;
  #isTelling = false;
  #soon: NodeJS.Immediate | undefined;
  #looks: NodeJS.Timeout | undefined;
  #lastPrice: Ticks | undefined;
  /** Executions of others, each once. */
  readonly #foreignTrades = new Set<string>();
  #toldForeign = 0;
  /** Of the position: "Normal", or the venue is closing it. */
  #standing = "Normal";
  #unread = 0;
  #now = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.header = parts.header;
    this.fees = parts.fees;
    this.account = parts.account;
  }

  now(): number {
    this.#now = Math.max(this.#now, this.#parts.market.now());
    return this.#now;
  }

  start(sink: VenueSink): void {
    this.#sink = sink;
    const { market, guard, pace, questions } = this.#parts;
    setImmediate(() => {
      if (this.#isClosed) return;
      for (const notice of this.#early.splice(0)) sink.notice(notice);
      market.listen((block) => this.#rows(block));
      guard.start();
      this.#tell();
      this.#looks = setInterval(() => {
        questions.ask();
        this.#tell();
      }, pace.lookMs);
    });
  }

  place(order: RiskApproved<OrderTerms>): void {
    const { tracker, gate, grid, style, pace } = this.#parts;
    const at = this.#venueNow();
    const number = tracker.place(order, at);
    this.#tellSoon();
    if (number === undefined) return;
    const broken = gate.place(order.limitPrice ?? this.#lastPrice, order.quantity, at);
    const body = placeBody(grid.instrument, style, order);
    if (broken !== undefined) return this.#notSent(number, broken.code, broken.text);
    if (!body.ok) return this.#notSent(number, "VENUE_NOT_SENT", body.error.text);
    this.#submit("place", number, order.clientOrderId, body.value, at + pace.orderPatienceMs);
  }

  amend(amend: RiskApproved<AmendTerms>): void {
    const { tracker, gate, grid, pace } = this.#parts;
    const at = this.#venueNow();
    const number = tracker.amend(amend, at);
    this.#tellSoon();
    if (number === undefined) return;
    const broken = gate.amend(amend.limitPrice, amend.quantity);
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

  refresh(): Promise<Result<AccountSummary, VenueFault>> {
    return this.#parts.refresh();
  }

  cancelAll(): Promise<Result<void, VenueFault>> {
    const { tracker, questions, entry, pace, prefix } = this.#parts;
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
    clearInterval(this.#looks);
    clearImmediate(this.#soon);
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

  /** One execution, from the stream or asked for. Told by whoever brings it. */
  execution(row: ExecutionRow): void {
    if (row.kind === "other") return this.#otherExecution(row);
    const { tracker } = this.#parts;
    const named = row.clientOrderId as ClientOrderId;
    const clientOrderId = row.clientOrderId === "" ? this.#orderIds.get(row.orderId) : named;
    if (clientOrderId === undefined || !tracker.isOurs(clientOrderId)) this.#foreign(row);
    tracker.executed({ clientOrderId: clientOrderId ?? named, fill: row.fill }, this.#venueNow());
  }

  /** The private stream stands. What it would have said meanwhile is asked for. */
  streamReady(isAgain: boolean): void {
    if (!isAgain) return;
    this.notice("info", "VENUE_RECONNECTED", "the private stream is back; orders are looked up");
    this.#parts.tracker.resync(this.#venueNow());
    this.#parts.questions.ask();
  }

  streamLost(reason: string): void {
    this.notice("warning", "VENUE_PRIVATE_LOST", `the private stream is away: ${reason}`);
  }

  /** The stream said something that could not be read: as if it had not been heard. */
  missing(fault: WireFault): void {
    this.unread(fault);
    this.#parts.tracker.resync(this.#venueNow());
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
    if (this.#soon !== undefined || this.#isClosed) return;
    this.#soon = setImmediate(() => {
      this.#soon = undefined;
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
  #foreign({ fill, side }: Extract<ExecutionRow, { kind: "trade" }>): void {
    const { size } = this.#foreignTrades.add(fill.executionId);
    if (!isTenfold(size) || size === this.#toldForeign) return;
    this.#toldForeign = size;
    const text =
      `this account also trades by other orders: ${size} executions so far, ` +
      `the last one ${side} ${fill.quantity} lots`;
    this.notice("warning", "VENUE_FOREIGN_TRADE", text);
  }

  #venueNow(): number {
    return this.#parts.rest.venueNowMs();
  }
}

const isTenfold = (count: number): boolean => /^10*$/.test(String(count));
