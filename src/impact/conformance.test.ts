/** The suite finds what it is there to find: each fault is planted once, and named by its check. */
import { describe, expect, it } from "vitest";
import { Draws, drawnMarket, impactChecks } from "./conformance.ts";
import {
  type ImpactLaw,
  type ImpactMarket,
  impactModel,
  type SignedSlice,
  type SlicePrice,
  valuesOf,
} from "./impact-model.ts";
import { powerLaw } from "./power-law.ts";
import { cheapestTrip, earning, roundTripThatEarns } from "./round-trip.ts";
import { squareRoot } from "./square-root.ts";

const SEEDS = [1, 2, 3];

/** A good model but for what is changed in it, without the trajectory of the good one. */
const planted = (change: Partial<ImpactLaw>) => {
  const { trajectory: _, impact: __, ...law } = powerLaw;
  return impactModel({ ...law, name: "planted", ...change });
};

const temporary = (
  of: (slice: SignedSlice, market: ImpactMarket) => number,
): Pick<ImpactLaw, "prices"> => ({
  prices: (_, slices, market) =>
    slices.map((slice) => ({
      permanentBps: 0,
      temporaryBps: slice.quantity === 0 ? 0 : Math.sign(slice.quantity) * of(slice, market),
      afterBps: 0,
    })),
});

const shareOf = ({ quantity }: SignedSlice, { dailyVolume }: ImpactMarket): number =>
  Math.abs(quantity) / dailyVolume;

/** Each trade moves the price for good, by the root of its own size (Huberman & Stanzl). */
const rootsThatStay: ImpactLaw["prices"] = (_, slices, market) => {
  let moved = 0;
  return slices.map((slice): SlicePrice => {
    const own = Math.sign(slice.quantity) * Math.sqrt(shareOf(slice, market)) * 100;
    const permanentBps = moved + own / 2;
    moved += own;
    return { permanentBps, temporaryBps: 0, afterBps: moved };
  });
};

/** The root of the speed pushes, and the push decays exponentially (Gatheral). */
const rootsThatDecay: ImpactLaw["prices"] = (_, slices, market) => {
  const perDay = 50;
  let left = 0;
  return slices.map((slice): SlicePrice => {
    const y = perDay * slice.days;
    const speed = Math.sqrt(shareOf(slice, market) / slice.days);
    const level = (Math.sign(slice.quantity) * 100 * speed) / perDay;
    const mean = -Math.expm1(-y) / y;
    const temporaryBps = level + (left - level) * mean;
    left = level + (left - level) * Math.exp(-y);
    return { permanentBps: 0, temporaryBps, afterBps: left };
  });
};

const PLANTS: readonly (readonly [string, RegExp, Partial<ImpactLaw>])[] = [
  ["a fee for being there", /nothing costs nothing/, temporary(() => 1)],
  [
    "impact that falls for large orders",
    /costs more the larger/,
    temporary((slice, market) => {
      const share = shareOf(slice, market);
      return (100 * share) / (1 + (share * 1e3) ** 2);
    }),
  ],
  [
    "sales that cost a little more",
    /mirror image/,
    {
      prices: (values, slices, market) =>
        powerLaw.prices(values, slices, market).map((price, k) => ({
          ...price,
          temporaryBps: price.temporaryBps * (slices[k]!.quantity < 0 ? 1.001 : 1),
        })),
    },
  ],
  [
    "an exponential that overflows",
    /is a number/,
    temporary((slice, market) => Math.expm1(shareOf(slice, market) / slice.days)),
  ],
  [
    "tiers of size",
    /no jump/,
    temporary((slice, market) => shareOf(slice, market) + (shareOf(slice, market) > 0.01 ? 3 : 0)),
  ],
  [
    "impact of each slice as if it were an order",
    /told in pieces/,
    temporary((slice, market) => 100 * Math.sqrt(shareOf(slice, market))),
  ],
  [
    "a cost of the time that it takes",
    /with a pause/,
    {
      prices: (_, slices, { dailyVolume }) => {
        let elapsed = 0;
        return slices.map(({ quantity, days }) => {
          elapsed += days;
          return { permanentBps: 0, temporaryBps: (quantity / dailyVolume) * elapsed, afterBps: 0 };
        });
      },
    },
  ],
  ["a root that stays", /linear in what was traded/, { prices: rootsThatStay }],
  ["a root that stays, in a round trip", /no round trip earns/, { prices: rootsThatStay }],
  ["a root that decays exponentially", /no round trip earns/, { prices: rootsThatDecay }],
  ["a refusal without a reason", /says why/, { schedules: () => ({ refused: "no" }) }],
  [
    "an even trajectory whatever the risk",
    /no other schedule/,
    {
      trajectory: (_, { quantity, steps }) =>
        Array.from({ length: steps + 1 }, (__, k) => (quantity * (steps - k)) / steps),
    },
  ],
  [
    "a parameter that looks exact",
    /how sure it is/,
    {
      parameters: powerLaw.parameters.map((parameter) => ({ ...parameter, standardError: 0 })),
    },
  ],
];

describe("the conformance suite", () => {
  it("has nothing against the model that the faults are planted in", () => {
    for (const { check } of impactChecks) expect(check(planted({}), 1)).toBeUndefined();
  });

  it.each(PLANTS)("finds %s", (_, name, change) => {
    const [found, another] = impactChecks.filter((one) => name.test(one.name));
    expect(another).toBeUndefined();
    expect(found!.check(planted(change), 1)).toBeTypeOf("string");
  });

  it("plants each of its checks", () => {
    for (const { name } of impactChecks) {
      expect(PLANTS.some(([, pattern]) => pattern.test(name))).toBe(true);
    }
  });
});

describe("a round trip", () => {
  const values = valuesOf(powerLaw.parameters);

  it.each([
    ["Huberman and Stanzl: a root that stays", rootsThatStay],
    ["Gatheral: a root that decays exponentially", rootsThatDecay],
  ])("is found where it earns, by every seed. %s", (_, prices) => {
    for (const seed of SEEDS) {
      const draws = new Draws(seed, "a test");
      const trip = roundTripThatEarns(planted({ prices }), values, drawnMarket(draws), draws);
      expect(trip!.share).toBeLessThan(-0.01);
      expect(trip!.slices.reduce((sum, { quantity }) => sum + quantity, 0)).toBeCloseTo(0, 6);
      expect(earning(trip!)).toMatch(/earns .* bps × units.*(buy|sell) .* in /);
    }
  });

  it("is not looked for where a model says that it may not be used, and is there", () => {
    const schedules = () => ({ refused: "a round trip earns in it, by its own reckoning" });
    const model = planted({ prices: rootsThatDecay, schedules });
    const draws = new Draws(1, "a test");
    const market = drawnMarket(draws);
    expect(roundTripThatEarns(model, values, market, draws)).toBeUndefined();
    expect(cheapestTrip(model, values, market, draws)!.share).toBeLessThan(-0.01);
  });

  it("costs nothing under the square-root law, which tells no schedule from another", () => {
    const draws = new Draws(1, "a test");
    const market = drawnMarket(draws);
    const trip = cheapestTrip(squareRoot, valuesOf(squareRoot.parameters), market, draws);
    expect(Math.abs(trip!.share)).toBeLessThan(1e-8);
  });
});
