/**
 * Evaluate: works every parent by every arm, and asks what each decision was worth.
 *
 * In phases, because later arms rest on earlier ones: random advice deals out the answers of the
 * real run, the tabular model learns from rollouts. What must stay true: a row hangs on the request
 * and on what the advisor answered alone, so what was done before an interruption stands.
 */
import { setImmediate } from "node:timers/promises";
import { type Advisor, type Exchange, exchangeOf } from "../../advisors/advisor.ts";
import { questionHash } from "../../advisors/question-hash.ts";
import type { Advice, EnvelopeTerms } from "../../core/contracts/advice.ts";
import { invariant } from "../../core/domain/errors.ts";
import { micros } from "../../core/domain/units.ts";
import { SimulatedAdvisor } from "../advice/simulated-advisor.ts";
import { type Decider, dealtOut, featuresOf, ruleOfThumb, TabularModel } from "./deciders.ts";
import { cellOf, type EvaluationRequest, trainingWindow, WIDEST } from "./evaluation-request.ts";
import { parentRow, type ParentRow } from "./evaluation-row.ts";
import {
  type Answered,
  type Parent,
  parentsOf,
  PromptAdvisor,
  type Way,
  work,
  workNow,
} from "./parent-run.ts";
import { answered, bestAnswer, judge, PROCEED, TOLD_LATENCY } from "./rollout.ts";
import type { RowStore } from "./row-store.ts";
import { twinRow } from "./twins.ts";

export const CLASSICAL = ["twap", "vwap", "pov", "is"] as const;

export interface EvaluationWork {
  readonly request: EvaluationRequest;
  /** Undefined: the other arms alone. */
  readonly advisor: Advisor | undefined;
  readonly store: RowStore;
  readonly signal: AbortSignal;
  /** Orders that the advisor is asked about at a time. */
  readonly atOnce: number;
  /** Pieces of work done, of about how many; in units of one run of an order. */
  onProgress(done: number, total: number, what: string): void;
}

/** @throws the reason of `signal` where that ends it; what was done stands in the store. */
export async function evaluate(given: EvaluationWork): Promise<void> {
  await new Evaluation(given).run();
}

const RUNS_A_QUESTION = 6;
/** Of one order, before any was asked. */
const QUESTIONS_GUESSED = 10;

class Evaluation {
  readonly #work: EvaluationWork;
  readonly #request: EvaluationRequest;
  readonly #parents = new Map<number, readonly Parent[]>();
  #done = 0;
  /** Done before, by another run. */
  #skipped = 0;

  constructor(given: EvaluationWork) {
    this.#work = given;
    this.#request = given.request;
  }

  async run(): Promise<void> {
    const { advisor } = this.#work;
    const { config, windows, rollouts, isRawToo } = this.#request;
    const base = config.strategy.name;
    const measured = Array.from({ length: windows }, (_, window) => window);
    const looked = measured.slice(0, rollouts);
    const bounded = this.#way(config.advice.envelope);
    for (const arm of new Set([...CLASSICAL, base])) {
      const strategy = arm === base ? config.strategy : { name: arm, parameters: {} };
      await this.#each(arm, measured, (parent) => workNow(this.#request, parent, { strategy }));
    }
    await this.#decided("adaptive", measured, bounded, () => ruleOfThumb);
    const tabular = await this.#learn(bounded);
    if (tabular !== undefined) {
      await this.#decided("tabular", measured, bounded, () => tabular.decide);
    }
    if (advisor !== undefined) {
      const { influence } = this.#request;
      const led = influence === undefined ? bounded : { ...bounded, influence };
      await this.#asked("advised", advisor, measured, led);
      await this.#decided("random", measured, bounded, this.#dealer());
      if (isRawToo) await this.#asked("advised raw", advisor, measured, this.#way(WIDEST));
      for (const window of looked) await this.#judged("advised", window, led);
      await this.#twins(advisor, measured, bounded);
    }
    for (const window of looked) await this.#oracle(window, bounded);
  }

  #way(envelope: EnvelopeTerms): Way {
    return { strategy: this.#request.config.strategy, envelope };
  }

  #parentsIn(window: number): readonly Parent[] {
    const known = this.#parents.get(window);
    if (known !== undefined) return known;
    const found = parentsOf(this.#request, window);
    invariant(found.ok, found.ok ? "" : found.error.text);
    this.#parents.set(window, found.value);
    return found.value;
  }

  /** Between two pieces of work: progress, Ctrl-C. */
  async #pause(runs: number, what: string): Promise<void> {
    this.#done += runs;
    this.#work.onProgress(this.#done, Math.max(this.#done, this.#total - this.#skipped), what);
    await setImmediate();
    this.#work.signal.throwIfAborted();
  }

  #skip(runs: number): void {
    this.#skipped += runs;
  }

  get #total(): number {
    const { windows, sides, rollouts, training, isRawToo } = this.#request;
    const hasAdvisor = this.#work.advisor !== undefined;
    const arms = CLASSICAL.length + 2 + (hasAdvisor ? 2 + (isRawToo ? 1 : 0) : 0);
    const questions = this.#questions * RUNS_A_QUESTION;
    const looked = rollouts * sides.length * questions * (hasAdvisor ? 2 : 1);
    return windows * sides.length * arms + looked + training * questions;
  }

  /** Of an order, about: as many as those who knew a rule of thumb were asked. */
  get #questions(): number {
    const known = this.#rowsOf("adaptive");
    const all = known.reduce((sum, { answers }) => sum + answers.length, 0);
    return known.length === 0 ? QUESTIONS_GUESSED : all / known.length;
  }

  async #each(
    arm: string,
    windows: readonly number[],
    run: (parent: Parent) => ReturnType<typeof workNow>,
  ): Promise<void> {
    const { store } = this.#work;
    for (const window of windows) {
      for (const side of this.#request.sides) {
        if (store.has(`parent ${arm} ${window} ${side}`)) {
          this.#skip(1);
          continue;
        }
        const parent = this.#parentOf(window, side);
        store.add(parentRow(parent, arm, run(parent)));
        await this.#pause(1, arm);
      }
    }
  }

  #parentOf(window: number, side: Parent["side"]): Parent {
    return this.#parentsIn(window).find((one) => one.side === side)!;
  }

  #decided(
    arm: string,
    windows: readonly number[],
    way: Way,
    deciderOf: (parent: Parent) => Decider,
  ): Promise<void> {
    return this.#each(arm, windows, (parent) =>
      workNow(this.#request, parent, way, new PromptAdvisor(deciderOf(parent))),
    );
  }

  /** Several orders at a time: the advisor thinks about one while others are worked. */
  async #asked(arm: string, advisor: Advisor, windows: readonly number[], way: Way): Promise<void> {
    const { store, signal, atOnce } = this.#work;
    const jobs = windows.flatMap((window) => this.#request.sides.map((side) => ({ window, side })));
    const next = jobs.values();
    const worker = async (): Promise<void> => {
      for (const { window, side } of next) {
        if (store.has(`parent ${arm} ${window} ${side}`)) {
          this.#skip(1);
          continue;
        }
        const parent = this.#parentOf(window, side);
        const exchanges: Exchange[] = [];
        const named = renamed(advisor, `${arm.replace(" ", "-")}-${window}-${side}`);
        const simulated = new SimulatedAdvisor(named, (one) => exchanges.push(one));
        const worked = await work(this.#request, parent, way, simulated, signal);
        store.add(parentRow(parent, arm, worked, exchanges));
        await this.#pause(1, arm);
      }
    };
    // All have come to their end before anybody hears of a failure: they write to the store.
    const ended = await Promise.allSettled(Array.from({ length: Math.max(1, atOnce) }, worker));
    for (const one of ended) if (one.status === "rejected") throw one.reason;
  }

  /** Answers of the real run, dealt out anew. */
  #dealer(): (parent: Parent) => Decider {
    const given = this.#rowsOf("advised").flatMap(({ answers }) =>
      answers.filter(({ advice }) => advice !== undefined),
    );
    const pool = given.map(({ advice }) => advice!);
    const latencies = given.map(({ latency }) => latency);
    return ({ window, side }) =>
      dealtOut(pool, latencies, 2 * window + (side === "buy" ? 0 : 1), this.#request.seed);
  }

  #rowsOf(arm: string): readonly ParentRow[] {
    return this.#work.store.rows
      .filter((row) => row.kind === "parent")
      .filter((row) => row.arm === arm)
      .sort((a, b) => a.window - b.window || (a.side < b.side ? -1 : 1));
  }

  /** Sides by turns: what is learned is told as a purchase anyway. */
  async #learn(way: Way): Promise<TabularModel | undefined> {
    const { store } = this.#work;
    const { training, sides } = this.#request;
    const windows = Array.from({ length: training }, (_, k) => trainingWindow(k));
    const samples = [];
    for (const [k, window] of windows.entries()) {
      const side = sides[k % sides.length]!;
      const key = `training ${window} ${side}`;
      let row = store.find("training", key);
      if (row === undefined) {
        const parent = this.#parentOf(window, side);
        const walked: Walked[] = [];
        for await (const decision of this.#walk(parent, way, "training")) walked.push(decision);
        row = {
          kind: "training",
          window,
          side,
          samples: walked.map(({ question, costs }) => ({ features: featuresOf(question), costs })),
        };
        store.add(row);
      } else this.#skip(this.#questions * RUNS_A_QUESTION);
      samples.push(...row.samples);
    }
    return TabularModel.learn(samples);
  }

  /** The questions that are asked where nothing is ever advised, and what each action leads to. */
  async *#walk(parent: Parent, way: Way, what: string): AsyncGenerator<Walked> {
    const asked: { question: Walked["question"]; answered: Answered }[] = [];
    const own = answered(PROCEED);
    const advisor = new PromptAdvisor((question) => {
      asked.push({ question, answered: own });
      return own;
    });
    const { costBps } = workNow(this.#request, parent, way, advisor);
    for (const decision of judge(this.#request, parent, way, asked, costBps)) {
      await this.#pause(RUNS_A_QUESTION, what);
      yield decision;
    }
  }

  /** The questions of an arm, asked again by playing its answers. */
  async #judged(arm: string, window: number, way: Way): Promise<void> {
    const { store } = this.#work;
    for (const side of this.#request.sides) {
      if (store.has(`judged ${arm} ${window} ${side}`)) {
        this.#skip(this.#questions * RUNS_A_QUESTION);
        continue;
      }
      const row = store.find("parent", `parent ${arm} ${window} ${side}`);
      if (row === undefined) continue;
      const parent = this.#parentOf(window, side);
      const given = row.answers.map(({ advice, reason, latency }) =>
        playedBack(advice, reason, latency),
      );
      const asked: { question: Walked["question"]; answered: Answered }[] = [];
      const advisor = new PromptAdvisor((question, number) => {
        const one = given[number] ?? answered(PROCEED);
        asked.push({ question, answered: one });
        return one;
      });
      workNow(this.#request, parent, way, advisor);
      const decisions = [];
      for (const { number, costs, chosen } of judge(this.#request, parent, way, asked)) {
        const advice = row.answers[number]?.advice;
        if (advice !== undefined) decisions.push({ number, advice, costs, chosen });
        await this.#pause(RUNS_A_QUESTION, "rollouts");
      }
      store.add({ kind: "judged", window, side, arm, decisions });
    }
  }

  async #oracle(window: number, way: Way): Promise<void> {
    const { store, signal } = this.#work;
    for (const side of this.#request.sides) {
      if (store.has(`parent oracle ${window} ${side}`)) {
        this.#skip(this.#questions * RUNS_A_QUESTION);
        continue;
      }
      const parent = this.#parentOf(window, side);
      const before: Answered[] = [];
      const asker: Advisor = {
        name: "oracle",
        check: () => Promise.resolve({ ok: true, value: undefined }),
        close: () => Promise.resolve(),
        ask: async (question) => {
          const steps = bestAnswer(this.#request, parent, way, before);
          let step = steps.next();
          for (; step.done !== true; step = steps.next()) {
            await this.#pause(1, "oracle").catch(() => undefined);
            if (signal.aborted) break;
          }
          const best = step.done === true ? step.value : answered(PROCEED);
          before.push(best);
          return exchangeOf(best.answer, best.latency, {
            advisor: "oracle",
            provider: "oracle",
            model: "rollout",
            promptVersion: "none",
            question,
            questionHash: questionHash(question),
          });
        },
      };
      const simulated = new SimulatedAdvisor(asker);
      store.add(
        parentRow(parent, "oracle", await work(this.#request, parent, way, simulated, signal)),
      );
    }
  }

  async #twins(advisor: Advisor, windows: readonly number[], way: Way): Promise<void> {
    const { store, signal } = this.#work;
    for (const window of windows) {
      if (!cellOf(this.#request, window).isInformed || store.has(`twin ${window}`)) continue;
      const { sides } = this.#request;
      const parent = this.#parentOf(window, sides[Math.floor(window / 2) % sides.length]!);
      const named = renamed(advisor, `twin-${window}`);
      const row = await twinRow(this.#request, parent, way, named, signal);
      signal.throwIfAborted();
      if (row !== undefined) store.add(row);
      await this.#pause(0, "twins");
    }
  }
}

type Walked = ReturnType<typeof judge> extends Generator<infer One> ? One : never;

function playedBack(
  advice: Advice | undefined,
  reason: ParentRow["answers"][number]["reason"],
  latency: number,
): Answered {
  const span = micros(latency);
  if (advice !== undefined) return answered(advice, span);
  const none = { kind: "none", reason: reason ?? "timed-out", text: "as it was" } as const;
  return { answer: none, latency: reason === undefined ? TOLD_LATENCY : span };
}

/** Every order here is called p1: whoever keeps budgets and records must tell them apart. */
function renamed(advisor: Advisor, parentId: string): Advisor {
  return {
    name: advisor.name,
    check: (signal) => advisor.check(signal),
    close: () => Promise.resolve(),
    ask: (question, signal) =>
      advisor.ask(
        { ...question, parentId, id: question.id.replace(question.parentId, parentId) },
        signal,
      ),
  };
}
