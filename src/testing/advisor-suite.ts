/**
 * Advisor suite: the cases that an advisor has to pass, ours or anybody's.
 *
 *     for (const it of advisorSuite({ name: "mine", open })) test(it.name, it.run);
 *
 * It knows no test runner, no clock and no concrete advisor. What is tested is what the loops are
 * given: an advisor inside its guard. What must stay true: a case that a stage cannot play is a
 * failure, unless somebody has written down why it is left out.
 */
import type { AdviceAnswer, AdviceQuestion } from "../core/contracts/advice.ts";
import { ADVISOR_CASES, type AdvisorCase } from "./advisor-cases.ts";
import { requireLaw } from "./law-broken.ts";

/** An exchange as far as it is looked at; see `Exchange` in the docs. */
export interface ExchangeUnderTest {
  readonly answer: AdviceAnswer;
  /** Microseconds. */
  readonly latency: number;
  /** Plain JSON. */
  readonly transcript: object;
}

/** `Signal` is what your runtime stops things by: an AbortSignal. */
export interface AdvisorUnderTest<Signal> {
  readonly name: string;
  ask(question: AdviceQuestion, signal: Signal): Promise<ExchangeUnderTest>;
  close(): Promise<void>;
}

/** What stands behind the advisor (a server, a model, a file) does from now on. */
export type Behaviour =
  /** Writes this, word by word. */
  | { readonly kind: "writes"; readonly text: string }
  /** Writes this, and is cut off by its own limit. */
  | { readonly kind: "cut"; readonly text: string }
  /** Declines to answer, in its own way. */
  | { readonly kind: "refuses" }
  /** Wants to be left alone. */
  | { readonly kind: "limits"; readonly afterSeconds: number }
  /** Breaks off, or is not there. */
  | { readonly kind: "dies" }
  /** Says that it is broken. */
  | { readonly kind: "fails" }
  /** Takes the question and never answers. */
  | { readonly kind: "hangs" }
  /** Takes so long and then writes this. */
  | { readonly kind: "slow"; readonly ms: number; readonly text: string };

export interface AdvisorStage<Signal> {
  readonly advisor: AdvisorUnderTest<Signal>;
  /** Within so many ms it promises to have answered, whatever happens. */
  readonly patienceMs: number;
  /** A signal, and what fires it. */
  signal(): { readonly signal: Signal; readonly abort: () => void };
  /** Lets so much time pass, in the time that the advisor lives by. */
  wait(ms: number): Promise<void>;
  behave?(behaviour: Behaviour): void;
  /** What must stand in no exchange: keys. */
  readonly secrets?: readonly string[];
  /** After the advisor was closed. */
  close(): Promise<void>;
}

export interface AdvisorToTest<Signal> {
  readonly name: string;
  open(): Promise<AdvisorStage<Signal>>;
  /** Cases that are left out, by name, and why. */
  readonly skips?: Readonly<Record<string, string>>;
}

export interface AdvisorSuiteCase {
  /** Unique: `mine: never throws`. */
  readonly name: string;
  /** Why it is left out; then `run` does nothing. */
  readonly skipped: string | undefined;
  /** @throws LawBroken where the contract is broken. */
  readonly run: () => Promise<void>;
}

/** Every case. @throws LawBroken for a skip of no case. */
export function advisorSuite<Signal>(under: AdvisorToTest<Signal>): readonly AdvisorSuiteCase[] {
  const { skips = {}, name } = under;
  for (const [skipped, reason] of Object.entries(skips)) {
    const isCase = ADVISOR_CASES.some((each) => each.name === skipped);
    requireLaw("advisor", isCase, `a skip names no case: ${skipped}`);
    requireLaw("advisor", reason.trim() !== "", `a skip without a reason: ${skipped}`);
  }
  return ADVISOR_CASES.map((each) => ({
    name: `${name}: ${each.name}`,
    skipped: skips[each.name],
    run: () => (skips[each.name] === undefined ? play(under, each) : Promise.resolve()),
  }));
}

async function play<Signal>(under: AdvisorToTest<Signal>, each: AdvisorCase): Promise<void> {
  const stage = await under.open();
  try {
    const text = `"${each.name}" needs a stage that can behave, or a skip with its reason`;
    requireLaw("advisor", each.needs !== "behave" || stage.behave !== undefined, text);
    await each.play(stage);
  } finally {
    await stage.advisor.close();
    await stage.close();
  }
}
