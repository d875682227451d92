/**
 * Shadow market: a generated market as it would have been without our orders.
 *
 * It is a second market of the same configuration. Both hang all they draw on the same numbers
 * (common random numbers), so how far their mids stand apart is what our orders did, nobody's luck.
 *
 * What must stay true: as long as no order of ours has changed anything, the mids are equal at
 * whatever event they are compared.
 */
import { GeneratedMarket, type GeneratedMarketConfig } from "./generated/market.ts";

/** Nobody reads its rows: they are thrown away before they need memory. */
const MOST_ROWS = 1 << 12;

export class ShadowMarket {
  readonly #market: GeneratedMarket;
  /** The latest instant at which it lived through an event, and how many there. */
  #at = Number.NaN;
  #events = 0;

  constructor(config: GeneratedMarketConfig) {
    this.#market = new GeneratedMarket(config);
  }

  /** Twice the mid as it stands. */
  get mid(): number {
    const { bestBid, bestAsk } = this.#market.matching;
    return bestBid + bestAsk;
  }

  /** Lives through all events before exchange time `at`, and the first `events` of those at it. */
  advance(at: number, events: number): void {
    const market = this.#market;
    while (market.nextAt < at || (market.nextAt === at && this.#eventsAt(at) < events)) {
      this.#events = this.#eventsAt(market.nextAt) + 1;
      this.#at = market.nextAt;
      market.step();
      if (market.rows > MOST_ROWS) market.lendRows();
    }
  }

  #eventsAt(at: number): number {
    return at === this.#at ? this.#events : 0;
  }
}
