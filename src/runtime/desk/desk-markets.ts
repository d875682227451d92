/**
 * Desk markets: the runs of a desk, one for each market: opened when somebody first asks for it, or
 * gone on with when the desk is started again.
 *
 * What must stay true: of one market there is one run at a time; and where orders of a run before
 * could not be gone on with, no new one is begun beside them.
 */
import { basename, join } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Micros } from "../../core/domain/units.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { VenueNotice } from "../../venues/venue.ts";
import type { RunNote } from "../../view/stream.ts";
import type { LiveFault } from "../live/live-terms.ts";
import { openStandingRun, resumeLiveRun } from "../live/open-run.ts";
import { newParentId } from "../live/parent-id.ts";
import { viewerOptions } from "../viewer-options.ts";
import type { DeskChanges } from "./desk-changes.ts";
import { DeskRun } from "./desk-run.ts";
import type { DeskFault, DeskOptions } from "./desk-terms.ts";
import { LiveOutcomes } from "../influence/live-outcomes.ts";
import { RunWatch } from "./run-watch.ts";
import type { StandingJournal, Unread } from "./standing-journals.ts";

export interface DeskMarketsOptions {
  readonly desk: DeskOptions;
  readonly timers: Timers;
  readonly now: () => Micros;
  readonly changes: DeskChanges;
  /** Resolves when nobody wants the markets any more. */
  readonly signal: AbortSignal;
}

interface Market {
  readonly category: ContractKind;
  readonly symbol: string;
}

interface Unresumed extends StandingJournal {
  readonly fault: DeskFault;
}

const MAY_PASS = /^VENUE_/;
const RETRY_NANOS = 30e9;

const keyOf = ({ category, symbol }: Market): string => `${category}:${symbol}`;

export class DeskMarkets {
  readonly #options: DeskMarketsOptions;
  /** By market: the run that takes its orders, or took them last. */
  readonly #current = new Map<string, DeskRun>();
  /** All of this process, in the order in which they began. */
  readonly #runs: DeskRun[] = [];
  readonly #opening = new Map<string, Promise<Result<DeskRun, DeskFault>>>();
  /** By market. */
  readonly #unresumed = new Map<string, Unresumed>();
  #unread: readonly Unread[] = [];
  #stopRetrying: (() => void) | undefined;

  constructor(options: DeskMarketsOptions) {
    this.#options = options;
  }

  get runs(): readonly DeskRun[] {
    return this.#runs;
  }

  /** What could not be gone on with. */
  get notes(): readonly RunNote[] {
    return [
      ...[...this.#unresumed.values()].map(({ path, venue, instrument, fault }) =>
        unresumed(path, venue, instrument, fault.text),
      ),
      ...this.#unread.map(({ path, fault }) => unresumed(path, "", "", fault.text)),
    ];
  }

  /** Journals of orders that may rest at the venue, and that nobody works. */
  get unresumed(): readonly string[] {
    return [...this.#unresumed.values()].map(({ path }) => path);
  }

  /** Its orders are told by this desk's runs, or by what is said of it in `notes`. */
  isOwn(journal: string): boolean {
    return (
      this.#runs.some((run) => run.journal === journal) ||
      [...this.#unresumed.values()].some(({ path }) => basename(path) === journal)
    );
  }

  /** Nobody else can open it now. */
  isWritten(journal: string): boolean {
    return this.#runs.some((run) => run.journal === journal && !run.isClosed);
  }

  /** Nothing more is opened: ends all runs. */
  async close(how: "leave" | "cancel", by: string): Promise<void> {
    this.#stopRetrying?.();
    await Promise.allSettled(this.#opening.values());
    await Promise.all(this.#runs.map((run) => run.close(how, by)));
  }

  /** The run of a market, opened where it is not. */
  runOf(category: ContractKind, symbol: string): Promise<Result<DeskRun, DeskFault>> {
    const market = { category, symbol: symbol.toUpperCase() };
    const key = keyOf(market);
    const current = this.#current.get(key);
    if (current !== undefined && !current.isOver) return Promise.resolve(ok(current));
    if (current?.isUnfinished === true) {
      const { trouble } = current.note;
      const text =
        `${current.journal} has ended with orders at work (${trouble ?? "it was left"}): start ` +
        "the desk again to go on with them, or look at the venue";
      return Promise.resolve(err({ code: "DESK_UNRESUMED", text }));
    }
    const opening = this.#opening.get(key);
    if (opening !== undefined) return opening;
    const opened = this.#opened(key, market).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opened);
    return opened;
  }

  /** Goes on with what stood in the folder. None fails the others. */
  async resume(found: readonly StandingJournal[], unread: readonly Unread[]): Promise<void> {
    this.#unread = unread;
    // Where two are of one market, the one with orders at work is first.
    const ordered = [...found].sort((a, b) => b.live.length - a.live.length);
    const first = new Map<string, StandingJournal>();
    for (const journal of ordered) {
      const key = keyOf(journal);
      const other = first.get(key);
      if (other === undefined) first.set(key, journal);
      else if (journal.live.length > 0) this.#isSecond(journal, other);
    }
    await Promise.all([...first].map(([key, journal]) => this.#goOn(key, journal)));
    this.#options.changes.runs();
    this.#retryLater();
  }

  /** Of a venue that could not be reached: its orders rest there, and nobody works them. */
  #retryLater(): void {
    const waiting = [...this.#unresumed.values()].filter(({ fault }) => MAY_PASS.test(fault.code));
    if (waiting.length === 0 || this.#options.signal.aborted) return;
    this.#stopRetrying = this.#options.timers.after(RETRY_NANOS, () => {
      const tried = waiting.map(({ category, symbol }) => this.runOf(category, symbol));
      void Promise.allSettled(tried).then(() => this.#retryLater());
    });
  }

  #isSecond(journal: StandingJournal, { path }: StandingJournal): void {
    const text = `${basename(path)} is of the same market and was gone on with: see arrival resume`;
    this.#unresumed.set(journal.path, { ...journal, fault: { code: "DESK_UNRESUMED", text } });
  }

  async #opened(key: string, market: Market): Promise<Result<DeskRun, DeskFault>> {
    const before = this.#unresumed.get(key);
    if (before !== undefined) {
      const gone = await this.#goOn(key, before);
      if (gone.ok) return gone;
      const { code, text } = gone.error;
      const why = `${basename(before.path)} has orders at work and cannot be gone on with: ${text}`;
      return err({ code, text: why });
    }
    const made = await this.#begin(market);
    if (made.ok) await this.#take(key, made.value);
    return made;
  }

  async #begin(market: Market): Promise<Result<DeskRun, DeskFault>> {
    const { desk, timers, now, signal } = this.#options;
    const runId = newParentId(now() / 1000, Math.random);
    const chosen = desk.venueFor({ ...market, runId });
    if (!chosen.ok) return chosen;
    const { venue, access } = chosen.value;
    const path = join(desk.folder, `desk-${fileWord(market)}-${runId}.journal`);
    const watch = this.#watch(path, venue.name);
    const opened = await openStandingRun({
      venue,
      access,
      runId,
      place: desk.place,
      config: desk.config,
      seed: desk.seed,
      plugins: desk.plugins ?? [],
      journal: path,
      timers,
      signal,
      follower: watch,
      ...this.#listening(path, watch),
    });
    if (!opened.ok) return opened;
    const run = opened.value;
    const ready = await run.ready(signal);
    const stands = !ready.ok ? ready : signal.aborted ? err(CLOSED) : run.stand();
    if (stands.ok) return ok(this.#made({ run, watch, path, runId, market, venue: venue.name }));
    await run.discard();
    return stands;
  }

  async #goOn(key: string, journal: StandingJournal): Promise<Result<DeskRun, DeskFault>> {
    const gone = await this.#resumed(journal).catch((error: unknown) =>
      err({ code: "RUN_RESUME", text: String(error) }),
    );
    this.#options.changes.runs();
    if (!gone.ok) {
      this.#unresumed.set(key, { ...journal, fault: gone.error });
      return gone;
    }
    this.#unresumed.delete(key);
    await this.#take(key, gone.value);
    gone.value.run.goOn();
    gone.value.killWhereItWasKilled();
    return gone;
  }

  async #resumed(journal: StandingJournal): Promise<Result<DeskRun, DeskFault>> {
    const { desk, timers, signal } = this.#options;
    const { path, standing, category, symbol, venue: name } = journal;
    if (standing.place !== desk.place) return err(elsewhere(standing.place, desk.place));
    const watch = this.#watch(path, name);
    const opened = await resumeLiveRun({
      journal: path,
      isStanding: true,
      plugins: desk.plugins ?? [],
      timers,
      signal,
      follower: watch,
      ...this.#listening(path, watch),
      venue: (header, runId) => {
        const chosen = desk.venueFor({ category, symbol, runId, header });
        return chosen.ok ? ok(chosen.value.venue) : chosen;
      },
    });
    if (!opened.ok) return opened;
    const market = { category, symbol };
    const run = opened.value;
    if (signal.aborted) {
      await run.discard();
      return err(CLOSED);
    }
    return ok(this.#made({ run, watch, path, runId: standing.id, market, venue: name }));
  }

  #made(parts: {
    readonly run: DeskRun["run"];
    readonly watch: RunWatch;
    readonly path: string;
    readonly runId: string;
    readonly market: Market;
    readonly venue: string;
  }): DeskRun {
    const { timers, changes, desk } = this.#options;
    const { market, path, ...rest } = parts;
    const journal = basename(path);
    return new DeskRun({
      ...rest,
      path,
      category: market.category,
      turn: () =>
        new Promise((done) => void timers.after(0, () => void timers.after(0, () => done()))),
      onNote: (text) =>
        desk.onNotice?.(journal, { severity: "warning", code: "DESK_CONTROL", text }),
      onEnd: () => changes.runs(),
    });
  }

  async #take(key: string, run: DeskRun): Promise<void> {
    this.#current.set(key, run);
    this.#runs.push(run);
    this.#options.changes.runs();
    await run.listen();
  }

  #watch(path: string, venue: string): RunWatch {
    const { changes, desk } = this.#options;
    let instrument = "";
    return new RunWatch({
      viewer: (engine) => {
        const [market] = engine.instruments;
        instrument = market!.id;
        return viewerOptions({ journal: basename(path), venue }, desk.config, market!.fees);
      },
      onEvent: () => {
        changes.orders();
        changes.timeline();
      },
      onRows: () => changes.market(instrument),
    });
  }

  #listening(path: string, watch: RunWatch) {
    const { desk, changes } = this.#options;
    const journal = basename(path);
    const outcomes = new LiveOutcomes({
      journal: path,
      onNote: (text) => desk.onNotice?.(journal, { severity: "info", code: "DESK_ADVICE", text }),
    });
    return {
      advisor: desk.advisor,
      news: desk.news,
      onStep: (event: EngineEvent, outputs: readonly EngineOutput[]) => {
        if (outputs.some(({ kind }) => kind === "raise-alert")) changes.runs();
        const { engine } = watch;
        if (engine === undefined) return;
        outcomes.step(event, outputs, engine);
        const { instrument } = engine.instruments[0]!;
        desk.onStep?.(journal, { instrument, event, outputs });
      },
      onNotice: (notice: VenueNotice) => desk.onNotice?.(journal, notice),
    };
  }
}

const unresumed = (path: string, venue: string, instrument: string, text: string): RunNote => ({
  journal: basename(path),
  instrument,
  venue,
  isLive: false,
  isKilled: false,
  trouble: `not gone on with: ${text}`,
});

/** For a file's name: of letters, digits and hyphens. */
const fileWord = ({ category, symbol }: Market): string =>
  `${symbol.replaceAll(/[^A-Za-z0-9-]/g, "_")}-${category}`;

const CLOSED: DeskFault = { code: "DESK_CLOSED", text: "the desk is being closed" };

const elsewhere = (was: string, is: string): LiveFault => ({
  code: "RUN_RESUME",
  text: `it trades on ${was}, and this desk on ${is}: start the desk there, or use arrival resume`,
});
