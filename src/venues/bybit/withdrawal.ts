/**
 * Withdrawal: takes every order of a run back from the venue, and believes only the venue.
 *
 * For the end of a run and for a kill, so it works without any stream: it asks what is open,
 * cancels what is ours, and asks again. What must stay true: it ends well only where the venue
 * lists none of ours as open and no order's fate is unknown; foreign orders are left alone.
 */
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { VenueFault } from "../venue.ts";
import type { OrderQuestions } from "./order-questions.ts";
import type { OrderTracker } from "./order-tracker.ts";
import type { SessionPace } from "./session.ts";

export interface WithdrawalOptions {
  readonly tracker: OrderTracker;
  readonly questions: Pick<OrderQuestions, "openOrders" | "sighting">;
  readonly prefix: string;
  readonly pace: Pick<SessionPace, "withdrawMs" | "withdrawLookMs" | "withdrawAgainMs">;
  readonly venueNowMs: () => number;
  /** `isAgain`: a cancel of it has gone before, and may have gone nowhere. */
  readonly cancel: (clientOrderId: ClientOrderId, isAgain: boolean) => void;
  /** A cancel of it has not gone yet: the venue takes so many a second. */
  readonly isWaiting: (clientOrderId: ClientOrderId) => boolean;
  /** The session was closed meanwhile. */
  readonly isOver: () => boolean;
}

export class Withdrawal {
  readonly #options: WithdrawalOptions;
  /** When each was asked to be canceled last. */
  readonly #asked = new Map<string, number>();

  constructor(options: WithdrawalOptions) {
    this.#options = options;
  }

  async run(): Promise<Result<void, VenueFault>> {
    const { tracker, questions, pace, venueNowMs, isOver } = this.#options;
    const until = venueNowMs() + pace.withdrawMs;
    let left = "the venue has not said what is open";
    // What is known is canceled at once, without waiting for a list.
    for (const order of tracker.open()) this.#cancel(order.id);
    tracker.resync(venueNowMs());
    while (!isOver()) {
      const begunAt = venueNowMs();
      const listed = await questions.openOrders();
      const ours = listed?.filter(({ clientOrderId }) => this.#isOurs(clientOrderId));
      for (const order of ours ?? []) {
        tracker.sighted(questions.sighting(order), venueNowMs(), begunAt);
        this.#cancel(order.clientOrderId as ClientOrderId);
      }
      const inDoubt = tracker.open();
      if (ours?.length === 0 && inDoubt.length === 0) return ok(undefined);
      if (ours !== undefined) left = leftText(ours.length, inDoubt.length);
      if (venueNowMs() >= until) break;
      await new Promise((resolve) => setTimeout(resolve, pace.withdrawLookMs));
    }
    const text = `${left}: look at the venue and cancel there what must not stay`;
    return err({ code: "VENUE_UNREACHABLE", text });
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
