/**
 * `arrival`: the command line. One file per command; this one only puts them together.
 */
import { Command } from "commander";
import { EventFileError } from "../data/event-file/damage.ts";
import { InvariantError } from "../core/domain/errors.ts";
import { PROGRAM_VERSION } from "../runtime/program.ts";
import { CommandError, EXIT, note } from "./output.ts";
import { PluginFailure } from "../runtime/plugin.ts";

/** Each is loaded when it is asked for: a command need not wait for the code of the others. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  demo: async () => (await import("./demo.ts")).addDemo,
  backtest: async () => (await import("./backtest.ts")).addBacktest,
  run: async () => (await import("./run.ts")).addRun,
  resume: async () => (await import("./resume.ts")).addResume,
  ctl: async () => (await import("./ctl.ts")).addCtl,
  alert: async () => (await import("./alert.ts")).addAlert,
  compare: async () => (await import("./compare.ts")).addCompare,
  sweep: async () => (await import("./sweep.ts")).addSweep,
  estimate: async () => (await import("./estimate.ts")).addEstimate,
  calibrate: async () => (await import("./calibrate.ts")).addCalibrate,
  report: async () => (await import("./report.ts")).addReport,
  replay: async () => (await import("./replay.ts")).addReplay,
  explain: async () => (await import("./explain.ts")).addExplain,
  tca: async () => (await import("./tca.ts")).addTca,
  data: async () => (await import("./data.ts")).addData,
  market: async () => (await import("./market.ts")).addMarket,
  serve: async () => (await import("./serve.ts")).addServe,
  mcp: async () => (await import("./mcp.ts")).addMcp,
  exchange: async () => (await import("./exchange.ts")).addExchange,
  evaluate: async () => (await import("./evaluate.ts")).addEvaluate,
  model: async () => (await import("./model.ts")).addModel,
  doctor: async () => (await import("./doctor.ts")).addDoctor,
};

const program = new Command("arrival")
  .description(
    "Works large orders into markets at the lowest cost it can, and explains every step.",
  )
  .version(PROGRAM_VERSION)
  .showHelpAfterError("(add --help for what this command takes)")
  .configureHelp({ sortSubcommands: true })
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  });

const asked = process.argv[2] ?? "";
const isVersion = asked === "--version" || asked === "-V";
const known = Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]!] : Object.values(COMMANDS);
const wanted = isVersion ? [] : known;
for (const load of wanted) (await load())(program);
for (const command of program.commands) {
  command.copyInheritedSettings(program);
  for (const nested of command.commands) nested.copyInheritedSettings(command);
}

// A reader that closes its end early (`arrival … | head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.no);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommandError) {
    note(`arrival: ${error.message} [${error.code}]`);
    process.exitCode = error.exitCode;
  } else if (error instanceof PluginFailure) {
    note(`arrival: ${error.message} [${error.code}]`);
    process.exitCode = EXIT.no;
  } else if (error instanceof EventFileError) {
    // The file changed while it was read: whole when opened, damaged when it was used.
    note(`arrival: ${error.message} [${error.fault.code}]`);
    process.exitCode = EXIT.no;
  } else {
    const isOurs = error instanceof InvariantError;
    note(`arrival: ${isOurs ? "a fault in the program itself" : "unexpected"}: ${String(error)}`);
    if (error instanceof Error && error.stack !== undefined) note(error.stack);
    process.exitCode = 70;
  }
}
