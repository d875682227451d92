/** `arrival market generate` as a user meets it: real processes, real files, real exit codes. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-market-generate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function arrival(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const options = { cwd: folder, maxBuffer: 1 << 26 };
    execFile(process.execPath, [BIN, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

const generate = (...args: readonly string[]): Promise<Run> =>
  arrival("market", "generate", ...args);

describe("arrival market generate", () => {
  it("writes a file for each symbol and one story, which other commands read", async () => {
    const made = await generate(
      ..."-o pair.arrival --symbols BTCUSDT,ETHUSDT --correlation 0.6 --seed 4".split(" "),
      ..."--data generated:eventsPerSecond=60 --over 1m --events pair.jsonl --json".split(" "),
    );
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const document = JSON.parse(made.stdout) as {
      files: { path: string; symbol: string; rows: number; market: object }[];
      events: { counts: Record<string, number> };
    };
    expect(document.files.map(({ path }) => path)).toEqual([
      "pair.BTCUSDT.arrival",
      "pair.ETHUSDT.arrival",
    ]);
    expect(document.files[1]!.market).toMatchObject({
      symbol: "ETHUSDT",
      correlation: 0.6,
      seed: 4,
    });
    const lines = readFileSync(join(folder, "pair.jsonl"), "utf8").trimEnd().split("\n");
    const told = lines.map((line) => JSON.parse(line) as { event: string });
    for (const kind of ["news", "funding", "liquidation", "metaorder"]) {
      expect(told.filter(({ event }) => event === kind)).toHaveLength(
        document.events.counts[kind]!,
      );
    }
    const verified = await arrival("data", "verify", "pair.ETHUSDT.arrival");
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stdout).toContain("generated:linear:ETHUSDT");

    const before = readdirSync(folder).length;
    const taken = await generate("-o", "pair.arrival", "--symbols", "ETHUSDT,SOLUSDT");
    expect(taken.code).toBe(2);
    expect(taken.stderr).toContain("pair.ETHUSDT.arrival exists");
    expect(taken.stderr).toContain("[DATA_TAKEN]");
    expect(readdirSync(folder).length).toBe(before);
  }, 60_000);

  it("makes a market that a journal holds whole, scenario and all", async () => {
    writeFileSync(
      join(folder, "fall.yaml"),
      "name: fall\nevents:\n  - {kind: shock, atSeconds: 80, direction: down, magnitude: 1}\n",
    );
    const knobs = "symbol=ETHUSDT,flow=queue-reactive,eventsPerSecond=60,scenario=fall.yaml";
    const run = await arrival(
      ...`backtest --data generated:${knobs} --side sell --quantity 60 --over 1m`.split(" "),
      ..."--journal fall.journal".split(" "),
    );
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("generated ETHUSDT (seed 1, eventsPerSecond 60");
    expect(run.stdout).toContain("scenario fall");
    rmSync(join(folder, "fall.yaml"));
    const again = await arrival("replay", "fall.journal");
    expect(again.stdout).toContain("identical");
  }, 60_000);

  it("refuses what it cannot make, and writes nothing", async () => {
    const cases = [
      ["--data day.gz", "this makes markets", "[USAGE]"],
      ["--data generated:symbol=BTCUSDT --symbols ETHUSDT", "exclude each other", "[USAGE]"],
      ["--data generated:scenario=none.yaml", "none.yaml: cannot be read", "[MARKET_SCENARIO]"],
      ["--events none/x.jsonl", "folder does not exist", "[DATA_WRITE]"],
      ["--events x.arrival", "name of another file", "[USAGE]"],
      ["--over 8d", "A span from 1s to 7d", "--help"],
      ["--symbols BTC,BTC", "different names", "--help"],
    ] as const;
    const runs = await Promise.all(
      cases.map(([args]) => generate("-o", "x.arrival", ...args.split(" "))),
    );
    for (const [k, [, text, code]] of cases.entries()) {
      expect(runs[k]).toMatchObject({ code: 2, stdout: "" });
      expect(runs[k]!.stderr).toContain(text);
      expect(runs[k]!.stderr).toContain(code);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("x."))).toEqual([]);
  }, 60_000);
});
