/**
 * Backtest execution: the same order by three strategies on one market, before it is worked for
 * money. One market proves little: `arrival compare` does it over many, with intervals.
 *
 *     node_modules/.bin/node examples/backtest-execution/backtest-execution.ts
 */
import { micros, openMarket, parseConfig, prepareBacktest } from "../../src/index.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const minutes = (count: number) => micros(count * 60_000_000);
const startAt = micros(Date.UTC(2026, 0, 5, 14) * 1000);

for (const name of ["twap", "pov", "is"]) {
  // A generated market answers the orders in it, so each strategy has one of its own.
  const market = await openMarket({ kind: "generated", seed: 3, startAt, duration: minutes(4) });
  const config = parseConfig({ strategy: { name } });
  if (!market.ok || !config.ok) throw new Error("cannot be");
  const prepared = prepareBacktest(market.value, {
    side: "buy",
    quantity: "3",
    isNotional: false,
    over: minutes(1),
    constraints: { mayCrossSpread: true, residual: "cross" },
    acceptInfeasible: false,
    config: config.value,
    seed: 1,
  });
  if (!prepared.ok) throw new Error(prepared.error.text);
  const steps = prepared.value.run();
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const { phase, report } = step.value;
  const bps = report?.shortfall.total.bps?.toFixed(2);
  say(`${name.padEnd(5)} ${phase}, ${report?.quantity.filled} filled, ${bps} bps`);
}
