/**
 * `arrival data export`, `slice`, `resample` and `query` as a user meets them: real processes, real
 * files, real exit codes.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { micros } from "../../src/core/domain/units.ts";
import { createEventFile } from "../../src/data/event-file/writer.ts";
import { generatedHeader, generateMarket } from "../../src/simulation/generated/market.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-data-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function arrival(...args: readonly string[]): Promise<Run> {
  return started([], args);
}

function started(flags: readonly string[], args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const options = { cwd: folder, maxBuffer: 1 << 26 };
    execFile(process.execPath, [...flags, BIN, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

const data = (...args: readonly string[]): Promise<Run> => arrival("data", ...args);

/** Lets the packages of a scope be absent, as where they were left out of the installation. */
const without = (name: string): readonly string[] => [
  "--import",
  `data:text/javascript,${encodeURIComponent(
    `import { registerHooks } from "node:module";
     registerHooks({ resolve(specifier, context, next) {
       if (specifier.startsWith(${JSON.stringify(name)})) {
         throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
       }
       return next(specifier, context);
     } });`,
  )}`,
];

beforeAll(() => {
  const startAt = micros(Date.UTC(2026, 0, 5, 9) * 1000);
  const config = { seed: 2, startAt, duration: micros(130e6) };
  const origin = { format: "generated", sources: [], notes: [], counts: {} };
  const header = { ...generatedHeader(config), origin };
  const created = createEventFile(join(folder, "day.arrival"), header);
  if (!created.ok) throw new Error(created.error.text);
  for (const block of generateMarket(config)) created.value.append(block);
  created.value.seal();
});

describe("arrival data export", () => {
  it("writes what the name says, and not twice", async () => {
    const names = ["a.parquet", "a.feather", "a.csv.zst", "a.npz"];
    const runs = await Promise.all(
      names.map((name) => data("export", "day.arrival", "-o", name, "--json")),
    );
    const documents = runs.map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>);
    expect(documents.map(({ format }) => format)).toEqual([
      "parquet",
      "arrow",
      "csv",
      "hftbacktest",
    ]);
    expect(new Set(documents.map(({ rows }) => rows)).size).toBe(1);
    const again = await data("export", "day.arrival", "-o", "a.parquet");
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain("nothing is written over");
  }, 60_000);
});

describe("arrival data slice", () => {
  it("writes a part that is a recording", async () => {
    const times = ["--from", "+1m", "--until", "2026-01-05T09:01:30"];
    const run = await data("slice", "day.arrival", "-o", "part.arrival", ...times, "--json");
    expect(run.code).toBe(0);
    const told = JSON.parse(run.stdout) as { rows: number; snapshotRows: number };
    const info = JSON.parse((await data("info", "part.arrival", "--json")).stdout) as {
      counts: { rows: number; snapshots: number };
    };
    expect(info.counts.rows).toBe(told.rows + told.snapshotRows);
    expect(info.counts.snapshots).toBe(1);
  }, 60_000);

  it("refuses spans that are empty or not in it", async () => {
    const refused = await Promise.all([
      data("slice", "day.arrival", "-o", "none.arrival", "--from", "2026-01-06"),
      data("slice", "day.arrival", "-o", "none.arrival", "--from", "+2m", "--until", "+1m"),
    ]);
    expect(refused.map(({ code }) => code)).toEqual([2, 2]);
    expect(refused[0]!.stderr).toMatch(/it goes from 2026-01-05T09:00:00.* \[DATA_SLICE\]/);
    expect(refused[1]!.stderr).toMatch(/is not after .* \[USAGE\]/);
    expect(readdirSync(folder).filter((name) => name.startsWith("none"))).toEqual([]);
  }, 60_000);
});

describe("arrival data resample", () => {
  it("has the same bars in a file, in a document and in a picture's frame", async () => {
    const every = ["--every", "30s"];
    const files = ["-o", "bars.csv", "--svg", "bars.svg", "--json"];
    const run = await data("resample", "day.arrival", ...every, ...files);
    expect(run.code).toBe(0);
    const { bars } = JSON.parse(run.stdout) as { bars: Record<string, unknown>[] };
    const [head, ...lines] = readFileSync(join(folder, "bars.csv"), "utf8").trim().split("\n");
    const keys = head!.split(",");
    expect(lines).toEqual(bars.map((bar) => keys.map((key) => String(bar[key] ?? "")).join(",")));
    expect(bars.length).toBeGreaterThanOrEqual(5);
    expect(readFileSync(join(folder, "bars.svg"), "utf8")).toContain("</svg>");
    const volume = bars.reduce((sum, bar) => sum + Number(bar["volume"]), 0);
    const asked = await data(
      "query",
      "SELECT sum(quantity) AS v FROM events WHERE kind IN ('trade_buy', 'trade_sell') " +
        "AND NOT engine_only AND NOT off_volume",
      "day.arrival",
      "--json",
    );
    const [row] = JSON.parse(asked.stdout) as { v: string }[];
    expect(Number(row!.v)).toBeCloseTo(volume, 6);
  }, 60_000);
});

describe("arrival data query", () => {
  it("answers in every form with the same digits", async () => {
    const sql = "SELECT row_id, local_time, price, lots FROM events WHERE price > 0 LIMIT 3";
    const [table, csv, json, file] = await Promise.all([
      data("query", sql, "day.arrival"),
      data("query", sql, "day.arrival", "--csv"),
      data("query", sql, "day.arrival", "--json"),
      data("query", sql, "day.arrival", "-o", "rows.csv"),
    ]);
    expect([table, csv, json, file].map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(readFileSync(join(folder, "rows.csv"), "utf8")).toBe(csv.stdout);
    const rows = JSON.parse(json.stdout) as Record<string, unknown>[];
    const lines = csv.stdout.trim().split("\n").slice(1);
    expect(lines).toEqual(rows.map((row) => Object.values(row).join(",")));
    for (const line of lines) {
      for (const cell of line.split(",")) expect(table.stdout).toContain(cell);
    }
  }, 60_000);

  it("says what is wrong with a question, and leaves nothing behind", async () => {
    const refused = await Promise.all([
      data("query", "SELECT x FROM other", "day.arrival"),
      data("query", "day.arrival"),
      data("query", "SELECT 1; SELECT 2", "-o", "two.csv"),
    ]);
    expect(refused.map(({ code, stdout }) => `${code}${stdout}`)).toEqual(["2", "2", "2"]);
    expect(refused[0]!.stderr).toMatch(/tables: events, day \[DATA_QUERY\]/);
    expect(refused[1]!.stderr).toMatch(/the question comes first.* \[USAGE\]/);
    expect(refused[2]!.stderr).toContain("Parser Error");
    expect(readdirSync(folder).filter((name) => name.startsWith("two"))).toEqual([]);
  }, 60_000);

  it("says what to install where DuckDB is not there", async () => {
    const run = await started(without("@duckdb/"), ["data", "query", "SELECT 1"]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("npm install @duckdb/node-api");
    expect(run.stderr).toContain("DATA_LIBRARY");
    const other = await started(without("@duckdb/"), ["data", "info", "day.arrival"]);
    expect(other.code).toBe(0);
  }, 60_000);

  it("says what to install where Arrow is not there, before it reads anything", async () => {
    writeFileSync(join(folder, "not-read.arrival"), "");
    const args = ["data", "export", "day.arrival", "-o", "missing.parquet"];
    const run = await started(without("apache-arrow"), args);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("npm install apache-arrow");
    expect(readdirSync(folder).filter((name) => name.startsWith("missing"))).toEqual([]);
  }, 60_000);
});

describe("arrival sweep", () => {
  it("writes the same table as Parquet and as CSV", async () => {
    const asked = "--data generated --strategies twap --grid urgency=0.1,0.9 --quantity 1";
    const sweep = `sweep ${asked} --over 20s --parents 2 --workers 1 -o`.split(" ");
    const runs = await Promise.all(["t.csv", "t.parquet"].map((name) => arrival(...sweep, name)));
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    const asCsv = await data("query", "FROM 't.parquet'", "--csv");
    expect(asCsv.stdout).toBe(readFileSync(join(folder, "t.csv"), "utf8"));
    expect(asCsv.stdout.split("\n").length).toBeGreaterThan(8);
  }, 60_000);
});
