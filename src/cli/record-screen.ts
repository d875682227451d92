/**
 * Record screen: what a person sees while a market is recorded, and in the end.
 *
 * On a terminal a table that is drawn over itself, and above it what happened; in a log what
 * happened, and a line a minute; with `--json` lines for a program.
 */
import type {
  RecordingEvent,
  RecordingSummary,
  SymbolStatus,
  SymbolSummary,
} from "../data/recorder/live-recording.ts";
import { print } from "./output.ts";

/** Lines that a venue in trouble may cause in a second; the rest is counted. */
const MOST_EVENTS = 20;
const LOG_EVERY = 60;
/** Lines of the table: a screen has so many. */
const MOST_LINES = 20;

export class RecordScreen {
  readonly #isJson: boolean;
  readonly #isTerminal: boolean;
  #drawn = 0;
  #events = 0;
  #unsaid = 0;
  #seconds = 0;
  #before = new Map<string, number>();

  constructor(isJson: boolean) {
    this.#isJson = isJson;
    this.#isTerminal = !isJson && process.stderr.isTTY === true;
  }

  event(event: RecordingEvent): void {
    const time = new Date().toISOString();
    if (this.#isJson) {
      print(`${JSON.stringify({ type: "event", time, ...event })}\n`);
      return;
    }
    this.#events += 1;
    if (this.#events > MOST_EVENTS) {
      this.#unsaid += 1;
      return;
    }
    const symbol = "symbol" in event && event.symbol !== undefined ? ` ${event.symbol}` : "";
    this.#say(`${time.slice(11, 19)}${symbol} ${wordOf(event)}${event.text}`);
  }

  /** Once a second. */
  status(symbols: readonly SymbolStatus[]): void {
    const rates = symbols.map(({ symbol, rows }) => rows - (this.#before.get(symbol) ?? 0));
    for (const { symbol, rows } of symbols) this.#before.set(symbol, rows);
    if (this.#unsaid > 0) this.#say(`… and ${this.#unsaid} more in this second`);
    this.#events = 0;
    this.#unsaid = 0;
    this.#seconds += 1;
    if (this.#isJson) {
      const time = new Date().toISOString();
      const lines = symbols.map((status, index) => ({ ...status, rowsPerSecond: rates[index] }));
      print(`${JSON.stringify({ type: "status", time, symbols: lines })}\n`);
    } else if (this.#isTerminal) this.#draw(tableOf(symbols, rates));
    else if (this.#seconds % LOG_EVERY === 0) this.#say(totalOf(symbols));
  }

  /** Takes the table away. */
  clear(): void {
    if (this.#drawn > 0) process.stderr.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }

  #say(line: string): void {
    this.clear();
    process.stderr.write(`${line}\n`);
  }

  #draw(lines: readonly string[]): void {
    this.clear();
    const width = process.stderr.columns || 100;
    for (const line of lines) process.stderr.write(`${line.slice(0, width - 1)}\n`);
    this.#drawn = lines.length;
  }
}

function wordOf({ kind }: RecordingEvent): string {
  if (kind === "gap") return "GAP: ";
  return kind === "file" ? "writes " : "";
}

const COLUMNS = [14, 8, 12, 9, 6, 10, 9] as const;

const cells = (values: readonly string[]): string =>
  values.map((value, i) => (i === 0 ? value.padEnd(14) : value.padStart(COLUMNS[i]!))).join(" ");

function tableOf(symbols: readonly SymbolStatus[], rates: readonly number[]): string[] {
  const shown = symbols.slice(0, MOST_LINES).map((status, index) => {
    const { symbol, book, lastPrice, gaps, latencyMs, bytes } = status;
    return cells([
      symbol,
      book === "known" ? "ok" : book === "gapped" ? "GAP" : "waiting",
      lastPrice ?? "-",
      count(rates[index]!),
      String(gaps),
      latencyMs === undefined ? "-" : `${latencyMs.toFixed(1)}`,
      sizeOf(bytes),
    ]);
  });
  const head = cells(["", "book", "last", "rows/s", "gaps", "latency ms", "written"]);
  const rest = symbols.length - shown.length;
  return [head, ...shown, ...(rest > 0 ? [`… ${rest} more; ${totalOf(symbols)}`] : [])];
}

function totalOf(symbols: readonly SymbolStatus[]): string {
  const sum = (of: (status: SymbolStatus) => number): number =>
    symbols.reduce((total, status) => total + of(status), 0);
  const known = symbols.filter(({ book }) => book === "known").length;
  return (
    `${known} of ${symbols.length} books known, ${count(sum(({ rows }) => rows))} rows, ` +
    `${several(
      sum(({ gaps }) => gaps),
      "gap",
    )}, ${sizeOf(sum(({ bytes }) => bytes))}`
  );
}

export function summaryText(summary: RecordingSummary): string {
  const { venue, contract, seconds, frames, badFrames, clock, symbols } = summary;
  const head =
    `${venue} ${contract}: ${spanText(seconds)}, ${count(frames)} frames` +
    `${badFrames > 0 ? ` (${count(badFrames)} unreadable)` : ""}${clockText(clock)}\n`;
  return head + symbols.map(symbolText).join("");
}

const clockText = ({ nanos }: RecordingSummary["clock"]): string =>
  nanos === 0 ? "" : `, our clock moved by ${(nanos / 1e6).toFixed(1)} ms to the venue's`;

const OUTAGES_SHOWN = 5;

function symbolText(symbol: SymbolSummary): string {
  const { rows, trades, gaps, bytes, files, outages } = symbol;
  const unusual = [
    [symbol.tradesMissing, "trades missing"],
    [symbol.duplicates, "duplicates"],
    [symbol.withoutBook, "messages without a book"],
    [symbol.lifted, "received before they happened, by the stamps"],
    [symbol.corrected, "stamped over a minute ahead"],
    [symbol.late, "too late for their place"],
    [symbol.offTick, "prices off the tick"],
  ] as const;
  const lines = [
    `${symbol.symbol}: ${count(rows)} rows, ${count(trades)} trades, ${several(gaps, "gap")}, ` +
      `${sizeOf(bytes)} in ${several(files.length, "file")}`,
    ...unusual.filter(([many]) => many > 0).map(([many, what]) => `  ${count(many)} ${what}`),
    ...outages
      .slice(0, OUTAGES_SHOWN)
      .map(({ from, until }) => `  no book from ${from} to ${until ?? "the end"}`),
    ...(outages.length > OUTAGES_SHOWN ? [`  … ${outages.length - OUTAGES_SHOWN} more`] : []),
    ...files.map((path) => `  ${path}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

const count = (value: number): string => value.toLocaleString("en-US");

const several = (many: number, what: string): string =>
  `${count(many)} ${what}${many === 1 ? "" : "s"}`;

function sizeOf(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function spanText(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
