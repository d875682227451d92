/**
 * Adversarial venue: truthful, and otherwise as unpleasant as a schedule asks for.
 *
 * It keeps its own ledger of what it filled and never fills more than an order asked for. It may be
 * slow, reject, cancel on its own, fill while a cancel is on its way, time out and tell the truth
 * later, repeat itself and reorder. In the end it answers everything. A report that closes an order
 * names the order's final cumulative quantity, as venues do: fills may still be on their way.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import { lots, micros, ticks } from "../core/domain/units.ts";
import type { AmendMood, CancelMood, Delays, PlaceMood, Schedule } from "./schedule.ts";
import { type Execution, sentOrder, type VenueOrder, type VenueRecord } from "./venue-record.ts";

/** After so many, a shell asks what became of the order, as it has to. */
const LATE_CANCELS_MAX = 3;

export interface Delivery {
  readonly at: number;
  readonly clientOrderId: ClientOrderId;
  readonly report: OrderReport;
}

const MS = 1000;
/** The code of every rejection: what the engine makes of one does not hang on it. */
const SAID = "LAWS";
const REST: PlaceMood = { kind: "rest" };
const PROMPT: Delays = { entryMs: 20, responseMs: [20], duplicate: false };

export class AdversarialVenue implements VenueRecord {
  readonly orders = new Map<ClientOrderId, VenueOrder>();
  readonly executions: Execution[] = [];
  readonly #schedule: Schedule;
  readonly #moods: PlaceMood[];
  readonly #acts: { readonly at: number; readonly run: (at: number) => void }[] = [];
  readonly #reports: Delivery[] = [];
  #placed = 0;
  #amended = 0;
  #canceled = 0;
  #told = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#moods = schedule.places.flatMap(({ mood, repeat }) =>
      Array.from({ length: repeat }, () => mood),
    );
  }

  /** An order on its way: from now on it may fill. */
  announce(terms: OrderTerms): VenueOrder {
    const order = sentOrder(terms);
    this.orders.set(terms.clientOrderId, order);
    return order;
  }

  get nextAt(): number {
    return Math.min(this.#acts[0]?.at ?? Infinity, this.#reports[0]?.at ?? Infinity);
  }

  /** Lets the venue act up to `now`, then hands over one report that is due. */
  take(now: number): Delivery | undefined {
    while (this.#acts.length > 0 && this.#acts[0]!.at <= now) {
      const act = this.#acts.shift()!;
      act.run(act.at);
    }
    if (this.#reports.length === 0 || this.#reports[0]!.at > now) return undefined;
    const delivery = this.#reports.shift()!;
    if (delivery.report.kind === "filled") {
      const { executionId } = delivery.report.fill;
      const execution = this.executions.find((it) => it.executionId === executionId)!;
      execution.toldAt ??= now;
    }
    return delivery;
  }

  place(terms: OrderTerms, now: number): void {
    const order = this.orders.get(terms.clientOrderId)!;
    const mood = this.#moods[this.#placed++] ?? REST;
    const delays = this.#delays();
    this.#at(now + delays.entryMs * MS, (at) => this.#arrive(order, mood, delays, at));
  }

  amend(amend: AmendTerms, now: number): void {
    const order = this.orders.get(amend.clientOrderId)!;
    const mood = this.#schedule.amends[this.#amended++] ?? "accept";
    const delays = this.#delays();
    this.#at(now + delays.entryMs * MS, (at) => this.#amendArrives(order, amend, mood, delays, at));
  }

  cancel(clientOrderId: ClientOrderId, now: number): void {
    const order = this.orders.get(clientOrderId)!;
    const mood = this.#schedule.cancels[this.#canceled++] ?? "accept";
    const delays = this.#delays();
    this.#at(now + delays.entryMs * MS, (at) => this.#cancelArrives(order, mood, delays, at));
  }

  #arrive(order: VenueOrder, mood: PlaceMood, delays: Delays, at: number): void {
    if (mood.kind === "reject" || (mood.kind === "time-out" && mood.lost)) {
      order.state = "closed";
      if (mood.kind === "time-out") this.#tell(order, { kind: "timed-out" }, delays, at);
      // Found out by asking, later: it never arrived.
      const late = mood.kind === "time-out" ? at + 3_000 * MS : at;
      const report = {
        kind: "rejected",
        code: SAID,
        text: "no",
        cumulative: lots(0),
      } as const;
      return this.#tell(order, report, delays, late);
    }
    order.state = "open";
    if (mood.kind === "time-out") {
      this.#tell(order, { kind: "timed-out" }, delays, at);
      this.#at(at + 2_500 * MS, (later) => {
        if (order.state === "open") this.#tell(order, { kind: "accepted" }, delays, later);
      });
      this.#fill(order, mood.share, delays, at + 500 * MS);
    } else {
      this.#tell(order, { kind: "accepted" }, delays, at);
      if (delays.duplicate) this.#tell(order, { kind: "accepted" }, delays, at + 900 * MS);
      this.#live(order, mood, delays, at);
    }
    if (order.isImmediate) this.#end(order, "canceled", delays, at + 1);
  }

  #live(order: VenueOrder, mood: PlaceMood, delays: Delays, at: number): void {
    if (mood.kind === "fill") {
      const every = order.isImmediate ? 0 : mood.everyMs * MS;
      mood.shares.forEach((share, k) =>
        this.#at(at + k * every, (then) => this.#fill(order, share, delays, then)),
      );
      if (order.isImmediate) this.#settle(at);
    } else if (mood.kind === "cancel") {
      this.#fill(order, mood.share, delays, at);
      this.#at(at + mood.afterMs * MS, (then) => this.#end(order, "canceled", delays, then));
    } else if (mood.kind === "expire") {
      this.#at(at + mood.afterMs * MS, (then) => this.#end(order, "expired", delays, then));
    } else if (mood.kind === "reject-late") {
      this.#at(at + mood.afterMs * MS, (then) => this.#end(order, "rejected", delays, then));
    }
  }

  /** An immediate order's fills happen before its remainder is canceled. */
  #settle(at: number): void {
    while (this.#acts.length > 0 && this.#acts[0]!.at <= at) this.#acts.shift()!.run(at);
  }

  #amendArrives(
    order: VenueOrder,
    amend: AmendTerms,
    mood: AmendMood,
    delays: Delays,
    at: number,
  ): void {
    if (mood === "fill-first") this.#fill(order, 0.7, delays, at);
    order.amendsSent.splice(order.amendsSent.indexOf(amend), 1);
    const isTimeOut = mood === "time-out" || mood === "time-out-lost";
    if (isTimeOut) this.#tell(order, { kind: "timed-out" }, delays, at);
    const answerAt = isTimeOut ? at + 3_000 * MS : at;
    const refused = mood === "reject" || mood === "time-out-lost" || amend.quantity <= order.filled;
    if (order.state === "open" && !refused) {
      order.quantity = amend.quantity;
      order.limit = amend.limitPrice;
      const { limitPrice, quantity } = amend;
      this.#tell(order, { kind: "amended", limitPrice, quantity }, delays, answerAt);
      if (delays.duplicate) {
        this.#tell(order, { kind: "amended", limitPrice, quantity }, delays, answerAt + 1_200 * MS);
      }
    } else {
      this.#tell(order, { kind: "amend-rejected", code: SAID, text: "no" }, delays, answerAt);
    }
    if (isTimeOut) {
      this.#at(answerAt + 4_000 * MS, (then) => {
        if (order.state === "open") this.#tell(order, { kind: "accepted" }, delays, then);
      });
    }
  }

  #cancelArrives(order: VenueOrder, mood: CancelMood, delays: Delays, at: number): void {
    if (mood === "fill-some") this.#fill(order, 0.4, delays, at);
    if (mood === "too-late") this.#fill(order, 1, delays, at);
    const late = mood === "time-out" ? at + 2_000 * MS : at;
    if (mood === "time-out") this.#tell(order, { kind: "timed-out" }, delays, at);
    if (order.state === "closed") order.lateCancels += 1;
    if (order.lateCancels > LATE_CANCELS_MAX) {
      const cumulative = lots(order.filled);
      return this.#tell(order, { kind: "canceled", text: "asked for", cumulative }, delays, late);
    }
    // A cancel that overtakes its order finds nothing, too.
    if (mood === "refuse" || order.state !== "open") {
      return this.#tell(order, { kind: "cancel-rejected", code: SAID, text: "no" }, delays, late);
    }
    this.#end(order, "canceled", delays, late);
  }

  #fill(order: VenueOrder, share: number, delays: Delays, at: number): void {
    const left = order.quantity - order.filled;
    const quantity = share >= 1 ? left : Math.floor(left * share);
    if (order.state !== "open" || quantity <= 0) return;
    order.filled += quantity;
    if (order.filled === order.quantity) order.state = "closed";
    const better = order.terms.side === "buy" ? -1 : 1;
    const improved = order.limit + (this.executions.length % 3 === 2 ? better : 0);
    const price = Math.max(1, improved);
    const executionId = `x${this.executions.length}`;
    const { clientOrderId } = order.terms;
    this.executions.push({
      orderId: clientOrderId,
      executionId,
      price,
      quantity,
      toldAt: undefined,
    });
    const fill = {
      executionId,
      price: ticks(price),
      quantity: lots(quantity),
      liquidity: order.isImmediate ? "taker" : "maker",
      fee: "0",
      feeCoin: "USD",
      exchangeTime: micros(at),
    } as const;
    this.#tell(order, { kind: "filled", fill }, delays, at);
    if (delays.duplicate) this.#tell(order, { kind: "filled", fill }, delays, at + 700 * MS);
  }

  #end(
    order: VenueOrder,
    kind: "canceled" | "expired" | "rejected",
    delays: Delays,
    at: number,
  ): void {
    if (order.state === "closed") return;
    order.state = "closed";
    const text = `${kind} by the venue`;
    const cumulative = lots(order.filled);
    const report =
      kind === "rejected" ? { kind, code: SAID, text, cumulative } : { kind, text, cumulative };
    this.#tell(order, report, delays, at);
    if (delays.duplicate) this.#tell(order, report, delays, at + 600 * MS);
  }

  #delays(): Delays {
    const { delays } = this.#schedule;
    return delays[(this.#placed + this.#amended + this.#canceled) % delays.length] ?? PROMPT;
  }

  #tell(order: VenueOrder, report: OrderReport, delays: Delays, at: number): void {
    const response = delays.responseMs[this.#told++ % delays.responseMs.length]! * MS;
    const delivery = { at: at + response, clientOrderId: order.terms.clientOrderId, report };
    insert(this.#reports, delivery);
  }

  #at(at: number, run: (at: number) => void): void {
    insert(this.#acts, { at, run });
  }
}

/** Behind everything of the same time: first come, first served. */
function insert<Item extends { readonly at: number }>(sorted: Item[], item: Item): void {
  let place = sorted.length;
  while (place > 0 && sorted[place - 1]!.at > item.at) place -= 1;
  sorted.splice(place, 0, item);
}
