/**
 * The command line as a user meets it: real processes, real exit codes, real files.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openJournal } from "../../src/runtime/journal/reader.ts";
import { createJournal } from "../../src/runtime/journal/writer.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const RECORDED = fileURLToPath(
  new URL("../../../shared/data/binance-hftbacktest/usdm_btcusdt_20240808.gz", import.meta.url),
);
const BYBIT = fileURLToPath(
  new URL("../../../shared/data/bybit-ws-cryptofeed/BYBIT.jsonl.zst", import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), "arrival-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function arrival(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === "number" ? error.code : error ? -1 : 0,
        stdout,
        stderr,
      });
    });
  });
}

const SHORT = ["--data", "generated", "--side", "buy", "--quantity", "6", "--over", "1m"];

describe("arrival demo", () => {
  it("works 25 BTC and shows the child orders, the reasons and the cost", async () => {
    const run = await arrival("demo");
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("Bought 25.000 of 25.000 BTC");
    expect(run.stdout).toContain("exactly the sum of the parts");
    expect(run.stdout).toMatch(/post-only .* slice \d+ of \d+/);
    // Its recorded session still knows every question: else it is to be recorded anew.
    expect(run.stdout).toContain("6 questions, 6 answered with advice, none was followed");
  }, 60_000);
});

describe("arrival backtest", () => {
  it("prints one JSON document and nothing else with --json", async () => {
    const run = await arrival("backtest", ...SHORT, "--json");
    const document = JSON.parse(run.stdout) as { phase: string; report: { quantity: object } };
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(document.phase).toBe("complete");
    expect(document.report.quantity).toMatchObject({ intended: "6.000", filled: "6.000" });
  }, 60_000);

  it("writes the same bytes twice for the same seed, and others for another", async () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => join(folder, `${name}.journal`));
    const runs = await Promise.all([
      arrival("backtest", ...SHORT, "--seed", "5", "--journal", a!),
      arrival("backtest", ...SHORT, "--seed", "5", "--journal", b!),
      arrival("backtest", ...SHORT, "--seed", "6", "--journal", c!),
    ]);
    expect(runs.map((run) => run.code)).toEqual([0, 0, 0]);
    expect(readFileSync(a!).equals(readFileSync(b!))).toBe(true);
    expect(readFileSync(a!).equals(readFileSync(c!))).toBe(false);
  }, 60_000);

  it("does not overwrite a journal", async () => {
    const path = join(folder, "kept.journal");
    writeFileSync(path, "mine");
    const run = await arrival("backtest", ...SHORT, "--journal", path);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("JOURNAL_EXISTS");
    expect(readFileSync(path, "utf8")).toBe("mine");
  }, 60_000);

  it("lists every problem of a configuration at once and exits with 2", async () => {
    const path = join(folder, "bad.yaml");
    writeFileSync(
      path,
      "limits:\n  participation: 7\n  particpation: 1\nexecution: { urgency: x }\n",
    );
    const run = await arrival("backtest", ...SHORT, "--config", path);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("limits.participation: must be a fraction in (0, 1], got 7");
    expect(run.stderr).toContain("limits.particpation: unknown key");
    expect(run.stderr).toContain("execution.urgency");
  }, 60_000);

  it("refuses what the limits cannot finish, with the figures", async () => {
    const order = ["--side", "buy", "--quantity", "100", "--over", "1m"];
    const run = await arrival("backtest", "--data", "generated", ...order);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("PARENT_INFEASIBLE: 13 crossing orders");
  }, 60_000);

  it.each([
    [["--quantity", "0.0001"], "not a multiple of the lot size"],
    [["--quantity", "1", "--side", "up"], "Allowed choices are buy, sell"],
    [["--quantity", "1", "--over", "3"], "span with its unit"],
    [["--quantity", "1", "--param", "nonsense=1"], "strategy.parameters.nonsense"],
    [["--quantity", "1", "--data", "no-such-file"], "DATA_NOT_FOUND"],
    [["--quantity", "1", "--notional", "5"], "either --quantity or --notional"],
  ])(
    "explains %j and exits with 2",
    async (args, text) => {
      const base = ["--side", "buy", "--over", "1m", "--data", "generated"];
      const given = new Set(args.filter((arg) => arg.startsWith("--")));
      const rest = base.filter((arg, i) => !given.has(arg) && !given.has(base[i - 1] ?? ""));
      const run = await arrival("backtest", ...rest, ...args);
      expect(run.stderr).toContain(text);
      expect(run.code).toBe(2);
    },
    60_000,
  );
});

describe("arrival compare", () => {
  it("compares strategies in pairs, as text, JSON, rows and a picture", async () => {
    const [rows, picture] = ["rows.csv", "picture.svg"].map((name) => join(folder, name));
    const arms = ["--data", "generated", "--strategies", "twap,pov", "--parents", "2"];
    const order = ["--quantity", "2", "--over", "30s"];
    const files = ["--csv", rows!, "--svg", picture!];
    const run = await arrival("compare", ...arms, ...order, ...files);
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/queue as it is.*\n.*\ntwap .*baseline\npov .*[+-]\d/);
    expect(run.stdout).toContain("no interval: 2 independent windows are fewer than 20");
    expect(readFileSync(rows!, "utf8").split("\n")).toHaveLength(1 + 2 * 2 * 2 * 2 + 1);
    expect(readFileSync(picture!, "utf8")).toMatch(/^<svg [^]*<\/svg>\n$/);
    const json = await arrival("compare", ...arms, ...order, "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      market: "generated",
      baseline: "twap",
      effectiveWindows: 2,
    });
    const again = await arrival("compare", ...arms, ...order, "--csv", rows!);
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain("EEXIST");
  }, 120_000);
});

describe("arrival compare --market", () => {
  it("ranks the same arms on markets that answer and one that does not", async () => {
    const arms = ["--data", "generated", "--strategies", "twap,fast=twap:urgency=1"];
    const order = ["--quantity", "2", "--over", "20s", "--parents", "2", "--sides", "buy"];
    const kinds = ["--market", "recorded,reactive,generated"];
    const run = await arrival("compare", ...arms, ...order, ...kinds);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stdout).toMatch(
      /market: recorded, .*[^]*market: reactive, .*[^]*market: generated, /,
    );
    expect(run.stdout).toMatch(/arm +recorded +reactive +generated\n.* 1\. /);
    const twice = await arrival("compare", ...arms, ...order, "--market", "auto,generated");
    expect(twice).toMatchObject({ code: 2 });
    expect(twice.stderr).toContain("generated is there twice");
    const unknown = await arrival("compare", ...arms, ...order, "--market", "perfect");
    expect(unknown.stderr).toContain("simulation.market: must be auto or recorded or reactive");
  }, 120_000);
});

describe("arrival replay", () => {
  it("recomputes a journal to the byte, and shows the first difference in a forged one", async () => {
    const path = join(folder, "true.journal");
    await arrival("backtest", ...SHORT, "--strategy", "pov", "--journal", path);
    const same = await arrival("replay", path, "--json");
    expect(same.code).toBe(0);
    expect(JSON.parse(same.stdout)).toMatchObject({ identical: true });

    const forged = join(folder, "forged.journal");
    const line = forge(path, forged);
    const different = await arrival("replay", forged);
    expect(different.code).toBe(1);
    expect(different.stdout).toContain(`different at record ${line}`);
    expect(different.stdout).toMatch(/journal: .*"quantity":1,/);
  }, 60_000);

  it("notices a flipped bit", async () => {
    const path = join(folder, "flipped.journal");
    await arrival("backtest", ...SHORT, "--journal", path);
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(path, bytes);
    const run = await arrival("replay", path);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("JOURNAL_CORRUPT");
  }, 60_000);
});

/** Writes the journal anew, chain and seal intact, with the first order made one lot. */
function forge(from: string, to: string): number {
  const source = openJournal(from);
  if (!source.ok) throw new Error(source.error.text);
  const sink = createJournal(to, source.value.header);
  if (!sink.ok) throw new Error(sink.error.text);
  let forgedAt = 0;
  for (const { sequence, kind, position, body } of source.value.records()) {
    const isFirstOrder = forgedAt === 0 && body.includes('"kind":"place-order"');
    if (isFirstOrder) forgedAt = sequence;
    const text = isFirstOrder ? body.replace(/"quantity":\d+/, '"quantity":1') : body;
    sink.value.append(kind, position, text);
  }
  sink.value.close();
  source.value.close();
  return forgedAt;
}

describe.skipIf(!existsSync(RECORDED))("on recorded data (skipped without ../shared/data)", () => {
  it("works 25 BTC over 3 minutes and replays it", async () => {
    const path = join(folder, "recorded.journal");
    const order = ["--side", "buy", "--quantity", "25", "--over", "3m", "--strategy", "twap"];
    const run = await arrival(
      "backtest",
      "--data",
      RECORDED,
      ...order,
      "--json",
      "--journal",
      path,
    );
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      phase: "complete",
      report: { quantity: { filled: "25.000" } },
    });
    expect((await arrival("replay", path)).stdout).toMatch(/^identical: /);
  }, 120_000);

  it("prints the verification counts", async () => {
    const run = await arrival("data", "verify", RECORDED, "--json");
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      clean: true,
      totals: { bookTickerCompared: 629, bookTickerMismatched: 0, crossed: 0, gaps: 0 },
    });
    const frames = await arrival("data", "verify", BYBIT, "--json");
    expect(JSON.parse(frames.stdout)).toMatchObject({
      totals: { bookMessages: 2148, crossed: 0, gaps: 0 },
    });
  }, 120_000);
});
