/**
 * Private seeds: messages in the shape of Bybit's private streams and answers, for machines that
 * hold none of its recorded ones.
 */
const ORDER = {
  category: "linear",
  symbol: "BTCUSDT",
  orderId: "4c6ee8b2",
  orderLinkId: "run-1",
  side: "Buy",
  orderType: "Limit",
  price: "60000.50",
  qty: "1.500",
  cumExecQty: "0.5",
  leavesQty: "1",
  orderStatus: "PartiallyFilled",
  rejectReason: "EC_NoError",
  cancelType: "UNKNOWN",
  timeInForce: "PostOnly",
  reduceOnly: false,
  positionIdx: 0,
  createdTime: "1700000000001",
  updatedTime: "1700000000002",
};
const EXECUTION = {
  category: "linear",
  symbol: "BTCUSDT",
  orderId: "4c6ee8b2",
  orderLinkId: "run-1",
  execId: "e-1",
  execType: "Trade",
  side: "Sell",
  execPrice: "60000.5",
  execQty: "0.5",
  execFee: "-3.0000250",
  feeCurrency: "",
  isMaker: true,
  leavesQty: "1.000",
  execTime: "1700000000003",
  seq: 77,
};
const POSITION = {
  category: "linear",
  symbol: "BTCUSDT",
  positionIdx: 0,
  side: "Sell",
  size: "1.5",
  entryPrice: "60000.1",
  markPrice: "60001.23",
  liqPrice: "",
  leverage: "10",
  unrealisedPnl: "-1.2",
  positionStatus: "Normal",
  isReduceOnly: false,
  updatedTime: "1700000000004",
  seq: 78,
};
const WALLET = {
  accountType: "UNIFIED",
  totalEquity: "100000.5",
  totalAvailableBalance: "90000",
  totalInitialMargin: "1",
  totalMaintenanceMargin: "0.5",
  coin: [{ coin: "USDT", equity: "100000.5", walletBalance: "100001", locked: "0" }],
};

const topic = (name: string, data: readonly object[]): object => ({
  id: "x",
  topic: name,
  creationTime: 1_700_000_000_005,
  data,
});
const trade = (op: string, data: object, extInfo: object = {}): object => ({
  reqId: "r-1",
  retCode: 0,
  retMsg: "OK",
  op,
  data,
  retExtInfo: extInfo,
  header: {
    "X-Bapi-Limit": "10",
    "X-Bapi-Limit-Status": "9",
    "X-Bapi-Limit-Reset-Timestamp": "1700000000006",
    Timenow: "1700000000006",
  },
  connId: "c",
});
const answer = (result: object, extInfo: object = {}): object => ({
  retCode: 0,
  retMsg: "OK",
  result,
  retExtInfo: extInfo,
  time: 1_700_000_000_007,
});
const page = (row: object): object =>
  answer({
    category: "linear",
    list: [row, { ...row, symbol: "ETHUSDT" }],
    nextPageCursor: "a%3D",
  });

export const PRIVATE_SEEDS: readonly string[] = [
  topic("order", [ORDER, { ...ORDER, symbol: "ETHUSDT" }]),
  topic("order.linear", [{ ...ORDER, orderType: "Market", orderStatus: "Filled", price: "" }]),
  topic("order", [
    { ...ORDER, category: "spot", orderType: "Market", marketUnit: "quoteCoin", qty: "55.5" },
  ]),
  topic("execution", [EXECUTION, { ...EXECUTION, execId: "e-2", execType: "Funding" }]),
  topic("execution.linear", [
    { ...EXECUTION, extraFees: [{ feeCoin: "USDT", feeType: "TAX", fee: "0.1", feeRate: "1" }] },
  ]),
  topic("position", [POSITION, { ...POSITION, size: "0", side: "" }]),
  topic("wallet", [WALLET]),
  { success: true, ret_msg: "", op: "auth", req_id: "a1", conn_id: "c" },
  { op: "pong", args: ["1700000000000"], conn_id: "c" },
  trade("order.create", { orderId: "4c6ee8b2", orderLinkId: "run-1" }),
  trade(
    "order.create-batch",
    { list: [{ orderId: "a", orderLinkId: "b" }] },
    { list: [{ code: 0, msg: "OK" }] },
  ),
  { ...trade("order.amend", {}), retCode: 110_001, retMsg: "order not exists or too late" },
  page(ORDER),
  page(EXECUTION),
  page(POSITION),
  answer({ list: [WALLET] }),
  answer({ orderId: "4c6ee8b2", orderLinkId: "run-1" }),
  answer({ marginMode: "REGULAR_MARGIN", unifiedMarginStatus: 6, smpGroup: 0 }),
  answer({ list: [{ symbol: "BTCUSDT", makerFeeRate: "0.0002", takerFeeRate: "0.00055" }] }),
  answer({
    readOnly: 0,
    permissions: { ContractTrade: ["Order", "Position"], Spot: ["SpotTrade"], Wallet: [] },
    ips: ["*"],
    deadlineDay: 83,
    uta: 1,
  }),
  answer({ dcpInfos: [{ product: "DERIVATIVES", dcpStatus: "ON", timeWindow: "10" }] }),
  answer({ timeSecond: "1700000000", timeNano: "1700000000123456789" }),
  answer({
    category: "linear",
    list: [
      {
        symbol: "BTCUSDT",
        contractType: "LinearPerpetual",
        status: "Trading",
        baseCoin: "BTC",
        quoteCoin: "USDT",
        settleCoin: "USDT",
        priceFilter: { minPrice: "0.10", maxPrice: "1999999.80", tickSize: "0.10" },
        lotSizeFilter: {
          maxOrderQty: "1190.000",
          minOrderQty: "0.001",
          qtyStep: "0.001",
          maxMktOrderQty: "500.000",
          minNotionalValue: "5",
        },
        leverageFilter: { minLeverage: "1", maxLeverage: "100.00", leverageStep: "0.01" },
      },
    ],
  }),
].map((message) => JSON.stringify(message));
