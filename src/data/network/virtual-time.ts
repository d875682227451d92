/**
 * Virtual time: a clock that stands still until everything due has been done, and timers by it.
 *
 * With it a session, a loop and a whole market run as fast as they compute, and the same way each
 * time: what is due first is called first, and of two at one time the one that was asked for first.
 */
import type { Timers } from "./timers.ts";

interface Waiting {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

export class VirtualTime implements Timers {
  /** Nanoseconds since its own beginning. */
  now: number;
  #waiting: Waiting[] = [];
  #asked = 0;

  constructor(now = 0) {
    this.now = now;
  }

  after(nanos: number, call: () => void): () => void {
    const entry = { at: this.now + Math.max(0, nanos), order: this.#asked++, call };
    this.#waiting.splice(this.#placeOf(entry), 0, entry);
    return () => {
      const at = this.#waiting.indexOf(entry);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  /** As a machine that sleeps, or a program that is stopped: what falls due meanwhile is late. */
  standStill(nanos: number): void {
    this.now += nanos;
  }

  /** Calls what is due next; false when nothing waits, or it is due after `until`. */
  step(until = Number.POSITIVE_INFINITY): boolean {
    const next = this.#waiting[0];
    if (next === undefined || next.at > until) return false;
    this.#waiting.shift();
    this.now = Math.max(this.now, next.at);
    next.call();
    return true;
  }

  /** Does all that is due up to `until`, and stands there. */
  runTo(until: number): void {
    while (this.step(until));
    this.now = Math.max(this.now, until);
  }

  #placeOf({ at, order }: Waiting): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#waiting[middle]!;
      if (other.at < at || (other.at === at && other.order < order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
