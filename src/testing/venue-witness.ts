/**
 * Venue witness: hears all that a venue session tells, and holds it to the contract at once.
 *
 * It keeps the engine's own life cycle of each order, so what the engine would refuse fails here.
 * What must stay true: it believes nothing but what it was told, and forgets nothing of it.
 */
import {
  applyAmendSent,
  applyCancelSent,
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  type Fill,
  type OrderReport,
  type OrderTerms,
} from "../core/domain/child-order.ts";
import { parseDecimal } from "../core/domain/decimal.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import { type Micros, micros, NO_LOTS } from "../core/domain/units.ts";
import { Book } from "../core/market/book.ts";
import { Kind, KIND_MASK, LAST, type MarketBlock } from "../core/market/columns.ts";
import type {
  AdoptedOrder,
  VenueNotice,
  VenueSession,
  VenueSink,
} from "../venues/venue-session.ts";
import { LawBroken, requireLaw } from "./law-broken.ts";

const LAW = "venue";

/** As sessions are, but what is sent needs no engine behind it: there is none here. */
export interface SessionUnderTest extends Omit<VenueSession, "place" | "amend"> {
  place(order: OrderTerms): void;
  amend(amend: AmendTerms): void;
}

/** One order as it was sent, and what has been told of it. */
export interface WitnessedOrder {
  readonly child: ChildOrder;
  readonly reports: OrderReport[];
  readonly fills: Fill[];
}

export class VenueWitness implements VenueSink {
  readonly orders = new Map<string, WitnessedOrder>();
  /** Of orders that were never sent through this witness. */
  readonly strangers: { readonly id: string; readonly report: OrderReport }[] = [];
  readonly notices: VenueNotice[] = [];
  readonly book = new Book();
  rowCount = 0;
  trades = 0;
  gaps = 0;
  /** A book was told since the last gap. */
  hasBook = false;
  /** The first broken promise: later ones may follow from it. */
  broken: LawBroken | undefined;
  readonly #session: SessionUnderTest;
  readonly #executions = new Set<string>();
  /** Fills that a process before was told of, by order. */
  readonly #before = new Map<string, readonly Fill[]>();
  #localTime = Number.NEGATIVE_INFINITY;
  #isStarted = false;
  #isClosed = false;
  /** The call that is under way. */
  #calling: string | undefined;

  /** `before`: of a process that has ended: this one knows all that it knew. */
  constructor(session: SessionUnderTest, before?: VenueWitness) {
    this.#session = session;
    if (before === undefined) return;
    for (const [id, order] of before.orders) this.#recall(id, order);
  }

  #recall(id: string, { child, fills }: WitnessedOrder): void {
    this.orders.set(id, { child, reports: [], fills: [] });
    this.#before.set(id, fills);
    for (const { executionId } of fills) this.#executions.add(executionId);
  }

  start(): void {
    this.#isStarted = true;
    this.#call("start", () => this.#session.start(this));
  }

  async close(): Promise<void> {
    await this.#session.close();
    this.#isClosed = true;
  }

  place(terms: OrderTerms): WitnessedOrder {
    const order = this.unsent(terms);
    this.orders.set(terms.clientOrderId, order);
    this.#call("place", () => this.#session.place(terms));
    return order;
  }

  /** An order that is written down and not sent; `ago`: so many microseconds earlier. */
  unsent(terms: OrderTerms, ago = 0): WitnessedOrder {
    const { header } = this.#session;
    const now = Number(header.epochNanos / 1000n) + Math.floor(this.#session.now() / 1000);
    return { child: childOf(terms, micros(now - ago)), reports: [], fills: [] };
  }

  /** Before `start`. What this witness knows of them is forgotten, but for what stands in them. */
  adopt(orders: readonly AdoptedOrder[]): readonly WitnessedOrder[] {
    const adopted = orders.map(({ child, executionIds }) => {
      const { clientOrderId } = child.terms;
      for (const { executionId } of this.#before.get(clientOrderId) ?? []) {
        this.#executions.delete(executionId);
      }
      for (const executionId of executionIds) this.#executions.add(executionId);
      const order: WitnessedOrder = { child: { ...child }, reports: [], fills: [] };
      this.orders.set(clientOrderId, order);
      return order;
    });
    // The very children, as an engine hands them in: it goes on to change them.
    const told = orders.map(({ executionIds }, index) => ({
      child: adopted[index]!.child,
      executionIds,
    }));
    this.#call("adopt", () => this.#session.adopt(told));
    return adopted;
  }

  /** The same id a second time: what is told of it goes to the strangers. */
  placeAgain(terms: OrderTerms): void {
    this.orders.delete(terms.clientOrderId);
    this.#call("place", () => this.#session.place(terms));
  }

  amend({ child }: WitnessedOrder, terms: Omit<AmendTerms, "clientOrderId">): void {
    const { clientOrderId } = child.terms;
    applyAmendSent(child, terms.limitPrice, terms.quantity);
    this.#call("amend", () => this.#session.amend({ clientOrderId, ...terms }));
  }

  cancel({ child }: WitnessedOrder): void {
    applyCancelSent(child);
    this.#call("cancel", () => this.#session.cancel(child.terms.clientOrderId));
  }

  /** Of an order that nobody knows. */
  cancelStranger(id: ClientOrderId): void {
    this.#call("cancel", () => this.#session.cancel(id));
  }

  /** Σ of what was told as filled, signed: buys are positive. */
  get position(): number {
    let lots = 0;
    for (const { child } of this.orders.values()) {
      lots += child.terms.side === "buy" ? child.cumulative : -child.cumulative;
    }
    return lots;
  }

  // What is told.

  rows(block: MarketBlock): void {
    this.#guard(() => {
      this.#timely("rows");
      requireLaw(LAW, block.length > 0, "a block without rows");
      requireLaw(
        LAW,
        (block.kind[block.length - 1]! & LAST) !== 0,
        "a block ends within a message",
      );
      for (let row = 0; row < block.length; row++) this.#row(block, row);
      this.book.apply(block, 0, block.length);
      const now = this.#session.now();
      const last = block.localTime[block.length - 1]!;
      requireLaw(LAW, now >= last, `rows of ${last} are told at ${now}: before they came`);
      this.rowCount += block.length;
    });
  }

  report(clientOrderId: ClientOrderId, report: OrderReport): void {
    this.#guard(() => {
      this.#timely(`${report.kind} of ${clientOrderId}`);
      const order = this.orders.get(clientOrderId);
      if (order === undefined) {
        this.strangers.push({ id: clientOrderId, report });
        return;
      }
      this.#reported(order, report);
    });
  }

  notice(notice: VenueNotice): void {
    this.#guard(() => {
      this.#timely(`the notice ${notice.code}`);
      requireLaw(LAW, /^[A-Z][A-Z0-9_]*$/.test(notice.code), `${notice.code} is no notice code`);
      this.notices.push(notice);
    });
  }

  #row({ kind, price, quantity, localTime, exchangeTime }: MarketBlock, row: number): void {
    const at = localTime[row]!;
    requireLaw(LAW, at >= this.#localTime, `local time falls: ${at} after ${this.#localTime}`);
    this.#localTime = at;
    requireLaw(LAW, exchangeTime[row]! <= at, `a row of ${exchangeTime[row]} came at ${at}`);
    const what = kind[row]! & KIND_MASK;
    if (what === Kind.GAP) {
      this.gaps += 1;
      this.hasBook = false;
      return;
    }
    if (what === Kind.CLEAR) {
      this.hasBook = true;
      return;
    }
    requireLaw(LAW, price[row]! > 0, `a price of ${price[row]} ticks`);
    const isTrade = what === Kind.TRADE_BUY || what === Kind.TRADE_SELL;
    if (isTrade) this.trades += 1;
    else requireLaw(LAW, this.hasBook, "a level is told before any book");
    const least = isTrade ? 1 : 0;
    requireLaw(LAW, quantity[row]! >= least, `a quantity of ${quantity[row]} lots`);
  }

  #reported({ child, reports, fills }: WitnessedOrder, report: OrderReport): void {
    const { terms, phase, cumulative, quantity, pendingAmend, finalCumulative } = child;
    const story = [...reports.map(({ kind }) => kind), report.kind].join(", ");
    const at = `${terms.clientOrderId} (${story})`;
    reports.push(report);
    if (report.kind === "filled") {
      const { fill } = report;
      const most = Math.max(quantity, pendingAmend?.quantity ?? 0, finalCumulative ?? 0);
      const isNew = !this.#executions.has(fill.executionId);
      requireLaw(LAW, isNew, `${at}: execution ${fill.executionId} is told twice`);
      this.#executions.add(fill.executionId);
      requireLaw(LAW, fill.quantity > 0, `${at}: a fill of nothing`);
      requireLaw(LAW, cumulative + fill.quantity <= most, `${at}: filled beyond its ${most} lots`);
      requireLaw(LAW, parseDecimal(fill.fee).ok, `${at}: a fee of ${fill.fee}`);
      requireLaw(LAW, fill.feeCoin !== "", `${at}: a fee in no coin`);
      this.#inside(child, fill, at);
      fills.push(fill);
    }
    const applied = applyReport(child, report);
    requireLaw(LAW, applied.ok, `${at}: ${report.kind} is told of an order that is ${phase}`);
  }

  /** No worse than its limit: the worse of the two while an amendment is under way. */
  #inside({ terms, limitPrice, pendingAmend }: ChildOrder, { price }: Fill, at: string): void {
    if (limitPrice === undefined) return;
    const other = pendingAmend?.limitPrice ?? limitPrice;
    const isBuy = terms.side === "buy";
    const worst = isBuy ? Math.max(limitPrice, other) : Math.min(limitPrice, other);
    const isInside = isBuy ? price <= worst : price >= worst;
    requireLaw(LAW, isInside, `${at}: filled at ${price}, beyond its limit ${worst}`);
  }

  #timely(what: string): void {
    requireLaw(LAW, this.#isStarted, `${what}: told before start`);
    requireLaw(LAW, !this.#isClosed, `${what}: told after close`);
    const calling = this.#calling;
    requireLaw(LAW, calling === undefined, `${what}: told from within the call of ${calling}`);
  }

  #call(name: string, call: () => void): void {
    this.#calling = name;
    try {
      call();
    } finally {
      this.#calling = undefined;
    }
  }

  /** A throw would go to the session's socket, where nobody sees it: the case asks for it. */
  #guard(hear: () => void): void {
    try {
      hear();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.broken ??= error instanceof LawBroken ? error : new LawBroken(LAW, text);
    }
  }
}

function childOf(terms: OrderTerms, sentAt: Micros): ChildOrder {
  return {
    parentId: "suite",
    terms,
    aggressive: false,
    decision: 0,
    sentAt,
    limitPrice: terms.limitPrice,
    quantity: terms.quantity,
    pendingAmend: undefined,
    cumulative: NO_LOTS,
    phase: "pending-new",
    closeReason: undefined,
    closeText: undefined,
  };
}
