/**
 * Hosted drives: the simulated venues, each as something that the local exchange can drive.
 *
 * One beside rows that stand beforehand, block after block, and one that makes its rows as it goes.
 * What must stay true: rows are handed over once each, in the venue's own order of time.
 */
import { ENGINE_ONLY, type MarketBlock, VENUE_ONLY } from "../core/market/columns.ts";
import type { DrivenStory, DrivenVenue, RowSink } from "./hosted-market.ts";
import type { SimulatedAccount } from "./simulated-lane.ts";
import type { FixedVenue } from "./simulated-market.ts";

/** A venue beside rows that stand beforehand, block after block. */
export class FixedDrive implements DrivenVenue {
  readonly accounts: readonly SimulatedAccount[];
  readonly hidden = ENGINE_ONLY;
  readonly #venue: FixedVenue;
  readonly #source: Iterator<MarketBlock>;
  #block: MarketBlock | undefined;
  #row = 0;
  #passed: { block: MarketBlock; from: number; to: number }[] = [];

  constructor(venue: FixedVenue, blocks: Iterator<MarketBlock>, first: MarketBlock | undefined) {
    this.#venue = venue;
    this.accounts = venue.accounts;
    this.#source = blocks;
    this.#block = first;
  }

  get isOver(): boolean {
    return this.#block === undefined;
  }

  advance(until: number): boolean {
    for (;;) {
      if (this.#block !== undefined && this.#row === this.#block.length) {
        // A block is lent until the next is asked for: what was passed of it is shown first.
        if (this.#passed.length > 0) return false;
        this.#turn();
      }
      const block = this.#block;
      if (block === undefined) {
        const before = this.#nextReportAt();
        this.#venue.finish(until);
        return this.#nextReportAt() >= before;
      }
      const from = this.#row;
      const to = this.#venue.advance(block, from, block.length, until);
      this.#row = to;
      if (to > from) this.#passed.push({ block, from, to });
      if (to < block.length && isLater(block, to, until)) return true;
      if (this.#nextReportAt() <= until) return false;
    }
  }

  takeRows(sink: RowSink): void {
    for (const { block, from, to } of this.#passed) sink(block, from, to);
    this.#passed = [];
  }

  close(): void {
    this.#source.return?.();
  }

  #turn(): void {
    const next = this.#source.next();
    this.#block = next.done === true ? undefined : next.value;
    this.#row = 0;
  }

  #nextReportAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { nextReportAt } of this.accounts) if (nextReportAt < next) next = nextReportAt;
    return next;
  }
}

/** Whether the venue's next row lies after `until`. */
function isLater({ kind, exchangeTime, length }: MarketBlock, row: number, until: number): boolean {
  let at = row;
  while (at < length && (kind[at]! & ENGINE_ONLY) !== 0) at += 1;
  return at < length && exchangeTime[at]! > until;
}

/** Exchange time of the first row that the venue reads; 0 where there is none. */
export function firstRowAt({ kind, exchangeTime, length }: MarketBlock): number {
  let row = 0;
  while (row < length && (kind[row]! & ENGINE_ONLY) !== 0) row += 1;
  return row < length ? exchangeTime[row]! : 0;
}

/** A venue that makes its rows as it goes. */
export class MadeDrive implements DrivenVenue {
  readonly accounts: readonly SimulatedAccount[];
  /** It shows what engines see: the venue's own order of the same facts is left out. */
  readonly hidden = VENUE_ONLY;
  readonly story: DrivenStory | undefined;
  readonly #venue: MadeVenue;

  constructor(venue: MadeVenue) {
    this.#venue = venue;
    this.accounts = venue.accounts;
    this.story = venue.story;
  }

  get isOver(): boolean {
    return this.#venue.nextRowAt === Number.POSITIVE_INFINITY;
  }

  advance(until: number): boolean {
    return this.#venue.advance(until);
  }

  takeRows(sink: RowSink): void {
    const rows = this.#venue.takeRows();
    if (rows !== undefined) sink(rows, 0, rows.length);
  }

  close(): void {
    this.#venue.close?.();
  }
}

/** As `ReactingVenue` of the loop, with what it may tell of itself. */
export interface MadeVenue {
  readonly accounts: readonly SimulatedAccount[];
  readonly nextRowAt: number;
  readonly story?: DrivenStory | undefined;
  advance(until: number): boolean;
  takeRows(): MarketBlock | undefined;
  close?(): void;
}
