/**
 * Work: what every engine does here: one market, and one script of looks and orders.
 *
 * The script depends on nothing but the time and the touch that the engine itself sees, so engines
 * that show the same books send the same orders. It is handed to the peers as lines `name number`
 * of a text file; `market.npz` and `market.arrival` beside it hold the same rows.
 */
import { writeFileSync } from "node:fs";
import type { MarketBlock, MarketHeader } from "../../src/core/market/columns.ts";

/** Counts of looks where nothing else is said. */
export const SCRIPT = {
  /** Nanoseconds from one look at the book to the next. */
  lookNanos: 100_000_000,
  entryNanos: 1_000_000,
  responseNanos: 1_000_000,
  /** A post-only order joins the touch whenever the look's number is a multiple of this … */
  passiveEvery: 50,
  /** … and is canceled so many looks later, if it is still open. */
  passiveFor: 40,
  /** An immediate-or-cancel order takes the other side every so many looks, at this phase. */
  aggressiveEvery: 150,
  aggressiveAt: 25,
  /** Both kinds of order are on one side for so many looks, then on the other. */
  sideEvery: 300,
  passiveLots: 20,
  aggressiveLots: 50,
  /** Ticks through the touch that the taking order may go. */
  slackTicks: 20,
} as const;

/** Numbers of one script over one market; everything a peer is told. */
export type Work = Readonly<
  Record<keyof typeof SCRIPT, number> & {
    rows: number;
    /** Nanoseconds since the Unix epoch, a whole number of microseconds. */
    firstLook: bigint;
    looks: number;
    /** Decimal numbers of price and quantity: one tick, one lot. */
    tickSize: number;
    lotSize: number;
    /** Half the spread of prices that a book of fixed width must hold, as ticks around the mid. */
    midTick: number;
    roiTicks: number;
  }
>;

/** Looks begin a second into the market, on a whole look, and end a second before its end. */
export function workOf(header: MarketHeader, blocks: readonly MarketBlock[]): Work {
  const first = blocks[0]!;
  const last = blocks.at(-1)!;
  const begin = Math.ceil(first.localTime[0]! / SCRIPT.lookNanos) * SCRIPT.lookNanos + 1e9;
  const end = last.localTime[last.length - 1]! - 1e9;
  const midTick = touchMiddle(first);
  return {
    ...SCRIPT,
    rows: blocks.reduce((sum, block) => sum + block.length, 0),
    firstLook: header.epochNanos + BigInt(begin),
    looks: Math.floor((end - begin) / SCRIPT.lookNanos) + 1,
    tickSize: decimal(header.instrument.tickSize),
    lotSize: decimal(header.instrument.lotSize),
    midTick,
    roiTicks: Math.round(midTick * 0.05),
  };
}

export function writeWork(path: string, work: Work): void {
  const lines = Object.entries(work).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(path, lines.join(""));
}

export function parseWork(text: string): Work {
  const entries = text
    .trim()
    .split("\n")
    .map((line) => line.split(" ") as [string, string])
    .map(([name, value]) => [name, name === "firstLook" ? BigInt(value) : Number(value)] as const);
  return Object.fromEntries(entries) as unknown as Work;
}

/** Of the first trade: near enough for the width of a book. */
function touchMiddle(block: MarketBlock): number {
  for (let row = 0; row < block.length; row++) {
    const what = block.kind[row]! & 7;
    if (what === 2 || what === 3) return block.price[row]!;
  }
  return block.price[1]!;
}

function decimal({ mantissa, scale }: { mantissa: bigint; scale: number }): number {
  return Number(mantissa) / 10 ** scale;
}
