/**
 * The full soak: `npm run soak -- [--hours 24] [--seed 1] [--restart-every 6]`.
 *
 * A day of one order in virtual time; each hour what engine, exchange and journal hold is compared,
 * and the heap is measured after a collection. Ends with 1 where anything differs.
 */
import { parseArgs } from "node:util";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "24" },
    seed: { type: "string", default: "1" },
    "restart-every": { type: "string", default: "6" },
    every: { type: "string", default: "1" },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const began = Date.now();
const restartEvery = Number(values["restart-every"]);
const outcome = await soak({
  hours: Number(values.hours),
  seed: Number(values.seed),
  every: Number(values.every),
  ...(restartEvery > 0 ? { restartEvery } : {}),
  onLook: ({ hour, orders, fills, filledLots, heapBytes, journalBytes, faults }) =>
    say(
      `hour ${hour}: ${orders} orders, ${fills} fills, ${filledLots} lots; heap ` +
        `${(heapBytes / 1e6).toFixed(1)} MB, journal ${(journalBytes / 1e6).toFixed(1)} MB` +
        `${faults.length === 0 ? "" : `; ${faults.length} FAULTS`}`,
    ),
});
const { looks } = outcome;
const [first, last] = [looks[0]!, looks.at(-1)!];
const grown = last.heapBytes - first.heapBytes;
const orders = last.orders - first.orders;
say(
  `${outcome.phase}; ${outcome.events} events, ${outcome.rows} rows, ${outcome.restarts} restarts; ` +
    `heap ${(grown / 1e6).toFixed(1)} MB more after ${orders} more orders ` +
    `(${Math.round(grown / Math.max(1, orders))} bytes an order, those of the exchange included); ` +
    `replay ${outcome.isIdentical ? "identical" : "NOT identical"}; ` +
    `${outcome.faults.length} faults; ${Math.round((Date.now() - began) / 1000)} s`,
);
for (const fault of outcome.faults) say(`FAULT ${fault}`);
process.exit(outcome.faults.length === 0 ? 0 : 1);
