/**
 * Bybit told: what the venue's ticker and its stream of liquidations say of a market.
 *
 * Ticker messages are partial: what is absent is as it was told last. What must stay true: every
 * field is hostile until checked, what cannot be read is left out, and of a message no more is
 * taken than somebody could look at.
 */
import type { Instrument } from "../../core/domain/instrument.ts";
import type { Liquidation, MarketTold } from "../../core/domain/messages.ts";
import { type Lots, micros, type Micros, type Ticks } from "../../core/domain/units.ts";
import { type GridParser, priceParser, quantityParser } from "../grid-parser.ts";

interface RawTold {
  readonly data?: unknown;
}
interface RawTicker {
  readonly symbol?: unknown;
  readonly fundingRate?: unknown;
  readonly nextFundingTime?: unknown;
  readonly openInterest?: unknown;
}
interface RawLiquidation {
  readonly T?: unknown;
  readonly s?: unknown;
  readonly S?: unknown;
  readonly v?: unknown;
  readonly p?: unknown;
}

/** Of one message; Bybit sends a handful twice a second. */
export const MOST_LIQUIDATIONS = 20;
const MOST_LETTERS = 30;
/** The venue's own bounds are some percents; more than all of it is no rate. */
const RATE = /^-?[01](?:\.\d{1,18})?$/;
const MILLIS = /^[1-9]\d{12}$/;

export class BybitTold {
  readonly #symbol: string;
  readonly #price: GridParser;
  readonly #quantity: GridParser;

  constructor(instrument: Instrument) {
    this.#symbol = instrument.symbol;
    this.#price = priceParser(instrument);
    this.#quantity = quantityParser(instrument);
  }

  /** Undefined: nothing of it can be read. */
  ticker({ data }: RawTold): MarketTold | undefined {
    if (typeof data !== "object" || data === null) return undefined;
    const { symbol, fundingRate, nextFundingTime, openInterest }: RawTicker = data;
    if (symbol !== this.#symbol) return undefined;
    const open = this.#count(this.#quantity, openInterest);
    const told: MarketTold = {
      ...(isRate(fundingRate) ? { fundingRate: Number(fundingRate) } : {}),
      ...(isMillis(nextFundingTime) ? { nextFundingAt: timeOf(nextFundingTime) } : {}),
      ...(open === undefined ? {} : { openInterest: open as Lots }),
    };
    return Object.keys(told).length === 0 ? undefined : told;
  }

  /** Oldest first; undefined: there is none that can be read. */
  liquidations({ data }: RawTold): MarketTold | undefined {
    if (!Array.isArray(data)) return undefined;
    const newest: readonly unknown[] = data.slice(-MOST_LIQUIDATIONS);
    const liquidations = newest.flatMap((each) => this.#liquidation(each) ?? []);
    return liquidations.length === 0 ? undefined : { liquidations };
  }

  #liquidation(raw: unknown): Liquidation | undefined {
    if (typeof raw !== "object" || raw === null) return undefined;
    const { T: at, s: symbol, S: side, v: size, p: bankruptcy }: RawLiquidation = raw;
    const price = this.#count(this.#price, bankruptcy);
    const quantity = this.#count(this.#quantity, size);
    if (symbol !== this.#symbol || (side !== "Buy" && side !== "Sell")) return undefined;
    if (price === undefined || quantity === undefined || quantity === 0) return undefined;
    if (typeof at !== "number" || !isMillis(String(at))) return undefined;
    return {
      time: timeOf(at),
      side: side === "Buy" ? "buy" : "sell",
      price: price as Ticks,
      quantity: quantity as Lots,
    };
  }

  /** Steps of the instrument's grid; undefined: it is no such number. */
  #count(parse: GridParser, text: unknown): number | undefined {
    if (typeof text !== "string" || text.length > MOST_LETTERS) return undefined;
    const steps = parse(text);
    return steps < 0 ? undefined : steps;
  }
}

const isRate = (text: unknown): text is string =>
  typeof text === "string" && RATE.test(text) && Math.abs(Number(text)) <= 1;
/** In microseconds a number holds it exactly: until the year 2255. */
const isMillis = (text: unknown): text is string =>
  typeof text === "string" && MILLIS.test(text) && Number.isSafeInteger(Number(text) * 1000);
const timeOf = (millis: string | number): Micros => micros(Number(millis) * 1000);
