/**
 * Planted in the session: commands that are not what was asked for, reports that are not what the
 * venue said.
 */
import type { ClientOrderId, OrderTerms } from "../../src/core/domain/child-order.ts";
import { ok } from "../../src/core/domain/errors.ts";
import type { RiskApproved } from "../../src/core/domain/messages.ts";
import { lots } from "../../src/core/domain/units.ts";
import type { Venue } from "../../src/venues/venue.ts";
import { bentVenue } from "./bent-session.ts";

/** A second order for the first one, which may live. */
export const resendsUnderNewId = (venue: Venue): Venue =>
  bentVenue(venue, (session) => {
    const placed = new Map<ClientOrderId, RiskApproved<OrderTerms>>();
    return {
      place(order, inner) {
        placed.set(order.clientOrderId, order);
        inner.place(order);
      },
      report(id, report, tell) {
        const order = placed.get(id);
        placed.delete(id);
        if (report.kind === "timed-out" && order !== undefined) {
          session.place({ ...order, clientOrderId: `${id}x` as ClientOrderId });
        }
        if (!id.endsWith("x")) tell(id, report);
      },
    };
  });

export const takesTimeoutForRejection = (venue: Venue): Venue =>
  bentVenue(venue, () => {
    const isKnown = new Set<ClientOrderId>();
    return {
      report(id, report, tell) {
        const isNew = !isKnown.has(id);
        isKnown.add(id);
        if (report.kind !== "timed-out" || !isNew) return tell(id, report);
        tell(id, { kind: "rejected", code: "PLANTED", text: "it was not answered" });
      },
    };
  });

/** Each order that goes on after a restart: its first fill behind it. */
export const forgetsFillsWhileAway = (venue: Venue): Venue =>
  bentVenue(venue, () => {
    let isAway = false;
    return {
      adopt(orders, inner) {
        isAway = true;
        inner.adopt(orders);
      },
      report(id, report, tell) {
        const isForgotten = isAway && report.kind === "filled";
        if (report.kind === "filled") isAway = false;
        if (!isForgotten) tell(id, report);
      },
    };
  });

/** What was open is taken for open still. */
export const recoversWithoutAsking = (venue: Venue): Venue =>
  bentVenue(venue, () => {
    let ids: ClientOrderId[] = [];
    return {
      adopt: (orders) => void (ids = orders.map(({ child }) => child.terms.clientOrderId)),
      started: (tell) => queueMicrotask(() => ids.forEach((id) => tell(id, { kind: "accepted" }))),
    };
  });

export const forgetsAmendedQuantity = (venue: Venue): Venue =>
  bentVenue(venue, () => {
    const quantities = new Map<ClientOrderId, OrderTerms["quantity"]>();
    return {
      place(order, inner) {
        quantities.set(order.clientOrderId, order.quantity);
        inner.place(order);
      },
      report(id, report, tell) {
        const quantity = quantities.get(id);
        if (report.kind !== "amended" || quantity === undefined) return tell(id, report);
        tell(id, { ...report, quantity });
      },
    };
  });

/** The quantity of an order is the whole of it: here what has filled comes on top. */
export const amendsWithoutWhatFilled = (venue: Venue): Venue =>
  bentVenue(venue, () => {
    const filled = new Map<ClientOrderId, number>();
    return {
      report(id, report, tell) {
        if (report.kind === "filled") {
          filled.set(id, report.fill.quantity + (filled.get(id) ?? 0));
        }
        tell(id, report);
      },
      amend(amend, inner) {
        const more = filled.get(amend.clientOrderId) ?? 0;
        inner.amend({ ...amend, quantity: lots(amend.quantity + more) });
      },
    };
  });

export const takesCancelForDone = (venue: Venue): Venue =>
  bentVenue(venue, () => {
    const done = new Set<ClientOrderId>();
    let say: ((id: ClientOrderId) => void) | undefined;
    return {
      cancel(id, inner, tell) {
        inner.cancel(id);
        say = (which) => tell(which, { kind: "canceled", text: "planted", cumulative: 0 as never });
        queueMicrotask(() => {
          done.add(id);
          say?.(id);
        });
      },
      report(id, report, tell) {
        if (!done.has(id)) tell(id, report);
      },
    };
  });

/** A venue that does not cancel now has nothing to be canceled. */
export const givesUpWhatIsNotCanceled = (venue: Venue): Venue =>
  bentVenue(venue, () => {
    const canceled = new Set<ClientOrderId>();
    const givenUp = new Set<ClientOrderId>();
    const filled = new Map<ClientOrderId, number>();
    return {
      cancel(id, inner) {
        canceled.add(id);
        inner.cancel(id);
      },
      report(id, report, tell) {
        const { kind } = report;
        if (givenUp.has(id)) return;
        if (kind === "filled") filled.set(id, report.fill.quantity + (filled.get(id) ?? 0));
        const isRefused = kind === "timed-out" || kind === "cancel-rejected";
        if (!canceled.has(id) || !isRefused) return tell(id, report);
        givenUp.add(id);
        tell(id, { kind: "canceled", text: "planted", cumulative: lots(filled.get(id) ?? 0) });
      },
    };
  });

export const hearsNoRejection = (venue: Venue): Venue =>
  bentVenue(venue, () => ({
    report(id, report, tell) {
      if (report.kind !== "rejected") tell(id, report);
    },
  }));

/** Whoever presses kill is told that nothing rests. */
export const forgetsToWithdraw = (venue: Venue): Venue =>
  bentVenue(venue, () => ({
    cancel: () => undefined,
    cancelAll: () => Promise.resolve(ok(undefined)),
  }));
