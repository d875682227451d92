/**
 * `arrival serve`: a desk in a folder, and the server by which people and programs steer it.
 *
 * What must stay true: nobody gets in before they hold a token that was shown once, here; whatever
 * the server does, the desk's orders are worked; and however it ends, they are left at the venue or
 * withdrawn as was said.
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import type { Advisor } from "../advisors/advisor.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { SECOND } from "../core/domain/units.ts";
import { SYSTEM_TIMERS } from "../data/network/timers.ts";
import { AlertDesk } from "../runtime/alerts/alert-desk.ts";
import { channelsThatOpen } from "../runtime/alerts/alert-channels.ts";
import { alertsOf } from "../runtime/alerts/run-alerts.ts";
import type { ArrivalConfig } from "../runtime/config.ts";
import { openDesk } from "../runtime/desk/desk.ts";
import type { Desk, DeskVenue, VenueAsk } from "../runtime/desk/desk-terms.ts";
import { chooseVenue } from "../runtime/live/venue-choice.ts";
import { Access, type NewToken } from "../server/access.ts";
import { openServer } from "../server/server.ts";
import type { Server } from "../server/server-terms.ts";
import type { VenueFault } from "../venues/venue.ts";
import { advised } from "./advised.ts";
import { addAdviceOptions, configOf, type OrderFlags } from "./order-options.ts";
import { CommandError, EXIT, neverWaitForReader, note, print } from "./output.ts";
import { pluginOption, pluginsOf } from "./plugins.ts";
import { assertAskable, confirm } from "./run-confirm.ts";
import {
  addTradingOptions,
  liveConfigOf,
  networkOption,
  type RunFlags,
  venueOption,
} from "./run.ts";
import { feedsOf, keepPrivate } from "./run-live.ts";
import { noteNotice } from "./run-screen.ts";
import { addServerOptions, marketOf, type ServeFlags, wholeIn } from "./serve-options.ts";
import { Signals } from "./signals.ts";
import { accessOf } from "./venue-access.ts";

/** Beside the program, in a checkout and in a package alike. */
const PAGE = fileURLToPath(new URL("../../dist/dashboard", import.meta.url));

export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .argument("[folder]", "where journals, tokens and what waits for a word lie", "desk")
    .description("hosts a desk: many orders, seen and steered by a page and an API")
    .addOption(venueOption().makeOptionMandatory(false))
    .addOption(networkOption())
    .option("--local-url <url>", "what `arrival exchange` printed, for --network local")
    .option(
      "--market <category:symbol>",
      "opened at the start, may be repeated; others are when somebody asks",
      marketOf,
    )
    .option("--read-only", "only looks on: no venue, nothing is sent, nothing is steered");
  addServerOptions(command);
  addAdviceOptions(command)
    .option("--config <file>", "settings, YAML or JSON: what an order's form leaves out")
    .option("--seed <n>", "seed of everything that is drawn", wholeIn(0, 0xffffffff), 1);
  addTradingOptions(command)
    .addOption(pluginOption())
    .addOption(
      new Option("--on-exit <policy>", "what Ctrl-C does with orders at the venue")
        .choices(["cancel", "leave"])
        .default("cancel"),
    )
    .option("--yes", "trade on mainnet without being asked")
    .option("--json", "print the address and new tokens as one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string, flags: ServeFlags) => {
      process.exitCode = await serve(resolve(folder), flags);
    });
}

const EXAMPLES = `
At the first start a token is made for each user and shown once: keep it, or open the link.

Examples:
  arrival serve my-desk --venue paper --market linear:BTCUSDT
  arrival serve my-desk --venue bybit --network demo --second-approval 250000 \\
    --user ann:trader --user ben:trader --user cleo:viewer
  arrival serve journals --read-only
  arrival serve my-desk --venue paper --host 0.0.0.0 --name desk.example \\
    --tls-cert cert.pem --tls-key key.pem`;

async function serve(folder: string, flags: ServeFlags): Promise<number> {
  checkFlags(flags);
  keepPrivate();
  neverWaitForReader();
  const plugins = await pluginsOf(flags);
  const { market: _, ...trading } = flags;
  const config = liveConfigOf(trading, configOf(orderFlags(trading), plugins));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const signals = new Signals();
  const log = openLog(flags.log);
  try {
    if (isAsked(flags)) await confirm("mainnet", signals.aborted);
    const journal = resolve(folder, "desk.journal");
    const work = (advisor: Advisor | undefined): Promise<number> =>
      host(folder, flags, { config, plugins, advisor, signals, log });
    if (flags.readOnly === true) return await work(undefined);
    const asked = { json: flags.json === true, journal, countsItself: true };
    return await advised(config, asked, work);
  } finally {
    signals.close();
    log?.close();
  }
}

/** What the settings hang on, of the flags of an order. */
const orderFlags = (flags: Omit<ServeFlags, "market">): OrderFlags => ({
  ...flags,
  side: "buy",
  over: SECOND,
  cross: true,
  residual: "leave",
});

/** The page on a folder of journals, for whoever has just made one. @returns the exit code. */
export const lookOn = (folder: string): Promise<number> =>
  serve(folder, {
    host: "127.0.0.1",
    port: 0,
    user: [{ name: "viewer", role: "viewer" }],
    readOnly: true,
    rate: 10,
    onExit: "leave",
    seed: 1,
  });

interface Hosting {
  readonly config: ArrivalConfig;
  readonly plugins: Awaited<ReturnType<typeof pluginsOf>>;
  readonly advisor: Advisor | undefined;
  readonly signals: Signals;
  readonly log: Log | undefined;
}

/** @returns the exit code. */
async function host(folder: string, flags: ServeFlags, hosting: Hosting): Promise<number> {
  const { signals, log } = hosting;
  signals.onEach = (count) => {
    if (count > 1) process.exit(EXIT.interrupted);
  };
  const access = Access.open(folder, flags.user ?? [], flags.newTokens === true);
  if (!access.ok) throw new CommandError(access.error.code, access.error.text);
  const alerts = alertsFor(flags, hosting.config);
  const desk = await deskOf(folder, flags, hosting, alerts);
  let server: Server | undefined;
  try {
    server = await serverOf(desk, flags, access.value.access, log);
    if (flags.json === true) print(`${jsonOf(server, access.value.made)}\n`);
    else print(welcome(server, folder, access.value.made));
    await interrupted(signals);
  } finally {
    await leave(desk, server, flags, signals);
    await alerts?.close();
  }
  return EXIT.done;
}

async function deskOf(
  folder: string,
  flags: ServeFlags,
  { config, plugins, advisor }: Hosting,
  alerts: AlertDesk | undefined,
): Promise<Desk> {
  const { venue = "paper", network = "mainnet", seed } = flags;
  const opened = await openDesk({
    folder,
    place: [venue, network, ...(network === "local" ? [flags.localUrl] : [])].join(" "),
    config,
    seed,
    plugins,
    venueFor: (ask) => venueFor(ask, flags, config),
    markets: flags.market ?? [],
    advisor,
    news: await feedsOf(flags as Pick<RunFlags, "news">),
    isReadOnly: flags.readOnly === true,
    onNotice: (journal, notice) => {
      noteNotice({ ...notice, text: journal === "" ? notice.text : `${journal}: ${notice.text}` });
      alerts?.tell({ ...notice, text: `${journal} ${notice.text}`.trim() });
    },
    onStep: (journal, event, outputs) => {
      for (const alert of alertsOf(event, outputs)) {
        alerts?.tell({ ...alert, text: `${journal}: ${alert.text}` });
      }
    },
  });
  if (opened.ok) return opened.value;
  const { code, text } = opened.error;
  throw new CommandError(code, text, code === "DESK_LOCKED" ? EXIT.no : EXIT.usage);
}

function venueFor(
  { category, symbol, runId, header }: VenueAsk,
  flags: ServeFlags,
  config: ArrivalConfig,
): Result<DeskVenue, VenueFault> {
  const { venue = "paper", network = "mainnet" } = flags;
  if (flags.readOnly === true) {
    return err({ code: "VENUE_CREDENTIALS", text: "this desk only looks on" });
  }
  // A desk trades both ways; what the side is for is a paper account that is lent what it sells.
  const choice = { ...flags, venue, network, category, symbol, side: "buy" } as const;
  const chosen = chooseVenue({
    ...choice,
    quantity: undefined,
    config,
    seed: header?.seed ?? flags.seed,
    parentId: runId,
    environment: process.env,
  });
  if (!chosen.ok) return chosen;
  return ok({ venue: chosen.value, access: accessOf(choice as unknown as RunFlags) });
}

async function serverOf(
  desk: Desk,
  flags: ServeFlags,
  access: Access,
  log: Log | undefined,
): Promise<Server> {
  const { tlsCert, tlsKey } = flags;
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { cert: readText(tlsCert), key: readText(tlsKey) };
  const opened = await openServer({
    desk,
    access,
    host: flags.host,
    port: flags.port,
    tls,
    isBehindTls: flags.behindTls === true,
    names: flags.name ?? [],
    secondApproval: flags.secondApproval,
    isReadOnly: flags.readOnly === true,
    page: PAGE,
    log,
    updatesPerSecond: flags.rate,
  });
  if (opened.ok) return opened.value;
  const isPassing = opened.error.code === "SERVER_ADDRESS";
  throw new CommandError(opened.error.code, opened.error.text, isPassing ? EXIT.no : EXIT.usage);
}

/** No request comes in any more, then the orders are left or withdrawn; a second Ctrl-C leaves. */
async function leave(
  desk: Desk,
  server: Server | undefined,
  { onExit, readOnly }: ServeFlags,
  signals: Signals,
): Promise<void> {
  signals.onEach = () => process.exit(EXIT.interrupted);
  const working = desk.rows().filter(({ isLive }) => isLive).length;
  if (readOnly !== true && working > 0) {
    note(
      onExit === "leave"
        ? `${working} orders are left at the venue as they are; start again to go on with them`
        : `withdrawing what rests of ${working} orders; again leaves at once`,
    );
  }
  await server?.close();
  await desk.close(onExit);
  note("closed");
}

const interrupted = (signals: Signals): Promise<void> =>
  new Promise((done) => {
    signals.onEach = () => done();
    if (signals.count > 0) done();
  });

/** What is told out of band, of all the desk's runs. */
function alertsFor(flags: ServeFlags, { alerts }: ArrivalConfig): AlertDesk | undefined {
  const { channels, faults } = channelsThatOpen(alerts, process.env);
  for (const { text, code } of faults) note(`alerts: ${text}; it goes on without [${code}]`);
  if (channels.length === 0) return undefined;
  return new AlertDesk({
    channels,
    settings: alerts,
    run: { parentId: "desk", symbol: "all", venue: flags.venue ?? "paper" },
    timers: SYSTEM_TIMERS,
    now: Date.now,
    onProblem: note,
  });
}

/** The only place where tokens are shown. */
function jsonOf({ url }: Server, made: readonly NewToken[]): string {
  return JSON.stringify({ url, tokens: made });
}

function welcome({ url }: Server, folder: string, made: readonly NewToken[]): string {
  const lines = made.map(
    ({ name, role, token }) => `  ${name.padEnd(12)} ${role.padEnd(7)} ${url}/#token=${token}\n`,
  );
  const how = "Tokens, shown this once. Open a link, or send Authorization: Bearer TOKEN";
  const tokens =
    made.length === 0
      ? `Users and roles as before; --new-tokens makes their tokens anew.\n`
      : `${how}\n${lines.join("")}`;
  return `The desk in ${folder}: ${url}\n${tokens}Ctrl-C ends it.\n`;
}

const isAsked = ({ venue, network, yes, readOnly }: ServeFlags): boolean =>
  venue === "bybit" && network === "mainnet" && yes !== true && readOnly !== true;

const usage = (text: string): never => {
  throw new CommandError("USAGE", text);
};

/** @throws CommandError */
function checkFlags(flags: ServeFlags): void {
  const { venue, network, readOnly, tlsCert, tlsKey, behindTls } = flags;
  if (readOnly !== true && venue === undefined) usage("say --venue, or --read-only to look on");
  if (venue === "bybit" && network === undefined && readOnly !== true) {
    usage("say whose with --network");
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    usage("give both --tls-cert and --tls-key");
  if (tlsCert !== undefined && behindTls === true) usage("give either --tls-cert or --behind-tls");
  if (isAsked(flags)) assertAskable();
}

interface Log {
  write(line: string): void;
  close(): void;
}

function openLog(path: string | undefined): Log | undefined {
  if (path === "-" || (path === undefined && process.stderr.isTTY !== true)) {
    return { write: (line) => note(line.trimEnd()), close: () => undefined };
  }
  if (path === undefined) return undefined;
  let file: number;
  try {
    file = openSync(path, "a", 0o600);
  } catch (error) {
    throw new CommandError("SERVER_LOG", `${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
  return {
    write: (line) => {
      try {
        writeSync(file, line);
      } catch {
        // A full disk takes no line; whatever the line told goes on.
      }
    },
    close: () => closeSync(file),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandError("SERVER_TLS", `${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
