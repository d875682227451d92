/**
 * Wire account: positions, wallet, fees, modes and rights, as Bybit tells of them.
 *
 * Money stays the decimal text that was sent; only position sizes go onto the grid. What must stay
 * true: what Bybit leaves empty (a margin figure of an isolated account, a liquidation price that
 * does not exist) is undefined here, never zero.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { parseDecimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { type Micros, micros } from "../../core/domain/units.ts";
import { parseInstrumentsInfo } from "../../data/bybit-instruments.ts";
import { readPositionIndex } from "./wire-orders.ts";
import type { PositionIndex } from "./wire-requests.ts";
import {
  Fields,
  floorLots,
  type Grid,
  isRecord,
  type Page,
  readPage,
  readRows,
  type Rows,
  type WireFault,
  wireFault,
} from "./wire-value.ts";

export interface PositionState {
  readonly positionIndex: PositionIndex;
  /** Signed: negative = short; 0 = none. */
  readonly lots: number;
  readonly leverage: string;
  readonly entryPrice: string | undefined;
  readonly markPrice: string | undefined;
  /** Undefined where nothing would close it by force. */
  readonly liquidationPrice: string | undefined;
  readonly unrealised: string | undefined;
  /** "Normal", "Liq" (being liquidated) or "Adl". */
  readonly status: string;
  readonly isReduceOnly: boolean;
  /** 0 where there has never been one. */
  readonly updatedAt: Micros;
  readonly sequence: number | undefined;
}

/** `data` of a message on the topic `position`. */
export function parsePositions(data: unknown, grid: Grid): Result<Rows<PositionState>, WireFault> {
  const fields = new Fields({ data }, "position stream");
  const list = fields.list("data");
  if (fields.fault !== undefined) return err(fields.fault);
  return ok(readRows(list, grid, "", "position stream", (row) => readPosition(row, grid)));
}

/** `result` of /v5/position/list. One row in one-way mode, two in hedge mode. */
export const parsePositionPage = (
  result: unknown,
  grid: Grid,
): Result<Page<PositionState>, WireFault> =>
  readPage(result, grid, "position list", (row) => readPosition(row, grid));

function readPosition(fields: Fields, grid: Grid): PositionState {
  // After a change of the lot it need not be whole: what is beyond can be traded by no one.
  const held = parseDecimal(fields.decimal("size"));
  const size = held.ok ? floorLots(grid.instrument, held.value) : 0;
  if (size < 0) fields.refuse("size is negative: the side says which way");
  if (size === Number.MAX_SAFE_INTEGER) fields.refuse("size is more than can be counted");
  const isShort = size > 0 && fields.side("side") === "sell";
  // The stream calls the entry price otherwise than the list does.
  const entry = fields.decimalOrNone("avgPrice") ?? fields.decimalOrNone("entryPrice");
  return {
    positionIndex: readPositionIndex(fields),
    lots: isShort ? -size : size,
    leverage: fields.decimalOrNone("leverage") ?? "",
    entryPrice: size === 0 ? undefined : entry,
    markPrice: fields.decimalOrNone("markPrice"),
    liquidationPrice: positive(fields.decimalOrNone("liqPrice")),
    unrealised: fields.decimalOrNone("unrealisedPnl"),
    status: fields.textOrNone("positionStatus"),
    isReduceOnly: fields.flagOrNone("isReduceOnly"),
    updatedAt: fields.timeOrNone("updatedTime"),
    sequence: fields.integerOrNone("seq"),
  };
}

const positive = (text: string | undefined): string | undefined =>
  text === undefined || !/[1-9]/.test(text) ? undefined : text;

export interface CoinState {
  readonly coin: string;
  readonly equity: string;
  readonly wallet: string;
  /** By resting spot orders. */
  readonly locked: string | undefined;
  /** Initial margin of positions and of resting orders that this coin stands for. */
  readonly positionMargin: string | undefined;
  readonly orderMargin: string | undefined;
  readonly borrowed: string | undefined;
  readonly unrealised: string | undefined;
}

/** In US dollars but for the coins. */
export interface WalletState {
  readonly coins: readonly CoinState[];
  readonly equity: string | undefined;
  /** Undefined in isolated margin mode, where each position has its own. */
  readonly available: string | undefined;
  readonly initialMargin: string | undefined;
  readonly maintenanceMargin: string | undefined;
}

/** `data` of the topic `wallet`, or `list` of /v5/account/wallet-balance: the unified account. */
export function parseWallet(list: unknown): Result<WalletState, WireFault> {
  const where = "wallet";
  const unified = Array.isArray(list)
    ? list.find((entry) => isRecord(entry) && entry["accountType"] === "UNIFIED")
    : undefined;
  if (unified === undefined) return err(wireFault(`${where}: tells of no UNIFIED account`));
  const fields = new Fields(unified, where);
  const coins: CoinState[] = [];
  for (const entry of fields.list("coin")) {
    const coin = new Fields(entry, "wallet coin");
    const read = coin.done({
      coin: coin.text("coin"),
      equity: coin.decimal("equity"),
      wallet: coin.decimal("walletBalance"),
      locked: coin.decimalOrNone("locked"),
      positionMargin: coin.decimalOrNone("totalPositionIM"),
      orderMargin: coin.decimalOrNone("totalOrderIM"),
      borrowed: coin.decimalOrNone("borrowAmount"),
      unrealised: coin.decimalOrNone("unrealisedPnl"),
    });
    if (!read.ok) return read;
    coins.push(read.value);
  }
  return fields.done({
    coins,
    equity: fields.decimalOrNone("totalEquity"),
    available: fields.decimalOrNone("totalAvailableBalance"),
    initialMargin: fields.decimalOrNone("totalInitialMargin"),
    maintenanceMargin: fields.decimalOrNone("totalMaintenanceMargin"),
  });
}

/** `result` of /v5/account/wallet-balance. */
export const parseWalletBalance = (result: unknown): Result<WalletState, WireFault> =>
  parseWallet(isRecord(result) ? result["list"] : undefined);

export interface AccountInfo {
  /** "REGULAR_MARGIN" (cross), "ISOLATED_MARGIN" or "PORTFOLIO_MARGIN". */
  readonly marginMode: string;
  /** 1: classic. 3 to 6: the generations of the unified account. */
  readonly unifiedStatus: number;
  /** 0: in no group, so that only orders of this very account are kept apart. */
  readonly selfMatchGroup: number;
}

/** `result` of /v5/account/info. */
export function parseAccountInfo(result: unknown): Result<AccountInfo, WireFault> {
  const fields = new Fields(result, "account info");
  return fields.done({
    marginMode: fields.text("marginMode"),
    unifiedStatus: fields.integer("unifiedMarginStatus"),
    selfMatchGroup: fields.integerOrNone("smpGroup") ?? 0,
  });
}

/** Decimal text: negative = a rebate. */
export interface FeeRateText {
  readonly maker: string;
  readonly taker: string;
}

/** `result` of /v5/account/fee-rate for one symbol. */
export function parseFeeRate(result: unknown, symbol: string): Result<FeeRateText, WireFault> {
  const fields = new Fields(result, "fee rate");
  for (const entry of fields.list("list")) {
    if (!isRecord(entry) || entry["symbol"] !== symbol) continue;
    const rate = new Fields(entry, "fee rate");
    return rate.done({ maker: rate.decimal("makerFeeRate"), taker: rate.decimal("takerFeeRate") });
  }
  return err(fields.fault ?? wireFault(`fee rate: tells of no ${symbol}`));
}

export interface KeyInfo {
  readonly isReadOnly: boolean;
  /** By area, such as ContractTrade: [Order, Position]. */
  readonly permissions: ReadonlyMap<string, readonly string[]>;
  /** Addresses that the key is bound to; empty: it works from everywhere. */
  readonly addresses: readonly string[];
  /** Days until it expires; undefined where it does not. */
  readonly daysLeft: number | undefined;
  readonly isUnified: boolean;
  /** The account's number, and when the key was made; undefined where it is not told. */
  readonly uid: string | undefined;
  readonly createdAt: string | undefined;
}

const MOST_AREAS = 100;

/** `result` of /v5/user/query-api. The key itself is left out. */
export function parseKeyInfo(result: unknown): Result<KeyInfo, WireFault> {
  const fields = new Fields(result, "key info");
  const areas = fields.raw("permissions");
  if (!isRecord(areas)) fields.refuse("permissions is no object");
  const permissions = new Map<string, readonly string[]>();
  for (const [name, rights] of Object.entries(isRecord(areas) ? areas : {}).slice(0, MOST_AREAS)) {
    // What is no list gives no right.
    if (Array.isArray(rights)) permissions.set(name.slice(0, 60), texts(rights));
  }
  const addresses = texts(fields.list("ips"));
  const isBound = addresses.length > 0 && !addresses.includes("*");
  const daysLeft = fields.integerOrNone("deadlineDay");
  const uid = fields.raw("userID");
  const createdAt = fields.raw("createdAt");
  const info: KeyInfo = {
    isReadOnly: fields.integer("readOnly") !== 0,
    permissions,
    addresses: isBound ? addresses : [],
    // A bound key does not expire: Bybit then tells a day in the past.
    daysLeft: isBound || daysLeft === undefined || daysLeft < 0 ? undefined : daysLeft,
    isUnified: (fields.integerOrNone("uta") ?? 0) === 1,
    uid: /^[1-9]\d{0,19}$/.test(String(uid)) ? String(uid) : undefined,
    createdAt: typeof createdAt === "string" ? createdAt.slice(0, 40) : undefined,
  };
  return fields.done(info);
}

const texts = (list: readonly unknown[]): readonly string[] =>
  list.filter((entry) => typeof entry === "string").map((entry) => entry.slice(0, 60));

/** What a key must be allowed to do to trade a category. */
export function mayTrade(info: KeyInfo, category: string): boolean {
  if (info.isReadOnly) return false;
  const may = (area: string, right: string): boolean =>
    info.permissions.get(area)?.includes(right) ?? false;
  if (category === "spot") return may("Spot", "SpotTrade");
  return may("ContractTrade", "Order") && may("ContractTrade", "Position");
}

export const mayWithdraw = (info: KeyInfo): boolean =>
  info.permissions.get("Wallet")?.includes("Withdraw") ?? false;

/** Disconnect protection of one product: "SPOT", "DERIVATIVES" or "OPTIONS". */
export interface DcpState {
  readonly product: string;
  readonly isOn: boolean;
  readonly windowSeconds: number;
}

/** `result` of /v5/account/query-dcp-info: empty where the account does not have it. */
export function parseDcpInfo(result: unknown): Result<DcpState[], WireFault> {
  const fields = new Fields(result, "disconnect protection");
  const list = fields.raw("dcpInfos") === undefined ? [] : fields.list("dcpInfos");
  if (fields.fault !== undefined) return err(fields.fault);
  const states: DcpState[] = [];
  for (const entry of list) {
    const row = new Fields(entry, "disconnect protection");
    const window = row.raw("timeWindow");
    const windowSeconds = typeof window === "number" ? window : Number(row.decimal("timeWindow"));
    const state = row.done({
      product: row.text("product"),
      isOn: row.text("dcpStatus") === "ON",
      windowSeconds,
    });
    if (!state.ok) return state;
    states.push(state.value);
  }
  return ok(states);
}

export const dcpProduct = (category: string): "SPOT" | "DERIVATIVES" =>
  category === "spot" ? "SPOT" : "DERIVATIVES";

/** `result` of /v5/market/time, to the microsecond. */
export function parseServerTime(result: unknown): Result<Micros, WireFault> {
  const fields = new Fields(result, "server time");
  const nanos = fields.text("timeNano");
  // Microseconds of nineteen digits may be more than can be counted.
  const most = BigInt(Number.MAX_SAFE_INTEGER) * 1000n;
  if (fields.fault === undefined && (!/^\d{16,19}$/.test(nanos) || BigInt(nanos) > most)) {
    fields.refuse("timeNano is no time in nanoseconds");
  }
  return fields.fault === undefined ? ok(micros(Number(BigInt(nanos) / 1000n))) : err(fields.fault);
}

/** What the venue says of an instrument beside its grid. */
export interface InstrumentRules {
  readonly instrument: Instrument;
  /** "Trading", "PreLaunch", "Settling", "Closed" … */
  readonly status: string;
  /** Undefined on spot. */
  readonly maxLeverage: string | undefined;
}

/** `result` of /v5/market/instruments-info asked for one symbol. */
export function parseInstrumentRules(
  result: unknown,
  category: string,
  symbol: string,
): Result<InstrumentRules, WireFault> {
  const fields = new Fields(result, "instrument rules");
  const entry = fields.list("list").find((row) => isRecord(row) && row["symbol"] === symbol);
  if (fields.fault !== undefined) return err(fields.fault);
  if (entry === undefined) return err(wireFault(`instrument rules: tell of no ${symbol}`));
  const parsed = parseInstrumentsInfo({ result: { category, list: [entry] } }, category);
  if (!parsed.ok) return err(wireFault(`instrument rules: ${parsed.error.text}`));
  const row = new Fields(entry, "instrument rules");
  const leverage = row.raw("leverageFilter");
  const limits = isRecord(leverage) ? new Fields(leverage, "leverage rules") : undefined;
  const maxLeverage = limits?.decimalOrNone("maxLeverage");
  if (limits?.fault !== undefined) return err(limits.fault);
  return row.done({ instrument: parsed.value[0]!, status: row.text("status"), maxLeverage });
}
