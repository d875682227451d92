/**
 * Law: a named check that any test runner can run, and what it says when it fails.
 *
 * A failure carries the seed, the path to the smallest case and that case in words, so that it can
 * be seen again without a search.
 */
import fc from "fast-check";
import { streamOf } from "../core/domain/random.ts";
import { LawBroken, requireLaw } from "./law-broken.ts";
import { Tally, type Tallied } from "./tally.ts";

export interface Law {
  /** Unique in its suite: `twap: restarted from its journal in mid-order (law 9)`. */
  readonly name: string;
  /** What it is tried on: `contract`, `sessions`, `stalls`, `pauses` … */
  readonly group: string;
  /** @throws LawFailure when it does not hold. */
  readonly run: () => void;
  /** What the last run saw. */
  readonly tally: Tally;
}

/** How many cases, and which. Equal options give equal cases. */
export interface Draw {
  readonly runs: number;
  /** Absent: drawn anew by each run, and told when a law fails. */
  readonly seed?: number;
  /** The path to a case of that seed, as a failure told it. */
  readonly path?: string;
}

/** What a law is made of. */
export interface LawParts<Case> {
  readonly name: string;
  readonly group: string;
  readonly cases: fc.Arbitrary<Case>;
  check(drawn: Case, tally: Tally): void;
  describe(drawn: Case): string;
  /** Judges the run as a whole: whether enough happened. Not asked where `path` was given. */
  verdict?(tally: Tally, runs: number): void;
}

/** A law does not hold. The message is meant to be read by a person. */
export class LawFailure extends Error {
  override readonly name = "LawFailure";
  readonly law: string;
  readonly seed: number;
  /** Undefined where no single case is at fault. */
  readonly path: string | undefined;
  readonly counterExample: string;

  constructor(
    law: string,
    what: string,
    draw: { readonly seed: number; readonly path: string | undefined },
    counterExample: string,
  ) {
    const path = draw.path === undefined ? "" : `\npath ${draw.path}`;
    const smallest =
      counterExample === "" ? "" : `\nthe smallest case that breaks it:\n${indent(counterExample)}`;
    super(`${law}\n${what}${smallest}\nseed ${draw.seed}${path}`);
    this.law = law;
    this.seed = draw.seed;
    this.path = draw.path;
    this.counterExample = counterExample;
  }
}

const indent = (text: string): string => text.replaceAll(/^/gm, "  ");

/** Seeds of a law's own, so that two laws under one seed do not try the same cases. */
const seedOf = (seed: number, name: string): number => (seed ^ streamOf(name)) | 0;

export function lawOf<Case>(parts: LawParts<Case>, draw: Draw): Law {
  const tally = new Tally();
  return {
    name: parts.name,
    group: parts.group,
    tally,
    run: () => runLaw(parts, draw, tally),
  };
}

function runLaw<Case>(parts: LawParts<Case>, { runs, seed, path }: Draw, tally: Tally): void {
  tally.clear();
  const details = fc.check(
    fc.property(parts.cases, (drawn) => parts.check(drawn, tally)),
    {
      numRuns: runs,
      ...(seed === undefined ? {} : { seed: seedOf(seed, parts.name) }),
      ...(path === undefined ? {} : { path }),
    },
  );
  // The same mask takes the law's own seed back to the one that whoever reads this has to give.
  const told = seed ?? seedOf(details.seed, parts.name);
  if (details.failed) {
    const [smallest] = details.counterexample ?? [];
    const example = smallest === undefined ? "" : parts.describe(smallest);
    const where = { seed: told, path: details.counterexamplePath ?? undefined };
    throw new LawFailure(parts.name, textOf(details.errorInstance), where, example);
  }
  if (path !== undefined) return;
  try {
    parts.verdict?.(tally, runs);
  } catch (error) {
    throw new LawFailure(parts.name, textOf(error), { seed: told, path: undefined }, "");
  }
}

function textOf(error: unknown): string {
  if (error instanceof LawBroken) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * Enough must have happened in the sessions that were tried, or nothing was shown. Of few sessions
 * nothing is asked: their tallies are for whoever adds them up.
 */
export function requireHappened(tally: Tally, what: Tallied, sessions: number): void {
  if (sessions < FEW) return;
  const least = Math.floor(sessions / 3);
  const text = `${tally[what]} ${what} in ${sessions} sessions, at least ${least} are needed`;
  requireLaw("9", tally[what] >= least, `too little happened to show anything: ${text}`);
}

/** Under this many sessions chance decides how much happens. */
const FEW = 25;
