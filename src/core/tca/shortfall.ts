/**
 * Shortfall: what an execution cost against the paper trade at the decision price (Perold 1988),
 * and where that cost came from.
 *
 * The parts sum to the whole exactly, in every execution and for every kind of contract: each is a
 * difference of two worths per lot, times whole lots, and the worths telescope. The whole is
 * computed on its own path and compared. Signed: positive = paid.
 */
import { type Decimal, decimal, formatDecimal, rescale } from "../domain/decimal.ts";
import { invariant } from "../domain/errors.ts";
import { type Instrument, worthOfLot } from "../domain/instrument.ts";
import { feeToCash, floorToLotsWithin, quoteUnits } from "../domain/money.ts";
import type { ParentQuantity } from "../domain/parent-order.ts";
import { sign } from "../domain/side.ts";
import {
  atTick,
  type Cash,
  cash,
  type HalfTicks,
  halfTicks,
  type Lots,
  lots,
} from "../domain/units.ts";
import type { ExecutedFill, Execution } from "./execution.ts";

export interface ShortfallParts {
  /** side·S(P₀ − P_d): the market moved between the decision and the start. */
  readonly delay: Cash;
  /** side·Σs(p − m): half the spread or more when taking; under zero when it was earned. */
  readonly spread: Cash;
  /** side·Σs·d: our own earlier trading had moved the price. */
  readonly impact: Cash;
  /** side·Σs(m − d − P₀): the market moved by itself while we traded. */
  readonly timing: Cash;
  /** side·(S − Σs)(P_n − P₀): what was not done has become dearer. */
  readonly opportunity: Cash;
  /** Rebates are under zero. */
  readonly fees: Cash;
  readonly funding: Cash;
}

export interface Shortfall {
  /** S: what was asked for, in lots; a parent in money is counted at the decision price. */
  readonly intended: Lots;
  readonly filled: Lots;
  readonly total: Cash;
  readonly parts: ShortfallParts;
  /** The two sum to `parts.impact`. Undefined: a fill does not say what of it was permanent. */
  readonly impact: { readonly temporary: Cash; readonly permanent: Cash } | undefined;
  /** side·Σs(p − P_d): the filled part against the decision price, fees apart. */
  readonly filledPart: Cash;
  /** S lots at the decision price: what bps are of. Never negative. */
  readonly decisionNotional: Cash;
  /** The filled lots at the decision price: what bps of `filledPart` are of. */
  readonly filledNotional: Cash;
  /** Fees in a coin without a rate, in `total` and `parts` not at all. */
  readonly unpricedFees: readonly { readonly coin: string; readonly amount: string }[];
  /** False: nobody recorded funding, and its zero means "not known". */
  readonly fundingKnown: boolean;
}

/**
 * S in lots: a parent in quote coin is floored to lots at the decision price.
 * @throws InvariantError beyond 2^53 lots: such a parent is refused when it is submitted.
 */
export function intendedLots(
  instrument: Instrument,
  quantity: ParentQuantity,
  decisionPrice: HalfTicks,
): Lots {
  if (quantity.kind === "lots") return quantity.lots;
  const budget = quoteUnits(instrument, quantity.quote);
  return lots(Number(floorToLotsWithin(instrument, budget, decisionPrice)));
}

/** @throws InvariantError when an execution is counted twice, or the parts miss the whole. */
export function shortfall(execution: Execution): Shortfall {
  const { instrument, decisionPrice, fills } = execution;
  const side = BigInt(sign(execution.side));
  const worth = rememberedWorth(instrument);
  const intended = intendedLots(instrument, execution.quantity, decisionPrice);
  const filled = lots(fills.reduce((sum, { fill }) => sum + fill.quantity, 0));
  const rest = BigInt(intended) - BigInt(filled);
  const [decided, arrived] = [worth(decisionPrice), worth(execution.arrivalPrice)];
  const ended = worth(execution.horizonPrice);

  const seen = new Set<string>();
  let [spread, impact, timing, paid] = [0n, 0n, 0n, 0n];
  for (const { fill, midBefore, displacement } of fills) {
    invariant(!seen.has(fill.executionId), `counted twice: execution ${fill.executionId}`);
    seen.add(fill.executionId);
    const quantity = BigInt(fill.quantity);
    const [price, mid] = [worth(atTick(fill.price)), worth(midBefore)];
    const undisturbed = worth(halfTicks(midBefore - displacement));
    spread += quantity * (price - mid);
    impact += quantity * (mid - undisturbed);
    timing += quantity * (undisturbed - arrived);
    paid += quantity * price;
  }
  const fees = totalFees(execution);
  const funding = (execution.funding ?? []).reduce((sum, { amount }) => sum + amount, 0n);
  const parts: ShortfallParts = {
    delay: cash(side * BigInt(intended) * (arrived - decided)),
    spread: cash(side * spread),
    impact: cash(side * impact),
    timing: cash(side * timing),
    opportunity: cash(side * rest * (ended - arrived)),
    fees: fees.amount,
    funding: cash(funding),
  };
  // The paper trade's gain less the true one's: Perold's definition, without any of the parts.
  const paperGain = BigInt(intended) * (ended - decided);
  const trueGain = BigInt(filled) * ended - paid;
  const total = cash(side * (paperGain - trueGain) + fees.amount + funding);
  const sum = Object.values<bigint>({ ...parts }).reduce((a, b) => a + b, 0n);
  invariant(sum === total, `the parts of the shortfall miss the whole: ${sum} and ${total}`);
  return {
    intended,
    filled,
    total,
    parts,
    impact: splitImpact(execution, worth, parts.impact),
    filledPart: cash(side * (paid - BigInt(filled) * decided)),
    decisionNotional: cash(BigInt(intended) * magnitude(decided)),
    filledNotional: cash(BigInt(filled) * magnitude(decided)),
    unpricedFees: fees.unpriced,
    fundingKnown: execution.funding !== undefined || instrument.kind === "spot",
  };
}

/** Ten-thousandths of a notional, as an estimate; undefined of nothing. */
export const bpsOf = (amount: Cash, notional: Cash): number | undefined =>
  notional === 0n ? undefined : (Number(amount) / Number(notional)) * 10_000;

export const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/** One rounding per price, made once: inverse worth is the same wherever a price is used. */
export function rememberedWorth(instrument: Instrument): (price: HalfTicks) => Cash {
  const known = new Map<HalfTicks, Cash>();
  return (price) => {
    let worth = known.get(price);
    if (worth === undefined) {
      worth = worthOfLot(instrument, price);
      known.set(price, worth);
    }
    return worth;
  };
}

/** From the undisturbed mid to the mid by way of what stays: the two steps sum exactly. */
function splitImpact(
  execution: Execution,
  worth: (price: HalfTicks) => Cash,
  impact: Cash,
): Shortfall["impact"] {
  let permanent = 0n;
  for (const { fill, midBefore, displacement, permanentDisplacement } of execution.fills) {
    if (displacement === 0 && permanentDisplacement === undefined) continue;
    if (permanentDisplacement === undefined) return undefined;
    const undisturbed = halfTicks(midBefore - displacement);
    const lasting = worth(halfTicks(undisturbed + permanentDisplacement));
    permanent += BigInt(fill.quantity) * (lasting - worth(undisturbed));
  }
  permanent *= BigInt(sign(execution.side));
  return { temporary: cash(impact - permanent), permanent: cash(permanent) };
}

/** What a fee is counted from. */
type FeeOf = Pick<ExecutedFill, "feeRate"> & { readonly fill: Parameters<typeof feeToCash>[1] };

export function totalFees({
  instrument,
  fills,
}: {
  readonly instrument: Instrument;
  readonly fills: readonly FeeOf[];
}): { amount: Cash; unpriced: Shortfall["unpricedFees"] } {
  let amount = 0n;
  const unpriced = new Map<string, Decimal>();
  for (const { fill, feeRate } of fills) {
    const converted = feeToCash(instrument, fill, feeRate);
    if (converted !== undefined) {
      amount += converted;
      continue;
    }
    const fee = decimal(fill.fee);
    const before = unpriced.get(fill.feeCoin) ?? { mantissa: 0n, scale: 0 };
    const scale = Math.max(before.scale, fee.scale);
    const mantissa = rescale(before, scale) + rescale(fee, scale);
    unpriced.set(fill.feeCoin, { mantissa, scale });
  }
  return {
    amount: cash(amount),
    unpriced: [...unpriced].map(([coin, sum]) => ({ coin, amount: formatDecimal(sum) })),
  };
}
