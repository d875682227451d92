import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TickToOrder } from "./tick-to-order.ts";

describe("tick to order", () => {
  it("tells percentiles to within 1.1 %, upwards, and the greatest exactly", () => {
    const spans = fc.array(fc.integer({ min: 1, max: 60e9 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(spans, (nanos) => {
        const meter = new TickToOrder();
        for (const span of nanos) meter.record(span, 0);
        const { total } = meter.figures!;
        const sorted = nanos.toSorted((a, b) => a - b);
        expect(total.count).toBe(nanos.length);
        expect(total.max).toBe(sorted.at(-1)! / 1000);
        for (const [told, quantile] of [
          [total.p50, 0.5],
          [total.p99, 0.99],
        ] as const) {
          const exact = sorted[Math.ceil(quantile * sorted.length) - 1]! / 1000;
          expect(told).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
          expect(told).toBeLessThanOrEqual(exact * 1.011);
        }
      }),
    );
  });

  it("tells the parts apart, and nothing before the first order", () => {
    const meter = new TickToOrder();
    expect(meter.figures).toBeUndefined();
    meter.record(100_000, 70_000);
    const { total, compute, durable } = meter.figures!;
    expect([total.max, compute.max, durable.max]).toEqual([100, 30, 70]);
  });
});
