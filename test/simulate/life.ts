/**
 * Life: one process of the program: what is scheduled in it, until it is killed.
 *
 * A crash ends a life: none of its timers fires any more, nothing is handed to it, and nothing that
 * it still tries goes out. While it is stopped (as by SIGSTOP) all that is due waits, and then comes
 * at once, in order.
 */
import type { Timers } from "../../src/data/network/timers.ts";
import type { VirtualTime } from "../../src/data/network/virtual-time.ts";

export class Life implements Timers {
  readonly #time: VirtualTime;
  readonly #ends: (() => void)[] = [];
  #isAlive = true;
  #stoppedUntil = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  after(nanos: number, call: () => void): () => void {
    let takeBack = this.#time.after(nanos, () => {
      if (!this.#isAlive) return;
      if (this.#time.now >= this.#stoppedUntil) return call();
      takeBack = this.after(this.#stoppedUntil - this.#time.now, call);
    });
    return () => takeBack();
  }

  /** Nothing happens in it for so long. */
  stop(nanos: number): void {
    this.#stoppedUntil = this.#time.now + nanos;
  }

  onEnd(run: () => void): void {
    this.#ends.push(run);
  }

  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    for (const run of this.#ends) run();
  }
}
