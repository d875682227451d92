/**
 * Advised: a command's work with whoever is asked about its order, opened before and closed behind.
 */
import type { Advisor } from "../advisors/advisor.ts";
import { type Instrument, instrumentId } from "../core/domain/instrument.ts";
import type { ParentOrder } from "../core/domain/parent-order.ts";
import { adviceBound, adviceTerms, isWatchedOnly } from "../runtime/advice/advice-config.ts";
import { adviceFileOf, openAdvice } from "../runtime/advice/open-advice.ts";
import type { RunClock } from "../runtime/advice/simulated-advisor.ts";
import type { OrderRequest } from "../runtime/backtest.ts";
import type { ArrivalConfig } from "../runtime/config.ts";
import type { Counted } from "../runtime/influence/count-outcomes.ts";
import {
  type InfluenceState,
  tableOfSource,
  weightText,
} from "../runtime/influence/earned-influence.ts";
import { earnedBy } from "../runtime/influence/influence-fit.ts";
import { REGIME_NAMES } from "../runtime/influence/influence-table.ts";
import type { Plugin } from "../runtime/plugin.ts";
import type { LiveRun } from "../runtime/live/live-run.ts";
import { CommandError, note } from "./output.ts";

export interface AdvisedWork {
  readonly json: boolean;
  readonly journal?: string;
  /** Nobody asked for it by name: where it cannot be asked, that is a note. */
  readonly isOptional?: boolean;
  /** Of a run in virtual time; absent: it is live. */
  readonly clock?: RunClock;
  /** Its orders are put on record as they end. */
  readonly countsItself?: boolean;
}

/** @throws CommandError where nobody can be asked. */
export async function advised<Outcome>(
  config: ArrivalConfig,
  { json, journal, clock, isOptional, countsItself = false }: AdvisedWork,
  work: (advisor: Advisor | undefined) => Promise<Outcome>,
): Promise<Outcome> {
  const opened = await openAdvice(config, {
    environment: process.env,
    isSimulated: clock !== undefined,
    ...(clock === undefined ? {} : { runNow: () => clock.now }),
    onFault: note,
    ...(journal === undefined ? {} : { recordTo: adviceFileOf(journal) }),
  });
  if (!opened.ok && isOptional === true) {
    note(`nobody is asked about this order: ${opened.error.text}`);
    return work(undefined);
  }
  if (!opened.ok) throw new CommandError(opened.error.code, opened.error.text);
  const advisor = opened.value;
  if (advisor === undefined) return work(undefined);
  try {
    const table = assertEarned(config, advisor.name);
    if (!json) note(adviceNote(config, advisor.name));
    if (!json && table !== undefined) note(earnedNote(table));
    const outcome = await work(advisor);
    const isLed = table !== undefined && !isWatchedOnly(adviceTerms(config)!);
    if (isLed && journal !== undefined && !countsItself) await count(table.path, journal);
    return outcome;
  } finally {
    await advisor.close();
  }
}

/**
 * How earlier orders by this strategy went, by the journals of the folder that was named.
 * @returns what is known once the market is. @throws CommandError
 */
export async function experienceFor(
  { experience: folder }: { readonly experience?: string },
  config: ArrivalConfig,
  symbol: string,
  plugins: readonly Plugin[],
): Promise<(instrument: Instrument) => Pick<OrderRequest, "experience">> {
  if (folder === undefined) return () => ({});
  if (adviceTerms(config) === undefined) {
    throw new CommandError("USAGE", "--experience is for an advisor: name one with --advisor");
  }
  const { experienceIn, experienceOf } = await import("../runtime/advice/experience.ts");
  const strategy = config.strategy.name;
  const found = await experienceIn(folder, { symbol, strategy }, plugins);
  if (!found.ok) throw new CommandError(found.error.code, found.error.text);
  const { orders, notes } = found.value;
  for (const text of notes) note(text);
  const views = new Map(orders.map(({ row, view }) => [row, view]));
  return (instrument) => {
    const kind = { instrument: instrumentId(instrument), strategy };
    const rows = orders.map(({ row }) => row);
    const experience = experienceOf(rows, (row) => views.get(row), kind);
    const many = `${experience.length} earlier ${experience.length === 1 ? "order" : "orders"}`;
    note(`the advisor is told of ${many} by ${strategy} in this market`);
    return { experience };
  };
}

/** Weights that somebody else has earned are none. @returns their table. @throws CommandError */
export function assertEarned({ advice }: ArrivalConfig, name: string): InfluenceState | undefined {
  const table = earnedBy(advice, name);
  if (table.ok) return table.value;
  throw new CommandError(table.error.code, table.error.text);
}

/** As `advised` does behind its work, of an order that somebody else had begun. */
export async function countResumed(order: ParentOrder, journal: string): Promise<void> {
  const { advice } = order;
  const source = tableOfSource(advice?.influenceSource ?? "");
  if (advice === undefined || source === undefined || isWatchedOnly(advice)) return;
  await count(source.path, journal);
}

/** What became of the run's orders may lower the weights of the next one. */
async function count(table: string, journal: string): Promise<void> {
  const { countOutcomes } = await import("../runtime/influence/count-outcomes.ts");
  const counted = await countOutcomes(table, journal);
  if (!counted.ok) {
    const again = `arrival evaluate influence ${table} --count ${journal}`;
    note(`what advice was worth is not on record: ${counted.error.text}; ${again}`);
    return;
  }
  if (counted.value.added.length === 0) return;
  for (const text of countedNotes(counted.value)) note(text);
}

/** The weights now, and where they come from. */
export function earnedNote(state: InfluenceState): string {
  const told = REGIME_NAMES.map((regime) => `${regime} ${weightText(state.earned[regime])}`);
  const torn = state.isTorn ? " (a last line of its record was cut off, and does not count)" : "";
  return `influence by ${state.path}: ${told.join(", ")}${torn}`;
}

/** What came on the record, and what that changes. */
export function countedNotes({ added, state }: Counted): readonly string[] {
  const worth = added.map(({ order, regimes }) => {
    const cost = Object.values(regimes).reduce((sum, one) => sum + one.cost, 0);
    const what = cost > 0 ? "cost" : "saved";
    return `advice ${what} order ${order} about ${Math.abs(cost).toFixed(2)} bps of its worth`;
  });
  return [...worth, `${earnedNote(state)}: from the next order on`];
}

/** Who is asked, and what it may do. */
export function adviceNote(config: ArrivalConfig, name: string): string {
  const terms = adviceTerms(config)!;
  const asked = `asked about this order: ${name}`;
  if (isWatchedOnly(terms)) return `${asked}; its answers are only watched (--influence 0)`;
  const { corridor, variation, crossing } = terms.envelope;
  return (
    `${asked}; it may lead the order ${percent(corridor)} from its plan, ${percent(variation)} ` +
    `there and back in sum, and cross for ${percent(crossing)}`
  );
}

/** The most that advice can cost, by the volatility that was seen so far; empty: nothing can. */
export function boundNote({ config, engine, session }: LiveRun, order: ParentOrder): string {
  const { advice } = order;
  if (advice === undefined || isWatchedOnly(advice)) return "";
  const { value, coverage } = engine.instruments[0]!.observer.volatilityHour;
  if (coverage === 0)
    return "what advice can cost at most is not known yet: no volatility was seen";
  const hours = (order.deadline - order.startAt) / 3600e6;
  const bound = adviceBound(advice, config, value * Math.sqrt(hours) * 1e4, session.fees);
  return (
    `advice can cost at most ${bound.oneSigma.toFixed(2)} bps against the plan, ` +
    `${bound.threeSigma.toFixed(2)} bps where the price ranges three sigma wider than usual`
  );
}

const percent = (share: number): string => `${+(100 * share).toFixed(2)} %`;
