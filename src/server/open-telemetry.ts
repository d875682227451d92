/**
 * Open telemetry: traces and metrics by OTLP, where OpenTelemetry's own environment variables say
 * where to.
 *
 * What must stay true: its packages are loaded only where that is said; without them
 * everything else works, and it is said what to install.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { OtlpOptions } from "./otlp-telemetry.ts";
import type { ServerFault } from "./server-terms.ts";
import type { Telemetry } from "./telemetry-terms.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const ENDPOINTS = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
];

/** Whether the environment says where to send it. */
export const isTelemetryWanted = (environment: Environment): boolean =>
  environment["OTEL_SDK_DISABLED"]?.toLowerCase() !== "true" &&
  ENDPOINTS.some((name) => (environment[name] ?? "") !== "");

export async function openTelemetry(options: OtlpOptions): Promise<Result<Telemetry, ServerFault>> {
  try {
    const { OtlpTelemetry } = await import("./otlp-telemetry.ts");
    return ok(new OtlpTelemetry(options));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === "ERR_MODULE_NOT_FOUND" ? "its packages are not installed: npm ci" : message;
    return err({ code: "SERVER_TELEMETRY", text: `OpenTelemetry cannot be had: ${why}` });
  }
}
