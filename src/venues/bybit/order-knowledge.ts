/**
 * Order knowledge: the newest that the venue has said of one order, and its executions.
 *
 * What must stay true: what is old, or was said before, changes nothing; and each execution counts
 * once.
 */
import type { ChildOrder, Fill } from "../../core/domain/child-order.ts";
import { type Lots, lots, NO_LOTS } from "../../core/domain/units.ts";
import { isOlder, type OrderSighting } from "./order-sighting.ts";

export class OrderKnowledge {
  /** What was told of its end in sum, before anything was seen here. */
  readonly #told: number;
  /** The newest. */
  seen: OrderSighting | undefined;
  /** In executions that came one by one. */
  executed: Lots;
  /** What was said at the very time of `seen`: what is said again brings nothing new. */
  readonly #saidThen = new Set<string>();
  readonly #executions: Set<string>;

  /** What a run before knew of it, where there was one. */
  constructor(child?: Readonly<ChildOrder>, executionIds: readonly string[] = []) {
    this.executed = child?.cumulative ?? NO_LOTS;
    this.#told = child?.finalCumulative ?? 0;
    this.#executions = new Set(executionIds);
  }

  /** Executed by the venue's count, and not told of one by one. */
  get missing(): number {
    return Math.max(0, Math.max(this.seen?.cumulative ?? 0, this.#told) - this.executed);
  }

  /** Whether it says something that was not known. */
  take(sighting: OrderSighting): boolean {
    const { seen } = this;
    if (seen !== undefined && isOlder(sighting, seen)) return false;
    const { limitPrice, quantity, cumulative, standing, updatedAt } = sighting;
    const said = `${limitPrice}/${quantity}/${cumulative}/${standing}`;
    if (seen === undefined || updatedAt > seen.updatedAt) this.#saidThen.clear();
    else if (this.#saidThen.has(said)) return false;
    this.#saidThen.add(said);
    this.seen = sighting;
    return true;
  }

  /** False: it was known. */
  takeExecution({ executionId, quantity }: Fill): boolean {
    if (this.#executions.has(executionId)) return false;
    this.#executions.add(executionId);
    this.executed = lots(this.executed + quantity);
    return true;
  }
}
