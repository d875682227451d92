/**
 * Tally: what many runs came to, added up.
 */
import type { RunOutcome } from "./world.ts";

export interface Tally {
  runs: number;
  orders: number;
  fills: number;
  crashes: number;
  restarts: number;
  virtualSeconds: number;
  /** How often each fault befell somebody. */
  readonly faults: Record<string, number>;
  /** How the orders ended. */
  readonly ends: Record<string, number>;
  /** Seeds of the runs that were broken, with what did not hold. */
  readonly broken: { readonly seed: number; readonly text: string }[];
}

export const newTally = (): Tally => ({
  runs: 0,
  orders: 0,
  fills: 0,
  crashes: 0,
  restarts: 0,
  virtualSeconds: 0,
  faults: {},
  ends: {},
  broken: [],
});

export function count(tally: Tally, seed: number, outcome: RunOutcome): void {
  tally.runs += 1;
  tally.orders += outcome.orders;
  tally.fills += outcome.fills;
  tally.crashes += outcome.crashes;
  tally.restarts += outcome.restarts;
  tally.virtualSeconds += outcome.virtualSeconds;
  for (const [name, times] of outcome.faults) raise(tally.faults, name, times);
  raise(tally.ends, outcome.end, 1);
  if (outcome.broken !== undefined) tally.broken.push({ seed, text: outcome.broken });
}

/** Adds a part to the whole. */
export function addTo(whole: Tally, part: Tally): void {
  for (const key of ["runs", "orders", "fills", "crashes", "restarts", "virtualSeconds"] as const) {
    whole[key] += part[key];
  }
  for (const [name, times] of Object.entries(part.faults)) raise(whole.faults, name, times);
  for (const [name, times] of Object.entries(part.ends)) raise(whole.ends, name, times);
  whole.broken.push(...part.broken);
}

function raise(counts: Record<string, number>, name: string, times: number): void {
  counts[name] = (counts[name] ?? 0) + times;
}
