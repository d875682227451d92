import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal } from "../domain/decimal.ts";
import type { ContractKind, Instrument } from "../domain/instrument.ts";
import { halfTicks, lots, micros, ticks } from "../domain/units.ts";
import type { Execution, PartialExecution } from "./execution.ts";
import { type PartialShortfall, partialShortfall } from "./partial-shortfall.ts";
import { shortfall } from "./shortfall.ts";

const instrument = (kind: ContractKind): Instrument => ({
  venue: "test",
  symbol: "BTCUSDT",
  kind,
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal(kind === "inverse" ? "1" : "0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(1_000_000),
  minNotional: decimal("0"),
});

const mid = fc.integer({ min: 1_000, max: 1_400_000 }).map(halfTicks);
const executions: fc.Arbitrary<Execution> = fc
  .record({
    kind: fc.constantFrom<ContractKind>("spot", "linear", "inverse"),
    side: fc.constantFrom("buy" as const, "sell" as const),
    prices: fc.tuple(mid, mid, mid),
    left: fc.nat(50),
    fills: fc.array(
      fc.record({ price: fc.integer({ min: 500, max: 700_000 }), quantity: fc.nat(99), mid }),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map(({ kind, side, prices: [decisionPrice, arrivalPrice, horizonPrice], left, fills }) => ({
    instrument: instrument(kind),
    side,
    decisionPrice,
    arrivalPrice,
    horizonPrice,
    quantity: {
      kind: "lots",
      lots: lots(left + fills.reduce((sum, { quantity }) => sum + quantity, 0)),
    },
    startAt: micros(0),
    endAt: micros(9),
    fills: fills.map(({ price, quantity, mid: midBefore }, i) => ({
      fill: {
        executionId: `x${i}`,
        price: ticks(price),
        quantity: lots(quantity),
        liquidity: "taker",
        fee: "0.01",
        feeCoin: kind === "inverse" ? "BTC" : "USDT",
        exchangeTime: micros(i),
      },
      clientOrderId: "c",
      midBefore,
      midSource: "recording",
      displacement: halfTicks(0),
      orderKind: "aggressive",
    })),
    market: { others: { lots: 0, vwapTicks: Number.NaN }, ownPrinted: false },
    funding: [],
    markouts: [],
    children: [],
    displacementModel: "none",
  }));

/** Every figure by its name. */
const figures = (cost: PartialShortfall): Record<string, bigint | undefined> => {
  const { total, beforeFees, whileTrading, filledPart, decisionNotional, filledNotional } = cost;
  const sums = { total, beforeFees, whileTrading, filledPart, decisionNotional, filledNotional };
  return { ...sums, ...cost.parts };
};

function without<Whole extends object, Key extends keyof Whole>(
  whole: Whole,
  key: Key,
): Omit<Whole, Key> {
  const { [key]: _gone, ...rest } = whole;
  return rest;
}

/** Takes one thing that was known away. */
const FORGET: Readonly<Record<string, (execution: Execution) => PartialExecution>> = {
  decision: (execution) => without(execution, "decisionPrice"),
  arrival: (execution) => without(execution, "arrivalPrice"),
  horizon: (execution) => without(execution, "horizonPrice"),
  "a mid": ({ fills: [first, ...others], ...rest }) => ({
    ...rest,
    fills: [without(first!, "midBefore"), ...others],
  }),
  "a fee": ({ fills: [first, ...others], ...rest }) => ({
    ...rest,
    fills: [{ ...first!, fill: without(first!.fill, "fee") }, ...others],
  }),
};

describe("the partial shortfall", () => {
  it("is the shortfall where nothing is unknown but the impact, which is inside timing", () => {
    fc.assert(
      fc.property(executions, (execution) => {
        const cost = shortfall(execution);
        const partial = partialShortfall({ ...execution, displacementModel: "unknown" });
        expect(partial.parts).toEqual({ ...cost.parts, impact: undefined });
        expect([partial.total, partial.intended, partial.filled]).toEqual([
          cost.total,
          cost.intended,
          cost.filled,
        ]);
        expect([partial.filledPart, partial.decisionNotional, partial.filledNotional]).toEqual([
          cost.filledPart,
          cost.decisionNotional,
          cost.filledNotional,
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it.each(Object.keys(FORGET))(
    "without %s a figure is the same or unknown, never another",
    (what) => {
      let forgotten = 0;
      fc.assert(
        fc.property(executions, (execution) => {
          const known = figures(partialShortfall(execution));
          const left = figures(partialShortfall(FORGET[what]!(execution)));
          for (const [name, value] of Object.entries(left)) {
            if (value === undefined) forgotten += 1;
            else expect([name, value]).toEqual([name, known[name]]);
          }
        }),
        { numRuns: 200 },
      );
      expect(forgotten).toBeGreaterThan(0);
    },
  );

  it("needs no horizon where nothing is left, and no arrival for the whole", () => {
    fc.assert(
      fc.property(executions, (execution) => {
        const lotsFilled = execution.fills.reduce((sum, { fill }) => sum + fill.quantity, 0);
        const rest = without(without(execution, "horizonPrice"), "arrivalPrice");
        const done = { ...rest, quantity: { kind: "lots", lots: lots(lotsFilled) } } as const;
        const full = shortfall({ ...execution, quantity: done.quantity });
        expect(partialShortfall(done).total).toBe(full.total);
      }),
    );
  });
});
