/**
 * Journal: files of a run whose bytes have changed, and files whose records were rewritten with
 * every hash made right again.
 *
 * What must stay true: of a file with changed bytes, either nothing is read or the first records of
 * the true one; of a rewritten one, what is read is what stands in it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expectThat, type OpenTarget, type Target, valueOf } from "../target.ts";

type Reader = typeof import("../../../src/runtime/journal/reader.ts");
type Format = typeof import("../../../src/runtime/journal/format.ts");

const HEADER = {
  format: 1,
  program: "arrival 0.0.0-fuzz",
  nodeMajor: 24,
  instrument: { symbol: "BTCUSDT", lotSize: "0.001" },
  market: { kind: "generated", seed: 7 },
  config: { limits: { participation: 0.1 } },
  seed: 42,
} as const;
const PAGE_BYTES = 4096;
const BODIES = [
  '{"kind":"parent-submitted","time":1,"parent":{"id":"p1","quantity":{"kind":"lots","lots":10}}}',
  '{"kind":"parent-moved","from":"new","id":"p1","to":"active"}',
  '{"clientOrderId":"p1-1","kind":"order-reported","report":{"kind":"accepted"},"time":2}',
  '{"kind":"timer-fired","time":3}',
  '{"kind":"place-order","order":{"clientOrderId":"p1-2","limitPrice":640000,"quantity":10}}',
];

class JournalFiles {
  readonly folder = mkdtempSync(join(tmpdir(), "arrival-fuzz-"));
  readonly path = join(this.folder, "fuzz.journal");
  readonly reader: Reader;

  constructor(reader: Reader) {
    this.reader = reader;
  }

  clear(): void {
    for (const end of ["", "-wal", "-journal", "-shm"]) rmSync(this.path + end, { force: true });
  }

  /** What is read, a record a line; undefined where it is refused. */
  read(): readonly string[] | undefined {
    const journal = valueOf(this.reader.openJournal(this.path));
    if (journal === undefined) return undefined;
    try {
      const records = [...journal.records()].map((record, index) => {
        const { sequence, kind, position, body } = record;
        const isSound =
          sequence === index + 1 &&
          (kind === "event" || kind === "output") &&
          Number.isSafeInteger(position) &&
          position >= 0 &&
          typeof body === "string";
        expectThat(isSound, () => `record ${sequence} at place ${index}: ${kind} ${position}`);
        return `${kind} ${position} ${body}`;
      });
      expectThat(records.length === journal.count, () => `${records.length} of ${journal.count}`);
      const isHeader = typeof journal.header === "object" && journal.header !== null;
      expectThat(isHeader, () => `a header that is ${JSON.stringify(journal.header)}`);
      return records;
    } finally {
      journal.close();
    }
  }
}

async function writeTrue(path: string, records: number): Promise<void> {
  const { createJournal } = await import("../../../src/runtime/journal/writer.ts");
  const sink = valueOf(createJournal(path, HEADER));
  expectThat(sink !== undefined, () => `${path} was not made`);
  for (let index = 0; index < records; index++) {
    sink.append(index % 3 === 0 ? "event" : "output", index * 7, BODIES[index % BODIES.length]!);
  }
  sink.close();
}

async function openBytes(): Promise<OpenTarget> {
  const files = new JournalFiles(await import("../../../src/runtime/journal/reader.ts"));
  const truths: (readonly string[])[] = [];
  const seeds: string[] = [];
  for (const count of [3, 60]) {
    files.clear();
    await writeTrue(files.path, count);
    truths.push(files.read() ?? []);
    const bytes = readFileSync(files.path, "latin1");
    // As its writer closed it, and as a crash leaves it: without a seal.
    seeds.push(bytes, bytes.slice(0, Math.floor(bytes.length / PAGE_BYTES) * PAGE_BYTES));
  }
  return {
    seeds,
    missing: [],
    run: (input) => {
      files.clear();
      writeFileSync(files.path, input, "latin1");
      const records = files.read();
      if (records === undefined) return;
      const isPrefix = truths.some((truth) => records.every((record, at) => record === truth[at]));
      expectThat(isPrefix, () => `${records.length} records that no true journal begins with`);
      if (existsSync(`${files.path}-wal`)) throw new Error("left a write-ahead file");
    },
    close: () => rmSync(files.folder, { recursive: true, force: true }),
  };
}

/** Input: `[[kind, position, body] …]`, the header first. */
async function openRecords(): Promise<OpenTarget> {
  const format: Format = await import("../../../src/runtime/journal/format.ts");
  const files = new JournalFiles(await import("../../../src/runtime/journal/reader.ts"));
  const seed = [
    ["header", 0, JSON.stringify(HEADER)],
    ...BODIES.map((body, index) => [index % 2 === 0 ? "event" : "output", index * 3, body]),
  ];
  await writeTrue(files.path, 0);
  const empty = readFileSync(files.path).subarray();
  const pages = empty.subarray(0, Math.floor(empty.length / format.PAGE_SIZE) * format.PAGE_SIZE);
  return {
    seeds: [JSON.stringify(seed)],
    missing: [],
    run: (input) => {
      const rows = rowsOf(input);
      if (rows === undefined) return;
      files.clear();
      writeFileSync(files.path, pages);
      rewrite(files.path, rows, format);
      const records = files.read();
      if (records === undefined) return;
      const told = rows.slice(1).map(([kind, position, body]) => `${kind} ${position} ${body}`);
      expectThat(
        records.length === told.length && records.every((one, at) => one === told[at]),
        () => {
          return `read ${records.length} records, and ${told.length} were written`;
        },
      );
    },
    close: () => rmSync(files.folder, { recursive: true, force: true }),
  };
}

type Row = readonly [kind: string, position: number, body: string];

/** Undefined where SQLite itself would not store it as it is. */
function rowsOf(input: string): readonly Row[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(input);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const rows = (parsed as unknown[]).map((row): Row | undefined => {
    if (!Array.isArray(row)) return undefined;
    const [kind, position, body] = row as unknown[];
    const text = typeof body === "string" ? body : JSON.stringify(body);
    if (typeof kind !== "string" || !Number.isSafeInteger(position) || text === undefined) {
      return undefined;
    }
    const isStorable = `${kind}${text}`.isWellFormed() && !`${kind}${text}`.includes("\0");
    return isStorable ? [kind, position as number, text] : undefined;
  });
  return rows.includes(undefined) ? undefined : (rows as Row[]);
}

/** As an attacker would who knows the format: every hash fits. */
function rewrite(path: string, rows: readonly Row[], { Chain }: Format): void {
  const chain = new Chain();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; DELETE FROM record");
  const insert = database.prepare("INSERT INTO record VALUES (?, ?, ?, ?, ?)");
  for (const [index, [kind, position, body]] of rows.entries()) {
    const hash = position >= 0 ? chain.next(index, kind, position, body) : Buffer.alloc(32);
    insert.run(index, kind, position, body, hash);
  }
  database.close();
}

const WORDS = ["header", "event", "output", "kind", "time", "record", "SQLite format 3\0", "ARVJ"];

export const journalBytes: Target = {
  name: "journal-bytes",
  about: "journals with bytes flipped, cut, put in and doubled",
  kind: "bytes",
  words: WORDS,
  share: 0.02,
  budgetMs: 1_000,
  open: openBytes,
};
export const journalRecords: Target = {
  name: "journal-records",
  about: "journals whose records were rewritten and whose hashes all fit",
  kind: "json",
  words: WORDS,
  share: 0.01,
  budgetMs: 1_000,
  open: openRecords,
};
