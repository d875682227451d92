/**
 * Told metrics: what Prometheus is told, as OpenTelemetry has it: the same names, the same figures.
 *
 * What must stay true: no figure is counted twice by two sorts of bookkeeping: there is one, and
 * this reads it.
 */
import { type Attributes, type HrTime, ValueType } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ScopeMetrics,
} from "@opentelemetry/sdk-metrics";
import type { ToldMetric } from "./telemetry-terms.ts";

type Value = ToldMetric["values"][number];

export interface Span {
  /** When counting began. */
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

export const scopeOf = (
  scope: ScopeMetrics["scope"],
  metrics: readonly ToldMetric[],
  span: Span,
): ScopeMetrics => ({ scope, metrics: metrics.map((metric) => dataOf(metric, span)) });

function dataOf(metric: ToldMetric, span: Span): MetricData {
  const { name, help, type, values } = metric;
  const descriptor = { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE };
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  const head = { descriptor, aggregationTemporality };
  if (type === "histogram") {
    const dataPoints = histograms(name, values, span);
    return { ...head, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = values
    .filter(({ value }) => Number.isFinite(value))
    .map(({ value, labels }) => pointOf(span, attributesOf(labels), value));
  return type === "counter"
    ? { ...head, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...head, dataPointType: DataPointType.GAUGE, dataPoints };
}

const pointOf = <Of>(span: Span, attributes: Attributes, value: Of): DataPoint<Of> => ({
  ...span,
  attributes,
  value,
});

/** In UCUM's letters. */
function unitOf(name: string): string {
  if (name.endsWith("_seconds")) return "s";
  return /_bytes(?:_total)?$/.test(name) ? "By" : "1";
}

const attributesOf = (labels: Value["labels"]): Attributes =>
  Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );

/** Prometheus counts up to each bound, OpenTelemetry between two. */
function histograms(name: string, values: readonly Value[], span: Span): DataPoint<Histogram>[] {
  const series = new Map<string, { attributes: Attributes; all: Value[] }>();
  for (const value of values) {
    const { le: _, ...labels } = value.labels;
    const attributes = attributesOf(labels);
    const key = JSON.stringify(attributes);
    const known = series.get(key) ?? { attributes, all: [] };
    known.all.push(value);
    series.set(key, known);
  }
  return [...series.values()].map(({ attributes, all }) => {
    const of = (ending: string): number =>
      all.find(({ metricName }) => metricName === `${name}_${ending}`)?.value ?? 0;
    const buckets = all.filter(({ metricName }) => metricName === `${name}_bucket`);
    const upTo = buckets.map(({ value }) => value);
    const boundaries = buckets
      .map(({ labels }) => Number(labels["le"] === "+Inf" ? Infinity : labels["le"]))
      .filter((bound) => Number.isFinite(bound));
    const counts = upTo.map((count, i) => count - (upTo[i - 1] ?? 0));
    const value = { buckets: { boundaries, counts }, sum: of("sum"), count: of("count") };
    return pointOf(span, attributes, value);
  });
}
