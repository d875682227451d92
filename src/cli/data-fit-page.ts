/**
 * Data fit page: what `arrival data fit` prints: how like the recording the market is, and where
 * each of its numbers came from.
 */
import type { MarketFit } from "../runtime/market-fit/fit-market.ts";
import { MOMENTS } from "../runtime/market-fit/moments.ts";
import { type ParameterReport, parametersOf } from "../runtime/market-fit/parameters.ts";
import type { MomentRow } from "../runtime/market-fit/verdict.ts";
import { figure } from "./market-facts-page.ts";
import { type Align, bold, type Cell, dim, Page, plain } from "./text-page.ts";

const LONGEST_VALUE = 58;

export function fitPage(fit: MarketFit, label: string, colour: boolean, width: number): string {
  const page = new Page(colour, Math.max(80, width));
  const { recorded, rows, heldOutSeeds, fitSeeds, madeSeconds } = fit;
  page.line(`A generated market fitted to ${label}`, "bold");
  page.line(
    `${recorded.seconds} s with a sound book, ${recorded.flow.orders.length} market orders; ` +
      `fitted on ${fitSeeds.length} seeds, judged on ${heldOutSeeds.length} others, ` +
      `${madeSeconds} s each.`,
    "dim",
  );
  page.heading("Moments");
  page.table([MOMENT_HEAD, ...rows.map(momentCells)], MOMENT_ALIGNS);
  page.line(tallyText(rows));
  page.heading("Numbers");
  page.table([NUMBER_HEAD, ...parametersOf(fit).map(numberCells)], NUMBER_ALIGNS);
  page.heading("Reading it");
  page.line(READING.replace("REACH", fit.look.reachBps.toFixed(1)));
  return page.text();
}

const READING =
  "off: how many standard errors the markets' mean is from the recording: of the recording's own " +
  "figure, by how much its seconds or minutes disagree, and of the mean over seeds. Where the " +
  "recording does not tell its own, the deviation from seed to seed stands in. met: within 2. " +
  "eff.: independent observations that the recording's figure is worth. Depth, limit orders and " +
  "cancellations are those within REACH bps of the mid. What one update changes counts as one " +
  "order. The fitted market's clock has no hours, and its mean activity is the recording's.";

const MOMENT_ALIGNS: readonly Align[] = [
  "left",
  "right",
  "right",
  "right",
  "right",
  "right",
  "right",
  "left",
];
const MOMENT_HEAD: readonly Cell[] = [
  dim("moment"),
  dim("recording"),
  dim("eff."),
  dim("default"),
  dim("off"),
  dim("fitted"),
  dim("off"),
  dim("verdict"),
];

function momentCells(row: MomentRow): readonly Cell[] {
  const { title, unit } = MOMENTS[row.name];
  return [
    plain(unit === "" ? title : `${title}, ${unit}`),
    plain(row.recorded === undefined ? "–" : withError(row.recorded)),
    dim(row.recorded === undefined ? "–" : wholeOf(row.recorded.effective)),
    plain(row.initial === undefined ? "–" : figureOf(row.initial.mean)),
    dim(offText(row.initialOff)),
    plain(row.fitted === undefined ? "–" : figureOf(row.fitted.mean)),
    dim(offText(row.fittedOff)),
    verdictCell(row),
  ];
}

function verdictCell({ verdict, knob }: MomentRow): Cell {
  const text =
    knob === undefined && verdict !== "cannot be told" ? `${verdict}, not aimed at` : verdict;
  if (verdict === "met") return { text, style: "green" };
  return verdict === "no better than the default" ? { text, style: "red" } : dim(text);
}

const withError = ({ value, standardError }: NonNullable<MomentRow["recorded"]>): string =>
  standardError === undefined ? figureOf(value) : `${figureOf(value)} ± ${figureOf(standardError)}`;

/** Thousands as such, three digits otherwise. */
function figureOf(value: number): string {
  return Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString("en-US") : figure(value);
}

const wholeOf = (value: number): string => Math.round(value).toLocaleString("en-US");
const offText = (off: number | undefined): string =>
  off === undefined ? "–" : `${off > 0 ? "+" : ""}${off.toFixed(1)}`;

function tallyText(rows: readonly MomentRow[]): string {
  const count = (verdict: MomentRow["verdict"]): number =>
    rows.filter((row) => row.verdict === verdict).length;
  const told = rows.length - count("cannot be told");
  const worse = count("no better than the default");
  const text = `${count("met")} of ${told} moments are met, ${count("nearer")} only come nearer`;
  return worse === 0 ? `${text}.` : `${text}; ${worse} are no better than the default market's.`;
}

const NUMBER_ALIGNS: readonly Align[] = ["left", "left", "left", "right", "left"];
const NUMBER_HEAD: readonly Cell[] = [
  dim("number"),
  dim("value"),
  dim("from"),
  dim("eff."),
  dim("by"),
];

function numberCells({
  path,
  value,
  from,
  by,
  effective,
  isAtItsEnd,
}: ParameterReport): readonly Cell[] {
  return [
    plain(path),
    plain(valueText(value)),
    from === "default" ? dim(from) : bold(from),
    dim(effective === 0 ? "–" : wholeOf(effective)),
    isAtItsEnd ? { text: `${by}: at its end, out of reach`, style: "red" } : dim(by),
  ];
}

/** Three digits are enough to read; the file has them all. */
function valueText(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === "number" && !Number.isInteger(each) ? Number(each.toPrecision(3)) : each,
  ).replaceAll('"', "");
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 1)}…`;
}
