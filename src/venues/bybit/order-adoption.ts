/**
 * Order adoption: an order that a run before has left, as if its requests had just timed out.
 *
 * What the run before knew is taken over; what it was about to send may have arrived, may be on its
 * way, or may never have left. What must stay true: the venue is held to take each request for as
 * long as it could, however wrong the clock was that the order was dated by; and an order that the
 * venue once had is never taken for one that has not come, whatever it has forgotten since.
 */
import type { ChildOrder } from "../../core/domain/child-order.ts";
import { type AmendRequest, closingOf, newRequest, type OrderRequest } from "./order-request.ts";
import type { TrackerPatience, VenueMillis } from "./order-sighting.ts";

export interface AdoptedState {
  readonly child: ChildOrder;
  readonly place: OrderRequest | undefined;
  readonly amend: AmendRequest | undefined;
}

/** Nobody answers these any more. */
const NO_NUMBER = 0;

/** `now`: by the venue's clock; whatever was sent, was sent before. */
export function adoptedState(
  adopted: Readonly<ChildOrder>,
  now: VenueMillis,
  patience: TrackerPatience,
): AdoptedState {
  const child: ChildOrder = { ...adopted };
  if (child.phase === "closed") return { child, place: undefined, amend: undefined };
  child.phase = "unknown";
  const { pendingAmend, sentAt, terms } = child;
  // It may have waited for its turn, and our clock may have been wrong; but it was sent by now.
  const sentBy = Math.min(sentAt / 1000, now) + patience.adoptedMarginMs;
  const place = newRequest(NO_NUMBER, sentBy, patience);
  place.state = "unanswered";
  if (wasThere(adopted)) knownToHaveCome(place, now, patience);
  if (pendingAmend === undefined) return { child, place, amend: undefined };
  const asked = { clientOrderId: terms.clientOrderId, ...pendingAmend };
  const request = { ...newRequest(NO_NUMBER, now, patience), state: "unanswered" as const };
  return { child, place, amend: { ...request, closesAt: closingOf(now, patience), asked } };
}

/** Whether the run before was told that the venue had it. */
const wasThere = ({ phase, wasAccepted, cumulative }: Readonly<ChildOrder>): boolean =>
  wasAccepted === true || cumulative > 0 || phase === "working" || phase === "pending-amend";

/** Looks in vain say nothing of it before it has been looked for long enough. */
export function knownToHaveCome(
  place: OrderRequest,
  now: VenueMillis,
  { lostMs }: TrackerPatience,
): void {
  place.wasAcknowledged = true;
  place.closesAt = now + lostMs;
  place.looks = 0;
}
