/** A run in a generated market: its fills tell what it did, to the last digit, and again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decimal, type Decimal, tenTo } from "../core/domain/decimal.ts";
import { micros, MINUTE } from "../core/domain/units.ts";
import { type BacktestRequest, type BacktestResult, prepareBacktest } from "./backtest.ts";
import { headerOf } from "./compose.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import { openGenerated, type OpenMarket } from "./market-source.ts";
import { replay } from "./replay.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-shadowed-"));
afterAll(() => rmSync(folder, { recursive: true }));

const market = (seed: number): OpenMarket =>
  openGenerated({
    kind: "generated",
    seed,
    startAt: micros(1_700_049_600_000_000),
    duration: micros(4 * MINUTE),
  });

const request: BacktestRequest = {
  side: "buy",
  quantity: "30",
  isNotional: false,
  over: micros(2 * MINUTE),
  constraints: { mayCrossSpread: true, residual: "cross" },
  acceptInfeasible: true,
  config: { ...DEFAULT_CONFIG, execution: { ...DEFAULT_CONFIG.execution, urgency: 1 } },
  seed: 7,
};

function run(seed: number, journal?: string): BacktestResult {
  const prepared = prepareBacktest(market(seed), request, journal);
  if (!prepared.ok) throw new Error(prepared.error.text);
  const steps = prepared.value.run();
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

const SCALE = 20;
const exact = ({ mantissa, scale }: Decimal): bigint => mantissa * tenTo(SCALE - scale);

describe("a backtest in a generated market", () => {
  it("knows what its own trading cost it, and the parts are the whole", () => {
    const impacts = [1, 2, 3].map((seed) => {
      const { shortfall } = run(seed).report!;
      expect(shortfall.displacementModel).toBe("exact");
      const parts = Object.values(shortfall.parts).map(({ cash }) => exact(decimal(cash!)));
      const total = exact(decimal(shortfall.total.cash!));
      expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(total);
      // What of it will stay, nobody can tell from a fill.
      expect(shortfall.impact).toBeNull();
      return shortfall.parts.impact.bps!;
    });
    expect(impacts.every((bps) => bps !== 0)).toBe(true);
    expect(impacts.reduce((sum, bps) => sum + bps, 0) / 3).toBeGreaterThan(0.05);
  });

  it("is replayed with its shadow, to the byte", async () => {
    const path = join(folder, "run.journal");
    run(5, path);
    const again = await replay(path);
    expect(again).toMatchObject({ ok: true, value: { identical: true, difference: undefined } });
  });

  it("has no shadow where many are compared: there impact stays inside timing", () => {
    expect(headerOf(market(1), request.config).displacementModel).toBe("unknown");
    expect(headerOf(market(1), request.config, true).displacementModel).toBe("exact");
  });
});
