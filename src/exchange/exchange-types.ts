/**
 * Exchange types: what the exchange's core tells the server, and what it is asked.
 *
 * The core speaks in grid units and knows no JSON; the server speaks Bybit's v5 and knows no
 * arithmetic. Amounts of money are exact decimal text in the coin named beside them.
 */
import type { Result } from "../core/domain/errors.ts";
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import type { HalfTicks, Lots, Micros, Ticks } from "../core/domain/units.ts";

/** Bybit's category is our kind of contract. */
export type Category = ContractKind;
/** 0: one-way. 1: the long side of hedge mode, 2: its short side. */
export type PositionIndex = 0 | 1 | 2;

/** Bybit's own words, as its tables have them. */
export type OrderStatus =
  | "New"
  | "PartiallyFilled"
  | "Filled"
  | "Cancelled"
  | "PartiallyFilledCanceled" // spot only
  | "Rejected";

export type WireTimeInForce = "GTC" | "IOC" | "FOK" | "PostOnly";

export interface OrderRecord {
  /** Counts the orders of the exchange: the later the larger. */
  readonly number: number;
  readonly orderId: string;
  /** Empty where the client named none. */
  readonly orderLinkId: string;
  readonly category: Category;
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly side: Side;
  readonly isMarket: boolean;
  readonly timeInForce: WireTimeInForce;
  /** Of a market order the worst price it may reach: shown as Bybit shows it. */
  readonly price: Ticks;
  /** In lots; of a spot market buy by value what it may still buy is told by `value`. */
  readonly quantity: Lots;
  /** Of a spot market order by value (`marketUnit` quoteCoin): exact decimal text. */
  readonly value: string | undefined;
  readonly cumulative: Lots;
  /** Exact: Σ price × quantity in quote coin (inverse: Σ quantity / price in base coin). */
  readonly cumulativeValue: string;
  readonly fees: ReadonlyMap<string, string>;
  readonly status: OrderStatus;
  /** Bybit's enum: "UNKNOWN", "CancelByUser", "CancelByReduceOnly", "CancelByDCP" … */
  readonly cancelType: string;
  /** Bybit's enum: "EC_NoError", "EC_PostOnlyWillTakeLiquidity", "EC_NoImmediateQtyToFill" … */
  readonly rejectReason: string;
  readonly reduceOnly: boolean;
  readonly positionIndex: PositionIndex;
  readonly marketUnit: "" | "baseCoin" | "quoteCoin";
  readonly lastPriceOnCreated: Ticks;
  readonly smpType: string;
  /** `CreateByLiq`: the exchange's own, to close a position by force. */
  readonly createType: "CreateByUser" | "CreateByLiq";
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
}

export interface ExecutionRecord {
  readonly order: OrderRecord;
  readonly executionId: string;
  readonly execType: "Trade" | "Funding";
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly value: string;
  readonly fee: string;
  readonly feeCoin: string;
  readonly feeRate: string;
  readonly isMaker: boolean;
  /** Lots of the position that it closed. */
  readonly closed: Lots;
  /** Realised by what it closed, in the settlement coin; "0" on spot. */
  readonly profit: string;
  readonly markPrice: HalfTicks;
  readonly leaves: Lots;
  readonly at: Micros;
  readonly sequence: number;
}

export interface PositionRecord {
  readonly category: Category;
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly positionIndex: PositionIndex;
  /** Undefined where there is none. */
  readonly side: Side | undefined;
  readonly size: Lots;
  /** Decimal text; "0" without a position. */
  readonly entryPrice: string;
  readonly value: string;
  readonly leverage: string;
  readonly markPrice: HalfTicks;
  /** "" where there is none. */
  readonly liquidationPrice: string;
  readonly initialMargin: string;
  readonly maintenanceMargin: string;
  readonly unrealised: string;
  readonly realised: string;
  readonly cumulativeRealised: string;
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
  readonly sequence: number;
}

export interface CoinRecord {
  readonly coin: string;
  readonly wallet: string;
  readonly equity: string;
  readonly unrealised: string;
  readonly realised: string;
  /** By resting spot orders. */
  readonly locked: string;
  readonly orderMargin: string;
  readonly positionMargin: string;
  readonly maintenanceMargin: string;
  readonly usdValue: string;
}

/** In US dollars but for the coins. */
export interface WalletRecord {
  readonly coins: readonly CoinRecord[];
  readonly equity: string;
  readonly wallet: string;
  readonly available: string;
  readonly unrealised: string;
  readonly initialMargin: string;
  readonly maintenanceMargin: string;
}

/** Bybit's number and words; the tables are in `error-codes.ts`. */
export interface ExchangeFault {
  readonly retCode: number;
  readonly retMsg: string;
}

/** As a client wrote them: the core checks digits against the grid, because codes depend on it. */
export interface PlaceRequest {
  readonly category: Category;
  readonly symbol: string;
  readonly side: Side;
  readonly isMarket: boolean;
  readonly quantity: string;
  readonly price: string | undefined;
  readonly timeInForce: WireTimeInForce | undefined;
  readonly orderLinkId: string | undefined;
  readonly positionIndex: PositionIndex | undefined;
  readonly reduceOnly: boolean;
  readonly marketUnit: "baseCoin" | "quoteCoin" | undefined;
  readonly smpType: string | undefined;
}

/** One of the two ids is there: the server has seen to that. */
export interface OrderReference {
  readonly category: Category;
  readonly symbol: string;
  readonly orderId: string | undefined;
  readonly orderLinkId: string | undefined;
}

export interface AmendRequest extends OrderReference {
  readonly quantity: string | undefined;
  readonly price: string | undefined;
}

export interface CancelAllRequest {
  readonly category: Category;
  readonly symbol: string | undefined;
  readonly baseCoin: string | undefined;
  readonly settleCoin: string | undefined;
}

export interface Acknowledgement {
  readonly orderId: string;
  readonly orderLinkId: string;
}

/** What the server sends on to the private streams of an account, in the order of happening. */
export interface ExchangeListener {
  order(account: number, order: OrderRecord, at: Micros): void;
  execution(account: number, execution: ExecutionRecord, at: Micros): void;
  position(account: number, position: PositionRecord, at: Micros): void;
  wallet(account: number, wallet: WalletRecord, at: Micros): void;
}

export interface OrderQuery {
  readonly category: Category;
  readonly symbol?: string | undefined;
  readonly baseCoin?: string | undefined;
  readonly settleCoin?: string | undefined;
  readonly orderId?: string | undefined;
  readonly orderLinkId?: string | undefined;
}

/** Of history: both ends included, newest first. */
export interface HistoryQuery extends OrderQuery {
  readonly from?: Micros | undefined;
  readonly until?: Micros | undefined;
  /** Of orders alone: Bybit's word, or one that no order here ever has. */
  readonly orderStatus?: string | undefined;
  /** Of executions alone. */
  readonly execType?: string | undefined;
  /** Index of the first record wanted, from `next` of the page before. */
  readonly cursor?: number | undefined;
  readonly limit: number;
}

export interface Page<Record> {
  readonly list: readonly Record[];
  /** Undefined: this was the last. */
  readonly next: number | undefined;
}

/** Money and coins that an account begins with. */
export interface AccountSpec {
  readonly uid: string;
  /** Decimal text by coin. */
  readonly wallet: Readonly<Record<string, string>>;
}

/** What the accounts can do. `account` is a number from 0. All act at the time last advanced to. */
export interface ExchangeCore {
  readonly now: Micros;
  /** Everything that happens by itself up to `now`: markets, funding, disconnect protection. */
  advance(now: Micros): void;
  place(account: number, request: PlaceRequest): Result<Acknowledgement, ExchangeFault>;
  amend(account: number, request: AmendRequest): Result<Acknowledgement, ExchangeFault>;
  cancel(account: number, request: OrderReference): Result<Acknowledgement, ExchangeFault>;
  cancelAll(account: number, request: CancelAllRequest): Result<Acknowledgement[], ExchangeFault>;
  /**
   * Open orders and, as Bybit has it, the latest of the closed ones where `isOpenOnly` is false
   * (the cache of 500 that a restart clears) or an id is asked for. By number, the latest first.
   */
  openOrders(account: number, query: OrderQuery, isOpenOnly: boolean): readonly OrderRecord[];
  orderHistory(account: number, query: HistoryQuery): Page<OrderRecord>;
  executions(account: number, query: HistoryQuery): Page<ExecutionRecord>;
  positions(account: number, query: OrderQuery): readonly PositionRecord[];
  wallet(account: number): WalletRecord;
  feeRates(category: Category, symbol: string): { readonly maker: string; readonly taker: string };
  setLeverage(
    account: number,
    category: Category,
    symbol: string,
    buy: string,
    sell: string,
  ): Result<void, ExchangeFault>;
  /** Of one symbol, or without one of all that settle in a coin; without either of all. */
  setPositionMode(
    account: number,
    category: Category,
    symbol: string | undefined,
    isHedge: boolean,
    settleCoin?: string,
  ): Result<void, ExchangeFault>;
  /** Disconnect protection: undefined = off. The server says when the last connection is gone. */
  setDisconnectProtection(account: number, windowSeconds: number | undefined): void;
  connectionsChanged(account: number, open: number): void;
  /** As when the exchange's service restarts: the cache of closed orders is empty. */
  clearClosedOrders(): void;
}
