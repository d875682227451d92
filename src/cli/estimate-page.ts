/**
 * Estimate page: an estimate for people, from the answer down to what it stands on.
 */
import {
  formatHalfPrice,
  formatQuantity,
  instrumentId,
  quantityEstimate,
} from "../core/domain/instrument.ts";
import { type Bps, type Lots, micros } from "../core/domain/units.ts";
import { formatDuration } from "../runtime/duration.ts";
import { type Estimate, isCosted, URGENCIES } from "../runtime/estimate.ts";
import { percent, roughly, unitOf } from "../runtime/feasibility.ts";
import { aboveFrontier } from "../runtime/frontier.ts";
import type { Figure } from "../runtime/market-facts.ts";
import type { ScheduleEstimate } from "../runtime/schedule-estimate.ts";
import { bold, type Cell, dim, Page, plain } from "./text-page.ts";

const WIDTH = 100;
/** More slices than this are shown in groups. */
const ROWS_SHOWN = 12;

export function estimatePage(estimate: Estimate, colour: boolean): string {
  const page = new Page(colour, WIDTH);
  answer(page, estimate);
  strategies(page, estimate);
  byUrgency(page, estimate);
  frontierRows(page, estimate);
  feasibility(page, estimate);
  recommended(page, estimate);
  foundations(page, estimate);
  page.heading("What this does not know");
  for (const caveat of estimate.caveats) page.line(`- ${caveat}`);
  page.line("- what a model says before the order is an estimate: `arrival compare` works it");
  return page.text();
}

function answer(page: Page, estimate: Estimate): void {
  const { order, facts, quantity, notional, asked } = estimate;
  const { instrument } = facts;
  const over = formatDuration((order.deadline - order.startAt) as typeof order.startAt);
  const verb = order.side === "buy" ? "Buy" : "Sell";
  page.line(
    `${verb} ${formatQuantity(instrument, quantity)} ${unitOf(instrument)} over ${over}: ` +
      `${instrumentId(instrument)}, mid ${formatHalfPrice(instrument, facts.mid)}, ` +
      `${money(notional)} ${instrument.quote}`,
    "bold",
  );
  if (!isCosted(asked)) {
    page.line(`${asked.strategy}: ${asked.reason}. The others below can be costed.`);
    return;
  }
  costParts(page, estimate, asked);
  sigmas(page, asked);
  if (asked.hindrances.length > 0) page.line(`The limits bend it: ${asked.hindrances.join("; ")}`);
  page.line("+ is paid. Bps of the order's worth at the mid.");
  const others = estimate.byModel.map(({ model, impactBps }) => `${model} ${impactBps.toFixed(2)}`);
  page.line(`Impact by each model, bps: ${others.join(", ")} (--model all: side by side)`);
}

function costParts(page: Page, estimate: Estimate, asked: ScheduleEstimate): void {
  const { facts, notional, terms } = estimate;
  const { delayBps, spreadBps, feesBps, temporaryBps, permanentBps } = asked.parts;
  const cost = (name: string, bps: Bps, note: string): Cell[] => [
    plain(name),
    plain(signed(bps)),
    plain(`${signedMoney((bps / 1e4) * notional)} ${facts.instrument.quote}`),
    dim(note),
  ];
  const by = `${asked.strategy} at urgency ${asked.urgency}, by the model ${terms.model.name}`;
  const [, ...whole] = cost("", asked.expectedBps, by);
  const rows = [
    [bold("expected cost"), ...whole],
    cost("  spread", spreadBps, `half of ${facts.spreadBps.value.toFixed(3)} on what crosses`),
    cost("  fees", feesBps, feeNote(estimate, asked.makerShare.assumed)),
    cost("  temporary impact", temporaryBps, "for size or speed; does not stay"),
    cost("  permanent impact", permanentBps, "what stays, as far as this order pays it"),
  ];
  if (delayBps !== 0) rows.push(cost("  delay", delayBps, "from the decision price to the mid"));
  page.line();
  page.table(rows, ["left", "right", "right", "left"]);
}

const sigmaRow = (name: string, bps: Bps, note: string): Cell[] => [
  plain(name),
  plain(bps.toFixed(2)),
  dim(note),
];

function sigmas(page: Page, { band, interval, meanInterval, makerShare }: ScheduleEstimate): void {
  const range = ({ lowBps, highBps }: typeof interval): string =>
    `${signed(lowBps)} … ${signed(highBps)}`;
  page.line();
  page.line(
    `95 %: the mean of many such orders ${range(meanInterval)} bps; one of them ` +
      `${range(interval)} bps`,
  );
  page.line("one sigma, in bps; they add in squares, and the mean knows only the last two:", "dim");
  const largest = band.sources[0];
  const most = largest === undefined ? "" : `, most of it ${largest.name}`;
  const isKnown = makerShare.low === makerShare.high;
  page.table(
    [
      sigmaRow("price", band.priceBps, "what it does by itself meanwhile"),
      sigmaRow("volatility", band.volatilityBps, "that may be more or less than what was seen"),
      sigmaRow("parameters", band.parametersBps, `standard errors${most}`),
      sigmaRow(
        "placement",
        band.placementBps,
        isKnown ? "the maker share is taken as known" : "nobody knows who fills",
      ),
    ],
    ["left", "right", "left"],
  );
}

function feeNote({ fees }: Estimate, share: number): string {
  const { makerBps, takerBps } = fees;
  return (
    `maker ${makerBps.toFixed(2)}, taker ${takerBps.toFixed(2)}; ` +
    `${percent(share)} filled by resting orders`
  );
}

function strategies(page: Page, estimate: Estimate): void {
  const { asked, choices, frontier } = estimate;
  const urgency = isCosted(asked) ? asked.urgency : 0.5;
  const nearest = URGENCIES.reduce((a, b) =>
    Math.abs(b - urgency) < Math.abs(a - urgency) ? b : a,
  );
  page.heading(`By strategy, at urgency ${nearest}`);
  const head = "strategy,expected,spread+fees,impact,price risk,95 %,takes,over frontier".split(
    ",",
  );
  const rows = choices
    .filter((choice) => choice.urgency === nearest)
    .map((choice) => {
      const { parts, band, interval } = choice;
      const impact = parts.temporaryBps + parts.permanentBps;
      const above = aboveFrontier(frontier, impact, band.priceBps);
      return [
        plain(`${choice.strategy}${mark(choice)}`),
        plain(signed(choice.expectedBps)),
        plain(signed(parts.spreadBps + parts.feesBps)),
        plain(signed(impact)),
        plain(band.priceBps.toFixed(2)),
        plain(`${signed(interval.lowBps)} … ${signed(interval.highBps)}`),
        plain(roughly(choice.schedule.duration)),
        plain(above === undefined ? "" : signed(above)),
      ];
    });
  const aligns = ["left", ...head.slice(1).map(() => "right" as const)] as const;
  page.table([head.map((text) => dim(text)), ...rows], aligns);
  for (const { strategy, reason } of estimate.uncosted) page.line(`${strategy}: ${reason}`, "dim");
}

function byUrgency(page: Page, { choices }: Estimate): void {
  const names = [...new Set(choices.map(({ strategy }) => strategy))];
  if (names.length === 0) return;
  page.heading("Expected cost ± price risk (one sigma), bps");
  const cellOf = (name: string, urgency: number): Cell => {
    const choice = choices.find((one) => one.strategy === name && one.urgency === urgency);
    if (choice === undefined) return plain("");
    return plain(
      `${signed(choice.expectedBps)} ± ${choice.band.priceBps.toFixed(2)}${mark(choice) || " "}`,
    );
  };
  const rows = URGENCIES.map((urgency) =>
    [plain(String(urgency))].concat(names.map((name) => cellOf(name, urgency))),
  );
  page.table(
    [[dim("urgency"), ...names.map((name) => dim(`${name} `))], ...rows],
    ["left", ...names.map(() => "right" as const)],
  );
  const reasons = new Map(
    choices
      .filter(({ hindrances }) => hindrances.length > 0)
      .map(({ strategy, urgency, hindrances }) => [
        strategy,
        `* ${strategy} at urgency ${urgency}: ${hindrances[0]!}`,
      ]),
  );
  for (const reason of reasons.values()) page.line(reason, "dim");
}

function frontierRows(page: Page, { frontier, refusal, terms }: Estimate): void {
  page.heading("Frontier: the least impact for each price risk, bps (--svg draws it)");
  if (refusal !== undefined) {
    page.line(`none: ${terms.model.name} may not be used to choose a schedule: ${refusal}`);
    return;
  }
  if (frontier.length < 2) {
    page.line("none: in this model speed costs nothing, so the fastest schedule has no price");
    return;
  }
  const shown = frontier.filter((_, k) => k % 6 === 0).slice(0, 7);
  const cells = (title: string, of: (point: (typeof shown)[number]) => number): Cell[] => [
    dim(title),
    ...shown.map((point) => plain(of(point).toFixed(2))),
  ];
  page.table(
    [
      cells("price risk", ({ priceBps }) => priceBps),
      cells("impact", ({ impactBps }) => impactBps),
    ],
    ["left", ...shown.map(() => "right" as const)],
  );
}

function feasibility(page: Page, { checks }: Estimate): void {
  page.heading("Under the limits");
  page.table(
    checks.map(({ name, met, text }) => [
      { text: met === null ? "?" : met ? "yes" : "NO", ...(met === false ? { style: "red" } : {}) },
      plain(name),
      plain(text),
    ]),
    ["left", "left", "left"],
  );
}

function recommended(page: Page, estimate: Estimate): void {
  const { recommendation, terms, feasibleDuration, checks } = estimate;
  page.heading(`Recommended, for a risk aversion of ${terms.riskAversion}`);
  if (estimate.refusal !== undefined) {
    page.line(
      `none: ${terms.model.name} may not be used to choose a schedule: ${estimate.refusal}. ` +
        "Ask a model that may, such as almgren-2005 or propagator",
    );
    return;
  }
  if (recommendation === undefined) {
    const failed = checks.filter(({ met }) => met === false).map(({ name }) => name);
    const why = failed.length > 0 ? failed.join(", ") : "they bend every schedule";
    page.line(
      `none: the limits say no (${why}). At the allowed share of the expected volume it needs ` +
        `${roughly(feasibleDuration)}; --accept-infeasible takes on what cannot finish`,
    );
    return;
  }
  const { choice, reason } = recommendation;
  page.line(`${choice.strategy} at urgency ${choice.urgency}: ${reason}`);
  const rows = sliceRows(estimate, choice);
  page.table(
    [
      ["from", "quantity", "cumulative", "of the order", "of all volume"].map((text) => dim(text)),
      ...rows,
    ],
    ["left", "right", "right", "right", "right"],
  );
}

/** One row a slice, or a group of slices where there are many. */
function sliceRows({ facts, quantity, volumePerMicro }: Estimate, choice: ScheduleEstimate) {
  const { slices } = choice.schedule;
  const size = Math.ceil(slices.length / ROWS_SHOWN);
  const rows: Cell[][] = [];
  let done = 0;
  for (let k = 0; k < slices.length; k += size) {
    const group = slices.slice(k, k + size);
    const own = group.reduce((sum, slice) => sum + slice.quantity, 0);
    const span = group.reduce((sum, slice) => sum + slice.span, 0);
    done += own;
    rows.push([
      plain(`+${formatDuration(micros(Math.round(group[0]!.at / 1e6) * 1e6))}`),
      plain(formatQuantity(facts.instrument, own as Lots)),
      plain(formatQuantity(facts.instrument, done as Lots)),
      plain(percent(done / quantity)),
      plain(percent(own / (own + span * volumePerMicro))),
    ]);
  }
  return rows;
}

const figureRow = (
  name: string,
  value: string,
  { origin, text, relativeError }: Figure,
): Cell[] => [
  plain(name),
  plain(value),
  plain(relativeError > 0 ? `× or ÷ ${Math.exp(relativeError).toFixed(2)}` : ""),
  dim(`${origin}: ${text}`),
];

function foundations(page: Page, { facts, terms, market }: Estimate): void {
  const { instrument, depth, seen, dailyVolume } = facts;
  const units = `${unitOf(instrument)} a day`;
  page.heading(seen === undefined ? "What was stated" : "What was measured");
  page.table(
    [
      figureRow("spread", `${facts.spreadBps.value.toFixed(3)} bps`, facts.spreadBps),
      figureRow(
        "volatility",
        `${percent(facts.dailyVolatility.value)} a day`,
        facts.dailyVolatility,
      ),
      figureRow("volume", `${money(dailyVolume.value)} ${units}`, dailyVolume),
    ],
    ["left", "right", "left", "left"],
  );
  if (depth !== undefined) {
    const [bid, ask] = [depth.bid, depth.ask].map((each) => quantityEstimate(instrument, each));
    page.line(
      `The book shows ${money(bid!)} ${unitOf(instrument)} bid and ${money(ask!)} asked on ` +
        `${depth.levels} levels each. From ${market}.`,
    );
  }
  page.heading(`What was assumed: ${terms.model.name}, ${terms.model.summary}`);
  page.table(
    terms.parameters.map(({ name, value, standardError, origin, note }) => [
      plain(name),
      plain(`${value}${standardError > 0 ? ` ± ${standardError}` : ""}`),
      dim(`${origin}: ${note}`),
    ]),
    ["left", "left", "left"],
  );
}

const mark = ({ hindrances }: ScheduleEstimate): string => (hindrances.length > 0 ? "*" : "");
const signed = (bps: Bps): string => `${bps >= 0 ? "+" : ""}${bps.toFixed(2)}`;
const digits = (amount: number): number => (Math.abs(amount) < 100 ? 2 : 0);
const money = (amount: number): string =>
  amount.toLocaleString("en-US", {
    minimumFractionDigits: digits(amount),
    maximumFractionDigits: digits(amount),
  });
const signedMoney = (amount: number): string => `${amount >= 0 ? "+" : ""}${money(amount)}`;
