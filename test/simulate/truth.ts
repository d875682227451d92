/**
 * Truth: what the exchange itself has in its books of one account, order by order.
 *
 * It hears what the core tells, before any network. What must stay true: nothing here is what a
 * client was told or believes.
 */
import { sign } from "../../src/core/domain/side.ts";
import type { Micros } from "../../src/core/domain/units.ts";
import type {
  ExchangeListener,
  ExecutionRecord,
  OrderRecord,
  PositionRecord,
  WalletRecord,
} from "../../src/exchange/exchange-types.ts";

export const termsText = ({ price, quantity }: Pick<OrderRecord, "price" | "quantity">): string =>
  `${price} × ${quantity}`;

const OPEN = new Set(["New", "PartiallyFilled"]);

export class Truth implements ExchangeListener {
  /** By client order id, as it stands; of orders that have come to be. */
  readonly orders = new Map<string, OrderRecord>();
  /** Trades, by client order id. */
  readonly executions = new Map<string, ExecutionRecord[]>();
  /** How often a new order of that id has reached the exchange, taken or refused. */
  readonly arrivals = new Map<string, number>();
  /** Terms that an order has had, by client order id, as `PRICE × QUANTITY`. */
  readonly terms = new Map<string, Set<string>>();
  /** Called after each change of an order. */
  onChange: () => void = () => undefined;
  /** Microseconds since 1970 at which the market's time began. */
  startAt = 0;
  fundings = 0;
  fills = 0;
  readonly #onward: ExchangeListener;

  constructor(onward: ExchangeListener) {
    this.#onward = onward;
  }

  order(account: number, order: OrderRecord, at: Micros): void {
    if (order.orderLinkId !== "") this.#take(order);
    this.onChange();
    this.#onward.order(account, order, at);
  }

  execution(account: number, execution: ExecutionRecord, at: Micros): void {
    const { orderLinkId } = execution.order;
    if (execution.execType === "Funding") this.fundings += 1;
    else {
      this.fills += 1;
      const known = this.executions.get(orderLinkId);
      if (known === undefined) this.executions.set(orderLinkId, [execution]);
      else known.push(execution);
    }
    this.#onward.execution(account, execution, at);
  }

  position(account: number, position: PositionRecord, at: Micros): void {
    this.#onward.position(account, position, at);
  }

  wallet(account: number, wallet: WalletRecord, at: Micros): void {
    this.#onward.wallet(account, wallet, at);
  }

  #take(order: OrderRecord): void {
    const { orderLinkId } = order;
    this.orders.set(orderLinkId, order);
    const terms = this.terms.get(orderLinkId);
    if (terms === undefined) this.terms.set(orderLinkId, new Set([termsText(order)]));
    else terms.add(termsText(order));
  }

  arrived(clientOrderId: string): void {
    this.arrivals.set(clientOrderId, 1 + (this.arrivals.get(clientOrderId) ?? 0));
  }

  filledOf(clientOrderId: string): number {
    const list = this.executions.get(clientOrderId) ?? [];
    return list.reduce((sum, { quantity }) => sum + quantity, 0);
  }

  /** Lots of those orders filled in the `span` before `now`, both in nanoseconds of the market. */
  filledSince(prefix: string, span: number, now: number): number {
    let filled = 0;
    for (const [id, list] of this.executions) {
      if (!id.startsWith(prefix)) continue;
      for (const { at, quantity } of list) {
        if ((at - this.startAt) * 1_000 > now - span) filled += quantity;
      }
    }
    return filled;
  }

  /** Lots that those orders have bought less those that they have sold. */
  signedLots(prefix: string): number {
    let lots = 0;
    for (const [id, { side, cumulative }] of this.orders) {
      if (id.startsWith(prefix)) lots += sign(side) * cumulative;
    }
    return lots;
  }

  /** Ids of the orders that rest, of those whose ids begin so. */
  resting(prefix: string): string[] {
    const ids: string[] = [];
    for (const [id, { status }] of this.orders) {
      if (id.startsWith(prefix) && OPEN.has(status)) ids.push(id);
    }
    return ids;
  }

  /** Lots filled and lots that may still fill, of those orders. */
  exposure(prefix: string): { readonly filled: number; readonly open: number } {
    let filled = 0;
    let open = 0;
    for (const [id, order] of this.orders) {
      if (!id.startsWith(prefix)) continue;
      filled += order.cumulative;
      if (OPEN.has(order.status)) open += order.quantity - order.cumulative;
    }
    return { filled, open };
  }
}
