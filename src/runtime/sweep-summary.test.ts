import { describe, expect, it } from "vitest";
import { micros, MINUTE } from "../core/domain/units.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import { type SweepRequest, unitAt, unitCount } from "./sweep-request.ts";
import { heatMap, summariseSweep } from "./sweep-summary.ts";
import type { SweepRow } from "./sweep-unit.ts";

const arm = (label: string, base: string, values: readonly string[]) => ({
  label,
  base,
  values,
  strategy: { name: base, parameters: {} },
  quantity: "1",
  isNotional: false,
  over: micros(MINUTE),
});

function requestOf(parents: number): SweepRequest {
  return {
    markets: [
      { kind: "recorded", name: "a", files: { kind: "files", paths: ["a"] } },
      { kind: "recorded", name: "b", files: { kind: "files", paths: ["b"] } },
    ],
    axes: ["over", "urgency"],
    arms: ["twap", "is"].flatMap((base) =>
      ["0.1", "0.9"].map((urgency) =>
        arm(`${base} over=1m urgency=${urgency}`, base, ["1m", urgency]),
      ),
    ),
    sides: ["buy", "sell"],
    parents,
    constraints: { mayCrossSpread: true, residual: "leave" },
    config: DEFAULT_CONFIG,
    seed: 1,
    plugins: [],
    pluginPaths: [],
  };
}

/** Costs that a test lays down; `filled` may differ by arm. */
function rowsOf(
  request: SweepRequest,
  cost: (arm: string, window: number) => number,
  filled: (arm: string) => number = () => 1,
): readonly SweepRow[] {
  return Array.from({ length: unitCount(request) }, (_, unit) => {
    const at = unitAt(request, unit);
    const costBps = cost(at.arm.label, at.market * request.parents + at.window);
    return {
      unit,
      cluster: at.window,
      costBps,
      beforeFeesBps: costBps - 1,
      filled: filled(at.arm.label),
      makerShare: 0.5,
      completionSeconds: 10,
      phase: "complete",
    };
  });
}

const [TWAP_SLOW, TWAP_FAST, IS_SLOW, IS_FAST] = requestOf(1).arms.map(({ label }) => label) as [
  string,
  string,
  string,
  string,
];
const MEANS: Readonly<Record<string, number>> = {
  [TWAP_SLOW]: 3,
  [TWAP_FAST]: 5,
  [IS_SLOW]: 2,
  [IS_FAST]: 4,
};
/** A wave over the windows, another for each arm, that sums to about nothing. */
const wave = (label: string, window: number): number => Math.sin(window * 2.1 + label.length);

describe("summariseSweep", () => {
  it("tells each arm's mean and its difference, and the cheapest of how many", () => {
    const request = requestOf(15);
    const rows = rowsOf(request, (label, window) => MEANS[label]! + wave(label, window));
    const summary = summariseSweep(request, rows)!;
    expect(summary.incomplete).toBe(0);
    expect(summary.comparison).toMatchObject({
      windows: 30,
      effectiveWindows: 30,
      baseline: TWAP_SLOW,
    });
    expect(summary.comparison.arms[2]!.meanBps).toBeCloseTo(2, 0);
    expect(summary.comparison.arms[2]!.difference?.mean).toBeCloseTo(-1, 0);
    expect(summary.comparison.arms[2]!.difference?.interval).toBeDefined();
    expect(summary.best).toMatchObject({
      arm: IS_SLOW,
      among: 4,
      tried: 4,
      heldOut: undefined,
    });
  });

  it("gives no interval under 20 independent windows", () => {
    const request = requestOf(9);
    const rows = rowsOf(request, (label, window) => MEANS[label]! + wave(label, window));
    const { comparison } = summariseSweep(request, rows)!;
    expect(comparison.effectiveWindows).toBe(18);
    expect(comparison.arms.every(({ difference }) => difference?.interval === undefined)).toBe(
      true,
    );
  });

  it("measures the choice on windows that it was not chosen on: what was luck goes", () => {
    const request = requestOf(20);
    // Cheap on every other window, dear between: the mean of all is that of the others.
    const rows = rowsOf(request, (label, window) =>
      label === IS_FAST ? (window % 2 === 0 ? 1 : 9) : MEANS[label]! + wave(label, window),
    );
    const { heldOut } = summariseSweep(request, rows)!.best;
    expect(heldOut).toMatchObject({ arm: IS_FAST, chosenBps: 1, measuredBps: 9 });
    expect(heldOut!.difference!.mean).toBeGreaterThan(4);
  });

  it("does not call an arm best that trades less", () => {
    const request = requestOf(2);
    const rows = rowsOf(
      request,
      (label) => MEANS[label]!,
      (label) => (label === IS_SLOW ? 0.9 : 1),
    );
    expect(summariseSweep(request, rows)!.best).toMatchObject({ arm: TWAP_SLOW, among: 3 });
  });

  it("counts a parent for none that one arm could not work", () => {
    const request = requestOf(3);
    const rows = rowsOf(request, (label, window) => MEANS[label]! + (window === 0 ? 100 : 0));
    const { market, window, side, queue } = unitAt(request, 0);
    expect({ market, window, side, queue }).toMatchObject({ market: 0, window: 0, side: "buy" });
    // Without its first arm, that parent's 100 bps are in nobody's mean.
    const summary = summariseSweep(request, rows.slice(1))!;
    expect(summary.incomplete).toBe(1);
    const [first, , third] = summary.comparison.arms;
    expect(first!.parents).toBe(11);
    expect(first!.meanBps - third!.meanBps).toBeCloseTo(1, 9);
  });

  it("is not there when no parent was worked by every arm", () => {
    const request = requestOf(1);
    const rows = rowsOf(request, () => 1).filter(
      ({ unit }) => unitAt(request, unit).arm.label !== IS_FAST,
    );
    expect(summariseSweep(request, rows)).toBeUndefined();
    expect(summariseSweep(request, [])).toBeUndefined();
  });
});

describe("heatMap", () => {
  it("has a line for each strategy and value of the other keys, a column for the last key", () => {
    const request = requestOf(2);
    const summary = summariseSweep(
      request,
      rowsOf(request, (label) => MEANS[label]!),
    )!;
    expect(heatMap(request, summary)).toEqual({
      key: "urgency",
      values: ["0.1", "0.9"],
      lines: [
        { label: "twap over=1m", cells: [3, 5] },
        { label: "is over=1m", cells: [2, 4] },
      ],
    });
    expect(heatMap({ ...request, axes: [] }, summary)).toBeUndefined();
  });
});
