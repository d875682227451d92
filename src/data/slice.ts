/**
 * Slice: a part of a recording that replays as the whole does from there on.
 *
 * It begins with a snapshot of the books as the rows before left them: one message, or two where
 * engine and venue have read different rows. What must stay true: at every later message both
 * books are what they are at that message in the whole.
 */
import { LAST, type MarketBlock, sliceOf, VENUE_ONLY } from "../core/market/columns.ts";
import { SnapshotKeeper } from "./event-file/snapshot.ts";

/** In nanoseconds since the header's epoch, by the local clock. */
export interface SliceSpan {
  /** The first message received at this time or after it is the first of the slice. */
  readonly from: number;
  /** The first message received at this time or after it is no longer in it. */
  readonly until: number;
}

export interface SlicePart {
  /** Empty where the rows gone through are not in the span. */
  readonly block: MarketBlock;
  /** Whether these rows were made, not recorded. */
  readonly isSnapshot: boolean;
  /** Rows of the whole that have been gone through. */
  readonly passed: number;
}

/**
 * The snapshot (empty where nothing was known yet), then the rows of the span.
 *
 * Messages stand in the order in which they were received, with copies for the venue alone where
 * the exchange's order differs. So the slice is cut at two places of that order, and each side goes
 * on from what it has read. Blocks are whole messages.
 */
export function* sliceBlocks(
  blocks: Iterable<MarketBlock>,
  { from, until }: SliceSpan,
): Generator<SlicePart, void> {
  const books = new SnapshotKeeper();
  let isInside = false;
  let passed = 0;
  for (const block of blocks) {
    const begin: number = isInside ? 0 : firstAt(block, 0, from);
    if (!isInside) {
      books.take(sliceOf(block, 0, begin));
      isInside = begin < block.length;
      if (isInside) yield { block: books.rows(), isSnapshot: true, passed };
    }
    const end = isInside ? firstAt(block, begin, until) : begin;
    passed += block.length;
    yield { block: sliceOf(block, begin, end), isSnapshot: false, passed };
    if (isInside && end < block.length) return;
  }
}

/** The row with which the first message begins that the engine got at `time` or after it. */
function firstAt({ kind, localTime, length }: MarketBlock, row: number, time: number): number {
  let begin = row;
  for (let at = row; at < length; at++) {
    if ((kind[at]! & VENUE_ONLY) === 0 && localTime[at]! >= time) return begin;
    if ((kind[at]! & LAST) !== 0) begin = at + 1;
  }
  return length;
}
