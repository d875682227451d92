/**
 * Session parts: what a session is made of, and its waits.
 */
import type { Result } from "../../core/domain/errors.ts";
import type { FeeRates } from "../../core/execution/instrument-state.ts";
import type { MarketHeader } from "../../core/market/columns.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { AccountSummary, VenueFault } from "../venue.ts";
import type { MarketGuard } from "./market-guard.ts";
import type { MarketStream } from "./market-stream.ts";
import type { OrderEntry } from "./order-entry.ts";
import type { OrderQuestions } from "./order-questions.ts";
import type { OrderGate } from "./order-rules.ts";
import type { VenueMillis } from "./order-sighting.ts";
import type { OrderTracker } from "./order-tracker.ts";
import type { BybitRest } from "./rest-client.ts";
import type { RulesWatch } from "./rules-watch.ts";
import type { Grid, OrderStyle } from "./wire.ts";

export interface SessionParts {
  readonly header: MarketHeader;
  readonly fees: FeeRates;
  readonly account: AccountSummary;
  readonly grid: Grid;
  readonly style: OrderStyle;
  readonly rest: BybitRest;
  readonly market: MarketStream;
  readonly guard: MarketGuard;
  readonly tracker: OrderTracker;
  readonly questions: OrderQuestions;
  readonly entry: OrderEntry;
  readonly gate: OrderGate;
  readonly rules: RulesWatch;
  readonly timers: Timers;
  readonly pace: SessionPace;
  /** Begins the ids of all orders of this run. */
  readonly prefix: string;
  /** Takes what is secret out of a text. */
  readonly redact: (text: string) => string;
  readonly refresh: () => Promise<Result<AccountSummary, VenueFault>>;
  /** What the account held then is known. */
  readonly knownTo: VenueMillis;
  /** See `OpenTerms`. */
  readonly wasSent: (clientOrderId: string) => boolean;
  /** The private stream is made anew. */
  readonly restartPrivate: (reason: string) => void;
  /** Ends the streams and whatever else was opened. */
  readonly closeParts: () => void;
}

export interface SessionPace {
  /** A new order or an amendment that has waited for so long is not sent. */
  readonly orderPatienceMs: number;
  readonly cancelPatienceMs: number;
  /** Between two looks at what is to be asked. */
  readonly lookMs: number;
  /** How long `cancelAll` goes on. */
  readonly withdrawMs: number;
  /** Between two lists of open orders while orders are withdrawn. */
  readonly withdrawLookMs: number;
  /** A cancel is sent again when the order is still there so long after it went. */
  readonly withdrawAgainMs: number;
  /** All open orders and executions are asked for so often. */
  readonly sweepMs: number;
  /** What is found by asking, and happened longer ago, the private stream should have told. */
  readonly silentMs: number;
}

export const SESSION_PACE: SessionPace = {
  orderPatienceMs: 2000,
  cancelPatienceMs: 10_000,
  lookMs: 50,
  withdrawMs: 60_000,
  withdrawLookMs: 500,
  withdrawAgainMs: 2000,
  sweepMs: 30_000,
  silentMs: 5000,
};
