/**
 * Queue: where a resting order of ours stands among the others at its price.
 *
 * A level-by-level recording shows how much stands at a price, never whose it is. `front` is our
 * estimate, in whole lots, of what must trade or cancel before us. It only ever falls: whoever
 * comes later stands behind us. Trades are seen and come off the front for certain; cancellations
 * are seen only as a level that shrinks, and the model says how many of them stood before us.
 *
 * Everything here is a pure function of whole lots, and uses only + − × ÷: the same on any machine.
 */

/**
 * `risk-averse`: every cancellation stood behind us, as long as that is possible. Fills come late.
 * `probabilistic`: cancellations are shared between ahead and behind by `canceledAhead`.
 */
export type QueueModelName = "risk-averse" | "probabilistic";

/** The exponent of `canceledAhead`: 3 as in hftbacktest's examples; 1 shares in proportion. */
export const QUEUE_POWER = 3;

/** The front after a trade at our price: takers are served from the front. */
export const frontAfterTrade = (front: number, traded: number): number =>
  front > traded ? front - traded : 0;

/** The risk-averse front: never more than what the level still shows. */
export const frontWithinLevel = (front: number, level: number): number =>
  front < level ? front : level;

/**
 * Of `canceled` lots at our price, the expected number that stood ahead of us:
 *
 *     canceled × f(front) / (f(front) + f(behind)),  f(x) = x^power
 *
 * held within what is possible: at most `front`, at least what `behind` cannot account for.
 * A power above 1 says that the longer part of the queue loses more than its share.
 *
 * Source: E. Rigtorp, "Estimating order queue position" (2013), after the discussion at
 * Quantitative Finance Stack Exchange 3782; hftbacktest calls it ProbQueueModel with a power
 * function. Unlike there, `behind` is counted after the trades of the same update are off.
 *
 * @param front lots ahead of us, >= 0
 * @param behind lots of others behind us, >= 0
 * @param canceled lots that went without a trade, 0..front + behind
 * @param power a whole number >= 1
 * @returns expected lots, 0..front; a fraction: the caller rounds
 */
export function canceledAhead(
  front: number,
  behind: number,
  canceled: number,
  power: number = QUEUE_POWER,
): number {
  if (front <= 0 || canceled <= 0) return 0;
  // f(behind) / f(front) as a power of the ratio: no overflow at 2^53 lots.
  const ratio = behind / front;
  let odds = 1;
  for (let i = 0; i < power; i++) odds *= ratio;
  const expected = canceled / (1 + odds);
  const least = canceled > behind ? canceled - behind : 0;
  const most = front < canceled ? front : canceled;
  return expected < least ? least : expected > most ? most : expected;
}

/** Fractions of a lot are kept as whole 65,536ths, so that adding them up is exact. */
export const FRACTION_STEPS = 65_536;

/** An expectation on the grid of fractions. */
export const toFractionSteps = (expected: number): number =>
  Math.round(expected * FRACTION_STEPS) / FRACTION_STEPS;
