import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Micros, micros, SECOND } from "../../core/domain/units.ts";
import type { MarketBlock } from "../../core/market/columns.ts";
import { generatedHeader, generateMarket } from "../../simulation/generated/market.ts";
import { ReadAhead } from "./read-ahead.ts";
import { type EventFile, openEventFile } from "./reader.ts";
import { createEventFile } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-ahead-"));
afterAll(() => rmSync(folder, { recursive: true }));

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);
const BLOCK_ROWS = 2048;

function write(name: string, seconds: number, startAt: Micros): EventFile {
  const config = { seed: 3, startAt, duration: micros(seconds * SECOND) };
  const path = join(folder, name);
  const header = {
    ...generatedHeader(config),
    origin: { format: "test", sources: [], notes: [], counts: {} },
  };
  const created = createEventFile(path, header, { blockRows: BLOCK_ROWS });
  if (!created.ok) throw new Error(created.error.text);
  for (const block of generateMarket(config)) created.value.append(block);
  created.value.seal();
  const opened = openEventFile(path);
  if (!opened.ok) throw new Error(opened.error.text);
  return opened.value;
}

let files: readonly EventFile[];
beforeAll(() => {
  files = [write("a.arrival", 60, START), write("b.arrival", 40, micros(START + 60 * SECOND))];
});

const ahead = (): ReadAhead => new ReadAhead(files, [0, 60e9]);

/** Until the thread has started: before that whoever reads decodes by itself. */
async function takenOver(stream: ReadAhead): Promise<void> {
  while (!stream.isTakenOver) await setTimeout(5);
}

/** Rows, and a hash of each of their columns. */
const rowsOf = ({ length, ...columns }: MarketBlock): readonly unknown[] => [
  length,
  ...Object.values(columns).map((column) =>
    createHash("sha256")
      .update(new Uint8Array(column.slice(0, length).buffer))
      .digest("hex"),
  ),
];

const expected = (): readonly unknown[] =>
  files.flatMap((file, k) =>
    [...file.sequence()].map((block) =>
      rowsOf({
        ...block,
        exchangeTime: block.exchangeTime.map((time) => time + k * 60e9),
        localTime: block.localTime.map((time) => time + k * 60e9),
      }),
    ),
  );

/** All that is left of it, with at most so many blocks in hand at a time. */
function drained(stream: ReadAhead, most: number): readonly unknown[] {
  const held: MarketBlock[] = [];
  const seen: unknown[] = [];
  const giveBack = (): void => {
    seen.push(rowsOf(held.shift()!));
    stream.release();
  };
  for (let next = stream.next(); next.done !== true; next = stream.next()) {
    held.push(next.value);
    if (held.length === most) giveBack();
  }
  while (held.length > 0) giveBack();
  return seen;
}

describe("blocks read ahead", () => {
  it.each([1, 2, 3, 7, 1000])("are those of the files, with %i of them in hand", async (most) => {
    const stream = ahead();
    await takenOver(stream);
    expect(drained(stream, most)).toEqual(expected());
    expect(expected().length).toBeGreaterThan(8);
  });

  it.each([1, 2, 5])("go on behind what was read by hand, with %i in hand", async (most) => {
    const stream = ahead();
    const byHand = [stream.next().value!];
    while (byHand.length < 4 && !stream.isTakenOver) byHand.push(stream.next().value!);
    await takenOver(stream);
    const first = byHand.map((block) => rowsOf(block));
    for (const _ of byHand.slice(1)) stream.release();
    // One of them is still looked at while the thread fills all that it may fill.
    const second = stream.next().value!;
    expect(rowsOf(byHand.at(-1)!)).toEqual(first.at(-1));
    stream.release();
    const rest = [rowsOf(second)];
    stream.release();
    expect([...first, ...rest, ...drained(stream, most)]).toEqual(expected());
  });

  it("are those of the files before the thread has started", () => {
    const stream = ahead();
    expect(drained(stream, 2)).toEqual(expected());
  });

  it("may be left in the middle", () => {
    const stream = ahead();
    expect(stream.next().done).toBe(false);
    expect(stream.return().done).toBe(true);
  });

  describe.each([
    ["by the thread", true],
    ["by hand", false],
  ])("%s", (_, isByThread) => {
    const opened = (path: string): EventFile => {
      const file = openEventFile(path);
      if (!file.ok) throw new Error(file.error.text);
      return file.value;
    };

    it("end with a fault where a block is damaged, after all that are whole", async () => {
      const path = join(folder, `damaged-${isByThread}.arrival`);
      const bytes = readFileSync(files[0]!.name);
      const { offset } = files[0]!.blocks[3]!;
      bytes[offset + 60]! ^= 0x40;
      writeFileSync(path, bytes);
      const stream = new ReadAhead([opened(path)], [0]);
      if (isByThread) await takenOver(stream);
      for (let block = 0; block < 3; block++) {
        expect(rowsOf(stream.next().value!)).toEqual(rowsOf(files[0]!.read(block)));
        stream.release();
      }
      expect(() => stream.next()).toThrow(/block 3 at byte \d+ is damaged/);
    });

    it("end with a fault where the file is not the one that was opened", async () => {
      const path = join(folder, `shorter-${isByThread}.arrival`);
      writeFileSync(path, readFileSync(files[0]!.name));
      const file = opened(path);
      truncateSync(path, isByThread ? file.bytes - 1 : 3000);
      const stream = new ReadAhead([file], [0]);
      if (isByThread) await takenOver(stream);
      expect(() => stream.next()).toThrow(/has changed|has become shorter/);
    });
  });
});
