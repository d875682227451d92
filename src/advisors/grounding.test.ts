import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL_QUESTION, RIGHT_ANSWER } from "../testing/advisor-questions.ts";
import { situationFigures } from "./figures.ts";
import { grounded } from "./grounding.ts";

const numbersIn = (reasoning: string): readonly string[] =>
  grounded(reasoning, FULL_QUESTION).numbers.map(
    ({ text, isFound }) => `${text.trim()} ${isFound ? "found" : "not found"}`,
  );

describe("a number in the reasoning", () => {
  it.each<[string, readonly string[]]>([
    ["The spread is 0.16 bps.", ["0.16 bps found"]],
    ["The spread is 0.2bps.", ["0.2bps found"]],
    ["The spread is 0.17 bps.", ["0.17 bps not found"]],
    ["The spread is 16 bps.", ["16 bps not found"]],
    ["Volatility is 42.5 bps, so 0.425 %.", ["42.5 bps found", "0.425 % found"]],
    ["Volatility is 0.43%.", ["0.43% found"]],
    [
      "27.3 % is done, 27% or so, 73 percent remain.",
      ["27.3 % found", "27% found", "73 percent found"],
    ],
    ["0.2731 of the order is done", ["0.2731 found"]],
    ["28 % is done", ["28 % not found"]],
    ["It is 0.0269 behind, 2.7 %.", ["0.0269 found", "2.7 % found"]],
    [
      "21 minutes are left, 1,260 s, or 1.26k seconds",
      ["21 minutes found", "1,260 s found", "1.26k seconds found"],
    ],
    ["half an hour in all: 0.5 h", ["0.5 h found"]],
    ["22 minutes are left", ["22 minutes not found"]],
    ["volume is 1.24x usual, 1.2 times", ["1.24x found", "1.2 times found"]],
    ["volume is 3x usual", ["3x not found"]],
    ["the imbalance is -0.21", ["-0.21 found"]],
    ["the imbalance is −21%", ["−21% found"]],
    ["one third is done; two levels", []],
    ["L2, Q3, T+5, the 10-year and the 2nd", ["5 not found"]],
    ["wait 30 seconds, go on at 0.75 times", ["30 seconds found", "0.75 times found"]],
    ["I would wait 45 seconds", ["45 seconds not found"]],
    ["1/0 of it", []],
    ["BTC is at 64,250.5", ["64,250.5 not found"]],
    ["we sold 5000 lots", ["5000 not found"]],
    [".16 bps", [".16 bps found"]],
  ])("%s", (reasoning, found) => {
    expect(numbersIn(reasoning)).toEqual(found);
  });

  it("tells where it stands, and by what name", () => {
    const { numbers, isGrounded } = grounded("The spread is 0.16 bps.", FULL_QUESTION);
    expect(numbers).toEqual([
      { text: "0.16 bps", at: 14, isFound: true, names: ["market.spreadBps"] },
    ]);
    expect(isGrounded).toBe(true);
  });

  it("is what a right answer has", () => {
    expect(grounded(String(RIGHT_ANSWER["reasoning"]), FULL_QUESTION)).toMatchObject({
      isGrounded: true,
      numbers: { length: 2 },
    });
    expect(grounded("Nothing speaks for it.", FULL_QUESTION).isGrounded).toBe(true);
  });

  it("is found for every figure, as it is shown", () => {
    const units = { bps: " bps", share: "", ratio: "x", seconds: " s", plain: "" };
    for (const { name, kind, value } of situationFigures(FULL_QUESTION)) {
      const [number] = grounded(`about ${value}${units[kind]}`, FULL_QUESTION).numbers;
      expect(number?.names, name).toContain(name);
    }
  });

  it("throws nothing and stands where it says, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.string({ unit: fc.constantFrom(..."0123456789.,%/kx- bps’") }),
        ),
        (text) => {
          for (const number of grounded(text, FULL_QUESTION).numbers) {
            expect(text.slice(number.at, number.at + number.text.length)).toBe(number.text);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
