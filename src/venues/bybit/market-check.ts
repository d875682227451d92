/**
 * Market check: the book made of the stream, held against the one that the venue tells when asked.
 *
 * The two are never of the same instant: the stream is pushed in steps, and an answer may fall
 * between two. So only quiet levels are compared, which the stream has not touched for a while
 * before and after the answer's own time. What must stay true: a healthy book is never called
 * wrong, however fast it moves. No clock, no IO: times come with the rows and with the answer.
 */
import { Kind, KIND_MASK, type MarketBlock } from "../../core/market/columns.ts";

/** A few levels of both sides, as the venue told them at one instant; best first. */
export interface BookAnswer {
  /** Of the matching engine, nanoseconds since the header's epoch. */
  readonly time: number;
  readonly bids: readonly (readonly [price: number, quantity: number])[];
  readonly asks: readonly (readonly [price: number, quantity: number])[];
}

export interface CheckResult {
  /** Levels that could be compared. */
  readonly compared: number;
  /** In words, one for each level that differs. */
  readonly differences: readonly string[];
}

interface Level {
  quantity: number;
  /** By the exchange's clock, nanoseconds. */
  changedAt: number;
}

/** Levels that are gone are kept for a while; more are swept out. */
const MOST_LEVELS = 20_000;
const KEPT_NANOS = 60e9;

export class MarketCheck {
  readonly #sides = [new Map<number, Level>(), new Map<number, Level>()] as const;
  /** Since then the book is known; NaN: it is not. */
  #knownSince = Number.NaN;
  #time = 0;
  readonly #quietNanos: number;

  /** @param quietNanos a level is quiet that has not changed for so long around the answer. */
  constructor(quietNanos: number) {
    this.#quietNanos = quietNanos;
  }

  rows({ kind, price, quantity, exchangeTime, length }: MarketBlock): void {
    for (let row = 0; row < length; row++) {
      const what = kind[row]! & KIND_MASK;
      this.#time = Math.max(this.#time, exchangeTime[row]!);
      if (what === Kind.CLEAR || what === Kind.GAP) {
        for (const side of this.#sides) side.clear();
        this.#knownSince = what === Kind.GAP ? Number.NaN : exchangeTime[row]!;
      } else if (what === Kind.BID || what === Kind.ASK) {
        this.#set(what, price[row]!, quantity[row]!);
      }
    }
  }

  #set(what: number, price: number, quantity: number): void {
    const side = this.#sides[what]!;
    const level = side.get(price);
    if (level === undefined) side.set(price, { quantity, changedAt: this.#time });
    else {
      level.quantity = quantity;
      level.changedAt = this.#time;
    }
    if (side.size > MOST_LEVELS) this.#sweep(side);
  }

  #sweep(side: Map<number, Level>): void {
    for (const [price, { quantity, changedAt }] of side) {
      if (quantity === 0 && changedAt < this.#time - KEPT_NANOS) side.delete(price);
    }
  }

  /** Whether the stream has come far enough past the answer's time. */
  isPast({ time }: BookAnswer): boolean {
    return this.#time > time + this.#quietNanos;
  }

  compare(answer: BookAnswer): CheckResult {
    if (!(this.#knownSince < answer.time - this.#quietNanos))
      return { compared: 0, differences: [] };
    const differences: string[] = [];
    let compared = 0;
    for (const [index, told] of [answer.bids, answer.asks].entries()) {
      const side = this.#sides[index]!;
      const name = index === Kind.BID ? "bid" : "ask";
      for (const [price, there] of merged(side, told)) {
        const ours = side.get(price);
        if (ours !== undefined && ours.changedAt > answer.time - this.#quietNanos) continue;
        compared += 1;
        const here = ours?.quantity ?? 0;
        if (here === there) continue;
        differences.push(`${name} at ${price} ticks: ${here} lots here, ${there} there`);
      }
    }
    return { compared, differences };
  }
}

/** Every price between the best and the worst that was told, with what was told of it. */
function merged(
  side: ReadonlyMap<number, Level>,
  told: readonly (readonly [number, number])[],
): Map<number, number> {
  const prices = new Map<number, number>(told);
  if (told.length === 0) return prices;
  const first = told[0]![0];
  const last = told.at(-1)![0];
  const [low, high] = first < last ? [first, last] : [last, first];
  for (const price of side.keys()) {
    if (price >= low && price <= high && !prices.has(price)) prices.set(price, 0);
  }
  return prices;
}
