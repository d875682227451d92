import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decimal } from "../core/domain/decimal.ts";
import { micros } from "../core/domain/units.ts";
import { ColumnsBuilder, Kind, LAST, type MarketHeader } from "../core/market/columns.ts";
import { generatedHeader, generateMarket } from "../simulation/generated/market.ts";
import { EventDatabase } from "./event-database.ts";
import { exportEvents } from "./export/event-export.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-database-test-"));
const config = { seed: 5, startAt: micros(Date.UTC(2026, 0, 5) * 1000), duration: micros(30e6) };
const header = generatedHeader(config);
const blocks = [...generateMarket(config)];
const rows = blocks.reduce((sum, { length }) => sum + length, 0);
let database: EventDatabase;

/** Temporary folders of questions. */
const leftBehind = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("arrival-query-"));
const before = leftBehind();

async function opened(): Promise<EventDatabase> {
  const made = await EventDatabase.open({ memory: "300MB" });
  if (!made.ok) throw new Error(made.error.text);
  return made.value;
}

async function ask(sql: string, of = database): Promise<unknown[][]> {
  const asked = await of.query(sql);
  if (!asked.ok) throw new Error(asked.error.text);
  return asked.value.getRowsJson();
}

const go = async (): Promise<boolean> => true;

beforeAll(async () => {
  database = await opened();
  expect(await database.load("/x/2026-01.05.csv.gz", header, blocks, go)).toEqual({
    ok: true,
    value: rows,
  });
  await database.join();
});

afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

describe("recordings as tables", () => {
  it("hold what an export of the same rows holds, to the last digit", async () => {
    const path = join(folder, "same.parquet");
    const written = await exportEvents({ header, blocks, rows, path, format: "parquet" });
    expect(written.ok).toBe(true);
    const columns = "* EXCLUDE (row_id) REPLACE (kind::VARCHAR AS kind)";
    const differences = await ask(
      `SELECT count(*) FROM (SELECT ${columns} FROM events EXCEPT ALL SELECT * FROM '${path}')`,
    );
    expect(differences).toEqual([["0"]]);
    expect(await ask(`SELECT count(*) FROM '${path}'`)).toEqual([[String(rows)]]);
  });

  it("have a table of their own name beside events, and no other", async () => {
    expect(await ask("SHOW TABLES")).toEqual([["_2026_01_05"], ["events"]]);
    expect(await ask("SELECT count(*) FROM _2026_01_05")).toEqual([[String(rows)]]);
  });

  it("say the place where a question is wrong", async () => {
    const asked = await database.query("SELECT pric FROM events");
    expect(asked).toMatchObject({ ok: false, error: { code: "DATA_QUERY" } });
    expect(!asked.ok && asked.error.text).toContain('"price"');
  });

  it("answer the last of several statements, and write over no file", async () => {
    expect(await ask("CREATE TEMP TABLE two AS SELECT 2 AS n; SELECT n + 1 FROM two")).toEqual([
      [3],
    ]);
    const path = join(folder, "precious.arrival");
    writeFileSync(path, "as it was");
    for (const sql of [`COPY (SELECT 1) TO '${path}'`, `EXPORT DATABASE '${folder}'`]) {
      const asked = await database.query(`SELECT 1; ${sql}; SELECT 2`);
      expect(asked).toMatchObject({ ok: false, error: { code: "DATA_QUERY" } });
    }
    expect(readFileSync(path, "utf8")).toBe("as it was");
    expect(readdirSync(folder)).not.toContain("schema.sql");
  });

  it("of several files say which a row is from, by its place where names are alike", async () => {
    const two = await opened();
    try {
      for (const name of ["a/btc.arrival", "b/btc.arrival"]) {
        await two.load(name, header, blocks.slice(0, 1), go);
      }
      await two.join();
      expect(two.tables.map(({ name }) => name)).toEqual(["btc", "btc_2"]);
      const first = blocks[0]!.length;
      const sql = "SELECT file, count(*) FROM events GROUP BY file ORDER BY file";
      expect(await ask(sql, two)).toEqual([
        ["a/btc.arrival", String(first)],
        ["b/btc.arrival", String(first)],
      ]);
    } finally {
      two.close();
    }
  });

  it.each([
    ["0.00000001", "0.1", 2 ** 31 - 2, Number.MAX_SAFE_INTEGER],
    ["12345.6789", "1000000", 2 ** 31 - 2, Number.MAX_SAFE_INTEGER],
    ["0.3", "0.1", 1, 3],
  ])("multiply %s and %s as decimals do", async (tick, lot, ticks, lots) => {
    const own = await opened();
    try {
      const out = new ColumnsBuilder(4);
      out.push(2 ** 53 - 2, 2 ** 53 - 1, Kind.BID | LAST, ticks, lots);
      out.push(2 ** 53 - 1, 2 ** 53 - 1, Kind.GAP | LAST, 0, 0);
      const grid: MarketHeader = {
        ...header,
        instrument: { ...header.instrument, tickSize: decimal(tick), lotSize: decimal(lot) },
      };
      await own.load("x.gz", grid, [out.view()], go);
      await own.join();
      const unscaled = (column: string): string => `replace(${column}::VARCHAR, '.', '')::HUGEINT`;
      const [found, gap] = await ask(
        `SELECT ${unscaled("price")}, ${unscaled("quantity")}, ticks, lots, ` +
          "epoch_ns(exchange_time) FROM events ORDER BY row_id",
        own,
      );
      expect(found).toEqual([
        String(BigInt(ticks) * decimal(tick).mantissa),
        String(BigInt(lots) * decimal(lot).mantissa),
        ticks,
        String(lots),
        String(header.epochNanos + 2n ** 53n - 2n),
      ]);
      expect(gap!.slice(0, 2)).toEqual([null, null]);
    } finally {
      own.close();
    }
  });

  it("keep every digit where instruments of other grids stand beside each other", async () => {
    const own = await opened();
    try {
      // DuckDB by itself would make whole numbers of all quantities.
      const grids = [
        ["0.01", "1000", 7, 3],
        ["0.1", "0.001", 11, 5],
      ] as const;
      for (const [tick, lot, ticks, lots] of grids) {
        const out = new ColumnsBuilder(4);
        out.push(1, 1, Kind.BID | LAST, ticks, lots);
        const instrument = {
          ...header.instrument,
          tickSize: decimal(tick),
          lotSize: decimal(lot),
        };
        await own.load(`${lot}.gz`, { ...header, instrument }, [out.view()], go);
      }
      await own.join();
      expect(await ask("SELECT price, quantity FROM events ORDER BY quantity", own)).toEqual([
        ["1.10", "0.005"],
        ["0.07", "3000.000"],
      ]);
    } finally {
      own.close();
    }
  });

  it("say where they cannot be made", async () => {
    const usual = process.env["TMPDIR"];
    process.env["TMPDIR"] = join(folder, "nowhere");
    try {
      const made = await EventDatabase.open({ memory: "300MB" });
      expect(made).toMatchObject({ ok: false, error: { code: "DATA_QUERY" } });
      expect(!made.ok && made.error.text).toContain("nowhere");
    } finally {
      if (usual === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = usual;
    }
  });

  it("are gone when they are closed, those that were given up too", async () => {
    const own = await opened();
    await own.load("x.gz", header, blocks, async () => false);
    own.close();
    const path = join(folder, "none.parquet");
    const copied = await database.copy("SELECT nothing", path, "FORMAT parquet");
    expect(copied.ok).toBe(false);
    expect(existsSync(path)).toBe(false);
    // The one that these tests use is there until they end.
    expect(leftBehind().filter((name) => !before.includes(name)).length).toBeLessThanOrEqual(1);
  });
});
