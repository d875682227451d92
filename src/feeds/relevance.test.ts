import { describe, expect, it } from "vitest";
import type { NewsItem } from "../core/contracts/advice.ts";
import type { Micros } from "../core/domain/units.ts";
import { relevanceOf } from "./relevance.ts";

const item = (headline: string, kind: NewsItem["kind"] = "news"): NewsItem => ({
  id: "1",
  source: "a",
  kind,
  publishedAt: 0 as Micros,
  firstSeenAt: 0 as Micros,
  headline,
  flags: [],
});

describe("relevance for BTCUSDT", () => {
  it.each([
    ["Bitcoin falls 3%", "asset"],
    ["Ether and bitcoin fall", "asset"],
    ["Fed cuts rates by 50 bps", "market"],
    ["Crypto market loses $100bn in a day", "market"],
    ["Scheduled system maintenance", "market"],
    ["New Listing: Arbitrum (ARB) on the exchange", "other"],
    ["$TAO is sitting on a demand zone", "other"],
    ["Ten recipes for the weekend", "none"],
  ] as const)("%s → %s", (headline, relevance) => {
    expect(relevanceOf(item(headline), "BTCUSDT")).toBe(relevance);
  });

  it("is the market's for what its source calls macro or regulatory", () => {
    expect(relevanceOf(item("A statement", "macro"), "BTCUSDT")).toBe("market");
    expect(relevanceOf(item("A statement", "regulatory"), "BTCUSDT")).toBe("market");
  });
});
