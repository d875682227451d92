/**
 * Placement: how the gap between target and done becomes one child order.
 *
 * The tactic of every strategy: post at the touch, follow it, and cross when behind. Of each slice
 * the share 1 − urgency is left to passive orders; what is not done by then is taken, if the limits
 * allow. One child of a parent is at the venue at a time.
 */
import type { Target } from "../contracts/strategy.ts";
import { type ChildOrder, leaves } from "../domain/child-order.ts";
import { formatPrice, formatQuantity, type Instrument, minimumLots } from "../domain/instrument.ts";
import { crosses, morePassive, opposite, type Side } from "../domain/side.ts";
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
} from "../domain/units.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { bearsAmend, type ParentState, unsentLots } from "./parent-state.ts";
import { childCap, priceCollar, type RiskGate, spreadBps } from "./risk-gate.ts";

/** A resting order follows the touch at most this often. */
export const REPEG_INTERVAL: Micros = SECOND;

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
  // One that works again while an amendment of it is still unanswered is left alone, too.
  if (child.phase === "working" && child.pendingAmend === undefined) return tend(view, child);
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
  const { side } = parent.order;
  if (now < parent.backoffUntil) {
    return { kind: "wait", until: parent.backoffUntil, reason: "backing off after a reject" };
  }
  if (gap === 0) {
    return { kind: "wait", until: target.sliceUntil, reason: "on schedule", isQuiet: true };
  }
  if (gap < parent.limits.minOrder.value && gap < view.rest) return carryForward(target);
  if (isCrossDue(view) && crossingBlocked(view) === undefined) return cross(view);
  const price = passivePrice(parent, market);
  const sized = childSize(view, price, gap);
  if (sized.quantity === 0) {
    const until = earliest(sized.retryAt, crossAt(view));
    return { kind: "wait", until, reason: sized.reason };
  }
  const { quantity } = sized;
  const touch = side === "buy" ? "bid" : "ask";
  return {
    kind: "place",
    aggressive: false,
    quantity,
    limitPrice: price,
    reasoning:
      `${target.reason}; ${amount(parent, view.behind)} behind: ` +
      `post ${amount(parent, quantity)} at the ${touch} ${formatPrice(parent.instrument, price)}`,
    risk: "may not fill; the touch may leave",
  };
}

const carryForward = (target: Target): Extract<Intent, { kind: "wait" }> => ({
  kind: "wait",
  until: target.sliceUntil,
  reason: "the slice is under the minimum order: carried forward",
});

/** Takes what is behind, as far as the caps and the shown depth go. */
export function cross(view: PlacementView): Intent {
  const { parent, market, gap } = view;
  const limitPrice = sweepPrice(view, gap);
  const shown = lotsWithin(market, parent.order.side, limitPrice, gap);
  const sized = childSize(view, limitPrice, gap, { shown });
  if (sized.quantity > 0) return aggressive(view, sized.quantity, limitPrice);
  return { kind: "wait", until: sized.retryAt, reason: sized.reason };
}

/** One order rests: make way for a crossing one, follow the touch, or leave it. */
function tend(view: PlacementView, child: ChildOrder): Intent {
  const { parent, market, target, now, gate } = view;
  const { instrument, order } = parent;
  if (isCrossDue(view) && crossingBlocked(view) === undefined && canReplace(view, child)) {
    const reasoning =
      `${target.reason}; ${amount(parent, view.behind)} behind and out of patience: ` +
      "make way for a crossing order";
    return { kind: "cancel", child, reasoning };
  }
  const resting = child.limitPrice!;
  const best = passivePrice(parent, market);
  const hasLeft = resting !== best && morePassive(order.side, resting, best) === resting;
  if (hasLeft && now >= nextRepegAt(parent) && gate.canAmend(now)) {
    const followed = follow(view, child, best);
    if (followed !== undefined) return followed;
  }
  return {
    kind: "wait",
    until: earliest(target.sliceUntil, crossAt(view), hasLeft ? nextRepegAt(parent) : NEVER),
    reason: `resting ${amount(parent, leaves(child))} at ${formatPrice(instrument, resting)}`,
    isQuiet: true,
  };
}

/** Whether a crossing order could go in the place of this one. */
function canReplace(view: PlacementView, child: ChildOrder): boolean {
  const limitPrice = sweepPrice(view, view.behind);
  return childSize(view, limitPrice, view.behind, { released: leaves(child) }).quantity > 0;
}

/**
 * The order at the new touch, with what has fallen due meanwhile where the caps allow. Undefined
 * where the new price fits no limit: then it stays where it is.
 */
function follow(view: PlacementView, child: ChildOrder, best: Ticks): Intent | undefined {
  const { parent, market, gate, now } = view;
  const { instrument } = parent;
  const share = gate.participationHeadroom(parent.limits.participation.value, market, now);
  const cap = childCap(instrument, gate.limits, best);
  const extra = minLots(minLots(view.gap, share), unsentLots(parent, best));
  const more = extra >= ordinaryMinimum(parent, best) ? extra : NO_LOTS;
  const fits = (total: Lots): boolean =>
    total >= venueMinimumLots(instrument, best) &&
    total > child.cumulative &&
    bearsAmend(parent, child, best, total);
  const grown = minLots(addLots(child.quantity, more), cap);
  const quantity = fits(grown) ? grown : minLots(child.quantity, cap);
  if (!fits(quantity)) return undefined;
  const from = formatPrice(instrument, child.limitPrice!);
  return {
    kind: "amend",
    child,
    limitPrice: best,
    quantity,
    reasoning: `the touch moved to ${formatPrice(instrument, best)}: follow it from ${from}`,
  };
}

export const nextRepegAt = (parent: ParentState): Micros =>
  micros(Math.max(0, parent.lastRepegAt + REPEG_INTERVAL, parent.backoffUntil));

/** The instant in the slice at which patience ends. */
function crossAt({ parent, target, now }: PlacementView): Micros {
  const { urgency } = parent.order;
  const span = target.sliceUntil - target.sliceFrom;
  const at = micros(target.sliceFrom + Math.floor((1 - urgency) * span));
  return at > now ? at : NEVER;
}

function isCrossDue(view: PlacementView): boolean {
  const { parent, market, behind } = view;
  if (!parent.order.constraints.mayCrossSpread || behind === 0) return false;
  return crossAt(view) === NEVER || isWouldPrice(parent, market);
}

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
  const { parent, market, target, behind } = view;
  const touch = market.observer.touch(opposite(parent.order.side));
  const from = formatPrice(parent.instrument, touch);
  const to = formatPrice(parent.instrument, limitPrice);
  return {
    kind: "place",
    aggressive: true,
    quantity,
    limitPrice,
    reasoning:
      `${target.reason}; ${amount(parent, behind)} behind and out of patience: ` +
      `take ${amount(parent, quantity)} ${from === to ? `at ${from}` : `from ${from} to ${to}`}`,
    risk: `pays a spread of ${spreadBps(market).toFixed(2)} bps`,
  };
}

/** Own touch, never beyond the limit price. */
export function passivePrice(parent: ParentState, market: InstrumentState): Ticks {
  const touch = market.observer.touch(parent.order.side);
  const { limitPrice } = parent.order.constraints;
  return limitPrice === undefined ? touch : morePassive(parent.order.side, touch, limitPrice);
}

/** The price that a sweep of `quantity` reaches, inside the collar of every limit that speaks. */
function sweepPrice({ parent, market, gate }: PlacementView, quantity: Lots): Ticks {
  const { side } = parent.order;
  const { mid, book } = market.observer;
  const worst = book.takeCost(side, quantity).worst as Ticks;
  const collar = priceCollar(parent, mid, gate.limits.orderImpactBps);
  return morePassive(side, worst, collar);
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
  const share = view.overParticipation
    ? unsent
    : gate.participationHeadroom(parent.limits.participation.value, market, now);
  const headroom = addLots(share, released);
  const position = addLots(gate.positionHeadroom(parent.order.side, market, price), released);
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
