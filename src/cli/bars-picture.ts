/**
 * Bars picture: prices as candles and the volume below, as an SVG that stands alone.
 *
 * A bar that rose is hollow and one that fell is filled, so that nothing hangs on telling two
 * colours apart. Of many bars, neighbours are joined until they can be told apart.
 */
import { type Instrument, priceEstimate, quantityEstimate } from "../core/domain/instrument.ts";
import { atTick, lots, ticks } from "../core/domain/units.ts";
import type { Bar } from "../data/bars.ts";
import { isoNanos } from "../data/export/table.ts";
import { escapeXml, niceStep } from "./picture.ts";

const WIDTH = 960;
const LEFT = 84;
const RIGHT = 20;
const TOP = 48;
const PRICES = 300;
const VOLUMES = 90;
const HEIGHT = TOP + PRICES + 30 + VOLUMES + 40;
/** Candles narrower than this are lines. */
const MOST_CANDLES = 160;
const TIMES = 6;

interface Candle {
  readonly start: bigint;
  readonly prices: readonly [open: number, high: number, low: number, close: number] | undefined;
  readonly volume: number;
  readonly hasGap: boolean;
}

export function barsSvg(instrument: Instrument, bars: readonly Bar[], title: string): string {
  const joined = Math.max(1, Math.ceil(bars.length / MOST_CANDLES));
  const candles: Candle[] = [];
  for (let at = 0; at < bars.length; at += joined) {
    candles.push(candleOf(instrument, bars.slice(at, at + joined)));
  }
  const prices = candles.flatMap((candle) => candle.prices ?? []);
  const step = (WIDTH - LEFT - RIGHT) / candles.length;
  const heading = joined === 1 ? title : `${title} · a candle is ${joined} bars`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" `,
    `font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(heading)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="16" y="26" font-size="15" font-weight="600">${escapeXml(heading)}</text>`,
    ...(prices.length === 0 ? [] : priceParts(candles, prices, step)),
    ...volumeParts(candles, step),
    ...timeParts(candles, step),
    "</svg>\n",
  ].join("\n");
}

function candleOf(instrument: Instrument, bars: readonly Bar[]): Candle {
  const price = (count: number): number => priceEstimate(instrument, atTick(ticks(count)));
  const traded = bars.filter(({ open }) => open !== null);
  const volume = bars.reduce((sum, bar) => sum + Number(bar.volume), 0);
  return {
    start: bars[0]!.start,
    prices:
      traded.length === 0
        ? undefined
        : [
            price(traded[0]!.open!),
            price(Math.max(...traded.map(({ high }) => high!))),
            price(Math.min(...traded.map(({ low }) => low!))),
            price(traded.at(-1)!.close!),
          ],
    volume: quantityEstimate(instrument, lots(volume)),
    hasGap: bars.some(({ gaps }) => gaps > 0),
  };
}

function priceParts(candles: readonly Candle[], prices: readonly number[], step: number): string[] {
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const room = (high - low || high * 1e-4) * 0.06;
  const [from, to] = [low - room, high + room];
  const y = (price: number): number => TOP + (1 - (price - from) / (to - from)) * PRICES;
  const grid = niceStep((to - from) / 6);
  const digits = Math.max(0, -Math.floor(Math.log10(grid)));
  const lines: string[] = [];
  for (let k = Math.ceil(from / grid); k * grid <= to; k++) {
    lines.push(gridLine(y(k * grid), (k * grid).toFixed(digits)));
  }
  return [...lines, ...candles.map((candle, at) => candleSvg(candle, LEFT + at * step, step, y))];
}

const gridLine = (y: number, label: string): string =>
  `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" ` +
  `stroke="#e4e4e4"/><text x="${LEFT - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end" ` +
  `fill="#555">${label}</text>`;

function candleSvg(
  { prices, hasGap }: Candle,
  x: number,
  step: number,
  y: (price: number) => number,
): string {
  const middle = (x + step / 2).toFixed(1);
  const gap = hasGap
    ? `<rect x="${x.toFixed(1)}" y="${TOP}" width="${step.toFixed(1)}" height="${PRICES}" ` +
      `fill="#c0392b" fill-opacity="0.12"/>`
    : "";
  if (prices === undefined) return gap;
  const [open, high, low, close] = prices;
  const top = y(Math.max(open, close));
  const height = Math.max(1, y(Math.min(open, close)) - top);
  const width = Math.max(1, Math.min(step * 0.7, 24));
  const fill = close >= open ? "#fff" : "#143e7a";
  return (
    `${gap}<line x1="${middle}" x2="${middle}" y1="${y(high).toFixed(1)}" ` +
    `y2="${y(low).toFixed(1)}" stroke="#143e7a"/>` +
    `<rect x="${(x + (step - width) / 2).toFixed(1)}" y="${top.toFixed(1)}" ` +
    `width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${fill}" stroke="#143e7a"/>`
  );
}

function volumeParts(candles: readonly Candle[], step: number): string[] {
  const most = Math.max(...candles.map(({ volume }) => volume));
  const bottom = TOP + PRICES + 30 + VOLUMES;
  const label = most === 0 ? "0" : most.toLocaleString("en-US", { maximumSignificantDigits: 4 });
  return [
    `<text x="${LEFT - 8}" y="${bottom - VOLUMES + 10}" text-anchor="end" fill="#555">` +
      `${label}</text>`,
    `<text x="${LEFT - 8}" y="${bottom - VOLUMES + 26}" text-anchor="end" fill="#555">` +
      `volume</text>`,
    ...candles.map(({ volume }, at) => {
      const height = most === 0 ? 0 : (volume / most) * VOLUMES;
      const width = Math.max(1, Math.min(step * 0.7, 24));
      const x = LEFT + at * step + (step - width) / 2;
      return (
        `<rect x="${x.toFixed(1)}" y="${(bottom - height).toFixed(1)}" ` +
        `width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="#9db4d0"/>`
      );
    }),
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}" stroke="#888"/>`,
  ];
}

function timeParts(candles: readonly Candle[], step: number): string[] {
  const every = Math.max(1, Math.ceil(candles.length / TIMES));
  let before: string | undefined;
  return candles.flatMap(({ start }, at) => {
    if (at % every !== 0) return [];
    const [day = "", clock = ""] = isoNanos(start).replace("Z", "").split("T");
    const text = day === before ? clock : `${day} ${clock}`;
    before = day;
    const x = (LEFT + at * step).toFixed(1);
    return [`<text x="${x}" y="${HEIGHT - 16}" fill="#555">${text}</text>`];
  });
}
