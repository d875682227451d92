/**
 * Desk: many orders on many markets of one account, worked in this process and looked at as one.
 *
 * What must stay true: the journals hold all there is, so a desk that was killed at any instant is
 * opened again and goes on; what it hands out are copies; and nothing that somebody looks at, opens
 * or breaks in the folder holds an order up.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Micros } from "../../core/domain/units.ts";
import { SYSTEM_TIMERS } from "../../data/network/timers.ts";
import { type FillSum, fillSums } from "../../view/fill-sums.ts";
import type { MarketView, OrderRow, OrderView, TimelineEntry } from "../../view/shapes.ts";
import type { RunNote } from "../../view/stream.ts";
import { experienceOf } from "../advice/experience.ts";
import { configJson } from "../config.ts";
import { killFileOf } from "../live/control-address.ts";
import type { ControlAnswer } from "../live/control-protocol.ts";
import { foundAmong, KillFile, layKillFile, reasonIn } from "../live/kill-file.ts";
import { DeskChanges } from "./desk-changes.ts";
import { DeskMarkets } from "./desk-markets.ts";
import type { DeskRun } from "./desk-run.ts";
import type {
  Desk,
  DeskChange,
  DeskFault,
  DeskOptions,
  OpenedJournal,
  OrderCommand,
  OrderPreview,
} from "./desk-terms.ts";
import { FolderJournals, openNamed } from "./folder-journals.ts";
import { FolderLock } from "./folder-lock.ts";
import { openCopy } from "./live-copy.ts";
import { ORDER_FORM, type OrderForm } from "./order-form.ts";
import { requestOf } from "./order-request.ts";
import { OtherRuns } from "./other-runs.ts";
import { PastPlans } from "./past-plans.ts";
import { standingJournals } from "./standing-journals.ts";

export type * from "./desk-terms.ts";

/** In a desk's folder: everything stops once it is there. */
export const DESK_KILL_FILE = "desk.kill";
const MOST_ENTRIES = 500;

/** Goes on with what stood in the folder. Its journals are its own from here on. */
export async function openDesk(options: DeskOptions): Promise<Result<Desk, DeskFault>> {
  const { folder, isReadOnly = false } = options;
  if (isReadOnly) {
    if (existsSync(folder) && statSync(folder).isDirectory()) {
      return ok(new LiveDesk(options, undefined));
    }
    return err({ code: "DESK_FOLDER", text: `${folder} is no folder` });
  }
  const lock = FolderLock.take(folder);
  if (!lock.ok) return lock;
  const desk = new LiveDesk(options, lock.value);
  try {
    await desk.begin();
    return ok(desk);
  } catch (error) {
    await desk.close("leave");
    throw error;
  }
}

class LiveDesk implements Desk {
  readonly folder: string;
  readonly takesOrders = true;
  readonly #options: DeskOptions;
  readonly #lock: FolderLock | undefined;
  readonly #changes: DeskChanges;
  readonly #markets: DeskMarkets;
  readonly #journals: FolderJournals;
  readonly #others: OtherRuns;
  readonly #past: PastPlans;
  readonly #killFile: KillFile | undefined;
  readonly #closing = new AbortController();
  /** Who has killed it, and why. */
  #killed: string | undefined;

  constructor(options: DeskOptions, lock: FolderLock | undefined) {
    const { folder, timers = SYSTEM_TIMERS, plugins = [] } = options;
    this.folder = folder;
    this.#options = options;
    this.#lock = lock;
    this.#changes = new DeskChanges(timers, () =>
      this.#markets.runs.flatMap(({ viewer }) => viewer?.takeChanged() ?? []),
    );
    const changes = this.#changes;
    const signal = this.#closing.signal;
    const now = (): Micros => this.#clock();
    this.#markets = new DeskMarkets({ desk: options, timers, now, changes, signal });
    const onChange = (): void => changes.runs();
    const isLive = (journal: string): boolean =>
      this.#markets.isOwn(journal) || this.#others.isAtWork(journal);
    this.#journals = new FolderJournals({ folder, plugins, timers, isLive, onChange });
    const isOwn = (socket: string): boolean =>
      this.#markets.runs.some((run) => run.socket === socket);
    this.#others = new OtherRuns({ folder, timers, isOwn, onChange });
    this.#past = new PastPlans(
      (journal) => openCopy(join(this.folder, journal), options.plugins ?? []),
      () => changes.orders(),
    );
    this.#killFile =
      lock === undefined
        ? undefined
        : new KillFile({
            paths: this.#killFiles,
            onKill: (path, reason) => void this.kill(path, reason),
          });
    this.#others.start();
    this.#journals.start();
  }

  async begin(): Promise<void> {
    const { found, unread } = standingJournals(this.folder);
    const laid = foundAmong(this.#killFiles);
    if (laid !== undefined) this.#killed = `${laid}: ${reasonIn(laid)}`;
    await this.#markets.resume(found, unread);
    if (laid !== undefined) await this.kill(laid, reasonIn(laid));
    for (const { category, symbol } of this.#options.markets ?? []) {
      const opened = await this.#markets.runOf(category, symbol);
      if (!opened.ok) this.#notice(`${symbol} cannot be opened: ${opened.error.text}`);
    }
  }

  get #killFiles(): readonly string[] {
    const { killFile } = this.#options.config.live;
    const own = join(this.folder, DESK_KILL_FILE);
    return killFile === null ? [own] : [own, killFile];
  }

  #notice(text: string): void {
    this.#options.onNotice?.("", { severity: "warning", code: "DESK_MARKET", text });
  }

  get now(): Micros {
    const live = this.#markets.runs.find(({ isOver }) => !isOver);
    return live?.run.now ?? this.#clock();
  }

  #clock(): Micros {
    return this.#options.clock?.() ?? ((Date.now() * 1000) as Micros);
  }

  runs(): readonly RunNote[] {
    return [
      ...this.#markets.runs.map(({ note }) => note),
      ...this.#markets.notes,
      ...this.#others.notes,
      ...this.#journals.notes,
    ];
  }

  rows(): readonly OrderRow[] {
    const own = this.#markets.runs.flatMap(({ viewer, isOver }) =>
      (viewer?.rows() ?? []).map((row) => (isOver ? ended(row) : row)),
    );
    return [...own, ...this.#elsewhere].sort((a, b) => b.startAt - a.startAt);
  }

  parentIds(): readonly string[] {
    const own = this.#markets.runs.flatMap(({ run }) => [...run.engine.parents.keys()]);
    return [...own, ...this.#elsewhere.map(({ parentId }) => parentId)];
  }

  rowsOf(parentIds: readonly string[]): ReadonlyMap<string, OrderRow> {
    const found = new Map<string, OrderRow>();
    const missing = new Set<string>();
    for (const parentId of parentIds) {
      const run = this.#runWith(parentId);
      const row = run?.viewer?.row(parentId);
      if (row === undefined) missing.add(parentId);
      else found.set(parentId, run!.isOver ? ended(row) : row);
    }
    if (missing.size === 0) return found;
    for (const row of this.#elsewhere) if (missing.has(row.parentId)) found.set(row.parentId, row);
    return found;
  }

  /** Of other processes, and of journals of runs that have ended. */
  get #elsewhere(): readonly OrderRow[] {
    return [...this.#others.rows, ...this.#journals.rows];
  }

  order(parentId: string): OrderView | undefined {
    const run = this.#runWith(parentId);
    if (run !== undefined) this.#past.want(run);
    const view = run?.viewer?.order(parentId, run.run.now);
    if (view === undefined || run?.isOver !== true) return view;
    return { ...view, row: ended(view.row) };
  }

  #runWith(parentId: string): DeskRun | undefined {
    return this.#markets.runs.find((run) => run.has(parentId));
  }

  market(instrument: string): MarketView | undefined {
    const run = this.#newestOf(instrument);
    return run?.viewer?.marketView(run.run.now);
  }

  #newestOf(instrument: string): DeskRun | undefined {
    return this.#markets.runs.findLast((run) => run.instrument === instrument);
  }

  timeline(
    after: Readonly<Record<string, number>> = {},
  ): readonly (TimelineEntry & { readonly journal: string })[] {
    const entries = this.#markets.runs.flatMap(({ viewer, journal }) => {
      const from = Object.hasOwn(after, journal) ? after[journal] : undefined;
      return (viewer?.timeline(from) ?? []).map(entryOf(journal));
    });
    return entries.sort((a, b) => a.time - b.time).slice(-MOST_ENTRIES);
  }

  fills(): readonly FillSum[] {
    return this.#markets.runs.flatMap(({ run }) => fillSums(run.engine));
  }

  watch(listener: (change: DeskChange) => void): () => void {
    return this.#changes.watch(listener);
  }

  async preview(form: OrderForm): Promise<Result<OrderPreview, DeskFault>> {
    const found = await this.#requested(form);
    if (!found.ok) return found;
    const { run, request } = found.value;
    return run.preview(request);
  }

  async worth(form: OrderForm): Promise<Result<string | null, DeskFault>> {
    const found = await this.#requested(form);
    return found.ok ? found.value.run.worth(found.value.request) : found;
  }

  async submit(
    by: string,
    form: OrderForm,
  ): Promise<Result<{ readonly parentId: string; readonly record: number }, DeskFault>> {
    const found = await this.#requested(form);
    if (!found.ok) return found;
    const { run, request } = found.value;
    return this.#refusal() ?? run.submit(by, request);
  }

  /** The run of a form's market, and the form as that run takes it. */
  async #requested(form: OrderForm) {
    const parsed = ORDER_FORM.safeParse(form);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return fault({ code: "DESK_ORDER", text: `${issue!.path.join(".")}: ${issue!.message}` });
    }
    const refused = this.#refusal();
    if (refused !== undefined) return refused;
    const opened = await this.#markets.runOf(parsed.data.category, parsed.data.symbol);
    if (!opened.ok) return opened;
    const run = opened.value;
    const request = requestOf(parsed.data, run.run.session.header.instrument, this.#options);
    if (!request.ok) return request;
    const { name: strategy } = request.value.config.strategy;
    const kind = { instrument: run.instrument, strategy };
    const experience = experienceOf(this.rows(), (row) => this.order(row.parentId), kind);
    return ok({ run, request: { ...request.value, experience } });
  }

  #refusal(): Result<never, DeskFault> | undefined {
    if (this.#closing.signal.aborted)
      return fault({ code: "DESK_CLOSED", text: "the desk is being closed" });
    if (this.#killed !== undefined) {
      const text = `the desk was killed (${this.#killed}): nothing more is traded before it is`;
      return fault({ code: "DESK_KILLED", text: `${text} started again` });
    }
    if (this.#lock !== undefined) return undefined;
    return fault({
      code: "DESK_READ_ONLY",
      text: "this desk only looks at journals: nothing is traded",
    });
  }

  async control(by: string, parentId: string, command: OrderCommand): Promise<ControlAnswer> {
    if (this.#lock === undefined)
      return refused({ code: "DESK_READ_ONLY", text: "nothing is steered from here" });
    const run = this.#runWith(parentId);
    if (run !== undefined) return run.control(by, parentId, command);
    const answer = await this.#others.control(by, parentId, command);
    return (
      answer ??
      refused({ code: "DESK_NO_ORDER", text: "no run that is at work has an order of that id" })
    );
  }

  async kill(by: string, reason: string): Promise<readonly ControlAnswer[]> {
    if (this.#lock === undefined) {
      return [refused({ code: "DESK_READ_ONLY", text: "nothing is steered from here" })];
    }
    this.#killed = `${by}: ${reason}`;
    const live = this.#markets.runs.filter(({ isOver }) => !isOver);
    // At once: what is asked of sockets comes behind.
    const own = live.map((run) => run.kill(by, reason));
    const laid = this.#markets.unresumed.map((path) => killedLater(path, by, reason));
    this.#changes.runs();
    return [...(await Promise.all(own)), ...laid, ...(await this.#others.kill(by, reason))];
  }

  limits(instrument: string): Readonly<Record<string, unknown>> | undefined {
    const run = this.#newestOf(instrument);
    if (run === undefined) return undefined;
    const { config, engine } = run.run;
    return configJson({ ...config, limits: engine.limits })["limits"] as Record<string, unknown>;
  }

  async setLimits(
    by: string,
    instrument: string,
    set: Readonly<Record<string, unknown>>,
  ): Promise<ControlAnswer> {
    if (this.#lock === undefined)
      return refused({ code: "DESK_READ_ONLY", text: "nothing is steered from here" });
    const run = this.#newestOf(instrument);
    if (run === undefined)
      return refused({ code: "DESK_NO_MARKET", text: "no run of that market is open" });
    return run.setLimits(by, set);
  }

  async open(journal: string): Promise<Result<OpenedJournal, DeskFault>> {
    const { plugins = [] } = this.#options;
    if (this.#others.isAtWork(journal)) {
      const text = `${journal} is being written by another process: look at it once that has ended`;
      return fault({ code: "DESK_JOURNAL_BUSY", text });
    }
    if (!this.#markets.isWritten(journal)) return openNamed(this.folder, journal, plugins);
    return openCopy(join(this.folder, journal), plugins, { isFilmed: true });
  }

  async close(how: "leave" | "cancel"): Promise<void> {
    this.#closing.abort();
    this.#killFile?.close();
    this.#journals.close();
    this.#others.close();
    await this.#markets.close(how, "desk");
    this.#changes.close();
    this.#lock?.release();
  }
}

/** Its run works it no more, whatever its phase was then. */
const ended = (row: OrderRow): OrderRow => ({ ...row, isLive: false });

const entryOf = (journal: string) => (entry: TimelineEntry) => ({ ...entry, journal });

const fault = (told: DeskFault): Result<never, DeskFault> => err(told);

const refused = (told: DeskFault): ControlAnswer => ({ ok: false, ...told });

/** Of a run that is not at work: whoever goes on with it withdraws and ends. */
function killedLater(path: string, by: string, reason: string): ControlAnswer {
  const file = killFileOf(path);
  const why = layKillFile(file, `killed by ${by}: ${reason}`);
  const text = `${path} is not at work, and its orders may rest at the venue`;
  if (why !== undefined)
    return refused({ code: "DESK_UNRESUMED", text: `${text}; ${file}: ${why}` });
  return refused({
    code: "DESK_UNRESUMED",
    text: `${text}; ${file} was laid: whoever goes on with it ends it`,
  });
}
