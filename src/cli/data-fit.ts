/**
 * `arrival data fit`: a generated market fitted to a recording, and how like it that market is.
 *
 * What must stay true: the table compares the recording with markets of seeds that the fit has
 * never seen, and a moment that is no better than the default market's is said not to be.
 */
import { existsSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { instrumentId } from "../core/domain/instrument.ts";
import { micros } from "../core/domain/units.ts";
import type { OpenRecording } from "../data/recording.ts";
import { fitMarket, type MarketFit } from "../runtime/market-fit/fit-market.ts";
import { type FitOrigin, marketFileText, marketOf } from "../runtime/market-fit/market-file.ts";
import { parametersOf } from "../runtime/market-fit/parameters.ts";
import {
  measureRecording,
  type MeasuredRecording,
} from "../runtime/market-fit/recording-measure.ts";
import { GENERATED_START } from "./backtest.ts";
import { fitPage } from "./data-fit-page.ts";
import { fitSvg } from "./data-fit-picture.ts";
import {
  breathe,
  CommandError,
  hasColour,
  interruptible,
  note,
  print,
  printJson,
  progress,
} from "./output.ts";
import { openWithBar, type RecordingFlags, recordingOptions, stopped } from "./recording-input.ts";

interface Flags extends RecordingFlags {
  readonly data: readonly string[];
  readonly seed: number;
  readonly svg?: string;
  readonly output?: string;
}

const HELP = `
What can be read off the recording is measured; the rest is fitted to it by making markets again
and again; what it cannot tell is left as the default has it. The table compares with markets that
were held out of the fit. The clock of a fitted market has no hours: its every minute is like the
recording's.

Examples:
  arrival data fit --data usdm_btcusdt_20240808.gz -o btc.json
  arrival data fit --data BYBIT.jsonl.zst --symbol BTCUSDT --contract linear --svg fit.svg
  arrival backtest --data generated:profile=btc.json --side buy --quantity 5 --over 5m`;

export function addFit(data: Command): void {
  const command = new Command("fit")
    .description("fit the generated market to a recording, and say how like it is")
    .requiredOption("--data <file...>", "one recording, or several that follow each other");
  recordingOptions(command)
    .option("-o, --output <file>", "write the market: --data generated:profile=FILE makes it")
    .option("--seed <n>", "of the markets that are made", seedOf, 1)
    .option("--svg <file>", "draw the fitted and the default market against the recording")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action(fit);
  data.addCommand(command);
}

async function fit(flags: Flags): Promise<void> {
  for (const path of [flags.output, flags.svg]) refuseOverwriting(path);
  await interruptible(async (isInterrupted) => {
    const recording = await openWithBar(flags.data, flags, isInterrupted);
    const measured = await measure(recording, flags, isInterrupted);
    const made = await fitted(measured, flags, isInterrupted);
    const origin = originOf(recording, flags, made);
    if (flags.json === true) printJson(documentOf(made, origin, flags));
    else print(fitPage(made, origin.label, hasColour(), process.stdout.columns ?? 110));
    if (flags.output !== undefined) write("--output", flags.output, marketFileText(made, origin));
    if (flags.svg !== undefined) write("--svg", flags.svg, fitSvg(made, origin.label));
  });
}

async function measure(
  { header, blocks, from, until }: OpenRecording,
  flags: Flags,
  isInterrupted: () => boolean,
): Promise<MeasuredRecording> {
  const seconds = Math.max(1, (until - from) / 1e9);
  const bar = progress("measuring", 2 * seconds, flags.json === true);
  const pass = measureRecording({ header, blocks });
  try {
    let before = 0;
    let whole = 0;
    let step = pass.next();
    for (; step.done !== true; step = pass.next()) {
      // The second pass begins at the beginning.
      if (step.value < before) whole = seconds;
      before = step.value;
      bar.update(whole + step.value, `${Math.round(step.value)} of ${Math.round(seconds)} s`);
      await breathe();
      if (isInterrupted()) throw stopped();
    }
    if (step.value.ok) return step.value.value;
    throw new CommandError(step.value.error.code, step.value.error.text);
  } finally {
    bar.stop();
  }
}

async function fitted(
  measured: MeasuredRecording,
  flags: Flags,
  isInterrupted: () => boolean,
): Promise<MarketFit> {
  const bar = progress("fitting", 1, flags.json === true);
  const pass = fitMarket({ ...measured, seed: flags.seed, startAt: micros(GENERATED_START) });
  try {
    let step = pass.next();
    for (; step.done !== true; step = pass.next()) {
      bar.update(step.value.done, step.value.text);
      await breathe();
      if (isInterrupted()) throw stopped();
    }
    return step.value;
  } finally {
    bar.stop();
  }
}

function originOf(recording: OpenRecording, flags: Flags, { recorded }: MarketFit): FitOrigin {
  const names = flags.data.map((path) => basename(path)).join(", ");
  return {
    label: `${instrumentId(recording.header.instrument)} (${names})`,
    seconds: recorded.seconds,
    sources: recording.sources.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
  };
}

function documentOf(made: MarketFit, origin: FitOrigin, { seed }: Flags) {
  const { rows, best, rounds, fitSeeds, heldOutSeeds, madeSeconds, look } = made;
  return {
    origin,
    seed,
    reachBps: look.reachBps,
    madeSeconds,
    rounds,
    best,
    fitSeeds,
    heldOutSeeds,
    moments: rows,
    parameters: parametersOf(made),
    market: marketOf(made),
  };
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

function seedOf(text: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value <= 0xffff_ffff) return value;
  throw new InvalidArgumentError("A whole number from 0 to 4294967295.");
}
