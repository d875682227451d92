/**
 * Scenario file: a story for a generated market as a person writes it, in YAML or JSON.
 *
 * The scenario itself goes into the market's spec, so that a replay needs no file. What must stay
 * true: a file is read whole or refused with all its faults, whatever it holds.
 */
import { readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import { err, type Result } from "../core/domain/errors.ts";
import { type GeneratedSpec, parseScenario, type ScenarioFault } from "./market-source.ts";

/** A thousand events are well under this. */
const MOST_BYTES = 1 << 20;

/** @param market what the scenario is told in: a fitted one has a world of its own. */
export function readScenario(
  path: string,
  market: Pick<GeneratedSpec, "world">,
): Result<NonNullable<GeneratedSpec["scenario"]>, ScenarioFault> {
  let raw: unknown;
  try {
    const { size } = statSync(path);
    if (size > MOST_BYTES) return fault(`${path}: ${size} bytes are more than a scenario can need`);
    raw = parse(readFileSync(path, "utf8"), { maxAliasCount: 0 });
  } catch (error) {
    return fault(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = parseScenario(raw, market);
  return parsed.ok ? parsed : fault(`${path}: ${parsed.error.text}`);
}

const fault = (text: string): Result<never, ScenarioFault> =>
  err({ code: "MARKET_SCENARIO", text });
