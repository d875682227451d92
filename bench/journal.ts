/**
 * Journal: how many records per second are made durable, by the size of the group, and read back.
 *
 * On the disk that holds the temporary folder: `TMPDIR` chooses another. Durable means that `commit`
 * has returned; the disk's own honesty is not measured.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalHeader } from "../src/runtime/journal/journal.ts";
import { openJournal } from "../src/runtime/journal/reader.ts";
import { createJournal } from "../src/runtime/journal/writer.ts";
import type { Figure, Prepared } from "./measure.ts";

const HEADER: JournalHeader = {
  format: 1,
  program: "bench",
  nodeMajor: 24,
  instrument: {},
  market: {},
  config: {},
  seed: 1,
};
/** About as long as an order's report. */
const BODY = JSON.stringify({ kind: "order-reported", text: "x".repeat(190) });

const grouped = (group: number, records: number, reference: number): Figure => ({
  name: `journal-durable-${group}`,
  summary: `journal, records of ${BODY.length} bytes made durable ${group} at a time`,
  unit: "records",
  references: { "prototype, node:sqlite": reference },
  prepare: () => prepareWriting(group, records),
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
