/**
 * Trade stream: orders by WebSocket.
 *
 * The hot path of the exchange: one parse, one act, one answer, written as text by hand. What must
 * stay true: each request that can be attributed gets exactly one answer, with its own id, and it
 * leaves before anything that the request caused is told on the private stream.
 */
import { randomBytes } from "node:crypto";
import type { ExchangeCore, ExchangeFault } from "../exchange-types.ts";
import {
  CATEGORY_NOT_SUPPORTED,
  DUPLICATE_REQUEST_ID,
  ILLEGAL_CATEGORY,
  KEY_INVALID,
  MALFORMED,
  NOT_AUTHENTICATED,
  OPERATION_NOT_FOUND,
  outsideWindow,
  PERMISSION_DENIED,
  REPEATED_AUTHENTICATION,
  SERVER_ERROR,
  wrongSignature,
} from "../protocol/faults.ts";
import { textOf } from "../protocol/answer.ts";
import { type Fields, isFields } from "../protocol/fields.ts";
import type { RateLimits } from "../protocol/rate-limits.ts";
import { type Command, tradeReply } from "../protocol/stream-replies.ts";
import { type Acted, actOn, isStreamAction } from "../protocol/trading-actions.ts";
import { authenticate } from "./private-stream.ts";
import { isInWindow, type Key, type Keys } from "./signature.ts";
import type { StreamConnection, StreamHandler } from "./stream-connection.ts";

/** Ids are remembered for as long as a client could mistake one answer for another. */
const REMEMBERED_IDS = 25_000;
const DEFAULT_WINDOW_MS = 5_000;

interface Session {
  key: Key | undefined;
  /** In two generations, so that forgetting the oldest costs nothing. */
  recentIds: Set<string>;
  olderIds: Set<string>;
}

/** Whether it is new; it is not from now on. */
function claimId(session: Session, id: string): boolean {
  if (session.recentIds.has(id) || session.olderIds.has(id)) return false;
  if (session.recentIds.size === REMEMBERED_IDS) {
    session.olderIds = session.recentIds;
    session.recentIds = new Set();
  }
  session.recentIds.add(id);
  return true;
}

export interface TradeServices {
  readonly core: ExchangeCore;
  readonly keys: Keys;
  readonly limitsOf: (account: number) => RateLimits;
  readonly nowMs: () => number;
  readonly tick: () => void;
  readonly log: (line: string) => void;
  /** A fault for tests: whether this answer is to be lost. */
  readonly isAnswerLost: () => boolean;
}

const wholeNumber = (value: unknown): number | undefined => {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
};

export class TradeStream implements StreamHandler {
  readonly #services: TradeServices;
  readonly #sessions = new Map<StreamConnection, Session>();
  /** Traces are there to be told apart, and cheap to make. */
  readonly #trace = randomBytes(12).toString("hex");
  #traces = 0;

  constructor(services: TradeServices) {
    this.#services = services;
  }

  command(connection: StreamConnection, command: Command, fields: Fields): void {
    const session = this.#sessionOf(connection);
    if (command.op === "auth") return this.#authenticate(connection, session, command, fields);
    if (!isStreamAction(command.op)) return refuse(connection, command, OPERATION_NOT_FOUND);
    const { key } = session;
    if (key === undefined) return refuse(connection, command, NOT_AUTHENTICATED);
    const fault = this.#faultOf(session, key, command, fields);
    if (fault !== undefined) return refuse(connection, command, fault);
    const order = (fields["args"] as unknown[])[0] as Fields;
    const acted = this.#act(key, command, order);
    if (this.#services.isAnswerLost()) return;
    connection.send(this.#answer(connection, key, command, acted));
  }

  closed(connection: StreamConnection): void {
    this.#sessions.delete(connection);
  }

  #sessionOf(connection: StreamConnection): Session {
    const known = this.#sessions.get(connection);
    if (known !== undefined) return known;
    const made = { key: undefined, recentIds: new Set<string>(), olderIds: new Set<string>() };
    this.#sessions.set(connection, made);
    return made;
  }

  #authenticate(
    connection: StreamConnection,
    session: Session,
    command: Command,
    fields: Fields,
  ): void {
    const outcome = authenticate(this.#services.keys, fields, this.#services.nowMs());
    if ("failure" in outcome) {
      const faults = { parameters: MALFORMED, key: KEY_INVALID, signature: wrongSignature("") };
      return refuse(connection, command, faults[outcome.failure]);
    }
    if (session.key !== undefined) return refuse(connection, command, REPEATED_AUTHENTICATION);
    session.key = outcome.key;
    refuse(connection, command, { retCode: 0, retMsg: "OK" });
  }

  /** What is wrong with a request before its order is looked at. */
  #faultOf(
    session: Session,
    key: Key,
    { requestId }: Command,
    fields: Fields,
  ): ExchangeFault | undefined {
    if (requestId !== undefined && requestId !== "" && !claimId(session, requestId)) {
      return DUPLICATE_REQUEST_ID;
    }
    const args = fields["args"];
    const header = fields["header"];
    if (!Array.isArray(args) || args.length !== 1 || !isFields(args[0])) return MALFORMED;
    if (!isFields(header)) return MALFORMED;
    const sentMs = wholeNumber(header["X-BAPI-TIMESTAMP"]);
    const windowMs = wholeNumber(header["X-BAPI-RECV-WINDOW"] ?? DEFAULT_WINDOW_MS);
    if (sentMs === undefined || windowMs === undefined) return MALFORMED;
    const nowMs = this.#services.nowMs();
    if (!isInWindow(sentMs, nowMs, windowMs)) return outsideWindow(sentMs, nowMs, windowMs);
    return key.identity.permission === "trade" ? undefined : PERMISSION_DENIED;
  }

  #act(key: Key, command: Command, order: Fields): Acted {
    const { core, limitsOf, nowMs, tick, log } = this.#services;
    const limits = limitsOf(key.account);
    try {
      tick();
      const asker = { account: key.account, limits };
      const acted = actOn(core, asker, command.op, order, nowMs());
      // Here, what REST calls a wrong parameter is an operation that is not there.
      const isCategory = acted.answer.retMsg === ILLEGAL_CATEGORY.retMsg;
      return isCategory ? refusal(CATEGORY_NOT_SUPPORTED) : acted;
    } catch (error) {
      log(`${command.op}: ${error instanceof Error ? (error.stack ?? error.message) : "fault"}`);
      return refusal(SERVER_ERROR);
    }
  }

  #answer(connection: StreamConnection, key: Key, command: Command, acted: Acted): string {
    const { answer, category } = acted;
    const nowMs = this.#services.nowMs();
    const status = this.#services.limitsOf(key.account).status(command.op, category, nowMs);
    const limits =
      status === undefined
        ? ""
        : `"X-Bapi-Limit":"${status.limit}","X-Bapi-Limit-Status":"${status.remaining}",` +
          `"X-Bapi-Limit-Reset-Timestamp":"${status.resetAtMs}",`;
    this.#traces = (this.#traces + 1) >>> 0;
    const trace = this.#trace + this.#traces.toString(16).padStart(8, "0");
    const id =
      command.requestId === undefined ? "" : `"reqId":${JSON.stringify(command.requestId)},`;
    return (
      `{${id}"retCode":${answer.retCode},"retMsg":${JSON.stringify(answer.retMsg)},` +
      `"op":"${command.op}","data":${textOf(answer.result)},` +
      `"retExtInfo":${textOf(answer.extInfo)},` +
      `"header":{${limits}"Traceid":"${trace}","Timenow":"${nowMs}"},` +
      `"connId":"${connection.id}"}`
    );
  }
}

const refusal = (fault: ExchangeFault): Acted => ({
  answer: { ...fault, result: {}, extInfo: {} },
  category: "linear",
});

function refuse(connection: StreamConnection, command: Command, fault: ExchangeFault): void {
  connection.send(tradeReply({ kind: "trade", connection: connection.id, command }, fault));
}
