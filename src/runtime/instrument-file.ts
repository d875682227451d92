/**
 * Instrument file: the grid of an instrument that neither a recording nor the built-in table knows.
 *
 * The same plain shape goes into a journal's header, so that a replay needs no file.
 */
import { z } from "zod";
import { decimal, formatDecimal, parseDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Instrument, parseQuantity } from "../core/domain/instrument.ts";
import { lots } from "../core/domain/units.ts";
import { formatProblems, readSettings } from "./settings-file.ts";

const positive = z.string().refine((text) => {
  const parsed = parseDecimal(text);
  return parsed.ok && parsed.value.mantissa > 0n;
}, 'exact decimal text above zero, quoted, such as "0.1"');

const SHAPE = z.strictObject({
  venue: z.string().min(1),
  symbol: z.string().min(1),
  kind: z.enum(["spot", "linear", "inverse"]),
  base: z.string().min(1),
  quote: z.string().min(1),
  tickSize: positive,
  lotSize: positive,
  contractSize: positive.default("1"),
  minQuantity: positive,
  maxQuantity: positive,
  maxMarketQuantity: positive,
  minNotional: z.string().refine((text) => parseDecimal(text).ok, "exact decimal text"),
});

/** Plain JSON: decimals as their exact text. */
export type InstrumentJson = z.infer<typeof SHAPE>;

export interface InstrumentFault {
  readonly code: "INSTRUMENT_FILE";
  readonly text: string;
}

export function instrumentJson(instrument: Instrument): InstrumentJson {
  const { tickSize, lotSize, contractSize, minNotional, minLots, maxLimitLots } = instrument;
  const quantity = (count: number): string =>
    formatDecimal({ mantissa: BigInt(count) * lotSize.mantissa, scale: lotSize.scale });
  return {
    venue: instrument.venue,
    symbol: instrument.symbol,
    kind: instrument.kind,
    base: instrument.base,
    quote: instrument.quote,
    tickSize: formatDecimal(tickSize),
    lotSize: formatDecimal(lotSize),
    contractSize: formatDecimal(contractSize),
    minQuantity: quantity(minLots),
    maxQuantity: quantity(maxLimitLots),
    maxMarketQuantity: quantity(instrument.maxMarketLots),
    minNotional: formatDecimal(minNotional),
  };
}

export function parseInstrument(raw: unknown): Result<Instrument, InstrumentFault> {
  const parsed = SHAPE.safeParse(raw);
  if (!parsed.success) return fault(z.prettifyError(parsed.error));
  const { minQuantity, maxQuantity, maxMarketQuantity, ...rest } = parsed.data;
  const grid: Instrument = {
    ...rest,
    tickSize: decimal(rest.tickSize),
    lotSize: decimal(rest.lotSize),
    contractSize: decimal(rest.contractSize),
    minNotional: decimal(rest.minNotional),
    minLots: lots(0),
    maxLimitLots: lots(0),
    maxMarketLots: lots(0),
  };
  const [least, most, market] = [minQuantity, maxQuantity, maxMarketQuantity].map((text) =>
    parseQuantity(grid, text),
  );
  if (!least?.ok || !most?.ok || !market?.ok) {
    return fault(
      `minimum and maximum quantities must be multiples of the lot size ${rest.lotSize}`,
    );
  }
  return ok({
    ...grid,
    minLots: least.value,
    maxLimitLots: most.value,
    maxMarketLots: market.value,
  });
}

/** Reads YAML or JSON. */
export function readInstrument(path: string): Result<Instrument, InstrumentFault> {
  const read = readSettings(path);
  if (!read.ok) return fault(formatProblems(path, read.error));
  const parsed = parseInstrument(read.value);
  return parsed.ok ? parsed : fault(`${path}:\n${parsed.error.text}`);
}

const fault = (text: string): Result<never, InstrumentFault> =>
  err({ code: "INSTRUMENT_FILE", text });
