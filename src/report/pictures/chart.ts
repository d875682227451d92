/**
 * Chart: one picture as SVG text, drawn by the chart library without a browser.
 *
 * It has no script, no link and no handler, so it can stand in a page that lets none run. Colours
 * are named, and become variables of the page's style: the same picture is legible on paper, in the
 * light and in the dark. What must stay true: whatever text goes into an option comes out as text.
 */
import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
} from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([
  BarChart,
  CustomChart,
  GridComponent,
  LegendComponent,
  LineChart,
  MarkAreaComponent,
  MarkLineComponent,
  ScatterChart,
  SVGRenderer,
]);

/**
 * Okabe and Ito's palette, which people who see fewer colours can tell apart, and shades of grey.
 * The library is given the first as a colour; the page is given the variable.
 */
export const COLOUR = {
  ink: "#010101",
  dim: "#020202",
  grid: "#030303",
  blue: "#0072b2",
  orange: "#d55e00",
  green: "#009e73",
  sky: "#56b4e9",
  purple: "#cc79a7",
  yellow: "#e69f00",
} as const;

export type ColourName = keyof typeof COLOUR;

/** What a page shows of it: the SVG, and the same in words for whoever cannot see it. */
export interface Picture {
  readonly title: string;
  readonly text: string;
  readonly svg: string;
}

export const WIDTH = 760;
const FONT = "system-ui, sans-serif";

export function draw(option: EChartsCoreOption, height: number): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      animation: false,
      useUTC: true,
      textStyle: { fontFamily: FONT, color: COLOUR.ink },
      ...option,
    });
    return cleaned(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** Hovering is for a page with a script; and names of colours instead of colours. */
function cleaned(svg: string): string {
  let text = svg
    .replaceAll(/<style[^>]*>[\s\S]*?<\/style>/g, "")
    .replaceAll(/ (?:class="zr\d+-cls-\d+"|pointer-events="visible"|ecmeta_[a-z_]+="[^"]*")/g, "")
    .replace(/<rect [^>]*fill="none"><\/rect>\n?/, "")
    .replace(/ width="\d+" height="\d+"/, "");
  for (const [name, colour] of Object.entries(COLOUR)) {
    text = text.replaceAll(new RegExp(`="${colour}"`, "gi"), `="var(--${name})"`);
  }
  return text;
}

const axisText = { color: COLOUR.dim, fontSize: 11, fontFamily: FONT };
const lines = {
  axisLine: { lineStyle: { color: COLOUR.dim } },
  axisTick: { lineStyle: { color: COLOUR.dim } },
  splitLine: { lineStyle: { color: COLOUR.grid } },
};

/** Times of the run as the clock showed them; the library counts in milliseconds. */
export const timeAxis = (from: number, until: number) => ({
  type: "time",
  min: from / 1000,
  max: until / 1000,
  ...lines,
  splitLine: { show: false },
  splitNumber: 6,
  axisLabel: {
    ...axisText,
    hideOverlap: true,
    formatter: { hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}" },
  },
});

export const valueAxis = (name: string, more: object = {}) => ({
  type: "value",
  name,
  nameTextStyle: { ...axisText, align: "left", padding: [0, 0, 0, -52] },
  nameGap: 14,
  scale: true,
  ...lines,
  axisLabel: axisText,
  ...more,
});

export const nameAxis = (names: readonly string[], more: object = {}) => ({
  type: "category",
  data: names,
  ...lines,
  axisTick: { show: false },
  splitLine: { show: false },
  axisLabel: { ...axisText, color: COLOUR.ink, interval: 0 },
  ...more,
});

export const legend = (names: readonly string[]) => ({
  data: names,
  top: 0,
  right: 8,
  selectedMode: false,
  itemWidth: 18,
  itemGap: 18,
  itemHeight: 9,
  textStyle: { ...axisText, color: COLOUR.ink },
});

export const GRID = { left: 62, right: 16, top: 34, bottom: 26 };

export const labelText = { ...axisText, color: COLOUR.ink };
