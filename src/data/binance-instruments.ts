/**
 * Binance instruments: the venue's `exchangeInfo` answer as instruments.
 *
 * The lot is the step of `LOT_SIZE`; an inverse contract is worth its `contractSize` in dollars.
 * What must stay true: an entry that cannot be read exactly is refused with its symbol, never
 * rounded into something tradable.
 */
import { z } from "zod";
import { countSteps, type Decimal, decimal, trimDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import { type Lots, lots } from "../core/domain/units.ts";
import type { InstrumentsFault } from "./bybit-instruments.ts";

const number = z.string().regex(/^\d{1,30}(\.\d{1,30})?$/, "is no plain decimal");
const step = number.refine((text) => /[1-9]/.test(text), "is zero");
const name = z.string().min(1).max(60);

const filter = z.looseObject({
  filterType: z.string(),
  tickSize: z.string().optional(),
  stepSize: z.string().optional(),
  minQty: z.string().optional(),
  maxQty: z.string().optional(),
  notional: z.string().optional(),
  minNotional: z.string().optional(),
});

const entry = z.looseObject({
  symbol: name,
  baseAsset: name,
  quoteAsset: name,
  contractSize: z.union([z.string(), z.number()]).optional(),
  filters: z.array(filter).max(100),
});

const answer = z.looseObject({
  symbols: z.array(z.unknown()).max(100_000),
  rateLimits: z
    .array(
      z.looseObject({
        rateLimitType: z.string(),
        interval: z.string(),
        intervalNum: z.number(),
        limit: z.number(),
      }),
    )
    .max(100)
    .optional(),
});

export interface ExchangeInfo {
  /** Those of the wanted symbols that the venue has. */
  readonly instruments: readonly Instrument[];
  /** Weight of questions a minute; 0 = not told. */
  readonly weightLimit: number;
}

export function parseExchangeInfo(
  json: unknown,
  kind: ContractKind,
  wanted: readonly string[],
): Result<ExchangeInfo, InstrumentsFault> {
  const parsed = answer.safeParse(json);
  if (!parsed.success) return refuse(`exchangeInfo: ${issueText(parsed.error)}`);
  const instruments: Instrument[] = [];
  for (const each of parsed.data.symbols) {
    const symbol = z.looseObject({ symbol: name }).safeParse(each);
    if (!symbol.success || !wanted.includes(symbol.data.symbol)) continue;
    const instrument = instrumentFrom(each, kind);
    if (!instrument.ok) return refuse(`${symbol.data.symbol}: ${instrument.error}`);
    instruments.push(instrument.value);
  }
  const weight = parsed.data.rateLimits?.find(
    ({ rateLimitType, interval, intervalNum }) =>
      rateLimitType === "REQUEST_WEIGHT" && interval === "MINUTE" && intervalNum === 1,
  );
  return ok({ instruments, weightLimit: weight?.limit ?? 0 });
}

function instrumentFrom(source: unknown, kind: ContractKind): Result<Instrument, string> {
  const parsed = entry.safeParse(source);
  if (!parsed.success) return err(issueText(parsed.error));
  const { symbol, baseAsset, quoteAsset, contractSize, filters } = parsed.data;
  const of = (type: string): z.infer<typeof filter> | undefined =>
    filters.find(({ filterType }) => filterType === type);
  const lot = of("LOT_SIZE");
  const notional = of("NOTIONAL") ?? of("MIN_NOTIONAL");
  const fields = z.object({ tick: step, lot: step, least: number, most: number, worth: number });
  const read = fields.safeParse({
    tick: of("PRICE_FILTER")?.tickSize,
    lot: lot?.stepSize,
    least: lot?.minQty,
    most: lot?.maxQty,
    // Inverse contracts have none.
    worth: notional?.minNotional ?? notional?.notional ?? "0",
  });
  if (!read.success) return err(issueText(read.error));
  const market = number.safeParse(of("MARKET_LOT_SIZE")?.maxQty);
  const size = step.safeParse(kind === "inverse" ? String(contractSize ?? "") : "1");
  if (!size.success) return err(`contractSize ${issueText(size.error)}`);
  // Spot pads every number to eight digits; futures print prices with the digits of the tick.
  const exact = (text: string): Decimal =>
    kind === "spot" ? trimDecimal(decimal(text)) : decimal(text);
  const lotSize = exact(read.data.lot);
  const most = wholeLots(read.data.most, lotSize);
  const marketMost = market.success ? wholeLots(market.data, lotSize) : most;
  return ok({
    venue: "binance",
    symbol,
    kind,
    base: baseAsset,
    quote: quoteAsset,
    tickSize: exact(read.data.tick),
    lotSize,
    contractSize: decimal(size.data),
    minLots: ceilToLots(read.data.least, lotSize),
    maxLimitLots: most,
    maxMarketLots: marketMost === 0 || marketMost > most ? most : marketMost,
    minNotional: exact(read.data.worth),
  });
}

const MOST_LOTS = BigInt(Number.MAX_SAFE_INTEGER);

/** A maximum between two lots is the lower; one beyond 2^53 is no bound. */
function wholeLots(text: string, lotSize: Decimal): Lots {
  const { count } = countSteps(decimal(text), lotSize);
  return lots(Number(count < MOST_LOTS ? count : MOST_LOTS));
}

/** A minimum between two lots is the higher, and an order is at least one lot. */
function ceilToLots(text: string, lotSize: Decimal): Lots {
  const { count, exact: onGrid } = countSteps(decimal(text), lotSize);
  const least = onGrid ? count : count + 1n;
  return lots(Number(least < 1n ? 1n : least < MOST_LOTS ? least : MOST_LOTS));
}

function issueText(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "unreadable" : `${issue.path.join(".")} ${issue.message}`;
}

const refuse = (text: string): Result<never, InstrumentsFault> =>
  err({ code: "INSTRUMENTS_FORMAT", text });
