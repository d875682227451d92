import { describe, expect, it } from "vitest";
import { ColumnsBuilder, Kind, type MarketBlock } from "../core/market/columns.ts";
import { BlockFeed } from "./block-feed.ts";

function blockOf(rows: number): MarketBlock {
  const builder = new ColumnsBuilder(Math.max(1, rows));
  for (let row = 0; row < rows; row++) builder.push(row, row, Kind.BID, 1, 1);
  return builder.view();
}

/** Blocks of these lengths, and how many have been pulled. */
function source(lengths: readonly number[]) {
  const pulled = { count: 0 };
  function* blocks(): Generator<MarketBlock> {
    for (const length of lengths) {
      pulled.count += 1;
      yield blockOf(length);
    }
  }
  return { blocks: blocks(), pulled };
}

describe("a feed of blocks with two readers", () => {
  it("shows both the same rows, each at its own pace", () => {
    const feed = new BlockFeed(source([3, 2]).blocks);
    const fast = feed.cursor();
    const slow = feed.cursor();
    const first = fast.block;
    fast.advanceTo(3);
    expect([fast.block?.length, fast.row]).toEqual([2, 0]);
    expect([slow.block === first, slow.row]).toEqual([true, 0]);
    slow.advanceTo(1);
    expect([slow.block === first, slow.row]).toEqual([true, 1]);
    fast.advanceTo(2);
    expect(fast.block).toBeUndefined();
    slow.advanceTo(3);
    expect(slow.block?.length).toBe(2);
    slow.advanceTo(2);
    expect(slow.block).toBeUndefined();
  });

  it("pulls a block when the first reader needs it, and not before", () => {
    const { blocks, pulled } = source([2, 2, 2]);
    const feed = new BlockFeed(blocks);
    const fast = feed.cursor();
    const slow = feed.cursor();
    expect(pulled.count).toBe(1);
    fast.advanceTo(1);
    expect(pulled.count).toBe(1);
    fast.advanceTo(2);
    expect(pulled.count).toBe(2);
    slow.advanceTo(2);
    expect(pulled.count).toBe(2);
  });

  it("passes over empty blocks, and ends where the stream ends", () => {
    const feed = new BlockFeed(source([0, 1, 0, 0, 2, 0]).blocks);
    const cursor = feed.cursor();
    expect(cursor.block?.length).toBe(1);
    cursor.advanceTo(1);
    expect(cursor.block?.length).toBe(2);
    cursor.advanceTo(2);
    expect(cursor.block).toBeUndefined();
    cursor.advanceTo(0);
    expect(cursor.block).toBeUndefined();
    expect(new BlockFeed([]).cursor().block).toBeUndefined();
  });
});
