/**
 * Context: what one step of the engine works on, handed to each stage in turn.
 */
import type { Strategy } from "../contracts/strategy.ts";
import type { TacticKind } from "../contracts/tactic.ts";
import { invariant } from "../domain/errors.ts";
import type { EngineOutput } from "../domain/messages.ts";
import { PARENT_TRANSITIONS, type ParentPhase } from "../domain/parent-order.ts";
import type { Micros } from "../domain/units.ts";
import type { InstrumentState } from "./instrument-state.ts";
import type { ExecutionConfig } from "./limits.ts";
import { type Closing, isLive, type ParentState } from "./parent-state.ts";
import type { RiskGate } from "./risk-gate.ts";

export interface Context {
  /** Time of the event in hand. */
  now: Micros;
  readonly gate: RiskGate;
  readonly config: ExecutionConfig;
  readonly strategies: ReadonlyMap<string, Strategy>;
  readonly tactics: ReadonlyMap<string, TacticKind>;
  readonly seed: number;
  readonly instruments: ReadonlyMap<string, InstrumentState>;
  readonly parents: Map<string, ParentState>;
  /** Commands and facts of the step in hand, in order. */
  outputs: EngineOutput[];
}

/** The parent's market. @throws InvariantError: parents are checked when they are submitted. */
export function marketOf(context: Context, parent: ParentState): InstrumentState {
  const market = context.instruments.get(parent.order.instrument);
  if (market === undefined) invariant(false, `no market for ${parent.order.instrument}`);
  return market;
}

/** Moves a parent along its life cycle and says so. A move to the same phase is no move. */
export function moveParent(
  context: Context,
  parent: ParentState,
  to: ParentPhase,
  reason: string,
  heading?: Closing["to"],
): void {
  const from = parent.phase;
  if (from === to) return;
  invariant(PARENT_TRANSITIONS[from].includes(to), `${parent.order.id}: ${from} → ${to}`);
  enterPhase(context, parent, to, reason);
  const moved = { kind: "parent-moved", parentId: parent.order.id, from, to, reason } as const;
  context.outputs.push(heading === undefined ? moved : { ...moved, heading });
}

/** The move itself, told or not. */
export function enterPhase(
  context: Context,
  parent: ParentState,
  to: ParentPhase,
  reason: string,
): void {
  parent.phase = to;
  parent.reason = reason;
  if (isLive(parent)) return;
  parent.endedAt = context.now;
  const market = marketOf(context, parent);
  parent.marketAtEnd = market.totals;
  parent.midAtEnd = market.observer.lastMid;
}

export function raiseAlert(
  context: Context,
  severity: "info" | "warning" | "critical",
  code: string,
  text: string,
): void {
  context.outputs.push({ kind: "raise-alert", severity, code, text });
}
