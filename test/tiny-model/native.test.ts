/**
 * The whole native path with a model of random weights: what a user loses if this fails is the local
 * model itself, or the run beside it when the model breaks.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import type * as library from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { type LlamaModule, missingRuntime } from "../../src/advisors/local/llama-runtime.ts";
import { hostOf, LocalAdvisor, openLocal } from "../../src/advisors/local/local-advisor.ts";
import type { ModelHost } from "../../src/advisors/local/model-host.ts";
import { isRepeatable, measureBias } from "../../src/advisors/local/model-measures.ts";
import { ModelStore } from "../../src/advisors/local/model-store.ts";
import { sampleQuestion } from "../../src/advisors/local/sample-questions.ts";
import { advisorSuite } from "../../src/testing/advisor-suite.ts";
import { behaviourSkips } from "../advisors/instant-stage.ts";
import { signalStage } from "../advisors/puppet.ts";
import { tinyModel } from "./tiny-model.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-tiny-model-"));
const path = join(folder, "tiny.gguf");
const OPTIONS = { threads: 1, contextTokens: 16_384, niceness: 0, timeoutMs: 60_000 };
const SIGNAL = new AbortController().signal;
beforeAll(() => writeFileSync(path, tinyModel(1)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tiny model", () => {
  it("is the same to the byte for the same seed, and half a megabyte", () => {
    const hash = (seed: number) => createHash("sha256").update(tinyModel(seed)).digest("hex");
    expect(hash(1)).toBe("c736e7b7b8fad6a49547a1d271421c03a21e646a847b2446f41239b94685614e");
    expect(hash(2)).not.toBe(hash(1));
    expect(tinyModel(1).length).toBeLessThan(500_000);
  });
});

const missing = missingRuntime();
const title =
  missing === undefined ? "a model in its own process" : "skipped: node-llama-cpp is not installed";

describe.skipIf(missing !== undefined)(title, () => {
  let host: ModelHost;
  let advisor: LocalAdvisor;
  beforeAll(async () => {
    const model = await new ModelStore(folder).find(path);
    if (!model.ok) throw new Error(model.error.text);
    host = hostOf(model.value, OPTIONS);
    advisor = new LocalAdvisor(model.value, host, OPTIONS);
    expect(await advisor.check(SIGNAL)).toMatchObject({ ok: true });
  });
  afterAll(() => host.close());

  it("answers, and the same to the bit whatever was asked before", async () => {
    const first = await advisor.ask(sampleQuestion(0), SIGNAL);
    expect(first.answer.kind).toBe("advice");
    const other = await advisor.ask(sampleQuestion(1), SIGNAL);
    const again = await advisor.ask(sampleQuestion(0), SIGNAL);
    expect(again.answer).toEqual(first.answer);
    expect(again.transcript.labels).toEqual(first.transcript.labels);
    expect(other.transcript.labels).not.toEqual(first.transcript.labels);
    expect(await isRepeatable(host, [sampleQuestion(2), sampleQuestion(3)])).toMatchObject({
      value: true,
    });
  });

  it("keeps the system text: a question costs its own words alone", async () => {
    const ask = { system: "S".repeat(500), user: "situation", item: "\nA. a\nB. b", letters: 2 };
    const first = await host.score(ask);
    const second = await host.score({ ...ask, user: "other" });
    const third = await host.score({ ...ask, user: "other", item: "\nA. b\nB. a" });
    const computed = [first, second, third].map((each) => (each.ok ? each.value.computed : 0));
    expect(computed[0]).toBeGreaterThan(500);
    expect(computed[1]).toBeLessThan(100);
    expect(computed[2]).toBeLessThan(computed[1]!);
  });

  it("is asked nothing longer than it takes", async () => {
    const long = "x".repeat(OPTIONS.contextTokens);
    const ask = { system: long, user: "", item: "A.", letters: 1 };
    expect(await host.score(ask)).toMatchObject({ error: { kind: "refused" } });
    expect((await advisor.ask(sampleQuestion(0), SIGNAL)).answer.kind).toBe("advice");
  });

  it("measures its liking of places, and that the correction takes some out", async () => {
    const bias = await measureBias(host, [sampleQuestion(0)], () => undefined);
    if (!bias.ok) throw new Error(bias.error.text);
    expect(bias.value.none.position).toBeGreaterThan(0.05);
    expect(bias.value.contextual.position).toBeLessThan(bias.value.none.position);
  });

  it("is started anew when its process dies, and answers again", async () => {
    const before = await advisor.ask(sampleQuestion(0), SIGNAL);
    const pid = host.pid!;
    process.kill(pid, "SIGSEGV");
    let answer = before.answer;
    do {
      ({ answer } = await advisor.ask(sampleQuestion(0), SIGNAL));
      await new Promise((resolve) => setTimeout(resolve, 50));
    } while (answer.kind === "none");
    expect(answer).toEqual(before.answer);
    expect(host.pid).not.toBe(pid);
  });

  it("is ended when it hangs, and those who wait are told", async () => {
    const model = await new ModelStore(folder).find(path);
    if (!model.ok) throw new Error(model.error.text);
    const stuck = hostOf(model.value, { ...OPTIONS, stuckAfterMs: 300 });
    try {
      expect(await stuck.open()).toMatchObject({ ok: true });
      process.kill(stuck.pid!, "SIGSTOP");
      const scored = await stuck.score({ system: "s", user: "u", item: "A.", letters: 1 });
      expect(scored).toMatchObject({ error: { kind: "gone" } });
    } finally {
      await stuck.close();
    }
  });

  it.each([
    ["cut off", (file: Uint8Array) => file.subarray(0, 300_000)],
    ["noise behind its first letters", (file: Uint8Array) => file.fill(7, 4)],
  ])("tells of a file that is %s instead of breaking", async (name, harm) => {
    const harmed = join(folder, `${name.replaceAll(" ", "-")}.gguf`);
    writeFileSync(harmed, harm(tinyModel(1)));
    const harmedAdvisor = await openLocal(harmed, OPTIONS);
    if (!harmedAdvisor.ok) throw new Error(harmedAdvisor.error.text);
    expect(await harmedAdvisor.value.check(SIGNAL)).toMatchObject({
      error: { code: "ADVISOR_MODEL" },
    });
    await harmedAdvisor.value.close();
  });

  it("uses the library as its own types say", () => {
    expectTypeOf<typeof library>().toExtend<LlamaModule>();
  });

  const open = async () => {
    const found = await openLocal(path, OPTIONS);
    if (!found.ok) throw new Error(found.error.text);
    return {
      advisor: found.value,
      patienceMs: OPTIONS.timeoutMs,
      signal: signalStage,
      wait: (ms: number) =>
        new Promise<void>((resolve) => {
          setTimeout(resolve, ms).unref();
        }),
      close: () => Promise.resolve(),
    };
  };
  const skips = behaviourSkips("random weights cannot be told what to do");
  for (const each of advisorSuite({ name: "local", open, skips })) {
    if (each.skipped === undefined) it(each.name, each.run);
  }
});
