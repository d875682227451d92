/**
 * Refold: what was recorded of a session, folded into a new engine, as a restart or a replay does.
 *
 * Events pass through JSON text, as the journal would keep them. What must stay true: the new
 * engine says the same to each event, to the byte, and waits for the same (law 10).
 */
import type { EngineEvent } from "../core/domain/messages.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import type { Engine } from "../core/engine.ts";
import type { Archive, SavedState } from "../core/execution/saved-state.ts";
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
  const observeTo = showing(engine, block, rows);
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

function showing(
  engine: Engine,
  block: MarketBlock,
  rows: RestartDraft["rows"],
): (end: number) => void {
  const cut = CUTS[rows];
  let row = 0;
  return (end) => {
    while (row < end) {
      const to = Math.min(end, row + cut(row));
      row = engine.observe(0, block, row, to, Number.POSITIVE_INFINITY);
    }
  };
}

/**
 * A restart at any place: what is recalled from the journal, from a checkpoint on or from the
 * beginning, is what the engine had, and both go on alike.
 *
 * @param make a new engine of the same session.
 * @throws LawBroken when they differ.
 */
export function recallAlike(
  make: () => Engine,
  steps: readonly Step[],
  block: MarketBlock,
  cuts: { readonly checkpoint: number; readonly end: number },
): void {
  const known = steps.slice(0, cuts.end);
  const last = known.at(-1);
  if (last === undefined) return;
  const was = make();
  refold(was, known, block, last.position, "at-once");
  const before = make();
  recallSteps(before, known.slice(0, cuts.checkpoint), showing(before, block, "at-once"));
  const is = make();
  const observeTo = showing(is, block, "in-pieces");
  observeTo(before.instruments[0]!.observer.position);
  const [saved, archive] = JSON.parse(
    JSON.stringify([before.save(), before.archive(new Map())]),
  ) as [SavedState, Archive];
  is.restore(saved, [archive]);
  recallSteps(is, known.slice(cuts.checkpoint), observeTo);
  const place = `after step ${known.length}, checkpoint at ${cuts.checkpoint}: ${stepText(last)}`;
  requireSame(was, is, place, "state");
  const event = { kind: "session-resumed", time: last.event.time, ...RESUMED } as const;
  const said = JSON.stringify(was.step(event));
  const says = JSON.stringify(is.step(event));
  requireLaw("9", said === says, `${place}\nresumed: ${says}\nand was: ${said}`);
  // Only now does anybody ask for what was done, most of which stands in the archive.
  requireSame(was, is, `resumed ${place}`, "all");
  const text = `${place}: it wakes at ${is.wakeAt}, the old one at ${was.wakeAt}`;
  requireLaw("9", is.wakeAt === was.wakeAt, text);
}

const RESUMED = { session: 2, rowsLost: 0, stateHash: "" };

function recallSteps(
  engine: Engine,
  steps: readonly Step[],
  observeTo: (end: number) => void,
): void {
  for (const { event, outputs, position } of steps) {
    observeTo(position);
    const told = JSON.parse(JSON.stringify({ event, outputs })) as Pick<Step, "event" | "outputs">;
    engine.recall(told.event, told.outputs);
  }
}

function requireSame(was: Engine, is: Engine, place: string, what: "state" | "all"): void {
  const [old, now] = [was, is].map((it) =>
    flat([it.save(), what === "all" ? it.archive(new Map()) : []]),
  );
  for (const [path, value] of old!) {
    const text = `${place}\n${path} is ${now!.get(path)} and was ${value}`;
    requireLaw("9", now!.get(path) === value, text);
  }
  requireLaw("9", now!.size === old!.size, `${place}: more is recalled than was there`);
}

/** Every leaf by its path: a difference is one line. */
function flat(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof value !== "object" || value === null) {
    if (value !== undefined) into.set(path, JSON.stringify(value));
    return into;
  }
  for (const [key, member] of Object.entries(value)) flat(member, `${path}.${key}`, into);
  return into;
}
