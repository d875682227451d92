/**
 * `arrival demo` (and `npm start`): a 25 BTC buy on the built-in market, with nothing to set up.
 *
 * An advisor looks on, so that a first run shows it: whoever `ARRIVAL_ADVISOR` names, a model that
 * was pulled, or a recorded session of a real one. What must stay true: nobody who costs money is
 * asked unless the user named them.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { KNOWN_MODELS } from "../advisors/local/known-models.ts";
import { ModelStore } from "../advisors/local/model-store.ts";
import { formatDuration } from "../runtime/duration.ts";
import { openMarket } from "../runtime/market-source.ts";
import { advised } from "./advised.ts";
import { generatedSpec } from "./backtest.ts";
import {
  addAdviceOptions,
  addOrderOptions,
  configOf,
  type OrderFlags,
  requestOf,
  sideOption,
} from "./order-options.ts";
import { CommandError, note } from "./output.ts";
import { PageAfter } from "./page-after.ts";
import { runBacktest } from "./run-backtest.ts";
import { agrees } from "./run-confirm.ts";

interface Flags extends OrderFlags {
  readonly json?: boolean;
  readonly journal?: string;
  readonly page?: boolean;
}

/** SmolLM2 135M Instruct on two cores, 2026-11-23: `arrival demo --advisor local:smollm2-135m`. */
const RECORDING = fileURLToPath(new URL("../../docs/guide/demo-advice.jsonl", import.meta.url));

export function addDemo(program: Command): void {
  const command = program
    .command("demo")
    .description("work a 25 BTC buy on the built-in generated market")
    .addOption(sideOption().default("buy"))
    .option("--quantity <n>", "how much, in BTC", "25");
  addAdviceOptions(addOrderOptions(command, { over: "5m" }))
    .option("--json", "print one JSON document")
    .option("--journal <file>", "keep a journal that `arrival replay` can check")
    .option("--page", "when it has ended, show it on the page in a browser")
    .action(async (flags: Flags) => {
      const config = configOf({ ...flags, advisor: flags.advisor ?? onlooker() });
      const market = await openMarket(generatedSpec(flags.seed, flags.over, flags.start));
      if (!market.ok) throw new CommandError(market.error.code, market.error.text);
      if (flags.json !== true) {
        const order = `a ${flags.side} of ${flags.quantity} BTC over ${formatDuration(flags.over)}`;
        note(`Arrival works ${order} on a generated market: no exchange, no keys, no money.`);
      }
      const request = requestOf(flags, config, market.value.header.instrument);
      const isShown = flags.page === true || (flags.json !== true && isAttended());
      const page = isShown ? new PageAfter("demo", flags.journal) : undefined;
      const journal = flags.journal ?? page?.journal;
      const presentation = {
        json: flags.json === true,
        ...(journal === undefined ? {} : { journal }),
        isPassing: flags.journal === undefined,
      };
      const clock = { now: 0 };
      const isOptional = flags.advisor === undefined;
      try {
        process.exitCode = await advised(
          config,
          { ...presentation, clock, isOptional },
          (advisor) => runBacktest(market.value, { ...request, advisor, clock }, presentation),
        );
        if (page !== undefined) await offerPage(page, flags.page === true);
        else if (flags.json !== true) note("See it on a page, in a browser: add --page");
      } finally {
        page?.remove();
      }
    });
}

const isAttended = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true;

async function offerPage(page: PageAfter, isWanted: boolean): Promise<void> {
  if (!page.isThere) return;
  if (!isWanted && !(await agrees("See it on a page, in a browser?"))) return;
  process.exitCode = await page.show();
}

function onlooker(): string {
  const named = process.env["ARRIVAL_ADVISOR"];
  if (named !== undefined && named !== "") return named;
  const store = new ModelStore();
  const pulled = KNOWN_MODELS.find(({ name }) => existsSync(store.pathOf(name)));
  if (pulled !== undefined) return `local:${pulled.name}`;
  return existsSync(RECORDING) ? `recorded:${RECORDING}` : "none";
}
