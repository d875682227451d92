/**
 * Generated venue: a market that Bybit or Binance could have, with its whole truth at hand.
 *
 * Every change of the book has a number and a millisecond of its own, so that a recorded message
 * tells which book it must have left. Each trade's quantity is its own number. So a book that is
 * wrong, a message that is twice there, or a loss that nobody noticed is found in what was
 * recorded, whatever was done to the connection.
 */
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import { type HttpAnswer, type VenueClient, VenueServer } from "./venue-server.ts";

export type VenueName = "bybit" | "binance-linear" | "binance-spot";
export const SYMBOL = "BTCUSDT";

/** What is done to a frame on its way to one client. */
export type Fate = "deliver" | "skip" | "double" | "swap" | "garbage" | "drop" | "close";

/** Prices in ticks of 0.10, quantities in lots of 0.001. */
type Levels = Map<number, number>;
export interface TrueBook {
  readonly bids: ReadonlyMap<number, number>;
  readonly asks: ReadonlyMap<number, number>;
}

const FIRST = 1000;
const MID = 600_000;

export interface VenueFaults {
  /** The fate of the frame with this running number. */
  readonly fate?: (frame: number) => Fate;
  /** Topics of which a request is refused, with all others in it. */
  readonly refused?: RegExp;
  /** Answers to questions for the book, before the true one. */
  readonly snapshots?: HttpAnswer[];
}

export class GeneratedVenue {
  readonly server: VenueServer;
  readonly name: VenueName;
  /** The book after each change, by number. */
  readonly books = new Map<number, TrueBook>();
  faults: VenueFaults = {};
  trades = 0;
  /** The exchange's clock at change 0, milliseconds since 1970. */
  readonly base: number;
  #updateId = FIRST;
  #frames = 0;
  #bids: Levels = new Map();
  #asks: Levels = new Map();
  readonly #random: (purpose: string) => number;
  readonly #held = new Map<VenueClient, string>();

  private constructor(name: VenueName, seed: number, server: VenueServer) {
    this.name = name;
    this.server = server;
    this.base = Date.now() - 3_600_000;
    let drawn = 0;
    this.#random = (purpose) => uniformAt(seed, streamOf(purpose), drawn++);
    for (let level = 1; level <= 10; level++) {
      this.#bids.set(MID - level, level);
      this.#asks.set(MID + level, level);
    }
    this.#keep();
  }

  static async start(name: VenueName, seed: number): Promise<GeneratedVenue> {
    let venue: GeneratedVenue | undefined;
    const server = await VenueServer.start({
      rest: (url) => venue?.rest(url),
      request: (client, message) => venue?.request(client, message),
    });
    venue = new GeneratedVenue(name, seed, server);
    return venue;
  }

  get updateId(): number {
    return this.#updateId;
  }

  get options(): {
    venue: "bybit" | "binance";
    kind: "linear" | "spot";
    host: string;
    rest: string;
  } {
    const { host, rest } = this.server;
    return {
      venue: this.name === "bybit" ? "bybit" : "binance",
      kind: this.name === "binance-spot" ? "spot" : "linear",
      host,
      rest,
    };
  }

  /** The change that happened at this exchange time, Unix milliseconds. */
  updateIdAt(millis: number): number {
    return millis - this.base;
  }

  /** One change of the book, told to whoever is subscribed. */
  change(): void {
    const before = this.#updateId;
    this.#updateId += 1;
    const bids: [number, number][] = [];
    const asks: [number, number][] = [];
    for (let level = 0; level < 1 + Math.floor(this.#random("levels") * 3); level++) {
      const distance = 1 + Math.floor(this.#random("distance") * 15);
      const lots = this.#random("gone") < 0.3 ? 0 : 1 + Math.floor(this.#random("lots") * 50);
      const isBid = this.#random("side") < 0.5;
      const tick = isBid ? MID - distance : MID + distance;
      setLevel(isBid ? this.#bids : this.#asks, tick, lots);
      (isBid ? bids : asks).push([tick, lots]);
    }
    this.#keep();
    this.#tell("book", this.#delta(before, bids, asks));
  }

  trade(): void {
    this.trades += 1;
    const isBuy = this.#random("trade") < 0.5;
    const time = this.base + this.#updateId;
    const price = priceText(isBuy ? MID + 1 : MID - 1);
    const quantity = lotText(this.trades);
    if (this.name === "bybit") {
      const trade = { T: time, S: isBuy ? "Buy" : "Sell", v: quantity, p: price };
      const data = [{ ...trade, s: SYMBOL, i: `t-${this.trades}`, BT: false, RPI: false }];
      this.#tell("trade", { topic: `publicTrade.${SYMBOL}`, type: "snapshot", ts: time, data });
      return;
    }
    const data = { e: "trade", E: time, T: time, s: SYMBOL, t: this.trades, p: price, q: quantity };
    const kind = this.name === "binance-spot" ? { M: true } : { X: "MARKET" };
    const stream = `${SYMBOL.toLowerCase()}@trade`;
    this.#tell("trade", { stream, data: { ...data, m: !isBuy, ...kind } });
  }

  /** `changes` changes, and trades among them; lets everybody else have a turn in between. */
  async run(changes: number): Promise<void> {
    for (let change = 0; change < changes; change++) {
      this.change();
      if (change % 3 === 0) this.trade();
      await new Promise((resolve) =>
        change % 8 === 0 ? setTimeout(resolve, 1) : setImmediate(resolve),
      );
    }
  }

  rest(url: URL): HttpAnswer | undefined {
    const { pathname } = url;
    if (pathname.endsWith("/market/time")) {
      const now = BigInt(Date.now()) * 1_000_000n;
      return { body: { retCode: 0, result: { timeNano: String(now) }, time: Date.now() } };
    }
    if (pathname.endsWith("/time")) return { body: { serverTime: Date.now() } };
    if (pathname.endsWith("/instruments-info")) return { body: bybitInfo(url) };
    if (pathname.endsWith("/exchangeInfo")) return { body: binanceInfo() };
    if (pathname.endsWith("/depth")) {
      return this.faults.snapshots?.shift() ?? { body: this.restBook() };
    }
    return undefined;
  }

  restBook(): unknown {
    const time = this.base + this.#updateId;
    const stamps = this.name === "binance-spot" ? {} : { E: time, T: time };
    return { lastUpdateId: this.#updateId, ...stamps, ...this.#levels("bids", "asks") };
  }

  request(client: VenueClient, message: Record<string, unknown>): void {
    const { op, method, id, req_id } = message;
    if (op === "ping") client.send({ success: true, ret_msg: "pong", op: "ping" });
    if (op === "subscribe") {
      const topics = message["args"] as string[];
      const { refused } = this.faults;
      if (refused !== undefined && topics.some((topic) => refused.test(topic))) {
        client.send({ success: false, ret_msg: "Invalid topic", conn_id: "c", req_id, op });
        return;
      }
      for (const topic of topics) client.topics.add(topic);
      client.send({ success: true, ret_msg: "", conn_id: "c", req_id, op });
      for (const topic of topics) if (topic.startsWith("orderbook")) this.#snapshotTo(client);
    }
    if (op === "unsubscribe") {
      for (const topic of message["args"] as string[]) client.topics.delete(topic);
      client.send({ success: true, ret_msg: "", op });
    }
    if (method === "SUBSCRIBE") {
      for (const topic of message["params"] as string[]) client.topics.add(topic);
      client.send({ result: null, id });
    }
  }

  /** What Bybit's ticker says, to whoever is subscribed to it. */
  ticker(data: object): void {
    const topic = `tickers.${SYMBOL}`;
    const frame = { topic, type: "delta", ts: this.base, data: { symbol: SYMBOL, ...data } };
    for (const client of this.server.clients) if (client.topics.has(topic)) client.send(frame);
  }

  /** As after a restart of the venue's service: its numbers begin anew, at 1. */
  restartService(): void {
    for (const client of this.server.clients) this.#snapshotTo(client, 1);
  }

  #snapshotTo(client: VenueClient, u = this.#updateId): void {
    const time = this.base + this.#updateId;
    const data = { s: SYMBOL, ...this.#levels("b", "a"), u, seq: this.#updateId };
    const topic = `orderbook.200.${SYMBOL}`;
    client.send({ topic, type: "snapshot", ts: time, data, cts: time });
  }

  #delta(before: number, bids: [number, number][], asks: [number, number][]): unknown {
    const time = this.base + this.#updateId;
    const u = this.#updateId;
    const b = bids.map(([tick, lots]) => [priceText(tick), lotText(lots)]);
    const a = asks.map(([tick, lots]) => [priceText(tick), lotText(lots)]);
    if (this.name === "bybit") {
      const topic = `orderbook.200.${SYMBOL}`;
      return { topic, type: "delta", ts: time, data: { s: SYMBOL, b, a, u, seq: u }, cts: time };
    }
    const ids = this.name === "binance-spot" ? { U: before + 1, u } : { U: u, u, pu: before };
    const stamps = this.name === "binance-spot" ? { E: time } : { E: time, T: time };
    const stream = `${SYMBOL.toLowerCase()}@depth@100ms`;
    return { stream, data: { e: "depthUpdate", ...stamps, s: SYMBOL, ...ids, b, a } };
  }

  #levels<B extends string, A extends string>(bids: B, asks: A): Record<A | B, string[][]> {
    const levels = { [bids]: levelsText(this.#bids), [asks]: levelsText(this.#asks) };
    return levels as Record<A | B, string[][]>;
  }

  #keep(): void {
    this.books.set(this.#updateId, { bids: new Map(this.#bids), asks: new Map(this.#asks) });
  }

  #tell(what: "book" | "trade", frame: unknown): void {
    const text = JSON.stringify(frame);
    for (const client of this.server.clients) {
      const wants = [...client.topics].some((topic) =>
        what === "book" ? /orderbook|depth/.test(topic) : /trade/i.test(topic),
      );
      if (wants) this.#deliver(client, text);
    }
  }

  #deliver(client: VenueClient, text: string): void {
    const fate = this.faults.fate?.(this.#frames++) ?? "deliver";
    const held = this.#held.get(client);
    this.#held.delete(client);
    if (fate === "swap" && held === undefined) {
      this.#held.set(client, text);
      return;
    }
    if (fate !== "skip") client.send(text);
    if (fate === "double") client.send(text);
    if (held !== undefined) client.send(held);
    if (fate === "garbage") for (const junk of GARBAGE) client.send(junk);
    if (fate === "drop") client.drop();
    if (fate === "close") client.close(1001, "maintenance");
  }
}

const GARBAGE: readonly (string | Buffer)[] = [
  "",
  "{",
  "null",
  "[1,2]",
  '"text"',
  "{}",
  Buffer.from([0, 255, 1]),
  '{"topic":5}',
  '{"topic":"orderbook.200.BTCUSDT"}',
  '{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":"x","data":null}',
  '{"topic":"orderbook.200.OTHER","type":"snapshot","ts":1,"data":{"b":[],"a":[],"u":1}}',
  '{"topic":"publicTrade.BTCUSDT","data":[null]}',
  '{"stream":"btcusdt@depth","data":{"e":"depthUpdate","s":"BTCUSDT","U":-1,"u":"x","b":[[]]}}',
  '{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1.5,"p":"1e5"}}',
  '{"data":null}',
  '{"lastUpdateId":"x"}',
  `{"a":${"[".repeat(2000)}${"]".repeat(2000)}}`,
];

function setLevel(levels: Levels, tick: number, lots: number): void {
  if (lots === 0) levels.delete(tick);
  else levels.set(tick, lots);
}

const levelsText = (levels: Levels): string[][] =>
  [...levels].map(([tick, lots]) => [priceText(tick), lotText(lots)]);
const priceText = (tick: number): string => `${Math.floor(tick / 10)}.${tick % 10}0`;
const lotText = (lots: number): string => (lots / 1000).toFixed(3);

function bybitInfo(url: URL): unknown {
  const category = url.searchParams.get("category");
  const list = url.searchParams.get("symbol") === SYMBOL ? [BYBIT_ENTRY] : [];
  return { retCode: 0, retMsg: "OK", result: { category, list } };
}

export const BYBIT_ENTRY = {
  symbol: SYMBOL,
  baseCoin: "BTC",
  quoteCoin: "USDT",
  priceFilter: { minPrice: "0.10", maxPrice: "1999999.80", tickSize: "0.10" },
  lotSizeFilter: {
    basePrecision: "0.001",
    minOrderAmt: "5",
    maxOrderQty: "1190.000",
    minOrderQty: "0.001",
    qtyStep: "0.001",
    maxMktOrderQty: "500.000",
    minNotionalValue: "5",
  },
};

const binanceInfo = (): unknown => ({
  rateLimits: [
    { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2400 },
  ],
  symbols: [
    {
      symbol: SYMBOL,
      baseAsset: "BTC",
      quoteAsset: "USDT",
      filters: [
        { filterType: "PRICE_FILTER", tickSize: "0.10", minPrice: "0.10", maxPrice: "1000000" },
        { filterType: "LOT_SIZE", stepSize: "0.001", minQty: "0.001", maxQty: "1000" },
        { filterType: "MARKET_LOT_SIZE", stepSize: "0.001", minQty: "0.001", maxQty: "120" },
        { filterType: "MIN_NOTIONAL", notional: "100", minNotional: "100" },
      ],
    },
  ],
});
