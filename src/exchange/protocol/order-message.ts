/**
 * Order message: an order as REST answers and the order stream tell it.
 *
 * Written as text by hand: every order makes at least two of these, and no general writer of JSON
 * is fast enough for that. What must stay true: it is JSON for every order that the core can make.
 */
import { formatPrice, formatQuantity, settleCoin } from "../../core/domain/instrument.ts";
import type { Side } from "../../core/domain/side.ts";
import { excessLots, type Micros, NO_LOTS } from "../../core/domain/units.ts";
import type { OrderRecord } from "../exchange-types.ts";
import { meanPrice, valueOf } from "./decimals.ts";

export const wireSide = (side: Side): "Buy" | "Sell" => (side === "buy" ? "Buy" : "Sell");
/** Whole milliseconds, as text. */
export const wireTime = (at: Micros): string => String(Math.floor(at / 1_000));

export const isOpen = (order: OrderRecord): boolean =>
  order.status === "New" || order.status === "PartiallyFilled";

/** The fee in the first coin that one was charged in; "0" in the expected one before that. */
function mainFee(order: OrderRecord): { readonly coin: string; readonly amount: string } {
  for (const [coin, amount] of order.fees) return { coin, amount };
  return { coin: settleCoin(order.instrument), amount: "0" };
}

function amountFields(order: OrderRecord): string {
  const { instrument, cumulative } = order;
  const isCounted = isOpen(order) && order.value === undefined;
  const leaves = isCounted ? excessLots(order.quantity, cumulative) : NO_LOTS;
  const fees = order.fees.size === 0 ? "{}" : JSON.stringify(Object.fromEntries(order.fees));
  return (
    `"price":"${formatPrice(instrument, order.price)}",` +
    `"qty":"${order.value ?? formatQuantity(instrument, order.quantity)}",` +
    `"avgPrice":"${meanPrice(instrument, cumulative, order.cumulativeValue) ?? ""}",` +
    `"leavesQty":"${formatQuantity(instrument, leaves)}",` +
    `"leavesValue":"${valueOf(instrument, leaves, order.price)}",` +
    `"cumExecQty":"${formatQuantity(instrument, cumulative)}",` +
    `"cumExecValue":"${order.cumulativeValue}",` +
    `"cumExecFee":"${mainFee(order).amount}","cumFeeDetail":${fees},`
  );
}

/** What conditional orders, options and attached stops would say, and this exchange has none of. */
const NOT_THERE =
  '"stopOrderType":"","orderIv":"","triggerPrice":"","takeProfit":"","stopLoss":"",' +
  '"tpTriggerBy":"","slTriggerBy":"","triggerDirection":0,"triggerBy":"","tpLimitPrice":"",' +
  '"slLimitPrice":"","closeOnTrigger":false,"placeType":"","smpGroup":0,' +
  '"smpOrderId":"","blockTradeId":"","slippageToleranceType":"UNKNOWN","slippageTolerance":"",' +
  '"extraFees":"","rpiTakerAccess":false,"rpiMatchedQty":"0",';

function fieldsOf(order: OrderRecord): string {
  const isSpot = order.category === "spot";
  const last = order.lastPriceOnCreated;
  return (
    `"orderId":"${order.orderId}","orderLinkId":${JSON.stringify(order.orderLinkId)},` +
    `"symbol":"${order.symbol}","side":"${wireSide(order.side)}",` +
    `"isLeverage":"${isSpot ? "0" : ""}","positionIdx":${order.positionIndex},` +
    `"orderStatus":"${order.status}","cancelType":"${order.cancelType}",` +
    `"rejectReason":"${order.rejectReason}",${amountFields(order)}` +
    `"timeInForce":"${order.timeInForce}","orderType":"${order.isMarket ? "Market" : "Limit"}",` +
    `"marketUnit":"${order.marketUnit}",${NOT_THERE}` +
    `"lastPriceOnCreated":"${last === 0 ? "" : formatPrice(order.instrument, last)}",` +
    `"reduceOnly":${order.reduceOnly},"smpType":"${order.smpType}",` +
    // Clients tell spot from contracts by these two.
    `${isSpot ? "" : `"createType":"${order.createType}","tpslMode":"",`}` +
    `"createdTime":"${wireTime(order.createdAt)}","updatedTime":"${wireTime(order.updatedAt)}"`
  );
}

/** As `/v5/order/realtime` and `/history` list it. */
export const orderAnswer = (order: OrderRecord): string => `{${fieldsOf(order)}}`;

/** As the order stream tells it. `profit`: realised by what it closed so far. */
export const orderEvent = (order: OrderRecord, profit: string): string =>
  `{"category":"${order.category}",${fieldsOf(order)},` +
  `"closedPnl":"${profit}","feeCurrency":"${mainFee(order).coin}"}`;
