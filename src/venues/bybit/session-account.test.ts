/**
 * The checks of an account, on a server that answers as the demo network does: it refuses some
 * questions that every other account is answered.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import { lots } from "../../core/domain/units.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { Credentials } from "./credentials.ts";
import { hostsOf } from "./hosts.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest } from "./rest-client.ts";
import { checkAccount } from "./session-account.ts";
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
    const result = RESULTS[request.url!.split("?")[0]!];
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

const check = (isDemo: boolean) =>
  checkAccount(
    {
      rest,
      grid: new Grid({
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
      }),
    },
    {
      positionIndex: 0,
      leverage: "10",
      setsLeverage: false,
      protectionSeconds: undefined,
      isDemo,
      signal: new AbortController().signal,
    },
  );

describe("checkAccount", () => {
  it("does without what a demo account is not told, and says that fees are assumed", async () => {
    refusal = 10032;
    expect(await check(true)).toEqual({
      ok: true,
      value: { fees: { maker: 0.0002, taker: 0.00055 }, areFeesAssumed: true },
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
