/**
 * Listing: one market of the exchange, with all that the ledger works out from it once.
 */
import { type Decimal, decimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import type { Category } from "../exchange-types.ts";
import type { MarketView } from "../market-view.ts";
import { FeeSchedule, type FeeTable } from "./fees.ts";
import { Worth } from "./worth.ts";

export interface Listing {
  /** Its place among the exchange's markets. */
  readonly number: number;
  readonly view: MarketView;
  readonly instrument: Instrument;
  readonly category: Category;
  readonly symbol: string;
  readonly worth: Worth;
  readonly fees: FeeSchedule;
  readonly maxLeverage: Decimal;
  readonly maintenanceRate: Decimal;
}

export function listingOf(view: MarketView, number: number, fees: FeeTable): Listing {
  const { instrument, risk } = view;
  const worth = new Worth(instrument);
  return {
    number,
    view,
    instrument,
    category: instrument.kind,
    symbol: instrument.symbol,
    worth,
    fees: new FeeSchedule(worth, fees[instrument.kind]),
    maxLeverage: decimal(risk.maxLeverage),
    maintenanceRate: decimal(risk.maintenanceMarginRate),
  };
}
