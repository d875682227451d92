/**
 * Models picture: one order under several models of impact, as an SVG that stands alone.
 *
 * Above, what each model expects the order to pay, with the interval of its parameters. Below,
 * where each expects the price: solid while the order pays it, dashed for what is left after it.
 */
import type { Estimate } from "../runtime/estimate.ts";
import type { PathPoint } from "../runtime/price-path.ts";
import { formatDuration } from "../runtime/duration.ts";
import { micros } from "../core/domain/units.ts";
import { escapeXml, niceStep } from "./picture.ts";

const WIDTH = 960;
const LEFT = 240;
const RIGHT = 40;
const TOP = 70;
const ROW = 30;
const GAP = 96;
const PATH_HEIGHT = 300;
const PATH_LEFT = 74;
const PATH_RIGHT = 246;
const BOTTOM = 58;
/** Lines of text keep this distance. */
const LINE = 17;
/** Told apart by their dots as well as by colour. */
const COLOURS = [
  "#0b62a4",
  "#b3541e",
  "#2f7d32",
  "#7a3e9d",
  "#8a6d00",
  "#a3194f",
  "#00727a",
  "#444444",
];
const LABEL_MOST = 30;

interface Scale {
  readonly step: number;
  readonly end: number;
  readonly at: (value: number) => number;
}

export function modelsSvg(all: readonly Estimate[], title: string): string {
  const barsEnd = TOP + all.length * ROW;
  const pathTop = barsEnd + GAP;
  const height = pathTop + PATH_HEIGHT + BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" `,
    `font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="16" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>`,
    `<text x="16" y="50" fill="#444">expected impact, bps, and 95 % by the errors of its `,
    `parameters and measurements; + is paid</text>`,
    ...bars(all, barsEnd),
    `<text x="16" y="${pathTop - 24}" fill="#444">where the price stands against the start, bps `,
    `towards the order; solid: as it is paid, dashed: what is left after</text>`,
    ...paths(all, pathTop),
    "</svg>\n",
  ].join("\n");
}

function scaleTo(most: number, from: number, to: number): Scale {
  const top = Math.max(most, 1e-9);
  const step = niceStep(top / 6);
  const end = Math.ceil((top * 1.02) / step) * step;
  return { step, end, at: (value) => from + (Math.min(value, end) / end) * (to - from) };
}

const digitsOf = (step: number): number => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
const colourOf = (index: number): string => COLOURS[index % COLOURS.length]!;
const shorten = (text: string): string =>
  text.length <= LABEL_MOST ? text : `${text.slice(0, LABEL_MOST - 1)}…`;

function bars(all: readonly Estimate[], bottom: number): string[] {
  const owns = all.map(({ byModel }) => byModel[0]!);
  const x = scaleTo(Math.max(...owns.map(({ interval }) => interval.highBps)), LEFT, WIDTH - RIGHT);
  const lines: string[] = [];
  for (let k = 0; k * x.step <= x.end * (1 + 1e-9); k++) {
    const at = x.at(k * x.step).toFixed(1);
    lines.push(
      `<line x1="${at}" x2="${at}" y1="${TOP - 6}" y2="${bottom}" stroke="${tone(k)}"/>`,
      `<text x="${at}" y="${bottom + 18}" text-anchor="middle" fill="#444">` +
        `${(k * x.step).toFixed(digitsOf(x.step))}</text>`,
    );
  }
  owns.forEach(({ model, impactBps, interval }, index) => {
    const y = TOP + index * ROW + ROW / 2;
    const [low, high] = [x.at(interval.lowBps), x.at(interval.highBps)];
    const colour = colourOf(index);
    lines.push(
      `<text x="${LEFT - 12}" y="${y + 4}" text-anchor="end">${escapeXml(shorten(model))}</text>`,
      `<line x1="${low.toFixed(1)}" x2="${high.toFixed(1)}" y1="${y}" y2="${y}" ` +
        `stroke="${colour}" stroke-width="7" stroke-opacity="0.3"/>`,
      `<circle cx="${x.at(impactBps).toFixed(1)}" cy="${y}" r="5" fill="${colour}"/>`,
      `<text x="${(high + 8).toFixed(1)}" y="${y + 4}" font-size="11" fill="#444" ` +
        `${high > WIDTH - 90 ? `text-anchor="end" dx="-16" dy="-9"` : ""}>` +
        `${impactBps.toFixed(2)}</text>`,
    );
  });
  return lines;
}

const tone = (index: number): string => (index === 0 ? "#555" : "#ddd");

function paths(all: readonly Estimate[], top: number): string[] {
  const bottom = top + PATH_HEIGHT;
  const right = WIDTH - PATH_RIGHT;
  const every = all.map(({ path }) => path);
  const days = Math.max(...every.map((path) => path.at(-1)?.days ?? 0));
  const most = Math.max(
    ...every.flat().map((point) => Math.max(point.paidBps ?? 0, point.leftBps)),
  );
  const y = scaleTo(most, bottom, top);
  const x = (at: number): number => PATH_LEFT + (at / Math.max(days, 1e-12)) * (right - PATH_LEFT);
  const lines: string[] = [];
  for (let k = 0; k * y.step <= y.end * (1 + 1e-9); k++) {
    const at = y.at(k * y.step).toFixed(1);
    lines.push(
      `<line x1="${PATH_LEFT}" x2="${right}" y1="${at}" y2="${at}" stroke="${tone(k)}"/>`,
      `<text x="${PATH_LEFT - 8}" y="${Number(at) + 4}" text-anchor="end" fill="#444">` +
        `${(k * y.step).toFixed(digitsOf(y.step))}</text>`,
    );
  }
  lines.push(...times(all[0]!, x, bottom, days));
  every.forEach((path, index) => lines.push(...pathSvg(path, index, x, y.at)));
  const ends = every.map((path) => y.at(path.at(-1)?.leftBps ?? 0));
  spaced(ends, bottom).forEach((at, index) => {
    const name = escapeXml(shorten(all[index]!.terms.model.name));
    const colour = colourOf(index);
    const from = `x1="${right + 2}" y1="${ends[index]!.toFixed(1)}"`;
    lines.push(
      `<line ${from} x2="${right + 16}" y2="${at.toFixed(1)}" stroke="${colour}"/>`,
      `<text x="${right + 20}" y="${(at + 4).toFixed(1)}" fill="${colour}">${name}</text>`,
    );
  });
  return lines;
}

/** The end of the order, and the hours or minutes below. */
function times(
  { order }: Estimate,
  x: (days: number) => number,
  bottom: number,
  days: number,
): string[] {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * days);
  const over = formatDuration(micros(order.deadline - order.startAt));
  const labels = ticks.map((at) => {
    const text = at === 0 ? "start" : formatDuration(micros(Math.round(at * 86_400) * 1e6));
    const place = `x="${x(at).toFixed(1)}" y="${bottom + 18}"`;
    return `<text ${place} text-anchor="middle" fill="#444">${text}</text>`;
  });
  const middle = ((x(0) + x(days)) / 2).toFixed(1);
  return [
    ...labels,
    `<text x="${middle}" y="${bottom + 40}" text-anchor="middle" fill="#444">` +
      `time since the order began; it has ${escapeXml(over)}</text>`,
  ];
}

function pathSvg(
  path: readonly PathPoint[],
  index: number,
  x: (days: number) => number,
  y: (bps: number) => number,
): string[] {
  const colour = colourOf(index);
  const line = (points: readonly (readonly [number, number])[], dash: string): string =>
    points.length < 2
      ? ""
      : `<polyline points="${points
          .map(([days, bps]) => `${x(days).toFixed(1)},${y(bps).toFixed(1)}`)
          .join(" ")}" fill="none" stroke="${colour}" stroke-width="1.8"${dash}/>`;
  let last = -1;
  path.forEach(({ paidBps }, k) => {
    if (paidBps !== null) last = k;
  });
  const paid = path
    .slice(0, last + 1)
    .flatMap(({ days, paidBps }) => (paidBps === null ? [] : [[days, paidBps] as const]));
  const left = path.slice(Math.max(0, last)).map(({ days, leftBps }) => [days, leftBps] as const);
  return [line(paid, ""), line(left, ` stroke-dasharray="5 4"`)];
}

/** Heights of labels near their lines, in the order of the lines, none upon another. */
function spaced(heights: readonly number[], bottom: number): readonly number[] {
  const order = heights.map((_, index) => index).toSorted((a, b) => heights[b]! - heights[a]!);
  const placed = [...heights];
  let lowest = bottom + LINE;
  for (const index of order) {
    placed[index] = Math.min(heights[index]!, lowest - LINE);
    lowest = placed[index]!;
  }
  return placed;
}
