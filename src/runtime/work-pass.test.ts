import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { REQUEST, runsOf } from "../../test/worked-runs.ts";
import { type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { openGenerated, openMarket } from "./market-source.ts";
import { place, type Placed, type Windows } from "./window.ts";
import { passesOf, workPass } from "./work-pass.ts";
import type { Run } from "./work-run.ts";

const OVER: Micros = micros(4 * MINUTE);
const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

function placed(windows: Windows, window: number): Placed {
  const found = place({ windows, over: OVER, parents: 4 }, window);
  if (!found.ok) throw new Error(found.error.text);
  return found.value;
}

const generated: Windows = {
  kind: "generated",
  open: (window) =>
    openGenerated({
      kind: "generated",
      eventsPerSecond: 100,
      seed: window,
      startAt: START,
      duration: micros(6 * MINUTE + 20 * SECOND),
    }),
};

const RECORDING = fileURLToPath(
  new URL("../../../shared/data/binance-hftbacktest/usdm_ethusdt_20240808.gz", import.meta.url),
);

/** Each run alone, and all of them eight at a time. */
function bothWays(where: Placed, runs: readonly Run[]) {
  return {
    alone: runs.map((run) => workPass(REQUEST, where, [run])[0]!),
    together: passesOf(runs).flatMap((pass) => workPass(REQUEST, where, pass)),
  };
}

describe("a pass of many runs", () => {
  it.each([0, 1, 2])("gives what each would have had alone, generated market %i", (window) => {
    const { alone, together } = bothWays(placed(generated, window), runsOf(OVER, window, "20"));
    expect(together).toEqual(alone);
    const outcomes = alone.flatMap((one) => (one.ok ? [one.value] : []));
    expect(outcomes.length).toBe(alone.length);
    expect(new Set(outcomes.map(({ costBps }) => costBps)).size).toBeGreaterThan(8);
  });

  it.skipIf(!existsSync(RECORDING))("the same on a recording", async () => {
    const market = await openMarket({ kind: "files", paths: [RECORDING] });
    if (!market.ok) throw new Error(market.error.text);
    const where = placed({ kind: "recorded", market: market.value }, 0);
    const { alone, together } = bothWays(where, runsOf(OVER, 0, "300000", true));
    expect(together).toEqual(alone);
    expect(alone.filter((one) => one.ok).length).toBe(alone.length);
  });

  it("leaves a run that cannot be worked to itself", () => {
    const where = placed(generated, 3);
    const [good, other] = runsOf(OVER, 3, "20");
    const bad: Run = { ...good!, quantity: "0.00001" };
    const [first, second, third] = workPass(REQUEST, where, [good!, bad, other!]);
    expect(second).toMatchObject({ ok: false, error: { code: "BACKTEST_QUANTITY" } });
    expect([first, third]).toEqual(workPass(REQUEST, where, [good!, other!]));
    expect(first).toMatchObject({ ok: true });
  });
});
