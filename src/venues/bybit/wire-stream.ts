/**
 * Wire stream: frames of Bybit's private stream and of its trade stream.
 *
 * The private stream tells of orders, executions, positions and the wallet; the trade stream takes
 * requests and acknowledges them. The two answer in different words: each has a reader of its own.
 * What must stay true: a frame is either known in full or a fault.
 */
import type { Result } from "../../core/domain/errors.ts";
import { type Micros, micros } from "../../core/domain/units.ts";
import { Fields, isRecord, type JsonRecord, parseJson, type WireFault } from "./wire-value.ts";

export const PING = JSON.stringify({ op: "ping" });

/** `expiresMs` by the venue's clock. The two streams name the request's id differently. */
export const authFrame = (
  stream: "private" | "trade",
  key: string,
  expiresMs: number,
  signature: string,
  id: string,
): string =>
  JSON.stringify({
    [stream === "private" ? "req_id" : "reqId"]: id,
    op: "auth",
    args: [key, expiresMs, signature],
  });

export const subscribeFrame = (
  topics: readonly string[],
  id: string,
  op: "subscribe" | "unsubscribe" = "subscribe",
): string => JSON.stringify({ req_id: id, op, args: topics });

export type PrivateFrame =
  /** The answer to `auth` or `subscribe`. */
  | {
      readonly kind: "answer";
      readonly op: string;
      readonly requestId: string;
      readonly isOk: boolean;
      readonly text: string;
    }
  | { readonly kind: "pong" }
  | {
      readonly kind: "topic";
      /** "order", "execution", "position", "wallet", "dcp" …, without what follows a dot. */
      readonly topic: string;
      /** When the venue made the message. */
      readonly createdAt: Micros;
      /** For `parseOrders`, `parseExecutions`, `parsePositions`, `parseWallet`. */
      readonly data: unknown;
    };

export function parsePrivateFrame(text: string): Result<PrivateFrame, WireFault> {
  const where = "private stream";
  const json = parseJson(text, where);
  if (!json.ok) return json;
  const fields = new Fields(json.value, where);
  if (fields.raw("topic") !== undefined) {
    const topic = fields.text("topic").split(".", 1)[0] ?? "";
    const createdAt =
      fields.raw("creationTime") === undefined ? micros(0) : fields.time("creationTime");
    return fields.done({ kind: "topic", topic, createdAt, data: fields.raw("data") });
  }
  const op = fields.text("op");
  // A ping is answered as op "pong", or as op "ping" with ret_msg "pong".
  if (op === "pong" || op === "ping") return fields.done({ kind: "pong" });
  return fields.done({
    kind: "answer",
    op,
    requestId: fields.textOrNone("req_id"),
    isOk: fields.flag("success"),
    text: fields.words("ret_msg"),
  });
}

export type TradeOperation =
  | "order.create"
  | "order.amend"
  | "order.cancel"
  | "order.create-batch"
  | "order.amend-batch"
  | "order.cancel-batch";

export interface TradeRequest {
  /** At most 36 characters, never used twice. */
  readonly requestId: string;
  readonly operation: TradeOperation;
  /** A body of `wire-requests.ts`. */
  readonly body: object;
  /** By the venue's clock. */
  readonly timestampMs: number;
  readonly recvWindowMs: number;
}

export const tradeFrame = (request: TradeRequest): string =>
  JSON.stringify({
    reqId: request.requestId,
    header: {
      "X-BAPI-TIMESTAMP": String(request.timestampMs),
      "X-BAPI-RECV-WINDOW": String(request.recvWindowMs),
    },
    op: request.operation,
    args: [request.body],
  });

/** What an answer says of the limit on requests of its kind. */
export interface LimitState {
  /** Requests per second. */
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds since 1970, by the venue's clock: when there is room again. */
  readonly resetMs: number | undefined;
}

export type TradeFrame =
  | {
      /** The answer to a request, and to `auth`. */
      readonly kind: "answer";
      readonly op: string;
      readonly requestId: string;
      readonly retCode: number;
      readonly retMsg: string;
      /** For `parseAck`, `parseBatchAck`. */
      readonly data: unknown;
      readonly extInfo: unknown;
      readonly limits: LimitState | undefined;
      /** Milliseconds since 1970, by the venue's clock. */
      readonly timeMs: number | undefined;
    }
  | { readonly kind: "pong" };

export function parseTradeFrame(text: string): Result<TradeFrame, WireFault> {
  const where = "trade stream";
  const json = parseJson(text, where);
  if (!json.ok) return json;
  const fields = new Fields(json.value, where);
  // A request that could not be read is answered without its operation, but with its id.
  const op = fields.raw("reqId") === undefined ? fields.text("op") : fields.textOrNone("op");
  if (op === "pong" || op === "ping") return fields.done({ kind: "pong" });
  const header = fields.raw("header");
  const headers: JsonRecord = isRecord(header) ? header : {};
  const answer: TradeFrame = {
    kind: "answer",
    op,
    requestId: fields.textOrNone("reqId"),
    retCode: fields.integer("retCode"),
    retMsg: fields.words("retMsg"),
    data: fields.raw("data"),
    extInfo: fields.raw("retExtInfo"),
    limits: readLimits((name) => headers[name]),
    timeMs: wholeNumber(headers["Timenow"]),
  };
  return fields.done(answer);
}

/** Headers of HTTP and of the trade stream are the same, but for the case of their names. */
export function readLimits(header: (name: string) => unknown): LimitState | undefined {
  const limit = wholeNumber(header("X-Bapi-Limit"));
  const remaining = wholeNumber(header("X-Bapi-Limit-Status"));
  if (limit === undefined || limit < 1 || remaining === undefined) return undefined;
  return { limit, remaining, resetMs: wholeNumber(header("X-Bapi-Limit-Reset-Timestamp")) };
}

function wholeNumber(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
