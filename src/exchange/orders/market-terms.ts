/**
 * Market terms: an order as its market is told of it, and why a market took one out.
 *
 * What must stay true: an id that a market knows leads back to its order.
 */
import type { ClientOrderId, OrderTerms, TimeInForce } from "../../core/domain/child-order.ts";
import type { Lots, Ticks } from "../../core/domain/units.ts";
import type { WireTimeInForce } from "../exchange-types.ts";
import type { LiveOrder } from "./live-order.ts";

const TIMES_IN_FORCE: Readonly<Record<WireTimeInForce, TimeInForce>> = {
  GTC: { kind: "good-till-canceled", postOnly: false },
  PostOnly: { kind: "good-till-canceled", postOnly: true },
  IOC: { kind: "immediate-or-cancel" },
  FOK: { kind: "fill-or-kill" },
};

/** A UUID: what follows it in a market's id numbers the parts of an order by value. */
const ID_LENGTH = 36;

export const orderIdOf = (id: ClientOrderId): string =>
  id.length > ID_LENGTH ? id.slice(0, ID_LENGTH) : id;

/**
 * A market never hears of reduce-only: it does not know the account's position (hedge mode,
 * accounts that share a recorded market), and has no minimum to spare such an order.
 */
export const termsOf = ({ orderId, side, quantity, price, seed }: LiveOrder): OrderTerms => ({
  clientOrderId: orderId as ClientOrderId,
  side,
  quantity,
  limitPrice: price,
  timeInForce: TIMES_IN_FORCE[seed.timeInForce],
});

/** A part of an order by value: it takes what it can, and is over. */
export const partTerms = (
  order: LiveOrder,
  part: number,
  price: Ticks,
  quantity: Lots,
): OrderTerms => ({
  clientOrderId: `${order.orderId}:${part}` as ClientOrderId,
  side: order.side,
  quantity,
  limitPrice: price,
  timeInForce: TIMES_IN_FORCE.IOC,
});

export const NOBODY_THERE = "EC_NoImmediateQtyToFill";
export const BY_REDUCE_ONLY = "CancelByReduceOnly";

/**
 * Why the market took an order out, in Bybit's word. It says so in prose; what the order was asked
 * to be tells as much. Where the cancel type tells more, it is set.
 */
export function reasonOf(order: LiveOrder): string {
  if (order.cancelType === "CancelByUser") return "EC_PerCancelRequest";
  if (order.cancelType !== "UNKNOWN") return "EC_NoError";
  const { timeInForce } = order.seed;
  if (timeInForce === "PostOnly") return "EC_PostOnlyWillTakeLiquidity";
  if (timeInForce === "FOK") return "EC_CancelForNoFullFill";
  if (timeInForce === "IOC") return NOBODY_THERE;
  order.cancelType = order.isReducing ? BY_REDUCE_ONLY : "CancelBySmp";
  return order.isReducing ? "EC_NoError" : "EC_BySelfMatch";
}
