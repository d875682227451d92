/**
 * Faults: what the exchange answers when it does not take an order, in Bybit's numbers and words.
 *
 * Numbers are those of Bybit's table; words are what its servers are known to send where that
 * differs from the table, for clients compare them. Derivatives and spot have numbers of their own
 * for most things. What must stay true: one cause, one number.
 */
import { formatPrice, type Instrument } from "../../core/domain/instrument.ts";
import { formatDecimal } from "../../core/domain/decimal.ts";
import type { Lots, Ticks } from "../../core/domain/units.ts";
import type { Category, ExchangeFault } from "../exchange-types.ts";

const fault = (retCode: number, retMsg: string): ExchangeFault => ({ retCode, retMsg });

/** Bybit counts quantities in hundred-millionths in one message. */
const E8 = 100_000_000n;

const inE8 = (instrument: Instrument, quantity: Lots): string => {
  const { mantissa, scale } = instrument.lotSize;
  return String((BigInt(quantity) * mantissa * E8) / 10n ** BigInt(scale));
};

export interface OrderFaults {
  symbol(symbol: string): ExchangeFault;
  readonly quantityDigits: ExchangeFault;
  readonly quantityMinimum: ExchangeFault;
  quantityMaximum(instrument: Instrument, quantity: Lots, maximum: Lots): ExchangeFault;
  readonly priceMissing: ExchangeFault;
  readonly priceDigits: ExchangeFault;
  readonly priceRange: ExchangeFault;
  valueMinimum(instrument: Instrument): ExchangeFault;
  readonly linkId: ExchangeFault;
  readonly linkIdDuplicate: ExchangeFault;
  readonly tooManyOrders: ExchangeFault;
  readonly balance: ExchangeFault;
  readonly notFoundToCancel: ExchangeFault;
  readonly notFoundToAmend: ExchangeFault;
  readonly amendedUnderFilled: ExchangeFault;
}

const DERIVATIVES: OrderFaults = {
  symbol: (symbol) => fault(10001, `params error: symbol invalid ${symbol.slice(0, 40)}`),
  quantityDigits: fault(10001, "Qty invalid"),
  quantityMinimum: fault(10001, "The number of contracts exceeds minimum limit allowed"),
  quantityMaximum: (instrument, quantity, maximum) =>
    fault(
      10001,
      "The number of contracts exceeds maximum limit allowed: too large, " +
        `order_qty:${inE8(instrument, quantity)} > max_qty:${inE8(instrument, maximum)}`,
    ),
  priceMissing: fault(10001, "params error: price is required"),
  priceDigits: fault(10001, "Price invalid"),
  priceRange: fault(110003, "Order price exceeds the allowable range."),
  valueMinimum: ({ minNotional, quote }) =>
    fault(110094, `Order does not meet minimum order value ${formatDecimal(minNotional)}${quote}`),
  linkId: fault(10001, "params error: OrderLinkId invalid"),
  linkIdDuplicate: fault(110072, "OrderLinkedID is duplicate"),
  tooManyOrders: fault(110020, "Not allowed to have more than 500 active orders."),
  balance: fault(110007, "ab not enough for new order"),
  notFoundToCancel: fault(110001, "order not exists or too late to cancel"),
  notFoundToAmend: fault(110001, "order not exists or too late to replace"),
  amendedUnderFilled: fault(
    110064,
    "The modified contract quantity cannot be less than or equal to the filled quantity.",
  ),
};

const SPOT: OrderFaults = {
  symbol: () => fault(170121, "Invalid symbol."),
  quantityDigits: fault(170137, "Order quantity has too many decimals."),
  quantityMinimum: fault(170136, "Order quantity exceeded lower limit."),
  quantityMaximum: () => fault(170135, "Order quantity exceeded upper limit."),
  priceMissing: fault(170105, "Parameter 'price' was empty."),
  priceDigits: fault(170134, "Order price has too many decimals."),
  priceRange: fault(170133, "Order price lower than the minimum."),
  valueMinimum: () => fault(170140, "Order value exceeded lower limit."),
  linkId: fault(170130, "Data sent for parameter 'orderLinkId' is not valid."),
  linkIdDuplicate: fault(170141, "Duplicate clientOrderId."),
  tooManyOrders: fault(
    170810,
    "Cannot exceed maximum of 500 conditional, TP/SL and active orders.",
  ),
  balance: fault(170131, "Insufficient balance."),
  notFoundToCancel: fault(170213, "Order does not exist."),
  notFoundToAmend: fault(170213, "Order does not exist."),
  amendedUnderFilled: fault(
    170313,
    "The modified contract quantity cannot be less than to the filled quantity",
  ),
};

export const faultsOf = (category: Category): OrderFaults =>
  category === "spot" ? SPOT : DERIVATIVES;

/** Spot alone: contracts have their price moved to the limit instead. */
export const priceAboveLimit = (instrument: Instrument, limit: Ticks): ExchangeFault =>
  fault(
    170372,
    `Order price cannot be higher than ${formatPrice(instrument, limit)}, the price limitation`,
  );
export const priceBelowLimit = (instrument: Instrument, limit: Ticks): ExchangeFault =>
  fault(
    170371,
    `Order price cannot be lower than ${formatPrice(instrument, limit)}, the price limitation`,
  );

export const VALUE_DIGITS = fault(170148, "Market order amount decimal too long");
export const VALUE_MAXIMUM = fault(170124, "Order amount too large.");
export const NO_MARKET_PRICE = fault(
  110118,
  "Unable to retrieve a price of the market order due to low liquidity",
);
export const POSITION_INDEX = fault(10001, "position idx not match position mode");
export const NOTHING_TO_REDUCE = fault(
  110017,
  "current position is zero, cannot fix reduce-only order qty",
);
export const REDUCES_NOTHING = fault(
  110017,
  "reduce-only order has same side with current position",
);
export const TRUNCATED_TO_ZERO = fault(110017, "orderQty will be truncated to zero");
export const NOT_MODIFIED = fault(10001, "order not modified");
export const AMEND_REFUSED = fault(40004, "the order is modified during the process of replacing");
export const NO_SCOPE = fault(10001, "params error: symbol, baseCoin or settleCoin is required");

export const LEVERAGE_INVALID = fault(10001, "buy leverage invalid");
export const LEVERAGE_UNEQUAL = fault(10001, "buy leverage must equal sell leverage");
export const LEVERAGE_TOO_HIGH = fault(110013, "Cannot set leverage due to risk limit level.");
export const LEVERAGE_NOT_MODIFIED = fault(110043, "leverage not modified");
export const LEVERAGE_NO_MARGIN = fault(110044, "Available margin is insufficient.");
export const MODE_COIN_INVALID = fault(110050, "Invalid coin");
export const MODE_HAS_POSITION = fault(
  110024,
  "You have an existing position, so the position mode cannot be switched.",
);
export const MODE_NOT_MODIFIED = fault(110025, "Position mode has not been modified.");
export const MODE_HAS_ORDERS = fault(
  110028,
  "You have existing open orders, so the position mode cannot be switched.",
);
export const MODE_NO_HEDGE = fault(110029, "Hedge mode is not supported for this symbol.");
