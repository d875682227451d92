/**
 * Day window: what tickers say of the last 24 hours, to the minute.
 *
 * The closed minutes are summed up once a minute; the one in hand comes on top. A market that is
 * younger than a day is measured from its first minute.
 */
import type { Bar, Bars } from "./bars.ts";

const HOUR_MINUTES = 60;
const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;

export interface DayFigures {
  readonly high: number;
  readonly low: number;
  /** Lots. */
  readonly volume: number;
  readonly turnover: number;
  readonly dayAgo: number;
  readonly hourAgo: number;
}

export class DayWindow {
  readonly #bars: Bars;
  #minute = Number.NaN;
  #closed: DayFigures | undefined;

  constructor(bars: Bars) {
    this.#bars = bars;
  }

  /** Undefined before the first price. */
  figures(): DayFigures | undefined {
    const minute = this.#bars.current("1");
    if (minute === undefined) return undefined;
    if (minute.start !== this.#minute) {
      this.#minute = minute.start;
      this.#closed = this.#sum(minute);
    }
    const { high, low, volume, turnover, dayAgo, hourAgo } = this.#closed!;
    return {
      high: Math.max(high, minute.high),
      low: Math.min(low, minute.low),
      volume: volume + minute.volume,
      turnover: turnover + minute.turnover,
      dayAgo,
      hourAgo,
    };
  }

  #sum(minute: Bar): DayFigures {
    const from = minute.start - DAY_MINUTES * MINUTE_MS;
    const bars = this.#bars.list("1", from, minute.start - 1, DAY_MINUTES);
    let { high, low } = minute;
    let [volume, turnover] = [0, 0];
    for (const bar of bars) {
      high = Math.max(high, bar.high);
      low = Math.min(low, bar.low);
      volume += bar.volume;
      turnover += bar.turnover;
    }
    const dayAgo = bars.at(-1)?.open ?? minute.open;
    const hourAgo = bars[HOUR_MINUTES - 1]?.open ?? dayAgo;
    return { high, low, volume, turnover, dayAgo, hourAgo };
  }
}
