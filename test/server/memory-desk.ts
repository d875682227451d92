/**
 * Memory desk: a `Desk` that keeps its orders in memory and does what it is told, so that the
 * server's own promises (who may do what, what is told to whom) can be tested by themselves.
 *
 * The server on a real desk is tested in `src/server/server-desk.test.ts`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../../src/core/domain/errors.ts";
import { type Micros, micros } from "../../src/core/domain/units.ts";
import type {
  Desk,
  DeskChange,
  DeskFault,
  OpenedJournal,
  OrderCommand,
  OrderPreview,
} from "../../src/runtime/desk/desk-terms.ts";
import type { OrderForm } from "../../src/runtime/desk/order-form.ts";
import type { ControlAnswer } from "../../src/runtime/live/control-protocol.ts";
import type { MarketView, OrderRow, OrderView, TimelineEntry } from "../../src/view/shapes.ts";
import type { RunNote } from "../../src/view/stream.ts";

export const INSTRUMENT = "bybit:linear:BTCUSDT";
export const JOURNAL = "desk-bybit-linear-BTCUSDT.journal";
const START = 1_767_225_600_000_000;

export class MemoryDesk implements Desk {
  readonly folder: string;
  takesOrders = true;
  /** What it was asked, in order. */
  readonly asked: { readonly by: string; readonly what: unknown }[] = [];
  readonly rowsNow = new Map<string, OrderRow>();
  trades = 0;
  #listeners = new Set<(change: DeskChange) => void>();
  #entries: (TimelineEntry & { readonly journal: string })[] = [];
  #limits: Record<string, unknown> = { maxOrderNotional: 1_000_000 };
  #record = 0;

  constructor(folder: string) {
    this.folder = folder;
    writeFileSync(join(folder, JOURNAL), "");
  }

  get now(): Micros {
    return micros(START + this.#record);
  }

  runs(): readonly RunNote[] {
    return [
      {
        journal: JOURNAL,
        instrument: INSTRUMENT,
        venue: "bybit",
        isLive: true,
        isKilled: this.asked.some(({ what }) => (what as { kill?: string }).kill !== undefined),
        trouble: null,
      },
    ];
  }

  rows(): readonly OrderRow[] {
    return [...this.rowsNow.values()].reverse();
  }

  parentIds(): readonly string[] {
    return [...this.rowsNow.keys()];
  }

  rowsOf(parentIds: readonly string[]): ReadonlyMap<string, OrderRow> {
    const there = parentIds.flatMap((id) => this.rowsNow.get(id) ?? []);
    return new Map(there.map((row) => [row.parentId, row]));
  }

  order(parentId: string): OrderView | undefined {
    const row = this.rowsNow.get(parentId);
    return row === undefined ? undefined : viewOf(row);
  }

  market(instrument: string): MarketView | undefined {
    return instrument === INSTRUMENT ? marketOf(this.now, this.trades) : undefined;
  }

  timeline(after: Readonly<Record<string, number>> = {}) {
    return this.#entries.filter(({ journal, record }) => record > (after[journal] ?? -1));
  }

  fills() {
    return [];
  }

  watch(listener: (change: DeskChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async preview(form: OrderForm): Promise<Result<OrderPreview, DeskFault>> {
    const quantity = Number(form.quantity ?? "0");
    return ok({
      checks: [{ name: "market", isRequired: true, met: true, text: "the book is known" }],
      canSubmit: true,
      worstCase: { text: "all of it is bought at the limit", cash: null },
      notional: form.notional ?? String(quantity * 60_000),
      costs: [],
      frontier: [],
      adviceBoundBps: null,
      needsApproval: false,
    });
  }

  async worth(form: OrderForm): Promise<Result<string | null, DeskFault>> {
    return ok(form.notional ?? String(Number(form.quantity ?? "0") * 60_000));
  }

  async submit(by: string, form: OrderForm) {
    if (form.symbol !== "BTCUSDT") {
      return err({ code: "VENUE_SYMBOL", text: "the venue has no such symbol" });
    }
    const parentId = `p${this.rowsNow.size + 1}`;
    this.asked.push({ by, what: { submit: form } });
    this.add(parentId, { side: form.side, quantity: `${form.quantity ?? "0"} BTC` });
    return ok({ parentId, record: this.#record });
  }

  async control(by: string, parentId: string, command: OrderCommand): Promise<ControlAnswer> {
    const row = this.rowsNow.get(parentId);
    if (row === undefined) return { ok: false, code: "DESK_NO_ORDER", text: "no such order" };
    this.asked.push({ by, what: { parentId, ...command } });
    if (command.command === "switch" && command.strategy === "nonsense") {
      return { ok: false, code: "PARENT_STRATEGY", text: "there is no strategy nonsense" };
    }
    this.change(parentId, { reason: `${command.command} by ${by}` });
    const done = `${command.command}: taken`;
    return { ok: true, command: command.command, text: done, record: this.#record, time: this.now };
  }

  async kill(by: string, reason: string): Promise<readonly ControlAnswer[]> {
    this.asked.push({ by, what: { kill: reason } });
    this.tell({ kind: "runs" });
    return [{ ok: true, command: "kill", text: `killed by ${by}: ${reason}` }];
  }

  limits(instrument: string): Readonly<Record<string, unknown>> | undefined {
    return instrument === INSTRUMENT ? this.#limits : undefined;
  }

  async setLimits(by: string, instrument: string, set: Readonly<Record<string, unknown>>) {
    this.asked.push({ by, what: { limits: set, instrument } });
    this.#limits = { ...this.#limits, ...set };
    return { ok: true, command: "limits", text: "limits: taken" } as const;
  }

  async open(journal: string): Promise<Result<OpenedJournal, DeskFault>> {
    if (journal !== JOURNAL) return err({ code: "DESK_JOURNAL", text: "no such journal" });
    const moment = async (record = this.#record) => ({
      record,
      time: micros(START + record),
      orders: [...this.rowsNow.values()].map(viewOf),
      market: marketOf(micros(START + record), 0),
      timeline: this.#entries.filter((entry) => entry.record <= record),
    });
    return ok({
      journal,
      records: this.#record,
      parentIds: [...this.rowsNow.keys()],
      instrument: INSTRUMENT,
      marks: this.#entries.map(({ record, time }) => ({ record, time })),
      at: moment,
      close: () => undefined,
    });
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  add(parentId: string, row: Partial<OrderRow> = {}): void {
    this.rowsNow.set(parentId, { ...ROW, parentId, ...row });
    this.#happened(parentId, "submitted");
    this.tell({ kind: "orders", parentIds: [parentId] });
    this.tell({ kind: "timeline" });
  }

  change(parentId: string, row: Partial<OrderRow>): void {
    const before = this.rowsNow.get(parentId)!;
    this.rowsNow.set(parentId, { ...before, ...row, updatedAt: this.now });
    this.#happened(parentId, row.reason ?? "changed");
    this.tell({ kind: "orders", parentIds: [parentId] });
    this.tell({ kind: "timeline" });
  }

  remove(parentId: string): void {
    this.rowsNow.delete(parentId);
    this.tell({ kind: "orders", parentIds: [parentId] });
  }

  trade(): void {
    this.trades += 1;
    this.tell({ kind: "market", instrument: INSTRUMENT });
  }

  tell(change: DeskChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #happened(parentId: string, text: string): void {
    this.#record += 1;
    this.#entries.push({
      journal: JOURNAL,
      record: this.#record,
      time: this.now,
      kind: "order",
      severity: "info",
      parentId,
      text,
    });
  }
}

const ROW: OrderRow = {
  parentId: "p0",
  journal: JOURNAL,
  instrument: INSTRUMENT,
  venue: "bybit",
  symbol: "BTCUSDT",
  side: "buy",
  strategy: "twap",
  phase: "active",
  reason: "started",
  isLive: true,
  quantity: "1.5 BTC",
  filled: "0.5 BTC",
  filledShare: 1 / 3,
  startAt: micros(START),
  deadline: micros(START + 600_000_000),
  endedAt: null,
  shortfallBps: 1.25,
  againstTwapBps: null,
  health: "healthy",
  halt: null,
  workingOrders: 1,
  isAdvised: false,
  updatedAt: micros(START),
};

const viewOf = (row: OrderRow): OrderView => ({
  row,
  terms: {
    urgency: 0.5,
    limitPrice: null,
    iWouldPrice: null,
    maxParticipation: 0.1,
    mayCrossSpread: true,
    residual: "leave",
    parameters: { slices: 10 },
    tactic: null,
    reduceOnly: false,
  },
  remaining: "1 BTC",
  secondsLeft: 400,
  prices: { decision: "60000", arrival: "60000.5", vwap: null, marketVwap: null, mid: "60001" },
  participation: null,
  twap: { averagePrice: 60_001.5, costBps: 0.25, seconds: 200 },
  report: null,
  impact: { forecastBps: null, realisedBps: null, rest: null },
  trajectory: [{ time: micros(START), planned: 0, low: null, high: null, filled: 0 }],
  children: [],
  decisions: [],
  fills: [],
  counts: { children: 0, decisions: 0, fills: 0 },
  advisor: null,
});

const marketOf = (time: Micros, trades: number): MarketView => ({
  instrument: INSTRUMENT,
  time,
  health: "healthy",
  healthSince: null,
  bids: [{ price: "60000", size: String(trades + 1), own: null }],
  asks: [{ price: "60001", size: "2", own: "0.5" }],
  mid: "60000.5",
  spreadBps: 0.17,
  imbalance: 0.1,
  trades: [],
  volumeMinute: null,
  volumeDay: null,
  dayVolume: { usualFrom: "even-day", curve: null, quarters: [] },
  volatilityHour: { value: 0.004, coverage: 1 },
  positionLots: 0,
  position: "0 BTC",
  fundingRate: null,
  nextFundingAt: null,
  openInterest: null,
  liquidations: [],
  news: [],
  quality: { gaps: 0, crossed: 0, stale: 0, rowsLost: 0, unused: null },
  path: [],
});
