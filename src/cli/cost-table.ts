/**
 * Cost table: an execution report as text for a terminal.
 *
 * Everything shown is in the report; nothing is computed here but widths and display rounding, so
 * that the page cannot say something that `--json` does not. 100 columns unless told otherwise.
 */
import {
  type Decimal,
  decimal,
  divideHalfAway,
  formatDecimal,
  tenTo,
} from "../core/domain/decimal.ts";
import type { ChildRow, Cost, ExecutionReport, FigureOverFills } from "../core/tca/report.ts";
import { bold, type Cell, dim, GAP, Page, plain, type Style } from "./text-page.ts";

export interface CostTableOptions {
  readonly colour: boolean;
  readonly width?: number;
  /** Children beyond this many are left out of the middle, and the text says so. */
  readonly maxChildren?: number;
}

const UNKNOWN = "unknown";

export function costTable(report: ExecutionReport, options: CostTableOptions): string {
  const width = options.width ?? 100;
  const page = new Page(options.colour, width);
  summary(page, report);
  costs(page, report);
  quality(page, report);
  if (report.metrics.children !== null) {
    children(page, report.children, options.maxChildren ?? 40);
  }
  return page.text();
}

function summary(page: Page, report: ExecutionReport): void {
  const { instrument, quantity, prices, shortfall, metrics } = report;
  const done = report.side === "buy" ? "Bought" : "Sold";
  const asked =
    quantity.notional === null
      ? quantity.intended
      : `${quantity.intended} (${group(quantity.notional)} ${instrument.quote})`;
  page.line(
    `${done} ${group(quantity.filled)} of ${group(asked)} ${instrument.quantityUnit}` +
      `, ${instrument.symbol} ${instrument.kind} on ${instrument.venue}`,
    "bold",
  );
  page.line(
    `${clock(report.startMicros, true)} UTC, ${span(report.endMicros - report.startMicros)}: ` +
      [
        ...(metrics.children === null
          ? []
          : [counted(metrics.children, "child order", "child orders")]),
        counted(metrics.fills, "fill", "fills"),
        ...(metrics.rejects === null ? [] : [counted(metrics.rejects, "reject", "rejects")]),
      ].join(", "),
  );
  page.line();
  const digits = priceDigits(prices);
  const price = (text: string | null): string => (text === null ? UNKNOWN : unsigned(text, digits));
  const { marketVwapWithoutOwn, marketVwapWithOwn } = prices;
  const market = (value: number | null): string =>
    value === null ? UNKNOWN : group(value.toFixed(digits));
  page.table(
    [
      [plain("our VWAP"), plain(price(prices.vwap)), dim(`price in ${instrument.quote}`)],
      [
        plain("market VWAP"),
        plain(market(marketVwapWithoutOwn)),
        dim(`without our trades; ${market(marketVwapWithOwn)} with them`),
      ],
      [plain("arrival mid"), plain(price(prices.arrival)), dim("when the order started")],
      [plain("decision mid"), plain(price(prices.decision)), dim("when it was decided")],
      [
        plain("horizon mid"),
        plain(price(prices.horizon)),
        dim("what was not filled is marked here"),
      ],
    ],
    ["left", "right", "left"],
  );
  page.line();
  const { total, beforeFees, filledPart } = shortfall;
  const digitsOfMoney = moneyDigits(report);
  const row = (name: string, cost: Cost, note: string): Cell[] => [
    bold(name),
    { text: withUnit(cost.bps), ...toned(cost) },
    plain(cost.cash === null ? UNKNOWN : `${money(cost.cash, digitsOfMoney)} ${instrument.settle}`),
    dim(note),
  ];
  page.table(
    [
      row("shortfall", total, "the full order, fees and funding included"),
      row("", beforeFees, "the full order, before fees and funding"),
      row("", filledPart, "the filled part against the decision mid, fees apart"),
    ],
    ["left", "right", "right", "left"],
  );
}

/** What each part means, in words a newcomer can follow. */
const MEANING = {
  delay: "the market moved between decision and start",
  spread: "fill prices against the mid just before each fill",
  impact: "our own earlier trading had moved the mid",
  timing: "the market moved by itself while we traded",
  opportunity: "what was not filled, marked at the horizon mid",
  fees: "rebates are under zero",
  funding: "paid while the position was held",
} as const;

function costs(page: Page, report: ExecutionReport): void {
  const { shortfall, instrument } = report;
  const digits = moneyDigits(report);
  const { parts, impact } = shortfall;
  const row = (name: string, cost: Cost, note: string, strong = false): Cell[] => [
    strong ? bold(name) : plain(name),
    { text: bps(cost.bps, 3), ...toned(cost) },
    { text: cost.cash === null ? UNKNOWN : money(cost.cash, digits), ...toned(cost) },
    dim(note),
  ];
  const unknown = (name: string, note: string): Cell[] => [
    plain(name),
    plain(UNKNOWN),
    plain(UNKNOWN),
    dim(note),
  ];
  const split =
    shortfall.displacementModel === "none" || shortfall.displacementModel === "unknown"
      ? []
      : impact === null
        ? [unknown("  temporary", "no fill says what of it is lasting")]
        : [
            row("  temporary", impact.temporary, "gone again with time"),
            row("  permanent", impact.permanent, "here to stay"),
          ];
  page.heading("Where the cost came from");
  page.table(
    [
      [dim("part"), dim("bps"), dim(instrument.settle), dim("")],
      row("delay", parts.delay, MEANING.delay),
      row("spread", parts.spread, MEANING.spread),
      row("impact", parts.impact, impactNote(shortfall.displacementModel)),
      ...split,
      row("timing", parts.timing, MEANING.timing),
      ...(parts.spread.cash === null && shortfall.whileTrading.cash !== null
        ? [row("while trading", shortfall.whileTrading, "spread, impact and timing in one")]
        : []),
      row("opportunity", parts.opportunity, MEANING.opportunity),
      row("before fees", shortfall.beforeFees, "the sum of the parts above", true),
      row("fees", parts.fees, MEANING.fees),
      shortfall.fundingKnown
        ? row("funding", parts.funding, MEANING.funding)
        : unknown("funding", "nobody recorded it; 0 in the total"),
      row("total", shortfall.total, totalNote(report), true),
    ],
    ["left", "right", "right", "left"],
  );
  const { decisionNotional } = report;
  const notional =
    decisionNotional === null
      ? UNKNOWN
      : `${unsigned(decisionNotional, digits)} ${instrument.settle}`;
  page.line(`+ is paid, - is earned. Bps of the decision notional, ${notional}.`, "dim");
  for (const { coin, amount } of shortfall.unpricedFees) {
    page.line(`Fees of ${amount} ${coin} are not in the total: their rate is not known.`);
  }
  if (shortfall.estimatedMids > 0) {
    const of = counted(report.metrics.fills, "fill", "fills");
    const share = `${shortfall.estimatedMids} of ${of}`;
    page.line(`Estimated mid at ${share}: there spread and timing are estimates.`);
  }
  const { recordedMids, unknownMids } = shortfall;
  if (recordedMids > 0) {
    const of = counted(report.metrics.fills, "fill", "fills");
    page.line(`Mids of ${recordedMids} of ${of} are from the market file, not from the venue.`);
  }
  if (unknownMids > 0 && recordedMids > 0) {
    page.line(`${counted(unknownMids, "fill has", "fills have")} no mid: so has the whole order.`);
  }
}

/** What the total is made of, where a part of it cannot be told from the others. */
function totalNote({ shortfall }: ExecutionReport): string {
  const { total, parts } = shortfall;
  if (total.cash === null) return "something that it needs is not known";
  return Object.values(parts).some(({ cash }) => cash === null)
    ? "known as a whole; a part that is unknown is inside it"
    : "exactly the sum of the parts";
}

function impactNote(model: ExecutionReport["shortfall"]["displacementModel"]): string {
  if (model === "none") return "by assumption: this market does not react to us";
  if (model === "unknown") return "fills alone cannot tell it: it is inside timing";
  return model === "exact" ? MEANING.impact : `${MEANING.impact}, estimated`;
}

function quality(page: Page, report: ExecutionReport): void {
  const { metrics, targets } = report;
  const { vwapSlippageBps: slippage, spreadCapturedGain: captured } = metrics;
  const { participation: band } = targets;
  page.heading("How well it was done");
  page.table(
    [
      [dim("measure"), dim("value"), dim("target"), dim("")],
      measure(
        "shortfall",
        withUnit(report.shortfall.beforeFees.bps),
        `< ${targets.shortfall.below} bps`,
        targets.shortfall.of,
      ),
      measure(
        "VWAP slippage",
        withUnit(slippage.withoutOwn),
        `< ${targets.vwapSlippage.below} bps`,
        `without our trades; ${withUnit(slippage.withOwn)} with them`,
      ),
      measure(
        "arrival slippage",
        withUnit(metrics.arrivalSlippageBps),
        `< ${targets.arrivalSlippage.below} bps`,
        targets.arrivalSlippage.of,
      ),
      measure(
        "participation",
        share(metrics.participation),
        `${share(band.from)} to ${share(band.to)}`,
        metrics.marketVolume === null
          ? "own / (own + others)"
          : `own / (own + others); others traded ${group(trimmed(metrics.marketVolume))}`,
      ),
      measure("fill rate", share(metrics.fillRate), `> ${share(targets.fillRate.above)}`, ""),
      measure("complete in time", yesNo(metrics.completedInTime), "yes", ""),
      measure(
        "spread captured",
        share(captured.value),
        `> ${share(targets.spreadCaptured.above)}`,
        metrics.makerShare === null && metrics.fills > 0 && captured.of === 0
          ? "gain / full spread; nobody said which fills were passive"
          : `gain / full spread, ${coverage(captured, "passive fills")}`,
      ),
      measure("maker share", share(metrics.makerShare), "", "of the filled quantity"),
    ],
    ["left", "right", "right", "left"],
  );
  page.line("Targets are what this program aims at, not results.", "dim");
  page.heading("Markouts: what the market did after our fills (+ is a gain)");
  page.table(
    metrics.markoutGainsBps.map((figure) => [
      plain(span(figure.afterMicros)),
      plain(withUnit(figure.value)),
      dim(coverage(figure, "fills")),
    ]),
    ["left", "right", "left"],
  );
}

const measure = (name: string, value: string, target: string, note: string): Cell[] => [
  plain(name),
  plain(value),
  plain(target),
  dim(note),
];

function children(page: Page, rows: readonly ChildRow[], maxChildren: number): void {
  page.heading(`Child orders (${rows.length})`);
  if (rows.length === 0) {
    page.line(`${GAP}none was sent`);
    return;
  }
  const head = rows.length > maxChildren ? Math.ceil(maxChildren / 2) : rows.length;
  const tail = rows.length > maxChildren ? maxChildren - head : 0;
  const hidden = rows.length - head - tail;
  const titles = ["time", "type", "quantity", "price", "filled", "status", "bps", "why"];
  const left = hidden === 0 ? [] : [["", "", "", "", "", "", "", `${hidden} more: see --json`]];
  page.table(
    [
      titles.map(dim),
      ...rows.slice(0, head).map(childCells),
      ...left.map((cells) => cells.map(dim)),
      ...rows.slice(rows.length - tail).map(childCells),
    ],
    ["left", "left", "right", "right", "right", "left", "right", "left"],
  );
  page.line("Times are UTC; bps are the fills against the arrival mid, + is paid.", "dim");
}

function childCells(row: ChildRow): Cell[] {
  const words = row.closeText === null || row.closeText === "" ? "" : ` (${row.closeText})`;
  const cost = row.costBps === null ? plain("") : { text: bps(row.costBps), ...tone(row.costBps) };
  return [
    plain(clock(row.timeMicros, false)),
    plain(typeOf(row)),
    plain(group(row.quantity)),
    plain(row.limitPrice === null ? "market" : group(row.limitPrice)),
    plain(group(row.filled)),
    row.status === "rejected" ? { text: row.status, style: "red" } : plain(row.status),
    cost,
    plain(row.reasoning + words),
  ];
}

function typeOf({ timeInForce, limitPrice }: ChildRow): string {
  const kind = limitPrice === null ? "market" : "limit";
  if (timeInForce === "immediate-or-cancel") return `${kind} IOC`;
  if (timeInForce === "fill-or-kill") return `${kind} FOK`;
  return timeInForce === "post-only" ? timeInForce : kind;
}

/** Enough digits of money to tell a thousandth of a basis point of the order. */
function moneyDigits({ decisionNotional }: ExecutionReport): number {
  const size = Number(decisionNotional ?? 0);
  return size > 0 ? Math.min(18, Math.max(2, Math.ceil(7 - Math.log10(size)))) : 2;
}

/** A mid may need one digit more than the tick, and an average deserves two. */
function priceDigits({ decision, arrival, horizon, vwap }: ExecutionReport["prices"]): number {
  const known = [decision, arrival, horizon].filter((price) => price !== null);
  if (known.length > 0) return 1 + Math.max(...known.map((price) => decimal(price).scale));
  return Math.min(4, decimal(vwap ?? "0").scale);
}

/** Rounds half away from zero: for display alone. */
const rounded = (value: Decimal, digits: number): Decimal =>
  value.scale <= digits
    ? { mantissa: value.mantissa * tenTo(digits - value.scale), scale: digits }
    : {
        mantissa: divideHalfAway(value.mantissa, tenTo(value.scale - digits)),
        scale: digits,
      };

const unsigned = (amount: string, digits: number): string =>
  group(formatDecimal(rounded(decimal(amount), digits)));

function money(amount: string, digits: number): string {
  const shown = rounded(decimal(amount), digits);
  return (shown.mantissa > 0n ? "+" : "") + group(formatDecimal(shown));
}

/** Parts get three digits: half the spread of a large perpetual is a hundredth of a basis point. */
function bps(value: number | null, digits = 2): string {
  if (value === null) return UNKNOWN;
  const text = value.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return value > 0 ? `+${group(text)}` : group(text);
}

const withUnit = (value: number | null): string => (value === null ? UNKNOWN : `${bps(value)} bps`);
const share = (value: number | null): string =>
  value === null ? UNKNOWN : `${(value * 100).toFixed(value < 1 && value > 0.9995 ? 3 : 1)} %`;
const yesNo = (value: boolean | null): string => (value === null ? UNKNOWN : value ? "yes" : "no");
const coverage = ({ fills, of }: FigureOverFills, what: string): string =>
  of === 0 ? `there were no ${what}` : `over ${fills} of ${of} ${what}`;
const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;
/** Ten significant digits are plenty for a volume. */
const trimmed = (value: number): string => String(Number(value.toPrecision(10)));

const tone = (value: number): { style?: Style } =>
  value > 0 ? { style: "red" } : value < 0 ? { style: "green" } : {};
const toned = (cost: Cost): { style?: Style } => tone(Number(cost.cash));

/** 1234567.5 → 1,234,567.5 */
function group(text: string): string {
  return text.replace(/^([+-]?)(\d+)/, (_, sign: string, whole: string) => {
    return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",");
  });
}

function clock(timeMicros: number, withDate: boolean): string {
  const iso = new Date(Math.floor(timeMicros / 1000)).toISOString();
  return withDate ? `${iso.slice(0, 10)} ${iso.slice(11, 19)}` : iso.slice(11, 23);
}

function span(spanMicros: number): string {
  const seconds = spanMicros / 1_000_000;
  if (seconds < 60) return `${Number(seconds.toFixed(3))} s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.round(seconds % 60);
  const parts = [
    hours > 0 ? `${hours} h` : "",
    minutes > 0 ? `${minutes} min` : "",
    rest > 0 ? `${rest} s` : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}
