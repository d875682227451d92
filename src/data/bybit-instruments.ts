/**
 * Bybit instruments: the venue's `instruments-info` answer as instruments.
 *
 * The lot of a contract is its `qtyStep`, of a spot pair its `basePrecision`. One inverse contract
 * is one US dollar. What must stay true: an entry that cannot be read exactly is refused
 * with its symbol, never rounded into something tradable.
 */
import { z } from "zod";
import { countSteps, type Decimal, decimal, parseDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import { type Lots, lots } from "../core/domain/units.ts";

export interface InstrumentsFault {
  readonly code: "INSTRUMENTS_FORMAT";
  /** Which entry, which field, what is wrong with it. */
  readonly text: string;
}

const number = z.string().regex(/^\d{1,30}(\.\d{1,30})?$/, "is no plain decimal");
const step = number.refine((text) => /[1-9]/.test(text), "is zero");
const name = z.string().min(1).max(60);

const base = { symbol: name, baseCoin: name, quoteCoin: name };
const priceFilter = z.object({ tickSize: step });

const contractEntry = z.object({
  ...base,
  priceFilter,
  lotSizeFilter: z.object({
    qtyStep: step,
    minOrderQty: number,
    maxOrderQty: number,
    maxMktOrderQty: number.optional(),
    minNotionalValue: number.optional(),
  }),
});

const spotEntry = z.object({
  ...base,
  priceFilter,
  lotSizeFilter: z.object({
    basePrecision: step,
    minOrderQty: number,
    maxOrderQty: number.optional(),
    maxLimitOrderQty: number.optional(),
    maxMarketOrderQty: number.optional(),
    minOrderAmt: number,
  }),
});

const answer = z.object({
  retCode: z.literal(0, "is not 0: the venue refused the question").optional(),
  result: z.object({ category: z.string().optional(), list: z.array(z.unknown()).max(100_000) }),
});

/** `json`: the answer, as text or parsed. `category`: what was asked for. */
export function parseInstrumentsInfo(
  json: unknown,
  category: string,
): Result<Instrument[], InstrumentsFault> {
  if (category !== "linear" && category !== "inverse" && category !== "spot") {
    return refuse(`category ${category.slice(0, 40)} is not linear, inverse or spot`);
  }
  const parsed = answer.safeParse(typeof json === "string" ? parseJson(json) : json);
  if (!parsed.success) return refuse(issueText(parsed.error));
  const { result } = parsed.data;
  if (result.category !== undefined && result.category !== category) {
    return refuse(`the answer is about ${result.category.slice(0, 40)}, not ${category}`);
  }
  const instruments: Instrument[] = [];
  for (const [index, entry] of result.list.entries()) {
    const instrument = category === "spot" ? fromSpot(entry) : fromContract(entry, category);
    if (!instrument.ok) return refuse(`entry ${index} ${symbolOf(entry)}: ${instrument.error}`);
    instruments.push(instrument.value);
  }
  return ok(instruments);
}

function fromContract(
  entry: unknown,
  kind: Exclude<ContractKind, "spot">,
): Result<Instrument, string> {
  const parsed = contractEntry.safeParse(entry);
  if (!parsed.success) return err(issueText(parsed.error));
  const { symbol, baseCoin, quoteCoin, priceFilter: price, lotSizeFilter: lot } = parsed.data;
  const lotSize = exact(lot.qtyStep);
  return ok({
    venue: "bybit",
    symbol,
    kind,
    base: baseCoin,
    quote: quoteCoin,
    tickSize: exact(price.tickSize),
    lotSize,
    contractSize: ONE,
    minLots: ceilToLots(lot.minOrderQty, lotSize),
    maxLimitLots: wholeLots(lot.maxOrderQty, lotSize),
    maxMarketLots: wholeLots(lot.maxMktOrderQty ?? lot.maxOrderQty, lotSize),
    minNotional: exact(lot.minNotionalValue ?? "0"),
  });
}

function fromSpot(entry: unknown): Result<Instrument, string> {
  const parsed = spotEntry.safeParse(entry);
  if (!parsed.success) return err(issueText(parsed.error));
  const { symbol, baseCoin, quoteCoin, priceFilter: price, lotSizeFilter: lot } = parsed.data;
  const lotSize = exact(lot.basePrecision);
  const most = lot.maxLimitOrderQty ?? lot.maxOrderQty;
  if (most === undefined) return err("lotSizeFilter.maxLimitOrderQty is missing");
  return ok({
    venue: "bybit",
    symbol,
    kind: "spot",
    base: baseCoin,
    quote: quoteCoin,
    tickSize: exact(price.tickSize),
    lotSize,
    contractSize: ONE,
    minLots: ceilToLots(lot.minOrderQty, lotSize),
    maxLimitLots: wholeLots(most, lotSize),
    maxMarketLots: wholeLots(lot.maxMarketOrderQty ?? most, lotSize),
    minNotional: exact(lot.minOrderAmt),
  });
}

const ONE = decimal("1");
const MOST_LOTS = BigInt(Number.MAX_SAFE_INTEGER);

/** The schema has checked the syntax. */
function exact(text: string): Decimal {
  const parsed = parseDecimal(text);
  return parsed.ok ? parsed.value : decimal("0");
}

/** A maximum between two lots is the lower; one beyond 2^53 is no bound. */
function wholeLots(text: string, lotSize: Decimal): Lots {
  const { count } = countSteps(exact(text), lotSize);
  return lots(Number(count < MOST_LOTS ? count : MOST_LOTS));
}

/** A minimum between two lots is the higher, and an order is at least one lot. */
function ceilToLots(text: string, lotSize: Decimal): Lots {
  const { count, exact: onGrid } = countSteps(exact(text), lotSize);
  const least = onGrid ? count : count + 1n;
  return lots(Number(least < 1n ? 1n : least < MOST_LOTS ? least : MOST_LOTS));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function symbolOf(entry: unknown): string {
  const symbol =
    typeof entry === "object" && entry !== null && "symbol" in entry ? entry.symbol : undefined;
  return typeof symbol === "string" ? symbol.slice(0, 60) : "(no symbol)";
}

function issueText(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "unreadable" : `${issue.path.join(".")} ${issue.message}`;
}

const refuse = (text: string): Result<never, InstrumentsFault> =>
  err({ code: "INSTRUMENTS_FORMAT", text });
