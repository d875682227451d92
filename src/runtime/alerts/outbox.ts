/**
 * Outbox: messages on their way out by one channel, one after the other.
 *
 * What fails in passing is tried again, each time later than before, or when the other side says.
 * What must stay true: it holds a bounded number of messages, loses the least severe first, and
 * when it is closed nothing of it is left running.
 */
import type { Timers } from "../../data/network/timers.ts";
import type { AlertChannel, AlertMessage, Delivery } from "./alert-channel.ts";

export interface OutboxTimes {
  /** Between one try and the next; there is one more try than these. */
  readonly backoffMs: readonly number[];
  /** A try that takes longer is cut off. */
  readonly sendMs: number;
}

export interface OutboxOptions {
  readonly timers: Timers;
  readonly onProblem: (text: string) => void;
  readonly times: Partial<OutboxTimes>;
}

const MOST_WAITING = 100;
const LONGEST_WAIT_MS = 60_000;
const TIMES: OutboxTimes = { backoffMs: [1_000, 4_000, 15_000], sendMs: 10_000 };

export class Outbox {
  readonly #channel: AlertChannel;
  readonly #options: OutboxOptions;
  readonly #times: OutboxTimes;
  readonly #waiting: AlertMessage[] = [];
  readonly #abort = new AbortController();
  #work: Promise<void> | undefined;
  #isDraining = false;
  #hurry: (() => void) | undefined;
  #unsent = 0;

  constructor(channel: AlertChannel, options: OutboxOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
  }

  put(message: AlertMessage): void {
    this.#waiting.push(message);
    if (this.#waiting.length > MOST_WAITING) this.#dropOne();
    this.#work ??= this.#run();
  }

  /** Resolves when nothing waits any more; from now on nothing is waited for between tries. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#hurry?.();
    await this.#work;
  }

  /** @returns how many were not sent, of all that were put in. */
  close(): number {
    this.#abort.abort();
    this.#hurry?.();
    const left = this.#waiting.length + this.#unsent;
    this.#waiting.length = 0;
    return left;
  }

  #dropOne(): void {
    const least = this.#waiting.findIndex(({ severity }) => severity !== "critical");
    this.#waiting.splice(Math.max(0, least), 1);
    this.#unsent += 1;
  }

  async #run(): Promise<void> {
    // Begins in a turn of its own: whoever put it in goes on first.
    await Promise.resolve();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const delivery = await this.#deliver(next);
      if (this.#abort.signal.aborted) break;
      const at = this.#waiting.indexOf(next);
      if (at >= 0) this.#waiting.splice(at, 1);
      if (delivery.isSent) continue;
      this.#unsent += 1;
      this.#options.onProblem(`alert ${next.code} was not sent: ${delivery.text}`);
    }
    this.#work = undefined;
  }

  async #deliver(message: AlertMessage): Promise<Delivery> {
    const { backoffMs, sendMs } = this.#times;
    for (let tried = 0; ; tried++) {
      const delivery = await this.#try(message, sendMs);
      const wait = backoffMs[tried];
      if (delivery.isSent || delivery.isFinal || wait === undefined) return delivery;
      if (this.#abort.signal.aborted) return delivery;
      if (this.#isDraining && tried > 0) return delivery;
      await this.#pause(Math.min(LONGEST_WAIT_MS, Math.max(wait, delivery.retryAfterMs ?? 0)));
    }
  }

  async #try(message: AlertMessage, sendMs: number): Promise<Delivery> {
    const late = new AbortController();
    const stop = this.#options.timers.after(sendMs * 1e6, () => late.abort());
    try {
      const signal = AbortSignal.any([this.#abort.signal, late.signal]);
      return await this.#channel.send(message, signal);
    } catch (error) {
      return { isSent: false, text: `a fault of the channel: ${nameOf(error)}`, isFinal: true };
    } finally {
      stop();
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isDraining) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#options.timers.after(ms * 1e6, resolve);
    this.#hurry = resolve;
    await promise;
    this.#hurry = undefined;
    stop();
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "unknown");
