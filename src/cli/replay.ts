/**
 * `arrival replay`: recomputes every command of a journal and compares byte by byte.
 */
import type { Command } from "commander";
import { replay } from "../runtime/replay.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";
import { CommandError, EXIT, note, print, printJson, progress } from "./output.ts";

interface Flags extends PluginFlags {
  readonly data?: readonly string[];
  readonly json?: boolean;
}

export function addReplay(program: Command): void {
  program
    .command("replay")
    .description("recompute every command of a journal; exit 0 when identical to the byte")
    .argument("<journal>", "a journal that a run kept")
    .option("--data <file...>", "where the market files lie now, if they have moved")
    .addOption(pluginOption())
    .option("--json", "print one JSON document")
    .action(async (path: string, flags: Flags) => {
      const plugins = await pluginsOf(flags);
      const bar = progress("replaying", 1, flags.json === true);
      const done = await replay(path, {
        ...(flags.data === undefined ? {} : { paths: flags.data }),
        plugins,
        onProgress: (at, total) => bar.update(total > 0 ? at / total : 1, `${at} records`),
      });
      bar.stop();
      if (!done.ok) {
        const bad = done.error.code === "JOURNAL_CORRUPT" || done.error.code === "DATA_CHANGED";
        throw new CommandError(done.error.code, done.error.text, bad ? EXIT.no : EXIT.usage);
      }
      const { engine: _engine, ...result } = done.value;
      for (const warning of result.warnings) note(`note: ${warning}`);
      process.exitCode = result.identical ? EXIT.done : EXIT.no;
      if (flags.json === true) return printJson({ journal: path, ...result });
      if (result.difference === undefined) {
        const { events, outputs } = result;
        const rows = `${result.rows.toLocaleString("en-US")} market rows`;
        return print(`identical: ${events} events, ${outputs} outputs and ${rows} recomputed\n`);
      }
      const { sequence, position, journaled, recomputed } = result.difference;
      print(
        `different at record ${sequence} (market row ${position}):\n` +
          `  journal:    ${journaled ?? "(nothing)"}\n  recomputed: ${recomputed ?? "(nothing)"}\n`,
      );
    });
}
