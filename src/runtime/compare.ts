/**
 * Compare: the same parents through several strategies on the same market, paired.
 *
 * Every arm sees the same rows, seed and fees, and what it leaves unfilled is marked at one common
 * horizon price, so a difference between two arms is theirs and not the market's. Windows of one
 * start share their luck: they are one cluster, and clusters are what is counted.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Instrument, parseQuantity } from "../core/domain/instrument.ts";
import { affordableLots, quoteUnits } from "../core/domain/money.ts";
import type { ParentConstraints } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import { type HalfTicks, type Lots, type Micros, NO_LOTS, ticks } from "../core/domain/units.ts";
import { type Arm, refusalOf } from "./arm.ts";
import type { BacktestFault } from "./backtest.ts";
import { type Comparison, type Outcome, QUEUES, summarise } from "./comparison.ts";
import { isShared } from "./compose.ts";
import type { ArrivalConfig } from "./config.ts";
import type { OpenMarket } from "./market-source.ts";
import type { Plugin } from "./plugin.ts";
import { recordedWindows } from "./recorded-windows.ts";
import { place, type Placed, type Windows } from "./window.ts";
import { LANES_MOST, passesOf, workPass } from "./work-pass.ts";
import type { Run } from "./work-run.ts";
import { roundsOf, workTour } from "./work-tour.ts";

export interface CompareRequest {
  readonly windows: Windows;
  /** Labels are unique; the first is the baseline that the others are compared with. */
  readonly arms: readonly Arm[];
  readonly sides: readonly Side[];
  readonly quantity: string;
  readonly isNotional: boolean;
  readonly over: Micros;
  /** How many windows; each is worked on every side by every strategy. */
  readonly parents: number;
  readonly constraints: ParentConstraints;
  readonly config: ArrivalConfig;
  /** Strategies from files that arms may name. */
  readonly plugins?: readonly Plugin[];
  readonly seed: number;
}

export type CompareFault =
  BacktestFault | { readonly code: "COMPARE_NATIVE"; readonly text: string };

/** Yields how many of how many parents are done. */
export function* compare(
  request: CompareRequest,
): Generator<{ done: number; total: number }, Result<Comparison, CompareFault>> {
  const { windows, config, arms, parents, sides } = request;
  const outcomes: Outcome[] = [];
  const total = parents * sides.length * arms.length * QUEUES.length;
  const works =
    windows.kind === "recorded" && isShared(windows.market, config)
      ? inTours(request, windows.market)
      : byWindow(request);
  let done = 0;
  for (const { at, outcome } of works) {
    if (!outcome.ok) return outcome;
    outcomes[at] = outcome.value;
    done += 1;
    if (done % LANES_MOST === 0 || done === total) yield { done, total };
  }
  return ok(summarise(arms, parents, outcomes, request.seed));
}

interface Worked {
  /** Of the run, among all. */
  readonly at: number;
  readonly outcome: Result<Outcome, CompareFault>;
}

/** Each window with a market of its own, or one that our orders move. */
function* byWindow(request: CompareRequest): Generator<Worked> {
  let at = 0;
  for (let window = 0; window < request.parents; window++) {
    const placed = place(request, window);
    if (!placed.ok) return yield { at, outcome: placed };
    if (window === 0) yield* refusal(request, placed.value);
    for (const pass of passesOf(runsIn(request, window))) {
      for (const outcome of workPass(request, placed.value, pass)) yield { at: at++, outcome };
    }
  }
}

/** All windows of a recording that stands as it is. */
function* inTours(request: CompareRequest, whole: OpenMarket): Generator<Worked> {
  const { over, parents } = request;
  const placed = recordedWindows(whole, over, parents);
  if (!placed.ok) return yield { at: 0, outcome: placed };
  const windows = placed.value;
  yield* refusal(request, windows[0]!);
  const runs = Array.from({ length: parents }, (_, window) => runsIn(request, window)).flat();
  const toured = runs.map((run, at) => ({
    at,
    run,
    window: windows[run.window % windows.length]!,
  }));
  for (const round of roundsOf(toured, windows.length, ({ window }) => window.cluster)) {
    for (const told of workTour(request, whole, round)) {
      if ("error" in told) throw told.error;
      yield { at: round[told.place]!.at, outcome: told.outcome };
    }
  }
}

const runsIn = (
  { sides, arms, quantity, isNotional, over }: CompareRequest,
  window: number,
): Run[] =>
  sides.flatMap((side) =>
    arms.flatMap((arm) =>
      QUEUES.map((queue) => ({ window, side, arm, queue, quantity, isNotional, over })),
    ),
  );

function* refusal(request: CompareRequest, first: Placed): Generator<Worked> {
  const text = refusedArms(request, first);
  if (text !== undefined) yield { at: 0, outcome: err({ code: "COMPARE_NATIVE", text }) };
}

/** Arms that the exchange itself would not take, each with its reason; undefined where none is. */
export function refusedArms(
  request: Pick<CompareRequest, "arms" | "over" | "quantity" | "isNotional">,
  placed: Placed,
): string | undefined {
  const { instrument } = placed.market.header;
  const price = placed.horizon;
  const quantity = lotsOf(request, instrument, price);
  const refused = request.arms.flatMap((arm) => {
    const why = refusalOf(arm, { instrument, quantity, price, over: request.over });
    return why === undefined ? [] : [`${arm.label} ${why}`];
  });
  if (refused.length === 0) return undefined;
  return `${refused.join("; ")}; these orders are over ${seconds(request.over)}`;
}

function lotsOf(
  request: Pick<CompareRequest, "quantity" | "isNotional">,
  instrument: Instrument,
  price: HalfTicks,
): Lots {
  if (request.isNotional) {
    const budget = quoteUnits(instrument, request.quantity);
    return affordableLots(instrument, budget, ticks(Math.ceil(price / 2)));
  }
  const parsed = parseQuantity(instrument, request.quantity);
  return parsed.ok ? parsed.value : NO_LOTS;
}

const seconds = (span: number): string => `${(span / 1e6).toFixed(0)} s`;
