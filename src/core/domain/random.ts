/**
 * Random: a counter-based generator. A draw is a pure function of (seed, stream, k), so the same
 * question has the same answer in a replay, and two variants of a run share their luck.
 *
 * SplitMix-style mixing of 32-bit words (Steele, Lea, Flood 2014; finaliser constants of
 * MurmurHash3).
 */

const GOLDEN = 0x9e3779b9;

function mix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}

/** A 32-bit name for a purpose, so that streams of different purposes never meet (FNV-1a). */
export function streamOf(purpose: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < purpose.length; i++) {
    hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193);
  }
  return hash | 0;
}

/** 32 random bits for counter `k` (0 ≤ k < 2^53) of a stream. */
export function bitsAt(seed: number, stream: number, k: number): number {
  const low = k | 0;
  const high = Math.floor(k / 0x1_0000_0000) | 0;
  let x = mix((seed | 0) + Math.imul(GOLDEN, 1));
  x = mix(x ^ mix(stream + Math.imul(GOLDEN, 2)));
  x = mix(x + mix(low + Math.imul(GOLDEN, 3)));
  return mix((x ^ mix(high + Math.imul(GOLDEN, 4))) + GOLDEN) >>> 0;
}

/** Uniform in [0, 1), 32 bits fine. */
export const uniformAt = (seed: number, stream: number, k: number): number =>
  bitsAt(seed, stream, k) / 0x1_0000_0000;
