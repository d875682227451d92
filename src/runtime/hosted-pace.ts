/**
 * Hosted pace: how much of the markets' time passes in one turn of the program's loop.
 *
 * At a speed that this machine cannot keep, each turn would leave more to do for the next, and
 * nobody would be answered. So a turn has a budget: what does not fit is given up, and the markets
 * fall behind the exchange's clock, which goes on. What must stay true: a turn takes its budget and
 * one slice of the markets at the most, and time that was given up is not made up for.
 */
import { type Micros, micros, SECOND } from "../core/domain/units.ts";

/** What the markets have not lived through. */
export interface MarketPace {
  /** Microseconds of the exchange, whole; it never falls. */
  readonly lag: number;
}

export interface PaceConfig {
  /** Seconds of the markets in a second of the exchange. */
  readonly speed: number;
  /** Milliseconds, of any beginning: what work takes is measured by it. Absent: no turn is cut. */
  readonly stopwatch?: (() => number) | undefined;
  /** The markets are a second behind: told once. */
  readonly onBehind?: () => void;
}

const BUDGET_MS = 20;
/** The markets' time between two looks at the stopwatch. */
const SLICE = SECOND;
const BEHIND = SECOND;

export class HostedPace implements MarketPace {
  readonly #stopwatch: (() => number) | undefined;
  readonly #slice: number;
  readonly #onBehind: () => void;
  #at = 0;
  #lag = 0;
  /** Of the lag: what passed before the exchange opened. */
  #forgiven = 0;
  #wasTold = false;

  constructor({ speed, stopwatch, onBehind = () => {} }: PaceConfig) {
    this.#stopwatch = stopwatch;
    this.#slice = stopwatch === undefined ? Infinity : Math.max(1, Math.floor(SLICE / speed));
    this.#onBehind = onBehind;
  }

  get lag(): number {
    return this.#lag;
  }

  /** Of the exchange, since it opened: microseconds that the markets have not lived through. */
  get behind(): number {
    return this.#lag - this.#forgiven;
  }

  /** The exchange has come to `at`; until `now` the markets stand still, and are not behind. */
  open(at: Micros, now: Micros): void {
    this.#at = Math.max(at, now);
    this.#lag += this.#at - at;
    this.#forgiven = this.#lag;
  }

  /** Brings the exchange to `now`, and its markets as far as the turn has time for. */
  advance(now: Micros, run: (at: Micros) => void): void {
    const began = this.#stopwatch?.() ?? 0;
    while (this.#at < now) {
      this.#at = Math.min(now, this.#at + this.#slice);
      run(micros(this.#at));
      if (this.#at < now && this.#stopwatch!() - began >= BUDGET_MS) this.#giveUp(now, run);
    }
  }

  #giveUp(now: Micros, run: (at: Micros) => void): void {
    this.#lag += now - this.#at;
    this.#at = now;
    run(now);
    if (this.#wasTold || this.behind < BEHIND) return;
    this.#wasTold = true;
    this.#onBehind();
  }
}
