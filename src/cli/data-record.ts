/**
 * `arrival data record`: a venue's live market into event files, until Ctrl-C.
 *
 * What must stay true: Ctrl-C, a full disk and a lost network all leave files that can be read, and
 * what was missed is said.
 */
import { mkdirSync } from "node:fs";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import { DEFAULT_LEVEL } from "../data/event-file/writer.ts";
import { BYBIT_DEPTHS } from "../data/recorder/bybit-feed.ts";
import { MOST_SYMBOLS } from "../data/recorder/feed.ts";
import {
  LiveRecording,
  RECORDED_VENUES,
  type RecordedVenue,
  type RecordingEnd,
} from "../data/recorder/live-recording.ts";
import type { Rotation } from "../data/recorder/rotation.ts";
import { parseDuration } from "../runtime/duration.ts";
import { CommandError, EXIT, interruptible, note, print } from "./output.ts";
import { RecordScreen, summaryText } from "./record-screen.ts";

interface Flags {
  readonly symbols: readonly string[];
  readonly contract: ContractKind;
  readonly output: string;
  readonly depth?: number;
  readonly rotate?: Rotation;
  readonly for?: number;
  readonly flush?: number;
  readonly level: number;
  readonly host?: string;
  readonly rest?: string;
  readonly json?: boolean;
}

export function addRecord(data: Command): void {
  data.addCommand(
    new Command("record")
      .description("writes a venue's live market into event files, until Ctrl-C")
      .addArgument(new Argument("<venue>", "whose market").choices(RECORDED_VENUES))
      .requiredOption("--symbols <names>", "such as BTCUSDT,ETHUSDT", symbolsOf)
      .addOption(
        new Option("--contract <kind>", "what the symbols are traded as")
          .choices(["spot", "linear", "inverse"])
          .default("linear"),
      )
      .requiredOption("-o, --output <folder>", "where the files go; made if it is not there")
      .addOption(
        new Option("--depth <levels>", "levels a side, Bybit only (Binance sends all) [200]")
          .choices(BYBIT_DEPTHS.map(String))
          .argParser(depthOf),
      )
      .option("--rotate <span|size>", "begin a new file each 1h, or when it has 500MB", rotationOf)
      .option("--for <span>", "stop by itself after this, such as 10m", spanMs)
      .option("--flush <span>", "a crash loses at most about twice this [5s]", spanMs)
      .option("--level <0..19>", "0 = not compressed, else zstd's level", levelOf, DEFAULT_LEVEL)
      .option("--host <url>", "another address for the streams: a proxy, a testnet", socketUrl)
      .option("--rest <url>", "another address for the questions", restUrl)
      .option("--json", "one JSON line a second, one per event, and one in the end")
      .action((venue: RecordedVenue, flags: Flags) => record(venue, flags)),
  );
}

async function record(venue: RecordedVenue, flags: Flags): Promise<void> {
  if (venue !== "bybit" && flags.depth !== undefined) {
    throw new CommandError("USAGE", "--depth is for Bybit; Binance sends the whole book");
  }
  try {
    mkdirSync(flags.output, { recursive: true });
  } catch (error) {
    throw new CommandError("DATA_WRITE", `${flags.output} is no folder to write in: ${error}`);
  }
  const screen = new RecordScreen(flags.json === true);
  const { symbols, contract: kind, depth, host, rest, level, rotate } = flags;
  const flushNanos = Math.min(flags.flush ?? DEFAULT_FLUSH_MS, LONGEST_FLUSH_MS) * 1e6;
  const recording = new LiveRecording({
    venue,
    kind,
    symbols,
    depth,
    host,
    rest,
    level,
    folder: flags.output,
    flushNanos,
    // What is held back for late messages would be lost as well.
    horizonNanos: flushNanos,
    ...(rotate === undefined ? {} : { rotation: rotate }),
    onEvent: (event) => screen.event(event),
  });
  const end = await interruptible((isInterrupted) => run(recording, flags, screen, isInterrupted));
  screen.clear();
  const summary = recording.stop();
  if (flags.json === true) print(`${JSON.stringify({ type: "summary", ...summary })}\n`);
  else print(summaryText(summary));
  if (end.fault === undefined) return;
  throw new CommandError(end.fault.code, end.fault.text, EXIT.no);
}

const DEFAULT_FLUSH_MS = 5000;
const LONGEST_FLUSH_MS = 60_000;
const LOOK_MS = 100;
const STATUS_MS = 1000;

async function run(
  recording: LiveRecording,
  flags: Flags,
  screen: RecordScreen,
  isInterrupted: () => boolean,
): Promise<RecordingEnd> {
  const stopped = new Promise<RecordingEnd>((resolve) => {
    const timer = setInterval(() => {
      if (!isInterrupted()) return;
      clearInterval(timer);
      resolve({});
    }, LOOK_MS);
    timer.unref();
  });
  const started = await Promise.race([recording.start(), stopped]);
  if (!("ok" in started)) return started;
  if (!started.ok) throw new CommandError(started.error.code, started.error.text, EXIT.no);
  if (flags.json !== true) note(`recording ${flags.symbols.join(", ")}; Ctrl-C stops and seals`);
  const status = setInterval(() => screen.status(recording.status()), STATUS_MS);
  let over: NodeJS.Timeout | undefined;
  const span = new Promise<RecordingEnd>((resolve) => {
    if (flags.for !== undefined) over = setTimeout(() => resolve({}), flags.for);
  });
  try {
    return await Promise.race([stopped, span, recording.ended]);
  } finally {
    clearInterval(status);
    clearTimeout(over);
  }
}

function symbolsOf(text: string): string[] {
  const symbols = [...new Set(text.split(",").map((symbol) => symbol.trim().toUpperCase()))];
  const bad = symbols.find((symbol) => !/^[\p{L}\p{N}][\p{L}\p{N}_-]{0,39}$/u.test(symbol));
  if (bad !== undefined) throw new InvalidArgumentError(`"${bad}" is no symbol.`);
  if (symbols.length > MOST_SYMBOLS) {
    throw new InvalidArgumentError(`At most ${MOST_SYMBOLS} symbols; start another run.`);
  }
  return symbols;
}

const depthOf = (text: string): number => {
  const depth = Number(text);
  if (BYBIT_DEPTHS.some((each) => each === depth)) return depth;
  throw new InvalidArgumentError(`Allowed choices are ${BYBIT_DEPTHS.join(", ")}.`);
};

/** Milliseconds that a timer can count. */
const LONGEST_SPAN_MS = 2 ** 31 - 1;

function spanMs(text: string): number {
  const parsed = parseDuration(text);
  const ms = parsed.ok ? parsed.value / 1000 : 0;
  if (ms >= 1 && ms <= LONGEST_SPAN_MS) return ms;
  throw new InvalidArgumentError("It takes a span with its unit, such as 10m; at most 24d.");
}

const SIZES: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9 };
const LEAST_BYTES = 100_000;

function rotationOf(text: string): Rotation {
  const [, digits, unit] = /^(\d{1,9})(KB|MB|GB)$/i.exec(text) ?? [];
  if (digits !== undefined && unit !== undefined) {
    const bytes = Number(digits) * SIZES[unit.toUpperCase()]!;
    if (bytes >= LEAST_BYTES) return { bytes };
    throw new InvalidArgumentError("At least 100KB.");
  }
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value >= 1e6) return { everyNanos: parsed.value * 1000 };
  throw new InvalidArgumentError("It takes a span such as 1h (at least 1s), or a size as 500MB.");
}

function levelOf(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 19) return Number(text);
  throw new InvalidArgumentError("A whole number from 0 to 19.");
}

const socketUrl = (text: string): string => urlOf(text, ["wss:", "ws:"]);
const restUrl = (text: string): string => urlOf(text, ["https:", "http:"]);

function urlOf(text: string, protocols: readonly string[]): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.search === "" && url.hash === "";
  if (isPlain && protocols.includes(url.protocol)) return text.replace(/\/+$/, "");
  throw new InvalidArgumentError(`It takes an address that begins with ${protocols[0]}//.`);
}
