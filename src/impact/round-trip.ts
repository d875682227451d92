/**
 * Round trip: buying and selling that ends where it began, and a search for one that earns.
 *
 * Huberman & Stanzl (2004) call it price manipulation when its expected cost is below nothing, and
 * Gatheral (2010) shows which laws of impact allow it: a permanent part that is not linear, or an
 * exponential decay of one that is not. An optimiser that is let loose on such a law trades its
 * fault. The search tries trips of few and of many slices, fast and slow, with and without a pause.
 */
import {
  type ImpactMarket,
  type ImpactModel,
  type ParameterValues,
  signedCost,
  type SignedSlice,
} from "./impact-model.ts";

export interface RoundTrip {
  readonly slices: readonly SignedSlice[];
  readonly market: ImpactMarket;
  /** In bps × units of quantity; below 0 it earns. */
  readonly cost: number;
  /** Cost over what was paid and received for impact, without sign. */
  readonly share: number;
}

/** What a round trip is drawn with. */
interface Draws {
  uniform(): number;
  log(least: number, most: number): number;
  whole(least: number, most: number): number;
}

const TRIPS = 60;
/** Less than this of what is paid and received is rounding. */
const ROUNDING = 1e-9;

/**
 * A trip that earns although the model says that schedules may be chosen by it; undefined where
 * none was found. A model that refuses is not searched: `cheapestTrip` does that.
 */
export function roundTripThatEarns(
  model: ImpactModel,
  values: ParameterValues,
  market: ImpactMarket,
  draws: Draws,
): RoundTrip | undefined {
  const isAllowed = (slices: readonly SignedSlice[]): boolean =>
    model.schedules(values, Math.max(...slices.map(({ days }) => days))) === "admissible";
  const trip = cheapestTrip(model, values, market, draws, isAllowed);
  return trip !== undefined && trip.share < -ROUNDING ? trip : undefined;
}

/** The trip with the least cost, as a share of what it moves, of those that are drawn. */
export function cheapestTrip(
  model: ImpactModel,
  values: ParameterValues,
  market: ImpactMarket,
  draws: Draws,
  isAllowed: (slices: readonly SignedSlice[]) => boolean = () => true,
): RoundTrip | undefined {
  let best: RoundTrip | undefined;
  for (let k = 0; k < TRIPS; k++) {
    const size = market.dailyVolume * draws.log(1e-6, 0.3);
    const slices = k % 2 === 0 ? twoPhases(draws, size) : anything(draws, size);
    if (!isAllowed(slices)) continue;
    const prices = model.prices(values, slices, market);
    const cost = signedCost(slices, prices);
    const moved = slices.reduce((sum, { quantity }, i) => {
      const { permanentBps, temporaryBps } = prices[i]!;
      return sum + Math.abs(quantity) * (Math.abs(permanentBps) + Math.abs(temporaryBps));
    }, 0);
    const share = moved > 0 ? cost / moved : 0;
    if (best === undefined || share < best.share) best = { slices, market, cost, share };
  }
  return best;
}

/** In by so many even slices, perhaps a pause, out by so many others. */
function twoPhases(draws: Draws, size: number): readonly SignedSlice[] {
  const side = draws.uniform() < 0.5 ? 1 : -1;
  const phase = (quantity: number): SignedSlice[] => {
    const count = draws.uniform() < 0.3 ? 1 : Math.round(draws.log(1, 40));
    const days = draws.log(1e-6, 1);
    return Array.from({ length: count }, () => ({
      quantity: quantity / count,
      days: days / count,
    }));
  };
  const pause = draws.uniform() < 0.5 ? [] : [{ quantity: 0, days: draws.log(1e-6, 1) }];
  return [...phase(side * size), ...pause, ...phase(-side * size)];
}

/** Buys and sells in any order; the last one closes what is left. */
function anything(draws: Draws, size: number): readonly SignedSlice[] {
  let held = 0;
  const slices = Array.from({ length: draws.whole(1, 10) }, () => {
    const quantity = size * draws.log(0.01, 1) * (draws.uniform() < 0.5 ? 1 : -1);
    held += quantity;
    return { quantity, days: draws.log(1e-6, 1) };
  });
  return [...slices, { quantity: -held, days: draws.log(1e-6, 1) }];
}

/** A trip in words, slices that are alike in one. */
export function earning({ slices, cost, share, market }: RoundTrip): string {
  const runs: { text: string; count: number }[] = [];
  for (const { quantity, days } of slices) {
    const verb = quantity === 0 ? "pause" : quantity > 0 ? "buy" : "sell";
    const amount = quantity === 0 ? "" : ` ${Math.abs(quantity).toPrecision(4)}`;
    const text = `${verb}${amount} in ${days.toPrecision(3)} days`;
    const last = runs.at(-1);
    if (last?.text === text) last.count++;
    else runs.push({ text, count: 1 });
  }
  const path = runs.map(({ text, count }) => (count > 1 ? `${count} × (${text})` : text));
  return (
    `a round trip earns ${(-cost).toPrecision(3)} bps × units, ` +
    `${(-share * 100).toPrecision(3)} % of what it moves: ${path.join(", then ")}; ` +
    `in a day's volume of ${market.dailyVolume.toPrecision(4)}`
  );
}
