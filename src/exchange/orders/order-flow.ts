/**
 * Order flow: orders at their markets, and what comes of it in the books.
 *
 * A market answers within the call, so all that an order brings about has happened, and been told,
 * when a call here returns: executions at once, then the order as it ended up, then the positions
 * and wallets that moved. Within a market's call nothing is sent to a market: what follows from a
 * fill (reducing orders that no longer fit) is done after it, by `settle`.
 *
 * What must stay true: what the market says of an order moves the order, the ledger and the archive
 * together; what is bound for an order is what it could still cost.
 */
import type { ClientOrderId, Fill, OrderReport } from "../../core/domain/child-order.ts";
import { invariant } from "../../core/domain/errors.ts";
import {
  addLots,
  atTick,
  type Lots,
  type Micros,
  minLots,
  NO_LOTS,
  subtractLots,
  type Ticks,
} from "../../core/domain/units.ts";
import type { ExchangeListener, ExecutionRecord, OrderStatus } from "../exchange-types.ts";
import type { HostedAccount } from "../hosted-market.ts";
import { amountText } from "../ledger/amount.ts";
import type { Trade } from "../ledger/account-ledger.ts";
import type { CoinPrices } from "../ledger/coin-prices.ts";
import type { Exposure } from "../ledger/exposure.ts";
import type { Charge } from "../ledger/fees.ts";
import type { Listing } from "../ledger/listing.ts";
import type { Position } from "../ledger/position.ts";
import { positionRecord, WalletStatement } from "../ledger/statement.ts";
import type { AccountBooks } from "./account-books.ts";
import type { LiveOrder } from "./live-order.ts";
import {
  BY_REDUCE_ONLY,
  NOBODY_THERE,
  orderIdOf,
  partTerms,
  reasonOf,
  termsOf,
} from "./market-terms.ts";
import type { RecordIds } from "./record-ids.ts";
import { ValueWalk } from "./value-walk.ts";

/** Parts of an order by value: far more than its reaches can need. */
const MOST_PARTS = 64;

export interface FlowConfig {
  readonly books: readonly AccountBooks[];
  readonly listings: readonly Listing[];
  readonly listener: ExchangeListener;
  readonly prices: CoinPrices;
  readonly executionIds: RecordIds;
}

export class OrderFlow {
  /** Set by the exchange: the time at which everything acts. */
  now = 0 as Micros;
  readonly #listener: ExchangeListener;
  readonly #prices: CoinPrices;
  readonly #executionIds: RecordIds;
  readonly #moved = new Set<AccountBooks>();
  /** The order whose request is at its market: it is told of once, when that is done. */
  #inHand: LiveOrder | undefined;
  #isSettling = false;
  /** Reducing orders that got more from their market than there was to reduce: to be withdrawn. */
  readonly #overdue = new Set<LiveOrder>();
  #sequence = 0;

  constructor({ books, listings, listener, prices, executionIds }: FlowConfig) {
    this.#listener = listener;
    this.#prices = prices;
    this.#executionIds = executionIds;
    for (const { view, symbol } of listings) {
      const { accounts } = view.hosted;
      invariant(accounts.length >= books.length, `${symbol} hosts ${accounts.length} accounts`);
      for (const each of books) {
        accounts[each.number]!.onReport = (id, report, at) => {
          this.#reported(each, id, report, at);
        };
      }
    }
  }

  /** Sends a new order, which stands in the archive and is paid for. */
  work(books: AccountBooks, order: LiveOrder): void {
    const { seat } = order.seed;
    if (seat !== undefined) books.reducing.add(seat.position, order);
    this.#inHand = order;
    this.#hosted(books, order).place(termsOf(order), this.now);
    this.#inHand = undefined;
    this.#tell(books, order);
    // Now that it rests: an order that its market did not take pushes nobody out.
    if (seat !== undefined) this.#cut(books, seat.position);
    this.settle();
  }

  /** A spot market order counted in quote coin: part by part, until its value is used. */
  workByValue(books: AccountBooks, order: LiveOrder, value: bigint): void {
    const walk = new ValueWalk(order.listing, order.side, order.price);
    const hosted = this.#hosted(books, order);
    let isDry = false;
    this.#inHand = order;
    for (let part = 1; part <= MOST_PARTS && !isDry; part++) {
      const next = walk.next(value - order.filledValue, lotsToGive(books, order));
      if (next === undefined) break;
      order.allow(next.quantity);
      hosted.place(partTerms(order, part, next.price, next.quantity), this.now);
      isDry = order.leaves > 0 && !walk.goFurther();
    }
    this.#inHand = undefined;
    order.allow(NO_LOTS);
    if (order.cumulative > 0 && order.filledValue === value) {
      order.complete(this.now);
      books.archive.close(order);
      this.#tell(books, order);
    } else {
      // Bybit's word for an order that got what its value pays for, and gives back the rest.
      const isSpent = order.cumulative > 0 && !isDry;
      const reason = isSpent ? "EC_NoError" : NOBODY_THERE;
      this.#close(books, order, "Cancelled", reason, this.now);
    }
    this.settle();
  }

  /** @returns the market's words where it did not take the amendment. */
  amend(books: AccountBooks, order: LiveOrder, price: Ticks, quantity: Lots): string | undefined {
    order.amendRefusal = undefined;
    this.#inHand = order;
    const id = order.orderId as ClientOrderId;
    this.#hosted(books, order).amend({ clientOrderId: id, limitPrice: price, quantity }, this.now);
    this.#inHand = undefined;
    if (order.amendRefusal === undefined) this.#tell(books, order);
    // Nearer or larger than it was, it leaves less to the others.
    const { seat } = order.seed;
    if (seat !== undefined) this.#cut(books, seat.position);
    this.settle();
    return order.amendRefusal;
  }

  /** @param cancelType Bybit's word for why. */
  withdraw(books: AccountBooks, order: LiveOrder, cancelType: string): void {
    order.cancelType = cancelType;
    this.#hosted(books, order).cancel(order.orderId as ClientOrderId, this.now);
    this.settle();
  }

  /** Does what follows from fills, then tells of the positions and wallets that moved. */
  settle(): void {
    if (this.#moved.size === 0 || this.#isSettling) return;
    this.#isSettling = true;
    for (const books of this.#moved) {
      for (const order of this.#overdue) {
        if (books.archive.byId(order.orderId) === order) this.#withdrawOverdue(books, order);
      }
      for (const position of books.movedPositions.keys()) this.#cut(books, position);
    }
    for (const books of this.#moved) this.#tellMoved(books);
    this.#moved.clear();
    this.#isSettling = false;
  }

  /** A position, and with it the wallet, moved without an order. */
  noteMoved(books: AccountBooks, exposure: Exposure, position: Position): void {
    position.sequence = this.#sequence;
    books.movedPositions.set(position, exposure);
    this.noteWallet(books);
  }

  noteWallet(books: AccountBooks): void {
    books.isWalletMoved = true;
    this.#moved.add(books);
  }

  /** Numbers an execution, keeps it and tells of it. */
  execute(
    books: AccountBooks,
    execution: Omit<ExecutionRecord, "executionId" | "sequence">,
  ): ExecutionRecord {
    const executionId = this.#executionIds.next();
    const record = { ...execution, executionId, sequence: ++this.#sequence };
    books.archive.addExecution(record);
    this.#listener.execution(books.number, record, record.at);
    return record;
  }

  #reported(books: AccountBooks, id: ClientOrderId, report: OrderReport, at: Micros): void {
    const order = books.archive.byId(orderIdOf(id));
    if (order === undefined) invariant(false, `a report for an unknown order: ${id}`);
    switch (report.kind) {
      case "accepted":
        order.isAccepted = true;
        return;
      case "filled":
        this.#filled(books, order, report.fill, at);
        return;
      case "amended":
        this.#amended(books, order, report.limitPrice, report.quantity, at);
        return;
      case "amend-rejected":
        order.amendRefusal = report.text;
        return;
      case "rejected":
        this.#ended(books, order, "Rejected", at);
        return;
      case "canceled":
      case "expired":
        this.#ended(books, order, "Cancelled", at);
        return;
      default:
        // Of a cancel the desk looks at the order itself; nothing times out in here.
        return;
    }
  }

  #filled(books: AccountBooks, order: LiveOrder, fill: Fill, at: Micros): void {
    const quantity = this.#bookable(order, fill.quantity);
    if (quantity > 0) this.#book(books, order, fill, quantity, at);
    if (quantity === fill.quantity) return;
    // The market gave more than there was to close: nobody has the rest, and the order is over.
    order.declined = addLots(order.declined, subtractLots(fill.quantity, quantity));
    if (order.leaves > 0) {
      this.#overdue.add(order);
      this.#moved.add(books);
      return;
    }
    order.cancelType = BY_REDUCE_ONLY;
    this.#leave(books, order);
    this.#close(books, order, "Cancelled", "EC_NoError", at);
  }

  /**
   * Lots of an execution that the account may have: a reducing order never turns a position. No
   * more comes from a market that fills nearer orders first: `reducing` has seen to that.
   */
  #bookable(order: LiveOrder, quantity: Lots): Lots {
    const { seat } = order.seed;
    if (seat?.isReducing !== true) return quantity;
    const { side, size } = seat.position;
    return side === undefined || side === order.side ? NO_LOTS : minLots(quantity, size);
  }

  #book(books: AccountBooks, order: LiveOrder, fill: Fill, quantity: Lots, at: Micros): void {
    const { ledger, archive } = books;
    const { listing, side, seed, positionIndex } = order;
    const { price } = fill;
    const isByValue = seed.value !== undefined;
    const isMaker = fill.liquidity === "maker";
    const value = listing.worth.at(atTick(price), quantity);
    const fee = listing.fees.charge(side, isMaker, value, quantity);
    if (!isByValue) ledger.bind(order, -1);
    order.fill(quantity, value, fee, at);
    if (!isByValue && order.isOpen) ledger.bind(order, 1);
    const change = this.#bookTrade(
      books,
      order,
      { side, price, quantity, positionIndex, at },
      value,
      fee,
    );
    if (!order.isOpen) this.#leave(books, order);
    const record = this.execute(books, {
      order: order.record,
      execType: "Trade",
      price,
      quantity,
      value: amountText(value),
      fee: amountText(fee.amount),
      feeCoin: fee.coin,
      feeRate: fee.rate,
      isMaker,
      closed: change.closed,
      profit: amountText(change.profit),
      markPrice: listing.view.markPrice,
      leaves: isByValue ? NO_LOTS : order.leaves,
      at,
    });
    order.executions.push(record);
    if (seed.seat === undefined) this.noteWallet(books);
    else this.noteMoved(books, seed.seat.exposure, seed.seat.position);
    if (!order.isOpen) archive.close(order);
    if (order !== this.#inHand) this.#tell(books, order);
  }

  #bookTrade(
    { ledger }: AccountBooks,
    { listing }: LiveOrder,
    trade: Trade,
    value: bigint,
    fee: Charge,
  ): { closed: Lots; profit: bigint } {
    if (listing.category !== "spot") return ledger.fillContract(listing, trade, value, fee);
    ledger.fillSpot(listing, trade, value, fee);
    return { closed: NO_LOTS, profit: 0n };
  }

  #amended(books: AccountBooks, order: LiveOrder, price: Ticks, quantity: Lots, at: Micros): void {
    const { seat } = order.seed;
    books.ledger.bind(order, -1);
    if (seat?.isReducing === true) books.reducing.remove(seat.position, order);
    order.amend(price, quantity, at);
    books.ledger.bind(order, 1);
    if (seat?.isReducing === true) books.reducing.add(seat.position, order);
    if (seat === undefined) this.noteWallet(books);
    if (order !== this.#inHand) this.#tell(books, order);
  }

  #ended(books: AccountBooks, order: LiveOrder, status: OrderStatus, at: Micros): void {
    // A part of an order by value: what becomes of the whole is told when all parts are done.
    if (order.seed.value !== undefined || !order.isOpen) return;
    books.ledger.bind(order, -1);
    this.#leave(books, order);
    if (order.listing.category === "spot") this.noteWallet(books);
    this.#close(books, order, status, status === "Rejected" ? "EC_Others" : reasonOf(order), at);
  }

  /** It is among those that can close a position no more. */
  #leave(books: AccountBooks, order: LiveOrder): void {
    const { seat } = order.seed;
    if (seat !== undefined) books.reducing.remove(seat.position, order);
  }

  #close(
    books: AccountBooks,
    order: LiveOrder,
    status: OrderStatus,
    reason: string,
    at: Micros,
  ): void {
    order.end(status, reason, at);
    books.archive.close(order);
    if (order !== this.#inHand) this.#tell(books, order);
  }

  #withdrawOverdue(books: AccountBooks, order: LiveOrder): void {
    this.#overdue.delete(order);
    if (order.isOpen) this.withdraw(books, order, BY_REDUCE_ONLY);
  }

  /** Cuts the reducing orders of a position to what there is to reduce. */
  #cut(books: AccountBooks, position: Position): void {
    if (!books.reducing.has(position)) return;
    const kept = this.#inHand;
    this.#inHand = undefined;
    for (const { order, quantity } of books.reducing.cuts(position)) {
      if (quantity > order.cumulative) this.#shrink(books, order, quantity);
      else this.withdraw(books, order, BY_REDUCE_ONLY);
    }
    this.#inHand = kept;
  }

  #shrink(books: AccountBooks, order: LiveOrder, quantity: Lots): void {
    const clientOrderId = order.orderId as ClientOrderId;
    order.amendRefusal = undefined;
    const amend = { clientOrderId, limitPrice: order.price, quantity };
    this.#hosted(books, order).amend(amend, this.now);
    // Whatever the market has against it: more than there is to close may not rest.
    if (order.amendRefusal !== undefined) this.withdraw(books, order, BY_REDUCE_ONLY);
  }

  #tell(books: AccountBooks, order: LiveOrder): void {
    const { record } = order;
    this.#listener.order(books.number, record, record.updatedAt);
  }

  #tellMoved(books: AccountBooks): void {
    const { number, ledger, movedPositions } = books;
    if (movedPositions.size > 0) {
      const totals = ledger.totals();
      for (const [position, exposure] of movedPositions) {
        const record = positionRecord(exposure, position, totals, this.#prices);
        this.#listener.position(number, record, this.now);
      }
      movedPositions.clear();
    }
    if (books.isWalletMoved) {
      this.#listener.wallet(number, new WalletStatement(ledger, this.#prices), this.now);
    }
    books.isWalletMoved = false;
  }

  #hosted(books: AccountBooks, { listing }: LiveOrder): HostedAccount {
    return listing.view.hosted.accounts[books.number]!;
  }
}

/** What a sell can still give; a buy by value is bounded by its value. */
const lotsToGive = ({ ledger }: AccountBooks, { side, listing }: LiveOrder): number =>
  side === "buy"
    ? Number.MAX_SAFE_INTEGER
    : listing.worth.lotsIn(ledger.free(listing.instrument.base));
