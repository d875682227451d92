import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseAnnouncements } from "./bybit-announcements.ts";

const FIXTURE = fileURLToPath(
  new URL(
    "../../../shared/data/bybit-fixtures/jkorf/Bybit.UnitTests/Endpoints/V5Api/ExchangeData/GetAnnouncements.txt",
    import.meta.url,
  ),
);

describe.skipIf(!existsSync(FIXTURE))("a true answer (skipped where it is not)", () => {
  it("is read", () => {
    const text = readFileSync(FIXTURE, "utf8");
    const parsed = parseAnnouncements(text.slice(text.indexOf("{")));
    if (!parsed.ok) throw new Error(parsed.error);
    expect(parsed.value.items).toMatchObject([
      {
        source: "bybit",
        kind: "announcement",
        publishedAt: 1_679_045_608_000_000,
        headline: expect.stringContaining("New Listing: Arbitrum (ARB)") as string,
        body: expect.stringContaining("New Listings. Bybit is excited") as string,
      },
    ]);
  });
});
