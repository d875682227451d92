/**
 * Judge of a recording: holds what was recorded of a generated venue against the venue's truth.
 */
import { readRecording } from "../../src/data/recording.ts";
import { Kind, KIND_MASK, LAST, VENUE_ONLY } from "../../src/core/market/columns.ts";
import type { GeneratedVenue, TrueBook } from "./generated-venue.ts";

export interface Judgement {
  /** Book messages after which the book was as it truly was. */
  readonly right: number;
  /** Wrong books, in words; those before a `CLEAR` or after a `GAP` are not judged. */
  readonly wrong: readonly string[];
  readonly gaps: number;
  readonly snapshots: number;
  /** Numbers of the trades, as recorded. */
  readonly trades: readonly number[];
  /** The change that the last book was. */
  readonly last: number;
  readonly isKnown: boolean;
  readonly rows: number;
}

/** The engine's rows of these files, as one recording. */
export async function judge(venue: GeneratedVenue, paths: readonly string[]): Promise<Judgement> {
  const read = await readRecording(paths);
  if (!read.ok) throw new Error(read.error.text);
  const { header, blocks, rows } = read.value;
  const epochMillis = Number(header.epochNanos / 1_000_000n);
  const bids = new Map<number, number>();
  const asks = new Map<number, number>();
  const wrong: string[] = [];
  const trades: number[] = [];
  let [right, gaps, snapshots, last] = [0, 0, 0, 0];
  let isKnown = false;
  let isSnapshot = false;
  for (const block of blocks) {
    for (let row = 0; row < block.length; row++) {
      const flags = block.kind[row]!;
      if ((flags & VENUE_ONLY) !== 0) continue;
      const what = flags & KIND_MASK;
      const price = block.price[row]!;
      const quantity = block.quantity[row]!;
      if (what === Kind.CLEAR) {
        [isKnown, isSnapshot] = [true, true];
        snapshots += 1;
        bids.clear();
        asks.clear();
      } else if (what === Kind.GAP) {
        isKnown = false;
        gaps += 1;
      } else if (what > Kind.ASK) trades.push(quantity);
      else if (quantity === 0) (what === Kind.BID ? bids : asks).delete(price);
      else (what === Kind.BID ? bids : asks).set(price, quantity);
      if ((flags & LAST) === 0 || what > Kind.ASK || !isKnown) continue;
      const change = venue.updateIdAt(epochMillis + Math.round(block.exchangeTime[row]! / 1e6));
      last = change;
      // Spot's snapshots bear no time of their own.
      if (isSnapshot && venue.name === "binance-spot") {
        isSnapshot = false;
        continue;
      }
      isSnapshot = false;
      const difference = differenceOf({ bids, asks }, venue.books.get(change));
      if (difference === "") right += 1;
      else wrong.push(`at change ${change}: ${difference}`);
    }
  }
  return { right, wrong, gaps, snapshots, trades, last, isKnown, rows };
}

function differenceOf(book: TrueBook, truth: TrueBook | undefined): string {
  if (truth === undefined) return "there is no such change";
  for (const side of ["bids", "asks"] as const) {
    for (const [tick, lots] of truth[side]) {
      const found = book[side].get(tick) ?? 0;
      if (found !== lots) return `${side} ${tick} has ${found}, truly ${lots}`;
    }
    if (book[side].size !== truth[side].size) return `${side} has levels that are not there`;
  }
  return "";
}
