/**
 * Live config: what holds for orders that are sent to a true venue, beside the limits that hold for
 * all. Where both speak of the same thing, the strictest holds.
 */
import { type Micros, micros } from "../../core/domain/units.ts";
import type { RiskLimits } from "../../core/execution/limits.ts";

/**
 * What Ctrl-C does. `leave`: the program ends, what rests at the venue stays. `cancel`: everything
 * is withdrawn. `finish`: the deadline is now, and the order's residual policy decides.
 */
export type InterruptPolicy = "leave" | "cancel" | "finish";
export const INTERRUPT_POLICIES = ["leave", "cancel", "finish"] as const;

export interface LiveConfig {
  /** Worth of one order, US dollars, or the quote coin where that is another. */
  readonly maxOrderValue: number;
  /** Between two new orders that cross the spread. */
  readonly minOrderInterval: Micros;
  readonly onInterrupt: InterruptPolicy;
  /** Once this file is there, the run is killed. Null: only the one beside the journal. */
  readonly killFile: string | null;
}

export const DEFAULT_LIVE: LiveConfig = Object.freeze<LiveConfig>({
  maxOrderValue: 100_000,
  minOrderInterval: micros(0),
  onInterrupt: "cancel",
  killFile: null,
});

/** The limits of a live run: the engine's own gate obeys both. */
export const liveLimits = (limits: RiskLimits, live: LiveConfig): RiskLimits => ({
  ...limits,
  orderNotional: Math.min(limits.orderNotional, live.maxOrderValue),
  aggressiveSpacing: micros(Math.max(limits.aggressiveSpacing, live.minOrderInterval)),
});
