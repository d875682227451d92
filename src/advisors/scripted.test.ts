import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { behaviourSkips, instantStage } from "../../test/advisors/instant-stage.ts";
import { MINUTE } from "../core/domain/units.ts";
import { BARE_QUESTION, FULL_QUESTION, HOSTILE_QUESTION } from "../testing/advisor-questions.ts";
import { advisorSuite, type Behaviour } from "../testing/advisor-suite.ts";
import type { Advisor } from "./advisor.ts";
import { openScripted, parseScript, type Script, scripted } from "./scripted.ts";
import { SILENT } from "./silent.ts";

const never = new AbortController().signal;

function script(text: string): Script {
  const parsed = parseScript(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const RULES = `
name: demo
latencyMs: 800
rules:
  - when: { headline: "slow WITHDRAWALS", number: 1 }
    advise: { action: decelerate, rate: 0.5, impactFactor: 1.5, reasoning: "31 % left" }
  - when: { cause: start }
    fail: timed-out
    latencyMs: 20000
  - when: { cause: news, regime: usual }
    write: '{"action":"cancel"}'
  - when: { every: 2 }
    advise: { action: cancel }
`;

const ask = async (advisor: Advisor, question = FULL_QUESTION) => advisor.ask(question, never);

describe("a script", () => {
  const advisor = scripted(script(RULES));

  it("answers by the first rule that fits, with what it leaves out filled in", async () => {
    const { answer, latency } = await ask(advisor);
    expect(latency).toBe(800_000);
    expect(answer).toMatchObject({
      kind: "advice",
      advice: {
        action: "decelerate",
        rate: 0.5,
        confidence: 0.5,
        urgency: "own",
        impactFactor: { value: 1.5, low: 1.5, high: 1.5 },
      },
    });
  });

  it("fails where it says so, and after the time that it says", async () => {
    const { answer, latency } = await ask(advisor, BARE_QUESTION);
    expect(answer).toMatchObject({ kind: "none", reason: "timed-out" });
    expect(latency).toBe(MINUTE / 3);
  });

  it("writes what a model would have written, and that is parsed", async () => {
    const { answer, transcript } = await ask(advisor, HOSTILE_QUESTION);
    expect(answer).toMatchObject({ kind: "none", reason: "malformed" });
    expect(transcript.received?.text).toBe('{"action":"cancel"}');
  });

  it("advises nothing that was not offered", async () => {
    const fourth = { ...FULL_QUESTION, id: "p-q4" };
    expect((await ask(advisor, fourth)).answer).toMatchObject({
      kind: "none",
      reason: "malformed",
    });
    const offered = { ...fourth, actions: ["proceed", "cancel"] as const };
    expect((await ask(advisor, offered)).answer).toMatchObject({ advice: { action: "cancel" } });
  });

  it("says nothing where no rule fits", async () => {
    const third = { ...FULL_QUESTION, id: "p-q3" };
    expect((await ask(advisor, third)).answer).toMatchObject({ reason: "not-recorded" });
  });

  it("gives the same exchange each time", async () => {
    expect(await ask(advisor)).toEqual(await ask(scripted(script(RULES))));
  });
});

describe("a file that is no script", () => {
  it.each([
    ["", "expected object"],
    ["name: x", "rules"],
    ["name: x\nrules: []", "rules"],
    ["name: x\nrules: [{}]", "exactly one of"],
    ["name: x\nrules: [{ advise: { action: sell } }]", "action"],
    ["name: x\nrules: [{ advise: { action: wait }, fail: broken }]", "exactly one of"],
    ["name: x\nrules: [{ when: { weather: rain }, fail: broken }]", "weather"],
    ["name: x\nrules: [{ fail: broken, latencyMs: 1e300 }]", "latencyMs"],
    ["name: x\nname: y\nrules: [{ fail: broken }]", "unique"],
    ["a: &a [1]\nb: [*a, *a, *a]", "lias"],
    ["{{{", ""],
  ])("%s", (text, words) => {
    const parsed = parseScript(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error).toContain(words);
  });

  it("is refused whatever it holds, and never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        expect(parseScript(text).ok).toBe(false);
      }),
    );
  });

  it("is what a folder is, or something endless", async () => {
    for (const path of ["/", "/dev/zero", "/no/such/file"]) {
      expect(await openScripted(path)).toMatchObject({
        ok: false,
        error: { code: "ADVISOR_FILE" },
      });
    }
  });
});

/** The suite's behaviours as rules; what takes for ever takes an hour of told time. */
const ruleOf = (behaviour: Behaviour): object => {
  switch (behaviour.kind) {
    case "writes":
    case "cut":
      return { write: behaviour.text };
    case "slow":
      return { write: behaviour.text, latencyMs: behaviour.ms };
    case "refuses":
      return { fail: "refused" };
    case "limits":
      return { fail: "rate-limited" };
    case "dies":
      return { fail: "unreachable" };
    case "fails":
      return { fail: "broken" };
    case "hangs":
      return { write: "{}", latencyMs: 3_600_000 };
  }
};

const FLOOD = "a script holds no answer of that length";

describe("a script passes the advisor suite", () => {
  const open = () => {
    let current = scripted(script('{"name":"suite","rules":[{"advise":{"action":"proceed"}}]}'));
    const changing: Advisor = {
      name: "scripted:suite",
      check: (signal) => current.check(signal),
      ask: (question, signal) => current.ask(question, signal),
      close: () => current.close(),
    };
    const behave = (behaviour: Behaviour): void => {
      current = scripted(script(JSON.stringify({ name: "suite", rules: [ruleOf(behaviour)] })));
    };
    return Promise.resolve(instantStage(changing, behave));
  };
  const skips = { "takes no flood of text": FLOOD };
  const cases = advisorSuite({ name: "scripted", open, skips });
  for (const { name, run } of cases.filter(({ skipped }) => skipped === undefined)) it(name, run);
});

describe("nobody passes the advisor suite", () => {
  const skips = behaviourSkips("nobody stands behind it");
  const open = () => Promise.resolve(instantStage(SILENT));
  const cases = advisorSuite({ name: "none", open, skips });
  for (const { name, run } of cases.filter(({ skipped }) => skipped === undefined)) it(name, run);
});
