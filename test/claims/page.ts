/**
 * Page: the place of a claim in a page, between two markers, and what stands there.
 *
 * What must stay true: a block is a pure function of the claim and of what was measured, so that a
 * block changed by hand is found.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ArmFigures, type Claim, type Measured, ROOT } from "./claims.ts";

const PAGES = join(ROOT, "docs", "concepts");

export interface Page {
  readonly path: string;
  readonly text: string;
}

export const readPages = (): readonly Page[] =>
  readdirSync(PAGES)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(PAGES, name))
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));

const BLOCK = /<!-- claim: (\S+) -->\n([\s\S]*?)<!-- end of claim -->/g;

export interface Block {
  readonly id: string;
  readonly text: string;
}

export const blocksIn = ({ text }: Page): readonly Block[] =>
  [...text.matchAll(BLOCK)].map((match) => ({ id: match[1]!, text: match[2]! }));

/** The page with each block replaced by what `textOf` gives; undefined leaves it. */
export const withBlocks = (page: Page, textOf: (id: string) => string | undefined): string =>
  page.text.replaceAll(
    BLOCK,
    (_, id: string, old: string) =>
      `<!-- claim: ${id} -->\n${textOf(id) ?? old}<!-- end of claim -->`,
  );

export function blockOf(claim: Claim, measured: Measured): string {
  const averse = measured.arms.filter(({ queue }) => queue === "risk-averse");
  const rows = [TITLES, TITLES.map((_, i) => (i === 0 ? "---" : "--:")), ...averse.map(rowOf)];
  return [
    "",
    `**${claim.claim}**`,
    "",
    "```sh",
    ...shellLines(claim.command),
    "```",
    "",
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    "",
    `${footOf(measured)} ${sourceOf(claim, measured)}`,
    "",
    "",
  ].join("\n");
}

const TITLES = [
  "arm",
  "cost, bps",
  "before fees",
  "sd",
  "filled",
  "in full",
  "half done by",
  "maker",
  "difference (95 %)",
  "p",
  "pairs needed",
];

function rowOf(arm: ArmFigures): readonly string[] {
  const { difference, medianCompletionSeconds: time } = arm;
  return [
    `\`${arm.arm}\``,
    signed(arm.meanBps),
    signed(arm.beforeFeesBps),
    arm.standardDeviation.toFixed(2),
    share(arm.filled),
    share(arm.completed),
    time === null ? "–" : `${Math.round(time)} s`,
    share(arm.makerShare),
    ...(difference === undefined
      ? ["baseline", "", ""]
      : [intervalText(difference), probability(difference.corrected), neededText(difference)]),
  ];
}

function intervalText({ mean, low, high }: NonNullable<ArmFigures["difference"]>): string {
  if (low === null || high === null) return signed(mean);
  return `${signed(mean)} (${signed(low)} … ${signed(high)})`;
}

const neededText = ({ pairsNeeded }: NonNullable<ArmFigures["difference"]>): string =>
  pairsNeeded === null ? "" : pairsNeeded.toLocaleString("en-US");

function footOf({ windows, effectiveWindows, pairs, arms }: Measured): string {
  const apart = arms
    .filter(({ queue }) => queue === "risk-averse")
    .map((arm) => {
      const kind = arms.find((one) => one.arm === arm.arm && one.queue === "probabilistic")!;
      return Math.abs(arm.meanBps - kind.meanBps);
    });
  return (
    `${windows} windows, ${effectiveWindows} of them independent, ${pairs} pairs; queue ` +
    "`risk-averse`. Under the kinder queue every statement holds as well, and no cost differs by " +
    `more than ${(Math.ceil(Math.max(...apart) * 100) / 100).toFixed(2)} bps.`
  );
}

function sourceOf({ command, recording }: Claim, { version, on }: Measured): string {
  const seed = /--seed (\d+)/.exec(command)?.[1] ?? "1";
  const market = recording === undefined ? "Generated market" : "A recording";
  return `${market}, seed ${seed}; arrival ${version}, ${on}.`;
}

/** One option a line, as one would write it. */
const shellLines = (command: string): readonly string[] => {
  const parts = command.split(/ (?=--(?:data|strategies|sides|quantity)\b)/);
  return parts.map(
    (part, i) => `${i === 0 ? "" : "  "}${part}${i < parts.length - 1 ? " \\" : ""}`,
  );
};

const signed = (bps: number): string => `${bps >= 0 ? "+" : ""}${bps.toFixed(2)}`;
const share = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`;

function probability(p: number | null): string {
  if (p === null) return "";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}
