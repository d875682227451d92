/**
 * Failure text: a broken run as a person reads it: what did not hold, how to see it again, what it
 * took at least, and what happened in the smallest one.
 */
import { knobsText } from "./knobs.ts";
import type { RunPlan } from "./plan.ts";
import { countsText, journalLines, planLines } from "./run-text.ts";
import type { Shrunk } from "./shrink.ts";

const MOST_LINES = 120;

export function failureText(plan: RunPlan, broken: string, shrunk: Shrunk): string {
  const lines = [
    `seed ${plan.seed}: ${broken}`,
    `  again: npm run simulate -- --seed ${plan.seed} --runs 1`,
    `  knobs: ${knobsText(plan.knobs)}`,
    `smallest (of ${shrunk.tries} tries): ${shrunk.outcome.broken}`,
    ...planLines(shrunk.plan).map((line) => `  ${line}`),
    `  befell: ${countsText(shrunk.outcome.faults)}`,
    "  journal, seconds from its first event:",
    ...shortened(journalLines(shrunk.outcome.records)).map((line) => `    ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

function shortened(lines: readonly string[]): readonly string[] {
  if (lines.length <= MOST_LINES) return lines;
  const half = MOST_LINES / 2;
  return [...lines.slice(0, half), `… ${lines.length - MOST_LINES} more …`, ...lines.slice(-half)];
}
