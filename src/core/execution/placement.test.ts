/** Placement on the desk's market: what a resting order may and may not be made to do. */
import { describe, expect, it } from "vitest";
import { at, Desk, fillOf } from "../../../test/laws/desk.ts";
import { allAtOnce } from "../../strategies/whole.ts";
import type { Strategy } from "../contracts/strategy.ts";
import { TOUCH } from "../contracts/tactic.ts";
import { lots, type Micros, micros, ticks } from "../domain/units.ts";
import { bearsAmend } from "./parent-state.ts";

const PEG = { name: "peg", parameters: {} };
const PATIENT = { name: "touch", parameters: { cross: "never" } };
const slices = { intervalSeconds: 10, randomizeSize: 0, randomizeTime: 0 };
const hundred = { kind: "lots", lots: lots(100) } as const;

const OWN = { name: "own", parameters: {} };
const STRATEGY = { name: "own", summary: "For a test.", defaults: {}, check: () => [] };
/** One lot at a time. */
const SHY: Strategy = {
  ...STRATEGY,
  bind: (_, plan) => ({
    tactic: { ...TOUCH, name: "shy", display: lots(1), cross: "never" },
    target: ({ now }) => allAtOnce(plan, now),
  }),
};

const amend = (desk: Desk, second: number, amendment: { readonly deadline?: Micros }): void =>
  desk.step({ kind: "parent-amended", time: at(second), parentId: "p1", by: "ann", amendment });

describe("the place in the queue", () => {
  it("is kept while a part that is shown fills in pieces", () => {
    const desk = new Desk();
    const strategy = { name: "iceberg", parameters: { showShare: 0.3 } };
    desk.submit({ strategy, quantity: hundred });
    for (const [second, filled] of [
      [2, 10],
      [4, 10],
      [6, 9],
      [8, 1],
    ] as const) {
      desk.until(second);
      desk.report("p1-1", fillOf(ticks(1_000), filled));
    }
    desk.until(9);
    expect(desk.timeline).toEqual(["0s post 30 at 1000 (p1-1)", "8s post 30 at 1000 (p1-2)"]);
  });

  it("is not given up for the little that participation lets in at a time", () => {
    const desk = new Desk({ participation: 0.1 });
    desk.volume = 3;
    const strategy = { name: "twap", parameters: slices, tactic: PATIENT };
    desk.submit({ strategy, quantity: hundred });
    desk.until(49);
    // A lot more is allowed every three seconds, and much more is due.
    expect(desk.timeline.slice(0, 2)).toEqual([
      "0s post 11 at 1000 (p1-1)",
      "34s move p1-1 to 22 at 1000",
    ]);
    expect(desk.timeline).toHaveLength(2);
  });
});

describe("a crossing order", () => {
  it("is made way for only where it could go itself", () => {
    /** Two lots every ten seconds, and the least order is four. */
    const steps: Strategy = {
      ...STRATEGY,
      bind: (_, { from, until }) => ({
        target({ now }) {
          const slice = Math.floor((now - from) / 10e6);
          const sliceFrom = micros(from + slice * 10e6);
          const sliceUntil = micros(Math.min(until, sliceFrom + 10e6));
          return { quantity: lots(2 * (slice + 1)), sliceFrom, sliceUntil, reason: "steps" };
        },
      }),
    };
    const desk = new Desk({}, new Map([["own", steps]]));
    const quantity = { kind: "lots", lots: lots(20) } as const;
    desk.submit({ strategy: OWN, quantity, minOrder: lots(4), deadline: at(100) });
    desk.until(16);
    expect(desk.timeline).toEqual([
      "10s post 4 at 1000 (p1-1)",
      "15s cancel p1-1",
      "15s take 4 at 1001 (p1-2)",
    ]);
  });
});

describe("an order that is all due at once", () => {
  it("goes on when its deadline is put off, however much of it is done", () => {
    const desk = new Desk();
    desk.submit({ strategy: PEG, quantity: hundred });
    desk.until(5);
    desk.report("p1-1", fillOf(ticks(1_000), 80));
    desk.until(6);
    amend(desk, 6, { deadline: at(100) });
    desk.until(10);
    expect(desk.timeline.at(-1)).toBe("6s post 20 at 1000 (p1-2)");
  });

  it("is worked by no tactic but its own, which never crosses", () => {
    const desk = new Desk();
    const tactic = { name: "touch", parameters: { cross: "at-once" } };
    desk.submit({ strategy: { ...PEG, tactic }, quantity: hundred });
    desk.until(2);
    expect(desk.timeline).toEqual(["0s refused: PARENT_TERMS"]);
  });
});

describe("following", () => {
  it("is as quick as the tactic says, both ways", () => {
    const desk = new Desk();
    const strategy = { name: "peg", parameters: { repegSeconds: 0.1, behindTicks: 1 } };
    desk.submit({ strategy, quantity: hundred });
    desk.until(1.35);
    desk.move(998, 999);
    desk.until(1.5);
    expect(desk.timeline.slice(1)).toEqual(["1.4s move p1-1 to 100 at 997"]);
  });

  it("takes a little off an order in money, which buys less at a worse price", () => {
    const desk = new Desk({ orderNotional: 1e6 });
    desk.volume = 10_000;
    desk.move(1_000, 1_001);
    const quantity = { kind: "notional", quote: "100010" } as const;
    desk.submit({ strategy: { name: "chase", parameters: {} }, quantity });
    for (const second of [1, 2, 3]) {
      desk.until(second);
      desk.move(1_000 + second, 1_001 + second);
    }
    desk.until(5);
    expect(desk.timeline).toEqual([
      "0s post 999 at 1000 (p1-1)",
      "1s move p1-1 to 999 at 1001",
      "2s move p1-1 to 998 at 1002",
      "3s move p1-1 to 997 at 1003",
    ]);
  });
});

describe("the budget of an order in money", () => {
  it("counts what may fill under the old terms before larger ones hold", () => {
    const desk = new Desk();
    const quantity = { kind: "notional", quote: "995" } as const;
    desk.submit({ strategy: { name: "chase", parameters: {} }, quantity });
    const [child] = desk.state.live;
    expect(desk.timeline).toEqual(["0s post 9 at 1000 (p1-1)"]);
    // Ten at 99.0 cost 990; nine at 100.0, and then the one more at 99.0, cost 999.
    expect(bearsAmend(desk.state, child!, ticks(990), lots(10))).toBe(false);
    expect(bearsAmend(desk.state, child!, ticks(940), lots(10))).toBe(true);
    // Dearer and fewer: nine may fill as they stand, or eight at 110.0, but not nine at that.
    expect(bearsAmend(desk.state, child!, ticks(1_100), lots(9))).toBe(true);
    expect(bearsAmend(desk.state, child!, ticks(1_110), lots(9))).toBe(false);
    expect(bearsAmend(desk.state, child!, ticks(1_110), lots(8))).toBe(true);
  });
});

describe("what is shown", () => {
  it("is never less than the least order, however little a tactic wants to show", () => {
    const desk = new Desk({}, new Map([["own", SHY]]));
    desk.submit({ strategy: OWN, quantity: hundred, minOrder: lots(5) });
    desk.until(2);
    expect(desk.timeline).toEqual(["0s post 5 at 1000 (p1-1)"]);
  });

  it("is for the order to say, where it names a tactic of its own", () => {
    const desk = new Desk({}, new Map([["own", SHY]]));
    const tactic = { name: "iceberg", parameters: { showShare: 0.2 } };
    desk.submit({ strategy: { ...OWN, tactic }, quantity: hundred });
    desk.until(2);
    expect(desk.timeline).toEqual(["0s post 20 at 1000 (p1-1)"]);
  });
});
