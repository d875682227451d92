/**
 * Venue market: what the recorded market has left for one account.
 *
 * The recording does not know us, so its levels stand as recorded, shared by all accounts, and what
 * we took from them is owed beside it (`LevelDebt`). What must stay true: it has no lot twice.
 */
import { crosses, type Side } from "../core/domain/side.ts";
import type { Ticks } from "../core/domain/units.ts";
import { type BookSide, NO_TICK } from "../core/market/book-side.ts";
import { LevelDebt } from "./level-debt.ts";
import type { RecordedMarket } from "./recorded-market.ts";
import type { TickFilter } from "./tick-filter.ts";

export class VenueMarket {
  readonly #recorded: RecordedMarket;
  readonly #bidDebt: LevelDebt;
  readonly #askDebt: LevelDebt;
  /** Nanoseconds of exchange time: the latest command of this account. */
  #commandAt = 0;

  /** @param bidFilter is kept told of every bid level that owes, `askFilter` of every such ask. */
  constructor(recorded: RecordedMarket, bidFilter: TickFilter, askFilter: TickFilter) {
    this.#recorded = recorded;
    this.#bidDebt = new LevelDebt(bidFilter);
    this.#askDebt = new LevelDebt(askFilter);
  }

  /** Nanoseconds of exchange time: the latest row, or command of this account. */
  get now(): number {
    const { now } = this.#recorded;
    return now > this.#commandAt ? now : this.#commandAt;
  }

  /** Twice the recorded mid before what acts now, a message or a command; 0 where unknown. */
  get midBefore(): number {
    return this.#recorded.midBefore;
  }

  /** Ask − bid at that instant, where the mid is known. */
  get spreadBefore(): number {
    return this.#recorded.spreadBefore;
  }

  get hasBook(): boolean {
    return this.#recorded.hasBook;
  }

  /** Whether any level owes. */
  get inDebt(): boolean {
    return this.#bidDebt.size + this.#askDebt.size > 0;
  }

  /** A command of this account acts, at this instant. */
  noteCommand(at: number): void {
    this.#commandAt = at;
    this.#recorded.noteQuote();
  }

  /** The levels that an order of `side` takes from. */
  offeredTo(side: Side): BookSide {
    return side === "buy" ? this.#recorded.book.asks : this.#recorded.book.bids;
  }

  /** Lots of others beside an order of `side` at `tick`, less what we took from them. */
  visibleBeside(side: Side, tick: number): number {
    const isBuy = side === "buy";
    const recorded = (isBuy ? this.#recorded.book.bids : this.#recorded.book.asks).get(tick);
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
      ? this.#bidDebt.settle(tick, this.#recorded.book.bids.get(tick))
      : this.#askDebt.settle(tick, this.#recorded.book.asks.get(tick));
  }

  /** A snapshot has replaced the book. */
  settleAll(): void {
    const { bids, asks } = this.#recorded.book;
    this.#bidDebt.settleAll((tick) => bids.get(tick));
    this.#askDebt.settleAll((tick) => asks.get(tick));
  }

  #debtTo(side: Side): LevelDebt {
    return side === "buy" ? this.#askDebt : this.#bidDebt;
  }
}
