/**
 * Market impact: how far a large order moves the generated market, and how the move decays.
 *
 *   node bench/market-impact.ts [--seeds 24] [--lots-per-second 600] [--flow hawkes]
 *
 * Paired runs: the same seed with one more metaorder that buys, and with one that sells, sizes over
 * two decades at one rate, each size in runs of its own. Prints the mean peak impact by size, what
 * is left of it later, and the exponent δ of impact ∝ size^δ with a bootstrap interval over seeds.
 */
import { parseArgs } from "node:util";
import { micros } from "../src/core/domain/units.ts";
import { Draws } from "../src/simulation/generated/draws.ts";
import {
  impactExponent,
  pairedImpact,
  secondsOf,
} from "../src/simulation/generated/impact-experiment.ts";
import { DEFAULT_PROFILE, type FlowKind } from "../src/simulation/generated/profile.ts";

const START = micros(1_700_049_600_000_000);
const SIZES = [1_000, 3_000, 10_000, 30_000, 100_000];
/** When to look, in multiples of the order's duration after its first slice. */
const LOOKS = [0.25, 0.5, 1, 1.25, 1.5, 2, 3];
const PEAK = LOOKS.indexOf(1);
const RESAMPLES = 2_000;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "24" },
    "lots-per-second": { type: "string", default: "600" },
    flow: { type: "string", default: DEFAULT_PROFILE.flow },
    learning: { type: "string", default: String(DEFAULT_PROFILE.makers.learning) },
  },
});
const seeds = Number(values.seeds);
const lotsPerSecond = Number(values["lots-per-second"]);
const makers = { ...DEFAULT_PROFILE.makers, learning: Number(values.learning) };
const profile = { ...DEFAULT_PROFILE, flow: values.flow as FlowKind, makers };

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const mean = (x: readonly number[]): number => x.reduce((sum, each) => sum + each, 0) / x.length;

/** [size][seed][look], in ticks. */
const impacts = SIZES.map((lots) => {
  const order = { lots, lotsPerSecond, sliceSeconds: 0.5, startAfter: 3 };
  const looks = LOOKS.map((share) => share * secondsOf(order));
  return Array.from({ length: seeds }, (_, i) =>
    pairedImpact({ seed: 7_919 * (i + 1), startAt: START, profile }, order, looks),
  );
});

const exponentOf = (chosen: readonly number[]): number =>
  impactExponent(
    SIZES,
    impacts.map((bySeed) => Math.max(0.01, mean(chosen.map((seed) => bySeed[seed]![PEAK]!)))),
  );

const all = Array.from({ length: seeds }, (_, seed) => seed);
const draws = new Draws(1, "bootstrap");
const resampled = Array.from({ length: RESAMPLES }, (_, k) => {
  draws.at(k);
  return exponentOf(all.map(() => draws.below(seeds)));
}).sort((a, b) => a - b);

print(`${values.flow} flow, ${lotsPerSecond} lots a second, ${seeds} seeds; ticks ± s.e.`);
print(["lots", ...LOOKS.map((share) => `×${share}`)].map((text) => text.padStart(9)).join(""));
for (const [i, lots] of SIZES.entries()) {
  const cells = LOOKS.map((_, look) => {
    const column = impacts[i]!.map((bySeed) => bySeed[look]!);
    const centre = mean(column);
    const spread = Math.sqrt(mean(column.map((each) => (each - centre) ** 2)) / (seeds - 1));
    return `${centre.toFixed(1)}±${spread.toFixed(1)}`.padStart(11);
  });
  print(String(lots).padStart(9) + cells.join(""));
}
const [low, high] = [0.05, 0.95].map((p) => resampled[Math.floor(p * RESAMPLES)]!);
print(
  `exponent ${exponentOf(all).toFixed(3)}, 90 % interval ${low!.toFixed(3)} to ${high!.toFixed(3)}`,
);
