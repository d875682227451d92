/** The tactics at work on the desk's market: bid 1000, ask 1001, as far as nobody moves it. */
import { describe, expect, it } from "vitest";
import { at, Desk, fillAll, fillOf, oblige } from "../../../test/laws/desk.ts";
import type { StrategyChoice } from "../../core/domain/parent-order.ts";
import { lots, ticks } from "../../core/domain/units.ts";
import { strategies } from "../registry.ts";
import { tactics } from "./registry.ts";

const desk = (
  strategy: StrategyChoice,
  quantity = 100,
  more: Parameters<Desk["submit"]>[0] = {},
): Desk => {
  const made = new Desk();
  made.submit({ strategy, quantity: { kind: "lots", lots: lots(quantity) }, ...more });
  return made;
};

describe("iceberg", () => {
  it("shows a part at a time, each new one when the last is filled", () => {
    const worked = desk({ name: "iceberg", parameters: { showShare: 0.3 } });
    worked.until(5);
    worked.report("p1-1", fillAllOf(worked, 30));
    worked.until(6);
    worked.report("p1-2", fillAllOf(worked, 30));
    worked.until(7);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 30 at 1000 (p1-1)",
        "5s post 30 at 1000 (p1-2)",
        "6s post 30 at 1000 (p1-3)",
      ]
    `);
  });

  it("never shows more, whatever the schedule is that it works for", () => {
    const tactic = { name: "iceberg", parameters: { showShare: 0.05 } };
    const worked = desk({
      name: "twap",
      parameters: { randomizeSize: 0, randomizeTime: 0 },
      tactic,
    });
    worked.move(1_001, 1_002);
    worked.until(50);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 5 at 1000 (p1-1)",
        "0s move p1-1 to 5 at 1001",
        "50s cancel p1-1",
        "50s expired: deadline; residual policy leave: 100 not executed",
      ]
    `);
  });

  it("stays where it is when it is told not to follow", () => {
    const worked = desk({ name: "iceberg", parameters: { follow: false } });
    worked.until(2);
    worked.move(1_005, 1_006);
    worked.until(10);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 10 at 1000 (p1-1)",
      ]
    `);
  });
});

describe("peg", () => {
  it("keeps its distance from the touch, both ways", () => {
    const worked = desk({ name: "peg", parameters: { behindTicks: 2 } });
    worked.until(2);
    worked.move(1_003, 1_004);
    worked.until(4);
    worked.move(1_001, 1_002);
    worked.until(6);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 100 at 998 (p1-1)",
        "2s move p1-1 to 100 at 1001",
        "5s move p1-1 to 100 at 999",
      ]
    `);
  });

  it.each([
    ["buy", 1_000, 1_003],
    ["sell", 1_001, 1_004],
  ] as const)("to the mid, %s: the tick that asks for more", (side, first, then) => {
    const worked = desk({ name: "peg", parameters: { to: "mid" } }, 100, { side });
    worked.until(2);
    worked.move(1_000, 1_007);
    worked.until(4);
    expect(worked.timeline).toEqual([
      `0s post 100 at ${first} (p1-1)`,
      `3s move p1-1 to 100 at ${then}`,
    ]);
  });

  it("ahead of the touch never reaches the other side", () => {
    const worked = desk({ name: "peg", parameters: { behindTicks: -50 } });
    worked.until(2);
    worked.move(1_000, 1_010);
    worked.until(4);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 100 at 1000 (p1-1)",
        "3s move p1-1 to 100 at 1009",
      ]
    `);
  });

  it("never goes beyond the limit price", () => {
    const constraints = {
      limitPrice: ticks(1_002),
      mayCrossSpread: true,
      residual: "leave",
    } as const;
    const worked = desk({ name: "peg", parameters: {} }, 100, { constraints });
    worked.move(1_005, 1_006);
    worked.until(4);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 100 at 1000 (p1-1)",
        "0s move p1-1 to 100 at 1002",
      ]
    `);
  });
});

describe("chase", () => {
  it("follows the touch away, a second apart, and stops at the end of its reach", () => {
    const worked = desk({ name: "chase", parameters: { reachBps: 35 } });
    for (let second = 1; second <= 6; second++) {
      worked.until(second);
      worked.move(1_000 + second, 1_001 + second);
    }
    worked.until(10);
    worked.move(1_002, 1_003); // back within reach: it waits there, ahead of the others
    worked.until(12);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 100 at 1000 (p1-1)",
        "1s move p1-1 to 100 at 1001",
        "2s move p1-1 to 100 at 1002",
        "3s move p1-1 to 100 at 1003",
      ]
    `);
  });

  it("leaves the rest to the residual policy", () => {
    const constraints = { mayCrossSpread: true, residual: "cross" } as const;
    const worked = desk({ name: "chase", parameters: {} }, 100, { constraints });
    worked.until(60);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 100 at 1000 (p1-1)",
        "50s cancel p1-1",
        "50s take 100 at 1001 (p1-2)",
        "50s complete: filled in full",
      ]
    `);
  });
});

describe("touch", () => {
  const twap = { name: "twap", parameters: { randomizeSize: 0, randomizeTime: 0 } };

  it("at once: takes what falls due when it does", () => {
    const tactic = { name: "touch", parameters: { cross: "at-once" } };
    const worked = desk({ ...twap, tactic }, 10);
    worked.until(50);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s take 2 at 1001 (p1-1)",
        "10s take 2 at 1001 (p1-2)",
        "20s take 2 at 1001 (p1-3)",
        "30s take 2 at 1001 (p1-4)",
        "40s take 2 at 1001 (p1-5)",
        "40s complete: filled in full",
      ]
    `);
  });

  it("never: waits, however late", () => {
    const tactic = { name: "touch", parameters: { cross: "never" } };
    const worked = desk({ ...twap, tactic }, 10, { urgency: 1 });
    worked.until(60);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "10s move p1-1 to 4 at 1000",
        "30s move p1-1 to 8 at 1000",
        "50s cancel p1-1",
        "50s expired: deadline; residual policy leave: 10 not executed",
      ]
    `);
  });
});

describe("a change in mid-order", () => {
  it("of the tactic takes hold once the last order under the old one is closed", () => {
    const worked = desk({ name: "peg", parameters: {} });
    worked.until(5);
    const strategy = { name: "iceberg", parameters: { showShare: 0.2 } };
    worked.step({ kind: "strategy-switched", time: at(5), parentId: "p1", strategy, by: "ann" });
    worked.answer = fillAll;
    worked.until(6);
    worked.answer = oblige;
    const twapPegged = { name: "twap", parameters: {}, tactic: { name: "peg", parameters: {} } };
    worked.step({
      kind: "strategy-switched",
      time: at(6),
      parentId: "p1",
      strategy: twapPegged,
      by: "ann",
    });
    worked.until(8);
    expect(worked.timeline).toMatchInlineSnapshot(`
      [
        "0s post 100 at 1000 (p1-1)",
        "5s adjusting: new terms by ann",
        "5s cancel p1-1",
        "5s active: new terms by ann in force",
        "5s post 20 at 1000 (p1-2)",
        "6s adjusting: new terms by ann",
        "6s cancel p1-2",
        "6s active: new terms by ann in force",
        "6s post 26 at 1000 (p1-3)",
      ]
    `);
  });

  it.each([
    ["nobody", {}, "unknown tactic nobody"],
    ["peg", { to: "bid" }, "tactic to: must be touch or mid"],
  ])("to the tactic %s with %j is refused, and nothing changes", (name, parameters, text) => {
    const worked = desk({ name: "twap", parameters: {} });
    const strategy = { name: "twap", parameters: {}, tactic: { name, parameters } };
    worked.step({ kind: "strategy-switched", time: at(0), parentId: "p1", strategy, by: "ann" });
    const refused = worked.outputs.find((output) => output.kind === "parent-refused");
    expect(JSON.stringify(refused)).toContain(text);
    expect(worked.state.adjustment).toBeUndefined();
  });
});

describe("the registry of tactics", () => {
  it.each([...tactics.values()])("$name: its defaults pass, and every fault is named", (kind) => {
    expect(kind.check({})).toEqual([]);
    expect(kind.check(kind.defaults)).toEqual([]);
    const faults = kind.check({ repegSeconds: 0, speed: 3 });
    expect(faults.map((fault) => fault.path)).toEqual(["repegSeconds", "speed"]);
  });

  it("has the strategies of one tactic under the same names", () => {
    for (const name of ["iceberg", "peg", "chase"]) {
      expect(strategies.get(name)?.defaults).toBe(tactics.get(name)?.defaults);
    }
  });
});

function fillAllOf({ state }: Desk, quantity: number) {
  const child = state.live[0]!;
  return fillOf(child.limitPrice!, quantity);
}
