/** The wire mapping on Bybit's own examples: those of its documentation, and recorded ones. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import type { ContractKind, Instrument } from "../../core/domain/instrument.ts";
import { lots } from "../../core/domain/units.ts";
import {
  Grid,
  meaningOf,
  parseAccountInfo,
  parseAck,
  parseBatchAck,
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
  parseWalletBalance,
  type PrivateFrame,
  readAnswer,
} from "./wire.ts";

const FIXTURES = "../shared/data/bybit-fixtures";
const RECORDED = `${FIXTURES}/jkorf/Bybit.UnitTests`;

const grid = (symbol: string, kind: ContractKind, tickSize: string, lotSize: string): Grid => {
  const quote = kind === "inverse" ? "USD" : "USDT";
  const instrument: Instrument = {
    venue: "bybit",
    symbol,
    kind,
    base: symbol.slice(0, 3),
    quote,
    tickSize: decimal(tickSize),
    lotSize: decimal(lotSize),
    contractSize: decimal("1"),
    minLots: lots(1),
    maxLimitLots: lots(1_000_000),
    maxMarketLots: lots(1_000_000),
    minNotional: decimal("5"),
  };
  return new Grid(instrument);
};

type Json = Record<string, unknown>;

/** The JSON examples of one page of the documentation. */
function examples(page: string): Json[] {
  const file = JSON.parse(readFileSync(`${FIXTURES}/docs/${page}.json`, "utf8")) as {
    blocks: { json?: Json }[];
  };
  return file.blocks.flatMap(({ json }) => (json === undefined ? [] : [json]));
}

const answered = (page: string): Json => {
  const answer = examples(page).find((example) => "retCode" in example)!;
  const read = readAnswer(answer, page);
  if (!read.ok) throw new Error(read.error.text);
  expect(read.value.retCode).toBe(0);
  return read.value.result;
};

const pushed = (page: string): unknown =>
  examples(page).find((example) => "topic" in example)!["data"];

/** What was recorded last in a file: the answer, or the message. */
function recorded(path: string): string {
  const text = readFileSync(`${RECORDED}/${path}.txt`, "utf8");
  return text.slice(text.search(/^\{\s*$/m));
}

function must<Value>(result: { ok: true; value: Value } | { ok: false; error: unknown }): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const topicOf = (text: string): Extract<PrivateFrame, { kind: "topic" }> => {
  const frame = must(parsePrivateFrame(text));
  if (frame.kind !== "topic") throw new Error(`not a topic: ${frame.kind}`);
  return frame;
};

describe.skipIf(!existsSync(FIXTURES))(`in ${FIXTURES} (skipped where it is absent)`, () => {
  it("reads the documented open order and the post-only that was canceled", () => {
    const open = must(
      parseOrderPage(answered("order__open-order"), grid("ETHUSDT", "linear", "0.01", "0.01")),
    );
    expect(open.faults).toEqual([]);
    expect(open.next).toMatch(/^page_args/);
    expect(open.rows).toMatchObject([
      {
        clientOrderId: "test-000005",
        side: "buy",
        limitPrice: 160_000,
        quantity: 10,
        cumulative: 0,
        leaves: 10,
        standing: "open",
        reason: "",
        positionIndex: 1,
        updatedAt: 1_684_738_540_561_000,
      },
    ]);
    const closed = must(
      parseOrderPage(answered("order__order-list"), grid("BTCUSDT", "linear", "0.1", "0.001")),
    );
    expect(closed.rows).toMatchObject([
      {
        limitPrice: 268_644,
        standing: "canceled",
        reason: "EC_PostOnlyWillTakeLiquidity",
        timeInForce: "PostOnly",
        cumulative: 0,
      },
    ]);
  });

  it("counts rows of other instruments, and reads none of them", () => {
    const orders = pushed("websocket__private__order");
    expect(must(parseOrders(orders, grid("BTCUSDT", "linear", "0.1", "0.001")))).toEqual({
      rows: [],
      elsewhere: 1,
      faults: [],
      unread: [],
    });
  });

  it("reads documented executions, with a tax added to the fee", () => {
    const btc = grid("BTCUSDT", "linear", "0.1", "0.001");
    const stream = must(parseExecutions(pushed("websocket__private__execution"), btc));
    expect(stream.faults).toEqual([]);
    expect(stream.rows).toMatchObject([
      {
        kind: "trade",
        side: "sell",
        leaves: 0,
        sequence: 140_612_148_849_382,
        fill: {
          executionId: "0ab1bdf7-4219-438b-b30a-32ec863018f7",
          price: 959_001,
          quantity: 500,
          liquidity: "taker",
          // 26.3725275 + 0.006403779
          fee: "26.378931279",
          feeCoin: "USDT",
        },
      },
    ]);
    const list = must(
      parseExecutionPage(answered("order__execution"), grid("ETHPERP", "linear", "0.05", "0.01")),
    );
    expect(list.rows).toMatchObject([
      { kind: "trade", fill: { fee: "0.071409", feeCoin: "USDT", price: 23_803, quantity: 10 } },
    ]);
  });

  it("reads documented positions: signed, without a liquidation price where it is empty", () => {
    const inverse = must(
      parsePositionPage(answered("position__position"), grid("BTCUSD", "inverse", "0.5", "1")),
    );
    expect(inverse.rows).toMatchObject([
      { lots: -300, leverage: "10", entryPrice: "27464.50441675", liquidationPrice: undefined },
    ]);
    const stream = must(
      parsePositions(
        pushed("websocket__private__position"),
        grid("BTCUSDT", "linear", "0.1", "0.001"),
      ),
    );
    expect(stream.rows).toMatchObject([
      { positionIndex: 2, lots: 0, entryPrice: undefined, liquidationPrice: undefined },
    ]);
  });

  it("reads the documented wallet, account, fees, time and rules", () => {
    const wallet = must(parseWalletBalance(answered("account__wallet-balance")));
    expect(wallet).toMatchObject({
      available: "3.00326056",
      coins: [{ coin: "BTC", locked: "0" }],
    });
    const told = must(parseWallet(pushed("websocket__private__wallet")));
    expect(told).toMatchObject({ equity: "10262.91335023", coins: [{ equity: "0.00102964" }] });
    expect(must(parseAccountInfo(answered("account__account-info")))).toEqual({
      marginMode: "REGULAR_MARGIN",
      unifiedStatus: 4,
      selfMatchGroup: 0,
    });
    expect(must(parseFeeRate(answered("account__fee-rate"), "ETHUSDT"))).toEqual({
      maker: "0.0001",
      taker: "0.0006",
    });
    expect(must(parseServerTime(answered("market__time")))).toBe(1_688_639_403_423_213);
    const spot = examples("market__instrument")
      .map((example) => example["result"] as Json)
      .find((result) => result["category"] === "spot")!;
    expect(must(parseInstrumentRules(spot, "spot", "BTCUSDT"))).toMatchObject({
      status: "Trading",
      maxLeverage: undefined,
      instrument: { symbol: "BTCUSDT", base: "BTC", tickSize: decimal("0.1") },
    });
  });

  it("reads every documented acknowledgement, by REST and by the trade stream", () => {
    for (const page of ["order__create-order", "order__amend-order", "order__cancel-order"]) {
      expect(must(parseAck(answered(page))).orderId).not.toBe("");
    }
    const batch = examples("order__batch-place").find((example) => "retCode" in example);
    expect(must(parseBatchAck(batch!["result"], batch!["retExtInfo"], 2))).toMatchObject([
      { clientOrderId: "spot-btc-03", retCode: 0 },
      { clientOrderId: "spot-atom-03", retCode: 0 },
    ]);
    const frames = examples("websocket__trade__guideline")
      .filter((example) => "retCode" in example)
      .map((example) => must(parseTradeFrame(JSON.stringify(example))));
    expect(frames.map((frame) => (frame.kind === "answer" ? frame.op : frame.kind))).toEqual([
      "auth",
      "order.create",
      "order.create-batch",
      "pong",
    ]);
    expect(frames[1]).toMatchObject({
      requestId: "test-005",
      retCode: 0,
      limits: { limit: 10, remaining: 9, resetMs: 1_711_001_595_208 },
      timeMs: 1_711_001_595_209,
    });
    const refused = frames[2]!;
    if (refused.kind !== "answer") throw new Error("no answer");
    const rows = must(parseBatchAck(refused.data, refused.extInfo, 3));
    // The batch says 0; each of its orders was refused.
    expect(rows.map(({ retCode }) => meaningOf(retCode))).toEqual([
      "refused",
      "refused",
      "refused",
    ]);
  });

  it("knows the private stream's answers from its heartbeats", () => {
    const frames = examples("websocket__wss-authentication")
      .filter((example) => "op" in example && ("success" in example || example["op"] === "pong"))
      .map((example) => must(parsePrivateFrame(JSON.stringify(example))).kind);
    expect(frames.filter((kind) => kind === "pong")).toHaveLength(4);
    expect(frames.filter((kind) => kind === "answer").length).toBeGreaterThanOrEqual(4);
  });

  describe("recorded by another client", () => {
    it("reads its orders, trades, positions, wallet and key", () => {
      const eth = grid("ETHUSDT", "linear", "0.01", "0.01");
      const answer = (path: string): Json =>
        must(readAnswer(JSON.parse(recorded(`Endpoints/V5Api/${path}`)) as Json, path)).result;
      expect(must(parseOrderPage(answer("Trading/GetOrders"), eth)).rows).toHaveLength(1);
      expect(must(parseExecutionPage(answer("Trading/GetUserTrades"), eth)).elsewhere).toBe(1);
      const btc = grid("BTCUSD", "inverse", "0.5", "1");
      const positions = must(parsePositionPage(answer("Trading/GetPositions"), btc));
      expect(positions.faults).toEqual([]);
      expect(must(parseWalletBalance(answer("Account/GetBalances"))).coins).toHaveLength(1);
      const key = must(parseKeyInfo(answer("Account/GetApiKeyInfo")));
      expect(key).toMatchObject({ isReadOnly: false, addresses: [], daysLeft: 66 });
      expect(key.permissions.get("ContractTrade")).toEqual(["Order", "Position"]);
      const canceled = JSON.parse(recorded("Endpoints/V5Api/Trading/CancelMultipleOrders")) as Json;
      const rows = must(parseBatchAck(canceled["result"], canceled["retExtInfo"], 2));
      expect(rows.map(({ retCode }) => meaningOf(retCode))).toEqual(["done", "too-late"]);
    });

    it("reads its streams", () => {
      const order = topicOf(recorded("Subscriptions/V5/Private/Order"));
      expect(order).toMatchObject({ topic: "order", createdAt: 1_672_364_262_474_000 });
      const trades = topicOf(recorded("Subscriptions/V5/Private/UserTrades"));
      const xrp = grid("XRPUSDT", "linear", "0.0001", "1");
      expect(must(parseExecutions(trades.data, xrp)).rows).toMatchObject([
        { kind: "trade", fill: { price: 3374, quantity: 25, fee: "0.005061", feeCoin: "USDT" } },
      ]);
      const position = topicOf(recorded("Subscriptions/V5/Private/Position"));
      const btc = grid("BTCUSDT", "linear", "0.1", "0.001");
      expect(must(parsePositions(position.data, btc)).rows).toHaveLength(1);
      const wallet = topicOf(recorded("Subscriptions/V5/Private/Balance"));
      expect(must(parseWallet(wallet.data)).available).toBe("9556.6056555");
      for (const operation of ["PlaceOrder", "EditOrder", "CancelOrder"]) {
        const frame = must(parseTradeFrame(recorded(`Socket/V5Api/Private/${operation}`)));
        expect(frame).toMatchObject({ kind: "answer", retCode: 0, limits: { limit: 10 } });
      }
    });

    it("survives the loss or the change of any part of what it sends", () => {
      const texts = ["Order", "UserTrades", "Position", "Balance"].map((name) =>
        recorded(`Subscriptions/V5/Private/${name}`),
      );
      texts.push(recorded("Socket/V5Api/Private/PlaceOrder"));
      const eth = grid("ETHUSDT", "linear", "0.01", "0.01");
      const part = fc.constantFrom("", '"', "}", "9", "-", "null", "\\u0000", "[", ",");
      const damage = fc.tuple(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.integer({ max: 40, min: 0 }),
        part,
      );
      fc.assert(
        fc.property(damage, ([text, at, count, instead]) => {
          const from = at % text.length;
          // The symbol is made ours, so that the rows themselves are read.
          const damaged = (text.slice(0, from) + instead + text.slice(from + count))
            .replaceAll(/"symbol": "[^"]*"/g, '"symbol": "ETHUSDT"')
            .replaceAll('"category": "option"', '"category": "linear"');
          parseTradeFrame(damaged);
          const frame = parsePrivateFrame(damaged);
          if (!frame.ok || frame.value.kind !== "topic") return;
          const { data } = frame.value;
          for (const read of [parseOrders, parseExecutions, parsePositions]) {
            const rows = read(data, eth);
            if (!rows.ok) expect(rows.error.code).toBe("VENUE_PROTOCOL");
          }
          parseWallet(data);
        }),
        { numRuns: 1000 },
      );
    });

    it("finds the files it is about", () => {
      expect(readdirSync(`${RECORDED}/Subscriptions/V5/Private`).length).toBeGreaterThan(4);
    });
  });

  describe("the table of codes", () => {
    const table = `${FIXTURES}/error-codes.tsv`;
    // A suite that is skipped is read through all the same.
    const rows = (existsSync(table) ? readFileSync(table, "utf8") : "")
      .split("\n")
      .map((line) => line.split("\t"))
      .filter(([section]) => ["UTA", "Spot Trade", "WS OE General code"].includes(section!))
      .map(([, code, text]) => ({ code: Number(code), text: text! }));

    it("takes no time-out and no internal error of it for a refusal", () => {
      expect(rows.length).toBeGreaterThan(250);
      const doubtful = rows.filter(({ text }) =>
        /time-?out|internal|server error|system error|network error|restarting/i.test(text),
      );
      expect(doubtful.length).toBeGreaterThan(8);
      for (const { code, text } of doubtful) {
        expect({ text, meaning: meaningOf(code) }).toEqual({ text, meaning: "unknown-outcome" });
      }
    });

    it("gives each code one meaning, and says of most that they refuse", () => {
      const counts = Map.groupBy(rows, ({ code }) => meaningOf(code));
      expect(counts.get("refused")!.length).toBeGreaterThan(150);
      for (const { text } of counts.get("too-late") ?? []) {
        expect(text).toMatch(/not exist|cancel|completed|filled|not be found|cannot be found/i);
      }
      for (const { text } of counts.get("duplicate") ?? []) expect(text).toMatch(/duplicate/i);
      for (const { text } of counts.get("funds") ?? []) {
        expect(text).toMatch(/balance|margin|cover|asset/i);
      }
    });
  });
});
