import { describe, expect, it } from "vitest";
import { INVERSE, LadderMarket, LINEAR } from "../../../test/exchange/ladder-market.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import type { Side } from "../../core/domain/side.ts";
import { halfTicks, lots, micros, ticks } from "../../core/domain/units.ts";
import type { PositionIndex } from "../exchange-types.ts";
import { amountText } from "./amount.ts";
import { Exposure } from "./exposure.ts";
import { STANDARD_FEES } from "./fees.ts";
import { listingOf } from "./listing.ts";

function exposureAt(instrument: Instrument, leverage: string, mark: number) {
  const market = new LadderMarket(instrument, 1);
  market.setMark(halfTicks(2 * mark));
  const exposure = new Exposure(listingOf(market, 0, STANDARD_FEES));
  exposure.setLeverage(leverage);
  return { exposure, market };
}

const stake = (side: Side, price: number, leaves: number, positionIndex: PositionIndex = 0) => ({
  side,
  price: ticks(price),
  leaves: lots(leaves),
  positionIndex,
});

function hold(exposure: Exposure, side: Side, quantity: number, price: number, index = 0): void {
  const size = lots(quantity);
  const value = exposure.listing.worth.at(halfTicks(2 * price), size);
  exposure.positions[index]!.fill(side, size, value, micros(1));
}

describe("Exposure", () => {
  it("binds for a long linear order what Bybit's order cost is", () => {
    // 1 BTC at 50,000, leverage 10: 5,000 + 27.5 to open + 24.75 to close.
    const { exposure } = exposureAt(LINEAR, "10", 500_000);
    exposure.count(stake("buy", 500_000, 1_000), 1);
    expect(amountText(exposure.initial)).toBe("5052.25");
    exposure.count(stake("buy", 500_000, 1_000), -1);
    exposure.count(stake("sell", 500_000, 1_000), 1);
    // The fee to close a short is that of a higher price.
    expect(amountText(exposure.initial)).toBe("5057.75");
  });

  it("binds for a long inverse order what Bybit's order cost is", () => {
    // 10,000 dollars at 2,000, leverage 25: 0.2 + 0.00275 to open + 0.00286 to close.
    const { exposure } = exposureAt(INVERSE, "25", 4_000);
    exposure.count(stake("buy", 4_000, 10_000), 1);
    expect(amountText(exposure.initial)).toBe("0.20561");
  });

  it("counts the larger direction in one-way mode, and nothing for what reduces", () => {
    const { exposure } = exposureAt(LINEAR, "10", 500_000);
    hold(exposure, "buy", 1_000, 500_000);
    const held = exposure.initial;
    exposure.count(stake("sell", 500_000, 2_000), 1);
    expect(exposure.initial).toBe(held);
    exposure.count(stake("sell", 500_000, 500), 1);
    expect(amountText(exposure.margin.order)).toBe("2528.875");
    exposure.count(stake("buy", 500_000, 1_000), 1);
    expect(amountText(exposure.margin.order)).toBe("5052.25");
  });

  it("counts both sides in hedge mode", () => {
    const { exposure } = exposureAt(LINEAR, "10", 500_000);
    exposure.isHedge = true;
    exposure.count(stake("buy", 500_000, 1_000, 1), 1);
    exposure.count(stake("sell", 500_000, 1_000, 2), 1);
    expect(amountText(exposure.initial)).toBe("10110");
    hold(exposure, "buy", 1_000, 500_000, 1);
    hold(exposure, "sell", 1_000, 500_000, 2);
    expect(amountText(exposure.margin.position)).toBe("10055");
  });

  it("follows the mark price with margin and profit", () => {
    const { exposure, market } = exposureAt(LINEAR, "10", 500_000);
    hold(exposure, "buy", 1_000, 500_000);
    // 0.005 of 50,000 and the fee to close at 45,000.
    expect(amountText(exposure.maintenance)).toBe("274.75");
    market.setMark(halfTicks(2 * 510_000));
    expect(amountText(exposure.unrealised)).toBe("1000");
    expect(amountText(exposure.margin.position)).toBe("5125.245");
  });

  it("begins with leverage 10, or with what the market allows", () => {
    const market = new LadderMarket(LINEAR, 1);
    expect(new Exposure(listingOf(market, 0, STANDARD_FEES)).leverage).toBe("10");
    market.risk = { maxLeverage: "5.00", maintenanceMarginRate: "0.02" };
    expect(new Exposure(listingOf(market, 0, STANDARD_FEES)).leverage).toBe("5");
  });
});
