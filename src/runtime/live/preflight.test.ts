/**
 * What is said of the account before an order is sent: by what it holds, and in hedge mode by the
 * side that is traded.
 */
import { describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import { type Instrument, instrumentId } from "../../core/domain/instrument.ts";
import { lots, micros, MINUTE } from "../../core/domain/units.ts";
import { ColumnsBuilder, Kind, type MarketHeader } from "../../core/market/columns.ts";
import type { AccountSummary } from "../../venues/venue.ts";
import { composeEngine } from "../compose.ts";
import { DEFAULT_CONFIG } from "../config.ts";
import { hindrances, preflight } from "./preflight.ts";

const INSTRUMENT: Instrument = {
  venue: "test",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1e6),
  maxMarketLots: lots(1e6),
  minNotional: decimal("5"),
};
const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);
const HEADER: MarketHeader = {
  instrument: INSTRUMENT,
  epochNanos: BigInt(START) * 1000n,
  ownTradesPrinted: true,
};

/** An order for 1 BTC at 60,000, on an account that holds what is said. */
function look(side: "buy" | "sell", held: Partial<AccountSummary>, reduceOnly = false) {
  const account: AccountSummary = {
    coin: "USDT",
    equity: "1000000",
    available: "1000000",
    positionLots: 0,
    leverage: "10",
    liquidationPrice: undefined,
    positionMode: "one-way",
    foreignOrders: 0,
    ...held,
  };
  const fees = { maker: 0, taker: 0 };
  const { positionLots } = account;
  const probe = composeEngine(DEFAULT_CONFIG, HEADER, 1, undefined, undefined, {
    positionLots,
    fees,
  });
  const { observer } = probe.instruments[0]!;
  const rows = new ColumnsBuilder();
  rows.push(0, 0, Kind.CLEAR, 0, 0);
  rows.push(0, 0, Kind.BID, 600_000, 5000);
  rows.push(0, 0, Kind.ASK, 600_002, 5000);
  rows.endMessage();
  probe.observe(0, rows.view(), 0, rows.length, Number.POSITIVE_INFINITY);
  const looked = preflight({
    order: {
      id: "r1",
      instrument: instrumentId(INSTRUMENT),
      side,
      quantity: { kind: "lots", lots: lots(1000) },
      startAt: START,
      deadline: micros(START + 10 * MINUTE),
      strategy: { name: "twap", parameters: {} },
      urgency: 0.5,
      maxSpreadToCross: 10,
      minOrder: lots(10),
      constraints: { mayCrossSpread: true, residual: "cross" },
      ...(reduceOnly ? { reduceOnly } : {}),
    },
    config: DEFAULT_CONFIG,
    observer,
    account,
    fees,
    now: START,
    probe,
  });
  const said = Object.fromEntries(looked.checks.map(({ name, text }) => [name, text]));
  return { looked, said, stops: hindrances(looked).map(({ name }) => name) };
}

const HEDGE = { positionMode: "hedge", positionSide: "long" } as const;

describe("preflight", () => {
  it("one-way: an order against what is held closes it first, one with it adds to it", () => {
    expect(look("sell", { positionLots: 400 }).said["position held"]).toBe(
      "long 0.400 BTC: the order closes it first",
    );
    expect(look("sell", { positionLots: 4000 }).said["position held"]).toMatch(/closes a part/);
    expect(look("sell", { positionLots: -400 }).said["position held"]).toMatch(/adds to it/);
  });

  it("hedge: a sale on the long side closes it, and binds no margin", () => {
    const { said, stops, looked } = look("sell", { ...HEDGE, positionLots: 1500 });
    expect(said["position held"]).toBe("long 1.500 BTC: the order closes a part of it");
    expect(said["margin"]).toMatch(/^0 USDT/);
    expect(stops).toEqual([]);
    expect(looked.checks.some(({ name }) => name === "enough to close")).toBe(false);
    expect(look("buy", { ...HEDGE, positionLots: 1500 }).said["position held"]).toMatch(/adds/);
  });

  it("hedge: more than is held cannot be closed, nor can what is not there", () => {
    const { said, stops } = look("sell", { ...HEDGE, positionLots: 400 });
    expect(stops).toContain("enough to close");
    expect(said["enough to close"]).toBe(
      "it can close what is held and no more: 0.400 BTC, and the order is for 1.000",
    );
    // What the order does not open needs no margin.
    expect(said["margin"]).toMatch(/^0 USDT/);
    expect(look("sell", HEDGE).stops).toContain("enough to close");
    expect(look("buy", HEDGE).stops).toEqual([]);
    expect(look("buy", { ...HEDGE, positionSide: "short" }).stops).toContain("enough to close");
  });

  it("an order that is only to reduce is told what there is to reduce", () => {
    expect(look("buy", {}, true).stops).toContain("reduce only");
    const { said, stops } = look("sell", { positionLots: 400 }, true);
    expect(said["enough to close"]).toMatch(/0\.400 BTC/);
    expect(stops).not.toContain("enough to close");
  });

  it("counts the position from what is held", () => {
    const limit = DEFAULT_CONFIG.limits.positionNotional.toLocaleString("en-US");
    expect(look("buy", {}).said["position"]).toBe(
      `60,000 USDT from a flat position; allowed ${limit}`,
    );
    expect(look("buy", { positionLots: 2000 }).said["position"]).toBe(
      `180,000 USDT with the long 2.000 BTC held; allowed ${limit}`,
    );
    const most = Math.ceil((DEFAULT_CONFIG.limits.positionNotional / 60_000) * 1000);
    const checkOf = (side: "buy" | "sell") =>
      look(side, { positionLots: most }).looked.checks.find(({ name }) => name === "position");
    expect(checkOf("buy")?.met).toBe(false);
    expect(checkOf("sell")?.met).toBe(true);
  });
});
