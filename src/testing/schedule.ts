/**
 * Schedule: one adversarial session as plain data: a market, a venue's moods, what operators do.
 *
 * Plain data shrinks: fast-check takes away segments, moods and operators until the smallest
 * session that still breaks a law is left. Times are milliseconds since the session began, sizes
 * are in units of the instrument's `unit`, prices are ticks away from where the market began.
 */
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { StrategyChoice } from "../core/domain/parent-order.ts";
import { lots } from "../core/domain/units.ts";

/** A stretch of market. `thin`: one lot a level; the others: what no decision may be made of. */
export interface Segment {
  readonly kind: "walk" | "thin" | "one-sided" | "crossed" | "gap" | "silence" | "jump";
  readonly spanMs: number;
  readonly stepMs: number;
  readonly spread: number;
  readonly drift: number;
  /** Others' volume per message, units. */
  readonly volume: number;
}

/** What the venue does with an order, from its arrival on. */
export type PlaceMood =
  | { readonly kind: "fill"; readonly shares: readonly number[]; readonly everyMs: number }
  | { readonly kind: "rest" }
  | { readonly kind: "reject" }
  | { readonly kind: "reject-late"; readonly afterMs: number }
  | { readonly kind: "cancel"; readonly afterMs: number; readonly share: number }
  | { readonly kind: "expire"; readonly afterMs: number }
  | { readonly kind: "time-out"; readonly lost: boolean; readonly share: number };
export type AmendMood = "accept" | "reject" | "fill-first" | "time-out" | "time-out-lost";
export type CancelMood = "accept" | "fill-some" | "too-late" | "refuse" | "time-out";

export interface Delays {
  readonly entryMs: number;
  /** One for each report in turn: unequal ones reorder. */
  readonly responseMs: readonly number[];
  readonly duplicate: boolean;
}

export interface OperatorDraft {
  readonly atMs: number;
  readonly parent: number;
  readonly act:
    | { readonly kind: "pause" | "resume" | "cancel" | "kill" }
    | { readonly kind: "quantity"; readonly factor: number }
    | { readonly kind: "deadline"; readonly byMs: number }
    | { readonly kind: "limit"; readonly away: number | null }
    | { readonly kind: "urgency"; readonly urgency: number }
    | { readonly kind: "participation"; readonly share: number | null }
    | { readonly kind: "strategy"; readonly choice: StrategyChoice };
}

export interface ParentDraft {
  readonly side: "buy" | "sell";
  readonly isNotional: boolean;
  readonly size: number;
  /** Added to the size in single lots, so that nothing divides evenly. */
  readonly odd: number;
  readonly startMs: number;
  readonly spanMs: number;
  readonly urgency: number;
  readonly limitAway: number | undefined;
  readonly wouldAway: number | undefined;
  readonly mayCross: boolean;
  readonly residual: "leave" | "cross" | "cross-over-participation";
  readonly minOrder: number;
  readonly halfLifeMs: number | undefined;
  readonly strategy: StrategyChoice;
}

export interface LimitDraft {
  readonly participation: number;
  readonly windowSeconds: number;
  readonly orderUnits: number;
  readonly spacingMs: number;
  readonly ordersPerMinute: number;
  readonly amendsPerMinute: number;
  readonly spreadBps: number;
  readonly impactBps: number;
  readonly deviationBps: number;
  readonly positionUnits: number;
}

/**
 * The engine is thrown away and a new one folds what was recorded: the market's rows all at once,
 * one by one, or in pieces.
 */
export interface RestartDraft {
  readonly atMs: number;
  readonly rows: "at-once" | "one-by-one" | "in-pieces";
}

export interface Schedule {
  /** Which of the `GROUNDS`. */
  readonly venue: number;
  readonly fees: { readonly maker: number; readonly taker: number };
  readonly limits: LimitDraft;
  readonly parents: readonly ParentDraft[];
  readonly segments: readonly Segment[];
  /** A calm market follows, until all is over. */
  readonly endsCalm: boolean;
  readonly places: readonly { readonly mood: PlaceMood; readonly repeat: number }[];
  readonly amends: readonly AmendMood[];
  readonly cancels: readonly CancelMood[];
  readonly delays: readonly Delays[];
  readonly operators: readonly OperatorDraft[];
  /** The process sleeps: nothing reaches the engine. */
  readonly stalls: readonly { readonly atMs: number; readonly spanMs: number }[];
  readonly restarts: readonly RestartDraft[];
  readonly seed: number;
}

export interface Ground {
  readonly instrument: Instrument;
  readonly start: number;
  /** Lots that make a sensible small trade here. */
  readonly unit: number;
}

function ground(
  kind: Instrument["kind"],
  grid: { tick: string; lot: string; contract?: string; notional?: string },
  { min, max, start, unit }: { min: number; max: number; start: number; unit: number },
): Ground {
  return {
    instrument: {
      venue: "laws",
      symbol: "XYZUSD",
      kind,
      base: "XYZ",
      quote: "USD",
      tickSize: decimal(grid.tick),
      lotSize: decimal(grid.lot),
      contractSize: decimal(grid.contract ?? "1"),
      minLots: lots(min),
      maxLimitLots: lots(max),
      maxMarketLots: lots(max),
      minNotional: decimal(grid.notional ?? "0"),
    },
    start,
    unit,
  };
}

/** Fine and coarse grids, a face value in money, and minimums that bite. */
export const GROUNDS: readonly Ground[] = [
  ground("linear", { tick: "0.1", lot: "0.001", notional: "5" }, size(1, 1_000_000, 10_000, 20)),
  ground("linear", { tick: "0.01", lot: "1" }, size(1, 40, 5_000, 1)),
  ground("inverse", { tick: "0.5", lot: "1", contract: "100" }, size(1, 900, 10_000, 1)),
  ground("spot", { tick: "0.01", lot: "0.0001", notional: "10" }, size(10, 900_000, 20_000, 600)),
  ground("spot", { tick: "0.01", lot: "0.01", notional: "1" }, size(50, 100_000, 20_000, 17)),
];

function size(min: number, max: number, start: number, unit: number) {
  return { min, max, start, unit };
}
