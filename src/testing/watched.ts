/**
 * Watched: the strategies as the engine gets them in a session, so that their plans are seen.
 *
 * Each binding is reported, its arguments are frozen, and each answer is compared with that of a
 * second binding. So an impure strategy is caught in the very session that it would have misled.
 * What must stay true: the engine is told exactly what the strategy says.
 */
import type { BoundStrategy, Plan, Strategy, Target } from "../core/contracts/strategy.ts";
import { requireLaw } from "./law-broken.ts";
import type { Parameters } from "./lineup.ts";

/** One binding of a strategy to a plan, as the engine asked for it. */
export interface Anchor {
  readonly name: string;
  readonly parameters: Parameters;
  readonly plan: Plan;
  /** A second binding, the oracle's own: it may be asked at any time. */
  readonly bound: BoundStrategy;
}

/** What the engine was told when it asked a binding. */
export type OnTarget = (anchor: Anchor, target: Target) => void;

export function watched(
  strategies: ReadonlyMap<string, Strategy>,
  onAnchor: (anchor: Anchor) => void,
  onTarget?: OnTarget,
): ReadonlyMap<string, Strategy> {
  const watchOne = (strategy: Strategy): Strategy => ({
    name: strategy.name,
    summary: strategy.summary,
    defaults: strategy.defaults,
    check: (parameters) => strategy.check(parameters),
    bind: (parameters, plan) => bindTwice(strategy, { parameters, plan }, onAnchor, onTarget),
  });
  return new Map([...strategies].map(([name, strategy]) => [name, watchOne(strategy)]));
}

function bindTwice(
  strategy: Strategy,
  given: Pick<Anchor, "parameters" | "plan">,
  onAnchor: (anchor: Anchor) => void,
  onTarget?: OnTarget,
): BoundStrategy {
  const { name } = strategy;
  const { parameters } = given;
  const plan = frozen(given.plan);
  const bound = strategy.bind(frozen(parameters), plan);
  const twin = strategy.bind(frozen(parameters), plan);
  requireLaw("10", same(bound.tactic, twin.tactic), `${name}: two bindings, two tactics`);
  const anchor: Anchor = { name, parameters, plan, bound: twin };
  onAnchor(anchor);
  return {
    ...(bound.tactic === undefined ? {} : { tactic: bound.tactic }),
    target(view): Target {
      const asked = frozen(view);
      const answer = bound.target(asked);
      const text = `${name}: two bindings to one plan disagree at ${view.now}`;
      requireLaw("10", same(answer, twin.target(asked)), text);
      onTarget?.(anchor, answer);
      return answer;
    },
  };
}

/** A copy that throws at whoever writes to it. Plain JSON only. */
export function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  const copy = Array.isArray(value) ? value.map(frozen) : frozenMembers(value);
  return Object.freeze(copy) as Value;
}

const frozenMembers = (value: object): object =>
  Object.fromEntries(Object.entries(value).map(([key, member]) => [key, frozen(member)]));

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
