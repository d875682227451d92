/**
 * Resume terms: what a venue is told of the run that is gone on with.
 *
 * What must stay true: they come from what the journal tells, and need none of its archives.
 */
import { micros } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import { hasSent } from "../../core/execution/order-manager.ts";
import type { OpenTerms } from "../../venues/venue.ts";

export function resumeTerms(engine: Engine, epochNanos: bigint): OpenTerms {
  const { positionLots, executedTo: told } = engine.instruments[0]!;
  const executedTo = told ?? micros(Number(epochNanos / 1000n));
  const wasSent = (id: string): boolean =>
    [...engine.parents.values()].some((parent) => hasSent(parent, id));
  return { isResumed: true, epochNanos, positionLots, executedTo, wasSent };
}
