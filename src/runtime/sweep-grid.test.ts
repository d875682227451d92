import { describe, expect, it } from "vitest";
import { micros, MINUTE } from "../core/domain/units.ts";
import type { Arm } from "./arm.ts";
import { armsOfGrid, type GridAxis } from "./sweep-grid.ts";

const arm = (name: string, more: Partial<Arm> = {}): Arm => ({
  label: name,
  strategy: { name, parameters: {} },
  ...more,
});

const axis = (key: string, ...values: readonly unknown[]): GridAxis => ({
  key,
  values: values.map((value) => ({ text: String(value), value })),
});

const TERMS = { quantity: "5", isNotional: false, over: micros(MINUTE) };

function faultsOf(
  bases: readonly Arm[],
  axes: readonly GridAxis[],
  terms: Parameters<typeof armsOfGrid>[2] = TERMS,
): readonly string[] {
  const made = armsOfGrid(bases, axes, terms);
  if (made.ok) throw new Error("it was taken");
  return made.error;
}

describe("armsOfGrid", () => {
  it("is the product of strategies and values: the first slowest, the last key fastest", () => {
    const axes = [axis("urgency", 0.1, 0.9), axis("over", "30s", "1m")];
    const made = armsOfGrid([arm("twap"), arm("is")], axes, { quantity: "5" });
    if (!made.ok) throw new Error(made.error.join());
    expect(made.value.map(({ label }) => label)).toEqual([
      "twap urgency=0.1 over=30s",
      "twap urgency=0.1 over=1m",
      "twap urgency=0.9 over=30s",
      "twap urgency=0.9 over=1m",
      "is urgency=0.1 over=30s",
      "is urgency=0.1 over=1m",
      "is urgency=0.9 over=30s",
      "is urgency=0.9 over=1m",
    ]);
    expect(made.value[6]).toEqual({
      label: "is urgency=0.9 over=30s",
      base: "is",
      values: ["0.9", "30s"],
      strategy: { name: "is", parameters: {} },
      urgency: 0.9,
      quantity: "5",
      isNotional: false,
      over: 30_000_000,
    });
  });

  it("sets parameters of the strategy and of the tactic, in whatever order they are named", () => {
    const axes = [axis("tactic.to", "mid"), axis("param.kappaT", 3), axis("tactic", "peg")];
    const made = armsOfGrid([arm("is")], axes, TERMS);
    expect(made).toMatchObject({
      ok: true,
      value: [
        {
          strategy: {
            name: "is",
            parameters: { kappaT: 3 },
            tactic: { name: "peg", parameters: { to: "mid" } },
          },
        },
      ],
    });
  });

  it("without a grid is the strategies as they are", () => {
    expect(armsOfGrid([arm("twap")], [], TERMS)).toMatchObject({
      ok: true,
      value: [{ label: "twap", values: [], ...TERMS }],
    });
  });

  it("tells every fault at once, and one that many combinations share once", () => {
    const axes = [
      axis("urgency", 0.1, 2),
      axis("param.kappa", 1, 3),
      axis("tactic", "touch", "foo"),
    ];
    const faults = faultsOf([arm("twap"), arm("nonsense")], axes);
    expect(faults).toHaveLength(5);
    expect(faults[0]).toContain("twap parameters.kappa unknown parameter");
    expect(faults[0]).toContain("(twap urgency=0.1 param.kappa=1 tactic=touch, and 3 more)");
    expect(faults[1]).toContain('no tactic is named "foo"');
    expect(faults[2]).toContain("twap urgency=2 must be a number from 0 to 1");
    expect(faults[3]).toContain("nonsense name no strategy is named");
    expect(faults[4]).toContain("nonsense urgency=2");
  });

  it.each([
    [[axis("urgencies", 1)], "did you mean urgency?"],
    [[axis("kappaT", 1)], "is written param.kappaT"],
    [[axis("param.", 1)], "is no key of a grid"],
    [[axis("urgency", 0.1, 0.1)], "0.1 is given twice"],
    [[axis("urgency", 0.1), axis("urgency", 0.2)], "urgency is given twice"],
    [[axis("urgency", 0.9, "0.90")], "must be a number"],
    [[axis("urgency", "")], "a value is empty"],
    [[axis("quantity", "5", "-1")], "leave out --quantity"],
    [[axis("over", "3m")], "leave out --over"],
    [[axis("quantity", 1), axis("notional", 1)], "one of the two"],
  ])("refuses %j", (axes, text) => {
    expect(faultsOf([arm("twap")], axes).join("\n")).toContain(text);
  });

  it.each([
    [axis("quantity", "0"), "is not an amount above zero"],
    [axis("notional", "1e3"), "is not an amount above zero"],
    [axis("over", "3"), "is not a span with its unit"],
  ])("refuses the value in %j", (grid, text) => {
    const { quantity, isNotional, over } = TERMS;
    const terms = grid.key === "over" ? { quantity, isNotional } : { over };
    expect(faultsOf([arm("twap")], [grid], terms).join("\n")).toContain(text);
  });

  it("overrides nothing that an arm says itself", () => {
    const own = arm("is", {
      urgency: 0.3,
      strategy: {
        name: "is",
        parameters: { kappaT: 1 },
        tactic: { name: "peg", parameters: { to: "mid" } },
      },
    });
    for (const grid of [
      axis("urgency", 0.5),
      axis("param.kappaT", 2),
      axis("tactic", "touch"),
      axis("tactic.to", "near"),
    ]) {
      expect(faultsOf([own], [grid])[0]).toContain("of the arm's own");
    }
    expect(faultsOf([arm("is")], [axis("tactic.to", "mid")])[0]).toContain("write is@peg");
  });

  it("refuses two arms that are one, and an arm without a size or a time", () => {
    const axes: readonly GridAxis[] = [
      {
        key: "urgency",
        values: [
          { text: "0.9", value: 0.9 },
          { text: "0.90", value: 0.9 },
        ],
      },
    ];
    expect(faultsOf([arm("twap")], axes)).toEqual([
      "twap urgency=0.90 is the same arm as twap urgency=0.9",
    ]);
    expect(faultsOf([arm("twap")], [], {})[0]).toContain("needs a size and a time");
  });
});
