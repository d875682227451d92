/**
 * Calibration picture: predicted against realised, and what is left over against size, duration and
 * time, as an SVG that stands alone.
 *
 * A single order shows mostly luck, so orders are put together in bins of equal number: a mark is a
 * bin's mean, weighed as in the fit, its whisker its 90 % interval by clusters. Filled: the orders
 * that were fitted; hollow: the later ones that judge. A good fit lies on the line, on both.
 */
import type { Calibration, JudgedOrder } from "../runtime/calibration/calibrate.ts";
import type { GatheredOrders } from "../runtime/calibration/gather.ts";
import { student90 } from "../runtime/calibration/sandwich.ts";
import { KIND_NAMES, verdictOf } from "./calibration-page.ts";
import { escapeXml, niceStep } from "./picture.ts";

const WIDTH = 960;
const HEIGHT = 800;
const TOP = 108;
const PANEL = { width: 380, height: 262 } as const;
const LEFTS = [78, 556] as const;
const TOPS = [TOP, TOP + 352] as const;
const BINS_MOST = 8;
/** Fewer orders than this make no bin. */
const BIN_LEAST = 12;
const SETS = [
  { name: "fitted", isHeldOut: false, colour: "#0b62a4" },
  { name: "held out", isHeldOut: true, colour: "#b3541e" },
] as const;

interface Bin {
  readonly x: number;
  readonly y: number;
  /** Half of the 90 % interval; undefined of one cluster. */
  readonly half: number | undefined;
}

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
}

interface Panel {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: (order: JudgedOrder) => number;
  readonly y: (order: JudgedOrder) => number;
  readonly scale: "linear" | "log" | "time";
  /** What a right model would give. */
  readonly ideal: "diagonal" | "zero";
}

const PANELS: readonly Panel[] = [
  {
    title: "Predicted and realised",
    xLabel: "predicted, bps",
    yLabel: "realised, bps",
    x: ({ predictedBps }) => predictedBps,
    y: ({ observation }) => observation.realisedBps,
    scale: "linear",
    ideal: "diagonal",
  },
  {
    title: "Left over, by size",
    xLabel: "quantity over a day's volume",
    yLabel: "realised less predicted, bps",
    x: ({ observation }) => observation.quantity / observation.dailyVolume,
    y: ({ residualBps }) => residualBps,
    scale: "log",
    ideal: "zero",
  },
  {
    title: "Left over, by duration",
    xLabel: "seconds from first to last trade",
    yLabel: "realised less predicted, bps",
    x: ({ observation }) => observation.days * 86_400,
    y: ({ residualBps }) => residualBps,
    scale: "log",
    ideal: "zero",
  },
  {
    title: "Left over, by time",
    xLabel: "when the order began, UTC",
    yLabel: "realised less predicted, bps",
    x: ({ observation }) => observation.at,
    y: ({ residualBps }) => residualBps,
    scale: "time",
    ideal: "zero",
  },
];

export function calibrationSvg(result: Calibration, { source }: GatheredOrders): string {
  const kinds = [...result.kinds.keys()].map((kind) => KIND_NAMES[kind]).join(", ");
  const title = `${result.model.name}: ${verdictOf(result)}`;
  const under = `${result.judged.length.toLocaleString("en-US")} ${kinds}; ${source}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" `,
    `font-family="system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="16" y="26" font-size="16" font-weight="600">${escapeXml(title)}</text>`,
    `<text x="16" y="45" fill="#555">${escapeXml(shortened(under, 150))}</text>`,
    legend(),
    ...PANELS.map((panel, k) =>
      panelSvg(panel, result.judged, LEFTS[k % 2]!, TOPS[Math.floor(k / 2)]!),
    ),
    "</svg>\n",
  ].join("\n");
}

const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

function legend(): string {
  const marks = SETS.map(({ name, isHeldOut, colour }, k) => {
    const x = 22 + k * 90;
    return mark(x, 62, colour, isHeldOut) + `<text x="${x + 10}" y="66" fill="#333">${name}</text>`;
  });
  const words = "means of bins of equal number; whiskers: 90 %, by clusters";
  return `${marks.join("")}<text x="210" y="66" fill="#777">${words}</text>`;
}

const mark = (x: number, y: number, colour: string, isHollow: boolean): string =>
  `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" ` +
  `fill="${isHollow ? "#fff" : colour}" stroke="${colour}" stroke-width="1.6"/>`;

function panelSvg(panel: Panel, orders: readonly JudgedOrder[], left: number, top: number): string {
  const sets = SETS.map(({ isHeldOut, colour }) => {
    const own = orders.filter((order) => order.isHeldOut === isHeldOut);
    return { isHeldOut, colour, bins: binsOf(own, panel) };
  });
  const bins = sets.flatMap((set) => set.bins);
  const heading = `<text x="${left}" y="${top - 10}" font-weight="600">${panel.title}</text>`;
  if (bins.length === 0) {
    return `${heading}<text x="${left}" y="${top + 30}" fill="#777">too few orders</text>`;
  }
  const [x, y] = axesOf(panel, bins, left, top);
  return [
    heading,
    gridSvg(x, y, left, top),
    labelsSvg(panel, left, top),
    idealSvg(panel, x, y),
    ...sets.flatMap(({ bins: own, colour, isHeldOut }) =>
      own.map((bin) => binSvg(bin, x, y, colour, isHeldOut)),
    ),
  ].join("\n");
}

/** Orders in rising order of x, in bins of equal number. */
function binsOf(orders: readonly JudgedOrder[], { x, y, scale }: Panel): readonly Bin[] {
  const sorted = orders.toSorted((a, b) => x(a) - x(b));
  const count = Math.min(BINS_MOST, Math.floor(sorted.length / BIN_LEAST));
  return Array.from({ length: count }, (_, k) => {
    const [from, to] = [k, k + 1].map((end) => Math.round((end * sorted.length) / count));
    const own = sorted.slice(from, to);
    const places = own.map((order) => (scale === "log" ? Math.log(x(order)) : x(order)));
    const place = places.reduce((sum, one) => sum + one, 0) / places.length;
    return { x: scale === "log" ? Math.exp(place) : place, ...meanOf(own, y) };
  });
}

function meanOf(
  orders: readonly JudgedOrder[],
  y: Panel["y"],
): { readonly y: number; readonly half: number | undefined } {
  let [sum, weight] = [0, 0];
  for (const order of orders) {
    sum += y(order) / order.sigmaBps ** 2;
    weight += 1 / order.sigmaBps ** 2;
  }
  const mean = sum / weight;
  const scores = new Map<string, number>();
  for (const order of orders) {
    const { cluster } = order.observation;
    const own = (y(order) - mean) / order.sigmaBps ** 2;
    scores.set(cluster, (scores.get(cluster) ?? 0) + own);
  }
  const count = scores.size;
  if (count < 2) return { y: mean, half: undefined };
  const squares = [...scores.values()].reduce((total, one) => total + one * one, 0);
  const error = Math.sqrt((squares * count) / (count - 1)) / weight;
  return { y: mean, half: student90(count - 1) * error };
}

function axesOf(
  { scale, ideal }: Panel,
  bins: readonly Bin[],
  left: number,
  top: number,
): readonly [Axis, Axis] {
  const xs = bins.map((bin) => bin.x);
  const ends = bins.flatMap(({ y, half = 0 }) => [y - half, y + half]);
  const right = left + PANEL.width;
  const bottom = top + PANEL.height;
  const x =
    scale === "log"
      ? logAxis(Math.min(...xs), Math.max(...xs), left, right)
      : scale === "time"
        ? timeAxis(Math.min(...xs), Math.max(...xs), left, right)
        : linearAxis(Math.min(0, ...xs), Math.max(0, ...xs), left, right);
  const low = Math.min(0, ...ends, ...(ideal === "diagonal" ? xs : []));
  const high = Math.max(0, ...ends, ...(ideal === "diagonal" ? xs : []));
  return [x, linearAxis(low, high, bottom, top)];
}

function linearAxis(low: number, high: number, start: number, end: number): Axis {
  const step = niceStep(Math.max((high - low) / 5, 1e-9));
  const from = Math.floor(low / step) * step;
  const to = Math.max(from + step, Math.ceil(high / step) * step);
  const places = Math.max(0, -Math.floor(Math.log10(step)));
  const count = Math.round((to - from) / step);
  const ticks = Array.from({ length: count + 1 }, (_, k) => {
    const value = from + k * step;
    return { value, text: Math.abs(value) < step / 2 ? "0" : value.toFixed(places) };
  });
  return { from, to, ticks, at: (value) => start + ((value - from) / (to - from)) * (end - start) };
}

function logAxis(low: number, high: number, start: number, end: number): Axis {
  const [from, to] = [low / 1.3, Math.max(high, low * 1.5) * 1.3];
  const ticks: { value: number; text: string }[] = [];
  const decades = Math.log10(to / from);
  const factors = decades > 2.5 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power++) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= from && value <= to) ticks.push({ value, text: shortNumber(value) });
    }
  }
  const at = (value: number): number =>
    start + (Math.log(value / from) / Math.log(to / from)) * (end - start);
  return { from, to, ticks, at };
}

const shortNumber = (value: number): string =>
  value >= 1e5 || value < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(2)));

function timeAxis(low: number, high: number, start: number, end: number): Axis {
  const [from, to] = [low, Math.max(high, low + 60e6)];
  const digits = to - from < 2 * 86_400e6 ? [11, 16] : [5, 16];
  const ticks = [0, 1 / 3, 2 / 3, 1].map((share) => {
    const value = from + share * (to - from);
    const text = new Date(value / 1000).toISOString().slice(...digits);
    return { value, text: text.replace("T", " ") };
  });
  return { from, to, ticks, at: (value) => start + ((value - from) / (to - from)) * (end - start) };
}

function gridSvg(x: Axis, y: Axis, left: number, top: number): string {
  const bottom = top + PANEL.height;
  const right = left + PANEL.width;
  return [
    ...x.ticks.map(({ value, text }) => {
      const at = x.at(value).toFixed(1);
      return (
        `<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" stroke="#eee"/>` +
        `<text x="${at}" y="${bottom + 17}" text-anchor="middle" fill="#555">${text}</text>`
      );
    }),
    ...y.ticks.map(({ value, text }) => {
      const at = y.at(value).toFixed(1);
      return (
        `<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="#eee"/>` +
        `<text x="${left - 7}" y="${Number(at) + 4}" text-anchor="end" fill="#555">${text}</text>`
      );
    }),
  ].join("\n");
}

function labelsSvg({ xLabel, yLabel }: Panel, left: number, top: number): string {
  const middle = left + PANEL.width / 2;
  const height = top + PANEL.height / 2;
  return (
    `<text x="${middle}" y="${top + PANEL.height + 38}" text-anchor="middle" fill="#333">` +
    `${xLabel}</text>` +
    `<text transform="translate(${left - 56} ${height}) rotate(-90)" text-anchor="middle" ` +
    `fill="#333">${yLabel}</text>`
  );
}

/** Where a right model's marks would lie. */
function idealSvg({ ideal }: Panel, x: Axis, y: Axis): string {
  const value = (place: number): number => (ideal === "diagonal" ? place : 0);
  const ends = [x.from, x.to].map((place) => {
    return `${x.at(place).toFixed(1)},${y.at(value(place)).toFixed(1)}`;
  });
  return `<polyline points="${ends.join(" ")}" fill="none" stroke="#111" stroke-dasharray="5 4"/>`;
}

function binSvg(
  { x: place, y: mean, half }: Bin,
  x: Axis,
  y: Axis,
  colour: string,
  hollow: boolean,
) {
  // Side by side where both sets have a bin at the same place.
  const at = x.at(place) + (hollow ? 2 : -2);
  const whisker =
    half === undefined
      ? ""
      : `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${y.at(mean - half).toFixed(1)}" ` +
        `y2="${y.at(mean + half).toFixed(1)}" stroke="${colour}" stroke-width="1.4"/>`;
  return whisker + mark(at, y.at(mean), colour, hollow);
}
