/**
 * What shows that Ramp may be traded: it passes the conformance suite, and it works an order whole.
 */
import { DEFAULT_CONFIG, micros, openMarket, prepareBacktest, strategies } from "arrival";
import { conformanceSuite } from "arrival/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import ramp from "./ramp.ts";

/** Any parameters that `check` lets pass; short intervals often, as sessions take two minutes. */
const parameters = fc.record({
  tilt: fc.oneof(fc.constantFrom(-1, 0, 1), fc.double({ min: -1, max: 1, noNaN: true })),
  intervalSeconds: fc.oneof(fc.constantFrom(1, 5), fc.double({ min: 1, max: 90, noNaN: true })),
});

describe("ramp conforms", () => {
  const others = [...strategies.values()].map((strategy) => ({ strategy }));
  const suite = conformanceSuite({ strategy: ramp, parameters, others, runs: 40 });
  for (const law of suite) test(law.name, law.run);
});

test("most of the order waits for the end, by the tilt", async () => {
  const minutes = (count: number) => micros(count * 60_000_000);
  const market = await openMarket({
    kind: "generated",
    seed: 7,
    startAt: micros(Date.UTC(2026, 0, 5, 14) * 1000),
    duration: minutes(8),
  });
  if (!market.ok) throw new Error(market.error.text);
  const backtest = prepareBacktest(market.value, {
    side: "buy",
    quantity: "10",
    isNotional: false,
    over: minutes(4),
    constraints: { mayCrossSpread: true, residual: "cross" },
    acceptInfeasible: false,
    config: { ...DEFAULT_CONFIG, strategy: { name: "ramp", parameters: { tilt: 1 } } },
    strategies: new Map([...strategies, [ramp.name, ramp]]),
    seed: 1,
  });
  if (!backtest.ok) throw new Error(backtest.error.text);
  const { engine, parent, run } = backtest.value;
  const steps = run();
  let step = steps.next();
  while (step.done !== true) step = steps.next();

  expect(step.value.phase).toBe("complete");
  const { fills } = engine.parents.get(parent.id)!;
  const half = parent.startAt + minutes(2);
  const early = fills.filter(({ fill }) => fill.exchangeTime < half);
  const lotsOf = (some: typeof fills) => some.reduce((sum, { fill }) => sum + fill.quantity, 0);
  expect(lotsOf(early) / lotsOf(fills)).toBeLessThan(0.35);
});
