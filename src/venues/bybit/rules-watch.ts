/**
 * Rules watch: asks now and then whether the instrument is still what it was when the run began.
 *
 * A venue may change the tick, the lot or the status while orders rest; prices and quantities of
 * this run are whole numbers of the old ones. What must stay true: where the grid is another one,
 * or the instrument does not trade, nothing new is sent and a person hears why, once; a cancel is
 * never held back, and an answer that cannot be had changes nothing.
 */
import { compareDecimal, type Decimal, formatDecimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { VenueNotice } from "../venue.ts";
import type { BybitRest } from "./rest-client.ts";
import { type InstrumentRules, parseInstrumentRules } from "./wire.ts";
import { isRecord } from "./wire-value.ts";

export interface RulesWatchOptions {
  readonly rest: BybitRest;
  readonly instrument: Instrument;
  /** Between two looks; 0: none, but where an order is refused. */
  readonly everyMs: number;
  /** Between two looks, however many orders are refused. */
  readonly soonMs: number;
  readonly timers: Timers;
  readonly nowMs: () => number;
  readonly notice: (notice: VenueNotice) => void;
}

const CODE = "VENUE_RULES_CHANGED";

export class RulesWatch {
  readonly #options: RulesWatchOptions;
  #takeBack: (() => void) | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  #broken: string | undefined;
  /** What has been told of bounds that have changed. */
  #told = "";

  constructor(options: RulesWatchOptions) {
    this.#options = options;
  }

  /** Why nothing new may be sent; undefined: it may. */
  get broken(): { readonly code: string; readonly text: string } | undefined {
    return this.#broken === undefined ? undefined : { code: CODE, text: this.#broken };
  }

  start(): void {
    const { everyMs } = this.#options;
    if (everyMs > 0) this.#next(everyMs);
  }

  /** An order was refused: perhaps for that. */
  look(): void {
    const { soonMs, nowMs } = this.#options;
    this.#next(Math.max(0, this.#askedAt + soonMs - nowMs()));
  }

  close(): void {
    this.#isClosed = true;
    this.#takeBack?.();
  }

  #next(ms: number): void {
    if (this.#isClosed) return;
    this.#takeBack?.();
    this.#takeBack = this.#options.timers.after(ms * 1e6, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const { rest, instrument, nowMs } = this.#options;
    const { kind, symbol } = instrument;
    this.#askedAt = nowMs();
    this.start();
    const query = { category: kind, symbol };
    const outcome = await rest.get({ path: "/v5/market/instruments-info", query });
    if (this.#isClosed || outcome.kind !== "answered") return;
    const { result } = outcome.answer;
    if (isRecord(result) && Array.isArray(result["list"]) && result["list"].length === 0) {
      return this.#judge(`the venue does not list ${symbol} any more`, []);
    }
    const rules = parseInstrumentRules(result, kind, symbol);
    if (rules.ok) this.#compare(rules.value);
  }

  #compare({ instrument: now, status }: InstrumentRules): void {
    const { instrument: was } = this.#options;
    const grid = [
      ...changed("the tick", was.tickSize, now.tickSize),
      ...changed("the lot", was.lotSize, now.lotSize),
      ...(status === "Trading" ? [] : [`it is ${status}`]),
    ];
    if (grid.length > 0) return this.#judge(`${was.symbol}: ${grid.join(", ")}`, []);
    this.#judge(undefined, [
      ...altered("the smallest order", was.minLots, now.minLots),
      ...altered("the largest limit order", was.maxLimitLots, now.maxLimitLots),
      ...altered("the largest market order", was.maxMarketLots, now.maxMarketLots),
      ...changed("the smallest value", was.minNotional, now.minNotional),
    ]);
  }

  #judge(broken: string | undefined, bounds: readonly string[]): void {
    const before = this.#broken;
    this.#broken = broken;
    if (broken !== undefined) {
      if (broken === before) return;
      const text = `${broken}: nothing new is sent, what rests can be canceled`;
      return this.#options.notice({ severity: "critical", code: CODE, text });
    }
    const { symbol } = this.#options.instrument;
    if (before !== undefined) {
      const text = `${symbol} trades again by the rules that the run began with`;
      this.#options.notice({ severity: "warning", code: CODE, text });
    }
    const told = bounds.join(", ");
    if (told === this.#told) return;
    this.#told = told;
    const text = `${symbol}: ${told === "" ? "the bounds of orders are as they were" : told}`;
    this.#options.notice({ severity: "warning", code: CODE, text });
  }
}

const changed = (what: string, was: Decimal, now: Decimal): string[] =>
  compareDecimal(was, now) === 0
    ? []
    : [`${what} was ${formatDecimal(was)} and is ${formatDecimal(now)}`];

const altered = (what: string, was: number, now: number): string[] =>
  was === now ? [] : [`${what} was ${was} lots and is ${now}`];
