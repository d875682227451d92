/** What every strategy owes its parent: never more than asked, never backwards, never dust. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Plan, Strategy, StrategyView } from "../core/contracts/strategy.ts";
import { lots, micros, SECOND } from "../core/domain/units.ts";
import { findStrategy, strategies } from "./registry.ts";

const planOf = (change: Partial<Plan> = {}): Plan => ({
  parentId: "p-1",
  side: "buy",
  from: micros(1_700_000_000_000_000),
  until: micros(1_700_000_180_000_000),
  quantity: lots(25_000),
  volumeAtFrom: lots(1_000),
  minOrder: lots(5),
  maxParticipation: 0.1,
  urgency: 0.5,
  seed: 7,
  ...change,
});

/** The view `share` of the way through the plan, others having traded `volume` since it began. */
const viewOf = (plan: Plan, share: number, volume = 0, done = 0): StrategyView => ({
  now: micros(plan.from + Math.floor((plan.until - plan.from) * share)),
  done: lots(done),
  marketVolume: lots(plan.volumeAtFrom + volume),
});

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const slicing = {
  intervalSeconds: between(1, 90),
  slices: fc.option(fc.integer({ min: 1, max: 300 })),
  randomizeSize: between(0, 1),
  randomizeTime: between(0, 1),
};
const weights = fc
  .array(fc.oneof(fc.constant(0), between(0, 100)), { minLength: 1, maxLength: 30 })
  .map((list) => (list.some((weight) => weight > 0) ? list : [1]));

/** Any parameters of each strategy: one that is registered must be here. */
const PARAMETERS: Readonly<Record<string, Record<string, fc.Arbitrary<unknown>>>> = {
  twap: slicing,
  vwap: { ...slicing, curve: weights, over: fc.constantFrom(null, "plan", "day") },
  pov: { rate: between(0.001, 0.9), intervalSeconds: slicing.intervalSeconds },
  is: { ...slicing, kappaT: fc.option(between(0, 1_000)) },
  ow: { ...slicing, resilienceHalfLifeSeconds: between(0.01, 604_800) },
};

const parametersOf = ({ name }: Strategy): fc.Arbitrary<Record<string, unknown>> => {
  const any = fc.record(PARAMETERS[name]!, { requiredKeys: [] });
  if (name !== "vwap") return any;
  const named = fc.constantFrom("u-shape", "crypto-sessions");
  return fc.oneof(
    fc.record({ ...slicing, curve: named }, { requiredKeys: [] }),
    fc.record({ ...slicing, ...PARAMETERS[name] }),
  );
};

const plans = fc
  .record({
    quantity: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 1e12 })),
    minOrder: fc.integer({ min: 0, max: 60 }),
    seconds: fc.integer({ min: 0, max: 7_200 }),
    seed: fc.integer(),
    parentId: fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/),
    maxParticipation: between(0, 1),
    urgency: fc.oneof(fc.constantFrom(0, 1), between(0, 1)),
    sinceArrival: fc.option(fc.integer({ min: 0, max: 7_200 })),
    halfLife: fc.option(fc.integer({ min: 0, max: 7_200 })),
  })
  .map(({ quantity, minOrder, seconds, sinceArrival, halfLife, ...rest }) => {
    const from = planOf().from;
    return planOf({
      ...rest,
      ...(sinceArrival === null ? {} : { arrivedAt: micros(from - sinceArrival * SECOND) }),
      ...(halfLife === null ? {} : { alphaHalfLife: micros(halfLife * SECOND) }),
      quantity: lots(quantity),
      minOrder: lots(minOrder),
      until: micros(from + seconds * SECOND),
    });
  });

/** Moments of the plan and beyond it, with a market volume that never falls. */
const journeys = fc
  .array(fc.tuple(fc.double({ min: -0.2, max: 1.3, noNaN: true }), fc.nat(1_000_000_000)), {
    minLength: 2,
    maxLength: 40,
  })
  .map((steps) => {
    const shares = steps.map(([share]) => share).sort((a, b) => a - b);
    const volumes = steps.map(([, volume]) => volume).sort((a, b) => a - b);
    return shares.map((share, i) => ({ share, volume: volumes[i]! }));
  });

describe.each([...strategies.values()])("$name, for any plan and parameters", (strategy) => {
  const cases = fc.tuple(plans, parametersOf(strategy), journeys);

  it("never asks for less than before, nor more than the plan, nor half a lot", () => {
    fc.assert(
      fc.property(cases, ([plan, parameters, journey]) => {
        const bound = strategy.bind(parameters, plan);
        let before = 0;
        for (const { share, volume } of journey) {
          const { quantity } = bound.target(viewOf(plan, share, volume));
          expect(Number.isSafeInteger(quantity)).toBe(true);
          expect(quantity).toBeGreaterThanOrEqual(before);
          expect(quantity).toBeLessThanOrEqual(plan.quantity);
          before = quantity;
        }
      }),
      { numRuns: 300 },
    );
  });

  it("asks for nothing before the plan begins", () => {
    fc.assert(
      fc.property(cases, ([plan, parameters]) => {
        const view = { ...viewOf(plan, 0, 1e6), now: micros(plan.from - 1) };
        const target = strategy.bind(parameters, plan).target(view);
        expect(target).toMatchObject({ quantity: 0, sliceFrom: view.now, sliceUntil: plan.from });
      }),
    );
  });

  it("raises by the least order at least, and never leaves less than that to do", () => {
    fc.assert(
      fc.property(cases, ([plan, parameters, journey]) => {
        const bound = strategy.bind(parameters, plan);
        let before = 0;
        for (const { share, volume } of journey) {
          const { quantity } = bound.target(viewOf(plan, share, volume));
          const rise = quantity - before;
          const whole = quantity === plan.quantity && before === 0;
          if (rise > 0 && !whole) expect(rise).toBeGreaterThanOrEqual(plan.minOrder);
          const left = plan.quantity - quantity;
          if (quantity > 0 && left > 0) expect(left).toBeGreaterThanOrEqual(plan.minOrder);
          before = quantity;
        }
      }),
      { numRuns: 300 },
    );
  });

  it("puts the present inside the slice in hand, and slices inside the plan", () => {
    fc.assert(
      fc.property(cases, ([plan, parameters, journey]) => {
        const bound = strategy.bind(parameters, plan);
        for (const { share, volume } of journey.filter((step) => step.share >= 0)) {
          const view = viewOf(plan, share, volume);
          const { sliceFrom, sliceUntil } = bound.target(view);
          expect(sliceFrom).toBeGreaterThanOrEqual(plan.from);
          expect(sliceFrom).toBeLessThanOrEqual(view.now);
          expect(sliceUntil).toBeLessThanOrEqual(plan.until);
          if (view.now < plan.until) expect(sliceUntil).toBeGreaterThan(view.now);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("gives the same answer to the same question, in any order and from a second binding", () => {
    fc.assert(
      fc.property(cases, ([plan, parameters, journey]) => {
        const first = strategy.bind(parameters, plan);
        const second = strategy.bind({ ...parameters }, { ...plan });
        const views = journey.map(({ share, volume }) => viewOf(plan, share, volume));
        const forward = views.map((view) => first.target(view));
        const backward = views.toReversed().map((view) => second.target(view));
        expect(backward.toReversed()).toEqual(forward);
      }),
    );
  });

  it("anchored anew in mid-order, old and new targets together never exceed the order", () => {
    fc.assert(
      fc.property(
        cases,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ([plan, parameters, journey], cut) => {
          const volume = 5_000_000;
          const view = viewOf(plan, cut, volume);
          const done = strategy.bind(parameters, plan).target(view).quantity;
          const rest = planOf({
            ...plan,
            from: view.now,
            arrivedAt: plan.arrivedAt ?? plan.from,
            quantity: lots(plan.quantity - done),
            volumeAtFrom: view.marketVolume,
          });
          const bound = strategy.bind(parameters, rest);
          for (const step of journey) {
            const { quantity } = bound.target(viewOf(rest, step.share, step.volume));
            expect(done + quantity).toBeLessThanOrEqual(plan.quantity);
          }
        },
      ),
    );
  });

  it("names every wrong parameter at once, and its own defaults pass", () => {
    expect(strategy.check({})).toEqual([]);
    expect(strategy.check(strategy.defaults)).toEqual([]);
    const faults = strategy.check({ intervalSeconds: Number.NaN, speed: 3, toString: 1 });
    expect(faults.map((fault) => fault.path)).toEqual(["intervalSeconds", "speed", "toString"]);
    expect(() => strategy.bind({ speed: 3 }, planOf())).toThrow("unchecked");
  });
});

describe("the registry", () => {
  it("finds each strategy under its own name", () => {
    expect([...strategies.keys()]).toEqual(["twap", "vwap", "pov", "is", "ow"]);
    for (const [name, strategy] of strategies) {
      expect(strategy.name).toBe(name);
      expect(findStrategy(name)).toEqual({ ok: true, value: strategy });
    }
  });

  it("an unknown name is answered with the known ones", () => {
    expect(findStrategy("twop")).toMatchInlineSnapshot(`
      {
        "error": {
          "code": "STRATEGY_UNKNOWN",
          "text": "no strategy is named "twop"; known are twap, vwap, pov, is, ow",
        },
        "ok": false,
      }
    `);
  });
});
