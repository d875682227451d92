/**
 * Run desk: one run and its one order, as a desk shows and steers it: what `arrival run
 * --dashboard` serves.
 *
 * What must stay true: it holds nothing of the run's own, and whatever it does to the order goes by
 * the run's control desk, with who it was; no order is taken on here besides the one there is.
 */
import { basename, dirname } from "node:path";
import { err, type Result } from "../../core/domain/errors.ts";
import type { Micros } from "../../core/domain/units.ts";
import { SYSTEM_TIMERS, type Timers } from "../../data/network/timers.ts";
import type { FeeRates } from "../../core/execution/instrument-state.ts";
import type { RunViewerOptions } from "../../view/run-viewer.ts";
import { type FillSum, fillSums } from "../../view/fill-sums.ts";
import type { MarketView, OrderRow, OrderView, TimelineEntry } from "../../view/shapes.ts";
import type { RunNote } from "../../view/stream.ts";
import { type ArrivalConfig, configJson, DEFAULT_CONFIG } from "../config.ts";
import type { ControlDesk } from "../live/control-desk.ts";
import type { ControlAnswer } from "../live/control-protocol.ts";
import type { RunFollower } from "../live/run-follower.ts";
import type { LiveEnd } from "../live/live-loop.ts";
import type { LiveRun } from "../live/live-run.ts";
import { viewerOptions } from "../viewer-options.ts";
import { adviceBound } from "../advice/advice-config.ts";
import { DeskChanges } from "./desk-changes.ts";
import type { Desk, DeskChange, DeskFault, OpenedJournal, OrderCommand } from "./desk-terms.ts";
import { openCopy } from "./live-copy.ts";
import { RunWatch } from "./run-watch.ts";
import type { Plugin } from "../plugin.ts";

export interface RunDeskOptions {
  /** The journal's whole path. */
  readonly journal: string;
  readonly plugins?: readonly Plugin[];
  /** Does what changes the run, apart from whatever whoever asks does besides. */
  readonly apart?: <Value>(work: () => Value) => Value;
  /** Absent: the system's. */
  readonly timers?: Timers;
}

interface Taken {
  readonly run: LiveRun;
  readonly control: ControlDesk;
  /** As the venue calls itself. */
  readonly venue: string;
}

export class RunDesk implements Desk {
  readonly folder: string;
  readonly takesOrders = false;
  readonly #options: RunDeskOptions;
  readonly #journal: string;
  readonly #changes: DeskChanges;
  readonly #apart: <Value>(work: () => Value) => Value;
  #watch: RunWatch | undefined;
  /** Nothing is told of a run before it is taken up. */
  #taken: Taken | undefined;
  #end: LiveEnd | undefined;

  constructor(options: RunDeskOptions) {
    const { journal, timers = SYSTEM_TIMERS } = options;
    this.#options = options;
    this.#apart = options.apart ?? ((work) => work());
    this.folder = dirname(journal);
    this.#journal = basename(journal);
    this.#changes = new DeskChanges(timers, () => this.#watch?.viewer?.takeChanged() ?? []);
  }

  /** Follows the run from its first row on: to be given to whoever opens it. */
  get follower(): RunFollower {
    const changes = this.#changes;
    let instrument = "";
    this.#watch ??= new RunWatch({
      viewer: (engine) => {
        const [market] = engine.instruments;
        instrument = market!.id;
        return this.#viewerOptions(market!.fees);
      },
      onEvent: () => {
        changes.orders();
        changes.timeline();
      },
      onRows: () => changes.market(instrument),
    });
    return this.#watch;
  }

  /** Of a run that is gone on with, venue and settings are known only once it is open. */
  #viewerOptions(fees: FeeRates): RunViewerOptions {
    const taken = (): Taken | undefined => this.#taken;
    const named = { journal: this.#journal, venue: "" };
    const config = (): ArrivalConfig => taken()?.run.config ?? DEFAULT_CONFIG;
    const options = viewerOptions(named, DEFAULT_CONFIG, fees);
    return {
      ...options,
      get venue() {
        return taken()?.venue ?? "";
      },
      advice: {
        ...options.advice!,
        get budget() {
          return config().advice.budget;
        },
        bound: (terms, spanBps) => adviceBound(terms, config(), spanBps, fees),
      },
    };
  }

  /** From here on it is shown and steered. */
  take(run: LiveRun, control: ControlDesk, venue: string): void {
    this.#taken = { run, control, venue };
    void run.ended.then((end) => {
      this.#end = end;
      this.#changes.orders();
      this.#changes.runs();
    });
  }

  get now(): Micros {
    return this.#taken?.run.now ?? ((Date.now() * 1000) as Micros);
  }

  runs(): readonly RunNote[] {
    if (this.#taken === undefined) return [];
    const { run, venue } = this.#taken;
    const { engine } = run;
    return [
      {
        journal: this.#journal,
        instrument: engine.instruments[0]!.id,
        venue,
        isLive: this.#end === undefined,
        isKilled: engine.isKilled,
        trouble: this.#trouble,
      },
    ];
  }

  get #trouble(): string | null {
    if (this.#end?.kind === "halted") return `halted: ${messageOf(this.#end.error)}`;
    if (this.#taken?.run.engine.instruments[0]!.isRecovering === true && this.#end === undefined) {
      return "recovering: the venue is asked what became of its orders";
    }
    return this.#watch?.trouble ?? null;
  }

  rows(): readonly OrderRow[] {
    if (this.#taken === undefined) return [];
    return (this.#watch?.viewer?.rows() ?? []).map((row) => this.#asItIs(row));
  }

  parentIds(): readonly string[] {
    return [...(this.#taken?.run.engine.parents.keys() ?? [])];
  }

  rowsOf(parentIds: readonly string[]): ReadonlyMap<string, OrderRow> {
    const wanted = new Set(parentIds);
    const rows = this.rows().filter(({ parentId }) => wanted.has(parentId));
    return new Map(rows.map((row) => [row.parentId, row]));
  }

  order(parentId: string): OrderView | undefined {
    const view = this.#taken && this.#watch?.viewer?.order(parentId, this.now);
    return view === undefined ? undefined : { ...view, row: this.#asItIs(view.row) };
  }

  /** Once the run has ended nobody works it any more, whatever its phase was then. */
  #asItIs(row: OrderRow): OrderRow {
    return this.#end === undefined ? row : { ...row, isLive: false };
  }

  market(instrument: string): MarketView | undefined {
    if (this.#taken?.run.engine.instruments[0]!.id !== instrument) return undefined;
    return this.#watch?.viewer?.marketView(this.now);
  }

  timeline(after: Readonly<Record<string, number>> = {}): ReturnType<Desk["timeline"]> {
    const journal = this.#journal;
    const from = Object.hasOwn(after, journal) ? after[journal] : undefined;
    const entries = this.#watch?.viewer?.timeline(from) ?? [];
    const named = (entry: TimelineEntry) => ({ ...entry, journal });
    return entries.slice(-MOST_ENTRIES).map(named);
  }

  fills(): readonly FillSum[] {
    return this.#taken === undefined ? [] : fillSums(this.#taken.run.engine);
  }

  watch(listener: (change: DeskChange) => void): () => void {
    return this.#changes.watch(listener);
  }

  preview(): Promise<Result<never, DeskFault>> {
    return Promise.resolve(err(ONE_ORDER));
  }

  worth(): Promise<Result<never, DeskFault>> {
    return Promise.resolve(err(ONE_ORDER));
  }

  submit(): Promise<Result<never, DeskFault>> {
    return Promise.resolve(err(ONE_ORDER));
  }

  async control(by: string, parentId: string, command: OrderCommand): Promise<ControlAnswer> {
    const control = this.#taken?.control;
    if (control === undefined) return NOT_BEGUN;
    return this.#apart(() => control.handle({ ...command, by, parent: parentId }, by));
  }

  async kill(by: string, reason: string): Promise<readonly ControlAnswer[]> {
    const control = this.#taken?.control;
    if (control === undefined) return [NOT_BEGUN];
    return [await this.#apart(() => control.handle({ command: "kill", by, reason }, by))];
  }

  limits(instrument: string): Readonly<Record<string, unknown>> | undefined {
    const run = this.#taken?.run;
    if (run?.engine.instruments[0]!.id !== instrument) return undefined;
    const { config, engine } = run;
    return configJson({ ...config, limits: engine.limits })["limits"] as Record<string, unknown>;
  }

  async setLimits(
    by: string,
    instrument: string,
    set: Readonly<Record<string, unknown>>,
  ): Promise<ControlAnswer> {
    if (this.limits(instrument) === undefined) {
      return { ok: false, code: "DESK_NO_MARKET", text: "this run trades another market" };
    }
    const { control } = this.#taken!;
    return this.#apart(() => control.handle({ command: "limits", by, set: { ...set } }, by));
  }

  async open(journal: string): Promise<Result<OpenedJournal, DeskFault>> {
    if (journal !== this.#journal) {
      return err({ code: "DESK_JOURNAL", text: "only the run's own journal is shown here" });
    }
    return openCopy(this.#options.journal, this.#options.plugins ?? [], { isFilmed: true });
  }

  /** The run is ended by whoever began it. */
  close(): Promise<void> {
    this.#changes.close();
    return Promise.resolve();
  }
}

const MOST_ENTRIES = 500;

const ONE_ORDER: DeskFault = {
  code: "DESK_ONE_ORDER",
  text: "this run works one order and takes no other on: `arrival serve` hosts a desk of many",
};

const NOT_BEGUN: ControlAnswer = {
  ok: false,
  code: "CONTROL_ENDED",
  text: "the run has not begun: nothing was done",
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
