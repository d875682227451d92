/**
 * An event file that is gone on with is the file that would have been written without a break.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { micros } from "../../core/domain/units.ts";
import { ColumnsBuilder, Kind, type MarketBlock } from "../../core/market/columns.ts";
import { generatedHeader } from "../../simulation/generated/market.ts";
import { continueEventFile } from "./continuation.ts";
import { openEventFile } from "./reader.ts";
import { createEventFile, type EventFileWriter, partialOf } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-continuation-"));
afterAll(() => rmSync(folder, { recursive: true }));

const header = {
  ...generatedHeader({
    seed: 1,
    startAt: micros(Date.UTC(2026, 0, 5) * 1000),
    duration: micros(60e6),
  }),
  origin: { format: "test", sources: [], notes: [], counts: {} },
};
const OPTIONS = { blockRows: 64, snapshotEvery: 3 };

/** Ten rows: a book message, and now and then a new book or a lost one. */
function block(number: number): MarketBlock {
  const rows = new ColumnsBuilder(10);
  const time = 1000 + number * 10;
  if (number % 7 === 0) rows.push(time, time + 5, Kind.CLEAR, 0, 0);
  if (number % 11 === 5) rows.push(time, time + 5, Kind.GAP, 0, 0);
  while (rows.length < 10) {
    const kind = rows.length % 2 === 0 ? Kind.BID : Kind.ASK;
    const price = kind === Kind.BID ? 1000 - rows.length : 1001 + rows.length;
    rows.push(time, time + 5, kind, price, (number + rows.length) % 4);
  }
  rows.endMessage();
  return rows.view();
}

function begun(path: string): EventFileWriter {
  const created = createEventFile(path, header, OPTIONS);
  if (!created.ok) throw new Error(created.error.text);
  return created.value;
}

/** As `begun` would have gone on: a block ends where it was flushed. */
function write(writer: EventFileWriter, from: number, to: number): void {
  for (let number = from; number < to; number++) {
    writer.append(block(number));
    if (number % 5 === 4) writer.flush();
  }
}

describe("an event file that is gone on with", () => {
  const whole = join(folder, "whole.arrival");
  const uncut = begun(whole);
  write(uncut, 0, 100);
  uncut.seal();
  const bytes = readFileSync(whole);
  let names = 0;

  it("has the same bytes, wherever it was cut off and whatever was torn behind", () => {
    const groups = fc.integer({ min: 0, max: 19 });
    const torn = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(groups, torn, (kept, tail) => {
        const path = join(folder, `${names++}.arrival`);
        const writer = begun(path);
        write(writer, 0, kept * 5);
        writer.abandon();
        const before = readFileSync(partialOf(path));
        writeFileSync(partialOf(path), Buffer.concat([before, tail]));
        const continued = continueEventFile(path, kept, OPTIONS);
        if (!continued.ok) throw new Error(continued.error.text);
        write(continued.value, kept * 5, 100);
        continued.value.seal();
        expect(readFileSync(path).equals(bytes)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("can be cut back to any of its blocks, sealed or not", () => {
    const file = openEventFile(whole);
    if (!file.ok) throw new Error(file.error.text);
    for (const kept of [0, 1, 3, 7, file.value.blocks.length]) {
      const path = join(folder, `${names++}.arrival`);
      copyFileSync(whole, partialOf(path));
      const continued = continueEventFile(path, kept, OPTIONS);
      if (!continued.ok) throw new Error(continued.error.text);
      write(continued.value, kept * 5, 100);
      continued.value.seal();
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
  });

  it("is refused where a block that it stands on is damaged, and left as it is", () => {
    const path = join(folder, "damaged.arrival");
    const file = openEventFile(whole);
    if (!file.ok) throw new Error(file.error.text);
    const damaged = Buffer.from(bytes);
    damaged[file.value.blocks[14]!.offset + 60]! ^= 1;
    writeFileSync(partialOf(path), damaged);
    const continued = continueEventFile(path, 15, OPTIONS);
    expect(!continued.ok && continued.error.code).toBe("DATA_DAMAGED");
    expect(readFileSync(partialOf(path)).equals(damaged)).toBe(true);
  });

  it("is refused where it does not have so many blocks", () => {
    const path = join(folder, "short.arrival");
    copyFileSync(whole, partialOf(path));
    const continued = continueEventFile(path, 21, OPTIONS);
    expect(!continued.ok && continued.error.code).toBe("DATA_DAMAGED");
  });

  it("is never one that has its name", () => {
    copyFileSync(whole, partialOf(whole));
    const continued = continueEventFile(whole, 0, OPTIONS);
    expect(!continued.ok && continued.error.code).toBe("DATA_TAKEN");
    expect(statSync(whole).size).toBe(bytes.length);
    expect(existsSync(partialOf(whole))).toBe(true);
  });
});
