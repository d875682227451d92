/**
 * `arrival tca`: what executions that were done elsewhere have cost, from a file of fills.
 *
 * It says three things and keeps them apart: what is known, what was assumed, and what cannot be
 * told from what was given, with what would tell it.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { countSteps, formatDecimal, parseDecimal } from "../core/domain/decimal.ts";
import {
  type ContractKind,
  type Instrument,
  instrumentId,
  parseQuantity,
} from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { type HalfTicks, halfTicks } from "../core/domain/units.ts";
import { KNOWN_INSTRUMENTS } from "../data/known-instruments.ts";
import {
  analyseImport,
  type ImportedOrder,
  type ImportRequest,
  type OrderTerms,
} from "../runtime/analyse-import.ts";
import { type Instant, parseInstant } from "../runtime/fill-cells.ts";
import { type ColumnMap, parseColumnMap } from "../runtime/fill-columns.ts";
import { type ImportedFills, readFills } from "../runtime/imported-fills.ts";
import { instrumentJson } from "../runtime/instrument-file.ts";
import { type OpenMarket, openMarket } from "../runtime/market-source.ts";
import { costTable } from "./cost-table.ts";
import { contractOption, instrumentOf, instrumentOption, sideOption } from "./order-options.ts";
import { CommandError, hasColour, print, printJson, progress } from "./output.ts";
import { bold, type Cell, dim, Page, plain } from "./text-page.ts";

interface Flags {
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly instrument?: string;
  readonly market?: readonly string[];
  readonly ownTrades: "printed" | "absent";
  readonly side?: Side;
  readonly quantity?: string;
  readonly decisionTime?: string;
  readonly decisionPrice?: string;
  readonly arrivalTime?: string;
  readonly arrivalPrice?: string;
  readonly horizonPrice?: string;
  readonly endTime?: string;
  readonly deadline?: string;
  readonly order?: string;
  readonly together?: boolean;
  readonly map?: ColumnMap;
  readonly timeZone?: "utc";
  readonly feeCoin?: string;
  readonly feeSign?: "positive" | "negative";
  readonly coinPrice?: ReadonlyMap<string, string>;
  readonly json?: boolean;
}

/** More full reports than this are more than a person reads: the table stays. */
const MOST_PAGES = 10;

export function addTca(program: Command): void {
  const command = program
    .command("tca")
    .description("what fills from elsewhere have cost, from a CSV file")
    .argument("<file>", "a CSV of fills, the first line naming the columns")
    .option("--symbol <name>", "the instrument, where it is built in or in the market file")
    .addOption(contractOption())
    .addOption(instrumentOption())
    .option("--market <file...>", "recordings of the market while the order was worked")
    .addOption(
      new Option("--own-trades <where>", "whether the market file's trades include these fills")
        .choices(["printed", "absent"])
        .default("printed"),
    )
    .addOption(sideOption().default(undefined, "the file's column"));
  addTermOptions(command);
  command
    .option("--order <id>", "only the fills of this order (parent, order or client order id)")
    .option("--together", "all fills are one order, whatever ids they carry")
    .option("--map <column=field,...>", "which column holds what; may be repeated", mapping)
    .addOption(
      new Option("--time-zone <zone>", "the zone of times that name none").choices(["utc"]),
    )
    .option("--fee-coin <coin>", "the coin of all fees, where no column says it")
    .addOption(
      new Option("--fee-sign <sign>", "how the file writes a fee that was paid [positive]").choices(
        ["positive", "negative"],
      ),
    )
    .option("--coin-price <coin=price>", "price of a fee's coin; may be repeated", coinPrice)
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

const EXAMPLES = `
Examples:
  arrival tca fills.csv --symbol BTCUSDT --arrival-price 64250
  arrival tca fills.csv --market usdm_btcusdt.gz --quantity 25 --decision-time 2024-08-09T00:01:00Z
  arrival tca export.csv --symbol BTCUSDT --contract spot --time-zone utc --together \\
    --map "Deal Price=price,Deal Size=quantity"`;

function addTermOptions(command: Command): void {
  command
    .option("--quantity <n>", "what was asked for [what was filled]")
    .option("--decision-time <time>", "when the decision was taken; needs --market")
    .option("--decision-price <price>", "the price when the decision was taken [arrival]")
    .option("--arrival-time <time>", "when the order started [its first fill]")
    .option("--arrival-price <price>", "the mid when the order started [the market file's]")
    .option("--horizon-price <price>", "what is not filled is marked at it [the market file's]")
    .option("--end-time <time>", "when the order was done or canceled [its last fill]")
    .option("--deadline <time>", "when it had to be done");
}

async function run(path: string, flags: Flags): Promise<void> {
  if (flags.decisionTime !== undefined && flags.decisionPrice !== undefined) {
    throw new CommandError("USAGE", "give either --decision-time or --decision-price");
  }
  const market = await marketOf(flags);
  const instrument = market?.header.instrument ?? instrumentFor(flags);
  const isUtc = flags.timeZone === "utc";
  const read = await readFills(path, {
    instrument,
    isUtc,
    ...(flags.feeSign === undefined ? {} : { feesAreNegative: flags.feeSign === "negative" }),
    ...(flags.map === undefined ? {} : { map: flags.map }),
    ...(flags.side === undefined ? {} : { side: flags.side }),
    ...(flags.feeCoin === undefined ? {} : { feeCoin: flags.feeCoin.toUpperCase() }),
  });
  if (!read.ok) throw new CommandError(read.error.code, read.error.text);
  const request: ImportRequest = {
    instrument,
    fills: read.value.fills,
    terms: termsOf(flags, instrument, isUtc),
    together: flags.together === true,
    ownPrinted: flags.ownTrades === "printed",
    coinPrices: flags.coinPrice ?? new Map(),
    ...(flags.order === undefined ? {} : { order: flags.order }),
    ...(flags.side === undefined ? {} : { side: flags.side }),
  };
  const analysed = analyseImport(request, market);
  if (!analysed.ok) throw new CommandError(analysed.error.code, analysed.error.text);
  if (flags.json === true) {
    const { columns, counts } = read.value;
    printJson({
      file: path,
      instrument: instrumentId(instrument),
      market: market?.label ?? null,
      columns,
      rows: counts,
      orders: analysed.value.map(({ id, assumed, unknown, report }) => ({
        order: id === "" ? null : id,
        assumed,
        unknown,
        report,
      })),
    });
    return;
  }
  show(path, read.value, analysed.value, market?.label);
}

async function marketOf(flags: Flags): Promise<OpenMarket | undefined> {
  if (flags.market === undefined) return undefined;
  const bar = progress("reading", 1, flags.json === true);
  const opened = await openMarket(
    {
      kind: "files",
      paths: flags.market,
      ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
      ...(flags.contract === undefined ? {} : { contract: flags.contract }),
      ...(flags.instrument === undefined
        ? {}
        : { instrument: instrumentJson(instrumentOf(flags.instrument)) }),
    },
    { onProgress: (done, total) => bar.update(total > 0 ? done / total : 0, "market data") },
  );
  bar.stop();
  if (opened.ok) return opened.value;
  throw new CommandError(opened.error.code, opened.error.text);
}

function instrumentFor({ instrument, symbol, contract }: Flags): Instrument {
  if (instrument !== undefined) return instrumentOf(instrument);
  if (symbol === undefined) {
    const text = "say what was traded: --symbol, --instrument with its grid, or --market";
    throw new CommandError("USAGE", text);
  }
  const found = KNOWN_INSTRUMENTS.filter(
    (known) =>
      (known.symbol === symbol || instrumentId(known) === symbol) &&
      (contract === undefined || known.kind === contract),
  );
  if (found.length === 1) return found[0]!;
  const names = (found.length === 0 ? KNOWN_INSTRUMENTS : found).map(instrumentId).join(", ");
  const text =
    found.length === 0
      ? `${symbol} is not built in (those are ${names}): give its grid with --instrument`
      : `${symbol} is ${names}: choose with --contract, or give the grid with --instrument`;
  throw new CommandError("USAGE", text);
}

function termsOf(flags: Flags, instrument: Instrument, isUtc: boolean): OrderTerms {
  const quantity = flags.quantity === undefined ? undefined : lotsOf(instrument, flags.quantity);
  const time = (flag: string, text: string | undefined): Instant | undefined => {
    if (text === undefined) return undefined;
    const parsed = parseInstant(text, isUtc);
    if (parsed.ok) return parsed.value;
    throw new CommandError("USAGE", `${flag} ${text} ${parsed.error}`);
  };
  const price = (flag: string, text: string | undefined): HalfTicks | undefined =>
    text === undefined ? undefined : halfPrice(instrument, flag, text);
  return dropUnset({
    quantity,
    decisionTime: time("--decision-time", flags.decisionTime),
    decisionPrice: price("--decision-price", flags.decisionPrice),
    arrivalTime: time("--arrival-time", flags.arrivalTime),
    arrivalPrice: price("--arrival-price", flags.arrivalPrice),
    horizonPrice: price("--horizon-price", flags.horizonPrice),
    endTime: time("--end-time", flags.endTime),
    deadline: time("--deadline", flags.deadline),
  });
}

const dropUnset = (terms: { [Key in keyof OrderTerms]: OrderTerms[Key] | undefined }): OrderTerms =>
  Object.fromEntries(Object.entries(terms).filter(([, term]) => term !== undefined));

function lotsOf(instrument: Instrument, text: string) {
  const parsed = parseQuantity(instrument, text);
  if (parsed.ok && parsed.value > 0) return parsed.value;
  const lot = formatDecimal(instrument.lotSize);
  throw new CommandError("USAGE", `--quantity ${text} is not a multiple of the lot size ${lot}`);
}

/** A mid may lie half a tick between two prices. */
function halfPrice(instrument: Instrument, flag: string, text: string): HalfTicks {
  const parsed = parseDecimal(text);
  if (parsed.ok) {
    const { mantissa, scale } = parsed.value;
    const { count, exact } = countSteps({ mantissa: mantissa * 2n, scale }, instrument.tickSize);
    if (exact && count > 0n && count < 2n ** 32n) return halfTicks(Number(count));
  }
  const tick = formatDecimal(instrument.tickSize);
  throw new CommandError("USAGE", `${flag} ${text} is no price or mid on the tick size ${tick}`);
}

function mapping(text: string, before: ColumnMap = new Map()): ColumnMap {
  const parsed = parseColumnMap(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.error);
  return new Map([...before, ...parsed.value]);
}

function coinPrice(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const [coin = "", price = ""] = text.split("=");
  const parsed = parseDecimal(price);
  if (coin === "" || !parsed.ok || parsed.value.mantissa <= 0n) {
    throw new InvalidArgumentError("Write COIN=PRICE, such as BNB=512.3, in settlement coin.");
  }
  return new Map([...before, [coin.trim().toUpperCase(), price]]);
}

function show(
  path: string,
  { fills, counts }: ImportedFills,
  orders: readonly ImportedOrder[],
  market: string | undefined,
): void {
  const page = new Page(hasColour(), 100);
  const leftOut = Object.entries(counts.notTrades).map(
    ([name, rows]) => `${rows} ${visible(name)}`,
  );
  page.line(
    [
      `${path}: ${counts.rows} rows, ${fills.length} fills`,
      ...(counts.duplicates > 0
        ? [`${counts.duplicates} ${counts.duplicates === 1 ? "duplicate" : "duplicates"} dropped`]
        : []),
      ...(leftOut.length > 0 ? [`not trades, left out: ${leftOut.join(", ")}`] : []),
      ...(counts.otherSymbols > 0 ? [`${counts.otherSymbols} of other symbols left out`] : []),
    ].join("; "),
  );
  page.line(market === undefined ? "market: no file was given" : `market: ${market}`);
  if (orders.length > 1) summary(page, orders);
  print(page.text());
  if (orders.length > MOST_PAGES) {
    print(`\nEach in full: --order ID. As one order: --together. Everything: --json.\n`);
    return;
  }
  for (const order of orders) showOrder(order, orders.length > 1);
}

function showOrder({ id, report, assumed, unknown }: ImportedOrder, isNamed: boolean): void {
  const page = new Page(hasColour(), 100);
  page.line();
  if (isNamed) page.line(`Order ${id === "" ? "without an id" : visible(id)}`, "bold");
  print(page.text());
  print(costTable(report, { colour: hasColour() }));
  const notes = new Page(hasColour(), 100);
  notes.heading("Assumed");
  for (const line of assumed) notes.line(`- ${line}`);
  if (assumed.length === 0) notes.line("- nothing");
  notes.heading("What cannot be told, and what would tell it");
  for (const { figures, needs } of unknown) notes.line(`- ${figures}: ${needs}`);
  print(notes.text());
}

function summary(page: Page, orders: readonly ImportedOrder[]): void {
  page.heading(`Orders (${orders.length})`);
  const titles = ["order", "side", "filled", "our VWAP", "arrival", "VWAP", "shortfall", "fees"];
  const rows = orders.map(({ id, report }) => {
    const { metrics, shortfall, prices } = report;
    return [
      bold(visible(id).slice(0, 36)),
      plain(report.side),
      plain(report.quantity.filled),
      plain(prices.vwap ?? "unknown"),
      bps(metrics.arrivalSlippageBps),
      bps(metrics.vwapSlippageBps.withoutOwn),
      bps(shortfall.beforeFees.bps),
      bps(shortfall.parts.fees.bps),
    ];
  });
  page.table(
    [titles.map(dim), ...rows],
    ["left", "left", "right", "right", "right", "right", "right", "right"],
  );
  page.line("Slippages, shortfall (before fees) and fees in bps; + is paid.", "dim");
}

const bps = (value: number | null): Cell =>
  plain(value === null ? "unknown" : `${value > 0 ? "+" : ""}${value.toFixed(2)}`);

/** An id is text from outside: what would move the cursor is not printed. */
const visible = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, "?").slice(0, 60);
