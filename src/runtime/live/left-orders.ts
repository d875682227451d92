/**
 * Left orders: what a run may have left at the venue, told by its journal alone.
 *
 * For a journal that the engine cannot be folded from: by a record that it does not take, by one
 * that is damaged, or by a configuration that this program does not know. Each order is followed by
 * itself. What must stay true: an order that was ever journaled as sent is among them, unless what
 * the journal proves has closed it.
 */
import {
  applyAmendSent,
  applyCancelSent,
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  leaves,
} from "../../core/domain/child-order.ts";
import { formatPrice, formatQuantity, type Instrument } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import { NO_LOTS, type Micros } from "../../core/domain/units.ts";
import type { AdoptedOrder } from "../../venues/venue.ts";
import type { SalvagedRecord } from "../journal/salvage.ts";

export interface LeftOrders {
  /** Of the first parent order; undefined: the journal tells of none. */
  readonly parentId: string | undefined;
  /** Those that are not proved to have ended, oldest first. */
  readonly orders: readonly AdoptedOrder[];
  /** All that were ever journaled as sent. */
  readonly placed: number;
  /** Records that say nothing that can be understood. */
  readonly unread: number;
}

export function leftOrders(records: Iterable<SalvagedRecord>): LeftOrders {
  const fold = new Fold();
  for (const record of records) fold.take(record);
  return fold.left;
}

/** Kinds of records that tell of orders: of all others there may be millions. */
const CONCERNING =
  /"(?:place-order|amend-order|cancel-order|order-reported|session-resumed|parent-submitted)"/;

class Fold {
  readonly #orders = new Map<string, ChildOrder>();
  readonly #executions = new Map<string, Set<string>>();
  #parentId: string | undefined;
  #time = 0 as Micros;
  #unread = 0;

  get left(): LeftOrders {
    const orders = [...this.#orders.values()]
      .filter((child) => child.phase !== "closed" || leaves(child) > 0)
      .map((child) => ({ child, executionIds: this.#executionsOf(child.terms.clientOrderId) }));
    const { size } = this.#orders;
    return { parentId: this.#parentId, orders, placed: size, unread: this.#unread };
  }

  take({ kind, body, isProved }: SalvagedRecord): void {
    if (kind !== "event" && kind !== "output") return;
    if (!CONCERNING.test(body)) return this.#pass(body);
    try {
      const told: unknown = JSON.parse(body);
      if (typeof told !== "object" || told === null) throw new TypeError("no record");
      if (kind === "event") this.#event(told as EngineEvent, isProved);
      else this.#output(told as EngineOutput);
    } catch {
      // What it says of an order is for the venue to tell.
      this.#unread += 1;
    }
  }

  #pass(body: string): void {
    const time = Number(/"time":(\d+)/.exec(body)?.[1]);
    if (Number.isSafeInteger(time)) this.#time = time as Micros;
  }

  #event(event: EngineEvent, isProved: boolean): void {
    if (Number.isSafeInteger(event.time)) this.#time = event.time;
    if (event.kind === "parent-submitted") this.#parentId ??= String(event.parent.id);
    if (event.kind === "session-resumed") {
      for (const child of this.#orders.values()) {
        if (child.phase !== "closed") child.phase = "unknown";
      }
    }
    // Damaged, it may say of an order that rests that it has ended.
    if (event.kind !== "order-reported" || !isProved) return;
    const child = this.#orders.get(event.clientOrderId);
    if (child === undefined) return;
    const { report } = event;
    if (report.kind !== "filled") return void applyReport(child, report);
    const { executionId } = report.fill;
    const seen = this.#executions.get(event.clientOrderId)!;
    if (seen.has(executionId)) return;
    if (!(report.fill.quantity > 0)) throw new TypeError("no fill");
    applyReport(child, report);
    seen.add(executionId);
  }

  #output(output: EngineOutput): void {
    if (output.kind === "place-order") {
      const terms = output.order;
      const { clientOrderId, side, quantity } = terms;
      if (typeof clientOrderId !== "string" || this.#orders.has(clientOrderId)) return;
      const isOrder = (side === "buy" || side === "sell") && quantity > 0;
      if (!isOrder) throw new TypeError("no order");
      this.#orders.set(clientOrderId, newChild(terms, this.#time));
      this.#executions.set(clientOrderId, new Set());
    } else if (output.kind === "amend-order") {
      const { clientOrderId, limitPrice, quantity } = output.amend;
      const child = this.#orders.get(clientOrderId);
      if (child !== undefined) applyAmendSent(child, limitPrice, quantity);
    } else if (output.kind === "cancel-order") {
      const child = this.#orders.get(output.clientOrderId);
      if (child !== undefined) applyCancelSent(child);
    }
  }

  #executionsOf(id: ClientOrderId): readonly string[] {
    return [...(this.#executions.get(id) ?? [])];
  }
}

const newChild = (terms: ChildOrder["terms"], sentAt: Micros): ChildOrder => ({
  parentId: terms.clientOrderId.replace(/-\d+$/, ""),
  terms: { ...terms },
  aggressive: terms.timeInForce.kind !== "good-till-canceled",
  decision: 0,
  sentAt,
  limitPrice: terms.limitPrice,
  quantity: terms.quantity,
  pendingAmend: undefined,
  cumulative: NO_LOTS,
  phase: "pending-new",
  closeReason: undefined,
  closeText: undefined,
});

/** Such as "r1-3 buy 0.036 at 64252.1 (working, 0.010 filled)". */
export function orderText(
  instrument: Instrument | undefined,
  child: Readonly<ChildOrder>,
  state: string = child.phase,
): string {
  const { terms, quantity, limitPrice, cumulative } = child;
  const count = (many: ChildOrder["quantity"]): string =>
    instrument === undefined ? `${many} lots` : formatQuantity(instrument, many);
  const price = (): string =>
    limitPrice === undefined
      ? "at the market"
      : instrument === undefined
        ? `at ${limitPrice} ticks`
        : `at ${formatPrice(instrument, limitPrice)}`;
  const filled = cumulative === 0 ? "" : `, ${count(cumulative)} filled`;
  return `${terms.clientOrderId} ${terms.side} ${count(quantity)} ${price()} (${state}${filled})`;
}

const MOST_TOLD = 20;

/** What may still rest, and how it is withdrawn: for whoever is refused to go on. */
export function leftText(
  journal: string,
  instrument: Instrument | undefined,
  children: readonly Readonly<ChildOrder>[],
): string {
  if (children.length === 0) return "by its journal none of its orders rests at the venue";
  const told = children.slice(0, MOST_TOLD).map((child) => orderText(instrument, child));
  const more = children.length - told.length;
  return (
    `MAY STILL REST AT THE VENUE: ${told.join("; ")}${more > 0 ? `; and ${more} more` : ""}. ` +
    "Cancel them there by these client order ids (order link ids), or all of them by " +
    `arrival resume ${journal} --withdraw-only`
  );
}
