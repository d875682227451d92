import { describe, expect, it } from "vitest";
import {
  type CaptureContext,
  type CaptureDecoder,
  type MarketSink,
  type ReadOptions,
  TimeBase,
} from "./capture.ts";
import { type CaptureFormat, decoderFor, formatOf, makesBook, streamOf } from "./formats.ts";
import { HftbacktestCapture } from "./hftbacktest-capture.ts";
import { EVENT_BYTES } from "./hftbacktest-event.ts";
import { FileCounts } from "./read-report.ts";

const TARDIS = "exchange,symbol,timestamp,local_timestamp";
const HEADS: Readonly<Partial<Record<CaptureFormat, string>>> = {
  "tardis-book": `${TARDIS},is_snapshot,side,price,amount`,
  "tardis-trades": `${TARDIS},id,side,price,amount`,
  "tardis-quotes": `${TARDIS},ask_amount,ask_price,bid_price,bid_amount`,
  "bybit-trades": "id,timestamp,price,volume,side",
};

describe("formats", () => {
  it("are told by the first line of a table, to the last column", () => {
    for (const [format, head] of Object.entries(HEADS)) {
      expect(formatOf(head)).toBe(format);
      expect(formatOf(`${head}\r`)).toBe(format);
      expect(formatOf(`${head},more`)).toBeUndefined();
      expect(formatOf(head.slice(0, -1))).toBeUndefined();
    }
  });

  it("belong together where they are streams of one instrument, one of which has the book", () => {
    const group = (format: CaptureFormat): string => streamOf(format).group;
    expect(group("bybit-trades")).toBe(group("bybit-archive"));
    expect(group("tardis-trades")).toBe(group("tardis-book"));
    expect(group("tardis-quotes")).toBe(group("tardis-book"));
    expect(group("bybit-frames")).not.toBe(group("bybit-archive"));
    expect(makesBook(["tardis-trades"])).toBe(false);
    expect(makesBook(["bybit-trades"])).toBe(false);
    expect(makesBook(["tardis-trades", "tardis-quotes"])).toBe(true);
    expect(makesBook(["hftbacktest"])).toBe(true);
  });
});

/** All that a reading gets of one decoder. */
class Session {
  readonly said: string[] = [];
  readonly decoder: CaptureDecoder;
  readonly #context: CaptureContext;

  constructor(format: CaptureFormat, options: ReadOptions, time: TimeBase) {
    const sink: MarketSink = {
      begin: (...row) => this.said.push(`begin ${row.join(" ")}`),
      row: (...row) => this.said.push(`row ${row.join(" ")}`),
      end: (id) => this.said.push(`end ${id}`),
      quote: (quote) => this.said.push(JSON.stringify(quote)),
    };
    const position = { file: "XRPUSDT_2024-12-01.csv", line: 0 };
    this.#context = { options, position, file: new FileCounts(), time, openSink: () => sink };
    this.decoder = decoderFor(format, this.#context);
  }

  take(piece: string | Uint8Array): void {
    this.#context.position.line += 1;
    if (typeof piece === "string") {
      expect(this.decoder.line(piece)).toBeUndefined();
      return;
    }
    const { buffer } = piece.slice();
    const [words, doubles] = [new Uint32Array(buffer), new Float64Array(buffer)];
    const batch = { words, doubles, length: 1, first: this.#context.position.line };
    expect((this.decoder as HftbacktestCapture).take(batch)).toBeUndefined();
  }

  finish(): object {
    const fault = this.decoder.finish();
    return { fault, counts: this.decoder.tracks.map(({ counts }) => counts.plain()) };
  }
}

/** 2020-04-01, microseconds. */
const DAY = 1_585_699_200_000_000;
const at = (millis: number, rest: string): string =>
  `binance-futures,BTCUSDT,${DAY + millis * 1000},${DAY + millis * 1000 + 2000},${rest}`;

function event(ev: number, nanos: number, px: number, qty: number): Uint8Array {
  const bytes = Buffer.alloc(EVENT_BYTES);
  bytes.writeBigUInt64LE(BigInt(ev), 0);
  const time = BigInt(DAY) * 1000n + BigInt(nanos);
  bytes.writeBigInt64LE(time, 8);
  bytes.writeBigInt64LE(time, 16);
  bytes.writeDoubleLE(px, 24);
  bytes.writeDoubleLE(qty, 32);
  return Uint8Array.from(bytes);
}

const FUTURES: ReadOptions = { symbol: "BTCUSDT", kind: "linear" };
const [BID, ASK] = [0xe0000000, 0xd0000000];

const PIECES: readonly (readonly [CaptureFormat, ReadOptions, readonly (string | Uint8Array)[]])[] =
  [
    [
      "tardis-book",
      {},
      [
        HEADS["tardis-book"]!,
        at(1, "false,bid,1,1"),
        at(5, "true,bid,6419,1"),
        at(5, "true,ask,6420,1"),
        at(6, "false,bid,6419,0"),
        at(6, "false,bid,NaN,0"),
        at(6, "false,ask,6421,2"),
        at(9, "true,bid,6400,1"),
        HEADS["tardis-book"]!,
        at(20, "true,bid,6400,1"),
      ],
    ],
    [
      "tardis-trades",
      {},
      [at(1, "a,buy,6419,1"), at(2, "b,unknown,6420,1"), at(2, "a,buy,6419,1"), at(3, ",sell,6,1")],
    ],
    ["tardis-quotes", {}, [at(1, "1,6420,6419,1"), at(2, "1,6421,6419,1"), at(3, ",,6419,1")]],
    [
      "bybit-trades",
      { kind: "linear" },
      [
        "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional",
        ...[3, 3, 2, 1].map(
          (second) => `173301120${second},XRPUSDT,Buy,${second},1.9,x,${second}${second},1,1,1`,
        ),
      ],
    ],
    [
      "hftbacktest",
      FUTURES,
      [
        event(BID + 1, 0, 6418, 1),
        event(BID + 2, 0, 6418, 1),
        event(BID + 3, 1, 6000, 0),
        event(BID + 4, 1, 6418, 1),
        event(BID + 4, 1, 6417, 1),
        event(ASK + 1, 2, 6419, 1),
        event(0xc0000002, 2, 6419, 1),
        event(BID + 3, 3, 6418, 0),
        event(0x40000001 + 0x20000000, 4, 6416, 1),
      ],
    ],
  ];

describe("a reading that was broken off", () => {
  it.each(PIECES)(
    "goes on with %s after any piece as if nothing had been",
    (format, options, all) => {
      const whole = new Session(format, options, new TimeBase());
      for (const piece of all) whole.take(piece);
      const end = whole.finish();
      expect(whole.said.length).toBeGreaterThan(2);
      for (let cut = 0; cut <= all.length; cut++) {
        const time = new TimeBase();
        const first = new Session(format, options, time);
        for (const piece of all.slice(0, cut)) first.take(piece);
        const saved: unknown = structuredClone(first.decoder.save!());
        const second = new Session(format, options, time);
        second.decoder.restore!(saved);
        for (const piece of all.slice(cut)) second.take(piece);
        expect(withoutPlaces(second.finish())).toEqual(withoutPlaces(end));
        expect([...first.said, ...second.said]).toEqual(whole.said);
      }
    },
  );
});

/** A session of its own counts its lines anew. */
const withoutPlaces = (end: object): unknown =>
  JSON.parse(JSON.stringify(end, (key, value: unknown) => (key === "line" ? 0 : value)));
