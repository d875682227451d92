/** The local exchange as a whole: what it takes to start one, what is in it, and that it ends. */
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { RawRest, RawStream } from "../../test/clients/raw-client.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import {
  type ExchangeOptions,
  ExchangeStartError,
  type LocalExchange,
  startExchange,
} from "./local-exchange.ts";

const opened: { close(): void | Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function start(options: Partial<ExchangeOptions> = {}): Promise<LocalExchange> {
  const exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    history: 5,
    ...options,
  });
  opened.push(exchange);
  return exchange;
}

async function told(options: Partial<ExchangeOptions>): Promise<string> {
  try {
    await start(options);
    return "started";
  } catch (error) {
    if (!(error instanceof ExchangeStartError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

describe("a local exchange", () => {
  it("trades between two accounts, over the wire, in a market that others trade in", async () => {
    const at = micros(Date.UTC(2026, 7, 9, 7, 59, 58) * 1000);
    const exchange = await start({ accounts: 2, seed: 3, clock: () => at });
    const now = () => at / 1000;
    const [first, second] = exchange.accounts.map((access) => new RawRest(exchange.url, access));
    const book = await first!.plain("/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=1");
    const [price, size] = book.body.result.a[0];
    const order = { category: "linear", symbol: "BTCUSDT", orderType: "Limit", price };
    // What is offered and a little more: that much stands as the best bid, the exchange's own.
    const qty = (Number(size) + 0.01).toFixed(3);
    const buy = { ...order, side: "Buy", qty };
    const placed = await first!.post("/v5/order/create", buy, { timestamp: now() });
    expect(placed.body.retMsg).toBe("OK");
    const sell = { ...order, side: "Sell", qty: "0.010", timeInForce: "IOC" };
    const sold = await second!.post("/v5/order/create", sell, { timestamp: now() });
    expect(sold.body.retMsg).toBe("OK");
    for (const [client, isMaker] of [[first!, true] as const, [second!, false] as const]) {
      const query = { category: "linear" };
      const got = await client.get("/v5/execution/list", query, { timestamp: now() });
      const fill = { execPrice: price, execQty: "0.010", isMaker };
      expect(got.body.result.list).toContainEqual(expect.objectContaining(fill));
    }
    const trades = await first!.plain(
      "/v5/market/recent-trade?category=linear&symbol=BTCUSDT&limit=2",
    );
    expect(trades.body.result.list).toMatchObject([
      { side: "Sell", price, size: "0.010" },
      { side: "Buy", price, size },
    ]);
  });

  it("moves by the clock that it is given, and by nothing else", async () => {
    let now = micros(Date.UTC(2026, 7, 9, 7, 59, 58) * 1000);
    const exchange = await start({ clock: () => now, seed: 1, speed: 4 });
    const client = new RawRest(exchange.url, exchange.accounts[0]!);
    const ask = async () =>
      (await client.plain("/v5/market/orderbook?category=linear&symbol=BTCUSDT")).body.result;
    const before = await ask();
    expect(before.ts).toBe(now / 1000);
    expect(await ask()).toEqual(before);
    now = micros(now + 1_000_000) as Micros;
    const after = await ask();
    expect(after.ts).toBe(before.ts + 1000);
    expect(after.seq).toBeGreaterThan(before.seq);
  });

  it("is the same exchange for the same seed and clock, keys and all", async () => {
    const at = micros(Date.UTC(2026, 7, 9, 7, 59, 58) * 1000);
    const [one, two] = await Promise.all([0, 1].map(() => start({ clock: () => at, seed: 9 })));
    const book = async (exchange: LocalExchange) =>
      (await (await fetch(`${exchange.url}/v5/market/tickers?category=linear`)).json()) as object;
    expect(await book(one!)).toEqual(await book(two!));
    expect(one!.accounts[0]!.secret).toBe(two!.accounts[0]!.secret);
    const drawn = await start();
    expect(drawn.accounts[0]!.secret).not.toBe(one!.accounts[0]!.secret);
  });

  it("streams to those who subscribe, from a snapshot on", async () => {
    const exchange = await start();
    const stream = await RawStream.open(`${exchange.streamUrl}/v5/public/linear`);
    opened.push(stream);
    stream.say({ op: "subscribe", args: ["orderbook.50.BTCUSDT"] });
    const snapshot = await stream.next((message) => message.type === "snapshot");
    const delta = await stream.next((message) => message.type === "delta");
    expect(delta.data.u).toBe(snapshot.data.u + 1);
  });

  it("does not show a secret to whoever prints it", async () => {
    const exchange = await start({ accounts: [{ secret: "planted-in-the-garden" }] });
    expect(exchange.accounts[0]!.secret).toBe("planted-in-the-garden");
    for (const text of [
      inspect(exchange, { depth: 8, showHidden: true }),
      JSON.stringify(exchange.accounts),
      String(exchange.accounts[0]),
    ]) {
      expect(text).not.toContain("planted");
    }
  });

  it("says what to change where it cannot start", async () => {
    expect(await told({ symbols: [] })).toMatch(/^EXCHANGE_OPTIONS no symbol/);
    expect(await told({ symbols: ["BTCUSDT"] })).toMatch(/^EXCHANGE_MARKET .*as in linear:/);
    expect(await told({ symbols: ["option:BTCUSDT=generated"] })).toMatch(/linear, inverse, spot/);
    expect(await told({ symbols: ["linear:BTC=generated"] })).toMatch(/no symbol of linear/);
    expect(await told({ symbols: ["inverse:BTCUSDT=generated"] })).toMatch(/no symbol of inverse/);
    expect(await told({ symbols: ["linear:BTCUSDT=generated:seed=x"] })).toMatch(/seed must be/);
    expect(await told({ symbols: ["linear:BTCUSDT=generated:luck=1"] })).toMatch(/luck=1/);
    expect(await told({ symbols: ["linear:BTCUSDT=/no/such/file"] })).toMatch(/^DATA_/);
    const twice = "linear:BTCUSDT=generated";
    expect(await told({ symbols: [twice, twice] })).toMatch(/named twice/);
    expect(await told({ speed: 0.5 })).toMatch(/^EXCHANGE_OPTIONS speed/);
    expect(await told({ speed: Number.NaN })).toMatch(/^EXCHANGE_OPTIONS speed/);
    expect(await told({ accounts: 0 })).toMatch(/^EXCHANGE_OPTIONS accounts/);
    expect(await told({ history: -1 })).toMatch(/^EXCHANGE_OPTIONS history/);
    expect(await told({ wallet: { USDT: "much" } })).toMatch(/USDT=much/);
    expect(await told({ wallet: { USDT: 5 as never } })).toMatch(/decimal text.*USDT=5/);
    expect(await told({ accounts: [{ secret: "" }] })).toMatch(/secret is empty/);
    expect(await told({ market: "reactve" as never })).toMatch(
      /recorded or reactive, not "reactve"/,
    );
    expect(await told({ marketStart: micros(-5) })).toMatch(/^EXCHANGE_OPTIONS marketStart/);
    for (const rateLimits of [0, 1.5, -1, Number.NaN, "x" as never]) {
      expect(await told({ rateLimits })).toMatch(
        /^EXCHANGE_OPTIONS rateLimits must be "bybit", "o/,
      );
    }
    const rate = { maker: "0", taker: "0.0005" };
    for (const fees of [
      { linear: { ...rate, maker: "x" } },
      { linear: { maker: "0" } as never },
      { spot: { ...rate, taker: 0.0005 as never } },
      { inverse: { ...rate, taker: "1" } },
      { inverse: undefined as never },
    ]) {
      expect(await told({ fees })).toMatch(/fees of \w+: (maker|taker) must be a fraction/);
    }
    expect(await told({ fees: { option: rate } as never })).toMatch(/not of "option"/);
    const { server } = await start();
    expect(await told({ port: server.port })).toMatch(
      /^EXCHANGE_OPTIONS cannot listen on .*EADDRINUSE/,
    );
  });
});
