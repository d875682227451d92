/**
 * Order options: the flags that describe a parent order and its market, the same for every command.
 */
import { readFileSync, statSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ADVISOR_FORMS } from "../advisors/advisor-forms.ts";
import { parseDecimal } from "../core/domain/decimal.ts";
import { type ContractKind, type Instrument, parsePrice } from "../core/domain/instrument.ts";
import type { ParentConstraints, ResidualPolicy } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import { atTick, type Micros } from "../core/domain/units.ts";
import type { BacktestRequest } from "../runtime/backtest.ts";
import { checkStrategy, strategiesWith, strategyNames, tacticNames } from "../runtime/compose.ts";
import { type ArrivalConfig, formatConfigFaults, loadConfig } from "../runtime/config.ts";
import { parseDuration } from "../runtime/duration.ts";
import { readInstrument } from "../runtime/instrument-file.ts";
import type { Plugin } from "../runtime/plugin.ts";
import { CommandError } from "./output.ts";

export interface OrderFlags {
  readonly side: Side;
  readonly quantity?: string;
  readonly notional?: string;
  readonly over: Micros;
  readonly start?: Micros;
  readonly strategy?: string;
  readonly param?: Readonly<Record<string, unknown>>;
  readonly tactic?: string;
  readonly tacticParam?: Readonly<Record<string, unknown>>;
  readonly urgency?: number;
  readonly limit?: string;
  readonly would?: string;
  readonly decisionPrice?: string;
  readonly alphaHalfLife?: Micros;
  readonly maxParticipation?: number;
  readonly cross: boolean;
  readonly residual: ResidualPolicy;
  readonly acceptInfeasible?: boolean;
  readonly config?: string;
  readonly seed: number;
  readonly queue?: string;
  readonly market?: string;
  readonly advisor?: string;
  /** A weight, or the table that it was learned into. */
  readonly influence?: number | string;
}

export const MARKET_KINDS = ["auto", "recorded", "reactive", "generated"] as const;

export function addOrderOptions(command: Command, defaults: { over?: string }): Command {
  const over = new Option("--over <span>", "time to work it in, such as 3m").argParser(duration);
  if (defaults.over === undefined) over.makeOptionMandatory();
  else over.default(duration(defaults.over), defaults.over);
  return command
    .addOption(over)
    .option("--start <span>", "start this long after the first row [1m, or what is left]", duration)
    .option("--strategy <name>", `the schedule: ${strategyNames().join(", ")} [twap]`)
    .option(
      "--param <key=value>",
      "a parameter of the strategy, @FILE for a JSON file; may be repeated",
      parameter,
    )
    .option("--tactic <name>", `how a slice is worked (${tacticNames().join(", ")}) [its own]`)
    .option("--tactic-param <key=value>", "a parameter of the tactic; may be repeated", parameter)
    .option("--urgency <0..1>", "0 = patient, 1 = take at once [0.5]", fraction)
    .option("--limit <price>", "never trade beyond this price")
    .option("--would <price>", "take the whole rest at this price or better")
    .option("--decision-price <price>", "the price when the decision was taken [arrival mid]")
    .option("--alpha-half-life <span>", "how fast the reason to trade fades; some hurry", duration)
    .option("--max-participation <fraction>", "share of the market's volume [0.1]", fraction)
    .option("--no-cross", "never cross the spread")
    .addOption(
      new Option("--residual <policy>", "what happens to the rest at the deadline")
        .choices(["leave", "cross", "cross-over-participation"])
        .default("leave"),
    )
    .option("--accept-infeasible", "take on an order that the limits may not let finish")
    .option("--config <file>", "settings, YAML or JSON")
    .option("--seed <n>", "seed of everything that is drawn", seed, 1)
    .addOption(
      new Option("--queue <model>", "how our place in a queue is estimated [risk-averse]").choices([
        "risk-averse",
        "probabilistic",
      ]),
    )
    .option("--market <kind>", `whether it answers our orders: ${MARKET_KINDS.join(", ")} [auto]`);
}

/** For commands whose order may be advised. */
export const addAdviceOptions = (command: Command): Command =>
  command
    .option("--advisor <who>", `who is asked about it: ${ADVISOR_FORMS} [none]`)
    .option(
      "--influence <0..1|file>",
      "how much of what is advised is done, or the table of what was earned [0: it is watched]",
      weightOrTable,
    );

/** For commands that work one order. */
export const experienceOption = (): Option =>
  new Option(
    "--experience <folder>",
    "journals of earlier orders: an advisor is told how those of the same kind went",
  );

/** Flags over file over defaults; every problem at once. */
export function configOf(flags: OrderFlags, plugins: readonly Plugin[] = []): ArrivalConfig {
  const { tactic, tacticParam } = flags;
  // What is undefined was not said, and leaves the file's word.
  const overrides = {
    strategy: {
      name: flags.strategy,
      parameters: flags.param,
      tactic:
        tactic === undefined && tacticParam === undefined
          ? undefined
          : { ...(tactic === undefined ? {} : { name: tactic }), parameters: tacticParam ?? {} },
    },
    execution: { urgency: flags.urgency },
    simulation: { queue: flags.queue, market: flags.market },
    advice: adviceOf(flags),
  };
  const known = strategiesWith(plugins);
  const loaded = loadConfig(flags.config, overrides, (choice) => checkStrategy(choice, known));
  if (loaded.ok) return loaded.value;
  throw new CommandError("CONFIG", formatConfigFaults(loaded.error));
}

const adviceOf = ({ advisor, influence }: OrderFlags) => ({
  advisor,
  ...(influence === undefined
    ? {}
    : {
        influence:
          typeof influence === "string"
            ? influence
            : { calm: influence, usual: influence, stressed: influence },
        influenceSource: "the command line",
      }),
});

export function requestOf(
  flags: OrderFlags,
  config: ArrivalConfig,
  instrument: Instrument,
): BacktestRequest {
  const { quantity, notional } = flags;
  if ((quantity === undefined) === (notional === undefined)) {
    throw new CommandError("USAGE", "give either --quantity or --notional");
  }
  const constraints: ParentConstraints = {
    mayCrossSpread: flags.cross,
    residual: flags.residual,
    ...(flags.limit === undefined ? {} : { limitPrice: price(instrument, "--limit", flags.limit) }),
    ...(flags.would === undefined ? {} : { wouldPrice: price(instrument, "--would", flags.would) }),
    ...(flags.maxParticipation === undefined ? {} : { maxParticipation: flags.maxParticipation }),
  };
  return {
    side: flags.side,
    quantity: amount(quantity ?? notional ?? ""),
    isNotional: notional !== undefined,
    over: flags.over,
    ...(flags.start === undefined ? {} : { start: flags.start }),
    constraints,
    ...(flags.decisionPrice === undefined
      ? {}
      : { decisionPrice: atTick(price(instrument, "--decision-price", flags.decisionPrice)) }),
    ...(flags.alphaHalfLife === undefined ? {} : { alphaHalfLife: flags.alphaHalfLife }),
    acceptInfeasible: flags.acceptInfeasible === true,
    config,
    seed: flags.seed,
  };
}

export const sideOption = (): Option =>
  new Option("--side <side>", "which way").choices(["buy", "sell"]);

export const instrumentOption = (): Option =>
  new Option("--instrument <file>", "the grid of an instrument that is not built in, YAML or JSON");

/** The instrument that `--instrument` describes. */
export function instrumentOf(path: string): Instrument {
  const read = readInstrument(path);
  if (read.ok) return read.value;
  throw new CommandError(read.error.code, read.error.text);
}

export const contractOption = (): Option =>
  new Option("--contract <kind>", "where a symbol is traded in several kinds").choices([
    "spot",
    "linear",
    "inverse",
  ] satisfies ContractKind[]);

function amount(text: string): string {
  const parsed = parseDecimal(text);
  if (parsed.ok && parsed.value.mantissa > 0n) return text;
  throw new CommandError("USAGE", `not an amount above zero: ${text}`);
}

function price(instrument: Instrument, flag: string, text: string) {
  const parsed = parsePrice(instrument, text);
  if (parsed.ok) return parsed.value;
  const why =
    parsed.error.code === "GRID_OFF_TICK"
      ? `is not a multiple of the tick size ${parsed.error.tickSize}`
      : "is not a price of this instrument";
  throw new CommandError("USAGE", `${flag} ${text} ${why}`);
}

function duration(text: string): Micros {
  const parsed = parseDuration(text);
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError("Write a span with its unit, such as 90s, 3m or 1h30m.");
}

function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("A fraction from 0 to 1, such as 0.1.");
}

/** What looks like a number is one: a file of that name is `./1`. */
export const weightOrTable = (text: string): number | string =>
  text.trim() === "" || /^[-+]?\.?\d+(?:\.\d*)?(?:e-?\d+)?$/i.test(text) ? fraction(text) : text;

function seed(text: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value <= 0xffffffff) return value;
  throw new InvalidArgumentError("A whole number from 0 to 4294967295.");
}

/** One `key=value` on top of those before it. @throws InvalidArgumentError */
export function parameter(
  text: string,
  before: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("Write key=value.");
  const value = text.slice(at + 1);
  const read = value.startsWith("@") ? jsonFile(value.slice(1)) : plain(value);
  return { ...before, [text.slice(0, at)]: read };
}

/** A value is a page of text: more is a wrong file. */
const MAX_VALUE_BYTES = 1 << 20;

/** The value that `@FILE` stands for. */
function jsonFile(path: string): unknown {
  let text: string;
  try {
    const found = statSync(path);
    if (!found.isFile()) throw new InvalidArgumentError(`${path} is not a file.`);
    if (found.size > MAX_VALUE_BYTES) {
      throw new InvalidArgumentError(`${path} has ${found.size} bytes; a value may have 1 MiB.`);
    }
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`The file behind @ cannot be read: ${why}.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`${path} is not JSON: ${why}.`);
  }
}

/** JSON where it is JSON (numbers, true, null), text otherwise. */
function plain(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
