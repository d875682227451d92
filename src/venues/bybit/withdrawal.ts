/**
 * Withdrawal: takes every order of a run back from the venue, and believes only the venue.
 *
 * For the end of a run and for a kill, so it works without any stream: it asks what is open,
 * cancels what is ours, and asks again. What must stay true: it ends well only where the venue
 * lists none of ours as open and no order's fate is unknown; foreign orders are left alone.
 */
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { VenueFault } from "../venue.ts";
import type { OrderQuestions } from "./order-questions.ts";
import type { OrderTracker } from "./order-tracker.ts";
import type { SessionPace } from "./session-parts.ts";

export interface WithdrawalOptions {
  readonly tracker: OrderTracker;
  readonly questions: Pick<OrderQuestions, "ask" | "openOrders" | "sighting" | "hasEndedUnread">;
  readonly prefix: string;
  readonly timers: Timers;
  readonly pace: Pick<SessionPace, "withdrawMs" | "withdrawLookMs" | "withdrawAgainMs">;
  readonly venueNowMs: () => number;
  /** `isAgain`: a cancel of it has gone before, and may have gone nowhere. */
  readonly cancel: (clientOrderId: ClientOrderId, isAgain: boolean) => void;
  /** A cancel of it has not gone yet: the venue takes so many a second. */
  readonly isWaiting: (clientOrderId: ClientOrderId) => boolean;
  /** The session was closed meanwhile. */
  readonly isOver: () => boolean;
}

/** A look and the wait behind it take no longer, unless the machine stood still. */
const MOST_STEP_MS = 15_000;

export class Withdrawal {
  readonly #options: WithdrawalOptions;
  /** When each was asked to be canceled last. */
  readonly #asked = new Map<string, number>();

  constructor(options: WithdrawalOptions) {
    this.#options = options;
  }

  async run(): Promise<Result<void, VenueFault>> {
    const { tracker, questions, pace, venueNowMs, isOver } = this.#options;
    let spentMs = 0;
    let left = "the venue has not said what is open";
    // What is known is canceled at once, without waiting for a list.
    for (const order of tracker.open()) this.#cancel(order.id);
    tracker.resync(venueNowMs());
    while (!isOver()) {
      const begunAt = venueNowMs();
      // Of unknown fates too; nobody else asks before the session is started.
      questions.ask();
      const listed = await questions.openOrders();
      const ours = listed?.orders.filter(({ clientOrderId }) => this.#isOurs(clientOrderId));
      for (const order of ours ?? []) {
        tracker.sighted(questions.sighting(order), venueNowMs(), begunAt);
        this.#cancel(order.clientOrderId as ClientOrderId);
      }
      // An order that cannot be read, as after a change of the grid, is canceled by its id.
      const unread = listed?.unreadIds.filter((id) => this.#isOurs(id)) ?? [];
      for (const id of unread) this.#cancel(id as ClientOrderId);
      const inDoubt = tracker.open().filter(({ id }) => !questions.hasEndedUnread(id));
      const count = ours === undefined ? undefined : ours.length + unread.length;
      if (count === 0 && inDoubt.length === 0) return ok(undefined);
      if (count !== undefined) left = leftText(count, inDoubt.length);
      if (spentMs >= pace.withdrawMs) break;
      await this.#pause(pace.withdrawLookMs);
      // Where the machine stood still, nobody has tried for so long.
      spentMs += Math.min(venueNowMs() - begunAt, MOST_STEP_MS);
    }
    const text = `${left}: look at the venue and cancel there what must not stay`;
    return err({ code: "VENUE_UNREACHABLE", text });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.timers.after(ms * 1e6, resolve));
  }

  #isOurs(clientOrderId: string): boolean {
    const { tracker, prefix } = this.#options;
    return tracker.isOurs(clientOrderId) || (prefix !== "" && clientOrderId.startsWith(prefix));
  }

  #cancel(clientOrderId: ClientOrderId): void {
    const { venueNowMs, cancel, isWaiting, pace } = this.#options;
    const now = venueNowMs();
    const askedAt = this.#asked.get(clientOrderId);
    if (askedAt !== undefined && now - askedAt < pace.withdrawAgainMs) return;
    this.#asked.set(clientOrderId, now);
    if (!isWaiting(clientOrderId)) cancel(clientOrderId, askedAt !== undefined);
  }
}

const leftText = (open: number, inDoubt: number): string =>
  open > 0 ? `${open} orders are still open` : `the fate of ${inDoubt} orders is not known`;
