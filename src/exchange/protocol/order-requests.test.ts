import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExchangeFault } from "../exchange-types.ts";
import {
  cursorOf,
  parseExecutions,
  parseOrderHistory,
  parsePositions,
  parseProtection,
  parseRealtime,
} from "./account-requests.ts";
import { type Fields, type Parsed, queryFields } from "./fields.ts";
import {
  parseAmend,
  parseBatch,
  parseCancel,
  parseCancelAll,
  parsePlace,
} from "./order-requests.ts";

const LIMIT: Fields = {
  category: "linear",
  symbol: "BTCUSDT",
  side: "Buy",
  orderType: "Limit",
  qty: "0.010",
  price: "64000.10",
};
const faultOf = <Value>(outcome: Parsed<Value>): ExchangeFault =>
  outcome.ok ? { retCode: 0, retMsg: JSON.stringify(outcome.value) } : outcome.error;
const wordsOf = (fields: Fields): string => faultOf(parsePlace(fields, "linear")).retMsg;

describe("an order that is placed", () => {
  it("keeps its digits as the client wrote them", () => {
    expect(parsePlace({ ...LIMIT, timeInForce: "PostOnly", positionIdx: 2 }, "linear")).toEqual({
      ok: true,
      value: {
        category: "linear",
        symbol: "BTCUSDT",
        side: "buy",
        isMarket: false,
        quantity: "0.010",
        price: "64000.10",
        timeInForce: "PostOnly",
        orderLinkId: undefined,
        positionIndex: 2,
        reduceOnly: false,
        marketUnit: undefined,
        smpType: undefined,
      },
    });
  });

  it.each([
    ["a quantity that is a number", { qty: 0.01 }, "Request parameter error."],
    ["no quantity", { qty: "" }, "params error: qty is required"],
    ["no price", { price: undefined }, "params error: price is required"],
    ["a side in small letters", { side: "buy" }, "params error: Side invalid"],
    ["an unknown type", { orderType: "Stop" }, "params error: OrderType invalid"],
    ["an unknown time in force", { timeInForce: "GTX" }, "params error: timeInForce is invalid"],
    ["a position that is not there", { positionIdx: 3 }, "params error: positionIdx is invalid"],
    ["a link id without an end", { orderLinkId: "x".repeat(101) }, /orderLinkId is too long/],
    ["a condition", { triggerPrice: "60000" }, /does not support conditional orders/],
    ["an attached stop", { stopLoss: "60000" }, /does not support stop loss/],
    ["another order book", { orderFilter: "StopOrder" }, /does not support StopOrder/],
    ["borrowed coins", { isLeverage: 1 }, /does not support spot margin/],
    ["a flag that is text", { reduceOnly: "true" }, "Request parameter error."],
  ])("is refused with %s", (_, change, words) => {
    const said = wordsOf({ ...LIMIT, ...change });
    if (typeof words === "string") expect(said).toBe(words);
    else expect(said).toMatch(words);
  });

  it("may say of conditions that it has none", () => {
    const none = { triggerPrice: "0", takeProfit: "0.00", stopLoss: "", isLeverage: 0 };
    expect(parsePlace({ ...LIMIT, ...none }, "linear").ok).toBe(true);
  });

  it("needs no price at the market", () => {
    const market = { ...LIMIT, orderType: "Market", price: undefined, marketUnit: "quoteCoin" };
    const placed = parsePlace(market, "spot");
    expect(placed).toMatchObject({ ok: true, value: { isMarket: true, price: undefined } });
  });
});

describe("whatever is sent", () => {
  const parsers = [
    (fields: Fields) => parsePlace(fields, "linear"),
    (fields: Fields) => parseAmend(fields, "spot"),
    (fields: Fields) => parseCancel(fields, "inverse"),
    parseCancelAll,
    parseBatch,
    parseRealtime,
    parseOrderHistory,
    parseExecutions,
    parsePositions,
    parseProtection,
  ];
  const names = [
    ...Object.keys(LIMIT),
    "orderId",
    "orderLinkId",
    "request",
    "limit",
    "cursor",
    "startTime",
    "endTime",
    "positionIdx",
    "timeInForce",
    "settleCoin",
    "timeWindow",
    "product",
    "openOnly",
  ];
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("linear", "spot", "Buy", "Limit", "1", "", "page_token%3D3%26", null),
  );
  const fields = fc.dictionary(fc.constantFrom(...names), value);

  it("is a request or a refusal with Bybit's number for parameters", () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(...parsers), (sent, parse) => {
        const outcome: Parsed<unknown> = parse(sent);
        if (!outcome.ok) expect(outcome.error.retCode).toBe(10001);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("pages", () => {
  it("go on where the one before ended, however the client encodes its cursor", () => {
    const cursor = cursorOf(40);
    for (const sent of [cursor, decodeURIComponent(cursor)]) {
      const query = new URLSearchParams({ category: "linear", cursor: sent });
      const page = parseOrderHistory(queryFields(query));
      expect(page).toMatchObject({ ok: true, value: { query: { cursor: 40, limit: 20 } } });
    }
    const foreign = parseOrderHistory({ category: "linear", cursor: "page_args%3D1" });
    expect(faultOf(foreign).retMsg).toBe("params error: cursor is invalid");
  });

  it("span whole milliseconds and seven days at most", () => {
    const day = 86_400_000;
    const page = parseExecutions({ category: "spot", startTime: "1000", endTime: "2000" });
    const first = { from: 1_000_000, until: 2_000_999, cursor: undefined };
    expect(page).toMatchObject({ ok: true, value: first });
    const long = { category: "spot", startTime: day, endTime: 9 * day };
    expect(faultOf(parseExecutions(long)).retMsg).toMatch(/cannot exceed 7 days/);
  });

  it("of linear orders and positions need a symbol or a coin", () => {
    expect(faultOf(parseRealtime({ category: "linear" })).retMsg).toMatch(/symbol or settleCoin/);
    expect(faultOf(parsePositions({ category: "linear" })).retMsg).toMatch(/symbol or settleCoin/);
    expect(parsePositions({ category: "inverse" }).ok).toBe(true);
    expect(parsePositions({ category: "spot" }).ok).toBe(false);
  });
});
