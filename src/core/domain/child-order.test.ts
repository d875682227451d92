import { describe, expect, it } from "vitest";
import {
  applyAmendSent,
  applyCancelSent,
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  type CloseReason,
  type Fill,
  leaves,
  type OrderReport,
  type Phase,
} from "./child-order.ts";
import { lots, micros, ticks } from "./units.ts";

const PHASES: readonly Phase[] = [
  "pending-new",
  "working",
  "pending-amend",
  "pending-cancel",
  "unknown",
  "closed",
];

function order(phase: Phase, more: Partial<ChildOrder> = {}): ChildOrder {
  return {
    parentId: "p1",
    terms: {
      clientOrderId: "p1-1" as ClientOrderId,
      side: "buy",
      quantity: lots(10),
      limitPrice: ticks(100),
      timeInForce: { kind: "good-till-canceled", postOnly: false },
    },
    aggressive: false,
    decision: 1,
    sentAt: micros(0),
    limitPrice: ticks(100),
    quantity: lots(10),
    pendingAmend:
      phase === "pending-amend" ? { limitPrice: ticks(101), quantity: lots(12) } : undefined,
    cumulative: lots(0),
    phase,
    closeReason: phase === "closed" ? "canceled" : undefined,
    closeText: undefined,
    ...more,
  };
}

const fill = (quantity: number, executionId = "x1"): Fill => ({
  executionId,
  price: ticks(100),
  quantity: lots(quantity),
  liquidity: "maker",
  fee: "0",
  feeCoin: "USDT",
  exchangeTime: micros(1),
});

const REPORTS = {
  accepted: { kind: "accepted" },
  rejected: { kind: "rejected", code: "1", text: "no margin" },
  canceled: { kind: "canceled", text: "by the venue" },
  expired: { kind: "expired", text: "end of day" },
  amended: { kind: "amended", limitPrice: ticks(101), quantity: lots(12) },
  "amend-rejected": { kind: "amend-rejected", code: "2", text: "too late" },
  "cancel-rejected": { kind: "cancel-rejected", code: "3", text: "too late" },
  "timed-out": { kind: "timed-out" },
} as const satisfies { [Kind in Exclude<OrderReport["kind"], "filled">]: OrderReport };

type Move = keyof typeof REPORTS | "amend-sent" | "cancel-sent";

function apply(moved: ChildOrder, by: Move): ReturnType<typeof applyReport> {
  if (by === "cancel-sent") return applyCancelSent(moved);
  if (by === "amend-sent") return applyAmendSent(moved, ticks(101), lots(12));
  return applyReport(moved, REPORTS[by]);
}

const NO = undefined;
/** Every phase against every move, written out by hand: undefined is an illegal move. */
const EXPECTED: { readonly [By in Move]: { readonly [From in Phase]: Phase | undefined } } = {
  accepted: {
    "pending-new": "working",
    working: "working",
    "pending-amend": "pending-amend",
    "pending-cancel": "pending-cancel",
    unknown: "working",
    closed: "closed",
  },
  rejected: {
    "pending-new": "closed",
    working: "closed",
    "pending-amend": "closed",
    "pending-cancel": "closed",
    unknown: "closed",
    closed: NO,
  },
  canceled: {
    "pending-new": "closed",
    working: "closed",
    "pending-amend": "closed",
    "pending-cancel": "closed",
    unknown: "closed",
    closed: "closed",
  },
  expired: {
    "pending-new": "closed",
    working: "closed",
    "pending-amend": "closed",
    "pending-cancel": "closed",
    unknown: "closed",
    closed: NO,
  },
  amended: {
    "pending-new": NO,
    working: "working",
    "pending-amend": "working",
    "pending-cancel": "pending-cancel",
    unknown: "working",
    closed: NO,
  },
  "amend-rejected": {
    "pending-new": NO,
    working: "working",
    "pending-amend": "working",
    "pending-cancel": "pending-cancel",
    unknown: "unknown",
    closed: "closed",
  },
  "cancel-rejected": {
    "pending-new": NO,
    working: NO,
    "pending-amend": NO,
    "pending-cancel": "working",
    unknown: NO,
    closed: "closed",
  },
  "timed-out": {
    "pending-new": "unknown",
    working: NO,
    "pending-amend": "unknown",
    "pending-cancel": "unknown",
    unknown: NO,
    closed: "closed",
  },
  "amend-sent": {
    "pending-new": NO,
    working: "pending-amend",
    "pending-amend": NO,
    "pending-cancel": NO,
    unknown: NO,
    closed: NO,
  },
  "cancel-sent": {
    "pending-new": "pending-cancel",
    working: "pending-cancel",
    "pending-amend": "pending-cancel",
    "pending-cancel": NO,
    unknown: "pending-cancel",
    closed: NO,
  },
};

const MOVES = Object.keys(EXPECTED) as Move[];

describe("the life cycle of a child order", () => {
  const pairs = PHASES.flatMap((from) => MOVES.map((by) => ({ from, by, to: EXPECTED[by][from] })));

  it("is listed in full: six phases, ten moves", () => {
    expect(pairs).toHaveLength(60);
  });

  it.each(pairs)("$from, $by: $to", ({ from, by, to }) => {
    const before = order(from);
    const moved = order(from);
    const result = apply(moved, by);
    if (to === undefined) {
      expect(result).toEqual({
        ok: false,
        error: { code: "ORDER_ILLEGAL_TRANSITION", phase: from, report: by },
      });
      expect(moved).toEqual(before);
      return;
    }
    expect(result.ok).toBe(true);
    expect(moved.phase).toBe(to);
    if (to === "closed") expect(leaves(moved)).toBe(0);
  });

  it.each<[CloseReason & keyof typeof REPORTS, string]>([
    ["rejected", "no margin"],
    ["canceled", "by the venue"],
    ["expired", "end of day"],
  ])("remembers why it was %s, and a later word does not change that", (kind, text) => {
    const closed = order("working");
    applyReport(closed, REPORTS[kind]);
    expect(closed).toMatchObject({ closeReason: kind, closeText: text });
    applyReport(closed, { kind: "canceled", text: "again" });
    expect(closed).toMatchObject({ closeReason: kind, closeText: text });
  });
});

describe("fills", () => {
  it.each(PHASES)("are taken when %s: money has moved", (phase) => {
    const filled = order(phase);
    const result = applyReport(filled, { kind: "filled", fill: fill(4) });
    expect(result.ok).toBe(true);
    expect(filled.cumulative).toBe(4);
    // A fill before the acknowledgement says that the order is working; nothing else moves.
    expect(filled.phase).toBe(phase === "pending-new" ? "working" : phase);
  });

  it.each(PHASES.filter((phase) => phase !== "pending-amend"))("close it when %s", (phase) => {
    const filled = order(phase);
    applyReport(filled, { kind: "filled", fill: fill(4, "x1") });
    applyReport(filled, { kind: "filled", fill: fill(6, "x2") });
    expect(filled).toMatchObject({ phase: "closed", closeReason: "filled", cumulative: 10 });
    expect(leaves(filled)).toBe(0);
  });

  it.each(PHASES)("beyond the worst case halt the program when %s", (phase) => {
    const filled = order(phase);
    const worst = phase === "pending-amend" ? 12 : 10;
    expect(() => applyReport(filled, { kind: "filled", fill: fill(worst + 1) })).toThrow(
      /overfill/,
    );
    expect(filled.cumulative).toBe(0);
    applyReport(filled, { kind: "filled", fill: fill(worst) });
    expect(filled.cumulative).toBe(worst);
  });
});

describe("leaves", () => {
  it.each(PHASES.filter((phase) => phase !== "closed" && phase !== "pending-amend"))(
    "count in full when %s",
    (phase) => {
      expect(leaves(order(phase, { cumulative: lots(3) }))).toBe(7);
    },
  );

  it("are none once it is closed, whatever was filled", () => {
    expect(leaves(order("closed", { cumulative: lots(3) }))).toBe(0);
  });

  it.each([
    [12, 3, 9],
    [10, 3, 7],
    [6, 3, 7],
    [2, 3, 7],
    [12, 11, 1],
  ])("are the worst case while an amendment to %d is open, %d filled: %d", (asked, done, open) => {
    const amending = order("pending-amend", {
      pendingAmend: { limitPrice: ticks(100), quantity: lots(asked) },
      cumulative: lots(done),
    });
    expect(leaves(amending)).toBe(open);
  });

  it("keep the worst case while a cancel overtakes the amendment", () => {
    const moved = order("pending-amend", { cumulative: lots(3) });
    applyCancelSent(moved);
    expect(leaves(moved)).toBe(9);
    applyReport(moved, REPORTS["amend-rejected"]);
    expect(leaves(moved)).toBe(7);
  });

  it("follow a confirmed amendment, and one under what was filled closes the order", () => {
    const grown = order("pending-amend", { cumulative: lots(3) });
    applyReport(grown, REPORTS.amended);
    expect(grown).toMatchObject({ phase: "working", limitPrice: 101, pendingAmend: undefined });
    expect(leaves(grown)).toBe(9);

    const asked = { limitPrice: ticks(101), quantity: lots(2) };
    const shrunk = order("pending-amend", { cumulative: lots(3), pendingAmend: asked });
    applyReport(shrunk, { kind: "amended", limitPrice: ticks(101), quantity: lots(2) });
    expect(shrunk).toMatchObject({ phase: "closed", closeReason: "filled", quantity: 3 });
  });
});

describe("an order that filled in full while its re-peg was on the way", () => {
  it("is closed once the venue has refused the amendment", () => {
    const amending = order("working");
    applyAmendSent(amending, ticks(101), lots(10));
    applyReport(amending, { kind: "filled", fill: fill(10) });
    applyReport(amending, REPORTS["amend-rejected"]);
    expect(amending).toMatchObject({ phase: "closed", closeReason: "filled" });
  });

  it("is closed when the amendment would have made it larger", () => {
    const amending = order("pending-amend");
    applyReport(amending, { kind: "filled", fill: fill(10) });
    applyReport(amending, REPORTS["amend-rejected"]);
    expect(amending).toMatchObject({ phase: "closed", closeReason: "filled" });
  });
});

describe("the echo of an earlier amendment", () => {
  it("says nothing of the one that is under way", () => {
    const amending = order("pending-amend");
    applyReport(amending, { kind: "amended", limitPrice: ticks(99), quantity: lots(5) });
    expect(amending).toMatchObject({ phase: "pending-amend", limitPrice: 100, quantity: 10 });
    expect(leaves(amending)).toBe(12);
  });

  it("does not bring old terms back to an order that has newer ones", () => {
    const amended = order("pending-amend");
    applyReport(amended, REPORTS.amended);
    applyReport(amended, { kind: "amended", limitPrice: ticks(99), quantity: lots(5) });
    expect(amended).toMatchObject({ phase: "working", limitPrice: 101, quantity: 12 });
  });
});

describe("a close that overtakes the order's last fills", () => {
  it("keeps them counted as open until each has been told", () => {
    const canceled = order("pending-cancel");
    applyReport(canceled, { kind: "canceled", text: "by us", cumulative: lots(4) });
    expect(leaves(canceled)).toBe(4);
    applyReport(canceled, { kind: "filled", fill: fill(3) });
    expect(leaves(canceled)).toBe(1);
    applyReport(canceled, { kind: "filled", fill: fill(1, "x2") });
    expect(leaves(canceled)).toBe(0);
    expect(canceled).toMatchObject({ phase: "closed", closeReason: "canceled", cumulative: 4 });
  });

  it("knows fills of a larger quantity whose confirmation never came", () => {
    const amending = order("pending-amend");
    applyReport(amending, { kind: "canceled", text: "by the venue", cumulative: lots(11) });
    applyReport(amending, { kind: "filled", fill: fill(11) });
    expect(leaves(amending)).toBe(0);
  });
});

describe("an order that the venue has said that it had", () => {
  it("is known as such from then on, whatever becomes unknown of it", () => {
    const sent = order("pending-new");
    applyReport(sent, REPORTS["timed-out"]);
    expect(sent.wasAccepted).toBeUndefined();
    applyReport(sent, REPORTS.accepted);
    applyAmendSent(sent, ticks(101), lots(12));
    applyReport(sent, REPORTS["timed-out"]);
    expect(sent).toMatchObject({ phase: "unknown", wasAccepted: true });
    const filling = order("unknown");
    applyReport(filling, { kind: "filled", fill: fill(3) });
    expect(filling).toMatchObject({ phase: "unknown", wasAccepted: true });
  });
});
