import { describe, expect, it } from "vitest";
import { Luck, START_MID, surveyOf, tapeOf, walk } from "../../../test/planted-market.ts";
import { orderImpact, response, SAMPLING_SECONDS, signature } from "./price-impact.ts";
import { binOf, binStart, Cell, RESPONSE_SECONDS } from "./tape.ts";

const HOURS_3 = 3 * 36_000;
const STEP = 1e-5;

describe("signature", () => {
  it("of a Gaussian walk is flat at its variance", () => {
    const luck = new Luck(11, "walk");
    const found = signature(surveyOf(tapeOf(walk(HOURS_3, () => STEP * luck.normal()))));
    expect(found.holds).toBe("yes");
    const variance = 1e8 * STEP * STEP * 10;
    const mid = found.curves[0]!;
    for (const [k, y] of mid.y.entries()) {
      if (SAMPLING_SECONDS[k]! <= 10) expect(Math.abs(y / variance - 1)).toBeLessThan(0.1);
    }
  });

  it("of traded prices that bounce by a half spread has the shape that theory gives", () => {
    const luck = new Luck(12, "bounce");
    const half = 3 * STEP;
    const mids = walk(HOURS_3, () => STEP * luck.normal());
    // Traded at the bid or the ask by the toss of a coin: 2 half² on top, whatever the interval.
    const lastPrices = Int32Array.from(mids, (mid) =>
      Math.round((mid / 2) * (1 + half * luck.sign())),
    );
    const found = signature(surveyOf(tapeOf(mids, { lastPrices })));
    const trades = found.curves[1]!;
    for (const [k, seconds] of SAMPLING_SECONDS.entries()) {
      if (seconds > 10) continue;
      const expected = 1e8 * (STEP * STEP * 10 + (2 * half * half) / seconds);
      expect(Math.abs(trades.y[k]! / expected - 1)).toBeLessThan(0.1);
    }
    expect(found.measures.at(-1)!.estimate!.value).toBeGreaterThan(10);
  });

  it("of a mid that comes back is not flat", () => {
    const luck = new Luck(13, "return");
    let wave = 0;
    const step = (): number => {
      const before = wave;
      wave = wave * 0.99 + 3 * STEP * luck.normal();
      return wave - before + (STEP / 2) * luck.normal();
    };
    expect(signature(surveyOf(tapeOf(walk(HOURS_3, step)))).holds).toBe("no");
  });
});

/** Cells in which orders of each size moved the mid as `way` says, with noise. */
function cellsWith(way: (lots: number) => number, seed: number): readonly Cell[] {
  const luck = new Luck(seed, "sizes");
  return Array.from({ length: 120 }, () => {
    const cell = new Cell();
    cell.quotedSeconds = 60;
    for (let i = 0; i < 300; i++) {
      const lots = Math.ceil(luck.pareto(1.2));
      const bin = binOf(lots, cell.sizeCounts.length);
      const bps = way(lots) + 2 * luck.normal();
      cell.orders += 1;
      cell.prints += 1;
      cell.sizeMovedCounts[bin]! += 1;
      cell.sizeMovedLots[bin]! += lots;
      cell.sizeLaterBps[bin]! += bps;
      cell.sizeAtOnceBps[bin]! += bps;
      for (let k = 0; k < RESPONSE_SECONDS.length; k++) {
        cell.responseCounts[k]! += 1;
        cell.responseBps[k]! += bps;
      }
    }
    return cell;
  });
}

describe("one order's impact", () => {
  const survey = (way: (lots: number) => number) => {
    const mids = new Int32Array(120 * 600).fill(START_MID);
    return surveyOf(tapeOf(mids, { cells: cellsWith(way, 14) }));
  };

  it("has the power that was put there", () => {
    const found = orderImpact(survey((lots) => lots ** 0.3));
    const { interval } = found.measures[0]!.estimate!;
    expect(interval!.low).toBeLessThan(0.3);
    expect(interval!.high).toBeGreaterThan(0.3);
    expect(found.holds).toBe("yes");
  });

  it("that is linear is told from a concave one", () => {
    expect(orderImpact(survey((lots) => lots)).holds).toBe("no");
  });

  it("averages to the response", () => {
    const found = response(survey(() => 1.5));
    expect(found.holds).toBe("yes");
    const { interval } = found.measures[2]!.estimate!;
    expect(interval!.low).toBeLessThan(1.5);
    expect(interval!.high).toBeGreaterThan(1.5);
  });
});

describe("bins", () => {
  it("begin where they say", () => {
    for (let bin = 0; bin < 60; bin++) expect(binOf(binStart(bin) * 1.0001, 84)).toBe(bin);
    expect(binOf(0, 84)).toBe(0);
    expect(binOf(1e300, 84)).toBe(83);
  });
});
