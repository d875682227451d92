/**
 * Server bench: many orders and many viewers at once on a real desk, and what that costs.
 *
 * Three processes: a local exchange, `arrival serve`, and this one, which asks and looks on. Stated
 * are the time of a request and of a state on the stream (from the instant that it tells of to its
 * being read here, by this machine's one clock), and how late the desk's own timers were, with
 * viewers and without.
 *
 *   node bench/server.ts [--parents 1000] [--viewers 10] [--seconds 20] [--rate 10] [--profile DIR]
 *
 * With `--profile` where the desk's process spends its time lies in that folder in the end.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { MarketView } from "../src/view/shapes.ts";
import type { StreamMessage } from "../src/view/stream.ts";
import { StreamClient } from "../test/server/stream-client.ts";

const BIN = fileURLToPath(new URL("../bin/arrival.js", import.meta.url));
const INSTRUMENT = "bybit:linear:BTCUSDT";
const AT_ONCE = 8;

const { values } = parseArgs({
  options: {
    parents: { type: "string", default: "1000" },
    viewers: { type: "string", default: "10" },
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "10" },
    profile: { type: "string" },
  },
});
const parents = Number(values.parents);
const viewers = Number(values.viewers);
const seconds = Number(values.seconds);

const folder = mkdtempSync(join(tmpdir(), "arrival-bench-server-"));
const children: ChildProcess[] = [];
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** The first line that it prints, which is JSON. */
function begun(
  args: readonly string[],
  environment: Record<string, string>,
  flags: readonly string[] = [],
): Promise<never> {
  const child = spawn(process.execPath, [...flags, BIN, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let [out, notes] = ["", ""];
  child.stderr?.on("data", (data) => (notes += String(data)));
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (data) => {
      out += String(data);
      if (out.includes("\n")) resolve(JSON.parse(out) as never);
    });
    child.on("close", () => reject(new Error(notes)));
  });
}

/** In order, so that its profile is written; a second signal does not wait for the orders. */
async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGINT");
  await pause(1_000);
  child.kill("SIGINT");
  await closed;
}

class Times {
  readonly #all: number[] = [];

  add(ms: number): void {
    this.#all.push(ms);
  }

  get text(): string {
    if (this.#all.length === 0) return "none";
    const sorted = this.#all.toSorted((a, b) => a - b);
    const at = (share: number): string =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(1);
    return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms over ${sorted.length}`;
  }
}

interface Told {
  readonly url: string;
  readonly tokens: readonly { readonly role: string; readonly token: string }[];
}

class Api {
  readonly url: string;
  readonly #tokens: Readonly<Record<string, string>>;

  constructor({ url, tokens }: Told) {
    this.url = url;
    this.#tokens = Object.fromEntries(tokens.map(({ role, token }) => [role, token]));
  }

  headers(role: string): Record<string, string> {
    return { authorization: `Bearer ${this.#tokens[role]}` };
  }

  async ask(method: string, path: string, role: string, body?: unknown): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...this.headers(role),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async timed(times: Times, method: string, path: string, role: string, body?: unknown) {
    const from = performance.now();
    const response = await this.ask(method, path, role, body);
    const text = await response.text();
    times.add(performance.now() - from);
    if (response.status >= 400 && response.status !== 409) throw new Error(text);
    return { status: response.status, text };
  }

  /** How late the desk's process got to its timers since the last look. */
  async lateness(): Promise<string> {
    const text = await (await this.ask("GET", "/metrics", "viewer")).text();
    const at = (quantile: string): string => {
      const found = new RegExp(`delay_seconds\\{quantile="${quantile}"\\} (\\S+)`).exec(text);
      return (Number(found?.[1]) * 1_000).toFixed(1);
    };
    const turn = /longest_turn_seconds ([\d.e-]+)$/m.exec(text)?.[1];
    const longest = `longest turn for viewers ${(Number(turn) * 1_000).toFixed(1)} ms`;
    return `p50 ${at("0.5")} ms, p99 ${at("0.99")} ms, most ${at("1")} ms; ${longest}`;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function submitAll(api: Api): Promise<string[]> {
  const times = new Times();
  const ids: string[] = [];
  let refused = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < parents) {
      next += 1;
      const { status, text } = await api.timed(times, "POST", "/api/v1/orders", "trader", {
        symbol: "BTCUSDT",
        side: "buy",
        quantity: "0.05",
        over: "20m",
        acceptInfeasible: true,
      });
      if (status === 201) ids.push((JSON.parse(text) as { parentId: string }).parentId);
      else refused += 1;
      // A user has 1,200 requests a minute.
      await pause(250);
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const took = ((performance.now() - from) / 1_000).toFixed(0);
  say(
    `${ids.length} orders at work after ${took} s (${refused} refused); to submit: ${times.text}`,
  );
  return ids;
}

const since = (micros: number): number => Date.now() - micros / 1_000;

function lookOn(
  api: Api,
  ids: readonly string[],
  at: number,
  tolds: Record<string, Times>,
  rows: { count: number },
) {
  const client = new StreamClient(api.url, api.headers("viewer"));
  const topics = [
    "orders",
    "timeline",
    `order:${ids[at % ids.length]!}`,
    `market:${INSTRUMENT}`,
  ] as const;
  let isNew = false;
  client.onMessage = (message: StreamMessage) => {
    if (message.type === "market") {
      const { time } = message.view as MarketView;
      tolds["market"]!.add(since(time));
    }
    if (message.type === "orders") rows.count += message.rows.length;
    if (message.type === "timeline") {
      // What happened before it looked on comes first.
      for (const { time } of isNew ? message.entries : []) tolds["event"]!.add(since(time));
      isNew = true;
    }
  };
  client.socket.on("open", () => client.watch({ topics }));
  return client;
}

async function measure(api: Api, ids: readonly string[]): Promise<void> {
  await api.lateness();
  await pause(seconds * 1_000);
  say(`the desk's timers, nobody looking on, late by: ${await api.lateness()}`);

  const tolds = { market: new Times(), event: new Times() };
  const rows = { count: 0 };
  const clients = Array.from({ length: viewers }, (_, i) => lookOn(api, ids, i, tolds, rows));
  await pause(2_000);
  await api.lateness();
  const asked = { orders: new Times(), order: new Times(), market: new Times() };
  const until = performance.now() + seconds * 1_000;
  for (let i = 0; performance.now() < until; i += 1) {
    await api.timed(asked.order, "GET", `/api/v1/orders/${ids[i % ids.length]!}`, "viewer");
    await api.timed(asked.market, "GET", `/api/v1/markets/${INSTRUMENT}`, "viewer");
    if (i % 5 === 0) await api.timed(asked.orders, "GET", "/api/v1/orders", "viewer");
    await pause(100);
  }
  say(`the desk's timers, ${viewers} viewers and the requests, late by: ${await api.lateness()}`);
  for (const [what, times] of Object.entries(asked)) say(`GET ${what}: ${times.text}`);
  for (const [what, times] of Object.entries(tolds)) {
    say(`stream, ${what} to a viewer: ${times.text}`);
  }
  say(`stream, rows of orders told: ${rows.count}`);
  for (const { socket } of clients) socket.terminate();
}

try {
  const exchange = (await begun(
    [
      "exchange",
      "--market",
      "linear:BTCUSDT",
      "--port",
      "0",
      "--rate-limits",
      "off",
      "--json",
    ].concat(["--balance", "USDT=100000000"]),
    {},
  )) as { url: string; accounts: { apiKey: string; secret: string }[] };
  const { apiKey, secret } = exchange.accounts[0]!;
  const api = new Api(
    await begun(
      [
        "serve",
        join(folder, "desk"),
        "--venue",
        "bybit",
        "--network",
        "local",
        "--local-url",
        exchange.url,
        "--market",
        "linear:BTCUSDT",
        "--port",
        "0",
        "--rate",
        values.rate,
        "--json",
        "--log",
        join(folder, "log"),
      ],
      { ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret },
      values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values.profile}`],
    ),
  );
  await pause(3_000);
  const ids = await submitAll(api);
  await measure(api, ids);
  if (values.profile !== undefined) await ended(children.at(-1)!);
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
