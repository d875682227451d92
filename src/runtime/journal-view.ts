/**
 * Journal view: a journal that is looked at up to any record, as its run was then.
 *
 * The run is folded again as a replay does, forward from where it stands and from the start when
 * somebody goes back, and followed by the same viewer that follows live runs; where somebody moves
 * to and fro, a film is made of it (`moment-film.ts`). What must stay true: nothing is sent and
 * nobody is asked; and who shares the process with it gets turns meanwhile.
 */
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { instrumentId } from "../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { Micros } from "../core/domain/units.ts";
import { RunViewer } from "../view/run-viewer.ts";
import { WatchedObserver } from "../view/watched-observer.ts";
import { composeMarket } from "./compose.ts";
import type { DeskFault, JournalMoment, OpenedJournal } from "./desk/desk-terms.ts";
import type { JournalRecord } from "./journal/journal.ts";
import { MomentFilm } from "./moment-film.ts";
import { Replayer } from "./replay.ts";
import {
  openReplay,
  type OpenReplay,
  type ReplayedStep,
  type ReplayOpeningOptions,
} from "./replay-opening.ts";
import { type Rerun, rerunSteps } from "./rerun.ts";
import { viewerOptions } from "./viewer-options.ts";

/** How long others may have to wait for a turn. */
const TURN_MS = 10;
const MOST_MARKS = 2000;

export interface JournalViewOptions extends ReplayOpeningOptions {
  /** Rows of each table of an order, the newest; absent: 500. */
  readonly most?: number;
  /** Somebody will go to and fro: what is between is kept once the first moment was shown. */
  readonly isFilmed?: boolean;
}

export async function openJournalView(
  path: string,
  options: JournalViewOptions = {},
): Promise<Result<JournalView, DeskFault>> {
  const opened = await openReplay(path, options);
  if (!opened.ok) return err({ code: opened.error.code, text: opened.error.text });
  const replay = opened.value;
  try {
    const view = new JournalView(path, replay, await read(replay), options);
    const begun = await view.begin();
    if (begun.ok) return ok(view);
    replay.journal.close();
    return begun;
  } catch (error) {
    replay.journal.close();
    throw error;
  }
}

export class JournalView implements OpenedJournal {
  readonly journal: string;
  readonly records: number;
  readonly parentIds: readonly string[];
  readonly instrument: string;
  readonly marks: OpenedJournal["marks"];
  /** What it is made of, for whoever compares it with something; its journal closes with it. */
  readonly replay: OpenReplay;
  readonly #path: string;
  readonly #options: JournalViewOptions;
  #film: MomentFilm | undefined;
  #isFolding = false;
  #viewer!: RunViewer;
  #steps!: Generator<ReplayedStep, Rerun>;
  /** By number of the event: records at which they stand, and how many are taken. */
  readonly #events: readonly number[];
  #taken = 0;
  /** It goes no further, because it has come to an end or to trouble. */
  #isOver = false;
  #isClosed = false;
  #time: Micros;
  /** One goes through it at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Why what is shown ends before the journal does; null: it does not, as far as is known. */
  trouble: string | null = null;

  /** @internal Use `openJournalView`. */
  constructor(path: string, replay: OpenReplay, contents: Contents, options: JournalViewOptions) {
    this.journal = basename(path);
    this.#path = path;
    this.#options = options;
    this.records = contents.records;
    this.parentIds = contents.parentIds;
    this.marks = contents.marks;
    this.#events = contents.events;
    this.instrument = instrumentId(replay.sight.instrument);
    this.replay = replay;
    this.#time = contents.marks[0]?.time ?? replay.market.from;
  }

  /** @param parentIds the orders that are wanted; absent: all of them. */
  at(record = this.records, parentIds?: readonly string[]): Promise<JournalMoment> {
    const moment = this.#turn.then(() => this.#momentAt(record, parentIds));
    this.#turn = moment.catch(() => undefined);
    return moment;
  }

  /** Resolves once going anywhere is a look-up, as far as its bounds allow. */
  get filmed(): Promise<void> {
    return this.#film?.made ?? Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.#film?.close();
    this.#steps.return(undefined as never);
    this.replay.journal.close();
  }

  /** @internal From the first record. */
  async begin(): Promise<Result<void, DeskFault>> {
    const { journal, sight, config, resumes, isFixed, account, spec } = this.replay;
    const market = await this.replay.again();
    if (!market.ok) return err({ code: market.error.code, text: market.error.text });
    const engine = this.replay.engine(
      new WatchedObserver(sight, config.limits.participationWindow),
    );
    const venue = spec.kind === "live" ? spec.venue : "simulated";
    const { fees } = engine.instruments[0]!;
    const named = { journal: this.journal, venue };
    this.#viewer = new RunViewer(engine, viewerOptions(named, config, fees));
    if (isFixed) {
      const replayer = new Replayer(engine, market.value, journal.sealed, resumes);
      this.#steps = replayer.walk(journal.records());
    } else {
      const composed = composeMarket(market.value, account);
      if (!composed.ok) return composed;
      this.#steps = rerunSteps(composed.value, engine, journal);
    }
    this.#taken = 0;
    this.#isOver = false;
    return ok(undefined);
  }

  async #momentAt(
    record: number,
    parentIds: readonly string[] | undefined,
  ): Promise<JournalMoment> {
    if (this.#isClosed) throw new Error(`${this.journal} has been closed`);
    const kept = parentIds === undefined ? this.#film?.at(record) : undefined;
    if (kept !== undefined) return kept;
    this.#isFolding = true;
    try {
      const wanted = countUpTo(this.#events, record);
      if (wanted < this.#taken) await this.#goBack();
      await this.#goTo(wanted);
    } finally {
      this.#isFolding = false;
    }
    if (this.#options.isFilmed === true) this.#film ??= this.#filmOf();
    const viewer = this.#viewer;
    const ids = parentIds ?? viewer.rows().map(({ parentId }) => parentId);
    return {
      record: viewer.record,
      time: this.#time,
      orders: ids.flatMap((id) => viewer.order(id, this.#time, this.#options.most) ?? []),
      market: viewer.marketView(this.#time),
      timeline: viewer.timeline(),
    };
  }

  #filmOf(): MomentFilm {
    const { isFilmed: _, ...options } = this.#options;
    return new MomentFilm({
      records: this.marks.map(({ record }) => record),
      isInTheWay: () => this.#isFolding,
      // A fold of its own: this one stays where somebody looks.
      open: async () => {
        const opened = await openJournalView(this.#path, options);
        return opened.ok ? opened.value : undefined;
      },
    });
  }

  async #goBack(): Promise<void> {
    this.#steps.return(undefined as never);
    const begun = await this.begin();
    // The market was there when the journal was opened.
    if (!begun.ok) throw new Error(`${begun.error.code}: ${begun.error.text}`);
  }

  /** Not one event further: the engine must stand where it is looked at. */
  async #goTo(count: number): Promise<void> {
    let since = performance.now();
    while (this.#taken < count && !this.#isOver) {
      if (this.#isClosed) throw new Error(`${this.journal} has been closed`);
      const step = this.#steps.next();
      if (step.done === true) {
        this.#isOver = true;
        this.trouble = troubleOf(step.value, this.replay);
        return;
      }
      const { record, event, outputs } = step.value;
      this.#viewer.stepped(record, event, outputs);
      this.#time = event.time;
      this.#taken += 1;
      if (performance.now() - since < TURN_MS) continue;
      await setImmediate();
      since = performance.now();
    }
  }
}

/** How many of them are at most `record`. */
function countUpTo(events: readonly number[], record: number): number {
  let [from, to] = [0, events.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (events[middle]! <= record) from = middle + 1;
    else to = middle;
  }
  return from;
}

function troubleOf({ difference, endedAt }: Rerun, { journal }: OpenReplay): string {
  if (endedAt !== undefined) {
    return `the run was cut off: its market data end before record ${endedAt} of ${journal.count}`;
  }
  if (difference === undefined) return "the journal was cut off within its last event";
  return (
    `this program decides otherwise at record ${difference.sequence} than the one that wrote the ` +
    "journal: nothing from there on is shown"
  );
}

interface Contents {
  readonly records: number;
  readonly parentIds: readonly string[];
  /** Records at which events stand. */
  readonly events: readonly number[];
  readonly marks: OpenedJournal["marks"];
}

/** Goes through the records once, and lets others have their turns. */
async function read({ journal }: OpenReplay): Promise<Contents> {
  const reading = new Reading();
  let since = performance.now();
  for (const record of journal.records()) {
    reading.take(record);
    if (performance.now() - since < TURN_MS) continue;
    await setImmediate();
    since = performance.now();
  }
  const { events, marks, parents } = reading;
  return { records: journal.count, parentIds: [...parents], events, marks: thinned(marks) };
}

class Reading {
  readonly events: number[] = [];
  readonly marks: { readonly record: number; readonly time: Micros }[] = [];
  readonly parents = new Set<string>();
  #time = 0 as Micros;
  #isMarked = false;
  /** Of the event in hand; one whose name is taken is not new. */
  #submitted: string | undefined;

  take({ kind, sequence, body }: JournalRecord): void {
    if (kind === "event") return this.#event(sequence, JSON.parse(body) as EngineEvent);
    if (!this.#isMarked && !body.includes(MARKOUT)) this.#mark();
    if (this.#submitted !== undefined && body.includes(PARENT_REFUSED)) {
      this.parents.delete(this.#submitted);
    }
  }

  #event(sequence: number, event: EngineEvent): void {
    this.events.push(sequence);
    this.#time = event.time;
    this.#isMarked = false;
    if (!QUIET_EVENTS.has(event.kind)) this.#mark();
    this.#submitted = undefined;
    if (event.kind !== "parent-submitted" || this.parents.has(event.parent.id)) return;
    this.#submitted = event.parent.id;
    this.parents.add(event.parent.id);
  }

  #mark(): void {
    this.#isMarked = true;
    this.marks.push({ record: this.events.at(-1) ?? 0, time: this.#time });
  }
}

/** Of themselves they say nothing that a person would look for; what came of them may. */
const QUIET_EVENTS: ReadonlySet<EngineEvent["kind"]> = new Set([
  "timer-fired",
  "touch-moved",
  "market-told",
]);
const MARKOUT = '"kind":"markout-measured"' satisfies `"kind":"${EngineOutput["kind"]}"`;
const PARENT_REFUSED = '"kind":"parent-refused"' satisfies `"kind":"${EngineOutput["kind"]}"`;

/** Evenly; the first and the last are kept. */
function thinned<Mark>(marks: readonly Mark[]): Mark[] {
  if (marks.length <= MOST_MARKS) return [...marks];
  const step = (marks.length - 1) / (MOST_MARKS - 1);
  return Array.from({ length: MOST_MARKS }, (_, k) => marks[Math.round(k * step)]!);
}
