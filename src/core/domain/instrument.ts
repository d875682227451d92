/**
 * Instrument: what is traded, on which grid, and what a lot of it is worth.
 *
 * The grid is the venue's law: every price sent is a whole number of ticks, every quantity a whole
 * number of lots within [min, max], every notional at least the minimum. Text is turned into grid
 * units and back here alone.
 */
import {
  countSteps,
  decimal,
  type Decimal,
  divideHalfAway,
  formatDecimal,
  multiplyDecimal,
  parseDecimal,
  rescale,
  tenTo,
  toNumber,
} from "./decimal.ts";
import { err, invariant, ok, type Result } from "./errors.ts";
import { type Cash, cash, type HalfTicks, type Lots, lots, type Ticks, ticks } from "./units.ts";

/**
 * `linear` and `spot`: worth = price × quantity, in the quote coin.
 * `inverse`: the quantity is money (USD), worth = quantity / price, in the base coin.
 */
export type ContractKind = "spot" | "linear" | "inverse";

export interface Instrument {
  readonly venue: string;
  readonly symbol: string;
  readonly kind: ContractKind;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: Decimal;
  readonly lotSize: Decimal;
  /**
   * What one unit of quantity stands for: 1 for most; 100 (USD) for a COIN-M contract. In base coin
   * for spot and linear, in quote coin for inverse.
   */
  readonly contractSize: Decimal;
  readonly minLots: Lots;
  readonly maxLimitLots: Lots;
  readonly maxMarketLots: Lots;
  /** In quote coin; zero where the venue has none. */
  readonly minNotional: Decimal;
}

/** What one order may be, as plain JSON: a venue may change it, and the grid stays what it is. */
export interface OrderBounds {
  readonly minLots: Lots;
  readonly maxLimitLots: Lots;
  readonly maxMarketLots: Lots;
  /** Exact decimal text, in quote coin. */
  readonly minNotional: string;
}

export const boundsOf = (instrument: Instrument): OrderBounds => ({
  minLots: instrument.minLots,
  maxLimitLots: instrument.maxLimitLots,
  maxMarketLots: instrument.maxMarketLots,
  minNotional: formatDecimal(instrument.minNotional),
});

/** The same grid under other bounds; without any as it is. */
export const withBounds = (instrument: Instrument, bounds?: OrderBounds): Instrument =>
  bounds === undefined
    ? instrument
    : { ...instrument, ...bounds, minNotional: decimal(bounds.minNotional) };

/** Unique across venues and kinds. */
export const instrumentId = (instrument: Instrument): string =>
  `${instrument.venue}:${instrument.kind}:${instrument.symbol}`;

/** The coin that profit, loss and (usually) fees are paid in. */
export const settleCoin = (instrument: Instrument): string =>
  instrument.kind === "inverse" ? instrument.base : instrument.quote;

/** Smallest inverse worth kept: 10^-18 coin, so that one named rounding per price is harmless. */
const INVERSE_SCALE = 18;
/** Never coarser than a venue's own fee digits. */
const LINEAR_SCALE_MIN = 12;

/** Digits after the point of `Cash` in the settlement coin. A half tick on one lot is whole. */
export function cashScale(instrument: Instrument): number {
  if (instrument.kind === "inverse") return INVERSE_SCALE;
  const { tickSize, lotSize, contractSize } = instrument;
  return Math.max(LINEAR_SCALE_MIN, tickSize.scale + lotSize.scale + contractSize.scale + 1);
}

/**
 * Worth of one lot at a price, in cash: rises with the price for every kind, so that
 * `sign × (worth(paid) − worth(benchmark)) × lots` is a cost (positive = paid).
 *
 * Linear: exact. Inverse: −(contract / price), rounded half away from zero to 10^-18 coin: the only
 * rounding in the arithmetic of cost, and the same for every use of one price, so sums telescope.
 */
export function worthOfLot(instrument: Instrument, price: HalfTicks): Cash {
  const { tickSize, kind } = instrument;
  invariant(price > 0, `a price is positive: ${price}`);
  const lot = multiplyDecimal(instrument.lotSize, instrument.contractSize);
  if (kind !== "inverse") {
    const halfTickLot = {
      mantissa: tickSize.mantissa * 5n * lot.mantissa,
      scale: tickSize.scale + 1 + lot.scale,
    };
    return cash(BigInt(price) * rescale(halfTickLot, cashScale(instrument)));
  }
  // lot / (price × tick / 2), all as integers.
  const numerator = 2n * lot.mantissa * tenTo(INVERSE_SCALE + tickSize.scale);
  const denominator = BigInt(price) * tickSize.mantissa * tenTo(lot.scale);
  return cash(-divideHalfAway(numerator, denominator));
}

/** Size in quote coin at a price, for limits: never negative. Linear: price × quantity. */
export function notional(instrument: Instrument, price: HalfTicks, quantity: Lots): Decimal {
  const lot = multiplyDecimal(instrument.lotSize, instrument.contractSize);
  if (instrument.kind === "inverse") {
    return { mantissa: lot.mantissa * BigInt(quantity), scale: lot.scale };
  }
  return {
    mantissa: BigInt(price) * BigInt(quantity) * instrument.tickSize.mantissa * 5n * lot.mantissa,
    scale: instrument.tickSize.scale + 1 + lot.scale,
  };
}

/** Doubles of the grid, for estimates: worked out once per instrument, not once per look. */
interface GridEstimates {
  readonly tickSize: number;
  readonly lotSize: number;
  /** Quote coin per lot and half tick (inverse: per lot). */
  readonly perLot: number;
  readonly minNotional: number;
}

/** Far wider than the error of a few double operations. */
const CLOSE_CALL = 1e-9;

const estimates = new WeakMap<Instrument, GridEstimates>();

function estimatesOf(instrument: Instrument): GridEstimates {
  const known = estimates.get(instrument);
  if (known !== undefined) return known;
  const tickSize = toNumber(instrument.tickSize);
  const lotSize = toNumber(instrument.lotSize);
  const face = lotSize * toNumber(instrument.contractSize);
  const perLot = instrument.kind === "inverse" ? face : face * tickSize * 0.5;
  const minNotional = toNumber(instrument.minNotional);
  const made = { tickSize, lotSize, perLot, minNotional };
  estimates.set(instrument, made);
  return made;
}

/** `notional` as a double, for limits whose own value is an estimate and for display. */
export function notionalEstimate(instrument: Instrument, price: HalfTicks, quantity: Lots): number {
  const { perLot } = estimatesOf(instrument);
  return instrument.kind === "inverse" ? quantity * perLot : quantity * price * perLot;
}

/**
 * The least order that the venue takes at a price: its minimum quantity, and as many lots as its
 * minimum notional needs, exactly.
 */
export function minimumLots(instrument: Instrument, price: HalfTicks): Lots {
  const { minLots } = instrument;
  const { minNotional } = estimatesOf(instrument);
  const least = Math.max(1, minLots);
  // Doubles settle all but the close calls.
  const wanted = minNotional / notionalEstimate(instrument, price, 1 as Lots);
  const rounded = Math.ceil(wanted);
  const isClear =
    rounded - wanted > CLOSE_CALL * rounded && wanted - rounded + 1 > CLOSE_CALL * rounded;
  if (isClear || wanted === 0) return lots(Math.max(least, rounded));
  const one = notional(instrument, price, lots(1));
  const scale = Math.max(one.scale, instrument.minNotional.scale);
  const per = rescale(one, scale);
  const needed = (rescale(instrument.minNotional, scale) + per - 1n) / per;
  return lots(Math.max(least, Number(needed)));
}

export type GridFault =
  | { readonly code: "DECIMAL_SYNTAX"; readonly text: string }
  | { readonly code: "GRID_OFF_TICK"; readonly text: string; readonly tickSize: string }
  | { readonly code: "GRID_OFF_LOT"; readonly text: string; readonly lotSize: string }
  | { readonly code: "GRID_RANGE"; readonly text: string };

const INT32_MAX = 0x7fffffff;

/** Exact text to ticks. Refuses a price between two ticks, at or under zero, or beyond int32. */
export function parsePrice(instrument: Instrument, text: string): Result<Ticks, GridFault> {
  const parsed = parseDecimal(text);
  if (!parsed.ok) return parsed;
  const { count, exact } = countSteps(parsed.value, instrument.tickSize);
  if (!exact) {
    return err({ code: "GRID_OFF_TICK", text, tickSize: formatDecimal(instrument.tickSize) });
  }
  if (count <= 0n || count >= BigInt(INT32_MAX)) return err({ code: "GRID_RANGE", text });
  return ok(ticks(Number(count)));
}

/** Exact text to lots. Refuses a quantity between two lots, under zero, or beyond 2^53. */
export function parseQuantity(instrument: Instrument, text: string): Result<Lots, GridFault> {
  const parsed = parseDecimal(text);
  if (!parsed.ok) return parsed;
  const { count, exact } = countSteps(parsed.value, instrument.lotSize);
  if (!exact) {
    return err({ code: "GRID_OFF_LOT", text, lotSize: formatDecimal(instrument.lotSize) });
  }
  if (count < 0n || count > BigInt(Number.MAX_SAFE_INTEGER))
    return err({ code: "GRID_RANGE", text });
  return ok(lots(Number(count)));
}

export const formatPrice = (instrument: Instrument, price: Ticks): string =>
  formatDecimal({
    mantissa: BigInt(price) * instrument.tickSize.mantissa,
    scale: instrument.tickSize.scale,
  });

/** A mid, with the half tick where there is one. */
export const formatHalfPrice = (instrument: Instrument, price: HalfTicks): string =>
  price % 2 === 0
    ? formatPrice(instrument, ticks(price / 2))
    : formatDecimal({
        mantissa: BigInt(price) * instrument.tickSize.mantissa * 5n,
        scale: instrument.tickSize.scale + 1,
      });

export const formatQuantity = (instrument: Instrument, quantity: Lots): string =>
  formatDecimal({
    mantissa: BigInt(quantity) * instrument.lotSize.mantissa,
    scale: instrument.lotSize.scale,
  });

export const formatCash = (instrument: Instrument, amount: Cash): string =>
  formatDecimal({ mantissa: amount, scale: cashScale(instrument) });

/** For estimates and display: quote coin per unit. */
export const priceEstimate = (instrument: Instrument, price: HalfTicks): number =>
  price * 0.5 * estimatesOf(instrument).tickSize;
/** For estimates and display: units of quantity. */
export const quantityEstimate = (instrument: Instrument, quantity: Lots): number =>
  quantity * estimatesOf(instrument).lotSize;
