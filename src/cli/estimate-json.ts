/**
 * Estimate JSON: an estimate as one plain document, every figure with its unit in the key.
 */
import { formatHalfPrice, formatQuantity, instrumentId } from "../core/domain/instrument.ts";
import { type Estimate, isCosted } from "../runtime/estimate.ts";
import type { ScheduleEstimate, Uncosted } from "../runtime/schedule-estimate.ts";

export function estimateJson(estimate: Estimate): unknown {
  const { facts, order, quantity, terms, recommendation, asked, choices, frontier } = estimate;
  const { instrument } = facts;
  const whole = (choice: ScheduleEstimate) => ({
    ...summary(choice),
    slices: choice.schedule.slices.map(({ at, span, quantity: own }) => ({
      atSeconds: at / 1e6,
      seconds: span / 1e6,
      quantity: formatQuantity(instrument, own),
      shareOfVolume: own / (own + span * estimate.volumePerMicro),
    })),
  });
  return {
    market: estimate.market,
    instrument: instrumentId(instrument),
    side: order.side,
    quantity: formatQuantity(instrument, quantity),
    notional: estimate.notional,
    seconds: (order.deadline - order.startAt) / 1e6,
    facts: {
      mid: formatHalfPrice(instrument, facts.mid),
      spreadBps: facts.spreadBps,
      dailyVolatility: facts.dailyVolatility,
      dailyVolume: facts.dailyVolume,
      depth:
        facts.depth === undefined
          ? null
          : {
              levels: facts.depth.levels,
              bid: formatQuantity(instrument, facts.depth.bid),
              ask: formatQuantity(instrument, facts.depth.ask),
            },
      seenSeconds: facts.seen === undefined ? null : (facts.seen.until - facts.seen.from) / 1e6,
    },
    model: { name: terms.model.name, parameters: terms.parameters },
    fees: estimate.fees,
    asked: isCosted(asked) ? whole(asked) : uncosted(asked),
    choices: choices.map(summary),
    uncosted: estimate.uncosted,
    byModel: estimate.byModel,
    path: estimate.path,
    schedules: estimate.refusal === undefined ? "admissible" : { refused: estimate.refusal },
    frontier,
    feasibility: {
      checks: estimate.checks,
      secondsAtAllowedParticipation: estimate.feasibleDuration / 1e6,
    },
    riskAversion: terms.riskAversion,
    recommendation:
      recommendation === undefined
        ? null
        : { reason: recommendation.reason, ...whole(recommendation.choice) },
    caveats: estimate.caveats,
  };
}

const uncosted = ({ strategy, reason }: Uncosted) => ({ strategy, reason });

function summary(choice: ScheduleEstimate) {
  const { band, schedule, ...rest } = choice;
  const { impact: _, ...sigma } = band;
  return {
    ...rest,
    sigma,
    seconds: schedule.duration / 1e6,
    followsVolume: schedule.followsVolume,
    feasible: choice.hindrances.length === 0,
  };
}
