/**
 * Placement: how the gap between target and done becomes one child order.
 *
 * One mechanism for every tactic: rest at the peg, follow it, and take what is late when patience
 * ends (`patience.ts`), if the limits allow. What differs is plain data (`contracts/tactic.ts`).
 * One child of a parent is at the venue at a time.
 */
import type { Target } from "../contracts/strategy.ts";
import type { Tactic } from "../contracts/tactic.ts";
import { type ChildOrder, leaves } from "../domain/child-order.ts";
import { formatPrice, formatQuantity, type Instrument, minimumLots } from "../domain/instrument.ts";
import { crosses, morePassive, opposite, type Side, sign } from "../domain/side.ts";
import {
  addLots,
  atTick,
  excessLots,
  type Lots,
  lots,
  maxLots,
  type Micros,
  micros,
  minLots,
  NEVER,
  NO_LOTS,
  SECOND,
  type Ticks,
  ticks,
} from "../domain/units.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { bearsAmend, type ParentState, unfilledLots, unsentLots } from "./parent-state.ts";
import type { Lateness } from "./patience.ts";
import { childCap, deviationBps, priceCollar, type RiskGate, spreadBps } from "./risk-gate.ts";

/** What the tactic wants done. The gate has the last word. */
export type Intent =
  | {
      readonly kind: "place";
      readonly aggressive: boolean;
      readonly quantity: Lots;
      readonly limitPrice: Ticks;
      readonly reasoning: string;
      readonly risk: string;
    }
  | {
      readonly kind: "amend";
      readonly child: ChildOrder;
      readonly limitPrice: Ticks;
      /** New total quantity of the child. */
      readonly quantity: Lots;
      readonly reasoning: string;
    }
  | { readonly kind: "cancel"; readonly child: ChildOrder; readonly reasoning: string }
  | {
      readonly kind: "wait";
      readonly until: Micros;
      readonly reason: string;
      /** Nothing new: an order is at the venue and stays there. Not worth a record. */
      readonly isQuiet?: boolean;
    };

export interface PlacementView {
  readonly now: Micros;
  readonly parent: ParentState;
  readonly market: InstrumentState;
  readonly gate: RiskGate;
  readonly target: Target;
  /** Target less filled: what should be done by now and is not. */
  readonly behind: Lots;
  /** The part of it that may be taken now, and when the next may. */
  readonly late: Lateness;
  /** All that is not filled. */
  readonly rest: Lots;
  /** `behind` less the worst-case leaves of live children. */
  readonly gap: Lots;
  /** The residual policy said that participation does not hold this order back. */
  readonly overParticipation: boolean;
}

export function place(view: PlacementView): Intent {
  const { parent, now } = view;
  const child = parent.live[0];
  if (child === undefined) return open(view);
  // One that works again while an amendment of it is still unanswered is left alone, too; and so is
  // one that takes: the venue ends it by itself.
  const isResting = child.phase === "working" && !child.aggressive;
  if (isResting && child.pendingAmend === undefined) return tend(view, child);
  return {
    kind: "wait",
    until: micros(now + SECOND),
    reason: `the venue owes an answer (${child.phase})`,
    isQuiet: true,
  };
}

/** Nothing at the venue: post, cross or wait. */
function open(view: PlacementView): Intent {
  const { parent, market, target, now, gap } = view;
  if (now < parent.backoffUntil) {
    return { kind: "wait", until: parent.backoffUntil, reason: "backing off after a reject" };
  }
  if (gap === 0) {
    return { kind: "wait", until: target.sliceUntil, reason: "on schedule", isQuiet: true };
  }
  if (gap < parent.limits.minOrder.value && gap < view.rest) return carryForward(target);
  if (isCrossDue(view) && crossingBlocked(view) === undefined) {
    const taken = cross(view);
    // What is late may be too little to be taken where all that is behind is enough to be posted.
    if (taken.kind === "place" || parent.tactic.marketOrders === true) return taken;
  }
  if (parent.tactic.marketOrders === true) {
    const until = earliest(view.gate.nextAggressiveAt(parent, now), target.sliceUntil);
    return { kind: "wait", until, reason: "nothing rests, and taking must wait" };
  }
  if (isBeyondReach(view)) return { kind: "wait", until: micros(now + SECOND), reason: BEYOND };
  const price = passivePrice(parent, market);
  const sized = childSize(view, price, minLots(gap, displayed(parent, price)));
  if (sized.quantity === 0) {
    const until = earliest(sized.retryAt, view.late.nextAt);
    return { kind: "wait", until, reason: sized.reason };
  }
  const { quantity } = sized;
  return {
    kind: "place",
    aggressive: false,
    quantity,
    limitPrice: price,
    reasoning:
      `${target.reason}; ${amount(parent, view.behind)} behind: post ` +
      `${amount(parent, quantity)} at ${pegName(parent)} ${formatPrice(parent.instrument, price)}`,
    risk: "may not fill; the touch may leave",
  };
}

const BEYOND = "the price is beyond the reach of the tactic";

const isBeyondReach = ({ parent, market }: PlacementView): boolean =>
  deviationBps(parent, market.observer.mid) > parent.tactic.reachBps;

/** The most that may be shown; never so little that the venue would not take it. */
const displayed = (parent: ParentState, price: Ticks): Lots =>
  maxLots(parent.tactic.display, ordinaryMinimum(parent, price));

function pegName({ tactic, order }: ParentState): string {
  const base = tactic.peg === "mid" ? "the mid" : order.side === "buy" ? "the bid" : "the ask";
  const { behindTicks } = tactic;
  if (behindTicks === 0) return base;
  const way = behindTicks > 0 ? "behind" : "ahead of";
  return `${Math.abs(behindTicks)} ticks ${way} ${base}`;
}

const carryForward = (target: Target): Extract<Intent, { kind: "wait" }> => ({
  kind: "wait",
  until: target.sliceUntil,
  reason: "the slice is under the minimum order: carried forward",
});

/** Takes what is late, as far as the caps and the shown depth go. */
export function cross(view: PlacementView): Intent {
  const { parent, market } = view;
  const wanted = minLots(view.gap, view.late.quantity);
  const limitPrice = sweepPrice(view, wanted);
  const shown = lotsWithin(market, parent.order.side, limitPrice, wanted);
  const sized = childSize(view, limitPrice, wanted, { shown });
  if (sized.quantity > 0) return aggressive(view, sized.quantity, limitPrice);
  return { kind: "wait", until: sized.retryAt, reason: sized.reason };
}

/** One order rests: make way for a crossing one, follow the touch, or leave it. */
function tend(view: PlacementView, child: ChildOrder): Intent {
  const { parent, market, target, now, gate } = view;
  if (isCrossDue(view) && crossingBlocked(view) === undefined && canReplace(view, child)) {
    const reasoning =
      `${target.reason}; ${amount(parent, view.late.quantity)} late (${view.late.reason(now)}): ` +
      "make way for a crossing order";
    return { kind: "cancel", child, reasoning };
  }
  const resting = child.limitPrice!;
  const best = passivePrice(parent, market);
  const hasMoved = isRepegDue(parent, resting, best);
  const isSmall = resting === best && isWorthThePlace(view, child);
  const isDue = (hasMoved || isSmall) && !isBeyondReach(view);
  if (isDue && now >= nextRepegAt(parent) && gate.canAmend(now)) {
    const renewed = renew(view, child, best);
    if (renewed !== undefined) return renewed;
  }
  return {
    kind: "wait",
    until: earliest(target.sliceUntil, view.late.nextAt, isDue ? nextRepegAt(parent) : NEVER),
    reason: "resting",
    isQuiet: true,
  };
}

/** Whether the tactic wants a resting order elsewhere. */
function isRepegDue({ order, tactic }: ParentState, resting: Ticks, best: Ticks): boolean {
  if (tactic.follow === "never" || resting === best) return false;
  return tactic.follow === "both" || morePassive(order.side, resting, best) === resting;
}

/**
 * Whether an order that stays at its price may be made larger: that costs its place in the queue,
 * so only for as much again as it shows. A part of what is hidden is not filled up in between.
 */
function isWorthThePlace(view: PlacementView, child: ChildOrder): boolean {
  const { parent } = view;
  const price = child.limitPrice!;
  const room = excessLots(displayed(parent, price), child.quantity);
  const more = minLots(roomToGrow(view, price), room);
  return more >= maxLots(leaves(child), ordinaryMinimum(parent, price));
}

/** What the caps allow a resting order to grow by, of what is due. */
function roomToGrow({ parent, market, gate, now, gap }: PlacementView, price: Ticks): Lots {
  const share = gate.participationHeadroom(parent.limits.participation.value, market, now);
  const position = gate.positionHeadroom(parent.order.side, market, price);
  return minLots(minLots(share, position), minLots(unsentLots(parent, price), gap));
}

/** Whether a crossing order would go in the place of this one: else it is withdrawn for nothing. */
function canReplace(view: PlacementView, child: ChildOrder): boolean {
  const { market, parent } = view;
  const wanted = view.late.quantity;
  const limitPrice = sweepPrice(view, wanted);
  const shown = lotsWithin(market, parent.order.side, limitPrice, wanted);
  return childSize(view, limitPrice, wanted, { released: leaves(child), shown }).quantity > 0;
}

/**
 * The order at its new peg, with what has fallen due meanwhile where the caps allow. At its old
 * price it is renewed only once as much again is due, because that costs its place in the queue.
 * Undefined where nothing changes, or the new price fits no limit: then it stays as it is.
 */
function renew(view: PlacementView, child: ChildOrder, best: Ticks): Intent | undefined {
  const { parent, gate } = view;
  const { instrument } = parent;
  const cap = childCap(instrument, gate.limits, best);
  const room = excessLots(displayed(parent, best), leaves(child));
  const extra = minLots(roomToGrow(view, best), room);
  const more = extra >= ordinaryMinimum(parent, best) ? extra : NO_LOTS;
  const fits = (total: Lots): boolean =>
    total >= venueMinimumLots(instrument, best) &&
    total > child.cumulative &&
    bearsAmend(parent, child, best, total);
  const grown = minLots(addLots(child.quantity, more), cap);
  // Money buys less at a worse price: rather a little less than an order that cannot follow.
  const borne = addLots(child.cumulative, unfilledLots(parent, best));
  const quantity = fits(grown) ? grown : minLots(minLots(child.quantity, cap), borne);
  const isSame = best === child.limitPrice && quantity <= child.quantity;
  if (isSame || !fits(quantity)) return undefined;
  const from = formatPrice(instrument, child.limitPrice!);
  return {
    kind: "amend",
    child,
    limitPrice: best,
    quantity,
    reasoning:
      best === child.limitPrice
        ? `as much again is due: show ${amount(parent, quantity)} at ${from}`
        : `${pegName(parent)} moved to ${formatPrice(instrument, best)}: follow from ${from}`,
  };
}

export const nextRepegAt = (parent: ParentState): Micros =>
  micros(Math.max(0, parent.lastRepegAt + parent.tactic.repegInterval, parent.backoffUntil));

const isCrossDue = ({ parent, late }: PlacementView): boolean =>
  parent.order.constraints.mayCrossSpread && late.quantity > 0;

/** The other side's touch is at the I-would price or better. */
export function isWouldPrice(parent: ParentState, market: InstrumentState): boolean {
  const { wouldPrice } = parent.order.constraints;
  if (wouldPrice === undefined) return false;
  return crosses(parent.order.side, wouldPrice, market.observer.touch(opposite(parent.order.side)));
}

/** Why no crossing order may go now, as far as can be told before a size is known. */
export function crossingBlocked({ parent, market, gate, now }: PlacementView): string | undefined {
  if (gate.nextAggressiveAt(parent, now) > now) return "spacing";
  if (spreadBps(market) > parent.limits.spreadToCrossBps.value) return "spread";
  const touch = market.observer.touch(opposite(parent.order.side));
  const collar = priceCollar(parent, market.observer.mid, gate.limits.orderImpactBps);
  return crosses(parent.order.side, collar, touch) ? undefined : "price";
}

function aggressive(view: PlacementView, quantity: Lots, limitPrice: Ticks): Intent {
  const { parent, market, target, behind, late } = view;
  const touch = market.observer.touch(opposite(parent.order.side));
  const from = formatPrice(parent.instrument, touch);
  const to = formatPrice(parent.instrument, limitPrice);
  return {
    kind: "place",
    aggressive: true,
    quantity,
    limitPrice,
    reasoning:
      `${target.reason}; ${amount(parent, behind)} behind (${late.reason(view.now)}): ` +
      `take ${amount(parent, quantity)} ${from === to ? `at ${from}` : `from ${from} to ${to}`}`,
    risk: `pays a spread of ${spreadBps(market).toFixed(2)} bps`,
  };
}

/** Where the tactic rests: at its peg, short of the other side, never beyond the limit price. */
export function passivePrice(parent: ParentState, market: InstrumentState): Ticks {
  const { side, constraints } = parent.order;
  const direction = sign(side);
  const pegged = pegPrice(parent.tactic, market, side) - direction * parent.tactic.behindTicks;
  const most = market.observer.touch(opposite(side)) - direction;
  const price = morePassive(side, ticks(Math.max(1, pegged)), ticks(Math.max(1, most)));
  const { limitPrice } = constraints;
  return limitPrice === undefined ? price : morePassive(side, price, limitPrice);
}

function pegPrice({ peg }: Tactic, { observer }: InstrumentState, side: Side): number {
  if (peg === "touch") return observer.touch(side);
  return side === "buy" ? Math.floor(observer.mid / 2) : Math.ceil(observer.mid / 2);
}

/** The price that a sweep of `quantity` reaches, inside the collar of every limit that speaks. */
function sweepPrice({ parent, market, gate }: PlacementView, quantity: Lots): Ticks {
  const { side } = parent.order;
  const { mid, book } = market.observer;
  const worst = book.takeCost(side, quantity).worst as Ticks;
  const collar = priceCollar(parent, mid, gate.limits.orderImpactBps);
  return parent.tactic.marketOrders === true ? collar : morePassive(side, worst, collar);
}

/** Lots shown on the other side from the touch to `price`, counted up to `enough`. */
function lotsWithin(market: InstrumentState, side: Side, price: Ticks, enough: Lots): Lots {
  const levels = side === "buy" ? market.observer.book.asks : market.observer.book.bids;
  let total = 0;
  let tick = levels.best;
  while (tick !== 0 && total < enough && crosses(side, price, tick as Ticks)) {
    total += levels.get(tick);
    tick = levels.next(tick);
  }
  return lots(total);
}

interface Sized {
  /** 0: nothing may go, for `reason`, until about `retryAt`. */
  readonly quantity: Lots;
  readonly reason: string;
  readonly retryAt: Micros;
}

/** The child that the caps leave of `wanted`: on the grid, not too small, no dust behind. */
function childSize(
  view: PlacementView,
  price: Ticks,
  wanted: Lots,
  { released = NO_LOTS, shown }: { readonly released?: Lots; readonly shown?: Lots } = {},
): Sized {
  const { parent, market, gate, now, target } = view;
  const { instrument } = parent;
  const unsent = addLots(unsentLots(parent, price), released);
  const cap = childCap(instrument, gate.limits, price);
  const share = parent.limits.participation.value;
  const headroom = view.overParticipation
    ? unsent
    : gate.participationHeadroom(share, market, now, released);
  const position = gate.positionHeadroom(parent.order.side, market, price, released);
  const caps = minLots(minLots(unsent, cap), minLots(position, shown ?? cap));
  const most = minLots(caps, headroom);
  const venueMinimum = venueMinimumLots(instrument, price);
  let quantity = minLots(wanted, most);
  const behind = excessLots(unsent, quantity);
  if (behind > 0 && behind < venueMinimum && quantity > 0) {
    if (unsent <= most) quantity = unsent;
    else quantity = excessLots(quantity, excessLots(venueMinimum, behind));
  }
  // The last piece may be as small as the venue allows; others keep the order's own minimum.
  const minimum = quantity === unsent ? venueMinimum : ordinaryMinimum(parent, price);
  if (quantity >= minimum && quantity > 0) return { quantity, reason: "", retryAt: now };
  if (wanted < minimum) {
    const { until, reason } = carryForward(target);
    return { quantity: NO_LOTS, reason, retryAt: until };
  }
  // Without figures, which change every second: they stand in the decision's market snapshot.
  const reason =
    position < minimum
      ? "the position limit leaves no room"
      : headroom < minimum
        ? "participation: too little has been traded by others in the last window"
        : "the caps leave less than the minimum order";
  return { quantity: NO_LOTS, reason, retryAt: micros(now + SECOND) };
}

/** The venue's least order at a price. */
export const venueMinimumLots = (instrument: Instrument, price: Ticks): Lots =>
  minimumLots(instrument, atTick(price));

/** The least order of this parent that is not its last. */
const ordinaryMinimum = (parent: ParentState, price: Ticks): Lots =>
  maxLots(venueMinimumLots(parent.instrument, price), parent.limits.minOrder.value);

function amount({ instrument }: ParentState, quantity: Lots): string {
  const unit = instrument.kind === "inverse" ? "contracts" : instrument.base;
  return `${formatQuantity(instrument, quantity)} ${unit}`;
}

const earliest = (...times: readonly Micros[]): Micros => Math.min(...times) as Micros;
