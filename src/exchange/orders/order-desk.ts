/**
 * Order desk: a client's request, refused in Bybit's words or taken to its market.
 *
 * The checks stand in one order, so that a request with several faults always gets the same answer.
 * What must stay true: a refused request has changed nothing.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { addLots, atTick, type Lots, lots, type Micros, minLots } from "../../core/domain/units.ts";
import type {
  Acknowledgement,
  AmendRequest,
  ExchangeFault,
  OrderReference,
  PlaceRequest,
} from "../exchange-types.ts";
import type { Exposure } from "../ledger/exposure.ts";
import type { Listing } from "../ledger/listing.ts";
import type { Position } from "../ledger/position.ts";
import type { AccountBooks } from "./account-books.ts";
import { admit, admitAmend, type AdmittedTerms, linkIdFault } from "./admission.ts";
import {
  AMEND_REFUSED,
  faultsOf,
  NOT_MODIFIED,
  NOTHING_TO_REDUCE,
  POSITION_INDEX,
  REDUCES_NOTHING,
  TRUNCATED_TO_ZERO,
} from "./faults.ts";
import { LiveOrder, type OrderSeed, type Seat } from "./live-order.ts";
import type { OrderFlow } from "./order-flow.ts";
import type { RecordIds } from "./record-ids.ts";

/** Bybit's limit of open orders, per account and symbol. */
const MOST_OPEN = 500;

type Taken = Result<Acknowledgement, ExchangeFault>;

export class OrderDesk {
  readonly #flow: OrderFlow;
  readonly #orderIds: RecordIds;
  #taken = 0;

  constructor(flow: OrderFlow, orderIds: RecordIds) {
    this.#flow = flow;
    this.#orderIds = orderIds;
  }

  place(books: AccountBooks, listing: Listing, request: PlaceRequest): Taken {
    const { archive } = books;
    const { category } = listing;
    const faults = faultsOf(category);
    const linkFault = linkIdFault(request);
    if (linkFault !== undefined) return err(linkFault);
    const seat = seatOf(books, listing, request);
    if (!seat.ok) return seat;
    const terms = admit(listing, request, seat.value?.isReducing ?? false);
    if (!terms.ok) return terms;
    const linkId = request.orderLinkId ?? "";
    if (linkId !== "" && archive.isLinkTaken(category, linkId)) return err(faults.linkIdDuplicate);
    if (archive.openCount(listing) >= MOST_OPEN) return err(faults.tooManyOrders);
    const quantity = fittedQuantity(books, seat.value, request, terms.value);
    if (!quantity.ok) return quantity;
    const order = this.#make(listing, request, terms.value, quantity.value, seat.value);
    if (!this.#bind(books, order)) return err(faults.balance);
    archive.add(order);
    const { value } = terms.value;
    if (value === undefined) this.#flow.work(books, order);
    else this.#flow.workByValue(books, order, value);
    return ok(acknowledged(order));
  }

  amend(books: AccountBooks, listing: Listing, request: AmendRequest): Taken {
    const faults = faultsOf(listing.category);
    const order = books.archive.find(request);
    if (order === undefined || !order.isOpen) return err(faults.notFoundToAmend);
    const terms = admitAmend(listing, order, request, order.isReducing);
    if (!terms.ok) return terms;
    const { price } = terms.value;
    if (terms.value.quantity <= order.cumulative) return err(faults.amendedUnderFilled);
    if (price === order.price && terms.value.quantity === order.quantity) return err(NOT_MODIFIED);
    const quantity = this.#amendedQuantity(books, order, terms.value);
    if (quantity === order.cumulative) return err(TRUNCATED_TO_ZERO);
    const leaves = lots(quantity - order.cumulative);
    if (!books.ledger.canBecome(order, { price, leaves })) return err(faults.balance);
    const refusal = this.#flow.amend(books, order, price, quantity);
    return refusal === undefined ? ok(acknowledged(order)) : err(AMEND_REFUSED);
  }

  cancel(books: AccountBooks, listing: Listing, request: OrderReference): Taken {
    const order = books.archive.find(request);
    const { notFoundToCancel } = faultsOf(listing.category);
    if (order === undefined || !order.isOpen) return err(notFoundToCancel);
    this.#flow.withdraw(books, order, "CancelByUser");
    return order.isOpen ? err(notFoundToCancel) : ok(acknowledged(order));
  }

  /** Sells or buys back a position at the market, in the exchange's own name. */
  closeByForce(books: AccountBooks, exposure: Exposure, position: Position): void {
    const { listing } = exposure;
    const request: PlaceRequest = {
      category: listing.category,
      symbol: listing.symbol,
      side: position.side === "buy" ? "sell" : "buy",
      isMarket: true,
      quantity: "0",
      price: undefined,
      timeInForce: undefined,
      orderLinkId: undefined,
      positionIndex: position.index,
      reduceOnly: true,
      marketUnit: undefined,
      smpType: undefined,
    };
    const terms = admit(listing, request, true);
    if (!terms.ok) return;
    const quantity = minLots(position.size, terms.value.quantity);
    const seat = { exposure, position, isReducing: true };
    const order = this.#make(listing, request, terms.value, quantity, seat, "CreateByLiq");
    books.archive.add(order);
    this.#flow.work(books, order);
  }

  /** Of a funding payment: the record of an order that nobody sent. */
  fundingOrder(exposure: Exposure, position: Position, now: Micros): LiveOrder {
    const { listing } = exposure;
    const seed: OrderSeed = {
      number: ++this.#taken,
      orderId: this.#orderIds.next(),
      orderLinkId: "",
      listing,
      side: position.side ?? "buy",
      isMarket: true,
      timeInForce: "GTC",
      price: listing.view.last,
      quantity: position.size,
      value: undefined,
      seat: { exposure, position, isReducing: false },
      marketUnit: "",
      smpType: "None",
      createType: "CreateByUser",
    };
    return new LiveOrder(seed, now);
  }

  #make(
    listing: Listing,
    request: PlaceRequest,
    terms: AdmittedTerms,
    quantity: Lots,
    seat: Seat | undefined,
    createType: OrderSeed["createType"] = "CreateByUser",
  ): LiveOrder {
    const seed: OrderSeed = {
      number: ++this.#taken,
      orderId: this.#orderIds.next(),
      orderLinkId: request.orderLinkId ?? "",
      listing,
      side: request.side,
      isMarket: request.isMarket,
      timeInForce: terms.timeInForce,
      price: terms.price,
      quantity,
      value: terms.value,
      seat,
      marketUnit: terms.marketUnit,
      smpType: request.smpType ?? "None",
      createType,
    };
    return new LiveOrder(seed, this.#flow.now);
  }

  /** Binds what the order may cost. @returns whether it is there. */
  #bind(books: AccountBooks, order: LiveOrder): boolean {
    const { ledger } = books;
    const { listing, side, seed } = order;
    if (seed.value === undefined) {
      const isBound = ledger.reserve(order);
      if (isBound && listing.category === "spot") this.#flow.noteWallet(books);
      return isBound;
    }
    // Nothing of it will rest, so nothing is locked; but it must be there.
    const { instrument, worth, view } = listing;
    if (side === "buy") return ledger.free(instrument.quote) >= seed.value;
    const count = worth.lotsWithin(seed.value, atTick(view.bid > 0 ? view.bid : order.price));
    return ledger.free(instrument.base) >= worth.units(count as Lots);
  }

  /** The quantity asked for, cut to what there is to reduce. */
  #amendedQuantity(
    { reducing }: AccountBooks,
    order: LiveOrder,
    { price, quantity }: { readonly price: LiveOrder["price"]; readonly quantity: Lots },
  ): Lots {
    const { seat } = order.seed;
    if (seat?.isReducing !== true) return quantity;
    // It stands aside while its own room is measured.
    reducing.remove(seat.position, order);
    const room = reducing.room(seat.position, order.side, price);
    reducing.add(seat.position, order);
    return minLots(quantity, addLots(order.cumulative, room));
  }
}

/** One-way and hedge mode differ in what names a position, and in what an order may do to it. */
function seatOf(
  books: AccountBooks,
  listing: Listing,
  { side, positionIndex, reduceOnly }: PlaceRequest,
): Result<Seat | undefined, ExchangeFault> {
  if (listing.category === "spot") return ok(undefined);
  const exposure = books.ledger.exposure(listing);
  const index = positionIndex ?? 0;
  if (exposure.isHedge !== index > 0) return err(POSITION_INDEX);
  const closes = exposure.isHedge && (index === 1 ? side === "sell" : side === "buy");
  if (exposure.isHedge && reduceOnly && !closes) return err(REDUCES_NOTHING);
  const position = exposure.positions[index];
  return ok({ exposure, position, isReducing: reduceOnly || closes });
}

/** The quantity, cut to what there is to reduce. */
function fittedQuantity(
  { reducing }: AccountBooks,
  seat: Seat | undefined,
  { side }: PlaceRequest,
  { quantity, price }: AdmittedTerms,
): Result<Lots, ExchangeFault> {
  if (seat === undefined || !seat.isReducing) return ok(quantity);
  const { position } = seat;
  if (position.side === undefined) return err(NOTHING_TO_REDUCE);
  if (position.side === side) return err(REDUCES_NOTHING);
  const room = reducing.room(position, side, price);
  return room === 0 ? err(TRUNCATED_TO_ZERO) : ok(minLots(quantity, room));
}

const acknowledged = ({ orderId, seed }: LiveOrder): Acknowledgement => ({
  orderId,
  orderLinkId: seed.orderLinkId,
});
