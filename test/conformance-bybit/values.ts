/**
 * Values: whether the exchange tells of an order what was sent and what became of it.
 *
 * Shapes say nothing of figures. So a few orders are followed: from what was sent through what the
 * stream told to what history and executions say afterwards; all must be the same thing.
 */
import type { Json } from "../clients/raw-client.ts";

/** An order as it was sent last, and what must become of it. */
export interface SentOrder {
  readonly category: string;
  readonly orderLinkId: string;
  readonly side: "Buy" | "Sell";
  readonly qty: string;
  /** Of a limit order. */
  readonly price?: string;
  readonly becomes: "Filled" | "Cancelled";
}

export interface Found {
  /** From `/v5/order/history`. */
  readonly history: Json;
  /** The last of it that the stream told. */
  readonly told: Json;
  /** From `/v5/execution/list`. */
  readonly executions: readonly Json[];
}

const FOLLOWED = ["orderId", "side", "price", "qty", "orderStatus", "cumExecQty", "avgPrice"];

/** What is not as it was sent, in words. */
export function valueFaults(sent: SentOrder, { history, told, executions }: Found): string[] {
  const faults: string[] = [];
  const same = (what: string, ours: unknown, wanted: unknown): void => {
    const isSame = ours === wanted || (isNumber(ours) && isNumber(wanted) && +ours === +wanted);
    if (!isSame) faults.push(`${what}: ${JSON.stringify(ours)}, not ${JSON.stringify(wanted)}`);
  };
  if (history === undefined) return ["not in the history"];
  same("side", history.side, sent.side);
  same("qty", history.qty, sent.qty);
  if (sent.price !== undefined) same("price", history.price, sent.price);
  same("orderStatus", history.orderStatus, sent.becomes);
  same("cumExecQty", history.cumExecQty, sent.becomes === "Filled" ? sent.qty : "0");
  for (const name of FOLLOWED) same(`${name} on the stream`, told?.[name], history[name]);
  const filled = executions.reduce((sum, one) => sum + Number(one.execQty), 0);
  same("executions", filled.toFixed(8), Number(history.cumExecQty).toFixed(8));
  for (const one of executions) same("execution's side", one.side, sent.side);
  if (sent.becomes === "Filled") {
    const prices = executions.map(({ execPrice }) => Number(execPrice));
    const [low, high] = [Math.min(...prices), Math.max(...prices)];
    const average = isNumber(history.avgPrice) ? Number(history.avgPrice) : Number.NaN;
    // It is rounded to its last place.
    const isBetween = average >= low * (1 - 1e-6) && average <= high * (1 + 1e-6);
    if (!isBetween) faults.push(`avgPrice: ${history.avgPrice} is not in ${low} to ${high}`);
  }
  return faults;
}

const isNumber = (value: unknown): value is string =>
  typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value);
