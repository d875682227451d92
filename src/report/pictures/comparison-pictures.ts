/**
 * Comparison pictures: costs side by side, differences with their intervals, and distributions.
 */
import { bpsText, counted, countText, withBps } from "../figure-text.ts";
import type { GroupFigures } from "../report-data.ts";
import { COLOUR, draw, GRID, labelText, nameAxis, type Picture, valueAxis } from "./chart.ts";

/** A name takes no more of the picture than this. */
const MOST_NAME = 26;
const short = (name: string): string =>
  name.length <= MOST_NAME ? name : `${name.slice(0, MOST_NAME - 1)}…`;

const ROW = 30;
const heightOf = (rows: number): number => 70 + ROW * rows;
const rowGrid = { ...GRID, left: 190, right: 70, top: 12, bottom: 44 };
const bottomAxis = (name: string) =>
  valueAxis(name, { nameLocation: "middle", nameGap: 28, scale: false, nameTextStyle: labelText });

export function barsPicture(
  title: string,
  bars: readonly { readonly name: string; readonly bps: number; readonly isOwn: boolean }[],
): Picture | undefined {
  if (bars.length < 2) return undefined;
  const svg = draw(
    {
      grid: rowGrid,
      xAxis: {
        ...bottomAxis("cost in bps, fees included, + is paid"),
        boundaryGap: ["14%", "8%"],
      },
      yAxis: nameAxis(
        bars.map(({ name }) => short(name)),
        { inverse: true },
      ),
      series: [
        {
          type: "bar",
          silent: true,
          barWidth: 14,
          data: bars.map(({ bps, isOwn }) => ({
            value: bps,
            itemStyle: {
              color: isOwn ? COLOUR.blue : COLOUR.sky,
              borderColor: COLOUR.ink,
              borderWidth: isOwn ? 1.2 : 0,
            },
            label: {
              show: true,
              position: bps < 0 ? "left" : "right",
              ...labelText,
              formatter: bpsText(bps),
            },
          })),
        },
      ],
    },
    heightOf(bars.length),
  );
  return { title, text: bars.map(({ name, bps }) => `${name} ${withBps(bps)}`).join("; "), svg };
}

export interface ForestRow {
  readonly name: string;
  readonly meanBps: number;
  readonly low: number | null;
  readonly high: number | null;
}

interface Drawing {
  value(dimension: number): number;
  coord(point: readonly [number, number]): readonly [number, number];
}

/** A mean with its interval in each row; without an interval an empty mark. */
export function forestPicture(
  title: string,
  unit: string,
  rows: readonly ForestRow[],
): Picture | undefined {
  if (rows.length === 0) return undefined;
  const ends = [0, ...rows.flatMap(({ meanBps, low, high }) => [meanBps, low ?? 0, high ?? 0])];
  const room = (Math.max(...ends) - Math.min(...ends)) * 0.08 || 1;
  const svg = draw(
    {
      grid: rowGrid,
      xAxis: {
        ...bottomAxis(`${unit}; bar: 95 %`),
        min: Math.min(...ends) - room,
        max: Math.max(...ends) + room,
        axisLabel: {
          color: COLOUR.dim,
          fontSize: 11,
          showMinLabel: false,
          showMaxLabel: false,
          formatter: (value: number) => String(Number(value.toPrecision(4))),
        },
      },
      yAxis: nameAxis(
        rows.map(({ name }) => short(name)),
        { inverse: true, axisLine: { show: false } },
      ),
      series: [
        {
          type: "custom",
          silent: true,
          data: rows.map(({ meanBps }, k) => [meanBps, k]),
          markLine: {
            silent: true,
            symbol: "none",
            label: { show: false },
            lineStyle: { color: COLOUR.ink, type: "dotted" },
            data: [{ xAxis: 0 }],
          },
          renderItem: (_: unknown, api: Drawing) => forestMark(rows[api.value(1)]!, api),
        },
      ],
    },
    heightOf(rows.length),
  );
  const told = rows.map(({ name, meanBps, low, high }) =>
    low === null || high === null
      ? `${name} ${withBps(meanBps)}, no interval`
      : `${name} ${withBps(meanBps)} (${bpsText(low)} … ${bpsText(high)})`,
  );
  return { title, text: told.join("; "), svg };
}

function forestMark(row: ForestRow, api: Drawing): object {
  const [x, y] = api.coord([row.meanBps, api.value(1)]);
  const hasInterval = row.low !== null && row.high !== null;
  const bar = (from: number, to: number) => ({
    type: "line",
    shape: { x1: api.coord([from, 0])[0], y1: y, x2: api.coord([to, 0])[0], y2: y },
    style: { stroke: COLOUR.blue, lineWidth: 3 },
  });
  return {
    type: "group",
    children: [
      ...(hasInterval ? [bar(row.low!, row.high!)] : []),
      {
        type: "circle",
        shape: { cx: x, cy: y, r: 5 },
        style: {
          fill: hasInterval ? COLOUR.blue : "none",
          stroke: COLOUR.blue,
          lineWidth: 2,
        },
      },
      {
        type: "text",
        style: {
          text: bpsText(row.meanBps),
          x,
          y: y - 9,
          align: "center",
          verticalAlign: "bottom",
          fill: COLOUR.ink,
          font: "11px system-ui, sans-serif",
        },
      },
    ],
  };
}

/** Freedman and Diaconis's width of a bin, in round steps; between 5 and 60 bins. */
export function binsOf(
  costs: readonly number[],
): readonly { from: number; to: number; count: number }[] {
  const sorted = costs.toSorted((a, b) => a - b);
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  if (low === high) return [{ from: low - 0.5, to: low + 0.5, count: costs.length }];
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const wanted = (2 * (at(0.75) - at(0.25))) / Math.cbrt(sorted.length);
  const span = high - low;
  const width = niceWidth(Math.min(Math.max(wanted, span / 60), span / 5));
  const first = Math.floor(low / width);
  const count = Math.floor(high / width) - first + 1;
  const bins = Array.from({ length: count }, (_, k) => ({
    from: (first + k) * width,
    to: (first + k + 1) * width,
    count: 0,
  }));
  for (const cost of costs) bins[Math.min(count - 1, Math.floor(cost / width) - first)]!.count += 1;
  return bins;
}

function niceWidth(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= wanted) ?? 10);
}

const mark = (name: string, at: number, type: string) => ({
  xAxis: at,
  lineStyle: { color: COLOUR.ink, type, width: 1.5 },
  label: { ...labelText, formatter: name, position: "end" },
});

export function histogramPicture({
  costs,
  quantilesBps: quantiles,
  meanBps,
}: GroupFigures): Picture | undefined {
  if (costs.length < 5 || quantiles === null) return undefined;
  const bins = binsOf(costs);
  const [from, to] = [bins[0]!.from, bins.at(-1)!.to];
  const svg = draw(
    {
      grid: { ...GRID, bottom: 44 },
      xAxis: {
        ...valueAxis("cost in bps, fees included, + is paid", {
          nameLocation: "middle",
          nameGap: 28,
          nameTextStyle: labelText,
        }),
        min: from,
        max: to,
      },
      yAxis: valueAxis("orders", {
        scale: false,
        minInterval: 1,
        axisLine: { onZero: false, lineStyle: { color: COLOUR.dim } },
      }),
      series: [
        {
          type: "custom",
          silent: true,
          data: bins.map(({ from: low, to: high, count }) => [low, high, count]),
          encode: { x: [0, 1], y: 2 },
          renderItem: (_: unknown, api: Drawing) => {
            const [x, y] = api.coord([api.value(0), api.value(2)]);
            const [right, bottom] = api.coord([api.value(1), 0]);
            return {
              type: "rect",
              shape: { x: x + 0.5, y, width: Math.max(1, right - x - 1), height: bottom - y },
              style: { fill: COLOUR.sky, stroke: COLOUR.blue, lineWidth: 0.6 },
            };
          },
          markLine: {
            silent: true,
            symbol: "none",
            data: [
              mark("median", quantiles.p50, "solid"),
              mark("5 %", quantiles.p5, "dotted"),
              mark("95 %", quantiles.p95, "dotted"),
            ],
          },
        },
      ],
    },
    260,
  );
  return {
    title: "Distribution of the cost",
    text:
      `${counted(costs.length, "order")} in ${countText(bins.length)} bins from ` +
      `${bpsText(from)} to ` +
      `${withBps(to)}; mean ${bpsText(meanBps)}, median ${bpsText(quantiles.p50)}, 5 % ` +
      `${bpsText(quantiles.p5)}, 95 % ${withBps(quantiles.p95)}.`,
    svg,
  };
}

/** Quantiles by group: the thick bar holds the middle half, the thin one nine tenths. */
export function spreadPicture(groups: readonly GroupFigures[]): Picture | undefined {
  const rows = groups.flatMap(({ by, name, quantilesBps, measured }) =>
    quantilesBps === null
      ? []
      : [{ name: by === "all" ? name : `${by} ${name}`, q: quantilesBps, measured }],
  );
  if (rows.length < 2) return undefined;
  const svg = draw(
    {
      grid: rowGrid,
      xAxis: bottomAxis("cost in bps; dot: median, thick: middle half, thin: 5 to 95 %"),
      yAxis: nameAxis(
        rows.map(({ name }) => short(name)),
        { inverse: true, axisLine: { show: false } },
      ),
      series: [
        {
          type: "custom",
          silent: true,
          data: rows.map(({ q }, k) => [q.p5, q.p95, q.p50, k]),
          encode: { x: [0, 1, 2], y: 3 },
          renderItem: (_: unknown, api: Drawing) => spreadMark(rows[api.value(3)]!.q, api),
        },
      ],
    },
    heightOf(rows.length),
  );
  return {
    title: "Cost by group",
    text: rows
      .map(
        ({ name, q, measured }) =>
          `${name}: median ${withBps(q.p50)} of ${counted(measured, "order")}`,
      )
      .join("; "),
    svg,
  };
}

function spreadMark(q: NonNullable<GroupFigures["quantilesBps"]>, api: Drawing): object {
  const at = (bps: number): number => api.coord([bps, api.value(3)])[0];
  const y = api.coord([q.p50, api.value(3)])[1];
  const bar = (from: number, to: number, lineWidth: number, stroke: string) => ({
    type: "line",
    shape: { x1: at(from), y1: y, x2: at(to), y2: y },
    style: { stroke, lineWidth },
  });
  return {
    type: "group",
    children: [
      bar(q.p5, q.p95, 2, COLOUR.dim),
      bar(q.p25, q.p75, 9, COLOUR.sky),
      {
        type: "circle",
        shape: { cx: at(q.p50), cy: y, r: 4.5 },
        style: { fill: COLOUR.blue, stroke: COLOUR.ink, lineWidth: 1 },
      },
    ],
  };
}
