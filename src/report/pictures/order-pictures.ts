/**
 * Order pictures: one order as it was worked, for reading at a glance.
 *
 * Each has its units on its axis, says in words what it shows, and draws only what the report's
 * data hold. Ways to tell things apart are never colour alone.
 */
import { toNumber } from "../../core/domain/decimal.ts";
import type { ExecutionReport } from "../../core/tca/report.ts";
import type { FillView } from "../../view/shapes.ts";
import type { OrderReport } from "../report-data.ts";
import { quantityOf } from "../splits.ts";
import {
  bpsText,
  clockText,
  counted,
  priceText,
  shareText,
  spanText,
  withBps,
} from "../figure-text.ts";
import {
  COLOUR,
  draw,
  GRID,
  labelText,
  legend,
  nameAxis,
  type Picture,
  timeAxis,
  valueAxis,
} from "./chart.ts";

/** Points that a picture can show. */
const MOST_POINTS = 900;

/** Evenly, both ends kept. */
export function thinned<Item>(items: readonly Item[], most = MOST_POINTS): readonly Item[] {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, k) => items[Math.round(k * step)]!);
}

const percent = (share: number | null): number | null => (share === null ? null : share * 100);

export function trajectoryPicture({ view }: OrderReport): Picture | undefined {
  const points = thinned(view.trajectory);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first.time === last.time) return undefined;
  const hasCorridor = points.some(({ low, high }) => low !== null && high !== null);
  const at = (pick: (point: (typeof points)[number]) => number | null) =>
    points.map((point) => [point.time / 1000, pick(point)]);
  const line = { type: "line", silent: true, symbol: "none", connectNulls: true };
  const names = [...(hasCorridor ? ["corridor"] : []), "planned", "filled"];
  const svg = draw(
    {
      grid: GRID,
      legend: legend(names),
      xAxis: timeAxis(view.row.startAt, Math.max(last.time, view.row.endedAt ?? last.time)),
      yAxis: valueAxis("% of the order", { min: 0, max: 100 }),
      series: [
        ...(hasCorridor ? corridor(at) : []),
        {
          ...line,
          name: "planned",
          data: at(({ planned }) => percent(planned)),
          lineStyle: { color: COLOUR.orange, width: 2, type: "dashed" },
          itemStyle: { color: COLOUR.orange },
        },
        {
          ...line,
          name: "filled",
          step: "end",
          data: at(({ filled }) => percent(filled)),
          lineStyle: { color: COLOUR.blue, width: 2.5 },
          itemStyle: { color: COLOUR.blue },
        },
      ],
    },
    250,
  );
  const behind = points.flatMap(({ planned, filled }) =>
    planned === null ? [] : [Math.abs(planned - filled)],
  );
  const most = behind.length === 0 ? null : Math.max(...behind);
  return {
    title: "Trajectory: planned and done",
    text:
      `Share of the order over time, UTC. Filled at the end: ${shareText(last.filled)}; ` +
      `planned by then: ${shareText(last.planned)}. Largest distance between the two: ` +
      `${shareText(most)}.` +
      (hasCorridor ? " The corridor is where advice may move the plan." : ""),
    svg,
  };
}

type Columns = (
  pick: (point: OrderReport["view"]["trajectory"][number]) => number | null,
) => (number | null)[][];

/** A band is a line without ink, and what lies between it and the upper one on top. */
function corridor(at: Columns): object[] {
  const band = { type: "line", silent: true, symbol: "none", stack: "corridor" };
  return [
    { ...band, data: at(({ low }) => percent(low)), lineStyle: { opacity: 0 } },
    {
      ...band,
      name: "corridor",
      data: at(({ low, high }) => (low === null || high === null ? null : (high - low) * 100)),
      lineStyle: { opacity: 0 },
      itemStyle: { color: COLOUR.sky },
      areaStyle: { color: COLOUR.sky, opacity: 0.28 },
    },
  ];
}

const PARTS = ["delay", "spread", "impact", "timing", "opportunity", "fees", "funding"] as const;

/** Parts that are known, each where the one before it ended; undefined: the whole is not known. */
export function waterfallPicture(report: ExecutionReport): Picture | undefined {
  const { parts, total, whileTrading } = report.shortfall;
  if (total.bps === null) return undefined;
  const isSplit = parts.spread.bps !== null;
  const steps: (readonly [name: string, bps: number])[] = [
    ...PARTS.flatMap((name) => {
      const { bps } = parts[name];
      const isKnown = bps !== null && (name !== "funding" || report.shortfall.fundingKnown);
      return isKnown ? [[name, bps] as const] : [];
    }),
    ...(isSplit || whileTrading.bps === null ? [] : [["while trading", whileTrading.bps] as const]),
  ];
  let level = 0;
  const bars = steps.map(([name, bps]) => {
    const from = level;
    level += bps;
    return { name, bps, from, to: level };
  });
  bars.push({ name: "total", bps: total.bps, from: 0, to: total.bps });
  const ends = bars.flatMap(({ from, to }) => [from, to]);
  const room = (Math.max(...ends, 0) - Math.min(...ends, 0)) * 0.12 || 1;
  const svg = draw(
    {
      grid: { ...GRID, top: 26 },
      xAxis: nameAxis(bars.map(({ name }) => name)),
      yAxis: valueAxis("bps of the decision notional, + is paid", {
        scale: false,
        min: roundOut(Math.min(...ends, 0) - room),
        max: roundOut(Math.max(...ends, 0) + room),
        axisLabel: { color: COLOUR.dim, fontSize: 11, showMinLabel: false, showMaxLabel: false },
      }),
      series: [waterfallSeries(bars)],
    },
    270,
  );
  const told = bars.map(({ name, bps }) => `${name} ${withBps(bps)}`);
  return {
    title: "The cost, part by part",
    text: `${told.join("; ")}. The parts add up to the total.`,
    svg,
  };
}

const roundOut = (value: number): number => {
  const step = 10 ** Math.floor(Math.log10(Math.abs(value) || 1)) / 2;
  return value < 0 ? Math.floor(value / step) * step : Math.ceil(value / step) * step;
};

interface Bar {
  readonly name: string;
  readonly bps: number;
  readonly from: number;
  readonly to: number;
}

interface Drawing {
  value(dimension: number): number;
  coord(point: readonly [number, number]): readonly [number, number];
  size(extent: readonly [number, number]): readonly [number, number];
}

/** Dearer is orange and goes up, cheaper is green and goes down; the total is blue. */
function waterfallSeries(bars: readonly Bar[]): object {
  return {
    type: "custom",
    silent: true,
    data: bars.map(({ from, to }, k) => [k, from, to]),
    renderItem: (_: unknown, api: Drawing) => {
      const bar = bars[api.value(0)]!;
      const [x, fromY] = api.coord([api.value(0), bar.from]);
      const [, toY] = api.coord([api.value(0), bar.to]);
      const width = Math.min(64, api.size([1, 0])[0] * 0.62);
      const fill = bar.name === "total" ? COLOUR.blue : bar.bps > 0 ? COLOUR.orange : COLOUR.green;
      const top = Math.min(fromY, toY);
      return {
        type: "group",
        children: [
          {
            type: "rect",
            shape: { x: x - width / 2, y: top, width, height: Math.max(1, Math.abs(fromY - toY)) },
            style: { fill },
          },
          {
            type: "text",
            style: {
              text: bpsText(bar.bps),
              x,
              y: bar.bps < 0 ? Math.max(fromY, toY) + 4 : top - 4,
              align: "center",
              verticalAlign: bar.bps < 0 ? "top" : "bottom",
              fill: COLOUR.ink,
              font: "600 11px system-ui, sans-serif",
            },
          },
        ],
      };
    },
  };
}

export function pricePicture({ view, market }: OrderReport): Picture | undefined {
  const { fills, prices, row } = view;
  const path = thinned(market);
  const from = Math.min(path[0]?.time ?? Infinity, row.startAt);
  const until = Math.max(path.at(-1)?.time ?? 0, row.endedAt ?? 0, fills.at(-1)?.time ?? 0);
  if (!(from < until) || (path.length === 0 && fills.length === 0)) return undefined;
  const quote = (pick: "bid" | "ask") => path.map((point) => [point.time / 1000, point[pick]]);
  const line = { type: "line", silent: true, symbol: "none", step: "end" };
  const marks = levelMarks(prices);
  const marked = fillSeries(fills);
  const svg = draw(
    {
      grid: { ...GRID, right: 92 },
      legend: legend(["bid and ask", ...marked.map(({ name }) => name)]),
      xAxis: timeAxis(from, until),
      yAxis: valueAxis("price"),
      series: [
        {
          ...line,
          name: "bid and ask",
          data: quote("bid"),
          lineStyle: { color: COLOUR.dim, width: 1 },
          itemStyle: { color: COLOUR.dim },
          markLine: { silent: true, symbol: "none", data: marks },
        },
        {
          ...line,
          name: "bid and ask",
          data: quote("ask"),
          lineStyle: { color: COLOUR.dim, width: 1, type: "dashed" },
          itemStyle: { color: COLOUR.dim },
        },
        ...marked,
      ],
    },
    300,
  );
  const taking = fills.filter(({ liquidity }) => liquidity === "taker").length;
  return {
    title: "Fills on the price",
    text:
      `Best bid and ask by second, and own fills (larger marks are larger fills). ` +
      `${counted(fills.length, "fill")}, ${taking} of them taking; average price ` +
      `${priceText(prices.vwap)}, arrival mid ${priceText(prices.arrival)}, from ` +
      `${clockText(from)} to ${clockText(until)} UTC.`,
    svg,
  };
}

function levelMarks(prices: OrderReport["view"]["prices"]): object[] {
  const marks = [
    ["arrival", prices.arrival, COLOUR.ink],
    ["decision", prices.decision === prices.arrival ? null : prices.decision, COLOUR.purple],
    ["our average", prices.vwap, COLOUR.blue],
  ] as const;
  return marks.flatMap(([name, price, color]) =>
    price === null
      ? []
      : [
          {
            yAxis: Number(price),
            lineStyle: { color, type: "dotted", width: 1.3 },
            label: { ...labelText, formatter: name, position: "end" },
          },
        ],
  );
}

const size = (fill: FillView): number => toNumber(quantityOf(fill));

function fillSeries(fills: OrderReport["view"]["fills"]): { readonly name: string }[] {
  let largest = 0;
  for (const fill of fills) largest = Math.max(largest, size(fill));
  return (
    [
      ["maker", "own fill, resting", "circle", COLOUR.green],
      ["taker", "own fill, taking", "triangle", COLOUR.orange],
    ] as const
  ).flatMap(([liquidity, name, symbol, color]) => {
    const own = thinned(fills.filter((fill) => fill.liquidity === liquidity));
    if (own.length === 0) return [];
    const data = own.map((fill) => ({
      value: [fill.time / 1000, Number(fill.price)],
      symbolSize: 5 + 8 * Math.sqrt(largest === 0 ? 0 : size(fill) / largest),
    }));
    const itemStyle = { color, opacity: 0.85, borderColor: COLOUR.ink, borderWidth: 0.5 };
    return [{ type: "scatter", silent: true, name, symbol, itemStyle, data }];
  });
}

export function markoutPicture(report: ExecutionReport): Picture | undefined {
  const known = report.metrics.markoutGainsBps.filter(({ value }) => value !== null);
  if (known.length === 0) return undefined;
  const names = known.map(({ afterMicros }) => spanText(afterMicros / 1e6));
  const svg = draw(
    {
      grid: { ...GRID, top: 30, bottom: 44 },
      xAxis: nameAxis(
        names.map((name, k) => `after ${name}\n${known[k]!.fills} of ${known[k]!.of} fills`),
      ),
      yAxis: valueAxis("bps, + is a gain", { scale: false, boundaryGap: ["14%", "14%"] }),
      series: [
        {
          type: "bar",
          silent: true,
          barMaxWidth: 54,
          data: known.map(({ value }) => ({
            value: value!,
            itemStyle: { color: value! < 0 ? COLOUR.orange : COLOUR.green },
            label: {
              show: true,
              position: value! < 0 ? "bottom" : "top",
              ...labelText,
              formatter: bpsText(value),
            },
          })),
        },
      ],
    },
    240,
  );
  return {
    title: "Markouts: what the market did after our fills",
    text: known
      .map(
        ({ value, fills, of }, k) =>
          `after ${names[k]!} ${withBps(value)} over ${fills} of ${of} fills`,
      )
      .join("; "),
    svg,
  };
}
