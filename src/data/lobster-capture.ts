/**
 * LOBSTER: Nasdaq's order flow by the day, a message file and a book file of the best N levels.
 *
 * The files carry neither ticker nor day: their names do (`TICKER_DAY_START_END_message_N.csv`), so
 * here names matter. What must stay true: after message k the book that was handed on is row k of
 * the book file, level by level; the messages are held against it.
 */
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { lots } from "../core/domain/units.ts";
import { Kind, OFF_BOOK, OFF_VOLUME } from "../core/market/columns.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  counted,
  newCounts,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { LobsterBook, type LobsterMessage, LobsterMessages, LobsterType } from "./lobster-rows.ts";
import { rowChanges, sameRow, sideOffset, step } from "./lobster-step.ts";
import type { StreamCounts } from "./read-report.ts";

const NAME =
  /^([A-Za-z0-9.-]{1,12})_(\d{4}-\d{2}-\d{2})_\d{1,9}_\d{1,9}_(message|orderbook)_(\d{1,4})\.csv/;
const MOST_LEVELS = 1000;

export const isLobsterName = (name: string): boolean => NAME.test(name);
/** A message line. Book lines are numbers only: nothing tells them from any other table. */
export const isLobsterLine = (line: string): boolean =>
  /^\d{5}\.\d{1,15},[1-7],\d{1,15},\d{1,9},-?\d{1,10},-?1\r?$/.test(line);

/** One day of one ticker. */
interface Day {
  readonly ticker: string;
  /** `2012-06-21`. */
  readonly day: string;
  readonly book: LobsterBook;
  readonly messages: LobsterMessages;
  /** Base names, as far as they have come. */
  messageFile: string | undefined;
  bookFile: string | undefined;
}

export class LobsterCapture implements CaptureDecoder {
  readonly tracks: Track[] = [];
  readonly #context: CaptureContext;
  readonly #days: Day[] = [];
  #day: Day | undefined;
  #half: "message" | "orderbook" | "other" | undefined;
  #wasCut = false;

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  part(name: string): DataFault | undefined {
    const { position, options, file } = this.#context;
    const [, ticker, day, half, levels] = NAME.exec(name) ?? [];
    if (ticker === undefined || day === undefined) {
      this.#half = "other";
      return undefined;
    }
    position.file = name;
    const depth = Number(levels);
    if (depth < 1 || depth > MOST_LEVELS) {
      return { code: "DATA_FORMAT", text: `${name}: there are no ${depth} levels`, file: name };
    }
    const wanted = options.symbol ?? options.instrument?.symbol;
    if (wanted !== undefined && wanted !== ticker) {
      file.otherInstruments += 1;
      this.#half = "other";
      return undefined;
    }
    this.#half = half as "message" | "orderbook";
    return this.#choose(ticker, day, depth, name);
  }

  line(text: string): DataFault | undefined {
    const day = this.#day;
    if (this.#half === "other") return undefined;
    if (day === undefined || this.#half === undefined) {
      const what =
        "this looks like LOBSTER, but its name does not say which ticker and day it is; " +
        "give the zip, or the files under their own names (TICKER_DAY_…_message_N.csv)";
      return faultAt("DATA_FORMAT", this.#context.position, what);
    }
    this.#context.file.stream(this.#half);
    const readable = this.#half === "message" ? day.messages.push(text) : day.book.push(text);
    if (!readable) badLine(this.#context, text, `is no ${this.#half} line`);
    return undefined;
  }

  finish(): DataFault | undefined {
    this.#wasCut = this.#context.file.truncated.length > 0;
    for (const [index, day] of this.#days.entries()) {
      const fault = this.#check(day) ?? this.#replay(day, this.#days.slice(0, index));
      if (fault !== undefined) return fault;
    }
    if (this.#days.length > 0) return undefined;
    const { position, options } = this.#context;
    const { file } = position;
    const wanted = options.symbol ?? options.instrument?.symbol ?? "any ticker";
    return { code: "DATA_SYMBOL", text: `${file}: there is nothing of ${wanted}`, file };
  }

  #choose(ticker: string, date: string, levels: number, name: string): DataFault | undefined {
    const field = this.#half === "message" ? "messageFile" : "bookFile";
    let day = this.#days.find(
      (known) => known.ticker === ticker && known.day === date && known.book.levels === levels,
    );
    if (day === undefined) {
      day = {
        ticker,
        day: date,
        book: new LobsterBook(levels),
        messages: new LobsterMessages(),
        messageFile: undefined,
        bookFile: undefined,
      };
      this.#days.push(day);
    }
    this.#day = day;
    if (day[field] !== undefined) {
      return { code: "DATA_FORMAT", text: `${name}: this day is given twice`, file: name };
    }
    day[field] = name;
    return undefined;
  }

  #check({ ticker, day, book, messages, messageFile, bookFile }: Day): DataFault | undefined {
    const file = messageFile ?? bookFile ?? ticker;
    const fault = (what: string): DataFault => ({
      code: "DATA_FORMAT",
      text: `${file}: ${what}`,
      file,
    });
    if (messageFile === undefined || bookFile === undefined) {
      const missing = messageFile === undefined ? "message" : "orderbook";
      return fault(`the ${missing} file of ${ticker} on ${day} is missing; give both`);
    }
    if (messages.length === book.length || this.#wasCut) return undefined;
    return fault(
      `${messages.length} messages, but ${book.length} rows of the book: not of one recording`,
    );
  }

  #replay(day: Day, before: readonly Day[]): DataFault | undefined {
    const file = day.messageFile!;
    const earlier = before.filter(({ ticker }) => ticker === day.ticker);
    if (earlier.some((other) => other.day >= day.day)) {
      const text = `${file}: ${day.day} does not follow ${earlier.at(-1)!.day}`;
      return { code: "DATA_FORMAT", text: `${text}; give each day once, in order`, file };
    }
    const midnight = midnightInNewYork(day.day);
    if (midnight === undefined) {
      return { code: "DATA_FORMAT", text: `${file}: ${day.day} is no day`, file };
    }
    const track =
      this.tracks.find(({ instrument }) => instrument.symbol === day.ticker) ??
      this.#open(day.ticker);
    this.#context.position.file = file;
    new DayReplay(day, track, this.#context, midnight).run(earlier.length > 0);
    return undefined;
  }

  #open(ticker: string): Track {
    const { options, openSink, position } = this.#context;
    const instrument = options.instrument ?? nasdaqInstrument(ticker);
    const counts = newCounts();
    const track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.tracks.push(track);
    counts.notes.push("LOBSTER holds no receive times: the exchange's times stand in for them.");
    return track;
  }
}

/** Hands one day on, message by message. */
class DayReplay {
  readonly #day: Day;
  readonly #track: Track;
  readonly #counts: StreamCounts;
  readonly #context: CaptureContext;
  readonly #midnight: number;
  readonly #unitsPerTick: number;
  readonly #empty: Int32Array;
  readonly #expected: Int32Array;
  /** The row that was handed on last; undefined while the book is not known. */
  #shown: Int32Array | undefined;
  #halted = false;
  #halts = 0;
  #hidden = 0;
  #betweenTicks = 0;
  #auctions = 0;

  constructor(day: Day, track: Track, context: CaptureContext, midnight: number) {
    this.#day = day;
    this.#track = track;
    this.#counts = track.counts;
    this.#context = context;
    this.#midnight = midnight;
    const { mantissa, scale } = track.instrument.tickSize;
    this.#unitsPerTick = Number(mantissa) * 10 ** (4 - scale);
    this.#empty = new Int32Array(4 * day.book.levels);
    this.#expected = new Int32Array(4 * day.book.levels);
  }

  run(follows: boolean): void {
    let breaksOff = follows;
    const { messages, book } = this.#day;
    const length = Math.min(messages.length, book.length);
    for (let index = 0; index < length; index++) {
      this.#context.position.line = index + 1;
      const time = this.#time(index);
      // Between two days nothing is known: the first row of a day is a whole book.
      if (breaksOff && !Number.isNaN(time)) {
        this.#bookMessage(time, index, () => this.#gap());
        breaksOff = false;
      }
      this.#message(index, time);
    }
    this.#note();
  }

  /** NaN where the message could not be read. */
  #time(index: number): number {
    const { messages } = this.#day;
    if (messages.at(index).type === LobsterType.UNREADABLE) return Number.NaN;
    return this.#context.time.nanos(
      this.#midnight + messages.seconds(index),
      messages.nanos(index),
    );
  }

  #message(index: number, time: number): void {
    const { messages, book } = this.#day;
    const message = messages.at(index);
    const row = book.row(index);
    const before = index > 0 ? book.row(index - 1) : undefined;
    const readable = !Number.isNaN(time);
    if (readable) this.#counts.bookMessages += 1;
    if (!readable || row === undefined) {
      // What it did is lost. The next row that can be read is a whole book again.
      if (this.#shown !== undefined) this.#lose(index, time);
      return;
    }
    if (before !== undefined) this.#compare(before, message, row);
    if (message.type >= LobsterType.EXECUTE && message.type <= LobsterType.CROSS) {
      this.#trade(message, time, index);
    }
    if (message.type === LobsterType.HALT) this.#halt(message, time, index);
    if (this.#halted) return;
    this.#bookMessage(time, index, () => this.#show(row));
  }

  #compare(before: Int32Array, message: LobsterMessage, row: Int32Array): void {
    const { stated } = this.#counts;
    const known = step(before, message, this.#expected);
    stated.compared += 1;
    if (!known) stated.partlyKnown += 1;
    if (sameRow(this.#expected, row, known ? undefined : sideOffset(message.direction))) return;
    stated.mismatched.add(() => ({
      ...this.#context.position,
      text: `row ${row.join(",")}, expected ${this.#expected.join(",")}`.slice(0, 400),
    }));
  }

  #show(row: Int32Array): void {
    if (this.#shown === undefined) {
      this.#counts.snapshots.used += 1;
      this.#track.sink.row(Kind.CLEAR, 0, 0);
    }
    const { sink } = this.#track;
    rowChanges(this.#shown ?? this.#empty, row, (direction, price, size) => {
      const ticks = price / this.#unitsPerTick;
      if (Number.isInteger(ticks)) sink.row(direction < 0 ? Kind.ASK : Kind.BID, ticks, size);
      else this.#offTick(price);
    });
    this.#shown = row;
  }

  #bookMessage(time: number, index: number, rows: () => void): void {
    const { sink } = this.#track;
    sink.begin("book", time, time);
    rows();
    sink.end(index + 1);
  }

  #gap(): void {
    this.#track.sink.row(Kind.GAP, 0, 0);
    this.#shown = undefined;
  }

  #lose(index: number, time: number): void {
    // A book is shown, so the message before could be read.
    const at = Number.isNaN(time) ? this.#time(index - 1) : time;
    const { position } = this.#context;
    this.#counts.gaps.add(() => ({ ...position, expected: index + 1, found: index + 2 }));
    this.#bookMessage(at, index, () => this.#gap());
  }

  #halt(message: LobsterMessage, time: number, index: number): void {
    // Price -1: trading halts. 0: quoting resumes. 1: trading resumes.
    if (message.price === 1) this.#halted = false;
    if (message.price !== -1 || this.#halted) return;
    this.#halted = true;
    this.#halts += 1;
    this.#bookMessage(time, index, () => this.#gap());
  }

  #trade({ type, size, price, direction }: LobsterMessage, time: number, index: number): void {
    const { sink } = this.#track;
    this.#counts.trades += 1;
    let ticks = price / this.#unitsPerTick;
    if (type !== LobsterType.EXECUTE && !Number.isInteger(ticks)) {
      this.#betweenTicks += 1;
      ticks = direction < 0 ? Math.ceil(ticks) : Math.floor(ticks);
    }
    if (!Number.isInteger(ticks)) return this.#offTick(price);
    if (ticks <= 0 || size <= 0) {
      this.#counts.priceZeroTrades += 1;
      return undefined;
    }
    if (type === LobsterType.EXECUTE_HIDDEN) this.#hidden += 1;
    if (type === LobsterType.CROSS) this.#auctions += 1;
    const flags =
      type === LobsterType.CROSS
        ? OFF_BOOK | OFF_VOLUME
        : type === LobsterType.EXECUTE_HIDDEN
          ? OFF_BOOK
          : 0;
    // A resting sell order was executed: somebody bought.
    sink.begin("trade", time, time);
    sink.row((direction < 0 ? Kind.TRADE_BUY : Kind.TRADE_SELL) | flags, ticks, size);
    sink.end(index + 1);
    return undefined;
  }

  #offTick(price: number): void {
    const { position } = this.#context;
    this.#counts.offTickPrices.add(() => ({ ...position, text: String(price / 10_000) }));
  }

  #note(): void {
    const { notes } = this.#counts;
    const { stated } = this.#counts;
    const { ticker, day, book } = this.#day;
    const on = `${ticker} on ${day}`;
    notes.push(
      `${on}: the book is known ${book.levels} ${book.levels === 1 ? "level" : "levels"} deep on ` +
        "each side; what leaves them counts as gone.",
      `Row k-1 of the book plus message k gives row k: ${counted(stated.mismatched.count)} ` +
        `mismatches in ${counted(stated.compared)} steps; in ${counted(stated.partlyKnown)} of ` +
        "them the last level came into view from below, which no message tells.",
    );
    if (this.#hidden > 0) {
      notes.push(
        `${on}: ${counted(this.#hidden)} executions of hidden orders, off the book; ` +
          `${counted(this.#betweenTicks)} of them between two ticks, taken to the resting ` +
          "order's side.",
      );
    }
    if (this.#auctions > 0) notes.push(`${on}: ${counted(this.#auctions)} auction trades.`);
    if (this.#halts > 0) {
      notes.push(`${on}: ${this.#halts} trading halts; until each ends, the book is not known.`);
    }
  }
}

/** Shares of a Nasdaq stock at a dollar or more: cents, and single shares. */
function nasdaqInstrument(symbol: string): Instrument {
  return {
    venue: "nasdaq",
    symbol,
    kind: "spot",
    base: symbol,
    quote: "USD",
    tickSize: decimal("0.01"),
    lotSize: decimal("1"),
    contractSize: decimal("1"),
    minLots: lots(1),
    maxLimitLots: lots(999_999),
    maxMarketLots: lots(999_999),
    minNotional: decimal("0"),
  };
}

const NEW_YORK = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/New_York",
  timeZoneName: "longOffset",
});

/** Unix seconds at which a day begins in New York (clocks change on Sundays, at night). */
export function midnightInNewYork(day: string): number | undefined {
  const noon = Date.parse(`${day}T17:00:00Z`);
  if (Number.isNaN(noon)) return undefined;
  const zone = NEW_YORK.formatToParts(noon).find((part) => part.type === "timeZoneName");
  const hours = Number(/^GMT-(\d{2}):00$/.exec(zone?.value ?? "")?.[1]);
  if (Number.isNaN(hours)) return undefined;
  return Date.parse(`${day}T00:00:00Z`) / 1000 + hours * 3600;
}
