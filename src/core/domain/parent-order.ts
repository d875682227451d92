/**
 * Parent order: the large order that a person gives, and the terms it must be worked under.
 *
 * Terms may be amended while it works; what has been executed never changes.
 */
import type { AdviceTerms } from "../contracts/advice.ts";
import type { Side } from "./side.ts";
import type { Bps, Fraction, HalfTicks, Lots, Micros, Ticks } from "./units.ts";

/**
 * How much to trade: lots, or money in the quote coin (exact decimal text). A notional parent's
 * progress is counted in money; its children are floored to lots at their own limit.
 */
export type ParentQuantity =
  | { readonly kind: "lots"; readonly lots: Lots }
  | { readonly kind: "notional"; readonly quote: string };

/**
 * What happens to the rest at the deadline.
 * `leave`: nothing more is sent; the parent expires with its remainder stated.
 * `cross`: one last aggressive order inside every limit, then as `leave`.
 * `cross-over-participation`: as `cross`, but the participation limit does not hold it back; every
 * other limit does. Whoever chooses it has said so in the open.
 */
export type ResidualPolicy = "leave" | "cross" | "cross-over-participation";

export interface StrategyChoice {
  /** A name in the registry of strategies. */
  readonly name: string;
  /** Checked by the strategy's own schema before it gets here. Plain JSON. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** How its gap is worked; absent = the strategy's own tactic. */
  readonly tactic?: TacticChoice;
}

export interface TacticChoice {
  /** A name in the registry of tactics. */
  readonly name: string;
  /** Checked by the tactic's own schema before it gets here. Plain JSON. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ParentConstraints {
  /** Never buy above, never sell below. */
  readonly limitPrice?: Ticks;
  /** At this price or better the whole rest may be taken at once, inside every limit. */
  readonly wouldPrice?: Ticks;
  readonly maxParticipation?: Fraction;
  readonly mayCrossSpread: boolean;
  readonly residual: ResidualPolicy;
}

export interface ParentOrder {
  /** 1 to 20 of [A-Za-z0-9-]: child ids are derived from it and venues cap those at 36. */
  readonly id: string;
  readonly instrument: string;
  readonly side: Side;
  readonly quantity: ParentQuantity;
  readonly startAt: Micros;
  readonly deadline: Micros;
  /** Mid when the decision to trade was taken; the arrival mid where nobody knows better. */
  readonly decisionPrice?: HalfTicks;
  /** Expected half-life of the alpha behind the order. */
  readonly alphaHalfLife?: Micros;
  readonly strategy: StrategyChoice;
  /** 0 = patient, 1 = take at once: what is late is crossed for by it (`execution/patience.ts`). */
  readonly urgency: Fraction;
  readonly maxSpreadToCross: Bps;
  readonly minOrder: Lots;
  readonly reduceOnly?: boolean;
  /** Taken on knowingly, although the limits may not let it finish. */
  readonly acceptInfeasible?: boolean;
  readonly constraints: ParentConstraints;
  /** Under what an advisor is asked; absent = none is. */
  readonly advice?: AdviceTerms;
}

/** What an operator may change while the order works. Absent = unchanged. */
export interface ParentAmendment {
  readonly quantity?: ParentQuantity;
  readonly deadline?: Micros;
  readonly urgency?: Fraction;
  readonly limitPrice?: Ticks | null;
  readonly maxParticipation?: Fraction | null;
}

export type ParentPhase =
  | "initialized" //        accepted, not started or no arrival price yet
  | "active" //             following its schedule, nothing at the venue
  | "executing" //          child orders are at the venue
  | "paused" //             waiting for an operator, the market or a limit
  | "adjusting" //          strategy or terms are being replaced
  | "closing" //            no new orders; waiting for the venue to confirm the end of the last
  | "complete" //           filled in full
  | "complete-with-dust" // what is left is under the venue's minimum
  | "canceled"
  | "expired" //            deadline reached with a remainder
  | "failed";

/** What a parent comes to in the end. */
export type ParentEnd = "complete" | "complete-with-dust" | "canceled" | "expired" | "failed";

/** Every legal move of a parent (requirement A4). */
export const PARENT_TRANSITIONS: { readonly [From in ParentPhase]: readonly ParentPhase[] } = {
  initialized: ["active", "paused", "closing", "canceled", "expired", "failed"],
  active: [
    "executing",
    "paused",
    "adjusting",
    "closing",
    "complete",
    "complete-with-dust",
    "canceled",
    "expired",
    "failed",
  ],
  executing: ["active", "paused", "adjusting", "closing", "complete", "complete-with-dust"],
  paused: [
    "active",
    "adjusting",
    "closing",
    "complete",
    "complete-with-dust",
    "canceled",
    "expired",
    "failed",
  ],
  adjusting: [
    "active",
    "executing",
    "paused",
    "closing",
    "complete",
    "complete-with-dust",
    "canceled",
    "expired",
    "failed",
  ],
  closing: ["complete", "complete-with-dust", "canceled", "expired", "failed"],
  complete: [],
  "complete-with-dust": [],
  canceled: [],
  expired: [],
  failed: [],
};

export const isTerminal = (phase: ParentPhase): boolean => PARENT_TRANSITIONS[phase].length === 0;
