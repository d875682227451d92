/**
 * Written: what stands in an event file so far, in counts. A recording of days has millions of
 * sections, so nobody remembers each.
 */
import type { Frame } from "./section.ts";

export interface Written {
  /** Blocks and snapshots. */
  sections: number;
  blocks: number;
  rows: number;
  /** Least and greatest local time of the rows, nanoseconds since the epoch. */
  from: number;
  until: number;
}

export const NOTHING_WRITTEN: Readonly<Written> = {
  sections: 0,
  blocks: 0,
  rows: 0,
  from: Number.POSITIVE_INFINITY,
  until: 0,
};

export function countBlock(
  written: Written,
  { rows, from, until }: Pick<Frame, "rows" | "from" | "until">,
): void {
  written.blocks += 1;
  written.rows += rows;
  written.from = Math.min(written.from, from);
  written.until = Math.max(written.until, until);
}
