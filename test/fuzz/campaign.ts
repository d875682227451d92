/**
 * Campaign: takes one target through many inputs, keeps those that lead further, and writes down
 * those that break it.
 *
 * Inputs are bent from true ones and from those that were kept. Where coverage is counted, an input
 * is kept when it reaches a block of ours that none before it had reached: that is what makes the
 * search guided. What must stay true: the same seed and count give the same inputs, whatever the
 * speed of the machine.
 */
import type { Coverage } from "./coverage.ts";
import { Draws } from "./draws.ts";
import { LONGEST, Mutator } from "./mutation.ts";
import { minimised } from "./minimise.ts";
import { Broken, type OpenTarget, type Target } from "./target.ts";

export interface Finding {
  readonly target: string;
  readonly seed: number;
  /** Counted from 0. */
  readonly number: number;
  readonly input: string;
  readonly error: string;
}

export interface CampaignResult {
  readonly target: string;
  readonly inputs: number;
  readonly seeds: number;
  /** Inputs that reached something new, beside the seeds. */
  readonly kept: number;
  /** Undefined where coverage was not counted. */
  readonly blocks: number | undefined;
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
}

export interface CampaignOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly coverage?: Coverage | undefined;
  /** Told each input before it is run: what is left there is what hung. */
  readonly onInput?: (input: string) => void;
  readonly onProgress?: (done: number) => void;
  readonly mostFindings?: number;
}

/** Coverage is asked once for so many inputs, and of each alone only where something was new. */
const BATCH = 200;
const MOST_KEPT = 4_000;
const MOST_FINDINGS = 20;

export class Campaign {
  readonly #target: Target;
  readonly #open: OpenTarget;
  readonly #options: CampaignOptions;
  readonly #draws: Draws;
  readonly #mutator: Mutator;
  readonly #corpus: string[];
  readonly #findings = new Map<string, Finding>();
  #done = 0;
  #kept = 0;
  #slowestMs = 0;

  constructor(target: Target, open: OpenTarget, options: CampaignOptions) {
    this.#target = target;
    this.#open = open;
    this.#options = options;
    this.#draws = new Draws(options.seed, target.name);
    this.#mutator = new Mutator(target.kind, target.words, this.#draws);
    this.#corpus = open.seeds.map((seed) => seed.slice(0, LONGEST));
  }

  async run(): Promise<CampaignResult> {
    const { inputs, coverage, mostFindings = MOST_FINDINGS } = this.#options;
    await this.#batch(this.#corpus.slice(0, inputs), false);
    coverage?.takeNew();
    while (this.#done < inputs && this.#findings.size < mostFindings) {
      const count = Math.min(BATCH, inputs - this.#done);
      // Whatever is not done yet, such as the end of a stream, has its turn.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#batch(
        Array.from({ length: count }, () => this.#next()),
        true,
      );
    }
    return {
      target: this.#target.name,
      inputs: this.#done,
      seeds: this.#open.seeds.length,
      kept: this.#kept,
      blocks: coverage?.blocks,
      slowestMs: this.#slowestMs,
      findings: [...this.#findings.values()],
    };
  }

  /** Inputs that reached something new. */
  get kept(): readonly string[] {
    return this.#corpus.slice(this.#open.seeds.length);
  }

  #next(): string {
    const corpus = this.#corpus;
    const draws = this.#draws;
    // What was kept last is bent more often: it is where something new has been seen.
    const recent = this.#kept > 0 && draws.chance(0.4);
    const from = recent ? Math.max(0, corpus.length - 50) : 0;
    const parent = corpus[from + draws.below(corpus.length - from)]!;
    return this.#mutator.bend(parent, draws.pick(corpus));
  }

  async #batch(inputs: readonly string[], mayKeep: boolean): Promise<void> {
    const { mostFindings = MOST_FINDINGS } = this.#options;
    for (const input of inputs) {
      if (this.#findings.size >= mostFindings) return;
      await this.#take(input);
      this.#done += 1;
    }
    this.#options.onProgress?.(this.#done);
    const { coverage } = this.#options;
    if (!mayKeep || coverage === undefined) return;
    const fresh = coverage.takeNew();
    if (fresh.size === 0) return;
    await this.#keepWhatReaches(fresh, inputs, coverage);
  }

  /** Halves a batch until it is known which of its inputs reach what was new: coverage is dear. */
  async #keepWhatReaches(
    fresh: Set<string>,
    inputs: readonly string[],
    coverage: Coverage,
  ): Promise<void> {
    if (fresh.size === 0 || this.#corpus.length >= MOST_KEPT) return;
    for (const input of inputs) await this.#attempt(input);
    const here: string[] = [];
    for (const block of coverage.reached()) if (fresh.has(block)) here.push(block);
    if (here.length === 0) return;
    if (inputs.length === 1) {
      for (const block of here) fresh.delete(block);
      this.#corpus.push(inputs[0]!);
      this.#kept += 1;
      return;
    }
    const middle = inputs.length >> 1;
    await this.#keepWhatReaches(fresh, inputs.slice(0, middle), coverage);
    await this.#keepWhatReaches(fresh, inputs.slice(middle), coverage);
  }

  async #take(input: string): Promise<void> {
    this.#options.onInput?.(input);
    const before = performance.now();
    const error = await this.#attempt(input);
    const took = performance.now() - before;
    if (error !== undefined) return this.#found(input, error);
    const { budgetMs } = this.#target;
    if (took > this.#slowestMs) this.#slowestMs = took;
    if (took <= budgetMs) return;
    // Another process may have had the core: only what is slow every time is slow.
    const again = [await this.#timed(input), await this.#timed(input), await this.#timed(input)];
    const least = Math.min(took, ...again);
    if (least <= budgetMs) return;
    const text = `took ${Math.round(least)} ms at least, and may take ${budgetMs} ms`;
    await this.#found(input, new Broken(text));
  }

  async #timed(input: string): Promise<number> {
    const before = performance.now();
    await this.#attempt(input);
    return performance.now() - before;
  }

  /** What is wrong with it; undefined where all is well. */
  async #attempt(input: string): Promise<Error | undefined> {
    try {
      const running = this.#open.run(input);
      if (running !== undefined) await running;
      for (const name in {}) {
        delete (Object.prototype as unknown as Record<string, unknown>)[name];
        throw new Broken(`every object has a property ${JSON.stringify(name)} now`);
      }
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
    }
  }

  /** One finding of a kind: the first, made as short as it can be. */
  async #found(input: string, error: Error): Promise<void> {
    const kind = kindOf(error);
    if (this.#findings.has(kind)) return;
    const isSame = async (shorter: string): Promise<boolean> => {
      const other = await this.#attempt(shorter);
      return other !== undefined && kindOf(other) === kind;
    };
    const isSlow = error instanceof Broken && error.message.startsWith("took ");
    const shortest = isSlow ? input : await minimised(input, isSame);
    this.#findings.set(kind, {
      target: this.#target.name,
      seed: this.#options.seed,
      number: this.#done,
      input: shortest,
      error: error.stack ?? String(error),
    });
  }
}

/** Two findings are one where the same line of code says the same, but for figures and names. */
function kindOf(error: Error): string {
  const frame = /\n\s+at ([^\n]*\/(?:src|test)\/[^\n]*)/.exec(error.stack ?? "")?.[1] ?? "";
  const words = error.message.replace(/"(?:[^"\\]|\\.)*"|\d+/g, "…").slice(0, 80);
  return `${error.name} ${words} ${error instanceof Broken ? "" : frame}`;
}
