/**
 * Feasibility: what stands between an order and its end, told in figures before it is sent.
 *
 * Whether the engine would take the order on is the engine's own answer, never a second opinion.
 * Beside it stands what the engine can only find out while it works: the market's volume, its
 * spread, what the book shows.
 */
import type { Engine } from "../core/engine.ts";
import {
  type Fraction,
  lots,
  type Lots,
  type Micros,
  micros,
  MINUTE,
  NEVER,
} from "../core/domain/units.ts";
import {
  formatPrice,
  formatQuantity,
  type Instrument,
  notionalEstimate,
} from "../core/domain/instrument.ts";
import type { ParentOrder } from "../core/domain/parent-order.ts";
import { opposite, sign } from "../core/domain/side.ts";
import { type EffectiveLimits, type RiskLimits } from "../core/execution/limits.ts";
import { childCap } from "../core/execution/risk-gate.ts";
import { formatDuration } from "./duration.ts";
import type { MarketFacts } from "./market-facts.ts";
import { stretchesOf, type WalkedSchedule } from "./schedule-walk.ts";

export interface Check {
  readonly name: string;
  /** Null where it cannot be told. */
  readonly met: boolean | null;
  readonly text: string;
}

/** What feasibility is judged by. */
export interface OrderAtHand {
  readonly order: ParentOrder;
  readonly quantity: Lots;
  /** Signed: what the account holds before; absent: nothing, or nobody knows. */
  readonly heldLots?: number;
  readonly span: Micros;
  readonly facts: MarketFacts;
  readonly limits: RiskLimits;
  readonly effective: EffectiveLimits;
  /** Others' expected volume, lots per microsecond. */
  readonly volumePerMicro: number;
}

/** Hands the order to the engine, as a session would, and says what it answers. */
export function submission(engine: Engine, order: ParentOrder): Check {
  const outputs = engine.step({ kind: "parent-submitted", time: order.startAt, parent: order });
  const refused = outputs.find((output) => output.kind === "parent-refused");
  if (refused?.kind !== "parent-refused") {
    return { name: "taken on", met: true, text: "the engine would take the order on" };
  }
  const { refusal } = refused;
  const text = "text" in refusal ? refusal.text : "";
  return { name: "taken on", met: false, text: `${refusal.code}: ${text}` };
}

export function orderChecks(hand: OrderAtHand, engine: Engine): readonly Check[] {
  return [
    participation(hand),
    children(hand),
    position(hand),
    spread(hand),
    volatility(hand),
    ...limitPrice(hand),
    bookImpact(hand, engine),
  ];
}

/** Time in which a share of all volume, ours included, comes to the order. */
export function feasibleDuration(hand: OrderAtHand, share: Fraction): Micros {
  if (share >= 1) return micros(0);
  const span = Math.ceil((hand.quantity * (1 - share)) / (share * hand.volumePerMicro));
  // In a market that hardly trades: longer than anybody waits, and still a number.
  return micros(Math.min(span, NEVER));
}

function participation(hand: OrderAtHand): Check {
  const { quantity, span, volumePerMicro, effective } = hand;
  const others = volumePerMicro * span;
  const share = quantity / (quantity + others);
  const { value, setBy } = effective.participation;
  const wanted = roughly(feasibleDuration(hand, value));
  return {
    name: "participation",
    met: share <= value,
    text:
      `${percent(share)} of all volume in its time; allowed ${percent(value)} (${setBy}). ` +
      `At ${percent(value)} of the expected volume this takes ${wanted}`,
  };
}

function children({ facts, limits, quantity, span }: OrderAtHand): Check {
  const { instrument, ask } = facts;
  const cap = childCap(instrument, limits, ask);
  const text = formatQuantity(instrument, cap);
  if (cap === 0) {
    const why = `orderNotional ${limits.orderNotional} is less than one lot`;
    return { name: "order size and spacing", met: false, text: why };
  }
  const orders = crossingOrders(limits, span);
  const needed = Math.ceil(quantity / cap);
  return {
    name: "order size and spacing",
    met: needed <= orders,
    text:
      `orders of at most ${text} ${unitOf(instrument)}: ${needed} of them at least; ${orders} ` +
      `that cross fit (${formatDuration(limits.aggressiveSpacing)} apart, ` +
      `${limits.ordersPerMinute} a minute)`,
  };
}

/** How many crossing orders fit into a stretch of time. */
function crossingOrders(limits: RiskLimits, span: number): number {
  const spaced = 1 + Math.floor(span / Math.max(1, limits.aggressiveSpacing));
  return Math.min(spaced, limits.ordersPerMinute * Math.ceil(Math.max(1, span) / MINUTE));
}

/** As the gate counts it: what there is in the order's direction, all of it filled. */
function position({ facts, quantity, order, heldLots = 0, limits }: OrderAtHand): Check {
  const { instrument, mid } = facts;
  const after = sign(order.side) * heldLots + quantity;
  const size = notionalEstimate(instrument, mid, lots(Math.max(0, after)));
  const held = formatQuantity(instrument, lots(Math.abs(heldLots)));
  const from =
    heldLots === 0
      ? "from a flat position"
      : `with the ${heldLots > 0 ? "long" : "short"} ${held} ${unitOf(instrument)} held`;
  return {
    name: "position",
    met: size <= limits.positionNotional,
    text: `${money(size)} ${instrument.quote} ${from}; allowed ${money(limits.positionNotional)}`,
  };
}

function spread({ facts, effective }: OrderAtHand): Check {
  const { value } = effective.spreadToCrossBps;
  return {
    name: "spread",
    met: facts.spreadBps.value <= value,
    text: `${facts.spreadBps.value.toFixed(3)} bps; crossed up to ${value}`,
  };
}

function volatility({ facts, limits }: OrderAtHand): Check {
  const perHour = facts.dailyVolatility.value / Math.sqrt(24);
  const stop = limits.volatilityStopPerHour;
  return {
    name: "volatility",
    met: perHour <= stop,
    text: `${percent(perHour)} an hour; orders stop over ${percent(stop)}`,
  };
}

function limitPrice({ order, facts }: OrderAtHand): readonly Check[] {
  const limit = order.constraints.limitPrice;
  if (limit === undefined) return [];
  const far = order.side === "buy" ? facts.ask : facts.bid;
  const room = (sign(order.side) * (limit * 2 - facts.mid) * 1e4) / facts.mid;
  return [
    {
      name: "limit price",
      met: order.side === "buy" ? limit >= far : limit <= far,
      text:
        `${formatPrice(facts.instrument, limit)} is ${room.toFixed(2)} bps beyond the mid; what ` +
        "it keeps from trading is not in the estimate",
    },
  ];
}

/** What the largest child would take from the book as it stands. */
function bookImpact({ order, facts, limits, quantity }: OrderAtHand, engine: Engine): Check {
  const name = "one order against the book";
  if (facts.depth === undefined) return { name, met: null, text: "no book was seen" };
  const { instrument, mid } = facts;
  const child = Math.min(quantity, childCap(instrument, limits, facts.ask));
  const taken = engine.instruments[0]!.observer.book.takeCost(order.side, child);
  const shown = opposite(order.side) === "buy" ? facts.depth.bid : facts.depth.ask;
  const depth = `${formatQuantity(instrument, shown)} on ${facts.depth.levels} levels`;
  if (taken.quantity < child || child === 0) {
    return { name, met: false, text: `the book shows less than the largest order: ${depth}` };
  }
  const average = (taken.notional * 2) / taken.quantity;
  const bps = (sign(order.side) * (average - mid) * 1e4) / mid;
  return {
    name,
    met: bps <= limits.orderImpactBps,
    text:
      `the largest order would cost ${bps.toFixed(3)} bps against the mid; allowed ` +
      `${limits.orderImpactBps}; the book shows ${depth}`,
  };
}

/** Whole lots and the ends of windows make a schedule at the limit stick out by a little. */
const PEAK_TOLERANCE = 1.02;

/** Why the limits would bend this schedule; empty where they would let it be. */
export function scheduleHindrances(
  schedule: WalkedSchedule,
  hand: OrderAtHand,
  crosses: boolean,
): readonly string[] {
  const { limits, effective, facts, span } = hand;
  const texts: string[] = [];
  if (schedule.duration > span) {
    texts.push(`takes ${roughly(schedule.duration)}, longer than it has`);
  }
  const allowed = effective.participation.value;
  const peak = peakParticipation(schedule, limits.participationWindow, hand.volumePerMicro);
  if (peak > allowed * PEAK_TOLERANCE) {
    texts.push(`participation peaks at ${percent(peak)}, over ${percent(allowed)}`);
  }
  const cap = childCap(facts.instrument, limits, facts.ask);
  const crowded = schedule.slices.find(
    (slice) => slice.quantity > cap * crossingOrders(limits, slice.span),
  );
  if (crosses && crowded !== undefined) {
    const wanted = formatQuantity(facts.instrument, crowded.quantity);
    texts.push(`${wanted} in ${roughly(crowded.span)} is more than crossing orders may take`);
  }
  return texts;
}

/** Largest own share of all volume in any window that ends with a stretch of trading. */
export function peakParticipation(
  schedule: WalkedSchedule,
  window: Micros,
  volumePerMicro: number,
): Fraction {
  const stretches = stretchesOf(schedule);
  let peak = 0;
  let first = 0;
  let inside = 0;
  for (const { at, span, quantity } of stretches) {
    inside += quantity;
    const until = at + span;
    while (stretches[first]!.at + stretches[first]!.span <= until - window) {
      inside -= stretches[first]!.quantity;
      first += 1;
    }
    // Of the oldest stretch only the part inside the window counts.
    const oldest = stretches[first]!;
    const cut = Math.max(0, until - window - oldest.at) / oldest.span;
    const own = inside - oldest.quantity * cut;
    if (own > 0) peak = Math.max(peak, own / (own + window * volumePerMicro));
  }
  return peak;
}

/** The least time in which crossing orders, at their largest, take so much. */
export function crossingTime(hand: OrderAtHand, quantity: Lots): number {
  const { limits, facts } = hand;
  const orders = Math.ceil(quantity / childCap(facts.instrument, limits, facts.ask));
  return orders * Math.max(limits.aggressiveSpacing, MINUTE / limits.ordersPerMinute);
}

const SECONDS_PER_CENTURY = 3_155_760_000;

/** To the second where that is what matters, and coarser for longer times. */
export function roughly(span: number): string {
  const seconds = span / 1e6;
  if (seconds > SECONDS_PER_CENTURY) return "more than a hundred years";
  const unit = seconds < 120 ? 1 : seconds < 7_200 ? 60 : 3_600;
  if (seconds < 1) return `${seconds.toPrecision(2)} s`;
  return formatDuration(micros(Math.round(seconds / unit) * unit * 1e6));
}

/** What quantities are counted in. */
export const unitOf = ({ kind, base }: Instrument): string =>
  kind === "inverse" ? "contracts" : base;

export const percent = (fraction: number): string => {
  const hundredths = fraction * 100;
  return `${hundredths >= 0.1 ? hundredths.toFixed(1) : hundredths.toPrecision(2)} %`;
};

const money = (amount: number): string => Math.round(amount).toLocaleString("en-US");
