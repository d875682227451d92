/**
 * Run live: a live run as a person meets it: asked before, shown while it works, and ended by
 * Ctrl-C as they said.
 *
 * What must stay true: however it ends, and whatever the terminal does, the venue is left as the
 * policy says and the journal is closed.
 */
import type { Advisor } from "../advisors/advisor.ts";
import { invariant } from "../core/domain/errors.ts";
import { formatDecimal } from "../core/domain/decimal.ts";
import type { ParentOrder } from "../core/domain/parent-order.ts";
import { type Micros, micros, SECOND } from "../core/domain/units.ts";
import type { ArrivalConfig } from "../runtime/config.ts";
import { JournalError } from "../runtime/journal/journal.ts";
import { type LiveRun, restingOf } from "../runtime/live/live-run.ts";
import { openLiveRun } from "../runtime/live/open-run.ts";
import {
  type LiveFault,
  LiveHalt,
  type LiveRequest,
  type LiveResult,
} from "../runtime/live/live-terms.ts";
import type { RunLabel } from "../runtime/alerts/alert-channel.ts";
import type { NewsFeed } from "../feeds/news-feed.ts";
import type { Plugin } from "../runtime/plugin.ts";
import type { Venue } from "../venues/venue.ts";
import { advised, boundNote, experienceFor } from "./advised.ts";
import { costTable } from "./cost-table.ts";
import { requestOf } from "./order-options.ts";
import { CommandError, EXIT, hasColour, note, print, printJson } from "./output.ts";
import type { RunFlags } from "./run.ts";
import { Attendance } from "./run-attended.ts";
import { RunDashboard } from "./run-dashboard.ts";
import { assertAskable, assertFeasible, confirm, showPreflight } from "./run-confirm.ts";
import { noteNotice, noteStep, RunScreen } from "./run-screen.ts";
import { accessOf } from "./venue-access.ts";
import { Signals } from "./signals.ts";

export interface Prepared {
  readonly config: ArrivalConfig;
  readonly plugins: readonly Plugin[];
  readonly parentId: string;
  readonly journal: string;
  readonly advisor?: Advisor | undefined;
  readonly news?: readonly NewsFeed[];
  /** What is known of orders of this kind in this market. */
  readonly experienceOf?: Awaited<ReturnType<typeof experienceFor>>;
  readonly dashboard?: RunDashboard | undefined;
}

/** @returns the exit code. */
export async function runLive(venue: Venue, flags: RunFlags, prepared: Prepared): Promise<number> {
  if (isAsked(flags)) assertAskable();
  const { config, journal, plugins } = prepared;
  const dashboard = RunDashboard.asked(flags, journal, plugins);
  Attendance.check(config, journal);
  keepPrivate();
  const news = await feedsOf(flags);
  const experienceOf = await experienceFor(flags, config, flags.symbol, plugins);
  return advised(config, { json: flags.json === true, journal }, (advisor) =>
    runAdvised(venue, flags, { ...prepared, advisor, news, experienceOf, dashboard }),
  );
}

export async function feedsOf({ news }: Pick<RunFlags, "news">): Promise<readonly NewsFeed[]> {
  if (news === undefined) return [];
  const { liveFeeds } = await import("../runtime/advice/news.ts");
  const feeds = liveFeeds(news);
  if (!feeds.ok) throw new CommandError(feeds.error.code, feeds.error.text);
  return feeds.value;
}

async function runAdvised(venue: Venue, flags: RunFlags, prepared: Prepared): Promise<number> {
  const signals = new Signals();
  const attendance = new Attendance();
  const { dashboard } = prepared;
  try {
    const run = await open(venue, flags, prepared, signals, attendance);
    try {
      await ask(run, flags, signals);
      Attendance.check(prepared.config, prepared.journal);
      attendance.tellAlerts(run.config, labelOf(run, venue.name), "all");
      const control = await attendance.open(run, prepared.journal, venue.name);
      await dashboard?.open(run, control, venue.name);
      if (signals.count > 0) throw interrupted();
    } catch (error) {
      await run.discard();
      throw error;
    }
    const begun = run.begin();
    if (!begun.ok) {
      await run.discard();
      throw failure(begun.error);
    }
    return await work(run, begun.value, flags, { signals, attendance, dashboard });
  } finally {
    await dashboard?.close();
    signals.close();
    await attendance.close();
  }
}

/** What stands around a run while it works. */
export interface Around {
  readonly signals: Signals;
  readonly attendance: Attendance;
  readonly dashboard: RunDashboard | undefined;
}

/** Until it has ended, however that comes about. */
export async function work(
  run: LiveRun,
  { startAt, deadline }: Pick<ParentOrder, "startAt" | "deadline">,
  flags: WorkFlags,
  { signals, attendance, dashboard }: Around,
): Promise<number> {
  const over = micros(Math.max(SECOND, deadline - startAt));
  const screen = new RunScreen(run, startAt, over, flags.json === true);
  signals.onEach = (count) => interrupt(run, attendance, count);
  signals.onFault = (error) => {
    if (dashboard?.took(error) !== true) run.fail(error);
  };
  await run.ended;
  screen.stop();
  const resting = restingOf(run);
  const result = await run.finish();
  for (const line of attendance.killed) note(line);
  await attendance.close(result);
  return end(run, flags, result, resting, signals.count > 0 || attendance.wasKilled);
}

/** What is shown of a run in the end hangs on these. */
export type WorkFlags = Pick<RunFlags, "venue" | "network" | "category" | "dcp" | "json" | "seed">;

async function open(
  venue: Venue,
  flags: RunFlags,
  { plugins, parentId, journal, config, advisor, news, experienceOf, dashboard }: Prepared,
  signals: Signals,
  attendance: Attendance,
): Promise<LiveRun> {
  note(`opening ${venue.name}: ${flags.symbol} ${flags.category}`);
  let run: LiveRun | undefined;
  const opened = await openLiveRun({
    venue,
    request: (instrument): LiveRequest => ({
      ...requestOf(flags, config, instrument),
      plugins,
      ...experienceOf?.(instrument),
      ...(flags.reduceOnly === true ? { reduceOnly: true } : {}),
    }),
    journal,
    parentId,
    access: accessOf(flags),
    advisor,
    news,
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
  });
  if (!opened.ok) throw signals.count > 0 ? interrupted() : failure(opened.error);
  run = opened.value;
  return run;
}

const labelOf = ({ parentId, session }: LiveRun, venue: string): RunLabel => ({
  parentId,
  symbol: session.header.instrument.symbol,
  venue,
});

/** What a run leaves on the disk is its user's alone. */
export const keepPrivate = (): void => void process.umask(0o077);

/** Shows what the order would mean, and asks where money is at stake. */
async function ask(run: LiveRun, flags: RunFlags, signals: Signals): Promise<void> {
  const ready = await run.ready(signals.aborted);
  if (signals.count > 0) throw interrupted();
  if (!ready.ok) throw failure(ready.error);
  const looked = await run.preflight(signals.aborted);
  if (signals.count > 0) throw interrupted();
  if (!looked.ok) throw failure(looked.error);
  const { account, header } = run.session;
  const { symbol } = header.instrument;
  const title =
    `${flags.side} ${flags.quantity ?? `${flags.notional} ${header.instrument.quote} of`} ` +
    `${symbol} on ${flags.venue}${flags.network === undefined ? "" : ` ${flags.network}`}; ` +
    `the account has ${account.equity} ${account.coin} (tick ${formatDecimal(
      header.instrument.tickSize,
    )}, lot ${formatDecimal(header.instrument.lotSize)})`;
  showPreflight(looked.value, title);
  assertFeasible(looked.value, flags.acceptInfeasible === true);
  const order = run.order();
  const bound = order.ok ? boundNote(run, order.value) : "";
  if (bound !== "") note(bound);
  if (isAsked(flags)) await confirm(symbol, signals.aborted);
  if (signals.count > 0) throw interrupted();
}

/** Whether money moves, and nobody has said that it shall. */
const isAsked = ({ venue, network, yes }: RunFlags): boolean =>
  venue === "bybit" && network === "mainnet" && yes !== true;

function interrupt(run: LiveRun, attendance: Attendance, count: number): void {
  if (count === 1) {
    const what = {
      ended: "the order had ended, so has the looking on",
      left: "leaving what rests at the venue",
      canceling: "withdrawing what rests; again: by every way there is",
      finishing: "finishing now, as --residual says; again: withdrawing what rests",
    } as const;
    note(`interrupted: ${what[run.interrupt(run.config.live.onInterrupt, "operator")]}`);
  } else if (count === 2) {
    note("withdrawing everything now; once more leaves at once");
    attendance.kill("operator", "interrupted twice");
  } else {
    process.exit(EXIT.interrupted);
  }
}

function end(
  run: LiveRun,
  flags: WorkFlags,
  result: LiveResult,
  resting: readonly string[],
  wasInterrupted: boolean,
): number {
  if (flags.json === true) printJson(jsonOf(run, flags, result, resting));
  else show(run, result, resting);
  if (flags.dcp !== undefined && flags.venue === "bybit") note(protectionText(flags, flags.dcp));
  return exitCodeOf(result, wasInterrupted);
}

/** @throws what the run has failed by: orders may rest at the venue that nobody wants there. */
export function exitCodeOf(result: LiveResult, wasInterrupted: boolean): number {
  if (result.end.kind === "halted") throw haltedBy(result);
  if (result.end.kind === "over" && result.end.unwithdrawn !== undefined) {
    throw new CommandError("RUN_UNCONFIRMED", lookAtVenue(result.end.unwithdrawn), EXIT.no);
  }
  if (wasInterrupted) return EXIT.interrupted;
  return result.report === null || result.phase === "failed" ? EXIT.no : EXIT.done;
}

/** The venue's switch stays as it was set, and is the account's, not the run's. */
function protectionText({ category }: WorkFlags, dcp: Micros): string {
  const what = category === "spot" ? "spot" : "contract";
  const span = `${Math.ceil(dcp / 1e6)} s`;
  return (
    `disconnect protection stays set at ${span} for all ${what} orders of the account, and that ` +
    `this run leaves may count as a disconnection: in ${span} look whether other programs' ` +
    `${what} orders still rest`
  );
}

const lookAtVenue = (unwithdrawn: string): string =>
  `LOOK AT THE VENUE, orders may still rest there: ${unwithdrawn}`;

function jsonOf(run: LiveRun, flags: WorkFlags, result: LiveResult, resting: readonly string[]) {
  const { end: how, ...rest } = result;
  return {
    venue: flags.venue,
    network: flags.network ?? "mainnet",
    strategy: run.config.strategy,
    seed: flags.seed,
    end: how.kind,
    resting: how.kind === "left" ? resting : [],
    ...(how.kind === "left" || how.unwithdrawn === undefined
      ? {}
      : { unwithdrawn: how.unwithdrawn }),
    ...rest,
  };
}

function show(run: LiveRun, result: LiveResult, resting: readonly string[]): void {
  const { orders } = result;
  if (orders !== undefined) print(ordersText(orders));
  else if (result.report === null) note(`no execution: ${result.phase}, ${result.reason}`);
  else print(`${costTable(result.report, { colour: hasColour() })}\n`);
  if (result.end.kind === "left") {
    const what =
      resting.length === 0 ? "nothing rests there" : `still there: ${resting.join(", ")}`;
    print(`left at the venue; ${what}\n`);
  } else if (orders === undefined) print(`${result.phase}: ${result.reason}\n`);
  if (result.refusals.length > 0) {
    const counts = result.refusals.map(({ code, count }) => `${code} ${count} times`);
    print(`the risk gate refused: ${counts.join(", ")}\n`);
  }
  const speed = result.tickToOrder;
  if (speed !== undefined) {
    const { total, durable } = speed;
    print(
      `row to order: ${Math.round(total.p50)} µs at the median, ${Math.round(total.p99)} µs at ` +
        `p99 over ${total.count}; of it ${Math.round(durable.p50)} µs to make the reason durable\n`,
    );
  }
  print(`strategy: ${run.config.strategy.name}; ${result.rows.toLocaleString("en-US")} rows\n`);
  const { journal, marketFile } = result;
  print(`journal: ${journal}, rows: ${marketFile} (check it: arrival replay ${journal})\n`);
}

/** Of a desk's journal: a line each; `arrival report` has the rest. */
const ordersText = (orders: NonNullable<LiveResult["orders"]>): string =>
  orders
    .map(({ parentId, phase, reason, report }) => {
      const { quantity, side, shortfall } = report ?? {};
      const done =
        quantity === undefined ? "" : `${side} ${quantity.filled} of ${quantity.intended}, `;
      const bps = shortfall?.total.bps;
      const cost = typeof bps === "number" ? `, shortfall ${bps.toFixed(2)} bps` : "";
      return `${parentId}: ${done}${phase} (${reason})${cost}\n`;
    })
    .join("");

function haltedBy({ end: how }: LiveResult): unknown {
  invariant(how.kind === "halted", "something broke");
  const { error, unwithdrawn } = how;
  const rest = unwithdrawn === undefined ? "everything was withdrawn" : lookAtVenue(unwithdrawn);
  if (error instanceof JournalError) {
    return new CommandError(error.fault.code, `${error.fault.text}; ${rest}`, EXIT.no);
  }
  if (error instanceof LiveHalt) {
    return new CommandError(error.code, `${error.message}; ${rest}`, EXIT.no);
  }
  note(`stopped: ${rest}`);
  return error;
}

/** What may be otherwise in a minute is no bad input: a supervisor is to try again. */
export const failure = ({ code, text }: LiveFault): CommandError =>
  new CommandError(code, text, MAY_PASS.test(code) ? EXIT.no : EXIT.usage);

const MAY_PASS = /^VENUE_|^RUN_NO_BOOK$|^JOURNAL_(?:FULL_DISK|IO)$/;

const interrupted = (): CommandError =>
  new CommandError("INTERRUPTED", "interrupted; nothing was sent", EXIT.interrupted);
