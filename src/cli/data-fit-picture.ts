/**
 * Data fit picture: each moment of the fitted and of the default market as a multiple of the
 * recording's, as an SVG that stands alone.
 *
 * The middle line is the recording; the band around it is two of its standard errors. What must
 * stay true: a moment that is off the scale is drawn at its edge as an arrow, never left out.
 */
import type { MarketFit } from "../runtime/market-fit/fit-market.ts";
import { MOMENTS } from "../runtime/market-fit/moments.ts";
import type { MomentRow, Spread } from "../runtime/market-fit/verdict.ts";
import { escapeXml } from "./picture.ts";

const WIDTH = 960;
const LEFT = 230;
const RIGHT = 150;
const TOP = 84;
const ROW = 30;
/** Multiples at the edges of the scale, and those with a line. */
const EDGE = 8;
const LINES = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8];
const FITTED = "#1f5fa8";
const INITIAL = "#c2702a";

export function fitSvg({ rows, recorded, heldOutSeeds }: MarketFit, label: string): string {
  const drawn = rows.filter((row) => row.recorded !== undefined && row.recorded.value > 0);
  const bottom = TOP + ROW * drawn.length;
  const height = bottom + 64;
  const title = `A generated market fitted to ${label}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" `,
    `font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="16" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>`,
    `<text x="16" y="46" fill="#555">${recorded.seconds} s recorded; means over ` +
      `${heldOutSeeds.length} seeds that were held out, bars: one market's standard deviation` +
      "</text>",
    legend(),
    ...LINES.map((at) => gridLine(at, bottom)),
    ...drawn.map((row, i) => rowSvg(row, TOP + ROW * i + ROW / 2)),
    `<text x="${LEFT}" y="${height - 14}" fill="#555">multiples of the recording's figure; ` +
      "grey: two of its standard errors</text>",
    "</svg>\n",
  ].join("\n");
}

const xOf = (multiple: number): number => {
  const share = (Math.log(multiple) / Math.log(EDGE) + 1) / 2;
  return LEFT + Math.min(1, Math.max(0, share)) * (WIDTH - LEFT - RIGHT);
};

function legend(): string {
  return key(LEFT + 6, FITTED, "fitted") + key(LEFT + 86, INITIAL, "default");
}

const key = (x: number, colour: string, text: string): string =>
  `<circle cx="${x}" cy="66" r="5" fill="${colour}"/><text x="${x + 10}" y="70">${text}</text>`;

function gridLine(at: number, bottom: number): string {
  const x = xOf(at).toFixed(1);
  const colour = at === 1 ? "#333" : "#e4e4e4";
  const text = at < 1 ? `1/${Math.round(1 / at)}` : `${at}`;
  return (
    `<line x1="${x}" x2="${x}" y1="${TOP}" y2="${bottom}" stroke="${colour}"/>` +
    `<text x="${x}" y="${bottom + 18}" text-anchor="middle" fill="#555">${text}</text>`
  );
}

function rowSvg({ name, recorded, initial, fitted, verdict }: MomentRow, y: number): string {
  const seen = recorded!;
  const title = escapeXml(MOMENTS[name].title);
  const error = seen.standardError ?? 0;
  const from = xOf(Math.max(1e-3, 1 - (2 * error) / seen.value));
  const to = xOf(1 + (2 * error) / seen.value);
  const short = verdict === "no better than the default" ? "no better" : verdict;
  return (
    `<text x="${LEFT - 14}" y="${y + 4}" text-anchor="end">${title}</text>` +
    `<rect x="${from.toFixed(1)}" y="${y - 11}" width="${(to - from).toFixed(1)}" height="22" ` +
    'fill="#000" opacity="0.08"/>' +
    mark(initial, seen.value, y + 5, INITIAL) +
    mark(fitted, seen.value, y - 5, FITTED) +
    `<text x="${WIDTH - RIGHT + 14}" y="${y + 4}" fill="#555">${short}</text>`
  );
}

function mark(made: Spread | undefined, seen: number, y: number, colour: string): string {
  if (made === undefined) return "";
  const multiple = made.mean / seen;
  if (!(multiple > 1 / EDGE)) return arrow(xOf(1 / EDGE), y, -1, colour);
  if (multiple > EDGE) return arrow(xOf(EDGE), y, 1, colour);
  const wide = (made.deviation ?? 0) / seen;
  const low = xOf(Math.max(1e-3, multiple - wide)).toFixed(1);
  const high = xOf(multiple + wide).toFixed(1);
  return (
    `<line x1="${low}" x2="${high}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="1.5"/>` +
    `<circle cx="${xOf(multiple).toFixed(1)}" cy="${y}" r="4.5" fill="${colour}"/>`
  );
}

/** The point is off the scale on this side. */
const arrow = (x: number, y: number, direction: 1 | -1, colour: string): string =>
  `<path d="M${x + 8 * direction} ${y} l${-10 * direction} -5 v10 z" fill="${colour}"/>`;
