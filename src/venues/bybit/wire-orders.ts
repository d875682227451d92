/**
 * Wire orders: what Bybit says of an order, by the stream or asked, on the grid.
 *
 * The stream's rows and those of /v5/order/realtime and /v5/order/history have one shape and are
 * read by one function. What must stay true: a status that is not in the table is a fault, and
 * neither an open order nor a closed one.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Side } from "../../core/domain/side.ts";
import type { Lots, Micros, Ticks } from "../../core/domain/units.ts";
import type { PositionIndex } from "./wire-requests.ts";
import {
  type Fields,
  Fields as Reader,
  type Grid,
  type Page,
  readPage,
  readRows,
  type Rows,
  type UnreadRow,
  type WireFault,
} from "./wire-value.ts";

/** What Bybit's statuses come down to. */
export type OrderStanding = "open" | "filled" | "canceled" | "rejected";

const STANDINGS: Readonly<Record<string, OrderStanding>> = {
  New: "open",
  PartiallyFilled: "open",
  Untriggered: "open",
  Triggered: "open",
  Filled: "filled",
  Cancelled: "canceled",
  /** Spot only: on contracts a canceled order may have fills too. */
  PartiallyFilledCanceled: "canceled",
  Deactivated: "canceled",
  Rejected: "rejected",
};
const STATUSES = new Set(Object.keys(STANDINGS));
const TYPES = new Set(["Limit", "Market", "UNKNOWN"] as const);

/** An order as the venue sees it at one instant. */
export interface OrderState {
  readonly orderId: string;
  /** `orderLinkId`; "" where whoever sent it named none. */
  readonly clientOrderId: string;
  readonly side: Side;
  readonly isMarket: boolean;
  /** Undefined of a market order. */
  readonly limitPrice: Ticks | undefined;
  /** Undefined of a spot market order by value, whose quantity is money. */
  readonly quantity: Lots | undefined;
  readonly cumulative: Lots;
  /** 0 once it is closed; undefined where the venue does not say. */
  readonly leaves: Lots | undefined;
  /** Bybit's own word. */
  readonly status: string;
  readonly standing: OrderStanding;
  /** Why it was canceled or rejected, in Bybit's words; "" where there is nothing to say. */
  readonly reason: string;
  /** "GTC", "IOC", "FOK", "PostOnly" … */
  readonly timeInForce: string;
  readonly reduceOnly: boolean;
  readonly positionIndex: PositionIndex;
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
}

/** What cannot be told counts as open. */
export const mayBeOpen = ({ status }: UnreadRow): boolean => {
  const standing = Object.hasOwn(STANDINGS, status) ? STANDINGS[status] : undefined;
  return standing === undefined || standing === "open";
};

/** `data` of a message on the topic `order`. */
export function parseOrders(data: unknown, grid: Grid): Result<Rows<OrderState>, WireFault> {
  const fields = new Reader({ data }, "order stream");
  const list = fields.list("data");
  if (fields.fault !== undefined) return err(fields.fault);
  return ok(readRows(list, grid, "", "order stream", (row) => readOrder(row, grid)));
}

/** `result` of /v5/order/realtime and /v5/order/history. */
export const parseOrderPage = (result: unknown, grid: Grid): Result<Page<OrderState>, WireFault> =>
  readPage(result, grid, "order list", (row) => readOrder(row, grid));

function readOrder(fields: Fields, grid: Grid): OrderState {
  const status = fields.word("orderStatus", STATUSES);
  const isMarket = fields.word("orderType", TYPES) === "Market";
  const isByValue = isMarket && fields.textOrNone("marketUnit") === "quoteCoin";
  return {
    orderId: fields.text("orderId"),
    clientOrderId: fields.textOrNone("orderLinkId"),
    side: fields.side("side"),
    isMarket,
    limitPrice: isMarket ? undefined : grid.price(fields, "price"),
    quantity: isByValue ? undefined : grid.quantity(fields, "qty"),
    cumulative: grid.quantity(fields, "cumExecQty"),
    leaves: isByValue ? undefined : grid.quantityOrNone(fields, "leavesQty"),
    status,
    standing: STANDINGS[status] ?? "open",
    reason: reasonOf(fields),
    timeInForce: fields.textOrNone("timeInForce"),
    reduceOnly: fields.flagOrNone("reduceOnly"),
    positionIndex: readPositionIndex(fields),
    createdAt: fields.time("createdTime"),
    updatedAt: fields.time("updatedTime"),
  };
}

/** Spot rows have none. */
export function readPositionIndex(fields: Fields): PositionIndex {
  const index = fields.integerOrNone("positionIdx") ?? 0;
  if (index === 0 || index === 1 || index === 2) return index;
  fields.refuse(`positionIdx is ${index}: not 0, 1 or 2`);
  return 0;
}

/** Words that say nothing. */
const SILENT = new Set(["", "EC_NoError", "UNKNOWN"]);

function reasonOf(fields: Fields): string {
  const reasons = [fields.textOrNone("rejectReason"), fields.textOrNone("cancelType")];
  return reasons.filter((reason) => !SILENT.has(reason)).join(", ");
}

/** Bybit's word for a post-only order that would have traded at once. */
export const CROSSED = "EC_PostOnlyWillTakeLiquidity";
