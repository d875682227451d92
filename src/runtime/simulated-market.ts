/**
 * Simulated market: what the simulated loop knows of a market and the venue in it.
 *
 * There are two kinds. In a fixed one the rows stand beforehand, whatever we do: the engines and
 * the venue read them at their own pace. In a reacting one the venue makes the rows as it goes,
 * because our orders are part of what happens. All times are nanoseconds of the stream.
 */
import {
  ENGINE_ONLY,
  type MarketBlock,
  type MarketHeader,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { type BlockCursor, BlockFeed } from "./block-feed.ts";
import type { SimulatedAccount } from "./simulated-lane.ts";

export interface SimulatedMarket {
  readonly header: MarketHeader;
  /** One a lane. */
  readonly accounts: readonly SimulatedAccount[];
  /** What the engines see next; without a block while no more has been made, and at the end. */
  readonly rows: BlockCursor;
  /** Whether all rows have been made. */
  readonly isOver: boolean;
  /** All rows with a local time up to this have been made. */
  readonly rowsKnownTo: number;
  /** Whether its rows stand beforehand, so that a venue that nobody needs may be left behind. */
  readonly isFixed: boolean;
  /** No row that the engines have not seen has an earlier local time. `now`: theirs. */
  nextRowAt(now: number): number;
  /**
   * Moves the venue on to exchange time `until`.
   * @returns whether it came that far; otherwise a report was made, or rows ended: look again.
   */
  advance(until: number): boolean;
  /** The engines are through with a block, and nobody needs the venue of a fixed market. */
  catchUp(engineTime: number): void;
  close(): void;
}

/** A venue beside rows that stand beforehand. */
export interface FixedVenue {
  readonly accounts: readonly SimulatedAccount[];
  advance(block: MarketBlock, from: number, to: number, until: number): number;
  finish(until: number): void;
}

/** A market that none of our orders changes. */
export class FixedMarket implements SimulatedMarket {
  readonly header: MarketHeader;
  readonly accounts: readonly SimulatedAccount[];
  readonly rows: BlockCursor;
  readonly rowsKnownTo = Number.POSITIVE_INFINITY;
  readonly isOver = true;
  readonly isFixed = true;
  readonly #venue: FixedVenue;
  readonly #feed: BlockFeed;
  readonly #venueSide: BlockCursor;

  constructor(header: MarketHeader, blocks: Iterable<MarketBlock>, venue: FixedVenue) {
    this.header = header;
    this.accounts = venue.accounts;
    this.#venue = venue;
    this.#feed = new BlockFeed(blocks);
    this.rows = this.#feed.cursor();
    this.#venueSide = this.#feed.cursor();
  }

  nextRowAt(now: number): number {
    const { block, row } = this.rows;
    if (block === undefined) return Number.POSITIVE_INFINITY;
    let at = row;
    while (at < block.length && (block.kind[at]! & VENUE_ONLY) !== 0) at += 1;
    return at < block.length ? Math.max(now, block.localTime[at]!) : now;
  }

  advance(until: number): boolean {
    const { block, row } = this.#venueSide;
    if (block === undefined) {
      const before = this.#nextReportAt();
      this.#venue.finish(until);
      return this.#nextReportAt() >= before;
    }
    const next = this.#venue.advance(block, row, block.length, until);
    const isThrough = next < block.length && isAfter(block, next, until);
    this.#venueSide.advanceTo(next);
    return isThrough;
  }

  /** The venue follows block by block: a stream is longer than memory. */
  catchUp(engineTime: number): void {
    for (;;) {
      const { block, row } = this.#venueSide;
      if (block === undefined || block === this.rows.block) return;
      const next = this.#venue.advance(block, row, block.length, engineTime);
      this.#venueSide.advanceTo(next);
      if (next < block.length) return;
    }
  }

  close(): void {
    this.#feed.close();
  }

  #nextReportAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { nextReportAt } of this.accounts) if (nextReportAt < next) next = nextReportAt;
    return next;
  }
}

/** A venue that makes its rows as it goes. */
export interface ReactingVenue {
  readonly accounts: readonly SimulatedAccount[];
  /**
   * No row that is still to be made has an earlier local time; `Infinity` when none will be.
   * Advancing to this exchange time makes the next row, or shows that it comes later.
   */
  readonly nextRowAt: number;
  /**
   * Moves on to exchange time `until`, or to right after a report was made.
   * @returns whether it came that far.
   */
  advance(until: number): boolean;
  /** Rows made since the last call, as whole messages: good until the next but one is taken. */
  takeRows(): MarketBlock | undefined;
  close?(): void;
}

/** A market in which our orders are part of what happens. */
export class ReactingMarket implements SimulatedMarket {
  readonly header: MarketHeader;
  readonly accounts: readonly SimulatedAccount[];
  readonly rows: MadeRows;
  readonly isFixed = false;
  readonly #venue: ReactingVenue;

  constructor(header: MarketHeader, venue: ReactingVenue) {
    this.header = header;
    this.accounts = venue.accounts;
    this.rows = new MadeRows(venue);
    this.#venue = venue;
  }

  get isOver(): boolean {
    return this.#venue.nextRowAt === Number.POSITIVE_INFINITY;
  }

  /** Times are whole nanoseconds. */
  get rowsKnownTo(): number {
    return this.#venue.nextRowAt - 1;
  }

  nextRowAt(now: number): number {
    const { block, row } = this.rows;
    return Math.max(now, block === undefined ? this.#venue.nextRowAt : block.localTime[row]!);
  }

  advance(until: number): boolean {
    return this.#venue.advance(until);
  }

  catchUp(): void {
    // Nothing is kept for anyone.
  }

  close(): void {
    this.#venue.close?.();
  }
}

class MadeRows implements BlockCursor {
  readonly #venue: ReactingVenue;
  #block: MarketBlock | undefined;
  row = 0;

  constructor(venue: ReactingVenue) {
    this.#venue = venue;
  }

  get block(): MarketBlock | undefined {
    if (this.#block === undefined) {
      this.#block = this.#venue.takeRows();
      this.row = 0;
    }
    return this.#block;
  }

  advanceTo(row: number): void {
    this.row = row;
    if (this.#block !== undefined && row === this.#block.length) this.#block = undefined;
  }
}

/** Whether the first row that the venue would read lies after `until`. */
function isAfter(block: MarketBlock, row: number, until: number): boolean {
  let at = row;
  while (at < block.length && (block.kind[at]! & ENGINE_ONLY) !== 0) at += 1;
  return at < block.length && block.exchangeTime[at]! > until;
}
