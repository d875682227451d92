/**
 * Finding: one stylised fact of one market: what was measured, and whether the market has it.
 */
import type { Estimate, Verdict } from "./jackknife.ts";
import type { FactName } from "./literature.ts";
import type { MarketTape } from "./tape.ts";

export interface Measure {
  readonly name: string;
  readonly unit?: string;
  /** Absent: it could not be computed. */
  readonly estimate?: Estimate;
  /** What the figure hangs on: the k of a tail, the range of a fit. */
  readonly note?: string;
}

export interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** 95 % of each y, where known. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

export interface Finding {
  readonly fact: FactName;
  readonly holds: Verdict;
  /** Independent spans behind the verdict. */
  readonly effective: number;
  /** What stood in for what the fact is about. */
  readonly proxy?: string;
  /** Why it cannot be told, or what the answer hangs on. */
  readonly why?: string;
  readonly measures: readonly Measure[];
  readonly curves: readonly Curve[];
}

/** Tapes of one market: one of a recording, several of a generated market's seeds. */
export interface Survey {
  readonly tapes: readonly MarketTape[];
  readonly seed: number;
}

export const measure = (
  name: string,
  estimate: Estimate | undefined,
  rest: { readonly unit?: string; readonly note?: string } = {},
): Measure => ({ name, ...rest, ...(estimate === undefined ? {} : { estimate }) });
