/**
 * Backoff: how long to wait before the next try, so that a venue in trouble is not run down.
 *
 * Each try waits twice as long as the one before, up to a bound, and a random half of it is left
 * out, so that many programs do not come back in the same instant.
 */
import type { Timers } from "../network/timers.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** `tries`: how many have failed in sequence, from 0 on. `random`: in [0, 1). Milliseconds. */
export function waitBefore(tries: number, { firstMs, mostMs }: Backoff, random: number): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(tries, 30));
  return Math.round(whole * (0.5 + 0.5 * random));
}

/** Resolves after `ms`, or at once when the signal is given. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      takeBack();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const takeBack = timers.after(ms * 1e6, done);
    signal.addEventListener("abort", done);
  });
}
