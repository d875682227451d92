/**
 * Formats: which recordings Arrival reads, how each is told, and which belong together.
 *
 * A **group** is a set of formats that are different streams of one instrument, which their maker
 * keeps in separate files: the book in one, the trades in another. Files of one format follow each
 * other in the order given (day after day); files of different formats of one group lie side by
 * side and are merged by time. Formats of different groups are never one recording. What must stay
 * true: every recording has exactly one stream that makes the book.
 */
import { unreachable } from "../core/domain/errors.ts";
import { BinanceCapture } from "./binance-capture.ts";
import { BitstampOrders, isBitstampLine } from "./bitstamp-capture.ts";
import { BybitArchive, BybitFrames } from "./bybit-capture.ts";
import { BybitTrades, isBybitTradesHead } from "./bybit-trades.ts";
import type { CaptureContext, CaptureDecoder, ReadOptions } from "./capture.ts";
import { CoinbaseFeed, CoinbaseTables, isCoinbaseHead } from "./coinbase-capture.ts";
import { HftbacktestCapture } from "./hftbacktest-capture.ts";
import { isLobsterLine, LobsterCapture } from "./lobster-capture.ts";
import { BASE_LATENCY_MS } from "./recording-builder.ts";
import { TardisBook } from "./tardis-book.ts";
import { tardisFormatOf } from "./tardis-rows.ts";
import { TardisQuotes, TardisTrades } from "./tardis-trades.ts";

export type RecordingFormat =
  | "binance-capture"
  | "bybit-frames"
  | "bybit-archive"
  | "lobster"
  | "coinbase-tables"
  | "coinbase-feed"
  | "bitstamp-orders"
  | "bybit-trades"
  | "tardis-book"
  | "tardis-trades"
  | "tardis-quotes"
  | "hftbacktest"
  | "event-file";

/** Those that come from elsewhere. */
export type CaptureFormat = Exclude<RecordingFormat, "event-file">;

/**
 * What a format holds of its instrument. `all`: the book, and its trades where there are any.
 * `quotes`: the best of both sides; it makes a book of one level where no other stream of the
 * recording makes one, and otherwise is what the book is held against.
 */
export type StreamContent = "all" | "book" | "trades" | "quotes";

/** Where a format stands among those that may be read beside it. */
export interface FormatStream {
  /** Formats with an equal name are streams of one instrument. */
  readonly group: string;
  readonly content: StreamContent;
}

export function streamOf(format: CaptureFormat): FormatStream {
  switch (format) {
    case "bybit-archive":
      return { group: "bybit-archive", content: "book" };
    case "bybit-trades":
      return { group: "bybit-archive", content: "trades" };
    case "tardis-book":
      return { group: "tardis", content: "book" };
    case "tardis-trades":
      return { group: "tardis", content: "trades" };
    case "tardis-quotes":
      return { group: "tardis", content: "quotes" };
    default:
      return { group: format, content: "all" };
  }
}

/** Whether there is a stream among them that makes a book: without one nothing can be replayed. */
export const makesBook = (formats: readonly CaptureFormat[]): boolean =>
  formats.some((format) => streamOf(format).content !== "trades");

/**
 * The least feed latency that is left after clock correction, milliseconds. Where who wrote the
 * files has corrected their clocks, times are left as they are.
 */
export function baseLatencyOf(format: RecordingFormat, { baseLatencyMs }: ReadOptions): number {
  const isCorrected = format === "event-file" || format === "hftbacktest";
  return isCorrected ? 0 : (baseLatencyMs ?? BASE_LATENCY_MS);
}

export const UNKNOWN_FORMAT =
  "no line is of a known format; Arrival reads Binance captures (`<receive time> <frame>`), " +
  "Bybit frame files and archives of order books and trades, LOBSTER days, Coinbase tables, " +
  "Bitstamp order logs and the Tardis tables incremental_book_L2, trades and quotes, plain or in " +
  "gzip, zstd or zip; npz files of hftbacktest; and its own event files";

/** The format that a line tells, if it tells one. hftbacktest's files are told by `isNumpyFile`. */
export function formatOf(line: string): CaptureFormat | undefined {
  if (/^\d{13,19} \{/.test(line)) return "binance-capture";
  if (line.startsWith('{"t":"')) return "bybit-frames";
  if (line.startsWith('{"topic":"orderbook.')) return "bybit-archive";
  if (line.startsWith("exchange,symbol,")) return tardisFormatOf(line);
  if (isBybitTradesHead(line)) return "bybit-trades";
  if (isBitstampLine(line)) return "bitstamp-orders";
  if (isCoinbaseHead(line)) return line.startsWith("_id") ? "coinbase-feed" : "coinbase-tables";
  if (isLobsterLine(line)) return "lobster";
  return undefined;
}

/** `beside`: the other formats of its group that are read into the same recording. */
export function decoderFor(
  format: CaptureFormat,
  context: CaptureContext,
  beside: readonly CaptureFormat[] = [],
): CaptureDecoder {
  switch (format) {
    case "binance-capture":
      return new BinanceCapture(context);
    case "bybit-frames":
      return new BybitFrames(context);
    case "bybit-archive":
      return new BybitArchive(context, beside.includes("bybit-trades"));
    case "lobster":
      return new LobsterCapture(context);
    case "coinbase-tables":
      return new CoinbaseTables(context);
    case "coinbase-feed":
      return new CoinbaseFeed(context);
    case "bitstamp-orders":
      return new BitstampOrders(context);
    case "bybit-trades":
      return new BybitTrades(context);
    case "tardis-book":
      return new TardisBook(context);
    case "tardis-trades":
      return new TardisTrades(context);
    case "tardis-quotes":
      return new TardisQuotes(context, !beside.includes("tardis-book"));
    case "hftbacktest":
      return new HftbacktestCapture(context);
    default:
      return unreachable(format);
  }
}
