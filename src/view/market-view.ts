/**
 * Market view: one instrument's market as the engine sees it now, with our own orders in it.
 */
import type { DayCurve } from "../core/contracts/strategy.ts";
import { opposite, type Side } from "../core/domain/side.ts";
import { formatHalfPrice, formatPrice, formatQuantity } from "../core/domain/instrument.ts";
import type { MarketTold } from "../core/domain/messages.ts";
import type { DataHealth } from "../core/domain/decision.ts";
import { leaves } from "../core/domain/child-order.ts";
import type { Lots, Micros, Ticks } from "../core/domain/units.ts";
import type { InstrumentState } from "../core/execution/instrument-state.ts";
import type { Observer } from "../core/market/observer.ts";
import { quantityUnit } from "../core/tca/report.ts";
import { dayVolume } from "./day-volume.ts";
import { type MarketPath, scaled } from "./market-path.ts";
import type { Covered, LadderLevel, MarketView } from "./shapes.ts";

const TRADES = 16;
const LIQUIDATIONS = 20;

export interface MarketViewSource {
  readonly market: InstrumentState;
  readonly path: MarketPath;
  readonly now: Micros;
  readonly staleAfter: Micros;
  /** The health as it was noticed last, and since when it has been so. */
  readonly seen: { readonly health: DataHealth; readonly since: Micros | undefined };
  readonly levels: number;
  readonly quality: Omit<MarketView["quality"], "unused">;
  readonly told: MarketTold;
  /** By which an order here expects the day's volume. */
  readonly dayCurve: DayCurve | undefined;
}

/** What was told before stands until it is told anew; of liquidations the newest stay. */
export function toldTogether(before: MarketTold, now: MarketTold): MarketTold {
  const liquidations = [...(before.liquidations ?? []), ...(now.liquidations ?? [])];
  return { ...before, ...now, liquidations: liquidations.slice(-LIQUIDATIONS) };
}

const covered = ({ value, coverage }: Covered, of = (it: number): number => it): Covered | null =>
  coverage === 0 ? null : { value: of(value), coverage };

export function marketView(source: MarketViewSource): MarketView {
  const { market, now, staleAfter, told } = source;
  const { observer, instrument } = market;
  const { health, bid, ask, spreadBps, imbalance } = observer.snapshot(now, staleAfter);
  const isTwoSided = bid > 0 && ask > 0;
  const quantity = scaled(instrument.lotSize);
  const { lastMid } = observer;
  return {
    instrument: market.id,
    time: now,
    health,
    healthSince: health === source.seen.health ? (source.seen.since ?? null) : null,
    bids: ladder("buy", source),
    asks: ladder("sell", source),
    mid: lastMid === undefined ? null : formatHalfPrice(instrument, lastMid),
    spreadBps: isTwoSided ? spreadBps : null,
    imbalance: isTwoSided ? imbalance : null,
    trades: tradesOf(market, now),
    volumeMinute: covered(observer.volumeMinute(now), quantity),
    volumeDay: covered(observer.volumeDay, quantity),
    dayVolume: dayVolume(observer.profile, now, quantity, source.dayCurve),
    volatilityHour: covered(observer.volatilityHour),
    positionLots: market.positionLots,
    position: positionText(market),
    fundingRate: told.fundingRate ?? null,
    nextFundingAt: told.nextFundingAt ?? null,
    openInterest: openInterestText(told, market),
    liquidations: liquidationsOf(told, market),
    news: market.news.toReversed(),
    quality: { ...source.quality, unused: told.unusedMessages ?? null },
    path: source.path.points(instrument),
  };
}

function ladder(side: Side, { market, levels }: MarketViewSource): LadderLevel[] {
  const { observer, instrument } = market;
  const resting = side === "buy" ? observer.book.bids : observer.book.asks;
  const own = ownResting(side, market);
  const found: LadderLevel[] = [];
  for (let tick = resting.best; tick > 0 && found.length < levels; tick = resting.next(tick)) {
    const ours = own.get(tick);
    found.push({
      price: formatPrice(instrument, tick as Ticks),
      size: formatQuantity(instrument, resting.get(tick) as Lots),
      own: ours === undefined ? null : formatQuantity(instrument, ours as Lots),
    });
  }
  return found;
}

/** By tick, what is open of our orders that are meant to rest. */
function ownResting(side: Side, market: InstrumentState): Map<number, number> {
  const own = new Map<number, number>();
  for (const { live } of market.live) {
    for (const child of live) {
      const { limitPrice, phase, aggressive } = child;
      if (child.terms.side !== side || aggressive || phase === "pending-new") continue;
      if (limitPrice !== undefined) own.set(limitPrice, (own.get(limitPrice) ?? 0) + leaves(child));
    }
  }
  return own;
}

/** Newest first. */
function tradesOf({ observer, instrument }: InstrumentState, now: Micros): MarketView["trades"] {
  return observer.trades.last(TRADES).map(({ time, price, quantity, isBuy }) => ({
    time: timeOf(observer, time, now),
    price: formatPrice(instrument, price as Ticks),
    quantity: formatQuantity(instrument, quantity as Lots),
    side: isBuy ? "buy" : opposite("buy"),
  }));
}

/** A time of the stream, by that of its newest row. */
const timeOf = (observer: Observer, nanos: number, now: Micros): Micros =>
  Math.min(now, observer.lastAt - Math.floor((observer.time - nanos) / 1000)) as Micros;

function openInterestText({ openInterest }: MarketTold, market: InstrumentState): string | null {
  if (openInterest === undefined) return null;
  const { instrument } = market;
  return `${formatQuantity(instrument, openInterest)} ${quantityUnit(instrument)}`;
}

/** Newest first. */
function liquidationsOf(
  { liquidations = [] }: MarketTold,
  { instrument }: InstrumentState,
): MarketView["liquidations"] {
  return liquidations
    .map(({ time, side, price, quantity }) => ({
      time,
      price: formatPrice(instrument, price),
      quantity: formatQuantity(instrument, quantity),
      side,
    }))
    .reverse();
}

function positionText(market: InstrumentState): string {
  const { positionLots, instrument } = market;
  const size = formatQuantity(instrument, Math.abs(positionLots) as Lots);
  return `${positionLots < 0 ? "-" : ""}${size} ${quantityUnit(instrument)}`;
}
