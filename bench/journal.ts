/**
 * Journal: how many records per second are made durable, by the size of the group and with the
 * market's rows among them, read back, and gone on with after a crash.
 *
 * On the disk that holds the temporary folder: `TMPDIR` chooses another. Durable means that `commit`
 * has returned; the disk's own honesty is not measured.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ColumnsBuilder, Kind, type MarketBlock } from "../src/core/market/columns.ts";
import { packRows } from "../src/runtime/live/kept-rows.ts";
import type { JournalHeader } from "../src/runtime/journal/journal.ts";
import { openJournal } from "../src/runtime/journal/reader.ts";
import { resumeJournal } from "../src/runtime/journal/resumer.ts";
import { createJournal, createResumableJournal } from "../src/runtime/journal/writer.ts";
import type { Figure, Prepared } from "./measure.ts";

const HEADER: JournalHeader = {
  format: 2,
  program: "bench",
  nodeMajor: 24,
  instrument: {},
  market: {},
  config: {},
  seed: 1,
};
/** About as long as an order's report. */
const BODY = JSON.stringify({ kind: "order-reported", text: "x".repeat(190) });

/** What a busy stream brings in some milliseconds. */
const ROWS = 30;
const EVENTS = 1_000_000;
const CHECKPOINT_EVERY = 2048;
/** About as long as the state of an engine with one parent and an hour of fills. */
const STATE = JSON.stringify({ state: "s".repeat(30_000) });

const grouped = (group: number, records: number, reference: number): Figure => ({
  name: `journal-durable-${group}`,
  summary: `journal, records of ${BODY.length} bytes made durable ${group} at a time`,
  unit: "records",
  references: { "prototype, node:sqlite": reference },
  prepare: () => prepareWriting(group, records),
});

const withRows = (group: number, records: number): Figure => ({
  name: `journal-rows-${group}`,
  summary: `the same ${group} at a time, with ${ROWS} market rows in each commit`,
  unit: "records",
  references: {},
  prepare: () => prepareRows(group, records),
});

export const figures: readonly Figure[] = [
  grouped(1, 2_000, 0.004),
  grouped(10, 20_000, 0.05),
  grouped(100, 100_000, 0.25),
  {
    name: "journal-open",
    summary: "journal, 100,000 records verified and read",
    unit: "records",
    references: { "prototype, node:sqlite, least": 0.6 },
    prepare: () => prepareReading(100_000),
  },
  withRows(1, 2_000),
  withRows(100, 100_000),
  {
    name: "journal-resume",
    summary:
      `journal of ${EVENTS.toLocaleString("en")} records with a checkpoint each ` +
      `${CHECKPOINT_EVERY}, cut off: opened to go on with it`,
    unit: "records",
    references: {},
    prepare: () => prepareResuming(),
  },
];

/** Writes a journal of its own; returns its path, and how to remove it. */
function write(group: number, records: number): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "arrival-bench-"));
  const path = join(folder, "bench.journal");
  const created = createJournal(path, HEADER);
  if (!created.ok) throw new Error(created.error.text);
  for (let i = 1; i <= records; i++) {
    created.value.append("event", i, BODY);
    if (i % group === 0) created.value.commit();
  }
  created.value.close();
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

function read(path: string): { count: number; head: string } {
  const opened = openJournal(path);
  if (!opened.ok) throw new Error(opened.error.text);
  let count = 0;
  for (const record of opened.value.records()) if (record.body === BODY) count += 1;
  const { head } = opened.value;
  opened.value.close();
  return { count, head: head.slice(0, 12) };
}

function prepareWriting(group: number, records: number): Prepared {
  let written: ReturnType<typeof write> | undefined;
  return {
    warmUp: () => write(group, Math.min(records, 2_000)).remove(),
    run: () => {
      written = write(group, records);
      return records;
    },
    proof: () => {
      const found = read(written!.path);
      written!.remove();
      return found;
    },
  };
}

function prepareReading(records: number): Prepared {
  const written = write(256, records);
  let found: ReturnType<typeof read> | undefined;
  return {
    warmUp: () => void read(written.path),
    run: () => {
      found = read(written.path);
      return found.count;
    },
    proof: () => {
      written.remove();
      return found!;
    },
  };
}

function rowsOf(count: number): MarketBlock {
  const rows = new ColumnsBuilder(count);
  for (let row = 0; row < count; row++) rows.push(row, row, Kind.BID, 1000 + row, 1);
  rows.endMessage();
  return rows.view();
}

function prepareRows(group: number, records: number): Prepared {
  const block = rowsOf(ROWS);
  let kept = 0;
  const writeRows = (count: number): void => {
    const folder = mkdtempSync(join(tmpdir(), "arrival-bench-"));
    const created = createResumableJournal(join(folder, "bench.journal"), HEADER);
    if (!created.ok) throw new Error(created.error.text);
    let first = 0;
    created.value.rowsFrom({
      store: (tables) => {
        // Some seconds of rows stand there at a time.
        if (first % (ROWS * 1000) === 0) tables.drop({ onDisk: first, inFile: first }, first);
        tables.keep({ first, rows: packRows(block, 0, ROWS, first) });
        first += ROWS;
      },
      isOnDisk: true,
    });
    for (let i = 1; i <= count; i++) {
      created.value.append("event", i, BODY);
      if (i % group === 0) created.value.commit();
    }
    created.value.close();
    kept = first;
    rmSync(folder, { recursive: true });
  };
  return {
    warmUp: () => writeRows(Math.min(records, 2_000)),
    run: () => {
      writeRows(records);
      return records;
    },
    proof: () => ({ rows: kept }),
  };
}

/** Writes it in a process of its own, which does not close it. */
function prepareResuming(): Prepared {
  const folder = mkdtempSync(join(tmpdir(), "arrival-bench-"));
  const path = join(folder, "bench.journal");
  const writer = new URL("../src/runtime/journal/writer.ts", import.meta.url).href;
  const script = `
    import { createResumableJournal } from ${JSON.stringify(writer)};
    const [path, header, body, state, events, every] = JSON.parse(process.argv[1]);
    const sink = createResumableJournal(path, header).value;
    for (let i = 1; i <= events; i++) {
      sink.append("event", i, body);
      if (i % every === 0) sink.checkpoint(i, state, 1);
    }
    sink.commit();
    process.exit(0);`;
  const given = JSON.stringify([path, HEADER, BODY, STATE, EVENTS, CHECKPOINT_EVERY]);
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script, given]);
  if (status !== 0) throw new Error(`the writer ended with ${status}`);
  let found: { count: number; behind: number } | undefined;
  const go = (): number => {
    const resumed = resumeJournal(path);
    if (!resumed.ok) throw new Error(resumed.error.text);
    const { count, sink } = resumed.value;
    found = { count, behind: [...resumed.value.records()].length };
    sink.close();
    return count;
  };
  return {
    warmUp: () => void go(),
    run: go,
    proof: () => {
      rmSync(folder, { recursive: true });
      return found!;
    },
  };
}
