/**
 * Analyse import: the cost of orders that were worked elsewhere, as far as it can be told.
 *
 * Fills say what was paid; what the market was doing comes from a recording, or from prices that
 * the user knows, or is unknown. What must stay true: no figure rests on something that was made
 * up, what was assumed is said, and what is unknown is named with what would tell it.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { formatQuantity, type Instrument } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import {
  type HalfTicks,
  halfTicks,
  type Lots,
  lots,
  type Micros,
  micros,
} from "../core/domain/units.ts";
import { DEFAULT_RISK_LIMITS } from "../core/execution/limits.ts";
import type { Execution, Markout, PartialExecution, PartialFill } from "../core/tca/execution.ts";
import { MARKOUT_SPANS } from "../core/tca/markout-clock.ts";
import { analyse, type ExecutionReport } from "../core/tca/report.ts";
import type { Instant } from "./fill-cells.ts";
import type { ImportedFill, ImportFault } from "./imported-fills.ts";
import {
  type Blindness,
  type Look,
  lookAtMarket,
  type Sight,
  type Sights,
} from "./market-looks.ts";
import type { OpenMarket } from "./market-source.ts";

/** What the user knows of one order, beside its fills. */
export interface OrderTerms {
  readonly quantity?: Lots;
  readonly decisionTime?: Instant;
  readonly decisionPrice?: HalfTicks;
  readonly arrivalTime?: Instant;
  readonly arrivalPrice?: HalfTicks;
  readonly horizonPrice?: HalfTicks;
  /** When it was done or canceled. */
  readonly endTime?: Instant;
  readonly deadline?: Instant;
}

export interface ImportRequest {
  readonly instrument: Instrument;
  /** In order of time. */
  readonly fills: readonly ImportedFill[];
  /** Terms of the order: for one order only. */
  readonly terms: OrderTerms;
  /** Only fills of this order. */
  readonly order?: string;
  /** All fills are one order, whatever ids they carry. */
  readonly together: boolean;
  readonly side?: Side;
  /** Whether the recording's prints show the fills too: true ones on its own venue. */
  readonly ownPrinted: boolean;
  /** Settlement coin per unit of a fee's coin, exact text. */
  readonly coinPrices: ReadonlyMap<string, string>;
}

/** A figure that cannot be told, and what would be needed for it. */
export interface UnknownFigure {
  readonly figures: string;
  readonly needs: string;
}

export interface ImportedOrder {
  /** Empty: the fills carry no order. */
  readonly id: string;
  readonly execution: PartialExecution;
  readonly report: ExecutionReport;
  readonly assumed: readonly string[];
  readonly unknown: readonly UnknownFigure[];
}

export function analyseImport(
  request: ImportRequest,
  market?: Pick<OpenMarket, "header" | "blocks">,
): Result<readonly ImportedOrder[], ImportFault> {
  const groups = groupsOf(request);
  if (!groups.ok) return groups;
  const orders: Drafted[] = [];
  for (const [id, fills] of groups.value) {
    const drafted = draft(id, fills, request);
    if (!drafted.ok) return drafted;
    orders.push(drafted.value);
  }
  if (market === undefined) return ok(orders.map((order) => conclude(order, request)));
  const looks = orders.flatMap((order) => looksOf(order, request.terms));
  const { staleAfter } = DEFAULT_RISK_LIMITS;
  const sights = lookAtMarket(market, looks, { staleAfter });
  let from = 0;
  return ok(
    orders.map((order) => {
      const to = from + FILLS + order.fills.length * PER_FILL;
      const seen = sights.seen.slice(from, to);
      from = to;
      return conclude(order, request, { ...sights, seen });
    }),
  );
}

type Groups = ReadonlyMap<string, readonly ImportedFill[]>;

function groupsOf(request: ImportRequest): Result<Groups, ImportFault> {
  const { fills, order, together, terms } = request;
  const chosen = order === undefined ? fills : fills.filter(({ orders }) => orders.includes(order));
  if (chosen.length === 0) {
    const known = new Set(fills.flatMap(({ orders }) => orders));
    const some = [...known].slice(0, 10).map((id) => id.slice(0, 60));
    const text = known.size === 0 ? "the file names no orders" : `it has ${some.join(", ")}`;
    return err({ code: "TCA_ORDER", text: `no fill belongs to order ${order ?? ""}; ${text}` });
  }
  const isOne = together || order !== undefined;
  const groups: Map<string, ImportedFill[]> = isOne
    ? new Map([[order ?? "", [...chosen]]])
    : Map.groupBy(chosen, ({ orders }) => orders[0] ?? "");
  const isTermed = Object.values(terms).some((term) => term !== undefined);
  if (groups.size > 1 && isTermed) {
    const text =
      `the file holds ${groups.size} orders, and a quantity, price or time belongs to one: ` +
      "choose it with --order, or take all fills as one order with --together";
    return err({ code: "TCA_TERMS", text });
  }
  for (const [id, group] of groups) {
    const mixed = sideFault(id, group, request.side);
    if (mixed !== undefined) return mixed;
  }
  return ok(groups);
}

function sideFault(
  id: string,
  fills: readonly ImportedFill[],
  side: Side | undefined,
): Result<never, ImportFault> | undefined {
  const buys = fills.filter((fill) => fill.side === "buy").length;
  const sells = fills.length - buys;
  const name = id === "" ? "the fills" : `order ${id.slice(0, 60)}`;
  if (buys > 0 && sells > 0) {
    const text =
      `${name}: ${buys} buys and ${sells} sells, and an order has one side: choose an order with ` +
      "--order, or name the column that tells them apart with --map COLUMN=parent";
    return err({ code: "TCA_ORDER", text });
  }
  if (side === undefined || fills[0]!.side === side) return undefined;
  return err({
    code: "TCA_ORDER",
    text: `${name}: the file says ${fills[0]!.side}, --side says ${side}`,
  });
}

/** What an order is before the market is looked at. */
interface Drafted {
  readonly id: string;
  readonly fills: readonly ImportedFill[];
  readonly start: bigint;
  readonly end: bigint;
  /** Asked for and not filled; undefined where nobody said what was asked for. */
  readonly rest: number | undefined;
}

function draft(
  id: string,
  fills: readonly ImportedFill[],
  { terms, instrument }: ImportRequest,
): Result<Drafted, ImportFault> {
  const [first, last] = [fills[0]!.at, fills.at(-1)!.at];
  const lastEnd = last.nanos + BigInt(last.resolution) - 1n;
  const filled = fills.reduce((sum, { fill }) => sum + fill.quantity, 0);
  if (!Number.isSafeInteger(filled))
    return err({ code: "TCA_TERMS", text: "more lots than can be counted" });
  const { quantity, arrivalTime, decisionTime, endTime, deadline } = terms;
  if (quantity !== undefined && filled > quantity) {
    const [had, asked] = [lots(filled), quantity].map((count) => formatQuantity(instrument, count));
    return err({
      code: "TCA_TERMS",
      text: `${had} were filled, more than the ${asked} of --quantity`,
    });
  }
  const start = arrivalTime?.nanos ?? first.nanos;
  if (start > first.nanos + BigInt(first.resolution)) {
    return err({ code: "TCA_TERMS", text: "--arrival-time is after the first fill" });
  }
  if (decisionTime !== undefined && decisionTime.nanos > start) {
    return err({ code: "TCA_TERMS", text: "--decision-time is after the arrival of the order" });
  }
  if (endTime !== undefined && endTime.nanos < last.nanos) {
    return err({ code: "TCA_TERMS", text: "--end-time is before the last fill" });
  }
  const rest = quantity === undefined ? undefined : quantity - filled;
  const expired = rest === undefined || rest === 0 ? undefined : deadline?.nanos;
  const end = endTime?.nanos ?? (expired !== undefined && expired > lastEnd ? expired : lastEnd);
  return ok({ id, fills, start, end, rest });
}

/** The looks of one order, by index: these, and then for each fill its own and its markouts'. */
const [DECISION, ARRIVAL, START, END, FILLS] = [0, 1, 2, 3, 4];
const PER_FILL = 1 + MARKOUT_SPANS.length;
const fillIndex = (fill: number): number => FILLS + fill * PER_FILL;

function looksOf(
  { fills, start, end }: Drafted,
  { arrivalTime, decisionTime }: OrderTerms,
): readonly Look[] {
  const looks: Look[] = [
    { at: decisionTime?.nanos ?? start, includes: true },
    { at: start, includes: arrivalTime !== undefined },
    { at: start, includes: false },
    { at: end, includes: true },
  ];
  for (const { fill, side, at } of fills) {
    const until = at.nanos + BigInt(at.resolution);
    const maker = { side, price: fill.price, until };
    const isMaker = fill.liquidity === "maker";
    looks.push({ at: at.nanos, includes: false, ...(isMaker ? { maker } : {}) });
    for (const after of MARKOUT_NANOS) looks.push({ at: at.nanos + after, includes: true });
  }
  return looks;
}

const MARKOUT_NANOS = MARKOUT_SPANS.map((after) => BigInt(after) * 1000n);

function conclude(order: Drafted, request: ImportRequest, seen?: Sights): ImportedOrder {
  const { instrument, terms } = request;
  const { fills, start, end } = order;
  const mid = (look: number): HalfTicks | undefined => seen?.seen[look]?.quote.mid;
  const arrivalPrice = terms.arrivalPrice ?? mid(ARRIVAL);
  const decisionMid = terms.decisionTime === undefined ? undefined : mid(DECISION);
  const decisionPrice = terms.decisionPrice ?? decisionMid ?? arrivalPriceOf(terms, arrivalPrice);
  const horizonPrice = terms.horizonPrice ?? mid(END);
  const market = seen === undefined ? undefined : marketOver(order, request, seen);
  const execution: PartialExecution = {
    instrument,
    side: fills[0]!.side,
    ...(terms.quantity === undefined ? {} : { quantity: { kind: "lots", lots: terms.quantity } }),
    ...(decisionPrice === undefined ? {} : { decisionPrice }),
    ...(arrivalPrice === undefined ? {} : { arrivalPrice }),
    ...(horizonPrice === undefined ? {} : { horizonPrice }),
    startAt: toMicros(start),
    endAt: toMicros(end),
    ...(terms.deadline === undefined ? {} : { deadline: toMicros(terms.deadline.nanos) }),
    fills: fills.map((fill, i) => executed(fill, request, seen?.seen[fillIndex(i)])),
    ...(typeof market === "object" ? { market } : {}),
    markouts: seen === undefined ? [] : markoutsOf(fills, seen),
    displacementModel: "unknown",
  };
  return {
    id: order.id,
    execution,
    report: analyse(execution),
    assumed: assumedOf(order, request, execution),
    unknown: unknownOf(order, request, execution, seen, market),
  };
}

/** Nobody said when it was decided: on arrival, then. A time that was said is not replaced. */
const arrivalPriceOf = (
  { decisionTime }: OrderTerms,
  arrivalPrice: HalfTicks | undefined,
): HalfTicks | undefined => (decisionTime === undefined ? arrivalPrice : undefined);

const toMicros = (nanos: bigint): Micros => micros(Number(nanos / 1000n));
/** A fill's time in whole seconds says little of the mid just before it. */
const isCoarse = ({ at }: ImportedFill): boolean => at.resolution >= 1e9;

function executed(
  imported: ImportedFill,
  { coinPrices, instrument }: ImportRequest,
  sight: Sight | undefined,
): PartialFill {
  const { fill, orders } = imported;
  const { liquidity, feeCoin } = fill;
  const quote = sight?.quote;
  const feeRate = feeCoin === undefined ? undefined : coinPrices.get(feeCoin);
  const isOther = feeCoin !== instrument.base && feeCoin !== instrument.quote;
  return {
    fill,
    clientOrderId: orders.at(-1) ?? "",
    displacement: halfTicks(0),
    ...(liquidity === undefined
      ? {}
      : { orderKind: liquidity === "maker" ? "passive" : "aggressive" }),
    ...(quote?.mid === undefined
      ? {}
      : {
          midBefore: quote.mid,
          midSource: isCoarse(imported) ? "estimated" : "recording",
          spreadBefore: quote.spread,
        }),
    ...(feeRate === undefined || !isOther ? {} : { feeRate }),
  };
}

function markoutsOf(fills: readonly ImportedFill[], { seen }: Sights): readonly Markout[] {
  return fills.flatMap(({ fill: { executionId } }, i) =>
    MARKOUT_SPANS.flatMap((after, span) => {
      const mid = seen[fillIndex(i) + 1 + span]?.quote.mid;
      return mid === undefined ? [] : [{ executionId, after, mid }];
    }),
  );
}

/** Others' trades from start to end, or why they cannot be told. */
function marketOver(
  { start, end, fills }: Drafted,
  { ownPrinted, instrument }: ImportRequest,
  { seen, from, until, hasTrades }: Sights,
): Execution["market"] | string {
  if (!hasTrades) return "a recording with trades: this one has none";
  if (start < from || end > until) return "a recording that covers the whole order";
  const [before, after] = [seen[START]!.totals, seen[END]!.totals];
  if (after.gaps > before.gaps) return "a recording without a gap while the order was worked";
  const totals = {
    lots: after.lots - before.lots,
    turnover: after.turnover - before.turnover,
    inverse: after.inverse - before.inverse,
  };
  for (const { fill } of ownPrinted ? fills : []) {
    totals.lots -= fill.quantity;
    totals.turnover -= fill.price * fill.quantity;
    totals.inverse -= fill.quantity / fill.price;
  }
  if (totals.lots < 0) {
    return (
      "the recording of the venue where they were filled: this one shows less volume than the " +
      "fills; if it never had them, say --own-trades absent"
    );
  }
  const vwapTicks =
    instrument.kind === "inverse" ? totals.lots / totals.inverse : totals.turnover / totals.lots;
  return {
    others: { lots: totals.lots, vwapTicks: totals.lots > 0 ? vwapTicks : Number.NaN },
    ownPrinted,
  };
}

function assumedOf(
  { rest }: Drafted,
  { terms, ownPrinted }: ImportRequest,
  { arrivalPrice, decisionPrice, market, fills }: PartialExecution,
): readonly string[] {
  const lines: string[] = [];
  const far = fills.filter(isFar).length;
  if (far > 0) {
    lines.push(
      `the market file is of the right venue and time, although ${far} of ${fills.length} fills ` +
        "are more than 1 % from its mid (check the time zone and --symbol)",
    );
  }
  if (terms.quantity === undefined) {
    lines.push("nothing more was asked for than was filled (say it: --quantity)");
  } else if (rest !== 0 && terms.endTime === undefined && terms.deadline === undefined) {
    lines.push("the order ended with its last fill (say it: --end-time, --deadline)");
  }
  if (terms.arrivalTime === undefined) {
    lines.push("the order started at its first fill (say it: --arrival-time)");
  }
  if (arrivalPrice !== undefined && terms.arrivalPrice === undefined) {
    lines.push("the arrival mid is the market file's at the start");
  }
  const isSaid = terms.decisionPrice !== undefined || terms.decisionTime !== undefined;
  if (!isSaid && decisionPrice !== undefined) {
    lines.push("it was decided on arrival (say it: --decision-price, --decision-time)");
  }
  if (market !== undefined) {
    lines.push(
      ownPrinted
        ? "the market file's trades include these fills: they were taken out (--own-trades printed)"
        : "the market file's trades do not include these fills (--own-trades absent)",
    );
  }
  return lines;
}

/** Further than any true fill from the mid just before it: more likely another market or hour. */
const isFar = ({ fill, midBefore }: PartialFill): boolean =>
  midBefore !== undefined && Math.abs(2 * fill.price - midBefore) > midBefore / 100;

const BLIND: Readonly<Record<Blindness, string>> = {
  outside: "outside the recording",
  "no-book": "at a moment without a healthy book",
  stale: "in a silence of the recording",
};

function unknownOf(
  order: Drafted,
  { terms, instrument }: ImportRequest,
  execution: PartialExecution,
  seen: Sights | undefined,
  market: ReturnType<typeof marketOver> | undefined,
): readonly UnknownFigure[] {
  const unknown: UnknownFigure[] = [];
  const add = (figures: string, needs: string): void => void unknown.push({ figures, needs });
  const { fills } = execution;
  if (execution.arrivalPrice === undefined) {
    add("arrival slippage, delay", "--arrival-price, or a --market file that covers the start");
  }
  if (execution.decisionPrice === undefined) {
    add("shortfall", "--decision-price, or a --market file that covers the decision");
  }
  if (seen === undefined) {
    const figures =
      "spread and timing apart, spread captured, market VWAP, participation, markouts";
    add(figures, "a recording of the market over the order and five minutes after it: --market");
  } else {
    const blind = blindFills(order, seen);
    if (blind !== "") add("spread and timing apart", `a mid before every fill; ${blind}`);
    if (typeof market === "string") add("market VWAP, participation", market);
    const wanted = MARKOUT_SPANS.length * fills.length;
    const missing = wanted - execution.markouts.length;
    if (missing > 0) {
      const needs = `a recording that goes on for five minutes after the last fill`;
      add(`${missing} of ${wanted} markouts`, needs);
    }
  }
  add("impact", "a model of how far your own trading moved the price; it is inside timing");
  if (instrument.kind !== "spot") add("funding", "the account's funding payments");
  if (terms.quantity === undefined) {
    add("fill rate, completion, opportunity", "what was asked for: --quantity");
  } else if (order.rest !== 0 && execution.horizonPrice === undefined) {
    add("opportunity, shortfall", "--horizon-price, or a --market file that covers the end");
  }
  const without = (test: (fill: PartialFill["fill"]) => boolean): number =>
    fills.filter(({ fill }) => test(fill)).length;
  const feeless = without(({ fee }) => fee === undefined);
  if (feeless > 0) {
    const coin = instrument.kind === "spot" ? ", and their coin (--fee-coin)" : "";
    add("fees, shortfall with fees", `a fee for each fill: ${feeless} have none${coin}`);
  }
  const unsaid = without(({ liquidity }) => liquidity === undefined);
  if (unsaid > 0) {
    add("maker share, spread captured", `a column that says maker or taker: ${unsaid} do not`);
  }
  return unknown;
}

/** Which fills have no mid, and why. */
function blindFills({ fills }: Drafted, { seen }: Sights): string {
  const counts = new Map<Blindness, number>();
  for (const i of fills.keys()) {
    const why = seen[fillIndex(i)]!.quote.why;
    if (why !== undefined) counts.set(why, 1 + (counts.get(why) ?? 0));
  }
  const parts = [...counts].map(([why, count]) => `${count} of ${fills.length} are ${BLIND[why]}`);
  return parts.join(", ");
}
