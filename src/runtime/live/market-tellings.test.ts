/** What a venue says becomes few events, and the last word of each figure is among them. */
import { describe, expect, it } from "vitest";
import type { Liquidation, MarketTold } from "../../core/domain/messages.ts";
import { lots, type Micros, ticks } from "../../core/domain/units.ts";
import { MarketTellings } from "./market-tellings.ts";

const liquidation = (number: number): Liquidation => ({
  time: number as Micros,
  side: "buy",
  price: ticks(5),
  quantity: lots(number),
});
const second = 1e9;

describe("market tellings", () => {
  it("are told at once, and what has not changed never again", () => {
    const tellings = new MarketTellings();
    expect(tellings.take(0)).toBeUndefined();
    tellings.hear({ fundingRate: 0.0001, openInterest: lots(5) });
    expect(tellings.take(0)).toEqual({ fundingRate: 0.0001, openInterest: 5 });
    tellings.hear({ fundingRate: 0.0001, openInterest: lots(6) });
    expect(tellings.take(29 * second)).toBeUndefined();
    tellings.hear({ openInterest: lots(7) });
    expect(tellings.take(30 * second)).toEqual({ openInterest: 7 });
    tellings.hear({ openInterest: lots(7) });
    expect(tellings.take(3000 * second)).toBeUndefined();
  });

  it("of liquidations each is told once, within seconds, the newest where there are many", () => {
    const tellings = new MarketTellings();
    tellings.hear({ liquidations: [liquidation(1)] });
    expect(tellings.take(0)).toEqual({ liquidations: [liquidation(1)] });
    for (let k = 2; k <= 100; k++) tellings.hear({ liquidations: [liquidation(k)] });
    expect(tellings.take(4 * second)).toBeUndefined();
    expect(tellings.take(5 * second)?.liquidations?.map(({ quantity }) => quantity)).toEqual(
      Array.from({ length: 20 }, (_, k) => 81 + k),
    );
    expect(tellings.take(50 * second)).toBeUndefined();
  });

  it("make at most one event in five seconds, whatever is said", () => {
    const tellings = new MarketTellings();
    const told: MarketTold[] = [];
    for (let at = 0; at < 60; at += 0.1) {
      tellings.hear({ openInterest: lots(Math.round(at * 10)), liquidations: [liquidation(1)] });
      told.push(...[tellings.take(at * second)].filter((each) => each !== undefined));
    }
    expect(told.length).toBeLessThanOrEqual(12);
    expect(told.length).toBeGreaterThan(10);
  });
});
