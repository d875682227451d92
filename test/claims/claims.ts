/**
 * Claims: what the concept pages say, as data, and what it takes for one to hold.
 *
 * A claim is a sentence, the command that backs it, and what must come out of it. What must stay
 * true: it holds under both queue models, and nothing is concluded from fewer windows than an
 * interval needs.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { CLUSTERS_MIN } from "../../src/core/tca/paired-difference.ts";
import type { ArmSummary, Comparison } from "../../src/runtime/comparison.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDER = join(ROOT, "docs", "concepts", "claims");

/** A p-value, corrected, under this shows a difference. */
const SIGNIFICANT = 0.05;

const FIGURES = [
  "meanBps",
  "beforeFeesBps",
  "standardDeviation",
  "filled",
  "completed",
  "medianCompletionSeconds",
  "makerShare",
] as const;

const bounds = { least: z.number().optional(), most: z.number().optional() };
const isBounded = ({ least, most }: { least?: number | undefined; most?: number | undefined }) =>
  least !== undefined || most !== undefined;

const EXPECTATION = z.union([
  z.strictObject({ arm: z.string(), difference: z.enum(["lower", "higher", "not shown"]) }),
  z.strictObject({ arm: z.string(), figure: z.enum(FIGURES), ...bounds }).refine(isBounded),
  z.strictObject({ arm: z.string(), ratio: z.enum(FIGURES), ...bounds }).refine(isBounded),
]);

const CLAIM = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  claim: z.string().min(1),
  command: z.string().startsWith("npx arrival compare "),
  /** The file that the command reads, below the folder of recordings. */
  recording: z.string().optional(),
  /** The settings that the command reads, from the root of the repository. */
  settings: z.string().optional(),
  /** Cheap enough that the tests run it too. */
  rerun: z.literal(true).optional(),
  expect: z.array(EXPECTATION).min(1),
});

export type Expectation = z.infer<typeof EXPECTATION>;
export type Claim = z.infer<typeof CLAIM>;

type Difference = NonNullable<ArmSummary["difference"]>;

/** What a page shows of one arm under one queue. */
export type ArmFigures = Omit<ArmSummary, "difference" | "parents"> & {
  /** Absent of the baseline. */
  readonly difference?: {
    readonly mean: number;
    readonly low: number | null;
    readonly high: number | null;
    readonly corrected: number | null;
    readonly pairsNeeded: number | null;
  };
};

/** What one run of a claim's command gave. Plain JSON. */
export interface Measured {
  /** Of the command and of the settings that it reads. */
  readonly hash: string;
  readonly version: string;
  readonly on: string;
  readonly windows: number;
  readonly effectiveWindows: number;
  readonly pairs: number;
  readonly baseline: string;
  readonly arms: readonly ArmFigures[];
}

export const readClaims = (): readonly Claim[] =>
  z.array(CLAIM).parse(parse(readFileSync(join(FOLDER, "claims.yaml"), "utf8")));

export const MEASURED_FILE = join(FOLDER, "measured.json");

export const readMeasured = (): Readonly<Record<string, Measured>> =>
  JSON.parse(readFileSync(MEASURED_FILE, "utf8")) as Record<string, Measured>;

export function hashOf({ command, settings }: Claim): string {
  const file = settings === undefined ? "" : readFileSync(join(ROOT, settings), "utf8");
  return createHash("sha256").update(`${command}\n${file}`).digest("hex").slice(0, 16);
}

/** The words of a command behind `npx arrival`, files where they lie here. */
export function argumentsOf({ command, recording, settings }: Claim, recordings: string) {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!);
  return words.slice(2).map((word) => {
    if (recording !== undefined && recording.endsWith(`/${word}`)) {
      return join(recordings, recording);
    }
    return word === settings ? join(ROOT, settings) : word;
  });
}

/** Runs a claim's command as a user would, in a process of its own. */
export function measure(claim: Claim, recordings: string): Promise<Comparison> {
  const words = [join(ROOT, "bin", "arrival.js"), ...argumentsOf(claim, recordings), "--json"];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, words, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as Comparison);
      else reject(new Error(stderr.trim() === "" ? error.message : stderr.trim()));
    });
  });
}

/** Ten-thousandths: more would tell Node versions apart, and no reader needs it. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
const roundedOrNull = (value: number | undefined): number | null =>
  value === undefined ? null : rounded(value);

/** What a comparison's JSON document says, as far as pages show it. */
export function figuresOf(
  comparison: Comparison,
): Pick<Measured, "windows" | "effectiveWindows" | "pairs" | "baseline" | "arms"> {
  const { windows, effectiveWindows, baseline, arms } = comparison;
  return {
    windows,
    effectiveWindows,
    pairs: arms[0]!.parents,
    baseline,
    arms: arms.map(armFigures),
  };
}

function armFigures(summary: ArmSummary): ArmFigures {
  const { difference, arm: label, strategy, queue, medianCompletionSeconds: time } = summary;
  const figures: ArmFigures = {
    arm: label,
    strategy,
    queue,
    meanBps: rounded(summary.meanBps),
    beforeFeesBps: rounded(summary.beforeFeesBps),
    standardDeviation: rounded(summary.standardDeviation),
    filled: rounded(summary.filled),
    completed: rounded(summary.completed),
    medianCompletionSeconds: time === null ? null : rounded(time),
    makerShare: rounded(summary.makerShare),
  };
  return difference === undefined ? figures : { ...figures, difference: differenceOf(difference) };
}

function differenceOf(difference: Difference): NonNullable<ArmFigures["difference"]> {
  return {
    mean: rounded(difference.mean),
    low: roundedOrNull(difference.interval?.low),
    high: roundedOrNull(difference.interval?.high),
    corrected: roundedOrNull(difference.corrected),
    pairsNeeded: difference.pairsNeeded ?? null,
  };
}

/** Every way in which what was measured does not bear the claim out; empty where it does. */
export function faultsOf(claim: Claim, measured: Measured): readonly string[] {
  const few =
    measured.effectiveWindows < CLUSTERS_MIN
      ? [`${measured.effectiveWindows} independent windows are fewer than ${CLUSTERS_MIN}`]
      : [];
  return [...few, ...claim.expect.flatMap((one) => faultsUnder(one, measured))];
}

function faultsUnder(expected: Expectation, { arms, baseline }: Measured): readonly string[] {
  const own = arms.filter(({ arm }) => arm === expected.arm);
  if (own.length === 0) return [`no arm is named ${expected.arm}`];
  return own.flatMap((arm) => {
    const base = arms.find((one) => one.arm === baseline && one.queue === arm.queue)!;
    const fault =
      "difference" in expected
        ? differenceFault(expected.difference, arm)
        : boundsFault(expected, arm, base);
    return fault === undefined ? [] : [`${arm.arm}, queue ${arm.queue}: ${fault}`];
  });
}

function differenceFault(
  expected: "lower" | "higher" | "not shown",
  { difference }: ArmFigures,
): string | undefined {
  if (difference === undefined) return "is the baseline: it differs from nothing";
  const { mean, low, high, corrected } = difference;
  const isShown = corrected !== null && corrected < SIGNIFICANT && low !== null && high !== null;
  const found = !isShown || (low <= 0 && high >= 0) ? "not shown" : low > 0 ? "higher" : "lower";
  if (found === expected) return undefined;
  const interval = low === null ? "no interval" : `${low} … ${high}`;
  return `expected ${expected}, found ${found}: ${mean} (${interval}), p ${corrected}`;
}

function boundsFault(
  expected: Exclude<Expectation, { difference: string }>,
  arm: ArmFigures,
  base: ArmFigures,
): string | undefined {
  const name = "ratio" in expected ? expected.ratio : expected.figure;
  const [own, other] = [arm[name], base[name]];
  if (own === null || other === null) return `${name} is not known`;
  const value = "ratio" in expected ? own / other : own;
  const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = expected;
  if (value >= least && value <= most) return undefined;
  const what = "ratio" in expected ? `${name} over the baseline's` : name;
  return `${what} is ${rounded(value)}, expected ${least} to ${most}`;
}
