/**
 * OpenTelemetry as its users meet it: `arrival serve` and a collector, which is written here.
 *
 * What is lost if this fails: a trace that tells of other orders than were worked, a secret in
 * somebody else's database, or orders that wait for a collector.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isTerminal } from "../../src/core/domain/parent-order.ts";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import type { OrderRow } from "../../src/view/shapes.ts";
import { answerOf } from "../server/served.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-telemetry-"));
const children = new Set<ChildProcess>();
let exchange: LocalExchange;

beforeAll(async () => {
  exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    accounts: 3,
    seed: 3,
    rateLimits: "off",
  });
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await exchange.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface TracedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
}
interface TracedMetric {
  readonly name: string;
  readonly sum?: { dataPoints: { asDouble: number; attributes: Attribute[] }[] };
  readonly histogram?: { dataPoints: { count: number; bucketCounts: number[] }[] };
}

const valueOf = (span: { attributes: readonly Attribute[] }, key: string): unknown =>
  Object.values(span.attributes.find((each) => each.key === key)?.value ?? {})[0];

/** Takes what it is sent by OTLP over HTTP, in JSON. */
class Collector {
  readonly bodies: string[] = [];
  readonly spans: TracedSpan[] = [];
  readonly metrics = new Map<string, TracedMetric>();
  readonly resources: Attribute[][] = [];
  headers: IncomingHttpHeaders = {};
  readonly #server: Server;

  private constructor(answer: "takes" | "never answers") {
    this.#server = createServer(async (request, reply) => {
      const isPacked = request.headers["content-encoding"] === "gzip";
      const body = isPacked
        ? gunzipSync(Buffer.concat(await request.toArray())).toString()
        : await text(request);
      this.headers = request.headers;
      this.#take(body);
      if (answer === "takes")
        reply.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }

  static async open(answer: "takes" | "never answers" = "takes"): Promise<Collector> {
    const collector = new Collector(answer);
    await new Promise<void>((done) => void collector.#server.listen(0, "127.0.0.1", done));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #take(body: string): void {
    this.bodies.push(body);
    const sent = JSON.parse(body) as {
      resourceSpans?: {
        resource: { attributes: Attribute[] };
        scopeSpans: { spans: TracedSpan[] }[];
      }[];
      resourceMetrics?: { scopeMetrics: { metrics: TracedMetric[] }[] }[];
    };
    for (const { resource, scopeSpans } of sent.resourceSpans ?? []) {
      this.resources.push(resource.attributes);
      this.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
    }
    for (const { scopeMetrics } of sent.resourceMetrics ?? []) {
      for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        this.metrics.set(metric.name, metric);
      }
    }
  }
}

class Serving {
  stderr = "";
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly account = exchange.accounts[taken++ % 2]!;
  tokens: readonly { readonly role: string; readonly token: string }[] = [];
  #url = "";
  #stdout = "";
  readonly #child: ChildProcess;

  constructor(name: string, environment: Readonly<Record<string, string>>) {
    const where = ["--venue", "bybit", "--network", "local", "--local-url", exchange.url];
    const market = ["--market", "linear:BTCUSDT", "--port", "0", "--json"];
    const { apiKey, secret } = this.account;
    this.#child = spawn(process.execPath, [BIN, "serve", join(folder, name), ...where, ...market], {
      env: {
        ...process.env,
        ARRIVAL_BYBIT_KEY: apiKey,
        ARRIVAL_BYBIT_SECRET: secret,
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(this.#child);
    this.#child.stdout?.on("data", (data) => (this.#stdout += String(data)));
    this.#child.stderr?.on("data", (data) => (this.stderr += String(data)));
    this.ended = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => resolve(code ?? signal));
    });
  }

  async begun(): Promise<void> {
    await until(
      () => this.#stdout.includes("\n"),
      () => this.stderr,
    );
    const said = JSON.parse(this.#stdout) as { url: string; tokens: Serving["tokens"] };
    this.#url = said.url;
    this.tokens = said.tokens;
  }

  async ask(method: string, path: string, body?: unknown) {
    const { token } = this.tokens.find(({ role }) => role === "trader")!;
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answerOf(response);
  }

  /**
   * An order worked to its end, which has traded. The touch may leave before its last order comes,
   * and the market may trade nothing for seconds: one that ends empty is followed by another.
   */
  async worked(): Promise<OrderRow> {
    for (let left = 10; left > 0; left--) {
      const row = await this.#ended();
      if (row.filledShare > 0) return row;
    }
    throw new Error("ten orders ended empty");
  }

  async #ended(): Promise<OrderRow> {
    const form = { symbol: "BTCUSDT", side: "buy", quantity: "0.3", over: "4s", residual: "cross" };
    const taken = await this.ask("POST", "/api/v1/orders", form);
    expect(taken.status, taken.text).toBe(201);
    const { parentId } = taken.json as unknown as { parentId: string };
    let row: OrderRow | undefined;
    await until(
      async () => {
        const { json } = await this.ask("GET", "/api/v1/orders");
        row = (json["orders"] as unknown as OrderRow[]).find((each) => each.parentId === parentId);
        return row !== undefined && isTerminal(row.phase);
      },
      () => JSON.stringify(row),
    );
    return row!;
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }
}
let taken = 0;

async function until(is: () => boolean | Promise<boolean>, why: () => string): Promise<void> {
  const by = Date.now() + 60_000;
  while (!(await is())) {
    if (Date.now() > by) throw new Error(`not in a minute: ${why()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("OpenTelemetry", () => {
  it("is told of each decision, its order and its fills, of requests, and of metrics", async () => {
    const collector = await Collector.open();
    const serving = new Serving("told", {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=a-word-of-its-own",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
      OTEL_METRIC_EXPORT_INTERVAL: "500",
    });
    await serving.begun();
    const { parentId, phase, filled, instrument } = await serving.worked();
    await until(
      () => collector.metrics.has("arrival_fills_total"),
      () => [...collector.metrics.keys()].join(),
    );
    const { text: prometheus } = await serving.ask("GET", "/metrics");
    serving.interrupt();
    expect(await serving.ended).toBe(0);

    const { spans } = collector;
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const above = (span: TracedSpan) => byId.get(span.parentSpanId ?? "");
    const own = spans.filter((span) => valueOf(span, "arrival.parent.id") === parentId);
    const [root, ...others] = own.filter(({ name }) => name === "parent order");
    expect(others).toEqual([]);
    expect(root!.parentSpanId ?? "").toBe("");
    expect(valueOf(root!, "arrival.instrument")).toBe(instrument);
    expect(valueOf(root!, "arrival.parent.phase")).toBe(phase);
    const fills = own.filter(({ name }) => name === "fill");
    expect(fills.length).toBeGreaterThan(0);
    let sum = 0;
    for (const fill of fills) {
      sum += Number(valueOf(fill, "arrival.fill.quantity"));
      const order = above(fill)!;
      const decision = above(order)!;
      expect([order.name, decision.name]).toEqual(["child order", "decision"]);
      expect(above(decision)).toBe(root);
      const times = [root!, decision, order, fill].map((span) => BigInt(span.startTimeUnixNano));
      expect(times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))).toEqual(times);
      expect(BigInt(root!.endTimeUnixNano) >= BigInt(fill.endTimeUnixNano)).toBe(true);
    }
    expect(`${sum.toFixed(3)} BTC`).toBe(filled);
    expect(new Set(own.map(({ traceId }) => traceId)).size).toBe(1);

    const request = spans.find(({ name }) => name === "POST /api/v1/orders")!;
    expect(Number(valueOf(request, "http.response.status_code"))).toBe(201);
    expect(collector.headers["x-collector-key"]).toBe("a-word-of-its-own");
    const [resource] = collector.resources;
    expect(valueOf({ attributes: resource! }, "service.name")).toBe("arrival");
    expect(valueOf({ attributes: resource! }, "deployment.environment.name")).toBe("test");

    // One bookkeeping: what Prometheus is told.
    const counted = /^arrival_fills_total\{instrument="[^"]+",side="buy"\} (\d+)$/m.exec(
      prometheus,
    );
    expect(Number(counted?.[1])).toBe(fills.length);
    const point = collector.metrics
      .get("arrival_fills_total")!
      .sum!.dataPoints.find((each) => valueOf(each, "side") === "buy")!;
    expect(point.asDouble).toBe(fills.length);
    const worth = /^arrival_fills_notional_total\{[^}]*side="buy",coin="USDT"\} (\S+)$/m;
    const paid = fills.reduce(
      (all, fill) =>
        all +
        Number(valueOf(fill, "arrival.fill.quantity")) *
          Number(valueOf(fill, "arrival.fill.price")),
      0,
    );
    expect(Number(worth.exec(prometheus)?.[1])).toBeCloseTo(paid, 4);
    const [seconds] = collector.metrics.get("arrival_http_request_seconds")!.histogram!.dataPoints;
    const inBuckets = seconds!.bucketCounts.map(Number).reduce((all, count) => all + count, 0);
    expect(inBuckets).toBe(Number(seconds!.count));

    const secrets = [
      serving.account.apiKey,
      serving.account.secret,
      ...serving.tokens.map(({ token }) => token),
    ];
    for (const body of collector.bodies) {
      for (const secret of secrets) expect(body).not.toContain(secret);
    }
    collector.close();
  });

  it("is told of the one order that `arrival run --dashboard` works, until its end", async () => {
    const collector = await Collector.open();
    const { apiKey, secret } = exchange.accounts[2]!;
    const where = ["--venue", "bybit", "--network", "local", "--local-url", exchange.url];
    const order = ["--symbol", "BTCUSDT", "--side", "buy", "--quantity", "0.1", "--over", "8s"];
    const page = ["--urgency", "1", "--dashboard", "--port", "0", "--journal", "one.journal"];
    const child = spawn(process.execPath, [BIN, "run", ...where, ...order, ...page], {
      cwd: folder,
      env: {
        ...process.env,
        ARRIVAL_BYBIT_KEY: apiKey,
        ARRIVAL_BYBIT_SECRET: secret,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.add(child);
    let said = "";
    child.stderr.on("data", (data) => (said += String(data)));
    const ended = await new Promise((resolve) => child.on("close", resolve));
    const [root, ...others] = collector.spans.filter(({ name }) => name === "parent order");
    expect(others).toEqual([]);
    // Filled or not: it has ended by itself.
    expect([ended, valueOf(root!, "arrival.instrument")], said).toEqual([
      0,
      "bybit:linear:BTCUSDT",
    ]);
    expect(["complete", "expired"]).toContain(valueOf(root!, "arrival.parent.phase"));
    const parts = collector.spans.filter(({ traceId }) => traceId === root!.traceId);
    expect(parts.filter(({ name }) => name === "child order").length).toBeGreaterThan(0);
    collector.close();
  });

  it("holds nobody up: a collector that never answers is noted once, and the order is worked", async () => {
    const collector = await Collector.open("never answers");
    const serving = new Serving("silent", {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: "300",
      OTEL_METRIC_EXPORT_INTERVAL: "500",
    });
    await serving.begun();
    await serving.worked();
    await until(
      () => serving.stderr.includes("metrics cannot be sent by OTLP"),
      () => serving.stderr,
    );
    serving.interrupt();
    expect(await serving.ended).toBe(0);
    expect(serving.stderr.split("metrics cannot be sent by OTLP").length).toBe(2);
    collector.close();
  });
});
