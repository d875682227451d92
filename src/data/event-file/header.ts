/**
 * Header: what an event file says before its first block, as exact text.
 *
 * Decimals are written as they are (`0.10` stays `0.10`), counts of lots as whole numbers, the
 * epoch as decimal text. There is no time of day in it: equal input gives equal bytes.
 */
import { crc32 } from "node:zlib";
import { z } from "zod";
import { decimal, formatDecimal, parseDecimal } from "../../core/domain/decimal.ts";
import { lots } from "../../core/domain/units.ts";
import type { MarketHeader } from "../../core/market/columns.ts";
import { damaged } from "./damage.ts";

/** Where the events came from, for people and for audits: the reader does not act on it. */
export interface Origin {
  /** A recording format, or what else made the file. */
  readonly format: string;
  readonly sources: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
  readonly notes: readonly string[];
  /**
   * What was counted while it was read: bad lines, gaps, the clock's shift in nanoseconds … Names
   * are letters and digits.
   */
  readonly counts: Readonly<Record<string, number>>;
}

export interface EventFileHeader extends MarketHeader {
  readonly origin: Origin;
}

/**
 * High bit set, a line end of either kind, an end-of-file of old systems: whatever treats the file
 * as text damages these bytes first.
 */
export const MAGIC = Buffer.from([0x89, 0x41, 0x52, 0x56, 0x45, 0x0d, 0x0a, 0x1a]);
export const VERSION = 1;
export const PROLOGUE = 16;
const MOST_JSON = 1 << 20;

const positive = z.string().refine((text) => {
  const parsed = parseDecimal(text);
  return parsed.ok && parsed.value.mantissa > 0n;
});
const name = z.string().min(1).max(200);

const SHAPE = z.strictObject({
  epochNanos: z.string().regex(/^\d{1,19}0{9}$|^0$/),
  instrument: z.strictObject({
    base: name,
    contractSize: positive,
    kind: z.enum(["spot", "linear", "inverse"]),
    lotSize: positive,
    maxLimitLots: z.int().nonnegative(),
    maxMarketLots: z.int().nonnegative(),
    minLots: z.int().nonnegative(),
    minNotional: z.string().refine((text) => parseDecimal(text).ok),
    quote: name,
    symbol: name,
    tickSize: positive,
    venue: name,
  }),
  origin: z.strictObject({
    counts: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/), z.number()),
    format: z.string(),
    notes: z.array(z.string()),
    sources: z.array(
      z.strictObject({ bytes: z.int().nonnegative(), name: z.string(), sha256: z.string() }),
    ),
  }),
  ownTradesPrinted: z.boolean(),
});

/** The file's first bytes and their CRC, which every later section is bound to. */
export function encodeHeader(header: EventFileHeader): { bytes: Buffer; crc: number } {
  const json = Buffer.from(headerText(header), "utf8");
  if (json.length > MOST_JSON) throw new RangeError(`a header of ${json.length} bytes`);
  const bytes = Buffer.alloc(PROLOGUE + json.length + 4);
  MAGIC.copy(bytes);
  bytes.writeUInt16LE(VERSION, 8);
  bytes.writeUInt32LE(json.length, 12);
  json.copy(bytes, PROLOGUE);
  const crc = crc32(bytes.subarray(0, PROLOGUE + json.length));
  bytes.writeUInt32LE(crc, PROLOGUE + json.length);
  return { bytes, crc };
}

/** Keys in code-unit order, no blanks: one text for one header. */
function headerText({ instrument, epochNanos, ownTradesPrinted, origin }: EventFileHeader): string {
  const { tickSize, lotSize, contractSize, minNotional } = instrument;
  const counts = Object.entries(origin.counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    epochNanos: String(epochNanos),
    instrument: {
      base: instrument.base,
      contractSize: formatDecimal(contractSize),
      kind: instrument.kind,
      lotSize: formatDecimal(lotSize),
      maxLimitLots: instrument.maxLimitLots,
      maxMarketLots: instrument.maxMarketLots,
      minLots: instrument.minLots,
      minNotional: formatDecimal(minNotional),
      quote: instrument.quote,
      symbol: instrument.symbol,
      tickSize: formatDecimal(tickSize),
      venue: instrument.venue,
    },
    origin: {
      counts: Object.fromEntries(counts),
      format: origin.format,
      notes: origin.notes,
      sources: origin.sources.map(({ bytes, name: file, sha256 }) => ({
        bytes,
        name: file,
        sha256,
      })),
    },
    ownTradesPrinted,
  });
}

/** How many bytes the header has in all. Throws `Damage` where these are no event file's. */
export function headerLength(prologue: Buffer): number {
  if (prologue.length < PROLOGUE || !prologue.subarray(0, 8).equals(MAGIC)) {
    damaged("it does not begin as an event file does");
  }
  const version = prologue.readUInt16LE(8);
  if (version !== VERSION) {
    damaged(`it is of version ${version}; this program reads version ${VERSION}`);
  }
  const json = prologue.readUInt32LE(12);
  if (prologue.readUInt16LE(10) !== 0 || json > MOST_JSON) damaged("its header has no true length");
  return PROLOGUE + json + 4;
}

export function decodeHeader(bytes: Buffer): { header: EventFileHeader; crc: number } {
  const end = bytes.length - 4;
  const crc = crc32(bytes.subarray(0, end));
  if (crc !== bytes.readUInt32LE(end)) damaged("the CRC of its header differs");
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8", PROLOGUE, end));
  } catch {
    damaged("its header is no JSON");
  }
  const parsed = SHAPE.safeParse(json);
  if (!parsed.success) damaged(`its header is not whole: ${z.prettifyError(parsed.error)}`);
  const { instrument, ownTradesPrinted, origin, epochNanos } = parsed.data;
  return {
    crc,
    header: {
      epochNanos: BigInt(epochNanos),
      ownTradesPrinted,
      origin,
      instrument: {
        ...instrument,
        tickSize: decimal(instrument.tickSize),
        lotSize: decimal(instrument.lotSize),
        contractSize: decimal(instrument.contractSize),
        minNotional: decimal(instrument.minNotional),
        minLots: lots(instrument.minLots),
        maxLimitLots: lots(instrument.maxLimitLots),
        maxMarketLots: lots(instrument.maxMarketLots),
      },
    },
  };
}
