/**
 * Event database: recordings as tables of DuckDB, for as long as a question takes.
 *
 * The rows go into a temporary database on the disk as they are held (counts and times since the
 * epoch); views make exact decimals, timestamps and names of them when a question looks at them.
 * What must stay true: memory is bounded whatever the size of the files, nothing stays behind, and
 * DuckDB fetches no extension from anywhere by itself.
 */
import type { DuckDBConnection, DuckDBInstance, DuckDBResult } from "@duckdb/node-api";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { formatDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { Kind, KIND_MASK, type MarketBlock, type MarketHeader } from "../core/market/columns.ts";
import {
  type DecimalColumn,
  type EventGrid,
  eventGrid,
  EVENT_COLUMNS,
  FLAG_COLUMNS,
  KIND_NAMES,
} from "./export/event-columns.ts";
import { partsOf } from "./export/event-export.ts";
import { duckDbLibrary, type DuckDbLibrary } from "./export/library.ts";
import type { DataFault } from "./fault.ts";

export interface DatabaseOptions {
  /** What DuckDB may take before it goes to the disk, as it is written there: `1GB`. */
  readonly memory: string;
}

/** Rows of one call into DuckDB; its vectors hold no more. */
const CHUNK_ROWS = 2048;

export class EventDatabase {
  readonly #library: DuckDbLibrary;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #folder: string;
  readonly #tables: { readonly name: string; readonly file: string; readonly grid: EventGrid }[] =
    [];
  readonly #onExit: () => void;

  private constructor(
    library: DuckDbLibrary,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    folder: string,
    onExit: () => void,
  ) {
    this.#library = library;
    this.#instance = instance;
    this.#connection = connection;
    this.#folder = folder;
    this.#onExit = onExit;
  }

  static async open({ memory }: DatabaseOptions): Promise<Result<EventDatabase, DataFault>> {
    const loaded = await duckDbLibrary();
    if (!loaded.ok) return loaded;
    let folder: string;
    try {
      folder = mkdtempSync(join(tmpdir(), "arrival-query-"));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const text =
        `no temporary database can be made in ${tmpdir()} (${why}); ` +
        "name a folder that can be written to in TMPDIR";
      return err({ code: "DATA_QUERY", text });
    }
    // A second Ctrl-C ends the process at once.
    const onExit = (): void => rmSync(folder, { recursive: true, force: true });
    process.on("exit", onExit);
    try {
      const instance = await loaded.value.DuckDBInstance.create(join(folder, "events.duckdb"), {
        autoinstall_known_extensions: "false",
        autoload_known_extensions: "false",
        allow_community_extensions: "false",
        memory_limit: memory,
        temp_directory: join(folder, "spilled"),
      });
      const connection = await instance.connect();
      await connection.run("SET TimeZone = 'UTC'; CREATE SCHEMA raw");
      const names = KIND_NAMES.map(literal).join(", ");
      await connection.run(`CREATE TYPE event_kind AS ENUM (${names})`);
      return ok(new EventDatabase(loaded.value, instance, connection, folder, onExit));
    } catch (error) {
      onExit();
      process.off("exit", onExit);
      return err(queryFault(error));
    }
  }

  /** The tables there are, in the order of their files. */
  get tables(): readonly { readonly name: string; readonly file: string }[] {
    return this.#tables;
  }

  /**
   * Takes in a recording as a table of its own, named after its file.
   * @param onRows after every few thousand rows; false ends it there.
   */
  async load(
    file: string,
    header: MarketHeader,
    blocks: Iterable<MarketBlock>,
    onRows: (rows: number) => Promise<boolean>,
  ): Promise<Result<number, DataFault>> {
    const grid = eventGrid(header.instrument);
    if (!grid.ok) return grid;
    const name = this.#nameFor(file);
    const raw = `table_${this.#tables.length}`;
    try {
      await this.#connection.run(
        `CREATE TABLE raw.${raw} (exchange DOUBLE, local DOUBLE, flags UTINYINT, ticks INTEGER, ` +
          "lots DOUBLE)",
      );
      const rows = await this.#append(raw, blocks, onRows);
      const columns = columnsOf(header, grid.value.price, grid.value.quantity);
      await this.#connection.run(
        `CREATE VIEW ${quoted(name)} AS SELECT ${columns} FROM raw.${raw}`,
      );
      this.#tables.push({ name, file, grid: grid.value });
      return ok(rows);
    } catch (error) {
      return err(queryFault(error));
    }
  }

  /** Makes `events` of all there are; where they are several, with a column `file`. */
  async join(): Promise<Result<undefined, DataFault>> {
    const [first, ...more] = this.#tables;
    if (first === undefined) return ok(undefined);
    const grids = this.#tables.map(({ grid }) => grid);
    const columns =
      `* REPLACE (CAST(price AS ${commonType(grids.map(({ price }) => price))}) AS price, ` +
      `CAST(quantity AS ${commonType(grids.map(({ quantity }) => quantity))}) AS quantity)`;
    // Two files of one name are told apart by where they lie.
    const bases = this.#tables.map(({ file }) => basename(file));
    const isClear = new Set(bases).size === bases.length;
    const parts = this.#tables.map(
      ({ name, file }, k) =>
        `SELECT ${literal(isClear ? bases[k]! : file)} AS file, ${columns} FROM ${quoted(name)}`,
    );
    const all =
      more.length === 0 ? `FROM ${quoted(first.name)}` : parts.join(" UNION ALL BY NAME ");
    try {
      await this.#connection.run(`CREATE VIEW events AS ${all}`);
      return ok(undefined);
    } catch (error) {
      return err(queryFault(error));
    }
  }

  /** The rows of the last statement, as they come. None of them may write over a file. */
  async query(sql: string): Promise<Result<DuckDBResult, DataFault>> {
    const { COPY, EXPORT } = this.#library.StatementType;
    try {
      const statements = await this.#connection.extractStatements(sql);
      const last = statements.count - 1;
      for (let index = 0; ; index++) {
        const prepared = await statements.prepare(index);
        try {
          const type = prepared.statementType;
          if (type === COPY || type === EXPORT) return err({ code: "DATA_QUERY", text: NO_COPY });
          if (index === last) return ok(await prepared.stream());
          await prepared.run();
        } finally {
          prepared.destroySync();
        }
      }
    } catch (error) {
      return err(queryFault(error));
    }
  }

  /** Writes what one SELECT gives. @param options as COPY takes them. */
  async copy(sql: string, path: string, options: string): Promise<Result<number, DataFault>> {
    const select = sql.trim().replace(/;+$/, "");
    try {
      // The bracket stands on a line of its own: a comment at the end would swallow it.
      const copied = await this.#connection.run(
        `COPY (${select}\n) TO ${literal(path)} (${options})`,
      );
      return ok(copied.rowsChanged);
    } catch (error) {
      return err(queryFault(error));
    }
  }

  /** Ends the question that is being answered. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
    rmSync(this.#folder, { recursive: true, force: true });
    process.off("exit", this.#onExit);
  }

  async #append(
    table: string,
    blocks: Iterable<MarketBlock>,
    onRows: (rows: number) => Promise<boolean>,
  ): Promise<number> {
    const { DuckDBDataChunk, DOUBLE, INTEGER, UTINYINT } = this.#library;
    const appender = await this.#connection.createAppender(table, "raw");
    const chunk = DuckDBDataChunk.create([DOUBLE, DOUBLE, UTINYINT, INTEGER, DOUBLE], CHUNK_ROWS);
    let rows = 0;
    let parts = 0;
    try {
      for (const part of partsOf(blocks, CHUNK_ROWS)) {
        chunk.reset();
        chunk.rowCount = part.length;
        const { exchangeTime, localTime, kind, price, quantity } = part;
        [exchangeTime, localTime, kind, price, quantity].forEach((values, column) =>
          fill(chunk.getColumnVector(column) as unknown as NumberVector, values),
        );
        appender.appendDataChunk(chunk);
        rows += part.length;
        parts += 1;
        if (parts % 32 === 0 && !(await onRows(rows))) break;
      }
    } finally {
      appender.closeSync();
    }
    return rows;
  }

  #nameFor(file: string): string {
    const stem = basename(file)
      .replace(/\.[^.]*$/, "")
      .replace(/\.(?:csv|json|jsonl|txt)$/, "")
      .replaceAll(/[^A-Za-z0-9_]/g, "_");
    const name = /^[A-Za-z_]/.test(stem) ? stem : `_${stem}`;
    const taken = new Set(["events", ...this.#tables.map((table) => table.name.toLowerCase())]);
    let unique = name;
    for (let count = 2; taken.has(unique.toLowerCase()); count++) unique = `${name}_${count}`;
    return unique;
  }
}

const NO_COPY =
  "COPY and EXPORT would write over any file, a recording too: write an answer with --output, " +
  "read a file with FROM 'file'";

interface NumberVector {
  setItem(index: number, value: number): void;
  flush(): void;
}

function fill(vector: NumberVector, values: ArrayLike<number>): void {
  for (let row = 0; row < values.length; row++) vector.setItem(row, values[row]!);
  vector.flush();
}

/** What the columns of a view are made of, in the order of every other export. */
function columnsOf(
  { epochNanos, instrument }: MarketHeader,
  price: DecimalColumn,
  quantity: DecimalColumn,
): string {
  const time = (column: string): string =>
    `make_timestamp_ns(${epochNanos} + CAST(${column} AS BIGINT))`;
  const kinds = KIND_NAMES.map((name, kind) => `WHEN ${kind} THEN '${name}'::event_kind`);
  const isPriced = `flags & ${KIND_MASK} < ${Kind.CLEAR}`;
  const sources: Readonly<Record<string, string>> = {
    exchange_time: time("exchange"),
    local_time: time("local"),
    symbol: literal(instrument.symbol),
    kind: `CASE flags & ${KIND_MASK} ${kinds.join(" ")} END`,
    price: `CASE WHEN ${isPriced} THEN ${product("ticks", 10, price)} END`,
    quantity: `CASE WHEN ${isPriced} THEN ${product("lots", 16, quantity)} END`,
    ticks: "ticks",
    lots: "CAST(lots AS BIGINT)",
    ...Object.fromEntries(FLAG_COLUMNS.map(([name, bit]) => [name, `flags & ${bit} <> 0`])),
  };
  const columns = EVENT_COLUMNS.map((name) => `${sources[name]!} AS ${quoted(name)}`);
  return [...columns, "rowid AS row_id"].join(", ");
}

/** A count times its step, in decimals all the way. */
function product(count: string, digits: number, column: DecimalColumn): string {
  const { mantissa, scale, precision } = column;
  const width = Math.max(scale, String(mantissa).length);
  const step = `'${formatDecimal({ mantissa, scale })}'::DECIMAL(${width}, ${scale})`;
  // DuckDB multiplies in 64 bits as long as neither side is wider than that.
  const whole = precision === 38 ? 38 - width : digits;
  const exact = `CAST(${count} AS DECIMAL(${whole}, 0)) * ${step}`;
  return `CAST(${exact} AS DECIMAL(${precision}, ${scale}))`;
}

/**
 * Holds the values of all of them. DuckDB's own choice gives up digits behind the point, in
 * silence; what does not fit this one is an error.
 */
function commonType(all: readonly DecimalColumn[]): string {
  const scale = Math.max(...all.map((column) => column.scale));
  const whole = Math.max(...all.map((column) => column.precision - column.scale));
  return `DECIMAL(${Math.min(38, whole + scale)}, ${scale})`;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** DuckDB's own words, which name the place in the question. */
export function queryFault(error: unknown): DataFault {
  const text = error instanceof Error ? error.message : String(error);
  return { code: "DATA_QUERY", text: `DuckDB: ${text.trim()}` };
}
