import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { InvariantError } from "../../core/domain/errors.ts";
import { ColumnsBuilder, Kind, type MarketBlock, VENUE_ONLY } from "../../core/market/columns.ts";
import { generatedHeader } from "../../simulation/generated/market.ts";
import { micros } from "../../core/domain/units.ts";
import type { EventFileHeader } from "./header.ts";
import type { Entry } from "./index-section.ts";
import { openEventFile } from "./reader.ts";
import { createEventFile, type EventFileWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-event-writer-"));
afterAll(() => rmSync(folder, { recursive: true }));

const header: EventFileHeader = {
  ...generatedHeader({
    seed: 1,
    startAt: micros(Date.UTC(2026, 0, 5) * 1000),
    duration: micros(60e6),
  }),
  origin: { format: "test", sources: [], notes: [], counts: {} },
};

type Row = readonly [exchange: number, local: number, kind: number, price: number, lots: number];

function block(...rows: readonly Row[]): MarketBlock {
  const out = new ColumnsBuilder(4);
  for (const row of rows) out.push(...row);
  out.endMessage();
  return out.view();
}

function create(name: string): EventFileWriter {
  const created = createEventFile(join(folder, name), header, { blockRows: 4 });
  if (!created.ok) throw new Error(created.error.text);
  return created.value;
}

const some = block([1, 2, Kind.BID, 100, 5], [1, 2, Kind.ASK, 101, 5]);

describe("writer", () => {
  it("gives the file its name when it is whole, and not before", () => {
    const writer = create("named.arrival");
    const path = join(folder, "named.arrival");
    for (let k = 0; k < 5; k++) writer.append(some);
    expect(existsSync(path)).toBe(false);
    // What a crash would leave here: two blocks of four rows.
    const crashed = openEventFile(`${path}.partial`);
    expect(crashed.ok && crashed.value.rows).toBe(8);
    expect(crashed.ok && crashed.value.cut?.reason).toBe("it was never sealed");
    writer.seal();
    expect(readdirSync(folder).filter((name) => name.startsWith("named"))).toEqual([
      "named.arrival",
    ]);
    const sealed = openEventFile(path);
    expect(sealed.ok && [sealed.value.rows, sealed.value.cut]).toEqual([10, undefined]);
  });

  it("indexes every section, of any size, as a reader without the index finds them", () => {
    const path = join(folder, "indexed.arrival");
    const created = createEventFile(path, header, { level: 0 });
    if (!created.ok) throw new Error(created.error.text);
    const writer = created.value;
    let time = 0;
    for (let k = 0; k < 3_000; k++) {
      // Now and then one that is larger than what is looked at at once.
      const rows = k % 700 === 699 ? 40_000 : (k % 3) + 1;
      const builder = new ColumnsBuilder(rows);
      for (let row = 0; row < rows; row++, time++) {
        builder.push(time, time, k % 2, 100 + (time % 7) * 1_000_003, (time * 7919) % 65_537);
      }
      builder.endMessage();
      writer.append(builder.view());
      writer.flush();
    }
    const scanned = openEventFile(`${path}.partial`);
    writer.seal();
    const indexed = openEventFile(path);
    if (!scanned.ok || !indexed.ok) throw new Error("cannot be read");
    expect([scanned.value.cut?.reason, indexed.value.cut]).toEqual([
      "it was never sealed",
      undefined,
    ]);
    const entryOf = ({ tag, block: number, rows, storedBytes, offset, from, until }: Entry) =>
      [tag, number, rows, storedBytes, offset, from, until].join();
    expect(indexed.value.blocks.length).toBe(3_000);
    expect(Math.max(...indexed.value.blocks.map(({ storedBytes }) => storedBytes))).toBeGreaterThan(
      1 << 17,
    );
    expect(indexed.value.blocks.map(entryOf)).toEqual(scanned.value.blocks.map(entryOf));
    expect(indexed.value.rows).toBe(time);
  });

  it("writes over nothing: neither a file, nor what a crash left, nor one that came meanwhile", () => {
    const path = join(folder, "taken.arrival");
    writeFileSync(path, "mine");
    const taken = createEventFile(path, header);
    expect(taken).toMatchObject({ ok: false, error: { code: "DATA_TAKEN" } });

    create("crashed.arrival").abandon();
    const crashed = createEventFile(join(folder, "crashed.arrival"), header);
    expect(crashed).toMatchObject({ ok: false, error: { code: "DATA_TAKEN" } });
    expect(!crashed.ok && crashed.error.text).toContain("--recover");

    const raced = create("raced.arrival");
    writeFileSync(raced.path, "mine");
    raced.append(some);
    expect(() => raced.seal()).toThrow(/has come into being meanwhile/);
    const kept = openEventFile(`${raced.path}.partial`);
    expect(kept.ok && kept.value.cut).toBeUndefined();
  });

  it("says which folder is missing", () => {
    const created = createEventFile(join(folder, "none", "a.arrival"), header);
    expect(created).toMatchObject({ ok: false, error: { code: "DATA_WRITE" } });
  });

  const wrong: Readonly<Record<string, readonly Row[]>> = {
    "received before it happened": [[5, 4, Kind.BID, 100, 1]],
    "before the epoch": [[-1, 4, Kind.BID, 100, 1]],
    "half a nanosecond": [[0.5, 4, Kind.BID, 100, 1]],
    "half a lot": [[1, 4, Kind.BID, 100, 0.5]],
    "less than nothing": [[1, 4, Kind.ASK, 100, -1]],
    "a level at no price": [[1, 4, Kind.ASK, 0, 1]],
    "a kind that is none": [[1, 4, 7, 100, 1]],
    "an exchange time that falls": [
      [9, 9, Kind.BID | VENUE_ONLY, 1, 1],
      [8, 9, Kind.BID, 1, 1],
    ],
    "a local time that falls": [
      [1, 9, Kind.BID, 1, 1],
      [1, 8, Kind.BID, 1, 1],
    ],
  };

  it.each(Object.keys(wrong))("takes no row that would be replayed wrongly: %s", (name) => {
    const writer = create(`${name.replaceAll(" ", "-")}.arrival`);
    expect(() => writer.append(block(...wrong[name]!))).toThrow(InvariantError);
    writer.abandon();
  });

  it("is not sealed inside a message", () => {
    const writer = create("inside.arrival");
    const out = new ColumnsBuilder(4);
    out.push(1, 2, Kind.BID, 100, 1);
    writer.append(out.view());
    expect(() => writer.seal()).toThrow(InvariantError);
    writer.abandon();
  });

  it.runIf(process.platform !== "win32")("on a full disk it leaves what is whole", () => {
    const path = join(folder, "full.arrival");
    const child = fileURLToPath(new URL("./writer.ts", import.meta.url));
    const script = `
      import { createEventFile } from ${JSON.stringify(child)};
      import { generateMarket, generatedHeader } from ${JSON.stringify(
        fileURLToPath(new URL("../../simulation/generated/market.ts", import.meta.url)),
      )};
      const config = { seed: 1, startAt: ${Date.UTC(2026, 0, 5) * 1000}, duration: 600e6 };
      const origin = { format: "test", sources: [], notes: [], counts: {} };
      const made = createEventFile(${JSON.stringify(path)}, { ...generatedHeader(config), origin },
        { blockRows: 512 });
      try {
        for (const block of generateMarket(config)) made.value.append(block);
        made.value.seal();
        console.log("sealed");
      } catch (error) {
        console.log(error.name, error.fault?.code);
      }`;
    // No more than 64 KiB in a file: as good as a disk that is full then.
    const limited = `ulimit -f 64; trap '' XFSZ; exec "$0" --input-type=module -e "$1"`;
    const run = spawnSync("bash", ["-c", limited, process.execPath, script], { encoding: "utf8" });
    expect(run.stdout, run.stderr).toBe("EventFileError DATA_WRITE\n");
    expect(existsSync(path)).toBe(false);
    const left = openEventFile(`${path}.partial`);
    if (!left.ok) throw new Error(left.error.text);
    expect(left.value.rows).toBeGreaterThan(5000);
    expect(left.value.cut?.reason).toMatch(/^it ends inside/);
    expect([...left.value.scan()].reduce((sum, { length }) => sum + length, 0)).toBe(
      left.value.rows,
    );
  });
});
