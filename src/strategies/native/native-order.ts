/**
 * Native order: an algorithm of an exchange, emulated from its documents as a baseline.
 *
 * Kept apart from the registry of strategies: nobody trades with these. They answer one question,
 * what the exchange's own algorithm would have cost on the same parents. What the documents say and
 * what we do not know stands in docs/concepts/exchange-native-orders.md. What must stay true: an
 * order that the exchange would refuse is refused here, with the documented figure.
 */
import type { Strategy } from "../../core/contracts/strategy.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { type HalfTicks, type Lots, type Micros, micros, SECOND } from "../../core/domain/units.ts";

type Json = Readonly<Record<string, unknown>>;

/** What an exchange looks at before it takes such an order. */
export interface NativeTerms {
  readonly instrument: Instrument;
  readonly quantity: Lots;
  /** The mid, for sizes that are checked in money. */
  readonly price: HalfTicks;
  readonly over: Micros;
}

export interface NativeOrder {
  readonly strategy: Strategy;
  /** Why the exchange would not take it, in words; undefined when it would. */
  refuse(parameters: Json, terms: NativeTerms): string | undefined;
  /** Its own pace, in place of our limits: the least time between two orders that take … */
  spacing(parameters: Json): Micros;
  /** … and the window of volume that it looks back on. */
  window(parameters: Json): Micros;
}

export const seconds = (count: number): Micros => micros(Math.round(count * SECOND));
