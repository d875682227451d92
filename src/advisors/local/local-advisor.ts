/**
 * Local advisor: a language model on this machine, with no key and no network.
 *
 * It scores labels instead of writing: one forward pass for each order of an item's options. What
 * must stay true: `ask` ends at its own time-out whatever the model's process does, one question is
 * under work at a time, and the engine's thread does nothing but send and receive.
 */
import { availableParallelism } from "node:os";
import type { AdviceAnswer, AdviceQuestion } from "../../core/contracts/advice.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import {
  type Advisor,
  type AdvisorFault,
  type Exchange,
  exchangeOf,
  noAdvice,
} from "../advisor.ts";
import { PROMPT_VERSION } from "../prompt.ts";
import { questionHash } from "../question-hash.ts";
import { type AdvisorTime, NANOS_PER_MICRO, SYSTEM_TIME } from "../time.ts";
import {
  BIAS_TERMS,
  type BiasTerms,
  type Judged,
  LABEL_SYSTEM_TEXT,
  LabelJudge,
} from "./label-judge.ts";
import { briefSituation } from "./brief-situation.ts";
import { missingRuntime } from "./llama-runtime.ts";
import { type LabelScorer, ModelHost, type ScoreFault } from "./model-host.ts";
import { ModelStore, type StoredModel } from "./model-store.ts";

/** Raised with every change of how items are put to a model that scores labels. */
export const LABEL_VERSION = "2";

export interface LocalOptions {
  /** Where models are kept; absent: see `ModelStore`. */
  readonly folder?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Absent: one core is left to the engine, and more than four bring little. */
  readonly threads?: number;
  readonly contextTokens?: number;
  readonly bias?: BiasTerms;
  readonly timeoutMs?: number;
  readonly openWithinMs?: number;
  readonly stuckAfterMs?: number;
  /** 0..19: how far the model stands back when cores are short. */
  readonly niceness?: number;
  readonly time?: AdvisorTime;
}

const MOST_THREADS = 4;
const CONTEXT_TOKENS = 4_096;
const TIMEOUT_MS = 10_000;
const OPEN_WITHIN_MS = 120_000;
const STUCK_AFTER_MS = 60_000;
const NICENESS = 5;

export const ownThreads = (): number =>
  Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1));

/** @param model a name from `arrival model list`, or the path of a GGUF file. */
export async function openLocal(
  model: string,
  options: LocalOptions = {},
): Promise<Result<Advisor, AdvisorFault>> {
  const missing = missingRuntime();
  if (missing !== undefined) return err(missing);
  const found = await new ModelStore(options.folder, options.environment).find(model);
  if (!found.ok) return found;
  return ok(new LocalAdvisor(found.value, hostOf(found.value, options), options));
}

export const hostOf = (model: StoredModel, options: LocalOptions): ModelHost =>
  new ModelHost(
    {
      path: model.path,
      threads: options.threads ?? ownThreads(),
      contextTokens: options.contextTokens ?? CONTEXT_TOKENS,
      niceness: options.niceness ?? NICENESS,
      openWithinMs: options.openWithinMs ?? OPEN_WITHIN_MS,
      stuckAfterMs: options.stuckAfterMs ?? STUCK_AFTER_MS,
    },
    options.time ?? SYSTEM_TIME,
  );

export class LocalAdvisor implements Advisor {
  readonly name: string;
  readonly #model: StoredModel;
  readonly #scorer: LabelScorer;
  readonly #judge: LabelJudge;
  readonly #bias: BiasTerms;
  readonly #time: AdvisorTime;
  readonly #timeoutMs: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: StoredModel, scorer: LabelScorer, options: LocalOptions) {
    const file = `${model.name}@${model.sha256.slice(0, 12)}`;
    this.name = `local:${file} prompt ${PROMPT_VERSION}.${LABEL_VERSION}`;
    this.#model = model;
    this.#scorer = scorer;
    this.#bias = options.bias ?? BIAS_TERMS;
    this.#judge = new LabelJudge(scorer, this.#bias);
    this.#time = options.time ?? SYSTEM_TIME;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /** Loads the model, so that the first question need not wait for it. */
  async check(signal: AbortSignal): Promise<Result<void, AdvisorFault>> {
    const opened = await this.#race(this.#scorer.open(), signal);
    if (opened === undefined) return err(modelFault(`${this.#model.name}: loading was given up`));
    if (!opened.ok) return opened;
    const turn = this.#last.then(() => this.#judge.prepare(signal));
    this.#last = turn;
    const prepared = await this.#race(turn, signal);
    if (prepared === undefined) return err(modelFault(`${this.#model.name}: it was given up`));
    return prepared.ok
      ? ok(undefined)
      : err(modelFault(`${this.#model.name}: ${prepared.error.text}`));
  }

  async ask(question: AdviceQuestion, signal: AbortSignal): Promise<Exchange> {
    const start = this.#time.nowNanos();
    const own = new AbortController();
    const giveUp = (): void => own.abort();
    signal.addEventListener("abort", giveUp, { once: true });
    const takeBack = this.#time.after(this.#timeoutMs * 1e6, giveUp);
    if (signal.aborted) own.abort();
    try {
      const turn = this.#last.then(() => this.#judge.judge(question, own.signal));
      this.#last = turn.catch(() => undefined);
      const judged = await this.#race(turn, own.signal);
      const latency = (this.#time.nowNanos() - start) / NANOS_PER_MICRO;
      return this.#exchange(question, judged, latency);
    } catch (error) {
      const latency = (this.#time.nowNanos() - start) / NANOS_PER_MICRO;
      const fault: ScoreFault = { kind: "refused", text: `our own fault: ${String(error)}` };
      return this.#exchange(question, err(fault), latency);
    } finally {
      takeBack();
      signal.removeEventListener("abort", giveUp);
    }
  }

  close(): Promise<void> {
    return this.#scorer.close();
  }

  /** Undefined where the signal came first. */
  #race<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve(undefined);
      const end = (): void => resolve(undefined);
      signal.addEventListener("abort", end, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
    });
  }

  #exchange(
    question: AdviceQuestion,
    judged: Result<Judged, ScoreFault> | undefined,
    latency: number,
  ): Exchange {
    const value = judged?.ok === true ? judged.value : undefined;
    return exchangeOf(answerOf(judged, this.#timeoutMs), latency, {
      advisor: this.name,
      provider: "local",
      model: `${this.#model.name} sha256:${this.#model.sha256}`,
      promptVersion: `${PROMPT_VERSION}.${LABEL_VERSION}`,
      question,
      questionHash: questionHash(question),
      sent: {
        system: LABEL_SYSTEM_TEXT,
        user: briefSituation(question),
        settings: { ...this.#bias },
      },
      ...(value === undefined
        ? {}
        : {
            received: { text: `scored labels: ${value.advice.action}`, finish: "scored" },
            labels: value.labels,
            usage: { inputTokens: value.tokens, outputTokens: 0, isEstimate: false },
            costUsd: 0,
            note: `${value.passes} forward passes; the items of the question set one by one`,
          }),
    });
  }
}

const modelFault = (text: string): AdvisorFault => ({ code: "ADVISOR_MODEL", text });

function answerOf(judged: Result<Judged, ScoreFault> | undefined, timeoutMs: number): AdviceAnswer {
  if (judged === undefined) {
    return noAdvice(
      "timed-out",
      `the local model took longer than ${timeoutMs} ms, or was not waited for`,
    );
  }
  if (judged.ok) return { kind: "advice", advice: judged.value.advice, source: "llm" };
  const { kind, text } = judged.error;
  return noAdvice(kind === "gone" ? "unreachable" : "broken", text);
}
