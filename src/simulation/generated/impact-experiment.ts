/**
 * Impact experiment: what one more large order does to a generated market, by paired runs.
 *
 * The same seed is run with a metaorder of ours that buys and with one that sells, slice by slice
 * at a steady rate, through the same door as any order of ours. Half the difference of the two
 * mids is the impact, freed of what the market would have done anyway: the mean of (buying −
 * nothing) and (nothing − selling). All else shares its luck, so a few seeds suffice.
 *
 * What must stay true: nothing here knows how the market works; it only sends orders and looks.
 */
import { type Micros, micros, SECOND } from "../../core/domain/units.ts";
import { GeneratedMarket } from "./market.ts";
import type { GeneratedMarketConfig } from "./market-config.ts";
import { OWN } from "./tape.ts";

const NANOS = 1_000_000_000;
const ANY_BUY_PRICE = 2_147_483_647;
/** Nobody reads the rows: they are dropped now and then. */
const MANY_ROWS = 50_000;

export interface ImpactOrder {
  readonly lots: number;
  readonly lotsPerSecond: number;
  /** Seconds between two slices. */
  readonly sliceSeconds: number;
  /** Seconds after the market's start at which the first slice is sent. */
  readonly startAfter: number;
}

/** Seconds from the first slice to the end of the last slice's time. */
export const secondsOf = ({ lots, lotsPerSecond }: ImpactOrder): number => lots / lotsPerSecond;

/**
 * Impact in ticks, positive against the order, at each of `seconds` (rising) after its start.
 * @param config its duration is set as the last of `seconds` needs.
 */
export function pairedImpact(
  config: Omit<GeneratedMarketConfig, "duration">,
  order: ImpactOrder,
  seconds: readonly number[],
): number[] {
  const bought = midsWith(config, order, 1, seconds);
  const sold = midsWith(config, order, -1, seconds);
  return bought.map((mid, i) => (mid - sold[i]!) / 2);
}

/** Mids at the times asked for, with the order in the market. */
function midsWith(
  config: Omit<GeneratedMarketConfig, "duration">,
  order: ImpactOrder,
  sign: 1 | -1,
  seconds: readonly number[],
): number[] {
  const length = order.startAfter + (seconds.at(-1) ?? 0) + 1;
  const duration: Micros = micros(Math.ceil(length * SECOND));
  const market = new GeneratedMarket({ ...config, duration });
  const start = market.now + Math.round(order.startAfter * NANOS);
  const slices = Math.max(1, Math.round(secondsOf(order) / order.sliceSeconds));
  const gap = (secondsOf(order) / slices) * NANOS;
  const mids: number[] = [];
  let sent = 0;
  for (;;) {
    const sliceAt = sent < slices ? start + Math.round(sent * gap) : Infinity;
    const next = Math.min(market.nextAt, sliceAt);
    while (mids.length < seconds.length && start + seconds[mids.length]! * NANOS <= next) {
      mids.push((market.matching.bestBid + market.matching.bestAsk) / 2);
    }
    if (mids.length === seconds.length) return mids;
    if (sliceAt > market.nextAt) {
      market.step();
      if (market.rows > MANY_ROWS) market.takeRows();
      continue;
    }
    const lots =
      Math.round(((sent + 1) * order.lots) / slices) - Math.round((sent * order.lots) / slices);
    sent += 1;
    market.intervene(sliceAt, () => {
      if (lots > 0) market.matching.take(OWN, sign > 0, sign > 0 ? ANY_BUY_PRICE : 0, lots);
    });
  }
}

/** Slope of log impact on log size by least squares; all figures must be positive. */
export function impactExponent(sizes: readonly number[], impacts: readonly number[]): number {
  const x = sizes.map(Math.log);
  const y = impacts.map(Math.log);
  const meanX = x.reduce((sum, each) => sum + each, 0) / x.length;
  const meanY = y.reduce((sum, each) => sum + each, 0) / y.length;
  let covariance = 0;
  let variance = 0;
  for (let i = 0; i < x.length; i++) {
    covariance += (x[i]! - meanX) * (y[i]! - meanY);
    variance += (x[i]! - meanX) ** 2;
  }
  return covariance / variance;
}
