/**
 * `arrival serve`: a desk in a folder, and the server by which people and programs steer it.
 *
 * What must stay true: nobody gets in before they hold a token that was shown once, here; whatever
 * the server does, the desk's orders are worked; and however it ends, they are left at the venue or
 * withdrawn as was said.
 */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
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
import type { Telemetry } from "../server/telemetry-terms.ts";
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
import {
  addServerOptions,
  checkServer,
  DEFAULT_HOST,
  marketOf,
  type ServeFlags,
  type ServerFlags,
  wholeIn,
} from "./serve-options.ts";
import {
  type Log,
  type Opened,
  openLog,
  openServing,
  telemetryFor,
  tokensText,
} from "./serving.ts";
import { Signals } from "./signals.ts";
import { accessOf } from "./venue-access.ts";

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
  const log = "JSON lines; - for standard error [-, where that is no terminal]";
  addServerOptions(command).option("--log <file>", log);
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
  const log = openLog(flags.log ?? (process.stderr.isTTY === true ? undefined : "-"));
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
export const lookOn = (folder: string, flags: ServerFlags = {}): Promise<number> =>
  serve(folder, {
    host: DEFAULT_HOST,
    port: 0,
    user: [{ name: "viewer", role: "viewer" }],
    ...flags,
    readOnly: true,
    isAside: true,
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
  const alerts = alertsFor(flags, hosting.config);
  const telemetry = await telemetryFor();
  const desk = await deskOf(folder, flags, hosting, alerts, telemetry);
  let opened: Opened | undefined;
  try {
    opened = await openServing(desk, folder, flags, { log, telemetry });
    if (flags.json === true) print(`${jsonOf(opened)}\n`);
    else {
      const where = `The desk in ${folder}: ${opened.server.url}\n`;
      const text = `${where}${tokensText(opened)}Ctrl-C ends it.`;
      if (flags.isAside === true) note(text);
      else print(`${text}\n`);
    }
    await interrupted(signals);
  } finally {
    await leave(desk, opened, flags, signals);
    await Promise.all([alerts?.close(), telemetry?.close()]);
  }
  return EXIT.done;
}

async function deskOf(
  folder: string,
  flags: ServeFlags,
  { config, plugins, advisor }: Hosting,
  alerts: AlertDesk | undefined,
  telemetry: Telemetry | undefined,
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
    onStep: (journal, step) => {
      telemetry?.step(step);
      for (const alert of alertsOf(step.event, step.outputs)) {
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

/** No request comes in any more, then the orders are left or withdrawn; a second Ctrl-C leaves. */
async function leave(
  desk: Desk,
  opened: Opened | undefined,
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
  await opened?.server.close();
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

const jsonOf = ({ server: { url }, made }: Opened): string => JSON.stringify({ url, tokens: made });

const isAsked = ({ venue, network, yes, readOnly }: ServeFlags): boolean =>
  venue === "bybit" && network === "mainnet" && yes !== true && readOnly !== true;

const usage = (text: string): never => {
  throw new CommandError("USAGE", text);
};

/** @throws CommandError */
function checkFlags(flags: ServeFlags): void {
  const { venue, network, readOnly } = flags;
  if (readOnly !== true && venue === undefined) usage("say --venue, or --read-only to look on");
  if (venue === "bybit" && network === undefined && readOnly !== true) {
    usage("say whose with --network");
  }
  checkServer(flags);
  if (isAsked(flags)) assertAskable();
}
