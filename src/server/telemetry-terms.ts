/**
 * Telemetry terms: what OpenTelemetry is told of a desk and its server, where it is configured.
 *
 * What must stay true: nobody waits for it; and neither a token nor a key, nor words from outside,
 * is in what it is told.
 */
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { Instrument } from "../core/domain/instrument.ts";

/** One step of a run, as its journal has it. */
export interface Step {
  readonly instrument: Instrument;
  readonly event: EngineEvent;
  readonly outputs: readonly EngineOutput[];
}

export interface AnsweredRequest {
  readonly method: string;
  /** As the table of routes writes it, so of a closed set. */
  readonly route: string;
  readonly status: number;
  /** Undefined: nobody who is known. */
  readonly role: string | undefined;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

/** As `prom-client` tells it of a registry. */
export interface ToldMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number | undefined>>;
    readonly metricName?: string;
  }[];
}

export interface Telemetry {
  /** Told in the middle of a run's own work: it is kept, and made into spans later. */
  step(step: Step): void;
  answered(request: AnsweredRequest): void;
  /** Where metrics are read from, from time to time. */
  readFrom(metrics: () => Promise<readonly ToldMetric[]>): void;
  /** What there is is sent, for a few seconds at most. */
  close(): Promise<void>;
}
