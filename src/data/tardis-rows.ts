/**
 * Tardis rows: what the CSV tables of Tardis.dev have in common: instrument, both times, numbers.
 *
 * Tables of one day have tens of gigabytes, and by their documentation no cell is ever quoted; so
 * lines are cut at their commas here and not by a CSV library, which would cost most of the time
 * of an import. What must stay true: a line that has a quote, or other than the documented columns,
 * is counted as bad and never read as something else.
 *
 * The layouts: https://docs.tardis.dev/downloadable-csv-files (times: microseconds since 1970).
 */
import { type ContractKind, formatPrice, type Instrument } from "../core/domain/instrument.ts";
import { ticks as ticksOf } from "../core/domain/units.ts";
import {
  badLine,
  type CaptureContext,
  counted,
  LevelParser,
  newCounts,
  plainDecimal,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { OFF_GRID } from "./grid-parser.ts";
import { knownInstrument } from "./known-instruments.ts";
import { addCounts, type StreamCounts } from "./read-report.ts";

const COMMON = "exchange,symbol,timestamp,local_timestamp,";

/** The first line of each table. */
export const TARDIS_HEADS = {
  "tardis-book": `${COMMON}is_snapshot,side,price,amount`,
  "tardis-trades": `${COMMON}id,side,price,amount`,
  "tardis-quotes": `${COMMON}ask_amount,ask_price,bid_price,bid_amount`,
} as const;

export type TardisFormat = keyof typeof TARDIS_HEADS;

export function tardisFormatOf(line: string): TardisFormat | undefined {
  const text = line.trimEnd();
  const formats = Object.keys(TARDIS_HEADS) as TardisFormat[];
  return formats.find((format) => TARDIS_HEADS[format] === text);
}

const COMMA = 44;
/** Ticks: prices are 32-bit integers in the columns. */
const MOST_TICKS = 0x7ffffffe;
/** Characters of a row; what is remembered of one may hold on to all of it. */
const MOST_LENGTH = 1000;
/** 16 digits of microseconds last until the year 2286. */
const MOST_DIGITS = 16;
/** The digits of both times, whose combination names a message. */
const LOCAL_MICROS_KEPT = 2 ** 43;

/** What is remembered between two rows, as plain values. */
export interface SavedRows {
  readonly instrument: Instrument;
  readonly counts: StreamCounts;
  readonly name: string;
  readonly beyond: number;
  readonly others: ReadonlySet<string>;
}

/** The four columns that all tables begin with, and the numbers of those behind them. */
export class TardisRows {
  exchangeTime = Number.NaN;
  localTime = Number.NaN;
  /** The same for rows of equal times only, over three months: quotes are found again by it. */
  messageId = 0;
  track: Track | undefined;
  fault: DataFault | undefined;
  /** Prices above what the columns hold. */
  beyond = 0;
  readonly #context: CaptureContext;
  #parser: LevelParser | undefined;
  #most = 0;
  /** `exchange,symbol,` of the instrument that is read. */
  #name = "";
  readonly #others = new Set<string>();

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  /**
   * Where the fifth column begins, or 0 where the row is not to be used: a bad line, another
   * instrument's (both counted), or one that ends the reading by `fault`.
   */
  begin(text: string): number {
    if (text.length > MOST_LENGTH) {
      badLine(this.#context, text, "is longer than any row");
      return 0;
    }
    if (this.#name === "" || !text.startsWith(this.#name)) {
      if (!this.#choose(text)) return 0;
    }
    const from = this.#name.length;
    const second = text.indexOf(",", from);
    const third = text.indexOf(",", second + 1);
    const exchangeMicros = second < 0 ? Number.NaN : micros(text, from, second);
    const localMicros = third < 0 ? Number.NaN : micros(text, second + 1, third);
    const exchangeTime = this.#nanos(exchangeMicros);
    const localTime = this.#nanos(localMicros);
    if (Number.isNaN(exchangeTime + localTime)) {
      badLine(this.#context, text, "has a time that is none");
      return 0;
    }
    this.exchangeTime = exchangeTime;
    this.localTime = localTime;
    this.messageId = (localMicros % LOCAL_MICROS_KEPT) * 1024 + (exchangeMicros % 1024);
    return third + 1;
  }

  /** Ticks, `OFF_GRID` or `NOT_A_NUMBER`. */
  price(text: string): number {
    const plain = plainDecimal(text);
    // Somebody offers bitcoin at a billion dollars: true, but more than the columns hold.
    if (plain.length >= 8 && Number(plain) > this.#most) {
      this.beyond += 1;
      return OFF_GRID;
    }
    return this.#parser!.price(plain);
  }

  /** Lots, `OFF_GRID` or `NOT_A_NUMBER`. */
  quantity(text: string): number {
    return this.#parser!.quantity(plainDecimal(text));
  }

  /** What there is to say once all is read; the fault where nothing was of use. */
  finish(): DataFault | undefined {
    if (this.track !== undefined) {
      if (this.beyond === 0) return undefined;
      const { instrument, counts } = this.track;
      const most = formatPrice(instrument, ticksOf(MOST_TICKS));
      counts.notes.push(
        `${counted(this.beyond)} prices above ${most} ${instrument.quote} were left out.`,
      );
      return undefined;
    }
    const { position, options } = this.#context;
    const wanted = options.symbol ?? options.instrument?.symbol;
    const { file } = position;
    if (this.#others.size === 0) {
      return { code: "DATA_EMPTY", text: `${file}: the table holds no row that can be read`, file };
    }
    const others = [...this.#others].join(", ");
    const text = `${file}: the table holds nothing of ${wanted ?? "any instrument"}, but of`;
    return { code: "DATA_SYMBOL", text: `${text} ${others}`, file };
  }

  /** Undefined before the first row of the instrument. */
  save(): SavedRows | undefined {
    if (this.track === undefined) return undefined;
    const { instrument, counts } = this.track;
    return { instrument, counts, name: this.#name, beyond: this.beyond, others: this.#others };
  }

  restore(saved: SavedRows | undefined): void {
    if (saved === undefined) return;
    this.beyond = saved.beyond;
    for (const other of saved.others) this.#others.add(other);
    this.#begin(saved.name, saved.instrument, addCounts(newCounts(), saved.counts));
  }

  #nanos(value: number): number {
    const seconds = Math.floor(value / 1e6);
    return this.#context.time.nanos(seconds, (value - seconds * 1e6) * 1000);
  }

  /** The row is of another instrument than the last; true where that is the one to be read. */
  #choose(text: string): boolean {
    const first = text.indexOf(",");
    const second = text.indexOf(",", first + 1);
    if (first <= 0 || second < first + 2 || second > 120 || text.includes('"')) {
      badLine(this.#context, text, "is no row of the table, or has quoted cells");
      return false;
    }
    const exchange = text.slice(0, first);
    const symbol = text.slice(first + 1, second);
    const { options, file, position } = this.#context;
    const market = marketOf(exchange, symbol);
    const wanted = options.symbol ?? options.instrument?.symbol;
    const isOther =
      (wanted !== undefined && wanted !== symbol) ||
      (options.kind !== undefined && market.kind !== undefined && options.kind !== market.kind);
    if (isOther) {
      file.otherInstruments += 1;
      if (this.#others.size < 10) this.#others.add(`${exchange} ${symbol}`);
      return false;
    }
    if (this.#name !== "") {
      const held = this.#name.slice(0, -1).replace(",", " ");
      const what =
        `the tables hold ${held} and ${exchange} ${symbol}; give those of one instrument, or say ` +
        "which symbol to read";
      this.fault = faultAt("DATA_SYMBOL", position, what);
      return false;
    }
    return this.#open(exchange, symbol);
  }

  #open(exchange: string, symbol: string): boolean {
    const { options, position } = this.#context;
    const { venue, kind } = marketOf(exchange, symbol);
    const asked = options.kind ?? kind;
    const instrument =
      options.instrument ??
      (asked === undefined ? undefined : knownInstrument(venue, asked, symbol));
    if (instrument === undefined) {
      const what =
        `the tick and lot of ${exchange} ${symbol} are not built in, and the table does not ` +
        "state them; give the instrument in a file (--instrument)";
      this.fault = faultAt("DATA_SYMBOL", position, what);
      return false;
    }
    this.#begin(`${exchange},${symbol},`, instrument, newCounts());
    return true;
  }

  #begin(name: string, instrument: Instrument, counts: StreamCounts): void {
    const { openSink, position } = this.#context;
    this.track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.#parser = new LevelParser(instrument, counts, position);
    this.#most = mostPrice(instrument);
    this.#name = name;
  }
}

const mostPrice = ({ tickSize }: Instrument): number =>
  (MOST_TICKS * Number(tickSize.mantissa)) / 10 ** tickSize.scale;

/** A whole number of up to 16 digits between two places; NaN where it is none. */
function micros(text: string, from: number, to: number): number {
  if (to === from || to - from > MOST_DIGITS) return Number.NaN;
  let value = 0;
  for (let index = from; index < to; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** What Tardis calls the exchanges of whose instruments some are built in. */
function marketOf(
  exchange: string,
  symbol: string,
): { readonly venue: string; readonly kind: ContractKind | undefined } {
  switch (exchange) {
    case "binance":
    case "coinbase":
    case "bitstamp":
      return { venue: exchange, kind: "spot" };
    case "binance-futures":
      return { venue: "binance", kind: "linear" };
    case "binance-delivery":
      return { venue: "binance", kind: "inverse" };
    case "bybit-spot":
      return { venue: "bybit", kind: "spot" };
    case "bybit":
      return { venue: "bybit", kind: /USD([A-Z]\d{2})?$/.test(symbol) ? "inverse" : "linear" };
    default:
      return { venue: exchange, kind: undefined };
  }
}

/**
 * Cuts what is behind the common columns into exactly as many cells; false where there are more or
 * fewer, or one is quoted.
 */
export function cutCells(text: string, from: number, cells: string[]): boolean {
  let end = text.length;
  if (end > from && text.charCodeAt(end - 1) === 13) end -= 1;
  let start = from;
  const last = cells.length - 1;
  for (let index = 0; index < last; index++) {
    const comma = text.indexOf(",", start);
    if (comma < 0) return false;
    cells[index] = text.slice(start, comma);
    start = comma + 1;
  }
  const rest = text.slice(start, end);
  cells[last] = rest;
  for (let index = start; index < end; index++) if (text.charCodeAt(index) === COMMA) return false;
  return !text.includes('"', from);
}
