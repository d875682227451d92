/**
 * Trading actions: what changes orders, by whichever way it was asked.
 *
 * REST's `/v5/order/create` and the trade stream's `order.create` are one kind of action with one
 * rate limit. What must stay true: an action that was refused for its rate has touched nothing.
 */
import type { Result } from "../../core/domain/errors.ts";
import type { Acknowledgement, Category, ExchangeCore, ExchangeFault } from "../exchange-types.ts";
import { type Answer, done, refused } from "./answer.ts";
import { TOO_MANY_VISITS } from "./faults.ts";
import type { Fields, Parsed } from "./fields.ts";
import {
  parseAmend,
  parseBatch,
  parseCancel,
  parseCancelAll,
  parseCategory,
  parsePlace,
} from "./order-requests.ts";
import type { RateLimits } from "./rate-limits.ts";

/** Who asks: the account's number and what is left of its rates. */
export interface Asker {
  readonly account: number;
  readonly limits: RateLimits;
}

export interface Acted {
  readonly answer: Answer;
  /** Whose rate was used: REST and the trade stream tell it in their headers. */
  readonly category: Category;
}

type Act = (
  core: ExchangeCore,
  account: number,
  fields: Fields,
  category: Category,
) => Result<Acknowledgement, ExchangeFault>;

/** The steps every single action has: read, then do. */
const acting =
  <Request>(
    parse: (fields: Fields, category: Category) => Parsed<Request>,
    act: (
      core: ExchangeCore,
      account: number,
      request: Request,
    ) => Result<Acknowledgement, ExchangeFault>,
  ): Act =>
  (core, account, fields, category) => {
    const request = parse(fields, category);
    return request.ok ? act(core, account, request.value) : request;
  };

const SINGLE: Readonly<Record<string, Act>> = {
  "order.create": acting(parsePlace, (core, account, request) => core.place(account, request)),
  "order.amend": acting(parseAmend, (core, account, request) => core.amend(account, request)),
  "order.cancel": acting(parseCancel, (core, account, request) => core.cancel(account, request)),
};
const BATCHES: Readonly<Record<string, { readonly act: Act; readonly isCreate: boolean }>> = {
  "order.create-batch": { act: SINGLE["order.create"]!, isCreate: true },
  "order.amend-batch": { act: SINGLE["order.amend"]!, isCreate: false },
  "order.cancel-batch": { act: SINGLE["order.cancel"]!, isCreate: false },
};

/** The trade stream has no cancel-all. */
export const isStreamAction = (kind: string): boolean =>
  Object.hasOwn(SINGLE, kind) || Object.hasOwn(BATCHES, kind);

export const isTradingAction = (kind: string): boolean =>
  isStreamAction(kind) || kind === "order.cancel-all";

/** By hand: every order has one. */
const acknowledged = ({ orderId, orderLinkId }: Acknowledgement): Answer =>
  done(`{"orderId":"${orderId}","orderLinkId":${JSON.stringify(orderLinkId)}}`);

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function actBatch(core: ExchangeCore, asker: Asker, kind: string, fields: Fields, nowMs: number) {
  const batch = parseBatch(fields);
  if (!batch.ok) return { answer: refused(batch.error), category: "linear" as Category };
  const { category, items } = batch.value;
  const { act, isCreate } = BATCHES[kind]!;
  const allowed = asker.limits.take(kind, category, items.length, nowMs);
  const list: object[] = [];
  const codes: object[] = [];
  for (const [index, item] of items.entries()) {
    const outcome =
      index < allowed
        ? act(core, asker.account, item, category)
        : { ok: false as const, error: TOO_MANY_VISITS };
    const named = {
      category,
      symbol: textOf(item["symbol"]),
      orderId: outcome.ok ? outcome.value.orderId : "",
      orderLinkId: outcome.ok ? outcome.value.orderLinkId : textOf(item["orderLinkId"]),
    };
    list.push(isCreate ? { ...named, createAt: outcome.ok ? String(nowMs) : "" } : named);
    codes.push(
      outcome.ok
        ? { code: 0, msg: "OK" }
        : { code: outcome.error.retCode, msg: outcome.error.retMsg },
    );
  }
  return { answer: { ...done({ list }), extInfo: { list: codes } }, category };
}

function actCancelAll(core: ExchangeCore, asker: Asker, fields: Fields, nowMs: number): Acted {
  const request = parseCancelAll(fields);
  if (!request.ok) return { answer: refused(request.error), category: "linear" };
  const { category } = request.value;
  if (asker.limits.take("order.cancel-all", category, 1, nowMs) === 0) {
    return { answer: refused(TOO_MANY_VISITS), category };
  }
  const canceled = core.cancelAll(asker.account, request.value);
  const answer = canceled.ok
    ? done({ list: canceled.value, success: "1" })
    : refused(canceled.error);
  return { answer, category };
}

/** `kind`: one that `isTradingAction` knows. */
export function actOn(
  core: ExchangeCore,
  asker: Asker,
  kind: string,
  fields: Fields,
  nowMs: number,
): Acted {
  if (Object.hasOwn(BATCHES, kind)) return actBatch(core, asker, kind, fields, nowMs);
  if (kind === "order.cancel-all") return actCancelAll(core, asker, fields, nowMs);
  const category = parseCategory(fields);
  if (!category.ok) return { answer: refused(category.error), category: "linear" };
  if (asker.limits.take(kind, category.value, 1, nowMs) === 0) {
    return { answer: refused(TOO_MANY_VISITS), category: category.value };
  }
  const acted = SINGLE[kind]!(core, asker.account, fields, category.value);
  const answer = acted.ok ? acknowledged(acted.value) : refused(acted.error);
  return { answer, category: category.value };
}
