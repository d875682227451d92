/**
 * Situation figure: how what an advisor is shown is rounded.
 *
 * What must stay true: half goes away from zero, so that mirrored figures round alike.
 */

export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  const size = Math.round(Math.abs(value) * scale) / scale;
  return value < 0 && size > 0 ? -size : size;
}

/** @param fraction of the price. */
export const bps = (fraction: number): number => rounded(fraction * 1e4, 2);
export const share = (value: number): number => rounded(value, 4);
export const seconds = (micros: number): number => rounded(micros / 1e6, 1);
