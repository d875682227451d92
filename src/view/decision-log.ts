/**
 * Decision log: what was decided for one order, in words; the newest are kept.
 */
import { formatPrice, formatQuantity, type Instrument } from "../core/domain/instrument.ts";
import type { Action, Decision, DecisionSource } from "../core/domain/decision.ts";
import { quantityUnit } from "../core/tca/report.ts";
import { unreachable } from "../core/domain/errors.ts";
import type { DecisionView } from "./shapes.ts";
import { clockText, refusalText } from "./words.ts";

const KEPT = 500;
const SLACK = 250;

type Noted = Omit<Decision, "parentId" | "slice" | "market"> & {
  readonly refusal?: { readonly code: string };
};

export class DecisionLog {
  #decisions: Noted[] = [];
  /** Number of the first that was told, and who chose where it was not the plan itself. */
  #first: number | undefined;
  readonly #sources = new Map<number, DecisionSource>();

  add({ number, time, action, reasoning, risk, confidence, source }: Decision): void {
    this.#first ??= number;
    if (source !== "baseline") this.#sources.set(number, source);
    this.#decisions.push({ number, time, action, reasoning, risk, confidence, source });
    if (this.#decisions.length > KEPT + SLACK) this.#decisions = this.#decisions.slice(-KEPT);
  }

  /** The gate did not let its order through. */
  refused(number: number, refusal: { readonly code: string }): void {
    const at = this.#decisions.findLastIndex((it) => it.number === number);
    const decision = this.#decisions[at];
    if (decision !== undefined) this.#decisions[at] = { ...decision, refusal };
  }

  /** Who chose; null: it was before anything was told. */
  sourceOf(number: number): DecisionSource | null {
    if (this.#first === undefined || number < this.#first) return null;
    return this.#sources.get(number) ?? "baseline";
  }

  /** Oldest first. */
  newest(instrument: Instrument, most: number): readonly DecisionView[] {
    return this.#decisions
      .slice(-Math.min(most, KEPT))
      .map(({ number, time, action, reasoning, risk, confidence, source, refusal }) => ({
        number,
        time,
        action: action.kind,
        text: actionText(instrument, action),
        reasoning,
        risk,
        confidence,
        source,
        refusal: refusal === undefined ? null : refusalText(refusal),
      }));
  }
}

export function actionText(instrument: Instrument, action: Action): string {
  const size = (quantity: Extract<Action, { kind: "aggressive" }>["quantity"]): string =>
    `${formatQuantity(instrument, quantity)} ${quantityUnit(instrument)}`;
  switch (action.kind) {
    case "aggressive":
      return `take ${size(action.quantity)}`;
    case "passive":
      return `rest ${size(action.quantity)} at ${formatPrice(instrument, action.limitPrice)}`;
    case "wait":
      return `wait until ${clockText(action.until)}: ${action.reason}`;
    case "accelerate":
    case "decelerate":
      return `${action.kind} to ${action.rate} times the plan's rate`;
    case "cancel":
      return `cancel: ${action.reason}`;
    default:
      return unreachable(action);
  }
}
