/**
 * Pace: how fast a long task goes, and how long it will still take, for the progress bar.
 */

export class Pace {
  readonly #started = performance.now();
  readonly #total: number;
  readonly #unit: string;
  readonly #size: number;

  /** @param unit what `size` of the things counted are called, such as `M rows` */
  constructor(total: number, unit: string, size: number) {
    this.#total = total;
    this.#unit = unit;
    this.#size = size;
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  text(done: number, total = this.#total): string {
    const { seconds } = this;
    if (seconds < 0.2 || done === 0) return "";
    const left = Math.max(0, ((total - done) * seconds) / done);
    return `${(done / this.#size / seconds).toFixed(1)} ${this.#unit}/s, ${left.toFixed(0)} s left`;
  }
}
