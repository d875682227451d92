/**
 * Live terms: what a live run is asked for, and what it answers.
 */
import type { NewsFeed } from "../../feeds/news-feed.ts";
import type { Advisor } from "../../advisors/advisor.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Micros } from "../../core/domain/units.ts";
import type { ParentState } from "../../core/execution/parent-state.ts";
import type { ExecutionReport } from "../../core/tca/report.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { Venue, VenueCode, VenueNotice } from "../../venues/venue.ts";
import type { OrderRequest } from "../backtest.ts";
import type { ArrivalConfig } from "../config.ts";
import type { Result } from "../../core/domain/errors.ts";
import type { DataFaultCode } from "../../data/fault.ts";
import type { JournalCode, JournalHeader } from "../journal/journal.ts";
import type { RunFollower } from "./run-follower.ts";
import type { RunStore } from "./run-store.ts";
import type { Plugin } from "../plugin.ts";
import type { LiveEnd } from "./live-loop.ts";
import type { TickToOrderFigures } from "./tick-to-order.ts";

export interface LiveRequest extends OrderRequest {
  /** From `begin` to the order's start. */
  readonly start?: Micros;
  readonly reduceOnly?: boolean;
  readonly plugins?: readonly Plugin[];
  readonly seed: number;
}

export interface LiveRunOptions {
  readonly venue: Venue;
  /** Made once the instrument's grid is known. @throws whatever it likes: nothing is open then. */
  readonly request: LiveRequest | ((instrument: Instrument) => LiveRequest);
  /** Where the journal goes, which must not exist; the market's rows go beside it. */
  readonly journal: string;
  /** Another place than files. */
  readonly store?: RunStore;
  /** How to open the venue again, for whoever goes on with the run: plain JSON without secrets. */
  readonly access?: unknown;
  /** Of the order, and of all its child orders; absent: a new one (`newParentId`). */
  readonly parentId?: string;
  readonly timers?: Timers;
  /** The loop goes on for so long after the order has ended, for markouts. */
  readonly linger?: Micros;
  /** Records from one checkpoint to the next; absent: as many as pay. */
  readonly checkpointRecords?: number;
  readonly signal?: AbortSignal;
  /** Who answers the engine's questions; lent. Absent: nobody, and the order goes by its plan. */
  readonly advisor?: Advisor | undefined;
  /** What tells of the world, for whoever is asked. */
  readonly news?: readonly NewsFeed[] | undefined;
  /** It goes on when no order is at work, until it is told to stand down, or is killed. */
  readonly isStanding?: boolean;
  readonly onStep?: (event: EngineEvent, outputs: readonly EngineOutput[]) => void;
  readonly follower?: RunFollower | undefined;
  readonly onNotice?: (notice: VenueNotice) => void;
}

/** Of a run on which orders come and go. */
export interface StandingOptions extends Omit<LiveRunOptions, "request" | "parentId"> {
  /** Begins the ids of all its orders. */
  readonly runId: string;
  /** Where it trades: it is gone on with there alone. */
  readonly place: string;
  readonly config: ArrivalConfig;
  readonly seed: number;
  readonly plugins?: readonly Plugin[];
}

export interface ResumeOptions extends Omit<
  LiveRunOptions,
  "venue" | "request" | "parentId" | "access"
> {
  /** The venue that the run was begun on, made from what its journal's header says. */
  readonly venue: (header: JournalHeader, parentId: string) => Result<Venue, LiveFault>;
  /** The journal cannot be gone on with, and this is what can be read of it. */
  readonly onUnfolded?: (header: JournalHeader, parentId: string) => void;
  readonly plugins?: readonly Plugin[];
}

export interface LiveFault {
  readonly code:
    | VenueCode
    | JournalCode
    | DataFaultCode
    | "RUN_QUANTITY"
    | "RUN_NO_BOOK"
    | "RUN_MARKET_FILE"
    | "RUN_RESUME" //        the journal cannot be gone on with
    | "RUN_ENDED" //         there is nothing to go on with
    | "RUN_RULES_CHANGED"; // the venue's grid is another now
  readonly text: string;
}

/** Why a run was ended by us: told as what halted it. */
export class LiveHalt extends Error {
  override readonly name = "LiveHalt";
  readonly code: "RUN_UNCONFIRMED";

  constructor(text: string) {
    super(text);
    this.code = "RUN_UNCONFIRMED";
  }
}

/** What one parent order came to. */
export interface OrderResult {
  readonly parentId: string;
  readonly phase: ParentState["phase"];
  readonly reason: string;
  /** Null when the order never arrived: there was nothing to measure against. */
  readonly report: ExecutionReport | null;
}

export interface LiveResult extends OrderResult {
  readonly end: LiveEnd;
  /** Of all its orders, where it worked several, in the order in which they came. */
  readonly orders?: readonly OrderResult[];
  readonly rows: number;
  readonly alerts: readonly Alert[];
  readonly refusals: readonly { readonly code: string; readonly count: number }[];
  /** From the receipt of a row to the order that it caused; absent where none did. */
  readonly tickToOrder: TickToOrderFigures | undefined;
  readonly journal: string;
  readonly marketFile: string;
}

export interface Alert {
  readonly severity: string;
  readonly code: string;
  readonly text: string;
}

/** What an interrupt came to. `ended`: the order was at its end before. */
export type Interrupted = "ended" | "left" | "canceling" | "finishing";
