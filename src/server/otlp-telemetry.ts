/**
 * OTLP telemetry: steps, requests and metrics, sent to a collector by OpenTelemetry's own packages.
 *
 * Where to, with which headers and how often they read from the environment by themselves. What
 * must stay true: a step costs its run a push into an array that has an end; spans are made later,
 * some at a time; and a collector that does not answer is noted once and holds nobody up.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { PROGRAM_VERSION } from "../runtime/program.ts";
import { OrderSpans } from "./order-spans.ts";
import type { AnsweredRequest, Step, Telemetry, ToldMetric } from "./telemetry-terms.ts";
import { scopeOf } from "./told-metrics.ts";

export interface OtlpOptions {
  /** What whoever runs the server is to know: once for each trouble. */
  readonly onNote: (text: string) => void;
}

const SCOPE = { name: "arrival", version: PROGRAM_VERSION };
const DRAIN_MS = 250;
/** Steps that wait to become spans; more are left out. */
const MOST_WAITING = 20_000;
/** Steps at once: orders have their turns in between. */
const AT_ONCE = 100;
const CLOSE_MS = 3_000;
const METRICS_MS = 60_000;
const LONGEST_SEND_MS = 30_000;
const SERVER_FAULT = 500;

export class OtlpTelemetry implements Telemetry {
  readonly #options: OtlpOptions;
  readonly #traces: TracerProvider;
  readonly #meters: MeterProvider;
  readonly #tracer: Tracer;
  readonly #spans: OrderSpans;
  readonly #drain: NodeJS.Timeout;
  readonly #startedAt = timeOf(Date.now());
  #waiting: Step[] = [];
  #isFull = false;
  #read: () => Promise<readonly ToldMetric[]> = async () => [];
  readonly #silent = new Set<string>();

  constructor(options: OtlpOptions) {
    this.#options = options;
    const resource = defaultResource()
      .merge(
        resourceFromAttributes({ "service.name": SCOPE.name, "service.version": SCOPE.version }),
      )
      .merge(detectResources({ detectors: [envDetector] }));
    this.#traces = new TracerProvider({
      resource,
      spanProcessors: [
        new BatchSpanProcessor({ exporter: this.#heard("traces", new OTLPTraceExporter()) }),
      ],
    });
    const producer = {
      collect: async () => {
        const span = { startTime: this.#startedAt, endTime: timeOf(Date.now()) };
        const scopeMetrics = [scopeOf(SCOPE, await this.#read(), span)];
        return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
      },
    };
    const every = intervalIn(process.env);
    this.#meters = new MeterProvider({
      resource,
      readers: [
        new PeriodicExportingMetricReader({
          exporter: this.#heard("metrics", new OTLPMetricExporter()),
          exportIntervalMillis: every,
          exportTimeoutMillis: Math.min(every, LONGEST_SEND_MS),
          metricProducers: [producer],
        }),
      ],
    });
    this.#tracer = this.#traces.getTracer(SCOPE.name, SCOPE.version);
    this.#spans = new OrderSpans(this.#tracer);
    this.#drain = setInterval(() => this.#foldSome(), DRAIN_MS).unref();
  }

  step(step: Step): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(step);
    else if (!this.#isFull) {
      this.#isFull = true;
      this.#options.onNote("telemetry cannot keep up: steps are left out of the traces");
    }
  }

  answered({ method, route, status, role, from, until }: AnsweredRequest): void {
    const attributes = {
      "http.request.method": method,
      "http.route": route,
      "http.response.status_code": status,
      ...(role === undefined ? {} : { "user.roles": [role] }),
    };
    const span = this.#tracer.startSpan(
      `${method} ${route}`,
      { kind: SpanKind.SERVER, startTime: from, attributes },
      ROOT_CONTEXT,
    );
    if (status >= SERVER_FAULT) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(until);
  }

  readFrom(metrics: () => Promise<readonly ToldMetric[]>): void {
    this.#read = metrics;
  }

  async close(): Promise<void> {
    clearInterval(this.#drain);
    while (this.#waiting.length > 0) this.#foldSome();
    this.#spans.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    const last = setTimeout(resolve, CLOSE_MS);
    await Promise.race([
      Promise.allSettled([this.#traces.shutdown(), this.#meters.shutdown()]),
      promise,
    ]);
    clearTimeout(last);
  }

  #foldSome(): void {
    const some = this.#waiting.slice(0, AT_ONCE);
    this.#waiting = this.#waiting.slice(AT_ONCE);
    try {
      for (const step of some) this.#spans.fold(step);
    } catch (error) {
      this.#note("spans", `steps could not be told to telemetry: ${String(error)}`);
    }
    if (this.#waiting.length > 0) setImmediate(() => this.#foldSome());
    else this.#isFull = false;
  }

  /** The same exporter, of whose trouble is heard. */
  #heard<Exporter extends OTLPTraceExporter | OTLPMetricExporter>(
    what: string,
    exporter: Exporter,
  ): Exporter {
    const send = exporter.export.bind(exporter) as (items: never, done: Done) => void;
    exporter.export = ((items: never, done: Done) =>
      send(items, (result) => {
        if (result.code === 0) this.#silent.delete(what);
        else this.#note(what, `${what} cannot be sent by OTLP: ${messageOf(result.error)}`);
        done(result);
      })) as Exporter["export"];
    return exporter;
  }

  #note(what: string, text: string): void {
    if (this.#silent.has(what)) return;
    this.#silent.add(what);
    this.#options.onNote(text);
  }
}

type Done = (result: { readonly code: number; readonly error?: Error }) => void;

const MOST_LETTERS = 200;

/** An error of the exporter's own; what a collector answered is cut to a line. */
const messageOf = (error: Error | undefined): string =>
  (error?.message ?? "no answer").replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ").slice(0, MOST_LETTERS);

function intervalIn(environment: Readonly<Record<string, string | undefined>>): number {
  const asked = Number(environment["OTEL_METRIC_EXPORT_INTERVAL"]);
  return Number.isInteger(asked) && asked > 0 ? asked : METRICS_MS;
}

const timeOf = (ms: number): [number, number] => [Math.floor(ms / 1e3), (ms % 1e3) * 1e6];
