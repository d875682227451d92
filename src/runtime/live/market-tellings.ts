/**
 * Market tellings: what a venue says of its market besides, gathered until it is worth an event.
 *
 * A venue says it many times a second, and the journal keeps each event for good. What must stay
 * true: however often and much is said, an event has at most 20 liquidations, and there is at most
 * one in five seconds; figures alone wait for half a minute, and what has not changed is not told
 * again.
 */
import type { Liquidation, MarketTold } from "../../core/domain/messages.ts";

const FIGURES_NANOS = 30e9;
const LIQUIDATIONS_NANOS = 5e9;
const MOST_LIQUIDATIONS = 20;

type Figures = Omit<MarketTold, "liquidations">;

export class MarketTellings {
  #heard: Figures = {};
  #told: Figures = {};
  #liquidations: Liquidation[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;

  hear({ liquidations = [], ...figures }: MarketTold): void {
    Object.assign(this.#heard, figures);
    if (liquidations.length === 0) return;
    this.#liquidations = [...this.#liquidations, ...liquidations].slice(-MOST_LIQUIDATIONS);
  }

  /**
   * What is worth an event now; undefined: nothing is.
   *
   * @param now nanoseconds, by any clock that does not fall.
   */
  take(now: number): MarketTold | undefined {
    const liquidations = this.#liquidations;
    const hasLiquidations = liquidations.length > 0;
    const after = hasLiquidations ? LIQUIDATIONS_NANOS : FIGURES_NANOS;
    if (now - this.#toldAt < after) return undefined;
    const changed = Object.entries(this.#heard).filter(
      ([name, value]) => this.#told[name as keyof Figures] !== value,
    );
    if (changed.length === 0 && !hasLiquidations) return undefined;
    this.#toldAt = now;
    this.#told = { ...this.#heard };
    this.#liquidations = [];
    return { ...Object.fromEntries(changed), ...(hasLiquidations ? { liquidations } : {}) };
  }
}
