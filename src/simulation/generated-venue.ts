/**
 * Generated venue: the venue of a run over a generated market, where our orders are real.
 *
 * The market's own events and our commands are brought into one order of time: at one instant the
 * market comes first, then commands in the order sent. What we do is in the rows from then on.
 *
 * With a shadow, each fill tells how far our orders had moved the mid: the mid of the others here
 * less the mid of a market of the same luck in which we never were.
 *
 * Several accounts may stand in one market: their orders meet in its book like anybody's. Then it
 * is an exchange that looks on, so the rows show our orders too.
 *
 * What must stay true: the result depends on the commands alone, never on how the calls are cut
 * into steps; with no command the rows are those of the market alone, to the byte; and a shadow
 * changes no row.
 */
import { invariant } from "../core/domain/errors.ts";
import type { MarketBlock, MarketHeader } from "../core/market/columns.ts";
import { ExchangeAccount, type ExchangeAccountConfig } from "./exchange-account.ts";
import { GeneratedMarket, type GeneratedMarketConfig } from "./generated/market.ts";
import { ShadowMarket } from "./shadow-market.ts";

/** What the market itself says is not said again. */
export interface GeneratedVenueConfig extends Omit<
  ExchangeAccountConfig,
  "instrument" | "epochNanos"
> {
  /** Whether fills tell what our orders did to the mid: it costs a second market. */
  readonly isShadowed?: boolean;
  /** Whether the rows show our orders and trades: an exchange's do, a recording's do not. */
  readonly showsOwn?: boolean;
}

/** What is known of a generated market beyond its rows. */
export type MarketStory = Pick<
  GeneratedMarket,
  "now" | "fundings" | "funding" | "openInterest" | "onForced"
>;

export class GeneratedVenue {
  readonly accounts: readonly [ExchangeAccount, ...ExchangeAccount[]];
  readonly header: MarketHeader;
  readonly #market: GeneratedMarket;
  readonly #shadow: ShadowMarket | undefined;
  /** The market's latest event of its own, and how many there were at that instant. */
  #stepAt = Number.NaN;
  #events = 0;
  /** The rows made before the market was over: nobody sees any that are made later. */
  #last: MarketBlock | undefined;
  #isOver = false;

  /** @param accounts several must be shown in the rows: they see each other there. */
  constructor(config: GeneratedVenueConfig, market: GeneratedMarketConfig, accounts = 1) {
    const { showsOwn = false, isShadowed = false } = config;
    invariant(accounts === 1 || (showsOwn && !isShadowed), "several accounts, not all in view");
    this.#market = new GeneratedMarket(market);
    if (showsOwn) this.#market.showOwn();
    this.header = this.#market.header;
    const { instrument, epochNanos } = this.header;
    const shadow = isShadowed ? new ShadowMarket(market) : undefined;
    this.#shadow = shadow;
    const open = (k: number): ExchangeAccount => {
      const account = new ExchangeAccount(
        { ...config, instrument, epochNanos },
        this.#market,
        this.#market.ownerOf(k),
        shadow && (() => shadow.mid),
      );
      this.#market.onOwn(account, k);
      return account;
    };
    this.accounts = [open(0), ...Array.from({ length: accounts - 1 }, (_, k) => open(k + 1))];
  }

  get story(): MarketStory {
    return this.#market;
  }

  /**
   * No row that is still to be made has an earlier local time; `Infinity` when none will be.
   * Advancing to this exchange time makes the next row, or shows that it comes later.
   */
  get nextRowAt(): number {
    if (this.#market.nextAt === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return Math.min(this.#market.nextAt, this.#commandAt()) + this.#market.feedLatency;
  }

  /**
   * Moves on to exchange time `until`, or to right after a report was made.
   * @returns whether it came that far.
   */
  advance(until: number): boolean {
    const market = this.#market;
    const before = this.#reported();
    for (;;) {
      const commandAt = this.#commandAt();
      const isMarket = market.nextAt <= commandAt;
      const next = isMarket ? market.nextAt : commandAt;
      if (next > until || next === Number.POSITIVE_INFINITY) {
        // Once the market is over, whoever hears of it may still send from before `until`.
        if (market.nextAt !== Number.POSITIVE_INFINITY) this.#settledTo(until);
        return true;
      }
      if (isMarket) this.#step();
      else this.#handleCommand(commandAt);
      this.#settledTo(next);
      if (this.#reported() !== before) return false;
    }
  }

  /** Rows made since the last call, as whole messages: good until the next but one is taken. */
  takeRows(): MarketBlock | undefined {
    if (!this.#isOver) return this.#market.lendRows();
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  /** Commands of one instant act in the order of the accounts. */
  #commandAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { nextCommandAt } of this.accounts) if (nextCommandAt < next) next = nextCommandAt;
    return next;
  }

  #reported(): number {
    let count = 0;
    for (const { reported } of this.accounts) count += reported;
    return count;
  }

  #settledTo(at: number): void {
    for (const account of this.accounts) account.settledTo = at;
  }

  #step(): void {
    const market = this.#market;
    const { nextAt } = market;
    const eventsBefore = nextAt === this.#stepAt ? this.#events : 0;
    if (this.accounts.some(hasOrders)) {
      this.#shadow?.advance(nextAt, eventsBefore);
      for (const account of this.accounts) account.beginMessage();
    }
    this.#stepAt = nextAt;
    this.#events = eventsBefore + 1;
    market.step();
    if (!this.accounts.some(mustSettle)) return;
    // A message of ours costs luck of the feed: none is made where there is nothing to say.
    const isFelt = this.accounts.some((account) => account.mustSettle && account.hasReduceOnly);
    if (isFelt) market.intervene(market.now, () => this.#settle());
    else this.#settle();
  }

  /** Until nobody has been filled by what another one's settling has brought to the book. */
  #settle(): void {
    while (this.accounts.some(mustSettle)) {
      for (const account of this.accounts) if (account.mustSettle) account.settle();
    }
  }

  #handleCommand(at: number): void {
    const market = this.#market;
    if (market.nextAt === Number.POSITIVE_INFINITY && !this.#isOver) {
      this.#last = market.takeRows();
      this.#isOver = true;
    }
    this.#shadow?.advance(at, Number.POSITIVE_INFINITY);
    const account = this.accounts.find(({ nextCommandAt }) => nextCommandAt === at);
    market.intervene(at, () => {
      for (const other of this.accounts) if (other !== account) other.beginMessage();
      account!.handleCommand();
      this.#settle();
    });
    if (this.#isOver) market.lendRows();
  }
}

const hasOrders = (account: ExchangeAccount): boolean => account.hasOrders;
const mustSettle = (account: ExchangeAccount): boolean => account.mustSettle;
