/**
 * Table content: what a table of influence holds, for tests that need one which nobody learned.
 */
import { PROMPT_VERSION } from "../../src/advisors/prompt.ts";
import {
  type LearnedRegime,
  type TableContent,
  weightOf,
} from "../../src/runtime/influence/influence-table.ts";

/** Of one regime: bps saved, with the interval, and the weight that follows from them. */
export function learned(mean: number, low: number, high: number): LearnedRegime {
  const saved = { mean, low, high };
  return { weight: weightOf(saved), orders: 80, markets: 40, saved };
}

/** Of a TWAP in the usual envelope, by the prompt of today. */
export const tableContent = (
  change: Partial<TableContent> & Pick<TableContent, "advisor" | "regimes">,
): TableContent => ({
  influence: 2,
  reliability: null,
  prompt: PROMPT_VERSION,
  model: null,
  strategy: "twap",
  envelope: { corridor: 0.05, variation: 0.2, crossing: 0.05 },
  strategies: [],
  learnedAt: "2026-01-01T00:00:00.000Z",
  program: "a test",
  confidence: 0.95,
  from: {
    rows: "0".repeat(64),
    seed: 1,
    markets: 40,
    orders: 80,
    kinds: ["normal"],
    words: "test",
    quantity: "2",
    overSeconds: 300,
  },
  ...change,
});
