/**
 * Row scan: where in a run of rows something happens, without applying any of them.
 *
 * Nearly all rows concern none of our orders and may be applied in bulk; these loops say how far.
 * What must stay true: they read each row once, allocate nothing, and pass over `ENGINE_ONLY` rows.
 */
import { ENGINE_ONLY, Kind, LAST, type MarketColumns } from "../core/market/columns.ts";

/** The first of the venue's rows in [from, to) that is later than `limit`; `to` if none. */
export function firstAfter(
  columns: MarketColumns,
  from: number,
  to: number,
  limit: number,
): number {
  const { exchangeTime, kind } = columns;
  const last = lastOfVenue(columns, from, to);
  // Time never falls, so the last row answers for all of them, nearly always.
  if (last < from || exchangeTime[last]! <= limit) return to;
  let row = from;
  while (exchangeTime[row]! <= limit || (kind[row]! & ENGINE_ONLY) !== 0) row++;
  return row;
}

/** The last of the venue's rows in [from, to); less than `from` if none. */
export function lastOfVenue({ kind }: MarketColumns, from: number, to: number): number {
  let last = to - 1;
  while (last >= from && (kind[last]! & ENGINE_ONLY) !== 0) last--;
  return last;
}

/** The first `CLEAR` or `GAP` in [from, to), all that matters while nothing of ours is about. */
export function firstRestart({ kind }: MarketColumns, from: number, to: number): number {
  // Locals: what is imported is looked up again for every row.
  const restart: number = Kind.CLEAR;
  const mask = Kind.CLEAR | ENGINE_ONLY;
  let row = from;
  while (row < to && (kind[row]! & mask) !== restart) row++;
  return row;
}

/** The row after the message in hand; `to` where it does not end before. */
export function messageEnd({ kind }: MarketColumns, from: number, to: number): number {
  const mask = LAST | ENGINE_ONLY;
  const last: number = LAST;
  let row = from;
  while (row < to && (kind[row]! & mask) !== last) row++;
  return row < to ? row + 1 : to;
}

/** Where the message begins that is not at its end at `to`; `to` where none is. */
export function unfinishedFrom({ kind }: MarketColumns, from: number, to: number): number {
  let begin = to;
  for (let row = to - 1; row >= from; row--) {
    const flags = kind[row]!;
    if ((flags & ENGINE_ONLY) !== 0) continue;
    if ((flags & LAST) !== 0) break;
    begin = row;
  }
  return begin;
}
