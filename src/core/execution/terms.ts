/**
 * Terms: what may be submitted, and what an operator may change while an order works.
 */
import { formatDecimal, parseDecimal } from "../domain/decimal.ts";
import type { EngineEvent } from "../domain/messages.ts";
import type { ParentAmendment, ParentOrder, ParentQuantity } from "../domain/parent-order.ts";
import type { RefusalReason } from "../domain/refusal.ts";
import { maxLots, type Ticks } from "../domain/units.ts";
import { affordableLots, quoteScale, quoteUnits } from "../domain/money.ts";
import type { Context } from "./context.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { strictest } from "./limits.ts";
import type { Adjustment, ParentState } from "./parent-state.ts";
import { venueMinimumLots } from "./placement.ts";
import { childCap } from "./risk-gate.ts";

const PARENT_ID = /^[A-Za-z0-9-]{1,20}$/;

/** Why a parent order is not taken on; undefined when it is. */
export function refuseParent(context: Context, order: ParentOrder): RefusalReason | undefined {
  if (context.gate.killed) return { code: "RISK_KILLED" };
  if (context.parents.has(order.id)) return { code: "PARENT_DUPLICATE_ID" };
  const market = context.instruments.get(order.instrument);
  if (market === undefined) return terms(`unknown instrument ${order.instrument}`);
  const text = faultInTerms(context, order);
  if (text !== undefined) return terms(text);
  const other = market.live.find((it) => it.order.side !== order.side);
  if (other !== undefined) return { code: "RISK_OPPOSITE_PARENT", other: other.order.id };
  return infeasible(context, order, market);
}

const terms = (text: string): RefusalReason => ({ code: "PARENT_TERMS", text });

function faultInTerms(context: Context, order: ParentOrder): string | undefined {
  if (!PARENT_ID.test(order.id)) return "the id must be 1 to 20 of [A-Za-z0-9-]";
  if (order.deadline <= order.startAt) return "the deadline must lie behind the start";
  if (order.deadline <= context.now) return "the deadline has passed";
  if (!(order.urgency >= 0 && order.urgency <= 1)) return "urgency must lie in 0..1";
  const { limitPrice = 1, wouldPrice = 1, maxParticipation = 1 } = order.constraints;
  if (!(limitPrice > 0 && wouldPrice > 0)) return "a price must be over zero";
  if (!(maxParticipation > 0 && maxParticipation <= 1)) {
    return "maxParticipation must lie over 0 and up to 1";
  }
  if (!(order.maxSpreadToCross >= 0)) return "maxSpreadToCross must not be negative";
  if (!(order.minOrder >= 0)) return "minOrder must not be negative";
  if (
    order.quantity.kind === "lots" ? order.quantity.lots <= 0 : !isPositive(order.quantity.quote)
  ) {
    return "the quantity must be over zero";
  }
  const { mayCrossSpread, residual } = order.constraints;
  if (!mayCrossSpread && residual !== "leave") {
    return `an order that may not cross the spread cannot ${residual} at the deadline`;
  }
  const strategy = context.strategies.get(order.strategy.name);
  if (strategy === undefined) return `unknown strategy ${order.strategy.name}`;
  const [fault] = strategy.check(order.strategy.parameters);
  if (fault !== undefined) return `strategy ${fault.path}: ${fault.text}`;
  const { tactic } = order.strategy;
  if (tactic === undefined) return undefined;
  if (strategy.isTactic === true) {
    return `strategy ${strategy.name} is a tactic itself: ${tactic.name} cannot work it`;
  }
  const kind = context.tactics.get(tactic.name);
  if (kind === undefined) return `unknown tactic ${tactic.name}`;
  const [wrong] = kind.check(tactic.parameters);
  return wrong === undefined ? undefined : `tactic ${wrong.path}: ${wrong.text}`;
}

function isPositive(text: string): boolean {
  const parsed = parseDecimal(text);
  return parsed.ok && parsed.value.mantissa > 0n;
}

/**
 * An order that the limits cannot let finish by crossing alone is refused with the figures, unless
 * `acceptInfeasible`. Judged at the price then standing; without a book it is not judged.
 */
function infeasible(
  context: Context,
  order: ParentOrder,
  market: InstrumentState,
): RefusalReason | undefined {
  const price = market.observer.ask;
  if (price <= 0) return undefined;
  const { instrument } = market;
  const quantity = parentLots(order, market, price);
  if (quantity >= Number.MAX_SAFE_INTEGER) return terms("more lots than can be counted exactly");
  if (quantity < venueMinimumLots(instrument, price)) {
    return terms("the whole order is under the venue's minimum");
  }
  const { limits } = context.gate;
  const largest = childCap(instrument, limits, price);
  const least = Math.min(quantity, Math.max(order.minOrder, venueMinimumLots(instrument, price)));
  if (largest < least) {
    const text = `the limits allow orders of at most ${largest} lots, the least order is ${least}`;
    return { code: "PARENT_INFEASIBLE", text };
  }
  if (order.acceptInfeasible === true) return undefined;
  const room = context.gate.positionHeadroom(order.side, market, price);
  if (room < quantity) {
    const text =
      `the position limit leaves room for ${room} lots, the order wants ${quantity}: ` +
      "a higher limit, or accept it knowingly";
    return { code: "PARENT_INFEASIBLE", text };
  }
  const span = order.deadline - Math.max(order.startAt, context.now);
  const orders = 1 + Math.floor(span / limits.aggressiveSpacing);
  if (orders * largest >= quantity) return undefined;
  const text =
    `${orders} crossing orders of at most ${largest} lots come to ${orders * largest}, ` +
    `the order wants ${quantity}: more time, higher limits, or accept it knowingly`;
  return { code: "PARENT_INFEASIBLE", text };
}

export function parentLots(order: ParentOrder, market: InstrumentState, price: Ticks): number {
  if (order.quantity.kind === "lots") return order.quantity.lots;
  const budget = quoteUnits(market.instrument, order.quantity.quote);
  return affordableLots(market.instrument, budget, price);
}

/** Why new terms are not taken on. What is filled already bounds how small it can become. */
export function refuseAdjustment(
  context: Context,
  parent: ParentState,
  event: Extract<EngineEvent, { kind: "parent-amended" | "strategy-switched" }>,
): RefusalReason | undefined {
  const order =
    event.kind === "parent-amended"
      ? amendedOrder(parent.order, { ...parent.adjustment?.amendment, ...event.amendment })
      : { ...parent.order, strategy: event.strategy };
  if (order.quantity.kind !== parent.order.quantity.kind) {
    return terms("an order in lots stays in lots, one in money stays in money");
  }
  const text = faultInTerms(context, order);
  if (text !== undefined) return terms(text);
  if (order.quantity.kind === "lots" && order.quantity.lots < parent.filled) {
    return terms(`${parent.filled} lots are filled already: it cannot be made smaller than that`);
  }
  if (order.quantity.kind === "notional" && isUnder(parent, order.quantity.quote)) {
    return terms(`${spentText(parent)} is spent already: it cannot be made smaller than that`);
  }
  return undefined;
}

const isUnder = (parent: ParentState, quote: string): boolean =>
  quoteUnits(parent.instrument, quote) < parent.spent;

const spentText = ({ instrument, spent }: ParentState): string =>
  formatDecimal({ mantissa: spent, scale: quoteScale(instrument) });

/** What has been executed stays executed: an order cannot be made smaller than that. */
function atLeastExecuted(parent: ParentState, quantity: ParentQuantity): ParentQuantity {
  if (quantity.kind === "lots") {
    return { kind: "lots", lots: maxLots(quantity.lots, parent.filled) };
  }
  return isUnder(parent, quantity.quote) ? { ...quantity, quote: spentText(parent) } : quantity;
}

/** Puts new terms in force. Nothing of the parent is open when it is called. */
export function applyAdjustment(
  context: Context,
  parent: ParentState,
  adjustment: Adjustment,
): void {
  const amended = amendedOrder(parent.order, adjustment.amendment ?? {});
  parent.order = {
    ...amended,
    ...(adjustment.strategy === undefined ? {} : { strategy: adjustment.strategy }),
    quantity: atLeastExecuted(parent, amended.quantity),
  };
  // A new deadline has a residual of its own.
  parent.residualSent = false;
  parent.limits = strictest(parent.order, context.config, context.gate.limits, parent.instrument);
}

export function amendedOrder(order: ParentOrder, amendment: ParentAmendment): ParentOrder {
  const { quantity, deadline, urgency, limitPrice, maxParticipation } = amendment;
  const { limitPrice: oldLimit, maxParticipation: oldShare, ...constraints } = order.constraints;
  const limit = limitPrice === undefined ? oldLimit : (limitPrice ?? undefined);
  const share = maxParticipation === undefined ? oldShare : (maxParticipation ?? undefined);
  return {
    ...order,
    ...(quantity === undefined ? {} : { quantity }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(urgency === undefined ? {} : { urgency }),
    constraints: {
      ...constraints,
      ...(limit === undefined ? {} : { limitPrice: limit }),
      ...(share === undefined ? {} : { maxParticipation: share }),
    },
  };
}
