/**
 * Brief situation: the common situation in a fifth of the words, for models that read slowly.
 *
 * A small model on one core reads some hundred tokens a second, and each digit is one: ten trades
 * told one by one would take longer than the answer is good for. What must stay true: nothing is
 * told that the common prompt does not tell, and what others wrote stands quoted between the same
 * delimiters.
 */
import type { AdviceQuestion, Situation, SituationMoves } from "../../core/contracts/advice.ts";
import { derivedOf } from "../figures.ts";
import { NEWS_BEGIN, NEWS_END, TURNED } from "../prompt.ts";
import { quoted } from "../untrusted-text.ts";

const MOST_NEWS = 3;
const MOST_HEADLINE = 120;

export function briefSituation({ situation }: AdviceQuestion): string {
  const { order, cost, market } = situation;
  const { elapsed, behind } = derivedOf(situation);
  const gap = `${behind < 0 ? "ahead" : "behind"} by ${short(Math.abs(behind))}`;
  return [
    `Order: ${short(order.executed)} done, ${gap}; time: ${short(elapsed)} gone; ` +
      `urgency ${short(order.urgency)}.`,
    `From arrival: mid ${bps(cost.midBps)}, shortfall ${bps(cost.shortfallBps)}.`,
    `Market: ${market.regime}, spread ${short(market.spreadBps)} bps, ` +
      `imbalance ${plus(market.imbalance)}, ${depthText(market)}.`,
    paceText(market),
    ...patternText(market),
    ...besideText(situation),
    ...pastText(situation),
    ...newsText(situation),
  ].join("\n");
}

/** Two digits that count: a small model makes nothing of more. */
const short = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(2))) : "0";
const plus = (value: number): string => (value > 0 ? `+${short(value)}` : short(value));
const bps = (value: number): string => `${plus(value)} bps`;

const sumOf = (levels: readonly { readonly share: number }[]): number =>
  levels.reduce((sum, { share }) => sum + share, 0);

const depthText = ({ far, near }: Situation["market"]): string =>
  `offers hold ${short(sumOf(far))} of the order, bids ${short(sumOf(near))}`;

function paceText({ volumeRatio, volatilityBpsHour, trades }: Situation["market"]): string {
  const buyers = trades.filter(({ isWithUs }) => isWithUs).length;
  return [
    volumeRatio === undefined ? "Volume not known" : `Volume ${short(volumeRatio)} times the usual`,
    ...(volatilityBpsHour === undefined ? [] : [`volatility ${short(volatilityBpsHour)} bps`]),
    `buyers took ${buyers} of the last ${trades.length} trades.`,
  ].join(", ");
}

/** Of the moves two, since each digit costs as much as a word. */
function patternText({ hours, path }: Situation["market"]): readonly string[] {
  const volume = hours?.volumeAgainstDay;
  const ratio = path?.varianceRatio;
  const parts = [
    ...(hours === undefined ? [] : [`Hours: ${hours.session}${hours.isWeekend ? " weekend" : ""}`]),
    ...(volume === undefined ? [] : [`usual volume now ${short(volume)} of the mean`]),
    ...(path === undefined ? [] : movesText(path)),
    ...(ratio === undefined
      ? []
      : [`moves ${ratio > 1 ? "go on" : "come back"} (${short(ratio)})`]),
  ];
  return parts.length === 0 ? [] : [`${parts.join(", ")}.`];
}

const movesText = ({ minute5Bps: five, minute60Bps: hour }: SituationMoves): readonly string[] => [
  ...(five === undefined ? [] : [`mid ${bps(five)} in 5 minutes`]),
  ...(hour === undefined ? [] : [`${bps(hour)} in an hour`]),
];

/** Of other markets the one that goes with ours most, of orders before the last. */
function besideText({ others = [], executions = [] }: Situation): readonly string[] {
  const [other] = others;
  const [last] = executions;
  const moves = other === undefined ? [] : movesText(other);
  return [
    ...(other?.correlation === undefined || moves.length === 0
      ? []
      : [`Another market (correlation ${short(other.correlation)}): ${moves.join(", ")}.`]),
    ...(last === undefined
      ? []
      : [`The last order like this: shortfall ${bps(last.shortfallBps)}.`]),
  ];
}

function pastText({ past }: Situation): readonly string[] {
  const last = past.at(-1);
  if (last === undefined) return [];
  return [`Last decision: ${last.action}; the mid has moved ${bps(last.midBpsSince)} since.`];
}

function newsText({ news, isNewsTurned }: Situation): readonly string[] {
  if (news.length === 0) return ["News: none."];
  const lines = news.slice(-MOST_NEWS).map(({ headline, flags }) => {
    const mark = flags.length === 0 ? "" : " (suspicious)";
    return `${quoted(headline, MOST_HEADLINE)}${mark}`;
  });
  return [...(isNewsTurned === true ? [TURNED] : []), NEWS_BEGIN, ...lines, NEWS_END];
}
