/** A market file makes the very market that was written, or is refused with every fault. */
import { describe, expect, it } from "vitest";
import { micros, SECOND, ticks } from "../../core/domain/units.ts";
import { GENERATED_INSTRUMENT } from "../../simulation/generated/market.ts";
import { DEFAULT_PROFILE } from "../../simulation/generated/profile.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { instrumentJson } from "../instrument-file.ts";
import { openGenerated, parseMarketSpec } from "../market-source.ts";
import { parseMarketFile, type ProfiledMarket, readMarketFile } from "./market-file.ts";
import { FLAT_WORLD } from "./profile-schema.ts";

const MARKET: ProfiledMarket = {
  instrument: instrumentJson({ ...GENERATED_INSTRUMENT, symbol: "ABCUSDT" }),
  startPrice: ticks(30_000),
  eventsPerSecond: 120,
  world: FLAT_WORLD,
  profile: { ...DEFAULT_PROFILE, valueTicks: 30_000 },
};

const file = (market: unknown = MARKET) => ({
  format: "arrival-market-profile",
  version: 1,
  market,
});

/** The market with one member of it replaced, by its dotted path. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(MARKET) as unknown as Record<string, unknown>;
  const keys = path.split(".");
  let at = copy;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1)!] = value;
  return copy;
}

const faultOf = (raw: unknown): string => {
  const parsed = parseMarketFile(JSON.stringify(raw));
  return parsed.ok ? "accepted" : parsed.error.text;
};

describe("a market file", () => {
  it("comes back as it was written, and so does a journal that holds it", () => {
    const read = parseMarketFile(JSON.stringify(file()));
    expect(read).toEqual({ ok: true, value: MARKET });
    const startAt = micros(1_700_000_000 * SECOND);
    const spec = {
      kind: "generated" as const,
      seed: 3,
      startAt,
      duration: micros(20 * SECOND),
      ...MARKET,
    };
    const journaled = parseMarketSpec(JSON.parse(canonicalJson(spec)));
    if (!journaled.ok || journaled.value.kind !== "generated") throw new Error("not a spec");
    const rows = (market: typeof spec | typeof journaled.value) =>
      [...openGenerated(market as typeof spec).blocks].map(({ length, price, quantity }) => [
        length,
        [...price.subarray(0, length)],
        [...quantity.subarray(0, length)],
      ]);
    expect(rows(journaled.value)).toEqual(rows(spec));
    expect(openGenerated(spec).header.instrument.symbol).toBe("ABCUSDT");
    expect(openGenerated(spec).label).toContain("fitted");
  });

  it.each([
    ["profile.crowd.band", 1e9, "market.profile.crowd.band"],
    ["profile.crowd.nearLots.most", 1, "market.profile.crowd.nearLots.most: must not be below"],
    ["profile.crowd.patientLifetime", 1e6, "market.profile.crowd.patientLifetime: over 1000000"],
    ["profile.hawkes.base", [1, 2], "market.profile.hawkes.base"],
    ["profile.hawkes.branching.0", [2, 0, 0, 0, 0, 0], "market.profile.hawkes.branching: sets off"],
    ["profile.hawkes.base", [0, 0, 0, 0, 0, 0], "market.profile.hawkes.base: nothing ever happens"],
    ["profile.hawkes.decays.0.share", 0.1, "market.profile.hawkes.decays: shares must sum to 1"],
    ["profile.makers.count", 1e6, "market.profile.makers.count"],
    ["profile.makers.halfSpread", -1, "market.profile.makers.halfSpread"],
    ["profile.metaorders.participation", [0.5, 0.1], "market.profile.metaorders.participation"],
    ["profile.metaorders.sliceLots.exponent", 1, "market.profile.metaorders.sliceLots.exponent"],
    ["profile.dailyVolatility", null, "market.profile.dailyVolatility"],
    ["profile.colour", "red", "colour"],
    ["profile.flow", "chaos", "market.profile.flow"],
    ["startPrice", 10, "market.startPrice"],
    ["world", {}, "market.world.session"],
    ["instrument", { venue: "x" }, "market.instrument"],
  ])("is refused for %s of %j, by its path", (path, value, text) => {
    expect(faultOf(file(changed(path, value)))).toContain(text);
    const spec = { kind: "generated", seed: 1, startAt: 0, duration: 1e6 };
    const journaled = parseMarketSpec({ ...spec, ...(changed(path, value) as object) });
    expect(journaled.ok).toBe(false);
  });

  it("is refused with all of its faults at once", () => {
    const market = changed("profile.crowd.band", 1) as ProfiledMarket;
    const text = faultOf(file({ ...market, startPrice: -1, instrument: null }));
    expect(text).toContain("market.profile.crowd.band");
    expect(text).toContain("market.startPrice");
    expect(text).toContain("market.instrument");
  });

  it("is refused when it is no such file", () => {
    expect(faultOf([])).toContain("the file");
    expect(faultOf({ ...file(), format: "other" })).toContain("format");
    expect(faultOf({ ...file(), version: 2 })).toContain("version");
    expect(faultOf({ ...file(), "\u001B[2J": 1 })).not.toContain("\u001B");
    const broken = parseMarketFile("{");
    expect(broken.ok ? "" : broken.error.code).toBe("MARKET_PROFILE");
    const none = readMarketFile("no-such-file.json");
    expect(none.ok ? "" : none.error.text).toContain("no-such-file.json");
  });
});
