/**
 * Baselines: the order's terms by other strategies, on the stretch of market that it was worked on
 * and on others of the same market.
 *
 * In a backtest each of them is worked as the order was, by the same loop. What must stay true: all
 * are marked at one price, the mid at the deadline; an interval is given only over independent
 * stretches; and where the market contains our own trades, that is said.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { formatQuantity } from "../core/domain/instrument.ts";
import { toNumber } from "../core/domain/decimal.ts";
import type { ParentOrder } from "../core/domain/parent-order.ts";
import { micros } from "../core/domain/units.ts";
import { CLUSTERS_MIN, holm, type Pair, pairedDifference } from "../core/tca/paired-difference.ts";
import { type Arm, refusalOf } from "../runtime/arm.ts";
import { compare, type CompareRequest } from "../runtime/compare.ts";
import { type Comparison, type Outcome } from "../runtime/comparison.ts";
import { isShared, kindOf } from "../runtime/compose.ts";
import type { ArrivalConfig } from "../runtime/config.ts";
import { openGenerated, type OpenMarket } from "../runtime/market-source.ts";
import type { Plugin } from "../runtime/plugin.ts";
import { generatedWindow, placeAt, type Placed, type Windows } from "../runtime/window.ts";
import { workPass } from "../runtime/work-pass.ts";
import type { Run } from "../runtime/work-run.ts";
import type { OrderView } from "../view/shapes.ts";
import { bpsText, counted, countText, listText, withBps } from "./figure-text.ts";
import type {
  BaselineArm,
  BaselineHere,
  BaselineReport,
  BaselineWindows,
  DifferenceFigures,
  MarketNote,
} from "./report-data.ts";

export interface BaselineRequest {
  readonly arms: readonly Arm[];
  /** How many stretches; 0: none but its own. Undefined: where they cost little. */
  readonly windows: number | undefined;
  readonly market: OpenMarket;
  readonly note: MarketNote;
  readonly config: ArrivalConfig;
  readonly plugins: readonly Plugin[];
  readonly seed: number;
  readonly order: ParentOrder;
  readonly view: OrderView;
  /** Between two pieces of work; may throw to end it. */
  readonly turn: (done: number, total: number) => Promise<void>;
}

/** What an interval takes at the least. */
const WINDOWS = CLUSTERS_MIN;
const CUT =
  " The run kept no rows behind its own end, which came before the deadline: what the others " +
  "had not done by then is marked at the last mid, where it costs no spread and no fee.";
const ASK_FOR_MORE =
  "this market answers orders, so each stretch takes a run of its own for each strategy: ask " +
  `for them with --windows ${WINDOWS}`;
const OWN = "this order";

export async function baselinesOf(request: BaselineRequest): Promise<BaselineReport> {
  const { order, market, view } = request;
  if ((view.report?.shortfall.total.bps ?? null) === null) {
    return { kind: "none", why: "the order was never measured" };
  }
  const over = micros(order.deadline - order.startAt);
  const start = micros(order.startAt - market.from);
  const isCut = order.deadline > market.until + MOST_MISSING;
  if (over <= 0 || start < 0 || (isCut && market.spec.kind !== "live")) {
    return { kind: "none", why: "the market data do not cover the order from start to deadline" };
  }
  // Rows that end early end the others' orders there; what they are told of is the whole span.
  const span = { ...market, until: micros(Math.max(market.until, order.deadline)) };
  const placed = placeAt(span, start, over, 0);
  if (!placed.ok) return { kind: "none", why: placed.error.text };
  const [fit, refused] = sorted(request, placed.value);
  if (fit.length === 0) return { kind: "none", why: refused.join("; ") };
  const here = await workHere(request, placed.value, fit);
  if (!here.ok) return { kind: "none", why: here.error };
  const windows = await workWindows(request, fit);
  return {
    kind: "compared",
    market: marketText(request, refused) + (isCut ? CUT : ""),
    here: here.value,
    windows: windows.ok ? windows.value : null,
    noWindows: windows.ok ? null : windows.error,
  };
}

/** A recording may end a moment before the deadline of an order that fills it. */
const MOST_MISSING = 1_000_000;

/** Arms that can be worked, and why the others cannot. */
function sorted(
  { arms, order, config }: BaselineRequest,
  { market, horizon }: Placed,
): readonly [readonly Arm[], readonly string[]] {
  const { instrument } = market.header;
  const fit: Arm[] = [];
  const refused: string[] = [];
  for (const arm of ownArms(order, arms)) {
    const quantity = order.quantity.kind === "lots" ? order.quantity.lots : undefined;
    const over = micros(order.deadline - order.startAt);
    const why =
      quantity === undefined
        ? undefined
        : refusalOf(arm, { instrument, quantity, price: horizon, over });
    if (why === undefined) fit.push(arm);
    else refused.push(`${arm.label} is left out: it ${why}`);
  }
  const kind = kindOf(market, config);
  if (kind === "generated" && market.spec.kind !== "generated") return [[], ["no such market"]];
  return [fit, refused];
}

/** Those asked for, at the order's own urgency, but not its own strategy as it was. */
function ownArms(order: ParentOrder, arms: readonly Arm[]): readonly Arm[] {
  const own = JSON.stringify(order.strategy);
  const others = arms
    .map((arm) => ({ ...arm, urgency: arm.urgency ?? order.urgency }))
    .filter(
      ({ strategy, urgency }) => JSON.stringify(strategy) !== own || urgency !== order.urgency,
    );
  return order.advice === undefined ? others : [unadvised(order), ...others];
}

const unadvised = (order: ParentOrder): Arm => ({
  label: `${order.strategy.name} without advice`,
  strategy: order.strategy,
  urgency: order.urgency,
});

async function workHere(
  request: BaselineRequest,
  placed: Placed,
  arms: readonly Arm[],
): Promise<Result<readonly BaselineHere[], string>> {
  const { config } = request;
  const runs = arms.map((arm) => runOf(request, arm));
  const passes = isShared(placed.market, config) ? [runs] : runs.map((run) => [run]);
  const outcomes: Outcome[] = [];
  for (const pass of passes) {
    await request.turn(outcomes.length, runs.length);
    for (const outcome of workPass(
      { ...request, constraints: request.order.constraints },
      placed,
      pass,
    )) {
      if (!outcome.ok) return err(outcome.error.text);
      outcomes.push(outcome.value);
    }
  }
  const own = ownOutcome(request, placed);
  return ok([
    own,
    ...outcomes.map(({ arm, costBps, beforeFeesBps, filled, makerShare }) => ({
      arm,
      isOwn: false,
      costBps,
      beforeFeesBps,
      filled,
      makerShare,
      savingBps: costBps - own.costBps,
    })),
  ]);
}

function runOf({ order, config, market }: BaselineRequest, arm: Arm): Run {
  const { quantity } = order;
  return {
    window: 0,
    side: order.side,
    arm,
    queue: config.simulation.queue,
    quantity:
      quantity.kind === "lots"
        ? formatQuantity(market.header.instrument, quantity.lots)
        : quantity.quote,
    isNotional: quantity.kind === "notional",
    over: micros(order.deadline - order.startAt),
  };
}

/** The order as it was, from its arrival on, with what it left marked where the others' is. */
function ownOutcome({ view, market }: BaselineRequest, { horizon }: Placed): BaselineHere {
  const report = view.report!;
  const { total, parts } = report.shortfall;
  const { tickSize } = market.header.instrument;
  const mark = (horizon / 2) * toNumber(tickSize);
  const from = Number(report.prices.arrival);
  const left = Number(report.quantity.remaining) / Number(report.quantity.intended);
  const isInverse = report.instrument.kind === "inverse";
  const moved = isInverse ? 1 - from / mark : mark / from - 1;
  const opportunity = (report.side === "buy" ? 1 : -1) * moved * left * 1e4;
  const costBps = total.bps! - (parts.delay.bps ?? 0) - (parts.opportunity.bps ?? 0) + opportunity;
  return {
    arm: OWN,
    isOwn: true,
    costBps,
    beforeFeesBps: costBps - (parts.fees.bps ?? 0),
    filled: view.row.filledShare,
    makerShare: report.metrics.makerShare ?? 0,
    savingBps: null,
  };
}

async function workWindows(
  request: BaselineRequest,
  others: readonly Arm[],
): Promise<Result<BaselineWindows, string>> {
  const { order, market, config } = request;
  const over = micros(order.deadline - order.startAt);
  const windows = windowsOf(request, over);
  const room = windows.kind === "generated" ? WINDOWS : roomFor(market, over);
  const wanted = request.windows ?? (isShared(market, config) ? WINDOWS : 0);
  const parents = windows.kind === "generated" ? wanted : Math.min(wanted, room);
  if (wanted < 2)
    return err(request.windows === undefined ? ASK_FOR_MORE : "nobody asked for more");
  if (parents < 2) return err("the recording has no room for a second order of that length");
  const own: Arm = { label: order.strategy.name, strategy: order.strategy, urgency: order.urgency };
  const arms = [
    { ...own, label: `${own.label}, as this order` },
    ...others.filter(({ label }) => !label.endsWith(" without advice")),
  ];
  const asked = runOf(request, own);
  const result = await compared(
    {
      ...asked,
      windows,
      arms,
      sides: [order.side],
      parents,
      constraints: order.constraints,
      config,
      plugins: request.plugins,
      seed: request.seed,
    },
    request.turn,
  );
  return result.ok ? ok(figuresOf(result.value, request)) : result;
}

/** Stretches that lie side by side, with a minute before the first. */
const roomFor = (market: OpenMarket, over: number): number =>
  1 + Math.floor((market.until - market.from - WARM_UP - over) / over);
const WARM_UP = 60_000_000;

function windowsOf({ market }: BaselineRequest, over: number): Windows {
  const { spec } = market;
  if (spec.kind !== "generated") return { kind: "recorded", market };
  const { kind: _kind, seed, duration: _duration, ...knobs } = spec;
  return {
    kind: "generated",
    open: (window) => openGenerated(generatedWindow(knobs, micros(over), seed, window)),
  };
}

async function compared(
  request: CompareRequest,
  turn: BaselineRequest["turn"],
): Promise<Result<Comparison, string>> {
  const steps = compare(request);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value.ok ? step.value : err(step.value.error.text);
    await turn(step.value.done, step.value.total);
  }
}

function figuresOf(comparison: Comparison, { config, seed }: BaselineRequest): BaselineWindows {
  const { queue } = config.simulation;
  const outcomes = comparison.outcomes.filter((one) => one.queue === queue);
  const arms = comparison.arms.filter((one) => one.queue === queue);
  const own = arms.find(({ arm }) => arm === comparison.baseline)!;
  const differences = arms.map(({ difference }) => difference);
  const corrected = holm(
    differences.flatMap((one) => (one?.pValue === undefined ? [] : [one.pValue])),
  );
  let tested = 0;
  const rows = arms.map(({ arm, meanBps, filled, difference }): BaselineArm => {
    const p = difference?.pValue === undefined ? null : corrected[tested++]!;
    const saving: DifferenceFigures | null =
      difference === undefined
        ? null
        : {
            pairs: difference.pairs,
            clusters: difference.clusters,
            meanBps: difference.mean,
            low: difference.interval?.low ?? null,
            high: difference.interval?.high ?? null,
            p,
            pairsNeeded: difference.pairsNeeded ?? null,
          };
    return { arm, isOwn: arm === comparison.baseline, meanBps, filled, saving };
  });
  return {
    windows: comparison.windows,
    independent: comparison.effectiveWindows,
    strategy: own.strategy,
    arms: rows,
    text: windowsText(rows, comparison),
    savingOfTwap: savingOfTwap(rows, outcomes, seed),
  };
}

function windowsText(rows: readonly BaselineArm[], { effectiveWindows }: Comparison): string {
  const stretches = counted(effectiveWindows, "independent stretch", "independent stretches");
  if (effectiveWindows < CLUSTERS_MIN) {
    return (
      `Over ${stretches} of this market no interval can be given: it takes ${CLUSTERS_MIN}. ` +
      "What the means show may be luck."
    );
  }
  const shown = rows.flatMap(({ arm, saving }) =>
    saving === null || saving.p === null || saving.p >= SIGNIFICANT
      ? []
      : [
          `${withBps(saving.meanBps)} against ${arm} (95 %: ${bpsText(saving.low)} to ` +
            `${bpsText(saving.high)})`,
        ],
  );
  return shown.length === 0
    ? `Over ${stretches} of this market its strategy shows no significant difference to the others.`
    : `Over ${stretches} of this market its strategy saves significantly: ${listText(shown)}; ` +
        "a saving under zero is a loss.";
}

const SIGNIFICANT = 0.05;

/** TWAP's cost has to be above zero beyond doubt before anything is a share of it. */
function savingOfTwap(
  rows: readonly BaselineArm[],
  outcomes: readonly Outcome[],
  seed: number,
): number | null {
  const twap = rows.find(({ arm, isOwn }) => arm === "twap" && !isOwn);
  const costs: Pair[] = outcomes
    .filter(({ arm }) => arm === "twap")
    .map(({ cluster, costBps }) => ({ cluster, difference: costBps }));
  const saving = twap?.saving ?? null;
  if (saving === null || costs.length === 0) return null;
  const { interval, mean } = pairedDifference(costs, seed);
  return interval !== undefined && interval.low > 0 ? saving.meanBps / mean : null;
}

const MARKETS: Readonly<Record<MarketNote["kind"], string>> = {
  recorded: "Each is worked on the same rows; the recording answers none of them.",
  reactive: "Each is worked on the same recording, which answers each of them by the same model.",
  generated:
    "Each is worked in the same generated market, made anew for each: its traders answer each " +
    "of them.",
  paper:
    "Each is simulated on the rows that the paper run saw; its own orders were simulated as " +
    "well and moved none of them.",
  live:
    "Each is simulated on the rows that the live run saw. These contain what our own orders " +
    "did to the market, and the simulated ones do nothing to it: the comparison favours the " +
    "others.",
};

function marketText({ note, arms }: BaselineRequest, refused: readonly string[]): string {
  const left = refused.length === 0 ? "" : ` ${refused.join("; ")}.`;
  const under = `Same side, quantity, time, limits, urgency; ${countText(arms.length)} asked for.`;
  return `${MARKETS[note.kind]} ${under}${left}`;
}
