/**
 * Bybit options: what a session is opened with, and how long everything may take.
 */
import type { Decimal } from "../../core/domain/decimal.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import type { Transport } from "../../data/network/transport.ts";
import type { AnchoredClock } from "../../data/recorder/clock.ts";
import type { FeedPace } from "../../data/recorder/feed.ts";
import type { Credentials } from "./credentials.ts";
import type { Hosts } from "./hosts.ts";
import type { TrackerPatience } from "./order-sighting.ts";
import type { RateOptions } from "./rate-scheduler.ts";
import type { SessionPace } from "./session-parts.ts";
import type { StreamPace } from "./signed-stream.ts";
import type { PositionIndex, SelfMatch } from "./wire.ts";

export interface BybitVenueOptions {
  readonly hosts: Hosts;
  readonly credentials: Credentials;
  readonly category: ContractKind;
  readonly symbol: string;
  /**
   * Begins the ids of all orders of this run and of no other: by it orders are known as ours that a
   * run before has left, and `cancelAll` withdraws those too.
   */
  readonly prefix: string;
  /** 0 for one-way mode; 1 for the long, 2 for the short side of hedge mode. */
  readonly positionIndex?: PositionIndex;
  /** Decimal text; absent: as it is. */
  readonly leverage?: string;
  /** Whether the leverage may be set where it is another; else `open` refuses. */
  readonly setsLeverage?: boolean;
  /** Absent: as the account has it. */
  readonly selfMatch?: SelfMatch;
  /** Of one order, in US dollars. */
  readonly maxOrderValue?: Decimal;
  /** Between two new orders. */
  readonly minIntervalMs?: number;
  /** Disconnect protection: seconds. It withdraws the orders of others on the account, too. */
  readonly protectionSeconds?: number;
  /** Levels of each side of the book. */
  readonly depth?: number;
  /** Connections for order entry; 0: orders go over HTTP. */
  readonly tradeConnections?: number;
  readonly rates?: RateOptions;
  /** All IO and all waiting go through it; absent: the system's. */
  readonly transport?: Transport;
  readonly clock?: AnchoredClock;
  /** In [0, 1); only waits depend on it. */
  readonly random?: () => number;
  readonly pace?: BybitPace;
}

/** Every time-out and wait. */
export interface BybitPace {
  readonly feed?: FeedPace;
  readonly stream?: StreamPace;
  readonly session?: SessionPace;
  readonly tracker?: TrackerPatience;
  /** An answer of the trade stream that has not come by then does not come. */
  readonly answerMs?: number;
  readonly restTimeoutMs?: number;
  /** The streams stand and a book is known by then, or the session is not opened. */
  readonly openMs?: number;
  /** The book is held against the one that the venue tells so often [60,000]; 0: never. */
  readonly checkMs?: number;
  /** A difference counts that is still there after so long [5,000]. */
  readonly checkAgainMs?: number;
  /** The instrument's rules are asked for so often [180,000]. */
  readonly rulesMs?: number;
  /** And no more often than this when orders are refused [2,000]. */
  readonly rulesSoonMs?: number;
}
