/**
 * Market facts picture: small multiples on one page, a row a fact and a column a market.
 *
 * A row's columns share their axes wherever the units are the same, so that they can be compared by
 * eye; sizes and volumes, whose units differ, keep their own.
 */
import type { Curve, Finding } from "../runtime/stylised-facts/finding.ts";
import { FACTS, type FactName } from "../runtime/stylised-facts/literature.ts";
import { type Axis, domainOf, type Mark, panelSvg, type Plot } from "./facts-panel.ts";
import type { Column } from "./market-facts.ts";
import { escapeXml } from "./picture.ts";

const PANEL = { width: 300, height: 168 } as const;
const TITLE_WIDTH = 168;
const TOP = 46;
const TITLE_LETTERS = 24;
const NAME_LETTERS = 36;

interface Row {
  readonly name: string;
  readonly fact: FactName;
  readonly x: Axis;
  readonly y: Axis;
  /** Whether markets can be held against each other on it. */
  readonly shares: { readonly x: boolean; readonly y: boolean };
  /** Curves of the fact by name, with their mark; a name that ends in * stands for its begin. */
  readonly marks: Readonly<Record<string, Mark>>;
  readonly guide?: Curve;
  /** A second fact whose curves join the panel. */
  readonly joins?: FactName;
}

const log = (label: string, includes?: readonly number[]): Axis => ({
  label,
  isLog: true,
  ...(includes === undefined ? {} : { includes }),
});
const linear = (label: string, includes: readonly number[] = [0]): Axis => ({
  label,
  isLog: false,
  includes,
});
const BOTH = { x: true, y: true } as const;
const OWN = { x: false, y: false } as const;

/** Abramowitz and Stegun 7.1.26: the share of a Gaussian beyond x on both sides, to 1.5e-7. */
function beyond(x: number): number {
  const z = x / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const terms = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  return terms.reduce((sum, term, i) => sum + term * t ** (i + 1), 0) * Math.exp(-z * z);
}
const steps = (from: number, to: number, count: number): readonly number[] =>
  Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);
const GAUSSIAN_AT = steps(0.5, 4, 35);
const ROOT_AT = steps(0, 1, 20);

const ROWS: readonly Row[] = [
  {
    name: "tails",
    fact: "fat-tails",
    x: log("standard deviations"),
    y: log("share beyond"),
    shares: BOTH,
    marks: { "1 s": "line", "10 s": "line", "1 min": "line" },
    guide: { name: "Gaussian", x: GAUSSIAN_AT, y: GAUSSIAN_AT.map(beyond) },
  },
  {
    name: "return-memory",
    fact: "no-autocorrelation",
    x: log("seconds"),
    y: linear("correlation"),
    shares: BOTH,
    marks: { returns: "dots" },
  },
  {
    name: "volatility-clustering",
    fact: "volatility-clustering",
    x: log("seconds"),
    y: { label: "correlation", isLog: true, least: 1e-3 },
    shares: BOTH,
    marks: { "|returns|": "dots" },
  },
  {
    name: "sign-memory",
    fact: "sign-memory",
    x: log("market orders or prints later"),
    y: { label: "correlation", isLog: true, least: 1e-3 },
    shares: BOTH,
    marks: { orders: "dots", prints: "dots" },
  },
  {
    name: "spread",
    fact: "spread",
    x: log("ticks", [1]),
    y: log("spread"),
    shares: BOTH,
    marks: { "share of time": "dots" },
  },
  {
    name: "depth",
    fact: "depth",
    x: linear("ticks from the mid"),
    y: linear("average depth"),
    shares: { x: true, y: false },
    marks: { "units a level": "line" },
  },
  {
    name: "touch",
    fact: "depth",
    x: log("units at the touch"),
    y: log("share of looks above"),
    shares: { x: false, y: true },
    marks: { touch: "line" },
  },
  {
    name: "volume-volatility",
    fact: "volume-volatility",
    x: log("units traded in a minute"),
    y: log("bps moved"),
    shares: OWN,
    marks: { minutes: "dots" },
  },
  {
    name: "order-sizes",
    fact: "order-sizes",
    x: log("units of a market order"),
    y: log("share above"),
    shares: { x: false, y: true },
    marks: { orders: "line" },
  },
  {
    name: "waits",
    fact: "bursts",
    x: log("seconds between market orders"),
    y: log("share above"),
    shares: BOTH,
    marks: { waits: "line" },
  },
  {
    name: "signature",
    fact: "signature",
    x: log("looked at every … seconds"),
    y: linear("bps² a second"),
    shares: { x: true, y: false },
    marks: { mid: "line", trades: "line" },
  },
  {
    name: "response",
    fact: "response",
    x: log("seconds after a market order"),
    y: linear("mid, bps its way"),
    shares: { x: true, y: false },
    marks: { R: "dots" },
  },
  {
    name: "order-impact",
    fact: "order-impact",
    x: log("units of a market order"),
    y: log("mid, bps its way"),
    shares: OWN,
    marks: { "a second later": "dots", "at once": "dots" },
  },
  {
    name: "square-root",
    fact: "square-root",
    x: log("Q / V of a day"),
    y: log("peak / σ of a day"),
    shares: BOTH,
    marks: { metaorders: "dots", "runs*": "dots", fit: "line" },
  },
  {
    name: "impact-path",
    fact: "impact-path",
    x: linear("durations since the start"),
    y: linear("of the peak"),
    shares: { x: true, y: false },
    marks: { "share of the peak": "dots" },
    guide: { name: "√", x: ROOT_AT, y: ROOT_AT.map(Math.sqrt) },
    joins: "impact-decay",
  },
];

export const PICTURE_NAMES: readonly string[] = ROWS.map(({ name }) => name);

/** The whole page. */
export function factsSvg(columns: readonly Column[]): string {
  const bodies = ROWS.map((row, i) => rowSvg(row, columns, TOP + i * PANEL.height));
  return pageSvg("Stylised facts", columns, bodies, ROWS.length);
}

/** One picture a row. */
export function factPictures(
  columns: readonly Column[],
): readonly { readonly name: string; readonly svg: string }[] {
  return ROWS.map((row) => ({
    name: row.name,
    svg: pageSvg(FACTS[row.fact].title, columns, [rowSvg(row, columns, TOP)], 1),
  }));
}

function pageSvg(
  title: string,
  columns: readonly Column[],
  bodies: readonly string[],
  rows: number,
): string {
  const width = TITLE_WIDTH + columns.length * PANEL.width + 10;
  const height = TOP + rows * PANEL.height + 12;
  const names = columns.map(({ name, sheet }, i) => {
    const x = TITLE_WIDTH + i * PANEL.width + 46;
    const text = name.length > NAME_LETTERS ? `${name.slice(0, NAME_LETTERS - 1)}…` : name;
    const about = `${sheet.id} · ${(sheet.seconds / 60).toFixed(0)} min`;
    return (
      `<text x="${x}" y="20" font-size="12" font-weight="600">${escapeXml(text)}</text>` +
      `<text x="${x}" y="35" fill="#555">${escapeXml(about)}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" `,
    `font-family="system-ui, sans-serif" font-size="10" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    ...names,
    ...bodies,
    "</svg>\n",
  ].join("\n");
}

function rowSvg(row: Row, columns: readonly Column[], top: number): string {
  const plots = columns.map(({ sheet }) => plotOf(row, sheet.findings));
  const common = { x: domainOf(plots, "x"), y: domainOf(plots, "y") };
  const { title, says } = FACTS[row.fact];
  const lines = [...wrap(title, TITLE_LETTERS), "", ...wrap(says, TITLE_LETTERS + 6)];
  const heading = wrap(title, TITLE_LETTERS).length;
  const texts = lines.map((line, i) => {
    const look = i < heading ? 'font-size="12" font-weight="600"' : 'fill="#555"';
    return `<text x="10" y="${top + 32 + i * 13}" ${look}>${escapeXml(line)}</text>`;
  });
  const panels = plots.map((plot, i) => {
    const found = columns[i]!.sheet.findings.find(({ fact }) => fact === row.fact);
    const domains = {
      x: row.shares.x ? common.x : domainOf([plot], "x"),
      y: row.shares.y ? common.y : domainOf([plot], "y"),
    };
    const box = { left: TITLE_WIDTH + i * PANEL.width, top, ...PANEL };
    const of = found?.proxy === undefined ? "" : " (of runs)";
    return panelSvg(plot, box, domains, `${found?.holds ?? ""}${of}`);
  });
  return [...texts, ...panels].join("\n");
}

function plotOf(row: Row, findings: readonly Finding[]): Plot {
  const curvesOf = (fact: FactName | undefined): readonly Curve[] =>
    findings.find((finding) => finding.fact === fact)?.curves ?? [];
  const joined = curvesOf(row.joins);
  const curves = curvesOf(row.fact).flatMap((curve) => {
    const mark = markOf(row, curve.name);
    const more = joined.find(({ name }) => name === curve.name);
    return mark === undefined ? [] : [{ ...together(curve, more), mark }];
  });
  const guide = row.guide === undefined ? [] : [{ ...row.guide, mark: "guide" as const }];
  return { x: row.x, y: row.y, curves: [...curves, ...guide] };
}

function markOf({ marks }: Row, name: string): Mark | undefined {
  const begin = Object.keys(marks).find(
    (each) => each.endsWith("*") && name.startsWith(each.slice(0, -1)),
  );
  return marks[name] ?? (begin === undefined ? undefined : marks[begin]);
}

/** The second goes on where the first ends. */
function together(curve: Curve, more: Curve | undefined): Curve {
  if (more === undefined) return curve;
  const none = curve.x.map(() => null);
  return {
    name: curve.name,
    x: [...curve.x, ...more.x.slice(1)],
    y: [...curve.y, ...more.y.slice(1)],
    low: [...(curve.low ?? none), ...(more.low ?? []).slice(1)],
    high: [...(curve.high ?? none), ...(more.high ?? []).slice(1)],
  };
}

function wrap(text: string, letters: number): readonly string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= letters) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
