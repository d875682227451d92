/**
 * Kyle: every unit that is traded moves the price by λ, for good.
 *
 * Kyle, "Continuous Auctions and Insider Trading", Econometrica 53 (1985): market makers who cannot
 * tell an informed order from noise set a price that is linear in the net flow, with λ = √Σ₀/σ_u:
 * how much there is to be known in a day, over the noise that hides it. Here √Σ₀ is the day's
 * volatility, and σ_u a share of the day's volume: buys and sells of a day nearly cancel.
 *
 * What must stay true: the cost is λX²/2 by any schedule, and a round trip costs nothing.
 */
import {
  impactModel,
  type ModelParameter,
  type SignedSlice,
  sigmasPerDay,
  type SlicePrice,
} from "./impact-model.ts";

const PARAMETERS: readonly ModelParameter[] = [
  {
    name: "noise",
    value: 0.1,
    standardError: 0.05,
    origin: "assumed",
    note: "σ_u: one sigma of a day's buys less sells, as a share of its volume; our own guess",
  },
];

/** Where the permanent part stands in each slice, and what each leaves; ± by what is traded. */
export function permanentPath(
  slices: readonly SignedSlice[],
  bpsPerUnit: number,
): readonly SlicePrice[] {
  let done = 0;
  return slices.map(({ quantity }) => {
    const permanentBps = bpsPerUnit * (done + quantity / 2);
    done += quantity;
    return { permanentBps, temporaryBps: 0, afterBps: bpsPerUnit * done };
  });
}

export const kyle = impactModel({
  name: "kyle",
  summary:
    "linear and for good: λ from volatility and volume; knows no speed, so it is wrong for an " +
    "order in a hurry, and linear, so it is wrong over decades of size",
  parameters: PARAMETERS,
  exposure: "through",
  prices: (values, slices, market) =>
    permanentPath(slices, sigmasPerDay(market) / values["noise"]!),
  schedules: () => ({
    refused: "it knows no speed: every schedule costs the same, so the fastest looks best",
  }),
  caveats({ shareOfDay, isFitted = false }) {
    const guess = "λ is set by a guess of how much of a day's flow is noise: fit it";
    const texts = isFitted ? [] : [guess];
    if (shareOfDay > 0.05) {
      const share = `${(shareOfDay * 100).toPrecision(2)} % of a day's volume`;
      texts.push(`linear impact overstates what ${share} costs`);
    }
    return texts;
  },
});
