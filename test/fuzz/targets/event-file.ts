/**
 * Event file: our own recordings, with bytes changed anywhere.
 *
 * As they are, nearly every change is found by a CRC; so that the decoder behind it is met as well,
 * a part of the inputs has its CRCs made right again. What must stay true of a damaged file with
 * its CRCs as they were: the rows that come out are the first ones of the true file.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { decimal } from "../../../src/core/domain/decimal.ts";
import { lots } from "../../../src/core/domain/units.ts";
import type { MarketBlock } from "../../../src/core/market/columns.ts";
import { Draws } from "../draws.ts";
import { expectDocumented, expectThat, type OpenTarget, type Target, valueOf } from "../target.ts";

type Reader = typeof import("../../../src/data/event-file/reader.ts");
type Bytes = typeof import("../../../src/data/event-file/byte-source.ts");

const FRAME = 64;
const PROLOGUE = 16;
const FIRST_KINDS = [4, 0, 8 | 1];

/** Rows as a market might have them: a snapshot, then levels and trades, some a message together. */
function rowsOf(count: number, seed: number): MarketBlock {
  const draws = new Draws(seed, "event file");
  const rows = {
    exchangeTime: new Float64Array(count),
    localTime: new Float64Array(count),
    kind: new Uint8Array(count),
    price: new Int32Array(count),
    quantity: new Float64Array(count),
    length: count,
  };
  let [exchange, late] = [1_000, 0];
  let ends = true;
  for (let row = 0; row < count; row++) {
    if (ends) {
      exchange += draws.below(5_000_000);
      late = Math.max(late, exchange + draws.below(1_000_000));
    }
    ends = draws.chance(0.6) || row === count - 1;
    rows.exchangeTime[row] = exchange;
    rows.localTime[row] = late;
    const what = FIRST_KINDS[row] ?? draws.below(4) | (ends ? 8 : 0);
    ends = (what & 8) !== 0 || row === count - 1;
    rows.kind[row] = row === count - 1 ? what | 8 : what;
    rows.price[row] = (what & 7) === 4 ? 0 : 640_000 + draws.below(200);
    rows.quantity[row] = (what & 7) === 4 ? 0 : 1 + draws.length(1 << 20);
  }
  return rows;
}

const HEADER = {
  epochNanos: 1_723_161_600_000_000_000n,
  ownTradesPrinted: false,
  origin: { format: "fuzz", sources: [], notes: ["a note"], counts: { gaps: 2 } },
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
} as const;

/** True files: with and without compression, one and many blocks. */
async function seeds(): Promise<Buffer[]> {
  const { createEventFile } = await import("../../../src/data/event-file/writer.ts");
  const folder = mkdtempSync(join(tmpdir(), "arrival-fuzz-"));
  const made = [
    { rows: 40, options: { blockRows: 1_024, level: 0 } },
    { rows: 300, options: { blockRows: 64, snapshotEvery: 2, level: 0 } },
    { rows: 300, options: { blockRows: 128, level: 3 } },
  ].map(({ rows, options }, index) => {
    const path = join(folder, `${index}.arrival`);
    const created = valueOf(createEventFile(path, HEADER, options));
    expectThat(created !== undefined, () => `${path} was not made`);
    created.append(rowsOf(rows, index));
    created.seal();
    return readFileSync(path);
  });
  rmSync(folder, { recursive: true });
  return made;
}

/** Every CRC that can be found is made right: what follows a wrong length is left as it is. */
function resealed(bytes: Buffer): Buffer {
  if (bytes.length < PROLOGUE) return bytes;
  const headerEnd = PROLOGUE + bytes.readUInt32LE(12);
  if (headerEnd + 4 > bytes.length) return bytes;
  const crc = crc32(bytes.subarray(0, headerEnd));
  bytes.writeUInt32LE(crc, headerEnd);
  for (let at = headerEnd + 4; at + FRAME <= bytes.length;) {
    const end = at + FRAME + bytes.readUInt32LE(at + 24);
    if (end > bytes.length) break;
    const frameCrc = crc32(bytes.subarray(at, at + 60), crc);
    bytes.writeUInt32LE(crc32(bytes.subarray(at + FRAME, end), frameCrc), at + 60);
    at = end;
  }
  const trailer = bytes.length - 24;
  if (trailer > 0)
    bytes.writeUInt32LE(crc32(bytes.subarray(trailer, trailer + 16), crc), trailer + 16);
  return bytes;
}

class EventFiles {
  readonly #reader: Reader;
  readonly #bytes: Bytes;
  readonly #isDamage: (error: unknown) => boolean;
  /** Rows of the true files. */
  readonly #truths: readonly (readonly string[])[];

  constructor(
    reader: Reader,
    bytes: Bytes,
    isDamage: (error: unknown) => boolean,
    truths: readonly Buffer[],
  ) {
    this.#reader = reader;
    this.#bytes = bytes;
    this.#isDamage = isDamage;
    this.#truths = truths.map((truth) => this.rows(truth));
  }

  /** Rows as far as they can be read; all of them checked. */
  rows(bytes: Buffer): readonly string[] {
    const read = valueOf(this.#reader.readEventFile(new this.#bytes.MemoryBytes(bytes), "fuzz"));
    const rows: string[] = [];
    if (read === undefined) return rows;
    const verified = read.verify();
    if (verified.fault !== undefined) valueOf({ ok: false, error: verified.fault });
    let last = Number.NEGATIVE_INFINITY;
    try {
      for (const block of read.sequence()) {
        for (let row = 0; row < block.length; row++) last = take(block, row, last, rows);
      }
      expectThat(rows.length === read.rows, () => `${rows.length} rows of ${read.rows}`);
    } catch (error) {
      if (!this.#isDamage(error)) throw error;
      expectDocumented((error as { readonly fault: { readonly code: string } }).fault.code);
    }
    return rows;
  }

  run(input: string): void {
    const bytes = Buffer.from(input, "latin1");
    const rows = this.rows(bytes);
    const isPrefix = this.#truths.some((truth) => rows.every((row, at) => row === truth[at]));
    expectThat(isPrefix, () => `${rows.length} rows that no true file begins with`);
    this.rows(resealed(bytes));
  }
}

/** One row, as text; @returns its time by our clock. */
function take(block: MarketBlock, row: number, last: number, rows: string[]): number {
  const [exchange, local] = [block.exchangeTime[row]!, block.localTime[row]!];
  const [kind, price, quantity] = [block.kind[row]!, block.price[row]!, block.quantity[row]!];
  const text = `${exchange} ${local} ${kind} ${price} ${quantity}`;
  const isTimed = Number.isSafeInteger(exchange) && Number.isSafeInteger(local);
  const isSized = Number.isSafeInteger(quantity) && quantity >= 0;
  expectThat(isTimed && exchange >= 0 && local >= exchange, () => `row ${text}: no time`);
  expectThat((kind & 32) !== 0 || local >= last, () => `row ${text}: falls`);
  expectThat((kind & 7) <= 5 && isSized, () => `row ${text}: no kind or quantity`);
  expectThat((kind & 7) > 1 || (price >= 1 && price <= 0x7ffffffe), () => `row ${text}: no price`);
  rows.push(text);
  return (kind & 32) === 0 ? local : last;
}

async function open(): Promise<OpenTarget> {
  const reader = await import("../../../src/data/event-file/reader.ts");
  const bytes = await import("../../../src/data/event-file/byte-source.ts");
  const { EventFileError } = await import("../../../src/data/event-file/damage.ts");
  const truths = await seeds();
  const files = new EventFiles(reader, bytes, (error) => error instanceof EventFileError, truths);
  return {
    seeds: truths.map((truth) => truth.toString("latin1")),
    missing: [],
    run: (input) => files.run(input),
  };
}

export const eventFile: Target = {
  name: "event-file",
  about: "our own event files: header, blocks, snapshots, index and trailer",
  kind: "bytes",
  words: ["ARVB", "ARVS", "ARVI", "ARVZ", "\x89ARVE\r\n\x1a", "\xff\xff\xff\xff", "\0\0\0\0"],
  share: 0.08,
  budgetMs: 400,
  open,
};
