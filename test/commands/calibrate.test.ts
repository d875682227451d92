/**
 * `arrival calibrate` as a user meets it: real processes, real files, and no word that was not
 * earned.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const AMZN = fileURLToPath(
  new URL("../../../shared/data/lobster/LOBSTER_SampleFile_AMZN_2012-06-21_5.zip", import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), "arrival-calibrate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly output: string;
  readonly error: string;
}

const arrival = (...args: readonly string[]): Promise<Run> =>
  new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { maxBuffer: 1 << 26 }, (error, output, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output, error: stderr });
    });
  });

describe("arrival calibrate", () => {
  it("says what is wrong with how it was asked, and exits with 2", async () => {
    const taken = join(folder, "taken.yaml");
    writeFileSync(taken, "mine");
    const runs = await Promise.all([
      arrival("calibrate", "--model", "square-root"),
      arrival("calibrate", "--model", "cube-root", "--data", "generated"),
      arrival("calibrate", "--model", "square-root:exponent=7e", "--data", "generated"),
      arrival("calibrate", "--model", "kyle", "--fills", "fills.csv"),
      arrival("calibrate", "--model", "kyle", "--data", "generated", "-o", taken),
      arrival("calibrate", "--model", "all", "--data", "generated"),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2]);
    const [nothing, unknown, value, fills, there, all] = runs.map(({ error }) => error);
    expect(nothing).toContain("say what to fit on: --journal, --fills with --data, or --data");
    expect(unknown).toContain("[IMPACT_MODEL_UNKNOWN]");
    expect(value).toContain("[ESTIMATE_PARAMETER]");
    expect(fills).toContain("--fills needs --data");
    expect(there).toContain("is not written over");
    expect(all).toContain("one model is fitted at a time");
    expect(readFileSync(taken, "utf8")).toBe("mine");
  }, 60_000);

  it("does not call a backtest calibrated, in which there is no impact", async () => {
    const journals = await Promise.all(
      [1, 2].map(async (seed) => {
        const journal = join(folder, `run-${seed}.journal`);
        const sides = ["--side", seed === 1 ? "buy" : "sell", "--quantity", "5", "--over", "1m"];
        const market = ["--data", "generated", "--market", "recorded", "--seed", `${seed}`];
        await arrival("backtest", ...market, ...sides, "--start", "2m", "--journal", journal);
        return journal;
      }),
    );
    const few = await arrival("calibrate", "--model", "kyle", "--journal", ...journals);
    expect(few).toMatchObject({ code: 1, output: "" });
    expect(few.error).toContain("2 orders are not enough to fit anything");
    expect(few.error).toContain("[CALIBRATE_EMPTY]");
  }, 60_000);
});

describe("a recording of a day", () => {
  it.runIf(existsSync(AMZN))(
    "shows what its market orders did, and is not called calibrated; the file can be used",
    async () => {
      const [file, picture] = [join(folder, "amzn.yaml"), join(folder, "amzn.svg")];
      const asked = ["--data", AMZN, "--model", "square-root"];
      const run = await arrival("calibrate", ...asked, "--json", "--svg", picture, "-o", file);
      expect(run.code).toBe(1);
      const found = JSON.parse(run.output);
      expect(found.status).toBe("fitted, not calibrated");
      expect(found.observations).toEqual({ "pseudo-metaorder": 872 });
      expect(found.reasons.length).toBeGreaterThan(0);
      expect(found.cautions.join()).toContain("not the orders of anybody");
      const exponent = found.parameters.find(({ name }: { name: string }) => name === "exponent");
      expect(exponent.value).toBeGreaterThan(0.5);
      expect(exponent.value).toBeLessThan(0.9);
      expect(readFileSync(picture, "utf8")).toContain("Left over, by size");
      const order = ["--side", "buy", "--quantity", "100", "--over", "10m"];
      const estimate = await arrival("estimate", "--model-file", file, "--data", AMZN, ...order);
      expect(estimate.code, estimate.error).toBe(0);
      expect(estimate.output).toContain("fitted, not calibrated");
    },
    60_000,
  );
});
