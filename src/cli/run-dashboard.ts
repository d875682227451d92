/**
 * Run dashboard: the page and the API beside one run, for as long as it works.
 *
 * What must stay true: the run does not depend on it. What cannot be opened is noted; what breaks
 * in the server, or in whatever the server began, closes the server and nothing else; and what is
 * asked of the order through it is the run's own work, whose faults are the run's.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdirSync } from "node:fs";
import { RunDesk } from "../runtime/desk/run-desk.ts";
import { stemOf, wholePath } from "../runtime/live/control-address.ts";
import type { ControlDesk } from "../runtime/live/control-desk.ts";
import type { LiveRun } from "../runtime/live/live-run.ts";
import type { RunFollower } from "../runtime/live/run-follower.ts";
import type { Plugin } from "../runtime/plugin.ts";
import { isLoopback } from "../server/addresses.ts";
import type { Step, Telemetry } from "../server/telemetry-terms.ts";
import { CommandError, note } from "./output.ts";
import { checkDashboard, type DashboardFlags, DEFAULT_HOST } from "./serve-options.ts";
import type { Log, Opened } from "./serving.ts";

/** What the server began runs in here, and so do its faults. */
const WITHIN = new AsyncLocalStorage<RunDashboard | undefined>();

export class RunDashboard {
  readonly #flags: DashboardFlags;
  readonly #desk: RunDesk;
  readonly #folder: string;
  #log: Log | undefined;
  #telemetry: Telemetry | undefined;
  #opened: Opened | undefined;
  #closing: Promise<void> | undefined;

  /**
   * To be called before anything is opened: what is said wrongly is refused then.
   *
   * @returns undefined: nobody asked for one.
   * @throws CommandError
   */
  static asked(
    flags: DashboardFlags,
    journal: string,
    plugins: readonly Plugin[] = [],
  ): RunDashboard | undefined {
    checkDashboard(flags);
    if (flags.dashboard !== true) return undefined;
    const { host = DEFAULT_HOST, tlsCert, behindTls } = flags;
    if (!isLoopback(host) && tlsCert === undefined && behindTls !== true) {
      const text = `${host} is not this machine alone: give --tls-cert and --tls-key, or say`;
      throw new CommandError("SERVER_PLAIN", `${text} --behind-tls`);
    }
    return new RunDashboard(flags, wholePath(journal), plugins);
  }

  private constructor(flags: DashboardFlags, journal: string, plugins: readonly Plugin[]) {
    this.#flags = flags;
    this.#folder = `${stemOf(journal)}.dashboard`;
    this.#desk = new RunDesk({ journal, plugins, apart });
  }

  /** For whoever opens the run. */
  get follower(): RunFollower {
    return this.#desk.follower;
  }

  /** The run is shown and steered from here on. Whatever goes wrong is noted. */
  async open(run: LiveRun, control: ControlDesk, venue: string): Promise<void> {
    this.#desk.take(run, control, venue);
    try {
      await WITHIN.run(this, () => this.#serve());
    } catch (error) {
      await this.close();
      const code = error instanceof CommandError ? ` [${error.code}]` : "";
      note(`there is no dashboard${code}: ${textOf(error)}; the order is worked without it`);
    }
  }

  async #serve(): Promise<void> {
    const { openLog, openServing, telemetryFor, tokensText } = await import("./serving.ts");
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#log = openLog(this.#flags.log);
    this.#telemetry = await telemetryFor();
    const beside = { log: this.#log, telemetry: this.#telemetry };
    const open = (flags: DashboardFlags) => openServing(this.#desk, this.#folder, flags, beside);
    const opened = await open(this.#flags).catch((error: unknown) => {
      if (!(error instanceof CommandError) || error.code !== "SERVER_ADDRESS") throw error;
      note(`${error.message}: the dashboard takes another port [${error.code}]`);
      return open({ ...this.#flags, newTokens: true, port: 0 });
    });
    this.#opened = opened;
    note(`The dashboard of this order: ${opened.server.url}\n${tokensText(opened).trimEnd()}`);
  }

  /** Of the run, for its traces. */
  stepped(step: Step): void {
    this.#telemetry?.step(step);
  }

  /** Whether what nobody caught was the server's: that is closed then, and the run goes on. */
  took(error: unknown): boolean {
    if (WITHIN.getStore() !== this) return false;
    note(`the dashboard has failed and is closed, the order is worked on: ${textOf(error)}`);
    void this.close();
    return true;
  }

  /** Never throws; viewers are told how things stand first. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#opened?.server.close();
      await this.#desk.close();
      const telemetry = this.#telemetry;
      this.#telemetry = undefined;
      await telemetry?.close();
      this.#log?.close();
    } catch (error) {
      note(`the dashboard was not closed in order: ${textOf(error)}`);
    }
  }
}

const apart = <Value>(work: () => Value): Value => WITHIN.run(undefined, work);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
