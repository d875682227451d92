/**
 * Slots: numbered places whose figures stand in typed arrays, the free ones in a linked list.
 *
 * What must stay true: growing changes no slot that is in use.
 */

/** Ends a list of free slots. */
const NONE = -1;

/** Each place leads to the next, the last to none. */
export function freeList(capacity: number, from = 0): Int32Array {
  const list = new Int32Array(capacity);
  for (let at = from; at < capacity - 1; at++) list[at] = at + 1;
  list[capacity - 1] = NONE;
  return list;
}

/** Twice as long: all of the new half is free. */
export function grownFreeList(list: Int32Array): Int32Array {
  const larger = freeList(list.length * 2, list.length);
  larger.set(list);
  return larger;
}

export function grownInt(column: Int32Array): Int32Array {
  const larger = new Int32Array(column.length * 2);
  larger.set(column);
  return larger;
}

export function grownFloat(column: Float64Array): Float64Array {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
