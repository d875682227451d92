/**
 * Market tape: the rows that a live engine saw, written to one event file as it saw them.
 *
 * A replay reads the file and stops at the positions that the journal notes. The file is written
 * about once a second and made durable every few; until then the rows stand beside the journal, in
 * the same commits as the events that were decided on them. What must stay true: the file has the
 * engine's rows, all of them, in the engine's order; and a row leaves the journal only once the
 * file has it on the disk. Rows come in order of local time; where the exchange's own stamps
 * disagree with that order, the recorder writes them for the venue's side a second time, and a
 * replay leaves those out.
 */
import { basename, dirname } from "node:path";
import { invariant } from "../../core/domain/errors.ts";
import {
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
} from "../../core/market/columns.ts";
import { encodeHeader, type EventFileHeader } from "../../data/event-file/header.ts";
import { allocateColumns, copyRows, type OwnedBlock } from "../../data/event-file/rows.ts";
import { MarketRecorder, type MarketRecorderOptions } from "../../data/recorder/market-recorder.ts";
import type { SideTables } from "../journal/side-tables.ts";
import type { RowSource } from "../journal/writer.ts";
import { packRows } from "./kept-rows.ts";
import type { Tape, TapeOptions } from "./run-store.ts";

export interface MarketTapeOptions extends TapeOptions {
  /** Must not exist. */
  readonly path: string;
  /** Of the run: 1 is the first. */
  readonly session: number;
}

const NANOS_PER_SECOND = 1_000_000_000n;
const FLUSH_NANOS = 1e9;
/** Each time costs a few milliseconds in which nothing is sent; until then the journal has them. */
const SYNC_NANOS = 5e9;
/** How far the exchange's stamps of two streams may disagree and still be put right. */
const HORIZON_NANOS = 0.5e9;
/** Room to begin with: it grows. */
const FIRST_ROWS = 1 << 12;

export class MarketTape implements Tape, RowSource {
  readonly path: string;
  readonly #recorder: MarketRecorder;
  readonly #session: number;
  readonly #header: Uint8Array;
  #localTime = 0;
  /** Rows that the journal or the recorder does not have yet; the first is number `#base`. */
  #rows: OwnedBlock = { ...allocateColumns(FIRST_ROWS), length: 0 };
  #base = 0;
  /** Rows that the recorder has, that the journal has, and that the file has on the disk. */
  #recorded = 0;
  #kept = 0;
  #onDisk = 0;
  /** The last with the rows that stand for the venue's order alone. */
  #inFile = 0;
  /** What the journal has been told of the last. */
  #told = 0;
  /** What the journal keeps: first row and end of each entry. */
  readonly #entries: { readonly first: number; readonly end: number }[] = [];
  /** Whether the journal knows of this session: before that no file is begun. */
  #isKnown = false;
  #syncedAt = Number.NaN;
  #isFaulty = false;
  #isClosed = false;

  constructor({ header, path, format, session, onFault }: MarketTapeOptions) {
    this.path = path;
    this.#session = session;
    this.#header = encodeHeader(tapeHeader(header, format)).bytes;
    this.#recorder = newRecorder(header, path, format, (fault) => {
      this.#isFaulty = true;
      onFault(fault);
    });
  }

  take(block: MarketBlock, from: number, to: number): void {
    const { exchangeTime, localTime, kind, price, quantity } = block;
    while (this.#rows.length + to - from > this.#rows.kind.length) this.#grow();
    const rows = this.#rows;
    let at = rows.length;
    for (let row = from; row < to; row++, at++) {
      const local = localTime[row]!;
      if (local < this.#localTime) invariant(false, `local time fell: ${local}`);
      this.#localTime = local;
      rows.exchangeTime[at] = exchangeTime[row]!;
      rows.localTime[at] = local;
      rows.kind[at] = kind[row]!;
      rows.price[at] = price[row]!;
      rows.quantity[at] = quantity[row]!;
    }
    rows.length = at;
  }

  store(tables: SideTables): void {
    if (this.#isClosed && this.isOnDisk) return;
    if (!this.#isKnown) {
      const tape = { session: this.#session, header: this.#header, onDisk: this.#onDisk };
      tables.beginTape({ ...tape, inFile: this.#inFile });
      this.#isKnown = true;
    }
    if (this.#told < this.#onDisk) this.#drop(tables);
    const first = Math.max(this.#kept, this.#onDisk);
    const end = this.#taken;
    if (first < end) {
      const rows = packRows(this.#rows, first - this.#base, end - this.#base, first);
      tables.keep({ first, rows });
      this.#entries.push({ first, end });
    }
    this.#kept = end;
  }

  get isOnDisk(): boolean {
    return this.#isClosed && !this.#isFaulty;
  }

  tick(now: number): void {
    if (!this.#isKnown || this.#isClosed) return;
    this.#record();
    this.#recorder.tick(now);
    if (Number.isNaN(this.#syncedAt)) this.#syncedAt = now;
    if (now - this.#syncedAt < SYNC_NANOS) return;
    this.#syncedAt = now;
    const onDisk = this.#recorder.sync();
    if (onDisk !== undefined) {
      this.#onDisk = onDisk;
      this.#inFile = this.#recorder.rowsInFile;
    }
    this.#trim();
  }

  /** Writes what is left and seals the file. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#isKnown) {
      this.#record();
      this.#recorder.close();
    }
    this.#isClosed = true;
  }

  get hasFile(): boolean {
    return this.#recorder.files > 0;
  }

  get #taken(): number {
    return this.#base + this.#rows.length;
  }

  #record(): void {
    recordRows(this.#recorder, this.#rows, this.#recorded - this.#base);
    this.#recorded = this.#taken;
    this.#trim();
  }

  #drop(tables: SideTables): void {
    const stays = this.#entries.findIndex(({ end }) => end > this.#onDisk);
    const gone = stays < 0 ? this.#entries.length : stays;
    this.#entries.splice(0, gone);
    const onDisk = this.#onDisk;
    const below = this.#entries[0]?.first ?? Math.max(this.#kept, onDisk);
    tables.drop({ onDisk, inFile: this.#inFile }, below);
    this.#told = onDisk;
  }

  /** Lets go of the rows that journal and recorder have. */
  #trim(): void {
    const done = Math.min(this.#recorded, Math.max(this.#kept, this.#onDisk)) - this.#base;
    if (done <= 0) return;
    const rows = this.#rows;
    copyRows(rows, done, rows.length, rows, 0);
    rows.length -= done;
    this.#base += done;
  }

  #grow(): void {
    const rows = this.#rows;
    this.#rows = { ...allocateColumns(rows.kind.length * 2), length: rows.length };
    copyRows(rows, 0, rows.length, this.#rows, 0);
  }
}

/** What is to be kept of a session's file, should the file itself not come to be. */
const tapeHeader = (header: MarketHeader, format: string): EventFileHeader => ({
  instrument: header.instrument,
  epochNanos: header.epochNanos,
  ownTradesPrinted: header.ownTradesPrinted,
  origin: { format, sources: [], notes: [], counts: {} },
});

/** Of a session's file. */
export function newRecorder(
  header: MarketHeader,
  path: string,
  format: string,
  onFault: TapeOptions["onFault"],
  more: Pick<MarketRecorderOptions, "blockRows" | "goesOn"> = {},
): MarketRecorder {
  invariant(header.epochNanos % NANOS_PER_SECOND === 0n, "an epoch is a whole second");
  return new MarketRecorder({
    instrument: header.instrument,
    baseSeconds: Number(header.epochNanos / NANOS_PER_SECOND),
    folder: dirname(path),
    name: basename(path),
    flushNanos: FLUSH_NANOS,
    horizonNanos: HORIZON_NANOS,
    ownTradesPrinted: header.ownTradesPrinted,
    format,
    notes: ["What a live engine saw: its journal names this file."],
    onFault,
    ...more,
  });
}

/** Whole messages from row `from` on. */
export function recordRows(recorder: MarketRecorder, block: MarketBlock, from: number): void {
  const { exchangeTime, localTime, kind, price, quantity, length } = block;
  let begins = true;
  for (let row = from; row < length; row++) {
    const code = kind[row]!;
    if (begins) {
      const local = localTime[row]!;
      const what = code & KIND_MASK;
      const isTrade = what === Kind.TRADE_BUY || what === Kind.TRADE_SELL;
      // Nothing is received before it happened.
      const exchange = Math.min(exchangeTime[row]!, local);
      recorder.begin(isTrade ? "trade" : "book", exchange, local);
    }
    recorder.row(code & ~LAST, price[row]!, quantity[row]!);
    begins = (code & LAST) !== 0;
    if (begins) recorder.end();
  }
}
