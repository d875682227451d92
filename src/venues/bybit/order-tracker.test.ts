import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyAmendSent,
  applyCancelSent,
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  type OrderReport,
  type OrderTerms,
} from "../../core/domain/child-order.ts";
import { uniformAt } from "../../core/domain/random.ts";
import { type Lots, lots, micros, NO_LOTS, type Ticks, ticks } from "../../core/domain/units.ts";
import type { OrderSighting, RequestAnswer } from "./order-sighting.ts";
import { OrderTracker } from "./order-tracker.ts";

const idOf = (number: number): ClientOrderId => `t-${number}` as ClientOrderId;

const termsOf = (id: ClientOrderId, quantity = 10): OrderTerms => ({
  clientOrderId: id,
  side: "buy",
  quantity: lots(quantity),
  limitPrice: ticks(100),
  timeInForce: { kind: "good-till-canceled", postOnly: false },
});

const childOf = (terms: OrderTerms): ChildOrder => ({
  parentId: "p",
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

/** How unpleasant a world is; chances in [0, 1). */
interface Mood {
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
class World {
  now = 0;
  readonly tracker = new OrderTracker();
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
    this.engine.set(id, childOf(terms));
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
      if (this.#mood.engineLagMs === 0) this.#hear(output.clientOrderId, output.report);
      else this.#at(this.#heardUpTo, () => this.#hear(output.clientOrderId, output.report));
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
      this.#at(this.now + 1, () => this.tracker.answered(request, answer, this.now));
      return;
    }
    const sentAt = this.now;
    this.tracker.sent(request, sentAt);
    this.#at(sentAt + TIMEOUT, () =>
      this.tracker.answered(request, { kind: "unanswered" }, this.now),
    );
    if (this.#isLost()) return;
    // Now and then a request hangs somewhere for longer than anybody waits.
    const hang = this.#isLost() ? this.#span(8000) : 0;
    this.#at(sentAt + hang + this.#delay(), () => {
      const answer: RequestAnswer =
        this.now > sentAt + WINDOW
          ? { kind: "refused", code: "10002", text: "", isTooLate: false }
          : arrive();
      if (this.#isLost()) return;
      this.#at(this.now + this.#delay(), () => this.tracker.answered(request, answer, this.now));
    });
  }

  #ask(): void {
    this.#at(this.now + 20, () => this.#ask());
    for (const question of this.tracker.due(this.now)) {
      this.tracker.asking(question, this.now + 60_000);
      const begunAt = this.now;
      const id = question.clientOrderId;
      if (this.#isLost()) {
        this.#at(this.now + 500, () => this.tracker.askedInVain(question, this.now));
        continue;
      }
      const lookedAt = this.now + this.#delay();
      this.#at(lookedAt, () => {
        const order = this.venue.get(id);
        // What the venue answers by may be a moment old, but not older than the question.
        const sighting = order?.said.at(-1)?.sighting;
        const fills = order?.fills ?? [];
        this.#at(this.now + this.#delay(), () => {
          if (question.what === "executions") {
            for (const { executionId } of fills) this.#execution(order!, executionId);
            this.tracker.executionsLooked(id, this.now);
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
      if (!this.#isAway(this.now)) this.#at(this.now + this.#delay(), run);
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

const moods = (engineLagMs: number) =>
  fc.record({
    seed: fc.integer(),
    loss: fc.constantFrom(0, 0.1, 0.3),
    repeat: fc.constantFrom(0, 0.5),
    delayMs: fc.constantFrom(1, 50, 1500),
    outages: fc.constantFrom(0, 0.3, 0.7),
    engineLagMs: fc.constant(engineLagMs),
    unsaid: fc.constantFrom(0, 0.3),
  });

/** In the end the engine knows of each order what the venue knows. */
function requireAgreement(world: World): void {
  for (const [id, order] of world.engine) {
    const story = `${id}: ${(world.heard.get(id) ?? []).map(({ kind }) => kind).join(" ")}`;
    const there = world.venue.get(id);
    expect(world.placed.get(id) ?? 0, story).toBeLessThanOrEqual(1);
    expect(order.cumulative, story).toBe(there?.cumulative ?? 0);
    const kinds = new Set((world.heard.get(id) ?? []).map(({ kind }) => kind));
    if (there === undefined) {
      expect(order.closeReason, story).toBe("rejected");
      // Received is not accepted, and unanswered even less.
      expect(kinds.has("accepted"), story).toBe(false);
    } else if (there.standing === "open") {
      expect(order.phase, story).toBe("working");
      expect(order.limitPrice, story).toBe(there.price);
    } else {
      expect(order.phase, story).toBe("closed");
      expect(order.finalCumulative ?? order.cumulative, story).toBe(there.cumulative);
      if (there.isShrunk) continue;
      expect(order.closeReason, story).toBe(there.standing);
      if (there.standing === "filled") expect(kinds.has("canceled"), story).toBe(false);
    }
    expect(world.tracker.order(id)!.isSettled || there?.standing === "open", story).toBe(true);
  }
  expect(world.alarms).toEqual([]);
  expect(world.executionsTold.length).toBe(new Set(world.executionsTold).size);
}

describe("OrderTracker in any world", () => {
  it("tells the engine what its life cycle allows, and in the end the truth", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(moods(0), (mood) => {
        const world = new World(mood);
        world.run(12);
        expect(world.illegal).toEqual([]);
        requireAgreement(world);
        for (const reports of world.heard.values()) {
          for (const { kind } of reports) seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
      }),
      { numRuns: 150 },
    );
    // What was to be shown has happened.
    for (const kind of ["accepted", "filled", "canceled", "rejected", "amended", "timed-out"]) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(20);
    }
    for (const kind of ["amend-rejected", "cancel-rejected"]) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(5);
    }
  });

  it("brings an engine that hears everything late to the same end", () => {
    fc.assert(
      fc.property(moods(400), (mood) => {
        const world = new World(mood);
        world.run(8);
        requireAgreement(world);
        // Two crossed: a cancel was sent before its order was heard to be of unknown fate.
        const isCrossing = /: (cancel-rejected|timed-out) in /;
        expect(world.illegal.filter((text) => !isCrossing.test(text))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
