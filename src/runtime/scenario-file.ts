/**
 * Scenario file: a story for a generated market as a person writes it, in YAML or JSON.
 *
 * The scenario itself goes into the market's spec, so that a replay needs no file. What must stay
 * true: a file is read whole or refused with all its faults, whatever it holds.
 */
import { err, type Result } from "../core/domain/errors.ts";
import { type GeneratedSpec, parseScenario, type ScenarioFault } from "./market-source.ts";
import { formatProblems, readSettings } from "./settings-file.ts";

/** A thousand events are well under this. */
const MOST_BYTES = 1 << 20;

/** @param market what the scenario is told in: a fitted one has a world of its own. */
export function readScenario(
  path: string,
  market: Pick<GeneratedSpec, "world">,
): Result<NonNullable<GeneratedSpec["scenario"]>, ScenarioFault> {
  const read = readSettings(path, MOST_BYTES);
  if (!read.ok) return fault(formatProblems(path, read.error));
  const parsed = parseScenario(read.value, market);
  return parsed.ok ? parsed : fault(`${path}: ${parsed.error.text}`);
}

const fault = (text: string): Result<never, ScenarioFault> =>
  err({ code: "MARKET_SCENARIO", text });
