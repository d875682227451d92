/**
 * The suite itself: it catches what it is for. Each test plants one bug, and looks for the law that
 * must break, the seed, and the smallest case in words. A suite that finds nothing proves nothing.
 */
import fc from "fast-check";
import { describe, expect, it as test } from "vitest";
import type { BoundStrategy, Plan, Strategy, Target } from "../core/contracts/strategy.ts";
import { TOUCH } from "../core/contracts/tactic.ts";
import { type Lots, lots, micros } from "../core/domain/units.ts";
import { conformanceSuite, LawFailure } from "./index.ts";

const SECONDS = 1e6;

/** Equal steps of five seconds: the plainest strategy that conforms. */
const steps: Strategy = {
  name: "steps",
  summary: "Equal steps; for tests.",
  defaults: { seconds: 5 },
  check: (parameters) =>
    Object.entries(parameters)
      .filter(([key, value]) => key !== "seconds" || !(Number(value) >= 1))
      .map(([path]) => ({ path, text: "unknown, or not a number over 1" })),
  bind: ({ seconds = 5 }, plan) => ({ target: ({ now }) => stepAt(plan, Number(seconds), now) }),
};

function stepAt(plan: Plan, seconds: number, now: number): Target {
  if (now < plan.from) {
    return { quantity: lots(0), sliceFrom: micros(now), sliceUntil: plan.from, reason: "early" };
  }
  const length = Math.floor(seconds * SECONDS);
  const count = Math.max(1, Math.ceil((plan.until - plan.from) / length));
  const step = Math.min(count - 1, Math.floor((now - plan.from) / length));
  return {
    quantity: step === count - 1 ? plan.quantity : dueOf(plan, (step + 1) / count),
    sliceFrom: micros(plan.from + step * length),
    sliceUntil: micros(Math.min(plan.until, plan.from + (step + 1) * length)),
    reason: `step ${step + 1} of ${count}`,
  };
}

function dueOf({ quantity, minOrder }: Plan, share: number): Lots {
  const least = Math.max(1, minOrder);
  const due = Math.floor((quantity * share) / least) * least;
  return lots(quantity - due < least ? Math.max(0, due - least) : due);
}

/** A variant of it whose every answer is bent. */
const bent = (change: (target: Target, plan: Plan, now: number) => Target): Strategy => ({
  ...steps,
  bind(parameters, plan): BoundStrategy {
    const bound = steps.bind(parameters, plan);
    return { target: (view) => change(bound.target(view), plan, view.now) };
  },
});

const draw = { runs: 60, contractRuns: 120, seed: 11 };

/** The first law that breaks, as a reader would see it. */
function failureOf(strategy: Strategy, group?: string): LawFailure {
  for (const law of conformanceSuite({ strategy, ...draw })) {
    if (group !== undefined && law.group !== group) continue;
    try {
      law.run();
    } catch (error) {
      if (error instanceof LawFailure) return error;
      throw error;
    }
  }
  throw new Error("no law broke");
}

describe("a strategy that conforms", () => {
  test("passes, and says what was tried", () => {
    const parameters = fc.record({ seconds: fc.integer({ min: 1, max: 30 }) });
    const suite = conformanceSuite({ strategy: steps, parameters, ...draw });
    for (const law of suite) law.run();
    const tried = new Map(suite.map(({ group, tally }) => [group, tally]));
    for (const act of ["pauses", "amendments", "switches", "restarts"] as const) {
      expect(tried.get(act)![act]).toBeGreaterThan(draw.runs / 2);
    }
    expect(tried.get("sessions")).toMatchObject({ sessions: draw.runs });
    expect(new Set(suite.map(({ name }) => name)).size).toBe(suite.length);
  });

  test("is told in each name when only its defaults were tried", () => {
    const [law] = conformanceSuite({ strategy: steps });
    expect(law!.name).toMatch(/^steps: .*\[only its default parameters were tried\]$/);
  });
});

describe("a planted bug is caught, with a seed and the smallest case", () => {
  test.each<[string, RegExp, Strategy]>([
    [
      "asks for more than the plan",
      /more than the plan/,
      bent((it, { quantity }) => ({
        ...it,
        quantity: lots(quantity + 1),
      })),
    ],
    [
      "falls",
      /a target never falls/,
      bent((it, plan, now) =>
        2 * now > plan.from + plan.until
          ? { ...it, quantity: lots(Math.floor(it.quantity / 4)) }
          : it,
      ),
    ],
    [
      "leaves dust",
      /leaves|rose by/,
      bent((it) => ({
        ...it,
        quantity: lots(Math.max(0, it.quantity - 1)),
      })),
    ],
    [
      "rises when nobody looks",
      /nobody would look|rose by 1/,
      bent((it, { from, until, quantity }, now) => ({
        ...it,
        quantity: lots(
          now < from
            ? 0
            : Math.floor((quantity * (Math.min(now, until) - from)) / Math.max(1, until - from)),
        ),
      })),
    ],
    [
      "remembers",
      /says otherwise/,
      (() => {
        let asked = 0;
        return bent((it) => ({ ...it, reason: `asked ${++asked} times` }));
      })(),
    ],
    [
      "writes to what it is given",
      /read only|not extensible/,
      {
        ...steps,
        bind(parameters, plan) {
          Object.assign(plan, { minOrder: lots(0) });
          return steps.bind(parameters, plan);
        },
      },
    ],
    ["accepts what it does not know", /no fault: noSuchParameter/, { ...steps, check: () => [] }],
  ])("%s", (_, law, strategy) => {
    const failure = failureOf(strategy, "contract");
    expect(failure.message).toMatch(law);
    expect(failure.message).toContain("the smallest case that breaks it:\n  plan: ");
    expect(failure.message).toContain("\nseed 11\npath ");
  });

  test("and is found again by its seed and path, without a search", () => {
    const falls = bent((it, plan, now) =>
      2 * now > plan.from + plan.until
        ? { ...it, quantity: lots(Math.floor(it.quantity / 4)) }
        : it,
    );
    const { path, law, counterExample } = failureOf(falls, "contract");
    const again = conformanceSuite({ strategy: falls, seed: 11, path: path! });
    const { run } = again.find(({ name }) => name === law)!;
    let found: unknown;
    try {
      run();
    } catch (error) {
      found = error;
    }
    expect(found).toMatchObject({ counterExample, path });
  });
});

describe("in a session", () => {
  test("whoever is impure is caught where the engine would have been misled", () => {
    let asked = 0;
    const impure = bent((it, { quantity }) => (++asked % 50 === 0 ? { ...it, quantity } : it));
    const failure = failureOf(impure, "sessions");
    expect(failure.message).toMatch(/law 10: .*disagree/);
    expect(failure.message).toMatch(/the last steps:\n/);
    expect(failure.message).toMatch(/ {2}p1: (buy|sell) .* by steps/);
  });

  test("whoever dumps is caught by a formula that knows its pace", () => {
    const dump: Strategy = {
      ...steps,
      bind: (_, plan) => ({
        tactic: { ...TOUCH, cross: "at-once" },
        target: ({ now }) => ({
          ...stepAt(plan, 5, now),
          quantity: now < plan.from ? lots(0) : plan.quantity,
        }),
      }),
    };
    const pace = ({ elapsed, span, rest }: { elapsed: number; span: number; rest: number }) =>
      rest * Math.min(1, (elapsed + 15 * SECONDS) / span);
    const suite = conformanceSuite({ strategy: dump, pace, ...draw });
    const { run } = suite.find(({ group }) => group === "sessions")!;
    expect(run).toThrow(/law 5: .*by the formula/);
  });

  test("whoever throws is caught", () => {
    const failure = failureOf(
      bent((it, plan, now) => {
        if (now > plan.from + 20 * SECONDS) throw new RangeError("out of slices");
        return it;
      }),
      "sessions",
    );
    expect(failure.message).toMatch(/law 0: something was thrown: RangeError: out of slices/);
  });

  test("a law that nothing was tried on fails", () => {
    const never: Strategy = { ...steps, check: () => [{ path: "seconds", text: "no" }] };
    expect(failureOf(never, "restarts").message).toContain("too little happened");
  });
});
