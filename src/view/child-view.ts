/**
 * Child view: the child orders and fills of one order, as rows of tables.
 *
 * What became of a child is told by the cost report; while it is at work, by where it stands.
 */
import type { ChildOrder, Phase, TimeInForce } from "../core/domain/child-order.ts";
import type { DecisionSource } from "../core/domain/decision.ts";
import { formatPrice, formatQuantity } from "../core/domain/instrument.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import type { ExecutedFill } from "../core/tca/execution.ts";
import type { ChildRow } from "../core/tca/report.ts";
import type { OrderWatch } from "./order-watch.ts";
import type { ChildView, FillView } from "./shapes.ts";

/** @param rows of the report, in the order in which they were sent; the newest are shown. */
export function childViews(watch: OrderWatch, rows: readonly ChildRow[]): ChildView[] {
  const { parent } = watch;
  const { children } = parent.history;
  return rows.flatMap((row) => {
    const child = children.get(row.id as ChildOrder["terms"]["clientOrderId"]);
    return child === undefined
      ? []
      : [childView(child, row, watch.decisions.sourceOf(child.decision))];
  });
}

function childView(child: ChildOrder, row: ChildRow, source: DecisionSource | null): ChildView {
  return {
    id: row.id,
    decision: child.decision,
    sentAt: child.sentAt,
    side: child.terms.side,
    kind: row.kind,
    timeInForce: timeInForceText(child.terms.timeInForce),
    postOnly:
      child.terms.timeInForce.kind === "good-till-canceled" && child.terms.timeInForce.postOnly,
    quantity: row.quantity,
    limitPrice: row.limitPrice,
    filled: row.filled,
    vwap: row.vwap,
    status: child.phase === "closed" ? row.status : PHASES[child.phase],
    closeText: row.closeText,
    costBps: row.costBps,
    reasoning: row.reasoning,
    source,
  };
}

const PHASES: Readonly<Record<Exclude<Phase, "closed">, string>> = {
  "pending-new": "sent",
  working: "working",
  "pending-amend": "being amended",
  "pending-cancel": "being canceled",
  unknown: "unknown",
};

const TIMES_IN_FORCE: Readonly<Record<TimeInForce["kind"], string>> = {
  "good-till-canceled": "good till canceled",
  "immediate-or-cancel": "immediate or cancel",
  "fill-or-kill": "fill or kill",
};
const timeInForceText = ({ kind }: TimeInForce): string => TIMES_IN_FORCE[kind];

export const fillViews = (parent: ParentState, fills: readonly ExecutedFill[]): FillView[] =>
  fills.map(({ fill, clientOrderId }) => ({
    time: fill.exchangeTime,
    childId: clientOrderId,
    price: formatPrice(parent.instrument, fill.price),
    quantity: formatQuantity(parent.instrument, fill.quantity),
    liquidity: fill.liquidity,
    fee: fill.fee,
    feeCoin: fill.feeCoin,
    executionId: fill.executionId,
  }));
