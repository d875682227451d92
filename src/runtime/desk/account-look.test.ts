/**
 * What is lost if this fails: a check of an order against an account as it was before the order
 * before, or a venue that is asked a thousand times for one answer.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ok } from "../../core/domain/errors.ts";
import type { AccountSummary } from "../../venues/venue.ts";
import { AccountLook } from "./account-look.ts";

/** An account that tells how often it was asked before, each time when it is told to. */
function scene() {
  const waiting: (() => void)[] = [];
  const state = { now: 0, asked: 0 };
  const look = new AccountLook({
    now: () => state.now,
    ask: () => {
      const equity = String(++state.asked);
      return new Promise((resolve) => {
        waiting.push(() => resolve(ok({ equity } as AccountSummary)));
      });
    },
  });
  const number = async (): Promise<number> => {
    const told = await look.look();
    return told.ok ? Number(told.value.equity) : -1;
  };
  const answer = async (): Promise<void> => {
    waiting.shift()?.();
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  };
  return { state, look, number, answer, waiting };
}

describe("an account look", () => {
  it("asks once for all who ask within a second, and anew behind an order", async () => {
    const { state, look, number, answer } = scene();
    const first = [number(), number(), number()];
    await answer();
    expect(await Promise.all(first)).toEqual([1, 1, 1]);
    state.now = 1e9;
    expect(await number()).toBe(1);
    look.spoil();
    const behind = [number(), number()];
    await answer();
    expect(await Promise.all(behind)).toEqual([2, 2]);
    state.now = 2e9 + 1;
    const later = number();
    await answer();
    expect(await later).toBe(3);
  });

  it("waits for the next answer where the one under way was asked too early", async () => {
    const { look, number, answer, state } = scene();
    const early = number();
    look.spoil();
    const late = [number(), number(), number()];
    expect(state.asked).toBe(1);
    await answer();
    expect(await early).toBe(1);
    expect(state.asked).toBe(2);
    await answer();
    expect(await Promise.all(late)).toEqual([2, 2, 2]);
  });

  it("tells nobody of an account from before an order, whatever comes when", async () => {
    const what = fc.constantFrom("look", "answer", "order", "wait");
    await fc.assert(
      fc.asyncProperty(fc.array(what, { maxLength: 60 }), async (steps) => {
        const { state, look, number, answer, waiting } = scene();
        const looks: Promise<readonly [number, number]>[] = [];
        for (const step of steps) {
          // The least number that knows of all orders so far.
          const least = leastNow.get(look) ?? 1;
          if (step === "look") looks.push(number().then((told) => [told, least] as const));
          if (step === "answer") await answer();
          if (step === "wait") state.now += 0.6e9;
          if (step === "order") {
            look.spoil();
            leastNow.set(look, state.asked + 1);
          }
        }
        while (waiting.length > 0) await answer();
        for (const [told, least] of await Promise.all(looks)) {
          expect(told).toBeGreaterThanOrEqual(least);
        }
        expect(state.asked).toBeLessThanOrEqual(steps.length);
      }),
    );
  });
});

const leastNow = new WeakMap<AccountLook, number>();
