import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kindOfPath, RateLimits, WINDOW_MS } from "./rate-limits.ts";

describe("rate limits", () => {
  it("let no more through in any window of a second than they say", () => {
    const requests = fc.array(
      fc.record({ waitMs: fc.nat(400), wanted: fc.integer({ min: 1, max: 25 }) }),
      { minLength: 1, maxLength: 80 },
    );
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 20 }), (sent, limit) => {
        const limits = new RateLimits(limit);
        const let_: number[] = [];
        let now = 0;
        for (const { waitMs, wanted } of sent) {
          now += waitMs;
          const remaining = limits.status("order.create", "linear", now)!.remaining;
          const taken = limits.take("order.create", "linear", wanted, now);
          // What it promised is what it gives, and a window that has room is never refused.
          expect(taken).toBe(Math.min(wanted, remaining));
          for (let one = 0; one < taken; one += 1) let_.push(now);
        }
        for (const at of let_) {
          const within = let_.filter((other) => other >= at && other < at + WINDOW_MS);
          expect(within.length).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });

  it("say when the next one is let through", () => {
    const limits = new RateLimits("bybit");
    for (let one = 0; one < 10; one += 1) limits.take("order.create", "linear", 1, 100 + one);
    const status = limits.status("order.create", "inverse", 200)!;
    expect(status).toEqual({ limit: 10, remaining: 0, resetAtMs: 1_100 });
    expect(limits.take("order.create", "linear", 1, 1_099)).toBe(0);
    expect(limits.take("order.create", "linear", 1, 1_100)).toBe(1);
  });

  it("are apart for spot, for batches and for accounts, as Bybit's table has them", () => {
    const limits = new RateLimits("bybit");
    expect(limits.take("order.create", "linear", 50, 0)).toBe(10);
    expect(limits.take("order.create", "inverse", 1, 0)).toBe(0);
    expect(limits.take("order.create", "spot", 50, 0)).toBe(20);
    expect(limits.take("order.create-batch", "linear", 50, 0)).toBe(10);
    expect(limits.take("order.cancel", "linear", 1, 0)).toBe(1);
    expect(limits.take(kindOfPath("/v5/account/fee-rate"), "linear", 50, 0)).toBe(5);
    expect(limits.take(kindOfPath("/v5/order/realtime"), "linear", 99, 0)).toBe(50);
    expect(new RateLimits("bybit").take("order.create", "linear", 1, 0)).toBe(1);
  });

  it("can be off", () => {
    const limits = new RateLimits("off");
    expect(limits.take("order.create", "linear", 1e6, 0)).toBe(1e6);
    expect(limits.status("order.create", "linear", 0)).toBeUndefined();
  });
});
