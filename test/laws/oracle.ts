/**
 * Oracle: watches a session step by step and throws when a law breaks.
 *
 * What it knows comes from the events, the commands, the venue's ledger and the market's rows, never
 * from the engine's state, but for the comparison at the end. Laws are numbered as in laws.test.ts.
 */
import type { ClientOrderId } from "../../src/core/domain/child-order.ts";
import type { EngineEvent, EngineOutput } from "../../src/core/domain/messages.ts";
import {
  isTerminal,
  PARENT_TRANSITIONS,
  type ParentOrder,
  type ParentPhase,
} from "../../src/core/domain/parent-order.ts";
import type { Engine } from "../../src/core/engine.ts";
import type { RiskLimits } from "../../src/core/execution/limits.ts";
import { asNumber, Ledger, moneyOf, moneyText } from "./ledger.ts";
import { MarketFold } from "./market-fold.ts";
import type { Market } from "./market.ts";
import { GROUNDS, type Schedule } from "./schedule.ts";
import { checkSend, type Pace } from "./send-laws.ts";
import type { AdversarialVenue } from "./venue.ts";

export class LawBroken extends Error {
  override readonly name = "LawBroken";
  constructor(law: string, text: string) {
    super(`law ${law}: ${text}`);
  }
}

/** What the oracle holds of one parent. */
export interface ParentBook {
  /** Terms in force or about to be: an amendment counts from the moment it was taken on. */
  order: ParentOrder;
  readonly ledger: Ledger;
  phase: ParentPhase;
  reason: string;
  isPaused: boolean;
  isEnding: boolean;
  arrivalMid: number | undefined;
  /** Where the plan in force began, and where the last stall ended. */
  plan: Pace | undefined;
  stall: Pace | undefined;
  pausedAt: number;
  lastAggressiveAt: number;
  /** Orders rejected in a row, and when the next one may go. */
  rejects: number;
  notBefore: number;
  residuals: number;
  /** The largest quantity or budget ever in force. */
  mostLots: number;
  mostMoney: bigint;
}

const STALL_MICROS = 10_000_000;

export class Oracle {
  readonly books = new Map<string, ParentBook>();
  readonly limits: RiskLimits;
  readonly fold: MarketFold;
  readonly market: Market;
  readonly venue: AdversarialVenue;
  readonly schedule: Schedule;
  /** Times of aggressive orders and of amends of the whole account. */
  readonly aggressiveTimes: number[] = [];
  readonly amendTimes: number[] = [];
  readonly alerts: string[] = [];
  sends = 0;
  refusals = new Map<string, number>();
  #isKilled = false;
  /** When the engine asked to be woken. */
  #awaited = Number.POSITIVE_INFINITY;
  #undo: (() => void) | undefined;
  readonly #closed = new Set<ClientOrderId>();
  readonly #cancelSent = new Set<ClientOrderId>();

  constructor(schedule: Schedule, limits: RiskLimits, market: Market, venue: AdversarialVenue) {
    this.schedule = schedule;
    this.limits = limits;
    this.market = market;
    this.venue = venue;
    this.fold = new MarketFold(market.block);
  }

  before(event: EngineEvent, position: number): void {
    this.fold.advanceTo(position);
    // Longer than the engine asked for: the process slept. Until then there was nothing to do.
    const overslept = event.time - this.#awaited;
    if (overslept >= STALL_MICROS) {
      for (const book of this.books.values()) this.#endStall(book, event.time, overslept);
    }
    this.#undo = undefined;
    if (event.kind === "parent-submitted") this.#open(event.parent);
    else if (event.kind === "kill-switched") this.#isKilled = true;
    else if (event.kind === "order-reported") this.#report(event);
    else if ("parentId" in event) this.#operate(event);
  }

  see(output: EngineOutput, event: EngineEvent): void {
    const now = event.time;
    switch (output.kind) {
      case "parent-refused":
        this.#undo?.();
        this.#undo = undefined;
        return;
      case "parent-moved":
        return this.#move(output, now);
      case "parent-arrived": {
        const book = this.#book(output.parentId);
        book.arrivalMid = output.arrivalPrice;
        require("arrival", output.arrivalPrice === this.fold.bid + this.fold.ask, "not the mid");
        book.plan = this.#pace(book, now);
        return;
      }
      case "raise-alert":
        this.alerts.push(output.code);
        return;
      case "order-refused":
        this.refusals.set(output.refusal.code, 1 + (this.refusals.get(output.refusal.code) ?? 0));
        return;
      case "place-order":
      case "amend-order":
        require("7", !this.#isKilled, "an order after the kill switch");
        this.sends += 1;
        return checkSend(this, output, now);
      case "cancel-order":
        this.#cancelSent.add(output.clientOrderId);
        return;
      default:
    }
  }

  /** The engine must ask to be woken while anything is at work. */
  after(engine: Engine): void {
    this.#awaited = engine.wakeAt;
    for (const [id, book] of this.books) {
      if (isTerminal(book.phase)) continue;
      require("8", engine.wakeAt < 2 ** 53 - 1, `${id} is ${book.phase} and sleeps for ever`);
    }
  }

  finish(engine: Engine): void {
    for (const [id, book] of this.books) {
      const { ledger, order, phase, reason } = book;
      require("8", isTerminal(phase), `${id} ended as ${phase}`);
      require("8", ledger.orders.every(
        (it) => it.state === "closed",
      ), `${id}: a live child remains`);
      const parent = engine.parents.get(id)!;
      require("2", parent.filled === ledger.filled, `${id}: ${parent.filled} ≠ ${ledger.filled}`);
      require("8", parent.phase === phase, `${id}: facts say ${phase}, state ${parent.phase}`);
      const { quantity } = order;
      if (quantity.kind === "lots") {
        const isWhole = ledger.filled >= quantity.lots;
        const text = `${id}: ${phase} with ${ledger.filled} of ${quantity.lots} (${reason})`;
        require("8", (phase === "complete") === isWhole, text);
        const left = quantity.lots - ledger.filled;
        if (phase === "complete-with-dust") require("4", left < this.#dustLots(), text);
      } else if (phase === "complete") {
        require("8", ledger.filled > 0, `${id}: complete without a fill`);
        const left = moneyText(quantity.quote) - ledger.spent;
        const lot = (moneyText(quantity.quote) * 5n) / 4n / BigInt(ledger.filled);
        require("8", left < lot, `${id}: complete with ${left} of money left`);
      }
      if (phase === "expired" && reason.startsWith("deadline")) {
        require("8", reason.includes(`residual policy ${order.constraints.residual}`), reason);
      }
      if (phase === "failed") require("2", /rejects in a row/.test(reason), reason);
    }
  }

  require(law: string, holds: boolean, text: string): asserts holds {
    require(law, holds, text);
  }

  /** Volume of others and what is committed, from where a plan or a stall's end is measured. */
  #pace(book: ParentBook, now: number): Pace {
    const committed = book.ledger.committedShare(book.order);
    return { at: now, committed, volume: this.fold.volume };
  }

  /** Under this many lots the venue takes no order, at the lowest price that a session sees. */
  #dustLots(): number {
    const { instrument } = this.market.header;
    const { minNotional, minLots } = instrument;
    const lot = asNumber(moneyOf(instrument, 0.7 * GROUNDS[this.schedule.venue]!.start, 1));
    return Math.max(minLots, Number(minNotional.mantissa) / 10 ** minNotional.scale / lot);
  }

  #book(id: string): ParentBook {
    const book = this.books.get(id);
    require("-", book !== undefined, `a fact of ${id}, which nobody submitted`);
    return book;
  }

  bookOf(clientOrderId: ClientOrderId): ParentBook {
    return this.#book(clientOrderId.slice(0, clientOrderId.lastIndexOf("-")));
  }

  #open(order: ParentOrder): void {
    const before = this.books.get(order.id);
    const { quantity } = order;
    this.books.set(order.id, {
      order,
      ledger: new Ledger(this.market.header.instrument, this.venue),
      phase: "initialized",
      reason: "",
      isPaused: false,
      isEnding: false,
      arrivalMid: undefined,
      plan: undefined,
      stall: undefined,
      pausedAt: 0,
      lastAggressiveAt: Number.NEGATIVE_INFINITY,
      rejects: 0,
      notBefore: 0,
      residuals: 0,
      mostLots: quantity.kind === "lots" ? quantity.lots : 0,
      mostMoney: quantity.kind === "notional" ? moneyText(quantity.quote) : 0n,
    });
    this.#undo = () => {
      if (before === undefined) this.books.delete(order.id);
      else this.books.set(order.id, before);
    };
  }

  #operate(event: Extract<EngineEvent, { readonly parentId: string }>): void {
    const book = this.books.get(event.parentId);
    if (book === undefined) return;
    const { order, isPaused, isEnding, mostLots, mostMoney, residuals } = book;
    this.#undo = () =>
      void Object.assign(book, { order, isPaused, isEnding, mostLots, mostMoney, residuals });
    if (event.kind === "parent-paused") book.isPaused = true;
    else if (event.kind === "parent-resumed") book.isPaused = false;
    else if (event.kind === "parent-canceled") book.isEnding = true;
    else if (event.kind === "strategy-switched")
      book.order = { ...order, strategy: event.strategy };
    else if (event.kind === "parent-amended") {
      book.order = amended(order, event.amendment);
      book.residuals = 0;
      const { quantity } = book.order;
      if (quantity.kind === "lots") book.mostLots = Math.max(mostLots, quantity.lots);
      else if (moneyText(quantity.quote) > mostMoney) book.mostMoney = moneyText(quantity.quote);
    }
    book.stall = undefined;
  }

  #move(output: Extract<EngineOutput, { kind: "parent-moved" }>, now: number): void {
    const { parentId, from, to, reason } = output;
    const book = this.#book(parentId);
    require("8", book.phase === from, `${parentId} moved from ${from}, was ${book.phase}`);
    require("8", PARENT_TRANSITIONS[from].includes(to), `${parentId}: ${from} → ${to}`);
    require("8", reason !== "", `${parentId}: no reason for ${to}`);
    book.phase = to;
    book.reason = reason;
    if (to === "paused") book.pausedAt = now;
    if (to === "closing" || isTerminal(to)) book.isEnding = true;
    if (from === "adjusting" && to === "active") book.plan = this.#pace(book, now);
    if (from === "paused" && to === "active") this.#endStall(book, now, now - book.pausedAt);
  }

  #endStall(book: ParentBook, now: number, span: number): void {
    if (book.plan === undefined) return;
    const interval = Number(book.order.strategy.parameters["intervalSeconds"]) * 1e6;
    if (span >= Math.max(STALL_MICROS, 5 * interval)) book.stall = this.#pace(book, now);
  }

  #report(event: Extract<EngineEvent, { kind: "order-reported" }>): void {
    const { clientOrderId, report, time } = event;
    const book = this.bookOf(clientOrderId);
    if (report.kind === "filled" || report.kind === "amended") book.rejects = 0;
    const isEnd =
      report.kind === "rejected" || report.kind === "canceled" || report.kind === "expired";
    if (!isEnd || this.#closed.has(clientOrderId)) return;
    this.#closed.add(clientOrderId);
    const child = book.ledger.orders.find((it) => it.terms.clientOrderId === clientOrderId)!;
    if (report.kind === "rejected") {
      const wait = 1e6 * 2 ** Math.min(book.rejects, 5);
      book.rejects += 1;
      book.notBefore = time + wait;
      if (book.rejects >= 6) book.isEnding = true;
      return;
    }
    book.rejects = 0;
    const wasAsked = this.#cancelSent.has(clientOrderId) || child.isImmediate;
    // An order that the venue withdraws untouched is not sent again in the same breath.
    if (!wasAsked && child.filled === 0) book.notBefore = Math.max(book.notBefore, time + 1e6);
  }
}

function require(law: string, holds: boolean, text: string): asserts holds {
  if (!holds) throw new LawBroken(law, text);
}

function amended(
  order: ParentOrder,
  amendment: Extract<EngineEvent, { kind: "parent-amended" }>["amendment"],
): ParentOrder {
  const constraints: Record<string, unknown> = { ...order.constraints };
  for (const key of ["limitPrice", "maxParticipation"] as const) {
    if (amendment[key] === null) delete constraints[key];
    else if (amendment[key] !== undefined) constraints[key] = amendment[key];
  }
  return {
    ...order,
    ...(amendment.quantity === undefined ? {} : { quantity: amendment.quantity }),
    ...(amendment.deadline === undefined ? {} : { deadline: amendment.deadline }),
    ...(amendment.urgency === undefined ? {} : { urgency: amendment.urgency }),
    constraints: constraints as unknown as ParentOrder["constraints"],
  };
}
