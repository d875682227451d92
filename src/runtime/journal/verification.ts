/**
 * Verification: follows the chain through a journal's records, from the header or from a record in
 * the middle whose own hash is known.
 *
 * What must stay true: nothing is shown of a journal before this has passed over it.
 */
import { hash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { badRecord, Chain, messageOf } from "./format.ts";
import type { CheckpointMark, JournalFault, JournalHeader, JournalRecord } from "./journal.ts";
import { type RecordRow, recordPages } from "./record-pages.ts";

export interface Verified {
  /** Only of a walk that began with it. */
  readonly header: JournalHeader | undefined;
  /** Sequence of the last record. */
  readonly count: number;
  /** Chain hash of the last record. */
  readonly head: Uint8Array;
  readonly checkpoints: readonly CheckpointMark[];
  /** The last session that a record of this walk tells of: 1 where none does. */
  readonly session: number;
}

export interface WalkStart {
  readonly sequence: number;
  /** Of the record before it. */
  readonly chain: Uint8Array;
}

/**
 * @param end sequence of the last record that is looked at; absent: of the last there is.
 * @param onRecord is shown each event and output that is sound.
 */
export function verifyRecords(
  path: string,
  database: DatabaseSync,
  format: number,
  start?: WalkStart,
  end = Number.MAX_SAFE_INTEGER,
  onRecord?: (record: JournalRecord) => void,
): Result<Verified, JournalFault> {
  const walk = new Walk(format, start);
  try {
    for (const rows of recordPages(database, walk.expected, end)) {
      for (const row of rows) {
        const why = walk.take(row);
        if (why !== undefined) return err(badRecord(path, walk.expected, why));
        if (onRecord !== undefined && isRecord(row)) onRecord(recordOf(row));
      }
    }
  } catch (error) {
    const message = messageOf(error);
    const why = message.includes("no such table: record") ? UNBEGUN : message;
    return err(badRecord(path, walk.expected, why));
  }
  return walk.isEmpty ? err(badRecord(path, walk.expected, UNBEGUN)) : ok(walk.verified);
}

const UNBEGUN = "there is none: it was cut off before anything was journaled, or that is lost";

/** Of rows that have been verified: an event or an output. */
export const isRecord = ([, kind]: RecordRow): boolean => kind === "event" || kind === "output";

export const recordOf = ([sequence, kind, position, body]: RecordRow): JournalRecord =>
  ({ sequence, kind, position, body }) as JournalRecord;

class Walk {
  expected: number;
  readonly #first: number;
  readonly #hasCheckpoints: boolean;
  readonly #chain: Chain;
  readonly #checkpoints: CheckpointMark[] = [];
  #header: JournalHeader | undefined;
  #session = 1;

  constructor(format: number, start: WalkStart | undefined) {
    this.expected = start?.sequence ?? 0;
    this.#first = this.expected;
    this.#hasCheckpoints = format > 1;
    this.#chain = new Chain(start?.chain);
  }

  get isEmpty(): boolean {
    return this.expected === this.#first;
  }

  get verified(): Verified {
    return {
      header: this.#header,
      count: this.expected - 1,
      head: this.#chain.last,
      checkpoints: this.#checkpoints,
      session: this.#session,
    };
  }

  /** @returns what is wrong with it, where something is. */
  take([number, kind, position, body, chain]: RecordRow): string | undefined {
    const sequence = this.expected;
    const good =
      number === sequence &&
      typeof kind === "string" &&
      this.#isKnown(kind) &&
      typeof position === "number" &&
      position >= 0 &&
      typeof body === "string" &&
      chain instanceof Uint8Array &&
      this.#chain.next(sequence, kind, position, body).equals(chain);
    if (!good) return "it does not match its chain hash";
    if (sequence === 0) {
      this.#header = headerIn(body);
      if (this.#header === undefined) return "it is no header";
    } else if (kind === "checkpoint") {
      const mark = markOf(sequence, position, body);
      if (mark === undefined) return "it is no checkpoint";
      this.#checkpoints.push(mark);
      this.#session = mark.session;
    } else if (kind === "event") this.#session = sessionOf(sequence, body) ?? this.#session;
    this.expected += 1;
    return undefined;
  }

  #isKnown(kind: string): boolean {
    if (this.expected === 0) return kind === "header";
    return kind === "event" || kind === "output" || (kind === "checkpoint" && this.#hasCheckpoints);
  }
}

/** Undefined where it lacks what every reader asks for: hashes may fit around any text. */
export function headerIn(body: string): JournalHeader | undefined {
  const header = JSON.parse(body) as Partial<JournalHeader> | null;
  const isHeader =
    typeof header === "object" &&
    typeof header?.program === "string" &&
    Number.isSafeInteger(header.nodeMajor) &&
    Number.isSafeInteger(header.seed);
  return isHeader ? (header as JournalHeader) : undefined;
}

const RESUMED = '"kind":"session-resumed"';

/** Of an event with which a session begins; undefined of every other. */
function sessionOf(sequence: number, body: string): number | undefined {
  if (!body.includes(RESUMED)) return undefined;
  const { kind, session } = JSON.parse(body) as { kind: unknown; session: unknown };
  return kind === "session-resumed" && isSession(session, sequence) ? session : undefined;
}

/** Each but the first has a record at least. */
const isSession = (session: unknown, sequence: number): session is number =>
  Number.isSafeInteger(session) && Number(session) >= 1 && Number(session) <= sequence + 1;

export function markOf(
  sequence: number,
  position: number,
  body: string,
): CheckpointMark | undefined {
  const told = JSON.parse(body) as Record<string, unknown>;
  const { hash: digest, bytes, session, archives = "" } = told;
  if (typeof digest !== "string" || typeof archives !== "string") return undefined;
  if (typeof bytes !== "number" || !isSession(session, sequence)) return undefined;
  return { sequence, position, hash: digest, bytes, archives, session };
}

/** Body of a checkpoint's record, as canonical JSON. */
export const checkpointBody = (state: string, session: number, archives: string): string =>
  `{${archives === "" ? "" : `"archives":"${archives}",`}"bytes":${Buffer.byteLength(state)},` +
  `"hash":"${hash("sha256", state)}","session":${session}}`;

/** Over one more text that was archived. */
export const archivesWith = (archives: string, text: string): string =>
  hash("sha256", archives + text);
