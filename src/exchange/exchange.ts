/**
 * Exchange: the core of the local exchange: what accounts send in, and what time brings about.
 *
 * It joins the markets, the ledger of each account and the order desk; it knows no network, no JSON
 * and no clock: `advance` says what time it is. What must stay true: everything acts at the time
 * last advanced to, and the same calls give the same answers and the same ids.
 *
 * Steps of time should be small: funding, forced liquidation and disconnect protection are looked
 * at once per step, with the positions at its end.
 */
import {
  compareDecimal,
  decimal,
  formatDecimal,
  parseDecimal,
  trimDecimal,
} from "../core/domain/decimal.ts";
import { err, invariant, ok, type Result } from "../core/domain/errors.ts";
import { addMicros, type Micros, NO_LOTS, ticks } from "../core/domain/units.ts";
import type {
  AccountSpec,
  Acknowledgement,
  AmendRequest,
  CancelAllRequest,
  Category,
  ExchangeCore,
  ExchangeFault,
  ExchangeListener,
  ExecutionRecord,
  HistoryQuery,
  OrderQuery,
  OrderRecord,
  OrderReference,
  Page,
  PlaceRequest,
  PositionRecord,
  WalletRecord,
} from "./exchange-types.ts";
import { AccountLedger } from "./ledger/account-ledger.ts";
import { amountText, timesDecimal } from "./ledger/amount.ts";
import { CoinPrices } from "./ledger/coin-prices.ts";
import type { Exposure } from "./ledger/exposure.ts";
import { type FeeTable, STANDARD_FEES } from "./ledger/fees.ts";
import { type Listing, listingOf } from "./ledger/listing.ts";
import { positionRecord, walletRecord } from "./ledger/statement.ts";
import type { FundingPayment, MarketView } from "./market-view.ts";
import { AccountBooks } from "./orders/account-books.ts";
import {
  faultsOf,
  LEVERAGE_INVALID,
  LEVERAGE_NO_MARGIN,
  LEVERAGE_NOT_MODIFIED,
  LEVERAGE_TOO_HIGH,
  LEVERAGE_UNEQUAL,
  MODE_COIN_INVALID,
  MODE_HAS_ORDERS,
  MODE_HAS_POSITION,
  MODE_NO_HEDGE,
  MODE_NOT_MODIFIED,
  NO_SCOPE,
} from "./orders/faults.ts";
import { isAsked, OrderArchive } from "./orders/order-archive.ts";
import { OrderDesk } from "./orders/order-desk.ts";
import { OrderFlow } from "./orders/order-flow.ts";
import { RecordIds } from "./orders/record-ids.ts";

export interface ExchangeConfig {
  /** Each hosts at least as many accounts as there are. */
  readonly markets: readonly MarketView[];
  readonly accounts: readonly AccountSpec[];
  readonly listener: ExchangeListener;
  /** Names orders and executions. */
  readonly seed: number;
  /** Absent: Bybit's standard rates. What hosted markets charge is not looked at. */
  readonly fees?: FeeTable;
}

/** What disconnect protection knows of an account. */
interface Protection {
  windowSeconds: number | undefined;
  /** All connections are gone, and this is when it fires. */
  firesAt: Micros | undefined;
}

type Outcome<Value> = Result<Value, ExchangeFault>;

export class Exchange implements ExchangeCore {
  readonly #listings: readonly Listing[];
  readonly #bySymbol = new Map<string, Listing>();
  readonly #prices: CoinPrices;
  readonly #books: readonly AccountBooks[];
  readonly #protections: readonly Protection[];
  readonly #flow: OrderFlow;
  readonly #desk: OrderDesk;
  readonly #feeTable: FeeTable;
  /** By the listing's number: the mark price that accounts were last measured at. */
  readonly #measuredAt: number[];

  /** @throws InvariantError when a market hosts too few accounts, or a wallet is no decimal. */
  constructor({ markets, accounts, listener, seed, fees = STANDARD_FEES }: ExchangeConfig) {
    this.#feeTable = fees;
    this.#listings = markets.map((view, number) => listingOf(view, number, fees));
    for (const listing of this.#listings) {
      this.#bySymbol.set(keyOf(listing.category, listing.symbol), listing);
    }
    this.#measuredAt = markets.map(() => 0);
    this.#prices = new CoinPrices(this.#listings);
    this.#books = accounts.map(
      (spec, number) =>
        new AccountBooks(number, new AccountLedger(spec, this.#prices), new OrderArchive()),
    );
    this.#protections = accounts.map(() => ({ windowSeconds: undefined, firesAt: undefined }));
    this.#flow = new OrderFlow({
      books: this.#books,
      listings: this.#listings,
      listener,
      prices: this.#prices,
      executionIds: new RecordIds(seed, "execution"),
    });
    this.#desk = new OrderDesk(this.#flow, new RecordIds(seed, "order"));
  }

  get now(): Micros {
    return this.#flow.now;
  }

  advance(now: Micros): void {
    if (now <= this.#flow.now) return;
    this.#flow.now = now;
    for (const listing of this.#listings) {
      listing.view.advance(now);
      this.#flow.settle();
      for (const payment of listing.view.takeFundings()) this.#payFunding(listing, payment);
    }
    for (const [account, { firesAt }] of this.#protections.entries()) {
      if (firesAt !== undefined && now >= firesAt) this.#protect(account);
    }
    if (this.#havePricesMoved()) for (const books of this.#books) this.#liquidate(books);
    this.#flow.settle();
  }

  place(account: number, request: PlaceRequest): Outcome<Acknowledgement> {
    const listing = this.#listing(request.category, request.symbol);
    return listing.ok ? this.#desk.place(this.#of(account), listing.value, request) : listing;
  }

  amend(account: number, request: AmendRequest): Outcome<Acknowledgement> {
    const listing = this.#listing(request.category, request.symbol);
    return listing.ok ? this.#desk.amend(this.#of(account), listing.value, request) : listing;
  }

  cancel(account: number, request: OrderReference): Outcome<Acknowledgement> {
    const listing = this.#listing(request.category, request.symbol);
    return listing.ok ? this.#desk.cancel(this.#of(account), listing.value, request) : listing;
  }

  cancelAll(account: number, request: CancelAllRequest): Outcome<Acknowledgement[]> {
    const { category, symbol, baseCoin, settleCoin } = request;
    if (symbol !== undefined) {
      const listing = this.#listing(category, symbol);
      if (!listing.ok) return listing;
    }
    const isAll = symbol === undefined && baseCoin === undefined && settleCoin === undefined;
    if (isAll && category !== "spot") return err(NO_SCOPE);
    return ok(this.#withdrawAll(this.#of(account), "CancelByUser", request));
  }

  openOrders(account: number, query: OrderQuery, isOpenOnly: boolean): readonly OrderRecord[] {
    return this.#of(account).archive.openOrders(query, isOpenOnly);
  }

  orderHistory(account: number, query: HistoryQuery): Page<OrderRecord> {
    return this.#of(account).archive.history(query);
  }

  executions(account: number, query: HistoryQuery): Page<ExecutionRecord> {
    return this.#of(account).archive.executions(query);
  }

  /** Of one symbol whether or not there is a position, of several those that there are. */
  positions(account: number, query: OrderQuery): readonly PositionRecord[] {
    const { ledger } = this.#of(account);
    const totals = ledger.totals();
    const records: PositionRecord[] = [];
    for (const listing of this.#listings) {
      if (listing.category === "spot" || !isAsked(listing, query)) continue;
      const exposure = ledger.exposure(listing);
      for (const position of exposure.current) {
        if (query.symbol === undefined && position.size === 0) continue;
        records.push(positionRecord(exposure, position, totals, this.#prices));
      }
    }
    return records;
  }

  wallet(account: number): WalletRecord {
    return walletRecord(this.#of(account).ledger, this.#prices);
  }

  feeRates(category: Category, _symbol: string): { maker: string; taker: string } {
    return this.#feeTable[category];
  }

  setLeverage(
    account: number,
    category: Category,
    symbol: string,
    buy: string,
    sell: string,
  ): Outcome<void> {
    const listing = this.#contract(category, symbol);
    if (!listing.ok) return listing;
    const wanted = [parseDecimal(buy), parseDecimal(sell)] as const;
    if (!wanted[0].ok || !wanted[1].ok) return err(LEVERAGE_INVALID);
    if (compareDecimal(wanted[0].value, wanted[1].value) !== 0) return err(LEVERAGE_UNEQUAL);
    const leverage = wanted[0].value;
    if (compareDecimal(leverage, decimal("1")) < 0) return err(LEVERAGE_INVALID);
    if (leverage.scale > 2) return err(LEVERAGE_INVALID);
    if (compareDecimal(leverage, listing.value.maxLeverage) > 0) return err(LEVERAGE_TOO_HIGH);
    const { ledger } = this.#of(account);
    const exposure = ledger.exposure(listing.value);
    const text = formatDecimal(trimDecimal(leverage));
    if (compareDecimal(leverage, decimal(exposure.leverage)) === 0) {
      return err(LEVERAGE_NOT_MODIFIED);
    }
    const { settle } = listing.value.worth;
    const more = this.#prices.dollars(settle, exposure.initialAt(text) - exposure.initial);
    if (more > 0n && ledger.totals().available < more) return err(LEVERAGE_NO_MARGIN);
    exposure.setLeverage(text);
    return ok(undefined);
  }

  /** Without a symbol: of the contracts that know both modes and have no order and no position. */
  setPositionMode(
    account: number,
    category: Category,
    symbol: string | undefined,
    isHedge: boolean,
    settleCoin?: string,
  ): Outcome<void> {
    const books = this.#of(account);
    const chosen = this.#contractsOf(category, symbol, settleCoin);
    if (!chosen.ok) return chosen;
    const able = chosen.value.filter(knowsHedge);
    if (isHedge && able.length === 0) return err(MODE_NO_HEDGE);
    const exposures = able.map((each) => books.ledger.exposure(each));
    const changing = exposures.filter((each) => each.isHedge !== isHedge);
    if (changing.length === 0) return err(MODE_NOT_MODIFIED);
    const flat = changing.filter((each) => !each.hasPosition);
    const free = flat.filter(({ listing }) => books.archive.openCount(listing) === 0);
    if (free.length === 0) return err(flat.length === 0 ? MODE_HAS_POSITION : MODE_HAS_ORDERS);
    for (const exposure of free) exposure.isHedge = isHedge;
    return ok(undefined);
  }

  setDisconnectProtection(account: number, windowSeconds: number | undefined): void {
    const protection = this.#protections[account]!;
    protection.windowSeconds = windowSeconds;
    if (windowSeconds === undefined) protection.firesAt = undefined;
  }

  connectionsChanged(account: number, open: number): void {
    const protection = this.#protections[account]!;
    const { windowSeconds } = protection;
    const isGone = open === 0 && windowSeconds !== undefined;
    protection.firesAt = isGone ? addMicros(this.now, windowSeconds * 1_000_000) : undefined;
  }

  clearClosedOrders(): void {
    for (const { archive } of this.#books) archive.clearClosed();
  }

  #of(account: number): AccountBooks {
    const books = this.#books[account];
    if (books === undefined) invariant(false, `there is no account ${account}`);
    return books;
  }

  #listing(category: Category, symbol: string): Outcome<Listing> {
    const listing = this.#bySymbol.get(keyOf(category, symbol));
    return listing === undefined ? err(faultsOf(category).symbol(symbol)) : ok(listing);
  }

  #contract(category: Category, symbol: string): Outcome<Listing> {
    if (category === "spot") return err(faultsOf("linear").symbol(symbol));
    return this.#listing(category, symbol);
  }

  /** A symbol goes before a coin, as on Bybit. */
  #contractsOf(
    category: Category,
    symbol: string | undefined,
    settleCoin: string | undefined,
  ): Outcome<readonly Listing[]> {
    if (symbol !== undefined) {
      const listing = this.#contract(category, symbol);
      return listing.ok ? ok([listing.value]) : listing;
    }
    const found = this.#listings.filter((each) => isAsked(each, { category, settleCoin }));
    return settleCoin !== undefined && found.length === 0 ? err(MODE_COIN_INVALID) : ok(found);
  }

  #withdrawAll(
    books: AccountBooks,
    cancelType: string,
    scope: OrderQuery | undefined,
  ): Acknowledgement[] {
    const canceled: Acknowledgement[] = [];
    for (const order of books.archive.open) {
      const isMeant =
        scope === undefined ? order.listing.category !== "spot" : isAsked(order.listing, scope);
      if (!isMeant || !order.isOpen) continue;
      this.#flow.withdraw(books, order, cancelType);
      canceled.push({ orderId: order.orderId, orderLinkId: order.seed.orderLinkId });
    }
    return canceled;
  }

  /** Disconnect protection fires: once, until connections come and go again. */
  #protect(account: number): void {
    this.#protections[account]!.firesAt = undefined;
    this.#withdrawAll(this.#of(account), "CancelByDCP", undefined);
  }

  #payFunding(listing: Listing, payment: FundingPayment): void {
    const rate = decimal(payment.rate);
    for (const books of this.#books) {
      const exposure = books.ledger.exposure(listing);
      for (const position of exposure.positions) {
        if (position.side === undefined) continue;
        const value = listing.worth.at(payment.markPrice, position.size);
        const due = listing.worth.toCash(
          timesDecimal(position.side === "buy" ? value : -value, rate),
        );
        books.ledger.payFunding(position, listing, due);
        position.updatedAt = payment.at;
        this.#flow.execute(books, {
          order: this.#desk.fundingOrder(exposure, position, payment.at).record,
          execType: "Funding",
          price: ticks(Math.round(payment.markPrice / 2)),
          quantity: position.size,
          value: amountText(value),
          fee: amountText(due),
          feeCoin: listing.worth.settle,
          feeRate: payment.rate,
          isMaker: false,
          closed: NO_LOTS,
          profit: "0",
          markPrice: payment.markPrice,
          leaves: NO_LOTS,
          at: payment.at,
        });
        this.#flow.noteMoved(books, exposure, position);
      }
    }
  }

  /** Whether any mark price is another one than when this was last asked. */
  #havePricesMoved(): boolean {
    let hasMoved = false;
    for (const { number, view } of this.#listings) {
      if (this.#measuredAt[number] === view.markPrice) continue;
      this.#measuredAt[number] = view.markPrice;
      hasMoved = true;
    }
    return hasMoved;
  }

  /**
   * Closes what an account can no longer carry: its orders first, then whole positions at the
   * market. Bybit closes step by step and takes over what the market will not; here what the market
   * does not take stays, and is tried again when prices move.
   */
  #liquidate(books: AccountBooks): void {
    const exposures = [...books.ledger.active].filter((each) => each.hasPosition);
    if (exposures.length === 0) return;
    const { maintenance, equity } = books.ledger.totals();
    if (maintenance <= equity) return;
    this.#withdrawAll(books, "CancelAllBeforeLiq", undefined);
    for (const exposure of exposures) this.#closeOut(books, exposure);
  }

  #closeOut(books: AccountBooks, exposure: Exposure): void {
    for (const position of exposure.positions) {
      let before = 0;
      // A position larger than the largest market order takes several.
      while (position.size > 0 && position.size !== before) {
        before = position.size;
        this.#desk.closeByForce(books, exposure, position);
      }
    }
  }
}

const keyOf = (category: Category, symbol: string): string => `${category}:${symbol}`;

/** On Bybit hedge mode is there for contracts settled in USDT. */
const knowsHedge = ({ category, worth }: Listing): boolean =>
  category === "linear" && worth.settle === "USDT";
