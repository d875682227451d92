/**
 * Zip writer: a zip archive from the front to the end, in constant memory.
 *
 * Every size is written as ZIP64, so no member is too large for it. What must stay true: equal
 * input gives equal bytes.
 */
import { writeSync } from "node:fs";
import { constants, crc32, deflateRawSync } from "node:zlib";

/** The disk's own error, told from all that is a mistake of the program. */
export class DiskError extends Error {
  override readonly name = "DiskError";
}

interface ZipEntry {
  readonly name: string;
  readonly offset: number;
  readonly method: number;
  readonly crc: number;
  readonly stored: number;
  readonly raw: number;
}

const LOCAL_HEADER_BYTES = 30;
/** Both sizes as ZIP64, behind the name. */
const WIDE_BYTES = 20;
const PIECE_BYTES = 1 << 20;
/** 1980-01-01, as NumPy writes it: equal input gives equal bytes. */
const DATE = 0x21;

/**
 * A zip written from the front. The member's size and checksum are put into its header when they
 * are known. Pieces are packed one by one and joined: deflate's blocks end on whole bytes there.
 */
export class ZipWriter {
  bytes = 0;
  readonly #file: number;
  readonly #level: number;
  readonly #entries: ZipEntry[] = [];
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  #filled = 0;
  #name = "";
  #offset = 0;
  #crc = 0;
  #raw = 0;

  constructor(file: number, level: number) {
    this.#file = file;
    this.#level = level;
  }

  /** A small member, as it is. */
  stored(name: string, content: Buffer): void {
    const { length } = content;
    const entry = { name, offset: this.bytes, method: 0, crc: crc32(content) };
    const whole = { ...entry, stored: length, raw: length };
    this.#put(localHeader(whole));
    this.#put(content);
    this.#entries.push(whole);
  }

  begin(name: string): void {
    this.#name = name;
    this.#offset = this.bytes;
    this.#crc = 0;
    this.#raw = 0;
    const entry = { name, offset: this.bytes, method: 0, crc: 0, stored: 0, raw: 0 };
    this.#put(localHeader(entry));
  }

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const count = Math.min(bytes.length - from, PIECE_BYTES - this.#filled);
      this.#piece.set(bytes.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled === PIECE_BYTES) this.#pack(false);
    }
  }

  end(): void {
    this.#pack(true);
    const headerBytes = LOCAL_HEADER_BYTES + this.#name.length + WIDE_BYTES;
    const entry = {
      name: this.#name,
      offset: this.#offset,
      method: this.#level === 0 ? 0 : 8,
      crc: this.#crc,
      stored: this.bytes - this.#offset - headerBytes,
      raw: this.#raw,
    };
    this.#putAt(localHeader(entry), this.#offset);
    this.#entries.push(entry);
  }

  finish(): void {
    const start = this.bytes;
    for (const entry of this.#entries) this.#put(centralHeader(entry));
    this.#put(endRecords(this.#entries.length, this.bytes - start, start));
  }

  #pack(isFinal: boolean): void {
    const piece = this.#piece.subarray(0, this.#filled);
    this.#crc = crc32(piece, this.#crc);
    this.#raw += piece.length;
    this.#filled = 0;
    if (this.#level === 0) this.#put(piece);
    else {
      const finishFlush = isFinal ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
      this.#put(deflateRawSync(piece, { level: this.#level, finishFlush }));
    }
  }

  #put(bytes: Uint8Array): void {
    this.#putAt(bytes, this.bytes);
    this.bytes += bytes.length;
  }

  #putAt(bytes: Uint8Array, offset: number): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.#file, bytes, done, bytes.length - done, offset + done);
      }
    } catch (cause) {
      throw new DiskError("the disk does not take it", { cause });
    }
  }
}

function localHeader({ name, method, crc, stored, raw }: ZipEntry): Buffer {
  const header = Buffer.alloc(LOCAL_HEADER_BYTES + name.length + WIDE_BYTES);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(45, 4);
  header.writeUInt16LE(method, 8);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(0xffffffff, 18);
  header.writeUInt32LE(0xffffffff, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(WIDE_BYTES, 28);
  header.write(name, 30, "latin1");
  const wide = LOCAL_HEADER_BYTES + name.length;
  header.writeUInt16LE(1, wide);
  header.writeUInt16LE(16, wide + 2);
  header.writeBigUInt64LE(BigInt(raw), wide + 4);
  header.writeBigUInt64LE(BigInt(stored), wide + 12);
  return header;
}

function centralHeader({ name, offset, method, crc, stored, raw }: ZipEntry): Buffer {
  const header = Buffer.alloc(46 + name.length + 28);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(45, 4);
  header.writeUInt16LE(45, 6);
  header.writeUInt16LE(method, 10);
  header.writeUInt16LE(DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(0xffffffff, 20);
  header.writeUInt32LE(0xffffffff, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(28, 30);
  header.writeUInt32LE(0xffffffff, 42);
  header.write(name, 46, "latin1");
  const wide = 46 + name.length;
  header.writeUInt16LE(1, wide);
  header.writeUInt16LE(24, wide + 2);
  header.writeBigUInt64LE(BigInt(raw), wide + 4);
  header.writeBigUInt64LE(BigInt(stored), wide + 12);
  header.writeBigUInt64LE(BigInt(offset), wide + 20);
  return header;
}

/** The wide end record, its locator, and the old end record that points to them. */
function endRecords(entries: number, size: number, start: number): Buffer {
  const records = Buffer.alloc(56 + 20 + 22);
  records.writeUInt32LE(0x06064b50, 0);
  records.writeBigUInt64LE(44n, 4);
  records.writeUInt16LE(45, 12);
  records.writeUInt16LE(45, 14);
  records.writeBigUInt64LE(BigInt(entries), 24);
  records.writeBigUInt64LE(BigInt(entries), 32);
  records.writeBigUInt64LE(BigInt(size), 40);
  records.writeBigUInt64LE(BigInt(start), 48);
  records.writeUInt32LE(0x07064b50, 56);
  records.writeBigUInt64LE(BigInt(start + size), 64);
  records.writeUInt32LE(1, 72);
  records.writeUInt32LE(0x06054b50, 76);
  records.writeUInt16LE(entries, 84);
  records.writeUInt16LE(entries, 86);
  records.writeUInt32LE(0xffffffff, 88);
  records.writeUInt32LE(0xffffffff, 92);
  return records;
}
