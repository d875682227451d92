import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allShifts, listedOrder, reversed, shifted } from "./label-items.ts";
import { calibrated, optionBias, probabilitiesOf, quantileOf, topOf } from "./option-bias.ts";

const logs = fc.array(fc.double({ min: -20, max: 0, noNaN: true }), {
  minLength: 2,
  maxLength: 8,
});

describe("probabilities", () => {
  it("sum to one, and a common term means nothing", () => {
    fc.assert(
      fc.property(logs, fc.double({ min: -50, max: 50, noNaN: true }), (values, term) => {
        const one = probabilitiesOf(values);
        const other = probabilitiesOf(values.map((value) => value + term));
        expect(one.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9);
        one.forEach((each, i) => expect(each).toBeCloseTo(other[i]!, 9));
      }),
    );
  });

  it("calibrated against themselves, nothing is left: every option is as probable", () => {
    fc.assert(
      fc.property(logs, (values) => {
        const order = listedOrder(values.length);
        for (const each of calibrated([{ order, logs: values, prior: values }])) {
          expect(each).toBeCloseTo(1 / values.length, 9);
        }
      }),
    );
  });

  it("a liking of letters alone is gone once every option stood at every letter", () => {
    fc.assert(
      fc.property(logs, (values) => {
        const readings = allShifts(values.length).map((order) => ({ order, logs: values }));
        for (const each of calibrated(readings)) expect(each).toBeCloseTo(1 / values.length, 9);
      }),
    );
  });

  it("follow the option, wherever it stands", () => {
    // Letter B is scored highest; in the reversed order the option there is another.
    const order = reversed(listedOrder(3));
    expect(topOf(calibrated([{ order: shifted(order, 1), logs: [-3, -1, -2] }]))).toBe(0);
    expect(topOf(calibrated([{ order, logs: [-3, -2, -1] }]))).toBe(0);
  });

  it("quantiles rise with the share", () => {
    expect([0.1, 0.5, 0.9].map((share) => quantileOf([0.2, 0.2, 0.2, 0.2, 0.2], share))).toEqual([
      0, 2, 4,
    ]);
    expect(quantileOf([0, 1], 0.1)).toBe(1);
  });
});

describe("optionBias", () => {
  const answersOf = (by: (order: readonly number[]) => readonly number[]) =>
    allShifts(4).map((order) => ({ order, byOption: by(order) }));

  it("is none where the option alone counts", () => {
    const bias = optionBias([answersOf(() => [0.7, 0.1, 0.1, 0.1])]);
    expect(bias.flips).toBe(0);
    expect(bias.position).toBeCloseTo(0, 12);
  });

  it("is all there is where the letter alone counts", () => {
    const firstLetter = (order: readonly number[]) =>
      [0, 1, 2, 3].map((option) => (order[0] === option ? 1 : 0));
    expect(optionBias([answersOf(firstLetter)])).toEqual({ position: 0.75, flips: 1 });
  });
});
