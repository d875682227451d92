/**
 * Strategy: the contract every execution strategy satisfies.
 *
 * A strategy says how much of the parent should be done by now (a cumulative target) and when that
 * figure changes next. It sends nothing: the placement tactic turns the gap between target and done
 * into child orders, and the risk gate decides. So any strategy can replace any other in mid-order,
 * and none can lose or double quantity.
 *
 * It must be a pure function of its arguments: no clock, no randomness but `uniformAt`, no state.
 */
import type { Side } from "../domain/side.ts";
import type { Fraction, Lots, Micros } from "../domain/units.ts";
import type { Tactic } from "./tactic.ts";

/**
 * The stretch that is being planned. It starts with the parent and is anchored anew whenever the
 * old plan is void: after a pause, an amendment, a switch, or when too much has been missed.
 */
export interface Plan {
  readonly parentId: string;
  readonly side: Side;
  readonly from: Micros;
  readonly until: Micros;
  /**
   * When the order arrived, at or before `from`: what is shaped over the whole order is not shaped
   * anew by a later plan. Absent = `from`.
   */
  readonly arrivedAt?: Micros | undefined;
  /** Expected half-life of the alpha behind the order; absent = none is expected. */
  readonly alphaHalfLife?: Micros | undefined;
  /** To be done between `from` and `until`. */
  readonly quantity: Lots;
  /** Market volume of others, since the session began, at `from`. */
  readonly volumeAtFrom: Lots;
  /** Of it, what traded in the participation window before `from`. Absent = nothing is known. */
  readonly volumeBefore?: Lots;
  /** The instrument's least sensible order: slices under it are carried forward. */
  readonly minOrder: Lots;
  readonly maxParticipation: Fraction;
  readonly urgency: Fraction;
  readonly seed: number;
}

export interface StrategyView {
  readonly now: Micros;
  /** Filled since `plan.from`. */
  readonly done: Lots;
  /** Market volume of others since the session began. */
  readonly marketVolume: Lots;
}

export interface Target {
  /** Cumulative quantity that should be done by now, 0..plan.quantity, since `plan.from`. */
  readonly quantity: Lots;
  /** The slice in hand: it began here … */
  readonly sliceFrom: Micros;
  /** … and the target may rise next here. */
  readonly sliceUntil: Micros;
  /** The reason in words, for the decision record. Numbers in it come from the view. */
  readonly reason: string;
}

/** A strategy bound to one plan: pure and reusable, `target` may be asked in any order of time. */
export interface BoundStrategy {
  target(view: StrategyView): Target;
  /** How its gap is worked, where the order names no tactic of its own; absent = `touch`. */
  readonly tactic?: Tactic;
}

export interface ParameterFault {
  readonly path: string;
  readonly text: string;
}

/** How the market's volume is expected to spread over a UTC day. */
export interface DayCurve {
  readonly name: string;
  /** Of the day's volume, the share by a moment of the day; both 0..1, 0 at 0 and 1 at 1. */
  shareBy(moment: Fraction): Fraction;
}

export interface Strategy {
  /** Lower-case, unique in the registry. */
  readonly name: string;
  /** One sentence: what it does and when it is the wrong choice. */
  readonly summary: string;
  /** Defaults for every parameter, plain JSON. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Its own tactic decides when it trades: an order may name no other. */
  readonly isTactic?: true;
  /** Every fault at once; empty when `parameters` may be bound. Unknown keys are faults. */
  check(parameters: Readonly<Record<string, unknown>>): readonly ParameterFault[];
  bind(parameters: Readonly<Record<string, unknown>>, plan: Plan): BoundStrategy;
  /** What it expects of a day's volume; absent, or undefined: it goes by no curve of the day. */
  dayCurve?(parameters: Readonly<Record<string, unknown>>): DayCurve | undefined;
}
