/**
 * hftbacktest capture: events of hftbacktest's data files, row by row.
 *
 * Only the rows that the engine sees are taken, each with both of its times: they are all facts
 * there are, and the order in which the venue saw them follows from the times, as in every other
 * recording. Rows for the exchange alone repeat them; that is checked by number. A message is a run
 * of book rows of equal times, or one trade, unless the file says otherwise (`Remark`). What must
 * stay true: a file that Arrival wrote is read back row for row.
 */
import { type Instrument, instrumentId } from "../core/domain/instrument.ts";
import { Kind, OFF_BOOK, OFF_VOLUME } from "../core/market/columns.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  counted,
  newCounts,
  type Track,
} from "./capture.ts";
import type { DataFault } from "./fault.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";
import {
  DOUBLES,
  DoubleGrid,
  EventBit,
  EventKind,
  priceGrid,
  quantityGrid,
  Remark,
  ticksOf,
  WordTimes,
  WORDS,
} from "./hftbacktest-event.ts";
import { EventMarket, type SavedEventMarket } from "./hftbacktest-market.ts";
import { KNOWN_INSTRUMENTS } from "./known-instruments.ts";
import { addCounts, type StreamCounts } from "./read-report.ts";
import { type SavedTickTest, TickTest } from "./tick-test.ts";

/** Records as they lie in the file, seen as words and as doubles of the same memory. */
export interface EventBatch {
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  readonly length: number;
  /** The number of its first row in the file, from 1. */
  readonly first: number;
}

/** One row whose clocks and sides have been looked at. */
interface EventRow {
  readonly kind: number;
  readonly side: "bid" | "ask" | undefined;
  readonly price: number;
  readonly quantity: number;
  /** A `Remark`, or 0. */
  readonly remark: number;
}

interface SavedCapture {
  readonly instrument: Instrument;
  readonly counts: StreamCounts;
  readonly market: SavedEventMarket;
  readonly tickTest: SavedTickTest;
  readonly localOnly: number;
  readonly exchangeOnly: number;
}

/** Beyond a hundred days from the first time a double no longer counts nanoseconds. */
const SPAN_NANOS = 100 * 86_400e9;

export class HftbacktestCapture implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #tickTest = new TickTest();
  #stated: Instrument | undefined;
  #track: Track | undefined;
  #market: EventMarket | undefined;
  #price = new DoubleGrid({ mantissa: 1n, scale: 0 });
  #quantity = this.#price;
  #times: WordTimes | undefined;
  #localOnly = 0;
  #exchangeOnly = 0;

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  get tracks(): readonly Track[] {
    return this.#track === undefined ? [] : [this.#track];
  }

  /** What a file of Arrival's says of itself, before its events. */
  state(instrument: Instrument): DataFault | undefined {
    const held = this.#stated ?? this.#track?.instrument;
    this.#stated ??= instrument;
    if (held === undefined || instrumentId(held) === instrumentId(instrument)) return undefined;
    const { file } = this.#context.position;
    const [here, before] = [instrumentId(instrument), instrumentId(held)];
    const text = `${file} holds ${here}, the file before it ${before}`;
    return { code: "DATA_SYMBOL", text, file };
  }

  line(): DataFault | undefined {
    const { file } = this.#context.position;
    const text = `${file}: a file of text among hftbacktest's arrays; they cannot be read as one`;
    return { code: "DATA_FORMAT", text, file };
  }

  take(batch: EventBatch): DataFault | undefined {
    const fault = this.#track === undefined ? this.#open() : undefined;
    if (fault !== undefined) return fault;
    const { position } = this.#context;
    for (let row = 0; row < batch.length; row++) {
      position.line = batch.first + row;
      const refused = this.#row(batch.words, row * WORDS, batch.doubles, row * DOUBLES);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  finish(): DataFault | undefined {
    const track = this.#track;
    const { file } = this.#context.position;
    if (track === undefined) {
      return { code: "DATA_EMPTY", text: `${file}: the array holds no event`, file };
    }
    this.#market!.finish();
    const { counts } = track;
    counts.notes.push(...this.#tickTest.notes);
    if (this.#localOnly !== this.#exchangeOnly) {
      counts.notes.push(
        `${counted(this.#exchangeOnly)} rows are for the exchange alone and ` +
          `${counted(this.#localOnly)} for the local side alone, though each should repeat the ` +
          "other; those of the local side were taken.",
      );
    }
    if (counts.snapshots.used > 0) return undefined;
    return { code: "DATA_EMPTY", text: `${file}: the array holds no event of a book`, file };
  }

  save(): SavedCapture | undefined {
    if (this.#track === undefined) return undefined;
    return {
      instrument: this.#track.instrument,
      counts: this.#track.counts,
      market: this.#market!.save(),
      tickTest: this.#tickTest.save(),
      localOnly: this.#localOnly,
      exchangeOnly: this.#exchangeOnly,
    };
  }

  restore(value: unknown): void {
    const saved = value as SavedCapture | undefined;
    if (saved === undefined) return;
    this.#begin(saved.instrument, addCounts(newCounts(), saved.counts));
    this.#market!.restore(saved.market);
    this.#tickTest.restore(saved.tickTest);
    this.#localOnly = saved.localOnly;
    this.#exchangeOnly = saved.exchangeOnly;
  }

  #open(): DataFault | undefined {
    const { options, position } = this.#context;
    const { symbol, kind } = options;
    const asked = KNOWN_INSTRUMENTS.filter(
      (known) => known.symbol === symbol && (kind === undefined || known.kind === kind),
    );
    const instrument =
      options.instrument ?? this.#stated ?? (asked.length === 1 ? asked[0] : undefined);
    const { file } = position;
    if (instrument === undefined) {
      const what =
        asked.length > 1
          ? `${symbol} is ${asked.map((known) => known.kind).join(" or ")}; say which contract`
          : "hftbacktest's files name no instrument, tick or lot; " +
            "give the instrument in a file (--instrument), or the symbol of one that is built in";
      return { code: "DATA_SYMBOL", text: `${file}: ${what}`, file };
    }
    const isOther =
      (symbol !== undefined && symbol !== instrument.symbol) ||
      (kind !== undefined && kind !== instrument.kind);
    if (isOther) {
      const text = `${file} holds ${instrument.symbol} (${instrument.kind}) alone`;
      return { code: "DATA_SYMBOL", text, file };
    }
    this.#begin(instrument, newCounts());
    return undefined;
  }

  #begin(instrument: Instrument, counts: StreamCounts): void {
    const { position, openSink } = this.#context;
    this.#track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.#market = new EventMarket(this.#track, this.#context, this.#stated !== undefined);
    this.#price = priceGrid(instrument);
    this.#quantity = quantityGrid(instrument);
  }

  #row(words: Uint32Array, at: number, doubles: Float64Array, slot: number): DataFault | undefined {
    const ev = words[at]!;
    const kind = ev & 0xff;
    const isLocal = (ev & EventBit.LOCAL) !== 0;
    const isExchange = ev >= EventBit.EXCHANGE;
    if (kind >= EventKind.FIRST_ORDER && kind <= EventKind.LAST_ORDER) return this.#refuseOrders();
    if (words[at + 1] !== 0 || !(isLocal || isExchange)) return this.#bad("is for neither side");
    if (!isLocal) {
      this.#exchangeOnly += 1;
      return undefined;
    }
    if (!isExchange) this.#localOnly += 1;
    const isBid = (ev & EventBit.BUY) !== 0;
    const isAsk = (ev & EventBit.SELL) !== 0;
    if (isBid && isAsk) return this.#bad("is of both sides");
    const remark = words[at + 13] === 0 ? words[at + 12]! : 0;
    const row: EventRow = {
      kind,
      side: isBid ? "bid" : isAsk ? "ask" : undefined,
      price: doubles[slot + 3]!,
      quantity: doubles[slot + 4]!,
      remark: remark <= Remark.ALL && (remark & Remark.MADE) !== 0 ? remark : 0,
    };
    switch (kind) {
      case EventKind.DEPTH:
      case EventKind.DEPTH_SNAPSHOT:
        return this.#level(words, at, row);
      case EventKind.DEPTH_CLEAR:
        return this.#clear(words, at, row);
      case EventKind.TRADE:
      case EventKind.OFF_BOOK_TRADE:
        return this.#trade(words, at, row);
      default:
        this.#context.file.stream(kind === EventKind.DEPTH_BBO ? "bbo" : `event ${kind}`);
        return undefined;
    }
  }

  #level(words: Uint32Array, at: number, row: EventRow): undefined {
    if (row.side === undefined) return this.#bad("is a level of neither side");
    const ticks = this.#ticks(row.price);
    const lots = this.#lots(row.quantity);
    if (ticks === NOT_A_NUMBER || lots === NOT_A_NUMBER) {
      return this.#bad("has a price or quantity that is no number");
    }
    const market = this.#market!;
    const rowKind = row.side === "bid" ? Kind.BID : Kind.ASK;
    const isOnGrid = ticks !== OFF_GRID && lots !== OFF_GRID;
    const isSnapshot = row.kind === EventKind.DEPTH_SNAPSHOT;
    if (isSnapshot && isUntimed(words, at)) {
      if (isOnGrid) market.putUntimed(rowKind, ticks, lots);
      return undefined;
    }
    if (!this.#beginRow(words, at, true)) return undefined;
    if (isSnapshot) market.synchronise();
    if (isOnGrid) market.put(rowKind, ticks, lots);
    return this.#after(row);
  }

  #clear(words: Uint32Array, at: number, row: EventRow): undefined {
    // A snapshot's own clearing adds nothing to an empty book.
    if (isUntimed(words, at) || !this.#beginRow(words, at, true)) return undefined;
    const market = this.#market!;
    if ((row.remark & Remark.GAP) !== 0) {
      const { counts } = this.#track!;
      counts.gaps.add(() => ({ ...this.#context.position, expected: 0, found: 0 }));
      market.put(Kind.GAP, 0, 0);
    } else if (!market.synchronise()) {
      if (row.side === undefined) market.clear();
      else {
        // hftbacktest takes a price that is no number for the whole side.
        const until = this.#price.toCount(row.price);
        market.remove(row.side, until < 0 ? undefined : until);
      }
    }
    return this.#after(row);
  }

  #trade(words: Uint32Array, at: number, row: EventRow): undefined {
    const ticks = this.#ticks(row.price);
    const lots = this.#lots(row.quantity);
    if (ticks === NOT_A_NUMBER || lots === NOT_A_NUMBER) {
      return this.#bad("has a price or quantity that is no number");
    }
    if (!this.#beginRow(words, at, false)) return undefined;
    this.#track!.counts.trades += 1;
    this.#context.file.stream("trade");
    const market = this.#market!;
    if (ticks !== OFF_GRID && lots > 0) {
      const aggressor = row.side === "bid" ? "buy" : row.side === "ask" ? "sell" : "unknown";
      const off =
        (row.kind === EventKind.OFF_BOOK_TRADE ? OFF_BOOK : 0) |
        ((row.remark & Remark.OFF_VOLUME) === 0 ? 0 : OFF_VOLUME);
      market.put(this.#tickTest.kindOf(aggressor, ticks) | off, ticks, lots);
    }
    // A trade is a message of its own, unless it is said that more follows.
    if (row.remark === 0) market.end();
    return this.#after(row);
  }

  #after({ remark }: EventRow): undefined {
    this.#market!.after(remark !== 0, (remark & Remark.LAST) !== 0);
  }

  /** False where the row has no time. */
  #beginRow(words: Uint32Array, at: number, isBook: boolean): boolean {
    const exchange = this.#time(words[at + 2]!, words[at + 3]!);
    const local = this.#time(words[at + 4]!, words[at + 5]!);
    if (Number.isNaN(exchange + local)) {
      this.#bad("has a time that is none");
      return false;
    }
    this.#market!.begin(exchange, local, isBook);
    return true;
  }

  #ticks(price: number): number {
    const ticks = ticksOf(this.#price, price);
    if (ticks === OFF_GRID) this.#offGrid("offTickPrices", price);
    return ticks;
  }

  #lots(quantity: number): number {
    const lots = this.#quantity.toCount(quantity);
    if (lots !== OFF_GRID) return lots;
    this.#offGrid("offLotQuantities", quantity);
    return this.#quantity.floor(quantity);
  }

  #offGrid(what: "offTickPrices" | "offLotQuantities", value: number): void {
    this.#track!.counts[what].add(() => ({ ...this.#context.position, text: String(value) }));
  }

  /** Nanoseconds since the reading's time base, which the first time sets. */
  #time(low: number, high: number): number {
    const { time } = this.#context;
    if (time.seconds === 0) {
      const nanos = (BigInt(high | 0) << 32n) + BigInt(low);
      return time.nanos(Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n));
    }
    this.#times ??= new WordTimes(BigInt(time.seconds) * 1_000_000_000n);
    const since = this.#times.since(low, high);
    return Math.abs(since) < SPAN_NANOS ? since : Number.NaN;
  }

  #bad(reason: string): undefined {
    return badLine(this.#context, "", reason);
  }

  #refuseOrders(): DataFault {
    const { file, line } = this.#context.position;
    const text =
      `${file}:${line}: the array holds single orders (market by order); ` +
      "Arrival reads hftbacktest's data by price level";
    return { code: "DATA_FORMAT", text, file, line };
  }
}

/** As hftbacktest writes the snapshot of a day's end: with zeros for both times. */
const isUntimed = (words: Uint32Array, at: number): boolean =>
  (words[at + 2]! | words[at + 3]! | words[at + 4]! | words[at + 5]!) === 0;
