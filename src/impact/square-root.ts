/**
 * Square-root law: the price moves by Y·σ·√(Q/V) while Q is traded, however fast that is done.
 *
 * The exponent is 0.489 ± 0.0015 over the stocks of Tokyo (Sato & Kanazawa, "Strict universality of
 * the square-root law in price impact across stocks", Physical Review Letters 135, 2025) and about
 * one half over four decades of bitcoin metaorders (Donier & Bonart, "A million metaorder analysis
 * of market impact on the Bitcoin", 2015), all along an order and not only at its end. So an order
 * pays 1/(1 + δ) of the final move on average: two thirds.
 *
 * It has no permanent part. What is measured is the peak, at an order's end; a linear part carved
 * out of it would be more than the whole for some size, and any other permanent part would let a
 * round trip earn (Huberman & Stanzl 2004). So all of it stands under temporary.
 *
 * What must stay true: the cost does not depend on the schedule. The law knows no speed, and does
 * not say what stays.
 */
import { invariant } from "../core/domain/errors.ts";
import type { Bps } from "../core/domain/units.ts";
import {
  type ImpactMarket,
  impactModel,
  type ModelParameter,
  type SlicePrice,
} from "./impact-model.ts";

/** I = Y·σ·(Q/V)^δ: how far the price is moved when the last unit trades. */
export function squareRootImpactBps(
  quantity: number,
  market: Pick<ImpactMarket, "dailyVolatility" | "dailyVolume">,
  prefactor = 1,
  exponent = 0.5,
): Bps {
  const { dailyVolatility, dailyVolume } = market;
  if (!(quantity >= 0 && dailyVolume > 0 && dailyVolatility > 0)) {
    invariant(false, `no impact of ${quantity} in a volume of ${dailyVolume}`);
  }
  return prefactor * dailyVolatility * 1e4 * (quantity / dailyVolume) ** exponent;
}

/** Of a slice that is small against what was done before, the ends differ by rounding alone. */
const SMALL = 1e-4;

/** The mean of a power of the net quantity between two of them. */
function meanBetween(
  before: number,
  after: number,
  at: (quantity: number) => Bps,
  exponent: number,
): Bps {
  const width = after - before;
  if (Math.abs(width) < SMALL * Math.abs(before)) return at(before + width / 2);
  return width === 0 ? 0 : (after * at(after) - before * at(before)) / (1 + exponent) / width;
}

const PARAMETERS: readonly ModelParameter[] = [
  {
    name: "prefactor",
    value: 1,
    standardError: 0.3,
    origin: "assumed",
    note: "Y: published figures are of order one, about a half to one; the error is our own guess",
  },
  {
    name: "exponent",
    value: 0.5,
    standardError: 0.011,
    origin: "published",
    note: "δ: 0.489 ± 0.0015 over stocks; the distance to one half is carried as the error",
  },
];

export const squareRoot = impactModel({
  name: "square-root",
  summary:
    "Y·σ·√(Q/V), two thirds of it paid on average; says nothing about speed, so it is wrong for " +
    "an order that outruns the market's volume",
  parameters: PARAMETERS,
  exposure: "through",
  prices(values, slices, market): readonly SlicePrice[] {
    const exponent = values["exponent"]!;
    const at = (quantity: number): Bps =>
      Math.sign(quantity) *
      squareRootImpactBps(Math.abs(quantity), market, values["prefactor"]!, exponent);
    let done = 0;
    return slices.map(({ quantity }) => {
      const before = done;
      done += quantity;
      const temporaryBps = meanBetween(before, done, at, exponent);
      return { permanentBps: 0, temporaryBps, afterBps: at(done) };
    });
  },
  schedules: () => ({
    refused: "it knows no speed: every schedule costs the same, so the fastest looks best",
  }),
  caveats({ rateOfVolume, shareOfDay }) {
    const texts = [
      "the law does not split its impact: all of it stands under temporary",
      "the law knows no speed: every schedule costs the same, so the fastest looks best",
    ];
    if (rateOfVolume > 0.25) {
      const rate = `${(rateOfVolume * 100).toPrecision(2)} %`;
      texts.push(`at ${rate} of the others' volume the law is not to be trusted`);
    }
    if (shareOfDay < 1e-5) texts.push("for very small orders impact is linear, not a square root");
    return texts;
  },
});
