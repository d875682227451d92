/**
 * Order alarm: what a person has to hear about one order, in words.
 *
 * What must stay true: each says what is, in lots and ticks, and what is done about it or has to
 * be done.
 */
import type { ChildOrder, ClientOrderId, Fill } from "../../core/domain/child-order.ts";
import type { OrderOutput, OrderSighting } from "./order-sighting.ts";

const alarm = (code: string, text: string): OrderOutput => ({
  kind: "notice",
  severity: "critical",
  code,
  text,
});

export const changedAlarm = (
  { terms, limitPrice, quantity }: Readonly<ChildOrder>,
  seen: OrderSighting,
): OrderOutput =>
  alarm(
    "VENUE_ORDER_CHANGED",
    `order ${terms.clientOrderId} rests as ${seen.quantity} lots at ${seen.limitPrice} ticks and ` +
      `was to be ${quantity} at ${limitPrice}: it is withdrawn`,
  );

export const strayAlarm = (id: ClientOrderId): OrderOutput =>
  alarm(
    "VENUE_STRAY_ORDER",
    `order ${id}, which was told to have ended, is open at the venue: it is withdrawn`,
  );

export const lostAlarm = (id: ClientOrderId): OrderOutput =>
  alarm(
    "VENUE_ORDER_LOST",
    `order ${id}, which the venue had accepted, is not to be found there any more, neither open ` +
      "nor closed, nor by new executions: it counts as ended; if this is not the account that it " +
      "was sent from, kill the run, and cancel it there",
  );

export const overfillAlarm = (
  id: ClientOrderId,
  { executionId, quantity }: Fill,
  cumulative: number,
  most: number,
): OrderOutput =>
  alarm(
    "VENUE_OVERFILL",
    `${executionId} fills ${quantity} lots of ${id}, of which ${cumulative} of ${most} had ` +
      "filled: somebody else has changed the order",
  );

export const missingAlarm = (id: ClientOrderId, missing: number): OrderOutput =>
  alarm(
    "VENUE_EXECUTIONS_MISSING",
    `the venue counts ${missing} lots of ${id} as executed and lists no executions of them: ` +
      "look there what was filled",
  );
