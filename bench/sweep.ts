/**
 * Sweep: orders worked per second by one worker and by two, threads started and results kept.
 *
 * Windows of a recording times sixteen arms, both queue models: what `arrival sweep` does.
 * The recording is read before the clock starts; what the second worker is worth is the ratio of
 * the two figures.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { micros, SECOND } from "../src/core/domain/units.ts";
import { DEFAULT_CONFIG } from "../src/runtime/config.ts";
import { openMarket } from "../src/runtime/market-source.ts";
import { runSweep } from "../src/runtime/sweep.ts";
import { openShared } from "../src/runtime/sweep-market.ts";
import type { SweepRequest } from "../src/runtime/sweep-request.ts";
import { RECORDING } from "./backtest.ts";
import type { Figure, Preparation } from "./measure.ts";

/** Long enough that starting the threads counts for little: they compile for a second each. */
const WINDOWS = 1152;
const OVER = micros(30 * SECOND);
const URGENCIES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

export const figures: readonly Figure[] = [1, 2].map((workers) => ({
  name: `sweep-${workers}-worker${workers === 1 ? "" : "s"}`,
  summary: `${WINDOWS} windows of a recording, 16 arms, 2 queue models, ${workers} at work`,
  unit: "orders",
  references: {},
  prepare: () => prepare(workers),
}));

async function prepare(workers: number): Promise<Preparation> {
  if (!existsSync(RECORDING)) return { skip: "../shared/data is not here" };
  const paths = [fileURLToPath(RECORDING)];
  const read = await openMarket({ kind: "files", paths });
  if (!read.ok) throw new Error(read.error.text);
  const { spec } = read.value;
  if (spec.kind !== "files") throw new Error("a recording is not of files");
  const files = { ...spec, paths };
  const first = await openShared(files);
  if (!first.ok) throw new Error(first.error.text);
  const request: SweepRequest = {
    markets: [{ kind: "recorded", name: "recording", files }],
    axes: ["urgency"],
    arms: ["twap", "is"].flatMap((name) =>
      URGENCIES.map((urgency) => ({
        label: `${name} ${urgency}`,
        strategy: { name, parameters: {} },
        urgency,
        base: name,
        values: [String(urgency)],
        quantity: "2",
        isNotional: false,
        over: OVER,
      })),
    ),
    sides: ["buy"],
    parents: WINDOWS,
    constraints: { mayCrossSpread: true, residual: "leave" },
    config: DEFAULT_CONFIG,
    seed: 1,
    plugins: [],
    pluginPaths: [],
  };
  let proof: Readonly<Record<string, number>> = {};
  return {
    warmUp: () => {},
    run: async () => {
      const done = await runSweep(request, { workers, first: first.value });
      if (!done.ok) throw new Error(done.error.text);
      const { rows, failures } = done.value;
      proof = {
        rows: rows.length,
        failures: failures.length,
        costBps: rows.reduce((sum, { costBps }) => sum + costBps, 0),
      };
      return rows.length;
    },
    proof: () => proof,
  };
}
