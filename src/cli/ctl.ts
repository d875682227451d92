/**
 * `arrival ctl`: tells a live run that is at work what to do, and what came of it.
 *
 * What must stay true: it says "done" only where the run has said so, and where no run is there it
 * says what the journal knows and how to go on.
 */
import { existsSync, lstatSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { type Command, type Help, InvalidArgumentError } from "commander";
import { parseDuration } from "../runtime/duration.ts";
import { killFileOf, wholePath } from "../runtime/live/control-address.ts";
import { ask, findRun, type FoundRun, listRuns } from "../runtime/live/control-client.ts";
import {
  type ControlAnswer,
  type ControlFault,
  type ControlRequest,
  type ControlStatus,
  isPrintable,
} from "../runtime/live/control-protocol.ts";
import { lastWordOf } from "../runtime/live/last-word.ts";
import { parameter } from "./order-options.ts";
import { CommandError, EXIT, note, print, printJson } from "./output.ts";

interface Flags {
  readonly json?: boolean;
  /** Of commands that are of one order. */
  readonly order?: string;
}
interface ReasonFlags extends Flags {
  readonly reason?: string;
}
interface AmendFlags extends Flags {
  readonly quantity?: string;
  readonly notional?: string;
  readonly deadline?: string;
  readonly over?: string;
  readonly urgency?: number;
  readonly limit?: string | false;
  readonly maxParticipation?: number | false;
}
type Map = Readonly<Record<string, unknown>>;
interface SwitchFlags extends Flags {
  readonly strategy: string;
  readonly param?: Map;
  readonly tactic?: string;
  readonly tacticParam?: Map;
}
interface LimitsFlags extends Flags {
  readonly set: Map;
}
interface ListFlags extends Flags {
  readonly in: string;
}

/** A request without who asks. */
type Wish = ControlRequest extends infer Each
  ? Each extends ControlRequest
    ? Omit<Each, "by" | "id">
    : never
  : never;

export function addCtl(program: Command): void {
  const ctl = program
    .command("ctl")
    .description("tell a live run that is at work what to do: pause, amend, cancel, kill, …")
    .usage("<journal> <command> [options]")
    .addHelpText("after", HELP);
  shownAs(ctl, { subcommandTerm: (each) => each.name() });
  addSimple(ctl);
  addAmend(ctl);
  addSwitch(ctl);
  addLimits(ctl);
  ctl
    .command("list")
    .description("runs that are at work, and what dead ones have left")
    .option("--in <folder>", "where their journals lie", ".")
    .option("--json", "print one JSON document")
    .action(list);
  putCommandFirst(ctl);
}

const HELP = `
<journal> is what the run writes, or the socket beside it. A command is answered by what came of it:
exit code 0 where the run has taken it on, 1 where it was refused or no run is there. Whatever
changes the run is in its journal with your name. Without a command: status.

Examples:
  arrival ctl list
  arrival ctl rmwszke6038t.journal status
  arrival ctl rmwszke6038t.journal pause --reason "news at two"
  arrival ctl rmwszke6038t.journal amend --quantity 2.5 --over 20m --no-limit
  arrival ctl rmwszke6038t.journal limits --set participation=0.05 --set orderNotional=20000
  arrival ctl rmwszke6038t.journal kill --reason "wrong account"

Where the run does not answer: touch rmwszke6038t.kill beside the journal, or kill -USR2 PID.`;

function command(ctl: Command, name: string, description: string): Command {
  const made = ctl.command(name);
  shownAs(made, { commandUsage: () => `arrival ctl <journal> ${name} [options]` });
  return made
    .description(description)
    .argument("<journal>", "the run's journal, or its socket")
    .option("--json", "print one JSON document");
}

/** The same of one order. */
const orderCommand = (ctl: Command, name: string, description: string): Command =>
  command(ctl, name, description).option("--order <id>", "which, where the run works several");

/** In help the journal stands where people write it. */
function shownAs(shown: Command, form: Partial<Help>): void {
  const createHelp = shown.createHelp.bind(shown);
  shown.createHelp = () => Object.assign(createHelp(), form);
}

function addSimple(ctl: Command): void {
  orderCommand(ctl, "status", "what it is doing").action((path: string, flags: Flags) =>
    send(path, { command: "status" }, flags),
  );
  orderCommand(ctl, "resume", "goes on after a pause, or after a halt was looked at").action(
    (path: string, flags: Flags) => send(path, { command: "resume" }, flags),
  );
  const said = [
    ["pause", "withdraws what rests, and sends nothing until resumed"],
    ["cancel", "withdraws what rests, and ends the order"],
    ["kill", "ends it at once, whatever state market, venue and engine are in"],
  ] as const;
  for (const [name, description] of said) {
    // A kill is of the whole run.
    const made = name === "kill" ? command : orderCommand;
    made(ctl, name, description)
      .option("--reason <text>", "why, for the journal", words)
      .action((path: string, flags: ReasonFlags) =>
        send(path, { command: name, ...given({ reason: flags.reason }) }, flags),
      );
  }
}

function addAmend(ctl: Command): void {
  orderCommand(ctl, "amend", "new terms; what has been executed stays executed")
    .option("--quantity <n>", "all of the order, filled part included", decimal)
    .option("--notional <n>", "the same in quote coin, where it was given in that", decimal)
    .option("--deadline <time>", "such as 2026-05-01T14:00:00Z")
    .option("--over <span>", "the deadline is so long from now", span)
    .option("--urgency <0..1>", "0 = patient, 1 = take at once", fraction)
    .option("--limit <price>", "never trade beyond this price", decimal)
    .option("--no-limit", "at any price that the other limits allow")
    .option("--max-participation <fraction>", "share of the market's volume", fraction)
    .option("--no-max-participation", "none of the order's own; the safety limits stay")
    .action((path: string, flags: AmendFlags) => {
      const { quantity, notional, deadline, over, urgency, limit, maxParticipation } = flags;
      const terms = given({
        quantity,
        notional,
        deadline,
        over,
        urgency,
        limit: limit === false ? null : limit,
        maxParticipation: maxParticipation === false ? null : maxParticipation,
      });
      if (Object.keys(terms).length === 0) {
        throw new CommandError("USAGE", "say what is to change: see arrival ctl amend --help");
      }
      return send(path, { command: "amend", ...terms }, flags);
    });
}

function addSwitch(ctl: Command): void {
  orderCommand(
    ctl,
    "switch",
    "another strategy, or the same with other parameters, for what is left",
  )
    .requiredOption("--strategy <name>", "the schedule: twap, vwap, pov, …")
    .option("--param <key=value>", "a parameter of it; may be repeated", parameter)
    .option("--tactic <name>", "how its slices are worked [its own]")
    .option("--tactic-param <key=value>", "a parameter of the tactic; may be repeated", parameter)
    .action((path: string, flags: SwitchFlags) => {
      const { strategy, param, tactic, tacticParam } = flags;
      if (tactic === undefined && tacticParam !== undefined) {
        throw new CommandError("USAGE", "--tactic-param needs --tactic");
      }
      const named =
        tactic === undefined ? undefined : { name: tactic, ...given({ parameters: tacticParam }) };
      return send(
        path,
        { command: "switch", strategy, ...given({ parameters: param, tactic: named }) },
        flags,
      );
    });
}

function addLimits(ctl: Command): void {
  command(ctl, "limits", "safety limits, named and written as in the settings file")
    .requiredOption("--set <name=value>", "such as participation=0.05; may be repeated", parameter)
    .action((path: string, { set, json }: LimitsFlags) =>
      send(path, { command: "limits", set }, given({ json })),
    );
}

/**
 * `ctl JOURNAL pause` is how people say it: which run, then what. The parser wants the command
 * first, and gets it.
 */
function putCommandFirst(ctl: Command): void {
  const [, , asked, first, ...rest] = process.argv;
  const names = new Set(ctl.commands.map((each) => each.name()));
  const isKnown = (text: string | undefined): boolean => text !== undefined && names.has(text);
  if (asked !== "ctl" || first === undefined || first.startsWith("-") || isKnown(first)) return;
  if (first === "help") return;
  const at = rest.findIndex(isKnown);
  const named = rest.findIndex((text) => !text.startsWith("-"));
  const chosen = rest.length === 0 || (at < 0 && named < 0) ? -1 : at < 0 ? named : at;
  const what = chosen < 0 ? "status" : rest[chosen]!;
  const others = rest.filter((_, index) => index !== chosen);
  process.argv.splice(3, process.argv.length, what, first, ...others);
}

async function send(path: string, wish: Wish, flags: Flags): Promise<void> {
  const found = await findRun(path);
  if (!found.ok) throw missing(path, found.error);
  const request = { ...wish, by: userName(), ...given({ parent: flags.order }) };
  const answer = await ask(found.value, request as ControlRequest);
  if (!answer.ok) {
    const { code, text } = answer.error;
    const other = wish.command === "kill" ? `; ${otherWays(path)}` : "";
    throw new CommandError(code, `${text}${other}`, EXIT.no);
  }
  tell(answer.value, flags);
}

function tell(answer: ControlAnswer, { json }: Flags): void {
  if (!answer.ok) process.exitCode = EXIT.no;
  if (json === true) return printJson(answer);
  if (!answer.ok) return note(`refused: ${answer.text} [${answer.code}]`);
  if (answer.status !== undefined) return print(statusText(answer.status));
  const where = answer.record === undefined ? "" : ` (journal record ${answer.record})`;
  print(`${answer.text}${where}\n`);
}

const otherWays = (path: string): string =>
  `touch ${killFileOf(path.replace(/\.ctl$/, ".journal"))}, or kill -USR2 the process; kill -9 ` +
  "leaves what rests at the venue";

/** No run is there: its journal says how it stands. */
function missing(path: string, { code, text }: ControlFault): CommandError {
  const journal = path.replace(/\.ctl$/, ".journal");
  if (code !== "CONTROL_NOT_RUNNING") return new CommandError(code, text, EXIT.no);
  if (!existsSync(journal)) {
    return new CommandError(code, `${text}, and there is no such journal`, EXIT.no);
  }
  return new CommandError(code, `${text}; ${lastWordOf(journal)}`, EXIT.no);
}

async function list(flags: ListFlags): Promise<void> {
  if (lstatSync(flags.in, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new CommandError("USAGE", `${flags.in} is not a folder`);
  }
  const here = dirname(wholePath(`${flags.in}/x`));
  const isHere = (journal: string): boolean => dirname(journal) === here;
  const { runs, dead } = await listRuns(flags.in, userName(), isHere);
  if (flags.json === true) return printJson({ runs, dead });
  for (const run of runs) print(`${listLine(run)}\n`);
  if (runs.length === 0) note(`no run is at work in ${flags.in}`);
  for (const path of dead) {
    const journal = path.replace(/\.ctl$/, ".journal");
    const advice = existsSync(journal) ? `: arrival resume ${journal}` : "";
    note(`${path} was left by a run that is gone${advice}`);
  }
}

function listLine({ address, status }: FoundRun): string {
  if (status === undefined) return `${address}: gives no answer`;
  const { journal, side, filled, quantity, symbol, venue, phase, pid } = status;
  const order = `${side} ${filled} of ${quantity} (${symbol} on ${venue})`;
  return `${journal}: ${phase}, ${order}, pid ${pid}`;
}

function statusText(status: ControlStatus): string {
  const { limits, reason, killed, market, orders, ...rest } = status;
  const lines: [string, string][] = [
    ...(orders === undefined ? orderLines(status) : orders.map(orderLine)),
    ["phase", `${rest.phase}${reason === "" ? "" : `: ${reason}`}${killed ? " (killed)" : ""}`],
    ["market", `${rest.symbol} on ${rest.venue}: ${market}`],
    [
      "limits",
      Object.entries(limits)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(" "),
    ],
    ["process", `${rest.pid}; ${rest.journal}`],
  ];
  return lines.map(([name, text]) => `${name.padEnd(9)} ${text}\n`).join("");
}

type StatusLine = [name: string, text: string];

function orderLines({ limit, maxParticipation, working, ...rest }: ControlStatus): StatusLine[] {
  return [
    ["order", `${rest.parentId}: ${rest.side} ${rest.quantity}`],
    ["filled", `${rest.filled}; ${working} child orders not ended`],
    ["strategy", `${rest.strategy}, urgency ${rest.urgency}`],
    ["limit", `${limit ?? "none"}; participation ${maxParticipation ?? "as the limits say"}`],
    ["time", `${rest.now}; from ${rest.startAt} to ${rest.deadline}`],
  ];
}

type OrderStatus = NonNullable<ControlStatus["orders"]>[number];

function orderLine({ parentId, side, filled, quantity, phase, strategy }: OrderStatus): StatusLine {
  return ["order", `${parentId}: ${side} ${filled} of ${quantity}, ${phase}, ${strategy}`];
}

/** What is undefined was not said. */
type Given<Terms> = { readonly [Key in keyof Terms]?: Exclude<Terms[Key], undefined> };
const given = <Terms extends object>(terms: Terms): Given<Terms> =>
  Object.fromEntries(
    Object.entries(terms).filter(([, value]) => value !== undefined),
  ) as Given<Terms>;

/** As the system knows them. */
function userName(): string {
  const number = `uid ${process.getuid?.() ?? 0}`;
  try {
    const { username } = userInfo();
    return isPrintable(username) && username !== "" ? username.slice(0, 64) : number;
  } catch {
    return number;
  }
}

function words(text: string): string {
  if (text !== "" && text.length <= 500 && isPrintable(text)) return text;
  throw new InvalidArgumentError("One line of 1 to 500 letters.");
}

function decimal(text: string): string {
  if (/^\d{1,20}(\.\d{1,20})?$/.test(text)) return text;
  throw new InvalidArgumentError("A number above zero, such as 2.5.");
}

function span(text: string): string {
  if (parseDuration(text).ok) return text;
  throw new InvalidArgumentError("Write a span with its unit, such as 90s, 3m or 1h30m.");
}

function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("A fraction from 0 to 1, such as 0.1.");
}
