/** Runs of every kind of arm, on both sides, under both models of the queue. */
import type { Arm } from "../src/runtime/arm.ts";
import { QUEUES } from "../src/runtime/comparison.ts";
import { DEFAULT_CONFIG } from "../src/runtime/config.ts";
import type { PassRequest, Run } from "../src/runtime/work-run.ts";
import { type Micros, micros } from "../src/core/domain/units.ts";

export const REQUEST: PassRequest = {
  constraints: { mayCrossSpread: true, residual: "cross" },
  config: {
    ...DEFAULT_CONFIG,
    // Only a market that does not answer is shared.
    simulation: {
      ...DEFAULT_CONFIG.simulation,
      market: "recorded",
      latencyJitter: micros(3_000),
    },
  },
  seed: 7,
};

const arm = (name: string, urgency?: number, tactic?: string): Arm => ({
  label: `${name} ${urgency} ${tactic}`,
  strategy: {
    name,
    parameters: {},
    ...(tactic === undefined ? {} : { tactic: { name: tactic, parameters: {} } }),
  },
  ...(urgency === undefined ? {} : { urgency }),
});

/** Everything that differs: schedules, tactics, the exchange's own, with other latencies. */
const ARMS: readonly Arm[] = [
  arm("twap", 0.1),
  arm("twap", 0.9, "peg"),
  arm("pov", 0.5),
  arm("is", 1),
  arm("vwap", 0.5, "iceberg"),
  arm("chase"),
  arm("bybit-twap"),
  arm("bybit-iceberg"),
  arm("twap", 0),
];

export const runsOf = (over: Micros, window: number, quantity: string, isNotional = false): Run[] =>
  (["buy", "sell"] as const).flatMap((side) =>
    ARMS.flatMap((each) =>
      QUEUES.map((queue) => ({ window, side, arm: each, queue, quantity, isNotional, over })),
    ),
  );
