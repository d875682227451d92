/**
 * Ordering: one sequence of messages that serves two clocks.
 *
 * The engine meets messages in the order in which they were received, the venue in the order in
 * which they happened. Where the two orders agree a message stands once; where they differ, twice,
 * once for each side. The messages that stand once are the common subsequence of both orders
 * with the most rows, so no order doubles fewer rows. What must stay true: each side, looking only
 * at its own rows, sees the stable sort of all messages by its own clock.
 */
import { ENGINE_ONLY, VENUE_ONLY } from "../core/market/columns.ts";

export interface MessageOrder {
  /** Numbers of the input's messages, in output order; one that is doubled occurs twice. */
  readonly messages: Int32Array;
  /** Per entry of `messages`: 0 (both sides), `ENGINE_ONLY` or `VENUE_ONLY`. */
  readonly flags: Uint8Array;
  /** Messages that occur twice. */
  readonly doubled: number;
}

/** `rows`: how many rows each message has, at least one. */
export function orderMessages(
  exchangeTimes: Float64Array,
  localTimes: Float64Array,
  rows: Int32Array,
): MessageOrder {
  const length = exchangeTimes.length;
  const byLocal = stableOrder(localTimes);
  const byExchange = stableOrder(exchangeTimes);
  const rank = new Int32Array(length);
  for (let place = 0; place < length; place++) rank[byExchange[place]!] = place;
  const common = heaviestRising(byLocal, rank, rows);

  const doubled = length - common.length;
  const messages = new Int32Array(length + doubled);
  const flags = new Uint8Array(length + doubled);
  let out = 0;
  let venue = 0;
  let engine = 0;
  const put = (message: number, flag: number): void => {
    messages[out] = message;
    flags[out++] = flag;
  };
  for (let index = 0; index <= common.length; index++) {
    const shared = index < common.length ? common[index]! : -1;
    while (venue < length && byExchange[venue] !== shared) put(byExchange[venue++]!, VENUE_ONLY);
    while (engine < length && byLocal[engine] !== shared) put(byLocal[engine++]!, ENGINE_ONLY);
    if (shared < 0) break;
    put(shared, 0);
    venue += 1;
    engine += 1;
  }
  return { messages, flags, doubled };
}

function stableOrder(times: Float64Array): Int32Array {
  const order = new Int32Array(times.length);
  let sorted = true;
  for (let index = 0; index < times.length; index++) {
    order[index] = index;
    if (index > 0 && times[index]! < times[index - 1]!) sorted = false;
  }
  if (!sorted) order.sort((a, b) => times[a]! - times[b]! || a - b);
  return order;
}

/**
 * The run of messages, in `byLocal` order, whose ranks rise and whose rows are the most. Where the
 * two orders agree as sets, up to some place, the search starts anew: mostly at every message.
 */
function heaviestRising(byLocal: Int32Array, rank: Int32Array, rows: Int32Array): Int32Array {
  const common = new Int32Array(byLocal.length);
  let length = 0;
  let from = 0;
  let highest = -1;
  for (let place = 0; place < byLocal.length; place++) {
    highest = Math.max(highest, rank[byLocal[place]!]!);
    if (highest !== place) continue;
    if (place === from) common[length++] = byLocal[place]!;
    else {
      const run = heaviestRun(byLocal.subarray(from, place + 1), rank, rows, from);
      for (const message of run) common[length++] = message;
    }
    from = place + 1;
  }
  return common.subarray(0, length);
}

/** The same within one disordered stretch, whose ranks begin at `base`; by a tree of maxima. */
function heaviestRun(
  stretch: Int32Array,
  rank: Int32Array,
  rows: Int32Array,
  base: number,
): number[] {
  const size = stretch.length;
  /** Places in the stretch, plus one; 0 = none. */
  const tree = new Int32Array(size + 1);
  const weight = new Float64Array(size + 1);
  const previous = new Int32Array(size + 1);
  let heaviest = 0;
  for (let place = 1; place <= size; place++) {
    const message = stretch[place - 1]!;
    const own = rank[message]! - base + 1;
    let before = 0;
    for (let node = own - 1; node > 0; node -= node & -node) {
      if (weight[tree[node]!]! > weight[before]!) before = tree[node]!;
    }
    previous[place] = before;
    weight[place] = weight[before]! + rows[message]!;
    for (let node = own; node <= size; node += node & -node) {
      if (weight[place]! > weight[tree[node]!]!) tree[node] = place;
    }
    if (weight[place]! > weight[heaviest]!) heaviest = place;
  }
  const run: number[] = [];
  for (let place = heaviest; place > 0; place = previous[place]!) run.push(stretch[place - 1]!);
  return run.toReversed();
}
