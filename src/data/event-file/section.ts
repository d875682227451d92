/**
 * Section: the frame around each part of an event file, and its CRC.
 *
 * The CRC covers frame and payload and starts from the header's, so that a section of another file,
 * of another place, or twice, does not fit. What must stay true: no length that is read here is
 * believed before it has been bounded.
 */
import { crc32 } from "node:zlib";
import { damaged } from "./damage.ts";

export const SectionTag = {
  /** "ARVB": market rows. */
  BLOCK: 0x42565241,
  /** "ARVS": the books before the next block; sequential readers pass over it. */
  SNAPSHOT: 0x53565241,
  /** "ARVI": where all the others are. */
  INDEX: 0x49565241,
} as const;
export type SectionTag = (typeof SectionTag)[keyof typeof SectionTag];

export const FRAME = 64;
/** No block has more rows: what a reader must be ready to hold, 29 bytes each. */
export const MOST_ROWS = 1 << 20;
/** Every column at its widest, and the heads of the columns. */
const WIDEST_ROW = 32;
const HEADS = 1024;
export const mostBytes = (rows: number): number => rows * WIDEST_ROW + HEADS;
/** Far more sections than a disk could hold blocks. */
const MOST_ENTRIES = 1 << 24;
export const INDEX_ENTRY = 48;

export interface Frame {
  readonly tag: SectionTag;
  /** Place among all sections, from 0. */
  readonly ordinal: number;
  /** Number of the block; of a snapshot, of the one behind it; of the index, how many there are. */
  readonly block: number;
  /** Rows; of the index, entries. */
  readonly rows: number;
  readonly runs: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly compressed: boolean;
  /** Least and greatest local time of the rows, nanoseconds since the epoch. */
  readonly from: number;
  readonly until: number;
  /** Rows in all blocks before this section. */
  readonly rowsBefore: number;
}

/** @param payload all of it, in one piece or several. */
export function encodeFrame(
  frame: Frame,
  payload: Iterable<Uint8Array>,
  headerCrc: number,
): Buffer {
  const bytes = Buffer.alloc(FRAME);
  bytes.writeUInt32LE(frame.tag, 0);
  bytes.writeUInt32LE(frame.ordinal, 4);
  bytes.writeUInt32LE(frame.block, 8);
  bytes.writeUInt32LE(frame.rows, 12);
  bytes.writeUInt32LE(frame.runs, 16);
  bytes.writeUInt32LE(frame.rawBytes, 20);
  bytes.writeUInt32LE(frame.storedBytes, 24);
  bytes.writeUInt32LE(frame.compressed ? 1 : 0, 28);
  bytes.writeDoubleLE(frame.from, 32);
  bytes.writeDoubleLE(frame.until, 40);
  bytes.writeDoubleLE(frame.rowsBefore, 48);
  let crc = crc32(bytes.subarray(0, 60), headerCrc);
  for (const piece of payload) crc = crc32(piece, crc);
  bytes.writeUInt32LE(crc, 60);
  return bytes;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Reads a frame and bounds everything in it. The CRC is not yet known to fit. */
export function decodeFrame(bytes: Buffer): Frame {
  const tag = bytes.readUInt32LE(0) as SectionTag;
  const frame: Frame = {
    tag,
    ordinal: bytes.readUInt32LE(4),
    block: bytes.readUInt32LE(8),
    rows: bytes.readUInt32LE(12),
    runs: bytes.readUInt32LE(16),
    rawBytes: bytes.readUInt32LE(20),
    storedBytes: bytes.readUInt32LE(24),
    compressed: bytes.readUInt32LE(28) === 1,
    from: bytes.readDoubleLE(32),
    until: bytes.readDoubleLE(40),
    rowsBefore: bytes.readDoubleLE(48),
  };
  const { rows, runs, rawBytes, storedBytes } = frame;
  if (bytes.readUInt32LE(28) > 1 || bytes.readUInt32LE(56) !== 0) damaged("an unknown codec");
  if (!isCount(frame.from) || !isCount(frame.until) || !isCount(frame.rowsBefore)) {
    damaged("a time that is none");
  }
  if (tag === SectionTag.INDEX) {
    const isBounded = rows <= MOST_ENTRIES && rawBytes === rows * INDEX_ENTRY;
    if (!isBounded || storedBytes !== rawBytes || frame.compressed) damaged("an index of no size");
    return frame;
  }
  if (tag !== SectionTag.BLOCK && tag !== SectionTag.SNAPSHOT) damaged("no section begins here");
  if (rows < 1 || rows > MOST_ROWS || runs < 1 || runs > rows) damaged("a block of no true size");
  if (rawBytes > mostBytes(rows) || storedBytes > rawBytes) damaged("a block of no true length");
  if (!frame.compressed && storedBytes !== rawBytes) damaged("a block of two lengths");
  return frame;
}

/** `section` is the frame and its payload. */
export function hasTrueCrc(section: Buffer, headerCrc: number): boolean {
  const crc = crc32(section.subarray(FRAME), crc32(section.subarray(0, 60), headerCrc));
  return crc === section.readUInt32LE(60);
}
