/**
 * Venue: how a session is opened. What holds once it is open stands in `venue-session.ts`.
 */
import type { Result } from "../core/domain/errors.ts";
import type { VenueFault, VenueSession } from "./venue-session.ts";

export type * from "./venue-session.ts";

/** A venue that can be traded on: the runtime knows nothing else of it. */
export interface Venue {
  /** Such as "bybit". */
  readonly name: string;
  /** Checks the account, the rules and the clock, and opens the streams. Sends no order. */
  open(signal: AbortSignal): Promise<Result<VenueSession, VenueFault>>;
}
