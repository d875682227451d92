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
import type { ArrivalConfig } from "./config.ts";
import type { Plugin } from "./plugin.ts";
import { place, type Placed, type Windows } from "./window.ts";
import { passesOf, workPass } from "./work-pass.ts";

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

/** Yields how many of how many parents are done, pass by pass. */
export function* compare(
  request: CompareRequest,
): Generator<{ done: number; total: number }, Result<Comparison, CompareFault>> {
  const { arms, sides, parents, quantity, isNotional, over } = request;
  const outcomes: Outcome[] = [];
  const total = parents * sides.length * arms.length * QUEUES.length;
  for (let window = 0; window < parents; window++) {
    const placed = place(request, window);
    if (!placed.ok) return placed;
    if (window === 0) {
      const text = refusedArms(request, placed.value);
      if (text !== undefined) return err({ code: "COMPARE_NATIVE", text });
    }
    const runs = sides.flatMap((side) =>
      arms.flatMap((arm) =>
        QUEUES.map((queue) => ({ window, side, arm, queue, quantity, isNotional, over })),
      ),
    );
    for (const pass of passesOf(runs)) {
      for (const outcome of workPass(request, placed.value, pass)) {
        if (!outcome.ok) return outcome;
        outcomes.push(outcome.value);
      }
      yield { done: outcomes.length, total };
    }
  }
  return ok(summarise(arms, parents, outcomes, request.seed));
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
