/**
 * Feed: the contract of a venue's live public market data, and what all of them share.
 *
 * A feed turns a venue's streams into messages for sinks, by the same decoders that read captures,
 * and keeps the books whole: what it loses becomes a `GAP`, and it asks for what the next book
 * begins with. It knows nothing of files.
 */
import type { Result } from "../../core/domain/errors.ts";
import type { ContractKind, Instrument } from "../../core/domain/instrument.ts";
import type { MarketTold } from "../../core/domain/messages.ts";
import type { Transport } from "../network/transport.ts";
import { type OpenSink, TimeBase } from "../capture.ts";
import type { DataFault, Position } from "../fault.ts";
import { FileCounts } from "../read-report.ts";
import type { Backoff } from "./backoff.ts";
import type { ClockOffset, LocalClock } from "./clock.ts";
import type { SessionPace } from "./stream-session.ts";

/** Every time-out and wait of a feed. Milliseconds. */
export interface FeedPace extends SessionPace {
  readonly restTimeoutMs: number;
  readonly restBackoff: Backoff;
  /** Between two requests to bring one book back. */
  readonly resyncBackoff: Backoff;
}

export const DEFAULT_PACE: FeedPace = {
  handshakeMs: 10_000,
  // Binance takes five messages a second on its spot streams, Bybit more.
  spacingMs: 250,
  heartbeatMs: 20_000,
  silenceMs: 60_000,
  // Bybit takes 500 connections in five minutes from one address, Binance 300.
  backoff: { firstMs: 500, mostMs: 30_000 },
  stableMs: 60_000,
  // Binance ends a connection after a day.
  lifetimeMs: 23 * 3_600_000,
  idleMs: 120_000,
  overlapMs: 1000,
  handoverMs: 15_000,
  restTimeoutMs: 10_000,
  restBackoff: { firstMs: 500, mostMs: 30_000 },
  resyncBackoff: { firstMs: 1000, mostMs: 30_000 },
};

export interface FeedOptions {
  readonly kind: ContractKind;
  readonly symbols: readonly string[];
  /** Levels of each side, where the venue has several streams. */
  readonly depth?: number | undefined;
  /** Instead of the venue's own address of streams, such as `wss://stream-testnet.bybit.com`. */
  readonly host?: string | undefined;
  /** Instead of the venue's own address of questions. */
  readonly rest?: string | undefined;
  /** Told an instrument with its first message. */
  readonly openSink: OpenSink;
  readonly onEvent: (event: FeedEvent) => void;
  /** What the venue tells of a market besides; absent: it is not asked for. */
  readonly onTold?: ((symbol: string, told: MarketTold) => void) | undefined;
  readonly clock: LocalClock;
  /** In [0, 1); only waits depend on it. */
  readonly random: () => number;
  readonly pace?: FeedPace;
  /** Absent: the system's network. */
  readonly transport?: Transport | undefined;
  /** What times count from, a whole second; absent: the second before the clock is known. */
  readonly epochNanos?: bigint | undefined;
}

/** What a person, or a log, should know of. */
export interface FeedEvent {
  readonly kind: "connected" | "lost" | "retry" | "gap" | "synchronised" | "notice";
  /** Absent where it concerns the connection. */
  readonly symbol?: string;
  readonly text: string;
}

export interface Feed {
  readonly counts: FileCounts;
  /** Times are nanoseconds since its second, which is set by `prepare`. */
  readonly time: TimeBase;
  /** Added to each stamp; measured by `prepare`. */
  readonly offset: ClockOffset;
  /** Asks for the time and the instruments, and opens a sink for some of them. */
  prepare(): Promise<Result<readonly Instrument[], DataFault>>;
  /** Connects; after `prepare`. Ends with `stop` only. */
  start(): void;
  stop(): void;
  /** The time by the venue's clock, as every message is stamped. */
  now(): number;
}

/** Symbols of one run: two streams each, and venues take some two hundred on a connection. */
export const MOST_SYMBOLS = 100;

const BILLION = 1_000_000_000n;

/** Frames are numbered as the lines of a capture are. */
export class FeedState {
  readonly counts = new FileCounts();
  readonly time = new TimeBase();
  readonly position: Position;
  offset: ClockOffset = { nanos: 0, errorNanos: 0 };
  readonly #clock: LocalClock;
  #shift = 0n;

  constructor(venue: string, clock: LocalClock) {
    this.position = { file: venue, line: 0 };
    this.#clock = clock;
  }

  /** The clock is right from here on; without an epoch, it is the second before. */
  begin(offset: ClockOffset, epochNanos?: bigint): void {
    this.offset = offset;
    this.#shift = BigInt(Math.round(offset.nanos));
    const second = (this.#clock.nanos() + this.#shift) / BILLION;
    this.time.seconds = Number(epochNanos === undefined ? second - 1n : epochNanos / BILLION);
  }

  /** A stamp of our clock, by the venue's and since the epoch. */
  local(nanos: bigint): number {
    return Number(nanos + this.#shift - BigInt(this.time.seconds) * BILLION);
  }

  now(): number {
    return this.local(this.#clock.nanos());
  }

  /** Counts a frame. */
  take(): void {
    this.position.line += 1;
    this.counts.lines += 1;
  }
}
