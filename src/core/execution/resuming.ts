/**
 * Resuming: what a restart does to the state, and how it comes back to work.
 *
 * What must stay true: from a restart on every order that may rest is of unknown fate, which only
 * the venue's word ends; nothing new is sent before all fates are known and the account was looked
 * at; and a position that our fills do not explain halts the order until a person has looked.
 */
import type { EngineEvent } from "../domain/messages.ts";
import { formatQuantity, type Instrument, withBounds } from "../domain/instrument.ts";
import { lots, NEVER, NO_LOTS } from "../domain/units.ts";
import { TOUCH } from "../contracts/tactic.ts";
import { endAdvice } from "./advising.ts";
import { type Context, moveParent, raiseAlert } from "./context.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { strictest } from "./limits.ts";
import type { ParentState } from "./parent-state.ts";
import { applyAdjustment } from "./terms.ts";

type Resumed = Extract<EngineEvent, { kind: "session-resumed" }>;
type PositionTold = Extract<EngineEvent, { kind: "position-told" }>;
type LimitsChanged = Extract<EngineEvent, { kind: "limits-changed" }>;

export function resumeSession(context: Context, event: Resumed): ParentState[] {
  const { session, rowsLost, bounds } = event;
  const concerned: ParentState[] = [];
  let doubtful = 0;
  for (const market of context.instruments.values()) {
    if (rowsLost > 0) market.observer.beginAnew(rowsLost);
    else market.observer.breakOff();
    market.session = session;
    market.sessionFrom = market.observer.position;
    market.instrument = withBounds(market.begun, bounds);
    market.isRecovering = true;
    market.recoveryTurnedAt = context.now;
    endAdvice(market);
    for (const parent of market.live) {
      parent.instrument = market.instrument;
      parent.limits = limitsOf(context, parent);
      forgetPlan(context, parent);
      doubtful += doubt(parent);
      concerned.push(parent);
    }
  }
  const text = `session ${session}: the venue is asked for ${doubtful} orders of unknown fate`;
  raiseAlert(context, "info", "RESUMED", text);
  return concerned;
}

/** Sent, and not known to have ended: whatever was under way is for the venue to tell. */
function doubt(parent: ParentState): number {
  let doubtful = 0;
  for (const child of parent.live) {
    if (child.phase === "closed") continue;
    child.phase = "unknown";
    doubtful += 1;
  }
  return doubtful;
}

/** Plans and what hangs on them: what was missed meanwhile is spread anew, and never chased. */
function forgetPlan(context: Context, parent: ParentState): void {
  if (parent.phase === "initialized" && parent.adjustment !== undefined) {
    applyAdjustment(context, parent, parent.adjustment);
    parent.adjustment = undefined;
  }
  const { amendment, strategy } = parent.adjustment ?? {};
  if (amendment === undefined && strategy === undefined) parent.adjustment = undefined;
  if (parent.phase === "adjusting" && parent.adjustment === undefined) {
    moveParent(context, parent, "active", "what was advised ends with the process");
  }
  parent.plan = undefined;
  parent.strategy = undefined;
  parent.tactic = TOUCH;
  parent.filledAtAnchor = NO_LOTS;
  parent.slice = undefined;
  parent.dues.length = 0;
  parent.lastWait = undefined;
  parent.wakeAt = NEVER;
}

export function tellPosition(context: Context, event: PositionTold): readonly ParentState[] {
  const market = context.instruments.get(event.instrument);
  if (market === undefined) return [];
  const open = market.live.flatMap(({ live }) => live);
  const { positionLots: told } = event;
  // Too early: what is not known yet may explain any difference.
  if (open.some(({ phase }) => phase === "unknown")) return [];
  market.executedTo = event.executedTo ?? market.executedTo;
  takeForeign(context, market, event.foreignLots ?? 0);
  if (told !== undefined && told !== market.positionLots) differ(context, market, told);
  if (!market.isRecovering) return market.live;
  market.isRecovering = false;
  market.recoveryTurnedAt = context.now;
  raiseAlert(context, "info", "RECOVERED", "the venue has told what became of every order");
  return market.live;
}

/** What others have traded is theirs: it counts in the position, and halts nothing. */
function takeForeign(context: Context, market: InstrumentState, foreign: number): void {
  if (foreign === 0) return;
  market.foreignLots += foreign;
  market.positionLots += foreign;
  const text = `others have traded ${signedText(market.instrument, foreign)} on this account`;
  raiseAlert(context, "warning", "FOREIGN_TRADES", text);
}

function differ(context: Context, market: InstrumentState, told: number): void {
  const { instrument, positionLots } = market;
  const text =
    `the account holds ${signedText(instrument, told)}, and by what it held before and our fills ` +
    `it would be ${signedText(instrument, positionLots)}: somebody else trades on it, or a fill ` +
    "was not told";
  market.foreignLots += told - positionLots;
  market.positionLots = told;
  raiseAlert(context, "critical", "POSITION_DIFFERS", text);
  for (const parent of market.live) parent.halt = text;
}

const signedText = (instrument: Instrument, signed: number): string =>
  `${signed < 0 ? "-" : ""}${formatQuantity(instrument, lots(Math.abs(signed)))}`;

const limitsOf = ({ config, gate }: Context, { order, instrument }: ParentState) =>
  strictest(order, config, gate.limits, instrument);

/** The window of participation belongs to the market's figures and stays as it is. */
export function changeLimits(context: Context, { limits, by }: LimitsChanged): ParentState[] {
  const { gate } = context;
  const { participationWindow } = gate.limits;
  gate.limits = { ...limits, participationWindow };
  const live = [...context.instruments.values()].flatMap((market) => market.live);
  for (const parent of live) {
    parent.limits = limitsOf(context, parent);
  }
  raiseAlert(context, "warning", "LIMITS_CHANGED", `the limits were changed by ${by}`);
  return live;
}
