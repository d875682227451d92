/**
 * Tally: what has happened in the sessions that a law was tried on.
 *
 * A law that was never put to the test has not been shown to hold, so acts are counted and a suite
 * fails when too few of them happened. An act counts when it befell an order at work that went on
 * to send something under it.
 */
export class Tally {
  sessions = 0;
  /** Orders and amendments that went to the venue. */
  sends = 0;
  fills = 0;
  rejects = 0;
  stalls = 0;
  pauses = 0;
  amendments = 0;
  switches = 0;
  restarts = 0;

  clear(): void {
    for (const key of TALLIED) this[key] = 0;
  }

  add(other: Tally): void {
    for (const key of TALLIED) this[key] += other[key];
  }
}

export const TALLIED = [
  "sessions",
  "sends",
  "fills",
  "pauses",
  "amendments",
  "switches",
  "restarts",
  "rejects",
  "stalls",
] as const satisfies readonly (keyof Tally)[];

export type Tallied = (typeof TALLIED)[number];
