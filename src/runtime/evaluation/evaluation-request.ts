/**
 * Evaluation request: what an evaluation of an advisor is told, and what follows from it alone.
 *
 * What must stay true: which parent lies in which market follows from its number, so that every arm
 * has the same ones; and markets that are learned from are never those that are measured.
 */
import type { EnvelopeTerms } from "../../core/contracts/advice.ts";
import { streamOf, uniformAt } from "../../core/domain/random.ts";
import type { Side } from "../../core/domain/side.ts";
import { type Micros, micros, SECOND } from "../../core/domain/units.ts";
import type { ArrivalConfig } from "../config.ts";
import type { EarnedTerms } from "../influence/earned-influence.ts";
import { type GeneratedMarket, generatedWindow } from "../window.ts";

export const REGIMES = ["calm", "normal", "wild"] as const;
export type MarketRegimeName = (typeof REGIMES)[number];
/** The words that the news is told in: see the phrasings of the generated world. */
export type NewsWords = "training" | "validation" | "test";

export interface EvaluationRequest {
  /** Its strategy is the baseline that advice starts from; its envelope is that of `advised`. */
  readonly config: ArrivalConfig;
  readonly seed: number;
  /** Markets that are measured: each a cluster. */
  readonly windows: number;
  readonly sides: readonly Side[];
  readonly regimes: readonly MarketRegimeName[];
  /** Units of the instrument. */
  readonly quantity: string;
  readonly over: Micros;
  readonly eventsPerSecond: number;
  readonly words: NewsWords;
  /** Of the windows, how many are worked again under every action at every question. */
  readonly rollouts: number;
  /** Further windows, in the words of training, that the tabular model learns from. */
  readonly training: number;
  /** Whether the advisor is asked a second time, with the widest envelope that there is. */
  readonly isRawToo: boolean;
  /** Of `advised`; absent: all that is advised is done. */
  readonly influence?: EarnedTerms;
}

/** What kind of market a window is. */
export interface Cell {
  readonly regime: MarketRegimeName;
  /** Whether a headline tells of something that moves the price. */
  readonly isInformed: boolean;
}

/** Two cells a regime, one after the other. */
export const cellOf = ({ regimes }: EvaluationRequest, window: number): Cell => ({
  regime: regimes[Math.floor(window / 2) % regimes.length]!,
  isInformed: window % 2 === 1,
});

export const cellName = ({ regime, isInformed }: Cell): string =>
  `${regime}, ${isInformed ? "news" : "no news"}`;

/** The widest that the contract allows. */
export const WIDEST: EnvelopeTerms = { corridor: 1, variation: 2, crossing: 1 };

/** A Monday afternoon. */
const FIRST_START = micros(Date.UTC(2026, 0, 5, 14) * 1000);
/** Windows that are learned from lie far behind all others. */
const TRAINING_FROM = 1_000_000;

export const trainingWindow = (number: number): number => TRAINING_FROM + number;
export const isTraining = (window: number): boolean => window >= TRAINING_FROM;

const INFORMATIVE = [
  "etf-decision",
  "listing",
  "protocol",
  "rumour",
  "exchange-hack",
  "regulation",
  "macro-print",
] as const;
/** How the id of the informative item ends: it is the second of the script. */
export const SHOCK_ID = "-script-2";
const HOSTILE_SHARE = 0.1;
const WARM_UP_SECONDS = 60;

/** @param turned the market whose news is the opposite, and all else as it is. */
export function marketOf(
  request: EvaluationRequest,
  window: number,
  turned = false,
): GeneratedMarket {
  const { seed, over, eventsPerSecond, words } = request;
  const { regime, isInformed } = cellOf(request, window);
  const stream = streamOf("evaluation");
  const draw = (what: number): number => uniformAt(seed, stream, window * 16 + what);
  const span = over / SECOND;
  const within = (from: number, to: number, what: number): number =>
    Math.round(from + draw(what) * (to - from));
  const isUp = draw(0) < 0.5 !== turned;
  const shock = {
    kind: "shock",
    atSeconds: WARM_UP_SECONDS + within(0.05 * span, 0.5 * span, 1),
    direction: isUp ? "up" : "down",
    magnitude: 0.3 + 1.2 * draw(2),
    delaySeconds: within(0.15 * span, 0.5 * span, 3),
    news: INFORMATIVE[Math.floor(draw(4) * INFORMATIVE.length)]!,
  } as const;
  const chatter = {
    kind: "news",
    atSeconds: WARM_UP_SECONDS + within(0, 0.8 * span, 5),
    news: draw(6) < HOSTILE_SHARE ? "hostile" : "irrelevant",
  } as const;
  const knobs = {
    startAt: FIRST_START,
    eventsPerSecond,
    news: {
      ownPerDay: 0,
      marketPerDay: 0,
      split: isTraining(window) ? ("training" as const) : words,
    },
    scenario: {
      events: [
        { kind: "regime", atSeconds: 0, regime } as const,
        chatter,
        ...(isInformed ? [shock] : []),
      ],
    },
  };
  return generatedWindow(knobs, over, seed, window);
}
