import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClientOrderId, OrderTerms } from "../../core/domain/child-order.ts";
import { decimal } from "../../core/domain/decimal.ts";
import type { ContractKind, Instrument } from "../../core/domain/instrument.ts";
import { lots, type Ticks, ticks } from "../../core/domain/units.ts";
import {
  amendBody,
  authFrame,
  batchBody,
  cancelBody,
  dcpProduct,
  Grid,
  mayTrade,
  mayWithdraw,
  parseAccountInfo,
  parseAck,
  parseBatchAck,
  parseDcpInfo,
  parseExecutionPage,
  parseExecutions,
  parseFeeRate,
  parseInstrumentRules,
  parseKeyInfo,
  parseOrderPage,
  parseOrders,
  parsePositionPage,
  parsePositions,
  parsePrivateFrame,
  parseServerTime,
  parseTradeFrame,
  parseWallet,
  placeBody,
  tradeFrame,
} from "./wire.ts";

const instrument = (kind: ContractKind): Instrument => ({
  venue: "bybit",
  symbol: kind === "inverse" ? "BTCUSD" : "BTCUSDT",
  kind,
  base: "BTC",
  quote: kind === "inverse" ? "USD" : "USDT",
  tickSize: decimal("0.10"),
  lotSize: decimal(kind === "inverse" ? "1" : "0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(1_000_000),
  minNotional: decimal("5"),
});
const LINEAR = instrument("linear");
const SPOT = instrument("spot");
const GRID = new Grid(LINEAR);

const terms = (changes: Partial<OrderTerms> = {}): OrderTerms => ({
  clientOrderId: "run-1" as ClientOrderId,
  side: "buy",
  quantity: lots(1500),
  limitPrice: ticks(600_005),
  timeInForce: { kind: "good-till-canceled", postOnly: true },
  ...changes,
});
const ONE_WAY = { positionIndex: 0, selfMatch: "CancelMaker" } as const;

const order = (changes: object = {}): Record<string, unknown> => ({
  category: "linear",
  symbol: "BTCUSDT",
  orderId: "4c6ee8b2",
  orderLinkId: "run-1",
  side: "Buy",
  orderType: "Limit",
  price: "60000.50",
  qty: "1.500",
  cumExecQty: "0.5",
  leavesQty: "1",
  orderStatus: "PartiallyFilled",
  rejectReason: "EC_NoError",
  cancelType: "UNKNOWN",
  timeInForce: "PostOnly",
  reduceOnly: false,
  positionIdx: 0,
  createdTime: "1700000000001",
  updatedTime: "1700000000002",
  ...changes,
});

const execution = (changes: object = {}): Record<string, unknown> => ({
  category: "linear",
  symbol: "BTCUSDT",
  orderId: "4c6ee8b2",
  orderLinkId: "run-1",
  execId: "e-1",
  execType: "Trade",
  side: "Buy",
  execPrice: "60000.5",
  execQty: "0.5",
  execFee: "-3.0000250",
  feeCurrency: "",
  isMaker: true,
  leavesQty: "1.000",
  execTime: "1700000000003",
  seq: 77,
  ...changes,
});

function must<Value>(result: { ok: true; value: Value } | { ok: false; error: unknown }): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const faultOf = (result: { ok: boolean; error?: { text: string } }): string =>
  result.ok ? "no fault" : result.error!.text;

describe("a message nested deeper than JSON can be written", () => {
  const deep = `${"[".repeat(9_000)}${"]".repeat(9_000)}`;
  it.each([
    ["op", parsePrivateFrame],
    ["retCode", parseTradeFrame],
  ])("is a fault by its field %s", (field, parse) => {
    const parsed: { ok: boolean; error?: { text: string } } = parse(
      `{"reqId":"1","${field}":${deep}}`,
    );
    expect(faultOf(parsed)).toContain(`${field} is a list`);
  });
});

describe("wire requests", () => {
  it("writes a resting order exactly, with the way of the account", () => {
    expect(must(placeBody(LINEAR, ONE_WAY, terms({ reduceOnly: true })))).toEqual({
      category: "linear",
      symbol: "BTCUSDT",
      side: "Buy",
      orderType: "Limit",
      qty: "1.500",
      price: "60000.50",
      timeInForce: "PostOnly",
      orderLinkId: "run-1",
      positionIdx: 0,
      reduceOnly: true,
      smpType: "CancelMaker",
    });
  });

  it("says on spot which coin a market order counts: a buy would count money otherwise", () => {
    const { limitPrice: _, ...market } = terms({ timeInForce: { kind: "immediate-or-cancel" } });
    const body = must(placeBody(SPOT, { positionIndex: 0, selfMatch: undefined }, market));
    expect(body).toEqual({
      category: "spot",
      symbol: "BTCUSDT",
      side: "Buy",
      orderType: "Market",
      qty: "1.500",
      timeInForce: "IOC",
      orderLinkId: "run-1",
      marketUnit: "baseCoin",
    });
    expect(must(placeBody(LINEAR, ONE_WAY, market))).not.toHaveProperty("marketUnit");
  });

  it.each([
    [{ kind: "good-till-canceled", postOnly: false } as const, "GTC"],
    [{ kind: "good-till-canceled", postOnly: true } as const, "PostOnly"],
    [{ kind: "immediate-or-cancel" } as const, "IOC"],
    [{ kind: "fill-or-kill" } as const, "FOK"],
  ])("writes %j as %s", (timeInForce, word) => {
    expect(must(placeBody(LINEAR, ONE_WAY, terms({ timeInForce }))).timeInForce).toBe(word);
  });

  it("refuses what the venue would do otherwise than asked", () => {
    const { limitPrice: _, ...market } = terms({ timeInForce: { kind: "fill-or-kill" } });
    expect(faultOf(placeBody(LINEAR, ONE_WAY, market))).toMatch(/market order/);
    expect(faultOf(placeBody(SPOT, ONE_WAY, terms({ reduceOnly: true })))).toMatch(/no position/);
    for (const id of ["", "x".repeat(37), "a b", "größe", "a/b"]) {
      const bad = placeBody(LINEAR, ONE_WAY, terms({ clientOrderId: id as ClientOrderId }));
      expect(faultOf(bad)).toMatch(/1 to 36/);
    }
  });

  it("amends to the new total, and cancels by our own id", () => {
    const clientOrderId = "run-1" as ClientOrderId;
    const amend = { clientOrderId, limitPrice: ticks(600_010), quantity: lots(900) };
    expect(amendBody(LINEAR, amend)).toEqual({
      category: "linear",
      symbol: "BTCUSDT",
      orderLinkId: "run-1",
      qty: "0.900",
      price: "60001.00",
    });
    expect(batchBody([cancelBody(LINEAR, clientOrderId)])).toEqual({
      category: "linear",
      request: [{ symbol: "BTCUSDT", orderLinkId: "run-1" }],
    });
  });

  it("frames requests for each stream in its own words", () => {
    const trade = JSON.parse(authFrame("trade", "k", 1, "s", "7")) as object;
    expect(trade).toEqual({ reqId: "7", op: "auth", args: ["k", 1, "s"] });
    expect(authFrame("private", "k", 1, "s", "7")).toContain('"req_id":"7"');
    const frame = tradeFrame({
      requestId: "9",
      operation: "order.cancel",
      body: { a: 1 },
      timestampMs: 1_700_000_000_000,
      recvWindowMs: 5000,
    });
    expect(JSON.parse(frame)).toEqual({
      reqId: "9",
      header: { "X-BAPI-TIMESTAMP": "1700000000000", "X-BAPI-RECV-WINDOW": "5000" },
      op: "order.cancel",
      args: [{ a: 1 }],
    });
  });

  it("does not take a batch's own 0 for that of its orders", () => {
    const acks = {
      list: [
        { orderId: "1", orderLinkId: "a" },
        { orderId: "", orderLinkId: "b" },
      ],
    };
    const codes = {
      list: [
        { code: 0, msg: "OK" },
        { code: 110_072, msg: "dup" },
      ],
    };
    expect(must(parseBatchAck(acks, codes, 2)).map((row) => row.retCode)).toEqual([0, 110_072]);
    expect(faultOf(parseBatchAck(acks, codes, 3))).toMatch(/batch of 3/);
    expect(faultOf(parseBatchAck(acks, { list: [] }, 2))).toMatch(/0 codes/);
  });
});

describe("wire orders", () => {
  it("reads prices and quantities onto the grid", () => {
    const { rows, faults } = must(parseOrders([order()], GRID));
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([
      { limitPrice: 600_005, quantity: 1500, cumulative: 500, leaves: 1000, standing: "open" },
    ]);
  });

  it("refuses a status that it does not know, a price between ticks and a number as text", () => {
    for (const [changes, words] of [
      [{ orderStatus: "Parked" }, /orderStatus/],
      [{ price: "60000.55" }, /GRID_OFF_TICK/],
      [{ qty: "1.5005" }, /GRID_OFF_LOT/],
      [{ qty: "1e3" }, /qty/],
      [{ qty: 1.5 }, /qty/],
      [{ cumExecQty: "" }, /cumExecQty/],
      [{ side: "buy" }, /side/],
      [{ positionIdx: 3 }, /positionIdx/],
      [{ updatedTime: "yesterday" }, /updatedTime/],
      [{ orderId: "x".repeat(200) }, /orderId/],
    ] as const) {
      const parsed = must(parseOrders([order(changes), order({ orderLinkId: "b" })], GRID));
      const { rows, faults, unread } = parsed;
      expect(rows).toHaveLength(1);
      expect(unread.map(({ id }) => id)).toEqual(["run-1"]);
      expect(faults[0]!.text).toMatch(words);
    }
  });

  it("knows a spot market buy by value: its quantity is money, not lots", () => {
    const grid = new Grid(SPOT);
    const byValue = { category: "spot", orderType: "Market", marketUnit: "quoteCoin" };
    const row = { ...byValue, qty: "33.3333", price: "0", leavesQty: "" };
    expect(must(parseOrders([order(row)], grid)).rows).toMatchObject([
      { isMarket: true, limitPrice: undefined, quantity: undefined, cumulative: 500 },
    ]);
  });

  it("tells why an order ended, and nothing where there is nothing to tell", () => {
    const ends = { orderStatus: "Cancelled", rejectReason: "EC_PostOnlyWillTakeLiquidity" };
    const rows = [order(ends), order({ orderStatus: "Cancelled", cancelType: "CancelByUser" })];
    const read = must(parseOrders([...rows, order()], GRID)).rows;
    expect(read.map(({ standing, reason }) => [standing, reason])).toEqual([
      ["canceled", "EC_PostOnlyWillTakeLiquidity"],
      ["canceled", "CancelByUser"],
      ["open", ""],
    ]);
  });
});

describe("wire executions", () => {
  it("makes fills of trades alone", () => {
    const funding = { execType: "Funding", execPrice: "60000.123", execId: "f", isMaker: null };
    const { rows } = must(parseExecutions([execution(), execution(funding)], GRID));
    expect(rows).toMatchObject([
      {
        kind: "trade",
        fill: { price: 600_005, quantity: 500, fee: "-3.0000250", feeCoin: "USDT" },
      },
      { kind: "other", execType: "Funding", price: "60000.123" },
    ]);
  });

  it.each([
    ["Buy", "0.0005", false, "BTC"],
    ["Sell", "30", false, "USDT"],
    ["Buy", "-3", true, "USDT"],
    ["Sell", "-0.00005", true, "BTC"],
  ])("on spot a %s fee of %s is paid in (maker %s) %s", (side, execFee, isMaker, coin) => {
    const row = execution({ category: "spot", side, execFee, isMaker });
    const { rows } = must(parseExecutions([row], new Grid(SPOT)));
    expect(rows[0]).toMatchObject({ fill: { feeCoin: coin } });
  });

  it("adds a tax in the fee's coin, exactly, and leaves one in another coin alone", () => {
    const extraFees = [
      { fee: "0.100", feeCoin: "USDT" },
      { fee: "5", feeCoin: "IDR" },
    ];
    for (const raw of [extraFees, JSON.stringify(extraFees)]) {
      const { rows } = must(
        parseExecutions([execution({ execFee: "1.25", extraFees: raw })], GRID),
      );
      expect(rows[0]).toMatchObject({ fill: { fee: "1.350" } });
    }
    const bad = must(parseExecutions([execution({ extraFees: "[{}]" })], GRID));
    expect(bad.rows).toEqual([]);
  });
});

describe("wire account", () => {
  it("says what a key may do", () => {
    const key = (permissions: object, readOnly = 0): ReturnType<typeof parseKeyInfo> =>
      parseKeyInfo({ readOnly, permissions, ips: ["*"], deadlineDay: 30, uta: 1 });
    const all = must(
      key({ ContractTrade: ["Order", "Position"], Spot: ["SpotTrade"], Wallet: ["Withdraw"] }),
    );
    expect([mayTrade(all, "linear"), mayTrade(all, "spot"), mayWithdraw(all)]).toEqual([
      true,
      true,
      true,
    ]);
    const some = must(key({ ContractTrade: ["Order"], Spot: [] }));
    expect([mayTrade(some, "linear"), mayTrade(some, "spot"), mayWithdraw(some)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(mayTrade(must(key({ Spot: ["SpotTrade"] }, 1)), "spot")).toBe(false);
  });

  it("reads a position that a change of the lot has left between two lots, down", () => {
    for (const [size, side, is] of [
      ["1.5005", "Buy", 1500],
      ["1.5009", "Sell", -1500],
      ["0.0009", "Sell", 0],
    ] as const) {
      const row = { symbol: "BTCUSDT", category: "linear", side, size, positionIdx: 0 };
      const { rows, faults } = must(parsePositions([row], GRID));
      expect([rows[0]!.lots, faults]).toEqual([is, []]);
    }
    for (const size of ["", "1e3", "-1", undefined, "9199254740991"]) {
      const row = { symbol: "BTCUSDT", category: "linear", side: "Buy", size, positionIdx: 0 };
      expect(must(parsePositions([row], GRID)).rows).toEqual([]);
    }
  });

  it("takes a server's time beyond what can be counted for none", () => {
    expect(must(parseServerTime({ timeNano: "1700000000123456789" }))).toBe(1_700_000_000_123_456);
    expect(parseServerTime({ timeNano: "9688639403423212000" }).ok).toBe(false);
  });

  it("reads protection where it is, and none where the account has none", () => {
    const on = { dcpInfos: [{ product: "DERIVATIVES", dcpStatus: "ON", timeWindow: "10" }] };
    expect(must(parseDcpInfo(on))).toEqual([
      { product: dcpProduct("linear"), isOn: true, windowSeconds: 10 },
    ]);
    expect(must(parseDcpInfo({}))).toEqual([]);
  });
});

const PARSERS: Record<string, (value: unknown) => unknown> = {
  orders: (value) => parseOrders(value, GRID),
  orderPage: (value) => parseOrderPage({ list: value, category: "linear" }, GRID),
  executions: (value) => parseExecutions(value, GRID),
  executionPage: (value) => parseExecutionPage(value, GRID),
  positions: (value) => parsePositions(value, GRID),
  positionPage: (value) => parsePositionPage(value, GRID),
  wallet: parseWallet,
  account: parseAccountInfo,
  fees: (value) => parseFeeRate(value, "BTCUSDT"),
  key: parseKeyInfo,
  dcp: parseDcpInfo,
  time: parseServerTime,
  rules: (value) => parseInstrumentRules(value, "linear", "BTCUSDT"),
  ack: parseAck,
  batch: (value) => parseBatchAck(value, value, 2),
  private: (value) => parsePrivateFrame(JSON.stringify(value) ?? ""),
  trade: (value) => parseTradeFrame(JSON.stringify(value) ?? ""),
  text: (value) => [parsePrivateFrame(`${typeof value}{`), parseTradeFrame("[1]")],
};

/** Values that break careless readers. */
const HOSTILE = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>("", "NaN", "-0", "1e9", "0x10", "9".repeat(60), "-1", null, [], {}),
  fc.constantFrom<unknown>(
    "__proto__",
    { toString: 1, toJSON: 2 },
    -1,
    1e308,
    0.1,
    true,
    "\u001b[2J",
  ),
);

describe("hostile JSON", () => {
  it("is a fault, never a throw", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(PARSERS)), HOSTILE, (name, value) => {
        expect(() => PARSERS[name]!(value)).not.toThrow();
        expect(() => PARSERS[name]!([value, { list: [value], coin: value }])).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });

  it("in one field of a good row loses that row or leaves its numbers true", () => {
    const rows = { order: order(), execution: execution() };
    const field = fc
      .constantFrom<"order" | "execution">("order", "execution")
      .chain((kind) => fc.tuple(fc.constant(kind), fc.constantFrom(...Object.keys(rows[kind]))));
    fc.assert(
      fc.property(field, HOSTILE, ([kind, name], value) => {
        const row = { ...rows[kind], [name]: value };
        const read = kind === "order" ? parseOrders([row], GRID) : parseExecutions([row], GRID);
        if (!read.ok) return;
        for (const { numbers, texts } of numbersOf(read.value.rows[0], row)) {
          expect(numbers).toBe(texts);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("is quoted in faults without what could act on a terminal", () => {
    const { faults } = must(parseOrders([order({ price: "\u001b[2J\u009b31m\n" })], GRID));
    expect(faults[0]!.text).toMatch(/price/);
    // oxlint-disable-next-line no-control-regex
    expect(faults[0]!.text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

/** Each number of a row that was read, and the number that its text stood for. */
function numbersOf(
  row: unknown,
  raw: Record<string, unknown>,
): { numbers: number; texts: number }[] {
  if (typeof row !== "object" || row === null) return [];
  const read = row as Record<string, unknown>;
  const fill = (read["fill"] ?? {}) as { price?: Ticks; quantity?: number };
  const pairs: [unknown, unknown, number][] = [
    [read["limitPrice"], raw["price"], 10],
    [read["quantity"], raw["qty"], 1000],
    [read["cumulative"], raw["cumExecQty"], 1000],
    [fill.price, raw["execPrice"], 10],
    [fill.quantity, raw["execQty"], 1000],
  ];
  return pairs
    .filter(([value]) => typeof value === "number")
    .filter(([, text]) => typeof text === "string")
    .map(([value, text, scale]) => ({
      numbers: value as number,
      texts: Math.round(Number(text) * scale) + 0,
    }));
}
