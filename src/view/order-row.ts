/**
 * Order row: one line of the list of orders, made from the engine's state and running sums.
 */
import { formatDecimal, trimDecimal } from "../core/domain/decimal.ts";
import { formatQuantity } from "../core/domain/instrument.ts";
import { quoteScale, quoteUnits } from "../core/domain/money.ts";
import type { Fraction, Micros } from "../core/domain/units.ts";
import type { InstrumentState } from "../core/execution/instrument-state.ts";
import { isLive, type ParentState } from "../core/execution/parent-state.ts";
import { quantityUnit } from "../core/tca/report.ts";
import type { TouchTotals } from "./market-path.ts";
import type { OrderWatch } from "./order-watch.ts";
import type { OrderRow } from "./shapes.ts";
import { againstArrival, shadowTicks } from "./twap-shadow.ts";

export interface RowSource {
  readonly journal: string;
  readonly venue: string;
  readonly now: Micros;
  readonly market: InstrumentState;
  readonly staleAfter: Micros;
  /** Of the market's touch until now. */
  readonly touch: TouchTotals;
}

export function orderRow(watch: OrderWatch, source: RowSource): OrderRow {
  const { parent } = watch;
  const { order, instrument } = parent;
  const { market } = source;
  return {
    parentId: order.id,
    journal: source.journal,
    instrument: order.instrument,
    venue: source.venue,
    symbol: instrument.symbol,
    side: order.side,
    strategy: order.strategy.name,
    phase: parent.phase,
    reason: parent.reason,
    isLive: isLive(parent),
    ...progressOf(parent),
    startAt: order.startAt,
    deadline: order.deadline,
    endedAt: parent.endedAt ?? null,
    shortfallBps: watch.cost.shortfallBps(parent.midAtEnd ?? market.observer.lastMid) ?? null,
    againstTwapBps: againstTwap(watch, source.touch),
    health: market.observer.health(source.now, source.staleAfter),
    halt: parent.halt ?? null,
    workingOrders: parent.live.length,
    isAdvised: order.advice !== undefined,
    updatedAt: watch.updatedAt,
  };
}

/** A parent in money is counted in money. */
export function filledShare({ order, instrument, filled, spent }: ParentState): Fraction {
  const { quantity } = order;
  if (quantity.kind === "lots") return filled / quantity.lots;
  return Number(spent) / Number(quoteUnits(instrument, quantity.quote));
}

function progressOf(parent: ParentState): Pick<OrderRow, "quantity" | "filled" | "filledShare"> {
  const { order, instrument, filled, spent } = parent;
  if (order.quantity.kind === "lots") {
    const unit = quantityUnit(instrument);
    return {
      quantity: `${formatQuantity(instrument, order.quantity.lots)} ${unit}`,
      filled: `${formatQuantity(instrument, filled)} ${unit}`,
      filledShare: filledShare(parent),
    };
  }
  return {
    quantity: `${order.quantity.quote} ${instrument.quote}`,
    filled: `${moneyText(parent, spent)} ${instrument.quote}`,
    filledShare: filledShare(parent),
  };
}

const moneyText = ({ instrument }: ParentState, amount: bigint): string =>
  formatDecimal(trimDecimal({ mantissa: amount, scale: quoteScale(instrument) }));

/** What is not filled, with its unit; never under zero. */
export function remainingText(parent: ParentState): string {
  const { order, instrument, filled, spent } = parent;
  if (order.quantity.kind === "lots") {
    const left = Math.max(0, order.quantity.lots - filled) as typeof filled;
    return `${formatQuantity(instrument, left)} ${quantityUnit(instrument)}`;
  }
  const left = quoteUnits(instrument, order.quantity.quote) - spent;
  return `${moneyText(parent, left > 0n ? left : 0n)} ${instrument.quote}`;
}

function againstTwap(watch: OrderWatch, touch: TouchTotals): number | null {
  const { parent } = watch;
  if (parent.arrivalPrice === undefined) return null;
  const own = watch.cost.vwapTicks;
  const shadow = shadowTicks(parent, watch.touchFrom, watch.touchTo ?? touch);
  return own === undefined || shadow === undefined ? null : againstArrival(parent, own - shadow);
}
