/**
 * Saying exchange: a server over a core that does nothing but say what it was asked.
 *
 * For tests of the door; the exchange itself is tested with real clients.
 */
import { decimal } from "../../src/core/domain/decimal.ts";
import { err, ok } from "../../src/core/domain/errors.ts";
import type { Instrument } from "../../src/core/domain/instrument.ts";
import { halfTicks, lots, micros, ticks } from "../../src/core/domain/units.ts";
import type {
  ExchangeCore,
  ExchangeListener,
  ExecutionRecord,
  OrderRecord,
  PlaceRequest,
} from "../../src/exchange/exchange-types.ts";
import type { MarketDirectory } from "../../src/exchange/market-view.ts";
import { ROUTE_NOT_FOUND } from "../../src/exchange/protocol/faults.ts";
import {
  type ExchangeServer,
  PrivateStreams,
  type ServerAccount,
  type ServerOptions,
  startServer,
} from "../../src/exchange/server/server.ts";
import { RawRest } from "./raw-client.ts";

const BTC: Instrument = {
  venue: "bybit",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.10"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(100_000),
  minNotional: decimal("5"),
};
export const TRADER: ServerAccount = { uid: "101", apiKey: "trader-key", secret: "trader-secret" };
export const READER: ServerAccount = {
  uid: "102",
  apiKey: "reader-key",
  secret: "reader-secret",
  permission: "read",
};
export const PLACE = {
  category: "linear",
  symbol: "BTCUSDT",
  side: "Buy",
  orderType: "Limit",
  qty: "0.01",
  price: "64000",
};

function orderOf(request: PlaceRequest, index: number): OrderRecord {
  return {
    number: index,
    orderId: `order-${index}`,
    orderLinkId: request.orderLinkId ?? "",
    category: request.category,
    symbol: request.symbol,
    instrument: BTC,
    side: request.side,
    isMarket: request.isMarket,
    timeInForce: request.timeInForce ?? "GTC",
    price: ticks(640_000),
    quantity: lots(10),
    value: undefined,
    cumulative: lots(0),
    cumulativeValue: "0",
    fees: new Map(),
    status: "New",
    cancelType: "UNKNOWN",
    rejectReason: "EC_NoError",
    reduceOnly: false,
    positionIndex: 0,
    marketUnit: "",
    lastPriceOnCreated: ticks(0),
    smpType: "None",
    createType: "CreateByUser",
    createdAt: micros(1_000),
    updatedAt: micros(1_000),
  };
}

/** Takes every order but those of another symbol, and tells of each at once. */
export class SayingCore {
  readonly said: unknown[][] = [];
  readonly #listener: ExchangeListener;
  readonly now = micros(0);
  #orders = 0;

  constructor(listener: ExchangeListener) {
    this.#listener = listener;
  }

  place(account: number, request: PlaceRequest) {
    this.said.push(["place", account, request]);
    if (request.symbol === "BROKEN") throw new Error("a fault in the core");
    if (request.symbol !== "BTCUSDT") return err({ retCode: 10001, retMsg: "symbol invalid" });
    this.#orders += 1;
    const order = orderOf(request, this.#orders);
    if (request.orderLinkId === "fills") this.#fill(account, order);
    this.#listener.order(account, order, order.updatedAt);
    return ok({ orderId: order.orderId, orderLinkId: order.orderLinkId });
  }

  cancel(account: number, reference: { orderId: string | undefined }) {
    this.said.push(["cancel", account, reference]);
    return ok({ orderId: reference.orderId ?? "", orderLinkId: "" });
  }

  openOrders(account: number): OrderRecord[] {
    this.said.push(["openOrders", account]);
    return [];
  }

  connectionsChanged(account: number, open: number): void {
    this.said.push(["connections", account, open]);
  }

  setDisconnectProtection(account: number, seconds: number): void {
    this.said.push(["protection", account, seconds]);
  }

  clearClosedOrders(): void {
    this.said.push(["clear"]);
  }

  #fill(account: number, order: OrderRecord): void {
    const execution: ExecutionRecord = {
      order,
      executionId: "execution-1",
      execType: "Trade",
      price: ticks(640_000),
      quantity: lots(10),
      value: "640",
      fee: "0.352",
      feeCoin: "USDT",
      feeRate: "0.00055",
      isMaker: false,
      closed: lots(10),
      profit: "-1.5",
      markPrice: halfTicks(1_280_001),
      leaves: lots(0),
      at: micros(1_000),
      sequence: 7,
    };
    this.#listener.execution(account, execution, execution.at);
  }
}

/** One topic, `news`, which greets. */
export class SayingDirectory implements MarketDirectory {
  readonly markets = [];
  readonly watched: unknown[] = [];
  onMessage: MarketDirectory["onMessage"] = () => undefined;
  find = () => undefined;
  hasTopic = (_: unknown, topic: string): boolean => topic === "news";
  greeting = (): string => '{"topic":"news","type":"snapshot"}';

  answer(path: string, query: URLSearchParams) {
    return path === "/v5/market/time" ? ok({ asked: query.get("x") }) : err(ROUTE_NOT_FOUND);
  }

  restart(): void {
    this.watched.push("restart");
  }

  watch(category: unknown, topic: string, isWatched: boolean): void {
    this.watched.push([category, topic, isWatched]);
  }
}

export interface Stage {
  readonly server: ExchangeServer;
  readonly core: SayingCore;
  readonly directory: SayingDirectory;
  readonly log: string[];
  readonly rest: RawRest;
}

export async function startSaying(options: Partial<ServerOptions> = {}): Promise<Stage> {
  const streams = new PrivateStreams();
  const core = new SayingCore(streams);
  const directory = new SayingDirectory();
  const log: string[] = [];
  const server = await startServer({
    core: core as unknown as ExchangeCore,
    directory,
    streams,
    accounts: [TRADER, READER],
    now: () => micros(Date.now() * 1_000),
    tick: () => undefined,
    onLog: (line) => log.push(line),
    ...options,
  });
  // What the server does at the start is said by nobody who is tested.
  core.said.length = 0;
  return { server, core, directory, log, rest: new RawRest(server.url, TRADER) };
}
