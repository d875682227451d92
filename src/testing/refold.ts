/**
 * Refold: what was recorded of a session, folded into a new engine, as a restart or a replay does.
 *
 * Events pass through JSON text, as the journal would keep them. What must stay true: the new
 * engine says the same to each event, to the byte, and waits for the same (law 10).
 */
import type { EngineEvent } from "../core/domain/messages.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import type { Engine } from "../core/engine.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import { requireLaw } from "./law-broken.ts";
import type { RestartDraft } from "./schedule.ts";
import { type Step, stepText } from "./step.ts";

/** How many rows one call shows at most, by the row's number. */
const CUTS: { readonly [Rows in RestartDraft["rows"]]: (row: number) => number } = {
  "at-once": () => Number.MAX_SAFE_INTEGER,
  "one-by-one": () => 1,
  "in-pieces": (row) => 1 + Math.floor(uniformAt(7, streamOf("refold"), row) * 40),
};

/**
 * Brings `engine`, which is new, to where the recorded one stood: after `steps`, at `position`.
 * @throws LawBroken when it says anything else on the way.
 */
export function refold(
  engine: Engine,
  steps: readonly Step[],
  block: MarketBlock,
  position: number,
  rows: RestartDraft["rows"],
): void {
  const cut = CUTS[rows];
  let row = 0;
  const observeTo = (end: number): void => {
    while (row < end) {
      const to = Math.min(end, row + cut(row));
      row = engine.observe(0, block, row, to, Number.POSITIVE_INFINITY);
    }
  };
  for (const step of steps) {
    observeTo(step.position);
    const outputs = engine.step(JSON.parse(JSON.stringify(step.event)) as EngineEvent);
    const was = JSON.stringify(step.outputs);
    const is = JSON.stringify(outputs);
    if (is === was) continue;
    const now = stepText({ ...step, outputs });
    requireLaw("10", false, `folded ${rows}: ${stepText(step)}\nis now ${now}\n${was}\n${is}`);
  }
  observeTo(position);
}
