/**
 * Day scale: what an impact that is stated in days' volumes and volatilities is on one market.
 *
 * It describes the simulated world, not what an engine may know, so it is measured over all of the
 * data. What must stay true: it depends on the rows alone, so that a replay has the same.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Fraction, type HalfTicks, micros, MINUTE } from "../core/domain/units.ts";
import type { MarketBlock, MarketHeader } from "../core/market/columns.ts";
import { Observer } from "../core/market/observer.ts";

export interface DayScale {
  /** Standard deviation of a day's return. */
  readonly volatility: Fraction;
  /** Lots that others trade in a day. */
  readonly volumeLots: number;
  /** A mid of this market. */
  readonly mid: HalfTicks;
}

export interface ScaleFault {
  readonly code: "MARKET_SCALE";
  readonly text: string;
}

const SECONDS_PER_DAY = 86_400;
/** Long enough for the bounce between bid and ask to wash out. */
const RETURN_SECONDS = 10;
const LEAST_RETURNS = 6;
const NANOS = 1e9;
const STALE_AFTER = MINUTE;

/** The same, measured when it is first asked for. */
export function dayScaleOf(
  header: MarketHeader,
  blocks: () => Iterable<MarketBlock>,
): () => Result<DayScale, ScaleFault> {
  let measured: Result<DayScale, ScaleFault> | undefined;
  return () => (measured ??= measureDayScale(header, blocks()));
}

export function measureDayScale(
  header: MarketHeader,
  blocks: Iterable<MarketBlock>,
): Result<DayScale, ScaleFault> {
  const observer = new Observer(header);
  const step = RETURN_SECONDS * NANOS;
  const epoch = Number(header.epochNanos / 1000n);
  let [first, next, last, count, squares, seconds, volume, traded] = [-1, 0, 0, 0, 0, 0, 0, 0];
  for (const block of blocks) {
    if (first < 0) {
      first = block.localTime[0]!;
      next = first + step;
    }
    for (let row = 0; row < block.length;) {
      row = observer.observe(block, row, block.length, next);
      if (row === block.length) break;
      // A gap, and a silence that may be one, are not a quiet market.
      const now = micros(epoch + Math.floor(next / 1000));
      const mid = observer.health(now, STALE_AFTER) === "healthy" ? observer.mid : 0;
      if (last > 0 && mid > 0) {
        squares += Math.log(mid / last) ** 2;
        count += 1;
        seconds += RETURN_SECONDS;
        traded += observer.volume - volume;
      }
      volume = observer.volume;
      last = mid;
      next += step;
    }
  }
  if (count < LEAST_RETURNS || !(squares > 0)) {
    return fault(`no volatility can be told from ${seconds} s of a healthy book`);
  }
  if (!(traded > 0)) return fault("nobody trades in it");
  return ok({
    volatility: Math.sqrt((squares / count / RETURN_SECONDS) * SECONDS_PER_DAY),
    volumeLots: (traded / seconds) * SECONDS_PER_DAY,
    mid: observer.lastMid!,
  });
}

const fault = (why: string): Result<never, ScaleFault> =>
  err({
    code: "MARKET_SCALE",
    text:
      `the data does not say how far a trade moves the price: ${why}; give data with trades, or ` +
      "set simulation.reaction.permanent and simulation.reaction.transient to 0",
  });
