/**
 * Market laws: the laws of execution in the three markets that can be simulated, for a strategy.
 *
 * Where the conformance suite's venue is as unpleasant as can be, these are as users have them: the
 * recorded market, the reactive one, the generated one, each through the loop of a backtest.
 */
import fc from "fast-check";
import { type Law, lawOf, requireHappened } from "../../src/testing/law.ts";
import {
  choicesOf,
  type Lineup,
  type StrategyUnderTest,
  type TacticUnderTest,
} from "../../src/testing/lineup.ts";
import { describeMarketCase, MARKET_KINDS, marketCases } from "./market-case.ts";
import { runInMarket } from "./market-run.ts";

export interface MarketLawOptions {
  readonly mine: StrategyUnderTest;
  /** Those that it is switched to and from, itself included. */
  readonly all: readonly StrategyUnderTest[];
  readonly tactics: readonly TacticUnderTest[];
  readonly lineup: Lineup;
  /** Runs in each market. */
  readonly runs: number;
  readonly seed?: number;
  readonly path?: string;
}

/** One law for each market: laws 1 to 10 at every step, and no lot out of nothing. */
export function marketLaws(options: MarketLawOptions): readonly Law[] {
  const { mine, all, tactics, lineup, runs, seed, path } = options;
  const own = choicesOf(mine, tactics);
  const any = fc.oneof(...all.map((it) => choicesOf(it, tactics)));
  return MARKET_KINDS.map((kind) => {
    const patience = new Patience();
    const law = lawOf(
      {
        name: `${mine.strategy.name}: obeys every law in the ${kind} market`,
        group: `${kind} market`,
        cases: marketCases(own, any),
        check: (drawn, tally) =>
          patience.spend(() => tally.add(runInMarket(kind, drawn, lineup).tally)),
        describe: describeMarketCase,
        verdict(tally, count) {
          requireHappened(tally, "sends", count);
          requireHappened(tally, "fills", count);
        },
      },
      {
        runs,
        ...(seed === undefined ? {} : { seed }),
        ...(path === undefined ? {} : { path }),
      },
    );
    const { name, group, tally } = law;
    const run = (): void => {
      patience.begin();
      law.run();
    };
    return { name, group, tally, run };
  });
}

/** Runs that the search for a smaller case may take, once a law has been broken. */
const SEARCH_RUNS = 200;

/** A whole run is no small thing to try again: the search for the smallest case has an end. */
class Patience {
  #left = Number.POSITIVE_INFINITY;

  begin(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  spend(run: () => void): void {
    if (this.#left === 0) return;
    this.#left -= 1;
    try {
      run();
    } catch (error) {
      this.#left = Math.min(this.#left, SEARCH_RUNS);
      throw error;
    }
  }
}
