/**
 * Config: the settings of a run, from a YAML or JSON file and the command line, checked whole.
 *
 * A setting that is silently ignored or bent trades with a value nobody chose. So unknown keys are
 * refused, every problem is listed at once with its path, and what is left out has a default that
 * `configJson` writes out in full for the journal. What must stay true: `parseConfig` reads back
 * what `configJson` wrote.
 */
import { readFileSync, statSync } from "node:fs";
import { parseDocument, type YAMLParseError, type YAMLWarning } from "yaml";
import { z } from "zod";
import type { ParameterFault } from "../core/contracts/strategy.ts";
import { compareDecimal, decimal, parseDecimal } from "../core/domain/decimal.ts";
import { err, invariant, ok, type Result } from "../core/domain/errors.ts";
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
import { nearest } from "./config-names.ts";
import { formatDuration, parseDuration } from "./duration.ts";
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

type JsonObject = { readonly [key: string]: unknown };

/** A config file is a page of text: more is a wrong file. */
const MAX_BYTES = 1 << 20;
/** YAML aliases can multiply without end or contain themselves, and settings need none. */
const MAX_ALIASES = 0;

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
  return parseConfig(overlay(read.value, overrides), checkStrategy);
}

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
  const { execution, limits, strategy, simulation, live } = config;
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
  };
}

const DEFAULT_JSON = configJson(DEFAULT_CONFIG);

function readConfigFile(path: string): Result<JsonObject, readonly ConfigFault[]> {
  const fail = (code: ConfigCode, text: string) => err([{ code, path, text }]);
  let source: string;
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) return fail("CONFIG_UNREADABLE", `is ${size} bytes: not a config file`);
    source = readFileSync(path, "utf8");
  } catch (error) {
    return fail("CONFIG_UNREADABLE", `cannot be read: ${messageOf(error)}`);
  }
  // JSON is read as the YAML that it also is, so both know duplicate keys and line numbers.
  const document = parseDocument(source, {
    schema: "core",
    merge: false,
    uniqueKeys: true,
    logLevel: "error",
  });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    return err(
      problems.map((problem) => ({
        code: "CONFIG_SYNTAX",
        path: `${path}:${problem.linePos?.[0].line ?? 1}`,
        text: syntaxText(problem),
      })),
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    return fail("CONFIG_SYNTAX", "uses YAML aliases (*name): write the values out");
  }
  if (value === null || value === undefined) return ok({});
  if (!isObject(value))
    return fail("CONFIG_SYNTAX", `must be a map of sections, got ${show(value)}`);
  return ok(value);
}

function syntaxText({ code, message }: YAMLParseError | YAMLWarning): string {
  if (code === "MULTIPLE_DOCS") return "must be one document: remove the --- line";
  return (message.split("\n")[0] ?? code).replace(/ at line \d+, column \d+:?$/, "");
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

/** One setting: what it must be, in words, and how it is read. `undefined` = it is not that. */
function setting<Value>(
  must: string,
  read: (raw: unknown) => Value | undefined,
  hint: (raw: unknown) => string = () => "",
) {
  return z.unknown().transform((raw, context): Value => {
    const value = read(raw);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `must be ${must}, got ${show(raw)}${hint(raw)}` });
    return z.NEVER;
  });
}

const numberWhere = (must: string, holds: (value: number) => boolean) =>
  setting(
    must,
    (raw) => (typeof raw === "number" && Number.isFinite(raw) && holds(raw) ? raw : undefined),
    numberHint,
  );
const share = () => numberWhere("a fraction in (0, 1]", (value) => value > 0 && value <= 1);
const unitInterval = () => numberWhere("a number in [0, 1]", (value) => value >= 0 && value <= 1);
const bps = () =>
  numberWhere("basis points in [0, 10000]", (value) => value >= 0 && value <= 10_000);
const multiple = () => numberWhere("a number in [0, 10]", (value) => value >= 0 && value <= 10);
const amount = () =>
  numberWhere("an amount above 0 in the quote coin", (value) => value > 0 && value <= 1e15);
const count = () =>
  numberWhere(
    "a whole number in [1, 1000000]",
    (value) => Number.isInteger(value) && value >= 1 && value <= 1_000_000,
  );
const flag = () => setting("true or false", (raw) => (typeof raw === "boolean" ? raw : undefined));
const oneOf = <const Name extends string>(...names: readonly Name[]) =>
  setting(names.join(" or "), (raw) => names.find((name) => name === raw));

/** @param most as text too, so that the message says what is checked. */
const span = (least: string, most = "24h") => {
  const [from, to] = [least, most].map((text) => parseDuration(text));
  invariant(from?.ok === true && to?.ok === true, "bounds are durations");
  const must = `a duration with its unit in [${least}, ${most}], such as 5s`;
  return setting(must, (raw) => {
    if (typeof raw !== "string") return undefined;
    const parsed = parseDuration(raw);
    if (!parsed.ok || parsed.value < from.value || parsed.value > to.value) return undefined;
    return parsed.value;
  });
};

/** Exact decimal text. An unquoted number is taken where its digits are surely those written. */
function decimalText(raw: unknown): string | undefined {
  const text = typeof raw === "number" ? String(raw) : raw;
  if (typeof text !== "string" || !parseDecimal(text).ok) return undefined;
  const digits = text.replace(/^[+-]?[0.]*/, "").replace(".", "").length;
  return typeof raw === "number" && digits > 15 ? undefined : text;
}
const size = () =>
  setting('a decimal above 0, such as "0.01"', (raw) => {
    const text = decimalText(raw);
    return text !== undefined && decimal(text).mantissa > 0n ? text : undefined;
  });
const feeRate = () =>
  setting('a decimal fraction in [-0.1, 0.1], such as "0.0002"', (raw) => {
    const text = decimalText(raw);
    if (text === undefined) return undefined;
    const rate = decimal(text);
    const magnitude = { ...rate, mantissa: rate.mantissa < 0n ? -rate.mantissa : rate.mantissa };
    return compareDecimal(magnitude, decimal("0.1")) > 0 ? undefined : text;
  });
const strategyName = () =>
  setting("a strategy's name", (raw) =>
    typeof raw === "string" && /^[a-z][a-z0-9-]{0,39}$/.test(raw) ? raw : undefined,
  );
const parameters = () =>
  setting("a map of plain values", (raw) => {
    const parsed = z.json().safeParse(raw);
    return isObject(raw) && parsed.success ? raw : undefined;
  });

const tactic = () =>
  setting("null, or a map of name and parameters", (raw): TacticChoice | null | undefined => {
    if (raw === null) return null;
    if (!isObject(raw) || typeof raw["name"] !== "string") return undefined;
    const { name, parameters: given = {}, ...others } = raw;
    const parsed = z.json().safeParse(given);
    if (!isObject(given) || !parsed.success || Object.keys(others).length > 0) return undefined;
    return { name, parameters: given };
  });

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
  } satisfies Shape<LiveConfig>),
};
const SCHEMA: z.ZodType<ArrivalConfig> = z.strictObject(SECTIONS);

/** A key added to a type and forgotten here does not compile. */
type Shape<Section, Other = never> = {
  readonly [Key in keyof Section]-?: z.ZodType<Section[Key] | Other>;
};

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

/** The two slips that the number itself gives away. */
function numberHint(raw: unknown): string {
  if (typeof raw !== "string") return "";
  const sign = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(raw);
  if (sign !== null)
    return ` (write a fraction: ${Number((Number(sign[1]) / 100).toPrecision(12))})`;
  return raw.trim() !== "" && Number.isFinite(Number(raw)) ? " (write it unquoted)" : "";
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const show = (value: unknown): string =>
  value === undefined ? "nothing" : typeof value === "number" ? String(value) : cut(value);

function cut(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
