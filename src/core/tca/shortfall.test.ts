import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal, formatDecimal, rescale } from "../domain/decimal.ts";
import { cashScale, type ContractKind, type Instrument, worthOfLot } from "../domain/instrument.ts";
import { quoteScale, quoteValue } from "../domain/money.ts";
import type { ParentQuantity } from "../domain/parent-order.ts";
import type { Side } from "../domain/side.ts";
import { cash, type HalfTicks, halfTicks, lots, micros, ticks } from "../domain/units.ts";
import type { ExecutedFill, Execution } from "./execution.ts";
import { bpsOf, intendedLots, shortfall, type ShortfallParts } from "./shortfall.ts";

function instrument(kind: ContractKind, tick: string, lot: string, contract = "1"): Instrument {
  return {
    venue: "test",
    symbol: "AAABBB",
    kind,
    base: "AAA",
    quote: "BBB",
    tickSize: decimal(tick),
    lotSize: decimal(lot),
    contractSize: decimal(contract),
    minLots: lots(1),
    maxLimitLots: lots(1_000_000),
    maxMarketLots: lots(1_000_000),
    minNotional: decimal("0"),
  };
}

const LINEAR = instrument("linear", "0.1", "0.001");
const SPOT = instrument("spot", "0.01", "0.00001");
const INVERSE = instrument("inverse", "0.1", "1", "100");

/** One fill of each kind of cost: a readable example with every part in it. */
function fillAt(price: number, quantity: number, more: Partial<ExecutedFill> = {}): ExecutedFill {
  return {
    fill: {
      executionId: `x${price}:${quantity}:${more.midBefore ?? ""}`,
      price: ticks(price),
      quantity: lots(quantity),
      liquidity: "taker",
      fee: "0",
      feeCoin: "BBB",
      exchangeTime: micros(5),
    },
    clientOrderId: "c1",
    midBefore: halfTicks(price * 2),
    midSource: "venue",
    displacement: halfTicks(0),
    orderKind: "aggressive",
    ...more,
  };
}

function execution(of: Partial<Execution> = {}): Execution {
  return {
    instrument: LINEAR,
    side: "buy",
    quantity: { kind: "lots", lots: lots(100) },
    decisionPrice: halfTicks(2000),
    arrivalPrice: halfTicks(2010),
    horizonPrice: halfTicks(2100),
    startAt: micros(0),
    endAt: micros(10),
    fills: [],
    market: { others: { lots: 0, vwapTicks: Number.NaN }, ownPrinted: false },
    funding: [],
    markouts: [],
    children: [],
    displacementModel: "none",
    ...of,
  };
}

/** Cash of a count of half-tick-lots: 0.1 × 0.001 / 2 of quote coin each. */
const halfTickLots = (instrumentOf: Instrument, count: number | bigint): bigint =>
  BigInt(count) * worthOfLot(instrumentOf, halfTicks(1));

const sumOf = (parts: ShortfallParts): bigint =>
  parts.delay +
  parts.spread +
  parts.impact +
  parts.timing +
  parts.opportunity +
  parts.fees +
  parts.funding;

describe("shortfall, worked by hand", () => {
  const fills = [
    // Mid 2031 half ticks, of which 8 are our own doing; bought 1 half tick above it.
    fillAt(1016, 60, {
      midBefore: halfTicks(2031),
      displacement: halfTicks(8),
      permanentDisplacement: halfTicks(3),
    }),
  ];
  const bought = shortfall(execution({ fills, funding: [{ amount: cash(7n) }] }));

  it("splits a part-filled buy into every part", () => {
    const { parts } = bought;
    expect(parts.delay).toBe(halfTickLots(LINEAR, 100 * 10));
    expect(parts.spread).toBe(halfTickLots(LINEAR, 60 * 1));
    expect(parts.impact).toBe(halfTickLots(LINEAR, 60 * 8));
    expect(parts.timing).toBe(halfTickLots(LINEAR, 60 * (2031 - 8 - 2010)));
    expect(parts.opportunity).toBe(halfTickLots(LINEAR, 40 * 90));
    expect(parts.fees).toBe(0n);
    expect(parts.funding).toBe(7n);
    expect(bought.impact).toEqual({
      temporary: halfTickLots(LINEAR, 60 * 5),
      permanent: halfTickLots(LINEAR, 60 * 3),
    });
    expect(bought.total).toBe(halfTickLots(LINEAR, 1000 + 60 + 480 + 780 + 3600) + 7n);
    expect(bought.filledPart).toBe(halfTickLots(LINEAR, 60 * 32));
  });

  it("counts bps of the decision notional, and of the filled part's own", () => {
    // 60 lots at +32 half ticks on 2000: 160 bps.
    expect(bpsOf(bought.filledPart, bought.filledNotional)).toBeCloseTo(160, 9);
    expect(bpsOf(bought.parts.delay, bought.decisionNotional)).toBeCloseTo(50, 9);
    expect(bpsOf(cash(1n), cash(0n))).toBeUndefined();
  });

  it("charges what was never filled as opportunity, and nothing else but delay", () => {
    const { parts, total, filled } = shortfall(execution());
    expect(filled).toBe(0);
    expect(parts).toMatchObject({ spread: 0n, impact: 0n, timing: 0n, fees: 0n });
    expect(total).toBe(halfTickLots(LINEAR, 100 * 100));
  });

  it("charges no opportunity when everything was filled", () => {
    const full = shortfall(execution({ fills: [fillAt(1010, 100)] }));
    expect(full.parts.opportunity).toBe(0n);
    expect(full.total).toBe(full.filledPart);
  });

  it("counts a rebate as earned", () => {
    const fill = { ...fillAt(1010, 100).fill, fee: "-0.05" };
    const { parts } = shortfall(execution({ fills: [{ ...fillAt(1010, 100), fill }] }));
    expect(parts.fees).toBe(-rescale(decimal("0.05"), cashScale(LINEAR)));
  });

  it("leaves a fee out of the total where its coin has no rate, and says so", () => {
    const fill = { ...fillAt(1010, 100).fill, fee: "0.25", feeCoin: "CCC" };
    const unpriced = shortfall(execution({ fills: [{ ...fillAt(1010, 100), fill }] }));
    expect(unpriced.parts.fees).toBe(0n);
    expect(unpriced.unpricedFees).toEqual([{ coin: "CCC", amount: "0.25" }]);
    const priced = shortfall(execution({ fills: [{ ...fillAt(1010, 100), fill, feeRate: "4" }] }));
    expect(priced.parts.fees).toBe(rescale(decimal("1"), cashScale(LINEAR)));
    expect(priced.unpricedFees).toEqual([]);
  });

  it("does not split an impact whose lasting share nobody stated", () => {
    const silent = fillAt(1016, 10, { displacement: halfTicks(2) });
    expect(shortfall(execution({ fills: [silent] })).impact).toBeUndefined();
    expect(shortfall(execution({ fills: [fillAt(1016, 10)] })).impact).toEqual({
      temporary: 0n,
      permanent: 0n,
    });
  });

  it("tells funding that nobody recorded from funding of zero", () => {
    const { funding: _, ...unrecorded } = execution();
    expect(shortfall(unrecorded).fundingKnown).toBe(false);
    expect(shortfall(execution()).fundingKnown).toBe(true);
    expect(shortfall({ ...unrecorded, instrument: SPOT }).fundingKnown).toBe(true);
  });

  it("refuses to count an execution twice", () => {
    const fill = fillAt(1010, 10);
    expect(() => shortfall(execution({ fills: [fill, fill] }))).toThrow(/counted twice/);
  });

  it("counts a parent in money at the decision price, floored to lots", () => {
    const asked: ParentQuantity = { kind: "notional", quote: "1000" };
    // 100.0 per unit, lots of 0.001: 10 units; at 100.05 it is 9.995 less what does not fit.
    expect(intendedLots(LINEAR, asked, halfTicks(2000))).toBe(10_000);
    expect(intendedLots(LINEAR, asked, halfTicks(2001))).toBe(9_995);
    // 1,000 BBB is ten contracts of 100 BBB, whatever the price.
    expect(intendedLots(INVERSE, asked, halfTicks(2000))).toBe(10);
  });

  it("still sums when a parent in money bought more lots than it was counted at", () => {
    const cheap = shortfall(
      execution({ quantity: { kind: "notional", quote: "10" }, fills: [fillAt(900, 111)] }),
    );
    expect(cheap.intended).toBe(100);
    expect(cheap.filled).toBe(111);
    expect(cheap.parts.opportunity).toBe(halfTickLots(LINEAR, -11 * 90));
    expect(sumOf(cheap.parts)).toBe(cheap.total);
  });
});

interface Case {
  readonly execution: Execution;
  readonly mirrored: Execution;
}

/** What so many lots come to, and a little that no further lot can be bought for. */
const worthAtDecision = (traded: Instrument, price: number, quantity: number): string =>
  formatDecimal({
    mantissa: quoteValue(traded, halfTicks(price), lots(quantity)) * 1000n + 999n,
    scale: quoteScale(traded) + 3,
  });

const FEES = ["0", "1.5", "-0.25", "0.000000000001", "12.3456789012345678901"];

/** Executions of one kind: grids from memecoins to bitcoin, none to six fills, all coins of fees. */
function executions(kind: ContractKind, inMoney: boolean): fc.Arbitrary<Case> {
  const grid = fc.record({
    tick: fc.constantFrom("0.1", "0.5", "0.0001", "10", "0.0000000000001"),
    lot: fc.constantFrom("1", "0.001", "0.000001", "10"),
    contract: fc.constantFrom("1", "100", "0.0001"),
  });
  const price = fc.integer({ min: 200_000, max: 240_000 });
  const fill = fc.record({
    price: fc.integer({ min: 100_000, max: 120_000 }),
    quantity: fc.integer({ min: 1, max: 2_000 }),
    mid: price,
    displacement: fc.integer({ min: -900, max: 900 }),
    lasting: fc.option(fc.integer({ min: -900, max: 900 }), { nil: undefined }),
    fee: fc.constantFrom(...FEES),
    feeCoin: fc.constantFrom("AAA", "BBB", "CCC"),
    feeRate: fc.option(fc.constantFrom("3", "0.000123"), { nil: undefined }),
    maker: fc.boolean(),
  });
  return fc
    .record({
      grid,
      side: fc.constantFrom<Side>("buy", "sell"),
      asked: fc.integer({ min: 0, max: 12_000 }),
      fillInFull: fc.boolean(),
      prices: fc.tuple(price, price, price),
      fills: fc.array(fill, { maxLength: 6 }),
      funding: fc.array(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), { maxLength: 2 }),
    })
    .map(({ grid: { tick, lot, contract }, side, asked, fillInFull, prices, fills, funding }) => {
      const traded = instrument(kind, tick, lot, contract);
      const filled = fills.reduce((sum, { quantity }) => sum + quantity, 0);
      const quantity: ParentQuantity = inMoney
        ? { kind: "notional", quote: worthAtDecision(traded, prices[0], asked) }
        : { kind: "lots", lots: lots(fillInFull ? filled : Math.max(asked, filled)) };
      const made: Execution = execution({
        instrument: traded,
        side,
        quantity,
        decisionPrice: halfTicks(prices[0]),
        arrivalPrice: halfTicks(prices[1]),
        horizonPrice: halfTicks(prices[2]),
        funding: funding.map((amount) => ({ amount: cash(amount) })),
        displacementModel: "exact",
        fills: fills.map((one, n) => ({
          fill: {
            executionId: `x${n}`,
            price: ticks(one.price),
            quantity: lots(one.quantity),
            liquidity: one.maker ? "maker" : "taker",
            fee: one.fee,
            feeCoin: one.feeCoin,
            exchangeTime: micros(n),
          },
          clientOrderId: `c${n}`,
          midBefore: halfTicks(one.mid),
          midSource: "venue",
          displacement: halfTicks(one.displacement),
          orderKind: one.maker ? "passive" : "aggressive",
          ...(one.lasting === undefined ? {} : { permanentDisplacement: halfTicks(one.lasting) }),
          ...(one.feeRate === undefined ? {} : { feeRate: one.feeRate }),
        })),
      });
      return { execution: made, mirrored: { ...made, side: side === "buy" ? "sell" : "buy" } };
    });
}

/** DOMAIN's own formula, side·[S(P₀−P_d) + Σs(p−P₀) + (S−Σs)(P_n−P₀)] + fees + funding. */
function perold({ execution: made }: Case, fees: bigint): bigint {
  const { instrument: traded } = made;
  const worth = (price: number): bigint => worthOfLot(traded, halfTicks(price));
  const arrived = worth(made.arrivalPrice);
  let rest = BigInt(intendedLots(traded, made.quantity, made.decisionPrice));
  let sum = rest * (arrived - worth(made.decisionPrice));
  for (const { fill } of made.fills) {
    sum += BigInt(fill.quantity) * (worth(2 * fill.price) - arrived);
    rest -= BigInt(fill.quantity);
  }
  sum += rest * (worth(made.horizonPrice) - arrived);
  const funding = (made.funding ?? []).reduce((total, { amount }) => total + amount, 0n);
  return (made.side === "buy" ? sum : -sum) + fees + funding;
}

/** Prices reflected in 220,000 half ticks. */
const flip = (price: number): HalfTicks => halfTicks(440_000 - price);

const KINDS = [
  { name: "linear", kind: "linear", inMoney: false, runs: 3_000 },
  { name: "inverse", kind: "inverse", inMoney: false, runs: 3_000 },
  { name: "quote-notional spot", kind: "spot", inMoney: true, runs: 3_000 },
  { name: "quote-notional inverse", kind: "inverse", inMoney: true, runs: 1_000 },
] as const;

describe("the parts of the shortfall sum to the whole exactly, in 10,000 executions", () => {
  it("is 10,000", () => {
    expect(KINDS.reduce((sum, { runs }) => sum + runs, 0)).toBe(10_000);
  });

  it.each(KINDS)("$name, $runs of them, and mirrored", ({ kind, inMoney, runs }) => {
    const seen = { fills: 0, none: 0, full: 0, beyond: 0, rest: 0, paid: 0, earned: 0 };
    fc.assert(
      fc.property(executions(kind, inMoney), (made) => {
        const cost = shortfall(made.execution);
        expect(sumOf(cost.parts)).toBe(cost.total);
        expect(cost.total).toBe(perold(made, cost.parts.fees));
        if (cost.impact !== undefined) {
          expect(cost.impact.temporary + cost.impact.permanent).toBe(cost.parts.impact);
        }
        // The other side at the same prices pays what this one earned; fees do not turn.
        const other = shortfall(made.mirrored);
        for (const part of ["delay", "spread", "impact", "timing", "opportunity"] as const) {
          expect(other.parts[part]).toBe(-cost.parts[part]);
        }
        expect(other.parts.fees).toBe(cost.parts.fees);
        expect(other.filledPart).toBe(-cost.filledPart);

        seen.fills += made.execution.fills.length;
        if (cost.filled === 0) seen.none += 1;
        else if (cost.filled === cost.intended) seen.full += 1;
        else if (cost.filled > cost.intended) seen.beyond += 1;
        else seen.rest += 1;
        if (cost.total > 0n) seen.paid += 1;
        if (cost.total < 0n) seen.earned += 1;
      }),
      { numRuns: runs, seed: 20_261_122 },
    );
    // The cases must have met what they are about.
    expect(seen.fills).toBeGreaterThan(runs);
    expect(Math.min(seen.none, seen.rest, seen.paid, seen.earned)).toBeGreaterThan(runs / 100);
    expect(inMoney ? seen.beyond : seen.full).toBeGreaterThan(runs / 100);
  });

  it("costs a linear sell at reflected prices what the buy cost", () => {
    fc.assert(
      fc.property(executions("linear", false), ({ execution: made }) => {
        const reflected: Execution = {
          ...made,
          side: made.side === "buy" ? "sell" : "buy",
          decisionPrice: flip(made.decisionPrice),
          arrivalPrice: flip(made.arrivalPrice),
          horizonPrice: flip(made.horizonPrice),
          fills: made.fills.map((one) => ({
            ...one,
            fill: { ...one.fill, price: ticks(220_000 - one.fill.price), feeCoin: "BBB" },
            midBefore: flip(one.midBefore),
            displacement: halfTicks(-one.displacement),
          })),
        };
        const upright = made.fills.map((one) => ({
          ...one,
          fill: { ...one.fill, feeCoin: "BBB" },
        }));
        expect(shortfall(reflected).parts).toEqual(shortfall({ ...made, fills: upright }).parts);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("agrees with a sum of half-tick-lots kept apart, where the contract is linear", () => {
    fc.assert(
      fc.property(executions("linear", false), ({ execution: made }) => {
        const side = made.side === "buy" ? 1n : -1n;
        let [spread, impact] = [0n, 0n];
        for (const { fill, midBefore, displacement } of made.fills) {
          spread += BigInt(fill.quantity) * BigInt(2 * fill.price - midBefore);
          impact += BigInt(fill.quantity) * BigInt(displacement);
        }
        const { parts } = shortfall(made);
        expect(parts.spread).toBe(halfTickLots(made.instrument, side * spread));
        expect(parts.impact).toBe(halfTickLots(made.instrument, side * impact));
      }),
      { numRuns: 500, seed: 8 },
    );
  });
});
