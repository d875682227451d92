/**
 * Situation: one order and its market in the canonical form that an advisor is shown.
 *
 * Pure function of state. What must stay true: a sale and its mirror image are told by the same
 * figures, and nothing in it names an instrument, a price level, a date or an exact size.
 */
import type {
  AskCause,
  MarketRegime,
  NewsItem,
  PastAdvice,
  Situation,
  SituationLevel,
  SituationNews,
  SituationTrade,
} from "../contracts/advice.ts";
import type { Target } from "../contracts/strategy.ts";
import { opposite, type Side, sign } from "../domain/side.ts";
import type { Micros } from "../domain/units.ts";
import type { BookSide } from "../market/book-side.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { executionsOf, hoursOf, othersOf, pathOf } from "./market-pattern.ts";
import { doneLots, openLots, type ParentState } from "./parent-state.ts";
import { bps, rounded, seconds, share } from "./situation-figure.ts";

const LEVELS = 5;
const TRADES = 10;
const NEWS = 8;
/** Under so much of a day seen, nobody knows what a day trades. */
const DAY_COVERAGE_LEAST = 10 / 1440;
const HOUR_COVERAGE_LEAST = 1 / 60;
/** Of the volatility against what it was when the order arrived. */
const CALM_BELOW = 0.7;
const STRESSED_ABOVE = 1.5;
/** The same of the spread, which is two ticks now and one then. */
const WIDE_ABOVE = 4;

/** What regimes are measured against. */
export interface ArrivalMarket {
  readonly spreadBps: number;
  readonly volatility: number;
}

export interface SituationView {
  readonly now: Micros;
  readonly parent: ParentState;
  readonly market: InstrumentState;
  /** What else the engine sees. */
  readonly others: readonly InstrumentState[];
  readonly target: Target;
  /** Lots of the whole order. */
  readonly total: number;
  readonly arrival: ArrivalMarket;
  readonly past: readonly (Omit<PastAdvice, "secondsAgo" | "midBpsSince"> & {
    readonly at: Micros;
    /** Half ticks. */
    readonly mid: number;
  })[];
}

export const arrivalMarket = ({ observer }: InstrumentState): ArrivalMarket => ({
  spreadBps: spreadOf(observer),
  volatility: observer.volatilityAssured,
});

export function regimeOf(arrival: ArrivalMarket, { observer }: InstrumentState): MarketRegime {
  if (arrival.spreadBps > 0 && spreadOf(observer) > WIDE_ABOVE * arrival.spreadBps) {
    return "stressed";
  }
  if (arrival.volatility <= 0) return "usual";
  const ratio = observer.volatilityAssured / arrival.volatility;
  return ratio > STRESSED_ABOVE ? "stressed" : ratio < CALM_BELOW ? "calm" : "usual";
}

const spreadOf = ({ bid, ask }: { readonly bid: number; readonly ask: number }): number =>
  (2e4 * (ask - bid)) / (bid + ask);

export function situationOf(view: SituationView): Situation {
  const { parent, market, target, total, now } = view;
  const { order, plan } = parent;
  const planned = parent.filledAtAnchor + target.quantity;
  const day = market.observer.volumeDay;
  const isDayKnown = day.coverage >= DAY_COVERAGE_LEAST && day.value > 0;
  return {
    order: {
      strategy: order.strategy.name,
      urgency: order.urgency,
      spanSeconds: seconds(order.deadline - (parent.arrivedAt ?? order.startAt)),
      secondsLeft: seconds((plan?.until ?? order.deadline) - now),
      executed: share(parent.filled / total),
      planned: share(planned / total),
      atVenue: share(openLots(parent) / total),
      ...(isDayKnown ? { shareOfDay: share(total / day.value) } : {}),
    },
    cost: costOf(parent, market, total),
    market: marketOf(view),
    ...seenBeside(view),
    news: newsOf(market.news, now),
    ...(order.side === "sell" && market.news.length > 0 ? { isNewsTurned: true } : {}),
    past: view.past.map(({ at, mid, ...advice }) => ({
      secondsAgo: seconds(now - at),
      ...advice,
      midBpsSince: bps(sign(order.side) * (market.observer.mid / mid - 1)),
    })),
  };
}

function seenBeside(view: SituationView): Pick<Situation, "others" | "executions"> {
  const { now, parent, market } = view;
  const seen = view.others.map(({ observer }) => observer);
  const others = othersOf(now, parent.order.side, market.observer, seen);
  const executions = executionsOf(parent.order.advice?.experience ?? []);
  return {
    ...(others.length > 0 ? { others } : {}),
    ...(executions.length > 0 ? { executions } : {}),
  };
}

function costOf(parent: ParentState, market: InstrumentState, total: number): Situation["cost"] {
  const arrival = parent.arrivalPrice!;
  const direction = sign(parent.order.side);
  const drift = market.observer.mid - arrival;
  const rest = drift * (total - parent.filled);
  return {
    ...(parent.filled > 0
      ? { vwapBps: bps((direction * parent.paidOverArrival) / (arrival * parent.filled)) }
      : {}),
    midBps: bps((direction * drift) / arrival),
    shortfallBps: bps((direction * (parent.paidOverArrival + rest)) / (arrival * total)),
  };
}

function marketOf(view: SituationView): Situation["market"] {
  const { parent, market, total, now, arrival } = view;
  const { observer } = market;
  const { side } = parent.order;
  const direction = sign(side);
  const { imbalance, spreadBps, volumeMinute } = observer.snapshot(now, now);
  const { value, coverage } = observer.volatilityHour;
  const day = observer.volumeDay;
  const usual = day.value / 1440;
  const isVolumeKnown =
    day.coverage >= DAY_COVERAGE_LEAST && usual > 0 && volumeMinute.coverage >= 0.5;
  const mid = observer.mid / 2;
  const path = pathOf(now, side, observer);
  return {
    regime: regimeOf(arrival, market),
    spreadBps: rounded(spreadBps, 2),
    imbalance: rounded(direction * imbalance, 2),
    far: levelsOf(opposite(side), market, direction, total),
    near: levelsOf(side, market, direction, total),
    trades: observer.trades
      .last(TRADES)
      .map(({ time, price, quantity, isBuy }): SituationTrade => ({
        secondsAgo: seconds(Math.max(0, (observer.time - time) / 1000)),
        bps: bps((direction * (price - mid)) / mid),
        share: share(quantity / total),
        isWithUs: isBuy === (side === "buy"),
      })),
    ...(isVolumeKnown ? { volumeRatio: rounded(volumeMinute.value / usual, 2) } : {}),
    ...(coverage >= HOUR_COVERAGE_LEAST ? { volatilityBpsHour: bps(value) } : {}),
    hours: hoursOf(now, observer, parent.order.advice?.hourlyVolume),
    ...(path === undefined ? {} : { path }),
  };
}

function levelsOf(
  of: Side,
  { observer }: InstrumentState,
  direction: number,
  total: number,
): SituationLevel[] {
  const levels: BookSide = of === "buy" ? observer.book.bids : observer.book.asks;
  const mid = observer.mid / 2;
  const found: SituationLevel[] = [];
  let tick = levels.best;
  while (tick > 0 && found.length < LEVELS) {
    found.push({
      bps: bps((direction * (tick - mid)) / mid),
      share: share(levels.get(tick) / total),
    });
    tick = levels.next(tick);
  }
  return found;
}

const newsOf = (news: readonly NewsItem[], now: Micros): SituationNews[] =>
  news.slice(-NEWS).map(({ firstSeenAt, source, kind, headline, flags }) => ({
    secondsAgo: seconds(Math.max(0, now - firstSeenAt)),
    source,
    kind,
    headline,
    flags,
  }));

/** Whether the order is a whole slice and more behind its plan. */
export function isBehindPlan(parent: ParentState, target: Target): boolean {
  const { plan } = parent;
  if (plan === undefined || plan.until <= plan.from) return false;
  const slice = (plan.quantity * (target.sliceUntil - target.sliceFrom)) / (plan.until - plan.from);
  return target.quantity - doneLots(parent) - openLots(parent) > Math.max(slice, plan.minOrder);
}

/** Why a question is due; undefined: none is. */
export function causeOf(
  isFirst: boolean,
  seen: { readonly regime: boolean; readonly behind: boolean; readonly news: boolean },
  isTime: boolean,
): AskCause | undefined {
  if (isFirst) return "start";
  if (seen.news) return "news";
  if (seen.regime) return "regime";
  if (seen.behind) return "behind";
  return isTime ? "interval" : undefined;
}
