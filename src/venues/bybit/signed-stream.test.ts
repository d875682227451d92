/**
 * Signed streams against a server that does as it is told: what a venue, or whoever stands between,
 * can do to a connection.
 */
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ScriptedTransport } from "../../../test/venues/scripted-transport.ts";
import { decimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { lots } from "../../core/domain/units.ts";
import type { Transport } from "../../data/network/transport.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { Credentials } from "./credentials.ts";
import { PrivateStream } from "./private-stream.ts";
import { STREAM_PACE, type StreamPace } from "./signed-stream.ts";
import { type TradeAnswer, TradeStream } from "./trade-stream.ts";
import { Grid } from "./wire.ts";

const INSTRUMENT: Instrument = {
  venue: "bybit",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1e6),
  maxMarketLots: lots(1e6),
  minNotional: decimal("5"),
};
const PACE: StreamPace = {
  ...STREAM_PACE,
  backoff: { firstMs: 5, mostMs: 10 },
  refusedMs: 5,
  beginMs: 100,
  handshakeMs: 100,
};

type Frame = { readonly op?: string; readonly reqId?: string; readonly args?: unknown[] };

let server: WebSocketServer;
let url = "";
let sockets: WebSocket[] = [];
let heard: Frame[] = [];
/** What the server says to a frame. */
let reply: (frame: Frame, socket: WebSocket) => void;
let closes: (() => void)[] = [];

beforeEach(async () => {
  sockets = [];
  heard = [];
  closes = [];
  server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      heard.push(frame);
      reply(frame, socket);
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  for (const close of closes) close();
  for (const socket of sockets) socket.terminate();
  server.close();
});

const common = () => ({
  url,
  credentials: new Credentials("AAAAbbbbCCCC", "planted-secret-1234567890"),
  venueNowMs: () => Date.now(),
  clock: new AnchoredClock(),
  random: () => 0,
  pace: PACE,
});

const polite = (frame: Frame, socket: WebSocket): void => {
  const { op, reqId } = frame;
  if (reqId === undefined) socket.send(JSON.stringify({ op, success: true, ret_msg: "" }));
  else socket.send(JSON.stringify({ op, reqId, retCode: 0, retMsg: "OK" }));
};

function trade(
  options: {
    readonly pace?: StreamPace;
    readonly answerMs?: number;
    readonly transport?: Transport;
  } = {},
) {
  const told: string[] = [];
  const stream = new TradeStream(
    { ...common(), recvWindowMs: 5000, answerMs: 200, prefix: "t", ...options },
    {
      ready: (isAgain) => told.push(isAgain ? "ready again" : "ready"),
      lost: () => told.push("lost"),
      refused: (text) => told.push(text),
    },
  );
  closes.push(() => stream.close());
  stream.start();
  return { stream, told };
}

describe("TradeStream", () => {
  it("signs in, sends, and hands on what becomes of each request", async () => {
    reply = (frame, socket) => {
      if (frame.op === "auth") return polite(frame, socket);
      const { op, reqId } = frame;
      socket.send(JSON.stringify({ op, reqId, retCode: 110007, retMsg: "no money" }));
    };
    const { stream, told } = trade();
    const answers: TradeAnswer[] = [];
    expect(stream.send("order.create", {}, (answer) => answers.push(answer))).toBeUndefined();
    await vi.waitFor(() => expect(told).toEqual(["ready"]));
    expect(stream.send("order.create", {}, (answer) => answers.push(answer))).toBeGreaterThan(0);
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(answers[0]).toMatchObject({ retCode: 110007, text: '"no money"' });
    // What could not be sent has not been kept to be sent later.
    expect(heard.map(({ op }) => op)).toEqual(["auth", "order.create"]);
  });

  it("tells of each request on a lost connection once that it was not answered", async () => {
    reply = (frame, socket) => {
      if (frame.op === "auth") polite(frame, socket);
      else socket.terminate();
    };
    const { stream, told } = trade();
    await vi.waitFor(() => expect(stream.isReady).toBe(true));
    const answers: TradeAnswer[] = [];
    for (let k = 0; k < 5; k++) stream.send("order.create", {}, (answer) => answers.push(answer));
    await vi.waitFor(() => expect(told).toEqual(["ready", "lost", "ready again"]));
    expect(answers.map(({ retCode }) => retCode)).toEqual(Array(5).fill(undefined));
    // Nor is any sent again.
    expect(heard.filter(({ op }) => op === "auth")).toHaveLength(2);
    expect(heard.filter(({ op }) => op === "order.create").length).toBeLessThanOrEqual(5);
  });

  it("does not wait for ever for an answer, and passes over frames that are none", async () => {
    reply = (frame, socket) => {
      if (frame.op === "auth") return polite(frame, socket);
      for (const text of ["", "{", "[]", "null", '{"op":7}', '{"op":"order.create"}']) {
        socket.send(text);
      }
      socket.send(JSON.stringify({ op: "order.create", reqId: "t-zzz", retCode: 0, retMsg: "" }));
    };
    const { stream } = trade({ answerMs: 30 });
    await vi.waitFor(() => expect(stream.isReady).toBe(true));
    const answers: TradeAnswer[] = [];
    stream.send("order.create", {}, (answer) => answers.push(answer));
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(answers[0]!.retCode).toBeUndefined();
  });

  it("gives a connection up on which nothing is answered, and not for one answer that is lost", async () => {
    const transport = new ScriptedTransport();
    const { stream, told } = trade({ answerMs: 60, transport });
    /** Opens the newest connection; all but orders is answered on it. */
    const open = async (): Promise<void> => {
      const connection = transport.sockets.at(-1)!;
      connection.open();
      connection.events.message(yes(connection.sent[0]!));
      await transport.pass(1);
    };
    const yes = (text: string): string => {
      const { op, reqId } = JSON.parse(text) as Frame;
      return JSON.stringify({ op, reqId, retCode: 0, retMsg: "OK" });
    };
    await open();
    const answers: (number | undefined)[] = [];
    const note = ({ retCode }: TradeAnswer): void => void answers.push(retCode);
    stream.send("order.create", {}, note);
    stream.send("order.amend", {}, note);
    const [connection] = transport.sockets;
    connection!.events.message(yes(connection!.sent.at(-1)!));
    await transport.pass(60);
    expect(answers).toEqual([0, undefined]);
    expect(told).toEqual(["ready"]);
    stream.send("order.create", {}, (answer) => {
      note(answer);
      // Whoever hears of it sends the next request another way.
      told.push(`ready: ${stream.isReady}`);
    });
    await transport.pass(100);
    expect(told).toEqual(["ready", "lost", "ready: false"]);
    expect(transport.sockets).toHaveLength(2);
    await open();
    expect(told.at(-1)).toBe("ready again");
    expect(answers).toEqual([0, undefined, undefined]);
  });

  it("shows what the venue says without what could act on a terminal", async () => {
    const wild = "\u001b[2J\u009b1m\u0007";
    reply = ({ reqId, op }, socket) => {
      if (op !== "order.create") return socket.send(JSON.stringify({ op, reqId, retCode: 0 }));
      socket.send(JSON.stringify({ op, reqId, retCode: 1, retMsg: wild }));
      socket.close(4000, wild);
    };
    const words: string[] = [];
    const stream = new TradeStream(
      { ...common(), recvWindowMs: 5000, answerMs: 200, prefix: "t" },
      { ready: () => undefined, lost: (text) => words.push(text), refused: () => undefined },
    );
    closes.push(() => stream.close());
    stream.start();
    await vi.waitFor(() => expect(stream.isReady).toBe(true));
    stream.send("order.create", {}, ({ text }) => words.push(text));
    await vi.waitFor(() => expect(words).toHaveLength(2));
    reply = ({ reqId, op }, socket) =>
      socket.send(JSON.stringify({ op, reqId, retCode: 1, retMsg: wild }));
    const { told } = trade();
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(0));
    words.push(told[0]!);
    expect(words[1]).toContain("closed by the venue (4000 ");
    for (const text of words) expect(text).not.toMatch(/\p{Cc}/u);
  });

  it("tries again where the venue refuses it, and says so without the key", async () => {
    reply = ({ reqId, op }, socket) =>
      socket.send(JSON.stringify({ op, reqId, retCode: 10004, retMsg: "bad sign AAAAbbbbCCCC" }));
    const { stream, told } = trade();
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(1));
    expect(told[0]).toContain('auth is refused: "10004 bad sign');
    expect(told[0]).not.toContain("AAAAbbbbCCCC");
    expect(stream.isReady).toBe(false);
  });

  it("gives a connection up that never answers", async () => {
    reply = () => undefined;
    const { stream } = trade();
    await vi.waitFor(() => expect(sockets.length).toBeGreaterThan(1), { timeout: 3000 });
    expect(stream.isReady).toBe(false);
  });
});

function guarded(told: string[]): PrivateStream {
  const stream = new PrivateStream(
    { ...common(), grid: new Grid(INSTRUMENT), isProtected: true },
    {
      ready: () => told.push("ready"),
      lost: () => told.push("lost"),
      refused: (text) => told.push(text),
      orders: () => told.push("orders"),
      executions: () => told.push("executions"),
      positions: () => told.push("positions"),
      unread: ({ code }) => told.push(code),
    },
  );
  closes.push(() => stream.close(true));
  stream.start();
  return stream;
}

describe("PrivateStream", () => {
  it("subscribes once it is known, and tells of every message that it cannot read", async () => {
    const told: string[] = [];
    reply = (frame, socket) => {
      polite({ op: frame.op! }, socket);
      if (frame.op !== "subscribe") return;
      const order = { symbol: "BTCUSDT", category: "linear", orderStatus: "Odd" };
      for (const message of [
        { topic: "order", creationTime: 1, data: [order] },
        { topic: "execution", creationTime: 1, data: "none" },
        { topic: "wallet", creationTime: 1, data: [] },
        { topic: "order", creationTime: 1, data: [{ ...order, symbol: "ETHUSDT" }] },
      ]) {
        socket.send(JSON.stringify(message));
      }
      socket.send("{");
    };
    guarded(told);
    await vi.waitFor(() => expect(told).toHaveLength(4));
    expect(told).toEqual(["ready", "VENUE_PROTOCOL", "VENUE_PROTOCOL", "VENUE_PROTOCOL"]);
    const topics = ["order", "execution", "position", "wallet", "dcp.future"];
    expect(heard.map(({ op }) => op)).toEqual(["auth", "subscribe"]);
    expect(heard[1]!.args).toEqual(topics);
  });

  it("takes its guard away where all is done, and leaves it where an order may rest", async () => {
    reply = (frame, socket) => polite({ op: frame.op! }, socket);
    for (const isDone of [false, true]) {
      heard = [];
      const told: string[] = [];
      const stream = guarded(told);
      await vi.waitFor(() => expect(told).toEqual(["ready"]));
      stream.close(isDone);
      await vi.waitFor(() => expect(sockets.at(-1)!.readyState).toBe(WebSocket.CLOSED));
      const last = heard.filter(({ op }) => op === "unsubscribe").map(({ args }) => args);
      expect(last).toEqual(isDone ? [["dcp.future"]] : []);
    }
  });
});
