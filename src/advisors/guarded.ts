/**
 * Guarded: an advisor that keeps its word, around one that may not.
 *
 * The one inside may hang, ignore that it is told to stop, throw, answer nonsense, or be asked for
 * more than anybody wants to pay. What must stay true: `ask` ends within the time-out by our own
 * race, never throws, and gives out nothing that is not sound; what comes too late is recorded and
 * not used.
 *
 * Two clocks. `time` is real: the race and the pauses that a server asks for. `runNow` is the run's
 * own: freshness and the breaker, so that a backtest by a script or a recording does not depend on
 * how fast the machine is. Live they are the same.
 */
import type { AdviceAnswer, AdviceQuestion, NoAdviceReason } from "../core/contracts/advice.ts";
import { type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { type Advisor, type Exchange, exchangeOf, noAdvice, transcriptId } from "./advisor.ts";
import { type BreakerTerms, CircuitBreaker } from "./circuit-breaker.ts";
import { FreshAnswers } from "./fresh-answers.ts";
import { PROMPT_VERSION } from "./prompt.ts";
import { type Budget, QuestionBudget, type Spent } from "./question-budget.ts";
import { questionHash } from "./question-hash.ts";
import { soundExchange } from "./sound-exchange.ts";
import type { ExchangeRecorder } from "./recorder.ts";
import { type AdvisorTime, NANOS_PER_MICRO, pause } from "./time.ts";

export interface GuardTerms {
  /** An answer that takes longer is none. */
  readonly timeout: Micros;
  readonly breaker: BreakerTerms;
  /** Of each parent order. */
  readonly budget: Budget;
  /** How long an answer to the same situation is used again; 0 = never. */
  readonly freshFor: Micros;
  /**
   * When a server asks to be left alone: `answer` that it does (live: the order goes on), or `wait`
   * and ask again (a backtest, whose time stands still meanwhile). `ignore`: nobody is there who
   * could be left alone, only a story of it.
   */
  readonly onRateLimit: "answer" | "wait" | "ignore";
}

export const GUARD_DEFAULTS: GuardTerms = {
  timeout: micros(10 * SECOND),
  breaker: { failures: 5, openFor: MINUTE, longest: micros(10 * MINUTE) },
  budget: { calls: 200, tokens: 1_000_000, usd: Number.POSITIVE_INFINITY },
  freshFor: micros(15 * SECOND),
  onRateLimit: "answer",
};

export interface GuardOptions extends Partial<GuardTerms> {
  readonly time: AdvisorTime;
  /** Microseconds of the run's own time; absent: real time. */
  readonly runNow?: () => number;
  /** Is told every exchange that is given out, and those that came too late. Closed with it. */
  readonly recorder?: ExchangeRecorder;
  /** An exchange that came after its time-out. */
  readonly onLate?: (exchange: Exchange) => void;
}

export interface GuardedAdvisor extends Advisor {
  /** What an order has spent on advice so far. */
  spent(parentId: string): Spent;
}

/** No server is left alone for longer, whatever it asks for. */
const LONGEST_PAUSE = 10 * MINUTE;
const FIRST_PAUSE = SECOND;
/** In a backtest: after so many pauses for one question the answer is that it is limited. */
const MOST_PAUSES = 5;
const CLOSING: Micros = micros(5 * SECOND);

/** What says that the advisor is not well. */
const FAILURES: ReadonlySet<NoAdviceReason> = new Set<NoAdviceReason>([
  "timed-out",
  "unreachable",
  "refused",
  "malformed",
  "broken",
]);

export const guarded = (inner: Advisor, options: GuardOptions): GuardedAdvisor =>
  new Guard(inner, options);

class Guard implements GuardedAdvisor {
  readonly #inner: Advisor;
  readonly #terms: GuardTerms;
  readonly #options: GuardOptions;
  readonly #breaker: CircuitBreaker;
  readonly #budget: QuestionBudget;
  readonly #fresh: FreshAnswers;
  readonly #closing = new AbortController();
  /** Real time, ns. */
  #pausedUntil = 0;
  #pauses = 0;
  #closed: Promise<void> | undefined;

  constructor(inner: Advisor, options: GuardOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#terms = { ...GUARD_DEFAULTS, ...options };
    this.#breaker = new CircuitBreaker(this.#terms.breaker);
    this.#budget = new QuestionBudget(this.#terms.budget);
    this.#fresh = new FreshAnswers(this.#terms.freshFor);
  }

  get name(): string {
    return this.#inner.name;
  }

  check(signal: AbortSignal): ReturnType<Advisor["check"]> {
    return this.#inner.check(signal);
  }

  spent(parentId: string): Spent {
    return this.#budget.spent(parentId);
  }

  async ask(question: AdviceQuestion, signal: AbortSignal): Promise<Exchange> {
    const exchange = await this.#answered(question, signal);
    this.#options.recorder?.append(exchange);
    return exchange;
  }

  async #answered(question: AdviceQuestion, signal: AbortSignal): Promise<Exchange> {
    try {
      return await this.#ask(question, AbortSignal.any([signal, this.#closing.signal]));
    } catch (error) {
      this.#breaker.released();
      return this.#without(question, "broken", `the guard itself: ${textOf(error)}`);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    const over = new AbortController();
    const closed = attempt(() => this.#inner.close()).catch(() => undefined);
    await Promise.race([closed, pause(this.#options.time, CLOSING, over.signal)]);
    over.abort();
    await this.#options.recorder?.close();
  }

  async #ask(question: AdviceQuestion, signal: AbortSignal): Promise<Exchange> {
    const isPatient = this.#terms.onRateLimit === "wait";
    for (let tries = 1; ; tries++) {
      if (isPatient) await this.#waitOut(signal);
      const early = this.#withoutAsking(question, signal);
      if (early !== undefined) return early;
      const exchange = await this.#asked(question, signal);
      const { answer } = exchange;
      const isLimited = answer.kind === "none" && answer.reason === "rate-limited";
      if (!isLimited || this.#terms.onRateLimit === "ignore") return exchange;
      this.#standBack(exchange.retryAfter);
      if (!isPatient || tries > MOST_PAUSES) return exchange;
    }
  }

  /** A timer may come a little early: whoever waits looks at the clock. */
  async #waitOut(signal: AbortSignal): Promise<void> {
    const { time } = this.#options;
    while (!signal.aborted) {
      const left = this.#pausedUntil - time.nowNanos();
      if (left <= 0) return;
      await pause(time, left / NANOS_PER_MICRO, signal);
    }
  }

  /** Whatever can be said without asking. */
  #withoutAsking(question: AdviceQuestion, signal: AbortSignal): Exchange | undefined {
    if (signal.aborted) return this.#without(question, "timed-out", "given up before it was asked");
    const now = this.#runNow();
    const fresh = this.#fresh.find(question, now);
    if (fresh !== undefined) {
      const answer: AdviceAnswer = { kind: "advice", advice: fresh.advice, source: "cache" };
      return this.#told(question, answer, 0, `as in exchange ${fresh.exchangeId}`);
    }
    const spent = this.#budget.refusal(question.parentId);
    if (spent !== undefined) return this.#without(question, "budget", spent);
    const paused = this.#pausedUntil - this.#options.time.nowNanos();
    if (paused > 0) {
      const text = `the server wants to be left alone for ${secondsText(paused / 1000)}`;
      return this.#without(question, "rate-limited", text);
    }
    const until = this.#breaker.closedUntil(now);
    if (until === undefined) return undefined;
    const text = `it failed too often; asked again in ${secondsText(until - now)}`;
    return this.#without(question, "circuit-open", text);
  }

  /** One call, raced. */
  async #asked(question: AdviceQuestion, signal: AbortSignal): Promise<Exchange> {
    const { time } = this.#options;
    const began = time.nowNanos();
    const book = this.#budget.begin(question.parentId);
    const stop = new AbortController();
    let isOver = false;
    const answered = attempt(() => this.#inner.ask(question, stop.signal))
      .then((exchange) => soundExchange(exchange, question))
      .catch((error: unknown) => `it threw: ${textOf(error)}`)
      .then((exchange) => {
        const wasOver = isOver;
        isOver = true;
        if (typeof exchange === "string") return exchange;
        book(costOf(exchange));
        if (wasOver) this.#tellLate(exchange);
        return exchange;
      });
    const waiting = new AbortController();
    const over = pause(time, this.#terms.timeout, AbortSignal.any([signal, waiting.signal]));
    const first = await Promise.race([answered, over]);
    isOver = true;
    waiting.abort();
    if (first === undefined) {
      stop.abort();
      book(undefined);
    }
    const span = (time.nowNanos() - began) / NANOS_PER_MICRO;
    return this.#judged(question, first, span, signal);
  }

  #judged(
    question: AdviceQuestion,
    first: Exchange | string | void,
    span: number,
    signal: AbortSignal,
  ): Exchange {
    const now = this.#runNow();
    if (first === undefined) {
      const isOurs = signal.aborted;
      if (isOurs) this.#breaker.released();
      else this.#breaker.failed(now);
      const text = isOurs ? "given up by whoever asked" : this.#timeoutText();
      return this.#without(question, "timed-out", text, span);
    }
    if (typeof first === "string") {
      this.#breaker.failed(now);
      return this.#without(question, "broken", first, span);
    }
    // Of a recording or a script the latency is the one that it tells.
    if (first.latency > this.#terms.timeout) {
      this.#breaker.failed(now);
      this.#tellLate(first);
      return this.#without(question, "timed-out", this.#timeoutText(), this.#terms.timeout);
    }
    this.#weigh(first, question, now);
    return first;
  }

  #weigh(exchange: Exchange, question: AdviceQuestion, now: number): void {
    const { answer, transcript } = exchange;
    if (answer.kind === "none") {
      if (FAILURES.has(answer.reason)) this.#breaker.failed(now);
      else this.#breaker.released();
      return;
    }
    this.#breaker.succeeded();
    this.#pauses = 0;
    const kept = { advice: answer.advice, exchangeId: transcriptId(transcript) };
    this.#fresh.keep(question, kept, now);
  }

  #standBack(retryAfter: Micros | undefined): void {
    const span = Math.min(LONGEST_PAUSE, retryAfter ?? FIRST_PAUSE * 2 ** this.#pauses);
    this.#pauses = Math.min(20, this.#pauses + 1);
    this.#pausedUntil = this.#options.time.nowNanos() + span * NANOS_PER_MICRO;
  }

  #tellLate({ transcript, ...told }: Exchange): void {
    const exchange: Exchange = { ...told, transcript: { ...transcript, isLate: true } };
    try {
      this.#options.recorder?.append(exchange);
      this.#options.onLate?.(exchange);
    } catch {
      // Whoever records is no reason to fail an order's advice.
    }
  }

  #timeoutText(): string {
    return `no answer within ${secondsText(this.#terms.timeout)}`;
  }

  #without(
    question: AdviceQuestion,
    reason: NoAdviceReason,
    text: string,
    span: number = 0,
  ): Exchange {
    return this.#told(question, noAdvice(reason, text), span);
  }

  #told(question: AdviceQuestion, answer: AdviceAnswer, span: number, note?: string): Exchange {
    return exchangeOf(answer, span, {
      advisor: this.name,
      provider: "guard",
      model: "none",
      promptVersion: PROMPT_VERSION,
      question,
      questionHash: questionHash(question),
      ...(note === undefined ? {} : { note }),
    });
  }

  #runNow(): number {
    return this.#options.runNow?.() ?? this.#options.time.nowNanos() / NANOS_PER_MICRO;
  }
}

/** A throw before the first promise is a rejection too. */
const attempt = async <Value>(call: () => Promise<Value>): Promise<Value> => call();

function costOf({ transcript }: Exchange): Omit<Spent, "calls"> {
  const { usage, costUsd = 0 } = transcript;
  return { tokens: usage === undefined ? 0 : usage.inputTokens + usage.outputTokens, usd: costUsd };
}

const secondsText = (span: number): string => `${Math.max(0, span / SECOND).toFixed(1)} s`;

const textOf = (error: unknown): string =>
  error instanceof Error ? error.message.slice(0, 200) : "no error object";
