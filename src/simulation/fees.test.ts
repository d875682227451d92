import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal, multiplyDecimal, rescale, toNumber } from "../core/domain/decimal.ts";
import { cashScale, type Instrument, notional } from "../core/domain/instrument.ts";
import { atTick, lots, ticks } from "../core/domain/units.ts";
import { FeeCharger, type FeeSchedule, NO_FEES } from "./fees.ts";

const LINEAR: Instrument = {
  venue: "test",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.10"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(100_000),
  minNotional: decimal("5"),
};
const SPOT: Instrument = {
  ...LINEAR,
  kind: "spot",
  tickSize: decimal("0.01"),
  lotSize: decimal("0.000001"),
};
const INVERSE: Instrument = {
  ...LINEAR,
  symbol: "BTCUSD",
  kind: "inverse",
  quote: "USD",
  lotSize: decimal("1"),
  contractSize: decimal("100"),
};

const charge = (
  instrument: Instrument,
  schedule: Partial<FeeSchedule>,
  ...of: ["buy" | "sell", "maker" | "taker", number, number]
): string => {
  const [side, liquidity, price, quantity] = of;
  const charger = new FeeCharger(instrument, { ...NO_FEES, ...schedule });
  const fee = charger.charge(side, liquidity, ticks(price), lots(quantity));
  return `${fee.amount} ${fee.coin}`;
};

describe("FeeCharger", () => {
  it("charges rate × price × quantity in the quote coin; a rebate is negative", () => {
    const schedule = { maker: "-0.00005", taker: "0.00055" };
    // 1.5 BTC at 64,000.1: 96,000.15 USDT.
    expect(charge(LINEAR, schedule, "buy", "taker", 640_001, 1500)).toBe("52.8000825 USDT");
    expect(charge(LINEAR, schedule, "sell", "maker", 640_001, 1500)).toBe("-4.8000075 USDT");
    expect(charge(LINEAR, NO_FEES, "buy", "taker", 640_001, 1500)).toBe("0 USDT");
  });

  it("inverse: in the base coin, rounded half away at 10^-18", () => {
    const schedule = { maker: "-0.0001", taker: "0.0005" };
    // 300 USD at 64,000.0: 0.0046875 BTC.
    expect(charge(INVERSE, schedule, "buy", "taker", 640_000, 3)).toBe("0.00000234375 BTC");
    // 100 / 30,000 × 0.0005 = 1.666… × 10^-6
    expect(charge(INVERSE, schedule, "buy", "taker", 300_000, 1)).toBe("0.000001666666666667 BTC");
    expect(charge(INVERSE, schedule, "buy", "maker", 600_000, 1)).toBe("-0.000000166666666667 BTC");
  });

  it("spot may charge what the trade brings in; a rebate comes in what was given", () => {
    const schedule = { maker: "-0.0001", taker: "0.001", coin: "received" } as const;
    expect(charge(SPOT, schedule, "buy", "taker", 6_400_000, 2_000_000)).toBe("0.002 BTC");
    expect(charge(SPOT, schedule, "sell", "taker", 6_400_000, 2_000_000)).toBe("128 USDT");
    expect(charge(SPOT, schedule, "buy", "maker", 6_400_000, 2_000_000)).toBe("-12.8 USDT");
    expect(charge(SPOT, schedule, "sell", "maker", 6_400_000, 2_000_000)).toBe("-0.0002 BTC");
    expect(charge(LINEAR, schedule, "buy", "taker", 640_000, 2000)).toBe("128 USDT");
  });

  it("is exact where the digits fit cash, and always fits cash in the settlement coin", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(LINEAR, SPOT, INVERSE),
        fc.integer({ min: 1, max: 0x7ffffffe }),
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.constantFrom("0.0002", "-0.00005", "0.00055", "0.0007125", "0"),
        (instrument, price, quantity, rate) => {
          const charger = new FeeCharger(instrument, { maker: rate, taker: rate, coin: "settle" });
          const fee = decimal(charger.charge("buy", "maker", ticks(price), lots(quantity)).amount);
          const scale = cashScale(instrument);
          const amount = rescale(fee, scale);
          if (instrument.kind === "inverse") {
            const expected = ((quantity * 100) / (price * 0.1)) * Number(rate);
            expect(Math.abs(toNumber(fee) - expected)).toBeLessThanOrEqual(
              Math.abs(expected) * 1e-12 + 1e-18,
            );
            return;
          }
          const exact = multiplyDecimal(
            notional(instrument, atTick(ticks(price)), lots(quantity)),
            decimal(rate),
          );
          const wide = Math.max(scale, exact.scale);
          const off = rescale(exact, wide) - amount * 10n ** BigInt(wide - scale);
          expect((off < 0n ? -off : off) * 2n <= 10n ** BigInt(wide - scale)).toBe(true);
          if (exact.scale <= scale) expect(off).toBe(0n);
        },
      ),
    );
  });

  it("refuses a rate that is not decimal text", () => {
    expect(() => new FeeCharger(LINEAR, { maker: "2bps", taker: "0", coin: "settle" })).toThrow(
      "not a decimal",
    );
  });
});
