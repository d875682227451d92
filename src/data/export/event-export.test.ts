import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { tableFromIPC } from "apache-arrow";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import {
  ColumnsBuilder,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
} from "../../core/market/columns.ts";
import { generatedHeader } from "../../simulation/generated/market.ts";
import { micros } from "../../core/domain/units.ts";
import { FLAG_COLUMNS, KIND_NAMES } from "./event-columns.ts";
import { exportEvents, type ExportFormat } from "./event-export.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

const START = micros(Date.UTC(2026, 0, 5) * 1000);
const base = generatedHeader({ seed: 1, startAt: START, duration: micros(1e6) });

interface Grid {
  readonly tickSize: string;
  readonly lotSize: string;
}

function headerOf({ tickSize, lotSize }: Grid): MarketHeader {
  const instrument = {
    ...base.instrument,
    symbol: 'BTC"US,DT',
    tickSize: decimal(tickSize),
    lotSize: decimal(lotSize),
  };
  return { ...base, instrument };
}

/** A row as every format should tell it. */
interface Told {
  readonly exchange: bigint;
  readonly local: bigint;
  readonly kind: string;
  /** Unscaled, in the smallest digit of the grid; null for clear and gap. */
  readonly price: bigint | null;
  readonly quantity: bigint | null;
  readonly ticks: bigint;
  readonly lots: bigint;
  readonly flags: string;
}

function* toldOf(header: MarketHeader, block: MarketBlock): Generator<Told> {
  const { tickSize, lotSize } = header.instrument;
  for (let row = 0; row < block.length; row++) {
    const flags = block.kind[row]!;
    const kind = flags & KIND_MASK;
    const ticks = BigInt(block.price[row]!);
    const lots = BigInt(block.quantity[row]!);
    yield {
      exchange: header.epochNanos + BigInt(block.exchangeTime[row]!),
      local: header.epochNanos + BigInt(block.localTime[row]!),
      kind: KIND_NAMES[kind]!,
      price: kind < Kind.CLEAR ? ticks * tickSize.mantissa : null,
      quantity: kind < Kind.CLEAR ? lots * lotSize.mantissa : null,
      ticks,
      lots,
      flags: FLAG_COLUMNS.map(([, bit]) => ((flags & bit) !== 0 ? 1 : 0)).join(""),
    };
  }
}

/** The last digits of the largest numbers, beside the everyday ones. */
const time = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 31 }),
  fc.maxSafeInteger().map((n) => Math.abs(n)),
  fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
);
const row = fc.tuple(
  time,
  time,
  fc.integer({ min: 0, max: 255 }).map((bits) => (bits & ~KIND_MASK) | ((bits & KIND_MASK) % 6)),
  fc.oneof(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(1, 2 ** 31 - 2)),
  time,
);
const grid = fc.constantFrom<Grid>(
  { tickSize: "0.10", lotSize: "0.001" },
  { tickSize: "0.00000001", lotSize: "1" },
  { tickSize: "0.25", lotSize: "100" },
  { tickSize: "12345.6789", lotSize: "0.0000000123" },
  { tickSize: "1", lotSize: "1000000" },
);

function blockOf(rows: readonly (readonly [number, number, number, number, number])[]) {
  const out = new ColumnsBuilder(16);
  for (const each of rows) out.push(...each);
  return out.view();
}

let count = 0;

async function write(
  header: MarketHeader,
  blocks: readonly MarketBlock[],
  ending: string,
  format: ExportFormat,
): Promise<string> {
  const path = join(folder, `${count++}${ending}`);
  const rows = blocks.reduce((sum, { length }) => sum + length, 0);
  const written = await exportEvents({ header, blocks, rows, path, format });
  if (!written.ok) throw new Error(written.error.text);
  expect(written.value.rows).toBe(rows);
  expect(existsSync(`${path}.partial`)).toBe(false);
  return path;
}

const FLAGS = FLAG_COLUMNS.map(([name]) => `CAST("${name}" AS INT)`).join(" || ");
const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();

/** Through another program than the writer. @param source what stands behind FROM */
async function readSql(source: string, { instrument }: MarketHeader): Promise<Told[]> {
  const unscaled = (column: string, scale: number): string =>
    // Text without its point: no arithmetic that could round.
    `replace(CAST(${column} AS VARCHAR), '.', '') AS "${column}${scale}"`;
  const sql =
    `SELECT epoch_ns(exchange_time), epoch_ns(local_time), kind, ` +
    `${unscaled("price", instrument.tickSize.scale)}, ` +
    `${unscaled("quantity", instrument.lotSize.scale)}, ticks, lots, ${FLAGS}, symbol ` +
    `FROM ${source}`;
  const rows = await (await connection.run(sql)).getRowsJson();
  const whole = (value: unknown): bigint => BigInt(value as string);
  return rows.map((cells) => {
    expect(cells[8]).toBe(instrument.symbol);
    return {
      exchange: whole(cells[0]),
      local: whole(cells[1]),
      kind: String(cells[2]),
      price: cells[3] === null ? null : whole(cells[3]),
      quantity: cells[4] === null ? null : whole(cells[4]),
      ticks: whole(cells[5]),
      lots: whole(cells[6]),
      flags: String(cells[7]),
    };
  });
}

const TEXT_TYPES =
  "{'exchange_time': 'TIMESTAMP_NS', 'local_time': 'TIMESTAMP_NS', 'price': 'VARCHAR', " +
  "'quantity': 'VARCHAR', 'ticks': 'BIGINT', 'lots': 'BIGINT'}";

describe("what is exported", () => {
  const draws = fc.array(fc.array(row, { minLength: 1, maxLength: 40 }), {
    minLength: 1,
    maxLength: 3,
  });

  it.each(["parquet", "csv"] as const)(
    "comes back to the last digit from %s, as DuckDB reads it",
    async (format) => {
      await fc.assert(
        fc.asyncProperty(draws, grid, async (drawn, on) => {
          const header = headerOf(on);
          const blocks = drawn.map(blockOf);
          const path = await write(header, blocks, `.${format}`, format);
          const source =
            format === "parquet" ? `'${path}'` : `read_csv('${path}', types = ${TEXT_TYPES})`;
          const told = blocks.flatMap((block) => [...toldOf(header, block)]);
          expect(await readSql(source, header)).toEqual(told);
        }),
        { numRuns: 25 },
      );
    },
  );

  it("comes back to the last digit from Arrow, as Arrow reads it", async () => {
    await fc.assert(
      fc.asyncProperty(draws, grid, async (drawn, on) => {
        const header = headerOf(on);
        const blocks = drawn.map(blockOf);
        const path = await write(header, blocks, ".arrow", "arrow");
        const table = tableFromIPC(readFileSync(path));
        const told = blocks.flatMap((block) => [...toldOf(header, block)]);
        expect(table.numRows).toBe(told.length);
        expect(table.schema.metadata.get("arrival.tickSize")).toBe(on.tickSize);
        for (const [at, each] of told.entries()) {
          const of = (name: string): unknown => table.getChild(name)!.get(at);
          expect([of("kind"), of("symbol")]).toEqual([each.kind, header.instrument.symbol]);
          expect([of("ticks"), of("lots")]).toEqual([Number(each.ticks), each.lots]);
          expect([wide(of("price")), wide(of("quantity"))]).toEqual([each.price, each.quantity]);
          const flags = FLAG_COLUMNS.map(([name]) => (of(name) === true ? 1 : 0)).join("");
          expect(flags).toBe(each.flags);
        }
        const nanos = (name: string): bigint[] =>
          table.getChild(name)!.data.flatMap(({ values }) => [...(values as BigInt64Array)]);
        expect(nanos("exchange_time")).toEqual(told.map(({ exchange }) => exchange));
        expect(nanos("local_time")).toEqual(told.map(({ local }) => local));
      }),
      { numRuns: 20 },
    );
  });

  it("is the same text, compressed or not", async () => {
    const header = headerOf({ tickSize: "0.10", lotSize: "0.001" });
    const rows = Array.from(
      { length: 9000 },
      (_, i) => [i, i + 5, (i % 4) | LAST, i + 1, i] as const,
    );
    const blocks = [blockOf(rows)];
    const plain = readFileSync(await write(header, blocks, ".csv", "csv"), "utf8");
    const gzip = readFileSync(await write(header, blocks, ".csv.gz", "csv"));
    const zstd = readFileSync(await write(header, blocks, ".csv.zst", "csv"));
    expect(plain.split("\n").slice(0, 3)).toEqual([
      "exchange_time,local_time,symbol,kind,price,quantity,ticks,lots," +
        "last,engine_only,venue_only,off_book,off_volume",
      "2026-01-05T00:00:00.000000000Z,2026-01-05T00:00:00.000000005Z," +
        '"BTC""US,DT",bid,0.10,0.000,1,0,true,false,false,false,false',
      "2026-01-05T00:00:00.000000001Z,2026-01-05T00:00:00.000000006Z," +
        '"BTC""US,DT",ask,0.20,0.001,2,1,true,false,false,false,false',
    ]);
    expect(gunzipSync(gzip).toString()).toBe(plain);
    expect(zstdDecompressSync(zstd).toString()).toBe(plain);
  });

  it("has times without a zone, decimals and names in Parquet", async () => {
    const header = headerOf({ tickSize: "0.10", lotSize: "0.001" });
    const path = await write(header, [blockOf([[0, 1, LAST, 5, 7]])], ".parquet", "parquet");
    const described = await (await connection.run(`DESCRIBE FROM '${path}'`)).getRowsJson();
    expect(described.map(([name, type]) => `${String(name)} ${String(type)}`)).toEqual([
      "exchange_time TIMESTAMP_NS",
      "local_time TIMESTAMP_NS",
      "symbol VARCHAR",
      "kind VARCHAR",
      "price DECIMAL(18,2)",
      "quantity DECIMAL(18,3)",
      "ticks INTEGER",
      "lots BIGINT",
      "last BOOLEAN",
      "engine_only BOOLEAN",
      "venue_only BOOLEAN",
      "off_book BOOLEAN",
      "off_volume BOOLEAN",
    ]);
  });
});

/** Four words, two's complement. */
function wide(words: unknown): bigint | null {
  if (words === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = words as Uint32Array;
  return BigInt.asIntN(
    128,
    BigInt(a) | (BigInt(b) << 32n) | (BigInt(c) << 64n) | (BigInt(d) << 96n),
  );
}

describe("an export that does not end well", () => {
  const header = headerOf({ tickSize: "0.10", lotSize: "0.001" });
  const block = blockOf([[0, 1, LAST, 5, 7]]);

  it.each(["parquet", "arrow", "csv", "hftbacktest"] as const)(
    "leaves nothing behind when it is stopped: %s",
    async (format) => {
      const path = join(folder, `stopped-${format}`);
      const request = { header, blocks: [block, block], rows: 2, path, format };
      const stopped = await exportEvents({ ...request, isStopped: () => true });
      expect(stopped).toMatchObject({ ok: false, error: { code: "DATA_ABORTED" } });
      expect(readdirSync(folder).filter((name) => name.startsWith("stopped"))).toEqual([]);
    },
  );

  it.each(["parquet", "arrow", "csv"] as const)(
    "leaves nothing behind when the rows cannot be read: %s",
    async (format) => {
      const path = join(folder, `torn-${format}`);
      const torn = function* (): Generator<MarketBlock> {
        yield block;
        throw new Error("torn");
      };
      const run = exportEvents({ header, blocks: torn(), rows: 2, path, format });
      await expect(run).rejects.toThrow("torn");
      expect(readdirSync(folder).filter((name) => name.startsWith("torn"))).toEqual([]);
    },
  );

  it("writes over nothing, not over a partial file either", async () => {
    for (const name of ["mine.parquet", "other.parquet.partial"]) {
      writeFileSync(join(folder, name), "mine");
      const path = join(folder, name.replace(".partial", ""));
      const refused = await exportEvents({
        header,
        blocks: [block],
        rows: 1,
        path,
        format: "parquet",
      });
      expect(refused).toMatchObject({ ok: false, error: { code: "DATA_TAKEN" } });
      expect(readFileSync(join(folder, name), "utf8")).toBe("mine");
    }
  });

  it("says that a folder is absent", async () => {
    const path = join(folder, "absent", "a.csv");
    const refused = await exportEvents({ header, blocks: [block], rows: 1, path, format: "csv" });
    expect(refused).toMatchObject({ ok: false, error: { code: "DATA_WRITE" } });
  });

  it("refuses a grid that no decimal column holds", async () => {
    const fine = headerOf({ tickSize: `0.${"0".repeat(30)}1`, lotSize: "1" });
    const path = join(folder, "fine.csv");
    const refused = await exportEvents({ header: fine, blocks: [], rows: 0, path, format: "csv" });
    expect(refused).toMatchObject({ ok: false, error: { code: "DATA_EXPORT" } });
  });
});
