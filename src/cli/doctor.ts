/**
 * `arrival doctor`: whether trading on Bybit would work from here, and what to do where not.
 *
 * What must stay true: it sends no order, changes no setting, and shows no secret.
 */
import { Command, Option } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import { AnchoredClock } from "../data/recorder/clock.ts";
import { type DoctorReport, examine, type Finding, type Severity } from "../runtime/doctor.ts";
import { readCredentials } from "../venues/bybit/credentials.ts";
import { hostsOf, type Network, NETWORKS } from "../venues/bybit/hosts.ts";
import { CommandError, EXIT, hasColour, print, printJson } from "./output.ts";

interface Flags {
  readonly network: Network;
  readonly localUrl?: string;
  readonly symbol: string;
  readonly category: ContractKind;
  readonly credentials?: string;
  readonly json?: boolean;
}

export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("whether trading on Bybit would work from here, and what to do where not")
    .addOption(
      new Option("--network <name>", "whose keys they are").choices(NETWORKS).default("mainnet"),
    )
    .option("--local-url <url>", "what `arrival exchange` printed, for --network local")
    .option("--symbol <name>", "what is to be traded", "BTCUSDT")
    .addOption(
      new Option("--category <kind>", "what the symbol is traded as")
        .choices(["spot", "linear", "inverse"])
        .default("linear"),
    )
    .option("--credentials <file>", "key and secret, in a file that nobody else can read")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `
It only asks: no order is sent, and nothing of the account is changed. The key and its secret come
from ARRIVAL_BYBIT_KEY and ARRIVAL_BYBIT_SECRET, or from a file; without them only what is public is
looked at. Ends with 1 where there is a problem.

Examples:
  arrival doctor --network testnet
  arrival doctor --network demo --symbol ETHUSDT --credentials ~/.bybit-demo
  arrival doctor --network local --local-url http://127.0.0.1:8080 --json`,
    )
    .action(doctor);
}

async function doctor(flags: Flags): Promise<void> {
  const hosts = hostsOf(flags.network, flags.localUrl);
  if (!hosts.ok) throw new CommandError(hosts.error.code, hosts.error.text);
  const credentials = readCredentials(process.env, flags.credentials);
  if (!credentials.ok) throw new CommandError(credentials.error.code, credentials.error.text);
  const symbol = flags.symbol.toUpperCase();
  if (!/^[A-Z0-9-]{1,40}$/.test(symbol)) {
    throw new CommandError("USAGE", `--symbol ${JSON.stringify(flags.symbol)} is no symbol`);
  }
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort();
    process.exit(EXIT.interrupted);
  };
  process.on("SIGINT", onSignal);
  const isJson = flags.json === true;
  const { network, category } = flags;
  if (!isJson) print(`Bybit ${network}, ${category} ${symbol}\n\n`);
  const report = await examine({
    hosts: hosts.value,
    credentials: credentials.value,
    category,
    symbol,
    clock: new AnchoredClock(),
    random: Math.random,
    signal: stop.signal,
    ...(isJson ? {} : { onFinding: (finding) => print(findingText(finding)) }),
  });
  process.off("SIGINT", onSignal);
  if (isJson) printJson(report);
  else print(endText(report));
  process.exitCode = report.worst === "problem" ? EXIT.no : EXIT.done;
}

const SIGNS: Readonly<Record<Severity, { readonly sign: string; readonly colour: number }>> = {
  ok: { sign: "ok", colour: 32 },
  note: { sign: "note", colour: 33 },
  problem: { sign: "PROBLEM", colour: 31 },
};
const SIGN_WIDTH = 9;
const ABOUT_WIDTH = 22;

function findingText({ about, severity, text, todo }: Finding): string {
  const { sign, colour } = SIGNS[severity];
  const shown = sign.padEnd(SIGN_WIDTH);
  const head = hasColour() ? `\u001b[${colour}m${shown}\u001b[0m` : shown;
  const lines = `${head}${about.padEnd(ABOUT_WIDTH)} ${text}\n`;
  return todo === undefined
    ? lines
    : `${lines}${" ".repeat(SIGN_WIDTH + ABOUT_WIDTH + 1)}→ ${todo}\n`;
}

function endText({ findings, key }: DoctorReport): string {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [notes, problems] = [count("note"), count("problem")];
  const whose = key === undefined ? "without a key" : `with the key ${key}`;
  const verdict = problems === 0 ? "Nothing stands in the way" : `${plural(problems, "problem")}`;
  return `\n${verdict}, ${plural(notes, "note")}, ${whose}.\n`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
