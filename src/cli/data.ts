/**
 * `arrival data`: what a recording holds, whether it can be trusted, and what it teaches.
 */
import { Command } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import { describeRecording, type RecordingInfo } from "../data/describe.ts";
import { type DataFault, openRecording, type ReadOptions } from "../data/recording.ts";
import { type BookVerification, verifyRecording, type VerifyReport } from "../data/verify.ts";
import { addExport } from "./data-export.ts";
import { addFit } from "./data-fit.ts";
import { addImport } from "./data-import.ts";
import { addQuery } from "./data-query.ts";
import { addResample } from "./data-resample.ts";
import { addSlice } from "./data-slice.ts";
import { addRecord } from "./data-record.ts";
import { contractOption, instrumentOf, instrumentOption } from "./order-options.ts";
import { CommandError, EXIT, print, printJson, progress } from "./output.ts";
import { addVolumeCurve } from "./volume-curve.ts";

interface Flags {
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly instrument?: string;
  readonly json?: boolean;
}

const EXAMPLES_SHOWN = 3;

export function addData(program: Command): void {
  const data = program.command("data").description("look at recorded market data, and check it");
  add(data, "info", "span, counts and rates of one instrument", info);
  add(data, "verify", "gaps, crossed books, time order and more; exit 1 when not clean", verify);
  addImport(data);
  addExport(data);
  addSlice(data);
  addResample(data);
  addQuery(data);
  addRecord(data);
  addVolumeCurve(data);
  addFit(data);
}

function add(
  data: Command,
  name: string,
  description: string,
  run: (paths: readonly string[], options: ReadOptions, json: boolean) => Promise<void>,
): void {
  data.addCommand(
    new Command(name)
      .description(description)
      .argument("<file...>", "one recording, or several that follow each other")
      .option("--symbol <name>", "which instrument, where a recording holds several")
      .addOption(contractOption())
      .addOption(instrumentOption())
      .option("--json", "print one JSON document")
      .action(async (paths: readonly string[], flags: Flags) => {
        const bar = progress("reading", 1, flags.json === true);
        const options: ReadOptions = {
          ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
          ...(flags.contract === undefined ? {} : { kind: flags.contract }),
          ...(flags.instrument === undefined ? {} : { instrument: instrumentOf(flags.instrument) }),
          onProgress: (done, total) => bar.update(total > 0 ? done / total : 1, paths.join(", ")),
        };
        await run(paths, options, flags.json === true).finally(() => bar.stop());
      }),
  );
}

async function info(paths: readonly string[], options: ReadOptions, json: boolean): Promise<void> {
  const read = await openRecording(paths, options);
  if (!read.ok) throw fail(read.error);
  const described = describeRecording(read.value);
  if (json) printJson(described);
  else print(infoText(described));
}

async function verify(
  paths: readonly string[],
  options: ReadOptions,
  json: boolean,
): Promise<void> {
  const verified = await verifyRecording(paths, options);
  if (!verified.ok) throw fail(verified.error);
  process.exitCode = verified.value.clean ? EXIT.done : EXIT.no;
  if (json) printJson(verified.value);
  else print(verifyText(verified.value));
}

const fail = (fault: DataFault): CommandError => new CommandError(fault.code, fault.text);

const count = (value: number): string => value.toLocaleString("en-US");

/** A labelled line; its parts are joined by commas. */
const row = (label: string, ...parts: readonly string[]): string =>
  `  ${label.padEnd(18)}${parts.join(", ")}\n`;

function infoText(it: RecordingInfo): string {
  const { instrument, counts, rates, span, volume } = it;
  const { tickSize, lotSize, minNotional, quote } = instrument;
  const files = it.sources.map(({ name, bytes }) => `${name} (${count(bytes)} bytes)`);
  const perSecond = `${rates.rowsPerSecond.toFixed(0)} rows/s`;
  const trades = `${rates.tradesPerSecond.toFixed(1)} trades/s`;
  return [
    `${instrument.id} · ${it.format}\n`,
    row("files", ...files),
    row("from", span.from),
    row("to", `${span.to} (${span.seconds.toFixed(1)} s)`),
    row("grid", `tick ${tickSize}`, `lot ${lotSize}`, `min notional ${minNotional} ${quote}`),
    row("rows", `${count(counts.rows)} in ${count(counts.messages)} messages`, perSecond),
    row("levels", `${count(counts.bids)} bids`, `${count(counts.asks)} asks`),
    row("snapshots", `${counts.snapshots}`, `${counts.gaps} gaps`),
    row("trades", `${count(counts.tradesBuy)} buys`, `${count(counts.tradesSell)} sells`, trades),
    row("volume", `bought ${volume.bought}`, `sold ${volume.sold}`),
    row("notional", `about ${count(Math.round(volume.notional))} ${quote}`),
    row("mid", `${it.firstMid ?? "unknown"} → ${it.lastMid ?? "unknown"}`),
    row("memory", `${(it.memoryBytes / 1e6).toFixed(1)} MB`),
  ].join("");
}

function verifyText(report: VerifyReport): string {
  const { sources, badLines, truncated, lines, format } = report;
  return [
    `${sources.map((source) => source.name).join(", ")} · ${format}\n`,
    row("lines", count(lines), `${badLines.count} bad`, `${truncated.length} files cut off`),
    ...examples(badLines.examples, "bad", (bad) => bad.reason),
    ...report.books.map(bookText),
    ...report.faults.map((fault) => `FAULT ${fault}\n`),
    report.clean ? "clean\n" : "not clean\n",
  ].join("");
}

function bookText(book: BookVerification): string {
  const { bookTicker, crossed, tradesOffTouch, gaps, timeFalls, longestSilence } = book;
  const compared = `${count(bookTicker.compared)} comparisons`;
  const offTouch = `${tradesOffTouch.count} of ${count(tradesOffTouch.compared)} off the touch`;
  return [
    `${book.instrument}\n`,
    row("book messages", count(book.bookMessages), `${gaps.count} gaps`),
    row("before a snapshot", count(book.unsynchronised.bookMessages)),
    row("duplicates", `${book.duplicates.bookMessages} book`, `${book.duplicates.trades} trades`),
    row("against ticker", `${bookTicker.mismatched} mismatches in ${compared}`),
    row("crossed", `${crossed.count} of ${count(crossed.compared)} books`),
    row("one-sided", `${book.oneSided} books`),
    row("trades", count(book.trades), offTouch),
    row(
      "time falls",
      `exchange ${timeFalls.exchangeBook + timeFalls.exchangeTrades}`,
      `local ${timeFalls.local}`,
    ),
    row(
      "off the grid",
      `${book.offTickPrices.count} prices`,
      `${book.offLotQuantities.count} quantities`,
    ),
    row(
      "longest silence",
      `${(longestSilence.nanos / 1e6).toFixed(1)} ms, ended at ${placeOf(longestSilence)}`,
    ),
    row("clock", `shifted by ${(book.clockShiftNanos / 1e6).toFixed(3)} ms`),
    ...examples(gaps.examples, "gap", () => ""),
    ...examples(crossed.examples, "crossed", (it) => `bid ${it.bid}, ask ${it.ask} ticks`),
    ...examples(
      tradesOffTouch.examples,
      "off the touch",
      (it) => `${it.price}, touch ${it.bid}/${it.ask} ticks`,
    ),
    ...book.notes.map((text) => `    note: ${text}\n`),
    ...book.faults.map((fault) => `  FAULT ${fault}\n`),
  ].join("");
}

interface Place {
  readonly file: string;
  readonly line: number;
}

const placeOf = ({ file, line }: Place): string => `${file}:${line}`;

/** The first few, each with the place where it stands. */
const examples = <Example extends Place>(
  all: readonly Example[],
  what: string,
  text: (example: Example) => string,
): string[] =>
  all
    .slice(0, EXAMPLES_SHOWN)
    .map((example) => `    ${what} at ${placeOf(example)} ${text(example)}`.trimEnd() + "\n");
