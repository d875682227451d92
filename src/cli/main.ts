/**
 * `arrival`: the command line. One file per command; this one only puts them together.
 */
import { Command } from "commander";
import { EventFileError } from "../data/event-file/damage.ts";
import { InvariantError } from "../core/domain/errors.ts";
import { PROGRAM_VERSION } from "../runtime/program.ts";
import { addBacktest } from "./backtest.ts";
import { addCalibrate } from "./calibrate.ts";
import { addCompare } from "./compare.ts";
import { addData } from "./data.ts";
import { addDemo } from "./demo.ts";
import { addDoctor } from "./doctor.ts";
import { addEstimate } from "./estimate.ts";
import { addExchange } from "./exchange.ts";
import { addMarket } from "./market.ts";
import { CommandError, EXIT, note } from "./output.ts";
import { addReplay } from "./replay.ts";
import { addRun } from "./run.ts";
import { addSweep } from "./sweep.ts";
import { addTca } from "./tca.ts";
import { PluginFailure } from "../runtime/plugin.ts";

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

addDemo(program);
addBacktest(program);
addRun(program);
addCompare(program);
addSweep(program);
addEstimate(program);
addCalibrate(program);
addReplay(program);
addTca(program);
addData(program);
addMarket(program);
addExchange(program);
addDoctor(program);
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
