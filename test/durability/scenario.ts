/**
 * Scenario: a live run's writing, as the loop does it, and what must be found of it afterwards.
 *
 * Rows come in blocks, events are decided on them, commits are waited for, the tape ticks once a
 * second, a checkpoint falls now and then. Everything is drawn from a seed.
 */
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import {
  ColumnsBuilder,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
} from "../../src/core/market/columns.ts";
import { fileStore } from "../../src/runtime/live/file-store.ts";
import type { ResumedRun, RunJournal, RunStore, Tape } from "../../src/runtime/live/run-store.ts";
import type { RecordedDisk } from "./recorded-disk.ts";
import { EPOCH_SECONDS, PLAIN_MARKET as MARKET } from "../plain-market.ts";

const HEADER = {
  format: 2,
  program: "test",
  nodeMajor: 24,
  instrument: {},
  market: {
    kind: "live",
    paths: ["run.market.arrival"],
    venue: "test",
    epochSeconds: EPOCH_SECONDS,
    isImpactUnknown: true,
    account: { positionLots: 0, maker: 0, taker: 0 },
  },
  config: {},
  seed: 1,
} as const;

export type Row = readonly [local: number, kind: number, price: number, quantity: number];

interface Written {
  readonly kind: string;
  readonly position: number;
  readonly body: string;
}

/** What was written, and how much of it was promised. */
export class Truth {
  /** Of each session, by its number less one; of those that have ended, what is left. */
  readonly rows: Row[][];
  /** Behind the header; checkpoints among them. */
  readonly records: Written[];
  /** Records behind each commit. A mark names the place in here. */
  readonly commits: number[];
  /** Where what is archived was begun anew: behind a journal that had been closed. */
  readonly archivedFrom: number;

  constructor(rows: Row[][] = [], records: readonly Written[] = [], archivedFrom = 0) {
    this.rows = rows;
    this.records = [...records];
    this.archivedFrom = archivedFrom;
    this.commits = [records.length];
  }
}

export const openStore = (folder: string): RunStore => fileStore(`${folder}/run.journal`);

/** One session of a run: what it writes is drawn; where it stands can be crashed at. */
export class Session {
  readonly truth: Truth;
  readonly #disk: RecordedDisk;
  readonly #journal: RunJournal;
  readonly #tape: Tape;
  readonly #rows: Row[];
  readonly #draw: () => number;
  #position: number;
  #now: number;

  private constructor(
    disk: RecordedDisk,
    store: RunStore,
    journal: RunJournal,
    tape: Tape,
    truth: Truth,
    seed: number,
  ) {
    this.#disk = disk;
    this.#journal = journal;
    this.#tape = tape;
    this.truth = truth;
    this.#position = truth.rows.reduce((sum, { length }) => sum + length, 0);
    this.#rows = [];
    truth.rows.push(this.#rows);
    // No session begins before the one before it has ended.
    this.#now = 2e9 + truth.rows.length * 1e12;
    let k = 0;
    this.#draw = () => uniformAt(seed, streamOf("durability"), k++);
  }

  /** The run begins; nothing is recorded before its header is on the disk. */
  static begin(disk: RecordedDisk, seed: number): Session {
    const store = openStore(disk.folder);
    const tape = store.tape({ header: MARKET, format: "test-live", onFault: broken });
    const journal = store.create(HEADER);
    if (!journal.ok) throw new Error(journal.error.text);
    disk.restart();
    return new Session(disk, store, journal.value, tape, new Truth(), seed);
  }

  /** Goes on with what a crash has left, of which `run` tells. */
  static resume(
    disk: RecordedDisk,
    store: RunStore,
    run: ResumedRun,
    before: Truth,
    records: number,
    seed: number,
  ): Session {
    const tape = store.tape({ header: MARKET, format: "test-live", onFault: broken });
    const left = run.sessions.map((session) => [...session.blocks()].flatMap(rowsOf));
    const archivedFrom = run.checkpoint === undefined ? records : before.archivedFrom;
    const truth = new Truth(left, before.records.slice(0, records), archivedFrom);
    const session = new Session(disk, store, run.journal, tape, truth, seed);
    const number = truth.rows.length;
    session.#append("event", `{"kind":"session-resumed","session":${number}}`);
    session.#commit();
    return session;
  }

  /** So many turns of the loop. */
  work(turns: number): void {
    let nextTick = this.#now + 1e9;
    for (let turn = 0; turn < turns; turn++) {
      this.#turn();
      if (this.#now >= nextTick) {
        this.#tape.tick(this.#now);
        nextTick = this.#now + 1e9;
      }
    }
  }

  /** As a run ends in order. */
  close(): void {
    this.#tape.close();
    this.#commit();
    this.#journal.close();
    this.#disk.mark(this.truth.commits.length - 1);
  }

  #turn(): void {
    const { truth } = this;
    const block = this.#block();
    this.#tape.take(block, 0, block.length);
    this.#position += block.length;
    for (const row of rowsOf(block)) this.#rows.push(row);
    const chance = this.#draw();
    if (chance > 0.6) return;
    const length = Math.floor(this.#draw() * 400);
    this.#append("event", `{"kind":"touch-moved","text":"${"x".repeat(length)}"}`);
    if (chance < 0.3) this.#append("output", `{"number":${truth.records.length}}`);
    if (chance < 0.05) {
      const state = stateAfter(truth.records.length);
      this.#journal.checkpoint(this.#position, state, archiveAt(truth.records.length));
      truth.records.push({ kind: "checkpoint", position: this.#position, body: "" });
    }
    if (chance < 0.55) this.#commit();
  }

  #block(): MarketBlock {
    const rows = new ColumnsBuilder(8);
    const messages = 1 + Math.floor(this.#draw() * 3);
    for (let message = 0; message < messages; message++) {
      this.#now += Math.floor(this.#draw() * 200e6);
      const exchange = this.#now - Math.floor(this.#draw() * 100e6);
      const isTrade = this.#draw() < 0.3;
      const count = 1 + Math.floor(this.#draw() * 4);
      for (let row = 0; row < count; row++) {
        const side = this.#draw() < 0.5 ? 0 : 1;
        const kind = (isTrade ? Kind.TRADE_BUY : Kind.BID) + side;
        rows.push(exchange, this.#now, kind, 1000 + row, 1 + Math.floor(this.#draw() * 99));
      }
      rows.endMessage();
    }
    return rows.view();
  }

  #append(kind: "event" | "output", body: string): void {
    this.#journal.append(kind, this.#position, body);
    this.truth.records.push({ kind, position: this.#position, body });
  }

  #commit(): void {
    this.#journal.commit();
    this.truth.commits.push(this.truth.records.length);
    this.#disk.mark(this.truth.commits.length - 1);
    // Where SQLite does it by itself: behind a commit.
    if (this.#draw() < 0.1) this.#disk.fold();
  }
}

/** What it archives: likewise; now and then nothing. */
const archiveAt = (records: number): string => (records % 3 === 0 ? "" : `["${records}"]`);

/** The text of a checkpoint: a function of where it stands, so that it can be checked. */
export const stateAfter = (records: number): string =>
  `{"after":${records},"text":"${"s".repeat((records * 97) % 3000)}"}`;

function broken({ text }: { readonly text: string }): never {
  throw new Error(text);
}

function rowsOf({ localTime, kind, price, quantity, length }: MarketBlock): Row[] {
  return Array.from({ length }, (_, row) => [
    localTime[row]!,
    kind[row]! & (KIND_MASK | LAST),
    price[row]!,
    quantity[row]!,
  ]);
}

/**
 * Holds what a resumed run tells against what was written.
 *
 * @param mark the last commit that had returned.
 * @returns how many records are there.
 * @throws where anything is missing, or is there that was not written.
 */
export function check(run: ResumedRun, truth: Truth, mark: number, place: string): number {
  const fail = (text: string): never => {
    throw new Error(`${text}, at ${place}`);
  };
  const { checkpoint } = run;
  const behind = [...run.records()];
  if (checkpoint !== undefined) {
    const { kind } = truth.records[checkpoint.sequence - 1] ?? fail("a checkpoint out of nowhere");
    if (kind !== "checkpoint") fail(`record ${checkpoint.sequence} is no checkpoint`);
    if (checkpoint.state !== stateAfter(checkpoint.sequence - 1)) fail("another state");
    const archived = truth.records
      .flatMap(({ kind: it }, at) => (it === "checkpoint" ? [at] : []))
      .filter((at) => at >= truth.archivedFrom && at < checkpoint.sequence)
      .map(archiveAt)
      .filter((text) => text !== "");
    if ([...checkpoint.archives()].join() !== archived.join()) fail("another archive");
  }
  const told = behind.at(-1)?.sequence ?? checkpoint?.sequence ?? 0;
  // A checkpoint that is not the one gone on from stands at the end at most.
  const count = truth.commits.find((each) => each >= told) ?? fail(`${told} records`);
  const wanted = truth.records
    .slice(checkpoint?.sequence ?? 0, count)
    .filter(({ kind }) => kind !== "checkpoint");
  if (behind.length !== wanted.length) fail(`${told} records, of which ${count} are a commit`);
  for (const [index, { kind, position, body }] of behind.entries()) {
    const was = wanted[index]!;
    if (was.kind !== kind || was.position !== position || was.body !== body) fail("another record");
  }
  const promised = truth.commits[mark]!;
  if (count < promised) fail(`${promised - count} records lost that a commit had returned from`);
  checkRows(run, truth, count, fail);
  return count;
}

function checkRows(
  run: ResumedRun,
  truth: Truth,
  count: number,
  fail: (text: string) => never,
): void {
  const found = run.sessions.map((session) => [...session.blocks()].flatMap(rowsOf));
  for (const [index, rows] of found.entries()) {
    if (rows.length !== run.sessions[index]!.rows) fail("another number of rows than told");
    const wanted = truth.rows[index]!;
    for (const [number, row] of rows.entries()) {
      const was = wanted[number];
      if (was?.every((value, column) => value === row[column]) !== true) {
        fail(`row ${number} of session ${index + 1} is another`);
      }
    }
    // Those of a session that had ended had been made whole, or are made so again.
    const hasEnded = index + 1 < truth.rows.length;
    if (hasEnded && rows.length < wanted.length)
      fail(`rows of session ${index + 1} are gone: ${rows.length} of ${wanted.length}`);
  }
  const total = found.reduce((sum, { length }) => sum + length, 0);
  const needed = truth.records[count - 1]?.position ?? 0;
  if (total < needed) fail(`${needed - total} rows lost that events were decided on`);
}
