/**
 * Side tables: what stands beside the records of a journal that can be gone on with.
 *
 * The state of the latest checkpoint, what all of them have archived, and the market's rows that
 * are not yet in the event file on the disk. They are written in the same transactions as the
 * records, so that events and the rows that they were decided on become durable together. What
 * must stay true: nothing here is history. A journal without them says the same, and one that was
 * closed in order has none.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Rows, and the number of the first one in its session, counted from 0. */
export interface KeptRows {
  readonly first: number;
  readonly rows: Uint8Array;
}

/** Whose rows are kept. */
export interface KeptTape {
  readonly session: number;
  /** What an event file of these rows would begin with. */
  readonly header: Uint8Array;
  /** Rows of the session that are in its event file, on the disk. */
  readonly onDisk: number;
  /** The same with those that stand for the venue's order alone; null where nobody has told. */
  readonly inFile: number | null;
}

export interface StoredState {
  readonly sequence: number;
  readonly text: string;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state (
    latest INTEGER PRIMARY KEY CHECK (latest = 1),
    sequence INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS archive (
    sequence INTEGER PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS tape (
    session INTEGER PRIMARY KEY,
    header BLOB NOT NULL,
    onDisk INTEGER NOT NULL,
    inFile INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS kept (
    first INTEGER PRIMARY KEY,
    rows BLOB NOT NULL
  ) STRICT;`;

/** All but the reading is for the middle of a transaction. */
export class SideTables {
  readonly #database: DatabaseSync;
  readonly #putState: StatementSync;
  readonly #putArchive: StatementSync;
  readonly #putRows: StatementSync;
  readonly #dropRows: StatementSync;
  readonly #putTape: StatementSync;
  readonly #markTape: StatementSync;

  /** Makes them where they are missing. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(SCHEMA);
    const columns = database.prepare("PRAGMA table_info(tape)").all();
    // Of a run that an older version has begun.
    if (columns.length < 4) database.exec("ALTER TABLE tape ADD COLUMN inFile INTEGER");
    this.#putState = database.prepare("INSERT OR REPLACE INTO state VALUES (1, ?, ?)");
    this.#putArchive = database.prepare("INSERT INTO archive VALUES (?, ?)");
    this.#putRows = database.prepare("INSERT INTO kept VALUES (?, ?)");
    this.#dropRows = database.prepare("DELETE FROM kept WHERE first < ?");
    this.#putTape = database.prepare("INSERT INTO tape VALUES (?, ?, ?, ?)");
    this.#markTape = database.prepare("UPDATE tape SET onDisk = ?, inFile = ?");
  }

  putState(sequence: number, text: string): void {
    this.#putState.run(sequence, text);
  }

  /** @param isFirst what was archived before belongs to no checkpoint. */
  putArchive(sequence: number, text: string, isFirst: boolean): void {
    if (isFirst) this.#database.exec("DELETE FROM archive");
    if (text !== "") this.#putArchive.run(sequence, text);
  }

  /** From here on rows of this session are kept. */
  beginTape({ session, header, onDisk, inFile }: KeptTape): void {
    this.#putTape.run(session, header, onDisk, inFile);
  }

  keep({ first, rows }: KeptRows): void {
    this.#putRows.run(first, rows);
  }

  /** The event file has so many rows on the disk: entries that begin before `below` can go. */
  drop({ onDisk, inFile }: Pick<KeptTape, "onDisk" | "inFile">, below: number): void {
    this.#markTape.run(onDisk, inFile);
    this.#dropRows.run(below);
  }

  clearRows(): void {
    this.#database.exec("DELETE FROM kept; DELETE FROM tape");
  }

  get tape(): KeptTape | undefined {
    return tapeOf(this.#database);
  }

  /** In their order. */
  get kept(): readonly KeptRows[] {
    const rows = this.#database.prepare("SELECT first, rows FROM kept ORDER BY first").all();
    return rows as unknown as KeptRows[];
  }

  /** Takes all of them out of the file again. Not in a transaction. */
  remove(): void {
    this.#database.exec(
      "BEGIN; DROP TABLE state; DROP TABLE archive; DROP TABLE tape; DROP TABLE kept; COMMIT",
    );
  }
}

/** Undefined where there is none, or it is not what was written. */
export function storedState(database: DatabaseSync): StoredState | undefined {
  try {
    const row = database.prepare("SELECT sequence, text FROM state").get();
    return row as StoredState | undefined;
  } catch {
    return undefined; // Journals that nobody was to go on with have no such table.
  }
}

/** In their order, up to a checkpoint. One by one: no statement stands open meanwhile. */
export function* archivedTexts(database: DatabaseSync, until: number): Generator<string> {
  const next = database.prepare(
    "SELECT sequence, text FROM archive WHERE sequence > ? AND sequence <= ? " +
      "ORDER BY sequence LIMIT 1",
  );
  for (let at = 0; ;) {
    const row = next.get(at, until) as { sequence: number; text: string } | undefined;
    if (row === undefined) return;
    yield row.text;
    at = row.sequence;
  }
}

function tapeOf(database: DatabaseSync): KeptTape | undefined {
  const row = database.prepare("SELECT session, header, onDisk, inFile FROM tape").get();
  return row as KeptTape | undefined;
}
