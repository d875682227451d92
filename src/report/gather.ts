/**
 * Gather: reads journals, each by its replay, and makes a report's data of them.
 *
 * One journal is in hand at a time, and of many orders only their summaries are kept. What must
 * stay true: figures of an order are those of its replay; whoever waits is told how far it is, and
 * may end it between two pieces of work.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { EngineEvent } from "../core/domain/messages.ts";
import type { ParentOrder } from "../core/domain/parent-order.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { explain } from "../runtime/advice/explanation.ts";
import type { Arm } from "../runtime/arm.ts";
import type { JournalMoment } from "../runtime/desk/desk-terms.ts";
import { type JournalView, openJournalView } from "../runtime/journal-view.ts";
import type { OpenJournal } from "../runtime/journal/journal.ts";
import type { Plugin } from "../runtime/plugin.ts";
import { PROGRAM } from "../runtime/program.ts";
import type { AdvisorView, MarketPoint, OrderView } from "../view/shapes.ts";
import { baselinesOf } from "./baselines.ts";
import { assumptionsOf, marketNoteOf } from "./market-note.ts";
import { periodOf } from "./period.ts";
import {
  type AdviceReport,
  type BaselineReport,
  type JournalNote,
  type OrderReport,
  type OrderSummary,
  REPORT_FORMAT,
  REPORT_VERSION,
  type ReportData,
} from "./report-data.ts";
import { splitsOf } from "./splits.ts";
import { summaryOf } from "./summary.ts";
import { targetsOf } from "./targets.ts";

export interface ReportRequest {
  readonly journals: readonly string[];
  /** Of one journal with several orders the one that is meant; absent: all of them. */
  readonly order?: string;
  /** Who the order is compared with; empty: nobody. */
  readonly arms: readonly Arm[];
  readonly windows?: number;
  /** Where the market files lie now; for all journals. */
  readonly paths?: readonly string[];
  readonly plugins?: readonly Plugin[];
  /** What was exchanged with an advisor, by journal; undefined: nothing is kept. */
  readonly exchangesOf: (journal: string) => string | undefined;
  /** Between two pieces of work; may throw to end it. */
  readonly turn: (done: number, total: number, what: string) => Promise<void>;
}

export interface ReportFault {
  /** `REPORT_…`, or the code of what is wrong with a journal or its market. */
  readonly code: string;
  readonly text: string;
}

export async function gather(request: ReportRequest): Promise<Result<ReportData, ReportFault>> {
  const notes: JournalNote[] = [];
  const summaries: OrderSummary[] = [];
  /** In the order in which they came, each once. */
  const assumed = new Set<string>();
  let whole: OrderReport | undefined;
  for (const [k, path] of request.journals.entries()) {
    const opened = await openJournalView(path, {
      most: Number.POSITIVE_INFINITY,
      ...(request.paths === undefined ? {} : { paths: request.paths }),
      ...(request.plugins === undefined ? {} : { plugins: request.plugins }),
    });
    if (!opened.ok) return err({ ...opened.error, text: `${path}: ${opened.error.text}` });
    const journal = opened.value;
    try {
      const read = await readJournal(journal, path, request, k);
      if (!read.ok) return read;
      notes.push(read.value.note);
      summaries.push(...read.value.summaries);
      whole = read.value.whole;
      const { config } = journal.replay;
      for (const text of assumptionsOf(read.value.note.market, config)) assumed.add(text);
    } finally {
      journal.close();
    }
  }
  return ok({
    format: REPORT_FORMAT,
    version: REPORT_VERSION,
    program: PROGRAM,
    journals: notes,
    orders: whole !== undefined && summaries.length === 1 ? [whole] : [],
    summaries,
    period: summaries.length === 1 ? null : periodOf(summaries, [...assumed]),
  });
}

interface Read {
  readonly note: JournalNote;
  readonly summaries: readonly OrderSummary[];
  /** Where it is the only one. */
  readonly whole: OrderReport | undefined;
}

async function readJournal(
  journal: JournalView,
  path: string,
  request: ReportRequest,
  number: number,
): Promise<Result<Read, ReportFault>> {
  const { order, journals } = request;
  const parents = parentsOf(journal.replay.journal);
  if (order !== undefined && !parents.has(order)) {
    const text = `${path} has no order "${order}": it has ${[...parents.keys()].join(", ")}`;
    return err({ code: "REPORT_ORDER", text });
  }
  const wanted = order === undefined ? journal.parentIds : [order];
  const { moment, path: market } = await walk(journal, wanted, (share) =>
    request.turn(number + share, journals.length, "reading"),
  );
  if (moment.orders.length === 0) {
    return err({ code: "REPORT_EMPTY", text: `${path} has no order in it: nothing to report` });
  }
  const note = noteOf(journal);
  const summaries = moment.orders.map((view) => summarised(view, parents, journal, note));
  const [only] = moment.orders;
  const isWhole = journals.length === 1 && moment.orders.length === 1 && only !== undefined;
  const whole = isWhole
    ? await wholeOrder(only, { journal, path, note, moment, market, parents }, request)
    : undefined;
  return ok({ note, summaries, whole });
}

/** Stops on the way: so that somebody is told how far it is, and no second of the path is lost. */
const STOPS = 60;
/** A view keeps an hour of the market's path. */
const STOP_SPAN = 50 * 60 * 1e6;
/** Points of the path that are kept. */
const MOST_POINTS = 7_200;

async function walk(
  journal: JournalView,
  wanted: readonly string[],
  told: (share: number) => Promise<void>,
): Promise<{ readonly moment: JournalMoment; readonly path: readonly MarketPoint[] }> {
  const path: MarketPoint[] = [];
  const take = (points: readonly MarketPoint[]): void => {
    const last = path.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
    for (const point of points) if (point.time > last) path.push(point);
  };
  const { marks } = journal;
  let [nextAt, lastTime] = [0, marks[0]?.time ?? 0];
  for (const [k, { record, time }] of marks.entries()) {
    if (k < nextAt && time - lastTime < STOP_SPAN) continue;
    nextAt = k + Math.ceil(marks.length / STOPS);
    lastTime = time;
    take((await journal.at(record, [])).market.path);
    await told(k / marks.length);
  }
  const moment = await journal.at(undefined, wanted);
  take(moment.market.path);
  await told(1);
  const step = Math.ceil(path.length / MOST_POINTS);
  return { moment, path: path.filter((_, k) => k % step === 0 || k === path.length - 1) };
}

/** As they were submitted: what was amended since stands in the view. */
function parentsOf(journal: OpenJournal): ReadonlyMap<string, ParentOrder> {
  const found = new Map<string, ParentOrder>();
  for (const { kind, body } of journal.records()) {
    if (kind !== "event" || !body.includes(SUBMITTED)) continue;
    const event = JSON.parse(body) as EngineEvent;
    if (event.kind === "parent-submitted") found.set(event.parent.id, event.parent);
  }
  return found;
}

const SUBMITTED = '"kind":"parent-submitted"' satisfies `"kind":"${EngineEvent["kind"]}"`;

function noteOf(journal: JournalView): JournalNote {
  const { header } = journal.replay.journal;
  return {
    journal: journal.journal,
    program: header.program,
    nodeMajor: header.nodeMajor,
    seed: header.seed,
    records: journal.records,
    instrument: journal.instrument,
    market: marketNoteOf(journal.replay.spec, journal.replay.config),
    trouble: journal.trouble,
  };
}

function summarised(
  { row, report }: OrderView,
  parents: ReadonlyMap<string, ParentOrder>,
  { replay }: JournalView,
  { journal, market, instrument }: JournalNote,
): OrderSummary {
  const parent = parents.get(row.parentId)!;
  const { quantity, startAt, deadline, constraints, urgency } = parent;
  const { spec } = replay;
  const terms = { side: row.side, quantity, startAt, deadline, constraints, urgency };
  const { queue: _queue, ...simulation } = replay.config.simulation;
  const shortfall = report?.shortfall;
  return {
    journal,
    parentId: row.parentId,
    symbol: row.symbol,
    venue: row.venue,
    side: row.side,
    strategy: row.strategy,
    phase: row.phase,
    quantity: row.quantity,
    filled: row.filled,
    filledShare: row.filledShare,
    startAt: row.startAt,
    seconds: row.endedAt === null ? null : (row.endedAt - row.startAt) / 1e6,
    shortfallBps: shortfall?.total.bps ?? null,
    beforeFeesBps: shortfall?.beforeFees.bps ?? null,
    feesBps: shortfall?.parts.fees.bps ?? null,
    againstTwapBps: row.againstTwapBps,
    vwapSlippageBps: report?.metrics.vwapSlippageBps.withoutOwn ?? null,
    participation: report?.metrics.participation ?? null,
    makerShare: report?.metrics.makerShare ?? null,
    isAdvised: row.isAdvised,
    marketKind: market.kind,
    block: spec.kind === "generated" ? `generated ${spec.seed}` : instrument,
    terms: canonicalJson({ market: market.id, terms, simulation }),
  };
}

interface Found {
  readonly journal: JournalView;
  readonly path: string;
  readonly note: JournalNote;
  readonly moment: JournalMoment;
  readonly market: readonly MarketPoint[];
  readonly parents: ReadonlyMap<string, ParentOrder>;
}

async function wholeOrder(
  view: OrderView,
  found: Found,
  request: ReportRequest,
): Promise<OrderReport> {
  const { journal, path, note, moment } = found;
  const advice = await adviceOf(view.advisor, path, request);
  const baselines = await comparedWith(view, found, request);
  const targets = targetsOf(view, advice, baselines);
  const { parentId } = view.row;
  const timeline = moment.timeline.filter((one) => [parentId, null].includes(one.parentId));
  const from = view.row.startAt - LEAD;
  const until = (view.row.endedAt ?? moment.time) + LEAD;
  const summary = summaryOf({ view, timeline, targets, advice, baselines });
  return {
    journal: note.journal,
    view,
    market: found.market.filter(({ time }) => time >= from && time <= until),
    timeline,
    summary: note.trouble === null ? summary : [`Beware: ${note.trouble}.`, ...summary],
    targets,
    splits: splitsOf(view),
    advice,
    baselines,
    assumptions: assumptionsOf(note.market, journal.replay.config),
  };
}

/** Market that is shown before the order and behind it. */
const LEAD = 15e6;

async function comparedWith(
  view: OrderView,
  { journal, note, parents }: Found,
  request: ReportRequest,
): Promise<BaselineReport> {
  const order = parents.get(view.row.parentId);
  if (request.arms.length === 0) return { kind: "none", why: "nobody asked for it" };
  if (order === undefined) return { kind: "none", why: "the journal does not say what was asked" };
  if (view.row.endedAt === null) return { kind: "none", why: "the order is still at work" };
  const { replay } = journal;
  return baselinesOf({
    arms: request.arms,
    windows: request.windows,
    market: replay.market,
    note: note.market,
    config: replay.config,
    plugins: request.plugins ?? [],
    seed: replay.journal.header.seed,
    order,
    view,
    turn: (done, total) => request.turn(done, total, "comparing"),
  });
}

async function adviceOf(
  view: AdvisorView | null,
  path: string,
  { exchangesOf }: ReportRequest,
): Promise<AdviceReport | null> {
  if (view === null) return null;
  return {
    asked: view.asked,
    answered: view.answered,
    followed: view.followed,
    clamped: view.clamped,
    dropped: view.dropped,
    grounded: view.grounded,
    reasonings: view.advised,
    fallbackRate: view.fallbackRate,
    latencyMs: view.latencyMs,
    exchanges: await exchangesIn(path, exchangesOf(path)),
  };
}

async function exchangesIn(
  path: string,
  exchanges: string | undefined,
): Promise<AdviceReport["exchanges"]> {
  if (exchanges === undefined) return null;
  const told = await explain(path, exchanges);
  if (!told.ok) return null;
  const usages = told.value.stories.flatMap(({ transcript }) => transcript?.usage ?? []);
  return {
    kept: told.value.stories.filter(({ transcript }) => transcript !== undefined).length,
    missing: told.value.missing,
    inputTokens: usages.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    outputTokens: usages.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  };
}
