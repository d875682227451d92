/**
 * Venue market: the recorded market at this instant of exchange time, and what it has left for us.
 *
 * The recording does not know us, so its levels stand in `book` as recorded and what we took from
 * them is owed beside it (`LevelDebt`). What must stay true: no recorded lot is had twice.
 */
import { crosses, type Side } from "../core/domain/side.ts";
import type { Ticks } from "../core/domain/units.ts";
import { Book } from "../core/market/book.ts";
import { type BookSide, NO_TICK } from "../core/market/book-side.ts";
import { LevelDebt } from "./level-debt.ts";
import type { TickFilter } from "./tick-filter.ts";

export class VenueMarket {
  /** As recorded: without our orders and without our debts. */
  readonly book = new Book();
  /** Nanoseconds of exchange time: the latest row or command. */
  now = 0;
  /** The stream broke and no `CLEAR` has come yet. */
  isGapped = false;
  /** Twice the recorded mid before what acts now, a message or a command; 0 where unknown … */
  midBefore = 0;
  /** … and ask − bid at that instant, where the mid is known. */
  spreadBefore = 0;

  readonly #bidDebt: LevelDebt;
  readonly #askDebt: LevelDebt;

  /** @param bidFilter is kept told of every bid level that owes, `askFilter` of every such ask. */
  constructor(bidFilter: TickFilter, askFilter: TickFilter) {
    this.#bidDebt = new LevelDebt(bidFilter);
    this.#askDebt = new LevelDebt(askFilter);
  }

  get hasBook(): boolean {
    return !this.isGapped && (this.book.bestBid !== NO_TICK || this.book.bestAsk !== NO_TICK);
  }

  /** Whether any level owes. */
  get inDebt(): boolean {
    return this.#bidDebt.size + this.#askDebt.size > 0;
  }

  /** The levels that an order of `side` takes from. */
  offeredTo(side: Side): BookSide {
    return side === "buy" ? this.book.asks : this.book.bids;
  }

  /** A message or a command begins to act: what it finds is what its fills are measured against. */
  noteQuote(): void {
    const { bestBid, bestAsk } = this.book;
    const isKnown = bestBid !== NO_TICK && bestAsk !== NO_TICK && !this.isGapped;
    this.midBefore = isKnown ? bestBid + bestAsk : 0;
    this.spreadBefore = isKnown ? bestAsk - bestBid : 0;
  }

  /** Lots of others beside an order of `side` at `tick`, less what we took from them. */
  visibleBeside(side: Side, tick: number): number {
    const isBuy = side === "buy";
    const recorded = (isBuy ? this.book.bids : this.book.asks).get(tick);
    return (isBuy ? this.#bidDebt : this.#askDebt).visible(tick, recorded);
  }

  /** The best level that has something left for a taker of `side`; `NO_TICK` if none. */
  touchFor(side: Side): number {
    const levels = this.offeredTo(side);
    const debt = this.#debtTo(side);
    let tick = levels.best;
    while (tick !== NO_TICK && debt.visible(tick, levels.get(tick)) === 0) tick = levels.next(tick);
    return tick;
  }

  /** Lots that a taker of `side` could have at `reach` or better, counted up to `wanted`. */
  visibleWithin(side: Side, reach: number, wanted: number): number {
    const levels = this.offeredTo(side);
    const debt = this.#debtTo(side);
    let sum = 0;
    for (let tick = levels.best; tick !== NO_TICK; tick = levels.next(tick)) {
      if (sum >= wanted || !crosses(side, reach as Ticks, tick as Ticks)) break;
      sum += debt.visible(tick, levels.get(tick));
    }
    return sum < wanted ? sum : wanted;
  }

  /** An order of `side` takes up to `wanted` lots of the level at `tick`. @returns lots it got. */
  take(side: Side, tick: number, wanted: number): number {
    const debt = this.#debtTo(side);
    const visible = debt.visible(tick, this.offeredTo(side).get(tick));
    const taken = wanted < visible ? wanted : visible;
    if (taken > 0) debt.add(tick, taken);
    return taken;
  }

  /** The level has been set: its debt shrinks with it. @returns whether its side's last went. */
  settle(isBid: boolean, tick: number): boolean {
    return isBid
      ? this.#bidDebt.settle(tick, this.book.bids.get(tick))
      : this.#askDebt.settle(tick, this.book.asks.get(tick));
  }

  /** A snapshot has replaced the book. */
  settleAll(): void {
    const { bids, asks } = this.book;
    this.#bidDebt.settleAll((tick) => bids.get(tick));
    this.#askDebt.settleAll((tick) => asks.get(tick));
  }

  #debtTo(side: Side): LevelDebt {
    return side === "buy" ? this.#askDebt : this.#bidDebt;
  }
}
