/**
 * Report: one execution's cost analysis as plain JSON, for `--json` and for every page that shows
 * it.
 *
 * Money and prices are exact decimal text; estimates are numbers with their unit in the name; what
 * is not known is null and never 0. Targets stand apart from results and are not judged here.
 */
import { formatDecimal, toNumber, trimDecimal } from "../domain/decimal.ts";
import {
  cashScale,
  formatHalfPrice,
  formatPrice,
  formatQuantity,
  type Instrument,
  settleCoin,
} from "../domain/instrument.ts";
import type { Side } from "../domain/side.ts";
import type { Bps, Cash, Fraction, HalfTicks, Lots } from "../domain/units.ts";
import type { DisplacementModel, OrderKind, PartialExecution, PartialFill } from "./execution.ts";
import {
  childOutcomes,
  type ChildStatus,
  type Metrics,
  metrics,
  type OverFills,
} from "./metrics.ts";
import { type PartialShortfall, partialShortfall } from "./partial-shortfall.ts";
import { bpsOf, type Shortfall, type ShortfallParts } from "./shortfall.ts";

/** Positive = paid. */
export interface Cost {
  /** In the settlement coin; null: unknown. */
  readonly cash: string | null;
  readonly bps: Bps | null;
}

export interface FigureOverFills {
  readonly value: number | null;
  readonly fills: number;
  readonly of: number;
}

export interface ChildRow {
  readonly id: string;
  readonly timeMicros: number;
  readonly kind: OrderKind;
  readonly timeInForce: string;
  readonly quantity: string;
  /** Null: a market order. */
  readonly limitPrice: string | null;
  readonly filled: string;
  readonly vwap: string | null;
  readonly status: ChildStatus;
  readonly closeText: string | null;
  readonly reasoning: string;
  /** Against the arrival mid. */
  readonly costBps: Bps | null;
}

export interface ExecutionReport {
  readonly instrument: Pick<Instrument, "venue" | "symbol" | "kind" | "base" | "quote"> & {
    readonly settle: string;
    /** What a quantity counts: a coin, or "contracts". */
    readonly quantityUnit: string;
  };
  readonly side: Side;
  readonly startMicros: number;
  readonly endMicros: number;
  readonly quantity: {
    /** Money asked for, in quote coin; null where the parent was given in lots. */
    readonly notional: string | null;
    /** A parent in money is counted at the decision price. */
    readonly intended: string;
    readonly filled: string;
    /** Under zero where a parent in money filled cheaper than decided. */
    readonly remaining: string;
  };
  readonly prices: {
    readonly decision: string | null;
    readonly arrival: string | null;
    readonly horizon: string | null;
    readonly vwap: string | null;
    readonly marketVwapWithoutOwn: number | null;
    readonly marketVwapWithOwn: number | null;
  };
  /** What bps are of: the intended quantity at the decision price, in the settlement coin. */
  readonly decisionNotional: string | null;
  readonly shortfall: {
    /** The full order (Perold), fees and funding included. */
    readonly total: Cost;
    readonly beforeFees: Cost;
    readonly parts: { readonly [Part in keyof ShortfallParts]: Cost };
    /** Spread, impact and timing in one: side·Σs(p − P₀). */
    readonly whileTrading: Cost;
    readonly impact: { readonly temporary: Cost; readonly permanent: Cost } | null;
    readonly displacementModel: DisplacementModel;
    /** The filled part against the decision price, fees apart; bps of its own notional. */
    readonly filledPart: Cost;
    readonly fundingKnown: boolean;
    readonly unpricedFees: Shortfall["unpricedFees"];
    /** Fills whose mid was only estimated: so are their spread and timing. */
    readonly estimatedMids: number;
    /** Fills whose mid was read from a market recording, and fills without any. */
    readonly recordedMids: number;
    readonly unknownMids: number;
  };
  readonly metrics: {
    readonly vwapSlippageBps: { readonly withoutOwn: Bps | null; readonly withOwn: Bps | null };
    readonly arrivalSlippageBps: Bps | null;
    readonly participation: Fraction | null;
    readonly marketVolume: number | null;
    readonly ownPrinted: boolean | null;
    readonly fillRate: Fraction | null;
    readonly completedInTime: boolean | null;
    readonly spreadCapturedGain: FigureOverFills;
    readonly markoutGainsBps: readonly (FigureOverFills & { readonly afterMicros: number })[];
    readonly makerShare: Fraction | null;
    readonly children: number | null;
    readonly fills: number;
    readonly rejects: number | null;
  };
  readonly targets: typeof TARGETS;
  readonly children: readonly ChildRow[];
}

/** What this program aims at (requirement I1). Aims, never results. */
export const TARGETS = {
  shortfall: { below: 10, unit: "bps", of: "the full order, before fees and funding" },
  vwapSlippage: { below: 5, unit: "bps", of: "the market's VWAP without our trades" },
  arrivalSlippage: { below: 15, unit: "bps", of: "the filled part, fees apart" },
  participation: { from: 0.05, to: 0.15, unit: "fraction", of: "the whole order" },
  fillRate: { above: 0.95, unit: "fraction", of: "the whole order" },
  spreadCaptured: { above: 0.3, unit: "fraction", of: "fills of passive orders" },
} as const;

/** @throws InvariantError when the parts of the shortfall miss the whole. */
export function analyse(execution: PartialExecution): ExecutionReport {
  const { instrument } = execution;
  const measured = metrics(execution);
  const cost = partialShortfall(execution);
  return {
    instrument: {
      venue: instrument.venue,
      symbol: instrument.symbol,
      kind: instrument.kind,
      base: instrument.base,
      quote: instrument.quote,
      settle: settleCoin(instrument),
      quantityUnit: quantityUnit(instrument),
    },
    side: execution.side,
    startMicros: execution.startAt,
    endMicros: execution.endAt,
    quantity: {
      notional: execution.quantity?.kind === "notional" ? execution.quantity.quote : null,
      intended: formatQuantity(instrument, cost.intended),
      filled: formatQuantity(instrument, cost.filled),
      remaining: signedQuantity(instrument, cost.intended - cost.filled),
    },
    prices: pricesOf(execution, measured),
    decisionNotional:
      cost.decisionNotional === undefined ? null : exactText(instrument, cost.decisionNotional),
    shortfall: shortfallJson(execution, cost),
    metrics: metricsJson(execution, measured),
    targets: TARGETS,
    children: childRows(execution),
  };
}

/** What a quantity counts: a coin, or "contracts". */
export function quantityUnit({ kind, contractSize, base, quote }: Instrument): string {
  if (toNumber(contractSize) !== 1) return "contracts";
  return kind === "inverse" ? quote : base;
}

/** Lots, but under zero where a parent in money bought more than was counted on. */
const signedQuantity = (instrument: Instrument, count: number): string =>
  (count < 0 ? "-" : "") + formatQuantity(instrument, Math.abs(count) as Lots);

/** The whole of it, without the zeros of its scale. */
const exactText = (instrument: Instrument, amount: Cash): string =>
  formatDecimal(trimDecimal({ mantissa: amount, scale: cashScale(instrument) }));

function pricesOf(execution: PartialExecution, measured: Metrics): ExecutionReport["prices"] {
  const { instrument } = execution;
  const tickSize = toNumber(instrument.tickSize);
  const { withoutOwn, withOwn } = measured.marketVwapTicks;
  const mid = (price: HalfTicks | undefined): string | null =>
    price === undefined ? null : formatHalfPrice(instrument, price);
  return {
    decision: mid(execution.decisionPrice),
    arrival: mid(execution.arrivalPrice),
    horizon: mid(execution.horizonPrice),
    vwap: measured.vwap === undefined ? null : formatDecimal(trimDecimal(measured.vwap)),
    marketVwapWithoutOwn: withoutOwn === undefined ? null : withoutOwn * tickSize,
    marketVwapWithOwn: withOwn === undefined ? null : withOwn * tickSize,
  };
}

function shortfallJson(
  execution: PartialExecution,
  cost: PartialShortfall,
): ExecutionReport["shortfall"] {
  const { instrument } = execution;
  const of = (amount: Cash | undefined, notional = cost.decisionNotional): Cost => ({
    cash: amount === undefined ? null : exactText(instrument, amount),
    bps: amount === undefined || notional === undefined ? null : (bpsOf(amount, notional) ?? null),
  });
  const mids = (source: PartialFill["midSource"]): number =>
    execution.fills.filter(({ midSource }) => midSource === source).length;
  const { parts, impact } = cost;
  return {
    total: of(cost.total),
    beforeFees: of(cost.beforeFees),
    parts: {
      delay: of(parts.delay),
      spread: of(parts.spread),
      impact: of(parts.impact),
      timing: of(parts.timing),
      opportunity: of(parts.opportunity),
      fees: of(parts.fees),
      funding: of(parts.funding),
    },
    whileTrading: of(cost.whileTrading),
    impact:
      impact === undefined
        ? null
        : { temporary: of(impact.temporary), permanent: of(impact.permanent) },
    displacementModel: execution.displacementModel,
    filledPart: of(cost.filledPart, cost.filledNotional),
    fundingKnown: cost.fundingKnown,
    unpricedFees: cost.unpricedFees,
    estimatedMids: mids("estimated"),
    recordedMids: mids("recording"),
    unknownMids: mids(undefined),
  };
}

const overFills = ({ value, fills, of }: OverFills): FigureOverFills => ({
  value: value ?? null,
  fills,
  of,
});

function metricsJson(execution: PartialExecution, measured: Metrics): ExecutionReport["metrics"] {
  const { vwapSlippageBps, spreadCaptured: captured } = measured;
  const { market } = execution;
  return {
    vwapSlippageBps: {
      withoutOwn: vwapSlippageBps.withoutOwn ?? null,
      withOwn: vwapSlippageBps.withOwn ?? null,
    },
    arrivalSlippageBps: measured.arrivalSlippageBps ?? null,
    participation: measured.participation ?? null,
    marketVolume:
      market === undefined ? null : market.others.lots * toNumber(execution.instrument.lotSize),
    ownPrinted: market?.ownPrinted ?? null,
    fillRate: measured.fillRate ?? null,
    completedInTime: measured.completedInTime ?? null,
    spreadCapturedGain: overFills(captured),
    markoutGainsBps: measured.markouts.map(({ after, value, fills, of }) => ({
      afterMicros: after,
      value: value ?? null,
      fills,
      of,
    })),
    makerShare: measured.makerShare ?? null,
    children: measured.children ?? null,
    fills: measured.fills,
    rejects: measured.rejects ?? null,
  };
}

function childRows(execution: PartialExecution): readonly ChildRow[] {
  const { instrument } = execution;
  return childOutcomes(execution).map(({ child, status, filledLots, vwap, costBps }) => {
    const { timeInForce, limitPrice } = child;
    const postOnly = timeInForce.kind === "good-till-canceled" && timeInForce.postOnly;
    return {
      id: child.id,
      timeMicros: child.time,
      kind: child.kind,
      timeInForce: postOnly ? "post-only" : timeInForce.kind,
      quantity: formatQuantity(instrument, child.quantity),
      limitPrice: limitPrice === undefined ? null : formatPrice(instrument, limitPrice),
      filled: formatQuantity(instrument, filledLots as Lots),
      vwap: vwap === undefined ? null : formatDecimal(trimDecimal(vwap)),
      status,
      closeText: child.closeText ?? null,
      reasoning: child.reasoning,
      costBps: costBps ?? null,
    };
  });
}
