/**
 * Alert desk: decides which alerts go out, and sees to it that a flood of them stays readable.
 *
 * The same text goes out once a minute, and no more messages a minute than were asked for; what is
 * held back is summed up in one. Critical ones have an allowance of their own, which no flood of
 * others uses up. What must stay true: telling it something never throws, waits or sends by itself.
 */
import type { Timers } from "../../data/network/timers.ts";
import { isAtLeast, kindOf, type RunAlert, type Severity } from "./alert.ts";
import type { AlertChannel, AlertMessage, RunLabel } from "./alert-channel.ts";
import type { AlertsConfig } from "./alert-config.ts";
import { Outbox, type OutboxTimes } from "./outbox.ts";

export interface AlertDeskOptions {
  readonly channels: readonly AlertChannel[];
  readonly settings: Pick<AlertsConfig, "minimum" | "kinds" | "perMinute">;
  readonly run: RunLabel;
  readonly timers: Timers;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Of a channel: what could not be sent, and why. Never an alert itself. */
  readonly onProblem: (text: string) => void;
  readonly times?: Partial<OutboxTimes>;
}

const MINUTE_MS = 60_000;
const LONGEST_TEXT = 1_000;
const MOST_REMEMBERED = 1_000;
/** How long the end waits for what is on its way. */
const FLUSH_MS = 3_000;

export class AlertDesk {
  readonly #options: AlertDeskOptions;
  readonly #outboxes: readonly Outbox[];
  readonly #allowance: Allowance;
  readonly #criticalAllowance: Allowance;
  /** When each text went out last, the oldest first. */
  readonly #told = new Map<string, number>();
  readonly #held = new Map<string, number>();
  #stopSumming: (() => void) | undefined;
  #isClosed = false;

  constructor(options: AlertDeskOptions) {
    const { channels, settings, timers, onProblem, times, now } = options;
    this.#options = options;
    this.#outboxes = channels.map(
      (channel) => new Outbox(channel, { timers, onProblem, times: times ?? {} }),
    );
    this.#allowance = new Allowance(settings.perMinute, now());
    this.#criticalAllowance = new Allowance(settings.perMinute, now());
  }

  tell(alert: RunAlert): void {
    const { settings, now } = this.#options;
    if (this.#isClosed || this.#outboxes.length === 0) return;
    if (!isAtLeast(alert.severity, settings.minimum)) return;
    if (settings.kinds.length > 0 && !settings.kinds.includes(kindOf(alert.code))) return;
    const at = now();
    const { severity, code } = alert;
    const text = alert.text.slice(0, LONGEST_TEXT);
    const isRepeated = this.#isRepeated(`${severity} ${code} ${text}`, at);
    const allowance = severity === "critical" ? this.#criticalAllowance : this.#allowance;
    if (isRepeated || !allowance.take(at)) this.#hold(code);
    else this.#send({ severity, code, text });
  }

  /** Sends what is left, for three seconds at most. @returns how many messages were not sent. */
  async close(): Promise<number> {
    if (this.#isClosed) return 0;
    this.#sumUp();
    this.#isClosed = true;
    this.#stopSumming?.();
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#options.timers.after(FLUSH_MS * 1e6, resolve);
    await Promise.race([Promise.all(this.#outboxes.map((outbox) => outbox.drain())), promise]);
    stop();
    return this.#outboxes.reduce((sum, outbox) => sum + outbox.close(), 0);
  }

  #isRepeated(key: string, at: number): boolean {
    for (const [old, when] of this.#told) {
      if (at - when < MINUTE_MS && this.#told.size <= MOST_REMEMBERED) break;
      this.#told.delete(old);
    }
    if (this.#told.has(key)) return true;
    this.#told.set(key, at);
    return false;
  }

  #hold(code: string): void {
    this.#held.set(code, 1 + (this.#held.get(code) ?? 0));
    this.#stopSumming ??= this.#options.timers.after(MINUTE_MS * 1e6, () => this.#sumUp());
  }

  #sumUp(): void {
    this.#stopSumming?.();
    this.#stopSumming = undefined;
    if (this.#held.size === 0) return;
    const counts = [...this.#held].map(([code, count]) => `${count} × ${code}`);
    this.#held.clear();
    this.#send({
      severity: "warning",
      code: "ALERTS_HELD_BACK",
      text: `repeated or too many, and not sent one by one: ${counts.join(", ")}`,
    });
  }

  #send({ severity, code, text }: { severity: Severity; code: string; text: string }): void {
    const { run, now } = this.#options;
    const time = new Date(now()).toISOString();
    const message: AlertMessage = { severity, kind: kindOf(code), code, text, run, time };
    for (const outbox of this.#outboxes) outbox.put(message);
  }
}

/** So many a minute: a bucket that fills steadily. */
class Allowance {
  readonly #perMinute: number;
  #left: number;
  #at: number;

  constructor(perMinute: number, now: number) {
    this.#perMinute = perMinute;
    this.#left = perMinute;
    this.#at = now;
  }

  take(now: number): boolean {
    const gained = (Math.max(0, now - this.#at) * this.#perMinute) / MINUTE_MS;
    this.#left = Math.min(this.#perMinute, this.#left + gained);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
