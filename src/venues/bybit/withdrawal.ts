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
import { sightingOf } from "./order-questions.ts";

export interface WithdrawalOptions {
  readonly tracker: OrderTracker;
  readonly questions: OrderQuestions;
  readonly prefix: string;
  readonly pace: { readonly withdrawMs: number; readonly withdrawLookMs: number };
  readonly venueNowMs: () => number;
  readonly cancel: (clientOrderId: ClientOrderId) => void;
  /** The session was closed meanwhile. */
  readonly isOver: () => boolean;
}

/** A cancel is sent again when the order is still there after so long. */
const AGAIN_MS = 2000;

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
        tracker.sighted(sightingOf(order), venueNowMs(), begunAt);
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
    const now = this.#options.venueNowMs();
    if (now - (this.#asked.get(clientOrderId) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    this.#asked.set(clientOrderId, now);
    this.#options.cancel(clientOrderId);
  }
}

const leftText = (open: number, inDoubt: number): string =>
  open > 0 ? `${open} orders are still open` : `the fate of ${inDoubt} orders is not known`;
