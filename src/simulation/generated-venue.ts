/**
 * Generated venue: the venue of a run over a generated market, where our orders are real.
 *
 * The market's own events and our commands are brought into one order of time: at one instant the
 * market comes first, then commands in the order sent. What we do is in the rows from then on.
 *
 * With a shadow, each fill tells how far our orders had moved the mid: the mid of the others here
 * less the mid of a market of the same luck in which we never were.
 *
 * What must stay true: the result depends on the commands alone, never on how the calls are cut
 * into steps; with no command the rows are those of the market alone, to the byte; and a shadow
 * changes no row.
 */
import type { MarketBlock, MarketHeader } from "../core/market/columns.ts";
import { ExchangeAccount, type ExchangeAccountConfig } from "./exchange-account.ts";
import { GeneratedMarket, type GeneratedMarketConfig } from "./generated/market.ts";
import { OWN } from "./generated/tape.ts";
import { ShadowMarket } from "./shadow-market.ts";

/** What the market itself says is not said again. */
export interface GeneratedVenueConfig extends Omit<
  ExchangeAccountConfig,
  "instrument" | "epochNanos"
> {
  /** Whether fills tell what our orders did to the mid: it costs a second market. */
  readonly isShadowed?: boolean;
}

export class GeneratedVenue {
  readonly accounts: readonly [ExchangeAccount];
  readonly header: MarketHeader;
  readonly #market: GeneratedMarket;
  readonly #account: ExchangeAccount;
  readonly #shadow: ShadowMarket | undefined;
  /** The market's latest event of its own, and how many there were at that instant. */
  #stepAt = Number.NaN;
  #events = 0;
  /** The rows made before the market was over: nobody sees any that are made later. */
  #last: MarketBlock | undefined;
  #isOver = false;

  constructor(config: GeneratedVenueConfig, market: GeneratedMarketConfig) {
    this.#market = new GeneratedMarket(market);
    this.header = this.#market.header;
    const { instrument, epochNanos } = this.header;
    const shadow = config.isShadowed === true ? new ShadowMarket(market) : undefined;
    this.#shadow = shadow;
    const account = new ExchangeAccount(
      { ...config, instrument, epochNanos },
      this.#market,
      OWN,
      shadow && (() => shadow.mid),
    );
    this.#account = account;
    this.accounts = [account];
    this.#market.onOwn(account);
  }

  /**
   * No row that is still to be made has an earlier local time; `Infinity` when none will be.
   * Advancing to this exchange time makes the next row, or shows that it comes later.
   */
  get nextRowAt(): number {
    if (this.#market.nextAt === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return Math.min(this.#market.nextAt, this.#account.nextCommandAt) + this.#market.feedLatency;
  }

  /**
   * Moves on to exchange time `until`, or to right after a report was made.
   * @returns whether it came that far.
   */
  advance(until: number): boolean {
    const account = this.#account;
    const market = this.#market;
    const before = account.reported;
    for (;;) {
      const commandAt = account.nextCommandAt;
      const isMarket = market.nextAt <= commandAt;
      const next = isMarket ? market.nextAt : commandAt;
      if (next > until || next === Number.POSITIVE_INFINITY) {
        // Once the market is over, whoever hears of it may still send from before `until`.
        if (market.nextAt !== Number.POSITIVE_INFINITY) account.settledTo = until;
        return true;
      }
      if (isMarket) this.#step();
      else this.#handleCommand(commandAt);
      account.settledTo = next;
      if (account.reported !== before) return false;
    }
  }

  /** Rows made since the last call, as whole messages: good until the next but one is taken. */
  takeRows(): MarketBlock | undefined {
    if (!this.#isOver) return this.#market.lendRows();
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  #step(): void {
    const account = this.#account;
    const market = this.#market;
    const { nextAt } = market;
    const eventsBefore = nextAt === this.#stepAt ? this.#events : 0;
    if (account.hasOrders) {
      this.#shadow?.advance(nextAt, eventsBefore);
      account.beginMessage();
    }
    this.#stepAt = nextAt;
    this.#events = eventsBefore + 1;
    market.step();
    if (!account.mustSettle) return;
    // A message of ours costs luck of the feed: none is made where there is nothing to say.
    if (account.hasReduceOnly) market.intervene(market.now, () => account.settle());
    else account.settle();
  }

  #handleCommand(at: number): void {
    const market = this.#market;
    if (market.nextAt === Number.POSITIVE_INFINITY && !this.#isOver) {
      this.#last = market.takeRows();
      this.#isOver = true;
    }
    this.#shadow?.advance(at, Number.POSITIVE_INFINITY);
    market.intervene(at, () => this.#account.handleCommand());
    if (this.#isOver) market.lendRows();
  }
}
