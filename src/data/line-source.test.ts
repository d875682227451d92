import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { type LineOptions, type LinesRead, readLines } from "./line-source.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-lines-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, options?: LineOptions) {
  const lines: string[] = [];
  const numbers: number[] = [];
  const result = await readLines(
    path,
    (text, line) => {
      lines.push(text);
      numbers.push(line);
      return undefined;
    },
    options,
  );
  return { lines, numbers, result };
}

/** Incompressible enough that cutting the file cuts lines. */
const LINES = Array.from(
  { length: 20_000 },
  (_, index) => `${index} ${createHash("sha256").update(String(index)).digest("hex")} ü`,
);
const TEXT = `${LINES.join("\n")}\n`;

/** One truth value, not a difference of twenty thousand lines. */
const isStartOfLines = (lines: readonly string[]): boolean =>
  lines.every((line, index) => line === LINES[index]);

describe("line source", () => {
  const whole: [string, Uint8Array | string][] = [
    ["plain.txt", TEXT],
    ["one.gz", gzipSync(TEXT)],
    ["members.gz", Buffer.concat([gzipSync(TEXT.slice(0, 99_999)), gzipSync(TEXT.slice(99_999))])],
    ["all.zst", zstdCompressSync(TEXT)],
    ["deflated.zip", zipSync({ "a.data": Buffer.from(TEXT) })],
    ["stored.zip", zipSync({ "a.data": [Buffer.from(TEXT), { level: 0 }] })],
    ["misnamed.txt", gzipSync(TEXT)],
    ["no-newline-at-end.txt", TEXT.slice(0, -1)],
  ];
  it.each(whole)("reads every line of %s, numbered from 1", async (name, content) => {
    const path = write(name, content);
    const { lines, numbers, result } = await read(path);
    expect(isStartOfLines(lines)).toBe(true);
    expect(lines).toHaveLength(LINES.length);
    expect(numbers.at(0)).toBe(1);
    expect(numbers.at(-1)).toBe(LINES.length);
    expect(result).toEqual({
      ok: true,
      value: {
        lines: LINES.length,
        source: {
          name,
          bytes: Buffer.byteLength(content),
          sha256: createHash("sha256").update(content).digest("hex"),
        },
      },
    });
  });

  const broken: [string, Uint8Array][] = [
    ["cut.gz", gzipSync(TEXT).subarray(0, 500_000)],
    ["cut-in-trailer.gz", gzipSync(TEXT).subarray(0, -3)],
    ["cut.zst", zstdCompressSync(TEXT).subarray(0, 500_000)],
    ["cut.zip", zipSync({ "a.data": Buffer.from(TEXT) }).subarray(0, 500_000)],
  ];
  it.each(broken)(
    "yields every whole line of %s, then says where it broke",
    async (name, bytes) => {
      const { lines, result } = await read(write(name, bytes));
      expect(lines.length).toBeGreaterThan(5000);
      expect(isStartOfLines(lines)).toBe(true);
      if (!result.ok) throw new Error(result.error.text);
      const { truncation } = result.value;
      expect(truncation).toMatchObject({ file: name, line: lines.length });
      expect(truncation?.reason).toMatch(/unexpected end|end of file/i);
    },
  );

  it("names the members of a zip before their lines, and counts lines anew in each", async () => {
    const members = { "in/a.csv": Buffer.from("1\n2\n"), "b.csv": Buffer.from("3\n") };
    const path = write("members.zip", zipSync(members));
    const names: string[] = [];
    const onMember = (name: string): undefined => void names.push(name);
    const { lines, numbers, result } = await read(path, { onMember });
    expect(names).toEqual(["a.csv", "b.csv"]);
    expect(lines).toEqual(["1", "2", "3"]);
    expect(numbers).toEqual([1, 2, 1]);
    expect(result).toMatchObject({ ok: true, value: { lines: 3 } });
  });

  it("reports a gzip whose checksum is wrong: its content is not what was written", async () => {
    const bytes = Buffer.from(gzipSync(TEXT));
    bytes[bytes.length - 6]! ^= 1;
    const { lines, result } = await read(write("checksum.gz", bytes));
    expect(isStartOfLines(lines)).toBe(true);
    expect(lines.length).toBeGreaterThan(19_000);
    expect(result).toMatchObject({
      ok: true,
      value: { truncation: { file: "checksum.gz", reason: "incorrect data check" } },
    });
  });

  it("stops at a line that never ends, before a bomb fills the memory", async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20, "a"));
    const { lines, result } = await read(write("bomb.gz", bomb), { maxLineBytes: 1 << 20 });
    expect(lines).toEqual([]);
    expect(result).toMatchObject({
      ok: false,
      error: { code: "DATA_LINE_TOO_LONG", file: "bomb.gz", line: 1 },
    });
  });

  it("says that a file is absent, or a directory", async () => {
    const absent = await read(join(folder, "absent.gz"));
    expect(absent.result).toMatchObject({
      ok: false,
      error: { code: "DATA_NOT_FOUND", file: "absent.gz" },
    });
    const directory = await read(folder);
    expect(directory.result).toMatchObject({ ok: false, error: { code: "DATA_NOT_FOUND" } });
  });

  it.each(whole)("goes on in %s where another reading stood", async (name, content) => {
    const path = write(name, content);
    let place: LinesRead = { lines: 0, members: 0 };
    let pieces = 0;
    const stopped = new AbortController();
    const before = await read(path, {
      signal: stopped.signal,
      afterChunk: async (at) => {
        place = at;
        pieces += 1;
        if (pieces === 5) stopped.abort();
      },
    });
    const done = before.lines.slice(0, place.lines);
    expect(pieces).toBe(5);
    expect(done.length).toBeGreaterThan(0);
    const names: string[] = [];
    const after = await read(path, {
      skip: place,
      onMember: (member) => {
        names.push(member);
        return undefined;
      },
    });
    expect(isStartOfLines([...done, ...after.lines])).toBe(true);
    expect(done.length + after.lines.length).toBe(LINES.length);
    expect(after.numbers[0]).toBe(place.lines + 1);
    expect(names).toEqual([]);
    expect(after.result).toMatchObject({ ok: true, value: { lines: LINES.length } });
  });

  it("stops when it is told to", async () => {
    const path = write("stopped.txt", TEXT);
    const { lines, result } = await read(path, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ ok: false, error: { code: "DATA_ABORTED" } });
    expect(lines.length).toBeLessThan(LINES.length);
  });

  it("passes on the fault of the first line that has one, and reads no further", async () => {
    const path = write("fault.gz", gzipSync(TEXT));
    let last = 0;
    const fault = { code: "DATA_FORMAT", text: "enough" } as const;
    const result = await readLines(path, (_, line) => {
      last = line;
      return line === 7 ? fault : undefined;
    });
    expect(result).toEqual({ ok: false, error: fault });
    expect(last).toBe(7);
  });

  it("throws what the caller throws: a programmer error is not lost in a stream", async () => {
    const path = write("throws.gz", gzipSync(TEXT));
    const reading = readLines(path, () => {
      throw new Error("a bug");
    });
    await expect(reading).rejects.toThrow("a bug");
  });
});
