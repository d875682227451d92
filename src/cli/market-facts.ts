/**
 * `arrival market facts`: the stylised facts of one or several markets, side by side.
 *
 * What must stay true: a fact that a recording is too short for is said to be so, with the number
 * of independent spans it holds, and never shown as if it were missing or there.
 */
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Micros, micros, SECOND } from "../core/domain/units.ts";
import { parseDuration } from "../runtime/duration.ts";
import { instrumentJson } from "../runtime/instrument-file.ts";
import { openGenerated, openMarket, type OpenMarket } from "../runtime/market-source.ts";
import {
  factsOf,
  type MarketFactSheet,
  type SurveyedMarket,
  surveyMarket,
} from "../runtime/stylised-facts/facts.ts";
import { FACTS } from "../runtime/stylised-facts/literature.ts";
import { GENERATED_START } from "./backtest.ts";
import { generatedKnobs } from "./generated-data.ts";
import { factsText } from "./market-facts-page.ts";
import { factPictures, factsSvg, PICTURE_NAMES } from "./market-facts-picture.ts";
import { instrumentOf } from "./order-options.ts";
import {
  breathe,
  CommandError,
  EXIT,
  hasColour,
  interruptible,
  note,
  print,
  printJson,
  progress,
} from "./output.ts";
import { recordingOptions, type RecordingFlags } from "./recording-input.ts";

interface Flags extends RecordingFlags {
  readonly data: readonly string[];
  readonly against?: readonly string[];
  readonly svg?: string;
  readonly seed: number;
  readonly seeds: number;
  readonly over: Micros;
}

/** A market as a column of the page. */
export interface Column {
  readonly name: string;
  readonly sheet: MarketFactSheet;
}

/** Hours of the day are gone round by a prime number of minutes, as in other commands. */
const MINUTES_APART = 431;
const FACT_COUNT = Object.keys(FACTS).length;
const MOST_SEEDS = 1_000;
const MOST_MARKETS = 12;
const LONGEST = 7 * 86_400 * SECOND;

export function addMarketFacts(market: Command): void {
  const command = new Command("facts")
    .description("the stylised facts of markets side by side: have they them, and how sure is it")
    .requiredOption("--data <file...>", 'one recording, or "generated"')
    .option(
      "--against <market...>",
      "markets to set beside it: a recording (its files joined by commas) or generated, each",
    );
  recordingOptions(command)
    .addOption(
      new Option("--over <span>", "length of a generated market")
        .argParser(span)
        .default(micros(7_200 * SECOND), "2h"),
    )
    .option("--seed <n>", "of the generated markets and of the intervals", whole(0xffffffff), 1)
    .option("--seeds <n>", "that many generated markets, taken together", whole(MOST_SEEDS), 1)
    .option("--svg <file|folder>", "draw them: one page (….svg), or a folder of pictures")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `
--symbol, --contract and --instrument are about the recording of --data.
A verdict needs 20 independent spans of time; a recording of minutes holds three.

Examples:
  arrival market facts --data generated --over 6h --svg facts.svg
  arrival market facts --data AMZN_2012-06-21.zip --against generated:eventsPerSecond=50
  arrival market facts --data generated --seeds 20 --over 2h --json`,
    )
    .action(facts);
  market.addCommand(command);
}

async function facts(flags: Flags): Promise<void> {
  if (flags.svg !== undefined) refuseOverwriting(flags.svg);
  const against = (flags.against ?? []).map(entryOf);
  if (against.length >= MOST_MARKETS) {
    throw new CommandError("USAGE", `--against: at most ${MOST_MARKETS - 1} markets on one page`);
  }
  await interruptible(async (isInterrupted) => {
    const columns = [await columnOf(flags.data, flags, flags, isInterrupted)];
    const plain = { json: flags.json === true };
    for (const entry of against) columns.push(await columnOf(entry, plain, flags, isInterrupted));
    if (flags.json === true) printJson(documentOf(columns, flags));
    else print(factsText(columns, hasColour(), process.stdout.columns ?? 110));
    if (flags.svg !== undefined) draw(flags.svg, columns);
  });
}

/** What `--against` names, looked at before minutes of work. @throws CommandError */
function entryOf(text: string): readonly string[] {
  if (/^generated(:|$)/.test(text)) {
    generatedKnobs([text]);
    return [text];
  }
  const paths = text.split(",");
  const missing = paths.find((path) => path === "" || !existsSync(path));
  if (missing === undefined) return paths;
  const why = missing === "" ? "a name is empty" : `${missing}: there is no such file`;
  throw new CommandError("USAGE", `--against ${text}: ${why}`);
}

/** @param source the flags that say which recording it is: those of `--data` alone. */
async function columnOf(
  entry: readonly string[],
  source: RecordingFlags,
  flags: Flags,
  isInterrupted: () => boolean,
): Promise<Column> {
  const knobs = generatedKnobs(entry);
  const surveyed: SurveyedMarket[] = [];
  const name = knobs === undefined ? basename(entry[0]!) : entry[0]!;
  if (knobs === undefined) {
    const market = await openFiles(entry, source, isInterrupted);
    surveyed.push(await survey(market, `measuring ${name}`, flags, isInterrupted));
  } else {
    for (let k = 0; k < flags.seeds; k++) {
      const market = openGenerated({
        kind: "generated",
        ...knobs,
        seed: (flags.seed + k * 7919) >>> 0,
        startAt: micros(GENERATED_START + ((k * MINUTES_APART) % 1440) * 60 * SECOND),
        duration: flags.over,
      });
      const which = flags.seeds === 1 ? name : `${name} ${k + 1}/${flags.seeds}`;
      surveyed.push(await survey(market, `making ${which}`, flags, isInterrupted));
    }
  }
  const bar = progress(`facts of ${name}`, 1, flags.json === true);
  const finding = factsOf(surveyed, flags.seed);
  try {
    let step = finding.next();
    for (; step.done !== true; step = finding.next()) {
      bar.update(step.value, `${Math.round(step.value * FACT_COUNT)} of ${FACT_COUNT}`);
      await breathe();
      if (isInterrupted()) throw interrupted();
    }
    const several = surveyed.length > 1 ? `, ${surveyed.length} seeds` : "";
    return { name: `${name}${several}`, sheet: step.value };
  } finally {
    bar.stop();
  }
}

async function openFiles(
  paths: readonly string[],
  source: RecordingFlags,
  isInterrupted: () => boolean,
): Promise<OpenMarket> {
  const abort = new AbortController();
  const bar = progress(`reading ${basename(paths[0]!)}`, 1, source.json === true);
  const { symbol, contract, instrument } = source;
  const opened = await openMarket(
    {
      kind: "files",
      paths,
      ...(symbol === undefined ? {} : { symbol }),
      ...(contract === undefined ? {} : { contract }),
      ...(instrument === undefined ? {} : { instrument: instrumentJson(instrumentOf(instrument)) }),
    },
    {
      signal: abort.signal,
      onProgress: (done, total) => {
        bar.update(total > 0 ? done / total : 1);
        if (isInterrupted()) abort.abort();
      },
    },
  ).finally(() => bar.stop());
  if (opened.ok) return opened.value;
  if (opened.error.code === "DATA_ABORTED") throw interrupted();
  throw new CommandError(opened.error.code, opened.error.text);
}

async function survey(
  market: OpenMarket,
  title: string,
  flags: Pick<Flags, "json">,
  isInterrupted: () => boolean,
): Promise<SurveyedMarket> {
  const seconds = (market.until - market.from) / 1e6;
  const bar = progress(title, Math.max(1, seconds), flags.json === true);
  const pass = surveyMarket(market, market.metaorders);
  try {
    let step = pass.next();
    for (; step.done !== true; step = pass.next()) {
      bar.update(step.value, `${Math.round(step.value)} of ${Math.round(seconds)} s of market`);
      await breathe();
      if (isInterrupted()) throw interrupted();
    }
    return step.value;
  } finally {
    bar.stop();
  }
}

const interrupted = (): CommandError =>
  new CommandError("DATA_ABORTED", "stopped; nothing was measured", EXIT.interrupted);

function documentOf(columns: readonly Column[], { seed, seeds }: Flags) {
  return {
    seed,
    seeds,
    literature: FACTS,
    markets: columns.map(({ name, sheet }) => {
      const { instrument: _, ...rest } = sheet;
      return { name, ...rest };
    }),
  };
}

const isPage = (path: string): boolean => path.toLowerCase().endsWith(".svg");

/** Said before minutes of work. @throws CommandError */
function refuseOverwriting(path: string): void {
  const isFile = existsSync(path) && !statSync(path).isDirectory();
  if (isFile && !isPage(path)) {
    throw new CommandError("USAGE", `--svg ${path}: it is neither a folder nor a name in .svg`);
  }
  const files = isPage(path) ? [path] : PICTURE_NAMES.map((name) => join(path, `${name}.svg`));
  const taken = files.find((file) => existsSync(file));
  if (taken !== undefined) throw new CommandError("USAGE", `--svg: ${taken} is there already`);
}

/** Never over a file that is there. */
function draw(path: string, columns: readonly Column[]): void {
  const files = isPage(path)
    ? [{ path, svg: factsSvg(columns) }]
    : factPictures(columns).map(({ name, svg }) => ({ path: join(path, `${name}.svg`), svg }));
  try {
    if (!isPage(path)) mkdirSync(path, { recursive: true });
    for (const file of files) writeFileSync(file.path, file.svg, { flag: "wx" });
    note(`written: ${path}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError("USAGE", `--svg ${path}: ${why}`);
  }
}

function span(text: string): Micros {
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value >= 60 * SECOND && parsed.value <= LONGEST) return parsed.value;
  throw new InvalidArgumentError("A span from 1m to 7d, such as 2h.");
}

const whole =
  (most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value <= most && (value > 0 || most > MOST_SEEDS)) return value;
    throw new InvalidArgumentError(`A whole number from ${most > MOST_SEEDS ? 0 : 1} to ${most}.`);
  };
