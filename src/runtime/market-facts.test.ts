/** What is measured, from what, and how sure it is. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Micros, micros, MINUTE } from "../core/domain/units.ts";
import { KNOWN_INSTRUMENTS } from "../data/known-instruments.ts";
import { composeEngine } from "./compose.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import { HOUR_AGAINST_DAY, measureFacts, type StatedFacts, statedMarket } from "./market-facts.ts";
import { openGenerated } from "./market-source.ts";

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);
const MINUTES = (count: number): Micros => micros(count * MINUTE);

function measure(minutes: number, stated: StatedFacts = {}, watched = minutes) {
  const market = openGenerated({
    kind: "generated",
    seed: 3,
    startAt: START,
    duration: micros(MINUTES(watched) + 1e6),
  });
  const engine = composeEngine(DEFAULT_CONFIG, market.header, 1);
  return measureFacts(engine, market, micros(START + MINUTES(minutes)), stated);
}

function facts(minutes: number, stated: StatedFacts = {}, watched = minutes) {
  const measured = measure(minutes, stated, watched);
  if (!measured.ok) throw new Error(measured.error.text);
  return measured.value;
}

describe("measured market facts", () => {
  it("are less sure the less was seen, and say how much that was", () => {
    const [short, long] = [facts(3), facts(20)];
    expect(short.dailyVolatility.relativeError).toBeGreaterThan(long.dailyVolatility.relativeError);
    expect(short.dailyVolume.relativeError).toBeGreaterThan(long.dailyVolume.relativeError);
    // Even twenty minutes are not a day.
    expect(long.dailyVolatility.relativeError).toBeGreaterThan(0.5);
    expect(long.seen?.dayShare).toBeCloseTo(20 / 1440, 3);
    expect(long.dailyVolume.text).toContain("1.4 % of a day");
    expect(long.spreadBps.value).toBeGreaterThan(0);
    expect(long.depth?.ask).toBeGreaterThan(0);
  });

  it("know nothing of what comes after the start", () => {
    expect(facts(5, {}, 15)).toEqual(facts(5));
  });

  it("agree with the observer's own windows", () => {
    const market = openGenerated({
      kind: "generated",
      seed: 3,
      startAt: START,
      duration: micros(MINUTES(20) + 1e6),
    });
    const engine = composeEngine(DEFAULT_CONFIG, market.header, 1);
    const found = measureFacts(engine, market, micros(START + MINUTES(20)), {});
    if (!found.ok) throw new Error(found.error.text);
    const { observer } = engine.instruments[0]!;
    const perDay = observer.volatilityHour.value * Math.sqrt(24);
    expect(Math.abs(found.value.dailyVolatility.value / perDay - 1)).toBeLessThan(0.1);
    expect((found.value.dailyVolume.value * 1000) / observer.volumeDay.value).toBeCloseTo(1, 1);
  });

  it("refuse to guess a volatility or a volume from nothing", () => {
    const none = measure(0.5);
    expect(none).toMatchObject({ ok: false, error: { code: "ESTIMATE_DATA" } });
    expect(measure(0.5, { dailyVolatility: 0.03, dailyVolume: 1000 }).ok).toBe(true);
  });

  it("give way to what a person states, which is taken to be exact", () => {
    const { dailyVolatility, dailyVolume } = facts(3, { dailyVolatility: 0.04 });
    expect(dailyVolatility).toMatchObject({ value: 0.04, relativeError: 0, origin: "given" });
    expect(dailyVolume.origin).toBe("measured");
  });
});

describe("a stated market", () => {
  it("stands on the instrument's ticks, and refuses what fits none", () => {
    const [btc] = KNOWN_INSTRUMENTS;
    const market = statedMarket(btc!, 64_250, 0.02, START);
    if (!market.ok) throw new Error(market.error.text);
    const engine = composeEngine(DEFAULT_CONFIG, market.value.header, 1);
    const stated = { dailyVolatility: 0.03, dailyVolume: 200_000, spreadBps: 0.02 };
    const found = measureFacts(engine, market.value, START, stated);
    expect(found).toMatchObject({ ok: true, value: { spreadBps: { value: 0.02 } } });
    if (!found.ok) return;
    expect(found.value.price).toBeCloseTo(64_250, 0);
    expect(found.value.depth).toBeUndefined();
    expect(found.value.ask - found.value.bid).toBe(1);
    expect(statedMarket(btc!, 0.01, 1, START)).toMatchObject({ ok: false });
    expect(statedMarket(btc!, 1e12, 1, START)).toMatchObject({ ok: false });
  });
});

const BARS = fileURLToPath(
  new URL("../../../shared/data/bars-misc/binance-gravestone/1h/", import.meta.url),
);
const hasBars = existsSync(BARS);
const why = hasBars ? "" : " (skipped: ../shared/data/bars-misc is not there)";

describe(`what an hour says of a day${why}`, () => {
  it.runIf(hasBars)("is as unsure as the estimates say", () => {
    for (const symbol of ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"]) {
      const rows = readFileSync(`${BARS}${symbol}.csv`, "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",").map(Number));
      const volume = rows.map((row) => row[6]!);
      // Parkinson: the variance of an hour from its high and low.
      const variance = rows.map((row) => Math.log(row[2]! / row[3]!) ** 2 / (4 * Math.LN2));
      expect(rows.length).toBeGreaterThan(4_000);
      expect(Math.abs(spread(volume) - HOUR_AGAINST_DAY.volume)).toBeLessThan(0.1);
      expect(Math.abs(spread(variance) / 2 - HOUR_AGAINST_DAY.volatility)).toBeLessThan(0.1);
    }
  });
});

/** Root mean square of ln(24 × an hour / the 24 hours from then on). */
function spread(hours: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (let k = 0; k + 24 <= hours.length; k++) {
    const day = hours.slice(k, k + 24).reduce((total, hour) => total + hour, 0);
    if (!(hours[k]! > 0)) continue;
    sum += Math.log((24 * hours[k]!) / day) ** 2;
    count += 1;
  }
  return Math.sqrt(sum / count);
}
