/**
 * Recorder: exchanges, appended to a file for `recorded:FILE` to play and `explain` to read.
 *
 * It is told every exchange that a run is given, whoever it came from, so that each hash in a
 * journal is found here. What must stay true: recording never delays, changes or fails an answer;
 * what stands in the file is never written over; and what a crash tore is left behind.
 */
import { type FileHandle, open } from "node:fs/promises";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { AdvisorFault, Exchange, Transcript } from "./advisor.ts";
import { fileFault } from "./file-fault.ts";
import { LINE_BEGINS } from "./transcript-file.ts";

export interface ExchangeRecorder {
  append(exchange: Exchange): void;
  /** Whatever was appended is written. Twice is once. */
  close(): Promise<void>;
}

export interface RecorderOptions {
  /** Told once, in words, when nothing can be written any more. */
  readonly onFault?: (text: string) => void;
}

export async function openRecorder(
  path: string,
  options: RecorderOptions = {},
): Promise<Result<ExchangeRecorder, AdvisorFault>> {
  let file: FileHandle | undefined;
  try {
    // It tells what an order was about: for the owner alone.
    file = await open(path, "a+", 0o600);
    const { size } = await file.stat();
    const head = await textAt(file, 0, Math.min(size, LINE_BEGINS.length));
    if (!LINE_BEGINS.startsWith(head)) {
      await file.close();
      return unusable(path, "it holds something else: name another file");
    }
    const isTorn = size > 0 && (await textAt(file, size - 1, 1)) !== "\n";
    return ok(new Recorder(path, file, isTorn, options));
  } catch (error) {
    await file?.close().catch(() => undefined);
    return unusable(path, fileFault(error));
  }
}

async function textAt(file: FileHandle, at: number, length: number): Promise<string> {
  if (length === 0) return "";
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.toString("latin1", 0, bytesRead);
}

const unusable = (path: string, why: string): Result<never, AdvisorFault> =>
  err({ code: "ADVISOR_FILE", text: `exchanges cannot be recorded to ${path}: ${why}` });

class Recorder implements ExchangeRecorder {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #onFault: (text: string) => void;
  /** A crash has cut the last line off: the next begins its own. */
  #isTorn: boolean;
  /** Writes one after the other. */
  #written: Promise<void> = Promise.resolve();
  #hasFailed = false;
  #closed: Promise<void> | undefined;

  constructor(path: string, file: FileHandle, isTorn: boolean, { onFault }: RecorderOptions) {
    this.#path = path;
    this.#file = file;
    this.#isTorn = isTorn;
    this.#onFault = onFault ?? (() => undefined);
  }

  append({ transcript }: Exchange): void {
    if (this.#hasFailed || this.#closed !== undefined) return;
    this.#written = this.#written.then(() => this.#write(transcript));
  }

  close(): Promise<void> {
    this.#closed ??= this.#written.then(() => this.#file.close().catch(() => undefined));
    return this.#closed;
  }

  async #write(transcript: Transcript): Promise<void> {
    try {
      const line = `${this.#isTorn ? "\n" : ""}${canonicalJson(transcript)}\n`;
      this.#isTorn = false;
      await this.#file.appendFile(line);
    } catch (error) {
      this.#fail(fileFault(error));
    }
  }

  #fail(why: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFault(`exchanges are no longer recorded to ${this.#path}: ${why}`);
  }
}
