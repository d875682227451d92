/**
 * Event batch: market rows as an Arrow record batch.
 *
 * What must stay true: each value is the row's own, to the last digit; a clear or a gap has no
 * price and no quantity.
 */
import type { Data, DataType, Field, RecordBatch, Schema, Vector } from "apache-arrow";
import { formatDecimal } from "../../core/domain/decimal.ts";
import { instrumentId } from "../../core/domain/instrument.ts";
import { Kind, KIND_MASK, type MarketBlock, type MarketHeader } from "../../core/market/columns.ts";
import { type EventGrid, FLAG_COLUMNS, KIND_NAMES } from "./event-columns.ts";
import type { ArrowLibrary } from "./library.ts";
import { addedTimes, decimals, flagBits, validityOf, wholeNumbers } from "./wide-numbers.ts";

/** Makes batches of one recording's rows, all of one schema. */
export class EventBatches {
  readonly schema: Schema;
  readonly #arrow: ArrowLibrary;
  readonly #grid: EventGrid;
  readonly #epochNanos: bigint;
  readonly #symbols: Vector;
  readonly #kinds: Vector;

  constructor(arrow: ArrowLibrary, header: MarketHeader, grid: EventGrid) {
    this.#arrow = arrow;
    this.#grid = grid;
    this.#epochNanos = header.epochNanos;
    this.#symbols = arrow.vectorFromArray([header.instrument.symbol], new arrow.Utf8());
    this.#kinds = arrow.vectorFromArray([...KIND_NAMES], new arrow.Utf8());
    this.schema = new arrow.Schema(fieldsOf(arrow, grid), metadataOf(header));
  }

  /** Copies what it needs: the block may be used again. */
  of(block: MarketBlock): RecordBatch {
    const { length, kind, price, quantity, exchangeTime, localTime } = block;
    const epoch = this.#epochNanos;
    const priced = validityOf(length, (row) => (kind[row]! & KIND_MASK) < Kind.CLEAR);
    const kinds = Int8Array.from(kind.subarray(0, length), (flags) => flags & KIND_MASK);
    const columns: readonly object[] = [
      { data: addedTimes(exchangeTime, length, epoch) },
      { data: addedTimes(localTime, length, epoch) },
      { data: new Int8Array(length), dictionary: this.#symbols },
      { data: kinds, dictionary: this.#kinds },
      { data: decimals(price, length, this.#grid.price), ...priced },
      { data: decimals(quantity, length, this.#grid.quantity), ...priced },
      { data: price.slice(0, length) },
      { data: wholeNumbers(quantity, length) },
      ...FLAG_COLUMNS.map(([, bit]) => ({ data: flagBits(kind, length, bit) })),
    ];
    return recordBatch(this.#arrow, this.schema, length, columns);
  }
}

/** Of columns as `makeData` takes them, in the schema's order. */
export function recordBatch(
  arrow: ArrowLibrary,
  schema: Schema,
  length: number,
  columns: readonly object[],
): RecordBatch {
  const children = columns.map((column, at): Data => {
    const { type } = schema.fields[at]!;
    // `makeData` is overloaded by the type, which only the schema knows here.
    return arrow.makeData({ type, length, nullCount: 0, ...column } as never);
  });
  const type = new arrow.Struct(schema.fields);
  const data = arrow.makeData({ type, length, nullCount: 0, children });
  return new arrow.RecordBatch(schema, data);
}

function fieldsOf(arrow: ArrowLibrary, { price, quantity }: EventGrid): Field[] {
  // UTC, but without a zone: DuckDB would make microseconds of it.
  const time = new arrow.TimestampNanosecond();
  const names = (id: number): DataType =>
    new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8(), id, false);
  const columns: readonly (readonly [name: string, type: DataType, nullable?: boolean])[] = [
    ["exchange_time", time],
    ["local_time", time],
    ["symbol", names(0)],
    ["kind", names(1)],
    ["price", new arrow.Decimal(price.scale, price.precision), true],
    ["quantity", new arrow.Decimal(quantity.scale, quantity.precision), true],
    ["ticks", new arrow.Int32()],
    ["lots", new arrow.Int64()],
    ...FLAG_COLUMNS.map(([name]) => [name, new arrow.Bool()] as const),
  ];
  return columns.map(([name, type, nullable = false]) => new arrow.Field(name, type, nullable));
}

/** What the columns do not say themselves. */
function metadataOf({ instrument, epochNanos }: MarketHeader): Map<string, string> {
  return new Map([
    ["arrival.instrument", instrumentId(instrument)],
    ["arrival.tickSize", formatDecimal(instrument.tickSize)],
    ["arrival.lotSize", formatDecimal(instrument.lotSize)],
    ["arrival.contractSize", formatDecimal(instrument.contractSize)],
    ["arrival.base", instrument.base],
    ["arrival.quote", instrument.quote],
    ["arrival.epochNanos", String(epochNanos)],
  ]);
}
