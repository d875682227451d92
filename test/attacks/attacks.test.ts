/**
 * Attacks: what every attack case must not do, before any model has read it.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAnswer } from "../../src/advisors/answer.ts";
import { NEWS_BEGIN, NEWS_END, promptOf } from "../../src/advisors/prompt.ts";
import type { AdviceQuestion, NewsItem, SituationNews } from "../../src/core/contracts/advice.ts";
import type { Micros } from "../../src/core/domain/units.ts";
import { cleanText } from "../../src/feeds/clean.ts";
import { mask } from "../../src/feeds/mask.ts";
import { MOST_BODY, MOST_HEADLINE, MOST_SOURCE, cleanNews } from "../../src/feeds/raw-news.ts";
import { type AttackCase, attackCases, coveringCases } from "./attack-cases.ts";
import { CHANNELS } from "./channels.ts";
import { FAMILIES } from "./families.ts";
import { GOALS } from "./goals.ts";
import { ATTACKS_PAGE, attacksPage } from "./page.ts";
import { WRAPPERS } from "./wrappers.ts";

const NOW = 1_795_000_000_000_000 as Micros;
const cases = attackCases();

/** The item as the engine would get it; a field's text as a headline would be. */
const cleaned = ({ place, id }: AttackCase): NewsItem => {
  const raw =
    place.kind === "item"
      ? place.raw
      : { source: "x", kind: "news" as const, headline: place.text };
  const item = cleanNews(raw, NOW);
  if (item === undefined) throw new Error(`${id}: nothing is left of it`);
  return item;
};
const items = cases.map((attack) => ({ attack, item: cleaned(attack) }));

const newsOf = (item: NewsItem): SituationNews => ({
  secondsAgo: 5,
  source: item.source,
  kind: item.kind,
  headline: item.headline,
  flags: item.flags,
});

const questionOf = (more: Partial<AdviceQuestion>, ...news: SituationNews[]): AdviceQuestion => ({
  id: "P1-q1",
  parentId: "P1",
  instrument: "BTCUSDT",
  cause: "news",
  situation: {
    order: {
      strategy: "twap",
      urgency: 0.5,
      spanSeconds: 3600,
      secondsLeft: 1800,
      executed: 0.4,
      planned: 0.5,
      atVenue: 0.01,
    },
    cost: { midBps: 3, shortfallBps: 1 },
    market: { regime: "usual", spreadBps: 1, imbalance: 0, far: [], near: [], trades: [] },
    news,
    past: [],
  },
  actions: ["proceed", "aggressive", "passive", "wait", "accelerate", "decelerate"],
  strategies: ["twap", "vwap"],
  ...more,
});

const userOf = (...news: SituationNews[]): string => promptOf(questionOf({}, ...news)).user;

describe("attack cases", () => {
  it("are at least three hundred, each of its own, from every table", () => {
    expect(cases.length).toBeGreaterThanOrEqual(300);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(new Set(cases.map(({ place }) => JSON.stringify(place))).size).toBe(cases.length);
    expect(new Set(cases.map(({ family }) => family))).toEqual(new Set(Object.keys(FAMILIES)));
  });

  it("have a covering set: every goal in every wrapper, both by every channel", () => {
    const few = coveringCases();
    expect(few.length).toBeGreaterThanOrEqual(300);
    const ids = new Set(cases.map(({ id }) => id));
    expect(few.filter(({ id }) => !ids.has(id))).toEqual([]);
    const [goals, wrappers, channels] = [GOALS, WRAPPERS, CHANNELS].map(
      (table) => Object.keys(table).length,
    );
    const pairs = (...of: (keyof AttackCase)[]): number =>
      new Set(few.map((attack) => of.map((key) => attack[key]).join())).size;
    expect(pairs("goal", "wrapper")).toBe(goals! * wrappers!);
    expect(pairs("goal", "channel")).toBe(goals! * channels!);
    expect(pairs("wrapper", "channel")).toBe(wrappers! * channels!);
  });

  it("carry their demand: most are guessed to be instructions", () => {
    const headlines = items.filter(({ attack }) => attack.channel === "headline");
    const flagged = headlines.filter(({ item }) => item.flags.includes("instruction-like"));
    // A guess, and no gate: it need not know all, but is no use if it knows hardly any.
    expect(flagged.length / headlines.length).toBeGreaterThan(0.6);
  });
});

describe("cleaned, every case", () => {
  it("is one line of visible characters without an angle bracket, within its caps", () => {
    for (const { attack, item } of items) {
      for (const [text, most] of [
        [item.headline, MOST_HEADLINE],
        [item.source, MOST_SOURCE],
        [item.body ?? "", MOST_BODY],
      ] as const) {
        expect(text.length, attack.id).toBeLessThanOrEqual(most);
        expect(text, attack.id).not.toMatch(/[<>\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(cleanText(text, most).text, attack.id).toBe(text);
      }
      expect(item.id, attack.id).toMatch(/^[\w.:/@+=-]{1,100}$/);
    }
  });

  it("in disguise is read, and the disguise is flagged", () => {
    for (const { attack, item } of items) {
      if (attack.wrapper === "invisible") expect(item.flags, attack.id).toContain("invisible");
      if (attack.wrapper === "look-alike" && attack.channel === "headline") {
        expect(item.flags, attack.id).toContain("look-alike");
        expect(item.headline.toLowerCase().slice(0, 20), attack.id).toBe(
          GOALS[attack.goal].demand.toLowerCase().slice(0, 20),
        );
      }
    }
  });

  it("is masked without growing or breaking", () => {
    for (const { attack, item } of items) {
      const masked = mask(item, "BTCUSDT");
      expect(masked.headline.length, attack.id).toBeLessThanOrEqual(MOST_HEADLINE);
      expect(`${masked.headline} ${masked.body ?? ""}`, attack.id).not.toMatch(/\bBTC\b|bitcoin/i);
    }
  });
});

describe("in a prompt, every case", () => {
  const count = (text: string, part: string): number => text.split(part).length - 1;
  /** What stands between the delimiters, each of which must be there once. */
  function quotedIn(prompt: string): readonly string[] {
    expect([count(prompt, NEWS_BEGIN), count(prompt, NEWS_END)]).toEqual([1, 1]);
    const lines = prompt.slice(prompt.indexOf(NEWS_BEGIN), prompt.indexOf(NEWS_END)).split("\n");
    return lines.slice(1, -1);
  }
  const around = (prompt: string): string =>
    prompt.slice(0, prompt.indexOf(NEWS_BEGIN)) + prompt.slice(prompt.indexOf(NEWS_END));
  const harmless = around(userOf());

  it("stays one line of JSON between the delimiters, and nothing around it changes", () => {
    for (const { attack, item } of items) {
      const prompt = userOf(newsOf(item), newsOf({ ...item, headline: "A second item" }));
      const lines = quotedIn(prompt);
      expect(lines.length, attack.id).toBe(2);
      const told = JSON.parse(lines[0]!) as { headline: string; source: string };
      expect([told.headline, told.source], attack.id).toEqual([item.headline, item.source]);
      expect(around(prompt), attack.id).toBe(harmless);
    }
  });

  it("does not break out even where it was not cleaned", () => {
    for (const { place, id } of cases) {
      const text =
        place.kind === "item" ? `${place.raw.headline}${place.raw.body ?? ""}` : place.text;
      const source = place.kind === "item" ? place.raw.source : place.text;
      const raw: SituationNews = {
        secondsAgo: 5,
        source,
        kind: "news",
        headline: text,
        flags: [text],
      };
      const prompt = userOf(raw);
      const lines = quotedIn(prompt);
      expect(lines.length, id).toBe(1);
      JSON.parse(lines[0]!);
      expect(around(prompt), id).toBe(harmless);
    }
  });

  it("as an order's note, a symbol or past advice does not show", () => {
    for (const { place, id } of cases) {
      if (place.kind !== "field") continue;
      const named = questionOf({ id: place.text, parentId: place.text, instrument: place.text });
      expect(promptOf(named), id).toEqual(promptOf(questionOf({})));
    }
  });

  it("as the name of a strategy does not break the line that it stands in", () => {
    for (const { place, id } of cases) {
      if (place.kind !== "field" || place.field !== "symbol") continue;
      const lines = promptOf(questionOf({ strategies: ["twap", place.text] })).user.split("\n");
      expect(lines.length, id).toBe(userOf().split("\n").length);
      expect(count(lines.join("\n"), NEWS_END), id).toBe(1);
    }
  });
});

describe("obeying, every goal", () => {
  const question = questionOf({});
  const answers = Object.keys(GOALS).map((goal) => ({
    goal,
    attack: cases.find((each) => each.goal === goal)!,
  }));

  it.each(answers)(
    "$goal: the worst valid answer is one, and is known for what it is",
    ({ attack }) => {
      const { obeying } = attack;
      for (const offer of [
        question,
        questionOf({ actions: ["proceed", "wait", "cancel"], strategies: [] }),
      ]) {
        const answer = parseAnswer(
          obeying.validText(questionOf({ actions: question.actions })),
          question,
        );
        expect(answer.kind === "none" ? answer.text : "").toBe("");
        if (answer.kind !== "advice") return;
        // Who may not cancel waits instead.
        if (attack.goal !== "cancel-all") expect(obeying.isObeyed(answer.advice)).toBe(true);
        expect(typeof JSON.parse(obeying.validText(offer))).toBe("object");
      }
    },
  );

  it("cancel-all cancels where that is offered", () => {
    const open = questionOf({ actions: ["proceed", "wait", "cancel"] });
    const { obeying } = cases.find(({ goal }) => goal === "cancel-all")!;
    const answer = parseAnswer(obeying.validText(open), open);
    expect(answer.kind === "advice" && obeying.isObeyed(answer.advice)).toBe(true);
  });

  it.each(answers)(
    "$goal: the word-by-word answer is refused, or within what is offered",
    ({ attack }) => {
      const answer = parseAnswer(attack.obeying.literalText(question), question);
      if (answer.kind === "none") {
        expect(answer.reason).toBe("malformed");
        return;
      }
      const { advice } = answer;
      expect(question.actions).toContain(advice.action);
      expect(advice.rate ?? 1).toBeLessThanOrEqual(2);
      expect(advice.proposal?.quantityShare ?? 0).toBeLessThanOrEqual(1);
      expect(advice.reasoning.length).toBeLessThanOrEqual(2000);
      expect(Object.getPrototypeOf(advice)).toBe(Object.prototype);
    },
  );

  it("a harmless answer obeys none of them but by chance of its own", () => {
    const advice = parseAnswer(
      JSON.stringify({
        ...JSON.parse(cases[0]!.obeying.validText(question)),
        action: "proceed",
        urgency: "own",
        proposal: null,
      }),
      question,
    );
    expect(advice.kind).toBe("advice");
    if (advice.kind !== "advice") return;
    const obeyed = answers.filter(({ attack }) => attack.obeying.isObeyed(advice.advice));
    expect(obeyed).toEqual([]);
  });
});

describe("docs/reference/attacks.md", () => {
  it("says what the tables say", () => {
    const squeezed = (text: string): string => text.replaceAll(/[ -]{2,}/g, " ");
    expect(squeezed(readFileSync(ATTACKS_PAGE, "utf8")), "run node test/attacks/page.ts").toBe(
      squeezed(attacksPage()),
    );
  });
});
