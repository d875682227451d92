import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { decimal } from "../core/domain/decimal.ts";
import { formatPrice, formatQuantity, type Instrument } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { halfTicks, lots, micros, SECOND } from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import {
  ColumnsBuilder,
  Kind,
  type MarketBlock,
  type MarketHeader,
} from "../core/market/columns.ts";
import type { Execution } from "../core/tca/execution.ts";
import { analyse, type ExecutionReport } from "../core/tca/report.ts";
import { analyseImport, type ImportedOrder, type ImportRequest } from "./analyse-import.ts";
import { prepareBacktest } from "./backtest.ts";
import { parseConfig } from "./config.ts";
import type { Instant } from "./fill-cells.ts";
import { type ImportedFill, type ImportFault, parseFills } from "./imported-fills.ts";
import { openMarket, type OpenMarket } from "./market-source.ts";

const RECORDED = fileURLToPath(
  new URL("../../../shared/data/binance-hftbacktest/usdm_btcusdt_20240808.gz", import.meta.url),
);

const BTCUSDT: Instrument = {
  venue: "binance",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(120_000),
  minNotional: decimal("5"),
};

async function fillsOf(csv: string, instrument = BTCUSDT): Promise<readonly ImportedFill[]> {
  const read = await parseFills([Buffer.from(csv)], "fills.csv", { instrument });
  if (!read.ok) throw new Error(read.error.text);
  return read.value.fills;
}

const PLAIN: Omit<ImportRequest, "fills"> = {
  instrument: BTCUSDT,
  terms: {},
  together: false,
  ownPrinted: true,
  coinPrices: new Map(),
};

async function analysed(
  csv: string,
  more: Partial<ImportRequest> = {},
  market?: Pick<OpenMarket, "header" | "blocks">,
): Promise<readonly ImportedOrder[]> {
  const done = analyseImport({ ...PLAIN, fills: await fillsOf(csv), ...more }, market);
  if (!done.ok) throw new Error(done.error.text);
  return done.value;
}

async function faultOf(csv: string, more: Partial<ImportRequest>): Promise<ImportFault> {
  const done = analyseImport({ ...PLAIN, fills: await fillsOf(csv), ...more });
  if (done.ok) throw new Error("was not refused");
  return done.error;
}

const at = (time: number, resolution = 1_000): Instant => ({
  nanos: BigInt(time) * 1000n,
  resolution,
});

const WORKED = `time,side,price,qty,fee,maker
2024-08-09T00:00:00.000Z,buy,64312,10,321.56,false
2024-08-09T00:00:30.000Z,buy,64312,15,482.34,true
`;

describe("fills without a market", () => {
  it("64,312 against an arrival of 64,250 is +9.65 bps for a buy", async () => {
    const [order] = await analysed(WORKED, { terms: { arrivalPrice: halfTicks(1_285_000) } });
    const { metrics, shortfall, prices } = order!.report;
    expect(metrics.arrivalSlippageBps).toBeCloseTo(9.6498, 4);
    expect(shortfall.beforeFees).toEqual({ cash: "1550", bps: expect.closeTo(9.6498, 4) });
    expect(shortfall.parts.fees.cash).toBe("803.9");
    expect(shortfall.total.cash).toBe("2353.9");
    expect(shortfall.whileTrading.cash).toBe("1550");
    expect(prices.vwap).toBe("64312");
    expect(metrics.makerShare).toBe(0.6);
  });

  it("leaves unknown what fills cannot tell, and says what would tell it", async () => {
    const [order] = await analysed(WORKED);
    const { shortfall, metrics, prices, decisionNotional } = order!.report;
    const nothing = { cash: null, bps: null };
    for (const part of ["delay", "spread", "impact", "timing", "opportunity"] as const) {
      expect([part, shortfall.parts[part]]).toEqual([part, nothing]);
    }
    expect(shortfall).toMatchObject({ total: nothing, beforeFees: nothing, filledPart: nothing });
    expect(shortfall.parts.fees).toEqual({ cash: "803.9", bps: null });
    expect(prices).toMatchObject({ arrival: null, decision: null, horizon: null });
    expect(decisionNotional).toBeNull();
    expect(metrics).toMatchObject({
      vwapSlippageBps: { withoutOwn: null, withOwn: null },
      arrivalSlippageBps: null,
      participation: null,
      marketVolume: null,
      ownPrinted: null,
      fillRate: null,
      completedInTime: null,
      children: null,
      rejects: null,
    });
    expect(metrics.markoutGainsBps.every(({ value }) => value === null)).toBe(true);
    expect(order!.unknown.map(({ figures }) => figures)).toEqual([
      "arrival slippage, delay",
      "shortfall",
      "spread and timing apart, spread captured, market VWAP, participation, markouts",
      "impact",
      "funding",
      "fill rate, completion, opportunity",
    ]);
  });

  it("counts what was asked for and not filled at the horizon price, and not at nothing", async () => {
    const terms = { arrivalPrice: halfTicks(1_285_000), quantity: lots(30_000) };
    const [blind] = await analysed(WORKED, { terms });
    expect(blind!.report.shortfall.parts.opportunity.cash).toBeNull();
    expect(blind!.report.shortfall.total.cash).toBeNull();
    expect(blind!.report.metrics).toMatchObject({ fillRate: 25 / 30, completedInTime: false });
    const horizonPrice = halfTicks(1_286_000);
    const [marked] = await analysed(WORKED, { terms: { ...terms, horizonPrice } });
    expect(marked!.report.shortfall.parts.opportunity.cash).toBe("250");
    expect(marked!.report.shortfall.total.cash).toBe("2603.9");
  });

  it("knows the whole without the arrival: only the delay is not told from the rest", async () => {
    const [order] = await analysed(WORKED, { terms: { decisionPrice: halfTicks(1_285_000) } });
    expect(order!.report.shortfall.total.cash).toBe("2353.9");
    expect(order!.report.shortfall.parts.delay.cash).toBeNull();
    expect(order!.report.metrics.arrivalSlippageBps).toBeNull();
  });

  it("has no total where a fee is missing", async () => {
    const csv = WORKED.replace("482.34", "");
    const [order] = await analysed(csv, { terms: { arrivalPrice: halfTicks(1_285_000) } });
    expect(order!.report.shortfall.parts.fees.cash).toBeNull();
    expect(order!.report.shortfall.total.cash).toBeNull();
    expect(order!.report.shortfall.beforeFees.cash).toBe("1550");
    expect(order!.unknown).toContainEqual({
      figures: "fees, shortfall with fees",
      needs: "a fee for each fill: 1 have none",
    });
  });

  it("prices a fee in a third coin where its price is given, and says so where not", async () => {
    const csv =
      "time,side,price,qty,commission,commissionAsset\n1723161300000,buy,60000,1,0.01,BNB\n";
    const [unpriced] = await analysed(csv);
    expect(unpriced!.report.shortfall.unpricedFees).toEqual([{ coin: "BNB", amount: "0.01" }]);
    const [priced] = await analysed(csv, { coinPrices: new Map([["BNB", "512.5"]]) });
    expect(priced!.report.shortfall.parts.fees.cash).toBe("5.125");
  });
});

const TWO = `orderId,parentId,time,side,price,qty
a,p,1723161300000,buy,60000,1
b,p,1723161301000,buy,60010,1
c,q,1723161302000,sell,60020,2
`;

describe("orders of a file", () => {
  it("are told apart by the parent's column, else by the order's", async () => {
    expect((await analysed(TWO)).map(({ id }) => id)).toEqual(["p", "q"]);
    const without = TWO.replace("parentId", "note");
    expect((await analysed(without)).map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("are chosen by any of their ids", async () => {
    const [order] = await analysed(TWO, { order: "b" });
    expect(order!.report.quantity.filled).toBe("1.000");
    expect((await analysed(TWO, { order: "p" }))[0]!.report.quantity.filled).toBe("2.000");
    expect((await faultOf(TWO, { order: "z" })).text).toContain("it has p, a, b, q, c");
  });

  it("have one side: both in one are refused with counts", async () => {
    const fault = await faultOf(TWO, { together: true });
    expect(fault).toMatchObject({ code: "TCA_ORDER" });
    expect(fault.text).toContain("2 buys and 1 sells");
    expect((await faultOf(TWO, { order: "q", side: "buy" })).text).toContain("the file says sell");
  });

  it("share no terms, and their terms must agree with their fills", async () => {
    const arrivalPrice = halfTicks(1_200_000);
    expect(await faultOf(TWO, { terms: { arrivalPrice } })).toMatchObject({ code: "TCA_TERMS" });
    const texts = await Promise.all(
      [
        { quantity: lots(1_999) },
        { arrivalTime: at(1_723_161_400_000_000) },
        { endTime: at(1_723_161_300_500_000) },
        { decisionTime: at(1_723_161_300_500_000) },
      ].map(async (terms) => (await faultOf(TWO, { order: "p", terms })).text),
    );
    expect(texts.map((text) => text.split(" is ")[0])).toEqual([
      "2.000 were filled, more than the 1.999 of --quantity",
      "--arrival-time",
      "--end-time",
      "--decision-time",
    ]);
  });
});

const EPOCH = 1_723_161_300n;

/** A touch of 60,000.0 and 60,000.1 each second; others trade 2 BTC at 60,000.1 in each. */
function steady(seconds: number): { header: MarketHeader; blocks: readonly MarketBlock[] } {
  const rows = new ColumnsBuilder();
  for (let second = 0; second < seconds; second++) {
    const time = second * 1e9;
    if (second === 0) rows.push(time, time, Kind.CLEAR, 0, 0);
    rows.push(time, time, Kind.BID, 600_000 + second, 5_000);
    if (second > 0) rows.push(time, time, Kind.ASK, 600_000 + second, 0);
    rows.push(time, time, Kind.ASK, 600_001 + second, 5_000);
    rows.endMessage();
    rows.push(time + 5e8, time + 5e8, Kind.TRADE_BUY, 600_001 + second, 2_000);
    rows.endMessage();
  }
  const header = {
    instrument: BTCUSDT,
    epochNanos: EPOCH * 1_000_000_000n,
    ownTradesPrinted: false,
  };
  return { header, blocks: [rows.view()] };
}

describe("fills with a market", () => {
  const csv = `time,side,price,qty,fee,maker
${EPOCH}100,buy,60000.1,1,0,false
${EPOCH + 2n}100,buy,60000.3,1,0,false
`;

  it("takes mids, volume and markouts from it", async () => {
    const [order] = await analysed(csv, { ownPrinted: false }, steady(400));
    const { shortfall, metrics, prices } = order!.report;
    expect(prices).toMatchObject({
      arrival: "60000.05",
      decision: "60000.05",
      horizon: "60000.25",
    });
    // Each a half tick over its mid; the second mid is two ticks over the first.
    expect(shortfall.parts.spread.cash).toBe("0.1");
    expect(shortfall.parts.timing.cash).toBe("0.2");
    expect(shortfall.parts.impact.cash).toBeNull();
    expect(shortfall.beforeFees.cash).toBe("0.3");
    expect(shortfall).toMatchObject({ recordedMids: 2, estimatedMids: 0, unknownMids: 0 });
    expect(metrics.marketVolume).toBe(4);
    expect(metrics.participation).toBeCloseTo(2 / 6, 12);
    expect(prices.marketVwapWithoutOwn).toBeCloseTo(60_000.15, 9);
    expect(metrics.markoutGainsBps.map(({ fills }) => fills)).toEqual([2, 2, 2, 2]);
    // A tick a second, less the half spread that was paid.
    expect(metrics.markoutGainsBps[1]!.value).toBeCloseTo((0.95 / 60_000.05) * 1e4, 6);
  });

  it("takes our own trades out of the recording's, where it has them", async () => {
    const [order] = await analysed(csv, { ownPrinted: true }, steady(400));
    expect(order!.report.metrics.marketVolume).toBe(2);
    expect(order!.report.metrics.participation).toBe(0.5);
    expect(order!.assumed.at(-1)).toContain("--own-trades printed");
    const large = csv.replaceAll(",1,0,", ",5,0,");
    const [impossible] = await analysed(large, { ownPrinted: true }, steady(400));
    expect(impossible!.report.metrics.participation).toBeNull();
    expect(impossible!.unknown.map(({ needs }) => needs).join()).toContain("less volume than");
  });

  it("leaves out fills beyond its span, counts them, and then has no spread", async () => {
    const [order] = await analysed(csv, {}, steady(2));
    const { shortfall, metrics } = order!.report;
    expect(shortfall).toMatchObject({ recordedMids: 1, unknownMids: 1 });
    expect(shortfall.parts.spread.cash).toBeNull();
    expect(shortfall.whileTrading.cash).toBe("0.3");
    expect(metrics.participation).toBeNull();
    expect(order!.unknown[0]).toEqual({
      figures: "spread and timing apart",
      needs: "a mid before every fill; 1 of 2 are outside the recording",
    });
  });

  it("doubts a market that is far from the fills", async () => {
    const far = csv.replace("60000.3", "61000.3");
    const [order] = await analysed(far, {}, steady(400));
    expect(order!.assumed[0]).toContain("1 of 2 fills are more than 1 % from its mid");
  });

  it("calls mids of fills that are told in whole seconds estimated", async () => {
    const coarse = csv.replace(`${EPOCH}100`, "2024-08-08T23:55:00Z");
    const [order] = await analysed(coarse, {}, steady(400));
    expect(order!.report.shortfall).toMatchObject({ estimatedMids: 0, unknownMids: 1 });
    const later = csv.replace(`${EPOCH + 2n}100`, "2024-08-08T23:55:03Z");
    const [second] = await analysed(later, {}, steady(400));
    expect(second!.report.shortfall).toMatchObject({ estimatedMids: 1, recordedMids: 1 });
  });
});

/** The fills of an execution as an export would have them. */
function csvOf({ fills, side, instrument }: Execution): string {
  const rows = fills.map(({ fill }) =>
    [
      fill.executionId,
      fill.exchangeTime,
      side,
      formatPrice(instrument, fill.price),
      formatQuantity(instrument, fill.quantity),
      fill.fee,
      fill.feeCoin,
      fill.liquidity === "maker",
    ].join(","),
  );
  const header = "execId,execTime,side,execPrice,execQty,execFee,feeCurrency,isMaker";
  return [header, ...rows.toReversed()].join("\r\n");
}

describe.skipIf(!existsSync(RECORDED))("a backtest's own fills (needs ../shared/data)", () => {
  let recording: OpenMarket;
  beforeAll(async () => {
    const opened = await openMarket({ kind: "files", paths: [RECORDED] });
    if (!opened.ok) throw new Error(opened.error.text);
    recording = opened.value;
  });

  function work(side: Side, urgency: number): Execution {
    const config = parseConfig({ execution: { urgency } });
    if (!config.ok) throw new Error("cannot be");
    const prepared = prepareBacktest(recording, {
      side,
      quantity: "25",
      isNotional: false,
      over: micros(180 * SECOND),
      constraints: { mayCrossSpread: true, residual: "leave" },
      acceptInfeasible: false,
      config: config.value,
      seed: 1,
    });
    if (!prepared.ok) throw new Error(prepared.error.text);
    const { engine, run, parent } = prepared.value;
    const steps = run();
    while (steps.next().done !== true);
    const state = engine.parents.get(parent.id)!;
    return executionOf(state, engine.instruments[0]!, state.endedAt!, state.midAtEnd!)!;
  }

  async function imported(ours: Execution, terms: ImportRequest["terms"]): Promise<ImportedOrder> {
    if (ours.quantity.kind !== "lots") throw new Error("cannot be");
    const [order] = await analysed(
      csvOf(ours),
      {
        ownPrinted: false,
        fills: await fillsOf(csvOf(ours), ours.instrument),
        instrument: ours.instrument,
        terms: {
          quantity: ours.quantity.lots,
          arrivalTime: at(ours.startAt),
          endTime: at(ours.endAt),
          deadline: at(ours.deadline!),
          ...terms,
        },
      },
      recording,
    );
    return order!;
  }

  const exact = ({ quantity, prices, shortfall, metrics }: ExecutionReport): object => ({
    quantity,
    vwap: prices.vwap,
    parts: { ...shortfall.parts, impact: "not told" },
    total: shortfall.total,
    filledPart: shortfall.filledPart,
    arrivalSlippage: metrics.arrivalSlippageBps,
    fillRate: metrics.fillRate,
    completedInTime: metrics.completedInTime,
    spreadCaptured: metrics.spreadCapturedGain,
    makerShare: metrics.makerShare,
  });

  it.each([
    ["buy", 0.5],
    ["sell", 1],
  ] as const)("a %s of urgency %d costs the same to the last digit", async (side, urgency) => {
    const ours = work(side, urgency);
    expect(ours.fills.length).toBeGreaterThan(50);
    const takers = ours.fills.filter(({ fill }) => fill.liquidity === "taker").length;
    expect(takers > 50).toBe(urgency === 1);
    // The engine stamps arrival and end by its own clock: what it saw then is given, not looked up.
    const { arrivalPrice, horizonPrice } = ours;
    const order = await imported(ours, { arrivalPrice, horizonPrice });
    const mids = ({ fills }: Pick<ImportedOrder["execution"], "fills">): object =>
      Object.fromEntries(
        fills.map(({ fill, midBefore, spreadBefore }) => [
          fill.executionId,
          [midBefore, spreadBefore],
        ]),
      );
    expect(mids(order.execution)).toEqual(mids(ours));
    expect(exact(order.report)).toEqual(exact(analyse(ours)));
  });

  it("what two clocks see differently is close: the response latency lies between them", async () => {
    const ours = work("sell", 1);
    const order = await imported(ours, {});
    const [was, now] = [analyse(ours), order.report];
    // Arrival and end are local times there and exchange times here: 1 to 20 ms apart.
    expect(Number(now.prices.arrival)).toBeCloseTo(Number(was.prices.arrival), 0);
    const volumes = now.metrics.marketVolume! / was.metrics.marketVolume!;
    expect(Math.abs(volumes - 1)).toBeLessThan(0.01);
    expect(now.metrics.vwapSlippageBps.withoutOwn).toBeCloseTo(
      was.metrics.vwapSlippageBps.withoutOwn!,
      1,
    );
    // A markout is looked at one response latency later there.
    now.metrics.markoutGainsBps.forEach((figure, i) => {
      const before = was.metrics.markoutGainsBps[i]!;
      expect([figure.fills, figure.of]).toEqual([before.fills, before.of]);
      if (before.value !== null) expect(figure.value).toBeCloseTo(before.value, 1);
    });
  });
});
