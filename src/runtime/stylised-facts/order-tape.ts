/**
 * Order tape: turns prints into market orders, and keeps what followed each of them.
 *
 * Prints of one instant and one side are one order that walked the book. What must stay true: an
 * order's mid before is that before anything of its instant acted, and its mid after that when the
 * instant was over.
 */
import { type Mid, RunTape } from "./order-runs.ts";
import {
  binOf,
  type Cell,
  type DealtRuns,
  RESPONSE_SECONDS,
  SIGN_LAGS,
  TRADER_COUNTS,
} from "./tape.ts";

const LONGEST_LAG = SIGN_LAGS.at(-1)!;
const RING = 1_024;
/** The second on which `sizeLaterBps` looks. */
const LATER = RESPONSE_SECONDS.indexOf(1);
const NANOS = 1e9;

/** The last signs in a ring, and their products with those before. */
class SignMemory {
  readonly #ring = new Int8Array(RING);
  #count = 0;

  push(sign: number, pairs: Float64Array, products: Float64Array): void {
    const known = Math.min(this.#count, LONGEST_LAG);
    for (let at = 0; at < SIGN_LAGS.length; at++) {
      const lag = SIGN_LAGS[at]!;
      if (lag > known) break;
      pairs[at]! += 1;
      products[at]! += sign * this.#ring[(this.#count - lag) & (RING - 1)]!;
    }
    this.#ring[this.#count & (RING - 1)] = sign;
    this.#count += 1;
  }

  forget(): void {
    this.#count = 0;
  }
}

interface PastOrder {
  readonly time: number;
  readonly sign: number;
  readonly lots: number;
  readonly before: Mid;
  readonly after: Mid;
  readonly cell: Cell;
}

export class OrderTape {
  readonly #cellAt: (time: number) => Cell;
  readonly #orderSigns = new SignMemory();
  readonly #printSigns = new SignMemory();
  #time = -1;
  #sign = 0;
  #lots = 0;
  #before: Mid = 0;
  #lastOrderAt = -1;
  /** Orders that are still followed: from the oldest that some delay has not reached. */
  #past: PastOrder[] = [];
  readonly #reached = RESPONSE_SECONDS.map(() => 0);
  #nextDue = Number.POSITIVE_INFINITY;
  readonly #runs: readonly RunTape[];

  constructor(origin: number, cellAt: (time: number) => Cell) {
    this.#runs = TRADER_COUNTS.map((traders) => new RunTape(traders, origin));
    this.#cellAt = cellAt;
  }

  get runs(): readonly DealtRuns[] {
    return this.#runs.map((tape) => tape.dealt());
  }

  print(time: number, sign: number, lots: number, mid: Mid): void {
    const cell = this.#cellAt(time);
    cell.printSigns += sign;
    this.#printSigns.push(sign, cell.printPairs, cell.printProducts);
    if (this.#sign === sign && this.#time === time) {
      this.#lots += lots;
      return;
    }
    this.#endOrder(mid);
    this.#time = time;
    this.#sign = sign;
    this.#lots = lots;
    this.#before = mid;
  }

  /** Something of `time` is about to act on a book whose mid is `mid`. */
  advance(time: number, mid: Mid): void {
    if (this.#sign !== 0 && time > this.#time) this.#endOrder(mid);
    if (time > this.#nextDue) this.#follow(time, mid);
  }

  /** The stream broke: what follows has nothing to do with what was before. */
  breakOff(): void {
    this.#endOrder(0);
    for (const tape of this.#runs) tape.breakOff();
    this.#orderSigns.forget();
    this.#printSigns.forget();
    this.#past = [];
    this.#reached.fill(0);
    this.#nextDue = Number.POSITIVE_INFINITY;
    this.#lastOrderAt = -1;
  }

  finish(mid: Mid): void {
    this.#endOrder(mid);
    for (const tape of this.#runs) tape.breakOff();
  }

  #endOrder(after: Mid): void {
    if (this.#sign === 0) return;
    const [time, sign, lots, before] = [this.#time, this.#sign, this.#lots, this.#before];
    const cell = this.#cellAt(time);
    const bin = binOf(lots, cell.sizeCounts.length);
    cell.orders += 1;
    cell.signs += sign;
    cell.sizeCounts[bin]! += 1;
    cell.sizeLots[bin]! += lots;
    this.#orderSigns.push(sign, cell.orderPairs, cell.orderProducts);
    if (this.#lastOrderAt >= 0) noteWait(cell, (time - this.#lastOrderAt) / NANOS);
    this.#lastOrderAt = time;
    if (before > 0 && after > 0) {
      this.#past.push({ time, sign, lots, before, after, cell });
      this.#nextDue = Math.min(this.#nextDue, time + RESPONSE_SECONDS[0]! * NANOS);
    }
    for (const tape of this.#runs) tape.order(time, sign, lots, before, after);
    this.#sign = 0;
  }

  /** Each delay has its own place in the orders, so that each order is met once a delay. */
  #follow(now: number, mid: Mid): void {
    let due = Number.POSITIVE_INFINITY;
    for (let k = 0; k < RESPONSE_SECONDS.length; k++) {
      const delay = RESPONSE_SECONDS[k]! * NANOS;
      let at = this.#reached[k]!;
      for (; at < this.#past.length; at++) {
        const order = this.#past[at]!;
        if (order.time + delay >= now) break;
        if (mid > 0) noteResponse(order, k, mid);
      }
      this.#reached[k] = at;
      if (at < this.#past.length) due = Math.min(due, this.#past[at]!.time + delay);
    }
    this.#nextDue = due;
    const done = this.#reached.at(-1)!;
    if (done < 4_096) return;
    this.#past = this.#past.slice(done);
    for (let k = 0; k < this.#reached.length; k++) this.#reached[k]! -= done;
  }
}

function noteWait(cell: Cell, seconds: number): void {
  cell.waits += 1;
  cell.waitSeconds += seconds;
  cell.waitSquares += seconds * seconds;
  cell.waitCounts[binOf(seconds * 1e6, cell.waitCounts.length)]! += 1;
}

function noteResponse(order: PastOrder, k: number, mid: Mid): void {
  const { cell, sign, before, after, lots } = order;
  const bps = (sign * 1e4 * (mid - before)) / before;
  cell.responseCounts[k]! += 1;
  cell.responseBps[k]! += bps;
  if (k !== LATER) return;
  const bin = binOf(lots, cell.sizeCounts.length);
  cell.sizeMovedCounts[bin]! += 1;
  cell.sizeMovedLots[bin]! += lots;
  cell.sizeAtOnceBps[bin]! += (sign * 1e4 * (after - before)) / before;
  cell.sizeLaterBps[bin]! += bps;
}
