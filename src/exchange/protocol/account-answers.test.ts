/** Signed questions and settings over the exchange's core, without a server in between. */
import { describe, expect, it } from "vitest";
import { INVERSE, LINEAR, SPOT } from "../../../test/exchange/ladder-market.ts";
import { Floor } from "../../../test/exchange/tape.ts";
import { halfTicks } from "../../core/domain/units.ts";
import { type AccountContext, replyTo } from "./account-answers.ts";
import { type Answer, textOf } from "./answer.ts";
import type { Fields } from "./fields.ts";

const ETHER = { ...LINEAR, symbol: "ETHUSDT", base: "ETH" };
const DOLLARS = { ...LINEAR, symbol: "BTCPERP", quote: "USDC" };
const linear = { category: "linear", symbol: "BTCUSDT" } as const;

function stage(instruments = [LINEAR]) {
  const floor = new Floor({ instruments, wallets: [{ USDT: "1000000", BTC: "10" }] });
  for (const [number, { kind }] of instruments.entries()) {
    floor.markets[number]!.fill(kind === "spot" ? 6_425_000 : 642_500, 20, 1_000);
  }
  // What is asked of here needs no more of a server.
  const context = { core: floor.exchange, account: 0 } as unknown as AccountContext;
  const ask = (method: "GET" | "POST", path: string, fields: Fields): Answer =>
    replyTo(method, path)!(context, fields);
  const list = (path: string, fields: Fields) => {
    const answer = ask("GET", path, fields);
    expect(answer.retMsg).toBe("OK");
    const { list: rows, nextPageCursor } = JSON.parse(textOf(answer.result));
    return { rows: rows as Record<string, string>[], cursor: nextPageCursor as string };
  };
  /** All pages, one after the other. @param between what happens after each. */
  const pages = (path: string, fields: Fields, between: () => void = () => undefined) => {
    const seen: Record<string, string>[] = [];
    let cursor = "";
    do {
      const page = list(path, { ...fields, cursor });
      seen.push(...page.rows);
      ({ cursor } = page);
      between();
    } while (cursor !== "");
    return seen;
  };
  return { floor, ask, list, pages };
}

const named = (count: number): string[] => Array.from({ length: count }, (_, k) => `o${k}`);

describe("pages of open orders", () => {
  const rest = (floor: Floor, orderLinkId: string) =>
    floor.placed(0, { quantity: "0.001", price: "63000", orderLinkId });

  it("leave none out when orders of the page before end, and show none twice", () => {
    const { floor, pages } = stage();
    for (const name of named(9)) rest(floor, name);
    const gone = ["o8", "o5", "o6"];
    let late = 0;
    const seen = pages("/v5/order/realtime", { ...linear, limit: 3 }, () => {
      floor.cancel(0, { orderLinkId: gone.shift() ?? "none" });
      rest(floor, `late${late++}`);
    });
    expect(seen.map(({ orderLinkId }) => orderLinkId)).toEqual(named(9).toReversed());
  });

  it("end with the last order, though it fills a page", () => {
    const { floor, list } = stage();
    for (const name of named(4)) rest(floor, name);
    const first = list("/v5/order/realtime", { ...linear, limit: 2 });
    const second = list("/v5/order/realtime", { ...linear, limit: 2, cursor: first.cursor });
    expect([first.rows.length, second.rows.length, second.cursor]).toEqual([2, 2, ""]);
  });

  it("are empty of the kinds of orders that this exchange has not", () => {
    const { floor, ask, list } = stage();
    rest(floor, "mine");
    floor.cancel(0, { orderId: rest(floor, "gone") });
    const count = (path: string, orderFilter: string) =>
      list(path, { ...linear, orderFilter }).rows.length;
    for (const path of ["/v5/order/realtime", "/v5/order/history"]) {
      expect(["Order", "", "StopOrder", "tpslOrder"].map((each) => count(path, each))).toEqual([
        1, 1, 0, 0,
      ]);
      expect(ask("GET", path, { ...linear, orderFilter: "order" }).retCode).toBe(10001);
    }
  });
});

describe("pages of history", () => {
  it("hold only what is asked for, and as much of it as there is room for", () => {
    const { floor, pages, list } = stage();
    for (const [k, name] of named(12).entries()) {
      const isFilled = k % 4 === 0;
      const order = { quantity: "0.001", orderLinkId: name } as const;
      if (isFilled) floor.placed(0, { ...order, isMarket: true });
      else floor.cancel(0, { orderId: floor.placed(0, { ...order, price: "63000" }) });
    }
    const filled = { ...linear, orderStatus: "Filled", limit: 2 };
    const first = list("/v5/order/history", filled);
    expect(first.rows.map(({ orderLinkId }) => orderLinkId)).toEqual(["o8", "o4"]);
    const all = pages("/v5/order/history", filled);
    expect(all.map(({ orderLinkId }) => orderLinkId)).toEqual(["o8", "o4", "o0"]);
    expect(pages("/v5/order/history", { ...linear, orderStatus: "Untriggered" })).toEqual([]);
    expect(pages("/v5/order/history", linear)).toHaveLength(12);
  });

  it("hold only the kind of execution that is asked for", () => {
    const { floor, pages, list } = stage();
    floor.placed(0, { quantity: "0.1", isMarket: true });
    for (let hour = 0; hour < 3; hour++) {
      const markPrice = halfTicks(1_285_000);
      floor.markets[0]!.fund({ rate: "0.0001", at: floor.exchange.now, markPrice });
      floor.pass(1_000);
    }
    const trades = { ...linear, execType: "Trade", limit: 1 };
    expect(list("/v5/execution/list", trades).rows).toMatchObject([{ execType: "Trade" }]);
    expect(pages("/v5/execution/list", trades)).toHaveLength(1);
    expect(pages("/v5/execution/list", { ...trades, execType: "Funding" })).toHaveLength(3);
  });
});

describe("position mode", () => {
  const setting = (isHedge: boolean) => (isHedge ? 3 : 0);
  const modes = (floor: Floor) =>
    ["BTCUSDT", "ETHUSDT", "BTCPERP"].map(
      (symbol) => floor.exchange.positions(0, { category: "linear", symbol }).length === 2,
    );

  it("is switched by coin for the contracts that settle in it, and by symbol for that one", () => {
    const { floor, ask } = stage([LINEAR, ETHER, DOLLARS, INVERSE, SPOT]);
    const turn = (isHedge: boolean, fields: Fields) =>
      ask("POST", "/v5/position/switch-mode", {
        category: "linear",
        mode: setting(isHedge),
        ...fields,
      }).retCode;
    expect(turn(true, { coin: "NOSUCH" })).toBe(110050);
    // A coin that is known, as one of spot and of inverse contracts.
    expect(turn(true, { coin: "BTC" })).toBe(110050);
    expect(turn(true, { coin: "USDC" })).toBe(110029);
    expect(turn(false, { coin: "USDC" })).toBe(110025);
    expect(turn(true, { category: "inverse", coin: "BTC" })).toBe(110029);
    expect(modes(floor)).toEqual([false, false, false]);
    expect(turn(true, { coin: "USDT" })).toBe(0);
    expect(modes(floor)).toEqual([true, true, false]);
    expect(turn(true, { coin: "USDT" })).toBe(110025);
    // A symbol goes before a coin.
    expect(turn(false, { coin: "NOSUCH", symbol: "ETHUSDT" })).toBe(0);
    expect(modes(floor)).toEqual([true, false, false]);
  });
});
