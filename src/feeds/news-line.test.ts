import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NEWS_KINDS, cleanNews } from "./raw-news.ts";
import { newsLineOf, parseNewsLine } from "./news-line.ts";
import type { Micros } from "../core/domain/units.ts";

describe("a line of news", () => {
  it("is read as we write it, to the microsecond", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", minLength: 1 }),
        fc.string(),
        fc.constantFrom(...NEWS_KINDS),
        fc.integer({ min: 1_600_000_000_000_000, max: 1_900_000_000_000_000 }),
        fc.integer({ min: 1_600_000_000_000_000, max: 1_900_000_000_000_000 }),
        (headline, body, kind, published, seen) => {
          const raw = { source: "desk", kind, publishedAt: published as Micros, headline, body };
          const item = cleanNews(raw, seen as Micros);
          if (item === undefined) return;
          const line = parseNewsLine(newsLineOf(item), "file");
          if (!line.ok) throw new Error(line.error);
          expect(line.value.firstSeenAt).toBe(seen);
          expect(cleanNews(line.value.raw, line.value.firstSeenAt!)).toEqual(item);
        },
      ),
    );
  });

  it("is read as others write it", () => {
    const line = parseNewsLine(
      JSON.stringify({
        id: 22_224_527,
        ts: 1_781_998_671_000,
        symbol: "BTCUSDT",
        direction: "LONG",
        author: "somebody",
        title: "Bias flip",
        firstSeen: 1_784_455_047_257,
      }),
      "file",
    );
    expect(line).toEqual({
      ok: true,
      value: {
        firstSeenAt: 1_784_455_047_257_000,
        raw: {
          id: "22224527",
          source: "somebody",
          kind: "social",
          publishedAt: 1_781_998_671_000_000,
          headline: "Bias flip",
          body: "BTCUSDT LONG",
          flags: [],
        },
      },
    });
  });

  it("without a first sight has none: the claimed time never stands in for it", () => {
    const line = parseNewsLine('{"ts":1781998671000,"title":"x"}', "file");
    expect(line.ok && line.value.firstSeenAt).toBe(undefined);
  });

  it.each([
    ["{", "is not JSON"],
    ["[]", "is no item: it: Invalid input: expected object, received array"],
    ['{"title":5}', "is no item: title: Invalid input: expected string, received number"],
    ["{}", "has no headline, title or text"],
    ['{"title":"x","firstSeen":"soon"}', 'has a firstSeenAt that is no time with a zone: "soon"'],
    ['{"title":"x","kind":"oracle"}', "is no item: kind: "],
  ])("%s %s", (text, error) => {
    const line = parseNewsLine(text, "file");
    expect(line.ok ? "" : line.error).toContain(error);
  });

  it("takes nothing from a prototype, and never throws", () => {
    const line = parseNewsLine('{"__proto__":{"title":"x"},"constructor":{"title":"y"}}', "f");
    expect(line).toEqual({ ok: false, error: "has no headline, title or text" });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(typeof parseNewsLine(text, "f").ok).toBe("boolean");
      }),
    );
  });
});
