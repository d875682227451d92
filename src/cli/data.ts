/**
 * `arrival data`: what a recording holds, and whether it can be trusted.
 */
import { Command } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import { describeRecording, type RecordingInfo } from "../data/describe.ts";
import { type DataFault, type ReadOptions, readRecording } from "../data/recording.ts";
import { type BookVerification, verifyRecording, type VerifyReport } from "../data/verify.ts";
import { contractOption } from "./order-options.ts";
import { CommandError, EXIT, print, printJson, progress } from "./output.ts";

interface Flags {
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly json?: boolean;
}

const EXAMPLES_SHOWN = 3;

export function addData(program: Command): void {
  const data = program.command("data").description("look at recorded market data, and check it");
  add(data, "info", "span, counts and rates of one instrument", info);
  add(data, "verify", "gaps, crossed books, time order and more; exit 1 when not clean", verify);
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
      .option("--json", "print one JSON document")
      .action(async (paths: readonly string[], flags: Flags) => {
        const bar = progress("reading", 1, flags.json === true);
        const options: ReadOptions = {
          ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
          ...(flags.contract === undefined ? {} : { kind: flags.contract }),
          onProgress: (done, total) => bar.update(total > 0 ? done / total : 1, paths.join(", ")),
        };
        await run(paths, options, flags.json === true).finally(() => bar.stop());
      }),
  );
}

async function info(paths: readonly string[], options: ReadOptions, json: boolean): Promise<void> {
  const read = await readRecording(paths, options);
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
const row = (label: string, value: string): string => `  ${label.padEnd(18)}${value}\n`;

function infoText(it: RecordingInfo): string {
  const { instrument, counts, rates, span, volume } = it;
  return [
    `${instrument.id} · ${it.format}\n`,
    row(
      "files",
      it.sources.map((source) => `${source.name} (${count(source.bytes)} bytes)`).join(", "),
    ),
    row("from", span.from),
    row("to", `${span.to} (${span.seconds.toFixed(1)} s)`),
    row(
      "grid",
      `tick ${instrument.tickSize}, lot ${instrument.lotSize}, min notional ${instrument.minNotional} ${instrument.quote}`,
    ),
    row(
      "rows",
      `${count(counts.rows)} in ${count(counts.messages)} messages (${rates.rowsPerSecond.toFixed(0)} rows/s)`,
    ),
    row(
      "levels",
      `${count(counts.bids)} bids, ${count(counts.asks)} asks, ${counts.snapshots} snapshots, ${counts.gaps} gaps`,
    ),
    row(
      "trades",
      `${count(counts.tradesBuy)} buys, ${count(counts.tradesSell)} sells (${rates.tradesPerSecond.toFixed(1)}/s)`,
    ),
    row(
      "volume",
      `bought ${volume.bought}, sold ${volume.sold}, about ${count(Math.round(volume.notional))} ${instrument.quote}`,
    ),
    row("mid", `${it.firstMid ?? "unknown"} → ${it.lastMid ?? "unknown"}`),
    row("memory", `${(it.memoryBytes / 1e6).toFixed(1)} MB`),
  ].join("");
}

function verifyText(report: VerifyReport): string {
  const parts = [`${report.sources.map((source) => source.name).join(", ")} · ${report.format}\n`];
  parts.push(
    row(
      "lines",
      `${count(report.lines)}, ${report.badLines.count} bad, ${report.truncated.length} files cut off`,
    ),
  );
  for (const bad of report.badLines.examples.slice(0, EXAMPLES_SHOWN)) {
    parts.push(`    ${bad.file}:${bad.line} ${bad.reason}\n`);
  }
  for (const book of report.books) parts.push(bookText(book));
  for (const fault of report.faults) parts.push(`FAULT ${fault}\n`);
  parts.push(report.clean ? "clean\n" : "not clean\n");
  return parts.join("");
}

function bookText(book: BookVerification): string {
  const { bookTicker, crossed, tradesOffTouch, gaps, timeFalls, unsynchronised } = book;
  const parts = [
    `${book.instrument}\n`,
    row(
      "book messages",
      `${count(book.bookMessages)} (${count(unsynchronised.bookMessages)} before a snapshot), ${gaps.count} gaps, ${book.duplicates.bookMessages} duplicates`,
    ),
    row(
      "against ticker",
      `${bookTicker.mismatched} mismatches in ${count(bookTicker.compared)} comparisons`,
    ),
    row(
      "crossed",
      `${crossed.count} of ${count(crossed.compared)} books; one-sided ${book.oneSided}`,
    ),
    row(
      "trades",
      `${count(book.trades)}; off the touch ${tradesOffTouch.count} of ${count(tradesOffTouch.compared)}`,
    ),
    row(
      "time falls",
      `exchange ${timeFalls.exchangeBook + timeFalls.exchangeTrades}, local ${timeFalls.local}`,
    ),
    row(
      "off the grid",
      `${book.offTickPrices.count} prices, ${book.offLotQuantities.count} quantities`,
    ),
    row(
      "longest silence",
      `${(book.longestSilence.nanos / 1e6).toFixed(1)} ms, ended at ${book.longestSilence.file}:${book.longestSilence.line}`,
    ),
    row("clock", `shifted by ${(book.clockShiftNanos / 1e6).toFixed(3)} ms`),
  ];
  for (const gap of gaps.examples.slice(0, EXAMPLES_SHOWN)) {
    parts.push(`    gap at ${gap.file}:${gap.line}\n`);
  }
  for (const it of crossed.examples.slice(0, EXAMPLES_SHOWN)) {
    parts.push(`    crossed at ${it.file}:${it.line}: bid ${it.bid}, ask ${it.ask} ticks\n`);
  }
  for (const it of tradesOffTouch.examples.slice(0, EXAMPLES_SHOWN)) {
    parts.push(
      `    off the touch at ${it.file}:${it.line}: ${it.price}, touch ${it.bid}/${it.ask} ticks\n`,
    );
  }
  for (const text of book.notes) parts.push(`    note: ${text}\n`);
  for (const fault of book.faults) parts.push(`  FAULT ${fault}\n`);
  return parts.join("");
}
