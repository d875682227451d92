/**
 * The full run of planted recovery: every model's parameters, planted under the noise of real
 * orders, must lie inside their 90 % intervals in 85 to 95 % of the runs.
 *
 * Usage: npm run test:calibration -- [--runs N] [--model NAME] [--seed N]
 */
import { parseArgs } from "node:util";
import { DAYS, ORDERS_PER_DAY, PLANTED, recover } from "./recovery.ts";

const RUNS = 200;
const [LEAST, MOST] = [0.85, 0.95];

const { values: flags } = parseArgs({
  options: { runs: { type: "string" }, model: { type: "string" }, seed: { type: "string" } },
});
const runs = Number(flags.runs ?? RUNS);
const firstSeed = Number(flags.seed ?? 1);
const chosen = PLANTED.filter(
  ({ model }) => flags.model === undefined || model.name === flags.model,
);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (!(runs >= 1) || !Number.isInteger(firstSeed) || chosen.length === 0) {
  say(`known models: ${PLANTED.map(({ model }) => model.name).join(", ")}; runs and seed: numbers`);
  process.exit(2);
}
say(`${runs} runs each of ${DAYS} days with ${ORDERS_PER_DAY} orders, from seed ${firstSeed}`);
let wrong = 0;
for (const planted of chosen) {
  const { held, failed } = recover(planted, runs, firstSeed);
  for (const text of failed) say(`${planted.model.name}: no fit: ${text}`);
  wrong += failed.length;
  for (const [name, count] of held) {
    const share = count / runs;
    const isRight = share >= LEAST && share <= MOST;
    if (!isRight) wrong += 1;
    const percent = `${(share * 100).toFixed(1)} %`;
    say(`${planted.model.name} ${name}: inside in ${percent}${isRight ? "" : "  WRONG"}`);
  }
}
say(wrong === 0 ? "all between 85 and 95 %" : `${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
