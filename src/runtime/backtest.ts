/**
 * Backtest: one parent order worked on a recorded or generated market, from request to report.
 */
import type { Advisor, Exchange } from "../advisors/advisor.ts";
import { type AdviceTerms, MOST_EXECUTIONS, type PastExecution } from "../core/contracts/advice.ts";
import type { Strategy } from "../core/contracts/strategy.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Instrument, instrumentId, parseQuantity } from "../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { ParentConstraints, ParentOrder } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import { type HalfTicks, type Micros, micros, MINUTE } from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import { lotsAtLeast } from "../core/execution/limits.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import type { Engine } from "../core/engine.ts";
import type { Observer } from "../core/market/observer.ts";
import { analyse, type ExecutionReport } from "../core/tca/report.ts";
import type { RecordedNews } from "./advice/news.ts";
import { adviceTerms } from "./advice/advice-config.ts";
import { type RunClock, SimulatedAdvisor } from "./advice/simulated-advisor.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { composeEngine, composeMarket, headerOf, strategiesWith } from "./compose.ts";
import { type ArrivalConfig, configJson } from "./config.ts";
import { instrumentJson } from "./instrument-file.ts";
import type { JournalFault, JournalHeader, JournalSink } from "./journal/journal.ts";
import { createJournal } from "./journal/writer.ts";
import type { OpenMarket } from "./market-source.ts";
import { noteOf, type Plugin } from "./plugin.ts";
import { NODE_MAJOR, PROGRAM } from "./program.ts";
import type { SimulatedLane } from "./simulated-lane.ts";
import { type RunTotals, simulate } from "./simulated-loop.ts";

/**
 * What a person asks for. Sizes and prices are exact decimal text in the instrument's own units.
 */
export interface BacktestRequest {
  readonly side: Side;
  /** Units of quantity, or of quote coin where `isNotional`. */
  readonly quantity: string;
  readonly isNotional: boolean;
  readonly over: Micros;
  /** After the market's first row. Undefined: one minute, or what the recording leaves. */
  readonly start?: Micros;
  readonly constraints: ParentConstraints;
  /** The mid when the decision to trade was taken; the arrival mid where it is not given. */
  readonly decisionPrice?: HalfTicks;
  /** Half-life of the alpha behind the order: strategies that know it hurry. */
  readonly alphaHalfLife?: Micros;
  readonly acceptInfeasible: boolean;
  /** How earlier orders of this kind went, for whoever is asked: see `advice/experience.ts`. */
  readonly experience?: readonly PastExecution[];
  /** What `config.strategy` may name; absent = every strategy that a user may trade with. */
  readonly strategies?: ReadonlyMap<string, Strategy>;
  /** Strategies from files, beside the registered ones: the journal names them. */
  readonly plugins?: readonly Plugin[];
  readonly config: ArrivalConfig;
  readonly seed: number;
  /** Who answers, where `config.advice` has somebody asked; lent. */
  readonly advisor?: Advisor | undefined;
  /** Set to the run's time at each question, for an advisor that was opened with it. */
  readonly clock?: RunClock;
  /** What is told of the world meanwhile, to whoever is asked. */
  readonly news?: RecordedNews | undefined;
  /** What was exchanged, as it comes. */
  readonly onExchange?: (exchange: Exchange) => void;
}

export interface BacktestFault {
  readonly code: "BACKTEST_SPAN" | "BACKTEST_QUANTITY" | "MARKET_SCALE" | "MARKET_KIND";
  readonly text: string;
}

export interface BacktestResult {
  readonly phase: ParentState["phase"];
  readonly reason: string;
  readonly totals: RunTotals;
  /** Null when the order never arrived: there was no market to measure against. */
  readonly report: ExecutionReport | null;
  readonly alerts: readonly {
    readonly severity: string;
    readonly code: string;
    readonly text: string;
  }[];
  readonly refusals: readonly { readonly code: string; readonly count: number }[];
}

export interface Backtest {
  readonly parent: ParentOrder;
  readonly engine: Engine;
  /** Between two steps: virtual time has to wait for `thought` while one thinks. */
  readonly advisors: readonly SimulatedAdvisor[];
  /**
   * Runs to the end, yielding the local time now and then. May be left early: the journal stays
   * whole.
   */
  run(
    onStep?: (event: EngineEvent, outputs: readonly EngineOutput[]) => void,
  ): Generator<Micros, BacktestResult>;
}

/** The minute before the order starts fills the observer's windows. */
const WARM_UP = MINUTE;

/** An order, and an engine that will work it. */
export interface PreparedOrder {
  readonly parent: ParentOrder;
  readonly engine: Engine;
  /** What begins it. */
  readonly submitted: EngineEvent;
}

/**
 * @param observer one that several engines share; absent = one of its own.
 * @param isShadowed as the account at the venue will be: see `AccountSpec`.
 */
export function prepareOrder(
  market: OpenMarket,
  request: BacktestRequest,
  observer?: Observer,
  isShadowed = false,
): Result<PreparedOrder, BacktestFault> {
  const parent = parentOf(market, request);
  if (!parent.ok) return parent;
  const strategies = request.strategies ?? strategiesWith(request.plugins);
  const { config, seed } = request;
  const sight = headerOf(market, config, isShadowed);
  const engine = composeEngine(config, sight, seed, strategies, observer);
  const { startAt } = parent.value;
  const submitted = { kind: "parent-submitted", time: startAt, parent: parent.value } as const;
  return ok({ parent: parent.value, engine, submitted });
}

export function prepareBacktest(
  market: OpenMarket,
  request: BacktestRequest,
  journalPath?: string,
): Result<Backtest, BacktestFault | JournalFault> {
  const prepared = prepareOrder(market, request, undefined, true);
  if (!prepared.ok) return prepared;
  const { parent, engine, submitted } = prepared.value;
  const composed = composeMarket(market, { ...request, isShadowed: true });
  if (!composed.ok) return composed;
  let journal: JournalSink | undefined;
  if (journalPath !== undefined) {
    const created = createJournal(journalPath, journalHeader(market, request));
    if (!created.ok) return created;
    journal = created.value;
  }
  const { advisor: asked } = request;
  const advisor = asked && new SimulatedAdvisor(asked, request.onExchange, request.clock);
  return ok({
    parent,
    engine,
    advisors: advisor === undefined ? [] : [advisor],
    *run(onStep) {
      const alerts: Extract<EngineOutput, { kind: "raise-alert" }>[] = [];
      const refusals = new Map<string, number>();
      const lane: SimulatedLane = {
        engine,
        scheduled: withNews(submitted, request.news),
        ...(journal === undefined ? {} : { journal }),
        ...(advisor === undefined ? {} : { advisor }),
        onStep(event, outputs) {
          for (const output of outputs) {
            if (output.kind === "raise-alert") alerts.push(output);
            if (output.kind !== "order-refused" && output.kind !== "parent-refused") continue;
            refusals.set(output.refusal.code, 1 + (refusals.get(output.refusal.code) ?? 0));
          }
          onStep?.(event, outputs);
        },
      };
      const steps = simulate({ market: composed.value, lanes: [lane] });
      try {
        const totals = yield* steps;
        return resultOf(engine, parent.id, totals, alerts, refusals);
      } finally {
        advisor?.close();
        journal?.close();
      }
    },
  });
}

function withNews(submitted: EngineEvent, news: RecordedNews | undefined): EngineEvent[] {
  return [submitted, ...(news?.events ?? [])].sort((a, b) => a.time - b.time);
}

function resultOf(
  engine: Engine,
  parentId: string,
  totals: RunTotals,
  alerts: readonly Extract<EngineOutput, { kind: "raise-alert" }>[],
  refusals: ReadonlyMap<string, number>,
): BacktestResult {
  const parent = engine.parents.get(parentId);
  const market = engine.instruments[0]!;
  const horizon = parent?.midAtEnd ?? market.observer.lastMid;
  const execution =
    parent === undefined || horizon === undefined
      ? undefined
      : executionOf(parent, market, totals.endedAt, horizon);
  return {
    phase: parent?.phase ?? "failed",
    reason: parent?.reason ?? "refused",
    totals,
    report: execution === undefined ? null : analyse(execution),
    alerts: alerts.map(({ severity, code, text }) => ({ severity, code, text })),
    refusals: [...refusals].map(([code, count]) => ({ code, count })),
  };
}

/** The order as it will be sent, at its place in the market. */
export function parentOf(
  market: Pick<OpenMarket, "header" | "from" | "until">,
  request: BacktestRequest,
): Result<ParentOrder, BacktestFault> {
  const { instrument } = market.header;
  const span = market.until - market.from;
  if (request.over > span) {
    const text =
      `the market data covers ${seconds(span)}, the order wants ${seconds(request.over)}: ` +
      "shorten it (--over) or give more data";
    return err({ code: "BACKTEST_SPAN", text });
  }
  const lead = request.start ?? micros(Math.min(WARM_UP, span - request.over));
  if (lead + request.over > span) {
    const text =
      `a start ${seconds(lead)} into the data leaves ${seconds(span - lead)}, ` +
      `the order wants ${seconds(request.over)}`;
    return err({ code: "BACKTEST_SPAN", text });
  }
  return orderOf(instrument, request, "p1", micros(market.from + lead));
}

/** What of a request makes the order, wherever it is worked. */
export type OrderRequest = Omit<
  BacktestRequest,
  "start" | "strategies" | "plugins" | "seed" | "advisor" | "clock" | "news" | "onExchange"
>;

export function orderOf(
  instrument: Instrument,
  request: OrderRequest,
  id: string,
  startAt: Micros,
): Result<ParentOrder, { readonly code: "BACKTEST_QUANTITY"; readonly text: string }> {
  const quantity = quantityOf(instrument, request);
  if (!quantity.ok) return quantity;
  const { config } = request;
  const advice = adviceTerms(config);
  return ok({
    id,
    instrument: instrumentId(instrument),
    side: request.side,
    quantity: quantity.value,
    startAt,
    deadline: micros(startAt + request.over),
    strategy: config.strategy,
    urgency: config.execution.urgency,
    maxSpreadToCross: config.execution.maxSpreadToCrossBps,
    minOrder: lotsAtLeast(instrument, config.execution.minOrder),
    constraints: request.constraints,
    ...(request.decisionPrice === undefined ? {} : { decisionPrice: request.decisionPrice }),
    ...(request.alphaHalfLife === undefined ? {} : { alphaHalfLife: request.alphaHalfLife }),
    ...(request.acceptInfeasible ? { acceptInfeasible: true } : {}),
    ...(advice === undefined ? {} : { advice: { ...advice, ...known(request) } }),
  });
}

const known = ({ experience = [] }: OrderRequest): Pick<AdviceTerms, "experience"> =>
  experience.length === 0 ? {} : { experience: experience.slice(0, MOST_EXECUTIONS) };

function quantityOf(
  instrument: Instrument,
  { quantity, isNotional }: OrderRequest,
): Result<ParentOrder["quantity"], { readonly code: "BACKTEST_QUANTITY"; readonly text: string }> {
  if (isNotional) return ok({ kind: "notional", quote: quantity });
  const parsed = parseQuantity(instrument, quantity);
  if (parsed.ok && parsed.value > 0) return ok({ kind: "lots", lots: parsed.value });
  const why = !parsed.ok
    ? parsed.error.code === "GRID_OFF_LOT"
      ? `is not a multiple of the lot size ${parsed.error.lotSize}`
      : "is not a quantity of this instrument"
    : "is nothing to trade";
  return err({ code: "BACKTEST_QUANTITY", text: `${quantity} ${instrument.base} ${why}` });
}

function journalHeader(market: OpenMarket, request: BacktestRequest): JournalHeader {
  return {
    format: 2,
    program: PROGRAM,
    nodeMajor: NODE_MAJOR,
    instrument: instrumentJson(market.header.instrument),
    market: JSON.parse(canonicalJson(market.spec)) as unknown,
    config: configJson(request.config),
    seed: request.seed,
    ...(request.plugins === undefined || request.plugins.length === 0
      ? {}
      : { plugins: request.plugins.map(noteOf) }),
    ...(request.news === undefined ? {} : { news: request.news.sources }),
  };
}

const seconds = (span: number): string => `${(span / 1e6).toFixed(1)} s`;
