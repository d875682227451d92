/**
 * Causes: why hftbacktest filled an order otherwise than we did.
 *
 * A difference is explained only by what stands in the recording at that instant, or by lots that
 * we still owed there; what neither explains is counted as unexplained, never guessed.
 */
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
} from "../../src/core/market/columns.ts";
import { byOrder, type Seen } from "./agreement.ts";
import type { Execution } from "./script.ts";

export type Cause =
  | "a trade went through the price, for fewer lots than the order had open"
  | "a level of the other side came to the price, with fewer lots than the order had open"
  | "an earlier order of ours had taken lots there, which we do not count twice"
  | "unexplained";

/** The first instant at which an order was filled differently, and what was there. */
interface Instant {
  readonly order: number;
  readonly isBuy: boolean;
  readonly isTaker: boolean;
  readonly priceTick: number;
  readonly micros: number;
  readonly theyAreFirst: boolean;
  through: boolean;
  level: boolean;
  owed: boolean;
}

/** @param lifeMicros how long an order may have been at work before that instant. */
export function explain(
  header: MarketHeader,
  blocks: Iterable<MarketBlock>,
  ours: Seen,
  theirs: Seen,
  different: readonly number[],
  lifeMicros: number,
): ReadonlyMap<Cause, readonly number[]> {
  const ourFills = byOrder(ours.fills);
  const theirFills = byOrder(theirs.fills);
  const instants = different.map((order) => firstDifference(order, ours, ourFills, theirFills));
  const byMicros = Map.groupBy(instants, ({ micros }) => micros);
  const debts = new Debts(ours, instants, lifeMicros);
  const epoch = Number(header.epochNanos / 1000n);
  for (const block of blocks) {
    for (let row = 0; row < block.length; row++) {
      if ((block.kind[row]! & ENGINE_ONLY) !== 0) continue;
      const micros = epoch + Math.floor(block.exchangeTime[row]! / 1000);
      debts.reach(micros);
      debts.take(block.kind[row]!, block.price[row]!, block.quantity[row]!);
      for (const each of byMicros.get(micros) ?? []) noteRow(each, block, row);
    }
  }
  const causes = Map.groupBy(instants, causeOf);
  return new Map([...causes].map(([cause, found]) => [cause, found.map(({ order }) => order)]));
}

type Fills = ReturnType<typeof byOrder>;

function firstDifference(order: number, ours: Seen, ourFills: Fills, theirFills: Fills): Instant {
  const our = ourFills.get(order) ?? [];
  const their = theirFills.get(order) ?? [];
  let at = 0;
  while (JSON.stringify(our[at]) === JSON.stringify(their[at])) at += 1;
  const ourTime = our[at]?.exchangeMicros ?? Infinity;
  const theirTime = their[at]?.exchangeMicros ?? Infinity;
  const { kind, side, priceTick } = ours.orders[order - 1]!;
  return {
    order,
    isBuy: side === "buy",
    isTaker: kind === "aggressive",
    priceTick,
    micros: Math.min(ourTime, theirTime),
    theyAreFirst: theirTime <= ourTime,
    through: false,
    level: false,
    owed: false,
  };
}

function noteRow(into: Instant, block: MarketBlock, row: number): void {
  const what = block.kind[row]! & KIND_MASK;
  const price = block.price[row]!;
  const { isBuy, priceTick } = into;
  if (what === (isBuy ? Kind.TRADE_SELL : Kind.TRADE_BUY)) {
    if (isBuy ? price < priceTick : price > priceTick) into.through = true;
  } else if (what === (isBuy ? Kind.ASK : Kind.BID)) {
    const reaches = isBuy ? price <= priceTick : price >= priceTick;
    if (reaches && block.quantity[row]! > 0) into.level = true;
  }
}

function causeOf({ isTaker, theyAreFirst, through, level, owed }: Instant): Cause {
  if (!isTaker && theyAreFirst && through) {
    return "a trade went through the price, for fewer lots than the order had open";
  }
  if (!isTaker && theyAreFirst && level) {
    return "a level of the other side came to the price, with fewer lots than the order had open";
  }
  if (owed) return "an earlier order of ours had taken lots there, which we do not count twice";
  return "unexplained";
}

/**
 * What our takers had of levels that still stood: told again from their executions and the
 * recorded levels alone, apart from the venue's own bookkeeping.
 */
class Debts {
  /** Lots by tick; bids at 0, asks at 1. */
  #owed = [new Map<number, number>(), new Map<number, number>()];
  /** Of levels that a snapshot has not named yet. */
  #before: Map<number, number>[] | undefined;
  readonly #takings: readonly Execution[];
  readonly #sideOf: (taking: Execution) => 0 | 1;
  #nextTaking = 0;
  readonly #lifeMicros: number;
  /** In order of time. */
  readonly #instants: readonly Instant[];
  #nextWatched = 0;
  #open: { readonly instant: Instant; readonly until: number }[] = [];

  constructor(ours: Seen, instants: readonly Instant[], lifeMicros: number) {
    const sent = (execution: Execution) => ours.orders[execution.order - 1]!;
    this.#takings = ours.executions.filter((each) => sent(each).kind === "aggressive");
    this.#sideOf = (taking) => (sent(taking).side === "sell" ? 0 : 1);
    this.#instants = [...instants].sort((a, b) => a.micros - b.micros);
    this.#lifeMicros = lifeMicros;
  }

  /** Time has come to `micros`: takings before it have happened, windows that began are open. */
  reach(micros: number): void {
    for (;;) {
      const taking = this.#takings[this.#nextTaking];
      if (taking === undefined || taking.exchangeMicros >= micros) break;
      const owed = this.#owed[this.#sideOf(taking)]!;
      owed.set(taking.priceTick, (owed.get(taking.priceTick) ?? 0) + taking.lots);
      this.#nextTaking += 1;
      this.#look();
    }
    for (;;) {
      const instant = this.#instants[this.#nextWatched];
      if (instant === undefined || instant.micros - this.#lifeMicros > micros) break;
      this.#open.push({ instant, until: instant.micros });
      this.#nextWatched += 1;
      this.#look();
    }
    if (this.#open.length > 0 && this.#open[0]!.until < micros) {
      this.#open = this.#open.filter(({ until }) => until >= micros);
    }
  }

  /** A level that shrinks under its debt owes what it still shows. */
  take(kind: number, price: number, quantity: number): void {
    const what = kind & KIND_MASK;
    if (what === Kind.CLEAR) {
      this.#before = this.#owed;
      this.#owed = [new Map(), new Map()];
    } else if (what <= Kind.ASK) {
      const owed = (this.#before ?? this.#owed)[what]!.get(price);
      if (owed !== undefined) this.#settle(what, price, Math.min(owed, quantity));
    }
    if ((kind & LAST) !== 0) this.#before = undefined;
  }

  #settle(side: number, price: number, lots: number): void {
    if (lots === 0) this.#owed[side]!.delete(price);
    else this.#owed[side]!.set(price, lots);
  }

  /** Marks the instants whose level owes now: an own level where it rests, or one that it takes. */
  #look(): void {
    for (const { instant } of this.#open) {
      const { isBuy, isTaker, priceTick } = instant;
      const owed = this.#owed[isBuy === isTaker ? 1 : 0]!;
      if (!isTaker) instant.owed ||= owed.has(priceTick);
      else {
        for (const tick of owed.keys()) {
          if (isBuy ? tick <= priceTick : tick >= priceTick) instant.owed = true;
        }
      }
    }
  }
}
