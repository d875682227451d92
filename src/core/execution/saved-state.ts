/**
 * Saved state: all that a restart needs of an engine, as plain JSON.
 *
 * What is at work is the state, and small; what is done (closed orders, fills, reasons) is archived
 * piece by piece, so that a checkpoint costs no more than what has happened since the last one, and
 * a restart no more than what is at work: archives are loaded when somebody asks.
 * What must stay true: an engine that takes both up says the same to every later event as the one
 * that they were saved from, had that one been told of a restart at the same place. Plans and the
 * market's own figures are not in it: a restart makes the first anew, and rows bring the second.
 */
import type { ChildOrder } from "../domain/child-order.ts";
import { invariant } from "../domain/errors.ts";
import type { DataHealth } from "../domain/decision.ts";
import { type Micros, micros, MINUTE } from "../domain/units.ts";
import type { MarkoutClock, PendingMarkouts } from "../tca/markout-clock.ts";
import type { Context } from "./context.ts";
import { type Deeds, type Done, NOTHING_DONE } from "./history.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { type RiskLimits, strictest } from "./limits.ts";
import { isLive, ParentState } from "./parent-state.ts";

/** What a restart makes anew, or what follows from the rest. */
type Dropped =
  | "instrument"
  | "limits"
  | "plan"
  | "strategy"
  | "tactic"
  | "filledAtAnchor"
  | "slice"
  | "dues"
  | "lastWait"
  | "wakeAt"
  | "wakeBidAbove"
  | "wakeAskBelow"
  | "advised"
  | "history"
  | "children"
  | "fills"
  | "markouts"
  | "reasonings"
  | "spent";

/** Of the shape below: a program passes over a state of another one. */
export const SAVED_FORM = 3;

export interface SavedParent extends Omit<ParentState, Dropped> {
  /** Exact integer text. */
  readonly spent: string;
  /** How much of it is archived. */
  readonly done: Done;
  /** Ids of what was executed, of each order in `live`. */
  readonly executions: readonly (readonly string[])[];
}

/** What parents have done since the archive before: those that have done nothing are left out. */
export type Archive = readonly (Deeds & { readonly id: string })[];

/** By parent: how much of it has been archived. */
export type ArchiveMarks = Map<string, Done>;

export interface SavedMarket {
  readonly id: string;
  readonly positionLots: number;
  readonly foreignLots: number;
  readonly executedTo?: Micros | undefined;
  readonly session: number;
  readonly sessionFrom: number;
  readonly isRecovering: boolean;
  readonly recoveryTurnedAt?: Micros | undefined;
  readonly ownVolume: number;
  readonly ownWindow: readonly (readonly [second: number, lots: number])[];
  readonly health: DataHealth;
}

export interface SavedState {
  readonly form: typeof SAVED_FORM;
  readonly now: Micros;
  readonly killed: boolean;
  readonly limits: RiskLimits;
  readonly aggressive: readonly Micros[];
  readonly amends: readonly Micros[];
  readonly markets: readonly SavedMarket[];
  readonly parents: readonly SavedParent[];
  /** Fills that the market is still to be looked at after; by column, for they are many. */
  readonly markouts: {
    /** Place of the parent among `parents`. */
    readonly parents: readonly number[];
    readonly executionIds: readonly string[];
    /** The first whole, each other one from the one before. */
    readonly filledAt: readonly Micros[];
    /** How many of the last of them each span waits for. */
    readonly counts: readonly number[];
  };
}

/** Lent: it shares what does not change with the state, so it is to be written down at once. */
export function savedState(context: Context, markouts: MarkoutClock<ParentState>): SavedState {
  const { now, gate, instruments, parents } = context;
  const isCounted = (at: Micros): boolean => at > now - MINUTE;
  return {
    form: SAVED_FORM,
    now,
    killed: gate.killed,
    limits: gate.limits,
    aggressive: gate.sent.aggressive.filter(isCounted),
    amends: gate.sent.amends.filter(isCounted),
    markets: [...instruments.values()].map((market) => savedMarket(market, now)),
    parents: [...parents.values()].map(savedParent),
    markouts: savedMarkouts(parents, markouts),
  };
}

function savedMarkouts(
  parents: Context["parents"],
  { pending: { fills, counts } }: MarkoutClock<ParentState>,
): SavedState["markouts"] {
  const places = new Map<ParentState, number>();
  if (fills.length > 0) for (const parent of parents.values()) places.set(parent, places.size);
  let before = 0;
  return {
    parents: fills.map(({ owner }) => places.get(owner)!),
    executionIds: fills.map(({ executionId }) => executionId),
    filledAt: fills.map(({ filledAt }) => {
      const span = micros(filledAt - before);
      before = filledAt;
      return span;
    }),
    counts,
  };
}

function pendingOf(
  { parents }: Context,
  { parents: places, executionIds, filledAt, counts }: SavedState["markouts"],
): PendingMarkouts<ParentState> {
  const owners = [...parents.values()];
  let at = 0;
  const fills = executionIds.map((executionId, index) => {
    at += filledAt[index]!;
    return { owner: owners[places[index]!]!, executionId, filledAt: micros(at) };
  });
  return { fills, counts };
}

function savedMarket(market: InstrumentState, now: Micros): SavedMarket {
  const { id, positionLots, foreignLots, executedTo, session, sessionFrom } = market;
  const { isRecovering, recoveryTurnedAt, ownVolume, ownWindow, health } = market;
  ownWindow.roll(Math.floor(now / 1e6));
  return {
    id,
    positionLots,
    foreignLots,
    executedTo,
    session,
    sessionFrom,
    isRecovering,
    recoveryTurnedAt,
    ownVolume,
    ownWindow: ownWindow.entries,
    health,
  };
}

function savedParent(parent: ParentState): SavedParent {
  const {
    instrument: _instrument,
    limits: _limits,
    plan: _plan,
    strategy: _strategy,
    tactic: _tactic,
    filledAtAnchor: _filledAtAnchor,
    slice: _slice,
    dues: _dues,
    lastWait: _lastWait,
    wakeAt: _wakeAt,
    wakeBidAbove: _wakeBidAbove,
    wakeAskBelow: _wakeAskBelow,
    advised: _advised,
    history,
    ...kept
  } = parent;
  return {
    ...kept,
    adjustment: hasTerms(parent) ? parent.adjustment : undefined,
    // Of one that has ended its phase says it all.
    closing: isLive(parent) ? parent.closing : undefined,
    residualSent: isLive(parent) && parent.residualSent,
    spent: String(parent.spent),
    done: history.done,
    executions: parent.live.map(({ terms }) => history.executionsOf(terms.clientOrderId)),
  };
}

/** What an advisor alone has asked for ends with the process. */
const hasTerms = ({ adjustment }: ParentState): boolean =>
  adjustment?.amendment !== undefined || adjustment?.strategy !== undefined;

/** All that a state knows of has been archived. */
export const marksOf = ({ parents }: SavedState): ArchiveMarks =>
  new Map(parents.map(({ order, done }) => [order.id, done]));

export function archivedSince({ parents }: Context, marks: ArchiveMarks): Archive {
  const archive: Archive[number][] = [];
  for (const [id, { history }] of parents) {
    const piece = { id, ...history.since(marks.get(id) ?? NOTHING_DONE) };
    const { closed, fills, markouts, reasonings } = piece;
    if (closed.length + fills.length + markouts.length + reasonings.length === 0) continue;
    archive.push(piece);
    marks.set(id, history.done);
  }
  return archive;
}

/** Into an engine that has seen nothing. `saved` belongs to it from here on. */
export function restoreState(
  context: Context,
  markouts: MarkoutClock<ParentState>,
  saved: SavedState,
  archives: Iterable<Archive>,
): void {
  context.now = saved.now;
  context.gate.killed = saved.killed;
  context.gate.limits = saved.limits;
  for (const at of saved.aggressive) context.gate.recall("aggressive", at);
  for (const at of saved.amends) context.gate.recall("amend", at);
  const load = (): void => loadArchives(context, archives);
  for (const parent of saved.parents) restoreParent(context, parent, load);
  for (const market of saved.markets) restoreMarket(context, market);
  markouts.restore(pendingOf(context, saved.markouts));
}

function restoreMarket(context: Context, saved: SavedMarket): void {
  const market = context.instruments.get(saved.id)!;
  market.positionLots = saved.positionLots;
  market.foreignLots = saved.foreignLots;
  market.executedTo = saved.executedTo;
  market.session = saved.session;
  market.sessionFrom = saved.sessionFrom;
  market.isRecovering = saved.isRecovering;
  market.recoveryTurnedAt = saved.recoveryTurnedAt;
  market.ownVolume = saved.ownVolume;
  market.health = saved.health;
  for (const [second, lots] of saved.ownWindow) market.ownWindow.add(second, lots);
}

function restoreParent(context: Context, saved: SavedParent, load: () => void): void {
  const { spent, done, executions, ...kept } = saved;
  const market = context.instruments.get(kept.order.instrument)!;
  const { instrument } = market;
  const limits = strictest(kept.order, context.config, context.gate.limits, instrument);
  // Absent from JSON is undefined.
  const parent = new ParentState(kept.order, instrument, limits);
  Object.assign(parent, kept);
  parent.spent = BigInt(spent);
  parent.live = parent.live.map(whole);
  const live = parent.live.map((child, index) => [child, executions[index]!] as const);
  parent.history.goOn(done, live, load);
  context.parents.set(parent.order.id, parent);
  market.add(parent);
}

/** Into the histories of all parents at once. */
function loadArchives({ parents }: Context, archives: Iterable<Archive>): void {
  const past = new Map([...parents.keys()].map((id) => [id, newPast()]));
  for (const archive of archives) {
    for (const { id, closed, fills, markouts, reasonings } of archive) {
      const piece = past.get(id);
      if (piece === undefined)
        invariant(false, `an archive tells of ${id}, and the state does not`);
      for (const child of closed) piece.closed.push(whole(child));
      for (const fill of fills) piece.fills.push(fill);
      for (const markout of markouts) piece.markouts.push(markout);
      for (const reasoning of reasonings) piece.reasonings.push(reasoning);
    }
  }
  for (const [id, { history }] of parents) if (history.isArchived) history.takeUp(past.get(id)!);
}

const newPast = (): { -readonly [Kind in keyof Deeds]: Deeds[Kind][number][] } => ({
  closed: [],
  fills: [],
  markouts: [],
  reasonings: [],
});

/** What JSON leaves out of a child order. */
const whole = (child: ChildOrder): ChildOrder => ({
  ...child,
  limitPrice: child.limitPrice,
  pendingAmend: child.pendingAmend,
  closeReason: child.closeReason,
  closeText: child.closeText,
});
