/**
 * ccxt and ccxt pro trade on the local exchange: a client that no one here wrote, used as its manual
 * says. If this fails, whoever tests a strategy against the exchange with it is misled.
 */
import ccxt from "ccxt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalExchange } from "../../src/runtime/local-exchange.ts";
import { type CcxtClient, ccxtClient, ccxtWaits, startLocal } from "./local-stage.ts";

let exchange: LocalExchange;
let client: CcxtClient;
beforeAll(async () => {
  exchange = await startLocal();
  client = await ccxtClient(exchange);
  await client.loadMarkets();
});
afterAll(async () => {
  await client?.close();
  await exchange?.close();
});

const KINDS = [
  { symbol: "BTC/USDT:USDT", kind: "linear", amount: 0.01 },
  { symbol: "BTC/USDT", kind: "spot", amount: 0.01 },
  { symbol: "BTC/USD:BTC", kind: "inverse", amount: 500 },
] as const;

/** A price that rests, and keeps within what the exchange takes. */
async function farBid(symbol: string, share = 0.98): Promise<number> {
  const { bids } = await client.fetchOrderBook(symbol, 1);
  return Number(client.priceToPrecision(symbol, bids[0]![0]! * share));
}

describe.each(KINDS)("ccxt on $kind", ({ symbol, amount, kind }) => {
  it("knows the market, its book, its trades and its bars", async () => {
    const market = client.market(symbol);
    expect(market).toMatchObject({ active: true, id: kind === "inverse" ? "BTCUSD" : "BTCUSDT" });
    expect(market.precision?.price).toBeGreaterThan(0);
    expect(market.limits?.amount?.min).toBeGreaterThan(0);
    const book = await client.fetchOrderBook(symbol, 50);
    expect(book.bids.length).toBeGreaterThan(5);
    expect(book.bids[0]![0]!).toBeLessThan(book.asks[0]![0]!);
    const ticker = await client.fetchTicker(symbol);
    expect(ticker.bid).toBeGreaterThan(0);
    expect(Array.isArray(await client.fetchTrades(symbol))).toBe(true);
    expect(Array.isArray(await client.fetchOHLCV(symbol, "1m"))).toBe(true);
  });

  it("watches the book and the trades", async () => {
    const first = await client.watchOrderBook(symbol, 50);
    expect(first.bids[0]![0]!).toBeLessThan(first.asks[0]![0]!);
    const second = await client.watchOrderBook(symbol, 50);
    expect(second.bids[0]![0]!).toBeLessThan(second.asks[0]![0]!);
    const trades = await client.watchTrades(symbol);
    expect(trades[0]).toMatchObject({ symbol });
  });

  it("places, amends and cancels, and is told of each", async () => {
    const price = await farBid(symbol);
    const watching = client.watchOrders(symbol);
    await ccxtWaits(client, exchange, "order", `orders:${symbol}`);
    const placed = await client.createOrder(symbol, "limit", "buy", amount, price);
    const [told] = await watching;
    expect(told).toMatchObject({ id: placed.id!, status: "open", symbol, side: "buy", amount });
    const open = await client.fetchOpenOrders(symbol);
    expect(open.map((order) => order.id)).toContain(placed.id);
    const lower = await farBid(symbol, 0.97);
    await client.editOrder(placed.id!, symbol, "limit", "buy", amount, lower);
    const amended = await client.fetchOpenOrder(placed.id!, symbol);
    expect(amended.price).toBe(lower);
    await client.cancelOrder(placed.id!, symbol);
    const closed = await client.fetchClosedOrder(placed.id!, symbol).catch(() => undefined);
    expect(closed?.status ?? "canceled").toBe("canceled");
    expect(await client.fetchOpenOrders(symbol)).toEqual([]);
    const canceled = await client.fetchCanceledOrders(symbol);
    expect(canceled.map((order) => order.id)).toContain(placed.id);
  });

  it("trades at the market and sees the fill, its fee and what it holds", async () => {
    const watching = client.watchMyTrades(symbol);
    await ccxtWaits(client, exchange, "execution", `myTrades:${symbol}`);
    const order = await client.createOrder(
      symbol,
      "market",
      "buy",
      amount,
      await farBid(symbol, 1),
    );
    const [fill] = await watching;
    expect(fill).toMatchObject({ symbol, side: "buy", takerOrMaker: "taker" });
    expect(fill!.fee?.cost).toBeGreaterThan(0);
    const trades = await client.fetchMyTrades(symbol);
    const ours = trades.filter((trade) => trade.order === order.id);
    const bought = ours.reduce((sum, trade) => sum + trade.amount!, 0);
    expect(bought).toBeGreaterThan(0);
    if (kind === "spot") {
      const balance = await client.fetchBalance();
      expect(balance["BTC"]!.total).toBeGreaterThan(20);
      return;
    }
    expect(bought).toBeCloseTo(amount, 8);
    const [position] = await client.fetchPositions([symbol]);
    expect(position).toMatchObject({ symbol, side: "long", contracts: amount });
    expect(position!.entryPrice).toBeGreaterThan(0);
    const reduce = { reduceOnly: true };
    await client.createOrder(symbol, "market", "sell", amount, undefined, reduce);
    const flat = (await client.fetchPositions([symbol])).filter((one) => one.contracts! > 0);
    expect(flat).toEqual([]);
  });

  it("trades by WebSocket", async () => {
    const price = await farBid(symbol);
    const placed = await client.createOrderWs(symbol, "limit", "buy", amount, price);
    const lower = await farBid(symbol, 0.97);
    await client.editOrderWs(placed.id!, symbol, "limit", "buy", amount, lower);
    expect((await client.fetchOpenOrder(placed.id!, symbol)).price).toBe(lower);
    await client.cancelOrderWs(placed.id!, symbol);
    expect(await client.fetchOpenOrders(symbol)).toEqual([]);
  });

  it("sends batches", async () => {
    const price = await farBid(symbol);
    const one = { symbol, type: "limit" as const, side: "buy" as const, amount, price };
    const placed = await client.createOrders([one, { ...one, price: await farBid(symbol, 0.97) }]);
    expect(placed).toHaveLength(2);
    expect(await client.fetchOpenOrders(symbol)).toHaveLength(2);
    const ids = placed.map((order) => order.id!);
    // Of inverse contracts ccxt has no batch of cancels.
    if (kind === "inverse") for (const id of ids) await client.cancelOrder(id, symbol);
    else await client.cancelOrders(ids, symbol);
    expect(await client.fetchOpenOrders(symbol)).toEqual([]);
    await client.createOrder(symbol, "limit", "buy", amount, price);
    await client.cancelAllOrders(symbol);
    expect(await client.fetchOpenOrders(symbol)).toEqual([]);
  });
});

describe("ccxt", () => {
  const symbol = "BTC/USDT:USDT";

  it("watches a position change", async () => {
    // The first answer is what there is; only then does ccxt subscribe.
    await client.watchPositions([symbol]);
    const watching = client.watchPositions([symbol]);
    await ccxtWaits(client, exchange, "position", `positions::${symbol}`);
    await client.createOrder(symbol, "market", "sell", 0.02);
    const positions = await watching;
    expect(positions[0]).toMatchObject({ symbol, side: "short", contracts: 0.02 });
    await client.createOrder(symbol, "market", "buy", 0.02, undefined, { reduceOnly: true });
  });

  it("gets the errors that it has classes for", async () => {
    const price = await farBid(symbol);
    await expect(client.createOrder(symbol, "limit", "buy", 900, price)).rejects.toThrow(
      ccxt.InsufficientFunds,
    );
    await expect(
      client.cancelOrder("00000000-0000-0000-0000-000000000000", symbol),
    ).rejects.toThrow(ccxt.OrderNotFound);
    const wrong = await ccxtClient(exchange);
    wrong.secret = "not the secret";
    await expect(wrong.fetchBalance()).rejects.toThrow(ccxt.AuthenticationError);
    await wrong.close();
  });

  it("sets leverage and position mode, and reads fees and funding", async () => {
    await client.setLeverage(5, symbol);
    const fee = await client.fetchTradingFee(symbol);
    expect(fee.taker).toBeGreaterThan(0);
    const rate = await client.fetchFundingRate(symbol);
    expect(rate.markPrice).toBeGreaterThan(0);
    await client.setPositionMode(true, symbol);
    await client.setPositionMode(false, symbol);
    const interest = await client.fetchOpenInterest(symbol);
    expect(interest.symbol).toBe(symbol);
  });

  it("keeps two accounts apart", async () => {
    const other = await ccxtClient(exchange, 1);
    const order = await client.createOrder(symbol, "limit", "buy", 0.01, await farBid(symbol));
    expect(await other.fetchOpenOrders(symbol)).toEqual([]);
    await expect(other.cancelOrder(order.id!, symbol)).rejects.toThrow(ccxt.OrderNotFound);
    await client.cancelOrder(order.id!, symbol);
    await other.close();
  });
});
