/**
 * Account requests: questions about orders, executions, positions and money, and settings.
 *
 * What must stay true: a page's cursor leads on to exactly what follows it, and a cursor that this
 * exchange has not given is refused.
 */
import { micros, type Micros } from "../../core/domain/units.ts";
import type { Category, HistoryQuery, OrderQuery } from "../exchange-types.ts";
import {
  categoryOf,
  type Fields,
  integer,
  neededText,
  oneOf,
  type Parsed,
  parsed,
  refuse,
  text,
} from "./fields.ts";

export interface RealtimeQuery {
  readonly query: OrderQuery;
  /** 0: open orders. Else: the latest closed ones. An id asks for either. */
  readonly isOpenOnly: boolean;
  readonly hasId: boolean;
  /** Conditional orders and the like alone are asked for: there are none. */
  readonly isNone: boolean;
  readonly limit: number;
  /** Number of the last order of the page before: it goes on with what is older. */
  readonly before: number | undefined;
}

/** What a number stands for is the core's matter: the cursor only carries it. */
export const cursorOf = (next: number | undefined): string =>
  next === undefined ? "" : `page_token%3D${next}%26`;

/** Undefined: the first page. */
function pageFrom(fields: Fields): number | undefined {
  const cursor = text(fields, "cursor");
  if (cursor === undefined) return undefined;
  // Some clients send the cursor as it is, others encode it once more.
  const index = /^page_token(?:%3D|=)(\d{1,12})(?:%26|&)?$/.exec(cursor)?.[1];
  return index === undefined ? refuse("params error: cursor is invalid") : Number(index);
}

function orderQuery(fields: Fields, category: Category): OrderQuery {
  return {
    category,
    symbol: text(fields, "symbol"),
    baseCoin: text(fields, "baseCoin"),
    settleCoin: text(fields, "settleCoin"),
    orderId: text(fields, "orderId"),
    orderLinkId: text(fields, "orderLinkId"),
  };
}

const NEEDS_FILTER = "Missing some parameters that must be filled in, symbol or settleCoin";

/** Bybit's kinds of orders: this exchange has only the first. */
const ORDER_FILTERS = ["Order", "StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder"];

const asksForNone = (fields: Fields): boolean =>
  (oneOf(fields, "orderFilter", ORDER_FILTERS) ?? "Order") !== "Order";

export const parseRealtime = (fields: Fields): Parsed<RealtimeQuery> =>
  parsed(() => {
    const category = categoryOf(fields);
    const query = orderQuery(fields, category);
    const hasId = (query.orderId ?? query.orderLinkId) !== undefined;
    const hasFilter = (query.symbol ?? query.baseCoin ?? query.settleCoin) !== undefined;
    if (category === "linear" && !hasFilter && !hasId) refuse(`${NEEDS_FILTER} or baseCoin`);
    const isOpenOnly = (integer(fields, "openOnly", 0, 2) ?? 0) === 0;
    const limit = integer(fields, "limit", 1, 50) ?? 20;
    const isNone = asksForNone(fields);
    return { query, isOpenOnly, hasId, isNone, limit, before: pageFrom(fields) };
  });

const MILLISECOND = 1_000;
const SEVEN_DAYS_MS = 7 * 86_400_000;

/** From and until are whole milliseconds, both ends included. */
function historyTimes(fields: Fields): { from: Micros | undefined; until: Micros | undefined } {
  const start = integer(fields, "startTime", 0, 9_999_999_999_999);
  const end = integer(fields, "endTime", 0, 9_999_999_999_999);
  if (start !== undefined && end !== undefined) {
    if (end < start) refuse("params error: startTime is later than endTime");
    if (end - start > SEVEN_DAYS_MS) {
      refuse("params error: The time range between startTime and endTime cannot exceed 7 days");
    }
  }
  const until = end ?? (start === undefined ? undefined : start + SEVEN_DAYS_MS);
  const from = start ?? (end === undefined ? undefined : end - SEVEN_DAYS_MS);
  return {
    from: from === undefined ? undefined : micros(Math.max(0, from) * MILLISECOND),
    until: until === undefined ? undefined : micros(until * MILLISECOND + MILLISECOND - 1),
  };
}

const history = (fields: Fields, most: number, usual: number): HistoryQuery => ({
  ...orderQuery(fields, categoryOf(fields)),
  ...historyTimes(fields),
  cursor: pageFrom(fields),
  limit: integer(fields, "limit", 1, most) ?? usual,
});

export interface OrderHistoryRequest {
  readonly query: HistoryQuery;
  readonly isNone: boolean;
}

export const parseOrderHistory = (fields: Fields): Parsed<OrderHistoryRequest> =>
  parsed(() => ({
    query: { ...history(fields, 50, 20), orderStatus: text(fields, "orderStatus") },
    isNone: asksForNone(fields),
  }));
export const parseExecutions = (fields: Fields): Parsed<HistoryQuery> =>
  parsed(() => ({ ...history(fields, 100, 50), execType: text(fields, "execType") }));

export const parsePositions = (fields: Fields): Parsed<OrderQuery> =>
  parsed(() => {
    const category = categoryOf(fields);
    if (category === "spot") return refuse("params error: Category is invalid");
    const query = orderQuery(fields, category);
    if (category === "linear" && (query.symbol ?? query.settleCoin) === undefined) {
      refuse(NEEDS_FILTER);
    }
    return query;
  });

export interface LeverageRequest {
  readonly category: Category;
  readonly symbol: string;
  readonly buy: string;
  readonly sell: string;
}

export const parseLeverage = (fields: Fields): Parsed<LeverageRequest> =>
  parsed(() => {
    const category = categoryOf(fields);
    if (category === "spot") return refuse("params error: Category is invalid");
    return {
      category,
      symbol: neededText(fields, "symbol"),
      buy: neededText(fields, "buyLeverage"),
      sell: neededText(fields, "sellLeverage"),
    };
  });

export interface PositionModeRequest {
  readonly category: Category;
  readonly symbol: string | undefined;
  readonly coin: string | undefined;
  readonly isHedge: boolean;
}

export const parsePositionMode = (fields: Fields): Parsed<PositionModeRequest> =>
  parsed(() => {
    const category = categoryOf(fields);
    if (category === "spot") return refuse("params error: Category is invalid");
    const mode = integer(fields, "mode", 0, 3);
    if (mode !== 0 && mode !== 3) return refuse("params error: mode is invalid");
    const symbol = text(fields, "symbol");
    const coin = text(fields, "coin");
    if ((symbol ?? coin) === undefined) return refuse("params error: symbol or coin is required");
    return { category, symbol, coin, isHedge: mode === 3 };
  });

export const PRODUCTS = ["OPTIONS", "DERIVATIVES", "SPOT"] as const;
export type Product = (typeof PRODUCTS)[number];

export interface ProtectionRequest {
  readonly product: Product;
  readonly windowSeconds: number;
}

export const parseProtection = (fields: Fields): Parsed<ProtectionRequest> =>
  parsed(() => ({
    product: oneOf(fields, "product", PRODUCTS) ?? "OPTIONS",
    windowSeconds: integer(fields, "timeWindow", 3, 300) ?? refuse("timeWindow is required"),
  }));
