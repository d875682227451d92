/**
 * Imported fills: a CSV of executions that were done elsewhere, read onto an instrument's grid.
 *
 * Everything in the file is hostile until it is parsed: a cell that cannot be read exactly is a
 * fault with its line and column, never a guess and never a throw. What must stay true: an
 * execution is counted once, and what was left out is counted too.
 */
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import type { Fill, Liquidity } from "../core/domain/child-order.ts";
import { formatDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import {
  type GridFault,
  type Instrument,
  parsePrice,
  parseQuantity,
  settleCoin,
} from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { micros } from "../core/domain/units.ts";
import type { PartialFill } from "../core/tca/execution.ts";
import {
  type ColumnMap,
  type Columns,
  type FillField,
  findColumns,
  quoted,
} from "./fill-columns.ts";
import {
  type Instant,
  negated,
  parseAmount,
  parseFee,
  parseInstant,
  parseLiquidity,
  parseSide,
  parseType,
} from "./fill-cells.ts";

export interface ImportFault {
  readonly code:
    "TCA_FILE" | "TCA_FORMAT" | "TCA_COLUMNS" | "TCA_ROW" | "TCA_EMPTY" | "TCA_ORDER" | "TCA_TERMS";
  /** What happened, where, and what to do. */
  readonly text: string;
}

export interface ImportedFill {
  readonly fill: PartialFill["fill"];
  readonly side: Side;
  readonly at: Instant;
  /** Ids that may name the order it belongs to, the widest first. */
  readonly orders: readonly string[];
}

export interface ImportedFills {
  /** In order of time. */
  readonly fills: readonly ImportedFill[];
  readonly columns: Columns["names"];
  readonly counts: {
    readonly rows: number;
    readonly duplicates: number;
    /** Funding, settlement, liquidation … by their names in the file. */
    readonly notTrades: Readonly<Record<string, number>>;
    readonly otherSymbols: number;
  };
}

export interface ReadFillsOptions {
  readonly instrument: Instrument;
  readonly map?: ColumnMap;
  /** Of every fill, where no column says it. */
  readonly side?: Side;
  /** A time without a zone is UTC. */
  readonly isUtc?: boolean;
  /** Of every fee, where no column says it. */
  readonly feeCoin?: string;
  /** The file writes a fee that was paid as a negative amount; absent = nobody said. */
  readonly feesAreNegative?: boolean;
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Longer than any true line of an export. */
const MOST_LINE_BYTES = 1 << 20;
const MOST_COLUMNS = 1000;
/** Faults are shown so far; reading goes on a little to say how many there are. */
const FAULTS_SHOWN = 8;
const FAULTS_MOST = 1000;
const NAMES_MOST = 20;

export async function readFills(
  path: string,
  options: ReadFillsOptions,
): Promise<Result<ImportedFills, ImportFault>> {
  try {
    return await parseFills(createReadStream(path), basename(path), options);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    return err({ code: "TCA_FILE", text: `${path}: the file cannot be read: ${error.message}` });
  }
}

/** @param name of the file, for what is said of it. */
export async function parseFills(
  chunks: Chunks,
  name: string,
  options: ReadFillsOptions,
): Promise<Result<ImportedFills, ImportFault>> {
  const iterator = iterate(chunks);
  const first = await iterator.next();
  const head = first.done === true ? Buffer.alloc(0) : Buffer.from(first.value);
  const binary = binaryFault(head, name);
  if (binary !== undefined) {
    await iterator.return(undefined);
    return err(binary);
  }
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(head),
    info: true,
    max_record_size: MOST_LINE_BYTES,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  pipeline(Readable.from(resumed(head, iterator)), parser, () => undefined);
  const reading = new FillReading(name, options);
  try {
    for await (const row of parser) {
      const { record, info } = row as { record: string[]; info: { lines: number } };
      const fault = reading.row(record, info.lines);
      if (fault !== undefined) return err(fault);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return err({
      code: "TCA_FORMAT",
      text: `${name}: not a CSV that can be read: ${error.message}`,
    });
  }
  return reading.finish();
}

async function* iterate(chunks: Chunks): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* resumed(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return;
    yield next.value;
  }
}

function binaryFault(head: Buffer, name: string): ImportFault | undefined {
  const magic = head.length >= 4 ? head.readUInt32BE(0) : 0;
  const isPacked = magic >>> 16 === 0x1f8b || magic === 0x28b52ffd || magic === 0x504b0304;
  const isWide = head.length >= 2 && head.readUInt16LE(0) === 0xfeff;
  if (!isPacked && (isWide || !head.includes(0))) return undefined;
  const what = isPacked
    ? "is packed, or a spreadsheet: unpack it, or save it as CSV"
    : "is no text";
  return { code: "TCA_FORMAT", text: `${name} ${what}` };
}

/** The separator that the first line has most of, outside quotes. */
function delimiterOf(head: Buffer): string {
  const isWide = head.length >= 2 && head.readUInt16LE(0) === 0xfeff;
  const counts = new Map([",", ";", "\t", "|"].map((each) => [each, 0]));
  let isQuoted = false;
  for (const each of head.toString(isWide ? "utf16le" : "utf8").slice(0, MOST_LINE_BYTES)) {
    if (each === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (each === "\n" || each === "\r") break;
    const count = counts.get(each);
    if (count !== undefined) counts.set(each, count + 1);
  }
  const [best] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  return best;
}

/** A cell that could not be read: what is wrong with it. */
class CellFault {
  readonly field: FillField;
  readonly text: string;
  constructor(field: FillField, text: string) {
    this.field = field;
    this.text = text;
  }
}

class FillReading {
  readonly #name: string;
  readonly #options: ReadFillsOptions;
  readonly #fills: ImportedFill[] = [];
  /** What each execution id stood for. */
  readonly #seen = new Map<string, string>();
  readonly #notTrades = new Map<string, number>();
  readonly #symbols = new Map<string, number>();
  readonly #faults: string[] = [];
  #faultCount = 0;
  #header: readonly string[] | undefined;
  #columns: Columns | undefined;
  #rows = 0;
  #duplicates = 0;
  #otherSymbols = 0;

  constructor(name: string, options: ReadFillsOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** A fault that is returned ends the reading. */
  row(record: readonly string[], line: number): ImportFault | undefined {
    if (this.#columns === undefined) return this.#head(record);
    this.#rows += 1;
    const width = this.#header!.length;
    const isUneven =
      record.length < width || record.slice(width).some((cell) => cell.trim() !== "");
    if (isUneven) {
      const what = `${record.length} cells where the header has ${width}`;
      this.#fault(line, `${what}: quote the cells that hold the separator`);
    } else {
      this.#take(record, line);
    }
    return this.#faultCount >= FAULTS_MOST ? this.#rowFault() : undefined;
  }

  finish(): Result<ImportedFills, ImportFault> {
    if (this.#header === undefined) {
      return err({ code: "TCA_EMPTY", text: `${this.#name} is empty` });
    }
    if (this.#faultCount > 0) return err(this.#rowFault());
    if (this.#fills.length === 0) return err(this.#emptyFault());
    const doubtful = this.#signFault();
    if (doubtful !== undefined) return err(doubtful);
    return ok({
      fills: this.#fills.toSorted(byTime),
      columns: this.#columns!.names,
      counts: {
        rows: this.#rows,
        duplicates: this.#duplicates,
        notTrades: Object.fromEntries(this.#notTrades),
        otherSymbols: this.#otherSymbols,
      },
    });
  }

  #head(record: readonly string[]): ImportFault | undefined {
    const { map = new Map(), side } = this.#options;
    const found =
      record.length > MOST_COLUMNS
        ? err(`${record.length} columns are more than any export has`)
        : findColumns(record, map, side === undefined);
    this.#header = record;
    if (!found.ok) return { code: "TCA_COLUMNS", text: `${this.#name}: ${found.error}` };
    this.#columns = found.value;
    return undefined;
  }

  #take(record: readonly string[], line: number): void {
    const cell = (field: FillField): string | undefined => {
      const at = this.#columns!.index.get(field);
      return at === undefined ? undefined : (record[at] ?? "").trim();
    };
    const symbol = cell("symbol");
    if (symbol !== undefined) note(this.#symbols, symbol);
    if (symbol !== undefined && !isSymbol(symbol, this.#options.instrument)) {
      this.#otherSymbols += 1;
      return;
    }
    const type = parseType(cell("type") ?? "");
    if (!type.isTrade) {
      note(this.#notTrades, cell("type")!);
      return;
    }
    try {
      this.#keep(this.#read(cell, line, type.liquidity), line);
    } catch (error) {
      if (!(error instanceof CellFault)) throw error;
      const column = this.#columns!.names[error.field] ?? error.field;
      const value = cell(error.field);
      this.#fault(line, `column ${quoted(column)}: ${quoted(value)} ${error.text}`);
    }
  }

  /** @throws CellFault caught in `take`. */
  #read(
    cell: (field: FillField) => string | undefined,
    line: number,
    taken: Liquidity | undefined,
  ): ImportedFill {
    const { instrument, isUtc = false } = this.#options;
    const need = <Value>(field: FillField, result: Result<Value, string>): Value => {
      if (result.ok) return result.value;
      throw new CellFault(field, result.error);
    };
    const number = (field: "price" | "quantity", coin: string): string => {
      const amount = need(field, parseAmount(cell(field) ?? ""));
      if (amount.coin === undefined || amount.coin === coin) return formatDecimal(amount.value);
      throw new CellFault(field, `is in ${amount.coin}, where ${coin} was expected`);
    };
    const at = need("time", parseInstant(cell("time") ?? "", isUtc || this.#columns!.isUtc));
    const price = parsePrice(instrument, number("price", instrument.quote));
    if (!price.ok) throw new CellFault("price", gridText(price.error));
    const coin = instrument.kind === "inverse" ? instrument.quote : instrument.base;
    const quantity = parseQuantity(instrument, number("quantity", coin));
    if (!quantity.ok) throw new CellFault("quantity", gridText(quantity.error));
    if (quantity.value === 0) throw new CellFault("quantity", "is no quantity: leave the row out");
    const sideCell = cell("side");
    const side = sideCell === undefined ? this.#options.side! : need("side", parseSide(sideCell));
    const liquidity = need("liquidity", parseLiquidity(cell("liquidity") ?? "")) ?? taken;
    const id = cell("id") ?? "";
    return {
      side,
      at,
      orders: (["parent", "order", "client-order"] as const)
        .map((field) => cell(field) ?? "")
        .filter((text) => text !== ""),
      fill: {
        executionId: id === "" ? `line ${line}` : id,
        price: price.value,
        quantity: quantity.value,
        exchangeTime: micros(Number(at.nanos / 1000n)),
        ...(liquidity === undefined ? {} : { liquidity }),
        ...this.#feeOf(cell, need),
      },
    };
  }

  #feeOf(
    cell: (field: FillField) => string | undefined,
    need: <Value>(field: FillField, result: Result<Value, string>) => Value,
  ): Pick<Fill, "fee" | "feeCoin"> | Record<string, never> {
    const { instrument, feeCoin, feesAreNegative = false } = this.#options;
    const text = cell("fee") ?? "";
    if (text === "") return {};
    const { value, coin } = need("fee", parseFee(text));
    const named = cell("fee-coin") ?? "";
    const usual = instrument.kind === "spot" ? undefined : settleCoin(instrument);
    const paidIn = coin ?? (named === "" ? (feeCoin ?? usual) : named.toUpperCase());
    if (paidIn === undefined) return {};
    return { fee: feesAreNegative ? negated(value) : formatDecimal(value), feeCoin: paidIn };
  }

  #keep(imported: ImportedFill, line: number): void {
    const { executionId, price, quantity } = imported.fill;
    const meaning = `${imported.at.nanos} ${imported.side} ${price} ${quantity}`;
    const before = this.#seen.get(executionId);
    if (before === undefined) {
      this.#seen.set(executionId, meaning);
      this.#fills.push(imported);
    } else if (before === meaning) {
      this.#duplicates += 1;
    } else {
      const column = quoted(this.#columns!.names.id);
      const what = `column ${column}: ${quoted(executionId)} stands twice with different figures`;
      this.#fault(line, `${what}; drop the wrong row, or map another column to id`);
    }
  }

  #fault(line: number, text: string): void {
    this.#faultCount += 1;
    if (this.#faults.length < FAULTS_SHOWN) this.#faults.push(`${this.#name}:${line}: ${text}`);
  }

  #rowFault(): ImportFault {
    const more = this.#faultCount - this.#faults.length;
    const rest =
      more > 0 ? [`… and ${more}${more + FAULTS_SHOWN >= FAULTS_MOST ? "+" : ""} more`] : [];
    return { code: "TCA_ROW", text: [...this.#faults, ...rest].join("\n") };
  }

  /** Who takes is hardly ever paid for it: a cost must not become a gain without a word. */
  #signFault(): ImportFault | undefined {
    if (this.#options.feesAreNegative !== undefined) return undefined;
    const under = this.#fills.filter(
      ({ fill }) => fill.liquidity !== "maker" && fill.fee?.startsWith("-") === true,
    ).length;
    if (under === 0) return undefined;
    const text =
      `${this.#name}: ${under} of ${this.#fills.length} fees are under zero and not of resting ` +
      "orders: say --fee-sign negative if the file writes fees that were paid so (OKX does), or " +
      "--fee-sign positive if they are rebates";
    return { code: "TCA_TERMS", text };
  }

  #emptyFault(): ImportFault {
    const { instrument } = this.#options;
    const name = this.#name;
    if (this.#rows === 0) return { code: "TCA_EMPTY", text: `${name} has a header and no rows` };
    if (this.#otherSymbols === this.#rows) {
      const found = [...this.#symbols].map(([symbol, rows]) => `${quoted(symbol)} (${rows})`);
      const text = `no row is of ${instrument.symbol}; the file holds ${found.join(", ")}`;
      return { code: "TCA_EMPTY", text: `${name}: ${text}` };
    }
    const kinds = [...this.#notTrades.keys()].map(quoted).join(", ");
    return {
      code: "TCA_EMPTY",
      text: `${name}: no row of ${instrument.symbol} is a trade; ${kinds}`,
    };
  }
}

/** The text of the tally is from outside, so it may not grow without bound. */
function note(tally: Map<string, number>, name: string): void {
  const key = tally.has(name) || tally.size < NAMES_MOST ? name.slice(0, 60) : "others";
  tally.set(key, 1 + (tally.get(key) ?? 0));
}

/** `BTC/USDT:USDT`, `BTC-USDT-SWAP` and `BTCUSDT` are one. */
function isSymbol(text: string, { symbol }: Instrument): boolean {
  return text === symbol || plainSymbol(text) === plainSymbol(symbol);
}

const plainSymbol = (name: string): string =>
  name
    .toUpperCase()
    .replace(/:.*$/, "")
    .replace(/-SWAP$/, "")
    .replace(/[^A-Z0-9]/g, "");

const byTime = (a: ImportedFill, b: ImportedFill): number =>
  a.at.nanos < b.at.nanos ? -1 : a.at.nanos > b.at.nanos ? 1 : 0;

function gridText(fault: GridFault): string {
  switch (fault.code) {
    case "GRID_OFF_TICK":
      return (
        `is not a multiple of the tick size ${fault.tickSize}: check the instrument; ` +
        "an average price needs an --instrument file with a finer tickSize"
      );
    case "GRID_OFF_LOT":
      return (
        `is not a multiple of the lot size ${fault.lotSize}: check the instrument, ` +
        "or give an --instrument file with a finer lotSize"
      );
    case "GRID_RANGE":
      return "is at or under zero, or too large for this instrument";
    case "DECIMAL_SYNTAX":
      return "is not an exact decimal";
  }
}
