/**
 * Local model: whether the engine's thread is held up while a model thinks beside it.
 *
 *   npm run advisor:local -- [MODEL | PATH] [--questions 10] [--threads N] [--niceness N] [--json]
 *
 * A loop like the engine's (work of some ten microseconds, each millisecond) runs on this
 * thread; how late its turns come is measured with the model idle and with the model at work, one
 * after the other, so that what other processes do to this machine is in both. Latency, processor
 * time and memory of the model's own process are told beside it.
 */
import { loadavg } from "node:os";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { hostOf, LocalAdvisor, ownThreads } from "../src/advisors/local/local-advisor.ts";
import { rankOf } from "../src/advisors/local/model-measures.ts";
import { ModelStore } from "../src/advisors/local/model-store.ts";
import { sampleQuestion } from "../src/advisors/local/sample-questions.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    questions: { type: "string", default: "10" },
    threads: { type: "string" },
    niceness: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const questions = Number(values.questions);
const threads = Number(values.threads ?? ownThreads());
const options = {
  threads,
  timeoutMs: 600_000,
  stuckAfterMs: 600_000,
  ...(values.niceness === undefined ? {} : { niceness: Number(values.niceness) }),
};
const LEAST_IDLE_MS = 5_000;
const WORK = 20_000;

const found = await new ModelStore().find(positionals[0] ?? "smollm2-135m");
if (!found.ok) {
  process.stderr.write(`${found.error.text}\n`);
  process.exit(1);
}
const host = hostOf(found.value, options);
const advisor = new LocalAdvisor(found.value, host, options);
const { signal } = new AbortController();
const checked = await advisor.check(signal);
if (!checked.ok) {
  process.stderr.write(`${checked.error.text}\n`);
  process.exit(1);
}

let sum = 0;
const turns = setInterval(() => {
  for (let i = 0; i < WORK; i++) sum += i % 7;
}, 1);

/** Milliseconds that the turns of this thread's loop came late. */
async function delaysWhile(run: () => Promise<void>) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await run();
  delays.disable();
  const at = (share: number): number => delays.percentile(share) / 1e6;
  return { p50: at(50), p99: at(99), max: delays.max / 1e6, load: loadavg()[0]! };
}

const latencies: number[] = [];
const cpuBefore = host.cpuMillis;
const start = performance.now();
const thinking = await delaysWhile(async () => {
  for (let k = 0; k < questions; k++) {
    const { answer, latency } = await advisor.ask(sampleQuestion(k), signal);
    if (answer.kind === "none") throw new Error(answer.text);
    latencies.push(latency / 1e3);
  }
});
const tookMs = performance.now() - start;
const idle = await delaysWhile(
  () => new Promise((resolve) => setTimeout(resolve, Math.max(LEAST_IDLE_MS, tookMs / 4))),
);
clearInterval(turns);
await advisor.close();

const result = {
  model: advisor.name,
  threads,
  questions,
  latencyMs: { p50: rankOf(latencies, 0.5), p95: rankOf(latencies, 0.95) },
  cpuMsPerQuestion: (host.cpuMillis - cpuBefore) / questions,
  modelResidentMb: host.residentBytes / 1e6,
  ownResidentMb: process.memoryUsage.rss() / 1e6,
  eventLoopDelayMs: { thinking, idle },
  proof: sum > 0,
};
if (values.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
else {
  const line = (name: string, { p50, p99, max, load }: typeof idle): string =>
    `${name.padEnd(22)} p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ` +
    `max ${max.toFixed(1)} ms, load of the machine ${load.toFixed(1)}\n`;
  process.stdout.write(
    `${result.model}, ${threads} thread(s), ${questions} questions\n` +
      `a question             p50 ${(result.latencyMs.p50 / 1e3).toFixed(2)} s, ` +
      `p95 ${(result.latencyMs.p95 / 1e3).toFixed(2)} s, ` +
      `${(result.cpuMsPerQuestion / 1e3).toFixed(2)} s of CPU\n` +
      `memory                 ${result.modelResidentMb.toFixed(0)} MB the model's process, ` +
      `${result.ownResidentMb.toFixed(0)} MB this one\n` +
      `${line("loop, model at work", thinking)}${line("loop, model idle", idle)}`,
  );
}
