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
  /** Messages that are held back, in the input's order: see `orderSettled`. */
  readonly rest: Int32Array;
}

/** `rows`: how many rows each message has, at least one. */
export const orderMessages = (
  exchangeTimes: Float64Array,
  localTimes: Float64Array,
  rows: Int32Array,
): MessageOrder => orderOf(sorted(exchangeTimes, localTimes), rows, exchangeTimes.length);

/**
 * The same of as many messages as are settled, where no later one has a time below these.
 *
 * Both orders may be cut behind a message that stands at one place in both, with the same messages
 * before it: what comes after it cannot change what comes before it, and what follows is ordered as
 * if nothing had been before.
 */
export function orderSettled(
  exchangeTimes: Float64Array,
  localTimes: Float64Array,
  rows: Int32Array,
  settled: { readonly exchange: number; readonly local: number },
): MessageOrder {
  const orders = sorted(exchangeTimes, localTimes);
  const { byLocal, rank } = orders;
  let length = 0;
  let highest = -1;
  for (let place = 0; place < byLocal.length; place++) {
    const message = byLocal[place]!;
    if (localTimes[message]! > settled.local) break;
    const own = rank[message]!;
    if (own === place && highest === place - 1) {
      if (exchangeTimes[message]! > settled.exchange) break;
      length = place + 1;
    }
    highest = Math.max(highest, own);
  }
  return orderOf(orders, rows, length);
}

interface Sorted {
  readonly byLocal: Int32Array;
  readonly byExchange: Int32Array;
  /** The place of each message in `byExchange`. */
  readonly rank: Int32Array;
}

function sorted(exchangeTimes: Float64Array, localTimes: Float64Array): Sorted {
  const byLocal = stableOrder(localTimes);
  const byExchange = stableOrder(exchangeTimes);
  const rank = new Int32Array(byExchange.length);
  for (let place = 0; place < rank.length; place++) rank[byExchange[place]!] = place;
  return { byLocal, byExchange, rank };
}

/** Of the first `length` messages, which are the same in both orders. */
function orderOf({ byLocal, byExchange, rank }: Sorted, rows: Int32Array, length: number) {
  const common = heaviestRising(byLocal.subarray(0, length), rank, rows);
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
  return { messages, flags, doubled, rest: byLocal.slice(length).sort() };
}

/** Moves per message beyond which a general sort is quicker than putting each into its place. */
const MOST_MOVES = 8;

function stableOrder(times: Float64Array): Int32Array {
  const order = new Int32Array(times.length);
  let moves = times.length * MOST_MOVES;
  for (let index = 0; index < times.length; index++) {
    const time = times[index]!;
    let place = index;
    for (; place > 0 && times[order[place - 1]!]! > time && moves > 0; place--, moves--) {
      order[place] = order[place - 1]!;
    }
    order[place] = index;
    if (moves === 0) return sortedWhole(order, times);
  }
  return order;
}

function sortedWhole(order: Int32Array, times: Float64Array): Int32Array {
  for (let index = 0; index < order.length; index++) order[index] = index;
  return order.sort((a, b) => times[a]! - times[b]! || a - b);
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
