/**
 * The full soak: `npm run soak -- [--hours 24] [--seed 1] [--restart-every 6]`.
 *
 * A day of one order in virtual time; each hour what engine, exchange and journal hold is compared,
 * and the heap is measured after a collection; in the end, whose it is that has grown. Ends with 1 where anything differs.
 */
import { parseArgs } from "node:util";
import { heapOwners } from "./heap-owners.ts";
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
/** Our own: what the order has done, the engine besides, the adapter. The test's: the exchange. */
const OWNERS = [
  "History",
  "Engine",
  "BybitSession",
  "LiveRun",
  "OrderArchive",
  "SimulatedExchange",
];
/** Of the test, too: what the exchange's books are held against. */
const BOUNDS = ["Truth", "ParentState", "Soak"];
const owners: ReadonlyMap<string, number>[] = [];
const hours = Number(values.hours);
const outcome = await soak({
  hours,
  seed: Number(values.seed),
  every: Number(values.every),
  ...(restartEvery > 0 ? { restartEvery } : {}),
  async onLook({ hour, orders, fills, filledLots, heapBytes, journalBytes, faults }) {
    say(
      `hour ${hour}: ${orders} orders, ${fills} fills, ${filledLots} lots; heap ` +
        `${(heapBytes / 1e6).toFixed(1)} MB, journal ${(journalBytes / 1e6).toFixed(1)} MB` +
        `${faults.length === 0 ? "" : `; ${faults.length} FAULTS`}`,
    );
    if (owners.length === 0 || hour >= hours) owners.push(await heapOwners(OWNERS, BOUNDS));
  },
});
const { looks } = outcome;
const [first, last] = [looks[0]!, looks.at(-1)!];
const grown = last.heapBytes - first.heapBytes;
const orders = last.orders - first.orders;
say(
  `${outcome.phase}; ${outcome.events} events, ${outcome.rows} rows, ${outcome.restarts} restarts; ` +
    `heap ${(grown / 1e6).toFixed(1)} MB more after ${orders} more orders; ` +
    `replay ${outcome.isIdentical ? "identical" : "NOT identical"}; ` +
    `${outcome.faults.length} faults; ${Math.round((Date.now() - began) / 1000)} s`,
);
for (const [owner, bytes] of owners.at(-1)!) {
  const more = bytes - (owners[0]!.get(owner) ?? 0);
  say(
    `  ${owner}: ${(more / 1e6).toFixed(2)} MB more, ${Math.round(more / orders)} bytes an order`,
  );
}
for (const fault of outcome.faults) say(`FAULT ${fault}`);
process.exit(outcome.faults.length === 0 ? 0 : 1);
