import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal } from "../core/domain/decimal.ts";
import { formatPrice, formatQuantity, type Instrument } from "../core/domain/instrument.ts";
import { lots } from "../core/domain/units.ts";
import { knownInstrument } from "../data/known-instruments.ts";
import { type ColumnMap, parseColumnMap } from "./fill-columns.ts";
import {
  type ImportedFills,
  parseFills,
  readFills,
  type ReadFillsOptions,
} from "./imported-fills.ts";

const BTCUSDT = knownInstrument("binance", "linear", "BTCUSDT")!;
const SPOT = knownInstrument("binance", "spot", "BTCUSDT")!;

const parse = (csv: string | Buffer, options: Partial<ReadFillsOptions> = {}) =>
  parseFills([Buffer.from(csv as string)], "fills.csv", { instrument: BTCUSDT, ...options });

async function read(
  csv: string | Buffer,
  options: Partial<ReadFillsOptions> = {},
): Promise<ImportedFills> {
  const parsed = await parse(csv, options);
  if (!parsed.ok) throw new Error(parsed.error.text);
  return parsed.value;
}

async function fault(csv: string | Buffer, options: Partial<ReadFillsOptions> = {}) {
  const parsed = await parse(csv, options);
  if (parsed.ok) throw new Error("was not refused");
  return parsed.error;
}

function map(text: string): ColumnMap {
  const parsed = parseColumnMap(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** What was read of the first fill, in words. */
async function first(csv: string, options: Partial<ReadFillsOptions> = {}): Promise<object> {
  const { instrument = BTCUSDT } = options;
  const { fill, side, at, orders } = (await read(csv, options)).fills[0]!;
  return {
    id: fill.executionId,
    order: orders[0],
    side,
    price: formatPrice(instrument, fill.price),
    quantity: formatQuantity(instrument, fill.quantity),
    time: new Date(Number(at.nanos / 1_000_000n)).toISOString(),
    resolution: at.resolution,
    fee: fill.fee === undefined ? undefined : `${fill.fee} ${fill.feeCoin}`,
    liquidity: fill.liquidity,
  };
}

const TIME = "2024-08-08T23:55:00.123Z";
const ONE = { side: "buy", price: "60000.10", quantity: "0.010", time: TIME, resolution: 1e6 };

describe("exports that are known by their header", () => {
  it("Bybit's execution list, field by field", async () => {
    const csv = `symbol,orderId,orderLinkId,side,orderPrice,orderQty,execId,execPrice,execQty,execFee,feeCurrency,feeRate,execTime,isMaker,execType,markPrice
BTCUSDT,o-1,link-1,Buy,61000,1,x-1,60000.10,0.010,0.33,,0.00055,1723161300123,false,Trade,60001`;
    expect(await first(csv)).toEqual({
      ...ONE,
      id: "x-1",
      order: "o-1",
      fee: "0.33 USDT",
      liquidity: "taker",
    });
  });

  it("Bybit's web export", async () => {
    const csv = `Market,Filled Type,Filled Quantity,Filled Price,Order Price,Fee Rate,Trading Fee,feeCoin,ExecFeeV2,Direction,Order Type,Transaction ID,Order No.,Transaction Time(UTC+0)
BTCUSDT,Trade,0.010,60000.10,61000,0.00055,0.33,USDT,0,BUY,Market,x-1,o-1,2024-08-08 23:55:00`;
    expect(await first(csv)).toEqual({
      ...ONE,
      id: "x-1",
      order: "o-1",
      fee: "0.33 USDT",
      liquidity: undefined,
      time: "2024-08-08T23:55:00.000Z",
      resolution: 1e9,
    });
  });

  it("Binance's userTrades, where a truth tells the side", async () => {
    const csv = `symbol,id,orderId,price,qty,quoteQty,commission,commissionAsset,time,buyer,maker
BTCUSDT,77,5,60000.10,0.010,600.001,0.00001,BNB,1723161300123,true,true`;
    expect(await first(csv)).toEqual({
      ...ONE,
      id: "77",
      order: "5",
      fee: "0.00001 BNB",
      liquidity: "maker",
    });
  });

  it("Binance's web export, with coins behind the numbers and UTC in the header", async () => {
    const csv = `Date(UTC),Pair,Side,Price,Executed,Amount,Fee
2024-08-08 23:55:00,BTCUSDT,SELL,60000.10,0.01BTC,600.001USDT,0.600001USDT`;
    expect(await first(csv, { instrument: SPOT })).toMatchObject({
      side: "sell",
      quantity: "0.01000",
      fee: "0.600001 USDT",
      time: "2024-08-08T23:55:00.000Z",
    });
  });

  it("ccxt, with its own symbols and a fee that is an object", async () => {
    const csv = `id,timestamp,datetime,symbol,order,type,side,takerOrMaker,price,amount,cost,fee
9,1723161300123,x,BTC/USDT:USDT,5,limit,buy,maker,60000.1,0.01,600.001,"{'cost': 7.1e-05, 'currency': 'BNB'}"`;
    expect(await first(csv)).toMatchObject({
      ...ONE,
      fee: "0.000071 BNB",
      liquidity: "maker",
      order: "5",
    });
  });

  it("OKX, where the type says who took, and FIX, with codes", async () => {
    const okx = `instId,tradeId,ordId,fillPx,fillSz,side,execType,fee,feeCcy,fillTime
BTC-USDT-SWAP,1,2,60000.1,0.01,buy,M,-0.1,USDT,1723161300123`;
    expect(await first(okx, { feesAreNegative: true })).toMatchObject({
      ...ONE,
      fee: "0.1 USDT",
      liquidity: "maker",
    });
    const fix = `ClOrdID,ExecID,Symbol,Side,LastPx,LastQty,TransactTime,LastLiquidityInd
c,e,BTCUSDT,1,60000.1,0.01,20240808-23:55:00.123,2`;
    expect(await first(fix)).toMatchObject({ ...ONE, id: "e", order: "c", liquidity: "taker" });
  });

  const FIXTURE = fileURLToPath(
    new URL(
      "../../../shared/data/bybit-fixtures/docs/websocket__private__execution.json",
      import.meta.url,
    ),
  );
  it.skipIf(!existsSync(FIXTURE))("Bybit's own example (needs ../shared/data)", async () => {
    const { blocks } = JSON.parse(readFileSync(FIXTURE, "utf8")) as {
      blocks: { json?: { data?: Record<string, unknown>[] } }[];
    };
    const example = blocks.flatMap(({ json }) => json?.data ?? []);
    const names = Object.keys(example[0]!).filter((name) => name !== "extraFees");
    const rows = example.map((row) => names.map((name) => String(row[name])).join(","));
    const csv = [names.join(","), ...rows].join("\n");
    expect(await first(csv)).toMatchObject({
      side: "sell",
      price: "95900.10",
      quantity: "0.500",
      fee: "26.3725275 USDT",
      liquidity: "taker",
    });
  });
});

const HEAD = "time,side,price,qty";
const ROW = "1723161300123,buy,60000.10,0.010";

describe("the form of the file", () => {
  it.each([
    ["CRLF and a byte order mark", `\uFEFF${HEAD}\r\n${ROW}\r\n`],
    ["semicolons", `${HEAD}\n${ROW}`.replaceAll(",", ";")],
    ["tabs", `${HEAD}\n${ROW}`.replaceAll(",", "\t")],
    ["quotes and blanks", `"Time", "Side" ,"Price","Qty"\n"1723161300123" , buy,"60000.10", 0.010`],
    ["empty lines", `${HEAD}\n\n${ROW}\n\n`],
    ["a column of several lines", `note,${HEAD}\n"two\nlines, one ""cell""",${ROW}`],
    ["a last separator on each line", `${HEAD}\n${ROW},\n`],
  ])("%s", async (_name, csv) => {
    expect(await first(csv)).toMatchObject(ONE);
  });

  it("UTF-16, as spreadsheets write it", async () => {
    const csv = Buffer.from(
      `\uFEFF${HEAD.replaceAll(",", "\t")}\n${ROW.replaceAll(",", "\t")}`,
      "utf16le",
    );
    expect((await read(csv)).fills).toHaveLength(1);
  });

  it("chunks cut anywhere", async () => {
    const bytes = Buffer.from(`${HEAD}\n${ROW}\n${ROW.replace("0.010", "0.020")}\n`);
    const chunks = [
      bytes.subarray(0, 30),
      ...[...bytes.subarray(30)].map((byte) => Buffer.of(byte)),
    ];
    const parsed = await parseFills(chunks, "fills.csv", { instrument: BTCUSDT });
    expect(parsed.ok && parsed.value.fills.map(({ fill }) => fill.quantity)).toEqual([10, 20]);
  });

  it("sorts by time, drops the same execution, and counts what moves no order", async () => {
    const { fills, counts } = await read(`execId,symbol,execType,${HEAD}
b,BTCUSDT,Trade,1723161302000,buy,60000.1,0.01
a,BTCUSDT,Trade,1723161301000,buy,60000.1,0.01
b,BTCUSDT,Trade,1723161302000,buy,60000.1,0.01
f,BTCUSDT,Funding,1723161302000,buy,60000.1,0.01
l,BTCUSDT,AdlTrade,1723161302000,buy,60000.1,0.01
s,ETHUSDT,Trade,x,y,z,w`);
    expect(fills.map(({ fill }) => fill.executionId)).toEqual(["a", "b"]);
    expect(counts).toEqual({
      rows: 6,
      duplicates: 1,
      notTrades: { Funding: 1, AdlTrade: 1 },
      otherSymbols: 1,
    });
  });
});

describe("times", () => {
  const time = async (text: string, isUtc = false): Promise<string> => {
    const { at } = (await read(`${HEAD}\n${text},buy,60000.1,0.01`, { isUtc })).fills[0]!;
    const seconds = at.nanos / 1_000_000_000n;
    return `${seconds}.${String(at.nanos % 1_000_000_000n).padStart(9, "0")}/${at.resolution}`;
  };

  it.each([
    ["1723161300", "1723161300.000000000/1000000000"],
    ["1723161300.25", "1723161300.250000000/1000000"],
    ["1723161300123", "1723161300.123000000/1000000"],
    ["1723161300123456", "1723161300.123456000/1000"],
    ["1723161300123456789", "1723161300.123456789/1"],
    ["2024-08-09T01:55:00.5+02:00", "1723161300.500000000/1000000"],
    ["2024-08-08 23:55:00 UTC", "1723161300.000000000/1000000000"],
    ["2024-08-08T23:55:00.123456Z", "1723161300.123456000/1000"],
  ])("%s is read exactly, with what its last digit stands for", async (text, expected) => {
    expect(await time(text)).toBe(expected);
  });

  it("without a zone are refused, unless they are said to be UTC", async () => {
    const csv = `${HEAD}\n2024-08-08 23:55:00,buy,60000.1,0.01`;
    expect((await fault(csv)).text).toBe(
      'fills.csv:2: column "time": "2024-08-08 23:55:00" has no time zone: ' +
        "write Z or +hh:mm, or say --time-zone utc if it is UTC",
    );
    expect(await time("2024-08-08 23:55:00", true)).toBe("1723161300.000000000/1000000000");
  });

  it.each([
    "2024-02-30T00:00:00Z",
    "2024-08-08T24:61:00Z",
    "45512",
    "yesterday",
    "1969-01-01T00:00:00Z",
  ])("%s is no time", async (text) => {
    expect(await fault(`${HEAD}\n${text},buy,60000.1,0.01`)).toMatchObject({ code: "TCA_ROW" });
  });
});

describe("what cannot be used", () => {
  it("a header that does not say enough: lists what was found and what is needed", async () => {
    expect(await fault("when,px,vol\n1,2,3")).toEqual({
      code: "TCA_COLUMNS",
      text: `fills.csv: the first line must name the columns, and no column is known to hold time, price, quantity, side
  time: a column such as exectime, transacttime, filltime, filledtime, tradetime, transactiontime, or --map COLUMN=time
  price: a column such as execprice, lastpx, fillpx, fillprice, filledprice, tradeprice, or --map COLUMN=price
  quantity: a column such as execqty, lastqty, lastshares, fillsz, fillqty, filledquantity, or --map COLUMN=quantity
  side: a column such as side, direction, buyer, isbuyer, or --map COLUMN=side, or give --side
  found: "when", "px", "vol"`,
    });
  });

  it("--map wins over a known name; a flag stands in for a side", async () => {
    const csv = "when,price,avg,vol\n1723161300123,1,60000.10,0.010";
    const options = { map: map("When=time,avg=price,vol=quantity"), side: "buy" as const };
    expect(await first(csv, options)).toMatchObject(ONE);
    expect((await fault(csv, { map: map("wen=time") })).text).toContain('names a column "wen"');
    expect(parseColumnMap("a=prize")).toMatchObject({ ok: false });
  });

  it("two columns for one thing", async () => {
    const text = (await fault(`price,${HEAD}\n1,${ROW}`)).text;
    expect(text).toContain('the columns "price" and "price" both say price');
  });

  it.each([
    ["60000.15", "0.01", 'column "price": "60000.15" is not a multiple of the tick size 0.10'],
    ["60000.1", "0.0105", 'column "qty": "0.0105" is not a multiple of the lot size 0.001'],
    ["-1", "0.01", 'column "price": "-1" is at or under zero'],
    ["60000.1", "-0.01", 'column "qty": "-0.01" is at or under zero'],
    ["60000.1", "0", 'column "qty": "0" is no quantity'],
    ['"60,000.1"', "0.01", "write a point, and no separators of thousands"],
    ["", "0.01", 'column "price": "" is not an exact decimal'],
    ["60000.1", "1ETH", 'column "qty": "1ETH" is in ETH, where BTC was expected'],
  ])(
    "a price of %s with a quantity of %s: says where, and what to do",
    async (price, qty, text) => {
      const rows = `${ROW}\n1723161300123,buy,${price},${qty}`;
      const found = await fault(`${HEAD}\n${rows}`);
      expect(found.code).toBe("TCA_ROW");
      expect(found.text).toContain(`fills.csv:3: `);
      expect(found.text).toContain(text);
    },
  );

  it("a finer grid takes an average price", async () => {
    const fine: Instrument = { ...BTCUSDT, tickSize: decimal("0.01"), minLots: lots(1) };
    const csv = `${HEAD}\n1723161300123,buy,60000.15,0.01`;
    expect(await first(csv, { instrument: fine })).toMatchObject({ price: "60000.15" });
  });

  it("an id with two meanings", async () => {
    const csv = `id,${HEAD}\na,${ROW}\na,${ROW.replace("0.010", "0.020")}`;
    expect((await fault(csv)).text).toContain('fills.csv:3: column "id": "a" stands twice');
  });

  it("shows some faults and counts all", async () => {
    const csv = `${HEAD}\n${"1723161300123,buy,60000.15,1\n".repeat(20)}`;
    const lines = (await fault(csv)).text.split("\n");
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toBe("… and 12 more");
  });

  it.each([
    ["an empty file", "", "TCA_EMPTY"],
    ["a header alone", HEAD, "TCA_EMPTY"],
    ["another symbol", `symbol,${HEAD}\nETHUSDT,${ROW}`, "TCA_EMPTY"],
    ["funding alone", `execType,${HEAD}\nFunding,${ROW}`, "TCA_EMPTY"],
    ["an open quote", `${HEAD}\n"${ROW}`, "TCA_FORMAT"],
    ["a gzip", Buffer.from([0x1f, 0x8b, 8, 0, 0]), "TCA_FORMAT"],
    ["a binary", Buffer.from([1, 0, 2, 0, 3]), "TCA_FORMAT"],
    ["a ragged row", `${HEAD}\n${ROW},7`, "TCA_ROW"],
    ["a side that is none", `${HEAD}\n${ROW.replace("buy", "constructor")}`, "TCA_ROW"],
  ])("%s", async (_name, csv, code) => {
    expect(await fault(csv)).toMatchObject({ code });
  });

  it("a file that is not there", async () => {
    const missing = await readFills("/nowhere/fills.csv", { instrument: BTCUSDT });
    expect(missing).toMatchObject({ ok: false, error: { code: "TCA_FILE" } });
  });
});

describe("hostile input", () => {
  const cell = fc.oneof(
    fc.constantFrom("60000.1", "0.01", "buy", "1723161300123", "Trade", "", '"', "\0", "1e99", "-"),
    fc.constantFrom("1e-40", ".5", "９", "{'cost': x}", "9".repeat(50), "__proto__", "=cmd()"),
    fc.string({ maxLength: 12, unit: "binary" }),
  );
  const header = fc.constantFrom(
    "time",
    "price",
    "qty",
    "side",
    "fee",
    "id",
    "execType",
    "maker",
    "symbol",
  );
  const separator = fc.constantFrom(",", ";", "\t", "\n", "\r\n", '"');

  it("is never thrown at: what is not read is a fault that says where", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(header, { maxLength: 9 }),
        fc.array(fc.tuple(cell, separator), { maxLength: 60 }),
        async (names, cells) => {
          const body = cells.map(([text, after]) => text + after).join("");
          const parsed = await parse(`${names.join(",")}\n${body}`, { side: "buy" });
          if (parsed.ok) {
            expect(parsed.value.fills.length).toBeGreaterThan(0);
          } else {
            expect(parsed.error.code).toMatch(/^TCA_/);
            if (parsed.error.code === "TCA_ROW") {
              expect(parsed.error.text).toMatch(/^fills\.csv:\d+: /);
            }
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("cells are read exactly or refused, in a file that is otherwise sound", async () => {
    await fc.assert(
      fc.asyncProperty(cell, fc.nat(3), async (text, column) => {
        const cells = ROW.split(",");
        cells[column] = `"${text.replaceAll('"', '""')}"`;
        const parsed = await parse(`${HEAD}\n${cells.join(",")}\n`);
        if (parsed.ok) {
          const { fill } = parsed.value.fills[0]!;
          expect(Number.isSafeInteger(fill.price) && fill.price > 0).toBe(true);
          expect(Number.isSafeInteger(fill.quantity) && fill.quantity > 0).toBe(true);
        } else if (parsed.error.code === "TCA_ROW") {
          expect(parsed.error.text).toMatch(/^fills\.csv:\d+: column "/);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("any bytes at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect((await parse(Buffer.from(bytes))).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe("fees under zero", () => {
  const rows = (liquidity: string) =>
    `time,price,qty,side,fee,liquidity\n2024-08-09T00:01:00Z,61000.0,1,buy,-30,${liquidity}\n`;
  const feeOf = async (liquidity: string, options: Partial<ReadFillsOptions> = {}) =>
    (await read(rows(liquidity), options)).fills[0]!.fill.fee;

  it.each(["taker", ""])(
    "of a fill that took (%j) are not taken for rebates",
    async (liquidity) => {
      const { code, text } = await fault(rows(liquidity));
      expect(code).toBe("TCA_TERMS");
      expect(text).toContain("--fee-sign negative");
      expect(await feeOf(liquidity, { feesAreNegative: true })).toBe("30");
      expect(await feeOf(liquidity, { feesAreNegative: false })).toBe("-30");
    },
  );

  it("of a resting order are rebates", async () => {
    expect(await feeOf("maker")).toBe("-30");
  });
});
