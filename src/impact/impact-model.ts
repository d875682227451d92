/**
 * Impact model: what a schedule of trades is expected to cost, by a model that is chosen by name.
 *
 * Everything is relative, so that one model serves any instrument: sizes in units of quantity, time
 * in days, impact in bps of the price at the start. A parameter carries its standard error and says
 * who stated it, because an estimate without them looks surer than it is. A new model is one file
 * and one line in `registry.ts`.
 *
 * What must stay true: an impact is finite, 0 or more, and knows no side: a sale is the mirror
 * image of a purchase.
 */
import type { Bps, Fraction } from "../core/domain/units.ts";

/** What a model may know of the market. */
export interface ImpactMarket {
  /** Standard deviation of a day's return, > 0. */
  readonly dailyVolatility: Fraction;
  /** An average day's volume in units of quantity, > 0. */
  readonly dailyVolume: number;
  /** Best ask less best bid, in bps of the mid, >= 0. */
  readonly spreadBps: Bps;
}

/**
 * One stretch of a schedule, traded evenly; a pause is a stretch of no quantity. Stretches follow
 * each other without a gap.
 */
export interface TradedSlice {
  /** Units of quantity, >= 0. */
  readonly quantity: number;
  /** > 0. */
  readonly days: number;
}

/** The same where buying and selling may take turns: + is bought, − is sold. */
export type SignedSlice = TradedSlice;

/**
 * Where a slice finds the price that earlier ones and it itself have moved: means over the slice,
 * in bps of the price at the start, signed: + is above it.
 */
export interface SlicePrice {
  /** What stays. */
  readonly permanentBps: Bps;
  /** What does not. */
  readonly temporaryBps: Bps;
  /** All that is left when the slice is over: where the next one begins. */
  readonly afterBps: Bps;
}

/**
 * Whether schedules may be chosen by a model. Refused where it tells no schedule from another, or
 * where it thinks that a round trip of buying and selling can earn: whoever looks for the cheapest
 * schedule would then find the model's fault and not the market's cheapest hour.
 */
export type Schedules = "admissible" | { readonly refused: string };

export interface ModelParameter {
  readonly name: string;
  readonly value: number;
  /** One sigma; 0 = held to be exact. */
  readonly standardError: number;
  /**
   * `assumed`: nobody published it for this use; the error is our own guess. `given`: somebody
   * stated it. `fitted`: found on orders or trades. `advised`: a language model's own figure.
   */
  readonly origin: "published" | "assumed" | "given" | "fitted" | "advised";
  /** Values that mean something, both ends included; absent: everything above 0. */
  readonly range?: ParameterRange;
  /** What it is, and where it comes from. */
  readonly note: string;
}

export interface ParameterRange {
  readonly least: number;
  readonly most: number;
}

/** By parameter name. */
export type ParameterValues = Readonly<Record<string, number>>;

/** Averages over the order, in bps of its worth at the start; positive = paid. */
export interface ImpactParts {
  /** What stays, as far as this order pays for it itself. */
  readonly permanentBps: Bps;
  /** What is paid for size or speed and does not stay. */
  readonly temporaryBps: Bps;
}

/** An order as a trajectory is planned for it. */
export interface PlannedOrder {
  readonly quantity: number;
  readonly days: number;
  readonly steps: number;
}

/** An order as a model's limits are judged by. */
export interface OrderSize {
  /** Quantity over an average day's volume. */
  readonly shareOfDay: Fraction;
  /** Own volume over that of others while it works. */
  readonly rateOfVolume: Fraction;
  readonly days: number;
  /** Ticks between the best bid and ask. */
  readonly spreadTicks: number;
  /** Whether the parameters are a fit or somebody's own, and not what the model comes with. */
  readonly isFitted?: boolean;
}

/** What a model's author writes; `impactModel` makes the rest of it. */
export interface ImpactLaw {
  /** Lower-case, unique in the registry. */
  readonly name: string;
  /** One sentence: what it says, and where it is wrong. */
  readonly summary: string;
  readonly parameters: readonly ModelParameter[];
  /**
   * When risk is borne. `through`: a slice is traded evenly over its time. `after`: it is traded
   * when it begins, and only what is then still held bears risk (the discrete model of 2001).
   */
  readonly exposure: "through" | "after";
  /** The expected path of the price, slice by slice. Slices may be bought and sold in turn. */
  prices(
    values: ParameterValues,
    slices: readonly SignedSlice[],
    market: ImpactMarket,
  ): readonly SlicePrice[];
  /** @param longestDays of any slice that a schedule is made of. */
  schedules(values: ParameterValues, longestDays: number): Schedules;
  /**
   * Holdings x₀ = X … x_N = 0 with the least cost + λ·variance under this very model, cost in bps
   * and variance in bps² of what is held after each step. None sells what it has bought. Absent
   * where speed costs nothing: then there is nothing to trade off.
   */
  trajectory?(
    values: ParameterValues,
    order: PlannedOrder,
    market: ImpactMarket,
    riskAversion: number,
  ): readonly number[];
  /** In words, what this order asks of the model that it does not know. */
  caveats(order: OrderSize): readonly string[];
}

export interface ImpactModel extends ImpactLaw {
  /** What an order pays on average, by parts. */
  impact(
    values: ParameterValues,
    slices: readonly TradedSlice[],
    market: ImpactMarket,
  ): ImpactParts;
  /** Of a hybrid: the name of the model that it adjusts. */
  readonly base?: string;
}

export const impactModel = (law: ImpactLaw): ImpactModel => ({
  ...law,
  impact: (values, slices, market) => averagePaid(slices, law.prices(values, slices, market)),
});

/** The mean price of a one-sided order, weighted by what was traded at it. */
export function averagePaid(
  slices: readonly TradedSlice[],
  prices: readonly SlicePrice[],
): ImpactParts {
  const whole = slices.reduce((sum, { quantity }) => sum + quantity, 0);
  let permanentBps = 0;
  let temporaryBps = 0;
  slices.forEach(({ quantity }, k) => {
    if (!(quantity > 0)) return;
    const price = prices[k]!;
    permanentBps += (quantity / whole) * price.permanentBps;
    temporaryBps += (quantity / whole) * price.temporaryBps;
  });
  return { permanentBps, temporaryBps };
}

/**
 * What buying and selling in turn is expected to cost, in bps × units of quantity; positive = paid.
 * Below 0 for slices that sum to nothing is a round trip that earns.
 */
export function signedCost(slices: readonly SignedSlice[], prices: readonly SlicePrice[]): number {
  let cost = 0;
  slices.forEach(({ quantity }, k) => {
    if (quantity !== 0) cost += quantity * (prices[k]!.permanentBps + prices[k]!.temporaryBps);
  });
  return cost;
}

/** Bps that a quantity of 1 moves a price by, where a day's volume moves it by a day's σ. */
export const sigmasPerDay = ({ dailyVolatility, dailyVolume }: ImpactMarket): number =>
  (dailyVolatility * 1e4) / dailyVolume;

export const valuesOf = (parameters: readonly ModelParameter[]): ParameterValues =>
  Object.fromEntries(parameters.map(({ name, value }) => [name, value]));

/** The holdings before the first slice and after each. */
export function holdingsOf(slices: readonly TradedSlice[]): readonly number[] {
  const holdings = [0];
  for (let k = slices.length - 1; k >= 0; k--) {
    holdings.push(holdings.at(-1)! + slices[k]!.quantity);
  }
  return holdings.reverse();
}

/** Even slices along a trajectory. */
export const slicesAlong = (holdings: readonly number[], days: number): readonly TradedSlice[] =>
  holdings.slice(1).map((held, k) => ({
    quantity: Math.max(0, holdings[k]! - held),
    days: days / (holdings.length - 1),
  }));

/**
 * √V: standard deviation of the cost from price moves while the order works, in bps of its worth.
 *
 * `through`: σ²·Σ τ(a² + ab + b²)/3 with holdings a before and b after, as shares of the order;
 * `after`: σ²·Σ τb².
 */
export function priceRiskBps(
  slices: readonly TradedSlice[],
  dailyVolatility: Fraction,
  exposure: ImpactModel["exposure"],
): Bps {
  const holdings = holdingsOf(slices);
  const whole = holdings[0]!;
  if (!(whole > 0)) return 0;
  let sum = 0;
  slices.forEach(({ days }, k) => {
    const before = holdings[k]! / whole;
    const after = holdings[k + 1]! / whole;
    const square =
      exposure === "after" ? after * after : (before * before + before * after + after * after) / 3;
    sum += days * square;
  });
  return dailyVolatility * 1e4 * Math.sqrt(sum);
}
