import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { BinanceCapture } from "./binance-capture.ts";
import { BybitArchive } from "./bybit-capture.ts";
import { type CaptureContext, type CaptureDecoder, Levels, TimeBase } from "./capture.ts";
import { BinanceFrameScanner, BybitBookScanner } from "./frame-scanner.ts";
import { knownInstrument } from "./known-instruments.ts";
import { FileCounts } from "./read-report.ts";

const START = 1_723_161_600_000;

/** All that a decoder makes of lines: messages, rows, quotes and counts. */
function made(decoderOf: (context: CaptureContext) => CaptureDecoder, lines: readonly string[]) {
  const out: unknown[] = [];
  const context: CaptureContext = {
    options: {},
    position: { file: "", line: 0 },
    file: new FileCounts(),
    time: new TimeBase(),
    openSink: () => ({
      begin: (...message) => out.push(message),
      row: (...row) => out.push(row),
      end: (id) => out.push(id),
      quote: (quote) => out.push({ ...quote }),
    }),
  };
  const decoder = decoderOf(context);
  for (const text of lines) {
    context.position.line += 1;
    const fault = decoder.line(text);
    if (fault !== undefined) out.push(fault.code);
  }
  const { streams, badLines, otherInstruments } = context.file;
  // Not the text of the bad lines, which differs by the blank that keeps the scanner away.
  const places = badLines.examples.map(({ line, reason }) => `${line} ${reason}`);
  const file = [...streams, otherInstruments, badLines.count, places];
  const counts = decoder.tracks.map((track) => JSON.stringify(track.counts.plain()));
  return { out, file, counts };
}

/** The same lines with a blank, of which JSON thinks nothing and the scanner does not approve. */
const untrusted = (lines: readonly string[]): string[] =>
  lines.map((line, index) => (index < 2 ? line : line.replace("{", "{ ")));

const binanceOf = (context: CaptureContext): CaptureDecoder => new BinanceCapture(context);
const archiveOf = (context: CaptureContext): CaptureDecoder => new BybitArchive(context);

function binance(messages: number): string[] {
  const lines: string[] = [];
  const line = (millis: number, json: object): void => {
    lines.push(`${START + millis}000000 ${JSON.stringify(json)}`);
  };
  const s = "BTCUSDT";
  for (let id = 1; id <= messages; id++) {
    const T = START + id * 20;
    const b = [
      ["61800.10", `${id}.250`],
      ["61799.0", "0"],
    ].slice(id % 3);
    const a = [["61800.2", "1.5"]];
    const data = { e: "depthUpdate", E: T, T, s, U: id, u: id, pu: id - 1, b, a };
    line(id * 20 + 5, { stream: "btcusdt@depth@0ms", data });
    if (id === 1) line(6, { lastUpdateId: 1, bids: b, asks: a });
    const trade = { e: "trade", E: T, T, s, t: id, p: "61800.10", q: "0.010", X: "MARKET" };
    line(id * 20 + 7, { stream: "btcusdt@trade", data: { ...trade, m: id % 2 === 0 } });
    const ticker = { e: "bookTicker", u: id, s, b: "61800.10", B: "2.5", a: "61800.20", A: "1" };
    line(id * 20 + 8, { stream: "btcusdt@bookTicker", data: { ...ticker, T, E: T } });
  }
  return lines;
}

function archive(messages: number): string[] {
  return Array.from({ length: messages }, (_, index) => {
    const [u, ts] = [index + 1, START + index * 10];
    const b = [
      ["0.5210", String(u)],
      ["0.5209", "0"],
    ].slice(u % 3);
    const data = { s: "XRPUSDT", b, a: [["0.5212", "70"]], u, seq: 9_000_000 + u };
    const type = u === 1 ? "snapshot" : "delta";
    return JSON.stringify({ topic: "orderbook.500.XRPUSDT", type, ts, data, cts: ts - 3 });
  });
}

/** What damage looks like that leaves most of a line as it was. */
interface Mutation {
  readonly line: number;
  readonly at: number;
  readonly cut: number;
  readonly text: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  line: fc.nat(60),
  at: fc.nat(400),
  cut: fc.nat(3),
  text: fc.oneof(
    fc.constantFrom(...'0123456789.,:"[]{}-eE \\'),
    fc.constantFrom('"T":1,', '"b":[],', "null", "true", "1e3", "00", "0.0001", '"u":5,', "\u00e9"),
    fc.constantFrom('["61800.15","1"],', '["61800.10","0.0005"],', '["1",2],', "[]", '{"x":1}'),
    fc.string({ maxLength: 3 }),
  ),
});

function mutate(lines: readonly string[], mutations: readonly Mutation[]) {
  const out = [...lines];
  for (const { line, at, cut, text } of mutations) {
    const index = 2 + (line % (out.length - 2));
    const whole = out[index]!;
    const from = at % (whole.length + 1);
    out[index] = whole.slice(0, from) + text + whole.slice(from + cut);
  }
  return out;
}

const USDM = knownInstrument("binance", "linear", "BTCUSDT")!;
const XRP = knownInstrument("bybit", "linear", "XRPUSDT")!;

describe("frame scanner", () => {
  it("trusts what venues write: nearly every line is read by it", () => {
    const scanner = new BinanceFrameScanner(USDM, "BTCUSDT");
    const lines = binance(4).filter((line) => !line.includes("lastUpdateId"));
    expect(lines.filter((line) => !scanner.scan(line, line.indexOf(" ") + 1))).toEqual([]);
    const books = new BybitBookScanner(XRP, "orderbook.500.XRPUSDT", new Levels(), new Levels());
    expect(archive(4).filter((line) => !books.scan(line))).toEqual([]);
  });

  it.each([
    ["Binance", binance(20), binanceOf],
    ["a Bybit archive", archive(40), archiveOf],
  ])("says of %s what JSON says, whatever becomes of the lines", (_, lines, decoderOf) => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const damaged = mutate(lines, mutations);
        expect(made(decoderOf, damaged)).toEqual(made(decoderOf, untrusted(damaged)));
      }),
      { numRuns: 700 },
    );
  });

  it("leaves to JSON what is not exactly of its shape", () => {
    const scanner = new BinanceFrameScanner(USDM, "BTCUSDT");
    const frame = binance(1)[2]!.slice(20);
    expect(scanner.scan(frame, 0)).toBe(true);
    expect(scanner).toMatchObject({ kind: "trade", id: 1, price: 618_001, quantity: 10 });
    for (const other of [
      frame.replace("BTCUSDT", "ETHUSDT"),
      frame.replace('"t":1', '"t":1,"t":2'),
      frame.replace('"t":1', '"t":01'),
      frame.replace('"t":1', '"t":1.5'),
      frame.replace("61800.10", "61800.15"),
      frame.replace("61800.10", "0.00"),
      frame.replace("0.010", "0.0105"),
      frame.replace("0.010", "-0.010"),
      frame.replace("MARKET", "MARK\\u0045T"),
      `${frame} `,
      frame.slice(0, -1),
      ` ${frame}`,
    ]) {
      expect(scanner.scan(other, 0), other).toBe(false);
    }
  });
});

const DATA = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

describe("frame scanner on true recordings", () => {
  const binanceFiles = [
    "usdm_btcusdt_20240808",
    "cm_btcusd_perp_20240808",
    "spot_btcusdt_20240808",
  ];

  it.runIf(existsSync(DATA)).each(binanceFiles)(
    "says what JSON says: Binance %s",
    (name) => {
      const bytes = readFileSync(`${DATA}binance-hftbacktest/${name}.gz`);
      const lines = gunzipSync(bytes).toString().trimEnd().split("\n").slice(0, 15_000);
      expect(made(binanceOf, lines)).toEqual(made(binanceOf, untrusted(lines)));
    },
    60_000,
  );

  it.runIf(existsSync(DATA))("says what JSON says: a Bybit archive", () => {
    const path = `${DATA}bybit-ws-cryptofeed/nautilus_2024-12-01_XRPUSDT_ob500.data.zip`;
    const [member] = Object.values(unzipSync(readFileSync(path)));
    const lines = strFromU8(member!).trimEnd().split("\n");
    const books = new BybitBookScanner(XRP, "orderbook.500.XRPUSDT", new Levels(), new Levels());
    expect(lines.filter((line) => !books.scan(line))).toEqual([]);
    expect(made(archiveOf, lines)).toEqual(made(archiveOf, untrusted(lines)));
  });
});
