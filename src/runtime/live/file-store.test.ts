/**
 * A run's files: what lies where, and what is found again when one of them is not as it should be.
 * Crashes at every place are test/durability's.
 */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { SAVED_FORM } from "../../core/execution/saved-state.ts";
import { ColumnsBuilder, Kind, type MarketBlock } from "../../core/market/columns.ts";
import type { DataFault } from "../../data/fault.ts";
import type { JournalHeader } from "../journal/journal.ts";
import { openJournal } from "../journal/reader.ts";
import { createJournal } from "../journal/writer.ts";
import { fileStore } from "./file-store.ts";
import type { ResumedRun, RunJournal, RunStore, Tape } from "./run-store.ts";
import { EPOCH_SECONDS, PLAIN_MARKET as MARKET } from "../../../test/plain-market.ts";

const HEADER: JournalHeader = {
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
};

const root = mkdtempSync(join(tmpdir(), "arrival-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = (): string => mkdtempSync(join(root, "run-"));
const journalIn = (folder: string): string => join(folder, "run.journal");
const filesIn = (folder: string): string[] => readdirSync(folder).sort();

/** As a kill leaves it: the files as they lie while the run goes on. */
function killed(folder: string): string {
  const copy = fresh();
  for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(copy, name));
  return copy;
}

interface Writing {
  readonly store: RunStore;
  readonly tape: Tape;
  readonly journal: RunJournal;
  readonly faults: DataFault[];
  position: number;
}

function tapeOf(store: RunStore, faults: DataFault[]): Tape {
  return store.tape({
    header: MARKET,
    format: "test-live",
    onFault: (fault) => void faults.push(fault),
  });
}

function begin(folder: string): Writing {
  const store = fileStore(journalIn(folder));
  const faults: DataFault[] = [];
  const tape = tapeOf(store, faults);
  const created = store.create(HEADER);
  if (!created.ok) throw new Error(created.error.text);
  return { store, tape, journal: created.value, faults, position: 0 };
}

function resume(folder: string): { readonly store: RunStore; readonly run: ResumedRun } {
  const store = fileStore(journalIn(folder));
  const run = store.resume();
  if (!run.ok) throw new Error(run.error.text);
  return { store, run: run.value };
}

function goOn(folder: string): Writing {
  const { store, run } = resume(folder);
  const faults: DataFault[] = [];
  const tape = tapeOf(store, faults);
  const position = run.sessions.reduce((sum, { rows }) => sum + rows, 0);
  const session = run.sessions.length + 1;
  run.journal.append("event", position, `{"kind":"session-resumed","session":${session}}`);
  run.journal.commit();
  return { store, tape, journal: run.journal, faults, position };
}

/** One row at each second [from, to), an event and a commit behind each. */
function work(writing: Writing, from: number, to: number): void {
  for (let second = from; second < to; second++) {
    const rows = new ColumnsBuilder(1);
    rows.push(second * 1e9 - 5e6, second * 1e9, Kind.BID, 1000 + second, 1);
    rows.endMessage();
    writing.tape.take(rows.view(), 0, 1);
    writing.position += 1;
    writing.journal.append("event", writing.position, `{"second":${second}}`);
    writing.journal.commit();
    writing.tape.tick(second * 1e9);
  }
}

function close({ tape, journal }: Writing): void {
  tape.close();
  journal.close();
}

const secondsOf = (blocks: Iterable<MarketBlock>): number[] =>
  [...blocks].flatMap(({ localTime, length }) =>
    Array.from(localTime.subarray(0, length), (time) => time / 1e9),
  );

const seconds = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, k) => from + k);

describe("the files of a run", () => {
  it("are the journal and one market file, and nothing before the run begins", () => {
    const folder = fresh();
    const store = fileStore(journalIn(folder));
    const tape = tapeOf(store, []);
    const rows = new ColumnsBuilder(1);
    rows.push(1e9, 1e9, Kind.BID, 1000, 1);
    rows.endMessage();
    tape.take(rows.view(), 0, 1);
    tape.tick(20e9);
    tape.close();
    expect(tape.hasFile).toBe(false);
    expect(filesIn(folder)).toEqual([]);
    const writing = begin(folder);
    work(writing, 2, 30);
    close(writing);
    expect(filesIn(folder)).toEqual(["run.journal", "run.market.arrival"]);
    const { run } = resume(folder);
    expect(run.sessions.map(({ blocks }) => secondsOf(blocks()))).toEqual([seconds(2, 30)]);
    run.journal.close();
  });

  it("are not written over, whichever of them is there", () => {
    for (const name of ["run.journal", "run.market.arrival", "run.market.3.arrival.partial"]) {
      const folder = fresh();
      writeFileSync(join(folder, name), "");
      const created = fileStore(journalIn(folder)).create(HEADER);
      expect(!created.ok && created.error).toMatchObject({ code: "JOURNAL_EXISTS" });
      expect(!created.ok && created.error.text).toContain(name);
    }
  });

  it("have another market file for each session, in numbers that skip those without rows", () => {
    const folder = fresh();
    const first = begin(folder);
    work(first, 2, 12);
    const second = killed(folder);
    goOn(second);
    const third = killed(second);
    const last = goOn(third);
    work(last, 100, 105);
    close(last);
    expect(filesIn(third)).toEqual(["run.journal", "run.market.3.arrival", "run.market.arrival"]);
    const { run } = resume(third);
    expect(run.sessions.map(({ rows }) => rows)).toEqual([10, 0, 5]);
    expect(secondsOf(run.sessions[2]!.blocks())).toEqual(seconds(100, 105));
    run.journal.close();
    close(first);
  });

  it("are whole again after a kill: every row that an event was decided on", () => {
    const folder = fresh();
    const writing = begin(folder);
    for (let second = 2; second < 40; second += 3) {
      work(writing, second, second + 3);
      const copy = killed(folder);
      const { run } = resume(copy);
      expect(secondsOf(run.sessions[0]!.blocks())).toEqual(seconds(2, second + 3));
      expect([...run.records()]).toHaveLength(second + 1);
      run.journal.close();
      expect(filesIn(copy)).toEqual(["run.journal", "run.market.arrival"]);
    }
    close(writing);
  });

  it("keep the rows in the journal as long as no market file has them", () => {
    const folder = fresh();
    const writing = begin(folder);
    // Somebody else's: the tape cannot be written.
    const foreign = join(folder, "run.market.arrival.partial");
    writeFileSync(foreign, "foreign");
    work(writing, 2, 30);
    expect(writing.faults).toHaveLength(1);
    close(writing);
    rmSync(foreign);
    const { run } = resume(folder);
    expect(secondsOf(run.sessions[0]!.blocks())).toEqual(seconds(2, 30));
    run.journal.close();
    expect(existsSync(join(folder, "run.market.arrival"))).toBe(true);
  });

  it("go on without rows that are gone or damaged, as far as they reach", () => {
    const folder = fresh();
    const writing = begin(folder);
    work(writing, 2, 30);
    const cut = killed(folder);
    close(writing);
    const gone = killed(folder);
    rmSync(join(gone, "run.market.arrival"));
    const missing = resume(gone).run;
    expect(missing.sessions.map(({ rows }) => rows)).toEqual([0]);
    expect([...missing.records()]).toHaveLength(28);
    missing.journal.close();
    // Rows that had been on the disk: those behind them are of no use either.
    const partial = join(cut, "run.market.arrival.partial");
    truncateSync(partial, 800);
    const before = readFileSync(partial);
    const damaged = resume(cut).run;
    const [left] = damaged.sessions;
    expect(left!.rows).toBeLessThan(20);
    expect(secondsOf(left!.blocks())).toEqual(seconds(2, 2 + left!.rows));
    damaged.journal.close();
    expect(readFileSync(partial).equals(before)).toBe(true);
  });

  it("set aside what a session left that the journal knows nothing of", () => {
    const folder = fresh();
    const writing = begin(folder);
    work(writing, 2, 5);
    close(writing);
    writeFileSync(join(folder, "run.market.2.arrival"), "of nobody");
    const last = goOn(folder);
    work(last, 100, 120);
    close(last);
    expect(filesIn(folder)).toEqual([
      "run.journal",
      "run.market.2.arrival",
      "run.market.2.arrival.unclaimed",
      "run.market.arrival",
    ]);
    const { run } = resume(folder);
    expect(run.sessions.map(({ rows }) => rows)).toEqual([3, 20]);
    run.journal.close();
  });

  it("have a checkpoint with the text that was given, until they are closed", () => {
    const folder = fresh();
    const writing = begin(folder);
    work(writing, 2, 5);
    const state = `{"form":${SAVED_FORM},"state":"ü"}`;
    writing.journal.checkpoint(3, state, "[]");
    work(writing, 5, 6);
    const copy = killed(folder);
    close(writing);
    const { run } = resume(copy);
    expect(run.checkpoint).toMatchObject({ sequence: 4, position: 3, state });
    expect([...run.checkpoint!.archives()]).toEqual(["[]"]);
    expect([...run.records()].map(({ body }) => body)).toEqual(['{"second":5}']);
    run.journal.close();
    const sealed = openJournal(journalIn(folder));
    if (!sealed.ok) throw new Error(sealed.error.text);
    expect(sealed.value.checkpoints).toMatchObject([{ sequence: 4, position: 3, session: 1 }]);
    sealed.value.close();
    const closed = resume(folder).run;
    expect(closed.checkpoint).toBeUndefined();
    closed.journal.close();
  });

  it("are gone on with where their checkpoint is of another version: all is folded", () => {
    const folder = fresh();
    const writing = begin(folder);
    work(writing, 2, 5);
    writing.journal.checkpoint(3, `{"form":${SAVED_FORM + 1}}`, "[]");
    work(writing, 5, 6);
    const copy = killed(folder);
    close(writing);
    const { run } = resume(copy);
    expect(run.checkpoint).toBeUndefined();
    expect([...run.records()]).toHaveLength(4);
    run.journal.close();
  });

  it.each(["as it is", "of an older version"])("have all rows again, the tape %s", (version) => {
    const folder = fresh();
    const writing = begin(folder);
    work(writing, 2, 22);
    const copy = killed(folder);
    close(writing);
    const database = new DatabaseSync(journalIn(copy));
    const [tape] = database.prepare("SELECT onDisk, inFile FROM tape").all();
    if (version !== "as it is") database.exec("ALTER TABLE tape DROP COLUMN inFile");
    database.close();
    // Some are in the file on the disk, the others in the journal.
    expect(tape!["onDisk"]).toBeGreaterThan(10);
    expect(tape!["inFile"]).toBe(tape!["onDisk"]);
    const { run } = resume(copy);
    expect(run.sessions.map(({ rows }) => rows)).toEqual([20]);
    const prices = run.sessions.flatMap(({ blocks }) => [...blocks()]);
    expect(prices.flatMap(({ price, length }) => [...price.subarray(0, length)])).toEqual(
      Array.from({ length: 20 }, (_, k) => 1002 + k),
    );
    run.journal.close();
  });

  it("of a simulated run are not gone on with", () => {
    const folder = fresh();
    const created = createJournal(journalIn(folder), { ...HEADER, market: { kind: "generated" } });
    if (!created.ok) throw new Error(created.error.text);
    created.value.close();
    const before = readFileSync(journalIn(folder));
    const resumed = fileStore(journalIn(folder)).resume();
    expect(!resumed.ok && resumed.error).toMatchObject({ code: "JOURNAL_NOT_LIVE" });
    const opened = openJournal(journalIn(folder));
    expect(opened.ok && opened.value.sealed).toBe(true);
    if (opened.ok) opened.value.close();
    expect(readFileSync(journalIn(folder)).length).toBe(before.length);
  });
});
