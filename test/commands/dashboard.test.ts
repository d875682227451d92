/**
 * `arrival run --dashboard` as its users meet it: a real process, a local exchange, HTTP and a
 * stream. What is lost if this fails: a person who steers an order by its page, or an order that is
 * lost because somebody looked at it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineEvent } from "../../src/core/domain/messages.ts";
import { openJournal } from "../../src/runtime/journal/reader.ts";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import { replay } from "../../src/runtime/replay.ts";
import type { OrderRow } from "../../src/view/shapes.ts";
import { type Answer, answerOf } from "../server/served.ts";
import { StreamClient } from "../server/stream-client.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-dashboard-command-"));
const children = new Set<ChildProcess>();
let exchange: LocalExchange;
let taken = 0;

beforeAll(async () => {
  exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    accounts: 4,
    seed: 3,
    rateLimits: "off",
  });
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await exchange.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What throws at a request for `/die`, where no route has caught it: a fault of the server. */
const FAULT = join(folder, "fault.mjs");
writeFileSync(
  FAULT,
  `import { Server } from "node:http";
const emit = Server.prototype.emit;
Server.prototype.emit = function (name, request, ...rest) {
  if (name === "request" && request.url === "/die") throw new Error("the server breaks");
  return emit.call(this, name, request, ...rest);
};`,
);

class Run {
  stdout = "";
  stderr = "";
  url = "";
  tokens: Readonly<Record<string, string>> = {};
  readonly journal: string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[], name: string, account = exchange.accounts[taken++ % 4]!) {
    this.journal = join(folder, `${name}.journal`);
    const { apiKey, secret } = account;
    const flags = ["--import", pathToFileURL(FAULT).href];
    this.#child = spawn(process.execPath, [...flags, BIN, ...args], {
      env: {
        ...process.env,
        ARRIVAL_BYBIT_KEY: apiKey,
        ARRIVAL_BYBIT_SECRET: secret,
        TMPDIR: folder,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(this.#child);
    this.#child.stdout?.on("data", (data) => (this.stdout += String(data)));
    this.#child.stderr?.on("data", (data) => (this.stderr += String(data)));
    this.ended = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => resolve(code ?? signal));
    });
  }

  static on(name: string, ...args: readonly string[]): Run {
    const where = ["--venue", "bybit", "--network", "local", "--local-url", exchange.url];
    const what = ["--symbol", "BTCUSDT", "--side", "buy", "--journal", `${join(folder, name)}`];
    what[what.length - 1] += ".journal";
    return new Run(["run", ...where, ...what, ...args], name);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Until it serves and its order is at work. */
  async serving(): Promise<string> {
    await until(
      () => /dashboard of this order: \S+\n[^]*(?:token=|as before)/.test(this.stderr),
      () => this.stderr,
    );
    this.url = /dashboard of this order: (\S+)/.exec(this.stderr)![1]!;
    const told = this.stderr.matchAll(/^ {2}(\w+) .*#token=(\S+)$/gm);
    this.tokens = Object.fromEntries([...told].map(([, name, token]) => [name!, token!]));
    return this.url;
  }

  async ask(method: string, path: string, by: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(`/api/v1${path}`, this.url), {
      method,
      headers: {
        authorization: `Bearer ${this.tokens[by]}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answerOf(response);
  }

  async row(): Promise<OrderRow | undefined> {
    const { json } = await this.ask("GET", "/orders", "viewer");
    return (json["orders"] as unknown as OrderRow[])[0];
  }

  async atWork(): Promise<string> {
    let row: OrderRow | undefined;
    await until(
      async () => (row = await this.row()) !== undefined,
      () => this.stderr,
    );
    return row!.parentId;
  }
}

async function until(is: () => boolean | Promise<boolean>, why: () => string): Promise<void> {
  const by = Date.now() + 60_000;
  while (!(await is())) {
    if (Date.now() > by) throw new Error(`not in a minute: ${why()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function eventsOf(journal: string): EngineEvent[] {
  const opened = openJournal(journal);
  if (!opened.ok) throw new Error(opened.error.text);
  const events = [...opened.value.records()]
    .filter(({ kind }) => kind === "event")
    .map(({ body }) => JSON.parse(body) as EngineEvent);
  opened.value.close();
  return events;
}

const DASHBOARD = ["--dashboard", "--port", "0"];

describe("arrival run --dashboard", () => {
  it("shows the order, lets it be steered by who may, and journals who it was", async () => {
    const bound = ["--second-approval", "50000"];
    const run = Run.on("steered", "--quantity", "0.5", "--over", "10m", ...DASHBOARD, ...bound);
    await run.serving();
    const parentId = await run.atWork();
    const at = `/orders/${parentId}`;
    expect(await run.row()).toMatchObject({ journal: "steered.journal", venue: "bybit" });

    const looking = new StreamClient(run.url, { authorization: `Bearer ${run.tokens["viewer"]}` });
    // One that reads nothing.
    const still = new StreamClient(run.url, { authorization: `Bearer ${run.tokens["viewer"]}` });
    const topics = ["orders", "timeline", `order:${parentId}`] as const;
    for (const client of [looking, still]) {
      expect(await client.opened()).toBe(101);
      client.watch({ topics });
    }
    still.socket.pause();
    await looking.until(() => looking.rows.get(parentId)?.isLive === true, "the order");

    expect((await run.ask("POST", `${at}/pause`, "viewer", {})).status).toBe(403);
    expect((await run.ask("POST", `${at}/pause`, "nobody", {})).status).toBe(401);
    expect((await run.ask("PATCH", "/limits/bybit:linear:BTCUSDT", "trader", {})).status).toBe(403);
    const pause = await run.ask("POST", `${at}/pause`, "trader", { reason: "test" });
    expect(pause.status, pause.text).toBe(200);
    await looking.until(() => looking.rows.get(parentId)?.phase === "paused", "paused");
    expect((await run.ask("POST", `${at}/resume`, "trader", {})).status).toBe(200);
    const large = await run.ask("POST", `${at}/amend`, "trader", { quantity: "2" });
    expect(large.status, large.text).toBe(202);
    const { approval } = large.json as unknown as { approval: { id: string } };
    const word = await run.ask("POST", `/approvals/${approval.id}/agree`, "admin", {});
    expect(word.status, word.text).toBe(200);
    const other = await run.ask("POST", "/orders", "trader", {
      symbol: "BTCUSDT",
      side: "buy",
      quantity: "1",
      over: "1m",
      category: "linear",
    });
    expect([other.status, other.json["code"]]).toEqual([409, "DESK_ONE_ORDER"]);
    const { json: who } = await run.ask("GET", "/session", "trader");
    expect(who).toMatchObject({ user: "trader", takesOrders: false });
    // Of the very first seconds there is nothing to go through yet.
    let moment: Answer;
    const look = () => run.ask("GET", "/journals/steered.journal/moment", "viewer");
    await until(
      async () => (moment = await look()).json["code"] !== "DESK_JOURNAL_BUSY",
      () => moment.text,
    );
    expect(moment!.status, moment!.text).toBe(200);
    expect((await run.ask("GET", "/journals/other.journal", "viewer")).status).toBe(404);

    expect((await run.ask("POST", `${at}/cancel`, "trader", {})).status).toBe(200);
    expect(await run.ended).toBe(0);
    // How things stand in the end is told before the stream ends.
    await looking.until(() => looking.rows.get(parentId)?.phase === "canceled", "canceled");
    still.socket.terminate();
    const by = eventsOf(run.journal).flatMap((event) =>
      "by" in event ? [[event.kind, event.by]] : [],
    );
    expect(by).toEqual([
      ["parent-paused", "trader"],
      ["parent-resumed", "trader"],
      ["parent-amended", expect.stringMatching(/trader.*admin|admin.*trader/)],
      ["parent-canceled", "trader"],
    ]);
    const again = await replay(run.journal);
    if (!again.ok) throw new Error(again.error.text);
    expect(again.value.identical).toBe(true);
    const kept = join(folder, "steered.dashboard");
    expect(statSync(kept).mode & 0o777).toBe(0o700);
    const files = [...readdirSync(kept).map((name) => join(kept, name)), run.journal];
    for (const file of files) {
      for (const token of Object.values(run.tokens)) {
        expect(readFileSync(file).toString("latin1")).not.toContain(token);
      }
    }
  });

  it("dies by itself: the order is worked to its end", async () => {
    const order = ["--quantity", "0.2", "--over", "12s", "--residual", "cross", "--urgency", "1"];
    const run = Run.on("dies", ...order, ...DASHBOARD);
    await run.serving();
    await run.atWork();
    await expect(fetch(new URL("/die", run.url))).rejects.toThrow();
    await until(
      () => run.stderr.includes("the dashboard has failed and is closed"),
      () => run.stderr,
    );
    await expect(fetch(new URL("/api/v1/health", run.url))).rejects.toThrow();
    expect(await run.ended).toBe(0);
    // What is left at the end takes what the touch shows, once: now and then not all of it.
    expect(run.stdout).toMatch(/^Bought 0\.\d{3} of 0\.200 BTC/);
    const again = await replay(run.journal);
    expect(again.ok && again.value.identical).toBe(true);
  });

  it("takes another port where its own is taken, and is there again after a crash", async () => {
    const blocker = createServer();
    await new Promise<void>((done) => void blocker.listen(0, "127.0.0.1", done));
    const { port } = blocker.address() as { port: number };
    const account = exchange.accounts[taken % 4]!;
    const over = ["--quantity", "0.5", "--over", "10m", "--dashboard", "--port", String(port)];
    const run = Run.on("cut", ...over);
    await run.serving();
    expect(run.stderr).toContain("SERVER_ADDRESS");
    expect(new URL(run.url).port).not.toBe(String(port));
    const parentId = await run.atWork();
    run.kill("SIGKILL");
    await run.ended;
    blocker.close();

    const resumed = new Run(["resume", run.journal, ...DASHBOARD], "cut", account);
    await resumed.serving();
    expect(resumed.stderr).toContain("Users and roles as before");
    resumed.tokens = run.tokens;
    expect(await resumed.atWork()).toBe(parentId);
    const answer = await resumed.ask("POST", `/orders/${parentId}/cancel`, "trader", {});
    expect(answer.status, answer.text).toBe(200);
    await resumed.ended;
    expect(eventsOf(run.journal).some(({ kind }) => kind === "parent-canceled")).toBe(true);
    const again = await replay(run.journal);
    expect(again.ok && again.value.identical).toBe(true);
  });

  it("says what is wrong with how it is to be served before anything is sent", async () => {
    const order = ["--quantity", "0.2", "--over", "8s"];
    const wrong = [
      [["--dashboard", "--host", "0.0.0.0"], "SERVER_PLAIN"],
      [["--dashboard", "--tls-cert", "a.pem"], "USAGE"],
      [["--port", "1234"], "--port is of the dashboard"],
      [["--tls-key", "k.pem"], "--tls-key is of the dashboard"],
    ] as const;
    const asked = wrong.map(async ([args, why], i) => {
      const run = Run.on(`wrong-${i}`, ...order, ...args);
      return [args, why, await run.ended, run.stderr] as const;
    });
    for (const [args, why, status, stderr] of await Promise.all(asked)) {
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toContain(why);
      expect(stderr).not.toContain("opening");
    }
  });
});

describe("the page behind a run that has ended", () => {
  it.each([
    ["demo", ["demo", "--quantity", "1", "--over", "1m", "--advisor", "none", "--page"]],
    [
      "backtest",
      [
        "backtest",
        "--data",
        "generated",
        "--side",
        "buy",
        "--quantity",
        "1",
        "--over",
        "1m",
      ].concat(["--dashboard", "--port", "0", "--user", "cleo:viewer", "--json"]),
    ],
  ])("%s: shows its journal to whoever has the link, until Ctrl-C", async (name, args) => {
    const run = new Run(args, name);
    await until(
      () => /Ctrl-C ends it/.test(run.stderr),
      () => run.stderr,
    );
    const [, user, token] = /^ {2}(\w+) +viewer +\S+#token=(\S+)$/m.exec(run.stderr)!;
    expect(user).toBe(name === "demo" ? "viewer" : "cleo");
    run.url = /The desk in \S+: (\S+)/.exec(run.stderr)![1]!;
    run.tokens = { viewer: token! };
    const parentId = await run.atWork();
    const answer = await run.ask("GET", `/orders/${parentId}`, "viewer");
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json["row"]).toMatchObject({ isLive: false, journal: `${name}.journal` });
    const refused = await run.ask("POST", `/orders/${parentId}/cancel`, "viewer", {});
    expect(refused.status).toBe(403);
    run.kill("SIGINT");
    expect(await run.ended).toBe(0);
    if (name === "backtest") expect(JSON.parse(run.stdout)).toMatchObject({ phase: "complete" });
    // What it was shown from is gone with it.
    expect(readdirSync(folder).filter((each) => each.startsWith(`arrival-${name}-`))).toEqual([]);
  });
});
