/**
 * The engine at work, as timelines that a trader can read. The laws under every fault are in
 * test/laws.
 */
import { describe, expect, it } from "vitest";
import { at, Desk, fillAll, fillOf, oblige, price } from "../../test/laws/desk.ts";
import { lots } from "./domain/units.ts";

const amendment = { by: "ann", parentId: "p1" };

describe("a TWAP of 10 lots over 5 slices", () => {
  it("posts a slice at a time and completes with the last", () => {
    const desk = new Desk();
    desk.answer = fillAll;
    desk.submit();
    desk.until(60);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "10s post 2 at 1000 (p1-2)",
        "20s post 2 at 1000 (p1-3)",
        "30s post 2 at 1000 (p1-4)",
        "40s post 2 at 1000 (p1-5)",
        "40s complete: filled in full",
      ]
    `);
  });

  it("crosses when half of a slice's time has passed in vain, and keeps its distance", () => {
    const desk = new Desk();
    desk.submit({ deadline: at(20), quantity: { kind: "lots", lots: lots(4) } });
    desk.until(25);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "5s cancel p1-1",
        "5s take 2 at 1001 (p1-2)",
        "10s post 2 at 1000 (p1-3)",
        "14.96s cancel p1-3",
        "14.96s take 2 at 1001 (p1-4)",
        "14.96s complete: filled in full",
      ]
    `);
  });

  it("follows the touch with a resting order, once a second at most", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(2);
    desk.move(1_001, 1_002);
    desk.move(1_002, 1_003);
    desk.until(4);
    desk.move(1_001, 1_003); // away from it: it stays where it is best
    desk.until(9);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "2s move p1-1 to 2 at 1001",
        "3s move p1-1 to 2 at 1002",
      ]
    `);
  });
});

describe("a pause", () => {
  it("withdraws what rests, and spreads what was missed over the time left", () => {
    const desk = new Desk();
    desk.answer = fillAll;
    desk.submit();
    desk.until(11);
    desk.step({ kind: "parent-paused", time: desk.now, parentId: "p1", by: "ann", reason: "news" });
    desk.until(35);
    desk.step({ kind: "parent-resumed", time: desk.now, parentId: "p1", by: "ann" });
    desk.until(55);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "10s post 2 at 1000 (p1-2)",
        "11s paused: paused by an operator: news (ann)",
        "35s active: resumed: no longer paused by an operator: news (ann)",
        "35s post 3 at 1000 (p1-3)",
        "42.5s post 3 at 1000 (p1-4)",
        "42.5s complete: filled in full",
      ]
    `);
  });

  it("and a resume, again and again, do not run ahead of the schedule", () => {
    const desk = new Desk();
    desk.answer = fillAll;
    desk.submit({ quantity: { kind: "lots", lots: lots(100) } });
    for (let second = 1; second < 10; second++) {
      desk.until(second);
      desk.step({ kind: "parent-paused", time: desk.now, parentId: "p1", by: "ann", reason: "?" });
      desk.step({ kind: "parent-resumed", time: desk.now, parentId: "p1", by: "ann" });
    }
    expect(desk.state.filled).toBe(20);
  });

  it("nor do new terms, each of which begins a plan of its own", () => {
    const desk = new Desk();
    desk.answer = fillAll;
    desk.submit({ quantity: { kind: "lots", lots: lots(100) } });
    for (let second = 1; second < 10; second++) {
      desk.until(second);
      const urgency = second / 10;
      desk.step({ kind: "parent-amended", time: desk.now, ...amendment, amendment: { urgency } });
    }
    expect(desk.state.filled).toBe(20);
  });

  it("comes of a market that fell silent, and ends with it", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(3);
    desk.isSilent = true;
    desk.until(12);
    desk.isSilent = false;
    desk.until(15);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "9s cancel p1-1",
        "9s paused: market data stale",
        "14s active: resumed: no longer market data stale",
        "14s post 4 at 1000 (p1-2)",
      ]
    `);
  });
});

describe("a process that slept", () => {
  it("plans anew for what it missed, and sends a slice where a burst was due", () => {
    const desk = new Desk();
    desk.answer = fillAll;
    const strategy = desk.parent().strategy;
    const parameters = { ...strategy.parameters, intervalSeconds: 1 };
    desk.submit({
      quantity: { kind: "lots", lots: lots(100) },
      strategy: { ...strategy, parameters },
    });
    desk.until(2);
    expect(desk.state.filled).toBe(6);
    desk.isAsleep = true;
    desk.until(40);
    desk.isAsleep = false;
    desk.until(41);
    // 74 lots were missed. Spread over the 10 seconds left, 9 or 10 fall due in each.
    expect(desk.state.filled).toBeLessThanOrEqual(6 + 2 * 10);
    desk.until(50);
    expect(desk.state.filled).toBe(100);
  });
});

describe("the deadline", () => {
  const quantity = { kind: "lots", lots: lots(10) } as const;
  it("leaves the rest, where the residual policy says so", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0, deadline: at(10), quantity });
    desk.until(12);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 10 at 1000 (p1-1)",
        "10s cancel p1-1",
        "10s expired: deadline; residual policy leave: 10 not executed",
      ]
    `);
  });

  it("crosses the rest once, inside the limits, where it says so", () => {
    const desk = new Desk();
    const constraints = { mayCrossSpread: true, residual: "cross" } as const;
    desk.submit({ urgency: 0, deadline: at(10), quantity, constraints });
    desk.until(12);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 10 at 1000 (p1-1)",
        "10s cancel p1-1",
        "10s take 10 at 1001 (p1-2)",
        "10s complete: filled in full",
      ]
    `);
  });

  it("holds the last crossing to participation, unless the policy openly does not", () => {
    const last = (residual: "cross" | "cross-over-participation") => {
      const desk = new Desk({ participation: 0.01 });
      desk.volume = 50;
      const constraints = { mayCrossSpread: true, residual };
      desk.submit({
        urgency: 0,
        deadline: at(10),
        quantity: { kind: "lots", lots: lots(40) },
        constraints,
        acceptInfeasible: true,
      });
      desk.until(20);
      return desk.state.filled;
    };
    expect(last("cross")).toBeLessThanOrEqual(6);
    expect(last("cross-over-participation")).toBe(40);
  });
});

describe("a venue that says no", () => {
  it("cancels a post-only order that would cross: it is posted again, a second later", () => {
    const desk = new Desk();
    let sent = 0;
    desk.answer = (order) =>
      ++sent < 3 ? [{ kind: "canceled", text: "would cross" }] : fillAll(order);
    desk.submit({ deadline: at(10), quantity: { kind: "lots", lots: lots(2) }, urgency: 0 });
    desk.until(12);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "1s post 2 at 1000 (p1-2)",
        "2s post 2 at 1000 (p1-3)",
        "2s complete: filled in full",
      ]
    `);
  });

  it("rejects: the wait doubles, and the sixth in a row halts the order with the reason", () => {
    const desk = new Desk();
    desk.answer = () => [{ kind: "rejected", code: "110007", text: "insufficient balance" }];
    desk.submit({ deadline: at(300), urgency: 0 });
    desk.until(120);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 1 at 1000 (p1-1)",
        "1s post 1 at 1000 (p1-2)",
        "3s post 1 at 1000 (p1-3)",
        "7s post 1 at 1000 (p1-4)",
        "15s post 1 at 1000 (p1-5)",
        "31s post 2 at 1000 (p1-6)",
        "31s failed: 6 rejects in a row, the last: 110007 insufficient balance",
      ]
    `);
  });

  it("proves again and again that an order never came: nobody has said no, and nothing halts", () => {
    const desk = new Desk();
    desk.answer = () => [{ kind: "rejected", code: "VENUE_NEVER_ARRIVED", text: "lost" }];
    desk.submit({ deadline: at(30), urgency: 0 });
    desk.until(40);
    expect(desk.timeline.filter((line) => line.includes("post"))).toHaveLength(30);
    expect(desk.timeline.at(-1)).toMatch(/^30s expired: deadline/);
  });

  it("accepts each order and then rejects it: that is a reject in a row, too", () => {
    const desk = new Desk();
    desk.answer = () => [{ kind: "accepted" }, { kind: "rejected", code: "1", text: "self-match" }];
    desk.submit({ deadline: at(300), urgency: 0 });
    desk.until(120);
    expect(desk.state.phase).toBe("failed");
    expect(desk.state.childCount).toBe(6);
  });

  it("forgives once something has filled", () => {
    const desk = new Desk();
    let sent = 0;
    desk.answer = (order) =>
      ++sent % 3 === 0 ? fillAll(order) : [{ kind: "rejected", code: "1", text: "busy" }];
    desk.submit({ deadline: at(300), urgency: 0, quantity: { kind: "lots", lots: lots(20) } });
    desk.until(300);
    expect(desk.state.phase).toBe("complete");
  });

  it("reports the close before the last fill: that quantity is not sent again", () => {
    const desk = new Desk();
    desk.submit({ deadline: at(10), quantity: { kind: "lots", lots: lots(5) }, urgency: 0 });
    desk.until(1);
    desk.report("p1-1", { kind: "canceled", text: "by the venue", cumulative: lots(5) });
    desk.until(5);
    desk.report("p1-1", fillOf(price(1_000), 5));
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 5 at 1000 (p1-1)",
        "5s complete: filled in full",
      ]
    `);
  });
});

describe("an order that is not taken on", () => {
  it("would trade against another of ours", () => {
    const desk = new Desk();
    desk.submit();
    desk.submit({ id: "p2", side: "sell" });
    expect(desk.outputs.at(-1)).toEqual({
      kind: "parent-refused",
      parentId: "p2",
      refusal: { code: "RISK_OPPOSITE_PARENT", other: "p1" },
    });
  });

  it("cannot be done inside the limits: the figures say why", () => {
    const desk = new Desk({ orderNotional: 1_001 });
    desk.submit({ quantity: { kind: "lots", lots: lots(200) } });
    expect(desk.outputs).toMatchInlineSnapshot(`
      [
        {
          "kind": "parent-refused",
          "parentId": "p1",
          "refusal": {
            "code": "PARENT_INFEASIBLE",
            "text": "11 crossing orders of at most 10 lots come to 110, the order wants 200: more time, higher limits, or accept it knowingly",
          },
        },
      ]
    `);
    desk.submit({ quantity: { kind: "lots", lots: lots(200) }, acceptInfeasible: true });
    expect(desk.state.phase).not.toBe("failed");
  });

  it("would end over the position limit: refused before it starts, or worked up to it", () => {
    const desk = new Desk({ positionNotional: 705 });
    desk.answer = fillAll;
    desk.submit();
    const text =
      "the position limit leaves room for 7 lots, the order wants 10: " +
      "a higher limit, or accept it knowingly";
    const refusal = { code: "PARENT_INFEASIBLE", text };
    expect(desk.outputs).toMatchObject([{ kind: "parent-refused", refusal }]);
    desk.submit({ acceptInfeasible: true });
    desk.until(60);
    expect(desk.state).toMatchObject({ phase: "expired", filled: 7 });
    expect(desk.outputs.filter((told) => told.kind === "order-refused")).toEqual([]);
  });

  it.each([
    [{ id: "" }, "the id must be 1 to 20 of [A-Za-z0-9-]"],
    [{ id: "x".repeat(21) }, "the id must be 1 to 20 of [A-Za-z0-9-]"],
    [{ deadline: at(0) }, "the deadline must lie behind the start"],
    [{ urgency: 1.1 }, "urgency must lie in 0..1"],
    [{ quantity: { kind: "lots", lots: lots(0) } }, "the quantity must be over zero"],
    [{ quantity: { kind: "notional", quote: "many" } }, "the quantity must be over zero"],
    [{ instrument: "desk:spot:ABC" }, "unknown instrument desk:spot:ABC"],
    [{ strategy: { name: "magic", parameters: {} } }, "unknown strategy magic"],
    [{ maxSpreadToCross: -1 }, "maxSpreadToCross must not be negative"],
    [
      { constraints: { mayCrossSpread: false, residual: "cross" } },
      "an order that may not cross the spread cannot cross at the deadline",
    ],
    [
      { constraints: { mayCrossSpread: true, residual: "leave", maxParticipation: 1.5 } },
      "maxParticipation must lie over 0 and up to 1",
    ],
    [
      { constraints: { mayCrossSpread: true, residual: "leave", limitPrice: price(0) } },
      "a price must be over zero",
    ],
  ] as const)("%j: %s", (more, text) => {
    const desk = new Desk();
    desk.submit(more);
    const refusal = { code: "PARENT_TERMS", text };
    expect(desk.outputs).toMatchObject([{ kind: "parent-refused", refusal }]);
  });
});

describe("market data that breaks", () => {
  it("is told as a fact before what comes of it", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(3);
    desk.isSilent = true;
    desk.until(12);
    const facts = desk.outputs.filter(
      (told) => told.kind === "data-health-changed" || told.kind === "parent-moved",
    );
    expect(facts.slice(-2)).toMatchObject([
      { kind: "data-health-changed", from: "healthy", to: "stale" },
      { kind: "parent-moved", to: "paused", reason: "market data stale" },
    ]);
  });
});

describe("new terms", () => {
  it("given while others wait for the venue are all in force in the end", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(1);
    const amend = (terms: object) =>
      desk.engine.step({ kind: "parent-amended", time: desk.now, ...amendment, amendment: terms });
    amend({ quantity: { kind: "lots", lots: lots(7) } });
    amend({ urgency: 1 });
    desk.report("p1-1", { kind: "canceled", text: "asked for" });
    expect(desk.state.order).toMatchObject({ urgency: 1, quantity: { lots: 7 } });
  });

  it("that extend the deadline in time hold, though the venue confirms after the old one", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0, deadline: at(10) });
    desk.until(9.5);
    const terms = { deadline: at(30) };
    desk.engine.step({ kind: "parent-amended", time: desk.now, ...amendment, amendment: terms });
    desk.until(11);
    desk.report("p1-1", { kind: "canceled", text: "asked for" });
    expect(desk.state.phase).toBe("executing");
    expect(desk.state.order.deadline).toBe(at(30));
  });

  it("that shorten it to less than the venue takes to answer end the order, and not the engine", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(3);
    const terms = { deadline: at(3.5) };
    desk.engine.step({ kind: "parent-amended", time: desk.now, ...amendment, amendment: terms });
    desk.until(5);
    desk.report("p1-1", { kind: "canceled", text: "asked for" });
    expect(desk.state.phase).toBe("expired");
  });

  it("cannot make an order smaller than what is executed", () => {
    const desk = new Desk();
    desk.answer = fillAll;
    desk.submit({ quantity: { kind: "notional", quote: "1000" } });
    desk.until(1);
    const spent = desk.state.filled * 100;
    expect(spent).toBeGreaterThan(0);
    const terms = { quantity: { kind: "notional", quote: String(spent - 1) } } as const;
    desk.step({ kind: "parent-amended", time: desk.now, ...amendment, amendment: terms });
    expect(desk.timeline.at(-1)).toBe("1s refused: PARENT_TERMS");
  });
});

describe("the end of everything", () => {
  it("kill withdraws all, refuses all, and names who did it", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(1);
    desk.step({ kind: "kill-switched", time: desk.now, by: "ann", reason: "drill" });
    desk.submit({ id: "p2" });
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "1s cancel p1-1",
        "1s closing: killed by ann: drill",
        "1s canceled: killed by ann: drill",
        "1s refused: RISK_KILLED",
      ]
    `);
  });

  it("keeps the first reason to end: a cancel is not an expiry because the market ended", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(1);
    const { engine, now, instrument } = desk;
    engine.step({ kind: "parent-canceled", time: now, parentId: "p1", by: "ann", reason: "done" });
    engine.step({ kind: "market-ended", time: now, instrument });
    desk.report("p1-1", { kind: "canceled", text: "asked for" });
    expect(desk.state).toMatchObject({ phase: "canceled", reason: "done (ann)" });
  });

  it("tells of a report for an order that is not ours, and moves nothing", () => {
    const desk = new Desk();
    desk.report("zz-1", { kind: "accepted" });
    expect(desk.outputs).toMatchObject([
      { kind: "raise-alert", code: "FOREIGN_ORDER" },
      { kind: "report-ignored", clientOrderId: "zz-1" },
    ]);
  });

  it("a second report of one execution moves nothing", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    const fill = fillOf(price(1_000), 1);
    desk.report("p1-1", fill);
    desk.report("p1-1", fill);
    expect(desk.state.filled).toBe(1);
    expect(desk.outputs.at(-1)).toMatchObject({ kind: "report-ignored" });
  });
});

describe("markouts", () => {
  it("are measured 1 s, 10 s, 1 min and 5 min after a fill, on a healthy book alone", () => {
    const desk = new Desk();
    desk.answer = (order) => (order.clientOrderId === "p1-1" ? fillAll(order) : oblige(order));
    desk.submit({ deadline: at(10), quantity: { kind: "lots", lots: lots(2) } });
    desk.until(5);
    desk.move(1_010, 1_012);
    desk.until(50);
    desk.isSilent = true; // nothing is known at 60 s
    desk.until(70);
    desk.isSilent = false;
    desk.until(301);
    const measured = desk.state.markouts.map(({ after, mid }) => [after / 1e6, mid]);
    expect(measured).toEqual([
      [1, 2_001],
      [10, 2_022],
      [300, 2_022],
    ]);
  });
});
