/**
 * Registered: every strategy and tactic of the registries, with any parameters that each accepts,
 * for the conformance suite. What is registered and not described here is tried on its defaults
 * alone, and `laws.test.ts` says so by failing.
 *
 * Parameters matter twice: the contract wants all that are allowed, sessions of two minutes want
 * short intervals. So the usual ones are drawn as often as all others together.
 */
import fc from "fast-check";
import { strategies } from "../../src/strategies/registry.ts";
import { tactics } from "../../src/strategies/tactics/registry.ts";
import type {
  PaceFormula,
  Parameters,
  StrategyUnderTest,
  TacticUnderTest,
} from "../../src/testing/index.ts";
import { povPace, twapPace } from "./pace-formulas.ts";

type Drawn = Record<string, fc.Arbitrary<unknown>>;

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const intervalSeconds = fc.oneof(fc.constantFrom(1, 3, 10), between(1, 90));
const jitter = fc.oneof(fc.constantFrom(0, 0.2), between(0, 1));
const slicing = {
  intervalSeconds,
  slices: fc.option(fc.integer({ min: 1, max: 300 }), { freq: 1 }),
  randomizeSize: jitter,
  randomizeTime: jitter,
};
const weights = fc
  .array(fc.oneof(fc.constant(0), between(0, 100)), { minLength: 1, maxLength: 30 })
  .map((list) => (list.some((weight) => weight > 1e-100) ? list : [1]));

const record = (drawn: Drawn): fc.Arbitrary<Parameters> => fc.record(drawn, { requiredKeys: [] });

const repegSeconds = fc.oneof(fc.constantFrom(0.1, 1, 5), between(0.1, 60));
const TACTIC_PARAMETERS: Readonly<Record<string, fc.Arbitrary<Parameters>>> = {
  touch: fc.constant({}),
  peg: record({
    to: fc.constantFrom("touch", "mid"),
    behindTicks: fc.oneof(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -1e6, max: 1e6 })),
    repegSeconds,
  }),
  chase: record({
    reachBps: fc.oneof(fc.constantFrom(0, 5, 50), between(0, 10_000)),
    repegSeconds,
  }),
  iceberg: record({
    showShare: fc.oneof(fc.constantFrom(0, 0.1, 1), between(0, 1)),
    follow: fc.boolean(),
    repegSeconds,
  }),
};

const STRATEGY_PARAMETERS: Readonly<Record<string, fc.Arbitrary<Parameters>>> = {
  ...TACTIC_PARAMETERS,
  twap: record(slicing),
  vwap: fc.oneof(
    record({ ...slicing, curve: fc.constantFrom("u-shape", "crypto-sessions") }),
    fc.record(
      { ...slicing, curve: weights, over: fc.constantFrom(null, "plan", "day") },
      { requiredKeys: ["curve"] },
    ),
  ),
  pov: record({
    rate: fc.oneof(fc.constantFrom(0.05, 0.2, 0.6), between(0.001, 0.9)),
    intervalSeconds,
  }),
  is: record({ ...slicing, kappaT: fc.option(between(0, 1_000)) }),
  ow: record({ ...slicing, resilienceHalfLifeSeconds: between(0.01, 604_800) }),
};

const PACES: Readonly<Record<string, PaceFormula>> = { twap: twapPace, pov: povPace };

const described = (parameters: fc.Arbitrary<Parameters> | undefined) =>
  parameters === undefined ? {} : { parameters };

export const REGISTERED: readonly StrategyUnderTest[] = [...strategies.values()].map(
  (strategy): StrategyUnderTest => {
    const pace = PACES[strategy.name];
    const found = described(STRATEGY_PARAMETERS[strategy.name]);
    return Object.assign({ strategy }, found, pace === undefined ? {} : { pace });
  },
);

export const TACTICS: readonly TacticUnderTest[] = [...tactics.values()].map((kind) =>
  Object.assign({ kind }, described(TACTIC_PARAMETERS[kind.name])),
);
