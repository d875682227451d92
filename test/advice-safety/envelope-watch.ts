/**
 * Envelope watch: whether advice ever leads further than its terms allow.
 *
 * Two ways: what the engine's own envelope says after each event, and a second opinion that knows
 * the decisions and the plan alone: what was aimed at, less what the strategy asked for when the
 * slice was first looked at, which stands until it ends. What must stay true: the second opinion
 * shares no figure with the envelope.
 */
import type { AdviceTerms } from "../../src/core/contracts/advice.ts";
import type { Plan, Target } from "../../src/core/contracts/strategy.ts";
import type { EngineOutput } from "../../src/core/domain/messages.ts";
import type { ParentState } from "../../src/core/execution/parent-state.ts";
import { requireLaw } from "../../src/testing/law-broken.ts";
import type { Oracle } from "../../src/testing/oracle.ts";

const LAW = "envelope";
const EPSILON = 1e-6;

export class EnvelopeWatch {
  isCanceled = false;
  /** Shares of the order. */
  last = { moved: 0, crossed: 0 };
  readonly #terms: AdviceTerms;
  readonly #most: number;
  /** By the second opinion, lots: where aims were last, and all their moves. */
  #ahead = 0;
  #moves = 0;
  #decisions = 0;
  #plan: unknown;
  #total: number | undefined;
  #slice: { readonly plan: Plan; readonly target: Target } | undefined;

  constructor(terms: AdviceTerms) {
    this.#terms = terms;
    this.#most = Math.max(...Object.values(terms.influence));
  }

  /** The engine has asked the order's own strategy. */
  asked(plan: Plan, target: Target): void {
    const slice = this.#slice;
    const isSame = slice?.plan === plan && slice.target.sliceFrom === target.sliceFrom;
    if (!isSame) this.#slice = { plan, target };
  }

  see(output: EngineOutput, now: number, oracle: Oracle): void {
    if (output.kind === "parent-moved" && output.reason.startsWith("on advice")) {
      this.isCanceled = true;
      const isAllowed = this.#terms.mayCancel && this.#most > 0;
      requireLaw(LAW, isAllowed, `${output.parentId} was canceled on advice without permission`);
    }
    if (output.kind !== "decision-made" || this.#total === undefined) return;
    const { decision } = output;
    const book = oracle.books.get(decision.parentId)!;
    const { anchored, order } = book;
    if (anchored === undefined || now >= order.deadline) return;
    if (anchored.plan !== this.#plan) {
      this.#plan = anchored.plan;
      this.#moves += Math.abs(this.#ahead);
      this.#ahead = 0;
    }
    const { plan, target } = this.#slice!;
    requireLaw(LAW, plan === anchored.plan, "it decides by a plan that is not in force");
    const ahead = decision.slice.target - target.quantity;
    this.#moves += Math.abs(ahead - this.#ahead);
    this.#ahead = ahead;
    this.#decisions += 1;
    const { corridor, variation } = this.#terms.envelope;
    const text = `${ahead} lots ahead of plan by decision ${decision.number} of ${this.#total}`;
    requireLaw(LAW, Math.abs(ahead) <= corridor * this.#total + EPSILON, `${text}: the corridor`);
    // A target is whole lots: each decision may round by one.
    const most = this.#most * variation * this.#total + this.#decisions + EPSILON;
    requireLaw(LAW, this.#moves <= most, `${text}: moved ${this.#moves} of ${most}`);
    if (this.#most === 0) requireLaw(LAW, ahead === 0, `${text} without influence`);
  }

  after(parent: ParentState | undefined): void {
    const advised = parent?.advised;
    if (advised === undefined) return;
    this.#total = advised.total;
    const { deviation, moved, crossed } = advised.envelope;
    const { corridor, variation, crossing } = this.#terms.envelope;
    const check = (what: string, is: number, most: number): void =>
      requireLaw(
        LAW,
        Number.isFinite(is) && is <= most * advised.total + EPSILON,
        `${what} ${is}, at most ${most * advised.total}`,
      );
    check("deviation", Math.abs(deviation), corridor);
    check("moved and to move", moved + Math.abs(deviation), this.#most * variation);
    check("crossed", crossed, this.#most * crossing);
    // Where the order ends ahead of its plan, the plan does the way back by itself.
    const back = Math.abs(deviation);
    this.last = { moved: (moved + back) / advised.total, crossed: crossed / advised.total };
  }
}
