/**
 * Statement: an account's positions and wallet as records, for whoever asks or listens.
 *
 * Made from the ledger when looked at, never kept. The liquidation price is an estimate: where the
 * mark would have to go for the account's maintenance margin to use up its equity, all other
 * prices, and the fee to close, staying as they are.
 */
import { formatPrice } from "../../core/domain/instrument.ts";
import { type Ticks, ticks } from "../../core/domain/units.ts";
import { toNumber } from "../../core/domain/decimal.ts";
import type { CoinRecord, PositionRecord, WalletRecord } from "../exchange-types.ts";
import type { AccountLedger, LedgerTotals } from "./account-ledger.ts";
import { amountEstimate, amountText } from "./amount.ts";
import type { CoinPrices } from "./coin-prices.ts";
import type { Exposure, ExposureMargin } from "./exposure.ts";
import type { Position } from "./position.ts";

/** Bybit's digits of margins, and of dollars. */
const MARGIN_DIGITS = 8;

const shown = (amount: bigint): string => amountText(amount, MARGIN_DIGITS);

export function positionRecord(
  exposure: Exposure,
  position: Position,
  totals: LedgerTotals,
  prices: CoinPrices,
): PositionRecord {
  const { listing, leverage } = exposure;
  const { view, worth, instrument } = listing;
  const isOpen = position.size > 0;
  const { markPrice } = view;
  const estimate = isOpen ? liquidationTicks(exposure, position, totals, prices) : undefined;
  return {
    category: listing.category,
    symbol: listing.symbol,
    instrument,
    positionIndex: position.index,
    side: position.side,
    size: position.size,
    entryPrice: worth.meanPrice(position.cost, position.size),
    value: amountText(position.cost),
    leverage,
    markPrice,
    liquidationPrice: estimate === undefined ? "" : formatPrice(instrument, estimate),
    initialMargin: isOpen ? shown(exposure.initialOf(position)) : "0",
    maintenanceMargin: isOpen ? shown(exposure.maintenanceOf(position)) : "0",
    unrealised: isOpen && markPrice > 0 ? amountText(position.unrealised(markPrice)) : "0",
    realised: amountText(position.realised),
    cumulativeRealised: amountText(position.cumulativeRealised),
    createdAt: position.createdAt,
    updatedAt: position.updatedAt,
    sequence: position.sequence,
  };
}

/**
 * Linear: equity and margin are straight lines in the price. Inverse: in the coin that the contract
 * is worth, which falls with the price. Undefined where no price would do it.
 */
function liquidationTicks(
  exposure: Exposure,
  position: Position,
  { equity, maintenance }: LedgerTotals,
  prices: CoinPrices,
): Ticks | undefined {
  const { listing } = exposure;
  const { worth, view } = listing;
  const coinPrice = amountEstimate(prices.price(worth.settle));
  if (coinPrice === 0 || view.markPrice === 0) return undefined;
  const spare = amountEstimate(equity - maintenance) / coinPrice;
  const rate = toNumber(listing.maintenanceRate);
  const value = amountEstimate(exposure.valueOf(position));
  const mark = view.markPrice / 2;
  const direction = position.sign;
  const factor = worth.isInverse
    ? value / (value + (direction * spare) / (1 + direction * rate))
    : 1 - (direction * spare) / (value * (1 - direction * rate));
  const price = Math.round(mark * factor);
  return Number.isSafeInteger(price) && price > 0 && price < MAX_TICKS ? ticks(price) : undefined;
}

const MAX_TICKS = 0x7fffffff;

export function walletRecord(ledger: AccountLedger, prices: CoinPrices): WalletRecord {
  const totals = ledger.totals();
  const margins = marginsByCoin(ledger);
  const coins: CoinRecord[] = [];
  for (const [coin, balance] of ledger.coins) {
    const margin = margins.get(coin) ?? NO_MARGIN;
    const equity = balance.wallet + margin.unrealised;
    coins.push({
      coin,
      wallet: amountText(balance.wallet),
      equity: amountText(equity),
      unrealised: amountText(margin.unrealised),
      realised: amountText(balance.realised),
      locked: amountText(balance.locked),
      orderMargin: shown(margin.order),
      positionMargin: shown(margin.position),
      maintenanceMargin: shown(margin.maintenance),
      usdValue: shown(prices.dollars(coin, equity)),
    });
  }
  return {
    coins,
    equity: shown(totals.equity),
    wallet: shown(totals.wallet),
    available: shown(totals.available > 0n ? totals.available : 0n),
    unrealised: shown(totals.unrealised),
    initialMargin: shown(totals.initial),
    maintenanceMargin: shown(totals.maintenance),
  };
}

const NO_MARGIN: ExposureMargin = { position: 0n, order: 0n, maintenance: 0n, unrealised: 0n };

function marginsByCoin(ledger: AccountLedger): Map<string, ExposureMargin> {
  const byCoin = new Map<string, ExposureMargin>();
  for (const exposure of ledger.active) {
    const { settle } = exposure.listing.worth;
    const before = byCoin.get(settle) ?? NO_MARGIN;
    const { position, order, maintenance, unrealised } = exposure.margin;
    byCoin.set(settle, {
      position: before.position + position,
      order: before.order + order,
      maintenance: before.maintenance + maintenance,
      unrealised: before.unrealised + unrealised,
    });
  }
  return byCoin;
}

/**
 * A wallet that is worked out only when a field of it is read: most listeners never do. What is
 * read is the ledger as it stands at the first look.
 */
export class WalletStatement implements WalletRecord {
  readonly #ledger: AccountLedger;
  readonly #prices: CoinPrices;
  #made: WalletRecord | undefined;

  constructor(ledger: AccountLedger, prices: CoinPrices) {
    this.#ledger = ledger;
    this.#prices = prices;
  }

  get coins(): readonly CoinRecord[] {
    return this.#record.coins;
  }
  get equity(): string {
    return this.#record.equity;
  }
  get wallet(): string {
    return this.#record.wallet;
  }
  get available(): string {
    return this.#record.available;
  }
  get unrealised(): string {
    return this.#record.unrealised;
  }
  get initialMargin(): string {
    return this.#record.initialMargin;
  }
  get maintenanceMargin(): string {
    return this.#record.maintenanceMargin;
  }

  get #record(): WalletRecord {
    this.#made ??= walletRecord(this.#ledger, this.#prices);
    return this.#made;
  }
}
