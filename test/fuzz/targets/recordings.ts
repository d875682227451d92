/**
 * Recordings: public market data, as venues stream it, publish it and as others have stored it.
 *
 * Each input is one file, read by the decoder that its lines call for. Two things are held against
 * it: what core/market/columns.ts promises of rows, and, where a line is read by a scanner, what the
 * ordinary JSON parser makes of the same line with a blank in it that the scanner does not take.
 */
import type { Instrument } from "../../../src/core/domain/instrument.ts";
import type { MarketBlock } from "../../../src/core/market/columns.ts";
import type { MarketSink } from "../../../src/data/capture.ts";
import type { DataFault } from "../../../src/data/fault.ts";
import type { StreamCounts } from "../../../src/data/read-report.ts";
import { expectThat, type OpenTarget, type Target, valueOf } from "../target.ts";
import { frameSeeds, missingFrames, missingTables, tableSeeds } from "./recording-seeds.ts";

/** Before a line that names a file or a member of an archive, as LOBSTER's names carry meaning. */
export const PART = "> ";

const MOST_TICK = 0x7ffffffe;

/** What rows must be, whoever made them. */
class RowWitness {
  readonly rows: string[] = [];
  #venueTime = Number.NEGATIVE_INFINITY;
  #engineTime = Number.NEGATIVE_INFINITY;
  #isOpen = false;

  take({ exchangeTime, localTime, kind, price, quantity, length }: MarketBlock): void {
    for (let row = 0; row < length; row++) {
      const [exchange, local] = [exchangeTime[row]!, localTime[row]!];
      const [ticks, lots] = [price[row]!, quantity[row]!];
      const flags = kind[row]!;
      const what = flags & 7;
      const text = `${exchange} ${local} ${flags} ${ticks} ${lots}`;
      const isTimed = Number.isSafeInteger(exchange) && Number.isSafeInteger(local);
      expectThat(isTimed && what <= 5, () => `row ${text}: no time or no kind`);
      const isForVenue = (flags & 16) === 0;
      const isForEngine = (flags & 32) === 0;
      expectThat(!isForVenue || exchange >= this.#venueTime, () => `row ${text}: falls`);
      expectThat(
        !isForEngine || local >= this.#engineTime,
        () => `row ${text}: falls by our clock`,
      );
      if (isForVenue) this.#venueTime = exchange;
      if (isForEngine) this.#engineTime = local;
      const isPriced = what > 3 || (ticks >= 1 && ticks <= MOST_TICK);
      expectThat(isPriced, () => `row ${text}: no price`);
      const isTrade = what === 2 || what === 3;
      const isSized = Number.isSafeInteger(lots) && lots >= (isTrade ? 1 : 0);
      expectThat(isSized, () => `row ${text}: no quantity`);
      this.#isOpen = (flags & 8) === 0;
      this.rows.push(text);
    }
    expectThat(!this.#isOpen, () => "a block ends inside a message");
  }
}

/** Holds a sink's callers to begin, rows, end. */
function strict(sink: MarketSink): MarketSink {
  let isOpen = false;
  let rows = 0;
  return {
    begin(stream, exchangeTime, localTime) {
      expectThat(!isOpen, () => "a message begins inside another");
      isOpen = true;
      rows = 0;
      sink.begin(stream, exchangeTime, localTime);
    },
    row(kind, price, quantity) {
      expectThat(isOpen, () => "a row outside a message");
      rows += 1;
      sink.row(kind, price, quantity);
    },
    end(id) {
      expectThat(isOpen && Number.isFinite(id), () => `a message ends by ${id}, open: ${isOpen}`);
      isOpen = false;
      sink.end(id);
    },
    quote(quote) {
      const { bid, ask, bidSize, askSize } = quote;
      const isSound = [bid, ask, bidSize, askSize].every((one) => Number.isSafeInteger(one));
      expectThat(!isOpen && isSound && rows >= 0, () => `a quote of ${bid} and ${ask}`);
      sink.quote(quote);
    },
  };
}

interface Parts {
  readonly formats: typeof import("../../../src/data/formats.ts");
  readonly capture: typeof import("../../../src/data/capture.ts");
  readonly reports: typeof import("../../../src/data/read-report.ts");
  readonly orderer: typeof import("../../../src/data/message-orderer.ts");
  readonly lobster: typeof import("../../../src/data/lobster-capture.ts");
}

interface Read {
  readonly rows: readonly string[];
  readonly fault: DataFault | undefined;
}

const HORIZON_NANOS = 60e9;

function read(parts: Parts, lines: readonly string[], withBlanks: boolean): Read {
  const { formats, capture, reports, orderer, lobster } = parts;
  const format = lines.some((line) => line.startsWith(PART) && lobster.isLobsterName(line.slice(2)))
    ? "lobster"
    : firstOf(lines, (line) => formats.formatOf(line));
  if (format === undefined) return { rows: [], fault: undefined };
  const tracks: { readonly witness: RowWitness; readonly flush: () => void }[] = [];
  const openSink = (instrument: Instrument, counts: StreamCounts): MarketSink => {
    expectThat(instrument.tickSize.mantissa > 0n, () => `a grid of nothing: ${instrument.symbol}`);
    const witness = new RowWitness();
    const made = new orderer.MessageOrderer({
      counts,
      horizonNanos: HORIZON_NANOS,
      onBlock: (block) => witness.take(block),
    });
    tracks.push({ witness, flush: () => made.flush() });
    return strict({
      begin: (stream, exchangeTime, localTime) => made.begin(stream, exchangeTime, localTime),
      row: (kind, price, quantity) => made.row(kind, price, quantity),
      end: () => made.end(),
      quote: () => undefined,
    });
  };
  const position = { file: "fuzz", line: 0 };
  const file = new reports.FileCounts();
  const time = new capture.TimeBase();
  const decoder = formats.decoderFor(format, { options: {}, position, file, time, openSink });
  let fault: DataFault | undefined;
  for (const line of lines) {
    position.line += 1;
    if (line.startsWith(PART)) fault = decoder.part?.(line.slice(2));
    else if (line !== "") fault = decoder.line(withBlanks ? blanked(line) : line);
    if (fault !== undefined) break;
  }
  fault ??= decoder.finish();
  for (const track of tracks) track.flush();
  if (fault !== undefined) valueOf({ ok: false, error: fault });
  const rows = tracks.flatMap(({ witness }, at) => [`track ${at}`].concat(witness.rows));
  return { rows, fault };
}

function firstOf<From, To>(list: readonly From[], find: (from: From) => To | undefined) {
  for (const each of list) {
    const found = find(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The same JSON, as no scanner takes it. */
const blanked = (line: string): string => line.replace("{", "{ ");

async function open(seeds: readonly string[], missing: readonly string[]): Promise<OpenTarget> {
  const parts: Parts = {
    formats: await import("../../../src/data/formats.ts"),
    capture: await import("../../../src/data/capture.ts"),
    reports: await import("../../../src/data/read-report.ts"),
    orderer: await import("../../../src/data/message-orderer.ts"),
    lobster: await import("../../../src/data/lobster-capture.ts"),
  };
  return {
    seeds,
    missing,
    run: (input) => {
      const lines = input.split("\n");
      const { rows } = read(parts, lines, false);
      const isScanned = lines.some(
        (line) => line.includes('{"stream":') || line.startsWith('{"topic":'),
      );
      if (!isScanned) return;
      const slow = read(parts, lines, true);
      const at = rows.findIndex((row, index) => row !== slow.rows[index]);
      expectThat(at < 0 && rows.length === slow.rows.length, () => {
        return `row ${at} of ${rows.length} is "${rows[at]}" scanned and "${slow.rows[at]}" parsed`;
      });
    },
  };
}

export const publicFrames: Target = {
  name: "public-frames",
  about: "order books and trades of Bybit and Binance, as streamed and as archived",
  kind: "lines",
  words: [
    ..."topic type ts cts data u seq b a s snapshot delta stream depthUpdate lastUpdateId".split(
      " ",
    ),
    ..."orderbook.50.BTCUSDT publicTrade.BTCUSDT BTCUSDT Buy Sell U pu E T p q X m RPI BT".split(
      " ",
    ),
    ..."recv connect http conn addr url tickSize qtyStep list symbol".split(" "),
  ],
  share: 0.13,
  budgetMs: 250,
  open: async () => open(await frameSeeds(), missingFrames()),
};

export const tables: Target = {
  name: "tables",
  about: "tables of order books and trades: LOBSTER, Coinbase, Bitstamp, Tardis, Bybit",
  kind: "lines",
  words: "bid ask buy sell true false created changed deleted snapshot l2update match".split(" "),
  share: 0.06,
  budgetMs: 250,
  open: async () => open(await tableSeeds(), missingTables()),
};
