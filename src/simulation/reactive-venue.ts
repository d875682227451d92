/**
 * Reactive venue: a recorded market that answers one account, and shows others what it did.
 *
 * The venue itself is the replay venue, over rows that stand as many ticks higher as our trades
 * have moved the price. What it has left is shown to whoever reads its rows: levels without what we
 * took, prints without what we got, healing step by step (`Reaction`). With a reaction of nothing
 * the rows are those of the recording, to the byte, and so is all that comes of them.
 *
 * What it lacks: takers of the recording who would have found less than they did still trade as
 * recorded, and nobody is drawn or driven away by a resting order of ours. Both make it too kind.
 */
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketColumns,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { type BookSide, NO_TICK } from "../core/market/book-side.ts";
import { MadeRows } from "./made-rows.ts";
import { Reaction, type ReactionConfig } from "./reaction.ts";
import { isTick } from "./recorded-market.ts";
import { ReplayVenue, type RowTap } from "./replay-venue.ts";
import type { VenueAccount, VenueConfig } from "./venue-account.ts";

const NEVER = Number.POSITIVE_INFINITY;

export class ReactiveVenue {
  readonly accounts: readonly [VenueAccount];
  readonly #account: VenueAccount;
  readonly #venue: ReplayVenue;
  readonly #reaction: Reaction;
  readonly #source: Iterator<MarketBlock>;
  /** The block in hand as recorded, the same with its prices moved, and the one after it. */
  #block: MarketBlock | undefined;
  #moved: MarketBlock | undefined;
  #next: MarketBlock | undefined;
  /** By how much the prices of `#moved` are moved, from `#row` on. */
  #movedBy = 0;
  #row = 0;
  #healAt = NEVER;
  readonly #rows = new MadeRows();
  readonly #shower: Shower;

  constructor(config: VenueConfig, reaction: ReactionConfig, blocks: Iterable<MarketBlock>) {
    this.#reaction = new Reaction(reaction);
    this.#shower = new Shower(this.#rows, this.#reaction);
    this.#venue = new ReplayVenue([config], { reaction: this.#reaction, tap: this.#shower });
    this.#account = this.#venue.accounts[0]!;
    this.#shower.venue = this.#venue;
    this.accounts = [this.#account];
    this.#source = blocks[Symbol.iterator]();
    this.#next = this.#pull();
    this.#turn();
  }

  /** See `ReactingVenue` of the loop; after the last recorded row nothing is shown any more. */
  get nextRowAt(): number {
    if (this.#block === undefined) return NEVER;
    const ours = Math.min(this.#account.nextCommandAt, this.#healAt) + this.#shower.latency;
    return Math.max(this.#rows.lastLocal, Math.min(this.#nextRecordedAt(), ours));
  }

  /** @returns whether it came as far as `until`; otherwise a report was made, and it stopped. */
  advance(until: number): boolean {
    for (;;) {
      const stop = Math.min(until, this.#healAt);
      const before = this.#account.reported;
      this.#advanceRecorded(stop);
      this.#shower.showChanges();
      this.#planHealing();
      if (this.#account.reported !== before) return false;
      if (this.#healAt === NEVER || this.#healAt > until) return true;
      this.#shower.now = this.#healAt;
      this.#account.heal(this.#healAt);
      this.#shower.showChanges();
      this.#healAt = NEVER;
      this.#planHealing(stop);
      if (this.#account.reported !== before) return false;
    }
  }

  takeRows(): MarketBlock | undefined {
    return this.#rows.take();
  }

  close(): void {
    this.#source.return?.();
  }

  /** Rows and commands up to `until`, or to the first report. */
  #advanceRecorded(until: number): void {
    const before = this.#account.reported;
    while (this.#block !== undefined) {
      const columns = this.#inPlace();
      const from = this.#row;
      this.#row = this.#venue.advance(columns, from, columns.length, until);
      if (this.#row === columns.length) this.#turn();
      else if (this.#account.reported === before) return;
      if (this.#account.reported !== before) return;
    }
    this.#venue.finish(until);
  }

  /** From now on, where something is to heal. */
  #planHealing(now = this.#shower.now): void {
    const isHealing = this.#account.inDebt || this.#reaction.isFading;
    if (this.#block === undefined || !isHealing) this.#healAt = NEVER;
    else if (this.#healAt === NEVER) {
      const { healStep } = this.#reaction;
      this.#healAt = (Math.floor(now / healStep) + 1) * healStep;
    }
  }

  /** The block in hand, with its prices where the market now stands. */
  #inPlace(): MarketBlock {
    const block = this.#block!;
    const { shift } = this.#reaction;
    if (this.#moved === undefined) {
      if (shift === 0) return block;
      const [price, quantity] = [block.price.slice(), block.quantity.slice()];
      this.#moved = { ...block, price, quantity };
      this.#movedBy = 0;
    }
    if (shift !== this.#movedBy) {
      const { kind, price, quantity } = block;
      for (let row = this.#row; row < block.length; row++) {
        if ((kind[row]! & KIND_MASK) >= Kind.CLEAR) continue;
        const moved = price[row]! + shift;
        // Past the end of all prices there is nothing.
        const isThere = isTick(moved);
        this.#moved.price[row] = isThere ? moved : 1;
        this.#moved.quantity[row] = isThere ? quantity[row]! : 0;
      }
      this.#movedBy = shift;
    }
    return this.#moved;
  }

  #turn(): void {
    this.#block = this.#next;
    this.#moved = undefined;
    this.#row = 0;
    this.#next = this.#block === undefined ? undefined : this.#pull();
  }

  #pull(): MarketBlock | undefined {
    for (;;) {
      const next = this.#source.next();
      if (next.done === true) return undefined;
      if (next.value.length > 0) return next.value;
    }
  }

  #nextRecordedAt(): number {
    const here = nextSeen(this.#block!, this.#row);
    if (here !== undefined) return here;
    return this.#next === undefined ? NEVER : (nextSeen(this.#next, 0) ?? this.#rows.lastLocal);
  }
}

/** Local time of the first row from `from` on that engines see. */
function nextSeen({ kind, localTime, length }: MarketBlock, from: number): number | undefined {
  for (let row = from; row < length; row++) {
    if ((kind[row]! & VENUE_ONLY) === 0) return localTime[row]!;
  }
  return undefined;
}

/** The last row in [from, to) that engines see; less than `from` if none. */
function lastSeen(kind: Uint8Array, from: number, to: number): number {
  let last = to - 1;
  while (last >= from && (kind[last]! & VENUE_ONLY) !== 0) last--;
  return last;
}

/** Writes what others see of the market, as the venue goes through it. */
class Shower implements RowTap {
  venue!: ReplayVenue;
  /** Exchange time of what happened last. */
  now = 0;
  /** Nanoseconds that the newest row travelled: so long does what we cause. */
  latency = 0;
  readonly #rows: MadeRows;
  readonly #reaction: Reaction;
  /** The shift that others have been shown. */
  #shown = 0;
  /** Of trades in the message in hand: how much of them was ours. */
  readonly #ours = new Map<number, number>();

  constructor(rows: MadeRows, reaction: Reaction) {
    this.#rows = rows;
    this.#reaction = reaction;
  }

  passed(
    { exchangeTime, localTime, kind, price, quantity }: MarketColumns,
    from: number,
    to: number,
  ): void {
    const rows = this.#rows;
    for (let row = from; row < to; row++) {
      const flags = kind[row]!;
      const at = (flags & VENUE_ONLY) === 0 ? localTime[row]! : 0;
      rows.push(exchangeTime[row]!, at, flags, price[row]!, quantity[row]!);
    }
    this.#note(exchangeTime, localTime, kind, from, to);
  }

  filled(row: number, quantity: number): void {
    this.#ours.set(row, quantity);
  }

  concerned(columns: MarketColumns, from: number, to: number): void {
    const { exchangeTime, localTime, kind, price } = columns;
    const rows = this.#rows;
    const before = rows.length;
    const final = lastSeen(kind, from, to);
    for (let row = from; row <= final; row++) {
      const flags = kind[row]!;
      if ((flags & VENUE_ONLY) !== 0) continue;
      const shown = this.#shownOf(columns, row);
      // What we changed is shown before the message ends.
      const mark = row === final ? flags & ~LAST : flags;
      if (shown >= 0) rows.push(exchangeTime[row]!, localTime[row]!, mark, price[row]!, shown);
      else if ((mark & LAST) !== 0 && rows.length > before) rows.endMessage();
    }
    this.#ours.clear();
    this.#note(exchangeTime, localTime, kind, from, to);
    this.#showLevels();
    if (rows.length > before) rows.endMessage();
  }

  /** Each by itself: another may follow before anybody looks, and later. */
  acted(): void {
    this.showChanges();
  }

  /** What we changed by a command, or time by healing. */
  showChanges(): void {
    const before = this.#rows.length;
    this.now = Math.max(this.now, this.venue.accounts[0]!.now);
    this.#showLevels();
    if (this.#rows.length > before) this.#rows.endMessage();
  }

  /** What others see instead of a row's quantity; negative: they do not see the row. */
  #shownOf({ kind, price, quantity }: MarketColumns, row: number): number {
    const what = kind[row]! & KIND_MASK;
    const recorded = quantity[row]!;
    if (!this.#reaction.config.isSeen || what >= Kind.CLEAR) return recorded;
    if (what > Kind.ASK) {
      const others = recorded - (this.#ours.get(row) ?? 0);
      return others > 0 ? others : -1;
    }
    // A level that comes again in this message, or is for the engine alone, shows what it says.
    const isBid = what === Kind.BID;
    const { book, accounts } = this.venue;
    const now = (isBid ? book.bids : book.asks).get(price[row]!);
    return now === recorded ? accounts[0]!.shown(isBid, price[row]!) : recorded;
  }

  #showLevels(): void {
    const { touched, shift } = this.#reaction;
    const by = shift - this.#shown;
    if (by !== 0) {
      this.#shown = shift;
      const { bids, asks } = this.venue.book;
      this.#showMoved(true, bids, by);
      this.#showMoved(false, asks, by);
    } else if (this.#reaction.config.isSeen) {
      for (const tick of touched) this.#showLevel(tick < 0, Math.abs(tick));
    }
    touched.clear();
  }

  /** A side stands `by` ticks higher: every level that is there now, or was before. */
  #showMoved(isBid: boolean, side: BookSide, by: number): void {
    for (let tick = side.best; tick !== NO_TICK; tick = side.next(tick)) {
      const left = tick - by;
      if (isTick(left) && side.get(left) === 0) this.#showLevel(isBid, left);
    }
    for (let tick = side.best; tick !== NO_TICK; tick = side.next(tick)) {
      this.#showLevel(isBid, tick);
    }
  }

  #showLevel(isBid: boolean, tick: number): void {
    const { book, accounts } = this.venue;
    const recorded = (isBid ? book.bids : book.asks).get(tick);
    const shown = this.#reaction.config.isSeen ? accounts[0]!.shown(isBid, tick) : recorded;
    const kind = isBid ? Kind.BID : Kind.ASK;
    this.#rows.push(this.now, this.now + this.latency, kind, tick, shown);
  }

  #note(
    exchangeTime: Float64Array,
    localTime: Float64Array,
    kind: Uint8Array,
    from: number,
    to: number,
  ): void {
    for (let row = to - 1; row >= from; row--) {
      if ((kind[row]! & (ENGINE_ONLY | VENUE_ONLY)) !== 0) continue;
      this.now = exchangeTime[row]!;
      this.latency = localTime[row]! - this.now;
      return;
    }
  }
}
