/**
 * Order requests: bodies of orders, amends and cancels, by REST and by WebSocket alike.
 *
 * They become the core's requests with their digits as the client wrote them, because which code a
 * wrong digit gets is the core's matter. What must stay true: a field that would change what an
 * order does is either carried on or refused, never dropped.
 */
import type {
  AmendRequest,
  CancelAllRequest,
  Category,
  OrderReference,
  PlaceRequest,
  PositionIndex,
  WireTimeInForce,
} from "../exchange-types.ts";
import { MALFORMED, NO_ID, unsupported } from "./faults.ts";
import {
  categoryOf,
  type Fields,
  flag,
  integer,
  isFields,
  neededText,
  oneOf,
  type Parsed,
  parsed,
  Refusal,
  refuse,
  text,
} from "./fields.ts";

const TIMES_IN_FORCE: readonly WireTimeInForce[] = ["GTC", "IOC", "FOK", "PostOnly"];
const SELF_MATCH = ["None", "CancelMaker", "CancelTaker", "CancelBoth"] as const;

/** Conditions and attached orders. "0" and "" are how clients say "none". */
const CONDITIONS = [
  ["triggerPrice", "conditional orders"],
  ["takeProfit", "take profit"],
  ["stopLoss", "stop loss"],
  ["trailingStop", "trailing stops"],
  ["orderIv", "options"],
  ["bboSideType", "BBO orders"],
  ["slippageTolerance", "slippage tolerance"],
] as const;

function refuseConditions(fields: Fields): void {
  for (const [name, what] of CONDITIONS) {
    const value = fields[name];
    if (value === undefined || value === null || value === "" || value === 0) continue;
    if (typeof value === "string" && /^0+(\.0*)?$/.test(value)) continue;
    throw new Refusal(unsupported(what));
  }
}

function place(fields: Fields, category: Category): PlaceRequest {
  refuseConditions(fields);
  const filter = text(fields, "orderFilter");
  if (filter !== undefined && filter !== "Order") throw new Refusal(unsupported(filter));
  if (flag(fields, "closeOnTrigger")) throw new Refusal(unsupported("closeOnTrigger"));
  if (integer(fields, "isLeverage", 0, 1) === 1) throw new Refusal(unsupported("spot margin"));
  const symbol = neededText(fields, "symbol");
  const side = fields["side"];
  if (side !== "Buy" && side !== "Sell") return refuse("params error: Side invalid");
  const type = fields["orderType"];
  if (type !== "Market" && type !== "Limit") return refuse("params error: OrderType invalid");
  const isMarket = type === "Market";
  return {
    category,
    symbol,
    side: side === "Buy" ? "buy" : "sell",
    isMarket,
    quantity: neededText(fields, "qty"),
    price: isMarket ? undefined : neededText(fields, "price"),
    timeInForce: oneOf(fields, "timeInForce", TIMES_IN_FORCE),
    orderLinkId: text(fields, "orderLinkId"),
    positionIndex: integer(fields, "positionIdx", 0, 2) as PositionIndex | undefined,
    reduceOnly: flag(fields, "reduceOnly"),
    marketUnit: oneOf(fields, "marketUnit", ["baseCoin", "quoteCoin"]),
    smpType: oneOf(fields, "smpType", SELF_MATCH),
  };
}

function reference(fields: Fields, category: Category): OrderReference {
  const symbol = neededText(fields, "symbol");
  const orderId = text(fields, "orderId");
  const orderLinkId = text(fields, "orderLinkId");
  if (orderId === undefined && orderLinkId === undefined) throw new Refusal(NO_ID);
  return { category, symbol, orderId, orderLinkId };
}

function amend(fields: Fields, category: Category): AmendRequest {
  refuseConditions(fields);
  const order = reference(fields, category);
  return { ...order, quantity: text(fields, "qty"), price: text(fields, "price") };
}

export const parsePlace = (fields: Fields, category: Category): Parsed<PlaceRequest> =>
  parsed(() => place(fields, category));
export const parseAmend = (fields: Fields, category: Category): Parsed<AmendRequest> =>
  parsed(() => amend(fields, category));
export const parseCancel = (fields: Fields, category: Category): Parsed<OrderReference> =>
  parsed(() => {
    const filter = text(fields, "orderFilter");
    if (filter !== undefined && filter !== "Order") throw new Refusal(unsupported(filter));
    return reference(fields, category);
  });

export const parseCategory = (fields: Fields): Parsed<Category> => parsed(() => categoryOf(fields));

/** Of contracts one of the filters is needed; of spot none is, and no filter means all. */
export const parseCancelAll = (fields: Fields): Parsed<CancelAllRequest> =>
  parsed(() => {
    const category = categoryOf(fields);
    const filter = text(fields, "orderFilter");
    if (filter !== undefined && filter !== "Order") throw new Refusal(unsupported(filter));
    const symbol = text(fields, "symbol");
    const baseCoin = text(fields, "baseCoin");
    const settleCoin = text(fields, "settleCoin");
    if (category !== "spot" && (symbol ?? baseCoin ?? settleCoin) === undefined) {
      return refuse("params error: symbol, settleCoin or baseCoin is required");
    }
    return { category, symbol, baseCoin, settleCoin };
  });

/** Bybit takes up to twenty orders of contracts in one request, and ten of spot. */
const BATCH_LIMIT = { linear: 20, inverse: 20, spot: 10 } as const;

export interface Batch {
  readonly category: Category;
  readonly items: readonly Fields[];
}

export const parseBatch = (fields: Fields): Parsed<Batch> =>
  parsed(() => {
    const category = categoryOf(fields);
    const items = fields["request"];
    if (!Array.isArray(items) || items.length === 0) {
      return refuse("params error: request is required");
    }
    if (items.length > BATCH_LIMIT[category]) {
      return refuse(`params error: request has more than ${BATCH_LIMIT[category]} orders`);
    }
    if (!items.every(isFields)) throw new Refusal(MALFORMED);
    return { category, items };
  });
