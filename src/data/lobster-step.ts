/**
 * LOBSTER step: the row of the book before a message, and the message, give the row after it.
 *
 * A row shows the best N levels of each side. When a message empties one of N shown levels, another
 * comes into view from below: no message tells it, so it cannot be known. It is the only such case.
 * What must stay true: everything that `step` says it knows equals the file's own next row.
 */
import { type LobsterMessage, LobsterType } from "./lobster-rows.ts";

const ASK = 0;
const BID = 2;

/** Where the levels of a resting order's side begin in a row. */
export const sideOffset = (direction: number): number => (direction < 0 ? ASK : BID);

/**
 * Writes the row after `message` to `into`. Returns false where the last level of the message's
 * side cannot be known; `into` shows none there.
 */
export function step(before: Int32Array, message: LobsterMessage, into: Int32Array): boolean {
  into.set(before);
  const { type, size, price, direction } = message;
  if (type < LobsterType.SUBMIT || type > LobsterType.EXECUTE) return true;
  const offset = sideOffset(direction);
  const end = before.length;
  let at = offset;
  while (at < end && into[at + 1]! > 0 && isBetter(direction, into[at]!, price)) at += 4;
  // Behind all that is shown: the row does not change.
  if (at >= end) return true;
  const stands = into[at] === price && into[at + 1]! > 0;
  if (type === LobsterType.SUBMIT) {
    if (!stands) {
      for (let cell = end - 4 + offset; cell > at; cell -= 4) copyLevel(into, cell - 4, cell);
      into[at] = price;
      into[at + 1] = 0;
    }
    into[at + 1]! += size;
    return true;
  }
  if (!stands) return true;
  into[at + 1]! -= size;
  if (into[at + 1] !== 0) return true;
  const last = end - 4 + offset;
  const wasFull = before[last + 1]! > 0;
  for (let cell = at; cell < last; cell += 4) copyLevel(into, cell + 4, cell);
  into[last] = 0;
  into[last + 1] = 0;
  return !wasFull;
}

/** Whether two rows are the same, but for the last level of `skipSide` (an offset), if given. */
export function sameRow(a: Int32Array, b: Int32Array, skipSide?: number): boolean {
  const skipped = skipSide === undefined ? -1 : a.length - 4 + skipSide;
  for (let cell = 0; cell < a.length; cell += 2) {
    if (cell === skipped) continue;
    if (a[cell] !== b[cell] || a[cell + 1] !== b[cell + 1]) return false;
  }
  return true;
}

/**
 * Calls `set` for every level that differs between two rows, with its new size. A level that is not
 * in the second row has size 0 now: gone, or out of view.
 */
export function rowChanges(
  before: Int32Array,
  after: Int32Array,
  set: (direction: 1 | -1, price: number, size: number) => void,
): void {
  for (const direction of [-1, 1] as const) {
    const offset = sideOffset(direction);
    let old = offset;
    let now = offset;
    for (;;) {
      const hasOld = old < before.length && before[old + 1]! > 0;
      const hasNow = now < after.length && after[now + 1]! > 0;
      if (!hasOld && !hasNow) break;
      const oldPrice = before[old]!;
      const price = after[now]!;
      if (hasOld && (!hasNow || isBetter(direction, oldPrice, price))) {
        set(direction, oldPrice, 0);
        old += 4;
      } else if (!hasOld || oldPrice !== price) {
        set(direction, price, after[now + 1]!);
        now += 4;
      } else {
        if (before[old + 1] !== after[now + 1]) set(direction, price, after[now + 1]!);
        old += 4;
        now += 4;
      }
    }
  }
}

const isBetter = (direction: number, a: number, b: number): boolean =>
  direction < 0 ? a < b : a > b;

function copyLevel(row: Int32Array, from: number, to: number): void {
  row[to] = row[from]!;
  row[to + 1] = row[from + 1]!;
}
