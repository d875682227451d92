/**
 * Coverage: which of Bybit's messages this exchange has, and why the others not.
 */

const CONTRACTS = ["linear", "inverse"];
const ALL = [...CONTRACTS, "spot"];

/** What is asked for, by path; `symbol` is added where the path needs one. */
export interface Recipe {
  readonly categories: readonly string[];
  /** Beside the category. Undefined: the path has no category. */
  readonly query?: Readonly<Record<string, string>>;
  readonly symbol?: true;
}

const question = (categories: readonly string[], query = {}): Recipe => ({
  categories,
  query,
  symbol: true,
});

export const QUESTIONS: Readonly<Record<string, Recipe>> = {
  "/v5/market/time": { categories: [] },
  "/v5/market/kline": question(ALL, { interval: "1" }),
  "/v5/market/mark-price-kline": question(CONTRACTS, { interval: "1" }),
  "/v5/market/index-price-kline": question(CONTRACTS, { interval: "1" }),
  "/v5/market/premium-index-price-kline": question(["linear"], { interval: "1" }),
  "/v5/market/instruments-info": question(ALL),
  "/v5/market/orderbook": question(ALL),
  "/v5/market/recent-trade": question(ALL),
  "/v5/market/tickers": question(ALL),
  "/v5/market/funding/history": question(CONTRACTS),
  "/v5/market/open-interest": question(CONTRACTS, { intervalTime: "5min" }),
  "/v5/market/price-limit": question(ALL),
  "/v5/market/risk-limit": question(CONTRACTS),
  "/v5/order/realtime": question(ALL),
  "/v5/order/history": question(ALL),
  "/v5/execution/list": question(ALL),
  "/v5/position/list": question(CONTRACTS),
  "/v5/account/wallet-balance": { categories: [], query: { accountType: "UNIFIED" } },
  "/v5/account/info": { categories: [] },
  "/v5/account/fee-rate": question(ALL),
  "/v5/account/query-dcp-info": { categories: [] },
  "/v5/account/smp-group": { categories: [] },
  "/v5/user/query-api": { categories: [] },
  "/v5/asset/coin/query-info": { categories: [], query: { coin: "USDT" } },
};

/** Actions are done by hand in `conformance.ts`. */
export const ACTIONS = new Set([
  "/v5/order/create",
  "/v5/order/amend",
  "/v5/order/cancel",
  "/v5/order/cancel-all",
  "/v5/order/create-batch",
  "/v5/order/amend-batch",
  "/v5/order/cancel-batch",
  "/v5/order/disconnected-cancel-all",
  "/v5/position/set-leverage",
  "/v5/position/switch-mode",
]);

/** Topics by their first word. */
export const TOPICS: Readonly<Record<string, string>> = {
  orderbook: "orderbook.50",
  publicTrade: "publicTrade",
  tickers: "tickers",
  kline: "kline.1",
  priceLimit: "priceLimit",
  allLiquidation: "allLiquidation",
  order: "order",
  execution: "execution",
  position: "position",
  wallet: "wallet",
};

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^\/v5\/(crypto-loan|earn|ins-loan|lending|spot-margin|spot-lever|broker|p2p)/,
    "no such products",
  ],
  [/^\/v5\/(spread|rfq|strategy|fiat|affiliate|grid|dca)/, "no such products"],
  [
    /^\/v5\/asset\/(deposit|withdraw|transfer|exchange|convert|covert|fiat)/,
    "money cannot come or go",
  ],
  [/^\/v5\/asset/, "assets outside the unified account"],
  [/^\/v5\/user/, "keys and members cannot be changed"],
  [/^\/v5\/account\/(borrow|repay|quick-rep|no-conv|collateral|set-coll|pay-info)/, "no borrowing"],
  [/^\/v5\/account\/(mmp|option|set-delta|set-hedg)/, "no options and no market-maker protection"],
  [/^\/v5\/account\/(transaction-log|withdrawal)/, "not built: executions tell of every change"],
  [/^\/v5\/account\/(set-margin-mode|upgrade)/, "one margin mode: regular, unified"],
  [/^\/v5\/account/, "not built"],
  [/^\/v5\/position\/(closed-pnl|symbol-info)/, "not built"],
  [/^\/v5\/position\/(move|get-closed)/, "no moving of positions, no options"],
  [/^\/v5\/position\/trading-stop/, "no attached stops"],
  [/^\/v5\/position/, "margin is cross: nothing to set"],
  [/^\/v5\/order\/pre-check/, "not built"],
  [/^\/v5\/order\/spot-borrow/, "no borrowing"],
  [/^\/v5\/apilimit/, "limits are set when the exchange starts"],
  [/^\/v5\/(announcements|system)/, "no announcements"],
  [/^\/v5\/market\/(delivery|new-delivery|historical-vol|iv)/, "perpetuals and spot only"],
  [/^\/v5\/market/, "not built"],
];

export const reasonFor = (path: string): string =>
  REASONS.find(([pattern]) => pattern.test(path))?.[1] ?? "not built";

export const topicReason = (topic: string): string => {
  if (/^(spread|greeks|strategy|insurance|adlAlert|system)/.test(topic)) return "no such products";
  if (/rpi|full/.test(topic)) return "no RPI orders, and no book of all levels";
  return "not built";
};
