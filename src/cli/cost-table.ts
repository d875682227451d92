/**
 * Cost table: an execution report as text for a terminal.
 *
 * Everything shown is in the report; nothing is computed here but widths and display rounding, so
 * that the page cannot say something that `--json` does not. 100 columns unless told otherwise.
 */
import { styleText } from "node:util";
import {
  type Decimal,
  decimal,
  divideHalfAway,
  formatDecimal,
  tenTo,
} from "../core/domain/decimal.ts";
import type { ChildRow, Cost, ExecutionReport, FigureOverFills } from "../core/tca/report.ts";

export interface CostTableOptions {
  readonly colour: boolean;
  readonly width?: number;
  /** Children beyond this many are left out of the middle, and the text says so. */
  readonly maxChildren?: number;
}

type Style = "bold" | "dim" | "red" | "green";
interface Cell {
  readonly text: string;
  readonly style?: Style;
}
type Align = "left" | "right";

const GAP = "  ";
const UNKNOWN = "unknown";

export function costTable(report: ExecutionReport, options: CostTableOptions): string {
  const width = options.width ?? 100;
  const page = new Page(options.colour, width);
  summary(page, report);
  costs(page, report);
  quality(page, report);
  children(page, report.children, options.maxChildren ?? 40);
  return page.text();
}

/** Lines that grow; alignment first and colour after it, so that colour moves nothing. */
class Page {
  readonly #lines: string[] = [];
  readonly #colour: boolean;
  readonly width: number;

  constructor(colour: boolean, width: number) {
    this.#colour = colour;
    this.width = width;
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  line(text = "", style?: Style): void {
    for (const part of wrap(text, this.width)) this.#lines.push(this.#paint(part, style));
  }

  heading(text: string): void {
    this.line();
    this.line(text, "bold");
  }

  /** The last column takes what is left of the line, and is wrapped in it. */
  table(rows: readonly (readonly Cell[])[], aligns: readonly Align[]): void {
    const last = aligns.length - 1;
    const widths = aligns.map((_, column) =>
      Math.max(...rows.map((row) => row[column]?.text.length ?? 0)),
    );
    const before = widths.slice(0, last).reduce((sum, each) => sum + each + GAP.length, GAP.length);
    widths[last] = Math.min(widths[last] ?? 0, Math.max(20, this.width - before));
    for (const row of rows) {
      const wrapped = wrap(row[last]?.text ?? "", widths[last]);
      wrapped.forEach((part, index) => {
        const cells = aligns.map((align, column) => {
          const cell = row[column];
          const text = column === last ? part : index === 0 ? (cell?.text ?? "") : "";
          const aligned =
            align === "right" ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
          return this.#paint(column === last ? aligned.trimEnd() : aligned, cell?.style);
        });
        this.#lines.push((GAP + cells.join(GAP)).trimEnd());
      });
    }
  }

  #paint(text: string, style: Style | undefined): string {
    if (!this.#colour || style === undefined || text.trim() === "") return text;
    return styleText(style, text, { validateStream: false });
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width || line === "") {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return [...lines, line];
}

const plain = (text: string): Cell => ({ text });
const dim = (text: string): Cell => ({ text, style: "dim" });
const bold = (text: string): Cell => ({ text, style: "bold" });

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
      `${counted(metrics.children, "child order", "child orders")}, ` +
      `${counted(metrics.fills, "fill", "fills")}, ` +
      `${counted(metrics.rejects, "reject", "rejects")}`,
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
    { text: `${bps(cost.bps)} bps`, ...toned(cost) },
    plain(`${money(cost.cash, digitsOfMoney)} ${instrument.settle}`),
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
    { text: money(cost.cash, digits), ...toned(cost) },
    dim(note),
  ];
  const unknown = (name: string, note: string): Cell[] => [
    plain(name),
    plain(UNKNOWN),
    plain(UNKNOWN),
    dim(note),
  ];
  const split =
    shortfall.displacementModel === "none"
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
      row("opportunity", parts.opportunity, MEANING.opportunity),
      row("before fees", shortfall.beforeFees, "the sum of the parts above", true),
      row("fees", parts.fees, MEANING.fees),
      shortfall.fundingKnown
        ? row("funding", parts.funding, MEANING.funding)
        : unknown("funding", "nobody recorded it; 0 in the total"),
      row("total", shortfall.total, "exactly the sum of the parts", true),
    ],
    ["left", "right", "right", "left"],
  );
  page.line(
    `+ is paid, - is earned. Bps of the decision notional, ` +
      `${unsigned(report.decisionNotional, digits)} ${instrument.settle}.`,
    "dim",
  );
  for (const { coin, amount } of shortfall.unpricedFees) {
    page.line(`Fees of ${amount} ${coin} are not in the total: their rate is not known.`);
  }
  if (shortfall.estimatedMids > 0) {
    const of = counted(report.metrics.fills, "fill", "fills");
    const share = `${shortfall.estimatedMids} of ${of}`;
    page.line(`Estimated mid at ${share}: there spread and timing are estimates.`);
  }
}

function impactNote(model: ExecutionReport["shortfall"]["displacementModel"]): string {
  if (model === "none") return "by assumption: this market does not react to us";
  return model === "exact" ? MEANING.impact : `${MEANING.impact}, estimated`;
}

function quality(page: Page, report: ExecutionReport): void {
  const { metrics, targets } = report;
  const { vwapSlippageBps: slippage, spreadCapturedGain: captured } = metrics;
  const row = (name: string, value: string, target: string, note: string): Cell[] => [
    plain(name),
    plain(value),
    plain(target),
    dim(note),
  ];
  const { participation: band } = targets;
  page.heading("How well it was done");
  page.table(
    [
      [dim("measure"), dim("value"), dim("target"), dim("")],
      row(
        "shortfall",
        withUnit(report.shortfall.beforeFees.bps),
        `< ${targets.shortfall.below} bps`,
        targets.shortfall.of,
      ),
      row(
        "VWAP slippage",
        withUnit(slippage.withoutOwn),
        `< ${targets.vwapSlippage.below} bps`,
        `without our trades; ${withUnit(slippage.withOwn)} with them`,
      ),
      row(
        "arrival slippage",
        withUnit(metrics.arrivalSlippageBps),
        `< ${targets.arrivalSlippage.below} bps`,
        targets.arrivalSlippage.of,
      ),
      row(
        "participation",
        share(metrics.participation),
        `${share(band.from)} to ${share(band.to)}`,
        `own / (own + others); others traded ${group(trimmed(metrics.marketVolume))}`,
      ),
      row("fill rate", share(metrics.fillRate), `> ${share(targets.fillRate.above)}`, ""),
      row("complete in time", metrics.completedInTime ? "yes" : "no", "yes", ""),
      row(
        "spread captured",
        share(captured.value),
        `> ${share(targets.spreadCaptured.above)}`,
        `gain / full spread, ${coverage(captured, "passive fills")}`,
      ),
      row("maker share", share(metrics.makerShare), "", "of the filled quantity"),
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
  const size = Number(decisionNotional);
  return size > 0 ? Math.min(18, Math.max(2, Math.ceil(7 - Math.log10(size)))) : 2;
}

/** A mid may need one digit more than the tick, and an average deserves two. */
const priceDigits = ({ decision, arrival, horizon }: ExecutionReport["prices"]): number =>
  1 + Math.max(...[decision, arrival, horizon].map((price) => decimal(price).scale));

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
