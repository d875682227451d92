/**
 * Read-ahead worker: decodes the blocks of event files into shared columns, one slot after another.
 *
 * What must stay true: a slot is written to only after it has been given back, and its length is
 * told last.
 */
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../core/domain/errors.ts";
import { type AheadOrder, END, FAILED, RELEASED, WRITTEN } from "./read-ahead.ts";
import { openEventFile } from "./reader.ts";

invariant(parentPort !== null, "what reads ahead runs in a thread of its own");
const { files, slots, counts, isFree, queue, lengths, text } = workerData as AheadOrder;
let written = 0;

/** Waits until a slot is free, fills it by `fill`, and says how many rows it has. */
function offer(fill: (slot: number) => number): void {
  const slot = freeSlot();
  Atomics.store(isFree, slot, 0);
  lengths[slot] = fill(slot);
  queue[written % slots.length] = slot;
  written += 1;
  Atomics.store(counts, WRITTEN, written);
  Atomics.notify(counts, WRITTEN);
}

function freeSlot(): number {
  for (;;) {
    const released = Atomics.load(counts, RELEASED);
    const slot = isFree.findIndex((_, each) => Atomics.load(isFree, each) === 1);
    if (slot >= 0) return slot;
    Atomics.wait(counts, RELEASED, released);
  }
}

function readAll(): void {
  for (const { path, shift, bytes } of files) {
    const opened = openEventFile(path);
    if (!opened.ok) throw new Error(opened.error.text);
    const file = opened.value;
    if (file.bytes !== bytes) throw new Error(`${path} has changed while it was read`);
    for (let block = 0; block < file.blocks.length; block++) {
      offer((slot) => {
        const { exchangeTime, localTime, length } = file.read(block, slots[slot]!);
        if (shift !== 0) {
          for (let row = 0; row < length; row++) {
            exchangeTime[row]! += shift;
            localTime[row]! += shift;
          }
        }
        return length;
      });
    }
  }
}

try {
  readAll();
  offer(() => END);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  offer(() => {
    new TextEncoder().encodeInto(reason, text);
    return FAILED;
  });
}
