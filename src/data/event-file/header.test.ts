import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "node:zlib";
import { lots } from "../../core/domain/units.ts";
import { decodeHeader, encodeHeader, type EventFileHeader, headerLength } from "./header.ts";

const decimals = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.integer({ min: 0, max: 20 }))
  .map(([mantissa, scale]) => ({ mantissa, scale }));
const counts = fc.maxSafeNat().map((count) => lots(count));
const name = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" });

const anyHeader: fc.Arbitrary<EventFileHeader> = fc.record({
  epochNanos: fc.bigInt({ min: 0n, max: 10n ** 10n }).map((seconds) => seconds * 1_000_000_000n),
  ownTradesPrinted: fc.boolean(),
  origin: fc.record({
    format: fc.string(),
    notes: fc.array(fc.string()),
    counts: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,20}$/), fc.integer(), {
      noNullPrototype: true,
    }),
    sources: fc.array(
      fc.record({ name: fc.string(), bytes: fc.maxSafeNat(), sha256: fc.string() }),
    ),
  }),
  instrument: fc.record({
    venue: name,
    symbol: name,
    kind: fc.constantFrom("spot", "linear", "inverse"),
    base: name,
    quote: name,
    tickSize: decimals,
    lotSize: decimals,
    contractSize: decimals,
    minNotional: decimals,
    minLots: counts,
    maxLimitLots: counts,
    maxMarketLots: counts,
  }),
});

describe("header", () => {
  it("gives back every decimal to the last zero", () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        const { bytes, crc } = encodeHeader(header);
        expect(headerLength(bytes)).toBe(bytes.length);
        expect(decodeHeader(bytes)).toEqual({ header, crc });
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ["no JSON", "{"],
    ["nothing in it", "{}"],
    ["a list", "[]"],
  ])("refuses one with %s, even where its CRC fits", (_, json) => {
    const text = Buffer.from(json);
    const bytes = Buffer.concat([Buffer.alloc(16), text, Buffer.alloc(4)]);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    expect(() => decodeHeader(bytes)).toThrow(/its header is/);
  });

  it("believes no length that would fill the memory", () => {
    const bytes = Buffer.from(encodeHeader(fc.sample(anyHeader, 1)[0]!).bytes);
    bytes.writeUInt32LE(0xffffffff, 12);
    expect(() => headerLength(bytes)).toThrow(/no true length/);
  });
});
