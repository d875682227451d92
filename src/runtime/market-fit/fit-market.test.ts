/** A market of known numbers is fitted, and its numbers come back: on fixed seeds, within bounds. */
import { describe, expect, it } from "vitest";
import { micros, SECOND, ticks } from "../../core/domain/units.ts";
import type { MarketBlock } from "../../core/market/columns.ts";
import {
  GENERATED_INSTRUMENT,
  GeneratedMarket,
  type GeneratedMarketConfig,
  generateMarket,
} from "../../simulation/generated/market.ts";
import { DEFAULT_PROFILE, type MarketProfile } from "../../simulation/generated/profile.ts";
import { fitMarket } from "./fit-market.ts";
import { parametersOf } from "./parameters.ts";
import { FLAT_WORLD } from "./profile-schema.ts";
import { measureRecording } from "./recording-measure.ts";

const START = micros(1_700_000_000 * SECOND);

function drain<Value>(pass: Generator<unknown, Value>): Value {
  let step = pass.next();
  while (step.done !== true) step = pass.next();
  return step.value;
}

function planted(profile: MarketProfile, price: number, perSecond: number, seconds: number) {
  const config: GeneratedMarketConfig = {
    seed: 99,
    startAt: START,
    duration: micros(seconds * SECOND),
    startPrice: ticks(price),
    eventsPerSecond: perSecond,
    world: FLAT_WORLD,
    profile,
  };
  const { header } = new GeneratedMarket(config);
  return { header, blocks: [...generateMarket(config)] };
}

/** Quieter, smaller, wider and deeper at the touch than the default, on a coarser grid. */
const PLANTED: MarketProfile = {
  ...DEFAULT_PROFILE,
  valueTicks: 60_000,
  dailyVolatility: 0.04,
  crowd: {
    ...DEFAULT_PROFILE.crowd,
    nearDistance: { ...DEFAULT_PROFILE.crowd.nearDistance, least: 4 },
    marketLots: { least: 10, most: 4_000, exponent: 1.3 },
  },
  makers: { ...DEFAULT_PROFILE.makers, halfSpread: 4, lots: 1_200 },
  bursts: [],
};

const made = planted(PLANTED, 60_000, 40, 200);
const measured = drain(measureRecording(made));

function within(value: number, truth: number, times: number): void {
  expect(value).toBeGreaterThan(truth / times);
  expect(value).toBeLessThan(truth * times);
}

describe("a planted market", () => {
  it("is met on seeds that were held out, and its main numbers come back", () => {
    if (!measured.ok) throw new Error(measured.error.text);
    const fit = drain(
      fitMarket({
        ...measured.value,
        seed: 5,
        startAt: START,
        fitSeeds: 2,
        heldOutSeeds: 4,
        rounds: 7,
      }),
    );
    expect(fit.best.loss).toBeLessThan(fit.best.initialLoss / 2);
    const { startPrice, profile } = fit.market;
    within(startPrice, 60_000, 1.01);
    within(profile.makers.lots, 1_200, 2);
    // The default's are 0 and 4.
    within(profile.makers.halfSpread, 4, 3);
    const bounds = { ordersPerSecond: 1.6, touchDepth: 1.5, spread: 1.6, limitsPerSecond: 1.5 };
    for (const [name, times] of Object.entries(bounds)) {
      const row = fit.rows.find((each) => each.name === name)!;
      within(row.fitted!.mean, row.recorded!.value, times);
      expect(Math.abs(row.fittedOff!)).toBeLessThan(Math.abs(row.initialOff!));
    }
    for (const seed of fit.heldOutSeeds) expect(fit.fitSeeds).not.toContain(seed);
    const told = new Map(parametersOf(fit).map((each) => [each.path, each]));
    expect(told.get("makers.halfSpread")?.from).toBe("fitted");
    expect(told.get("startPrice")?.from).toBe("measured");
    expect(told.get("makers.count")).toMatchObject({ from: "default", effective: 0 });
  });

  it("is left alone where it says too little", () => {
    const cut = (blocks: readonly MarketBlock[], rows: number): MarketBlock[] => {
      const { exchangeTime, localTime, kind, price, quantity } = blocks[0]!;
      return [{ exchangeTime, localTime, kind, price, quantity, length: rows }];
    };
    const short = drain(measureRecording({ header: made.header, blocks: cut(made.blocks, 3_000) }));
    expect(short.ok ? "" : short.error.code).toBe("MARKET_FIT");
    const none = drain(measureRecording({ header: made.header, blocks: [] }));
    expect(none.ok ? "" : none.error.text).toContain("no trade");
    const cheap = planted(
      { ...DEFAULT_PROFILE, dailyVolatility: 0.001, valueTicks: 2_000 },
      2_000,
      100,
      60,
    );
    expect(cheap.header.instrument).toBe(GENERATED_INSTRUMENT);
    const low = drain(measureRecording(cheap));
    if (!low.ok) expect(low.error.text).toContain("2000 ticks");
  });
});
