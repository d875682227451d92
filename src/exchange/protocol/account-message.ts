/**
 * Account message: positions and money as REST answers and the streams tell them.
 */
import { formatHalfPrice, formatQuantity } from "../../core/domain/instrument.ts";
import type { CoinRecord, PositionRecord, WalletRecord } from "../exchange-types.ts";
import { rateOf } from "./decimals.ts";
import { wireSide, wireTime } from "./order-message.ts";

/** Positions carry the value up to which their margin rate holds; the market's side knows it. */
export type RiskLimitOf = (category: string, symbol: string) => string;

/** What both have in common. Margin is cross: no position has a balance of its own. */
function positionFields(position: PositionRecord, riskLimitOf: RiskLimitOf): object {
  const { instrument } = position;
  return {
    positionIdx: position.positionIndex,
    riskId: 1,
    riskLimitValue: riskLimitOf(position.category, position.symbol),
    symbol: position.symbol,
    side: position.side === undefined ? "" : wireSide(position.side),
    size: formatQuantity(instrument, position.size),
    positionValue: position.value,
    tradeMode: 0,
    positionStatus: "Normal",
    autoAddMargin: 0,
    adlRankIndicator: 0,
    leverage: position.leverage,
    // Bybit counts fees in; this exchange leaves it to whoever reads the executions.
    breakEvenPrice: "",
    positionBalance: "0",
    markPrice: formatHalfPrice(instrument, position.markPrice),
    liqPrice: position.liquidationPrice,
    bustPrice: "",
    positionIM: position.initialMargin,
    positionIMByMp: position.initialMargin,
    positionMM: position.maintenanceMargin,
    positionMMByMp: position.maintenanceMargin,
    tpslMode: "Full",
    takeProfit: "",
    stopLoss: "",
    trailingStop: "0",
    unrealisedPnl: position.unrealised,
    curRealisedPnl: position.realised,
    cumRealisedPnl: position.cumulativeRealised,
    sessionAvgPrice: "",
    seq: position.sequence,
    isReduceOnly: false,
    leverageSysUpdatedTime: "",
    createdTime: wireTime(position.createdAt),
    updatedTime: wireTime(position.updatedAt),
  };
}

/** As `/v5/position/list` lists it. */
export const positionAnswer = (position: PositionRecord, riskLimitOf: RiskLimitOf): object => ({
  ...positionFields(position, riskLimitOf),
  avgPrice: position.entryPrice,
  mmrSysUpdateTime: "",
});

/** As the position stream tells it. */
export const positionEvent = (position: PositionRecord, riskLimitOf: RiskLimitOf): object => ({
  category: position.category,
  ...positionFields(position, riskLimitOf),
  entryPrice: position.entryPrice,
  mmrSysUpdatedTime: "",
});

/** Nothing can be borrowed here, and every coin counts as collateral. */
const coinFields = (coin: CoinRecord): object => ({
  coin: coin.coin,
  equity: coin.equity,
  usdValue: coin.usdValue,
  walletBalance: coin.wallet,
  availableToWithdraw: "",
  availableToBorrow: "",
  borrowAmount: "0",
  accruedInterest: "0",
  totalOrderIM: coin.orderMargin,
  totalPositionIM: coin.positionMargin,
  totalPositionMM: coin.maintenanceMargin,
  unrealisedPnl: coin.unrealised,
  cumRealisedPnl: coin.realised,
  bonus: "0",
  collateralSwitch: true,
  marginCollateral: true,
  locked: coin.locked,
  spotHedgingQty: "0",
  spotBorrow: "0",
});

/** As `/v5/account/wallet-balance` lists it and the wallet stream tells it. */
export function walletMessage(
  wallet: WalletRecord,
  isShown: (coin: string) => boolean = () => true,
): object {
  const initialRate = rateOf(wallet.initialMargin, wallet.equity);
  const maintenanceRate = rateOf(wallet.maintenanceMargin, wallet.equity);
  return {
    accountType: "UNIFIED",
    accountLTV: "0",
    accountIMRate: initialRate,
    accountIMRateByMp: initialRate,
    accountMMRate: maintenanceRate,
    accountMMRateByMp: maintenanceRate,
    totalEquity: wallet.equity,
    totalWalletBalance: wallet.wallet,
    // Of a unified account: the wallet and what its perpetuals have gained so far.
    totalMarginBalance: wallet.equity,
    totalAvailableBalance: wallet.available,
    totalPerpUPL: wallet.unrealised,
    totalInitialMargin: wallet.initialMargin,
    totalInitialMarginByMp: wallet.initialMargin,
    totalMaintenanceMargin: wallet.maintenanceMargin,
    totalMaintenanceMarginByMp: wallet.maintenanceMargin,
    coin: wallet.coins.filter((coin) => isShown(coin.coin)).map(coinFields),
  };
}
