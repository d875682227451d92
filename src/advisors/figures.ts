/**
 * Figures: every number of a question as a model is shown it, with its name and its kind.
 *
 * Pure. The prompt prints these and the check of a model's reasoning looks numbers up in these, so
 * that both speak of the same. What must stay true: rounding is symmetric about zero, or a mirrored
 * situation would be another question.
 */
import {
  type AdviceQuestion,
  IMPACT_FACTORS,
  MOST_EXECUTIONS,
  type PastExecution,
  type Situation,
  type SituationMoves,
  type SituationOther,
  WAIT_SECONDS,
} from "../core/contracts/advice.ts";
import { RATES } from "./question-set.ts";

/** `share`: of one. `ratio`: a multiple. `plain`: a count, a level or a probability. */
export type FigureKind = "bps" | "share" | "ratio" | "seconds" | "plain";

export interface Figure {
  /** Where it stands: `market.spreadBps`, `market.far[0].share`. */
  readonly name: string;
  readonly kind: FigureKind;
  readonly value: number;
}

const DIGITS: Readonly<Record<FigureKind, number>> = {
  bps: 2,
  share: 4,
  ratio: 2,
  seconds: 1,
  plain: 2,
};
/** Larger ones would be printed with an exponent, and mean nothing. */
const LARGEST = 1e12;

/** Half away from zero; never −0. What is no number is 0: a question with one is our own fault. */
export function rounded(value: number, kind: FigureKind): number {
  if (Number.isNaN(value)) return 0;
  const scale = 10 ** DIGITS[kind];
  const size = Math.round(Math.min(LARGEST, Math.abs(value)) * scale) / scale;
  return value < 0 && size > 0 ? -size : size;
}

export const text = (value: number, kind: FigureKind): string => String(rounded(value, kind));
/** With its sign, so that no one has to guess. */
export const signed = (value: number, kind: FigureKind): string => {
  const shown = text(value, kind);
  return rounded(value, kind) > 0 ? `+${shown}` : shown;
};

/** What follows from two figures, and is shown beside them. */
export interface Derived {
  readonly elapsedSeconds: number;
  readonly elapsed: number;
  readonly remaining: number;
  /** Planned less executed: positive = behind. */
  readonly behind: number;
}

export function derivedOf({ order }: Situation): Derived {
  const elapsedSeconds = Math.max(0, order.spanSeconds - order.secondsLeft);
  return {
    elapsedSeconds,
    elapsed: order.spanSeconds > 0 ? elapsedSeconds / order.spanSeconds : 0,
    remaining: 1 - order.executed,
    behind: order.planned - order.executed,
  };
}

/** How many of each list are shown. */
export const MOST_LEVELS = 5;
export const MOST_TRADES = 10;
export const MOST_NEWS = 8;
export const MOST_PAST = 5;
export const MOST_OTHERS = 3;

/** All that the prompt shows of the situation. */
export function situationFigures({ situation }: AdviceQuestion): readonly Figure[] {
  const { order, cost, market, news, past } = situation;
  const derived = derivedOf(situation);
  const lists = [
    ...market.far.slice(0, MOST_LEVELS).flatMap((level, i) => levelFigures("far", i, level)),
    ...market.near.slice(0, MOST_LEVELS).flatMap((level, i) => levelFigures("near", i, level)),
    ...market.trades
      .slice(0, MOST_TRADES)
      .flatMap((trade, i) => [
        figure(`market.trades[${i}].secondsAgo`, "seconds", trade.secondsAgo),
        figure(`market.trades[${i}].bps`, "bps", trade.bps),
        figure(`market.trades[${i}].share`, "share", trade.share),
      ]),
    ...news
      .slice(-MOST_NEWS)
      .map(({ secondsAgo }, i) => figure(`news[${i}].secondsAgo`, "seconds", secondsAgo)),
    ...past
      .slice(-MOST_PAST)
      .flatMap((one, i) => [
        figure(`past[${i}].secondsAgo`, "seconds", one.secondsAgo),
        figure(`past[${i}].confidence`, "share", one.confidence),
        figure(`past[${i}].midBpsSince`, "bps", one.midBpsSince),
      ]),
  ];
  const counts = [
    figure("market.trades.length", "plain", Math.min(MOST_TRADES, market.trades.length)),
    figure("market.far.length", "plain", Math.min(MOST_LEVELS, market.far.length)),
    figure("market.near.length", "plain", Math.min(MOST_LEVELS, market.near.length)),
    figure("news.length", "plain", Math.min(MOST_NEWS, news.length)),
    figure("past.length", "plain", Math.min(MOST_PAST, past.length)),
  ];
  return [
    figure("order.urgency", "share", order.urgency),
    figure("order.spanSeconds", "seconds", order.spanSeconds),
    figure("order.secondsLeft", "seconds", order.secondsLeft),
    figure("order.executed", "share", order.executed),
    figure("order.planned", "share", order.planned),
    figure("order.atVenue", "share", order.atVenue),
    ...maybe("order.shareOfDay", "share", order.shareOfDay),
    figure("elapsedSeconds", "seconds", derived.elapsedSeconds),
    figure("elapsed", "share", derived.elapsed),
    figure("remaining", "share", derived.remaining),
    figure("behind", "share", derived.behind),
    ...maybe("cost.vwapBps", "bps", cost.vwapBps),
    figure("cost.midBps", "bps", cost.midBps),
    figure("cost.shortfallBps", "bps", cost.shortfallBps),
    figure("market.spreadBps", "bps", market.spreadBps),
    figure("market.imbalance", "ratio", market.imbalance),
    ...maybe("market.volumeRatio", "ratio", market.volumeRatio),
    ...maybe("market.volatilityBpsHour", "bps", market.volatilityBpsHour),
    ...patternFigures(situation),
    ...lists,
    ...counts,
  ];
}

/** Of what may be absent whole. */
function patternFigures({ market, others = [], executions = [] }: Situation): readonly Figure[] {
  const { hours, path } = market;
  return [
    ...maybe("market.hours.volumeAgainstDay", "ratio", hours?.volumeAgainstDay),
    ...(path === undefined
      ? []
      : [
          ...moveFigures("market.path", path),
          figure("market.path.seenSeconds", "seconds", path.seenSeconds),
          figure("market.path.underDearestBps", "bps", path.underDearestBps),
          figure("market.path.overCheapestBps", "bps", path.overCheapestBps),
          ...maybe("market.path.varianceRatio", "ratio", path.varianceRatio),
        ]),
    ...others.slice(0, MOST_OTHERS).flatMap(otherFigures),
    ...executions.slice(0, MOST_EXECUTIONS).flatMap(executionFigures),
  ];
}

const otherFigures = (other: SituationOther, i: number): readonly Figure[] => [
  ...maybe(`others[${i}].correlation`, "ratio", other.correlation),
  ...moveFigures(`others[${i}]`, other),
];

const executionFigures = (one: PastExecution, i: number): readonly Figure[] => [
  figure(`executions[${i}].spanSeconds`, "seconds", one.spanSeconds),
  figure(`executions[${i}].executed`, "share", one.executed),
  figure(`executions[${i}].shortfallBps`, "bps", one.shortfallBps),
  ...maybe(`executions[${i}].forecastBps`, "bps", one.forecastBps),
  ...maybe(`executions[${i}].participation`, "share", one.participation),
];

const moveFigures = (name: string, moves: SituationMoves): readonly Figure[] => [
  ...maybe(`${name}.minute1Bps`, "bps", moves.minute1Bps),
  ...maybe(`${name}.minute5Bps`, "bps", moves.minute5Bps),
  ...maybe(`${name}.minute15Bps`, "bps", moves.minute15Bps),
  ...maybe(`${name}.minute60Bps`, "bps", moves.minute60Bps),
];

/** Numbers that may be answered: naming one of them is no claim about the market. */
export const OFFERED_FIGURES: readonly Figure[] = [
  ...WAIT_SECONDS.map((span) => figure("offer.waitSeconds", "seconds", span)),
  ...IMPACT_FACTORS.map((factor) => figure("offer.impactFactor", "ratio", factor)),
  ...RATES.map((rate) => figure("offer.rate", "ratio", rate)),
];

function levelFigures(
  side: "far" | "near",
  i: number,
  level: Situation["market"]["far"][number],
): readonly Figure[] {
  return [
    figure(`market.${side}[${i}].bps`, "bps", level.bps),
    figure(`market.${side}[${i}].share`, "share", level.share),
  ];
}

function figure(name: string, kind: FigureKind, value: number): Figure {
  return { name, kind, value: rounded(value, kind) };
}

const maybe = (name: string, kind: FigureKind, value: number | undefined): readonly Figure[] =>
  value === undefined ? [] : [figure(name, kind, value)];
