/**
 * Spans: a survey cut into spans of time that are long enough to be independent.
 */
import type { Survey } from "./finding.ts";
import { spanFor } from "./jackknife.ts";
import { type Cell, CELL_SECONDS, GRID_PER_SECOND, type MarketTape, sumOf } from "./tape.ts";

export interface Span {
  readonly tape: MarketTape;
  /** Places in the tape's samples, [from, until). */
  readonly from: number;
  readonly until: number;
  readonly cells: readonly Cell[];
}

/** More spans than this would make the figures no surer, only slower. */
const MOST_SPANS = 60;
/** Prices remember how nervous they were: nothing shorter than two minutes stands for itself. */
const LEAST_MEMORY_SECONDS = 24;

/** What is left over at the end of a tape joins the span before it, if it is under half of one. */
export function spansOf({ tapes }: Pick<Survey, "tapes">, memorySeconds: number): readonly Span[] {
  const cells = tapes.reduce((sum, tape) => sum + tape.cells.length, 0);
  const perSpan = Math.max(
    spanFor(Math.max(memorySeconds, LEAST_MEMORY_SECONDS)) / CELL_SECONDS,
    Math.ceil(cells / MOST_SPANS),
  );
  return tapes.flatMap((tape) => {
    const whole = Math.max(1, Math.round(tape.cells.length / perSpan));
    const perCell = CELL_SECONDS * GRID_PER_SECOND;
    return Array.from({ length: whole }, (_, i) => {
      const isLast = i === whole - 1;
      return {
        tape,
        from: Math.min(tape.mids.length, i * perSpan * perCell),
        until: isLast ? tape.mids.length : Math.min(tape.mids.length, (i + 1) * perSpan * perCell),
        cells: tape.cells.slice(i * perSpan, isLast ? undefined : (i + 1) * perSpan),
      };
    });
  });
}

/** The sums of each span, without the spans in which nothing was quoted or traded. */
export const cellSpans = (survey: Pick<Survey, "tapes">, memorySeconds: number): readonly Cell[] =>
  spansOf(survey, memorySeconds)
    .map(({ cells }) => sumOf(cells))
    .filter(({ prints, quotedSeconds }) => prints > 0 || quotedSeconds > 0);

/** Log return of the mid in bps from one sample to another; NaN where either is unknown. */
export function returnBps(prices: Int32Array, from: number, to: number): number {
  const [a, b] = [prices[from] ?? 0, prices[to] ?? 0];
  return a > 0 && b > 0 ? 1e4 * Math.log(b / a) : Number.NaN;
}

/** Returns over `seconds` that follow each other without overlap, unknown ones as NaN. */
export function returnsIn(span: Span, seconds: number): Float64Array {
  const step = Math.round(seconds * GRID_PER_SECOND);
  const { mids } = span.tape;
  const first = Math.ceil(span.from / step) * step;
  const count = Math.max(0, Math.ceil((Math.min(span.until, mids.length - step) - first) / step));
  return Float64Array.from({ length: count }, (_, i) =>
    returnBps(mids, first + i * step, first + (i + 1) * step),
  );
}
