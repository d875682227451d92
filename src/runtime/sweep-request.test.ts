import { describe, expect, it } from "vitest";
import { micros, MINUTE } from "../core/domain/units.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import {
  differences,
  hashOf,
  identityOf,
  type SweepRequest,
  unitAt,
  unitCount,
  unitText,
  windowOf,
} from "./sweep-request.ts";

const REQUEST: SweepRequest = {
  markets: ["a", "b", "c"].map((name) => ({
    kind: "recorded",
    name,
    files: { kind: "files", paths: [`/data/${name}`] },
  })),
  axes: ["urgency"],
  arms: [0.1, 0.9].map((urgency) => ({
    label: `twap urgency=${urgency}`,
    base: "twap",
    values: [String(urgency)],
    strategy: { name: "twap", parameters: {} },
    urgency,
    quantity: "5",
    isNotional: false,
    over: micros(MINUTE),
  })),
  sides: ["buy", "sell"],
  parents: 4,
  constraints: { mayCrossSpread: true, residual: "leave" },
  config: DEFAULT_CONFIG,
  seed: 1,
  plugins: [],
  pluginPaths: [],
};

describe("units", () => {
  it("are numbered so that each is one thing, and those of a window stand together", () => {
    const count = unitCount(REQUEST);
    expect(count).toBe(3 * 4 * 2 * 2 * 2);
    const texts = Array.from({ length: count }, (_, unit) => unitText(REQUEST, unit));
    expect(new Set(texts).size).toBe(count);
    for (let unit = 0; unit < count; unit++) {
      const { market, window } = unitAt(REQUEST, unit);
      expect(windowOf(REQUEST, unit)).toBe(market * 4 + window);
    }
    expect(texts[0]).toBe("twap urgency=0.1, buy, window 0 of a, risk-averse");
    expect(texts.at(-1)).toBe("twap urgency=0.9, sell, window 3 of c, probabilistic");
  });
});

describe("identity", () => {
  it("holds what results depend on, and neither where files lie nor where plugins do", () => {
    const moved = REQUEST.markets.map((market) => ({
      ...market,
      name: "elsewhere",
      files: { kind: "files" as const, paths: ["/elsewhere"] },
    })) as SweepRequest["markets"];
    const same = { ...REQUEST, markets: moved, pluginPaths: ["/x.js"] };
    expect(hashOf(identityOf(same))).toBe(hashOf(identityOf(REQUEST)));
    const others: readonly SweepRequest[] = [
      { ...REQUEST, seed: 2 },
      { ...REQUEST, parents: 5 },
      { ...REQUEST, sides: ["buy"] },
      { ...REQUEST, constraints: { mayCrossSpread: false, residual: "leave" } },
      { ...REQUEST, arms: REQUEST.arms.toReversed() },
      { ...REQUEST, plugins: [{ strategy: "x", file: "x.js", sha256: "0" }] },
      {
        ...REQUEST,
        config: { ...DEFAULT_CONFIG, limits: { ...DEFAULT_CONFIG.limits, participation: 0.2 } },
      },
    ];
    const hashes = [REQUEST, ...others].map((request) => hashOf(identityOf(request)));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("names what differs", () => {
    const other = { ...REQUEST, seed: 7, sides: ["buy"] as const };
    expect(differences(identityOf(REQUEST), identityOf(other))).toEqual([
      "seed: 1 there, 7 now",
      'sides.1: "sell" there, nothing now',
    ]);
    expect(differences(identityOf(REQUEST), identityOf(REQUEST))).toEqual([]);
  });
});
