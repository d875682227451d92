/**
 * Circuit breaker: leaves an advisor alone that has failed too many times in a row.
 *
 * After a while one question is let through; its answer decides. What must stay true: while it is
 * open nothing is asked, and while it is half open one thing at a time.
 */
import type { Micros } from "../core/domain/units.ts";

export interface BreakerTerms {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open; twice as long after each probe that fails, up to the longest. */
  readonly openFor: Micros;
  readonly longest: Micros;
}

export class CircuitBreaker {
  readonly #terms: BreakerTerms;
  #failures = 0;
  #openUntil: number | undefined;
  #span: number;
  #isProbing = false;

  constructor(terms: BreakerTerms) {
    this.#terms = terms;
    this.#span = terms.openFor;
  }

  /** Undefined: ask. Otherwise when it may be asked again; a probe that is out may be sooner. */
  closedUntil(now: number): number | undefined {
    if (this.#openUntil === undefined) return undefined;
    if (now < this.#openUntil || this.#isProbing) return Math.max(now, this.#openUntil);
    this.#isProbing = true;
    return undefined;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openUntil = undefined;
    this.#isProbing = false;
    this.#span = this.#terms.openFor;
  }

  failed(now: number): void {
    this.#failures++;
    const isProbe = this.#isProbing;
    this.#isProbing = false;
    if (isProbe) this.#span = Math.min(this.#terms.longest, 2 * this.#span);
    if (isProbe || this.#failures >= this.#terms.failures) this.#openUntil = now + this.#span;
  }

  /** The question came to nothing that tells of the advisor: given up by whoever asked. */
  released(): void {
    this.#isProbing = false;
  }
}
