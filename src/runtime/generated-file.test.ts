/** A generated market as files: the very rows, and what happened around them. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { micros, SECOND } from "../core/domain/units.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import { openEventFile } from "../data/event-file/reader.ts";
import { partialOf } from "../data/event-file/writer.ts";
import { type GeneratedFile, mergedStory, writeGenerated } from "./generated-file.ts";
import { type GeneratedSpec, openGenerated, openMarket, parseMarketSpec } from "./market-source.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-generated-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

const START = 1_767_600_000_250_000;
const specOf = (change: Partial<GeneratedSpec> = {}): GeneratedSpec => ({
  kind: "generated",
  seed: 3,
  startAt: micros(START),
  duration: micros(60 * SECOND),
  eventsPerSecond: 60,
  scenario: {
    events: [
      { kind: "shock", atSeconds: 10, direction: "down", magnitude: 2, delaySeconds: 5 },
      { kind: "news", atSeconds: 20, symbols: ["*"], text: "for everybody" },
    ],
  },
  ...change,
});

function write(spec: GeneratedSpec, path: string): GeneratedFile {
  const steps = writeGenerated(spec, path);
  let done = 0;
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      if (step.value.ok) return step.value.value;
      throw new Error(step.value.error.text);
    }
    expect(step.value).toBeGreaterThan(done);
    expect(step.value).toBeLessThan(spec.duration);
    done = step.value;
  }
}

function* rowsOf(blocks: Iterable<MarketBlock>): Generator<string> {
  for (const block of blocks) {
    const { exchangeTime, localTime, kind, price, quantity, length } = block;
    for (let k = 0; k < length; k++) {
      yield `${exchangeTime[k]} ${localTime[k]} ${kind[k]} ${price[k]} ${quantity[k]}`;
    }
  }
}

describe("a generated market in a file", () => {
  it("has the rows that a backtest on its spec reads, and names the spec", async () => {
    const spec = specOf({ symbol: "ETHUSDT", flow: "queue-reactive" });
    const path = join(folder, "eth.arrival");
    const file = write(spec, path);
    const read = await openMarket({ kind: "files", paths: [path] });
    if (!read.ok) throw new Error(read.error.text);
    const made = openGenerated(spec);
    expect([...rowsOf(read.value.blocks)]).toEqual([...rowsOf(made.blocks)]);
    expect(file.rows).toBeGreaterThan(5_000);
    expect(read.value.header.instrument).toEqual(made.header.instrument);
    const opened = openEventFile(path);
    if (!opened.ok) throw new Error(opened.error.text);
    const note = opened.value.header.origin.notes[0]!;
    const again = parseMarketSpec(JSON.parse(note.slice(note.indexOf("{"))));
    expect(again).toEqual({ ok: true, value: spec });
  });

  it("tells in order of time what happened within it, and news for all once", () => {
    const files = ["BTCUSDT", "ETHUSDT"].map((symbol) =>
      write(specOf({ symbol }), join(folder, `story.${symbol}.arrival`)),
    );
    const story = mergedStory(files);
    const times = story.map(({ timeMicros }) => timeMicros);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(START);
    expect(times.at(-1)).toBeLessThan(START + 60 * SECOND);
    const said = story.filter((each) => each.event === "news" && each.text === "for everybody");
    expect(said).toHaveLength(1);
    const shocks = story.filter((each) => each.event === "news" && each.direction === -1);
    expect(shocks.map((each) => each.event === "news" && each.symbols)).toEqual(
      expect.arrayContaining([["BTCUSDT"], ["ETHUSDT"]]),
    );
    // A fall of two daily standard deviations within seconds: somebody had too much leverage.
    const forced = story.filter((each) => each.event === "liquidation");
    expect(forced.length).toBeGreaterThan(0);
    const longs = forced.filter((each) => each.event === "liquidation" && each.side === "sell");
    expect(longs.length).toBeGreaterThan(forced.length / 2);
    expect(story.some((each) => each.event === "metaorder")).toBe(true);
  });

  it("writes over nothing, and does not bear its name before it is whole", () => {
    const path = join(folder, "once.arrival");
    write(specOf(), path);
    const second = writeGenerated(specOf(), path).next();
    expect(second).toMatchObject({
      done: true,
      value: { ok: false, error: { code: "DATA_TAKEN" } },
    });
    const cut = join(folder, "cut.arrival");
    const steps = writeGenerated(specOf({ duration: micros(900 * SECOND) }), cut);
    expect(steps.next().done).toBe(false);
    steps.return(undefined as never);
    expect(existsSync(cut)).toBe(false);
    expect(existsSync(partialOf(cut))).toBe(true);
  });
});

describe("the spec of a generated market in a journal", () => {
  it.each([
    [{ symbol: "eth" }, /symbol/],
    [{ flow: "random" }, /flow/],
    [{ correlation: 2 }, /correlation/],
    [{ scenario: { events: [{ kind: "shok" }] } }, /events\.0\.kind/],
    [{ scenario: 7 }, /must be a mapping/],
  ])("is refused with %j", (change, fault) => {
    const parsed = parseMarketSpec({ ...specOf(), ...change });
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error).toMatchObject({ code: "DATA_SPEC" });
    if (!parsed.ok) expect(parsed.error.text).toMatch(fault);
  });
});
