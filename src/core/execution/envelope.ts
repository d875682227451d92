/**
 * Envelope: how far advice has led one order from its classical plan, and how far it still may.
 *
 * What is aimed at is the plan plus a deviation. The sum of its moves to and fro is bounded, and
 * what it takes to come back to the plan is kept in reserve; so whatever is advised, the order ends
 * with its plan and pays at most `envelopeBound` more. What must stay true, at each instant:
 * |deviation| ≤ corridor and moved + |deviation| ≤ variation.
 */
import type { EnvelopeTerms } from "../contracts/advice.ts";
import { type Bps, type Lots, lots } from "../domain/units.ts";

export interface Steered {
  /** To be added to the plan's target; signed lots, negative = behind it. */
  readonly ahead: number;
  /** Of what is late, what is not crossed for. */
  readonly withheld: Lots;
}

export class Envelope {
  /** All in lots. */
  readonly #corridor: number;
  readonly #variation: number;
  readonly #crossing: number;
  /** Signed: what is aimed at less the plan, what is withheld counted as behind it. */
  #deviation = 0;
  /** Signed: what is aimed at less the plan; over the deviation by what is withheld. */
  #aimed = 0;
  #moved = 0;
  #crossed = 0;

  /** @param total lots of the whole order. */
  constructor(terms: EnvelopeTerms, total: Lots) {
    this.#corridor = terms.corridor * total;
    this.#variation = terms.variation * total;
    this.#crossing = terms.crossing * total;
  }

  get deviation(): number {
    return this.#deviation;
  }
  /** What was aimed at last, less the plan. */
  get aimed(): number {
    return Math.trunc(this.#aimed);
  }
  /** Sum of all moves of the deviation so far. */
  get moved(): number {
    return this.#moved;
  }
  get crossed(): number {
    return this.#crossed;
  }

  /**
   * Goes as far towards what is wanted as the envelope allows.
   *
   * @param ahead signed lots; finite. @param withheld lots, ≥ 0.
   */
  steer(ahead: number, withheld: number): Steered {
    const from = this.#deviation;
    const reached = this.#moveTo(ahead - withheld);
    // Of the two ways to be behind, holding back what is late comes second; who is ahead does not.
    const wished = Math.max(reached, Math.min(ahead, reached + withheld, Math.max(0, reached)));
    const aimed = this.#aimAt(wished, Math.abs(reached - from));
    return { ahead: Math.trunc(aimed), withheld: lots(Math.ceil(aimed - reached)) };
  }

  /** How much may still be crossed for on advice alone. */
  get crossingLeft(): Lots {
    return lots(Math.max(0, Math.floor(this.#crossing - this.#crossed)));
  }

  cross(quantity: number): void {
    this.#crossed += quantity;
  }

  /** The plan was made anew from where the order is: what was deviated is given back by it. */
  rebase(): void {
    this.#moved += Math.abs(this.#deviation);
    this.#deviation = 0;
    this.#aimed = 0;
  }

  /**
   * What is withheld may fill all the same: from withholding to aiming lower and back the deviation
   * stands still, and what is done does not. So moves of the aim are paid for too.
   *
   * @param paid by the move of the deviation.
   */
  #aimAt(wished: number, paid: number): number {
    const left = this.#variation - this.#moved - Math.abs(this.#deviation);
    const most = paid + Math.max(0, left);
    const aimed = Math.min(this.#aimed + most, Math.max(this.#aimed - most, wished));
    this.#moved += Math.max(0, Math.abs(aimed - this.#aimed) - paid);
    this.#aimed = aimed;
    return aimed;
  }

  #moveTo(wanted: number): number {
    const from = this.#deviation;
    const aimed = Math.min(this.#corridor, Math.max(-this.#corridor, wanted));
    const isReturn = aimed * from >= 0 && Math.abs(aimed) <= Math.abs(from);
    const reached = isReturn
      ? aimed
      : Math.sign(aimed) * Math.min(Math.abs(aimed), this.#farthest(aimed * from < 0));
    this.#moved += Math.abs(reached - from);
    this.#deviation = reached;
    return reached;
  }

  /** Going there and coming back must be paid for. */
  #farthest(isAcross: boolean): number {
    const here = Math.abs(this.#deviation);
    const left = this.#variation - this.#moved;
    return Math.max(0, (isAcross ? left - here : left + here) / 2);
  }
}

export interface EnvelopeBound {
  /** Most that advice can cost against the plan, in bps of the whole order's worth. */
  readonly oneSigma: Bps;
  readonly threeSigma: Bps;
  /** Of it, what crossing may cost. */
  readonly crossing: Bps;
}

/** Of the range of a Brownian motion over a time in which it spreads by 1 (Feller 1951). */
const RANGE_MEAN = Math.sqrt(8 / Math.PI);
const RANGE_SIGMA = Math.sqrt(4 * Math.LN2 - 8 / Math.PI);

/**
 * ½ · range(P) · TV(D) + crossing, with the range at one and three sigma above its mean.
 *
 * @param spanBps standard deviation of the price over the order's span.
 * @param crossingBps most that crossing one lot costs more than posting it: spread and fees.
 */
export function envelopeBound(
  { variation, crossing }: EnvelopeTerms,
  spanBps: Bps,
  crossingBps: Bps,
): EnvelopeBound {
  const crossed = crossing * Math.max(0, crossingBps);
  const at = (sigmas: number): Bps =>
    0.5 * variation * (RANGE_MEAN + sigmas * RANGE_SIGMA) * spanBps + crossed;
  return { oneSigma: at(1), threeSigma: at(3), crossing: crossed };
}
