/**
 * Block feed: one stream of market blocks read by two readers at their own pace.
 *
 * The venue reads by exchange time, the engine by local time. Blocks are pulled when the first of
 * them needs one and let go when both are through.
 */
import type { MarketBlock } from "../core/market/columns.ts";

/**
 * A source of blocks that are used again: each is given back, in order, when both are through. None
 * of them is empty.
 */
export interface BlockStream extends Iterator<MarketBlock> {
  release(): void;
}

/** Blocks that a thread of its own can make ready ahead of whoever reads them. */
export interface AheadBlocks extends Iterable<MarketBlock> {
  ahead(): BlockStream;
}

export interface BlockCursor {
  /** The block in hand and the first row not yet read; undefined at the end of the stream. */
  readonly block: MarketBlock | undefined;
  readonly row: number;
  /** Notes that rows before `row` were read; moves on to the next block at the end of this one. */
  advanceTo(row: number): void;
}

export class BlockFeed {
  readonly #source: Iterator<MarketBlock> & Partial<Pick<BlockStream, "release">>;
  readonly #blocks: MarketBlock[] = [];
  /** How many blocks have been let go. */
  #dropped = 0;
  #ended = false;
  readonly #cursors: Cursor[] = [];

  constructor(blocks: Iterable<MarketBlock> | AheadBlocks) {
    this.#source = "ahead" in blocks ? blocks.ahead() : blocks[Symbol.iterator]();
  }

  /** Nobody reads on: what still makes blocks ready may stop. */
  close(): void {
    this.#source.return?.();
  }

  cursor(): BlockCursor {
    const cursor = new Cursor(this, this.#dropped);
    this.#cursors.push(cursor);
    return cursor;
  }

  /** @internal Block number `index` of the stream, counted from 0. */
  at(index: number): MarketBlock | undefined {
    while (index - this.#dropped >= this.#blocks.length && !this.#ended) {
      const next = this.#source.next();
      if (next.done === true) this.#ended = true;
      else if (next.value.length > 0) this.#blocks.push(next.value);
    }
    return this.#blocks[index - this.#dropped];
  }

  /** @internal */
  release(): void {
    const needed = Math.min(...this.#cursors.map((cursor) => cursor.index));
    while (this.#dropped < needed) {
      this.#blocks.shift();
      this.#source.release?.();
      this.#dropped += 1;
    }
  }
}

class Cursor implements BlockCursor {
  readonly #feed: BlockFeed;
  index: number;
  block: MarketBlock | undefined;
  row = 0;

  constructor(feed: BlockFeed, index: number) {
    this.#feed = feed;
    this.index = index;
    this.block = feed.at(index);
  }

  advanceTo(row: number): void {
    this.row = row;
    if (this.block === undefined || row < this.block.length) return;
    this.index += 1;
    this.row = 0;
    this.block = this.#feed.at(this.index);
    this.#feed.release();
  }
}
