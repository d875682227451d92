/**
 * Shrink: the smallest plan that is still broken: faults and operators left out one by one, then a
 * shorter order and a shorter time of faults.
 *
 * What must stay true: what is left is a plan like any other, and its run shows the same as what is
 * printed of it.
 */
import type { FaultName } from "./knobs.ts";
import { without } from "./knobs.ts";
import type { RunPlan } from "./plan.ts";
import type { PlantedBug } from "./planted-bug.ts";
import { type RunOutcome, runWorld } from "./world.ts";

export interface Shrunk {
  readonly plan: RunPlan;
  readonly outcome: RunOutcome;
  readonly tries: number;
}

const MOST_TRIES = 150;
const SHORTEST_SECONDS = 5;

export async function shrink(
  plan: RunPlan,
  outcome: RunOutcome,
  bug?: PlantedBug,
  onTry: (tries: number) => void = () => undefined,
): Promise<Shrunk> {
  let best = { plan, outcome };
  let tries = 0;
  let hasShrunk = true;
  while (hasShrunk && tries < MOST_TRIES) {
    hasShrunk = false;
    for (const smaller of smallerPlans(best.plan)) {
      if (tries >= MOST_TRIES) break;
      tries += 1;
      onTry(tries);
      const tried = await runWorld(smaller, bug);
      if (tried.broken === undefined) continue;
      best = { plan: smaller, outcome: tried };
      hasShrunk = true;
      break;
    }
  }
  return { ...best, tries };
}

function* smallerPlans(plan: RunPlan): Generator<RunPlan> {
  const { knobs, operators, order } = plan;
  if (operators.length > 1) yield { ...plan, operators: [] };
  for (const name of Object.keys(knobs.faults) as FaultName[]) {
    if (name !== "operators") yield { ...plan, knobs: without(knobs, name) };
  }
  for (const index of operators.keys()) yield { ...plan, operators: operators.toSpliced(index, 1) };
  if (knobs.faultSeconds >= 2 * SHORTEST_SECONDS) {
    const faultSeconds = Math.floor(knobs.faultSeconds / 2);
    yield { ...plan, knobs: { ...knobs, faultSeconds } };
  }
  if (order.seconds < 2 * SHORTEST_SECONDS) return;
  yield { ...plan, order: { ...order, seconds: Math.floor(order.seconds / 2) } };
}
