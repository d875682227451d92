/**
 * Coin prices: what a coin counts for in US dollars, as collateral and in the totals of a wallet.
 *
 * Dollar coins count for one dollar; others for the mark price of the first market that prices them
 * in dollars, contracts before spot; a coin without such a market counts for nothing. Bybit takes a
 * haircut off most coins, and this exchange none: the one simplification here.
 */
import { tenTo } from "../../core/domain/decimal.ts";
import { AMOUNT_SCALE, timesPrice } from "./amount.ts";
import type { Listing } from "./listing.ts";

const DOLLARS = new Set(["USD", "USDT", "USDC"]);
const ONE = tenTo(AMOUNT_SCALE);
const BY_TRUST = ["linear", "inverse", "spot"];

export class CoinPrices {
  readonly #markets = new Map<string, Listing>();

  constructor(listings: readonly Listing[]) {
    const trusted = [...listings].sort(
      (a, b) => BY_TRUST.indexOf(a.category) - BY_TRUST.indexOf(b.category),
    );
    for (const listing of trusted) {
      const { base, quote } = listing.instrument;
      if (DOLLARS.has(quote) && !this.#markets.has(base)) this.#markets.set(base, listing);
    }
  }

  /** Dollars for one unit of the coin; 0 where nothing tells. */
  price(coin: string): bigint {
    if (DOLLARS.has(coin)) return ONE;
    const market = this.#markets.get(coin);
    return market === undefined ? 0n : market.worth.price(market.view.markPrice);
  }

  dollars(coin: string, amount: bigint): bigint {
    return DOLLARS.has(coin) || amount === 0n ? amount : timesPrice(amount, this.price(coin));
  }
}
