/**
 * Work tour: runs of many windows of one recording in one pass over it.
 *
 * A window's market is all that was before it too: worked window by window, a recording would be
 * gone through once for each. In a tour every run begins where its window does, and is gone once
 * its order has ended. What must stay true: an outcome is the one that the run would have had in
 * its own window alone, to the last digit. A run of which that is not sure is worked so.
 */
import { invariant, type Result } from "../core/domain/errors.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import { Observer } from "../core/market/observer.ts";
import { type BacktestFault, type BacktestRequest, parentOf, prepareOrder } from "./backtest.ts";
import { composeTour, headerOf, type TouredMarket } from "./compose.ts";
import type { Outcome } from "./comparison.ts";
import type { OpenMarket } from "./market-source.ts";
import type { RecordedWindow } from "./recorded-windows.ts";
import { type ComingLane, simulate } from "./simulated-loop.ts";
import { cut } from "./window.ts";
import { LANES_MOST, workPass } from "./work-pass.ts";
import { type PassRequest, requestOf, type Run, Work } from "./work-run.ts";

export interface TouredRun {
  readonly run: Run;
  readonly window: RecordedWindow;
}

/** One of a tour, with what it asks for. */
interface Asked extends TouredRun {
  /** Its place among the runs. */
  readonly place: number;
  readonly request: BacktestRequest;
  readonly beginsAt: Micros;
}

/** What came of one of them, by its place; or what its strategy threw. */
export type Told =
  | { readonly place: number; readonly outcome: Result<Outcome, BacktestFault> }
  | { readonly place: number; readonly error: unknown };

/**
 * Runs as they go round together: few of each slot in one round, so that few are at work at a time.
 *
 * @param slotOf 0..slots − 1; within a round they come in this order.
 */
export function roundsOf<One>(
  runs: readonly One[],
  slots: number,
  slotOf: (run: One) => number,
): One[][] {
  const bySlot = Array.from({ length: slots }, (): One[] => []);
  for (const run of runs) bySlot[slotOf(run)]!.push(run);
  const rounds = Math.ceil(Math.max(...bySlot.map(({ length }) => length)) / LANES_MOST);
  return Array.from({ length: rounds }, (_, round) =>
    bySlot.flatMap((own) => own.slice(round * LANES_MOST, (round + 1) * LANES_MOST)),
  );
}

/**
 * @param whole the recording; only what is recorded, for our orders must not move it.
 * @returns what came of each, as soon as it has ended: in no order of theirs.
 */
export function* workTour(
  request: PassRequest,
  whole: OpenMarket,
  runs: readonly TouredRun[],
): Generator<Told, void> {
  const asked: Asked[] = [];
  for (const [place, { run, window }] of runs.entries()) {
    const own = requestOf(request, window, run);
    const parent = parentOf(window.market, own);
    if (!parent.ok) yield { place, outcome: parent };
    else asked.push({ run, window, place, request: own, beginsAt: parent.value.startAt });
  }
  // One observer measures participation over one window.
  const tours = Map.groupBy(asked, (each) => each.request.config.limits.participationWindow);
  for (const tour of tours.values()) {
    for (const { place, run, window } of yield* goRound(whole, tour)) {
      yield { place, outcome: workPass(request, window, [run])[0]! };
    }
  }
}

/** @returns those of which the end is not known to be their own. */
function* goRound(whole: OpenMarket, runs: readonly Asked[]): Generator<Told, Iterable<Asked>> {
  const { config } = runs[0]!.request;
  const until = Math.max(...runs.map(({ window }) => window.market.until));
  // What is left as it is can be read ahead.
  const isAll = until === whole.until;
  const blocks = isAll ? whole.blocks : cut(whole.blocks, whole.header, micros(until));
  const toured = composeTour({ header: whole.header, blocks });
  const observer = new Observer(headerOf(whole, config), config.limits.participationWindow);
  const left = new Set(runs);
  const told: Told[] = [];
  const ended = (asked: Asked, work: Work, error: unknown): void => {
    const { place } = asked;
    const { endedAt } = work;
    if (error !== undefined) told.push({ place, error });
    else if (endedAt === undefined || endedAt > asked.window.settledBy) return;
    else told.push({ place, outcome: work.outcomeAt(endedAt) });
    left.delete(asked);
  };
  const coming = runs
    .map((asked) => comingLane(asked, toured, observer, ended))
    .sort((a, b) => a.beginsAt - b.beginsAt);
  for (const _ of simulate({ market: toured.market, observer, coming })) {
    if (told.length > 0) yield* told.splice(0);
  }
  yield* told;
  return left;
}

function comingLane(
  asked: Asked,
  { open, close }: TouredMarket,
  observer: Observer,
  ended: (asked: Asked, work: Work, error: unknown) => void,
): ComingLane {
  const { window, request, beginsAt, run } = asked;
  let work: Work | undefined;
  return {
    beginsAt,
    open: () => {
      const prepared = prepareOrder(window.market, request, observer);
      invariant(prepared.ok, "an order that was checked can be prepared");
      work = new Work(run, request, prepared.value, window);
      return { lane: work, account: open(request) };
    },
    close: (account, error) => {
      close(account);
      ended(asked, work!, error);
      // Its engine goes: a tour may have thousands.
      work = undefined;
    },
  };
}
