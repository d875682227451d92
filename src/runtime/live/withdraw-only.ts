/**
 * Withdraw only: takes back from the venue what a run has left there, and does nothing else.
 *
 * For a journal that cannot be gone on with: one that the engine does not take, a damaged one, or
 * one of another program's. What must stay true: no order is sent and no record is added to the
 * journal; every order that it ever told of, and does not prove closed, is asked for; and it ends
 * well only where the venue says that none of the run's orders is open.
 */
import { applyReport, type ChildOrder, leaves } from "../../core/domain/child-order.ts";
import type { ClientOrderId, Fill, OrderReport } from "../../core/domain/child-order.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { formatPrice, formatQuantity } from "../../core/domain/instrument.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { SYSTEM_TIMERS, type Timers } from "../../data/network/timers.ts";
import type { AdoptedOrder, Venue, VenueNotice, VenueSession } from "../../venues/venue.ts";
import { parseInstrument } from "../instrument-file.ts";
import type { JournalHeader } from "../journal/journal.ts";
import { salvageJournal } from "../journal/salvage.ts";
import { type LeftOrders, leftOrders, leftText } from "./left-orders.ts";
import { LIVE_SPEC } from "./live-market.ts";
import type { LiveFault } from "./live-terms.ts";
import { openOn } from "./open-run.ts";
import { standingOf } from "./run-origin.ts";

export interface WithdrawOptions {
  readonly journal: string;
  readonly venue: (header: JournalHeader, parentId: string) => Result<Venue, LiveFault>;
  readonly signal?: AbortSignal;
  readonly timers?: Timers;
  readonly onNotice?: (notice: VenueNotice) => void;
}

/** Plain JSON. Quantities and prices as exact text, in units. */
export interface Withdrawal {
  readonly journal: string;
  readonly parentId: string;
  readonly venue: string;
  /** Orders that the journal tells of, and records of it that could not be understood. */
  readonly placed: number;
  readonly unread: number;
  /** Those that it did not prove closed, and what the venue has told of them. */
  readonly orders: readonly WithdrawnOrder[];
  /** Why orders may still rest; absent: none does. */
  readonly unwithdrawn?: string;
}

export interface WithdrawnOrder {
  readonly clientOrderId: string;
  readonly side: string;
  readonly quantity: string;
  /** Null: a market order. */
  readonly price: string | null;
  /** By the journal. */
  readonly was: string;
  readonly filledBefore: string;
  /** By the venue: "filled", "canceled", "rejected", "expired", or "unknown" still. */
  readonly is: string;
  /** That the journal does not tell of. */
  readonly fills: readonly {
    readonly executionId: string;
    readonly quantity: string;
    readonly price: string;
    readonly fee: string;
    readonly feeCoin: string;
  }[];
}

/** How long the executions of withdrawn orders may take. */
const EXECUTIONS_NANOS = 30e9;
const LOOK_NANOS = 50e6;

export async function withdrawOnly(
  options: WithdrawOptions,
): Promise<Result<Withdrawal, LiveFault>> {
  const { journal } = options;
  const salvaged = salvageJournal(journal);
  if (!salvaged.ok) return salvaged;
  try {
    const { header, records } = salvaged.value;
    const left = leftOrders(records());
    if (header === undefined || left.parentId === undefined) {
      const what = header === undefined ? "its header cannot be read" : "it tells of no order";
      return err({ code: "RUN_RESUME", text: `${what}: look at the venue` });
    }
    const instrument = parseInstrument(header.instrument);
    const known = instrument.ok ? instrument.value : undefined;
    const done = await withdraw(options, header, left, known);
    if (done.ok) return done;
    const children = left.orders.map(({ child }) => child);
    const { code, text } = done.error;
    return err({ code, text: `${text}; ${leftText(journal, known, children)}` });
  } finally {
    // Only now may somebody else go on with it.
    salvaged.value.close();
  }
}

async function withdraw(
  { journal, venue, signal, timers = SYSTEM_TIMERS, onNotice }: WithdrawOptions,
  header: JournalHeader,
  { parentId, orders, placed, unread }: LeftOrders,
  known: Instrument | undefined,
): Promise<Result<Withdrawal, LiveFault>> {
  const made = venue(header, standingOf(header)?.id ?? parentId!);
  if (!made.ok) return made;
  const spec = LIVE_SPEC.safeParse(header.market);
  const opened = await openOn(made.value, signal, header, {
    isResumed: true,
    wasSent: () => true,
    ...(spec.success ? { epochNanos: BigInt(spec.data.epochSeconds) * 1_000_000_000n } : {}),
  });
  if (!opened.ok) return opened;
  const session = opened.value;
  try {
    const told = new Told(orders);
    const instrument = known ?? session.header.instrument;
    const before = orders.map(({ child }) => ({ ...child }));
    session.adopt(orders);
    session.start({
      rows: () => undefined,
      report: (id, report) => told.take(id, report),
      notice: (notice) => onNotice?.(notice),
    });
    const unwithdrawn = await takenBack(session, told, timers);
    return ok({
      journal,
      parentId: parentId!,
      venue: made.value.name,
      placed,
      unread,
      orders: before.map((child) => told.result(instrument, child)),
      ...(unwithdrawn === undefined ? {} : { unwithdrawn }),
    });
  } finally {
    await session.close();
  }
}

/** @returns why orders may still rest, where they may. */
async function takenBack(
  session: VenueSession,
  told: Told,
  timers: Timers,
): Promise<string | undefined> {
  const done = await session.cancelAll();
  if (!done.ok) return done.error.text;
  const until = session.now() + EXECUTIONS_NANOS;
  while (!told.isComplete && session.now() < until) {
    await new Promise<void>((resolve) => void timers.after(LOOK_NANOS, resolve));
  }
  if (told.isComplete) return undefined;
  return "the venue has not told the end of every order: look there, and run it again";
}

/** What the venue tells of the orders. */
class Told {
  readonly #orders: ReadonlyMap<string, ChildOrder>;
  readonly #fills = new Map<string, Fill[]>();
  readonly #executions: Set<string>;

  constructor(orders: readonly AdoptedOrder[]) {
    this.#orders = new Map(orders.map(({ child }) => [child.terms.clientOrderId, doubted(child)]));
    this.#executions = new Set(orders.flatMap(({ executionIds }) => executionIds));
  }

  get isComplete(): boolean {
    return [...this.#orders.values()].every((child) => child.phase === "closed" && !leaves(child));
  }

  take(id: ClientOrderId, report: OrderReport): void {
    const child = this.#orders.get(id);
    if (child === undefined) return;
    if (report.kind === "filled") {
      const { executionId } = report.fill;
      if (this.#executions.has(executionId)) return;
      this.#executions.add(executionId);
      this.#fills.set(id, [...(this.#fills.get(id) ?? []), report.fill]);
    }
    try {
      applyReport(child, report);
    } catch {
      // More was filled than the journal knows to have been asked for: the fill is told.
    }
  }

  result(instrument: Instrument, before: Readonly<ChildOrder>): WithdrawnOrder {
    const { clientOrderId, side } = before.terms;
    const { limitPrice } = before;
    const { phase, closeReason } = this.#orders.get(clientOrderId)!;
    return {
      clientOrderId,
      side,
      quantity: formatQuantity(instrument, before.quantity),
      price: limitPrice === undefined ? null : formatPrice(instrument, limitPrice),
      was: before.phase,
      filledBefore: formatQuantity(instrument, before.cumulative),
      is: phase === "closed" ? (closeReason ?? "closed") : "unknown",
      fills: (this.#fills.get(clientOrderId) ?? []).map((fill) => ({
        executionId: fill.executionId,
        quantity: formatQuantity(instrument, fill.quantity),
        price: formatPrice(instrument, fill.price),
        fee: fill.fee,
        feeCoin: fill.feeCoin,
      })),
    };
  }
}

/** As the engine holds it after a restart. */
const doubted = (child: Readonly<ChildOrder>): ChildOrder =>
  child.phase === "closed" ? { ...child } : { ...child, phase: "unknown" };
