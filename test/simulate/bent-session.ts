/**
 * Bent session: a venue's session with one thing done wrong, for the simulator's own tests.
 *
 * All that is not bent goes through as it is.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../../src/core/domain/child-order.ts";
import { ok } from "../../src/core/domain/errors.ts";
import type { AmendTerms, RiskApproved } from "../../src/core/domain/messages.ts";
import type { AdoptedOrder, Venue, VenueSession, VenueSink } from "../../src/venues/venue.ts";

export type Tell = (id: ClientOrderId, report: OrderReport) => void;

/** What is done instead. `tell` is the way to the engine. */
export interface Bend {
  readonly report?: (id: ClientOrderId, report: OrderReport, tell: Tell) => void;
  readonly adopt?: (orders: readonly AdoptedOrder[], inner: VenueSession) => void;
  readonly started?: (tell: Tell) => void;
  readonly place?: (order: RiskApproved<OrderTerms>, inner: VenueSession) => void;
  readonly amend?: (amend: RiskApproved<AmendTerms>, inner: VenueSession) => void;
  readonly cancel?: (id: ClientOrderId, inner: VenueSession, tell: Tell) => void;
  readonly cancelAll?: VenueSession["cancelAll"];
}

/** @param bend one for each session, made when it is opened. */
export const bentVenue = (venue: Venue, bend: (inner: VenueSession) => Bend): Venue => ({
  name: venue.name,
  open: async (signal, terms) => {
    const opened = await venue.open(signal, terms);
    return opened.ok ? ok(bentSession(opened.value, bend(opened.value))) : opened;
  },
});

function bentSession(inner: VenueSession, bend: Bend): VenueSession {
  let sink: VenueSink | undefined;
  const tell: Tell = (id, report) => sink?.report(id, report);
  const bent: Partial<VenueSession> = {
    adopt: (orders) => (bend.adopt === undefined ? inner.adopt(orders) : bend.adopt(orders, inner)),
    start(given) {
      sink = given;
      inner.start({
        rows: (block) => given.rows(block),
        notice: (notice) => given.notice(notice),
        report: (id, report) =>
          bend.report === undefined ? tell(id, report) : bend.report(id, report, tell),
      });
      bend.started?.(tell);
    },
    place: (order) => (bend.place === undefined ? inner.place(order) : bend.place(order, inner)),
    amend: (amend) => (bend.amend === undefined ? inner.amend(amend) : bend.amend(amend, inner)),
    cancel: (id) => (bend.cancel === undefined ? inner.cancel(id) : bend.cancel(id, inner, tell)),
    cancelAll: () => (bend.cancelAll === undefined ? inner.cancelAll() : bend.cancelAll()),
  };
  return new Proxy(inner, {
    get(_, name) {
      if (Object.hasOwn(bent, name)) return bent[name as keyof VenueSession];
      const value: unknown = Reflect.get(inner, name, inner);
      return typeof value === "function" ? value.bind(inner) : value;
    },
  });
}
