/**
 * `arrival estimate`: what an order will cost before it is sent, how sure that is, how to work it.
 */
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import { instrumentId } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { KNOWN_INSTRUMENTS } from "../data/known-instruments.ts";
import { formatDuration } from "../runtime/duration.ts";
import { estimates } from "../runtime/estimate.ts";
import { readModelFile } from "../runtime/calibration/model-file.ts";
import {
  type Advice,
  advised,
  chooseModels,
  DEFAULT_MODEL,
  EVERY_MODEL,
  type ModelChoice,
  modelNames,
  parseFactor,
} from "../runtime/model-choice.ts";
import { instrumentJson } from "../runtime/instrument-file.ts";
import { type FactsSource, type StatedFacts, statedMarket } from "../runtime/market-facts.ts";
import { openMarket } from "../runtime/market-source.ts";
import { DEFAULT_RISK_AVERSION } from "../runtime/recommendation.ts";
import { GENERATED_START } from "./backtest.ts";
import { generatedKnobs } from "./generated-data.ts";
import { estimateJson } from "./estimate-json.ts";
import { estimatePage } from "./estimate-page.ts";
import { frontierSvg } from "./frontier-picture.ts";
import { modelsPage } from "./models-page.ts";
import { modelsSvg } from "./models-picture.ts";
import {
  addOrderOptions,
  configOf,
  contractOption,
  instrumentOf,
  instrumentOption,
  type OrderFlags,
  requestOf,
  sideOption,
} from "./order-options.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";
import { CommandError, hasColour, note, print, printJson, progress } from "./output.ts";

interface Flags extends OrderFlags, PluginFlags {
  readonly data?: readonly string[];
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly instrument?: string;
  readonly model?: readonly string[];
  readonly modelFile?: readonly string[];
  readonly factor?: Omit<Advice, "source" | "weight">;
  readonly factorOf?: string;
  readonly factorWeight?: number;
  readonly modelParam?: Readonly<Record<string, number>>;
  readonly price?: number;
  readonly volatilityDay?: number;
  readonly volumeDay?: number;
  readonly spreadBps?: number;
  readonly makerShare?: number;
  readonly riskAversion: number;
  readonly json?: boolean;
  readonly svg?: string;
}

export function addEstimate(program: Command): void {
  const command = program
    .command("estimate")
    .description("what an order will cost before it is sent, and how to work it")
    .option("--data <file...>", 'measure in these recordings, or "generated"')
    .option("--symbol <name>", "which instrument: in the data, or a built-in one")
    .addOption(contractOption())
    .addOption(instrumentOption())
    .addOption(sideOption().makeOptionMandatory())
    .option("--quantity <n>", "how much, in units of the instrument")
    .option("--notional <n>", "how much, in quote coin")
    .option(
      "--model <name...>",
      `of impact, name[:parameter=value,…]; several, or "${EVERY_MODEL}" [${DEFAULT_MODEL}]`,
    )
    .option("--model-file <file...>", "a model with the parameters that calibrate wrote")
    .option("--factor <f[:low..high]>", "what a language model makes of the moment", factor)
    .option("--factor-of <journal>", "the factor that an advisor named last in this run")
    .option("--factor-weight <0..1>", "how far the factor counts [1]", share)
    .option("--model-param <key=value>", "a parameter of the model; may be repeated", parameter)
    .option("--price <n>", "the mid, where there is no data", positive)
    .option("--volatility-day <fraction>", "a day's volatility, such as 0.03", volatility)
    .option("--volume-day <n>", "a day's volume, in units of the instrument", positive)
    .option("--spread-bps <n>", "the bid-ask spread", upTo(10_000))
    .option("--maker-share <0..1>", "share filled by resting orders [half, not known]", share)
    .option(
      "--risk-aversion <n>",
      "bps that one bps of standard deviation is worth",
      upTo(1_000),
      DEFAULT_RISK_AVERSION,
    );
  addOrderOptions(command, {});
  const start = command.options.find(({ long }) => long === "--start");
  if (start !== undefined) start.description = "how far into the data it starts [when that ends]";
  command
    .addOption(pluginOption())
    .option("--json", "print one JSON document")
    .option("--svg <file>", "draw the frontier and the strategies")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

const EXAMPLES = `
What you state wins over what the data says. Without --data, state all four of --price,
--volatility-day, --volume-day and --spread-bps, and name an instrument.

Models: ${modelNames().join(", ")}.
"all" shows those that stand by themselves side by side. A factor (0.5 to 2) makes each the hybrid
base × (1 − w + w·factor).

Examples:
  arrival estimate --data generated --side buy --quantity 25 --over 3m
  arrival estimate --data usdm_btcusdt.gz --side sell --notional 1000000 --over 1h --svg cost.svg
  arrival estimate --data generated --side buy --quantity 25 --over 3m --model all --svg models.svg
  arrival estimate --data generated --side buy --quantity 25 --over 3m \\
    --model power-law:temporary=0.3,exponent=0.5 propagator --factor 1.4:1.1..1.8
  arrival estimate --symbol binance:linear:BTCUSDT --side buy --quantity 25 --over 30m \\
    --price 64250 --volatility-day 0.03 --volume-day 200000 --spread-bps 0.02`;

async function run(flags: Flags): Promise<void> {
  const plugins = await pluginsOf(flags);
  const config = configOf(flags, plugins);
  const models = await modelsOf(flags);
  const market = flags.data === undefined ? stated(flags) : await recorded(flags, flags.data);
  const order = { ...requestOf(flags, config, market.header.instrument), plugins };
  const { riskAversion, makerShare } = flags;
  const common = { riskAversion, ...(makerShare === undefined ? {} : { makerShare }) };
  const terms = models.map((choice) => Object.assign({}, choice, common));
  const request = { order, at: startOf(flags, market), stated: statedFacts(flags) };
  const result = estimates(market, request, terms);
  if (!result.ok) throw new CommandError(result.error.code, result.error.text);
  const [first, ...others] = result.value;
  const isOne = others.length === 0;
  if (flags.svg !== undefined) {
    const heading = title(flags, market);
    write(flags.svg, isOne ? frontierSvg(first!, heading) : modelsSvg(result.value, heading));
  }
  if (flags.json === true) {
    printJson(isOne ? estimateJson(first!) : { models: result.value.map(estimateJson) });
  } else print(isOne ? estimatePage(first!, hasColour()) : modelsPage(result.value, hasColour()));
}

async function modelsOf(flags: Flags): Promise<readonly ModelChoice[]> {
  const { model, modelFile = [], modelParam, factorWeight: weight = 1 } = flags;
  const given = await factorIn(flags);
  if (given === undefined && flags.factorWeight !== undefined) {
    throw new CommandError("USAGE", "--factor-weight weighs a factor: give --factor too");
  }
  const advice = given && { ...given, weight };
  const named = model ?? (modelFile.length > 0 ? [] : [DEFAULT_MODEL]);
  const chosen = chooseModels(named, modelParam, advice);
  if (!chosen.ok) throw new CommandError(chosen.error.code, chosen.error.text);
  return [...chosen.value, ...modelFile.map((path) => modelOfFile(path, advice))];
}

async function factorIn({ factor: given, factorOf }: Flags) {
  if (given !== undefined && factorOf !== undefined) {
    throw new CommandError("USAGE", "a factor is given twice: by --factor and by --factor-of");
  }
  if (given !== undefined) return { ...given, source: "whoever gave --factor" };
  if (factorOf === undefined) return undefined;
  const { lastFactor } = await import("../runtime/advice/last-factor.ts");
  const found = lastFactor(factorOf);
  if (!found.ok) throw new CommandError(found.error.code, found.error.text);
  return found.value;
}

function modelOfFile(path: string, advice: Advice | undefined): ModelChoice {
  const read = readModelFile(path);
  if (!read.ok) throw new CommandError(read.error.code, read.error.text);
  const { model } = read.value;
  const named = { ...read.value, model: { ...model, name: `${model.name} (${basename(path)})` } };
  const made = advised(named, advice);
  if (!made.ok) throw new CommandError(made.error.code, made.error.text);
  return made.value;
}

function statedFacts({ volatilityDay, volumeDay, spreadBps }: Flags): StatedFacts {
  return {
    ...(volatilityDay === undefined ? {} : { dailyVolatility: volatilityDay }),
    ...(volumeDay === undefined ? {} : { dailyVolume: volumeDay }),
    ...(spreadBps === undefined ? {} : { spreadBps }),
  };
}

/** How long the generated market is watched, where nobody says. */
const WATCHED = micros(30 * MINUTE);

async function recorded(flags: Flags, paths: readonly string[]): Promise<FactsSource> {
  if (flags.price !== undefined) {
    throw new CommandError(
      "USAGE",
      "--price is for estimates without --data: the data has its own",
    );
  }
  const knobs = generatedKnobs(paths);
  const bar = progress("reading", 1, flags.json === true);
  const market = await openMarket(
    knobs !== undefined
      ? {
          kind: "generated",
          seed: flags.seed,
          startAt: micros(GENERATED_START),
          duration: micros((flags.start ?? WATCHED) + SECOND),
          ...knobs,
        }
      : {
          kind: "files",
          paths,
          ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
          ...(flags.contract === undefined ? {} : { contract: flags.contract }),
          ...(flags.instrument === undefined
            ? {}
            : { instrument: instrumentJson(instrumentOf(flags.instrument)) }),
        },
    { onProgress: (done, total) => bar.update(total > 0 ? done / total : 0, "market data") },
  );
  bar.stop();
  if (!market.ok) throw new CommandError(market.error.code, market.error.text);
  return market.value;
}

function stated(flags: Flags): FactsSource {
  const { price, spreadBps, volatilityDay, volumeDay } = flags;
  const missing = Object.entries({
    "--price": price,
    "--volatility-day": volatilityDay,
    "--volume-day": volumeDay,
    "--spread-bps": spreadBps,
  }).flatMap(([flag, value]) => (value === undefined ? [flag] : []));
  if (price === undefined || spreadBps === undefined || missing.length > 0) {
    const text = `without --data, state the market yourself: ${missing.join(", ")} missing`;
    throw new CommandError("USAGE", text);
  }
  if (flags.start !== undefined) {
    throw new CommandError("USAGE", "--start is a place in the data, and there is no --data");
  }
  const market = statedMarket(statedInstrument(flags), price, spreadBps, micros(GENERATED_START));
  if (!market.ok) throw new CommandError(market.error.code, market.error.text);
  return market.value;
}

/** By file, or by a built-in name: a symbol, or venue:kind:symbol. */
function statedInstrument({ instrument, symbol, contract }: Flags): Instrument {
  if (instrument !== undefined) return instrumentOf(instrument);
  const named = KNOWN_INSTRUMENTS.filter(
    (known) =>
      (known.symbol === symbol || instrumentId(known) === symbol) &&
      (contract === undefined || known.kind === contract),
  );
  if (named.length === 1) return named[0]!;
  const list = (named.length > 1 ? named : KNOWN_INSTRUMENTS).map(instrumentId).join(", ");
  const why =
    named.length > 1
      ? `--symbol ${symbol ?? ""} stands for several`
      : symbol === undefined
        ? "name the instrument, with --symbol or --instrument FILE"
        : `no instrument ${symbol} is built in; give its grid with --instrument FILE`;
  throw new CommandError("USAGE", `${why}: ${list}`);
}

function startOf(flags: Flags, market: FactsSource): Micros {
  if (flags.start === undefined) return market.until;
  const at = micros(market.from + flags.start);
  if (at <= market.until) return at;
  const covered = formatDuration(micros(market.until - market.from));
  throw new CommandError("USAGE", `--start lies behind the data, which covers ${covered}`);
}

function title(flags: Flags, market: FactsSource): string {
  const side: Side = flags.side;
  const amount = flags.quantity ?? `${flags.notional ?? ""} quote`;
  const { symbol } = market.header.instrument;
  const from = flags.data?.map((path) => basename(path)).join(", ") ?? "as stated";
  return `${side} ${amount} ${symbol} over ${formatDuration(flags.over)}, ${from}`;
}

/** Never over a file that is there. */
function write(path: string, content: string): void {
  try {
    writeFileSync(path, content, { flag: "wx" });
    note(`written: ${path}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError("USAGE", `--svg ${path}: ${why}`);
  }
}

/** Plain digits: neither 0x10 nor 1e999 is what anybody means. */
function number(text: string): number {
  if (/^(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A plain number, 0 or more, such as 0.03.");
}

function positive(text: string): number {
  const value = number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("A number above zero.");
}

const upTo =
  (most: number) =>
  (text: string): number => {
    const value = number(text);
    if (value <= most) return value;
    throw new InvalidArgumentError(`A number from 0 to ${most}.`);
  };

const share = upTo(1);

function factor(text: string): Omit<Advice, "source" | "weight"> {
  const parsed = parseFactor(text);
  if (parsed !== undefined) return parsed;
  throw new InvalidArgumentError("A factor such as 1.4, or with its 95 %: 1.4:1.1..1.8.");
}

function volatility(text: string): number {
  const value = positive(text);
  if (value <= 10) return value;
  throw new InvalidArgumentError("A fraction: 0.03 is three hundredths a day.");
}

function parameter(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("Write key=value.");
  return { ...before, [text.slice(0, at)]: positive(text.slice(at + 1)) };
}
