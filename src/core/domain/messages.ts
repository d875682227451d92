/**
 * Messages: what the core is told (events), what it asks for (commands), what it states (facts).
 *
 * All three are plain JSON and all three are journaled. Events are facts from outside, commands are
 * verb-noun. Market data is not among them: it travels in columns (`market/columns.ts`), and the
 * journal notes how many rows had been seen before each event.
 */
import type { AdviceAnswer, AdviceQuestion, Clamp, NewsItem } from "../contracts/advice.ts";
import type { ClientOrderId, OrderReport, OrderTerms } from "./child-order.ts";
import type { DataHealth, Decision } from "./decision.ts";
import type { OrderBounds } from "./instrument.ts";
import type {
  ParentAmendment,
  ParentEnd,
  ParentOrder,
  ParentPhase,
  StrategyChoice,
} from "./parent-order.ts";
import type { RiskLimits } from "../execution/limits.ts";
import type { RefusalReason } from "./refusal.ts";
import type { Side } from "./side.ts";
import type { Fraction, HalfTicks, Lots, Micros, Ticks } from "./units.ts";

/** What a venue tells of its market besides book and trades; absent: as it was told last. */
export interface MarketTold {
  /** Of the next settlement: positive = longs pay. */
  readonly fundingRate?: Fraction;
  readonly nextFundingAt?: Micros;
  readonly openInterest?: Lots;
  /** Oldest first; those told of since the event before, the newest 20. */
  readonly liquidations?: readonly Liquidation[];
  /** Messages of book and trades that could not be used, since the session began. */
  readonly unusedMessages?: number;
}

/** A position of somebody that was closed by force. */
export interface Liquidation {
  readonly time: Micros;
  /** Of the position: "buy" = a long one. */
  readonly side: Side;
  /** Where its margin was gone: not what it was traded at. */
  readonly price: Ticks;
  readonly quantity: Lots;
}

export type EngineEvent = { readonly time: Micros } & (
  | {
      readonly kind: "parent-submitted";
      readonly parent: ParentOrder;
      /** Who asked for it, where somebody is named. */
      readonly by?: string;
    }
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
  /** New limits of the account, whole, in force at once. */
  | { readonly kind: "limits-changed"; readonly limits: RiskLimits; readonly by: string }
  /**
   * A new process goes on with the run. What rests at the venue is unknown from here on, plans are
   * made anew, and nothing new is sent until `position-told`.
   */
  | {
      readonly kind: "session-resumed";
      /** 2 for the first time. */
      readonly session: number;
      /** Rows that were lost with the session before; the observer begins anew where any were. */
      readonly rowsLost: number;
      /** Record from which on the events before this one were decided on rows that are lost. */
      readonly lostFrom?: number;
      /** SHA-256 of the state that it goes on from, as a checkpoint would have it. */
      readonly stateHash: string;
      /** What one order may be from here on; absent: as when the run began. */
      readonly bounds?: OrderBounds;
    }
  /** What the account holds by the venue, asked while nothing was under way. */
  | {
      readonly kind: "position-told";
      readonly instrument: string;
      /** Signed: negative = short. Undefined: it cannot be told from fills (spot). */
      readonly positionLots?: number;
      /** Signed: of it, what others were told to have traded since the time before. */
      readonly foreignLots?: number;
      /** By the venue's clock: of others' executions, those up to then are in the position. */
      readonly executedTo?: Micros;
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
  /** What an advisor has answered, or that it has not. */
  | {
      readonly kind: "advice-received";
      readonly parentId: string;
      readonly questionId: string;
      readonly answer: AdviceAnswer;
      /** Who answered: provider, model and version of the prompt. */
      readonly advisor: string;
      /** Span from the question to the answer, as measured by whoever asked. */
      readonly latency: Micros;
      /** SHA-256 of all that was sent and received; absent: nothing was. */
      readonly exchange?: string;
      /** What it took, where whoever answered told; US dollars where prices were given. */
      readonly usage?: { readonly tokens: number; readonly usd?: number };
    }
  | { readonly kind: "news-received"; readonly instrument: string; readonly item: NewsItem }
  /** Nothing is decided by it: it is for whoever looks on. */
  | { readonly kind: "market-told"; readonly instrument: string; readonly told: MarketTold }
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
  /** The engine does not wait for the answer. */
  | { readonly kind: "ask-advisor"; readonly question: AdviceQuestion }
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
      /** Of a move to `closing`: the end that it comes to. */
      readonly heading?: ParentEnd;
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
  | {
      readonly kind: "advice-taken";
      readonly parentId: string;
      readonly questionId: string;
      /** 0..1: how much of it is done; 0 = it is only watched. */
      readonly weight: Fraction;
      readonly until: Micros;
      readonly clamps: readonly Clamp[];
    }
  | {
      readonly kind: "advice-dropped";
      readonly parentId: string;
      readonly questionId: string;
      readonly why: string;
    }
  /**
   * A report that the life cycle does not allow, or for an order that is not ours. Nothing moved.
   */
  | { readonly kind: "report-ignored"; readonly clientOrderId: string; readonly why: string };

export type EngineOutput = EngineCommand | EngineFact;
