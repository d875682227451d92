/**
 * What an order can come to, against figures that were worked out by hand: a person decides by
 * them whether to send it.
 */
import { describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import { type Instrument, instrumentId } from "../../core/domain/instrument.ts";
import type { ParentOrder } from "../../core/domain/parent-order.ts";
import { halfTicks, lots, micros, ticks } from "../../core/domain/units.ts";
import { DEFAULT_RISK_LIMITS } from "../../core/execution/limits.ts";
import type { AccountSummary } from "../../venues/venue.ts";
import { accountAfter, worstCaseOf } from "./worst-case.ts";

const LINEAR: Instrument = {
  venue: "bybit",
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
const INVERSE: Instrument = {
  ...LINEAR,
  symbol: "BTCUSD",
  kind: "inverse",
  quote: "USD",
  lotSize: decimal("1"),
};
/** 50,000. */
const MID = halfTicks(1_000_000);

const order = (side: "buy" | "sell", limit?: number): ParentOrder => ({
  id: "r1",
  instrument: instrumentId(LINEAR),
  side,
  quantity: { kind: "lots", lots: lots(1000) },
  startAt: micros(0),
  deadline: micros(1),
  strategy: { name: "twap", parameters: {} },
  urgency: 0.5,
  maxSpreadToCross: 10,
  minOrder: lots(1),
  constraints: {
    mayCrossSpread: true,
    residual: "leave",
    ...(limit === undefined ? {} : { limitPrice: ticks(limit) }),
  },
});

const account = (change: Partial<AccountSummary>): AccountSummary => ({
  coin: "USDT",
  equity: "10000",
  available: "10000",
  positionLots: 0,
  leverage: "10",
  liquidationPrice: undefined,
  positionMode: "one-way",
  foreignOrders: 0,
  ...change,
});

describe("the worst case", () => {
  it("is the collar: a buy of 1 BTC at 50,000 can reach 50,500", () => {
    const worst = worstCaseOf(LINEAR, order("buy"), lots(1000), MID, DEFAULT_RISK_LIMITS, 0.0005);
    expect(worst).toMatchObject({ price: 1_010_000, isLimit: false, notional: 50_500 });
    expect(worst.fees).toBeCloseTo(25.25, 9);
    expect(worst.cost).toBeCloseTo(525.25, 9);
    expect(worst.costBps).toBeCloseTo(105.05, 9);
  });

  it("is the limit where that is nearer, and a sale goes down", () => {
    const at = (side: "buy" | "sell", limit: number) =>
      worstCaseOf(LINEAR, order(side, limit), lots(1000), MID, DEFAULT_RISK_LIMITS, 0);
    expect(at("buy", 502_000)).toMatchObject({ price: 1_004_000, isLimit: true, notional: 50_200 });
    expect(at("buy", 600_000)).toMatchObject({ price: 1_010_000, isLimit: false });
    expect(at("sell", 400_000)).toMatchObject({ price: 990_000, isLimit: false });
    expect(at("sell", 498_000).cost).toBeCloseTo(200, 9);
  });
});

describe("the account after it", () => {
  const free = { ...DEFAULT_RISK_LIMITS, benchmarkDeviationBps: 0 };
  const long = worstCaseOf(LINEAR, order("buy"), lots(1000), MID, free, 0);

  it("binds margin by the leverage, fees on top", () => {
    const charged = worstCaseOf(LINEAR, order("buy"), lots(1000), MID, free, 0.001);
    const after = accountAfter(LINEAR, order("buy"), charged, MID, account({}));
    expect(after.margin).toBeCloseTo(5000 + 50, 9);
    expect(after.positionLots).toBe(1000);
  });

  it("knows where a long and a short would be closed by force", () => {
    // 10,000 behind 1 BTC at 50,000: (50,000 − 10,000) / 0.995.
    const after = accountAfter(LINEAR, order("buy"), long, MID, account({}));
    expect(after.liquidationPrice).toBeCloseTo(40_201.005, 3);
    expect(after.distance).toBeCloseTo(0.19598, 5);
    const short = worstCaseOf(LINEAR, order("sell"), lots(1000), MID, free, 0);
    const down = accountAfter(LINEAR, order("sell"), short, MID, account({}));
    expect(down.liquidationPrice).toBeCloseTo(60_000 / 1.005, 3);
    expect(down.distance).toBeCloseTo(60_000 / 1.005 / 50_000 - 1, 6);
  });

  it("with enough behind it, nothing closes a long", () => {
    const after = accountAfter(LINEAR, order("buy"), long, MID, account({ equity: "60000" }));
    expect(after).toMatchObject({ liquidationPrice: undefined, distance: undefined });
  });

  it("an order that closes a position binds nothing", () => {
    const held = account({ positionLots: -1000 });
    expect(accountAfter(LINEAR, order("buy"), long, MID, held)).toMatchObject({
      margin: 0,
      positionLots: 0,
      liquidationPrice: undefined,
    });
  });

  it("inverse: worth and margin are in coin", () => {
    const buy = worstCaseOf(INVERSE, order("buy"), lots(50_000), MID, free, 0);
    const after = accountAfter(INVERSE, order("buy"), buy, MID, account({ equity: "0.2" }));
    // 50,000 USD at 50,000 is one coin, a tenth of it bound.
    expect(after.margin).toBeCloseTo(0.1, 9);
    expect(after.liquidationPrice).toBeCloseTo((50_000 * 1.005) / 1.2, 3);
    const sell = worstCaseOf(INVERSE, order("sell"), lots(50_000), MID, free, 0);
    const down = accountAfter(INVERSE, order("sell"), sell, MID, account({ equity: "0.2" }));
    expect(down.liquidationPrice).toBeCloseTo((50_000 * 0.995) / 0.8, 3);
  });
});
