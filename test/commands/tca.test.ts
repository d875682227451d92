/**
 * `arrival tca` as a user meets it: a real process, a real file of fills, real exit codes.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-tca-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tca(...args: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, "tca", ...args], (failure, out, error) => {
      resolve({ code: failure === null ? 0 : Number(failure.code), out, error });
    });
  });
}

const fills = join(folder, "fills.csv");
writeFileSync(
  fills,
  `execId,orderId,symbol,side,execPrice,execQty,execFee,execTime,isMaker,execType
a,1,BTCUSDT,Buy,64312.00,10,321.56,1723161300000,false,Trade
b,1,BTCUSDT,Buy,64312.00,15,482.34,1723161301000,true,Trade
b,1,BTCUSDT,Buy,64312.00,15,482.34,1723161301000,true,Trade
f,,BTCUSDT,Buy,64312.00,25,1.2,1723161302000,false,Funding
c,2,BTCUSDT,Sell,64320.00,1,32.16,1723161303000,false,Trade
`,
);
const LINEAR = ["--symbol", "BTCUSDT", "--contract", "linear"];

describe("arrival tca", () => {
  it("shows what fills have cost, what was assumed, and what cannot be told", async () => {
    const run = await tca(fills, ...LINEAR, "--order", "1", "--arrival-price", "64250");
    expect(run).toMatchObject({ code: 0, error: "" });
    const page = run.out.replaceAll(/\s+/g, " ");
    expect(page).toContain("5 rows, 3 fills; 1 duplicate dropped; not trades, left out: 1 Funding");
    expect(page).toContain("Bought 25.000 of 25.000 BTC, BTCUSDT linear on binance");
    expect(page).toContain("arrival slippage +9.65 bps < 15 bps");
    expect(page).toContain("while trading +9.650 +1,550.00 spread, impact and timing in one");
    expect(page).toContain("spread unknown unknown");
    expect(page).toContain(
      "- it was decided on arrival (say it: --decision-price, --decision-time)",
    );
    expect(page).toContain("a recording of the market over the order and five minutes after it");
  }, 60_000);

  it("reports each order of a file, as one JSON document", async () => {
    const run = await tca(fills, ...LINEAR, "--json");
    expect(run).toMatchObject({ code: 0, error: "" });
    const document = JSON.parse(run.out) as {
      rows: object;
      columns: object;
      orders: { order: string; report: { side: string; shortfall: { total: object } } }[];
    };
    expect(document.rows).toMatchObject({ rows: 5, duplicates: 1, notTrades: { Funding: 1 } });
    expect(document.columns).toMatchObject({ price: "execPrice", id: "execId" });
    expect(document.orders.map(({ order, report }) => [order, report.side])).toEqual([
      ["1", "buy"],
      ["2", "sell"],
    ]);
    expect(document.orders[0]!.report.shortfall.total).toEqual({ cash: null, bps: null });
  }, 60_000);

  it("says where a file is wrong, and exits with 2", async () => {
    const bad = join(folder, "bad.csv");
    writeFileSync(bad, "time,side,price,qty\n2024-08-08 23:55:00,buy,64312.05,1\n");
    const [zone, tick, mixed] = await Promise.all([
      tca(bad, ...LINEAR),
      tca(bad, ...LINEAR, "--time-zone", "utc"),
      tca(fills, ...LINEAR, "--together"),
    ]);
    expect([zone.code, tick.code, mixed.code]).toEqual([2, 2, 2]);
    expect(zone.error).toContain(
      'bad.csv:2: column "time": "2024-08-08 23:55:00" has no time zone',
    );
    expect(tick.error).toContain(
      'bad.csv:2: column "price": "64312.05" is not a multiple of the tick',
    );
    expect(tick.error).toContain("[TCA_ROW]");
    expect(mixed.error).toContain("2 buys and 1 sells");
  }, 60_000);
});
