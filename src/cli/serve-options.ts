/**
 * Serve options: the flags of `arrival serve` that `arrival run` does not have, and their texts.
 */
import { isAbsolute } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import type { VenueAsk } from "../runtime/desk/desk-terms.ts";
import { ROLES, type User, userOf } from "../server/access.ts";
import { DEFAULT_PORT, MOST_UPDATES } from "../server/server-terms.ts";
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

export interface ServeFlags extends PluginFlags, Partial<Pick<RunFlags, TradingFlags>> {
  readonly market?: readonly Market[];
  readonly host: string;
  readonly port: number;
  readonly name?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindTls?: boolean;
  readonly user?: readonly User[];
  readonly newTokens?: boolean;
  readonly secondApproval?: string;
  readonly readOnly?: boolean;
  readonly rate: number;
  readonly log?: string;
  readonly onExit: "leave" | "cancel";
  readonly seed: number;
}

export function addServerOptions(command: Command): void {
  command
    .option("--host <address>", "where it listens; others than this machine need TLS", "127.0.0.1")
    .option("--port <n>", "0 takes any that is free", wholeIn(0, 65_535), DEFAULT_PORT)
    .option("--name <name>", "NAME or NAME:PORT it is called by from outside; repeatable", nameOf)
    .option("--tls-cert <file>", "certificate, PEM")
    .option("--tls-key <file>", "its key, PEM")
    .option("--behind-tls", "somebody before it speaks TLS, and nobody else can reach it")
    .option("--user <name:role>", `${ROLES.join(", ")}; may be repeated [one each]`, addUser)
    .option("--new-tokens", "make all tokens anew: the old ones are good for nothing")
    .option("--second-approval <n>", "orders worth more, in quote coin, need two people", amountOf)
    .option("--rate <n>", "of one thing to one viewer, a second", wholeIn(1, MOST_UPDATES), 10)
    .option("--log <file>", "JSON lines; - for standard error [-, where that is no terminal]");
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
