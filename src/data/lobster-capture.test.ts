import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { Kind, KIND_MASK, LAST, OFF_BOOK } from "../core/market/columns.ts";
import { describeRecording } from "./describe.ts";
import { midnightInNewYork } from "./lobster-capture.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";
import { verifyRecording } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-lobster-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NAME = (half: string, day = "2012-06-21", ticker = "ACME"): string =>
  `${ticker}_${day}_34200000_57600000_${half}_2.csv`;

const MESSAGES = [
  "34200.5,1,11,10,1000000,1",
  "34200.500000001,1,12,20,1000100,-1",
  "34201,4,12,5,1000100,-1",
  "34202,5,0,7,1000050,1",
  "34203,3,11,10,1000000,1",
];
const ROWS = [
  "1000200,50,1000000,10,9999999999,0,-9999999999,0",
  "1000100,20,1000000,10,1000200,50,-9999999999,0",
  "1000100,15,1000000,10,1000200,50,-9999999999,0",
  "1000100,15,1000000,10,1000200,50,-9999999999,0",
  "1000100,15,-9999999999,0,1000200,50,-9999999999,0",
];

let files = 0;
function zip(members: Readonly<Record<string, readonly string[]>>): string {
  const path = join(folder, `sample-${files++}.zip`);
  const bytes = Object.entries(members).map(
    ([name, lines]) => [name, strToU8(`${lines.join("\r\n")}\r\n`)] as const,
  );
  writeFileSync(path, zipSync(Object.fromEntries(bytes)));
  return path;
}
const day = (messages = MESSAGES, rows = ROWS, date = "2012-06-21"): string =>
  zip({ [NAME("orderbook", date)]: rows, [NAME("message", date)]: messages, "ReadMe.txt": ["hi"] });

async function recorded(paths: readonly string[], options: ReadOptions = {}): Promise<Recording> {
  const result = await readRecording(paths, options);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

const NAMES = ["bid", "ask", "buy", "sell", "CLEAR", "GAP"];
function rowsOf({ blocks }: Recording): string[] {
  return blocks.flatMap((block) =>
    Array.from({ length: block.length }, (_, row) => {
      const kind = block.kind[row]!;
      const name = NAMES[kind & KIND_MASK]!;
      const bare = (kind & KIND_MASK) >= Kind.CLEAR;
      const what = bare ? name : `${name} ${block.price[row]} x ${block.quantity[row]}`;
      return `${what}${kind & OFF_BOOK ? " off-book" : ""}${kind & LAST ? "." : ""}`;
    }),
  );
}

describe("LOBSTER", () => {
  it("joins the two files of a zip line by line, whichever comes first", async () => {
    const expected = [
      "CLEAR",
      "ask 10002 x 50",
      "bid 10000 x 10.",
      "ask 10001 x 20.",
      "buy 10001 x 5.",
      "ask 10001 x 15.",
      // Half a cent, by a hidden buy order: to its own side.
      "sell 10000 x 7 off-book.",
      "bid 10000 x 0.",
    ];
    const recording = await recorded([day()]);
    expect(rowsOf(recording)).toEqual(expected);
    expect(recording.format).toBe("lobster");
    expect(recording.report.badLines.count).toBe(0);
    const turned = zip({ [NAME("message")]: MESSAGES, [NAME("orderbook")]: ROWS });
    expect(rowsOf(await recorded([turned]))).toEqual(expected);
  });

  it("reads the two files on their own, by their names", async () => {
    const paths = (["message", "orderbook"] as const).map((half) => join(folder, NAME(half)));
    writeFileSync(paths[0]!, `${MESSAGES.join("\n")}\n`);
    writeFileSync(paths[1]!, `${ROWS.join("\n")}\n`);
    expect((await recorded(paths)).rows).toBe(8);
    const alone = await readRecording([paths[0]!]);
    expect(alone).toMatchObject({ ok: false, error: { code: "DATA_FORMAT" } });
    const nameless = join(folder, "messages.csv");
    writeFileSync(nameless, `${MESSAGES.join("\n")}\n`);
    const refused = await readRecording([nameless]);
    expect(refused).toMatchObject({ ok: false, error: { code: "DATA_FORMAT", line: 1 } });
  });

  it("takes times as New York's, to the nanosecond", async () => {
    const { report, header, blocks } = await recorded([day()]);
    expect(report.firstTime).toBe("2012-06-21T13:30:00.500000000Z");
    expect(header.epochNanos).toBe(1_340_285_400_000_000_000n);
    expect(blocks[0]!.exchangeTime[3]).toBe(500_000_001);
    expect(midnightInNewYork("2012-01-03")).toBe(Date.UTC(2012, 0, 3, 5) / 1000);
    expect(midnightInNewYork("2012-13-03")).toBeUndefined();
    expect(header.instrument).toMatchObject({ venue: "nasdaq", symbol: "ACME", kind: "spot" });
  });

  it("holds every row against the row before and the message", async () => {
    const path = day();
    const good = await verifyRecording([path]);
    if (!good.ok) throw new Error(good.error.text);
    expect(good.value.books[0]!.stated).toEqual({
      compared: 4,
      mismatched: { count: 0, examples: [] },
      displaced: 0,
      partlyKnown: 0,
    });
    expect(good.value.clean).toBe(true);
    const rows = ROWS.with(2, ROWS[2]!.replace(",15,", ",14,"));
    const bad = await verifyRecording([day(MESSAGES, rows)]);
    if (!bad.ok) throw new Error(bad.error.text);
    // The wrong row differs from its message, and the next message from the wrong row.
    expect(bad.value.books[0]!.stated.mismatched).toMatchObject({
      count: 2,
      examples: [{ file: NAME("message"), line: 3 }, { line: 4 }],
    });
    expect(bad.value.books[0]!.faults).toEqual([
      expect.stringMatching(/^2 mismatches with the stated books: of 4 comparisons, the first at/),
    ]);
    expect(bad.value.clean).toBe(false);
  });

  it("knows nothing while trading halts, and begins anew with a whole book", async () => {
    const messages = [
      ...MESSAGES.slice(0, 2),
      "34210,7,0,0,-1,-1",
      "34211,3,12,20,1000100,-1",
      "34212,7,0,0,0,-1",
      "34213,7,0,0,1,-1",
    ];
    const rows = [ROWS[0]!, ROWS[1]!, ROWS[1]!, ROWS[0]!, ROWS[0]!, ROWS[0]!];
    const recording = await recorded([day(messages, rows)]);
    const begun = ["CLEAR", "ask 10002 x 50", "bid 10000 x 10."];
    expect(rowsOf(recording)).toEqual([...begun, "ask 10001 x 20.", "GAP.", ...begun]);
    expect(recording.report.gaps.count).toBe(0);
    expect(recording.report.notes.join(" ")).toContain("1 trading halts");
  });

  it("counts a line that it cannot read, and breaks off until the next row", async () => {
    const recording = await recorded([day(MESSAGES.with(2, "rubbish"))]);
    expect(rowsOf(recording).slice(4)).toEqual([
      "GAP.",
      "sell 10000 x 7 off-book.",
      "CLEAR",
      "ask 10001 x 15",
      "ask 10002 x 50",
      "bid 10000 x 10.",
      "bid 10000 x 0.",
    ]);
    expect(recording.report.badLines).toMatchObject({
      count: 1,
      examples: [{ file: NAME("message"), line: 3 }],
    });
    expect(recording.report.gaps.count).toBe(1);
  });

  it.each(["1e-400,15", "0,15", ",15", " 1000100,15", "0x10,15"])(
    "takes %j for no level of a book",
    async (cells) => {
      const rows = ROWS.with(2, ROWS[2]!.replace("1000100,15", cells));
      const { report } = await recorded([day(MESSAGES, rows)]);
      expect(report.badLines.count).toBe(1);
    },
  );

  it("joins days in order, with nothing known between them", async () => {
    const next = day(MESSAGES.slice(0, 2), ROWS.slice(0, 2), "2012-06-22");
    const both = await recorded([day(), next]);
    expect(rowsOf(both).slice(8, 12)).toEqual([
      "GAP.",
      "CLEAR",
      "ask 10002 x 50",
      "bid 10000 x 10.",
    ]);
    for (const paths of [
      [next, day()],
      [next, next],
    ]) {
      expect(await readRecording(paths)).toMatchObject({
        ok: false,
        error: { code: "DATA_FORMAT" },
      });
    }
  });

  it("refuses files that are not of one recording", async () => {
    expect(await readRecording([day(MESSAGES.slice(0, 3))])).toMatchObject({
      ok: false,
      error: { code: "DATA_FORMAT", text: expect.stringContaining("3 messages, but 5 rows") },
    });
    expect(await readRecording([day()], { symbol: "OTHER" })).toMatchObject({
      ok: false,
      error: { code: "DATA_SYMBOL" },
    });
  });

  it("leaves auctions out of the volume, and prices between two ticks out of the book", async () => {
    const messages = ["34200,1,1,10,1000050,1", "34201,6,0,100,1000100,-1"];
    const row = "1000200,50,1000050,10,9999999999,0,1000000,5";
    const recording = await recorded([day(messages, [row, row])]);
    expect(rowsOf(recording)).toEqual([
      "CLEAR",
      "ask 10002 x 50",
      "bid 10000 x 5.",
      "buy 10001 x 100 off-book.",
    ]);
    expect(recording.report.offTickPrices.count).toBe(1);
    expect(describeRecording(recording).volume.bought).toBe("0");
  });
});

describe("LOBSTER files that are damaged", () => {
  it("give a fault, or sound columns and a count of the lines", async () => {
    const spot = fc.record({
      half: fc.constantFrom(0, 1),
      line: fc.nat(4),
      at: fc.nat(40),
      text: fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom("-1", "99999999999", "7,", ",")),
    });
    let usable = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(spot, { minLength: 1, maxLength: 3 }), async (spots) => {
        const halves = [[...MESSAGES], [...ROWS]];
        for (const { half, line, at, text } of spots) {
          const lines = halves[half]!;
          const whole = lines[line]!;
          const from = at % (whole.length + 1);
          const changed = whole.slice(0, from) + text + whole.slice(from + text.length);
          lines[line] = changed.replaceAll(/[\r\n]/g, " ");
        }
        const path = day(halves[0], halves[1]);
        const read = await readRecording([path]);
        const verified = await verifyRecording([path]);
        if (!read.ok) return expect(read.error.text).not.toBe("");
        usable += 1;
        expect(verified.ok).toBe(true);
        let last = 0;
        for (const block of read.value.blocks) {
          for (let row = 0; row < block.length; row++) {
            expect(block.exchangeTime[row]!).toBeGreaterThanOrEqual(last);
            expect(Number.isSafeInteger(block.quantity[row]!)).toBe(true);
            last = block.exchangeTime[row]!;
          }
        }
        return undefined;
      }),
      { numRuns: 150 },
    );
    expect(usable).toBeGreaterThan(0);
  });
});

const LOBSTER = "../shared/data/lobster";

describe.skipIf(!existsSync(LOBSTER))(
  `LOBSTER samples in ${LOBSTER} (skipped where the folder is absent)`,
  () => {
    it.each([
      [5, 155_934, 33_840],
      [1, 57_514, 13_953],
    ])("AMZN, %i levels: 0 mismatches in %i steps, %i in part unknown", async (...expected) => {
      const [levels, compared, partlyKnown] = expected;
      const path = `${LOBSTER}/LOBSTER_SampleFile_AMZN_2012-06-21_${levels}.zip`;
      const verified = await verifyRecording([path]);
      if (!verified.ok) throw new Error(verified.error.text);
      expect(verified.value.books[0]!.stated).toEqual({
        compared,
        mismatched: { count: 0, examples: [] },
        displaced: 0,
        partlyKnown,
      });
      expect(verified.value.totals).toMatchObject({ trades: 11_419, crossed: 0, gaps: 0 });
      expect(verified.value.books[0]!.tradesOffTouch).toMatchObject({ compared: 8974, count: 0 });
      expect(verified.value.clean).toBe(true);
    });
  },
);
