/**
 * Cloud advisor: a language model behind a service, asked through the Vercel AI SDK.
 *
 * The SDK speaks the providers' languages; what an answer is worth is decided here and in
 * `answer.ts`, not by it. What must stay true: one request per question (no retries but one for a
 * server that does not know forms), every failure an answer, and no key in anything that is kept.
 */
import type { LanguageModel } from "ai";
import type { AdviceAnswer, AdviceQuestion } from "../../core/contracts/advice.ts";
import type { Result } from "../../core/domain/errors.ts";
import type { Micros } from "../../core/domain/units.ts";
import {
  type Advisor,
  type AdvisorFault,
  type Exchange,
  exchangeOf,
  noAdvice,
  type Transcript,
} from "../advisor.ts";
import { answerForm, parseAnswer } from "../answer.ts";
import { type Prompt, PROMPT_VERSION, promptOf } from "../prompt.ts";
import { questionHash } from "../question-hash.ts";
import { type AdvisorTime, NANOS_PER_MICRO } from "../time.ts";
import { oneLine } from "../untrusted-text.ts";
import type { ApiKey } from "./api-key.ts";
import { lookUpModel } from "./model-check.ts";
import type { ModelAccess, Provider } from "./provider.ts";
import { causeOf, type Heard, watchedFetch } from "./watched-fetch.ts";

/** US dollars per million tokens. */
export interface Prices {
  readonly input: number;
  readonly output: number;
}

export interface CloudModel {
  readonly provider: Provider;
  readonly model: string;
  readonly baseUrl: string;
  readonly key: ApiKey | undefined;
  readonly time: AdvisorTime;
  readonly prices?: Prices | undefined;
  /** Of one answer, thoughts included where the model has them. */
  readonly mostOutputTokens: number;
}

/** The SDK, loaded. */
export interface LoadedSdk {
  readonly ai: Pick<typeof import("ai"), "generateText" | "Output" | "NoObjectGeneratedError">;
  readonly makeModel: (access: ModelAccess) => LanguageModel;
}

/** What the model said, whatever the SDK made of it. */
interface Said {
  readonly text: string;
  readonly finish: string;
  readonly rawFinish?: string | undefined;
  readonly modelId?: string | undefined;
  readonly responseId?: string | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

type Outcome =
  | { readonly kind: "said"; readonly said: Said }
  | { readonly kind: "failed"; readonly answer: AdviceAnswer; readonly heard: Heard };

const MOST_KEPT_TEXT = 64_000;
const MOST_WORDS = 300;
/** The server did not understand the request. */
const NOT_UNDERSTOOD = new Set([400, 415, 422, 501]);
/** Providers bill by tokens of three to four letters. */
const LETTERS_PER_TOKEN = 3;

export class CloudAdvisor implements Advisor {
  readonly name: string;
  readonly #at: CloudModel;
  readonly #sdk: LoadedSdk;
  readonly #closing = new AbortController();
  /** A server that does not know forms is told in words alone. */
  #hasForm = true;

  constructor(at: CloudModel, sdk: LoadedSdk) {
    this.#at = at;
    this.#sdk = sdk;
    const { provider, model, baseUrl } = at;
    const where = baseUrl === provider.baseUrl ? "" : ` at ${baseUrl}`;
    this.name = `${provider.name}:${model}${where} prompt ${PROMPT_VERSION}`;
  }

  check(signal: AbortSignal): Promise<Result<void, AdvisorFault>> {
    return lookUpModel(this.#at, AbortSignal.any([signal, this.#closing.signal]));
  }

  async ask(question: AdviceQuestion, signal: AbortSignal): Promise<Exchange> {
    const began = this.#at.time.nowNanos();
    const prompt = promptOf(question);
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    let outcome = await this.#call(question, prompt, stop);
    if (this.#hasForm && this.#at.provider.isList === true && isNotUnderstood(outcome)) {
      this.#hasForm = false;
      outcome = await this.#call(question, prompt, stop);
    }
    const latency = (this.#at.time.nowNanos() - began) / NANOS_PER_MICRO;
    return this.#exchange(question, prompt, outcome, latency);
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  async #call(question: AdviceQuestion, prompt: Prompt, signal: AbortSignal): Promise<Outcome> {
    const { ai, makeModel } = this.#sdk;
    const { provider, model, baseUrl, key, mostOutputTokens } = this.#at;
    const { fetch, heard } = watchedFetch(key);
    try {
      const result = await ai.generateText({
        model: makeModel({ model, baseUrl, key, fetch }),
        instructions: prompt.system,
        prompt: prompt.user,
        maxRetries: 0,
        maxOutputTokens: mostOutputTokens,
        abortSignal: signal,
        telemetry: { isEnabled: false },
        ...(this.#hasForm
          ? { output: ai.Output.object({ schema: answerForm(question), name: "advice" }) }
          : {}),
        ...(provider.settings === undefined ? {} : { providerOptions: { ...provider.settings } }),
      });
      const { text, finishReason, rawFinishReason, usage, response } = result;
      return saidOf({ text, finishReason, rawFinishReason, usage, response });
    } catch (error) {
      if (ai.NoObjectGeneratedError.isInstance(error) && error.text !== undefined) {
        const { text, finishReason = "other", usage, response } = error;
        return saidOf({ text, finishReason, usage, response });
      }
      return { kind: "failed", answer: failure(heard, error, signal, key), heard };
    }
  }

  #exchange(question: AdviceQuestion, prompt: Prompt, outcome: Outcome, latency: number): Exchange {
    const { provider, model, mostOutputTokens, prices } = this.#at;
    const isSaid = outcome.kind === "said";
    const answer = isSaid ? this.#answerOf(outcome.said, question) : outcome.answer;
    const usage = isSaid ? usageOf(outcome.said, prompt) : undefined;
    const exchange = exchangeOf(answer, latency, {
      advisor: this.name,
      provider: provider.name,
      model,
      promptVersion: PROMPT_VERSION,
      question,
      questionHash: questionHash(question),
      sent: { ...prompt, settings: { mostOutputTokens, hasForm: this.#hasForm } },
      ...receivedOf(outcome, this.#at.key),
      ...(usage === undefined ? {} : { usage }),
      ...(usage === undefined || prices === undefined
        ? {}
        : {
            costUsd: (usage.inputTokens * prices.input + usage.outputTokens * prices.output) / 1e6,
          }),
    });
    const retryAfter: Micros | undefined = isSaid ? undefined : outcome.heard.retryAfter;
    return retryAfter === undefined ? exchange : { ...exchange, retryAfter };
  }

  #answerOf({ text, finish }: Said, question: AdviceQuestion): AdviceAnswer {
    const shown = this.#at.key?.redact(text) ?? text;
    if (finish === "content-filter") {
      return noAdvice("refused", `the model will not answer: ${oneLine(shown, MOST_WORDS)}`);
    }
    if (finish === "length")
      return noAdvice("malformed", "the answer was cut off: too many tokens");
    return parseAnswer(shown, question);
  }
}

interface Generated {
  readonly text: string;
  readonly finishReason: string;
  readonly rawFinishReason?: string | undefined;
  readonly usage:
    | { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined }
    | undefined;
  readonly response: { readonly id?: string; readonly modelId?: string } | undefined;
}

const saidOf = ({ text, finishReason, rawFinishReason, usage, response }: Generated): Outcome => ({
  kind: "said",
  said: {
    text,
    finish: finishReason,
    rawFinish: rawFinishReason,
    modelId: response?.modelId,
    responseId: response?.id,
    inputTokens: usage?.inputTokens,
    outputTokens: usage?.outputTokens,
  },
});

function receivedOf(outcome: Outcome, key: ApiKey | undefined): Pick<Transcript, "received"> {
  const clean = (text: string): string =>
    (key?.redact(text) ?? text).slice(0, MOST_KEPT_TEXT).toWellFormed();
  if (outcome.kind === "failed") {
    const { status, refusal } = outcome.heard;
    if (status === undefined) return {};
    return { received: { text: clean(refusal ?? ""), status } };
  }
  const { text, finish, rawFinish, modelId, responseId } = outcome.said;
  return {
    received: {
      text: clean(text),
      finish: clean(rawFinish ?? finish),
      ...(modelId === undefined ? {} : { modelId: clean(modelId) }),
      ...(responseId === undefined ? {} : { responseId: clean(responseId) }),
    },
  };
}

function usageOf({ text, inputTokens, outputTokens }: Said, prompt: Prompt): Transcript["usage"] {
  const isTold = isCount(inputTokens) && isCount(outputTokens);
  if (isTold) return { inputTokens, outputTokens, isEstimate: false };
  const sent = prompt.system.length + prompt.user.length;
  return {
    inputTokens: Math.ceil(sent / LETTERS_PER_TOKEN),
    outputTokens: Math.ceil(text.length / LETTERS_PER_TOKEN),
    isEstimate: true,
  };
}

const isCount = (value: number | undefined): value is number =>
  Number.isSafeInteger(value) && value! >= 0;

const isNotUnderstood = (outcome: Outcome): boolean =>
  outcome.kind === "failed" && NOT_UNDERSTOOD.has(outcome.heard.status ?? 0);

const LIMITED = new Set([429, 529]);

function failure(
  heard: Heard,
  error: unknown,
  signal: AbortSignal,
  key: ApiKey | undefined,
): AdviceAnswer {
  const { status, refusal = "", cause, isTooLong = false } = heard;
  if (signal.aborted) return noAdvice("timed-out", "given up before it answered");
  if (isTooLong) return noAdvice("malformed", "the answer is longer than any answer");
  if (status === undefined) {
    return noAdvice("unreachable", `no answer: ${cause ?? causeOf(error, key)}`);
  }
  const words = oneLine(refusal, MOST_WORDS);
  if (status >= 200 && status < 300) {
    return noAdvice("malformed", `not what the service answers: ${causeOf(error, key)}`);
  }
  if (LIMITED.has(status)) return noAdvice("rate-limited", `${status}: ${words}`);
  if (NOT_UNDERSTOOD.has(status)) return noAdvice("broken", `${status}: ${words}`);
  return noAdvice("unreachable", `${status}: ${words}`);
}
