/**
 * Index section: where every other section of an event file stands, written when it is sealed.
 *
 * It saves the reader a pass over the file and proves that nothing is missing. What must stay true:
 * entries tile the file without a gap, or the index is not believed.
 */
import { crc32 } from "node:zlib";
import type { ByteSource } from "./byte-source.ts";
import { damaged } from "./damage.ts";
import {
  decodeFrame,
  FRAME,
  type Frame,
  INDEX_ENTRY,
  MOST_ROWS,
  mostBytes,
  SectionTag,
} from "./section.ts";

/** A frame, and where it stands. */
export type Entry = Pick<
  Frame,
  "tag" | "block" | "rows" | "storedBytes" | "from" | "until" | "rowsBefore"
> & { readonly offset: number };

export const TRAILER = 24;
const TRAILER_TAG = 0x5a565241; // "ARVZ"

/** So much of a file is looked at at once where its sections are small. */
const WINDOW = 1 << 16;
/** In a piece. */
const ENTRIES = 1 << 10;

/**
 * The payload of the index in pieces, each valid until the next, as the sections of the file tell
 * it: whoever writes them need not remember them.
 *
 * @param first where the first section begins. @param end behind the last. @throws Damage
 */
export function* indexOf(source: ByteSource, first: number, end: number): Generator<Buffer, void> {
  const piece = Buffer.alloc(ENTRIES * INDEX_ENTRY);
  let filled = 0;
  let window = source.read(first, FRAME);
  let windowAt = first;
  let length = 0;
  for (let offset = first; offset < end;) {
    if (offset + FRAME > windowAt + window.length) {
      window = source.read(offset, length < WINDOW ? WINDOW : FRAME);
      windowAt = offset;
    }
    if (window.length - (offset - windowAt) < FRAME) damaged("it ends inside the frame of a block");
    const frame = decodeFrame(window.subarray(offset - windowAt));
    encodeEntry({ ...frame, offset }, piece, filled);
    filled += INDEX_ENTRY;
    length = FRAME + frame.storedBytes;
    offset += length;
    if (offset > end) damaged("its last section is not whole");
    if (filled < piece.length && offset < end) continue;
    yield piece.subarray(0, filled);
    filled = 0;
  }
}

function encodeEntry(entry: Entry, bytes: Buffer, at: number): void {
  bytes.writeUInt32LE(entry.tag, at);
  bytes.writeUInt32LE(entry.block, at + 4);
  bytes.writeUInt32LE(entry.rows, at + 8);
  bytes.writeUInt32LE(entry.storedBytes, at + 12);
  bytes.writeBigUInt64LE(BigInt(entry.offset), at + 16);
  bytes.writeDoubleLE(entry.from, at + 24);
  bytes.writeDoubleLE(entry.until, at + 32);
  bytes.writeDoubleLE(entry.rowsBefore, at + 40);
}

/** @param first where the first section begins. @param end where the index section begins. */
export function decodeIndex(payload: Buffer, first: number, end: number): Entry[] {
  const entries: Entry[] = [];
  let offset = first;
  let block = 0;
  let rowsBefore = 0;
  for (let at = 0; at < payload.length; at += INDEX_ENTRY) {
    const entry: Entry = {
      tag: payload.readUInt32LE(at) as SectionTag,
      block: payload.readUInt32LE(at + 4),
      rows: payload.readUInt32LE(at + 8),
      storedBytes: payload.readUInt32LE(at + 12),
      offset: Number(payload.readBigUInt64LE(at + 16)),
      from: payload.readDoubleLE(at + 24),
      until: payload.readDoubleLE(at + 32),
      rowsBefore: payload.readDoubleLE(at + 40),
    };
    const isBlock = entry.tag === SectionTag.BLOCK;
    if (!isBlock && entry.tag !== SectionTag.SNAPSHOT) damaged("its index names an unknown part");
    if (entry.offset !== offset || entry.block !== block || entry.rowsBefore !== rowsBefore) {
      damaged("the parts of its index do not join");
    }
    if (entry.rows > MOST_ROWS || entry.storedBytes > mostBytes(entry.rows)) {
      damaged("its index names a part of no true size");
    }
    offset += FRAME + entry.storedBytes;
    if (isBlock) {
      block += 1;
      rowsBefore += entry.rows;
    }
    entries.push(entry);
  }
  if (offset !== end) damaged("its index leaves bytes out");
  return entries;
}

/** The last bytes of a sealed file: where the index is, and how long the whole is. */
export function encodeTrailer(indexOffset: number, headerCrc: number): Buffer {
  const bytes = Buffer.alloc(TRAILER);
  bytes.writeBigUInt64LE(BigInt(indexOffset), 0);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16), headerCrc), 16);
  bytes.writeUInt32LE(TRAILER_TAG, 20);
  return bytes;
}

/** Offset of the index; undefined where these bytes are no trailer. */
export function decodeTrailer(bytes: Buffer, headerCrc: number): number | undefined {
  if (bytes.length < TRAILER || bytes.readUInt32LE(20) !== TRAILER_TAG) return undefined;
  if (crc32(bytes.subarray(0, 16), headerCrc) !== bytes.readUInt32LE(16)) return undefined;
  return Number(bytes.readBigUInt64LE(0));
}
