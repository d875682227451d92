import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import { bitsAt, streamOf } from "../../core/domain/random.ts";
import { lots } from "../../core/domain/units.ts";
import { Book } from "../../core/market/book.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  OFF_BOOK,
  OFF_VOLUME,
  VENUE_ONLY,
  sliceOf,
} from "../../core/market/columns.ts";
import { MemoryBytes } from "./byte-source.ts";
import { EventFileError } from "./damage.ts";
import type { EventFileHeader } from "./header.ts";
import { type EventFile, openEventFile, readEventFile } from "./reader.ts";
import { FRAME } from "./section.ts";
import { createEventFile, type WriterOptions } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-event-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

const header: EventFileHeader = {
  epochNanos: 1_723_161_600_000_000_000n,
  ownTradesPrinted: true,
  origin: { format: "test", sources: [], notes: ["a note"], counts: { gaps: 2 } },
  instrument: {
    venue: "binance",
    symbol: "BTCUSDT",
    kind: "linear",
    base: "BTC",
    quote: "USDT",
    tickSize: decimal("0.10"),
    lotSize: decimal("0.001"),
    contractSize: decimal("1"),
    minLots: lots(1),
    maxLimitLots: lots(1_000_000),
    maxMarketLots: lots(120_000),
    minNotional: decimal("100"),
  },
};

let files = 0;
function write(rows: MarketBlock, options: WriterOptions, pieces = 1 << 20): string {
  const path = join(folder, `rows-${files++}.arrival`);
  const created = createEventFile(path, header, options);
  if (!created.ok) throw new Error(created.error.text);
  for (let from = 0; from < rows.length; from += pieces) {
    created.value.append(sliceOf(rows, from, Math.min(rows.length, from + pieces)));
  }
  created.value.seal();
  return path;
}

function open(path: string): EventFile {
  const opened = openEventFile(path);
  if (!opened.ok) throw new Error(opened.error.text);
  return opened.value;
}

type Row = readonly [exchange: number, local: number, kind: number, price: number, lots: number];

function* rowsOf(blocks: Iterable<MarketBlock>): Generator<Row> {
  for (const block of blocks) {
    for (let row = 0; row < block.length; row++) {
      yield [
        block.exchangeTime[row]!,
        block.localTime[row]!,
        block.kind[row]!,
        block.price[row]!,
        block.quantity[row]!,
      ];
    }
  }
}

/** Every row as text: quick to compare, and exact. */
const textOf = (blocks: Iterable<MarketBlock>): string[] =>
  [...rowsOf(blocks)].map((row) => row.join(" "));

const MOST_LOTS = Number.MAX_SAFE_INTEGER;
const anyLots = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.constantFrom(0, 1, 255, 256, 65_536, 2 ** 32, MOST_LOTS),
  fc.maxSafeNat(),
);
const level = fc.tuple(
  fc.constantFrom<number>(Kind.BID, Kind.ASK),
  fc.oneof(
    fc.integer({ min: 600_000, max: 600_200 }),
    fc.constantFrom(1, 0x7ffffffe),
    fc.integer({ min: 1, max: 0x7ffffffe }),
  ),
  anyLots,
);
const trade = fc.tuple(
  fc.constantFrom(
    Kind.TRADE_BUY,
    Kind.TRADE_SELL,
    Kind.TRADE_BUY | OFF_BOOK,
    Kind.TRADE_SELL | OFF_BOOK | OFF_VOLUME,
  ),
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  anyLots,
);
const restart = fc.tuple(
  fc.constantFrom<number>(Kind.CLEAR, Kind.GAP),
  fc.constant(0),
  fc.constant(0),
);
const step = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 1000 }),
  fc.constantFrom(1_000_000, 2 ** 31, 2 ** 40),
);
const message = fc.record({
  sides: fc.constantFrom(0, 0, 0, ENGINE_ONLY, VENUE_ONLY, ENGINE_ONLY | VENUE_ONLY),
  exchangeStep: step,
  localStep: step,
  rows: fc.array(
    fc.oneof({ weight: 8, arbitrary: level }, { weight: 2, arbitrary: trade }, restart),
    {
      minLength: 1,
      maxLength: 12,
    },
  ),
});

/** Columns as core/market/columns.ts allows them: each side's own clock never falls. */
const anyRows = fc.array(message, { maxLength: 40 }).map((messages) => {
  const out = new ColumnsBuilder(16);
  let [venue, engine] = [0, 0];
  for (const { sides, exchangeStep, localStep, rows } of messages) {
    const isVenueOnly = (sides & VENUE_ONLY) !== 0;
    const isEngineOnly = (sides & ENGINE_ONLY) !== 0;
    let exchange = venue + exchangeStep;
    let local = Math.max(isVenueOnly ? 0 : engine, exchange) + localStep;
    if (isEngineOnly) {
      local = engine + localStep;
      exchange = Math.max(0, local - exchangeStep);
    }
    if (!isEngineOnly) venue = exchange;
    if (!isVenueOnly) engine = local;
    for (const [kind, price, quantity] of rows) {
      out.push(exchange, local, kind | sides, price, quantity);
    }
    out.endMessage();
  }
  return out.view();
});

const anyOptions = fc.record({
  level: fc.constantFrom(0, 1, 3),
  blockRows: fc.constantFrom(1, 2, 7, 30, 1000),
  snapshotEvery: fc.constantFrom(0, 1, 2, 5),
});

/** A market that looks like one, for what needs many rows. */
function market(messages: number): MarketBlock {
  const out = new ColumnsBuilder(1024);
  const stream = streamOf("event-file-test");
  out.push(0, 1000, Kind.CLEAR, 0, 0);
  let [exchange, local] = [0, 1000];
  for (let k = 0; k < messages; k++) {
    const bits = bitsAt(3, stream, k);
    exchange += bits % 5_000_000;
    local = Math.max(local, exchange + 1_000_000 + (bits % 999));
    const count = 1 + (bits % 9);
    for (let row = 0; row < count; row++) {
      const draw = bitsAt(4, stream, k * 16 + row);
      const side = draw & 1;
      const price = 600_000 + (side === 0 ? -1 : 1) * (1 + ((draw >>> 1) % 40));
      if (draw % 11 === 0) out.push(exchange, local, Kind.TRADE_BUY + side, 600_000, draw % 100);
      else out.push(exchange, local, side, price, (draw >>> 8) % 500);
    }
    out.endMessage();
    // Now and then the venue has seen something before the engine does.
    if (bits % 13 !== 0) continue;
    out.push(exchange, local + 7, Kind.BID | VENUE_ONLY, 599_990, bits % 50);
    out.endMessage();
    out.push(exchange, local, Kind.BID | ENGINE_ONLY, 599_990, bits % 60);
    out.endMessage();
  }
  return out.view();
}

describe("event file", () => {
  it("gives back any columns to the last digit", () => {
    fc.assert(
      fc.property(anyRows, anyOptions, fc.integer({ min: 1, max: 50 }), (rows, options, pieces) => {
        const path = write(rows, options, pieces);
        const file = open(path);
        const wanted = textOf([rows]);
        expect(textOf(file.sequence())).toEqual(wanted);
        expect(textOf(file.scan())).toEqual(wanted);
        expect(file.rows).toBe(rows.length);
        expect(file.cut).toBeUndefined();
        expect(file.verify().fault).toBeUndefined();
        expect(file.header).toEqual(header);
        for (const block of file.sequence()) {
          expect(block.kind[block.length - 1]! & LAST).toBe(LAST);
        }
        rmSync(path);
      }),
      { numRuns: 200 },
    );
  });

  it("writes the same bytes for the same rows, whatever the pieces", () => {
    const rows = market(400);
    const options = { blockRows: 100, snapshotEvery: 3 };
    const first = readFileSync(write(rows, options));
    expect(readFileSync(write(rows, options, 17)).equals(first)).toBe(true);
  });

  it("keeps a message whole that is longer than a block", () => {
    const rows = new ColumnsBuilder();
    for (let row = 0; row < 5000; row++) rows.push(1, 2, Kind.BID, 1 + row, 3);
    rows.endMessage();
    const file = open(write(rows.view(), { blockRows: 16 }));
    expect(file.blocks.length).toBe(1);
    expect(file.rows).toBe(5000);
  });
});

describe("starting in the middle", () => {
  /** Both sides' levels, and whether each knows its book, after some rows. */
  function booksAfter(blocks: readonly MarketBlock[]): string {
    return [VENUE_ONLY, ENGINE_ONLY]
      .map((except) => {
        const book = new Book();
        let knowledge = "unknown";
        for (const block of blocks) {
          book.apply(block, 0, block.length, except);
          for (let row = 0; row < block.length; row++) {
            const what = block.kind[row]! & (KIND_MASK | except);
            if (what === Kind.CLEAR) knowledge = "known";
            if (what === Kind.GAP) knowledge = "gapped";
          }
        }
        const levels: string[] = [knowledge];
        for (const side of [book.bids, book.asks]) {
          for (let tick = side.best; tick !== 0; tick = side.next(tick)) {
            levels.push(`${tick}:${side.get(tick)}`);
          }
        }
        return levels.join(" ");
      })
      .join(" | ");
  }

  it("finds the books and then the rows that a reader from the start has", () => {
    let snapshots = 0;
    fc.assert(
      fc.property(anyRows, (rows) => {
        const path = write(rows, { level: 1, blockRows: 9, snapshotEvery: 2 });
        const file = open(path);
        for (const { from } of file.parts(10).slice(1)) {
          const blocks = [...file.from(from)];
          expect(blocks.length).toBe(file.blocks.length - from + 1);
          expect(booksAfter([blocks[0]!])).toBe(booksAfter([...file.sequence(0, from)]));
          expect(textOf(blocks.slice(1))).toEqual(textOf(file.sequence(from)));
          // Nothing stands back in time for either side.
          const first = blocks[1]!;
          const [venue, engine] = lastTimes(blocks[0]!);
          const back = [...rowsOf([first])].filter(
            ([exchange, local, kind]) =>
              ((kind & ENGINE_ONLY) === 0 && exchange < venue) ||
              ((kind & VENUE_ONLY) === 0 && local < engine),
          );
          expect(back).toEqual([]);
          snapshots += 1;
        }
        rmSync(path);
      }),
      { numRuns: 100 },
    );
    expect(snapshots).toBeGreaterThan(50);
  });

  function lastTimes(snapshot: MarketBlock): [venue: number, engine: number] {
    let [venue, engine] = [0, 0];
    for (const [exchange, local, kind] of rowsOf([snapshot])) {
      if ((kind & ENGINE_ONLY) === 0) venue = exchange;
      if ((kind & VENUE_ONLY) === 0) engine = local;
    }
    return [venue, engine];
  }

  it("gives every row once to readers that share the file out", () => {
    const rows = market(900);
    const file = open(write(rows, { blockRows: 64, snapshotEvery: 4 }));
    for (const count of [1, 2, 3, 8]) {
      const parts = file.parts(count);
      expect(parts.length).toBe(count);
      const sizes = parts.map(({ from, until }) => textOf(file.sequence(from, until)).length);
      expect(Math.max(...sizes)).toBeLessThan(rows.length / count + 64 * 8);
      const together = parts.flatMap(({ from, until }) => textOf(file.sequence(from, until)));
      expect(together).toEqual(textOf([rows]));
    }
  });

  it("seeks: every row from the time on, and the books before them", () => {
    const rows = market(900);
    const file = open(write(rows, { blockRows: 64, snapshotEvery: 4 }));
    const all = [...rowsOf([rows])];
    const last = all.at(-1)![1];
    let later = 0;
    for (const share of [0, 0.1, 0.35, 0.5, 0.77, 1, 2]) {
      const time = Math.floor(last * share);
      const start = file.startFor(time);
      if (start > 0) later += 1;
      const blocks = [...file.blocksFrom(time)];
      const found = [...rowsOf(start === 0 ? blocks : blocks.slice(1))];
      const wanted = all.filter(([, local]) => local >= time);
      expect(found.filter(([, local]) => local >= time)).toEqual(wanted);
      expect(booksAfter(blocks)).toBe(booksAfter([rows]));
    }
    expect(later).toBeGreaterThan(3);
  });
});

describe("a file that is not whole", () => {
  const rows = market(120);
  const whole = textOf([rows]);
  const originals = [
    { level: 0, blockRows: 90, snapshotEvery: 2 },
    { level: 3, blockRows: 90, snapshotEvery: 2 },
    { level: 1, blockRows: 40, snapshotEvery: 0 },
  ].map((options) => {
    const bytes = readFileSync(write(rows, options));
    const file = readEventFile(new MemoryBytes(bytes), "original");
    if (!file.ok) throw new Error(file.error.text);
    const ends = file.value.blocks.map((entry) => entry.rowsBefore + entry.rows);
    return { bytes, ends: [0, ...ends], blocks: file.value.blocks };
  });

  /** What a reader gets, and whether anything told it that this is not all. */
  function readThrough(bytes: Buffer): { rows: string[]; told: string[] } {
    const told: string[] = [];
    const found: string[] = [];
    const opened = readEventFile(new MemoryBytes(bytes), "damaged.arrival");
    if (!opened.ok) {
      expect(opened.error.code).toBe("DATA_DAMAGED");
      return { rows: found, told: [opened.error.text] };
    }
    const file = opened.value;
    if (file.cut !== undefined) told.push(file.cut.reason);
    try {
      for (const block of file.scan()) found.push(...textOf([block]));
    } catch (error) {
      if (!(error instanceof EventFileError)) throw error;
      expect(error.fault.code).toBe("DATA_DAMAGED");
      told.push(error.fault.text);
    }
    const { fault } = file.verify();
    if (fault !== undefined) told.push(fault.text);
    if (told.length === 0) expect(file.header).toEqual(header);
    return { rows: found, told };
  }

  it("cut anywhere, it is readable up to its last whole block", () => {
    for (const { bytes, ends, blocks } of originals) {
      for (let size = 0; size < bytes.length; size += 3) {
        const { rows: found, told } = readThrough(bytes.subarray(0, size));
        const fit = blocks.filter((entry) => entry.offset + FRAME + entry.storedBytes <= size);
        expect(found.length).toBe(ends[fit.length]);
        expect(told.length).toBeGreaterThan(0);
      }
    }
  });

  it("10,000 corruptions: no crash, and never another event without a word", () => {
    const stream = streamOf("corruptions");
    let seen = 0;
    for (let k = 0; k < 10_000; k++) {
      const { bytes, ends, blocks } = originals[k % originals.length]!;
      const draw = (n: number, below: number): number => bitsAt(k, stream, n) % below;
      const damaged = corrupt(bytes, blocks, draw);
      if (damaged.equals(bytes)) continue;
      seen += 1;
      const { rows: found, told } = readThrough(damaged);
      expect(told.length, `corruption ${k}`).toBeGreaterThan(0);
      expect(ends, `corruption ${k}`).toContain(found.length);
      expect(found, `corruption ${k}`).toEqual(whole.slice(0, found.length));
    }
    expect(seen).toBeGreaterThan(9000);
  });

  type Blocks = EventFile["blocks"];

  /** Flipped bits, cuts, swapped and repeated blocks, bytes that came in, went or were zeroed. */
  function corrupt(
    bytes: Buffer,
    blocks: Blocks,
    draw: (n: number, below: number) => number,
  ): Buffer {
    const out = Buffer.from(bytes);
    const at = draw(1, out.length);
    const length = 1 + draw(2, 40);
    const [a, b] = [sectionOf(bytes, blocks, draw(3, 99)), sectionOf(bytes, blocks, draw(4, 99))];
    switch (draw(0, 9)) {
      case 0:
        for (let flip = 0; flip <= draw(5, 4); flip++)
          out[draw(6 + flip, out.length)]! ^= 1 << draw(2, 8);
        return out;
      case 1:
        return out.subarray(0, at);
      case 2:
        return Buffer.concat([
          out.subarray(0, at),
          Buffer.alloc(length, draw(7, 256)),
          out.subarray(at),
        ]);
      case 3:
        return Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
      case 4:
        return out.fill(draw(7, 2) * 255, at, Math.min(out.length, at + length));
      case 5: {
        const [first, second] = a.start < b.start ? [a, b] : [b, a];
        if (first.start === second.start) return out;
        return Buffer.concat([
          bytes.subarray(0, first.start),
          bytes.subarray(second.start, second.end),
          bytes.subarray(first.end, second.start),
          bytes.subarray(first.start, first.end),
          bytes.subarray(second.end),
        ]);
      }
      case 6:
        return Buffer.concat([bytes.subarray(0, a.end), bytes.subarray(a.start)]);
      case 7:
        return Buffer.concat([bytes.subarray(0, a.start), bytes.subarray(a.end)]);
      default:
        for (let k = 0; k < length; k++) out[(at + k) % out.length] = draw(8 + k, 256);
        return out;
    }
  }

  function sectionOf(bytes: Buffer, blocks: Blocks, k: number): { start: number; end: number } {
    const { offset, storedBytes } = blocks[k % blocks.length]!;
    return { start: offset, end: Math.min(bytes.length, offset + FRAME + storedBytes) };
  }

  it("a block of another file does not pass for its own", () => {
    const { bytes, blocks } = originals[0]!;
    const other = join(folder, "other.arrival");
    const created = createEventFile(
      other,
      { ...header, origin: { ...header.origin, notes: [] } },
      { level: 0, blockRows: 90, snapshotEvery: 2 },
    );
    if (!created.ok) throw new Error(created.error.text);
    created.value.append(rows);
    created.value.seal();
    const stranger = readFileSync(other);
    const { start, end } = sectionOf(bytes, blocks, 1);
    const shift = stranger.length - bytes.length;
    const mixed = Buffer.from(bytes);
    stranger.copy(mixed, start, start + shift, end + shift);
    expect(mixed.equals(bytes)).toBe(false);
    expect(readThrough(mixed).told.join()).toMatch(/block 1 .*CRC/);
  });

  /** The CRC guards against accidents; a file may also be made to harm. */
  it("2,000 forgeries with true CRCs: a fault, or rows that a market may have", () => {
    const { bytes, blocks } = originals[0]!;
    const stream = streamOf("forgeries");
    const headerCrc = crc32(bytes.subarray(0, bytes.readUInt32LE(12) + 16));
    let faults = 0;
    for (let k = 0; k < 2000; k++) {
      const forged = Buffer.from(bytes);
      const { start, end } = sectionOf(bytes, blocks, bitsAt(k, stream, 0));
      for (let flip = 0; flip <= bitsAt(k, stream, 1) % 3; flip++) {
        // Heads of columns are the interesting places; they are found by chance often enough.
        const at = start + FRAME + (bitsAt(k, stream, 2 + flip) % (end - start - FRAME));
        forged[at] = bitsAt(k, stream, 9 + flip);
      }
      const frame = crc32(forged.subarray(start, start + 60), headerCrc);
      forged.writeUInt32LE(crc32(forged.subarray(start + FRAME, end), frame), start + 60);
      const { told } = readThrough(forged);
      faults += told.length;
      if (told.length > 0) continue;
      const file = readEventFile(new MemoryBytes(forged), "forged");
      if (!file.ok) throw new Error(file.error.text);
      const impossible = [...rowsOf(file.value.scan())].filter(
        ([exchange, local, kind, price, quantity]) =>
          !(Number.isSafeInteger(exchange) && Number.isSafeInteger(local)) ||
          !(exchange >= 0 && local >= exchange) ||
          (kind & KIND_MASK) > Kind.GAP ||
          ((kind & KIND_MASK) <= Kind.ASK && price < 1) ||
          !(Number.isSafeInteger(quantity) && quantity >= 0),
      );
      expect(impossible).toEqual([]);
      const scanned = [...rowsOf(file.value.scan())];
      const venue = scanned.filter(([, , kind]) => (kind & ENGINE_ONLY) === 0);
      const engine = scanned.filter(([, , kind]) => (kind & VENUE_ONLY) === 0);
      expect(venue.every(([exchange], at) => at === 0 || exchange >= venue[at - 1]![0])).toBe(true);
      expect(engine.every(([, local], at) => at === 0 || local >= engine[at - 1]![1])).toBe(true);
    }
    expect(faults).toBeGreaterThan(300);
  });

  it("says what it is not", () => {
    const path = join(folder, "text.arrival");
    writeFileSync(path, "1723161255030314667 {}\n");
    expect(openEventFile(path)).toMatchObject({
      ok: false,
      error: {
        code: "DATA_DAMAGED",
        text: "text.arrival: it does not begin as an event file does",
      },
    });
    const next = Buffer.from(originals[0]!.bytes);
    next.writeUInt16LE(2, 8);
    expect(readThrough(next).told[0]).toContain("it is of version 2; this program reads version 1");
    expect(openEventFile(join(folder, "absent"))).toMatchObject({
      ok: false,
      error: { code: "DATA_NOT_FOUND" },
    });
  });
});
