/**
 * Market watch: what must hold on the market's side of a run: no lot out of nothing.
 *
 * All rows that the engine was given are walked once more by exchange time, the slow and obvious
 * way, with our fills beside them. A fill tells its microsecond and a row its nanosecond, so every
 * bound is the kindest within the microsecond.
 */
import type { Side } from "../../src/core/domain/side.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  VENUE_ONLY,
} from "../../src/core/market/columns.ts";
import { requireLaw } from "../../src/testing/law-broken.ts";
import { EPOCH_MICROS } from "../../src/testing/market.ts";
import type { Step } from "../../src/testing/step.ts";
import type { ToldVenue } from "../../src/testing/told-venue.ts";
import type { MarketCase, MarketKind } from "./market-case.ts";
import { ShownBook } from "./shown-book.ts";
import type { TapedMarket } from "./taped-market.ts";

export interface WatchedMarket {
  readonly kind: MarketKind;
  readonly tape: TapedMarket;
  readonly venue: ToldVenue;
  readonly steps: readonly Step[];
  /** The rows as they were recorded; a generated market has no others than it shows. */
  readonly source: MarketBlock | undefined;
  readonly reaction: MarketCase["reaction"];
}

/** Our fills of one side, kind of liquidity and microsecond. */
interface FillGroup {
  readonly at: number;
  readonly side: Side;
  readonly liquidity: "maker" | "taker";
  readonly fills: { readonly price: number; readonly limit: number; readonly quantity: number }[];
}

export function checkMarket(market: WatchedMarket): void {
  checkRows(market);
  checkWire(market);
  const groups = groupsOf(market.venue);
  const book = new ShownBook(market.tape.block);
  const taken = new Map<string, number>();
  for (let next = 0; next < groups.length;) {
    const { at } = groups[next]!;
    const sights: Sight[] = [];
    for (; groups[next]?.at === at; next++) sights.push(new Sight(groups[next]!));
    book.walk(at, () => {
      for (const sight of sights) sight.look(book);
    });
    for (const sight of sights) {
      if (sight.group.liquidity === "maker") checkMade(market.kind, sight, book);
      else {
        checkTaken(market, sight);
        if (market.kind === "recorded") checkSupply(sight, book, taken);
      }
    }
  }
  if (market.kind === "reactive") checkPrints(market, groups);
}

/** Times never fall and nothing arrives before it happens; between messages no book is crossed. */
function checkRows({ tape, steps }: WatchedMarket): void {
  const { exchangeTime, localTime, kind, length } = tape.block;
  const shown = new ShownBook(tape.block, VENUE_ONLY);
  let [lastExchange, lastLocal] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const fault = (row: number, what: string): void =>
    requireLaw("market", false, `row ${row} of ${length}, at ${localTime[row]} ns: ${what}`);
  for (let row = 0; row < length; row++) {
    shown.take(row);
    const [exchange, local, flags] = [exchangeTime[row]!, localTime[row]!, kind[row]!];
    if ((flags & VENUE_ONLY) === 0) {
      if (local < lastLocal || local < exchange) fault(row, "local time fell");
      lastLocal = local;
    }
    if ((flags & ENGINE_ONLY) === 0) {
      if (exchange < lastExchange) fault(row, "exchange time fell");
      lastExchange = exchange;
    }
    const { bid, ask } = shown;
    const isCrossed = (flags & LAST) !== 0 && bid > 0 && ask > 0 && bid >= ask;
    if (isCrossed) fault(row, `the book is crossed, ${bid}/${ask}`);
  }
  for (const { event, position } of steps) {
    if (position >= length) continue;
    const next = EPOCH_MICROS + localTime[position]! / 1_000;
    requireLaw("time", next >= event.time, `${event.kind} at ${event.time}: ${next} was not seen`);
  }
}

/** An order acts no sooner than it can arrive, and what happens is known no sooner than that. */
function checkWire({ tape, venue }: WatchedMarket): void {
  const { minEntryLatency, minResponseLatency } = tape.accounts[0];
  for (const { orderId, toldAt, fill } of venue.executions) {
    const arrived = EPOCH_MICROS + Math.floor((tape.sentAt.get(orderId)! + minEntryLatency) / 1e3);
    const filledAt = fill.exchangeTime;
    requireLaw("time", filledAt >= arrived, `${orderId}: filled at ${filledAt}, sent later`);
    const known = filledAt + Math.floor(minResponseLatency / 1e3);
    requireLaw("time", toldAt! >= known, `${orderId}: told at ${toldAt}, before ${known}`);
  }
}

/** What the market showed to a group of fills, at its kindest. */
class Sight {
  readonly group: FillGroup;
  /** By price: the most that was shown there, and the least. */
  readonly levels: ReadonlyMap<number, { taken: number; most: number; least: number }>;
  /** Lots within the worst limit. */
  within = 0;
  /** Where others stood beside us, at the worst. */
  beside: number;
  readonly #limit: number;

  constructor(group: FillGroup) {
    const { side, fills } = group;
    const limits = fills.map(({ limit }) => limit);
    this.group = group;
    this.#limit = side === "buy" ? Math.max(...limits) : Math.min(...limits);
    this.beside = side === "buy" ? Number.POSITIVE_INFINITY : 0;
    this.levels = new Map(
      [...byPrice(fills)].map(([price, taken]) => [price, { taken, most: 0, least: Infinity }]),
    );
  }

  look(book: ShownBook): void {
    const { side } = this.group;
    this.within = Math.max(this.within, book.within(side, this.#limit));
    const beside = book.beside(side);
    this.beside = side === "buy" ? Math.min(this.beside, beside) : Math.max(this.beside, beside);
    for (const [price, level] of this.levels) {
      const shown = book.level(side, price);
      level.most = Math.max(level.most, shown);
      level.least = Math.min(level.least, shown);
    }
  }
}

/** A taker gets no more than is shown within its limit; and where it took, less is shown. */
function checkTaken(
  { kind, reaction, tape }: WatchedMarket,
  { group, within, levels }: Sight,
): void {
  const { fills, at } = group;
  const got = sumOf(fills);
  requireLaw("lots", got <= within, `${at}: took ${got} of ${within} shown within the limit`);
  const isMoved = kind === "reactive" && (reaction.permanent > 0 || reaction.transient > 0);
  if (isMoved) return;
  const { exchangeTime, length } = tape.block;
  // Behind its end a market still answers, from the book that was left, and shows nothing.
  const isOver = at > EPOCH_MICROS + exchangeTime[length - 1]! / 1_000;
  for (const [price, { taken, most, least }] of levels) {
    requireLaw("lots", taken <= most, `${at}: took ${taken} of ${most} shown at ${price}`);
    if (kind === "recorded" || isOver) continue;
    const text = `${at}: took ${taken} at ${price}, where ${most} were shown and then ${least}`;
    requireLaw("lots", most - least >= taken, text);
  }
}

/** A maker fills at its own price, and not while others stand before it. */
function checkMade(kind: MarketKind, { group, within, beside }: Sight, book: ShownBook): void {
  const { side, fills, at } = group;
  for (const { price, limit } of fills) {
    requireLaw("lots", price === limit, `${at}: a maker of ${limit} filled at ${price}`);
    const isFirst = side === "buy" ? beside <= price : beside >= price;
    const text = `${at}: a maker filled at ${price} while others stood at ${beside}`;
    requireLaw("lots", kind !== "generated" || isFirst, text);
  }
  if (kind !== "recorded") return;
  const prices = fills.map(({ price }) => price);
  const best = side === "buy" ? Math.max(...prices) : Math.min(...prices);
  const got = sumOf(fills);
  const most = book.printed(side, best) + within;
  requireLaw("lots", got <= most, `${at}: made ${got} of ${most} that came to ${best}`);
}

/** No recorded lot is taken twice: all takings of a level fit into what ever came to it. */
function checkSupply(
  { group, levels }: Sight,
  book: ShownBook,
  takings: Map<string, number>,
): void {
  const { side, at } = group;
  for (const [price, { taken }] of levels) {
    const key = `${side} ${price}`;
    const sum = (takings.get(key) ?? 0) + taken;
    takings.set(key, sum);
    const supply = book.supply(side, price);
    requireLaw("lots", sum <= supply, `${at}: ${key} took ${sum}, ${supply} ever came`);
  }
}

/** Each recorded print went to others, who see it, or to our resting orders: never to both. */
function checkPrints({ tape, source }: WatchedMarket, groups: readonly FillGroup[]): void {
  const recorded = printsOf(source!);
  const shown = printsOf(tape.block);
  const made = new Map<string, number>();
  for (const { at, side, liquidity, fills } of groups) {
    if (liquidity === "maker") made.set(`${side} ${at}`, sumOf(fills));
  }
  for (const [key, quantity] of recorded) {
    const missing = quantity - (shown.get(key) ?? 0);
    const ours = made.get(key) ?? 0;
    const text = `${key}: ${missing} of ${quantity} printed lots are not shown, ours are ${ours}`;
    requireLaw("lots", missing >= 0 && missing <= ours, text);
  }
  for (const key of shown.keys()) requireLaw("lots", recorded.has(key), `${key}: a made-up print`);
}

/** Printed lots by the side of the resting orders that they reach and the microsecond. */
function printsOf({ exchangeTime, kind, quantity, length }: MarketBlock): Map<string, number> {
  const prints = new Map<string, number>();
  for (let row = 0; row < length; row++) {
    const what = kind[row]! & KIND_MASK;
    if (what !== Kind.TRADE_BUY && what !== Kind.TRADE_SELL) continue;
    const at = EPOCH_MICROS + Math.floor(exchangeTime[row]! / 1_000);
    const key = `${what === Kind.TRADE_SELL ? "buy" : "sell"} ${at}`;
    prints.set(key, (prints.get(key) ?? 0) + quantity[row]!);
  }
  return prints;
}

function groupsOf({ executions, orders }: ToldVenue): readonly FillGroup[] {
  const groups = new Map<string, FillGroup>();
  for (const { orderId, price, quantity, limit, fill } of executions) {
    const { side } = orders.get(orderId)!.terms;
    const { exchangeTime: at, liquidity } = fill;
    const key = `${at} ${side} ${liquidity}`;
    const group = groups.get(key) ?? { at, side, liquidity, fills: [] };
    groups.set(key, group);
    group.fills.push({ price, limit, quantity });
  }
  return [...groups.values()].sort((a, b) => a.at - b.at);
}

const sumOf = (fills: readonly { readonly quantity: number }[]): number =>
  fills.reduce((sum, { quantity }) => sum + quantity, 0);

function byPrice(fills: FillGroup["fills"]): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const { price, quantity } of fills) sums.set(price, (sums.get(price) ?? 0) + quantity);
  return sums;
}
