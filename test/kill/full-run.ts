/**
 * The full run of kills: `npm run kill -- [--kills 200] [--seed 1] [--lanes 3] [--stops 4]`.
 *
 * Processes that trade on a local exchange over real sockets are killed by SIGKILL until there were
 * so many; then some are stopped by SIGSTOP for longer than every time-out, and go on. It ends with
 * 1 where anything of any order is not as it must be.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { campaign } from "./campaign.ts";
import type { KillOutcome } from "./kill-run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    lanes: { type: "string", default: "3" },
    stops: { type: "string", default: "4" },
    "stop-seconds": { type: "string", default: "75" },
  },
});
const [kills, seed, lanes, stops] = [values.kills, values.seed, values.lanes, values.stops].map(
  Number,
) as [number, number, number, number];
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const folder = mkdtempSync(join(tmpdir(), "arrival-kill-"));
const began = Date.now();

const told = (outcome: KillOutcome): string =>
  `${outcome.phase}: ${outcome.filled} of ${outcome.quantity} lots, ${outcome.orders} orders, ` +
  `${outcome.executions} executions, ${outcome.kills} kills (${outcome.atWork} at work, rows lost ${outcome.losses} times), ` +
  `longest way ${Math.round(outcome.longestWay)} ms`;

const all: KillOutcome[] = [];
if (kills > 0) {
  const terms = { kills, seed, lanes, folder };
  all.push(
    ...(await campaign({
      ...terms,
      onOutcome: (outcome, killed) => say(`${killed} of ${kills} killed; ${told(outcome)}`),
    })),
  );
}
const killed = all.reduce((sum, outcome) => sum + outcome.kills, 0);
const atWork = all.reduce((sum, outcome) => sum + outcome.atWork, 0);
if (stops > 0) {
  const stopMs = Number(values["stop-seconds"]) * 1000;
  const stopped = await campaign({
    kills: stops,
    seed: seed + 1,
    lanes: stops,
    folder: mkdtempSync(join(folder, "stop-")),
    stopMs,
    seconds: stopMs / 1000 + 30,
    lifeMs: [4000, 12_000],
    onOutcome: (outcome) => say(`stopped for ${stopMs / 1000} s; ${told(outcome)}`),
  });
  all.push(...stopped);
}
const faults = all.flatMap((outcome) => outcome.faults);
const lots = all.reduce((sum, { filled }) => sum + filled, 0);
const seconds = Math.round((Date.now() - began) / 1000);
say(
  `${killed} killed (${atWork} of them at work), ${stops} stopped; ${all.length} orders, ` +
    `${lots} lots filled, ${faults.length} faults; ${seconds} s`,
);
for (const fault of faults) say(`FAULT ${fault}`);
if (faults.length === 0) rmSync(folder, { recursive: true, force: true });
else say(`the journals are kept in ${folder}`);
process.exit(faults.length === 0 ? 0 : 1);
