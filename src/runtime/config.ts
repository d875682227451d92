/**
 * Config: the settings of a run, from a YAML or JSON file and the command line, checked whole.
 *
 * A setting that is silently ignored or bent trades with a value nobody chose. So unknown keys are
 * refused, every problem is listed at once with its path, and what is left out has a default that
 * `configJson` writes out in full for the journal. What must stay true: `parseConfig` reads back
 * what `configJson` wrote.
 */
import { z } from "zod";
import type { ParameterFault } from "../core/contracts/strategy.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { StrategyChoice, TacticChoice } from "../core/domain/parent-order.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import {
  DEFAULT_EXECUTION_CONFIG,
  DEFAULT_RISK_LIMITS,
  type ExecutionConfig,
  type RiskLimits,
} from "../core/execution/limits.ts";
import type { FeeSchedule } from "../simulation/fees.ts";
import type { QueueModelName } from "../simulation/queue.ts";
import { ADVICE_SCHEMA, type AdviceConfig, DEFAULT_ADVICE } from "./advice/advice-config.ts";
import { ALERTS_SCHEMA, type AlertsConfig, DEFAULT_ALERTS } from "./alerts/alert-config.ts";
import {
  earnedTerms,
  type InfluenceState,
  pathFault,
  readInfluence,
} from "./influence/earned-influence.ts";
import { influenceFault } from "./influence/influence-fit.ts";
import { nearest } from "./config-names.ts";
import {
  amount,
  bps,
  count,
  feeRate,
  filePath,
  flag,
  isObject,
  type JsonObject,
  multiple,
  oneOf,
  parameters,
  type Shape,
  share,
  show,
  size,
  span,
  strategyName,
  tactic,
  unitInterval,
} from "./config-settings.ts";
import { formatDuration } from "./duration.ts";
import { readSettings } from "./settings-file.ts";
import { DEFAULT_LIVE, INTERRUPT_POLICIES, type LiveConfig } from "./live/live-config.ts";

/**
 * `recorded`: the market is as its rows say, whatever we do. `reactive`: a recorded market that
 * answers us. `generated`: our orders stand among those of its own traders. `auto`: recorded for
 * files, generated for a market that is.
 */
export type MarketKind = "auto" | "recorded" | "reactive" | "generated";

/** How a reactive market answers us. */
export interface ReactionSettings {
  /** In which half of what we took from a level has come back. */
  readonly halfLife: Micros;
  /** Daily volatilities by which the price moves for good for a day's volume, traded on balance. */
  readonly permanent: number;
  /** Multiple of the square-root law by which it moves for a while: see `composeMarket`. */
  readonly transient: number;
}

/** What the simulated venue assumes. */
export interface SimulationConfig {
  readonly market: MarketKind;
  readonly reaction: ReactionSettings;
  /** From our sending to the venue's acting. */
  readonly entryLatency: Micros;
  /** From the venue's acting to our knowing. */
  readonly responseLatency: Micros;
  /** Added to both, anywhere from nothing to all of it, drawn by the seed. */
  readonly latencyJitter: Micros;
  readonly queue: QueueModelName;
  readonly fees: FeeSchedule;
}

export interface ArrivalConfig {
  readonly execution: ExecutionConfig;
  readonly limits: RiskLimits;
  readonly strategy: StrategyChoice;
  readonly simulation: SimulationConfig;
  readonly live: LiveConfig;
  /** Who is asked about an order, and how far the answers may lead it. */
  readonly advice: AdviceConfig;
  /** Who is told of what, out of band. */
  readonly alerts: AlertsConfig;
}

export const DEFAULT_CONFIG: ArrivalConfig = Object.freeze<ArrivalConfig>({
  execution: DEFAULT_EXECUTION_CONFIG,
  limits: DEFAULT_RISK_LIMITS,
  strategy: { name: "twap", parameters: {} },
  simulation: {
    market: "auto",
    reaction: { halfLife: micros(5_000_000), permanent: 1, transient: 1 },
    entryLatency: micros(10_000),
    responseLatency: micros(10_000),
    latencyJitter: micros(5_000),
    queue: "risk-averse",
    fees: { maker: "0.0002", taker: "0.0005", coin: "settle" },
  },
  live: DEFAULT_LIVE,
  advice: DEFAULT_ADVICE,
  alerts: DEFAULT_ALERTS,
});

export type ConfigCode =
  "CONFIG_UNREADABLE" | "CONFIG_SYNTAX" | "CONFIG_UNKNOWN_KEY" | "CONFIG_VALUE";

export interface ConfigFault {
  readonly code: ConfigCode;
  /** Dotted, such as `limits.participation`; the file's name where the whole file is meant. */
  readonly path: string;
  readonly text: string;
}

/** One line per problem: `limits.participation: must be …, got 7`. */
export const formatConfigFaults = (faults: readonly ConfigFault[]): string =>
  faults.map(({ path, text }) => `${path}: ${text}`).join("\n");

/** Faults of a choice of strategy, with paths relative to `strategy`. The registry knows them. */
export type CheckStrategy = (choice: StrategyChoice) => readonly ParameterFault[];

/**
 * Defaults, then the file, then `overrides` (of the file's own shape: what the command line says).
 * Where `overrides` names another strategy, the file's parameters, which are for its own, are left.
 */
export function loadConfig(
  path: string | undefined,
  overrides: JsonObject = {},
  checkStrategy?: CheckStrategy,
): Result<ArrivalConfig, readonly ConfigFault[]> {
  const read = path === undefined ? ok({}) : readConfigFile(path);
  if (!read.ok) return read;
  const settled = withInfluence(overlay(read.value, overrides));
  if (!settled.ok) return settled;
  const { raw, state } = settled.value;
  const parsed = parseConfig(raw, checkStrategy);
  if (!parsed.ok || state === undefined) return parsed;
  const fault = influenceFault(state, parsed.value.advice);
  return fault === undefined ? parsed : influenceRefused(fault.text);
}

/** `advice.influence` may name a table: what it gives now takes its place. */
function withInfluence(
  raw: JsonObject,
): Result<{ readonly raw: JsonObject; readonly state?: InfluenceState }, readonly ConfigFault[]> {
  const { advice } = raw;
  if (!isObject(advice) || typeof advice["influence"] !== "string") return ok({ raw });
  const path = advice["influence"];
  const state = pathFault(path) ?? readInfluence(path);
  if ("code" in state) return influenceRefused(state.text);
  if (!state.ok) return influenceRefused(state.error.text);
  const { value } = state;
  return ok({ raw: { ...raw, advice: { ...advice, ...earnedTerms(value) } }, state: value });
}

const influenceRefused = (text: string): Result<never, readonly ConfigFault[]> =>
  err([{ code: "CONFIG_VALUE", path: "advice.influence", text }]);

/** Checks a value of the file's shape; what is left out has its default. */
export function parseConfig(
  raw: unknown,
  checkStrategy?: CheckStrategy,
): Result<ArrivalConfig, readonly ConfigFault[]> {
  if (!isObject(raw)) {
    const text = `must be a map of ${Object.keys(DEFAULT_JSON).join(", ")}; got ${show(raw)}`;
    return err([{ code: "CONFIG_VALUE", path: "config", text }]);
  }
  const whole = overlay(DEFAULT_JSON, raw);
  const parsed = SCHEMA.safeParse(whole);
  const faults = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => faultsOf(issue, whole));
  const strategy = SECTIONS.strategy.safeParse(whole["strategy"]);
  if (strategy.success && checkStrategy !== undefined) {
    for (const { path, text } of checkStrategy(strategy.data)) {
      faults.push({ code: "CONFIG_VALUE", path: `strategy.${path}`, text });
    }
  }
  return parsed.success && faults.length === 0 ? ok(parsed.data) : err(faults);
}

/** The whole config in the file's shape, as plain JSON: what the journal keeps. */
export function configJson(config: ArrivalConfig): JsonObject {
  const { execution, limits, strategy, simulation, live, advice, alerts } = config;
  return {
    execution: { ...execution, llmQueryInterval: formatDuration(execution.llmQueryInterval) },
    limits: {
      ...limits,
      participationWindow: formatDuration(limits.participationWindow),
      aggressiveSpacing: formatDuration(limits.aggressiveSpacing),
      llmTimeout: formatDuration(limits.llmTimeout),
      staleAfter: formatDuration(limits.staleAfter),
    },
    strategy: { ...strategy, tactic: strategy.tactic ?? null },
    simulation: {
      ...simulation,
      reaction: {
        ...simulation.reaction,
        halfLife: formatDuration(simulation.reaction.halfLife),
      },
      entryLatency: formatDuration(simulation.entryLatency),
      responseLatency: formatDuration(simulation.responseLatency),
      latencyJitter: formatDuration(simulation.latencyJitter),
    },
    live: { ...live, minOrderInterval: formatDuration(live.minOrderInterval) },
    advice: { ...advice },
    alerts: { ...alerts },
  };
}

const DEFAULT_JSON = configJson(DEFAULT_CONFIG);

function readConfigFile(path: string): Result<JsonObject, readonly ConfigFault[]> {
  const read = readSettings(path);
  if (!read.ok) {
    return err(
      read.error.map(({ kind, line, text }) => ({
        code: kind === "syntax" ? "CONFIG_SYNTAX" : "CONFIG_UNREADABLE",
        path: line === undefined ? path : `${path}:${line}`,
        text,
      })),
    );
  }
  const { value } = read;
  if (value === null || value === undefined) return ok({});
  if (isObject(value)) return ok(value);
  const text = `must be a map of sections, got ${show(value)}`;
  return err([{ code: "CONFIG_SYNTAX", path, text }]);
}

/** `over` on top of `base`, map by map. Anything else of `over` replaces what it covers. */
function overlay(base: JsonObject, over: JsonObject): JsonObject {
  const merged = new Map<string, unknown>(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const under = merged.get(key);
    // A section whose every line is commented out is null in YAML: it changes nothing.
    if (value === undefined || (value === null && isObject(under))) continue;
    const both = isObject(under) && isObject(value);
    merged.set(key, both ? overlay(dropForeign(key, under, value), value) : value);
  }
  return Object.fromEntries(merged);
}

/** Parameters belong to the strategy or tactic that they stand beside. */
function dropForeign(section: string, under: JsonObject, over: JsonObject): JsonObject {
  const renamed = over["name"] !== undefined && over["name"] !== under["name"];
  const isChoice = section === "strategy" || section === "tactic";
  return isChoice && renamed ? { ...under, parameters: {} } : under;
}

const SECTIONS = {
  execution: z.strictObject({
    maxParticipation: share(),
    maxSpreadToCrossBps: bps(),
    urgency: unitInterval(),
    llmAdaptation: flag(),
    llmQueryInterval: span("1ms"),
    minOrder: size(),
    darkVenues: flag(),
  } satisfies Shape<ExecutionConfig>),
  limits: z.strictObject({
    participation: share(),
    participationWindow: span("1s", "1h"),
    orderNotional: amount(),
    aggressiveSpacing: span("0s"),
    spreadToCrossBps: bps(),
    benchmarkDeviationBps: bps(),
    shortfallAlertBps: bps(),
    volatilityStopPerHour: share(),
    llmTimeout: span("1ms"),
    ordersPerMinute: count(),
    amendsPerMinute: count(),
    positionNotional: amount(),
    orderImpactBps: bps(),
    staleAfter: span("1ms"),
  } satisfies Shape<RiskLimits>),
  strategy: z
    .strictObject({
      name: strategyName(),
      parameters: parameters(),
      tactic: tactic(),
    } satisfies Shape<Required<StrategyChoice>, TacticChoice | null>)
    .transform(({ tactic: chosen, ...strategy }): StrategyChoice => {
      return chosen === null ? strategy : { ...strategy, tactic: chosen };
    }),
  simulation: z.strictObject({
    market: oneOf("auto", "recorded", "reactive", "generated"),
    reaction: z.strictObject({
      halfLife: span("1ms"),
      permanent: multiple(),
      transient: multiple(),
    } satisfies Shape<ReactionSettings>),
    entryLatency: span("0s"),
    responseLatency: span("0s"),
    latencyJitter: span("0s"),
    queue: oneOf("risk-averse", "probabilistic"),
    fees: z.strictObject({
      maker: feeRate(),
      taker: feeRate(),
      coin: oneOf("settle", "received"),
    } satisfies Shape<FeeSchedule>),
  } satisfies Shape<SimulationConfig>),
  live: z.strictObject({
    maxOrderValue: amount(),
    minOrderInterval: span("0s"),
    onInterrupt: oneOf(...INTERRUPT_POLICIES),
    killFile: filePath(),
  } satisfies Shape<LiveConfig>),
  advice: ADVICE_SCHEMA,
  alerts: ALERTS_SCHEMA,
};
const SCHEMA: z.ZodType<ArrivalConfig> = z.strictObject(SECTIONS);

function faultsOf(issue: z.core.$ZodIssue, whole: JsonObject): readonly ConfigFault[] {
  const at = issue.path.map(String);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...at, key]));
  const path = at.join(".");
  if (issue.code === "custom") return [{ code: "CONFIG_VALUE", path, text: issue.message }];
  const text = `must be a map, got ${show(valueAt(whole, at))}`;
  return [{ code: "CONFIG_VALUE", path, text }];
}

function unknownKey(at: readonly string[]): ConfigFault {
  const section = at.slice(0, -1);
  const siblings = Object.keys((valueAt(DEFAULT_JSON, section) ?? {}) as JsonObject);
  const key = at.at(-1) ?? "";
  const near = nearest(key, siblings);
  const elsewhere = ALL_PATHS.find((path) => path.split(".").at(-1) === key);
  const guess = near === undefined ? elsewhere : [...section, near].join(".");
  const advice =
    guess === undefined ? `known here: ${siblings.join(", ")}` : `did you mean ${guess}?`;
  return { code: "CONFIG_UNKNOWN_KEY", path: at.join("."), text: `unknown key; ${advice}` };
}

const ALL_PATHS = pathsOf(DEFAULT_JSON);

function pathsOf(value: JsonObject, prefix = ""): readonly string[] {
  return Object.entries(value).flatMap(([key, member]) => {
    const path = `${prefix}${key}`;
    return isObject(member) ? [path].concat(pathsOf(member, `${path}.`)) : [path];
  });
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) found = isObject(found) ? found[key] : undefined;
  return found;
}
