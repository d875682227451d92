/**
 * Pace: laws 5 and 6, for any strategy. No dump, and no burst after a stall.
 *
 * The plans come from where a strategy's author stands: the engine binds one, the oracle checks
 * that it is the plan that the facts call for and that it was due, and asks a binding of its own
 * what may be committed by now. Where a strategy has a formula, that is asked as well: it shares no
 * code with the strategy, and starts where a plan began for a reason from outside.
 */
import type { BoundStrategy, Target } from "../core/contracts/strategy.ts";
import { TOUCH } from "../core/contracts/tactic.ts";
import type { EngineOutput } from "../core/domain/messages.ts";
import { lots, micros } from "../core/domain/units.ts";
import { asNumber, moneyOf, moneyText } from "./ledger.ts";
import type { PaceQuestion } from "./lineup.ts";
import type { Oracle, ParentBook } from "./oracle.ts";
import type { Anchor } from "./watched.ts";

/** Where something is measured from. */
export interface Pace {
  readonly at: number;
  /** Filled and open then, as a share of the parent, and in lots. */
  readonly committed: number;
  readonly committedLots: number;
  /** Others' volume since the session began. */
  readonly volume: number;
}

/** Where a stall ended, and a plan of what was left then: the most that may follow it. */
export interface StallEnd extends Pace {
  readonly filled: number;
  readonly anew: BoundStrategy;
}

/** The plan in force, as the oracle saw it bound. */
export interface Anchored extends Anchor {
  readonly at: number;
  /** Fills that the engine knew of then: targets count from there. */
  readonly filled: number;
}

const MICROS = 1e6;
const EPSILON = 1e-9;
/** Law 6: a plan that was kept over a stall may catch up with this many of its slices. */
const SLICES_KEPT = 1;

/** Takes on a plan that the engine has bound, if it is the one that the facts call for. */
export function takePlan(
  oracle: Oracle,
  anchor: Anchor,
  now: number,
  outputs: readonly EngineOutput[],
): void {
  const { plan } = anchor;
  const book = oracle.books.get(plan.parentId);
  oracle.require("9", book !== undefined, `a plan of ${plan.parentId}, which nobody submitted`);
  if (outputs.some((it) => it.kind === "parent-arrived" && it.parentId === plan.parentId)) {
    book.arrivedAt = now;
  }
  checkPlan(oracle, book, anchor, now);
  const isOf = (output: EngineOutput): boolean =>
    "parentId" in output && output.parentId === plan.parentId;
  const hasNewTerms = outputs.some(
    (it) =>
      isOf(it) &&
      (it.kind === "parent-arrived" || (it.kind === "parent-moved" && it.from === "adjusting")),
  );
  if (!hasNewTerms) checkIsVoid(oracle, book, now);
  book.anchored = { ...anchor, at: now, filled: book.ledger.told.quantity };
  const choice = book.order.strategy.tactic;
  const kind = choice === undefined ? undefined : oracle.lineup.tactics.get(choice.name);
  book.tactic = kind?.bind(choice!.parameters, plan) ?? anchor.bound.tactic ?? TOUCH;
}

/** A plan covers all that is left, until the deadline, under the terms in force. */
function checkPlan(oracle: Oracle, book: ParentBook, anchor: Anchor, now: number): void {
  const { plan, name, parameters } = anchor;
  const { order, ledger } = book;
  const { instrument } = oracle.market.header;
  const at = `${order.id}: the plan bound at ${now}`;
  const chosen = order.strategy;
  const isChosen = name === chosen.name && same(parameters, chosen.parameters);
  oracle.require("9", isChosen, `${at} is of ${name}, the order names ${chosen.name}`);
  oracle.require("9", plan.side === order.side, `${at} is to ${plan.side}`);
  oracle.require("9", plan.from >= now, `${at} began at ${plan.from}`);
  oracle.require("9", plan.until === order.deadline, `${at} ends at ${plan.until}`);
  const { arrivedAt } = book;
  oracle.require("9", plan.arrivedAt === arrivedAt, `${at} has arrived at ${plan.arrivedAt}`);
  const alpha = order.alphaHalfLife;
  oracle.require("9", plan.alphaHalfLife === alpha, `${at} has alpha for ${plan.alphaHalfLife}`);
  oracle.require("9", plan.urgency === order.urgency, `${at} has urgency ${plan.urgency}`);
  const volume = oracle.fold.volume;
  oracle.require("9", plan.volumeAtFrom === volume, `${at} counts from ${plan.volumeAtFrom}`);
  const before = oracle.fold.volumeOver(now, oracle.limits.participationWindow / MICROS);
  const isBefore = plan.volumeBefore === undefined || plan.volumeBefore === before;
  oracle.require("9", isBefore, `${at} begins after ${plan.volumeBefore}, in truth ${before}`);
  const least = Math.max(order.minOrder, instrument.minLots);
  oracle.require("9", plan.minOrder === least, `${at} has least orders of ${plan.minOrder}`);
  const share = participationOf(oracle, book);
  oracle.require("9", plan.maxParticipation === share, `${at} may be ${plan.maxParticipation}`);
  const { quantity } = order;
  if (quantity.kind === "lots") {
    const rest = Math.max(0, quantity.lots - ledger.told.quantity);
    oracle.require("9", plan.quantity === rest, `${at} is of ${plan.quantity}, ${rest} are left`);
    return;
  }
  if (!oracle.fold.isHealthy(now, oracle.limits.staleAfter)) return;
  const price = order.side === "buy" ? oracle.fold.ask : oracle.fold.bid;
  const rest = moneyText(quantity.quote) - ledger.told.money;
  const isRight =
    (plan.quantity === 0 || moneyOf(instrument, price, plan.quantity) <= rest) &&
    moneyOf(instrument, price, plan.quantity + 1) > rest;
  oracle.require("9", isRight, `${at} is of ${plan.quantity} at ${price}, of ${asNumber(rest)}`);
}

/** Without new terms a plan is given up only when more than a slice of it was missed. */
function checkIsVoid(oracle: Oracle, book: ParentBook, now: number): void {
  const { anchored, ledger, order } = book;
  oracle.require("5", anchored !== undefined, `${order.id}: planned before it arrived`);
  const target = targetOf(oracle, book, anchored, now);
  const missed = target.quantity - (ledger.told.quantity - anchored.filled);
  const slice = evenSlice(anchored, target);
  const text = `${order.id}: planned anew at ${now}, ${missed} missed, a slice is ${slice}`;
  oracle.require("5", missed > slice, text);
}

/** Law 5: what is committed never exceeds what the plan in force has due by now. */
export function checkSchedule(oracle: Oracle, book: ParentBook, now: number): void {
  const { anchored, plan, order, ledger } = book;
  oracle.require("8", anchored !== undefined, `${order.id}: sent before it arrived`);
  const target = targetOf(oracle, book, anchored, now).quantity;
  const committed = ledger.filled + ledger.open;
  const most = anchored.filled + target + dustLots(oracle, book) + advisedLots(oracle, book);
  const text =
    `${order.id}: ${committed} committed, at most ${most} due ` +
    `(${anchored.filled} done when planned, ${target} of ${anchored.plan.quantity} since)`;
  oracle.require("5", committed <= most, text);
  if (plan !== undefined) checkFormula(oracle, book, plan, now, "anchor");
}

export function endStall(oracle: Oracle, book: ParentBook, from: Pace): StallEnd | undefined {
  const { anchored, ledger } = book;
  if (anchored === undefined) return undefined;
  const { plan, name, parameters } = anchored;
  const filled = ledger.told.quantity;
  const anew = oracle.lineup.strategies.get(name)!.bind(parameters, {
    ...plan,
    from: micros(Math.min(from.at, plan.until)),
    quantity: lots(Math.max(0, plan.quantity - (filled - anchored.filled))),
    volumeAtFrom: lots(from.volume),
  });
  return { ...from, filled, anew };
}

/**
 * Law 6: the minute after a stall sends what the plan has due since, and not what was missed; or
 * what a plan of the rest would have due, made when the stall ended.
 */
export function checkAfterStall(oracle: Oracle, book: ParentBook, now: number): void {
  const { stall, anchored, order, ledger } = book;
  if (stall === undefined || anchored === undefined || now > stall.at + 60 * MICROS) return;
  if (anchored.at < stall.at) {
    // The old plan was kept, so it cannot have been far behind.
    const target = targetOf(oracle, book, anchored, now);
    const before = targetOf(oracle, book, anchored, stall.at, stall.volume);
    // The slice in which it woke up: the last one of a plan may be shorter.
    const advised = advisedLots(oracle, book);
    const kept = SLICES_KEPT * evenSlice(anchored, before) + dustLots(oracle, book) + advised;
    const view = { now: micros(now), done: lots(0), marketVolume: lots(oracle.fold.volume) };
    const anew = stall.filled + stall.anew.target(view).quantity + dustLots(oracle, book) + advised;
    const most = Math.max(anew, stall.committedLots + target.quantity - before.quantity + kept);
    const committed = ledger.filled + ledger.open;
    const text = `${order.id}: ${committed} committed after a stall, at most ${most}`;
    oracle.require("6", committed <= most + EPSILON, text);
  }
  checkFormula(oracle, book, stall, now, "stall");
}

/** The second opinion, where the strategy has one. */
function checkFormula(
  oracle: Oracle,
  book: ParentBook,
  from: Pace,
  now: number,
  since: PaceQuestion["since"],
): void {
  const { order, ledger } = book;
  const formula = oracle.lineup.paces.get(order.strategy.name);
  if (formula === undefined) return;
  const size = sizeLots(oracle, book);
  const advised = advisedLots(oracle, book);
  const step = (2 * leastLots(oracle, book) + dustLots(oracle, book) + advised + 1) / size;
  // A plan in money counts lots: prices drift, and what rests far away is worth another amount.
  const away = 1 + Math.abs(book.tactic.behindTicks) / oracle.fold.bid;
  const drift = order.quantity.kind === "notional" ? 1.15 * away : 1;
  const rest = Math.max(0, 1 - from.committed);
  const share = formula({
    parameters: order.strategy.parameters,
    elapsed: now - from.at,
    span: order.deadline - from.at,
    rest,
    restLots: (rest * size) / drift,
    lots: size,
    leastLots: Math.max(order.minOrder, oracle.market.header.instrument.minLots),
    volume: oracle.fold.volume - from.volume,
    participation: participationOf(oracle, book),
    since,
  });
  const due = from.committed + drift * share + step;
  const committed = ledger.committedShare(order);
  const text = `${order.id}: ${committed} committed, at most ${due} by the formula`;
  oracle.require(since === "anchor" ? "5" : "6", committed <= due + EPSILON, text);
}

export function targetOf(
  { fold }: Oracle,
  { ledger }: ParentBook,
  anchored: Anchored,
  now: number,
  volume: number = fold.volume,
): Target {
  const done = Math.max(0, ledger.told.quantity - anchored.filled);
  return anchored.bound.target({
    now: micros(now),
    done: lots(done),
    marketVolume: lots(volume),
  });
}

/** The slice in hand, were the plan spread evenly over its time. */
function evenSlice({ plan }: Anchored, { sliceFrom, sliceUntil }: Target): number {
  if (plan.until <= plan.from) return Number.POSITIVE_INFINITY;
  return (plan.quantity * (sliceUntil - sliceFrom)) / (plan.until - plan.from);
}

const participationOf = ({ limits }: Oracle, { order }: ParentBook): number =>
  Math.min(limits.participation, order.constraints.maxParticipation ?? 1);

/**
 * Lots that the venue would take no order for: the last order takes them along. At its own price,
 * which may be so far away that a least order is many times as many lots as at the touch.
 */
function dustLots(oracle: Oracle, { order, tactic }: ParentBook): number {
  const { instrument } = oracle.market.header;
  const { minNotional, minLots } = instrument;
  const { bid } = oracle.fold;
  const away = order.side === "buy" ? Math.max(0, tactic.behindTicks) : 0;
  const limit = order.side === "buy" ? (order.constraints.limitPrice ?? bid) : bid;
  const lowest = Math.max(1, Math.min(bid - away, limit));
  const perLot = asNumber(moneyOf(instrument, lowest, 1));
  return Math.max(
    minLots,
    Math.ceil(Number(minNotional.mantissa) / 10 ** minNotional.scale / perLot),
  );
}

/** How far advice may lead ahead of the plan. */
function advisedLots(oracle: Oracle, book: ParentBook): number {
  const { advice } = book.order;
  if (advice === undefined) return 0;
  // An order of money was another number of lots when it was first advised.
  const drift = book.order.quantity.kind === "notional" ? 1.15 : 1;
  return Math.ceil(advice.envelope.corridor * drift * sizeLots(oracle, book));
}

const leastLots = ({ market }: Oracle, { order }: ParentBook): number =>
  Math.max(market.header.instrument.minLots, order.minOrder, 1);

function sizeLots(oracle: Oracle, { order }: ParentBook): number {
  const { quantity } = order;
  if (quantity.kind === "lots") return quantity.lots;
  const perLot = asNumber(moneyOf(oracle.market.header.instrument, oracle.fold.bid, 1));
  return Number(quantity.quote) / perLot;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
