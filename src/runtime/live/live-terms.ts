/**
 * Live terms: what a live run is asked for, and what it answers.
 */
import type { Instrument } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Micros } from "../../core/domain/units.ts";
import type { ParentState } from "../../core/execution/parent-state.ts";
import type { ExecutionReport } from "../../core/tca/report.ts";
import type { Timers } from "../../venues/timers.ts";
import type { Venue, VenueCode, VenueNotice } from "../../venues/venue.ts";
import type { OrderRequest } from "../backtest.ts";
import type { JournalCode } from "../journal/journal.ts";
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
  /** Of the order, and of all its child orders; absent: a new one (`newParentId`). */
  readonly parentId?: string;
  readonly timers?: Timers;
  /** The loop goes on for so long after the order has ended, for markouts. */
  readonly linger?: Micros;
  readonly signal?: AbortSignal;
  readonly onStep?: (event: EngineEvent, outputs: readonly EngineOutput[]) => void;
  readonly onNotice?: (notice: VenueNotice) => void;
}

export interface LiveFault {
  readonly code: VenueCode | JournalCode | "RUN_QUANTITY" | "RUN_NO_BOOK" | "RUN_MARKET_FILE";
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

export interface LiveResult {
  readonly parentId: string;
  readonly phase: ParentState["phase"];
  readonly reason: string;
  readonly end: LiveEnd;
  /** Null when the order never arrived: there was nothing to measure against. */
  readonly report: ExecutionReport | null;
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
