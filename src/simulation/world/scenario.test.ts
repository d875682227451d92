import { readFileSync } from "node:fs";
import fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { checkScenario, type Scenario, scenarioNews, ScenarioSpells } from "./scenario.ts";

const STORY: Scenario = {
  name: "a bad hour",
  events: [
    { kind: "trend", atSeconds: 60, forSeconds: 600, direction: "up", magnitude: 0.5 },
    { kind: "regime", atSeconds: 300, forSeconds: 900, regime: "wild" },
    {
      kind: "shock",
      atSeconds: 900,
      direction: "down",
      magnitude: 1.5,
      delaySeconds: 30,
      news: "exchange-hack",
    },
    { kind: "news", atSeconds: 1_000, text: "Nothing happened in the harbour" },
    { kind: "activity", atSeconds: 1_200, forSeconds: 60, multiple: 3 },
    { kind: "pressure", atSeconds: 1_200, forSeconds: 60, lean: -0.5 },
    { kind: "premium", atSeconds: 1_230, forSeconds: 60, premium: 0.002 },
  ],
};

const pathsOf = (value: unknown): string[] => {
  const checked = checkScenario(value);
  return checked.ok ? [] : checked.error.map(({ path }) => path);
};

describe("checkScenario", () => {
  it("takes a whole one, as JSON too", () => {
    expect(checkScenario(JSON.parse(JSON.stringify(STORY)))).toEqual({ ok: true, value: STORY });
    expect(pathsOf({ events: [] })).toEqual([]);
  });

  it("takes the example of the documentation", () => {
    const page = new URL("../../../docs/concepts/generated-market.md", import.meta.url);
    const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync(page, "utf8"))![1]!;
    const checked = checkScenario(parse(example));
    expect(checked.ok && checked.value.events.map(({ kind }) => kind)).toEqual([
      "trend",
      "regime",
      "shock",
      "premium",
      "activity",
      "pressure",
      "news",
    ]);
  });

  it("finds every fault, each at its path", () => {
    const events = [
      { kind: "shock", atSeconds: -1, direction: "sideways", magnitude: 11 },
      { kind: "trend", atSeconds: 0, direction: "up", magnitude: 1 },
      { kind: "regime", atSeconds: 0, regime: "mad" },
      { kind: "earthquake", atSeconds: 0 },
      "shock",
      { kind: "news", atSeconds: 0, text: "two\nlines", magnitude: 1 },
      { kind: "activity", atSeconds: "10s", forSeconds: 60, multiple: Number.NaN },
      { atSeconds: 0 },
      { kind: "toString", atSeconds: 0 },
    ];
    expect(pathsOf({ events, title: "x" })).toEqual([
      "title",
      "events.0.atSeconds",
      "events.0.direction",
      "events.0.magnitude",
      "events.1.forSeconds",
      "events.2.regime",
      "events.3.kind",
      "events.4",
      "events.5.text",
      "events.5.magnitude",
      "events.6.atSeconds",
      "events.6.multiple",
      "events.7.kind",
      "events.8.kind",
    ]);
  });

  it("says what to write instead", () => {
    const checked = checkScenario({ events: [{ kind: "regime", atSeconds: 5, regime: "mad" }] });
    expect(checked).toEqual({
      ok: false,
      error: [{ path: "events.0.regime", text: 'must be one of calm, normal, wild, got "mad"' }],
    });
  });

  it("refuses what is no scenario at all, and never throws", () => {
    expect(pathsOf(null)).toEqual([""]);
    expect(pathsOf([])).toEqual([""]);
    expect(pathsOf({})).toEqual(["events"]);
    expect(pathsOf({ events: 3 })).toEqual(["events"]);
    expect(pathsOf({ events: Array(1_001).fill(STORY.events[0]) })).toEqual(["events"]);
    fc.assert(fc.property(fc.anything(), (value) => typeof checkScenario(value).ok === "boolean"));
  });
});

describe("ScenarioSpells", () => {
  const after = (seconds: number): ScenarioSpells => {
    const spells = new ScenarioSpells(STORY);
    for (let s = 0; s <= seconds; s++) spells.step(s);
    return spells;
  };

  it("moves by a trend evenly, and by all of it in the end", () => {
    expect(after(60).moved).toBe(0);
    expect(after(360).moved).toBeCloseTo(0.25, 12);
    expect(after(660).moved).toBe(0.5);
    expect(after(5_000).moved).toBe(0.5);
  });

  it("holds a regime for its spell", () => {
    expect([after(299).regime, after(300).regime]).toEqual([undefined, "wild"]);
    expect([after(1_199).regime, after(1_200).regime]).toEqual(["wild", undefined]);
  });

  it("lets spells overlap and end", () => {
    const { activity, lean, premium } = after(1_240);
    expect([activity, lean, premium]).toEqual([3, -0.5, 0.002]);
    const late = after(1_300);
    expect([late.activity, late.lean, late.premium]).toEqual([1, 0, 0]);
  });

  it("comes to the same when seconds are skipped", () => {
    const spells = new ScenarioSpells(STORY);
    spells.step(2_000);
    expect(spells.moved).toBe(0.5);
    expect(spells.regime).toBeUndefined();
  });
});

describe("scenarioNews", () => {
  it("makes news of shocks and headlines", () => {
    expect(scenarioNews(STORY)).toEqual([
      { atSeconds: 900, delaySeconds: 30, direction: -1, magnitude: 1.5, kind: "exchange-hack" },
      { atSeconds: 1_000, direction: 0, magnitude: 0, text: "Nothing happened in the harbour" },
    ]);
  });
});
