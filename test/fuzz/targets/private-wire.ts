/**
 * Private wire: what Bybit says to an account, over the streams and when asked.
 *
 * The oracle reads the same JSON by itself, with whole numbers of its own: a row that comes out
 * must say in every field what one entry of the message said, and no entry may vanish.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { decimal } from "../../../src/core/domain/decimal.ts";
import type { ContractKind, Instrument } from "../../../src/core/domain/instrument.ts";
import { lots } from "../../../src/core/domain/units.ts";
import type {
  ExecutionRow,
  Grid,
  OrderState,
  PositionState,
} from "../../../src/venues/bybit/wire.ts";
import { dataPath, expectThat, type OpenTarget, type Target, valueOf } from "../target.ts";
import { PRIVATE_SEEDS } from "./private-seeds.ts";

type Wire = typeof import("../../../src/venues/bybit/wire.ts");
type Json = Readonly<Record<string, unknown>>;

const TICK = "0.10";
const LOT = "0.001";

const instrument = (kind: ContractKind, symbol: string): Instrument => ({
  venue: "bybit",
  symbol,
  kind,
  base: "BTC",
  quote: kind === "inverse" ? "USD" : "USDT",
  tickSize: decimal(TICK),
  lotSize: decimal(LOT),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(1_000_000),
  minNotional: decimal("5"),
});

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const SCALE = 80;

const scaled = (of: string): bigint | undefined => {
  const [, sign, whole, fraction = ""] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(of) ?? [];
  if (whole === undefined || fraction.length > SCALE) return undefined;
  const digits = BigInt(whole + fraction.padEnd(SCALE, "0"));
  return sign === "-" ? -digits : digits;
};

/** Steps in decimal text, counted with whole numbers; undefined where it is none, or between two. */
function stepsOf(text: unknown, step: string): number | undefined {
  const value = typeof text === "string" ? scaled(text) : undefined;
  return value === undefined || value % scaled(step)! !== 0n ? undefined : wholeStepsOf(text, step);
}

/** What is between two is left out; undefined below zero and where no number can count it. */
function wholeStepsOf(text: unknown, step: string): number | undefined {
  const value = typeof text === "string" ? scaled(text) : undefined;
  if (value === undefined || value < 0n) return undefined;
  const count = Number(value / scaled(step)!);
  return Number.isSafeInteger(count) ? count : undefined;
}

const timeOf = (value: unknown): number | undefined => {
  if (value === undefined || value === null || value === "") return 0;
  const millis = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof millis === "number" ? millis * 1_000 : undefined;
};

const textOf = (value: unknown): unknown => value ?? "";
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumberText = (text: string): boolean => /^[+-]?\d+(\.\d+)?$/.test(text);

const STANDING: Readonly<Record<string, string>> = {
  New: "open",
  PartiallyFilled: "open",
  Untriggered: "open",
  Triggered: "open",
  Filled: "filled",
  Cancelled: "canceled",
  PartiallyFilledCanceled: "canceled",
  Deactivated: "canceled",
  Rejected: "rejected",
};

/** What an order says that its entry does not; undefined where they agree. */
function orderDiffers(order: OrderState, entry: Json): string | undefined {
  const status = entry["orderStatus"];
  if (typeof status !== "string" || !Object.hasOwn(STANDING, status)) return "status";
  const isMarket = entry["orderType"] === "Market";
  const isByValue = isMarket && entry["marketUnit"] === "quoteCoin";
  const leaves = entry["leavesQty"];
  const isSilent = leaves === undefined || leaves === null || leaves === "";
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ["orderId", order.orderId, entry["orderId"]],
    ["orderLinkId", order.clientOrderId, textOf(entry["orderLinkId"])],
    ["side", order.side, sideOf(entry["side"])],
    ["status", order.status, status],
    ["standing", order.standing, STANDING[status]],
    ["price", order.limitPrice, isMarket ? undefined : stepsOf(entry["price"], TICK)],
    ["quantity", order.quantity, isByValue ? undefined : stepsOf(entry["qty"], LOT)],
    ["cumulative", order.cumulative, stepsOf(entry["cumExecQty"], LOT)],
    ["leaves", order.leaves, isByValue || isSilent ? undefined : stepsOf(leaves, LOT)],
    ["reduceOnly", order.reduceOnly, entry["reduceOnly"] === true],
    ["positionIdx", order.positionIndex, indexOf(entry["positionIdx"])],
    ["createdTime", order.createdAt, timeOf(entry["createdTime"])],
    ["updatedTime", order.updatedAt, timeOf(entry["updatedTime"])],
  ];
  if (!isCount(order.cumulative)) return "cumulative is no count";
  if (order.limitPrice !== undefined && !(order.limitPrice > 0)) return "price is none";
  return pairs.find(([, is, was]) => is !== was)?.[0];
}

const sideOf = (word: unknown): unknown =>
  word === "Buy" ? "buy" : word === "Sell" ? "sell" : undefined;
const indexOf = (value: unknown): unknown =>
  value === undefined || value === null || value === "" ? 0 : value;

function executionDiffers(row: ExecutionRow, entry: Json): string | undefined {
  const pairs: [string, unknown, unknown][] = [
    ["execId", row.executionId, entry["execId"]],
    ["orderId", row.orderId, textOf(entry["orderId"])],
    ["orderLinkId", row.clientOrderId, textOf(entry["orderLinkId"])],
    ["side", row.side, sideOf(entry["side"])],
    ["time", row.time, timeOf(entry["execTime"])],
  ];
  if (row.executionId === "") return "an execution without an id";
  if (row.kind === "other") {
    if (entry["execType"] === "Trade") return "a trade taken for none";
    if (![row.quantity, row.price, row.fee].every(isNumberText)) return "an amount that is none";
    pairs.push(["execType", row.execType, entry["execType"]]);
    return pairs.find(([, is, was]) => is !== was)?.[0];
  }
  const { fill } = row;
  if (entry["execType"] !== "Trade") return "what is no trade taken for one";
  if (!(fill.price > 0 && fill.quantity > 0)) return "a fill of nothing";
  if (!isNumberText(fill.fee) || fill.feeCoin === "") return "a fee that is none";
  pairs.push(
    ["execPrice", fill.price, stepsOf(entry["execPrice"], TICK)],
    ["execQty", fill.quantity, stepsOf(entry["execQty"], LOT)],
    ["isMaker", fill.liquidity, entry["isMaker"] === true ? "maker" : "taker"],
    ["fill id", fill.executionId, entry["execId"]],
  );
  const extra = entry["extraFees"];
  const hasExtra = extra !== undefined && extra !== null && extra !== "";
  const fee = entry["execFee"];
  const isFree = fee === undefined || fee === null || fee === "";
  if (!hasExtra) pairs.push(["execFee", fill.fee, isFree ? "0" : fee]);
  return pairs.find(([, is, was]) => is !== was)?.[0];
}

function positionDiffers(row: PositionState, entry: Json): string | undefined {
  // What is under a lot can be traded by no one: left out, and nothing else is.
  const size = wholeStepsOf(entry["size"], LOT);
  if (size === undefined || size < 0) return "a size that is none";
  const signed = size === 0 || entry["side"] !== "Sell" ? size : -size;
  if (size !== 0 && sideOf(entry["side"]) === undefined) return "a position without a side";
  if (!Number.isSafeInteger(row.lots)) return "size is no count";
  if (row.lots !== signed) return "size";
  if (row.positionIndex !== indexOf(entry["positionIdx"])) return "positionIdx";
  const texts = [row.entryPrice, row.markPrice, row.liquidationPrice, row.unrealised];
  return texts.every((text) => text === undefined || isNumberText(text)) ? undefined : "amounts";
}

interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly elsewhere: number;
  readonly faults: readonly { readonly code: string; readonly text: string }[];
}

/** Every entry is a row, a fault, or somebody else's; and every row is what its entry says. */
function checkRows<Row>(
  what: string,
  { rows, elsewhere, faults }: Rows<Row>,
  list: unknown,
  differs: (row: Row, entry: Json) => string | undefined,
): void {
  expectThat(Array.isArray(list), () => `${what}: rows of what is no list`);
  const told = rows.length + elsewhere + faults.length;
  expectThat(told === list.length, () => `${what}: ${list.length} entries, ${told} told of`);
  for (const error of faults) valueOf({ ok: false, error });
  let from = 0;
  for (const row of rows) {
    let why = "no entry is left";
    for (;;) {
      const entry: unknown = list[from];
      expectThat(from < list.length, () => `${what}: a row that no entry says: ${why}`);
      from += 1;
      const difference = isObject(entry) ? differs(row, entry) : "it is no object";
      if (difference === undefined) break;
      why = difference;
    }
  }
}

class PrivateWire {
  readonly #wire: Wire;
  readonly #grids: readonly Grid[];

  constructor(wire: Wire) {
    this.#wire = wire;
    const { Grid: WireGrid } = wire;
    this.#grids = [
      new WireGrid(instrument("linear", "BTCUSDT")),
      new WireGrid(instrument("linear", "ETHUSDT")),
      new WireGrid(instrument("spot", "BTCUSDT")),
      new WireGrid(instrument("inverse", "BTCUSD")),
    ];
  }

  frame(text: string): void {
    const frame = valueOf(this.#wire.parsePrivateFrame(text));
    if (frame?.kind === "topic") {
      expectThat(isCount(frame.createdAt), () => `a frame made at ${frame.createdAt}`);
      this.#lists(frame.data);
      const wallet = valueOf(this.#wire.parseWallet(frame.data));
      if (wallet !== undefined) checkWallet(wallet.coins, frame.data);
    }
    const answer = valueOf(this.#wire.parseTradeFrame(text));
    if (answer?.kind !== "answer") return;
    expectThat(Number.isSafeInteger(answer.retCode), () => "a code that is no whole number");
    this.#wire.meaningOf(answer.retCode);
    this.#acknowledged(answer.data, answer.extInfo);
    const { limits } = answer;
    expectThat(limits === undefined || (limits.limit >= 1 && isCount(limits.remaining)), () => {
      return `limits ${JSON.stringify(limits)}`;
    });
  }

  #lists(data: unknown): void {
    const wire = this.#wire;
    for (const grid of this.#grids) {
      const orders = valueOf(wire.parseOrders(data, grid));
      if (orders !== undefined) checkRows("orders", orders, data, orderDiffers);
      const executions = valueOf(wire.parseExecutions(data, grid));
      if (executions !== undefined) checkRows("executions", executions, data, executionDiffers);
      const positions = valueOf(wire.parsePositions(data, grid));
      if (positions !== undefined) checkRows("positions", positions, data, positionDiffers);
    }
  }

  #acknowledged(data: unknown, extInfo: unknown): void {
    const ack = valueOf(this.#wire.parseAck(data));
    if (ack !== undefined && isObject(data)) {
      const isSame = ack.orderId === textOf(data["orderId"]);
      expectThat(isSame, () => `acknowledges ${JSON.stringify(ack.orderId)}`);
    }
    const list = isObject(data) ? data["list"] : undefined;
    const count = Array.isArray(list) ? list.length : 1;
    const batch = valueOf(this.#wire.parseBatchAck(data, extInfo, count));
    if (batch === undefined) return;
    expectThat(batch.length === count, () => `${batch.length} acknowledgements of ${count}`);
    const codes = isObject(extInfo) ? (extInfo["list"] as readonly unknown[]) : [];
    for (const [index, { retCode }] of batch.entries()) {
      const entry = codes[index];
      expectThat(isObject(entry) && entry["code"] === retCode, () => `code ${retCode} of ${index}`);
    }
  }

  answer(text: string): void {
    const wire = this.#wire;
    const json = valueOf(wireJson(text));
    if (!isObject(json)) return;
    const read = valueOf(wire.readAnswer(json, "an answer"));
    if (read === undefined) return;
    expectThat(Number.isSafeInteger(read.retCode), () => "a code that is no whole number");
    const { result } = read;
    const list = result["list"];
    for (const grid of this.#grids) {
      const orders = valueOf(wire.parseOrderPage(result, grid));
      if (orders !== undefined) checkRows("order page", orders, list, orderDiffers);
      const executions = valueOf(wire.parseExecutionPage(result, grid));
      if (executions !== undefined) {
        checkRows("execution page", executions, list, executionDiffers);
      }
      const positions = valueOf(wire.parsePositionPage(result, grid));
      if (positions !== undefined) checkRows("position page", positions, list, positionDiffers);
      const { kind, symbol } = grid.instrument;
      const rules = valueOf(wire.parseInstrumentRules(result, kind, symbol));
      if (rules !== undefined) checkInstrument(rules.instrument, kind, symbol);
    }
    this.#acknowledged(result, read.extInfo);
    this.#account(result);
  }

  #account(result: unknown): void {
    const wire = this.#wire;
    const wallet = valueOf(wire.parseWalletBalance(result));
    if (wallet !== undefined && isObject(result)) checkWallet(wallet.coins, result["list"]);
    valueOf(wire.parseAccountInfo(result));
    const fees = valueOf(wire.parseFeeRate(result, "BTCUSDT"));
    expectThat(fees === undefined || [fees.maker, fees.taker].every(isNumberText), () => "fees");
    const key = valueOf(wire.parseKeyInfo(result));
    if (key !== undefined && wire.mayTrade(key, "linear")) {
      expectThat(!key.isReadOnly, () => "a key that may only read may trade");
    }
    for (const state of valueOf(wire.parseDcpInfo(result)) ?? []) {
      expectThat(Number.isFinite(state.windowSeconds), () => `protects ${state.windowSeconds} s`);
    }
    const time = valueOf(wire.parseServerTime(result));
    expectThat(time === undefined || isCount(time), () => `a server time of ${time}`);
  }
}

function wireJson(text: string) {
  try {
    return { ok: true, value: JSON.parse(text) as unknown } as const;
  } catch {
    return { ok: true, value: undefined } as const;
  }
}

function checkWallet(
  coins: readonly { readonly coin: string; readonly equity: string; readonly wallet: string }[],
  list: unknown,
): void {
  const unified = Array.isArray(list)
    ? (list as unknown[]).find((entry) => isObject(entry) && entry["accountType"] === "UNIFIED")
    : undefined;
  const entries = isObject(unified) ? (unified["coin"] as readonly Json[]) : [];
  expectThat(coins.length === entries.length, () => "coins of a wallet are missing");
  for (const [index, { coin, equity, wallet }] of coins.entries()) {
    const entry = entries[index]!;
    const isSame =
      entry["coin"] === coin && entry["equity"] === equity && entry["walletBalance"] === wallet;
    expectThat(isSame && isNumberText(equity) && isNumberText(wallet), () => `wallet of ${coin}`);
  }
}

function checkInstrument(read: Instrument, kind: string, symbol: string): void {
  const { tickSize, lotSize, minLots, maxLimitLots, maxMarketLots } = read;
  const isSound =
    read.kind === kind &&
    read.symbol === symbol &&
    tickSize.mantissa > 0n &&
    lotSize.mantissa > 0n &&
    [minLots, maxLimitLots, maxMarketLots].every(isCount);
  expectThat(isSound, () => `rules that cannot be: ${String(tickSize.mantissa)}`);
}

const FIXTURES = dataPath("bybit-fixtures");

interface Example {
  readonly json?: Json;
}

/** What an account is told of: the documentation has much else. */
const OURS = /"(?:orderId|execId|positionIdx|coin|reqId|op|permissions|tickSize|timeNano)"/;

/** Documented and recorded messages: those that `wanted` takes. */
function recorded(wanted: (text: string) => boolean): string[] {
  if (!existsSync(FIXTURES)) return [];
  const texts: string[] = [];
  for (const name of readdirSync(`${FIXTURES}/docs`)) {
    const page = JSON.parse(readFileSync(`${FIXTURES}/docs/${name}`, "utf8")) as {
      readonly blocks?: readonly Example[];
    };
    for (const { json } of page.blocks ?? []) {
      if (json !== undefined) texts.push(JSON.stringify(json));
    }
  }
  return texts.filter((text) => OURS.test(text) && wanted(text));
}

const WORDS = [
  "BTCUSDT",
  "ETHUSDT",
  "BTCUSD",
  "linear",
  "spot",
  "inverse",
  "Buy",
  "Sell",
  "Limit",
  "Market",
  "Trade",
  "Funding",
  "BustTrade",
  "quoteCoin",
  "UNIFIED",
  ...Object.keys(STANDING),
  "orderId",
  "orderLinkId",
  "execId",
  "execQty",
  "execPrice",
  "cumExecQty",
  "leavesQty",
  "qty",
  "price",
  "size",
  "side",
  "list",
  "data",
  "extraFees",
  "feeCurrency",
  "positionIdx",
  "symbol",
  "category",
  "topic",
  "order",
  "execution",
  "position",
  "wallet",
];

const isAnswer = (text: string): boolean => text.includes('"result"');
const isShort = (text: string): boolean => text.length < 20_000;

async function open(part: "frame" | "answer"): Promise<OpenTarget> {
  const wire = await import("../../../src/venues/bybit/wire.ts");
  const target = new PrivateWire(wire);
  const wanted = (text: string): boolean => isAnswer(text) === (part === "answer");
  return {
    seeds: [...PRIVATE_SEEDS.filter(wanted), ...recorded(wanted).filter(isShort)],
    missing: existsSync(FIXTURES) ? [] : [FIXTURES],
    run: (text) => target[part](text),
  };
}

const target = (part: "frame" | "answer", share: number, about: string): Target => ({
  name: `private-${part}s`,
  about,
  kind: "json",
  words: WORDS,
  share,
  budgetMs: 250,
  open: () => open(part),
});

export const privateFrames = target(
  "frame",
  0.28,
  "orders, executions, positions and wallet of Bybit's private stream, answers of its trade stream",
);
export const privateAnswers = target(
  "answer",
  0.2,
  "answers to what is asked of an account: pages, wallet, key, fees, rules, acknowledgements",
);
