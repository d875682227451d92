/**
 * The server over a core that does nothing but say what it was asked: what is tested here is the
 * door, not the exchange. The whole of it is tested with real clients in `test/clients`.
 */
import { connect } from "node:net";
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { RawRest, RawStream, sign } from "../../../test/clients/raw-client.ts";
import {
  PLACE,
  READER,
  type Stage,
  startSaying,
  TRADER,
} from "../../../test/clients/saying-exchange.ts";
import { type Micros, micros } from "../../core/domain/units.ts";
import type { ExchangeServer, ServerOptions } from "./server.ts";

const opened: { close(): void | Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function stage(options: Partial<ServerOptions> = {}): Promise<Stage> {
  const started = await startSaying(options);
  opened.push(started.server);
  return started;
}

async function stream(server: ExchangeServer, path: string): Promise<RawStream> {
  const made = await RawStream.open(server.streamUrl + path);
  opened.push(made);
  return made;
}

describe("a signed request", () => {
  it("is checked for its time, its key and its signature, in this order", async () => {
    const { rest, core } = await stage();
    const ask = async (overrides: object) =>
      (await rest.get("/v5/order/realtime", { category: "inverse" }, overrides)).body;
    const now = Date.now();
    expect((await ask({})).retCode).toBe(0);
    const late = await ask({ timestamp: now - 6_000, apiKey: "nobody", signature: "00" });
    expect(late.retCode).toBe(10002);
    expect(late.retMsg).toMatch(/req_timestamp\[\d+\],server_timestamp\[\d+\],recv_window\[5000\]/);
    expect((await ask({ timestamp: now - 6_000, recvWindow: "20000" })).retCode).toBe(0);
    expect((await ask({ timestamp: now + 5_000 })).retCode).toBe(10002);
    expect((await ask({ apiKey: "nobody", signature: "00" })).retCode).toBe(10003);
    const wrong = await ask({ signature: "0".repeat(64) });
    expect(wrong.retCode).toBe(10004);
    expect(wrong.retMsg).toContain("5000category=inverse]");
    expect(core.said).toHaveLength(2);
  });

  it("without a signature says what is missing", async () => {
    const { rest } = await stage();
    const { body } = await rest.plain("/v5/order/realtime?category=linear");
    expect(body.retCode).toBe(10001);
    expect(body.retMsg).toMatch(/^empty value/);
  });

  it("that changes something needs a key that may trade", async () => {
    const { server, core } = await stage();
    const reader = new RawRest(server.url, READER);
    expect((await reader.post("/v5/order/create", PLACE)).body.retCode).toBe(10005);
    expect((await reader.get("/v5/order/realtime", { category: "spot" })).body.retCode).toBe(0);
    const key = (await reader.get("/v5/user/query-api")).body.result;
    expect(key).toMatchObject({ apiKey: "reader-key", readOnly: 1, secret: "", uta: 1 });
    expect(core.said).toEqual([["openOrders", 1]]);
  });

  it("is answered with the limits of its rate, and refused beyond them", async () => {
    const { rest, core } = await stage();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => rest.post("/v5/order/create", PLACE)),
    );
    const codes = answers.map(({ body }) => body.retCode);
    expect(codes.filter((code) => code === 0)).toHaveLength(10);
    expect(codes.filter((code) => code === 10006)).toHaveLength(2);
    expect(core.said).toHaveLength(10);
    const { headers, body } = answers.find((answer) => answer.body.retCode === 10006)!;
    expect(headers.get("X-Bapi-Limit")).toBe("10");
    expect(headers.get("X-Bapi-Limit-Status")).toBe("0");
    expect(Number(headers.get("X-Bapi-Limit-Reset-Timestamp"))).toBeGreaterThan(body.time);
    // Cancels have a rate of their own.
    const cancel = { category: "linear", symbol: "BTCUSDT", orderId: "order-1" };
    expect((await rest.post("/v5/order/cancel", cancel)).body.result.orderId).toBe("order-1");
  });

  it("with a batch does the part that the rate leaves room for", async () => {
    const { rest, core } = await stage();
    const request = Array.from({ length: 12 }, (_, index) => ({
      ...PLACE,
      orderLinkId: `batch-${index}`,
      symbol: index === 3 ? "NOPEUSDT" : "BTCUSDT",
    }));
    const sent = { category: "linear", request };
    const { result, retExtInfo } = (await rest.post("/v5/order/create-batch", sent)).body;
    expect(core.said).toHaveLength(10);
    const codes = retExtInfo.list.map(({ code }: { code: number }) => code);
    expect(codes).toEqual([0, 0, 0, 10001, 0, 0, 0, 0, 0, 0, 10006, 10006]);
    expect(result.list[3]).toEqual({
      category: "linear",
      symbol: "NOPEUSDT",
      orderId: "",
      orderLinkId: "batch-3",
      createAt: "",
    });
    expect(result.list[4].orderId).toBe("order-4");
  });
});

describe("whatever is asked over HTTP", () => {
  it("is answered: unknown paths, other methods, bodies that are none", async () => {
    const { rest, server, log } = await stage();
    expect((await rest.plain("/v5/nothing")).body.retCode).toBe(10017);
    expect((await rest.plain("/v5/market/nothing")).status).toBe(404);
    expect((await rest.post("/v5/constructor", PLACE)).status).toBe(404);
    expect((await rest.plain("/v5/order/create", { method: "DELETE" })).status).toBe(404);
    expect((await rest.plain("/v5/market/time?x=1")).body.result).toEqual({ asked: "1" });
    for (const body of ["{", "[]", "null", '"x"', "\u0000"]) {
      expect((await rest.post("/v5/order/create", body)).body.retCode).toBe(10001);
    }
    const large = await rest.post("/v5/order/create", `{"qty":"${"9".repeat(300_000)}"}`);
    expect(large.status).toBe(413);
    // Not even HTTP: the connection ends, the exchange does not.
    const socket = connect(server.port, "127.0.0.1", () => socket.write("\u0016\u0003\r\n\r\n"));
    await new Promise((resolve) => socket.on("close", resolve).resume());
    expect((await rest.plain("/v5/market/time")).status).toBe(200);
    expect(log).toEqual([]);
  });

  it("says 10016 of a fault of its own, and logs it without a secret", async () => {
    const { rest, log } = await stage();
    const { body } = await rest.post("/v5/order/create", { ...PLACE, symbol: "BROKEN" });
    expect(body).toMatchObject({ retCode: 10016, retMsg: "Server error." });
    expect(log.join("\n")).toMatch(/a fault in the core/);
    expect(log.join("\n")).not.toContain(TRADER.secret);
  });
});

describe("a public stream", () => {
  it("answers, greets, tells, and stops when asked", async () => {
    const { server, directory } = await stage();
    const linear = await stream(server, "/v5/public/linear");
    const answer = await linear.ask({ op: "subscribe", args: ["news"] });
    expect(answer).toMatchObject({ success: true, ret_msg: "", req_id: "", op: "subscribe" });
    expect(await linear.next()).toEqual({ topic: "news", type: "snapshot" });
    directory.onMessage("linear", "news", '{"topic":"news","type":"delta"}');
    directory.onMessage("spot", "news", '{"topic":"news","type":"other"}');
    expect(await linear.next()).toEqual({ topic: "news", type: "delta" });
    const again = await linear.ask({ req_id: "7", op: "subscribe", args: ["news"] });
    expect(again).toMatchObject({ success: false, req_id: "7" });
    expect(again.ret_msg).toBe("error:already subscribed,topic:news");
    expect((await linear.ask({ op: "unsubscribe", args: ["news"] })).success).toBe(true);
    expect(directory.watched).toEqual([
      ["linear", "news", true],
      ["linear", "news", false],
    ]);
  });

  it("subscribes to nothing of a request with one wrong topic", async () => {
    const { server, directory } = await stage();
    const spot = await stream(server, "/v5/public/spot");
    const answer = await spot.ask({ op: "subscribe", args: ["news", "nothing"] });
    expect(answer.ret_msg).toBe("error:handler not found,topic:nothing");
    expect(directory.watched).toEqual([]);
    const many = await spot.ask({ op: "subscribe", args: Array(11).fill("news") });
    expect(many.ret_msg).toBe("args size >10");
    expect((await spot.ask({ op: "subscribe", args: ["news"] })).ret_msg).toBe("subscribe");
  });

  it("answers pings and what it does not understand, and stays open", async () => {
    const { server } = await stage();
    const linear = await stream(server, "/v5/public/linear");
    const pong = await linear.ask({ op: "ping" });
    expect(pong).toMatchObject({ success: true, ret_msg: "pong", op: "ping", req_id: "" });
    for (const nonsense of ["hello", "[1]", "null", "{", '{"op":7}', '{"op":"fly"}']) {
      expect((await linear.ask(nonsense)).success).toBe(false);
    }
    for (const args of [undefined, [], [1], "news", ["x".repeat(30_000)]]) {
      expect((await linear.ask({ op: "subscribe", args })).ret_msg).toBe("Params Error");
    }
  });

  it("ends a client whose frame is too large, and only it", async () => {
    const { server } = await stage();
    const large = await stream(server, "/v5/public/linear");
    const other = await stream(server, "/v5/public/linear");
    large.say("x".repeat(200_000));
    expect(await large.closed()).toBe(1009);
    expect((await other.ask({ op: "ping" })).success).toBe(true);
    await expect(RawStream.open(`${server.streamUrl}/v5/public/option`)).rejects.toThrow(/404/);
  });
});

describe("a connection", () => {
  it("that does not read what it asked for is cut, and others are not", async () => {
    const { server, directory, log } = await stage();
    const [deaf, other] = await Promise.all([0, 1].map(() => stream(server, "/v5/public/linear")));
    for (const one of [deaf!, other!]) {
      await one.ask({ op: "subscribe", args: ["news"] });
      await one.next();
    }
    deaf!.socket.pause();
    const text = `{"topic":"news","data":"${"x".repeat(1 << 20)}"}`;
    for (let sent = 0; sent < 100 && server.openStreams === 2; sent += 1) {
      directory.onMessage("linear", "news", text);
      expect(await other!.next()).toMatchObject({ topic: "news" });
    }
    expect(server.openStreams).toBe(1);
    expect(log).toEqual(["linear stream: cut a client that does not read"]);
    expect((await other!.ask({ op: "ping" })).ret_msg).toBe("pong");
  });

  it("that neither hears nor says anything is let go after its time", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      let nowMs = 1_000_000;
      const now = (): Micros => micros(nowMs * 1_000);
      const { server } = await stage({ now });
      const linear = await stream(server, "/v5/public/linear");
      const short = await stream(server, "/v5/private?max_active_time=45s");
      const long = await stream(server, "/v5/private");
      const pass = (ms: number): void => {
        nowMs += ms;
        vi.advanceTimersByTime(5_000);
      };
      pass(44_000);
      await linear.ask({ op: "ping" });
      const gone = short.closed();
      pass(17_000);
      expect(await gone).toBe(1008);
      const silent = linear.closed();
      pass(60_000);
      expect(await silent).toBe(1008);
      expect((await long.ask({ op: "ping" })).op).toBe("pong");
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a private stream", () => {
  it("tells nothing to whoever has not signed", async () => {
    const { server } = await stage();
    const listener = await stream(server, "/v5/private");
    const early = await listener.ask({ op: "subscribe", args: ["order"] });
    expect(early).toMatchObject({ success: false, ret_msg: "Request not authorized" });
    const wrong = { apiKey: TRADER.apiKey, secret: "guessed" };
    expect((await listener.authenticate(wrong)).success).toBe(false);
    const expired = Date.now() - 1;
    const text = sign(TRADER.secret, `GET/realtime${expired}`);
    const late = await listener.ask({ op: "auth", args: [TRADER.apiKey, expired, text] });
    expect(late).toMatchObject({ success: false, ret_msg: "Params Error", op: "auth" });
    expect((await listener.authenticate(TRADER)).success).toBe(true);
  });

  it("tells what happens to its account, under the names it was asked for by", async () => {
    const { server, rest } = await stage();
    const [all, some, other] = await Promise.all(
      [0, 1, 2].map(() => stream(server, "/v5/private")),
    );
    await all!.authenticate(TRADER);
    await some!.authenticate(TRADER);
    await other!.authenticate(READER);
    await all!.ask({ op: "subscribe", args: ["order", "execution", "execution.fast"] });
    await some!.ask({ op: "subscribe", args: ["order.linear", "order.spot"] });
    await other!.ask({ op: "subscribe", args: ["order"] });
    await rest.post("/v5/order/create", { ...PLACE, orderLinkId: "fills" });
    expect(await all!.next()).toMatchObject({
      topic: "execution",
      data: [{ execId: "execution-1", execPnl: "-1.5", closedSize: "0.010", seq: 7 }],
    });
    const fast = await all!.next();
    expect(fast).toMatchObject({ topic: "execution.fast", data: [{ execPrice: "64000.00" }] });
    expect(fast.data[0].execFee).toBeUndefined();
    const order = { orderId: "order-1", qty: "0.010", leavesQty: "0.010", closedPnl: "-1.5" };
    expect(await all!.next()).toMatchObject({ topic: "order", data: [order] });
    expect(await some!.next()).toMatchObject({ topic: "order.linear", data: [order] });
    const pong = await other!.ask({ req_id: "p", op: "ping" });
    expect(pong).toMatchObject({ req_id: "p", op: "pong" });
    expect(other!.received.filter(({ topic }) => topic !== undefined)).toEqual([]);
  });

  it("counts the connections that guard an account by disconnect protection", async () => {
    const { server, core, rest } = await stage();
    const asked = async (): Promise<unknown> =>
      (await rest.get("/v5/account/query-dcp-info")).body.result.dcpInfos;
    const has = (timeWindow: string): unknown => [
      { product: "DERIVATIVES", dcpStatus: "ON", timeWindow },
    ];
    expect(await asked()).toEqual(has("10"));
    const sent = { timeWindow: 12, product: "DERIVATIVES" };
    expect((await rest.post("/v5/order/disconnected-cancel-all", sent)).body.retMsg).toBe(
      "success",
    );
    expect(await asked()).toEqual(has("12"));
    const options = await rest.post("/v5/order/disconnected-cancel-all", { timeWindow: 12 });
    expect(options.body.retMsg).toMatch(/does not support disconnect protection of OPTIONS/);
    const guard = await stream(server, "/v5/private");
    await guard.authenticate(TRADER);
    await guard.ask({ op: "subscribe", args: ["dcp.future"] });
    server.dropConnections();
    await guard.closed();
    expect(core.said).toEqual([
      ["protection", 0, 12],
      ["connections", 0, 1],
      ["connections", 0, 0],
    ]);
  });
});

describe("the trade stream", () => {
  const header = () => ({ "X-BAPI-TIMESTAMP": String(Date.now()) });
  const create = (reqId: string, order: object = PLACE) => ({
    reqId,
    op: "order.create",
    header: header(),
    args: [order],
  });

  it("answers each order with its id, its limits, and before what comes of it", async () => {
    const { server } = await stage();
    const trade = await stream(server, "/v5/trade");
    const listener = await stream(server, "/v5/private");
    await listener.authenticate(TRADER);
    await listener.ask({ op: "subscribe", args: ["order"] });
    const early = await trade.ask(create("0"));
    expect(early).toMatchObject({ reqId: "0", retCode: 10007, op: "order.create" });
    const signed = await trade.authenticate(TRADER);
    expect(signed).toMatchObject({ retCode: 0, retMsg: "OK", op: "auth" });
    const answer = await trade.ask(create("1", { ...PLACE, orderLinkId: "mine" }));
    expect(answer).toMatchObject({
      reqId: "1",
      retCode: 0,
      op: "order.create",
      retExtInfo: {},
      data: { orderId: "order-1", orderLinkId: "mine" },
      header: { "X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "9" },
    });
    expect(await listener.next()).toMatchObject({
      topic: "order",
      data: [{ orderLinkId: "mine" }],
    });
    expect((await trade.ask({ op: "ping" })).op).toBe("pong");
  });

  it("refuses what it cannot do with the numbers of its own table", async () => {
    const { server } = await stage();
    const trade = await stream(server, "/v5/trade");
    await trade.authenticate(TRADER);
    const code = async (message: object): Promise<number> => (await trade.ask(message)).retCode;
    expect(await code({ reqId: "a", op: "order.fly", header: header(), args: [{}] })).toBe(10404);
    expect(await code({ op: "toString", header: header(), args: [PLACE] })).toBe(10404);
    expect(await code(create("b", { ...PLACE, category: "option" }))).toBe(10404);
    expect(await code(create("c"))).toBe(0);
    expect(await code(create("c"))).toBe(20006);
    expect(await code({ ...create("d"), header: { "X-BAPI-TIMESTAMP": "1" } })).toBe(10002);
    expect(await code({ ...create("e"), header: undefined })).toBe(10001);
    expect(await code({ ...create("f"), args: [] })).toBe(10001);
    expect(await code(create("g", { ...PLACE, symbol: "BROKEN" }))).toBe(10016);
    const reader = await stream(server, "/v5/trade");
    await reader.authenticate(READER);
    expect((await reader.ask(create("a"))).retCode).toBe(10005);
  });
});

describe("whatever is said on a stream", () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("order", "news", "linear", "BTCUSDT", "Buy", "Limit", "1", TRADER.apiKey),
  );
  const names = ["req_id", "reqId", "header", ...Object.keys(PLACE)];
  const fields = fc.dictionary(fc.constantFrom(...names), value);
  const ops = ["auth", "subscribe", "unsubscribe", "order.create", "order.cancel-batch"];
  const message = fc.record({
    op: fc.oneof(fc.constantFrom(...ops), value),
    args: fc.oneof(fc.array(fc.oneof(fields, value)), value),
    header: fc.oneof(fc.constant({ "X-BAPI-TIMESTAMP": String(Date.now()) }), value),
  });
  const paths = ["public/linear", "public/inverse", "public/spot", "private", "trade"];

  it.each(paths)("%s goes on, and no fault of the exchange comes of it", async (path) => {
    const { server, log } = await stage();
    const talker = await stream(server, `/v5/${path}`);
    if (!path.startsWith("public")) await talker.authenticate(TRADER);
    for (const said of fc.sample(fc.oneof(message, fields, value), { numRuns: 300, seed: 7 })) {
      talker.say(JSON.stringify(said));
    }
    talker.say({ op: "ping", req_id: "last", reqId: "last" });
    await talker.next((answer) => (answer.req_id ?? answer.reqId) === "last");
    expect(log).toEqual([]);
  });
});

describe("faults that tests can stage", () => {
  it("hold requests and take them in late", async () => {
    const { server, rest, core } = await stage();
    server.pause();
    const answer = rest.post("/v5/order/create", PLACE);
    const linear = await stream(server, "/v5/public/linear");
    linear.say({ op: "ping" });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(core.said).toEqual([]);
    expect(linear.received).toEqual([]);
    server.resume();
    expect((await answer).body.retCode).toBe(0);
    expect((await linear.next()).ret_msg).toBe("pong");
  });

  it("lose an answer to what was done", async () => {
    const { server, core } = await stage();
    const trade = await stream(server, "/v5/trade");
    await trade.authenticate(TRADER);
    server.loseAnswers(1);
    const header = { "X-BAPI-TIMESTAMP": String(Date.now()) };
    trade.say({ reqId: "lost", op: "order.create", header, args: [PLACE] });
    const next = await trade.ask({ reqId: "kept", op: "order.create", header, args: [PLACE] });
    expect(next.reqId).toBe("kept");
    expect(core.said.map(([what]) => what)).toEqual(["place", "place"]);
  });

  it("cut streams and forget closed orders, as a restart does", async () => {
    const { server, core } = await stage();
    const linear = await stream(server, "/v5/public/linear");
    server.restart();
    expect(await linear.closed()).toBe(1006);
    expect(core.said).toEqual([["clear"]]);
    expect(server.openStreams).toBe(0);
  });
});
