/**
 * Open orders: what a paper session has sent and has not been told the end of.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../../core/domain/child-order.ts";
import { sign } from "../../core/domain/side.ts";

interface Open {
  readonly direction: 1 | -1;
  left: number;
  filled: number;
}

export class OpenOrders {
  readonly #open = new Map<ClientOrderId, Open>();
  readonly #used = new Set<ClientOrderId>();
  /** Called once when the last order has come to its end. */
  onEmpty: (() => void) | undefined;

  get ids(): readonly ClientOrderId[] {
    return [...this.#open.keys()];
  }

  get count(): number {
    return this.#open.size;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** An id that is used twice is rejected by the exchange: the first order stays as it is. */
  placed({ clientOrderId, side, quantity }: OrderTerms): void {
    if (this.#used.has(clientOrderId)) return;
    this.#used.add(clientOrderId);
    this.#open.set(clientOrderId, { direction: sign(side), left: quantity, filled: 0 });
  }

  signedLots(clientOrderId: ClientOrderId, quantity: number): number {
    return (this.#open.get(clientOrderId)?.direction ?? 0) * quantity;
  }

  reported(clientOrderId: ClientOrderId, report: OrderReport): void {
    const order = this.#open.get(clientOrderId);
    if (order === undefined) return;
    switch (report.kind) {
      case "filled":
        order.left -= report.fill.quantity;
        order.filled += report.fill.quantity;
        if (order.left <= 0) this.#end(clientOrderId);
        return;
      case "amended":
        order.left = report.quantity - order.filled;
        if (order.left <= 0) this.#end(clientOrderId);
        return;
      case "rejected":
        // The second use of an id says nothing of the first.
        if (report.code === "VENUE_DUPLICATE_ID") return;
        this.#end(clientOrderId);
        return;
      case "canceled":
      case "expired":
        this.#end(clientOrderId);
        return;
      default:
    }
  }

  #end(clientOrderId: ClientOrderId): void {
    this.#open.delete(clientOrderId);
    if (this.#open.size > 0) return;
    const { onEmpty } = this;
    this.onEmpty = undefined;
    onEmpty?.();
  }
}
