/**
 * Numbered blocks: those of several event files as one sequence, any of which can be read.
 */
import type { MarketBlock, MarketColumns } from "../../core/market/columns.ts";
import type { EventFile } from "./reader.ts";

export class NumberedBlocks {
  readonly count: number;
  /** Rows of the longest. */
  readonly mostRows: number;
  readonly #files: readonly EventFile[];
  readonly #shifts: readonly number[];

  /** @param shifts of each file, what is added to its times, nanoseconds. */
  constructor(files: readonly EventFile[], shifts: readonly number[]) {
    this.#files = files;
    this.#shifts = shifts;
    const blocks = files.flatMap((file) => file.blocks);
    this.count = blocks.length;
    this.mostRows = blocks.reduce((most, { rows }) => Math.max(most, rows), 0);
  }

  /** @throws EventFileError where it is damaged. */
  read(block: number, into: MarketColumns): MarketBlock {
    let [file, at] = [0, block];
    while (at >= this.#files[file]!.blocks.length) {
      at -= this.#files[file]!.blocks.length;
      file += 1;
    }
    const rows = this.#files[file]!.read(at, into);
    const shift = this.#shifts[file]!;
    if (shift === 0) return rows;
    const { exchangeTime, localTime, length } = rows;
    for (let row = 0; row < length; row++) {
      exchangeTime[row]! += shift;
      localTime[row]! += shift;
    }
    return rows;
  }
}
