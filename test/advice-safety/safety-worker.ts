/**
 * Safety worker: judges the seeds that it is handed, in a process of its own.
 */
import { casesOf, judge } from "./judged.ts";
import type { ModelName } from "./safety-case.ts";

export interface Share {
  /** Seeds [from, until). */
  readonly from: number;
  readonly until: number;
  readonly models: readonly Exclude<ModelName, "real">[];
  readonly cases: number;
}

process.on("message", (share: Share) => {
  const attacks = casesOf(share.cases);
  for (let seed = share.from; seed < share.until; seed++) {
    process.send?.(judge(seed, share.models, attacks));
  }
  process.send?.("done");
});
process.on("disconnect", () => process.exit(0));
// Ctrl-C goes to the whole group: whoever hands out the work says when it is over.
process.on("SIGINT", () => undefined);
