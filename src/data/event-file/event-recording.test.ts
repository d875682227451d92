import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { micros } from "../../core/domain/units.ts";
import type { MarketBlock } from "../../core/market/columns.ts";
import { generatedHeader, generateMarket } from "../../simulation/generated/market.ts";
import { describeRecording } from "../describe.ts";
import { openRecording, type OpenRecording, readRecording } from "../recording.ts";
import { verifyRecording } from "../verify.ts";
import { createEventFile } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-event-recording-"));
afterAll(() => rmSync(folder, { recursive: true }));

const START = Date.UTC(2026, 0, 5) * 1000;

/** The generated market from some minute on, with the epoch of its own beginning. */
function write(name: string, minute: number, seed = 1, instrument = {}): string {
  const path = join(folder, name);
  const startAt = micros(START + minute * 60e6);
  const config = { seed, startAt, duration: micros(30e6) };
  const header = generatedHeader(config);
  const origin = { format: "generated", sources: [], notes: [], counts: {} };
  const created = createEventFile(
    path,
    { ...header, instrument: { ...header.instrument, ...instrument }, origin },
    { blockRows: 2048 },
  );
  if (!created.ok) throw new Error(created.error.text);
  for (const block of generateMarket(config)) created.value.append(block);
  created.value.seal();
  return path;
}

function* rowsOf({ header, blocks }: Pick<OpenRecording, "header" | "blocks">): Generator<string> {
  for (const { exchangeTime, localTime, kind, price, quantity, length } of blocks) {
    for (let row = 0; row < length; row++) {
      const times = [exchangeTime[row]!, localTime[row]!].map(
        (time) => header.epochNanos + BigInt(time),
      );
      yield `${times.join(" ")} ${kind[row]} ${price[row]} ${quantity[row]}`;
    }
  }
}

async function open(...paths: readonly string[]): Promise<OpenRecording> {
  const opened = await openRecording(paths);
  if (!opened.ok) throw new Error(opened.error.text);
  return opened.value;
}

const one = write("one.arrival", 0);
const two = write("two.arrival", 1, 2);

describe("event files as recordings", () => {
  it("are gone through as often as one likes", async () => {
    const opened = await open(one);
    const rows = [...rowsOf(opened)];
    expect(rows.length).toBe(opened.rows);
    expect(rows.length).toBeGreaterThan(5000);
    expect([...rowsOf(opened)]).toEqual(rows);
    const whole = await readRecording([one]);
    if (!whole.ok) throw new Error(whole.error.text);
    expect([...rowsOf(whole.value)]).toEqual(rows);
    expect(whole.value.blocks.reduce((sum, { length }) => sum + length, 0)).toBe(rows.length);
  });

  it("follow each other, whatever their epochs", async () => {
    const both = await open(one, two);
    expect([...rowsOf(both)]).toEqual([...rowsOf(await open(one)), ...rowsOf(await open(two))]);
    expect(both.sources.map(({ name }) => name)).toEqual(["one.arrival", "two.arrival"]);
    let last: MarketBlock | undefined;
    for (const block of both.blocks) last = block;
    expect(both.until).toBe(last!.localTime[last!.length - 1]);
  });

  it("are not joined where that would go back in time, or to another instrument", async () => {
    const turned = await openRecording([two, one]);
    expect(turned).toMatchObject({ ok: false, error: { code: "DATA_FORMAT" } });
    expect(!turned.ok && turned.error.text).toContain("one.arrival begins before two.arrival");
    const other = write("other.arrival", 2, 1, { symbol: "ETHUSDT" });
    const mixed = await openRecording([one, other]);
    expect(mixed).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    const asked = await openRecording([one], { symbol: "ETHUSDT" });
    expect(asked).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    const text = join(folder, "capture.txt");
    writeFileSync(text, "1723161255030314667 {}\n");
    const both = await openRecording([one, text]);
    expect(both).toMatchObject({ ok: false, error: { code: "DATA_FORMAT" } });
  });

  it("are refused before the first row where one byte is wrong, or the end is missing", async () => {
    const bytes = readFileSync(one);
    const damaged = join(folder, "damaged.arrival");
    const flipped = Buffer.from(bytes);
    flipped[bytes.length >> 1]! ^= 4;
    writeFileSync(damaged, flipped);
    const refused = await openRecording([damaged]);
    expect(refused).toMatchObject({ ok: false, error: { code: "DATA_DAMAGED" } });

    const short = join(folder, "short.arrival");
    writeFileSync(short, bytes.subarray(0, bytes.length >> 1));
    const cut = await openRecording([short]);
    expect(cut).toMatchObject({ ok: false, error: { code: "DATA_CUT" } });
    expect(!cut.ok && cut.error.text).toMatch(/short\.arrival is not whole: at byte \d+ it ends/);

    for (const [path, what] of [
      [damaged, /damaged: its CRC differs/],
      [short, /it ends inside block/],
    ] as const) {
      const verified = await verifyRecording([path]);
      if (!verified.ok) throw new Error(verified.error.text);
      expect(verified.value.clean).toBe(false);
      expect(verified.value.faults.join()).toMatch(what);
      expect(verified.value.lines).toBeGreaterThan(1000);
    }
  });

  it("verify clean where they are", async () => {
    const verified = await verifyRecording([one, two]);
    if (!verified.ok) throw new Error(verified.error.text);
    expect(verified.value).toMatchObject({ format: "event-file", clean: true });
    expect(verified.value.totals.bookMessages).toBeGreaterThan(1000);
    expect(verified.value.books[0]).toMatchObject({ clockShiftNanos: 0, oneSided: 0 });
  });
});

const BINANCE = fileURLToPath(
  new URL("../../../../shared/data/binance-hftbacktest/spot_btcusdt_20240808.gz", import.meta.url),
);

describe.skipIf(!existsSync(BINANCE))(
  "a true recording (skipped: ../shared/data is absent)",
  () => {
    it("says the same of itself after it has been brought in", async () => {
      const read = await readRecording([BINANCE]);
      if (!read.ok) throw new Error(read.error.text);
      const { header, blocks, rows } = read.value;
      const path = join(folder, "spot.arrival");
      const origin = { format: "binance-capture", sources: [], notes: [], counts: {} };
      const created = createEventFile(path, { ...header, origin });
      if (!created.ok) throw new Error(created.error.text);
      for (const block of blocks) created.value.append(block);
      created.value.seal();
      expect(created.value.bytes / rows).toBeLessThan(4);
      const opened = await open(path);
      expect(opened.header).toEqual(header);
      const [before, after] = [read.value, opened].map(describeRecording);
      expect({ ...after, sources: [], format: "" }).toEqual({ ...before, sources: [], format: "" });
      let index = 0;
      const wanted = [...rowsOf(read.value)];
      for (const row of rowsOf(opened)) {
        if (row !== wanted[index]) expect(row).toBe(wanted[index]);
        index += 1;
      }
      expect(index).toBe(wanted.length);
    });
  },
);
