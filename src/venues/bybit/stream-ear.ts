/**
 * Stream ear: whether the private stream tells what happens, or only stands.
 *
 * A connection may be open and bring nothing: then fills are found by asking, and late. What must
 * stay true: it is not suspected of what happened before it stood, nor of what is a moment old.
 */
import type { VenueMillis } from "./order-sighting.ts";

export class StreamEar {
  readonly #silentMs: number;
  readonly #restart: (reason: string) => void;
  /** Since then it stands; Infinity: it does not. */
  #since: VenueMillis;

  constructor(since: VenueMillis, silentMs: number, restart: (reason: string) => void) {
    this.#since = since;
    this.#silentMs = silentMs;
    this.#restart = restart;
  }

  stands(since: VenueMillis): void {
    this.#since = since;
  }

  lost(): void {
    this.#since = Number.POSITIVE_INFINITY;
  }

  /** Asked at `begunAt`, the venue told of what happened at `at`, and the stream had not. */
  found(at: VenueMillis, begunAt: VenueMillis): void {
    const lateMs = begunAt - at;
    if (at <= this.#since || lateMs <= this.#silentMs) return;
    this.lost();
    this.#restart(`after ${(lateMs / 1000).toFixed(1)} s it had not told what the venue lists`);
  }
}
