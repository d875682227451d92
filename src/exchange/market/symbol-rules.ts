/**
 * Symbol rules: what Bybit sets per symbol beside its grid, and `instruments-info` from both.
 *
 * Figures as Bybit had them in August 2026 for its large coins; any other coin has those of a small
 * one. A symbol has one risk tier here: the first.
 */
import { type Decimal, formatDecimal, multiplyDecimal } from "../../core/domain/decimal.ts";
import { type Instrument, settleCoin } from "../../core/domain/instrument.ts";
import type { Lots } from "../../core/domain/units.ts";
import { GridText } from "./grid-text.ts";
import { FUNDING_CAP, type LimitShares, rateText } from "./reference-prices.ts";

export interface SymbolRules {
  readonly maxLeverage: string;
  readonly maintenanceMarginRate: string;
  readonly limits: LimitShares;
}

const SPOT_LIMITS = { soft: 0.005, hard: 0.01 };
const LARGE: SymbolRules = {
  maxLeverage: "100.00",
  maintenanceMarginRate: "0.005",
  limits: { soft: 0.01, hard: 0.02 },
};
const SMALL: SymbolRules = {
  maxLeverage: "50.00",
  maintenanceMarginRate: "0.01",
  limits: { soft: 0.05, hard: 0.1 },
};
/** Of one position at the first tier, in quote coin; of inverse contracts in base coin. */
const RISK_LIMIT = { linear: "2000000", inverse: "150", spot: "" };
const LARGE_COINS = new Set(["BTC", "ETH"]);
const LAUNCHED_MS = "1584230400000";
const FUNDING_MINUTES = 480;
/** Spot alone: smallest step of an amount of quote coin. */
const QUOTE_DIGITS = 8;

export function rulesOf({ kind, base }: Instrument): SymbolRules {
  const rules = LARGE_COINS.has(base) ? LARGE : SMALL;
  return kind === "spot" ? { ...rules, limits: SPOT_LIMITS } : rules;
}

/** The entry of `/v5/market/instruments-info`. */
export function instrumentEntry(instrument: Instrument, symbolId: number): object {
  return instrument.kind === "spot"
    ? spotEntry(instrument, symbolId)
    : contractEntry(instrument, symbolId);
}

function contractEntry(instrument: Instrument, symbolId: number): object {
  const { symbol, kind, base, quote, tickSize, lotSize, maxLimitLots, maxMarketLots } = instrument;
  const { maxLeverage } = rulesOf(instrument);
  const text = new GridText(instrument);
  const most = text.quantity(maxLimitLots);
  return {
    symbol,
    contractType: kind === "linear" ? "LinearPerpetual" : "InversePerpetual",
    status: "Trading",
    baseCoin: base,
    quoteCoin: quote,
    launchTime: LAUNCHED_MS,
    deliveryTime: "0",
    deliveryFeeRate: "",
    priceScale: String(tickSize.scale),
    leverageFilter: { minLeverage: "1", maxLeverage, leverageStep: "0.01" },
    priceFilter: {
      minPrice: text.price(1),
      maxPrice: text.price(MAX_TICKS),
      tickSize: formatDecimal(tickSize),
    },
    lotSizeFilter: {
      maxOrderQty: most,
      minOrderQty: text.quantity(instrument.minLots),
      qtyStep: formatDecimal(lotSize),
      postOnlyMaxOrderQty: most,
      maxMktOrderQty: text.quantity(maxMarketLots),
      minNotionalValue: formatDecimal(instrument.minNotional),
    },
    unifiedMarginTrade: true,
    fundingInterval: FUNDING_MINUTES,
    settleCoin: settleCoin(instrument),
    copyTrading: "none",
    upperFundingRate: rateText(FUNDING_CAP),
    lowerFundingRate: rateText(-FUNDING_CAP),
    isPreListing: false,
    preListingInfo: null,
    riskParameters: riskParameters(instrument),
    displayName: "",
    symbolType: "",
    forbidUplWithdrawal: false,
    symbolId,
  };
}

function spotEntry(instrument: Instrument, symbolId: number): object {
  const { symbol, base, quote, tickSize, lotSize, maxLimitLots, minNotional } = instrument;
  const text = new GridText(instrument);
  const most = text.quantity(maxLimitLots);
  return {
    symbolId,
    symbol,
    baseCoin: base,
    quoteCoin: quote,
    innovation: "0",
    status: "Trading",
    marginTrading: "none",
    stTag: "0",
    lotSizeFilter: {
      basePrecision: formatDecimal(lotSize),
      quotePrecision: formatDecimal({ mantissa: 1n, scale: QUOTE_DIGITS }),
      minOrderQty: text.quantity(instrument.minLots),
      maxOrderQty: most,
      minOrderAmt: formatDecimal(minNotional),
      maxOrderAmt: largestAmount(instrument),
      maxLimitOrderQty: most,
      maxMarketOrderQty: text.quantity(instrument.maxMarketLots),
      postOnlyMaxLimitOrderSize: most,
    },
    priceFilter: { tickSize: formatDecimal(tickSize) },
    riskParameters: riskParameters(instrument),
    symbolType: "",
  };
}

function riskParameters(instrument: Instrument): object {
  const { soft, hard } = rulesOf(instrument).limits;
  return { priceLimitRatioX: String(soft), priceLimitRatioY: String(hard) };
}

/** The entry of `/v5/market/risk-limit`. */
export function riskEntry(instrument: Instrument): object {
  const { maxLeverage, maintenanceMarginRate } = rulesOf(instrument);
  return {
    id: 1,
    symbol: instrument.symbol,
    riskLimitValue: RISK_LIMIT[instrument.kind],
    maintenanceMargin: maintenanceMarginRate,
    initialMargin: String(1 / Number(maxLeverage)),
    isLowestRisk: 1,
    maxLeverage,
    mmDeduction: "",
  };
}

const MAX_TICKS = 0x7ffffffe;

/** Nothing narrower than what the quantity allows at the highest price: no limit of its own. */
function largestAmount({ tickSize, lotSize, maxLimitLots }: Instrument): string {
  const worth = multiplyDecimal(times(tickSize, MAX_TICKS), times(lotSize, maxLimitLots));
  const whole = formatDecimal(worth).split(".")[0]!;
  return whole.length > 15 ? "999999999999999" : whole;
}

const times = (step: Decimal, count: number | Lots): Decimal => ({
  mantissa: step.mantissa * BigInt(count),
  scale: step.scale,
});
