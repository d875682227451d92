import { describe, expect, it } from "vitest";
import { Luck, surveyOf, tapeOf, walk } from "../../../test/planted-market.ts";
import type { Finding } from "./finding.ts";
import { aggregation, clustering, fatTails, returnMemory } from "./returns.ts";

const HOURS_4 = 4 * 36_000;
const STEP = 1e-5;
const estimateOf = (finding: Finding, name: string) =>
  finding.measures.find((each) => each.name === name)?.estimate;
const covers = (finding: Finding, name: string, value: number): boolean => {
  const { low, high } = estimateOf(finding, name)!.interval!;
  return low <= value && value <= high;
};

describe("a Gaussian walk", () => {
  const luck = new Luck(3, "gaussian");
  const survey = surveyOf(tapeOf(walk(HOURS_4, () => STEP * luck.normal())));

  it("has the volatility that was put there at every horizon, and no fat tail", () => {
    const found = fatTails(survey);
    expect(covers(found, "volatility 1 s", 1e4 * STEP * Math.sqrt(10))).toBe(true);
    expect(covers(found, "volatility 10 s", 1e4 * STEP * 10)).toBe(true);
    expect(covers(found, "volatility 1 min", 1e4 * STEP * Math.sqrt(600))).toBe(true);
    expect(covers(found, "excess kurtosis 1 s", 0)).toBe(true);
    expect(covers(found, "excess kurtosis 10 s", 0)).toBe(true);
    expect(covers(found, "skew 1 s", 0)).toBe(true);
    expect(found.holds).not.toBe("yes");
  });

  it("annualises by the seconds of the venue's year", () => {
    const { value } = estimateOf(fatTails(survey), "volatility 1 s, annual")!;
    const perSecond = estimateOf(fatTails(survey), "volatility 1 s")!.value / 1e4;
    expect(value / (perSecond * Math.sqrt(365 * 86_400))).toBeCloseTo(1, 12);
  });

  it("forgets its returns and does not cluster", () => {
    const memory = returnMemory(survey);
    expect(memory.holds).toBe("yes");
    expect(covers(memory, "with the next, 10 s", 0)).toBe(true);
    expect(clustering(survey).holds).not.toBe("yes");
    expect(aggregation(survey).holds).not.toBe("yes");
  });
});

describe("planted tails", () => {
  it("of a power of 3 are fat, and the exponent is recovered", () => {
    const luck = new Luck(5, "tails");
    const jump = (k: number): number => (k % 10 === 9 ? STEP * luck.sign() * luck.pareto(3) : 0);
    const found = fatTails(surveyOf(tapeOf(walk(HOURS_4, jump))));
    expect(covers(found, "tail exponent 1 s", 3)).toBe(true);
    expect(found.measures.find(({ name }) => name === "tail exponent 1 s")!.note).toContain(
      "k = 719 of",
    );
  });

  it("thin out with the horizon, as independent jumps do", () => {
    const luck = new Luck(6, "thinning");
    const jump = (): number => STEP * luck.normal() * (luck.uniform() < 0.02 ? 20 : 1);
    expect(aggregation(surveyOf(tapeOf(walk(2 * HOURS_4, jump)))).holds).toBe("yes");
  });
});

describe("planted memory", () => {
  it("of returns is found with its size", () => {
    const luck = new Luck(7, "momentum");
    let now = 0;
    const step = (k: number): number => {
      // One draw for each ten seconds, a third of which goes on into the next ten.
      if (k % 100 === 0) now = STEP * luck.normal() + now / 3;
      return now;
    };
    const found = returnMemory(surveyOf(tapeOf(walk(HOURS_4, step))));
    expect(found.holds).toBe("no");
  });

  it("of volatility is called clustering, with an exponential for an exponential", () => {
    const luck = new Luck(8, "clustering");
    let level = 0;
    const step = (k: number): number => {
      if (k % 10 === 0) level = level * Math.exp(-1 / 60) + 0.18 * luck.normal();
      return STEP * Math.exp(level) * luck.normal();
    };
    const found = clustering(surveyOf(tapeOf(walk(2 * HOURS_4, step))));
    expect(found.holds).toBe("yes");
    const power = found.measures.find(({ name }) => name === "power of the fall")!;
    expect(power.note).toContain("an exponential fits better");
    const { interval } = estimateOf(found, "exponential span")!;
    expect(interval!.low).toBeLessThan(60);
    expect(interval!.high).toBeGreaterThan(30);
  });
});

describe("a few minutes", () => {
  it("tell nothing, and say of how many spans", () => {
    const luck = new Luck(9, "short");
    const survey = surveyOf(tapeOf(walk(3_600, () => STEP * luck.normal())));
    for (const find of [fatTails, aggregation, returnMemory, clustering]) {
      const found = find(survey);
      expect(found.holds).toBe("cannot be told");
      expect(found.effective).toBeLessThan(20);
    }
  });

  it("without a single known price is no fault", () => {
    const survey = surveyOf(tapeOf(new Int32Array(3_600)));
    for (const find of [fatTails, aggregation, returnMemory, clustering]) {
      expect(find(survey).holds).toBe("cannot be told");
    }
  });
});
