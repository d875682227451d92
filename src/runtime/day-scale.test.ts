import { describe, expect, it } from "vitest";
import { micros, MINUTE } from "../core/domain/units.ts";
import { ColumnsBuilder, Kind, type MarketBlock } from "../core/market/columns.ts";
import { generatedHeader, generateMarket } from "../simulation/generated/market.ts";
import { type DayScale, measureDayScale } from "./day-scale.ts";

const CONFIG = {
  seed: 3,
  startAt: micros(1_700_049_600_000_000),
  duration: micros(10 * MINUTE),
};
const header = generatedHeader(CONFIG);

/** The second half `later` nanoseconds after the first, with a break in the stream between them. */
function broken(later: number): MarketBlock {
  const rows = new ColumnsBuilder();
  const half = 5 * 60e9;
  let isBroken = false;
  const book = new Map<string, [kind: number, price: number, quantity: number]>();
  for (const block of generateMarket(CONFIG)) {
    for (let row = 0; row < block.length; row++) {
      const local = block.localTime[row]!;
      const [kind, price] = [block.kind[row]!, block.price[row]!];
      if (local > half && !isBroken && later > 0) {
        isBroken = true;
        rows.push(half, half, Kind.GAP, 0, 0);
        rows.endMessage();
        rows.push(half + later, half + later, Kind.CLEAR, 0, 0);
        for (const level of book.values()) rows.push(half + later, half + later, ...level);
        rows.endMessage();
      }
      const after = isBroken ? later : 0;
      if (kind % 8 <= Kind.ASK)
        book.set(`${kind % 8} ${price}`, [kind % 8, price, block.quantity[row]!]);
      rows.push(block.exchangeTime[row]! + after, local + after, kind, price, block.quantity[row]!);
    }
  }
  return rows.view();
}

function scaleOf(later: number): DayScale {
  const measured = measureDayScale(header, [broken(later)]);
  if (!measured.ok) throw new Error(measured.error.text);
  return measured.value;
}

describe("the scale of a day", () => {
  it("does not take a gap for a quiet market", () => {
    const whole = scaleOf(0);
    for (const later of [3_600e9, 86_400e9]) {
      const { volatility, volumeLots } = scaleOf(later);
      expect(volatility / whole.volatility).toBeGreaterThan(0.85);
      expect(volatility / whole.volatility).toBeLessThan(1.15);
      expect(volumeLots / whole.volumeLots).toBeGreaterThan(0.85);
      expect(volumeLots / whole.volumeLots).toBeLessThan(1.15);
    }
  });

  it("says what is missing where it cannot be told", () => {
    const rows = new ColumnsBuilder();
    rows.push(0, 0, Kind.CLEAR, 0, 0);
    rows.endMessage();
    const none = measureDayScale(header, [rows.view()]);
    expect(none).toMatchObject({ ok: false, error: { code: "MARKET_SCALE" } });
  });
});
