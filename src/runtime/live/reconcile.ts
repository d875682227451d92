/**
 * Reconcile: whether the account is what it was and what the run has done to it.
 *
 * A difference means that somebody else trades on the account, or that a fill was never told. What
 * must stay true: it is news for a person, never a reason to trade.
 */
import { formatQuantity } from "../../core/domain/instrument.ts";
import { lots } from "../../core/domain/units.ts";
import type { InstrumentState } from "../../core/execution/instrument-state.ts";
import type { AccountSummary } from "../../venues/venue.ts";

/** Undefined where all is as it should be, or cannot be told: on spot, fees are taken in coins. */
export function positionDifference(
  { instrument, positionLots }: Pick<InstrumentState, "instrument" | "positionLots">,
  now: AccountSummary,
): string | undefined {
  if (instrument.kind === "spot" || now.positionLots === positionLots) return undefined;
  const text = (signed: number): string =>
    `${signed < 0 ? "-" : ""}${formatQuantity(instrument, lots(Math.abs(signed)))}`;
  return (
    `the account holds ${text(now.positionLots)}, and by what it held before and the fills of ` +
    `this run it would be ${text(positionLots)}: somebody else trades on it, or a fill was not told`
  );
}
