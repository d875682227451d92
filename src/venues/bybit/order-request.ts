/**
 * Order request: one thing that was asked of the venue about an order, and how far it has come.
 *
 * What must stay true: a request is over only where the venue has said so, or where it would not
 * take it any more and repeated questions have not shown it done.
 */
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

/** After this the venue no longer takes what was sent at `at`. */
export const closingOf = (at: VenueMillis, patience: TrackerPatience): VenueMillis =>
  at + patience.receiveWindowMs + patience.slackMs;
