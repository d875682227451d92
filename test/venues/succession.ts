/**
 * Succession: one session of a venue as several, of processes that end and go on, for tests.
 *
 * The session itself goes on under all of them and is the truth; what a successor adopts is told
 * from what the session has said so far. What must stay true: a successor that nobody has spoilt
 * tells exactly what is missing.
 */
import {
  applyAmendSent,
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  type Fill,
  type OrderReport,
  type OrderTerms,
} from "../../src/core/domain/child-order.ts";
import type { Result } from "../../src/core/domain/errors.ts";
import { micros, NO_LOTS } from "../../src/core/domain/units.ts";
import {
  ColumnsBuilder,
  Kind,
  KIND_MASK,
  type MarketBlock,
} from "../../src/core/market/columns.ts";
import type { Timers } from "../../src/data/network/timers.ts";
import type { SessionUnderTest } from "../../src/testing/venue-witness.ts";
import type {
  AdoptedOrder,
  VenueFault,
  VenueSession,
  VenueSink,
} from "../../src/venues/venue-session.ts";

interface TrueOrder {
  readonly child: ChildOrder;
  readonly fills: Fill[];
}

export class Succession {
  readonly #session: VenueSession;
  readonly #timers: Timers;
  readonly #orders = new Map<ClientOrderId, TrueOrder>();
  /** What the orders that are adopted are told as. */
  readonly #story: (adopted: AdoptedOrder, truth: readonly OrderReport[]) => readonly OrderReport[];
  readonly #levels = new Map<string, readonly [kind: number, price: number, quantity: number]>();
  #sink: VenueSink | undefined;
  #isStarted = false;

  constructor(
    session: VenueSession,
    timers: Timers,
    story: Succession["storyOf"] = (_, truth) => truth,
  ) {
    this.#session = session;
    this.#timers = timers;
    this.#story = story;
  }

  /** Of the process that begins now. */
  next(): SessionUnderTest {
    const session = this.#session as SessionUnderTest;
    let adopted: readonly AdoptedOrder[] = [];
    let own: VenueSink | undefined;
    return {
      header: session.header,
      fees: session.fees,
      account: session.account,
      now: () => session.now(),
      adopt: (orders) => {
        adopted = orders.map(({ child, executionIds }) => ({ child: { ...child }, executionIds }));
      },
      start: (sink) => {
        own = sink;
        this.#begin(sink, adopted);
      },
      place: (order) => {
        const { clientOrderId } = order;
        if (!this.#orders.has(clientOrderId)) {
          this.#orders.set(clientOrderId, { child: childOf(order), fills: [] });
        }
        session.place(order);
      },
      amend: (amend) => {
        const { child } = this.#orders.get(amend.clientOrderId) ?? {};
        if (child !== undefined) applyAmendSent(child, amend.limitPrice, amend.quantity);
        session.amend(amend);
      },
      cancel: (id) => session.cancel(id),
      refresh: () => session.refresh(),
      cancelAll: (): Promise<Result<void, VenueFault>> => session.cancelAll(),
      close: () => {
        if (this.#sink === own) this.#sink = undefined;
        return Promise.resolve();
      },
    };
  }

  #begin(sink: VenueSink, adopted: readonly AdoptedOrder[]): void {
    this.#sink = sink;
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#session.start({
        rows: (block) => this.#rows(block),
        report: (id, report) => this.#report(id, report),
        notice: (notice) => this.#sink?.notice(notice),
      });
    }
    this.#timers.after(0, () => {
      if (this.#sink !== sink) return;
      if (this.#levels.size > 0) this.#tellBook(sink);
      for (const order of adopted) {
        const { clientOrderId } = order.child.terms;
        for (const report of this.storyOf(order, this.#missing(order))) {
          sink.report(clientOrderId, report);
        }
      }
    });
  }

  storyOf(adopted: AdoptedOrder, truth: readonly OrderReport[]): readonly OrderReport[] {
    return this.#story(adopted, truth);
  }

  /** What has happened to an order, and is not known of it. */
  #missing({ child, executionIds }: AdoptedOrder): readonly OrderReport[] {
    const known = this.#orders.get(child.terms.clientOrderId);
    if (known === undefined) {
      if (child.wasAccepted === true) return [{ kind: "canceled", text: "gone" }];
      return [{ kind: "rejected", code: "NEVER", text: "never came" }];
    }
    const { limitPrice, quantity, closeReason, cumulative } = known.child;
    const fills = known.fills.filter(({ executionId }) => !executionIds.includes(executionId));
    const told: OrderReport[] = fills.map((fill) => ({ kind: "filled", fill }));
    if (child.phase === "closed") return told;
    const asked = child.pendingAmend;
    if (asked !== undefined) {
      const isDone = asked.limitPrice === limitPrice && asked.quantity === quantity;
      const no = { kind: "amend-rejected", code: "NEVER", text: "never came" } as const;
      told.unshift(isDone ? { kind: "amended", limitPrice: limitPrice!, quantity } : no);
    }
    if (closeReason === undefined) told.push({ kind: "accepted" });
    else if (closeReason !== "filled") told.push({ kind: "canceled", text: "seen", cumulative });
    return told;
  }

  #report(id: ClientOrderId, report: OrderReport): void {
    const known = this.#orders.get(id);
    if (known !== undefined) {
      applyReport(known.child, report);
      if (report.kind === "filled") known.fills.push(report.fill);
    }
    this.#sink?.report(id, report);
  }

  #rows(block: MarketBlock): void {
    for (let row = 0; row < block.length; row++) {
      const [kind, price] = [block.kind[row]! & KIND_MASK, block.price[row]!];
      if (kind === Kind.CLEAR) this.#levels.clear();
      if (kind === Kind.BID || kind === Kind.ASK) {
        this.#levels.set(`${kind} ${price}`, [kind, price, block.quantity[row]!]);
      }
    }
    this.#sink?.rows(block);
  }

  /** Whoever comes later begins with the book as it is. */
  #tellBook(sink: VenueSink): void {
    const rows = new ColumnsBuilder();
    const now = this.#session.now();
    rows.push(now, now, Kind.CLEAR, 0, 0);
    for (const [kind, price, quantity] of this.#levels.values()) {
      if (quantity > 0) rows.push(now, now, kind, price, quantity);
    }
    rows.endMessage();
    sink.rows(rows.view());
  }
}

const childOf = (terms: OrderTerms): ChildOrder => ({
  parentId: "",
  terms,
  aggressive: false,
  decision: 0,
  sentAt: micros(0),
  limitPrice: terms.limitPrice,
  quantity: terms.quantity,
  pendingAmend: undefined,
  cumulative: NO_LOTS,
  phase: "pending-new",
  closeReason: undefined,
  closeText: undefined,
});
