/**
 * Time: what advisors tell time with and wait by, so that their tests run in virtual time.
 *
 * The same shape as the timers of venues (`data/network/timers.ts`), which this room may not
 * import. What must stay true: nothing is called from within `after` itself.
 */
import { performance } from "node:perf_hooks";

export interface AdvisorTime {
  /** Monotonic, from any start: for spans alone. */
  nowNanos(): number;
  /** Calls once, in about so many nanoseconds. @returns what takes it back. */
  after(nanos: number, call: () => void): () => void;
}

export const NANOS_PER_MICRO = 1_000;

/** Milliseconds; Node would take more for one. */
const LONGEST_MS = 2 ** 31 - 1;

export const SYSTEM_TIME: AdvisorTime = {
  nowNanos: () => performance.now() * 1e6,
  after(nanos, call) {
    const timer = setTimeout(call, Math.min(LONGEST_MS, Math.max(0, Math.ceil(nanos / 1e6))));
    return () => clearTimeout(timer);
  },
};

/** Ends after so many microseconds, or when the signal does. */
export function pause(time: AdvisorTime, micros: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      takeBack();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const takeBack = time.after(micros * NANOS_PER_MICRO, end);
    signal.addEventListener("abort", end, { once: true });
  });
}
