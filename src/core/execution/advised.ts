/**
 * Advised: what an order under advice keeps of it, and when an advisor is asked.
 *
 * A question is a function of state, and asked once: the engine never waits for the answer. What
 * must stay true: nothing here changes what the order does.
 */
import type { Advice, AdviceQuestion, AdviceTerms, MarketRegime } from "../contracts/advice.ts";
import type { BoundStrategy, Target } from "../contracts/strategy.ts";
import {
  addMicros,
  type Fraction,
  type Lots,
  type Micros,
  micros,
  NEVER,
  SECOND,
} from "../domain/units.ts";
import type { Context } from "./context.ts";
import { Envelope } from "./envelope.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { doneLots, type ParentState } from "./parent-state.ts";
import {
  type ArrivalMarket,
  arrivalMarket,
  causeOf,
  isBehindPlan,
  regimeOf,
  situationOf,
  type SituationView,
} from "./situation.ts";

/** Between two questions, whatever happens. */
const LEAST_GAP: Micros = micros(5 * SECOND);
/** An answer that has not come after so many times its staleness never will. */
const GIVEN_UP_AFTER = 3;

export interface InForce {
  readonly advice: Advice;
  readonly until: Micros;
  /** 0..1: how much of it is done. */
  readonly weight: Fraction;
  /** Of `aggressive`: signed lots still to jump. */
  jump: number;
}

/** What an advised order keeps of it. Made anew by no restart: advice ends with its process. */
export class Advised {
  readonly terms: AdviceTerms;
  readonly total: Lots;
  readonly envelope: Envelope;
  readonly arrival: ArrivalMarket;
  asked = 0;
  pending: { readonly question: AdviceQuestion; readonly at: Micros } | undefined;
  lastAskedAt: Micros | undefined;
  /** When somebody is to be asked, whatever else the order waits for. */
  askAt: Micros = NEVER;
  regime: MarketRegime = "usual";
  wasBehind = false;
  newsSeen: number;
  inForce: InForce | undefined;
  /** Of the plan in hand: its target when it was looked at last. */
  lastTarget = 0;
  /** What is followed instead of the order's own strategy, as far as the envelope allows. */
  alternative: { readonly name: string; bound: BoundStrategy | undefined } | undefined;
  switches = 0;
  readonly past: SituationView["past"][number][] = [];

  /** Whether what is done now may differ from what would be done unasked. */
  get isFollowed(): boolean {
    return this.inForce !== undefined || this.envelope.deviation !== 0;
  }

  constructor(terms: AdviceTerms, total: Lots, market: InstrumentState) {
    this.terms = terms;
    this.total = total;
    // What was promised is scaled by what advice has earned at most, and many small moves add up.
    const { corridor, variation, crossing } = terms.envelope;
    const most = Math.max(...Object.values(terms.influence));
    const earned = { corridor, variation: most * variation, crossing: most * crossing };
    this.envelope = new Envelope(earned, total);
    this.arrival = arrivalMarket(market);
    this.newsSeen = market.newsCount;
  }
}

/**
 * Asks about an order that is at work, and does not look at the order itself: who is asked and not
 * followed changes nothing, not even when a schedule that goes by volume is looked at.
 */
export function askAlone(context: Context, parent: ParentState, market: InstrumentState): void {
  const { advised, strategy, order } = parent;
  if (advised === undefined) return;
  // Whoever is not at work is asked about when it is looked at again.
  advised.askAt = NEVER;
  const isAtWork = parent.phase === "active" || parent.phase === "executing";
  const isStopped =
    parent.adjustment !== undefined ||
    parent.operatorPause !== undefined ||
    parent.halt !== undefined ||
    context.now >= order.deadline ||
    market.isRecovering ||
    market.observer.health(context.now, context.gate.limits.staleAfter) !== "healthy";
  if (!isAtWork || isStopped || strategy === undefined) return;
  const target = strategy.target({
    now: context.now,
    done: doneLots(parent),
    marketVolume: market.othersVolume,
  });
  ask(context, parent, market, target);
}

/** Asks where something asks for it: at the start, by the clock, and on what matters. */
export function ask(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
  target: Target,
): void {
  const { advised } = parent;
  if (advised === undefined) return;
  const { now } = context;
  const { terms, lastAskedAt } = advised;
  giveUp(now, advised);
  advised.askAt = NEVER;
  if (advised.asked >= terms.mostQuestions) return;
  const next = lastAskedAt === undefined ? now : addMicros(lastAskedAt, terms.interval);
  if (advised.pending !== undefined) {
    advised.askAt = givenUpAt(advised.pending.at, terms);
    return;
  }
  if (lastAskedAt !== undefined && now < lastAskedAt + LEAST_GAP) {
    advised.askAt = addMicros(lastAskedAt, LEAST_GAP);
    return;
  }
  advised.askAt = next;
  const regime = regimeOf(advised.arrival, market);
  const isBehind = isBehindPlan(parent, target);
  const seen = {
    regime: regime !== advised.regime,
    behind: isBehind && !advised.wasBehind,
    news: market.newsCount > advised.newsSeen,
  };
  const cause = causeOf(lastAskedAt === undefined, seen, now >= next);
  if (cause === undefined) return;
  advised.asked += 1;
  advised.lastAskedAt = now;
  advised.regime = regime;
  advised.wasBehind = isBehind;
  advised.newsSeen = market.newsCount;
  const { arrival, total, past } = advised;
  const others = [...context.instruments.values()].filter((other) => other !== market);
  const question: AdviceQuestion = {
    id: `${parent.order.id}-q${advised.asked}`,
    parentId: parent.order.id,
    instrument: market.id,
    cause,
    situation: situationOf({ now, parent, market, others, target, total, arrival, past }),
    actions: offered(terms),
    strategies: terms.strategies,
  };
  advised.pending = { question, at: now };
  advised.askAt = givenUpAt(now, terms);
  context.outputs.push({ kind: "ask-advisor", question });
}

const offered = ({ mayCancel }: AdviceTerms): AdviceQuestion["actions"] => [
  "proceed",
  "aggressive",
  "passive",
  "wait",
  "accelerate",
  "decelerate",
  ...(mayCancel ? (["cancel"] as const) : []),
];

function giveUp(now: Micros, advised: Advised): void {
  const { pending, terms } = advised;
  if (pending === undefined || now < givenUpAt(pending.at, terms)) return;
  advised.pending = undefined;
}

const givenUpAt = (askedAt: Micros, { staleAfter }: AdviceTerms): Micros =>
  addMicros(askedAt, GIVEN_UP_AFTER * staleAfter);
