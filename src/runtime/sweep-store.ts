/**
 * Sweep store: the file in which a sweep keeps each result as soon as it has it.
 *
 * The first line says what sweep it is, every other line holds one unit, each with a checksum. A
 * line that was cut off or damaged is worked again; nothing that was written is written over. What
 * must stay true: a file is gone on with only by the very sweep that began it.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { differences, hashOf, identityOf, type SweepRequest, unitCount } from "./sweep-request.ts";
import type { SweepRow } from "./sweep-unit.ts";

export interface SweepStoreFault {
  readonly code: "SWEEP_EXISTS" | "SWEEP_REQUEST" | "SWEEP_LOG" | "SWEEP_WRITE";
  readonly text: string;
}

export interface SweepStore {
  readonly path: string;
  /** What an earlier run of this sweep has done, by unit. */
  readonly done: ReadonlyMap<number, SweepRow>;
  /** Lines that could not be read: their units are worked again. */
  readonly damaged: number;
  append(row: SweepRow): Result<void, SweepStoreFault>;
  /** Makes what was appended durable. */
  sync(): Result<void, SweepStoreFault>;
  close(): void;
}

const FORMAT = 1;
const CHUNK = 1 << 20;
/** No line of ours is as long: another file is told by that, and not read to its end. */
const LONGEST_LINE = 64 << 20;
/** Results may be lost to a power cut for as long as this many lines take, never to a crash. */
const SYNC_EVERY = 256;

const HEADER = z.strictObject({
  format: z.int(),
  sha256: z.string(),
  request: z.record(z.string(), z.unknown()),
});

const ROW = z.strictObject({
  unit: z.int().min(0),
  cluster: z.int().min(0),
  costBps: z.number(),
  beforeFeesBps: z.number(),
  filled: z.number(),
  makerShare: z.number(),
  completionSeconds: z.number().nullable(),
  phase: z.string(),
});

/** Begins a file, which must not exist yet. */
export function createStore(
  path: string,
  request: SweepRequest,
): Result<SweepStore, SweepStoreFault> {
  const identity = identityOf(request);
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (existsSync(path)) {
      const text = `${path} holds a sweep already: go on with it by --resume, or name another`;
      return err({ code: "SWEEP_EXISTS", text });
    }
    return err({ code: "SWEEP_WRITE", text: `${path} cannot be written: ${messageOf(error)}` });
  }
  const store = new LogStore(path, file, new Map(), 0);
  const begun = store.write({ format: FORMAT, sha256: hashOf(identity), request: identity });
  const synced = begun.ok ? store.sync() : begun;
  if (synced.ok) return ok(store);
  store.close();
  return synced;
}

/** Goes on with a file that the same sweep began. */
export function resumeStore(
  path: string,
  request: SweepRequest,
): Result<SweepStore, SweepStoreFault> {
  let file: number;
  try {
    file = openSync(path, "r+");
  } catch (error) {
    const text = existsSync(path)
      ? `${path} cannot be opened: ${messageOf(error)}`
      : `${path}: there is no sweep to go on with; leave out --resume to begin one`;
    return err({ code: "SWEEP_LOG", text });
  }
  const read = readLog(path, file, request);
  if (!read.ok) {
    closeSync(file);
    return read;
  }
  const { done, damaged, length } = read.value;
  try {
    ftruncateSync(file, length);
  } catch (error) {
    closeSync(file);
    return err({ code: "SWEEP_WRITE", text: `${path}: ${messageOf(error)}` });
  }
  return ok(new LogStore(path, file, done, damaged, length));
}

class LogStore implements SweepStore {
  readonly path: string;
  readonly done: ReadonlyMap<number, SweepRow>;
  readonly damaged: number;
  readonly #file: number;
  #position: number;
  #unsynced = 0;

  constructor(
    path: string,
    file: number,
    done: ReadonlyMap<number, SweepRow>,
    damaged: number,
    position = 0,
  ) {
    this.path = path;
    this.#file = file;
    this.done = done;
    this.damaged = damaged;
    this.#position = position;
  }

  append(row: SweepRow): Result<void, SweepStoreFault> {
    const written = this.write(row);
    if (!written.ok || ++this.#unsynced < SYNC_EVERY) return written;
    return this.sync();
  }

  write(value: object): Result<void, SweepStoreFault> {
    const bytes = Buffer.from(lineOf(value));
    let at = 0;
    try {
      // A disk that is nearly full takes a part and fails on the next.
      while (at < bytes.length) {
        at += writeSync(this.#file, bytes, at, bytes.length - at, this.#position + at);
      }
    } catch (error) {
      return err(this.#fault(error));
    }
    this.#position += bytes.length;
    return ok(undefined);
  }

  sync(): Result<void, SweepStoreFault> {
    try {
      fsyncSync(this.#file);
    } catch (error) {
      return err(this.#fault(error));
    }
    this.#unsynced = 0;
    return ok(undefined);
  }

  close(): void {
    closeSync(this.#file);
  }

  #fault(error: unknown): SweepStoreFault {
    const isFull = /ENOSPC|EDQUOT|EFBIG/.test((error as NodeJS.ErrnoException).code ?? "");
    const why = isFull ? "there is no more room for it" : messageOf(error);
    const text =
      `${this.path} cannot be written further: ${why}; what was written before is whole: ` +
      "make room, then go on with --resume";
    return { code: "SWEEP_WRITE", text };
  }
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");

function lineOf(value: object): string {
  const text = canonicalJson(value);
  return `${checksum(text)} ${text}\n`;
}

/** The JSON of a line; undefined when the line is not as it was written. */
function parsed(line: string): unknown {
  const text = line.slice(9);
  if (line[8] !== " " || line.slice(0, 8) !== checksum(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

interface Log {
  readonly done: Map<number, SweepRow>;
  readonly damaged: number;
  /** Bytes up to the end of the last whole line. */
  readonly length: number;
}

function readLog(path: string, file: number, request: SweepRequest): Result<Log, SweepStoreFault> {
  if (!fstatSync(file).isFile()) {
    return err({ code: "SWEEP_LOG", text: `${path} is not a file` });
  }
  const done = new Map<number, SweepRow>();
  const units = unitCount(request);
  let [damaged, length, isFirst] = [0, 0, true];
  for (const line of wholeLines(file)) {
    length += line.length + 1;
    const value = parsed(line.toString("utf8"));
    if (isFirst) {
      const fault = headerFault(path, value, request);
      if (fault !== undefined) return err(fault);
      isFirst = false;
      continue;
    }
    const row = ROW.safeParse(value);
    if (row.success && row.data.unit < units) done.set(row.data.unit, row.data as SweepRow);
    else damaged += 1;
  }
  if (isFirst) return err(notALog(path));
  return ok({ done, damaged, length });
}

const notALog = (path: string): SweepStoreFault => ({
  code: "SWEEP_LOG",
  text: `${path} does not begin as a sweep does: it is another file, or its first line is damaged`,
});

const MOST_DIFFERENCES = 5;

function headerFault(
  path: string,
  value: unknown,
  request: SweepRequest,
): SweepStoreFault | undefined {
  const header = HEADER.safeParse(value);
  if (!header.success || header.data.format !== FORMAT) return notALog(path);
  const identity = identityOf(request);
  if (header.data.sha256 === hashOf(identity)) return undefined;
  const found = differences(header.data.request, identity);
  if (found.length === 0) return notALog(path);
  const more =
    found.length > MOST_DIFFERENCES ? `; and ${found.length - MOST_DIFFERENCES} more` : "";
  const text =
    `${path} was begun by another sweep: ${found.slice(0, MOST_DIFFERENCES).join("; ")}${more}; ` +
    "ask the same again, or name another output";
  return { code: "SWEEP_REQUEST", text };
}

/** Lines that end in a newline; what stands behind the last one was cut off. */
function* wholeLines(file: number): Generator<Buffer> {
  let rest = Buffer.alloc(0);
  for (let position = 0; ;) {
    const chunk = Buffer.alloc(CHUNK);
    const count = readSync(file, chunk, 0, CHUNK, position);
    if (count === 0) return;
    position += count;
    const text = Buffer.concat([rest, chunk.subarray(0, count)]);
    let from = 0;
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, from)) {
      yield text.subarray(from, end);
      from = end + 1;
    }
    rest = text.subarray(from);
    if (rest.length <= LONGEST_LINE) continue;
    yield rest;
    return;
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
