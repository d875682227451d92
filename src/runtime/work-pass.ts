/**
 * Work pass: several parents by several arms in one pass over the market.
 *
 * Our orders move no recorded price, so what one arm does is nothing to another: they share the
 * books and the observer, and each has its own engine, its own account at the venue, its own luck.
 * What must stay true: an outcome is the one that the run would have had alone, to the last digit.
 */
import { ok, type Result } from "../core/domain/errors.ts";
import { Observer } from "../core/market/observer.ts";
import { type BacktestFault, type BacktestRequest, prepareOrder } from "./backtest.ts";
import { composeMarket, headerOf, isShared, kindOf } from "./compose.ts";
import type { Outcome } from "./comparison.ts";
import { simulateToEnd } from "./simulated-loop.ts";
import type { Placed } from "./window.ts";
import { type PassRequest, requestOf, type Run, Work } from "./work-run.ts";

/** More than this, and what the accounts look at for each row no longer stays in the cache. */
export const LANES_MOST = 8;

/** Runs as they are worked together, in their order. */
export function passesOf<One>(runs: readonly One[]): readonly (readonly One[])[] {
  const passes: One[][] = [];
  for (let from = 0; from < runs.length; from += LANES_MOST) {
    passes.push(runs.slice(from, from + LANES_MOST));
  }
  return passes;
}

/** The outcome of each run, in their order. */
export function workPass(
  request: PassRequest,
  placed: Placed,
  runs: readonly Run[],
): readonly Result<Outcome, BacktestFault>[] {
  if (kindOf(placed.market, request.config) === "generated") {
    return oncePerQueue(runs, (some) => workApart(request, placed, some));
  }
  return workApart(request, placed, runs);
}

const keyOf = (run: Run): string => JSON.stringify({ ...run, queue: undefined });

/** A market with a real queue has no model of it: runs that differ in it alone are one run. */
function oncePerQueue(
  runs: readonly Run[],
  work: (runs: readonly Run[]) => readonly Result<Outcome, BacktestFault>[],
): readonly Result<Outcome, BacktestFault>[] {
  const firsts = new Map(runs.map((run) => [keyOf(run), run] as const));
  const worked = work([...firsts.values()]);
  const outcomes = new Map([...firsts.keys()].map((key, k) => [key, worked[k]!] as const));
  return runs.map((run) => {
    const outcome = outcomes.get(keyOf(run))!;
    return outcome.ok ? ok({ ...outcome.value, queue: run.queue }) : outcome;
  });
}

function workApart(
  request: PassRequest,
  placed: Placed,
  runs: readonly Run[],
): readonly Result<Outcome, BacktestFault>[] {
  const results = new Map<Run, Result<Outcome, BacktestFault>>();
  const requests = new Map(runs.map((run) => [run, requestOf(request, placed, run)] as const));
  for (const alike of sharing(request, placed, runs, requests)) {
    const { config } = requests.get(alike[0]!)!;
    const { participationWindow } = config.limits;
    const observer = new Observer(headerOf(placed.market, config), participationWindow);
    const works: Work[] = [];
    for (const run of alike) {
      const prepared = prepareOrder(placed.market, requests.get(run)!, observer);
      if (prepared.ok) works.push(new Work(run, requests.get(run)!, prepared.value, placed));
      else results.set(run, prepared);
    }
    for (const [run, result] of workTogether(works, placed)) results.set(run, result);
  }
  return runs.map((run) => results.get(run)!);
}

/**
 * Runs that may share a pass. One observer measures participation over one window, and the
 * exchange's own algorithms have others; and where the market answers, each run has its own.
 */
function sharing(
  { config }: PassRequest,
  { market }: Placed,
  runs: readonly Run[],
  requests: ReadonlyMap<Run, BacktestRequest>,
): Iterable<readonly Run[]> {
  if (!isShared(market, config)) return runs.map((run) => [run]);
  return Map.groupBy(runs, (run) => requests.get(run)!.config.limits.participationWindow).values();
}

function workTogether(
  works: readonly Work[],
  placed: Placed,
): readonly (readonly [Run, Result<Outcome, BacktestFault>])[] {
  if (works.length === 0) return [];
  const market = composeMarket(placed.market, ...works.map(({ request }) => request));
  if (!market.ok) return works.map(({ run }) => [run, market] as const);
  const { endedAt } = simulateToEnd({ market: market.value, lanes: works });
  return works.map((work) => [work.run, work.outcomeAt(endedAt)] as const);
}
