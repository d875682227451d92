/**
 * Worst case: what an order can cost and risk when everything goes as badly as its terms allow.
 *
 * Computed before anything is sent, from the figures that the gate itself obeys. Estimates, in
 * doubles: they are for a person to read, and for a check whose own limit is a rule of thumb.
 */
import { toNumber } from "../../core/domain/decimal.ts";
import { notionalEstimate, priceEstimate } from "../../core/domain/instrument.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import type { ParentOrder } from "../../core/domain/parent-order.ts";
import { sign } from "../../core/domain/side.ts";
import { atTick, type HalfTicks, halfTicks, type Lots } from "../../core/domain/units.ts";
import type { RiskLimits } from "../../core/execution/limits.ts";
import type { AccountSummary } from "../../venues/venue.ts";

export interface WorstCase {
  readonly quantity: Lots;
  /** The worst price that the gate lets through: the limit, or the collar around the arrival. */
  readonly price: HalfTicks;
  readonly isLimit: boolean;
  /** Quote coin at that price. */
  readonly notional: number;
  /** Quote coin, all of it taken. */
  readonly fees: number;
  /** Quote coin against the mid now, fees included. */
  readonly cost: number;
  /** The same in bps of the worth at the mid. */
  readonly costBps: number;
}

export function worstCaseOf(
  instrument: Instrument,
  order: ParentOrder,
  quantity: Lots,
  mid: HalfTicks,
  limits: RiskLimits,
  takerFee: number,
): WorstCase {
  const direction = sign(order.side);
  const away = 1 + (direction * limits.benchmarkDeviationBps) / 1e4;
  // Orders have whole ticks; halves would only look exact.
  const collar = halfTicks(2 * Math.max(1, Math.round((mid * away) / 2)));
  const { limitPrice } = order.constraints;
  const limit = limitPrice === undefined ? undefined : atTick(limitPrice);
  const isLimit = limit !== undefined && direction * (collar - limit) >= 0;
  const price = isLimit ? limit : collar;
  const now = notionalEstimate(instrument, mid, quantity);
  const notional = notionalEstimate(instrument, price, quantity);
  const fees = notional * takerFee;
  const moved = (direction * (price - mid)) / mid;
  const cost = now * moved + fees;
  return { quantity, price, isLimit, notional, fees, cost, costBps: (cost / now) * 1e4 };
}

/**
 * Bybit's lowest tier of the large contracts; smaller contracts and larger positions ask for more.
 */
export const MAINTENANCE_MARGIN = 0.005;

/** What the account is once all of the order has filled at the worst price. */
export interface AccountAfter {
  readonly positionLots: number;
  /** In the settlement coin: what the position it adds binds, and what is free for it. */
  readonly margin: number;
  readonly available: number;
  /** Estimated, all equity behind it; undefined where no price would close it by force. */
  readonly liquidationPrice: number | undefined;
  /** Share of the mid that the price may go against it. */
  readonly distance: number | undefined;
}

export function accountAfter(
  instrument: Instrument,
  order: ParentOrder,
  worst: WorstCase,
  mid: HalfTicks,
  account: AccountSummary,
): AccountAfter {
  const direction = sign(order.side);
  const turned = account.positionLots + direction * worst.quantity;
  // Closing one side of a hedged account never opens the other.
  const isHedge = account.positionMode === "hedge";
  const isTurned = isHedge && isClosing(account, order) && turned * direction > 0;
  const positionLots = isTurned ? 0 : turned;
  const added = Math.max(0, Math.abs(positionLots) - Math.abs(account.positionLots)) as Lots;
  const price = priceEstimate(instrument, worst.price);
  const isInverse = instrument.kind === "inverse";
  /** Worth in the settlement coin. */
  const settled = (quote: number): number => (isInverse ? quote / price : quote);
  const leverage = Math.max(1, Number(account.leverage) || 1);
  const margin = settled(notionalEstimate(instrument, worst.price, added)) / leverage;
  const available = Number(account.available) || 0;
  const equity = (Number(account.equity) || 0) - settled(worst.fees);
  const at = liquidationOf(instrument, positionLots, price, equity);
  const now = priceEstimate(instrument, mid);
  return {
    positionLots,
    margin: margin + settled(worst.fees),
    available,
    liquidationPrice: at,
    distance:
      at === undefined ? undefined : Math.max(0, (Math.sign(positionLots) * (now - at)) / now),
  };
}

/**
 * Whether the order closes what is held: in one-way mode against what there is, in hedge mode by
 * the side that is traded, held or not.
 */
export function isClosing(
  { positionLots, positionMode, positionSide }: AccountSummary,
  { side }: ParentOrder,
): boolean {
  const held = positionLots === 0 ? undefined : positionLots > 0 ? "long" : "short";
  const traded = positionMode === "hedge" ? (positionSide ?? held) : held;
  return traded === (side === "buy" ? "short" : "long");
}

/** Where equity falls to the maintenance margin of the whole position, entered at `price`. */
function liquidationOf(
  instrument: Instrument,
  positionLots: number,
  price: number,
  equity: number,
): number | undefined {
  if (instrument.kind === "spot" || positionLots === 0) return undefined;
  const size =
    Math.abs(positionLots) * toNumber(instrument.lotSize) * toNumber(instrument.contractSize);
  const isLong = positionLots > 0;
  if (instrument.kind === "linear") {
    const at = isLong
      ? (size * price - equity) / (size * (1 - MAINTENANCE_MARGIN))
      : (size * price + equity) / (size * (1 + MAINTENANCE_MARGIN));
    return at > 0 ? at : undefined;
  }
  // In coin: a long loses as 1/p grows, a short as it falls.
  const worth = size / price;
  const at = isLong
    ? (size * (1 + MAINTENANCE_MARGIN)) / (equity + worth)
    : (size * (1 - MAINTENANCE_MARGIN)) / (worth - equity);
  return at > 0 && Number.isFinite(at) ? at : undefined;
}
