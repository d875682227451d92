/**
 * `arrival resume` under a table of influence: what became of an order that was cut off and gone on
 * with is put on record. What is lost if this fails: an advisor that harms keeps its weight, because
 * the orders of runs that died do not count.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { learned, tableContent } from "../influence/table-content.ts";
import { recordPathOf } from "../../src/runtime/influence/influence-record.ts";
import { sealed, tableText } from "../../src/runtime/influence/influence-table.ts";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-resume-influence-"));
const children = new Set<ChildProcess>();
let exchange: LocalExchange;

beforeAll(async () => {
  exchange = await startExchange({ symbols: ["linear:BTCUSDT=generated:seed=7"], seed: 3 });
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await exchange.close();
  rmSync(folder, { recursive: true, force: true });
});

const SCRIPT = `
name: demo
latencyMs: 10
rules:
  - { advise: { action: accelerate, rate: 2 } }
`;
const half = learned(2, 1, 3);
const TABLE = sealed(
  tableContent({
    advisor: "scripted:demo",
    regimes: { calm: half, usual: half, stressed: half },
  }),
);

function start(...args: readonly string[]) {
  const { apiKey, secret } = exchange.accounts[0]!;
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { ...process.env, ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.add(child);
  const run = { child, said: "", ended: Promise.resolve<unknown>(undefined) };
  child.stderr.on("data", (data) => (run.said += String(data)));
  run.ended = new Promise((resolve) =>
    child.on("close", (code, signal) => resolve(code ?? signal)),
  );
  return run;
}

async function until(is: () => boolean, why: () => string): Promise<void> {
  const by = Date.now() + 60_000;
  while (!is()) {
    if (Date.now() > by) throw new Error(`not in a minute: ${why()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it("an order that was cut off counts once it has ended", async () => {
  writeFileSync(join(folder, "script.yaml"), SCRIPT);
  writeFileSync(join(folder, "t.json"), tableText(TABLE));
  const where = ["--venue", "bybit", "--network", "local", "--local-url", exchange.url];
  const order = ["--symbol", "BTCUSDT", "--side", "buy", "--quantity", "1.5", "--over", "20s"];
  order.push("--strategy", "twap", "--param", "intervalSeconds=2");
  const advice = ["--advisor", "scripted:script.yaml", "--influence", "t.json"];
  const run = start("run", ...where, ...order, ...advice, "--journal", "cut.journal");
  // Some of it is done, on advice, and some is left.
  await until(
    () => /^\d\d:.* filled /m.test(run.said),
    () => run.said,
  );
  run.child.kill("SIGKILL");
  await run.ended;
  const record = recordPathOf(join(folder, "t.json"));
  expect(existsSync(record)).toBe(false);

  const resumed = start("resume", "cut.journal");
  await resumed.ended;
  const parentId = /^\d\d:\S+ (\w+)-1 /m.exec(run.said)![1]!;
  expect(resumed.said).toMatch(new RegExp(`advice (saved|cost) order ${parentId} about`));
  const lines = readFileSync(record, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { kind: "outcome", table: TABLE.hash, order: parentId },
  ]);
  // Whoever counts by hand finds the same order, and counts it no second time.
  const again = start("evaluate", "influence", "t.json", "--count", "cut.journal");
  expect(await again.ended, again.said).toBe(0);
  expect(readFileSync(record, "utf8").trim().split("\n")).toEqual(lines);
}, 120_000);
