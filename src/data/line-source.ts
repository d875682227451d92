/**
 * Line source: the lines of a plain, gzip, zstd or zip file, as a stream.
 *
 * Compression is told by the first bytes, never by the name. Memory stays bounded whatever the file
 * claims: one line is the most that is held. An archive that is cut off yields every whole line
 * before the cut, and then says where it is; of a damaged one the last few may be lost with it.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import type { Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Unzip, UnzipInflate } from "fflate";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type DataFault, openFault } from "./fault.ts";

export interface RecordingSource {
  /** Base name. */
  readonly name: string;
  /** Size of the file as it lies on disk. */
  readonly bytes: number;
  /** Of the file as it lies on disk, hexadecimal. */
  readonly sha256: string;
}

/** Where and why a compressed file ended before its end. */
export interface Truncation {
  readonly file: string;
  /** The last whole line that was read. */
  readonly line: number;
  /** Bytes of a line that was begun but not finished; dropped. */
  readonly partialBytes: number;
  readonly reason: string;
}

export interface LinesEnd {
  readonly source: RecordingSource;
  readonly lines: number;
  readonly truncation?: Truncation;
}

export interface LineOptions {
  /** Bytes. A longer line is a fault: no true message comes near it. */
  readonly maxLineBytes?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told the bytes of the file that have been consumed. */
  readonly onBytes?: (done: number) => void;
  /** Told the name of each member of an archive, before its first line. */
  readonly onMember?: (name: string) => DataFault | undefined;
  /** Waited for before more is read, so that memory stays bounded where somebody is slower. */
  readonly afterChunk?: (read: LinesRead) => Promise<void> | undefined;
  /** What an earlier reading had handed on already: passed over here. */
  readonly skip?: LinesRead | undefined;
}

/** How far into a file. */
export interface LinesRead {
  /** Of the whole file, all members together. */
  readonly lines: number;
  /** Members of an archive that have begun. */
  readonly members: number;
}

/** Gets each line without its end, and its number from 1. A fault returned ends the reading. */
export type OnLine = (text: string, line: number) => DataFault | undefined;

const MAX_LINE_BYTES = 16 << 20;
/** Small, so that even a bomb gives little per step. */
const READ_BYTES = 64 << 10;
/** Unpacked bytes that are handed on at once: at sixteen kilobytes it takes twice as long. */
const CHUNKS = { chunkSize: 64 << 10 };
const NEWLINE = 10;

export async function readLines(
  path: string,
  onLine: OnLine,
  options: LineOptions = {},
): Promise<Result<LinesEnd, DataFault>> {
  return withFile(path, (file) => pump(file, path, onLine, options));
}

/** What `read` makes of an open file; a fault where the system cannot open it or read on. */
export async function withFile<Value>(
  path: string,
  read: (file: FileHandle) => Promise<Result<Value, DataFault>>,
): Promise<Result<Value, DataFault>> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    return err(openFault(path, error));
  }
  try {
    return await read(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && "syscall" in error) {
      return err(openFault(path, error));
    }
    throw error;
  } finally {
    await file.close();
  }
}

async function pump(
  file: FileHandle,
  path: string,
  onLine: OnLine,
  options: LineOptions,
): Promise<Result<LinesEnd, DataFault>> {
  const name = basename(path);
  const splitter = new LineSplitter(name, onLine, options);
  const hash = createHash("sha256");
  let inflator: Inflator | undefined;
  let bytes = 0;
  for (;;) {
    // A fresh buffer each time: the inflator may still hold the last one.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, null);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    bytes += bytesRead;
    hash.update(chunk);
    if (inflator === undefined && isXz(chunk)) return err(xzFault(path));
    inflator ??= inflatorFor(chunk, splitter);
    if (!inflator.broken) await inflator.push(chunk);
    if (splitter.thrown !== undefined) throw splitter.thrown.cause;
    if (splitter.fault !== undefined) break;
    if (options.signal?.aborted === true) {
      splitter.fault = { code: "DATA_ABORTED", text: `${name}: reading was stopped`, file: name };
      break;
    }
    options.onBytes?.(bytes);
    await options.afterChunk?.({ lines: splitter.lines, members: splitter.members });
  }
  const reason = await inflator?.end();
  const partialBytes = splitter.finish(reason !== undefined);
  if (splitter.thrown !== undefined) throw splitter.thrown.cause;
  if (splitter.fault !== undefined) return err(splitter.fault);
  const source = { name, bytes, sha256: hash.digest("hex") };
  const lines = splitter.lines;
  if (reason === undefined) return ok({ source, lines });
  return ok({ source, lines, truncation: { file: name, line: lines, partialBytes, reason } });
}

/** Cuts bytes into lines. Never throws: inside the stream callbacks that would be lost. */
class LineSplitter {
  lines = 0;
  members = 0;
  fault: DataFault | undefined;
  /** What the line's own handler threw: a programmer error, thrown anew outside the callback. */
  thrown: { readonly cause: unknown } | undefined;
  readonly #name: string;
  readonly #onLine: OnLine;
  readonly #onMember: LineOptions["onMember"];
  readonly #maxLineBytes: number;
  readonly #skip: LinesRead;
  /** Of the whole file, where the member in hand begins. */
  #linesBefore = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;

  constructor(name: string, onLine: OnLine, options: LineOptions) {
    this.#name = name;
    this.#onLine = onLine;
    this.#onMember = options.onMember;
    this.#maxLineBytes = options.maxLineBytes ?? MAX_LINE_BYTES;
    this.#skip = options.skip ?? { lines: 0, members: 0 };
  }

  /** Lines are counted anew in each member of an archive. */
  member(name: string): void {
    this.#linesBefore = this.lines;
    this.members += 1;
    if (!this.stopped && this.members > this.#skip.members)
      this.#call(() => this.#onMember?.(name));
  }

  get stopped(): boolean {
    return this.fault !== undefined || this.thrown !== undefined;
  }

  readonly write = (chunk: Buffer): void => {
    let from = 0;
    while (!this.stopped) {
      const to = chunk.indexOf(NEWLINE, from);
      if (to < 0) break;
      if (this.#partBytes === 0) {
        if (this.lines < this.#skip.lines) this.lines += 1;
        else this.#emit(chunk.toString("utf8", from, to));
      } else {
        this.#keep(chunk.subarray(from, to));
        this.#emit(this.#take());
      }
      from = to + 1;
    }
    // The stream may use the chunk's memory again, so what stays is copied.
    if (!this.stopped && from < chunk.length) this.#keep(Buffer.from(chunk.subarray(from)));
  };

  /** Ends the last line. Returns the bytes of it that were dropped, where the file is broken. */
  finish(broken: boolean): number {
    const partial = this.#partBytes;
    if (partial === 0 || this.stopped) return 0;
    if (broken) return partial;
    this.#emit(this.#take());
    return 0;
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
    if (this.#partBytes <= this.#maxLineBytes) return;
    const line = this.lines + 1;
    this.fault = {
      code: "DATA_LINE_TOO_LONG",
      text:
        `${this.#name}:${line}: the line is longer than ${this.#maxLineBytes} bytes; ` +
        "this is not a market recording, or it is damaged",
      file: this.#name,
      line,
    };
  }

  #take(): string {
    const text = Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#partBytes = 0;
    return text;
  }

  #emit(text: string): void {
    if (this.stopped) return;
    this.lines += 1;
    if (this.lines <= this.#skip.lines) return;
    this.#call(() => this.#onLine(text, this.lines - this.#linesBefore));
  }

  #call(handler: () => DataFault | undefined): void {
    try {
      this.fault = handler();
    } catch (cause) {
      this.thrown = { cause };
    }
  }
}

interface Inflator {
  /** Whether more input is useless. */
  readonly broken: boolean;
  push(chunk: Buffer): Promise<void>;
  /** Why the data is not whole; absent when it is. */
  end(): Promise<string | undefined>;
}

const isXz = (head: Buffer): boolean =>
  head.length >= 6 && head.readUIntBE(0, 6) === 0xfd377a585a00;

const xzFault = (path: string): DataFault => ({
  code: "DATA_FORMAT",
  text: `${path}: xz cannot be read here; unpack it first: xz -dk ${path}`,
  file: basename(path),
});

function inflatorFor(head: Buffer, splitter: LineSplitter): Inflator {
  const magic = head.length >= 4 ? head.readUInt32BE(0) : 0;
  if (magic >>> 16 === 0x1f8b) return new StreamInflator(createGunzip(CHUNKS), splitter);
  if (magic === 0x28b52ffd) return new StreamInflator(createZstdDecompress(CHUNKS), splitter);
  if (magic === 0x504b0304) return new ZipInflator(splitter);
  return {
    broken: false,
    push: async (chunk) => splitter.write(chunk),
    end: async () => undefined,
  };
}

/**
 * Gunzip and zstd. Each piece is written and drained before the next, so that when the end is found
 * to be missing, everything before it has already been handed on.
 */
class StreamInflator implements Inflator {
  readonly #stream: Transform;
  readonly #splitter: LineSplitter;
  readonly #closed: Promise<void>;
  #failure: string | undefined;
  /** Ends the wait for the piece in hand: a stream that fails never answers its write. */
  #wake: (() => void) | undefined;

  constructor(stream: Transform, splitter: LineSplitter) {
    this.#stream = stream;
    this.#splitter = splitter;
    this.#closed = new Promise((resolve) => {
      stream.once("close", () => {
        resolve();
        this.#wake?.();
      });
    });
    stream.on("data", (chunk: Buffer) => {
      splitter.write(chunk);
      if (splitter.stopped) stream.destroy();
    });
    stream.on("error", (error: Error) => {
      this.#failure ??= error.message;
    });
  }

  get broken(): boolean {
    return this.#failure !== undefined || this.#stream.destroyed;
  }

  push(chunk: Buffer): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#stream.write(chunk, () => setImmediate(resolve));
    });
  }

  async end(): Promise<string | undefined> {
    if (!this.broken) {
      this.#stream.end();
      await this.#closed;
    }
    return this.#splitter.stopped ? undefined : this.#failure;
  }
}

/** The members of a zip, one after the other. */
class ZipInflator implements Inflator {
  readonly #unzip: Unzip;
  #open = 0;
  #failure: string | undefined;

  constructor(splitter: LineSplitter) {
    this.#unzip = new Unzip((member) => {
      this.#open += 1;
      splitter.member(basename(member.name));
      member.ondata = (error, data, final) => {
        if (error !== null) this.#failure ??= error.message;
        else if (!splitter.stopped) splitter.write(Buffer.from(data));
        if (!final) return;
        this.#open -= 1;
        splitter.finish(false);
      };
      member.start();
    });
    this.#unzip.register(UnzipInflate);
  }

  get broken(): boolean {
    return this.#failure !== undefined;
  }

  push(chunk: Buffer): Promise<void> {
    return this.#step(chunk, false);
  }

  async end(): Promise<string | undefined> {
    if (this.broken) return this.#failure;
    // What fails only now fails because no more is to come.
    await this.#step(Buffer.alloc(0), true);
    return this.broken || this.#open > 0 ? "unexpected end of file" : undefined;
  }

  async #step(chunk: Buffer, final: boolean): Promise<void> {
    try {
      this.#unzip.push(chunk, final);
    } catch (error) {
      this.#failure ??= error instanceof Error ? error.message : String(error);
    }
  }
}
