/**
 * Bars page: bars as columns of a table, as lines on a terminal and as plain JSON.
 */
import type { Decimal } from "../core/domain/decimal.ts";
import { type Instrument, instrumentId } from "../core/domain/instrument.ts";
import type { Bar } from "../data/bars.ts";
import type { DecimalColumn } from "../data/export/event-columns.ts";
import { type Cell, cellText, type TableColumn } from "../data/export/table.ts";
import { type Cell as PageCell, dim, Page, plain } from "./text-page.ts";

/** More than these are shown by their first and their last. */
const MOST_SHOWN = 60;

/** A mean price lies between two ticks: four digits more than a price has. */
const VWAP_PARTS = 10_000;

/** The columns of the table, whatever it is written as. */
export function barColumns({ tickSize, lotSize }: Instrument): readonly TableColumn[] {
  const price = decimalOf(tickSize);
  const volume = decimalOf(lotSize);
  const vwap = decimalOf({ mantissa: tickSize.mantissa, scale: tickSize.scale + 4 });
  const mid = decimalOf({ mantissa: tickSize.mantissa * 5n, scale: tickSize.scale + 1 });
  return [
    { name: "start", type: "time" },
    decimal("open", price),
    decimal("high", price),
    decimal("low", price),
    decimal("close", price),
    decimal("volume", volume),
    decimal("buy_volume", volume),
    { name: "trades", type: "integer" },
    decimal("vwap", vwap),
    decimal("mid", mid),
    decimal("spread", price),
    { name: "gaps", type: "integer" },
  ];
}

const decimal = (name: string, column: DecimalColumn): TableColumn => ({
  name,
  type: "decimal",
  decimal: column,
});

/** Sums may outgrow 18 digits. */
const decimalOf = ({ mantissa, scale }: Decimal): DecimalColumn => ({
  mantissa,
  scale,
  precision: 38,
});

const count = (value: number | null): bigint | null => (value === null ? null : BigInt(value));

/** In the order of `barColumns`. */
export function barCells(bar: Bar): readonly Cell[] {
  const { vwapTicks } = bar;
  return [
    bar.start,
    count(bar.open),
    count(bar.high),
    count(bar.low),
    count(bar.close),
    bar.volume,
    bar.buyVolume,
    bar.trades,
    vwapTicks === null ? null : BigInt(Math.round(vwapTicks * VWAP_PARTS)),
    count(bar.midHalfTicks),
    count(bar.spreadTicks),
    bar.gaps,
  ];
}

/** Decimals as text, so that no digit is lost on the way. */
export function barsJson(instrument: Instrument, every: string, bars: readonly Bar[]) {
  const columns = barColumns(instrument);
  return {
    instrument: instrumentId(instrument),
    every,
    bars: bars.map((bar) => {
      const cells = barCells(bar);
      const entries = columns.map((column, at): [string, string | number | null] => {
        const cell = cells[at]!;
        return [column.name, typeof cell === "number" ? cell : cellText(column, cell)];
      });
      return Object.fromEntries(entries);
    }),
  };
}

export function barsText(
  instrument: Instrument,
  every: string,
  bars: readonly Bar[],
  colour: boolean,
): string {
  const columns = barColumns(instrument);
  const page = new Page(colour, 1000);
  const traded = bars.filter(({ trades }) => trades > 0).length;
  const number = bars.length.toLocaleString("en-US");
  page.line(`${instrumentId(instrument)} · ${number} bars of ${every}, ${traded} with trades`);
  const isCut = bars.length > MOST_SHOWN;
  const half = MOST_SHOWN / 2;
  const heads = columns.map(({ name }) => dim(name === "start" ? "start (UTC)" : name));
  const lines = (some: readonly Bar[]): PageCell[][] =>
    some.map((bar) => barCells(bar).map((cell, at) => plain(shown(columns[at]!, cell))));
  const gap = columns.map((_, at) => dim(at === 0 ? "…" : ""));
  const rows = isCut
    ? [heads, ...lines(bars.slice(0, half)), gap, ...lines(bars.slice(-half))]
    : [heads, ...lines(bars)];
  page.table(
    rows,
    columns.map((_, at) => (at === 0 ? "left" : "right")),
  );
  if (isCut)
    page.line(`  ${bars.length - MOST_SHOWN} bars are not shown: write them with -o`, "dim");
  return page.text();
}

function shown(column: TableColumn, cell: Cell): string {
  const text = cellText(column, cell);
  if (text === null) return "–";
  return column.type === "time" ? text.replace("T", " ").replace(/Z$/, "") : text;
}
