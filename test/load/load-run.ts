/**
 * The full load: `npm run load -- [--parents 1000] [--seconds 60] [--seed 3] [--json]`.
 *
 * A thousand orders at once in one process at true pace: how late their timers are handled, how busy
 * the process is. Ends with 1 where an order has not ended, or the account differs from the fills.
 */
import { parseArgs } from "node:util";
import { manyParents } from "./many-parents.ts";

const { values } = parseArgs({
  options: {
    parents: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const outcome = await manyParents({
  parents: Number(values.parents),
  seconds: Number(values.seconds),
  seed: Number(values.seed),
});
const { parents, ended, complete, events, orders, fills, delays, cpuShare, position } = outcome;
const ms = (micros: number): string => `${(micros / 1000).toFixed(1)} ms`;
process.stdout.write(
  values.json
    ? `${JSON.stringify(outcome)}\n`
    : `${parents} parents at once: ${ended} ended, ${complete} complete; ${events} events, ` +
        `${orders} orders, ${fills} fills\n` +
        `timers handled late by ${ms(delays.p50)} at the median, ${ms(delays.p99)} at p99, ` +
        `${ms(delays.most)} at most (${delays.count} timers)\n` +
        `${Math.round(cpuShare * 100)} % of one core; journal ` +
        `${(outcome.journalBytes / 1e6).toFixed(1)} MB; position ${position.engine} lots by the ` +
        `fills, ${position.venue} by the account\n`,
);
process.exitCode = ended === parents && position.engine === position.venue ? 0 : 1;
