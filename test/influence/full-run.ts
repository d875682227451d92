/**
 * The full run of earned influence: how often a harmless advisor loses weight, how many orders it
 * takes to see a loss, and how near what a journal says of its advice is to the difference against
 * the true twin.
 *
 * Usage: npm run test:influence -- [--runs N] [--orders N] [--twins N] [--minutes N] [--seed N]
 */
import { parseArgs } from "node:util";
import { FALSE_LOWERING, REGIMES_TESTED } from "../../src/runtime/influence/harm-test.ts";
import { falseShare, LAWS, ordersToSee } from "./harm-runs.ts";
import { agreement, twin, type TwinTerms } from "./twin-orders.ts";

const { values: flags } = parseArgs({
  options: {
    runs: { type: "string", default: "5000" },
    orders: { type: "string", default: "400" },
    twins: { type: "string", default: "60" },
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
  },
});
const [runs, orders, twins, minutes, seed] = [
  flags.runs,
  flags.orders,
  flags.twins,
  flags.minutes,
  flags.seed,
].map(Number) as [number, number, number, number, number];
const say = (line: string): void => void process.stdout.write(`${line}\n`);
if (![runs, orders, twins, minutes, seed].every((value) => Number.isInteger(value) && value >= 0)) {
  say("runs, orders, twins, minutes and seed are whole numbers");
  process.exit(2);
}

/** Advice without effect may lose weight in one regime so often; beside it, three errors. */
const most = FALSE_LOWERING / REGIMES_TESTED;
const allowed = most + 3 * Math.sqrt((most * (1 - most)) / Math.max(1, runs));
let wrong = 0;
say(`no effect, looked at after each of ${orders} orders, ${runs} runs; at most ${percent(most)}:`);
for (const law of LAWS) {
  if (runs === 0) break;
  const share = falseShare(law, { runs, orders, betsAnOrder: 10, seed });
  // The promise is for bets that are as likely to lose an amount as to win it.
  const isRight = share <= (law.startsWith("rare") ? 2 : 1) * allowed;
  if (!isRight) wrong += 1;
  say(`  ${law}: lowered in ${percent(share)}${isRight ? "" : "  WRONG"}`);
}
say("orders until a loss is seen, median:");
for (const spread of runs === 0 ? [] : [0.7, 1, 2.5, 5]) {
  const seen = [2, 1, 0.5].map((loss) => {
    const terms = { loss, spread, runs: 400, orders: 4_000, betsAnOrder: 10, seed };
    return `${ordersToSee(terms)} (${loss} bps)`;
  });
  say(`  scatter of ${spread} bps an order: ${seen.join(", ")}`);
}
const cases: readonly TwinTerms[] = [
  { market: "recorded", strategy: "twap", minutes },
  { market: "generated", strategy: "twap", minutes },
  { market: "recorded", strategy: "is", minutes },
  { market: "generated", strategy: "is", minutes },
];
say(
  `told by the journal against the true twin, ${twins} orders of ${minutes} min advised at random:`,
);
for (const terms of twins === 0 ? [] : cases) {
  const found = Array.from({ length: twins }, (_, k) => twin(terms, seed * 1_000 + k));
  const { correlation, slope, meanDifference, meanTold, spread, error, squares } = agreement(found);
  if (!(correlation > 0.9)) wrong += 1;
  say(
    `  ${terms.strategy}, ${terms.market}: correlation ${correlation.toFixed(3)}, slope ` +
      `${slope.toFixed(2)}; mean ${meanTold.toFixed(3)} told, ${meanDifference.toFixed(3)} true; ` +
      `scatter ${spread.toFixed(2)}, error ${error.toFixed(2)} bps; squares ${squares.toFixed(2)}`,
  );
}
say(wrong === 0 ? "all as promised" : `${wrong} not as promised`);
process.exitCode = wrong === 0 ? 0 : 1;

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
