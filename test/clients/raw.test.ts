/**
 * What no client shows but every client relies on: pages, restarts, disconnect protection, and
 * accounts, on an exchange whose clock stands still until a test moves it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Micros, micros } from "../../src/core/domain/units.ts";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import { type Json, RawRest, RawStream } from "./raw-client.ts";

const OPENS_AT_MS = Date.UTC(2026, 10, 23, 12);
const ETH = { category: "linear", symbol: "ETHUSDT" } as const;

const opened: RawStream[] = [];
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage?.exchange.close());
beforeEach(() => stage.clear());
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

class Stage {
  readonly exchange: LocalExchange;
  nowMs = OPENS_AT_MS;

  private constructor(exchange: LocalExchange) {
    this.exchange = exchange;
  }

  static async open(): Promise<Stage> {
    let made: Stage | undefined;
    const clock = (): Micros => micros((made?.nowMs ?? OPENS_AT_MS) * 1_000);
    const exchange = await startExchange({
      symbols: ["linear:ETHUSDT=generated:seed=7"],
      accounts: 2,
      history: 2,
      rateLimits: "off",
      clock,
    });
    made = new Stage(exchange);
    return made;
  }

  /** Nothing is open, and nothing is known of what was: only histories stay. */
  async clear(): Promise<void> {
    for (const account of [0, 1]) await this.post("/v5/order/cancel-all", { ...ETH }, account);
    this.exchange.server.restart();
    this.pass(1_000);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.exchange.tick();
  }

  async get(path: string, query: Record<string, string>, account = 0): Promise<Json> {
    const rest = new RawRest(this.exchange.url, this.exchange.accounts[account]!);
    return (await rest.get(path, query, { timestamp: this.nowMs })).body;
  }

  async post(path: string, fields: object, account = 0): Promise<Json> {
    const rest = new RawRest(this.exchange.url, this.exchange.accounts[account]!);
    return (await rest.post(path, fields, { timestamp: this.nowMs })).body;
  }

  async place(orderLinkId: string, more: object = {}, account = 0): Promise<Json> {
    const limits = await this.get("/v5/market/price-limit", { ...ETH });
    const price = limits.result.sellLmt;
    const order = { ...ETH, side: "Buy", orderType: "Limit", qty: "0.1", price, orderLinkId };
    return this.post("/v5/order/create", { ...order, ...more }, account);
  }

  async listen(account: number, topics: readonly string[]): Promise<RawStream> {
    const stream = await RawStream.open(`${this.exchange.streamUrl}/v5/private`);
    opened.push(stream);
    await stream.authenticate(this.exchange.accounts[account]!, this.nowMs);
    await stream.ask({ op: "subscribe", args: topics });
    return stream;
  }
}

const idsOf = (answer: Json): string[] => answer.result.list.map((one: Json) => one.orderLinkId);

describe("the local exchange", () => {
  it("gives histories in pages that fit together while others are added", async () => {
    const begun = stage.nowMs;
    for (const id of ["a", "b", "c", "d", "e"]) {
      await stage.place(id);
      await stage.post("/v5/order/cancel", { ...ETH, orderLinkId: id });
      stage.pass(10);
    }
    const first = await stage.get("/v5/order/history", { ...ETH, limit: "2" });
    expect(idsOf(first)).toEqual(["e", "d"]);
    await stage.place("f");
    await stage.post("/v5/order/cancel", { ...ETH, orderLinkId: "f" });
    const cursor = decodeURIComponent(first.result.nextPageCursor);
    const second = await stage.get("/v5/order/history", { ...ETH, limit: "2", cursor });
    expect(idsOf(second)).toEqual(["c", "b"]);
    const more = decodeURIComponent(second.result.nextPageCursor);
    const last = await stage.get("/v5/order/history", { ...ETH, limit: "2", cursor: more });
    expect(idsOf(last)).toEqual(["a"]);
    expect(last.result.nextPageCursor).toBe("");
    const until = String(begun + 15);
    const early = await stage.get("/v5/order/history", { ...ETH, endTime: until });
    expect(idsOf(early)).toEqual(["b", "a"]);
  });

  it("forgets closed orders when it restarts, but not their history", async () => {
    await stage.place("open");
    await stage.place("gone");
    await stage.post("/v5/order/cancel", { ...ETH, orderLinkId: "gone" });
    const closed = { ...ETH, openOnly: "1" };
    expect(idsOf(await stage.get("/v5/order/realtime", closed))).toEqual(["gone"]);
    stage.exchange.server.restart();
    expect(idsOf(await stage.get("/v5/order/realtime", closed))).toEqual([]);
    const byId = { ...ETH, orderLinkId: "gone" };
    expect(idsOf(await stage.get("/v5/order/realtime", byId))).toEqual([]);
    expect(idsOf(await stage.get("/v5/order/history", byId))).toEqual(["gone"]);
    expect(idsOf(await stage.get("/v5/order/realtime", { ...ETH }))).toEqual(["open"]);
  });

  it("withdraws the orders of an account whose guarding connections are gone", async () => {
    const setting = { product: "DERIVATIVES", timeWindow: 10 };
    await stage.post("/v5/order/disconnected-cancel-all", setting);
    const guard = await stage.listen(0, ["dcp.future"]);
    const witness = await stage.listen(0, ["order.linear"]);
    await stage.place("mine");
    await stage.place("theirs", {}, 1);
    expect(await witness.next()).toMatchObject({ data: [{ orderStatus: "New" }] });
    guard.close();
    while (stage.exchange.server.listeners("dcp.future") > 0) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    stage.pass(9_000);
    expect(idsOf(await stage.get("/v5/order/realtime", { ...ETH }))).toEqual(["mine"]);
    stage.pass(1_500);
    const canceled = { orderLinkId: "mine", orderStatus: "Cancelled", cancelType: "CancelByDCP" };
    expect(await witness.next()).toMatchObject({ topic: "order.linear", data: [canceled] });
    expect(idsOf(await stage.get("/v5/order/realtime", { ...ETH }, 1))).toEqual(["theirs"]);
  });

  it("judges the time of requests by its own clock", async () => {
    const rest = new RawRest(stage.exchange.url, stage.exchange.accounts[0]!);
    const late = await rest.get("/v5/order/realtime", { ...ETH }, { timestamp: Date.now() });
    expect(late.body.retCode).toBe(10002);
    const before = stage.nowMs;
    stage.pass(60_000);
    const time = (await rest.plain("/v5/market/time")).body;
    expect(time.time).toBe(before + 60_000);
    expect((await stage.get("/v5/order/realtime", { ...ETH })).retCode).toBe(0);
  });

  it("tells executions, the order and the wallet of a fill in this order, once each", async () => {
    const listener = await stage.listen(0, ["order", "execution", "wallet", "position"]);
    await stage.place("take", { orderType: "Market", price: undefined });
    const topics: string[] = [];
    const wanted = new Set(["order", "execution", "wallet", "position"]);
    while (wanted.size > 0) {
      const { topic } = await listener.next();
      topics.push(topic);
      wanted.delete(topic);
    }
    expect(topics[0]).toBe("execution");
    const fills = listener.received.filter(({ topic }) => topic === "execution");
    const ids = fills.flatMap(({ data }) => data.map((fill: Json) => fill.execId));
    const listed = await stage.get("/v5/execution/list", { ...ETH });
    expect(ids.toSorted()).toEqual(listed.result.list.map((one: Json) => one.execId).toSorted());
    const orders = listener.received.filter(({ topic }) => topic === "order");
    expect(orders.at(-1).data.at(-1)).toMatchObject({ orderStatus: "Filled", cumExecQty: "0.10" });
  });
});
