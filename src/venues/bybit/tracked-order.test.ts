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

/** When a process goes on after another, where one does. */
const NOW = 100_000;

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
  readonly #number: number;

  /** `left`: a run before has sent it, and this was known of it. */
  constructor(left?: Partial<ChildOrder>, executionIds: readonly string[] = []) {
    if (left === undefined) {
      this.#number = this.tracker.place(TERMS, 0)!;
      this.tracker.sent(this.#number, 0);
      return;
    }
    this.#number = 0;
    Object.assign(this.child, { phase: "unknown", ...left });
    this.tracker.adopt({ child: this.child, executionIds }, NOW);
    if (this.child.phase !== "closed") this.child.phase = "unknown";
    expect(this.tracker.order(ID)!.child).toEqual(this.child);
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
    expect(story.told()).toEqual(["timed-out"]);
    // Nor may there be executions of it.
    story.tracker.executionsLooked(ID, 6610, 6620);
    expect(story.told()).toEqual(["rejected"]);
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
      if (what === "executions") story.tracker.executionsLooked(ID, at, at);
    }
    told.push(...story.told());
  }
  expect(told).toEqual(["VENUE_EXECUTIONS_MISSING"]);
  expect(story.tracker.nextAt).toBeLessThan(Number.POSITIVE_INFINITY);
  story.executed("late", 4, 130_000);
  expect(story.told()).toEqual(["filled"]);
  expect(story.isSettled).toBe(true);
});

describe("an adopted order that the venue has forgotten", () => {
  const look = (story: Story, at: number): void => {
    story.tracker.missed(ID, at, at + 10);
    story.tracker.executionsLooked(ID, at + 20, at + 30);
  };

  it("has come to nothing where nothing of it was executed", () => {
    const story = new Story({});
    look(story, NOW + 100);
    expect(story.told()).toEqual([]);
    look(story, NOW + 200);
    expect(story.told()).toEqual(["rejected"]);
    expect(story.isSettled).toBe(true);
  });

  it("has not, where the venue had it: it is looked for long, and its end is an alarm", () => {
    const known: Partial<ChildOrder>[] = [
      { wasAccepted: true },
      { phase: "working" },
      { phase: "pending-amend", pendingAmend: { limitPrice: ticks(99), quantity: lots(8) } },
    ];
    for (const more of known) {
      const story = new Story(more);
      for (let at = NOW + 100; at < NOW + 30_000; at += 1000) look(story, at);
      expect(story.told()).toEqual([]);
      look(story, NOW + 30_100);
      expect(story.told()).toEqual([]);
      look(story, NOW + 30_500);
      expect(story.told()).toEqual(["VENUE_ORDER_LOST", "canceled"]);
      expect(story.isSettled).toBe(true);
    }
    // Whenever it is found, it is as it is found.
    const story = new Story({ wasAccepted: true });
    for (let at = NOW + 100; at < NOW + 30_000; at += 1000) look(story, at);
    story.seen({ updatedAt: NOW }, NOW + 30_050, NOW + 30_040);
    expect(story.told()).toEqual(["accepted"]);
  });

  it("has not, where the venue lists executions: it has ended with those", () => {
    const story = new Story({ cumulative: lots(3) }, ["known"]);
    for (const at of [NOW + 100, NOW + 200, NOW + 30_100, NOW + 30_200]) {
      story.executed("known", 3, at + 15);
      story.executed("new", 2, at + 15);
      look(story, at);
    }
    expect(story.told()).toEqual(["filled", "VENUE_ORDER_LOST", "canceled"]);
    expect(story.child).toMatchObject({ cumulative: 5, finalCumulative: 5 });
    expect(story.isSettled).toBe(true);
  });

  it("is known to have come by an execution that the run before had not heard of", () => {
    const story = new Story({});
    look(story, NOW + 100);
    story.executed("new", 2, NOW + 150);
    for (let at = NOW + 200; at < NOW + 30_000; at += 1000) look(story, at);
    expect(story.told()).toEqual(["filled"]);
    look(story, NOW + 30_200);
    look(story, NOW + 30_300);
    expect(story.told()).toEqual(["VENUE_ORDER_LOST", "canceled"]);
    expect(story.child).toMatchObject({ phase: "closed", finalCumulative: 2 });
  });

  it("is waited for while it may still be on its way, whatever our clock had noted", () => {
    // Noted as of an hour ahead: it was sent by now all the same.
    for (const sentMs of [NOW, NOW + 3_600_000]) {
      const story = new Story({ sentAt: micros(sentMs * 1000) });
      for (let at = NOW; at < NOW + 10_000; at += 500) look(story, at);
      expect(story.told()).toEqual([]);
      for (let at = NOW + 10_000; at < NOW + 12_000; at += 500) look(story, at);
      expect(story.told()).toEqual(["rejected"]);
    }
  });

  it("does not rest because an execution is told of it", () => {
    const story = new Story({});
    story.executed("old", 4, NOW);
    expect(story.told()).toEqual(["filled"]);
    story.seen({ cumulative: lots(4) }, NOW + 50, NOW + 20);
    expect(story.told()).toEqual(["accepted"]);
  });
});

it("tells the executions of a closed order that a run before knew in sum only", () => {
  const story = new Story(
    { phase: "closed", closeReason: "canceled", cumulative: lots(1), finalCumulative: lots(5) },
    ["known"],
  );
  expect(story.tracker.due(NOW).map(({ what }) => what)).toEqual(["executions"]);
  for (const [id, quantity] of [
    ["known", 1],
    ["b", 3],
    ["c", 1],
  ] as const) {
    story.executed(id, quantity, NOW + 10);
  }
  story.tracker.executionsLooked(ID, NOW, NOW + 10);
  expect(story.told()).toEqual(["filled", "filled"]);
  expect(leaves(story.child)).toBe(0);
  expect(story.isSettled).toBe(true);
});

it("is forgotten some time after its end, but for its id", () => {
  const story = new Story();
  story.answered("acknowledged", 10);
  story.seen({ standing: "canceled" }, 20);
  expect(story.told()).toEqual(["canceled"]);
  const { tracker } = story;
  tracker.due(600_000);
  expect(tracker.order(ID)).toBeDefined();
  tracker.due(600_020);
  expect(tracker.order(ID)).toBeUndefined();
  expect(tracker.isOurs(ID)).toBe(true);
  // What is said again is not heard.
  story.executed("late", 4, 600_030);
  story.seen({ standing: "canceled" }, 600_030);
  expect(story.told()).toEqual([]);
  expect(tracker.counts).toEqual({ foreign: 0, repeated: 1 });
  // Its id is not used twice; and it may not be open.
  expect(tracker.place(TERMS, 600_040)).toBeUndefined();
  story.seen({}, 600_050);
  expect(tracker.takeOutputs()).toMatchObject([
    { kind: "report", report: { kind: "rejected", code: "VENUE_DUPLICATE_ID" } },
    { kind: "notice", code: "VENUE_STRAY_ORDER" },
    { kind: "stray" },
  ]);
});
