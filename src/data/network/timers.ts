/**
 * Timers: what a session and the live loop wait with, so that both run in virtual time as well.
 *
 * What must stay true: nothing is called from within `after` itself, and nothing that was taken
 * back is called.
 */
export interface Timers {
  /**
   * Calls once, about so many nanoseconds from now; 0 = in a later turn of the event loop. A call
   * may come a little early or any time late: whoever waits looks at its own clock.
   * @returns what takes it back.
   */
  after(nanos: number, call: () => void): () => void;
}

/** Milliseconds; Node would take more for one. A longer wait ends early, and is looked at again. */
const LONGEST_MS = 2 ** 31 - 1;

export const SYSTEM_TIMERS: Timers = {
  after(nanos, call) {
    if (nanos <= 0) {
      const turn = setImmediate(call);
      return () => clearImmediate(turn);
    }
    const timer = setTimeout(call, Math.min(LONGEST_MS, Math.ceil(nanos / 1e6)));
    return () => clearTimeout(timer);
  },
};
