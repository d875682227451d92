/**
 * Distribution picture: what each arm of a comparison cost, as an SVG that stands alone.
 *
 * One row an arm: every parent a dot, a box from the first to the third quartile, a bar at the
 * median and a diamond at the mean. Positive = paid, to the right.
 */
import type { ArmSummary, Comparison, Outcome } from "../runtime/comparison.ts";
import { escapeXml, niceStep } from "./picture.ts";

const WIDTH = 900;
/** The axis begins right of the longest label, as far as that can be told without a font. */
const LEFT_LEAST = 130;
const LABEL_MOST = 42;
const LETTER = 7.6;
const RIGHT = 30;
const TOP = 56;
const ROW = 58;
/** The axis shows this share of all dots; what lies beyond stands at its edge, hollow. */
const SHOWN = 0.99;

export function distributionSvg(comparison: Comparison, title: string): string {
  const { arms, outcomes } = comparison;
  const costs = outcomes.map((outcome) => outcome.costBps).sort((a, b) => a - b);
  const low = Math.min(0, quantile(costs, (1 - SHOWN) / 2));
  const high = Math.max(0, quantile(costs, (1 + SHOWN) / 2));
  const longest = Math.max(...arms.map(({ arm }) => Math.min(LABEL_MOST, arm.length)));
  const left = Math.max(LEFT_LEAST, Math.ceil(longest * LETTER) + 24);
  const step = niceStep(Math.max((high - low) / 8, 1e-6));
  const from = Math.floor(low / step) * step;
  const to = Math.max(from + step, Math.ceil(high / step) * step);
  const x = (bps: number): number =>
    left + ((Math.min(to, Math.max(from, bps)) - from) / (to - from)) * (WIDTH - left - RIGHT);
  const height = TOP + arms.length * ROW + 46;
  const rows = arms.map((arm, i) => {
    const own = outcomes.filter((it) => it.arm === arm.arm && it.queue === arm.queue);
    const y = TOP + i * ROW + ROW / 2;
    return [labelSvg(arm, left, y), rowSvg(own, y, x, [from, to])].join("\n");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" `,
    `font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="16" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>`,
    axisSvg([from, to], step, x, left, height),
    ...rows,
    "</svg>\n",
  ].join("\n");
}

function labelSvg({ arm, queue }: ArmSummary, left: number, y: number): string {
  const text = arm.length <= LABEL_MOST ? arm : `${arm.slice(0, LABEL_MOST - 1)}…`;
  const at = `x="${left - 12}" text-anchor="end"`;
  return (
    `<text ${at} y="${y}">${escapeXml(text)}</text>` +
    `<text ${at} y="${y + 15}" font-size="11" fill="#666">${queue}</text>`
  );
}

function axisSvg(
  [from, to]: readonly [number, number],
  step: number,
  x: (bps: number) => number,
  left: number,
  height: number,
): string {
  const lines: string[] = [];
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  for (let k = 0; from + k * step <= to + step / 2; k++) {
    const bps = from + k * step;
    const at = x(bps).toFixed(1);
    const isZero = Math.abs(bps) < step / 2;
    lines.push(
      `<line x1="${at}" x2="${at}" y1="${TOP - 8}" y2="${height - 40}" ` +
        `stroke="${isZero ? "#555" : "#ddd"}"/>`,
      `<text x="${at}" y="${height - 24}" text-anchor="middle" fill="#444">` +
        `${isZero ? "0" : bps.toFixed(digits)}</text>`,
    );
  }
  const middle = (left + WIDTH - RIGHT) / 2;
  lines.push(
    `<text x="${middle}" y="${height - 7}" text-anchor="middle" fill="#444">` +
      "cost in bps of the decision notional, fees included; to the right is paid</text>",
  );
  return lines.join("\n");
}

function rowSvg(
  own: readonly Outcome[],
  y: number,
  x: (bps: number) => number,
  [from, to]: readonly [number, number],
): string {
  const sorted = own.map((it) => it.costBps).sort((a, b) => a - b);
  const mean = sorted.reduce((sum, cost) => sum + cost, 0) / sorted.length;
  const [q1, q2, q3] = [0.25, 0.5, 0.75].map((share) => x(quantile(sorted, share)).toFixed(1));
  const dots = sorted.map((cost, i) => {
    const isOff = cost < from || cost > to;
    // Spread over the row by a fixed pattern, so that the picture is the same every time.
    const at = y + 11 + ((i * 7) % 13) - 6;
    const paint = isOff ? 'fill="none" stroke="#0b62a4"' : 'fill="#0b62a4" fill-opacity="0.35"';
    return `<circle cx="${x(cost).toFixed(1)}" cy="${at}" r="2.2" ${paint}/>`;
  });
  const m = x(mean);
  return [
    `<rect x="${q1}" y="${y - 20}" width="${(Number(q3) - Number(q1)).toFixed(1)}" height="18" `,
    `fill="#f2b134" fill-opacity="0.55" stroke="#8a5a00"/>`,
    `<line x1="${q2}" x2="${q2}" y1="${y - 22}" y2="${y}" stroke="#8a5a00" stroke-width="2"/>`,
    `<path d="M${m} ${y - 18} l6 7 l-6 7 l-6 -7 z" fill="#111"/>`,
    `<text x="${m + 9}" y="${y - 24}" font-size="11">mean ${mean.toFixed(2)}</text>`,
    ...dots,
  ].join("\n");
}

function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] ?? 0;
  return low + ((sorted[below + 1] ?? low) - low) * (at - below);
}
