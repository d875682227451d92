/**
 * Risk gate: the one way to a venue. What it approves is what is sent; no mode has a bypass.
 *
 * An approval is a type that nothing else can mint. What reduces risk (a cancel) is not asked here
 * and so is never refused. Refusals are data with the figures in them.
 */
import type { ChildOrder, OrderTerms } from "../domain/child-order.ts";
import { compareDecimal, toNumber } from "../domain/decimal.ts";
import { type Instrument, notional, notionalEstimate } from "../domain/instrument.ts";
import type { AmendTerms, RiskApproved } from "../domain/messages.ts";
import type { RefusalReason } from "../domain/refusal.ts";
import { morePassive, opposite, type Side, sign } from "../domain/side.ts";
import {
  atTick,
  type Bps,
  excessLots,
  type Fraction,
  floorToLots,
  type HalfTicks,
  type Lots,
  lots,
  type Micros,
  micros,
  MINUTE,
  NO_LOTS,
  type Ticks,
} from "../domain/units.ts";
import type { InstrumentState } from "./instrument-state.ts";
import type { RiskLimits } from "./limits.ts";
import { bearsAmend, type ParentState, unsentLots } from "./parent-state.ts";

export type Verdict<Order> =
  | { readonly approved: true; readonly order: RiskApproved<Order> }
  | { readonly approved: false; readonly refusal: RefusalReason };

/** What an intended order is for: it decides which limits speak. */
export interface Purpose {
  /** Meant to trade at once; counts for spacing and rate. */
  readonly aggressive: boolean;
  /** The residual policy said in the open that participation does not hold it back. */
  readonly overParticipation: boolean;
}

export class RiskGate {
  limits: RiskLimits;
  killed = false;
  /** Times of new aggressive orders and of amends of the account, newest last. */
  readonly #aggressive: Micros[] = [];
  readonly #amends: Micros[] = [];

  constructor(limits: RiskLimits) {
    this.limits = limits;
  }

  approvePlace(
    terms: OrderTerms,
    purpose: Purpose,
    parent: ParentState,
    market: InstrumentState,
    now: Micros,
  ): Verdict<OrderTerms> {
    const refusal =
      this.#refusePlace(terms, purpose, parent, market, now) ??
      (purpose.aggressive ? this.#refuseAggressive(terms, parent, market, now) : undefined);
    if (refusal !== undefined) return { approved: false, refusal };
    if (purpose.aggressive) this.#aggressive.push(now);
    return { approved: true, order: terms as RiskApproved<OrderTerms> };
  }

  /**
   * A re-peg: a new price for what is left, and perhaps more quantity. How much more is told by the
   * order itself and not by whoever asks.
   */
  approveAmend(
    amend: AmendTerms,
    parent: ParentState,
    market: InstrumentState,
    now: Micros,
  ): Verdict<AmendTerms> {
    const { limits } = this;
    const child = parent.history.child(amend.clientOrderId);
    if (child === undefined || child.phase === "closed") {
      const refusal = {
        code: "RISK_PARENT_QUANTITY",
        asked: amend.quantity,
        open: NO_LOTS,
      } as const;
      return { approved: false, refusal };
    }
    const more = excessLots(amend.quantity, child.quantity);
    const count = countSince(this.#amends, now);
    const refusal =
      this.#refuseState(parent, market, now) ??
      (count >= limits.amendsPerMinute
        ? ({ code: "RISK_AMEND_RATE", count, limit: limits.amendsPerMinute } as const)
        : undefined) ??
      refuseSize(parent.instrument, amend.quantity, amend.limitPrice, limits) ??
      refuseBeyondLimitPrice(parent, amend.limitPrice) ??
      refuseBudget(parent, child, amend) ??
      (more > 0
        ? (refuseQuantity(parent, amend.limitPrice, more) ??
          this.#refusePosition(parent.order.side, more, amend.limitPrice, market) ??
          this.#refuseParticipation(parent.limits.participation.value, more, market, now))
        : undefined);
    if (refusal !== undefined) return { approved: false, refusal };
    this.#amends.push(now);
    return { approved: true, order: amend as RiskApproved<AmendTerms> };
  }

  /** Lots that participation allows to be sent now, once `released` working lots are withdrawn. */
  participationHeadroom(
    limit: Fraction,
    market: InstrumentState,
    now: Micros,
    released: Lots = NO_LOTS,
  ): Lots {
    const { others, own, working } = market.participation(now);
    return floorToLots(allowedOwn(limit, others) - own - working + released);
  }

  /**
   * Lots that the position limit allows to be sent now, everything open counted as filled, once
   * `released` working lots are withdrawn.
   */
  positionHeadroom(
    side: Side,
    market: InstrumentState,
    price: Ticks,
    released: Lots = NO_LOTS,
  ): Lots {
    const perLot = notionalEstimate(market.instrument, atTick(price), lots(1));
    const most = Math.floor(this.limits.positionNotional / perLot);
    const open = market.workingLots() - released;
    return floorToLots(most - sign(side) * market.positionLots - open);
  }

  /** When the next aggressive order of this parent may go, as far as spacing and rate know. */
  nextAggressiveAt(parent: ParentState, now: Micros): Micros {
    const spaced = parent.lastAggressiveAt + this.limits.aggressiveSpacing;
    if (countSince(this.#aggressive, now) < this.limits.ordersPerMinute) {
      return Math.max(now, spaced) as Micros;
    }
    const oldest = this.#aggressive[this.#aggressive.length - this.limits.ordersPerMinute] ?? now;
    return micros(Math.max(now, spaced, oldest + MINUTE));
  }

  /** What counts for the rates, for whoever keeps it. */
  get sent(): { readonly aggressive: readonly Micros[]; readonly amends: readonly Micros[] } {
    return { aggressive: [...this.#aggressive], amends: [...this.#amends] };
  }

  /** Was sent once, and is not sent again: it counts for the rates. */
  recall(what: "aggressive" | "amend", at: Micros): void {
    (what === "amend" ? this.#amends : this.#aggressive).push(at);
  }

  canAmend(now: Micros): boolean {
    return countSince(this.#amends, now) < this.limits.amendsPerMinute;
  }

  #refusePlace(
    terms: OrderTerms,
    purpose: Purpose,
    parent: ParentState,
    market: InstrumentState,
    now: Micros,
  ): RefusalReason | undefined {
    const price = terms.limitPrice ?? market.observer.touch(opposite(terms.side));
    return (
      this.#refuseState(parent, market, now) ??
      refuseSize(parent.instrument, terms.quantity, price, this.limits) ??
      refuseQuantity(parent, price, terms.quantity) ??
      refuseBeyondLimitPrice(parent, price) ??
      this.#refusePosition(terms.side, terms.quantity, price, market) ??
      (purpose.overParticipation
        ? undefined
        : this.#refuseParticipation(parent.limits.participation.value, terms.quantity, market, now))
    );
  }

  #refuseState(
    parent: ParentState,
    market: InstrumentState,
    now: Micros,
  ): RefusalReason | undefined {
    if (this.killed) return { code: "RISK_KILLED" };
    const { observer } = market;
    const health = observer.health(now, this.limits.staleAfter);
    if (health !== "healthy") return { code: "RISK_DATA_HEALTH", health };
    const perHour = observer.volatilityAssured;
    const stop = this.limits.volatilityStopPerHour;
    if (perHour > stop) return { code: "RISK_VOLATILITY", perHour, limit: stop };
    const deviation = deviationBps(parent, observer.mid);
    const limit = this.limits.benchmarkDeviationBps;
    if (deviation > limit) return { code: "RISK_DEVIATION", deviation, limit };
    return undefined;
  }

  #refuseAggressive(
    terms: OrderTerms,
    parent: ParentState,
    market: InstrumentState,
    now: Micros,
  ): RefusalReason | undefined {
    const { limits } = this;
    const since = micros(Math.min(now - parent.lastAggressiveAt, Number.MAX_SAFE_INTEGER));
    if (since < limits.aggressiveSpacing) {
      return { code: "RISK_SPACING", since, limit: limits.aggressiveSpacing };
    }
    const count = countSince(this.#aggressive, now);
    if (count >= limits.ordersPerMinute) {
      return { code: "RISK_ORDER_RATE", count, limit: limits.ordersPerMinute };
    }
    const spread = spreadBps(market);
    const spreadLimit = parent.limits.spreadToCrossBps.value;
    if (spread > spreadLimit) return { code: "RISK_SPREAD", spread, limit: spreadLimit };
    const { observer } = market;
    const taken = observer.book.takeCost(terms.side, terms.quantity);
    if (taken.quantity < terms.quantity) {
      return { code: "RISK_DEPTH", asked: terms.quantity, shown: lots(taken.quantity) };
    }
    const average = (taken.notional * 2) / taken.quantity;
    const estimate = (sign(terms.side) * (average - observer.mid) * 1e4) / observer.mid;
    if (estimate > limits.orderImpactBps) {
      return { code: "RISK_IMPACT", estimate, limit: limits.orderImpactBps };
    }
    return undefined;
  }

  #refuseParticipation(
    limit: Fraction,
    asked: Lots,
    market: InstrumentState,
    now: Micros,
  ): RefusalReason | undefined {
    const { others, own, working } = market.participation(now);
    const allowed = floorToLots(allowedOwn(limit, others));
    const wanted = (own + working + asked) as Lots;
    if (wanted <= allowed) return undefined;
    return { code: "RISK_PARTICIPATION", own: wanted, allowed, limit };
  }

  #refusePosition(
    side: Side,
    quantity: Lots,
    price: Ticks,
    market: InstrumentState,
  ): RefusalReason | undefined {
    if (quantity <= this.positionHeadroom(side, market, price)) return undefined;
    // Everything open counts as filled: parents on opposite sides are refused anyway.
    const after = sign(side) * market.positionLots + market.workingLots() + quantity;
    const size = notionalEstimate(market.instrument, atTick(price), lots(after));
    return { code: "RISK_POSITION", notional: size, limit: this.limits.positionNotional };
  }
}

/** Own volume that keeps own/(own + others) at or under `limit`. */
const allowedOwn = (limit: Fraction, others: number): number =>
  limit >= 1 ? Number.MAX_SAFE_INTEGER : (limit / (1 - limit)) * others;

function refuseSize(
  instrument: Instrument,
  quantity: Lots,
  price: Ticks,
  limits: RiskLimits,
): RefusalReason | undefined {
  const { minLots: minimum, maxLimitLots: maximum } = instrument;
  if (quantity < minimum || quantity === 0) {
    return { code: "RISK_MIN_QUANTITY", asked: quantity, minimum };
  }
  if (quantity > maximum) return { code: "RISK_MAX_QUANTITY", asked: quantity, maximum };
  const exact = notional(instrument, atTick(price), quantity);
  if (compareDecimal(exact, instrument.minNotional) < 0) {
    const figures = { notional: toNumber(exact), minimum: toNumber(instrument.minNotional) };
    return { code: "RISK_MIN_NOTIONAL", ...figures };
  }
  const size = toNumber(exact);
  if (size > limits.orderNotional) {
    return { code: "RISK_ORDER_NOTIONAL", notional: size, limit: limits.orderNotional };
  }
  return undefined;
}

function refuseQuantity(parent: ParentState, price: Ticks, asked: Lots): RefusalReason | undefined {
  const open = unsentLots(parent, price);
  return asked > open ? { code: "RISK_PARENT_QUANTITY", asked, open } : undefined;
}

/** A notional parent's child at a worse price costs more, though not a lot is added. */
function refuseBudget(
  parent: ParentState,
  child: ChildOrder,
  amend: AmendTerms,
): RefusalReason | undefined {
  if (bearsAmend(parent, child, amend.limitPrice, amend.quantity)) return undefined;
  const open = unsentLots(parent, amend.limitPrice);
  return { code: "RISK_PARENT_QUANTITY", asked: amend.quantity, open };
}

function refuseBeyondLimitPrice(parent: ParentState, price: Ticks): RefusalReason | undefined {
  const limit = parent.order.constraints.limitPrice;
  if (limit === undefined) return undefined;
  const worse = parent.order.side === "buy" ? price > limit : price < limit;
  return worse ? { code: "RISK_LIMIT_PRICE" } : undefined;
}

/** Times at or before one minute ago are dropped on the way: the list stays short. */
function countSince(times: Micros[], now: Micros): number {
  while (times.length > 0 && times[0]! <= now - MINUTE) times.shift();
  return times.length;
}

/** Cost of a price against arrival, in the costly direction: positive = worse than at arrival. */
export function deviationBps(parent: ParentState, mid: HalfTicks): Bps {
  const benchmark = parent.arrivalPrice;
  if (benchmark === undefined) return 0;
  return (sign(parent.order.side) * (mid - benchmark) * 1e4) / benchmark;
}

export function spreadBps(market: InstrumentState): Bps {
  const { bid, ask } = market.observer;
  return (2e4 * (ask - bid)) / (bid + ask);
}

/** The largest size one child may have: order limits in lots, at a price. */
export function childCap(instrument: Instrument, limits: RiskLimits, price: Ticks): Lots {
  const perLot = notionalEstimate(instrument, atTick(price), 1 as Lots);
  const byNotional = Math.floor(limits.orderNotional / perLot);
  return floorToLots(Math.min(byNotional, instrument.maxLimitLots));
}

/**
 * The worst price an aggressive order may name: the mid, moved by the lesser of the spread limit
 * and `reachBps`, and never beyond the parent's limit price.
 */
export function priceCollar(parent: ParentState, mid: HalfTicks, reachBps: Bps): Ticks {
  const reach = Math.min(parent.limits.spreadToCrossBps.value, reachBps) / 1e4;
  const { side, constraints } = parent.order;
  const collar = (
    side === "buy" ? Math.floor((mid / 2) * (1 + reach)) : Math.ceil((mid / 2) * (1 - reach))
  ) as Ticks;
  return constraints.limitPrice === undefined
    ? collar
    : morePassive(side, collar, constraints.limitPrice);
}
