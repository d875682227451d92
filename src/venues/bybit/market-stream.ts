/**
 * Market stream: one instrument's public book and trades, as rows for a session.
 *
 * The feed that records markets keeps the book whole; this keeps what it brings until somebody
 * listens, and lets the book be distrusted from outside. What must stay true: rows are whole
 * messages in order of local time, and whoever listens first hears all that came before, or the
 * market from a new snapshot on.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import type { MarketTold } from "../../core/domain/messages.ts";
import {
  ColumnsBuilder,
  Kind,
  KIND_MASK,
  type MarketBlock,
  type MarketHeader,
} from "../../core/market/columns.ts";
import type { Transport } from "../../data/network/transport.ts";
import type { DataFault } from "../../data/fault.ts";
import { BybitFeed } from "../../data/recorder/bybit-feed.ts";
import type { AnchoredClock } from "../../data/recorder/clock.ts";
import type { FeedEvent, FeedPace } from "../../data/recorder/feed.ts";
import { MessageRows } from "../message-rows.ts";
import type { VenueFault, VenueNotice } from "../venue.ts";
import type { Hosts } from "./hosts.ts";

export interface MarketStreamOptions {
  readonly hosts: Hosts;
  readonly category: ContractKind;
  readonly symbol: string;
  /** Levels of each side. */
  readonly depth: number | undefined;
  readonly clock: AnchoredClock;
  readonly random: () => number;
  readonly pace: FeedPace | undefined;
  readonly notice: (notice: VenueNotice) => void;
  readonly transport: Transport;
  /** What rows' times count from; absent: the session's own choice. */
  readonly epochNanos: bigint | undefined;
  /** Of a run that is gone on with: is told what else would refuse. */
  readonly hindered?: ((fault: VenueFault) => void) | undefined;
}

/** What is kept until somebody listens: minutes of a busy market. */
const MOST_KEPT = 2_000_000;
/** A clock that is known no better than this cannot date orders. */
const MOST_CLOCK_ERROR_NANOS = 1e9;

export class MarketStream {
  readonly #options: MarketStreamOptions;
  readonly #feed: BybitFeed;
  readonly #rows = new MessageRows((block) => this.#take(block));
  readonly #first = Promise.withResolvers<void>();
  #kept: ColumnsBuilder | undefined = new ColumnsBuilder();
  #tell: ((block: MarketBlock) => void) | undefined;
  #tellTold: ((told: MarketTold) => void) | undefined;
  /** As the venue said before anybody listened. */
  #told: MarketTold | undefined;
  /** Kept rows are complete from their beginning on. */
  #isWhole = true;
  #header: MarketHeader | undefined;

  constructor(options: MarketStreamOptions) {
    this.#options = options;
    const { hosts, category, symbol, depth, clock, random, pace } = options;
    const { transport, epochNanos } = options;
    this.#feed = new BybitFeed({
      kind: category,
      symbols: [symbol],
      depth,
      host: hosts.publicHost,
      rest: hosts.rest,
      clock,
      random,
      transport,
      epochNanos,
      openSink: () => this.#rows,
      onEvent: (event) => options.notice(noticeOf(event)),
      onTold: (_, told) => this.#hear(told),
      ...(pace === undefined ? {} : { pace }),
    });
  }

  /** Measures the clock and asks for the instrument. */
  async prepare(): Promise<Result<MarketHeader, VenueFault>> {
    const prepared = await this.#feed.prepare();
    if (!prepared.ok) return err(faultOf(prepared.error));
    const { errorNanos } = this.#feed.offset;
    if (errorNanos > MOST_CLOCK_ERROR_NANOS) {
      const by = (errorNanos / 1e6).toFixed(0);
      const text = `the venue's time is known to within ${by} ms only: the connection is too slow`;
      const { hindered } = this.#options;
      if (hindered === undefined) return err({ code: "VENUE_CLOCK", text });
      hindered({ code: "VENUE_CLOCK", text });
    }
    if (this.now() < 0) return err(EPOCH_AHEAD);
    this.#header = {
      instrument: prepared.value[0]!,
      epochNanos: BigInt(this.#feed.time.seconds) * 1_000_000_000n,
      ownTradesPrinted: true,
    };
    return ok(this.#header);
  }

  /** Connects; after `prepare`. */
  open(): void {
    this.#feed.start();
  }

  /** Resolves once there is a book. */
  get firstBook(): Promise<void> {
    return this.#first.promise;
  }

  /** Nanoseconds since the header's epoch, by the venue's clock. */
  now(): number {
    return this.#feed.now();
  }

  /** From here on `tell` hears every message, `told` what else is said; what was before, now. */
  listen(tell: (block: MarketBlock) => void, told?: (told: MarketTold) => void): void {
    if (this.#told !== undefined) told?.(this.#told);
    this.#told = undefined;
    this.#tellTold = told ?? (() => undefined);
    const kept = this.#kept;
    this.#kept = undefined;
    this.#tell = tell;
    if (!this.#isWhole) this.distrust();
    else if (kept !== undefined && kept.length > 0) tell(kept.view());
  }

  /** The book is not what the venue's is: it is lost from here on, and begun anew. */
  distrust(): void {
    this.#feed.distrust(this.#options.symbol);
  }

  close(): void {
    this.#tell = () => undefined;
    this.#tellTold = () => undefined;
    this.#feed.stop();
  }

  #hear(told: MarketTold): void {
    if (this.#tellTold === undefined) this.#told = { ...this.#told, ...told };
    else this.#tellTold(told);
  }

  #take(block: MarketBlock): void {
    if ((block.kind[0]! & KIND_MASK) === Kind.CLEAR) this.#first.resolve();
    if (this.#tell !== undefined) return this.#tell(block);
    const kept = this.#kept;
    if (kept === undefined) return;
    if (kept.length + block.length > MOST_KEPT) {
      this.#kept = undefined;
      this.#isWhole = false;
      return;
    }
    for (let row = 0; row < block.length; row++) {
      kept.push(
        block.exchangeTime[row]!,
        block.localTime[row]!,
        block.kind[row]!,
        block.price[row]!,
        block.quantity[row]!,
      );
    }
  }
}

const EPOCH_AHEAD: VenueFault = {
  code: "VENUE_CLOCK",
  text:
    "the run that is to be gone on with began later than it is now by the venue's clock: " +
    "check the clock of the machine that it ran on",
};

const faultOf = ({ code, text }: DataFault): VenueFault =>
  code === "DATA_SYMBOL"
    ? { code: "VENUE_SYMBOL", text }
    : { code: "VENUE_UNREACHABLE", text: `${text}; check the address and the connection` };

const noticeOf = ({ kind, text }: FeedEvent): VenueNotice =>
  kind === "lost" || kind === "gap" || kind === "retry"
    ? { severity: "warning", code: "VENUE_FEED_LOST", text }
    : { severity: "info", code: "VENUE_FEED", text };
