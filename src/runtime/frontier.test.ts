/** The paper's frontier, and that nothing lies under ours. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { impactModels } from "../impact/registry.ts";
import { aboveFrontier, frontierOf } from "./frontier.ts";

const FILE = fileURLToPath(
  new URL("../../../shared/data/ground-truth/ground-truth.json", import.meta.url),
);
const isThere = existsSync(FILE);
const why = isThere ? "" : " (skipped: ../shared/data/ground-truth is not there)";

/** 50 a share, 5 million shares a day, a spread of an eighth; a million in five days. */
const MARKET = { dailyVolatility: 0.95 / 50, dailyVolume: 5e6, spreadBps: 25 };
const WORTH = 50e6;
const [paper, fitted, law] = ["almgren-chriss", "almgren-2005", "square-root"].map((name) =>
  impactModels.get(name)!,
);

const rowsFor = (lambdas: readonly number[]) =>
  frontierOf(paper!, paper!.parameters, MARKET, {
    quantity: 1e6,
    days: 5,
    steps: 5,
    riskAversions: lambdas.map((lambda) => (lambda * WORTH) / 1e4),
  }).map(({ impactBps, priceBps }) => ({
    expected: ((impactBps + 12.5) / 1e4) * WORTH,
    variance: ((priceBps / 1e4) * WORTH) ** 2,
  }));

describe("frontier", () => {
  it("λ = 1e-6 of the paper: E 911,227, V 3.64129e11", () => {
    const [row] = rowsFor([1e-6]);
    expect(Math.round(row!.expected)).toBe(911_227);
    expect(row!.variance / 3.64129e11).toBeCloseTo(1, 5);
  });

  it.runIf(isThere)(`all 16 rows of the published frontier${why}`, () => {
    const truth = JSON.parse(readFileSync(FILE, "utf8")) as {
      almgren_chriss_2001: Record<string, unknown>;
    };
    const key = Object.keys(truth.almgren_chriss_2001).find((name) => name.includes("frontier"))!;
    const printed = truth.almgren_chriss_2001[key] as readonly (readonly number[])[];
    expect(printed).toHaveLength(16);
    rowsFor(printed.map(([lambda]) => lambda! * 1e-6)).forEach(({ expected, variance }, i) => {
      expect(Math.abs(expected / 1e6 - printed[i]![1]!)).toBeLessThan(1.01e-4);
      expect(Math.abs(variance / 1e12 - printed[i]![2]!)).toBeLessThan(1.01e-4);
    });
  });

  it("falls in impact as risk rises, from all at once to the least impact", () => {
    for (const model of [paper!, fitted!]) {
      const points = frontierOf(model, model.parameters, MARKET, { quantity: 1e5, days: 0.2 });
      expect(points.length).toBeGreaterThan(20);
      points.slice(1).forEach((point, k) => {
        expect(point.priceBps).toBeLessThanOrEqual(points[k]!.priceBps + 1e-9);
        expect(point.impactBps).toBeGreaterThanOrEqual(points[k]!.impactBps - 1e-9);
      });
    }
  });

  it("is empty where speed costs nothing", () => {
    expect(frontierOf(law!, law!.parameters, MARKET, { quantity: 1e5, days: 0.2 })).toEqual([]);
  });

  it("tells how far a point lies above it", () => {
    const points = [
      { riskAversion: 0, impactBps: 2, priceBps: 10 },
      { riskAversion: 1, impactBps: 6, priceBps: 5 },
    ];
    expect(aboveFrontier(points, 5, 7.5)).toBe(1);
    expect(aboveFrontier(points, 5, 12)).toBe(3);
    expect(aboveFrontier(points, 5, 1)).toBeUndefined();
    expect(aboveFrontier([], 5, 1)).toBeUndefined();
  });
});
