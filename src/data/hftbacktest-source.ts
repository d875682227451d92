/**
 * hftbacktest source: the events of a `.npz` or `.npy` file, in batches, as they are unpacked.
 *
 * A `.npz` is a zip whose members are read from the front, so that of a file that was cut off every
 * whole row before the cut is had. What must stay true: nothing in the file makes memory grow (not
 * its stated number of rows, not a bomb), and what does not fit its checksum is said.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { crc32, createInflateRaw } from "node:zlib";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { Damage } from "./event-file/damage.ts";
import { decodeHeader, headerLength } from "./event-file/header.ts";
import type { DataFault } from "./fault.ts";
import type { EventBatch } from "./hftbacktest-capture.ts";
import {
  arrayHeaderBytes,
  EVENT_BYTES,
  isArrayHead,
  parseArrayHeader,
} from "./hftbacktest-event.ts";
import { type LineOptions, type LinesEnd, withFile } from "./line-source.ts";

/** The member in which Arrival says which instrument the events are of. */
export const STATEMENT = "arrival.header";
const MOST_STATEMENT_BYTES = 1 << 20;

const READ_BYTES = 64 << 10;
const BATCH_ROWS = 1 << 12;
const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
const UNKNOWN = 0xffffffff;

/** Whom the events are handed to. */
export interface EventTaker {
  /** What a file of Arrival's says of its events. */
  state(instrument: Instrument): DataFault | undefined;
  take(batch: EventBatch): DataFault | undefined;
}

/** Whether the first bytes are a NumPy array's, or a zip's whose first member is one. */
export async function isNumpyFile(path: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch {
    // Why it cannot be opened is said by whoever reads it.
    return false;
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    const head = buffer.subarray(0, bytesRead);
    if (isArrayHead(head)) return true;
    if (head.length < LOCAL_HEADER_BYTES || head.readUInt32LE(0) !== LOCAL_HEADER) return false;
    const name = head.toString("latin1", 30, 30 + head.readUInt16LE(26));
    return name.endsWith(".npy") || name === STATEMENT;
  } finally {
    await file.close();
  }
}

/** Reads as `readLines` does; what it calls lines are rows here. */
export async function readEvents(
  path: string,
  taker: EventTaker,
  options: LineOptions = {},
): Promise<Result<LinesEnd, DataFault>> {
  return withFile(path, (file) => new EventReading(file, path, taker, options).read());
}

/** One pass over one file. */
class EventReading {
  readonly #file: FileHandle;
  readonly #name: string;
  readonly #taker: EventTaker;
  readonly #options: LineOptions;
  readonly #array: ArrayRows;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #kept: Buffer = Buffer.alloc(0);
  #fault: DataFault | undefined;
  /** Why the file is not whole. */
  #reason: string | undefined;

  constructor(file: FileHandle, path: string, taker: EventTaker, options: LineOptions) {
    this.#file = file;
    this.#name = basename(path);
    this.#taker = taker;
    this.#options = options;
    this.#array = new ArrayRows(taker, options.skip?.lines ?? 0);
  }

  async read(): Promise<Result<LinesEnd, DataFault>> {
    const head = await this.#exactly(6, false);
    if (head !== undefined && isArrayHead(head)) await this.#pour(Number.POSITIVE_INFINITY);
    else await this.#members();
    this.#array.end();
    const fault = this.#fault ?? this.#array.fault;
    if (fault !== undefined) return err({ ...fault, file: fault.file ?? this.#name });
    if (this.#array.wrong !== undefined) return err(this.#unreadable(this.#array.wrong));
    // The rest is read for the digest alone.
    while ((await this.#some(READ_BYTES)) !== undefined);
    const { rows, partialBytes } = this.#array;
    const source = { name: this.#name, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
    const reason = this.#reason ?? this.#array.missing;
    if (reason === undefined) return ok({ source, lines: rows });
    const truncation = { file: this.#name, line: rows, partialBytes, reason };
    return ok({ source, lines: rows, truncation });
  }

  /** The members before the array, and the array. */
  async #members(): Promise<void> {
    while (this.#fault === undefined && this.#reason === undefined) {
      const member = await this.#member();
      if (member === undefined) return;
      if (member.name.endsWith(".npy")) {
        await this.#events(member);
        return;
      }
      if (member.storedBytes === undefined || member.storedBytes > MOST_STATEMENT_BYTES) {
        this.#fault = this.#unreadable(`begins with ${member.name}, which is no array`);
        return;
      }
      const content = await this.#exactly(member.storedBytes);
      if (content === undefined) this.#reason = "unexpected end of file";
      else if (member.name === STATEMENT) this.#state(content, member);
    }
  }

  async #member(): Promise<Member | undefined> {
    const header = await this.#exactly(LOCAL_HEADER_BYTES);
    if (header === undefined || header.readUInt32LE(0) !== LOCAL_HEADER) {
      this.#fault = this.#unreadable("holds no array of events");
      return undefined;
    }
    const name = await this.#exactly(header.readUInt16LE(26));
    const extra = await this.#exactly(header.readUInt16LE(28));
    if (name === undefined || extra === undefined) {
      this.#reason = "unexpected end of file";
      return undefined;
    }
    return memberOf(header, name.toString("latin1"), extra);
  }

  #state(content: Buffer, member: Member): void {
    try {
      if (member.method !== 0 || crc32(content) !== member.crc) {
        this.#fault = this.#unreadable(`has a damaged ${STATEMENT}`);
      } else if (headerLength(content) === content.length) {
        this.#fault = this.#taker.state(decodeHeader(content).header.instrument);
      } else this.#fault = this.#unreadable(`has a ${STATEMENT} of another length`);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.#fault = this.#unreadable(`has a ${STATEMENT} that cannot be read`);
    }
  }

  async #events(member: Member): Promise<void> {
    const isPacked = member.method === 8;
    if (member.isEncrypted || !(isPacked || (member.method === 0 && member.storedBytes))) {
      this.#fault = this.#unreadable("is packed in a way that cannot be read here");
      return;
    }
    const stored = member.storedBytes ?? Number.POSITIVE_INFINITY;
    if (isPacked) await this.#inflate(stored);
    else await this.#pour(stored);
    const isDamaged =
      this.#reason === undefined && member.crc !== undefined && member.crc !== this.#array.crc;
    if (isDamaged && !this.#array.isStopped) this.#reason = "the checksum does not fit";
  }

  /** Bytes as they are. */
  async #pour(size: number): Promise<void> {
    for (let left = size; left > 0;) {
      const chunk = await this.#some(Math.min(left, READ_BYTES));
      if (chunk === undefined) {
        if (Number.isFinite(size)) this.#reason = "unexpected end of file";
        return;
      }
      left -= chunk.length;
      this.#array.write(chunk);
      if (await this.#mustStop()) return;
    }
  }

  /** Each piece is written and drained before the next, so that nothing before a cut is lost. */
  async #inflate(size: number): Promise<void> {
    const stream = createInflateRaw();
    let failure: string | undefined;
    let wake: (() => void) | undefined;
    const closed = new Promise<void>((resolve) => {
      stream.once("close", () => {
        resolve();
        wake?.();
      });
    });
    stream.on("data", (chunk: Buffer) => {
      this.#array.write(chunk);
      if (this.#array.isStopped) stream.destroy();
    });
    stream.on("error", (error: Error) => {
      failure ??= error.message;
    });
    for (let left = size; left > 0 && !stream.destroyed && !stream.readableEnded;) {
      const chunk = await this.#some(Math.min(left, READ_BYTES));
      if (chunk === undefined) {
        failure = stream.readableEnded ? failure : "unexpected end of file";
        break;
      }
      left -= chunk.length;
      await new Promise<void>((resolve) => {
        wake = resolve;
        stream.write(chunk, () => setImmediate(resolve));
      });
      if (await this.#mustStop()) break;
    }
    if (!stream.destroyed) {
      stream.end();
      await closed;
    }
    this.#array.rethrow();
    if (!this.#array.isStopped && this.#fault === undefined) this.#reason ??= failure;
  }

  async #mustStop(): Promise<boolean> {
    this.#array.rethrow();
    if (this.#array.isStopped) return true;
    if (this.#options.signal?.aborted === true) {
      const text = `${this.#name}: reading was stopped`;
      this.#fault = { code: "DATA_ABORTED", text, file: this.#name };
      return true;
    }
    await this.#options.afterChunk?.({ lines: this.#array.rows, members: 0 });
    return false;
  }

  /** So many bytes, or undefined where the file ends before; `consume`: whether they are gone. */
  async #exactly(size: number, consume = true): Promise<Buffer | undefined> {
    while (this.#kept.length < size) {
      const chunk = await this.#next();
      if (chunk === undefined) return undefined;
      this.#kept = Buffer.concat([this.#kept, chunk]);
    }
    const bytes = this.#kept.subarray(0, size);
    if (consume) this.#kept = this.#kept.subarray(size);
    return bytes;
  }

  async #some(most: number): Promise<Buffer | undefined> {
    if (this.#kept.length === 0) this.#kept = (await this.#next()) ?? this.#kept;
    if (this.#kept.length === 0) return undefined;
    const bytes = this.#kept.subarray(0, most);
    this.#kept = this.#kept.subarray(bytes.length);
    return bytes;
  }

  async #next(): Promise<Buffer | undefined> {
    // A fresh buffer each time: the inflator may still hold the last one.
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(READ_BYTES));
    if (bytesRead === 0) return undefined;
    const chunk = buffer.subarray(0, bytesRead);
    this.#bytes += bytesRead;
    this.#hash.update(chunk);
    this.#options.onBytes?.(this.#bytes);
    return chunk;
  }

  #unreadable(what: string): DataFault {
    return { code: "DATA_FORMAT", text: `${this.#name}: the file ${what}`, file: this.#name };
  }
}

interface Member {
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  /** Undefined where they stand behind the member. */
  readonly storedBytes: number | undefined;
  readonly crc: number | undefined;
}

function memberOf(header: Buffer, name: string, extra: Buffer): Member {
  const flags = header.readUInt16LE(6);
  const isBehind = (flags & 8) !== 0;
  let storedBytes: number | undefined = header.readUInt32LE(18);
  if (storedBytes === UNKNOWN) storedBytes = wideSize(extra);
  return {
    name,
    method: header.readUInt16LE(8),
    isEncrypted: (flags & 1) !== 0,
    storedBytes: isBehind ? undefined : storedBytes,
    crc: isBehind ? undefined : header.readUInt32LE(14),
  };
}

/** The stored size in the ZIP64 field: the second of its numbers. */
function wideSize(extra: Buffer): number | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1 && at + 20 <= extra.length) {
      const size = extra.readBigUInt64LE(at + 12);
      return size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : undefined;
    }
  }
  return undefined;
}

/** The bytes of one array, cut into batches. Never throws: inside a stream that would be lost. */
class ArrayRows {
  rows = 0;
  crc = 0;
  fault: DataFault | undefined;
  /** What makes it no array of events. */
  wrong: string | undefined;
  readonly #taker: EventTaker;
  /** Rows that an earlier reading has handed on. */
  readonly #skip: number;
  readonly #buffer = Buffer.alloc(BATCH_ROWS * EVENT_BYTES);
  readonly #words = new Uint32Array(this.#buffer.buffer, this.#buffer.byteOffset);
  readonly #doubles = new Float64Array(this.#buffer.buffer, this.#buffer.byteOffset);
  #filled = 0;
  #head: Buffer | undefined = Buffer.alloc(0);
  #stated = 0;
  #thrown: { readonly cause: unknown } | undefined;

  constructor(taker: EventTaker, skip: number) {
    this.#taker = taker;
    this.#skip = skip;
  }

  get isStopped(): boolean {
    return this.fault !== undefined || this.wrong !== undefined || this.#thrown !== undefined;
  }

  get partialBytes(): number {
    return this.#filled % EVENT_BYTES;
  }

  /** Why there are fewer rows than stated. */
  get missing(): string | undefined {
    if (this.#head !== undefined) return "it ends within the header of the array";
    if (this.rows === this.#stated) return undefined;
    return `the array should have ${this.#stated} rows`;
  }

  write(chunk: Buffer): void {
    this.crc = crc32(chunk, this.crc);
    let from = this.#head === undefined ? 0 : this.#header(chunk);
    while (from < chunk.length && !this.isStopped) {
      const count = chunk.copy(this.#buffer, this.#filled, from);
      from += count;
      this.#filled += count;
      if (this.#filled === this.#buffer.length) this.#flush();
    }
  }

  end(): void {
    if (!this.isStopped) this.#flush();
    this.rethrow();
  }

  rethrow(): void {
    if (this.#thrown !== undefined) throw this.#thrown.cause;
  }

  /** Returns where the rows begin in the chunk. */
  #header(chunk: Buffer): number {
    const before = this.#head!.length;
    this.#head = Buffer.concat([this.#head!, chunk.subarray(0, 1 << 17)]);
    const size = arrayHeaderBytes(this.#head);
    if (size === undefined || (typeof size === "number" && this.#head.length < size)) {
      return chunk.length;
    }
    const stated = typeof size === "string" ? size : parseArrayHeader(this.#head.subarray(0, size));
    if (typeof stated === "string" || typeof size === "string") {
      this.wrong = String(stated);
      return chunk.length;
    }
    this.#stated = stated;
    this.#head = undefined;
    return size - before;
  }

  #flush(): void {
    const length = Math.floor(this.#filled / EVENT_BYTES);
    if (this.rows + length > this.#stated) {
      this.wrong = `holds more than the ${this.#stated} rows that it states`;
      return;
    }
    this.#hand(length);
    const rest = this.#filled - length * EVENT_BYTES;
    this.#buffer.copy(this.#buffer, 0, length * EVENT_BYTES, this.#filled);
    this.#filled = rest;
    this.rows += length;
  }

  #hand(length: number): void {
    const passed = Math.min(length, Math.max(0, this.#skip - this.rows));
    if (passed === length) return;
    const words = this.#words.subarray((passed * EVENT_BYTES) / 4);
    const doubles = this.#doubles.subarray((passed * EVENT_BYTES) / 8);
    try {
      const first = this.rows + passed + 1;
      this.fault = this.#taker.take({ words, doubles, length: length - passed, first });
    } catch (cause) {
      this.#thrown = { cause };
    }
  }
}
