/**
 * Rate pump: a rate scheduler on a clock and its timers.
 *
 * What must stay true: a request that has been submitted is looked at without anybody asking again.
 */
import { SYSTEM_TRANSPORT } from "../../data/network/system-transport.ts";
import type { Transport } from "../../data/network/transport.ts";
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
  readonly #timers: Transport["timers"];
  #takeBack: (() => void) | undefined;
  #isTurning = false;
  #isClosed = false;

  constructor(
    options: RateOptions = {},
    transport: Pick<Transport, "timers" | "nowMs"> = SYSTEM_TRANSPORT,
  ) {
    this.scheduler = new RateScheduler(options);
    this.#timers = transport.timers;
    this.nowMs = () => transport.nowMs();
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
    this.#takeBack?.();
  }

  #turn(): void {
    // What is sent may submit more: the turn that is under way takes it along.
    if (this.#isTurning || this.#isClosed) return;
    this.#takeBack?.();
    this.#isTurning = true;
    const now = this.nowMs();
    let next: number | undefined;
    try {
      do next = this.scheduler.turn(now);
      while (next !== undefined && next <= now);
    } finally {
      this.#isTurning = false;
    }
    if (next === undefined) return;
    this.#takeBack = this.#timers.after(Math.ceil(next - now) * 1e6, () => this.#turn());
  }
}
