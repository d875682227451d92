/**
 * Label model: a loaded model that tells how probable each of a few letters is as its next word.
 *
 * Three stretches of text are computed apart and kept as long as they stay the same: the system
 * text, the situation, the item. What must stay true: a stretch is always computed in one piece and
 * at the same place, so that the same question gives the same figures to the bit, whatever was
 * asked before.
 */
import { chatFormOf, type ChatForm } from "./chat-form.ts";
import type { LlamaModel, LlamaModule, LlamaSequence, Token } from "./llama-runtime.ts";
import type { ModelInfo, OpenRequest, Scored, ScoreRequest } from "./model-messages.ts";

/** Tokens that are computed at once. */
const BATCH = 512;
const ANSWER = "Answer:";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Stands for the logarithm of what a float cannot tell from nothing. */
const LEAST_PROBABILITY = 1e-37;

interface Stretch {
  readonly text: string;
  readonly end: number;
}

interface LetterForm {
  /** What comes before the letter. */
  readonly lead: readonly Token[];
  readonly tokens: readonly Token[];
}

export class LabelModel {
  readonly info: ModelInfo;
  readonly #model: LlamaModel;
  readonly #sequence: LlamaSequence;
  readonly #form: ChatForm;
  readonly #letters: LetterForm;
  #system: Stretch = { text: "", end: 0 };
  #user: Stretch = { text: "", end: 0 };

  private constructor(
    model: LlamaModel,
    sequence: LlamaSequence,
    form: ChatForm,
    letters: LetterForm,
    info: ModelInfo,
  ) {
    this.#model = model;
    this.#sequence = sequence;
    this.#form = form;
    this.#letters = letters;
    this.info = info;
  }

  /** @throws whatever the library does, in its words. */
  static async open(library: LlamaModule, request: OpenRequest): Promise<LabelModel> {
    const start = performance.now();
    const llama = await library.getLlama({
      gpu: false,
      build: "never",
      skipDownload: true,
      progressLogs: false,
      maxThreads: request.threads,
      logger: (level, message) => {
        if (level === "error" || level === "fatal") process.stderr.write(`${message}\n`);
      },
    });
    const model = await llama.loadModel({
      modelPath: request.path,
      gpuLayers: 0,
      defaultContextSwaFullCache: true,
    });
    const context = await model.createContext({
      contextSize: Math.min(request.contextTokens, model.trainContextSize),
      batchSize: BATCH,
      threads: request.threads,
      sequences: 1,
    });
    const { general, tokenizer } = model.fileInfo.metadata;
    const form = chatFormOf(tokenizer?.chat_template);
    const info: ModelInfo = {
      architecture: general.architecture,
      title: general.name ?? "",
      contextTokens: context.contextSize,
      form: form.name,
      loadMillis: performance.now() - start,
      residentBytes: process.memoryUsage.rss(),
    };
    return new LabelModel(model, context.getSequence(), form, letterForm(model), info);
  }

  async score(request: ScoreRequest): Promise<Scored> {
    const start = performance.now();
    const cpuStart = process.cpuUsage();
    const computed = await this.#enter(request);
    const tail = [
      ...this.#model.tokenize(request.item, false),
      ...this.#model.tokenize(this.#form.beforeAnswer, true),
      ...this.#letters.lead,
    ];
    this.#mustFit(this.#sequence.nextTokenIndex + tail.length);
    const last = tail.pop()!;
    const outputs = await this.#sequence.controlledEvaluate([
      ...tail,
      [last, { generateNext: { probabilities: true } }],
    ]);
    const probabilities = outputs.at(-1)?.next.probabilities;
    if (probabilities === undefined) throw new Error("the library gave no probabilities");
    const logs = this.#letters.tokens
      .slice(0, request.letters)
      .map((token) => Math.log(Math.max(LEAST_PROBABILITY, probabilities.get(token) ?? 0)));
    if (logs.length < request.letters) throw new Error(`${request.letters} options are too many`);
    return {
      kind: "scored",
      id: request.id,
      logs,
      tokens: this.#sequence.nextTokenIndex,
      computed: computed + tail.length + 1,
      millis: performance.now() - start,
      cpuMillis: cpuMillisSince(cpuStart),
      residentBytes: process.memoryUsage.rss(),
    };
  }

  /** Brings the sequence to the end of the situation. @returns tokens that had to be computed. */
  async #enter({ system, user }: ScoreRequest): Promise<number> {
    let computed = 0;
    if (this.#system.text !== system || this.#system.end === 0) {
      await this.#sequence.clearHistory();
      this.#system = { text: "", end: 0 };
      computed += await this.#compute(this.#headOf(system));
      this.#system = { text: system, end: this.#sequence.nextTokenIndex };
      this.#user = { text: "", end: 0 };
    }
    if (this.#user.text === user && this.#user.end > 0) {
      await this.#cutTo(this.#user.end);
      return computed;
    }
    await this.#cutTo(this.#system.end);
    this.#user = { text: "", end: 0 };
    computed += await this.#compute(this.#model.tokenize(user, false));
    this.#user = { text: user, end: this.#sequence.nextTokenIndex };
    return computed;
  }

  #headOf(system: string): Token[] {
    const { bos, shouldPrependBosToken } = this.#model.tokens;
    return [
      ...(shouldPrependBosToken && bos !== null ? [bos] : []),
      ...this.#model.tokenize(this.#form.beforeSystem, true),
      ...this.#model.tokenize(system, false),
      ...this.#model.tokenize(this.#form.beforeUser, true),
    ];
  }

  async #compute(tokens: Token[]): Promise<number> {
    this.#mustFit(this.#sequence.nextTokenIndex + tokens.length);
    if (tokens.length > 0) await this.#sequence.evaluateWithoutGeneratingNewTokens(tokens);
    return tokens.length;
  }

  async #cutTo(end: number): Promise<void> {
    const now = this.#sequence.nextTokenIndex;
    if (now > end) await this.#sequence.eraseContextTokenRanges([{ start: end, end: now }]);
  }

  /** A longer one would be shifted by the library, and the system text lost. */
  #mustFit(tokens: number): void {
    if (tokens < this.info.contextTokens) return;
    const most = this.info.contextTokens;
    throw new Error(`the question is ${tokens} tokens long and the model takes ${most}`);
  }
}

function cpuMillisSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

/** Letters are one token each in every tokenizer that is known, with or without a space before. */
function letterForm(model: LlamaModel): LetterForm {
  const answer = model.tokenize(ANSWER, false);
  for (const [gap, lead] of [
    [" ", answer],
    ["", model.tokenize(`${ANSWER} `, false)],
  ] as const) {
    const tokens = [...LETTERS].map((letter) => model.tokenize(`${gap}${letter}`, false));
    if (!tokens.every(({ length }) => length === 1)) continue;
    return { lead, tokens: tokens.map(([token]) => token!) };
  }
  throw new Error("its tokenizer cuts single letters in pieces: it cannot score labels");
}
