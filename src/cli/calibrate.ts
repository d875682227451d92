/**
 * `arrival calibrate`: an impact model fitted to orders that were really worked, or to what comes
 * near to that, and whether the fit has earned the word "calibrated".
 *
 * It exits with 0 where it has and with 1 where it has not; what was fitted is told either way.
 */
import { existsSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Micros, micros, SECOND } from "../core/domain/units.ts";
import { calibrate, type Calibration } from "../runtime/calibration/calibrate.ts";
import { cluster } from "../runtime/calibration/calibration-observation.ts";
import {
  gatherFills,
  gatherJournals,
  gatherMarket,
  type GatheredOrders,
  type GatherFault,
  ofSize,
  together,
} from "../runtime/calibration/gather.ts";
import { modelFileText } from "../runtime/calibration/model-file.ts";
import { parseDuration } from "../runtime/duration.ts";
import { type ColumnMap, parseColumnMap } from "../runtime/fill-columns.ts";
import { instrumentJson } from "../runtime/instrument-file.ts";
import { openGenerated, openMarket, type OpenMarket } from "../runtime/market-source.ts";
import { chooseModels, type ModelChoice } from "../runtime/model-choice.ts";
import { GENERATED_START } from "./backtest.ts";
import { calibrationJson, calibrationPage, KIND_NAMES } from "./calibration-page.ts";
import { calibrationSvg } from "./calibration-picture.ts";
import { generatedKnobs } from "./generated-data.ts";
import { instrumentOf } from "./order-options.ts";
import {
  breathe,
  CommandError,
  EXIT,
  hasColour,
  note,
  print,
  printJson,
  progress,
} from "./output.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";
import { type RecordingFlags, recordingOptions } from "./recording-input.ts";

interface Flags extends PluginFlags, RecordingFlags {
  readonly data?: readonly string[];
  readonly fills?: string;
  readonly journal?: readonly string[];
  readonly model: string;
  readonly cluster?: Micros;
  readonly leastSize?: number;
  readonly volatilityDay?: number;
  readonly volumeDay?: number;
  readonly spreadBps?: number;
  readonly over: Micros;
  readonly seeds: number;
  readonly seed: number;
  readonly map?: ColumnMap;
  readonly timeZone?: "utc";
  readonly ownTrades: "printed" | "absent";
  readonly onlyOurs?: boolean;
  readonly svg?: string;
  readonly output?: string;
}

const LONGEST = 7 * 86_400 * SECOND;
const MOST_SEEDS = 1_000;

export function addCalibrate(program: Command): void {
  const command = program
    .command("calibrate")
    .description("fit an impact model to orders, and say whether the fit means anything")
    .requiredOption(
      "--model <name>",
      "the model to fit; NAME:parameter=value,… holds these and fits the rest",
    )
    .option("--journal <file...>", "orders of our own, from the journals of their runs")
    .option("--fills <csv>", "orders worked elsewhere, in the market of --data")
    .option(
      "--data <file...>",
      'recordings that follow each other, or "generated": alone, the large orders seen in them',
    );
  recordingOptions(command)
    .addOption(
      new Option("--over <span>", "length of a generated market")
        .argParser(span)
        .default(micros(21_600 * SECOND), "6h"),
    )
    .option("--seeds <n>", "that many generated markets", whole(1, MOST_SEEDS), 1)
    .option("--seed <n>", "of the generated markets and of the intervals", whole(0, 2 ** 32 - 1), 1)
    .option("--cluster <span>", "orders that begin within it share their luck [day … 1m]", span)
    .option(
      "--least-size <fraction>",
      "leave out orders under this share of a day's volume",
      positive,
    )
    .option("--volatility-day <fraction>", "a day's volatility [measured before each]", positive)
    .option("--volume-day <n>", "a day's volume, in units of the instrument [measured]", positive)
    .option("--spread-bps <n>", "the bid-ask spread [measured]", positive)
    .option("--map <column=field,...>", "of --fills: which column holds what", mapping);
  command
    .option("--time-zone <zone>", "of --fills: the zone of times that name none", zone)
    .option("--own-trades <where>", "of --fills: printed in the data, or absent", where, "printed")
    .option("--only-ours", "of --journal: the part that a reacting simulation knows to be ours")
    .addOption(pluginOption())
    .option("--json", "print one JSON document")
    .option("--svg <file>", "draw predicted against realised, and what is left over")
    .option("-o, --output <file>", "write the parameters: arrival estimate --model-file reads it")
    .addHelpText("after", HELP)
    .action(run);
}

const HELP = `
The later third of the clusters is kept out of the fit and judges it. The answer is "calibrated"
(exit 0) only where every fitted parameter is significant and the model predicts the later orders
better than one constant; otherwise "fitted, not calibrated", with the reasons (exit 1).

Examples:
  arrival calibrate --journal runs/*.journal --model square-root -o impact.yaml
  arrival calibrate --fills fills.csv --data usdm_btcusdt.gz --model power-law --svg fit.svg
  arrival calibrate --data AMZN_2012-06-21.zip --model square-root
  arrival calibrate --data generated --over 1d --seeds 4 --model square-root:exponent=0.5`;

async function run(flags: Flags): Promise<void> {
  for (const path of [flags.svg, flags.output]) refuseOverwriting(path);
  const choice = modelOf(flags.model);
  const found = await gather(flags);
  const gathered = flags.leastSize === undefined ? found : ofSize(found, flags.leastSize);
  const { observations, width } = cluster(gathered.observations, flags.cluster);
  const hold = Object.fromEntries(
    choice.parameters.flatMap(({ name, value, origin }) =>
      origin === "given" ? [[name, value] as const] : [],
    ),
  );
  const result = calibrate(choice.model, observations, { hold, width, seed: flags.seed });
  if ("code" in result) {
    const left = [...gathered.leftOut].map(([why, times]) => `${times} left out: ${why}`);
    throw new CommandError(result.code, [result.text, ...left].join("; "), EXIT.no);
  }
  if (flags.json === true) printJson(calibrationJson(result, gathered));
  else print(calibrationPage(result, gathered, hasColour()));
  if (flags.svg !== undefined) write("--svg", flags.svg, calibrationSvg(result, gathered));
  if (flags.output !== undefined) output(flags.output, result, gathered);
  process.exitCode = result.isCalibrated ? EXIT.done : EXIT.no;
}

function modelOf(text: string): ModelChoice {
  const chosen = chooseModels([text]);
  if (!chosen.ok) throw new CommandError(chosen.error.code, chosen.error.text);
  const [choice, ...more] = chosen.value;
  if (choice !== undefined && more.length === 0) return choice;
  throw new CommandError("USAGE", `--model ${text}: one model is fitted at a time`);
}

async function gather(flags: Flags): Promise<GatheredOrders> {
  const { journal, fills, data } = flags;
  if (journal !== undefined && fills !== undefined) {
    throw new CommandError("USAGE", "give either --journal or --fills");
  }
  const stated = {
    ...(flags.volatilityDay === undefined ? {} : { dailyVolatility: flags.volatilityDay }),
    ...(flags.volumeDay === undefined ? {} : { dailyVolume: flags.volumeDay }),
    ...(flags.spreadBps === undefined ? {} : { spreadBps: flags.spreadBps }),
  };
  if (journal !== undefined) {
    const plugins = await pluginsOf(flags);
    const bar = progress("replaying", journal.length, flags.json === true);
    const made = await gatherJournals({
      paths: journal,
      stated,
      plugins,
      onlyOurs: flags.onlyOurs === true,
      ...(data === undefined ? {} : { data }),
      onProgress: (done) => bar.update(done, `${done} of ${journal.length} journals`),
    }).finally(() => bar.stop());
    return given(made);
  }
  if (data === undefined) {
    const text =
      fills === undefined
        ? "say what to fit on: --journal, --fills with --data, or --data alone"
        : "--fills needs --data: the market that they were done in says what they met";
    throw new CommandError("USAGE", text);
  }
  const knobs = generatedKnobs(data);
  if (fills !== undefined) {
    if (knobs !== undefined) throw new CommandError("USAGE", "--fills needs a recording as --data");
    const request = {
      path: fills,
      market: await recorded(flags, data),
      stated,
      ...(flags.map === undefined ? {} : { map: flags.map }),
      isUtc: flags.timeZone === "utc",
      ownPrinted: flags.ownTrades === "printed",
    };
    return given(await gatherFills(request));
  }
  if (knobs === undefined) return gatherMarket(await recorded(flags, data), stated);
  const bar = progress("making markets", flags.seeds, flags.json === true);
  const parts: GatheredOrders[] = [];
  for (let k = 0; k < flags.seeds; k++) {
    bar.update(k, `${k} of ${flags.seeds}`);
    await breathe();
    const startAt = micros(GENERATED_START);
    const seed = (flags.seed + k * SEEDS_APART) >>> 0;
    const spec = { kind: "generated", ...knobs, seed, startAt, duration: flags.over } as const;
    parts.push(gatherMarket(openGenerated(spec), stated));
  }
  bar.stop();
  return together(parts);
}

const SEEDS_APART = 7_919;

function given(
  made:
    | { readonly ok: true; readonly value: GatheredOrders }
    | { readonly ok: false; readonly error: GatherFault },
): GatheredOrders {
  if (made.ok) return made.value;
  const isBroken = made.error.code === "JOURNAL_CORRUPT" || made.error.code === "DATA_CHANGED";
  throw new CommandError(made.error.code, made.error.text, isBroken ? EXIT.no : EXIT.usage);
}

async function recorded(flags: Flags, paths: readonly string[]): Promise<OpenMarket> {
  const { symbol, contract, instrument } = flags;
  const bar = progress("reading", 1, flags.json === true);
  const opened = await openMarket(
    {
      kind: "files",
      paths,
      ...(symbol === undefined ? {} : { symbol }),
      ...(contract === undefined ? {} : { contract }),
      ...(instrument === undefined ? {} : { instrument: instrumentJson(instrumentOf(instrument)) }),
    },
    { onProgress: (done, total) => bar.update(total > 0 ? done / total : 0, "market data") },
  ).finally(() => bar.stop());
  if (opened.ok) return opened.value;
  throw new CommandError(opened.error.code, opened.error.text);
}

function output(path: string, result: Calibration, { source, market }: GatheredOrders): void {
  const kinds = [...result.kinds].map(([kind, count]) => `${count} ${KIND_NAMES[kind]}`);
  const text = modelFileText(result, `${kinds.join(", ")} in ${source}`, market);
  if (text.ok) write("--output", path, text.value);
  else note(`arrival: ${text.error.text} [${text.error.code}]`);
}

function refuseOverwriting(path: string | undefined): void {
  if (path === undefined || !existsSync(path)) return;
  throw new CommandError("USAGE", `${path} is there already: it is not written over`);
}

/** Never over a file that is there. */
function write(flag: string, path: string, content: string): void {
  try {
    writeFileSync(path, content, { flag: "wx" });
    note(`written: ${path}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError("USAGE", `${flag} ${path}: ${why}`);
  }
}

function span(text: string): Micros {
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value >= SECOND && parsed.value <= LONGEST) return parsed.value;
  throw new InvalidArgumentError("A span from 1s to 7d, such as 1h.");
}

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`A whole number from ${least} to ${most}.`);
  };

function positive(text: string): number {
  const isPlain = /^(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})$/.test(text);
  if (isPlain && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("A plain number above zero, such as 0.03.");
}

function mapping(text: string, before: ColumnMap = new Map()): ColumnMap {
  const parsed = parseColumnMap(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.error);
  return new Map([...before, ...parsed.value]);
}

function zone(text: string): "utc" {
  if (text === "utc") return text;
  throw new InvalidArgumentError("Only utc: a file's own zone belongs into its times.");
}

function where(text: string): "printed" | "absent" {
  if (text === "printed" || text === "absent") return text;
  throw new InvalidArgumentError("Either printed or absent.");
}
