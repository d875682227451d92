/**
 * The published figures, read where they lie. Without that file these tests say so and are skipped;
 * the most telling figures stand in the models' own tests as well.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { largeOrderImpact } from "../src/impact/almgren-2005.ts";
import {
  type AlmgrenChrissModel,
  decayOf,
  efficientFrontier,
  evenTrajectory,
  immediateTrajectory,
  leastValueAtRisk,
  optimalTrajectory,
} from "../src/impact/almgren-chriss.ts";
import { blockSchedule } from "../src/impact/obizhaeva-wang.ts";

const FILE = fileURLToPath(
  new URL("../../shared/data/ground-truth/ground-truth.json", import.meta.url),
);
const isThere = existsSync(FILE);
const why = isThere ? "" : " (skipped: ../shared/data/ground-truth is not there)";

interface Printed {
  readonly holdings: readonly number[];
  readonly E: number;
  readonly V: number;
}
interface GroundTruth {
  readonly almgren_chriss_2001: {
    readonly params: Readonly<Record<string, number>>;
    readonly derived: {
      readonly eta_tilde: number;
      readonly twap: { readonly E: number; readonly V: number; readonly sd: number };
      readonly instantaneous: { readonly E: number; readonly V: number };
      readonly "lambda_1e-6_sigma_0.95": Printed & {
        readonly kappa: number;
        readonly halflife: number;
      };
    };
    readonly "drop_trajectory_lambda_1e-6_sigma_0.94868": Printed & {
      readonly kappa: number;
      readonly kappa_tilde: number;
      readonly halflife: number;
      readonly period_E_cum: readonly number[];
      readonly period_V_cum_x1e6: readonly number[];
      readonly permanent_total: number;
      readonly temporary_total: number;
    };
    readonly "drop_trajectory_with_drift_alpha_0.02": Printed & {
      readonly residual_holdings_xbar: number;
      readonly drift_adjustment_holdings: readonly number[];
    };
    readonly "drop_lvar_p95_lambda_v_1.64485": Printed;
    readonly "drop_frontier_sigma_0.95 [lambda*1e6, E/1e6, V/1e12, U/1e6, halflife_days]": readonly (readonly [
      number,
      number,
      number,
      number,
      number,
    ])[];
    readonly "drop_holdings_pct_sigma_0.94868 [lambda*1e6: x1..x4]": Readonly<
      Record<string, readonly number[]>
    >;
  };
  readonly almgren_thum_hauptmann_li_2005: Readonly<
    Record<"IBM" | "DRI", Readonly<Record<string, number | Readonly<Record<string, number>>>>>
  >;
  readonly obizhaeva_wang: {
    readonly X0: number;
    readonly T_days: number;
    readonly minutes_per_day: number;
    readonly "rows [rho, halflife_min, x0, continuous, xT]": readonly (readonly [
      number,
      number,
      number,
      number,
      number,
    ])[];
  };
}

const truth = isThere
  ? (JSON.parse(readFileSync(FILE, "utf8")) as GroundTruth)
  : (undefined as unknown as GroundTruth);

/** As printed: half a unit of the last place. */
const near = (value: number, printed: number, place: number): void =>
  expect(Math.abs(value - printed)).toBeLessThanOrEqual(place * 0.5 * (1 + 1e-9));

const eachNear = (values: readonly number[], printed: readonly number[], place: number): void => {
  expect(values.length).toBe(printed.length);
  values.forEach((value, i) => near(value, printed[i]!, place));
};

const modelOf = (volatility: "sigma_per_sqrt_day" | "sigma_unrounded_30pct_250d", drift = 0) => {
  const { params } = truth.almgren_chriss_2001;
  return {
    quantity: params["X"]!,
    horizon: params["T_days"]!,
    steps: params["N"]!,
    volatility: params[volatility]!,
    fixedCost: params["epsilon"]!,
    permanentImpact: params["gamma"]!,
    temporaryImpact: params["eta"]!,
    drift,
  } satisfies AlmgrenChrissModel;
};
const LAMBDA = 1e-6;

describe.skipIf(!isThere)(`Almgren & Chriss (2001), as printed${why}`, () => {
  it("even, at once, and the optimum at σ 0.95", () => {
    const { derived } = truth.almgren_chriss_2001;
    const model = modelOf("sigma_per_sqrt_day");
    const even = evenTrajectory(model);
    near(even.expectedCost, derived.twap.E, 1e-6);
    near(even.variance / 1e12, derived.twap.V / 1e12, 1e-12);
    near(Math.sqrt(even.variance), derived.twap.sd, 1e-3);
    const atOnce = immediateTrajectory(model);
    near(atOnce.expectedCost, derived.instantaneous.E, 1e-6);
    expect(atOnce.variance).toBe(derived.instantaneous.V);
    const printed = derived["lambda_1e-6_sigma_0.95"];
    const best = optimalTrajectory(model, LAMBDA);
    eachNear(best.holdings, printed.holdings, 1);
    near(best.expectedCost, printed.E, 1);
    near(best.variance, printed.V, 1e3);
    const decay = decayOf(model, LAMBDA);
    near(decay.kappa, printed.kappa, 1e-8);
    near(decay.halfLife, printed.halflife, 1e-8);
  });

  it("the trajectory, step by step, at the unrounded σ", () => {
    const printed = truth.almgren_chriss_2001["drop_trajectory_lambda_1e-6_sigma_0.94868"];
    const model = modelOf("sigma_unrounded_30pct_250d");
    const best = optimalTrajectory(model, LAMBDA);
    eachNear(best.holdings, printed.holdings, 0.1);
    near(best.expectedCost, printed.E, 0.1);
    near(best.variance, printed.V, 1e5);
    let cost = 0;
    let variance = 0;
    const costs = best.steps.map((step) => (cost += step.permanentCost + step.temporaryCost));
    const variances = best.steps.map((step) => (variance += step.variance) / 1e6);
    eachNear(costs, printed.period_E_cum, 0.1);
    eachNear(variances, printed.period_V_cum_x1e6, 0.1);
    const sum = (figures: readonly number[]) => figures.reduce((a, b) => a + b, 0);
    near(sum(best.steps.map((step) => step.permanentCost)), printed.permanent_total, 0.1);
    near(sum(best.steps.map((step) => step.temporaryCost)), printed.temporary_total, 0.1);
    const decay = decayOf(model, LAMBDA);
    near(decay.kappa, printed.kappa, 1e-4);
    near(decay.kappaTilde, printed.kappa_tilde, 1e-4);
    near(decay.halfLife, printed.halflife, 1e-4);
  });

  it("the drift correction", () => {
    const printed = truth.almgren_chriss_2001["drop_trajectory_with_drift_alpha_0.02"];
    const alpha = truth.almgren_chriss_2001.params["alpha_per_day"]!;
    const model = modelOf("sigma_unrounded_30pct_250d", alpha);
    const best = optimalTrajectory(model, LAMBDA);
    const plain = optimalTrajectory({ ...model, drift: 0 }, LAMBDA);
    eachNear(best.holdings, printed.holdings, 0.1);
    near(best.expectedCost, printed.E, 0.1);
    near(best.variance, printed.V, 1e5);
    const corrections = best.holdings.map((held, j) => held - plain.holdings[j]!);
    eachNear(corrections, printed.drift_adjustment_holdings, 0.1);
    near(alpha / (2 * LAMBDA * model.volatility ** 2), printed.residual_holdings_xbar, 1);
  });

  it("all 16 rows of the frontier", () => {
    const rows =
      truth.almgren_chriss_2001[
        "drop_frontier_sigma_0.95 [lambda*1e6, E/1e6, V/1e12, U/1e6, halflife_days]"
      ];
    expect(rows.length).toBe(16);
    const points = efficientFrontier(
      modelOf("sigma_per_sqrt_day"),
      rows.map(([lambda]) => lambda * 1e-6),
    );
    rows.forEach(([, cost, variance, objective, halfLife], i) => {
      near(points[i]!.expectedCost / 1e6, cost, 1e-4);
      near(points[i]!.variance / 1e12, variance, 1e-4);
      near(points[i]!.objective / 1e6, objective, 1e-4);
      near(points[i]!.halfLife, halfLife, 1e-2);
    });
  });

  it("holdings at six aversions to risk", () => {
    const table = truth.almgren_chriss_2001["drop_holdings_pct_sigma_0.94868 [lambda*1e6: x1..x4]"];
    const rows = Object.entries(table);
    expect(rows.length).toBe(6);
    for (const [lambda, printed] of rows) {
      const { holdings } = optimalTrajectory(
        modelOf("sigma_unrounded_30pct_250d"),
        Number(lambda) * 1e-6,
      );
      eachNear(
        holdings.slice(1, 5).map((held) => held / 1e4),
        printed,
        1e-3,
      );
    }
  });

  it("the least value at risk, to the 2e-4 that a numerical optimum was printed with", () => {
    const printed = truth.almgren_chriss_2001["drop_lvar_p95_lambda_v_1.64485"];
    const { trajectory } = leastValueAtRisk(modelOf("sigma_unrounded_30pct_250d"), 1.64485);
    expect(Math.abs(trajectory.expectedCost / printed.E - 1)).toBeLessThan(2e-4);
    expect(Math.abs(trajectory.variance / printed.V - 1)).toBeLessThan(2e-4);
    trajectory.holdings.forEach((held, j) => {
      expect(Math.abs(held - printed.holdings[j]!)).toBeLessThan(2e-4 * printed.holdings[0]!);
    });
  });
});

describe.skipIf(!isThere)(`Almgren, Thum, Hauptmann & Li (2005), as printed${why}`, () => {
  it.each(["IBM", "DRI"] as const)("%s", (symbol) => {
    const rows = truth.almgren_thum_hauptmann_li_2005[symbol];
    for (const days of [0.1, 0.2, 0.5]) {
      const impact = largeOrderImpact({
        quantity: rows["X"] as number,
        days,
        dailyVolume: rows["ADV"] as number,
        outstanding: rows["shares_out"] as number,
        dailyVolatility: rows["sigma_daily"] as number,
      });
      const volatilityBps = (rows["sigma_daily"] as number) * 1e4;
      const printed = rows[`T${days}`] as Readonly<Record<string, number>>;
      near(impact.inverseTurnover, rows["inverse_turnover"] as number, 1e-3);
      near(impact.permanentBps / volatilityBps, rows["I_norm"] as number, 1e-3);
      near(impact.permanentBps, rows["I_bp"] as number, 1e-3);
      near(impact.temporaryBps / volatilityBps, printed["K_norm"]!, 1e-3);
      near(impact.temporaryBps, printed["K_bp"]!, 1);
      near(impact.realizedBps, printed["J_bp"]!, 1);
    }
  });
});

describe.skipIf(!isThere)(`Obizhaeva & Wang (2013), as printed${why}`, () => {
  it("block, constant, block at ten resiliences", () => {
    const table = truth.obizhaeva_wang;
    const rows = table["rows [rho, halflife_min, x0, continuous, xT]"];
    expect(rows.length).toBe(10);
    for (const [resilience, halfLife, first, continuous, last] of rows) {
      const schedule = blockSchedule({
        quantity: table.X0,
        horizon: table.T_days,
        resilience,
        transientImpact: 1,
        permanentImpact: 0,
      });
      near((Math.LN2 / resilience) * table.minutes_per_day, halfLife, 1e-2);
      near(schedule.firstBlock, first, 1);
      near(schedule.continuous, continuous, 1);
      near(schedule.lastBlock, last, 1);
    }
  });
});
