/**
 * Wire executions: what moved money, told apart from what did not.
 *
 * The execution stream also carries funding, deliveries, liquidations and moved positions. Only a
 * `Trade` moves the order that it names; all else is a notice. What must stay true: a fill's price,
 * quantity and fee are exact, and its id is the venue's own.
 */
import type { Fill } from "../../core/domain/child-order.ts";
import { type Decimal, formatDecimal, parseDecimal, rescale } from "../../core/domain/decimal.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type Instrument, settleCoin } from "../../core/domain/instrument.ts";
import type { Side } from "../../core/domain/side.ts";
import type { Lots, Micros } from "../../core/domain/units.ts";
import {
  Fields,
  type Grid,
  isRecord,
  type Page,
  readPage,
  readRows,
  type Rows,
  type WireFault,
} from "./wire-value.ts";

interface ExecutionIdentity {
  /** The venue's: unique per symbol, and the same on the stream and when asked for. */
  readonly executionId: string;
  readonly orderId: string;
  /** "" where whoever sent the order named none. */
  readonly clientOrderId: string;
  readonly side: Side;
  readonly time: Micros;
}

export type ExecutionRow =
  | (ExecutionIdentity & {
      readonly kind: "trade";
      readonly fill: Fill;
      /** Of the order, after this fill; undefined where the venue does not say. */
      readonly leaves: Lots | undefined;
      /** It made a position smaller; undefined where the venue does not say. */
      readonly isClosing: boolean | undefined;
      /** Orders fills among each other; one number may stand for several. */
      readonly sequence: number | undefined;
    })
  /** Funding, liquidation, delivery …: no order of ours has moved. Amounts as the venue wrote. */
  | (ExecutionIdentity & {
      readonly kind: "other";
      /** Bybit's own word, such as "Funding" or "AdlTrade". */
      readonly execType: string;
      readonly quantity: string;
      readonly price: string;
      readonly fee: string;
    });

/** `data` of a message on the topic `execution`. */
export function parseExecutions(data: unknown, grid: Grid): Result<Rows<ExecutionRow>, WireFault> {
  const fields = new Fields({ data }, "execution stream");
  const list = fields.list("data");
  if (fields.fault !== undefined) return err(fields.fault);
  return ok(readRows(list, grid, "", "execution stream", (row) => readExecution(row, grid)));
}

/** `result` of /v5/execution/list. */
export const parseExecutionPage = (
  result: unknown,
  grid: Grid,
): Result<Page<ExecutionRow>, WireFault> =>
  readPage(result, grid, "execution list", (row) => readExecution(row, grid));

function readExecution(fields: Fields, grid: Grid): ExecutionRow {
  const execType = fields.text("execType");
  const identity: ExecutionIdentity = {
    executionId: fields.text("execId"),
    orderId: fields.textOrNone("orderId"),
    clientOrderId: fields.textOrNone("orderLinkId"),
    side: fields.side("side"),
    time: fields.time("execTime"),
  };
  if (execType !== "Trade") {
    return {
      kind: "other",
      ...identity,
      execType,
      quantity: fields.decimal("execQty"),
      price: fields.decimalOrNone("execPrice") ?? "0",
      fee: fields.decimalOrNone("execFee") ?? "0",
    };
  }
  return {
    kind: "trade",
    ...identity,
    fill: readFill(fields, grid, identity),
    leaves: grid.quantityOrNone(fields, "leavesQty"),
    isClosing: isClosing(fields),
    sequence: fields.integerOrNone("seq"),
  };
}

function isClosing(fields: Fields): boolean | undefined {
  const closed = fields.decimalOrNone("closedSize");
  return closed === undefined ? undefined : /[1-9]/.test(closed);
}

function readFill(
  fields: Fields,
  grid: Grid,
  { executionId, side, time }: ExecutionIdentity,
): Fill {
  const isMaker = fields.flag("isMaker");
  const fee = fields.decimalOrNone("execFee") ?? "0";
  const coin = fields.textOrNone("feeCurrency");
  const feeCoin = coin === "" ? usualFeeCoin(grid.instrument, side, isMaker, fee) : coin;
  const quantity = grid.quantity(fields, "execQty");
  if (quantity === 0) fields.refuse("execQty is 0: no fill");
  return {
    executionId,
    price: grid.price(fields, "execPrice"),
    quantity,
    liquidity: isMaker ? "maker" : "taker",
    fee: withExtraFees(fields, fee, feeCoin),
    feeCoin,
    exchangeTime: time,
  };
}

/** Contracts pay in the settlement coin; on spot one pays in what one gets, a rebate turns it. */
function usualFeeCoin(instrument: Instrument, side: Side, isMaker: boolean, fee: string): string {
  if (instrument.kind !== "spot") return settleCoin(instrument);
  const isRebate = isMaker && fee.startsWith("-");
  return (side === "buy") !== isRebate ? instrument.base : instrument.quote;
}

/** Taxes of some regions come on top, in the stream as a list, and asked for as JSON text. */
function withExtraFees(fields: Fields, fee: string, feeCoin: string): string {
  const raw = fields.raw("extraFees");
  if (raw === undefined || raw === null || raw === "") return fee;
  const list = typeof raw === "string" ? parseList(raw) : raw;
  if (!Array.isArray(list)) {
    fields.refuse("extraFees is no list");
    return fee;
  }
  let sum = amountOf(fee);
  for (const entry of list) {
    const amount =
      isRecord(entry) && typeof entry["fee"] === "string" ? amountOf(entry["fee"]) : undefined;
    if (amount === undefined) {
      fields.refuse("extraFees has an entry without a fee");
      return fee;
    }
    // In another coin it is no part of this sum; the account's statement has it.
    if (isRecord(entry) && entry["feeCoin"] === feeCoin && sum !== undefined) {
      const scale = Math.max(sum.scale, amount.scale);
      sum = { mantissa: rescale(sum, scale) + rescale(amount, scale), scale };
    }
  }
  return sum === undefined ? fee : formatDecimal(sum);
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function amountOf(text: string): Decimal | undefined {
  const parsed = parseDecimal(text);
  return parsed.ok ? parsed.value : undefined;
}
