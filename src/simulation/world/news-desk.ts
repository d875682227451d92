/**
 * News desk: releases what the calendar holds and what the market itself gives cause for.
 *
 * Planned items (random or scripted) move the value and are put into words; a wave of liquidations
 * and a high funding rate are reported after the fact, as headlines that move nothing themselves.
 *
 * What must stay true: an item is released once; texts come from the configured split only; and
 * whoever never drains costs a bounded memory.
 */
import { type Asset, type Headline, headlineOf } from "./headlines.ts";
import { NewsEffect } from "./news-effect.ts";
import {
  ALL_SYMBOLS,
  NewsCalendar,
  type NewsItem,
  type NewsPlan,
  NewsPlanner,
  scriptedPlans,
} from "./news.ts";
import { scenarioNews } from "./scenario.ts";
import { assetOf, type ResolvedWorldConfig } from "./world-config.ts";

const NANOS = 1_000_000_000;
const MOST_KEPT = 4_096;
/** A wave worth a headline: this share of all open positions within about ten minutes. */
const WAVE = 0.01;
const WAVE_SECONDS = 600;
/** From the event to the headline about it, and until the next one about the same. */
const REPORT_SECONDS = 45;
const QUIET_SECONDS = 3_600;
/** A rate of one settlement worth a headline. */
const HIGH_RATE = 0.0003;

export class NewsDesk {
  readonly #config: ResolvedWorldConfig;
  readonly #epochSecond: number;
  readonly #calendar: NewsCalendar;
  readonly effect = new NewsEffect();
  #items: NewsItem[] = [];
  /** Liquidated lately, fading, by side. */
  #longs = 0;
  #shorts = 0;
  #waveAt = Number.NaN;
  #waveStory: -1 | 1 = 1;
  #quietTo = 0;
  #rate = Number.NaN;

  constructor(config: ResolvedWorldConfig, epochSecond: number) {
    const { seed, symbol, market, news, scenario } = config;
    this.#config = config;
    this.#epochSecond = epochSecond;
    const planners = [
      new NewsPlanner(seed, news, market, symbol),
      new NewsPlanner(seed, news, market, undefined),
    ];
    const script = [...news.script, ...scenarioNews(scenario)];
    const scripted = scriptedPlans(script, symbol, epochSecond);
    this.#calendar = new NewsCalendar(planners, scripted, epochSecond);
  }

  /** Shares of a day's volume that were closed by force just now. */
  liquidated(longs: number, shorts: number): void {
    this.#longs += longs;
    this.#shorts += shorts;
  }

  /** A funding rate that was settled just now. */
  settled(rate: number): void {
    if (Math.abs(rate) >= HIGH_RATE) this.#rate = rate;
  }

  drain(): readonly NewsItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** Lives through one second; `openInterest` is a share of an average day's volume. */
  step(second: number, openInterest: number): void {
    for (const plan of this.#calendar.upTo(second)) this.#release(plan);
    this.effect.step(second);
    this.#reportFunding(second, openInterest);
    this.#reportWave(second, openInterest);
  }

  #release(plan: NewsPlan): void {
    const { second, direction, magnitude, delaySeconds } = plan;
    this.effect.add(second, direction, magnitude, delaySeconds);
    const { seed, news } = this.#config;
    const headline: Headline =
      plan.text === undefined
        ? headlineOf(seed, news.split, plan, this.#assetOf(plan.symbols))
        : { text: plan.text, family: "script", figures: {} };
    this.#publish(plan, headline);
  }

  /** What a headline calls the asset: what is told of several reads alike in all their worlds. */
  #assetOf(symbols: readonly string[]): Asset {
    const { asset, market } = this.#config;
    if (symbols.length === 1 && symbols[0] !== ALL_SYMBOLS) return asset;
    if (!symbols.includes(ALL_SYMBOLS)) return assetOf(symbols[0]!, {});
    const name = market === "equity" ? "shares" : "digital assets";
    return assetOf(name, { ticker: name, name });
  }

  #publish(plan: NewsPlan, { text, family, figures }: Headline): void {
    const { kind, symbols, direction, magnitude } = plan;
    if (this.#items.length >= MOST_KEPT) this.#items.shift();
    this.#items.push({
      id: plan.id,
      at: (plan.second - this.#epochSecond) * NANOS,
      symbols,
      kind,
      direction,
      magnitude,
      delay: plan.delaySeconds * NANOS,
      isNoise: direction === 0 || magnitude === 0,
      isHostile: kind === "hostile",
      text,
      family,
      split: this.#config.news.split,
      figures,
    });
  }

  #reportFunding(second: number, openInterest: number): void {
    if (Number.isNaN(this.#rate)) return;
    const rate = this.#rate;
    this.#rate = Number.NaN;
    // Without a crowd there is no open interest to tell of: the wording's own default stands.
    const open = openInterest * this.#config.asset.dayVolumeUsd;
    const given = open > 0 ? { rate, openInterestUsd: open } : { rate };
    this.#report("funding", second, rate > 0 ? 1 : -1, given);
  }

  #reportWave(second: number, openInterest: number): void {
    if (this.#longs === 0 && this.#shorts === 0) return;
    if (Number.isNaN(this.#waveAt) && second >= this.#quietTo) {
      const most = Math.max(this.#longs, this.#shorts);
      if (most >= WAVE * openInterest) {
        this.#waveAt = second + REPORT_SECONDS;
        this.#waveStory = this.#longs > this.#shorts ? -1 : 1;
      }
    }
    if (second >= this.#waveAt) {
      const share = this.#waveStory === -1 ? this.#longs : this.#shorts;
      const liquidatedUsd = share * this.#config.asset.dayVolumeUsd;
      this.#report("liquidations", second, this.#waveStory, { liquidatedUsd });
      this.#waveAt = Number.NaN;
      this.#quietTo = second + QUIET_SECONDS;
    }
    const kept = Math.exp(-1 / WAVE_SECONDS);
    this.#longs = this.#longs < 1e-9 ? 0 : this.#longs * kept;
    this.#shorts = this.#shorts < 1e-9 ? 0 : this.#shorts * kept;
  }

  /** A headline about the market itself: it moves nothing. */
  #report(
    kind: "funding" | "liquidations",
    second: number,
    story: -1 | 1,
    given: Readonly<Record<string, number>>,
  ): void {
    const { symbol, seed, news, asset } = this.#config;
    const id = `${symbol}-${kind}-${second}`;
    const plan: NewsPlan = {
      id,
      second,
      symbols: [symbol],
      kind,
      story,
      direction: 0,
      magnitude: 0,
      delaySeconds: 0,
    };
    this.#publish(plan, headlineOf(seed, news.split, plan, asset, given));
  }
}
