/**
 * Moments: the figures by which a recording and a generated market are compared, each with how sure
 * it is.
 *
 * In basis points and in quote coin, so that markets on different grids can stand side by side.
 * What must stay true: a recording and a generated market go through the same pass.
 */
import { type HalfTicks, lots } from "../../core/domain/units.ts";
import { type Instrument, notionalEstimate } from "../../core/domain/instrument.ts";
import type { MarketBlock, MarketHeader } from "../../core/market/columns.ts";
import { MarketSurvey } from "../stylised-facts/survey.ts";
import { type Cell, RESPONSE_SECONDS, SIGN_LAGS, type MarketTape } from "../stylised-facts/tape.ts";
import { type Branching, fitBranching } from "./branching.ts";
import { type FlowTape, FlowWatch } from "./flow-tape.ts";
import { meanOfSeries } from "./series.ts";

export const MOMENTS = {
  ordersPerSecond: { title: "market orders", unit: "per s" },
  volumePerSecond: { title: "volume", unit: "quote per s" },
  orderSize: { title: "mean market order", unit: "quote" },
  limitsPerSecond: { title: "limit orders", unit: "per s" },
  cancelsPerSecond: { title: "cancellations", unit: "per s" },
  spread: { title: "spread", unit: "bps" },
  touchDepth: { title: "depth at the touch", unit: "quote" },
  reachDepth: { title: "depth within reach", unit: "quote" },
  volatility1: { title: "volatility, 1 s", unit: "bps" },
  volatility10: { title: "volatility, 10 s", unit: "bps" },
  volatility60: { title: "volatility, 60 s", unit: "bps" },
  response: { title: "move 1 s after an order", unit: "bps" },
  busyness: { title: "unevenness of orders, 10 s", unit: "" },
  branchingSame: { title: "orders set off, same side", unit: "" },
  branchingOther: { title: "orders set off, other side", unit: "" },
  signMemory1: { title: "sign memory, next order", unit: "" },
  signMemory10: { title: "sign memory, 10 orders on", unit: "" },
} as const;

export type MomentName = keyof typeof MOMENTS;
export const MOMENT_NAMES = Object.keys(MOMENTS) as readonly MomentName[];

export interface Moment {
  readonly value: number;
  /** Absent where nothing tells it. */
  readonly standardError?: number;
  /** Independent observations that would be as sure. */
  readonly effective: number;
}

export type Moments = Partial<Record<MomentName, Moment>>;

export interface MeasuredMarket {
  readonly instrument: Instrument;
  /** Mean mid, in ticks. */
  readonly mid: number;
  readonly seconds: number;
  readonly flow: FlowTape;
  readonly branching?: Branching;
  readonly moments: Moments;
}

/** How a market is looked at: the same for all that are compared. */
export interface Look {
  /** Basis points from the mid within which the book is watched. */
  readonly reachBps: number;
  /** Of the excitement of market orders, per second. */
  readonly decays: readonly number[];
}

interface Source {
  readonly header: MarketHeader;
  readonly blocks: Iterable<MarketBlock>;
}

/** @param mid in ticks, about: the reach is a share of it. */
export function* measureMarket(
  { header, blocks }: Source,
  mid: number,
  look: Look,
): Generator<number, MeasuredMarket> {
  const survey = new MarketSurvey(header);
  const watch = new FlowWatch(Math.max(2, (look.reachBps / 1e4) * mid));
  let first: number | undefined;
  for (const block of blocks) {
    survey.take(block);
    watch.take(block);
    first ??= block.exchangeTime[0] ?? 0;
    yield ((block.exchangeTime[block.length - 1] ?? 0) - first) / 1e9;
  }
  return measured(survey.finish(), watch.finish(), look);
}

/** Where the book is looked at, and how far: not beyond what is nearly always seen. */
const MOST_REACH_BPS = 10;
/** Of the excitement: per second, for one market order a second. The default profile's, about. */
const DECAYS_PER_ORDER: readonly number[] = [0.4, 0.01];

/** A first pass: the price and how to look at the market. Undefined where there was no book. */
export function* lookAt(
  source: Source,
): Generator<number, { readonly mid: number; readonly look: Look } | undefined> {
  const first = yield* measureMarket(source, 1, { reachBps: 1, decays: [1] });
  const { mid, flow } = first;
  const perSecond = flow.orders.length / Math.max(1, flow.length);
  if (!(mid > 0) || flow.seconds.length === 0 || perSecond === 0) return undefined;
  const reachBps = Math.min(MOST_REACH_BPS, (1e4 * flow.seenTicks) / mid);
  return { mid, look: { reachBps, decays: DECAYS_PER_ORDER.map((each) => each * perSecond) } };
}

function measured(tape: MarketTape, flow: FlowTape, look: Look): MeasuredMarket {
  const { instrument } = tape;
  const known = tape.mids.filter((each) => each > 0);
  const halfTicks = known.reduce((sum, each) => sum + each, 0) / Math.max(1, known.length);
  const worth = notionalEstimate(instrument, Math.round(halfTicks) as HalfTicks, lots(1));
  const branching = fitBranching(flow.orders, look.decays);
  return {
    instrument,
    mid: halfTicks / 2,
    seconds: flow.seconds.length,
    flow,
    ...(branching === undefined ? {} : { branching }),
    moments: {
      ...flowMoments(flow, worth, halfTicks / 2),
      ...priceMoments(tape),
      ...(branching === undefined ? {} : branchingMoments(branching)),
    },
  };
}

function flowMoments(flow: FlowTape, worth: number, mid: number): Moments {
  const { seconds, orderSizes } = flow;
  const per = (of: (second: (typeof seconds)[number]) => number): Moment | undefined =>
    meanOfSeries(seconds.map(of));
  const sizes = orderSizes.count < 2 ? undefined : meanOfSeries(flow.orders.map((it) => it.lots));
  return present({
    ordersPerSecond: per((it) => it.orders),
    volumePerSecond: per((it) => it.lots * worth),
    orderSize: sizes === undefined ? undefined : scaled(sizes, worth),
    busyness: unevenness(seconds.map((it) => it.orders)),
    limitsPerSecond: per((it) => it.limits),
    cancelsPerSecond: per((it) => it.declines - it.takes),
    spread: per((it) => (1e4 * it.spreadTicks) / mid),
    touchDepth: per((it) => it.touchLots * worth),
    reachDepth: per((it) => it.reachLots * worth),
  });
}

const SPELL_SECONDS = 10;
const LEAST_SPELLS = 8;

/** Deviation of the number of orders in ten seconds, as a share of its mean. */
function unevenness(orders: readonly number[]): Moment | undefined {
  const spells = Math.floor(orders.length / SPELL_SECONDS);
  if (spells < LEAST_SPELLS) return undefined;
  const counts = Array.from({ length: spells }, (_, i) =>
    orders.slice(i * SPELL_SECONDS, (i + 1) * SPELL_SECONDS).reduce((sum, each) => sum + each, 0),
  );
  const mean = counts.reduce((sum, each) => sum + each, 0) / spells;
  const squares = counts.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (spells - 1);
  const { effective } = meanOfSeries(counts)!;
  return mean === 0 ? undefined : { value: Math.sqrt(squares) / mean, effective };
}

const scaled = (moment: Required<Moment>, by: number): Moment => ({
  value: moment.value * by,
  standardError: moment.standardError * by,
  effective: moment.effective,
});

function priceMoments(tape: MarketTape): Moments {
  const after = RESPONSE_SECONDS.indexOf(1);
  const [next, tenth] = [SIGN_LAGS.indexOf(1), SIGN_LAGS.indexOf(10)];
  return present({
    volatility1: volatility(tape.mids, 1),
    volatility10: volatility(tape.mids, 10),
    volatility60: volatility(tape.mids, 60),
    response: ratio(
      tape.cells,
      (cell) => cell.responseBps[after]!,
      (cell) => cell.responseCounts[after]!,
    ),
    signMemory1: ratio(
      tape.cells,
      (cell) => cell.orderProducts[next]!,
      (cell) => cell.orderPairs[next]!,
    ),
    signMemory10: ratio(
      tape.cells,
      (cell) => cell.orderProducts[tenth]!,
      (cell) => cell.orderPairs[tenth]!,
    ),
  });
}

/** Root mean square of returns over `seconds` that do not overlap. */
function volatility(mids: Int32Array, seconds: number): Moment | undefined {
  const step = 10 * seconds;
  const squares: number[] = [];
  for (let i = step; i < mids.length; i += step) {
    const [from, to] = [mids[i - step]!, mids[i]!];
    if (from > 0 && to > 0) squares.push((1e4 * Math.log(to / from)) ** 2);
  }
  const mean = meanOfSeries(squares);
  if (mean === undefined || mean.value === 0) return undefined;
  const value = Math.sqrt(mean.value);
  return { value, standardError: mean.standardError / (2 * value), effective: mean.effective };
}

/** A ratio of sums, as sure as the minutes agree on it. */
function ratio(
  cells: readonly Cell[],
  of: (cell: Cell) => number,
  per: (cell: Cell) => number,
): Moment | undefined {
  const used = cells.filter((cell) => per(cell) > 0);
  const total = used.reduce((sum, cell) => sum + per(cell), 0);
  if (total === 0) return undefined;
  const value = used.reduce((sum, cell) => sum + of(cell), 0) / total;
  if (used.length < 2) return { value, effective: used.length };
  const squares = used.reduce((sum, cell) => sum + (of(cell) - value * per(cell)) ** 2, 0);
  const correction = used.length / (used.length - 1);
  return {
    value,
    standardError: Math.sqrt(squares * correction) / total,
    effective: used.length,
  };
}

const branchingMoments = ({ same, other, orders }: Branching): Moments => ({
  branchingSame: { value: same, effective: orders },
  branchingOther: { value: other, effective: orders },
});

function present(moments: Partial<Record<MomentName, Moment | undefined>>): Moments {
  return Object.fromEntries(Object.entries(moments).filter(([, moment]) => moment !== undefined));
}
