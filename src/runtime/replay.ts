/**
 * Replay: folds a journal through a new engine and compares every output, byte by byte.
 *
 * Nobody is asked and nothing is sent. Equal means: this program, given the same market and the
 * same events, decides the same in every detail.
 */
import { ok, type Result } from "../core/domain/errors.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { Engine } from "../core/engine.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { composeMarket, type MarketKindFault } from "./compose.ts";
import type { ScaleFault } from "./day-scale.ts";
import type { JournalFault, JournalRecord } from "./journal/journal.ts";
import type { MarketFault, OpenMarket } from "./market-source.ts";
import { hashOf, stateText } from "./live/recovery.ts";
import { NODE_MAJOR, PROGRAM } from "./program.ts";
import {
  type OpenReplay,
  openReplay,
  type ReplayedStep,
  type ReplayFault,
  type ReplayOpeningOptions,
  type Resumed,
} from "./replay-opening.ts";
import { type Rerun, rerun } from "./rerun.ts";
import { SessionFeed } from "./session-feed.ts";

export { type ReplayFault, resumesOf } from "./replay-opening.ts";

export interface Difference {
  readonly sequence: number;
  readonly position: number;
  /** What the journal has; undefined where it ends before the engine does. */
  readonly journaled: string | undefined;
  /** What the engine does now; undefined where it does nothing. */
  readonly recomputed: string | undefined;
}

export interface ReplayResult {
  readonly identical: boolean;
  readonly events: number;
  readonly outputs: number;
  readonly rows: number;
  readonly difference: Difference | undefined;
  /** What may explain a difference: another program or runtime than the journal's. */
  readonly warnings: readonly string[];
  readonly engine: Engine;
}

export interface ReplayOptions extends ReplayOpeningOptions {
  readonly onProgress?: (done: number, total: number) => void;
}

export async function replay(
  path: string,
  options: ReplayOptions = {},
): Promise<
  Result<ReplayResult, JournalFault | MarketFault | ReplayFault | ScaleFault | MarketKindFault>
> {
  const opened = await openReplay(path, options);
  if (!opened.ok) return opened;
  const { journal, market, resumes, isFixed } = opened.value;
  try {
    const engine = opened.value.engine();
    const again = isFixed
      ? ok(
          new Replayer(engine, market, journal.sealed, resumes).compare(
            journal.records(),
            journal.count,
            options.onProgress,
          ),
        )
      : answered(opened.value, engine, options.onProgress);
    if (!again.ok) return again;
    const { difference, events, outputs, endedAt, recalled = 0 } = again.value;
    return ok({
      identical: difference === undefined,
      events,
      outputs,
      rows: engine.instruments[0]!.observer.position,
      difference,
      warnings: [
        ...warningsOf(journal.header, journal.sealed),
        ...cutWarning(endedAt),
        ...recalledWarning(recalled),
      ],
      engine,
    });
  } finally {
    journal.close();
  }
}

/** A market that answered cannot be replayed without the venue. */
function answered(
  { market, account, journal }: OpenReplay,
  engine: Engine,
  onProgress: ReplayOptions["onProgress"],
): Result<Rerun, ScaleFault | MarketKindFault> {
  const composed = composeMarket(market, account);
  return composed.ok ? ok(rerun(composed.value, engine, journal, onProgress)) : composed;
}

const recalledWarning = (events: number): string[] =>
  events === 0
    ? []
    : [
        `${events} events were taken as they stand in the journal: the rows that they were ` +
          "decided on were lost with a session before",
      ];

const cutWarning = (endedAt: number | undefined): string[] =>
  endedAt === undefined
    ? []
    : [
        `the run was cut off: its market data end before record ${endedAt} of the journal, and ` +
          "nothing from there on was compared",
      ];

function warningsOf(
  header: { readonly program: string; readonly nodeMajor: number },
  sealed: boolean,
): string[] {
  const warnings: string[] = [];
  if (header.program !== PROGRAM) warnings.push(`written by ${header.program}, this is ${PROGRAM}`);
  if (header.nodeMajor !== NODE_MAJOR) {
    warnings.push(`written on Node ${header.nodeMajor}, this is Node ${NODE_MAJOR}`);
  }
  if (!sealed) warnings.push("the writer did not close it: it ends at the last commit");
  return warnings;
}

/** @internal One journal, held against one engine. */
export class Replayer {
  readonly #engine: Engine;
  readonly #feed: SessionFeed;
  /** Those that are still to come. */
  readonly #resumes: Resumed[];
  readonly #isWhole: boolean;
  readonly #isCut: boolean;
  events = 0;
  outputs = 0;
  /** Events taken as they stand in the journal, because their rows are lost. */
  recalled = 0;
  /** Record before which the rows of a cut recording end. */
  #endedAt: number | undefined;

  /** @param isWhole Whether the writer closed the journal: a cut one may lack its last outputs. */
  constructor(
    engine: Engine,
    market: Pick<OpenMarket, "isCut" | "sessions" | "blocks">,
    isWhole: boolean,
    resumes: readonly Resumed[],
  ) {
    this.#engine = engine;
    this.#isWhole = isWhole;
    this.#isCut = market.isCut === true || resumes.length > 0;
    this.#feed = new SessionFeed(engine, market.sessions ?? [market.blocks]);
    this.#resumes = [...resumes];
  }

  /** With the first difference, where there is one. */
  compare(
    records: Iterable<JournalRecord>,
    total: number,
    onProgress?: (done: number, total: number) => void,
  ): Rerun {
    const steps = this.walk(records);
    for (;;) {
      const step = steps.next();
      if (step.done === true) {
        if (step.value.difference === undefined) onProgress?.(total, total);
        return step.value;
      }
      if (step.value.record % 64 === 0) onProgress?.(step.value.record, total);
    }
  }

  /** Event by event: each is told once the engine has taken it, before it sees a later row. */
  *walk(records: Iterable<JournalRecord>): Generator<ReplayedStep, Rerun> {
    const difference = yield* this.#untilDifference(records);
    const { events, outputs, recalled } = this;
    return { difference, events, outputs, endedAt: this.#endedAt, recalled };
  }

  *#untilDifference(
    records: Iterable<JournalRecord>,
  ): Generator<ReplayedStep, Difference | undefined> {
    for (const step of journaledSteps(records)) {
      const { record, event, bodies } = step;
      const isResumed = event.kind === "session-resumed";
      if (isResumed) {
        this.#feed.showAll();
        const { position } = this.#engine.instruments[0]!.observer;
        if (position < record.position && event.lostFrom === undefined) {
          this.#endedAt = record.sequence;
          return undefined;
        }
        const state = hashOf(stateText(this.#engine));
        if (state !== event.stateHash) return differenceAt(record, event.stateHash, state);
      } else if (!this.#feed.showTo(record.position) && this.#isCut && !this.#isLost(record)) {
        this.#endedAt = record.sequence;
        return undefined;
      }
      this.events += 1;
      this.outputs += bodies.length;
      if (!isResumed && this.#isLost(record)) {
        // The rows that it was decided on are lost: it is taken as it stands there.
        this.recalled += 1;
        const outputs = bodies.map((body) => JSON.parse(body) as EngineOutput);
        this.#engine.recall(event, outputs);
        yield { record: record.sequence, event, outputs };
        continue;
      }
      const outputs = this.#engine.step(event);
      const difference = this.#compare(step, outputs);
      if (difference !== undefined) return difference;
      yield { record: record.sequence, event, outputs };
      if (!isResumed) continue;
      this.#resumes.shift();
      this.#feed.next();
    }
    return undefined;
  }

  #compare(
    { record, bodies, isLast }: JournaledBodies,
    outputs: readonly EngineOutput[],
  ): Difference | undefined {
    const recomputed = outputs.map((output) => canonicalJson(output));
    for (let k = 0; k < Math.max(bodies.length, recomputed.length); k++) {
      if (bodies[k] === recomputed[k]) continue;
      // A journal that was cut off may lack its last outputs.
      if (bodies[k] === undefined && isLast && !this.#isWhole) return undefined;
      const sequence = record.sequence + (k < bodies.length ? 1 + k : bodies.length);
      return differenceAt({ ...record, sequence }, bodies[k], recomputed[k]);
    }
    return undefined;
  }

  #isLost({ sequence }: JournalRecord): boolean {
    const from = this.#resumes[0]?.lostFrom;
    return from !== undefined && sequence >= from;
  }
}

interface JournaledBodies {
  readonly record: JournalRecord;
  readonly event: EngineEvent;
  readonly bodies: readonly string[];
  readonly isLast: boolean;
}

/** Each event with its outputs as they stand there. */
function* journaledSteps(records: Iterable<JournalRecord>): Generator<JournaledBodies> {
  let step: (JournaledBodies & { readonly bodies: string[] }) | undefined;
  for (const record of records) {
    if (record.kind === "output") {
      step?.bodies.push(record.body);
      continue;
    }
    if (step !== undefined) yield step;
    const event = JSON.parse(record.body) as EngineEvent;
    step = { record, event, bodies: [], isLast: false };
  }
  if (step !== undefined) yield { ...step, isLast: true };
}

const differenceAt = (
  { sequence, position }: JournalRecord,
  journaled: string | undefined,
  recomputed: string | undefined,
): Difference => ({ sequence, position, journaled, recomputed });
