/**
 * Directory: all markets of the exchange, what is asked of them and what is streamed of them.
 *
 * What must stay true: a topic or a path that nobody knows is refused here and does nothing.
 */
import type { Result } from "../../core/domain/errors.ts";
import { err } from "../../core/domain/errors.ts";
import type { Micros } from "../../core/domain/units.ts";
import type { Category, ExchangeFault } from "../exchange-types.ts";
import type { HostedMarket } from "../hosted-market.ts";
import type { MarketDirectory, MarketView } from "../market-view.ts";
import { ROUTE_NOT_FOUND } from "../protocol/faults.ts";
import { parsed, queryFields } from "../protocol/fields.ts";
import { MarketStreams } from "./market-streams.ts";
import { ANSWERS, type ListedMarket, type Listing } from "./public-answers.ts";
import { PublicMarket } from "./public-market.ts";

export class Directory implements MarketDirectory, Listing {
  readonly markets: readonly MarketView[];
  readonly listed: readonly ListedMarket[];
  onMessage: (category: Category, topic: string, text: string) => void = () => {};
  readonly #byName = new Map<string, Listed>();

  /** @param now when the exchange opens. */
  constructor(hosted: readonly HostedMarket[], now: Micros) {
    const all = hosted.map((each) => this.#list(each, now));
    this.listed = all;
    this.markets = all;
  }

  get now(): Micros {
    return this.listed.reduce<Micros>(
      (latest, { market }) => (market.now > latest ? market.now : latest),
      0 as Micros,
    );
  }

  find(category: Category, symbol: string): Listed | undefined {
    return this.#byName.get(nameOf(category, symbol));
  }

  answer(path: string, query: URLSearchParams): Result<object, ExchangeFault> {
    const answerer = Object.hasOwn(ANSWERS, path) ? ANSWERS[path] : undefined;
    if (answerer === undefined) return err(ROUTE_NOT_FOUND);
    return parsed(() => answerer(queryFields(query), this));
  }

  hasTopic(category: Category, topic: string): boolean {
    return this.#ofTopic(category, topic)?.streams.has(topic) ?? false;
  }

  watch(category: Category, topic: string, isWatched: boolean): void {
    this.#ofTopic(category, topic)?.streams.watch(topic, isWatched);
  }

  greeting(category: Category, topic: string): string | undefined {
    return this.#ofTopic(category, topic)?.streams.greeting(topic);
  }

  restart(): void {
    for (const { streams } of this.#byName.values()) streams.restart();
  }

  #ofTopic(category: Category, topic: string): Listed | undefined {
    return this.find(category, topic.slice(topic.lastIndexOf(".") + 1));
  }

  #list(hosted: HostedMarket, now: Micros): Listed {
    const market = new Listed(hosted, now, (topic, text) => {
      this.onMessage(hosted.instrument.kind, topic, text);
    });
    this.#byName.set(nameOf(hosted.instrument.kind, hosted.instrument.symbol), market);
    return market;
  }
}

/** A market whose streams follow its time. */
class Listed extends PublicMarket implements ListedMarket {
  readonly streams: MarketStreams;

  constructor(hosted: HostedMarket, now: Micros, emit: (topic: string, text: string) => void) {
    super(hosted, now);
    this.streams = new MarketStreams(this, emit);
  }

  get market(): PublicMarket {
    return this;
  }

  override advance(now: Micros): void {
    super.advance(now);
    this.streams.push();
  }
}

const nameOf = (category: Category, symbol: string): string => `${category}:${symbol}`;
