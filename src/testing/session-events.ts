/**
 * Session events: what a schedule's drafts mean, as the events that the engine is told.
 */
import { formatDecimal } from "../core/domain/decimal.ts";
import { notional } from "../core/domain/instrument.ts";
import type { EngineEvent } from "../core/domain/messages.ts";
import type { ParentAmendment, ParentOrder } from "../core/domain/parent-order.ts";
import { atTick, lots, micros, ticks } from "../core/domain/units.ts";
import { EPOCH_MICROS } from "./market.ts";
import type { Ground, OperatorDraft, ParentDraft, Schedule } from "./schedule.ts";

/** Everything that is known before the session begins, in order of time. */
export function scheduledEvents(
  schedule: Pick<Schedule, "parents" | "operators">,
  ground: Ground,
  instrument: string,
): EngineEvent[] {
  const parents = schedule.parents.map((draft, k) => parentOf(ground, draft, k, instrument));
  const submitted = parents.map((parent, k): EngineEvent => {
    const early = (schedule.parents[k]!.odd % 2) * 2_000_000;
    return {
      kind: "parent-submitted",
      time: micros(Math.max(EPOCH_MICROS, parent.startAt - early)),
      parent,
    };
  });
  const operated = schedule.operators.map((draft) => operatorEvent(parents, draft));
  return [...submitted, ...operated].sort((a, b) => a.time - b.time);
}

function parentOf(
  { unit, start, instrument: grid }: Ground,
  draft: ParentDraft,
  k: number,
  instrument: string,
): ParentOrder {
  const size = lots(Math.max(1, draft.size * unit + draft.odd));
  const startAt = micros(EPOCH_MICROS + draft.startMs * 1000);
  const direction = draft.side === "buy" ? 1 : -1;
  const price = (away: number) => ticks(start + direction * away);
  const quote = formatDecimal(notional(grid, atTick(ticks(start)), size));
  return {
    id: `p${k + 1}`,
    instrument,
    side: draft.side,
    quantity: draft.isNotional ? { kind: "notional", quote } : { kind: "lots", lots: size },
    startAt,
    deadline: micros(startAt + draft.spanMs * 1000),
    strategy: draft.strategy,
    ...(draft.halfLifeMs === undefined ? {} : { alphaHalfLife: micros(draft.halfLifeMs * 1000) }),
    urgency: draft.urgency,
    maxSpreadToCross: 1_000,
    minOrder: lots(draft.minOrder * unit),
    acceptInfeasible: draft.odd !== 9,
    constraints: {
      mayCrossSpread: draft.mayCross,
      residual: draft.residual,
      ...(draft.limitAway === undefined ? {} : { limitPrice: price(draft.limitAway) }),
      ...(draft.wouldAway === undefined ? {} : { wouldPrice: price(draft.wouldAway) }),
    },
  };
}

function operatorEvent(parents: readonly ParentOrder[], draft: OperatorDraft): EngineEvent {
  const parent = parents[draft.parent % parents.length]!;
  const time = micros(EPOCH_MICROS + draft.atMs * 1000);
  const { act } = draft;
  const base = { time, parentId: parent.id, by: "laws" };
  switch (act.kind) {
    case "pause":
      return { kind: "parent-paused", ...base, reason: "a test" };
    case "resume":
      return { kind: "parent-resumed", ...base };
    case "cancel":
      return { kind: "parent-canceled", ...base, reason: "a test" };
    case "kill":
      return { kind: "kill-switched", time, by: "laws", reason: "a test" };
    case "strategy":
      return { kind: "strategy-switched", ...base, strategy: act.choice };
    default:
      return { kind: "parent-amended", ...base, amendment: amendmentOf(parent, act) };
  }
}

function amendmentOf(
  { quantity, side, deadline, startAt, constraints }: ParentOrder,
  act: Extract<
    OperatorDraft["act"],
    { kind: "quantity" | "deadline" | "limit" | "urgency" | "participation" }
  >,
): ParentAmendment {
  switch (act.kind) {
    case "quantity":
      return quantity.kind === "lots"
        ? { quantity: { kind: "lots", lots: lots(Math.ceil(quantity.lots * act.factor)) } }
        : {
            quantity: { kind: "notional", quote: (Number(quantity.quote) * act.factor).toFixed(2) },
          };
    case "deadline":
      return { deadline: micros(Math.max(startAt + 1, deadline + act.byMs * 1000)) };
    case "urgency":
      return { urgency: act.urgency };
    case "participation":
      return { maxParticipation: act.share };
    default: {
      const near = constraints.limitPrice ?? constraints.wouldPrice;
      if (act.away === null || near === undefined) return { limitPrice: null };
      return { limitPrice: ticks(near + (side === "buy" ? act.away : -act.away)) };
    }
  }
}
