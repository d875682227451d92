/**
 * Write turn: what comes and goes within one turn of the event loop, as one.
 *
 * A burst of orders comes in one read and is answered in one write: the clock is looked at once for
 * all of it, and every connection's messages leave together. What must stay true: nothing waits
 * longer than to the end of the turn, and what tells of a request's consequences leaves after the
 * answer to that request.
 */

export class WriteTurn {
  #waiting = new Set<() => void>();
  readonly #atEnd: (() => void)[] = [];
  readonly #later: (run: () => void) => void;
  #isScheduled = false;
  #hasTicked = false;

  /** @param later runs it once what is in hand is done [in a later turn of the event loop]. */
  constructor(later: (run: () => void) => void = setImmediate) {
    this.#later = later;
  }

  /** Called at the end of each turn in which something was said, before anything is flushed. */
  onEnd(run: () => void): void {
    this.#atEnd.push(run);
  }

  /** Runs it unless it has been run in this turn. */
  tickOnce(tick: () => void): void {
    if (this.#hasTicked) return;
    this.#hasTicked = true;
    this.schedule();
    tick();
  }

  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#later(() => this.#end());
  }

  /** Has a connection flushed at the end of the turn. */
  flushLater(flush: () => void): void {
    this.#waiting.add(flush);
    this.schedule();
  }

  #end(): void {
    this.#isScheduled = false;
    this.#hasTicked = false;
    for (const run of this.#atEnd) run();
    // What is said because a connection was cut meanwhile waits for the next turn.
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const flush of waiting) flush();
  }
}
