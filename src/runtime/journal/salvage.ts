/**
 * Salvage: reads what is left of a journal that cannot be gone on with, so that what rests at the
 * venue can be found.
 *
 * It shows every record that can be read, and says which of them are proved by the chain. What must
 * stay true: nobody else writes the journal meanwhile, and not one record of it is changed.
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { Chain, faultOf, locked, nameOf, writing } from "./format.ts";
import type { JournalFault, JournalHeader } from "./journal.ts";
import { identify } from "./reader.ts";
import { headerIn } from "./verification.ts";

export interface SalvagedRecord {
  readonly sequence: number;
  readonly kind: string;
  readonly body: string;
  /** Whether it and all before it are what their writer wrote. */
  readonly isProved: boolean;
}

export interface SalvagedJournal {
  /** Undefined: it cannot be read. */
  readonly header: JournalHeader | undefined;
  /** From the first on, the header left out; ends where nothing more can be read. */
  records(): IterableIterator<SalvagedRecord>;
  /** Lets go of it. Until then nobody else can write it. */
  close(): void;
}

export function salvageJournal(path: string): Result<SalvagedJournal, JournalFault> {
  if (!existsSync(path)) {
    return err({ code: "JOURNAL_NOT_FOUND", path, text: `${path} does not exist: check the name` });
  }
  if (writing.has(nameOf(path))) return err(locked(path));
  let file: number | undefined;
  let database: DatabaseSync | undefined;
  const close = (): void => {
    if (database?.isOpen === true) database.close();
    // Behind the database: closing it before would drop that one's lock.
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  try {
    const identity = identify(path);
    // Of a later program's journal, what is known of it is read.
    if (identity !== undefined && identity.code !== "JOURNAL_VERSION") return err(identity);
    file = openSync(path, "r+");
    database = new DatabaseSync(path);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
    const open = database;
    return ok({ header: headerOf(open), records: () => recordsOf(open), close });
  } catch (error) {
    close();
    return err(faultOf(path, error, "read"));
  }
}

function headerOf(database: DatabaseSync): JournalHeader | undefined {
  try {
    const row = database.prepare("SELECT body FROM record WHERE sequence = 0").get();
    return typeof row?.["body"] === "string" ? headerIn(row["body"]) : undefined;
  } catch {
    return undefined;
  }
}

const PAGE_RECORDS = 1000;
const SELECT =
  "SELECT sequence, kind, position, body, chain FROM record WHERE sequence >= ? " +
  "ORDER BY sequence LIMIT ?";

function* recordsOf(database: DatabaseSync): IterableIterator<SalvagedRecord> {
  const chain = new Chain();
  let expected = 0;
  let isProved = true;
  for (let from = 0; ;) {
    let rows: readonly Readonly<Record<string, unknown>>[];
    try {
      rows = database.prepare(SELECT).all(from, PAGE_RECORDS);
    } catch {
      return;
    }
    for (const { sequence, kind, position, body, chain: hash } of rows) {
      from = Number(sequence) + 1;
      const isText = typeof kind === "string" && typeof body === "string";
      isProved &&=
        isText &&
        sequence === expected &&
        Number.isSafeInteger(position) &&
        hash instanceof Uint8Array &&
        chain.next(expected, kind, Number(position), body).equals(hash);
      expected += 1;
      if (isText && sequence !== 0) yield { sequence: Number(sequence), kind, body, isProved };
    }
    if (rows.length < PAGE_RECORDS) return;
  }
}
