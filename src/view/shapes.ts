/**
 * Shapes: what a person is shown of a run, as plain JSON: the page's, the report's, the API's.
 *
 * Every figure is read from the engine's state or from what was journaled, by the functions beside
 * this file and by no others, live and in a replay alike. Money, prices and quantities are exact
 * decimal text; estimates are numbers with their unit in the name; costs are signed, positive =
 * paid; what is not known is null and never 0. Times are microseconds since 1970.
 */
import type {
  AdviceAnswer,
  AdviceQuestion,
  Clamp,
  MarketRegime,
  NewsItem,
} from "../core/contracts/advice.ts";
import type { DataHealth, DecisionSource } from "../core/domain/decision.ts";
import type { ParentPhase } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import type { Bps, Fraction, Micros } from "../core/domain/units.ts";
import type { ExecutionReport } from "../core/tca/report.ts";

/** One line of the list of orders: cheap enough to be made anew at each change. */
export interface OrderRow {
  readonly parentId: string;
  /** File name of the journal that it stands in. */
  readonly journal: string;
  /** As the engine names it: `VENUE:KIND:SYMBOL`. */
  readonly instrument: string;
  readonly venue: string;
  readonly symbol: string;
  readonly side: Side;
  readonly strategy: string;
  readonly phase: ParentPhase;
  /** Why it is there. */
  readonly reason: string;
  readonly isLive: boolean;
  /** Decimal text with its unit, such as `1.5 BTC` or `100000 USDT`. */
  readonly quantity: string;
  readonly filled: string;
  readonly filledShare: Fraction;
  readonly startAt: Micros;
  readonly deadline: Micros;
  readonly endedAt: Micros | null;
  /** The whole order against the decision price, fees included; what is open at the mid. */
  readonly shortfallBps: Bps | null;
  /** Own average price against the TWAP shadow's, see `TwapShadow`; positive = we paid more. */
  readonly againstTwapBps: Bps | null;
  readonly health: DataHealth;
  /** What a person has to look at before it goes on. */
  readonly halt: string | null;
  readonly workingOrders: number;
  readonly isAdvised: boolean;
  readonly updatedAt: Micros;
}

/**
 * What trading evenly over the same time would have paid: the mean, over each second that ended
 * since the arrival, of the price at which a taker trades (of an inverse contract the harmonic one,
 * as every average of it). It moves no price and pays no fee. Seconds without a healthy book are
 * left out.
 */
export interface TwapShadow {
  readonly averagePrice: number;
  /** Against the arrival price. */
  readonly costBps: Bps;
  readonly seconds: number;
}

/** Planned and done, as shares of the whole order. */
export interface TrajectoryPoint {
  readonly time: Micros;
  readonly planned: Fraction | null;
  /** The corridor that advice may move the plan in; null: none is at work. */
  readonly low: Fraction | null;
  readonly high: Fraction | null;
  readonly filled: Fraction;
}

/** What the market was at the end of a second. Prices as numbers: they are for pictures. */
export interface MarketPoint {
  readonly time: Micros;
  readonly bid: number | null;
  readonly ask: number | null;
  /** Traded by all in that second, in units of the instrument. */
  readonly volume: number;
}

export interface ChildView {
  readonly id: string;
  readonly decision: number;
  readonly sentAt: Micros;
  readonly side: Side;
  readonly kind: "aggressive" | "passive";
  readonly timeInForce: string;
  readonly postOnly: boolean;
  readonly quantity: string;
  /** Null: a market order. */
  readonly limitPrice: string | null;
  readonly filled: string;
  readonly vwap: string | null;
  /** `sent`, `working`, `unknown`, … or how it was closed. */
  readonly status: string;
  readonly closeText: string | null;
  /** Of what it filled, against the arrival price. */
  readonly costBps: Bps | null;
  readonly reasoning: string;
  /** Null: it was decided before the viewer was told anything, in a session before. */
  readonly source: DecisionSource | null;
}

/** A decision that sent nothing, or whose order was refused, stands in the same table. */
export interface DecisionView {
  readonly number: number;
  readonly time: Micros;
  readonly action: string;
  /** Human words: `wait until 12:00:30`, `take 0.5 BTC`. */
  readonly text: string;
  readonly reasoning: string;
  readonly risk: string;
  readonly confidence: Fraction;
  readonly source: DecisionSource;
  /** Why the gate refused its order; null: it did not. */
  readonly refusal: string | null;
}

export interface FillView {
  readonly time: Micros;
  readonly childId: string;
  readonly price: string;
  readonly quantity: string;
  readonly liquidity: "maker" | "taker";
  readonly fee: string;
  readonly feeCoin: string;
  readonly executionId: string;
}

/** One thing that happened, for reading from top to bottom. */
export interface TimelineEntry {
  /** Number of the journal's record. */
  readonly record: number;
  readonly time: Micros;
  readonly kind: string;
  readonly severity: "info" | "warning" | "critical";
  /** Null: it concerns the whole account. */
  readonly parentId: string | null;
  readonly text: string;
}

export interface AdviceEntry {
  readonly askedAt: Micros;
  readonly cause: AdviceQuestion["cause"];
  readonly answeredAt: Micros | null;
  readonly latencyMs: number | null;
  readonly advisor: string | null;
  readonly answer: AdviceAnswer | null;
  /** How much of it was done; null: dropped, or not answered yet. */
  readonly weight: Fraction | null;
  readonly until: Micros | null;
  readonly clamps: readonly Clamp[];
  readonly dropped: string | null;
  /** The reasoning, cut where numbers begin and end: those that stand in the question, and not. */
  readonly grounded: readonly { readonly text: string; readonly mark: "text" | "found" | "not" }[];
}

export interface AdvisorView {
  readonly isFollowed: boolean;
  readonly regime: MarketRegime | null;
  /** Most that advice may be followed, by regime; 0 = it is only watched. */
  readonly influence: Readonly<Record<string, Fraction>>;
  readonly envelope: {
    readonly corridor: Fraction;
    readonly variation: Fraction;
    readonly variationUsed: Fraction;
    readonly crossing: Fraction;
    readonly crossingUsed: Fraction;
    /** What it may cost at most against the plan, at one and at three sigma; null: not known. */
    readonly boundBps: readonly [one: Bps, three: Bps] | null;
  } | null;
  /** What the weights rest on, as the order's terms have it. */
  readonly influenceSource: string;
  readonly asked: number;
  /** Answers that came, those without advice among them. */
  readonly answered: number;
  /** With advice. Of them: followed in anything, cut by a limit, with every number found. */
  readonly advised: number;
  readonly followed: number;
  readonly clamped: number;
  readonly grounded: number;
  /** Questions of which nothing could be used. */
  readonly dropped: number;
  /** How sure it said it was, on average; null: no advice has come. */
  readonly confidence: Fraction | null;
  readonly budget: AdviceBudgetView;
  readonly worth: AdviceWorthView;
  /** No answer, or one that could not be used, as a share of those asked. */
  readonly fallbackRate: Fraction | null;
  readonly latencyMs: { readonly p50: number; readonly p95: number } | null;
  /** Oldest first; the newest 50. */
  readonly entries: readonly AdviceEntry[];
}

/** Spent and allowed for one order. Tokens and US dollars as far as the answers told. */
export interface AdviceBudgetView {
  readonly questions: { readonly spent: number; readonly most: number };
  /** Null: nobody told, or nobody set a limit. */
  readonly tokens: { readonly spent: number | null; readonly most: number | null };
  readonly usd: { readonly spent: number | null; readonly most: number | null };
}

/** What advice was worth; positive = cheaper. */
export interface AdviceWorthView {
  /**
   * This order's, by what its advice aimed at: exact where fills follow their target at the mid.
   * Luck alone keeps it within `luckBps` of 0 in 95 of 100 orders, however often one looks. Null:
   * nothing was followed yet, or it was before a restart.
   */
  readonly soFar: {
    readonly bets: number;
    readonly savedBps: Bps;
    readonly luckBps: Bps;
  } | null;
  /** Of orders before, each against its unadvised twin; null: no table of them is known. */
  readonly measured: MeasuredWorth | null;
}

/** How often an advisor was right when it said how sure it was; by rollouts. */
export interface Reliability {
  readonly decisions: number;
  /** The share of them that was right. */
  readonly right: Fraction;
  /** By tenths of confidence, those in which nothing was told left out. */
  readonly bins: readonly {
    readonly from: Fraction;
    readonly decisions: number;
    /** Told on average. */
    readonly confidence: Fraction;
    readonly right: Fraction;
  }[];
}

export interface MeasuredWorth {
  /** With which all intervals hold at once. */
  readonly confidence: Fraction;
  /** Null: no decision of it was judged. */
  readonly reliability: Reliability | null;
  readonly regimes: readonly {
    readonly regime: MarketRegime;
    readonly orders: number;
    /** Null: too few orders to tell. */
    readonly savedBps: { readonly mean: Bps; readonly low: Bps; readonly high: Bps } | null;
  }[];
}

/** Everything about one order, but what changes with each row of the market. */
/**
 * What the impact of the rest is forecast to cost, worked evenly until the deadline in the market
 * now, by the square-root law; bps of the rest. An estimate: no price is simulated by it.
 */
export interface RestForecast {
  readonly baseBps: Bps;
  /** Base × (1 − w + w·factor), and the same of the factor's ends; the base where none is there. */
  readonly bps: Bps;
  readonly lowBps: Bps;
  readonly highBps: Bps;
  /** Of the advice in force; null: none is. */
  readonly factor: { readonly value: number; readonly low: number; readonly high: number } | null;
  /** w: how much of what is advised is done. */
  readonly weight: Fraction;
}

export interface OrderView {
  readonly row: OrderRow;
  readonly terms: {
    readonly urgency: Fraction;
    readonly limitPrice: string | null;
    readonly iWouldPrice: string | null;
    readonly maxParticipation: Fraction | null;
    readonly mayCrossSpread: boolean;
    readonly residual: string;
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly tactic: string | null;
    readonly reduceOnly: boolean;
  };
  readonly remaining: string;
  readonly secondsLeft: number;
  readonly prices: {
    readonly decision: string | null;
    readonly arrival: string | null;
    readonly vwap: string | null;
    readonly marketVwap: number | null;
    readonly mid: string | null;
  };
  /** Own volume over the market's since the arrival; null before. */
  readonly participation: Fraction | null;
  readonly twap: TwapShadow | null;
  /**
   * So far, or whole once it has ended; null before the arrival. Its parts sum to its total. Every
   * figure is over all fills and child orders; its own `children` are told only where the whole
   * tables were asked for, as they stand in `children` here.
   */
  readonly report: ExecutionReport | null;
  /**
   * By the square-root law at the arrival, against what our own trading moved the price by, both in
   * bps of the whole order. Null: not known; where nothing tells how far we moved the market, what
   * it cost while trading is `report.shortfall.whileTrading`.
   */
  readonly impact: {
    readonly forecastBps: Bps | null;
    readonly realisedBps: Bps | null;
    /** Null: it has ended, or the market is not known well enough. */
    readonly rest: RestForecast | null;
  };
  /** At most some 600 points, evenly thinned; the first and the last are kept. */
  readonly trajectory: readonly TrajectoryPoint[];
  /** Of each the newest 500, oldest first; `counts` says how many there are. */
  readonly children: readonly ChildView[];
  readonly decisions: readonly DecisionView[];
  readonly fills: readonly FillView[];
  readonly counts: {
    readonly children: number;
    readonly decisions: number;
    readonly fills: number;
  };
  readonly advisor: AdvisorView | null;
}

export interface LadderLevel {
  readonly price: string;
  readonly size: string;
  /** Our own resting quantity there; null: none. */
  readonly own: string | null;
}

export interface MarketView {
  readonly instrument: string;
  readonly time: Micros;
  readonly health: DataHealth;
  /** Since when the health is so; null: not known. */
  readonly healthSince: Micros | null;
  readonly bids: readonly LadderLevel[];
  readonly asks: readonly LadderLevel[];
  readonly mid: string | null;
  readonly spreadBps: Bps | null;
  readonly imbalance: number | null;
  /** Newest first. */
  readonly trades: readonly {
    readonly time: Micros;
    readonly price: string;
    readonly quantity: string;
    readonly side: Side;
  }[];
  readonly volumeMinute: Covered | null;
  readonly volumeDay: Covered | null;
  /** The UTC day against what is usual, in units of the instrument. */
  readonly dayVolume: {
    /** The day before as seen; the curve of a day that an order here goes by; or no profile. */
    readonly usualFrom: "day-before" | "curve" | "even-day";
    /** Name of the curve; null: it is not by a curve. */
    readonly curve: string | null;
    /** The day's 96 quarters of an hour. Null: not seen yet, or not known. */
    readonly quarters: readonly {
      readonly traded: Covered | null;
      readonly usual: number | null;
    }[];
  };
  readonly volatilityHour: Covered | null;
  readonly positionLots: number;
  readonly position: string;
  /** As journaled when the venue told it; null: it does not, or has not yet. */
  readonly fundingRate: number | null;
  readonly nextFundingAt: Micros | null;
  /** Decimal text with its unit. */
  readonly openInterest: string | null;
  /** Newest first, at most 20. Of the position: "buy" = a long one; where its margin was gone. */
  readonly liquidations: readonly {
    readonly time: Micros;
    readonly price: string;
    readonly quantity: string;
    readonly side: Side;
  }[];
  readonly news: readonly NewsItem[];
  /** As the engine told while orders were at work; rows lost with a session before. */
  readonly quality: {
    readonly gaps: number;
    readonly crossed: number;
    readonly stale: number;
    readonly rowsLost: number;
    /** Messages that could not be used: unreadable, or while no book was known; null: not told. */
    readonly unused: number | null;
  };
  /** By second, oldest first; at most an hour. */
  readonly path: readonly MarketPoint[];
}

/** A figure with the share of its window that was really seen. */
export interface Covered {
  readonly value: number;
  readonly coverage: Fraction;
}
