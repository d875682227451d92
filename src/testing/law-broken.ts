/**
 * Law broken: what a check throws when a law does not hold, with the law's number and the figures.
 *
 * Everything that the suite claims goes through `requireLaw`, so that whoever reads a failure knows
 * which promise was broken. What must stay true: it depends on no test runner.
 */
export class LawBroken extends Error {
  override readonly name = "LawBroken";
  readonly law: string;
  constructor(law: string, text: string) {
    super(`law ${law}: ${text}`);
    this.law = law;
  }
}

/** @throws LawBroken when the law does not hold. */
export function requireLaw(law: string, holds: boolean, text: string): asserts holds {
  if (!holds) throw new LawBroken(law, text);
}
