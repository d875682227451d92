/**
 * Run attended: what reaches into a live run from outside, and what is told of it: the socket for
 * `arrival ctl`, the kill file, the kill signal, and alerts.
 *
 * What must stay true: a kill by any of these hangs on no venue, no feed and no terminal; and none
 * of this can stop the run by failing.
 */
import type { ChildOrder } from "../core/domain/child-order.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import { SYSTEM_TIMERS } from "../data/network/timers.ts";
import type { AlertChannel, RunLabel } from "../runtime/alerts/alert-channel.ts";
import { channelsThatOpen, openChannels } from "../runtime/alerts/alert-channels.ts";
import { AlertDesk } from "../runtime/alerts/alert-desk.ts";
import { alertsOf, endAlert } from "../runtime/alerts/run-alerts.ts";
import type { RunAlert } from "../runtime/alerts/alert.ts";
import type { ArrivalConfig } from "../runtime/config.ts";
import { JournalError } from "../runtime/journal/journal.ts";
import { besideJournal, killFileOf, wholePath } from "../runtime/live/control-address.ts";
import { ControlDesk } from "../runtime/live/control-desk.ts";
import { ControlServer } from "../runtime/live/control-server.ts";
import { foundAmong, KillFile, layKillFile } from "../runtime/live/kill-file.ts";
import { orderText } from "../runtime/live/left-orders.ts";
import type { LiveRun } from "../runtime/live/live-run.ts";
import type { LiveResult } from "../runtime/live/live-terms.ts";
import type { VenueNotice } from "../venues/venue.ts";
import { CommandError, EXIT, leaveUnread, neverWaitForReader, note } from "./output.ts";

const KILL_SIGNAL = "SIGUSR2";
const HAS_SIGNAL = process.platform !== "win32";

export class Attendance {
  #run: LiveRun | undefined;
  #journal = "";
  #alerts: AlertDesk | undefined;
  #server: ControlServer | undefined;
  #killFile: KillFile | undefined;
  /** Whether somebody has killed it, however. */
  wasKilled = false;
  /** Why, where the journal does not have it yet. */
  #unjournaled: string | undefined;
  /** A kill signal that came before there was anything to kill. */
  #isSignaled = false;
  #hasEnded = false;
  /** Child orders that were not closed when it was killed. */
  #atKill: readonly ChildOrder[] = [];
  readonly #onSignal = (): void => {
    if (this.#run === undefined) this.#isSignaled = true;
    else this.kill("signal", KILL_SIGNAL);
  };

  constructor() {
    neverWaitForReader();
  }

  /**
   * To be called before a run is begun. One that is gone on with has orders to withdraw, whoever
   * wants it stopped: see `killWhereItWasKilled`.
   *
   * @throws CommandError where it must not begin.
   */
  static check(config: ArrivalConfig, journal: string): void {
    const found = foundAmong(killFilesOf(config, journal));
    if (found !== undefined) {
      const text = `the kill file ${found} is there: remove it first, if the run is to go on`;
      throw new CommandError("RUN_KILL_FILE", text, EXIT.no);
    }
    channelsOf(config);
  }

  /**
   * From here on it can be told out of band. Once; later calls do nothing.
   *
   * @param needs "any": a channel that lacks its secret is noted, and done without.
   * @throws CommandError where all are needed and one lacks its secret.
   */
  tellAlerts(config: ArrivalConfig, run: RunLabel, needs: "all" | "any"): void {
    this.#alerts ??= new AlertDesk({
      channels: needs === "all" ? channelsOf(config) : channelsLeft(config),
      settings: config.alerts,
      run,
      timers: SYSTEM_TIMERS,
      now: Date.now,
      onProblem: note,
    });
  }

  /** The kill signal is taken from here on, and carried out once there is a run. */
  awaitSignal(journal: string): void {
    this.#journal = journal;
    if (HAS_SIGNAL) process.on(KILL_SIGNAL, this.#onSignal);
  }

  /**
   * To be called before the run begins.
   *
   * @returns what steers it, for whoever else is asked to.
   * @throws CommandError where another has its address.
   */
  async open(run: LiveRun, journal: string, venue: string): Promise<ControlDesk> {
    this.#run = run;
    this.#journal = journal;
    void run.ended.then(() => (this.#hasEnded = true));
    const control = new ControlDesk(run, {
      journal: wholePath(journal),
      venue,
      kill: (by, reason) => this.kill(by, reason),
      // Behind the turn in which the journal makes events durable.
      turn: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
    });
    await this.#listen(control, journal);
    this.#killFile = new KillFile({
      paths: killFilesOf(run.config, journal),
      onKill: (path, reason) => this.kill(path, reason),
      onLook: () => void this.#server?.mend(),
    });
    if (HAS_SIGNAL) {
      process.off(KILL_SIGNAL, this.#onSignal);
      process.on(KILL_SIGNAL, this.#onSignal);
    }
    return control;
  }

  /** To be called once a run is gone on with: a kill holds that came before, or meanwhile. */
  killWhereItWasKilled(): void {
    this.#killFile?.look();
    if (this.wasKilled) return;
    if (this.#isSignaled) return this.kill("signal", KILL_SIGNAL);
    if (this.#run?.engine.save().killed === true) {
      this.kill("the kill before the restart", "it holds for good");
    }
  }

  /** What became of the orders that were open when it was killed, in lines. */
  get killed(): readonly string[] {
    return this.#atKill.map((child) => {
      const { phase, closeReason = "closed" } = child;
      const became = phase === "closed" ? closeReason : "NOT KNOWN, look at the venue";
      const { instrument } = this.#run!.session.header;
      return `open when it was killed: ${orderText(instrument, child, became)}`;
    });
  }

  onStep(event: EngineEvent, outputs: readonly EngineOutput[]): void {
    if (event.kind === "kill-switched") this.#killTaken();
    if (event.kind === "parent-submitted" || event.kind === "session-resumed") this.#tellBegin();
    for (const alert of alertsOf(event, outputs)) {
      if (alert.code === "RUN_OPERATED") note(alert.text);
      this.tell(alert);
    }
  }

  onNotice({ severity, code, text }: VenueNotice): void {
    this.tell({ severity, code, text });
  }

  tell(alert: RunAlert): void {
    this.#alerts?.tell(alert);
  }

  /** The run has ended: nobody can reach it any more, and what is to be told is sent. */
  async close(result?: LiveResult): Promise<void> {
    this.#killFile?.close();
    if (HAS_SIGNAL) process.off(KILL_SIGNAL, this.#onSignal);
    // It could not be gone on with, and whoever tries again must not trade.
    if (this.#isSignaled && this.#run === undefined) this.#layKillFile(`killed by ${KILL_SIGNAL}`);
    this.#isSignaled = false;
    if (result !== undefined) {
      // It had its record, and that was not made durable.
      if (this.wasKilled && isUnwritten(result))
        this.#layKillFile("killed; the journal has it not");
      this.tell(endAlert(result));
    }
    const [unsent = 0] = await Promise.all([this.#alerts?.close(), this.#server?.close()]);
    if (unsent > 0) note(`alerts: ${unsent} could not be sent`);
    leaveUnread();
  }

  #tellBegin(): void {
    const strategy = this.#run?.config.strategy.name;
    this.tell({ severity: "info", code: "RUN_BEGUN", text: `at work: ${strategy}` });
  }

  /** The run does without, and says so, unless another run is at this very address. */
  async #listen(control: ControlDesk, journal: string): Promise<void> {
    const answer = control.handle.bind(control);
    const opened = await ControlServer.open({ journal, answer, onNote: note });
    if (opened.ok) {
      this.#server = opened.value;
      if (opened.value.path !== besideJournal(wholePath(journal))) {
        note(`arrival ctl reaches this run at ${opened.value.path}`);
      }
      return;
    }
    const { code, text } = opened.error;
    if (code === "CONTROL_TAKEN") throw new CommandError(code, text, EXIT.no);
    note(`arrival ctl cannot reach this run [${code}]: ${text}`);
  }

  /** Whoever wants it, by whatever way. */
  kill(by: string, reason: string): void {
    this.wasKilled = true;
    this.#unjournaled = `killed by ${by}: ${reason}`;
    this.#run?.kill(by, reason);
    note(`killed by ${by}: ${reason}; everything is being withdrawn`);
    if (this.#unjournaled !== undefined && !this.#hasEnded) this.#layKillFile(this.#unjournaled);
  }

  #killTaken(): void {
    this.wasKilled = true;
    this.#unjournaled = undefined;
    if (this.#atKill.length > 0) return;
    // Lent by the engine, which goes on to say what becomes of them.
    this.#atKill = [...(this.#run?.parent?.live ?? [])];
  }

  /** A kill that the journal could not take would be forgotten by whoever goes on with the run. */
  #layKillFile(reason: string): void {
    this.#unjournaled = undefined;
    const path = killFileOf(this.#journal);
    const why = layKillFile(path, reason);
    note(
      why === undefined
        ? `the journal could not take the kill: ${path} was laid, so that it holds after a restart`
        : `THE JOURNAL COULD NOT TAKE THE KILL, nor could ${path} be laid (${why}): lay it ` +
            "yourself, or a restart goes on with the order",
    );
  }
}

const isUnwritten = ({ end }: LiveResult): boolean =>
  end.kind === "halted" && end.error instanceof JournalError;

const killFilesOf = ({ live }: ArrivalConfig, journal: string): readonly string[] =>
  live.killFile === null ? [killFileOf(journal)] : [killFileOf(journal), live.killFile];

/** @throws CommandError where a secret of a channel is missing. */
function channelsOf({ alerts }: ArrivalConfig): readonly AlertChannel[] {
  const channels = openChannels(alerts, process.env);
  if (channels.ok) return channels.value;
  throw new CommandError(channels.error.code, channels.error.text);
}

/** Those that can be had; the others are noted. */
function channelsLeft({ alerts }: ArrivalConfig): readonly AlertChannel[] {
  const { channels, faults } = channelsThatOpen(alerts, process.env);
  for (const { code, text } of faults) note(`alerts: ${text}; it goes on without [${code}]`);
  return channels;
}
