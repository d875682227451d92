/**
 * bybit-api trades on the local exchange: REST, streams and order entry by WebSocket, in the form
 * that its own manual shows, by hands that are not ours.
 */
import {
  type CategoryV5,
  DefaultLogger,
  type OrderParamsV5,
  RestClientV5,
  WebsocketAPIClient,
  WebsocketClient,
} from "bybit-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalExchange } from "../../src/runtime/local-exchange.ts";
import { startLocal } from "./local-stage.ts";
import type { Json } from "./raw-client.ts";

const QUIET: DefaultLogger = {
  trace: () => undefined,
  info: () => undefined,
  error: () => undefined,
};

let exchange: LocalExchange;
let rest: RestClientV5;
const streams: WebsocketClient[] = [];
beforeAll(async () => {
  exchange = await startLocal();
  const { apiKey: key, secret } = exchange.accounts[0]!;
  rest = new RestClientV5({ key, secret, baseUrl: exchange.url });
});
afterAll(async () => {
  for (const stream of streams) stream.closeAll(true);
  await exchange?.close();
});

/** One client per address, as its `wsUrl` is for all of its streams. */
function openStream(path: string): { client: WebsocketClient; next(topic: string): Promise<Json> } {
  const { apiKey: key, secret } = exchange.accounts[0]!;
  const client = new WebsocketClient(
    { key, secret, market: "v5", wsUrl: exchange.streamUrl + path },
    QUIET,
  );
  streams.push(client);
  const next = (topic: string): Promise<Json> =>
    new Promise((resolve, reject) => {
      client.on("update", (message: Json) => {
        if (message.topic === topic) resolve(message);
      });
      client.on("exception", reject);
    });
  return { client, next };
}

const ORDERS = [
  { category: "linear", symbol: "BTCUSDT", qty: "0.010" },
  { category: "spot", symbol: "BTCUSDT", qty: "0.01" },
  { category: "inverse", symbol: "BTCUSD", qty: "500" },
] as const;

async function farBid(category: CategoryV5, symbol: string, share: number): Promise<string> {
  const book = await rest.getOrderbook({ category, symbol, limit: 1 });
  const best = Number(book.result.b[0]![0]);
  const info = await rest.getInstrumentsInfo({ category: category as "linear", symbol });
  const tick = info.result.list[0]!.priceFilter.tickSize;
  const digits = (tick.split(".")[1] ?? "").length;
  return (Math.round((best * share) / Number(tick)) * Number(tick)).toFixed(digits);
}

describe.each(ORDERS)("bybit-api on $category", ({ category, symbol, qty }) => {
  it("hears the public streams", async () => {
    const { client, next } = openStream(`/v5/public/${category}`);
    const book = next(`orderbook.50.${symbol}`);
    const ticker = next(`tickers.${symbol}`);
    await Promise.all(
      client.subscribeV5([`orderbook.50.${symbol}`, `tickers.${symbol}`], category) as Json[],
    );
    expect(await book).toMatchObject({ type: "snapshot", data: { s: symbol } });
    expect(await ticker).toMatchObject({ type: "snapshot", data: { symbol } });
  });

  it("places, amends, cancels over REST, one by one and in batches", async () => {
    const price = await farBid(category, symbol, 0.98);
    const order: OrderParamsV5 = {
      category,
      symbol,
      qty,
      price,
      side: "Buy",
      orderType: "Limit",
      timeInForce: "PostOnly",
    };
    const orderLinkId = `rest-${category}`;
    const placed = await rest.submitOrder({ ...order, orderLinkId });
    expect(placed).toMatchObject({ retCode: 0, result: { orderLinkId } });
    const lower = await farBid(category, symbol, 0.97);
    const amended = await rest.amendOrder({ category, symbol, orderLinkId, price: lower });
    expect(amended.retCode).toBe(0);
    const open = await rest.getActiveOrders({ category, symbol });
    expect(open.result.list[0]).toMatchObject({ orderLinkId, price: lower, orderStatus: "New" });
    const again = await rest.submitOrder({ ...order, orderLinkId });
    expect([110072, 170141]).toContain(again.retCode);
    expect((await rest.cancelOrder({ category, symbol, orderLinkId })).retCode).toBe(0);
    const gone = await rest.cancelOrder({ category, symbol, orderLinkId });
    expect([110001, 170213]).toContain(gone.retCode);
    const batch = [0, 1].map((index) => ({ ...order, orderLinkId: `b${index}-${category}` }));
    const made = await rest.batchSubmitOrders(category as "linear", batch as Json);
    expect(made.retExtInfo.list.map(({ code }) => code)).toEqual([0, 0]);
    const all = await rest.cancelAllOrders({ category, symbol });
    expect(all.result).toMatchObject({ success: "1" });
    expect((await rest.getActiveOrders({ category, symbol })).result.list).toEqual([]);
    const history = await rest.getHistoricOrders({ category, symbol, orderLinkId });
    expect(history.result.list[0]).toMatchObject({ orderLinkId, orderStatus: "Cancelled" });
  });

  it("trades by WebSocket and hears its orders, executions and wallet", async () => {
    const { client, next } = openStream("/v5/private");
    const told = [next("order"), next("execution"), next("wallet")];
    await Promise.all(client.subscribeV5(["order", "execution", "wallet"], category) as Json[]);
    const { apiKey: key, secret } = exchange.accounts[0]!;
    const trade = new WebsocketAPIClient(
      { key, secret, wsUrl: `${exchange.streamUrl}/v5/trade`, attachEventListeners: false },
      QUIET,
    );
    streams.push(trade.getWSClient());
    const orderLinkId = `ws-${category}`;
    const market: OrderParamsV5 = {
      category,
      symbol,
      qty,
      side: "Buy",
      orderType: "Market",
      orderLinkId,
      ...(category === "spot" ? { marketUnit: "baseCoin" } : {}),
    };
    const placed = await trade.submitNewOrder(market);
    expect(placed).toMatchObject({ retCode: 0, op: "order.create", data: { orderLinkId } });
    const [order, execution, wallet] = await Promise.all(told);
    expect(order.data[0]).toMatchObject({ category, symbol, orderLinkId, side: "Buy" });
    expect(execution.data[0]).toMatchObject({ category, symbol, execType: "Trade" });
    expect(wallet.data[0]).toMatchObject({ accountType: "UNIFIED" });
    await expect(
      trade.cancelOrder({ category, symbol, orderLinkId: "never-was" }),
    ).rejects.toMatchObject({ op: "order.cancel" });
  });
});

describe("bybit-api", () => {
  it("reads the account", async () => {
    const key = await rest.getQueryApiKey();
    expect(key.result).toMatchObject({ readOnly: 0, apiKey: exchange.accounts[0]!.apiKey });
    expect((await rest.getAccountInfo()).result.unifiedMarginStatus).toBeGreaterThanOrEqual(5);
    const wallet = await rest.getWalletBalance({ accountType: "UNIFIED", coin: "USDT" });
    expect(wallet.result.list[0]!.coin.map(({ coin }) => coin)).toEqual(["USDT"]);
    const fees = await rest.getFeeRate({ category: "linear", symbol: "BTCUSDT" });
    expect(Number(fees.result.list[0]!.takerFeeRate)).toBeGreaterThan(0);
    const positions = await rest.getPositionInfo({ category: "linear", symbol: "BTCUSDT" });
    expect(positions.result.list[0]).toMatchObject({ symbol: "BTCUSDT", side: "Buy" });
    const fills = await rest.getExecutionList({ category: "linear", symbol: "BTCUSDT" });
    expect(fills.result.list[0]).toMatchObject({ execType: "Trade", orderLinkId: "ws-linear" });
  });
});
