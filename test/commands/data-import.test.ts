import { execFile } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { micros } from "../../src/core/domain/units.ts";
import { openEventFile } from "../../src/data/event-file/reader.ts";
import { createEventFile } from "../../src/data/event-file/writer.ts";
import { type BacktestResult, prepareBacktest } from "../../src/runtime/backtest.ts";
import { DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { openGenerated, openMarket, type OpenMarket } from "../../src/runtime/market-source.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function arrival(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

/** A true-to-form capture of a message each tenth of a second, with one broken line. */
function capture(name = "capture.txt", messages = 3000): string {
  const start = 1_723_161_600_000;
  const lines = [`${start}000000 {"lastUpdateId":1,"bids":[["100.0","1"]],"asks":[["100.5","2"]]}`];
  for (let id = 1; id <= messages; id++) {
    const T = start + id * 100;
    const b = [["100.0", String(1 + (id % 7))]];
    const data = { e: "depthUpdate", E: T, T, s: "BTCUSDT", U: id, u: id, pu: id - 1, b, a: [] };
    lines.push(`${T + 3}000000 ${JSON.stringify({ stream: "btcusdt@depth@0ms", data })}`);
    if (id === 2000) lines.push(`${T + 3}000000 {"stream":"btcusdt@dep`);
  }
  const path = at(name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

describe("arrival data import", () => {
  it("brings a recording in, counts what is bad, and writes over nothing", async () => {
    const raw = capture();
    const out = at("btc.arrival");
    const run = await arrival("data", "import", "--from", "binance", raw, "-o", out, "--json");
    expect(run, run.stderr).toMatchObject({ code: 0, stderr: "" });
    const told = JSON.parse(run.stdout);
    expect(told).toMatchObject({ output: out, rows: 3003, blocks: 1 });
    expect(told.origin).toMatchObject({
      format: "binance-capture",
      counts: { badLines: 1, gaps: 0 },
    });
    expect(told.origin.notes.join()).toContain("bad line capture.txt:2002, which ");
    expect(existsSync(`${out}.partial`)).toBe(false);

    const [again, other, nothing] = await Promise.all([
      arrival("data", "import", raw, "-o", out),
      arrival("data", "import", "--from", "lobster", raw, "-o", at("other.arrival")),
      arrival("data", "import", at("absent"), "-o", at("nothing.arrival")),
    ]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain("btc.arrival exists; nothing is written over");
    expect(other.stderr).toContain("this is binance-capture, not lobster");
    expect(nothing.stderr).toContain("there is no such file");
    expect(readdirSync(folder).filter((name) => /^(other|nothing)\./.test(name))).toEqual([]);

    const info = await arrival("data", "info", out, "--json");
    expect(JSON.parse(info.stdout)).toMatchObject({ format: "event-file", counts: { rows: 3003 } });
  }, 60_000);

  it("stops in order on Ctrl-C, and goes on with --resume to the same bytes", async () => {
    const raw = capture("long.txt", 60_000);
    const out = at("long.arrival");
    const stopped = await new Promise<Run>((resolve) => {
      const child = execFile(
        process.execPath,
        [BIN, "data", "import", raw, "-o", out],
        (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
        },
      );
      // It has begun, and goes on for seconds.
      const look = setInterval(() => {
        const part = `${out}.unfinished/rows-1.arrival.partial`;
        if ((statSync(part, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
        clearInterval(look);
        child.kill("SIGINT");
      }, 5);
    });
    expect(stopped).toMatchObject({ code: 130, stdout: "" });
    expect(stopped.stderr).toContain("stopped; what has been read is kept in");
    const [again, other, whole] = await Promise.all([
      arrival("data", "import", raw, "-o", out),
      arrival("data", "import", raw, "--symbol", "ETHUSDT", "-o", out, "--resume"),
      arrival("data", "import", raw, "-o", at("undisturbed.arrival")),
    ]);
    expect(again.stderr).toContain("go on with it with --resume, or remove it [DATA_TAKEN]");
    expect(other.stderr).toContain('its symbol was not given, not "ETHUSDT"');
    expect(whole.code).toBe(0);
    const done = await arrival("data", "import", raw, "-o", out, "--resume");
    expect(done, done.stderr).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(out).equals(readFileSync(at("undisturbed.arrival")))).toBe(true);
    expect(existsSync(`${out}.unfinished`)).toBe(false);
    const nothing = await arrival("data", "import", raw, "-o", at("never.arrival"), "--resume");
    expect(nothing).toMatchObject({ code: 2 });
    expect(nothing.stderr).toContain("[DATA_RESUME]");
  }, 120_000);

  it("recovers what is whole of a file that was cut, and says what is lost", async () => {
    const whole = generatedFile("whole.arrival");
    const bytes = readFileSync(whole);
    const cut = at("cut.arrival");
    writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const [refused, run] = await Promise.all([
      arrival("data", "import", cut, "-o", at("refused.arrival")),
      arrival("data", "import", "--recover", cut, "-o", at("kept.arrival")),
    ]);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("[DATA_CUT]");
    expect(run).toMatchObject({ code: 1, stderr: "" });
    expect(run.stdout).toMatch(/LOST [\d,]+ bytes: it ends inside block \d+/);
    const kept = openEventFile(at("kept.arrival"));
    const original = openEventFile(whole);
    if (!kept.ok || !original.ok) throw new Error("cannot be opened");
    expect(kept.value.cut).toBeUndefined();
    expect(kept.value.header.origin.notes.join()).toContain("recovered from cut.arrival: at byte");
    expect(kept.value.rows).toBeGreaterThan(original.value.rows / 3);
    const quantities = (file: typeof kept.value): number[] =>
      [...file.sequence()].flatMap(({ quantity }) => [...quantity]);
    expect(quantities(kept.value)).toEqual(quantities(original.value).slice(0, kept.value.rows));
  }, 60_000);
});

const CONFIG = { seed: 5, startAt: micros(Date.UTC(2026, 0, 5) * 1000), duration: micros(240e6) };

function generatedFile(name: string): string {
  const { header, blocks } = openGenerated({ kind: "generated", ...CONFIG });
  const origin = { format: "generated", sources: [], notes: [], counts: {} };
  const created = createEventFile(at(name), { ...header, origin }, { blockRows: 4096 });
  if (!created.ok) throw new Error(created.error.text);
  for (const block of blocks) created.value.append(block);
  created.value.seal();
  return at(name);
}

describe("an event file as the market of a run", () => {
  function work(market: OpenMarket): unknown {
    const prepared = prepareBacktest(market, {
      side: "buy",
      quantity: "5",
      isNotional: false,
      over: micros(120e6),
      start: micros(60e6),
      constraints: { mayCrossSpread: true, residual: "cross" },
      acceptInfeasible: true,
      // Beside both alike: by itself a generated market would answer, and a file cannot.
      config: {
        ...DEFAULT_CONFIG,
        simulation: { ...DEFAULT_CONFIG.simulation, market: "recorded" },
      },
      seed: 1,
    });
    if (!prepared.ok) throw new Error(prepared.error.text);
    const steps = prepared.value.run();
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  it("gives the same run, fill for fill, as the rows that were written", async () => {
    const generated = openGenerated({ kind: "generated", ...CONFIG });
    const opened = await openMarket({ kind: "files", paths: [generatedFile("run.arrival")] });
    if (!opened.ok) throw new Error(opened.error.text);
    const { from, until } = generated;
    const ours = work({ ...opened.value, from, until });
    expect(ours).toEqual(work(generated));
    expect(ours).toMatchObject({ report: { quantity: { intended: "5.000" } } });
    expect((ours as BacktestResult).report!.metrics.fills).toBeGreaterThan(10);
  });

  it("is named by its hash in the journal: a replay wants the very same bytes", async () => {
    const path = generatedFile("journal.arrival");
    const journal = at("run.journal");
    const order = ["--side", "buy", "--quantity", "5", "--over", "2m", "--journal", journal];
    const run = await arrival("backtest", "--data", path, ...order);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    const same = await arrival("replay", journal);
    expect(same, same.stderr).toMatchObject({ code: 0 });
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    const other = await arrival("replay", journal);
    expect(other.code).not.toBe(0);
    expect(other.stderr).toContain("[DATA_DAMAGED]");
  }, 60_000);
});
