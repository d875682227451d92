/**
 * Table: results (bars, the runs of a sweep) as CSV or Parquet, with the same columns in both.
 *
 * What must stay true: what is unknown is empty or null, never zero; a file that bears its name is
 * whole.
 */
import type { DataType, Schema } from "apache-arrow";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { formatDecimal } from "../../core/domain/decimal.ts";
import type { DataFault } from "../fault.ts";
import { batchFiles } from "./batch-file.ts";
import { csvCell } from "./csv-cell.ts";
import { recordBatch } from "./event-batch.ts";
import type { DecimalColumn } from "./event-columns.ts";
import type { ArrowLibrary } from "./library.ts";
import { guarded, OutputFile, type OutputOptions } from "./output-file.ts";
import { TextFile } from "./text-file.ts";
import { putWide, validityOf } from "./wide-numbers.ts";

/**
 * `time`: nanoseconds since 1970, UTC. `decimal`: counts of steps. `integer`: 64 bits.
 */
export type TableColumn = { readonly name: string } & (
  | { readonly type: "text" | "number" | "integer" | "time" }
  | { readonly type: "decimal"; readonly decimal: DecimalColumn }
);

/** bigint for times and decimals. */
export type Cell = string | number | bigint | null;

export type TableFormat = "csv" | "parquet";

/** By the ending of the name; undefined where it says nothing. */
export function tableFormatOf(path: string): TableFormat | undefined {
  if (/\.csv(?:\.gz|\.zst)?$/.test(path)) return "csv";
  return path.endsWith(".parquet") ? "parquet" : undefined;
}

const ROWS_AT_ONCE = 1 << 14;

export async function writeTable(
  path: string,
  format: TableFormat,
  columns: readonly TableColumn[],
  rows: Iterable<readonly Cell[]>,
  options: OutputOptions = {},
): Promise<Result<undefined, DataFault>> {
  const files = format === "parquet" ? await batchFiles("parquet") : undefined;
  if (files?.ok === false) return err(files.error);
  const created = OutputFile.create(path, options);
  if (!created.ok) return created;
  const output = created.value;
  const written = await guarded(async () => {
    if (files === undefined) await writeText(output, columns, rows);
    else {
      const { arrow, open } = files.value;
      const schema = schemaOf(arrow, columns);
      const file = open(output, schema);
      try {
        for (const part of chunks(rows, ROWS_AT_ONCE)) {
          const data = columns.map((column, at) =>
            dataOf(
              arrow,
              column,
              part.map((row) => row[at]!),
            ),
          );
          await file.write(recordBatch(arrow, schema, part.length, data));
        }
        await file.finish();
      } catch (error) {
        await file.abandon();
        throw error;
      }
    }
    output.seal();
  }).finally(() => output.abandon());
  return written.ok ? ok(undefined) : written;
}

async function writeText(
  output: OutputFile,
  columns: readonly TableColumn[],
  rows: Iterable<readonly Cell[]>,
): Promise<void> {
  const file = new TextFile(output);
  await file.write(`${columns.map(({ name }) => csvCell(name)).join(",")}\n`);
  for (const part of chunks(rows, ROWS_AT_ONCE)) {
    const lines = part.map((row) =>
      row.map((cell, at) => csvCell(cellText(columns[at]!, cell))).join(","),
    );
    if (lines.length > 0) await file.write(`${lines.join("\n")}\n`);
  }
  await file.finish();
}

/** What a cell is called in text; numbers as JavaScript writes them. */
export function cellText(column: TableColumn, cell: Cell): string | null {
  if (cell === null) return null;
  if (column.type === "time") return isoNanos(BigInt(cell));
  if (!("decimal" in column)) return String(cell);
  const { mantissa, scale } = column.decimal;
  return formatDecimal({ mantissa: BigInt(cell) * mantissa, scale });
}

/** ISO 8601 with as many digits behind the second as it takes: none, 3, 6 or 9. */
export function isoNanos(nanos: bigint): string {
  const second = nanos / 1_000_000_000n;
  const rest = String(nanos % 1_000_000_000n).padStart(9, "0");
  const digits = rest.replace(/(?:000){1,3}$/, "");
  const whole = new Date(Number(second) * 1000).toISOString().slice(0, -5);
  return `${whole}${digits === "" ? "" : `.${digits}`}Z`;
}

function schemaOf(arrow: ArrowLibrary, columns: readonly TableColumn[]): Schema {
  const typeOf = (column: TableColumn): DataType => {
    if (column.type === "text") return new arrow.Utf8();
    if (column.type === "number") return new arrow.Float64();
    if (column.type === "integer") return new arrow.Int64();
    if (!("decimal" in column)) return new arrow.TimestampNanosecond();
    return new arrow.Decimal(column.decimal.scale, column.decimal.precision);
  };
  const fields = columns.map((column) => new arrow.Field(column.name, typeOf(column), true));
  return new arrow.Schema(fields);
}

/** What `makeData` takes for a column beside its type. */
function dataOf(arrow: ArrowLibrary, column: TableColumn, cells: readonly Cell[]): object {
  if (column.type === "text") {
    const texts = cells.map((cell) => (cell === null ? null : String(cell)));
    const [data] = arrow.vectorFromArray(texts, new arrow.Utf8()).data;
    const { values, valueOffsets, nullCount, nullBitmap } = data!;
    return { data: values, valueOffsets, nullCount, nullBitmap };
  }
  const validity = validityOf(cells.length, (row) => cells[row] !== null);
  if (column.type === "number") {
    return { data: Float64Array.from(cells, (cell) => Number(cell)), ...validity };
  }
  if ("decimal" in column) {
    return { data: wideCells(cells, column.decimal), ...validity };
  }
  return { data: BigInt64Array.from(cells, (cell) => BigInt(cell ?? 0)), ...validity };
}

function wideCells(cells: readonly Cell[], { mantissa }: DecimalColumn): Uint32Array {
  const words = new Uint32Array(4 * cells.length);
  cells.forEach((cell, row) => putWide(words, 4 * row, BigInt(cell ?? 0) * mantissa));
  return words;
}

/** One that is empty where there are no rows: Arrow's writer breaks where nothing comes. */
function* chunks<Row>(rows: Iterable<Row>, most: number): Generator<Row[]> {
  let part: Row[] = [];
  let isFirst = true;
  for (const row of rows) {
    part.push(row);
    if (part.length < most) continue;
    yield part;
    isFirst = false;
    part = [];
  }
  if (part.length > 0 || isFirst) yield part;
}
