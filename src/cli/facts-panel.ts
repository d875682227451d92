/**
 * Facts panel: one small plot of a page of many: axes, logarithmic or not, lines, dots and the
 * intervals of dots.
 *
 * Marks differ in form as well as in colour, so that a page printed in grey can be read.
 */
import type { Curve } from "../runtime/stylised-facts/finding.ts";
import { escapeXml, niceStep } from "./picture.ts";

export interface Axis {
  readonly label: string;
  readonly isLog: boolean;
  /** Shown whatever the data. */
  readonly includes?: readonly number[];
  /** A logarithm shows nothing below. */
  readonly least?: number;
}

export interface Plot {
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly (Curve & { readonly mark: Mark })[];
}

/** `guide` is what is known elsewhere: a thin line to hold the data against. */
export type Mark = "line" | "dots" | "guide";

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export type Domain = readonly [from: number, to: number];

const PAINTS = [
  { stroke: "#143e7a", dash: "" },
  { stroke: "#c25e00", dash: "5 3" },
  { stroke: "#3c7a3c", dash: "2 2" },
] as const;
const MARGIN = { left: 46, right: 8, top: 20, bottom: 30 } as const;

/** What an axis must show of these plots; undefined where there is nothing to be shown. */
export function domainOf(plots: readonly Plot[], which: "x" | "y"): Domain | undefined {
  const { isLog, includes = [], least = 0 } = plots[0]![which];
  const shown = plots.flatMap(({ curves }) => curves.filter(({ mark }) => mark !== "guide"));
  // Whiskers of a logarithm run out of the frame: the dots are what must be seen.
  const whiskers = isLog || which === "x" ? [] : shown.flatMap((c) => [c.low ?? [], c.high ?? []]);
  const values = shown
    .flatMap((curve) => curve[which])
    .concat(includes, ...whiskers.map((ends) => ends.filter((end) => end !== null)))
    .filter((value) => Number.isFinite(value) && (!isLog || value > least));
  if (values.length === 0) return undefined;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (isLog) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low === 0 ? 0 : low - room, high + room];
}

export function panelSvg(
  plot: Plot,
  { left, top, width, height }: Box,
  domains: { readonly x: Domain | undefined; readonly y: Domain | undefined },
  verdict: string,
): string {
  const inside: Box = {
    left: left + MARGIN.left,
    top: top + MARGIN.top,
    width: width - MARGIN.left - MARGIN.right,
    height: height - MARGIN.top - MARGIN.bottom,
  };
  const frame =
    `<rect x="${inside.left}" y="${inside.top}" width="${inside.width}" ` +
    `height="${inside.height}" fill="none" stroke="#999"/>`;
  const answer =
    `<text x="${left + width - MARGIN.right - 4}" y="${top + MARGIN.top + 12}" ` +
    `text-anchor="end" font-weight="600" fill="#333" stroke="#fff" stroke-width="3" ` +
    `paint-order="stroke">${escapeXml(verdict)}</text>`;
  const { x: xDomain, y: yDomain } = domains;
  const drawn = plot.curves.filter(({ mark }) => mark !== "guide");
  if (xDomain === undefined || yDomain === undefined || drawn.every((c) => c.x.length === 0)) {
    const middle = `x="${inside.left + inside.width / 2}" y="${inside.top + inside.height / 2}"`;
    const text = `<text ${middle} text-anchor="middle" fill="#777">too little data</text>`;
    return `${frame}${answer}${text}`;
  }
  const place = { x: scale(plot.x, xDomain), y: scale(plot.y, yDomain) };
  const at = {
    x: (value: number): number => inside.left + place.x(value) * inside.width,
    y: (value: number): number => inside.top + (1 - place.y(value)) * inside.height,
  };
  return [
    frame,
    legend(plot, inside, top),
    xAxis(plot.x, xDomain, inside, at.x),
    yAxis(plot.y, yDomain, inside, at.y),
    ...plot.curves.map((curve, i) => curveSvg(plot, curve, i, at, inside)),
    answer,
  ].join("\n");
}

/** Of a value, its share of the way along the axis; NaN where the axis cannot show it. */
function scale({ isLog }: Axis, [from, to]: Domain): (value: number) => number {
  if (!isLog) return (value) => (value - from) / (to - from);
  return (value) => (value > 0 ? Math.log(value / from) / Math.log(to / from) : Number.NaN);
}

function ticksOf({ isLog }: Axis, [from, to]: Domain): readonly number[] {
  if (!isLog) {
    const step = niceStep((to - from) / 4);
    const first = Math.ceil(from / step - 1e-9);
    const count = Math.floor(to / step + 1e-9) - first + 1;
    return Array.from({ length: count }, (_, i) => (first + i) * step);
  }
  const decades = Math.log10(to / from);
  const powers = [...range(Math.floor(Math.log10(from)), Math.ceil(Math.log10(to)))];
  const factors = decades > 2.2 ? [1] : decades > 1.1 ? [1, 3] : [1, 2, 5];
  const every = Math.ceil(decades / 5);
  return powers
    .filter((power) => power % every === 0)
    .flatMap((power) => factors.map((factor) => factor * 10 ** power))
    .filter((value) => value >= from && value <= to);
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

function tickText(value: number): string {
  const size = Math.abs(value);
  if (size < 1e-12) return "0";
  if (size >= 1e4 || size < 1e-3) return value.toExponential(0).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

function xAxis(axis: Axis, domain: Domain, inside: Box, at: (value: number) => number): string {
  const bottom = inside.top + inside.height;
  const marks = ticksOf(axis, domain).map((value) => {
    const x = at(value).toFixed(1);
    return (
      `<line x1="${x}" x2="${x}" y1="${inside.top}" y2="${bottom}" stroke="#ececec"/>` +
      `<text x="${x}" y="${bottom + 11}" text-anchor="middle" fill="#444">${tickText(value)}</text>`
    );
  });
  const middle = inside.left + inside.width / 2;
  const label = `<text x="${middle}" y="${bottom + 23}" text-anchor="middle" fill="#444">`;
  return `${marks.join("")}${label}${escapeXml(axis.label)}</text>`;
}

function yAxis(axis: Axis, domain: Domain, inside: Box, at: (value: number) => number): string {
  const right = inside.left + inside.width;
  const marks = ticksOf(axis, domain).map((value) => {
    const y = at(value).toFixed(1);
    const isZero = !axis.isLog && Math.abs(value) < 1e-12;
    return (
      `<line x1="${inside.left}" x2="${right}" y1="${y}" y2="${y}" ` +
      `stroke="${isZero ? "#888" : "#ececec"}"/>` +
      `<text x="${inside.left - 4}" y="${(at(value) + 3).toFixed(1)}" text-anchor="end" ` +
      `fill="#444">${tickText(value)}</text>`
    );
  });
  return marks.join("");
}

/** Names of the curves, in their paint, above the frame. */
function legend({ curves, y }: Plot, inside: Box, top: number): string {
  const names = curves.map(({ name, mark }, i) => {
    const fill = mark === "guide" ? "#777" : PAINTS[i % PAINTS.length]!.stroke;
    return `<tspan fill="${fill}">${escapeXml(name)}</tspan>`;
  });
  return (
    `<text x="${inside.left}" y="${top + 14}" fill="#444">${escapeXml(y.label)}: ` +
    `${names.join('<tspan fill="#444">\u00a0· </tspan>')}</text>`
  );
}

interface Place {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

function curveSvg(
  { y: axis }: Plot,
  curve: Plot["curves"][number],
  index: number,
  at: Place,
  inside: Box,
): string {
  const paint = PAINTS[index % PAINTS.length]!;
  const [low, high] = [inside.top, inside.top + inside.height];
  const held = (y: number): number => Math.min(high, Math.max(low, y));
  const points = curve.x
    .map((value, i) => ({ x: at.x(value), y: at.y(curve.y[i]!), i }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const seen = points.filter(
    ({ x, y }) => x >= inside.left - 1 && x <= inside.left + inside.width + 1 && y >= low - 1,
  );
  if (curve.mark !== "dots") {
    const path = seen.map(({ x, y }) => `${x.toFixed(1)},${held(y).toFixed(1)}`).join(" ");
    const look =
      curve.mark === "guide"
        ? 'stroke="#777" stroke-dasharray="1 2"'
        : `stroke="${paint.stroke}" stroke-width="1.6" stroke-dasharray="${paint.dash}"`;
    return `<polyline points="${path}" fill="none" ${look}/>`;
  }
  const isMany = points.length > 60;
  return seen
    .map(({ x, y, i }) => {
      const [from, to] = [curve.low?.[i] ?? undefined, curve.high?.[i] ?? undefined];
      // Below the axis of a logarithm an interval has no end: it goes to the frame.
      const foot = from === undefined ? y : axis.isLog && from <= 0 ? high : at.y(from);
      const whisker =
        from === undefined || to === undefined
          ? ""
          : `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${held(foot).toFixed(1)}" ` +
            `y2="${held(at.y(to)).toFixed(1)}" stroke="${paint.stroke}" stroke-opacity="0.5"/>`;
      const look = index === 0 ? `fill="${paint.stroke}"` : `fill="#fff" stroke="${paint.stroke}"`;
      const faint = isMany ? ' fill-opacity="0.35"' : "";
      const radius = isMany ? 1.4 : 2;
      const dot =
        y > high + 1
          ? ""
          : `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" ${look}${faint}/>`;
      return whisker + dot;
    })
    .join("");
}
