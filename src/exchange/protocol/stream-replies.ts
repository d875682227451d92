/**
 * Stream replies: what a stream says back to its client's commands.
 *
 * Each of the streams has an order of fields and words of its own, and clients tell them apart by
 * these: linear and inverse always name a request id, spot says `subscribe` where they say nothing,
 * the private stream answers a ping with a pong, the trade stream writes in camel case.
 */
import type { Category, ExchangeFault } from "../exchange-types.ts";

export type StreamKind = Category | "private" | "trade";

export interface Command {
  readonly op: string;
  /** As the client wrote it; undefined where it named none. */
  readonly requestId: string | undefined;
}

interface Reply {
  readonly kind: StreamKind;
  readonly connection: string;
  readonly command: Command;
}

const requestField = ({ kind, command }: Reply): object => {
  if (command.requestId !== undefined) return { req_id: command.requestId };
  return kind === "linear" || kind === "inverse" ? { req_id: "" } : {};
};

/** Of subscriptions, authentication and what makes no sense. `words` undefined: it is done. */
export function outcomeReply(reply: Reply, words: string | undefined): string {
  const { kind, connection, command } = reply;
  const isSpotDone = kind === "spot" && words === undefined;
  const success = words === undefined;
  const ret_msg = words ?? (isSpotDone ? command.op : "");
  if (kind === "private") {
    return JSON.stringify({
      ...requestField(reply),
      success,
      ret_msg,
      op: command.op,
      conn_id: connection,
    });
  }
  return JSON.stringify({
    success,
    ret_msg,
    conn_id: connection,
    ...requestField(reply),
    op: command.op,
  });
}

export function pongReply(reply: Reply, nowMs: number): string {
  const { kind, connection, command } = reply;
  if (kind === "trade") {
    return tradeReply(reply, { retCode: 0, retMsg: "OK" }, { op: "pong", data: [String(nowMs)] });
  }
  if (kind === "private") {
    return JSON.stringify({
      ...(command.requestId === undefined ? {} : { req_id: command.requestId }),
      op: "pong",
      args: [String(nowMs)],
      conn_id: connection,
    });
  }
  return JSON.stringify({
    success: true,
    ret_msg: "pong",
    conn_id: connection,
    ...requestField(reply),
    op: "ping",
  });
}

/** Of the trade stream: the request's id where there was one, then what came of it. */
export function tradeReply(reply: Reply, outcome: ExchangeFault, more: object = {}): string {
  const { command, connection } = reply;
  return JSON.stringify({
    ...(command.requestId === undefined ? {} : { reqId: command.requestId }),
    retCode: outcome.retCode,
    retMsg: outcome.retMsg,
    op: command.op,
    ...more,
    connId: connection,
  });
}
