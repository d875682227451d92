import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal, formatDecimal, toNumber } from "./decimal.ts";
import { cashScale, type ContractKind, type Instrument, worthOfLot } from "./instrument.ts";
import {
  affordableLots,
  feeToCash,
  floorToLotsWithin,
  quoteScale,
  quoteSpent,
  quoteUnits,
  quoteValue,
  vwapOf,
} from "./money.ts";
import { atTick, halfTicks, lots, type Lots, type Ticks, ticks } from "./units.ts";

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
    minNotional: decimal("0"),
  };
}

const SPOT = instrument("spot", "0.1", "0.000001");
const MEME = instrument("spot", "0.0000000000001", "1");
const INVERSE = instrument("inverse", "0.5", "1", "100");

const anyInstrument = fc.constantFrom(SPOT, MEME, INVERSE, instrument("linear", "0.01", "0.1"));
const anyPrice = fc.integer({ min: 1, max: 2 ** 31 - 2 }).map(ticks);

const inUnits = (traded: Instrument, text: string): string =>
  formatDecimal({ mantissa: quoteUnits(traded, text), scale: quoteScale(traded) });

const shareOf = (quantity: Lots, share: number): Lots => lots(Math.floor(quantity * share));

describe("a parent in quote coin", () => {
  it("is counted exactly, and what is too fine to count is dropped, not rounded up", () => {
    expect(inUnits(SPOT, "100000.5")).toBe("100000.500000000000");
    expect(inUnits(SPOT, "0.0000000000019")).toBe("0.000000000001");
    expect(inUnits(SPOT, "-0.0000000000019")).toBe("-0.000000000002");
    expect(inUnits(INVERSE, "100.25")).toBe("100.250000000000");
    expect(() => quoteUnits(SPOT, "1e5")).toThrow(/not a decimal/);
  });

  it("buys floor(money / limit) lots", () => {
    // 100,000 USD at 64,250.1: 1.55641781102…
    const free = quoteUnits(SPOT, "100000");
    expect(affordableLots(SPOT, free, ticks(642_501))).toBe(1_556_417);
    expect(affordableLots(SPOT, 0n, ticks(642_501))).toBe(0);
    expect(affordableLots(SPOT, -1n, ticks(642_501))).toBe(0);
    // A contract of 100 USD costs 100 USD at every price.
    const usd = quoteUnits(INVERSE, "999.99");
    expect(affordableLots(INVERSE, usd, ticks(1))).toBe(9);
    expect(affordableLots(INVERSE, usd, ticks(100_000))).toBe(9);
  });

  it("pays for those lots and for not one more", () => {
    const money = fc.bigInt({ min: 0n, max: 10n ** 22n });
    fc.assert(
      fc.property(anyInstrument, anyPrice, money, (traded, price, free) => {
        const count = floorToLotsWithin(traded, free, atTick(price));
        const one = quoteSpent(traded, price, lots(1));
        expect(count * one <= free && free < (count + 1n) * one).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is told apart from one that no double can count, and a child stays countable", () => {
    // Ten million dollars of a coin at 10^-9: more than 2^53 lots.
    const free = quoteUnits(MEME, "10000000");
    expect(floorToLotsWithin(MEME, free, atTick(ticks(10_000)))).toBe(10n ** 16n);
    expect(affordableLots(MEME, free, ticks(10_000))).toBe(Number.MAX_SAFE_INTEGER);
  });

  /** Sends children until nothing is left, some resting, each filled at its limit or better. */
  interface Step {
    readonly limit: number;
    readonly share: number;
    readonly filledShare: number;
    readonly improvement: number;
  }
  const steps = fc.array(
    fc.record<Step>({
      limit: fc.integer({ min: 60_000, max: 70_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      filledShare: fc.double({ min: 0, max: 1, noNaN: true }),
      improvement: fc.nat(500),
    }),
    { minLength: 1, maxLength: 30 },
  );
  it("never overspends, however its children fill", () => {
    const traded = instrument("spot", "1", "0.001");
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 10 ** 7 }), (path, budgetInQuote) => {
        const budget = quoteUnits(traded, `${budgetInQuote}.37`);
        let spent = 0n;
        let resting: { limit: Ticks; quantity: Lots }[] = [];
        for (const { limit, share, filledShare, improvement } of path) {
          const price = ticks(limit);
          const working = resting.reduce(
            (sum, child) => sum + quoteSpent(traded, child.limit, child.quantity),
            0n,
          );
          const most = affordableLots(traded, budget - spent - working, price);
          resting.push({ limit: price, quantity: shareOf(most, share) });
          resting = resting.map((child) => {
            const filled = shareOf(child.quantity, filledShare);
            spent += quoteSpent(traded, ticks(child.limit - improvement), filled);
            return { limit: child.limit, quantity: lots(child.quantity - filled) };
          });
          expect(spent <= budget).toBe(true);
        }
        // Even with all that rests filled at its limit.
        for (const child of resting) spent += quoteSpent(traded, child.limit, child.quantity);
        expect(spent <= budget).toBe(true);
        const left = affordableLots(traded, budget - spent, ticks(60_000));
        expect(quoteSpent(traded, ticks(60_000), left) <= budget - spent).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("comes to the worth of its lots, where the contract is linear", () => {
    fc.assert(
      fc.property(anyPrice, fc.nat(10 ** 9), (price, quantity) => {
        const worth = worthOfLot(SPOT, atTick(price)) * BigInt(quantity);
        expect(quoteSpent(SPOT, price, lots(quantity))).toBe(worth);
      }),
    );
    expect(() => quoteValue(SPOT, halfTicks(0), lots(1))).toThrow(/positive/);
  });
});

const inCash = (traded: Instrument, fee: string, feeCoin: string, rate?: string) => {
  const amount = feeToCash(traded, { fee, feeCoin, price: ticks(640_000) }, rate);
  return amount === undefined
    ? undefined
    : formatDecimal({ mantissa: amount, scale: cashScale(traded) });
};

describe("fees", () => {
  it("in the settlement coin are taken as they are, rebates under zero", () => {
    expect(inCash(SPOT, "16.0625", "USD")).toBe("16.062500000000");
    expect(inCash(SPOT, "-16.0625", "USD")).toBe("-16.062500000000");
    expect(inCash(INVERSE, "0.00000123", "BTC")).toBe("0.000001230000000000");
  });

  it("beyond the digits of cash are rounded half away from zero", () => {
    expect(inCash(SPOT, "0.0000000000005", "USD")).toBe("0.000000000001");
    expect(inCash(SPOT, "-0.0000000000005", "USD")).toBe("-0.000000000001");
    expect(inCash(SPOT, "0.0000000000004", "USD")).toBe("0.000000000000");
  });

  it("in the instrument's other coin are converted at the fill", () => {
    // A spot buy pays its fee in the coin it bought: 0.001 BTC at 64,000.0.
    expect(inCash(SPOT, "0.001", "BTC")).toBe("64.000000000000");
    // 32 USD at 320,000 is 0.0001 BTC.
    expect(inCash(INVERSE, "32", "USD")).toBe("0.000100000000000000");
    expect(inCash(INVERSE, "-32", "USD")).toBe("-0.000100000000000000");
  });

  it("in a third coin need a rate, and without one are unknown, not nothing", () => {
    expect(inCash(SPOT, "0.01", "BNB", "550.5")).toBe("5.505000000000");
    expect(inCash(SPOT, "0.01", "BNB")).toBeUndefined();
    expect(inCash(SPOT, "0", "BNB")).toBe("0.000000000000");
    expect(() => inCash(SPOT, "free", "USD")).toThrow(/not a decimal/);
  });
});

const trades = (...pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([price, quantity]) => ({ price: ticks(price), quantity: lots(quantity) }));
const text = (traded: Instrument, ...pairs: readonly (readonly [number, number])[]) => {
  const average = vwapOf(traded, trades(...pairs));
  return average === undefined ? undefined : formatDecimal(average);
};

describe("average price", () => {
  it("weighs linear prices by quantity", () => {
    expect(text(SPOT, [640_000, 1], [640_010, 3])).toBe("64000.7500000");
    expect(text(SPOT, [640_000, 1], [640_001, 2])).toBe("64000.0666667");
  });

  it("weighs inverse prices by worth: 100 contracts at 1 and 100 at 3 average 1.5, not 2", () => {
    expect(text(INVERSE, [2, 100], [6, 100])).toBe("1.5000000");
  });

  it("of nothing is unknown", () => {
    expect(text(SPOT)).toBeUndefined();
    expect(text(SPOT, [640_000, 0])).toBeUndefined();
  });

  it("lies between the extremes, ignores the order, and gives the worth of the whole", () => {
    const list = fc.array(
      fc.tuple(fc.integer({ min: 1_000, max: 9_000 }), fc.integer({ min: 1, max: 10 ** 6 })),
      {
        minLength: 1,
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(fc.constantFrom(SPOT, INVERSE), list, (traded, pairs) => {
        const average = vwapOf(traded, trades(...pairs))!;
        expect(vwapOf(traded, trades(...pairs.toReversed()))).toEqual(average);
        const inTicks = toNumber(average) / toNumber(traded.tickSize);
        const prices = pairs.map(([price]) => price);
        expect(inTicks).toBeGreaterThanOrEqual(Math.min(...prices) - 1e-5);
        expect(inTicks).toBeLessThanOrEqual(Math.max(...prices) + 1e-5);
        // The same lots at the average are worth what they were worth one by one.
        let [quantity, worth] = [0, 0];
        for (const [price, each] of pairs) {
          quantity += each;
          worth += traded.kind === "inverse" ? each / price : each * price;
        }
        const whole = traded.kind === "inverse" ? quantity / inTicks : quantity * inTicks;
        expect(Math.abs(whole - worth) / worth).toBeLessThan(1e-8);
      }),
      { numRuns: 500 },
    );
  });

  it("stays one exact fraction over thousands of prices", () => {
    const pairs = Array.from({ length: 5_000 }, (_, n) => [100_000 + n, 1] as const);
    const average = toNumber(vwapOf(INVERSE, trades(...pairs))!);
    const exact = 5_000 / pairs.reduce((sum, [price]) => sum + 1 / price, 0);
    expect(average).toBeCloseTo(exact * 0.5, 6);
  });
});
