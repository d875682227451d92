/**
 * `arrival resume`: goes on with a live run that was cut off, or left.
 */
import type { Command } from "commander";
import { pluginOption } from "./plugins.ts";
import { spanOf } from "./run.ts";
import { addDashboardOptions } from "./serve-options.ts";
import { resumeLive, type ResumeFlags } from "./resume-live.ts";

export function addResume(program: Command): void {
  const command = program
    .command("resume")
    .description("go on with a live run that was cut off, or left with orders resting")
    .argument("<journal>", "what the run has written; its market's rows lie beside it")
    .option("--credentials <file>", "key and secret, where they lie elsewhere now")
    .option("--local-url <url>", "of the same local exchange, by another name")
    .option("--withdraw-only", "take back what rests, by the journal as far as it can be read")
    .option("--linger <span>", "look on for so long after the end, for markouts [0s]", spanOf)
    .addOption(pluginOption())
    .option("--json", "print one JSON document");
  addDashboardOptions(command)
    .addHelpText("after", HELP)
    .action(async (journal: string, flags: ResumeFlags) => {
      process.exitCode = await resumeLive(journal, flags);
    });
}

const HELP = `
It folds the journal, asks the venue what became of every order that may rest, holds the position
against the account, and only then goes on, under the terms, limits and strategy of the journal.
Orders are never sent twice. Where the position is not what the fills make of it, the order is
halted until \`arrival ctl JOURNAL resume\`. A run that has ended ends with 0 and does nothing, so a
supervisor may always start it anew by this command. One whose kill file is there, or that was
killed before it was cut off, withdraws what rests and ends with 130.

Where it is refused, the text names the orders that may still rest. --withdraw-only takes them back
without going on, also by a journal that is damaged or that this program does not understand: it
sends no order, adds nothing to the journal, and writes what it found to NAME.withdrawal.json. It
ends with 0 once the venue says that nothing is left, with 1 otherwise, and with 2 where the journal
cannot be read at all.

Examples:
  arrival resume rmwszke6038t.journal
  arrival resume rmwszke6038t.journal --withdraw-only`;
