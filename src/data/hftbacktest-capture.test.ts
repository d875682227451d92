import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { Kind, KIND_MASK, LAST, OFF_BOOK, VENUE_ONLY } from "../core/market/columns.ts";
import { encodeArrayHeader, EVENT_BYTES } from "./hftbacktest-event.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";
import { verifyRecording } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-hftbacktest-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The words of hftbacktest.types, written out: a slip in our own would show. */
const [DEPTH, TRADE, CLEAR, SNAPSHOT] = [1n, 2n, 3n, 4n];
const [EXCH, LOCAL, BUY, SELL] = [1n << 31n, 1n << 30n, 1n << 29n, 1n << 28n];
const BOTH = EXCH | LOCAL;

/** 2024-08-08 23:54:16 UTC. */
const START = 1_723_161_256n * 1_000_000_000n;
const FUTURES: ReadOptions = { symbol: "BTCUSDT", kind: "linear" };

interface Row {
  readonly ev: bigint;
  /** Nanoseconds after the start. */
  readonly exch?: bigint;
  readonly local?: bigint;
  readonly px?: number;
  readonly qty?: number;
  readonly ival?: bigint;
}

function bytesOf(rows: readonly Row[]): Buffer {
  const bytes = Buffer.alloc(rows.length * EVENT_BYTES);
  for (const [
    index,
    { ev, exch = 0n, local = exch, px = 0, qty = 0, ival = 0n },
  ] of rows.entries()) {
    const at = index * EVENT_BYTES;
    bytes.writeBigUInt64LE(ev, at);
    bytes.writeBigInt64LE(START + exch, at + 8);
    bytes.writeBigInt64LE(START + local, at + 16);
    bytes.writeDoubleLE(px, at + 24);
    bytes.writeDoubleLE(qty, at + 32);
    bytes.writeBigInt64LE(ival, at + 48);
  }
  return bytes;
}
const array = (rows: readonly Row[]): Buffer =>
  Buffer.concat([encodeArrayHeader(rows.length), bytesOf(rows)]);

let files = 0;
function file(bytes: Uint8Array, name = `events-${files}.npz`): string {
  files += 1;
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
const npz = (rows: readonly Row[], level: 0 | 6 = 6): string =>
  file(zipSync({ "data.npy": array(rows) }, { level }));

async function recorded(paths: readonly string[], options = FUTURES): Promise<Recording> {
  const result = await readRecording(paths, options);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

async function refusal(path: string, options = FUTURES): Promise<string> {
  const result = await readRecording([path], options);
  if (result.ok) throw new Error("it was read");
  return `${result.error.code} ${result.error.text}`;
}

const NAMES = ["bid", "ask", "buy", "sell", "CLEAR", "GAP"];

function rowsOf({ blocks }: Recording): string[] {
  const rows: string[] = [];
  for (const block of blocks) {
    for (let index = 0; index < block.length; index++) {
      const kind = block.kind[index]!;
      if (kind & VENUE_ONLY) continue;
      const name = NAMES[kind & KIND_MASK]!;
      const bare = (kind & KIND_MASK) >= Kind.CLEAR;
      const off = kind & OFF_BOOK ? " off-book" : "";
      const what = bare ? name : `${name} ${block.price[index]} x ${block.quantity[index]}${off}`;
      rows.push(kind & LAST ? `${what}.` : what);
    }
  }
  return rows;
}

const level = (kind: bigint, side: bigint, exch: bigint, px: number, qty: number): Row => ({
  ev: kind | side | BOTH,
  exch,
  px,
  qty,
});
/** As hftbacktest's converter for Binance writes a snapshot: side by side, each cleared first. */
const FIRST: readonly Row[] = [
  { ev: CLEAR | BUY | BOTH, px: 58_000 },
  level(SNAPSHOT, BUY, 0n, 61_800.2, 2.909),
  level(SNAPSHOT, BUY, 0n, 58_000, 1),
  { ev: CLEAR | SELL | BOTH, px: 65_000 },
  level(SNAPSHOT, SELL, 0n, 61_800.3, 0.5),
  level(SNAPSHOT, SELL, 0n, 65_000, 7),
];
const FIRST_ROWS = [
  "CLEAR",
  "bid 618002 x 2909",
  "bid 580000 x 1000",
  "ask 618003 x 500",
  "ask 650000 x 7000.",
];

describe("hftbacktest events", () => {
  it("are messages by their times, and each trade is one", async () => {
    const rows = [
      ...FIRST,
      { ...level(DEPTH, BUY, 5_000_000n, 61_800.1, 3), local: 9_000_001n },
      { ...level(DEPTH, SELL, 5_000_000n, 61_800.3, 0), local: 9_000_001n },
      { ...level(TRADE, BUY, 5_000_000n, 61_800.3, 0.5), local: 9_000_001n },
      { ...level(TRADE, SELL, 6_000_000n, 61_800.1, 0.002), local: 9_000_002n },
    ];
    for (const path of [npz(rows), npz(rows, 0), file(array(rows), "events.npy")]) {
      const recording = await recorded([path]);
      expect(recording.format).toBe("hftbacktest");
      expect(rowsOf(recording)).toEqual([
        ...FIRST_ROWS,
        "bid 618001 x 3000",
        "ask 618003 x 0.",
        "buy 618003 x 500.",
        "sell 618001 x 2.",
      ]);
      expect(recording.header.epochNanos).toBe(START);
      expect([...recording.blocks[0]!.localTime].slice(-2)).toEqual([9_000_001, 9_000_002]);
      expect(recording.report).toMatchObject({ clockShiftNanos: 0, trades: 2, lines: rows.length });
    }
  });

  it("seen by one side alone are doubled in the file, and stand once among the facts", async () => {
    const early = { ...level(DEPTH, BUY, 4_000_000n, 61_800, 1), local: 9_000_000n };
    const trade = { ...level(TRADE, BUY, 5_000_000n, 61_800.3, 0.5), local: 8_000_000n };
    const rows = [
      ...FIRST,
      { ...early, ev: early.ev & ~LOCAL },
      trade,
      { ...early, ev: early.ev & ~EXCH },
    ];
    const recording = await recorded([npz(rows)]);
    expect(rowsOf(recording).slice(5)).toEqual(["buy 618003 x 500.", "bid 618000 x 1000."]);
    expect(recording.report).toMatchObject({ doubledRows: 1, notes: [] });
    const lacking = await recorded([npz([...FIRST, { ...early, ev: early.ev & ~LOCAL }])]);
    expect(lacking.report.notes[0]).toMatch(
      /1 rows are for the exchange alone and 0 for the local/,
    );
  });

  it("clear a side as far as a snapshot reaches, and keep what lies beyond", async () => {
    const recording = await recorded([
      npz([
        ...FIRST,
        level(DEPTH, BUY, 1n, 57_000, 4),
        { ev: CLEAR | BUY | BOTH, exch: 2n, px: 58_000 },
        level(SNAPSHOT, BUY, 2n, 61_000, 1),
        { ev: CLEAR | SELL | BOTH, exch: 3n, px: Number.NaN },
        { ev: CLEAR | BOTH, exch: 4n },
      ]),
    ]);
    expect(rowsOf(recording).slice(6)).toEqual([
      "bid 618002 x 0",
      "bid 580000 x 0",
      "bid 610000 x 1000.",
      "ask 618003 x 0",
      "ask 650000 x 0.",
      "CLEAR.",
    ]);
  });

  it("before the first snapshot are dropped; where there is none, the book begins empty", async () => {
    const before = [level(DEPTH, BUY, 0n, 61_000, 1), level(TRADE, BUY, 0n, 61_001, 1)];
    const later = FIRST.map((row) => ({ ...row, exch: 5n }));
    const known = await recorded([npz([...before, ...later])]);
    expect(rowsOf(known)).toEqual(FIRST_ROWS);
    expect(known.report.unsynchronised).toEqual({ bookMessages: 1, trades: 1 });
    const empty = await recorded([npz(before)]);
    expect(rowsOf(empty)).toEqual(["CLEAR", "bid 610000 x 1000.", "buy 610010 x 1000."]);
    expect(empty.report.notes[0]).toMatch(/no snapshot: the book begins empty/);
  });

  it("of a day's end have no times, and take those of the day that follows", async () => {
    const eod = npz([
      { ...level(SNAPSHOT, BUY, -START, 61_800.100000000006, 1) },
      { ...level(SNAPSHOT, SELL, -START, 61_800.3, 2) },
    ]);
    const day = npz([level(DEPTH, BUY, 7_000_000n, 61_800.2, 1)]);
    const recording = await recorded([eod, day]);
    expect(rowsOf(recording)).toEqual([
      "CLEAR",
      "bid 618001 x 1000",
      "ask 618003 x 2000.",
      "bid 618002 x 1000.",
    ]);
    expect(recording.report.firstTime).toMatch(/16\.007000000Z$/);
  });

  it("that say nothing usable are counted with their row, and the rest is read", async () => {
    const recording = await recorded([
      npz([
        ...FIRST,
        { ev: DEPTH | BUY, exch: 1n, px: 61_000, qty: 1 },
        { ev: DEPTH | BOTH, exch: 1n, px: 61_000, qty: 1 },
        level(DEPTH, BUY | SELL, 1n, 61_000, 1),
        level(DEPTH, BUY, 1n, Number.NaN, 1),
        level(DEPTH, BUY, 1n, 61_000, Number.POSITIVE_INFINITY),
        level(DEPTH, BUY, 1n << 60n, 61_000, 1),
        level(DEPTH | (1n << 40n), BUY, 1n, 61_000, 1),
        level(DEPTH, BUY, 2n, 61_000.05, 1),
        level(DEPTH, BUY, 2n, -61_000, 1),
        level(DEPTH, BUY, 2n, 1e300, 1),
        level(DEPTH, BUY, 2n, 60_000, -1),
        level(DEPTH, BUY, 2n, 60_000, 1.0005),
        level(TRADE, 0n, 3n, 61_800.3, 1),
        { ev: 5n | BUY | BOTH, exch: 3n, px: 1, qty: 1 },
        { ev: 101n | BOTH, exch: 3n, px: 61_000.12345, qty: 0 },
      ]),
    ]);
    expect(rowsOf(recording).slice(5)).toEqual([
      "bid 600000 x 1000.",
      "buy 618003 x 1000 off-book.",
    ]);
    const { badLines, offTickPrices, offLotQuantities, streams } = recording.report;
    expect(badLines.count).toBe(7);
    expect(badLines.examples[0]).toMatchObject({ line: 7, reason: "is for neither side" });
    expect(offTickPrices).toMatchObject({
      count: 3,
      examples: [{ line: 14, text: "61000.05" }, {}, {}],
    });
    expect(offLotQuantities.count).toBe(2);
    expect(streams).toMatchObject({ bbo: 1, "event 101": 1, trade: 1 });
  });

  it("name no instrument, so one must be given that fits", async () => {
    const path = npz(FIRST);
    expect(await refusal(path, {})).toMatch(/DATA_SYMBOL .*--instrument/);
    expect(await refusal(path, { symbol: "BTCUSDT" })).toMatch(
      /DATA_SYMBOL .*linear or spot; say which contract/,
    );
    expect(await refusal(path, { symbol: "NONE" })).toMatch(/DATA_SYMBOL .*--instrument/);
  });

  it("of single orders are refused", async () => {
    const rows = [...FIRST, { ev: 10n | BUY | BOTH, exch: 1n, px: 61_000, qty: 1 }];
    expect(await refusal(npz(rows))).toMatch(/DATA_FORMAT .*:7: .*single orders/);
  });
});

describe("a NumPy file", () => {
  const rows = array(FIRST);
  const header = (text: string): Buffer => {
    const padded = Buffer.alloc(10 + text.length);
    rows.copy(padded, 0, 0, 8);
    padded.writeUInt16LE(text.length, 8);
    padded.write(text, 10);
    return Buffer.concat([padded, bytesOf(FIRST)]);
  };
  const events = encodeArrayHeader(6).toString("latin1", 10);

  it("is read whatever the blanks of its header", async () => {
    const terse = events.replaceAll(" ", "").replace(",),}", ",)}");
    expect(rowsOf(await recorded([file(header(terse), "terse.npy")]))).toEqual(FIRST_ROWS);
  });

  it.each([
    [
      "of plain numbers",
      "{'descr': '<f8', 'fortran_order': False, 'shape': (6, 8), }",
      /migration2/,
    ],
    ["of other records", events.replace("'<i8'", "'<i4'"), /other records/],
    ["in Fortran's order", events.replace("False", "True"), /C order/],
    ["of two dimensions", events.replace("(6,)", "(3, 2)"), /one-dimensional/],
    ["of no header", "hello", /cannot be read/],
    ["of fewer rows than there are", events.replace("(6,)", "(5,)"), /more than the 5 rows/],
  ])("%s is refused", async (_, text, why) => {
    const refused = await refusal(file(header(text), "wrong.npy"));
    expect(refused).toMatch(/^DATA_FORMAT wrong\.npy/);
    expect(refused).toMatch(why);
  });

  it("that states more rows than it has is read, and said to be cut", async () => {
    const absurd = file(header(events.replace("(6,)", "(999999999999,)")), "absurd.npy");
    const { report } = await recorded([absurd]);
    expect(report.truncated[0]).toMatchObject({
      line: 6,
      reason: expect.stringMatching(/999999999999/),
    });
  });

  it("that was cut off or damaged in its zip gives the whole rows before that", async () => {
    const many = [
      ...FIRST,
      ...Array.from({ length: 5000 }, (_, k) =>
        level(DEPTH, BUY, BigInt(k + 1), 61_000 - k / 10, 1),
      ),
    ];
    for (const stored of [0, 6] as const) {
      const whole = Buffer.from(zipSync({ "data.npy": array(many) }, { level: stored }));
      const cut = await recorded([file(whole.subarray(0, whole.length >> 1))]);
      expect(cut.report.truncated).toHaveLength(1);
      expect(rowsOf(cut).slice(0, 5)).toEqual(FIRST_ROWS);
      expect(cut.rows).toBeGreaterThan(1000);
    }
    const flipped = Buffer.from(zipSync({ "data.npy": array(many) }, { level: 0 }));
    flipped[flipped.length >> 1]! ^= 1;
    const { report } = await recorded([file(flipped)]);
    expect(report.truncated[0]?.reason).toBe("the checksum does not fit");
  });

  it("of any damage gives sound columns or a fault", async () => {
    const whole = [0, 6].map((stored) =>
      Buffer.from(zipSync({ "data.npy": array(FIRST) }, { level: stored as 0 | 6 })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat()),
        async (sound, damages, end) => {
          const bytes = Buffer.from(sound);
          for (const [at, value] of damages) bytes[at % bytes.length] = value;
          const size = end === null ? bytes.length : end % bytes.length;
          const path = file(bytes.subarray(0, size), "damaged.npz");
          const read = await readRecording([path], FUTURES);
          const verified = await verifyRecording([path], FUTURES);
          if (!read.ok) expect(read.error.text).not.toBe("");
          else expect(verified.ok).toBe(true);
          if (!read.ok) return;
          for (const { length, exchangeTime, localTime, price, kind } of read.value.blocks) {
            for (let row = 0; row < length; row++) {
              expect(localTime[row]).toBeGreaterThanOrEqual(exchangeTime[row]!);
              if ((kind[row]! & KIND_MASK) < Kind.CLEAR) expect(price[row]).toBeGreaterThan(0);
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
