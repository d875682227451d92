/** What a user loses if this fails: another answer because other windows were worked beside it. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { REQUEST, runsOf } from "../../test/worked-runs.ts";
import { type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { openGenerated, openMarket, type OpenMarket } from "./market-source.ts";
import { type RecordedWindow, recordedWindows } from "./recorded-windows.ts";
import { place, type Placed, TAIL } from "./window.ts";
import { workPass } from "./work-pass.ts";
import { type TouredRun, workTour } from "./work-tour.ts";

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

/** Its rows stand, as those of a recording do. */
function generated(seed: number, duration: Micros, eventsPerSecond = 100): OpenMarket {
  const spec = { kind: "generated", eventsPerSecond, seed, startAt: START, duration } as const;
  const open = openGenerated(spec);
  return { ...open, blocks: [...open.blocks] };
}

function windowsOf(whole: OpenMarket, over: Micros, parents: number): readonly RecordedWindow[] {
  const windows = recordedWindows(whole, over, parents);
  if (!windows.ok) throw new Error(windows.error.text);
  return windows.value;
}

function placedAlone(market: OpenMarket, over: Micros, parents: number, window: number): Placed {
  const placed = place({ windows: { kind: "recorded", market }, over, parents }, window);
  if (!placed.ok) throw new Error(placed.error.text);
  return placed.value;
}

/** Outcomes of all windows' runs: each in its window alone, and all of them in one tour. */
function bothWays(
  whole: OpenMarket,
  over: Micros,
  parents: number,
  [quantity, isNotional]: readonly [string, boolean],
) {
  const windows = windowsOf(whole, over, parents);
  const toured: TouredRun[] = [];
  const alone: unknown[] = [];
  for (let number = 0; number < parents; number++) {
    const placed = placedAlone(whole, over, parents, number);
    for (const run of runsOf(over, number, quantity, isNotional)) {
      toured.push({ run, window: windows[number % windows.length]! });
      alone.push(workPass(REQUEST, placed, [run])[0]!);
    }
  }
  const together: unknown[] = [];
  let told = 0;
  for (const each of workTour(REQUEST, whole, toured)) {
    if ("error" in each) throw each.error;
    together[each.place] = each.outcome;
    told += 1;
  }
  expect(told).toBe(alone.length);
  return { alone, together };
}

describe("the windows of a recording", () => {
  it.each([
    [120, 1, 100],
    [120, 5, 100],
    [45, 30, 100],
    [45, 30, 1],
  ])(
    "of %i s, %i of them, %i rows a second: are those that are placed one by one",
    (seconds, parents, rate) => {
      const whole = generated(3, micros(7 * MINUTE), rate);
      const over = micros(seconds * SECOND);
      const windows = windowsOf(whole, over, parents);
      for (let number = 0; number < parents; number++) {
        const { market, ...placed } = placedAlone(whole, over, parents, number);
        const { market: own, settledBy, ...window } = windows[number % windows.length]!;
        expect(window).toEqual(placed);
        expect(own.until).toBe(market.until);
        const rows = [...market.blocks].reduce((sum, { length }) => sum + length, 0);
        expect([...own.blocks].reduce((sum, { length }) => sum + length, 0)).toBe(rows);
        expect(settledBy).toBeLessThan(whole.from + placed.start + over + TAIL);
        expect(settledBy).toBeGreaterThan(whole.from + placed.start + over - 20 * SECOND);
      }
    },
  );

  it("are refused where the recording is too short", () => {
    const whole = generated(3, micros(2 * MINUTE));
    expect(recordedWindows(whole, micros(2 * MINUTE), 1)).toMatchObject({
      ok: false,
      error: { code: "BACKTEST_SPAN" },
    });
  });
});

describe("a tour of many windows", () => {
  it.each([1, 2])("gives what each run would have had alone, market %i", (seed) => {
    const whole = generated(seed, micros(6 * MINUTE));
    const { alone, together } = bothWays(whole, micros(60 * SECOND), 5, ["8", false]);
    expect(together).toEqual(alone);
  });

  it("works alone what ends too near to the end of its window, or does not end", () => {
    // A row or two in a minute: a window's last lies before its orders' ends, and there it ends.
    const whole = generated(5, micros(12 * MINUTE), 0.03);
    const { alone, together } = bothWays(whole, micros(60 * SECOND), 6, ["0.5", false]);
    expect(together).toEqual(alone);
  });

  it("leaves a run that cannot be worked to itself", () => {
    const whole = generated(2, micros(5 * MINUTE));
    const over = micros(MINUTE);
    const [window] = windowsOf(whole, over, 1);
    const [good] = runsOf(over, 0, "2");
    const bad = { ...good!, quantity: "0.00001" };
    const runs = [bad, good!].map((run) => ({ run, window: window! }));
    const told = [...workTour(REQUEST, whole, runs)].sort((a, b) => a.place - b.place);
    expect(told).toMatchObject([
      { outcome: { ok: false, error: { code: "BACKTEST_QUANTITY" } } },
      { outcome: { ok: true } },
    ]);
    expect(told[1]).toEqual({ place: 1, outcome: workPass(REQUEST, window!, [good!])[0] });
  });

  const path = fileURLToPath(
    new URL("../../../shared/data/binance-hftbacktest/usdm_ethusdt_20240808.gz", import.meta.url),
  );
  it.skipIf(!existsSync(path))("the same on a recording", async () => {
    const market = await openMarket({ kind: "files", paths: [path] });
    if (!market.ok) throw new Error(market.error.text);
    const { alone, together } = bothWays(market.value, micros(45 * SECOND), 5, ["60000", true]);
    expect(together).toEqual(alone);
    expect(together).toHaveLength(5 * 36);
  });
});
