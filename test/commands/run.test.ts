/**
 * `arrival run` as a user meets it: a real process, a local exchange that speaks Bybit's protocol,
 * signals, a crash. What is lost if this fails: money, by orders that rest although they were to be
 * withdrawn, or by a run that nobody can explain.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { chooseVenue } from "../../src/runtime/live/venue-choice.ts";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import { replay } from "../../src/runtime/replay.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-run-command-"));
const children = new Set<ChildProcess>();
let exchange: LocalExchange;
/** The keys of those accounts that are taken, in order. */
let taken = 0;

beforeAll(async () => {
  exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    accounts: 5,
    speed: 4,
    seed: 3,
  });
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await exchange.close();
  rmSync(folder, { recursive: true, force: true });
});

class Run {
  stdout = "";
  stderr = "";
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly account = exchange.accounts[taken++]!;
  readonly journal: string;
  readonly #child: ChildProcess;

  constructor(name: string, args: readonly string[]) {
    this.journal = join(folder, `${name}.journal`);
    const { apiKey, secret } = this.account;
    const all = [BIN, "run", ...args, "--journal", this.journal, "--symbol", "BTCUSDT"];
    this.#child = spawn(process.execPath, all, {
      env: { ...process.env, ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(this.#child);
    this.#child.stdout?.on("data", (data) => (this.stdout += String(data)));
    this.#child.stderr?.on("data", (data) => (this.stderr += String(data)));
    this.ended = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => resolve(code ?? signal));
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async until(pattern: RegExp): Promise<void> {
    const state = { isOver: false };
    void this.ended.then(() => (state.isOver = true));
    while (!pattern.test(this.stderr) && !state.isOver) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(this.stderr).toMatch(pattern);
  }

  /** Orders that the account has at the venue, whoever sent them. */
  async resting(): Promise<number> {
    const { apiKey, secret } = this.account;
    const venue = chooseVenue({
      venue: "bybit",
      network: "local",
      localUrl: exchange.url,
      symbol: "BTCUSDT",
      category: "linear",
      side: "buy",
      config: DEFAULT_CONFIG,
      seed: 1,
      parentId: "onlooker",
      environment: { ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret },
    });
    if (!venue.ok) throw new Error(venue.error.text);
    const session = await venue.value.open(new AbortController().signal);
    if (!session.ok) throw new Error(session.error.text);
    await session.value.close();
    return session.value.account.foreignOrders;
  }
}

const local = (venue: string): string[] => {
  const where = ["--network", "local", "--local-url", exchange.url];
  return ["--venue", venue, ...where];
};
/** Rests a little under the market, and is not filled: never above this price. */
const RESTING = ["--side", "buy", "--quantity", "0.4", "--over", "60s", "--strategy", "peg"];

async function limitUnder(): Promise<string[]> {
  const answer = await fetch(
    `${exchange.url}/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=1`,
  );
  const { result } = (await answer.json()) as { result: { b: [string, string][] } };
  return ["--limit", (Math.floor(Number(result.b[0]![0]) * 0.99 * 10) / 10).toFixed(1)];
}

const replayed = async (run: Run) => {
  const again = await replay(run.journal);
  if (!again.ok) throw new Error(again.error.text);
  return again.value;
};

describe.concurrent("arrival run", () => {
  it("works an order at the venue, explains it, and replays", async () => {
    // In a hurry: a slow machine has time for a second try.
    const order = ["--side", "buy", "--quantity", "0.1", "--over", "5s", "--residual", "cross"];
    order.push("--urgency", "1");
    const run = new Run("whole", [...local("bybit"), ...order, "--json"]);
    expect(await run.ended).toBe(0);
    const told = JSON.parse(run.stdout) as Record<string, never>;
    expect(told).toMatchObject({ venue: "bybit", end: "over" });
    // What is left at the end takes what the touch shows, once: now and then not all of it.
    const { quantity } = told["report"] as unknown as { quantity: { filled: string } };
    expect(Number(quantity.filled)).toBeGreaterThan(0);
    expect(told["phase"]).toBe(quantity.filled === "0.100" ? "complete" : "expired");
    expect(run.stderr).toMatch(/at worst it buys 0\.100 BTC at up to/);
    const again = await replayed(run);
    expect(again).toMatchObject({ identical: true, warnings: [] });
    // The secret is nowhere: not on the screen, in the journal, or among the rows.
    const files = readdirSync(folder).filter((name) => name.startsWith("whole"));
    expect(files.length).toBeGreaterThan(1);
    const texts = files.map((name) => readFileSync(join(folder, name)).toString("latin1"));
    for (const text of [...texts, run.stdout, run.stderr]) {
      expect(text).not.toContain(run.account.secret);
    }
  });

  it("Ctrl-C withdraws what rests before it ends", async () => {
    const run = new Run("cancel", [...local("bybit"), ...RESTING, ...(await limitUnder())]);
    await run.until(/ buy 0\.\d+ at /);
    run.kill("SIGINT");
    expect(await run.ended).toBe(130);
    expect(run.stdout).toContain("canceled: interrupted (operator)");
    expect(await run.resting()).toBe(0);
    expect((await replayed(run)).identical).toBe(true);
  });

  it("Ctrl-C leaves what rests where that was asked for, and says what it is", async () => {
    const leave = ["--on-interrupt", "leave"];
    const run = new Run("leave", [
      ...local("bybit"),
      ...RESTING,
      ...(await limitUnder()),
      ...leave,
    ]);
    await run.until(/ buy 0\.\d+ at /);
    await new Promise((resolve) => setTimeout(resolve, 300));
    run.kill("SIGTERM");
    expect(await run.ended).toBe(130);
    expect(run.stdout).toMatch(/left at the venue; still there: r[0-9a-z]+-1 \(0\.\d+\)/);
    expect(await run.resting()).toBe(1);
    expect((await replayed(run)).identical).toBe(true);
  });

  it("a crash leaves a journal that replays as far as its rows go", async () => {
    const run = new Run("crash", [...local("bybit"), ...RESTING, ...(await limitUnder())]);
    await run.until(/ buy 0\.\d+ at /);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    run.kill("SIGKILL");
    expect(await run.ended).toBe("SIGKILL");
    const again = await replayed(run);
    expect(again.identical).toBe(true);
    expect(again.events).toBeGreaterThan(0);
    expect(again.warnings.join()).toContain("the writer did not close it");
  });

  it("on paper no order reaches the venue", async () => {
    const order = ["--side", "buy", "--quantity", "0.3", "--over", "8s", "--residual", "cross"];
    const run = new Run("paper", [...local("paper"), ...order, "--urgency", "1"]);
    expect(await run.ended).toBe(0);
    expect(run.stdout).toMatch(/^Bought 0\.\d{3} of 0\.300 BTC/);
    expect(await run.resting()).toBe(0);
    expect((await replayed(run)).identical).toBe(true);
  });
});

/** Ends before anything is opened. */
async function refused(...args: readonly string[]): Promise<{ code: unknown; text: string }> {
  const order = ["--symbol", "BTCUSDT", "--side", "buy", "--quantity", "1", "--over", "1m"];
  const child = spawn(process.execPath, [BIN, "run", ...args, ...order], {
    cwd: folder,
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.add(child);
  let text = "";
  child.stderr.on("data", (data) => (text += String(data)));
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, text };
}

describe.concurrent("arrival run refuses", () => {
  const BYBIT_ON = (network: string) => ["--venue", "bybit", "--network", network];
  it.each([
    [["--venue", "bybit"], 2, /say which with --network/],
    [BYBIT_ON("local"), 2, /needs the address/],
    [BYBIT_ON("testnet"), 2, /ARRIVAL_BYBIT_KEY.*VENUE_CREDENTIALS/s],
    [[...BYBIT_ON("testnet"), "--market", "reactive"], 2, /a live market is as it is/],
    [[...BYBIT_ON("testnet"), "--credentials", "/nowhere/keys"], 2, /cannot be read/],
  ] as const)("%j: %i", async (args, code, text) => {
    const told = await refused(...args);
    expect(told.text).toMatch(text);
    expect(told.code).toBe(code);
  });

  it("orders on mainnet without a terminal to ask on", async () => {
    const key = join(folder, "keys");
    writeFileSync(key, "key = abcdefgh1234\nsecret = planted-secret-1234\n", { mode: 0o600 });
    const told = await refused(...BYBIT_ON("mainnet"), "--credentials", key);
    expect(told.text).toMatch(/say --yes to mean it.*RUN_CONFIRM/s);
    expect(told.text).not.toContain("planted-secret");
    expect(told.code).toBe(2);
  });
});
