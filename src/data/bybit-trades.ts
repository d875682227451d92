/**
 * Bybit trades: the public trade archives (csv.gz), by the day or by the month.
 *
 * Derivatives: `timestamp,symbol,side,size,price,…,trdMatchID,…[,RPI]`, seconds with a fraction;
 * spot: `id,timestamp,price,volume,side[,rpi]`, milliseconds, and the symbol in the file's name
 * alone. Older files run from the newest trade to the oldest. What must stay true: trades are
 * handed on with rising times whichever way a file runs, which for a falling one means that it is
 * held until its end.
 *
 * Lines are cut at their commas by hand, as in the Tardis tables: no cell is ever quoted.
 */
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import { Kind, OFF_BOOK } from "../core/market/columns.ts";
import { unknownGrid } from "./binance-capture.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  isZero,
  LevelParser,
  newCounts,
  plainDecimal,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";
import { knownInstrument } from "./known-instruments.ts";
import { addCounts, type StreamCounts } from "./read-report.ts";
import { RecentTrades } from "./tick-test.ts";

const DERIVATIVES_HEAD =
  "timestamp,symbol,side,size,price,tickDirection,trdMatchID," +
  "grossValue,homeNotional,foreignNotional";
const SPOT_HEAD = "id,timestamp,price,volume,side";
const HEADS: ReadonlySet<string> = new Set([
  DERIVATIVES_HEAD,
  `${DERIVATIVES_HEAD},RPI`,
  SPOT_HEAD,
  `${SPOT_HEAD},rpi`,
]);

export const isBybitTradesHead = (line: string): boolean => HEADS.has(line.trimEnd());

/** `BTCUSDT_2025-05-19.csv.gz`, `BTCUSDT-2022-11.csv`; derivatives have no sign in between. */
const SPOT_NAME = /^([A-Z0-9]{2,30})[-_]\d{4}-\d{2}(?:-\d{2})?\./;
/** Seconds, or milli- or microseconds where there are more digits. */
const TIME = /^(\d{10})(?:(\d{3}|\d{6})|\.(\d{1,9})\d{0,9})?$/;

/** Characters of a row; what is remembered of one may hold on to all of it. */
const MOST_LENGTH = 1000;

/** Which cell is which. */
interface Columns {
  readonly count: number;
  readonly time: number;
  readonly symbol: number | undefined;
  readonly side: number;
  readonly size: number;
  readonly price: number;
  readonly id: number | undefined;
  readonly rpi: number | undefined;
}

/** Trades of a file that runs backwards. */
class HeldTrades {
  #times = new Float64Array(1 << 12);
  #prices = new Int32Array(1 << 12);
  #quantities = new Float64Array(1 << 12);
  #kinds = new Uint8Array(1 << 12);
  length = 0;

  push(time: number, kind: number, price: number, quantity: number): void {
    if (this.length === this.#times.length) this.#grow();
    const at = this.length++;
    this.#times[at] = time;
    this.#kinds[at] = kind;
    this.#prices[at] = price;
    this.#quantities[at] = quantity;
  }

  /** Hands all out, from the last to the first where the file fell, and is empty then. */
  drain(
    isFalling: boolean,
    take: (time: number, kind: number, price: number, quantity: number) => void,
  ): void {
    const { length } = this;
    this.length = 0;
    for (let index = 0; index < length; index++) {
      const at = isFalling ? length - 1 - index : index;
      take(this.#times[at]!, this.#kinds[at]!, this.#prices[at]!, this.#quantities[at]!);
    }
  }

  save() {
    return {
      times: this.#times.slice(0, this.length),
      prices: this.#prices.slice(0, this.length),
      quantities: this.#quantities.slice(0, this.length),
      kinds: this.#kinds.slice(0, this.length),
    };
  }

  restore({ times, kinds, prices, quantities }: ReturnType<HeldTrades["save"]>): void {
    for (const [at, time] of times.entries()) {
      this.push(time, kinds[at]!, prices[at]!, quantities[at]!);
    }
  }

  #grow(): void {
    const size = this.length * 2;
    const grown = [new Float64Array(size), new Int32Array(size), new Float64Array(size)] as const;
    grown[0].set(this.#times);
    grown[1].set(this.#prices);
    grown[2].set(this.#quantities);
    [this.#times, this.#prices, this.#quantities] = grown;
    const kinds = new Uint8Array(size);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
  }
}

type Direction = "unknown" | "rising" | "falling";

interface SavedBybitTrades {
  readonly instrument: Instrument | undefined;
  readonly counts: StreamCounts | undefined;
  readonly columns: Columns | undefined;
  readonly name: string;
  readonly recent: ReadonlySet<string>;
  readonly held: ReturnType<HeldTrades["save"]>;
  readonly direction: Direction;
  readonly lastTime: number;
  readonly wasFalling: boolean;
  readonly other: string;
}

export class BybitTrades implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #held = new HeldTrades();
  #recent = new RecentTrades();
  #columns: Columns | undefined;
  #name = "";
  #track: Track | undefined;
  #parser: LevelParser | undefined;
  /** Of the file in hand. */
  #direction: Direction = "unknown";
  /** NaN before its first trade. */
  #lastTime = Number.NaN;
  #wasFalling = false;
  #other = "";

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  get tracks(): readonly Track[] {
    return this.#track === undefined ? [] : [this.#track];
  }

  part(name: string): undefined {
    this.#release();
    this.#name = name;
    return undefined;
  }

  line(text: string): DataFault | undefined {
    if (text === "") return undefined;
    if (isBybitTradesHead(text)) {
      this.#release();
      this.#columns = columnsOf(text);
      return undefined;
    }
    const columns = this.#columns;
    const cells = text.trimEnd().split(",", 16);
    const isCut = cells.length === columns?.count && text.length <= MOST_LENGTH;
    if (columns === undefined || !isCut || text.includes('"')) {
      return badLine(this.#context, text, "is no row of Bybit's trades");
    }
    const symbol = columns.symbol === undefined ? this.#symbolOfName() : cells[columns.symbol]!;
    if (typeof symbol !== "string") return symbol;
    const kind = columns.symbol === undefined ? "spot" : kindOf(symbol);
    const { options, file } = this.#context;
    const wanted = options.symbol ?? options.instrument?.symbol;
    const wantedKind = options.kind ?? options.instrument?.kind;
    const isOther =
      (wanted !== undefined && wanted !== symbol) ||
      (wantedKind !== undefined && wantedKind !== kind);
    if (isOther) {
      file.otherInstruments += 1;
      this.#other = `${symbol} (${kind})`;
      return undefined;
    }
    const fault = this.#open(symbol, kind);
    return fault ?? this.#trade(cells, columns, text);
  }

  finish(): DataFault | undefined {
    this.#release();
    const track = this.#track;
    const { file } = this.#context.position;
    if (track === undefined) {
      return this.#other === ""
        ? { code: "DATA_EMPTY", text: `${file}: there is no trade that can be read`, file }
        : { code: "DATA_SYMBOL", text: `${file}: the trades are of ${this.#other}`, file };
    }
    const { notes } = track.counts;
    notes.push("The trades hold no receive times: the venue's times stand in for them.");
    if (this.#wasFalling) notes.push("A file of trades runs backwards in time; it was turned.");
    return undefined;
  }

  save(): SavedBybitTrades {
    return {
      instrument: this.#track?.instrument,
      counts: this.#track?.counts,
      columns: this.#columns,
      name: this.#name,
      recent: this.#recent.keys,
      held: this.#held.save(),
      direction: this.#direction,
      lastTime: this.#lastTime,
      wasFalling: this.#wasFalling,
      other: this.#other,
    };
  }

  restore(value: unknown): void {
    const saved = value as SavedBybitTrades;
    if (saved.instrument !== undefined && saved.counts !== undefined) {
      this.#begin(saved.instrument, addCounts(newCounts(), saved.counts));
    }
    this.#columns = saved.columns;
    this.#name = saved.name;
    this.#recent = new RecentTrades(saved.recent);
    this.#held.restore(saved.held);
    this.#direction = saved.direction;
    this.#lastTime = saved.lastTime;
    this.#wasFalling = saved.wasFalling;
    this.#other = saved.other;
  }

  #symbolOfName(): string | DataFault {
    const { options, position } = this.#context;
    const name = this.#name === "" ? position.file : this.#name;
    const found = SPOT_NAME.exec(name)?.[1] ?? options.symbol ?? options.instrument?.symbol;
    if (found !== undefined) return found;
    const what =
      "spot trades name no symbol, and the file's name does not either " +
      "(BTCUSDT_2025-05-19.csv.gz); say which symbol they are of";
    return faultAt("DATA_SYMBOL", position, what);
  }

  #open(symbol: string, kind: ContractKind): DataFault | undefined {
    const { options, position } = this.#context;
    const held = this.#track?.instrument;
    if (held !== undefined) {
      if (held.symbol === symbol && held.kind === kind) return undefined;
      const what =
        `the trades are of ${held.symbol} (${held.kind}) and ${symbol} (${kind}); ` +
        "say which symbol to read";
      return faultAt("DATA_SYMBOL", position, what);
    }
    const instrument = options.instrument ?? knownInstrument("bybit", kind, symbol);
    if (instrument === undefined) {
      return faultAt("DATA_SYMBOL", position, unknownGrid("Bybit", kind, symbol.slice(0, 60)));
    }
    this.#begin(instrument, newCounts());
    return undefined;
  }

  #begin(instrument: Instrument, counts: StreamCounts): void {
    const { position, openSink } = this.#context;
    this.#track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.#parser = new LevelParser(instrument, counts, position);
  }

  #trade(cells: readonly string[], columns: Columns, text: string): undefined {
    const { counts } = this.#track!;
    const time = this.#time(cells[columns.time]!);
    const side = cells[columns.side]!.toLowerCase();
    const priceText = plainDecimal(cells[columns.price]!);
    const isFree = isZero(priceText);
    const price = isFree ? OFF_GRID : this.#parser!.price(priceText);
    const lots = this.#parser!.quantity(plainDecimal(cells[columns.size]!));
    if (Number.isNaN(time) || !(side === "buy" || side === "sell")) {
      return badLine(this.#context, text, "has no time or no side");
    }
    if (price === NOT_A_NUMBER || lots === NOT_A_NUMBER) {
      return badLine(this.#context, text, "has a price or size that is no number");
    }
    this.#context.file.stream("trades");
    counts.trades += 1;
    const id = columns.id === undefined ? "" : cells[columns.id]!;
    if (id !== "" && !this.#recent.isNew(id)) {
      counts.duplicates.trades += 1;
      return undefined;
    }
    if (isFree) counts.priceZeroTrades += 1;
    if (price === OFF_GRID || lots <= 0) return undefined;
    const rpi = columns.rpi === undefined ? "" : cells[columns.rpi]!.toLowerCase();
    const flags = rpi === "1" || rpi === "true" ? OFF_BOOK : 0;
    this.#put(time, (side === "buy" ? Kind.TRADE_BUY : Kind.TRADE_SELL) | flags, price, lots);
    return undefined;
  }

  /** Trades of equal times tell nothing; from the first that differ on it is known. */
  #put(time: number, kind: number, price: number, lots: number): void {
    if (this.#direction === "unknown" && time > this.#lastTime) {
      this.#direction = "rising";
      this.#drain();
    } else if (this.#direction === "unknown" && time < this.#lastTime) this.#direction = "falling";
    this.#lastTime = time;
    if (this.#direction === "rising") this.#hand(time, kind, price, lots);
    else this.#held.push(time, kind, price, lots);
  }

  /** A file has ended. */
  #release(): void {
    if (this.#direction === "falling") this.#wasFalling = true;
    this.#drain();
    this.#direction = "unknown";
    this.#lastTime = Number.NaN;
  }

  #drain(): void {
    this.#held.drain(this.#direction === "falling", (...trade) => this.#hand(...trade));
  }

  #hand(time: number, kind: number, price: number, lots: number): void {
    const { sink } = this.#track!;
    sink.begin("trade", time, time);
    sink.row(kind, price, lots);
    sink.end(0);
  }

  #time(text: string): number {
    const found = TIME.exec(text);
    if (found === null) return Number.NaN;
    const nanos = Number((found[2] ?? found[3] ?? "").padEnd(9, "0"));
    return this.#context.time.nanos(Number(found[1]), nanos);
  }
}

function columnsOf(head: string): Columns {
  const names = head.trimEnd().split(",");
  const place = (name: string): number => names.indexOf(name);
  const some = (name: string): number | undefined => (place(name) < 0 ? undefined : place(name));
  const isSpot = names[0] === "id";
  return {
    count: names.length,
    time: place("timestamp"),
    symbol: some("symbol"),
    side: place("side"),
    size: place(isSpot ? "volume" : "size"),
    price: place("price"),
    // Spot numbers each file's trades from 1.
    id: some("trdMatchID"),
    rpi: some(isSpot ? "rpi" : "RPI"),
  };
}

/** `BTCUSD`, `BTCUSDH25`: inverse; all else is settled in USDT or USDC. */
const kindOf = (symbol: string): ContractKind =>
  /^[A-Z0-9]+USD([A-Z]\d{2})?$/.test(symbol) ? "inverse" : "linear";
