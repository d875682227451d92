/**
 * Plain market: one instrument and one epoch for tests that want rows of any market at all.
 */
import { decimal } from "../src/core/domain/decimal.ts";
import { lots } from "../src/core/domain/units.ts";
import type { MarketHeader } from "../src/core/market/columns.ts";

export const EPOCH_SECONDS = 1_767_621_600;
export const PLAIN_MARKET: MarketHeader = {
  instrument: {
    venue: "test",
    symbol: "BTCUSDT",
    kind: "linear",
    base: "BTC",
    quote: "USDT",
    tickSize: decimal("0.1"),
    lotSize: decimal("0.001"),
    contractSize: decimal("1"),
    minLots: lots(1),
    maxLimitLots: lots(1e6),
    maxMarketLots: lots(1e6),
    minNotional: decimal("5"),
  },
  epochNanos: BigInt(EPOCH_SECONDS) * 1_000_000_000n,
  ownTradesPrinted: true,
};
