/**
 * Index section: where every other section of an event file stands, written when it is sealed.
 *
 * It saves the reader a pass over the file and proves that nothing is missing. What must stay true:
 * entries tile the file without a gap, or the index is not believed.
 */
import { crc32 } from "node:zlib";
import { damaged } from "./damage.ts";
import { FRAME, type Frame, INDEX_ENTRY, MOST_ROWS, mostBytes, SectionTag } from "./section.ts";

/** A frame, and where it stands. */
export type Entry = Pick<
  Frame,
  "tag" | "block" | "rows" | "storedBytes" | "from" | "until" | "rowsBefore"
> & { readonly offset: number };

export const TRAILER = 24;
const TRAILER_TAG = 0x5a565241; // "ARVZ"

export function encodeIndex(entries: readonly Entry[]): Buffer {
  const bytes = Buffer.alloc(entries.length * INDEX_ENTRY);
  for (const [index, entry] of entries.entries()) {
    const at = index * INDEX_ENTRY;
    bytes.writeUInt32LE(entry.tag, at);
    bytes.writeUInt32LE(entry.block, at + 4);
    bytes.writeUInt32LE(entry.rows, at + 8);
    bytes.writeUInt32LE(entry.storedBytes, at + 12);
    bytes.writeBigUInt64LE(BigInt(entry.offset), at + 16);
    bytes.writeDoubleLE(entry.from, at + 24);
    bytes.writeDoubleLE(entry.until, at + 32);
    bytes.writeDoubleLE(entry.rowsBefore, at + 40);
  }
  return bytes;
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
