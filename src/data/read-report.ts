/**
 * Read report: what was found in a recording, counted as it was read.
 *
 * Plain JSON. Nothing is passed over in silence: what does not reach the columns is counted here,
 * the first few of each kind with their place in the files.
 */
import type { Truncation } from "./line-source.ts";

/** How many there were, and the first few. */
export interface Counted<Example> {
  readonly count: number;
  readonly examples: readonly Example[];
}

const EXAMPLES = 5;

export class Tally<Example> implements Counted<Example> {
  count = 0;
  readonly examples: Example[] = [];

  /** The example is made only where it will be kept. */
  add(example: () => Example): void {
    this.count += 1;
    if (this.examples.length < EXAMPLES) this.examples.push(example());
  }

  plain(): Counted<Example> {
    return { count: this.count, examples: this.examples };
  }
}

export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface BadLine extends Place {
  readonly reason: string;
  /** How the line begins. */
  readonly text: string;
}

/** Book messages are missing: the id that had to come, and the one that came. */
export interface Gap extends Place {
  readonly expected: number;
  readonly found: number;
}

/** A number that is no multiple of the instrument's tick or lot. */
export interface OffGrid extends Place {
  readonly text: string;
}

/** A book that the recording states, and that is not the one rebuilt from the messages. */
export interface StatedMismatch extends Place {
  readonly text: string;
}

/** The book rebuilt from messages, held against the books that the recording itself states. */
export interface StatedBooks {
  readonly compared: number;
  /** Differences in what can be known. */
  readonly mismatched: Counted<StatedMismatch>;
  /** Equal not at its place, but to the book as it stood shortly before or after. */
  readonly displaced: number;
  /** With a level that no message tells: the rest was compared. */
  readonly partlyKnown: number;
}

/** What concerns the files, whatever the instrument. */
export interface FileReport {
  readonly lines: number;
  /** Whole messages per stream, of every instrument. */
  readonly streams: Readonly<Record<string, number>>;
  readonly badLines: Counted<BadLine>;
  readonly truncated: readonly Truncation[];
  /** Messages of instruments that were not asked for. */
  readonly otherInstruments: number;
}

/** What concerns one instrument's stream. */
export interface StreamReport {
  /** Book messages that came; those that could not be used included. */
  readonly bookMessages: number;
  readonly trades: number;
  readonly quotes: number;
  readonly gaps: Counted<Gap>;
  readonly stated: StatedBooks;
  /** Messages while no book was known, before the first snapshot or after a gap. */
  readonly unsynchronised: { readonly bookMessages: number; readonly trades: number };
  readonly snapshots: { readonly used: number; readonly unused: number };
  /** Messages seen before: dropped. */
  readonly duplicates: { readonly bookMessages: number; readonly trades: number };
  /** Levels and trades at prices between two ticks: left out. */
  readonly offTickPrices: Counted<OffGrid>;
  /** Quantities between two lots: rounded down. Venues print some now and then. */
  readonly offLotQuantities: Counted<OffGrid>;
  /** Trades at price zero: dropped. */
  readonly priceZeroTrades: number;
  /** Trades whose consecutive ids were skipped. */
  readonly tradeIdsMissing: number;
  /** Times that fell within one stream, as the venue or the recorder stamped them. */
  readonly timeFalls: {
    readonly exchangeBook: number;
    readonly exchangeTrades: number;
    readonly local: number;
  };
  /** Messages older than what could still be held back for them: moved to the least later time. */
  readonly lateMessages: number;
}

/** What concerns the columns that were made. */
export interface ColumnsReport {
  readonly rows: number;
  /** Messages in the columns, each counted once. */
  readonly messages: number;
  /** Rows that stand twice because engine and venue saw them in different orders. */
  readonly doubledRows: number;
  /** Added to every local time, nanoseconds. */
  readonly clockShiftNanos: number;
  /** The least feed latency before that, nanoseconds: negative = the local clock ran behind. */
  readonly leastLatencyNanos: number;
  /** Exchange time of the first and last row, ISO 8601 with nanoseconds. */
  readonly firstTime: string;
  readonly lastTime: string;
}

export interface ReadReport extends FileReport, StreamReport, ColumnsReport {
  /** What the reader assumed or left out, in plain sentences. */
  readonly notes: readonly string[];
}

/** Streams that are counted by name: a true recording has a dozen. */
const MOST_STREAMS = 500;

/** The growing form of `FileReport`. */
export class FileCounts {
  lines = 0;
  otherInstruments = 0;
  readonly streams = new Map<string, number>();
  readonly badLines = new Tally<BadLine>();
  readonly truncated: Truncation[] = [];

  stream(name: string): void {
    const known = this.streams.has(name) || this.streams.size < MOST_STREAMS ? name : "other";
    this.streams.set(known, (this.streams.get(known) ?? 0) + 1);
  }

  plain(): FileReport {
    return {
      lines: this.lines,
      streams: Object.fromEntries(this.streams),
      badLines: this.badLines.plain(),
      truncated: this.truncated,
      otherInstruments: this.otherInstruments,
    };
  }
}

/** The growing form of `StreamReport`. */
export class StreamCounts {
  bookMessages = 0;
  trades = 0;
  quotes = 0;
  priceZeroTrades = 0;
  tradeIdsMissing = 0;
  lateMessages = 0;
  readonly gaps = new Tally<Gap>();
  readonly stated = {
    compared: 0,
    mismatched: new Tally<StatedMismatch>(),
    displaced: 0,
    partlyKnown: 0,
  };
  readonly offTickPrices = new Tally<OffGrid>();
  readonly offLotQuantities = new Tally<OffGrid>();
  readonly unsynchronised = { bookMessages: 0, trades: 0 };
  readonly snapshots = { used: 0, unused: 0 };
  readonly duplicates = { bookMessages: 0, trades: 0 };
  readonly timeFalls = { exchangeBook: 0, exchangeTrades: 0, local: 0 };
  readonly notes: string[] = [];

  plain(): StreamReport {
    return {
      bookMessages: this.bookMessages,
      trades: this.trades,
      quotes: this.quotes,
      gaps: this.gaps.plain(),
      stated: { ...this.stated, mismatched: this.stated.mismatched.plain() },
      unsynchronised: { ...this.unsynchronised },
      snapshots: { ...this.snapshots },
      duplicates: { ...this.duplicates },
      offTickPrices: this.offTickPrices.plain(),
      offLotQuantities: this.offLotQuantities.plain(),
      priceZeroTrades: this.priceZeroTrades,
      tradeIdsMissing: this.tradeIdsMissing,
      timeFalls: { ...this.timeFalls },
      lateMessages: this.lateMessages,
    };
  }
}

/**
 * Adds what another has counted, or what was saved of it: numbers are summed, lists go on, of
 * examples only the first few stay.
 */
export function addCounts<Counts extends FileCounts | StreamCounts>(
  into: Counts,
  from: object,
): Counts {
  addFields(into as unknown as Fields, from as Fields);
  return into;
}

type Fields = Record<string, unknown>;

function addFields(into: Fields, from: Fields): void {
  for (const [name, value] of Object.entries(from)) {
    const own = into[name];
    if (typeof value === "number") into[name] = (own as number) + value;
    else if (Array.isArray(value)) {
      const list = own as unknown[];
      for (const each of value as unknown[]) {
        if (name !== "examples" || list.length < EXAMPLES) list.push(each);
      }
    } else if (value instanceof Map) {
      const sums = own as Map<unknown, number>;
      for (const [key, count] of value as Map<unknown, number>) {
        sums.set(key, (sums.get(key) ?? 0) + count);
      }
    } else addFields(own as Fields, value as Fields);
  }
}
