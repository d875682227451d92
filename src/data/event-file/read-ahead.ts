/**
 * Read-ahead: the blocks of event files, decoded by a thread of their own while others use them.
 *
 * Decoding costs a third of what a backtest does with the rows. The thread writes into a few sets
 * of shared columns (slots); whoever reads gives each block back, in order, when it is through. One
 * who holds too many gets copies, so that the thread always has a slot to go on with. While it
 * starts, the reader decodes by itself; the thread then takes over behind the last of those. What
 * must stay true: the blocks are those of the files, in their order, whoever decoded them, and none
 * is written to before it was given back.
 *
 * The reader waits without letting go of its own thread, so nothing else can tell it that the other
 * one is dead: it gives up after a minute in which nothing came.
 */
import { Worker } from "node:worker_threads";
import { blockOf, type MarketBlock, type MarketColumns } from "../../core/market/columns.ts";
import { EventFileError } from "./damage.ts";
import { NumberedBlocks } from "./numbered-blocks.ts";
import type { EventFile } from "./reader.ts";
import { allocateColumns, copyRows } from "./rows.ts";

/** One file, and what is added to its times, nanoseconds. */
interface AheadFile {
  readonly path: string;
  readonly shift: number;
  readonly bytes: number;
}

/** What the thread is given. */
export interface AheadOrder {
  readonly files: readonly AheadFile[];
  readonly slots: readonly MarketColumns[];
  /**
   * Blocks written, and slots given back, since the beginning; the block that the reader decodes
   * next by itself. Indices below.
   */
  readonly counts: Int32Array;
  /** Of each slot: whether the thread may write to it. */
  readonly isFree: Int32Array;
  /** The slot of each block, in their order, by its number modulo the length of this. */
  readonly queue: Int32Array;
  /** Rows of the block in each slot, or why there is none. */
  readonly lengths: Int32Array;
  /** Why it failed, in UTF-8. */
  readonly text: Uint8Array;
}

export const WRITTEN = 0;
export const RELEASED = 1;
export const NEXT = 2;
/** Instead of the reader's next block: the thread decodes from here on. */
export const TAKEN_OVER = -1;
/** Instead of a length: there are no more blocks, or the thread could not go on. */
export const END = -1;
export const FAILED = -2;

/** The engine and the venue may stand in different blocks while the next one is made. */
const SLOTS = 4;
/** Stands for the slot of a copy. */
const COPIED = -1;
/** Waited for so often: a process that was stopped and goes on has missed one of them, not all. */
const PATIENCE = 60;
const WAIT_MS = 1000;

/** Of both threads: a slot that is now the caller's; undefined: none is free. */
export function takeFreeSlot(isFree: Int32Array): number | undefined {
  for (let slot = 0; slot < isFree.length; slot++) {
    if (Atomics.compareExchange(isFree, slot, 1, 0) === 1) return slot;
  }
  return undefined;
}

export class ReadAhead implements Iterator<MarketBlock, undefined> {
  readonly #worker: Worker;
  readonly #order: AheadOrder;
  readonly #blocks: NumberedBlocks;
  /** Of those that the thread has written. */
  #taken = 0;
  /** Slots of the blocks that were handed out and not given back, the oldest first. */
  readonly #held: number[] = [];

  /** @param shifts of each file, what is added to its times, nanoseconds. */
  constructor(files: readonly EventFile[], shifts: readonly number[]) {
    this.#blocks = new NumberedBlocks(files, shifts);
    const { mostRows } = this.#blocks;
    this.#order = {
      files: files.map(({ name, bytes }, k) => ({ path: name, bytes, shift: shifts[k]! })),
      slots: Array.from({ length: SLOTS }, () => sharedColumns(mostRows)),
      counts: new Int32Array(new SharedArrayBuffer(12)),
      isFree: new Int32Array(new SharedArrayBuffer(4 * SLOTS)).fill(1),
      queue: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
      lengths: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
      text: new Uint8Array(new SharedArrayBuffer(1024)),
    };
    const url = import.meta.url.endsWith(".ts")
      ? "./read-ahead-worker.ts"
      : "./read-ahead-worker.js";
    this.#worker = new Worker(new URL(url, import.meta.url), { workerData: this.#order });
    this.#worker.unref();
    // Told of only when the reader no longer waits, and has given up with a fault of its own.
    this.#worker.on("error", () => undefined);
  }

  /** Whether the thread has started, and decodes from here on. */
  get isTakenOver(): boolean {
    return Atomics.load(this.#order.counts, NEXT) === TAKEN_OVER;
  }

  /** @throws EventFileError where a file cannot be read on. */
  next(): IteratorResult<MarketBlock, undefined> {
    const { counts } = this.#order;
    const block = Atomics.load(counts, NEXT);
    const isOwn =
      block !== TAKEN_OVER && Atomics.compareExchange(counts, NEXT, block, block + 1) === block;
    if (!isOwn) return this.#nextWritten();
    return block < this.#blocks.count
      ? { done: false, value: this.#readOwn(block) }
      : this.return();
  }

  #readOwn(block: number): MarketBlock {
    const slot = this.#mayLend() ? takeFreeSlot(this.#order.isFree) : undefined;
    const columns =
      slot === undefined ? allocateColumns(this.#blocks.mostRows) : this.#order.slots[slot]!;
    this.#held.push(slot ?? COPIED);
    try {
      return this.#blocks.read(block, columns);
    } catch (error) {
      this.return();
      throw error;
    }
  }

  #nextWritten(): IteratorResult<MarketBlock, undefined> {
    const { slots, counts, queue, lengths, text } = this.#order;
    // Again and again: the notice of an earlier block may come after that block was taken.
    for (let waits = 0; Atomics.load(counts, WRITTEN) === this.#taken;) {
      if (Atomics.wait(counts, WRITTEN, this.#taken, WAIT_MS) !== "timed-out") continue;
      waits += 1;
      if (waits === PATIENCE) throw this.#fault("the thread that reads ahead does not answer");
    }
    const slot = queue[this.#taken % SLOTS]!;
    const length = lengths[slot]!;
    if (length === FAILED) throw this.#fault(new TextDecoder().decode(text.slice()));
    if (length === END) return this.return();
    this.#taken += 1;
    const columns = slots[slot]!;
    const isLent = this.#mayLend();
    this.#held.push(isLent ? slot : COPIED);
    if (isLent) return { done: false, value: blockOf(columns, length) };
    const copy = allocateColumns(length);
    copyRows(columns, 0, length, copy, 0);
    this.#free(slot);
    return { done: false, value: blockOf(copy, length) };
  }

  /** The thread needs one to write to, and one that is written. */
  #mayLend(): boolean {
    return this.#held.filter((held) => held !== COPIED).length < SLOTS - 2;
  }

  /** The oldest block that was handed out and not given back is no longer looked at. */
  release(): void {
    const slot = this.#held.shift();
    if (slot !== undefined && slot !== COPIED) this.#free(slot);
  }

  #free(slot: number): void {
    const { counts, isFree } = this.#order;
    Atomics.store(isFree, slot, 1);
    Atomics.add(counts, RELEASED, 1);
    Atomics.notify(counts, RELEASED);
  }

  return(): { readonly done: true; readonly value: undefined } {
    void this.#worker.terminate();
    return { done: true, value: undefined };
  }

  #fault(text: string): EventFileError {
    this.return();
    return new EventFileError({ code: "DATA_DAMAGED", text: text.replace(/\0+$/, "") });
  }
}

function sharedColumns(rows: number): MarketColumns {
  const floats = (): Float64Array => new Float64Array(new SharedArrayBuffer(8 * rows));
  return {
    exchangeTime: floats(),
    localTime: floats(),
    kind: new Uint8Array(new SharedArrayBuffer(rows)),
    price: new Int32Array(new SharedArrayBuffer(4 * rows)),
    quantity: floats(),
  };
}
