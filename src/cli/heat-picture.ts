/**
 * Heat picture: the mean cost of each arm of a sweep over its grid, as an SVG that stands alone.
 *
 * One row a strategy, one column a value of the last key; the paler, the cheaper. Every cell has
 * its figure, so that nothing hangs on telling two shades apart.
 */
import type { HeatMap } from "../runtime/sweep-summary.ts";
import { escapeXml } from "./picture.ts";

const CELL = { width: 96, height: 38 } as const;
const TOP = 84;
const LETTER = 7.4;
const LABEL_MOST = 60;
const LEGEND = "mean cost, bps, fees included, pessimistic queue; + is paid";
/** From a pale to a dark blue. */
const PALE = [234, 242, 251] as const;
const DARK = [20, 62, 122] as const;

export function heatSvg({ key, values, lines }: HeatMap, title: string): string {
  const costs = lines.flatMap(({ cells }) => cells.filter((cell) => cell !== undefined));
  const [low, high] = [Math.min(...costs), Math.max(...costs)];
  const labels = lines.map(({ label }) => shortened(label));
  const left = 28 + Math.ceil(Math.max(...labels.map((label) => label.length)) * LETTER);
  const width = Math.max(
    left + values.length * CELL.width + 20,
    32 + Math.ceil(title.length * LETTER * 1.15),
    left + 20 + Math.ceil(LEGEND.length * LETTER),
  );
  const height = TOP + lines.length * CELL.height + 40;
  const parts = lines.flatMap(({ cells }, row) => {
    const y = TOP + row * CELL.height;
    const label =
      `<text x="${left - 12}" y="${y + CELL.height / 2 + 5}" text-anchor="end">` +
      `${escapeXml(labels[row]!)}</text>`;
    return [label, ...cells.map((cell, i) => cellSvg(left + i * CELL.width, y, cell, low, high))];
  });
  const heads = values.map(
    (value, i) =>
      `<text x="${left + (i + 0.5) * CELL.width}" y="${TOP - 10}" text-anchor="middle">` +
      `${escapeXml(shortened(value))}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" `,
    `font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="16" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>`,
    `<text x="${left}" y="${TOP - 32}" fill="#555">${escapeXml(key)}</text>`,
    ...heads,
    ...parts,
    `<text x="${left}" y="${height - 14}" fill="#555">${LEGEND}</text>`,
    "</svg>\n",
  ].join("\n");
}

function cellSvg(
  x: number,
  y: number,
  cost: number | undefined,
  low: number,
  high: number,
): string {
  if (cost === undefined) return "";
  const at = high === low ? 0 : (cost - low) / (high - low);
  const colour = PALE.map((from, i) => Math.round(from + (DARK[i]! - from) * at)).join(",");
  const size = `width="${CELL.width - 2}" height="${CELL.height - 2}"`;
  const figure = `${cost >= 0 ? "+" : "−"}${Math.abs(cost).toFixed(2)}`;
  return (
    `<rect x="${x + 1}" y="${y + 1}" ${size} rx="3" fill="rgb(${colour})"/>` +
    `<text x="${x + CELL.width / 2}" y="${y + CELL.height / 2 + 5}" text-anchor="middle" ` +
    `fill="${at > 0.5 ? "#fff" : "#111"}">${figure}</text>`
  );
}

const shortened = (text: string): string =>
  text.length <= LABEL_MOST ? text : `${text.slice(0, LABEL_MOST - 1)}…`;
