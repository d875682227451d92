/**
 * Sweep: many parents by many arms over many markets, on all cores.
 *
 * One thread hands out units and keeps what comes back; the others work. A window is worked by one
 * thread as long as there are enough of them, so that its market is opened once; of a recording
 * that stands as it is, many windows are worked in one tour. A thread that breaks takes its unit
 * with it and all that it had in memory; the others go on. What must stay true: the results are
 * those of one worker, to the byte, whoever worked what and in what order.
 */
import { Worker } from "node:worker_threads";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { openShared, type SharedMarket } from "./sweep-market.ts";
import {
  isToured,
  longestOf,
  type SweepRequest,
  unitAt,
  unitCount,
  unitsPerWindow,
  unitText,
  windowOf,
} from "./sweep-request.ts";
import type { SweepStore, SweepStoreFault } from "./sweep-store.ts";
import type { SweepRow } from "./sweep-unit.ts";
import type { FromWorker, ToWorker } from "./sweep-worker.ts";
import { startsIn } from "./window.ts";
import { LANES_MOST } from "./work-pass.ts";
import { roundsOf } from "./work-tour.ts";

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

/** Units of a window that are sent at once, and worked in one pass over it. */
const BATCH = LANES_MOST;
/** A recording's units make at least so many tours for each worker: none of them waits for long. */
const TOURS_EACH = 2;
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

/** What is left of one window, or of a tour round a recording. */
interface Group {
  readonly market: number;
  readonly units: number[];
  /** So many are sent at once. */
  readonly atOnce: number;
  /** All of a recording, which is cut into tours once it is open. */
  readonly isUncut?: boolean;
}

interface Hand {
  readonly worker: Worker;
  /** Sent and not answered, by what was sent at once: the first is what it works on. */
  readonly sent: Set<number>[];
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
      for (const row of message.kind === "rows" ? message.rows : []) {
        unsend(hand, row.unit);
        this.#rows.set(row.unit, row);
        const kept = this.#options.store?.append(row);
        if (kept?.ok === false) return this.#finish(kept.error);
        this.#answered(row.unit);
      }
      if (message.kind === "fault") {
        unsend(hand, message.unit);
        this.#fail(message.unit, message.text);
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
    while (hand.isReady && hand.sent.reduce((sum, { size }) => sum + size, 0) <= BATCH / 2) {
      const group = this.#groupFor(hand);
      if (group === undefined) return;
      const units = group.units.splice(0, group.atOnce);
      const market = this.#markets.get(group.market);
      if (market !== undefined && hand.market !== group.market) {
        this.#send(hand, { kind: "market", index: group.market, market });
        hand.market = group.market;
      }
      hand.group = group;
      hand.sent.push(new Set(units));
      this.#send(hand, { kind: "units", units });
    }
  }

  #send({ worker }: Hand, message: ToWorker): void {
    // Columns are shared memory: nothing is handed over.
    worker.postMessage(message, []);
  }

  /** Its own window, else one that nobody has begun, else one with much left. */
  #groupFor({ group }: Pick<Hand, "group">): Group | undefined {
    if (group !== undefined && group.units.length > 0) return group;
    const next = this.#groups[this.#next];
    if (next !== undefined && this.#isOpen(next.market)) {
      if (next.isUncut === true) {
        this.#groups.splice(this.#next, 1, ...this.#tours(next));
        return this.#groupFor({ group: undefined });
      }
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
    const [atWork = [], ...waiting] = hand.sent.map((units) => [...units]);
    const [unit] = atWork;
    // Of those that were worked together any may have done it: they are worked by halves.
    const isShared = atWork.length > 1;
    if (!isShared && unit !== undefined) this.#fail(unit, `its worker died: ${why}`);
    const middle = Math.ceil(atWork.length / 2);
    const halves = isShared ? [atWork.slice(0, middle), atWork.slice(middle)] : [];
    for (const units of [...waiting, ...halves]) this.#giveBack(units, units.length);
    const { group } = hand;
    if (group !== undefined && group.units.length > 0) {
      this.#giveBack(group.units.splice(0), group.atOnce);
    }
    if (this.#isDone()) return this.#finish();
    if (isShared) return this.#hire();
    this.#deaths += 1;
    if (this.#deaths < MOST_DEATHS) return this.#hire();
    const which = unit === undefined ? "between two units" : unitText(this.#request, unit);
    const text = `${MOST_DEATHS} workers have died, the last at ${which}: ${why}`;
    this.#finish({ code: "SWEEP_WORKER", text });
  }

  /** @param units of one window, or of one tour. */
  #giveBack(units: number[], atOnce: number): void {
    const { market } = unitAt(this.#request, units[0]!);
    this.#groups.splice(this.#next, 0, { market, units, atOnce });
  }

  /** Where there are too few tours for the workers, each goes round a part of the recording. */
  #tours({ market, units }: Group): Group[] {
    const { parents } = this.#request;
    const starts = startsIn(this.#markets.get(market)!, longestOf(this.#request), parents);
    // Too short a recording: whoever works it says so.
    const slots = starts.ok ? starts.value.length : 1;
    const slotOf = (unit: number): number => unitAt(this.#request, unit).window % slots;
    const rounds = roundsOf(units, slots, slotOf);
    const parts = Math.ceil((TOURS_EACH * this.#options.workers) / rounds.length);
    return rounds.flatMap((round) =>
      [...Map.groupBy(round, (unit) => Math.floor((slotOf(unit) * parts) / slots)).values()].map(
        (some) => ({ market, units: some, atOnce: some.length }),
      ),
    );
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

/** Windows with what is left to do in them, and recordings whole. */
function groupsOf(request: SweepRequest, done: ReadonlyMap<number, SweepRow>): Group[] {
  const groups: Group[] = [];
  const total = unitCount(request);
  let before: number | undefined;
  for (let unit = 0; unit < total; unit++) {
    if (done.has(unit)) continue;
    const window = windowOf(request, unit);
    const market = Math.floor(window / request.parents);
    const isUncut = isToured(request, market);
    const place = isUncut ? -1 - market : window;
    if (place === before) groups.at(-1)!.units.push(unit);
    else groups.push({ market, units: [unit], atOnce: BATCH, isUncut });
    before = place;
  }
  return groups;
}

function unsend({ sent }: Hand, unit: number): void {
  sent.find((units) => units.has(unit))?.delete(unit);
  while (sent[0]?.size === 0) sent.shift();
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
