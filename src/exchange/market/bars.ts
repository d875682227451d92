/**
 * Bars: open, high, low and close of a price, in all of Bybit's intervals, as time goes on.
 *
 * Every interval is folded from minutes. A bar opens where the one before it closed, and a minute
 * without a trade has a bar of its own, flat. What must stay true: bars follow each other without a
 * gap from the first value on, and a bar of an interval is the fold of its minutes.
 */
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const INTERVALS = [
  ...(["1", "3", "5", "15", "30", "60", "120", "240", "360", "720"] as const),
  ...(["D", "W", "M"] as const),
] as const;
export type Interval = (typeof INTERVALS)[number];

/** Closed bars that are kept of each interval, and minutes. */
const MOST_KEPT = 3_000;

export interface Bar {
  readonly start: number;
  open: number;
  high: number;
  low: number;
  close: number;
  /** Lots. */
  volume: number;
  turnover: number;
}

/** Start of the bar that an instant is in, ms. */
export function barStart(interval: Interval, at: number): number {
  if (interval === "M") {
    const date = new Date(at);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
  if (interval === "D") return at - (at % DAY_MS);
  // The epoch was a Thursday, and weeks begin on Monday.
  if (interval === "W") return at - ((at - 4 * DAY_MS) % (7 * DAY_MS));
  const width = Number(interval) * MINUTE_MS;
  return at - (at % width);
}

/** The last millisecond of a bar. */
export function barEnd(interval: Interval, start: number): number {
  if (interval === "M") {
    const date = new Date(start);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - 1;
  }
  const minutes = interval === "D" ? 1440 : interval === "W" ? 10_080 : Number(interval);
  return start + minutes * MINUTE_MS - 1;
}

export class Bars {
  readonly #series = new Map<Interval, { closed: Bar[]; open: Bar }>();
  #minute: Bar | undefined;

  /** A value at an instant, ms: a trade's, or a price as it stands. */
  record(value: number, at: number, volume = 0, turnover = 0): void {
    this.roll(at);
    const minute = this.#minute;
    if (minute === undefined) {
      this.#begin(value, at, volume, turnover);
      return;
    }
    if (value > minute.high) minute.high = value;
    if (value < minute.low) minute.low = value;
    minute.close = value;
    minute.volume += volume;
    minute.turnover += turnover;
  }

  /** Closes what has come to its end by now. */
  roll(at: number): void {
    for (;;) {
      const minute = this.#minute;
      if (minute === undefined || at < minute.start + MINUTE_MS) return;
      const start = minute.start + MINUTE_MS;
      for (const [interval, series] of this.#series) this.#close(interval, series, minute, start);
      this.#minute = flat(start, minute.close);
    }
  }

  /** The bar in hand; undefined before the first value. */
  current(interval: Interval): Bar | undefined {
    const series = this.#series.get(interval);
    const minute = this.#minute;
    if (series === undefined || minute === undefined) return undefined;
    return folded(series.open, minute);
  }

  /** The latest closed bar. */
  latest(interval: Interval): Bar | undefined {
    return this.#series.get(interval)?.closed.at(-1);
  }

  /** Closed bars and the one in hand that begin in [from, until], newest first. */
  list(interval: Interval, from: number, until: number, limit: number): Bar[] {
    const found: Bar[] = [];
    const open = this.current(interval);
    const closed = this.#series.get(interval)?.closed ?? [];
    if (open !== undefined && open.start >= from && open.start <= until) found.push(open);
    for (let at = closed.length - 1; at >= 0 && found.length < limit; at--) {
      const { start } = closed[at]!;
      if (start < from) break;
      if (start <= until) found.push(closed[at]!);
    }
    return found;
  }

  #begin(value: number, at: number, volume: number, turnover: number): void {
    const minute = { ...flat(barStart("1", at), value), volume, turnover };
    this.#minute = minute;
    for (const interval of INTERVALS) {
      this.#series.set(interval, { closed: [], open: flat(barStart(interval, at), value) });
    }
  }

  #close(
    interval: Interval,
    series: { closed: Bar[]; open: Bar },
    minute: Bar,
    nextStart: number,
  ): void {
    series.open = folded(series.open, minute);
    if (barStart(interval, nextStart) === series.open.start) return;
    series.closed.push(series.open);
    if (series.closed.length > 2 * MOST_KEPT) series.closed.splice(0, MOST_KEPT);
    series.open = flat(nextStart, minute.close);
  }
}

const flat = (start: number, value: number): Bar => ({
  start,
  open: value,
  high: value,
  low: value,
  close: value,
  volume: 0,
  turnover: 0,
});

const folded = (bar: Bar, minute: Bar): Bar => ({
  start: bar.start,
  open: bar.open,
  high: Math.max(bar.high, minute.high),
  low: Math.min(bar.low, minute.low),
  close: minute.close,
  volume: bar.volume + minute.volume,
  turnover: bar.turnover + minute.turnover,
});
