/**
 * Account ledger: the money, coins and positions of one account, and what is bound by its orders.
 *
 * Cross margin over all coins, as Bybit's unified account has it: the equity of all coins, counted
 * in dollars, covers the margin of all contracts; a coin may go below zero (Bybit lends it, at
 * interest; here without). Spot spends only what is there and not locked.
 *
 * What must stay true: coins change only by what executions and funding brought and cost; what is
 * locked and what margin is bound are those of the open orders and the positions.
 */
import { invariant } from "../../core/domain/errors.ts";
import type { Side } from "../../core/domain/side.ts";
import { atTick, type Lots, type Micros, type Ticks } from "../../core/domain/units.ts";
import type { AccountSpec, PositionIndex } from "../exchange-types.ts";
import { amountOf } from "./amount.ts";
import type { CoinPrices } from "./coin-prices.ts";
import { Exposure, type Stake } from "./exposure.ts";
import type { Charge } from "./fees.ts";
import type { Listing } from "./listing.ts";
import type { Position, PositionChange } from "./position.ts";

export interface Balance {
  wallet: bigint;
  /** By resting spot orders. */
  locked: bigint;
  /** Since ever, after fees and funding: of contracts alone. */
  realised: bigint;
}

/** In dollars. */
export interface LedgerTotals {
  readonly equity: bigint;
  readonly wallet: bigint;
  readonly unrealised: bigint;
  readonly initial: bigint;
  readonly maintenance: bigint;
  /** Equity less initial margin; may be negative. */
  readonly available: bigint;
}

/** One trade, as the market reported it. */
export interface Trade {
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly positionIndex: PositionIndex;
  readonly at: Micros;
}

/** An order, as far as the ledger must know it. */
export interface Reservation extends Stake {
  readonly listing: Listing;
  /** It only closes: it binds nothing. */
  readonly isReducing: boolean;
}

export class AccountLedger {
  readonly uid: string;
  /** By the listing's number; undefined until first needed. */
  readonly #exposures: (Exposure | undefined)[] = [];
  /** Those with a position or with resting orders. */
  readonly #active = new Set<Exposure>();
  readonly #balances = new Map<string, Balance>();
  readonly #prices: CoinPrices;

  constructor(spec: AccountSpec, prices: CoinPrices) {
    this.uid = spec.uid;
    this.#prices = prices;
    for (const [coin, text] of Object.entries(spec.wallet)) {
      this.balance(coin).wallet = amountOf(text);
    }
  }

  get coins(): Iterable<[string, Readonly<Balance>]> {
    return this.#balances;
  }

  get active(): Iterable<Exposure> {
    return this.#active;
  }

  balance(coin: string): Balance {
    let balance = this.#balances.get(coin);
    if (balance === undefined) {
      balance = { wallet: 0n, locked: 0n, realised: 0n };
      this.#balances.set(coin, balance);
    }
    return balance;
  }

  /** Of a contract: spot has none. */
  exposure(listing: Listing): Exposure {
    let exposure = this.#exposures[listing.number];
    if (exposure === undefined) {
      invariant(listing.category !== "spot", `${listing.symbol}: spot has no positions`);
      exposure = new Exposure(listing);
      this.#exposures[listing.number] = exposure;
    }
    return exposure;
  }

  /** What a spot order may spend of a coin. */
  free(coin: string): bigint {
    const balance = this.#balances.get(coin);
    return balance === undefined ? 0n : balance.wallet - balance.locked;
  }

  /**
   * Binds what the order may cost, unless it is not there; what only reduces is never refused.
   * @returns whether it was bound.
   */
  reserve(order: Reservation): boolean {
    if (order.listing.category === "spot") {
      const { coin, amount } = spotNeed(order);
      if (this.free(coin) < amount) return false;
      this.balance(coin).locked += amount;
      return true;
    }
    if (order.isReducing) return true;
    const exposure = this.exposure(order.listing);
    const before = exposure.initial;
    this.#count(exposure, order, 1);
    if (exposure.initial <= before || this.totals().available >= 0n) return true;
    this.#count(exposure, order, -1);
    return false;
  }

  /** Whether the order could have these terms instead: what binds no more is never refused. */
  canBecome(order: Reservation, wanted: Pick<Reservation, "price" | "leaves">): boolean {
    if (order.isReducing) return true;
    const { listing, side, positionIndex, isReducing } = order;
    const other = { ...wanted, listing, side, positionIndex, isReducing };
    if (listing.category === "spot") {
      const { coin, amount } = spotNeed(order);
      return spotNeed(other).amount <= this.free(coin) + amount;
    }
    const exposure = this.exposure(listing);
    const before = exposure.initial;
    exposure.count(order, -1);
    exposure.count(other, 1);
    const isCovered = exposure.initial <= before || this.totals().available >= 0n;
    exposure.count(other, -1);
    exposure.count(order, 1);
    return isCovered;
  }

  /** Binds what the order may cost as it stands now, or lets it go (−1). */
  bind(order: Reservation, by: 1 | -1): void {
    if (order.listing.category === "spot") {
      const { coin, amount } = spotNeed(order);
      this.balance(coin).locked += by === 1 ? amount : -amount;
    } else if (!order.isReducing) {
      this.#count(this.exposure(order.listing), order, by);
    }
  }

  /** Books a trade of a contract. @returns what it did to the position. */
  fillContract(listing: Listing, trade: Trade, value: bigint, fee: Charge): PositionChange {
    const exposure = this.exposure(listing);
    const position = exposure.positions[trade.positionIndex];
    const change = position.fill(trade.side, trade.quantity, value, trade.at);
    this.#book(position, listing, change.profit - fee.amount);
    this.#settleActive(exposure);
    return change;
  }

  /** Books a trade of coins against coins. */
  fillSpot(listing: Listing, { side, quantity }: Trade, value: bigint, fee: Charge): void {
    const { base, quote } = listing.instrument;
    const units = listing.worth.units(quantity);
    this.balance(base).wallet += side === "buy" ? units : -units;
    this.balance(quote).wallet += side === "buy" ? -value : value;
    this.balance(fee.coin).wallet -= fee.amount;
  }

  /** @param payment positive = paid by this account. */
  payFunding(position: Position, listing: Listing, payment: bigint): void {
    this.#book(position, listing, -payment);
  }

  totals(): LedgerTotals {
    const prices = this.#prices;
    let wallet = 0n;
    let unrealised = 0n;
    let initial = 0n;
    let maintenance = 0n;
    for (const [coin, balance] of this.#balances) wallet += prices.dollars(coin, balance.wallet);
    for (const exposure of this.#active) {
      const { settle } = exposure.listing.worth;
      initial += prices.dollars(settle, exposure.initial);
      if (!exposure.hasPosition) continue;
      unrealised += prices.dollars(settle, exposure.unrealised);
      maintenance += prices.dollars(settle, exposure.maintenance);
    }
    const equity = wallet + unrealised;
    return { equity, wallet, unrealised, initial, maintenance, available: equity - initial };
  }

  #book(position: Position, { worth }: Listing, amount: bigint): void {
    const balance = this.balance(worth.settle);
    balance.wallet += amount;
    balance.realised += amount;
    position.note(amount);
  }

  #count(exposure: Exposure, order: Reservation, by: 1 | -1): void {
    exposure.count(order, by);
    if (by === 1) this.#active.add(exposure);
    else this.#settleActive(exposure);
  }

  #settleActive(exposure: Exposure): void {
    if (exposure.isIdle) this.#active.delete(exposure);
    else this.#active.add(exposure);
  }
}

/** What a resting spot order locks: what it would pay, or what it would give. */
function spotNeed({ side, price, leaves, listing }: Reservation): { coin: string; amount: bigint } {
  const { instrument, worth } = listing;
  return side === "buy"
    ? { coin: instrument.quote, amount: worth.at(atTick(price), leaves) }
    : { coin: instrument.base, amount: worth.units(leaves) };
}
