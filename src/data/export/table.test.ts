import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { csvCell } from "./csv-cell.ts";
import { loadLibrary } from "./library.ts";
import { type Cell, cellText, type TableColumn, tableFormatOf, writeTable } from "./table.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-table-"));
afterAll(() => rmSync(folder, { recursive: true }));

const connection = await (await DuckDBInstance.create(":memory:")).connect();

const COLUMNS: readonly TableColumn[] = [
  { name: "text", type: "text" },
  { name: "number", type: "number" },
  { name: "integer", type: "integer" },
  { name: "time", type: "time" },
  { name: "decimal", type: "decimal", decimal: { mantissa: 5n, scale: 3, precision: 38 } },
];

const maybe = <Value>(one: fc.Arbitrary<Value>) => fc.option(one, { nil: null, freq: 4 });
const cells = fc.tuple(
  maybe(fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"))),
  maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
  maybe(fc.maxSafeInteger()),
  maybe(fc.bigInt({ min: 0n, max: 2n ** 62n })),
  maybe(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })),
);

let count = 0;

describe("a table", () => {
  it("comes back from Parquet as it was, nulls too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cells, { minLength: 1, maxLength: 20 }), async (rows) => {
        const path = join(folder, `${count++}.parquet`);
        expect((await writeTable(path, "parquet", COLUMNS, rows)).ok).toBe(true);
        const sql =
          "SELECT text, number, integer, epoch_ns(time), " +
          `replace(decimal::VARCHAR, '.', '') FROM '${path}'`;
        const found = await (await connection.run(sql)).getRowsJson();
        const whole = (cell: unknown): bigint | null =>
          cell === null ? null : BigInt(cell as string);
        expect(
          found.map(([text, number, integer, time, decimal]) => [
            text,
            // JSON has no negative zero, and neither does a result.
            number === null ? null : Number(number) + 0,
            whole(integer),
            whole(time),
            whole(decimal),
          ]),
        ).toEqual(
          rows.map(([text, number, integer, time, decimal]) => [
            text,
            number === null ? null : number + 0,
            integer === null ? null : BigInt(integer),
            time,
            decimal === null ? null : decimal * 5n,
          ]),
        );
      }),
      { numRuns: 30 },
    );
  });

  it("comes back from CSV cell by cell, whatever is in a text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cells, { minLength: 1, maxLength: 20 }), async (rows) => {
        const path = join(folder, `${count++}.csv`);
        expect((await writeTable(path, "csv", COLUMNS, rows)).ok).toBe(true);
        const found = parse(readFileSync(path, "utf8"), { relaxColumnCount: false }) as string[][];
        const texts = rows.map((row) =>
          row.map((cell: Cell, at) => cellText(COLUMNS[at]!, cell) ?? ""),
        );
        expect(found).toEqual([COLUMNS.map(({ name }) => name), ...texts]);
      }),
      { numRuns: 30 },
    );
  });

  it("takes an older one's place only where that is asked for", async () => {
    const path = join(folder, "older.csv");
    writeFileSync(path, "older");
    expect(await writeTable(path, "csv", COLUMNS, [])).toMatchObject({
      error: { code: "DATA_TAKEN" },
    });
    expect(readFileSync(path, "utf8")).toBe("older");
    await writeTable(path, "csv", COLUMNS, [], { replace: true });
    expect(readFileSync(path, "utf8")).toBe("text,number,integer,time,decimal\n");
  });

  it("is told by its name", () => {
    expect(["a.csv", "a.csv.gz", "a.csv.zst", "a.parquet", "a", "csv"].map(tableFormatOf)).toEqual([
      "csv",
      "csv",
      "csv",
      "parquet",
      undefined,
      undefined,
    ]);
  });
});

describe("a CSV cell", () => {
  it.each([
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "b"', '"say ""b"""'],
    ["two\r\nlines", '"two\r\nlines"'],
    ["carriage\rreturn", '"carriage\rreturn"'],
    [null, ""],
    [0.1, "0.1"],
    [10n ** 20n, "100000000000000000000"],
    [false, "false"],
  ])("of %s is %s", (value, text) => {
    expect(csvCell(value)).toBe(text);
  });
});

describe("a table without rows", () => {
  it("has its columns still", async () => {
    const path = join(folder, "empty.parquet");
    expect(await writeTable(path, "parquet", COLUMNS, [])).toMatchObject({ ok: true });
    const described = await connection.runAndReadAll(`DESCRIBE FROM '${path}'`);
    expect(described.getRowsJson().map(([name]) => name)).toEqual(COLUMNS.map(({ name }) => name));
    expect((await connection.runAndReadAll(`FROM '${path}'`)).getRowsJson()).toEqual([]);
    const text = join(folder, "empty.csv");
    expect(await writeTable(text, "csv", COLUMNS, [])).toMatchObject({ ok: true });
    expect(readFileSync(text, "utf8")).toBe("text,number,integer,time,decimal\n");
  });
});

describe("a library that is not there", () => {
  it("is a fault that says what to install", async () => {
    const loaded = await loadLibrary("left-out", "does it", () =>
      Promise.reject(new Error("Cannot find package 'left-out'\nRequire stack: …")),
    );
    expect(loaded).toEqual({
      ok: false,
      error: {
        code: "DATA_LIBRARY",
        text:
          "the package left-out, which does it, is not installed here, or not for this machine " +
          "(Cannot find package 'left-out'); it is optional: install it with " +
          "`npm install left-out`",
      },
    });
  });
});
