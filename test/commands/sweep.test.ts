/**
 * `arrival sweep` as a user meets it: real processes, threads, signals and files.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const RECORDED = fileURLToPath(
  new URL("../../../shared/data/binance-hftbacktest/usdm_btcusdt_20240808.gz", import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), "arrival-sweep-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param stopWhen looked at often: true sends Ctrl-C, once */
function sweep(args: readonly string[], stopWhen: () => boolean = () => false): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BIN, "sweep", ...args]);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => (stdout += String(text)));
    child.stderr.on("data", (text) => (stderr += String(text)));
    const watch = setInterval(() => {
      if (!stopWhen()) return;
      clearInterval(watch);
      child.kill("SIGINT");
    }, 5);
    child.on("close", (code) => {
      clearInterval(watch);
      resolve({ code, stdout, stderr });
    });
  });
}

const words = (line: string): readonly string[] => line.split(" ");

const SMALL = words(
  "--data generated:eventsPerSecond=60 --market recorded --strategies twap,pov " +
    "--grid urgency=0.1,0.9 --quantity 0.5 --over 20s --parents 6",
);

describe("arrival sweep", () => {
  it("stopped by Ctrl-C and gone on with gives the bytes of a run that was not", async () => {
    const [stopped, whole] = [join(folder, "stopped"), join(folder, "whole")];
    const log = join(stopped, "sweep.log");
    const hasRows = (): boolean =>
      existsSync(log) && readFileSync(log, "utf8").split("\n").length > 5;
    const first = await sweep([...SMALL, "--workers", "1", "-o", stopped], hasRows);
    expect(first).toMatchObject({ code: 130, stdout: "" });
    expect(first.stderr).toMatch(/96 runs on 1 worker\n/);
    expect(first.stderr).toMatch(/stopped; \d+ runs are kept in .*sweep\.log; go on with: arrival/);
    expect(existsSync(join(stopped, "results.csv"))).toBe(false);
    const again = await sweep([...SMALL, "--workers", "2", "-o", stopped, "--resume"]);
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/^\d+ runs are there already$/m);
    const uninterrupted = await sweep([...SMALL, "--workers", "1", "-o", whole, "--json"]);
    expect(uninterrupted.code).toBe(0);
    for (const file of ["results.csv", "summary.json"]) {
      expect(readFileSync(join(stopped, file))).toEqual(readFileSync(join(whole, file)));
    }
    expect(JSON.parse(uninterrupted.stdout)).toEqual(
      JSON.parse(readFileSync(join(whole, "summary.json"), "utf8")),
    );
    const rows = readFileSync(join(whole, "results.csv"), "utf8").trimEnd().split("\n");
    expect(rows).toHaveLength(97);
    expect(rows[0]).toMatch(/^market,window,cluster,side,arm,of,urgency,strategy,queue,costBps,/);
    expect(again.stdout).toMatch(/chosen from 4 by looking/);
    expect(again.stdout).toMatch(/^urgency= +0\.1 +0\.9$/m);
  });

  it("begins nothing when something is wrong, and says all of it", async () => {
    const grid = words("--grid param.kappa=1 --grid urgency=7");
    const base = words("--data generated --quantity 1 --over 20s");
    const taken = join(folder, "taken.csv");
    writeFileSync(taken, "mine");
    const [wrong, start, exists, resumed] = await Promise.all([
      sweep([...base, "--strategies", "twap,is", ...grid]),
      sweep([...base, "--strategies", "twap", "--start", "1m"]),
      sweep([...base, "--strategies", "twap", "-o", taken]),
      sweep([...base, "--strategies", "twap", "-o", join(folder, "none.csv"), "--resume"]),
    ]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr.match(/urgency=7 must be a number from 0 to 1/g)).toHaveLength(2);
    expect(wrong.stderr).toContain("[SWEEP_GRID]");
    expect(start.stderr).toContain("--start is not for a sweep: windows are spread over the data");
    expect(exists.stderr).toContain("taken.csv is there already");
    expect(readFileSync(taken, "utf8")).toBe("mine");
    expect(resumed.stderr).toContain("there is no sweep to go on with");
    expect([start.code, exists.code, resumed.code]).toEqual([2, 2, 2]);
  });
});

describe.skipIf(!existsSync(RECORDED))("arrival sweep (recordings of ../shared/data)", () => {
  it("works recordings as markets of their own, the same by one worker and by two", async () => {
    const order = "--strategies twap --grid over=20s,40s --notional 20000 --parents 3 --sides buy";
    const args = ["--data", RECORDED, ...words(order)];
    const outputs = [1, 2].map((workers) => join(folder, `recorded-${workers}.csv`));
    const runs = await Promise.all(
      outputs.map((path, i) => sweep([...args, "--workers", String(i + 1), "-o", path])),
    );
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    const [one, two] = outputs.map((path) => readFileSync(path, "utf8"));
    expect(one).toBe(two);
    expect(one!.split("\n")[1]).toMatch(/^usdm_btcusdt_20240808\.gz,0,0,buy,twap over=20s,twap,/);
  });
});
