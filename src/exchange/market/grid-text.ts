/**
 * Grid text: ticks and lots as the decimal text that clients read, made without big integers.
 *
 * Contracts are written with all digits of their grid ("65114.20"), spot without the last zeros, as
 * Bybit does. What must stay true: the text is exact, whatever the grid.
 */
import { type Decimal, formatDecimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";

const POINT = ".";

export class GridText {
  readonly #tick: Step;
  readonly #halfTick: Step;
  readonly #lot: Step;
  readonly #isTrimmed: boolean;
  /** Doubles of the grid, for worths. */
  readonly tickSize: number;
  readonly lotSize: number;
  readonly #isInverse: boolean;

  constructor({ kind, tickSize, lotSize }: Instrument) {
    this.#tick = new Step(tickSize);
    this.#halfTick = new Step(halfOf(tickSize));
    this.#lot = new Step(lotSize);
    this.#isTrimmed = kind === "spot";
    this.#isInverse = kind === "inverse";
    this.tickSize = Number(formatDecimal(tickSize));
    this.lotSize = Number(formatDecimal(lotSize));
  }

  price(ticks: number): string {
    const text = this.#tick.text(ticks);
    return this.#isTrimmed ? trim(text) : text;
  }

  /** Without the last zeros, as candles have it on every category. */
  shortPrice = (ticks: number): string => trim(this.#tick.text(ticks));

  halfPrice(halfTicks: number): string {
    if (halfTicks % 2 === 0) return this.price(halfTicks / 2);
    const text = this.#halfTick.text(halfTicks);
    return this.#isTrimmed ? trim(text) : text;
  }

  shortHalfPrice = (halfTicks: number): string => trim(this.#halfTick.text(halfTicks));

  quantity(lots: number): string {
    if (lots === 0) return "0";
    const text = this.#lot.text(lots);
    return this.#isTrimmed ? trim(text) : text;
  }

  shortQuantity = (lots: number): string => trim(this.#lot.text(lots));

  /** What trading `lots` at a price turns over: quote coin, of inverse contracts base coin. */
  worth(ticks: number, lots: number): number {
    const price = ticks * this.tickSize;
    const size = lots * this.lotSize;
    return this.#isInverse ? size / price : size * price;
  }
}

/** A double as plain decimal text, to as many digits as it is good for. */
export function estimateText(value: number, digits: number): string {
  return trim(Number(value.toPrecision(15)).toFixed(digits));
}

function trim(text: string): string {
  if (!text.includes(POINT)) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0x30) end -= 1;
  return text.slice(0, text.endsWith(POINT, end) ? end - 1 : end);
}

/** With no more digits than it needs: a half of 0.10 is 0.05. */
function halfOf({ mantissa, scale }: Decimal): Decimal {
  const half = mantissa * 5n;
  return half % 10n === 0n ? { mantissa: half / 10n, scale } : { mantissa: half, scale: scale + 1 };
}

/** One step of a grid. */
class Step {
  readonly #exact: Decimal;
  readonly #mantissa: number;
  readonly #scale: number;
  /** Counts up to this have an exact product as doubles. */
  readonly #most: number;

  constructor(step: Decimal) {
    this.#exact = step;
    this.#mantissa = Number(step.mantissa);
    this.#scale = step.scale;
    this.#most = Math.floor(Number.MAX_SAFE_INTEGER / this.#mantissa);
  }

  text(count: number): string {
    if (count > this.#most || count < 0) {
      const mantissa = BigInt(count) * this.#exact.mantissa;
      return formatDecimal({ mantissa, scale: this.#exact.scale });
    }
    const digits = String(count * this.#mantissa);
    const scale = this.#scale;
    if (scale === 0) return digits;
    const padded = digits.padStart(scale + 1, "0");
    return padded.slice(0, -scale) + POINT + padded.slice(-scale);
  }
}
