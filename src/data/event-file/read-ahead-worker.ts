/**
 * Read-ahead worker: decodes the blocks of event files into shared columns, one slot after another.
 *
 * It begins where the reader has come to by itself while this thread was starting. What must stay
 * true: a slot is written to only after it has been given back, and its length is told last.
 */
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../core/domain/errors.ts";
import { NumberedBlocks } from "./numbered-blocks.ts";
import {
  type AheadOrder,
  END,
  FAILED,
  NEXT,
  RELEASED,
  takeFreeSlot,
  TAKEN_OVER,
  WRITTEN,
} from "./read-ahead.ts";
import { type EventFile, openEventFile } from "./reader.ts";

invariant(parentPort !== null, "what reads ahead runs in a thread of its own");
const { files, slots, counts, isFree, queue, lengths, text } = workerData as AheadOrder;
let written = 0;

/** Waits until a slot is free, fills it by `fill`, and says how many rows it has. */
function offer(fill: (slot: number) => number): void {
  const slot = freeSlot();
  lengths[slot] = fill(slot);
  queue[written % slots.length] = slot;
  written += 1;
  Atomics.store(counts, WRITTEN, written);
  Atomics.notify(counts, WRITTEN);
}

function freeSlot(): number {
  for (;;) {
    const released = Atomics.load(counts, RELEASED);
    const slot = takeFreeSlot(isFree);
    if (slot !== undefined) return slot;
    Atomics.wait(counts, RELEASED, released);
  }
}

function openAll(): NumberedBlocks {
  const opened = files.map(({ path, bytes }): EventFile => {
    const file = openEventFile(path);
    if (!file.ok) throw new Error(file.error.text);
    if (file.value.bytes !== bytes) throw new Error(`${path} has changed while it was read`);
    return file.value;
  });
  return new NumberedBlocks(
    opened,
    files.map(({ shift }) => shift),
  );
}

try {
  const blocks = openAll();
  const first = Atomics.exchange(counts, NEXT, TAKEN_OVER);
  for (let block = first; block < blocks.count; block++) {
    offer((slot) => blocks.read(block, slots[slot]!).length);
  }
  offer(() => END);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  Atomics.store(counts, NEXT, TAKEN_OVER);
  offer(() => {
    new TextEncoder().encodeInto(reason, text);
    return FAILED;
  });
}
