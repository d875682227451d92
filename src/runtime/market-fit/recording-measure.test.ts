/** What is read off a true recording: six minutes of BTCUSD, COIN-M, at Binance. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openMarket } from "../market-source.ts";
import { measureRecording } from "./recording-measure.ts";

const PATH = "../shared/data/binance-hftbacktest/cm_btcusd_perp_20240808.gz";

describe.skipIf(!existsSync(PATH))(`${PATH}, measured (skipped where it is absent)`, () => {
  it("has the rates and the spread that its rows add up to", async () => {
    const opened = await openMarket({ kind: "files", paths: [PATH] });
    if (!opened.ok) throw new Error(opened.error.text);
    const pass = measureRecording(opened.value);
    let step = pass.next();
    while (step.done !== true) step = pass.next();
    if (!step.value.ok) throw new Error(step.value.error.text);
    const { recorded, look } = step.value.value;
    const { moments, flow } = recorded;
    expect(recorded.seconds).toBe(342);
    expect(flow.orders.length).toBe(713);
    expect(look.reachBps).toBe(10);
    // One tick of 0.1 at 61,730.
    expect(moments.spread?.value).toBeCloseTo(1e4 / recorded.mid, 4);
    expect(moments.spread?.standardError).toBe(0);
    // A contract is 100 USD: volume is lots × 100, whatever the price.
    const lots = flow.seconds.reduce((sum, second) => sum + second.lots, 0);
    expect(moments.volumePerSecond?.value).toBeCloseTo((100 * lots) / 342, 6);
    const orders = flow.seconds.reduce((sum, second) => sum + second.orders, 0);
    expect(moments.ordersPerSecond?.value).toBeCloseTo(orders / 342, 9);
    expect(Math.abs(orders - 713)).toBeLessThan(10);
  });
});
