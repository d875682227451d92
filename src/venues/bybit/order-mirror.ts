/**
 * Order mirror: one order as the engine has it, if it has heard all that was told.
 *
 * What must stay true: nothing is told that the engine's life cycle does not allow; a fill that it
 * does not allow yet is kept until it does.
 */
import {
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  type Fill,
  type OrderReport,
  type OrderTerms,
  type Phase,
  TRANSITIONS,
} from "../../core/domain/child-order.ts";
import { type Lots, maxLots, micros, NO_LOTS } from "../../core/domain/units.ts";
import type { OrderOutput, VenueMillis } from "./order-sighting.ts";

export class OrderMirror {
  readonly child: ChildOrder;
  readonly #tell: (output: OrderOutput) => void;
  /** More than the order may fill as far as the engine knows: told once it may. */
  readonly #withheld: Fill[] = [];
  #isAccepted = false;

  constructor(child: ChildOrder, tell: (output: OrderOutput) => void) {
    this.#tell = tell;
    this.child = child;
    // What a run before was told of an order is not told with its next fill.
    this.#isAccepted = child.phase !== "pending-new";
  }

  get id(): ClientOrderId {
    return this.child.terms.clientOrderId;
  }

  get phase(): Phase {
    return this.child.phase;
  }

  get isClosed(): boolean {
    return this.phase === "closed";
  }

  /** What the order may fill at most, by all that was asked for. */
  get most(): Lots {
    const { quantity, pendingAmend, finalCumulative } = this.child;
    const asked = maxLots(quantity, pendingAmend?.quantity ?? NO_LOTS);
    return maxLots(asked, finalCumulative ?? NO_LOTS);
  }

  /** Once. */
  accept(): void {
    if (!this.#isAccepted && !this.isClosed) this.report({ kind: "accepted" });
  }

  /** False: it is kept for later. */
  fill(fill: Fill): boolean {
    if (!this.#fits(fill)) {
      this.#withheld.push(fill);
      return false;
    }
    this.accept();
    this.report({ kind: "filled", fill });
    return true;
  }

  #fits = ({ quantity }: Fill): boolean => this.child.cumulative + quantity <= this.most;

  report(report: OrderReport): void {
    if (report.kind === "accepted") this.#isAccepted = true;
    if (report.kind !== "filled" && TRANSITIONS[this.phase][report.kind] === undefined) return;
    applyReport(this.child, report);
    this.#tell({ kind: "report", clientOrderId: this.id, report });
    const index = this.#withheld.findIndex(this.#fits);
    if (index < 0) return;
    const [fill] = this.#withheld.splice(index, 1);
    this.report({ kind: "filled", fill: fill! });
  }
}

/** An order that is about to be sent. */
export const newChild = (terms: OrderTerms, at: VenueMillis): ChildOrder => ({
  parentId: "",
  terms,
  aggressive: false,
  decision: 0,
  sentAt: micros(Math.round(at * 1000)),
  limitPrice: terms.limitPrice,
  quantity: terms.quantity,
  pendingAmend: undefined,
  cumulative: NO_LOTS,
  phase: "pending-new",
  closeReason: undefined,
  closeText: undefined,
});
