/** What a person may write for a model, and what is refused. */
import { describe, expect, it } from "vitest";
import { chooseModels, parseFactor, standingModels } from "./model-choice.ts";

function chosen(...args: Parameters<typeof chooseModels>) {
  const made = chooseModels(...args);
  if (!made.ok) throw new Error(made.error.text);
  return made.value;
}

const valueOf = (choice: ReturnType<typeof chosen>[number], name: string) =>
  choice.parameters.find((parameter) => parameter.name === name);

describe("a choice of models", () => {
  it("takes a name, with parameters that are then held to be exact", () => {
    const [plain] = chosen(["kyle"]);
    expect(plain!.parameters).toEqual(plain!.model.parameters);
    const [given] = chosen(["power-law:exponent=0.5,permanent=0"], { temporary: 0.3 });
    expect(valueOf(given!, "exponent")).toMatchObject({ value: 0.5, standardError: 0 });
    expect(valueOf(given!, "permanent")).toMatchObject({ value: 0, origin: "given" });
    expect(valueOf(given!, "temporary")).toMatchObject({ value: 0.3, origin: "given" });
  });

  it("all are those that stand by themselves, each once", () => {
    const names = chosen(["all"]).map(({ model }) => model.name);
    expect(names).toEqual(standingModels().map(({ name }) => name));
    expect(names).toHaveLength(7);
    expect(names).not.toContain("llm-enhanced");
  });

  it("a factor makes every one of them the hybrid of itself", () => {
    const advice = { factor: 1.4, low: 1.1, high: 1.8, source: "a test", weight: 0.5 };
    const [one, two] = chosen(["kyle:noise=0.2", "llm-enhanced:base=square-root"], {}, advice);
    expect(one!.model.name).toBe("llm-enhanced:base=kyle");
    expect(valueOf(one!, "noise")).toMatchObject({ value: 0.2, standardError: 0 });
    expect(valueOf(one!, "factor")).toMatchObject({ value: 1.4, origin: "advised" });
    expect(valueOf(two!, "weight")).toMatchObject({ value: 0.5 });
    expect(two!.model.base).toBe("square-root");
  });

  it("the hybrid by its name takes base, factor, low, high and weight, and the base's own", () => {
    const text = "llm-enhanced:base=kyle,factor=1.4,low=1.1,high=1.8,weight=0.5,noise=0.2";
    const [one] = chosen([text]);
    const market = { dailyVolatility: 0.02, dailyVolume: 1_000, spreadBps: 1 };
    const values = Object.fromEntries(one!.parameters.map(({ name, value }) => [name, value]));
    const cost = one!.model.impact(values, [{ quantity: 100, days: 0.1 }], market);
    expect(cost.permanentBps).toBeCloseTo(50 * 1.2, 9);
  });

  it.each([
    [["nope"], "no impact model is named"],
    [["kyle:"], "neither"],
    [["kyle:noise"], "neither"],
    [["kyle:noise=1=2"], "neither"],
    [["kyle:noise=1e3"], "not a plain number"],
    [["kyle:noise=-1"], "not a plain number"],
    [["kyle:noise=0"], "over 0"],
    [["kyle:noise=0.1,noise=0.2"], "twice"],
    [["kyle:__proto__=1"], "no parameter __proto__"],
    [["power-law:exponent=1.01"], "from 0.5 to 1"],
    [["kyle", "kyle:noise=0.2"], "asked twice"],
    [["all", "kyle"], "asked twice"],
    [["kyle:base=square-root"], "has no base"],
    [["llm-enhanced"], "needs a factor"],
    [["llm-enhanced:base=nope,factor=1"], "no impact model is named"],
    [["llm-enhanced:base=llm-enhanced,factor=1"], "adjusted already"],
    [["llm-enhanced:low=1"], "give factor=1.4 too"],
    [["llm-enhanced:factor=1.4,low=1.5"], "does not lie between"],
    [["llm-enhanced:factor=9"], "from 0.5 to 2"],
    [["kyle:factor=1"], "no parameter factor"],
  ])("refuses %o", (texts, why) => {
    expect(chooseModels(texts)).toMatchObject({
      ok: false,
      error: { text: expect.stringContaining(why) },
    });
  });

  it("refuses parameters apart from the name where several models are meant", () => {
    const refused = chooseModels(["all"], { noise: 1 });
    expect(refused).toMatchObject({ error: { code: "ESTIMATE_PARAMETER" } });
    const advice = { factor: 1.4, source: "a test", weight: 1 };
    const twice = chooseModels(["llm-enhanced:factor=1.2"], {}, advice);
    expect(twice).toMatchObject({ error: { text: expect.stringContaining("given twice") } });
  });
});

describe("a factor", () => {
  it("is a number, with or without its ends", () => {
    expect(parseFactor("1.4")).toEqual({ factor: 1.4 });
    expect(parseFactor("1.4:1.1..1.8")).toEqual({ factor: 1.4, low: 1.1, high: 1.8 });
    for (const text of ["", "x", "1.4:", "1.4:1.1", "1.4:1.1-1.8", "-1", "1e1", "1.4:1.1..1.8 "]) {
      expect(parseFactor(text)).toBeUndefined();
    }
  });
});
