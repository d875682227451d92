/**
 * Venue: how a session is opened. What holds once it is open stands in `venue-session.ts`.
 */
import type { Micros } from "../core/domain/units.ts";
import type { Result } from "../core/domain/errors.ts";
import type { AccountIdentity, VenueFault, VenueSession } from "./venue-session.ts";

export type * from "./venue-session.ts";

/** A venue that can be traded on: the runtime knows nothing else of it. */
export interface Venue {
  /** Such as "bybit". */
  readonly name: string;
  /** Checks the account, the rules and the clock, and opens the streams. Sends no order. */
  open(signal: AbortSignal, terms?: OpenTerms): Promise<Result<VenueSession, VenueFault>>;
}

export interface OpenTerms {
  /**
   * A run before is gone on with, and its orders may rest: nothing of the account is changed, and
   * what only stands in the way of new orders is told and does not refuse.
   */
  readonly isResumed?: boolean;
  /** As that run was told last: what others have executed since counts in `foreignLots`. */
  readonly executedTo?: Micros;
  /** Whether that run has sent an order of this id; executions of others of its name are news. */
  readonly wasSent?: (clientOrderId: string) => boolean;
  /**
   * What rows' times count from: that of the run that is gone on with, a whole second. Absent: the
   * session's own choice.
   */
  readonly epochNanos?: bigint;
  /** Signed: what the run that is gone on with holds, for a venue that remembers nothing itself. */
  readonly positionLots?: number;
  /**
   * Why the session is not to be opened on this account, where it is not: asked once it is known
   * whose it is, and before anything of it is changed.
   */
  readonly whyNot?: (identity: AccountIdentity) => string | undefined;
}
