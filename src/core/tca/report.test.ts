import { describe, expect, it } from "vitest";
import type { CloseReason, Phase, TimeInForce } from "../domain/child-order.ts";
import { decimal, toNumber } from "../domain/decimal.ts";
import type { ContractKind, Instrument } from "../domain/instrument.ts";
import type { Side } from "../domain/side.ts";
import { cash, halfTicks, lots, micros, SECOND, ticks } from "../domain/units.ts";
import type { ChildSummary, ExecutedFill, Execution } from "./execution.ts";
import { MARKOUT_SPANS } from "./markout-clock.ts";
import { childOutcomes, metrics } from "./metrics.ts";
import { analyse } from "./report.ts";

function instrument(kind: ContractKind, contract = "1"): Instrument {
  return {
    venue: "test",
    symbol: "BTCUSDT",
    kind,
    base: "BTC",
    quote: "USDT",
    tickSize: decimal("1"),
    lotSize: decimal(kind === "inverse" ? "1" : "0.001"),
    contractSize: decimal(contract),
    minLots: lots(1),
    maxLimitLots: lots(1_000_000),
    maxMarketLots: lots(1_000_000),
    minNotional: decimal("0"),
  };
}

interface FillOf extends Partial<Omit<ExecutedFill, "fill">> {
  readonly price: number;
  readonly quantity: number;
  readonly at?: number;
  readonly maker?: boolean;
}

let executionCount = 0;
function fillOf({ price, quantity, at = 1, maker = false, ...more }: FillOf): ExecutedFill {
  executionCount += 1;
  return {
    fill: {
      executionId: `x${executionCount}`,
      price: ticks(price),
      quantity: lots(quantity),
      liquidity: maker ? "maker" : "taker",
      fee: "0",
      feeCoin: "USDT",
      exchangeTime: micros(at),
    },
    clientOrderId: "c1",
    midBefore: halfTicks(2 * price),
    midSource: "venue",
    displacement: halfTicks(0),
    orderKind: maker ? "passive" : "aggressive",
    ...more,
  };
}

const execution = (of: Partial<Execution> = {}): Execution => ({
  instrument: instrument("linear"),
  side: "buy",
  quantity: { kind: "lots", lots: lots(25_000) },
  decisionPrice: halfTicks(128_500),
  arrivalPrice: halfTicks(128_500),
  horizonPrice: halfTicks(128_500),
  startAt: micros(0),
  endAt: micros(100),
  fills: [],
  market: { others: { lots: 0, vwapTicks: Number.NaN }, ownPrinted: false },
  funding: [],
  markouts: [],
  children: [],
  displacementModel: "none",
  ...of,
});

describe("slippage", () => {
  it("of 64,312 against 64,250 is +9.65 bps for a buy, and as much earned by a sell", () => {
    const fills = [fillOf({ price: 64_312, quantity: 25_000 })];
    expect(metrics(execution({ fills })).arrivalSlippageBps).toBeCloseTo(9.6498, 4);
    const sold = metrics(execution({ fills, side: "sell" }));
    expect(sold.arrivalSlippageBps).toBeCloseTo(-9.6498, 4);
  });

  it("against the market's VWAP is shown without our trades and with them", () => {
    // We buy 1 part at 64,310, others 3 parts at 64,270: the market with us is 64,280.
    const measured = metrics(
      execution({
        fills: [fillOf({ price: 64_310, quantity: 1_000 })],
        market: { others: { lots: 3_000, vwapTicks: 64_270 }, ownPrinted: true },
      }),
    );
    expect(measured.marketVwapTicks).toEqual({ withoutOwn: 64_270, withOwn: 64_280 });
    expect(measured.vwapSlippageBps.withoutOwn).toBeCloseTo((40 / 64_250) * 1e4, 9);
    expect(measured.vwapSlippageBps.withOwn).toBeCloseTo((30 / 64_250) * 1e4, 9);
  });

  it("averages inverse contracts by worth, ours and the market's", () => {
    const measured = metrics(
      execution({
        instrument: instrument("inverse", "100"),
        fills: [fillOf({ price: 20_000, quantity: 100 }), fillOf({ price: 60_000, quantity: 100 })],
        market: { others: { lots: 200, vwapTicks: 60_000 }, ownPrinted: false },
      }),
    );
    expect(toNumber(measured.vwap!)).toBeCloseTo(30_000, 6);
    expect(measured.marketVwapTicks.withOwn).toBeCloseTo(40_000, 6);
  });
});

describe("participation, fill rate, completion", () => {
  it("takes the whole order against everything that traded", () => {
    const measured = metrics(
      execution({
        fills: [fillOf({ price: 64_250, quantity: 2_500, maker: true })],
        market: { others: { lots: 22_500, vwapTicks: 64_250 }, ownPrinted: false },
      }),
    );
    expect(measured.participation).toBe(0.1);
    expect(measured.fillRate).toBe(0.1);
    expect(measured.completedInTime).toBe(false);
    expect(measured.makerShare).toBe(1);
  });

  it("is complete only when filled in full and in time", () => {
    const full = (at: number) => [
      fillOf({ price: 64_250, quantity: 20_000 }),
      fillOf({ price: 64_250, quantity: 5_000, at }),
    ];
    const completed = (of: Partial<Execution>) => metrics(execution(of)).completedInTime;
    expect(completed({ fills: full(100) })).toBe(true);
    expect(completed({ fills: full(101) })).toBe(false);
    expect(completed({ fills: full(101), deadline: micros(101) })).toBe(true);
    expect(completed({ fills: full(100), deadline: micros(99) })).toBe(false);
  });

  it("counts a parent in money by its money", () => {
    const quantity = { kind: "notional", quote: "100000" } as const;
    // 1.5 at 64,000: 96,000 spent, 4,000 left, which buys more.
    const part = execution({ quantity, fills: [fillOf({ price: 64_000, quantity: 1_500 })] });
    expect(metrics(part).fillRate).toBe(0.96);
    expect(metrics(part).completedInTime).toBe(false);
    // 1.562 at 64,000: 99,968 spent, and 32 do not buy a lot of 64.
    const full = execution({ quantity, fills: [fillOf({ price: 64_000, quantity: 1_562 })] });
    expect(metrics(full).completedInTime).toBe(true);
    expect(metrics(full).fillRate).toBeCloseTo(0.99968, 9);
  });
});

describe("gains", () => {
  const spread = { midBefore: halfTicks(128_501), spreadBefore: ticks(1) };

  it("spread captured: a fill at our own touch keeps half of it, weighted by quantity", () => {
    const fills = [
      // Bid 64,250, ask 64,251: bought at the bid, gain 0.5; bought at the ask, loss 0.5.
      fillOf({ price: 64_250, quantity: 300, maker: true, ...spread }),
      fillOf({ price: 64_251, quantity: 100, orderKind: "passive", ...spread }),
      // Aggressive, and passive without a known spread: not counted, and the count says so.
      fillOf({ price: 64_251, quantity: 900, ...spread }),
      fillOf({ price: 64_250, quantity: 900, maker: true }),
    ];
    const { spreadCaptured } = metrics(execution({ fills }));
    expect(spreadCaptured).toEqual({ value: 0.25, fills: 2, of: 3 });
    // The same prices are the sell's loss.
    expect(metrics(execution({ fills, side: "sell" })).spreadCaptured.value).toBe(-0.25);
  });

  it("markouts: + when the market goes our way, each horizon with its own coverage", () => {
    const [first, second] = [
      fillOf({ price: 64_250, quantity: 100 }),
      fillOf({ price: 64_250, quantity: 300 }),
    ];
    const seen = (of: ExecutedFill, after: number, mid: number) => ({
      executionId: of.fill.executionId,
      after: micros(after),
      mid: halfTicks(2 * mid),
    });
    const made = execution({
      fills: [first, second],
      markouts: [
        seen(first, SECOND, 64_290),
        seen(second, SECOND, 64_210),
        seen(first, 10 * SECOND, 64_290),
      ],
    });
    const [second1, seconds10, minute1] = metrics(made).markouts;
    // 100 lots gained 40 and 300 lost 40: 20 lost on average.
    expect(second1!.value).toBeCloseTo((-20 / 64_250) * 1e4, 9);
    expect(second1).toMatchObject({ after: SECOND, fills: 2, of: 2 });
    expect(seconds10!.value).toBeCloseTo((40 / 64_250) * 1e4, 9);
    expect(seconds10).toMatchObject({ fills: 1, of: 2 });
    expect(minute1).toMatchObject({ value: undefined, fills: 0, of: 2 });
    const sold = metrics({ ...made, side: "sell" as Side }).markouts;
    expect(sold[0]!.value).toBeCloseTo(-second1!.value!, 9);
  });
});

function child(
  id: string,
  phase: Phase,
  closeReason?: CloseReason,
  more: Partial<ChildSummary> = {},
): ChildSummary {
  return {
    id,
    time: micros(1),
    kind: "aggressive",
    timeInForce: { kind: "immediate-or-cancel" },
    quantity: lots(10),
    phase,
    ...(closeReason === undefined ? {} : { closeReason }),
    reasoning: "behind schedule",
    ...more,
  };
}

describe("children", () => {
  it("have the status that FIX would give them", () => {
    const part = fillOf({ price: 64_250, quantity: 4, clientOrderId: "part" });
    const children = [
      child("new", "pending-new"),
      child("part", "working"),
      child("lost", "unknown"),
      child("done", "closed", "filled"),
      child("no", "closed", "rejected"),
      child("off", "closed", "canceled"),
      child("late", "closed", "expired"),
    ];
    const outcomes = childOutcomes(execution({ fills: [part], children }));
    expect(outcomes.map(({ status }) => status)).toEqual([
      "new",
      "partially filled",
      "unknown",
      "filled",
      "rejected",
      "canceled",
      "expired",
    ]);
    expect(metrics(execution({ children })).rejects).toBe(1);
  });

  it("cost what their own fills cost against the arrival mid", () => {
    const fills = [
      fillOf({ price: 64_312, quantity: 4, clientOrderId: "a" }),
      fillOf({ price: 64_312, quantity: 6, clientOrderId: "a" }),
      fillOf({ price: 64_188, quantity: 1, clientOrderId: "b" }),
    ];
    const children = [child("a", "closed", "filled"), child("b", "working"), child("c", "working")];
    const [a, b, c] = childOutcomes(execution({ fills, children }));
    expect(a).toMatchObject({ filledLots: 10 });
    expect(a!.costBps).toBeCloseTo(9.6498, 4);
    expect(b!.costBps).toBeCloseTo(-9.6498, 4);
    expect(c).toMatchObject({ filledLots: 0, vwap: undefined, costBps: undefined });
  });
});

describe("the report", () => {
  const gtc = (postOnly: boolean): TimeInForce => ({ kind: "good-till-canceled", postOnly });

  it("is plain JSON, exact in text, null where nothing is known", () => {
    const report = analyse(execution());
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report.prices.vwap).toBeNull();
    expect(report.metrics).toMatchObject({
      vwapSlippageBps: { withoutOwn: null, withOwn: null },
      arrivalSlippageBps: null,
      participation: null,
      fillRate: 0,
      spreadCapturedGain: { value: null, fills: 0, of: 0 },
      makerShare: null,
    });
    expect(report.metrics.markoutGainsBps.map(({ afterMicros }) => afterMicros)).toEqual([
      ...MARKOUT_SPANS,
    ]);
    expect(report.decisionNotional).toBe("1606250");
    const nothing = analyse(execution({ quantity: { kind: "notional", quote: "1" } }));
    expect(nothing.shortfall.total).toEqual({ cash: "0", bps: null });
  });

  it("writes parts that sum to the total digit by digit", () => {
    const first = fillOf({ price: 64_312, quantity: 7_001, midBefore: halfTicks(128_621) });
    const report = analyse(
      execution({
        fills: [{ ...first, fill: { ...first.fill, fee: "-0.123456789" } }],
        arrivalPrice: halfTicks(128_507),
        horizonPrice: halfTicks(129_001),
        funding: [{ amount: cash(1n) }],
      }),
    );
    const mantissa = (text: string | null): bigint => {
      const { mantissa: digits, scale } = decimal(text!);
      return digits * 10n ** BigInt(20 - scale);
    };
    const parts = Object.values(report.shortfall.parts).map((part) => mantissa(part.cash));
    const { total, beforeFees } = report.shortfall;
    expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(mantissa(total.cash));
    expect(report.shortfall.parts.fees.cash).toBe("-0.123456789");
    expect(report.shortfall.parts.funding.cash).toBe("0.000000000001");
    expect(mantissa(beforeFees.cash) + mantissa("-0.123456788999")).toBe(mantissa(total.cash));
  });

  it("says what a quantity counts, and shows more than was counted on as under zero", () => {
    expect(analyse(execution()).instrument.quantityUnit).toBe("BTC");
    const inverse = (contract: string) =>
      analyse(execution({ instrument: instrument("inverse", contract) })).instrument;
    expect(inverse("1").quantityUnit).toBe("USDT");
    expect(inverse("100")).toMatchObject({ quantityUnit: "contracts", settle: "BTC" });
    const cheap = analyse(
      execution({
        quantity: { kind: "notional", quote: "64250" },
        fills: [fillOf({ price: 32_125, quantity: 2_000 })],
      }),
    );
    expect(cheap.quantity).toEqual({
      notional: "64250",
      intended: "1.000",
      filled: "2.000",
      remaining: "-1.000",
    });
  });

  it("lists children as they were sent, with the venue's words", () => {
    const children = [
      child("a", "closed", "canceled", {
        timeInForce: gtc(true),
        limitPrice: ticks(64_250),
        closeText: "would cross",
        kind: "passive",
      }),
      child("b", "working", undefined, { timeInForce: gtc(false), limitPrice: ticks(64_251) }),
    ];
    expect(analyse(execution({ children })).children).toEqual([
      {
        id: "a",
        timeMicros: 1,
        kind: "passive",
        timeInForce: "post-only",
        quantity: "0.010",
        limitPrice: "64250",
        filled: "0.000",
        vwap: null,
        status: "canceled",
        closeText: "would cross",
        reasoning: "behind schedule",
        costBps: null,
      },
      expect.objectContaining({ id: "b", timeInForce: "good-till-canceled", status: "new" }),
    ]);
  });

  it("counts fills whose mid was only estimated", () => {
    const fills = [
      fillOf({ price: 64_250, quantity: 1, midSource: "estimated" }),
      fillOf({ price: 64_250, quantity: 1 }),
    ];
    expect(analyse(execution({ fills })).shortfall.estimatedMids).toBe(1);
  });
});
