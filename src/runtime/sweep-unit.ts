/**
 * Sweep unit: one parent worked, and what is kept of it.
 *
 * What must stay true: a row is a function of the request, the market and the number of the unit;
 * neither who works it nor what was worked before changes a digit.
 */
import { ok, type Result } from "../core/domain/errors.ts";
import type { Bps, Fraction } from "../core/domain/units.ts";
import type { BacktestFault } from "./backtest.ts";
import type { Outcome } from "./comparison.ts";
import { openGenerated, type OpenMarket } from "./market-source.ts";
import type { Plugin } from "./plugin.ts";
import type { RecordedWindow } from "./recorded-windows.ts";
import { longestOf, type SweepRequest, sweepWindow, unitAt } from "./sweep-request.ts";
import { place, type Placed } from "./window.ts";
import { workPass } from "./work-pass.ts";
import type { Run } from "./work-run.ts";
import { workTour } from "./work-tour.ts";

/** The result of one unit; what it was follows from its number. */
export interface SweepRow {
  readonly unit: number;
  /** Within its market: windows that overlap are one cluster. */
  readonly cluster: number;
  /** Full shortfall, fees included; positive = paid. */
  readonly costBps: Bps;
  readonly beforeFeesBps: Bps;
  readonly filled: Fraction;
  readonly makerShare: Fraction;
  readonly completionSeconds: number | null;
  readonly phase: string;
}

/** @param recorded the market itself, where it is a recording. */
export function placeWindow(
  request: Pick<SweepRequest, "markets" | "arms" | "parents" | "seed">,
  { market, window }: { readonly market: number; readonly window: number },
  recorded: OpenMarket | undefined,
): Result<Placed, BacktestFault> {
  const source = request.markets[market]!;
  return place(
    {
      windows:
        source.kind === "generated"
          ? {
              kind: "generated",
              open: (each) => openGenerated(sweepWindow(source, request, each)),
            }
          : { kind: "recorded", market: recorded! },
      over: longestOf(request),
      parents: request.parents,
    },
    window,
  );
}

/** Units of one window, in one pass over it. @returns a row or a fault for each, in their order. */
export function workUnits(
  request: SweepRequest,
  placed: Placed,
  units: readonly number[],
  plugins: readonly Plugin[],
): readonly Result<SweepRow, BacktestFault>[] {
  const { constraints, config, seed } = request;
  const runs = units.map((unit) => runOf(request, unit));
  const worked = workPass({ constraints, config, seed, plugins }, placed, runs);
  return worked.map((outcome, k) => rowOf(units[k]!, outcome));
}

/** Units of one recording, in one pass over all of it: a row, a fault or an error for each. */
export function* tourUnits(
  request: SweepRequest,
  market: OpenMarket,
  windows: readonly RecordedWindow[],
  units: readonly number[],
  plugins: readonly Plugin[],
): Generator<
  | { readonly unit: number; readonly row: Result<SweepRow, BacktestFault> }
  | { readonly unit: number; readonly error: unknown }
> {
  const { constraints, config, seed } = request;
  const runs = units.map((unit) => {
    const { window } = unitAt(request, unit);
    return { run: runOf(request, unit), window: windows[window % windows.length]! };
  });
  for (const told of workTour({ constraints, config, seed, plugins }, market, runs)) {
    const unit = units[told.place]!;
    yield "error" in told ? { unit, error: told.error } : { unit, row: rowOf(unit, told.outcome) };
  }
}

function runOf(request: SweepRequest, unit: number): Run {
  const { market, window, side, arm, queue } = unitAt(request, unit);
  const { quantity, isNotional, over } = arm;
  const number = market * request.parents + window;
  return { window: number, side, arm, queue, quantity, isNotional, over };
}

function rowOf(
  unit: number,
  outcome: Result<Outcome, BacktestFault>,
): Result<SweepRow, BacktestFault> {
  if (!outcome.ok) return outcome;
  const { cluster, costBps, beforeFeesBps, filled, makerShare, completionSeconds, phase } =
    outcome.value;
  return ok({
    unit,
    cluster,
    // JSON knows one zero only, and a row read back must be the row that was written.
    costBps: costBps + 0,
    beforeFeesBps: beforeFeesBps + 0,
    filled,
    makerShare,
    completionSeconds,
    phase,
  });
}

/** More windows than any market has: keeps the clusters of two markets apart. */
const MARKET_STRIDE = 1e9;

/** A row as the statistics of a comparison take it: windows and clusters counted over markets. */
export function outcomeOf(request: SweepRequest, row: SweepRow): Outcome {
  const { market, window, side, arm, queue } = unitAt(request, row.unit);
  const { costBps, beforeFeesBps, filled, makerShare, completionSeconds, phase } = row;
  return {
    window: market * request.parents + window,
    cluster: market * MARKET_STRIDE + row.cluster,
    side,
    arm: arm.label,
    strategy: arm.strategy.name,
    queue,
    costBps,
    beforeFeesBps,
    filled,
    makerShare,
    completionSeconds,
    phase,
  };
}
