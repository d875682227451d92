/**
 * Live recording: a venue's feed into one recorder per instrument, until it is stopped.
 *
 * What must stay true: whatever ends it (the caller, a full disk, its longest time), every file is
 * sealed that can be, and what cannot is readable up to its last block.
 */
import { err, type Result } from "../../core/domain/errors.ts";
import { formatPrice, type ContractKind, type Instrument } from "../../core/domain/instrument.ts";
import { ticks } from "../../core/domain/units.ts";
import type { DataFault } from "../fault.ts";
import { isoNanos } from "../recording-builder.ts";
import { BinanceFeed } from "./binance-feed.ts";
import { BybitFeed } from "./bybit-feed.ts";
import { AnchoredClock, type ClockOffset, type LocalClock } from "./clock.ts";
import type { Feed, FeedEvent, FeedOptions, FeedPace } from "./feed.ts";
import { type BookKnowledge, MarketRecorder } from "./market-recorder.ts";
import type { Rotation } from "./rotation.ts";

/** One file and one line per venue that can be recorded. */
const FEEDS = {
  bybit: (options: FeedOptions): Feed => new BybitFeed(options),
  binance: (options: FeedOptions): Feed => new BinanceFeed(options),
} as const;

export type RecordedVenue = keyof typeof FEEDS;
export const RECORDED_VENUES = Object.keys(FEEDS) as readonly RecordedVenue[];

export interface LiveRecordingOptions {
  readonly venue: RecordedVenue;
  readonly kind: ContractKind;
  readonly symbols: readonly string[];
  readonly depth?: number | undefined;
  readonly host?: string | undefined;
  readonly rest?: string | undefined;
  /** An existing folder. */
  readonly folder: string;
  readonly rotation?: Rotation;
  readonly level?: number;
  readonly onEvent: (event: RecordingEvent) => void;
  readonly clock?: LocalClock;
  readonly random?: () => number;
  readonly pace?: FeedPace;
  readonly flushNanos?: number;
  readonly horizonNanos?: number;
}

export type RecordingEvent =
  FeedEvent | { readonly kind: "file"; readonly symbol: string; readonly text: string };

export interface SymbolStatus {
  readonly symbol: string;
  readonly book: BookKnowledge;
  readonly rows: number;
  readonly messages: number;
  /** Decimal text; absent before the first trade. */
  readonly lastPrice?: string;
  readonly gaps: number;
  /** Mean since the status before; absent where nothing came. */
  readonly latencyMs?: number;
  readonly bytes: number;
  readonly file?: string;
}

export interface SymbolSummary extends SymbolStatus {
  readonly files: readonly string[];
  /** Times without a book, by the venue's clock; the first thousand. */
  readonly outages: readonly { readonly from: string; readonly until?: string }[];
  readonly trades: number;
  /** Trades whose consecutive ids were skipped, where the venue counts them. */
  readonly tradesMissing: number;
  readonly duplicates: number;
  /** Messages while no book was known. */
  readonly withoutBook: number;
  /** Messages received before they happened, by the stamps: moved to when they happened. */
  readonly lifted: number;
  /** Messages stamped over a minute ahead. */
  readonly corrected: number;
  /** Messages too late for their place. */
  readonly late: number;
  readonly offTick: number;
}

export interface RecordingSummary {
  readonly venue: RecordedVenue;
  readonly contract: ContractKind;
  readonly seconds: number;
  readonly clock: ClockOffset;
  readonly frames: number;
  readonly badFrames: number;
  readonly symbols: readonly SymbolSummary[];
}

export interface RecordingEnd {
  /** Absent where the longest time is over. */
  readonly fault?: DataFault;
}

const TICK_MS = 1000;
/** Times are counted in nanoseconds from the start, exactly for a hundred days. */
const LONGEST_NANOS = 90 * 86_400 * 1e9;

export class LiveRecording {
  /** Resolves when it cannot go on; `stop` is still to be called. */
  readonly ended: Promise<RecordingEnd>;
  readonly #options: LiveRecordingOptions;
  readonly #feed: Feed;
  readonly #clock: LocalClock;
  readonly #recorders = new Map<string, MarketRecorder>();
  readonly #files = new Map<string, string[]>();
  readonly #end: (end: RecordingEnd) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveRecordingOptions) {
    this.#options = options;
    this.#clock = options.clock ?? new AnchoredClock();
    const { promise, resolve } = Promise.withResolvers<RecordingEnd>();
    this.ended = promise;
    this.#end = resolve;
    const { venue, kind, symbols, depth, host, rest, pace } = options;
    this.#feed = FEEDS[venue]({
      kind,
      symbols,
      depth,
      host,
      rest,
      clock: this.#clock,
      random: options.random ?? Math.random,
      onEvent: (event) => options.onEvent(event),
      openSink: (instrument, counts) => this.#open(instrument, counts),
      ...(pace === undefined ? {} : { pace }),
    });
  }

  /** Asks the venue for what it needs, and connects. */
  async start(): Promise<Result<readonly Instrument[], DataFault>> {
    const prepared = await this.#feed.prepare();
    if (!prepared.ok) {
      this.#feed.stop();
      return err(prepared.error);
    }
    const { flushNanos = Number.POSITIVE_INFINITY } = this.#options;
    this.#timer = setInterval(() => this.tick(), Math.min(TICK_MS, flushNanos / 1e6));
    this.#feed.start();
    return prepared;
  }

  /** Lets go of what is settled; called by itself each second. */
  tick(): void {
    if (this.#clock instanceof AnchoredClock) this.#clock.check();
    const now = this.#feed.now();
    for (const recorder of this.#recorders.values()) recorder.tick(now);
    if (now > LONGEST_NANOS) this.#end({});
  }

  /** Frames that came so far, answers included. */
  get frames(): number {
    return this.#feed.counts.lines;
  }

  /** The latency is that since the call before. */
  status(): SymbolStatus[] {
    return this.#options.symbols.map((symbol) => this.#statusOf(symbol));
  }

  /** Seals every file. */
  stop(): RecordingSummary {
    clearInterval(this.#timer);
    const now = this.#feed.now();
    this.#feed.stop();
    for (const recorder of this.#recorders.values()) recorder.close();
    const { venue, kind, symbols } = this.#options;
    return {
      venue,
      contract: kind,
      seconds: Math.max(0, now / 1e9 - 1),
      clock: this.#feed.offset,
      frames: this.#feed.counts.lines,
      badFrames: this.#feed.counts.badLines.count,
      symbols: symbols.map((symbol) => this.#summaryOf(symbol)),
    };
  }

  #open(instrument: Instrument, counts: MarketRecorder["counts"]): MarketRecorder {
    const { folder, rotation, level, flushNanos, horizonNanos, venue } = this.#options;
    const { symbol } = instrument;
    const files: string[] = [];
    this.#files.set(symbol, files);
    const recorder = new MarketRecorder({
      instrument,
      baseSeconds: this.#feed.time.seconds,
      folder,
      counts,
      format: `${venue}-live`,
      notes: this.#notes(),
      clockShiftNanos: this.#feed.offset.nanos,
      onFault: (fault) => this.#end({ fault }),
      onFile: (path) => {
        files.push(path);
        this.#options.onEvent({ kind: "file", symbol, text: path });
      },
      ...(rotation === undefined ? {} : { rotation }),
      ...(level === undefined ? {} : { level }),
      ...(flushNanos === undefined ? {} : { flushNanos }),
      ...(horizonNanos === undefined ? {} : { horizonNanos }),
    });
    this.#recorders.set(symbol, recorder);
    return recorder;
  }

  #notes(): string[] {
    const { nanos, errorNanos } = this.#feed.offset;
    const error = (errorNanos / 1e6).toFixed(3);
    return [
      nanos === 0
        ? `Local times are of our clock; it agreed with the venue's to within ${error} ms.`
        : `Local times are of our clock, moved by ${(nanos / 1e6).toFixed(3)} ms to the venue's ` +
          `(as measured at the start, to within ${error} ms).`,
    ];
  }

  #statusOf(symbol: string): SymbolStatus {
    const recorder = this.#recorders.get(symbol);
    if (recorder === undefined) {
      return { symbol, book: "unknown", rows: 0, messages: 0, gaps: 0, bytes: 0 };
    }
    const latency = recorder.takeLatency();
    const { path, lastPrice, instrument } = recorder;
    return {
      symbol,
      book: recorder.book,
      rows: recorder.rows,
      messages: recorder.messages,
      gaps: recorder.gaps,
      bytes: recorder.bytes,
      ...(lastPrice === 0 ? {} : { lastPrice: formatPrice(instrument, ticks(lastPrice)) }),
      ...(Number.isNaN(latency) ? {} : { latencyMs: latency / 1e6 }),
      ...(path === undefined ? {} : { file: path }),
    };
  }

  #summaryOf(symbol: string): SymbolSummary {
    const recorder = this.#recorders.get(symbol);
    const counts = recorder?.counts;
    const iso = (time: number): string => isoNanos(this.#feed.time.seconds, time);
    return {
      ...this.#statusOf(symbol),
      files: this.#files.get(symbol) ?? [],
      outages: (recorder?.outages ?? []).map(({ from, until }) =>
        Number.isNaN(until) ? { from: iso(from) } : { from: iso(from), until: iso(until) },
      ),
      trades: counts?.trades ?? 0,
      tradesMissing: counts?.tradeIdsMissing ?? 0,
      duplicates: counts === undefined ? 0 : sumOf(counts.duplicates),
      withoutBook: counts === undefined ? 0 : sumOf(counts.unsynchronised),
      lifted: recorder?.lifted ?? 0,
      corrected: recorder?.corrected ?? 0,
      late: counts?.lateMessages ?? 0,
      offTick: counts?.offTickPrices.count ?? 0,
    };
  }
}

const sumOf = ({ bookMessages, trades }: { bookMessages: number; trades: number }): number =>
  bookMessages + trades;
