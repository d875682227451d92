/**
 * Recovery: folds what a run has left behind into a new engine.
 *
 * The journal is the truth: nothing is decided anew, and what it tells of orders counts whether or
 * not the rows that they were decided on are still there. What must stay true: behind it the engine
 * knows of every order that may have been sent, with all that was told of it.
 */
import { createHash } from "node:crypto";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Micros } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import { isLive } from "../../core/execution/parent-state.ts";
import {
  type Archive,
  type ArchiveMarks,
  marksOf,
  SAVED_FORM,
  type SavedState,
} from "../../core/execution/saved-state.ts";
import type { AdoptedOrder } from "../../venues/venue.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { JournalError, type JournalRecord } from "../journal/journal.ts";
import { SessionFeed } from "../session-feed.ts";
import { parseArchive } from "./archive-text.ts";
import type { RunFollower } from "./run-follower.ts";
import type { Checkpoint, ResumedRun } from "./run-store.ts";

export interface Recovered {
  /** Of the last event. */
  readonly lastTime: Micros;
  /** The session that follows: 2 for the first time. */
  readonly session: number;
  readonly rowsLost: number;
  /** Record from which on rows were missing. */
  readonly lostFrom: number | undefined;
  readonly stateHash: string;
  readonly events: number;
  /** How much of the state the journal has archived. */
  readonly marks: ArchiveMarks;
}

/** What a checkpoint keeps, and what its hash is taken of. */
export const stateText = (engine: Engine): string => canonicalJson(engine.save());

export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Whether the text of a checkpoint is of the form that this program writes. */
export function isSavedState(text: string): boolean {
  const saved = JSON.parse(text) as Partial<SavedState> | null;
  return saved?.form === SAVED_FORM;
}

type FoldedRun = Pick<ResumedRun, "checkpoint" | "records" | "sessions">;

/** So many records are folded in a few seconds. */
const MOST_FOLLOWED = 250_000;

/**
 * @param engine has seen nothing.
 * @param newEngine another one of the same run, should the archives be damaged: they are made anew
 *   from the records then.
 * @param follower wants to know all that was; of a long run it is told what a checkpoint does not
 *   cover, because orders that rest wait for nobody's pictures.
 */
export function recover(
  engine: Engine,
  run: FoldedRun,
  newEngine: () => Engine,
  follower?: Pick<RunFollower, "recalled">,
): Recovered {
  const { checkpoint } = run;
  const isWhole = follower !== undefined && (checkpoint?.sequence ?? 0) <= MOST_FOLLOWED;
  if (!isWhole || checkpoint?.before === undefined) return fold(engine, run, newEngine, follower);
  const all = () => inOrder(checkpoint.before!(), run.records());
  const folded = fold(engine, { ...run, checkpoint: undefined, records: all }, newEngine, follower);
  // What the journal has archived it has, however the engine came to know it.
  return { ...folded, marks: marksOf(JSON.parse(checkpoint.state) as SavedState) };
}

function* inOrder(
  first: Iterable<JournalRecord>,
  then: Iterable<JournalRecord>,
): IterableIterator<JournalRecord> {
  yield* first;
  yield* then;
}

function fold(
  engine: Engine,
  run: FoldedRun,
  newEngine: () => Engine,
  follower: Pick<RunFollower, "recalled"> | undefined,
): Recovered {
  const feed = new SessionFeed(
    engine,
    run.sessions.map(({ blocks }) => ({ [Symbol.iterator]: () => blocks()[Symbol.iterator]() })),
  );
  const { checkpoint } = run;
  let marks: ArchiveMarks = new Map();
  let lastTime = 0 as Micros;
  if (checkpoint !== undefined) {
    const saved = JSON.parse(checkpoint.state) as SavedState;
    const { session, sessionFrom } = saved.markets[0]!;
    feed.skipTo(checkpoint.position, session, sessionFrom);
    engine.restore(saved, archivesOf(checkpoint, newEngine));
    marks = marksOf(saved);
    lastTime = saved.now;
  }
  let position = checkpoint?.position ?? 0;
  let lostFrom: number | undefined;
  let events = 0;
  for (const { event, outputs, record } of steps(run.records())) {
    events += 1;
    lastTime = event.time;
    position = record.position;
    if (event.kind === "session-resumed") {
      feed.showAll();
      feed.passOver(position);
      lostFrom = undefined;
    } else if (!feed.showTo(position)) lostFrom ??= record.sequence;
    engine.recall(event, outputs);
    follower?.recalled(record.sequence, event, outputs);
    if (event.kind !== "session-resumed") continue;
    feed.next();
    position = engine.instruments[0]!.observer.position;
  }
  feed.showAll();
  const [market] = engine.instruments;
  return {
    lastTime,
    session: market!.session + 1,
    rowsLost: Math.max(0, position - market!.observer.position),
    lostFrom,
    stateHash: hashOf(stateText(engine)),
    events,
    marks,
  };
}

/** Gone through when somebody asks for what is done. */
function* archivesOf(checkpoint: Checkpoint, newEngine: () => Engine): Generator<Archive> {
  let archives: readonly Archive[];
  try {
    archives = Array.from(checkpoint.archives(), parseArchive);
  } catch (error) {
    const { before } = checkpoint;
    if (!(error instanceof JournalError) || before === undefined) throw error;
    const again = newEngine();
    for (const { event, outputs } of steps(before())) again.recall(event, outputs);
    archives = [again.archive(new Map())];
  }
  yield* archives;
}

export interface JournaledStep {
  readonly record: JournalRecord;
  readonly event: EngineEvent;
  readonly outputs: readonly EngineOutput[];
}

/** Each event with what was journaled of it; of the last one some may be missing. */
export function* steps(records: Iterable<JournalRecord>): Generator<JournaledStep> {
  let step: (JournaledStep & { readonly outputs: EngineOutput[] }) | undefined;
  for (const record of records) {
    if (record.kind === "output") {
      step?.outputs.push(JSON.parse(record.body) as EngineOutput);
      continue;
    }
    if (step !== undefined) yield step;
    step = { record, event: JSON.parse(record.body) as EngineEvent, outputs: [] };
  }
  if (step !== undefined) yield step;
}

/** Orders that may rest, or whose executions are not all known. */
export function adoptedOrders(engine: Engine): readonly AdoptedOrder[] {
  const adopted: AdoptedOrder[] = [];
  for (const parent of engine.parents.values()) {
    if (!isLive(parent)) continue;
    for (const child of parent.live) {
      const executionIds = parent.history.executionsOf(child.terms.clientOrderId);
      adopted.push({ child, executionIds });
    }
  }
  return adopted;
}
