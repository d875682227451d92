/** How seldom a harmless advisor loses weight, how soon a loss is seen, what a journal tells. */
import { describe, expect, it } from "vitest";
import { FALSE_LOWERING, REGIMES_TESTED } from "../../src/runtime/influence/harm-test.ts";
import { falseShare, ordersToSee } from "./harm-runs.ts";
import { agreement, twin } from "./twin-orders.ts";

describe("the test of live results", () => {
  it("seldom lowers what does no harm, however often one looks", () => {
    for (const law of ["normal", "heavy tails", "raised stakes"] as const) {
      const share = falseShare(law, { runs: 300, orders: 100, betsAnOrder: 5, seed: 7 });
      expect(share, law).toBeLessThanOrEqual(FALSE_LOWERING / REGIMES_TESTED + 0.013);
    }
  });

  it("sees a loss, and the sooner the larger it is", () => {
    const seen = [2, 1, 0.25].map((loss) =>
      ordersToSee({ loss, spread: 1, runs: 60, orders: 2_000, betsAnOrder: 5, seed: 3 }),
    );
    expect(seen[0]).toBeLessThan(seen[1]!);
    expect(seen[1]).toBeLessThan(40);
    expect(seen[2]).toBeLessThan(600);
  });
});

describe("what a journal tells of its advice", () => {
  it.each(["recorded", "generated"] as const)("is near the true twin, %s market", (market) => {
    const terms = { market, strategy: "twap", minutes: 4 };
    const { correlation, error, spread } = agreement(
      Array.from({ length: 6 }, (_, seed) => twin(terms, seed)),
    );
    expect(correlation).toBeGreaterThan(0.8);
    expect(error).toBeLessThan(0.6 * spread);
  });
});
