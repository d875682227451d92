/**
 * What only happens where somebody else acts on our orders, or the venue breaks its own rules: the
 * run must end all the same, and a person must hear of it.
 */
import { describe, expect, it } from "vitest";
import {
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  leaves,
  type OrderTerms,
} from "../../core/domain/child-order.ts";
import { lots, micros, NO_LOTS, ticks } from "../../core/domain/units.ts";
import type { OrderSighting } from "./order-sighting.ts";
import { OrderTracker } from "./order-tracker.ts";

const ID = "t-1" as ClientOrderId;
const TERMS: OrderTerms = {
  clientOrderId: ID,
  side: "buy",
  quantity: lots(10),
  limitPrice: ticks(100),
  timeInForce: { kind: "good-till-canceled", postOnly: false },
};

/** One order of ten lots, and the engine that hears what is told of it. */
class Story {
  readonly tracker = new OrderTracker();
  readonly child: ChildOrder = {
    parentId: "p",
    terms: TERMS,
    aggressive: false,
    decision: 0,
    sentAt: micros(0),
    limitPrice: ticks(100),
    quantity: lots(10),
    pendingAmend: undefined,
    cumulative: NO_LOTS,
    phase: "pending-new",
    closeReason: undefined,
    closeText: undefined,
  };
  readonly #number = this.tracker.place(TERMS, 0)!;

  constructor() {
    this.tracker.sent(this.#number, 0);
  }

  answered(kind: "acknowledged" | "unanswered", at: number): void {
    this.tracker.answered(this.#number, { kind }, at);
  }

  seen(sighting: Partial<OrderSighting>, at: number, begunAt?: number): void {
    const whole: OrderSighting = {
      clientOrderId: ID,
      orderId: "o",
      standing: "open",
      limitPrice: ticks(100),
      quantity: lots(10),
      cumulative: NO_LOTS,
      updatedAt: at,
      code: "",
      text: "",
      ...sighting,
    };
    this.tracker.sighted(whole, at, begunAt);
  }

  executed(executionId: string, quantity: number, at: number): void {
    const fill = {
      executionId,
      price: ticks(100),
      quantity: lots(quantity),
      liquidity: "maker" as const,
      fee: "0",
      feeCoin: "USDT",
      exchangeTime: micros(0),
    };
    this.tracker.executed({ clientOrderId: ID, fill }, at);
  }

  /** As words, after the engine has heard the reports. */
  told(): readonly string[] {
    return this.tracker.takeOutputs().map((output) => {
      if (output.kind === "notice") return output.code;
      if (output.kind === "stray") return "stray";
      expect(applyReport(this.child, output.report).ok).toBe(true);
      return output.report.kind;
    });
  }

  get isSettled(): boolean {
    return this.tracker.order(ID)!.isSettled;
  }

  /** When the order itself is asked for next. */
  get nextLook(): number {
    return this.tracker.order(ID)!.looks.orderAt;
  }
}

describe("an order that is open though it was told to have ended", () => {
  it("is looked at and withdrawn until the venue no longer shows it", () => {
    const story = new Story();
    story.answered("unanswered", 3000);
    story.tracker.missed(ID, 6100, 6110);
    story.tracker.missed(ID, 6600, 6610);
    expect(story.told()).toEqual(["timed-out", "rejected"]);
    expect(story.isSettled).toBe(true);
    story.seen({ updatedAt: 6650 }, 6700);
    expect(story.told()).toEqual(["VENUE_STRAY_ORDER", "stray"]);
    expect(story.tracker.open()).toHaveLength(1);
    // The cancel is lost, again and again.
    for (let look = 0; look < 3; look++) {
      const at = story.nextLook;
      expect(at).toBeLessThan(40_000);
      story.seen({ updatedAt: 6650 }, at + 10, at);
      expect(story.told()).toEqual(["stray"]);
      expect(story.isSettled).toBe(false);
    }
    story.seen({ standing: "canceled", updatedAt: 50_000 }, 50_000);
    expect(story.told()).toEqual([]);
    expect(story.isSettled).toBe(true);
    expect(story.tracker.open()).toEqual([]);
  });

  it("may be one that somebody has enlarged after all that was asked for had filled", () => {
    const story = new Story();
    story.answered("acknowledged", 10);
    story.seen({}, 20);
    story.executed("a", 10, 100);
    expect(story.told()).toEqual(["accepted", "filled"]);
    story.seen({ quantity: lots(20), cumulative: lots(10) }, 200);
    expect(story.isSettled).toBe(false);
    const at = story.nextLook;
    story.seen({ quantity: lots(20), cumulative: lots(10), updatedAt: 200 }, at + 10, at);
    expect(story.told()).toEqual(["VENUE_STRAY_ORDER", "stray"]);
    story.seen({ standing: "canceled", quantity: lots(20), cumulative: lots(10) }, 5000);
    expect(story.isSettled).toBe(true);
  });
});

describe("an order that somebody has enlarged", () => {
  it("closes with all that was filled, so that the run can end", () => {
    const story = new Story();
    story.answered("acknowledged", 10);
    story.seen({}, 20);
    story.executed("a", 8, 100);
    story.seen({ cumulative: lots(8) }, 100);
    story.executed("b", 12, 200);
    expect(story.told()).toEqual(["accepted", "filled", "VENUE_OVERFILL"]);
    expect(leaves(story.child)).toBe(2);
    story.seen({ standing: "filled", quantity: lots(20), cumulative: lots(20) }, 200);
    expect(story.told()).toEqual(["canceled", "filled"]);
    expect(story.child).toMatchObject({ phase: "closed", cumulative: 20 });
    expect(leaves(story.child)).toBe(0);
    expect(story.isSettled).toBe(true);
    // Asked for again, they come again.
    story.executed("a", 8, 300);
    story.executed("b", 12, 300);
    expect(story.told()).toEqual([]);
  });

  it("closes so, too, where the venue tells its end before its executions", () => {
    const story = new Story();
    story.answered("acknowledged", 10);
    story.seen({}, 20);
    story.executed("a", 8, 100);
    story.seen({ standing: "filled", quantity: lots(20), cumulative: lots(20) }, 200);
    story.executed("b", 12, 300);
    expect(story.told()).toEqual(["accepted", "filled", "VENUE_OVERFILL", "canceled", "filled"]);
    expect(leaves(story.child)).toBe(0);
    expect(story.isSettled).toBe(true);
  });
});

it("says once that the venue counts executions and does not list them, and goes on asking", () => {
  const story = new Story();
  story.answered("acknowledged", 10);
  story.seen({ standing: "canceled", cumulative: lots(4) }, 20);
  expect(story.told()).toEqual(["canceled"]);
  const told: string[] = [];
  for (let at = 0; at < 120_000; at += 100) {
    for (const { what } of story.tracker.due(at)) {
      if (what === "executions") story.tracker.executionsLooked(ID, at);
    }
    told.push(...story.told());
  }
  expect(told).toEqual(["VENUE_EXECUTIONS_MISSING"]);
  expect(story.tracker.nextAt).toBeLessThan(Number.POSITIVE_INFINITY);
  story.executed("late", 4, 130_000);
  expect(story.told()).toEqual(["filled"]);
  expect(story.isSettled).toBe(true);
});
