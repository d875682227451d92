/**
 * Paper venue: a live market, public streams alone, traded in a simulated exchange. No keys, no
 * money.
 *
 * It knows no concrete simulation: whoever composes the program brings one. What it flatters and
 * what it does not is what a backtest does, but for one thing: the market cannot be looked into
 * ahead of time, because it has not happened yet.
 */
import { type Result, ok } from "../../core/domain/errors.ts";
import { parseQuantity, settleCoin } from "../../core/domain/instrument.ts";
import type { FeeRates } from "../../core/execution/instrument-state.ts";
import type { MarketHeader } from "../../core/market/columns.ts";
import { SYSTEM_TIMERS, type Timers } from "../../data/network/timers.ts";
import type { AccountSummary, Venue, VenueFault, VenueSession } from "../venue.ts";
import { type PaperExchange, PaperSession } from "./paper-session.ts";
import type { OpenPublicFeed } from "./public-feed.ts";

export interface PaperVenueOptions {
  readonly openFeed: OpenPublicFeed;
  readonly exchange: (header: MarketHeader) => PaperExchange;
  /** What the simulated exchange charges. */
  readonly fees: FeeRates;
  /** Decimal text in the settlement coin: what the account is taken to hold. */
  readonly balance?: string;
  /** Decimal text: units of quantity that it begins with; on spot the balance of the base coin. */
  readonly holds?: string;
  readonly timers?: Timers;
}

/** Enough that margin stands in nobody's way who only wants to try. */
const BALANCE = "10000000";

export function paperVenue(options: PaperVenueOptions): Venue {
  return {
    name: "paper",
    async open(signal, terms): Promise<Result<VenueSession, VenueFault>> {
      const opened = await options.openFeed(signal, terms);
      if (!opened.ok) return opened;
      const feed = opened.value;
      const begun = accountOf(feed.header, options);
      const { positionLots = begun.positionLots } = terms ?? {};
      return ok(
        new PaperSession({
          feed,
          exchange: options.exchange(feed.header),
          fees: options.fees,
          account: { ...begun, positionLots },
          timers: options.timers ?? SYSTEM_TIMERS,
        }),
      );
    },
  };
}

const accountOf = (
  { instrument }: MarketHeader,
  { balance = BALANCE, holds = "0" }: PaperVenueOptions,
): AccountSummary => {
  const held = parseQuantity(instrument, holds);
  return {
    coin: settleCoin(instrument),
    equity: balance,
    available: balance,
    // What is off the grid is told where the order is made of it.
    positionLots: held.ok ? held.value : 0,
    leverage: "1",
    liquidationPrice: undefined,
    positionMode: "one-way",
    foreignOrders: 0,
  };
};
