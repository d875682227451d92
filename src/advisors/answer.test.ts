import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { AdviceAnswer } from "../core/contracts/advice.ts";
import { micros } from "../core/domain/units.ts";
import {
  BARE_QUESTION,
  FULL_QUESTION,
  RIGHT_ANSWER,
  rightAnswer,
} from "../testing/advisor-questions.ts";
import { unsoundness } from "../testing/advisor-soundness.ts";
import { answerForm, parseAnswer } from "./answer.ts";

const parse = (text: string): AdviceAnswer => parseAnswer(text, FULL_QUESTION);
const changed = (change: Readonly<Record<string, unknown>>): AdviceAnswer =>
  parse(rightAnswer(change));

function adviceIn(answer: AdviceAnswer) {
  if (answer.kind !== "advice") throw new Error(answer.text);
  return answer.advice;
}

describe("a right answer", () => {
  it("is advice, member by member", () => {
    expect(adviceIn(parse(rightAnswer()))).toEqual({
      action: "decelerate",
      confidence: 0.62,
      urgency: "low",
      impactFactor: { value: 1.25, low: 1, high: 1.5 },
      readings: {
        informedFlow: "no",
        newsPending: "yes",
        liquidity: "usual",
        correlation: "unclear",
      },
      rate: 0.75,
      reasoning: RIGHT_ANSWER["reasoning"],
      risk: "The news may be wrong.",
    });
  });

  it.each([
    ["with blanks around it", (text: string) => `\n  ${text} \n`],
    ["in a fence", (text: string) => `\`\`\`json\n${text}\n\`\`\``],
    ["behind a model's thoughts", (text: string) => `<think>2 < 3 {"a":1}</think>\n${text}`],
  ])("is taken %s", (_, dress) => {
    expect(parse(dress(rightAnswer())).kind).toBe("advice");
  });

  it("may write its choices as numbers, and leave out what does not apply", () => {
    const { rate: _, waitSeconds: __, proposal: ___, strategy: ____, ...rest } = RIGHT_ANSWER;
    const text = JSON.stringify({ ...rest, action: "proceed", impactFactor: 1.4, impactLow: 1 });
    const advice = adviceIn(parse(text));
    expect(advice.impactFactor).toEqual({ value: 1.4, low: 1, high: 1.5 });
    expect(advice).not.toHaveProperty("rate");
  });

  it("keeps of what it read of the market the words that were offered", () => {
    const told = adviceIn(
      changed({ informedFlow: "yes", liquidity: "sell all", correlation: null }),
    );
    expect(told.readings).toEqual({ informedFlow: "yes", newsPending: "yes" });
  });

  it("keeps a wait, a strategy and a proposal", () => {
    const proposal = { quantityShare: 0.05, orderType: "limit", priceBps: -0.2 };
    const answer = changed({ action: "wait", waitSeconds: "30", strategy: "vwap", proposal });
    expect(adviceIn(answer)).toMatchObject({ waitSeconds: 30, strategy: "vwap", proposal });
    expect(adviceIn(answer)).not.toHaveProperty("rate");
    const partly = changed({ proposal: { quantityShare: null, orderType: "market" } });
    expect(adviceIn(partly).proposal).toEqual({ orderType: "market" });
    const empty = changed({ proposal: { quantityShare: null, orderType: null, priceBps: null } });
    expect(adviceIn(empty)).not.toHaveProperty("proposal");
  });

  it("is made fit to be read", () => {
    const reasoning = `\u001B[31mred\u0000\u202E \n\t${"\u{1F4A5}".repeat(3000)}`;
    const advice = adviceIn(changed({ reasoning, risk: "a\r\nb" }));
    expect(advice.reasoning).toMatch(/^\[31mred \u{1F4A5}+\.\.\.$/u);
    expect([...advice.reasoning]).toHaveLength(2000);
    expect(advice.risk).toBe("a b");
  });
});

const refused: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["words", "I think you should wait."],
  ["words around it", `Sure! ${rightAnswer()}`],
  ["words behind it", `${rightAnswer()} Good luck!`],
  ["two answers", `${rightAnswer()}${rightAnswer()}`],
  ["a list", `[${rightAnswer()}]`],
  ["null", "null"],
  ["a cut answer", rightAnswer().slice(0, -20)],
  ["a flood", rightAnswer({ reasoning: "x".repeat(70_000) })],
  ["a deep nest", "[".repeat(30_000)],
  ["a missing action", rightAnswer({ action: undefined })],
  ["a missing confidence", rightAnswer({ confidence: undefined })],
  ["a missing reasoning", rightAnswer({ reasoning: undefined })],
  ["a reasoning that is none", rightAnswer({ reasoning: ["a"] })],
  ["an action in another case", rightAnswer({ action: "WAIT" })],
  ["an action that is not offered", rightAnswer({ action: "cancel" })],
  ["an action as a list", rightAnswer({ action: ["wait"] })],
  ["a confidence under 0", rightAnswer({ confidence: -0.01 })],
  ["a confidence as text", rightAnswer({ confidence: "0.5" })],
  ["a confidence of 1e999", rightAnswer({ confidence: 0.625 }).replace("0.625", "1e999")],
  ["a confidence of NaN", rightAnswer({ confidence: 0.625 }).replace("0.625", "NaN")],
  ["an urgency that there is not", rightAnswer({ urgency: "insane" })],
  ["a factor under 0.5", rightAnswer({ impactLow: "0.4" })],
  ["a factor over 2", rightAnswer({ impactHigh: 2.01 })],
  ["a factor with an exponent", rightAnswer({ impactHigh: "1e0" })],
  ["factors that do not rise", rightAnswer({ impactFactor: "2" })],
  ["a rate that does not slow down", rightAnswer({ rate: "1.5" })],
  ["a rate of 1", rightAnswer({ rate: 1 })],
  ["no rate", rightAnswer({ rate: null })],
  ["a rate that does not speed up", rightAnswer({ action: "accelerate", rate: "0.5" })],
  ["a rate over 2", rightAnswer({ action: "accelerate", rate: 5 })],
  ["a wait without an end", rightAnswer({ action: "wait", waitSeconds: null })],
  ["a wait for ever", rightAnswer({ action: "wait", waitSeconds: 1e9 })],
  ["a wait that was not offered", rightAnswer({ action: "wait", waitSeconds: 45 })],
  ["a strategy that was not offered", rightAnswer({ strategy: "pov" })],
  ["a quantity in lots", rightAnswer({ proposal: { quantityShare: 25_000 } })],
  ["a quantity under 0", rightAnswer({ proposal: { quantityShare: -0.1 } })],
  ["a price out of this world", rightAnswer({ proposal: { priceBps: 64_250 } })],
  ["an order type of another world", rightAnswer({ proposal: { orderType: "stop" } })],
  ["a proposal with more", rightAnswer({ proposal: { side: "sell" } })],
  ["a member more", rightAnswer({ side: "sell" })],
  ["a prototype", `{"__proto__":{"a":1},${rightAnswer().slice(1)}`],
  ["a constructor", rightAnswer({ constructor: { prototype: { a: 1 } } })],
];

describe("no advice", () => {
  it.each(refused)("is in %s", (_, text) => {
    const answer = parse(text);
    expect(answer).toMatchObject({ kind: "none", reason: "malformed" });
    if (answer.kind !== "none") return;
    expect(answer.text.length).toBeGreaterThan(5);
    expect(answer.text.length).toBeLessThanOrEqual(300);
    expect(answer.text).not.toMatch(/\p{C}/u);
  });

  it("says what is wrong", () => {
    expect(changed({ confidence: 7 })).toMatchObject({
      text: expect.stringContaining("confidence"),
    });
    expect(changed({ action: "accelerate", rate: 5 })).toMatchObject({
      text: "accelerate at 5: a rate between 1 and 2 was asked for",
    });
  });

  it("names a key that reaches a prototype", () => {
    const text = rightAnswer().replace('"proposal":null', '"proposal":{"__proto__":{"a":1}}');
    expect(parse(text)).toMatchObject({ text: "a member is called __proto__" });
  });

  it("asks a strategy of nobody where none may be chosen", () => {
    const bare = { action: "proceed", rate: null };
    expect(parseAnswer(rightAnswer(bare), BARE_QUESTION).kind).toBe("advice");
    const named = parseAnswer(rightAnswer({ ...bare, strategy: "twap" }), BARE_QUESTION);
    expect(named.kind).toBe("none");
  });
});

/** JSON that is nearly right: one member is anything. */
const nearlyRight = fc
  .tuple(fc.constantFrom(...Object.keys(RIGHT_ANSWER), "proposal", "extra"), fc.jsonValue())
  .map(([key, value]) => rightAnswer({ [key]: value }));
const cutRight = fc
  .tuple(fc.nat(rightAnswer().length), fc.string({ unit: "binary", maxLength: 5 }))
  .map(([at, text]) => rightAnswer().slice(0, at) + text + rightAnswer().slice(at + text.length));

describe("whatever a model writes", () => {
  it("an answer comes back that is sound", () => {
    const any = fc.oneof(fc.string({ unit: "binary" }), fc.json(), nearlyRight, cutRight);
    fc.assert(
      fc.property(any, (text) => {
        const answer = parse(text);
        const exchange = { answer, latency: micros(0), transcript: {} };
        expect(unsoundness(exchange, FULL_QUESTION)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the form", () => {
  it("admits what is taken, and demands every member", () => {
    const form = answerForm(FULL_QUESTION);
    expect(form.safeParse(RIGHT_ANSWER).success).toBe(true);
    expect(form.safeParse({ ...RIGHT_ANSWER, action: "cancel" }).success).toBe(false);
    const schema = z.toJSONSchema(form) as { properties: object; required: string[] };
    expect(schema.required.toSorted()).toEqual(Object.keys(schema.properties).toSorted());
    expect(JSON.stringify(schema)).toContain('"additionalProperties":false');
    expect(JSON.stringify(schema)).toContain('["0.5","0.75","1","1.25","1.5","2"]');
  });

  it("asks nothing that does not apply", () => {
    const { properties } = z.toJSONSchema(answerForm(BARE_QUESTION)) as { properties: object };
    expect(Object.keys(properties)).not.toContain("strategy");
    expect(Object.keys(properties)).not.toContain("rate");
  });
});
