/**
 * Price chart: the market's bid and ask by the second, own fills, resting orders, and the decision
 * and arrival price, drawn by lightweight-charts.
 *
 * Its licence asks for a word about who made it, which stands under the chart; its own logo would
 * need an inline style, which the server's policy does not let through.
 */
import {
  type AutoscaleInfo,
  ColorType,
  createChart,
  createSeriesMarkers,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type LineData,
  LineSeries,
  LineStyle,
  type SeriesMarker,
  type UTCTimestamp,
  type WhitespaceData,
} from "lightweight-charts";
import { useEffect, useRef } from "preact/hooks";
import type { Side } from "../../../src/core/domain/side.ts";
import type { ChildView, FillView, MarketPoint, OrderView } from "../../../src/view/shapes.ts";
import { amount, grouped } from "../format.ts";
import { palette, type Palette } from "../state/theme.ts";

interface Parts {
  readonly chart: IChartApi;
  readonly bid: ISeriesApi<"Line">;
  readonly ask: ISeriesApi<"Line">;
  readonly fills: ISeriesMarkersPluginApi<UTCTimestamp>;
  lines: IPriceLine[];
  /** Somebody has moved or stretched it: it stays as it was put. */
  isMoved: boolean;
  /** Prices that are to be in sight, besides the market's own. */
  inSight: readonly number[];
  /** Time of the last point that is drawn; 0: none. */
  drawnTo: number;
}

const second = (micros: number): UTCTimestamp => Math.floor(micros / 1e6) as UTCTimestamp;

function begin(element: HTMLElement, colours: Palette, digits: number): Parts {
  const chart = createChart(element, {
    autoSize: true,
    layout: {
      attributionLogo: false,
      textColor: colours.text,
      background: { type: ColorType.Solid, color: colours.ground },
      fontFamily: "system-ui, sans-serif",
      fontSize: 11,
    },
    grid: { vertLines: { color: colours.grid }, horzLines: { color: colours.grid } },
    timeScale: { timeVisible: true, secondsVisible: true, borderColor: colours.grid },
    rightPriceScale: { borderColor: colours.grid },
    crosshair: { mode: 0 },
  });
  const priceFormat = { type: "price", precision: digits, minMove: 10 ** -digits } as const;
  const common = { lineWidth: 2, priceFormat, priceLineVisible: false } as const;
  const bid = chart.addSeries(LineSeries, { ...common, color: colours.bid, title: "bid" });
  const ask = chart.addSeries(LineSeries, {
    ...common,
    color: colours.ask,
    title: "ask",
    lineStyle: LineStyle.Dashed,
  });
  const parts: Parts = {
    chart,
    bid,
    ask,
    fills: createSeriesMarkers(bid, []) as ISeriesMarkersPluginApi<UTCTimestamp>,
    lines: [],
    isMoved: false,
    inSight: [],
    drawnTo: 0,
  };
  bid.applyOptions({
    autoscaleInfoProvider: (own: () => AutoscaleInfo | null) => widened(own(), parts),
  });
  for (const kind of ["pointerdown", "wheel", "touchstart"])
    element.addEventListener(kind, () => (parts.isMoved = true), { passive: true });
  return parts;
}

/** What the order is measured by stays in sight, wherever the market has gone. */
function widened(own: AutoscaleInfo | null, { inSight }: Parts): AutoscaleInfo | null {
  if (own === null || own.priceRange === null || inSight.length === 0) return own;
  const { minValue, maxValue } = own.priceRange;
  return {
    ...own,
    priceRange: {
      minValue: Math.min(minValue, ...inSight),
      maxValue: Math.max(maxValue, ...inSight),
    },
  };
}

/** Seconds in which nothing was known stay empty: no line is drawn through them. */
function path(
  points: readonly MarketPoint[],
  of: "bid" | "ask",
): (LineData<UTCTimestamp> | WhitespaceData<UTCTimestamp>)[] {
  const made: (LineData<UTCTimestamp> | WhitespaceData<UTCTimestamp>)[] = [];
  let last = -1;
  for (const point of points) {
    const time = second(point.time);
    if (time <= last) continue;
    last = time;
    const value = point[of];
    made.push(value === null ? { time } : { time, value });
  }
  return made;
}

/** Seconds do not change once they are over: those that are new are added, a few of them. */
function tell(
  series: ISeriesApi<"Line">,
  points: readonly MarketPoint[],
  of: "bid" | "ask",
  drawnTo: number,
): void {
  const fresh = points.filter(({ time }) => time > drawnTo);
  const isForward = drawnTo > 0 && fresh.length < 30 && points.some(({ time }) => time === drawnTo);
  if (!isForward) series.setData(path(points, of));
  else for (const point of path(fresh, of)) series.update(point);
}

/** An arrow where we rested, a square where we took. */
function marks(
  fills: readonly FillView[],
  side: Side,
  colours: Palette,
): SeriesMarker<UTCTimestamp>[] {
  return fills
    .map(({ time, price, quantity, liquidity }) => ({
      time: second(time),
      position: side === "buy" ? ("atPriceBottom" as const) : ("atPriceTop" as const),
      price: Number(price),
      shape:
        liquidity === "taker"
          ? ("square" as const)
          : side === "buy"
            ? ("arrowUp" as const)
            : ("arrowDown" as const),
      color: liquidity === "maker" ? colours.plan : colours.own,
      size: 1,
      text: fills.length > 6 ? "" : quantity,
    }))
    .sort((a, b) => a.time - b.time);
}

const RESTING = new Set(["sent", "working", "acknowledged", "partially-filled", "unknown"]);
export const isResting = ({ limitPrice, status }: ChildView): boolean =>
  limitPrice !== null && RESTING.has(status);

function drawLines(parts: Parts, order: OrderView | undefined, colours: Palette): void {
  for (const line of parts.lines) parts.bid.removePriceLine(line);
  parts.lines = [];
  if (order === undefined) return;
  const add = (price: string | null, title: string, color: string, lineStyle: LineStyle): void => {
    if (price === null) return;
    parts.lines.push(
      parts.bid.createPriceLine({ price: Number(price), title, color, lineStyle, lineWidth: 1 }),
    );
  };
  const { decision, arrival, vwap } = order.prices;
  const resting = order.children.filter(isResting).map(({ limitPrice }) => limitPrice);
  parts.inSight = [decision, arrival, vwap, ...resting]
    .filter((price) => price !== null)
    .map(Number);
  if (decision !== arrival) add(decision, "decision", colours.quiet, LineStyle.LargeDashed);
  add(
    arrival,
    decision === arrival ? "decision = arrival" : "arrival",
    colours.text,
    LineStyle.Dotted,
  );
  add(vwap, "own VWAP", colours.own, LineStyle.Solid);
  add(order.terms.limitPrice, "limit", colours.quiet, LineStyle.SparseDotted);
  for (const child of order.children.filter(isResting))
    add(child.limitPrice, `resting ${child.quantity}`, colours.plan, LineStyle.Dashed);
}

const digitsOf = (price: string | null): number => (price?.split(".")[1] ?? "").length;

export interface PriceChartProps {
  readonly points: readonly MarketPoint[];
  readonly order: OrderView | undefined;
  /** Any price of this market, for its digits. */
  readonly example: string | null;
}

export function PriceChart({ points, order, example }: PriceChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts | null>(null);
  const colours = palette.value;
  const digits = Math.max(digitsOf(example), digitsOf(order?.prices.arrival ?? null));
  useEffect(() => {
    if (box.current === null) return undefined;
    const made = begin(box.current, colours, digits);
    parts.current = made;
    return () => {
      parts.current = null;
      made.chart.remove();
    };
  }, [colours, digits]);
  useEffect(() => {
    const { current } = parts;
    if (current === null) return;
    tell(current.bid, points, "bid", current.drawnTo);
    tell(current.ask, points, "ask", current.drawnTo);
    current.drawnTo = points.at(-1)?.time ?? 0;
    if (!current.isMoved) current.chart.timeScale().fitContent();
  }, [points, colours, digits]);
  useEffect(() => {
    const { current } = parts;
    if (current === null) return;
    current.fills.setMarkers(
      order === undefined ? [] : marks(order.fills, order.row.side, colours),
    );
    drawLines(current, order, colours);
  }, [order, colours, digits]);
  return (
    <figure class="price-chart">
      <div class="chart-box" role="img" aria-label={told(order, points)} ref={box} />
      <figcaption>
        Bid solid, ask dashed
        {order !== undefined && ", own fills as arrows (maker) and squares (taker)"}. Times UTC.
        Drawn by{" "}
        <a href="https://www.tradingview.com/" rel="noreferrer noopener" target="_blank">
          TradingView
        </a>{" "}
        Lightweight Charts.
      </figcaption>
    </figure>
  );
}

function told(order: OrderView | undefined, points: readonly MarketPoint[]): string {
  if (order === undefined) return `Prices of the last ${points.length} seconds`;
  const { prices, fills, row } = order;
  return (
    `Price with ${fills.length} own fills: arrival ${grouped(prices.arrival)}, ` +
    `own VWAP ${grouped(prices.vwap)}, ${amount(row.filled)} of ${amount(row.quantity)} filled`
  );
}
