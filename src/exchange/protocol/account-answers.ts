/**
 * Account answers: REST's signed questions and settings that are no orders.
 *
 * What must stay true: nothing here tells one account of another.
 */
import type { Result } from "../../core/domain/errors.ts";
import type { Category, ExchangeCore, ExchangeFault } from "../exchange-types.ts";
import type { MarketDirectory } from "../market-view.ts";
import { positionAnswer, type RiskLimitOf, walletMessage } from "./account-message.ts";
import {
  cursorOf,
  parseExecutions,
  parseLeverage,
  parseOrderHistory,
  parsePositionMode,
  parsePositions,
  parseProtection,
  parseRealtime,
} from "./account-requests.ts";
import { type Answer, done, page, refused } from "./answer.ts";
import { executionAnswer } from "./execution-message.ts";
import { parameterFault, unsupported } from "./faults.ts";
import { categoryOf, type Fields, parsed, refuse, text } from "./fields.ts";
import { isOpen, orderAnswer } from "./order-message.ts";

/** What a key may do. `read`: everything but changing something. */
export type Permission = "read" | "trade";

export interface AccountIdentity {
  readonly uid: string;
  readonly apiKey: string;
  readonly permission: Permission;
}

interface Context {
  readonly core: ExchangeCore;
  readonly directory: MarketDirectory;
  readonly account: number;
  readonly identity: AccountIdentity;
  readonly riskLimitOf: RiskLimitOf;
  /** Since when the account has been there, in milliseconds. */
  readonly openedAtMs: number;
  /** Of this account. */
  readonly protection: { windowSeconds: number };
}

type Reply = (context: Context, fields: Fields) => Answer;

const unwrap = <Value>(
  result: Result<Value, ExchangeFault>,
  reply: (value: Value) => Answer,
): Answer => (result.ok ? reply(result.value) : refused(result.error));

const realtime: Reply = ({ core, account }, fields) =>
  unwrap(parseRealtime(fields), ({ query, isOpenOnly, hasId, isNone, limit, before }) => {
    if (isNone) return page([], "", query.category);
    const found = core.openOrders(account, query, isOpenOnly);
    const all = isOpenOnly || hasId ? found : found.filter((order) => !isOpen(order));
    // By number, not by place: what ends between two pages moves all that follow it.
    const left = before === undefined ? all : all.filter(({ number }) => number < before);
    const list = left.slice(0, limit);
    const next = list.length < left.length ? list.at(-1)?.number : undefined;
    return page(list.map(orderAnswer), cursorOf(next), query.category);
  });

const orderHistory: Reply = ({ core, account }, fields) =>
  unwrap(parseOrderHistory(fields), ({ query, isNone }) => {
    if (isNone) return page([], "", query.category);
    const { list, next } = core.orderHistory(account, query);
    return page(list.map(orderAnswer), cursorOf(next), query.category);
  });

const executions: Reply = ({ core, account }, fields) =>
  unwrap(parseExecutions(fields), (query) => {
    const { list, next } = core.executions(account, query);
    const texts = list.map((one) => JSON.stringify(executionAnswer(one)));
    return page(texts, cursorOf(next), query.category);
  });

const positions: Reply = ({ core, account, riskLimitOf }, fields) =>
  unwrap(parsePositions(fields), (query) =>
    done({
      list: core.positions(account, query).map((one) => positionAnswer(one, riskLimitOf)),
      nextPageCursor: "",
      category: query.category,
    }),
  );

const setLeverage: Reply = ({ core, account }, fields) =>
  unwrap(parseLeverage(fields), ({ category, symbol, buy, sell }) =>
    unwrap(core.setLeverage(account, category, symbol, buy, sell), () => done()),
  );

const switchMode: Reply = ({ core, account }, fields) =>
  unwrap(parsePositionMode(fields), ({ category, symbol, coin, isHedge }) =>
    unwrap(core.setPositionMode(account, category, symbol, isHedge, coin), () => done()),
  );

/** Bybit's, for accounts that have disconnect protection; here all have it, of contracts. */
export const PROTECTION_SECONDS = 10;

const setProtection: Reply = ({ core, account, protection }, fields) =>
  unwrap(parseProtection(fields), ({ product, windowSeconds }) => {
    if (product !== "DERIVATIVES") {
      return refused(unsupported(`disconnect protection of ${product}`));
    }
    protection.windowSeconds = windowSeconds;
    core.setDisconnectProtection(account, windowSeconds);
    return done({}, "success");
  });

const protectionInfo: Reply = ({ protection }) => {
  const timeWindow = String(protection.windowSeconds);
  return done({ dcpInfos: [{ product: "DERIVATIVES", dcpStatus: "ON", timeWindow }] }, "success");
};

const wallet: Reply = ({ core, account }, fields) =>
  unwrap(
    parsed(() => {
      const type = text(fields, "accountType");
      if (type !== "UNIFIED") refuse("accountType only support UNIFIED.");
      return text(fields, "coin")?.split(",");
    }),
    (coins) =>
      done({
        list: [walletMessage(core.wallet(account), (coin) => coins?.includes(coin) ?? true)],
      }),
  );

/** 6 is a unified account of the newest kind. What Bybit has moved elsewhere is off, as there. */
const accountInfo: Reply = ({ openedAtMs }) =>
  done({
    marginMode: "REGULAR_MARGIN",
    updatedTime: String(openedAtMs),
    unifiedMarginStatus: 6,
    dcpStatus: "OFF",
    timeWindow: 0,
    smpGroup: 0,
    isMasterTrader: false,
    spotHedgingStatus: "OFF",
  });

const feeRate: Reply = ({ core, directory }, fields) =>
  unwrap(
    parsed(() => ({
      // Bybit's own default, where no category is named.
      category: fields["category"] === undefined ? ("linear" as Category) : categoryOf(fields),
      symbol: text(fields, "symbol"),
      baseCoin: text(fields, "baseCoin"),
    })),
    ({ category, symbol, baseCoin }) => {
      const markets = directory.markets
        .map((market) => market.instrument)
        .filter(
          (one) =>
            one.kind === category &&
            (symbol === undefined || one.symbol === symbol) &&
            (baseCoin === undefined || one.base === baseCoin),
        );
      if (symbol !== undefined && markets.length === 0) {
        return refused(parameterFault("symbol invalid"));
      }
      const list = markets.map((one) => {
        const { maker, taker } = core.feeRates(category, one.symbol);
        return { symbol: one.symbol, takerFeeRate: taker, makerFeeRate: maker };
      });
      return done({ list });
    },
  );

/** Bybit lets a key without a bound address live for 90 days; here it ends with the exchange. */
const KEY_DAYS = 90;
const DAY_MS = 86_400_000;
const wireDate = (atMs: number): string => new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z");

const apiKey: Reply = ({ identity, openedAtMs }) => {
  const may = (...what: string[]): string[] => (identity.permission === "trade" ? what : []);
  return done({
    id: identity.uid,
    note: "local exchange",
    apiKey: identity.apiKey,
    readOnly: identity.permission === "trade" ? 0 : 1,
    secret: "",
    permissions: {
      ContractTrade: may("Order", "Position"),
      Spot: may("SpotTrade"),
      Wallet: [],
      Options: [],
      Derivatives: may("DerivativesTrade"),
      CopyTrading: [],
      BlockTrade: [],
      Exchange: [],
      NFT: [],
      Affiliate: [],
      Earn: [],
    },
    ips: ["127.0.0.1"],
    type: 1,
    deadlineDay: KEY_DAYS,
    expiredAt: wireDate(openedAtMs + KEY_DAYS * DAY_MS),
    createdAt: wireDate(openedAtMs),
    unified: 0,
    uta: 1,
    userID: Number(identity.uid),
    inviterID: 0,
    vipLevel: "No VIP",
    mktMakerLevel: "0",
    affiliateID: 0,
    rsaPublicKey: "",
    isMaster: true,
    parentUid: "0",
    kycLevel: "LEVEL_DEFAULT",
    kycRegion: "",
  });
};

/** Coins can neither come nor go here: they have no chains. */
const coins: Reply = ({ directory }, fields) => {
  const wanted = fields["coin"];
  const known = new Set<string>();
  for (const { instrument } of directory.markets) known.add(instrument.base).add(instrument.quote);
  const rows = [...known]
    .filter((coin) => wanted === undefined || coin === wanted)
    .map((coin) => ({ name: coin, coin, remainAmount: "0", chains: [] }));
  return done({ rows }, "success");
};

const QUESTIONS: Readonly<Record<string, Reply>> = {
  "/v5/order/realtime": realtime,
  "/v5/order/history": orderHistory,
  "/v5/execution/list": executions,
  "/v5/position/list": positions,
  "/v5/account/wallet-balance": wallet,
  "/v5/account/info": accountInfo,
  "/v5/account/fee-rate": feeRate,
  "/v5/account/query-dcp-info": protectionInfo,
  "/v5/account/smp-group": () => done({ smpGroup: 0 }, "success"),
  "/v5/user/query-api": apiKey,
  "/v5/asset/coin/query-info": coins,
};
const SETTINGS: Readonly<Record<string, Reply>> = {
  "/v5/position/set-leverage": setLeverage,
  "/v5/position/switch-mode": switchMode,
  "/v5/order/disconnected-cancel-all": setProtection,
};

/** `get` asks, `post` changes; undefined: there is no such path. */
export function replyTo(method: "GET" | "POST", path: string): Reply | undefined {
  const replies = method === "GET" ? QUESTIONS : SETTINGS;
  return Object.hasOwn(replies, path) ? replies[path] : undefined;
}

export type { Context as AccountContext };
