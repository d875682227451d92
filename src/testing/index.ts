/**
 * `arrival/testing`: the suites for whoever writes a strategy, an adapter of a venue, or an
 * advisor.
 *
 * Needs the package fast-check, which a user of this entry point installs. It runs under any test
 * runner: each law is a name and a function that throws.
 */
export {
  type AdvisorStage,
  advisorSuite,
  type AdvisorSuiteCase,
  type AdvisorToTest,
  type AdvisorUnderTest,
  type Behaviour,
  type ExchangeUnderTest,
} from "./advisor-suite.ts";
export { conformanceSuite, type ConformanceOptions } from "./conformance.ts";
export { type Law, LawFailure } from "./law.ts";
export type {
  PaceFormula,
  PaceQuestion,
  Parameters,
  StrategyUnderTest,
  TacticUnderTest,
} from "./lineup.ts";
export { TALLIED, type Tally, type Tallied } from "./tally.ts";
export { type SuiteCase, venueSuite, type VenueStage, type VenueUnderTest } from "./venue-suite.ts";
export type { SessionUnderTest } from "./venue-witness.ts";
