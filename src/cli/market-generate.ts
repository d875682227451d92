/**
 * `arrival market generate`: a generated market as event files, one for each symbol, and what
 * happened around it as JSON lines.
 *
 * What must stay true: nothing is written over, and what was not finished does not bear the name of
 * what was asked for.
 */
import { existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Micros, micros, SECOND } from "../core/domain/units.ts";
import { partialOf } from "../data/event-file/writer.ts";
import { formatDuration, parseDuration } from "../runtime/duration.ts";
import { type GeneratedFile, mergedStory, writeGenerated } from "../runtime/generated-file.ts";
import { type GeneratedSpec, SYMBOL } from "../runtime/market-source.ts";
import { GENERATED_START } from "./backtest.ts";
import { generatedKnobs } from "./generated-data.ts";
import {
  breathe,
  CommandError,
  EXIT,
  interruptible,
  print,
  printJson,
  type Progress,
  progress,
} from "./output.ts";

interface Flags {
  readonly output: string;
  readonly data: string;
  readonly over: Micros;
  readonly seed: number;
  readonly symbols?: readonly string[];
  readonly correlation?: number;
  readonly events?: string;
  readonly json?: boolean;
}

const MOST_SYMBOLS = 20;
const LONGEST = 7 * 86_400 * SECOND;
const MOST_SEED = 0xffffffff;

export function addMarketGenerate(market: Command): void {
  const command = new Command("generate")
    .description("writes a generated market as an event file, and its news as JSON lines")
    .requiredOption("-o, --output <file>", "the event file, such as btc.arrival; must not exist")
    .option("--data <market>", 'which market: "generated", or with knobs', "generated")
    .addOption(new Option("--over <span>", "how much of it").argParser(span).default(HOUR, "1h"))
    .option("--seed <n>", "whose luck", seed, 1)
    .option("--symbols <list>", "several markets of one world: BTCUSDT,ETHUSDT,…", symbols)
    .option("--correlation <0..1>", "of the moves of their values [0.7]", fraction)
    .option("--events <file>", "news, funding, liquidations and metaorders, as JSON lines")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `
With several symbols, -o market.arrival writes market.BTCUSDT.arrival, market.ETHUSDT.arrival, …

Examples:
  arrival market generate -o btc.arrival --over 1h --seed 7 --events btc.jsonl
  arrival market generate -o eth.arrival --data generated:symbol=ETHUSDT,scenario=crash.yaml
  arrival market generate -o pair.arrival --symbols BTCUSDT,ETHUSDT --correlation 0.6`,
    )
    .action(generate);
  market.addCommand(command);
}

const HOUR = micros(3_600 * SECOND);

/** A market that is to be written, and where. */
interface Part {
  readonly path: string;
  readonly spec: GeneratedSpec;
}

async function generate(flags: Flags): Promise<void> {
  const parts = partsOf(flags);
  const targets = [
    ...parts.flatMap(({ path }) => [path, partialOf(path)]),
    ...(flags.events === undefined ? [] : [flags.events]),
  ];
  if (new Set(targets).size < targets.length) {
    throw new CommandError(
      "USAGE",
      `--events ${flags.events} is the name of another file of these`,
    );
  }
  const taken = targets.find((path) => existsSync(path));
  if (taken !== undefined) {
    const text = `${taken} exists; nothing is written over: choose another name, or remove it`;
    throw new CommandError("DATA_TAKEN", text);
  }
  if (flags.events !== undefined && !existsSync(dirname(resolve(flags.events)))) {
    const text = `--events ${flags.events}: its folder does not exist`;
    throw new CommandError("DATA_WRITE", text);
  }
  const files: GeneratedFile[] = [];
  await interruptible(async (isInterrupted) => {
    for (const part of parts) {
      const bar = progress(nameOf(part), flags.over, flags.json === true);
      files.push(await write(part, bar, isInterrupted).finally(() => bar.stop()));
    }
  });
  if (flags.events !== undefined) writeEvents(flags.events, files);
  if (flags.json === true) printJson(documentOf(parts, files, flags));
  else print(textOf(parts, files, flags));
}

function partsOf({ output, data, over, seed: of, symbols: names, correlation }: Flags): Part[] {
  const knobs = generatedKnobs([data]);
  if (knobs === undefined) {
    const text = `--data ${data}: this makes markets; recordings are brought in by data import`;
    throw new CommandError("USAGE", text);
  }
  if (correlation !== undefined && knobs.correlation !== undefined) {
    throw new CommandError("USAGE", "--correlation is given twice: --data has it as well");
  }
  if (names !== undefined && knobs.symbol !== undefined) {
    throw new CommandError("USAGE", "--symbols and the symbol of --data exclude each other");
  }
  const spec: GeneratedSpec = {
    kind: "generated",
    seed: of,
    startAt: micros(GENERATED_START),
    duration: over,
    ...knobs,
    ...(correlation === undefined ? {} : { correlation }),
  };
  if (names === undefined) return [{ path: output, spec }];
  if (names.length === 1) return [{ path: output, spec: { ...spec, symbol: names[0]! } }];
  const end = extname(output);
  const stem = output.slice(0, output.length - end.length);
  return names.map((symbol) => ({ path: `${stem}.${symbol}${end}`, spec: { ...spec, symbol } }));
}

const nameOf = ({ path, spec }: Part): string => spec.symbol ?? path;

async function write(
  { path, spec }: Part,
  bar: Progress,
  isInterrupted: () => boolean,
): Promise<GeneratedFile> {
  const started = performance.now();
  const steps = writeGenerated(spec, path);
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      if (step.value.ok) return step.value.value;
      throw new CommandError(step.value.error.code, step.value.error.text);
    }
    const speed = step.value / 1_000 / Math.max(1, performance.now() - started);
    const left = (spec.duration - step.value) / SECOND / Math.max(1e-9, speed);
    bar.update(step.value, `${speed.toFixed(0)} times as fast as time, ${left.toFixed(0)} s left`);
    await breathe();
    if (!isInterrupted()) continue;
    steps.return(undefined as never);
    const text = `stopped; ${partialOf(path)} is readable up to its last whole block`;
    throw new CommandError("DATA_ABORTED", text, EXIT.interrupted);
  }
}

function writeEvents(path: string, files: readonly GeneratedFile[]): void {
  const lines = mergedStory(files).map((event) => `${JSON.stringify(event)}\n`);
  try {
    writeFileSync(path, lines.join(""), { flag: "wx" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError("DATA_WRITE", `--events ${path}: ${why}`);
  }
}

const KINDS = [
  ["news", "news item", "news items"],
  ["funding", "funding settlement", "funding settlements"],
  ["liquidation", "liquidation", "liquidations"],
  ["metaorder", "metaorder", "metaorders"],
] as const;

function countsOf(files: readonly GeneratedFile[]): Readonly<Record<string, number>> {
  const story = mergedStory(files);
  return Object.fromEntries(
    KINDS.map(([kind]) => [kind, story.filter(({ event }) => event === kind).length]),
  );
}

function documentOf(parts: readonly Part[], files: readonly GeneratedFile[], flags: Flags) {
  return {
    files: files.map(({ path, symbol, rows, blocks }, k) => ({
      path,
      symbol,
      rows,
      blocks,
      bytes: statSync(path).size,
      market: parts[k]!.spec,
    })),
    events: { file: flags.events ?? null, counts: countsOf(files) },
  };
}

const counted = (value: number): string => value.toLocaleString("en-US");

function textOf(parts: readonly Part[], files: readonly GeneratedFile[], flags: Flags): string {
  const lines = files.map(({ path, symbol, rows }, k) => {
    const { size } = statSync(path);
    const { seed: of, duration } = parts[k]!.spec;
    const each = rows === 0 ? "" : ` (${(size / rows).toFixed(2)} a row)`;
    return (
      `${path}: ${symbol}, ${formatDuration(duration)}, seed ${of}: ` +
      `${counted(rows)} rows, ${counted(size)} bytes${each}\n`
    );
  });
  const counts = countsOf(files);
  const told = KINDS.map(([kind, one, many]) => {
    const count = counts[kind]!;
    return `${counted(count)} ${count === 1 ? one : many}`;
  });
  const where = flags.events ?? "around it (--events FILE writes them)";
  return `${lines.join("")}${where}: ${told.join(", ")}\n`;
}

function span(text: string): Micros {
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value >= SECOND && parsed.value <= LONGEST) return parsed.value;
  throw new InvalidArgumentError("A span from 1s to 7d, such as 1h.");
}

function seed(text: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value <= MOST_SEED) return value;
  throw new InvalidArgumentError(`A whole number from 0 to ${MOST_SEED}.`);
}

function symbols(text: string): readonly string[] {
  const names = text.split(",");
  const isList = names.length <= MOST_SYMBOLS && new Set(names).size === names.length;
  if (isList && names.every((name) => SYMBOL.test(name))) return names;
  throw new InvalidArgumentError(
    `Up to ${MOST_SYMBOLS} different names of capital letters and digits, joined by commas.`,
  );
}

function fraction(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= 1) return value;
  throw new InvalidArgumentError("A number from 0 to 1.");
}
