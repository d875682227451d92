/**
 * Admission: a client's order, checked against the market's rules, in a fixed order of checks.
 *
 * Pure: text in, grid units or the first fault out; nothing is changed. What an account may afford
 * and what it has open is for the desk to ask. What must stay true: what is admitted lies on the
 * grid and within all sizes.
 *
 * A market order becomes an immediate-or-cancel order at the market's price limit, as Bybit makes
 * it. A contract's limit price beyond the limit is moved to it (Bybit's default there); spot
 * refuses it.
 */
import { compareDecimal, parseDecimal } from "../../core/domain/decimal.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import {
  type GridFault,
  type Instrument,
  notional,
  parsePrice,
  parseQuantity,
} from "../../core/domain/instrument.ts";
import type { Side } from "../../core/domain/side.ts";
import { atTick, type Lots, lots, NO_LOTS, type Ticks, ticks } from "../../core/domain/units.ts";
import type { ExchangeFault, PlaceRequest, WireTimeInForce } from "../exchange-types.ts";
import { toAmount } from "../ledger/amount.ts";
import type { Listing } from "../ledger/listing.ts";
import type { MarketView } from "../market-view.ts";
import {
  faultsOf,
  NO_MARKET_PRICE,
  priceAboveLimit,
  priceBelowLimit,
  VALUE_DIGITS,
  VALUE_MAXIMUM,
} from "./faults.ts";

export interface AdmittedTerms {
  readonly timeInForce: WireTimeInForce;
  /** Of a market order the worst price that it may reach. */
  readonly price: Ticks;
  readonly quantity: Lots;
  /** Of a spot market order by value: its quantity is 0. */
  readonly value: bigint | undefined;
  readonly marketUnit: "" | "baseCoin" | "quoteCoin";
}

type Admission<Value> = Result<Value, ExchangeFault>;

/** Bybit's rule for ids of the client's own. */
const LINK_ID = /^[A-Za-z0-9_-]{1,36}$/;

export function linkIdFault({ category, orderLinkId }: PlaceRequest): ExchangeFault | undefined {
  if (orderLinkId === undefined || orderLinkId === "") return undefined;
  return LINK_ID.test(orderLinkId) ? undefined : faultsOf(category).linkId;
}

/** @param isReducing it can only close a position: then no least value holds. */
export function admit(
  listing: Listing,
  request: PlaceRequest,
  isReducing: boolean,
): Admission<AdmittedTerms> {
  const { view, instrument } = listing;
  const { side, isMarket } = request;
  const price = isMarket ? marketPrice(view, side) : limitPrice(listing, request);
  if (!price.ok) return price;
  const isSpotMarket = isMarket && instrument.kind === "spot";
  const marketUnit = isSpotMarket ? unitOf(request) : "";
  const timeInForce = isMarket ? "IOC" : (request.timeInForce ?? "GTC");
  if (marketUnit === "quoteCoin") {
    const value = orderValue(instrument, request.quantity);
    if (!value.ok) return value;
    return ok({
      timeInForce,
      price: price.value,
      quantity: NO_LOTS,
      value: value.value,
      marketUnit,
    });
  }
  const isClosingAll = isReducing && isMarket && ZERO.test(request.quantity);
  const quantity = isClosingAll
    ? ok(listing.instrument.maxMarketLots)
    : orderQuantity(listing, request.quantity, isMarket);
  if (!quantity.ok) return quantity;
  const fault = isReducing ? undefined : valueFault(instrument, price.value, quantity.value);
  if (fault !== undefined) return err(fault);
  return ok({
    timeInForce,
    price: price.value,
    quantity: quantity.value,
    value: undefined,
    marketUnit,
  });
}

/** A reduce-only market order of no quantity closes the whole position. */
const ZERO = /^0+(\.0+)?$/;

/** Bybit's default: buys are counted in quote coin, sells in base coin. */
const unitOf = ({ marketUnit, side }: PlaceRequest): "baseCoin" | "quoteCoin" =>
  marketUnit ?? (side === "buy" ? "quoteCoin" : "baseCoin");

/** New terms of an open order; what is not given stays. */
export function admitAmend(
  listing: Listing,
  order: { readonly side: Side; readonly price: Ticks; readonly quantity: Lots },
  wanted: { readonly price: string | undefined; readonly quantity: string | undefined },
  isReducing: boolean,
): Admission<{ price: Ticks; quantity: Lots }> {
  const price =
    wanted.price === undefined
      ? ok(order.price)
      : limitPrice(listing, {
          category: listing.category,
          side: order.side,
          price: wanted.price,
        });
  if (!price.ok) return price;
  const quantity =
    wanted.quantity === undefined
      ? ok(order.quantity)
      : orderQuantity(listing, wanted.quantity, false);
  if (!quantity.ok) return quantity;
  const fault = isReducing
    ? undefined
    : valueFault(listing.instrument, price.value, quantity.value);
  return fault === undefined ? ok({ price: price.value, quantity: quantity.value }) : err(fault);
}

function orderQuantity(listing: Listing, text: string, isMarket: boolean): Admission<Lots> {
  const { instrument, category } = listing;
  const faults = faultsOf(category);
  const parsed = parseQuantity(instrument, text);
  if (!parsed.ok) {
    const { code } = parsed.error;
    return err(code === "GRID_RANGE" ? rangeFault(listing, text) : faults.quantityDigits);
  }
  const quantity = parsed.value;
  if (quantity < instrument.minLots || quantity === 0) return err(faults.quantityMinimum);
  const maximum = isMarket ? instrument.maxMarketLots : instrument.maxLimitLots;
  if (quantity > maximum) return err(faults.quantityMaximum(instrument, quantity, maximum));
  return ok(quantity);
}

/** Under zero, or more lots than can be counted. */
function rangeFault({ instrument, category }: Listing, text: string): ExchangeFault {
  const faults = faultsOf(category);
  if (text.startsWith("-")) return faults.quantityMinimum;
  const most = lots(Number.MAX_SAFE_INTEGER);
  return faults.quantityMaximum(instrument, most, instrument.maxLimitLots);
}

function limitPrice(
  { view, instrument }: Listing,
  { category, side, price: text }: Pick<PlaceRequest, "category" | "side" | "price">,
): Admission<Ticks> {
  const faults = faultsOf(category);
  if (text === undefined || text === "") return err(faults.priceMissing);
  const parsed = parsePrice(instrument, text);
  if (!parsed.ok) return err(priceFault(parsed.error, faults));
  const price = parsed.value;
  const { buy, sell } = view.priceLimit;
  const isAbove = side === "buy" && buy > 0 && price > buy;
  const isBelow = side === "sell" && sell > 0 && price < sell;
  if (!isAbove && !isBelow) return ok(price);
  if (category !== "spot") return ok(isAbove ? buy : sell);
  return err(isAbove ? priceAboveLimit(instrument, buy) : priceBelowLimit(instrument, sell));
}

const priceFault = (
  { code }: GridFault,
  faults: { readonly priceRange: ExchangeFault; readonly priceDigits: ExchangeFault },
): ExchangeFault => (code === "GRID_RANGE" ? faults.priceRange : faults.priceDigits);

/** The worst price of a market order: the market's limit, or what there is where it has none. */
function marketPrice(view: MarketView, side: Side): Admission<Ticks> {
  const { priceLimit, bid, ask, last, markPrice } = view;
  const limit = side === "buy" ? priceLimit.buy : priceLimit.sell;
  if (limit > 0) return ok(limit);
  const known = (side === "buy" ? ask : bid) || last || Math.round(markPrice / 2);
  return known > 0 ? ok(ticks(known)) : err(NO_MARKET_PRICE);
}

/** How finely a value in quote coin may be written: as the smallest worth of the grid. */
function orderValue(instrument: Instrument, text: string): Admission<bigint> {
  const parsed = parseDecimal(text);
  const digits = instrument.tickSize.scale + instrument.lotSize.scale;
  if (!parsed.ok || parsed.value.scale > digits) return err(VALUE_DIGITS);
  if (compareDecimal(parsed.value, instrument.minNotional) < 0 || parsed.value.mantissa <= 0n) {
    return err(faultsOf("spot").valueMinimum(instrument));
  }
  const value = toAmount(parsed.value);
  return value < MOST_VALUE ? ok(value) : err(VALUE_MAXIMUM);
}

/** Far above any balance: 10^18 of a coin. */
const MOST_VALUE = 10n ** 42n;

function valueFault(
  instrument: Instrument,
  price: Ticks,
  quantity: Lots,
): ExchangeFault | undefined {
  const value = notional(instrument, atTick(price), quantity);
  return compareDecimal(value, instrument.minNotional) < 0
    ? faultsOf(instrument.kind).valueMinimum(instrument)
    : undefined;
}
