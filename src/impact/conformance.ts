/**
 * Conformance: what every impact model must hold, as checks that any test runner can run.
 *
 * A model that breaks one gives figures that a trader would act on and pay for: a cost that falls
 * with size, a sale that is not the mirror of a purchase, or a round trip that earns, which an
 * optimiser would find and trade. Cases are drawn from a seed, so a failure can be seen again.
 *
 * What must stay true: a check says nothing where the model holds it, and the case in figures where
 * it does not; a model that refuses to be used for schedules need not be free of manipulation, but
 * must say why it refuses.
 */
import { streamOf, uniformAt } from "../core/domain/random.ts";
import type { Bps } from "../core/domain/units.ts";
import {
  type ImpactMarket,
  type ImpactModel,
  type ParameterValues,
  priceRiskBps,
  slicesAlong,
  type TradedSlice,
  valuesOf,
} from "./impact-model.ts";
import { earning, roundTripThatEarns } from "./round-trip.ts";

export interface ImpactCheck {
  readonly name: string;
  /** Undefined where it holds; else what breaks it, in words and figures. */
  readonly check: (model: ImpactModel, seed: number) => string | undefined;
}

/** Draws from a seed: the n-th draw of a purpose is always the same. */
export class Draws {
  readonly #seed: number;
  readonly #stream: number;
  #count = 0;

  constructor(seed: number, purpose: string) {
    this.#seed = seed;
    this.#stream = streamOf(`impact conformance: ${purpose}`);
  }

  uniform(): number {
    return uniformAt(this.#seed, this.#stream, this.#count++);
  }

  /** As often between 1 and 10 as between 10 and 100. */
  log(least: number, most: number): number {
    return least * (most / least) ** this.uniform();
  }

  /** Both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.uniform() * (most - least + 1));
  }
}

const RUNS = 60;

export const drawnMarket = (draws: Draws): ImpactMarket => ({
  dailyVolatility: draws.log(1e-3, 0.3),
  dailyVolume: draws.log(1, 1e10),
  spreadBps: draws.log(0.01, 50),
});

/** Parameters as the model has them, each moved by up to one sigma but inside of its range. */
export function drawnValues({ parameters }: ImpactModel, draws: Draws): ParameterValues {
  return Object.fromEntries(
    parameters.map(({ name, value, standardError, range }) => {
      const moved = value + standardError * (2 * draws.uniform() - 1);
      const most = Math.min(range?.most ?? Infinity, moved);
      return [name, Math.max(range?.least ?? value / 20, most)];
    }),
  );
}

/** An uneven schedule with pauses, of orders that somebody might send. */
function drawnSchedule(draws: Draws, { dailyVolume }: ImpactMarket): readonly TradedSlice[] {
  const share = dailyVolume * draws.log(1e-9, 0.3);
  return Array.from({ length: draws.whole(1, 12) }, (_, k) => ({
    quantity: k > 0 && draws.uniform() < 0.2 ? 0 : share * draws.log(0.05, 1),
    days: draws.log(1e-5, 0.5),
  }));
}

interface Drawn {
  readonly values: ParameterValues;
  readonly market: ImpactMarket;
  readonly slices: readonly TradedSlice[];
}

const drawn = (model: ImpactModel, draws: Draws): Drawn => {
  const market = drawnMarket(draws);
  return { values: drawnValues(model, draws), market, slices: drawnSchedule(draws, market) };
};

const costOf = (model: ImpactModel, { values, market }: Drawn, slices: readonly TradedSlice[]) => {
  const { permanentBps, temporaryBps } = model.impact(values, slices, market);
  return permanentBps + temporaryBps;
};

/** The first case of so many that a check does not pass, told with the case. */
const forEach = (
  name: string,
  judge: (model: ImpactModel, one: Drawn, draws: Draws) => string | undefined,
): ImpactCheck => ({
  name,
  check(model, seed) {
    const draws = new Draws(seed, name);
    for (let run = 0; run < RUNS; run++) {
      const one = drawn(model, draws);
      const fault = judge(model, one, draws);
      if (fault !== undefined) return `${fault}\n${told(one)}`;
    }
    return undefined;
  },
});

const told = ({ values, market, slices }: Drawn): string =>
  JSON.stringify({ values, market, slices });

const times = (slices: readonly TradedSlice[], quantity: number, days = 1): TradedSlice[] =>
  slices.map((slice) => ({ quantity: slice.quantity * quantity, days: slice.days * days }));

/** Floats that were added up in another order. */
const isSame = (a: number, b: number, tolerance = 1e-9): boolean =>
  Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));

const zero = forEach(
  "nothing costs nothing, and an order tends to nothing with its size",
  (model, one) => {
    for (const none of [[], times(one.slices, 0), [{ quantity: 0, days: 1 }]]) {
      if (costOf(model, one, none) !== 0)
        return `no quantity costs ${costOf(model, one, none)} bps`;
    }
    const tiny = costOf(model, one, [{ quantity: one.market.dailyVolume * 1e-15, days: 1 }]);
    const day = one.market.dailyVolatility * 1e4;
    return tiny < 1e-5 * day ? undefined : `1e-15 of a day's volume costs ${tiny} of ${day} bps`;
  },
);

const monotone = forEach(
  "costs more the larger it is, and no less the faster it is",
  (model, one) => {
    const cost = costOf(model, one, one.slices);
    const twice = costOf(model, one, times(one.slices, 2));
    if (!(twice > cost)) return `twice the size costs ${twice} instead of ${cost} bps`;
    const fast = costOf(model, one, times(one.slices, 1, 0.5));
    return fast >= cost * (1 - 1e-9) ? undefined : `half the time costs ${fast}, less than ${cost}`;
  },
);

const mirrored = forEach(
  "a sale is the mirror image of a purchase, price by price",
  (model, { values, market, slices }) => {
    const bought = model.prices(values, slices, market);
    const sold = model.prices(values, times(slices, -1), market);
    for (let k = 0; k < slices.length; k++) {
      for (const part of ["permanentBps", "temporaryBps", "afterBps"] as const) {
        const [buy, sell] = [bought[k]![part], sold[k]![part]];
        if (buy + sell !== 0) return `slice ${k}: ${part} is ${buy} for a buy, ${sell} for a sale`;
      }
    }
    return undefined;
  },
);

const finite: ImpactCheck = {
  name: "is a number, 0 or more, at any size, speed and market",
  check(model, seed) {
    const draws = new Draws(seed, "finite");
    for (let run = 0; run < 4 * RUNS; run++) {
      const market = {
        dailyVolatility: draws.log(1e-15, 10),
        dailyVolume: draws.log(1e-6, 1e15),
        spreadBps: draws.uniform() < 0.2 ? 0 : draws.log(1e-6, 1e4),
      };
      const slices = Array.from({ length: draws.whole(1, 5) }, () => ({
        quantity: draws.log(1e-12, 1e15),
        days: draws.log(1e-9, 1e3),
      }));
      const one = { values: drawnValues(model, draws), market, slices };
      const parts = model.impact(one.values, slices, market);
      const path = model.prices(one.values, slices, market);
      const afters = path.map(({ afterBps }) => afterBps);
      for (const bps of [parts.permanentBps, parts.temporaryBps, ...afters]) {
        if (!(bps >= 0 && bps < Infinity)) return `an impact of ${bps} bps\n${told(one)}`;
      }
    }
    return undefined;
  },
};

const STEP = 1.01;
const STEPS = 1_500;

/** Step by step of a hundredth, so that a jump anywhere in the range lies between two of them. */
const continuous: ImpactCheck = {
  name: "has no jump in size or in time",
  check(model, seed) {
    const draws = new Draws(seed, "continuous");
    const one = drawn(model, draws);
    const { dailyVolume } = one.market;
    for (const [what, grow] of [
      ["size", (by: number) => [{ quantity: dailyVolume * 1e-7 * by, days: 0.01 }]],
      ["time", (by: number) => [{ quantity: dailyVolume * 1e-3, days: 1e-6 * by }]],
    ] as const) {
      let before = costOf(model, one, grow(1));
      for (let k = 1; k <= STEPS; k++) {
        const cost = costOf(model, one, grow(STEP ** k));
        const ratio = cost / before;
        if (!(ratio < STEP ** 4 && ratio > STEP ** -4)) {
          return `a hundredth more ${what} turns ${before} into ${cost} bps\n${told(one)}`;
        }
        before = cost;
      }
    }
    return undefined;
  },
};

const cut = forEach(
  "an even slice that is told in pieces costs what it did",
  (model, one, draws) => {
    const pieces = draws.whole(2, 9);
    const finer = times(one.slices, 1 / pieces, 1 / pieces).flatMap((slice) =>
      Array.from({ length: pieces }, () => slice),
    );
    const [whole, inPieces] = [one.slices, finer].map((slices) => costOf(model, one, slices));
    if (isSame(whole!, inPieces!)) return undefined;
    // Steps that do not pay for what they leave behind themselves pay part of it once they are cut.
    const { permanentBps } = model.prices(one.values, [...one.slices, PAUSE], one.market).at(-1)!;
    const isPaidLater = model.exposure === "after" && inPieces! - whole! <= permanentBps / 2;
    if (isPaidLater && inPieces! > whole!) return undefined;
    return `${pieces} pieces of each slice cost ${inPieces} instead of ${whole} bps`;
  },
);

const PAUSE: TradedSlice = { quantity: 0, days: 1 };

const pauses = forEach("costs no more with a pause between its slices", (model, one, draws) => {
  const pause = { quantity: 0, days: draws.log(1e-5, 1) };
  const slower = one.slices.flatMap((slice) => [slice, pause]);
  const [without, slowly] = [one.slices, slower].map((slices) => costOf(model, one, slices));
  return slowly! <= without! * (1 + 1e-9)
    ? undefined
    : `${slowly} bps with pauses, ${without} without`;
});

const linear = forEach(
  "what stays is linear in what was traded, whatever the schedule",
  (model, { values, market, slices }) => {
    const quantity = slices.reduce((sum, slice) => sum + slice.quantity, 0);
    const stays = (traded: readonly TradedSlice[]): Bps =>
      model.prices(values, [...traded, PAUSE], market).at(-1)!.permanentBps;
    const [once, thrice] = [stays(slices), stays(times(slices, 3))];
    const atOnce = stays([{ quantity, days: 1e-4 }]);
    if (!isSame(3 * once, thrice)) return `${once} bps stay, and ${thrice} of three times the size`;
    return isSame(once, atOnce) ? undefined : `${once} bps stay, but ${atOnce} of the same at once`;
  },
);

const manipulation: ImpactCheck = {
  name: "no round trip earns, or schedules may not be chosen by it",
  check(model, seed) {
    const draws = new Draws(seed, "round trips");
    for (let run = 0; run < RUNS; run++) {
      const market = drawnMarket(draws);
      const trip = roundTripThatEarns(model, drawnValues(model, draws), market, draws);
      if (trip !== undefined) return earning(trip);
    }
    return undefined;
  },
};

const refusal: ImpactCheck = {
  name: "a refusal to be used for schedules says why, and leaves no trajectory to be used",
  check(model) {
    const stated = model.schedules(valuesOf(model.parameters), 1e-3);
    if (stated === "admissible") return undefined;
    if (stated.refused.length < 20) return `it refuses without a reason: ${stated.refused}`;
    return model.trajectory === undefined ? undefined : "it refuses, and has a trajectory";
  },
};

const optimal: ImpactCheck = {
  name: "no other schedule has less cost + λ·variance than its trajectory",
  check(model, seed) {
    const { trajectory } = model;
    if (trajectory === undefined) return undefined;
    const draws = new Draws(seed, "optimal");
    for (let run = 0; run < 8; run++) {
      const market = drawnMarket(draws);
      const values = drawnValues(model, draws);
      const order = {
        quantity: market.dailyVolume * draws.log(1e-6, 0.1),
        days: draws.log(1e-3, 0.5),
        steps: draws.whole(1, 40),
      };
      const weigh = (holdings: readonly number[], lambda: number): number => {
        const slices = slicesAlong(holdings, order.days);
        const one = { values, market, slices };
        const risk = priceRiskBps(slices, market.dailyVolatility, "after");
        return costOf(model, one, slices) + lambda * risk ** 2;
      };
      const even = Array.from(
        { length: order.steps + 1 },
        (_, k) => (order.quantity * (order.steps - k)) / order.steps,
      );
      const unit = weigh(even, 0) / (market.dailyVolatility * 1e4) ** 2 / order.days;
      for (const lambda of [0, 0.1 * unit, unit, 10 * unit, 1e4 * unit]) {
        const holdings = trajectory(values, order, market, lambda);
        const fault = faultOf(holdings, order, (other) => weigh(other, lambda), draws);
        if (fault !== undefined) return `${fault} at λ = ${lambda}\n${JSON.stringify(order)}`;
      }
    }
    return undefined;
  },
};

/** A trajectory that is none, or that a shift of quantity from one step to another improves. */
function faultOf(
  holdings: readonly number[],
  { quantity, steps }: { readonly quantity: number; readonly steps: number },
  weigh: (holdings: readonly number[]) => number,
  draws: Draws,
): string | undefined {
  if (holdings.length !== steps + 1 || holdings.at(-1) !== 0) return "it does not end at nothing";
  if (!isSame(holdings[0]!, quantity)) return `it begins with ${holdings[0]}, not ${quantity}`;
  const isFalling = holdings.slice(1).every((held, k) => held <= holdings[k]! && held >= 0);
  if (!isFalling) return "it trades against the order";
  const least = weigh(holdings);
  for (let attempt = 0; attempt < 30; attempt++) {
    const [a, b] = [draws.whole(1, steps), draws.whole(1, steps)].toSorted((x, y) => x - y);
    const traded = [holdings[a! - 1]! - holdings[a!]!, holdings[b! - 1]! - holdings[b!]!];
    const share = draws.log(1e-3, 0.9);
    // Later by a part of what step a trades, or earlier by a part of what step b does.
    const shift = draws.uniform() < 0.5 ? share * traded[0]! : -share * traded[1]!;
    const other = holdings.map((held, k) => (k >= a! && k < b! ? held + shift : held));
    const found = weigh(other);
    if (found < least * (1 - 1e-9)) return `${found} instead of ${least}, by another schedule`;
  }
  return undefined;
}

const described: ImpactCheck = {
  name: "says of itself and of every parameter what it is and how sure it is",
  check(model) {
    if (model.summary.length < 20) return "it does not say what it says";
    for (const { name, value, standardError, origin, range, note } of model.parameters) {
      const { least, most } = range ?? { least: Number.MIN_VALUE, most: Number.MAX_VALUE };
      if (!(value >= least && value <= most)) return `${name} = ${value} is out of its range`;
      if (note.length < 10) return `${name} does not say what it is`;
      if (!(standardError >= 0) || (standardError === 0 && origin !== "given")) {
        return `${name} has no standard error, and nobody has given it`;
      }
    }
    const hasty = { shareOfDay: 0.5, rateOfVolume: 2, days: 1e-3, spreadTicks: 1 };
    return model.caveats(hasty).length > 0 ? undefined : "it knows no limit of its own";
  },
};

export const impactChecks: readonly ImpactCheck[] = [
  zero,
  monotone,
  mirrored,
  finite,
  continuous,
  cut,
  pauses,
  linear,
  manipulation,
  refusal,
  optimal,
  described,
];
