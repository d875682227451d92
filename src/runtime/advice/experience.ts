/**
 * Experience: how earlier orders of the same kind went, for whoever is asked about the next one.
 *
 * The same kind is the same market and the same strategy, whichever side. It is gathered before an
 * order begins and stands in its terms, so the engine and every replay know nothing but that. What
 * must stay true: only orders that have ended are told of, newest first, `MOST_EXECUTIONS` at most.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { MOST_EXECUTIONS, type PastExecution } from "../../core/contracts/advice.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import type { OrderRow, OrderView } from "../../view/shapes.ts";
import { openJournalView } from "../journal-view.ts";
import { openJournal } from "../journal/reader.ts";
import type { Plugin } from "../plugin.ts";

/** Journals that are looked into, the newest: working one again takes as long as its market. */
const MOST_JOURNALS = 20;
const MOST_MILLIS = 20_000;
const MOST_FILES = 10_000;

export interface OrderKind {
  /** Id. */
  readonly instrument: string;
  readonly strategy: string;
}

/** As `OrderView`: what is not known of an order that has ended is absent. */
export interface EndedOrder {
  readonly row: OrderRow;
  readonly view?: Pick<OrderView, "report" | "impact" | "participation"> | undefined;
}

/**
 * @param rows in any order; those at work and those of another kind are passed over.
 * @param viewOf more of one of them, where it can be had.
 */
export function experienceOf(
  rows: readonly OrderRow[],
  viewOf: (row: OrderRow) => EndedOrder["view"],
  { instrument, strategy }: OrderKind,
): readonly PastExecution[] {
  return rows
    .filter((row) => row.instrument === instrument && row.strategy === strategy)
    .filter(
      ({ isLive, endedAt, shortfallBps }) => !isLive && endedAt !== null && shortfallBps !== null,
    )
    .sort((a, b) => b.endedAt! - a.endedAt!)
    .slice(0, MOST_EXECUTIONS)
    .map((row) => executionOf(row, viewOf(row)));
}

function executionOf(row: OrderRow, view: EndedOrder["view"]): PastExecution {
  const forecastBps = view?.impact.forecastBps ?? null;
  const participation = view?.participation ?? null;
  return {
    spanSeconds: Math.round((row.endedAt! - row.startAt) / 1e6),
    executed: Math.min(1, Math.max(0, row.filledShare)),
    shortfallBps: hundredth(row.shortfallBps!),
    ...(forecastBps === null ? {} : { forecastBps: hundredth(forecastBps) }),
    ...(participation === null ? {} : { participation: Math.round(participation * 1e4) / 1e4 }),
  };
}

const hundredth = (value: number): number => Math.round(value * 100) / 100;

/** Of which the market's own name is not known yet. */
export interface WantedOrders {
  readonly symbol: string;
  readonly strategy: string;
}

/** What the journals of a folder tell of orders by a strategy. */
export interface FolderExperience {
  readonly orders: readonly EndedOrder[];
  /** Journals that could not be worked again, and those that there was no time for. */
  readonly notes: readonly string[];
}

export async function experienceIn(
  folder: string,
  wanted: WantedOrders,
  plugins: readonly Plugin[] = [],
): Promise<
  Result<FolderExperience, { readonly code: "ADVICE_EXPERIENCE"; readonly text: string }>
> {
  const found = newestJournals(folder);
  if (!found.ok) return found;
  const orders: EndedOrder[] = [];
  const notes: string[] = [];
  const until = performance.now() + MOST_MILLIS;
  for (const [index, path] of found.value.entries()) {
    if (performance.now() > until) {
      notes.push(`${found.value.length - index} journals of ${folder} were left out: it took long`);
      break;
    }
    if (orders.length >= MOST_EXECUTIONS) break;
    const read = await readOrders(path, wanted, plugins);
    if (typeof read === "string") notes.push(`${path} tells of no order: ${read}`);
    else orders.push(...read);
  }
  return ok({ orders, notes });
}

/** Or, in words, why it cannot be read. */
async function readOrders(
  path: string,
  wanted: WantedOrders,
  plugins: readonly Plugin[],
): Promise<readonly EndedOrder[] | string> {
  try {
    if (!isWorkedBy(path, wanted)) return [];
    const opened = await openJournalView(path, { plugins, most: 1 });
    if (!opened.ok) return opened.error.text;
    try {
      const { orders } = await opened.value.at();
      if (opened.value.trouble?.includes("decides otherwise") === true) return opened.value.trouble;
      return orders
        .filter(({ row }) => row.symbol === wanted.symbol && row.strategy === wanted.strategy)
        .filter(({ row }) => row.endedAt !== null)
        .map((view) => ({ row: { ...view.row, isLive: false }, view }));
    } finally {
      opened.value.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const SUBMITTED = '"kind":"parent-submitted"' satisfies `"kind":"${EngineEvent["kind"]}"`;

/** Whether any order began under it; one that is written to now, or broken, tells of none. */
function isWorkedBy(path: string, { symbol, strategy }: WantedOrders): boolean {
  const opened = openJournal(path);
  if (!opened.ok) return false;
  try {
    for (const { kind, body } of opened.value.records()) {
      if (kind !== "event" || !body.includes(SUBMITTED)) continue;
      const event = JSON.parse(body) as EngineEvent;
      if (event.kind !== "parent-submitted") continue;
      const { instrument, strategy: own } = event.parent;
      if (own.name === strategy && instrument.endsWith(symbol)) return true;
    }
    return false;
  } finally {
    opened.value.close();
  }
}

function newestJournals(
  folder: string,
): Result<readonly string[], { readonly code: "ADVICE_EXPERIENCE"; readonly text: string }> {
  try {
    const paths = readdirSync(folder)
      .slice(0, MOST_FILES)
      .filter((name) => name.endsWith(".journal"))
      .map((name) => join(folder, name))
      .map((path) => ({ path, at: statSync(path).mtimeMs }))
      .sort((a, b) => b.at - a.at || (a.path < b.path ? -1 : 1));
    return ok(paths.slice(0, MOST_JOURNALS).map(({ path }) => path));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err({ code: "ADVICE_EXPERIENCE", text: `${folder} is no folder of journals: ${why}` });
  }
}
