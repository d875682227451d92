/**
 * `arrival serve` and `arrival mcp` as their users meet them: real processes, a local exchange, a
 * real desk, HTTP, a WebSocket, a crash, Ctrl-C. What is lost if this fails: whoever steers orders
 * through the server does not know any more what is there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import { replay } from "../../src/runtime/replay.ts";
import type { OrderRow } from "../../src/view/shapes.ts";
import { type Answer, answerOf } from "../server/served.ts";
import { StreamClient } from "../server/stream-client.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-serve-command-"));
const children = new Set<ChildProcess>();
let exchange: LocalExchange;
let tokens: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    accounts: 1,
    seed: 3,
    rateLimits: "off",
  });
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await exchange.close();
  rmSync(folder, { recursive: true, force: true });
});

class Serving {
  stdout = "";
  stderr = "";
  url = "";
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[]) {
    const { apiKey, secret } = exchange.accounts[0]!;
    this.#child = spawn(process.execPath, [BIN, "serve", ...args, "--port", "0", "--json"], {
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

  static async on(args: readonly string[]): Promise<Serving> {
    const serving = new Serving(args);
    await until(
      () => serving.stdout.includes("\n"),
      () => serving.stderr,
    );
    const said = JSON.parse(serving.stdout) as {
      url: string;
      tokens: { name: string; token: string }[];
    };
    serving.url = said.url;
    if (said.tokens.length > 0) {
      tokens = Object.fromEntries(said.tokens.map(({ name, token }) => [name, token]));
    }
    return serving;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ask(method: string, path: string, by: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(`/api/v1${path}`, this.url), {
      method,
      headers: {
        authorization: `Bearer ${tokens[by]}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answerOf(response);
  }

  async row(parentId: string): Promise<OrderRow> {
    const { json } = await this.ask("GET", "/orders", "cleo");
    const row = (json["orders"] as unknown as OrderRow[]).find(
      (each) => each.parentId === parentId,
    );
    expect(row, `${parentId} in the list`).toBeDefined();
    return row!;
  }
}

async function until(is: () => boolean | Promise<boolean>, why: () => string): Promise<void> {
  const by = Date.now() + 40_000;
  while (!(await is())) {
    if (Date.now() > by) throw new Error(`not in 40 s: ${why()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const desk = join(folder, "desk");
const onDesk = (...more: string[]): Promise<Serving> =>
  Serving.on([
    ...(more.length === 0 ? [desk] : []),
    "--venue",
    "bybit",
    "--network",
    "local",
    "--local-url",
    exchange.url,
    "--market",
    "linear:BTCUSDT",
    "--second-approval",
    "1000000",
    "--user",
    "ann:trader",
    "--user",
    "ben:trader",
    "--user",
    "cleo:viewer",
    "--user",
    "dora:admin",
    ...more,
  ]);
const FORM = { symbol: "BTCUSDT", side: "buy", quantity: "0.5", over: "10m" };

async function tools(args: readonly string[], environment: Record<string, string>) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN, "mcp", ...args],
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    stderr: "ignore",
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  return client;
}
const textOf = (answer: unknown): string =>
  (answer as { content: { text: string }[] }).content[0]!.text;

describe("arrival serve", () => {
  it("is steered, killed at any instant, and goes on; what it did replays", async () => {
    const first = await onDesk();
    expect(statSync(join(desk, "arrival-access.json")).mode & 0o777).toBe(0o600);
    const kept = readFileSync(join(desk, "arrival-access.json"), "utf8");
    for (const token of Object.values(tokens)) expect(kept).not.toContain(token);

    const preview = await first.ask("POST", "/orders/preview", "cleo", FORM);
    expect(preview.json).toMatchObject({ canSubmit: true, needsApproval: false });
    const taken = await first.ask("POST", "/orders", "ann", FORM);
    expect(taken.status, taken.text).toBe(201);
    const { parentId } = taken.json as unknown as { parentId: string };
    const looking = new StreamClient(first.url, { authorization: `Bearer ${tokens["cleo"]}` });
    expect(await looking.opened()).toBe(101);
    looking.watch({ topics: ["orders", "timeline", `order:${parentId}`] });
    await until(
      () => looking.orders.has(parentId),
      () => `the order: ${JSON.stringify(looking.closed)} ${first.stderr.slice(-2_000)}`,
    );

    const pause = await first.ask("POST", `/orders/${parentId}/pause`, "ann", { reason: "test" });
    expect(pause.status, pause.text).toBe(200);
    await looking.until(() => looking.rows.get(parentId)?.phase === "paused", "paused");
    for (const [what, body] of [
      ["resume", {}],
      ["amend", { quantity: "0.6", urgency: 0.8 }],
      ["switch", { strategy: "pov" }],
      ["switch", { strategy: "twap" }],
    ] as const) {
      const answer = await first.ask("POST", `/orders/${parentId}/${what}`, "ann", body);
      expect([what, answer.status], answer.text).toEqual([what, 200]);
    }
    const opposite = await first.ask("POST", "/orders", "ben", { ...FORM, side: "sell" });
    expect([opposite.status, opposite.json["code"]]).toEqual([409, "RISK_OPPOSITE_PARENT"]);
    const limits = await first.ask("PATCH", "/limits/bybit:linear:BTCUSDT", "dora", {
      set: { spreadToCrossBps: 15 },
    });
    expect(limits.status, limits.text).toBe(200);
    const large = await first.ask("POST", "/orders", "ann", { ...FORM, quantity: "30" });
    expect(large.status).toBe(202);
    looking.socket.terminate();
    first.kill("SIGKILL");
    await first.ended;

    const second = await onDesk();
    expect(second.stdout).toContain('"tokens":[]');
    expect(second.url).not.toBe("");
    const row = await second.row(parentId);
    expect(row).toMatchObject({ isLive: true, quantity: "0.600 BTC", strategy: "twap" });
    const { json } = await second.ask("GET", "/approvals", "cleo");
    const [waiting] = json["waiting"] as unknown as { id: string; by: string }[];
    expect(waiting?.by).toBe("ann");
    const agree = () => second.ask("POST", `/approvals/${waiting!.id}/agree`, "ben", {});
    let agreed = await agree();
    // What cannot be carried out yet waits on.
    await until(
      async () => agreed.status !== 503 || (agreed = await agree()).status !== 503,
      () => agreed.text,
    );
    expect(agreed.status, agreed.text).toBe(200);
    const other = await second.ask("POST", "/orders", "ben", FORM);
    expect(other.status, other.text).toBe(201);
    const cancel = await second.ask("POST", `/orders/${parentId}/cancel`, "ann", {});
    expect(cancel.status, cancel.text).toBe(200);
    await until(
      async () =>
        !(await second.row(parentId)).isLive || (await second.row(parentId)).phase === "canceled",
      () => "canceled",
    );
    second.kill("SIGINT");
    expect(await second.ended).toBe(0);
    expect(second.stderr).toContain("withdrawing what rests");

    const { journal } = row;
    const again = await replay(join(desk, journal));
    if (!again.ok) throw new Error(again.error.text);
    expect([again.value.identical, again.value.difference]).toEqual([true, undefined]);
    expect(again.value.engine.parents.has(parentId)).toBe(true);

    const looker = await tools([desk], {});
    const orders = JSON.parse(
      textOf(await looker.callTool({ name: "list_orders", arguments: {} })),
    );
    // A desk that only looks on reads its journals one after the other.
    await until(
      async () => {
        const answer = await looker.callTool({ name: "list_orders", arguments: {} });
        return (JSON.parse(textOf(answer)) as { of: number }).of >= 2;
      },
      () => JSON.stringify(orders),
    );
    const why = textOf(await looker.callTool({ name: "why", arguments: { parentId } }));
    expect(why).toContain('"phase":"canceled"');
    await looker.close();
  });

  it("says what is wrong with how it is started", async () => {
    const wrong = [
      [[], "USAGE"],
      [["--venue", "bybit"], "USAGE"],
      [["--read-only", "--host", "0.0.0.0"], "SERVER_PLAIN"],
      [["--read-only", "--tls-cert", "a.pem"], "USAGE"],
      [["--read-only", "--tls-cert", "a.pem", "--tls-key", "b.pem"], "SERVER_TLS"],
      [["--read-only", "--user", "ann:king"], "ann"],
      [["--venue", "bybit", "--network", "mainnet"], "RUN_CONFIRM"],
    ] as const;
    const asked = wrong.map(async ([args, code], i) => {
      const serving = new Serving([join(folder, `wrong-${i}`), ...args]);
      return [args, code, await serving.ended, serving.stderr, serving.stdout] as const;
    });
    for (const [args, code, status, stderr, stdout] of await Promise.all(asked)) {
      expect([args, status, stdout]).toEqual([args, 2, ""]);
      expect(stderr).toContain(code);
    }
    writeFileSync(join(folder, "arrival-access.json"), "{}", { mode: 0o644 });
    const open = new Serving([folder, "--read-only"]);
    expect(await open.ended).toBe(2);
    expect(open.stderr).toContain("SERVER_ACCESS");
  });
});

describe("arrival mcp", () => {
  it("asks a running server, with the token of a viewer", async () => {
    const served = await onDesk(join(folder, "desk-of-a-model"));
    const client = await tools(["--server", served.url, "--allow-proposals"], {
      ARRIVAL_TOKEN: tokens["cleo"]!,
    });
    const markets = textOf(await client.callTool({ name: "list_markets", arguments: {} }));
    expect(markets).toContain("bybit:linear:BTCUSDT");
    const proposed = textOf(await client.callTool({ name: "propose_order", arguments: FORM }));
    expect(proposed).toContain('"by":"cleo"');
    await client.close();
    served.kill("SIGINT");
    expect(await served.ended).toBe(0);
  });
});
