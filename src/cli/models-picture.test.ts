/** The page and the picture of several models show each of them, and markup stays text. */
import { describe, expect, it } from "vitest";
import { micros, MINUTE } from "../core/domain/units.ts";
import { KNOWN_INSTRUMENTS } from "../data/known-instruments.ts";
import { DEFAULT_CONFIG } from "../runtime/config.ts";
import { estimates } from "../runtime/estimate.ts";
import { statedMarket } from "../runtime/market-facts.ts";
import { chooseModels } from "../runtime/model-choice.ts";
import { modelsPage } from "./models-page.ts";
import { modelsSvg } from "./models-picture.ts";

const market = statedMarket(KNOWN_INSTRUMENTS[0]!, 64_250, 0.02, micros(0));
if (!market.ok) throw new Error(market.error.text);
const chosen = chooseModels(["all", "llm-enhanced:factor=1.4"]);
if (!chosen.ok) throw new Error(chosen.error.text);
const found = estimates(
  market.value,
  {
    order: {
      side: "sell",
      quantity: "25",
      isNotional: false,
      over: micros(30 * MINUTE),
      constraints: { mayCrossSpread: true, residual: "leave" },
      acceptInfeasible: false,
      config: DEFAULT_CONFIG,
      seed: 1,
    },
    stated: { dailyVolatility: 0.03, dailyVolume: 200_000, spreadBps: 0.02 },
  },
  chosen.value.map((choice) => ({ ...choice, riskAversion: 0.3 })),
);
if (!found.ok) throw new Error(found.error.text);
const all = found.value;

describe("several models", () => {
  it("stand side by side on a page, each with its figures, its refusal or what it would do", () => {
    const page = modelsPage(all, false);
    expect(page).toMatch(/^Sell 25\.000 BTC over 30m/);
    for (const { terms, byModel } of all) {
      const row = page.split("\n").find((line) => line.startsWith(`  ${terms.model.name} `));
      expect(row).toContain(`+${byModel[0]!.impactBps.toFixed(2)}`);
    }
    expect(page.match(/may not be used to choose a schedule/g)).toHaveLength(2);
    expect(page.match(/expected, .* of price risk/g)).toHaveLength(6);
    expect(Math.max(...page.split("\n").map((line) => line.length))).toBeLessThanOrEqual(112);
  });

  it("are a picture: an interval and a path each, and no markup from a title", () => {
    const svg = modelsSvg(all, '<script>alert("x")</script> & more');
    expect(svg.match(/<circle/g)).toHaveLength(all.length);
    expect(svg.match(/<polyline/g)).toHaveLength(2 * all.length);
    for (const { terms } of all) expect(svg).toContain(`>${terms.model.name.slice(0, 29)}`);
    expect(svg).not.toMatch(/NaN|Infinity|undefined|<script/);
    expect(svg).toContain("&lt;script&gt;");
  });
});
