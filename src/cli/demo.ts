/**
 * `arrival demo` (and `npm start`): a 25 BTC buy on the built-in market, with nothing to set up.
 */
import type { Command } from "commander";
import { generatedSpec } from "./backtest.ts";
import { formatDuration } from "../runtime/duration.ts";
import { openMarket } from "../runtime/market-source.ts";
import {
  addOrderOptions,
  configOf,
  type OrderFlags,
  requestOf,
  sideOption,
} from "./order-options.ts";
import { CommandError, note } from "./output.ts";
import { runBacktest } from "./run-backtest.ts";

interface Flags extends OrderFlags {
  readonly json?: boolean;
  readonly journal?: string;
}

export function addDemo(program: Command): void {
  const command = program
    .command("demo")
    .description("work a 25 BTC buy on the built-in generated market")
    .addOption(sideOption().default("buy"))
    .option("--quantity <n>", "how much, in BTC", "25");
  addOrderOptions(command, { over: "5m" })
    .option("--json", "print one JSON document")
    .option("--journal <file>", "keep a journal that `arrival replay` can check")
    .action(async (flags: Flags) => {
      const config = configOf(flags);
      const market = await openMarket(generatedSpec(flags.seed, flags.over, flags.start));
      if (!market.ok) throw new CommandError(market.error.code, market.error.text);
      if (flags.json !== true) {
        const order = `a ${flags.side} of ${flags.quantity} BTC over ${formatDuration(flags.over)}`;
        note(`Arrival works ${order} on a generated market: no exchange, no keys, no money.`);
      }
      const request = requestOf(flags, config, market.value.header.instrument);
      process.exitCode = await runBacktest(market.value, request, {
        json: flags.json === true,
        ...(flags.journal === undefined ? {} : { journal: flags.journal }),
      });
    });
}
