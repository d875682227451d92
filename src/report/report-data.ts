/**
 * Report data: what a report says, as plain JSON: the one model that every format prints.
 *
 * Figures of an order are those of the view that `replay` makes, taken as they are; what is added
 * here is judged, grouped or compared from them. What must stay true: what is not known is null and
 * never 0; a target stands beside a result and never in its place; costs are signed, positive =
 * paid.
 */
import type { Side } from "../core/domain/side.ts";
import type { Bps, Fraction, Micros } from "../core/domain/units.ts";
import type { MarketPoint, OrderView, TimelineEntry } from "../view/shapes.ts";

export const REPORT_FORMAT = "arrival-report";
/** Grows when a field changes its meaning or goes; new fields may come without. */
export const REPORT_VERSION = 1;

export interface ReportData {
  readonly format: typeof REPORT_FORMAT;
  readonly version: typeof REPORT_VERSION;
  /** Name and version of what made it. */
  readonly program: string;
  readonly journals: readonly JournalNote[];
  /** In full where there is one order, or few; see `summaries` for all of them. */
  readonly orders: readonly OrderReport[];
  readonly summaries: readonly OrderSummary[];
  /** Null: it is about one order. */
  readonly period: PeriodReport | null;
}

export interface JournalNote {
  readonly journal: string;
  readonly program: string;
  readonly nodeMajor: number;
  readonly seed: number;
  readonly records: number;
  readonly instrument: string;
  readonly market: MarketNote;
  /** Why its replay ends before the journal does, or differs; null: it does not. */
  readonly trouble: string | null;
}

export interface MarketNote {
  /** `live` and `paper`: in real time; the others are simulated. */
  readonly kind: "recorded" | "reactive" | "generated" | "live" | "paper";
  /** In words: which files, which seed, which venue. */
  readonly text: string;
  /** Equal text = the same market: SHA-256 of what the journal says of it. */
  readonly id: string;
  /** By what model a resting order waits; null: its queue is real. */
  readonly queue: string | null;
}

/** What of an order is compared with that of others. */
export interface OrderSummary {
  readonly journal: string;
  readonly parentId: string;
  readonly symbol: string;
  readonly venue: string;
  readonly side: Side;
  readonly strategy: string;
  readonly phase: string;
  /** Decimal text with its unit. */
  readonly quantity: string;
  readonly filled: string;
  readonly filledShare: Fraction;
  readonly startAt: Micros;
  readonly seconds: number | null;
  /** Of the decision notional; null: it was never measured. */
  readonly shortfallBps: Bps | null;
  readonly beforeFeesBps: Bps | null;
  readonly feesBps: Bps | null;
  readonly againstTwapBps: Bps | null;
  readonly vwapSlippageBps: Bps | null;
  readonly participation: Fraction | null;
  readonly makerShare: Fraction | null;
  readonly isAdvised: boolean;
  readonly marketKind: MarketNote["kind"];
  /** Orders of one block were worked on one stretch of one market: they share its luck. */
  readonly block: string;
  /** Equal text = the same terms on the same market: such orders may be paired. */
  readonly terms: string;
}

export interface OrderReport {
  readonly journal: string;
  readonly view: OrderView;
  /** By second, thinned out evenly where there are very many; from before the arrival on. */
  readonly market: readonly MarketPoint[];
  readonly timeline: readonly TimelineEntry[];
  /** Plain sentences, each of them made of figures that stand below. */
  readonly summary: readonly string[];
  readonly targets: readonly TargetRow[];
  readonly splits: readonly SplitRow[];
  readonly advice: AdviceReport | null;
  readonly baselines: BaselineReport;
  readonly assumptions: readonly string[];
}

export interface TargetRow {
  readonly name: string;
  /** In words: `< 10 bps`. An aim, never a result. */
  readonly target: string;
  /** As a number in `unit`; null: not known. */
  readonly value: number | null;
  readonly unit: "bps" | "share" | "seconds" | "count" | "yes";
  /** `not judged`: the value is not known, or the aim does not apply. */
  readonly verdict: "met" | "missed" | "not judged";
  readonly note: string;
}

/** Fills and orders of one kind. */
export interface SplitRow {
  readonly by: "order type" | "liquidity" | "venue";
  readonly name: string;
  readonly orders: number | null;
  readonly fills: number;
  readonly quantity: string;
  /** Of all that was filled. */
  readonly share: Fraction;
  readonly vwap: number;
  /** Fills against the arrival price, fees apart. */
  readonly costBps: Bps | null;
}

/** Counts are of all questions, not of those alone that are shown. */
export interface AdviceReport {
  readonly asked: number;
  readonly answered: number;
  readonly followed: number;
  readonly clamped: number;
  readonly dropped: number;
  /** Answers whose every number stands in the question; over `reasonings` of them. */
  readonly grounded: number;
  readonly reasonings: number;
  readonly fallbackRate: Fraction | null;
  readonly latencyMs: { readonly p50: number; readonly p95: number } | null;
  /** What was exchanged, where it is kept beside the journal; null: it is not. */
  readonly exchanges: {
    readonly kept: number;
    readonly missing: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
  } | null;
}

/** The same terms by other strategies on the same market. */
export type BaselineReport =
  | { readonly kind: "none"; readonly why: string }
  | {
      readonly kind: "compared";
      /** What the market is to them, in words. */
      readonly market: string;
      /** The very stretch that the order was worked on: one pair, so no interval. */
      readonly here: readonly BaselineHere[];
      /** Many stretches of the market; null: see `noWindows`. */
      readonly windows: BaselineWindows | null;
      /** Why there is one stretch alone; null: there are many. */
      readonly noWindows: string | null;
    };

export interface BaselineHere {
  /** The order as it was: `this order`. */
  readonly arm: string;
  readonly isOwn: boolean;
  readonly costBps: Bps;
  readonly beforeFeesBps: Bps;
  readonly filled: Fraction;
  readonly makerShare: Fraction;
  /** Its cost less this order's; positive = this order was cheaper. */
  readonly savingBps: Bps | null;
}

export interface BaselineWindows {
  readonly windows: number;
  /** Stretches that do not overlap: what an interval is counted by. */
  readonly independent: number;
  readonly strategy: string;
  readonly arms: readonly BaselineArm[];
  /** Plain sentence on what can and cannot be told. */
  readonly text: string;
  /** Against TWAP's own cost, where that is significantly above zero; null: it is not. */
  readonly savingOfTwap: Fraction | null;
}

export interface BaselineArm {
  readonly arm: string;
  readonly isOwn: boolean;
  readonly meanBps: Bps;
  readonly filled: Fraction;
  readonly saving: DifferenceFigures | null;
}

/** A mean of paired differences; null where nothing can be said. */
export interface DifferenceFigures {
  readonly pairs: number;
  readonly clusters: number;
  readonly meanBps: Bps;
  readonly low: Bps | null;
  readonly high: Bps | null;
  /** Corrected by Holm for all that are shown together. */
  readonly p: Fraction | null;
  readonly pairsNeeded: number | null;
}

export interface PeriodReport {
  readonly from: Micros;
  readonly until: Micros;
  readonly summary: readonly string[];
  readonly all: GroupFigures;
  readonly groups: readonly GroupFigures[];
  readonly pairs: readonly PairFigures[];
  /** Why what is not paired is not; null: all is. */
  readonly unpaired: string | null;
  readonly assumptions: readonly string[];
}

/** Costs of the orders that something is known of. */
export interface GroupFigures {
  readonly by: "all" | "strategy" | "symbol" | "side" | "market";
  readonly name: string;
  readonly orders: number;
  readonly measured: number;
  readonly independent: number;
  readonly meanBps: Bps | null;
  /** Of the mean, 95 %, over independent stretches; null: too few. */
  readonly low: Bps | null;
  readonly high: Bps | null;
  readonly quantilesBps: {
    readonly p5: Bps;
    readonly p25: Bps;
    readonly p50: Bps;
    readonly p75: Bps;
    readonly p95: Bps;
  } | null;
  readonly standardDeviationBps: Bps | null;
  readonly filled: Fraction | null;
  readonly costs: readonly Bps[];
}

/** Two strategies on the same terms and market; positive = the first was dearer. */
export interface PairFigures extends DifferenceFigures {
  readonly one: string;
  readonly other: string;
  readonly text: string;
}
