/**
 * Run backtest: works one order and shows it. Shared by `backtest` and `demo`.
 */
import { formatPrice, formatQuantity } from "../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import { type BacktestRequest, type BacktestResult, prepareBacktest } from "../runtime/backtest.ts";
import { refusalText } from "../view/words.ts";
import { JournalError } from "../runtime/journal/journal.ts";
import type { OpenMarket } from "../runtime/market-source.ts";
import { AdviceTally } from "./advice-tally.ts";
import { costTable } from "./cost-table.ts";
import {
  breathe,
  CommandError,
  EXIT,
  hasColour,
  interruptible,
  note,
  print,
  printJson,
  progress,
} from "./output.ts";

export interface Presentation {
  readonly json: boolean;
  readonly journal?: string;
  /** It is thrown away once it was looked at: nobody is told of it. */
  readonly isPassing?: boolean;
}

/** Runs to the end and prints the result. Returns the exit code. */
export async function runBacktest(
  market: OpenMarket,
  request: BacktestRequest,
  presentation: Presentation,
): Promise<number> {
  const prepared = prepareBacktest(market, request, presentation.journal);
  if (!prepared.ok) throw new CommandError(prepared.error.code, prepared.error.text);
  const { parent, engine, run, advisors } = prepared.value;
  const bar = progress(parent.strategy.name, request.over, presentation.json);
  const tally = new AdviceTally();
  const told = watch(presentation.json);
  const result = await interruptible(async (isInterrupted) => {
    const steps = run((event, outputs) => {
      tally.take(event, outputs);
      told?.(event, outputs);
    });
    let lastDrawn = 0;
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      for (const advisor of advisors) if (advisor.isThinking) await advisor.thought;
      if (performance.now() - lastDrawn < 50) continue;
      lastDrawn = performance.now();
      bar.update(step.value - parent.startAt, progressText(engine.parents.get(parent.id)));
      await breathe();
      if (!isInterrupted()) continue;
      steps.return(undefined as never); // Closes the journal: what was done stays on record.
      bar.stop();
      throw new CommandError(
        "INTERRUPTED",
        "interrupted; the journal is whole up to here",
        EXIT.interrupted,
      );
    }
  }).catch((error: unknown) => {
    bar.stop();
    if (error instanceof JournalError) {
      throw new CommandError(error.fault.code, error.fault.text, EXIT.no);
    }
    throw error;
  });
  bar.stop();
  show(market, request, presentation, result, tally);
  return result.report === null || result.phase === "failed" ? EXIT.no : EXIT.done;
}

/** The child orders as they happen, on a terminal only: the table at the end has them all. */
function watch(
  json: boolean,
): ((event: EngineEvent, outputs: readonly EngineOutput[]) => void) | undefined {
  if (json) return undefined;
  return (_event, outputs) => {
    for (const output of outputs) {
      if (output.kind === "raise-alert") note(`${output.severity}: ${output.text}`);
      if (output.kind === "parent-refused") note(`refused: ${refusalText(output.refusal)}`);
    }
  };
}

function progressText(parent: ParentState | undefined): string {
  if (parent === undefined) return "warming up";
  const { instrument, order, filled } = parent;
  const of =
    order.quantity.kind === "lots"
      ? formatQuantity(instrument, order.quantity.lots)
      : order.quantity.quote;
  const child = parent.live[0];
  const working =
    child?.limitPrice === undefined ? "" : ` · at ${formatPrice(instrument, child.limitPrice)}`;
  return `${formatQuantity(instrument, filled)} of ${of}${working}`;
}

function show(
  market: OpenMarket,
  request: BacktestRequest,
  presentation: Presentation,
  result: BacktestResult,
  tally: AdviceTally,
): void {
  const { config, seed } = request;
  if (presentation.json) {
    printJson({
      market: market.label,
      strategy: config.strategy,
      seed,
      queue: config.simulation.queue,
      phase: result.phase,
      reason: result.reason,
      ...result.totals,
      refusals: result.refusals,
      alerts: result.alerts,
      ...(tally.json === undefined ? {} : { advice: tally.json }),
      report: result.report,
    });
    return;
  }
  if (result.report === null) {
    note(`no execution: ${result.phase}, ${result.reason}`);
    return;
  }
  print(`${costTable(result.report, { colour: hasColour() })}\n`);
  print(`${result.phase}: ${result.reason}\n`);
  if (result.report.metrics.marketVolume === 0) {
    print("nobody else traded while the order was at work: participation allowed nothing\n");
  }
  if (result.refusals.length > 0) {
    const counts = result.refusals.map(({ code, count }) => `${code} ${count} times`);
    print(`the risk gate refused: ${counts.join(", ")}\n`);
  }
  const { rows, events, commands } = result.totals;
  print(tally.text);
  print(`market: ${market.label}\n`);
  print(`strategy: ${config.strategy.name}, seed ${seed}, ${config.simulation.queue} queue\n`);
  print(`run: ${rows.toLocaleString("en-US")} rows, ${events} events, ${commands} commands\n`);
  print("what a backtest assumes, and so cannot tell: docs/what-the-backtest-assumes.md\n");
  if (presentation.journal !== undefined && presentation.isPassing !== true) {
    print(`journal: ${presentation.journal} (check it: arrival replay ${presentation.journal})\n`);
  }
}
