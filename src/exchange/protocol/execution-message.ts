/**
 * Execution message: a fill or a funding payment as REST answers and the streams tell it.
 */
import { formatHalfPrice, formatPrice, formatQuantity } from "../../core/domain/instrument.ts";
import type { ExecutionRecord } from "../exchange-types.ts";
import { wireSide, wireTime } from "./order-message.ts";

/** As `/v5/execution/list` lists it. */
export function executionAnswer(execution: ExecutionRecord): object {
  const { order } = execution;
  const { instrument } = order;
  const isSpot = order.category === "spot";
  return {
    symbol: order.symbol,
    orderId: order.orderId,
    orderLinkId: order.orderLinkId,
    side: wireSide(order.side),
    orderPrice: formatPrice(instrument, order.price),
    orderQty: order.value ?? formatQuantity(instrument, order.quantity),
    leavesQty: formatQuantity(instrument, execution.leaves),
    createType: isSpot ? "" : order.createType,
    orderType: order.isMarket ? "Market" : "Limit",
    stopOrderType: "UNKNOWN",
    execFee: execution.fee,
    execId: execution.executionId,
    execPrice: formatPrice(instrument, execution.price),
    execQty: formatQuantity(instrument, execution.quantity),
    execType: execution.execType,
    execValue: execution.value,
    execTime: wireTime(execution.at),
    feeCurrency: execution.feeCoin,
    isMaker: execution.isMaker,
    feeRate: execution.feeRate,
    tradeIv: "",
    markIv: "",
    markPrice: formatHalfPrice(instrument, execution.markPrice),
    indexPrice: "",
    underlyingPrice: "",
    blockTradeId: "",
    closedSize: isSpot ? "" : formatQuantity(instrument, execution.closed),
    extraFees: "",
    seq: execution.sequence,
  };
}

/** As the execution stream tells it. */
export const executionEvent = (execution: ExecutionRecord): object => ({
  category: execution.order.category,
  ...executionAnswer(execution),
  isLeverage: "0",
  marketUnit: execution.order.marketUnit,
  execPnl: execution.profit,
});

/** As the fast execution stream tells it: of trades alone. */
export function fastExecutionEvent(execution: ExecutionRecord): object {
  const { order } = execution;
  return {
    category: order.category,
    symbol: order.symbol,
    execId: execution.executionId,
    execPrice: formatPrice(order.instrument, execution.price),
    execQty: formatQuantity(order.instrument, execution.quantity),
    orderId: order.orderId,
    isMaker: execution.isMaker,
    orderLinkId: order.orderLinkId,
    side: wireSide(order.side),
    execTime: wireTime(execution.at),
    seq: execution.sequence,
  };
}
