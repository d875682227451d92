/**
 * Series chart: lines, steps, bands and bars over time, drawn by uPlot in the theme's colours.
 *
 * What must stay true: null is a gap and never zero; each line has a word in the legend and a dash
 * of its own, so that no colour is needed to tell it; times are UTC.
 */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Micros } from "../../../src/core/domain/units.ts";
import { clock } from "../format.ts";
import { palette, type Palette } from "../state/theme.ts";

export interface SeriesLine {
  readonly label: string;
  readonly colour: keyof Palette;
  readonly dash?: readonly number[];
  /** A step holds a value until the next; `step-back`, since the one before. */
  readonly shape?: "line" | "step" | "step-back" | "bars" | "dots";
  readonly width?: number;
  readonly digits?: number;
  readonly values: readonly (number | null)[];
}

export interface SeriesChartProps {
  readonly label: string;
  /** What is counted upwards, such as `share of the order, %`. */
  readonly unit: string;
  /** Seconds since 1970; or any other axis where `isTime` is false. */
  readonly xs: readonly number[];
  readonly isTime?: boolean;
  readonly xUnit?: string;
  readonly lines: readonly SeriesLine[];
  /** Filled between two lines, by their places: upper, lower. */
  readonly band?: readonly [number, number];
  readonly height?: number;
  /** Least and most upwards; absent: by the data. */
  readonly range?: readonly [number, number];
  /** Upwards from zero; bars are in any case. */
  readonly isFromZero?: boolean;
}

const UTC = (seconds: number): Date => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");

function seriesOf(line: SeriesLine, colours: Palette): uPlot.Series {
  const { label, colour, dash, shape = "line", width = 2, digits = 2 } = line;
  const paths = {
    line: uPlot.paths.linear?.(),
    step: uPlot.paths.stepped?.({ align: 1 }),
    "step-back": uPlot.paths.stepped?.({ align: -1 }),
    bars: uPlot.paths.bars?.({ size: [0.8, 40] }),
    dots: () => null,
  }[shape];
  return {
    label,
    stroke: colours[colour],
    width,
    ...(dash !== undefined && { dash: [...dash] }),
    ...(paths !== undefined && { paths }),
    ...(shape === "bars" && { fill: colours.band }),
    ...(shape === "dots" && { points: { show: true, size: 11, fill: colours[colour] } }),
    ...(shape === "bars" && { points: { show: false } }),
    value: (_, value: number | null) => (value === null ? "–" : value.toFixed(digits)),
  };
}

const clocks = (_: uPlot, splits: number[], __: number, ___: number, step: number): string[] =>
  splits.map((at) => clock((at * 1e6) as Micros).slice(0, step < 60 ? 8 : 5));

/** A bar says nothing where its foot is cut off. */
const fromZero = (_: uPlot, __: number, most: number): uPlot.Range.MinMax => [
  0,
  most > 0 ? most * 1.08 : 1,
];

function optionsOf(props: SeriesChartProps, width: number, colours: Palette): uPlot.Options {
  const { lines, band, unit, isTime = true, xUnit = "UTC", height = 200, range } = props;
  const axis = { stroke: colours.quiet, grid: { stroke: colours.grid, width: 1 } };
  const font = "11px system-ui, sans-serif";
  const isWhole = props.isFromZero === true || lines.some(({ shape }) => shape === "bars");
  return {
    width,
    height,
    tzDate: UTC,
    legend: { live: true },
    cursor: { drag: { x: false, y: false } },
    scales: {
      x: { time: isTime },
      y: range !== undefined ? { range: [...range] } : isWhole ? { range: fromZero } : {},
    },
    axes: [
      {
        ...axis,
        font,
        space: 80,
        label: xUnit,
        labelSize: 16,
        labelFont: font,
        size: 32,
        ...(isTime && { values: clocks }),
      },
      { ...axis, font, label: unit, labelSize: 16, labelFont: font, size: 52 },
    ],
    series: [
      isTime ? { label: "time", value: "{HH}:{mm}:{ss}" } : { label: xUnit },
      ...lines.map((line) => seriesOf(line, colours)),
    ],
    ...(band !== undefined && {
      bands: [{ series: [band[0] + 1, band[1] + 1], fill: colours.band }],
    }),
  };
}

const dataOf = ({ xs, lines }: SeriesChartProps): uPlot.AlignedData =>
  [[...xs], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;

export function SeriesChart(props: SeriesChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const colours = palette.value;
  const shape = props.lines.map(({ label }) => label).join("|");
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const height = props.height ?? 200;
    const made = new uPlot(
      optionsOf(props, Math.max(200, element.clientWidth), colours),
      dataOf(props),
      element,
    );
    chart.current = made;
    const sized = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height });
    });
    sized.observe(element);
    return () => {
      sized.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [colours, shape, props.unit]);
  useEffect(() => chart.current?.setData(dataOf(props)), [props.xs, props.lines]);
  return <div class="series-chart" role="img" aria-label={props.label} ref={box} />;
}
