/**
 * Venue market: what the recorded market has left for one account.
 *
 * The recording does not know us, so its levels stand as recorded, shared by all accounts, and what
 * we took from them is owed beside it (`LevelDebt`). Where the market reacts, what we do also moves
 * it (`Reaction`). What must stay true: it has no lot twice.
 */
import { crosses, type Side } from "../core/domain/side.ts";
import type { Ticks } from "../core/domain/units.ts";
import { type BookSide, NO_TICK } from "../core/market/book-side.ts";
import { LevelDebt } from "./level-debt.ts";
import type { Reaction } from "./reaction.ts";
import type { RecordedMarket } from "./recorded-market.ts";
import type { TickFilter } from "./tick-filter.ts";

export class VenueMarket {
  readonly #recorded: RecordedMarket;
  readonly #bidDebt: LevelDebt;
  readonly #askDebt: LevelDebt;
  readonly #reaction: Reaction | undefined;
  /** Whether the market has been moved since `hasMoved` was last asked. */
  #isMoved = false;
  /** Nanoseconds of exchange time: the latest act of this account. */
  #actedAt = 0;

  /**
   * @param bidFilter is kept told of every bid level that owes, `askFilter` of every such ask.
   * @param reaction how the market answers us; absent = not at all.
   */
  constructor(
    recorded: RecordedMarket,
    bidFilter: TickFilter,
    askFilter: TickFilter,
    reaction?: Reaction,
  ) {
    this.#recorded = recorded;
    this.#reaction = reaction;
    this.#bidDebt = new LevelDebt(bidFilter);
    this.#askDebt = new LevelDebt(askFilter);
  }

  /** Nanoseconds of exchange time: the latest row, or act of this account. */
  get now(): number {
    const { now } = this.#recorded;
    return now > this.#actedAt ? now : this.#actedAt;
  }

  /** Twice the shown mid before what acts now, a message or a command; 0 where unknown. */
  midBefore = 0;
  /** Ask − bid at that instant, where the mid is known … */
  spreadBefore = 0;
  /** … and by how many half ticks our trades have moved the mid; undefined: nothing moves it. */
  displacement: number | undefined;

  /** Of `displacement`, what stays. */
  get permanentDisplacement(): number {
    return 2 * this.#reaction!.permanent;
  }

  get hasBook(): boolean {
    return this.#recorded.hasBook;
  }

  /** Whether any level owes. */
  get inDebt(): boolean {
    return this.#bidDebt.size + this.#askDebt.size > 0;
  }

  /** A command of this account acts, or the time that has passed, at this instant. */
  noteAct(at: number): void {
    this.#actedAt = at;
    this.noteQuote();
  }

  /** A message or a command begins to act: what it finds is what its fills are measured against. */
  noteQuote(): void {
    const { hasQuote, book } = this.#recorded;
    this.midBefore = hasQuote ? book.bestBid + book.bestAsk : 0;
    this.spreadBefore = hasQuote ? book.bestAsk - book.bestBid : 0;
    if (this.#reaction === undefined || !hasQuote) return;
    const recorded = this.midBefore - 2 * this.#reaction.shift;
    const [bid, ask] = [this.touchFor("sell"), this.touchFor("buy")];
    // Where we have taken all that there was, the recorded touch must do.
    if (this.#reaction.config.isSeen && bid !== NO_TICK && ask !== NO_TICK) {
      this.midBefore = bid + ask;
      this.spreadBefore = ask - bid;
    }
    this.displacement = this.midBefore - recorded;
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
    if (taken === 0) return 0;
    debt.add(tick, taken);
    this.#reaction?.touched.add(side === "buy" ? tick : -tick);
    return taken;
  }

  /** Of `wanted` lots, those that an order of `side` may have before the price moves. */
  beforeShift(side: Side, wanted: number): number {
    const room = this.#reaction?.lotsBeforeShift(side === "buy");
    return room === undefined || wanted < room ? wanted : room;
  }

  /** An order of `side` has taken. @returns ticks by which the market has moved at once. */
  tookFill(side: Side, quantity: number): number {
    this.#reaction?.traded(side === "buy", quantity);
    return this.settleShift();
  }

  /** A resting order of `side` has been filled: the market moves when the message is over. */
  madeFill(side: Side, quantity: number): void {
    this.#reaction?.traded(side === "buy", quantity);
  }

  /** A print at `tick` filled `quantity` of ours: so many of its recorded makers are left. */
  spare(side: Side, tick: number, quantity: number): void {
    if (this.#reaction?.config.isSeen !== true) return;
    (side === "buy" ? this.#bidDebt : this.#askDebt).add(tick, -quantity);
    this.#reaction.touched.add(side === "buy" ? -tick : tick);
  }

  /** The market goes where our fills have pushed it. @returns ticks by which it has moved. */
  settleShift(): number {
    const reaction = this.#reaction;
    if (reaction === undefined || reaction.due === reaction.shift) return 0;
    const by = reaction.due - reaction.shift;
    reaction.shift = reaction.due;
    this.#recorded.shift(by);
    this.#bidDebt.shift(by);
    this.#askDebt.shift(by);
    this.#isMoved = true;
    return by;
  }

  /** Whether every level stands elsewhere than when this was last asked. */
  takeMoved(): boolean {
    const isMoved = this.#isMoved;
    this.#isMoved = false;
    return isMoved;
  }

  /** One step of time has passed: debts heal, the price goes back. @returns whether it shows. */
  heal(): boolean {
    const { touched, config, healedTo } = this.#reaction!;
    this.#reaction!.fade();
    const isFaded = this.settleShift() !== 0;
    if (config.halfLife === Number.POSITIVE_INFINITY) return isFaded;
    const before = touched.size;
    this.#bidDebt.heal(healedTo, (tick) => touched.add(-tick));
    this.#askDebt.heal(healedTo, (tick) => touched.add(tick));
    return isFaded || touched.size > before;
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

  /** What was taken counts no longer. */
  forgive(): void {
    this.#bidDebt.forgive();
    this.#askDebt.forgive();
  }

  #debtTo(side: Side): LevelDebt {
    return side === "buy" ? this.#askDebt : this.#bidDebt;
  }
}
