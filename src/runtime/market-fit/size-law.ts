/**
 * Size law: the power law that comes nearest to the sizes that were seen.
 *
 * Its ends are quantiles, because a single level that was restated would be the largest order ever;
 * its exponent is the one that gives the mean, because volume is what a size law is for. What must
 * stay true: the mean of the law is the mean of the sizes up to its most, wherever a power law
 * between the two ends can have it.
 */
import type { SizeTally } from "./flow-tape.ts";
import { meanOf, type PowerLaw } from "./generated-room.ts";

const EXPONENTS: readonly [number, number] = [0.1, 6];
/** Fewer sizes than this name no law. */
export const LEAST_SIZES = 50;
const [SMALL_SHARE, LARGE_SHARE] = [0.1, 0.998];

export function sizeLaw(sizes: SizeTally): PowerLaw | undefined {
  if (sizes.count < LEAST_SIZES) return undefined;
  const least = Math.max(1, Math.round(sizes.quantile(SMALL_SHARE)));
  const most = Math.max(least + 1, Math.round(sizes.quantile(LARGE_SHARE)));
  const mean = sizes.meanUpTo(most);
  let [low, high] = EXPONENTS;
  for (let round = 0; round < 60; round++) {
    const exponent = offOne((low + high) / 2);
    // The mean falls as the exponent rises. Sizes are rounded down, half a lot on average.
    if (meanOf({ least, most: most + 1, exponent }) - 0.5 > mean) low = exponent;
    else high = exponent;
  }
  return { least, most, exponent: offOne(rounded((low + high) / 2)) };
}

/** The mean of a law has no such form at an exponent of exactly one. */
const offOne = (exponent: number): number => (Math.abs(exponent - 1) < 1e-4 ? 1.0001 : exponent);

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
