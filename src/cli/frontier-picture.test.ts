/** The picture shows what the estimate says, and nothing that somebody typed becomes markup. */
import { describe, expect, it } from "vitest";
import { micros, MINUTE } from "../core/domain/units.ts";
import { KNOWN_INSTRUMENTS } from "../data/known-instruments.ts";
import { impactModels } from "../impact/registry.ts";
import { DEFAULT_CONFIG } from "../runtime/config.ts";
import { estimate } from "../runtime/estimate.ts";
import { statedMarket } from "../runtime/market-facts.ts";
import { frontierSvg } from "./frontier-picture.ts";

function drawn(modelName: string, title = "buy 25"): string {
  const market = statedMarket(KNOWN_INSTRUMENTS[0]!, 64_250, 0.02, micros(0));
  const model = impactModels.get(modelName)!;
  if (!market.ok) throw new Error(market.error.text);
  const result = estimate(market.value, {
    order: {
      side: "buy",
      quantity: "25",
      isNotional: false,
      over: micros(30 * MINUTE),
      constraints: { mayCrossSpread: true, residual: "leave" },
      acceptInfeasible: false,
      config: DEFAULT_CONFIG,
      seed: 1,
    },
    terms: { model, parameters: model.parameters, riskAversion: 0.3 },
    stated: { dailyVolatility: 0.03, dailyVolume: 200_000, spreadBps: 0.02 },
  });
  if (!result.ok) throw new Error(result.error.text);
  return frontierSvg(result.value, title);
}

describe("frontier picture", () => {
  it("has the frontier, every strategy, the urgencies of is, and what is recommended", () => {
    const svg = drawn("almgren-2005");
    expect(svg.match(/<polyline/g)).toHaveLength(1);
    for (const name of ["twap", "vwap", "pov", "is, urgency 0–1", "ow"]) {
      expect(svg).toContain(`>${name}<`);
    }
    expect(svg).toMatch(/recommended: \w+ [\d.]+</);
    expect(svg).toContain("model: almgren-2005");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("says so where there is no frontier", () => {
    const svg = drawn("square-root");
    expect(svg).not.toContain("<polyline");
    expect(svg).toContain("no frontier: speed costs nothing");
  });

  it("shows a title as text", () => {
    const svg = drawn("almgren-2005", '<script>alert("x")</script> & more');
    expect(svg).not.toContain("<script");
    expect(svg).toContain("&lt;script&gt;");
    expect(svg).toContain("&amp; more");
  });
});
