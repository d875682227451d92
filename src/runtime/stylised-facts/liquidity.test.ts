import { describe, expect, it } from "vitest";
import { Luck, surveyOf, tapeOf, walk } from "../../../test/planted-market.ts";
import { binnedTail, bursts, depth, orderSizes, spread, volumeVolatility } from "./liquidity.ts";
import { binOf, Cell } from "./tape.ts";

const MINUTES = 180;
const cellsOf = (fill: (cell: Cell, minute: number) => void): readonly Cell[] =>
  Array.from({ length: MINUTES }, (_, minute) => {
    const cell = new Cell();
    cell.quotedSeconds = 60;
    cell.prints = 1;
    fill(cell, minute);
    return cell;
  });
const still = new Int32Array(MINUTES * 600).fill(2_000_000);

describe("order sizes", () => {
  it("have the tail that was put there", () => {
    const luck = new Luck(41, "sizes");
    const cells = cellsOf((cell) => {
      for (let i = 0; i < 200; i++) {
        cell.orders += 1;
        cell.sizeCounts[binOf(luck.pareto(1.5), cell.sizeCounts.length)]! += 1;
      }
    });
    const found = orderSizes(surveyOf(tapeOf(still, { cells })));
    const { interval } = found.measures[0]!.estimate!;
    expect(interval!.low).toBeLessThan(1.5);
    expect(interval!.high).toBeGreaterThan(1.5);
    expect(found.holds).toBe("yes");
  });

  it("in bins of one ratio are geometric: the exponent is exact", () => {
    // Half as many in each next half octave: an exponent of 2.
    const counts = Float64Array.from({ length: 60 }, (_, bin) => 2 ** -bin);
    expect(binnedTail(counts, 0)).toBeCloseTo(2, 9);
  });
});

describe("bursts", () => {
  const cellsOfWaits = (wait: () => number): readonly Cell[] =>
    cellsOf((cell) => {
      for (let i = 0; i < 100; i++) {
        const seconds = wait();
        cell.waits += 1;
        cell.waitSeconds += seconds;
        cell.waitSquares += seconds * seconds;
      }
    });

  it("are none in a Poisson flow", () => {
    const luck = new Luck(42, "poisson");
    const cells = cellsOfWaits(() => -Math.log(1 - luck.uniform()));
    const { interval } = bursts(surveyOf(tapeOf(still, { cells }))).measures[0]!.estimate!;
    expect(interval!.low).toBeLessThan(0);
    expect(interval!.high).toBeGreaterThan(0);
  });

  it("are found where waits are of two kinds", () => {
    const luck = new Luck(43, "bursts");
    const cells = cellsOfWaits(() => (luck.uniform() < 0.1 ? 10 : 0.1));
    expect(bursts(surveyOf(tapeOf(still, { cells }))).holds).toBe("yes");
  });
});

describe("depth", () => {
  const survey = (lotsAt: (ticks: number) => number) => {
    const cells = cellsOf((cell, minute) => {
      cell.looks = 60;
      cell.levelsSeen = 60 * 100;
      cell.touchLots = 120 * 5;
      cell.touchSquares = 120 * (25 + (minute % 3));
      for (let k = 1; k <= 50; k++) cell.depthLots[k] = 120 * lotsAt(k) + (minute % 5);
    });
    return surveyOf(tapeOf(still, { cells }));
  };

  it("is a hump where it rises", () => {
    const found = depth(survey((k) => Math.min(k, 20)));
    expect(found.holds).toBe("yes");
    expect(found.curves[0]!.y[9]).toBeCloseTo(10, 1);
  });

  it("is none where it falls", () => {
    expect(depth(survey((k) => 100 / k)).holds).toBe("no");
  });

  it("is not told from the five levels that a recording shows", () => {
    const shallow = survey((k) => Math.min(k, 20));
    for (const cell of shallow.tapes[0]!.cells) cell.levelsSeen = 60 * 10;
    const found = depth(shallow);
    expect(found.holds).toBe("cannot be told");
    expect(found.why).toContain("10 levels");
  });
});

describe("volume, spread and volatility", () => {
  it("go together where they were tied, and not where they were not", () => {
    const luck = new Luck(44, "minutes");
    const pace = Array.from({ length: MINUTES }, () => Math.exp(luck.normal()));
    const other = Array.from({ length: MINUTES }, () => Math.exp(luck.normal()));
    const mids = walk(MINUTES * 600, (k) => {
      return 1e-5 * Math.sqrt(pace[Math.floor(k / 600)]!) * luck.normal();
    });
    const cells = (of: readonly number[]) =>
      cellsOf((cell, minute) => {
        cell.volume = 100 * of[minute]!;
        cell.spreadTickSeconds = 60 * of[minute]!;
      });
    const tied = surveyOf(tapeOf(mids, { cells: cells(pace) }));
    expect(volumeVolatility(tied).holds).toBe("yes");
    expect(spread(tied).holds).toBe("yes");
    const slope = volumeVolatility(tied).measures[1]!.estimate!.interval!;
    expect(slope.low).toBeLessThan(1);
    expect(slope.high).toBeGreaterThan(1);
    const apart = surveyOf(tapeOf(mids, { cells: cells(other) }));
    expect(volumeVolatility(apart).holds).not.toBe("yes");
    expect(spread(apart).holds).not.toBe("yes");
  });
});
