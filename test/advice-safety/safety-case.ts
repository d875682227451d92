/**
 * Safety case: one advised order as plain data, drawn from a seed: the market, the order, how far
 * advice may lead it, and who advises.
 *
 * What must stay true: a case is a function of its seed and of who advises alone, so a failure is
 * seen again by its number.
 */
import type { AdviceTerms } from "../../src/core/contracts/advice.ts";
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import type {
  ParentConstraints,
  ParentQuantity,
  StrategyChoice,
} from "../../src/core/domain/parent-order.ts";
import { lots, micros, SECOND } from "../../src/core/domain/units.ts";
import { strategies } from "../../src/strategies/registry.ts";
import { tactics } from "../../src/strategies/tactics/registry.ts";

export const MODELS = ["obeying", "random", "adversary"] as const;
/** `real`: one that is asked over `--advisor`. */
export type ModelName = (typeof MODELS)[number] | "real";

/**
 * `ideal`: every order fills whole at once at its price, so fills are what was aimed at, and what
 * an envelope promises of targets must hold of them. `queue`: what rests fills by luck.
 */
export type FillModel = "ideal" | "queue";

export interface SafetyCase {
  readonly seed: number;
  readonly model: ModelName;
  readonly fills: FillModel;
  /** Which market. */
  readonly world: number;
  readonly side: "buy" | "sell";
  readonly quantity: ParentQuantity;
  readonly spanSeconds: number;
  readonly strategy: StrategyChoice;
  readonly urgency: number;
  readonly constraints: ParentConstraints;
  readonly participation: number;
  readonly orderNotional: number;
  readonly benchmarkDeviationBps: number;
  readonly terms: AdviceTerms;
}

/** Markets that runs share. */
export const WORLDS = 48;

/** A source of draws, each of its own name and number. */
export class Draws {
  readonly #seed: number;
  readonly #stream: number;
  #k = 0;

  constructor(seed: number, purpose: string) {
    this.#seed = seed;
    this.#stream = streamOf(purpose);
  }

  next(): number {
    return uniformAt(this.#seed, this.#stream, this.#k++);
  }
  /** A whole number from 0 below `count`. */
  below(count: number): number {
    return Math.min(count - 1, Math.floor(this.next() * count));
  }
  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!;
  }
}

const INFLUENCES = [0, 0.5, 1] as const;
/** Strategies whose schedules are the question; those that do it all at once have none. */
const SCHEDULED = ["twap", "vwap", "pov", "is", "ow"] as const;
const OTHERS = [...strategies.keys()].filter((name) => !SCHEDULED.some((it) => it === name));

export function caseOf(seed: number, model: ModelName): SafetyCase {
  const draw = new Draws(seed, "advice-safety-case");
  const fills = draw.of(["ideal", "queue"] as const);
  const spanSeconds = draw.of([120, 180, 300]);
  const mayCrossSpread = draw.next() < 0.85;
  const size = 200 + draw.below(1200);
  const isNotional = draw.next() < 0.15;
  const quantity: ParentQuantity = isNotional
    ? { kind: "notional", quote: String(size * 20) }
    : { kind: "lots", lots: lots(size) };
  return {
    seed,
    model,
    fills,
    world: draw.below(WORLDS),
    side: draw.of(["buy", "sell"]),
    quantity,
    spanSeconds,
    strategy: strategyOf(draw),
    urgency: draw.of([0, 0.3, 0.5, 0.8, 1]),
    constraints: {
      mayCrossSpread,
      residual: mayCrossSpread
        ? draw.of(["cross", "cross", "leave", "cross-over-participation"] as const)
        : "leave",
    },
    participation: fills === "ideal" ? 1 : draw.of([1, 1, 0.5, 0.2]),
    orderNotional: fills === "ideal" ? 1e6 : draw.of([1e6, 1_500]),
    benchmarkDeviationBps: fills === "ideal" ? 10_000 : draw.of([10_000, 10_000, 60]),
    terms: termsOf(draw),
  };
}

function strategyOf(draw: Draws): StrategyChoice {
  const name = draw.next() < 0.85 ? draw.of(SCHEDULED) : draw.of(OTHERS);
  const isScheduled = SCHEDULED.some((it) => it === name);
  const intervalSeconds = draw.of([3, 6, 12]);
  const parameters: Record<string, unknown> = isScheduled
    ? name === "pov"
      ? { intervalSeconds, rate: draw.of([0.05, 0.1]) }
      : { intervalSeconds, randomizeSize: draw.of([0, 0.2]), randomizeTime: draw.of([0, 0.2]) }
    : {};
  if (!isScheduled || draw.next() < 0.7) return { name, parameters };
  return { name, parameters, tactic: { name: draw.of([...tactics.keys()]), parameters: {} } };
}

function termsOf(draw: Draws): AdviceTerms {
  const corridor = draw.of([0.02, 0.05, 0.1, 0.25, 0.5]);
  const weight = draw.of([...INFLUENCES, 1, 1]);
  return {
    interval: micros(draw.of([5, 10, 20]) * SECOND),
    staleAfter: micros(5 * SECOND),
    mayCancel: draw.next() < 0.12,
    strategies: draw.next() < 0.3 ? ["twap", "vwap", "is"] : [],
    envelope: {
      corridor,
      variation: Math.min(2, draw.of([2, 4, 8]) * corridor),
      crossing: draw.of([0, 0.05, 0.2]),
    },
    // One regime may have earned another weight than the others.
    influence: { calm: weight, usual: weight, stressed: draw.of([weight, 0]) },
    influenceSource: "a safety run",
    mostQuestions: 200,
  };
}
