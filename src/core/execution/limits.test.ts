import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal } from "../domain/decimal.ts";
import { lots } from "../domain/units.ts";
import {
  DEFAULT_EXECUTION_CONFIG,
  DEFAULT_RISK_LIMITS,
  type ExecutionConfig,
  LIMIT_SCOPES,
  type LimitedTerms,
  lotsAtLeast,
  type RiskLimits,
  strictest,
} from "./limits.ts";

const instrument = { lotSize: decimal("0.001"), minLots: lots(5) };
const order: LimitedTerms = { maxSpreadToCross: 10, minOrder: lots(1), constraints: {} };

const fraction = fc.double({ min: 0.001, max: 1, noNaN: true });
const bps = fc.double({ min: 0, max: 1000, noNaN: true });
const size = fc.integer({ min: 0, max: 1_000_000 });
const cases = fc.record({
  order: fc.record({
    maxParticipation: fc.option(fraction, { nil: undefined }),
    maxSpreadToCross: bps,
    minOrder: size,
  }),
  config: fc.record({ maxParticipation: fraction, maxSpreadToCrossBps: bps, thousandths: size }),
  safety: fc.record({ participation: fraction, spreadToCrossBps: bps }),
  lotSize: fc.constantFrom("0.001", "0.01", "0.0025", "1"),
  minLots: size,
});

describe("strictest", () => {
  it("is never looser than any voice, and is the word of the one it names", () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const { maxParticipation } = drawn.order;
        const terms: LimitedTerms = {
          maxSpreadToCross: drawn.order.maxSpreadToCross,
          minOrder: lots(drawn.order.minOrder),
          constraints: maxParticipation === undefined ? {} : { maxParticipation },
        };
        const minOrder = (drawn.config.thousandths / 1000).toFixed(3);
        const config: ExecutionConfig = { ...DEFAULT_EXECUTION_CONFIG, ...drawn.config, minOrder };
        const safety: RiskLimits = { ...DEFAULT_RISK_LIMITS, ...drawn.safety };
        const grid = { lotSize: decimal(drawn.lotSize), minLots: lots(drawn.minLots) };
        const effective = strictest(terms, config, safety, grid);

        const participation: Partial<Record<string, number | undefined>> = {
          order: maxParticipation,
          config: config.maxParticipation,
          safety: safety.participation,
        };
        const spread: Record<string, number> = {
          order: terms.maxSpreadToCross,
          config: config.maxSpreadToCrossBps,
          safety: safety.spreadToCrossBps,
        };
        for (const voice of Object.values(participation)) {
          if (voice !== undefined) expect(effective.participation.value).toBeLessThanOrEqual(voice);
        }
        for (const voice of Object.values(spread)) {
          expect(effective.spreadToCrossBps.value).toBeLessThanOrEqual(voice);
        }
        expect(participation[effective.participation.setBy]).toBe(effective.participation.value);
        expect(spread[effective.spreadToCrossBps.setBy]).toBe(effective.spreadToCrossBps.value);

        const least = effective.minOrder.value;
        expect(least).toBeGreaterThanOrEqual(terms.minOrder);
        expect(least).toBeGreaterThanOrEqual(grid.minLots);
        expect(least * Number(drawn.lotSize)).toBeGreaterThanOrEqual(Number(minOrder) - 1e-9);
      }),
    );
  });

  it("takes an order that says nothing of participation at the config's word", () => {
    const effective = strictest(order, DEFAULT_EXECUTION_CONFIG, DEFAULT_RISK_LIMITS, instrument);
    expect(effective.participation).toEqual({ value: 0.1, setBy: "config" });
    expect(effective.spreadToCrossBps).toEqual({ value: 10, setBy: "order" });
  });

  it("lets the venue's minimum stand over a smaller one", () => {
    const config = { ...DEFAULT_EXECUTION_CONFIG, minOrder: "0.001" };
    const effective = strictest(order, config, DEFAULT_RISK_LIMITS, instrument);
    expect(effective.minOrder).toEqual({ value: 5, setBy: "venue" });
  });

  it("refuses a limit that is not a number: every comparison with it would be false", () => {
    const safety = { ...DEFAULT_RISK_LIMITS, participation: Number.NaN };
    expect(() => strictest(order, DEFAULT_EXECUTION_CONFIG, safety, instrument)).toThrow(
      "the safety's limit is not a number",
    );
  });
});

describe("the defaults", () => {
  it("are those of the requirements", () => {
    expect(DEFAULT_EXECUTION_CONFIG).toEqual({
      maxParticipation: 0.1,
      maxSpreadToCrossBps: 10,
      urgency: 0.5,
      llmAdaptation: true,
      llmQueryInterval: 60_000_000,
      minOrder: "0.01",
      darkVenues: true,
    });
    expect(DEFAULT_RISK_LIMITS).toEqual({
      participation: 0.1,
      participationWindow: 60_000_000,
      orderNotional: 100_000,
      aggressiveSpacing: 5_000_000,
      spreadToCrossBps: 20,
      benchmarkDeviationBps: 100,
      shortfallAlertBps: 50,
      volatilityStopPerHour: 0.05,
      llmTimeout: 10_000_000,
      ordersPerMinute: 20,
      amendsPerMinute: 60,
      positionNotional: 10_000_000,
      orderImpactBps: 25,
      staleAfter: 5_000_000,
    });
  });

  it("cannot be loosened in place by one run for the next", () => {
    expect(Object.isFrozen(DEFAULT_EXECUTION_CONFIG)).toBe(true);
    expect(Object.isFrozen(DEFAULT_RISK_LIMITS)).toBe(true);
  });

  it("state a scope for every limit", () => {
    expect(Object.keys(LIMIT_SCOPES).sort()).toEqual(Object.keys(DEFAULT_RISK_LIMITS).sort());
  });
});

describe("lotsAtLeast", () => {
  it("rounds a minimum between two lots up", () => {
    expect(lotsAtLeast({ lotSize: decimal("0.004") }, "0.01")).toBe(3);
    expect(lotsAtLeast({ lotSize: decimal("0.005") }, "0.01")).toBe(2);
    expect(lotsAtLeast({ lotSize: decimal("1") }, "0.01")).toBe(1);
  });
});
