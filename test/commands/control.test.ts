/**
 * `arrival ctl` and the kill file as an operator meets them: a run in a process of its own on a
 * local exchange, told what to do from others. What is lost if this fails: the only way to stop a
 * run that is not in front of you.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import { openJournal } from "../../src/runtime/journal/reader.ts";
import { replay } from "../../src/runtime/replay.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const PLANTED = "planted-token-0123456789";
const folder = mkdtempSync(join(tmpdir(), "arrival-control-"));
const children = new Set<ChildProcess>();
const told: string[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (data) => (body += String(data)));
  request.on("end", () => {
    told.push(body);
    response.end('{"ok":true}');
  });
});
let exchange: LocalExchange;
let settings = "";
let taken = 0;

beforeAll(async () => {
  exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    accounts: 3,
    speed: 2,
    seed: 3,
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  settings = join(folder, "settings.yaml");
  const telegram = `telegram: { chat: 1, server: "http://127.0.0.1:${port}" }`;
  writeFileSync(settings, `alerts: { minimum: info, perMinute: 100, ${telegram} }\n`);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  server.closeAllConnections();
  server.close();
  await exchange.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Spawned {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly stdout: () => string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

function arrival(
  args: readonly string[],
  more: Record<string, string> = {},
  notesTo: "pipe" | number = "pipe",
): Spawned {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { ...process.env, ARRIVAL_ALERT_TELEGRAM_TOKEN: PLANTED, ...more },
    stdio: ["ignore", "pipe", notesTo],
  });
  children.add(child);
  let out = "";
  let notes = "";
  child.stdout?.on("data", (data) => (out += String(data)));
  child.stderr?.on("data", (data) => (notes += String(data)));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  return { child, text: () => notes, stdout: () => out, ended };
}

/** Rests a little under the market, and is not filled. */
async function begun(name: string, ...more: readonly string[]): Promise<Spawned> {
  const book = await fetch(
    `${exchange.url}/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=1`,
  );
  const { result } = (await book.json()) as { result: { b: [string, string][] } };
  const limit = (Math.floor(Number(result.b[0]![0]) * 0.99 * 10) / 10).toFixed(1);
  const venue = ["--venue", "bybit", "--network", "local", "--local-url", exchange.url];
  const order = ["--symbol", "BTCUSDT", "--side", "buy", "--quantity", "0.4", "--over", "5m"];
  const how = ["--strategy", "peg", "--limit", limit, "--journal", `${name}.journal`];
  const { apiKey, secret } = exchange.accounts[taken++]!;
  const run = arrival(["run", ...venue, ...order, ...how, "--config", settings, ...more], {
    ARRIVAL_BYBIT_KEY: apiKey,
    ARRIVAL_BYBIT_SECRET: secret,
  });
  await until(run, / buy 0\.\d+ at /);
  return run;
}

async function until(run: Spawned, pattern: RegExp): Promise<void> {
  const state = { isOver: false };
  void run.ended.then(() => (state.isOver = true));
  while (!pattern.test(run.text()) && !state.isOver) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(run.text()).toMatch(pattern);
}

async function ctl(...args: readonly string[]) {
  const asked = arrival(["ctl", ...args]);
  const code = await asked.ended;
  return { code, out: asked.stdout(), notes: asked.text() };
}

describe.concurrent("arrival ctl", () => {
  it("pauses, amends, resumes and cancels a run, and says what came of it", async () => {
    const run = await begun("whole");
    expect((await ctl("list")).out).toMatch(/whole\.journal: executing, buy 0\.000 of 0\.400 BTC/);
    expect(await ctl("whole.journal", "pause", "--reason", "news")).toMatchObject({ code: 0 });
    const amended = await ctl("whole.journal", "amend", "--quantity", "0.3", "--over", "4m");
    expect(amended).toMatchObject({ code: 0, out: expect.stringContaining("amended") });
    const refused = await ctl("whole.ctl", "amend", "--quantity", "0.30001");
    expect(refused.notes).toMatch(/refused: quantity: 0\.30001 is no multiple of the lot/);
    expect(refused.code).toBe(1);
    expect((await ctl("whole.journal", "resume")).code).toBe(0);
    const status = JSON.parse((await ctl("whole.journal", "status", "--json")).out) as object;
    expect(status).toMatchObject({ ok: true, status: { quantity: "0.300 BTC", side: "buy" } });
    expect((await ctl("whole.journal", "cancel", "--reason", "enough")).code).toBe(0);
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toMatch(/canceled: enough \(.* \(ctl\)\)/);
    const journal = join(folder, "whole.journal");
    expect(await replay(journal)).toMatchObject({ value: { identical: true } });
    const late = await ctl("whole.journal", "pause");
    expect(late.notes).toMatch(/its order has ended: canceled .*CONTROL_NOT_RUNNING/);
    expect(late.code).toBe(1);
    // Somebody far away was told of all of it, and the token is nowhere.
    const mine = told.filter((body) => body.includes("enough") || body.includes("news"));
    expect(mine.join("\n")).toMatch(/paused by .* \(ctl\): news[^]*canceled by/);
    const files = [readFileSync(journal).toString("latin1"), run.text(), run.stdout(), ...told];
    for (const text of files) expect(text).not.toContain(PLANTED);
  }, 60_000);

  it("a kill file ends a run at once, and none begins while it is there", async () => {
    const run = await begun("file", "--kill-file", "stop.now");
    writeFileSync(join(folder, "stop.now"), "wrong account\nmore\n");
    expect(await run.ended).toBe(130);
    expect(run.text()).toContain(`killed by ${join(folder, "stop.now")}: wrong account`);
    expect(run.stdout()).toMatch(/canceled: killed by .*stop\.now: wrong account/);
    expect(run.text()).toMatch(/open when it was killed: \S+-1 buy 0\.\d+ at \d+\.\d \(canceled\)/);
    expect(existsSync(join(folder, "file.ctl"))).toBe(false);
    // Whoever goes on, in whatever folder, finds the same file, and nobody else reads any of it.
    const opened = openJournal(join(folder, "file.journal"));
    if (!opened.ok) throw new Error(opened.error.text);
    opened.value.close();
    expect(opened.value.header).toMatchObject({
      config: { live: { killFile: join(folder, "stop.now") } },
      account: { uid: expect.stringMatching(/^1000000\d since /) as string },
    });
    for (const name of ["file.journal", "file.market.arrival"]) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
    expect(told.some((body) => body.includes("KILLED") && body.includes("stop.now"))).toBe(true);
    const { apiKey, secret } = exchange.accounts[1]!;
    const again = arrival(
      ["run", "--venue", "paper", "--network", "local", "--local-url", exchange.url]
        .concat(["--symbol", "BTCUSDT", "--side", "buy", "--quantity", "0.4", "--over", "1m"])
        .concat(["--journal", "again.journal", "--kill-file", "stop.now"]),
      { ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret },
    );
    expect(await again.ended).toBe(1);
    expect(again.text()).toContain("RUN_KILL_FILE");
    expect(existsSync(join(folder, "again.journal"))).toBe(false);
  }, 60_000);

  it("SIGUSR2 kills although nobody reads what the run says", async () => {
    const run = await begun("signal");
    run.child.stderr?.destroy();
    run.child.stdout?.destroy();
    run.child.kill("SIGUSR2");
    // Nobody takes what it prints in the end.
    expect([0, 130]).toContain(await run.ended);
    const again = await replay(join(folder, "signal.journal"));
    expect(again).toMatchObject({ value: { identical: true } });
    if (!again.ok) throw new Error(again.error.text);
    const [parent] = again.value.engine.parents.values();
    expect(parent).toMatchObject({ phase: "canceled", reason: "killed by signal: SIGUSR2" });
  }, 60_000);

  it("kills a run whose reader stands still, with its pipe full", async () => {
    const fifo = join(folder, "notes");
    execFileSync("mkfifo", [fifo]);
    const pipe = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(4096, "x");
    const filled = (): boolean => {
      try {
        return writeSync(pipe, bytes) === 0;
      } catch {
        return true;
      }
    };
    while (!filled());
    const full = openSync(fifo, constants.O_WRONLY);
    const run = arrival(
      ["run", "--venue", "paper", "--network", "local", "--local-url", exchange.url]
        .concat(["--symbol", "BTCUSDT", "--side", "buy", "--quantity", "0.4", "--over", "5m"])
        .concat(["--journal", "still.journal"]),
      {},
      full,
    );
    let status = { code: 1 as unknown, out: "" };
    while (!/^phase +(?:active|executing)/m.test(status.out)) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      status = await ctl("still.journal");
    }
    writeFileSync(join(folder, "still.kill"), "");
    expect(await run.ended).toBe(130);
    closeSync(full);
    closeSync(pipe);
    const again = await replay(join(folder, "still.journal"));
    if (!again.ok) throw new Error(again.error.text);
    expect([...again.value.engine.parents.values()]).toMatchObject([
      { phase: "canceled", reason: expect.stringMatching(/^killed by .*still\.kill/) },
    ]);
  }, 60_000);

  it("says what it takes where it is asked wrongly", async () => {
    expect((await ctl("nothing.journal", "pause")).notes).toMatch(
      /no run is at work on nothing\.journal, and there is no such journal/,
    );
    const unknown = await ctl("x.journal", "puase");
    expect(unknown.notes).toMatch(/unknown command 'puase'/);
    expect(unknown.code).toBe(2);
    expect((await ctl("x.journal", "amend")).notes).toMatch(/say what is to change/);
    expect((await ctl("x.journal", "amend", "--urgency", "7")).notes).toMatch(/fraction from 0 to/);
    expect((await ctl("--help")).out).toMatch(/arrival ctl rmwszke6038t\.journal pause/);
  }, 60_000);
});

describe("arrival alert test", () => {
  it("tries each channel, and says which one failed", async () => {
    const good = arrival(["alert", "test", "--config", settings]);
    expect(await good.ended).toBe(0);
    expect(good.stdout()).toBe("telegram: sent\n");
    const path = join(folder, "bad.yaml");
    writeFileSync(path, "alerts: { webhook: { url: http://127.0.0.1:9/ } }\n");
    const bad = arrival(["alert", "test", "--config", path]);
    expect(await bad.ended).toBe(1);
    expect(bad.stdout()).toMatch(/^webhook: not sent: the webhook cannot be reached/);
  }, 60_000);
});
