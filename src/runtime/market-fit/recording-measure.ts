/**
 * Recording measure: a recording as the fit sees it, or why nothing can be fitted to it.
 *
 * What must stay true: a recording that says next to nothing is refused before anything is made.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { MarketBlock, MarketHeader } from "../../core/market/columns.ts";
import { type Look, lookAt, type MeasuredMarket, measureMarket } from "./moments.ts";

export interface MarketFitFault {
  readonly code: "MARKET_FIT";
  readonly text: string;
}

export interface MeasuredRecording {
  readonly recorded: MeasuredMarket;
  readonly look: Look;
}

const LEAST_SECONDS = 20;
const LEAST_ORDERS = 30;
/** The generator's prices begin here. */
const LEAST_TICKS = 2_000;

/** @param source its blocks are gone through twice. Yields seconds of market, of both passes. */
export function* measureRecording(source: {
  readonly header: MarketHeader;
  readonly blocks: Iterable<MarketBlock>;
}): Generator<number, Result<MeasuredRecording, MarketFitFault>> {
  const first = yield* lookAt(source);
  if (first === undefined) {
    return fault("it has no trade, or no second with a book of two sides that do not cross");
  }
  const recorded = yield* measureMarket(source, first.mid, first.look);
  const { seconds, flow, mid } = recorded;
  if (seconds < LEAST_SECONDS || flow.orders.length < LEAST_ORDERS) {
    const has = `${seconds} s with a sound book and ${flow.orders.length} market orders`;
    return fault(`it has ${has}; at least ${LEAST_SECONDS} s and ${LEAST_ORDERS} are needed`);
  }
  if (recorded.moments.volatility1 === undefined) {
    return fault("its mid never moved from one second to the next");
  }
  if (mid < LEAST_TICKS) {
    return fault(
      `its price is ${Math.round(mid)} ticks: the generator works from ${LEAST_TICKS} ticks up`,
    );
  }
  return ok({ recorded, look: first.look });
}

const fault = (text: string) =>
  err({ code: "MARKET_FIT", text: `nothing can be fitted to this recording: ${text}` } as const);
