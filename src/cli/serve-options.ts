/**
 * Serve options: the flags of a server, whether it hosts a desk or stands beside a run, and those
 * of `arrival serve` alone.
 */
import { isAbsolute } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import type { VenueAsk } from "../runtime/desk/desk-terms.ts";
import { ROLES, type User, userOf } from "../server/access.ts";
import { DEFAULT_PORT, MOST_UPDATES } from "../server/server-terms.ts";
import { CommandError } from "./output.ts";
import type { PluginFlags } from "./plugins.ts";
import type { RunFlags } from "./run.ts";

type Market = Pick<VenueAsk, "category" | "symbol">;

type TradingFlags =
  | "venue"
  | "network"
  | "localUrl"
  | "depth"
  | "killFile"
  | "maxOrderValue"
  | "minOrderInterval"
  | "dcp"
  | "leverage"
  | "position"
  | "credentials"
  | "news"
  | "advisor"
  | "influence"
  | "config"
  | "yes"
  | "json";

/** Absent: the default. */
export interface ServerFlags {
  readonly host?: string;
  readonly port?: number;
  readonly name?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindTls?: boolean;
  readonly user?: readonly User[];
  readonly newTokens?: boolean;
  readonly secondApproval?: string;
  readonly rate?: number;
  readonly log?: string;
}

export interface DashboardFlags extends ServerFlags {
  readonly dashboard?: boolean;
}

export interface ServeFlags
  extends PluginFlags, ServerFlags, Partial<Pick<RunFlags, TradingFlags>> {
  readonly market?: readonly Market[];
  readonly readOnly?: boolean;
  /** Where it is found is told among the notes. */
  readonly isAside?: boolean;
  readonly onExit: "leave" | "cancel";
  readonly seed: number;
}

export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_RATE = 10;

const AMOUNT = "orders worth more, in quote coin, need two people";
const RATE = `of one thing to one viewer, a second [${DEFAULT_RATE}]`;

export function addServerOptions(command: Command): Command {
  const host = `where it listens; others than this machine need TLS [${DEFAULT_HOST}]`;
  const port = `0 takes any that is free [${DEFAULT_PORT}]`;
  return command
    .option("--host <address>", host)
    .option("--port <n>", port, wholeIn(0, 65_535))
    .option("--name <name>", "NAME or NAME:PORT it is called by from outside; repeatable", nameOf)
    .option("--tls-cert <file>", "certificate, PEM")
    .option("--tls-key <file>", "its key, PEM")
    .option("--behind-tls", "somebody before it speaks TLS, and nobody else can reach it")
    .option("--user <name:role>", `${ROLES.join(", ")}; may be repeated [one each]`, addUser)
    .option("--new-tokens", "make all tokens anew: the old ones are good for nothing")
    .option("--second-approval <n>", AMOUNT, amountOf)
    .option("--rate <n>", RATE, wholeIn(1, MOST_UPDATES));
}

const BESIDE = "serve the page and API of `arrival serve` for this order alone, while it works";

/** The same server for one run: beside `arrival run` and `resume`, and behind `backtest`. */
export function addDashboardOptions(command: Command, what = BESIDE): Command {
  return addServerOptions(command.optionsGroup("The dashboard:").option("--dashboard", what))
    .option("--log <file>", "of the dashboard: JSON lines; - for standard error [none]")
    .optionsGroup("");
}

const SERVER_FLAGS = [
  "host",
  "port",
  "name",
  "tlsCert",
  "tlsKey",
  "behindTls",
  "user",
  "newTokens",
  "secondApproval",
  "rate",
  "log",
] as const satisfies readonly (keyof ServerFlags)[];

/** Of all flags of a command those that are its server's. */
export const serverFlags = (flags: ServerFlags): ServerFlags =>
  Object.fromEntries(
    SERVER_FLAGS.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  );

/** @throws CommandError where they do not go together. */
export function checkDashboard(flags: DashboardFlags): void {
  const given = SERVER_FLAGS.find((name) => flags[name] !== undefined);
  if (flags.dashboard !== true && given !== undefined) {
    const option = given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new CommandError("USAGE", `--${option} is of the dashboard: say --dashboard, too`);
  }
  checkServer(flags);
}

/** @throws CommandError */
export function checkServer({ tlsCert, tlsKey, behindTls }: ServerFlags): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new CommandError("USAGE", "give both --tls-cert and --tls-key");
  }
  if (tlsCert !== undefined && behindTls === true) {
    throw new CommandError("USAGE", "give either --tls-cert or --behind-tls");
  }
}

export function marketOf(text: string, before: readonly Market[] = []): readonly Market[] {
  const [, category, symbol] =
    /^(spot|linear|inverse):([A-Z0-9][A-Z0-9_-]{0,39})$/.exec(text) ?? [];
  if (category === undefined || symbol === undefined) {
    throw new InvalidArgumentError("CATEGORY:SYMBOL, such as linear:BTCUSDT.");
  }
  return [...before, { category: category as ContractKind, symbol }];
}

function addUser(text: string, before: readonly User[] = []): readonly User[] {
  const user = userOf(text);
  if (user === undefined) {
    throw new InvalidArgumentError(`NAME:ROLE, such as ann:trader; roles: ${ROLES.join(", ")}.`);
  }
  if (before.some(({ name }) => name === user.name)) {
    throw new InvalidArgumentError(`${user.name} is there already.`);
  }
  return [...before, user];
}

function nameOf(text: string, before: readonly string[] = []): readonly string[] {
  if (/^[a-z0-9.-]{1,200}(?::\d{1,5})?$/i.test(text) && !isAbsolute(text)) {
    return [...before, text.toLowerCase()];
  }
  throw new InvalidArgumentError("NAME or NAME:PORT, such as desk.example.");
}

function amountOf(text: string): string {
  if (/^\d{1,18}(\.\d{1,18})?$/.test(text)) return text;
  throw new InvalidArgumentError("An amount in quote coin, such as 250000.");
}

export function wholeIn(from: number, until: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= from && value <= until) return value;
    throw new InvalidArgumentError(`A whole number from ${from} to ${until}.`);
  };
}
