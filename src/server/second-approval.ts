/**
 * Second approval: which requests one person's word is not enough for.
 *
 * What must stay true: whatever takes an order's worth above the bound waits, and so does what
 * nobody can say the worth of. It looks at each request by itself: two orders under the bound are
 * two orders under the bound.
 */
import { compareDecimal, decimal, multiplyDecimal, parseDecimal } from "../core/domain/decimal.ts";
import { ok, type Result } from "../core/domain/errors.ts";
import type { Desk } from "../runtime/desk/desk-terms.ts";
import type { OrderForm } from "../runtime/desk/order-form.ts";
import type { OrderView } from "../view/shapes.ts";
import { deskRefusal } from "./desk-refusal.ts";
import type { AmendBody } from "./order-requests.ts";
import type { Refusal } from "./server-terms.ts";

export class SecondApproval {
  readonly #desk: Desk;
  readonly #above: string | undefined;

  /** @param above decimal text, in quote coin; undefined: none is ever needed. */
  constructor(desk: Desk, above: string | undefined) {
    this.#desk = desk;
    this.#above = above;
  }

  /** @param worth decimal text, in quote coin; null: not known. */
  isNeeded(worth: string | null): boolean {
    if (this.#above === undefined) return false;
    const known = worth === null ? undefined : parseDecimal(worth);
    return known?.ok !== true || compareDecimal(known.value, decimal(this.#above)) > 0;
  }

  /** @returns what a second person is asked; undefined: nobody is. */
  async ofForm(form: OrderForm): Promise<Result<string | undefined, Refusal>> {
    if (this.#above === undefined) return ok(undefined);
    if (form.notional !== undefined) {
      return ok(this.isNeeded(form.notional) ? formText(form, form.notional) : undefined);
    }
    const worth = await this.#desk.worth(form);
    if (!worth.ok) return { ok: false, error: deskRefusal(worth.error) };
    return ok(this.isNeeded(worth.value) ? formText(form, worth.value) : undefined);
  }

  ofAmendment(parentId: string, amend: AmendBody): string | undefined {
    const { quantity, notional } = amend;
    if (this.#above === undefined) return undefined;
    if (quantity === undefined && notional === undefined) return undefined;
    const view = this.#desk.order(parentId);
    const worth = notional ?? worthOf(quantity!, view);
    const asked = notional ?? quantity!;
    const isMore = view === undefined || !isAtMost(asked, view.row.quantity);
    if (!isMore || !this.isNeeded(worth)) return undefined;
    const from = view === undefined ? "" : ` from ${view.row.quantity}`;
    return `raise order ${parentId}${from} to ${asked}${aboutText(worth)}`;
  }
}

/** At the mid, or where none is known at the decision price. */
function worthOf(quantity: string, view: OrderView | undefined): string | null {
  const price = view?.prices.mid ?? view?.prices.decision ?? null;
  if (price === null) return null;
  const parsed = parseDecimal(price);
  if (!parsed.ok) return null;
  const { mantissa, scale } = multiplyDecimal(decimal(quantity), parsed.value);
  const digits = mantissa.toString().padStart(scale + 1, "0");
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** @param present as a row tells it: `1.5 BTC`. */
function isAtMost(asked: string, present: string): boolean {
  const now = parseDecimal(present.split(" ")[0] ?? "");
  return now.ok && compareDecimal(decimal(asked), now.value) <= 0;
}

export function formText(
  { side, quantity, symbol, category, over }: OrderForm,
  worth: string | null,
) {
  const what = quantity === undefined ? `${worth} of` : quantity;
  return `${side} ${what} ${symbol} (${category}) over ${over}${aboutText(worth)}`;
}

const aboutText = (worth: string | null): string =>
  worth === null ? ", worth not known" : `, worth about ${worth}`;
