/**
 * Exchange requests: what clients say to the local exchange, by HTTP and by its streams.
 *
 * An input is a conversation: a line is one request, signed as a client would sign it, or one frame
 * of a stream. What must stay true: everything is answered in JSON with a code, no request is an
 * error of the exchange's own, and what it then tells of its orders, positions and money can be
 * read by our own adapter without a fault.
 */
import { createHmac } from "node:crypto";
import { addMicros, ticks } from "../../../src/core/domain/units.ts";
import type { StreamConnection } from "../../../src/exchange/server/stream-connection.ts";
import { expectThat, type OpenTarget, type Target, valueOf } from "../target.ts";

interface Parts {
  readonly front: typeof import("../../../src/exchange/server/front.ts");
  readonly streams: typeof import("../../../src/exchange/server/private-streams.ts");
  readonly exchange: typeof import("../../../src/exchange/exchange.ts");
  readonly directory: typeof import("../../../src/exchange/market/directory.ts");
  readonly ladder: typeof import("../../exchange/ladder-market.ts");
  readonly host: typeof import("../../exchange/scripted-host.ts");
  readonly wire: typeof import("../../../src/venues/bybit/wire.ts");
}

const KEY = { uid: "101", apiKey: "fuzz-key", secret: "fuzz-secret" };
/** The clock stands still: what was signed once is signed for ever. */
const NOW_MS = 1_786_262_340_000;
const WINDOW = "5000";
const MID = 640_000;
const MOST_LINES = 40;

const hmac = (text: string): string => createHmac("sha256", KEY.secret).update(text).digest("hex");

class Conversation {
  readonly #parts: Parts;
  readonly #front: InstanceType<Parts["front"]["ExchangeFront"]>;
  readonly #log: string[] = [];
  readonly #said: string[] = [];
  readonly #later: (() => void)[] = [];
  readonly #open = new Map<string, StreamConnection>();

  constructor(parts: Parts) {
    this.#parts = parts;
    const { LadderMarket, LINEAR, SPOT, INVERSE, START } = parts.ladder;
    const markets = [LINEAR, SPOT, INVERSE].map((instrument) => new LadderMarket(instrument, 1));
    for (const market of markets) {
      market.fill(MID, 5, 1_000);
      market.priceLimit = { buy: ticks(MID + 20_000), sell: ticks(MID - 20_000) };
    }
    const hosts = (["linear", "spot", "inverse"] as const).map(
      (kind) => new parts.host.ScriptedHost(parts.host.scriptedInstrument(kind)),
    );
    const directory = new parts.directory.Directory(hosts, parts.host.OPENS);
    for (const host of hosts) host.open(addMicros(parts.host.OPENS, 1_000), MID);
    const streams = new parts.streams.PrivateStreams((run) => void this.#later.push(run));
    const core = new parts.exchange.Exchange({
      markets,
      accounts: [{ uid: KEY.uid, wallet: { USDT: "1000000", BTC: "10" } }],
      listener: streams,
      seed: 7,
    });
    core.advance(addMicros(START, 1_000));
    this.#front = new parts.front.ExchangeFront({
      core,
      directory,
      streams,
      accounts: [KEY],
      rateLimits: "off",
      now: () => (NOW_MS * 1_000) as ReturnType<typeof addMicros>,
      tick: () => undefined,
      onLog: (line) => void this.#log.push(line),
    });
  }

  run(input: string): void {
    for (const line of input.split("\n").slice(0, MOST_LINES)) this.#line(line);
    this.#settle();
    expectThat(this.#log.length === 0, () => `an error of its own: ${this.#log[0]}`);
    for (const text of this.#said) this.#heard(text);
    this.#account();
  }

  #line(line: string): void {
    const [verb = "", path = "", ...rest] = line.split(" ");
    const body = rest.join(" ");
    if (verb === "GET" || verb === "POST" || verb === "PLAIN") {
      this.#ask(verb, path, body);
    } else if (verb === "BINARY") {
      this.stream("/v5/private").receive(undefined);
    } else if (this.#front.hasStream(verb.split("?")[0]!)) {
      this.stream(verb).receive(`${path} ${body}`.trim());
    }
    this.#settle();
  }

  #settle(): void {
    for (const run of this.#later.splice(0)) run();
  }

  stream(address: string): StreamConnection {
    const known = this.#open.get(address);
    if (known !== undefined) return known;
    const [path = "", query = ""] = address.split("?");
    const opened = this.#front.open(path, query, {
      isOpen: true,
      write: (texts) => {
        for (const text of texts) this.#said.push(text.toString());
        return 0;
      },
      close: () => undefined,
      cut: () => undefined,
    });
    this.#open.set(address, opened);
    return opened;
  }

  /** @returns the answer, whose shape has been checked. */
  #ask(verb: string, url: string, body: string): Record<string, unknown> {
    const isPost = verb === "POST";
    const query = url.split("?").slice(1).join("?");
    const timestamp = String(NOW_MS);
    const signed = hmac(timestamp + KEY.apiKey + WINDOW + (isPost ? body : query));
    const headers: Record<string, string> =
      verb === "PLAIN"
        ? { "x-bapi-api-key": body, "x-bapi-timestamp": timestamp, "x-bapi-sign": body }
        : {
            "x-bapi-api-key": KEY.apiKey,
            "x-bapi-timestamp": timestamp,
            "x-bapi-recv-window": WINDOW,
            "x-bapi-sign": signed,
          };
    const replies: string[] = [];
    this.#front.request({ method: isPost ? "POST" : "GET", url, headers, body }, (reply) => {
      expectThat(reply.status >= 200 && reply.status < 500, () => `HTTP ${reply.status}`);
      replies.push(reply.body);
    });
    expectThat(replies.length === 1, () => `${replies.length} answers to ${verb} ${url}`);
    const answer = JSON.parse(replies[0]!) as Record<string, unknown>;
    const code = answer["retCode"];
    expectThat(Number.isSafeInteger(code), () => `an answer without a code: ${replies[0]}`);
    expectThat(code !== 10_016, () => `${verb} ${url}: ${String(answer["retMsg"])}`);
    return answer;
  }

  #heard(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>;
    const code = message["retCode"];
    expectThat(code === undefined || Number.isSafeInteger(code), () => text);
    expectThat(code !== 10_016, () => `an error of its own: ${text}`);
    const { wire } = this.#parts;
    if (typeof message["creationTime"] !== "number") return;
    const frame = valueOf(wire.parsePrivateFrame(text));
    expectThat(frame?.kind === "topic", () => `a message that the adapter cannot read: ${text}`);
    if (frame.topic === "wallet") {
      const wallet = wire.parseWallet(frame.data);
      expectThat(wallet.ok, () => `a wallet that the adapter cannot read: ${text}`);
    }
    for (const grid of this.#grids()) {
      const parse = {
        order: wire.parseOrders,
        execution: wire.parseExecutions,
        position: wire.parsePositions,
      }[frame.topic];
      if (parse !== undefined) expectClean(parse(frame.data, grid), text);
    }
  }

  #grids() {
    const { ladder, wire } = this.#parts;
    return [ladder.LINEAR, ladder.SPOT, ladder.INVERSE].map((one) => new wire.Grid(one));
  }

  /** Whatever was asked, what it tells of the account makes sense. */
  #account(): void {
    const { wire } = this.#parts;
    const grids = this.#grids();
    for (const grid of grids) {
      const { kind, symbol } = grid.instrument;
      const query = `category=${kind}&symbol=${symbol}`;
      const orders = this.#ask("GET", `/v5/order/realtime?${query}`, "")["result"];
      expectClean(wire.parseOrderPage(orders, grid), JSON.stringify(orders));
      const executions = this.#ask("GET", `/v5/execution/list?${query}`, "")["result"];
      expectClean(wire.parseExecutionPage(executions, grid), JSON.stringify(executions));
      if (kind === "spot") continue;
      const positions = this.#ask("GET", `/v5/position/list?${query}`, "")["result"];
      expectClean(wire.parsePositionPage(positions, grid), JSON.stringify(positions));
    }
    const asked = this.#ask("GET", "/v5/account/wallet-balance?accountType=UNIFIED", "");
    const wallet = wire.parseWalletBalance(asked["result"]);
    expectThat(wallet.ok, () => `a wallet that the adapter cannot read: ${JSON.stringify(asked)}`);
  }
}

function expectClean(
  read:
    | {
        readonly ok: true;
        readonly value: { readonly faults: readonly { readonly text: string }[] };
      }
    | { readonly ok: false; readonly error: { readonly text: string } },
  told: string,
): void {
  const fault = read.ok ? read.value.faults[0] : read.error;
  expectThat(fault === undefined, () => `the adapter cannot read it: ${fault?.text}: ${told}`);
}

const PLACE = {
  category: "linear",
  symbol: "BTCUSDT",
  side: "Buy",
  orderType: "Limit",
  qty: "0.010",
  price: "63990.0",
  timeInForce: "GTC",
  orderLinkId: "a-1",
  positionIdx: 0,
  reduceOnly: false,
};
const post = (path: string, body: object): string => `POST ${path} ${JSON.stringify(body)}`;
const trade = (op: string, args: readonly object[], reqId: string): string => {
  const header = { "X-BAPI-TIMESTAMP": String(NOW_MS), "X-BAPI-RECV-WINDOW": WINDOW };
  return `/v5/trade ${JSON.stringify({ reqId, header, op, args })}`;
};
const EXPIRES = NOW_MS + 1_000_000;
const auth = (path: string): string =>
  `${path} ${JSON.stringify({ op: "auth", args: [KEY.apiKey, EXPIRES, hmac(`GET/realtime${EXPIRES}`)] })}`;
const LISTEN = [
  auth("/v5/private"),
  '/v5/private {"op":"subscribe","args":["order","execution","position","wallet"],"req_id":"1"}',
];
const NAMED = { category: "linear", symbol: "BTCUSDT", orderLinkId: "a-1" };

const SEEDS = [
  [
    ...LISTEN,
    post("/v5/order/create", PLACE),
    post("/v5/order/amend", { ...NAMED, price: "63990.5", qty: "0.02" }),
    post("/v5/order/cancel", NAMED),
  ],
  [
    ...LISTEN,
    post("/v5/order/create", {
      ...PLACE,
      orderType: "Market",
      price: undefined,
      timeInForce: "IOC",
    }),
    post("/v5/order/create", {
      ...PLACE,
      side: "Sell",
      price: "63990",
      orderLinkId: "a-2",
      reduceOnly: true,
    }),
    post("/v5/order/create", {
      ...PLACE,
      category: "spot",
      orderType: "Market",
      marketUnit: "quoteCoin",
      qty: "55.5",
    }),
    post("/v5/order/create", {
      ...PLACE,
      category: "inverse",
      symbol: "BTCUSD",
      qty: "100",
      price: "64001",
    }),
  ],
  [
    ...LISTEN,
    auth("/v5/trade"),
    trade("order.create", [PLACE], "r1"),
    trade("order.amend", [{ ...NAMED, qty: "0.011" }], "r2"),
    trade(
      "order.create-batch",
      [{ category: "linear", request: [PLACE, { ...PLACE, orderLinkId: "b" }] }],
      "r3",
    ),
    trade("order.cancel", [NAMED], "r4"),
  ],
  [
    post("/v5/order/create-batch", {
      category: "linear",
      request: [PLACE, { ...PLACE, side: "Sell" }],
    }),
    post("/v5/order/cancel-batch", { category: "linear", request: [NAMED] }),
    post("/v5/order/cancel-all", { category: "linear", symbol: "BTCUSDT" }),
    post("/v5/position/set-leverage", {
      category: "linear",
      symbol: "BTCUSDT",
      buyLeverage: "5",
      sellLeverage: "5",
    }),
    post("/v5/position/switch-mode", { category: "linear", symbol: "BTCUSDT", mode: 3 }),
    post("/v5/order/disconnected-cancel-all", { product: "DERIVATIVES", timeWindow: 40 }),
  ],
  [
    "GET /v5/market/time",
    "GET /v5/market/instruments-info?category=linear&symbol=BTCUSDT&limit=10",
    "GET /v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=5",
    "GET /v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&start=1786262340000&limit=3",
    "GET /v5/market/tickers?category=inverse",
    "GET /v5/market/recent-trade?category=linear&symbol=BTCUSDT",
    "GET /v5/market/funding/history?category=linear&symbol=BTCUSDT",
    "GET /v5/account/fee-rate?category=linear&symbol=BTCUSDT",
    "GET /v5/account/info",
    "GET /v5/user/query-api",
    "GET /v5/order/history?category=linear&cursor=x&limit=2&startTime=1&endTime=2",
    "PLAIN /v5/order/realtime?category=linear nobody",
  ],
  [
    '/v5/public/linear {"op":"subscribe","args":["orderbook.50.BTCUSDT","publicTrade.BTCUSDT"],"req_id":"1"}',
    '/v5/public/spot {"op":"subscribe","args":["tickers.BTCUSDT","kline.1.BTCUSDT"]}',
    '/v5/public/linear {"op":"unsubscribe","args":["orderbook.50.BTCUSDT"]}',
    '/v5/public/inverse {"op":"ping","req_id":5}',
    "/v5/private?max_active_time=45s not json",
    "BINARY",
  ],
];

async function open(): Promise<OpenTarget> {
  const parts: Parts = {
    front: await import("../../../src/exchange/server/front.ts"),
    streams: await import("../../../src/exchange/server/private-streams.ts"),
    exchange: await import("../../../src/exchange/exchange.ts"),
    directory: await import("../../../src/exchange/market/directory.ts"),
    ladder: await import("../../exchange/ladder-market.ts"),
    host: await import("../../exchange/scripted-host.ts"),
    wire: await import("../../../src/venues/bybit/wire.ts"),
  };
  return {
    seeds: SEEDS.map((lines) => lines.join("\n")),
    missing: [],
    run: (input) => new Conversation(parts).run(input),
  };
}

export const exchangeRequests: Target = {
  name: "exchange-requests",
  about: "requests and stream frames to the local exchange, as conversations",
  kind: "lines",
  words: [
    ...Object.keys(PLACE),
    ..."linear spot inverse BTCUSDT BTCUSD Buy Sell Limit Market GTC IOC FOK PostOnly".split(" "),
    ..."quoteCoin baseCoin marketUnit smpType triggerPrice takeProfit mode coin cursor limit".split(
      " ",
    ),
    ..."op args reqId req_id header request list auth subscribe ping order.create POST GET".split(
      " ",
    ),
    ..."a-1 0.01 64000 63999.95 1e-3 9999999999 /v5/private /v5/trade /v5/public/linear".split(" "),
  ],
  share: 0.035,
  budgetMs: 400,
  open,
};
