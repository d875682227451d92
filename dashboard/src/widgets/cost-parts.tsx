/**
 * Cost parts: what the shortfall is made of, from the decision to the whole, so that one sees that
 * it adds up: each part begins where the one before ended.
 */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Cost, ExecutionReport } from "../../../src/core/tca/report.ts";
import { grouped, number, signed } from "../format.ts";
import { palette, type Palette } from "../state/theme.ts";
import { CostBps, Unknown } from "./figures.tsx";

type PartName = keyof ExecutionReport["shortfall"]["parts"];
const PARTS: readonly { readonly name: PartName; readonly title: string; readonly what: string }[] =
  [
    { name: "delay", title: "delay", what: "the market moved between the decision and the start" },
    { name: "spread", title: "spread", what: "half the spread when taking, earned when resting" },
    { name: "impact", title: "impact", what: "our own earlier trading had moved the price" },
    { name: "timing", title: "timing", what: "the market moved by itself while we traded" },
    {
      name: "opportunity",
      title: "not done",
      what: "what is not done has become dearer or cheaper",
    },
    { name: "fees", title: "fees", what: "the venue's fees; rebates are gained" },
    { name: "funding", title: "funding", what: "paid for holding a perpetual contract" },
  ];

interface Bar {
  readonly title: string;
  readonly from: number;
  readonly to: number;
}

/** Undefined: a part is not known, and bars that left it out would lie. */
function barsOf(report: ExecutionReport): readonly Bar[] | undefined {
  const bars: Bar[] = [];
  let at = 0;
  for (const { name, title } of PARTS) {
    const { bps } = report.shortfall.parts[name];
    if (bps === null) return undefined;
    bars.push({ title, from: at, to: at + bps });
    at += bps;
  }
  bars.push({ title: "total", from: 0, to: at });
  return bars;
}

function options(bars: readonly Bar[], width: number, colours: Palette): uPlot.Options {
  const axis = { stroke: colours.quiet, grid: { stroke: colours.grid, width: 1 } };
  const font = "11px system-ui, sans-serif";
  const colourOf = (bar: Bar): string => (bar.to >= bar.from ? colours.own : colours.plan);
  const paths = uPlot.paths.bars?.({
    size: [0.7, 60],
    disp: {
      y0: { unit: 1, values: () => bars.map(({ from }) => from) },
      y1: { unit: 1, values: () => bars.map(({ to }) => to) },
      fill: { unit: 3, values: () => bars.map(colourOf) },
      stroke: { unit: 3, values: () => bars.map(colourOf) },
    },
  });
  const ends = bars.flatMap(({ from, to }) => [from, to]);
  const room = Math.max(0.1, (Math.max(...ends) - Math.min(...ends)) * 0.1);
  return {
    width,
    height: 190,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-0.6, bars.length - 0.4] },
      y: { range: [Math.min(0, ...ends) - room, Math.max(0, ...ends) + room] },
    },
    axes: [
      {
        ...axis,
        font,
        grid: { show: false },
        splits: () => bars.map((_, place) => place),
        values: () => bars.map(({ title }) => title),
        rotate: width < 520 ? -45 : 0,
        size: width < 520 ? 56 : 30,
      },
      { ...axis, font, label: "bps, above zero = paid", labelFont: font, labelSize: 16, size: 50 },
    ],
    series: [{}, { label: "cost", ...(paths !== undefined && { paths }), points: { show: false } }],
  };
}

function Waterfall({ report }: { report: ExecutionReport }) {
  const box = useRef<HTMLDivElement>(null);
  const colours = palette.value;
  useEffect(() => {
    const element = box.current;
    const bars = barsOf(report);
    if (element === null || bars === undefined) return undefined;
    const data: uPlot.AlignedData = [bars.map((_, place) => place), bars.map(({ to }) => to)];
    const make = (): uPlot =>
      new uPlot(options(bars, Math.max(240, element.clientWidth), colours), data, element);
    const made = make();
    return () => made.destroy();
  }, [report, colours]);
  return (
    <div
      class="waterfall"
      role="img"
      aria-label={`Cost parts that add up to ${signed(report.shortfall.total.bps)} basis points`}
      ref={box}
    />
  );
}

function PartLine({ title, what, cost }: { title: string; what: string; cost: Cost }) {
  return (
    <tr>
      <th scope="row" title={what}>
        {title}
      </th>
      <td class="figure">
        <CostBps value={cost.bps} />
      </td>
      <td class="figure cash">{cost.cash === null ? <Unknown /> : grouped(cost.cash)}</td>
    </tr>
  );
}

export function CostParts({ report }: { report: ExecutionReport | null }) {
  if (report === null) return <p class="quiet">Nothing yet: the order has not arrived.</p>;
  const { shortfall, instrument } = report;
  const sum = PARTS.reduce<number | null>((total, { name }) => {
    const { bps } = shortfall.parts[name];
    return total === null || bps === null ? null : total + bps;
  }, 0);
  return (
    <div class="cost-parts">
      {barsOf(report) !== undefined && <Waterfall report={report} />}
      <table class="plain">
        <caption class="unseen">Parts of the shortfall</caption>
        <thead>
          <tr>
            <th scope="col">part</th>
            <th scope="col" class="figure">
              bps
            </th>
            <th scope="col" class="figure">
              {instrument.settle}, + paid
            </th>
          </tr>
        </thead>
        <tbody>
          {PARTS.map(({ name, title, what }) => (
            <PartLine key={name} title={title} what={what} cost={shortfall.parts[name]} />
          ))}
        </tbody>
        <tfoot>
          <PartLine title="total" what="the whole order" cost={shortfall.total} />
          <tr class="quiet">
            <th scope="row">sum of the parts</th>
            <td class="figure" data-sum>
              {number(sum)} <span class="unit">bps</span>
            </td>
            <td />
          </tr>
        </tfoot>
      </table>
      {!shortfall.fundingKnown && (
        <p class="quiet">Funding was not recorded: its zero is “not known”.</p>
      )}
    </div>
  );
}
