/**
 * Frame cursor: a place in the text of a frame, and what can be read from there without an object
 * or a string being made.
 *
 * What must stay true: a step either reads exactly what JSON.parse and the level parser would make
 * of the same characters, and moves behind them, or it says that the text is not to be trusted.
 */
import { type Decimal, trimDecimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { type Levels, MOST_LEVELS } from "./capture.ts";

/** Of the characters that frames are made of. */
export const Code = {
  RETURN: 13,
  QUOTE: 34,
  COMMA: 44,
  POINT: 46,
  ZERO: 48,
  COLON: 58,
  OPEN: 91,
  BACKSLASH: 92,
  CLOSE: 93,
  BEGIN: 123,
  END: 125,
} as const;

/** Digits that a double surely holds. */
const SAFE_DIGITS = 15;
const MOST_FRACTION = 40;
/** What no value of a frame is: it stands for "not to be trusted" and for "absent". */
export const NONE = -1;

/** One kind of number of an instrument: of what steps, and how many of them there may be. */
class Grid {
  readonly scale: number;
  readonly divisor: number;
  readonly least: number;
  readonly most: number;

  constructor(step: Decimal, least: number, most: number) {
    const { mantissa, scale } = trimDecimal(step);
    this.scale = scale;
    // A step of more digits is never met; then nothing is trusted.
    this.divisor = scale <= SAFE_DIGITS && mantissa <= 10n ** 15n ? Number(mantissa) : 0;
    this.least = least;
    this.most = most;
  }
}

/** A place in a text. Each step moves it, or says that the text is not to be trusted. */
export class FrameCursor {
  text = "";
  at = 0;
  readonly #price: Grid;
  readonly #quantity: Grid;

  constructor(instrument: Instrument) {
    this.#price = new Grid(instrument.tickSize, 1, 0x7ffffffe);
    this.#quantity = new Grid(instrument.lotSize, 0, Number.MAX_SAFE_INTEGER);
  }

  begin(text: string, at: number): void {
    this.text = text;
    this.at = at;
  }

  skip(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at += 1;
    return true;
  }

  /** Whether nothing follows but the end of a line. */
  get isAtEnd(): boolean {
    const rest = this.text.length - this.at;
    return rest === 0 || (rest === 1 && this.text.charCodeAt(this.at) === Code.RETURN);
  }

  literal(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  /** `"key":`, of at most five characters, as one number; NONE for another. */
  key(): number {
    const { text } = this;
    if (text.charCodeAt(this.at) !== Code.QUOTE) return NONE;
    let key = 0;
    for (let index = 1; index <= 6; index++) {
      const code = text.charCodeAt(this.at + index);
      if (code === Code.QUOTE) {
        if (text.charCodeAt(this.at + index + 1) !== Code.COLON) return NONE;
        this.at += index + 2;
        return key;
      }
      if (!(code > 32 && code < 127) || code === Code.BACKSLASH) return NONE;
      key = key * 128 + code;
    }
    return NONE;
  }

  /** A whole number as JSON writes it; NONE where it is none. */
  whole(): number {
    const { text } = this;
    const from = this.at;
    let at = from;
    let value = 0;
    for (; ; at++) {
      const digit = text.charCodeAt(at) - Code.ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const digits = at - from;
    if (digits === 0 || digits > SAFE_DIGITS) return NONE;
    if (digits > 1 && text.charCodeAt(from) === Code.ZERO) return NONE;
    this.at = at;
    return value;
  }

  /** Over a plain string, both quotes included; its characters are between `from` and `to`. */
  string(): boolean {
    const { text } = this;
    if (text.charCodeAt(this.at) !== Code.QUOTE) return false;
    for (let at = this.at + 1; ; at++) {
      const code = text.charCodeAt(at);
      if (code === Code.QUOTE) {
        this.at = at + 1;
        return true;
      }
      if (!(code >= 32 && code < 127) || code === Code.BACKSLASH) return false;
    }
  }

  price(): number {
    return this.#decimal(this.#price);
  }

  quantity(): number {
    return this.#decimal(this.#quantity);
  }

  /** `[["price","quantity"],…]`. */
  levels(into: Levels): boolean {
    into.length = 0;
    if (!this.skip(Code.OPEN)) return false;
    if (this.skip(Code.CLOSE)) return true;
    for (;;) {
      if (!this.skip(Code.OPEN)) return false;
      const price = this.#decimal(this.#price);
      if (price < 0 || !this.skip(Code.COMMA)) return false;
      const quantity = this.#decimal(this.#quantity);
      if (quantity < 0 || !this.skip(Code.CLOSE)) return false;
      if (into.length === MOST_LEVELS) return false;
      into.prices[into.length] = price;
      into.quantities[into.length] = quantity;
      into.length += 1;
      if (this.skip(Code.CLOSE)) return true;
      if (!this.skip(Code.COMMA)) return false;
    }
  }

  /** A count of steps from a quoted decimal, as grid-parser.ts counts them. */
  #decimal({ scale, divisor, least, most }: Grid): number {
    const { text } = this;
    let at = this.at;
    if (text.charCodeAt(at++) !== Code.QUOTE) return NONE;
    const from = at;
    let value = 0;
    let digit = text.charCodeAt(at) - Code.ZERO;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digit = text.charCodeAt(++at) - Code.ZERO;
    }
    const wholeDigits = at - from;
    if (wholeDigits === 0 || wholeDigits + scale > SAFE_DIGITS || divisor === 0) return NONE;
    let fraction = 0;
    if (digit === Code.POINT - Code.ZERO) {
      digit = text.charCodeAt(++at) - Code.ZERO;
      while (digit >= 0 && digit <= 9) {
        if (fraction < scale) value = value * 10 + digit;
        else if (digit !== 0) return NONE;
        fraction += 1;
        digit = text.charCodeAt(++at) - Code.ZERO;
      }
      if (fraction === 0 || fraction > MOST_FRACTION) return NONE;
    }
    if (digit !== Code.QUOTE - Code.ZERO) return NONE;
    for (; fraction < scale; fraction++) value *= 10;
    if (divisor !== 1) {
      if (value % divisor !== 0) return NONE;
      value /= divisor;
    }
    if (value < least || value > most) return NONE;
    this.at = at + 1;
    return value;
  }
}
