/**
 * Market facts: what an estimate must know of a market before the order is sent, each figure with
 * where it comes from and how sure it is.
 *
 * Measured from the data up to the order's start and never beyond it, or stated by a person. What a
 * few minutes say of a day is scaled up, and the error that this makes is part of the figure: a
 * day's volatility after five minutes is unknown, not small.
 */
import type { Engine } from "../core/engine.ts";
import { toNumber } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import {
  type Instrument,
  instrumentId,
  priceEstimate,
  quantityEstimate,
} from "../core/domain/instrument.ts";
import {
  type Bps,
  type Fraction,
  type HalfTicks,
  type Lots,
  lots,
  type Micros,
  micros,
  type Ticks,
} from "../core/domain/units.ts";
import { ColumnsBuilder, Kind } from "../core/market/columns.ts";
import type { Observer } from "../core/market/observer.ts";
import type { OpenMarket } from "./market-source.ts";

/** A figure and one sigma of its natural logarithm: 0.1 is about a tenth either way. */
export interface Figure {
  readonly value: number;
  readonly relativeError: Fraction;
  readonly origin: "measured" | "given";
  /** How it was come by. */
  readonly text: string;
}

export interface MarketFacts {
  readonly instrument: Instrument;
  readonly mid: HalfTicks;
  readonly bid: Ticks;
  readonly ask: Ticks;
  /** The mid in quote coin. */
  readonly price: number;
  readonly spreadBps: Figure;
  readonly dailyVolatility: Figure;
  /** Units of quantity. */
  readonly dailyVolume: Figure;
  /** What the book shows at the start; absent where no book was seen. */
  readonly depth?: { readonly bid: Lots; readonly ask: Lots; readonly levels: number };
  /** What was looked at; absent where everything was given. */
  readonly seen?: { readonly from: Micros; readonly until: Micros; readonly dayShare: Fraction };
}

/** What a person states; it wins over what is measured. */
export interface StatedFacts {
  readonly dailyVolatility?: Fraction;
  readonly dailyVolume?: number;
  readonly spreadBps?: Bps;
}

export interface EstimateFault {
  readonly code: "ESTIMATE_DATA" | "ESTIMATE_QUANTITY" | "ESTIMATE_PARAMETER";
  readonly text: string;
}

/** What of an open market is looked at. */
export type FactsSource = Pick<OpenMarket, "header" | "blocks" | "from" | "until" | "label">;

/**
 * One sigma of ln(an hour's figure, scaled to a day / that of the 24 hours from then on), on 4,500
 * hourly bars each of four USDT perpetuals from September 2025 to March 2026 (measured by
 * `market-facts.test.ts`). A shorter look is less sure than that.
 */
export const HOUR_AGAINST_DAY = { volatility: 0.6, volume: 0.7 } as const;

const SECONDS_PER_DAY = 86_400;
const NANOS = 1e9;
/** Returns over this many seconds: long enough for the bounce between bid and ask to wash out. */
const RETURN_SECONDS = 10;
/** Fewer returns than this say nothing of a volatility. */
const LEAST_RETURNS = 6;
const BOOK_LEVELS = 5;

/** Takes in the market up to `until` through the engine's own eyes, and says what was seen. */
export function measureFacts(
  engine: Engine,
  market: FactsSource,
  until: Micros,
  stated: StatedFacts,
): Result<MarketFacts, EstimateFault> {
  const survey = new Survey(engine.instruments[0]!.observer);
  const epoch = Number(market.header.epochNanos / 1000n);
  const end = (until - epoch) * 1000;
  let next = Math.ceil(((market.from - epoch) * 1000) / NANOS) * NANOS;
  for (const block of market.blocks) {
    let row = 0;
    while (row < block.length) {
      row = engine.observe(0, block, row, block.length, Math.min(next, end));
      if (row === block.length || next > end) break;
      survey.look(micros(epoch + next / 1000));
      next += NANOS;
    }
    if (next > end) break;
  }
  return factsOf(survey, market, until, stated);
}

/** What is noted once a second. */
class Survey {
  readonly observer: Observer;
  seconds = 0;
  healthySeconds = 0;
  /** Σ of the spread in bps over healthy seconds. */
  spread = 0;
  readonly squares: number[] = [];
  /** Lots traded in each whole minute. */
  readonly minutes: number[] = [];
  #lastMid = 0;
  #age = 0;
  #volumeBefore = 0;

  constructor(observer: Observer) {
    this.observer = observer;
  }

  look(now: Micros): void {
    const { observer } = this;
    this.seconds += 1;
    if (this.seconds % 60 === 0) {
      this.minutes.push(observer.volume - this.#volumeBefore);
      this.#volumeBefore = observer.volume;
    }
    if (observer.health(now, micros(5 * 1e6)) !== "healthy") {
      this.#lastMid = 0;
      return;
    }
    const { mid, bid, ask } = observer;
    this.healthySeconds += 1;
    this.spread += (2e4 * (ask - bid)) / mid;
    this.#age += 1;
    if (this.#lastMid === 0) {
      this.#lastMid = mid;
      this.#age = 0;
    } else if (this.#age === RETURN_SECONDS) {
      this.squares.push(Math.log(mid / this.#lastMid) ** 2);
      this.#lastMid = mid;
      this.#age = 0;
    }
  }
}

function factsOf(
  survey: Survey,
  market: FactsSource,
  until: Micros,
  stated: StatedFacts,
): Result<MarketFacts, EstimateFault> {
  const { instrument } = market.header;
  const { observer } = survey;
  const { bid, ask } = observer;
  if (!(bid > 0 && ask > bid)) {
    return fault(`${instrumentId(instrument)} has no two-sided book when the order starts`);
  }
  const dailyVolatility = volatilityOf(survey, stated);
  if (!dailyVolatility.ok) return dailyVolatility;
  const dailyVolume = volumeOf(survey, instrument, stated);
  if (!dailyVolume.ok) return dailyVolume;
  const { mid } = observer;
  const isMeasured = survey.seconds > 0;
  return ok({
    instrument,
    mid,
    bid,
    ask,
    price: priceEstimate(instrument, mid),
    spreadBps: spreadOf(survey, stated),
    dailyVolatility: dailyVolatility.value,
    dailyVolume: dailyVolume.value,
    ...(isMeasured
      ? {
          depth: {
            bid: lots(observer.book.depth("buy", BOOK_LEVELS)),
            ask: lots(observer.book.depth("sell", BOOK_LEVELS)),
            levels: BOOK_LEVELS,
          },
          seen: { from: market.from, until, dayShare: dayShare(survey.seconds) },
        }
      : {}),
  });
}

function spreadOf({ healthySeconds, spread, observer }: Survey, stated: StatedFacts): Figure {
  if (stated.spreadBps !== undefined) return given(stated.spreadBps);
  if (healthySeconds > 0) {
    const text = `mean of ${healthySeconds} looks, one a second`;
    return { value: spread / healthySeconds, relativeError: 0, origin: "measured", text };
  }
  const value = (2e4 * (observer.ask - observer.bid)) / observer.mid;
  return { value, relativeError: 0, origin: "measured", text: "of the book at the start" };
}

/** Realised, from 10-second returns, scaled to a day. */
function volatilityOf({ squares }: Survey, stated: StatedFacts): Result<Figure, EstimateFault> {
  if (stated.dailyVolatility !== undefined) return ok(given(stated.dailyVolatility));
  const count = squares.length;
  const mean = squares.reduce((sum, square) => sum + square, 0) / count;
  if (count < LEAST_RETURNS || !(mean > 0)) {
    return fault(
      `the data holds ${count} moves of ${RETURN_SECONDS} s before the order: no volatility can ` +
        "be told from that; give more data, a later --start, or state it with --volatility-day",
    );
  }
  const spread = squares.reduce((sum, square) => sum + (square - mean) ** 2, 0) / (count - 1);
  // ln σ is half of ln σ².
  const sampling = Math.sqrt(spread / count) / mean / 2;
  const share = dayShare(count * RETURN_SECONDS);
  const scaling = HOUR_AGAINST_DAY.volatility * Math.sqrt(1 - share);
  return ok({
    value: Math.sqrt((mean * SECONDS_PER_DAY) / RETURN_SECONDS),
    relativeError: Math.hypot(sampling, scaling),
    origin: "measured",
    text:
      `from ${count} moves of ${RETURN_SECONDS} s, ${shareText(share)} of a day; ` +
      `error ${sampling.toFixed(2)} from their number, ${scaling.toFixed(2)} from scaling to a day`,
  });
}

function volumeOf(
  { observer, seconds, minutes }: Survey,
  instrument: Instrument,
  stated: StatedFacts,
): Result<Figure, EstimateFault> {
  if (stated.dailyVolume !== undefined) return ok(given(stated.dailyVolume));
  const { volume } = observer;
  if (seconds === 0 || !(volume > 0)) {
    return fault(
      "the data holds no trade before the order: no volume can be told from that; give more " +
        "data, a later --start, or state it with --volume-day",
    );
  }
  const mean = minutes.reduce((sum, minute) => sum + minute, 0) / minutes.length;
  const squares = minutes.reduce((sum, minute) => sum + (minute - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, minutes.length - 1));
  // One minute alone does not show how minutes differ.
  const sampling =
    minutes.length < 2 ? 1 : deviation / Math.max(mean, 1e-9) / minutes.length ** 0.5;
  const share = dayShare(seconds);
  const scaling = HOUR_AGAINST_DAY.volume * Math.sqrt(1 - share);
  const value = quantityEstimate(instrument, 1 as Lots) * (volume / seconds) * SECONDS_PER_DAY;
  return ok({
    value,
    relativeError: Math.hypot(Math.min(1, sampling), scaling),
    origin: "measured",
    text:
      `scaled up from ${shareText(share)} of a day; error ${Math.min(1, sampling).toFixed(2)} ` +
      `from how minutes differ, ${scaling.toFixed(2)} from scaling to a day`,
  });
}

const dayShare = (seconds: number): Fraction => Math.min(1, seconds / SECONDS_PER_DAY);
const shareText = (share: Fraction): string => `${(share * 100).toPrecision(2)} %`;
const given = (value: number): Figure => ({
  value,
  relativeError: 0,
  origin: "given",
  text: "as stated, taken to be exact",
});
const fault = (text: string): Result<never, EstimateFault> => err({ code: "ESTIMATE_DATA", text });

/** Two levels around a price, for an order whose market nobody recorded. */
export function statedMarket(
  instrument: Instrument,
  price: number,
  spreadBps: Bps,
  at: Micros,
): Result<FactsSource, EstimateFault> {
  const tick = toNumber(instrument.tickSize);
  const spread = Math.max(1, Math.round((price * spreadBps) / 1e4 / tick));
  const bid = Math.round(price / tick - spread / 2);
  if (!(bid >= 1 && bid + spread < 2 ** 31 - 1)) {
    return fault(`a price of ${price} with a spread of ${spreadBps} bps fits no tick of ${tick}`);
  }
  const rows = new ColumnsBuilder(4);
  rows.push(0, 0, Kind.CLEAR, 0, 0);
  rows.push(0, 0, Kind.BID, bid, instrument.maxLimitLots);
  rows.push(0, 0, Kind.ASK, bid + spread, instrument.maxLimitLots);
  rows.endMessage();
  const epochNanos = BigInt(Math.floor(at / 1e6)) * 1_000_000_000n;
  return ok({
    header: { instrument, epochNanos, ownTradesPrinted: false },
    blocks: [rows.view()],
    from: at,
    until: at,
    label: `${instrumentId(instrument)}, as stated`,
  });
}
