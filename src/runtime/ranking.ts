/**
 * Ranking: the same arms on several markets, and whether their order is the same.
 *
 * A ranking that turns when the market answers was one of a market that does not. Of two arms it
 * says that they have changed places only where both differences are significant: otherwise nothing
 * is known of one of the orders.
 */
import type { Bps } from "../core/domain/units.ts";
import type { ArmSummary, Comparison } from "./comparison.ts";
import type { MarketKind } from "./config.ts";

/** One market's comparison. */
export interface OnMarket {
  readonly market: Exclude<MarketKind, "auto">;
  readonly comparison: Comparison;
}

export interface RankedArm {
  readonly arm: string;
  /** In the order of the markets. */
  readonly places: readonly {
    /** 1 is the cheapest; under the pessimistic queue. */
    readonly rank: number;
    readonly meanBps: Bps;
    readonly beforeFeesBps: Bps;
    /** Against the baseline: `lower` and `higher` are significant after correction. */
    readonly verdict: "baseline" | "lower" | "higher" | "not shown";
  }[];
}

export interface Ranking {
  readonly markets: readonly OnMarket["market"][];
  /** Cheapest on the first market first. */
  readonly arms: readonly RankedArm[];
  /** Arms whose verdict against the baseline turns from one market to another, in words. */
  readonly turns: readonly string[];
}

/** The largest p, corrected for all comparisons, that is called significant. */
const SIGNIFICANT = 0.05;

export function rank(results: readonly OnMarket[]): Ranking {
  const tables = results.map(({ comparison }) =>
    comparison.arms.filter(({ queue }) => queue === comparison.arms[0]!.queue),
  );
  const orders = tables.map((table) => table.toSorted((a, b) => a.meanBps - b.meanBps));
  const arms = orders[0]!.map(({ arm }) => ({
    arm,
    places: orders.map((order) => {
      const at = order.findIndex((one) => one.arm === arm);
      const { meanBps, beforeFeesBps } = order[at]!;
      return { rank: at + 1, meanBps, beforeFeesBps, verdict: verdictOf(order[at]!) };
    }),
  }));
  const markets = results.map(({ market }) => market);
  return { markets, arms, turns: arms.flatMap((arm) => turnsOf(arm, markets)) };
}

function verdictOf({ difference }: ArmSummary): RankedArm["places"][number]["verdict"] {
  if (difference === undefined) return "baseline";
  const p = difference.corrected;
  if (p === undefined || p >= SIGNIFICANT) return "not shown";
  return difference.mean < 0 ? "lower" : "higher";
}

function turnsOf({ arm, places }: RankedArm, markets: Ranking["markets"]): readonly string[] {
  const lower = markets.filter((_, k) => places[k]!.verdict === "lower");
  const higher = markets.filter((_, k) => places[k]!.verdict === "higher");
  if (lower.length === 0 || higher.length === 0) return [];
  return [
    `${arm} costs less than the baseline on ${lower.join(", ")}, and more on ${higher.join(", ")}`,
  ];
}
