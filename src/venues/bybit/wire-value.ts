/**
 * Wire value: reads what Bybit sent, field by field, and trusts none of it.
 *
 * A message is hostile until it is read: a field that is missing, of another type, too long or no
 * plain decimal makes the whole record a fault, told once, with the field's name. What must stay
 * true: nothing here throws on any JSON, and no number is ever guessed or rounded.
 */
import { countSteps, type Decimal, parseDecimal } from "../../core/domain/decimal.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type Instrument, parsePrice, parseQuantity } from "../../core/domain/instrument.ts";
import type { Side } from "../../core/domain/side.ts";
import { type Lots, lots, type Micros, micros, type Ticks } from "../../core/domain/units.ts";
import {
  NOT_A_NUMBER,
  type GridParser,
  priceParser,
  quantityParser,
} from "../../data/grid-parser.ts";

/** What was sent cannot be understood. Nothing of it has been used. */
export interface WireFault {
  readonly code: "VENUE_PROTOCOL";
  /** Which message and which field, and what is wrong with it. */
  readonly text: string;
}

export const wireFault = (text: string): WireFault => ({ code: "VENUE_PROTOCOL", text });

/** Text from outside inside a message of ours: short, and without what could act on a terminal. */
export const quoted = (text: string, most = 60): string =>
  JSON.stringify(text.slice(0, most)).replace(/[\u007f-\uffff]/g, "?");

/** Lists and objects by their kind alone: they may be nested deeper than JSON can be written. */
const shown = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Array.isArray(value)
      ? "a list"
      : "an object"
    : quoted(JSON.stringify(value) ?? String(value));

export type JsonRecord = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Parsed JSON, or a fault: never a throw. */
export function parseJson(text: string, where: string): Result<JsonRecord, WireFault> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(wireFault(`${where}: is no JSON: ${quoted(text)}`));
  }
  return isRecord(value) ? ok(value) : err(wireFault(`${where}: is no JSON object`));
}

const MOST_TEXT = 128;
/** Lists of a page hold at most 200 rows; a message of the stream far fewer. */
const MOST_ROWS = 10_000;

/** One record, read field by field. After a fault the values read are worthless: ask `fault`. */
export class Fields {
  /** The first thing that was wrong. */
  fault: WireFault | undefined;
  readonly #record: JsonRecord;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    this.#where = where;
    this.#record = isRecord(value) ? value : {};
    if (!isRecord(value)) this.refuse("is no object");
  }

  /** The value, where nothing was wrong with anything read. */
  done<Value>(value: Value): Result<Value, WireFault> {
    return this.fault === undefined ? ok(value) : err(this.fault);
  }

  refuse(text: string): void {
    this.fault ??= wireFault(`${this.#where}: ${text}`);
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.#record, name) ? this.#record[name] : undefined;
  }

  text(name: string): string {
    const value = this.raw(name);
    if (typeof value === "string" && value.length > 0 && value.length <= MOST_TEXT) return value;
    this.#refuse(name, value, "text");
    return "";
  }

  /** "" where it is absent. */
  textOrNone(name: string): string {
    const value = this.raw(name);
    if (value === undefined || value === null) return "";
    if (typeof value === "string" && value.length <= MOST_TEXT) return value;
    this.#refuse(name, value, "text");
    return "";
  }

  /** For people to read: whoever shows it takes secrets out of it first, and then cuts it. */
  words(name: string): string {
    const value = this.raw(name);
    return typeof value === "string" ? value.slice(0, 4000) : "";
  }

  integer(name: string): number {
    const value = this.raw(name);
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    this.#refuse(name, value, "a whole number");
    return 0;
  }

  integerOrNone(name: string): number | undefined {
    const value = this.raw(name);
    return value === undefined || value === null || value === "" ? undefined : this.integer(name);
  }

  flag(name: string): boolean {
    const value = this.raw(name);
    if (typeof value === "boolean") return value;
    this.#refuse(name, value, "true or false");
    return false;
  }

  flagOrNone(name: string): boolean {
    const value = this.raw(name);
    return value === undefined || value === null || value === "" ? false : this.flag(name);
  }

  /** Plain decimal text, exactly as sent. */
  decimal(name: string): string {
    const value = this.raw(name);
    if (typeof value === "string" && parseDecimal(value).ok) return value;
    this.#refuse(name, value, "a plain decimal");
    return "0";
  }

  /** Undefined where it is absent or empty: Bybit leaves out what has no meaning. */
  decimalOrNone(name: string): string | undefined {
    const value = this.raw(name);
    return value === undefined || value === null || value === "" ? undefined : this.decimal(name);
  }

  /** Milliseconds since 1970, as a number or as digits. */
  time(name: string): Micros {
    const value = this.raw(name);
    const millis = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
    const most = Number.MAX_SAFE_INTEGER / 1000;
    if (typeof millis === "number" && Number.isInteger(millis) && millis >= 0 && millis <= most) {
      return micros(millis * 1000);
    }
    this.#refuse(name, value, "a time in milliseconds");
    return micros(0);
  }

  /** 0 where it is absent or empty. */
  timeOrNone(name: string): Micros {
    const value = this.raw(name);
    return value === undefined || value === null || value === "" ? micros(0) : this.time(name);
  }

  side(name: string): Side {
    const value = this.raw(name);
    if (value === "Buy") return "buy";
    if (value === "Sell") return "sell";
    this.#refuse(name, value, "Buy or Sell");
    return "buy";
  }

  /** One of a closed set of words: a word that is not in the table is not guessed at. */
  word<Word extends string>(name: string, table: ReadonlySet<Word>): Word {
    const value = this.raw(name);
    if (typeof value === "string" && (table as ReadonlySet<string>).has(value)) {
      return value as Word;
    }
    this.#refuse(name, value, "a word that is known");
    return "" as Word;
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (Array.isArray(value) && value.length <= MOST_ROWS) return value;
    this.#refuse(name, value, "a list");
    return [];
  }

  #refuse(name: string, value: unknown, wanted: string): void {
    if (this.fault !== undefined) return;
    const is = value === undefined ? "is missing" : `is ${shown(value)}`;
    this.refuse(`${name} ${is}: not ${wanted}`);
  }
}

/** Text onto one instrument's grid. What is between two steps is a fault, never rounded. */
export class Grid {
  readonly instrument: Instrument;
  readonly #price: GridParser;
  readonly #quantity: GridParser;

  constructor(instrument: Instrument) {
    this.instrument = instrument;
    this.#price = priceParser(instrument);
    this.#quantity = quantityParser(instrument);
  }

  price(fields: Fields, name: string): Ticks {
    const text = fields.decimal(name);
    if (fields.fault !== undefined) return 0 as Ticks;
    const count = this.#price(text);
    if (count >= 0) return count as Ticks;
    fields.refuse(this.#why(name, text, count, parsePrice(this.instrument, text)));
    return 0 as Ticks;
  }

  /** Undefined where it is absent, empty or zero: a market order has none. */
  priceOrNone(fields: Fields, name: string): Ticks | undefined {
    const text = fields.decimalOrNone(name);
    return text === undefined || isZero(text) ? undefined : this.price(fields, name);
  }

  quantity(fields: Fields, name: string): Lots {
    const text = fields.decimal(name);
    if (fields.fault !== undefined) return lots(0);
    const count = this.#quantity(text);
    if (count >= 0) return count as Lots;
    fields.refuse(this.#why(name, text, count, parseQuantity(this.instrument, text)));
    return lots(0);
  }

  quantityOrNone(fields: Fields, name: string): Lots | undefined {
    const text = fields.decimalOrNone(name);
    return text === undefined ? undefined : this.quantity(fields, name);
  }

  #why(
    name: string,
    text: string,
    count: number,
    parsed: Result<number, { readonly code: string }>,
  ): string {
    const code = count === NOT_A_NUMBER || parsed.ok ? "no number" : parsed.error.code;
    return `${name} ${quoted(text)} is not on the grid of ${this.instrument.symbol} (${code})`;
  }
}

const isZero = (text: string): boolean => !/[1-9]/.test(text);

/** Whole lots in a balance, rounded down: dust under a lot cannot be traded. */
export function floorLots(instrument: Instrument, amount: Decimal): number {
  const { count } = countSteps(amount, instrument.lotSize);
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(count > most ? most : count < -most ? -most : count);
}

/** Rows of a message about many instruments: ours are read, others only counted. */
export interface Rows<Row> {
  readonly rows: readonly Row[];
  /** Of another instrument or category. */
  readonly elsewhere: number;
  /** Rows of our instrument that could not be read. Each must reach the operator. */
  readonly faults: readonly WireFault[];
  /** What can be read of those that have an id: by it an order can be canceled all the same. */
  readonly unread: readonly UnreadRow[];
}

export interface UnreadRow {
  /** `orderLinkId`. */
  readonly id: string;
  /** `orderStatus`; "" where there is none. */
  readonly status: string;
}

/** A page of a list; `next` is the cursor of the page after it. */
export interface Page<Row> extends Rows<Row> {
  readonly next: string | undefined;
}

/** `category`: of the whole list, where its rows do not say. */
export function readRows<Row>(
  list: readonly unknown[],
  grid: Grid,
  category: string,
  where: string,
  read: (fields: Fields) => Row,
): Rows<Row> {
  const { symbol, kind } = grid.instrument;
  const rows: Row[] = [];
  const faults: WireFault[] = [];
  const unread: UnreadRow[] = [];
  let elsewhere = 0;
  for (const entry of list) {
    const fields = new Fields(entry, where);
    const about = fields.text("symbol");
    const of = fields.textOrNone("category") || category;
    if (fields.fault === undefined && (about !== symbol || of !== kind)) {
      elsewhere += 1;
      continue;
    }
    const row = read(fields);
    if (fields.fault === undefined) {
      rows.push(row);
      continue;
    }
    faults.push(fields.fault);
    if (!isRecord(entry)) continue;
    const { orderLinkId: id, orderStatus: status } = entry;
    if (typeof id !== "string" || id === "") continue;
    unread.push({ id, status: typeof status === "string" ? status : "" });
  }
  return { rows, elsewhere, faults, unread };
}

/** The `result` of a list: `{ category, list, nextPageCursor }`. */
export function readPage<Row>(
  result: unknown,
  grid: Grid,
  where: string,
  read: (fields: Fields) => Row,
): Result<Page<Row>, WireFault> {
  const fields = new Fields(result, where);
  const list = fields.list("list");
  const category = fields.textOrNone("category");
  const next = cursor(fields);
  if (fields.fault !== undefined) return err(fields.fault);
  return ok({ ...readRows(list, grid, category, where, read), next });
}

/** Cursors are long, and go back as they came. */
function cursor(fields: Fields): string | undefined {
  const value = fields.raw("nextPageCursor");
  return typeof value === "string" && value !== "" && value.length <= 4096 ? value : undefined;
}
