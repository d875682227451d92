/**
 * Advising: when an advisor is asked about an order, and what its answer does.
 *
 * The engine never waits for an answer, and an answer never places an order: it moves the deviation
 * from the classical plan inside the envelope, and says how what is late is worked. What must stay
 * true: without an answer, with a late or a foolish one, and from a restart on, the order is worked
 * as if nobody had been asked.
 */
import {
  type Advice,
  type Clamp,
  FASTEST_RATE,
  SLOWEST_RATE,
  type UrgencyLevel,
} from "../contracts/advice.ts";
import type { BoundStrategy, Target } from "../contracts/strategy.ts";
import type { EngineEvent } from "../domain/messages.ts";
import {
  addMicros,
  type Fraction,
  type Lots,
  lots,
  micros,
  minLots,
  NO_LOTS,
  SECOND,
} from "../domain/units.ts";
import { Advised, askAlone } from "./advised.ts";
import { type Context, marketOf, raiseAlert } from "./context.ts";
import { closeTo, wakeBy } from "./ending.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { doneLots, isLive, type ParentState, unfilledLots } from "./parent-state.ts";
import { type Lateness, lateness } from "./patience.ts";

type Received = Extract<EngineEvent, { kind: "advice-received" }>;
type NewsReceived = Extract<EngineEvent, { kind: "news-received" }>;

const PAST_KEPT = 5;
const NEWS_KEPT = 20;
const MOST_SWITCHES = 3;
/** What one step of urgency is. */
const URGENCY_STEPS: Readonly<Record<UrgencyLevel, number>> = {
  lowest: -0.4,
  low: -0.2,
  own: 0,
  high: 0.2,
  highest: 0.4,
};

/** How the gap of one look is worked, advice taken in. */
export interface Worked {
  readonly target: Target;
  readonly late: Lateness;
  /** Of what is late, what only advice would cross for now. */
  readonly onAdvice: Lots;
}

/** @param behind of the classical target. */
export function workedTarget(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
  target: Target,
): Worked {
  const done = doneLots(parent);
  const price = market.takePrice(parent.order.side)!;
  const rest = unfilledLots(parent, price);
  const behindOf = (quantity: number): Lots => minLots(lots(Math.max(0, quantity - done)), rest);
  const late = lateness(parent, market, context.now, behindOf(target.quantity));
  const advised = advisedOf(parent, market, rest);
  if (advised === undefined) return { target, late, onAdvice: NO_LOTS };
  endWhatIsOver(context, advised);
  // Nobody is further from the plan than it still has to go: the order ends with it.
  const left = parent.plan!.quantity - target.quantity;
  const within = (lotsAhead: number): number => Math.min(left, Math.max(-left, lotsAhead));
  const ahead = within(wantedAhead(context, parent, market, advised, target));
  const wanted = wantedLate(context, parent, market, advised, behindOf(target.quantity), late);
  const withheld = Math.min(left + ahead, Math.max(0, late.quantity - wanted));
  const steered = advised.envelope.steer(ahead, withheld);
  advised.lastTarget = target.quantity;
  const most = parent.plan!.quantity;
  const quantity = lots(Math.min(most, Math.max(0, target.quantity + steered.ahead)));
  const kept = lots(Math.max(0, late.quantity - steered.withheld));
  const onAdvice = minLots(
    lots(Math.max(0, Math.floor(wanted - late.quantity))),
    advised.envelope.crossingLeft,
  );
  const text = steered.ahead === 0 ? "" : `; ${deviationText(steered.ahead, advised.total)}`;
  return {
    target: { ...target, quantity, reason: `${target.reason}${text}` },
    late: { ...late, quantity: lots(Math.min(kept + onAdvice, behindOf(quantity))) },
    onAdvice,
  };
}

const deviationText = (ahead: number, total: number): string =>
  `${((100 * Math.abs(ahead)) / total).toFixed(1)} % of the order ` +
  `${ahead > 0 ? "ahead of" : "behind"} plan on advice`;

function advisedOf(parent: ParentState, market: InstrumentState, rest: Lots): Advised | undefined {
  const { advice } = parent.order;
  if (advice === undefined || parent.isUnadvised) return undefined;
  parent.advised ??= new Advised(advice, lots(parent.filled + rest), market);
  return parent.advised;
}

function endWhatIsOver({ now }: Context, advised: Advised): void {
  if (advised.inForce !== undefined && now >= advised.inForce.until) advised.inForce = undefined;
}

/** What the advice in force wants the plan to be ahead by, signed lots. */
function wantedAhead(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
  advised: Advised,
  target: Target,
): number {
  const { deviation } = advised.envelope;
  const { inForce, alternative } = advised;
  const plan = parent.plan!;
  const rise = Math.max(0, target.quantity - advised.lastTarget);
  const left = plan.quantity - target.quantity;
  if (inForce !== undefined) {
    const { advice, weight } = inForce;
    const jump = inForce.jump;
    inForce.jump = 0;
    if (jump !== 0) return deviation + jump;
    const rate = rateOf(advice);
    if (rate !== 1) return deviation + weight * (rate - 1) * rise;
    if (advice.action === "aggressive") return deviation;
  }
  if (alternative !== undefined) {
    alternative.bound ??= bindAlternative(context, parent, alternative.name);
    const other = alternative.bound.target({
      now: context.now,
      done: doneLots(parent),
      marketVolume: market.othersVolume,
    });
    const weight = advised.terms.influence[advised.regime];
    return weight * (other.quantity - target.quantity);
  }
  // Back to the plan, in proportion to what it still has to do.
  const before = plan.quantity - advised.lastTarget;
  return before <= 0 ? 0 : deviation * (left / before);
}

function bindAlternative(context: Context, parent: ParentState, name: string): BoundStrategy {
  const strategy = context.strategies.get(name)!;
  return strategy.bind(strategy.defaults, parent.plan!);
}

/** Of the baseline's rate. */
function rateOf({ action, rate }: Advice): number {
  if (action === "wait") return 0;
  if (action === "accelerate") return Math.min(FASTEST_RATE, Math.max(1, rate ?? 1.5));
  if (action === "decelerate") return Math.max(SLOWEST_RATE, Math.min(1, rate ?? 0.5));
  return 1;
}

/** How much of what is behind would be taken now under the advice in force, lots. */
function wantedLate(
  { now }: Context,
  parent: ParentState,
  market: InstrumentState,
  { inForce }: Advised,
  behind: Lots,
  late: Lateness,
): number {
  if (inForce === undefined) return late.quantity;
  const { advice, weight } = inForce;
  const { action, urgency } = advice;
  if (action === "wait" || action === "passive") return late.quantity * (1 - weight);
  const own = parent.order.urgency;
  const step = action === "aggressive" ? 1 : URGENCY_STEPS[urgency];
  if (step === 0) return late.quantity;
  const advisedUrgency = Math.min(1, Math.max(0, own + step));
  const other = lateness(parent, market, now, behind, advisedUrgency).quantity;
  return late.quantity + weight * (other - late.quantity);
}

/** What was taken beyond what the classical algorithm would have. */
export function noteCrossed(parent: ParentState, quantity: Lots, { late, onAdvice }: Worked): void {
  const own = late.quantity - onAdvice;
  if (onAdvice > 0) parent.advised?.envelope.cross(Math.max(0, quantity - own));
}

/** The plan was made anew: what deviated from the old one is part of the new one. */
export function noteAnchor({ advised }: ParentState): void {
  if (advised === undefined) return;
  advised.envelope.rebase();
  advised.lastTarget = 0;
  if (advised.alternative !== undefined) advised.alternative.bound = undefined;
}

/** Takes an answer in. @returns the parents that should think again. */
export function takeAdvice(context: Context, event: Received): ParentState[] {
  const parent = context.parents.get(event.parentId);
  const advised = parent?.advised;
  const { questionId, parentId } = event;
  const drop = (why: string): ParentState[] => {
    context.outputs.push({ kind: "advice-dropped", parentId, questionId, why });
    return [];
  };
  if (parent === undefined || advised === undefined || !isLive(parent))
    return drop("not asked for");
  if (parent.closing !== undefined) return drop("the order is coming to its end");
  if (advised.pending?.question.id !== questionId) return drop("not the question that is open");
  const { at } = advised.pending;
  advised.pending = undefined;
  advised.askAt = addMicros(at, advised.terms.interval);
  if (event.answer.kind === "none") return drop(`${event.answer.reason}: ${event.answer.text}`);
  if (context.now > at + advised.terms.staleAfter) return drop("too late");
  return follow(context, parent, advised, event.answer.advice, questionId);
}

function follow(
  context: Context,
  parent: ParentState,
  advised: Advised,
  advice: Advice,
  questionId: string,
): ParentState[] {
  const { now } = context;
  const market = marketOf(context, parent);
  const weight = advised.terms.influence[advised.regime];
  const clamps: Clamp[] = [];
  const { terms } = advised;
  if (weight < 1) clamps.push(clamp("influence", "1", String(weight), "it is earned"));
  const mid = market.observer.lastMid;
  if (mid !== undefined) {
    const { action, confidence } = advice;
    advised.past.push({ at: now, mid, action, confidence });
    if (advised.past.length > PAST_KEPT) advised.past.shift();
  }
  const isCancel = advice.action === "cancel";
  const action = isCancel && !terms.mayCancel ? "wait" : advice.action;
  if (action !== advice.action) {
    clamps.push(clamp("action", "cancel", "wait", "the order may not be canceled on advice"));
    const text = `${parent.order.id}: the advisor would cancel: ${advice.reasoning}`;
    raiseAlert(context, "warning", "ADVICE_CANCEL", text);
  }
  const span = action === "wait" ? (advice.waitSeconds ?? 30) * SECOND : 2 * terms.interval;
  const until = addMicros(now, micros(Math.min(Math.round(span), 2 * terms.interval)));
  const jump = jumpOf(advised, { ...advice, action }, weight, clamps);
  const wasFollowed = advised.isFollowed;
  advised.inForce =
    weight === 0 ? undefined : { advice: { ...advice, action }, until, weight, jump };
  switchTo(context, parent, advised, advice, weight, clamps);
  const parentId = parent.order.id;
  context.outputs.push({ kind: "advice-taken", parentId, questionId, weight, until, clamps });
  // What is only watched is no reason to look at the order.
  if (weight === 0 && !wasFollowed) return [];
  wakeBy(parent, until);
  if (isCancel && terms.mayCancel && weight > 0) {
    closeTo(context, parent, { to: "canceled", reason: `on advice: ${advice.reasoning}` });
  }
  return [parent];
}

/** Of `aggressive`: what is asked for at once beyond the plan, signed lots. */
function jumpOf(
  { total, terms }: Advised,
  { action, proposal }: Advice,
  weight: Fraction,
  clamps: Clamp[],
): number {
  if (proposal?.priceBps !== undefined) {
    clamps.push(
      clamp("price", `${proposal.priceBps} bps`, "the tactic's", "prices are not advised"),
    );
  }
  if (action !== "aggressive") {
    if (proposal?.quantityShare !== undefined) {
      const asked = String(proposal.quantityShare);
      clamps.push(clamp("quantity", asked, "the plan's", `${action} names no quantity`));
    }
    return 0;
  }
  const asked = proposal?.quantityShare ?? terms.envelope.corridor / 2;
  const allowed = Math.min(terms.envelope.corridor, Math.max(0, asked));
  if (allowed !== asked) {
    clamps.push(clamp("quantity", String(asked), String(allowed), "the corridor"));
  }
  return weight * allowed * total;
}

function switchTo(
  context: Context,
  parent: ParentState,
  advised: Advised,
  { strategy }: Advice,
  weight: Fraction,
  clamps: Clamp[],
): void {
  const inUse = advised.alternative?.name ?? parent.order.strategy.name;
  if (strategy === undefined || strategy === inUse) return;
  const deny = (why: string): void => void clamps.push(clamp("strategy", strategy, inUse, why));
  if (!advised.terms.strategies.includes(strategy)) return deny("not among those allowed");
  if (!context.strategies.has(strategy)) return deny("not known");
  if (weight === 0) return deny("advice has no influence here");
  if (advised.switches >= MOST_SWITCHES) return deny(`changed ${MOST_SWITCHES} times already`);
  advised.switches += 1;
  const isOwn = strategy === parent.order.strategy.name;
  advised.alternative = isOwn ? undefined : { name: strategy, bound: undefined };
  parent.adjustment ??= { by: "the advisor" };
}

const clamp = (what: string, asked: string, allowed: string, why: string): Clamp => ({
  what,
  asked,
  allowed,
  why,
});

/** News is shown to whoever is asked next, and may be why somebody is asked. */
export function takeNews(context: Context, { instrument, item }: NewsReceived): void {
  const market = context.instruments.get(instrument);
  if (market === undefined) return;
  market.news.push(item);
  market.newsCount += 1;
  if (market.news.length > NEWS_KEPT) market.news.shift();
  for (const parent of market.live) askAlone(context, parent, market);
}

/** A restart: how far advice had led is not known any more, so it leads no further. */
export function endAdvice(market: InstrumentState): void {
  market.news.length = 0;
  for (const parent of market.live) {
    parent.advised = undefined;
    parent.isUnadvised = true;
  }
}
