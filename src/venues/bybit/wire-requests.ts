/**
 * Wire requests: our commands as the bodies that Bybit takes, and its acknowledgements.
 *
 * The same bodies go over REST and over the trade stream. An acknowledgement says that the request
 * was received, and nothing else: the order stream tells what became of it. What must stay true:
 * prices and quantities leave as exact decimals of the grid, and a spot market order always says
 * which coin its quantity counts.
 */
import type { ClientOrderId, OrderTerms } from "../../core/domain/child-order.ts";
import { err, invariant, ok, type Result } from "../../core/domain/errors.ts";
import { formatPrice, formatQuantity, type Instrument } from "../../core/domain/instrument.ts";
import type { AmendTerms } from "../../core/domain/messages.ts";
import { Fields, type JsonRecord, type WireFault, wireFault } from "./wire-value.ts";

/** 0: one-way. 1: the long side of hedge mode, 2: its short side. */
export type PositionIndex = 0 | 1 | 2;
/** Which order gives way where two of one group would trade with each other. */
export type SelfMatch = "None" | "CancelMaker" | "CancelTaker" | "CancelBoth";

/** What holds for all orders of a session. */
export interface OrderStyle {
  readonly positionIndex: PositionIndex;
  /** Undefined: as the account has it. */
  readonly selfMatch: SelfMatch | undefined;
}

export interface PlaceBody {
  readonly category: string;
  readonly symbol: string;
  readonly side: "Buy" | "Sell";
  readonly orderType: "Limit" | "Market";
  readonly qty: string;
  readonly price?: string;
  readonly timeInForce: "GTC" | "IOC" | "FOK" | "PostOnly";
  readonly orderLinkId: string;
  readonly marketUnit?: "baseCoin";
  readonly positionIdx?: PositionIndex;
  readonly reduceOnly?: boolean;
  readonly smpType?: SelfMatch;
}

export interface AmendBody {
  readonly category: string;
  readonly symbol: string;
  readonly orderLinkId: string;
  readonly qty: string;
  readonly price: string;
}

export interface CancelBody {
  readonly category: string;
  readonly symbol: string;
  readonly orderLinkId: string;
}

/** One category, many orders. */
export interface BatchBody<Body extends { readonly category: string }> {
  readonly category: string;
  readonly request: readonly Omit<Body, "category">[];
}

/** Bybit takes ten orders in one request. */
export const MOST_IN_BATCH = 10;

/** What Bybit takes as an id: it is the only thread by which an order is found again. */
const LINK_ID = /^[A-Za-z0-9_-]{1,36}$/;
export const isLinkId = (text: string): boolean => LINK_ID.test(text);

/** Refuses what Bybit would do otherwise than asked; sizes and bands are the venue's to judge. */
export function placeBody(
  instrument: Instrument,
  { positionIndex, selfMatch }: OrderStyle,
  terms: OrderTerms,
): Result<PlaceBody, WireFault> {
  const { clientOrderId, side, quantity, limitPrice, timeInForce, reduceOnly } = terms;
  if (!isLinkId(clientOrderId)) {
    return err(wireFault(`order id ${JSON.stringify(clientOrderId)}: 1 to 36 of A-Z a-z 0-9 - _`));
  }
  const isMarket = limitPrice === undefined;
  if (isMarket && timeInForce.kind === "fill-or-kill") {
    return err(wireFault(`${clientOrderId}: a market order of Bybit cannot be fill-or-kill`));
  }
  const isSpot = instrument.kind === "spot";
  if (isSpot && reduceOnly === true) {
    return err(wireFault(`${clientOrderId}: spot has no position that an order could reduce`));
  }
  return ok({
    category: instrument.kind,
    symbol: instrument.symbol,
    side: side === "buy" ? "Buy" : "Sell",
    orderType: isMarket ? "Market" : "Limit",
    qty: formatQuantity(instrument, quantity),
    ...(isMarket ? {} : { price: formatPrice(instrument, limitPrice) }),
    timeInForce: isMarket ? "IOC" : wireTimeInForce(timeInForce),
    orderLinkId: clientOrderId,
    // Without it a spot market buy would count quote coin.
    ...(isSpot && isMarket ? { marketUnit: "baseCoin" as const } : {}),
    ...(isSpot ? {} : { positionIdx: positionIndex, reduceOnly: reduceOnly === true }),
    ...(selfMatch === undefined ? {} : { smpType: selfMatch }),
  });
}

function wireTimeInForce(timeInForce: OrderTerms["timeInForce"]): PlaceBody["timeInForce"] {
  if (timeInForce.kind === "immediate-or-cancel") return "IOC";
  if (timeInForce.kind === "fill-or-kill") return "FOK";
  return timeInForce.postOnly ? "PostOnly" : "GTC";
}

export const amendBody = (instrument: Instrument, amend: AmendTerms): AmendBody => ({
  category: instrument.kind,
  symbol: instrument.symbol,
  orderLinkId: amend.clientOrderId,
  qty: formatQuantity(instrument, amend.quantity),
  price: formatPrice(instrument, amend.limitPrice),
});

export const cancelBody = (instrument: Instrument, id: ClientOrderId): CancelBody => ({
  category: instrument.kind,
  symbol: instrument.symbol,
  orderLinkId: id,
});

export function batchBody<Body extends { readonly category: string }>(
  bodies: readonly Body[],
): BatchBody<Body> {
  const request = bodies.map(({ category, ...rest }) => {
    invariant(category === bodies[0]!.category, "a batch is of one category");
    return rest;
  });
  return { category: bodies[0]?.category ?? "", request };
}

export interface OrderAck {
  readonly orderId: string;
  /** "" where the request named none. */
  readonly clientOrderId: string;
}

/** The `result` (REST) or `data` (trade stream) of create, amend and cancel. */
export function parseAck(result: unknown): Result<OrderAck, WireFault> {
  const fields = new Fields(result, "acknowledgement");
  return fields.done(readAck(fields));
}

const readAck = (fields: Fields): OrderAck => ({
  orderId: fields.textOrNone("orderId"),
  clientOrderId: fields.textOrNone("orderLinkId"),
});

/** One order of a batch: its own code, because the batch's says only that it was read. */
export interface BatchAck extends OrderAck {
  readonly retCode: number;
  readonly retMsg: string;
}

/** In the order of the request. `extInfo`: the answer's `retExtInfo`, where the codes are. */
export function parseBatchAck(
  result: unknown,
  extInfo: unknown,
  count: number,
): Result<BatchAck[], WireFault> {
  const list = new Fields(result, "acknowledgement of a batch");
  const codes = new Fields(extInfo, "retExtInfo of a batch");
  const acks = list.list("list");
  const outcomes = codes.list("list");
  const fault = list.fault ?? codes.fault;
  if (fault !== undefined) return err(fault);
  if (acks.length !== count || outcomes.length !== count) {
    const told = `${acks.length} orders and ${outcomes.length} codes`;
    return err(wireFault(`acknowledgement of a batch of ${count}: tells of ${told}`));
  }
  const read: BatchAck[] = [];
  for (let index = 0; index < count; index++) {
    const ack = new Fields(acks[index], `acknowledgement ${index} of a batch`);
    const outcome = new Fields(outcomes[index], `code ${index} of a batch`);
    const retCode = outcome.integer("code");
    const row = { ...readAck(ack), retCode, retMsg: outcome.words("msg") };
    const wrong = ack.fault ?? outcome.fault;
    if (wrong !== undefined) return err(wrong);
    read.push(row);
  }
  return ok(read);
}

/** Every answer of the REST interface. */
export interface Answer {
  readonly retCode: number;
  readonly retMsg: string;
  readonly result: JsonRecord;
  readonly extInfo: unknown;
  /** The venue's clock, in milliseconds; undefined where it does not say. */
  readonly timeMs: number | undefined;
}

export function readAnswer(record: JsonRecord, where: string): Result<Answer, WireFault> {
  const fields = new Fields(record, where);
  const result = fields.raw("result");
  return fields.done({
    retCode: fields.integer("retCode"),
    retMsg: fields.words("retMsg"),
    result: typeof result === "object" && result !== null ? (result as JsonRecord) : {},
    extInfo: fields.raw("retExtInfo"),
    timeMs: fields.integerOrNone("time"),
  });
}
