import { existsSync, readFileSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareDecimal,
  countSteps,
  type Decimal,
  decimal,
  formatDecimal,
  tenTo,
  toNumber,
} from "./decimal.ts";
import {
  cashScale,
  type ContractKind,
  formatCash,
  formatHalfPrice,
  formatPrice,
  formatQuantity,
  type Instrument,
  instrumentId,
  notional,
  notionalEstimate,
  parsePrice,
  parseQuantity,
  priceEstimate,
  quantityEstimate,
  settleCoin,
  worthOfLot,
} from "./instrument.ts";
import { cash, halfTicks, lots, ticks } from "./units.ts";

function instrument(kind: ContractKind, tick: string, lot: string, contract = "1"): Instrument {
  return {
    venue: "test",
    symbol: "BTCUSD",
    kind,
    base: "BTC",
    quote: "USD",
    tickSize: decimal(tick),
    lotSize: decimal(lot),
    contractSize: decimal(contract),
    minLots: lots(1),
    maxLimitLots: lots(1_000_000),
    maxMarketLots: lots(1_000_000),
    minNotional: decimal("5"),
  };
}

const LINEAR = instrument("linear", "0.10", "0.001");
const INVERSE = instrument("inverse", "0.5", "1", "100");

const codeOf = (
  parsed: ReturnType<typeof parsePrice> | ReturnType<typeof parseQuantity>,
): string => (parsed.ok ? "ok" : parsed.error.code);
const tryPrice = (text: string): string => codeOf(parsePrice(LINEAR, text));
const tryQuantity = (text: string): string => codeOf(parseQuantity(LINEAR, text));

describe("the grid", () => {
  it("names an instrument by venue and kind too, and knows what it settles in", () => {
    expect(instrumentId(LINEAR)).toBe("test:linear:BTCUSD");
    expect([settleCoin(LINEAR), settleCoin(INVERSE)]).toEqual(["USD", "BTC"]);
  });

  it("turns exact text into ticks and lots", () => {
    expect(parsePrice(LINEAR, "64250.1")).toEqual({ ok: true, value: 642_501 });
    expect(parsePrice(LINEAR, "64250.10000")).toEqual({ ok: true, value: 642_501 });
    expect(parsePrice(INVERSE, "64250.5")).toEqual({ ok: true, value: 128_501 });
    expect(parseQuantity(LINEAR, "25")).toEqual({ ok: true, value: 25_000 });
    expect(parseQuantity(LINEAR, "0")).toEqual({ ok: true, value: 0 });
  });

  it("refuses what is off the grid or out of range, with the text in question", () => {
    expect(tryPrice("64250.15")).toBe("GRID_OFF_TICK");
    expect([tryPrice("0"), tryPrice("-1")]).toEqual(["GRID_RANGE", "GRID_RANGE"]);
    expect(tryPrice("6.4e4")).toBe("DECIMAL_SYNTAX");
    // Ticks live in int32 columns; its largest value is out of bounds already.
    expect([tryPrice("214748364.6"), tryPrice("214748364.7")]).toEqual(["ok", "GRID_RANGE"]);
    expect(tryQuantity("0.0005")).toBe("GRID_OFF_LOT");
    expect(tryQuantity("-1")).toBe("GRID_RANGE");
    expect(tryQuantity("1 BTC")).toBe("DECIMAL_SYNTAX");
    expect([tryQuantity("9007199254740.991"), tryQuantity("9007199254740.992")]).toEqual([
      "ok",
      "GRID_RANGE",
    ]);
  });

  it("writes prices, mids, quantities and cash as the venue would", () => {
    expect(formatPrice(LINEAR, ticks(642_501))).toBe("64250.10");
    expect(formatHalfPrice(LINEAR, halfTicks(1_285_002))).toBe("64250.10");
    expect(formatHalfPrice(LINEAR, halfTicks(1_285_003))).toBe("64250.150");
    expect(formatQuantity(LINEAR, lots(25_001))).toBe("25.001");
    expect(formatCash(LINEAR, cash(-1_500_000_000_000n))).toBe("-1.500000000000");
  });

  it("loses nothing between text and grid", () => {
    const grid = fc.constantFrom(LINEAR, INVERSE, instrument("spot", "0.0000000000001", "1"));
    const price = fc.integer({ min: 1, max: 2 ** 31 - 2 });
    const quantity = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(grid, price, quantity, (traded, tickCount, lotCount) => {
        const priceText = formatPrice(traded, ticks(tickCount));
        expect(parsePrice(traded, priceText)).toEqual({ ok: true, value: tickCount });
        const quantityText = formatQuantity(traded, lots(lotCount));
        expect(parseQuantity(traded, quantityText)).toEqual({ ok: true, value: lotCount });
      }),
    );
  });
});

describe("the worth of a lot", () => {
  it("is price × quantity, exact to the half tick, where the contract is linear", () => {
    // 0.001 BTC at 64,250.15.
    const worth = worthOfLot(LINEAR, halfTicks(1_285_003));
    expect(formatCash(LINEAR, worth)).toBe("64.250150000000");
  });

  it("is −contract / price in base coin where it is inverse, rounded half away from zero", () => {
    // 100 USD at 30,000: 0.00333… BTC; at 64,000: 0.0015625 BTC.
    expect(formatCash(INVERSE, worthOfLot(INVERSE, halfTicks(120_000)))).toBe(
      "-0.003333333333333333",
    );
    expect(formatCash(INVERSE, worthOfLot(INVERSE, halfTicks(256_000)))).toBe(
      "-0.001562500000000000",
    );
    // 2/3 at the last digit goes up: 100 / 15,000 = 0.00666…67.
    expect(formatCash(INVERSE, worthOfLot(INVERSE, halfTicks(60_000)))).toBe(
      "-0.006666666666666667",
    );
  });

  it("rises with the price for every kind, so that a cost has one sign", () => {
    const kinds = fc.constantFrom<ContractKind>("spot", "linear", "inverse");
    const grid = fc.tuple(
      fc.constantFrom("0.1", "0.0001", "0.5", "0.0000000000001"),
      fc.constantFrom("1", "0.001", "10"),
      fc.constantFrom("1", "100"),
    );
    const price = fc.integer({ min: 1, max: 2 ** 31 });
    fc.assert(
      fc.property(kinds, grid, price, price, (kind, [tick, lot, contract], a, b) => {
        fc.pre(a !== b);
        const traded = instrument(kind, tick, lot, contract);
        const lower = worthOfLot(traded, halfTicks(Math.min(a, b)));
        const higher = worthOfLot(traded, halfTicks(Math.max(a, b)));
        // Two far prices of an inverse contract may round to one worth; they never change places.
        expect(higher >= lower).toBe(true);
        if (kind !== "inverse") expect(higher > lower).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is off by half of the last digit at most, where it is rounded at all", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (price) => {
        // |worth| × price × tick / 2 − contract, all over 10^18: no more than half of price × tick / 2.
        const worth = -worthOfLot(INVERSE, halfTicks(price));
        const off = worth * BigInt(price) * 25n - 100n * 100n * tenTo(18);
        const twice = 2n * (off < 0n ? -off : off);
        expect(twice <= BigInt(price) * 25n).toBe(true);
      }),
    );
  });

  it("refuses a price at or under zero", () => {
    expect(() => worthOfLot(LINEAR, halfTicks(0))).toThrow(/positive/);
    expect(() => worthOfLot(INVERSE, halfTicks(-2))).toThrow(/positive/);
  });

  it("agrees with the notional, which is what limits are held against", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.nat(10 ** 9), (price, quantity) => {
        const at = halfTicks(price);
        const mantissa = worthOfLot(LINEAR, at) * BigInt(quantity);
        const size = notional(LINEAR, at, lots(quantity));
        expect(compareDecimal(size, { mantissa, scale: cashScale(LINEAR) })).toBe(0);
        const estimate = notionalEstimate(LINEAR, at, lots(quantity));
        expect(Math.abs(estimate - toNumber(size))).toBeLessThanOrEqual(toNumber(size) * 1e-12);
      }),
    );
    expect(formatDecimal(notional(INVERSE, halfTicks(7), lots(3)))).toBe("300");
    expect(notionalEstimate(INVERSE, halfTicks(7), lots(3))).toBe(300);
    expect(priceEstimate(LINEAR, halfTicks(1_285_003))).toBeCloseTo(64_250.15, 9);
    expect(quantityEstimate(LINEAR, lots(25_000))).toBe(25);
  });
});

const FRAMES = new URL(
  "../../../../shared/data/bybit-ws-cryptofeed/BYBIT.jsonl.zst",
  import.meta.url,
);
const MISSING = existsSync(FRAMES) ? "" : " (skipped: ../shared/data is not there)";

interface Listed {
  readonly symbol: string;
  readonly baseCoin: string;
  readonly quoteCoin: string;
  readonly priceFilter: { readonly tickSize: string; readonly maxPrice?: string };
  readonly lotSizeFilter: {
    readonly qtyStep?: string;
    readonly basePrecision?: string;
    readonly minOrderQty: string;
    readonly maxOrderQty: string;
    readonly maxLimitOrderQty?: string;
    readonly minOrderAmt?: string;
    readonly minNotionalValue?: string;
  };
}

const largestOrder = ({ lotSizeFilter: size }: Listed): Decimal =>
  decimal(size.maxLimitOrderQty ?? size.maxOrderQty);

/** The venue's own answers about its instruments, as they were recorded. */
function listed(kind: "spot" | "linear"): readonly { listing: Listed; traded: Instrument }[] {
  const text = zstdDecompressSync(readFileSync(FRAMES)).toString();
  const found: Listed[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith('{"t":"http"') || !line.includes(`instruments-info?&category=${kind}`)) {
      continue;
    }
    const { data } = JSON.parse(line) as { data: string };
    found.push(...(JSON.parse(data) as { result: { list: Listed[] } }).result.list);
  }
  return found.map((listing) => {
    const { lotSizeFilter: size, priceFilter } = listing;
    const lot = (kind === "spot" ? size.basePrecision : size.qtyStep)!;
    const traded = {
      ...instrument(kind, priceFilter.tickSize, lot),
      symbol: listing.symbol,
      base: listing.baseCoin,
      quote: listing.quoteCoin,
      minNotional: decimal((kind === "spot" ? size.minOrderAmt : size.minNotionalValue)!),
    };
    const least = parseQuantity(traded, size.minOrderQty);
    if (!least.ok) throw new Error(`${listing.symbol}: its least order is off its own grid`);
    const most = countSteps(largestOrder(listing), traded.lotSize);
    return {
      listing,
      traded: { ...traded, minLots: least.value, maxLimitLots: lots(Number(most.count)) },
    };
  });
}

const beyond = ({ traded }: { traded: Instrument }): boolean => traded.maxLimitLots > 2 ** 31 - 1;

/** Quote coin that 2^53 tick-lots come to: what a double could count without an error. */
const doubleHolds = ({ tickSize, lotSize }: Instrument): number =>
  toNumber({
    mantissa: 2n ** 53n * tickSize.mantissa * lotSize.mantissa,
    scale: tickSize.scale + lotSize.scale,
  });

describe.skipIf(MISSING !== "")(`integers on 1,357 listed instruments${MISSING}`, () => {
  const spot = MISSING === "" ? listed("spot") : [];
  const linear = MISSING === "" ? listed("linear") : [];
  const holds = (symbol: string): number =>
    doubleHolds(spot.find(({ traded }) => traded.symbol === symbol)!.traded);

  it("reads 800 linear and 557 spot instruments, their lowest order and highest price on the grid", () => {
    expect([linear.length, spot.length]).toEqual([800, 557]);
    for (const { listing, traded } of linear) {
      // The venue's own highest price fits the int32 that ticks live in.
      expect(parsePrice(traded, listing.priceFilter.maxPrice!).ok).toBe(true);
    }
  });

  it("finds four pairs whose largest order is off their own lot grid: it must be floored", () => {
    const off = [...spot, ...linear].filter(({ listing, traded }) => {
      return !countSteps(largestOrder(listing), traded.lotSize).exact;
    });
    expect(off.map(({ listing }) => `${listing.symbol} ${formatDecimal(largestOrder(listing))}`))
      .toMatchInlineSnapshot(`
      [
        "ETHBTC 1542.6000000000001",
        "WBTCUSDT 1.0977000000000001",
        "BTCPLN 0.8702999999999999",
        "VERONAUSDT 200000.04000000004",
      ]
    `);
  });

  it("2^53 tick-lots are $901 of BABYDOGE, $9 M of SHIB and PEPE, $0.9 bn of BTC, all spot", () => {
    expect(holds("BABYDOGEUSDT")).toBeCloseTo(900.72, 2);
    expect(holds("SHIBUSDT")).toBeCloseTo(9_007_199.25, 2);
    expect(holds("PEPEUSDT")).toBeCloseTo(9_007_199.25, 2);
    expect(holds("BTCUSDT")).toBeCloseTo(900_719_925.47, 2);
  });

  it("238 of 557 spot pairs hold under a billion, counted in their own quote coin", () => {
    const under = spot.filter(({ traded }) => doubleHolds(traded) < 1e9);
    expect(under).toHaveLength(238);
    // Of these 217 are quoted in a dollar (USDT, USDC, USDE, …): the rest in BTC, ETH, EUR and so on.
    expect(under.filter(({ traded }) => traded.quote.includes("USD"))).toHaveLength(217);
  });

  it("linear contracts hold at least $0.9 bn", () => {
    const least = Math.min(...linear.map(({ traded }) => doubleHolds(traded)));
    expect(least).toBeCloseTo(900_719_925.47, 2);
  });

  it("the largest limit order is more lots than an int32 counts on 21 pairs, all of them spot", () => {
    expect(spot.filter(beyond)).toHaveLength(21);
    expect(linear.filter(beyond)).toHaveLength(0);
  });

  it("cash stays exact on every one of them, where a double no longer is", () => {
    let inexactDoubles = 0;
    for (const { traded } of [...spot, ...linear]) {
      const price = halfTicks(2 ** 31 - 1);
      const largest = BigInt(traded.maxLimitLots);
      // A million of the largest orders, and one lot more: the one lot is still told apart.
      const many = largest * 1_000_000n;
      const worth = worthOfLot(traded, price);
      expect(worth * (many + 1n) - worth * many).toBe(worth);
      // The digits are those of tick × lot × half the price, to the last one.
      const { tickSize, lotSize } = traded;
      const exact = {
        mantissa: BigInt(price) * tickSize.mantissa * lotSize.mantissa * 5n,
        scale: tickSize.scale + lotSize.scale + 1,
      };
      expect(compareDecimal({ mantissa: worth, scale: cashScale(traded) }, exact)).toBe(0);
      const asDouble = Number(price) * traded.maxLimitLots;
      if (BigInt(asDouble) !== BigInt(price) * largest) inexactDoubles += 1;
    }
    // One such order at the highest price: a double miscounts half-tick-lots on that many of them.
    expect(inexactDoubles).toBe(95);
  });
});
