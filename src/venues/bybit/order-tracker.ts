/**
 * Order tracker: all orders of a session, and what is told of them.
 *
 * It does no IO and has no clock: whoever owns the connections hands in what came and asks what is
 * to be asked of the venue. What must stay true: what came of one order never changes what is told
 * of another, and orders that are not ours are counted and left alone.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../../core/domain/child-order.ts";
import type { AmendTerms } from "../../core/domain/messages.ts";
import {
  DEFAULT_PATIENCE,
  type ExecutionSighting,
  type OrderOutput,
  type OrderSighting,
  type RequestAnswer,
  type TrackerPatience,
  type VenueMillis,
} from "./order-sighting.ts";
import { TrackedOrder } from "./tracked-order.ts";

/** What is to be asked of the venue about one order. */
export interface TrackerQuestion {
  readonly clientOrderId: ClientOrderId;
  readonly what: "order" | "executions";
}

export interface TrackerCounts {
  /** Messages of orders that are not ours. */
  foreign: number;
  /** Executions that came again. */
  repeated: number;
}

export class OrderTracker {
  readonly counts: TrackerCounts = { foreign: 0, repeated: 0 };
  readonly #orders = new Map<ClientOrderId, TrackedOrder>();
  /** Something of these is still to be found out. */
  readonly #unsettled = new Map<ClientOrderId, TrackedOrder>();
  readonly #byRequest = new Map<number, TrackedOrder>();
  readonly #patience: TrackerPatience;
  #outputs: OrderOutput[] = [];
  #requests = 0;

  constructor(patience: TrackerPatience = DEFAULT_PATIENCE) {
    this.#patience = patience;
  }

  /** What is to be told, in order; told once. */
  takeOutputs(): readonly OrderOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  get hasOutputs(): boolean {
    return this.#outputs.length > 0;
  }

  isOurs(clientOrderId: string): clientOrderId is ClientOrderId {
    return this.#orders.has(clientOrderId as ClientOrderId);
  }

  order(clientOrderId: ClientOrderId): TrackedOrder | undefined {
    return this.#orders.get(clientOrderId);
  }

  /** All that may rest at the venue. */
  open(): readonly TrackedOrder[] {
    return [...this.#unsettled.values()].filter((order) => order.mayBeOpen);
  }

  /** The number of the request that is to be sent, or undefined: it is not to be sent. */
  place(terms: OrderTerms, at: VenueMillis): number | undefined {
    const known = this.#orders.get(terms.clientOrderId);
    if (known !== undefined) {
      this.#placedTwice(known);
      return undefined;
    }
    const number = ++this.#requests;
    const order = new TrackedOrder(terms, number, at, this.#patience, (it) =>
      this.#outputs.push(it),
    );
    this.#orders.set(terms.clientOrderId, order);
    this.#unsettled.set(terms.clientOrderId, order);
    this.#byRequest.set(number, order);
    return number;
  }

  /** A report would speak of the first one: where that is not over, only a notice may. */
  #placedTwice({ id, child }: TrackedOrder): void {
    const text = `an order ${id} has been sent before, so this one was not sent`;
    if (child.phase === "closed") {
      this.#report(id, { kind: "rejected", code: "VENUE_DUPLICATE_ID", text });
      return;
    }
    this.#outputs.push({ kind: "notice", severity: "critical", code: "VENUE_DUPLICATE_ID", text });
  }

  amend(terms: AmendTerms, at: VenueMillis): number | undefined {
    const order = this.#orders.get(terms.clientOrderId);
    const number = ++this.#requests;
    if (order === undefined) {
      this.#report(terms.clientOrderId, { kind: "amend-rejected", ...UNKNOWN_ORDER });
      return undefined;
    }
    if (!order.amendAsked(number, terms, at)) return undefined;
    return this.#asked(number, order);
  }

  cancel(clientOrderId: ClientOrderId, at: VenueMillis): number | undefined {
    const order = this.#orders.get(clientOrderId);
    const number = ++this.#requests;
    if (order === undefined) {
      this.#report(clientOrderId, { kind: "cancel-rejected", ...UNKNOWN_ORDER });
      return undefined;
    }
    if (!order.cancelAsked(number, at)) return undefined;
    return this.#asked(number, order);
  }

  #asked(number: number, order: TrackedOrder): number {
    this.#byRequest.set(number, order);
    this.#unsettled.set(order.id, order);
    return number;
  }

  /** The request goes out at this instant, by the venue's clock. */
  sent(request: number, at: VenueMillis): void {
    this.#byRequest.get(request)?.sent(request, at);
  }

  answered(request: number, answer: RequestAnswer, now: VenueMillis): void {
    const order = this.#byRequest.get(request);
    if (order === undefined) return;
    order.answered(request, answer, now);
    if (answer.kind !== "unanswered") this.#byRequest.delete(request);
    this.#file(order);
  }

  /** `begunAt`: when the question was sent that it answers; absent: the stream said so. */
  sighted(sighting: OrderSighting, now: VenueMillis, begunAt?: VenueMillis): void {
    const order = this.#orders.get(sighting.clientOrderId);
    if (order === undefined) {
      this.counts.foreign += 1;
      return;
    }
    order.sighted(sighting, now, begunAt);
    this.#file(order);
  }

  executed(execution: ExecutionSighting, now: VenueMillis): void {
    const order = this.#orders.get(execution.clientOrderId);
    if (order === undefined) {
      this.counts.foreign += 1;
      return;
    }
    if (!order.executed(execution, now)) this.counts.repeated += 1;
    this.#file(order);
  }

  /** The venue was asked for the order, open and closed ones, and has none. */
  missed(clientOrderId: ClientOrderId, begunAt: VenueMillis, now: VenueMillis): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return;
    order.missed(begunAt, now);
    this.#file(order);
  }

  /** The order's executions were asked for, and handed in. */
  executionsLooked(clientOrderId: ClientOrderId, now: VenueMillis): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return;
    order.executionsLooked(now);
    this.#file(order);
  }

  /** A question is under way: it is not due again before `until`. */
  asking({ clientOrderId, what }: TrackerQuestion, until: VenueMillis): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return;
    if (what === "order") order.looks.orderAt = Math.max(order.looks.orderAt, until);
    else order.looks.executionsAt = Math.max(order.looks.executionsAt, until);
  }

  /** A question was not answered: it is due again at `at`. */
  askedInVain({ clientOrderId, what }: TrackerQuestion, at: VenueMillis): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined || order.isSettled) return;
    if (what === "order") order.looks.orderAt = Math.min(order.looks.orderAt, at);
    else order.looks.executionsAt = Math.min(order.looks.executionsAt, at);
  }

  /** The order stream was away: what it would have said has to be asked for. */
  resync(now: VenueMillis): void {
    for (const order of this.#unsettled.values()) order.resync(now);
  }

  /** Questions whose time has come. Each is answered by one of the calls above. */
  due(now: VenueMillis): readonly TrackerQuestion[] {
    const questions: TrackerQuestion[] = [];
    for (const { id, looks } of this.#unsettled.values()) {
      if (looks.orderAt <= now) questions.push({ clientOrderId: id, what: "order" });
      if (looks.executionsAt <= now) questions.push({ clientOrderId: id, what: "executions" });
    }
    return questions;
  }

  /** When the next question is due; Infinity = none. */
  get nextAt(): VenueMillis {
    let next = Number.POSITIVE_INFINITY;
    for (const { looks } of this.#unsettled.values()) {
      next = Math.min(next, looks.orderAt, looks.executionsAt);
    }
    return next;
  }

  #file(order: TrackedOrder): void {
    if (order.isSettled) this.#unsettled.delete(order.id);
    else this.#unsettled.set(order.id, order);
  }

  #report(clientOrderId: ClientOrderId, report: OrderReport): void {
    this.#outputs.push({ kind: "report", clientOrderId, report });
  }
}

const UNKNOWN_ORDER = {
  code: "VENUE_ORDER_NOT_FOUND",
  text: "this session has sent no such order",
} as const;
