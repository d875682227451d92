/**
 * Fill sums: how many fills the orders of a run have had, and what they were worth.
 */
import { formatDecimal } from "../core/domain/decimal.ts";
import { quoteScale } from "../core/domain/money.ts";
import type { Side } from "../core/domain/side.ts";
import type { Engine } from "../core/engine.ts";

/** Of one instrument and side; fills and notional are 0 or more, and only grow. */
export interface FillSum {
  readonly instrument: string;
  readonly side: Side;
  /** The quote coin, in which `notional` is. */
  readonly coin: string;
  readonly fills: number;
  readonly notional: number;
}

const SIDES = ["buy", "sell"] as const satisfies readonly Side[];

export function fillSums({ instruments, parents }: Engine): readonly FillSum[] {
  const { id, instrument } = instruments[0]!;
  return SIDES.map((side) => {
    let fills = 0;
    let mantissa = 0n;
    for (const { order, history, spent } of parents.values()) {
      if (order.side !== side) continue;
      fills += history.done.fills;
      mantissa += spent;
    }
    const notional = Number(formatDecimal({ mantissa, scale: quoteScale(instrument) }));
    return { instrument: id, side, coin: instrument.quote, fills, notional };
  });
}
