/**
 * Profile picture: the share of the volume in each part of the day, as an SVG that stands alone.
 *
 * A part that was not recorded is hatched and has no column: nothing traded there is another thing
 * than nobody looked. Whiskers are one standard error over days. What was never recorded before the
 * first and behind the last part that was is left out.
 */
import { clock, type LearnedCurve } from "../data/volume-curve-learning.ts";
import { escapeXml, niceStep } from "./picture.ts";

const WIDTH = 960;
const LEFT = 64;
const RIGHT = 20;
const TOP = 48;
const PLOT = 300;
const HEIGHT = TOP + PLOT + 56;
const LABELS = 8;

const isSeen = ({ days }: LearnedCurve["buckets"][number]): boolean => days > 0;

export function profileSvg({ buckets: all }: LearnedCurve, title: string): string {
  const buckets = all.slice(all.findIndex(isSeen), all.findLastIndex(isSeen) + 1);
  const tops = buckets.map(({ share, standardError }) => share + (standardError ?? 0));
  const most = Math.max(...tops, 1e-6);
  const grid = niceStep((most * 100) / 5);
  const to = Math.ceil((most * 100) / grid) * grid;
  const step = (WIDTH - LEFT - RIGHT) / buckets.length;
  const y = (share: number): number => TOP + (1 - (share * 100) / to) * PLOT;
  const lines: string[] = [];
  const digits = Math.max(0, -Math.floor(Math.log10(grid)));
  for (let k = 0; k * grid <= to + grid / 2; k++) {
    const at = y((k * grid) / 100).toFixed(1);
    lines.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#e4e4e4"/>` +
        `<text x="${LEFT - 8}" y="${Number(at) + 4}" text-anchor="end" fill="#555">` +
        `${(k * grid).toFixed(digits)} %</text>`,
    );
  }
  const every = Math.max(1, Math.ceil(buckets.length / LABELS));
  const labels = buckets.flatMap(({ from }, at) =>
    at % every === 0
      ? [
          `<text x="${(LEFT + at * step).toFixed(1)}" y="${TOP + PLOT + 20}" fill="#555">` +
            `${clock(from)}</text>`,
        ]
      : [],
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" `,
    `font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    '<defs><pattern id="unseen" width="6" height="6" patternUnits="userSpaceOnUse">',
    '<path d="M0 6 L6 0" stroke="#ccc"/></pattern></defs>',
    `<text x="16" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>`,
    ...lines,
    ...buckets.map((bucket, at) => bucketSvg(bucket, LEFT + at * step, step, y)),
    ...labels,
    `<text x="${LEFT}" y="${HEIGHT - 12}" fill="#555">` +
      "share of the volume by UTC clock; hatched: not recorded</text>",
    "</svg>\n",
  ].join("\n");
}

function bucketSvg(
  { share, standardError, days }: LearnedCurve["buckets"][number],
  x: number,
  step: number,
  y: (share: number) => number,
): string {
  const bottom = TOP + PLOT;
  if (days === 0) {
    return (
      `<rect x="${x.toFixed(1)}" y="${TOP}" width="${step.toFixed(1)}" height="${PLOT}" ` +
      'fill="url(#unseen)"/>'
    );
  }
  const width = Math.max(1, step * 0.8);
  const left = x + (step - width) / 2;
  const column =
    `<rect x="${left.toFixed(1)}" y="${y(share).toFixed(1)}" width="${width.toFixed(1)}" ` +
    `height="${(bottom - y(share)).toFixed(1)}" fill="#5b83b5"/>`;
  if (standardError === null) return column;
  const middle = (x + step / 2).toFixed(1);
  const ends = [share - standardError, share + standardError].map((end) =>
    y(Math.max(0, end)).toFixed(1),
  );
  return (
    `${column}<line x1="${middle}" x2="${middle}" y1="${ends[0]!}" y2="${ends[1]!}" ` +
    'stroke="#111"/>'
  );
}
