import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Draws } from "../generated/draws.ts";
import { fill, type Headline, headlineOf, PHRASINGS, type Story } from "./headlines.ts";
import { NEWS_KINDS, NEWS_SPLITS, type NewsKind, type NewsSplit } from "./news.ts";

const BITCOIN = { ticker: "BTC", name: "Bitcoin", priceUsd: 64_250, dayVolumeUsd: 8e9 };

const templatesOf = (split: NewsSplit): string[] =>
  Object.values(PHRASINGS[split]).flatMap((voice) => Object.values(voice).flat());

/** Every text that a template can become, its slots left as they are. */
function variantsOf(template: string): string[] {
  const found = /\[([^[\]]*)\]/.exec(template);
  if (found === null) return [template];
  const rest = (option: string): string => template.replace(found[0], () => option);
  return found[1]!.split("|").flatMap((option) => variantsOf(rest(option)));
}

const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/\{\w+\}|[\p{L}\p{N}']+/gu) ?? [];

/** Runs of `n` words, at most one of them a slot: the phrasing, not the names in it. */
function runsOf(texts: readonly string[], n: number): Set<string> {
  const runs = new Set<string>();
  for (const words of texts.flatMap(variantsOf).map(wordsOf)) {
    for (let i = 0; i + n <= words.length; i++) {
      const run = words.slice(i, i + n);
      if (run.filter((word) => word.startsWith("{")).length <= 1) runs.add(run.join(" "));
    }
  }
  return runs;
}

const overlap = (a: ReadonlySet<string>, b: ReadonlySet<string>): number =>
  [...a].filter((run) => b.has(run)).length / a.size;

const PAIRS = [
  ["test", "training"],
  ["test", "validation"],
  ["validation", "training"],
] as const;

describe("phrasings", () => {
  it.each(PAIRS)("of %s share no text and next to no wording with %s", (judged, learned) => {
    const known = new Set(
      templatesOf(learned)
        .flatMap(variantsOf)
        .map((t) => t.toLowerCase()),
    );
    const shared = templatesOf(judged)
      .flatMap(variantsOf)
      .filter((t) => known.has(t.toLowerCase()));
    expect(shared).toEqual([]);
    const four = overlap(runsOf(templatesOf(judged), 4), runsOf(templatesOf(learned), 4));
    expect(four).toBeLessThan(0.01);
    const three = overlap(runsOf(templatesOf(judged), 3), runsOf(templatesOf(learned), 3));
    expect(three).toBeLessThan(0.05);
  });

  it("belong to voices of one split each", () => {
    const voices = NEWS_SPLITS.flatMap((split) => Object.keys(PHRASINGS[split]));
    expect(new Set(voices).size).toBe(voices.length);
  });

  it.each(NEWS_SPLITS)(
    "of %s: each story in each voice, no figures, no stray brackets",
    (split) => {
      const stories = Object.keys(PHRASINGS.training["wire"]!);
      expect(stories.length).toBe(2 * (NEWS_KINDS.length - 2) + 2);
      for (const [name, voice] of Object.entries(PHRASINGS[split])) {
        expect(Object.keys(voice), name).toEqual(stories);
        for (const templates of Object.values(voice)) {
          expect(templates.length).toBeGreaterThanOrEqual(2);
          for (const variant of templates.flatMap(variantsOf)) {
            // A figure in a text must come from the event.
            expect(variant).not.toMatch(/[\d%[\]|]/);
            expect(variant.replaceAll(/\{\w+\}/g, "")).not.toMatch(/[{}]/);
          }
        }
      }
    },
  );

  it("of the whole market name no asset, or one item would read differently in each world", () => {
    for (const voice of NEWS_SPLITS.flatMap((split) => Object.values(PHRASINGS[split]))) {
      for (const [key, templates] of Object.entries(voice)) {
        if (!/^(?:exchange-hack|regulation|macro-print|irrelevant|hostile)/.test(key)) continue;
        for (const text of templates) expect(text).not.toMatch(/\{(?:asset|ticker|coins)\}/);
      }
    }
  });

  it("are as many as the documentation says", () => {
    const page = new URL("../../../docs/concepts/generated-market.md", import.meta.url);
    const text = readFileSync(page, "utf8");
    for (const split of NEWS_SPLITS) {
      const count = new Set(templatesOf(split).flatMap(variantsOf)).size;
      expect(text).toMatch(new RegExp(`\\| \`${split}\` \\|[^|]*\\| ${count} \\|`));
    }
  });
});

describe("headlineOf", () => {
  const SIDES = [1, -1] as const;
  const stories: Story[] = NEWS_KINDS.flatMap((kind) =>
    SIDES.flatMap((story) =>
      Array.from({ length: 40 }, (_, i) => ({
        id: `${kind}-${story}-${i}`,
        kind,
        story,
        magnitude: 0.08 * 1.07 ** i,
      })),
    ),
  );
  const told = (kind: NewsKind): { story: Story; headline: Headline }[] =>
    stories
      .filter((story) => story.kind === kind)
      .flatMap((story) =>
        NEWS_SPLITS.map((split) => ({ story, headline: headlineOf(1, split, story, BITCOIN) })),
      );

  /** `$1.2 billion` → 1.2e9. */
  const dollarsIn = (text: string): number => {
    const [, digits, unit] = /\$([\d.,]+)(?: (billion|million))?/.exec(text)!;
    const scale = unit === "billion" ? 1e9 : unit === "million" ? 1e6 : 1;
    return Number(digits!.replaceAll(",", "")) * scale;
  };

  it.each(["exchange-hack", "protocol", "liquidations"] as const)(
    "%s: the amount agrees",
    (kind) => {
      const naming = told(kind).filter(
        ({ headline }) => headline.figures["amountUsd"] !== undefined,
      );
      expect(naming.length).toBeGreaterThan(50);
      for (const { headline } of naming) {
        const { amountUsd } = headline.figures;
        expect(Math.abs(dollarsIn(headline.text) / amountUsd! - 1)).toBeLessThan(1e-9);
      }
    },
  );

  it("whale-transfer: the coins agree", () => {
    for (const { headline } of told("whale-transfer")) {
      const coins = /([\d,.]+) BTC/.exec(headline.text)![1]!.replaceAll(",", "");
      expect(Number(coins)).toBe(headline.figures["amountCoins"]);
    }
  });

  it("macro-print: both figures agree, and more inflation than expected is bad", () => {
    for (const { story, headline } of told("macro-print")) {
      const shown = [...headline.text.matchAll(/(\d+\.\d)%/g)].map(([, digits]) => Number(digits));
      const { actual, expected } = headline.figures;
      expect(shown.toSorted()).toEqual([actual, expected].toSorted());
      expect(Math.sign(expected! - actual!)).toBe(story.story);
    }
  });

  it("earnings: both figures agree, and more than expected is good", () => {
    for (const { story, headline } of told("earnings")) {
      const shown = [...headline.text.matchAll(/\$(\d+\.\d\d)/g)].map(([, digits]) =>
        Number(digits),
      );
      const { actual, expected } = headline.figures;
      expect(shown.toSorted()).toEqual([actual, expected].toSorted());
      expect(Math.sign(actual! - expected!)).toBe(story.story);
    }
  });

  it("funding: the rate that the world has settled, to four digits, payers and sign agreeing", () => {
    for (const rate of [0.00071, -0.0004]) {
      for (const split of NEWS_SPLITS) {
        for (let i = 0; i < 30; i++) {
          const kind = "funding";
          const story = rate > 0 ? 1 : -1;
          const what = { id: `f-${i}`, kind, story, magnitude: 0 } as const;
          const { text, figures } = headlineOf(1, split, what, BITCOIN, {
            rate,
            openInterestUsd: 3.94e9,
          });
          expect(figures["rate"]).toBe(rate);
          if (figures["openInterestUsd"] !== undefined) expect(text).toContain("$3.9 billion");
          expect(text).toContain(rate > 0 ? "0.0710%" : "-0.0400%");
          const payers = rate > 0 ? /long|bulls|buyers|hopeful/i : /short|bears|sellers|fall/i;
          expect(text).toMatch(payers);
        }
      }
    }
  });

  it("names no figure that is not the event's", () => {
    for (const kind of NEWS_KINDS) {
      for (const { headline } of told(kind)) {
        const said = headline.text.match(/\d[\d,.]*\d|\d/g) ?? [];
        expect(said.length, headline.text).toBe(Object.keys(headline.figures).length);
      }
    }
  });

  it("tells no more of the magnitude than a headline does", () => {
    const pairs = told("exchange-hack")
      .filter(({ headline }) => headline.figures["amountUsd"] !== undefined)
      .map(({ story, headline }) => [
        Math.log(story.magnitude),
        Math.log(headline.figures["amountUsd"]!),
      ]);
    const mean = (i: 0 | 1): number =>
      pairs.reduce((sum, pair) => sum + pair[i]!, 0) / pairs.length;
    const [x, y] = [mean(0), mean(1)];
    const moment = (i: 0 | 1, j: 0 | 1): number =>
      pairs.reduce((sum, pair) => sum + (pair[i]! - [x, y][i]!) * (pair[j]! - [x, y][j]!), 0);
    const correlation = moment(0, 1) / Math.sqrt(moment(0, 0) * moment(1, 1));
    expect(correlation).toBeGreaterThan(0.1);
    expect(correlation).toBeLessThan(0.75);
  });

  it("is the same for the same story, and keeps to its split", () => {
    const [story] = stories;
    expect(headlineOf(1, "test", story!, BITCOIN)).toEqual(headlineOf(1, "test", story!, BITCOIN));
    for (const split of NEWS_SPLITS) {
      const voices = new Set(
        stories.map((s) => headlineOf(2, split, s, BITCOIN).family.split("/")[1]),
      );
      expect([...voices].toSorted()).toEqual(Object.keys(PHRASINGS[split]).toSorted());
    }
  });
});

describe("fill", () => {
  it("refuses a template that asks for what is not there", () => {
    expect(() => fill("{nobody} knows", {}, new Draws(1, "test"))).toThrow("{nobody}");
    expect(fill("[so] {what}", { what: "it is" }, new Draws(1, "test"))).toBe("So it is");
  });
});
