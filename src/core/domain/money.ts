/**
 * Money: arithmetic of amounts that the instrument alone does not settle: parents counted in quote
 * coin, fees in another coin, and average prices of contracts whose quantity is itself money.
 *
 * All of it is exact in bigints; the few roundings are named here, and a budget is never rounded
 * up.
 */
import {
  type Decimal,
  decimal,
  divideHalfAway,
  multiplyDecimal,
  rescale,
  tenTo,
} from "./decimal.ts";
import { invariant } from "./errors.ts";
import { cashScale, type Instrument, settleCoin } from "./instrument.ts";
import { atTick, type Cash, cash, type HalfTicks, type Lots, lots, type Ticks } from "./units.ts";

/** Digits kept of a budget where the grid itself needs fewer. */
const QUOTE_SCALE_MIN = 12;

/**
 * Digits after the point of an amount in quote coin ("quote units", a bigint). What any number of
 * lots comes to at a half tick is whole.
 */
export function quoteScale(instrument: Instrument): number {
  if (instrument.kind !== "inverse") return cashScale(instrument);
  return Math.max(QUOTE_SCALE_MIN, instrument.lotSize.scale + instrument.contractSize.scale);
}

/**
 * A budget's exact text in quote units. Digits beyond `quoteScale` are dropped: a budget is never
 * rounded up.
 * @throws InvariantError on bad syntax: orders are checked before they get here.
 */
export function quoteUnits(instrument: Instrument, text: string): bigint {
  const amount = decimal(text);
  const scale = quoteScale(instrument);
  if (amount.scale <= scale) return rescale(amount, scale);
  const divisor = tenTo(amount.scale - scale);
  const count = amount.mantissa / divisor;
  return amount.mantissa < count * divisor ? count - 1n : count;
}

/** What `quantity` comes to at a price, exact. Inverse: its face value, whatever the price. */
export function quoteValue(instrument: Instrument, price: HalfTicks, quantity: Lots): bigint {
  invariant(price > 0, `a price is positive: ${price}`);
  const scale = quoteScale(instrument);
  const lot = multiplyDecimal(instrument.lotSize, instrument.contractSize);
  if (instrument.kind === "inverse") return BigInt(quantity) * rescale(lot, scale);
  const halfTickLot = rescale(
    {
      mantissa: instrument.tickSize.mantissa * 5n * lot.mantissa,
      scale: instrument.tickSize.scale + 1 + lot.scale,
    },
    scale,
  );
  return BigInt(price) * BigInt(quantity) * halfTickLot;
}

/** What a fill of a parent in quote coin uses up of its budget, exact, fees apart. */
export const quoteSpent = (instrument: Instrument, price: Ticks, quantity: Lots): bigint =>
  quoteValue(instrument, atTick(price), quantity);

/**
 * The most whole lots that `amount` quote units pay for at a price, rounded down. A bigint: on some
 * pairs a few million dollars are more than 2^53 lots, and a parent that large must be refused.
 */
export const floorToLotsWithin = (
  instrument: Instrument,
  amount: bigint,
  price: HalfTicks,
): bigint => (amount <= 0n ? 0n : amount / quoteValue(instrument, price, lots(1)));

const MOST_LOTS = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The largest child that the free part of a budget (N − spent − working at their limits) pays for:
 * floor(free / limit), and never more than a child can count.
 *
 * A buy never overspends: it fills at its limit or under. A sell fills at its limit or above, so it
 * may raise more than was asked for, by its price improvement and no more.
 */
export function affordableLots(instrument: Instrument, free: bigint, limit: Ticks): Lots {
  const count = floorToLotsWithin(instrument, free, atTick(limit));
  return lots(Number(count < MOST_LOTS ? count : MOST_LOTS));
}

/**
 * Rounds a decimal in settlement coin half away from zero to `cashScale`; fees are seldom finer.
 */
export function roundToCash(instrument: Instrument, amount: Decimal): Cash {
  const scale = cashScale(instrument);
  if (amount.scale <= scale) return cash(rescale(amount, scale));
  return cash(divideHalfAway(amount.mantissa, tenTo(amount.scale - scale)));
}

/** A fee as its venue reported it. */
export interface FeePaid {
  /** Exact decimal text; negative = rebate. */
  readonly fee: string;
  readonly feeCoin: string;
  readonly price: Ticks;
}

/**
 * A fee in the settlement coin, converted at the fill: in the instrument's other coin at the fill's
 * own price, in a third coin at `rate` (settlement coin per unit of fee coin, exact text). Rounded
 * once, half away from zero. Undefined where there is no rate: unknown is not zero.
 */
export function feeToCash(instrument: Instrument, paid: FeePaid, rate?: string): Cash | undefined {
  const fee = decimal(paid.fee);
  if (fee.mantissa === 0n) return cash(0n);
  if (paid.feeCoin === settleCoin(instrument)) return roundToCash(instrument, fee);
  const { tickSize } = instrument;
  const price = { mantissa: BigInt(paid.price) * tickSize.mantissa, scale: tickSize.scale };
  if (instrument.kind === "inverse" && paid.feeCoin === instrument.quote) {
    const digits = cashScale(instrument) + price.scale;
    const numerator = fee.mantissa * tenTo(digits);
    return cash(divideHalfAway(numerator, price.mantissa * tenTo(fee.scale)));
  }
  if (instrument.kind !== "inverse" && paid.feeCoin === instrument.base) {
    return roundToCash(instrument, multiplyDecimal(fee, price));
  }
  if (rate === undefined) return undefined;
  return roundToCash(instrument, multiplyDecimal(fee, decimal(rate)));
}

/** A price is averaged to a millionth of its last digit. */
const VWAP_EXTRA_DIGITS = 6;

interface Traded {
  readonly price: Ticks;
  readonly quantity: Lots;
}

/**
 * Volume-weighted average price; undefined of nothing.
 *
 * Linear and spot: Σpq / Σq. Inverse: Σq / Σ(q/p), the price at which the same contracts would have
 * the same worth. An exact fraction, rounded once, half away from zero, at the end.
 */
export function vwapOf(instrument: Instrument, trades: readonly Traded[]): Decimal | undefined {
  const atPrice = new Map<Ticks, bigint>();
  let quantity = 0n;
  for (const trade of trades) {
    if (trade.quantity === 0) continue;
    quantity += BigInt(trade.quantity);
    atPrice.set(trade.price, (atPrice.get(trade.price) ?? 0n) + BigInt(trade.quantity));
  }
  if (quantity === 0n) return undefined;
  const { tickSize } = instrument;
  const inTicks =
    instrument.kind === "inverse" ? harmonicMean(atPrice, quantity) : mean(atPrice, quantity);
  const mantissa = divideHalfAway(
    inTicks.numerator * tickSize.mantissa * tenTo(VWAP_EXTRA_DIGITS),
    inTicks.denominator,
  );
  return { mantissa, scale: tickSize.scale + VWAP_EXTRA_DIGITS };
}

interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

function mean(atPrice: ReadonlyMap<Ticks, bigint>, quantity: bigint): Ratio {
  let numerator = 0n;
  for (const [price, lotsThere] of atPrice) numerator += BigInt(price) * lotsThere;
  return { numerator, denominator: quantity };
}

function harmonicMean(atPrice: ReadonlyMap<Ticks, bigint>, quantity: bigint): Ratio {
  const terms = [...atPrice].map(([price, lotsThere]) => ({
    numerator: lotsThere,
    denominator: BigInt(price),
  }));
  const sum = sumOfRatios(terms, 0, terms.length);
  return { numerator: quantity * sum.denominator, denominator: sum.numerator };
}

/** Halves the list, so that the big numbers meet only at the top. */
function sumOfRatios(terms: readonly Ratio[], from: number, until: number): Ratio {
  if (until - from === 1) return terms[from]!;
  const middle = (from + until) >>> 1;
  const a = sumOfRatios(terms, from, middle);
  const b = sumOfRatios(terms, middle, until);
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}
