/**
 * `arrival market facts` as a user meets it: real processes, exit codes and files.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const RECORDED = fileURLToPath(
  new URL("../../../shared/data/lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip", import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), "arrival-market-facts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function facts(
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const all = [BIN, "market", "facts", ...args];
    execFile(process.execPath, all, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === "number" ? error.code : error ? -1 : 0,
        stdout,
        stderr,
      });
    });
  });
}

const QUIET = ["--data", "generated:eventsPerSecond=40", "--over", "2m"];

describe("arrival market facts", () => {
  it("prints one JSON document, and draws the page beside it", async () => {
    const svg = join(folder, "facts.svg");
    const run = await facts(...QUIET, "--json", "--svg", svg);
    expect(run.code).toBe(0);
    const document = JSON.parse(run.stdout) as {
      seed: number;
      markets: { name: string; findings: { fact: string; holds: string; effective: number }[] }[];
    };
    expect(document.seed).toBe(1);
    expect(document.markets).toHaveLength(1);
    const { findings } = document.markets[0]!;
    expect(findings.map(({ fact }) => fact)).toContain("square-root");
    expect(findings.every(({ holds }) => holds === "cannot be told")).toBe(true);
    expect(readFileSync(svg, "utf8")).toContain("</svg>");
    const again = await facts(...QUIET, "--svg", svg);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain("is there already");
  }, 60_000);

  it("takes several seeds together, and writes a folder of pictures", async () => {
    const pictures = join(folder, "pictures");
    const run = await facts(...QUIET, "--seeds", "2", "--svg", pictures);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("generated:eventsPerSecond=40, 2 seeds");
    expect(run.stdout).toContain("4 min");
    expect(readdirSync(pictures)).toContain("square-root.svg");
  }, 60_000);

  it.skipIf(!existsSync(RECORDED))(
    "sets a recording beside a generated market",
    async () => {
      const run = await facts("--data", RECORDED, "--against", QUIET[1]!, "--over", "1m");
      expect(run.code).toBe(0);
      expect(run.stdout).toContain("nasdaq:spot:AMZN");
      expect(run.stdout).toMatch(/has it +yes +cannot be told: \d spans/);
    },
    60_000,
  );

  it.each([
    [["--data", "nowhere.gz"], "nowhere.gz"],
    [["--data", "generated", "--over", "5"], "A span from 1m to 7d"],
    [["--data", "generated", "--against", ""], "--against"],
    [[], "--data"],
  ])("refuses %j and says why", async (args, why) => {
    const run = await facts(...args);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toContain(why);
  });

  it("does not take a file for a folder", async () => {
    const path = join(folder, "mine.txt");
    writeFileSync(path, "mine");
    const run = await facts(...QUIET, "--svg", path);
    expect(run.code).toBe(2);
    expect(readFileSync(path, "utf8")).toBe("mine");
  });
});
