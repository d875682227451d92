/**
 * Order tracker: all orders of a session, and what is told of them.
 *
 * It does no IO and has no clock: whoever owns the connections hands in what came and asks what is
 * to be asked of the venue. What must stay true: what came of one order never changes what is told
 * of another, and orders that are not ours are counted and left alone.
 */
import type {
  ClientOrderId,
  OrderReport,
  OrderTerms,
  Phase,
} from "../../core/domain/child-order.ts";
import { invariant } from "../../core/domain/errors.ts";
import type { AmendTerms } from "../../core/domain/messages.ts";
import type { AdoptedOrder } from "../venue.ts";
import { strayAlarm } from "./order-alarm.ts";
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

/** An order that has ended is kept for so long: what comes later of it can only be said again. */
const KEPT_MS = 600_000;

export class OrderTracker {
  readonly counts: TrackerCounts = { foreign: 0, repeated: 0 };
  readonly #orders = new Map<ClientOrderId, TrackedOrder>();
  /** Something of these is still to be found out. */
  readonly #unsettled = new Map<ClientOrderId, TrackedOrder>();
  /** Ended, and nothing is left to be found out: since when, the oldest first. */
  readonly #settled: { readonly at: VenueMillis; readonly order: TrackedOrder }[] = [];
  /** Of orders that are not kept any more. */
  readonly #ended = new Set<string>();
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
    return this.#orders.has(clientOrderId as ClientOrderId) || this.#ended.has(clientOrderId);
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
    const { clientOrderId: id } = terms;
    const known = this.#orders.get(id);
    if (known !== undefined || this.#ended.has(id)) {
      this.#placedTwice(id, known?.child.phase ?? "closed");
      return undefined;
    }
    const number = ++this.#requests;
    this.#byRequest.set(number, this.#track({ terms, number }, at));
    return number;
  }

  /**
   * An order that a run before has sent, or was about to: the venue is asked for it, and it is
   * never sent again.
   */
  adopt(order: AdoptedOrder, now: VenueMillis): void {
    const { clientOrderId } = order.child.terms;
    invariant(!this.#orders.has(clientOrderId), `${clientOrderId} is adopted twice`);
    this.#track(order, now);
  }

  #track(order: ConstructorParameters<typeof TrackedOrder>[0], at: VenueMillis): TrackedOrder {
    const tracked = new TrackedOrder(order, at, this.#patience, (it) => this.#outputs.push(it));
    this.#orders.set(tracked.id, tracked);
    this.#unsettled.set(tracked.id, tracked);
    return tracked;
  }

  /** A report would speak of the first one: where that is not over, only a notice may. */
  #placedTwice(id: ClientOrderId, phase: Phase): void {
    const text = `an order ${id} has been sent before, so this one was not sent`;
    if (phase === "closed") {
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
    this.#file(order, now);
  }

  /**
   * `begunAt`: when the question was sent that it answers; absent: the stream said so.
   *
   * @returns whether it says something new of an order of ours.
   */
  sighted(sighting: OrderSighting, now: VenueMillis, begunAt?: VenueMillis): boolean {
    const order = this.#orders.get(sighting.clientOrderId);
    if (order === undefined) {
      if (!this.#ended.has(sighting.clientOrderId)) this.counts.foreign += 1;
      else if (sighting.standing === "open") this.#strayed(sighting.clientOrderId);
      return false;
    }
    const isNews = order.sighted(sighting, now, begunAt);
    this.#file(order, now);
    return isNews;
  }

  /** @returns whether it is a new one of an order of ours. */
  executed(execution: ExecutionSighting, now: VenueMillis): boolean {
    const order = this.#orders.get(execution.clientOrderId);
    if (order === undefined) {
      if (this.#ended.has(execution.clientOrderId)) this.counts.repeated += 1;
      else this.counts.foreign += 1;
      return false;
    }
    const isNews = order.executed(execution, now);
    if (!isNews) this.counts.repeated += 1;
    this.#file(order, now);
    return isNews;
  }

  /** The venue has listed all that is open: orders that should be there are asked for. */
  unlisted(listed: ReadonlySet<string>, now: VenueMillis): void {
    for (const { id, child, looks } of this.#unsettled.values()) {
      if (child.phase === "working" && !listed.has(id)) looks.by(now);
    }
  }

  /** The venue was asked for the order, open and closed ones, and has none. */
  missed(clientOrderId: ClientOrderId, begunAt: VenueMillis, now: VenueMillis): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return;
    order.missed(begunAt, now);
    this.#file(order, now);
  }

  /** The order's executions were asked for at `begunAt`, and handed in. */
  executionsLooked(clientOrderId: ClientOrderId, begunAt: VenueMillis, now: VenueMillis): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return;
    order.executionsLooked(begunAt, now);
    this.#file(order, now);
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
    this.#forget(now);
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

  #file(order: TrackedOrder, now: VenueMillis): void {
    if (!order.isSettled) this.#unsettled.set(order.id, order);
    else if (this.#unsettled.delete(order.id)) this.#settled.push({ at: now, order });
  }

  #forget(now: VenueMillis): void {
    while (this.#settled.length > 0 && this.#settled[0]!.at + KEPT_MS <= now) {
      const { order } = this.#settled.shift()!;
      if (!order.isSettled) continue;
      this.#orders.delete(order.id);
      this.#ended.add(order.id);
      for (const [number, of] of this.#byRequest) if (of === order) this.#byRequest.delete(number);
    }
  }

  #strayed(clientOrderId: ClientOrderId): void {
    this.#outputs.push(strayAlarm(clientOrderId), { kind: "stray", clientOrderId });
  }

  #report(clientOrderId: ClientOrderId, report: OrderReport): void {
    this.#outputs.push({ kind: "report", clientOrderId, report });
  }
}

const UNKNOWN_ORDER = {
  code: "VENUE_ORDER_NOT_FOUND",
  text: "this session has sent no such order",
} as const;
