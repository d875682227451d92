/**
 * Parent run: one parent order by one arm in its market, with what it was advised on the way.
 *
 * A generated market is made anew for every run from the same seed, so arms share its luck, and one
 * that is run again with the same answers is the same run. What must stay true: news reaches an
 * engine when the world releases it, cleaned and masked, and never before.
 */
import type {
  AdviceAnswer,
  AdviceQuestion,
  EnvelopeTerms,
  NewsItem,
} from "../../core/contracts/advice.ts";
import { invariant, ok, type Result } from "../../core/domain/errors.ts";
import { instrumentId } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import { isTerminal, type StrategyChoice } from "../../core/domain/parent-order.ts";
import type { Side } from "../../core/domain/side.ts";
import {
  addMicros,
  type Bps,
  type Fraction,
  type Micros,
  micros,
  NEVER,
} from "../../core/domain/units.ts";
import { executionOf } from "../../core/execution/execution-record.ts";
import { bpsOf, shortfall } from "../../core/tca/shortfall.ts";
import { mask } from "../../feeds/mask.ts";
import { cleanNews } from "../../feeds/raw-news.ts";
import { DEFAULT_ADVICE } from "../advice/advice-config.ts";
import type { SimulatedAdvisor } from "../advice/simulated-advisor.ts";
import { type BacktestFault, type BacktestRequest, prepareOrder } from "../backtest.ts";
import { composeMarket } from "../compose.ts";
import type { ArrivalConfig } from "../config.ts";
import { type MarketStory, openGenerated } from "../market-source.ts";
import type { LaneAdvisor } from "../simulated-lane.ts";
import { simulate } from "../simulated-loop.ts";
import { place, type Placed } from "../window.ts";
import type { EarnedTerms } from "../influence/earned-influence.ts";
import { type EvaluationRequest, marketOf } from "./evaluation-request.ts";

/** One order in its market; every arm works it. */
export interface Parent {
  readonly window: number;
  readonly side: Side;
  readonly placed: Placed;
  /** In order of time. */
  readonly news: readonly EngineEvent[];
}

/** How it is worked. */
export interface Way {
  readonly strategy: StrategyChoice;
  /** Absent: nobody is asked. */
  readonly envelope?: EnvelopeTerms;
  /** Absent: all that is advised is done. */
  readonly influence?: EarnedTerms;
}

/** One question and what came of it. */
export interface Asked {
  readonly at: Micros;
  readonly question: AdviceQuestion;
  answer?: AdviceAnswer;
  latency?: Micros;
  isTaken: boolean;
  clamps: number;
}

export interface Worked {
  /** Full shortfall, fees included; positive = paid. */
  readonly costBps: Bps;
  readonly filled: Fraction;
  readonly phase: string;
  readonly asked: readonly Asked[];
}

/** What the world told, as events of an engine. */
export function newsEvents(
  story: MarketStory | undefined,
  header: Placed["market"]["header"],
): readonly EngineEvent[] {
  const epoch = Number(header.epochNanos / 1000n);
  const { instrument } = header;
  return (story?.news ?? []).flatMap((told) => {
    const at = micros(epoch + Math.round(told.at / 1000));
    const raw = { id: told.id, source: "wire", kind: kindOf(told.kind), headline: told.text };
    const item = cleanNews(raw, at);
    if (item === undefined) return [];
    return [
      {
        kind: "news-received",
        time: at,
        instrument: instrumentId(instrument),
        item: mask(item, instrument.symbol),
      } as const,
    ];
  });
}

function kindOf(family: string): NewsItem["kind"] {
  if (family === "macro-print") return "macro";
  if (family === "regulation") return "regulatory";
  if (family === "earnings") return "earnings";
  return family === "listing" ? "announcement" : "news";
}

/**
 * The parents of one window. The market is read once without us: for its news and its end.
 * @param turned where the news is the opposite.
 */
export function parentsOf(
  request: EvaluationRequest,
  window: number,
  turned = false,
): Result<readonly Parent[], BacktestFault> {
  const market = openGenerated(marketOf(request, window, turned));
  const windows = { kind: "generated", open: () => market } as const;
  const placed = place({ windows, over: request.over, parents: 1 }, window);
  if (!placed.ok) return placed;
  const news = newsEvents(market.story?.(), market.header);
  // What was read is not needed again: the venue makes its own.
  const { story: _story, metaorders: _metaorders, ...rest } = placed.value.market;
  const kept: Placed = { ...placed.value, market: { ...rest, blocks: [] } };
  return ok(request.sides.map((side) => ({ window, side, placed: kept, news })));
}

/** Why orders like these cannot be worked at all; undefined where they can. */
export function faultOf(request: EvaluationRequest): BacktestFault | undefined {
  const parents = parentsOf(request, 0);
  if (!parents.ok) return parents.error;
  const [parent] = parents.value;
  const order = backtestOf(request, parent!, { strategy: request.config.strategy });
  const prepared = prepareOrder(parent!.placed.market, order);
  return prepared.ok ? undefined : prepared.error;
}

/** Where nobody has to be waited for. */
export function workNow(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  advisor?: LaneAdvisor,
): Worked {
  const run = begin(request, parent, way, advisor);
  for (let step = run.steps.next(); step.done !== true; step = run.steps.next());
  return run.end();
}

/** With somebody who takes time to think. @throws where `signal` ends it. */
export async function work(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  advisor: SimulatedAdvisor,
  signal: AbortSignal,
): Promise<Worked> {
  const run = begin(request, parent, way, advisor);
  const giveUp = (): void => advisor.close();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    for (let step = run.steps.next(); step.done !== true; step = run.steps.next()) {
      if (advisor.isThinking) await advisor.thought;
      signal.throwIfAborted();
    }
    return run.end();
  } finally {
    signal.removeEventListener("abort", giveUp);
    run.steps.return({ rows: 0, events: 0, commands: 0, endedAt: micros(0) });
    advisor.close();
  }
}

function begin(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  advisor: LaneAdvisor | undefined,
) {
  const order = backtestOf(request, parent, way);
  const prepared = prepareOrder(parent.placed.market, order);
  invariant(prepared.ok, prepared.ok ? "" : prepared.error.text);
  const composed = composeMarket(parent.placed.market, order);
  invariant(composed.ok, composed.ok ? "" : composed.error.text);
  const { engine, submitted, parent: own } = prepared.value;
  const asked: Asked[] = [];
  let endedAt: Micros | undefined;
  let now: Micros = submitted.time;
  const onStep = (event: EngineEvent, outputs: readonly EngineOutput[]): boolean => {
    now = event.time;
    noteAsked(asked, event, outputs);
    const state = engine.parents.get(own.id);
    if (state === undefined || !isTerminal(state.phase)) return false;
    endedAt = event.time;
    return true;
  };
  const scheduled = [submitted, ...parent.news].sort((a, b) => a.time - b.time);
  const lane = { engine, scheduled, onStep, ...(advisor === undefined ? {} : { advisor }) };
  const steps = simulate({ market: composed.value, lanes: [lane] });
  const end = (): Worked => {
    const state = engine.parents.get(own.id);
    const [market] = engine.instruments;
    const execution = state && executionOf(state, market!, endedAt ?? now, parent.placed.horizon);
    invariant(
      state !== undefined && execution !== undefined,
      `window ${parent.window}: the order was not worked`,
    );
    const cost = shortfall(execution);
    const costBps = bpsOf(cost.total, cost.decisionNotional) ?? 0;
    const filled = cost.intended === 0 ? 0 : cost.filled / cost.intended;
    return { costBps, filled, phase: state.phase, asked };
  };
  return { steps, end };
}

function noteAsked(asked: Asked[], event: EngineEvent, outputs: readonly EngineOutput[]): void {
  if (event.kind === "advice-received") {
    const one = asked.find(({ question }) => question.id === event.questionId);
    if (one !== undefined) Object.assign(one, { answer: event.answer, latency: event.latency });
  }
  for (const output of outputs) {
    if (output.kind === "ask-advisor") {
      asked.push({ at: event.time, question: output.question, isTaken: false, clamps: 0 });
    }
    if (output.kind !== "advice-taken") continue;
    const one = asked.find(({ question }) => question.id === output.questionId);
    if (one !== undefined) Object.assign(one, { isTaken: true, clamps: output.clamps.length });
  }
}

function backtestOf(request: EvaluationRequest, parent: Parent, way: Way): BacktestRequest {
  const { config, quantity, over, seed } = request;
  return {
    side: parent.side,
    quantity,
    isNotional: false,
    over,
    start: parent.placed.start,
    constraints: { mayCrossSpread: true, residual: "cross" },
    acceptInfeasible: true,
    config: { ...config, strategy: way.strategy, advice: adviceOf(config, way) },
    seed: (seed + parent.window) >>> 0,
  };
}

const adviceOf = (
  { advice }: ArrivalConfig,
  { envelope, influence = FULL }: Way,
): ArrivalConfig["advice"] =>
  envelope === undefined
    ? DEFAULT_ADVICE
    : {
        ...advice,
        advisor: "evaluated",
        mayCancel: false,
        envelope,
        ...influence,
      };

const FULL: EarnedTerms = {
  influence: { calm: 1, usual: 1, stressed: 1 },
  influenceSource: "an evaluation",
};

export interface Answered {
  readonly answer: AdviceAnswer;
  readonly latency: Micros;
}

/** Answers at once, in virtual time after the latency that is told. */
export class PromptAdvisor implements LaneAdvisor {
  readonly isThinking = false;
  readonly #answerTo: (question: AdviceQuestion, number: number, at: Micros) => Answered;
  readonly #answers: EngineEvent[] = [];
  #number = 0;

  /** @param answerTo is told how many questions came before, and when it is asked. */
  constructor(answerTo: (question: AdviceQuestion, number: number, at: Micros) => Answered) {
    this.#answerTo = answerTo;
  }

  ask(question: AdviceQuestion, at: Micros): void {
    const { answer, latency } = this.#answerTo(question, this.#number++, at);
    this.#answers.push({
      kind: "advice-received",
      time: addMicros(at, latency),
      parentId: question.parentId,
      questionId: question.id,
      answer,
      advisor: "evaluated",
      latency,
    });
    this.#answers.sort((a, b) => a.time - b.time);
  }

  get nextAt(): Micros {
    return this.#answers[0]?.time ?? NEVER;
  }

  take(): EngineEvent {
    return this.#answers.shift()!;
  }
}
