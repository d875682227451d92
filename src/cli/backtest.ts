/**
 * `arrival backtest`: one parent order on recorded or generated data.
 */
import type { Command } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import { micros, MINUTE, type Micros } from "../core/domain/units.ts";
import { instrumentJson } from "../runtime/instrument-file.ts";
import type { RecordedNews } from "../runtime/advice/news.ts";
import { type MarketSpec, type OpenMarket, openMarket } from "../runtime/market-source.ts";
import { generatedKnobs } from "./generated-data.ts";
import {
  addAdviceOptions,
  addOrderOptions,
  configOf,
  contractOption,
  experienceOption,
  instrumentOf,
  instrumentOption,
  type OrderFlags,
  requestOf,
  sideOption,
} from "./order-options.ts";
import { advised, experienceFor } from "./advised.ts";
import { CommandError, note, progress } from "./output.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";
import { PageAfter } from "./page-after.ts";
import { runBacktest } from "./run-backtest.ts";
import { addDashboardOptions, checkDashboard, type DashboardFlags } from "./serve-options.ts";

interface Flags extends OrderFlags, PluginFlags, DashboardFlags {
  readonly data: readonly string[];
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly instrument?: string;
  readonly json?: boolean;
  readonly journal?: string;
  readonly experience?: string;
  readonly news?: readonly string[];
  readonly trustPublished?: boolean;
}

/** Where the generated market's clock starts: a Monday afternoon, when Europe and the US trade. */
export const GENERATED_START = Date.UTC(2026, 0, 5, 14) * 1000;

export function addBacktest(program: Command): void {
  const command = program
    .command("backtest")
    .description("work one parent order on recorded or generated data")
    .requiredOption("--data <file...>", 'recordings that follow each other, or "generated"')
    .option("--symbol <name>", "which instrument, where a recording holds several")
    .addOption(contractOption())
    .addOption(instrumentOption())
    .addOption(sideOption().makeOptionMandatory())
    .option("--quantity <n>", "how much, in units of the instrument")
    .option("--notional <n>", "how much, in quote coin");
  addAdviceOptions(addOrderOptions(command, {}))
    .addOption(experienceOption())
    .option("--news <feed...>", "news that an advisor is shown: jsonl:FILE")
    .option("--trust-published", "believe the times that the news claims to be from")
    .addOption(pluginOption())
    .option("--json", "print one JSON document")
    .option("--journal <file>", "keep a journal that `arrival replay` can check");
  addDashboardOptions(command, "when it has ended, show it on the page in a browser")
    .addHelpText(
      "after",
      `
Examples:
  arrival backtest --data generated --side buy --quantity 25 --over 3m
  arrival backtest --data usdm_btcusdt.gz --side buy --quantity 25 --over 3m \\
    --strategy pov --param rate=0.08 --journal run.journal
  arrival backtest --data frames.jsonl.zst --symbol BTCUSDT --contract linear \\
    --side sell --notional 50000 --over 20s --json
  arrival backtest --data generated --side buy --quantity 25 --over 3m --dashboard`,
    )
    .action(async (flags: Flags) => {
      checkDashboard(flags);
      const plugins = await pluginsOf(flags);
      const config = configOf(flags, plugins);
      const spec = specOf(flags);
      const bar = progress("reading", 1, flags.json === true);
      const market = await openMarket(spec, {
        onProgress: (done, total) => bar.update(total > 0 ? done / total : 0, "market data"),
      });
      bar.stop();
      if (!market.ok) throw new CommandError(market.error.code, market.error.text);
      const { symbol } = market.value.header.instrument;
      const known = await experienceFor(flags, config, symbol, plugins);
      const request = {
        ...requestOf(flags, config, market.value.header.instrument),
        plugins,
        news: await newsOf(flags, market.value),
        ...known(market.value.header.instrument),
      };
      const page = flags.dashboard === true ? new PageAfter("backtest", flags.journal) : undefined;
      const journal = flags.journal ?? page?.journal;
      const presentation = {
        json: flags.json === true,
        ...(journal === undefined ? {} : { journal }),
        isPassing: flags.journal === undefined,
      };
      const clock = { now: 0 };
      try {
        process.exitCode = await advised(config, { ...presentation, clock }, (advisor) =>
          runBacktest(market.value, { ...request, advisor, clock }, presentation),
        );
        if (page?.isThere === true) process.exitCode = await page.show(flags);
      } finally {
        page?.remove();
      }
    });
}

async function newsOf(
  { news, trustPublished }: Flags,
  { header, from, until }: OpenMarket,
): Promise<RecordedNews | undefined> {
  if (news === undefined) return undefined;
  const { recordedNews } = await import("../runtime/advice/news.ts");
  const span = { from, until };
  const read = await recordedNews(news, header.instrument, span, trustPublished === true);
  if (!read.ok) throw new CommandError(read.error.code, read.error.text);
  for (const text of read.value.notes) note(text);
  return read.value;
}

function specOf(flags: Flags): MarketSpec {
  const knobs = generatedKnobs(flags.data);
  if (knobs !== undefined) {
    return { ...generatedSpec(flags.seed, flags.over, flags.start), ...knobs };
  }
  return {
    kind: "files",
    paths: flags.data,
    ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
    ...(flags.contract === undefined ? {} : { contract: flags.contract }),
    ...(flags.instrument === undefined
      ? {}
      : { instrument: instrumentJson(instrumentOf(flags.instrument)) }),
  };
}

/** Long enough for the order, its warm-up, and its five-minute markouts. */
export function generatedSpec(seed: number, over: Micros, start: Micros = MINUTE): MarketSpec {
  const duration = micros(start + over + 6 * MINUTE);
  return { kind: "generated", seed, startAt: micros(GENERATED_START), duration };
}
