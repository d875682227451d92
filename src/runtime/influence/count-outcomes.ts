/**
 * Count outcomes: what became of the advised orders of a journal, put on the record of their table.
 *
 * The journal is worked again with its market, and counts only where that gives the same to the
 * byte: what advice was worth is read off the engine on the way. What must stay true: nothing is
 * counted of an order that another table led, that is not over, or that was counted before.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { composeMarket } from "../compose.ts";
import { type OpenReplay, openReplay, type ReplayOpeningOptions } from "../replay-opening.ts";
import { Replayer } from "../replay.ts";
import { rerunSteps } from "../rerun.ts";
import { type AdvisedOrder, WorthWatch } from "./advice-worth.ts";
import { type InfluenceState, readInfluence, tableOfSource } from "./earned-influence.ts";
import { appendEntry, type Outcome, recordPathOf } from "./influence-record.ts";
import type { InfluenceFault } from "./influence-table.ts";

interface AnyFault {
  readonly code: string;
  readonly text: string;
}

export interface Counted {
  /** Put on the record now. */
  readonly added: readonly Outcome[];
  /** On it before. */
  readonly known: number;
  /** Led by other weights. */
  readonly foreign: number;
  /** The table and its record behind it. */
  readonly state: InfluenceState;
}

export async function countOutcomes(
  table: string,
  journal: string,
  options: ReplayOpeningOptions = {},
): Promise<Result<Counted, AnyFault>> {
  const before = readInfluence(table);
  if (!before.ok) return before;
  const read = await advisedOrders(journal, options);
  if (!read.ok) return read;
  const { run, orders } = read.value;
  const { hash } = before.value.table;
  const led = orders.filter(({ byRegime }) => Object.keys(byRegime).length > 0);
  const own = led.filter((order) => tableOfSource(order.influenceSource)?.hash === hash);
  const counted = new Set(
    before.value.entries.flatMap((entry) =>
      entry.kind === "outcome" && entry.table === hash ? [`${entry.run} ${entry.order}`] : [],
    ),
  );
  const added = own
    .filter(({ id }) => !counted.has(`${run} ${id}`))
    .map((order) => outcomeOf(hash, run, order));
  for (const outcome of added) {
    const written = appendEntry(recordPathOf(table), outcome);
    if (!written.ok) return written;
  }
  const state = readInfluence(table);
  if (!state.ok) return state;
  const known = own.length - added.length;
  return ok({ added, known, foreign: led.length - own.length, state: state.value });
}

export const outcomeOf = (table: string, run: string, order: AdvisedOrder): Outcome => ({
  kind: "outcome",
  table,
  run,
  order: order.id,
  endedAt: new Date(order.endedAt / 1000).toISOString(),
  regimes: order.byRegime,
});

/** Those that have ended, and a name for the run that stays as its journal grows. */
export async function advisedOrders(
  path: string,
  options: ReplayOpeningOptions = {},
): Promise<Result<{ readonly run: string; readonly orders: readonly AdvisedOrder[] }, AnyFault>> {
  const opened = await openReplay(path, options);
  if (!opened.ok) return opened;
  const replay = opened.value;
  const { journal } = replay;
  try {
    const engine = replay.engine();
    const steps = stepsOf(replay, engine);
    if (!steps.ok) return steps;
    const watch = new WorthWatch();
    let step = steps.value.next();
    for (; step.done !== true; step = steps.value.next()) {
      const { event, outputs } = step.value;
      watch.step(event, outputs, engine);
    }
    if (step.value.difference !== undefined) {
      const at = step.value.difference.sequence;
      return refuse(
        `${path} is not what this program does again (record ${at}): it is not counted`,
      );
    }
    return ok({ run: runHash(replay), orders: watch.ended });
  } finally {
    journal.close();
  }
}

function stepsOf({ isFixed, market, journal, resumes, account }: OpenReplay, engine: Engine) {
  if (isFixed) {
    return ok(new Replayer(engine, market, journal.sealed, resumes).walk(journal.records()));
  }
  const composed = composeMarket(market, account);
  return composed.ok ? ok(rerunSteps(composed.value, engine, journal)) : composed;
}

type Engine = ReturnType<OpenReplay["engine"]>;

/** SHA-256 of the header and the first record: equal runs are one run, told twice. */
export function runHash({ journal }: Pick<OpenReplay, "journal">): string {
  const first = journal.records().next();
  const text = canonicalJson(journal.header) + (first.done === true ? "" : first.value.body);
  return createHash("sha256").update(text).digest("hex");
}

const refuse = (text: string): Result<never, InfluenceFault> =>
  err({ code: "INFLUENCE_JOURNAL", text });
