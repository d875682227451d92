/**
 * Oracle: watches a session step by step and throws when a law breaks.
 *
 * What it knows comes from the events, the commands, the venue's ledger and the market's rows,
 * never from the engine's state, but for the comparison at the end. Laws are numbered as in
 * `laws.ts`.
 */
import { type Tactic, TOUCH } from "../core/contracts/tactic.ts";
import type { ClientOrderId } from "../core/domain/child-order.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import {
  isTerminal,
  PARENT_TRANSITIONS,
  type ParentAmendment,
  type ParentOrder,
  type ParentPhase,
} from "../core/domain/parent-order.ts";
import type { Engine } from "../core/engine.ts";
import type { RiskLimits } from "../core/execution/limits.ts";
import { requireLaw } from "./law-broken.ts";
import { asNumber, Ledger, moneyOf, moneyText } from "./ledger.ts";
import type { Lineup } from "./lineup.ts";
import { MarketFold } from "./market-fold.ts";
import type { SeenMarket } from "./market.ts";
import { type Anchored, endStall, type Pace, type StallEnd, takePlan, targetOf } from "./pace.ts";
import { checkSend } from "./send-laws.ts";
import { Tally, type Tallied } from "./tally.ts";
import type { VenueRecord } from "./venue-record.ts";
import type { Anchor } from "./watched.ts";

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
  arrivedAt: number | undefined;
  /** Where the plan in force began, and where the last stall ended. */
  plan: Pace | undefined;
  stall: StallEnd | undefined;
  /** The plan in force, and how its gap is worked. */
  anchored: Anchored | undefined;
  tactic: Tactic;
  /** Acts of law 9 that the order has not sent anything after, yet. */
  acts: Tallied[];
  pausedAt: number;
  lastAggressiveAt: number;
  /** Orders rejected in a row, and when the next one may go. */
  rejects: number;
  notBefore: number;
  residuals: number;
}

const STALL_MICROS = 10_000_000;

export class Oracle {
  readonly books = new Map<string, ParentBook>();
  readonly limits: RiskLimits;
  readonly fold: MarketFold;
  readonly market: SeenMarket;
  readonly venue: VenueRecord;
  /** Times of aggressive orders and of amends of the whole account. */
  readonly aggressiveTimes: number[] = [];
  readonly amendTimes: number[] = [];
  readonly alerts: string[] = [];
  readonly lineup: Lineup;
  readonly tally = new Tally();
  #isKilled = false;
  /** When the engine asked to be woken. */
  #awaited = Number.POSITIVE_INFINITY;
  #lastAt = 0;
  #undo: (() => void) | undefined;
  readonly #closed = new Set<ClientOrderId>();
  readonly #cancelSent = new Set<ClientOrderId>();

  /** Plans bound in the step at hand. */
  readonly #bound: Anchor[] = [];

  constructor(limits: RiskLimits, market: SeenMarket, venue: VenueRecord, lineup: Lineup) {
    this.lineup = lineup;
    this.limits = limits;
    this.market = market;
    this.venue = venue;
    this.fold = new MarketFold(market);
  }

  before(event: EngineEvent, position: number): void {
    this.fold.advanceTo(position);
    // Longer than the engine asked for: the process slept. Until then there was nothing to do.
    const overslept = event.time - Math.max(this.#awaited, this.#lastAt);
    this.#lastAt = event.time;
    if (overslept >= STALL_MICROS) {
      for (const book of this.books.values()) this.#endStall(book, event.time, overslept);
    }
    this.#undo = undefined;
    if (event.kind === "parent-submitted") this.#open(event.parent);
    else if (event.kind === "kill-switched") this.#isKilled = true;
    else if (event.kind === "order-reported") this.#report(event);
    else if ("parentId" in event) this.#operate(event);
  }

  anchored(anchor: Anchor): void {
    this.#bound.push(anchor);
  }

  restarted(): void {
    for (const book of this.books.values()) this.#note(book, "restarts");
  }

  /** Judges the plans that a step has bound, before the orders that follow from them. */
  plansBound(outputs: readonly EngineOutput[], event: EngineEvent): void {
    const isRefused = outputs.some((output) => output.kind === "parent-refused");
    if (isRefused) this.#takeBack();
    for (const anchor of this.#bound.splice(0)) takePlan(this, anchor, event.time, outputs);
  }

  /** The engine refused what the event asked for: nothing has changed. */
  #takeBack(): void {
    this.#undo?.();
    this.#undo = undefined;
  }

  see(output: EngineOutput, event: EngineEvent): void {
    const now = event.time;
    switch (output.kind) {
      case "parent-refused":
        return this.#takeBack();
      case "parent-moved":
        return this.#move(output, now);
      case "parent-arrived": {
        const book = this.#book(output.parentId);
        book.arrivalMid = output.arrivalPrice;
        requireLaw("arrival", output.arrivalPrice === this.fold.bid + this.fold.ask, "not the mid");
        book.plan = this.#pace(book, now);
        return;
      }
      case "raise-alert":
        this.alerts.push(output.code);
        return;
      case "place-order":
      case "amend-order":
        requireLaw("7", !this.#isKilled, "an order after the kill switch");
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
      requireLaw("8", engine.wakeAt < 2 ** 53 - 1, `${id} is ${book.phase} and sleeps for ever`);
    }
  }

  finish(engine: Engine): void {
    this.tally.sessions += 1;
    this.tally.fills += this.venue.executions.length;
    for (const [id, book] of this.books) {
      const { ledger, order, phase, reason } = book;
      requireLaw("8", isTerminal(phase), `${id} ended as ${phase}`);
      requireLaw(
        "8",
        ledger.orders.every((it) => it.state === "closed"),
        `${id}: a live child remains`,
      );
      const parent = engine.parents.get(id)!;
      requireLaw(
        "2",
        parent.filled === ledger.filled,
        `${id}: ${parent.filled} ≠ ${ledger.filled}`,
      );
      requireLaw("8", parent.phase === phase, `${id}: facts say ${phase}, state ${parent.phase}`);
      const { quantity } = order;
      if (quantity.kind === "lots") {
        const isWhole = ledger.filled >= quantity.lots;
        const text = `${id}: ${phase} with ${ledger.filled} of ${quantity.lots} (${reason})`;
        requireLaw("8", (phase === "complete") === isWhole, text);
        const left = quantity.lots - ledger.filled;
        if (phase === "complete-with-dust") requireLaw("4", left < this.#dustLots(), text);
      } else if (phase === "complete") {
        requireLaw("8", ledger.filled > 0, `${id}: complete without a fill`);
        const left = moneyText(quantity.quote) - ledger.spent;
        const average = (moneyText(quantity.quote) * 5n) / 4n / BigInt(ledger.filled);
        // What rested far from the market may have filled there: a lot costs more than it did.
        const now = moneyOf(this.market.header.instrument, this.fold.ask, 1);
        requireLaw("8", left < average || left < now, `${id}: complete with ${left} of money left`);
      }
      if (phase === "expired" && reason.startsWith("deadline")) {
        requireLaw("8", reason.includes(`residual policy ${order.constraints.residual}`), reason);
      }
      if (phase === "failed") requireLaw("2", / in a row/.test(reason), reason);
    }
  }

  require(law: string, holds: boolean, text: string): asserts holds {
    requireLaw(law, holds, text);
  }

  /** Volume of others and what is committed, from where a plan or a stall's end is measured. */
  #pace(book: ParentBook, now: number): Pace {
    const { ledger, order } = book;
    return {
      at: now,
      committed: ledger.committedShare(order),
      committedLots: ledger.filled + ledger.open,
      volume: this.fold.volume,
    };
  }

  /** Under this many lots the venue takes no order, at the lowest price that a session sees. */
  #dustLots(): number {
    const { header, lowestTick } = this.market;
    const { minNotional, minLots } = header.instrument;
    const lot = asNumber(moneyOf(header.instrument, lowestTick, 1));
    return Math.max(minLots, Number(minNotional.mantissa) / 10 ** minNotional.scale / lot);
  }

  #book(id: string): ParentBook {
    const book = this.books.get(id);
    requireLaw("-", book !== undefined, `a fact of ${id}, which nobody submitted`);
    return book;
  }

  bookOf(clientOrderId: ClientOrderId): ParentBook {
    return this.#book(clientOrderId.slice(0, clientOrderId.lastIndexOf("-")));
  }

  #open(order: ParentOrder): void {
    const before = this.books.get(order.id);
    this.books.set(order.id, {
      order,
      ledger: new Ledger(this.market.header.instrument, this.venue),
      phase: "initialized",
      reason: "",
      isPaused: false,
      isEnding: false,
      arrivalMid: undefined,
      arrivedAt: undefined,
      plan: undefined,
      stall: undefined,
      anchored: undefined,
      tactic: TOUCH,
      acts: [],
      pausedAt: 0,
      lastAggressiveAt: Number.NEGATIVE_INFINITY,
      rejects: 0,
      notBefore: 0,
      residuals: 0,
    });
    this.#undo = () => {
      if (before === undefined) this.books.delete(order.id);
      else this.books.set(order.id, before);
    };
  }

  #operate(event: Extract<EngineEvent, { readonly parentId: string }>): void {
    const book = this.books.get(event.parentId);
    if (book === undefined) return;
    const before = { ...book, acts: [...book.acts] };
    this.#undo = () => void Object.assign(book, before);
    if (event.kind === "parent-paused") book.isPaused = true;
    else if (event.kind === "parent-resumed") {
      if (book.isPaused) this.#note(book, "pauses");
      book.isPaused = false;
    } else if (event.kind === "parent-canceled") book.isEnding = true;
    else if (event.kind === "strategy-switched") {
      book.order = { ...book.order, strategy: event.strategy };
      this.#note(book, "switches");
    } else if (event.kind === "parent-amended") this.#amend(book, event.amendment);
    book.stall = undefined;
  }

  #amend(book: ParentBook, amendment: ParentAmendment): void {
    book.order = amended(book.order, amendment);
    book.residuals = 0;
    this.#note(book, "amendments");
  }

  #move(output: Extract<EngineOutput, { kind: "parent-moved" }>, now: number): void {
    const { parentId, from, to, reason } = output;
    const book = this.#book(parentId);
    requireLaw("8", book.phase === from, `${parentId} moved from ${from}, was ${book.phase}`);
    requireLaw("8", PARENT_TRANSITIONS[from].includes(to), `${parentId}: ${from} → ${to}`);
    requireLaw("8", reason !== "", `${parentId}: no reason for ${to}`);
    book.phase = to;
    book.reason = reason;
    if (to === "paused") book.pausedAt = now;
    if (to === "closing" || isTerminal(to)) book.isEnding = true;
    // What advice follows instead of the strategy keeps to the plan in force.
    const isPlanKept = reason.startsWith("new terms by the advisor");
    if (from === "adjusting" && to === "active" && !isPlanKept) book.plan = this.#pace(book, now);
    if (from === "paused" && to === "active") this.#endStall(book, now, now - book.pausedAt);
  }

  #endStall(book: ParentBook, now: number, span: number): void {
    const { plan, anchored } = book;
    if (plan === undefined || anchored === undefined) return;
    const slices = [Math.max(anchored.plan.from, now - span), now].map((at) => {
      const { sliceFrom, sliceUntil } = targetOf(this, book, anchored, at);
      return sliceUntil - sliceFrom;
    });
    if (span < STALL_MICROS) return;
    this.#note(book, "stalls");
    if (span >= 5 * Math.max(...slices)) book.stall = endStall(this, book, this.#pace(book, now));
  }

  /** An act counts once the order has sent something after it. */
  #note(book: ParentBook, act: Tallied): void {
    if (book.plan !== undefined && !book.isEnding && !isTerminal(book.phase)) book.acts.push(act);
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
      this.tally.rejects += 1;
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

function amended(order: ParentOrder, amendment: ParentAmendment): ParentOrder {
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
