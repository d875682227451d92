import { describe, expect, it } from "vitest";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { halfTicks, lots, micros, SECOND, ticks } from "../core/domain/units.ts";
import type { ChildSummary, ExecutedFill, Execution } from "../core/tca/execution.ts";
import { MARKOUT_SPANS } from "../core/tca/markout-clock.ts";
import { analyse } from "../core/tca/report.ts";
import { costTable } from "./cost-table.ts";

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

/** 25 BTC bought from 64,250 at 64,312 on average, one reject on the way. */
function sample(childCount = 5, moved = 10): Execution {
  const startAt = micros(Date.UTC(2024, 7, 8, 13, 0, 0) * 1000);
  const fills: ExecutedFill[] = [];
  const children: ChildSummary[] = [];
  for (let n = 0; n < childCount; n++) {
    const passive = n % 2 === 1;
    const price = ticks(642_520 + Math.round((1200 * n) / (childCount - 1)));
    const id = `p1-${n + 1}`;
    const time = micros(startAt + Math.round((n * 170 * SECOND) / childCount) + 12_345);
    const quantity = lots(25_000 / childCount);
    children.push({
      id,
      time,
      kind: passive ? "passive" : "aggressive",
      timeInForce: passive
        ? { kind: "good-till-canceled", postOnly: true }
        : { kind: "immediate-or-cancel" },
      quantity,
      limitPrice: price,
      phase: "closed",
      closeReason: "filled",
      reasoning: passive
        ? "on schedule, rests at the bid"
        : "0.85 BTC behind schedule, takes what stands at the ask inside every limit",
    });
    fills.push({
      fill: {
        executionId: `x${n + 1}`,
        price,
        quantity,
        liquidity: passive ? "maker" : "taker",
        fee: passive ? "-12.85" : "160.63",
        feeCoin: "USDT",
        exchangeTime: micros(time + 3 * SECOND),
      },
      clientOrderId: id,
      midBefore: halfTicks(price * 2 + (passive ? 1 : -1)),
      midSource: "venue",
      displacement: halfTicks(moved * n),
      permanentDisplacement: halfTicks(0.4 * moved * n),
      orderKind: passive ? "passive" : "aggressive",
      spreadBefore: ticks(1),
    });
  }
  children.push({
    id: "p1-r",
    time: micros(startAt + 170 * SECOND),
    kind: "passive",
    timeInForce: { kind: "good-till-canceled", postOnly: true },
    quantity: lots(40),
    limitPrice: ticks(643_100),
    phase: "closed",
    closeReason: "rejected",
    closeText: "too many open orders",
    reasoning: "rests the remainder of the slice",
  });
  return {
    instrument: BTCUSDT,
    side: "buy",
    quantity: { kind: "lots", lots: lots(25_000) },
    decisionPrice: halfTicks(1_284_980),
    arrivalPrice: halfTicks(1_285_000),
    horizonPrice: halfTicks(1_287_401),
    startAt,
    endAt: micros(startAt + 180 * SECOND),
    fills,
    market: { others: { lots: 312_400, vwapTicks: 643_055.5 }, ownPrinted: false },
    funding: [],
    markouts: fills.flatMap(({ fill }, n) =>
      MARKOUT_SPANS.slice(0, n < 2 ? 3 : 2).map((after) => ({
        executionId: fill.executionId,
        after,
        mid: halfTicks(fill.price * 2 + after / SECOND),
      })),
    ),
    children,
    displacementModel: "exact",
  };
}

const plain = (execution: Execution, options = {}): string =>
  costTable(analyse(execution), { colour: false, ...options });

describe("the cost table", () => {
  it("reads like this", () => {
    expect(plain(sample())).toMatchInlineSnapshot(`
      "Bought 25.000 of 25.000 BTC, BTCUSDT linear on binance
      2024-08-08 13:00:00 UTC, 3 min: 6 child orders, 5 fills, 1 reject

        our VWAP      64,312.000  price in USDT
        market VWAP   64,305.550  without our trades; 64,306.028 with them
        arrival mid   64,250.000  when the order started
        decision mid  64,249.000  when it was decided
        horizon mid   64,370.050  what was not filled is marked here

        shortfall  +12.65 bps  +2,031.19 USDT  the full order, fees and funding included
                    +9.81 bps  +1,575.00 USDT  the full order, before fees and funding
                    +9.81 bps  +1,575.00 USDT  the filled part against the decision mid, fees apart

      Where the cost came from
        part             bps       USDT
        delay         +0.156     +25.00  the market moved between decision and start
        spread        +0.002      +0.25  fill prices against the mid just before each fill
        impact        +0.156     +25.00  our own earlier trading had moved the mid
          temporary   +0.093     +15.00  gone again with time
          permanent   +0.062     +10.00  here to stay
        timing        +9.493  +1,524.75  the market moved by itself while we traded
        opportunity    0.000       0.00  what was not filled, marked at the horizon mid
        before fees   +9.806  +1,575.00  the sum of the parts above
        fees          +2.840    +456.19  rebates are under zero
        funding        0.000       0.00  paid while the position was held
        total        +12.646  +2,031.19  exactly the sum of the parts
      + is paid, - is earned. Bps of the decision notional, 1,606,225.00 USDT.

      How well it was done
        measure               value           target
        shortfall         +9.81 bps         < 10 bps  the full order, before fees and funding
        VWAP slippage     +1.00 bps          < 5 bps  without our trades; +0.93 bps with them
        arrival slippage  +9.65 bps         < 15 bps  the filled part, fees apart
        participation         7.4 %  5.0 % to 15.0 %  own / (own + others); others traded 312.4
        fill rate           100.0 %         > 95.0 %
        complete in time        yes              yes
        spread captured      50.0 %         > 30.0 %  gain / full spread, over 2 of 2 passive fills
        maker share          40.0 %                   of the filled quantity
      Targets are what this program aims at, not results.

      Markouts: what the market did after our fills (+ is a gain)
        1 s    +0.01 bps  over 5 of 5 fills
        10 s   +0.08 bps  over 5 of 5 fills
        1 min  +0.47 bps  over 2 of 5 fills
        5 min    unknown  over 0 of 5 fills

      Child orders (6)
        time          type       quantity     price  filled  status       bps  why
        13:00:00.012  limit IOC     5.000  64,252.0   5.000  filled     +0.31  0.85 BTC behind schedule,
                                                                               takes what stands at the
                                                                               ask inside every limit
        13:00:34.012  post-only     5.000  64,282.0   5.000  filled     +4.98  on schedule, rests at the
                                                                               bid
        13:01:08.012  limit IOC     5.000  64,312.0   5.000  filled     +9.65  0.85 BTC behind schedule,
                                                                               takes what stands at the
                                                                               ask inside every limit
        13:01:42.012  post-only     5.000  64,342.0   5.000  filled    +14.32  on schedule, rests at the
                                                                               bid
        13:02:16.012  limit IOC     5.000  64,372.0   5.000  filled    +18.99  0.85 BTC behind schedule,
                                                                               takes what stands at the
                                                                               ask inside every limit
        13:02:50.000  post-only     0.040  64,310.0   0.000  rejected          rests the remainder of the
                                                                               slice (too many open
                                                                               orders)
      Times are UTC; bps are the fills against the arrival mid, + is paid.
      "
    `);
  });

  it("keeps to the width it is given", () => {
    for (const width of [80, 100, 140]) {
      const lines = plain(sample(25), { width }).split("\n");
      // The narrowest table still needs its own columns: 20 are kept for the last one.
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(
        Math.max(width, 96),
      );
    }
  });

  it("colours without moving a character, and only when asked", () => {
    const bare = plain(sample());
    const coloured = costTable(analyse(sample()), { colour: true });
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");
    expect(bare).not.toMatch(escapes);
    expect(coloured).toMatch(escapes);
    expect(coloured.replace(escapes, "")).toBe(bare);
  });

  it("says what it does not know instead of showing a zero", () => {
    const { funding: _, ...without } = sample();
    const text = plain({
      ...without,
      fills: [],
      children: [],
      markouts: [],
      market: { others: { lots: 0, vwapTicks: Number.NaN }, ownPrinted: false },
    });
    expect(text).toMatch(/our VWAP +unknown/);
    expect(text).toMatch(/market VWAP +unknown/);
    expect(text).toMatch(/participation +unknown/);
    expect(text).toMatch(/funding +unknown +unknown +nobody recorded it/);
    expect(text).toMatch(/5 min +unknown +there were no fills/);
    expect(text).toContain("none was sent");
  });

  it("does not pass an assumption off as a measurement", () => {
    const quiet = sample();
    const text = plain({
      ...quiet,
      displacementModel: "none",
      fills: sample(5, 0).fills,
    });
    expect(text).toMatch(/impact +0\.000 +0\.00 +by assumption: this market does not react to us/);
    expect(text).not.toContain("temporary");
  });

  it("names fees that it could not convert", () => {
    const first = sample();
    const fills = first.fills.map((executed) => ({
      ...executed,
      fill: { ...executed.fill, fee: "0.011", feeCoin: "BNB" },
    }));
    expect(plain({ ...first, fills })).toContain("Fees of 0.055 BNB are not in the total");
  });

  it("leaves out the middle of a long list and says so", () => {
    const text = plain(sample(25), { maxChildren: 6 });
    expect(text).toContain("Child orders (26)");
    expect(text).toContain("20 more: see --json");
    expect(text).toContain("13:00:00.012");
    expect(text.replace(/\s+/g, " ")).toContain("(too many open orders)");
  });

  it("wraps a word that is wider than its column", () => {
    const long = sample();
    const children = long.children.map((child) => ({ ...child, reasoning: "x".repeat(300) }));
    const lines = plain({ ...long, children }).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
