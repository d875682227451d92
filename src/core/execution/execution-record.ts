/**
 * Execution record: what the engine knows of a parent, in the shape that cost analysis reads.
 */
import type { ChildOrder } from "../domain/child-order.ts";
import { invariant } from "../domain/errors.ts";
import type { HalfTicks, Micros } from "../domain/units.ts";
import type { ChildSummary, Execution } from "../tca/execution.ts";
import type { InstrumentState } from "./instrument-state.ts";
import type { ParentState } from "./parent-state.ts";

/**
 * The parent so far, or whole once it has ended. What is unfilled is marked at `horizonPrice`.
 * Undefined before arrival: nothing was measured, so there is nothing to tell.
 */
export function executionOf(
  parent: ParentState,
  market: InstrumentState,
  now: Micros,
  horizonPrice: HalfTicks,
): Execution | undefined {
  const { order, arrivalPrice, arrivedAt } = parent;
  if (arrivalPrice === undefined || arrivedAt === undefined) return undefined;
  return {
    instrument: parent.instrument,
    side: order.side,
    quantity: order.quantity,
    decisionPrice: order.decisionPrice ?? arrivalPrice,
    arrivalPrice,
    horizonPrice,
    startAt: arrivedAt,
    endAt: parent.endedAt ?? now,
    deadline: order.deadline,
    fills: parent.fills,
    market: marketOver(parent, market),
    markouts: parent.markouts,
    children: childrenOf(parent),
    displacementModel: market.displacementModel,
  };
}

/** Others' trades between arrival and end, by differences of the observer's running totals. */
function marketOver(parent: ParentState, market: InstrumentState): Execution["market"] {
  const from = parent.marketAtArrival;
  const to = parent.marketAtEnd ?? market.totals;
  const volume = to.volume - from.volume;
  const turnover = to.turnover - from.turnover;
  const inverse = to.inverseTurnover - from.inverseTurnover;
  const own = market.ownPrinted ? ownTotals(parent) : { lots: 0, turnover: 0, inverse: 0 };
  const lots = volume - own.lots;
  const vwapTicks =
    parent.instrument.kind === "inverse"
      ? lots / (inverse - own.inverse)
      : (turnover - own.turnover) / lots;
  return {
    others: { lots: Math.max(0, lots), vwapTicks: lots > 0 ? vwapTicks : Number.NaN },
    ownPrinted: market.ownPrinted,
  };
}

function ownTotals(parent: ParentState): { lots: number; turnover: number; inverse: number } {
  const totals = { lots: 0, turnover: 0, inverse: 0 };
  for (const { fill } of parent.fills) {
    totals.lots += fill.quantity;
    totals.turnover += fill.price * fill.quantity;
    totals.inverse += fill.quantity / fill.price;
  }
  return totals;
}

const childrenOf = (parent: ParentState): ChildSummary[] =>
  [...parent.children.values()].map((child) => summaryOf(parent, child));

function summaryOf(parent: ParentState, child: ChildOrder): ChildSummary {
  const { limitPrice, closeReason, closeText } = child;
  const reasoning = parent.reasonings[child.decision - 1];
  invariant(reasoning !== undefined, `child without a decision: ${child.terms.clientOrderId}`);
  return {
    id: child.terms.clientOrderId,
    time: child.sentAt,
    kind: child.aggressive ? "aggressive" : "passive",
    timeInForce: child.terms.timeInForce,
    quantity: child.quantity,
    ...(limitPrice === undefined ? {} : { limitPrice }),
    phase: child.phase,
    ...(closeReason === undefined ? {} : { closeReason }),
    ...(closeText === undefined ? {} : { closeText }),
    reasoning,
  };
}
