/**
 * Describe: what is in a recording, in figures that a person asks for first.
 */
import { formatDecimal } from "../core/domain/decimal.ts";
import {
  formatHalfPrice,
  formatQuantity,
  instrumentId,
  notionalEstimate,
} from "../core/domain/instrument.ts";
import { atTick, halfTicks, lots, ticks } from "../core/domain/units.ts";
import {
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  OFF_BOOK,
  OFF_VOLUME,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import type { RecordingSource } from "./line-source.ts";
import type { OpenRecording, RecordingFormat } from "./recording.ts";
import { SortedBook } from "./sorted-book.ts";

/** Plain JSON. Prices and quantities are exact decimal text in the instrument's own units. */
export interface RecordingInfo {
  readonly instrument: {
    readonly id: string;
    readonly base: string;
    readonly quote: string;
    readonly tickSize: string;
    readonly lotSize: string;
    readonly contractSize: string;
    readonly minNotional: string;
  };
  readonly format: RecordingFormat;
  readonly sources: readonly RecordingSource[];
  /** Exchange time. */
  readonly span: { readonly from: string; readonly to: string; readonly seconds: number };
  /** Rows as the engine sees them: one that stands twice counts once. */
  readonly counts: {
    readonly rows: number;
    readonly messages: number;
    readonly bids: number;
    readonly asks: number;
    readonly tradesBuy: number;
    readonly tradesSell: number;
    /** Of the trades: those that take nothing from the visible book. */
    readonly tradesOffBook: number;
    readonly snapshots: number;
    readonly gaps: number;
  };
  readonly rates: {
    readonly rowsPerSecond: number;
    readonly messagesPerSecond: number;
    readonly tradesPerSecond: number;
  };
  /** By aggressor; without block trades. */
  readonly volume: {
    readonly bought: string;
    readonly sold: string;
    /** In quote coin; an estimate. */
    readonly notional: number;
  };
  /** Null where no two-sided book was ever known. */
  readonly firstMid: string | null;
  readonly lastMid: string | null;
  readonly memoryBytes: number;
}

/** What of a recording is looked at; its blocks once, one after the other. */
export type Describable = Pick<
  OpenRecording,
  "header" | "blocks" | "report" | "format" | "sources"
>;

export function describeRecording(recording: Describable): RecordingInfo {
  const { header, blocks, report, format, sources } = recording;
  const { instrument } = header;
  const survey = new Survey(recording);
  for (const block of blocks) survey.take(block);
  const seconds = (Date.parse(report.lastTime) - Date.parse(report.firstTime)) / 1000;
  const { kinds, messages, offBook, bought, sold, notional, firstMid, lastMid } = survey;
  const rows = kinds.reduce((sum, count) => sum + count, 0);
  const trades = kinds[Kind.TRADE_BUY]! + kinds[Kind.TRADE_SELL]!;
  const rate = (count: number): number => (seconds > 0 ? count / seconds : 0);
  const mid = (value: number | undefined): string | null =>
    value === undefined ? null : formatHalfPrice(instrument, halfTicks(value));
  return {
    instrument: {
      id: instrumentId(instrument),
      base: instrument.base,
      quote: instrument.quote,
      tickSize: formatDecimal(instrument.tickSize),
      lotSize: formatDecimal(instrument.lotSize),
      contractSize: formatDecimal(instrument.contractSize),
      minNotional: formatDecimal(instrument.minNotional),
    },
    format,
    sources,
    span: { from: report.firstTime, to: report.lastTime, seconds },
    counts: {
      rows,
      messages,
      bids: kinds[Kind.BID]!,
      asks: kinds[Kind.ASK]!,
      tradesBuy: kinds[Kind.TRADE_BUY]!,
      tradesSell: kinds[Kind.TRADE_SELL]!,
      tradesOffBook: offBook,
      snapshots: kinds[Kind.CLEAR]!,
      gaps: kinds[Kind.GAP]!,
    },
    rates: {
      rowsPerSecond: rate(rows),
      messagesPerSecond: rate(messages),
      tradesPerSecond: rate(trades),
    },
    volume: {
      bought: formatQuantity(instrument, lots(bought)),
      sold: formatQuantity(instrument, lots(sold)),
      notional,
    },
    firstMid: mid(firstMid),
    lastMid: mid(lastMid),
    memoryBytes: survey.bytes,
  };
}

/** One pass over the rows that the engine sees. */
class Survey {
  readonly kinds: number[] = [0, 0, 0, 0, 0, 0];
  messages = 0;
  offBook = 0;
  bought = 0;
  sold = 0;
  notional = 0;
  /** Twice the mid. */
  firstMid: number | undefined;
  lastMid: number | undefined;
  /** Of all columns. */
  bytes = 0;
  readonly #instrument: Describable["header"]["instrument"];
  readonly #book = new SortedBook();

  constructor(recording: Describable) {
    this.#instrument = recording.header.instrument;
  }

  take(block: MarketBlock): void {
    this.bytes += bytesOf(block);
    for (let row = 0; row < block.length; row++) {
      const flags = block.kind[row]!;
      if ((flags & VENUE_ONLY) !== 0) continue;
      const kind = flags & KIND_MASK;
      const price = block.price[row]!;
      const quantity = block.quantity[row]!;
      this.kinds[kind]! += 1;
      if (kind === Kind.BID) this.#book.setBid(price, quantity);
      else if (kind === Kind.ASK) this.#book.setAsk(price, quantity);
      else if (kind === Kind.CLEAR || kind === Kind.GAP) this.#book.clear();
      else this.#trade(kind, flags, price, quantity);
      if ((flags & LAST) === 0) continue;
      this.messages += 1;
      const { bid, ask } = this.#book;
      if (bid === undefined || ask === undefined) continue;
      this.firstMid ??= bid + ask;
      this.lastMid = bid + ask;
    }
  }

  #trade(kind: number, flags: number, price: number, quantity: number): void {
    if ((flags & OFF_BOOK) !== 0) this.offBook += 1;
    if ((flags & OFF_VOLUME) !== 0) return;
    if (kind === Kind.TRADE_BUY) this.bought += quantity;
    else this.sold += quantity;
    const worth = notionalEstimate(this.#instrument, atTick(ticks(price)), lots(quantity));
    this.notional += worth;
  }
}

const bytesOf = (block: MarketBlock): number =>
  block.exchangeTime.byteLength +
  block.localTime.byteLength +
  block.kind.byteLength +
  block.price.byteLength +
  block.quantity.byteLength;
