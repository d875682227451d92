/**
 * Hosted source: what the local exchange is asked to trade, from text to an open market.
 *
 * `linear:BTCUSDT=generated:seed=7` or `spot:BTCUSDT=FILE`: a category, a symbol as Bybit writes
 * it, and where its market comes from. What must stay true: a recording keeps its grid; only its
 * name becomes Bybit's.
 */
import { type Decimal, decimal, formatDecimal, multiplyDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import { DAY, lots, type Lots, type Micros, micros } from "../core/domain/units.ts";
import { type GeneratedKnobs, parseKnobs } from "./generated-knobs.ts";
import { instrumentJson } from "./instrument-file.ts";
import {
  type GeneratedSpec,
  type MarketFault,
  openGenerated,
  openMarket,
  type OpenMarket,
  SYMBOL,
} from "./market-source.ts";

export interface HostedFault {
  readonly code: string;
  readonly text: string;
}

export interface HostedSymbol {
  readonly category: ContractKind;
  readonly symbol: string;
  /** `generated`, `generated:seed=7,pressure=0.3`, or a path. */
  readonly source: string;
}

/** A hosted symbol whose market is open. */
export interface HostedSource {
  readonly instrument: Instrument;
  readonly market: OpenMarket;
}

const CATEGORIES: readonly ContractKind[] = ["linear", "inverse", "spot"];
const QUOTES = ["USDT", "USDC", "USD", "EUR", "BTC", "ETH"];
/** A generated market goes on for so long. */
const GENERATED_DURATION = micros(366 * DAY);
/** Lots of the made-up grid are this much finer on spot: 0.0001 BTC instead of 0.001. */
const SPOT_LOT_SHARE = decimal("0.1");
/** US dollars: of a generated inverse contract, which is thinner than the linear one. */
const INVERSE_LOT = decimal("10");
const INVERSE_LOTS = { least: lots(1), limit: lots(2_500_000), market: lots(500_000) };

const EXAMPLE = "as in linear:BTCUSDT=generated:seed=7 or spot:BTCUSDT=day.events";

/** Reads `CATEGORY:SYMBOL=SOURCE`. */
export function parseHostedSymbol(text: string): Result<HostedSymbol, HostedFault> {
  const match = /^([^:=]*):([^:=]*)=(.+)$/s.exec(text);
  if (match === null) return fault(`${JSON.stringify(text)} is no market, ${EXAMPLE}`);
  const [, kind, symbol = "", source = ""] = match;
  const category = CATEGORIES.find((each) => each === kind);
  if (category === undefined) {
    return fault(`${text}: the category must be one of ${CATEGORIES.join(", ")}, not ${kind}`);
  }
  if (!SYMBOL.test(symbol) || coinsOf(category, symbol) === undefined) {
    const quotes = category === "inverse" ? "USD" : QUOTES.join(", ");
    return fault(`${text}: ${symbol} is no symbol of ${category}: a coin and then ${quotes}`);
  }
  return ok({ category, symbol, source });
}

/** @param startAt when a generated market begins, by its own clock. */
export async function openHosted(
  wanted: HostedSymbol,
  startAt: Micros,
): Promise<Result<HostedSource, HostedFault | MarketFault>> {
  const { category, source } = wanted;
  if (/^generated(:|$)/.test(source)) return openMade(wanted, startAt);
  const opened = await openRecorded(wanted);
  if (!opened.ok) return opened;
  const { instrument } = opened.value.header;
  if ((instrument.kind === "inverse") !== (category === "inverse")) {
    return fault(
      `${category}:${wanted.symbol}: ${source} is a recording of ${instrument.kind} ` +
        `${instrument.symbol}, whose sizes mean something else`,
    );
  }
  return ok({ instrument: asBybit(instrument, wanted), market: opened.value });
}

/** A recording of several instruments is asked for the one of that name. */
async function openRecorded({
  category,
  symbol,
  source,
}: HostedSymbol): Promise<Result<OpenMarket, MarketFault>> {
  const file = { kind: "files", paths: [source] } as const;
  const opened = await openMarket(file);
  if (opened.ok || opened.error.code !== "DATA_SYMBOL") return opened;
  const named = await openMarket({ ...file, symbol, contract: category });
  return named.ok ? named : opened;
}

function openMade(wanted: HostedSymbol, startAt: Micros): Result<HostedSource, HostedFault> {
  const { category, symbol, source } = wanted;
  const parts = source.split(/[:,]/).slice(1);
  const seedText = parts.find((part) => part.startsWith("seed="))?.slice("seed=".length);
  const seed = Number(seedText ?? "1");
  if (seedText !== undefined && !/^\d{1,9}$/.test(seedText)) {
    return fault(
      `${category}:${symbol}=${source}: seed must be a whole number from 0 to 999999999`,
    );
  }
  const rest = parts.filter((part) => !part.startsWith("seed="));
  const knobs: Result<GeneratedKnobs, HostedFault> =
    rest.length === 0 ? ok({}) : parseKnobs(rest.join(","));
  if (!knobs.ok) {
    const { code, text } = knobs.error;
    return code === "USAGE" ? fault(`${category}:${symbol}=${source}: ${text}`) : knobs;
  }
  if (knobs.value.symbol !== undefined) {
    return fault(`${category}:${symbol}=${source}: the symbol is said before the =`);
  }
  const [base, quote] = coinsOf(category, symbol)!;
  const spec: GeneratedSpec = {
    ...knobs.value,
    kind: "generated",
    seed,
    startAt,
    duration: GENERATED_DURATION,
    // Spot, linear and inverse of a coin are worth the same.
    symbol: `${base}${category === "inverse" ? "USDT" : quote}`,
  };
  const market = openGenerated(spec);
  const instrument = madeInstrument(market.header.instrument, wanted);
  return ok({
    instrument,
    market: { ...market, spec: { ...spec, instrument: instrumentJson(instrument) } },
  });
}

/** The base and the quote coin; undefined where no known quote ends the symbol. */
function coinsOf(category: ContractKind, symbol: string): [string, string] | undefined {
  const quotes = category === "inverse" ? ["USD"] : QUOTES;
  const quote = quotes.find((end) => symbol.length > end.length + 1 && symbol.endsWith(end));
  return quote === undefined ? undefined : [symbol.slice(0, -quote.length), quote];
}

/** The grid of a recording, under Bybit's name: there a contract is one coin, or one US dollar. */
function asBybit(recorded: Instrument, { category, symbol }: HostedSymbol): Instrument {
  const [base, quote] = coinsOf(category, symbol)!;
  const { lotSize, contractSize } = recorded;
  return {
    ...recorded,
    venue: "bybit",
    symbol,
    kind: category,
    base,
    quote,
    lotSize: multiplyDecimal(lotSize, contractSize),
    contractSize: decimal("1"),
  };
}

/** The generator's grid, finer on spot, in dollars on inverse. */
function madeInstrument(made: Instrument, wanted: HostedSymbol): Instrument {
  const named = asBybit(made, wanted);
  if (wanted.category === "linear") return named;
  if (wanted.category === "inverse") {
    const { least, limit, market } = INVERSE_LOTS;
    return {
      ...named,
      lotSize: INVERSE_LOT,
      minLots: least,
      maxLimitLots: limit,
      maxMarketLots: market,
      minNotional: decimal("0"),
    };
  }
  const lotSize = plain(multiplyDecimal(named.lotSize, SPOT_LOT_SHARE));
  return {
    ...named,
    lotSize,
    maxLimitLots: tenfold(named.maxLimitLots),
    maxMarketLots: tenfold(named.maxMarketLots),
  };
}

const tenfold = (count: Lots): Lots => lots(count * 10);

/** Without the zeros that a product of scales leaves behind. */
const plain = (value: Decimal): Decimal =>
  decimal(
    formatDecimal(value)
      .replace(/(\.\d*?)0+$/, "$1")
      .replace(/\.$/, ""),
  );

const fault = (text: string): Result<never, HostedFault> => err({ code: "EXCHANGE_MARKET", text });
