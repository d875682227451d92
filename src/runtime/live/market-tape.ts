/**
 * Market tape: the rows that a live engine saw, written to one event file as it saw them.
 *
 * A replay reads the file and stops at the positions that the journal notes. What must stay true:
 * the file has the engine's rows, all of them, in the engine's order. Rows come in order of local
 * time; where the exchange's own stamps disagree with that order, the recorder writes them for the
 * venue's side a second time, and a replay leaves those out.
 */
import { dirname, basename } from "node:path";
import { invariant } from "../../core/domain/errors.ts";
import {
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
} from "../../core/market/columns.ts";
import type { DataFault } from "../../data/fault.ts";
import { MarketRecorder } from "../../data/recorder/market-recorder.ts";

export interface MarketTapeOptions {
  readonly header: MarketHeader;
  /** Must not exist. */
  readonly path: string;
  /** Of the venue and its streams, such as "bybit-live". */
  readonly format: string;
  /** The disk does not take it: nothing more will be written. Told once. */
  readonly onFault: (fault: DataFault) => void;
}

const NANOS_PER_SECOND = 1_000_000_000n;
/** Rows of the last second or so are lost by a crash. */
const FLUSH_NANOS = 1e9;
/** How far the exchange's stamps of two streams may disagree and still be put right. */
const HORIZON_NANOS = 0.5e9;

export class MarketTape {
  readonly path: string;
  readonly #recorder: MarketRecorder;
  #localTime = 0;

  constructor({ header, path, format, onFault }: MarketTapeOptions) {
    this.path = path;
    invariant(header.epochNanos % NANOS_PER_SECOND === 0n, "an epoch is a whole second");
    this.#recorder = new MarketRecorder({
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
    });
  }

  take(block: MarketBlock): void {
    const recorder = this.#recorder;
    const { exchangeTime, localTime, kind, price, quantity, length } = block;
    let begins = true;
    for (let row = 0; row < length; row++) {
      const code = kind[row]!;
      if (begins) {
        const local = localTime[row]!;
        if (local < this.#localTime) invariant(false, `local time fell: ${local}`);
        this.#localTime = local;
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

  /** To be called about once a second, with the session's time. */
  tick(now: number): void {
    this.#recorder.tick(now);
  }

  /** Writes what is left and seals the file. */
  close(): void {
    this.#recorder.close();
  }

  /** Whether anything has been written: a run that ends at once leaves no file. */
  get hasFile(): boolean {
    return this.#recorder.files > 0;
  }
}
