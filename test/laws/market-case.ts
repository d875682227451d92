/**
 * Market case: one run in a simulated market as plain data: what is asked for, where, and what
 * operators do in mid-order.
 *
 * Orders, limits and operators are those of the conformance suite's schedules; the market and its
 * venue are real simulations, composed from a configuration as users get them. Sizes run from a
 * few lots to many times what the market trades and shows.
 */
import fc from "fast-check";
import { decimal } from "../../src/core/domain/decimal.ts";
import type { Instrument } from "../../src/core/domain/instrument.ts";
import type { StrategyChoice } from "../../src/core/domain/parent-order.ts";
import { lots, type Micros, micros, SECOND } from "../../src/core/domain/units.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { GENERATED_INSTRUMENT } from "../../src/simulation/generated/market.ts";
import { describeOrders } from "../../src/testing/counter-example.ts";
import { schedules, withActs } from "../../src/testing/draws.ts";
import type { Ground, RestartDraft, Schedule } from "../../src/testing/schedule.ts";
import { limitsOf } from "../../src/testing/session.ts";

export const MARKET_KINDS = ["recorded", "reactive", "generated"] as const;
export type MarketKind = (typeof MARKET_KINDS)[number];

export interface MarketCase extends Pick<Schedule, "parents" | "operators" | "limits" | "seed"> {
  /** Which of the markets: its seed. */
  readonly world: number;
  /** Which of the `GRIDS`. */
  readonly grid: number;
  /** Lots to a unit of size. */
  readonly unit: number;
  readonly latencyMs: Readonly<Record<"entry" | "response" | "jitter", number>>;
  readonly queue: ArrivalConfig["simulation"]["queue"];
  readonly reaction: Readonly<Record<"halfLifeMs" | "permanent" | "transient", number>>;
  readonly fees: { readonly maker: string; readonly taker: string };
  /** Of a generated market: whether one without our orders runs beside it. */
  readonly isShadowed: boolean;
  /** How the journal's rows are cut when it is folded again. */
  readonly rows: RestartDraft["rows"];
}

/** The venue's minimums and maximums, from none that matter to some that bite. */
export const GRIDS: readonly Instrument[] = [
  GENERATED_INSTRUMENT,
  { ...GENERATED_INSTRUMENT, minNotional: decimal("500") },
  { ...GENERATED_INSTRUMENT, minLots: lots(20), maxLimitLots: lots(700) },
];
export const WORLDS = 3;
const START_TICKS = 642_500;

export const groundOf = ({ grid, unit }: MarketCase): Ground => ({
  instrument: GRIDS[grid]!,
  start: START_TICKS,
  unit,
});

export function configOf(kind: MarketKind, drawn: MarketCase): ArrivalConfig {
  const { latencyMs, queue, reaction, fees, limits } = drawn;
  const { halfLifeMs, permanent, transient } = reaction;
  return {
    ...DEFAULT_CONFIG,
    execution: {
      ...DEFAULT_CONFIG.execution,
      maxParticipation: 1,
      maxSpreadToCrossBps: 1_000,
      minOrder: "0",
    },
    limits: { ...limitsOf(limits, groundOf(drawn)), volatilityStopPerHour: 1 },
    simulation: {
      market: kind,
      reaction: { halfLife: ms(halfLifeMs), permanent, transient },
      entryLatency: ms(latencyMs.entry),
      responseLatency: ms(latencyMs.response),
      latencyJitter: ms(latencyMs.jitter),
      queue,
      fees: { ...fees, coin: "settle" },
    },
  };
}

const ms = (span: number): Micros => micros(span * 1_000);

/** Any run of orders that begin with one of `choices` and are switched to one of `switches`. */
export const marketCases = (
  choices: fc.Arbitrary<StrategyChoice>,
  switches: fc.Arbitrary<StrategyChoice>,
): fc.Arbitrary<MarketCase> =>
  fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: schedules(choices, switches) },
        withActs("pause", choices),
        withActs("amend", choices),
        withActs("switch", choices, switches),
      ),
      fc.record({
        world: fc.integer({ min: 1, max: WORLDS }),
        grid: fc.integer({ min: 0, max: GRIDS.length - 1 }),
        unit: fc.constantFrom(20, 150, 4_000),
        latencyMs: fc.constantFrom(
          { entry: 10, response: 10, jitter: 5 },
          { entry: 0, response: 0, jitter: 0 },
          { entry: 150, response: 250, jitter: 400 },
        ),
        queue: fc.constantFrom("risk-averse", "probabilistic"),
        reaction: fc.record({
          halfLifeMs: fc.constantFrom(5_000, 300),
          permanent: fc.constantFrom(1, 0, 6),
          transient: fc.constantFrom(1, 0, 6),
        }),
        fees: fc.constantFrom(
          { maker: "0.0002", taker: "0.0005" },
          { maker: "-0.0001", taker: "0.0004" },
        ),
        isShadowed: fc.integer({ min: 0, max: 5 }).map((die) => die === 5),
        rows: fc.constantFrom("at-once", "one-by-one", "in-pieces"),
      }),
    )
    .map(([{ parents, operators, limits, seed }, where]): MarketCase =>
      Object.assign({ parents, operators, limits, seed }, where),
    );

export function describeMarketCase(drawn: MarketCase): string {
  const { parents: _1, operators: _2, limits: _3, seed: _4, ...where } = drawn;
  return `market: ${JSON.stringify(where)}\n${describeOrders(drawn)}`;
}

/** So long a market is: some orders outlive it. */
export const MARKET_SPAN = micros(90 * SECOND);
