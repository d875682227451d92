/**
 * Byte source: the bytes that an event file is read from, at any place.
 *
 * A file is opened for each read and closed again: a reader may be left in the middle by whoever
 * uses it, and then holds nothing. That costs tens of microseconds a block.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";

export interface ByteSource {
  readonly size: number;
  /** Fewer bytes where the source ends. Valid until the next call. */
  read(offset: number, length: number): Buffer;
}

export class FileBytes implements ByteSource {
  readonly size: number;
  readonly #path: string;
  #buffer = Buffer.alloc(0);

  /** @throws what `stat` throws */
  constructor(path: string) {
    this.#path = path;
    // Not opened: a pipe would lose what is in it.
    this.size = statSync(path).size;
  }

  read(offset: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    if (wanted === 0) return Buffer.alloc(0);
    if (this.#buffer.length < wanted) this.#buffer = Buffer.allocUnsafeSlow(wanted);
    const file = openSync(this.#path, "r");
    try {
      let done = 0;
      while (done < wanted) {
        const read = readSync(file, this.#buffer, done, wanted - done, offset + done);
        if (read === 0) break;
        done += read;
      }
      return this.#buffer.subarray(0, done);
    } finally {
      closeSync(file);
    }
  }
}

export class MemoryBytes implements ByteSource {
  readonly size: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Buffer {
    return this.#bytes.subarray(offset, offset + length);
  }
}
