/**
 * Frontier picture: impact against price risk, as an SVG that stands alone.
 *
 * The line is the least impact for each price risk; a mark is a strategy's own schedule, hollow
 * where the limits would bend it. A strategy that changes with urgency is a row of marks. Spread
 * and fees are left out: they hang on who fills, not on the schedule.
 */
import type { Estimate } from "../runtime/estimate.ts";
import type { ScheduleEstimate } from "../runtime/schedule-estimate.ts";
import { escapeXml, niceStep } from "./picture.ts";

const WIDTH = 900;
const HEIGHT = 520;
const LEFT = 74;
const RIGHT = 250;
const TOP = 56;
const BOTTOM = 62;
const LABEL_WIDTH = 26;
/** Told apart by shape as well as by colour. */
const COLOURS = ["#0b62a4", "#b3541e", "#2f7d32", "#7a3e9d", "#8a6d00", "#a3194f"];

interface Scale {
  readonly most: number;
  readonly step: number;
  readonly at: (value: number) => number;
}

export function frontierSvg(estimate: Estimate, title: string): string {
  const { choices, frontier, terms } = estimate;
  const marks = distinct(choices);
  const impacts = marks.map(impactOf);
  const risks = [...marks.map((it) => it.band.priceBps), frontier[0]?.priceBps ?? 0];
  const x = scale(Math.max(...risks), LEFT, WIDTH - RIGHT);
  const y = scale(Math.max(...impacts, frontier[0]?.impactBps ?? 0), HEIGHT - BOTTOM, TOP);
  const names = [...new Set(marks.map(({ strategy }) => strategy))];
  const line = frontier
    .map((it) => `${x.at(it.priceBps).toFixed(1)},${y.at(it.impactBps).toFixed(1)}`)
    .join(" ");
  const lineSvg =
    frontier.length > 1
      ? `<polyline points="${line}" fill="none" stroke="#111" stroke-width="1.6" ` +
        `clip-path="url(#plot)"/>`
      : "";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" `,
    `font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<clipPath id="plot"><rect x="${LEFT}" y="${TOP}" width="${WIDTH - RIGHT - LEFT}" `,
    `height="${HEIGHT - BOTTOM - TOP}"/></clipPath>`,
    `<text x="16" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>`,
    axes(x, y),
    lineSvg,
    ...marks.map((mark) => markSvg(mark, names.indexOf(mark.strategy), x, y)),
    ...marks.filter((mark) => isNamed(mark, marks, x)).map((mark) => urgencySvg(mark, x, y)),
    chosenSvg(estimate, x, y),
    legend(estimate, names, terms.model.name),
    "</svg>\n",
  ].join("\n");
}

/** One mark for schedules that urgency does not change. */
function distinct(choices: readonly ScheduleEstimate[]): readonly ScheduleEstimate[] {
  const seen = new Set<string>();
  return choices.filter((choice) => {
    const key = `${choice.strategy} ${impactOf(choice)} ${choice.band.priceBps}`;
    // Of the same schedules the one that may cross stands for all: it meets every limit.
    const isFirst = !seen.has(key) && (choice.urgency > 0 || !hasTwin(choice, choices));
    if (isFirst) seen.add(key);
    return isFirst;
  });
}

const hasTwin = (choice: ScheduleEstimate, choices: readonly ScheduleEstimate[]): boolean =>
  choices.some(
    (other) =>
      other !== choice &&
      other.strategy === choice.strategy &&
      impactOf(other) === impactOf(choice) &&
      other.band.priceBps === choice.band.priceBps,
  );

const impactOf = ({ parts }: ScheduleEstimate): number => parts.temporaryBps + parts.permanentBps;

function scale(most: number, from: number, to: number): Scale {
  const step = niceStep(Math.max(most, 1e-9) / 6);
  const end = Math.ceil((Math.max(most, 1e-9) * 1.04) / step) * step;
  return { most: end, step, at: (value) => from + (value / end) * (to - from) };
}

function axes(x: Scale, y: Scale): string {
  const lines: string[] = [];
  const digits = ({ step }: Scale): number => Math.max(0, -Math.floor(Math.log10(step)));
  for (let k = 0; k * x.step <= x.most * (1 + 1e-9); k++) {
    const at = x.at(k * x.step).toFixed(1);
    lines.push(
      `<line x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="${tone(k)}"/>`,
      `<text x="${at}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#444">` +
        `${(k * x.step).toFixed(digits(x))}</text>`,
    );
  }
  for (let k = 0; k * y.step <= y.most * (1 + 1e-9); k++) {
    const at = y.at(k * y.step).toFixed(1);
    lines.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="${tone(k)}"/>`,
      `<text x="${LEFT - 8}" y="${Number(at) + 4}" text-anchor="end" fill="#444">` +
        `${(k * y.step).toFixed(digits(y))}</text>`,
    );
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  const height = (TOP + HEIGHT - BOTTOM) / 2;
  lines.push(
    `<text x="${middle}" y="${HEIGHT - 16}" text-anchor="middle" fill="#444">` +
      "price risk: one sigma of the cost while it works, bps</text>",
    `<text transform="translate(20 ${height}) rotate(-90)" text-anchor="middle" fill="#444">` +
      "expected impact, bps; spread and fees left out</text>",
  );
  return lines.join("\n");
}

const tone = (index: number): string => (index === 0 ? "#555" : "#ddd");

function markSvg(mark: ScheduleEstimate, index: number, x: Scale, y: Scale): string {
  const at = [x.at(mark.band.priceBps), y.at(impactOf(mark))] as const;
  return shape(index, at, mark.hindrances.length > 0);
}

/** Whether there are others of its strategy, and no more urgent one where its label would be. */
function isNamed(mark: ScheduleEstimate, marks: readonly ScheduleEstimate[], x: Scale): boolean {
  const others = marks.filter((one) => one.strategy === mark.strategy && one !== mark);
  const at = x.at(mark.band.priceBps);
  return (
    others.length > 0 &&
    !others.some(
      ({ urgency, band }) =>
        urgency > mark.urgency && Math.abs(x.at(band.priceBps) - at) < LABEL_WIDTH,
    )
  );
}

function urgencySvg(mark: ScheduleEstimate, x: Scale, y: Scale): string {
  const [left, top] = [x.at(mark.band.priceBps) + 9, y.at(impactOf(mark)) - 9];
  const place = `x="${left.toFixed(1)}" y="${top.toFixed(1)}"`;
  return `<text ${place} font-size="11" fill="#444">${mark.urgency}</text>`;
}

/** A shape for each strategy, in turn. */
function shape(index: number, [x, y]: readonly [number, number], isHollow: boolean): string {
  const colour = COLOURS[index % COLOURS.length]!;
  const paint = isHollow
    ? `fill="#fff" stroke="${colour}" stroke-width="1.8"`
    : `fill="${colour}" stroke="${colour}" stroke-width="1.8"`;
  const [cx, cy] = [x.toFixed(1), y.toFixed(1)];
  if (index % 4 === 0) return `<circle cx="${cx}" cy="${cy}" r="5" ${paint}/>`;
  const path = ["", "M-5 -5h10v10h-10z", "M0 -7l7 7l-7 7l-7 -7z", "M0 -6l6 11h-12z"][index % 4]!;
  return `<path transform="translate(${cx} ${cy})" d="${path}" ${paint}/>`;
}

function chosenSvg({ recommendation }: Estimate, x: Scale, y: Scale): string {
  if (recommendation === undefined) return "";
  const { choice } = recommendation;
  const [cx, cy] = [x.at(choice.band.priceBps), y.at(impactOf(choice))];
  return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="11" fill="none" stroke="#111"/>`;
}

function legend(estimate: Estimate, names: readonly string[], model: string): string {
  const left = WIDTH - RIGHT + 24;
  const rows: string[] = [];
  let top = TOP + 8;
  const text = (words: string, colour = "#222"): void => {
    rows.push(`<text x="${left + 16}" y="${top + 4}" fill="${colour}">${escapeXml(words)}</text>`);
    top += 22;
  };
  names.forEach((name, index) => {
    rows.push(shape(index, [left, top], false));
    const own = distinct(estimate.choices.filter(({ strategy }) => strategy === name));
    text(own.length > 1 ? `${name}, urgency ${range(own)}` : name);
  });
  if (estimate.frontier.length > 1) {
    rows.push(`<line x1="${left - 8}" x2="${left + 8}" y1="${top}" y2="${top}" stroke="#111"/>`);
    text("frontier: the least");
  } else {
    const isOfNoSpeed = estimate.terms.model.trajectory === undefined;
    text(isOfNoSpeed ? "no frontier: speed costs nothing" : "no frontier: the model refuses");
  }
  rows.push(
    `<circle cx="${left}" cy="${top}" r="5" fill="#fff" stroke="#555" stroke-width="1.8"/>`,
  );
  text("hollow: the limits bend it");
  const { recommendation } = estimate;
  if (recommendation !== undefined) {
    const { strategy, urgency } = recommendation.choice;
    rows.push(`<circle cx="${left}" cy="${top}" r="9" fill="none" stroke="#111"/>`);
    text(`recommended: ${strategy} ${urgency}`);
  }
  text(`model: ${model}`, "#666");
  return rows.join("\n");
}

function range(own: readonly ScheduleEstimate[]): string {
  const urgencies = own.map(({ urgency }) => urgency);
  return `${Math.min(...urgencies)}–${Math.max(...urgencies)}`;
}
