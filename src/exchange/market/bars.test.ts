/** Candles: that they follow each other without a gap, and that every interval is its minutes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bars, barEnd, barStart, INTERVALS } from "./bars.ts";

const MINUTE = 60_000;
/** A Sunday, late in a month, before midnight UTC. */
const LATE = Date.UTC(2026, 4, 31, 23, 50);

const trades = fc.array(
  fc.record({
    wait: fc.integer({ min: 0, max: 7 * MINUTE }),
    price: fc.integer({ min: 90, max: 110 }),
    quantity: fc.integer({ min: 1, max: 50 }),
  }),
  { minLength: 1, maxLength: 60 },
);

describe("candles", () => {
  it("are the fold of the trades in them, whatever the interval", () => {
    fc.assert(
      fc.property(trades, fc.constantFrom(...INTERVALS), (all, interval) => {
        const bars = new Bars();
        let at = LATE;
        const told = all.map(({ wait, price, quantity }) => {
          at += wait;
          bars.record(price, at, quantity, price * quantity);
          return { at, price, quantity };
        });
        const list = bars.list(interval, 0, at, 5_000).reverse();
        for (const [k, bar] of list.entries()) {
          const inside = told.filter(
            (each) => each.at >= bar.start && each.at <= barEnd(interval, bar.start),
          );
          const prices = [bar.open, ...inside.map(({ price }) => price)];
          expect(bar.high).toBe(Math.max(...prices));
          expect(bar.low).toBe(Math.min(...prices));
          expect(bar.close).toBe(prices.at(-1));
          expect(bar.volume).toBe(inside.reduce((sum, { quantity }) => sum + quantity, 0));
          const before = list[k - 1];
          if (before === undefined) expect(bar.open).toBe(told[0]!.price);
          else {
            expect(bar.open).toBe(before.close);
            expect(bar.start).toBe(barEnd(interval, before.start) + 1);
          }
        }
        expect(list.reduce((sum, { volume }) => sum + volume, 0)).toBe(
          told.reduce((sum, { quantity }) => sum + quantity, 0),
        );
      }),
      { numRuns: 150 },
    );
  });

  it("begin where Bybit's do: weeks on Monday, months on the first", () => {
    const at = Date.UTC(2026, 7, 9, 13, 47, 12); // a Sunday
    const begins = (interval: (typeof INTERVALS)[number]) =>
      new Date(barStart(interval, at)).toISOString().slice(0, 16);
    expect(begins("5")).toBe("2026-08-09T13:45");
    expect(begins("240")).toBe("2026-08-09T12:00");
    expect(begins("D")).toBe("2026-08-09T00:00");
    expect(begins("W")).toBe("2026-08-03T00:00");
    expect(begins("M")).toBe("2026-08-01T00:00");
  });

  it("go on, flat, while nothing trades", () => {
    const bars = new Bars();
    bars.record(100, LATE, 3, 300);
    bars.roll(LATE + 3 * MINUTE);
    expect(bars.list("1", 0, LATE + 10 * MINUTE, 10).map(({ volume }) => volume)).toEqual([
      0, 0, 0, 3,
    ]);
  });
});
