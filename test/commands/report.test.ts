/**
 * `arrival report` as a user meets it: real processes, real journals, real files. What is lost if
 * this fails: a report that says something else than the run did, or half of one under a whole name.
 */
import { execFile, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { extractText } from "unpdf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../../src/report/pdf.ts";
import type { ReportData } from "../../src/report/report-data.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const RECORDED = fileURLToPath(
  new URL("../../../shared/data/binance-hftbacktest/usdm_btcusdt_20240808.gz", import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), "arrival-report-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function started(environment: NodeJS.ProcessEnv, args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const options = { cwd: folder, maxBuffer: 1 << 26, env: environment };
    execFile(process.execPath, [BIN, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

const arrival = (...args: readonly string[]): Promise<Run> => started(process.env, args);
const report = (...args: readonly string[]): Promise<Run> => arrival("report", ...args);

const MARKET = ["--data", "generated:eventsPerSecond=40", "--market", "recorded"];
const ORDER = ["--side", "sell", "--quantity", "6", "--over", "1m"];
let told: { readonly report: NonNullable<ReportData["orders"][0]["view"]["report"]> };

beforeAll(async () => {
  const journal = ["--journal", "run.journal", "--json"];
  const run = await arrival("backtest", ...MARKET, ...ORDER, ...journal);
  expect(run.code).toBe(0);
  told = JSON.parse(run.stdout) as typeof told;
}, 60_000);

describe("arrival report", () => {
  it("says what the backtest said when it wrote the journal", async () => {
    const run = await report("run.journal", "--baselines", "none", "--json");
    expect(run.code).toBe(0);
    const data = JSON.parse(run.stdout) as ReportData;
    expect(data).toMatchObject({ format: "arrival-report", version: 1, period: null });
    expect(data.orders[0]!.view.report).toEqual(told.report);
    const replayed = await arrival("replay", "run.journal", "--json");
    const { events, outputs, identical } = JSON.parse(replayed.stdout) as Record<string, unknown>;
    expect(identical).toBe(true);
    expect(data.journals[0]!.records).toBe(Number(events) + Number(outputs));
  });

  it("writes each format by the ending of the name, whole", async () => {
    for (const [name, beginning] of [
      ["a.html", "<!doctype html>"],
      ["a.csv", "order,section,item,figure,value,unit\n"],
    ] as const) {
      const run = await report("run.journal", "-o", name, "--baselines", "none");
      expect([name, run.code]).toEqual([name, 0]);
      expect(run.stderr).toContain(`written: ${name}`);
      expect(run.stderr).not.toContain("comparing");
      expect(run.stdout).toBe("");
      expect(readFileSync(join(folder, name), "utf8").startsWith(beginning)).toBe(true);
    }
    const again = await report("run.journal", "-o", "a.html");
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("[DATA_TAKEN]");
    const replaced = await report(
      "run.journal",
      "-o",
      "a.html",
      "--replace",
      "--baselines",
      "none",
    );
    expect(replaced.code).toBe(0);
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  }, 120_000);

  it("compares with others on the same market", async () => {
    const run = await report("run.journal", "--baselines", "twap:urgency=1,pov", "--json");
    expect(run.code).toBe(0);
    const { baselines } = (JSON.parse(run.stdout) as ReportData).orders[0]!;
    if (baselines.kind !== "compared") throw new Error(baselines.why);
    expect(baselines.here.map(({ arm }) => arm)).toEqual(["this order", "twap:urgency=1", "pov"]);
    for (const { savingBps, costBps } of baselines.here.slice(1)) {
      expect(savingBps).toBeCloseTo(costBps - baselines.here[0]!.costBps, 9);
    }
  }, 120_000);

  it("says what is wrong, and with which file", async () => {
    for (const [args, code, words] of [
      [["nothing.journal"], 2, "[JOURNAL_NOT_FOUND]"],
      [["run.journal", "-o", "b.docx"], 2, "its ending says no format"],
      [["run.journal", "-o", join("nowhere", "b.html"), "--baselines", "none"], 2, "[DATA_WRITE]"],
      [["run.journal", "--format", "pdf"], 2, "a PDF wants a file"],
      [["run.journal", "--baselines", "twop"], 2, "--baselines: "],
      [["run.journal", "--order", "p9"], 2, "[REPORT_ORDER]"],
      [["run.journal", "--exchanges", "none.jsonl"], 2, "no such file"],
      [["run.journal", "--windows", "x"], 2, "--windows"],
    ] as const) {
      const run = await report(...args);
      expect([args, run.code]).toEqual([args, code]);
      expect(run.stderr).toContain(words);
      expect(run.stderr).not.toContain("a fault in the program");
    }
    writeFileSync(join(folder, "bad.journal"), "this is no journal");
    expect((await report("bad.journal")).stderr).toContain("[JOURNAL_NOT_A_JOURNAL]");
    expect(existsSync(join(folder, "b.docx"))).toBe(false);
  }, 180_000);

  it("has nothing to report of an order that was refused", async () => {
    const order = ["--side", "buy", "--quantity", "900000", "--over", "20s"];
    await arrival("backtest", ...MARKET, ...order, "--journal", "refused.journal");
    const run = await report("refused.journal", "-o", "refused.html");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("[REPORT_EMPTY]");
    expect(existsSync(join(folder, "refused.html"))).toBe(false);
  }, 120_000);

  it("leaves nothing behind when it is interrupted", async () => {
    const args = [BIN, "report", "run.journal", "-o", "late.html", "--windows", "4000"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text) => {
      if (stderr === "") child.kill("SIGINT");
      stderr += String(text);
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(stderr).toContain("[INTERRUPTED]");
    expect(code).toBe(130);
    expect(readdirSync(folder).filter((name) => name.startsWith("late"))).toEqual([]);
  }, 120_000);

  it("tells a period of several journals", async () => {
    copyFileSync(join(folder, "run.journal"), join(folder, "copy.journal"));
    const names = ["run.journal", "copy.journal"];
    for (const strategy of ["is", "pov"]) {
      const name = `${strategy}.journal`;
      await arrival("backtest", ...MARKET, ...ORDER, "--strategy", strategy, "--journal", name);
      names.push(name);
    }
    const run = await report(...names, "--json");
    const { period, summaries, orders } = JSON.parse(run.stdout) as ReportData;
    expect([run.code, summaries.length, orders.length]).toEqual([0, 4, 0]);
    // One stretch of one market, whoever worked on it, and however often it was copied.
    expect(period!.all.independent).toBe(1);
    expect(period!.pairs.map(({ one, other, pairs }) => [one, other, pairs])).toEqual([
      ["is", "pov", 1],
      ["is", "twap", 1],
      ["pov", "twap", 1],
    ]);
    const page = await report(...names, "--format", "md");
    expect(page.stdout).toContain("too few");
  }, 180_000);

  it.skipIf(process.platform === "darwin")("says what to install to print a PDF", async () => {
    const none = { ...process.env, PATH: folder, ARRIVAL_CHROMIUM: "" };
    const run = await started(none, ["report", "run.journal", "-o", "a.pdf"]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("[REPORT_PDF]");
    expect(run.stderr).toContain("apt install chromium");
  });

  it.skipIf(findChromium(process.env) === undefined)(
    "prints a PDF with a Chromium that is found",
    async () => {
      const run = await report("run.journal", "-o", "a.pdf", "--baselines", "none");
      expect(run.stderr).toContain("written: a.pdf");
      const pdf = readFileSync(join(folder, "a.pdf"));
      expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
      const [json, { text }] = await Promise.all([
        report("run.journal", "--json", "--baselines", "none"),
        extractText(new Uint8Array(pdf)),
      ]);
      const printed = text.join(" ").replaceAll(/\s+/g, "");
      const { orders } = JSON.parse(json.stdout) as ReportData;
      const { summary, view } = orders[0]!;
      // A line may be broken anywhere on paper.
      for (const sentence of summary) expect(printed).toContain(sentence.replaceAll(/\s+/g, ""));
      const { shortfall, prices } = view.report!;
      for (const exact of [prices.decision, prices.arrival, view.row.filled]) {
        expect(printed.replaceAll(",", "")).toContain(exact!.replaceAll(/[\s,]/g, ""));
      }
      for (const { bps } of Object.values(shortfall.parts)) {
        if (bps !== null) expect(printed).toContain(Math.abs(bps).toFixed(3));
      }
      for (const page of text) expect(page.trim()).not.toBe("");
    },
    120_000,
  );

  it.skipIf(!existsSync(RECORDED))(
    "reports an order on a recording, and names it where it has gone",
    async () => {
      const recording = join(folder, "usdm_btcusdt.gz");
      copyFileSync(RECORDED, recording);
      const order = ["--side", "sell", "--quantity", "10", "--over", "1m", "--strategy", "vwap"];
      const kept = ["--journal", "recorded.journal"];
      const run = await arrival("backtest", "--data", recording, ...order, ...kept);
      expect(run.code).toBe(0);
      const compared = await report("recorded.journal", "--baselines", "twap", "--json");
      const { baselines } = (JSON.parse(compared.stdout) as ReportData).orders[0]!;
      if (baselines.kind !== "compared") throw new Error(baselines.why);
      // Six minutes of market have room for a few orders of one, side by side.
      expect(baselines.windows!.independent).toBeGreaterThan(2);
      expect(baselines.windows!.text).toContain("no interval can be given");
      rmSync(recording);
      const gone = await report("recorded.journal");
      expect(gone.code).toBe(2);
      expect(gone.stderr).toContain("usdm_btcusdt.gz");
      const moved = await report("recorded.journal", "--data", RECORDED, "--baselines", "none");
      expect(moved.code).toBe(0);
    },
    180_000,
  );
});
