/**
 * Advice: what an advisor is asked about a working order, and what it may answer.
 *
 * A question is canonical: whatever is traded, it is told as a purchase, in ratios and relative
 * times, so that mirrored situations get mirrored answers and no model recognises a day that it
 * read about. What must stay true: both are plain JSON; an answer is hostile until the envelope has
 * clamped it (`execution/envelope.ts`), and whatever it says, the order keeps every limit and law.
 */
import type { Bps, Fraction, Micros } from "../domain/units.ts";

/** What may be advised (requirement A6). `proceed`: as the classical algorithm does. */
export const ADVISED_ACTIONS = [
  "proceed",
  "aggressive",
  "passive",
  "wait",
  "accelerate",
  "decelerate",
  "cancel",
] as const;
export type AdvisedAction = (typeof ADVISED_ACTIONS)[number];

/** How fast what is late is crossed for: steps around the order's own urgency. */
export const URGENCY_LEVELS = ["lowest", "low", "own", "high", "highest"] as const;
export type UrgencyLevel = (typeof URGENCY_LEVELS)[number];

/** Multiples of an impact estimate (requirement C2). */
export const IMPACT_FACTORS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

/** What an advisor makes of the market before it names a factor (requirement C2): its labels. */
export const IMPACT_READINGS = {
  /** Whether the last trades look like those of somebody who knows more. */
  informedFlow: ["yes", "no", "unclear"],
  /** Whether news changes how much is offered, or will soon. */
  newsPending: ["yes", "no", "unclear"],
  liquidity: ["thin", "usual", "deep"],
  /** Where other markets say that this one will go: `against` = dearer for us. */
  correlation: ["against", "with", "unclear"],
} as const;
export type ImpactReading = keyof typeof IMPACT_READINGS;
export type ImpactReadings = {
  readonly [Key in ImpactReading]?: (typeof IMPACT_READINGS)[Key][number];
};

/** Multiples of the baseline's rate for `accelerate` and `decelerate`. */
export const FASTEST_RATE = 2;
export const SLOWEST_RATE = 0.25;

/** Seconds that a `wait` may last. */
export const WAIT_SECONDS = [15, 30, 60, 120] as const;

/** Why a question is asked now. */
export type AskCause = "start" | "interval" | "regime" | "behind" | "news";

/** How the market is against what it was when the order arrived. */
export type MarketRegime = "calm" | "usual" | "stressed";

export interface SituationLevel {
  /** From the mid; positive = costlier for us. */
  readonly bps: Bps;
  /** Shown size as a share of the whole order. */
  readonly share: number;
}

export interface SituationTrade {
  readonly secondsAgo: number;
  readonly bps: Bps;
  readonly share: number;
  /** Whether it took what we would take: a buyer's trade where we buy. */
  readonly isWithUs: boolean;
}

export interface NewsItem {
  /** Stable within its source. */
  readonly id: string;
  readonly source: string;
  readonly kind:
    "news" | "announcement" | "earnings" | "macro" | "regulatory" | "analyst" | "social";
  /** When its author claims to have published it; not to be trusted. */
  readonly publishedAt: Micros;
  /** When it was first seen here: nothing may use it before. */
  readonly firstSeenAt: Micros;
  /** Cleaned and cut (`src/feeds`): one line, no invisible characters. Never trusted. */
  readonly headline: string;
  readonly body?: string;
  /** What the cleaning found: `invisible`, `look-alike`, `cut`, `control`, `instruction-like`. */
  readonly flags: readonly string[];
}

/** A news item as a question shows it. */
export interface SituationNews {
  readonly secondsAgo: number;
  readonly source: string;
  readonly kind: NewsItem["kind"];
  readonly headline: string;
  readonly flags: readonly string[];
}

export interface PastAdvice {
  readonly secondsAgo: number;
  readonly action: AdvisedAction;
  readonly confidence: Fraction;
  /** The mid since then; positive = costlier for us. */
  readonly midBpsSince: Bps;
}

/** Whose working hours it is, by UTC: the one that began last where two overlap. */
export type TradingSession = "asia" | "europe" | "us" | "between";

export interface SituationHours {
  readonly session: TradingSession;
  readonly isWeekend: boolean;
  /**
   * Usual volume over the day's mean: of the next half hour as it was a day ago, or of this hour
   * by a curve that was learned; absent = not known.
   */
  readonly volumeAgainstDay?: number;
}

/** Moves of a mid, positive = dearer for us; absent = it was not seen for so long. */
export interface SituationMoves {
  readonly minute1Bps?: Bps;
  readonly minute5Bps?: Bps;
  readonly minute15Bps?: Bps;
  readonly minute60Bps?: Bps;
}

/** What the price has done in the last hour, as far as it was seen. */
export interface SituationPath extends SituationMoves {
  /** Seconds of it that were seen. */
  readonly seenSeconds: number;
  /** The mid from the dearest and from the cheapest of them; 0 or more. */
  readonly underDearestBps: Bps;
  readonly overCheapestBps: Bps;
  /** Of one minute against ten seconds: over 1 = moves go on, under 1 = they come back. */
  readonly varianceRatio?: number;
}

/** Another market that is seen, told as this one: with its moves turned where we sell. */
export interface SituationOther extends SituationMoves {
  /** Of one-minute moves with ours, −1..1; absent = not known. */
  readonly correlation?: number;
}

/** How an earlier order by the same strategy went, whichever side: costs are positive when paid. */
export interface PastExecution {
  readonly spanSeconds: number;
  /** Share of the order that was filled. */
  readonly executed: Fraction;
  /** Of what was filled, and of the rest at the last mid. */
  readonly shortfallBps: Bps;
  /** What its impact was forecast to cost at its arrival; absent = not known. */
  readonly forecastBps?: Bps;
  /** Own share of the volume while it worked; absent = not known. */
  readonly participation?: Fraction;
}

/** Most that are shown. */
export const MOST_EXECUTIONS = 5;

/** All that an advisor sees. Told as a purchase: `bps` are positive where they cost us. */
export interface Situation {
  readonly order: {
    readonly strategy: string;
    readonly urgency: Fraction;
    /** Seconds; the whole span and what is left of it. */
    readonly spanSeconds: number;
    readonly secondsLeft: number;
    /** Shares of the whole order. */
    readonly executed: Fraction;
    readonly planned: Fraction;
    readonly atVenue: Fraction;
    /** The order as a share of a day's volume; absent = not known. */
    readonly shareOfDay?: number;
  };
  readonly cost: {
    /** Own average price and the mid, from the arrival price. Absent: nothing filled. */
    readonly vwapBps?: Bps;
    readonly midBps: Bps;
    /** Of what is filled, and with the rest marked at the mid. */
    readonly shortfallBps: Bps;
  };
  readonly market: {
    readonly regime: MarketRegime;
    readonly spreadBps: Bps;
    /** −1..1; positive = more is bid for than offered, mirrored where we sell. */
    readonly imbalance: number;
    /** The side that we would take, then the one where we would rest, best first, five at most. */
    readonly far: readonly SituationLevel[];
    readonly near: readonly SituationLevel[];
    readonly trades: readonly SituationTrade[];
    /** Others' volume of the last minute over that of a usual minute; absent = not known. */
    readonly volumeRatio?: number;
    /** Standard deviation of an hour's return; absent = not known. */
    readonly volatilityBpsHour?: Bps;
    readonly hours?: SituationHours;
    /** Absent: nothing was seen before. */
    readonly path?: SituationPath;
  };
  /** Absent: no other is seen. Those that go with ours most come first, three at most. */
  readonly others?: readonly SituationOther[];
  /** Absent: none is known. Newest first. */
  readonly executions?: readonly PastExecution[];
  readonly news: readonly SituationNews[];
  /**
   * The order sells, and headlines cannot be told the other way round as figures are: what lifts
   * the asset is in our favour. Absent: we buy, or there is no news.
   */
  readonly isNewsTurned?: true;
  readonly past: readonly PastAdvice[];
}

export interface AdviceQuestion {
  /** `PARENT-qN`: a function of state, so that a replay names it identically. */
  readonly id: string;
  readonly parentId: string;
  readonly instrument: string;
  readonly cause: AskCause;
  readonly situation: Situation;
  /** What may be answered. `cancel` is among them only where the user allowed it. */
  readonly actions: readonly AdvisedAction[];
  /** Strategies that may be changed to, the one at work among them; empty = no change. */
  readonly strategies: readonly string[];
}

export interface ImpactFactor {
  /** 0.5..2; low ≤ value ≤ high. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Parsed: every member is what its type says and finite; whether it is wise is another matter. */
export interface Advice {
  readonly action: AdvisedAction;
  /** Probability of the action as the model has it, recalibrated where that was learned. */
  readonly confidence: Fraction;
  readonly urgency: UrgencyLevel;
  readonly impactFactor: ImpactFactor;
  /** What the factor rests on, as far as it was told. */
  readonly readings?: ImpactReadings;
  /** Of `accelerate` and `decelerate`: a multiple of the baseline's rate. */
  readonly rate?: number;
  readonly waitSeconds?: number;
  /** Absent = the one at work. */
  readonly strategy?: string;
  /** Of models that write: taken into account inside the envelope, or refused with the reason. */
  readonly proposal?: {
    /** Of the whole order. */
    readonly quantityShare?: number;
    readonly orderType?: "market" | "limit" | "post-only";
    /** From the mid; positive = costlier for us. */
    readonly priceBps?: Bps;
  };
  /** For people; never gates. */
  readonly reasoning: string;
  readonly risk: string;
}

/** Why there is no advice: the classical algorithm carries on. */
export type NoAdviceReason =
  | "timed-out"
  | "unreachable"
  | "rate-limited"
  | "refused" //       by the model
  | "malformed" //     not JSON, cut off, wrong types, out of range
  | "circuit-open" //  too many failures in a row: it is left alone for a while
  | "budget" //        calls, tokens or money of this order are used up
  | "not-recorded" //  a recording that does not know this question
  | "broken"; //       our own fault; the text says which

export type AdviceAnswer =
  | { readonly kind: "advice"; readonly advice: Advice; readonly source: "llm" | "cache" }
  | { readonly kind: "none"; readonly reason: NoAdviceReason; readonly text: string };

/** How far advice may lead an order away from its classical plan. Shares of the whole order. */
export interface EnvelopeTerms {
  /** Most that the plan may be ahead or behind: (0, 1]. */
  readonly corridor: Fraction;
  /** Most that the deviation may move in sum, back and forth. */
  readonly variation: number;
  /** Most that may be crossed for that the classical algorithm would have waited for. */
  readonly crossing: Fraction;
}

/** Under what an order is advised. */
export interface AdviceTerms {
  /** Between two questions that nothing but the clock asks for. */
  readonly interval: Micros;
  /** An answer that comes later is of no use. */
  readonly staleAfter: Micros;
  readonly mayCancel: boolean;
  readonly strategies: readonly string[];
  readonly envelope: EnvelopeTerms;
  /** How much of what is advised is done, by regime: 0 = nothing (it is only watched), 1 = all. */
  readonly influence: Readonly<Record<MarketRegime, Fraction>>;
  /** What the weights rest on, for the record. */
  readonly influenceSource: string;
  readonly mostQuestions: number;
  /** Usual volume of each hour of a UTC day over the day's mean, where it was learned: 24. */
  readonly hourlyVolume?: readonly number[];
  /** How earlier orders of this kind went, newest first, `MOST_EXECUTIONS` at most. */
  readonly experience?: readonly PastExecution[];
}

/** One thing that was advised and not done as advised. */
export interface Clamp {
  readonly what: string;
  readonly asked: string;
  readonly allowed: string;
  readonly why: string;
}
