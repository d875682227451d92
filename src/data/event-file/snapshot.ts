/**
 * Snapshot: the books of engine and venue as they stand between two blocks, as rows.
 *
 * Whoever starts there takes these rows first and then sees what a reader from the beginning sees.
 * The two sides have read different rows where messages stand twice, so each may need a message of
 * its own. What must stay true: times do not pass those of the rows that follow.
 */
import { Book } from "../../core/market/book.ts";
import type { BookSide } from "../../core/market/book-side.ts";
import { NO_TICK } from "../../core/market/book-side.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  type MarketBlock,
  VENUE_ONLY,
} from "../../core/market/columns.ts";

/** `unknown`: no `CLEAR` yet; `gapped`: the stream broke and none has come since. */
type Knowledge = "unknown" | "known" | "gapped";

class SideBook {
  readonly except: number;
  readonly book = new Book();
  knowledge: Knowledge = "unknown";
  /** Of the last row that this side reads. */
  time = 0;

  constructor(except: number) {
    this.except = except;
  }

  take(rows: MarketBlock, times: Float64Array): void {
    this.book.apply(rows, 0, rows.length, this.except);
    for (let row = rows.length - 1; row >= 0; row--) {
      if ((rows.kind[row]! & this.except) !== 0) continue;
      this.time = times[row]!;
      break;
    }
    for (let row = rows.length - 1; row >= 0; row--) {
      const flags = rows.kind[row]!;
      const kind = flags & KIND_MASK;
      if (kind < Kind.CLEAR || (flags & this.except) !== 0) continue;
      this.knowledge = kind === Kind.CLEAR ? "known" : "gapped";
      break;
    }
  }

  /** Kind, price and quantity of every row that brings an empty book to where this one stands. */
  rows(): number[] {
    const { bids, asks } = this.book;
    const rows = this.knowledge === "unknown" ? [] : [Kind.CLEAR, 0, 0];
    pushLevels(rows, Kind.BID, bids);
    pushLevels(rows, Kind.ASK, asks);
    if (this.knowledge === "gapped") rows.push(Kind.GAP, 0, 0);
    return rows;
  }
}

function pushLevels(rows: number[], kind: number, side: BookSide): void {
  for (let tick = side.best; tick !== NO_TICK; tick = side.next(tick)) {
    rows.push(kind, tick, side.get(tick));
  }
}

/** Follows the rows, for the day that somebody wants to start in the middle. */
export class SnapshotKeeper {
  readonly #engine = new SideBook(VENUE_ONLY);
  readonly #venue = new SideBook(ENGINE_ONLY);

  take(rows: MarketBlock): void {
    this.#engine.take(rows, rows.localTime);
    this.#venue.take(rows, rows.exchangeTime);
  }

  /** Empty where nothing is known yet. */
  rows(): MarketBlock {
    const out = new ColumnsBuilder(1024);
    const engine = this.#engine.rows();
    const venue = this.#venue.rows();
    const isOne =
      this.#engine.time >= this.#venue.time &&
      engine.length === venue.length &&
      engine.every((value, index) => value === venue[index]);
    if (isOne) {
      pushMessage(out, engine, 0, this.#venue.time, this.#engine.time);
    } else {
      pushMessage(out, venue, VENUE_ONLY, this.#venue.time, this.#venue.time);
      pushMessage(out, engine, ENGINE_ONLY, this.#engine.time, this.#engine.time);
    }
    return out.view();
  }
}

function pushMessage(
  out: ColumnsBuilder,
  rows: readonly number[],
  flag: number,
  exchangeTime: number,
  localTime: number,
): void {
  for (let i = 0; i < rows.length; i += 3) {
    out.push(exchangeTime, localTime, rows[i]! | flag, rows[i + 1]!, rows[i + 2]!);
  }
  if (rows.length > 0) out.endMessage();
}
