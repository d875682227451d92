/**
 * Resumer: opens a journal to go on with it: one that was cut off, or one that was closed.
 *
 * It is verified from its latest checkpoint on, without one from the header, and takes the next
 * records where it ends. What must stay true: nothing of the file is changed before it has been
 * found sound, and nobody else writes it meanwhile.
 */
import { hash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, fstatSync, ftruncateSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import {
  badRecord,
  Chain,
  corrupt,
  faultOf,
  FORMAT,
  locked,
  nameOf,
  PAGE_SIZE,
  writing,
} from "./format.ts";
import {
  JournalError,
  type JournalFault,
  type JournalHeader,
  type JournalOptions,
  type JournalRecord,
} from "./journal.ts";
import { diagnose, identify, isUnfinished, structureOf } from "./reader.ts";
import { recordPages } from "./record-pages.ts";
import { readSeal, SEAL_LENGTH, type SealState } from "./seal.ts";
import {
  archivedTexts,
  type KeptRows,
  type KeptTape,
  SideTables,
  storedState,
} from "./side-tables.ts";
import {
  archivesWith,
  headerIn,
  isRecord,
  markOf,
  recordOf,
  type Verified,
  verifyRecords,
} from "./verification.ts";
import { DURABLE, JournalWriter, limitSize, type ResumableSink } from "./writer.ts";

export interface StoredCheckpoint {
  readonly sequence: number;
  readonly position: number;
  readonly state: string;
  /**
   * All that was archived until then, in order; held against its hash when it is asked for.
   * @throws JournalError where it does not fit.
   */
  archives(): Iterable<string>;
  /** Events and outputs before it, their chain followed first. @throws JournalError */
  before(): IterableIterator<JournalRecord>;
}

export interface ResumeOptions extends JournalOptions {
  /** Whether a checkpoint's text can be taken up; others are passed over. Absent: any. */
  readonly isOurs?: ((state: string) => boolean) | undefined;
}

export interface ResumedJournal {
  readonly header: JournalHeader;
  /** The latest whole one; absent: there is none, or it is damaged. */
  readonly checkpoint: StoredCheckpoint | undefined;
  /** Sequence of the last record that was there. */
  readonly count: number;
  /** How many sessions the run has had. */
  readonly sessions: number;
  /** Events and outputs behind the checkpoint, without one all. Verified. */
  records(): IterableIterator<JournalRecord>;
  /** Of the last session, as far as they are not known to be in its event file on the disk. */
  readonly tape: KeptTape | undefined;
  readonly kept: readonly KeptRows[];
  /** Goes on behind the last record. */
  readonly sink: ResumableSink;
}

export function resumeJournal(
  path: string,
  options: ResumeOptions = {},
): Result<ResumedJournal, JournalFault> {
  if (!existsSync(path)) {
    const text = `${path} does not exist: check the name`;
    return err({ code: "JOURNAL_NOT_FOUND", path, text });
  }
  if (writing.has(nameOf(path))) return err(locked(path));
  let held: Held | undefined;
  try {
    const identity = identify(path);
    if (identity !== undefined) return err(identity);
    const seal = isUnfinished(path) ? "absent" : readSeal(path, PAGE_SIZE);
    if (seal !== "absent" && seal !== "intact") return err(diagnose(path, seal));
    held = new Held(path);
    return ok(goOn(path, held, seal, options));
  } catch (error) {
    held?.close();
    return err(error instanceof JournalError ? error.fault : faultOf(path, error, "go on with"));
  }
}

/** The journal's file, which nobody else may write from here on. */
class Held {
  readonly database: DatabaseSync;
  readonly #file: number;

  /** @throws where another process has it. */
  constructor(path: string) {
    // Open until the database is closed: closing it before would drop the database's lock.
    this.#file = openSync(path, "r+");
    try {
      this.database = new DatabaseSync(path);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
    try {
      this.database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  cutSeal(): void {
    ftruncateSync(this.#file, fstatSync(this.#file).size - SEAL_LENGTH);
    fsyncSync(this.#file);
  }

  /** Behind the database, whoever closed that. */
  release(): void {
    closeSync(this.#file);
  }

  close(): void {
    if (this.database.isOpen) this.database.close();
    this.release();
  }
}

/** @throws JournalError where it is not sound, and what SQLite throws. */
function goOn(
  path: string,
  held: Held,
  seal: SealState,
  { commitEvery, maxBytes, isOurs = () => true }: ResumeOptions,
): ResumedJournal {
  const { database } = held;
  const sound = verify(path, database, seal === "intact", isOurs);
  if (seal === "intact") held.cutSeal();
  database.exec(`PRAGMA user_version = ${FORMAT}; ${DURABLE}`);
  limitSize(database, maxBytes);
  const tables = new SideTables(database);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const { header, checkpoint, verified } = sound;
  const sink = new JournalWriter({
    path,
    database,
    tables,
    commitEvery,
    last: {
      sequence: verified.count,
      chain: verified.head,
      wasSealed: seal === "intact",
      archives: sound.archives,
    },
    onClose: () => held.release(),
  });
  writing.add(nameOf(path));
  return {
    header,
    checkpoint,
    count: verified.count,
    sessions: verified.session,
    records: () => sound.behind?.values() ?? recordsIn(database, 1, verified.count),
    tape: tables.tape,
    kept: tables.kept,
    sink,
  };
}

interface Sound {
  readonly header: JournalHeader;
  readonly checkpoint: ResumedJournal["checkpoint"];
  readonly verified: Verified;
  /** Hash over what was archived until the checkpoint. */
  readonly archives: string;
  /** Behind the checkpoint there are few: they are read once. */
  readonly behind?: readonly JournalRecord[];
}

/** @throws JournalError */
function verify(
  path: string,
  database: DatabaseSync,
  isSealed: boolean,
  isOurs: (state: string) => boolean,
): Sound {
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  const short = fromCheckpoint(path, database, Number(version), isOurs);
  if (short !== undefined) return short;
  const verified = verifyRecords(path, database, Number(version));
  if (!verified.ok) throw new JournalError(verified.error);
  const structure = isSealed ? "ok" : structureOf(database);
  if (structure !== "ok") {
    throw new JournalError(badRecord(path, verified.value.count + 1, structure));
  }
  const { header } = verified.value;
  return { header: header!, checkpoint: undefined, verified: verified.value, archives: "" };
}

const RECORD = "SELECT kind, position, body, chain FROM record WHERE sequence = ?";

interface Row {
  readonly kind: string;
  readonly position: number;
  readonly body: string;
  readonly chain: Uint8Array;
}

/** Undefined where something is wrong with it: then all of the journal is looked at. */
function fromCheckpoint(
  path: string,
  database: DatabaseSync,
  format: number,
  isOurs: (state: string) => boolean,
): Sound | undefined {
  const stored = storedState(database);
  if (stored === undefined || stored.sequence < 2) return undefined;
  const { sequence, text } = stored;
  try {
    const read = database.prepare(RECORD);
    const [first, before, own] = [0, sequence - 1, sequence].map(
      (number) => read.get(number) as Row | undefined,
    );
    if (first === undefined || before === undefined || own?.kind !== "checkpoint") return undefined;
    const digest = new Chain().next(0, first.kind, first.position, first.body);
    if (first.kind !== "header" || !digest.equals(first.chain)) return undefined;
    const mark = markOf(sequence, own.position, own.body);
    const isWhole = mark?.bytes === Buffer.byteLength(text) && mark.hash === hash("sha256", text);
    if (!isWhole || !isOurs(text)) return undefined;
    const behind: JournalRecord[] = [];
    const start = { sequence, chain: before.chain };
    const verified = verifyRecords(path, database, format, start, undefined, (record) =>
      behind.push(record),
    );
    if (!verified.ok) return undefined;
    const header = headerIn(first.body);
    if (header === undefined) return undefined;
    const { archives } = mark;
    const checkpoint: StoredCheckpoint = {
      sequence,
      position: own.position,
      state: text,
      archives: () => trueArchives(path, database, sequence, archives),
      before: () => {
        const sound = verifyRecords(path, database, format, undefined, sequence);
        if (!sound.ok) throw new JournalError(sound.error);
        return recordsIn(database, 1, sequence - 1);
      },
    };
    return { header, checkpoint, verified: verified.value, archives, behind };
  } catch {
    return undefined;
  }
}

/** @throws JournalError */
function trueArchives(
  path: string,
  database: DatabaseSync,
  sequence: number,
  archives: string,
): readonly string[] {
  const texts = [...archivedTexts(database, sequence)];
  if (texts.reduce(archivesWith, "") === archives) return texts;
  const text = `${path}: what its checkpoints have archived is damaged; the records tell it all`;
  throw new JournalError(corrupt(path, text));
}

/** Of rows that have been verified, both ends included. */
function* recordsIn(
  database: DatabaseSync,
  from: number,
  until: number,
): IterableIterator<JournalRecord> {
  for (const rows of recordPages(database, from, until)) {
    for (const row of rows) if (isRecord(row)) yield recordOf(row);
  }
}
