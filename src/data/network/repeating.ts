/**
 * Repeating timer: calls again and again, on whatever timers it is given.
 *
 * What must stay true: it is never called twice for one wait, however late a wait ends: what was
 * missed while the machine stood still is not made up for.
 */
import type { Timers } from "./timers.ts";

/** @returns what ends it, also from within `call`. */
export function every(timers: Timers, ms: number, call: () => void): () => void {
  const wait = Math.max(1, ms) * 1e6;
  let takeBack: () => void;
  const turn = (): void => {
    takeBack = timers.after(wait, turn);
    call();
  };
  takeBack = timers.after(wait, turn);
  return () => takeBack();
}
