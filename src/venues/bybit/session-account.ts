/**
 * Session account: what must be true of the account before a run, and what it looks like.
 *
 * What must stay true: a run does not begin on an account that would understand its orders
 * otherwise (a read-only key, another position mode, another leverage); and nothing of the account
 * is changed that was not asked for.
 */
import {
  compareDecimal,
  type Decimal,
  formatDecimal,
  parseDecimal,
  rescale,
} from "../../core/domain/decimal.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Timers } from "../../data/network/timers.ts";
import { pause } from "../../data/recorder/backoff.ts";
import { type ContractKind, settleCoin } from "../../core/domain/instrument.ts";
import type { FeeRates } from "../../core/execution/instrument-state.ts";
import type { AccountIdentity, AccountSummary, VenueCode, VenueFault } from "../venue.ts";
import type { OrderQuestions } from "./order-questions.ts";
import { type BybitRest, faultOf } from "./rest-client.ts";
import {
  type CoinState,
  dcpProduct,
  type FeeRateText,
  type Grid,
  type KeyInfo,
  mayTrade,
  parseAccountInfo,
  parseDcpInfo,
  parseFeeRate,
  parseInstrumentRules,
  parseKeyInfo,
  parsePositionPage,
  parseWalletBalance,
  type PositionIndex,
  type PositionState,
  type WalletState,
  type WireFault,
} from "./wire.ts";
import { floorLots } from "./wire-value.ts";

export interface AccountNeeds {
  readonly positionIndex: PositionIndex;
  /** Undefined: as it is. */
  readonly leverage: string | undefined;
  /** Whether it may be set where it is another. */
  readonly setsLeverage: boolean;
  /** Seconds; undefined: without disconnect protection. */
  readonly protectionSeconds: number | undefined;
  /** Demo accounts are not told of their key, their kind and their fees. */
  readonly isDemo: boolean;
  /** Given when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  readonly timers: Timers;
  /** Of what the venue tells of the key, where it does. */
  readonly identify: (key: KeyInfo | undefined) => AccountIdentity;
  /** See `OpenTerms`. */
  readonly whyNot: ((identity: AccountIdentity) => string | undefined) | undefined;
  /**
   * Given where a run is gone on with: it is told what stands in the way of new orders, and that
   * does not refuse, because what rests has to be looked after; nor is anything set then.
   */
  readonly hindered: ((fault: VenueFault) => void) | undefined;
}

export interface Asking {
  readonly rest: BybitRest;
  readonly grid: Grid;
}

export interface CheckedAccount {
  readonly identity: AccountIdentity;
  readonly fees: FeeRates;
  /** The venue did not tell them: they are those of a new account. */
  readonly areFeesAssumed: boolean;
}

/** All that is checked before the streams are opened, and the fees. */
export async function checkAccount(
  asking: Asking,
  needs: AccountNeeds,
): Promise<Result<CheckedAccount, VenueFault>> {
  const { kind, symbol } = asking.grid.instrument;
  const right = await checkKey(asking, needs);
  if (!right.ok) return right;
  const rules = await ask(
    asking,
    "/v5/market/instruments-info",
    { category: kind, symbol },
    (result) => parseInstrumentRules(result, kind, symbol),
  );
  const status = rules.ok ? rules.value.status : undefined;
  const trading =
    rules.ok && status !== "Trading"
      ? refuse("VENUE_SYMBOL", `${symbol} does not trade now: it is ${status}`)
      : rules;
  const trades = unless(needs, trading);
  if (!trades.ok) return trades;
  const position = unless(
    needs,
    kind === "spot" ? ok(undefined) : await checkPosition(asking, needs),
  );
  if (!position.ok) return position;
  const protection = unless(needs, await protect(asking, needs));
  if (!protection.ok) return protection;
  const asked = await ask(asking, "/v5/account/fee-rate", { category: kind, symbol }, (result) =>
    parseFeeRate(result, symbol),
  );
  const fees = unless(needs, unlessDemo(asked, needs.isDemo));
  if (!fees.ok) return fees;
  const { maker, taker } = fees.value ?? NEW_ACCOUNT[kind];
  const rates = { maker: Number(maker), taker: Number(taker) };
  const identity = right.value;
  return ok({ identity, fees: rates, areFeesAssumed: fees.value === undefined });
}

/** Undefined where something stands in the way of new orders, and does not refuse. */
function unless<Value>(
  { hindered }: AccountNeeds,
  checked: Result<Value, VenueFault>,
): Result<Value | undefined, VenueFault> {
  if (checked.ok || hindered === undefined) return checked;
  hindered(checked.error);
  return ok(undefined);
}

/** What an account without any history pays. */
const NEW_ACCOUNT: Readonly<Record<ContractKind, FeeRateText>> = {
  linear: { maker: "0.0002", taker: "0.00055" },
  inverse: { maker: "0.0002", taker: "0.00055" },
  spot: { maker: "0.001", taker: "0.001" },
};

const CLASSIC = "the account is a classic one: upgrade it to a unified account";

async function checkKey(
  asking: Asking,
  needs: AccountNeeds,
): Promise<Result<AccountIdentity, VenueFault>> {
  const { isDemo, identify, whyNot } = needs;
  const { kind } = asking.grid.instrument;
  const key = unlessDemo(await ask(asking, "/v5/user/query-api", {}, parseKeyInfo), isDemo);
  if (!key.ok) return key;
  const identity = identify(key.value);
  const wrong = whyNot?.(identity);
  if (wrong !== undefined) return refuse("VENUE_ACCOUNT", wrong);
  if (key.value !== undefined && !mayTrade(key.value, kind)) {
    const why = key.value.isReadOnly ? "it is read-only" : `it may not trade ${kind}`;
    return refuse("VENUE_CREDENTIALS", `the API key is not enough: ${why}; make one that may`);
  }
  const info = unlessDemo(await ask(asking, "/v5/account/info", {}, parseAccountInfo), isDemo);
  const isClassic = info.ok && info.value !== undefined && info.value.unifiedStatus < 3;
  const unified = unless(needs, isClassic ? refuse("VENUE_ACCOUNT", CLASSIC) : info);
  return unified.ok ? ok(identity) : unified;
}

/** Undefined where a demo account is refused a question that others are answered. */
const unlessDemo = <Value>(
  asked: Result<Value, VenueFault>,
  isDemo: boolean,
): Result<Value | undefined, VenueFault> =>
  isDemo && !asked.ok && asked.error.code === "VENUE_REFUSED" ? ok(undefined) : asked;

async function checkPosition(
  asking: Asking,
  needs: AccountNeeds,
): Promise<Result<void, VenueFault>> {
  const { symbol } = asking.grid.instrument;
  const rows = await positionsOf(asking, needs.positionIndex);
  if (!rows.ok) return rows;
  const own = rows.value.find(({ positionIndex }) => positionIndex === needs.positionIndex);
  if (own === undefined) {
    const isHedge = needs.positionIndex === 0;
    return refuse(
      "VENUE_ACCOUNT",
      `${symbol} is in ${isHedge ? "hedge" : "one-way"} mode and the run is for ` +
        `${isHedge ? "one-way" : "hedge"} mode: switch the mode, or name the other to the run`,
    );
  }
  if (own.status === "Liq" || own.status === "Adl") {
    return refuse("VENUE_ACCOUNT", `the position in ${symbol} is being closed by the venue`);
  }
  if (own.isReduceOnly) {
    return refuse("VENUE_ACCOUNT", `the venue lets ${symbol} only be reduced on this account`);
  }
  const { leverage } = needs;
  if (leverage === undefined || isEqual(own.leverage, leverage)) return ok(undefined);
  if (!needs.setsLeverage || needs.hindered !== undefined) {
    return refuse(
      "VENUE_ACCOUNT",
      `the leverage of ${symbol} is ${own.leverage || "unknown"} and the run wants ${leverage}: ` +
        "set it at the venue, or let the run set it when it begins",
    );
  }
  return setLeverage(asking, leverage);
}

async function setLeverage(
  { rest, grid }: Asking,
  leverage: string,
): Promise<Result<void, VenueFault>> {
  const { kind, symbol } = grid.instrument;
  const body = { category: kind, symbol, buyLeverage: leverage, sellLeverage: leverage };
  const outcome = await rest.post({ path: "/v5/position/set-leverage", body, isIdempotent: true });
  if (outcome.kind === "answered") return ok(undefined);
  if (outcome.kind === "refused" && outcome.meaning === "unchanged") return ok(undefined);
  return err(faultOf(outcome));
}

const PROTECTION_LOOKS = 12;
const PROTECTION_LOOK_MS = 1000;

/** Disconnect protection: the venue withdraws ALL orders of the product when we are gone. */
async function protect(
  asking: Asking,
  { protectionSeconds: seconds, timers, signal }: AccountNeeds,
): Promise<Result<void, VenueFault>> {
  if (seconds === undefined) return ok(undefined);
  const product = dcpProduct(asking.grid.instrument.kind);
  const body = { product, timeWindow: seconds };
  const path = "/v5/order/disconnected-cancel-all";
  const outcome = await asking.rest.post({ path, body, isIdempotent: true });
  if (outcome.kind !== "answered") {
    const { code, text } = faultOf(outcome);
    const what = "disconnect protection could not be switched on";
    return refuse(code, `${what} (${text}): ask the venue for it, or run without it`);
  }
  // The venue needs a while until what it has taken holds.
  for (let look = 0; look < PROTECTION_LOOKS; look++) {
    if (look > 0) await pause(timers, PROTECTION_LOOK_MS, signal);
    const states = await ask(asking, "/v5/account/query-dcp-info", {}, parseDcpInfo);
    if (!states.ok) return states;
    const state = states.value.find((each) => each.product === product);
    if (state?.isOn === true && state.windowSeconds === seconds) return ok(undefined);
  }
  const text = `disconnect protection of ${product} is not on at ${seconds} s, as it was asked for`;
  return refuse("VENUE_ACCOUNT", `${text}: ask the venue for it, or run without it`);
}

/** What the account looks like now. `isOurs`: whether an order is of this run. */
export async function summarise(
  asking: Asking,
  positionIndex: PositionIndex,
  questions: OrderQuestions,
  isOurs: (clientOrderId: string) => boolean,
): Promise<Result<AccountSummary, VenueFault>> {
  const { instrument } = asking.grid;
  const isSpot = instrument.kind === "spot";
  const wallet = await ask(
    asking,
    "/v5/account/wallet-balance",
    { accountType: "UNIFIED" },
    parseWalletBalance,
  );
  if (!wallet.ok) return wallet;
  const positions = isSpot ? ok([]) : await positionsOf(asking, positionIndex);
  if (!positions.ok) return positions;
  const open = await questions.openOrders();
  if (open === undefined) {
    return refuse("VENUE_UNREACHABLE", "the open orders could not be asked for");
  }
  const ids = [...open.orders.map(({ clientOrderId }) => clientOrderId), ...open.unreadIds];
  const own = positions.value.find((each) => each.positionIndex === positionIndex);
  const coin = settleCoin(instrument);
  const held = wallet.value.coins.find((each) => each.coin === coin);
  return ok({
    coin,
    equity: held?.equity ?? "0",
    available: availableOf(wallet.value, coin, isSpot),
    positionLots: isSpot ? baseLots(asking.grid, wallet.value) : (own?.lots ?? 0),
    leverage: isSpot ? "1" : (own?.leverage ?? ""),
    liquidationPrice: own?.liquidationPrice,
    positionMode: positions.value.some((each) => each.positionIndex !== 0) ? "hedge" : "one-way",
    positionSide: SIDES[positionIndex],
    foreignOrders: ids.filter((id) => !isOurs(id)).length,
  });
}

/** By position index. */
const SIDES = [undefined, "long", "short"] as const;

/** Coins that the unified account's dollars stand for. */
const DOLLARS = new Set(["USDT", "USDC", "USD"]);

/**
 * Of dollars what all coins together are good for. Of another coin, and in isolated margin mode,
 * where no such sum is told, what neither a loss, nor an order, nor a position holds of it.
 */
function availableOf({ coins, available }: WalletState, coin: string, isSpot: boolean): string {
  if (!isSpot && DOLLARS.has(coin) && available !== undefined) return available;
  return formatDecimal(freeOf(coins.find((each) => each.coin === coin)));
}

const NOTHING: Decimal = { mantissa: 0n, scale: 0 };

function freeOf(held: CoinState | undefined): Decimal {
  if (held === undefined) return NOTHING;
  const { wallet, equity, locked, positionMargin, orderMargin } = held;
  // What is not yet won does not pay for orders; what is not yet lost is gone.
  const [worth, wealth] = [amount(wallet), amount(equity)];
  let free = compareDecimal(wealth, worth) < 0 ? wealth : worth;
  for (const part of [locked, positionMargin, orderMargin]) free = subtract(free, amount(part));
  return compareDecimal(free, NOTHING) < 0 ? NOTHING : free;
}

function amount(text: string | undefined): Decimal {
  const parsed = parseDecimal(text ?? "0");
  return parsed.ok ? parsed.value : NOTHING;
}

function subtract(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { mantissa: rescale(a, scale) - rescale(b, scale), scale };
}

/** What can be sold. */
function baseLots(grid: Grid, { coins }: WalletState): number {
  const free = freeOf(coins.find(({ coin }) => coin === grid.instrument.base));
  return floorLots(grid.instrument, free);
}

/** What cannot be read is a fault where it may be the position that is asked for. */
async function positionsOf(
  asking: Asking,
  wanted: PositionIndex,
): Promise<Result<readonly PositionState[], VenueFault>> {
  const { kind, symbol } = asking.grid.instrument;
  const page = await ask(asking, "/v5/position/list", { category: kind, symbol }, (result) =>
    parsePositionPage(result, asking.grid),
  );
  if (!page.ok) return page;
  const fault = page.value.faults[0];
  const isThere = page.value.rows.some(({ positionIndex }) => positionIndex === wanted);
  return fault === undefined || isThere ? ok(page.value.rows) : err(fault);
}

async function ask<Value>(
  { rest }: Asking,
  path: string,
  query: Readonly<Record<string, string>>,
  parse: (result: unknown) => Result<Value, WireFault>,
): Promise<Result<Value, VenueFault>> {
  const outcome = await rest.get({ path, query });
  return outcome.kind === "answered" ? parse(outcome.answer.result) : err(faultOf(outcome));
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  return left.ok && right.ok && compareDecimal(left.value, right.value) === 0;
}

const refuse = (code: VenueCode, text: string): Result<never, VenueFault> => err({ code, text });
