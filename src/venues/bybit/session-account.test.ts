/**
 * The checks of an account, on a server that answers as the demo network does: it refuses some
 * questions that every other account is answered.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { lots } from "../../core/domain/units.ts";
import { SYSTEM_TIMERS } from "../../data/network/timers.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import type { VenueFault } from "../venue.ts";
import { Credentials } from "./credentials.ts";
import { hostsOf } from "./hosts.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest } from "./rest-client.ts";
import { OrderQuestions } from "./order-questions.ts";
import { OrderTracker } from "./order-tracker.ts";
import { checkAccount, summarise } from "./session-account.ts";
import { Grid } from "./wire.ts";

const RULES = {
  symbol: "BTCUSDT",
  status: "Trading",
  baseCoin: "BTC",
  quoteCoin: "USDT",
  leverageFilter: { maxLeverage: "100.00" },
  priceFilter: { tickSize: "0.10" },
  lotSizeFilter: { qtyStep: "0.001", minOrderQty: "0.001", maxOrderQty: "100" },
};
const POSITION = {
  symbol: "BTCUSDT",
  positionIdx: 0,
  side: "",
  size: "0",
  leverage: "10",
  positionStatus: "Normal",
  updatedTime: "1700000000000",
};
/** What is answered besides, by path. */
let more: Readonly<Record<string, object>> = {};
const RESULTS: Readonly<Record<string, object>> = {
  "/v5/market/instruments-info": { category: "linear", list: [RULES] },
  "/v5/position/list": { category: "linear", list: [POSITION] },
};

let server: Server;
let rest: BybitRest;
/** What is answered to questions without a result. */
let refusal = 10032;

beforeEach(async () => {
  server = createServer((request, response) => {
    const path = request.url!.split("?")[0]!;
    const result = more[path] ?? RESULTS[path];
    const body =
      result === undefined
        ? { retCode: refusal, retMsg: "no", result: {}, time: 1 }
        : { retCode: 0, retMsg: "OK", result, time: 1 };
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hosts = hostsOf("local", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  if (!hosts.ok) throw new Error(hosts.error.text);
  rest = new BybitRest({
    hosts: hosts.value,
    credentials: new Credentials("AAAAbbbbCCCC", "planted-secret-1234567890"),
    clock: new AnchoredClock(),
    pump: new RatePump(),
    random: () => 0.5,
    signal: new AbortController().signal,
  });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const INSTRUMENT: Instrument = {
  venue: "bybit",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1e5),
  maxMarketLots: lots(1e5),
  minNotional: decimal("5"),
};

const IDENTITY = { host: "here", keyHash: "ab" };

const check = (
  isDemo: boolean,
  whyNot?: () => string | undefined,
  hindered?: (fault: VenueFault) => void,
) =>
  checkAccount(
    { rest, grid: new Grid(INSTRUMENT) },
    {
      positionIndex: 0,
      leverage: "10",
      setsLeverage: false,
      protectionSeconds: undefined,
      isDemo,
      signal: new AbortController().signal,
      timers: SYSTEM_TIMERS,
      identify: () => IDENTITY,
      whyNot,
      hindered,
    },
  );

describe("checkAccount", () => {
  it("does without what a demo account is not told, and says that fees are assumed", async () => {
    refusal = 10032;
    expect(await check(true)).toEqual({
      ok: true,
      value: {
        identity: IDENTITY,
        fees: { maker: 0.0002, taker: 0.00055 },
        areFeesAssumed: true,
      },
    });
  });

  it("is not opened on an account that whoever opens it will not have", async () => {
    refusal = 10032;
    expect(await check(true, () => "it was of another")).toEqual({
      ok: false,
      error: { code: "VENUE_ACCOUNT", text: "it was of another" },
    });
  });

  it("does without nothing anywhere else", async () => {
    refusal = 10032;
    expect(await check(false)).toMatchObject({ ok: false, error: { code: "VENUE_REFUSED" } });
  });

  it("takes a key that is refused for what it is, on a demo account too", async () => {
    refusal = 10003;
    expect(await check(true)).toMatchObject({ ok: false, error: { code: "VENUE_CREDENTIALS" } });
  });
});

describe("the account of a run that is gone on with", () => {
  const TOLD = {
    "/v5/user/query-api": {
      readOnly: 0,
      ips: [],
      permissions: { ContractTrade: ["Order", "Position"] },
    },
    "/v5/account/info": { unifiedMarginStatus: 5, marginMode: "REGULAR_MARGIN" },
  };

  const listed = (change: object) => ({
    "/v5/position/list": { category: "linear", list: [{ ...POSITION, ...change }] },
  });

  it.each<[string, Readonly<Record<string, object>>, RegExp]>([
    ["another leverage", listed({ leverage: "3" }), /leverage of BTCUSDT is 3/],
    ["another position mode", listed({ positionIdx: 1 }), /hedge mode/],
    ["a position that the venue closes", listed({ positionStatus: "Liq" }), /is being closed/],
    [
      "an instrument that does not trade now",
      {
        "/v5/market/instruments-info": {
          category: "linear",
          list: [{ ...RULES, status: "Settling" }],
        },
      },
      /does not trade now/,
    ],
  ])("is told of %s, and not refused", async (_, answers, says) => {
    const fees = { list: [{ symbol: "BTCUSDT", makerFeeRate: "0.0001", takerFeeRate: "0.0003" }] };
    more = { ...TOLD, "/v5/account/fee-rate": fees, ...answers };
    const told: string[] = [];
    expect(await check(false)).toMatchObject({
      ok: false,
      error: { text: expect.stringMatching(says) },
    });
    const gone = await check(false, undefined, ({ text }) => told.push(text));
    more = {};
    expect(gone).toMatchObject({ ok: true, value: { fees: { maker: 0.0001 } } });
    expect(told).toEqual([expect.stringMatching(says)]);
  });

  it("is refused where nothing can be withdrawn: a key that only reads", async () => {
    more = { ...TOLD, "/v5/user/query-api": { readOnly: 1, ips: [], permissions: {} } };
    const gone = await check(false, undefined, () => undefined);
    more = {};
    expect(gone).toMatchObject({ ok: false, error: { code: "VENUE_CREDENTIALS" } });
  });
});

describe("summarise", () => {
  const COIN = {
    coin: "BTC",
    equity: "2.5",
    walletBalance: "3",
    locked: "0.25",
    totalPositionIM: "0.5",
    totalOrderIM: "0.125",
  };

  const summary = async (instrument: Partial<Instrument>, coin: object, available: string) => {
    more = {
      "/v5/account/wallet-balance": {
        list: [{ accountType: "UNIFIED", totalAvailableBalance: available, coin: [coin] }],
      },
      "/v5/order/realtime": { list: [], nextPageCursor: "" },
      "/v5/position/list": { list: [{ ...POSITION, symbol: instrument.symbol ?? "BTCUSDT" }] },
    };
    const grid = new Grid({ ...INSTRUMENT, ...instrument });
    const questions = new OrderQuestions({
      rest,
      grid,
      tracker: new OrderTracker(),
      executed: () => undefined,
      found: () => undefined,
      told: () => undefined,
      unread: () => undefined,
      redact: (text) => text,
    });
    const told = await summarise({ rest, grid }, 0, questions, () => true);
    more = {};
    if (!told.ok) throw new Error(told.error.text);
    return told.value;
  };

  it("counts of an inverse contract's coin what neither loss, order nor position holds", async () => {
    const inverse = { kind: "inverse" as const, symbol: "BTCUSD", quote: "USD" };
    // 2.5 - 0.25 - 0.5 - 0.125
    expect(await summary(inverse, COIN, "90000")).toMatchObject({ available: "1.625" });
    // What is not yet won pays for nothing.
    const won = { ...COIN, equity: "7" };
    expect(await summary(inverse, won, "90000")).toMatchObject({ available: "2.125" });
    const lost = { ...COIN, equity: "0.1" };
    expect(await summary(inverse, lost, "90000")).toMatchObject({ available: "0" });
  });

  it("counts dollars so, too, where the venue tells no sum", async () => {
    const dollars = { ...COIN, coin: "USDT" };
    expect(await summary({}, dollars, "90000")).toMatchObject({ available: "90000" });
    expect(await summary({}, dollars, "")).toMatchObject({ available: "1.625" });
  });

  it("counts of a spot coin what can be sold", async () => {
    const free = { ...COIN, equity: "3", totalPositionIM: "", totalOrderIM: "" };
    expect(await summary({ kind: "spot" }, free, "")).toMatchObject({ positionLots: 2750 });
  });
});
