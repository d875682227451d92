/**
 * Rate pump: a rate scheduler on the machine's own clock.
 *
 * What must stay true: a request that has been submitted is looked at without anybody asking again.
 */
import {
  RateScheduler,
  type RateGroup,
  type RateOptions,
  type RateRequest,
} from "./rate-scheduler.ts";
import type { LimitState } from "./wire-stream.ts";

export class RatePump {
  readonly scheduler: RateScheduler;
  /** Milliseconds that never fall. */
  readonly nowMs: () => number;
  #timer: NodeJS.Timeout | undefined;
  #isTurning = false;
  #isClosed = false;

  constructor(options: RateOptions = {}, nowMs: () => number = () => performance.now()) {
    this.scheduler = new RateScheduler(options);
    this.nowMs = nowMs;
  }

  /** Goes at once where there is room. */
  submit(request: RateRequest): void {
    this.scheduler.submit(request);
    this.#turn();
  }

  withdraw(request: RateRequest): boolean {
    return this.scheduler.withdraw(request);
  }

  /** `resetInMs`: from now, where the answer says when there is room again. */
  heed(group: RateGroup, limits: LimitState, resetInMs: number | undefined): void {
    const now = this.nowMs();
    const resetMs = resetInMs === undefined ? undefined : now + resetInMs;
    this.scheduler.heed(group, { ...limits, resetMs }, now);
    this.#turn();
  }

  /** After a "too many requests" that did not say more. */
  block(group: RateGroup, forMs: number): void {
    const now = this.nowMs();
    this.scheduler.block(group, now + forMs, now);
  }

  /** Nothing is sent any more; what waits stays where it is. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #turn(): void {
    // What is sent may submit more: the turn that is under way takes it along.
    if (this.#isTurning || this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#isTurning = true;
    const now = this.nowMs();
    let next: number | undefined;
    try {
      do next = this.scheduler.turn(now);
      while (next !== undefined && next <= now);
    } finally {
      this.#isTurning = false;
    }
    if (next !== undefined) this.#timer = setTimeout(() => this.#turn(), Math.ceil(next - now));
  }
}
