/**
 * Worker: runs the seeds that it is handed, in a process of its own, and tells what they came to.
 */
import { planOf } from "./plan.ts";
import { count, newTally } from "./tally.ts";
import { runWorld } from "./world.ts";

/** Seeds [from, until). */
export interface Share {
  readonly from: number;
  readonly until: number;
}

// Errors are part of a bad network and nobody reads where they came from.
Error.stackTraceLimit = 0;

process.on("message", (share: Share) => void work(share));
process.on("disconnect", () => process.exit(0));
// Ctrl-C goes to the whole group: whoever hands out the work says when it is over.
process.on("SIGINT", () => undefined);

async function work({ from, until }: Share): Promise<void> {
  const tally = newTally();
  for (let seed = from; seed < until; seed++) count(tally, seed, await runWorld(planOf(seed)));
  process.send?.(tally);
}
