/**
 * Venue suite: the cases that a venue's session has to pass, ours or anybody's.
 *
 *     for (const it of venueSuite({ name: "mine", open })) test(it.name, it.run);
 *
 * It knows no test runner and no concrete venue. Each case is played on a session of its own, and
 * ends by asking the venue what is left. What must stay true: a case that a stage cannot play is a
 * failure, unless somebody has written down why it is left out.
 */
import { requireLaw } from "./law-broken.ts";
import { type StageAbility, VENUE_CASES, type VenueCase } from "./venue-cases.ts";
import { Scene } from "./venue-scene.ts";
import type { SessionUnderTest } from "./venue-witness.ts";

/** One session, newly opened and not yet started, and what can be done to what it stands on. */
export interface VenueStage {
  readonly session: SessionUnderTest;
  /** Begins the ids of its orders: at most 24 letters, digits and dashes. */
  readonly prefix: string;
  /** Lets so much time pass, in the time that the session lives by. */
  wait(ms: number): Promise<void>;
  /** How long something may take to come, in that time [15,000]. */
  readonly patienceMs?: number;
  /** Orders that are sent at once [25]. */
  readonly burst?: number;
  /** Cuts every connection at once, as a failing network does. */
  dropConnections?(): void;
  /** The venue does what the next so many requests ask for, and its answers never come. */
  loseAnswers?(count: number): void;
  /**
   * Another session on the same account, as of the next process: the one before has been closed,
   * and what it sent is at the venue.
   */
  reopen?(): Promise<SessionUnderTest>;
  /** After the session was closed. */
  close(): Promise<void>;
}

export interface VenueUnderTest {
  readonly name: string;
  open(): Promise<VenueStage>;
  /** Cases that are left out, by name, and why. */
  readonly skips?: Readonly<Record<string, string>>;
}

export interface SuiteCase {
  /** Unique: `bybit: fills a market order`. */
  readonly name: string;
  /** Why it is left out; then `run` does nothing. */
  readonly skipped: string | undefined;
  /** @throws LawBroken where the contract is broken. */
  readonly run: () => Promise<void>;
}

/** Every case, in the order from simple to nasty. @throws LawBroken for a skip of no case. */
export function venueSuite(under: VenueUnderTest): readonly SuiteCase[] {
  const { skips = {}, name } = under;
  for (const [skipped, reason] of Object.entries(skips)) {
    const isCase = VENUE_CASES.some((each) => each.name === skipped);
    requireLaw("venue", isCase, `a skip names no case: ${skipped}`);
    requireLaw("venue", reason.trim() !== "", `a skip without a reason: ${skipped}`);
  }
  return VENUE_CASES.map((each) => ({
    name: `${name}: ${each.name}`,
    skipped: skips[each.name],
    run: () => (skips[each.name] === undefined ? play(under, each) : Promise.resolve()),
  }));
}

const AFTER_MS = 20;

async function play(under: VenueUnderTest, each: VenueCase): Promise<void> {
  const stage = await under.open();
  const scene = new Scene(stage);
  try {
    if (each.needs !== undefined) requireAble(stage, each.needs, each.name);
    await scene.begin();
    await each.play(scene);
    await scene.end();
    await scene.witness.close();
    // Long enough for what was on its way to be told.
    await stage.wait(AFTER_MS);
    if (scene.witness.broken !== undefined) throw scene.witness.broken;
  } finally {
    await scene.session.close();
    await stage.close();
  }
}

function requireAble(stage: VenueStage, ability: StageAbility, name: string): void {
  const text = `"${name}" needs a stage with ${ability}, or a skip with its reason`;
  requireLaw("venue", stage[ability] !== undefined, text);
}
