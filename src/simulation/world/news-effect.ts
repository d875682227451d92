/**
 * News effect: what released news does to the value, to how busy the market is, and to its lean.
 *
 * A headline is not understood at once: its part in the value grows from nothing to all of it over
 * its delay, quickly at first (the square of what is left). While some is left, those who have
 * understood lean its way. Attention jumps with the release and fades within minutes, as volume
 * does around announcements (Bollerslev, Li, Xue 2018).
 *
 * What must stay true: what an item has added to the value after its delay is exactly
 * direction × magnitude × the day's standard deviation; noise adds nothing anywhere.
 */

/** How busy one day's standard deviation of news makes the market, on top of everything else. */
const BURST = 2.5;
const BURST_SECONDS = 600;
/** No burst makes the market more than so many times as busy. */
const MOST = 4;
/** Lean per standard deviation of a day that is not in the value yet. */
const LEAN = 0.8;

interface Effect {
  readonly second: number;
  readonly delaySeconds: number;
  /** Signed, in standard deviations of a day. */
  readonly size: number;
}

export class NewsEffect {
  /** Still on their way into the value. */
  #open: Effect[] = [];
  #done = 0;
  #attention = 0;
  /** In the value by now, in standard deviations of a day. */
  priced = 0;
  /** −1 to 1. */
  lean = 0;

  /** Multiple of the activity without news. */
  get burst(): number {
    return 1 + Math.min(MOST - 1, this.#attention);
  }

  add(second: number, direction: number, magnitude: number, delaySeconds: number): void {
    if (direction === 0 || magnitude === 0) return;
    this.#open.push({ second, delaySeconds, size: direction * magnitude });
    this.#attention += BURST * magnitude;
  }

  /** Lives through one second. */
  step(second: number): void {
    if (this.#attention !== 0) {
      this.#attention *= Math.exp(-1 / BURST_SECONDS);
      if (this.#attention < 1e-6) this.#attention = 0;
    }
    if (this.#open.length === 0) return;
    let known = 0;
    let left = 0;
    for (const effect of this.#open) {
      const share = pricedShare(second - effect.second, effect.delaySeconds);
      known += effect.size * share;
      left += effect.size * (1 - share);
    }
    this.lean = Math.max(-1, Math.min(1, LEAN * left));
    this.priced = this.#done + known;
    const done = this.#open.filter((effect) => second - effect.second >= effect.delaySeconds);
    if (done.length === 0) return;
    for (const { size } of done) this.#done += size;
    this.#open = this.#open.filter((effect) => !done.includes(effect));
    if (this.#open.length === 0) {
      this.priced = this.#done;
      this.lean = 0;
    }
  }
}

/** The part of an item that is in the value so many seconds after its release. */
export function pricedShare(seconds: number, delaySeconds: number): number {
  if (seconds >= delaySeconds) return 1;
  return seconds <= 0 ? 0 : 1 - (1 - seconds / delaySeconds) ** 2;
}
