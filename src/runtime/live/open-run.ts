/**
 * Open run: a live run begun anew, or gone on with after it was cut off or left.
 *
 * What must stay true: nothing is sent on the way; and whatever fails, the venue and the journal
 * are let go of.
 */
import { existsSync } from "node:fs";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { partialOf } from "../../data/event-file/writer.ts";
import type {
  AccountIdentity,
  OpenTerms,
  Venue,
  VenueNotice,
  VenueSession,
} from "../../venues/venue.ts";
import { parseInstrument } from "../instrument-file.ts";
import type { JournalHeader } from "../journal/journal.ts";
import { salvageJournal } from "../journal/salvage.ts";
import { fileStore } from "./file-store.ts";
import { leftOrders, leftText } from "./left-orders.ts";
import { LiveRun, marketFileOf } from "./live-run.ts";
import type { LiveFault, LiveRunOptions, ResumeOptions, StandingOptions } from "./live-terms.ts";
import { newParentId } from "./parent-id.ts";
import { adoptedOrders } from "./recovery.ts";
import { resumeTerms } from "./resume-terms.ts";
import { newOrigin, pastOrigin, rulesChanged, type RunOrigin, standingOf } from "./run-origin.ts";
import type { RunJournal } from "./run-store.ts";
import { accountDiffers } from "./same-account.ts";

export async function openLiveRun(options: LiveRunOptions): Promise<Result<LiveRun, LiveFault>> {
  const { request, venue, journal, parentId = newParentId(Date.now(), Math.random) } = options;
  const marketFile = marketFileOf(journal);
  const store = options.store ?? fileStore(journal);
  const taken =
    options.store === undefined
      ? [journal, marketFile, partialOf(marketFile)].find((path) => existsSync(path))
      : undefined;
  if (taken !== undefined) {
    const text =
      `${taken} is there already, and nothing is written over: name another --journal, or go on ` +
      "with that run by `arrival resume`";
    return err({ code: "JOURNAL_EXISTS", text });
  }
  const session = await venue.open(options.signal ?? new AbortController().signal);
  if (!session.ok) return session;
  try {
    const { instrument } = session.value.header;
    const made = typeof request === "function" ? request(instrument) : request;
    const { access } = options;
    const run = { session: session.value, settings: made, request: made, marketFile, access };
    const { follower } = options;
    const origin = newOrigin({ ...run, runId: parentId, venue: venue.name, follower });
    return ok(new LiveRun(origin, session.value, store, venue.name, options));
  } catch (error) {
    await session.value.close();
    throw error;
  }
}

/** A run on which orders come and go. Nothing is written before `stand`. */
export async function openStandingRun(
  options: StandingOptions,
): Promise<Result<LiveRun, LiveFault>> {
  const { venue, journal, runId, place, config, seed, plugins = [], access } = options;
  const session = await venue.open(options.signal ?? new AbortController().signal);
  if (!session.ok) return session;
  try {
    const origin = newOrigin({
      session: session.value,
      settings: { config, seed, plugins },
      venue: venue.name,
      runId,
      standing: { id: runId, place },
      marketFile: marketFileOf(journal),
      access,
      follower: options.follower,
    });
    const store = options.store ?? fileStore(journal);
    const terms = { ...options, isStanding: true };
    return ok(new LiveRun(origin, session.value, store, venue.name, terms));
  } catch (error) {
    await session.value.close();
    throw error;
  }
}

/**
 * Goes on with a run that was cut off, or was left: folds its journal, asks the venue for every
 * order of unknown fate, and acts only then (`recovered`). A refusal names what may still rest.
 */
export async function resumeLiveRun(options: ResumeOptions): Promise<Result<LiveRun, LiveFault>> {
  const opened = await resumed(options);
  if (opened.ok || options.store !== undefined) return opened;
  const { code, text } = opened.error;
  if (NOTHING_LEFT.has(code)) return opened;
  const left = leftIn(options.journal, options.onUnfolded);
  return left === undefined ? opened : err({ code, text: `${text}; ${left}` });
}

/** Nothing rests, or somebody else works it, or the text says what became of it. */
const NOTHING_LEFT = new Set<LiveFault["code"]>([
  "RUN_ENDED",
  "RUN_RULES_CHANGED",
  "JOURNAL_LOCKED",
  "JOURNAL_NOT_FOUND",
  "JOURNAL_NOT_A_JOURNAL",
  "JOURNAL_NOT_LIVE",
]);

/** In words, by the journal alone; undefined where that cannot be read. */
export function leftIn(
  path: string,
  onRead?: (header: JournalHeader, parentId: string) => void,
): string | undefined {
  const salvaged = salvageJournal(path);
  if (!salvaged.ok) return undefined;
  const { header, records, close } = salvaged.value;
  try {
    const instrument = parseInstrument(header?.instrument);
    const { parentId = "?", orders } = leftOrders(records());
    if (header !== undefined) onRead?.(header, standingOf(header)?.id ?? parentId);
    const children = orders.map(({ child }) => child);
    return leftText(path, instrument.ok ? instrument.value : undefined, children);
  } finally {
    close();
  }
}

async function resumed(options: ResumeOptions): Promise<Result<LiveRun, LiveFault>> {
  const store = options.store ?? fileStore(options.journal);
  const folded = store.resume();
  if (!folded.ok) return folded;
  const { journal, header } = folded.value;
  let session: VenueSession | undefined;
  try {
    const origin = folding(() => pastOrigin(folded.value, options.plugins ?? [], options.follower));
    if (!origin.ok) return given(journal, origin);
    const { engine, runId, past } = origin.value;
    if (engine.instruments[0]!.live.length === 0 && options.isStanding !== true) {
      return given(journal, err({ code: "RUN_ENDED", text: endText(origin.value) }));
    }
    const venue = options.venue(header, runId);
    if (!venue.ok) return given(journal, venue);
    const terms = resumeTerms(engine, past.market.epochNanos);
    const opened = await openOn(venue.value, options.signal, header, terms);
    if (!opened.ok) return given(journal, opened);
    session = opened.value;
    // Before anything else: what is withdrawn now may still be on its way there.
    session.adopt(adoptedOrders(engine));
    const { grid, bounds } = rulesChanged(header, session.header);
    if (grid.length > 0) {
      const done = await session.cancelAll();
      await session.close();
      const children = adoptedOrders(engine).map(({ child }) => child);
      const left = leftText(options.journal, past.market.instrument, children);
      const became = done.ok ? WITHDRAWN : `${done.error.text}; ${left}`;
      const text = `the venue's rules have changed (${grid.join(", ")}); ${became}`;
      return given(journal, err({ code: "RUN_RULES_CHANGED", text }));
    }
    if (bounds.length > 0) options.onNotice?.(boundsNotice(bounds));
    return ok(new LiveRun(origin.value, session, store, venue.value.name, options));
  } catch (error) {
    await session?.close();
    journal.close();
    throw error;
  }
}

function endText({ engine, parentId }: RunOrigin): string {
  const parent = engine.parents.get(parentId);
  if (parent === undefined) return "no order was ever given to it";
  const others = engine.parents.size - 1;
  const more = others === 0 ? "" : `, and so have all others (${others})`;
  return `${parentId} has ended (${parent.phase}: ${parent.reason})${more}`;
}

/** What the engine does not take is no fault of whoever resumes: another way is left to them. */
function folding<Value>(fold: () => Result<Value, LiveFault>): Result<Value, LiveFault> {
  try {
    return fold();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err({ code: "RUN_RESUME", text: `what the journal tells cannot be folded (${why})` });
  }
}

/** Opens a session on the account that the journal is of, and on no other. */
export async function openOn(
  venue: Venue,
  signal: AbortSignal | undefined,
  header: Pick<JournalHeader, "account">,
  terms: OpenTerms,
): Promise<Result<VenueSession, LiveFault>> {
  let wrong: string | undefined;
  const whyNot = (identity: AccountIdentity | undefined): string | undefined => {
    const differ = accountDiffers(header, identity);
    if (differ !== undefined) {
      wrong = `${differ}: give the keys and the address that it was begun with. Nothing was asked`;
    }
    return wrong;
  };
  const asked = signal ?? new AbortController().signal;
  const opened = await venue.open(asked, { ...terms, whyNot });
  if (wrong === undefined && opened.ok) whyNot(opened.value.account.identity);
  if (wrong === undefined) return opened;
  if (opened.ok) await opened.value.close();
  return err({ code: "RUN_RESUME", text: wrong });
}

/** The journal is let go of: the run is not gone on with. */
function given<Fault>(journal: RunJournal, fault: Result<never, Fault>): Result<never, Fault> {
  journal.close();
  return fault;
}

const WITHDRAWN = "what rested of the order was withdrawn: begin anew with what is left of it";

const boundsNotice = (bounds: readonly string[]): VenueNotice => ({
  severity: "warning",
  code: "RUN_BOUNDS_CHANGED",
  text: `the venue's bounds of one order have changed, and those of now hold: ${bounds.join(", ")}`,
});
