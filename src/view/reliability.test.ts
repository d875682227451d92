import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binOf, likewise, likewiseText } from "./reliability.ts";

const bins = Array.from({ length: 10 }, (_, bin) => ({
  from: bin / 10,
  decisions: bin + 1,
  confidence: (bin + 0.5) / 10,
  right: bin / 20,
}));
const whole = { decisions: 55, right: 0.4, bins };

describe("the reliability of a confidence", () => {
  it("is of the tenth that it lies in, to the last and the first", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (confidence) => {
        const bin = likewise(whole, confidence)!;
        expect(bin.from).toBeLessThanOrEqual(confidence);
        if (confidence < 1) expect(confidence - bin.from).toBeLessThan(0.1 + 1e-12);
      }),
    );
    expect([0, 0.1, 0.3, 0.7, 0.999, 1].map(binOf)).toEqual([0, 1, 3, 7, 9, 9]);
    for (const bin of bins) expect(likewise(whole, bin.from)).toBe(bin);
  });

  it("is not known where nothing like it was judged", () => {
    const some = { ...whole, bins: [bins[3]!] };
    expect(likewise(some, 0.35)).toBe(bins[3]);
    expect(likewise(some, 0.45)).toBeUndefined();
    expect(likewise(some, 0.25)).toBeUndefined();
  });

  it("is told in words", () => {
    expect(likewiseText(bins[6]!)).toBe("right 30 % of 7 times that it said 60 to 70 %");
  });
});
