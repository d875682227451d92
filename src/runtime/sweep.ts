/**
 * Sweep: many parents by many arms over many markets, on all cores.
 *
 * One thread hands out units and keeps what comes back; the others work. A window is worked by one
 * thread as long as there are enough of them, so that its market is opened once. A thread that
 * breaks takes its unit with it and all that it had in memory; the others go on. What must stay
 * true: the results are those of one worker, to the byte, whoever worked what and in what order.
 */
import { Worker } from "node:worker_threads";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { openShared, type SharedMarket } from "./sweep-market.ts";
import { type SweepRequest, unitCount, unitsPerWindow, unitText } from "./sweep-request.ts";
import type { SweepStore, SweepStoreFault } from "./sweep-store.ts";
import type { SweepRow } from "./sweep-unit.ts";
import type { FromWorker, ToWorker } from "./sweep-worker.ts";
import { LANES_MOST } from "./work-pass.ts";

export interface SweepOptions {
  /** Threads that work; the one that asks comes on top and does little. */
  readonly workers: number;
  /** Keeps each result as it comes, and knows those of an earlier run. */
  readonly store?: SweepStore;
  /** The first market, where it has been read already. */
  readonly first?: SharedMarket;
  readonly onProgress?: (progress: SweepProgress) => void;
  /** Looked at several times a second: true ends the sweep with what it has. */
  readonly isStopped?: () => boolean;
}

export interface SweepProgress {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
}

export interface SweepFailure {
  readonly unit: number;
  readonly text: string;
}

export interface SweepRun {
  /** In the order of the units. */
  readonly rows: readonly SweepRow[];
  /** Units that could not be worked; they are tried again when the sweep is gone on with. */
  readonly failures: readonly SweepFailure[];
  readonly isWhole: boolean;
}

export interface SweepFault {
  readonly code: SweepStoreFault["code"] | "SWEEP_WORKER" | "SWEEP_MARKET";
  readonly text: string;
}

/** Units sent at once, and worked in one pass over their window. */
const BATCH = LANES_MOST;
/** Whoever has nothing to do takes from a window of another that has at least so many left. */
const WORTH_SHARING = 2 * BATCH;
/** A thread that dies is replaced, so often and no more: something is wrong by then. */
const MOST_DEATHS = 3;
const LOOK_EVERY_MS = 50;

/** Never rejects: what goes wrong is a fault, and what was done before it is in the store. */
export function runSweep(
  request: SweepRequest,
  options: SweepOptions,
): Promise<Result<SweepRun, SweepFault>> {
  return new Foreman(request, options).run();
}

/** What is left of one window. */
interface Group {
  readonly number: number;
  readonly market: number;
  readonly units: number[];
}

interface Hand {
  readonly worker: Worker;
  /** Sent and not answered, in order: the first is what it works on. */
  readonly sent: number[];
  group: Group | undefined;
  /** The recording that it holds. */
  market: number | undefined;
  isReady: boolean;
  error: unknown;
}

class Foreman {
  readonly #request: SweepRequest;
  readonly #options: SweepOptions;
  readonly #total: number;
  readonly #rows: Map<number, SweepRow>;
  readonly #failures: SweepFailure[] = [];
  readonly #groups: Group[];
  /** Groups before this one have been begun. */
  #next = 0;
  readonly #hands = new Set<Hand>();
  readonly #markets = new Map<number, SharedMarket>();
  /** Units of each market that are not answered: a recording is let go when there are none. */
  readonly #left: number[];
  #reading: number | undefined;
  /** Units whose thread died while it worked several: they are worked one by one. */
  readonly #suspects = new Set<number>();
  #deaths = 0;
  #end: ((result: Result<SweepRun, SweepFault>) => void) | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(request: SweepRequest, options: SweepOptions) {
    this.#request = request;
    this.#options = options;
    this.#total = unitCount(request);
    this.#rows = new Map(options.store?.done);
    this.#groups = groupsOf(request, this.#rows);
    this.#left = request.markets.map(() => 0);
    for (const { market, units } of this.#groups) this.#left[market]! += units.length;
    if (options.first !== undefined) this.#markets.set(0, options.first);
  }

  run(): Promise<Result<SweepRun, SweepFault>> {
    return new Promise((resolve) => {
      this.#end = resolve;
      if (this.#groups.length === 0) return void this.#finish();
      this.#watch = setInterval(() => this.#look(), LOOK_EVERY_MS);
      const useful = Math.ceil(this.#groups.reduce((sum, it) => sum + it.units.length, 0) / BATCH);
      for (let i = 0; i < Math.min(this.#options.workers, useful); i++) this.#hire();
    });
  }

  #look(): void {
    const { onProgress, isStopped } = this.#options;
    const [done, failed] = [this.#rows.size, this.#failures.length];
    onProgress?.({ done, failed, total: this.#total });
    if (isStopped?.() === true) this.#finish();
  }

  #hire(): void {
    const url = import.meta.url.endsWith(".ts") ? "./sweep-worker.ts" : "./sweep-worker.js";
    const worker = new Worker(new URL(url, import.meta.url), { workerData: this.#request });
    const hand: Hand = {
      worker,
      sent: [],
      group: undefined,
      market: undefined,
      isReady: false,
      error: undefined,
    };
    this.#hands.add(hand);
    worker.on("message", (message: FromWorker) => this.#hear(hand, message));
    worker.on("error", (error) => {
      hand.error = error;
    });
    worker.on("exit", (code) => this.#bury(hand, code));
  }

  #hear(hand: Hand, message: FromWorker): void {
    if (this.#end === undefined) return;
    if (message.kind === "ready") {
      hand.isReady = true;
    } else {
      hand.sent.shift();
      if (message.kind === "fault") {
        this.#fail(message.unit, message.text);
      } else {
        this.#rows.set(message.row.unit, message.row);
        const kept = this.#options.store?.append(message.row);
        if (kept?.ok === false) return this.#finish(kept.error);
        this.#answered(message.row.unit);
      }
    }
    this.#feed(hand);
    if (this.#isDone()) this.#finish();
  }

  #fail(unit: number, text: string): void {
    this.#failures.push({ unit, text });
    this.#answered(unit);
  }

  #answered(unit: number): void {
    const { parents } = this.#request;
    const market = Math.floor(unit / (unitsPerWindow(this.#request) * parents));
    this.#left[market]! -= 1;
    if (this.#left[market] === 0) this.#markets.delete(market);
  }

  #isDone(): boolean {
    return this.#rows.size + this.#failures.length === this.#total;
  }

  /** Keeps a worker from waiting for us: the next units are sent while it still has some. */
  #feed(hand: Hand): void {
    while (hand.isReady && hand.sent.length <= BATCH / 2) {
      const group = this.#groupFor(hand);
      if (group === undefined) return;
      const suspect = group.units.findIndex((unit) => this.#suspects.has(unit));
      const trusted = suspect < 0 ? BATCH : Math.min(BATCH, suspect);
      const units = group.units.splice(0, Math.max(1, trusted));
      const market = this.#markets.get(group.market);
      if (market !== undefined && hand.market !== group.market) {
        this.#send(hand, { kind: "market", index: group.market, market });
        hand.market = group.market;
      }
      hand.group = group;
      hand.sent.push(...units);
      this.#send(hand, { kind: "units", units });
    }
  }

  #send({ worker }: Hand, message: ToWorker): void {
    // Columns are shared memory: nothing is handed over.
    worker.postMessage(message, []);
  }

  /** Its own window, else one that nobody has begun, else one with much left. */
  #groupFor({ group }: Hand): Group | undefined {
    if (group !== undefined && group.units.length > 0) return group;
    const next = this.#groups[this.#next];
    if (next !== undefined && this.#isOpen(next.market)) {
      this.#next += 1;
      return next;
    }
    let most: Group | undefined;
    for (const { group: other } of this.#hands) {
      if (other === undefined || other.units.length < WORTH_SHARING) continue;
      if (most === undefined || other.units.length > most.units.length) most = other;
    }
    return most;
  }

  /** Begins to read a recording that is wanted and not there. */
  #isOpen(market: number): boolean {
    const source = this.#request.markets[market]!;
    if (source.kind === "generated" || this.#markets.has(market)) return true;
    if (this.#reading === undefined) {
      this.#reading = market;
      const failed = (error: unknown): Awaited<ReturnType<typeof openShared>> =>
        err({ code: "DATA_SPEC", text: messageOf(error) });
      void openShared(source.files)
        .catch(failed)
        .then((opened) => {
          this.#reading = undefined;
          if (!opened.ok) {
            return this.#finish({ code: "SWEEP_MARKET", text: opened.error.text });
          }
          this.#markets.set(market, opened.value);
          for (const hand of this.#hands) this.#feed(hand);
        });
    }
    return false;
  }

  /** A thread that has died: the unit that it worked on has failed, the rest goes to another. */
  #bury(hand: Hand, code: number): void {
    this.#hands.delete(hand);
    if (this.#end === undefined) return;
    const why = hand.error === undefined ? `it exited with ${code}` : messageOf(hand.error);
    if (!hand.isReady) {
      return this.#finish({ code: "SWEEP_WORKER", text: `a worker did not start: ${why}` });
    }
    const [unit] = hand.sent;
    // Of those that were worked together any may have done it: next time each is worked alone.
    const isShared = unit !== undefined && !this.#suspects.has(unit);
    if (isShared) for (const each of hand.sent.slice(0, BATCH)) this.#suspects.add(each);
    else if (unit !== undefined) this.#fail(unit, `its worker died: ${why}`);
    const rest = isShared ? hand.sent : hand.sent.slice(1);
    if (rest.length > 0) this.#giveBack(rest);
    if (hand.group !== undefined && hand.group.units.length > 0) {
      this.#giveBack(hand.group.units.splice(0));
    }
    if (this.#isDone()) return this.#finish();
    if (isShared) return this.#hire();
    this.#deaths += 1;
    if (this.#deaths < MOST_DEATHS) return this.#hire();
    const which = unit === undefined ? "between two units" : unitText(this.#request, unit);
    const text = `${MOST_DEATHS} workers have died, the last at ${which}: ${why}`;
    this.#finish({ code: "SWEEP_WORKER", text });
  }

  #giveBack(units: readonly number[]): void {
    this.#groups.splice(this.#next, 0, ...grouped(this.#request, units));
  }

  #finish(fault?: SweepFault): void {
    const end = this.#end;
    if (end === undefined) return;
    this.#end = undefined;
    clearInterval(this.#watch);
    const synced = this.#options.store?.sync();
    const run: SweepRun = {
      rows: [...this.#rows.values()].sort((a, b) => a.unit - b.unit),
      failures: this.#failures.toSorted((a, b) => a.unit - b.unit),
      isWhole: this.#isDone(),
    };
    const stopped = Promise.all([...this.#hands].map(({ worker }) => worker.terminate()));
    const failed = fault ?? (synced?.ok === false ? synced.error : undefined);
    void stopped.then(() => end(failed === undefined ? ok(run) : err(failed)));
  }
}

/** Windows with what is left to do in them. */
function groupsOf(request: SweepRequest, done: ReadonlyMap<number, SweepRow>): Group[] {
  const units: number[] = [];
  const total = unitCount(request);
  for (let unit = 0; unit < total; unit++) if (!done.has(unit)) units.push(unit);
  return grouped(request, units);
}

/** @param units in ascending order within each window */
function grouped(request: SweepRequest, units: readonly number[]): Group[] {
  const perWindow = unitsPerWindow(request);
  const groups: Group[] = [];
  for (const unit of units) {
    const number = Math.floor(unit / perWindow);
    const last = groups.at(-1);
    if (last?.number === number) last.units.push(unit);
    else {
      const market = Math.floor(number / request.parents);
      groups.push({ number, market, units: [unit] });
    }
  }
  return groups;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
