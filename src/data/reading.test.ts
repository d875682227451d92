import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { MarketSink } from "./capture.ts";
import type { Position } from "./fault.ts";
import { readAll, type ReadingState } from "./reading.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-reading-"));
afterAll(() => rmSync(folder, { recursive: true }));
let names = 0;

const START = 1_723_161_600;
const HEAD =
  "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional";

/** A message: which stream, when it was received, its number there, and the line of the book. */
type Message = readonly ["book" | "trade", number, number, number];

interface Files {
  readonly book: string;
  readonly trades: string;
  /** What must come out, the book's first where times are equal. */
  readonly merged: Message[];
}

/** Steps in milliseconds: both files start at the same second. */
function filesOf(bookSteps: readonly number[], tradeSteps: readonly number[]): Files {
  const merged: Message[] = [];
  const book: string[] = [];
  const trades = [HEAD];
  let millis = 1000;
  for (const [index, step] of bookSteps.entries()) {
    const u = index + 1;
    millis += step;
    const ts = START * 1000 + millis;
    // Long enough that a file is read in many pieces.
    const b = Array.from({ length: 12 }, (_, level) => [`0.5${210 - level}`, String(u + level)]);
    const data = { s: "XRPUSDT", b, a: [["0.5300", "1"]], u, seq: u };
    const type = u === 1 ? "snapshot" : "delta";
    book.push(JSON.stringify({ topic: "orderbook.500.XRPUSDT", type, ts, data, cts: ts }));
    merged.push(["book", millis, u, u]);
  }
  millis = 1001;
  for (const [index, step] of tradeSteps.entries()) {
    millis += step;
    const time = `${START + Math.floor(millis / 1000)}.${String(millis % 1000).padStart(3, "0")}`;
    trades.push(`${time},XRPUSDT,Buy,${1 + index},0.5212,PlusTick,id${index},1,1,1`);
    // The first trades are held until it is known which way their file runs.
    merged.push(["trade", millis, 1 + index, 0]);
  }
  const path = (content: string | Buffer): string => {
    const name = join(folder, String(names++));
    writeFileSync(name, content);
    return name;
  };
  return {
    book: path(`${book.join("\n")}\n`),
    trades: path(gzipSync(`${trades.join("\n")}\n`)),
    merged: merged.sort((one, other) => one[1] - other[1]),
  };
}

/** Writes down what comes, and where it came from. */
function sinkOf(out: Message[], position: Position): MarketSink {
  let begun: readonly ["book" | "trade", number] = ["book", 0];
  let size = 0;
  return {
    begin: (stream, _, localTime) => {
      begun = [stream, Math.round(localTime / 1e6)];
    },
    row: (_kind, _price, quantity) => {
      size = quantity;
    },
    end: (id) => {
      const isTrade = begun[0] === "trade";
      out.push([...begun, isTrade ? size : id, isTrade ? 0 : position.line]);
    },
    quote: () => undefined,
  };
}

const steps = (most: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.tuple(fc.nat(most), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 60 })
    .map((runs) => runs.flatMap(([step, count]) => Array.from({ length: count }, () => step)));

describe("reading", () => {
  it("merges files side by side by the time of each message, wherever their pieces end", async () => {
    await fc.assert(
      fc.asyncProperty(steps(20), steps(60), async (bookSteps, tradeSteps) => {
        const { book, trades, merged } = filesOf(bookSteps, tradeSteps);
        const out: Message[] = [];
        const read = await readAll([book, trades], {}, (_, _counts, position) =>
          sinkOf(out, position),
        );
        if (!read.ok) throw new Error(read.error.text);
        const base = (read.value.time.seconds - START) * 1000;
        const found = out.map(([stream, millis, ...rest]) => [stream, millis + base, ...rest]);
        expect(found).toEqual(merged);
        expect(read.value.tracks).toHaveLength(1);
        expect(read.value.tracks[0]!.counts).toMatchObject({
          bookMessages: bookSteps.length,
          trades: tradeSteps.length,
        });
      }),
      { numRuns: 25 },
    );
  });

  it("goes on from any piece in another reading, as if nothing had been", async () => {
    const bookSteps = Array.from({ length: 2500 }, (_, index) => index % 9);
    const tradeSteps = Array.from({ length: 800 }, (_, index) => (index % 40 === 0 ? 900 : 1));
    const { book, trades } = filesOf(bookSteps, tradeSteps);
    const whole: Message[] = [];
    const states: { readonly state: ReadingState; readonly done: number }[] = [];
    const read = await readAll([book, trades], {}, (_, _counts, at) => sinkOf(whole, at), {
      afterStep: async (reading) => {
        states.push({ state: structuredClone(reading.save()!), done: whole.length });
        return undefined;
      },
    });
    if (!read.ok) throw new Error(read.error.text);
    expect(states.length).toBeGreaterThan(8);
    for (const { state, done } of states) {
      const rest: Message[] = [];
      const again = await readAll([book, trades], {}, (_, _counts, at) => sinkOf(rest, at), {
        from: state,
      });
      if (!again.ok) throw new Error(again.error.text);
      expect(rest).toEqual(whole.slice(done));
      expect(again.value.sources).toEqual(read.value.sources);
      const [counts, wanted] = [again, read].map(({ value }) => value.tracks[0]!.counts.plain());
      expect(counts).toEqual(wanted);
      expect(again.value.file.plain()).toEqual(read.value.file.plain());
    }
  });
});
