import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { behaviourSkips, instantStage } from "../../test/advisors/instant-stage.ts";
import { AdvisorClock, Puppet } from "../../test/advisors/puppet.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { micros, SECOND } from "../core/domain/units.ts";
import { FULL_QUESTION, numberedQuestion, rightAnswer } from "../testing/advisor-questions.ts";
import { advisorSuite, type Behaviour } from "../testing/advisor-suite.ts";
import { type Advisor, type Exchange, transcriptId } from "./advisor.ts";
import { guarded } from "./guarded.ts";
import { openRecorded } from "./recorded.ts";
import { openRecorder } from "./recorder.ts";
import { openAdvisor } from "./registry.ts";

const never = new AbortController().signal;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "arrival-recorded-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
const newPath = (): string => join(folder, `exchanges-${files++}.jsonl`);

async function recording(path: string) {
  const clock = new AdvisorClock();
  const puppet = new Puppet(clock);
  const recorder = await openRecorder(path);
  if (!recorder.ok) throw new Error(recorder.error.text);
  const advisor = guarded(puppet, {
    time: clock,
    recorder: recorder.value,
    freshFor: micros(15 * SECOND),
  });
  return { advisor, puppet, clock };
}

async function playing(path: string): Promise<Advisor> {
  const recorded = await openRecorded(path);
  if (!recorded.ok) throw new Error(recorded.error.text);
  return recorded.value;
}

/** A file with the answers to two questions, the first asked twice. */
async function recordThree(): Promise<{ path: string; exchanges: readonly Exchange[] }> {
  const path = newPath();
  const { advisor, puppet, clock } = await recording(path);
  const exchanges: Exchange[] = [];
  for (const [number, confidence] of [
    [1, 0.5],
    [2, 0.6],
    [1, 0.7],
  ] as const) {
    puppet.behaviour = { kind: "writes", text: rightAnswer({ confidence }) };
    exchanges.push(await advisor.ask(numberedQuestion(number), never));
    await clock.wait(20_000);
  }
  await advisor.close();
  return { path, exchanges };
}

describe("a recording", () => {
  it("gives what was recorded: answer, latency, transcript and its id", async () => {
    const { path, exchanges } = await recordThree();
    const recorded = await playing(path);
    expect(recorded.name).toBe("recorded (puppet:1 prompt 1)");
    for (const [i, number] of [1, 2, 1].entries()) {
      const asked = { ...numberedQuestion(number), id: `other-q${i}`, parentId: "other" };
      const exchange = await recorded.ask(asked, never);
      expect(exchange).toEqual(exchanges[i]);
      expect(transcriptId(exchange.transcript)).toBe(transcriptId(exchanges[i]!.transcript));
    }
    // Asked more often than it was recorded: the last again.
    expect(await recorded.ask(numberedQuestion(1), never)).toEqual(exchanges[2]);
  });

  it("knows no other question", async () => {
    const { path } = await recordThree();
    const { answer } = await (await playing(path)).ask(numberedQuestion(3), never);
    expect(answer).toMatchObject({ kind: "none", reason: "not-recorded" });
  });

  it("is appended to, never written over", async () => {
    const { path } = await recordThree();
    const before = await readFile(path, "utf8");
    const { advisor } = await recording(path);
    await advisor.ask(numberedQuestion(4), never);
    await advisor.close();
    const after = await readFile(path, "utf8");
    expect(after.startsWith(before)).toBe(true);
    expect(after.trimEnd().split("\n")).toHaveLength(4);
    expect((await stat(path)).mode & 0o077).toBe(0);
  });

  it("that a crash has torn is played and gone on with; the torn line is left behind", async () => {
    const { path, exchanges } = await recordThree();
    await appendFile(path, '{"advisor":"puppet:1 prompt 1","answer":{"adv');
    const before = await readFile(path, "utf8");
    expect(await (await playing(path)).ask(numberedQuestion(2), never)).toEqual(exchanges[1]);
    const { advisor } = await recording(path);
    const fourth = await advisor.ask(numberedQuestion(4), never);
    await advisor.close();
    expect((await readFile(path, "utf8")).startsWith(before)).toBe(true);
    const recorded = await playing(path);
    expect(await recorded.ask(numberedQuestion(4), never)).toEqual(fourth);
    expect(await recorded.ask(numberedQuestion(2), never)).toEqual(exchanges[1]);
  });

  it("goes into no file that holds something else", async () => {
    const path = newPath();
    await writeFile(path, "my diary\n");
    const recorder = await openRecorder(path);
    expect(recorder).toMatchObject({ ok: false, error: { code: "ADVISOR_FILE" } });
    expect(await readFile(path, "utf8")).toBe("my diary\n");
  });

  it("that cannot be written says so once, and the answers go on", async () => {
    const faults: string[] = [];
    const recorder = await openRecorder("/dev/full", { onFault: (text) => faults.push(text) });
    if (!recorder.ok) throw new Error(recorder.error.text);
    const clock = new AdvisorClock();
    const advisor = guarded(new Puppet(clock), { time: clock, recorder: recorder.value });
    for (const number of [1, 2, 3]) {
      const { answer } = await advisor.ask(numberedQuestion(number), never);
      expect(answer.kind).toBe("advice");
    }
    await advisor.close();
    expect(faults).toEqual([
      "exchanges are no longer recorded to /dev/full: the disk is full (ENOSPC)",
    ]);
  });

  it("holds whatever a run was given, and plays it the same way", async () => {
    const path = newPath();
    const { advisor, puppet, clock } = await recording(path);
    const story: Behaviour[] = [
      { kind: "writes", text: rightAnswer() },
      { kind: "slow", ms: 12_000, text: rightAnswer() },
      { kind: "hangs" },
      ...Array.from({ length: 6 }, (): Behaviour => ({ kind: "fails" })),
      { kind: "limits", afterSeconds: 20 },
    ];
    const questions = [...story.keys()].map((number) => numberedQuestion(100 + number));
    const given: Exchange[] = [];
    for (const [i, question] of questions.entries()) {
      puppet.behaviour = story[i]!;
      const asked = advisor.ask(question, never);
      await clock.wait(14_000);
      given.push(await asked);
    }
    // Again at once: a cached answer stands in it too.
    puppet.behaviour = { kind: "writes", text: rightAnswer() };
    await clock.wait(60_000);
    for (const _ of [1, 2]) given.push(await advisor.ask(FULL_QUESTION, never));
    await advisor.close();
    const reasons = given.map(({ answer }) =>
      answer.kind === "none" ? answer.reason : answer.source,
    );
    expect(reasons).toContain("timed-out");
    expect(reasons).toContain("circuit-open");
    expect(reasons.slice(-2)).toEqual(["llm", "cache"]);
    const played = await openAdvisor({ kind: "recorded", path }, { environment: {} });
    if (!played.ok) throw new Error(played.error.text);
    for (const [i, question] of [...questions, FULL_QUESTION, FULL_QUESTION].entries()) {
      const { answer, latency, transcript } = await played.value.ask(question, never);
      expect({ answer, latency }).toEqual({
        answer: given[i]!.answer,
        latency: given[i]!.latency,
      });
      expect(transcriptId(transcript)).toBe(transcriptId(given[i]!.transcript));
    }
    // What came late was not given out, so it is not played.
    const bare = await playing(path);
    for (const _ of [1, 2]) {
      expect((await bare.ask(questions[1]!, never)).answer).toEqual(given[1]!.answer);
    }
    await played.value.close();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    const late = lines.filter((line) => JSON.parse(line).isLate === true);
    expect([lines.length, late.length]).toEqual([given.length + 1, 1]);
  });

  it("is made and played through the registry", async () => {
    const path = newPath();
    const script = newPath();
    await writeFile(script, '{"name": "x", "rules": [{"advise": {"action": "passive"}}]}');
    const options = { environment: {}, recordTo: path };
    const scripted = await openAdvisor({ kind: "scripted", path: script }, options);
    if (!scripted.ok) throw new Error(scripted.error.text);
    const first = await scripted.value.ask(FULL_QUESTION, never);
    await scripted.value.close();
    const recorded = await openAdvisor({ kind: "recorded", path }, { environment: {} });
    if (!recorded.ok) throw new Error(recorded.error.text);
    expect(await recorded.value.ask(FULL_QUESTION, never)).toEqual(first);
    await recorded.value.close();
  });
});

describe("a script", () => {
  it("is the same each time: neither breaker nor cache hang on real time", async () => {
    const path = newPath();
    await writeFile(path, '{"name": "x", "rules": [{"fail": "broken"}]}');
    const opened = await openAdvisor({ kind: "scripted", path }, { environment: {} });
    if (!opened.ok) throw new Error(opened.error.text);
    for (let number = 0; number < 8; number++) {
      const { answer } = await opened.value.ask(numberedQuestion(number), never);
      expect(answer).toMatchObject({ reason: "broken" });
    }
    await opened.value.close();
  });

  it("is left alone by the run's own time where there is one", async () => {
    const path = newPath();
    await writeFile(path, '{"name": "x", "rules": [{"fail": "broken"}]}');
    let now = 0;
    const options = { environment: {}, runNow: () => now };
    const opened = await openAdvisor({ kind: "scripted", path }, options);
    if (!opened.ok) throw new Error(opened.error.text);
    const reasons: string[] = [];
    for (let number = 0; number < 8; number++) {
      if (number === 7) now += 60 * SECOND;
      const { answer } = await opened.value.ask(numberedQuestion(number), never);
      reasons.push(answer.kind === "none" ? answer.reason : "");
    }
    expect(reasons.slice(4)).toEqual(["broken", "circuit-open", "circuit-open", "broken"]);
    await opened.value.close();
  });
});

describe("a file that is no recording", () => {
  const line = async (change: Readonly<Record<string, unknown>>): Promise<string> => {
    const { transcript } = await new Puppet(new AdvisorClock()).ask(FULL_QUESTION, never);
    return JSON.stringify({ ...transcript, ...change });
  };
  it.each<[string, string | Readonly<Record<string, unknown>>]>([
    ["nothing", ""],
    ["words", "hello\n"],
    ["another version", { version: 2 }],
    ["no hash", { questionHash: "../../etc/passwd" }],
    ["a latency that is none", { latencyMicros: -5 }],
    ["a latency of years", { latencyMicros: 1e15 }],
    ["no answer", { answer: { kind: "maybe" } }],
    ["an answer with more", { answer: { kind: "none", reason: "broken", text: "", more: 1 } }],
    ["a reason that there is not", { answer: { kind: "none", reason: "bored", text: "" } }],
    ["advice that is none", { answer: { kind: "advice", source: "llm", advice: { action: "x" } } }],
    ["tokens under 0", { usage: { inputTokens: -1, outputTokens: 0, isEstimate: false } }],
  ])("with %s is refused with its line", async (name, change) => {
    const path = newPath();
    const good = await line({});
    const text = typeof change === "string" ? change : `${good}\n${await line(change)}\n`;
    await writeFile(path, text);
    const opened = await openRecorded(path);
    expect(opened).toMatchObject({ ok: false, error: { code: "ADVISOR_FILE" } });
    if (!opened.ok && typeof change !== "string") expect(opened.error.text).toContain("line 2: ");
    expect(name).not.toBe("");
  });

  it("is what a folder is, or something endless", async () => {
    for (const path of [folder, "/dev/zero", join(folder, "none")]) {
      const opened = await openRecorded(path);
      expect(opened).toMatchObject({ ok: false, error: { code: "ADVISOR_FILE" } });
    }
  });
});

describe("transcripts", () => {
  it("are plain JSON that reads back the same", async () => {
    const { transcript } = await new Puppet(new AdvisorClock()).ask(FULL_QUESTION, never);
    const text = canonicalJson(transcript);
    expect(JSON.parse(text)).toEqual(transcript);
    expect(canonicalJson(JSON.parse(text))).toBe(text);
  });
});

describe("a recording passes the advisor suite", () => {
  const skips = behaviourSkips("a recording answers what was recorded, whatever it is told");
  const open = async () => {
    const { path } = await recordThree();
    return instantStage(await playing(path));
  };
  const cases = advisorSuite({ name: "recorded", open, skips });
  for (const { name, run } of cases.filter(({ skipped }) => skipped === undefined)) it(name, run);
});
