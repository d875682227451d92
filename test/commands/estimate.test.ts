/**
 * `arrival estimate` as a user meets it: real processes, real exit codes, real files.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const RECORDED = fileURLToPath(
  new URL("../../../shared/data/binance-hftbacktest/usdm_btcusdt_20240808.gz", import.meta.url),
);
const isThere = existsSync(RECORDED);
const why = isThere ? "" : " (skipped: ../shared/data/binance-hftbacktest is not there)";
const folder = mkdtempSync(join(tmpdir(), "arrival-estimate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function estimate(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const all = [BIN, "estimate", ...args];
    execFile(process.execPath, all, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error ? -1 : 0;
      resolve({ code, stdout, stderr });
    });
  });
}

const ORDER = ["--side", "buy", "--quantity", "25", "--over", "30m"];
const GRID = ["--symbol", "binance:linear:BTCUSDT"];
const FIGURES = "--price 64250 --volatility-day 0.03 --volume-day 200000 --spread-bps 0.02".split(
  " ",
);
const STATED = [...GRID, ...FIGURES];

describe("arrival estimate", () => {
  it("measures the generated market and says what it will cost, with a picture", async () => {
    const svg = join(folder, "cost.svg");
    const run = await estimate("--data", "generated", ...ORDER, "--svg", svg);
    expect(run.code).toBe(0);
    for (const text of [
      "expected cost",
      "the mean of many such orders",
      "What was measured",
      "scaled up from 2.1 % of a day",
      "0.142 ± 0.0062",
      "Under the limits",
      "Recommended, for a risk aversion of 0.3",
      "What this does not know",
    ]) {
      expect(run.stdout).toContain(text);
    }
    expect(readFileSync(svg, "utf8")).toContain("<polyline");
  }, 60_000);

  it("prints one JSON document, and writes over no file", async () => {
    const kept = join(folder, "kept.svg");
    writeFileSync(kept, "mine");
    const [json, refused] = await Promise.all([
      estimate(...STATED, ...ORDER, "--json", "--strategy", "is", "--urgency", "0.6"),
      estimate(...STATED, ...ORDER, "--svg", kept),
    ]);
    expect(json).toMatchObject({ code: 0, stderr: "" });
    const document = JSON.parse(json.stdout) as {
      asked: { strategy: string; urgency: number; slices: { quantity: string }[] };
      recommendation: { slices: { quantity: string }[] };
      facts: { dailyVolume: { origin: string } };
    };
    expect(document.asked).toMatchObject({ strategy: "is", urgency: 0.6 });
    const total = document.recommendation.slices.reduce(
      (sum, slice) => sum + Number(slice.quantity),
      0,
    );
    expect(total).toBeCloseTo(25, 9);
    expect(document.facts.dailyVolume.origin).toBe("given");
    expect(refused.code).toBe(2);
    expect(readFileSync(kept, "utf8")).toBe("mine");
  }, 60_000);

  it("shows several models side by side, scaled by a factor, as a page, JSON and a picture", async () => {
    const svg = join(folder, "models.svg");
    const [page, json] = await Promise.all([
      estimate(...STATED, ...ORDER, "--model", "all", "--svg", svg),
      estimate(...STATED, ...ORDER, "--model", "kyle", "propagator", "--factor", "1.4", "--json"),
    ]);
    expect(page.code).toBe(0);
    expect(page.stdout).toMatch(/square-root +may not be used to choose a schedule: it knows no/);
    expect(readFileSync(svg, "utf8").match(/<polyline/g)).toHaveLength(14);
    const { models } = JSON.parse(json.stdout) as {
      models: { model: { name: string }; schedules: unknown; path: unknown[] }[];
    };
    expect(models.map(({ model }) => model.name)).toEqual([
      "llm-enhanced:base=kyle",
      "llm-enhanced:base=propagator",
    ]);
    expect(models[0]!.schedules).toMatchObject({ refused: expect.stringContaining("no speed") });
    expect(models[1]!.schedules).toBe("admissible");
    expect(models[1]!.path.length).toBeGreaterThan(40);
  }, 60_000);

  it.each([
    [["--symbol", "BTCUSDT", ...FIGURES], "stands for several"],
    [[...STATED, "--model", "nope"], "IMPACT_MODEL_UNKNOWN"],
    [[...STATED, "--model", "power-law:exponent=2"], "from 0.5 to 1"],
    [[...STATED, "--factor", "3"], "IMPACT_FACTOR"],
    [[...STATED, "--factor-weight", "1"], "give --factor too"],
    [[...STATED, "--model-file", "/nowhere/model.yaml"], "MODEL_FILE"],
    [["--symbol", "NOPE", ...FIGURES], "no instrument NOPE is built in"],
    [STATED.slice(0, 4), "--volatility-day, --volume-day, --spread-bps missing"],
    [[...STATED, "--model-param", "gamma=1"], "ESTIMATE_PARAMETER"],
    [["--data", "generated", "--start", "20s"], "ESTIMATE_DATA"],
    [[...STATED, "--volatility-day", "3e99"], "volatility-day"],
  ])(
    "refuses %j and says what to do",
    async (flags, text) => {
      const run = await estimate(...flags, ...ORDER);
      expect(run.code).toBe(2);
      expect(run.stdout).toBe("");
      expect(run.stderr).toContain(text);
    },
    60_000,
  );

  it.runIf(isThere)(
    `measures a recording up to the start and no further${why}`,
    async () => {
      const run = await estimate("--data", RECORDED, ...ORDER, "--start", "3m", "--json");
      const { facts } = JSON.parse(run.stdout) as {
        facts: { seenSeconds: number; spreadBps: { value: number } };
      };
      expect(facts.seenSeconds).toBe(180);
      expect(facts.spreadBps.value).toBeLessThan(0.05);
    },
    60_000,
  );
});
