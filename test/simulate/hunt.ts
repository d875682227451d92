/**
 * Hunt: how many seeds it takes until a planted bug is found.
 */
import { planOf } from "./plan.ts";
import type { PlantedBug } from "./planted-bug.ts";
import { runWorld } from "./world.ts";

export interface Found {
  readonly seed: number;
  /** What did not hold. */
  readonly text: string;
}

/**
 * @param most runs, with seeds from `from` on; seeds without a fault that the bug needs are left out.
 * @returns undefined: it was not found.
 */
export async function hunt(
  bug: PlantedBug,
  from: number,
  most: number,
): Promise<Found | undefined> {
  for (let seed = from, runs = 0; runs < most; seed++) {
    const plan = planOf(seed);
    const { needs } = bug;
    if (needs.length > 0 && !needs.some((name) => name in plan.knobs.faults)) continue;
    runs += 1;
    const { broken } = await runWorld(plan, bug);
    if (broken !== undefined) return { seed, text: broken };
  }
  return undefined;
}
