/**
 * Lineup: the strategies that take part in a session, and what each may be asked to do.
 *
 * The suite knows no concrete strategy: the one under test, those it is switched to and from, and
 * the tactics that an order may name are all handed in.
 */
import fc from "fast-check";
import type { Strategy } from "../core/contracts/strategy.ts";
import type { TacticKind } from "../core/contracts/tactic.ts";
import type { StrategyChoice, TacticChoice } from "../core/domain/parent-order.ts";

export type Parameters = Readonly<Record<string, unknown>>;

/**
 * The largest share of the parent that may have been committed since, worked out without the
 * strategy's own code: a second opinion beside the plan that the strategy itself binds.
 */
export type PaceFormula = (question: PaceQuestion) => number;

/** Shares are of the whole parent, times in microseconds. */
export interface PaceQuestion {
  readonly parameters: Parameters;
  /** Since the plan was anchored or the stall ended, and what was left of the order's time then. */
  readonly elapsed: number;
  readonly span: number;
  /** What was neither filled nor open then: as a share, and in lots. */
  readonly rest: number;
  readonly restLots: number;
  /** The whole parent, and the least order of it. */
  readonly lots: number;
  readonly leastLots: number;
  /** Others' volume since then, in lots, and our largest share of all volume. */
  readonly volume: number;
  readonly participation: number;
  /** How far a plan may be that was just anchored, or one that has just slept. */
  readonly since: "anchor" | "stall";
}

export interface StrategyUnderTest {
  readonly strategy: Strategy;
  /** Any parameters that the strategy's `check` accepts; absent = its defaults alone. */
  readonly parameters?: fc.Arbitrary<Parameters>;
  readonly pace?: PaceFormula;
}

export interface TacticUnderTest {
  readonly kind: TacticKind;
  /** Any parameters that the tactic's `check` accepts; absent = its defaults alone. */
  readonly parameters?: fc.Arbitrary<Parameters>;
}

export interface Lineup {
  readonly strategies: ReadonlyMap<string, Strategy>;
  readonly tactics: ReadonlyMap<string, TacticKind>;
  readonly paces: ReadonlyMap<string, PaceFormula>;
}

export function lineupOf(
  players: readonly StrategyUnderTest[],
  tactics: readonly TacticUnderTest[],
): Lineup {
  return {
    strategies: new Map(players.map(({ strategy }) => [strategy.name, strategy])),
    tactics: new Map(tactics.map(({ kind }) => [kind.name, kind])),
    paces: new Map(
      players.flatMap(({ strategy, pace }) => (pace === undefined ? [] : [[strategy.name, pace]])),
    ),
  };
}

/** Choices of one strategy: its parameters, and now and then a tactic of the order's own. */
export function choicesOf(
  { strategy, parameters }: StrategyUnderTest,
  tactics: readonly TacticUnderTest[],
): fc.Arbitrary<StrategyChoice> {
  const { name } = strategy;
  const plain = (parameters ?? fc.constant({})).map((drawn): StrategyChoice => ({
    name,
    parameters: drawn,
  }));
  if (tactics.length === 0 || strategy.isTactic === true) return plain;
  const tactic = fc.oneof(
    ...tactics.map((it) =>
      (it.parameters ?? fc.constant({})).map((drawn): TacticChoice => ({
        name: it.kind.name,
        parameters: drawn,
      })),
    ),
  );
  return fc
    .tuple(plain, fc.option(tactic, { nil: undefined, freq: 2 }))
    .map(([{ parameters: drawn }, own]) =>
      own === undefined ? { name, parameters: drawn } : { name, parameters: drawn, tactic: own },
    );
}
