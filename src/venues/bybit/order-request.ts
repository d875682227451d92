/**
 * Order request: one thing that was asked of the venue about an order, and how far it has come.
 *
 * What must stay true: a request is over only where the venue has said so, or where it would not
 * take it any more and repeated questions have not shown it done.
 */
import type { Phase } from "../../core/domain/child-order.ts";
import type { AmendTerms } from "../../core/domain/messages.ts";
import type { TrackerPatience, VenueMillis } from "./order-sighting.ts";

export interface OrderRequest {
  readonly number: number;
  /** The venue takes it no later than this; set anew when it is truly sent. */
  closesAt: VenueMillis;
  state: "sent" | "acknowledged" | "unanswered" | "refused";
  /** Questions begun after `closesAt` that did not show it done. */
  looks: number;
  wasAcknowledged: boolean;
  refusal:
    { readonly code: string; readonly text: string; readonly isTooLate: boolean } | undefined;
}

export interface AmendRequest extends OrderRequest {
  readonly asked: AmendTerms;
}

/** What has been asked about one order, and is not over. */
export class OrderRequests {
  place: OrderRequest | undefined;
  amend: AmendRequest | undefined;
  cancel: OrderRequest | undefined;

  of(number: number): OrderRequest | undefined {
    return this.#all.find((request) => request?.number === number);
  }

  get isAny(): boolean {
    return this.#all.some((request) => request !== undefined);
  }

  get isUnanswered(): boolean {
    return this.#all.some((request) => request?.state === "unanswered");
  }

  /** When the venue begins to refuse the next of those that nobody answers; Infinity: none. */
  closing(now: VenueMillis): VenueMillis {
    let next = Number.POSITIVE_INFINITY;
    for (const request of this.#all) {
      const isOpen = request?.state === "unanswered" && request.closesAt >= now;
      if (isOpen) next = Math.min(next, request.closesAt);
    }
    return next;
  }

  /** Whether no answer is awaited any more that could tell the fate of an order in `phase`. */
  leaveUnknown(phase: Phase): boolean {
    const isPlaceOpen = this.place?.state === "unanswered";
    const isAmendOpen = this.amend?.state === "unanswered";
    if (phase === "pending-new") return isPlaceOpen;
    if (phase === "pending-amend") return isAmendOpen;
    if (phase !== "pending-cancel") return false;
    if (this.cancel?.state !== "refused") return this.cancel?.state === "unanswered";
    // Refused, because there is nothing to cancel yet, or no more: the others will tell.
    if (!isPlaceOpen && !isAmendOpen) return false;
    this.cancel = undefined;
    return true;
  }

  get #all(): readonly (OrderRequest | undefined)[] {
    return [this.place, this.amend, this.cancel];
  }
}

export const newRequest = (
  number: number,
  at: VenueMillis,
  patience: TrackerPatience,
): OrderRequest => ({
  number,
  closesAt: closingOf(at, patience),
  state: "sent",
  looks: 0,
  wasAcknowledged: false,
  refusal: undefined,
});

/** What is told of a request that came after the order's end. */
export const TOO_LATE = {
  code: "VENUE_ORDER_NOT_FOUND",
  text: "the order had ended",
} as const;

export const AMEND_LOST = {
  code: "VENUE_AMEND_LOST",
  text: "the venue shows the order as it was, and would no longer take the amendment",
} as const;

export const CANCEL_LOST = {
  code: "VENUE_CANCEL_LOST",
  text: "the venue shows the order open, and would no longer take the cancel",
} as const;

/** After this the venue no longer takes what was sent at `at`. */
export const closingOf = (at: VenueMillis, patience: TrackerPatience): VenueMillis =>
  at + patience.receiveWindowMs + patience.slackMs;
