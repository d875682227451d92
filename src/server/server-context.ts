/**
 * Server context: what all routes work with, made once when the server is opened.
 */
import type { Addresses } from "./addresses.ts";
import type { Approvals } from "./approvals.ts";
import type { OpenedJournals } from "./opened-journals.ts";
import type { RequestGuard } from "./request-guard.ts";
import type { ServerOptions } from "./server-terms.ts";
import type { Sessions } from "./sessions.ts";
import type { StreamHub } from "./stream-hub.ts";

export interface ServerContext {
  readonly options: ServerOptions;
  readonly approvals: Approvals;
  readonly sessions: Sessions;
  readonly guard: RequestGuard;
  readonly hub: StreamHub;
  readonly journals: OpenedJournals;
  readonly addresses: Addresses;
  /** Where it is told that something could not be shown. */
  onFault: (error: unknown) => void;
  /** Name of the session's cookie. */
  readonly cookie: string;
  readonly isSecure: boolean;
}
