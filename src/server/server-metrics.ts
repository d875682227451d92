/**
 * Server metrics: what Prometheus is told of the desk and of the server itself.
 *
 * What must stay true: labels are of closed sets, so that no client makes them grow; figures of
 * the desk are read when they are asked for, and cost nothing before.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import {
  Counter,
  type CounterConfiguration,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  Registry,
} from "prom-client";
import type { Desk } from "../runtime/desk/desk-terms.ts";
import { type App, at } from "./server-app.ts";
import type { StreamHub } from "./stream-hub.ts";
import type { Telemetry, ToldMetric } from "./telemetry-terms.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
const RESOLUTION_MS = 5;

function gauge<Label extends string>(
  registry: Registry,
  configuration: GaugeConfiguration<Label>,
): Gauge<Label> {
  return new Gauge({ ...configuration, registers: [registry] });
}

function counter<Label extends string>(
  registry: Registry,
  configuration: CounterConfiguration<Label>,
): Counter<Label> {
  return new Counter({ ...configuration, registers: [registry] });
}

export interface ServerMetrics {
  close(): void;
}

export function addMetrics(
  app: App,
  desk: Desk,
  hub: StreamHub,
  telemetry?: Telemetry,
): ServerMetrics {
  const registry = new Registry();
  // Its types say that a kind is a number; it is a word.
  telemetry?.readFrom(
    () => registry.getMetricsAsJSON() as Promise<unknown> as Promise<ToldMetric[]>,
  );
  addRequests(app, registry, telemetry);
  addStream(registry, hub);
  addDesk(registry, desk);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  // What is measured is how long a wait of the resolution's length took.
  const late = (nanoseconds: number): number =>
    Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1_000);
  delay.enable();
  gauge(registry, {
    name: "arrival_event_loop_delay_seconds",
    help: "How late the process got to what was due, since the last look.",
    labelNames: ["quantile"],
    collect() {
      this.set({ quantile: "0.5" }, late(delay.percentile(50)));
      this.set({ quantile: "0.99" }, late(delay.percentile(99)));
      this.set({ quantile: "1" }, late(delay.max));
      delay.reset();
    },
  });
  gauge(registry, {
    name: "arrival_memory_bytes",
    help: "Resident memory of the process.",
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  app.route({
    ...at("metrics"),
    schema: { hide: true },
    handler: async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  });
  return { close: () => void delay.disable() };
}

function addRequests(app: App, registry: Registry, telemetry: Telemetry | undefined): void {
  const labelNames = ["method", "route", "status"] as const;
  const requests = counter(registry, {
    name: "arrival_http_requests_total",
    help: "Requests that were answered.",
    labelNames,
  });
  const seconds = new Histogram({
    name: "arrival_http_request_seconds",
    help: "From a request to its answer.",
    labelNames: ["route"],
    buckets: SECONDS,
    registers: [registry],
  });
  app.addHook("onResponse", async (request, reply) => {
    const { need } = request.routeOptions.config;
    const route = need?.url ?? "none";
    requests.inc({ method: need?.method ?? "OTHER", route, status: reply.statusCode });
    seconds.observe({ route }, reply.elapsedTime / 1_000);
    const until = Date.now();
    telemetry?.answered({
      method: need?.method ?? "OTHER",
      route,
      status: reply.statusCode,
      role: request.caller?.user?.role,
      from: until - reply.elapsedTime,
      until,
    });
  });
}

function addStream(registry: Registry, hub: StreamHub): void {
  gauge(registry, {
    name: "arrival_stream_viewers",
    help: "Who looks on now.",
    collect() {
      this.set(hub.size);
    },
  });
  gauge(registry, {
    name: "arrival_stream_longest_turn_seconds",
    help: "The longest that the desk was held up at once to tell viewers, since the last look.",
    collect() {
      this.set(hub.counts.longestMs / 1_000);
      hub.counts.longestMs = 0;
    },
  });
  const counted = {
    messages: ["arrival_stream_messages_total", "States that viewers were told."],
    bytes: ["arrival_stream_bytes_total", "Text of those states."],
    conflated: ["arrival_stream_conflated_total", "Times that a slow viewer was left for later."],
  } as const;
  for (const [what, [name, help]] of Object.entries(counted)) {
    counter(registry, {
      name,
      help,
      collect() {
        this.reset();
        this.inc(hub.counts[what as keyof typeof counted]);
      },
    });
  }
}

function addDesk(registry: Registry, desk: Desk): void {
  gauge(registry, {
    name: "arrival_orders",
    help: "Orders of the folder by phase.",
    labelNames: ["phase"],
    collect() {
      this.reset();
      for (const { phase } of desk.rows()) this.inc({ phase });
    },
  });
  gauge(registry, {
    name: "arrival_orders_working",
    help: "Child orders that are not known to have ended.",
    collect() {
      this.set(desk.rows().reduce((sum, { workingOrders }) => sum + workingOrders, 0));
    },
  });
  gauge(registry, {
    name: "arrival_runs",
    help: "Runs by what they are.",
    labelNames: ["state"],
    collect() {
      this.reset();
      for (const { trouble, isKilled, isLive } of desk.runs()) {
        const state = isKilled ? "killed" : trouble !== null ? "trouble" : "live";
        this.inc({ state: isLive || state !== "live" ? state : "ended" });
      }
    },
  });
  addHappenings(registry, desk);
  addFills(registry, desk);
}

/** By the journals, so that they go on where they were after a restart. */
function addFills(registry: Registry, desk: Desk): void {
  const labelNames = ["instrument", "side"] as const;
  counter(registry, {
    name: "arrival_fills_total",
    help: "Fills of all orders of the runs that stand, since their journals began.",
    labelNames,
    collect() {
      this.reset();
      for (const { instrument, side, fills } of desk.fills()) this.inc({ instrument, side }, fills);
    },
  });
  counter(registry, {
    name: "arrival_fills_notional_total",
    help: "What those fills were worth, in the quote coin.",
    labelNames: [...labelNames, "coin"],
    collect() {
      this.reset();
      for (const { instrument, side, coin, notional } of desk.fills()) {
        this.inc({ instrument, side, coin }, notional);
      }
    },
  });
}

/** Kinds are the program's own words; what happened is counted from when the server began. */
function addHappenings(registry: Registry, desk: Desk): void {
  const last: Record<string, number> = {};
  for (const { journal, record } of desk.timeline()) last[journal] = record;
  counter(registry, {
    name: "arrival_happenings_total",
    help: "What the timeline tells, by kind and severity: fills, refusals, alerts.",
    labelNames: ["kind", "severity"],
    collect() {
      for (const { journal, record, kind, severity } of desk.timeline(last)) {
        last[journal] = record;
        this.inc({ kind, severity });
      }
    },
  });
}
