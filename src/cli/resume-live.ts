/**
 * Resume live: a run that was cut off is gone on with, or only taken back from the venue.
 *
 * What must stay true: whoever is refused is told which orders may still rest, on the screen and
 * out of band; and a run that was killed, before it was cut off or while nobody was there,
 * withdraws and ends.
 */
import { existsSync, writeFileSync } from "node:fs";
import { ok } from "../core/domain/errors.ts";
import type { Micros } from "../core/domain/units.ts";
import { parseConfig } from "../runtime/config.ts";
import type { JournalHeader } from "../runtime/journal/journal.ts";
import { stemOf } from "../runtime/live/control-address.ts";
import type { LiveRun } from "../runtime/live/live-run.ts";
import type { LiveFault } from "../runtime/live/live-terms.ts";
import { leftIn, resumeLiveRun } from "../runtime/live/open-run.ts";
import { type Withdrawal, withdrawOnly } from "../runtime/live/withdraw-only.ts";
import { countResumed } from "./advised.ts";
import { CommandError, EXIT, note, print, printJson } from "./output.ts";
import { type PluginFlags, pluginsOf } from "./plugins.ts";
import { Attendance } from "./run-attended.ts";
import { RunDashboard } from "./run-dashboard.ts";
import { type Around, failure, keepPrivate, work, type WorkFlags } from "./run-live.ts";
import { noteNotice, noteStep } from "./run-screen.ts";
import type { DashboardFlags } from "./serve-options.ts";
import { Signals } from "./signals.ts";
import { type AccessFlags, venueOf } from "./venue-access.ts";

export interface ResumeFlags extends PluginFlags, AccessFlags, DashboardFlags {
  readonly linger?: Micros;
  readonly withdrawOnly?: boolean;
  readonly json?: boolean;
}

/** @returns the exit code. */
export async function resumeLive(journal: string, flags: ResumeFlags): Promise<number> {
  const dashboard = RunDashboard.asked(flags, journal);
  keepPrivate();
  const signals = new Signals();
  const attendance = new Attendance();
  attendance.awaitSignal(journal);
  try {
    return flags.withdrawOnly === true
      ? await withdraw(journal, flags, signals, attendance)
      : await goOn(journal, flags, { signals, attendance, dashboard });
  } finally {
    await dashboard?.close();
    signals.close();
    await attendance.close();
  }
}

async function goOn(journal: string, flags: ResumeFlags, around: Around): Promise<number> {
  const { signals, attendance, dashboard } = around;
  let terms: WorkFlags = { venue: "paper", category: "linear", seed: 0 };
  const run = await opened(journal, flags, around, (made) => (terms = made));
  if (run === undefined) return EXIT.done;
  try {
    const control = await attendance.open(run, journal, terms.venue);
    await dashboard?.open(run, control, terms.venue);
    if (signals.count > 0) throw interrupted(journal);
  } catch (error) {
    await run.discard();
    throw signals.count > 0 ? error : withLeft(error, journal, attendance);
  }
  note(`going on with ${run.parentId}: the venue is asked what became of its orders`);
  const { foreignOrders } = run.session.account;
  if (foreignOrders > 0) {
    note(`${foreignOrders} orders on the account are not of this run: they are left alone`);
  }
  run.goOn();
  attendance.killWhereItWasKilled();
  const { order } = run.parent!;
  const code = await work(run, order, terms, around);
  await countResumed(order, journal);
  return code;
}

/** Undefined: there is nothing to go on with. */
async function opened(
  journal: string,
  flags: ResumeFlags,
  { signals, attendance, dashboard }: Around,
  choose: (terms: WorkFlags) => void,
): Promise<LiveRun | undefined> {
  let run: LiveRun | undefined;
  const broken = (error: unknown): never => {
    throw withLeft(error, journal, attendance);
  };
  const plugins = await pluginsOf(flags).catch(broken);
  const refuse = (fault: LiveFault): CommandError => {
    attendance.tell({ severity: "critical", code: fault.code, text: fault.text });
    return failure(fault);
  };
  const asked = await resumeLiveRun({
    journal,
    plugins,
    venue(header, parentId) {
      tellAlerts(attendance, header, parentId);
      const made = venueOf(header, parentId, flags);
      if (made.ok) choose({ ...made.value.terms, json: flags.json === true });
      return made.ok ? ok(made.value.venue) : made;
    },
    onUnfolded: (header, parentId) => tellAlerts(attendance, header, parentId),
    follower: dashboard?.follower,
    ...(flags.linger === undefined ? {} : { linger: flags.linger }),
    signal: signals.aborted,
    onStep: (event, outputs) => {
      const { instrument } = run!.session.header;
      if (flags.json !== true) noteStep(instrument, event, outputs);
      attendance.onStep(event, outputs);
      dashboard?.stepped({ instrument, event, outputs });
    },
    onNotice: (notice) => {
      noteNotice(notice);
      attendance.onNotice(notice);
    },
  }).catch(broken);
  if (asked.ok) run = asked.value;
  else if (asked.error.code === "RUN_ENDED") {
    note(`nothing to go on with: ${asked.error.text}`);
  } else throw signals.count > 0 ? interrupted(journal) : refuse(asked.error);
  return run;
}

/** By the journal's own settings: before the venue is asked, so that its silence is told, too. */
function tellAlerts(attendance: Attendance, header: JournalHeader, parentId: string): void {
  const config = parseConfig(header.config);
  if (!config.ok) return note("no alerts: this program does not take the journal's settings");
  const { symbol = "?" } = header.instrument as { readonly symbol?: string };
  const { venue = "?" } = (header.access ?? {}) as { readonly venue?: string };
  attendance.tellAlerts(config.value, { parentId, symbol, venue }, "any");
}

const interrupted = (journal: string): CommandError => {
  const text = `interrupted; nothing was sent; ${leftIn(journal) ?? "look at the venue"}`;
  return new CommandError("INTERRUPTED", text, EXIT.interrupted);
};

/** Of what is thrown, the journal is read anew: it has been let go of. */
function withLeft(error: unknown, journal: string, attendance: Attendance): unknown {
  const read = leftIn(journal, (header, parentId) => tellAlerts(attendance, header, parentId));
  const left = read ?? `orders of ${journal} may rest at the venue`;
  const why = error instanceof Error ? error.message : String(error);
  const code = error instanceof CommandError ? error.code : "RUN_RESUME";
  attendance.tell({ severity: "critical", code, text: `${why}; ${left}` });
  if (error instanceof CommandError) {
    return new CommandError(code, `${why}; ${left}`, error.exitCode);
  }
  note(left);
  return error;
}

async function withdraw(
  journal: string,
  flags: ResumeFlags,
  signals: Signals,
  attendance: Attendance,
): Promise<number> {
  const done = await withdrawOnly({
    journal,
    venue(header, parentId) {
      tellAlerts(attendance, header, parentId);
      const made = venueOf(header, parentId, flags, false);
      return made.ok ? ok(made.value.venue) : made;
    },
    signal: signals.aborted,
    onNotice: noteNotice,
  });
  if (!done.ok) {
    attendance.tell({ severity: "critical", code: done.error.code, text: done.error.text });
    throw signals.count > 0 ? interrupted(journal) : failure(done.error);
  }
  const report = written(journal, done.value);
  if (flags.json === true) printJson(done.value);
  else print(withdrawalText(done.value));
  if (report !== undefined) note(`what was found stands in ${report}; the journal is as it was`);
  const { unwithdrawn } = done.value;
  if (unwithdrawn === undefined) return EXIT.done;
  const text = `LOOK AT THE VENUE, orders may still rest there: ${unwithdrawn}`;
  attendance.tell({ severity: "critical", code: "RUN_UNCONFIRMED", text });
  throw new CommandError("RUN_UNCONFIRMED", text, EXIT.no);
}

const MOST_REPORTS = 1000;

/** Beside the journal, under a name that is free. Undefined: the disk does not take it. */
function written(journal: string, withdrawal: Withdrawal): string | undefined {
  const stem = `${stemOf(journal)}.withdrawal`;
  for (let number = 1; number < MOST_REPORTS; number++) {
    const path = `${stem}${number === 1 ? "" : `.${number}`}.json`;
    if (existsSync(path)) continue;
    try {
      const text = `${JSON.stringify(withdrawal, undefined, 2)}\n`;
      writeFileSync(path, text, { flag: "wx", mode: 0o600 });
      return path;
    } catch (error) {
      note(`the report cannot be written (${String(error)}): keep what stands here`);
      return undefined;
    }
  }
  return undefined;
}

function withdrawalText({ parentId, venue, placed, unread, orders }: Withdrawal): string {
  const lines = orders.map(({ clientOrderId, side, quantity, price, was, is, fills }) => {
    const at = price === null ? "at the market" : `at ${price}`;
    return [
      `${clientOrderId} ${side} ${quantity} ${at}: ${was} by the journal, ${is} at the venue`,
      ...fills.map((fill) => `  not in the journal: filled ${fill.quantity} at ${fill.price}`),
    ].join("\n");
  });
  const found = orders.reduce((sum, { fills }) => sum + fills.length, 0);
  const sum =
    `${parentId} on ${venue}: of ${placed} orders ${orders.length} were not proved closed; ` +
    `${found} fills were found that the journal does not tell of` +
    (unread === 0 ? "" : `; ${unread} records could not be understood`);
  return `${[...lines, sum].join("\n")}\n`;
}
