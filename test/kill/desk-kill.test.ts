/**
 * A desk on the local exchange that is killed with SIGKILL while several orders are at work, and
 * started again: what the exchange executed is what the desk tells of, order by order, each once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OrderForm } from "../../src/runtime/desk/order-form.ts";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import { replay } from "../../src/runtime/replay.ts";
import type { OrderView } from "../../src/view/shapes.ts";
import type { RunNote } from "../../src/view/stream.ts";
import { RawRest } from "../clients/raw-client.ts";

const PROCESS = fileURLToPath(new URL("desk-process.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-desk-kill-"));
const children = new Set<ChildProcess>();
let exchange: LocalExchange;

beforeAll(async () => {
  const symbols = ["linear:BTCUSDT=generated:seed=7"];
  exchange = await startExchange({ symbols, accounts: 1, seed: 3 });
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await exchange.close();
  rmSync(folder, { recursive: true, force: true });
});

interface State {
  readonly runs: readonly RunNote[];
  readonly orders: readonly OrderView[];
}

class DeskProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  errors = "";

  constructor() {
    const { apiKey, secret } = exchange.accounts[0]!;
    const keys = { ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret };
    this.#child = spawn(process.execPath, [PROCESS, folder, exchange.url], {
      env: { ...process.env, ...keys },
      stdio: ["pipe", "pipe", "pipe"],
    });
    children.add(this.#child);
    this.#child.stderr!.on("data", (data) => (this.errors += String(data)));
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async told(): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`the desk has ended: ${this.errors}`);
    return JSON.parse(line.value) as unknown;
  }

  ask(request: unknown): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    return this.told();
  }

  async submit(change: Partial<OrderForm>): Promise<unknown> {
    const form = { symbol: "BTCUSDT", category: "linear", side: "buy", residual: "cross" };
    return this.ask({ command: "submit", form: { ...form, ...change } });
  }

  state = async (): Promise<State> => (await this.ask({ command: "state" })) as State;

  async killed(): Promise<void> {
    const gone = new Promise((resolve) => void this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}

interface Execution {
  readonly orderLinkId: string;
  readonly execId: string;
  readonly execQty: string;
}

async function executions(): Promise<readonly Execution[]> {
  const rest = new RawRest(exchange.url, exchange.accounts[0]!);
  const all: Execution[] = [];
  let cursor = "";
  do {
    const { body } = await rest.get("/v5/execution/list", {
      category: "linear",
      limit: "100",
      ...(cursor === "" ? {} : { cursor }),
    });
    all.push(...(body.result.list as Execution[]));
    cursor = String(body.result.nextPageCursor ?? "");
  } while (cursor !== "");
  return all;
}

describe("a desk that is killed with SIGKILL", () => {
  it("goes on with several orders, and every execution is told once", async () => {
    let desk = new DeskProcess();
    await desk.told();
    const terms: Partial<OrderForm>[] = [
      { quantity: "0.3", over: "40s", parameters: { intervalSeconds: 3 } },
      { quantity: "0.2", over: "45s", strategy: "is" },
      { quantity: "0.1", over: "30s", parameters: { intervalSeconds: 2 } },
    ];
    for (const each of terms) expect(await desk.submit(each)).toMatchObject({ ok: true });
    for (const seconds of [9, 7]) {
      await pause(seconds * 1000);
      await desk.killed();
      desk = new DeskProcess();
      await desk.told();
    }
    let state = await desk.state();
    const until = Date.now() + 120_000;
    while (state.orders.some(({ row }) => row.endedAt === null) && Date.now() < until) {
      await pause(1000);
      state = await desk.state();
    }
    expect(state.orders).toHaveLength(3);
    const told = new Map(
      state.orders.flatMap(({ fills }) =>
        fills.map(({ executionId, quantity }) => [executionId, Number(quantity)] as const),
      ),
    );
    const fills = state.orders.reduce((sum, order) => sum + order.fills.length, 0);
    expect(told.size).toBe(fills);
    const done = await executions();
    expect(new Set(done.map(({ execId }) => execId))).toEqual(new Set(told.keys()));
    for (const { execId, execQty } of done) expect(told.get(execId)).toBeCloseTo(Number(execQty));
    for (const { row } of state.orders) {
      expect(row.phase, row.reason).toMatch(/^complete/);
      expect(row.filledShare).toBe(1);
    }
    expect(state.runs).toMatchObject([{ isLive: true, trouble: null }]);
    // It stands: the next order is taken on, and the journal of all sessions replays.
    const next = await desk.submit({ side: "sell", quantity: "0.05", over: "10s" });
    expect(next).toMatchObject({ ok: true });
    await pause(3000);
    expect(await desk.ask({ command: "close" })).toEqual({ isClosed: true });
    const journals = readdirSync(folder).filter((name) => name.endsWith(".journal"));
    expect(journals).toHaveLength(1);
    const again = await replay(join(folder, journals[0]!));
    if (!again.ok) throw new Error(again.error.text);
    expect(again.value.difference).toBeUndefined();
  }, 240_000);
});
