/**
 * Backoff: a venue in trouble is asked less and less.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualTime } from "../network/virtual-time.ts";
import { pause, waitBefore } from "./backoff.ts";

describe("the wait before a try", () => {
  it("doubles up to its bound, and chance takes away half at most", () => {
    const backoff = { firstMs: 500, mostMs: 30_000 };
    const longest = [0, 1, 2, 3, 6, 7, 500].map((tries) => waitBefore(tries, backoff, 1));
    expect(longest).toEqual([500, 1000, 2000, 4000, 30_000, 30_000, 30_000]);
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
        const most = waitBefore(tries, backoff, 1);
        const wait = waitBefore(tries, backoff, random);
        expect(wait).toBeGreaterThanOrEqual(most / 2);
        expect(wait).toBeLessThanOrEqual(most);
      }),
    );
  });

  it("ends at once when it is called off", async () => {
    const abort = new AbortController();
    const time = new VirtualTime();
    const waiting = pause(time, 3_600_000, abort.signal);
    abort.abort();
    await waiting;
    expect(time.step()).toBe(false);
    await pause(time, 3_600_000, abort.signal);
    expect(abort.signal.aborted).toBe(true);
  });
});
