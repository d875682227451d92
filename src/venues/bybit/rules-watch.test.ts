/**
 * The rules watch in virtual time: a venue that changes an instrument in mid-order.
 */
import { describe, expect, it } from "vitest";
import { ScriptedTransport } from "../../../test/venues/scripted-transport.ts";
import type { VenueNotice } from "../venue.ts";
import { hostsOf } from "./hosts.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest } from "./rest-client.ts";
import { RulesWatch } from "./rules-watch.ts";
import { parseInstrumentRules } from "./wire.ts";

const ENTRY = {
  symbol: "BTCUSDT",
  status: "Trading",
  contractType: "LinearPerpetual",
  baseCoin: "BTC",
  quoteCoin: "USDT",
  settleCoin: "USDT",
  leverageFilter: { minLeverage: "1", maxLeverage: "100", leverageStep: "0.01" },
  priceFilter: { tickSize: "0.1", minPrice: "0.1", maxPrice: "1000000" },
  lotSizeFilter: {
    qtyStep: "0.001",
    minOrderQty: "0.001",
    maxOrderQty: "1000",
    maxMktOrderQty: "100",
    minNotionalValue: "5",
  },
};

function stage() {
  const transport = new ScriptedTransport();
  const at: { list: object[] | undefined } = { list: [ENTRY] };
  const answerOf = (list: object[]): object => ({ category: "linear", list });
  transport.answer = () =>
    at.list === undefined
      ? { retCode: 10016, retMsg: "Server error", result: {}, time: 1 }
      : { retCode: 0, retMsg: "OK", result: answerOf(at.list), time: 1 };
  const hosts = hostsOf("local", "http://127.0.0.1:1");
  const rules = parseInstrumentRules(answerOf([ENTRY]), "linear", "BTCUSDT");
  if (!hosts.ok || !rules.ok) throw new Error("the stage cannot be built");
  const rest = new BybitRest({
    hosts: hosts.value,
    credentials: undefined,
    clock: { nanos: () => BigInt(transport.time.now) },
    pump: new RatePump({}, transport),
    random: () => 0.5,
    signal: new AbortController().signal,
    transport,
  });
  const notices: VenueNotice[] = [];
  const watch = new RulesWatch({
    rest,
    instrument: rules.value.instrument,
    everyMs: 60_000,
    soonMs: 2000,
    timers: transport.timers,
    nowMs: () => transport.nowMs(),
    notice: (notice) => notices.push(notice),
  });
  watch.start();
  return { transport, at, watch, notices };
}

const withTick = (tickSize: string): object => ({
  ...ENTRY,
  priceFilter: { ...ENTRY.priceFilter, tickSize },
});
const withLot = (change: object): object => ({
  ...ENTRY,
  lotSizeFilter: { ...ENTRY.lotSizeFilter, ...change },
});

describe("the rules watch", () => {
  it("asks now and then, and says nothing while nothing has changed", async () => {
    const { transport, watch, notices } = stage();
    await transport.pass(10 * 60_000);
    expect(transport.requests).toHaveLength(10);
    expect(notices).toEqual([]);
    expect(watch.broken).toBeUndefined();
  });

  it.each([
    [[withTick("0.5")], /the tick was 0\.1 and is 0\.5/],
    [[withLot({ qtyStep: "0.01", minOrderQty: "0.01" })], /the lot was 0\.001 and is 0\.01/],
    [[{ ...ENTRY, status: "Settling" }], /it is Settling/],
    [[], /does not list BTCUSDT any more/],
  ])("holds back what is new where the grid or the status has changed, %#", async (list, says) => {
    const { transport, at, watch, notices } = stage();
    at.list = list;
    await transport.pass(5 * 60_000);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatchObject({ severity: "critical", code: "VENUE_RULES_CHANGED" });
    expect(notices[0]!.text).toMatch(says);
    expect(watch.broken?.text).toMatch(says);
    at.list = [ENTRY];
    await transport.pass(61_000);
    expect(watch.broken).toBeUndefined();
    expect(notices).toHaveLength(2);
  });

  it("tells of other bounds and holds nothing back", async () => {
    const { transport, at, watch, notices } = stage();
    at.list = [withLot({ maxOrderQty: "500", minNotionalValue: "10" })];
    await transport.pass(3 * 60_000);
    expect(watch.broken).toBeUndefined();
    expect(notices.map(({ severity, text }) => `${severity}: ${text}`)).toEqual([
      "warning: BTCUSDT: the largest limit order was 1000000 lots and is 500000, " +
        "the smallest value was 5 and is 10",
    ]);
  });

  it("looks at once when an order is refused, and not at each one of many", async () => {
    const { transport, at, watch, notices } = stage();
    at.list = [withTick("0.5")];
    watch.look();
    await transport.pass(100);
    expect(notices).toHaveLength(1);
    for (let refused = 0; refused < 50; refused++) {
      watch.look();
      await transport.pass(100);
    }
    expect(transport.requests.length).toBeLessThanOrEqual(4);
  });

  it("believes no answer that says nothing of them", async () => {
    const { transport, at, watch, notices } = stage();
    at.list = undefined;
    await transport.pass(3 * 60_000);
    at.list = [{ symbol: "BTCUSDT" }];
    await transport.pass(3 * 60_000);
    expect(watch.broken).toBeUndefined();
    expect(notices).toEqual([]);
    watch.close();
    const { length } = transport.requests;
    await transport.pass(10 * 60_000);
    expect(transport.requests).toHaveLength(length);
  });
});
