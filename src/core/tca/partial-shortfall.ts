/**
 * Partial shortfall: what can be said of the cost of an execution of which something is unknown.
 *
 * Each part stands if all that it needs is known, and is undefined otherwise: never a zero in place
 * of a figure. What must stay true: where every part is there, they sum to the whole exactly.
 */
import { invariant } from "../domain/errors.ts";
import { sign } from "../domain/side.ts";
import { atTick, type Cash, cash, type HalfTicks, type Lots, lots } from "../domain/units.ts";
import type { Execution, PartialExecution } from "./execution.ts";
import {
  intendedLots,
  magnitude,
  rememberedWorth,
  type Shortfall,
  shortfall,
  type ShortfallParts,
  totalFees,
} from "./shortfall.ts";

/** As `Shortfall`, with undefined for unknown. */
export interface PartialShortfall {
  /** What was filled, where nobody said what was asked for. */
  readonly intended: Lots;
  readonly filled: Lots;
  readonly total: Cash | undefined;
  readonly beforeFees: Cash | undefined;
  readonly parts: { readonly [Part in keyof ShortfallParts]: Cash | undefined };
  /** side·Σs(p − P₀): spread, impact and timing in one, for fills without a mid. */
  readonly whileTrading: Cash | undefined;
  readonly impact: Shortfall["impact"];
  readonly filledPart: Cash | undefined;
  readonly decisionNotional: Cash | undefined;
  readonly filledNotional: Cash | undefined;
  readonly unpricedFees: Shortfall["unpricedFees"];
  readonly fundingKnown: boolean;
}

/** @throws InvariantError when an execution is counted twice, or the parts miss the whole. */
export function partialShortfall(execution: PartialExecution): PartialShortfall {
  if (isWhole(execution)) return ofWhole(shortfall(execution));
  const { instrument } = execution;
  const side = BigInt(sign(execution.side));
  const worth = rememberedWorth(instrument);
  const sums = sumsOf(execution, worth);
  const { filled, paid } = sums;
  const intended = intendedOf(execution, filled);
  const rest = intended === undefined ? 0n : BigInt(intended) - filled;
  const asked = filled + rest;
  const of = (price: HalfTicks | undefined): bigint | undefined =>
    price === undefined ? undefined : worth(price);
  const [decided, arrived] = [of(execution.decisionPrice), of(execution.arrivalPrice)];
  const ended = of(execution.horizonPrice);
  // Nothing is left over to be marked: no horizon price is needed.
  const left = (base: bigint): bigint | undefined =>
    rest === 0n ? 0n : ended === undefined ? undefined : rest * (ended - base);

  const signed = (amount: bigint | undefined): Cash | undefined =>
    amount === undefined ? undefined : cash(side * amount);
  const against = (base: bigint | undefined): Cash | undefined => {
    const opportunity = base === undefined ? undefined : left(base);
    if (base === undefined || opportunity === undefined) return undefined;
    return signed(paid - filled * base + opportunity);
  };
  const beforeFees = against(decided);
  const fees = feesOf(execution);
  const funding = cash((execution.funding ?? []).reduce((sum, { amount }) => sum + amount, 0n));
  const moved = sums.mids === undefined || arrived === undefined ? undefined : sums.mids;
  const parts: PartialShortfall["parts"] = {
    delay: signed(
      arrived === undefined || decided === undefined ? undefined : asked * (arrived - decided),
    ),
    spread: signed(sums.mids === undefined ? undefined : paid - sums.mids),
    impact: impactOf(execution, signed(sums.impact)),
    timing: signed(
      moved === undefined || sums.impact === undefined
        ? undefined
        : moved - sums.impact - filled * arrived!,
    ),
    opportunity:
      intended === undefined || arrived === undefined ? undefined : signed(left(arrived)),
    fees: fees?.amount,
    funding,
  };
  checkSum(parts, beforeFees);
  return {
    intended: intended ?? lots(Number(filled)),
    filled: lots(Number(filled)),
    total:
      beforeFees === undefined || fees === undefined
        ? undefined
        : cash(beforeFees + fees.amount + funding),
    beforeFees,
    parts,
    whileTrading: signed(arrived === undefined ? undefined : paid - filled * arrived),
    impact: undefined,
    filledPart: signed(decided === undefined ? undefined : paid - filled * decided),
    decisionNotional: decided === undefined ? undefined : cash(asked * magnitude(decided)),
    filledNotional: decided === undefined ? undefined : cash(filled * magnitude(decided)),
    unpricedFees: fees?.unpriced ?? [],
    fundingKnown: execution.funding !== undefined || instrument.kind === "spot",
  };
}

function isWhole(execution: PartialExecution): execution is Execution {
  return (
    execution.displacementModel !== "unknown" &&
    execution.quantity !== undefined &&
    execution.decisionPrice !== undefined &&
    execution.arrivalPrice !== undefined &&
    execution.horizonPrice !== undefined &&
    execution.fills.every(
      ({ fill, midBefore }) =>
        midBefore !== undefined && fill.fee !== undefined && fill.feeCoin !== undefined,
    )
  );
}

function ofWhole(cost: Shortfall): PartialShortfall {
  const { parts, total } = cost;
  return {
    ...cost,
    beforeFees: cash(total - parts.fees - parts.funding),
    whileTrading: cash(parts.spread + parts.impact + parts.timing),
  };
}

/** In lots; undefined where nobody said it, or where money cannot be counted without a price. */
function intendedOf(execution: PartialExecution, filled: bigint): Lots | undefined {
  const { instrument, quantity, decisionPrice } = execution;
  if (quantity === undefined) return undefined;
  if (quantity.kind === "lots") return quantity.lots;
  return decisionPrice === undefined
    ? lots(Number(filled))
    : intendedLots(instrument, quantity, decisionPrice);
}

interface Sums {
  readonly filled: bigint;
  /** Worths per lot times lots: of the prices paid … */
  readonly paid: bigint;
  /** … of the mids before the fills, if all are known, and of what our own trading moved them. */
  readonly mids: bigint | undefined;
  readonly impact: bigint | undefined;
}

function sumsOf(execution: PartialExecution, worth: (price: HalfTicks) => Cash): Sums {
  const seen = new Set<string>();
  let [filled, paid, mids, impact] = [0n, 0n, 0n, 0n];
  let areKnown = true;
  for (const { fill, midBefore, displacement } of execution.fills) {
    invariant(!seen.has(fill.executionId), `counted twice: execution ${fill.executionId}`);
    seen.add(fill.executionId);
    const quantity = BigInt(fill.quantity);
    filled += quantity;
    paid += quantity * worth(atTick(fill.price));
    if (midBefore === undefined) {
      areKnown = false;
      continue;
    }
    const mid = worth(midBefore);
    mids += quantity * mid;
    const undisturbed = displacement === 0 ? mid : worth((midBefore - displacement) as HalfTicks);
    impact += quantity * (mid - undisturbed);
  }
  return areKnown
    ? { filled, paid, mids, impact }
    : { filled, paid, mids: undefined, impact: undefined };
}

/** Where nothing tells how far we moved the market, impact is not nought but inside timing. */
const impactOf = (
  { displacementModel }: PartialExecution,
  impact: Cash | undefined,
): Cash | undefined => (displacementModel === "unknown" ? undefined : impact);

/** Undefined as soon as the fee of one fill is. */
function feesOf({ instrument, fills }: PartialExecution): ReturnType<typeof totalFees> | undefined {
  const known = fills.flatMap(({ fill, feeRate }) =>
    fill.fee === undefined || fill.feeCoin === undefined
      ? []
      : [
          {
            fill: { fee: fill.fee, feeCoin: fill.feeCoin, price: fill.price },
            ...(feeRate === undefined ? {} : { feeRate }),
          },
        ],
  );
  return known.length === fills.length ? totalFees({ instrument, fills: known }) : undefined;
}

/** Where all parts but an impact that is inside timing are known, they make up the whole. */
function checkSum(parts: PartialShortfall["parts"], beforeFees: Cash | undefined): void {
  const { delay, spread, impact, timing, opportunity } = parts;
  if (delay === undefined || spread === undefined || timing === undefined) return;
  if (opportunity === undefined || beforeFees === undefined) return;
  const sum = delay + spread + (impact ?? 0n) + timing + opportunity;
  invariant(sum === beforeFees, `the parts of the shortfall miss the whole: ${sum}`);
}
