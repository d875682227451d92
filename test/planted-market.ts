/**
 * Planted market: tapes and rows whose stylised facts are known because they were put there.
 *
 * Draws are counter-based, so that a test has the same data every time.
 */
import { decimal } from "../src/core/domain/decimal.ts";
import type { Instrument } from "../src/core/domain/instrument.ts";
import { streamOf, uniformAt } from "../src/core/domain/random.ts";
import { lots } from "../src/core/domain/units.ts";
import type { Survey } from "../src/runtime/stylised-facts/finding.ts";
import {
  Cell,
  CELL_SECONDS,
  GRID_PER_SECOND,
  type MarketTape,
} from "../src/runtime/stylised-facts/tape.ts";

export const INSTRUMENT: Instrument = {
  venue: "test",
  symbol: "PLANTED",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal("1"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(100_000),
  minNotional: decimal("0"),
};

/** Half ticks: so many that rounding to whole ones is far below any return. */
export const START_MID = 200_000_000;

export class Luck {
  readonly #seed: number;
  readonly #stream: number;
  #k = 0;

  constructor(seed: number, purpose: string) {
    this.#seed = seed;
    this.#stream = streamOf(purpose);
  }

  uniform(): number {
    return uniformAt(this.#seed, this.#stream, this.#k++);
  }

  /** Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  pareto(exponent: number): number {
    return (1 - this.uniform()) ** (-1 / exponent);
  }

  sign(): number {
    return this.uniform() < 0.5 ? 1 : -1;
  }
}

export function tapeOf(
  mids: ArrayLike<number>,
  parts: Partial<Pick<MarketTape, "lastPrices" | "cells" | "runs">> = {},
): MarketTape {
  const cells = Math.ceil(mids.length / (CELL_SECONDS * GRID_PER_SECOND));
  return {
    instrument: INSTRUMENT,
    startNanos: 0n,
    mids: Int32Array.from(mids),
    lastPrices: new Int32Array(mids.length),
    cells: Array.from({ length: cells }, () => {
      const cell = new Cell();
      cell.quotedSeconds = CELL_SECONDS;
      cell.volume = 1_000;
      return cell;
    }),
    runs: [],
    rows: mids.length,
    ...parts,
  };
}

/** A walk of the logarithm of the mid, one step a sample. */
export function walk(samples: number, step: (k: number) => number): Int32Array {
  const mids = new Int32Array(samples);
  let log = 0;
  for (let k = 0; k < samples; k++) {
    mids[k] = Math.round(START_MID * Math.exp(log));
    log += step(k);
  }
  return mids;
}

export const surveyOf = (...tapes: readonly MarketTape[]): Survey => ({ tapes, seed: 1 });
