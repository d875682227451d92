/**
 * Order archive: all orders of one account: the open ones, the latest closed ones, and history.
 *
 * Every id leads to its order, and a client's own id stays taken for as long as its order is known.
 * The latest closed orders are kept apart, 500 for each category and settlement coin, and forgotten
 * when the service restarts, as Bybit does; history keeps them.
 */
import type {
  ExecutionRecord,
  HistoryQuery,
  OrderQuery,
  OrderRecord,
  OrderReference,
  Page,
} from "../exchange-types.ts";
import type { Listing } from "../ledger/listing.ts";
import type { LiveOrder } from "./live-order.ts";
import { RecordLog } from "./record-log.ts";

/** Closed orders that a query for open ones still shows. */
const CLOSED_CACHE = 500;
/** Closed orders that history keeps of an account, and executions. */
const HISTORY = 100_000;

export class OrderArchive {
  /** Oldest first. */
  readonly #open = new Map<string, LiveOrder>();
  readonly #byId = new Map<string, LiveOrder>();
  /** By the client's own id: contracts and spot are two name spaces. */
  readonly #contractLinks = new Map<string, LiveOrder>();
  readonly #spotLinks = new Map<string, LiveOrder>();
  /** By the listing's number. */
  readonly #openCounts: number[] = [];
  readonly #closed = new Map<string, LiveOrder[]>();
  readonly #history = new RecordLog<LiveOrder>(HISTORY, (order) => this.#forget(order));
  readonly #executions = new RecordLog<ExecutionRecord>(HISTORY);

  get open(): Iterable<LiveOrder> {
    return this.#open.values();
  }

  openCount(listing: Listing): number {
    return this.#openCounts[listing.number] ?? 0;
  }

  isLinkTaken(category: string, linkId: string): boolean {
    return this.#links(category).has(linkId);
  }

  byId(orderId: string): LiveOrder | undefined {
    return this.#byId.get(orderId);
  }

  /** The order that a request means, open or closed; an order id goes before the client's own. */
  find(reference: OrderReference): LiveOrder | undefined {
    const { orderId, orderLinkId, category, symbol } = reference;
    const order = this.#named(category, orderId, orderLinkId);
    if (order === undefined) return undefined;
    return order.listing.category === category && order.listing.symbol === symbol
      ? order
      : undefined;
  }

  add(order: LiveOrder): void {
    const { listing, seed } = order;
    this.#open.set(order.orderId, order);
    this.#byId.set(order.orderId, order);
    if (seed.orderLinkId !== "") this.#links(listing.category).set(seed.orderLinkId, order);
    this.#openCounts[listing.number] = this.openCount(listing) + 1;
  }

  /** It is open no more. */
  close(order: LiveOrder): void {
    const { listing } = order;
    this.#open.delete(order.orderId);
    this.#openCounts[listing.number] = this.openCount(listing) - 1;
    this.#history.push(order);
    const key = `${listing.category}:${listing.worth.settle}`;
    let closed = this.#closed.get(key);
    if (closed === undefined) this.#closed.set(key, (closed = []));
    closed.push(order);
    if (closed.length >= 2 * CLOSED_CACHE) closed.splice(0, closed.length - CLOSED_CACHE);
  }

  addExecution(execution: ExecutionRecord): void {
    this.#executions.push(execution);
  }

  clearClosed(): void {
    this.#closed.clear();
  }

  /** Newest first. */
  openOrders(query: OrderQuery, isOpenOnly: boolean): OrderRecord[] {
    // An id goes before all else that is asked for.
    if (query.orderId !== undefined || query.orderLinkId !== undefined) {
      const order = this.#named(query.category, query.orderId, query.orderLinkId);
      const isKnown = order !== undefined && (order.isOpen || this.#isCached(order));
      return isKnown && order.listing.category === query.category ? [order.record] : [];
    }
    const found = [...this.#open.values()];
    if (!isOpenOnly) {
      for (const closed of this.#closed.values()) found.push(...closed.slice(-CLOSED_CACHE));
    }
    return found
      .filter((order) => isAsked(order.listing, query))
      .sort((a, b) => b.seed.number - a.seed.number)
      .map((order) => order.record);
  }

  /** Closed orders, the latest to close first. */
  history(query: HistoryQuery): Page<OrderRecord> {
    const { orderId, orderLinkId, category, from = 0, until = Number.POSITIVE_INFINITY } = query;
    const { orderStatus } = query;
    const matches = (order: LiveOrder): boolean =>
      order.createdAt >= from &&
      order.createdAt <= until &&
      (orderStatus === undefined || order.status === orderStatus) &&
      isAsked(order.listing, query);
    if (orderId !== undefined || orderLinkId !== undefined) {
      const order = this.#named(category, orderId, orderLinkId);
      const isFound = order !== undefined && !order.isOpen && matches(order);
      return { list: isFound ? [order.record] : [], next: undefined };
    }
    const { list, next } = this.#history.page(matches, query.limit, query.cursor);
    return { list: list.map((order) => order.record), next };
  }

  executions(query: HistoryQuery): Page<ExecutionRecord> {
    const { orderId, orderLinkId, category, from = 0, until = Number.POSITIVE_INFINITY } = query;
    const { execType } = query;
    const matches = (execution: ExecutionRecord): boolean =>
      execution.at >= from &&
      execution.at <= until &&
      (execType === undefined || execution.execType === execType) &&
      isAsked(execution.order, query);
    if (orderId === undefined && orderLinkId === undefined) {
      return this.#executions.page(matches, query.limit, query.cursor);
    }
    const order = this.#named(category, orderId, orderLinkId);
    const own = new RecordLog<ExecutionRecord>(Number.POSITIVE_INFINITY);
    for (const execution of order?.executions ?? []) own.push(execution);
    return own.page(matches, query.limit, query.cursor);
  }

  #named(
    category: string,
    orderId: string | undefined,
    orderLinkId: string | undefined,
  ): LiveOrder | undefined {
    if (orderId !== undefined) return this.#byId.get(orderId);
    return orderLinkId === undefined ? undefined : this.#links(category).get(orderLinkId);
  }

  #isCached({ orderId, listing }: LiveOrder): boolean {
    const closed = this.#closed.get(`${listing.category}:${listing.worth.settle}`);
    return closed?.slice(-CLOSED_CACHE).some((order) => order.orderId === orderId) ?? false;
  }

  #links(category: string): Map<string, LiveOrder> {
    return category === "spot" ? this.#spotLinks : this.#contractLinks;
  }

  #forget(order: LiveOrder): void {
    this.#byId.delete(order.orderId);
    const { orderLinkId } = order.seed;
    if (orderLinkId !== "") this.#links(order.listing.category).delete(orderLinkId);
  }
}

/** Whether what belongs to this market is asked for. */
export function isAsked(
  { category, symbol, instrument }: Pick<Listing, "category" | "symbol" | "instrument">,
  query: OrderQuery,
): boolean {
  if (category !== query.category) return false;
  if (query.symbol !== undefined && symbol !== query.symbol) return false;
  if (query.baseCoin !== undefined && instrument.base !== query.baseCoin) return false;
  if (query.settleCoin === undefined) return true;
  const settle = instrument.kind === "inverse" ? instrument.base : instrument.quote;
  return settle === query.settleCoin;
}
