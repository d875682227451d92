import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { describeRecording } from "./describe.ts";
import { readRecording } from "./recording.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-describe-"));
afterAll(() => rmSync(folder, { recursive: true }));

const START = 1_723_161_600;
const line = (second: number, json: object): string =>
  `${START + second}005000000 ${JSON.stringify(json)}`;
const depth = (second: number, u: number, b: string[][]): string => {
  const T = (START + second) * 1000;
  return line(second, { e: "depthUpdate", E: T, T, s: "BTCUSDT", U: u, u, pu: u - 1, b, a: [] });
};
const trade = (second: number, t: number, m: boolean, X: string): string => {
  const T = (START + second) * 1000;
  return line(second, { e: "trade", E: T, T, s: "BTCUSDT", t, p: "100.2", q: "0.5", X, m });
};

describe("describe", () => {
  it("says what is in a recording", async () => {
    const path = join(folder, "capture.txt");
    const lines = [
      line(0, { lastUpdateId: 1, bids: [["100.0", "1"]], asks: [["100.5", "2"]] }),
      depth(0, 1, [["100.0", "1"]]),
      depth(2, 2, [["100.2", "4"]]),
      trade(3, 1, true, "MARKET"),
      trade(3, 2, false, "MARKET"),
      trade(4, 3, false, "INSURANCE_FUND"),
    ];
    writeFileSync(path, `${lines.join("\n")}\n`);
    const read = await readRecording([path]);
    if (!read.ok) throw new Error(read.error.text);
    const info = describeRecording(read.value);
    expect(info.counts).toEqual({
      rows: 8,
      messages: 6,
      bids: 3,
      asks: 1,
      tradesBuy: 2,
      tradesSell: 1,
      tradesOffBook: 1,
      snapshots: 1,
      gaps: 0,
    });
    expect(info.span).toEqual({
      from: "2024-08-09T00:00:00.000000000Z",
      to: "2024-08-09T00:00:04.000000000Z",
      seconds: 4,
    });
    expect(info.rates).toEqual({
      rowsPerSecond: 2,
      messagesPerSecond: 1.5,
      tradesPerSecond: 0.75,
    });
    expect(info.firstMid).toBe("100.250");
    expect(info.lastMid).toBe("100.350");
    // The insurance fund's trade is no volume.
    expect(info.volume).toMatchObject({ bought: "0.500", sold: "0.500" });
    expect(info.volume.notional).toBeCloseTo(100.2, 9);
    expect(info.memoryBytes).toBe(8 * 29);
    expect(info.instrument).toMatchObject({ id: "binance:linear:BTCUSDT", tickSize: "0.10" });
  });
});
