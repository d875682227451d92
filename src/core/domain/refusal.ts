/**
 * Refusal: why the gate did not let something through, as data, with the figures in it.
 *
 * `refused` is our own gate's word; `rejected` is the venue's. Codes are documented one by one in
 * docs/errors.md.
 */
import type { Bps, Fraction, Lots, Micros } from "./units.ts";

export type RefusalReason =
  | { readonly code: "RISK_KILLED" }
  | { readonly code: "RISK_DATA_HEALTH"; readonly health: string }
  | { readonly code: "RISK_PARENT_QUANTITY"; readonly asked: Lots; readonly open: Lots }
  | { readonly code: "RISK_MIN_QUANTITY"; readonly asked: Lots; readonly minimum: Lots }
  | { readonly code: "RISK_MAX_QUANTITY"; readonly asked: Lots; readonly maximum: Lots }
  | { readonly code: "RISK_MIN_NOTIONAL"; readonly notional: number; readonly minimum: number }
  | { readonly code: "RISK_ORDER_NOTIONAL"; readonly notional: number; readonly limit: number }
  | {
      readonly code: "RISK_PARTICIPATION";
      readonly own: Lots;
      readonly allowed: Lots;
      readonly limit: Fraction;
    }
  | { readonly code: "RISK_SPACING"; readonly since: Micros; readonly limit: Micros }
  | { readonly code: "RISK_ORDER_RATE"; readonly count: number; readonly limit: number }
  | { readonly code: "RISK_AMEND_RATE"; readonly count: number; readonly limit: number }
  | { readonly code: "RISK_SPREAD"; readonly spread: Bps; readonly limit: Bps }
  | { readonly code: "RISK_DEPTH"; readonly asked: Lots; readonly shown: Lots }
  | { readonly code: "RISK_IMPACT"; readonly estimate: Bps; readonly limit: Bps }
  | { readonly code: "RISK_DEVIATION"; readonly deviation: Bps; readonly limit: Bps }
  | { readonly code: "RISK_VOLATILITY"; readonly perHour: Fraction; readonly limit: Fraction }
  | { readonly code: "RISK_LIMIT_PRICE" }
  | { readonly code: "RISK_POSITION"; readonly notional: number; readonly limit: number }
  | { readonly code: "RISK_OPPOSITE_PARENT"; readonly other: string }
  | { readonly code: "PARENT_DUPLICATE_ID" }
  | { readonly code: "PARENT_TERMS"; readonly text: string }
  | { readonly code: "PARENT_INFEASIBLE"; readonly text: string };
