/**
 * Messages: what the core is told (events), what it asks for (commands), what it states (facts).
 *
 * All three are plain JSON and all three are journaled. Events are facts from outside, commands are
 * verb-noun. Market data is not among them: it travels in columns (`market/columns.ts`), and the
 * journal notes how many rows had been seen before each event.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "./child-order.ts";
import type { DataHealth, Decision } from "./decision.ts";
import type { ParentAmendment, ParentOrder, ParentPhase, StrategyChoice } from "./parent-order.ts";
import type { RefusalReason } from "./refusal.ts";
import type { HalfTicks, Lots, Micros, Ticks } from "./units.ts";

export type EngineEvent = { readonly time: Micros } & (
  | { readonly kind: "parent-submitted"; readonly parent: ParentOrder }
  | {
      readonly kind: "parent-amended";
      readonly parentId: string;
      readonly amendment: ParentAmendment;
      readonly by: string;
    }
  | {
      readonly kind: "strategy-switched";
      readonly parentId: string;
      readonly strategy: StrategyChoice;
      readonly by: string;
    }
  | {
      readonly kind: "parent-paused";
      readonly parentId: string;
      readonly by: string;
      readonly reason: string;
    }
  | { readonly kind: "parent-resumed"; readonly parentId: string; readonly by: string }
  | {
      readonly kind: "parent-canceled";
      readonly parentId: string;
      readonly by: string;
      readonly reason: string;
    }
  /** Stops every parent and refuses new ones until the engine is started anew. */
  | { readonly kind: "kill-switched"; readonly by: string; readonly reason: string }
  /** The clock reached what `Engine.wakeAt` asked for. */
  | { readonly kind: "timer-fired" }
  /** The touch moved while the engine had asked to be woken by that. */
  | { readonly kind: "touch-moved"; readonly instrument: string }
  | {
      readonly kind: "order-reported";
      readonly clientOrderId: ClientOrderId;
      readonly report: OrderReport;
    }
  /** No more market data will come: the recording or the session has ended. */
  | { readonly kind: "market-ended"; readonly instrument: string }
);

declare const approval: unique symbol;
/** A brand that only the risk gate can mint: what lacks it cannot be sent (requirement F2). */
export type RiskApproved<Order> = Order & { readonly [approval]: true };

export interface AmendTerms {
  readonly clientOrderId: ClientOrderId;
  readonly limitPrice: Ticks;
  /** The order's new total quantity, filled part included. */
  readonly quantity: Lots;
}

export type EngineCommand =
  | {
      readonly kind: "place-order";
      readonly instrument: string;
      readonly order: RiskApproved<OrderTerms>;
    }
  | {
      readonly kind: "amend-order";
      readonly instrument: string;
      readonly amend: RiskApproved<AmendTerms>;
    }
  /** Reduces risk, so the gate never refuses it and it needs no approval. */
  | {
      readonly kind: "cancel-order";
      readonly instrument: string;
      readonly clientOrderId: ClientOrderId;
    }
  | {
      readonly kind: "raise-alert";
      readonly severity: "info" | "warning" | "critical";
      readonly code: string;
      readonly text: string;
    };

export type EngineFact =
  | { readonly kind: "decision-made"; readonly decision: Decision }
  | {
      readonly kind: "order-refused";
      readonly parentId: string;
      readonly decision: number;
      readonly refusal: RefusalReason;
    }
  | { readonly kind: "parent-refused"; readonly parentId: string; readonly refusal: RefusalReason }
  | {
      readonly kind: "parent-moved";
      readonly parentId: string;
      readonly from: ParentPhase;
      readonly to: ParentPhase;
      readonly reason: string;
    }
  | { readonly kind: "parent-arrived"; readonly parentId: string; readonly arrivalPrice: HalfTicks }
  | {
      readonly kind: "data-health-changed";
      readonly instrument: string;
      readonly from: DataHealth;
      readonly to: DataHealth;
    }
  | {
      readonly kind: "markout-measured";
      readonly executionId: string;
      /** Span after the fill. */
      readonly after: Micros;
      readonly mid: HalfTicks;
    }
  /**
   * A report that the life cycle does not allow, or for an order that is not ours. Nothing moved.
   */
  | { readonly kind: "report-ignored"; readonly clientOrderId: string; readonly why: string };

export type EngineOutput = EngineCommand | EngineFact;
