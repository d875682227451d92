/**
 * Decision: what the engine chose to do for a parent, and what it saw when it chose.
 */
import type { Fraction, HalfTicks, Lots, Micros, Ticks } from "./units.ts";

/** What a decision may ask for (requirement A6). Rates are multiples of the baseline's. */
export type Action =
  | { readonly kind: "aggressive"; readonly quantity: Lots }
  | { readonly kind: "passive"; readonly quantity: Lots; readonly limitPrice: Ticks }
  | { readonly kind: "wait"; readonly until: Micros; readonly reason: string }
  | { readonly kind: "accelerate"; readonly rate: number }
  | { readonly kind: "decelerate"; readonly rate: number }
  | { readonly kind: "cancel"; readonly reason: string };

export type DecisionSource = "baseline" | "llm" | "cache" | "fallback" | "operator";

/** A figure with the share of its window that was really seen: unknown is not small. */
export interface Covered {
  readonly value: number;
  /** 0..1; 1 = the whole window was observed without a break. */
  readonly coverage: Fraction;
}

/** Whether the book may be traded on. Anything but `healthy` sends no order. */
export type DataHealth = "no-data" | "healthy" | "stale" | "gapped" | "crossed" | "one-sided";

/** The market as the engine saw it at one instant: small, exact, kept with every decision. */
export interface MarketSnapshot {
  readonly health: DataHealth;
  readonly bid: Ticks;
  readonly ask: Ticks;
  readonly bidSize: Lots;
  readonly askSize: Lots;
  /** Twice the mid. */
  readonly mid: HalfTicks;
  readonly spreadBps: number;
  /** (bid − ask) / (bid + ask) size over the top five levels: −1..1, positive = more to buy. */
  readonly imbalance: number;
  /** Others' volume in the last minute, lots. */
  readonly volumeMinute: Covered;
  /** Standard deviation of the log return per hour, as a fraction. */
  readonly volatilityHour: Covered;
}

export interface Decision {
  readonly parentId: string;
  /** 1, 2, 3 … within the parent. */
  readonly number: number;
  readonly time: Micros;
  readonly action: Action;
  /** The slice in hand and its cumulative target. */
  readonly slice: { readonly from: Micros; readonly until: Micros; readonly target: Lots };
  readonly reasoning: string;
  readonly risk: string;
  readonly confidence: Fraction;
  readonly source: DecisionSource;
  readonly market: MarketSnapshot;
}
