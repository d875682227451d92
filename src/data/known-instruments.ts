/**
 * Known instruments: grids of the instruments whose recordings do not carry their own.
 *
 * As the venues' public lists and pages gave them when the recordings were made: Binance and Bybit
 * in 2024, Coinbase in 2018, Bitstamp in 2015.
 * A recording that names its instruments is read by those instead.
 */
import { type Decimal, decimal } from "../core/domain/decimal.ts";
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import { type Lots, lots } from "../core/domain/units.ts";

const ONE: Decimal = decimal("1");

/** Lots are given in the unit of the lot size, as the venue writes them. */
interface Grid {
  readonly tick: string;
  readonly lot: string;
  readonly minLots: number;
  readonly maxLimitLots: number;
  readonly maxMarketLots: number;
  readonly minNotional: string;
  readonly contract?: string;
}

function instrument(
  venue: string,
  kind: ContractKind,
  [symbol, base, quote]: readonly [string, string, string],
  grid: Grid,
): Instrument {
  return {
    venue,
    symbol,
    kind,
    base,
    quote,
    tickSize: decimal(grid.tick),
    lotSize: decimal(grid.lot),
    contractSize: grid.contract === undefined ? ONE : decimal(grid.contract),
    minLots: lots(grid.minLots) as Lots,
    maxLimitLots: lots(grid.maxLimitLots),
    maxMarketLots: lots(grid.maxMarketLots),
    minNotional: decimal(grid.minNotional),
  };
}

export const KNOWN_INSTRUMENTS: readonly Instrument[] = [
  instrument("binance", "linear", ["BTCUSDT", "BTC", "USDT"], {
    tick: "0.10",
    lot: "0.001",
    minLots: 1,
    maxLimitLots: 1_000_000,
    maxMarketLots: 120_000,
    minNotional: "100",
  }),
  instrument("binance", "linear", ["ETHUSDT", "ETH", "USDT"], {
    tick: "0.01",
    lot: "0.001",
    minLots: 1,
    maxLimitLots: 10_000_000,
    maxMarketLots: 2_000_000,
    minNotional: "20",
  }),
  instrument("binance", "inverse", ["BTCUSD_PERP", "BTC", "USD"], {
    tick: "0.1",
    lot: "1",
    minLots: 1,
    maxLimitLots: 1_000_000,
    maxMarketLots: 60_000,
    minNotional: "0",
    contract: "100",
  }),
  instrument("binance", "spot", ["BTCUSDT", "BTC", "USDT"], {
    tick: "0.01",
    lot: "0.00001",
    minLots: 1,
    maxLimitLots: 900_000_000,
    maxMarketLots: 12_000_000,
    minNotional: "5",
  }),
  instrument("bybit", "linear", ["XRPUSDT", "XRP", "USDT"], {
    tick: "0.0001",
    lot: "1",
    minLots: 1,
    maxLimitLots: 1_000_000,
    maxMarketLots: 500_000,
    minNotional: "5",
  }),
  instrument("coinbase", "spot", ["BTC-USD", "BTC", "USD"], {
    tick: "0.01",
    lot: "0.00000001",
    minLots: 100_000,
    maxLimitLots: 7_000_000_000,
    maxMarketLots: 7_000_000_000,
    minNotional: "0",
  }),
  instrument("bitstamp", "spot", ["BTCUSD", "BTC", "USD"], {
    tick: "0.01",
    lot: "0.00000001",
    minLots: 1,
    maxLimitLots: 1_000_000_000_000,
    maxMarketLots: 1_000_000_000_000,
    minNotional: "5",
  }),
];

export const knownInstrument = (
  venue: string,
  kind: ContractKind,
  symbol: string,
): Instrument | undefined =>
  KNOWN_INSTRUMENTS.find(
    (known) => known.venue === venue && known.kind === kind && known.symbol === symbol,
  );
