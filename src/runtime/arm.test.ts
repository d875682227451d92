/**
 * What an arm of the exchange's own decides on a market that trades: its rules, seen in the orders
 * that a journal would hold.
 */
import { describe, expect, it } from "vitest";
import type { EngineOutput } from "../core/domain/messages.ts";
import { type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { type Arm, checkArm, requestFor } from "./arm.ts";
import { prepareBacktest } from "./backtest.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import { openGenerated } from "./market-source.ts";

const OVER = micros(5 * MINUTE);
const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);
const CONSTRAINTS = { mayCrossSpread: false, residual: "leave" } as const;

const armOf = (name: string, parameters = {}): Arm => ({
  label: name,
  strategy: { name, parameters },
});

interface Seen {
  readonly time: Micros;
  readonly output: EngineOutput;
}

function decisionsOf(arm: Arm, quantity: string): readonly Seen[] {
  const market = openGenerated({
    kind: "generated",
    seed: 5,
    startAt: START,
    duration: micros(7 * MINUTE),
  });
  const prepared = prepareBacktest(market, {
    ...requestFor(arm, DEFAULT_CONFIG, CONSTRAINTS),
    side: "buy",
    quantity,
    isNotional: false,
    over: OVER,
    start: MINUTE,
    acceptInfeasible: true,
    seed: 5,
  });
  if (!prepared.ok) throw new Error(prepared.error.text);
  const seen: Seen[] = [];
  const steps = prepared.value.run(({ time }, outputs) => {
    for (const output of outputs) seen.push({ time, output });
  });
  while (steps.next().done !== true);
  return seen;
}

describe("bybit-twap at work", () => {
  const seen = decisionsOf(armOf("bybit-twap", { randomizeSize: 0.2 }), "25");
  const orders = seen.flatMap(({ time, output }) =>
    output.kind === "place-order" ? [{ time, order: output.order }] : [],
  );

  it("sends ten orders, half a minute apart, each within 20 % of an even one", () => {
    expect(orders).toHaveLength(10);
    orders.forEach(({ time, order }, k) => {
      expect(time - START - MINUTE).toBe(k * 30 * SECOND);
      expect(order.timeInForce.kind).toBe("immediate-or-cancel");
      expect(order.quantity).toBeGreaterThanOrEqual(1_999);
      expect(order.quantity).toBeLessThanOrEqual(3_001);
    });
    expect(new Set(orders.map(({ order }) => order.quantity)).size).toBeGreaterThan(5);
  });

  it("is refused nothing by our gate", () => {
    expect(seen.filter(({ output }) => output.kind === "order-refused")).toEqual([]);
  });
});

describe("bybit-chase at work", () => {
  it("moves at least a second apart, and never crosses", () => {
    // Far more than trades in five minutes: it is still chasing at the end.
    const seen = decisionsOf(armOf("bybit-chase"), "5000");
    const moves = seen.filter(({ output }) => output.kind === "amend-order");
    expect(moves.length).toBeGreaterThan(20);
    for (let k = 1; k < moves.length; k++) {
      expect(moves[k]!.time - moves[k - 1]!.time).toBeGreaterThanOrEqual(SECOND);
    }
    for (const { output } of seen) {
      if (output.kind !== "place-order") continue;
      expect(output.order.timeInForce).toEqual({ kind: "good-till-canceled", postOnly: true });
    }
  });
});

describe("requestFor", () => {
  it("leaves the limits of the configuration to every arm of our own", () => {
    const { config, constraints } = requestFor(armOf("twap"), DEFAULT_CONFIG, CONSTRAINTS);
    expect(config.limits).toBe(DEFAULT_CONFIG.limits);
    expect(config.simulation).toBe(DEFAULT_CONFIG.simulation);
    expect(constraints).toBe(CONSTRAINTS);
  });

  it("leaves fees and the health of the data to the exchange's own", () => {
    const { config } = requestFor(armOf("bybit-pov"), DEFAULT_CONFIG, CONSTRAINTS);
    expect(config.limits.participation).toBe(1);
    expect(config.simulation.fees).toEqual(DEFAULT_CONFIG.simulation.fees);
    expect(config.limits.staleAfter).toBe(DEFAULT_CONFIG.limits.staleAfter);
  });
});

describe("checkArm", () => {
  it("finds every fault of an arm", () => {
    const arm = { ...armOf("bybit-twap", { intervalSeconds: 7, speed: 2 }), urgency: 1 };
    expect(checkArm(arm).map(({ path }) => path)).toEqual(["parameters.speed", "urgency"]);
    expect(checkArm(armOf("twap"))).toEqual([]);
    expect(checkArm(armOf("nope"))[0]?.text).toContain("bybit-twap");
  });
});
