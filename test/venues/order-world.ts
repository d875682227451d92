/**
 * Order world: orders of one session at a truthful venue behind a bad network, in virtual time.
 *
 * Requests, answers and news are lost, late, doubled and overtake each other, streams are away, and
 * the process may end and another go on. What must stay true: the venue itself never lies, so in the
 * end the engine has to know of each order what the venue knows.
 */
import { expect } from "vitest";
import {
  applyAmendSent,
  applyCancelSent,
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  type OrderReport,
  type OrderTerms,
} from "../../src/core/domain/child-order.ts";
import { uniformAt } from "../../src/core/domain/random.ts";
import {
  type Lots,
  lots,
  micros,
  NO_LOTS,
  type Ticks,
  ticks,
} from "../../src/core/domain/units.ts";
import type { OrderSighting, RequestAnswer } from "../../src/venues/bybit/order-sighting.ts";
import { OrderTracker } from "../../src/venues/bybit/order-tracker.ts";

const idOf = (number: number): ClientOrderId => `t-${number}` as ClientOrderId;

const termsOf = (id: ClientOrderId, quantity = 10): OrderTerms => ({
  clientOrderId: id,
  side: "buy",
  quantity: lots(quantity),
  limitPrice: ticks(100),
  timeInForce: { kind: "good-till-canceled", postOnly: false },
});

const childOf = (terms: OrderTerms, at = 0): ChildOrder => ({
  parentId: "p",
  terms,
  aggressive: false,
  decision: 0,
  sentAt: micros(at * 1000),
  limitPrice: terms.limitPrice,
  quantity: terms.quantity,
  pendingAmend: undefined,
  cumulative: NO_LOTS,
  phase: "pending-new",
  closeReason: undefined,
  closeText: undefined,
});

/** How unpleasant a world is; chances in [0, 1). */
export interface Mood {
  readonly seed: number;
  /** A request or an answer is lost, a question fails. */
  readonly loss: number;
  /** The order or execution stream says something twice. */
  readonly repeat: number;
  /** Everything takes up to so long, each by itself: later things overtake earlier ones. */
  readonly delayMs: number;
  /** The streams are away for a second, so often in ten. */
  readonly outages: number;
  /** The engine hears a report up to so long after it was told. */
  readonly engineLagMs: number;
  /** Executions that the stream does not tell of, though it stands. */
  readonly unsaid: number;
  /** So often the process ends and another goes on. */
  readonly crashes: number;
}

interface VenueOrder {
  readonly terms: OrderTerms;
  price: Ticks;
  quantity: Lots;
  cumulative: Lots;
  standing: OrderSighting["standing"];
  isShrunk: boolean;
  readonly said: { readonly at: number; readonly sighting: OrderSighting }[];
  readonly fills: { readonly at: number; readonly executionId: string; readonly lots: Lots }[];
}

const WINDOW = 5000;
const TIMEOUT = 800;
const CALM_AT = 12_000;
const END_AT = 400_000;

/** A truthful venue, a bad network, a session as the real one is, and the engine's life cycle. */
export class World {
  now = 0;
  tracker = new OrderTracker();
  crashes = 0;
  /** Orders that were adopted, each time. */
  adopted = 0;
  readonly venue = new Map<ClientOrderId, VenueOrder>();
  readonly engine = new Map<ClientOrderId, ChildOrder>();
  readonly heard = new Map<ClientOrderId, OrderReport[]>();
  readonly illegal: string[] = [];
  /** Nobody else acts on these orders, so nothing alarming may be seen. */
  readonly alarms: string[] = [];
  readonly executionsTold: string[] = [];
  /** Requests of each kind that the venue has been sent, for "never sent again". */
  readonly placed = new Map<ClientOrderId, number>();
  readonly #mood: Mood;
  #draws = 0;
  #order = 0;
  #executions = 0;
  #heardUpTo = 0;
  #events: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];

  constructor(mood: Mood) {
    this.#mood = mood;
  }

  run(orders: number): void {
    for (let number = 0; number < orders; number++) {
      this.#at(this.#span(CALM_AT * 0.8), () => this.#placeNew(idOf(number)));
    }
    for (let second = 1; second <= CALM_AT / 1000; second++) {
      if (this.#isAway(second * 1000)) this.#at(second * 1000 + 999, () => this.#reconnected());
    }
    for (let crash = 0; crash < this.#mood.crashes; crash++) {
      this.#at(this.#span(CALM_AT), () => this.#crash());
    }
    this.#at(1, () => this.#ask());
    while (this.now < END_AT) {
      const next = this.#next();
      if (next === undefined) break;
      this.now = Math.max(this.now, next.at);
      next.run();
      this.#flush();
    }
  }

  #next() {
    let best = 0;
    for (let index = 1; index < this.#events.length; index++) {
      const [a, b] = [this.#events[index]!, this.#events[best]!];
      if (a.at < b.at || (a.at === b.at && a.order < b.order)) best = index;
    }
    return this.#events.splice(best, 1)[0];
  }

  #at(at: number, run: () => void): void {
    this.#events.push({ at, order: this.#order++, run });
  }

  /** Only while the session lives that asks for it. */
  #atSession(at: number, run: () => void): void {
    const { tracker } = this;
    this.#at(at, () => {
      if (tracker === this.tracker) run();
    });
  }

  #draw = (): number => uniformAt(this.#mood.seed, 7, this.#draws++);
  #span = (most: number): number => Math.floor(this.#draw() * most);
  #happens = (chance: number): boolean => this.#draw() < chance;
  #isLost = (): boolean => this.now < CALM_AT && this.#happens(this.#mood.loss);
  #delay = (): number => (this.now < CALM_AT ? this.#span(this.#mood.delayMs) : 5);
  #isAway = (at: number): boolean =>
    at < CALM_AT && uniformAt(this.#mood.seed, 8, Math.floor(at / 1000)) < this.#mood.outages;

  // The engine.

  #placeNew(id: ClientOrderId): void {
    const terms = termsOf(id, 2 + this.#span(9));
    // Our clock may be wrong by seconds.
    const noted = this.#mood.crashes > 0 ? this.now - 3000 + this.#span(6000) : this.now;
    this.engine.set(id, childOf(terms, Math.max(0, noted)));
    // Journaled, and then the process ends before it is sent.
    if (this.#mood.crashes > 0 && this.#happens(0.05)) return this.#crash();
    const request = this.tracker.place(terms, this.now)!;
    this.#send(request, () => this.#venuePlace(terms));
    for (let act = 0; act < 4; act++) this.#at(this.now + this.#span(4000), () => this.#act(id));
  }

  #act(id: ClientOrderId): void {
    const order = this.engine.get(id)!;
    if (this.#happens(0.5) && order.phase === "working") {
      const limitPrice = ticks(98 + this.#span(4));
      const quantity = lots(Math.max(order.cumulative + 1, order.quantity - 2 + this.#span(5)));
      if (limitPrice === order.limitPrice && quantity === order.quantity) return;
      expect(applyAmendSent(order, limitPrice, quantity).ok).toBe(true);
      const asked = { clientOrderId: id, limitPrice, quantity };
      const request = this.tracker.amend(asked, this.now);
      if (request !== undefined) this.#send(request, () => this.#venueAmend(asked));
    } else if (order.phase !== "closed" && order.phase !== "pending-cancel") {
      expect(applyCancelSent(order).ok).toBe(true);
      this.#cancel(id);
    }
  }

  /** What was told and not heard is lost; what was sent goes on its way. */
  #crash(): void {
    this.crashes += 1;
    this.tracker = new OrderTracker();
    for (const [id, order] of this.engine) {
      const isMissing = (order.finalCumulative ?? 0) > order.cumulative;
      if (order.phase === "closed" && !isMissing) continue;
      if (order.phase !== "closed") order.phase = "unknown";
      const executionIds = (this.heard.get(id) ?? []).flatMap((report) =>
        report.kind === "filled" ? [report.fill.executionId] : [],
      );
      this.adopted += 1;
      this.tracker.adopt({ child: order, executionIds }, this.now);
      expect(this.tracker.order(id)!.child).toEqual(order);
    }
  }

  #cancel(id: ClientOrderId): void {
    const request = this.tracker.cancel(id, this.now);
    if (request !== undefined) this.#send(request, () => this.#venueCancel(id));
  }

  #flush(): void {
    for (const output of this.tracker.takeOutputs()) {
      if (output.kind === "stray") this.alarms.push(`${output.clientOrderId} is withdrawn`);
      if (output.kind === "notice") this.alarms.push(output.text);
      if (output.kind !== "report") continue;
      // In order, however late.
      this.#heardUpTo = Math.max(this.#heardUpTo, this.now + this.#span(this.#mood.engineLagMs));
      const { clientOrderId, report } = output;
      if (this.#mood.engineLagMs === 0) this.#hear(clientOrderId, report);
      else this.#atSession(this.#heardUpTo, () => this.#hear(clientOrderId, report));
    }
  }

  #hear(id: ClientOrderId, report: OrderReport): void {
    const order = this.engine.get(id)!;
    this.heard.set(id, [...(this.heard.get(id) ?? []), report]);
    if (report.kind === "filled") this.executionsTold.push(report.fill.executionId);
    const before = order.phase;
    const applied = applyReport(order, report);
    if (!applied.ok) this.illegal.push(`${id}: ${report.kind} in ${before}`);
  }

  // The session.

  #send(request: number, arrive: () => RequestAnswer): void {
    if (this.#happens(0.02)) {
      const answer = { kind: "not-sent", code: "VENUE_TOO_LATE_TO_SEND", text: "" } as const;
      this.#atSession(this.now + 1, () => this.tracker.answered(request, answer, this.now));
      return;
    }
    const sentAt = this.now;
    this.tracker.sent(request, sentAt);
    this.#atSession(sentAt + TIMEOUT, () =>
      this.tracker.answered(request, { kind: "unanswered" }, this.now),
    );
    if (this.#isLost()) return;
    // Now and then a request hangs somewhere for longer than anybody waits.
    const hang = this.#isLost() ? this.#span(8000) : 0;
    const { tracker } = this;
    this.#at(sentAt + hang + this.#delay(), () => {
      const answer: RequestAnswer =
        this.now > sentAt + WINDOW
          ? { kind: "refused", code: "10002", text: "", isTooLate: false }
          : arrive();
      if (this.#isLost() || tracker !== this.tracker) return;
      this.#atSession(this.now + this.#delay(), () =>
        this.tracker.answered(request, answer, this.now),
      );
    });
  }

  #ask(): void {
    this.#at(this.now + 20, () => this.#ask());
    for (const question of this.tracker.due(this.now)) {
      this.tracker.asking(question, this.now + 60_000);
      const begunAt = this.now;
      const id = question.clientOrderId;
      if (this.#isLost()) {
        this.#atSession(this.now + 500, () => this.tracker.askedInVain(question, this.now));
        continue;
      }
      const lookedAt = this.now + this.#delay();
      this.#atSession(lookedAt, () => {
        const order = this.venue.get(id);
        // What the venue answers by may be a moment old, but not older than the question.
        const sighting = order?.said.at(-1)?.sighting;
        const fills = order?.fills ?? [];
        this.#atSession(this.now + this.#delay(), () => {
          if (question.what === "executions") {
            for (const { executionId } of fills) this.#execution(order!, executionId);
            this.tracker.executionsLooked(id, begunAt, this.now);
          } else if (sighting === undefined) this.tracker.missed(id, begunAt, this.now);
          else this.tracker.sighted(sighting, this.now, begunAt);
        });
      });
    }
  }

  #reconnected(): void {
    this.tracker.resync(this.now);
  }

  // The venue.

  #venuePlace(terms: OrderTerms): RequestAnswer {
    const id = terms.clientOrderId;
    this.placed.set(id, (this.placed.get(id) ?? 0) + 1);
    if (this.#happens(0.1)) {
      return { kind: "refused", code: "110007", text: "no money", isTooLate: false };
    }
    const { limitPrice: price, quantity } = terms;
    const order: VenueOrder = {
      terms,
      price: price!,
      quantity,
      cumulative: NO_LOTS,
      standing: "open",
      isShrunk: false,
      said: [],
      fills: [],
    };
    this.venue.set(id, order);
    if (this.#happens(0.1)) order.standing = "canceled";
    this.#say(order);
    if (this.#happens(0.2)) this.#fill(order, quantity);
    const fills = this.#span(5);
    for (let fill = 0; fill < fills; fill++) {
      this.#at(this.now + this.#span(6000), () => this.#fill(order, lots(1 + this.#span(4))));
    }
    if (this.#happens(0.2)) this.#at(this.now + this.#span(6000), () => this.#shrinkOrEnd(order));
    return { kind: "acknowledged" };
  }

  #venueAmend(asked: { clientOrderId: ClientOrderId; limitPrice: Ticks; quantity: Lots }) {
    const order = this.venue.get(asked.clientOrderId);
    if (order?.standing !== "open") return TOO_LATE;
    if (asked.quantity <= order.cumulative) {
      return { kind: "refused", code: "110064", text: "less", isTooLate: false } as const;
    }
    order.price = asked.limitPrice;
    order.quantity = asked.quantity;
    this.#say(order);
    return { kind: "acknowledged" } as const;
  }

  #venueCancel(id: ClientOrderId): RequestAnswer {
    const order = this.venue.get(id);
    if (order?.standing !== "open") return TOO_LATE;
    order.standing = "canceled";
    this.#say(order);
    return { kind: "acknowledged" };
  }

  #fill(order: VenueOrder, most: Lots): void {
    if (order.standing !== "open") return;
    const quantity = lots(Math.min(most, order.quantity - order.cumulative));
    if (quantity === 0) return;
    const executionId = `e${++this.#executions}`;
    order.cumulative = lots(order.cumulative + quantity);
    order.fills.push({ at: this.now, executionId, lots: quantity });
    if (order.cumulative === order.quantity) order.standing = "filled";
    const isSaid = !this.#happens(this.#mood.unsaid);
    if (isSaid) this.#stream(() => this.#execution(order, executionId));
    this.#say(order);
  }

  /** As the venue does with reduce-only orders, or when it withdraws one. */
  #shrinkOrEnd(order: VenueOrder): void {
    if (order.standing !== "open") return;
    if (this.#happens(0.5)) order.standing = this.#happens(0.5) ? "canceled" : "rejected";
    else {
      order.isShrunk = true;
      order.quantity = lots(Math.max(order.cumulative, order.quantity - 1));
      if (order.quantity === order.cumulative) order.standing = "filled";
    }
    this.#say(order);
  }

  #say(order: VenueOrder): void {
    const { terms, price, quantity, cumulative, standing } = order;
    const sighting: OrderSighting = {
      clientOrderId: terms.clientOrderId,
      orderId: `o-${terms.clientOrderId}`,
      standing,
      limitPrice: price,
      quantity,
      cumulative,
      updatedAt: this.now,
      code: "EC_SAID",
      text: "said by the venue",
    };
    order.said.push({ at: this.now, sighting });
    this.#stream(() => this.tracker.sighted(sighting, this.now));
  }

  #stream(run: () => void): void {
    const times = this.#happens(this.#mood.repeat) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      if (!this.#isAway(this.now)) this.#atSession(this.now + this.#delay(), run);
    }
  }

  #execution(order: VenueOrder, executionId: string): void {
    const { at, lots: quantity } = order.fills.find((fill) => fill.executionId === executionId)!;
    const fill = {
      executionId,
      price: order.price,
      quantity,
      liquidity: "maker" as const,
      fee: "0.1",
      feeCoin: "USDT",
      exchangeTime: micros(at * 1000),
    };
    this.tracker.executed({ clientOrderId: order.terms.clientOrderId, fill }, this.now);
  }
}

const TOO_LATE = { kind: "refused", code: "110001", text: "gone", isTooLate: true } as const;
