import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Micros } from "../core/domain/units.ts";
import { cleanNews } from "./raw-news.ts";
import { mask } from "./mask.ts";

const item = (headline: string, body?: string) =>
  cleanNews(
    { source: "a", kind: "news", headline, ...(body === undefined ? {} : { body }) },
    1_790_000_000_000_000 as Micros,
  );
const masked = (headline: string, instrument = "BTCUSDT"): string =>
  mask(item(headline)!, instrument).headline;

describe("masking", () => {
  it.each([
    ["Bitcoin's fall drags Ethereum", "THE ASSET fall drags ANOTHER ASSET"],
    ["BTC/USDT and $ETH, #Solana up", "THE ASSET and ANOTHER ASSET, ANOTHER ASSET up"],
    ["Bitcoin Cash beats bitcoin", "ANOTHER ASSET beats THE ASSET"],
    ["Bitcoin (BTC) in June 2026", "THE ASSET (THE ASSET) in"],
    ["22 June 2026: BTC Q2 report", ": THE ASSET report"],
    ["Since March traders may march on", "Since traders may march on"],
    ["Halving of 2028 as in 2024", "Halving of as in"],
    ["BTC falls below $67,450, then 63k", "THE ASSET falls below a level, then a level"],
    ["ETF outflows of $500 million, -3.2%", "ETF outflows of $500 million, -3.2%"],
    ["2026-06-21 12:30 BTC", "THE ASSET"],
  ])("%s → %s", (headline, expected) => {
    expect(masked(headline)).toBe(expected);
  });

  it("is by the instrument", () => {
    expect(masked("Bitcoin and Ethereum", "ETHUSDT")).toBe("ANOTHER ASSET and THE ASSET");
    expect(masked("$WLD and WLDUSDT", "WLDUSDT")).toBe("THE ASSET and THE ASSET");
  });

  it("reaches the body, and reads disguised letters once they are cleaned", () => {
    const told = mask(item("𝐁𝐢𝐭𝐜𝐨𝐢𝐧 and Віtсоіn", "Said of BTC in May 2026")!, "BTCUSDT");
    expect(told.headline).toBe("THE ASSET and THE ASSET");
    expect(told.body).toBe("Said of THE ASSET in");
  });

  it("reaches the source", () => {
    const told = { ...item("x")!, source: "Bitcoin Magazine" };
    expect(mask(told, "BTCUSDT").source).toBe("THE ASSET Magazine");
  });

  it("of what is masked changes nothing, and never makes it too long", () => {
    const word = fc.constantFrom(
      ..."BTC bitcoin cash ETH ether / - $ # June 2026 May 5 12 k USDT ( ) , . 's 1000 WIF".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 80 }),
        fc.boolean(),
        (words, joined) => {
          const raw = item(words.join(joined ? "" : " "));
          if (raw === undefined) return;
          const once = mask(raw, "BTCUSDT");
          expect(once.headline.length).toBeLessThanOrEqual(200);
          expect(mask(once, "BTCUSDT")).toEqual(once);
        },
      ),
      { numRuns: 800 },
    );
  });
});
