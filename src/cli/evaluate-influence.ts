/**
 * `arrival evaluate influence`: weights that advice has earned, learned, shown, counted and raised.
 */
import { existsSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { MarketRegime } from "../core/contracts/advice.ts";
import { learnInfluence } from "../runtime/evaluation/learn-influence.ts";
import type { EvaluationRequest } from "../runtime/evaluation/evaluation-request.ts";
import type { EvaluationRow } from "../runtime/evaluation/evaluation-row.ts";
import { RowStore } from "../runtime/evaluation/row-store.ts";
import { storedRequest } from "../runtime/evaluation/stored-request.ts";
import { countOutcomes } from "../runtime/influence/count-outcomes.ts";
import {
  type InfluenceState,
  raiseOf,
  readInfluence,
  weightText,
} from "../runtime/influence/earned-influence.ts";
import { FALSE_LOWERING, HARM_AT } from "../runtime/influence/harm-test.ts";
import { appendEntry, recordPathOf } from "../runtime/influence/influence-record.ts";
import {
  type InfluenceTable,
  REGIME_NAMES,
  tableText,
} from "../runtime/influence/influence-table.ts";
import { PROGRAM } from "../runtime/program.ts";
import { likewiseText } from "../view/reliability.ts";
import type { Reliability } from "../view/shapes.ts";
import { countedNotes } from "./advised.ts";
import { CommandError, EXIT, note, print, printJson, progress } from "./output.ts";
import { Signals } from "./signals.ts";

interface Flags {
  readonly store?: string;
  readonly output?: string;
  readonly count?: readonly string[];
  readonly data?: readonly string[];
  readonly raise?: Raise;
  readonly by?: string;
  readonly json?: boolean;
}

interface Raise {
  readonly regime: MarketRegime;
  readonly weight: number;
}

export function addEvaluateInfluence(evaluate: Command): void {
  evaluate
    .command("influence")
    .description("how much weight an advisor has earned: learn it, look at it, count, raise")
    .argument("[table]", "a table of weights, such as influence.json")
    .option("--store <file>", "learn a table from the rows of an evaluation")
    .option("-o, --output <file>", "where the table goes; must not exist")
    .option("--count <journal...>", "put what became of these runs' orders on its record")
    .option("--data <file...>", "where the market files lie now, if they have moved")
    .option("--raise <regime=weight>", "give it more weight than it has", raise)
    .option("--by <name>", "who raises it, for the record")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `
Examples:
  arrival evaluate influence --store smollm2.jsonl -o influence.json
  arrival evaluate influence influence.json
  arrival evaluate influence influence.json --count run.journal
  arrival evaluate influence influence.json --raise usual=0.5 --by "A. Trader"`,
    )
    .action(run);
}

async function run(path: string | undefined, flags: Flags): Promise<void> {
  if (flags.store !== undefined) return learn(path, flags);
  if (path === undefined || flags.output !== undefined) {
    throw new CommandError("USAGE", "name a table, or learn one: --store ROWS -o FILE");
  }
  if (flags.count !== undefined) await count(path, flags);
  if (flags.raise !== undefined) raiseNow(path, flags.raise, flags.by);
  else if (flags.by !== undefined) throw new CommandError("USAGE", "--by goes with --raise");
  const state = stateOf(path);
  if (flags.json === true) {
    const { table, earned, entries } = state;
    return printJson({ path, table, earned, entries: entries.length, isTorn: state.isTorn });
  }
  print(stateText(state));
}

async function learn(path: string | undefined, { store, output, json, ...rest }: Flags) {
  const isAlone = path === undefined && Object.keys(rest).length === 0;
  if (!isAlone || output === undefined) {
    throw new CommandError("USAGE", "to learn a table takes --store ROWS and -o FILE alone");
  }
  const read = RowStore.read(store!);
  if (!read.ok) throw new CommandError(read.error.code, read.error.text);
  const request = storedRequest(read.value.identity);
  if (!request.ok) throw new CommandError("INFLUENCE_ROWS", `${store}: ${request.error}`);
  const signals = new Signals();
  try {
    const table = await learnTable(request.value, read.value.rows, output, {
      signal: signals.aborted,
      json: json === true,
    });
    if (json === true) printJson(table);
    else print(learnedText(table));
  } finally {
    signals.close();
  }
}

/** Learned and written. @throws CommandError */
export async function learnTable(
  request: EvaluationRequest,
  rows: readonly EvaluationRow[],
  output: string,
  { signal, json }: { readonly signal: AbortSignal; readonly json: boolean },
): Promise<InfluenceTable> {
  assertNew(output);
  const bar = progress("learning", 1, json);
  try {
    const learned = await learnInfluence(request, rows, {
      at: new Date().toISOString(),
      program: PROGRAM,
      signal,
      onProgress: (done, total) => bar.update(done / total, `${done} of ${total} orders`),
    });
    if (!learned.ok) throw new CommandError(learned.error.code, learned.error.text);
    writeFileSync(output, tableText(learned.value), { flag: "wx" });
    note(`written: ${output} (use it: --influence ${output})`);
    return learned.value;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandError("INTERRUPTED", "interrupted: nothing was learned", EXIT.interrupted);
  } finally {
    bar.stop();
  }
}

/** What a table has earned is never written over. */
export function assertNew(output: string): void {
  if (!existsSync(output)) return;
  throw new CommandError("INFLUENCE_FILE", `${output} is there already: name another file`);
}

async function count(path: string, { count: journals = [], data }: Flags): Promise<void> {
  for (const journal of journals) {
    const counted = await countOutcomes(path, journal, data === undefined ? {} : { paths: data });
    if (!counted.ok) throw new CommandError(counted.error.code, counted.error.text, EXIT.no);
    const { added, known, foreign } = counted.value;
    const others = foreign === 0 ? "" : `, ${foreign} led by other weights`;
    note(`${journal}: ${added.length} counted, ${known} known before${others}`);
    if (added.length > 0) for (const text of countedNotes(counted.value)) note(text);
  }
}

function raiseNow(path: string, asked: Raise, by: string | undefined): void {
  if (by === undefined) throw new CommandError("USAGE", "--raise needs --by NAME: it is recorded");
  const state = stateOf(path);
  const entry = raiseOf(state, { ...asked, by }, new Date().toISOString());
  if (!entry.ok) throw new CommandError(entry.error.code, entry.error.text);
  const written = appendEntry(recordPathOf(path), entry.value);
  if (!written.ok) throw new CommandError(written.error.code, written.error.text);
}

function stateOf(path: string): InfluenceState {
  const state = readInfluence(path);
  if (!state.ok) throw new CommandError(state.error.code, state.error.text);
  if (state.value.isTorn) {
    note(`note: the last line of ${recordPathOf(path)} was cut off, and does not count`);
  }
  return state.value;
}

export function learnedText(table: InfluenceTable): string {
  const { advisor, from, regimes, confidence, reliability } = table;
  const lines = REGIME_NAMES.map((regime) => {
    const { weight, orders, markets, saved } = regimes[regime];
    const [mean, low, high] = saved === null ? [] : [saved.mean, saved.low, saved.high].map(bps);
    const what = saved === null ? "too few to tell" : `saved ${mean} bps (${low} to ${high})`;
    const head = `  ${regime.padEnd(9)}${String(weight).padEnd(6)}`;
    return `${head}${orders} orders in ${markets} markets, ${what}`;
  });
  const percent = Math.round(100 * confidence);
  return (
    `${advisor}, ${from.orders} paired orders in ${from.markets} markets, seed ${from.seed}\n` +
    `weight by regime, what it rests on, and ${percent} % intervals that hold together:\n` +
    `${lines.join("\n")}\n${reliabilityText(reliability)}`
  );
}

function reliabilityText(reliability: Reliability | null): string {
  if (reliability === null) return "how reliable its confidence is: no decision was judged\n";
  const { decisions, right, bins } = reliability;
  const lines = bins.map((bin) => `  ${likewiseText(bin)}\n`);
  const head = `its confidence, against rollouts: right ${Math.round(100 * right)} %`;
  return `${head} of ${decisions} decisions\n${lines.join("")}`;
}

/** Nearly nothing has no sign. */
const bps = (value: number): string => value.toFixed(2).replace(/^-(0\.00)$/, "$1");

function stateText(state: InfluenceState): string {
  const { table, earned } = state;
  const lines = REGIME_NAMES.map((regime) => {
    const { orders, sums, evidence } = earned[regime];
    const did = sums.cost > 0 ? "cost" : "saved";
    const cost = `advice ${did} ${bps(Math.abs(sums.cost))} bps in sum`;
    const since = `${orders} ${orders === 1 ? "order" : "orders"} since: ${cost}`;
    const seen =
      orders === 0 ? "no order since" : `${since}, evidence of harm ${evidence.toFixed(2)}`;
    return `  ${regime.padEnd(9)}${weightText(earned[regime])}; ${seen}`;
  });
  return (
    `${learnedText(table)}now, from the next order on (evidence of ${HARM_AT} lowers a weight; a ` +
    `harmless advisor loses one in ${100 * FALSE_LOWERING} % of all cases at most):\n` +
    `${lines.join("\n")}\n`
  );
}

function raise(text: string): Raise {
  const found = /^([a-z]+)=(\d(?:\.\d{1,6})?)$/.exec(text);
  const regime = REGIME_NAMES.find((name) => name === found?.[1]);
  if (regime !== undefined && Number(found![2]) <= 1) return { regime, weight: Number(found![2]) };
  throw new InvalidArgumentError(`One of ${REGIME_NAMES.join(", ")}, such as usual=0.5.`);
}
