/**
 * Clock: stamps that never fall, whatever the machine's clocks do.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnchoredClock, offsetOf } from "./clock.ts";

const SECOND = 1_000_000_000n;
const START = 1_800_000_000n * SECOND;

function hands(): { monotonic: bigint; wall: bigint } & ConstructorParameters<
  typeof AnchoredClock
>[0] & { pass(nanos: bigint): void } {
  const source = {
    monotonic: 5n * SECOND,
    wall: START,
    monotonicNanos: () => source.monotonic,
    wallNanos: () => source.wall,
    pass: (nanos: bigint) => {
      source.monotonic += nanos;
      source.wall += nanos;
    },
  };
  return source;
}

describe("an anchored clock", () => {
  it("goes by the monotonic clock: a step of the wall does not reach the stamps", () => {
    const source = hands();
    const clock = new AnchoredClock(source);
    expect(clock.nanos()).toBe(START);
    source.pass(SECOND);
    source.wall -= 3600n * SECOND;
    clock.check();
    expect(clock.nanos()).toBe(START + SECOND);
    expect(clock.leaps).toBe(0);
  });

  it("follows the wall forwards after the machine slept", () => {
    const source = hands();
    const clock = new AnchoredClock(source);
    source.wall += 3600n * SECOND;
    clock.check();
    expect(clock.nanos()).toBe(START + 3600n * SECOND);
    expect(clock.leaps).toBe(1);
  });

  it("never falls", () => {
    const step = fc.record({
      pass: fc.bigInt(0n, 5n * SECOND),
      jump: fc.bigInt(-SECOND, 9n * SECOND),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const source = hands();
        const clock = new AnchoredClock(source);
        let before = clock.nanos();
        for (const { pass, jump } of steps) {
          source.pass(pass);
          source.wall += jump;
          clock.check();
          const now = clock.nanos();
          expect(now >= before + pass).toBe(true);
          before = now;
        }
      }),
    );
  });
});

describe("the offset to the venue's clock", () => {
  const sample = (asked: bigint, took: bigint, ahead: bigint) => ({
    asked,
    answered: asked + took,
    venue: asked + took / 2n + ahead,
  });

  it("is that of the quickest answer", () => {
    const ahead = 1_270_000_000n;
    const slow = { ...sample(START, 400_000_000n, ahead), venue: START };
    const offset = offsetOf([slow, sample(START, 20_000_000n, ahead)]);
    expect(offset).toEqual({ nanos: 1_270_000_000, errorNanos: 11_000_000 });
  });

  it("is nothing where it is no larger than its error", () => {
    expect(offsetOf([sample(START, 20_000_000n, -10_000_000n)])?.nanos).toBe(0);
    expect(offsetOf([sample(START, 20_000_000n, -12_000_000n)])?.nanos).toBe(-12_000_000);
    expect(offsetOf([])).toBeUndefined();
  });
});
